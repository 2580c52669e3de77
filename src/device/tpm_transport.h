/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_transport.h: what carries commands to a TPM and responses back: a device node, a Unix
 * socket, or libtpms in this process.
 *
 * A transport moves bytes and bounds time; device/tcti.c checks what comes back. Tests put a
 * recorder or a forger between the two.
 * Does not: know what a command means.
 */
#ifndef BL_DEVICE_TPM_TRANSPORT_H
#define BL_DEVICE_TPM_TRANSPORT_H

#include "base/buffer.h"
#include "device/tpm.h"

#define BL_TPM_HEADER_SIZE 10   /* bytes: tag (2), size (4), command or response code (4) */
#define BL_TPM_MESSAGE_MAX 4096 /* bytes: TPM2_MAX_COMMAND_SIZE and TPM2_MAX_RESPONSE_SIZE */

struct bl_tpm_transport {
    void *context; /* owned */
    /** One command, its response appended. After a failure the two ends may be out of step. */
    enum bulla_status (*exchange)(void *context, struct bulla_bytes command,
                                  struct bulla_buffer *response_out, struct bulla_error *err);
    void (*close)(void *context);
    bool is_embedded;
};

/** Borrows `vtpm`. */
struct bl_tpm_transport bl_tpm_transport_vtpm(struct bl_vtpm *vtpm);
enum bulla_status bl_tpm_transport_socket(const char *path, unsigned timeout_ms,
                                          struct bl_tpm_transport *out,
                                          struct bulla_error *err) BULLA_CHECKED;
/** Takes `fd` over, also on failure. */
enum bulla_status bl_tpm_transport_socket_fd(int fd, unsigned timeout_ms,
                                             struct bl_tpm_transport *out,
                                             struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_tpm_transport_device(const char *path, unsigned timeout_ms,
                                          struct bl_tpm_transport *out,
                                          struct bulla_error *err) BULLA_CHECKED;

/** Connect over `transport`, which is owned from here on, also on failure. */
enum bulla_status bl_tpm_open_transport(struct bl_tpm_transport transport, struct bl_tpm **tpm_out,
                                        struct bulla_error *err) BULLA_CHECKED;

#endif
