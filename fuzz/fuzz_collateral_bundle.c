/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator signed, as if he had signed anything: whatever is taken is written as the very same
 * bytes again, has each name once, and nothing in it is empty. Without his signature nothing is taken.
 */
#include "fuzz_key.h"

#include "collateral/bundle.h"

static void
check_pieces(const struct bl_collateral_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        struct bl_collateral_name name;
        struct bulla_bytes text = { (const uint8_t *)set->items[i]->name.text,
                                    strlen(set->items[i]->name.text) };
        FUZZ_ASSERT(set->items[i]->body.size > 0);
        FUZZ_ASSERT(bl_collateral_name_parse(text, &name, NULL) == BULLA_OK);
        FUZZ_ASSERT(i == 0 || strcmp(set->items[i - 1]->name.text, name.text) < 0);
    }
}

static void
check_unsigned(struct bulla_bytes bytes)
{
    BL_AUTO_FREE(bl_collateral_set) set = bl_collateral_set_new();
    struct bulla_error err = { 0 };
    int64_t created_s = 0;

    FUZZ_ASSERT(set != NULL);
    enum bulla_status status = bl_bundle_open(bytes, fuzz_known_key(), set, &created_s, &err);
    FUZZ_ASSERT(status != BULLA_OK && set->count == 0);
    fuzz_check_refusal(status, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO_FREE(bl_collateral_set) set = bl_collateral_set_new();
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bulla_error err = { 0 };
    int64_t created_s = 0;

    FUZZ_ASSERT(set != NULL);
    check_unsigned((struct bulla_bytes){ data, size });
    enum bulla_status status =
        bl_bundle_decode((struct bulla_bytes){ data, size }, set, &created_s, &err);
    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    check_pieces(set);
    FUZZ_ASSERT(bl_bundle_encode(set, created_s, &again, NULL) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&again), (struct bulla_bytes){ data, size }));
    return 0;
}
