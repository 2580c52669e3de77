/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_root.c: see slot_root.h.
 *
 * Guarantees: the parameters are exactly what the hardware is asked for; before a new slot is used, its
 * key was derived and told from that of another request. Why a slot does not open is told from the
 * present state: machine and signer before the versions, the versions before the rest.
 * Does not: believe the fields that were recorded; the key enforces what they only name.
 */
#include "seal/slot_root.h"

#include <string.h>

#include "base/memory.h"

static const char where[] = "slot of a TEE";
static const char no_root_what[] = "no TEE that derives its key";

static const struct bl_root_codec *const codecs[] = { &bl_root_codec_snp };

struct params {
    struct bl_root_request request;
    struct bl_root_identity expected;
};

static const struct bl_root_codec *
codec_of(unsigned type)
{
    for (size_t i = 0; i < BL_COUNT_OF(codecs); i++)
        if ((unsigned)codecs[i]->type == type)
            return codecs[i];
    return NULL;
}

/* -- parameters ---------------------------------------------------------------------------------- */

static void
read_expected(struct bl_reader *r, enum bl_root_kind kind, struct bl_root_identity *expected)
{
    struct bl_cbor_map map = bl_cbor_read_map(r, BL_ROOT_FIELD_COUNT_MAX);
    uint64_t id = 0;

    while (bl_cbor_map_next_uint(r, &map, &id)) {
        struct bulla_bytes bytes = bl_cbor_read_bytes(r, BL_ROOT_FIELD_SIZE_MAX);
        if (id > UINT32_MAX || !bl_root_identity_put(expected, kind, (unsigned)id, bytes)) {
            bl_reader_fail(r, "unknown field");
            return;
        }
    }
}

static enum bulla_status
decode(const struct bl_root_codec *codec, struct bulla_bytes bytes, struct params *out,
       struct bulla_error *err)
{
    const uint32_t needed = codec->keys | (uint32_t)1 << codec->expected;
    struct bl_reader r = bl_reader(bytes, codec->where);
    struct bl_cbor_map map = bl_cbor_read_map(&r, 32);
    struct params params = { .request = { .kind = codec->kind } };
    uint64_t key = 0;
    uint32_t seen = 0;

    while (bl_cbor_map_next_uint(&r, &map, &key)) {
        if (key >= 32 || (needed >> key & 1) == 0)
            return bulla_fail(err, BULLA_E_UNSUPPORTED, codec->where, "unknown parameter", key);
        seen |= (uint32_t)1 << key;
        if (key == codec->expected)
            read_expected(&r, codec->kind, &params.expected);
        else
            codec->read(&r, key, &params.request);
    }
    BL_TRY(bl_reader_finish(&r, err));
    if (seen != needed)
        return bulla_fail(err, BULLA_E_MALFORMED, codec->where, "a parameter is missing", 0);
    *out = params;
    return BULLA_OK;
}

/* Fields that the key depends on: others decide nothing, and are nobody's business. */
static void
write_expected(struct bl_writer *w, const struct bl_root_request *request,
               const struct bl_root_identity *identity)
{
    size_t count = 0;

    for (size_t i = 0; i < identity->count; i++)
        count += bl_root_request_uses(request, &identity->fields[i]);
    bl_cbor_write_map(w, count);
    for (size_t i = 0; i < identity->count; i++) {
        const struct bl_root_field *field = &identity->fields[i];
        if (!bl_root_request_uses(request, field))
            continue;
        bl_cbor_write_uint(w, field->id);
        bl_cbor_write_bytes(w, (struct bulla_bytes){ field->bytes, field->size });
    }
}

static enum bulla_status
encode(const struct bl_root_codec *codec, const struct bl_root_request *request,
       const struct bl_root_identity *identity, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);
    const uint32_t keys = codec->keys | (uint32_t)1 << codec->expected;

    bl_cbor_write_map(&w, (size_t)__builtin_popcount(keys));
    for (uint32_t key = 0; key < 32; key++) {
        if ((keys >> key & 1) == 0)
            continue;
        bl_cbor_write_uint(&w, key);
        if (key == codec->expected)
            write_expected(&w, request, identity);
        else
            codec->write(&w, key, request);
    }
    return bl_writer_finish(&w, err);
}

/* -- why not ------------------------------------------------------------------------------------- */

static enum bulla_cause
cause_of(enum bl_root_field_kind kind)
{
    switch (kind) {
    case BL_ROOT_FIELD_CODE:
        return BULLA_CAUSE_WRONG_CODE;
    case BL_ROOT_FIELD_SIGNER:
        return BULLA_CAUSE_WRONG_SIGNER;
    case BL_ROOT_FIELD_PRODUCT:
        return BULLA_CAUSE_WRONG_PRODUCT;
    case BL_ROOT_FIELD_CONFIG:
        return BULLA_CAUSE_WRONG_CONFIG;
    case BL_ROOT_FIELD_STATE:
        return BULLA_CAUSE_RTMR_CHANGED;
    case BL_ROOT_FIELD_HOST:
        return BULLA_CAUSE_WRONG_MACHINE;
    case BL_ROOT_FIELD_POLICY:
        return BULLA_CAUSE_LAUNCH_CHANGED;
    case BL_ROOT_FIELD_NONE:
        break;
    }
    return BULLA_CAUSE_ROOT_KEY_CHANGED;
}

/* A host may hide which machine it is: that says nothing. */
static bool
is_as_it_was(const struct bl_root_field *then, const struct bl_root_field *now)
{
    if (now == NULL)
        return then->kind == BL_ROOT_FIELD_HOST;
    return bl_equal((struct bulla_bytes){ now->bytes, now->size },
                    (struct bulla_bytes){ then->bytes, then->size });
}

static enum bulla_status
fail_field(const struct bl_root_field *then, const struct bl_root_field *now,
           struct bulla_error *err)
{
    enum bulla_status status = bulla_fail_cause(err, cause_of(then->kind), where, then->name);

    bulla_error_values(err,
                       bulla_value_bytes((struct bulla_bytes){ now != NULL ? now->bytes : NULL,
                                                               now != NULL ? now->size : 0 }),
                       bulla_value_bytes((struct bulla_bytes){ then->bytes, then->size }));
    return status;
}

/* BULLA_OK if nothing of this kind differs; BL_ROOT_FIELD_NONE: of any kind. */
static enum bulla_status
compare_fields(const struct params *params, const struct bl_root_identity *present,
               enum bl_root_field_kind kind, struct bulla_error *err)
{
    for (size_t i = 0; i < params->expected.count; i++) {
        const struct bl_root_field *then = &params->expected.fields[i];
        const struct bl_root_field *now = bl_root_identity_find(present, then->id);
        if ((kind == BL_ROOT_FIELD_NONE || then->kind == kind) &&
            bl_root_request_uses(&params->request, then) && !is_as_it_was(then, now))
            return fail_field(then, now, err);
    }
    return BULLA_OK;
}

/* BULLA_OK: nothing that can be seen keeps it from opening. */
static enum bulla_status
diagnose(const struct params *params, struct bl_sealing_root *root, struct bulla_error *err)
{
    const struct bl_root_state *state = NULL;

    BL_TRY(bl_sealing_root_state(root, &state, err));
    BL_TRY(compare_fields(params, &state->identity, BL_ROOT_FIELD_HOST, err));
    BL_TRY(compare_fields(params, &state->identity, BL_ROOT_FIELD_SIGNER, err));
    BL_TRY(bl_sealing_root_admit(root, &params->request, err));
    return compare_fields(params, &state->identity, BL_ROOT_FIELD_NONE, err);
}

enum bulla_status
bl_root_summary_standing(const struct bl_root_summary *summary, struct bl_sealing_root *root,
                         enum bl_root_standing *standing_out, struct bulla_error *err)
{
    const struct params params = { summary->request, summary->expected };
    const struct bl_root_state *state = NULL;

    *standing_out = BL_ROOT_ELSEWHERE;
    if (bl_sealing_root_kind(root) != summary->kind)
        return BULLA_OK;
    BL_TRY(bl_sealing_root_state(root, &state, err));
    if (compare_fields(&params, &state->identity, BL_ROOT_FIELD_HOST, NULL) != BULLA_OK)
        return BULLA_OK;
    const struct bl_root_comparison versions =
        bl_root_version_compare(&summary->version, &state->version);
    *standing_out = BL_ROOT_NEWER;
    if (!bl_root_version_reaches(&versions))
        return BULLA_OK;
    const bool is_same =
        compare_fields(&params, &state->identity, BL_ROOT_FIELD_NONE, NULL) == BULLA_OK;
    *standing_out = versions.order == BL_ROOT_EQUAL && is_same ? BL_ROOT_CURRENT : BL_ROOT_CHANGED;
    return BULLA_OK;
}

/* -- the rows of the table ----------------------------------------------------------------------- */

static enum bulla_status
no_root(struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_NO_SEALING_ROOT, where, no_root_what);
}

static bool
has_root(const struct bl_opener *opener, const struct bl_root_codec *codec)
{
    return opener->root != NULL && bl_sealing_root_kind(opener->root) == codec->kind;
}

enum bulla_status
bl_slot_root_check(const struct bl_slot_request *request, const struct bl_opener *opener,
                   struct bulla_error *err)
{
    const uint8_t salt[BL_ROOT_SALT_SIZE] = { 0 };
    const struct bl_root_state *state = NULL;
    struct bl_root_request made;

    if (!has_root(opener, codec_of(request->type)))
        return no_root(err);
    BL_TRY(bl_sealing_root_state(opener->root, &state, err));
    return bl_root_request_make(state, &request->root_binding, salt, &made, err);
}

/* A root that gives everybody the same would pass every test but this one. */
static enum bulla_status
tell_from_another(struct bl_sealing_root *root, const struct bl_root_request *request,
                  const struct bl_secret *key, struct bulla_error *err)
{
    const struct bl_root_request neighbour = bl_root_request_neighbour(request);
    BL_AUTO(bl_secret) other = { 0 };

    BL_TRY(bl_sealing_root_derive(root, &neighbour, &other, err));
    if (bl_equal(bl_secret_bytes(key), bl_secret_bytes(&other)))
        return bulla_fail_cause(err, BULLA_CAUSE_ROOT_KEY_WEAK, where,
                                "the same key for different requests");
    return BULLA_OK;
}

enum bulla_status
bl_slot_root_make(const struct bl_slot_making *making, const struct bl_slot *slot,
                  struct bulla_buffer *params_out, struct bl_secret *input_key_out,
                  struct bulla_error *err)
{
    const struct bl_root_codec *codec = codec_of(slot->type);
    struct bl_sealing_root *root = making->opener->root;
    const struct bl_root_state *state = NULL;
    uint8_t salt[BL_ROOT_SALT_SIZE];
    struct bl_root_request request;
    BL_AUTO(bl_secret) key = { 0 };

    BL_TRY(bl_entropy_fill(making->entropy, salt, sizeof salt, err));
    BL_TRY(bl_sealing_root_state(root, &state, err));
    BL_TRY(bl_root_request_make(state, &making->request->root_binding, salt, &request, err));
    BL_TRY(bl_sealing_root_derive(root, &request, &key, err));
    BL_TRY(tell_from_another(root, &request, &key, err));
    BL_TRY(encode(codec, &request, &state->identity, params_out, err));
    *input_key_out = bl_secret_take(&key);
    return BULLA_OK;
}

enum bulla_status
bl_slot_root_open(const struct bl_slot *slot, const struct bl_blob_binding *binding,
                  struct bl_slot_session *session, struct bl_secret *input_key_out,
                  struct bulla_error *err)
{
    const struct bl_root_codec *codec = codec_of(slot->type);
    struct bulla_error failure = { 0 };
    struct params params;

    (void)binding;
    BL_TRY(decode(codec, slot->params, &params, err));
    if (!has_root(session->opener, codec))
        return no_root(err);
    enum bulla_status status =
        bl_sealing_root_derive(session->opener->root, &params.request, input_key_out, &failure);
    if (status == BULLA_OK)
        return BULLA_OK;
    BL_TRY(diagnose(&params, session->opener->root, err));
    if (err != NULL && err->status == BULLA_OK)
        *err = failure;
    return status;
}

enum bulla_status
bl_slot_root_explain(const struct bl_slot *slot, struct bl_slot_session *session,
                     struct bulla_error *err)
{
    struct params params;

    BL_TRY(decode(codec_of(slot->type), slot->params, &params, err));
    return diagnose(&params, session->opener->root, err);
}

enum bulla_status
bl_slot_root_summarize(const struct bl_slot *slot, struct bl_slot_summary *summary,
                       struct bulla_error *err)
{
    const struct bl_root_codec *codec = codec_of(slot->type);
    struct params params;

    BL_TRY(decode(codec, slot->params, &params, err));
    summary->root = (struct bl_root_summary){
        .kind = codec->kind,
        .binding = bl_root_request_binding(&params.request),
        .version = bl_root_request_version(&params.request),
        .request = params.request,
        .expected = params.expected,
    };
    return BULLA_OK;
}

enum bulla_status
bl_slot_root_forecast(const struct bl_slot_summary *summary, const struct bl_opener *opener,
                      struct bl_slot_forecast *forecast_out, struct bulla_error *err)
{
    const struct params params = { summary->root.request, summary->root.expected };
    struct bulla_error reason = { 0 };

    (void)err;
    if (!has_root(opener, codec_of(summary->type)))
        (void)!no_root(&reason);
    else
        (void)!diagnose(&params, opener->root, &reason);
    forecast_out->outlook = BL_OUTLOOK_OPENS;
    if (reason.status != BULLA_OK)
        bl_forecast_refuse(forecast_out, reason);
    return BULLA_OK;
}
