/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_root.h: slots whose input key a TEE derives (device/sealing_root.h): what SNP, SGX and TDX
 * have in common. A kind adds the encoding of its request.
 */
#ifndef BL_SEAL_SLOT_ROOT_H
#define BL_SEAL_SLOT_ROOT_H

#include "codec/cbor.h"
#include "seal/slot.h"

/** The parameters of one kind. All keys but `expected` are needed; every key is below 32. */
struct bl_root_codec {
    enum bl_slot_type type;
    enum bl_root_kind kind;
    const char *where;
    uint32_t keys;     /* bits: those of the request */
    uint32_t expected; /* the key of the fields that were seen when it was made */
    void (*read)(struct bl_reader *r, uint64_t key, struct bl_root_request *request);
    void (*write)(struct bl_writer *w, uint64_t key, const struct bl_root_request *request);
};
extern const struct bl_root_codec bl_root_codec_snp;

/** What the kinds' rows of the table consist of. */
enum bulla_status bl_slot_root_check(const struct bl_slot_request *request,
                                     const struct bl_opener *opener,
                                     struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_slot_root_make(const struct bl_slot_making *making, const struct bl_slot *slot,
                                    struct bulla_buffer *params_out,
                                    struct bl_secret *input_key_out,
                                    struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_slot_root_open(const struct bl_slot *slot,
                                    const struct bl_blob_binding *binding,
                                    struct bl_slot_session *session,
                                    struct bl_secret *input_key_out,
                                    struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_slot_root_explain(const struct bl_slot *slot, struct bl_slot_session *session,
                                       struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_slot_root_summarize(const struct bl_slot *slot,
                                         struct bl_slot_summary *summary,
                                         struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_slot_root_forecast(const struct bl_slot_summary *summary,
                                        const struct bl_opener *opener,
                                        struct bl_slot_forecast *forecast,
                                        struct bulla_error *err) BULLA_CHECKED;

/** Where a slot stands towards the TEE that runs here. */
enum bl_root_standing {
    BL_ROOT_ELSEWHERE = 0, /* it is of another machine, or another kind of TEE */
    BL_ROOT_CURRENT,       /* a new one of the same binding would be the same */
    BL_ROOT_CHANGED,       /* it would be another one */
    BL_ROOT_NEWER          /* it was made on a newer machine: one made here would undo that */
};
enum bulla_status bl_root_summary_standing(const struct bl_root_summary *summary,
                                           struct bl_sealing_root *root,
                                           enum bl_root_standing *standing_out,
                                           struct bulla_error *err) BULLA_CHECKED;

#define BL_SLOT_ROOT(number)                                                                 \
    {                                                                                        \
        .type = (number), .turn = 0, .check = bl_slot_root_check, .make = bl_slot_root_make, \
        .open = bl_slot_root_open, .wrong_key = BULLA_CAUSE_ROOT_KEY_CHANGED,                \
        .wrong_key_what = "all that it shows is as recorded, and the key is another",        \
        .explain = bl_slot_root_explain, .summarize = bl_slot_root_summarize,                \
        .forecast = bl_slot_root_forecast,                                                   \
    }

#endif
