/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/password.h: keys from passphrases (scrypt, RFC 7914).
 *
 * Guarantees: cost within fixed limits whatever a blob asks for. Does not: judge the passphrase.
 */
#ifndef BL_CRYPTO_PASSWORD_H
#define BL_CRYPTO_PASSWORD_H

#include "base/secret.h"

#define BL_SCRYPT_LOG_N_MIN 14 /* 16 MiB with r = 8 */
#define BL_SCRYPT_LOG_N_MAX 20 /* 1 GiB with r = 8: the most that a foreign blob may cost us */

/** scrypt (RFC 7914) with N = 2^log_n, r = 8, p = 1; *out must be empty and gets `size` bytes.
 *  BULLA_E_LIMIT outside BL_SCRYPT_LOG_N_MIN..MAX. */
enum bulla_status bl_scrypt(struct bulla_bytes passphrase, struct bulla_bytes salt, unsigned log_n,
                            size_t size, struct bl_secret *out,
                            struct bulla_error *err) BULLA_CHECKED;

#endif
