/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/faults.h: the n-th allocation, draw or call fails, for every n.
 */
#ifndef TESTS_FAULTS_H
#define TESTS_FAULTS_H

#include "unit.h"

#include "base/fault.h"

/** What is tried; it starts from nothing each time. */
typedef enum bulla_status faulty_call(const void *context, struct bulla_error *err);

/** Let each fault point of `kind` that `call` passes fail in turn, whereupon it fails with
 *  `expected`; without a fault it succeeds. Returns how many points there are. */
static inline uint64_t
fail_each(enum bl_fault kind, enum bulla_status expected, faulty_call *call, const void *context)
{
    struct bulla_error err = { 0 };

    for (uint64_t n = 1;; n++) {
        bulla_error_clear(&err);
        bl_fault_arm(kind, n, false);
        enum bulla_status status = call(context, &err);
        if (!bl_fault_disarm()) {
            assert_ok(status, &err);
            return n - 1;
        }
        assert_int_equal(status, expected);
        assert_int_equal(err.status, expected);
    }
}

#endif
