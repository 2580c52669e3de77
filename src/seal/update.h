/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/update.h: changing who can open a blob that stands, without touching its body.
 *
 *     BL_AUTO(bl_slots_update) update = { 0 };
 *     BL_TRY(bl_slots_update_open(&update, fd, &requirements, &opener, err));
 *     BL_TRY(bl_slots_update_add(&update, &request, err));
 *     BL_TRY(bl_slots_update_write(&update, fd, err));      or _copy() into a new file
 *
 * Guarantees: the header was opened and authenticated, and the caller's demands held, before anything
 * is changed; every new slot is opened once before anything is written; a blob with slots in areas
 * is changed in place at a cost that does not depend on its size, and at every moment, a crash at any
 * write included, holds the old slots or the new ones.
 * Does not: take a key away from who kept a copy of the blob from before, or the content key: who must
 * not read new content needs a blob sealed anew.
 */
#ifndef BL_SEAL_UPDATE_H
#define BL_SEAL_UPDATE_H

#include "seal/open.h"

struct bl_slots_update {
    struct bl_header header;
    struct bl_blob_binding binding;
    struct bl_opened_header opened;
    const struct bl_opener *opener;
    int64_t now_s;
    struct bl_slot_table table;                    /* as it is to be */
    struct bulla_buffer params[BL_SLOT_COUNT_MAX]; /* of new slots, in the order they were made */
    size_t made_count;
    struct bulla_buffer slots; /* encoded, once they are to be written */
};
void bl_slots_update_done(struct bl_slots_update *update);

/** Read the header of `fd` from its beginning and open it, as bl_unseal_stream() does. `opener` and
 *  what the requests borrow must outlive the update. */
enum bulla_status bl_slots_update_open(struct bl_slots_update *update, int fd,
                                       const struct bl_unseal_requirements *requirements,
                                       const struct bl_opener *opener,
                                       struct bulla_error *err) BULLA_CHECKED;
/** A new slot that opens the blob alone. Its id is chosen here. BULLA_E_LIMIT beyond 64 slots. */
enum bulla_status bl_slots_update_add(struct bl_slots_update *update,
                                      const struct bl_slot_request *request,
                                      struct bulla_error *err) BULLA_CHECKED;
/** A new slot in the place of the one with this id, which stays beside it until `keep_until_s` (its
 *  own expiry, if that comes first), or goes at once (0). NOT_FOUND; NO_SLOT_OPENS where the share of
 *  the old one does not follow from what opened. */
enum bulla_status bl_slots_update_replace(struct bl_slots_update *update,
                                          const uint8_t id[BL_SLOT_ID_SIZE],
                                          const struct bl_slot_request *request,
                                          int64_t keep_until_s,
                                          struct bulla_error *err) BULLA_CHECKED;
/** BULLA_E_NOT_FOUND; SLOT_NEEDED where nothing else opens what it opens. */
enum bulla_status bl_slots_update_remove(struct bl_slots_update *update,
                                         const uint8_t id[BL_SLOT_ID_SIZE],
                                         struct bulla_error *err) BULLA_CHECKED;
/** Take away the slots that have expired and that something else can stand in for. */
enum bulla_status bl_slots_update_sweep(struct bl_slots_update *update, size_t *removed_out,
                                        struct bulla_error *err) BULLA_CHECKED;

/** After the last change: NO_RECOVERY_CHOSEN unless recovery slots are enough, are not wanted or never
 *  were; every new slot is opened; *fits_out says whether they can be written in place. */
enum bulla_status bl_slots_update_finish(struct bl_slots_update *update, bool allow_no_recovery,
                                         bool *fits_out, struct bulla_error *err) BULLA_CHECKED;
/** Into the areas of `fd`, the very blob; durable afterwards. OUTCOME_UNKNOWN after the first area. */
enum bulla_status bl_slots_update_write(const struct bl_slots_update *update, int fd,
                                        struct bulla_error *err) BULLA_CHECKED;
/** The whole blob with its new slots, body copied, from `in_fd` to `out_fd` (empty). */
enum bulla_status bl_slots_update_copy(const struct bl_slots_update *update, int in_fd, int out_fd,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif
