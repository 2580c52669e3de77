/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_cert.h: certificates with evidence of a platform on paper, in each format, honest or
 * wrong in one way.
 */
#ifndef TESTS_TEE_PAPER_CERT_H
#define TESTS_TEE_PAPER_CERT_H

#include "tee/dcap_cases.h"

#include "codec/pem.h"
#include "crypto/certificate_fixture.h"
#include "tee/cert/structures.h"

/* A certificate on paper: its key, the platform whose quote is in it, and what is done wrong. */
struct card {
    struct paper *p;
    struct bl_key *key, *other_key;
    struct bulla_buffer spki, value, der;
    enum bl_cert_format format;
    const char *oid;
    const char *nonce;   /* tagged */
    bool is_for_another; /* the evidence */
    alteration alter;    /* of the certificate, signed again */
    const char *wrapped_kind;
    bool is_json, swaps_choice;
    struct bl_part wrapped_part;
    struct bl_certificate *authority; /* issues it; NULL: itself */
    struct bl_key *authority_key;
};

static const uint8_t ecdsa_uuid[16] = { 0xa3, 0xa2, 0x1e, 0x87, 0x1b, 0x4d, 0x40, 0x14,
                                        0xb7, 0x0a, 0xa1, 0x25, 0xd2, 0xfb, 0xcd, 0x8c };

static const struct {
    enum bl_cert_format format;
    const char *oid;
    enum paper_kind kind;
} all_formats[] = {
    { BL_CERT_TAGGED, "2.23.133.5.4.9", PAPER_SGX },
    { BL_CERT_TAGGED, "2.23.133.5.4.9", PAPER_TD15 },
    { BL_CERT_WRAPPED, "1.3.6.1.5.5.7.1.35", PAPER_TD10 },
    { BL_CERT_WRAPPED, "1.3.6.1.5.5.7.1.35", PAPER_TD15 },
    { BL_CERT_WRAPPED, "2.23.133.5.4.9", PAPER_SGX },
    { BL_CERT_OE_EVIDENCE, "1.3.6.1.4.1.311.105.2", PAPER_SGX },
    { BL_CERT_OE_EVIDENCE, "1.2.840.113556.10.1.2", PAPER_SGX },
    { BL_CERT_OE_REPORT, "1.3.6.1.4.1.311.105.1", PAPER_SGX },
    { BL_CERT_OE_REPORT, "1.2.840.113556.10.1.1", PAPER_SGX },
    { BL_CERT_GRAMINE, "0.6.9.42.840.113741.1337.6", PAPER_SGX },
    { BL_CERT_GRAMINE, "1.2.840.113741.1337.6", PAPER_TD15 },
    { BL_CERT_DSTACK, "1.3.6.1.4.1.62397.1.1", PAPER_TD15 },
};

static inline struct card
card_make(enum bl_cert_format format, const char *oid, enum paper_kind kind)
{
    struct card c = { .p = paper_make(kind),
                      .format = format,
                      .oid = oid,
                      .wrapped_kind = kind == PAPER_SGX ? "sgx" : "tdx" };
    struct bulla_error err = { 0 };

    assert_ok(bl_key_generate(BL_KEY_P256, &c.key, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_P256, &c.other_key, &err), &err);
    return c;
}

static inline void
card_done(struct card *c)
{
    paper_free(c->p);
    bl_key_free(c->key);
    bl_key_free(c->other_key);
    bl_key_free(c->authority_key);
    bl_certificate_free(c->authority);
    bulla_buffer_done(&c->spki);
    bulla_buffer_done(&c->value);
    bulla_buffer_done(&c->der);
}

static inline void
put(struct bulla_buffer *out, struct bulla_bytes bytes)
{
    struct bulla_error err = { 0 };

    assert_ok(bulla_buffer_append(out, bytes, &err), &err);
}

static inline void
hash_into(enum bl_hash hash, struct bulla_bytes bytes, uint8_t out[64])
{
    struct bulla_error err = { 0 };

    memset(out, 0, 64);
    assert_ok(bl_hash_once(hash, bytes, out, &err), &err);
}

/* The claims of a tagged quote; with Open Enclave the PEM of the key. */
static inline void
write_claims(const struct card *c, struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) hash = { 0 };
    struct bl_writer h = bl_writer(&hash), w = bl_writer(out);
    struct bulla_error err = { 0 };
    uint8_t digest[64];

    if (c->format != BL_CERT_TAGGED) {
        assert_ok(bl_pem_encode(bulla_buffer_bytes(&c->spki), "PUBLIC KEY", out, &err), &err);
        put(out, (struct bulla_bytes){ (const uint8_t *)"", 1 });
        return;
    }
    hash_into(BL_SHA384, bulla_buffer_bytes(&c->spki), digest);
    bl_cbor_write_array(&h, 2);
    bl_cbor_write_uint(&h, 7);
    bl_cbor_write_bytes(&h, (struct bulla_bytes){ digest, 48 });
    bl_cbor_write_map(&w, c->nonce == NULL ? 1 : 2);
    if (c->nonce != NULL) {
        bl_cbor_write_text(&w, BL_LITERAL("nonce"));
        bl_cbor_write_bytes(&w, text_bytes(c->nonce));
    }
    bl_cbor_write_text(&w, BL_LITERAL("pubkey-hash"));
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&hash));
}

static inline void
report_data_of(const struct card *c, struct bulla_bytes claims, uint8_t out[64])
{
    BL_AUTO(bulla_buffer) labelled = { 0 };

    switch (c->format) {
    case BL_CERT_TAGGED:
    case BL_CERT_OE_EVIDENCE:
    case BL_CERT_OE_REPORT:
        hash_into(BL_SHA256, claims, out);
        break;
    case BL_CERT_WRAPPED:
        hash_into(c->p->kind == PAPER_SGX ? BL_SHA256 : BL_SHA512, bulla_buffer_bytes(&c->spki),
                  out);
        break;
    case BL_CERT_GRAMINE:
        hash_into(BL_SHA256, bulla_buffer_bytes(&c->spki), out);
        break;
    case BL_CERT_DSTACK:
        put(&labelled, BL_LITERAL("ratls-cert:"));
        put(&labelled, bulla_buffer_bytes(&c->spki));
        hash_into(BL_SHA512, bulla_buffer_bytes(&labelled), out);
        break;
    case BL_CERT_NONE:
        fail();
    }
}

static inline void
write_wrapped(const struct card *c, struct bulla_bytes quote, struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) cbor = { 0 };
    BL_AUTO(bulla_buffer) json = { 0 };
    struct bl_writer w = bl_writer(out);
    struct bulla_error err = { 0 };
    struct bl_cmw cmw = { 0 };

    assert_ok(bl_wrapper_make(c->wrapped_kind, quote, &c->wrapped_part,
                              c->wrapped_part.role == NULL ? 0 : 1, &cbor, &err),
              &err);
    if (strcmp(c->oid, "2.23.133.5.4.9") == 0) {
        put(out, bulla_buffer_bytes(&cbor)); /* without the CHOICE */
    } else if (c->is_json) {
        assert_ok(bl_cmw_decode(bulla_buffer_bytes(&cbor), &cmw, &err), &err);
        assert_ok(bl_cmw_encode(&cmw, BL_CMW_JSON, &json, &err), &err);
        bl_der_write(&w, c->swaps_choice ? BL_DER_OCTET_STRING : BL_DER_UTF8_STRING,
                     bulla_buffer_bytes(&json));
    } else {
        bl_der_write(&w, c->swaps_choice ? BL_DER_UTF8_STRING : BL_DER_OCTET_STRING,
                     bulla_buffer_bytes(&cbor));
    }
}

static inline void
write_value(struct card *c, struct bulla_bytes quote, struct bulla_bytes claims)
{
    struct bulla_buffer *out = &c->value;
    struct bl_writer w = bl_writer(out);

    bulla_buffer_done(out);
    switch (c->format) {
    case BL_CERT_TAGGED:
        bl_cbor_write_tag(&w, 60000);
        bl_cbor_write_array(&w, 2);
        bl_cbor_write_bytes(&w, quote);
        bl_cbor_write_bytes(&w, claims);
        break;
    case BL_CERT_WRAPPED:
        write_wrapped(c, quote, out);
        break;
    case BL_CERT_OE_EVIDENCE:
        bl_write_u32le(&w, 3);
        bl_write_bytes(&w, BL_BYTES_OF(ecdsa_uuid));
        bl_write_u32le(&w, 0);
        bl_write_u64le(&w, quote.size + claims.size);
        bl_write_bytes(&w, quote);
        bl_write_bytes(&w, claims);
        break;
    case BL_CERT_OE_REPORT:
        bl_write_u32le(&w, 1);
        bl_write_u32le(&w, 2);
        bl_write_u64le(&w, quote.size);
        bl_write_bytes(&w, quote);
        break;
    case BL_CERT_GRAMINE:
        bl_write_bytes(&w, quote);
        break;
    case BL_CERT_DSTACK:
        bl_der_write(&w, BL_DER_OCTET_STRING, quote);
        break;
    case BL_CERT_NONE:
        break;
    }
}

static inline void
write_certificate(struct card *c)
{
    struct bulla_error err = { 0 };
    const struct bl_certificate_request request = { .common_name = "workload",
                                                    .subject = c->key,
                                                    .not_before_s = BEFORE_S,
                                                    .not_after_s = AFTER_S,
                                                    .is_self_signed = c->authority == NULL,
                                                    .extension_oid = c->oid,
                                                    .extension_value =
                                                        bulla_buffer_bytes(&c->value) };
    const struct bl_key *signer = c->authority == NULL ? c->key : c->authority_key;

    bulla_buffer_done(&c->der);
    assert_ok(bl_certificate_issue(&request, c->authority, signer, &c->der, &err), &err);
    if (c->alter != NULL) {
        struct bl_certificate *plain = parse(&c->der);
        bulla_buffer_done(&c->der);
        c->der = altered_der(plain, c->alter, signer, EVP_sha256());
        bl_certificate_free(plain);
    }
}

static inline void
card_build(struct card *c)
{
    BL_AUTO(bulla_buffer) claims = { 0 };
    struct bulla_error err = { 0 };

    bulla_buffer_clear(&c->spki);
    assert_ok(bl_key_spki(c->is_for_another ? c->other_key : c->key, &c->spki, &err), &err);
    write_claims(c, &claims);
    report_data_of(c, bulla_buffer_bytes(&claims),
                   c->p->body + (c->p->kind == PAPER_SGX ? 320 : 520));
    paper_build(c->p);
    write_value(c, bulla_buffer_bytes(&c->p->quote), bulla_buffer_bytes(&claims));
    write_certificate(c);
    c->p->v.evidence = bulla_buffer_bytes(&c->der);
}

static inline enum bulla_status
card_verify(const struct card *c, struct bl_claims *claims, struct bulla_error *err)
{
    return bl_scheme_find("cert")->verify(&c->p->v, claims, err);
}

/* Built, and refused for this cause. */
static inline void
card_refused(struct card *c, enum bulla_cause cause)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims = marked();

    card_build(c);
    assert_cause(card_verify(c, &claims, &err), cause, &err);
    assert_untouched(&claims);
    card_done(c);
}

#endif
