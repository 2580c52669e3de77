/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/update.h"
#include "seal/freshness.h"

#include <string.h>

#include "base/memory.h"
#include "seal/assemble.h"
#include "seal/make.h"
#include "seal/slot_area.h"
#include "seal/slot_make.h"
#include "seal/tree_edit.h"
#include "sys/file.h"

static const char where[] = "slots of the sealed blob";

#define COPY_SIZE ((size_t)1 << 20) /* bytes in one read and one write */

void
bl_slots_update_done(struct bl_slots_update *update)
{
    bl_header_done(&update->header);
    bl_opened_header_done(&update->opened);
    for (size_t i = 0; i < BL_SLOT_COUNT_MAX; i++)
        bulla_buffer_done(&update->params[i]);
    bulla_buffer_done(&update->slots);
}

enum bulla_status
bl_slots_update_open(struct bl_slots_update *update, int fd,
                     const struct bl_unseal_requirements *requirements,
                     const struct bl_opener *opener, struct bulla_error *err)
{
    const struct bl_source source = bl_source_fd(&fd);
    BL_AUTO(bl_slot_session) session = { .opener = opener, .now_s = requirements->now_s };

    update->opener = opener;
    update->now_s = requirements->now_s;
    BL_TRY(bl_fd_seek(fd, 0, err));
    BL_TRY(bl_header_read(&source, &update->header, err));
    BL_TRY(bl_blob_bind(update->header.preamble, update->header.core_bytes, &update->binding, err));
    BL_TRY(bl_header_open(&update->header, &update->binding, requirements->slot_types_allowed,
                          &session, &update->opened, err));
    BL_TRY(bl_header_check(&update->header, requirements, err));
    BL_TRY(bl_freshness_demand(&update->header.core.freshness, requirements, opener->tpm, err));
    update->table = update->header.table;
    return BULLA_OK;
}

/* -- changing the table ------------------------------------------------------------------------ */

/* Append a slot with this share to the table; the tree does not know it yet. */
static enum bulla_status
make_slot(struct bl_slots_update *update, const struct bl_slot_request *request,
          const struct bl_secret *share, struct bulla_error *err)
{
    struct bl_slot_table *table = &update->table;
    const size_t made = update->made_count;
    const struct bl_slot_making making = { request, update->opener, &bl_entropy_system,
                                           &update->binding };

    if (table->slot_count == BL_SLOT_COUNT_MAX || made == BL_SLOT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "a blob has at most 64 slots", 0);
    BL_TRY(bl_slot_request_check(request, update->opener, err));
    struct bl_slot *slot = &table->slots[table->slot_count];
    *slot = (struct bl_slot){ 0 };
    bl_slot_describe_request(request, slot);
    BL_TRY(bl_entropy_fill(making.entropy, slot->id, sizeof slot->id, err));
    BL_TRY(bl_slot_wrap(&making, share, &update->params[made], slot, err));
    BL_TRY(bl_slot_try(&making, slot, share, err));
    update->made_count++;
    table->slot_count++;
    return BULLA_OK;
}

enum bulla_status
bl_slots_update_add(struct bl_slots_update *update, const struct bl_slot_request *request,
                    struct bulla_error *err)
{
    BL_TRY(make_slot(update, request, &update->opened.content_key, err));
    return bl_slot_tree_add(&update->table.tree, update->table.slot_count - 1, err);
}

static enum bulla_status
find_slot(const struct bl_slot_table *table, const uint8_t id[BL_SLOT_ID_SIZE], size_t *slot_out,
          struct bulla_error *err)
{
    *slot_out = bl_slot_table_find(table, id);
    if (*slot_out < table->slot_count)
        return BULLA_OK;
    enum bulla_status status = bulla_fail(err, BULLA_E_NOT_FOUND, where, "no slot has this id", 0);
    bulla_error_values(err, bulla_value_bytes((struct bulla_bytes){ id, BL_SLOT_ID_SIZE }),
                       (struct bulla_value){ 0 });
    return status;
}

