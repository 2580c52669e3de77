/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is passed over as foreign CBOR is shown whole, as JSON that our own reader takes: no name
 * twice, not too deep.
 */
#include "fuzz_item.h"

#include "codec/cbor_json.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO_FREE(bl_json) value = NULL;
    struct bl_reader r = bl_reader((struct bulla_bytes){ data, size }, "fuzz");
    struct bulla_bytes item = bl_cbor_skip_foreign(&r);

    if (!fuzz_enter_item(&r, item, size))
        return 0;
    struct bl_json_writer j = bl_json_writer(&text);
    bl_json_open_array(&j, NULL);
    bl_cbor_to_json(&r, &j, NULL);
    bl_json_close(&j);
    FUZZ_ASSERT(bl_reader_finish(&r, NULL) == BULLA_OK);
    FUZZ_ASSERT(bl_json_finish(&j, NULL) == BULLA_OK);
    FUZZ_ASSERT(bl_json_parse(bulla_buffer_bytes(&text), "fuzz", text.size, &value, NULL) ==
                BULLA_OK);
    return 0;
}
