/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/attestation as Gramine has it inside an enclave. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "device/emulated.h"
#include "device/makers.h"
#include "unit.h"

#define ROOT "/dev/attestation"

enum file { TYPE, REPORT_DATA, QUOTE, FILE_COUNT };
static const char *const names[FILE_COUNT] = { "attestation_type", "user_report_data", "quote" };

static long
open_file(void *state, const char *path, int flags, int *handle_out)
{
    struct device *d = state;
    const char *type = d->does.type != NULL ? d->does.type : "dcap";
    long result = device_access(state, path);
    struct bulla_error err = { 0 };
    int file = 0;

    (void)flags;
    while (file < FILE_COUNT && strcmp(path + sizeof ROOT, names[file]) != 0)
        file++;
    if (result != 0 || file == FILE_COUNT)
        return result != 0 ? result : -ENOENT;
    d->offsets[file] = 0;
    bulla_buffer_clear(&d->files[file]);
    if (file == TYPE)
        assert_ok(bulla_buffer_append(&d->files[file], text_bytes(type), &err), &err);
    d->happened.descriptors++;
    *handle_out = file;
    return 0;
}

static long
read_file(void *state, int handle, void *out, size_t size)
{
    struct device *d = state;
    uint8_t report_data[64];
    long trouble = device_trouble(d);

    if (trouble != 0)
        return trouble;
    if (handle == QUOTE && d->offsets[handle] == 0 && d->files[handle].size == 0) {
        if (d->does.never)
            return EMULATOR_HANG;
        if (d->does.error != 0)
            return -d->does.error;
        device_asked(d, report_data);
        make_sgx(report_data, &d->files[handle]);
        device_spoil(d, &d->files[handle]);
    }
    return device_read(d, handle, out, size);
}

static long
write_file(void *state, int handle, const void *bytes, size_t size)
{
    struct device *d = state;
    long trouble = device_trouble(d);

    if (trouble != 0)
        return trouble;
    if (handle != REPORT_DATA || size > sizeof d->report_data)
        return -EINVAL;
    if (d->does.cut > 0)
        return (long)size - 1;
    memset(d->report_data, 0, sizeof d->report_data);
    memcpy(d->report_data, bytes, size);
    return (long)size;
}

void
device_make_gramine(struct device *device)
{
    device_make_place(device, ROOT);
    device->emulated.open = open_file;
    device->emulated.read = read_file;
    device->emulated.write = write_file;
}
