/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that are taken, written again, are the same text but for line ends and empty lines. */
#include "fuzz.h"

#include "codec/pem.h"

/* The text without its CR and its empty lines, ending with a newline. */
static void
normalize(struct bulla_bytes text, struct bulla_buffer *out)
{
    bool line_empty = true;

    for (size_t i = 0; i <= text.size; i++) {
        uint8_t c = i < text.size ? text.data[i] : '\n';
        if (c == '\r' || (c == '\n' && line_empty))
            continue;
        FUZZ_ASSERT(bulla_buffer_append(out, (struct bulla_bytes){ &c, 1 }, NULL) == BULLA_OK);
        line_empty = c == '\n';
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    BL_AUTO(bulla_buffer) normal = { 0 };
    struct bulla_bytes text = { data, size };
    struct bl_reader r = bl_reader(text, "fuzz");
    struct bulla_error err = { 0 };
    struct bl_pem_block block;
    bool all_decode = true;

    while (bl_pem_next(&r, &block)) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        char label[65] = { 0 };
        FUZZ_ASSERT(block.label.size > 0 && block.label.size < sizeof label);
        FUZZ_ASSERT(block.body.size > 0);
        memcpy(label, block.label.data, block.label.size);
        if (bl_pem_content(&block, &bytes, NULL) != BULLA_OK) {
            FUZZ_ASSERT(bytes.size == 0);
            all_decode = false;
            continue;
        }
        FUZZ_ASSERT(bl_pem_encode(bulla_buffer_bytes(&bytes), label, &again, NULL) == BULLA_OK);
    }
    if (bl_reader_finish(&r, &err) != BULLA_OK) {
        fuzz_check_refusal(err.status, &err);
        return 0;
    }
    if (all_decode) {
        normalize(text, &normal);
        FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&again), bulla_buffer_bytes(&normal)));
    }
    return 0;
}
