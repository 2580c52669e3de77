/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/paper_tpm.h"

static const uint8_t extra[32] = { 0xe0 };

static void
honest_attest(struct bulla_buffer *attest)
{
    struct bulla_error err = { 0 };
    struct bl_pcr_bank bank;
    uint8_t digest[32];

    assert_ok(bl_pcr_bank_start(BL_SHA256, 0, &bank, &err), &err);
    struct paper_quote q = paper_quote(BL_BYTES_OF(extra), &bank,
                                       (struct bl_pcr_selection){ BL_SHA256, 0x8000ff }, digest);
    paper_attest(&q, attest);
}

static void
test_attest_is_read_field_by_field(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) attest = { 0 };
    struct bl_tpm_attest a;
    struct bulla_error err = { 0 };

    honest_attest(&attest);
    assert_ok(bl_tpm_attest_decode(bulla_buffer_bytes(&attest), &a, &err), &err);
    assert_int_equal(a.qualified_signer.size, 34);
    assert_bytes_equal(a.extra_data, BL_BYTES_OF(extra));
    assert_int_equal(a.clock_ms, 1234567);
    assert_int_equal(a.reset_count, 11);
    assert_int_equal(a.restart_count, 22);
    assert_true(a.clock_is_safe);
    assert_true(a.firmware_version == 0x2020031200120004);
    assert_int_equal(a.selection_count, 1);
    assert_int_equal(a.selections[0].bank, BL_SHA256);
    assert_int_equal(a.selections[0].mask, 0x8000ff);
    assert_int_equal(a.pcr_digest.size, 32);
}

static void
test_attest_every_truncation_and_one_byte_more(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) attest = { 0 };
    struct bl_tpm_attest a = { .reset_count = 99 };
    struct bulla_error err = { 0 };

    honest_attest(&attest);
    for (size_t size = 0; size < attest.size; size++)
        assert_fails(bl_tpm_attest_decode((struct bulla_bytes){ attest.data, size }, &a, &err),
                     BULLA_E_MALFORMED, &err);
    assert_ok(bulla_buffer_append(&attest, BL_LITERAL("\0"), &err), &err);
    assert_fails(bl_tpm_attest_decode(bulla_buffer_bytes(&attest), &a, &err), BULLA_E_MALFORMED,
                 &err);
    assert_int_equal(a.reset_count, 99); /* untouched */
}

/* B28, B30: anything but a quote of a TPM. */
static void
test_attest_of_other_magic_or_type(void **state)
{
    (void)state;
    /* TPM_ST_ATTEST_NV, _COMMAND_AUDIT, _SESSION_AUDIT, _CERTIFY, _TIME, _CREATION, _NV_DIGEST */
    const uint8_t types[] = { 0x14, 0x15, 0x16, 0x17, 0x19, 0x1a, 0x1c, 0x00 };
    struct bulla_error err = { 0 };
    struct bl_tpm_attest a;

    for (size_t i = 0; i < sizeof types; i++) {
        BL_AUTO(bulla_buffer) attest = { 0 };
        honest_attest(&attest);
        attest.data[5] = types[i];
        assert_cause(bl_tpm_attest_decode(bulla_buffer_bytes(&attest), &a, &err),
                     BULLA_CAUSE_NOT_A_QUOTE, &err);
    }
    for (size_t i = 0; i < 4; i++) {
        BL_AUTO(bulla_buffer) attest = { 0 };
        honest_attest(&attest);
        attest.data[i] ^= 1;
        assert_cause(bl_tpm_attest_decode(bulla_buffer_bytes(&attest), &a, &err),
                     BULLA_CAUSE_NOT_A_QUOTE, &err);
    }
}

/* B38: fields are where the lengths before them say, whatever else looks like their beginning. */
static void
test_b38_no_field_is_searched_for(void **state)
{
    (void)state;
    /* size and first bytes of other extraData, in the place of qualifiedSigner's; and another head */
    static const uint8_t decoys[][6] = { { 0x00, 0x20, 0xee, 0xee, 0xee, 0xee },
                                         { 0xff, 0x54, 0x43, 0x47, 0x80, 0x18 },
                                         { 0x00, 0x24, 0xee, 0xee, 0xee, 0xee } };
    struct bulla_error err = { 0 };
    struct bl_tpm_attest a;

    for (size_t i = 0; i < BL_COUNT_OF(decoys); i++) {
        BL_AUTO(bulla_buffer) attest = { 0 };
        honest_attest(&attest);
        memcpy(attest.data + 8, decoys[i], sizeof decoys[i]);
        assert_ok(bl_tpm_attest_decode(bulla_buffer_bytes(&attest), &a, &err), &err);
        assert_memory_equal(a.qualified_signer.data, decoys[i], sizeof decoys[i]);
        assert_bytes_equal(a.extra_data, BL_BYTES_OF(extra));
    }
}

static void
attest_with(uint8_t safe, unsigned count, uint8_t select_size, uint32_t mask,
            enum bulla_status expected)
{
    BL_AUTO(bulla_buffer) attest = { 0 };
    struct bulla_error err = { 0 };
    struct bl_tpm_attest a;
    struct paper_quote q = { .magic = BL_TPM_GENERATED,
                             .type = BL_TPM_ST_ATTEST_QUOTE,
                             .safe = safe,
                             .selection_count = count };

    q.selections[0].algorithm = 0x000b;
    q.selections[0].size = select_size;
    q.selections[0].mask = mask;
    paper_attest(&q, &attest);
    bulla_error_clear(&err);
    assert_int_equal(bl_tpm_attest_decode(bulla_buffer_bytes(&attest), &a, &err), expected);
}

/* B35: indexes at and beyond the last one. */
static void
test_selections_at_their_limits(void **state)
{
    (void)state;
    attest_with(1, 1, 3, 1u << 23, BULLA_OK);
    attest_with(1, 1, 4, 1u << 23, BULLA_OK);
    attest_with(1, 1, 4, 1u << 24, BULLA_E_MALFORMED);
    attest_with(1, 1, 4, 1u << 31, BULLA_E_MALFORMED);
    attest_with(1, 1, 5, 1, BULLA_E_MALFORMED);
    attest_with(1, 1, 0, 0, BULLA_OK);
    attest_with(2, 1, 3, 1, BULLA_E_MALFORMED); /* TPMI_YES_NO */

    BL_AUTO(bulla_buffer) attest = { 0 };
    struct bulla_error err = { 0 };
    struct bl_tpm_attest a;
    honest_attest(&attest);
    attest.data[attest.size - 44] = 0xff; /* count of selections: 4 bytes before 6 + 2 + 32 */
    assert_fails(bl_tpm_attest_decode(bulla_buffer_bytes(&attest), &a, &err), BULLA_E_LIMIT, &err);
}

static void
test_public_gives_key_and_name(void **state)
{
    (void)state;
    const enum bl_key_kind kinds[] = { BL_KEY_P256, BL_KEY_P384 };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < 2; i++) {
        BL_AUTO_FREE(bl_key) key = paper_key(kinds[i]);
        BL_AUTO_FREE(bl_key) again = NULL;
        BL_AUTO(bulla_buffer) area = { 0 };
        BL_AUTO(bulla_buffer) sized = { 0 };
        struct bl_tpm_public p;
        struct bl_tpm_name name;
        uint8_t a[32];
        uint8_t b[32];
        uint8_t digest[BL_HASH_SIZE_MAX];

        paper_public(key, PAPER_AK_ATTRIBUTES, false, &area);
        paper_tpm2b(&area, &sized);
        assert_ok(bl_tpm2b_public_decode(bulla_buffer_bytes(&sized), &p, &err), &err);
        assert_int_equal(p.attributes, PAPER_AK_ATTRIBUTES);
        assert_int_equal(p.scheme, BL_TPM_ALG_ECDSA);
        assert_ok(bl_tpm_public_key(&p, &again, &err), &err);
        assert_ok(bl_tpm_key_digest(key, a, &err), &err);
        assert_ok(bl_tpm_key_digest(again, b, &err), &err);
        assert_memory_equal(a, b, 32);
        assert_ok(bl_tpm_public_name(&p, &name, &err), &err);
        assert_ok(bl_hash_once(p.name_hash, bulla_buffer_bytes(&area), digest, &err), &err);
        assert_int_equal(name.size, 2 + bl_hash_size(p.name_hash));
        assert_memory_equal(name.bytes + 2, digest, name.size - 2);
        assert_int_equal(name.bytes[1], i == 0 ? 0x0b : 0x0c);
    }
}

static void
test_public_every_truncation_and_each_fault(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = paper_key(BL_KEY_P256);
    BL_AUTO(bulla_buffer) area = { 0 };
    struct bl_tpm_public p = { .attributes = 99 };
    struct bulla_error err = { 0 };
    static const struct {
        size_t offset;
        uint8_t value;
        enum bulla_status status;
    } faults[] = {
        { 1, 0x08, BULLA_E_UNSUPPORTED }, /* KEYEDHASH */
        { 1, 0x25, BULLA_E_UNSUPPORTED }, /* SYMCIPHER */
        { 3, 0x04, BULLA_E_UNSUPPORTED }, /* a Name by SHA-1 */
        { 3, 0x12, BULLA_E_UNSUPPORTED }, /* SM3 */
        { 8, 0xff, BULLA_E_MALFORMED },   /* policy too long */
        { 11, 0x26, BULLA_E_MALFORMED },  /* Camellia */
        { 13, 0x14, BULLA_E_MALFORMED },  /* RSASSA of an ECC key */
        { 15, 0x12, BULLA_E_MALFORMED },  /* SM3 */
        { 17, 0x05, BULLA_E_MALFORMED },  /* P-521 */
        { 19, 0x20, BULLA_E_MALFORMED },  /* a key derivation scheme */
        { 21, 0x21, BULLA_E_MALFORMED },  /* x of 33 bytes */
    };

    paper_public(key, PAPER_AK_ATTRIBUTES, false, &area);
    for (size_t size = 0; size < area.size; size++)
        assert_true(bulla_status_is_finding(
            bl_tpmt_public_decode((struct bulla_bytes){ area.data, size }, &p, NULL)));
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        uint8_t was = area.data[faults[i].offset];
        area.data[faults[i].offset] = faults[i].value;
        assert_fails(bl_tpmt_public_decode(bulla_buffer_bytes(&area), &p, &err), faults[i].status,
                     &err);
        area.data[faults[i].offset] = was;
    }
    assert_ok(bulla_buffer_append(&area, BL_LITERAL("\0"), &err), &err);
    assert_fails(bl_tpmt_public_decode(bulla_buffer_bytes(&area), &p, &err), BULLA_E_MALFORMED,
                 &err);
    assert_int_equal(p.attributes, 99); /* untouched */
}

static void
test_public_off_the_curve(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = paper_key(BL_KEY_P256);
    BL_AUTO_FREE(bl_key) none = NULL;
    BL_AUTO(bulla_buffer) area = { 0 };
    struct bl_tpm_public p;
    struct bulla_error err = { 0 };

    paper_public(key, PAPER_AK_ATTRIBUTES, false, &area);
    area.data[area.size - 1] ^= 1;
    assert_ok(bl_tpmt_public_decode(bulla_buffer_bytes(&area), &p, &err), &err);
    assert_fails(bl_tpm_public_key(&p, &none, &err), BULLA_E_MALFORMED, &err);
}

