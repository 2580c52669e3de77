/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/inspect.h: what a blob says of itself, without any key: believed by nobody; and what would
 * happen to it here and now, slot by slot, without opening it.
 */
#ifndef BL_SEAL_INSPECT_H
#define BL_SEAL_INSPECT_H

#include "seal/seal.h"

/** A slot whose key a TEE derives: how it is asked for, and what was there when it was made. */
struct bl_root_summary {
    enum bl_root_kind kind; /* BL_ROOT_NONE: no such slot */
    struct bl_root_binding binding;
    struct bl_root_version version; /* the vector that is asked for */
    struct bl_root_request request;
    struct bl_root_identity expected; /* it says which field differs; the key enforces it */
};

/** One slot as it stands in the blob. Borrowed from the summary's header bytes. */
struct bl_slot_summary {
    uint8_t id[BL_SLOT_ID_SIZE];
    enum bl_slot_type type; /* or a number that we do not know */
    struct bulla_bytes label;
    bool is_recovery;
    int64_t not_after_s; /* 0: none */
    /* BL_SLOT_TPM2 */
    struct bl_pcr_selection pcrs;
    struct bulla_bytes pcr_values;
    struct bl_tpm_name srk_name;
    uint32_t nv_index;
    uint64_t nv_minimum;
    bool with_pin;
    struct bulla_bytes authority; /* SubjectPublicKeyInfo; empty: none */
    uint8_t policy_ref[BL_PCR_POLICY_REF_SIZE];
    struct bulla_bytes signed_policy; /* what came with the slot; not verified */
    bool is_imported;                 /* made elsewhere, for this TPM */
    /* BL_SLOT_SNP, _SGX, _TDX */
    struct bl_root_summary root;
    /* BL_SLOT_HPKE */
    enum bl_key_kind recipient_kind;
    uint8_t recipient_id[8]; /* first bytes of SHA-256 of the raw public key */
    /* BL_SLOT_PASSPHRASE */
    unsigned scrypt_log_n;
};

struct bl_blob_summary {
    uint16_t suite;
    uint8_t blob_id[BL_BLOB_ID_SIZE];
    uint64_t slots_epoch;
    struct bulla_bytes name;
    int64_t created_s;
    bool with_associated_data;
    int64_t not_after_s;                  /* 0: none */
    struct bl_freshness_anchor freshness; /* kind 0: none */
    size_t header_size;                   /* bytes before the body */
    struct bl_slot_summary *slots;
    size_t slot_count;
    struct bulla_buffer tree_text; /* "any(a1b2..., all(...))" with slot ids in hexadecimal */
    struct bulla_buffer header;    /* owns what the views above borrow */
};

/** Read the header from `fd`. Same causes as bl_unseal_stream() for what is not a blob. */
enum bulla_status bl_blob_inspect(int fd, struct bl_blob_summary *summary_out,
                                  struct bulla_error *err) BULLA_CHECKED;
void bl_blob_summary_done(struct bl_blob_summary *summary);

enum bl_slot_outlook {
    BL_OUTLOOK_OPENS = 1,   /* everything that can be checked without opening is as bound */
    BL_OUTLOOK_NEEDS_INPUT, /* a passphrase, a PIN or an identity that was not given */
    BL_OUTLOOK_REFUSES      /* `reason` says why */
};
struct bl_slot_forecast {
    enum bl_slot_outlook outlook;
    struct bulla_error
        reason;            /* for PCR_CHANGED: offset is the PCR, found and expected its values */
    uint32_t pcrs_changed; /* mask */
    /* BL_SLOT_TPM2 with an authority, whose signature held */
    uint64_t sequence;
    size_t branch_count;    /* 0: there is no such policy */
    uint32_t counter_index; /* 0: it cannot be revoked */
    bool with_counter;      /* the next was read */
    uint64_t counter_value;
    size_t
        branch; /* from 1: the one that holds, or is nearest to the present state; 0: not known */
    struct bl_pcr_selection branch_pcrs;
    struct bulla_bytes branch_values; /* borrowed from the summary or the opener */
};
/** Say for each slot what would decide, here and at `now_s` (Unix seconds); `forecasts_out` holds summary->slot_count. */
enum bulla_status bl_blob_explain(const struct bl_blob_summary *summary,
                                  const struct bl_opener *opener, int64_t now_s,
                                  struct bl_slot_forecast *forecasts_out,
                                  struct bulla_error *err) BULLA_CHECKED;

/** What the forecasts come to for the blob: the outlook of its access tree. OPENS by what needs no
 *  input; NEEDS_INPUT where a passphrase, a PIN or an identity is wanted as well. */
enum bulla_status bl_blob_outlook(const struct bl_blob_summary *summary,
                                  const struct bl_slot_forecast *forecasts,
                                  enum bl_slot_outlook *outlook_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif
