/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/emulate.c: run a program on a machine that has an attestation device.
 *
 *     emulate DEVICE BEHAVIOUR ANCHOR PROGRAM [ARGUMENT]...
 *
 * DEVICE: configfs-tsm, sev-guest, nsm, gramine, optee. BEHAVIOUR: "-" or words with commas between:
 * tdx cca denied absent wrong busy broken garbage interrupts; of a guest of SEV-SNP with sealing keys:
 * snp-up snp-down image image-down host-data unsigned chip debug zeros. ANCHOR: a file to write what a
 * verifier of this device's evidence trusts; ANCHOR.key gets the last sealing key that was given, and an
 * ANCHOR of that name is only that. Exits as the program does; 77 where the kernel cannot do it, 98 if a
 * report directory was left behind.
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
apply_snp(struct snp_platform *p, const char *word)
{
    if (strcmp(word, "snp-up") == 0)
        p->reported[6] = ++p->committed[6], p->current[6]++;
    else if (strcmp(word, "snp-down") == 0)
        p->reported[6] = --p->committed[6], p->current[6]--;
    else if (strcmp(word, "image") == 0)
        p->measurement[0]++, p->guest_svn++;
    else if (strcmp(word, "image-down") == 0)
        p->measurement[0]--, p->guest_svn--;
    else if (strcmp(word, "host-data") == 0)
        p->host_data[0]++;
    else if (strcmp(word, "unsigned") == 0)
        p->has_id_block = false;
    else if (strcmp(word, "chip") == 0)
        p->chip++;
    else if (strcmp(word, "debug") == 0)
        p->policy |= 1u << 19;
    else
        return strcmp(word, "zeros") == 0 && (p->gives_zeros = true);
    return true;
}

static bool
apply(struct behaviour *does, const char *word)
{
    if (does->snp != NULL && apply_snp(does->snp, word))
        return true;
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

static bool
is_key_file(const char *anchor)
{
    const size_t size = strlen(anchor);

    return size > 4 && strcmp(anchor + size - 4, ".key") == 0;
}

static void
write_key(const char *anchor, const struct snp_platform *snp)
{
    struct bulla_buffer key = { .data = (uint8_t *)(uintptr_t)snp->last_key,
                                .size = sizeof snp->last_key };
    char path[4096];

    (void)snprintf(path, sizeof path, "%s%s", anchor, is_key_file(anchor) ? "" : ".key");
    (void)write_anchor(path, &key);
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
    struct snp_platform snp = snp_platform();
    struct behaviour does = { 0 };
    struct device device;

    if (argc < 5)
        return MISUSED;
    if (strcmp(argv[1], "sev-guest") == 0)
        does.snp = &snp;
    for (char *word = strtok(argv[2], ","); word != NULL; word = strtok(NULL, ","))
        if (!apply(&does, word))
            return MISUSED;
    if (!is_key_file(argv[3])) {
        make_anchor(argv[1], &does, &anchor);
        if (!write_anchor(argv[3], &anchor))
            return MISUSED;
    }
    device_make(&device, argv[1], &does);
    int end = emulator_run(&device.emulated, 1, become, argv + 4);
    bool is_left = device.happened.entries > 0;
    device_done(&device);
    if (snp.keys_given > 0)
        write_key(argv[3], &snp);
    if (is_left)
        return LEFT_BEHIND;
    return end == EMULATOR_UNAVAILABLE ? NOT_POSSIBLE : end;
}
