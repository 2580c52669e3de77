/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm.h: one TPM 2.0, real, virtual or embedded in this process; one code path for all.
 *
 * Guarantees: every object and session it makes is flushed on every path; sessions that carry a
 * secret are salted to a storage root key whose Name the caller may pin, with parameter encryption
 * both ways; TPM_RC_PCR_CHANGED and TPM_RC_RETRY are retried. What the TPM sends is untrusted input.
 * Does not: decide what is trusted; the class of a TPM comes from the verifier's anchor.
 * Spec: TCG TPM 2.0 Library, Parts 1 to 3, rev 1.59; TCG TPM v2.0 Provisioning Guidance.
 */
#ifndef BL_DEVICE_TPM_H
#define BL_DEVICE_TPM_H

#include "base/buffer.h"
#include "base/secret.h"
#include "measure/pcr.h"
#include "policy/pcr_policy.h"
#include "tee/tpm/name.h"

#define BL_TPM_PCR_COUNT BL_PCR_COUNT
#define BL_TPM_SEALED_SIZE_MAX 128 /* bytes: MAX_SYM_DATA; we seal 32 */

struct bl_tpm; /* one connection; not for two threads at once */

/** How to reach a TPM. Exactly one of the four is used. */
struct bl_tpm_target {
    const char *device_path;  /* "/dev/tpmrm0", or NULL */
    const char *socket_path;  /* a Unix socket that speaks raw TPM commands, or NULL */
    int socket_fd;            /* the same, connected already, taken over; 0: none */
    struct bl_vtpm *embedded; /* borrowed, must outlive the connection; device/vtpm.h */
    unsigned timeout_ms;      /* for one command on device or socket; 0: BL_TPM_TIMEOUT_MS */
};
#define BL_TPM_TIMEOUT_MS 120000 /* RSA key generation on a slow discrete TPM takes a minute */

/** The TPM libraries print to stderr whatever a TPM refuses, which is our daily business. Call once,
 *  first thing in main(), before a second thread exists: it sets TSS2_LOG (unless the user has),
 *  which they read with getenv() at their first message and offer no other way to say. */
void bl_tpm_quiet_libraries(void);

/** Connects, and starts the TPM up (CLEAR) where nobody has. Causes: NO_TPM (also TPM 1.2),
 *  TPM_NOT_PERMITTED, TPM_FAILED, BUSY, IO, TIMEOUT. */
enum bulla_status bl_tpm_open(const struct bl_tpm_target *target, struct bl_tpm **tpm_out,
                              struct bulla_error *err) BULLA_CHECKED;
void bl_tpm_free(struct bl_tpm *tpm);
BL_DEFINE_FREEP(bl_tpm)

/** Fixed properties, for `doctor` and explanations. */
struct bl_tpm_info {
    char manufacturer[5]; /* TPM2_PT_MANUFACTURER, printable, zero-terminated */
    char vendor[17];      /* TPM2_PT_VENDOR_STRING_1..4 */
    uint32_t firmware_version_1;
    uint32_t firmware_version_2;
    uint32_t revision; /* of the specification, times 100 */
    bool in_lockout;
    uint32_t lockout_counter;
    uint32_t lockout_counter_max;
    uint32_t lockout_interval_s;
    bool lockout_auth_is_set;
    bool has_sha256_bank;
    bool has_sha384_bank;
    bool is_embedded; /* libtpms in this process */
};
enum bulla_status bl_tpm_info(struct bl_tpm *tpm, struct bl_tpm_info *info_out,
                              struct bulla_error *err) BULLA_CHECKED;

/** Name of the storage root key that new objects get as parent: the persistent one at 0x81000001 if
 *  it is an acceptable storage key, else the ECC P-256 primary of the TCG template. What has a
 *  recorded Name finds its parent again among these and the other customary templates. */
enum bulla_status bl_tpm_srk_name(struct bl_tpm *tpm, struct bl_tpm_name *name_out,
                                  struct bulla_error *err) BULLA_CHECKED;

