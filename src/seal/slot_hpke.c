/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_hpke.c: a recipient's public key through HPKE's export (RFC 9180, base mode).
 *
 *     hpke-params = { 1: uint (KEM id), 2: bstr (enc), 3: bstr .size 8 (recipient) }
 *
 * `recipient` is the beginning of SHA-256 over the raw public key: it finds the right key of many,
 * and it shows who the recipient is to anybody who has the public key. Does not authenticate who
 * sealed.
 */
#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "crypto/hpke.h"
#include "seal/slot.h"

static const char where[] = "recipient slot";
static const char another_key[] = "sealed to another key than those given";

#define RECIPIENT_ID_SIZE 8 /* bytes */
#define ENC_SIZE_MAX 97     /* bytes: an uncompressed P-384 point */
#define PARAM_COUNT 3

enum param_key { PARAM_KEM = 1, PARAM_ENC = 2, PARAM_RECIPIENT = 3 };

struct params {
    enum bl_key_kind kind;
    struct bulla_bytes enc; /* borrowed */
    uint8_t recipient_id[RECIPIENT_ID_SIZE];
};

static enum bl_key_kind
kind_of_kem(uint64_t kem_id)
{
    static const enum bl_key_kind usable[] = { BL_KEY_X25519, BL_KEY_P256, BL_KEY_P384 };

    for (size_t i = 0; i < sizeof usable / sizeof usable[0]; i++) {
        if (bl_hpke_kem_id(usable[i]) == kem_id)
            return usable[i];
    }
    return BL_KEY_NONE;
}

static enum bulla_status
decode_params(const struct bl_slot *slot, struct params *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(slot->params, where);
    struct bl_cbor_map map = bl_cbor_read_map(&r, PARAM_COUNT);
    struct params params = { 0 };
    uint64_t key = 0;
    unsigned seen = 0;

    while (bl_cbor_map_next_uint(&r, &map, &key)) {
        if (key == PARAM_KEM)
            params.kind = kind_of_kem(bl_cbor_read_uint(&r));
        else if (key == PARAM_ENC)
            params.enc = bl_cbor_read_bytes(&r, ENC_SIZE_MAX);
        else if (key == PARAM_RECIPIENT)
            bl_cbor_read_bytes_exact(&r, params.recipient_id, sizeof params.recipient_id);
        else
            return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "unknown parameter", key);
        seen++;
    }
    BL_TRY(bl_reader_finish(&r, err));
    if (seen != PARAM_COUNT)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a parameter is missing", seen);
    if (params.kind == BL_KEY_NONE)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "unknown kind of key", 0);
    if (params.enc.size != bl_hpke_enc_size(params.kind))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "size of the encapsulated key",
                          params.enc.size);
    *out = params;
    return BULLA_OK;
}

static enum bulla_status
recipient_id(const struct bl_key *key, uint8_t out[RECIPIENT_ID_SIZE], struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) raw = { 0 };
    uint8_t digest[BL_HASH_SIZE_MAX];

    BL_TRY(bl_key_raw_public(key, &raw, err));
    BL_TRY(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&raw), digest, err));
    memcpy(out, digest, RECIPIENT_ID_SIZE);
    return BULLA_OK;
}

static enum bulla_status
check(const struct bl_slot_request *request, const struct bl_opener *opener,
      struct bulla_error *err)
{
    (void)opener;
    if (request->recipient == NULL || bl_hpke_kem_id(bl_key_kind(request->recipient)) == 0)
        return bulla_fail(err, BULLA_E_USAGE, where, "not a key that can receive", 0);
    return BULLA_OK;
}

static enum bulla_status
make(const struct bl_slot_making *making, const struct bl_slot *slot,
     struct bulla_buffer *params_out, struct bl_secret *input_key_out, struct bulla_error *err)
{
    const struct bl_key *recipient = making->request->recipient;
    BL_AUTO(bulla_buffer) info = { 0 };
    BL_AUTO(bulla_buffer) enc = { 0 };
    struct bl_writer w = bl_writer(params_out);
    uint8_t id[RECIPIENT_ID_SIZE];

