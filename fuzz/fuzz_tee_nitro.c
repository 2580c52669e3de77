/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nitro documents: what decodes lies inside the input and keeps its limits, a shortened or
 * lengthened one does not decode, what decodes can be described; and nothing verifies without an
 * anchor.
 */
#include "fuzz_scheme.h"

#include "base/memory.h"
#include "tee/nitro/verify.h"

static void
check_inside(struct bulla_bytes whole, struct bulla_bytes part, size_t size_max)
{
    FUZZ_ASSERT(part.size <= size_max);
    FUZZ_ASSERT(part.size == 0 ||
                (part.data >= whole.data && part.data + part.size <= whole.data + whole.size));
}

static void
check_document(struct bulla_bytes bytes, const struct bl_nitro_document *d)
{
    const uint32_t least = d->is_of_tpm ? 0x00ffffffu : 0x7u;

    check_inside(bytes, d->module_id, BL_NITRO_MODULE_SIZE_MAX);
    check_inside(bytes, d->certificate, 1024);
    check_inside(bytes, d->public_key.bytes, 1024);
    check_inside(bytes, d->user_data.bytes, 512);
    check_inside(bytes, d->nonce.bytes, 512);
    FUZZ_ASSERT(d->cabundle_count > 0 && d->cabundle_count <= BL_NITRO_CA_COUNT_MAX);
    for (size_t i = 0; i < d->cabundle_count; i++)
        check_inside(bytes, d->cabundle[i], 1024);
    FUZZ_ASSERT((d->pcr_mask & least) == least);
    FUZZ_ASSERT(!d->is_of_tpm || d->pcr_mask == least);
    for (size_t i = 0; i < BL_NITRO_PCR_COUNT; i++) {
        check_inside(bytes, d->pcrs[i], BL_HASH_SIZE_MAX);
        FUZZ_ASSERT(d->pcrs[i].size ==
                    ((d->pcr_mask >> i & 1u) != 0 ? bl_hash_size(d->digest) : 0));
    }
    FUZZ_ASSERT(d->message.algorithm == BL_COSE_ES384);
    bytes.size--;
    struct bl_nitro_document shorter;
    FUZZ_ASSERT(bl_nitro_decode(bytes, &shorter, NULL) != BULLA_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bl_verification v = { .evidence = { data, size }, .now_s = INT64_C(1800000000) };
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bl_nitro_document d;
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_nitro_decode(v.evidence, &d, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    check_document(v.evidence, &d);
    /* its numbers of 64 bits are more than our reader of JSON takes */
    FUZZ_ASSERT(fuzz_describe_into(&text, bl_nitro_describe, &v, NULL) == BULLA_OK);
    err = (struct bulla_error){ 0 };
    status = bl_nitro_verify(&v, &claims, &err);
    fuzz_check_refusal(status, &err);
    FUZZ_ASSERT(claims.kind == NULL);
    return 0;
}
