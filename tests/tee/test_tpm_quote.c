/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/paper_tpm.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/memory.h"
#include "measure/event_log.h"
#include "tee/tpm/ak.h"

/* A quote and all that is handed in with it; each test spoils one thing. */
struct fixture {
    struct bl_key *key;
    struct bulla_buffer area;
    struct bl_tpm_public ak;
    struct bl_pcr_bank bank;
    uint8_t digest[32];
    uint8_t extra[32];
    struct paper_quote paper;
    struct bulla_buffer attest;
    struct bulla_buffer signature;
    struct bl_tpm_quote quote;
};

static const struct bl_pcr_selection boot = { BL_SHA256, 0xff };

static void
seal_fixture(struct fixture *f)
{
    bulla_buffer_clear(&f->attest);
    bulla_buffer_clear(&f->signature);
    paper_attest(&f->paper, &f->attest);
    paper_sign(f->key, &f->paper, &f->attest, &f->signature);
    f->quote.attest = bulla_buffer_bytes(&f->attest);
    f->quote.signature = bulla_buffer_bytes(&f->signature);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct bulla_error err = { 0 };
    struct bl_pcr_bank all;

    f->key = paper_key(BL_KEY_P256);
    paper_public(f->key, PAPER_AK_ATTRIBUTES, false, &f->area);
    assert_ok(bl_tpmt_public_decode(bulla_buffer_bytes(&f->area), &f->ak, &err), &err);
    assert_ok(bl_pcr_bank_start(BL_SHA256, 0, &all, &err), &err);
    f->bank = (struct bl_pcr_bank){ .hash = BL_SHA256 };
    for (unsigned i = 0; i < 8; i++)
        assert_ok(bl_pcr_set(&f->bank, i, bl_pcr_value(&all, i), &err), &err);
    memset(f->extra, 0xe7, 32);
    f->paper = paper_quote(BL_BYTES_OF(f->extra), &f->bank, boot, f->digest);
    f->quote = (struct bl_tpm_quote){ .key = f->key,
                                      .ak = &f->ak,
                                      .pcrs = &f->bank,
                                      .extra_data = BL_BYTES_OF(f->extra),
                                      .with_extra_data = true,
                                      .requested = boot };
    seal_fixture(f);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    bl_key_free(f->key);
    bulla_buffer_done(&f->area);
    bulla_buffer_done(&f->attest);
    bulla_buffer_done(&f->signature);
    free(f);
    return 0;
}

static void
refused(const struct fixture *f, enum bulla_cause cause)
{
    struct bl_tpm_claims claims = { .log_covers = 0x5a5a5a };
    struct bulla_error err = { 0 };

    assert_cause(bl_tpm_quote_verify(&f->quote, &claims, &err), cause, &err);
    assert_int_equal(claims.log_covers, 0x5a5a5a); /* untouched */
    assert_false(claims.is_present);
}

static void
test_an_honest_quote_gives_claims(void **state)
{
    struct fixture *f = *state;
    struct bl_tpm_claims c;
    struct bl_tpm_name name;
    struct bulla_error err = { 0 };

    assert_ok(bl_tpm_quote_verify(&f->quote, &c, &err), &err);
    assert_true(c.is_present);
    assert_bytes_equal(bl_claim_view(&c.extra_data), BL_BYTES_OF(f->extra));
    assert_ok(bl_tpm_public_name(&f->ak, &name, &err), &err);
    assert_bytes_equal(bl_claim_view(&c.ak_name), ((struct bulla_bytes){ name.bytes, name.size }));
    assert_int_equal(c.signature_hash, BL_SHA256);
    assert_int_equal(c.selection.mask, 0xff);
    assert_int_equal(c.pcrs.mask, 0xff);
    assert_int_equal(c.log_covers, 0);
    assert_true(c.reset_count.is_present);
    assert_int_equal(c.reset_count.value, 11);
    assert_int_equal(c.restart_count.value, 22);
    assert_int_equal(c.clock_ms.value, 1234567);
    assert_true(c.clock_is_safe.is_present && c.clock_is_safe.value);
    assert_true(c.firmware_version.value == 0x2020031200120004);
}

