/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quote that decodes is made of parts that follow one another to its end, and so is its TD report.
 */
#include "fuzz.h"

#include "tee/dcap/pck_extension.h"
#include "tee/tdx/body.h"

static void
check_parts(struct bulla_bytes bytes, const struct bl_dcap_quote *quote)
{
    size_t head = quote->version == 5 ? 54 : 48;
    size_t nested = quote->version == 3 ? 0 : 6;

    FUZZ_ASSERT(quote->signed_part.data == bytes.data);
    FUZZ_ASSERT(quote->signed_part.size == head + quote->body.size);
    FUZZ_ASSERT(quote->body.data == bytes.data + head);
    FUZZ_ASSERT(quote->signature.size == 64 && quote->attestation_key.size == 64);
    FUZZ_ASSERT(quote->qe_report.size == BL_ENCLAVE_REPORT_SIZE && quote->qe_signature.size == 64);
    FUZZ_ASSERT(quote->signed_part.size + 4 + 128 + nested + 384 + 64 + 2 +
                    quote->qe_auth_data.size + 6 + quote->certification.size ==
                quote->size);
    FUZZ_ASSERT(quote->size + quote->padding.size == bytes.size);
}

static void
check_body(const struct bl_dcap_quote *quote)
{
    struct bl_enclave_report report;
    struct bl_td_body body;

    if (quote->body_type == BL_DCAP_BODY_SGX) {
        FUZZ_ASSERT(bl_enclave_report_decode(quote->body, &report, NULL) == BULLA_OK);
        FUZZ_ASSERT(report.report_data.data + 64 == quote->body.data + quote->body.size);
    } else {
        bool is_15 = quote->body_type == BL_DCAP_BODY_TD15;
        FUZZ_ASSERT(bl_td_body_decode(quote->body, is_15, &body, NULL) == BULLA_OK);
        FUZZ_ASSERT(body.mr_service_td.size == (is_15 ? 48 : 0));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bulla_bytes bytes = { data, size };
    struct bl_pck_extension extension;
    struct bl_dcap_quote quote;
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_dcap_quote_decode(bytes, &quote, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
    } else {
        check_parts(bytes, &quote);
        check_body(&quote);
    }
    bulla_error_clear(&err);
    status = bl_pck_extension_decode(bytes, &extension, &err);
    if (status != BULLA_OK)
        fuzz_check_refusal(status, &err);
    return 0;
}
