/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/x509_internal.h: what a certificate is inside this folder.
 */
#ifndef BL_CRYPTO_X509_INTERNAL_H
#define BL_CRYPTO_X509_INTERNAL_H

#include <openssl/x509.h>

#include "crypto/x509.h"

struct bl_certificate {
    X509 *x509;
    struct bulla_buffer der;
    struct bulla_bytes serial; /* in `der` */
    int64_t not_before_s;
    int64_t not_after_s;
};

#endif