/* The public area of a real RSA attestation key (its modulus replaced). */
static void
test_rsa_public(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bl_writer w = bl_writer(&area);
    struct bl_tpm_public p;
    struct bulla_error err = { 0 };
    uint8_t modulus[256];

    memset(modulus, 0xc5, sizeof modulus);
    bl_write_u16be(&w, BL_TPM_ALG_RSA);
    bl_write_u16be(&w, 0x000b);
    bl_write_u32be(&w, 0x00050472);
    bl_write_sized_u16be(&w, BL_LITERAL(""));
    bl_write_u16be(&w, BL_TPM_ALG_NULL);
    bl_write_u16be(&w, BL_TPM_ALG_RSASSA);
    bl_write_u16be(&w, 0x000b);
    bl_write_u16be(&w, 2048);
    bl_write_u32be(&w, 0);
    bl_write_sized_u16be(&w, BL_BYTES_OF(modulus));
    assert_ok(bl_writer_finish(&w, &err), &err);
    assert_ok(bl_tpmt_public_decode(bulla_buffer_bytes(&area), &p, &err), &err);
    assert_int_equal(p.rsa_exponent, 65537);
    assert_ok(bl_tpm_public_key(&p, &key, &err), &err);
    assert_int_equal(bl_key_kind(key), BL_KEY_RSA);
    area.data[17] = 0x10;
    assert_fails(bl_tpmt_public_decode(bulla_buffer_bytes(&area), &p, &err), BULLA_E_MALFORMED,
                 &err);
}

static void
test_signature_forms(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = paper_key(BL_KEY_P256);
    BL_AUTO(bulla_buffer) attest = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    struct paper_quote q = { .scheme = BL_TPM_ALG_ECDSA, .hash = 0x000b };
    struct bl_tpm_signature s = { .raw_size = 99 };
    struct bulla_error err = { 0 };

    honest_attest(&attest);
    paper_sign(key, &q, &attest, &signature);
    for (size_t size = 0; size < signature.size; size++)
        assert_fails(
            bl_tpm_signature_decode((struct bulla_bytes){ signature.data, size }, key, &s, &err),
            BULLA_E_MALFORMED, &err);
    signature.data[1] = 0x14; /* RSASSA by an ECC key */
    assert_fails(bl_tpm_signature_decode(bulla_buffer_bytes(&signature), key, &s, &err),
                 BULLA_E_SIGNATURE, &err);
    signature.data[1] = 0x18;
    signature.data[3] = 0x12;
    assert_fails(bl_tpm_signature_decode(bulla_buffer_bytes(&signature), key, &s, &err),
                 BULLA_E_UNSUPPORTED, &err);
    signature.data[3] = 0x0b;
    assert_int_equal(s.raw_size, 99); /* untouched */
    assert_ok(bl_tpm_signature_decode(bulla_buffer_bytes(&signature), key, &s, &err), &err);
    assert_int_equal(s.raw_size, 64);
    assert_memory_equal(s.raw, signature.data + 6, 32);
    assert_memory_equal(s.raw + 32, signature.data + 40, 32);

    /* a TPM may leave leading zeros out: r of 1 byte */
    static const uint8_t short_r[] = { 0x00, 0x18, 0x00, 0x0b, 0x00, 0x01,
                                       0x7f, 0x00, 0x02, 0x01, 0x02 };
    assert_ok(bl_tpm_signature_decode(BL_BYTES_OF(short_r), key, &s, &err), &err);
    assert_int_equal(s.raw[31], 0x7f);
    assert_int_equal(s.raw[30], 0);
    assert_int_equal(s.raw[62], 0x01);
    assert_int_equal(s.raw[63], 0x02);
    static const uint8_t long_r[39] = { 0x00, 0x18, 0x00, 0x0b, 0x00, 0x21 };
    assert_fails(bl_tpm_signature_decode(BL_BYTES_OF(long_r), key, &s, &err), BULLA_E_MALFORMED,
                 &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attest_is_read_field_by_field),
        cmocka_unit_test(test_attest_every_truncation_and_one_byte_more),
        cmocka_unit_test(test_attest_of_other_magic_or_type),
        cmocka_unit_test(test_b38_no_field_is_searched_for),
        cmocka_unit_test(test_selections_at_their_limits),
        cmocka_unit_test(test_public_gives_key_and_name),
        cmocka_unit_test(test_public_every_truncation_and_each_fault),
        cmocka_unit_test(test_public_off_the_curve),
        cmocka_unit_test(test_rsa_public),
        cmocka_unit_test(test_signature_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
