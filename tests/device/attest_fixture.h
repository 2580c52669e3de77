/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/attest_fixture.h: ask one attester of ours, in a child that has an emulated device, and
 * see what it said.
 */
#ifndef TESTS_DEVICE_ATTEST_FIXTURE_H
#define TESTS_DEVICE_ATTEST_FIXTURE_H

#include "unit.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "device/attester.h"
#include "device/emulated.h"
#include "sys/clock.h"

#define TRIAL_SIZE_MAX 131072
#define TRIAL_TIMEOUT_MS 20000u /* far more than anything honest takes */

static const uint8_t trial_nonce[20] = "a nonce of 20 bytes";

/* How to ask. Zeroed: with the nonce, in a process of its own, by any deadline. */
struct asking {
    unsigned timeout_ms;
    struct bulla_bytes nonce;
    const uint8_t *ta;
    const char *path;
    bool in_this_process;
    enum bl_fault fault;
    uint64_t nth; /* of faults; 0: none */
};

#define HONEST ((struct behaviour){ 0 })
#define PLAINLY ((struct asking){ 0 })

/* What came of it; in memory that the child shares. */
struct trial {
    enum bulla_status status;
    struct bulla_error err;
    bool fault_was_reached;
    bool is_empty; /* *out, after a failure */
    const char *kind, *left_out;
    size_t count;
    const char *roles[BL_COLLECTED_COUNT_MAX];
    size_t sizes[BL_COLLECTED_COUNT_MAX];
    uint8_t bytes[BL_COLLECTED_COUNT_MAX][TRIAL_SIZE_MAX];
    struct bl_local_attester_probe probe;
    int64_t took_ms;

    /* for the child */
    const struct bl_local_attester *attester;
    const struct asking *how;
};

static inline const struct bl_local_attester *
find_by_name(const char *name)
{
    size_t count = 0;
    const struct bl_local_attester *const *table = bl_local_attesters(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i]->name, name) == 0)
            return table[i];
    fail_msg("no attester %s", name);
    return NULL;
}

static inline void
keep(struct trial *trial, const struct bl_collected *collected)
{
    trial->kind = collected->kind;
    trial->left_out = collected->left_out;
    trial->count = collected->count;
    for (size_t i = 0; i < collected->count; i++) {
        const struct bulla_buffer *bytes = &collected->parts[i].bytes;
        trial->roles[i] = collected->parts[i].role;
        trial->sizes[i] = bytes->size;
        if (bytes->size <= TRIAL_SIZE_MAX)
            memcpy(trial->bytes[i], bytes->data, bytes->size);
    }
}

static inline int
ask_in_child(void *context)
{
    struct trial *trial = context;
    const struct asking *how = trial->how;
    const int64_t start_ms = bl_clock_monotonic_ms();
    const struct bl_attest_request request = {
        .path = how->path,
        .nonce = how->nonce.data != NULL ? how->nonce : BL_BYTES_OF(trial_nonce),
        .deadline = bl_clock_deadline(how->timeout_ms != 0 ? how->timeout_ms : TRIAL_TIMEOUT_MS),
        .ta = how->ta,
    };
    struct bl_collected collected = { 0 };

    if (how->nth != 0)
        bl_fault_arm(how->fault, how->nth, false);
    trial->status =
        how->in_this_process
            ? trial->attester->collect(&request, &collected, &trial->err)
            : bl_local_attester_collect(trial->attester, &request, &collected, &trial->err);
    trial->fault_was_reached = bl_fault_disarm();
    trial->took_ms = bl_clock_monotonic_ms() - start_ms;
    trial->is_empty = collected.count == 0 && collected.kind == NULL;
    keep(trial, &collected);
    bl_collected_done(&collected);
    return 0;
}

static inline int
probe_in_child(void *context)
{
    struct trial *trial = context;

    trial->attester->probe(trial->attester->path, &trial->probe);
    return 0;
}

/* Run `act` in a child with the device. False: this kernel cannot. */
static inline bool
trial_run(struct trial *trial, const char *name, struct device *device, const struct asking *how,
          int (*act)(void *context))
{
    memset(trial, 0, sizeof *trial);
    trial->attester = find_by_name(name);
    trial->how = how;
    int end = emulator_run(&device->emulated, 1, act, trial);
    if (end == EMULATOR_UNAVAILABLE)
        return false;
    assert_int_equal(end, 0);
    return true;
}

