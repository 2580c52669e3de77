/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/reseal.c: bulla reseal: bind the slots of this machine to what it is now.
 *
 * After an update that was foreseen, before the next start, or after one that was not, opened with the
 * recovery identity. The slot from before is kept for a while, so that going back still works, and is
 * taken away by the first reseal after that.
 */
#include "base/memory.h"
#include "cmd/arguments.h"
#include "cmd/blob_change.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/verbs.h"
#include "seal/renew.h"
#include "sys/clock.h"

#define GRACE_DAYS 14
#define GRACE_DAYS_MAX 365
#define DAY_S 86400

static enum bulla_status
read_grace(const struct bl_arguments *arguments, int64_t *keep_until_s, struct bulla_error *err)
{
    const char *text = bl_argument(arguments, "grace");
    uint64_t days = GRACE_DAYS;

    bl_report_object_word(text != NULL ? text : "");
    if (text != NULL)
        BL_TRY(bl_parse_number(text, GRACE_DAYS_MAX, &days, err));
    *keep_until_s = days == 0 ? 0 : bl_clock_now_s() + (int64_t)days * DAY_S;
    return BULLA_OK;
}

static void
tell_skipped(const struct bl_slot_summary *slot, enum bl_renewal_state state)
{
    char shown[BL_SHOWN_SIZE];
    const char *id = bl_show_hex(BL_BYTES_OF(slot->id), shown);

    if (state == BL_RENEWAL_NEEDS_INPUT)
        bl_note("slot %s is left alone: it has a PIN; add a new one and remove it", id);
    else if (state == BL_RENEWAL_AHEAD)
        bl_note("slot %s is left alone: it was made on a newer machine than this one is", id);
    else if (state == BL_RENEWAL_ELSEWHERE && slot->type == BL_SLOT_TPM2)
        bl_note("slot %s is left alone: it belongs to another TPM", id);
}

static enum bulla_status
renew_slots(struct bl_blob_change *change, int64_t keep_until_s, size_t *changed_out,
            struct bulla_error *err)
{
    const struct bl_blob_summary *summary = &change->summary;
    size_t removed = 0;

    for (size_t i = 0; i < summary->slot_count; i++) {
        const struct bl_slot_summary *slot = &summary->slots[i];
        BL_AUTO(bl_renewal) renewal = { 0 };
        if (slot->not_after_s != 0) /* kept from before: its heir is there */
            continue;
        BL_TRY(bl_slot_renewal(slot, &change->unlock.opener, &renewal, err));
        if (renewal.state != BL_RENEWAL_DUE) {
            tell_skipped(slot, renewal.state);
            continue;
        }
        BL_TRY(bl_slots_update_replace(&change->update, slot->id, &renewal.request, keep_until_s,
                                       err));
        (*changed_out)++;
    }
    BL_TRY(bl_slots_update_sweep(&change->update, &removed, err));
    *changed_out += removed;
    return BULLA_OK;
}

static enum bulla_status
reseal(struct bl_blob_change *change, const struct bl_arguments *arguments, struct bulla_error *err)
{
    int64_t keep_until_s = 0;
    size_t changed = 0;

    BL_TRY(read_grace(arguments, &keep_until_s, err));
    BL_TRY(bl_blob_change_open(change, bl_operand(arguments, 0), arguments, /* with_tpm= */ false,
                               err));
    BL_TRY(renew_slots(change, keep_until_s, &changed, err));
    if (changed > 0)
        BL_TRY(bl_blob_change_commit(change, arguments, err));
    else
        bl_note("nothing to do: its slots are bound to what this machine is now");
    return bl_blob_change_report(change, arguments, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_blob_change change = BL_BLOB_CHANGE_NONE;
    enum bulla_status status = reseal(&change, arguments, err);

    bl_blob_change_done(&change);
    return status;
}

static const struct bl_option options[] = {
    { .name = "grace",
      .argument = "DAYS",
      .help = "keep the slot from before so long (default 14; 0: it goes at once)" },
    BL_BLOB_CHANGE_OPTIONS,
    BL_UNLOCK_OPTIONS,
    BL_TPM_OPTIONS,
    { 0 },
};

static const char *const examples[] = {
    "bulla reseal demo.bulla",
    "bulla reseal --grace 0 --identity recovery.key demo.bulla",
    NULL,
};

const struct bl_verb bl_verb_reseal = {
    .name = "reseal",
    .summary = "bind a blob to what this machine is now",
    .operands = "BLOB",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