/* No bit of the signed structure, and none of the signature, may differ. */
static void
test_every_bit_is_signed(void **state)
{
    struct fixture *f = *state;
    struct bulla_buffer *const parts[] = { &f->attest, &f->signature };

    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < parts[p]->size; i++) {
            struct bl_tpm_claims c;
            parts[p]->data[i] ^= (uint8_t)(1u << i % 8);
            assert_true(bulla_status_is_finding(bl_tpm_quote_verify(&f->quote, &c, NULL)));
            parts[p]->data[i] ^= (uint8_t)(1u << i % 8);
        }
    }
}

static void
test_signed_by_another_key(void **state)
{
    struct fixture *f = *state;
    BL_AUTO_FREE(bl_key) other = paper_key(BL_KEY_P256);

    f->quote.key = other;
    refused(f, BULLA_CAUSE_SIGNATURE);
}

/* The signer says what it signed with; the key says what it signs with. */
static void
test_scheme_is_the_key_s(void **state)
{
    struct fixture *f = *state;

    f->ak.scheme_hash = BL_SHA384;
    refused(f, BULLA_CAUSE_SIGNATURE);
    f->ak.scheme_hash = BL_SHA256;
    f->ak.scheme = BL_TPM_ALG_RSASSA;
    refused(f, BULLA_CAUSE_SIGNATURE);
}

/* CVE-2024-29038, GHSA-gwfg-w3jr-xh66: rightly signed, and still no quote. */
static void
test_cve_2024_29038_other_things_that_a_key_signs(void **state)
{
    struct fixture *f = *state;

    f->paper.magic = 0x464c4553;
    seal_fixture(f);
    refused(f, BULLA_CAUSE_NOT_A_QUOTE);
    f->paper.magic = BL_TPM_GENERATED;
    for (uint16_t type = 0x8014; type <= 0x801e; type++) { /* TPM_ST_ATTEST_NV to _NV_DIGEST */
        f->paper.type = type;
        seal_fixture(f);
        if (type != BL_TPM_ST_ATTEST_QUOTE)
            refused(f, BULLA_CAUSE_NOT_A_QUOTE);
    }
    f->paper.type = BL_TPM_ST_ATTEST_QUOTE;
    f->paper.trailing = BL_LITERAL("x");
    seal_fixture(f);
    refused(f, BULLA_CAUSE_MALFORMED);
}

static void
test_nonce_differs_in_any_way(void **state)
{
    struct fixture *f = *state;
    uint8_t longer[33] = { 0 };

    f->extra[31] ^= 1; /* paper.extra_data and the expectation share the array: seal first */
    seal_fixture(f);
    f->extra[31] ^= 1;
    refused(f, BULLA_CAUSE_NONCE_MISMATCH);
    f->paper.extra_data = BL_LITERAL("");
    seal_fixture(f);
    refused(f, BULLA_CAUSE_NONCE_MISMATCH);
    memcpy(longer, f->extra, 32);
    f->paper.extra_data = BL_BYTES_OF(longer);
    seal_fixture(f);
    refused(f, BULLA_CAUSE_NONCE_MISMATCH);
    f->paper.extra_data = (struct bulla_bytes){ f->extra, 31 };
    seal_fixture(f);
    refused(f, BULLA_CAUSE_NONCE_MISMATCH);
}

/* CVE-2024-29039: a reduced, shifted or larger selection, and another bank, each honestly signed. */
static void
test_cve_2024_29039_selection_is_the_requested_one(void **state)
{
    struct fixture *f = *state;
    const uint32_t masks[] = { 0x7f, 0xfe, 0x1ff, 0xff00, 0x1, 0 };

    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        f->paper.selections[0].mask = masks[i];
        seal_fixture(f);
        refused(f, BULLA_CAUSE_SELECTION_MISMATCH);
    }
    f->paper.selections[0].mask = 0xff;
    f->paper.selections[0].algorithm = 0x000c;
    seal_fixture(f);
    refused(f, BULLA_CAUSE_SELECTION_MISMATCH);
    f->paper.selections[0].algorithm = 0x0012; /* a bank that we do not know */
    seal_fixture(f);
    refused(f, BULLA_CAUSE_SELECTION_MISMATCH);
}

