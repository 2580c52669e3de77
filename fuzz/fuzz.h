/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz.h: what a fuzz target is: one function that takes any bytes and asserts an invariant.
 *
 * Linked with libFuzzer it explores; linked with smoke_main.c it is a short, repeatable test.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bulla/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The invariant; ends the program where it does not hold, whatever NDEBUG says. */
#define FUZZ_ASSERT(condition)                                                             \
    do {                                                                                   \
        if (!(condition)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                       \
        }                                                                                  \
    } while (0)

static inline bool
fuzz_same_bytes(struct bulla_bytes a, struct bulla_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/** A refusal says why, and nothing but a finding about the input (or its size) is one. */
static inline void
fuzz_check_refusal(enum bulla_status status, const struct bulla_error *err)
{
    FUZZ_ASSERT(bulla_status_is_finding(status));
    FUZZ_ASSERT(err->status == status && err->where != NULL && err->what != NULL);
}

#endif
