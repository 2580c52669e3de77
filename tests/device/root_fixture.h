/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/root_fixture.h: run a function in a child that has an emulated TEE, with memory that both
 * share, so that the machine can change between one run and the next.
 */
#ifndef TESTS_DEVICE_ROOT_FIXTURE_H
#define TESTS_DEVICE_ROOT_FIXTURE_H

#include "unit.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "device/emulated.h"
#include "device/sealing_root.h"

static inline void *
shared_new(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

#define NO_NOTIFICATION "this kernel shows no system calls (seccomp user notification)"
#define NEEDS_EMULATOR(call)            \
    do {                                \
        if (!(call))                    \
            unit_skip(NO_NOTIFICATION); \
    } while (0)

/* Run `act` with this device. False: this kernel cannot. A failed assertion of the child ends it with
 * another code. */
static inline bool
run_with(const char *name, const struct behaviour *does, int (*act)(void *context), void *context,
         struct happening *happened)
{
    struct device device;

    device_make(&device, name, does);
    int end = emulator_run(&device.emulated, 1, act, context);
    if (happened != NULL)
        *happened = device.happened;
    if (end != EMULATOR_UNAVAILABLE) {
        assert_int_equal(end, 0);
        assert_int_equal(device.happened.descriptors, 0);
    }
    device_done(&device);
    return end != EMULATOR_UNAVAILABLE;
}

#endif
