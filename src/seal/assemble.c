/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/assemble.h"

#include "base/memory.h"
#include "seal/slot_area.h"

/* The MAC over preamble, core and `covered`. */
static enum bulla_status
authenticate(const struct bl_blob_header_parts *parts, struct bulla_bytes covered,
             uint8_t mac_out[BL_BLOB_MAC_SIZE], struct bulla_error *err)
{
    uint8_t preamble[BL_BLOB_PREAMBLE_SIZE];

    bl_preamble_encode(parts->facts, preamble);
    return bl_blob_header_mac(parts->binding, parts->prk, BL_BYTES_OF(preamble), parts->core,
                              covered, mac_out, err);
}

enum bulla_status
bl_area_assemble(const struct bl_blob_header_parts *parts, struct bulla_bytes slots,
                 uint64_t slots_epoch, struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) area = { 0 };
    uint8_t mac[BL_BLOB_MAC_SIZE];

    BL_TRY(bl_area_encode(slots_epoch, slots, parts->facts->slots_size, &area, err));
    BL_TRY(authenticate(parts, bulla_buffer_bytes(&area), mac, err));
    BL_TRY(bl_area_close(mac, &area, err));
    return bulla_buffer_append(out, bulla_buffer_bytes(&area), err);
}

/* Twice the same: the second is there for the first change. */
static enum bulla_status
append_areas(const struct bl_blob_header_parts *parts, struct bulla_bytes slots,
             uint64_t slots_epoch, struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) area = { 0 };

    BL_TRY(bl_area_assemble(parts, slots, slots_epoch, &area, err));
    BL_TRY(bulla_buffer_append(out, bulla_buffer_bytes(&area), err));
    return bulla_buffer_append(out, bulla_buffer_bytes(&area), err);
}

static enum bulla_status
append_slots(const struct bl_blob_header_parts *parts, struct bulla_bytes slots,
             struct bulla_buffer *out, struct bulla_error *err)
{
    uint8_t mac[BL_BLOB_MAC_SIZE];

    BL_TRY(authenticate(parts, slots, mac, err));
    BL_TRY(bulla_buffer_append(out, slots, err));
    return bulla_buffer_append(out, BL_BYTES_OF(mac), err);
}

enum bulla_status
bl_header_assemble(const struct bl_blob_header_parts *parts, struct bulla_bytes slots,
                   uint64_t slots_epoch, struct bulla_buffer *out, struct bulla_error *err)
{
    uint8_t preamble[BL_BLOB_PREAMBLE_SIZE];
    bool in_areas = (parts->facts->flags & BL_BLOB_FLAG_AREAS) != 0;

    if (!in_areas) {
        parts->facts->slots_size = slots.size;
        parts->facts->slots_epoch = slots_epoch;
    }
    bl_preamble_encode(parts->facts, preamble);
    BL_TRY(bulla_buffer_append(out, BL_BYTES_OF(preamble), err));
    BL_TRY(bulla_buffer_append(out, parts->core, err));
    return in_areas ? append_areas(parts, slots, slots_epoch, out, err)
                    : append_slots(parts, slots, out, err);
}
