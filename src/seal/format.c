/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/format.c: preamble and core, and the frame around the slot table (slot_table.c).
 */
#include "seal/format.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "seal/format_keys.h"
#include "seal/slot_area.h"

static const char where[] = "sealed blob";

static const uint8_t magic[8] = { 0x89, 'B', 'L', 'S', '\r', '\n', 0x1a, '\n' };

/* Keys of the core; docs/formats/sealed-blob.md. */
enum core_key {
    CORE_NAME = 1,
    CORE_CREATED = 2,
    CORE_ASSOCIATED_DATA = 3,
    CORE_METADATA = 4,
    CORE_PLAINTEXT_SIZE = 5,
    CORE_NOT_AFTER = 6,
    CORE_ANCHOR = 8,
    CORE_ORIGIN = 9,
    CORE_PREDECESSOR = 10,
    CORE_POLICY_AUTHORITY = 11,
    CORE_PADDING = 12
};

#define ANCHOR_TPM 1
#define ANCHOR_NAME_SIZE 34      /* bytes: SHA-256 */
#define ANCHOR_ITEM_COUNT_MAX 16 /* of kinds to come */

static enum bulla_status
check_version(struct bl_header *header, uint16_t major, uint32_t flags, struct bulla_error *err)
{
    if (major != BL_BLOB_MAJOR) {
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_BLOB_VERSION, where, "unknown format version");
        bulla_error_values(err, bulla_value_number(major), bulla_value_number(BL_BLOB_MAJOR));
        return status;
    }
    if (header->suite != BL_BLOB_SUITE) {
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_BLOB_VERSION, where, "unknown cipher suite");
        bulla_error_values(err, bulla_value_number(header->suite),
                           bulla_value_number(BL_BLOB_SUITE));
        return status;
    }
    if ((flags & ~BL_BLOB_FLAG_AREAS) != 0) {
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_BLOB_VERSION, where, "unknown flags");
        bulla_error_values(err, bulla_value_number(flags), bulla_value_number(BL_BLOB_FLAG_AREAS));
        return status;
    }
    return BULLA_OK;
}

static enum bulla_status
decode_preamble(struct bl_header *header, struct bl_preamble *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(BL_BYTES_OF(header->preamble), where);

    bl_skip(&r, sizeof magic);                           /* 0 */
    uint16_t major = bl_read_u16be(&r);                  /* 8 */
    header->suite = bl_read_u16be(&r);                   /* 10 */
    out->core_size = bl_read_u32be(&r);                  /* 12 */
    out->slots_size = bl_read_u32be(&r);                 /* 16 */
    out->flags = bl_read_u32be(&r);                      /* 20 */
    out->slots_epoch = bl_read_u64be(&r);                /* 24 */
    bl_read_into(&r, out->blob_id, sizeof out->blob_id); /* 32 */
    BL_TRY(bl_reader_finish(&r, err));

    BL_TRY(check_version(header, major, out->flags, err));
    if (out->core_size > BL_BLOB_CORE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "core too large", out->core_size);
    if (out->slots_size > BL_BLOB_SLOTS_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "slot table too large", out->slots_size);
    if ((out->flags & BL_BLOB_FLAG_AREAS) != 0 && out->slots_epoch != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_NOT_CANONICAL, where, "an epoch beside areas");
    header->slots_epoch = out->slots_epoch;
    memcpy(header->blob_id, out->blob_id, sizeof header->blob_id);
    return BULLA_OK;
}

/* How much of the header stands after the core. */
static size_t
slots_part_size(const struct bl_preamble *preamble)
{
    return (preamble->flags & BL_BLOB_FLAG_AREAS) != 0 ? 2 * preamble->slots_size
                                                       : preamble->slots_size + BL_BLOB_MAC_SIZE;
}

/* One well-formed canonical item and nothing after it. */
static enum bulla_status
check_canonical(struct bulla_bytes bytes, const char *part, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, part);

    bl_cbor_skip(&r);
    if (bl_reader_finish(&r, NULL) == BULLA_OK)
        return BULLA_OK;
    const char *what = r.failed != NULL ? r.failed : "bytes after its end";
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_NOT_CANONICAL, part, what);
    if (err != NULL)
        err->offset = r.offset;
    return status;
}

