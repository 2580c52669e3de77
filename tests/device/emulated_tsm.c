/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configfs-tsm as Linux has it: inblob counts when its file is closed, and an error then is said to
 * nobody; outblob is made when it is read; a directory that is open cannot be made twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "device/emulated.h"
#include "device/makers.h"
#include "unit.h"

#define ROOT "/sys/kernel/config/tsm/report"
#define LOG "/sys/firmware/acpi/tables/data/CCEL"

enum file { PROVIDER, GENERATION, FLOOR, LEVEL, INBLOB, OUTBLOB, AUXBLOB, CCEL, FILE_COUNT };
static const char *const names[FILE_COUNT] = {
    "provider", "generation", "privlevel_floor", "privlevel",
    "inblob",   "outblob",    "auxblob",         "CCEL",
};

static const char *
provider(const struct device *d)
{
    return d->does.provider != NULL ? d->does.provider : "sev_guest";
}

static bool
is_snp(const struct device *d)
{
    return strcmp(provider(d), "sev_guest") == 0;
}

static bool
has_log(const struct device *d)
{
    return d->does.with_log || d->does.other_log;
}

static bool
owns(void *state, const char *path)
{
    return strncmp(path, ROOT, strlen(ROOT)) == 0 || (strcmp(path, LOG) == 0 && has_log(state));
}

static long
make_entry(void *state, const char *path)
{
    struct device *d = state;

    long result = device_access(state, path);
    if (result != 0)
        return result;
    if (d->does.error == ENXIO) /* no provider registered */
        return -ENXIO;
    if (d->entry[0] != '\0')
        return -EEXIST;
    snprintf(d->entry, sizeof d->entry, "%s", path);
    d->generation = d->level = 0;
    d->report_data_size = 0;
    d->happened.entries++;
    d->happened.entries_made++;
    return 0;
}

static long
remove_entry(void *state, const char *path)
{
    struct device *d = state;

    if (strcmp(path, d->entry) != 0)
        return -ENOENT;
    if (d->happened.descriptors != 0)
        return -EBUSY;
    d->entry[0] = '\0';
    d->happened.entries--;
    return 0;
}

static long
make_evidence(struct device *d, struct bulla_buffer *out)
{
    uint8_t report_data[64];

    if (d->does.never)
        return EMULATOR_HANG;
    if (d->does.error != 0)
        return -d->does.error;
    if (d->report_data_size == 0)
        return -EINVAL;
    if (happens(&d->does.moves)) {
        d->generation++;
        d->report_data[0] ^= 0xff;
    }
    device_asked(d, report_data);
    if (is_snp(d))
        make_snp(NULL, report_data, d->level, out);
    else if (strcmp(provider(d), "tdx_guest") == 0)
        make_tdx(report_data, out);
    else
        make_cca(report_data, out);
    device_spoil(d, out);
    return 0;
}

static void
put_text(struct bulla_buffer *out, const char *text)
{
    struct bulla_error err = { 0 };

    assert_ok(bulla_buffer_append(out, text_bytes(text), &err), &err);
    assert_ok(bulla_buffer_append(out, BL_LITERAL("\n"), &err), &err);
}

static void
put_number(struct bulla_buffer *out, unsigned number)
{
    char text[16];

    snprintf(text, sizeof text, "%u", number);
    put_text(out, text);
}

static void
put_table(const struct device *d, struct bulla_buffer *out)
{
    if (d->does.without_table)
        return;
    make_snp_table(out);
    if (d->does.broken_table)
        memset(out->data + 16, 0xff, 8); /* far outside */
}

static long
open_file(void *state, const char *path, int flags, int *handle_out)
{
    struct device *d = state;
    const char *name = strrchr(path, '/') + 1;
    int file = 0;

    while (file < FILE_COUNT && strcmp(name, names[file]) != 0)
        file++;
    if (file == FILE_COUNT || (file == AUXBLOB && !is_snp(d)) ||
        ((file == FLOOR || file == LEVEL) && !is_snp(d)) || (file == CCEL && !has_log(d)))
        return -ENOENT;
    bool is_written = file == LEVEL || file == INBLOB;
    if (is_written != ((flags & O_ACCMODE) == O_WRONLY))
        return -EACCES;
    d->offsets[file] = 0;
    bulla_buffer_clear(&d->files[file]);
    if (file == PROVIDER)
        put_text(&d->files[file], provider(d));
    if (file == GENERATION && d->does.generation != NULL)
        put_text(&d->files[file], d->does.generation);
    else if (file == GENERATION)
        put_number(&d->files[file], d->generation);
    if (file == CCEL)
        make_ccel(d->does.other_log, &d->files[file]);
    if (file == FLOOR)
        put_number(&d->files[file], d->does.floor);
    d->happened.descriptors++;
    *handle_out = file;
    return 0;
}

/* As its user ends it: it is gone when this returns. */
static void
end_program(void)
{
    siginfo_t info;

    kill(emulator_program(), SIGTERM);
    (void)waitid(P_PID, (id_t)emulator_program(), &info, WEXITED | WNOWAIT);
}

static long
read_file(void *state, int handle, void *out, size_t size)
{
    struct device *d = state;
    long trouble = device_trouble(d);

    if (trouble != 0)
        return trouble;
    if (handle == OUTBLOB && happens(&d->does.interrupts)) {
        end_program();
        return -EAGAIN;
    }
    if ((handle == OUTBLOB || handle == AUXBLOB) && happens(&d->does.busy))
        return -EAGAIN;
    if (handle == OUTBLOB && d->offsets[handle] == 0 && d->files[handle].size == 0) {
        long result = make_evidence(d, &d->files[handle]);
        if (result != 0)
            return result;
    }
    if (handle == AUXBLOB && d->offsets[handle] == 0)
        put_table(d, &d->files[handle]);
    return device_read(d, handle, out, size);
}

static long
write_file(void *state, int handle, const void *bytes, size_t size)
{
    struct device *d = state;
    long trouble = device_trouble(d);

    if (trouble != 0)
        return trouble;
    if (handle == LEVEL) {
        unsigned level = (unsigned)(*(const char *)bytes - '0');
        if (size == 0 || level < d->does.floor || level > 3)
            return -EINVAL;
        d->level = level;
        d->generation++;
        return (long)size;
    }
    if (size > sizeof d->report_data)
        return -ENOSPC;
    memcpy(d->report_data, bytes, size);
    d->report_data_size = size;
    d->inblob_pending = true;
    return (long)size;
}

static void
close_file(void *state, int handle)
{
    struct device *d = state;

    d->happened.descriptors--;
    if (handle != INBLOB || !d->inblob_pending)
        return;
    d->inblob_pending = false;
    if (!d->does.deaf)
        d->generation++;
}

void
device_make_tsm(struct device *device)
{
    device_make_place(device, ROOT);
    device->emulated.owns = owns;
    device->emulated.open = open_file;
    device->emulated.read = read_file;
    device->emulated.write = write_file;
    device->emulated.close = close_file;
    device->emulated.mkdir = make_entry;
    device->emulated.rmdir = remove_entry;
}
