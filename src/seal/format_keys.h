/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/format_keys.h: what the decoders of the header's parts share. Only for this folder's format
 * files.
 */
#ifndef BL_SEAL_FORMAT_KEYS_H
#define BL_SEAL_FORMAT_KEYS_H

#include "codec/reader.h"
#include "seal/format.h"

/** Keys below 0x100 belong to this version, all of them; above, the odd ones are critical. */
bool bl_format_key_is_optional(uint64_t key);
enum bulla_status bl_format_unknown_key(const char *part, uint64_t key,
                                        struct bulla_error *err) BULLA_CHECKED;
/** Unix seconds, at least 1: zero stands for "none" in memory. */
int64_t bl_format_read_time(struct bl_reader *r);
/** slot_table.c */
enum bulla_status bl_slot_table_decode(struct bulla_bytes bytes, struct bl_slot_table *table,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif
