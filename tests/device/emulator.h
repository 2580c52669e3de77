/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/emulator.h: devices and kernel files that are not there, for one program under test.
 *
 * The program runs in a child whose system calls on paths and descriptors are held by the kernel and
 * shown to this process (seccomp user notification), which does them in place of the kernel: so its own
 * open(), ioctl(), read() meet a device that behaves well, or lies. Nothing of this is in the program.
 * Does not: see calls that take no path or descriptor of a device, nor descriptors that were copied.
 */
#ifndef TESTS_DEVICE_EMULATOR_H
#define TESTS_DEVICE_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a device answers instead of a value or -errno. */
#define EMULATOR_PASS (-10000L) /* let the kernel do it */
#define EMULATOR_HANG (-10001L) /* never answer */

/** Memory of the program under test. */
struct remote {
    pid_t pid;
    int gift; /* a descriptor that the program gets as the value of the call; -1: none */
};
bool remote_read(const struct remote *remote, uint64_t address, void *out, size_t size);
bool remote_write(const struct remote *remote, uint64_t address, const void *bytes, size_t size);

/** A device: what is NULL is passed to the kernel. `handle` is what open() gave this descriptor. */
struct emulated {
    void *state;
    bool (*owns)(void *state, const char *path);
    long (*open)(void *state, const char *path, int flags, int *handle_out);
    long (*read)(void *state, int handle, void *out, size_t size);
    long (*write)(void *state, int handle, const void *bytes, size_t size);
    void (*close)(void *state, int handle);
    long (*ioctl)(void *state, struct remote *remote, unsigned long request, uint64_t argument);
    long (*mkdir)(void *state, const char *path);
    long (*rmdir)(void *state, const char *path);
    long (*access)(void *state, const char *path);
};

#define EMULATOR_UNAVAILABLE (-1) /* this kernel has no user notification */
/** Run `act` in a child that has these devices; its exit code, or 1000 and the signal that ended it. */
int emulator_run(const struct emulated *devices, size_t count, int (*act)(void *context),
                 void *context);

/** The child that emulator_run() started; 0: none. */
pid_t emulator_program(void);

#endif