    BL_TRY(recipient_id(recipient, id, err));
    BL_TRY(bl_recipient_info(making->binding, &info, err));
    BL_TRY(bl_hpke_send_export(recipient, bulla_buffer_bytes(&info), BL_BYTES_OF(slot->id),
                               BL_CONTENT_KEY_SIZE, &enc, input_key_out, err));
    bl_cbor_write_map(&w, PARAM_COUNT);
    bl_cbor_write_uint(&w, PARAM_KEM);
    bl_cbor_write_uint(&w, bl_hpke_kem_id(bl_key_kind(recipient)));
    bl_cbor_write_uint(&w, PARAM_ENC);
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&enc));
    bl_cbor_write_uint(&w, PARAM_RECIPIENT);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(id));
    return bl_writer_finish(&w, err);
}

/* The identity that a slot names, or NULL. */
static enum bulla_status
find_identity(const struct bl_opener *opener, enum bl_key_kind kind,
              const uint8_t id[RECIPIENT_ID_SIZE], const struct bl_key **key_out,
              struct bulla_error *err)
{
    *key_out = NULL;
    for (size_t i = 0; i < opener->identity_count && *key_out == NULL; i++) {
        const struct bl_key *identity = opener->identities[i];
        uint8_t own_id[RECIPIENT_ID_SIZE];
        if (bl_key_kind(identity) != kind || !bl_key_has_private(identity))
            continue;
        BL_TRY(recipient_id(identity, own_id, err));
        if (memcmp(own_id, id, RECIPIENT_ID_SIZE) == 0)
            *key_out = identity;
    }
    return BULLA_OK;
}

static enum bulla_status
no_identity(const struct bl_opener *opener, struct bulla_error *err)
{
    if (opener->identity_count == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_SLOT_OPENS, where, "no identity was given");
    return bulla_fail_cause(err, BULLA_CAUSE_WRONG_RECIPIENT, where, another_key);
}

static enum bulla_status
open_slot(const struct bl_slot *slot, const struct bl_blob_binding *binding,
          struct bl_slot_session *session, struct bl_secret *input_key_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) info = { 0 };
    const struct bl_key *identity = NULL;
    struct params params;

    BL_TRY(decode_params(slot, &params, err));
    BL_TRY(find_identity(session->opener, params.kind, params.recipient_id, &identity, err));
    if (identity == NULL) {
        enum bulla_status status = no_identity(session->opener, err);
        bulla_error_values(err, (struct bulla_value){ 0 },
                           bulla_value_bytes(BL_BYTES_OF(params.recipient_id)));
        return status;
    }
    BL_TRY(bl_recipient_info(binding, &info, err));
    return bl_hpke_receive_export(identity, params.enc, bulla_buffer_bytes(&info),
                                  BL_BYTES_OF(slot->id), BL_CONTENT_KEY_SIZE, input_key_out, err);
}

static enum bulla_status
summarize(const struct bl_slot *slot, struct bl_slot_summary *summary, struct bulla_error *err)
{
    struct params params;

    BL_TRY(decode_params(slot, &params, err));
    summary->recipient_kind = params.kind;
    memcpy(summary->recipient_id, params.recipient_id, sizeof summary->recipient_id);
    return BULLA_OK;
}

static enum bulla_status
forecast(const struct bl_slot_summary *summary, const struct bl_opener *opener,
         struct bl_slot_forecast *forecast_out, struct bulla_error *err)
{
    const struct bl_key *identity = NULL;

    BL_TRY(find_identity(opener, summary->recipient_kind, summary->recipient_id, &identity, err));
    if (identity != NULL) {
        forecast_out->outlook = BL_OUTLOOK_OPENS;
    } else if (opener->identity_count == 0) {
        forecast_out->outlook = BL_OUTLOOK_NEEDS_INPUT;
    } else {
        bl_forecast_refuse(forecast_out,
                           (struct bulla_error){
                               .cause = BULLA_CAUSE_WRONG_RECIPIENT,
                               .where = where,
                               .what = another_key,
                               .expected = bulla_value_bytes(BL_BYTES_OF(summary->recipient_id)) });
    }
    return BULLA_OK;
}

const struct bl_slot_kind bl_slot_hpke = {
    .type = BL_SLOT_HPKE,
    .turn = 1,
    .check = check,
    .make = make,
    .open = open_slot,
    .wrong_key = BULLA_CAUSE_SLOT_ALTERED,
    .wrong_key_what = "the slot was altered: it names our key and yields another",
    .summarize = summarize,
    .forecast = forecast,
};