/** Values of the selected PCRs, ascending, each bl_hash_size(bank) bytes, appended. */
enum bulla_status bl_tpm_pcr_read(struct bl_tpm *tpm, struct bl_pcr_selection selection,
                                  struct bulla_buffer *values_out,
                                  struct bulla_error *err) BULLA_CHECKED;
#define BL_TPM_BANK_COUNT 2 /* SHA-256 and SHA-384 */
/** Those that a signed policy looks at, by bank. */
enum bulla_status bl_tpm_pcr_banks(struct bl_tpm *tpm, const struct bl_pcr_policy *policy,
                                   struct bl_pcr_bank banks_out[BL_TPM_BANK_COUNT],
                                   size_t *count_out, struct bulla_error *err) BULLA_CHECKED;
/** Extend PCR `index` with a digest in the SHA-256 bank. */
enum bulla_status bl_tpm_pcr_extend(struct bl_tpm *tpm, unsigned index, const uint8_t digest[32],
                                    struct bulla_error *err) BULLA_CHECKED;

/** What must hold for a sealed object to open: all of the parts that are set. */
struct bl_tpm_policy {
    /** Who may sign which states open it (policy/pcr_policy.h), P-256; NULL: nobody. The parts below
     *  hold besides. */
    const struct bl_key *authority;
    uint8_t policy_ref[BL_PCR_POLICY_REF_SIZE];
    const struct bl_pcr_policy *signed_policy; /* what he signed: for opening only */
    struct bl_pcr_selection pcrs;              /* mask 0: no PCR is bound */
    struct bulla_bytes pcr_values; /* at sealing time, as bl_tpm_pcr_read() gives them */
    uint32_t nv_index;             /* 0: no version is bound */
    struct bulla_bytes nv_name;    /* Name of the index (34 bytes for SHA-256) */
    uint64_t nv_minimum;           /* the 8-byte big-endian content must be >= this */
    bool with_pin;                 /* an authorization value is asked for as well */
};
/** Digest of the policy as a trial session would compute it (Part 3, 23): PolicyAuthorize, PolicyPCR,
 *  PolicyNV, PolicyAuthValue in this order, of those that are set; pure. With none set it is zero: the
 *  object then opens on this TPM, whatever its state. */
enum bulla_status bl_tpm_policy_digest(const struct bl_tpm_policy *policy, uint8_t digest_out[32],
                                       struct bulla_error *err) BULLA_CHECKED;

/** A sealed object outside the TPM: TPM2B_PUBLIC and TPM2B_PRIVATE as the TPM gave them. */
struct bl_tpm_sealed {
    struct bulla_buffer public_area;
    struct bulla_buffer private_area; /* or what is to be imported */
    struct bulla_buffer import_seed;  /* TPM2B_ENCRYPTED_SECRET; empty: made in its TPM */
    struct bl_tpm_name srk_name;      /* of the parent */
};
void bl_tpm_sealed_done(struct bl_tpm_sealed *sealed);

/** Seal at most BL_TPM_SEALED_SIZE_MAX bytes under `policy`; `pin` is empty without with_pin. With a
 *  PIN the TPM's lockout counts wrong guesses; without one the object is exempt from lockout. */
enum bulla_status bl_tpm_seal(struct bl_tpm *tpm, struct bulla_bytes secret,
                              const struct bl_tpm_policy *policy, struct bulla_bytes pin,
                              struct bl_tpm_sealed *sealed_out,
                              struct bulla_error *err) BULLA_CHECKED;
/** The public area (TPM2B_PUBLIC) of the storage root key that new objects get, appended: what others
 *  need to seal to this TPM. */
enum bulla_status bl_tpm_storage_public(struct bl_tpm *tpm, struct bulla_buffer *public_out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** As bl_tpm_seal(), for the TPM that has the storage key `parent` (from bl_tpm_storage_public());
 *  asks no TPM. UNTRUSTED if it is no key that stays in a TPM, UNSUPPORTED. Does not prove that a TPM
 *  has it: who gave the public area is trusted for that. */
enum bulla_status bl_tpm_seal_to(struct bulla_bytes parent, struct bulla_bytes secret,
                                 const struct bl_tpm_policy *policy, struct bulla_bytes pin,
                                 struct bl_tpm_sealed *sealed_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Open it. *secret_out must be empty. Causes: WRONG_TPM (another parent), PCR_CHANGED (err->offset
 *  is the first PCR that differs, found and expected its values), VERSION_BELOW_FLOOR (found and
 *  expected: the versions), STATE (the version index is missing, unlocked or another one),
 *  WRONG_PASSPHRASE (the PIN; found = tries left), TPM_LOCKOUT (found = seconds to wait),
 *  POLICY_MISSING, POLICY_NOT_SIGNED, POLICY_REVOKED (found and expected: counter and sequence),
 *  COUNTER_MISSING, and PCR_CHANGED from the nearest state that was signed,
 *  INTEGRITY (`policy` is not the one of `sealed`, or the object is not one of ours).
 *  ESYS keeps copies in memory that cannot be wiped (docs/limits.md). */
enum bulla_status bl_tpm_unseal(struct bl_tpm *tpm, const struct bl_tpm_sealed *sealed,
                                const struct bl_tpm_policy *policy, struct bulla_bytes pin,
                                struct bl_secret *secret_out,
                                struct bulla_error *err) BULLA_CHECKED;

/** Random bytes of the TPM, at most 32, for mixing into ours. */
enum bulla_status bl_tpm_random(struct bl_tpm *tpm, void *out, size_t size,
                                struct bulla_error *err) BULLA_CHECKED;

/* -- attestation ------------------------------------------------------------------------------ */

/** Endorsement key: TPM2B_PUBLIC of the low-range ECC P-256 template (TCG EK Credential Profile
 *  2.5, L-2; NV 0x01c0000a), or RSA-2048 L-1 (0x01c00002) where only that is certified. */
enum bulla_status bl_tpm_ek_public(struct bl_tpm *tpm, struct bulla_buffer *public_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** The certificate (DER) that the TPM keeps for that key; BULLA_E_NOT_FOUND. */
enum bulla_status bl_tpm_ek_certificate(struct bl_tpm *tpm, struct bulla_buffer *der_out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** Keep `der` as the certificate of the EK it was issued for (BULLA_E_MISMATCH if for none of this
 *  TPM), in place of an older one. For authorities of embedded TPMs: needs the platform hierarchy,
 *  which firmware closes (TPM_NOT_PERMITTED). */
enum bulla_status bl_tpm_ek_certificate_install(struct bl_tpm *tpm, struct bulla_bytes der,
                                                struct bulla_error *err) BULLA_CHECKED;

/** An attestation key: restricted ECDSA P-256 signing key under the SRK, fixedTPM, exempt from
 *  lockout (it has no authorization value to guess); the wrapped pair is kept by the caller. */
struct bl_tpm_key {
    struct bulla_buffer public_area;  /* TPM2B_PUBLIC */
    struct bulla_buffer private_area; /* TPM2B_PRIVATE, wrapped by the SRK */
    struct bl_tpm_name srk_name;      /* of the parent; size 0: the SRK in use now */
};
void bl_tpm_key_done(struct bl_tpm_key *key);
enum bulla_status bl_tpm_ak_create(struct bl_tpm *tpm, struct bl_tpm_key *key_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** The Name of `ak` as this TPM computes it on loading it, which it does only for what it (or who
 *  duplicated a key to it: look at fixedTPM) wrapped. WRONG_TPM. */
enum bulla_status bl_tpm_ak_name(struct bl_tpm *tpm, const struct bl_tpm_key *ak,
                                 struct bl_tpm_name *name_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** TPM2_ActivateCredential (Part 3, 12.5): proves that `ak` is in the same TPM as the EK.
 *  `id_object` is a TPM2B_ID_OBJECT, `encrypted_secret` a TPM2B_ENCRYPTED_SECRET, sizes included.
 *  BULLA_E_IDENTITY if they were made for another EK or AK. */
enum bulla_status bl_tpm_activate_credential(struct bl_tpm *tpm, const struct bl_tpm_key *ak,
                                             struct bulla_bytes id_object,
                                             struct bulla_bytes encrypted_secret,
                                             struct bl_secret *credential_out,
                                             struct bulla_error *err) BULLA_CHECKED;
/** TPM2_Quote: *attest_out is the TPMS_ATTEST, *signature_out the TPMT_SIGNATURE, both appended.
 *  `qualifying_data` is at most 32 bytes. Only measured agent code may call this with data that it
 *  built itself for a live exchange (no quote oracle, DESIGN 4.5). */
enum bulla_status bl_tpm_quote(struct bl_tpm *tpm, const struct bl_tpm_key *ak,
                               struct bl_pcr_selection selection,
                               struct bulla_bytes qualifying_data, struct bulla_buffer *attest_out,
                               struct bulla_buffer *signature_out,
                               struct bulla_error *err) BULLA_CHECKED;

/* -- non-volatile memory ----------------------------------------------------------------------- */

/** Define a counter (TPM2_NT_COUNTER, no ORDERLY) and make its first increment; fine if it is there
 *  with the same attributes. */
enum bulla_status bl_tpm_counter_define(struct bl_tpm *tpm, uint32_t index,
                                        struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_tpm_counter_increment(struct bl_tpm *tpm, uint32_t index, uint64_t *value_out,
                                           struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_tpm_counter_read(struct bl_tpm *tpm, uint32_t index, uint64_t *value_out,
                                      struct bulla_error *err) BULLA_CHECKED;
#define BL_TPM_PIN_ID_SIZE 16 /* bytes */
/** Which writing of a counter's value counts, and which did before; tpm_pin.c. */
struct bl_tpm_pin {
    uint64_t value;
    uint8_t id[BL_TPM_PIN_ID_SIZE];
    uint8_t previous[BL_TPM_PIN_ID_SIZE]; /* of the value below */
};
/** Define the index that keeps a pin, with zeros; fine if it is there. Whoever may use the TPM can write
 *  it. */
enum bulla_status bl_tpm_pin_define(struct bl_tpm *tpm, uint32_t index,
                                    struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_tpm_pin_read(struct bl_tpm *tpm, uint32_t index, struct bl_tpm_pin *pin_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** In one command: the old content or the new one, whenever power fails. */
enum bulla_status bl_tpm_pin_write(struct bl_tpm *tpm, uint32_t index, const struct bl_tpm_pin *pin,
                                   struct bulla_error *err) BULLA_CHECKED;
enum bl_tpm_nv_lock {
    BL_TPM_NV_LOCKED_UNTIL_START = 1, /* TPMA_NV_WRITE_STCLEAR: a later start may write anew */
    BL_TPM_NV_LOCKED_FOR_EVER         /* TPMA_NV_WRITEDEFINE */
};
/** Define an index of `content.size` bytes (1 to 512), write it and lock it against writing. Fine if
 *  it is locked already with this very content; BULLA_E_EXISTS if with another, or if the index is
 *  not of this making. Its Name differs before and after the lock, so a policy over the locked Name
 *  does not open before the index was written in this start. Defined by the platform hierarchy in
 *  an embedded TPM, where it alone can undefine it; by the owner elsewhere: whoever has the owner's
 *  authorization can then undefine it and make its like with another content. */
enum bulla_status bl_tpm_nv_write_once(struct bl_tpm *tpm, uint32_t index,
                                       struct bulla_bytes content, enum bl_tpm_nv_lock lock,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Content of an index that opens with its own empty authorization or the owner's, appended;
 *  BULLA_E_NOT_FOUND (also when never written), BULLA_E_LIMIT beyond `size_max`. */
enum bulla_status bl_tpm_nv_read(struct bl_tpm *tpm, uint32_t index, size_t size_max,
                                 struct bulla_buffer *content_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Name of an index, as policies bind it; BULLA_E_NOT_FOUND. */
enum bulla_status bl_tpm_nv_name(struct bl_tpm *tpm, uint32_t index, struct bl_tpm_name *name_out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif
