/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_tpm.h: a TPM on paper: writes the structures that a TPM would, signed with a key
 * of ours, so that a test can say every lie that a TPM would not.
 */
#ifndef TESTS_TEE_PAPER_TPM_H
#define TESTS_TEE_PAPER_TPM_H

#include "unit.h"

#include "codec/writer.h"
#include "crypto/key.h"
#include "crypto/x509.h"
#include "tee/tpm/evidence.h"
#include "tee/tpm/quote.h"

#define PAPER_NOW ((int64_t)1750000000)
#define PAPER_AK_ATTRIBUTES                                                     \
    (BL_TPM_RESTRICTED | BL_TPM_SIGN | BL_TPM_FIXED_TPM | BL_TPM_FIXED_PARENT | \
     BL_TPM_SENSITIVE_DATA_ORIGIN | BL_TPM_USER_WITH_AUTH)
#define PAPER_EK_ATTRIBUTES                                                        \
    (BL_TPM_RESTRICTED | BL_TPM_DECRYPT | BL_TPM_FIXED_TPM | BL_TPM_FIXED_PARENT | \
     BL_TPM_SENSITIVE_DATA_ORIGIN | BL_TPM_ADMIN_WITH_POLICY)

/* What a quote says; paper_quote() gives an honest one to be changed. */
struct paper_quote {
    uint32_t magic;
    uint16_t type;
    struct bulla_bytes extra_data;
    uint32_t reset_count;
    uint8_t safe;
    unsigned selection_count;
    struct {
        uint16_t algorithm;
        uint8_t size;
        uint32_t mask;
    } selections[3];
    struct bulla_bytes pcr_digest;
    struct bulla_bytes trailing;
    uint16_t scheme;
    uint16_t hash;
};

static inline struct bl_key *
paper_key(enum bl_key_kind kind)
{
    struct bulla_error err = { 0 };
    struct bl_key *key = NULL;

    assert_ok(bl_key_generate(kind, &key, &err), &err);
    return key;
}

/* A TPMT_PUBLIC of a P-256 or P-384 key. */
static inline void
paper_public(const struct bl_key *key, uint32_t attributes, bool is_storage_key,
             struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) raw = { 0 };
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(out);
    bool is_p384 = bl_key_kind(key) == BL_KEY_P384;

    assert_ok(bl_key_raw_public(key, &raw, &err), &err);
    size_t size = (raw.size - 1) / 2;
    bl_write_u16be(&w, BL_TPM_ALG_ECC);
    bl_write_u16be(&w, bl_tcg_algorithm(is_p384 ? BL_SHA384 : BL_SHA256));
    bl_write_u32be(&w, attributes);
    bl_write_sized_u16be(&w, BL_LITERAL("")); /* authPolicy */
    if (is_storage_key) {
        bl_write_u16be(&w, BL_TPM_ALG_AES);
        bl_write_u16be(&w, is_p384 ? 256 : 128);
        bl_write_u16be(&w, BL_TPM_ALG_CFB);
        bl_write_u16be(&w, BL_TPM_ALG_NULL);
    } else {
        bl_write_u16be(&w, BL_TPM_ALG_NULL);
        bl_write_u16be(&w, BL_TPM_ALG_ECDSA);
        bl_write_u16be(&w, bl_tcg_algorithm(is_p384 ? BL_SHA384 : BL_SHA256));
    }
    bl_write_u16be(&w, is_p384 ? BL_TPM_CURVE_P384 : BL_TPM_CURVE_P256);
    bl_write_u16be(&w, BL_TPM_ALG_NULL); /* kdf */
    bl_write_sized_u16be(&w, (struct bulla_bytes){ raw.data + 1, size });
    bl_write_sized_u16be(&w, (struct bulla_bytes){ raw.data + 1 + size, size });
    assert_ok(bl_writer_finish(&w, &err), &err);
}

static inline void
paper_tpm2b(const struct bulla_buffer *inner, struct bulla_buffer *out)
{
    struct bl_writer w = bl_writer(out);
    struct bulla_error err = { 0 };

    bl_write_sized_u16be(&w, bulla_buffer_bytes(inner));
    assert_ok(bl_writer_finish(&w, &err), &err);
}

/* `digest` holds the PCR digest; it must live as long as the result. */
static inline struct paper_quote
paper_quote(struct bulla_bytes extra_data, const struct bl_pcr_bank *bank,
            struct bl_pcr_selection selection, uint8_t digest[32])
{
    struct bulla_error err = { 0 };
    struct paper_quote q = { .magic = BL_TPM_GENERATED,
                             .type = BL_TPM_ST_ATTEST_QUOTE,
                             .extra_data = extra_data,
                             .reset_count = 11,
                             .safe = 1,
                             .selection_count = 1,
                             .scheme = BL_TPM_ALG_ECDSA,
                             .hash = bl_tcg_algorithm(BL_SHA256) };

    q.selections[0].algorithm = bl_tcg_algorithm(selection.bank);
    q.selections[0].size = 3;
    q.selections[0].mask = selection.mask;
    assert_ok(bl_pcr_composite(bank, selection, BL_SHA256, digest, &err), &err);
    q.pcr_digest = (struct bulla_bytes){ digest, 32 };
    return q;
}

static inline void
paper_attest(const struct paper_quote *q, struct bulla_buffer *out)
{
    static const uint8_t signer[34] = { 0x00, 0x0b, 0x01 };
    struct bl_writer w = bl_writer(out);
    struct bulla_error err = { 0 };

    bl_write_u32be(&w, q->magic);
    bl_write_u16be(&w, q->type);
    bl_write_sized_u16be(&w, BL_BYTES_OF(signer));
    bl_write_sized_u16be(&w, q->extra_data);
    bl_write_u64be(&w, 1234567); /* clock */
    bl_write_u32be(&w, q->reset_count);
    bl_write_u32be(&w, 22); /* restartCount */
    bl_write_u8(&w, q->safe);
    bl_write_u64be(&w, 0x2020031200120004); /* firmwareVersion */
    bl_write_u32be(&w, q->selection_count);
    for (unsigned i = 0; i < q->selection_count; i++) {
        bl_write_u16be(&w, q->selections[i].algorithm);
        bl_write_u8(&w, q->selections[i].size);
        for (unsigned k = 0; k < q->selections[i].size; k++)
            bl_write_u8(&w, (uint8_t)(k < 4 ? q->selections[i].mask >> (8 * k) : 0));
    }
    bl_write_sized_u16be(&w, q->pcr_digest);
    bl_write_bytes(&w, q->trailing);
    assert_ok(bl_writer_finish(&w, &err), &err);
}

/* A TPMT_SIGNATURE by a P-256 key. */
static inline void
paper_sign(const struct bl_key *key, const struct paper_quote *q, const struct bulla_buffer *attest,
           struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) raw = { 0 };
    struct bulla_bytes message = bulla_buffer_bytes(attest);
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(out);

    assert_ok(bl_key_sign(key, &message, 1, &raw, &err), &err);
    size_t size = raw.size / 2;
    bl_write_u16be(&w, q->scheme);
    bl_write_u16be(&w, q->hash);
    bl_write_sized_u16be(&w, (struct bulla_bytes){ raw.data, size });
    bl_write_sized_u16be(&w, (struct bulla_bytes){ raw.data + size, size });
    assert_ok(bl_writer_finish(&w, &err), &err);
}

static inline void
paper_values(const struct bl_pcr_bank *bank, uint32_t mask, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    for (unsigned i = 0; i < BL_PCR_COUNT; i++)
        if ((mask >> i & 1u) != 0)
            assert_ok(bulla_buffer_append(out, bl_pcr_value(bank, i), &err), &err);
}

static inline void
paper_spki(const struct bl_key *key, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_key_spki(key, out, &err), &err);
}

#endif
