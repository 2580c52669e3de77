/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/sqlite.c: the store on SQLite, one connection under a recursive mutex.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/fault.h"
#include "base/memory.h"
#include "store/schema.h"
#include "store/store.h"

#define BUSY_TIMEOUT_MS 5000

struct bl_store {
    sqlite3 *database;
    pthread_mutex_t mutex;
    pthread_t owner; /* of the transaction */
    bool in_transaction;
};

struct bl_store_row {
    sqlite3_stmt *statement;
};

static enum bulla_status
engine_failure(struct bl_store *store, int code, struct bulla_error *err)
{
    unsigned long detail =
        (unsigned long)(store->database == NULL ? code : sqlite3_extended_errcode(store->database));

    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return bulla_fail_detail(err, BULLA_CAUSE_EXISTS, "store", "the row exists already",
                                 detail);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return bulla_fail_detail(err, BULLA_CAUSE_INTEGRITY, "store", "the database is damaged",
                                 detail);
    case SQLITE_NOMEM:
        return bulla_fail_detail(err, BULLA_CAUSE_MEMORY, "store", "out of memory", detail);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return bulla_fail_detail(err, BULLA_CAUSE_BUSY, "store", "another process holds it",
                                 detail);
    default:
        return bulla_fail_detail(err, BULLA_CAUSE_IO, "store", "the database failed", detail);
    }
}

static void
lock(struct bl_store *store)
{
    pthread_mutex_lock(&store->mutex);
}

static void
unlock(struct bl_store *store)
{
    pthread_mutex_unlock(&store->mutex);
}

