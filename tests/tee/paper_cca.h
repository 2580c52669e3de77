/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_cca.h: a CCA machine on paper: platform token, realm token, and what stands around
 * them.
 */
#ifndef TESTS_TEE_PAPER_CCA_H
#define TESTS_TEE_PAPER_CCA_H

#include "tee/cca/structures.h"
#include "tee/paper_arm.h"

#define CHALLENGE 0xc1
#define PERSONALIZATION 0x77
#define RIM 0x31
#define INSTANCE 0x01

#define PLATFORM_1 "tag:arm.com,2023:cca_platform#1.0.0"
#define PLATFORM_2 "tag:arm.com,2024:cca_platform#2.0.0"

struct bench {
    struct paper_signer cpak, rak;
    struct bl_anchor anchor;
    struct paper_claims platform, realm;
    struct paper_cover platform_cover, realm_cover;
    struct bulla_buffer platform_token, realm_token, token;
    uint8_t challenge[64];
};

static inline void
bench_done(struct bench *b)
{
    paper_signer_done(&b->cpak);
    paper_signer_done(&b->rak);
    paper_claims_done(&b->platform);
    paper_claims_done(&b->realm);
    bulla_buffer_done(&b->platform_token);
    bulla_buffer_done(&b->realm_token);
    bulla_buffer_done(&b->token);
}

/* The realm's key as its claim has it: a point, or a COSE_Key. */
static inline void
write_public_key(struct bench *b, bool as_point, struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) raw = { 0 };
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(out);

    assert_ok(bl_key_raw_public(b->rak.key, &raw, &err), &err);
    size_t size = (raw.size - 1) / 2;
    if (as_point) {
        bl_write_bytes(&w, bulla_buffer_bytes(&raw));
    } else {
        bl_cbor_write_map(&w, 4);
        bl_cbor_write_int(&w, 1);
        bl_cbor_write_int(&w, 2);
        bl_cbor_write_int(&w, -1);
        bl_cbor_write_int(&w, size == 32 ? 1 : 2);
        bl_cbor_write_int(&w, -2);
        bl_cbor_write_bytes(&w, (struct bulla_bytes){ raw.data + 1, size });
        bl_cbor_write_int(&w, -3);
        bl_cbor_write_bytes(&w, (struct bulla_bytes){ raw.data + 1 + size, size });
    }
    assert_ok(bl_writer_finish(&w, &err), &err);
}

/* The key into the realm's claim, its digest into the platform's challenge. */
static inline void
bind(struct bench *b, bool as_point, enum bl_hash hash, const char *hash_name)
{
    BL_AUTO(bulla_buffer) public_key = { 0 };
    struct bulla_error err = { 0 };
    uint8_t digest[BL_HASH_SIZE_MAX];

    write_public_key(b, as_point, &public_key);
    assert_ok(bl_hash_once(hash, bulla_buffer_bytes(&public_key), digest, &err), &err);
    paper_view(&b->realm, 44237, bulla_buffer_bytes(&public_key));
    paper_text(&b->realm, 44240, hash_name);
    paper_view(&b->platform, 10, (struct bulla_bytes){ digest, bl_hash_size(hash) });
}

static inline void
write_platform(struct paper_claims *c, const char *profile)
{
    paper_text(c, 265, profile);
    paper_bytes(c, 10, 0xee, 32);
    paper_bytes(c, 2396, 0x1d, 32);
    paper_bytes(c, 256, INSTANCE, 33);
    paper_bytes(c, 2401, 0xcf, 4);
    paper_number(c, 2395, 0x3003);
    paper_text(c, 2402, "sha-256");
    paper_text(c, 2400, "https://verifier.example");
    paper_components(c, 2399);
}

static inline void
write_realm(struct paper_claims *c)
{
    struct bl_writer w = paper_set(c, 44239);
    static const uint8_t measurement[32] = { 1 };

    bl_cbor_write_array(&w, 4);
    for (int i = 0; i < 4; i++)
        bl_cbor_write_bytes(&w, BL_BYTES_OF(measurement));
    paper_bytes(c, 10, CHALLENGE, 64);
    paper_text(c, 265, "tag:arm.com,2023:realm#1.0.0");
    paper_bytes(c, 44235, PERSONALIZATION, 64);
    paper_bytes(c, 44238, RIM, 32);
    paper_text(c, 44236, "sha-256");
}

static inline void
setup(struct bench *b)
{
    b->cpak = paper_signer(BL_KEY_P384);
    b->rak = paper_signer(BL_KEY_P384);
    b->anchor = paper_given("cpak", bulla_buffer_bytes(&b->cpak.spki));
    memset(b->challenge, CHALLENGE, sizeof b->challenge);
    write_platform(&b->platform, PLATFORM_1);
    write_realm(&b->realm);
    bind(b, /* as_point= */ false, BL_SHA256, "sha-256");
}

static inline void
sign(struct bench *b)
{
    paper_sign_in(b->cpak.key, &b->platform_cover, &b->platform, &b->platform_token);
    paper_sign_in(b->rak.key, &b->realm_cover, &b->realm, &b->realm_token);
}

/* One entry of what stands around the two; `record` 0: the bytes alone, else the items of a record. */
static inline void
write_entry(struct bl_writer *w, int64_t key, const struct bulla_buffer *token, size_t record,
            uint64_t format)
{
    bl_cbor_write_int(w, key);
    if (record > 0) {
        bl_cbor_write_array(w, record);
        bl_cbor_write_uint(w, format);
    }
    bl_cbor_write_bytes(w, bulla_buffer_bytes(token));
    for (size_t i = 2; i < record; i++)
        bl_cbor_write_uint(w, 4);
}

/* The two tokens, signed already, under `tag`. */
static inline void
pack(struct bench *b, uint64_t tag)
{
    struct bl_writer w = bl_writer(&b->token);
    size_t record = tag == BL_CCA_TAG_COLLECTION ? 2 : 0;

    bulla_buffer_clear(&b->token);
    bl_cbor_write_tag(&w, tag);
    bl_cbor_write_map(&w, 2);
    write_entry(&w, 44241, &b->realm_token, record, 263);
    write_entry(&w, 44234, &b->platform_token, record, 263);
    assert_int_equal(bl_writer_finish(&w, NULL), BULLA_OK);
}

#endif
