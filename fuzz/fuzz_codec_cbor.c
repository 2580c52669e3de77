/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the CBOR reader takes has one encoding: written again, it is the same bytes; and a walk
 * by types takes exactly what a skip takes.
 */
#include "fuzz_item.h"

#include "codec/utf8.h"

/* Read one item by its type and write it again. */
static void
copy_item(struct bl_reader *r, struct bl_writer *w)
{
    struct bl_reader key = *r;
    struct bulla_bytes item;
    size_t count;

    switch (bl_cbor_peek(r)) {
    case BL_CBOR_UINT:
        bl_cbor_write_uint(w, bl_cbor_read_uint(r));
        break;
    case BL_CBOR_BYTES:
        bl_cbor_write_bytes(w, bl_cbor_read_bytes(r, SIZE_MAX));
        break;
    case BL_CBOR_TEXT:
        item = bl_cbor_read_text(r, SIZE_MAX);
        FUZZ_ASSERT(bl_utf8_is_valid(item));
        bl_cbor_write_text(w, item);
        break;
    case BL_CBOR_ARRAY:
        count = bl_cbor_read_array(r, SIZE_MAX);
        FUZZ_ASSERT(count <= bl_reader_left(r));
        bl_cbor_write_array(w, count);
        for (; count > 0; count--)
            copy_item(r, w);
        break;
    case BL_CBOR_MAP:
        count = bl_cbor_read_map(r, SIZE_MAX).left;
        FUZZ_ASSERT(count <= bl_reader_left(r) / 2);
        bl_cbor_write_map(w, count);
        for (; count > 0; count--) {
            copy_item(r, w);
            copy_item(r, w);
        }
        break;
    case BL_CBOR_SIMPLE:
        if (bl_cbor_read_if_null(r))
            bl_cbor_write_null(w);
        else
            bl_cbor_write_bool(w, bl_cbor_read_bool(r));
        break;
    case BL_CBOR_NEGATIVE: /* either an int64_t or beyond it */
        bl_cbor_write_int(w, bl_cbor_read_int(&key));
        item = bl_cbor_skip(r);
        if (key.failed != NULL)
            w->status = BULLA_E_LIMIT;
        break;
    case BL_CBOR_TAG: /* the reader only confirms tags that are asked for */
        item = bl_cbor_skip(r);
        bl_write_bytes(w, item);
        break;
    case BL_CBOR_END:
        FUZZ_ASSERT(r->failed != NULL); /* the skip has seen an item here */
        break;
    }
    FUZZ_ASSERT(r->failed == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bl_reader r = bl_reader((struct bulla_bytes){ data, size }, "fuzz");
    struct bulla_bytes item = bl_cbor_skip(&r);

    if (!fuzz_enter_item(&r, item, size))
        return 0;
    struct bl_writer w = bl_writer(&again);
    copy_item(&r, &w);
    FUZZ_ASSERT(bl_reader_finish(&r, NULL) == BULLA_OK);
    FUZZ_ASSERT(w.status != BULLA_OK || fuzz_same_bytes(item, bulla_buffer_bytes(&again)));
    return 0;
}
