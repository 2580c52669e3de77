/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/seal.h: seal and unseal files and streams of any size in constant memory.
 *
 * Format: docs/formats/sealed-blob.md (preamble, immutable core, mutable slots, header MAC, body in
 * 16 KiB chunks). Guarantees: plaintext leaves only after the header MAC, the name, the associated
 * data and every requirement of the caller held, and chunk by chunk after its tag; the end of the
 * body is authenticated. After sealing the blob is opened again through every slot that this
 * machine can open, before it is committed.
 * Does not: notice an old blob put back in place of a newer one (`freshness: none`) unless an
 * anchor is used.
 */
#ifndef BL_SEAL_SEAL_H
#define BL_SEAL_SEAL_H

#include "base/buffer.h"
#include "base/secret.h"
#include "crypto/key.h"
#include "device/sealing_root.h"
#include "device/tpm.h"

enum bl_slot_type { /* slot key 1 of the format */
                    BL_SLOT_TPM2 = 1,
                    BL_SLOT_SGX = 2,
                    BL_SLOT_SNP = 3,
                    BL_SLOT_TDX = 4,
                    BL_SLOT_HPKE = 5,
                    BL_SLOT_PASSPHRASE = 6,
                    BL_SLOT_BROKER = 7,
                    BL_SLOT_OPTEE = 8
};

#define BL_SLOT_ID_SIZE 8    /* bytes */
#define BL_BLOB_ID_SIZE 32   /* bytes */
#define BL_SLOT_COUNT_MAX 64 /* leaves of the access tree */
#define BL_TREE_DEPTH_MAX 4

/** One way to open the blob, to be made. */
struct bl_slot_request {
    enum bl_slot_type type;
    const char *label;                   /* shown to people, up to 255 bytes of UTF-8, or NULL */
    struct bl_tpm_policy tpm_policy;     /* BL_SLOT_TPM2 */
    struct bulla_bytes tpm_parent;       /* BL_SLOT_TPM2: of a TPM elsewhere, as its TPM2B_PUBLIC */
    struct bulla_bytes signed_policy;    /* encoded; goes with a TPM slot that has an authority */
    struct bl_root_binding root_binding; /* BL_SLOT_SNP, _SGX, _TDX */
    const struct bl_key *recipient;      /* BL_SLOT_HPKE: public key (X25519, P-256, P-384) */
    struct bulla_bytes passphrase;       /* BL_SLOT_PASSPHRASE */
    unsigned scrypt_log_n;               /* BL_SLOT_PASSPHRASE; 0: the default of 17 (128 MiB) */
    bool is_recovery;                    /* counts as a recovery slot */
    int64_t not_after_s;                 /* Unix seconds; 0: the slot does not expire */
};

/** Shape of the access tree over slots, by index into the request's slots. */
enum bl_tree_kind { BL_TREE_LEAF = 0, BL_TREE_ANY, BL_TREE_ALL, BL_TREE_THRESHOLD };
struct bl_tree {
    enum bl_tree_kind kind;
    size_t slot;                    /* BL_TREE_LEAF */
    size_t threshold;               /* BL_TREE_THRESHOLD: k of child_count */
    const struct bl_tree *children; /* borrowed */
    size_t child_count;
};

/** By what a blob is known to be the newest of its line; seal/freshness.h. */
struct bl_freshness_anchor {
    unsigned kind; /* 0: none */
    uint32_t nv_index;
    struct bl_tpm_name nv_name;
    uint64_t value;
    uint8_t id[BL_TPM_PIN_ID_SIZE]; /* of this writing, shared by all blobs of one commit */
};

struct bl_seal_request {
    const char *name;                   /* 1 to 255 bytes of UTF-8; unseal must ask for the same */
    struct bulla_bytes associated_data; /* not stored; unseal must give the same */
    bool with_associated_data;
    int64_t created_s;   /* Unix seconds */
    int64_t not_after_s; /* Unix seconds; 0: the blob does not expire */
    const struct bl_slot_request *slots;
    size_t slot_count;
    const struct bl_tree *tree;                  /* NULL: any of the slots */
    bool allow_no_recovery;                      /* --no-recovery was typed */
    const struct bl_freshness_anchor *freshness; /* NULL: none */
};

/** What this process can open slots with. */
struct bl_opener {
    struct bl_tpm *tpm;                     /* or NULL */
    struct bl_sealing_root *root;           /* the TEE that we run in; or NULL */
    const struct bl_key *const *identities; /* HPKE private keys */
    size_t identity_count;
    struct bulla_bytes tpm_pin;
    bool tpm_is_hardware;             /* neither embedded nor a hypervisor's */
    struct bulla_bytes signed_policy; /* encoded; instead of the slots' own; empty: theirs */
    /** For forecasts alone: these PCRs as if they had these values. */
    const struct bl_pcr_bank *assumed_pcrs;
    size_t assumed_bank_count;
    /** Called once when `tpm` is not used any more, before the body flows: a pipeline of commands
     *  must not wait for each other's TPM. NULL: nobody wants to know. */
    void (*done_with_tpm)(void *context);
    void *tpm_context;
    /** Asked at most once, only if a passphrase slot is left to try; NULL: there is nobody. */
    enum bulla_status (*ask_passphrase)(void *context, struct bl_secret *passphrase_out,
                                        struct bulla_error *err);
    void *ask_context;
};

/** The least version that what opens a blob must have recorded: "version" of the software (guest SVN,
 *  ISVSVN, a TPM slot's least version), or a component of a TEE's vector, as "tcb.snp". */
struct bl_version_demand {
    const char *component;
    uint64_t minimum;
};

/** What the caller demands of the blob before it gets a byte. */
struct bl_unseal_requirements {
    const struct bl_version_demand
        *floors; /* of the slots that really open it; none recorded is too low */
    size_t floor_count;
    bool hardware_only; /* a TEE, or a TPM that opener->tpm_is_hardware */
    const char *name;   /* NULL: any (the caller shows it) */
    struct bulla_bytes associated_data;
    bool with_associated_data;
    uint32_t slot_types_allowed; /* bit BL_SLOT_x; 0: all that are known */
    int64_t now_s;               /* Unix seconds, for not-after */
    bool require_fresh;          /* an anchor that says so */
    bool allow_stale;            /* an anchor is not looked at */
    bool verify_first;           /* read everything once before the first byte (files only) */
};

/** Seal `in_fd` until its end into `out_fd`. The request's TPM slots use `opener->tpm`, and their
 *  PCR values must be the present ones, because every slot is opened once before anything is
 *  written. Causes: NO_RECOVERY_CHOSEN, BINDING_REFUSED, NO_TPM, and those below. */
enum bulla_status bl_seal_stream(const struct bl_seal_request *request,
                                 const struct bl_opener *opener, int in_fd, int out_fd,
                                 struct bulla_error *err) BULLA_CHECKED;

/** Open `in_fd` and write the plaintext to `out_fd`.
 *  Causes: NOT_A_BLOB, BLOB_VERSION, BLOB_TRUNCATED, NOT_CANONICAL, LIMIT, HEADER_ALTERED,
 *  SLOT_ALTERED, BODY_ALTERED, BODY_TRUNCATED, NAME_MISMATCH, ASSOCIATED_DATA_MISMATCH, EXPIRED,
 *  SLOT_TYPE_REFUSED; and where no slot opens the most telling of PCR_CHANGED, WRONG_TPM,
 *  TPM_LOCKOUT, WRONG_PASSPHRASE, WRONG_RECIPIENT, NO_TPM, else NO_SLOT_OPENS. */
enum bulla_status bl_unseal_stream(const struct bl_unseal_requirements *requirements,
                                   const struct bl_opener *opener, int in_fd, int out_fd,
                                   struct bulla_error *err) BULLA_CHECKED;

/** The same for small secrets in memory. */
enum bulla_status bl_seal_bytes(const struct bl_seal_request *request,
                                const struct bl_opener *opener, struct bulla_bytes plaintext,
                                struct bulla_buffer *blob_out,
                                struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_unseal_bytes(const struct bl_unseal_requirements *requirements,
                                  const struct bl_opener *opener, struct bulla_bytes blob,
                                  struct bl_secret *plaintext_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif
