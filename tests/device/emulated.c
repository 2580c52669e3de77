/* SPDX-License-Identifier: Apache-2.0 */
#include "device/emulated.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

bool
happens(unsigned *count)
{
    if (*count == 0)
        return false;
    if (*count < FOREVER)
        (*count)--;
    return true;
}

long
device_trouble(struct device *device)
{
    device->happened.calls++;
    if (happens(&device->does.interrupted))
        return -EINTR;
    return 0;
}

void
device_asked(struct device *device, uint8_t report_data[64])
{
    memcpy(report_data, device->report_data, 64);
    device->happened.made++;
    if (device->does.wrong_data || happens(&device->does.wrong_count))
        report_data[63] ^= 0x80;
}

void
device_spoil(const struct device *device, struct bulla_buffer *evidence)
{
    struct bulla_error err = { 0 };
    uint8_t *start = NULL;

    if (device->does.garbage)
        memset(evidence->data, 0xa5, evidence->size);
    evidence->size -= device->does.cut < evidence->size ? device->does.cut : evidence->size;
    if (device->does.more > 0)
        assert_ok(bulla_buffer_extend(evidence, device->does.more, &start, &err), &err);
}

long
device_read(struct device *device, int handle, void *out, size_t size)
{
    const struct bulla_buffer *file = &device->files[handle];
    size_t left = file->size - device->offsets[handle];

    if (device->does.endless && file->size > 0) {
        memset(out, '7', size);
        return (long)size;
    }
    if (size > left)
        size = left;
    if (device->does.bytewise && size > 1)
        size = 1;
    if (size > 0)
        memcpy(out, file->data + device->offsets[handle], size);
    device->offsets[handle] += size;
    return (long)size;
}

static bool
owns(void *state, const char *path)
{
    const struct device *d = state;
    const size_t size = strlen(d->place);

    return strncmp(path, d->place, size) == 0 && (path[size] == '\0' || path[size] == '/');
}

long
device_access(void *state, const char *path)
{
    const struct device *d = state;

    (void)path;
    return d->does.absent ? -ENOENT : d->does.denied ? -EACCES : 0;
}

static long
open_node(void *state, const char *path, int flags, int *handle_out)
{
    struct device *d = state;
    long result = device_access(state, path);

    (void)flags;
    *handle_out = 0;
    d->happened.descriptors += result == 0;
    return result;
}

static void
close_any(void *state, int handle)
{
    (void)handle;
    ((struct device *)state)->happened.descriptors--;
}

void
device_make_place(struct device *device, const char *place)
{
    device->place = place;
    device->emulated.owns = owns;
    device->emulated.open = open_node;
    device->emulated.close = close_any;
    device->emulated.access = device_access;
}

void
device_make_node(struct device *device, const char *place,
                 long (*ioctl)(void *state, struct remote *remote, unsigned long request,
                               uint64_t argument))
{
    device_make_place(device, place);
    device->emulated.ioctl = ioctl;
}

void
device_make(struct device *device, const char *name, const struct behaviour *does)
{
    static const struct {
        const char *name;
        void (*make)(struct device *device);
    } known[] = {
        { "configfs-tsm", device_make_tsm }, { "sev-guest", device_make_sev_guest },
        { "nsm", device_make_nsm },          { "gramine", device_make_gramine },
        { "optee", device_make_optee },
    };

    memset(device, 0, sizeof *device);
    device->does = *does;
    device->memory_fd = -1;
    device->emulated.state = device;
    for (size_t i = 0; i < BL_COUNT_OF(known); i++)
        if (strcmp(known[i].name, name) == 0)
            known[i].make(device);
    assert_non_null(device->emulated.owns);
}

void
device_done(struct device *device)
{
    for (size_t i = 0; i < BL_COUNT_OF(device->files); i++)
        bulla_buffer_done(&device->files[i]);
    if (device->memory_fd >= 0)
        close(device->memory_fd);
}
