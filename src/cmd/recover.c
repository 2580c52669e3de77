/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/recover.c: bulla recover: a blob whose machine is gone, for this machine.
 *
 * Opened with the recovery identity or a passphrase, it gets a slot of this machine's TPM, and loses
 * those of TPMs that are not here.
 */
#include "base/memory.h"
#include "cmd/binding.h"
#include "cmd/blob_change.h"
#include "cmd/new_slots.h"
#include "cmd/report.h"
#include "cmd/verbs.h"
#include "seal/renew.h"

/* Slots of hardware that this is not, and those that the new one stands for. */
static enum bulla_status
remove_replaced(struct bl_blob_change *change, struct bulla_error *err)
{
    for (size_t i = 0; i < change->summary.slot_count; i++) {
        const struct bl_slot_summary *slot = &change->summary.slots[i];
        BL_AUTO(bl_renewal) renewal = { 0 };
        if (slot->type == BL_SLOT_HPKE || slot->type == BL_SLOT_PASSPHRASE)
            continue;
        BL_TRY(bl_slot_renewal(slot, &change->unlock.opener, &renewal, err));
        if (renewal.state == BL_RENEWAL_NEEDS_INPUT || renewal.state == BL_RENEWAL_SIGNED)
            continue;
        BL_TRY(bl_slots_update_remove(&change->update, slot->id, err));
    }
    return BULLA_OK;
}

static enum bulla_status
recover(struct bl_blob_change *change, struct bl_new_slots *slots,
        const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_TRY(bl_new_slots_parse(slots, arguments, err));
    BL_TRY(bl_blob_change_open(change, bl_operand(arguments, 0), arguments, /* with_tpm= */ true,
                               err));
    BL_TRY(bl_new_slots_request(slots, /* with_tpm= */ true, &change->unlock.local, err));
    for (size_t i = 0; i < slots->count; i++)
        BL_TRY(bl_slots_update_add(&change->update, &slots->requests[i], err));
    if (bl_argument(arguments, "keep") == NULL)
        BL_TRY(remove_replaced(change, err));
    BL_TRY(bl_new_slots_commit_recovery(slots, err));
    BL_TRY(bl_blob_change_commit(change, arguments, err));
    return bl_blob_change_report(change, arguments, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_blob_change change = BL_BLOB_CHANGE_NONE;
    struct bl_new_slots slots = BL_NEW_SLOTS_NONE;
    enum bulla_status status = recover(&change, &slots, arguments, err);

    bl_blob_change_done(&change);
    bl_new_slots_done(&slots);
    return status;
}

static const struct bl_option options[] = {
    { .name = "keep", .help = "leave the slots of other machines, and of this one, as they are" },
    BL_NEW_SLOTS_OPTIONS,
    BL_BLOB_CHANGE_OPTIONS,
    BL_UNLOCK_OPTIONS,
    BL_TPM_OPTIONS,
    { 0 },
};

static const char *const examples[] = {
    "bulla recover --identity recovery.key demo.bulla",
    NULL,
};

const struct bl_verb bl_verb_recover = {
    .name = "recover",
    .summary = "give a blob whose machine is gone to this machine",
    .operands = "BLOB",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
