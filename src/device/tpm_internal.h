/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_internal.h: what the files of a TPM connection share; for src/device/ and its tests.
 *
 * All calls go to ESYS (TSS 2.0 ESAPI). Whatever is loaded is held in a struct bl_tpm_handle, which
 * flushes it at the end of its scope.
 */
#ifndef BL_DEVICE_TPM_INTERNAL_H
#define BL_DEVICE_TPM_INTERNAL_H

#include <tss2/tss2_esys.h>

#include "device/tcti.h"

struct bl_tpm {
    ESYS_CONTEXT *esys;
    struct bl_tcti tcti;
};

/* -- errors ------------------------------------------------------------------------------------ */

/** The TPM's own code without parameter, handle or session number (Part 2, 6.6); 0 if `rc` is none
 *  of the TPM. */
TPM2_RC bl_tpm_code(TSS2_RC rc);
/** Report a call that gave `rc` while doing `what`: the transport's failure if there was one, causes
 *  that mean the same everywhere (TPM_LOCKOUT, TPM_NOT_PERMITTED, MEMORY), else TPM_FAILED. */
enum bulla_status bl_tpm_fail(struct bl_tpm *tpm, TSS2_RC rc, const char *what,
                              struct bulla_error *err) BULLA_CHECKED;

/* -- handles ----------------------------------------------------------------------------------- */

struct bl_tpm_handle {
    struct bl_tpm *tpm; /* NULL: empty */
    ESYS_TR tr;
    bool stays; /* a persistent object or an NV index: closed, not flushed */
};
void bl_tpm_handle_done(struct bl_tpm_handle *handle);
/** The Name of a loaded object or index as the TPM told it; for keys use bl_tpm_key_name(). */
enum bulla_status bl_tpm_handle_name(const struct bl_tpm_handle *handle,
                                     struct bl_tpm_name *name_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** The Name of a key, computed here from the very public area that ESYS encrypts salts to. ESYS
 *  takes both from the TPM and does not compare them everywhere (TR_FromTPMPublic, 3.2.1), so that
 *  somebody on the bus could put his key under a good Name. TPM_FAILED if they differ. */
enum bulla_status bl_tpm_key_name(const struct bl_tpm_handle *key, struct bl_tpm_name *name_out,
                                  struct bulla_error *err) BULLA_CHECKED;
bool bl_tpm_name_equal(const struct bl_tpm_name *a, const struct bl_tpm_name *b);

/* -- keys and sessions ------------------------------------------------------------------------- */

/** The storage root key with the Name `wanted` (WRONG_TPM if this TPM cannot make it), or with NULL
 *  the one that new objects get. */
enum bulla_status bl_tpm_srk(struct bl_tpm *tpm, const struct bl_tpm_name *wanted,
                             struct bl_tpm_handle *srk_out, struct bulla_error *err) BULLA_CHECKED;
/** A session salted to `salt_key`, with parameter encryption as `attributes` say (TPMA_SESSION_DECRYPT
 *  for commands, ENCRYPT for responses). Refuses to be made without a salt: the encryption of such a
 *  session keeps nothing from whoever watches the bus. */
enum bulla_status bl_tpm_session(struct bl_tpm *tpm, const struct bl_tpm_handle *salt_key,
                                 TPM2_SE type, TPMA_SESSION attributes,
                                 struct bl_tpm_handle *session_out,
                                 struct bulla_error *err) BULLA_CHECKED;

/* -- values ------------------------------------------------------------------------------------ */

/** TPM_ALG_ID of a PCR bank; TPM2_ALG_ERROR (0) for what is no bank of ours. */
TPM2_ALG_ID bl_tpm_algorithm(enum bl_hash hash);
TPML_PCR_SELECTION bl_tpm_selection(struct bl_pcr_selection selection);
/** A selection of SHA-256 or SHA-384 and bits 0 to 23 only. */
enum bulla_status bl_tpm_selection_check(struct bl_pcr_selection selection,
                                         struct bulla_error *err) BULLA_CHECKED;
/** One TPM property (Part 2, 6.13); BULLA_E_UNAVAILABLE if the TPM does not have it. */
enum bulla_status bl_tpm_property(struct bl_tpm *tpm, TPM2_PT property, uint32_t *value_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** TPM2B_PUBLIC and TPM2B_PRIVATE between bytes and structures; every byte is used. */
enum bulla_status bl_tpm_public_decode(struct bulla_bytes bytes, TPM2B_PUBLIC *out,
                                       struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_tpm_public_encode(const TPM2B_PUBLIC *public_area, struct bulla_buffer *out,
                                       struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_tpm_private_decode(struct bulla_bytes bytes, TPM2B_PRIVATE *out,
                                        struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_tpm_private_encode(const TPM2B_PRIVATE *private_area, struct bulla_buffer *out,
                                        struct bulla_error *err) BULLA_CHECKED;

/* -- sealed objects ---------------------------------------------------------------------------- */

/** What the TPM is asked for instead of a PIN: it takes at most a digest, and drops trailing zeros. */
enum bulla_status bl_tpm_pin_auth(struct bulla_bytes pin, uint8_t auth[32],
                                  struct bulla_error *err) BULLA_CHECKED;
/** Secret, PIN and policy go together, within the sizes. */
enum bulla_status bl_tpm_seal_check(struct bulla_bytes secret, const struct bl_tpm_policy *policy,
                                    struct bulla_bytes pin, struct bulla_error *err) BULLA_CHECKED;
/** The public area of an object of ours, without `unique`. One that is made elsewhere is not fixed to
 *  a TPM; its policy lets nobody duplicate it. */
TPM2B_PUBLIC bl_tpm_sealed_public(const uint8_t policy_digest[32], bool with_pin, bool is_imported);
/** TPM2_Import: *private_area becomes what TPM2_Load takes. WRONG_TPM. */
enum bulla_status bl_tpm_import(struct bl_tpm *tpm, const struct bl_tpm_handle *srk,
                                const TPM2B_PUBLIC *public_area, struct bulla_bytes seed,
                                TPM2B_PRIVATE *private_area, struct bulla_error *err) BULLA_CHECKED;

/* -- signed policies --------------------------------------------------------------------------- */

/** A signed policy that this TPM has verified, and what it takes to use it in sessions. */
struct bl_tpm_authorization {
    const struct bl_tpm_policy *policy; /* NULL: none is needed */
    TPM2B_DIGEST approved;
    TPM2B_NONCE ref;
    TPM2B_NAME key_name;
    TPMT_TK_VERIFIED ticket;
};
/** Verify policy->signed_policy, here and in the TPM. POLICY_MISSING, POLICY_NOT_SIGNED. */
enum bulla_status bl_tpm_authorize_begin(struct bl_tpm *tpm, const struct bl_tpm_policy *policy,
                                         struct bl_tpm_authorization *authorization_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Make the present state and the counter of the TPM hold in `session`, then what was signed.
 *  PCR_CHANGED, POLICY_REVOKED, COUNTER_MISSING. *again_out: the PCRs moved meanwhile. */
enum bulla_status bl_tpm_authorize(struct bl_tpm *tpm,
                                   const struct bl_tpm_authorization *authorization,
                                   ESYS_TR session, bool *again_out,
                                   struct bulla_error *err) BULLA_CHECKED;

/* -- indices ----------------------------------------------------------------------------------- */

/** An NV index; BULLA_E_NOT_FOUND. `public_out` may be NULL. */
enum bulla_status bl_tpm_nv_open(struct bl_tpm *tpm, uint32_t index, struct bl_tpm_handle *nv_out,
                                 TPMS_NV_PUBLIC *public_out, struct bulla_error *err) BULLA_CHECKED;
/** Open the index, defining it first if it is not there; it must have these very attributes, else
 *  BULLA_E_EXISTS. */
enum bulla_status bl_tpm_nv_open_or_define(struct bl_tpm *tpm, ESYS_TR hierarchy, uint32_t index,
                                           TPMA_NV attributes, size_t size,
                                           struct bl_tpm_handle *nv_out, TPMS_NV_PUBLIC *area_out,
                                           struct bulla_error *err) BULLA_CHECKED;
/** TPM2_NV_DefineSpace with an empty authorization value. */
enum bulla_status bl_tpm_nv_define(struct bl_tpm *tpm, ESYS_TR hierarchy, uint32_t index,
                                   TPMA_NV attributes, size_t size,
                                   struct bulla_error *err) BULLA_CHECKED;
/** All of `content` from the start of the index on, with the authorization of `writer`. */
enum bulla_status bl_tpm_nv_write(const struct bl_tpm_handle *nv, ESYS_TR writer,
                                  struct bulla_bytes content,
                                  struct bulla_error *err) BULLA_CHECKED;

/* -- endorsement ------------------------------------------------------------------------------- */

#define BL_TPM_EK_CERTIFICATE_MAX 2048 /* bytes: MAX_NV_INDEX_SIZE of PC Client TPMs */

/** One template of the EK Credential Profile, and where its certificate is. */
struct bl_tpm_ek_kind {
    TPMI_ALG_PUBLIC type;
    uint32_t certificate_index;
};
extern const struct bl_tpm_ek_kind bl_tpm_ek_ecc; /* L-2 */
extern const struct bl_tpm_ek_kind bl_tpm_ek_rsa; /* L-1 */

enum bulla_status bl_tpm_ek_make(struct bl_tpm *tpm, const struct bl_tpm_ek_kind *kind,
                                 struct bl_tpm_handle *ek_out, TPM2B_PUBLIC *public_out,
                                 struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_tpm_ek_is_certified(struct bl_tpm *tpm, const struct bl_tpm_ek_kind *kind,
                                         bool *is_certified_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Size of the certificate at the start of an index, which vendors define larger; 0 if none. */
size_t bl_tpm_ek_der_size(struct bulla_bytes content);
/** The endorsement key that bl_tpm_ek_public() tells of, made anew from its template. */
enum bulla_status bl_tpm_ek(struct bl_tpm *tpm, struct bl_tpm_handle *ek_out,
                            struct bulla_error *err) BULLA_CHECKED;

#endif