bool
bl_format_key_is_optional(uint64_t key)
{
    return key >= 0x100 && key % 2 == 0;
}

int64_t
bl_format_read_time(struct bl_reader *r)
{
    uint64_t value = bl_cbor_read_uint(r);

    if (value == 0 || value > INT64_MAX) {
        bl_reader_fail(r, "time out of range");
        return 0;
    }
    return (int64_t)value;
}

/* A map of text keys to anything; for people, never for a decision. */
static void
skip_metadata(struct bl_reader *r)
{
    struct bl_cbor_map map = bl_cbor_read_map(r, BL_BLOB_CORE_SIZE_MAX);
    struct bulla_bytes key;

    while (bl_cbor_map_next_text(r, &map, BL_BLOB_NAME_SIZE_MAX, &key))
        bl_cbor_skip(r);
}

static void
read_name(struct bl_reader *r, struct bl_core *core)
{
    core->name = bl_cbor_read_text(r, BL_BLOB_NAME_SIZE_MAX);
    if (core->name.size == 0)
        bl_reader_fail(r, "empty name");
}

static void
read_predecessor(struct bl_reader *r)
{
    uint8_t digest[BL_BLOB_DIGEST_SIZE];

    bl_cbor_read_bytes_exact(r, digest, sizeof digest);
}

/* [kind, ...]; of kind 1: NV index, its Name, value, id. */
static void
read_anchor(struct bl_reader *r, struct bl_freshness_anchor *anchor)
{
    size_t count = bl_cbor_read_array(r, ANCHOR_ITEM_COUNT_MAX);
    uint64_t kind = bl_cbor_read_uint(r);

    if (kind == 0 || kind > UINT16_MAX) {
        bl_reader_fail(r, "kind of a freshness anchor");
        return;
    }
    anchor->kind = (unsigned)kind;
    if (kind != ANCHOR_TPM) {
        for (size_t i = 1; i < count; i++)
            bl_cbor_skip(r);
        return;
    }
    uint64_t index = bl_cbor_read_uint(r);
    bl_cbor_read_bytes_exact(r, anchor->nv_name.bytes, ANCHOR_NAME_SIZE);
    anchor->nv_name.size = ANCHOR_NAME_SIZE;
    anchor->value = bl_cbor_read_uint(r);
    bl_cbor_read_bytes_exact(r, anchor->id, sizeof anchor->id);
    if (count != 5 || index == 0 || index > UINT32_MAX)
        bl_reader_fail(r, "freshness anchor");
    else
        anchor->nv_index = (uint32_t)index;
}

static void
write_anchor(struct bl_writer *w, const struct bl_freshness_anchor *anchor)
{
    bl_cbor_write_array(w, 5);
    bl_cbor_write_uint(w, anchor->kind);
    bl_cbor_write_uint(w, anchor->nv_index);
    bl_cbor_write_bytes(w, (struct bulla_bytes){ anchor->nv_name.bytes, anchor->nv_name.size });
    bl_cbor_write_uint(w, anchor->value);
    bl_cbor_write_bytes(w, BL_BYTES_OF(anchor->id));
}

/* False for a key that this version must not pass over. */
static bool
read_core_value(struct bl_reader *r, uint64_t key, struct bl_core *core)
{
    switch (key) {
    case CORE_NAME:
        read_name(r, core);
        return true;
    case CORE_CREATED:
        core->created_s = bl_format_read_time(r);
        return true;
    case CORE_ASSOCIATED_DATA:
        core->with_associated_data = true;
        bl_cbor_read_bytes_exact(r, core->associated_data_digest,
                                 sizeof core->associated_data_digest);
        return true;
    case CORE_METADATA:
        skip_metadata(r);
        return true;
    case CORE_PLAINTEXT_SIZE:
        core->with_plaintext_size = true;
        core->plaintext_size = bl_cbor_read_uint(r);
        return true;
    case CORE_NOT_AFTER:
        core->not_after_s = bl_format_read_time(r);
        return true;
    case CORE_ANCHOR:
        read_anchor(r, &core->freshness);
        return true;
    case CORE_ORIGIN:
        bl_cbor_skip(r);
        return true;
    case CORE_PREDECESSOR:
        read_predecessor(r);
        return true;
    case CORE_POLICY_AUTHORITY:
        core->has_policy_authority = true;
        bl_cbor_skip(r);
        return true;
    case CORE_PADDING:
        core->has_padding = true;
        bl_cbor_skip(r);
        return true;
    default:
        bl_cbor_skip(r);
        return bl_format_key_is_optional(key);
    }
}

enum bulla_status
bl_format_unknown_key(const char *part, uint64_t key, struct bulla_error *err)
{
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_BLOB_VERSION, part,
                                                "unknown key that must be understood");

    bulla_error_values(err, bulla_value_number(key), (struct bulla_value){ 0 });
    return status;
}

static enum bulla_status
decode_core(struct bulla_bytes bytes, struct bl_core *core, struct bulla_error *err)
{
    static const char part[] = "core of the sealed blob";
    struct bl_reader r = bl_reader(bytes, part);
    uint64_t key = 0;

    BL_TRY(check_canonical(bytes, part, err));
    struct bl_cbor_map map = bl_cbor_read_map(&r, BL_BLOB_CORE_SIZE_MAX);
    while (bl_cbor_map_next_uint(&r, &map, &key)) {
        if (!read_core_value(&r, key, core))
            return bl_format_unknown_key(part, key, err);
    }
    BL_TRY(bl_reader_finish(&r, err));
    if (core->name.size == 0 || core->created_s == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, part, "name or creation time missing", 0);
    return BULLA_OK;
}

/* Which bytes are the slots, of the part of the header after the core. */
static enum bulla_status
find_slots(struct bl_header *header, const struct bl_preamble *preamble, struct bulla_bytes part,
           struct bulla_bytes *slots_out, struct bulla_error *err)
{
    struct bl_area area = { 0 };

    if ((preamble->flags & BL_BLOB_FLAG_AREAS) == 0) {
        header->covered = (struct bulla_bytes){ part.data, preamble->slots_size };
        header->mac = (struct bulla_bytes){ part.data + preamble->slots_size, BL_BLOB_MAC_SIZE };
        *slots_out = header->covered;
        return BULLA_OK;
    }
    BL_TRY(bl_area_choose(part, &area, err));
    header->area_size = preamble->slots_size;
    header->area = area.index;
    header->areas_are_equal = area.other_is_same;
    header->slots_epoch = area.epoch;
    header->covered = area.covered;
    header->mac = area.mac;
    *slots_out = area.slots;
    return BULLA_OK;
}

/* The views of `header` over its bytes, then everything they say. */
static enum bulla_status
decode_parts(struct bl_header *header, const struct bl_preamble *preamble, struct bulla_error *err)
{
    static const char part[] = "slot table of the sealed blob";
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&header->bytes), where);
    struct bulla_bytes slots = { 0 };

    bl_skip(&r, BL_BLOB_PREAMBLE_SIZE);
    header->core_bytes = bl_read_view(&r, preamble->core_size);
    const struct bulla_bytes slots_part = bl_read_view(&r, slots_part_size(preamble));
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(decode_core(header->core_bytes, &header->core, err));
    BL_TRY(find_slots(header, preamble, slots_part, &slots, err));
    BL_TRY(check_canonical(slots, part, err));
    return bl_slot_table_decode(slots, &header->table, err);
}

static enum bulla_status
read_preamble(const struct bl_source *source, struct bl_header *header, struct bulla_error *err)
{
    size_t got = 0;

    BL_TRY(source->read(source->context, header->preamble, sizeof header->preamble, &got, err));
    if (got < sizeof magic || memcmp(header->preamble, magic, sizeof magic) != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_NOT_A_BLOB, where, "does not begin as one");
    if (got < sizeof header->preamble)
        return bulla_fail_cause(err, BULLA_CAUSE_BLOB_TRUNCATED, where, "ends within its preamble");
    return BULLA_OK;
}

static enum bulla_status
read_header(const struct bl_source *source, struct bl_header *header, struct bulla_error *err)
{
    struct bl_preamble preamble = { 0 };
    size_t got = 0;
    uint8_t *rest = NULL;

    BL_TRY(read_preamble(source, header, err));
    BL_TRY(decode_preamble(header, &preamble, err));
    size_t rest_size = preamble.core_size + slots_part_size(&preamble);
    BL_TRY(bulla_buffer_append(&header->bytes, BL_BYTES_OF(header->preamble), err));
    BL_TRY(bulla_buffer_extend(&header->bytes, rest_size, &rest, err));
    BL_TRY(source->read(source->context, rest, rest_size, &got, err));
    if (got < rest_size)
        return bulla_fail_cause(err, BULLA_CAUSE_BLOB_TRUNCATED, where, "ends within its header");
    return decode_parts(header, &preamble, err);
}

enum bulla_status
bl_header_read(const struct bl_source *source, struct bl_header *header_out,
               struct bulla_error *err)
{
    enum bulla_status status = read_header(source, header_out, err);

    if (status != BULLA_OK)
        bl_header_done(header_out);
    return status;
}

enum bulla_status
bl_header_decode(struct bulla_bytes bytes, struct bl_header *header_out, struct bulla_error *err)
{
    struct bl_bytes_cursor cursor = { bytes };
    struct bl_source source = bl_source_bytes(&cursor);

    return bl_header_read(&source, header_out, err);
}

void
bl_header_done(struct bl_header *header)
{
    bulla_buffer_done(&header->bytes);
    *header = (struct bl_header){ 0 };
}

enum bulla_status
bl_core_encode(const struct bl_core *core, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);
    size_t start = out->size;

    bl_cbor_write_map(&w, 2 + (size_t)core->with_associated_data +
                              (size_t)core->with_plaintext_size + (size_t)(core->not_after_s != 0) +
                              (size_t)(core->freshness.kind == ANCHOR_TPM));
    bl_cbor_write_uint(&w, CORE_NAME);
    bl_cbor_write_text(&w, core->name);
    bl_cbor_write_uint(&w, CORE_CREATED);
    bl_cbor_write_uint(&w, (uint64_t)core->created_s);
    if (core->with_associated_data) {
        bl_cbor_write_uint(&w, CORE_ASSOCIATED_DATA);
        bl_cbor_write_bytes(&w, BL_BYTES_OF(core->associated_data_digest));
    }
    if (core->with_plaintext_size) {
        bl_cbor_write_uint(&w, CORE_PLAINTEXT_SIZE);
        bl_cbor_write_uint(&w, core->plaintext_size);
    }
    if (core->not_after_s != 0) {
        bl_cbor_write_uint(&w, CORE_NOT_AFTER);
        bl_cbor_write_uint(&w, (uint64_t)core->not_after_s);
    }
    if (core->freshness.kind == ANCHOR_TPM) {
        bl_cbor_write_uint(&w, CORE_ANCHOR);
        write_anchor(&w, &core->freshness);
    }
    BL_TRY(bl_writer_finish(&w, err));
    if (out->size - start > BL_BLOB_CORE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "core too large", out->size - start);
    return BULLA_OK;
}

static void
put_be(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[size - 1 - i] = (uint8_t)(value >> (8 * i));
}

void
bl_preamble_encode(const struct bl_preamble *preamble, uint8_t out[BL_BLOB_PREAMBLE_SIZE])
{
    memcpy(out, magic, sizeof magic);
    put_be(out + 8, BL_BLOB_MAJOR, 2);
    put_be(out + 10, BL_BLOB_SUITE, 2);
    put_be(out + 12, preamble->core_size, 4);
    put_be(out + 16, preamble->slots_size, 4);
    put_be(out + 20, preamble->flags, 4);
    put_be(out + 24, preamble->slots_epoch, 8);
    memcpy(out + 32, preamble->blob_id, BL_BLOB_ID_SIZE);
}
