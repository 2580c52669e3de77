/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/x509path/path.h: the certificates that come with evidence, held against an anchor: path (RFC
 * 5280 section 6.1 for a path that is given) and revocation (section 6.3 for complete lists).
 *
 * Guarantees: every verdict is about the one time that is given. A list that cannot be believed
 * counts as none; no list for a certificate is a refusal, never a shrug.
 * Does not: fetch anything, search for a path, or take the word of a list's signer other than the
 * certificate's own issuer.
 */
#ifndef BL_TEE_X509PATH_PATH_H
#define BL_TEE_X509PATH_PATH_H

#include "crypto/certificate_list.h"
#include "crypto/crl.h"
#include "tee/scheme.h"

#define BL_CRL_COUNT_MAX \
    16 /* lists that come with one piece of evidence; the longest path needs 5 */

struct bl_crl_list {
    struct bl_crl *items[BL_CRL_COUNT_MAX]; /* owned */
    size_t count;
};
void bl_crl_list_done(struct bl_crl_list *list);
/** All parts with this role. BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED, BULLA_E_LIMIT. */
enum bulla_status bl_crl_list_read(const struct bl_verification *verification, const char *role,
                                   struct bl_crl_list *list, struct bulla_error *err) BULLA_CHECKED;

/** bl_chain_verify() for certificates of evidence, as of its time: causes UNTRUSTED (also for a
 *  signature of one of them), EXPIRED, NOT_YET_VALID. */
enum bulla_status bl_path_verify(const struct bl_verification *verification,
                                 const struct bl_certificate *const *chain, size_t chain_count,
                                 const struct bl_certificate *anchor,
                                 const char *const *known_critical,
                                 struct bulla_error *err) BULLA_CHECKED;
/** A root of `vendor`, or one that was GIVEN as "root". One of which only the key is known must sign
 *  itself: its dates and rights would be the sender's otherwise. Causes: WRONG_ROOT besides. */
enum bulla_status bl_path_verify_root(const struct bl_verification *verification,
                                      const char *vendor, const struct bl_certificate *root,
                                      const struct bl_anchor **anchor_out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Both, for a chain of at least two whose last is such a root. */
enum bulla_status bl_path_verify_to_root(const struct bl_verification *verification,
                                         const char *vendor,
                                         const struct bl_certificate *const *chain,
                                         size_t chain_count, const char *const *known_critical,
                                         const struct bl_anchor **anchor_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** No certificate of a path that was verified is revoked by its issuer: REVOKED; if there is no list
 *  of an issuer that can be believed, the cause of bl_crl_verify() or CRL_MISSING. err->offset is
 *  the certificate's place in the chain. */
enum bulla_status bl_path_check_revocation(const struct bl_certificate *const *chain,
                                           size_t chain_count, const struct bl_certificate *anchor,
                                           const struct bl_crl_list *lists, int64_t now_s,
                                           struct bulla_error *err) BULLA_CHECKED;

#endif