static void
test_one_bank_and_at_least_one_pcr_also_when_nothing_was_requested(void **state)
{
    struct fixture *f = *state;

    f->quote.requested.mask = 0;
    f->paper.selection_count = 2;
    f->paper.selections[1] = f->paper.selections[0];
    seal_fixture(f);
    refused(f, BULLA_CAUSE_SELECTION_MISMATCH);
    f->paper.selection_count = 0;
    seal_fixture(f);
    refused(f, BULLA_CAUSE_SELECTION_MISMATCH);
    f->paper.selection_count = 1;
    f->paper.selections[0].mask = 0;
    seal_fixture(f);
    refused(f, BULLA_CAUSE_SELECTION_MISMATCH);

    struct bl_tpm_claims c;
    struct bulla_error err = { 0 };
    f->paper.selections[0].mask = 0xff;
    f->paper.selection_count = 2; /* an empty second bank says nothing */
    f->paper.selections[1].mask = 0;
    seal_fixture(f);
    assert_ok(bl_tpm_quote_verify(&f->quote, &c, &err), &err);
}

/* B31: values that the quote does not cover prove nothing. */
static void
test_values_are_the_quoted_ones_and_no_others(void **state)
{
    struct fixture *f = *state;
    const struct bl_pcr_bank good = f->bank;

    f->bank.values[3][0] ^= 1;
    refused(f, BULLA_CAUSE_PCR_MISMATCH);
    f->bank = good;
    f->bank.mask &= ~(1u << 5); /* one is missing */
    refused(f, BULLA_CAUSE_PCR_MISMATCH);
    f->bank = good;
    f->bank.mask |= 1u << 8; /* one more, never quoted */
    refused(f, BULLA_CAUSE_PCR_MISMATCH);
    f->bank = good;
    f->bank.hash = BL_SHA384;
    refused(f, BULLA_CAUSE_PCR_MISMATCH);
}

static void
test_without_values_there_are_none_in_the_claims(void **state)
{
    struct fixture *f = *state;
    struct bl_tpm_claims c;
    struct bulla_error err = { 0 };

    f->quote.pcrs = NULL;
    assert_ok(bl_tpm_quote_verify(&f->quote, &c, &err), &err);
    assert_int_equal(c.pcrs.mask, 0);
}

static void
extend_both(struct fixture *f, struct bl_writer *log, unsigned pcr, uint32_t type, uint8_t fill)
{
    struct bulla_error err = { 0 };
    uint8_t digest[32];

    memset(digest, fill, sizeof digest);
    if (type == BL_EV_SEPARATOR)
        assert_ok(bl_hash_once(BL_SHA256, BL_LITERAL("\0\0\0\0"), digest, &err), &err);
    bl_event_log_write(log, pcr, type, digest, BL_LITERAL("event"));
    if (pcr < 8)
        assert_ok(bl_pcr_extend(&f->bank, pcr, BL_BYTES_OF(digest), &err), &err);
}

static void
requote(struct fixture *f)
{
    f->paper = paper_quote(BL_BYTES_OF(f->extra), &f->bank, boot, f->digest);
    seal_fixture(f);
}

static void
test_log_must_replay_and_explains_only_what_is_quoted(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_writer w = bl_writer(&log);
    struct bl_tpm_claims c;
    struct bulla_error err = { 0 };

    bl_event_log_write_header(&w);
    extend_both(f, &w, 2, 1, 0x22);
    extend_both(f, &w, 4, 1, 0x44);
    extend_both(f, &w, 4, BL_EV_SEPARATOR, 0x55);
    extend_both(f, &w, 9, 1, 0x99); /* PCR 9 is not quoted: the log may say of it what it likes */
    requote(f);
    f->quote.event_log = bulla_buffer_bytes(&log);
    assert_ok(bl_tpm_quote_verify(&f->quote, &c, &err), &err);
    assert_int_equal(c.log_covers, 1u << 2 | 1u << 4);
    assert_ptr_equal(c.event_log.data, log.data);

    log.data[65 + 14] ^= 1; /* first digest */
    refused(f, BULLA_CAUSE_LOG_MISMATCH);
    assert_int_equal(bl_tpm_quote_verify(&f->quote, &c, &err), BULLA_E_MISMATCH);
    assert_int_equal(err.offset, 2);
    log.data[65 + 14] ^= 1;
    f->quote.event_log.size--;
    refused(f, BULLA_CAUSE_MALFORMED);
}

