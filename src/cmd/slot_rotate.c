/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/slot_rotate.c: bulla slot rotate: the same way to open a blob, with a fresh key.
 *
 * A slot of this machine is made anew as it is. For a recipient and a passphrase the new one has to be
 * given: their keys are nowhere in the blob.
 */
#include "cmd/blob_change.h"
#include "cmd/new_slots.h"
#include "cmd/report.h"
#include "cmd/verbs.h"
#include "seal/renew.h"

static const struct bl_slot_summary *
summary_of(const struct bl_blob_change *change, const uint8_t id[BL_SLOT_ID_SIZE])
{
    size_t i = bl_slot_table_find(&change->update.header.table, id);

    return &change->summary.slots[i];
}

/* The one request that the options come to. */
static enum bulla_status
request_of_options(struct bl_blob_change *change, struct bl_new_slots *slots,
                   const struct bl_arguments *arguments, struct bulla_error *err)
{
    bool with_tpm = bl_argument(arguments, "bind") != NULL;

    BL_TRY(bl_new_slots_passphrase(slots, arguments, err));
    BL_TRY(bl_new_slots_request(slots, with_tpm, &change->unlock.local, err));
    if (slots->count != 1)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "one slot takes the place of one");
    return BULLA_OK;
}

static enum bulla_status
request_of_slot(const struct bl_blob_change *change, const struct bl_slot_summary *slot,
                struct bl_renewal *renewal, struct bulla_error *err)
{
    BL_TRY(bl_slot_renewal(slot, &change->unlock.opener, renewal, err));
    if (renewal->state == BL_RENEWAL_CURRENT || renewal->state == BL_RENEWAL_DUE)
        return BULLA_OK;
    bl_report_next("give the new one: --recipient R, --new-passphrase or --bind WHAT");
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                            "what the slot was made from is not kept in the blob");
}

static enum bulla_status
rotate(struct bl_blob_change *change, struct bl_new_slots *slots, struct bl_renewal *renewal,
       const struct bl_arguments *arguments, struct bulla_error *err)
{
    const struct bl_slot_request *request = &renewal->request;
    bool is_asked = bl_new_slots_are_asked(arguments);
    uint8_t id[BL_SLOT_ID_SIZE];

    BL_TRY(bl_new_slots_parse(slots, arguments, err));
    BL_TRY(bl_blob_change_open(change, bl_operand(arguments, 0), arguments,
                               bl_argument(arguments, "bind") != NULL, err));
    BL_TRY(bl_blob_change_find(change, bl_operand(arguments, 1), id, err));
    if (is_asked) {
        BL_TRY(request_of_options(change, slots, arguments, err));
        slots->requests[0].is_recovery |= summary_of(change, id)->is_recovery;
        request = &slots->requests[0];
    } else {
        BL_TRY(request_of_slot(change, summary_of(change, id), renewal, err));
    }
    BL_TRY(bl_slots_update_replace(&change->update, id, request, /* keep_until_s= */ 0, err));
    BL_TRY(bl_new_slots_commit_recovery(slots, err));
    BL_TRY(bl_blob_change_commit(change, arguments, err));
    return bl_blob_change_report(change, arguments, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_blob_change change = BL_BLOB_CHANGE_NONE;
    struct bl_new_slots slots = BL_NEW_SLOTS_NONE;
    struct bl_renewal renewal = { 0 };
    enum bulla_status status = rotate(&change, &slots, &renewal, arguments, err);

    bl_renewal_done(&renewal);
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
    "bulla slot rotate demo.bulla 5ce1a0b2",
    "bulla slot rotate --recipient @alice.pub demo.bulla 5ce1a0b2",
    NULL,
};

const struct bl_verb bl_verb_slot_rotate = {
    .name = "slot rotate",
    .summary = "give a way to open a blob a fresh key",
    .operands = "BLOB ID",
    .operand_count_min = 2,
    .operand_count_max = 2,
    .options = options,
    .examples = examples,
    .run = run,
};
