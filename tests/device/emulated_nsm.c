/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/nsm as Linux has it: what does not fit into the answer's room is cut off without a word. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "codec/cbor.h"
#include "device/emulated.h"
#include "device/makers.h"
#include "unit.h"

struct raw {
    uint64_t request, request_size, response, response_size;
};
#define RAW _IOWR(0x0a, 0x0, struct raw)

/* {"Attestation": {"nonce": bytes, "user_data": null, "public_key": null}}, in any order. */
static bool
read_request(struct device *d, struct bulla_bytes bytes)
{
    struct bl_reader r = bl_reader(bytes, "request");
    struct bl_cbor_map outer = bl_cbor_read_foreign_map(&r, 1);
    struct bulla_bytes key = { NULL, 0 }, nonce = { NULL, 0 };

    if (!bl_cbor_map_next_text(&r, &outer, 16, &key) || !bl_equal(key, BL_LITERAL("Attestation")))
        return false;
    struct bl_cbor_map map = bl_cbor_read_foreign_map(&r, 3);
    while (bl_cbor_map_next_text(&r, &map, 16, &key)) {
        if (bl_equal(key, BL_LITERAL("nonce")))
            nonce = bl_cbor_read_bytes(&r, sizeof d->report_data);
        else
            bl_cbor_read_null(&r);
    }
    if (bl_cbor_map_next_text(&r, &outer, 16, &key) || bl_reader_finish(&r, NULL) != BULLA_OK)
        return false;
    memcpy(d->report_data, nonce.data, nonce.size);
    d->report_data_size = nonce.size;
    return true;
}

static void
write_response(struct device *d, struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) document = { 0 };
    struct bl_writer w = bl_writer(out);
    uint8_t nonce[64];

    if (d->does.code != 0) {
        static const char *const words[] = { "", "InvalidArgument", "Unheard of" };
        bl_cbor_write_map(&w, 1);
        bl_cbor_write_text(&w, BL_LITERAL("Error"));
        bl_cbor_write_text(&w, text_bytes(words[d->does.code]));
        return;
    }
    device_asked(d, nonce);
    if (d->does.wrong_data)
        nonce[0] ^= 0x80;
    make_nitro((struct bulla_bytes){ nonce, d->report_data_size }, &document);
    device_spoil(d, &document);
    bl_cbor_write_map(&w, 1);
    bl_cbor_write_text(&w, BL_LITERAL("Attestation"));
    bl_cbor_write_map(&w, 1);
    bl_cbor_write_text(&w, BL_LITERAL("document"));
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&document));
}

static long
do_ioctl(void *state, struct remote *remote, unsigned long command, uint64_t argument)
{
    BL_AUTO(bulla_buffer) response = { 0 };
    struct device *d = state;
    uint8_t request[4096];
    struct raw raw;
    long trouble = device_trouble(d);

    if (trouble != 0)
        return trouble;
    if (d->does.never)
        return EMULATOR_HANG;
    if (d->does.error != 0)
        return -d->does.error;
    if (command != RAW || !remote_read(remote, argument, &raw, sizeof raw))
        return -EINVAL;
    if (raw.request_size > sizeof request)
        return -EMSGSIZE;
    if (!remote_read(remote, raw.request, request, raw.request_size) ||
        !read_request(d, (struct bulla_bytes){ request, raw.request_size }))
        return -EINVAL;
    write_response(d, &response);
    size_t size = response.size < raw.response_size ? response.size : raw.response_size;
    raw.response_size = d->does.size != 0 ? d->does.size : size;
    return remote_write(remote, raw.response, response.data, size) &&
                   remote_write(remote, argument, &raw, sizeof raw)
               ? 0
               : -EFAULT;
}

void
device_make_nsm(struct device *device)
{
    device_make_node(device, "/dev/nsm", do_ioctl);
}
