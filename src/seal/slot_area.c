/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/slot_area.h"

#include <string.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "codec/writer.h"
#include "crypto/hash.h"

static const char where[] = "slot areas of the sealed blob";

#define ROOM_LEAST 1024 /* bytes: a TPM slot or two, or half a dozen recipients */
#define ROOM_STEP 512   /* bytes */

size_t
bl_area_size_for(size_t slots_size)
{
    size_t room = slots_size > ROOM_LEAST ? slots_size : ROOM_LEAST;
    size_t size = BL_AREA_OVERHEAD + slots_size + room;

    return (size + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
}

static enum bulla_status
make_check(struct bulla_bytes checked, uint8_t out[BL_AREA_CHECK_SIZE], struct bulla_error *err)
{
    uint8_t digest[32];

    BL_TRY(bl_hash_once(BL_SHA256, checked, digest, err));
    memcpy(out, digest, BL_AREA_CHECK_SIZE);
    return BULLA_OK;
}

enum bulla_status
bl_area_encode(uint64_t epoch, struct bulla_bytes slots, size_t area_size, struct bulla_buffer *out,
               struct bulla_error *err)
{
    uint8_t *zeros = NULL;

    if (area_size < BL_AREA_OVERHEAD || slots.size > area_size - BL_AREA_OVERHEAD)
        return bulla_fail(err, BULLA_E_LIMIT, where, "no room for the slots", slots.size);
    struct bl_writer w = bl_writer(out);
    bl_write_u64be(&w, epoch);
    bl_write_u32be(&w, (uint32_t)slots.size);
    bl_write_bytes(&w, slots);
    BL_TRY(bl_writer_finish(&w, err));
    return bulla_buffer_extend(out, area_size - BL_AREA_OVERHEAD - slots.size, &zeros, err);
}

enum bulla_status
bl_area_close(const uint8_t mac[BL_BLOB_MAC_SIZE], struct bulla_buffer *area,
              struct bulla_error *err)
{
    uint8_t check[BL_AREA_CHECK_SIZE];

    BL_TRY(bulla_buffer_append(area, (struct bulla_bytes){ mac, BL_BLOB_MAC_SIZE }, err));
    BL_TRY(make_check(bulla_buffer_bytes(area), check, err));
    return bulla_buffer_append(area, BL_BYTES_OF(check), err);
}

static bool
are_zeros(struct bulla_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != 0)
            return false;
    }
    return true;
}

/* One area; *whole_out is false for one that was written in part, which is no failure. */
static enum bulla_status
read_area(struct bulla_bytes bytes, struct bl_area *out, bool *whole_out, struct bulla_error *err)
{
    uint8_t check[BL_AREA_CHECK_SIZE];
    struct bl_reader r = bl_reader(bytes, where);
    struct bl_area area = { 0 };

    area.epoch = bl_read_u64be(&r);
    size_t used = bl_read_u32be(&r);
    area.slots = bl_read_view(&r, used);
    const size_t filled = BL_AREA_HEAD_SIZE + used;
    *whole_out = false;
    if (bl_reader_ok(&r, NULL) != BULLA_OK || bytes.size < filled + BL_AREA_TAIL_SIZE)
        return BULLA_OK;
    const size_t covered = bytes.size - BL_AREA_TAIL_SIZE;
    const size_t checked = bytes.size - BL_AREA_CHECK_SIZE;
    area.covered = (struct bulla_bytes){ bytes.data, covered };
    area.mac = (struct bulla_bytes){ bytes.data + covered, BL_BLOB_MAC_SIZE };
    BL_TRY(make_check((struct bulla_bytes){ bytes.data, checked }, check, err));
    *whole_out = memcmp(check, bytes.data + checked, sizeof check) == 0 &&
                 are_zeros((struct bulla_bytes){ bytes.data + filled, covered - filled });
    *out = area;
    return BULLA_OK;
}

enum bulla_status
bl_area_choose(struct bulla_bytes areas, struct bl_area *out, struct bulla_error *err)
{
    const size_t size = areas.size / 2;
    struct bl_area found[2] = { 0 };
    bool whole[2] = { false, false };

    for (unsigned i = 0; i < 2; i++) {
        const struct bulla_bytes bytes = { areas.data + i * size, size };
        BL_TRY(read_area(bytes, &found[i], &whole[i], err));
        found[i].index = i;
    }
    if (!whole[0] && !whole[1])
        return bulla_fail_cause(err, BULLA_CAUSE_HEADER_ALTERED, where,
                                "both copies of its slots are damaged");
    bool same = memcmp(areas.data, areas.data + size, size) == 0;
    if (whole[0] && whole[1] && found[0].epoch == found[1].epoch && !same)
        return bulla_fail_cause(err, BULLA_CAUSE_HEADER_ALTERED, where,
                                "the two copies of its slots contradict each other");
    bool second = whole[1] && (!whole[0] || found[1].epoch > found[0].epoch);
    *out = found[second];
    out->other_is_same = same;
    return BULLA_OK;
}
