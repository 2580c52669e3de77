/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flaws of verifiers of SGX and TDX that were published, each by what it let through, and how ratings
 * come together.
 */
#include "tee/dcap_cases.h"

static void
with_other_qe_signer(struct paper *p)
{
    p->qe_report[128] ^= 1;
}

static void
with_other_qe_product(struct paper *p)
{
    p->qe_report[256] ^= 4;
}

static void
with_other_qe_misc(struct paper *p)
{
    p->qe_report[16] ^= 1;
}

static void
with_other_qe_attributes(struct paper *p)
{
    p->qe_report[48] ^= 0x10; /* without PROVISION_KEY */
}

/* CVE-2026-22696: the identity was fetched, and never compared: any enclave with the provisioning key
 * could have signed. */
static void
test_flaw_quoting_enclave_never_compared(void **state)
{
    change *const others[] = { with_other_qe_signer, with_other_qe_product, with_other_qe_misc,
                               with_other_qe_attributes };

    (void)state;
    for (size_t k = 0; k < BL_COUNT_OF(all_kinds); k++) {
        for (size_t i = 0; i < BL_COUNT_OF(others); i++)
            refuses(all_kinds[k], others[i], NULL, BULLA_CAUSE_QE_IDENTITY_MISMATCH);
        refuses(all_kinds[k], with_other_qe_signer, without_identity,
                BULLA_CAUSE_QE_IDENTITY_MISMATCH);
        refuses(all_kinds[k], with_other_qe_product, without_identity,
                BULLA_CAUSE_QE_IDENTITY_MISMATCH);
        struct bl_claims claims = accepts(all_kinds[k], NULL, without_identity);
        assert_true(is_unchecked(&claims, "qe_identity"));
        assert_int_equal(claims.tcb.quoter, BL_TCB_ABSENT);
    }
}

static void
with_identity_of_the_other(struct paper *p)
{
    paper_swap(p->qe_identity, p->kind == PAPER_SGX ? "\"QE\"" : "\"TD_QE\"",
               p->kind == PAPER_SGX ? "\"TD_QE\"" : "\"QE\"");
}

/* The identity of the quoting enclave of SGX was taken for that of TDX. */
static void
test_flaw_identity_of_the_other_quoting_enclave(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++)
        refuses(all_kinds[i], with_identity_of_the_other, NULL, BULLA_CAUSE_QE_IDENTITY_MISMATCH);
}

static void
with_15_components(struct paper *p)
{
    paper_swap(p->tcb_info, ",{\"svn\":0}]", "]");
}

static void
with_17_components(struct paper *p)
{
    paper_swap(p->tcb_info, ",{\"svn\":0}]", ",{\"svn\":0},{\"svn\":0}]");
}

/* GHSA-6q6c-vvf9-fj3w: a shorter list of components left the rest uncompared. */
static void
test_flaw_short_list_of_components(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        refuses(all_kinds[i], with_15_components, NULL, BULLA_CAUSE_MALFORMED);
        refuses(all_kinds[i], with_17_components, NULL, BULLA_CAUSE_LIMIT);
    }
}

static void
with_debug(struct paper *p)
{
    p->body[p->kind == PAPER_SGX ? 48 : 120] |= p->kind == PAPER_SGX ? 2 : 1;
}

static void
with_reserved_tud(struct paper *p)
{
    p->body[120] |= 0x80;
}

/* The mask of the identity would let it pass. */
static void
with_qe_debug(struct paper *p)
{
    p->qe_report[48] |= 2;
    paper_swap(p->qe_identity, "FBFFFFFF", "F9FFFFFF");
}

/* The debug bit was accepted through a mask, and the reserved bits beside it. */
static void
test_flaw_debug_through_a_mask(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct bl_claims claims = accepts(all_kinds[i], with_debug, NULL);
        assert_true(claims.debug.value);
        assert_false(baseline_accepts(&claims));
        refuses(all_kinds[i], with_qe_debug, NULL, BULLA_CAUSE_QE_IDENTITY_MISMATCH);
        refuses(all_kinds[i], with_qe_debug, without_identity, BULLA_CAUSE_QE_IDENTITY_MISMATCH);
    }
    struct bl_claims claims = accepts(PAPER_TD10, with_reserved_tud, NULL);
    assert_true(claims.debug.value);
    assert_false(baseline_accepts(&claims));
}

static void
with_other_module_signer(struct paper *p)
{
    p->body[64 + 47] = 1;
}

static void
with_module_attributes(struct paper *p)
{
    p->body[112] = 1;
}

/* Outside of the mask nothing may be. */
static void
with_module_attributes_unmasked(struct paper *p)
{
    char *modules = strstr(p->tcb_info, "TDX_01");

    p->body[112 + 7] = 0x80;
    paper_swap(modules, "FFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFF7F");
}

static void
with_unlisted_module(struct paper *p)
{
    p->body[1] = 9;
}

static void
without_module_identities(struct paper *p)
{
    paper_swap(p->tcb_info, "tdxModuleIdentities", "tdxModuleIdentitiez");
}

static void
without_module(struct paper *p)
{
    paper_swap(p->tcb_info, "\"tdxModule\"", "\"tdxModulf\"");
}

static void
with_module_of_version_0(struct paper *p)
{
    p->body[0] = 5;
    p->body[1] = 0;
    paper_swap(strstr(p->tcb_info, "tdxtcbcomponents"), "{\"svn\":5},{\"svn\":1}",
               "{\"svn\":5},{\"svn\":0}");
}

static void
with_module_of_version_0_and_signer(struct paper *p)
{
    with_module_of_version_0(p);
    p->body[64] = 1;
}

static void
with_module_below_all(struct paper *p)
{
    p->body[0] = 1;
}

/* The identity of the module was dropped by a parser, or not compared. */
static void
test_flaw_module_identity_unchecked(void **state)
{
    (void)state;
    for (size_t i = 1; i < BL_COUNT_OF(all_kinds); i++) {
        enum paper_kind kind = all_kinds[i];
        refuses(kind, with_other_module_signer, NULL, BULLA_CAUSE_TDX_MODULE_MISMATCH);
        refuses(kind, with_module_attributes, NULL, BULLA_CAUSE_TDX_MODULE_MISMATCH);
        refuses(kind, with_module_attributes_unmasked, NULL, BULLA_CAUSE_TDX_MODULE_MISMATCH);
        refuses(kind, with_unlisted_module, NULL, BULLA_CAUSE_TDX_MODULE_MISMATCH);
        refuses(kind, without_module_identities, NULL, BULLA_CAUSE_TDX_MODULE_MISMATCH);
        refuses(kind, without_module, NULL, BULLA_CAUSE_MALFORMED);
        refuses(kind, with_module_of_version_0_and_signer, NULL, BULLA_CAUSE_TDX_MODULE_MISMATCH);
        refuses(kind, with_module_below_all, NULL, BULLA_CAUSE_TCB_NOT_SUPPORTED);
        struct bl_claims claims = accepts(kind, with_module_of_version_0, NULL);
        assert_int_equal(claims.tcb.module, BL_TCB_ABSENT);
        assert_int_equal(claims.tcb.status, BL_TCB_UP_TO_DATE);
    }
}

static void
with_floor_reached(struct paper *p)
{
    p->inputs[0] = (struct bl_part){ "tcb_evaluation_floor", BL_LITERAL("17") };
    p->v.input_count = 1;
}

static void
with_floor_above(struct paper *p)
{
    p->inputs[0] = (struct bl_part){ "tcb_evaluation_floor", BL_LITERAL("18") };
    p->v.input_count = 1;
}

static void
with_floor_of_nonsense(struct paper *p)
{
    p->inputs[0] = (struct bl_part){ "tcb_evaluation_floor", BL_LITERAL("0x12") };
    p->v.input_count = 1;
}

static void
with_newer_tcb_info(struct paper *p)
{
    paper_swap(p->tcb_info, "Number\":17", "Number\":18");
}

/* A host serves the oldest collateral that is still valid. */
static void
test_flaw_oldest_valid_evaluation(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        (void)accepts(all_kinds[i], NULL, with_floor_reached);
        refuses(all_kinds[i], NULL, with_floor_above, BULLA_CAUSE_COLLATERAL_EXPIRED);
        refuses(all_kinds[i], with_newer_tcb_info, with_floor_above,
                BULLA_CAUSE_COLLATERAL_EXPIRED); /* the identity is old */
        refuses(all_kinds[i], NULL, with_floor_of_nonsense, BULLA_CAUSE_USAGE);
    }
}

static void
with_zeros_behind(struct paper *p)
{
    p->padding = 3065;
}

static void
with_bytes_behind(struct paper *p)
{
    p->padding = 70;
    p->padding_byte = 1;
}

/* Bytes behind a quote were accepted whatever they are. */
static void
test_flaw_bytes_behind_the_quote(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        (void)accepts(all_kinds[i], with_zeros_behind, NULL);
        refuses(all_kinds[i], with_bytes_behind, NULL, BULLA_CAUSE_MALFORMED);
    }
}

/* SVNs are those that Intel certified: the quote's own count for nothing. */
static void
with_low_certified_svns(struct paper *p)
{
    static const uint8_t low[16] = { 7, 7, 2, 2, 3, 1, 0, 2 };

    paper_put_leaf(p, paper_leaf(&p->authority, PAPER_PCK, low));
    memset(p->body, 0xff, p->kind == PAPER_SGX ? 16 : 0);
}

static void
with_high_certified_svns(struct paper *p)
{
    static const uint8_t high[16] = { 8, 7, 2, 2, 3, 1, 0, 3, 1 };

    paper_put_leaf(p, paper_leaf(&p->authority, PAPER_PCK, high));
    memset(p->body, 0, p->kind == PAPER_SGX ? 16 : 0);
}

static void
test_flaw_svns_of_the_quote(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct paper *p = paper_make(all_kinds[i]);
        struct bulla_error err = { 0 };
        struct bl_claims claims = marked();
        with_low_certified_svns(p);
        paper_build(p);
        assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_TCB_NOT_SUPPORTED, &err);
        assert_null(claims.kind); /* nothing is claimed but how the rest is rated */
        assert_int_equal(claims.code.size, 0);
        assert_true(claims.tcb.is_rated);
        assert_int_equal(claims.tcb.status, BL_TCB_ABSENT);
        assert_int_equal(claims.tcb.quoter, BL_TCB_UP_TO_DATE);
        assert_false(baseline_accepts(&claims));
        paper_free(p);
        assert_int_equal(accepts(all_kinds[i], with_high_certified_svns, NULL).tcb.status,
                         BL_TCB_UP_TO_DATE);
    }
}

static const char *rated_as;

static void
with_platform_rated(struct paper *p)
{
    paper_swap(strstr(p->tcb_info, "\"pcesvn\":11"), "UpToDate", rated_as);
}

/* "Revoked" came back as success in one version of quotes; everything but "Revoked" as valid. */
static void
test_flaw_statuses_taken_for_success(void **state)
{
    static const char *const words[] = {
        "SWHardeningNeeded", "ConfigurationNeeded",          "ConfigurationAndSWHardeningNeeded",
        "OutOfDate",         "OutOfDateConfigurationNeeded", "Revoked"
    };

    (void)state;
    for (size_t k = 0; k < BL_COUNT_OF(all_kinds); k++) {
        for (size_t i = 0; i < BL_COUNT_OF(words); i++) {
            rated_as = words[i];
            struct bl_claims claims = accepts(all_kinds[k], with_platform_rated, NULL);
            assert_string_equal(bl_tcb_status_word(claims.tcb.status), words[i]);
            assert_false(baseline_accepts(&claims));
        }
        rated_as = "TDRelaunchAdvised"; /* a conclusion, which Intel does not write */
        refuses(all_kinds[k], with_platform_rated, NULL, BULLA_CAUSE_MALFORMED);
    }
}

static void
with_old_quoting_enclave(struct paper *p)
{
    p->qe_report[258] = 7;
}

static void
with_unrated_quoting_enclave(struct paper *p)
{
    p->qe_report[258] = 3;
}

static void
with_revoked_quoting_enclave(struct paper *p)
{
    p->qe_report[258] = 5;
    paper_swap(p->qe_identity, "OutOfDate", "Revoked");
}

static void
with_old_module(struct paper *p)
{
    p->body[0] = 4;
}

static void
with_revoked_module(struct paper *p)
{
    p->body[0] = 2;
    paper_swap(strstr(p->tcb_info, "TDX_01"), "OutOfDate", "Revoked");
}

