/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/emulate.c: run a program on a machine that has an attestation device.
 *
 *     emulate DEVICE BEHAVIOUR ANCHOR PROGRAM [ARGUMENT]...
 *
 * DEVICE: configfs-tsm, sev-guest, nsm, gramine, optee. BEHAVIOUR: "-" or words with commas between:
 * tdx cca denied absent wrong busy broken garbage interrupts. ANCHOR: a file to write what a verifier of this
 * device's evidence trusts. Exits as the program does; 77 where the kernel cannot do it, 98 if a report
 * directory was left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/emulated.h"
#include "device/makers.h"

enum { NOT_POSSIBLE = 77, LEFT_BEHIND = 98, MISUSED = 99 };

static bool
apply(struct behaviour *does, const char *word)
{
    if (strcmp(word, "tdx") == 0)
        does->provider = "tdx_guest";
    else if (strcmp(word, "tdx-log") == 0)
        does->provider = "tdx_guest", does->with_log = true;
    else if (strcmp(word, "tdx-other-log") == 0)
        does->provider = "tdx_guest", does->other_log = true;
    else if (strcmp(word, "cca") == 0)
        does->provider = "arm_cca_guest";
    else if (strcmp(word, "denied") == 0)
        does->denied = true;
    else if (strcmp(word, "absent") == 0)
        does->absent = true;
    else if (strcmp(word, "wrong") == 0)
        does->wrong_data = true;
    else if (strcmp(word, "broken") == 0)
        does->broken_table = true;
    else if (strcmp(word, "garbage") == 0)
        does->garbage = true;
    else if (strcmp(word, "interrupts") == 0)
        does->interrupts = 1;
    else if (strcmp(word, "busy") == 0)
        does->busy = FOREVER;
    else
        return strcmp(word, "-") == 0;
    return true;
}

static void
make_anchor(const char *device, const struct behaviour *does, struct bulla_buffer *out)
{
    bool is_tsm = strcmp(device, "configfs-tsm") == 0;

    if (strcmp(device, "nsm") == 0)
        make_nitro_anchor(out);
    else if (strcmp(device, "optee") == 0)
        make_optee_anchor(out);
    else if (strcmp(device, "gramine") == 0)
        make_sgx_anchor(out);
    else if (is_tsm && does->provider != NULL && strcmp(does->provider, "tdx_guest") == 0)
        make_tdx_anchor(out);
    else if (is_tsm && does->provider != NULL)
        make_cca_anchor(out);
    else
        make_snp_anchor(out);
}

static bool
write_anchor(const char *path, const struct bulla_buffer *anchor)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, anchor->data, anchor->size) == (ssize_t)anchor->size;

    if (fd >= 0)
        close(fd);
    return is_written;
}

static int
become(void *context)
{
    char **arguments = context;

    execv(arguments[0], arguments);
    return MISUSED;
}

int
main(int argc, char **argv)
{
    BL_AUTO(bulla_buffer) anchor = { 0 };
    struct behaviour does = { 0 };
    struct device device;

    if (argc < 5)
        return MISUSED;
    for (char *word = strtok(argv[2], ","); word != NULL; word = strtok(NULL, ","))
        if (!apply(&does, word))
            return MISUSED;
    make_anchor(argv[1], &does, &anchor);
    if (!write_anchor(argv[3], &anchor))
        return MISUSED;
    device_make(&device, argv[1], &does);
    int end = emulator_run(&device.emulated, 1, become, argv + 4);
    bool is_left = device.happened.entries > 0;
    device_done(&device);
    if (is_left)
        return LEFT_BEHIND;
    return end == EMULATOR_UNAVAILABLE ? NOT_POSSIBLE : end;
}
