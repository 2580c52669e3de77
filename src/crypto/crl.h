/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/crl.h: certificate revocation lists (RFC 5280 section 5).
 *
 * Guarantees: read whole and as strict DER; nothing of a list is used before bl_crl_verify() has
 * believed it at a given time: complete lists (version 2) of one issuer about all that it issued.
 * Does not: delta lists, indirect and partial lists (all refused); the number of a list is read
 * and not compared with an earlier one.
 */
#ifndef BL_CRYPTO_CRL_H
#define BL_CRYPTO_CRL_H

#include "crypto/x509.h"

#define BL_CRL_SIZE_MAX ((size_t)1 << 20) /* bytes of DER: some 25000 entries; vendors' have 80 */

struct bl_crl;

/** Parse one list: DER, or one PEM block "X509 CRL". BULLA_E_MALFORMED, BULLA_E_LIMIT,
 *  BULLA_E_UNSUPPORTED for another version or without nextUpdate. */
enum bulla_status bl_crl_parse(struct bulla_bytes der_or_pem, struct bl_crl **out,
                               struct bulla_error *err) BULLA_CHECKED;
void bl_crl_free(struct bl_crl *crl);
BL_DEFINE_FREEP(bl_crl)

/** True if the list names the subject of this certificate as its issuer. Names only. */
bool bl_crl_is_of(const struct bl_crl *crl, const struct bl_certificate *issuer);

/** The list is this issuer's, and of now: its name, its key identifier if both have one, key usage,
 *  signature, this_update <= now_s < next_update, nothing critical that is not known, complete.
 *  CRL_ISSUER_MISMATCH, COLLATERAL_SIGNATURE, COLLATERAL_EXPIRED, NOT_YET_VALID, UNTRUSTED. */
enum bulla_status bl_crl_verify(const struct bl_crl *crl, const struct bl_certificate *issuer,
                                int64_t now_s, struct bulla_error *err) BULLA_CHECKED;
/** The same, but for `grace_s` seconds (not negative) after next_update it still counts, and a
 *  signature that `memo` (may be NULL) knows is not verified again. */
enum bulla_status bl_crl_verify_late(const struct bl_crl *crl, const struct bl_certificate *issuer,
                                     int64_t now_s, int64_t grace_s, struct bl_memo *memo,
                                     struct bulla_error *err) BULLA_CHECKED;
/** From when until when it holds, in Unix seconds; nobody's word before bl_crl_verify(). */
void bl_crl_window(const struct bl_crl *crl, int64_t *this_update_s_out,
                   int64_t *next_update_s_out);
/** Seconds since the next list was due, for which bl_crl_verify_late() accepted this one within its
 *  grace; negative: it is not due yet. */
int64_t bl_crl_late_s(const struct bl_crl *crl, int64_t now_s);

/** True if the serial number of the certificate is in the list, for whatever reason. Means something
 *  only for certificates of the same issuer, after bl_crl_verify(). */
bool bl_crl_lists(const struct bl_crl *crl, const struct bl_certificate *certificate);

#endif
