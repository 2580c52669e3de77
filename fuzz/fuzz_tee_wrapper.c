/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever wrapped evidence is taken names a kind that exists, and terminated roles; wrapped again by
 * ourselves it is the same evidence with the same pieces of each role.
 */
#include "fuzz.h"

#include "tee/wrapper.h"

static void
check_same_parts(const struct bl_wrapped_evidence *a, const struct bl_wrapped_evidence *b)
{
    const struct bl_verification va = { .parts = a->parts, .part_count = a->part_count };
    const struct bl_verification vb = { .parts = b->parts, .part_count = b->part_count };

    FUZZ_ASSERT(a->part_count == b->part_count);
    for (size_t i = 0; i < a->part_count; i++)
        for (size_t k = 0; k < a->part_count; k++)
            FUZZ_ASSERT(fuzz_same_bytes(bl_part_at(&va, a->parts[i].role, k),
                                        bl_part_at(&vb, a->parts[i].role, k)));
}

static void
check_made_again(const struct bl_wrapped_evidence *wrapped)
{
    static struct bl_wrapped_evidence again;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_cmw) cmw = { 0 };

    FUZZ_ASSERT(bl_wrapper_make(wrapped->scheme->kind, wrapped->evidence, wrapped->parts,
                                wrapped->part_count, &bytes, NULL) == BULLA_OK);
    FUZZ_ASSERT(bl_cmw_decode(bulla_buffer_bytes(&bytes), &cmw, NULL) == BULLA_OK);
    FUZZ_ASSERT(bl_wrapper_open(&cmw, &again, NULL) == BULLA_OK);
    FUZZ_ASSERT(again.scheme == wrapped->scheme &&
                fuzz_same_bytes(again.evidence, wrapped->evidence));
    check_same_parts(wrapped, &again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bl_wrapped_evidence wrapped;
    BL_AUTO(bl_cmw) cmw = { 0 };
    struct bulla_error err = { 0 };

    if (bl_cmw_decode((struct bulla_bytes){ data, size }, &cmw, NULL) != BULLA_OK)
        return 0;
    enum bulla_status status = bl_wrapper_open(&cmw, &wrapped, &err);
    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(wrapped.scheme != NULL && wrapped.part_count <= BL_PART_COUNT_MAX);
    for (size_t i = 0; i < wrapped.part_count; i++)
        FUZZ_ASSERT(strlen(wrapped.parts[i].role) > 0 &&
                    strlen(wrapped.parts[i].role) < BL_WRAPPER_ROLE_SIZE);
    check_made_again(&wrapped);
    return 0;
}
