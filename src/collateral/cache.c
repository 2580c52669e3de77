/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/cache.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "collateral/cache_internal.h"
#include "collateral/record.h"
#include "crypto/hash.h"
#include "sys/call.h"
#include "sys/file.h"
#include "sys/path.h"

#define LOCK_MS 30000 /* a writer is at it for milliseconds */
#define VERSION 1

/* -- paths --------------------------------------------------------------------------------------- */

enum bulla_status
bl_cache_path(const struct bl_cache *cache, const char *place, char path[PATH_SIZE],
              struct bulla_error *err)
{
    return bl_path_format(path, PATH_SIZE, cache->directory, place, WHERE, err);
}

/* DIRECTORY/PLACE/DIGEST in hexadecimal: what peers say becomes a hash, never a path. */
static enum bulla_status
path_of(const struct bl_cache *cache, const char *place, const uint8_t digest[DIGEST_SIZE],
        char path[PATH_SIZE], struct bulla_error *err)
{
    char name[16 + FILE_NAME_SIZE + 1];
    int used = snprintf(name, sizeof name, "%s/", place);

    for (size_t i = 0; i < DIGEST_SIZE; i++)
        used += snprintf(name + used, sizeof name - (size_t)used, "%02x", digest[i]);
    return bl_cache_path(cache, name, path, err);
}

enum bulla_status
bl_cache_path_of_text(const struct bl_cache *cache, const char *place, const char *text,
                      char path[PATH_SIZE], struct bulla_error *err)
{
    uint8_t digest[DIGEST_SIZE];
    struct bulla_bytes bytes = { (const uint8_t *)text, strlen(text) };

    BL_TRY(bl_hash_once(BL_SHA256, bytes, digest, err));
    return path_of(cache, place, digest, path, err);
}

static enum bulla_status
make_all(const struct bl_cache *cache, struct bulla_error *err)
{
    static const char *const places[] = { "objects", "entries", "holds" };
    char path[PATH_SIZE];

    BL_TRY(bl_directory_make(cache->directory, 0700, err));
    for (size_t i = 0; i < BL_COUNT_OF(places); i++) {
        BL_TRY(bl_cache_path(cache, places[i], path, err));
        BL_TRY(bl_directory_make(path, 0700, err));
    }
    return BULLA_OK;
}

enum bulla_status
bl_cache_open(const char *directory, bool may_create, struct bl_cache **cache_out,
              struct bulla_error *err)
{
    BL_AUTO_FREE(bl_cache) cache = bl_alloc(1, sizeof *cache);
    char path[PATH_SIZE];
    struct stat status;

    if (cache == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    if (strlen(directory) >= sizeof cache->directory)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "its path is too long", 0);
    strcpy(cache->directory, directory);
    if (may_create)
        BL_TRY(make_all(cache, err));
    BL_TRY(bl_cache_path(cache, "entries", path, err));
    if (BL_CALL(FILE, stat(path, &status)) != 0)
        return bl_fail_errno(err, WHERE, "it is not there");
    *cache_out = cache;
    cache = NULL;
    return BULLA_OK;
}

void
bl_cache_free(struct bl_cache *cache)
{
    bl_free(cache);
}

/* -- entries ------------------------------------------------------------------------------------- */

/* Of bytes that are as they were written: what does not fit is of another version. */
static enum bulla_status
decode_entry(struct bulla_bytes bytes, struct bl_cache_entry *entry_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, WHERE);
    struct bl_cache_entry entry = { 0 };
    const size_t count = bl_cbor_read_array(&r, 5);
    const uint64_t version = bl_cbor_read_uint(&r);
    const struct bulla_bytes name = bl_cbor_read_text(&r, BL_COLLATERAL_NAME_SIZE);

    bl_cbor_read_bytes_exact(&r, entry.body, sizeof entry.body);
    entry.has_issuers = !bl_cbor_read_if_null(&r);
    if (entry.has_issuers)
        bl_cbor_read_bytes_exact(&r, entry.issuers, sizeof entry.issuers);
    entry.fetched_s = bl_cbor_read_int(&r);
    if (count != 5 || version != VERSION)
        bl_reader_fail(&r, "of another version");
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(bl_collateral_name_parse(name, &entry.name, err));
    *entry_out = entry;
    return BULLA_OK;
}

static enum bulla_status
encode_entry(const struct bl_cache_entry *entry, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, 5);
    bl_cbor_write_uint(&w, VERSION);
    bl_cbor_write_text(
        &w, (struct bulla_bytes){ (const uint8_t *)entry->name.text, strlen(entry->name.text) });
    bl_cbor_write_bytes(&w, BL_BYTES_OF(entry->body));
    if (entry->has_issuers)
        bl_cbor_write_bytes(&w, BL_BYTES_OF(entry->issuers));
    else
        bl_cbor_write_null(&w);
    bl_cbor_write_int(&w, entry->fetched_s);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_cache_altered(const char *what, struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_CACHE_ALTERED, WHERE, what);
}