/* The share of a slot that the blob had when it was opened. */
static enum bulla_status
share_of(const struct bl_slots_update *update, const uint8_t id[BL_SLOT_ID_SIZE],
         struct bl_secret *share_out, struct bulla_error *err)
{
    const struct bl_opened_header *opened = &update->opened;
    const struct bl_slot_table *table = &update->header.table;
    size_t slot = 0;

    BL_TRY(find_slot(table, id, &slot, err));
    if (bl_slot_tree_share_of(&table->tree, opened->states, opened->shares, &opened->content_key,
                              slot, share_out, NULL) == BULLA_OK)
        return BULLA_OK;
    return bulla_fail_cause(err, BULLA_CAUSE_NO_SLOT_OPENS, where,
                            "what opened the blob does not lead to this slot's share");
}

enum bulla_status
bl_slots_update_replace(struct bl_slots_update *update, const uint8_t id[BL_SLOT_ID_SIZE],
                        const struct bl_slot_request *request, int64_t keep_until_s,
                        struct bulla_error *err)
{
    struct bl_slot_table *table = &update->table;
    BL_AUTO(bl_secret) share = { 0 };
    size_t old = 0;

    BL_TRY(share_of(update, id, &share, err));
    BL_TRY(find_slot(table, id, &old, err));
    BL_TRY(make_slot(update, request, &share, err));
    BL_TRY(bl_slot_tree_add_beside(&table->tree, old, table->slot_count - 1, err));
    if (keep_until_s == 0)
        return bl_slots_update_remove(update, id, err);
    struct bl_slot *kept = &table->slots[old];
    if (kept->not_after_s == 0 || keep_until_s < kept->not_after_s)
        kept->not_after_s = keep_until_s;
    return BULLA_OK;
}

static enum bulla_status
remove_at(struct bl_slot_table *table, size_t slot, struct bulla_error *err)
{
    BL_TRY(bl_slot_tree_remove(&table->tree, slot, err));
    table->slot_count--;
    memmove(&table->slots[slot], &table->slots[slot + 1],
            (table->slot_count - slot) * sizeof table->slots[0]);
    return BULLA_OK;
}

enum bulla_status
bl_slots_update_remove(struct bl_slots_update *update, const uint8_t id[BL_SLOT_ID_SIZE],
                       struct bulla_error *err)
{
    size_t slot = 0;

    BL_TRY(find_slot(&update->table, id, &slot, err));
    return remove_at(&update->table, slot, err);
}

enum bulla_status
bl_slots_update_sweep(struct bl_slots_update *update, size_t *removed_out, struct bulla_error *err)
{
    struct bl_slot_table *table = &update->table;

    *removed_out = 0;
    for (size_t i = table->slot_count; i-- > 0;) {
        bool has_expired =
            table->slots[i].not_after_s != 0 && update->now_s > table->slots[i].not_after_s;
        if (!has_expired)
            continue;
        struct bulla_error kept = { 0 };
        enum bulla_status status = remove_at(table, i, &kept);
        if (status == BULLA_OK)
            (*removed_out)++;
        else if (kept.cause != BULLA_CAUSE_SLOT_NEEDED)
            return bulla_fail(err, status, where, "an expired slot could not be taken away", i);
    }
    return BULLA_OK;
}

/* -- writing ----------------------------------------------------------------------------------- */

static struct bl_preamble
facts_of(const struct bl_header *header)
{
    struct bl_preamble facts = { .core_size = header->core_bytes.size,
                                 .slots_size = header->area_size,
                                 .flags = header->area_size > 0 ? BL_BLOB_FLAG_AREAS : 0 };

    memcpy(facts.blob_id, header->blob_id, sizeof facts.blob_id);
    return facts;
}

/* The parts of the header to come; `facts` outlives them. */
static struct bl_blob_header_parts
parts_of(const struct bl_slots_update *update, struct bl_preamble *facts)
{
    return (struct bl_blob_header_parts){ .facts = facts,
                                          .binding = &update->binding,
                                          .prk = &update->opened.prk,
                                          .core = update->header.core_bytes };
}

