/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/bundle.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "crypto/cose_sign1.h"

#define WHERE "collateral bundle"
#define VERSION 1

static const struct bl_cose_context purpose = {
    .content_type = { (const uint8_t *)BL_BUNDLE_CONTENT_TYPE, sizeof BL_BUNDLE_CONTENT_TYPE - 1 },
};

/* -- payload ------------------------------------------------------------------------------------- */

static void
write_piece(struct bl_writer *w, const struct bl_collateral *piece)
{
    const char *name = piece->name.text;

    bl_cbor_write_array(w, 4);
    bl_cbor_write_text(w, (struct bulla_bytes){ (const uint8_t *)name, strlen(name) });
    bl_cbor_write_bytes(w, bulla_buffer_bytes(&piece->body));
    bl_cbor_write_bytes(w, bulla_buffer_bytes(&piece->issuers));
    bl_cbor_write_int(w, piece->fetched_s);
}

enum bulla_status
bl_bundle_encode(const struct bl_collateral_set *set, int64_t created_s,
                 struct bulla_buffer *payload_out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(payload_out);

    bl_cbor_write_array(&w, 3);
    bl_cbor_write_uint(&w, VERSION);
    bl_cbor_write_int(&w, created_s);
    bl_cbor_write_array(&w, set->count);
    for (size_t i = 0; i < set->count; i++)
        write_piece(&w, set->items[i]);
    return bl_writer_finish(&w, err);
}

static enum bulla_status
read_piece(struct bl_reader *r, struct bl_collateral *piece, struct bulla_error *err)
{
    const size_t count = bl_cbor_read_array(r, 4);
    const struct bulla_bytes name = bl_cbor_read_text(r, BL_COLLATERAL_NAME_SIZE - 1);
    const struct bulla_bytes body = bl_cbor_read_bytes(r, BL_COLLATERAL_BODY_SIZE_MAX);
    const struct bulla_bytes issuers = bl_cbor_read_bytes(r, BL_COLLATERAL_ISSUERS_SIZE_MAX);

    piece->fetched_s = bl_cbor_read_int(r);
    if (count != 4 || body.size == 0)
        bl_reader_fail(r, "a piece that is not one");
    BL_TRY(bl_reader_ok(r, err));
    BL_TRY(bl_collateral_name_parse(name, &piece->name, err));
    BL_TRY(bulla_buffer_append(&piece->body, body, err));
    return bulla_buffer_append(&piece->issuers, issuers, err);
}

static enum bulla_status
read_pieces(struct bl_reader *r, size_t count, struct bl_collateral_set *set,
            struct bulla_error *err)
{
    for (size_t i = 0; i < count; i++) {
        BL_AUTO_FREE(bl_collateral) piece = bl_alloc(1, sizeof *piece);
        if (piece == NULL)
            return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
        BL_TRY(read_piece(r, piece, err));
        /* One encoding for one content, and no second piece behind the first of a name. */
        if (i > 0 && strcmp(set->items[i - 1]->name.text, piece->name.text) >= 0)
            return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "names that do not ascend", i);
        BL_TRY(bl_collateral_set_put(set, &piece, err));
    }
    return BULLA_OK;
}

enum bulla_status
bl_bundle_decode(struct bulla_bytes payload, struct bl_collateral_set *set, int64_t *created_s_out,
                 struct bulla_error *err)
{
    struct bl_reader r = bl_reader(payload, WHERE);
    const size_t parts = bl_cbor_read_array(&r, 3);
    const uint64_t version = bl_cbor_read_uint(&r);

    BL_TRY(bl_reader_ok(&r, err));
    if (version != VERSION)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "version", (size_t)version);
    const int64_t created_s = bl_cbor_read_int(&r);
    const size_t count = bl_cbor_read_array(&r, BL_COLLATERAL_COUNT_MAX);
    if (parts != 3)
        bl_reader_fail(&r, "not a bundle");
    BL_TRY(bl_reader_ok(&r, err));
    BL_TRY(read_pieces(&r, count, set, err));
    BL_TRY(bl_reader_finish(&r, err));
    *created_s_out = created_s;
    return BULLA_OK;
}

/* -- signature ----------------------------------------------------------------------------------- */

enum bulla_status
bl_bundle_sign(const struct bl_collateral_set *set, int64_t created_s, const struct bl_key *key,
               struct bulla_buffer *bundle_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) payload = { 0 };
    const struct bulla_bytes no_key_id = { NULL, 0 };

    BL_TRY(bl_bundle_encode(set, created_s, &payload, err));
    return bl_cose_sign1_sign(key, &purpose, no_key_id, bulla_buffer_bytes(&payload), bundle_out,
                              err);
}

enum bulla_status
bl_bundle_open(struct bulla_bytes bundle, const struct bl_key *key, struct bl_collateral_set *set,
               int64_t *created_s_out, struct bulla_error *err)
{
    struct bl_cose_sign1 message;
    struct bulla_error failure = { 0 };

    if (bundle.size > BL_BUNDLE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "too large", bundle.size);
    enum bulla_status status = bl_cose_sign1_verify(key, &purpose, bundle, &message, &failure);
    if (status == BULLA_E_SIGNATURE)
        return bulla_fail_cause(err, BULLA_CAUSE_COSE_SIGNATURE, WHERE,
                                "not signed with the key that was given");
    if (status != BULLA_OK && err != NULL)
        *err = failure;
    BL_TRY(status);
    return bl_bundle_decode(message.payload, set, created_s_out, err);
}