static void
test_ratings_converge(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct bl_claims claims = accepts(all_kinds[i], with_old_quoting_enclave, NULL);
        assert_int_equal(claims.tcb.platform, BL_TCB_UP_TO_DATE);
        assert_int_equal(claims.tcb.quoter, BL_TCB_OUT_OF_DATE);
        assert_int_equal(claims.tcb.status, BL_TCB_OUT_OF_DATE);
        assert_true(has_advisory(&claims, "INTEL-SA-00003"));
        claims = accepts(all_kinds[i], with_revoked_quoting_enclave, NULL);
        assert_int_equal(claims.tcb.status, BL_TCB_REVOKED);
        refuses(all_kinds[i], with_unrated_quoting_enclave, NULL, BULLA_CAUSE_TCB_NOT_SUPPORTED);
    }
    struct bl_claims claims = accepts(PAPER_TD10, with_old_module, NULL);
    assert_int_equal(claims.tcb.module, BL_TCB_OUT_OF_DATE);
    assert_int_equal(claims.tcb.status, BL_TCB_OUT_OF_DATE);
    assert_true(has_advisory(&claims, "INTEL-SA-00002"));
    claims = accepts(PAPER_TD15, with_revoked_module, NULL);
    assert_int_equal(claims.tcb.status, BL_TCB_REVOKED);
}

/* Launched with an old module; by now a new one is loaded. */
static void
launched_before_the_update(struct paper *p)
{
    p->body[0] = 4;
}

static void
launched_before_and_not_updated(struct paper *p)
{
    p->body[0] = 4;
    p->body[584] = 4;
}

/* Reports of version 1.0 do not say what is loaded by now: their bytes there are none. */
static void
test_flaw_relaunch(void **state)
{
    (void)state;
    struct bl_claims claims = accepts(PAPER_TD15, launched_before_the_update, NULL);
    assert_int_equal(claims.tcb.status, BL_TCB_TD_RELAUNCH_ADVISED);
    assert_false(baseline_accepts(&claims));
    claims = accepts(PAPER_TD15, launched_before_and_not_updated, NULL);
    assert_int_equal(claims.tcb.status, BL_TCB_OUT_OF_DATE);
    claims = accepts(PAPER_TD10, launched_before_the_update, NULL);
    assert_int_equal(claims.tcb.status, BL_TCB_OUT_OF_DATE);
}

static void
with_service_td(struct paper *p)
{
    p->body[647] = 1;
}

static void
with_migratable(struct paper *p)
{
    p->body[120 + 3] |= 0x20; /* bit 29 */
}

/* A service TD can take the state of this one along. */
static void
test_flaw_service_td(void **state)
{
    (void)state;
    struct bl_claims claims = accepts(PAPER_TD15, with_service_td, NULL);
    assert_true(claims.migratable.value);
    assert_int_equal(claims.service_td.size, 48);
    assert_int_equal(claims.service_td.bytes[47], 1);
    assert_false(baseline_accepts(&claims));
    claims = accepts(PAPER_TD10, with_migratable, NULL);
    assert_true(claims.migratable.value);
    assert_false(baseline_accepts(&claims));
}

static void
with_unknown_member(struct paper *p)
{
    paper_swap(p->tcb_info, "\"tcbType\":0,", "\"tcbType\":0,\"tdxSomething\":{},");
}

/* Members that a parser did not know were dropped without a word. */
static void
test_flaw_unknown_members_dropped(void **state)
{
    (void)state;
    struct bl_claims claims = accepts(PAPER_SGX, with_unknown_member, NULL);
    assert_true(is_unchecked(&claims, "unknown members of tcb_info"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flaw_quoting_enclave_never_compared),
        cmocka_unit_test(test_flaw_identity_of_the_other_quoting_enclave),
        cmocka_unit_test(test_flaw_short_list_of_components),
        cmocka_unit_test(test_flaw_debug_through_a_mask),
        cmocka_unit_test(test_flaw_module_identity_unchecked),
        cmocka_unit_test(test_flaw_oldest_valid_evaluation),
        cmocka_unit_test(test_flaw_bytes_behind_the_quote),
        cmocka_unit_test(test_flaw_svns_of_the_quote),
        cmocka_unit_test(test_flaw_statuses_taken_for_success),
        cmocka_unit_test(test_ratings_converge),
        cmocka_unit_test(test_flaw_relaunch),
        cmocka_unit_test(test_flaw_service_td),
        cmocka_unit_test(test_flaw_unknown_members_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
