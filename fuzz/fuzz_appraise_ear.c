/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims of attestation results: what decodes has a verifier, a time, attesters with a status, and is
 * written and read again as the same; what nobody signed is not opened.
 */
#include "fuzz.h"

#include "appraise/ear.h"

static void
check_made_again(struct bl_ear *ear, enum bl_ear_format format)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_ear) again = { 0 };

    /* texts of JSON would be encoded once more; those of CBOR have other nonces' sizes */
    ear->nonce.size = 0;
    for (size_t i = 0; i < ear->appraisal_count; i++) {
        ear->appraisals[i].nonce.size = 0;
        if (ear->appraisals[i].label.size >= 64)
            return;
    }
    if (bl_ear_encode(ear, format, &bytes, NULL) != BULLA_OK)
        return; /* labels that JSON has no terminated form for */
    enum bulla_status status = bl_ear_decode(bulla_buffer_bytes(&bytes), format, &again, NULL);
    FUZZ_ASSERT(status == BULLA_OK && again.appraisal_count == ear->appraisal_count);
    FUZZ_ASSERT(again.issued_s == ear->issued_s && fuzz_same_bytes(again.build, ear->build));
    for (size_t i = 0; i < ear->appraisal_count; i++)
        FUZZ_ASSERT(again.appraisals[i].status == ear->appraisals[i].status &&
                    again.appraisals[i].present == ear->appraisals[i].present);
}

static void
check_claims(struct bulla_bytes input, enum bl_ear_format format)
{
    BL_AUTO(bl_ear) ear = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_ear_decode(input, format, &ear, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return;
    }
    FUZZ_ASSERT(ear.developer.size > 0 && ear.build.size > 0 && ear.issued_s >= 0);
    FUZZ_ASSERT(ear.appraisal_count > 0 && ear.appraisal_count <= BL_EAR_APPRAISAL_COUNT_MAX);
    for (size_t i = 0; i < ear.appraisal_count; i++)
        FUZZ_ASSERT(bl_ear_tier(&ear.appraisals[i]) >= ear.appraisals[i].status);
    if (format == BL_EAR_CWT)
        check_made_again(&ear, format);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bl_key *key;
    static const uint8_t scalar[32] = { 1 };
    const struct bulla_bytes input = { data, size };
    struct bulla_error err = { 0 };
    BL_AUTO(bl_ear) ear = { 0 };

    check_claims(input, BL_EAR_JWT);
    check_claims(input, BL_EAR_CWT);
    if (key == NULL)
        FUZZ_ASSERT(bl_key_from_raw_private(BL_KEY_P256,
                                            (struct bulla_bytes){ scalar, sizeof scalar }, &key,
                                            NULL) == BULLA_OK);
    fuzz_check_refusal(bl_ear_open(input, key, &ear, &err), &err);
    return 0;
}
