/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot.h: one way to open a blob. Each kind is a const struct of this table, in one array fixed
 * at build time (slot.c); a kind that the format knows and this build does not have says so.
 *
 * Every kind yields an input key of 32 bytes; keys.h makes the slot's key and check value of it.
 * The check value tells "another key" from "altered" before anything is decrypted.
 */
#ifndef BL_SEAL_SLOT_H
#define BL_SEAL_SLOT_H

#include "seal/entropy.h"
#include "seal/inspect.h"
#include "seal/keys.h"

/* What foreign passphrase slots may cost in one unsealing: four at scrypt's own maximum. */
#define BL_SCRYPT_WORK_MAX ((uint64_t)4 << 20) /* sum of 2^log_n */
#define BL_PASSPHRASE_SLOT_COUNT_MAX 8         /* as many are made, and as many are tried */

/** What one unsealing has at hand, and what it has used up. */
struct bl_slot_session {
    const struct bl_opener *opener;
    int64_t now_s;
    struct bl_secret passphrase; /* once it was asked for */
    bool has_asked;
    struct bulla_error ask_failure; /* the asking failed: it is not repeated */
    uint64_t scrypt_work;           /* sum of 2^log_n so far */
    size_t passphrase_tries;
};
void bl_slot_session_done(struct bl_slot_session *session);

/** What a new slot is made from. */
struct bl_slot_making {
    const struct bl_slot_request *request;
    const struct bl_opener *opener;
    const struct bl_entropy *entropy;
    const struct bl_blob_binding *binding;
};

struct bl_slot_kind {
    enum bl_slot_type type;
    /** Slots of a lower turn are tried first: what asks nobody before what asks somebody. */
    unsigned turn;
    /** Refuse what cannot be made before anything is. */
    enum bulla_status (*check)(const struct bl_slot_request *request,
                               const struct bl_opener *opener, struct bulla_error *err);
    /** Choose an input key and append the parameters that lead to it; slot->id is set. */
    enum bulla_status (*make)(const struct bl_slot_making *making, const struct bl_slot *slot,
                              struct bulla_buffer *params_out, struct bl_secret *input_key_out,
                              struct bulla_error *err);
    /** Find the input key again. */
    enum bulla_status (*open)(const struct bl_slot *slot, const struct bl_blob_binding *binding,
                              struct bl_slot_session *session, struct bl_secret *input_key_out,
                              struct bulla_error *err);
    /** What it means that the key found does not fit the check value. */
    enum bulla_cause wrong_key;
    const char *wrong_key_what; /* static */
    /** A better reason than that, or BULLA_OK: there is none. NULL: there never is. */
    enum bulla_status (*explain)(const struct bl_slot *slot, struct bl_slot_session *session,
                                 struct bulla_error *err);
    /** Fill the fields of the kind. */
    enum bulla_status (*summarize)(const struct bl_slot *slot, struct bl_slot_summary *summary,
                                   struct bulla_error *err);
    /** What would happen here and now; only failures of our own are failures. */
    enum bulla_status (*forecast)(const struct bl_slot_summary *summary,
                                  const struct bl_opener *opener, struct bl_slot_forecast *forecast,
                                  struct bulla_error *err);
};

extern const struct bl_slot_kind bl_slot_tpm, bl_slot_hpke, bl_slot_passphrase, bl_slot_snp;

#define BL_SLOT_TURN_COUNT 3

/** Record why a slot refuses; the first reason stays. */
void bl_forecast_refuse(struct bl_slot_forecast *forecast, struct bulla_error reason);

/** NULL for a type that this build does not have. */
const struct bl_slot_kind *bl_slot_kind_find(unsigned type);

/** Make the slot: parameters (appended to *params_out, which slot->params then borrows), check
 *  value and wrap. slot->id and slot->type are set. */
enum bulla_status bl_slot_wrap(const struct bl_slot_making *making, const struct bl_secret *share,
                               struct bulla_buffer *params_out, struct bl_slot *slot,
                               struct bulla_error *err) BULLA_CHECKED;
/** Open it. *share_out must be empty. */
enum bulla_status bl_slot_unwrap(const struct bl_slot *slot, const struct bl_blob_binding *binding,
                                 struct bl_slot_session *session, struct bl_secret *share_out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif
