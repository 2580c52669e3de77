/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/ipc.h"

#include "base/memory.h"
#include "codec/cbor.h"

#define ITEMS_MAX 5
#define PEER_SIZE_MAX 64

static void
write_spki_hash(struct bl_writer *w, bool present, const uint8_t hash[BL_SPKI_HASH_SIZE])
{
    if (present)
        bl_cbor_write_bytes(w, (struct bulla_bytes){ hash, BL_SPKI_HASH_SIZE });
    else
        bl_cbor_write_null(w);
}

static void
start(struct bl_writer *w, enum bl_ipc_kind kind, size_t count)
{
    bl_cbor_write_array(w, count);
    bl_cbor_write_uint(w, (uint64_t)kind);
}

enum bulla_status
bl_ipc_encode(const struct bl_ipc_message *message, struct bulla_buffer *out,
              struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    switch (message->kind) {
    case BL_IPC_OPENED:
        start(&w, message->kind, 5);
        write_spki_hash(&w, true, message->tls.server_spki_hash);
        write_spki_hash(&w, message->tls.has_client_certificate, message->tls.client_spki_hash);
        bl_cbor_write_uint(&w, message->tls.cipher_suite);
        bl_cbor_write_text(&w, message->peer);
        break;
    case BL_IPC_FRAME:
    case BL_IPC_EXPORTED:
    case BL_IPC_SEND:
        start(&w, message->kind, 2);
        bl_cbor_write_bytes(&w, message->body);
        break;
    case BL_IPC_EXPORT:
        start(&w, message->kind, 4);
        bl_cbor_write_text(&w, message->label);
        bl_cbor_write_bytes(&w, message->context);
        bl_cbor_write_uint(&w, message->size);
        break;
    case BL_IPC_CLOSE:
        start(&w, message->kind, 1);
        break;
    default:
        return bulla_fail(err, BULLA_E_ARGUMENT, "gate message", "unknown kind", 0);
    }
    return bl_writer_finish(&w, err);
}

static void
read_opened(struct bl_reader *r, struct bl_ipc_message *message)
{
    bl_cbor_read_bytes_exact(r, message->tls.server_spki_hash, BL_SPKI_HASH_SIZE);
    message->tls.has_client_certificate = !bl_cbor_read_if_null(r);
    if (message->tls.has_client_certificate)
        bl_cbor_read_bytes_exact(r, message->tls.client_spki_hash, BL_SPKI_HASH_SIZE);
    uint64_t suite = bl_cbor_read_uint(r);
    if (suite > UINT16_MAX)
        bl_reader_fail(r, "not a cipher suite");
    message->tls.cipher_suite = (uint16_t)suite;
    message->peer = bl_cbor_read_text(r, PEER_SIZE_MAX);
}

static size_t
item_count(uint64_t kind)
{
    static const size_t counts[] = {
        [BL_IPC_OPENED] = 5, [BL_IPC_FRAME] = 2,  [BL_IPC_EXPORTED] = 2,
        [BL_IPC_SEND] = 2,   [BL_IPC_EXPORT] = 4, [BL_IPC_CLOSE] = 1
    };

    return kind < sizeof counts / sizeof counts[0] ? counts[kind] : 0;
}

enum bulla_status
bl_ipc_decode(struct bulla_bytes bytes, struct bl_ipc_message *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "gate message");
    size_t count = bl_cbor_read_array(&r, ITEMS_MAX);
    uint64_t kind = bl_cbor_read_uint(&r);
    struct bl_ipc_message message = { .kind = (enum bl_ipc_kind)kind };

    if (count == 0 || item_count(kind) != count)
        bl_reader_fail(&r, "not a message that we know");
    BL_TRY(bl_reader_ok(&r, err));
    switch (message.kind) {
    case BL_IPC_OPENED:
        read_opened(&r, &message);
        break;
    case BL_IPC_EXPORT:
        message.label = bl_cbor_read_text(&r, BL_IPC_LABEL_SIZE_MAX);
        message.context = bl_cbor_read_bytes(&r, BL_TRANSCRIPT_SIZE);
        message.size = bl_cbor_read_uint(&r);
        break;
    case BL_IPC_FRAME:
    case BL_IPC_EXPORTED:
    case BL_IPC_SEND:
        message.body = bl_cbor_read_bytes(&r, BL_FRAME_SIZE_MAX);
        break;
    case BL_IPC_CLOSE:
        break;
    }
    BL_TRY(bl_reader_finish(&r, err));
    *out = message;
    return BULLA_OK;
}
