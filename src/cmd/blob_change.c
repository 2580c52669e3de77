/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/blob_change.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/interrupt.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/slots.h"
#include "codec/hex.h"
#include "sys/clock.h"

#define LOCK_MS 10000
#define ID_DIGITS_MIN 4

void
bl_blob_change_done(struct bl_blob_change *change)
{
    bl_slots_update_done(&change->update);
    bl_unlock_done(&change->unlock);
    bl_blob_summary_done(&change->summary);
    bulla_buffer_done(&change->associated_data);
    bl_fd_close(&change->fd);
}

static enum bulla_status
look(struct bl_blob_change *change, struct bulla_error *err)
{
    bl_blob_summary_done(&change->summary);
    BL_TRY(bl_fd_seek(change->fd, 0, err));
    return bl_blob_inspect(change->fd, &change->summary, err);
}

enum bulla_status
bl_blob_change_open(struct bl_blob_change *change, const char *path,
                    const struct bl_arguments *arguments, bool with_tpm, struct bulla_error *err)
{
    struct bl_unseal_requirements demands = { .name = bl_argument(arguments, "name"),
                                              .now_s = bl_clock_now_s() };

    change->path = path;
    BL_TRY(bl_associated_data_read(arguments, &change->associated_data,
                                   &demands.with_associated_data, err));
    demands.associated_data = bulla_buffer_bytes(&change->associated_data);
    bl_report_object_word(path);
    BL_TRY(bl_file_open_locked(path, LOCK_MS, &change->fd, err));
    BL_TRY(look(change, err));
    BL_TRY(bl_unlock_open(&change->unlock, arguments, with_tpm ? NULL : &change->summary, err));
    if (with_tpm && change->unlock.local.tpm == NULL)
        BL_TRY(bl_local_tpm_open(&change->unlock.local, arguments, /* may_create= */ true, err));
    change->unlock.opener.tpm = change->unlock.local.tpm;
    change->unlock.opener.done_with_tpm = NULL; /* new slots are still to be made */
    bl_report_object_word(path);
    enum bulla_status status =
        bl_slots_update_open(&change->update, change->fd, &demands, &change->unlock.opener, err);
    return bl_unlock_explain(&change->unlock, status, err);
}

enum bulla_status
bl_blob_change_find(const struct bl_blob_change *change, const char *text,
                    uint8_t id_out[BL_SLOT_ID_SIZE], struct bulla_error *err)
{
    const struct bl_slot_table *table = &change->update.header.table;
    const size_t size = strlen(text);
    size_t found = 0;

    bl_report_object_word(text);
    if (size < ID_DIGITS_MIN || size > (size_t)2 * BL_SLOT_ID_SIZE)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "slot id", "not 4 to 16 digits");
    for (size_t i = 0; i < table->slot_count; i++) {
        BL_AUTO(bulla_buffer) hex = { 0 };
        BL_TRY(bl_hex_encode(BL_BYTES_OF(table->slots[i].id), &hex, err));
        if (memcmp(hex.data, text, size) != 0)
            continue;
        memcpy(id_out, table->slots[i].id, BL_SLOT_ID_SIZE);
        found++;
    }
    if (found > 1)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "slot id", "it fits more than one slot");
    if (found == 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "slot id", "the blob has no such slot", 0);
    bl_report_object_word(change->path);
    return BULLA_OK;
}

/* A file of our own making under the name, mode 0600. */
static enum bulla_status
write_copy(const struct bl_blob_change *change, struct bulla_error *err)
{
    struct bl_file_new file = BL_FILE_NEW_NONE;
    enum bulla_status status =
        bl_file_new_open(&file, change->path, 0600, BL_FILE_REPLACE_EXISTING, err);

    if (status == BULLA_OK) {
        bl_interrupt_guard_file(&file);
        status = bl_slots_update_copy(&change->update, change->fd, file.fd, err);
    }
    if (status == BULLA_OK)
        status = bl_file_new_commit(&file, err);
    bl_interrupt_forget_file(&file);
    bl_file_new_done(&file);
    return status;
}

enum bulla_status
bl_blob_change_commit(struct bl_blob_change *change, const struct bl_arguments *arguments,
                      struct bulla_error *err)
{
    bool allow_no_recovery = bl_argument(arguments, "no-recovery") != NULL;
    bool fits = false;

    bl_report_object_word(change->path);
    BL_TRY(bl_slots_update_finish(&change->update, allow_no_recovery, &fits, err));
    change->copied = !fits;
    return fits ? bl_slots_update_write(&change->update, change->fd, err) : write_copy(change, err);
}

static enum bulla_status
report_json(const struct bl_blob_change *change, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_word(&result, "blob", change->path);
    bl_result_number(&result, "slots_epoch", change->summary.slots_epoch);
    bl_result_flag(&result, "in_place", !change->copied);
    bl_result_open_array(&result, "slots");
    for (size_t i = 0; i < change->summary.slot_count; i++) {
        bl_result_open_object(&result, NULL);
        bl_slot_describe(&result, &change->summary.slots[i]);
        bl_result_close(&result);
    }
    bl_result_close(&result);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

enum bulla_status
bl_blob_change_report(struct bl_blob_change *change, const struct bl_arguments *arguments,
                      struct bulla_error *err)
{
    BL_AUTO(bl_page) page = { 0 };

    if (change->copied) { /* the name stands for another file now */
        bl_fd_close(&change->fd);
        BL_TRY(bl_file_open_locked(change->path, LOCK_MS, &change->fd, err));
    }
    BL_TRY(look(change, err));
    if (bl_wants_json(arguments))
        return report_json(change, err);
    for (size_t i = 0; i < change->summary.slot_count; i++) {
        bl_slot_print(&page, &change->summary.slots[i]);
        bl_page_print(&page, "\n");
    }
    return bl_page_write(&page, STDOUT_FILENO, err);
}
