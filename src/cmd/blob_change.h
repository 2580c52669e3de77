/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/blob_change.h: a blob that a command changes: opened and locked, unlocked with what the options
 * give, its slots changed, and written back: in place, or as a new file under the same name.
 */
#ifndef BL_CMD_BLOB_CHANGE_H
#define BL_CMD_BLOB_CHANGE_H

#include "cmd/unlock.h"
#include "seal/update.h"

/** What every verb that changes a blob has, besides BL_UNLOCK_OPTIONS. */
#define BL_BLOB_CHANGE_OPTIONS                                                                     \
    { .name = "name",                                                                              \
      .letter = 'n',                                                                               \
      .argument = "NAME",                                                                          \
      .help = "refuse a blob that was sealed under another name" },                                \
        { .name = "aad-file", .argument = "FILE", .help = "the file that the blob was bound to" }, \
    {                                                                                              \
        .name = "no-recovery", .help = "accept that nothing opens the blob without its hardware"   \
    }

struct bl_blob_change {
    const char *path;
    int fd;
    struct bl_blob_summary summary;
    struct bl_unlock unlock;
    struct bulla_buffer associated_data;
    struct bl_slots_update update;
    bool copied; /* written as a new file */
};
#define BL_BLOB_CHANGE_NONE                \
    {                                      \
        .fd = -1, .unlock = BL_UNLOCK_NONE \
    }

/** Open the blob at `path`, with `with_tpm` the local TPM even if no slot of the blob wants one. */
enum bulla_status bl_blob_change_open(struct bl_blob_change *change, const char *path,
                                      const struct bl_arguments *arguments, bool with_tpm,
                                      struct bulla_error *err) BULLA_CHECKED;
void bl_blob_change_done(struct bl_blob_change *change);
/** The id of the slot that `text` names: hexadecimal digits, at least 4, that fit one slot alone.
 *  USAGE, BULLA_E_NOT_FOUND. */
enum bulla_status bl_blob_change_find(const struct bl_blob_change *change, const char *text,
                                      uint8_t id_out[BL_SLOT_ID_SIZE],
                                      struct bulla_error *err) BULLA_CHECKED;
/** Check and write the new slots; durable afterwards. */
enum bulla_status bl_blob_change_commit(struct bl_blob_change *change,
                                        const struct bl_arguments *arguments,
                                        struct bulla_error *err) BULLA_CHECKED;
/** Say what the blob has now: as JSON, or in a line for each slot. */
enum bulla_status bl_blob_change_report(struct bl_blob_change *change,
                                        const struct bl_arguments *arguments,
                                        struct bulla_error *err) BULLA_CHECKED;

#endif
