/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_arm.h: attestation tokens of Arm on paper: claims that can be set, dropped and
 * said twice, in the order in which they were written, signed with keys of ours.
 */
#ifndef TESTS_TEE_PAPER_ARM_H
#define TESTS_TEE_PAPER_ARM_H

#include "unit.h"

#include "codec/cbor.h"
#include "codec/cose.h"
#include "crypto/key.h"
#include "crypto/public_key.h"
#include "tee/scheme.h"

#define PAPER_CLAIM_COUNT_MAX 24

struct paper_claims {
    int64_t keys[PAPER_CLAIM_COUNT_MAX];
    struct bulla_buffer values[PAPER_CLAIM_COUNT_MAX];
    size_t count;
};

static inline void
paper_claims_done(struct paper_claims *c)
{
    for (size_t i = 0; i < c->count; i++)
        bulla_buffer_done(&c->values[i]);
    c->count = 0;
}

/* One more claim, even if its key is there already; the caller writes its value. */
static inline struct bl_writer
paper_add(struct paper_claims *c, int64_t key)
{
    assert_true(c->count < PAPER_CLAIM_COUNT_MAX);
    c->keys[c->count] = key;
    c->values[c->count] = (struct bulla_buffer){ 0 };
    return bl_writer(&c->values[c->count++]);
}

/* The value of this claim, empty, to be written. */
static inline struct bl_writer
paper_set(struct paper_claims *c, int64_t key)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->keys[i] != key)
            continue;
        bulla_buffer_clear(&c->values[i]);
        return bl_writer(&c->values[i]);
    }
    return paper_add(c, key);
}

static inline void
paper_drop(struct paper_claims *c, int64_t key)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->keys[i] != key)
            continue;
        bulla_buffer_done(&c->values[i]);
        c->count--;
        memmove(&c->keys[i], &c->keys[i + 1], (c->count - i) * sizeof c->keys[0]);
        memmove(&c->values[i], &c->values[i + 1], (c->count - i) * sizeof c->values[0]);
        return;
    }
    fail_msg("no claim %lld", (long long)key);
}

static inline void
paper_view(struct paper_claims *c, int64_t key, struct bulla_bytes bytes)
{
    struct bl_writer w = paper_set(c, key);

    bl_cbor_write_bytes(&w, bytes);
}

/* `size` bytes of `fill`. */
static inline void
paper_bytes(struct paper_claims *c, int64_t key, uint8_t fill, size_t size)
{
    uint8_t bytes[256];

    assert_true(size <= sizeof bytes);
    memset(bytes, fill, sizeof bytes);
    paper_view(c, key, (struct bulla_bytes){ bytes, size });
}

static inline void
paper_text(struct paper_claims *c, int64_t key, const char *text)
{
    struct bl_writer w = paper_set(c, key);

    bl_cbor_write_text(&w, text_bytes(text));
}

static inline void
paper_number(struct paper_claims *c, int64_t key, int64_t number)
{
    struct bl_writer w = paper_set(c, key);

    bl_cbor_write_int(&w, number);
}

/* One software component: bytes of `fill` as measurement and of `signer` as signer; sizes of 0 leave
 * them away. */
static inline void
paper_component(struct bl_writer *w, uint8_t fill, size_t size, uint8_t signer, size_t signer_size)
{
    uint8_t bytes[96];

    bl_cbor_write_map(w, (size_t)2 + (size > 0 ? 1 : 0) + (signer_size > 0 ? 1 : 0));
    bl_cbor_write_uint(w, 4);
    bl_cbor_write_text(w, BL_LITERAL("1.2.3"));
    bl_cbor_write_uint(w, 1);
    bl_cbor_write_text(w, BL_LITERAL("BL"));
    memset(bytes, signer, sizeof bytes);
    if (signer_size > 0) {
        bl_cbor_write_uint(w, 5);
        bl_cbor_write_bytes(w, (struct bulla_bytes){ bytes, signer_size });
    }
    memset(bytes, fill, sizeof bytes);
    if (size > 0) {
        bl_cbor_write_uint(w, 2);
        bl_cbor_write_bytes(w, (struct bulla_bytes){ bytes, size });
    }
}

/* Two components of one signer. */
static inline void
paper_components(struct paper_claims *c, int64_t key)
{
    struct bl_writer w = paper_set(c, key);

    bl_cbor_write_array(&w, 2);
    paper_component(&w, 0x21, 32, 0x51, 32);
    paper_component(&w, 0x22, 32, 0x51, 32);
}

static inline void
paper_payload(const struct paper_claims *c, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(out);

    bulla_buffer_clear(out);
    bl_cbor_write_map(&w, c->count);
    for (size_t i = 0; i < c->count; i++) {
        bl_cbor_write_int(&w, c->keys[i]);
        bl_write_bytes(&w, bulla_buffer_bytes(&c->values[i]));
    }
    assert_ok(bl_writer_finish(&w, &err), &err);
}

/* What stands around the claims; zeroed: a COSE_Sign1 with the algorithm of the key, protected. */
struct paper_cover {
    uint64_t tag;                   /* 0: of COSE_Sign1 */
    struct bulla_bytes protected;   /* of the header, encoded; NULL: the algorithm */
    struct bulla_bytes unprotected; /* NULL: an empty map */
};

static inline struct bulla_bytes
paper_algorithm(const struct bl_key *key)
{
    return bl_key_kind(key) == BL_KEY_P384 ? BL_LITERAL("\xa1\x01\x38\x22")
                                           : BL_LITERAL("\xa1\x01\x26");
}

/* Sign with what the cover says, be it right or not. */
static inline void
paper_sign_in(const struct bl_key *key, const struct paper_cover *cover,
              const struct paper_claims *c, struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) payload = { 0 };
    BL_AUTO(bulla_buffer) to_sign = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(out);
    struct bulla_bytes protected =
        cover->protected.data != NULL ? cover->protected : paper_algorithm(key);

    paper_payload(c, &payload);
    assert_ok(bl_cose_sig_structure(protected, BL_LITERAL(""), bulla_buffer_bytes(&payload),
                                    &to_sign, &err),
              &err);
    struct bulla_bytes part = bulla_buffer_bytes(&to_sign);
    assert_ok(bl_key_sign(key, &part, 1, &signature, &err), &err);
    bulla_buffer_clear(out);
    bl_cbor_write_tag(&w, cover->tag == 0 ? BL_COSE_TAG_SIGN1 : cover->tag);
    bl_cbor_write_array(&w, 4);
    bl_cbor_write_bytes(&w, protected);
    if (cover->unprotected.data != NULL)
        bl_write_bytes(&w, cover->unprotected);
    else
        bl_cbor_write_map(&w, 0);
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&payload));
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&signature));
    assert_ok(bl_writer_finish(&w, &err), &err);
}

static inline void
paper_sign(const struct bl_key *key, const struct paper_claims *c, struct bulla_buffer *out)
{
    const struct paper_cover cover = { 0 };

    paper_sign_in(key, &cover, c, out);
}

/* A key, and its public half as a file. */
struct paper_signer {
    struct bl_key *key;
    struct bulla_buffer spki;
};

static inline struct paper_signer
paper_signer(enum bl_key_kind kind)
{
    struct bulla_error err = { 0 };
    struct paper_signer s = { 0 };

    assert_ok(bl_key_generate(kind, &s.key, &err), &err);
    assert_ok(bl_key_spki(s.key, &s.spki, &err), &err);
    return s;
}

static inline void
paper_signer_done(struct paper_signer *s)
{
    bl_key_free(s->key);
    bulla_buffer_done(&s->spki);
}

static inline struct bl_anchor
paper_given(const char *role, struct bulla_bytes content)
{
    return (struct bl_anchor){ .name = "paper",
                               .kind = BL_ANCHOR_GIVEN,
                               .der = content,
                               .platform_class = BL_CLASS_HARDWARE,
                               .role = role };
}

#endif
