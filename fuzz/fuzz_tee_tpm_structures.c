/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM structures: what decodes lies inside the input and keeps its limits; a shortened or
 * lengthened one does not decode.
 */
#include "fuzz.h"

#include "tee/tpm/structures.h"

static void
check_inside(struct bulla_bytes whole, struct bulla_bytes part)
{
    FUZZ_ASSERT(part.size == 0 ||
                (part.data >= whole.data && part.data + part.size <= whole.data + whole.size));
}

static void
check_attest(struct bulla_bytes bytes)
{
    struct bl_tpm_attest a;
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_tpm_attest_decode(bytes, &a, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return;
    }
    check_inside(bytes, a.qualified_signer);
    check_inside(bytes, a.extra_data);
    check_inside(bytes, a.pcr_digest);
    FUZZ_ASSERT(a.selection_count <= BL_TPM_SELECTION_COUNT_MAX);
    for (size_t i = 0; i < a.selection_count; i++)
        FUZZ_ASSERT((a.selections[i].mask & ~BL_PCR_MASK_ALL) == 0);
    bytes.size--;
    FUZZ_ASSERT(bl_tpm_attest_decode(bytes, &a, NULL) != BULLA_OK);
}

static void
check_public(struct bulla_bytes bytes)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bl_tpm_public p;
    struct bl_tpm_name name;
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_tpmt_public_decode(bytes, &p, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return;
    }
    check_inside(bytes, p.policy);
    check_inside(bytes, p.unique_x);
    check_inside(bytes, p.unique_y);
    FUZZ_ASSERT(bl_tpm_public_name(&p, &name, NULL) == BULLA_OK && name.size >= 34);
    err = (struct bulla_error){ 0 };
    status = bl_tpm_public_key(&p, &key, &err);
    if (status != BULLA_OK)
        fuzz_check_refusal(status, &err);
    bytes.size--;
    FUZZ_ASSERT(bl_tpmt_public_decode(bytes, &p, NULL) != BULLA_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bulla_bytes bytes = { data, size };
    struct bl_tpm_public p;

    check_attest(bytes);
    check_public(bytes);
    if (bl_tpm2b_public_decode(bytes, &p, NULL) == BULLA_OK)
        FUZZ_ASSERT(p.encoded.size + 2 == size);
    return 0;
}
