/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/snp/chain.h: the certificates behind an SEV-SNP report.
 *
 * Spec: AMD Versioned Chip Endorsement Key certificate and KDS interface (57230) 1.00, tables 8 to 12;
 * the VLEK's: 58369.
 * Guarantees: leaf of the kind that the report names (VCEK or VLEK), issued by that kind's
 * intermediate of the leaf's generation, up to the root that is pinned for this generation; all
 * valid at one time; the intermediate on none of the revocation lists given. The generation comes
 * from what the chain signs, never from a hint or from the report.
 * Does not: fetch anything; look at the report but in bl_snp_chain_match().
 */
#ifndef BL_TEE_SNP_CHAIN_H
#define BL_TEE_SNP_CHAIN_H

#include "crypto/certificate_list.h"
#include "tee/scheme.h"
#include "tee/snp/structures.h"

struct bl_snp_chain {
    struct bl_certificate_list certificates; /* leaf, intermediate, root */
    enum bl_snp_generation generation;
    bool is_vlek;
    bool is_revocation_checked;
    struct bl_claim_number late_s;  /* as of bl_claims: of the revocation lists */
    const struct bl_anchor *anchor; /* borrowed */
};
void bl_snp_chain_done(struct bl_snp_chain *chain);

/** Verify the chain of a VCEK or VLEK from the parts of `v` ("vcek" or "vlek", then "ask" or "asvk"
 *  and "ark", or "cert_chain" for both; "crl"), and what is missing there from `table`. *chain_out
 *  must be empty.
 *  UNTRUSTED, WRONG_ROOT, EXPIRED, NOT_YET_VALID, REVOKED, CRL_MISSING and those of crypto/crl.h. */
enum bulla_status bl_snp_chain_verify(const struct bl_verification *v,
                                      const struct bl_snp_table *table, bool is_vlek,
                                      struct bl_snp_chain *chain_out,
                                      struct bulla_error *err) BULLA_CHECKED;

/** The issuers alone, as they are kept without any report: parts "cert_chain" (or "ask" or "asvk"
 *  and "ark") and "crl"; chain_out->certificates are the intermediate and the root. The same causes. */
enum bulla_status bl_snp_issuers_verify(const struct bl_verification *v,
                                        enum bl_snp_generation generation, bool is_vlek,
                                        struct bl_snp_chain *chain_out,
                                        struct bulla_error *err) BULLA_CHECKED;

/** The leaf certifies the key at the reported TCB, on the chip and of the generation of this report.
 *  TCB_EXTENSION_MISMATCH, CHIP_ID_MISMATCH, UNTRUSTED. */
enum bulla_status bl_snp_chain_match(const struct bl_snp_chain *chain,
                                     const struct bl_snp_report *report,
                                     struct bulla_error *err) BULLA_CHECKED;

/** True unless the report names (by family and model, from version 3 on) a processor of another
 *  generation. */
bool bl_snp_is_cpu_of(enum bl_snp_generation generation, const struct bl_snp_report *report);
/** The generation that a leaf says it is of: for showing what was verified. NONE if it is not
 *  given. */
enum bulla_status bl_snp_leaf_generation(const struct bl_verification *v,
                                         const struct bl_snp_table *table, bool is_vlek,
                                         enum bl_snp_generation *generation_out,
                                         struct bulla_error *err) BULLA_CHECKED;

#endif
