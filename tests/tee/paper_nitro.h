/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_nitro.h: attestation documents as a Nitro hypervisor makes them, but under a root of
 * our own: root <- region <- zone <- leaf on P-384, and a document that says whatever a test wants.
 */
#ifndef TESTS_TEE_PAPER_NITRO_H
#define TESTS_TEE_PAPER_NITRO_H

#include "crypto/authority_fixture.h"

#include <openssl/ecdsa.h>

#include "codec/cose.h"
#include "tee/nitro/verify.h"

#define PAPER_MODULE "i-0123456789abcdef0-enc0123456789abcdef"
#define PAPER_TIME_MS UINT64_C(1799999990123)

enum { ROOT, REGION, ZONE, LEAF, PARTY_COUNT };

struct paper_house {
    struct party parties[PARTY_COUNT];
};

/* What a document says; zeroed: nothing unusual. */
struct paper_document {
    const char *module; /* NULL: PAPER_MODULE */
    const char *digest; /* NULL: "SHA384" */
    uint64_t timestamp_ms;
    bool is_of_tpm;
    uint32_t pcr_mask;      /* 0: 0 to 15, or all of a TPM */
    uint32_t extra_mask;    /* of a second map of registers; 0: the same again */
    bool is_register_twice; /* the first one */
    uint32_t zero_mask;     /* registers that are zero */
    size_t pcr_size;        /* 0: 48 bytes */
    bool with_public_key, with_user_data, with_nonce;
    struct bulla_bytes nonce; /* with_nonce; empty: "nonce" */
    bool is_endless;          /* indefinite length */
    bool is_reversed;         /* the order of fields */
    const char *left_out;     /* a field that is not there */
    const char *twice;        /* a field that is there twice */
    const char *damaged;      /* a field with a value of another type */
    const char *extra;        /* a field more */
    bool is_tagged;
    bool is_es256;              /* by its word */
    size_t authority_count;     /* 0: three; of the bundle */
    const struct party *signer; /* NULL: the leaf */
};

static const char *const paper_fields[] = { "module_id",  "digest",      "timestamp",
                                            "pcrs",       "certificate", "cabundle",
                                            "public_key", "user_data",   "nonce" };

static inline struct party
paper_issue(const struct party *issuer, struct saying says)
{
    return certify(make_key(WITH_P384), WITH_P384, says, issuer);
}

static inline struct saying
paper_saying(int who)
{
    static const struct saying sayings[PARTY_COUNT] = {
        [ROOT] = { .name = "aws.nitro-enclaves",
                   .key_usage = "critical,digitalSignature,keyCertSign,cRLSign" },
        [REGION] = { .name = "region", .constraints = "critical,CA:TRUE,pathlen:1" },
        [ZONE] = { .name = "zone", .constraints = "critical,CA:TRUE,pathlen:0" },
        [LEAF] = { .name = "leaf",
                   .not_before = "20270115075000Z",
                   .not_after = "20270115105000Z",
                   .constraints = "critical,CA:FALSE",
                   .key_usage = "digitalSignature,nonRepudiation" },
    };

    return sayings[who];
}

/* One of the four may say something else. */
static inline struct paper_house
paper_house(int who, struct saying instead)
{
    struct paper_house house;

    for (int i = 0; i < PARTY_COUNT; i++)
        house.parties[i] = paper_issue(i == ROOT ? NULL : &house.parties[i - 1],
                                       i == who ? instead : paper_saying(i));
    return house;
}

static inline void
paper_house_done(struct paper_house *house)
{
    for (int i = 0; i < PARTY_COUNT; i++)
        party_done(&house->parties[i]);
}

static inline void
paper_write_pcrs(struct bl_writer *w, const struct paper_document *says)
{
    const uint32_t mask = says->pcr_mask != 0 ? says->pcr_mask
                          : says->is_of_tpm   ? 0x00ffffffu
                                              : 0x0000ffffu;
    uint8_t value[BL_HASH_SIZE_MAX] = { 0 };

    bl_cbor_write_map(w, (size_t)__builtin_popcount(mask) + says->is_register_twice);
    if (says->is_register_twice) {
        bl_cbor_write_uint(w, 0);
        bl_cbor_write_bytes(w, (struct bulla_bytes){ value, 48 });
    }
    for (unsigned i = 0; i < 32; i++) {
        if ((mask >> i & 1u) == 0)
            continue;
        memset(value, (says->zero_mask >> i & 1u) != 0 ? 0 : (int)i + 1, sizeof value);
        bl_cbor_write_uint(w, i);
        bl_cbor_write_bytes(
            w, (struct bulla_bytes){ value, says->pcr_size != 0 ? says->pcr_size : 48 });
    }
}

static inline void
paper_write_value(struct bl_writer *w, const struct paper_house *house,
                  const struct paper_document *says, const char *field)
{
    const size_t count = says->authority_count != 0 ? says->authority_count : 3;

    if (says->damaged != NULL && strcmp(field, says->damaged) == 0)
        bl_cbor_write_bool(w, true);
    else if (strcmp(field, "module_id") == 0)
        bl_cbor_write_text(w, text_bytes(says->module ? says->module : PAPER_MODULE));
    else if (strcmp(field, "digest") == 0)
        bl_cbor_write_text(w, text_bytes(says->digest ? says->digest : "SHA384"));
    else if (strcmp(field, "timestamp") == 0)
        bl_cbor_write_uint(w, says->timestamp_ms != 0 ? says->timestamp_ms : PAPER_TIME_MS);
    else if (strcmp(field, "pcrs") == 0)
        paper_write_pcrs(w, says);
    else if (strcmp(field, "certificate") == 0)
        bl_cbor_write_bytes(w, bl_certificate_der(house->parties[LEAF].certificate));
    else if (strcmp(field, "cabundle") == 0) {
        bl_cbor_write_array(w, count);
        for (size_t i = 0; i < count; i++)
            bl_cbor_write_bytes(w,
                                bl_certificate_der(house->parties[i < 3 ? i : ZONE].certificate));
    } else if (strcmp(field, "public_key") == 0 && says->with_public_key)
        bl_cbor_write_bytes(w, BL_LITERAL("key"));
    else if (strcmp(field, "user_data") == 0 && says->with_user_data)
        bl_cbor_write_bytes(w, BL_LITERAL("data"));
    else if (strcmp(field, "nonce") == 0 && says->with_nonce)
        bl_cbor_write_bytes(w, says->nonce.size > 0 ? says->nonce : BL_LITERAL("nonce"));
    else
        bl_cbor_write_null(w);
}

static inline void
paper_write_field(struct bl_writer *w, const struct paper_house *house,
                  const struct paper_document *says, const char *field)
{
    const char *name = says->is_of_tpm && strcmp(field, "pcrs") == 0 ? "nitrotpm_pcrs" : field;

    if (says->left_out != NULL && strcmp(field, says->left_out) == 0)
        return;
    bl_cbor_write_text(w, text_bytes(name));
    paper_write_value(w, house, says, field);
}

static inline void
paper_payload(const struct paper_house *house, const struct paper_document *says,
              struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(out);
    const size_t count = BL_COUNT_OF(paper_fields);

    if (says->is_endless)
        assert_ok(bulla_buffer_append(out, BL_LITERAL("\xbf"), &err), &err);
    else
        bl_cbor_write_map(&w, count - (says->left_out != NULL) + (says->twice != NULL) +
                                  (says->extra != NULL));
    for (size_t i = 0; i < count; i++)
        paper_write_field(&w, house, says, paper_fields[says->is_reversed ? count - 1 - i : i]);
    if (says->twice != NULL)
        paper_write_field(&w, house, says, says->twice);
    if (says->extra != NULL) {
        bl_cbor_write_text(&w, text_bytes(says->extra));
        if (strcmp(says->extra, "pcrs") == 0 || strcmp(says->extra, "nitrotpm_pcrs") == 0) {
            struct paper_document more = *says;
            more.pcr_mask = says->extra_mask != 0 ? says->extra_mask : says->pcr_mask;
            paper_write_pcrs(&w, &more);
        } else
            bl_cbor_write_null(&w);
    }
    assert_ok(bl_writer_finish(&w, &err), &err);
    if (says->is_endless)
        assert_ok(bulla_buffer_append(out, BL_LITERAL("\xff"), &err), &err);
}

/* ES384: r|s. */
static inline void
paper_sign(EVP_PKEY *key, struct bulla_bytes message, uint8_t signature[96])
{
    unsigned char der[256];
    size_t size = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const unsigned char *p = der;

    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha384(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, der, &size, message.data, message.size), 1);
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)size);
    assert_true(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 48) == 48 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 48, 48) == 48);
    ECDSA_SIG_free(pair);
    EVP_MD_CTX_free(context);
}

/* The message around a payload. */
static inline struct bulla_buffer
paper_message(const struct paper_house *house, const struct paper_document *says,
              struct bulla_bytes payload)
{
    struct bulla_error err = { 0 };
    struct bulla_buffer message = { 0 };
    BL_AUTO(bulla_buffer) protected = { 0 };
    BL_AUTO(bulla_buffer) to_sign = { 0 };
    uint8_t signature[96];
    struct bl_writer w = bl_writer(&message);
    const struct party *signer = says->signer != NULL ? says->signer : &house->parties[LEAF];

    assert_ok(bl_cose_protected(says->is_es256 ? BL_COSE_ES256 : BL_COSE_ES384, BL_LITERAL(""),
                                &protected, &err),
              &err);
    assert_ok(bl_cose_sig_structure(bulla_buffer_bytes(&protected), BL_LITERAL(""), payload,
                                    &to_sign, &err),
              &err);
    paper_sign(signer->key, bulla_buffer_bytes(&to_sign), signature);
    if (says->is_tagged)
        bl_cbor_write_tag(&w, BL_COSE_TAG_SIGN1);
    bl_cbor_write_array(&w, 4);
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&protected));
    bl_cbor_write_map(&w, 0);
    bl_cbor_write_bytes(&w, payload);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(signature));
    assert_ok(bl_writer_finish(&w, &err), &err);
    return message;
}

static inline struct bulla_buffer
paper_document(const struct paper_house *house, struct paper_document says)
{
    BL_AUTO(bulla_buffer) payload = { 0 };

    paper_payload(house, &says, &payload);
    return paper_message(house, &says, bulla_buffer_bytes(&payload));
}

#endif
