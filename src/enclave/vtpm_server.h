/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/vtpm_server.h: the vTPM as an enclave gets at it: a stream of raw commands, through
 * enclave/tpm_filter.h.
 *
 * Guarantees: one command at a time, of at most BL_TPM_COMMAND_SIZE_MAX bytes; never waits for a
 * command, and no longer than BL_VTPM_SEND_TIMEOUT_MS for somebody who does not take his answer;
 * what a client loaded is flushed when he is gone.
 * Does not: know who is at the other end; serve two at once.
 */
#ifndef BL_ENCLAVE_VTPM_SERVER_H
#define BL_ENCLAVE_VTPM_SERVER_H

#include "device/vtpm.h"
#include "enclave/tpm_filter.h"

#define BL_VTPM_SEND_TIMEOUT_MS 2000 /* an answer fits into the buffer of a socket */

struct bl_vtpm_server {
    struct bl_vtpm *vtpm; /* borrowed */
    int fd;               /* owned; -1: nobody is there */
    uint8_t command[BL_TPM_COMMAND_SIZE_MAX];
    size_t got; /* bytes of it */
};

/** Take over `fd`, a connected stream socket. */
void bl_vtpm_server_init(struct bl_vtpm_server *server, struct bl_vtpm *vtpm, int fd);
/** Call when `fd` can be read: take what is there, and answer if it is a whole command. After the end
 *  of the stream `fd` is -1. A failure (of the stream, of the TPM) ends the service. */
enum bulla_status bl_vtpm_server_step(struct bl_vtpm_server *server,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Close, and flush what was left loaded. Accepts what is already empty. */
void bl_vtpm_server_done(struct bl_vtpm_server *server);

#endif
