/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/memo.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/hash.h"

#define PART_COUNT_MAX 5

struct entry {
    uint8_t key[BL_MEMO_KEY_SIZE];
    uint64_t used_at; /* the memo's count; 0: free */
    void *value;
    void (*release)(void *value);
};

struct bl_memo {
    size_t capacity;
    uint64_t count; /* of uses so far */
    struct entry entries[];
};

enum bulla_status
bl_memo_new(size_t capacity, struct bl_memo **memo_out, struct bulla_error *err)
{
    struct bl_memo *memo = NULL;

    if (capacity > 0 && capacity <= (SIZE_MAX - sizeof *memo) / sizeof memo->entries[0])
        memo = bl_alloc(1, sizeof *memo + capacity * sizeof memo->entries[0]);
    if (memo == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "memo", "out of memory", capacity);
    memo->capacity = capacity;
    *memo_out = memo;
    return BULLA_OK;
}

static void
entry_done(struct entry *entry)
{
    if (entry->used_at != 0 && entry->release != NULL)
        entry->release(entry->value);
    *entry = (struct entry){ 0 };
}

void
bl_memo_free(struct bl_memo *memo)
{
    for (size_t i = 0; memo != NULL && i < memo->capacity; i++)
        entry_done(&memo->entries[i]);
    bl_free(memo);
}

enum bulla_status
bl_memo_key(const char *label, const struct bulla_bytes *arguments, size_t count,
            uint8_t key_out[BL_MEMO_KEY_SIZE], struct bulla_error *err)
{
    uint64_t sizes[2 + PART_COUNT_MAX] = { count, strlen(label) };
    struct bulla_bytes parts[2 + PART_COUNT_MAX] = { BL_BYTES_OF(sizes),
                                                     { (const uint8_t *)label, strlen(label) } };

    if (count > PART_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "memo", "too many arguments", count);
    for (size_t i = 0; i < count; i++) {
        sizes[2 + i] = arguments[i].size;
        parts[2 + i] = arguments[i];
    }
    return bl_hash_parts(BL_SHA256, parts, 2 + count, key_out, err);
}

static struct entry *
find(struct bl_memo *memo, const uint8_t key[BL_MEMO_KEY_SIZE])
{
    for (size_t i = 0; i < memo->capacity; i++)
        if (memo->entries[i].used_at != 0 &&
            memcmp(memo->entries[i].key, key, BL_MEMO_KEY_SIZE) == 0)
            return &memo->entries[i];
    return NULL;
}

void *
bl_memo_find(struct bl_memo *memo, const uint8_t key[BL_MEMO_KEY_SIZE])
{
    struct entry *entry = memo != NULL ? find(memo, key) : NULL;

    if (entry == NULL)
        return NULL;
    entry->used_at = ++memo->count;
    return entry->value;
}

/* A free one, or the one that was not used for the longest time. */
static struct entry *
make_room(struct bl_memo *memo)
{
    struct entry *oldest = &memo->entries[0];

    for (size_t i = 1; i < memo->capacity && oldest->used_at != 0; i++)
        if (memo->entries[i].used_at < oldest->used_at)
            oldest = &memo->entries[i];
    entry_done(oldest);
    return oldest;
}

bool
bl_memo_keep(struct bl_memo *memo, const uint8_t key[BL_MEMO_KEY_SIZE], void *value,
             void (*release)(void *value))
{
    if (memo == NULL || find(memo, key) != NULL)
        return false;
    struct entry *entry = make_room(memo);
    *entry = (struct entry){ .used_at = ++memo->count, .value = value, .release = release };
    memcpy(entry->key, key, BL_MEMO_KEY_SIZE);
    return true;
}

void
bl_memo_note(struct bl_memo *memo, const uint8_t key[BL_MEMO_KEY_SIZE])
{
    (void)bl_memo_keep(memo, key, memo, NULL);
}