enum bulla_status
bl_cache_read_entry(const char *path, struct bl_cache_entry *entry_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };

    BL_TRY(bl_record_read(path, &content, err));
    if (decode_entry(bulla_buffer_bytes(&content), entry_out, NULL) != BULLA_OK)
        return bl_cache_altered("an entry is of another version, or damaged", err);
    return BULLA_OK;
}

/* -- objects ------------------------------------------------------------------------------------- */

static enum bulla_status
write_object(const struct bl_cache *cache, const struct bulla_buffer *content,
             uint8_t digest_out[DIGEST_SIZE], struct bulla_error *err)
{
    char path[PATH_SIZE];

    BL_TRY(bl_hash_once(BL_SHA256, bulla_buffer_bytes(content), digest_out, err));
    BL_TRY(path_of(cache, "objects", digest_out, path, err));
    return bl_file_replace(path, 0600, bulla_buffer_bytes(content), BL_FILE_REPLACE_EXISTING, err);
}

static enum bulla_status
read_object(const struct bl_cache *cache, const uint8_t digest[DIGEST_SIZE],
            struct bulla_buffer *out, struct bulla_error *err)
{
    uint8_t found[DIGEST_SIZE];
    struct bulla_error failure = { 0 };
    char path[PATH_SIZE];

    BL_TRY(path_of(cache, "objects", digest, path, err));
    enum bulla_status status = bl_file_read(path, BL_COLLATERAL_BODY_SIZE_MAX, out, &failure);
    if (status == BULLA_E_NOT_FOUND)
        return bl_cache_altered("an object is gone", err);
    if (status == BULLA_E_LIMIT)
        return bl_cache_altered("an object is not what was kept", err);
    if (status != BULLA_OK && err != NULL)
        *err = failure;
    BL_TRY(status);
    BL_TRY(bl_hash_once(BL_SHA256, bulla_buffer_bytes(out), found, err));
    if (!bl_equal(BL_BYTES_OF(found), (struct bulla_bytes){ digest, DIGEST_SIZE }))
        return bl_cache_altered("an object is not what was kept", err);
    return BULLA_OK;
}

static enum bulla_status
load(const struct bl_cache *cache, const struct bl_cache_entry *entry,
     struct bl_collateral **object_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_collateral) object = bl_alloc(1, sizeof *object);

    if (object == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    object->name = entry->name;
    object->fetched_s = entry->fetched_s;
    BL_TRY(read_object(cache, entry->body, &object->body, err));
    if (entry->has_issuers)
        BL_TRY(read_object(cache, entry->issuers, &object->issuers, err));
    *object_out = object;
    object = NULL;
    return BULLA_OK;
}

static enum bulla_status
get_once(struct bl_cache *cache, const struct bl_collateral_name *name,
         struct bl_collateral **object_out, struct bulla_error *err)
{
    struct bl_cache_entry entry;
    char path[PATH_SIZE];

    BL_TRY(bl_cache_path_of_text(cache, "entries", name->text, path, err));
    BL_TRY(bl_cache_read_entry(path, &entry, err));
    if (strcmp(entry.name.text, name->text) != 0)
        return bl_cache_altered("an entry is of another name", err);
    return load(cache, &entry, object_out, err);
}

enum bulla_status
bl_cache_get(struct bl_cache *cache, const struct bl_collateral_name *name,
             struct bl_collateral **object_out, struct bulla_error *err)
{
    struct bulla_error failure = { 0 };
    enum bulla_status status = get_once(cache, name, object_out, &failure);

    /* Between entry and object a writer may have put a newer one in place: once more. */
    if (failure.cause == BULLA_CAUSE_CACHE_ALTERED)
        return get_once(cache, name, object_out, err);
    if (status != BULLA_OK && err != NULL)
        *err = failure;
    return status;
}

/* -- all of them --------------------------------------------------------------------------------- */

static bool
is_file_name(const char *name)
{
    return strlen(name) == FILE_NAME_SIZE && strspn(name, "0123456789abcdef") == FILE_NAME_SIZE;
}

enum bulla_status
bl_cache_visit_all(struct bl_cache *cache, const char *place, bl_cache_visit *each, void *context,
                   struct bulla_error *err)
{
    char directory[PATH_SIZE], path[PATH_SIZE];
    enum bulla_status status = BULLA_OK;
    const struct dirent *found;

