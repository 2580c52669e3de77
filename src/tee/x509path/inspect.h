/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/x509path/inspect.h: kind "x509": a certificate up to an anchor that the operator gives, with
 * revocation; nothing else is claimed. For looking at vendors' certificates, not for trusting them.
 *
 *   evidence      the certificate (DER or PEM)
 *   intermediates collateral, each DER or PEM; in any order, all of them on the path
 *   crls          collateral: a list of each issuer on the path
 *   root          anchor: a certificate
 */
#ifndef BL_TEE_X509PATH_INSPECT_H
#define BL_TEE_X509PATH_INSPECT_H

#include "tee/scheme.h"

/** bl_scheme.inspect. Causes: MALFORMED, UNTRUSTED, WRONG_ROOT, EXPIRED, NOT_YET_VALID, REVOKED,
 *  CRL_MISSING and those of bl_crl_verify(). */
enum bulla_status bl_x509path_inspect(const struct bl_verification *verification,
                                      struct bl_claims *claims_out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe. */
enum bulla_status bl_x509path_describe(const struct bl_verification *verification,
                                       struct bl_json_writer *out,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif
