/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/sealed_key.h: the key of one sealed directory, in its blob.
 */
#ifndef BL_AGENT_SEALED_KEY_H
#define BL_AGENT_SEALED_KEY_H

#include "agent/attest.h"
#include "seal/volume.h"

#define BL_SEALED_ID_SIZE 16 /* bytes */

struct bl_sealed_key {
    struct bl_secret key;          /* BL_VOLUME_KEY_SIZE bytes */
    uint8_t id[BL_SEALED_ID_SIZE]; /* of the volume that it is for */
};
void bl_sealed_key_done(struct bl_sealed_key *key);

/** Open the blob, and seal it anew if this version of the enclave is the newest that had it.
 *  BULLA_E_NOT_FOUND if there is none; causes as bl_unseal_bytes(). */
enum bulla_status bl_sealed_key_open(const struct bl_agent_self *self,
                                     const struct bl_manifest_sealed *sealed, const char *path,
                                     struct bl_sealed_key *out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** A new one, of random, not kept yet. */
enum bulla_status bl_sealed_key_make(struct bl_sealed_key *out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** Seal it to what the manifest's `bind` says of this enclave now, and keep it. */
enum bulla_status bl_sealed_key_save(const struct bl_agent_self *self,
                                     const struct bl_manifest_sealed *sealed, const char *path,
                                     const struct bl_sealed_key *key,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif
