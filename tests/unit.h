/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit.h: cmocka, and the few assertions that every unit test of ours uses.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "bulla/status.h"

/** Borrow the bytes of a C string, without its terminator. */
static inline struct bulla_bytes
text_bytes(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, strlen(text) };
}

#define assert_ok(expr, err)                                                                      \
    do {                                                                                          \
        enum bulla_status unit_status_ = (expr);                                                  \
        if (unit_status_ != BULLA_OK)                                                             \
            print_message("# %s: %s: %s (offset %zu, detail 0x%lx)\n", #expr,                     \
                          (err)->where != NULL ? (err)->where : "?",                              \
                          (err)->what != NULL ? (err)->what : "?", (err)->offset, (err)->detail); \
        assert_int_equal(unit_status_, BULLA_OK);                                                 \
    } while (0)

/** Leave the test as skipped, with the reason (a literal): printed, and counted by run_tests.py.
 *  cmocka's own skip() reads as a failure in TAP. */
#define unit_skip(reason)                     \
    do {                                      \
        print_message("# SKIP %s\n", reason); \
        return;                               \
    } while (0)

/** The call fails with this very status, and *err (zeroed before) records it. */
#define assert_fails(expr, expected, err)          \
    do {                                           \
        bulla_error_clear(err);                    \
        enum bulla_status unit_status_ = (expr);   \
        assert_int_equal(unit_status_, expected);  \
        assert_int_equal((err)->status, expected); \
        assert_non_null((err)->where);             \
        assert_non_null((err)->what);              \
    } while (0)

/** As assert_fails(), by the particular cause. */
#define assert_cause(expr, expected, err)                             \
    do {                                                              \
        bulla_error_clear(err);                                       \
        enum bulla_status unit_status_ = (expr);                      \
        assert_int_equal((err)->cause, expected);                     \
        assert_int_equal(unit_status_, bulla_cause_status(expected)); \
    } while (0)

#define assert_bytes_equal(a, b)                                           \
    do {                                                                   \
        struct bulla_bytes unit_a_ = (a), unit_b_ = (b);                   \
        assert_int_equal(unit_a_.size, unit_b_.size);                      \
        if (unit_a_.size > 0)                                              \
            assert_memory_equal(unit_a_.data, unit_b_.data, unit_a_.size); \
    } while (0)

#endif
