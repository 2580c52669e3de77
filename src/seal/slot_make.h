/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_make.h: making slots, for a new blob or for one that stands: what was asked for is checked
 * before anything is made, and what was made is tried before anything is written.
 */
#ifndef BL_SEAL_SLOT_MAKE_H
#define BL_SEAL_SLOT_MAKE_H

#include "seal/slot.h"

/** 1 to 255 bytes of UTF-8, or NULL where it may be missing; BULLA_E_USAGE. */
enum bulla_status bl_blob_text_check(const char *text, bool may_be_missing,
                                     struct bulla_error *err) BULLA_CHECKED;
/** Causes: BINDING_REFUSED, NO_TPM and what the kind refuses. */
enum bulla_status bl_slot_request_check(const struct bl_slot_request *request,
                                        const struct bl_opener *opener,
                                        struct bulla_error *err) BULLA_CHECKED;
/** What of the slot is known before it is made: type, label (borrowed), expiry, recovery mark. */
void bl_slot_describe_request(const struct bl_slot_request *request, struct bl_slot *slot);
/** Where hardware holds a share, the slots marked for recovery must be enough without it, or
 *  NO_RECOVERY_CHOSEN; and not more passphrases than are ever tried (BULLA_E_LIMIT). */
enum bulla_status bl_slot_table_check(const struct bl_slot_table *table, bool allow_no_recovery,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Open `slot`, as read back, and compare: somebody else's recipient slot is passed over. */
enum bulla_status bl_slot_try(const struct bl_slot_making *making, const struct bl_slot *slot,
                              const struct bl_secret *share, struct bulla_error *err) BULLA_CHECKED;

#endif
