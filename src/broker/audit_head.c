/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/audit_head.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"

#define ED25519_PUBLIC_SIZE 32
#define ED25519_SIGNATURE_SIZE 64

static enum bulla_status
endorsed_bytes(struct bulla_bytes audit_public, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, 2);
    bl_cbor_write_text(&w, BL_LITERAL("bulla-audit-key/1"));
    bl_cbor_write_bytes(&w, audit_public);
    return bl_writer_finish(&w, err);
}

static enum bulla_status
sign(const struct bl_key *key, struct bulla_bytes bytes, struct bulla_buffer *out,
     struct bulla_error *err)
{
    return bl_key_sign(key, &bytes, 1, out, err);
}

static enum bulla_status
make_payload(const struct bl_audit_head *head, const uint8_t hash[BL_AUDIT_HASH_SIZE],
             const struct bl_key *audit_key, const struct bl_key *root_key,
             struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) audit_public = { 0 };
    BL_AUTO(bulla_buffer) endorsed = { 0 };
    BL_AUTO(bulla_buffer) endorsement = { 0 };
    struct bl_writer w = bl_writer(out);

    BL_TRY(bl_key_raw_public(audit_key, &audit_public, err));
    BL_TRY(endorsed_bytes(bulla_buffer_bytes(&audit_public), &endorsed, err));
    BL_TRY(sign(root_key, bulla_buffer_bytes(&endorsed), &endorsement, err));
    bl_cbor_write_array(&w, 6);
    bl_cbor_write_text(&w, BL_LITERAL("bulla-audit-head/1"));
    bl_cbor_write_uint(&w, head->seq);
    bl_cbor_write_bytes(&w, (struct bulla_bytes){ hash, BL_AUDIT_HASH_SIZE });
    bl_cbor_write_int(&w, head->time_s);
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&audit_public));
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&endorsement));
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_audit_head_sign(const struct bl_audit_head *head, const uint8_t hash[BL_AUDIT_HASH_SIZE],
                   const struct bl_key *audit_key, const struct bl_key *root_key,
                   struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) payload = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    struct bl_writer w = bl_writer(out);

    BL_TRY(make_payload(head, hash, audit_key, root_key, &payload, err));
    BL_TRY(sign(audit_key, bulla_buffer_bytes(&payload), &signature, err));
    bl_cbor_write_array(&w, 2);
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&payload));
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&signature));
    return bl_writer_finish(&w, err);
}

/* The root's word for the audit key, then the audit key's word for the payload. */
static enum bulla_status
check_signatures(struct bulla_bytes payload, struct bulla_bytes signature,
                 const uint8_t audit_public[ED25519_PUBLIC_SIZE], struct bulla_bytes endorsement,
                 const struct bl_key *root, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) audit_key = NULL;
    BL_AUTO(bulla_buffer) endorsed = { 0 };
    const struct bulla_bytes raw = { audit_public, ED25519_PUBLIC_SIZE };

    BL_TRY(endorsed_bytes(raw, &endorsed, err));
    const struct bulla_bytes endorsed_view = bulla_buffer_bytes(&endorsed);
    BL_TRY(bl_key_verify(root, &endorsed_view, 1, endorsement, err));
    BL_TRY(bl_key_from_raw_public(BL_KEY_ED25519, raw, &audit_key, err));
    return bl_key_verify(audit_key, &payload, 1, signature, err);
}

enum bulla_status
bl_audit_head_open(struct bulla_bytes bytes, const struct bl_key *root,
                   struct bl_audit_head *head_out, struct bulla_error *err)
{
    struct bl_reader outer = bl_reader(bytes, "audit head");
    uint8_t audit_public[ED25519_PUBLIC_SIZE];
    struct bl_audit_head head = { 0 };

    if (bl_cbor_read_array(&outer, 2) != 2)
        bl_reader_fail(&outer, "not a signed head");
    struct bulla_bytes payload = bl_cbor_read_bytes(&outer, BL_AUDIT_HEAD_SIZE_MAX);
    struct bulla_bytes signature = bl_cbor_read_bytes(&outer, ED25519_SIGNATURE_SIZE);
    BL_TRY(bl_reader_finish(&outer, err));

    struct bl_reader r = bl_reader(payload, "audit head");
    if (bl_cbor_read_array(&r, 6) != 6 ||
        !bl_equal(bl_cbor_read_text(&r, 32), BL_LITERAL("bulla-audit-head/1")))
        bl_reader_fail(&r, "not a head of an audit log");
    head.seq = bl_cbor_read_uint(&r);
    bl_cbor_read_bytes_exact(&r, head.hash, sizeof head.hash);
    head.time_s = bl_cbor_read_int(&r);
    bl_cbor_read_bytes_exact(&r, audit_public, sizeof audit_public);
    struct bulla_bytes endorsement = bl_cbor_read_bytes(&r, ED25519_SIGNATURE_SIZE);
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(check_signatures(payload, signature, audit_public, endorsement, root, err));
    *head_out = head;
    return BULLA_OK;
}