static bool
fits_in_place(const struct bl_slots_update *update)
{
    return update->header.area_size >= BL_AREA_OVERHEAD &&
           update->slots.size <= update->header.area_size - BL_AREA_OVERHEAD;
}

/* The whole new header, with larger areas where those that stand do not suffice. */
static enum bulla_status
assemble(const struct bl_slots_update *update, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_preamble facts = facts_of(&update->header);
    const struct bl_blob_header_parts parts = parts_of(update, &facts);

    if (facts.slots_size > 0 && !fits_in_place(update))
        facts.slots_size = bl_area_size_for(update->slots.size);
    return bl_header_assemble(&parts, bulla_buffer_bytes(&update->slots),
                              update->header.slots_epoch + 1, out, err);
}

enum bulla_status
bl_slots_update_finish(struct bl_slots_update *update, bool allow_no_recovery, bool *fits_out,
                       struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_header) decoded = { 0 };

    /* What was sealed without a recovery was so on purpose. */
    bool had_recovery = bl_slot_table_check(&update->header.table, false, NULL) == BULLA_OK;
    BL_TRY(bl_slot_table_check(&update->table, allow_no_recovery || !had_recovery, err));
    if (update->header.slots_epoch == UINT64_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "changed too often", 0);
    bulla_buffer_clear(&update->slots);
    BL_TRY(bl_slot_table_encode(&update->table, &update->slots, err));
    BL_TRY(assemble(update, &bytes, err));
    BL_TRY(bl_header_decode(bulla_buffer_bytes(&bytes), &decoded, err));
    BL_TRY(bl_header_verify(&decoded, &update->binding, &update->opened.prk, err));
    *fits_out = fits_in_place(update);
    return BULLA_OK;
}

static enum bulla_status
write_area(int fd, uint64_t offset, struct bulla_bytes area, struct bulla_error *err)
{
    BL_TRY(bl_fd_write_at(fd, offset, area, err));
    return bl_fd_sync(fd, err);
}

/* The area that does not count first: until it is whole and durable, the other holds the old slots.
 * Then the other, so that the old slots are nowhere in the file. */
enum bulla_status
bl_slots_update_write(const struct bl_slots_update *update, int fd, struct bulla_error *err)
{
    const struct bl_header *header = &update->header;
    struct bl_preamble facts = facts_of(header);
    const struct bl_blob_header_parts parts = parts_of(update, &facts);
    BL_AUTO(bulla_buffer) area = { 0 };
    const uint64_t start = BL_BLOB_PREAMBLE_SIZE + header->core_bytes.size;

    if (!fits_in_place(update))
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no room in place", update->slots.size);
    BL_TRY(bl_area_assemble(&parts, bulla_buffer_bytes(&update->slots), header->slots_epoch + 1,
                            &area, err));
    const uint64_t counting = start + header->area * (uint64_t)header->area_size;
    const uint64_t other = start + (1 - header->area) * (uint64_t)header->area_size;
    BL_TRY(write_area(fd, other, bulla_buffer_bytes(&area), err));
    if (write_area(fd, counting, bulla_buffer_bytes(&area), NULL) != BULLA_OK)
        return bulla_fail(err, BULLA_E_OUTCOME_UNKNOWN, where,
                          "changed, but the slots from before are in the file as well", 0);
    return BULLA_OK;
}

enum bulla_status
bl_slots_update_copy(const struct bl_slots_update *update, int in_fd, int out_fd,
                     struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) header = { 0 };
    BL_AUTO(bulla_buffer) block = { 0 };
    uint8_t *place = NULL;
    size_t size = 0;

    BL_TRY(assemble(update, &header, err));
    BL_TRY(bl_fd_write(out_fd, bulla_buffer_bytes(&header), err));
    BL_TRY(bl_fd_seek(in_fd, update->header.bytes.size, err));
    BL_TRY(bulla_buffer_extend(&block, COPY_SIZE, &place, err));
    do {
        BL_TRY(bl_fd_read(in_fd, place, COPY_SIZE, &size, err));
        BL_TRY(bl_fd_write(out_fd, (struct bulla_bytes){ place, size }, err));
    } while (size == COPY_SIZE);
    return BULLA_OK;
}
