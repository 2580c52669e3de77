/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/cache_numbers.c: the highest tcbEvaluationDataNumber of each name, which does not go back
 * unless told.
 */
#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "collateral/cache_internal.h"
#include "collateral/record.h"

struct number {
    struct bulla_bytes name; /* borrowed from the record */
    uint64_t value;
};

struct numbers {
    struct bulla_buffer record;
    struct number items[BL_CACHE_NUMBER_COUNT_MAX];
    size_t count;
};

static void
numbers_free(struct numbers *numbers)
{
    if (numbers != NULL)
        bulla_buffer_done(&numbers->record);
    bl_free(numbers);
}
BL_DEFINE_FREEP(numbers)

static enum bulla_status
decode_numbers(struct numbers *numbers)
{
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&numbers->record), WHERE);
    struct bl_cbor_map map = bl_cbor_read_map(&r, BL_CACHE_NUMBER_COUNT_MAX);
    struct number item = { { NULL, 0 }, 0 };

    while (bl_cbor_map_next_text(&r, &map, BL_COLLATERAL_NAME_SIZE, &item.name)) {
        item.value = bl_cbor_read_uint(&r);
        numbers->items[numbers->count++] = item;
    }
    return bl_reader_finish(&r, NULL);
}

/* None yet is no number; damaged is an error. */
static enum bulla_status
read_numbers(const struct bl_cache *cache, struct numbers **numbers_out, struct bulla_error *err)
{
    BL_AUTO_FREE(numbers) numbers = bl_alloc(1, sizeof *numbers);
    struct bulla_error failure = { 0 };
    char path[PATH_SIZE];

    if (numbers == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    BL_TRY(bl_cache_path(cache, "numbers", path, err));
    enum bulla_status status = bl_record_read(path, &numbers->record, &failure);
    if (status != BULLA_OK && status != BULLA_E_NOT_FOUND) {
        if (err != NULL)
            *err = failure;
        return status;
    }
    if (status == BULLA_OK && decode_numbers(numbers) != BULLA_OK)
        return bl_cache_altered("the remembered numbers are damaged", err);
    *numbers_out = numbers;
    numbers = NULL;
    return BULLA_OK;
}

/* In the order of the encoded keys: shorter first, then by their bytes. */
static int
compare(struct bulla_bytes a, struct bulla_bytes b)
{
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return memcmp(a.data, b.data, a.size);
}

static struct number *
find_number(struct numbers *numbers, struct bulla_bytes name)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (compare(numbers->items[i].name, name) == 0)
            return &numbers->items[i];
    return NULL;
}

static enum bulla_status
set_number(struct numbers *numbers, struct bulla_bytes name, uint64_t value,
           struct bulla_error *err)
{
    struct number *found = find_number(numbers, name);
    size_t place = 0;

    if (found != NULL) {
        found->value = value;
        return BULLA_OK;
    }
    if (numbers->count == BL_CACHE_NUMBER_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "too many numbers to remember",
                          numbers->count);
    while (place < numbers->count && compare(numbers->items[place].name, name) < 0)
        place++;
    memmove(numbers->items + place + 1, numbers->items + place,
            (numbers->count - place) * sizeof numbers->items[0]);
    numbers->items[place] = (struct number){ name, value };
    numbers->count++;
    return BULLA_OK;
}

static enum bulla_status
write_numbers(const struct bl_cache *cache, const struct numbers *numbers, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_writer w = bl_writer(&content);
    char path[PATH_SIZE];

    bl_cbor_write_map(&w, numbers->count);
    for (size_t i = 0; i < numbers->count; i++) {
        bl_cbor_write_text(&w, numbers->items[i].name);
        bl_cbor_write_uint(&w, numbers->items[i].value);
    }
    BL_TRY(bl_writer_finish(&w, err));
    BL_TRY(bl_cache_path(cache, "numbers", path, err));
    return bl_record_write(path, bulla_buffer_bytes(&content), err);
}

static struct bulla_bytes
text_of_name(const struct bl_collateral_name *name)
{
    return (struct bulla_bytes){ (const uint8_t *)name->text, strlen(name->text) };
}

enum bulla_status
bl_cache_number(struct bl_cache *cache, const struct bl_collateral_name *name,
                struct bl_claim_number *number_out, struct bulla_error *err)
{
    BL_AUTO_FREE(numbers) numbers = NULL;

    BL_TRY(read_numbers(cache, &numbers, err));
    const struct number *found = find_number(numbers, text_of_name(name));
    *number_out = found == NULL ? (struct bl_claim_number){ 0 }
                                : (struct bl_claim_number){ true, found->value };
    return BULLA_OK;
}

/* Several numbers are valid at once, and whoever serves them may serve the oldest. */
enum bulla_status
bl_cache_raise_number(const struct bl_cache *cache, const struct bl_collateral_name *name,
                      struct bl_claim_number evaluation, bool may_go_back, struct bulla_error *err)
{
    BL_AUTO_FREE(numbers) numbers = NULL;

    if (!evaluation.is_present)
        return BULLA_OK;
    BL_TRY(read_numbers(cache, &numbers, err));
    const struct number *found = find_number(numbers, text_of_name(name));
    if (found != NULL && found->value == evaluation.value)
        return BULLA_OK;
    if (found != NULL && evaluation.value < found->value && !may_go_back) {
        enum bulla_status status = bulla_fail_cause(
            err, BULLA_CAUSE_COLLATERAL_OLDER, WHERE,
            "of an older evaluation (tcbEvaluationDataNumber) than was seen before");
        bulla_error_values(err, bulla_value_number(evaluation.value),
                           bulla_value_number(found->value));
        return status;
    }
    BL_TRY(set_number(numbers, text_of_name(name), evaluation.value, err));
    return write_numbers(cache, numbers, err);
}
