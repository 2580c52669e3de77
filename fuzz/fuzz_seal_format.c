/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever header is taken has one encoding: its core and its slots, encoded again from the values,
 * are the same bytes where nothing optional was passed over; and every slot is in the tree.
 */
#include "fuzz.h"

#include "seal/format.h"
#include "seal/tree.h"

static void
check_tree(const struct bl_slot_table *table)
{
    enum bl_slot_state states[BL_SLOT_COUNT_MAX] = { 0 };

    for (size_t i = 0; i < table->slot_count; i++) {
        FUZZ_ASSERT(table->slots[i].params.size > 0);
        FUZZ_ASSERT(bl_slot_tree_wants(&table->tree, states, i));
    }
    FUZZ_ASSERT(!bl_slot_tree_is_satisfied(&table->tree, states));
    for (size_t i = 0; i < table->slot_count; i++)
        states[i] = BL_SLOT_OPENED;
    FUZZ_ASSERT(bl_slot_tree_is_satisfied(&table->tree, states));
}

/* Encoded again it is never longer, and the same if it is as long. */
static void
check_encoding(const struct bl_header *header)
{
    BL_AUTO(bulla_buffer) core = { 0 };
    BL_AUTO(bulla_buffer) slots = { 0 };

    FUZZ_ASSERT(bl_core_encode(&header->core, &core, NULL) == BULLA_OK);
    FUZZ_ASSERT(core.size <= header->core_bytes.size);
    FUZZ_ASSERT(core.size < header->core_bytes.size ||
                fuzz_same_bytes(bulla_buffer_bytes(&core), header->core_bytes));
    FUZZ_ASSERT(bl_slot_table_encode(&header->table, &slots, NULL) == BULLA_OK);
    FUZZ_ASSERT(slots.size <= header->covered.size);
    FUZZ_ASSERT(slots.size < header->covered.size ||
                fuzz_same_bytes(bulla_buffer_bytes(&slots), header->covered));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bl_header) header = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_header_decode((struct bulla_bytes){ data, size }, &header, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        FUZZ_ASSERT(header.bytes.data == NULL);
        return 0;
    }
    FUZZ_ASSERT(header.bytes.size <= size);
    check_tree(&header.table);
    check_encoding(&header);
    return 0;
}
