/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/status.c: the error record and the table that ties causes to statuses.
 */
#include "bulla/status.h"

#include <string.h>

struct cause_row {
    enum bulla_cause cause;
    enum bulla_status status;
};

/* Order matters: the first cause listed for a status is its general one. */
static const struct cause_row cause_rows[] = {
#define CAUSE_ROW(symbol, number, status) { BULLA_CAUSE_##symbol, BULLA_E_##status },
    BULLA_CAUSES(CAUSE_ROW)
#undef CAUSE_ROW
};

#define CAUSE_ROW_COUNT (sizeof cause_rows / sizeof cause_rows[0])

enum bulla_cause
bulla_status_cause(enum bulla_status status)
{
    for (size_t i = 0; i < CAUSE_ROW_COUNT; i++) {
        if (cause_rows[i].status == status)
            return cause_rows[i].cause;
    }
    return BULLA_CAUSE_NONE;
}

enum bulla_status
bulla_cause_status(enum bulla_cause cause)
{
    for (size_t i = 0; i < CAUSE_ROW_COUNT; i++) {
        if (cause_rows[i].cause == cause)
            return cause_rows[i].status;
    }
    return BULLA_OK;
}

int
bulla_cause_exit_code(enum bulla_cause cause)
{
    return (int)cause / 100;
}

static enum bulla_status
record(struct bulla_error *err, struct bulla_error failure)
{
    if (err != NULL && err->status == BULLA_OK)
        *err = failure;
    return failure.status;
}

enum bulla_status
bulla_fail(struct bulla_error *err, enum bulla_status status, const char *where, const char *what,
           size_t offset)
{
    return record(err, (struct bulla_error){ .status = status,
                                             .cause = bulla_status_cause(status),
                                             .where = where,
                                             .what = what,
                                             .offset = offset });
}

enum bulla_status
bulla_fail_detail(struct bulla_error *err, enum bulla_cause cause, const char *where,
                  const char *what, unsigned long detail)
{
    enum bulla_status status = bulla_cause_status(cause);

    if (status == BULLA_OK) { /* a number outside the table must never read as success */
        status = BULLA_E_ARGUMENT;
        cause = BULLA_CAUSE_INTERNAL;
    }
    return record(
        err,
        (struct bulla_error){
            .status = status, .cause = cause, .where = where, .what = what, .detail = detail });
}

enum bulla_status
bulla_fail_cause(struct bulla_error *err, enum bulla_cause cause, const char *where,
                 const char *what)
{
    return bulla_fail_detail(err, cause, where, what, 0);
}

void
bulla_error_values(struct bulla_error *err, struct bulla_value found, struct bulla_value expected)
{
    if (err == NULL || err->found.kind != BULLA_VALUE_NONE ||
        err->expected.kind != BULLA_VALUE_NONE)
        return;
    err->found = found;
    err->expected = expected;
}

struct bulla_value
bulla_value_number(uint64_t number)
{
    return (struct bulla_value){ .kind = BULLA_VALUE_NUMBER, .number = number };
}

struct bulla_value
bulla_value_word(const char *word)
{
    return (struct bulla_value){ .kind = BULLA_VALUE_WORD, .word = word };
}

struct bulla_value
bulla_value_bytes(struct bulla_bytes bytes)
{
    struct bulla_value value = { .kind = BULLA_VALUE_BYTES };

    value.size = bytes.size < BULLA_VALUE_BYTES_MAX ? bytes.size : BULLA_VALUE_BYTES_MAX;
    if (value.size > 0)
        memcpy(value.bytes, bytes.data, value.size);
    return value;
}

void
bulla_error_clear(struct bulla_error *err)
{
    if (err != NULL)
        *err = (struct bulla_error){ 0 };
}
