/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/attestation.h: the attestation key that this machine's TPM has for a broker, kept as a file
 * beside the embedded TPM's state (attestation-BROKER, 0600).
 */
#ifndef BL_CMD_ATTESTATION_H
#define BL_CMD_ATTESTATION_H

#include "client/attestation_key.h"
#include "cmd/local_tpm.h"

/** BULLA_E_NOT_FOUND if this machine was not enrolled at the broker of this id, or root key. */
enum bulla_status bl_attestation_load_for(const uint8_t root[BL_BROKER_ROOT_SIZE],
                                          struct bl_attestation_key *key_out,
                                          struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_attestation_load(const uint8_t broker_id[BL_BROKER_ID_SIZE],
                                      struct bl_attestation_key *key_out,
                                      struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_attestation_save(const struct bl_attestation_key *key,
                                      struct bulla_error *err) BULLA_CHECKED;
/** What this attester says of itself: its boot id. A real TPM is reset with the machine, so the
 *  kernel's boot id stands for the start; the embedded one starts with each command. Appended. */
enum bulla_status bl_attestation_claims(const struct bl_local_tpm *local,
                                        struct bulla_buffer *claims_out,
                                        struct bulla_error *err) BULLA_CHECKED;

#endif
