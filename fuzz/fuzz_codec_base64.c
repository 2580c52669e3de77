/* SPDX-License-Identifier: Apache-2.0 */
/* A text that is taken is the one text of its bytes; any bytes come back from their text. */
#include "fuzz.h"

#include "codec/base64.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bulla_bytes input = { data, size };

    for (enum bl_base64 alphabet = BL_BASE64_STANDARD; alphabet <= BL_BASE64_URL; alphabet++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        BL_AUTO(bulla_buffer) text = { 0 };
        BL_AUTO(bulla_buffer) back = { 0 };
        struct bulla_error err = { 0 };

        enum bulla_status status = bl_base64_decode(alphabet, input, &bytes, &err);
        if (status == BULLA_OK) {
            FUZZ_ASSERT(bl_base64_encode(alphabet, bulla_buffer_bytes(&bytes), &text, NULL) ==
                        BULLA_OK);
            FUZZ_ASSERT(fuzz_same_bytes(input, bulla_buffer_bytes(&text)));
        } else {
            FUZZ_ASSERT(bytes.size == 0);
            fuzz_check_refusal(status, &err);
        }
        bulla_buffer_clear(&text);
        FUZZ_ASSERT(bl_base64_encode(alphabet, input, &text, NULL) == BULLA_OK);
        FUZZ_ASSERT(bl_base64_decode(alphabet, bulla_buffer_bytes(&text), &back, NULL) == BULLA_OK);
        FUZZ_ASSERT(fuzz_same_bytes(input, bulla_buffer_bytes(&back)));
    }
    return 0;
}
