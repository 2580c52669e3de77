/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEV-SNP reports: genuine ones of each generation, version and signing key; each rule broken alone;
 * and what went wrong elsewhere.
 */
#include "tee/paper_snp.h"

#include "appraise/baseline.h"
#include "tee/scheme_fixture.h"

typedef void spoil(struct paper_snp *p);

/* Evidence with one thing wrong is refused for this cause, and nothing is claimed. */
static void
assert_spoiled(enum bl_snp_generation generation, uint32_t version, bool is_vlek, spoil *how,
               enum bulla_cause cause)
{
    struct paper_snp p = paper_snp(generation, version, is_vlek);
    struct bl_claims claims = { .kind = "untouched" };
    struct bulla_error err = { 0 };

    how(&p);
    assert_cause(paper_verify(&p, &claims, &err), cause, &err);
    assert_string_equal(claims.kind, "untouched");
    assert_int_equal(claims.code.size, 0);
}

static void
assert_spared(enum bl_snp_generation generation, uint32_t version, bool is_vlek, spoil *how)
{
    struct paper_snp p = paper_snp(generation, version, is_vlek);
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };

    how(&p);
    assert_ok(paper_verify(&p, &claims, &err), &err);
}

/* -- genuine ------------------------------------------------------------------------------------ */

static void
test_each_generation_version_and_key(void **state)
{
    (void)state;
    for (int generation = BL_SNP_MILAN; generation <= BL_SNP_TURIN; generation++) {
        for (uint32_t version = 2; version <= 5; version++) {
            for (int is_vlek = 0; is_vlek < 2; is_vlek++) {
                struct paper_snp p =
                    paper_snp((enum bl_snp_generation)generation, version, is_vlek);
                struct bl_claims claims = { 0 };
                struct bulla_error err = { 0 };
                assert_ok(paper_verify(&p, &claims, &err), &err);
                assert_int_equal(claims.platform_id.size, is_vlek ? 0 : 32);
                assert_int_equal(claims.launch_mitigations.is_present, version == 5);
                assert_int_equal(claims.current_mitigations.is_present, version == 5);
            }
        }
    }
}

static void
test_claims(void **state)
{
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 5, false);
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };
    uint8_t chip[32];

    (void)state;
    p.report[0x1f8 + 7] = 0x80;
    assert_ok(paper_verify(&p, &claims, &err), &err);
    assert_ok(bl_hash_once(BL_SHA256, (struct bulla_bytes){ p.report + 0x1a0, 64 }, chip, &err),
              &err);
    assert_string_equal(claims.kind, "snp");
    assert_string_equal(claims.anchor, "test root");
    assert_int_equal(claims.platform_class, BL_CLASS_HARDWARE);
    assert_int_equal(claims.binding, BL_BINDING_ABSENT);
    assert_bytes_equal(bl_claim_view(&claims.platform_id), BL_BYTES_OF(chip));
    assert_bytes_equal(bl_claim_view(&claims.code), ((struct bulla_bytes){ p.report + 0x90, 48 }));
    assert_bytes_equal(bl_claim_view(&claims.config),
                       ((struct bulla_bytes){ p.report + 0xc0, 32 }));
    assert_bytes_equal(bl_claim_view(&claims.signer),
                       ((struct bulla_bytes){ p.report + 0xe0, 48 }));
    assert_true(claims.version.is_present && claims.version.value == 7);
    assert_true(claims.vmpl.is_present && claims.vmpl.value == 0);
    assert_true(claims.debug.is_present && !claims.debug.value);
    assert_true(claims.migratable.is_present && !claims.migratable.value);
    assert_int_equal(claims.isolation, BL_ISOLATION_HARDWARE);
    assert_true(claims.attributes.is_present && claims.attributes.value == 0x3001f);
    assert_true(claims.platform_info.is_present && claims.platform_info.value == 0);
    assert_true(claims.launch_mitigations.value == 0x800000000000003f);
    assert_int_equal(claims.current_mitigations.value, 0x3f);
    assert_false(claims.tcb.is_rated);
    assert_int_equal(claims.unchecked_count, 1);
    assert_string_equal(claims.unchecked[0], "crl");
}

/* Of the reported TCB, whose places depend on the generation. */
static void
test_firmware(void **state)
{
    static const struct bl_firmware_claims expected[] = { { BL_SNP_MILAN, { 4, 0, 24, 0xdb, 0 } },
                                                          { BL_SNP_GENOA, { 10, 0, 25, 84, 0 } },
                                                          { BL_SNP_TURIN, { 2, 3, 4, 81, 1 } } };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(expected); i++) {
        struct paper_snp p = paper_snp(expected[i].generation, 5, false);
        struct bl_claims claims = { 0 };
        struct bulla_error err = { 0 };
        p.report[0x38 + 7] = 0xff;  /* the current one may be ahead */
        p.report[0x1e0 + 7] = 0xff; /* the committed one too */
        assert_ok(paper_verify(&p, &claims, &err), &err);
        assert_int_equal(claims.firmware.generation, expected[i].generation);
        assert_memory_equal(claims.firmware.svns, expected[i].svns, BL_SVN_COUNT);
    }
}

static void
no_signer(struct paper_snp *p)
{
    memset(p->report + 0xe0, 0, 48);
}

static void
test_absent_signer(void **state)
{
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    no_signer(&p);
    assert_ok(paper_verify(&p, &claims, &err), &err);
    assert_int_equal(claims.signer.size, 0);
}

/* B16: a guest that the host may debug, that asked from another privilege level, or that may be
 * carried away is genuine; the baseline refuses it. */
static void
test_b16_debug_vmpl_and_migration_are_refused(void **state)
{
    static const struct {
        size_t offset;
        uint8_t value;
        const char *reason;
    } rows[] = { { 0x0a, 0x0b, "debug" },
                 { 0x30, 0x01, "not at VMPL 0" },
                 { 0x0a, 0x07, "state may be migrated" } };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
        struct bl_claims claims = { 0 };
        struct bl_baseline baseline;
        struct bulla_error err = { 0 };
        p.report[rows[i].offset] = rows[i].value;
        assert_ok(paper_verify(&p, &claims, &err), &err);
        bl_baseline_judge(&claims, &baseline);
        assert_false(baseline.accepted);
        assert_int_equal(baseline.reason_count, 1);
        assert_string_equal(baseline.reasons[0], rows[i].reason);
    }
}

/* -- the signature ------------------------------------------------------------------------------ */

static void
signed_by_another(struct paper_snp *p)
{
    p->is_signed_wrong = true;
}

static void
not_signed(struct paper_snp *p)
{
    p->is_not_signed = true;
}

static void
leaf_of_another_key(struct paper_snp *p)
{
    p->leaf.is_of_wrong_key = true;
}

static void
test_signature(void **state)
{
    (void)state;
    assert_spoiled(BL_SNP_MILAN, 3, false, signed_by_another, BULLA_CAUSE_REPORT_SIGNATURE);
    assert_spoiled(BL_SNP_TURIN, 5, true, signed_by_another, BULLA_CAUSE_REPORT_SIGNATURE);
    assert_spoiled(BL_SNP_MILAN, 3, false, not_signed, BULLA_CAUSE_REPORT_SIGNATURE);
    assert_spoiled(BL_SNP_MILAN, 3, false, leaf_of_another_key, BULLA_CAUSE_REPORT_SIGNATURE);
}

static void
test_every_field_is_covered(void **state)
{
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 5, false);
    struct paper_evidence e;

    (void)state;
    paper_make(&p, &e);
    for (size_t i = 0; i < BL_SNP_REPORT_SIZE; i += 3) { /* shorter than any field */
        struct bl_claims claims = { .kind = "untouched" };
        struct bulla_error err = { 0 };
        e.bytes.data[i] ^= 0x40;
        enum bulla_status status = bl_snp_verify(&e.v, &claims, &err);
        assert_true(status == BULLA_E_SIGNATURE || status == BULLA_E_MALFORMED);
        if (i < BL_SNP_SIGNED_SIZE)
            assert_int_equal(err.cause, BULLA_CAUSE_REPORT_SIGNATURE);
        assert_string_equal(claims.kind, "untouched");
        e.bytes.data[i] ^= 0x40;
    }
    paper_evidence_done(&e);
}

/* Whatever key_info says beside VCEK and VLEK, nobody vouches for. */
static void
test_signing_key(void **state)
{
    (void)state;
    for (uint32_t key = 2; key < 8; key++) {
        struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
        struct bl_claims claims;
        struct bulla_error err = { 0 };
        put_u32(p.report + 0x48, key << 2);
        assert_fails(paper_verify(&p, &claims, &err),
                     key == 7 ? BULLA_E_SIGNATURE : BULLA_E_UNSUPPORTED, &err);
    }
}

/* -- the form, judged only of what is signed ---------------------------------------------------- */

/* Fakes with version 0 fail by their signature, not by a flag (oak's "fake evidence"). */
static void
all_zero(struct paper_snp *p)
{
    memset(p->report, 0, sizeof p->report);
    p->is_not_signed = true;
}

static void
test_zero_report_fails_by_its_signature(void **state)
{
    (void)state;
    assert_spoiled(BL_SNP_MILAN, 3, false, all_zero, BULLA_CAUSE_REPORT_SIGNATURE);
}

static void
test_version_and_algorithm(void **state)
{
    static const struct {
        size_t offset;
        uint32_t value;
    } rows[] = { { 0, 0 }, { 0, 1 }, { 0, 6 }, { 0, 0x10003 }, { 0x34, 0 }, { 0x34, 2 } };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
        struct bl_claims claims;
        struct bulla_error err = { 0 };
        put_u32(p.report + rows[i].offset, rows[i].value);
        assert_fails(paper_verify(&p, &claims, &err), BULLA_E_UNSUPPORTED, &err);
    }
}

/* One bit of an honest report, signed again. */
static void
assert_reserved(struct paper_evidence *e, size_t from, size_t to)
{
    for (size_t at = from; at<to; at += to - from> 64 ? 5 : 1) {
        struct bl_claims claims;
        struct bulla_error err = { 0 };
        e->bytes.data[at] |= 0x80;
        if (at < BL_SNP_SIGNED_SIZE)
            paper_sign_report(e->bytes.data, paper_signing_key);
        assert_fails(bl_snp_verify(&e->v, &claims, &err), BULLA_E_MALFORMED, &err);
        e->bytes.data[at] &= 0x7f;
    }
}

static void
test_reserved_bytes(void **state)
{
    static const struct {
        uint32_t version;
        size_t from, to;
    } rows[] = { { 5, 0x4c, 0x50 },   { 5, 0x18b, 0x1a0 }, { 5, 0x1eb, 0x1ec }, { 5, 0x1ef, 0x1f0 },
                 { 5, 0x208, 0x2a0 }, { 5, 0x48, 0x4c },   { 5, 0x2d0, 0x2e8 }, { 5, 0x318, 0x330 },
                 { 5, 0x330, 0x4a0 }, { 2, 0x188, 0x18b }, { 4, 0x1f8, 0x208 } };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct paper_snp p = paper_snp(BL_SNP_MILAN, rows[i].version, false);
        struct paper_evidence e;
        paper_make(&p, &e);
        assert_reserved(&e, rows[i].from, rows[i].to);
        paper_evidence_done(&e);
    }
}

/* B13: the 64 bits of the guest policy and of platform_info, one by one. */
static void
test_b13_unknown_policy_bits(void **state)
{
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
    struct paper_evidence e;

    (void)state;
    paper_make(&p, &e);
    for (unsigned bit = 0; bit < 64; bit++) {
        struct bl_claims claims;
        struct bulla_error err = { 0 };
        put_u64(e.bytes.data + 0x08, UINT64_C(0x3001f) | UINT64_C(1) << bit);
        paper_sign_report(e.bytes.data, paper_signing_key);
        assert_int_equal(bl_snp_verify(&e.v, &claims, &err),
                         bit < 26 ? BULLA_OK : BULLA_E_UNSUPPORTED);
        put_u64(e.bytes.data + 0x08, 0x3001f);
        put_u64(e.bytes.data + 0x40, UINT64_C(1) << bit);
        paper_sign_report(e.bytes.data, paper_signing_key);
        bulla_error_clear(&err);
        assert_ok(bl_snp_verify(&e.v, &claims, &err), &err);
    }
    paper_evidence_done(&e);
}

static void
policy_without_its_one(struct paper_snp *p)
{
    put_u64(p->report + 0x08, 0x1001f);
}

static void
author_not_enabled(struct paper_snp *p)
{
    p->report[0x110] = 1;
}

static void
author_enabled(struct paper_snp *p)
{
    p->report[0x110] = 1;
    p->report[0x48] |= 1;
}

static void
test_policy_and_author(void **state)
{
    (void)state;
    assert_spoiled(BL_SNP_MILAN, 3, false, policy_without_its_one, BULLA_CAUSE_MALFORMED);
    assert_spoiled(BL_SNP_MILAN, 3, false, author_not_enabled, BULLA_CAUSE_MALFORMED);
    assert_spared(BL_SNP_MILAN, 3, false, author_enabled);
}

/* reported <= committed <= current, component by component. */
static void
test_tcb_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
        struct bl_claims claims;
        struct bulla_error err = { 0 };
        p.report[0x180 + i]++, p.leaf.tcb[i]++;
        assert_fails(paper_verify(&p, &claims, &err), BULLA_E_MALFORMED, &err);
        p.report[0x1e0 + i]++;
        assert_fails(paper_verify(&p, &claims, &err), BULLA_E_MALFORMED, &err);
        p.report[0x38 + i]++;
        bulla_error_clear(&err);
        assert_ok(paper_verify(&p, &claims, &err), &err);
        p.report[0x38 + i]++;
        assert_ok(paper_verify(&p, &claims, &err), &err);
    }
}

static void
test_firmware_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
        struct bl_claims claims;
        struct bulla_error err = { 0 };
        p.report[0x1ec + i]++;
        assert_fails(paper_verify(&p, &claims, &err), BULLA_E_MALFORMED, &err);
        p.report[0x1e8 + i]++;
        bulla_error_clear(&err);
        assert_ok(paper_verify(&p, &claims, &err), &err);
    }
}

/* -- freshness ---------------------------------------------------------------------------------- */

static void
assert_binder(const uint8_t *report_data, size_t binder_size, enum bulla_cause cause)
{
    uint8_t binder[65];
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };

    memset(binder, 0xd1, sizeof binder);
    memcpy(p.report + 0x50, report_data, 64);
    p.binder = (struct bulla_bytes){ binder, binder_size };
    if (cause != BULLA_CAUSE_NONE) {
        assert_cause(paper_verify(&p, &claims, &err), cause, &err);
        return;
    }
    assert_ok(paper_verify(&p, &claims, &err), &err);
    assert_int_equal(claims.binding, BL_BINDING_NONE);
}

static void
test_binder(void **state)
{
    uint8_t full[64], half[64] = { 0 }, late[64] = { 0 };

    (void)state;
    memset(full, 0xd1, sizeof full);
    memset(half, 0xd1, 32);
    memcpy(late, half, sizeof late);
    late[63] = 1;
    assert_binder(full, 64, BULLA_CAUSE_NONE);
    assert_binder(half, 32, BULLA_CAUSE_NONE);
    assert_binder(full, 32, BULLA_CAUSE_NONCE_MISMATCH);
    assert_binder(half, 31, BULLA_CAUSE_NONCE_MISMATCH);
    assert_binder(half, 33, BULLA_CAUSE_NONCE_MISMATCH);
    assert_binder(half, 64, BULLA_CAUSE_NONCE_MISMATCH);
    assert_binder(full, 65, BULLA_CAUSE_NONCE_MISMATCH);
    assert_binder(late, 32, BULLA_CAUSE_NONCE_MISMATCH);
}

/* Asked for a binding without saying to what: the caller's mistake, never agreement. */
static void
test_binding_needs_a_binder(void **state)
{
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
    struct paper_evidence e;
    struct bl_claims claims;
    struct bulla_error err = { 0 };

    (void)state;
    paper_make(&p, &e);
    e.v.binding = BL_BINDING_KEY;
    assert_fails(bl_snp_verify(&e.v, &claims, &err), BULLA_E_ARGUMENT, &err);
    paper_evidence_done(&e);
}

/* -- memory ------------------------------------------------------------------------------------- */

static void
test_every_allocation_fails(void **state)
{
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 5, false);
    struct paper_evidence e;

    (void)state;
    paper_make(&p, &e);
    assert_scheme_survives_no_memory("snp", &e.v, 10);
    paper_evidence_done(&e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_generation_version_and_key),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_firmware),
        cmocka_unit_test(test_absent_signer),
        cmocka_unit_test(test_b16_debug_vmpl_and_migration_are_refused),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_every_field_is_covered),
        cmocka_unit_test(test_signing_key),
        cmocka_unit_test(test_zero_report_fails_by_its_signature),
        cmocka_unit_test(test_version_and_algorithm),
        cmocka_unit_test(test_reserved_bytes),
        cmocka_unit_test(test_b13_unknown_policy_bits),
        cmocka_unit_test(test_policy_and_author),
        cmocka_unit_test(test_tcb_order),
        cmocka_unit_test(test_firmware_order),
        cmocka_unit_test(test_binder),
        cmocka_unit_test(test_binding_needs_a_binder),
        cmocka_unit_test(test_every_allocation_fails),
    };

    return cmocka_run_group_tests(tests, paper_keys_make, paper_keys_done);
}
