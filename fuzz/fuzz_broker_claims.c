/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims that decode are of a given anchor, not above its class, and have one encoding.
 */
#include "fuzz.h"

#include "broker/claims_codec.h"

static const struct bl_anchor anchors[] = {
    { .name = "software", .platform_class = BL_CLASS_SOFTWARE },
    { .name = "hardware", .platform_class = BL_CLASS_HARDWARE },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };
    struct bulla_bytes bytes = { data, size };
    struct bl_reader r = bl_reader(bytes, "claims");
    struct bl_writer w = bl_writer(&again);

    bl_claims_read(&r, "tpm", anchors, 2, &claims);
    enum bulla_status status = bl_reader_finish(&r, &err);
    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(claims.anchor == anchors[0].name || claims.anchor == anchors[1].name);
    FUZZ_ASSERT(claims.platform_class <=
                (claims.anchor == anchors[0].name ? BL_CLASS_SOFTWARE : BL_CLASS_HARDWARE));
    bl_claims_write(&w, &claims, anchors, 2);
    FUZZ_ASSERT(bl_writer_finish(&w, &err) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&again), bytes));
    return 0;
}
