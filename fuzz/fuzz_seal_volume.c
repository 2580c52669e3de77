/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No bytes are a head or a record of a volume whose key they were not made with; a record's payload
 * names only places inside pages.
 */
#include "fuzz.h"

#include <string.h>

#include "codec/reader.h"
#include "seal/volume_format.h"

static struct bl_secret key;

static void
check_head(struct bulla_bytes bytes)
{
    struct bl_volume_keys keys = { 0 };
    struct bl_volume_head head = { .checkpoint = 42 };
    struct bulla_error err = { 0 };

    enum bulla_status status = bl_volume_head_decode(bytes, &key, &keys, &head, &err);
    FUZZ_ASSERT(status != BULLA_OK);
    FUZZ_ASSERT(head.checkpoint == 42 && keys.root.data == NULL);
    fuzz_check_refusal(status, &err);
}

static void
check_entry(const uint8_t *data, size_t size)
{
    static const uint8_t id[BL_VOLUME_ID_SIZE] = { 1 };
    struct bl_volume_keys keys = { 0 };
    struct bl_volume_entry entry = { .sequence = 42 };
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) copy = { 0 };

    FUZZ_ASSERT(bl_volume_keys_new(&keys, &key, id, &err) == BULLA_OK);
    FUZZ_ASSERT(bulla_buffer_append(&copy, (struct bulla_bytes){ data, size }, &err) == BULLA_OK);
    enum bulla_status status = bl_volume_entry_open(&keys, 1, &entry, copy.data, size, &err);
    FUZZ_ASSERT(status == BULLA_E_INTEGRITY && entry.sequence == 42);
    if (size >= BL_VOLUME_ENTRY_HEAD_SIZE && bl_volume_entry_peek(data, &entry))
        FUZZ_ASSERT(bl_volume_entry_extent(entry.payload_size) > entry.payload_size);
    bl_volume_keys_done(&keys);
}

/* What was read is written again as it was. */
static void
check_changes(struct bulla_bytes bytes)
{
    struct bl_reader r = bl_reader(bytes, "fuzz");
    struct bl_volume_change change;
    uint8_t head[BL_VOLUME_CHANGE_HEAD_SIZE];

    for (size_t at = 0; bl_reader_left(&r) > 0 && bl_volume_change_read(&r, &change);
         at = r.offset) {
        FUZZ_ASSERT(change.number < BL_VOLUME_PAGE_COUNT_MAX);
        FUZZ_ASSERT(change.offset + change.bytes.size <= BL_VOLUME_PAGE_SIZE);
        bl_volume_change_head(&change, head);
        FUZZ_ASSERT(memcmp(head, bytes.data + at, sizeof head) == 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (key.data == NULL) {
        FUZZ_ASSERT(bl_secret_new(&key, BL_VOLUME_KEY_SIZE, NULL) == BULLA_OK);
        memset(key.data, 0x77, key.size);
    }
    check_head((struct bulla_bytes){ data, size });
    check_entry(data, size);
    check_changes((struct bulla_bytes){ data, size });
    return 0;
}
