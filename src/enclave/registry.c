/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave/registry.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/path.h"
#include "sys/process.h"
#include "sys/socket.h"

#define WHERE "list of enclaves"
#define KIND BL_LITERAL("bulla-enclave/2")
#define FIELD_COUNT 9
#define KIND_BEFORE \
    BL_LITERAL("bulla-enclave/1") /* a monitor that runs on while bulla is renewed */
#define FIELD_COUNT_BEFORE 8
#define RECORD_SIZE_MAX 4096u /* bytes: two paths and a few numbers */
#define LOCK_NAME ".lock"
#define LOCK_TIMEOUT_MS 10000

/* -- one record --------------------------------------------------------------------------------- */

static void
write_text(struct bl_writer *w, const char *text)
{
    bl_cbor_write_text(w, (struct bulla_bytes){ (const uint8_t *)text, strlen(text) });
}

enum bulla_status
bl_enclave_record_encode(const struct bl_enclave_record *record, struct bulla_buffer *out,
                         struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, FIELD_COUNT);
    bl_cbor_write_text(&w, KIND);
    write_text(&w, record->name);
    bl_cbor_write_uint(&w, (uint64_t)record->pid);
    bl_cbor_write_uint(&w, record->start_ticks);
    bl_cbor_write_int(&w, record->started_s);
    write_text(&w, record->state_directory);
    write_text(&w, record->log_path);
    bl_cbor_write_bool(&w, record->ready);
    bl_cbor_write_uint(&w, record->health);
    return bl_writer_finish(&w, err);
}

/* Text without zero bytes into `size` bytes, terminator included. */
static void
read_text(struct bl_reader *r, char *out, size_t size)
{
    struct bulla_bytes text = bl_cbor_read_text(r, size - 1);

    if (text.size == 0 || memchr(text.data, 0, text.size) != NULL)
        bl_reader_fail(r, "an empty text, or one with a zero");
    else
        memcpy(out, text.data, text.size);
}

/* A record's name is a file's: a DNS label has neither slashes nor dots. */
static bool
name_is_valid(const char *name)
{
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

    return size > 0 && size <= BL_MANIFEST_NAME_SIZE_MAX && name[size] == '\0';
}

enum bulla_status
bl_enclave_record_decode(struct bulla_bytes bytes, struct bl_enclave_record *out,
                         struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "record of an enclave");
    struct bl_enclave_record record = { 0 };

    size_t field_count = bl_cbor_read_array(&r, FIELD_COUNT);
    struct bulla_bytes kind = bl_cbor_read_text(&r, KIND.size);
    if (!(field_count == FIELD_COUNT && bl_equal(kind, KIND)) &&
        !(field_count == FIELD_COUNT_BEFORE && bl_equal(kind, KIND_BEFORE)))
        bl_reader_fail(&r, "not a record that we know");
    read_text(&r, record.name, sizeof record.name);
    uint64_t pid = bl_cbor_read_uint(&r);
    record.start_ticks = bl_cbor_read_uint(&r);
    record.started_s = bl_cbor_read_int(&r);
    read_text(&r, record.state_directory, sizeof record.state_directory);
    read_text(&r, record.log_path, sizeof record.log_path);
    record.ready = bl_cbor_read_bool(&r);
    uint64_t health = field_count == FIELD_COUNT ? bl_cbor_read_uint(&r) : BL_HEALTH_NONE;
    BL_TRY(bl_reader_finish(&r, err));
    if (health > BL_HEALTH_FAILING)
        return bulla_fail(err, BULLA_E_MALFORMED, r.where, "a health that nobody knows", 0);
    record.health = (enum bl_health_state)health;
    if (pid < 2 || pid > INT32_MAX || !name_is_valid(record.name))
        return bulla_fail(err, BULLA_E_MALFORMED, r.where, "neither a process nor a name", 0);
    record.pid = (pid_t)pid;
    *out = record;
    return BULLA_OK;
}

/* -- who lives ---------------------------------------------------------------------------------- */

/* When a process was started, in ticks since the boot: field 22 of proc(5)'s stat, where field 2 may
 * hold anything in parentheses. */
