/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates and revocation lists of strangers, and everything that is asked of them.
 */
#include "fuzz.h"

#include "crypto/certificate_list.h"
#include "crypto/crl.h"

/* A finding or an answer, whatever is asked; the accessors end. */
static void
ask(const struct bl_certificate *certificate, struct bulla_bytes bytes)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) out = { 0 };
    struct bulla_error err = { 0 };
    int64_t not_before_s = 0, not_after_s = 0;
    struct bulla_bytes value;

    FUZZ_ASSERT(fuzz_same_bytes(bl_certificate_der(certificate), bytes));
    bl_certificate_validity(certificate, &not_before_s, &not_after_s);
    (void)bl_certificate_has_usage(certificate, "2.23.133.8.3");
    (void)!bl_certificate_key(certificate, &key, NULL);
    (void)!bl_certificate_issuer_url(certificate, &out, NULL);
    if (bl_certificate_extension(certificate, "1.2.840.113741.1.13.1", &value))
        FUZZ_ASSERT(value.size < bytes.size);
    (void)!bl_certificate_common_name(certificate, &out, NULL);
    enum bulla_status status = bl_chain_verify(&certificate, 1, certificate, 0, NULL, &err);
    FUZZ_ASSERT(status == BULLA_OK || bulla_status_is_finding(status));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO_FREE(bl_certificate) certificate = NULL;
    BL_AUTO_FREE(bl_crl) crl = NULL;
    BL_AUTO(bl_certificate_list) list = { 0 };
    struct bulla_error err = { 0 };
    const struct bulla_bytes bytes = { data, size };
    enum bulla_status status = bl_certificate_parse(bytes, &certificate, &err);

    if (status == BULLA_OK)
        ask(certificate, bytes);
    else
        fuzz_check_refusal(status, &err);
    bulla_error_clear(&err);
    status = bl_crl_parse(bytes, &crl, &err);
    if (status != BULLA_OK)
        fuzz_check_refusal(status, &err);
    else if (certificate != NULL)
        (void)bl_crl_lists(crl, certificate);
    bulla_error_clear(&err);
    status = bl_certificate_list_read(bytes, &list, &err);
    if (status != BULLA_OK)
        fuzz_check_refusal(status, &err);
    return 0;
}
