/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/wants.h: what a given piece of evidence needs, by what it says of itself.
 *
 * Nothing here is verified: evidence that lies gets collateral that does not fit, and its
 * verification says so. Only typed fields become names.
 */
#ifndef BL_COLLATERAL_WANTS_H
#define BL_COLLATERAL_WANTS_H

#include "collateral/object.h"

#define BL_WANT_COUNT_MAX BL_COLLATERAL_COUNT_MAX
#define BL_WANT_ISSUER_COUNT_MAX 64 /* certificates name the next ones: somewhere it has to end */

struct bl_wants {
    struct bl_collateral_name items[BL_WANT_COUNT_MAX];
    size_t count;
};

/** NULL without memory: it is too large for a stack. */
struct bl_wants *bl_wants_new(void) __attribute__((warn_unused_result));
void bl_wants_free(struct bl_wants *wants);
BL_DEFINE_FREEP(bl_wants)

/** Add one; the same again is no second. BULLA_E_LIMIT. */
enum bulla_status bl_wants_add(struct bl_wants *wants, const struct bl_collateral_name *name,
                               struct bulla_error *err) BULLA_CHECKED;
/** For all platforms of an FMSPC: TCB info, identity, the lists of root and authorities. */
enum bulla_status bl_wants_add_fmspc(struct bl_wants *wants, bool is_tdx,
                                     const uint8_t fmspc[BL_FMSPC_SIZE],
                                     struct bulla_error *err) BULLA_CHECKED;
/** For all chips of a generation: issuers of VCEKs and VLEKs, and their lists. */
enum bulla_status bl_wants_add_generation(struct bl_wants *wants, enum bl_snp_generation generation,
                                          struct bulla_error *err) BULLA_CHECKED;
/** The issuer of a certificate and the list about it, as far as it names places for them. */
enum bulla_status bl_wants_add_issuers(struct bl_wants *wants,
                                       const struct bl_certificate *certificate,
                                       struct bulla_error *err) BULLA_CHECKED;

/** The kind of evidence that this looks like: "sgx", "tdx", "snp", "azure", "nitro", or NULL. */
const char *bl_evidence_kind(struct bulla_bytes evidence);

/** What v->evidence with its parts needs, as evidence of this kind (of the table of schemes); none
 *  for kinds that carry all or have no vendor's service. `generation` (NONE: not said) is for SNP
 *  reports that do not name their processor.
 *  Causes: MALFORMED; CERTIFICATION_DATA (a quote without its PCK certificate); CHIP_ID_MISMATCH (an
 *  SNP report that hides its chip); USAGE (the generation has to be said). */
enum bulla_status bl_wants_of_evidence(struct bl_wants *wants, const char *kind,
                                       const struct bl_verification *v,
                                       enum bl_snp_generation generation,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif
