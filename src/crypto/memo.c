/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/memo.h"

#include <string.h>

#include "base/memory.h"

#define TAIL_SIZE 8 /* bytes at the end of an argument that tell most of them apart */

struct entry {
    const char *function;
    uint64_t used_at; /* the memo's count; 0: free */
    uint64_t mark;
    size_t sizes[BL_MEMO_ARGUMENT_COUNT_MAX];
    uint8_t *bytes; /* of the arguments, one behind the other */
    void *value;
    void (*release)(void *value);
};

struct bl_memo {
    size_t capacity;
    size_t size_max;
    size_t size;    /* of all arguments */
    uint64_t count; /* of uses so far */
    struct entry entries[];
};

enum bulla_status
bl_memo_new(size_t capacity, size_t size_max, struct bl_memo **memo_out, struct bulla_error *err)
{
    struct bl_memo *memo = NULL;

    if (capacity > 0 && capacity <= (SIZE_MAX - sizeof *memo) / sizeof memo->entries[0])
        memo = bl_alloc(1, sizeof *memo + capacity * sizeof memo->entries[0]);
    if (memo == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "memo", "out of memory", capacity);
    memo->capacity = capacity;
    memo->size_max = size_max;
    *memo_out = memo;
    return BULLA_OK;
}

static size_t
entry_size(const struct entry *entry)
{
    size_t size = 0;

    for (size_t i = 0; i < BL_MEMO_ARGUMENT_COUNT_MAX; i++)
        size += entry->sizes[i];
    return size;
}

static void
entry_done(struct bl_memo *memo, struct entry *entry)
{
    if (entry->used_at == 0)
        return;
    if (entry->release != NULL)
        entry->release(entry->value);
    memo->size -= entry_size(entry);
    bl_free(entry->bytes);
    *entry = (struct entry){ 0 };
}

void
bl_memo_free(struct bl_memo *memo)
{
    for (size_t i = 0; memo != NULL && i < memo->capacity; i++)
        entry_done(memo, &memo->entries[i]);
    bl_free(memo);
}

/* Of sizes and ends: which entries are worth comparing. */
static uint64_t
mark_of(const struct bl_memo_question *question)
{
    uint64_t mark = 0;

    for (size_t i = 0; i < BL_MEMO_ARGUMENT_COUNT_MAX; i++) {
        const struct bulla_bytes *argument = &question->arguments[i];
        uint64_t tail = 0;
        if (argument->size >= TAIL_SIZE)
            memcpy(&tail, argument->data + argument->size - TAIL_SIZE, TAIL_SIZE);
        mark = (mark + tail + argument->size) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / phi */
    }
    return mark;
}

static bool
is_same(const struct entry *entry, const struct bl_memo_question *question)
{
    const uint8_t *bytes = entry->bytes;

    if (strcmp(entry->function, question->function) != 0)
        return false;
    for (size_t i = 0; i < BL_MEMO_ARGUMENT_COUNT_MAX; i++) {
        const struct bulla_bytes *argument = &question->arguments[i];
        if (entry->sizes[i] != argument->size ||
            (argument->size > 0 && memcmp(bytes, argument->data, argument->size) != 0))
            return false;
        bytes += entry->sizes[i];
    }
    return true;
}

static struct entry *
find(struct bl_memo *memo, const struct bl_memo_question *question, uint64_t mark)
{
    for (size_t i = 0; i < memo->capacity; i++) {
        struct entry *entry = &memo->entries[i];
        if (entry->mark == mark && entry->used_at != 0 && is_same(entry, question))
            return entry;
    }
    return NULL;
}

void *
bl_memo_find(struct bl_memo *memo, const struct bl_memo_question *question)
{
    struct entry *entry = memo != NULL ? find(memo, question, mark_of(question)) : NULL;

    if (entry == NULL)
        return NULL;
    entry->used_at = ++memo->count;
    return entry->value;
}

static struct entry *
find_oldest(struct bl_memo *memo)
{
    struct entry *oldest = &memo->entries[0];

    for (size_t i = 1; i < memo->capacity; i++)
        if (memo->entries[i].used_at != 0 &&
            (oldest->used_at == 0 || memo->entries[i].used_at < oldest->used_at))
            oldest = &memo->entries[i];
    return oldest;
}

/* A free entry, and room for its bytes: what was not used for the longest time goes. */
static struct entry *
make_room(struct bl_memo *memo, size_t size)
{
    while (memo->size_max - memo->size < size)
        entry_done(memo, find_oldest(memo));
    for (size_t i = 0; i < memo->capacity; i++)
        if (memo->entries[i].used_at == 0)
            return &memo->entries[i];
    struct entry *oldest = find_oldest(memo);
    entry_done(memo, oldest);
    return oldest;
}

/* False if they are together larger than all there is room for. */
static bool
fits(const struct bl_memo *memo, const struct bl_memo_question *question, size_t *size_out)
{
    size_t size = 0;

    for (size_t i = 0; i < BL_MEMO_ARGUMENT_COUNT_MAX; i++) {
        if (question->arguments[i].size > memo->size_max - size)
            return false;
        size += question->arguments[i].size;
    }
    *size_out = size;
    return true;
}

static void
fill(struct entry *entry, const struct bl_memo_question *question, uint8_t *bytes)
{
    entry->function = question->function;
    entry->mark = mark_of(question);
    entry->bytes = bytes;
    for (size_t i = 0; i < BL_MEMO_ARGUMENT_COUNT_MAX; i++) {
        const struct bulla_bytes *argument = &question->arguments[i];
        entry->sizes[i] = argument->size;
        if (argument->size > 0)
            memcpy(bytes, argument->data, argument->size);
        bytes += argument->size;
    }
}

static enum bulla_status
keep(struct bl_memo *memo, const struct bl_memo_question *question, void *value,
     void (*release)(void *value), bool *is_kept_out, struct bulla_error *err)
{
    size_t size = 0;

    if (memo == NULL || !fits(memo, question, &size) ||
        find(memo, question, mark_of(question)) != NULL)
        return BULLA_OK;
    uint8_t *bytes = bl_alloc(1, size > 0 ? size : 1);
    if (bytes == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "memo", "out of memory", size);
    struct entry *entry = make_room(memo, size);
    fill(entry, question, bytes);
    entry->used_at = ++memo->count;
    entry->value = value;
    entry->release = release;
    memo->size += size;
    *is_kept_out = true;
    return BULLA_OK;
}

enum bulla_status
bl_memo_note(struct bl_memo *memo, const struct bl_memo_question *question, struct bulla_error *err)
{
    bool ignored = false;

    return keep(memo, question, memo, NULL, &ignored, err);
}

enum bulla_status
bl_memo_keep(struct bl_memo *memo, const struct bl_memo_question *question, void *value,
             void (*release)(void *value), struct bulla_error *err)
{
    bool is_kept = false;
    enum bulla_status status = keep(memo, question, value, release, &is_kept, err);

    if (!is_kept)
        release(value);
    return status;
}