    BL_TRY(bl_cache_path(cache, place, directory, err));
    DIR *names = bl_fault_point(BL_FAULT_FILE) ? (errno = EIO, NULL) : opendir(directory);
    if (names == NULL)
        return bl_fail_errno(err, WHERE, "it cannot be read");
    while (status == BULLA_OK && (found = readdir(names)) != NULL) {
        if (!is_file_name(found->d_name))
            continue;
        status = bl_path_format(path, sizeof path, directory, found->d_name, WHERE, err);
        if (status == BULLA_OK)
            status = each(cache, path, found->d_name, context, err);
    }
    (void)closedir(names);
    return status;
}

struct reading {
    struct bl_collateral_set *set;
    size_t altered;
};

static enum bulla_status
read_piece(struct bl_cache *cache, const char *path, const char *name, void *context,
           struct bulla_error *err)
{
    struct reading *reading = context;
    BL_AUTO_FREE(bl_collateral) object = NULL;
    struct bulla_error failure = { 0 };
    struct bl_cache_entry entry;

    (void)name;
    enum bulla_status status = bl_cache_read_entry(path, &entry, &failure);
    if (status == BULLA_OK)
        status = bl_cache_get(cache, &entry.name, &object, &failure);
    if (failure.cause == BULLA_CAUSE_CACHE_ALTERED) {
        reading->altered++;
        return BULLA_OK;
    }
    if (status == BULLA_E_NOT_FOUND)
        return BULLA_OK; /* evicted meanwhile */
    if (status == BULLA_OK)
        return bl_collateral_set_put(reading->set, &object, err);
    if (err != NULL)
        *err = failure;
    return status;
}

enum bulla_status
bl_cache_read_all(struct bl_cache *cache, struct bl_collateral_set *set, size_t *altered_out,
                  struct bulla_error *err)
{
    struct reading reading = { .set = set };

    BL_TRY(bl_cache_visit_all(cache, "entries", read_piece, &reading, err));
    *altered_out = reading.altered;
    return BULLA_OK;
}

/* -- putting ------------------------------------------------------------------------------------- */

static enum bulla_status
sweep_killed(const struct bl_cache *cache, struct bulla_error *err)
{
    static const char *const places[] = { "objects", "entries" };
    char path[PATH_SIZE];

    for (size_t i = 0; i < BL_COUNT_OF(places); i++) {
        BL_TRY(bl_cache_path(cache, places[i], path, err));
        BL_TRY(bl_directory_sweep(path, err));
    }
    return BULLA_OK;
}

/* The object first, then the entry that names it: whoever is killed between leaves nothing wrong. */
static enum bulla_status
put(struct bl_cache *cache, const struct bl_collateral *object,
    const struct bl_collateral_facts *facts, bool may_go_back, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_cache_entry entry = { .name = object->name,
                                    .has_issuers = object->issuers.size > 0,
                                    .fetched_s = object->fetched_s };
    char path[PATH_SIZE];

    BL_TRY(bl_cache_raise_number(cache, &object->name, facts->evaluation, may_go_back, err));
    BL_TRY(write_object(cache, &object->body, entry.body, err));
    if (entry.has_issuers)
        BL_TRY(write_object(cache, &object->issuers, entry.issuers, err));
    BL_TRY(encode_entry(&entry, &content, err));
    BL_TRY(bl_cache_path_of_text(cache, "entries", object->name.text, path, err));
    BL_TRY(bl_record_write(path, bulla_buffer_bytes(&content), err));
    BL_TRY(sweep_killed(cache, err));
    return bl_cache_make_room(cache, object->name.text, err);
}

static enum bulla_status
take_lock(const struct bl_cache *cache, struct bl_file_lock *lock, struct bulla_error *err)
{
    char path[PATH_SIZE];

    BL_TRY(bl_cache_path(cache, "lock", path, err));
    return bl_file_lock_take(lock, path, LOCK_MS, err);
}

enum bulla_status
bl_cache_put(struct bl_cache *cache, const struct bl_collateral *object,
             const struct bl_collateral_facts *facts, bool may_go_back, struct bulla_error *err)
{
    struct bl_file_lock lock = BL_FILE_LOCK_NONE;

    if (object->body.size == 0 || object->body.size > BL_COLLATERAL_BODY_SIZE_MAX ||
        object->issuers.size > BL_COLLATERAL_ISSUERS_SIZE_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "empty, or too large", object->body.size);
    BL_TRY(take_lock(cache, &lock, err));
    enum bulla_status status = put(cache, object, facts, may_go_back, err);
    bl_file_lock_done(&lock);
    return status;
}
