/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/pck.h: the provisioning certification key of a platform and the chain to Intel's root.
 *
 * Guarantees: three certificates in whatever order, of the names that Intel's roles have, each
 * signed by the next; the root's key is pinned by an anchor, since it has two editions; all valid
 * at the time given.
 * Does not: look at revocation; see tee/dcap/collateral.h.
 */
#ifndef BL_TEE_DCAP_PCK_H
#define BL_TEE_DCAP_PCK_H

#include "crypto/certificate_list.h"
#include "tee/dcap/pck_extension.h"
#include "tee/scheme.h"

enum { BL_PCK_LEAF, BL_PCK_AUTHORITY, BL_PCK_ROOT, BL_PCK_CHAIN_COUNT };

struct bl_pck {
    struct bl_certificate_list chain; /* as the enum above */
    struct bl_pck_extension extension;
    const struct bl_anchor *anchor; /* of the root */
};
void bl_pck_done(struct bl_pck *pck);

/** Gather the chain: from the quote, or, for a quote that only names its platform, from the parts
 *  "pck_chain" (or as Intel's sample names them: "pckCert.pem", "pckSignChain.pem"). Nothing of it is
 *  believed. *pck is zero before. Causes: CERTIFICATION_DATA for a quote without, and no parts. */
enum bulla_status bl_pck_read(const struct bl_verification *v, const struct bl_dcap_quote *quote,
                              struct bl_pck *pck, struct bulla_error *err) BULLA_CHECKED;
/** Verify it. Causes: UNTRUSTED, WRONG_ROOT, EXPIRED, NOT_YET_VALID. */
enum bulla_status bl_pck_verify(const struct bl_verification *v, struct bl_pck *pck,
                                struct bulla_error *err) BULLA_CHECKED;
/** What the leaf says of the platform, into pck->extension. */
enum bulla_status bl_pck_read_extension(struct bl_pck *pck, struct bulla_error *err) BULLA_CHECKED;

/** Its name is that of one of the two authorities of PCK certificates. Causes: UNTRUSTED. */
enum bulla_status bl_pck_check_authority_name(const struct bl_certificate *authority,
                                              struct bulla_error *err) BULLA_CHECKED;
/** True if the certificate's subject has this common name. */
enum bulla_status bl_pck_is_named(const struct bl_certificate *certificate, const char *name,
                                  bool *is_named_out, struct bulla_error *err) BULLA_CHECKED;

#endif
