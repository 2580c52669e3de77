/* SPDX-License-Identifier: Apache-2.0 */
/* What a skip takes, walked by its parts and written again, is the same bytes; and a value that a
 * typed read takes is written again as the same item. */
#include "fuzz.h"

#include "codec/der.h"

#define CONSTRUCTED 0x20

static void
copy_item(struct bl_reader *r, struct bl_writer *w)
{
    uint8_t tag = r->input.data[r->offset];

    if ((tag & CONSTRUCTED) == 0) {
        bl_der_write(w, tag, bl_der_read(r, tag));
    } else {
        struct bl_reader part = bl_der_enter(r, tag, "part");
        size_t mark = bl_der_open(w, tag);
        while (part.failed == NULL && bl_reader_left(&part) > 0)
            copy_item(&part, w);
        FUZZ_ASSERT(bl_reader_finish(&part, NULL) == BULLA_OK);
        bl_der_close(w, mark);
    }
    FUZZ_ASSERT(r->failed == NULL);
}

/* Read the item as what its tag says and write that. */
static void
check_typed(struct bulla_bytes item)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bl_reader r = bl_reader(item, "fuzz");
    struct bl_writer w = bl_writer(&again);
    int64_t time_s;

    switch (item.data[0]) {
    case BL_DER_BOOLEAN:
        bl_der_write_bool(&w, bl_der_read_bool(&r));
        break;
    case BL_DER_NULL:
        bl_der_read_null(&r);
        bl_der_write_null(&w);
        break;
    case BL_DER_INTEGER:
        bl_der_write_unsigned(&w, bl_der_read_unsigned(&r, SIZE_MAX));
        break;
    case BL_DER_BIT_STRING:
        bl_der_write_bits(&w, bl_der_read_bits(&r, SIZE_MAX));
        break;
    case BL_DER_OID:
        bl_der_write(&w, BL_DER_OID, bl_der_read_oid(&r));
        break;
    case BL_DER_UTC_TIME:
    case BL_DER_GENERALIZED_TIME:
        time_s = bl_der_read_time_s(&r); /* from year 0 to 9999 */
        FUZZ_ASSERT(time_s >= -62167219200 && time_s <= 253402300799);
        return;
    default:
        return;
    }
    FUZZ_ASSERT(r.failed != NULL || fuzz_same_bytes(item, bulla_buffer_bytes(&again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bl_reader r = bl_reader((struct bulla_bytes){ data, size }, "fuzz");
    struct bulla_bytes item = bl_der_skip(&r);
    struct bulla_error err = { 0 };

    if (r.failed != NULL) {
        FUZZ_ASSERT(item.size == 0 && r.offset == 0);
        fuzz_check_refusal(bl_reader_ok(&r, &err), &err);
        return 0;
    }
    r = bl_reader(item, "fuzz");
    struct bl_writer w = bl_writer(&again);
    copy_item(&r, &w);
    FUZZ_ASSERT(bl_writer_finish(&w, NULL) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(item, bulla_buffer_bytes(&again)));
    check_typed(item);
    return 0;
}