static enum bulla_status
start_ticks(pid_t pid, uint64_t *ticks_out, struct bulla_error *err)
{
    char path[32]; /* "/proc/2147483647/stat" */
    BL_AUTO(bulla_buffer) text = { 0 };

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    BL_TRY(bl_file_read(path, RECORD_SIZE_MAX, &text, err));
    BL_TRY(bulla_buffer_append(&text, BL_BYTES_OF("\0"), err));
    const char *at = strrchr((const char *)text.data, ')');
    for (unsigned field = 2; at != NULL && field < 22; field++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return bulla_fail(err, BULLA_E_IO, WHERE, "a process of unknown age", 0);
    *ticks_out = strtoull(at + 1, NULL, 10);
    return BULLA_OK;
}

static bool
lives(const struct bl_enclave_record *record)
{
    struct bulla_error ignored = { 0 };
    uint64_t ticks = 0;

    return start_ticks(record->pid, &ticks, &ignored) == BULLA_OK && ticks == record->start_ticks;
}

/* -- the directory ------------------------------------------------------------------------------ */

/* BULLA_E_NOT_FOUND also for the record of one that is dead, or that nobody can read. */
static enum bulla_status
read_record(const char *directory, const char *name, struct bl_enclave_record *out,
            struct bulla_error *err)
{
    char path[BL_REGISTRY_PATH_SIZE_MAX + 1];
    struct bulla_error ignored = { 0 };
    struct bl_enclave_record record = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    if (!name_is_valid(name))
        return bulla_fail(err, BULLA_E_NOT_FOUND, WHERE, "not a name of an enclave", 0);
    BL_TRY(bl_path_format(path, sizeof path, directory, name, WHERE, err));
    enum bulla_status status = bl_file_read(path, RECORD_SIZE_MAX, &bytes, &ignored);
    if (status == BULLA_E_MEMORY)
        return bulla_fail(err, status, WHERE, "out of memory", 0);
    if (status != BULLA_OK ||
        bl_enclave_record_decode(bulla_buffer_bytes(&bytes), &record, &ignored) != BULLA_OK ||
        strcmp(record.name, name) != 0 || !lives(&record))
        return bulla_fail(err, BULLA_E_NOT_FOUND, WHERE, "no enclave of that name runs", 0);
    *out = record;
    return BULLA_OK;
}

static enum bulla_status
write_record(const char *directory, const struct bl_enclave_record *record, struct bulla_error *err)
{
    char path[BL_REGISTRY_PATH_SIZE_MAX + 1];
    BL_AUTO(bulla_buffer) bytes = { 0 };

    BL_TRY(bl_path_format(path, sizeof path, directory, record->name, WHERE, err));
    BL_TRY(bl_enclave_record_encode(record, &bytes, err));
    return bl_file_replace(path, 0600, bulla_buffer_bytes(&bytes), BL_FILE_REPLACE_EXISTING, err);
}

static enum bulla_status
enter_locked(const char *directory, const struct bl_enclave_record *record, struct bulla_error *err)
{
    struct bl_enclave_record present = { 0 };
    struct bulla_error ignored = { 0 };

    if (read_record(directory, record->name, &present, &ignored) == BULLA_OK &&
        present.pid != record->pid)
        return bulla_fail(err, BULLA_E_BUSY, "enclave", "one of this name runs already", 0);
    return write_record(directory, record, err);
}

enum bulla_status
bl_registry_enter(const char *directory, struct bl_enclave_record *record, struct bulla_error *err)
{
    char path[BL_REGISTRY_PATH_SIZE_MAX + 1];
    struct bl_file_lock lock = BL_FILE_LOCK_NONE;

    if (!name_is_valid(record->name))
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "not a name of an enclave", 0);
    record->pid = getpid();
    BL_TRY(start_ticks(record->pid, &record->start_ticks, err));
    BL_TRY(bl_directory_make(directory, 0700, err));
    BL_TRY(bl_path_format(path, sizeof path, directory, LOCK_NAME, WHERE, err));
    BL_TRY(bl_file_lock_take(&lock, path, LOCK_TIMEOUT_MS, err));
    enum bulla_status status = enter_locked(directory, record, err);
    bl_file_lock_done(&lock);
    return status;
}

void
bl_registry_leave(const char *directory, const char *name)
{
    char path[BL_REGISTRY_PATH_SIZE_MAX + 1];
    struct bulla_error ignored = { 0 };
    struct bl_enclave_record present = { 0 };

    if (read_record(directory, name, &present, &ignored) == BULLA_OK && present.pid == getpid() &&
        bl_path_format(path, sizeof path, directory, name, WHERE, &ignored) == BULLA_OK)
        (void)unlink(path);
}

enum bulla_status
bl_registry_find(const char *directory, const char *name, struct bl_enclave_record *out,
                 struct bulla_error *err)
{
    return read_record(directory, name, out, err);
}

/* -- all of them -------------------------------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct bl_enclave_record *)a)->name,
                  ((const struct bl_enclave_record *)b)->name);
}

static enum bulla_status
collect(DIR *names, const char *directory, struct bulla_buffer *records, struct bulla_error *err)
{
    const struct dirent *entry = NULL;
    struct bl_enclave_record record = { 0 };

    while ((entry = readdir(names)) != NULL) {
        struct bulla_error reason = { 0 };
        enum bulla_status status = read_record(directory, entry->d_name, &record, &reason);
        if (status == BULLA_E_MEMORY)
            return bulla_fail(err, status, WHERE, "out of memory", 0);
        if (status != BULLA_OK)
            continue;
        if (records->size / sizeof record >= BL_REGISTRY_COUNT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, WHERE, "too many", BL_REGISTRY_COUNT_MAX);
        BL_TRY(bulla_buffer_append(
            records, (struct bulla_bytes){ (const uint8_t *)&record, sizeof record }, err));
    }
    return BULLA_OK;
}

enum bulla_status
bl_registry_list(const char *directory, struct bl_enclave_record **records_out, size_t *count_out,
                 struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) records = { 0 };
    enum bulla_status status = BULLA_OK;

    DIR *names = bl_fault_point(BL_FAULT_FILE) ? NULL : opendir(directory);
    if (names != NULL) {
        status = collect(names, directory, &records, err);
        closedir(names);
    }
    BL_TRY(status);
    size_t count = records.size / sizeof **records_out;
    struct bl_enclave_record *list = bl_alloc(count + 1, sizeof *list);
    if (list == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    if (count > 0)
        memcpy(list, records.data, records.size);
    qsort(list, count, sizeof *list, by_name);
    *records_out = list;
    *count_out = count;
    return BULLA_OK;
}

/* -- its end ------------------------------------------------------------------------------------ */

enum bulla_status
bl_registry_stop(const struct bl_enclave_record *record, int64_t deadline, struct bulla_error *err)
{
    BL_AUTO_FD pidfd = BL_CALL(PROCESS, pidfd_open(record->pid, 0));

    /* From here on the number cannot be used again unnoticed. */
    if (pidfd < 0 || !lives(record))
        return bulla_fail(err, BULLA_E_NOT_FOUND, WHERE, "it has ended", 0);
    const struct bl_process monitor = { .pid = record->pid, .pidfd = pidfd };
    BL_TRY(bl_process_signal(&monitor, SIGTERM, err));
    return bl_socket_wait(pidfd, POLLIN, deadline, err);
}
