/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_area.h: the slots of a large blob, kept in two areas of one size so that they can be
 * changed in place. docs/formats/sealed-blob.md, "Slots in two areas".
 *
 *     area = epoch (8) || used (4) || slots (used) || zeros || MAC (32) || check (16)
 *
 * Guarantees: an area that was written in part is known by its check, without any key; the newer of
 * two whole ones counts; two whole ones of one epoch are equal.
 * Does not: authenticate; the MAC does (seal/open.h). The check keeps nobody from forging.
 */
#ifndef BL_SEAL_SLOT_AREA_H
#define BL_SEAL_SLOT_AREA_H

#include "base/buffer.h"
#include "seal/format.h"

#define BL_AREA_HEAD_SIZE 12  /* bytes */
#define BL_AREA_CHECK_SIZE 16 /* bytes: the beginning of SHA-256 of what stands before it */
#define BL_AREA_TAIL_SIZE (BL_BLOB_MAC_SIZE + BL_AREA_CHECK_SIZE)
#define BL_AREA_OVERHEAD (BL_AREA_HEAD_SIZE + BL_AREA_TAIL_SIZE)

/** A size for areas that hold `slots_size` bytes now: room for as much again, and 1 KiB. */
size_t bl_area_size_for(size_t slots_size);

/** Append what the MAC covers: head, slots and zeros. BULLA_E_LIMIT if they do not fit. */
enum bulla_status bl_area_encode(uint64_t epoch, struct bulla_bytes slots, size_t area_size,
                                 struct bulla_buffer *out, struct bulla_error *err) BULLA_CHECKED;
/** Append the rest of the area, of which *area holds all that stands before the MAC. */
enum bulla_status bl_area_close(const uint8_t mac[BL_BLOB_MAC_SIZE], struct bulla_buffer *area,
                                struct bulla_error *err) BULLA_CHECKED;

/** What counts of two areas. The views borrow from them. */
struct bl_area {
    unsigned index; /* 0 or 1 */
    uint64_t epoch;
    struct bulla_bytes slots;
    struct bulla_bytes covered; /* by the MAC */
    struct bulla_bytes mac;
    bool other_is_same; /* byte for byte: no change was interrupted */
};
/** `areas` are both, one after the other. HEADER_ALTERED if neither is whole, or they contradict. */
enum bulla_status bl_area_choose(struct bulla_bytes areas, struct bl_area *out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif
