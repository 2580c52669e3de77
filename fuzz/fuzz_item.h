/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz_item.h: what holds where a reader passes over one CBOR item.
 */
#ifndef FUZZ_FUZZ_ITEM_H
#define FUZZ_FUZZ_ITEM_H

#include "fuzz.h"

#include "codec/cbor.h"

/** `item` is what a skip with *r, from the start of an input of `size` bytes, has given. Where it was
 *  taken, *r reads the item and nothing else. False: it was refused, and said why. */
static inline bool
fuzz_enter_item(struct bl_reader *r, struct bulla_bytes item, size_t size)
{
    struct bulla_error err = { 0 };

    if (r->failed != NULL) {
        FUZZ_ASSERT(item.size == 0 && r->offset <= size);
        fuzz_check_refusal(bl_reader_finish(r, &err), &err);
        return false;
    }
    FUZZ_ASSERT(item.size > 0 && item.size == r->offset);
    *r = bl_reader(item, "fuzz");
    return true;
}

#endif
