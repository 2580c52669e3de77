/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever wrapper is taken can be written as CBOR, is read back as the same, and is written as the
 * same again; as JSON too, unless JSON has no such thing. Every item lies in a collection that comes
 * before it.
 */
#include "fuzz.h"

#include "codec/cmw.h"

static bool
is_same_item(const struct bl_cmw_item *a, const struct bl_cmw_item *b)
{
    return a->form == b->form && fuzz_same_bytes(a->type, b->type) &&
           fuzz_same_bytes(a->value, b->value) && a->indicator == b->indicator &&
           a->has_content_format == b->has_content_format && a->content_format == b->content_format;
}

/* Each message of one has its like in the other: the order may differ. */
static void
check_same(const struct bl_cmw *a, const struct bl_cmw *b)
{
    FUZZ_ASSERT(a->count == b->count && is_same_item(&a->items[0], &b->items[0]));
    for (size_t i = 1; i < a->count; i++) {
        bool found = false;
        for (size_t k = 1; !found && k < b->count; k++)
            found = is_same_item(&a->items[i], &b->items[k]);
        FUZZ_ASSERT(found);
    }
}

static void
check_encoding(const struct bl_cmw *cmw, enum bl_cmw_encoding encoding)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) again = { 0 };
    BL_AUTO(bl_cmw) decoded = { 0 };
    enum bulla_status status = bl_cmw_encode(cmw, encoding, &bytes, NULL);

    if (encoding == BL_CMW_JSON && status == BULLA_E_ARGUMENT)
        return;
    FUZZ_ASSERT(status == BULLA_OK);
    FUZZ_ASSERT(bl_cmw_decode(bulla_buffer_bytes(&bytes), &decoded, NULL) == BULLA_OK);
    check_same(cmw, &decoded);
    FUZZ_ASSERT(bl_cmw_encode(&decoded, encoding, &again, NULL) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&bytes), bulla_buffer_bytes(&again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bl_cmw) cmw = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_cmw_decode((struct bulla_bytes){ data, size }, &cmw, &err);

    if (status != BULLA_OK) {
        FUZZ_ASSERT(cmw.count == 0 && cmw.text.data == NULL);
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(cmw.count > 0 && cmw.count <= BL_CMW_ITEM_COUNT_MAX);
    for (size_t i = 1; i < cmw.count; i++)
        FUZZ_ASSERT(cmw.items[i].parent < i &&
                    cmw.items[cmw.items[i].parent].form == BL_CMW_COLLECTION);
    check_encoding(&cmw, BL_CMW_CBOR);
    check_encoding(&cmw, BL_CMW_JSON);
    return 0;
}
