/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/slot_add.c: bulla slot add: one more way to open a blob that stands.
 */
#include "cmd/blob_change.h"
#include "cmd/new_slots.h"
#include "cmd/report.h"
#include "cmd/verbs.h"

static enum bulla_status
check_options(const struct bl_arguments *arguments, struct bulla_error *err)
{
    if (bl_new_slots_are_asked(arguments))
        return BULLA_OK;
    bl_report_next("say who shall open it, too: --recipient, --bind, --recovery or "
                   "--new-passphrase");
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", "no new slot was asked for");
}

static enum bulla_status
add_slots(struct bl_blob_change *change, struct bl_new_slots *slots,
          const struct bl_arguments *arguments, struct bulla_error *err)
{
    bool with_hardware = bl_argument(arguments, "bind") != NULL;

    BL_TRY(check_options(arguments, err));
    BL_TRY(bl_new_slots_parse(slots, arguments, err));
    if (with_hardware)
        BL_TRY(bl_new_slots_open_root(slots, arguments, err));
    BL_TRY(bl_blob_change_open(change, bl_operand(arguments, 0), arguments,
                               with_hardware && slots->root == NULL, err));
    if (change->unlock.opener.root == NULL)
        change->unlock.opener.root = slots->root;
    BL_TRY(bl_new_slots_passphrase(slots, arguments, err));
    BL_TRY(bl_new_slots_request(slots, with_hardware, &change->unlock.local, err));
    for (size_t i = 0; i < slots->count; i++)
        BL_TRY(bl_slots_update_add(&change->update, &slots->requests[i], err));
    BL_TRY(bl_new_slots_commit_recovery(slots, err));
    BL_TRY(bl_blob_change_commit(change, arguments, err));
    return bl_blob_change_report(change, arguments, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_blob_change change = BL_BLOB_CHANGE_NONE;
    struct bl_new_slots slots = BL_NEW_SLOTS_NONE;
    enum bulla_status status = add_slots(&change, &slots, arguments, err);

    bl_blob_change_done(&change);
    bl_new_slots_done(&slots);
    return status;
}

static const struct bl_option options[] = {
    BL_NEW_SLOTS_OPTIONS,   BL_NEW_PASSPHRASE_OPTIONS,
    BL_BLOB_CHANGE_OPTIONS, BL_UNLOCK_OPTIONS,
    BL_TPM_OPTIONS,         { 0 },
};

static const char *const examples[] = {
    "bulla slot add --recipient @alice.pub demo.bulla",
    "bulla slot add --recovery second.key demo.bulla",
    NULL,
};

const struct bl_verb bl_verb_slot_add = {
    .name = "slot add",
    .summary = "let somebody else, or another machine, open a blob too",
    .operands = "BLOB",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