static inline struct trial *
trial_new(void)
{
    struct trial *trial =
        mmap(NULL, sizeof *trial, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(trial != MAP_FAILED);
    return trial;
}

static inline void
trial_free(struct trial *trial)
{
    munmap(trial, sizeof *trial);
}

/* Nothing is left behind, whatever came of it. */
static inline void
assert_left_clean(const struct device *device)
{
    assert_int_equal(device->happened.entries, 0);
    assert_int_equal(device->happened.descriptors, 0);
    if (!device->does.never) /* the kernel ends those of a killed process */
        assert_int_equal(device->happened.sessions, 0);
}

#define NO_NOTIFICATION "this kernel shows no system calls (seccomp user notification)"
/* What became of it, checked in the test's own process. */
typedef void trial_check(const struct trial *trial, const struct device *device);

/* Ask the attester `name`, whose device behaves so, and look at what came of it. False: this kernel
 * cannot show system calls. */
static inline bool
attest(const char *name, struct behaviour does, struct asking how, trial_check *check)
{
    struct trial *trial = trial_new();
    struct device device;

    device_make(&device, name, &does);
    bool was_run = trial_run(trial, name, &device, &how, ask_in_child);
    if (was_run) {
        assert_true(trial->status == BULLA_OK || trial->is_empty);
        assert_left_clean(&device);
        check(trial, &device);
    }
    device_done(&device);
    trial_free(trial);
    return was_run;
}

/* -- what may have become of it ------------------------------------------------------------------- */

static inline void
assert_is_about_the_nonce(const uint8_t carried[64])
{
    static const uint8_t zeros[64];

    assert_memory_equal(carried, trial_nonce, sizeof trial_nonce);
    assert_memory_equal(carried + sizeof trial_nonce, zeros, 64 - sizeof trial_nonce);
}

static inline void
is_busy(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_int_equal(t->err.cause, BULLA_CAUSE_BUSY);
}

static inline void
is_no_answer(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_int_equal(t->err.cause, BULLA_CAUSE_ATTESTER_ANSWER);
    assert_non_null(t->err.where);
    assert_non_null(t->err.what);
}

static inline void
is_other_data(const struct trial *t, const struct device *d)
{
    is_no_answer(t, d);
    assert_int_equal(t->err.found.kind, BULLA_VALUE_BYTES);
    assert_is_about_the_nonce(t->err.expected.bytes);
}

static inline void
is_unsupported(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_int_equal(t->err.cause, BULLA_CAUSE_UNSUPPORTED);
}

static inline void
is_too_much(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_int_equal(t->err.cause, BULLA_CAUSE_LIMIT);
    assert_string_equal(t->err.what, "it says more than there can be");
}

static inline void
is_absent(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_int_equal(t->err.cause, BULLA_CAUSE_NO_ATTESTER);
}

static inline void
is_not_permitted(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_int_equal(t->err.cause, BULLA_CAUSE_ATTESTER_NOT_PERMITTED);
}

static inline void
is_failure(const struct trial *t, const struct device *d)
{
    assert_int_equal(t->err.cause, BULLA_CAUSE_ATTESTER_FAILED);
    assert_int_equal(t->err.detail, d->does.error);
}

static inline void
is_late(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_int_equal(t->err.cause, BULLA_CAUSE_TIMEOUT);
    assert_true(t->took_ms < 6000);
}

/* Whoever asks a device that never answers is told so in time. */
static inline bool
attest_in_vain(const char *name, struct behaviour does)
{
    return attest(name, does, (struct asking){ .timeout_ms = 300 }, is_late);
}

static inline void
is_misuse(const struct trial *t, const struct device *d)
{
    (void)d;
    assert_int_equal(t->status, BULLA_E_ARGUMENT);
}

/* -- every call that can fail -------------------------------------------------------------------- */

static bool trial_is_over; /* no fault was reached: the last of them was tried */

static inline void
is_clean_with_fault(const struct trial *t, const struct device *d)
{
    (void)d;
    if (t->status == BULLA_OK)
        trial_is_over = !t->fault_was_reached;
    else
        assert_non_null(t->err.what);
}

/* Let each fault point of `kind` fail in turn: nothing is left behind, and no failure is silent.
 * In the worker's process faults are reached out of sight: there it is over when all goes well. */
static inline bool
each_fault(const char *name, enum bl_fault kind, bool in_this_process, const uint8_t *ta)
{
    uint64_t nth = 0;

    for (trial_is_over = false; !trial_is_over;) {
        const struct asking how = {
            .in_this_process = in_this_process, .fault = kind, .nth = ++nth, .ta = ta
        };
        if (!attest(name, (struct behaviour){ 0 }, how, is_clean_with_fault))
            return false;
    }
    assert_true(nth > 1);
    return true;
}

/* The faults that every attester may meet in its own process. */
static inline bool
each_fault_within(const char *name)
{
    return each_fault(name, BL_FAULT_FILE, /* in_this_process= */ true, NULL) &&
           each_fault(name, BL_FAULT_MEMORY, /* in_this_process= */ true, NULL);
}

static inline bool
probe_device(const char *name, struct behaviour does, struct bl_local_attester_probe *out)
{
    struct trial *trial = trial_new();
    const struct asking how = { 0 };
    struct device device;

    device_make(&device, name, &does);
    bool was_run = trial_run(trial, name, &device, &how, probe_in_child);
    *out = trial->probe;
    assert_left_clean(&device);
    device_done(&device);
    trial_free(trial);
    return was_run;
}

#define NEEDS_EMULATOR(call)            \
    do {                                \
        if (!(call))                    \
            unit_skip(NO_NOTIFICATION); \
    } while (0)

#endif