static int
bind_value(sqlite3_stmt *statement, int index, const struct bl_store_value *value)
{
    static const char nothing[1] = "";
    const void *data = value->bytes.data != NULL ? (const void *)value->bytes.data : nothing;

    if (value->bytes.size > BL_STORE_VALUE_SIZE_MAX)
        return SQLITE_TOOBIG;
    switch (value->kind) {
    case BL_STORE_INTEGER:
        return sqlite3_bind_int64(statement, index, value->integer);
    case BL_STORE_BYTES:
        return sqlite3_bind_blob(statement, index, data, (int)value->bytes.size, SQLITE_STATIC);
    case BL_STORE_TEXT:
        return sqlite3_bind_text(statement, index, data, (int)value->bytes.size, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

/* A prepared statement with its values; the caller finalizes *statement_out, even on failure. */
static int
prepare(struct bl_store *store, const char *sql, const struct bl_store_value *values,
        size_t value_count, sqlite3_stmt **statement_out)
{
    *statement_out = NULL;
    if (bl_fault_point(BL_FAULT_DATABASE))
        return SQLITE_IOERR;
    int code = sqlite3_prepare_v2(store->database, sql, -1, statement_out, NULL);

    if (code == SQLITE_OK && sqlite3_bind_parameter_count(*statement_out) != (int)value_count)
        return SQLITE_MISUSE;
    for (size_t i = 0; code == SQLITE_OK && i < value_count; i++)
        code = bind_value(*statement_out, (int)i + 1, &values[i]);
    return code;
}

static int
step(sqlite3_stmt *statement)
{
    return bl_fault_point(BL_FAULT_DATABASE) ? SQLITE_IOERR : sqlite3_step(statement);
}

enum bulla_status
bl_store_run(struct bl_store *store, const char *sql, const struct bl_store_value *values,
             size_t value_count, size_t *changed_out, struct bulla_error *err)
{
    sqlite3_stmt *statement = NULL;
    enum bulla_status status = BULLA_OK;

    lock(store);
    int code = prepare(store, sql, values, value_count, &statement);
    if (code == SQLITE_OK)
        code = step(statement);
    if (code != SQLITE_DONE && code != SQLITE_ROW)
        status = engine_failure(store, code, err);
    else if (changed_out != NULL)
        *changed_out = (size_t)sqlite3_changes(store->database);
    sqlite3_finalize(statement);
    unlock(store);
    return status;
}

enum bulla_status
bl_store_query(struct bl_store *store, const char *sql, const struct bl_store_value *values,
               size_t value_count,
               enum bulla_status (*visit)(void *context, const struct bl_store_row *row,
                                          struct bulla_error *err),
               void *context, size_t *count_out, struct bulla_error *err)
{
    sqlite3_stmt *statement = NULL;
    enum bulla_status status = BULLA_OK;
    size_t count = 0;

    lock(store);
    int code = prepare(store, sql, values, value_count, &statement);
    const struct bl_store_row row = { .statement = statement };
    if (code == SQLITE_OK) {
        while ((code = step(statement)) == SQLITE_ROW && status == BULLA_OK) {
            count++;
            status = visit == NULL ? BULLA_OK : visit(context, &row, err);
        }
    }
    if (status == BULLA_OK && code != SQLITE_DONE)
        status = engine_failure(store, code, err);
    sqlite3_finalize(statement);
    unlock(store);
    if (status == BULLA_OK && count_out != NULL)
        *count_out = count;
    return status;
}

enum bulla_status
bl_store_column_integer(const struct bl_store_row *row, int column, int64_t *out,
                        struct bulla_error *err)
{
    if (sqlite3_column_type(row->statement, column) != SQLITE_INTEGER)
        return bulla_fail(err, BULLA_E_MALFORMED, "store", "a column is not an integer",
                          (size_t)column);
    *out = sqlite3_column_int64(row->statement, column);
    return BULLA_OK;
}

enum bulla_status
bl_store_column_bytes(const struct bl_store_row *row, int column, struct bulla_bytes *out,
                      struct bulla_error *err)
{
    int type = sqlite3_column_type(row->statement, column);

    if (type != SQLITE_BLOB && type != SQLITE_TEXT)
        return bulla_fail(err, BULLA_E_MALFORMED, "store", "a column holds no bytes",
                          (size_t)column);
    const void *data = sqlite3_column_blob(row->statement, column);
    int size = sqlite3_column_bytes(row->statement, column);
    if (size < 0 || (size_t)size > BL_STORE_VALUE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "store", "a value is too large", (size_t)column);
    *out = (struct bulla_bytes){ data, (size_t)size };
    return BULLA_OK;
}

enum bulla_status
bl_store_column_exact(const struct bl_store_row *row, int column, void *out, size_t size,
                      struct bulla_error *err)
{
    struct bulla_bytes bytes = { NULL, 0 };

    BL_TRY(bl_store_column_bytes(row, column, &bytes, err));
    if (bytes.size != size)
        return bulla_fail(err, BULLA_E_MALFORMED, "store", "a value has the wrong length",
                          (size_t)column);
    if (size > 0)
        memcpy(out, bytes.data, size);
    return BULLA_OK;
}

enum bulla_status
bl_store_begin(struct bl_store *store, struct bulla_error *err)
{
    lock(store); /* held until commit or rollback */
    if (store->in_transaction) {
        unlock(store);
        return bulla_fail(err, BULLA_E_ARGUMENT, "store", "a transaction is open already", 0);
    }
    enum bulla_status status = bl_store_run(store, "BEGIN IMMEDIATE", NULL, 0, NULL, err);
    if (status != BULLA_OK) {
        unlock(store);
        return status;
    }
    store->in_transaction = true;
    store->owner = pthread_self();
    return BULLA_OK;
}

static void
end_transaction(struct bl_store *store)
{
    store->in_transaction = false;
    unlock(store);
}

enum bulla_status
bl_store_commit(struct bl_store *store, struct bulla_error *err)
{
    lock(store);
    bool ours = store->in_transaction && pthread_equal(store->owner, pthread_self()) != 0;
    unlock(store);
    if (!ours)
        return bulla_fail(err, BULLA_E_ARGUMENT, "store", "no transaction is open", 0);

    struct bulla_error failure = { 0 };
    enum bulla_status status = bl_store_run(store, "COMMIT", NULL, 0, NULL, &failure);
    if (status == BULLA_OK) {
        end_transaction(store);
        return BULLA_OK;
    }
    /* Still inside: nothing was done. Outside: the engine ended it and cannot say how. */
    bool undone = sqlite3_get_autocommit(store->database) == 0;
    if (undone)
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    end_transaction(store);
    return bulla_fail_detail(err, undone ? BULLA_CAUSE_IO : BULLA_CAUSE_OUTCOME_UNKNOWN, "store",
                             "the transaction was not committed", failure.detail);
}

void
bl_store_rollback(struct bl_store *store)
{
    lock(store);
    bool ours = store->in_transaction && pthread_equal(store->owner, pthread_self()) != 0;
    unlock(store);
    if (!ours)
        return;
    (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    end_transaction(store);
}

void
bl_store_free(struct bl_store *store)
{
    if (store == NULL)
        return;
    bl_store_rollback(store);
    sqlite3_close(store->database);
    pthread_mutex_destroy(&store->mutex);
    bl_free(store);
}

static enum bulla_status
read_integer(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    return bl_store_column_integer(row, 0, context, err);
}

static enum bulla_status
read_is_ok(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    struct bulla_bytes text = { NULL, 0 };

    BL_TRY(bl_store_column_bytes(row, 0, &text, err));
    *(bool *)context = bl_equal(text, BL_LITERAL("ok"));
    return BULLA_OK;
}

static enum bulla_status
configure(struct bl_store *store, struct bulla_error *err)
{
    static const char *const pragmas[] = {
        "PRAGMA trusted_schema = OFF", "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",    "PRAGMA secure_delete = ON", "PRAGMA cell_size_check = ON"
    };

    if (sqlite3_busy_timeout(store->database, BUSY_TIMEOUT_MS) != SQLITE_OK)
        return engine_failure(store, SQLITE_ERROR, err);
    for (size_t i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++)
        BL_TRY(bl_store_run(store, pragmas[i], NULL, 0, NULL, err));
    return BULLA_OK;
}

static enum bulla_status
check_whole(struct bl_store *store, struct bulla_error *err)
{
    int64_t version = -1;
    bool is_ok = false;

    BL_TRY(bl_store_query(store, "PRAGMA quick_check(1)", NULL, 0, read_is_ok, &is_ok, NULL, err));
    if (!is_ok)
        return bulla_fail(err, BULLA_E_INTEGRITY, "store", "the database fails its check", 0);
    BL_TRY(
        bl_store_query(store, "PRAGMA user_version", NULL, 0, read_integer, &version, NULL, err));
    if (version == BL_STORE_SCHEMA_VERSION)
        return BULLA_OK;
    enum bulla_status status =
        bulla_fail(err, version == 0 ? BULLA_E_INTEGRITY : BULLA_E_UNSUPPORTED, "store",
                   version == 0 ? "the database is empty" : "schema of another version", 0);
    bulla_error_values(err, bulla_value_number((uint64_t)version),
                       bulla_value_number(BL_STORE_SCHEMA_VERSION));
    return status;
}

static enum bulla_status
create_schema(struct bl_store *store, struct bulla_error *err)
{
    BL_TRY(bl_store_begin(store, err));
    enum bulla_status status = BULLA_OK;
    for (size_t i = 0; status == BULLA_OK && bl_store_schema[i] != NULL; i++)
        status = bl_store_run(store, bl_store_schema[i], NULL, 0, NULL, err);
    if (status == BULLA_OK)
        status = bl_store_run(store, "PRAGMA user_version = 1", NULL, 0, NULL, err);
    if (status == BULLA_OK)
        return bl_store_commit(store, err);
    bl_store_rollback(store);
    return status;
}

static enum bulla_status
connect(struct bl_store *store, const char *path, enum bl_store_opening opening,
        struct bulla_error *err)
{
    struct stat information;
    bool exists = lstat(path, &information) == 0;

    if (exists && opening == BL_STORE_CREATE)
        return bulla_fail(err, BULLA_E_EXISTS, "store", "there is a database already", 0);
    if (!exists && opening == BL_STORE_MUST_EXIST)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "store", "the database is missing", 0);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_FULLMUTEX |
                SQLITE_OPEN_EXRESCODE | (exists ? 0 : SQLITE_OPEN_CREATE);
    int code = bl_fault_point(BL_FAULT_DATABASE)
                   ? SQLITE_CANTOPEN
                   : sqlite3_open_v2(path, &store->database, flags, NULL);
    if (code != SQLITE_OK)
        return engine_failure(store, code, err);
    if (!exists && chmod(path, 0600) != 0)
        return bulla_fail_detail(err, BULLA_CAUSE_IO, "store", "chmod", (unsigned long)errno);
    return BULLA_OK;
}

enum bulla_status
bl_store_open_sqlite(const char *path, enum bl_store_opening opening, struct bl_store **store_out,
                     struct bulla_error *err)
{
    struct bl_store *store = bl_alloc(1, sizeof *store);
    pthread_mutexattr_t attributes;

    if (store == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "store", "out of memory", 0);
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&store->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);

    enum bulla_status status = connect(store, path, opening, err);
    bool created = status == BULLA_OK && opening == BL_STORE_CREATE;
    if (status == BULLA_OK)
        status = configure(store, err);
    if (status == BULLA_OK && created)
        status = create_schema(store, err);
    if (status == BULLA_OK)
        status = check_whole(store, err);
    if (status != BULLA_OK) {
        bl_store_free(store);
        if (created) /* it was made by this call and holds nothing */
            (void)unlink(path);
        return status;
    }
    *store_out = store;
    return BULLA_OK;
}
