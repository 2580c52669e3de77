/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/tee0 with OP-TEE's attestation service behind it. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/tee.h>

#include "device/emulated.h"
#include "device/makers.h"
#include "unit.h"

#define SESSION 77u
#define MEMORY_ID 5
#define ITEM_NOT_FOUND 0xffff0008u
#define BAD_PARAMETERS 0xffff0006u
#define SHORT_BUFFER 0xffff0010u

static const uint8_t service[16] = { 0x39, 0x80, 0x08, 0x61, 0x18, 0x2a, 0x47, 0x20,
                                     0x9b, 0x67, 0x2b, 0xcd, 0x62, 0x2b, 0xc0, 0xb5 };
/* 00112233-4455-6677-8899-aabbccddeeff as a TEE has it in memory */
static const uint8_t application[16] = { 0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66,
                                         0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };

/* struct tee_ioctl_invoke_arg of linux/tee.h, with parameters */
struct invocation {
    struct {
        uint32_t func, session, cancel_id, ret, ret_origin, num_params;
    } head;
    struct tee_ioctl_param parameters[4];
};

static long
tell_version(struct device *d, const struct remote *remote, uint64_t argument)
{
    const struct tee_ioctl_version_data version = {
        .impl_id = d->does.is_another_tee ? TEE_IMPL_ID_AMDTEE : TEE_IMPL_ID_OPTEE,
        .gen_caps = TEE_GEN_CAP_GP,
    };

    return remote_write(remote, argument, &version, sizeof version) ? 0 : -EFAULT;
}

static long
share(struct device *d, struct remote *remote, uint64_t argument)
{
    struct tee_ioctl_shm_alloc_data shared;

    if (!remote_read(remote, argument, &shared, sizeof shared) || shared.flags != 0)
        return -EINVAL;
    d->memory_fd = memfd_create("shared", MFD_CLOEXEC);
    if (d->memory_fd < 0 || ftruncate(d->memory_fd, (off_t)shared.size) != 0)
        return -ENOMEM;
    shared.id = MEMORY_ID;
    if (d->does.size != 0)
        shared.size = d->does.size;
    if (!remote_write(remote, argument, &shared, sizeof shared))
        return -EFAULT;
    remote->gift = dup(d->memory_fd);
    return 0;
}

static long
open_session(struct device *d, const struct remote *remote, uint64_t argument)
{
    struct tee_ioctl_buf_data call;
    struct tee_ioctl_open_session_arg head;

    if (!remote_read(remote, argument, &call, sizeof call) ||
        call.buf_len != sizeof head + 4 * sizeof(struct tee_ioctl_param) ||
        !remote_read(remote, call.buf_ptr, &head, sizeof head) || head.num_params != 4)
        return -EINVAL;
    bool is_there = !d->does.without_service && memcmp(head.uuid, service, sizeof service) == 0;
    head.ret = is_there ? 0 : ITEM_NOT_FOUND;
    head.session = SESSION;
    d->happened.sessions += is_there;
    return remote_write(remote, call.buf_ptr, &head, sizeof head) ? 0 : -EFAULT;
}

/* The bytes of an input, from the shared memory. */
static size_t
take(const struct device *d, const struct tee_ioctl_param *p, uint8_t *out, size_t size_max)
{
    if (p->attr != TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT || p->c != MEMORY_ID || p->b > size_max)
        return 0;
    return pread(d->memory_fd, out, p->b, (off_t)p->a) == (ssize_t)p->b ? (size_t)p->b : 0;
}

static uint32_t
put(const struct device *d, struct tee_ioctl_param *p, const struct bulla_buffer *bytes)
{
    if (p->attr != TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT || p->c != MEMORY_ID)
        return BAD_PARAMETERS;
    bool fits = bytes->size <= p->b;
    p->b = bytes->size;
    if (!fits)
        return SHORT_BUFFER;
    return pwrite(d->memory_fd, bytes->data, bytes->size, (off_t)p->a) == (ssize_t)bytes->size
               ? 0
               : BAD_PARAMETERS;
}

static uint32_t
tell_key(const struct device *d, struct tee_ioctl_param parameters[4])
{
    BL_AUTO(bulla_buffer) modulus = { 0 }, exponent = { 0 };

    make_optee_key(&modulus, &exponent);
    uint32_t code = put(d, &parameters[0], &exponent);
    return code != 0 ? code : put(d, &parameters[1], &modulus);
}

/* Digest 0x7e.. of the TEE, 0x7a.. of the one application that there is. */
static uint32_t
measure(struct device *d, uint32_t function, struct tee_ioctl_param parameters[4])
{
    BL_AUTO(bulla_buffer) evidence = { 0 };
    uint8_t uuid[16], digest[32], nonce[64];
    size_t at = function == 1 ? 1 : 0;

    if (at == 1 && take(d, &parameters[0], uuid, sizeof uuid) != sizeof uuid)
        return BAD_PARAMETERS;
    if (at == 1 && memcmp(uuid, application, sizeof uuid) != 0)
        return ITEM_NOT_FOUND;
    size_t size = take(d, &parameters[at], d->report_data, sizeof d->report_data);
    if (size == 0)
        return BAD_PARAMETERS;
    memset(digest, at == 1 ? 0x7a : 0x7e, sizeof digest);
    device_asked(d, nonce);
    nonce[0] ^= d->does.wrong_data;
    make_optee((struct bulla_bytes){ nonce, size }, digest, &evidence);
    if (d->does.size_said == 0)
        device_spoil(d, &evidence);
    uint32_t code = put(d, &parameters[at + 1], &evidence);
    if (d->does.size_said != 0)
        parameters[at + 1].b = d->does.size_said;
    return code;
}

static long
invoke(struct device *d, const struct remote *remote, uint64_t argument)
{
    struct tee_ioctl_buf_data call;
    struct invocation message;

    if (!remote_read(remote, argument, &call, sizeof call) || call.buf_len != sizeof message ||
        !remote_read(remote, call.buf_ptr, &message, sizeof message) ||
        message.head.session != SESSION || message.head.num_params != 4)
        return -EINVAL;
    if (message.head.func != 0 && d->does.never)
        return EMULATOR_HANG;
    if (message.head.func != 0 && d->does.code != 0)
        message.head.ret = d->does.code;
    else
        message.head.ret = message.head.func == 0
                               ? tell_key(d, message.parameters)
                               : measure(d, message.head.func, message.parameters);
    return remote_write(remote, call.buf_ptr, &message, sizeof message) ? 0 : -EFAULT;
}

static long
do_ioctl(void *state, struct remote *remote, unsigned long command, uint64_t argument)
{
    struct device *d = state;
    long trouble = device_trouble(d);

    if (trouble != 0)
        return trouble;
    if (d->does.error != 0 && command == TEE_IOC_INVOKE)
        return -d->does.error;
    switch (command) {
    case TEE_IOC_VERSION:
        return tell_version(d, remote, argument);
    case TEE_IOC_SHM_ALLOC:
        return share(d, remote, argument);
    case TEE_IOC_OPEN_SESSION:
        return open_session(d, remote, argument);
    case TEE_IOC_INVOKE:
        return invoke(d, remote, argument);
    case TEE_IOC_CLOSE_SESSION:
        d->happened.sessions--;
        return 0;
    default:
        return -EINVAL;
    }
}

void
device_make_optee(struct device *device)
{
    device_make_node(device, "/dev/tee0", do_ioctl);
}
