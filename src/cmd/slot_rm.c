/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/slot_rm.c: bulla slot rm: take ways to open a blob away.
 */
#include "cmd/blob_change.h"
#include "cmd/report.h"
#include "cmd/verbs.h"

static enum bulla_status
remove_slots(struct bl_blob_change *change, const struct bl_arguments *arguments,
             struct bulla_error *err)
{
    uint8_t id[BL_SLOT_ID_SIZE];

    BL_TRY(bl_blob_change_open(change, bl_operand(arguments, 0), arguments, /* with_tpm= */ false,
                               err));
    for (size_t i = 1; i < bl_operand_count(arguments); i++) {
        BL_TRY(bl_blob_change_find(change, bl_operand(arguments, i), id, err));
        BL_TRY(bl_slots_update_remove(&change->update, id, err));
    }
    BL_TRY(bl_blob_change_commit(change, arguments, err));
    bl_note("whoever kept a copy of the blob and the key of a removed slot still opens that copy");
    return bl_blob_change_report(change, arguments, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_blob_change change = BL_BLOB_CHANGE_NONE;
    enum bulla_status status = remove_slots(&change, arguments, err);

    bl_blob_change_done(&change);
    return status;
}

static const struct bl_option options[] = {
    BL_BLOB_CHANGE_OPTIONS,
    BL_UNLOCK_OPTIONS,
    BL_TPM_OPTIONS,
    { 0 },
};

static const char *const examples[] = {
    "bulla slot rm demo.bulla 5ce1a0b2",
    NULL,
};

const struct bl_verb bl_verb_slot_rm = {
    .name = "slot rm",
    .summary = "take a way to open a blob away",
    .operands = "BLOB ID...",
    .operand_count_min = 2,
    .operand_count_max = 65,
    .options = options,
    .examples = examples,
    .run = run,
};
