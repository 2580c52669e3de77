/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/attestation_key.h: the attestation key of a TPM, certified by a broker, and evidence made
 * with it.
 *
 * The file (docs/formats/attestation-key.md) holds what the TPM wrapped and the certificate: it is of
 * no use without the TPM. One file a broker.
 */
#ifndef BL_CLIENT_ATTESTATION_KEY_H
#define BL_CLIENT_ATTESTATION_KEY_H

#include "client/broker.h"
#include "device/tpm.h"
#include "tee/tpm/evidence.h"

#define BL_ATTESTATION_KEY_SIZE_MAX 32768 /* bytes of the file */

struct bl_attestation_key {
    struct bl_tpm_key key;
    struct bulla_buffer certificate;      /* DER, of the AK */
    uint8_t broker_id[BL_BROKER_ID_SIZE]; /* who certified it */
};
void bl_attestation_key_done(struct bl_attestation_key *key);

enum bulla_status bl_attestation_key_encode(const struct bl_attestation_key *key,
                                            struct bulla_buffer *out,
                                            struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_attestation_key_decode(struct bulla_bytes bytes,
                                            struct bl_attestation_key *out,
                                            struct bulla_error *err) BULLA_CHECKED;

/** Made for this broker, and its certificate is good for three days yet, a tenth of its life. */
bool bl_attestation_key_is_current(const struct bl_attestation_key *key,
                                   const uint8_t broker_id[BL_BROKER_ID_SIZE], int64_t now_s);

/** Enrol: have a key of `tpm` certified (credential activation). With `key->key` empty a new key is
 *  made first; else that one gets a fresh certificate. `issuers` are DER certificates that go along
 *  with the EK's. BULLA_E_NOT_FOUND (the TPM has no EK certificate), BULLA_E_REFUSED. */
enum bulla_status bl_client_enroll(const struct bl_broker_connection *connection,
                                   struct bl_tpm *tpm, const struct bulla_bytes *issuers,
                                   size_t issuer_count, unsigned timeout_ms,
                                   struct bl_attestation_key *key,
                                   struct bulla_error *err) BULLA_CHECKED;

/** A machine's own evidence, by its TPM: the attester of `bulla get`. Borrowed parts outlive it. */
struct bl_machine_attester {
    struct bl_tpm *tpm;
    const struct bl_attestation_key *key;
    struct bl_pcr_selection selection;
};
/** What machine->key signs over `extra_data` and the machine's PCRs, as evidence of the one layer
 *  "platform". Appended. */
enum bulla_status bl_machine_quote(const struct bl_machine_attester *machine,
                                   const uint8_t extra_data[BL_TPM_BINDER_SIZE],
                                   struct bulla_buffer *evidence_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** bl_attester.collect: quote over SHA-256 of the report data, as evidence of kind "tpm". */
enum bulla_status bl_machine_collect(void *attester, const uint8_t report_data[BL_REPORT_DATA_SIZE],
                                     struct bulla_buffer *evidence_out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif
