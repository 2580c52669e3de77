/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/slots.h: the slots of a blob in words, for inspect and explain.
 */
#ifndef BL_CMD_SLOTS_H
#define BL_CMD_SLOTS_H

#include "cmd/page.h"
#include "cmd/result.h"
#include "seal/inspect.h"

/** "tpm", "recipient", "passphrase", ... or "unknown". */
const char *bl_slot_type_word(enum bl_slot_type type);
/** "opens", "needs-input", "refuses". */
const char *bl_outlook_word(enum bl_slot_outlook outlook);
/** One line: kind, label, and what it is bound to; without a line end. */
void bl_slot_print(struct bl_page *page, const struct bl_slot_summary *slot);
/** The members of an object that the caller has opened. */
void bl_slot_describe(struct bl_result *result, const struct bl_slot_summary *slot);
/** The i-th PCR value that the slot was sealed to, of those in its mask; empty if not recorded. */
struct bulla_bytes bl_slot_pcr_value(const struct bl_slot_summary *slot, size_t i);
/** Numbers of the PCRs in `mask` as an array. */
void bl_describe_pcrs(struct bl_result *result, const char *name, uint32_t mask);

#endif
