/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all kinds of evidence share: finding pieces, pinned roots, binders, and how a platform is rated.
 */
#include "tee/anchors.h"

#include "crypto/certificate_fixture.h"
#include "tee/failure.h"

static void
test_pieces_by_role(void **state)
{
    const struct bl_part parts[] = { { "crl", BL_LITERAL("1") },
                                     { "root", BL_LITERAL("2") },
                                     { "crl", BL_LITERAL("3") } };
    const struct bl_part inputs[] = { { "crl", BL_LITERAL("4") } };
    const struct bl_verification v = {
        .parts = parts, .part_count = 3, .inputs = inputs, .input_count = 1
    };

    (void)state;
    assert_bytes_equal(bl_part_find(&v, "root"), BL_LITERAL("2"));
    assert_int_equal(bl_part_find(&v, "crl").size, 0); /* which of them? */
    assert_int_equal(bl_part_find(&v, "ask").size, 0);
    assert_bytes_equal(bl_part_at(&v, "crl", 0), BL_LITERAL("1"));
    assert_bytes_equal(bl_part_at(&v, "crl", 1), BL_LITERAL("3"));
    assert_int_equal(bl_part_at(&v, "crl", 2).size, 0);
    assert_bytes_equal(bl_input_find(&v, "crl"), BL_LITERAL("4"));
}

static void
test_binders(void **state)
{
    struct bl_verification v = { .binder = BL_LITERAL("nonce") };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_check_binder(&v, BL_LITERAL("another"), &err), &err); /* nothing was asked for */
    v.binding = BL_BINDING_NONE;
    assert_ok(bl_check_binder(&v, BL_LITERAL("nonce"), &err), &err);
    assert_cause(bl_check_binder(&v, BL_LITERAL("nonse"), &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    assert_cause(bl_check_binder(&v, BL_LITERAL("nonce1"), &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    assert_cause(bl_check_binder(&v, BL_LITERAL(""), &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    v.binder = BL_LITERAL("");
    bulla_error_clear(&err);
    assert_ok(bl_check_binder(&v, BL_LITERAL(""), &err), &err);
    assert_cause(bl_check_binder(&v, BL_LITERAL("nonce"), &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
}

static void
test_report_data(void **state)
{
    static const uint8_t carried[8] = { 'n', 'o', 'n', 'c', 'e' },
                         more[8] = { 'n', 'o', 'n', 'c', 'e', 0, 0, 1 };
    static const uint8_t zeros[8] = { 0 };
    struct bl_verification v = { .binder = BL_LITERAL("nonce"), .binding = BL_BINDING_NONE };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_check_report_data(&v, BL_BYTES_OF(carried), &err), &err);
    assert_ok(bl_check_report_data(&v, BL_LITERAL("nonce"), &err), &err);
    assert_cause(bl_check_report_data(&v, BL_BYTES_OF(more), &err), BULLA_CAUSE_NONCE_MISMATCH,
                 &err);
    assert_cause(bl_check_report_data(&v, BL_LITERAL("nonc"), &err), BULLA_CAUSE_NONCE_MISMATCH,
                 &err);
    v.binder = BL_LITERAL("nonc");
    assert_cause(bl_check_report_data(&v, BL_BYTES_OF(carried), &err), BULLA_CAUSE_NONCE_MISMATCH,
                 &err);
    v.binder = BL_BYTES_OF(carried);
    bulla_error_clear(&err);
    assert_ok(bl_check_report_data(&v, BL_BYTES_OF(carried), &err), &err);
    v.binder = BL_LITERAL("");
    assert_ok(bl_check_report_data(&v, BL_BYTES_OF(zeros), &err), &err);
    assert_cause(bl_check_report_data(&v, BL_BYTES_OF(carried), &err), BULLA_CAUSE_NONCE_MISMATCH,
                 &err);
}

static void
test_pinned_roots_are_distinct(void **state)
{
    struct bl_anchor anchors[BL_ANCHOR_COUNT_MAX];
    size_t count = bl_vendor_anchors(anchors);

    (void)state;
    assert_true(count >= 9);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(anchors[i].kind, BL_ANCHOR_ROOT_KEY);
        assert_int_equal(anchors[i].der.size, 32);
        assert_true(anchors[i].platform_class >= BL_CLASS_HYPERVISOR);
        for (size_t j = 0; j < i; j++)
            assert_false(bl_equal(anchors[i].der, anchors[j].der));
    }
}

static void
test_advisories(void **state)
{
    struct bl_tcb_claims tcb = { 0 };
    struct bulla_error err = { 0 };
    char name[16];

    (void)state;
    assert_ok(bl_tcb_advise(&tcb, BL_LITERAL("INTEL-SA-00615"), &err), &err);
    assert_ok(bl_tcb_advise(&tcb, BL_LITERAL("INTEL-SA-00334"), &err), &err);
    assert_ok(bl_tcb_advise(&tcb, BL_LITERAL("INTEL-SA-00615"), &err), &err);
    assert_int_equal(tcb.advisory_count, 2);
    assert_string_equal(tcb.advisories[0], "INTEL-SA-00334");
    assert_string_equal(tcb.advisories[1], "INTEL-SA-00615");
    assert_fails(bl_tcb_advise(&tcb, BL_LITERAL(""), &err), BULLA_E_MALFORMED, &err);
    assert_fails(bl_tcb_advise(&tcb, BL_LITERAL("a b"), &err), BULLA_E_MALFORMED, &err);
    assert_fails(bl_tcb_advise(&tcb, BL_LITERAL("123456789012345678901234"), &err),
                 BULLA_E_MALFORMED, &err);
    for (size_t i = tcb.advisory_count; i < BL_ADVISORY_COUNT_MAX; i++) {
        (void)snprintf(name, sizeof name, "X-%zu", i);
        bulla_error_clear(&err);
        assert_ok(bl_tcb_advise(&tcb, text_bytes(name), &err), &err);
    }
    assert_fails(bl_tcb_advise(&tcb, BL_LITERAL("Z"), &err), BULLA_E_LIMIT, &err);
    assert_int_equal(tcb.advisory_count, BL_ADVISORY_COUNT_MAX);
}

static void
test_words(void **state)
{
    (void)state;
    for (int i = BL_TCB_UP_TO_DATE; i <= BL_TCB_REVOKED; i++) {
        const char *word = bl_tcb_status_word((enum bl_tcb_status)i);
        assert_int_equal(bl_tcb_status_from_word(text_bytes(word)), i);
    }
    assert_int_equal(bl_tcb_status_from_word(BL_LITERAL("uptodate")), BL_TCB_ABSENT);
    assert_int_equal(bl_tcb_status_from_word(BL_LITERAL("absent")), BL_TCB_ABSENT);
    assert_string_equal(bl_failure_word(BULLA_CAUSE_NONCE_MISMATCH), "nonce_mismatch");
    assert_string_equal(bl_failure_word(BULLA_CAUSE_WRONG_ROOT), "wrong_root");
    assert_string_equal(bl_failure_word(BULLA_CAUSE_MALFORMED), "malformed");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_by_role), cmocka_unit_test(test_binders),
        cmocka_unit_test(test_report_data),    cmocka_unit_test(test_pinned_roots_are_distinct),
        cmocka_unit_test(test_advisories),     cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
