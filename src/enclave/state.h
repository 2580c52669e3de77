/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/state.h: what one enclave leaves on its host, in one directory (0700):
 *
 *     lock      held while a monitor runs the enclave
 *     key       how to get the key of `vtpm`; made and read by the caller (a sealed blob)
 *     vtpm      the state of its TPM, encrypted; docs/formats/enclave-state.md
 *     agent/    the agent's own: wrapped keys and volumes
 *
 * Guarantees: one monitor at a time; `vtpm` is replaced atomically and opens only with its key and
 * under the enclave's name; if it is gone while agent/ is not empty, that is BULLA_CAUSE_STORE_MISSING
 * and never a first start. The lowest version that may start is kept inside the TPM
 * (BL_ENCLAVE_NV_VERSION), so that it cannot be set back without setting back the whole TPM.
 * Does not: notice that the whole directory was set back (freshness: none); say who may start what.
 */
#ifndef BL_ENCLAVE_STATE_H
#define BL_ENCLAVE_STATE_H

#include <sys/types.h>

#include "crypto/aead.h"
#include "device/vtpm.h"
#include "policy/manifest.h"
#include "sys/file.h"

#define BL_ENCLAVE_STATE_KEY_SIZE BL_AEAD_KEY_SIZE /* bytes */

struct bl_enclave_state {
    struct bl_file_lock lock;
    char name[BL_MANIFEST_NAME_SIZE_MAX + 1];
    char *key_path;
    char *vtpm_path;
    char *agent_directory;
    struct bl_aead *aead;
};
#define BL_ENCLAVE_STATE_NONE     \
    {                             \
        .lock = BL_FILE_LOCK_NONE \
    }

/** Make the directory if it is missing, and lock it: BULLA_E_BUSY if another monitor has it. */
enum bulla_status bl_enclave_state_open(struct bl_enclave_state *state, const char *directory,
                                        const char *name, struct bulla_error *err) BULLA_CHECKED;
/** The key of `vtpm`, BL_ENCLAVE_STATE_KEY_SIZE bytes; copied. */
enum bulla_status bl_enclave_state_use_key(struct bl_enclave_state *state,
                                           const struct bl_secret *key,
                                           struct bulla_error *err) BULLA_CHECKED;
/** For bl_vtpm_start(); borrows `state`, which has its key. load: INTEGRITY for a file that was
 *  altered, or is another enclave's. */
struct bl_vtpm_store bl_enclave_state_store(struct bl_enclave_state *state);
/** Give agent/ to `user`, whom the agent is for the host. Root only; for others nothing. */
enum bulla_status bl_enclave_state_give_agent(const struct bl_enclave_state *state, uid_t user,
                                              struct bulla_error *err) BULLA_CHECKED;
/** Unlock and forget. Accepts what is already empty. */
void bl_enclave_state_done(struct bl_enclave_state *state);

#endif
