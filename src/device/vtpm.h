/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/vtpm.h: a whole TPM 2.0 inside this process (libtpms), for machines without one, for CI
 * and for the monitor of a process enclave.
 *
 * Guarantees: state is handed to `save` as one versioned byte string before a command that changed
 * it is answered; if saving fails the command fails and the TPM is shut down, so that nothing is
 * acknowledged that is not durable.
 * Format of the state: docs/formats/vtpm-state.md.
 * Does not: hide the state from whoever holds it, nor notice an old one that is put back; the
 * caller encrypts and anchors it where there is something to anchor to (DESIGN 4.3). One per
 * process.
 */
#ifndef BL_DEVICE_VTPM_H
#define BL_DEVICE_VTPM_H

#include "base/buffer.h"
#include "base/secret.h"

#define BL_VTPM_STATE_SIZE_MAX ((size_t)1 << 20) /* bytes: libtpms needs about 200 KiB at most */

/** Where the state lives. Called on the thread that uses the TPM. */
struct bl_vtpm_store {
    void *context;
    /** The whole state, appended; BULLA_E_NOT_FOUND on a first start. */
    enum bulla_status (*load)(void *context, struct bl_secret *state_out, struct bulla_error *err);
    /** Replace the whole state durably. It holds the seeds of all keys: treat it as a secret. */
    enum bulla_status (*save)(void *context, struct bulla_bytes state, struct bulla_error *err);
};

struct bl_vtpm;

/** Load or manufacture, power on, TPM2_Startup(CLEAR). On a first start the EK certificates are
 *  absent; see bl_tpm_ek_certificate_install(). BULLA_E_BUSY if this process has one already;
 *  BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED or BULLA_E_INTEGRITY for a state that cannot be used, which
 *  is left as it is. */
enum bulla_status bl_vtpm_start(const struct bl_vtpm_store *store, struct bl_vtpm **vtpm_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** TPM2_Shutdown(CLEAR), power off. Accepts NULL. */
void bl_vtpm_free(struct bl_vtpm *vtpm);
BL_DEFINE_FREEP(bl_vtpm)
/** True if this start manufactured a new TPM. */
bool bl_vtpm_is_new(const struct bl_vtpm *vtpm);

/** One raw command (Part 1, 18) and its response, appended. Commands larger than 4096 bytes are
 *  BULLA_E_LIMIT. A TPM error is a response, not a failure. After a failed save the status of that
 *  failure, and TPM_FAILED from then on: start again from what is stored. */
enum bulla_status bl_vtpm_process(struct bl_vtpm *vtpm, struct bulla_bytes command,
                                  struct bulla_buffer *response_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif
