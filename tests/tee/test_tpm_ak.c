/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/paper_tpm.h"

#include <stdlib.h>

#include "tee/tpm/ak.h"

#define DAY ((int64_t)86400)

/* An authority of ours, and what it is an anchor for. */
struct authority {
    struct bl_key *key;
    struct bulla_buffer der;
    struct bl_certificate *certificate;
};

struct fixture {
    struct authority authority;
    struct authority impostor; /* the same name, another key */
    struct bl_key *key;        /* of the AK or EK */
    struct bulla_buffer area;
    struct bl_tpm_public ek;
    struct bl_anchor anchor;
};

static void
authority_start(struct authority *a)
{
    struct bulla_error err = { 0 };

    a->key = paper_key(BL_KEY_P256);
    const struct bl_certificate_request request = { .common_name = "TPM authority",
                                                    .subject = a->key,
                                                    .not_before_s = PAPER_NOW - 10 * DAY,
                                                    .not_after_s = PAPER_NOW + 10 * DAY,
                                                    .is_authority = true,
                                                    .is_self_signed = true };
    assert_ok(bl_certificate_issue(&request, NULL, a->key, &a->der, &err), &err);
    assert_ok(bl_certificate_parse(bulla_buffer_bytes(&a->der), &a->certificate, &err), &err);
}

static void
authority_done(struct authority *a)
{
    bl_key_free(a->key);
    bl_certificate_free(a->certificate);
    bulla_buffer_done(&a->der);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct bulla_error err = { 0 };

    authority_start(&f->authority);
    authority_start(&f->impostor);
    f->key = paper_key(BL_KEY_P256);
    paper_public(f->key, PAPER_EK_ATTRIBUTES, true, &f->area);
    assert_ok(bl_tpmt_public_decode(bulla_buffer_bytes(&f->area), &f->ek, &err), &err);
    f->anchor = (struct bl_anchor){ .name = "authority",
                                    .kind = BL_ANCHOR_AK_AUTHORITY,
                                    .der = bulla_buffer_bytes(&f->authority.der),
                                    .platform_class = BL_CLASS_HYPERVISOR };
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    authority_done(&f->authority);
    authority_done(&f->impostor);
    bl_key_free(f->key);
    bulla_buffer_done(&f->area);
    free(f);
    return 0;
}

static const char *const ak_usage[] = { BL_TPM_AK_USAGE, NULL };
static const char *const ek_usage[] = { BL_TPM_EK_USAGE, NULL };
static const char *const server_usage[] = { "1.3.6.1.5.5.7.3.1", NULL };

static void
issue(const struct authority *by, const struct bl_key *subject, const char *const *usage,
      struct bulla_bytes platform_id, struct bulla_buffer *der)
{
    struct bulla_error err = { 0 };
    const struct bl_certificate_request request = {
        .common_name = "TPM key",
        .subject = subject,
        .not_before_s = PAPER_NOW - DAY,
        .not_after_s = PAPER_NOW + DAY,
        .usage_oids = usage,
        .extension_oid = platform_id.size > 0 ? BL_TPM_PLATFORM_ID_OID : NULL,
        .extension_value = platform_id,
    };

    bulla_buffer_clear(der);
    assert_ok(bl_certificate_issue(&request, by->certificate, by->key, der, &err), &err);
}

static enum bulla_status
ak_trust(const struct fixture *f, const struct bulla_buffer *leaf, int64_t now_s,
         struct bl_tpm_trust *trust, struct bulla_error *err)
{
    struct bulla_bytes chain = bulla_buffer_bytes(leaf);

    bulla_error_clear(err);
    return bl_tpm_ak_trust(f->key, &chain, leaf->size > 0 ? 1 : 0, &f->anchor, 1, now_s, trust,
                           err);
}

static enum bulla_status
ek_trust(const struct fixture *f, const struct bulla_buffer *leaf, int64_t now_s,
         struct bl_tpm_trust *trust, struct bulla_error *err)
{
    struct bulla_bytes chain = bulla_buffer_bytes(leaf);

    bulla_error_clear(err);
    return bl_tpm_ek_trust(&f->ek, &chain, leaf->size > 0 ? 1 : 0, &f->anchor, 1, now_s, trust,
                           err);
}

static void
test_certified_ak(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) leaf = { 0 };
    BL_AUTO(bulla_buffer) id_der = { 0 };
    struct bl_tpm_trust trust = { 0 };
    struct bulla_error err = { 0 };
    uint8_t id[32];

    issue(&f->authority, f->key, ak_usage, BL_LITERAL(""), &leaf);
    assert_ok(ak_trust(f, &leaf, PAPER_NOW, &trust, &err), &err);
    assert_ptr_equal(trust.anchor, &f->anchor);
    assert_int_equal(trust.platform_id.size, 0); /* absent, not zero */

    memset(id, 0x1d, sizeof id);
    assert_ok(bl_tpm_platform_id_encode(id, &id_der, &err), &err);
    issue(&f->authority, f->key, ak_usage, bulla_buffer_bytes(&id_der), &leaf);
    assert_ok(ak_trust(f, &leaf, PAPER_NOW, &trust, &err), &err);
    assert_bytes_equal(bl_claim_view(&trust.platform_id), BL_BYTES_OF(id));

    issue(&f->authority, f->key, ek_usage, BL_LITERAL(""), &leaf); /* as one cloud says it */
    assert_ok(ak_trust(f, &leaf, PAPER_NOW, &trust, &err), &err);
    issue(&f->authority, f->key, NULL, BL_LITERAL(""), &leaf); /* and another leaves it out */
    assert_ok(ak_trust(f, &leaf, PAPER_NOW, &trust, &err), &err);
}

static void
test_certificates_that_do_not_speak_for_this_ak(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) leaf = { 0 };
    BL_AUTO_FREE(bl_key) other = paper_key(BL_KEY_P256);
    struct bl_tpm_trust trust = { 0 };
    struct bulla_error err = { 0 };

    assert_int_equal(ak_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_UNTRUSTED); /* none */
    issue(&f->authority, other, ak_usage, BL_LITERAL(""), &leaf);
    assert_int_equal(ak_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_MISMATCH);
    assert_int_equal(err.cause, BULLA_CAUSE_KEY_MISMATCH);
    issue(&f->authority, f->key, server_usage, BL_LITERAL(""), &leaf);
    assert_int_equal(ak_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_UNTRUSTED);
    issue(&f->impostor, f->key, ak_usage, BL_LITERAL(""), &leaf);
    assert_true(bulla_status_is_finding(ak_trust(f, &leaf, PAPER_NOW, &trust, &err)));
    issue(&f->authority, f->key, ak_usage, BL_LITERAL("\x04\x1f"), &leaf); /* not 32 bytes */
    assert_int_equal(ak_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_MALFORMED);
    assert_null(trust.anchor); /* untouched */
}

static void
test_both_sides_of_both_dates(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) leaf = { 0 };
    struct bl_tpm_trust trust = { 0 };
    struct bulla_error err = { 0 };

    issue(&f->authority, f->key, ak_usage, BL_LITERAL(""), &leaf);
    assert_ok(ak_trust(f, &leaf, PAPER_NOW - DAY, &trust, &err), &err);
    assert_ok(ak_trust(f, &leaf, PAPER_NOW + DAY, &trust, &err), &err);
    assert_int_equal(ak_trust(f, &leaf, PAPER_NOW - DAY - 1, &trust, &err), BULLA_E_STALE);
    assert_int_equal(ak_trust(f, &leaf, PAPER_NOW + DAY + 1, &trust, &err), BULLA_E_STALE);
    assert_int_equal(err.cause, BULLA_CAUSE_EXPIRED);
}

/* An anchor is trusted for what it says and for nothing else. */
static void
test_anchor_of_another_kind(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) leaf = { 0 };
    struct bl_tpm_trust trust = { 0 };
    struct bulla_error err = { 0 };

    issue(&f->authority, f->key, ak_usage, BL_LITERAL(""), &leaf);
    f->anchor.kind = BL_ANCHOR_EK_AUTHORITY;
    assert_int_equal(ak_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_UNTRUSTED);
    f->anchor.kind = BL_ANCHOR_ABSENT;
    assert_int_equal(ak_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_UNTRUSTED);
    issue(&f->authority, f->key, ek_usage, BL_LITERAL(""), &leaf);
    f->anchor.kind = BL_ANCHOR_AK_AUTHORITY;
    assert_int_equal(ek_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_UNTRUSTED);
}

/* The right one among several; and with none right, the reason that says most. */
static void
test_several_anchors(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) leaf = { 0 };
    struct bl_tpm_trust trust = { 0 };
    struct bulla_error err = { 0 };
    struct bl_anchor anchors[2] = { f->anchor, f->anchor };

    anchors[0].der = bulla_buffer_bytes(&f->impostor.der);
    anchors[0].platform_class = BL_CLASS_HARDWARE;
    issue(&f->authority, f->key, ak_usage, BL_LITERAL(""), &leaf);
    struct bulla_bytes chain = bulla_buffer_bytes(&leaf);
    assert_ok(bl_tpm_ak_trust(f->key, &chain, 1, anchors, 2, PAPER_NOW, &trust, &err), &err);
    assert_ptr_equal(trust.anchor, &anchors[1]);
    assert_int_equal(trust.anchor->platform_class, BL_CLASS_HYPERVISOR);
    assert_cause(bl_tpm_ak_trust(f->key, &chain, 1, anchors, 2, PAPER_NOW + 5 * DAY, &trust, &err),
                 BULLA_CAUSE_EXPIRED, &err);
}

static void
test_enrolled_ak(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) spki = { 0 };
    BL_AUTO(bulla_buffer) none = { 0 };
    struct bl_tpm_trust trust = { 0 };
    struct bulla_error err = { 0 };
    static const uint8_t id[33] = { 1 };

    paper_spki(f->key, &spki);
    f->anchor.kind = BL_ANCHOR_AK;
    f->anchor.der = bulla_buffer_bytes(&spki);
    f->anchor.platform_id = (struct bulla_bytes){ id, 32 };
    assert_ok(ak_trust(f, &none, PAPER_NOW, &trust, &err), &err);
    assert_bytes_equal(bl_claim_view(&trust.platform_id), ((struct bulla_bytes){ id, 32 }));
    f->anchor.platform_id.size = 33;
    assert_int_equal(ak_trust(f, &none, PAPER_NOW, &trust, &err), BULLA_E_ARGUMENT);
    f->anchor.platform_id.size = 32;
    bl_key_free(f->key);
    f->key = paper_key(BL_KEY_P256);
    assert_int_equal(ak_trust(f, &none, PAPER_NOW, &trust, &err), BULLA_E_UNTRUSTED);
}

static void
test_certified_ek(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) leaf = { 0 };
    struct bl_tpm_trust trust = { 0 };
    struct bulla_error err = { 0 };
    uint8_t expected[32];

    f->anchor.kind = BL_ANCHOR_EK_AUTHORITY;
    issue(&f->authority, f->key, ek_usage, BL_LITERAL(""), &leaf);
    assert_ok(ek_trust(f, &leaf, PAPER_NOW, &trust, &err), &err);
    assert_ok(bl_tpm_key_digest(f->key, expected, &err), &err);
    assert_bytes_equal(bl_claim_view(&trust.platform_id), BL_BYTES_OF(expected));
    assert_int_equal(trust.anchor->platform_class, BL_CLASS_HYPERVISOR);
}

static void
test_keys_and_certificates_that_are_no_ek(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) leaf = { 0 };
    BL_AUTO_FREE(bl_key) other = paper_key(BL_KEY_P256);
    struct bl_tpm_trust trust = { 0 };
    struct bulla_error err = { 0 };
    const uint32_t required[] = { BL_TPM_RESTRICTED, BL_TPM_DECRYPT, BL_TPM_FIXED_TPM,
                                  BL_TPM_FIXED_PARENT, BL_TPM_SENSITIVE_DATA_ORIGIN };

    f->anchor.kind = BL_ANCHOR_EK_AUTHORITY;
    issue(&f->authority, f->key, ak_usage, BL_LITERAL(""), &leaf);
    assert_int_equal(ek_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_UNTRUSTED);
    issue(&f->authority, f->key, NULL, BL_LITERAL(""), &leaf); /* required here */
    assert_int_equal(ek_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_UNTRUSTED);
    issue(&f->authority, other, ek_usage, BL_LITERAL(""), &leaf);
    assert_int_equal(ek_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_MISMATCH);
    issue(&f->authority, f->key, ek_usage, BL_LITERAL(""), &leaf);
    assert_int_equal(ek_trust(f, &leaf, PAPER_NOW + 5 * DAY, &trust, &err), BULLA_E_STALE);
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        f->ek.attributes = PAPER_EK_ATTRIBUTES & ~required[i];
        assert_int_equal(ek_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_UNTRUSTED);
        assert_int_equal(err.cause, BULLA_CAUSE_KEY_ATTRIBUTES);
    }
    f->ek.attributes = PAPER_EK_ATTRIBUTES | BL_TPM_SIGN;
    assert_int_equal(ek_trust(f, &leaf, PAPER_NOW, &trust, &err), BULLA_E_UNTRUSTED);
    assert_null(trust.anchor);
}

static void
test_chains_are_bounded(void **state)
{
    struct fixture *f = *state;
    BL_AUTO(bulla_buffer) leaf = { 0 };
    struct bulla_bytes chain[BL_TPM_CHAIN_COUNT_MAX + 1];
    struct bl_tpm_trust trust = { 0 };
    struct bulla_error err = { 0 };

    issue(&f->authority, f->key, ak_usage, BL_LITERAL(""), &leaf);
    for (size_t i = 0; i <= BL_TPM_CHAIN_COUNT_MAX; i++)
        chain[i] = bulla_buffer_bytes(&leaf);
    assert_fails(bl_tpm_ak_trust(f->key, chain, BL_TPM_CHAIN_COUNT_MAX + 1, &f->anchor, 1,
                                 PAPER_NOW, &trust, &err),
                 BULLA_E_LIMIT, &err);
    assert_true(bulla_status_is_finding(bl_tpm_ak_trust(f->key, chain, BL_TPM_CHAIN_COUNT_MAX,
                                                        &f->anchor, 1, PAPER_NOW, &trust, NULL)));
}

int
main(void)
{
#define KEY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        KEY_TEST(test_certified_ak),
        KEY_TEST(test_certificates_that_do_not_speak_for_this_ak),
        KEY_TEST(test_both_sides_of_both_dates),
        KEY_TEST(test_anchor_of_another_kind),
        KEY_TEST(test_several_anchors),
        KEY_TEST(test_enrolled_ak),
        KEY_TEST(test_certified_ek),
        KEY_TEST(test_keys_and_certificates_that_are_no_ek),
        KEY_TEST(test_chains_are_bounded),
    };
#undef KEY_TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
