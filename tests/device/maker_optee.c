/* SPDX-License-Identifier: Apache-2.0 */
#include "device/makers.h"

#include "tee/paper_optee.h"

static EVP_PKEY *
device_key(void)
{
    static EVP_PKEY *key;

    if (key == NULL)
        key = paper_optee_key(3072);
    return key;
}

void
make_optee(struct bulla_bytes nonce, const uint8_t digest[32], struct bulla_buffer *out)
{
    paper_optee_sign(device_key(), RSA_PKCS1_PSS_PADDING, nonce, digest, out);
}

static void
take_number(const char *name, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };
    BIGNUM *number = NULL;
    uint8_t *start = NULL;

    assert_int_equal(EVP_PKEY_get_bn_param(device_key(), name, &number), 1);
    bulla_buffer_clear(out);
    assert_ok(bulla_buffer_extend(out, (size_t)BN_num_bytes(number), &start, &err), &err);
    BN_bn2bin(number, start);
    BN_free(number);
}

void
make_optee_key(struct bulla_buffer *modulus, struct bulla_buffer *exponent)
{
    take_number("n", modulus);
    take_number("e", exponent);
}

void
make_optee_anchor(struct bulla_buffer *out)
{
    paper_optee_spki(device_key(), out);
}
