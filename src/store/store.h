/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/store.h: a database with transactions, behind one interface.
 *
 * Guarantees: what bl_store_commit() acknowledged survives a crash and loss of power as far as the
 * disk keeps its word (SQLite: WAL, synchronous FULL); a transaction is whole or absent; a database
 * of a newer schema, or one that fails its check, is refused and left alone.
 * Does not: hide values (store/wrap.h does), nor notice an old database put back (heads are
 * exported by the audit log). One connection; calls from several threads take turns.
 */
#ifndef BL_STORE_STORE_H
#define BL_STORE_STORE_H

#include "base/buffer.h"

#define BL_STORE_SCHEMA_VERSION 1
#define BL_STORE_VALUE_SIZE_MAX ((size_t)1 << 20) /* bytes of one column */

struct bl_store;

enum bl_store_opening {
    BL_STORE_MUST_EXIST, /* BULLA_E_NOT_FOUND if there is none: corrupt is not empty */
    BL_STORE_CREATE      /* BULLA_E_EXISTS if there is one */
};
/** Open the SQLite database at `path` and bring its schema up to BL_STORE_SCHEMA_VERSION.
 *  BULLA_E_UNSUPPORTED (newer schema), BULLA_E_INTEGRITY (fails its check), BULLA_E_IO. */
enum bulla_status bl_store_open_sqlite(const char *path, enum bl_store_opening opening,
                                       struct bl_store **store_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Accepts NULL; an open transaction is rolled back. */
void bl_store_free(struct bl_store *store);
BL_DEFINE_FREEP(bl_store)

/** A transaction holds the store until it ends. */
enum bulla_status bl_store_begin(struct bl_store *store, struct bulla_error *err) BULLA_CHECKED;
/** BULLA_E_OUTCOME_UNKNOWN if the engine cannot say whether it is durable. */
enum bulla_status bl_store_commit(struct bl_store *store, struct bulla_error *err) BULLA_CHECKED;
/** Undo. Does nothing without a transaction of this thread, so that it may stand at every exit. */
void bl_store_rollback(struct bl_store *store);

/** One value bound to a statement. */
enum bl_value_kind { BL_STORE_INTEGER = 1, BL_STORE_BYTES, BL_STORE_TEXT };
struct bl_store_value {
    enum bl_value_kind kind;
    int64_t integer;
    struct bulla_bytes bytes; /* BYTES, TEXT; borrowed */
};
static inline struct bl_store_value
bl_store_integer(int64_t integer)
{
    return (struct bl_store_value){ .kind = BL_STORE_INTEGER, .integer = integer };
}
static inline struct bl_store_value
bl_store_bytes(struct bulla_bytes bytes)
{
    return (struct bl_store_value){ .kind = BL_STORE_BYTES, .bytes = bytes };
}
static inline struct bl_store_value
bl_store_text(struct bulla_bytes text)
{
    return (struct bl_store_value){ .kind = BL_STORE_TEXT, .bytes = text };
}

/** A row under the cursor; its views are valid until the visitor returns. */
struct bl_store_row;
/** BULLA_E_MALFORMED if the column is not an integer, or is NULL. */
enum bulla_status bl_store_column_integer(const struct bl_store_row *row, int column, int64_t *out,
                                          struct bulla_error *err) BULLA_CHECKED;
/** Bytes or text; BULLA_E_LIMIT above BL_STORE_VALUE_SIZE_MAX. */
enum bulla_status bl_store_column_bytes(const struct bl_store_row *row, int column,
                                        struct bulla_bytes *out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** Exactly `size` bytes into `out`; BULLA_E_MALFORMED. */
enum bulla_status bl_store_column_exact(const struct bl_store_row *row, int column, void *out,
                                        size_t size, struct bulla_error *err) BULLA_CHECKED;

/** Run one statement for its effect. `sql` is a literal of ours with '?' for each value.
 *  *changed_out (may be NULL) is the number of rows it changed. BULLA_E_EXISTS when a key is
 *  already there. */
enum bulla_status bl_store_run(struct bl_store *store, const char *sql,
                               const struct bl_store_value *values, size_t value_count,
                               size_t *changed_out, struct bulla_error *err) BULLA_CHECKED;
/** Call `visit` for each row, until it fails. *count_out (may be NULL) is the number of rows. */
enum bulla_status bl_store_query(struct bl_store *store, const char *sql,
                                 const struct bl_store_value *values, size_t value_count,
                                 enum bulla_status (*visit)(void *context,
                                                            const struct bl_store_row *row,
                                                            struct bulla_error *err),
                                 void *context, size_t *count_out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif
