/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/secret.c: small secrets share one locked arena, large ones get a mapping of their own.
 *
 * Each mapping has an inaccessible page on both sides. The arena is handed out in cells of 64
 * bytes, marked in a bitmap under a mutex: a named global above the line (tools/layers.json).
 */
#include "base/secret.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "base/memory.h"

#define PAGE_SIZE ((size_t)4096)
#define CELL_SIZE ((size_t)64)
#define CELL_COUNT ((size_t)512) /* 32 KiB: half of the smallest usual RLIMIT_MEMLOCK */
#define ARENA_SIZE (CELL_SIZE * CELL_COUNT)
#define ARENA_SECRET_MAX ((size_t)1024) /* bytes; larger secrets get a mapping */

static struct {
    pthread_mutex_t mutex;
    uint8_t *start;
    bool used[CELL_COUNT];
} arena = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static atomic_bool lock_failed;

static size_t
mapping_size(size_t size)
{
    return (size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
}

static uint8_t *
map_guarded(size_t size)
{
    size_t inner = mapping_size(size);
    uint8_t *outer = mmap(NULL, inner + 2 * PAGE_SIZE, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (outer == MAP_FAILED)
        return NULL;
    uint8_t *start = outer + PAGE_SIZE;
    if (mprotect(start, inner, PROT_READ | PROT_WRITE) != 0 ||
        madvise(start, inner, MADV_DONTDUMP) != 0 || madvise(start, inner, MADV_WIPEONFORK) != 0) {
        munmap(outer, inner + 2 * PAGE_SIZE);
        return NULL;
    }
    if (mlock(start, inner) != 0)
        atomic_store(&lock_failed, true);
    return start;
}

static void
unmap_guarded(uint8_t *start, size_t size)
{
    munmap(start - PAGE_SIZE, mapping_size(size) + 2 * PAGE_SIZE);
}

/* First run of `count` free cells, or CELL_COUNT. */
static size_t
find_cells(size_t count)
{
    size_t run = 0;

    for (size_t i = 0; i < CELL_COUNT; i++) {
        run = arena.used[i] ? 0 : run + 1;
        if (run == count)
            return i + 1 - count;
    }
    return CELL_COUNT;
}

static uint8_t *
arena_take(size_t size)
{
    size_t count = (size + CELL_SIZE - 1) / CELL_SIZE;
    uint8_t *taken = NULL;

    pthread_mutex_lock(&arena.mutex);
    if (arena.start == NULL)
        arena.start = map_guarded(ARENA_SIZE);
    size_t first = arena.start == NULL ? CELL_COUNT : find_cells(count);
    if (first < CELL_COUNT) {
        memset(arena.used + first, true, count);
        taken = arena.start + first * CELL_SIZE;
    }
    pthread_mutex_unlock(&arena.mutex);
    return taken;
}

/* True if the memory was the arena's. */
static bool
arena_give_back(const uint8_t *data, size_t size)
{
    bool ours = false;

    pthread_mutex_lock(&arena.mutex);
    if (arena.start != NULL && data >= arena.start && data < arena.start + ARENA_SIZE) {
        size_t first = (size_t)(data - arena.start) / CELL_SIZE;
        memset(arena.used + first, false, (size + CELL_SIZE - 1) / CELL_SIZE);
        ours = true;
    }
    pthread_mutex_unlock(&arena.mutex);
    return ours;
}

/* A secret remembers how much it was given in the word before it, so that shortening is safe. */
struct header {
    size_t size; /* bytes given, header included */
};
#define HEADER_SIZE CELL_SIZE

enum bulla_status
bl_secret_new(struct bl_secret *secret, size_t size, struct bulla_error *err)
{
    if (secret->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "secret", "already in use", 0);
    if (size > BL_SECRET_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "secret", "too large", size);

    size_t given = size + HEADER_SIZE;
    uint8_t *memory = NULL;
    if (!bl_fault_point(BL_FAULT_MEMORY)) {
        if (given <= ARENA_SECRET_MAX)
            memory = arena_take(given);
        if (memory == NULL)
            memory = map_guarded(given);
    }
    if (memory == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "secret", "out of memory", size);
    struct header header = { .size = given };
    memcpy(memory, &header, sizeof header);
    *secret = (struct bl_secret){ memory + HEADER_SIZE, size };
    return BULLA_OK;
}

enum bulla_status
bl_secret_copy(struct bl_secret *secret, struct bulla_bytes bytes, struct bulla_error *err)
{
    BL_TRY(bl_secret_new(secret, bytes.size, err));
    if (bytes.size > 0)
        memcpy(secret->data, bytes.data, bytes.size);
    return BULLA_OK;
}

void
bl_secret_shorten(struct bl_secret *secret, size_t size)
{
    if (size >= secret->size)
        return;
    bl_wipe(secret->data + size, secret->size - size);
    secret->size = size;
}

void
bl_secret_done(struct bl_secret *secret)
{
    if (secret->data == NULL)
        return;
    uint8_t *memory = secret->data - HEADER_SIZE;
    struct header header;
    memcpy(&header, memory, sizeof header);
    bl_wipe(memory, header.size);
    if (!arena_give_back(memory, header.size))
        unmap_guarded(memory, header.size);
    *secret = (struct bl_secret){ 0 };
}

struct bl_secret
bl_secret_take(struct bl_secret *secret)
{
    struct bl_secret taken = *secret;

    *secret = (struct bl_secret){ 0 };
    return taken;
}

bool
bl_secret_is_locked(void)
{
    return !atomic_load(&lock_failed);
}