static void
test_log_with_a_second_separator(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_writer w = bl_writer(&log);

    bl_event_log_write_header(&w);
    extend_both(f, &w, 4, BL_EV_SEPARATOR, 0x55);
    extend_both(f, &w, 4, BL_EV_SEPARATOR, 0x55);
    requote(f);
    f->quote.event_log = bulla_buffer_bytes(&log);
    refused(f, BULLA_CAUSE_SEPARATOR_REPEATED);
}

/* The log replays to the quoted values, and lies all the same: types are in no digest. */
static void
test_log_with_relabelled_events(void **state)
{
    struct fixture *f = *state;
    const size_t type_at = 65 + 4; /* of the first event behind the header */
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_writer w = bl_writer(&log);
    struct bl_tpm_claims c;
    struct bulla_error err = { 0 };

    bl_event_log_write_header(&w);
    extend_both(f, &w, 4, BL_EV_SEPARATOR, 0);
    requote(f);
    f->quote.event_log = bulla_buffer_bytes(&log);
    assert_ok(bl_tpm_quote_verify(&f->quote, &c, &err), &err);
    log.data[type_at] = 1; /* the separator, as a code that was posted */
    refused(f, BULLA_CAUSE_LOG_MISMATCH);

    bulla_buffer_clear(&log);
    w = bl_writer(&log);
    bl_event_log_write_header(&w);
    extend_both(f, &w, 5, 1, 0x66);
    requote(f);
    f->quote.event_log = bulla_buffer_bytes(&log);
    assert_ok(bl_tpm_quote_verify(&f->quote, &c, &err), &err);
    log.data[type_at] = BL_EV_SEPARATOR; /* a code, as the separator */
    refused(f, BULLA_CAUSE_LOG_MISMATCH);
}

/* CVE-2022-0317: PCRs that the quote does not cover were taken from what came beside it. */
static void
test_cve_2022_0317_a_quote_of_other_pcrs_proves_no_log(void **state)
{
    struct fixture *f = *state;
    const uint32_t masks[] = { 0x01, 0x7f, 0xfe, 0x0f };
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_writer w = bl_writer(&log);
    struct bulla_error err = { 0 };
    struct bl_tpm_claims c;

    bl_event_log_write_header(&w);
    extend_both(f, &w, 4, 1, 0x44);
    f->quote.event_log = bulla_buffer_bytes(&log);
    for (size_t i = 0; i < BL_COUNT_OF(masks); i++) {
        const struct bl_pcr_selection some = { BL_SHA256, masks[i] };
        f->paper = paper_quote(BL_BYTES_OF(f->extra), &f->bank, some, f->digest);
        seal_fixture(f);
        f->quote.requested = some;
        refused(f, BULLA_CAUSE_PCR_MISMATCH); /* values beside those quoted */

        const struct bl_pcr_bank all = f->bank;
        f->bank.mask = masks[i];
        assert_ok(bl_tpm_quote_verify(&f->quote, &c, &err), &err);
        assert_int_equal(c.log_covers, masks[i] & 1u << 4); /* and of no other PCR */
        assert_int_equal(c.pcrs.mask, masks[i]);
        f->bank = all;
    }
}

/* A TPMT_SIGNATURE with RSASSA and SHA-1, which our own code cannot make. */
static void
sign_sha1(EVP_PKEY *key, const struct bulla_buffer *attest, struct bulla_buffer *out)
{
    uint8_t value[256];
    size_t size = sizeof value;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct bl_writer w = bl_writer(out);
    struct bulla_error err = { 0 };

    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha1(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, value, &size, attest->data, attest->size), 1);
    EVP_MD_CTX_free(context);
    bulla_buffer_clear(out);
    bl_write_u16be(&w, BL_TPM_ALG_RSASSA);
    bl_write_u16be(&w, bl_tcg_algorithm(BL_SHA1));
    bl_write_sized_u16be(&w, (struct bulla_bytes){ value, size });
    assert_ok(bl_writer_finish(&w, &err), &err);
}

/* Old evidence is what it was, and the claims say that SHA-1 signed it: only for who asks. */
static void
test_sha1_only_where_it_is_allowed(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bulla_error err = { 0 };
    struct bl_tpm_claims c;
    unsigned char *spki = NULL;
    int size = i2d_PUBKEY(rsa, &spki);

    assert_ok(bl_key_from_spki((struct bulla_bytes){ spki, (size_t)size }, &key, &err), &err);
    assert_ok(bl_pcr_composite(&f->bank, boot, BL_SHA1, f->digest, &err), &err);
    f->paper.pcr_digest.size = 20;
    seal_fixture(f);
    sign_sha1(rsa, &f->attest, &f->signature);
    f->quote.signature = bulla_buffer_bytes(&f->signature);
    f->quote.key = key;
    f->quote.ak = NULL;
    refused(f, BULLA_CAUSE_UNSUPPORTED);
    f->quote.allows_sha1 = true;
    assert_ok(bl_tpm_quote_verify(&f->quote, &c, &err), &err);
    assert_int_equal(c.signature_hash, BL_SHA1);
    f->attest.data[20] ^= 1;
    refused(f, BULLA_CAUSE_SIGNATURE);
    OPENSSL_free(spki);
    EVP_PKEY_free(rsa);
}

static void
test_log_without_the_quoted_bank(void **state)
{
    struct fixture *f = *state;
    static const uint8_t legacy[32] = { 0x01 };

    f->quote.event_log = BL_BYTES_OF(legacy);
    refused(f, BULLA_CAUSE_UNSUPPORTED);
}

/* B28: each attribute that is missing, and each that must not be there. */
static void
test_attributes_of_an_attestation_key(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };

    assert_ok(bl_tpm_ak_attributes(&f->ak, &err), &err);
    const uint32_t required[] = { BL_TPM_RESTRICTED, BL_TPM_SIGN, BL_TPM_FIXED_TPM,
                                  BL_TPM_FIXED_PARENT, BL_TPM_SENSITIVE_DATA_ORIGIN };
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        struct bl_tpm_public ak = f->ak;
        ak.attributes &= ~required[i];
        assert_cause(bl_tpm_ak_attributes(&ak, &err), BULLA_CAUSE_KEY_ATTRIBUTES, &err);
    }
    struct bl_tpm_public ak = f->ak;
    ak.attributes |= BL_TPM_DECRYPT;
    assert_cause(bl_tpm_ak_attributes(&ak, &err), BULLA_CAUSE_KEY_ATTRIBUTES, &err);
    ak = f->ak;
    ak.scheme = BL_TPM_ALG_NULL;
    assert_cause(bl_tpm_ak_attributes(&ak, &err), BULLA_CAUSE_KEY_ATTRIBUTES, &err);
}

int
main(void)
{
#define QUOTE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        QUOTE_TEST(test_an_honest_quote_gives_claims),
        QUOTE_TEST(test_every_bit_is_signed),
        QUOTE_TEST(test_signed_by_another_key),
        QUOTE_TEST(test_scheme_is_the_key_s),
        QUOTE_TEST(test_cve_2024_29038_other_things_that_a_key_signs),
        QUOTE_TEST(test_nonce_differs_in_any_way),
        QUOTE_TEST(test_cve_2024_29039_selection_is_the_requested_one),
        QUOTE_TEST(test_one_bank_and_at_least_one_pcr_also_when_nothing_was_requested),
        QUOTE_TEST(test_values_are_the_quoted_ones_and_no_others),
        QUOTE_TEST(test_without_values_there_are_none_in_the_claims),
        QUOTE_TEST(test_log_must_replay_and_explains_only_what_is_quoted),
        QUOTE_TEST(test_log_with_a_second_separator),
        QUOTE_TEST(test_log_with_relabelled_events),
        QUOTE_TEST(test_cve_2022_0317_a_quote_of_other_pcrs_proves_no_log),
        QUOTE_TEST(test_sha1_only_where_it_is_allowed),
        QUOTE_TEST(test_log_without_the_quoted_bank),
        QUOTE_TEST(test_attributes_of_an_attestation_key),
    };
#undef QUOTE_TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
