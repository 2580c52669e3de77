/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave/vtpm_server.h"

#include <sys/socket.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"

#define WHERE "TPM of the enclave"
#define HANDLES_AT_ONCE 64 /* more than libtpms has slots: 3 objects, 64 sessions */

void
bl_vtpm_server_init(struct bl_vtpm_server *server, struct bl_vtpm *vtpm, int fd)
{
    *server = (struct bl_vtpm_server){ .vtpm = vtpm, .fd = fd };
}

static enum bulla_status
flush(struct bl_vtpm *vtpm, uint32_t handle, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) response = { 0 };
    const uint8_t command[] = { 0x80,
                                0x01,
                                0,
                                0,
                                0,
                                14,
                                0,
                                0,
                                0x01,
                                0x65, /* TPM2_FlushContext */
                                (uint8_t)(handle >> 24),
                                (uint8_t)(handle >> 16 & 0xff),
                                (uint8_t)(handle >> 8 & 0xff),
                                (uint8_t)(handle & 0xff) };

    return bl_vtpm_process(vtpm, BL_BYTES_OF(command), &response, err);
}

/* What is loaded of one type of handle (Part 3, 30.2: TPM_CAP_HANDLES). */
static enum bulla_status
flush_type(struct bl_vtpm *vtpm, uint8_t type, struct bulla_error *err)
{
    const uint8_t command[] = { 0x80, 0x01, 0, 0,    0, 22, 0, 0, 0x01, 0x7a, 0,
                                0,    0,    1, type, 0, 0,  0, 0, 0,    0,    HANDLES_AT_ONCE };
    BL_AUTO(bulla_buffer) response = { 0 };

    BL_TRY(bl_vtpm_process(vtpm, BL_BYTES_OF(command), &response, err));
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&response), WHERE);
    bl_skip(&r, 6);
    uint32_t code = bl_read_u32be(&r);
    bl_skip(&r, 1 + 4); /* more data, capability */
    uint32_t count = bl_read_u32be(&r);
    BL_TRY(bl_reader_ok(&r, err));
    if (code != 0 || count > HANDLES_AT_ONCE)
        return bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, WHERE, "it does not say what is open",
                                 code);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t handle = bl_read_u32be(&r);
        BL_TRY(bl_reader_ok(&r, err));
        BL_TRY(flush(vtpm, handle, err));
    }
    return BULLA_OK;
}

/* An answer that nobody took has left its object or session loaded. 0x02 are the sessions that are
 * loaded, of both kinds. */
void
bl_vtpm_server_done(struct bl_vtpm_server *server)
{
    struct bulla_error ignored = { 0 };

    bl_fd_close(&server->fd);
    server->got = 0;
    if (server->vtpm == NULL)
        return;
    if (flush_type(server->vtpm, 0x80, &ignored) != BULLA_OK ||
        flush_type(server->vtpm, 0x02, &ignored) != BULLA_OK)
        return; /* the next to need a slot is told so by the TPM */
}

/* Size stated in the header, once that is there; else the size of the header. */
static enum bulla_status
wanted(const struct bl_vtpm_server *server, size_t *size_out, struct bulla_error *err)
{
    struct bl_reader r =
        bl_reader((struct bulla_bytes){ server->command, server->got }, "TPM command");

    *size_out = BL_TPM_COMMAND_HEADER_SIZE;
    if (server->got < BL_TPM_COMMAND_HEADER_SIZE)
        return BULLA_OK;
    bl_skip(&r, 2);
    uint32_t size = bl_read_u32be(&r);
    if (size < BL_TPM_COMMAND_HEADER_SIZE || size > sizeof server->command)
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "a command of impossible size", size);
    *size_out = size;
    return BULLA_OK;
}

static enum bulla_status
answer(struct bl_vtpm_server *server, struct bulla_error *err)
{
    struct bulla_bytes command = { server->command, server->got };
    BL_AUTO(bulla_buffer) response = { 0 };

    if (bl_tpm_filter_allows(command))
        BL_TRY(bl_vtpm_process(server->vtpm, command, &response, err));
    else
        BL_TRY(bulla_buffer_append(&response, bl_tpm_filter_refusal(), err));
    server->got = 0;
    return bl_socket_send(server->fd, bulla_buffer_bytes(&response),
                          bl_clock_deadline(BL_VTPM_SEND_TIMEOUT_MS), err);
}

/* Reads never beyond the command: whatever follows waits until that is answered. */
static enum bulla_status
step(struct bl_vtpm_server *server, struct bulla_error *err)
{
    size_t size = 0;

    for (;;) {
        BL_TRY(wanted(server, &size, err));
        if (server->got == size)
            return answer(server, err);
        ssize_t got = BL_CALL(SOCKET, recv(server->fd, server->command + server->got,
                                           size - server->got, MSG_DONTWAIT));
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return BULLA_OK;
        if (got < 0)
            return bl_fail_errno(err, WHERE, "reading failed");
        if (got == 0) {
            bl_vtpm_server_done(server);
            return BULLA_OK;
        }
        server->got += (size_t)got;
    }
}

enum bulla_status
bl_vtpm_server_step(struct bl_vtpm_server *server, struct bulla_error *err)
{
    enum bulla_status status = step(server, err);

    if (status != BULLA_OK)
        bl_vtpm_server_done(server);
    return status;
}
