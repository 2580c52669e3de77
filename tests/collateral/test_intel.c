/* SPDX-License-Identifier: Apache-2.0 */
/* Intel's documents by themselves, as a cache and a bundle have them: every rule broken alone. */
#include "collateral/intel.h"
#include "collateral/wants.h"

#define ISSUED_S 1798761600      /* 2027-01-01 */
#define NEXT_UPDATE_S 1801353600 /* 2027-01-31 */

static enum bulla_cause
judge_at(const struct paper *p, const struct bl_collateral_set *set, const char *name,
         int64_t now_s, int64_t grace_s, struct bl_collateral_facts *facts)
{
    struct bl_collateral_trust trust = intel_trust(p);
    struct bulla_error err = { 0 };
    struct bl_collateral_facts before;

    trust.now_s = now_s;
    trust.grace_s = grace_s;
    memset(&before, 0x5a, sizeof before);
    memset(facts, 0x5a, sizeof *facts);
    if (bl_collateral_verify(piece_named(set, name), set, &trust, facts, &err) == BULLA_OK)
        return BULLA_CAUSE_NONE;
    assert_memory_equal(facts, &before, sizeof before);
    return err.cause;
}

static enum bulla_cause
judge(const struct paper *p, const struct bl_collateral_set *set, const char *name)
{
    struct bl_collateral_facts facts;

    return judge_at(p, set, name, p->v.now_s, 0, &facts);
}

/* -- good ---------------------------------------------------------------------------------------- */

static void
test_each_piece_is_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct paper *p = paper_make(all_kinds[i]);
        struct bl_collateral_facts facts;

        paper_build(p);
        struct bl_collateral_set *set = intel_set(p);
        assert_int_equal(judge_at(p, set, PAPER_TCB_INFO(p), NOW_S, 0, &facts), BULLA_CAUSE_NONE);
        assert_int_equal(facts.issued_s, ISSUED_S);
        assert_int_equal(facts.until_s, NEXT_UPDATE_S);
        assert_true(facts.evaluation.is_present);
        assert_int_equal(facts.evaluation.value, 17);
        assert_int_equal(judge_at(p, set, PAPER_IDENTITY(p), NOW_S, 0, &facts), BULLA_CAUSE_NONE);
        assert_int_equal(facts.evaluation.value, 17);
        assert_int_equal(judge_at(p, set, PAPER_PCK_CRL, NOW_S, 0, &facts), BULLA_CAUSE_NONE);
        assert_false(facts.evaluation.is_present);
        assert_int_equal(facts.until_s, 1800057600); /* 2027-01-16 */
        assert_int_equal(judge_at(p, set, PAPER_ROOT_CRL, NOW_S, 0, &facts), BULLA_CAUSE_NONE);
        bl_collateral_set_free(set);
        paper_free(p);
    }
}

/* -- what is missing ----------------------------------------------------------------------------- */

static void
test_the_list_of_the_root_is_needed(void **state)
{
    struct paper *p = paper_make(PAPER_TD10);

    (void)state;
    paper_build(p);
    struct bl_collateral_set *set = intel_set(p);
    drop_piece(set, PAPER_ROOT_CRL);
    assert_int_equal(judge(p, set, PAPER_TCB_INFO(p)), BULLA_CAUSE_CRL_MISSING);
    assert_int_equal(judge(p, set, PAPER_IDENTITY(p)), BULLA_CAUSE_CRL_MISSING);
    assert_int_equal(judge(p, set, PAPER_PCK_CRL), BULLA_CAUSE_CRL_MISSING);
    bl_collateral_set_free(set);
    paper_free(p);
}

static void
test_without_body_or_issuers(void **state)
{
    static const char *const names[] = { "intel/tdx/tcb-info/00806f050000", "intel/tdx/qe-identity",
                                         PAPER_PCK_CRL, PAPER_ROOT_CRL };
    struct paper *p = paper_make(PAPER_TD10);

    (void)state;
    paper_build(p);
    for (size_t i = 0; i < BL_COUNT_OF(names); i++) {
        struct bl_collateral_set *set = intel_set(p);
        BL_AUTO(bulla_buffer) body = { 0 };
        paper_put(&body, bulla_buffer_bytes(&piece_named(set, names[i])->body));
        put_piece(set, names[i], bulla_buffer_bytes(&body), BL_LITERAL(""));
        assert_int_equal(judge(p, set, names[i]), BULLA_CAUSE_COLLATERAL_SIGNATURE);
        put_piece(set, names[i], BL_LITERAL(""), p->parts[3].bytes);
        assert_int_equal(judge(p, set, names[i]), BULLA_CAUSE_MALFORMED);
        bl_collateral_set_free(set);
    }
    paper_free(p);
}

/* -- what is about something else ---------------------------------------------------------------- */

static void
test_content_is_what_the_name_says(void **state)
{
    struct paper *td = paper_make(PAPER_TD10), *sgx = paper_make(PAPER_SGX);

    (void)state;
    paper_build(td);
    struct bl_collateral_set *set = intel_set(td);
    put_piece(set, "intel/tdx/tcb-info/00806f050001", td->parts[2].bytes, td->parts[3].bytes);
    assert_int_equal(judge(td, set, "intel/tdx/tcb-info/00806f050001"), BULLA_CAUSE_FMSPC_MISMATCH);
    put_piece(set, "intel/sgx/tcb-info/00806f050000", td->parts[2].bytes, td->parts[3].bytes);
    assert_int_equal(judge(td, set, "intel/sgx/tcb-info/00806f050000"),
                     BULLA_CAUSE_TCB_INFO_MISMATCH);
    put_piece(set, "intel/sgx/qe-identity", td->parts[4].bytes, td->parts[5].bytes);
    assert_int_equal(judge(td, set, "intel/sgx/qe-identity"), BULLA_CAUSE_QE_IDENTITY_MISMATCH);
    put_piece(set, "intel/pck-crl/processor",
              bulla_buffer_bytes(&piece_named(set, PAPER_PCK_CRL)->body),
              bulla_buffer_bytes(&piece_named(set, PAPER_PCK_CRL)->issuers));
    assert_int_equal(judge(td, set, "intel/pck-crl/processor"), BULLA_CAUSE_CRL_ISSUER_MISMATCH);
    put_piece(set, PAPER_TCB_INFO(td), td->parts[4].bytes, td->parts[5].bytes); /* swapped bodies */
    assert_int_equal(judge(td, set, PAPER_TCB_INFO(td)), BULLA_CAUSE_MALFORMED);
    bl_collateral_set_free(set);
    paper_free(sgx);
    paper_free(td);
}

/* -- what is not signed, or not by whom ---------------------------------------------------------- */

static void
test_one_bit(void **state)
{
    static const char *const names[] = { "intel/sgx/tcb-info/00806f050000", "intel/sgx/qe-identity",
                                         PAPER_PCK_CRL, PAPER_ROOT_CRL };
    struct paper *p = paper_make(PAPER_SGX);

    (void)state;
    paper_build(p);
    for (size_t i = 0; i < BL_COUNT_OF(names); i++) {
        struct bl_collateral_set *set = intel_set(p);
        const struct bl_collateral *piece = piece_named(set, names[i]);
        for (size_t at = 0; at < piece->body.size; at += 7) {
            piece->body.data[at] ^= 0x01;
            assert_int_not_equal(judge(p, set, names[i]), BULLA_CAUSE_NONE);
            piece->body.data[at] ^= 0x01;
        }
        assert_int_equal(judge(p, set, names[i]), BULLA_CAUSE_NONE);
        bl_collateral_set_free(set);
    }
    paper_free(p);
}

static void
test_another_root_or_signer(void **state)
{
    struct paper *p = paper_make(PAPER_SGX), *other = paper_make(PAPER_SGX);

    (void)state;
    paper_build(p);
    paper_build(other);
    struct bl_collateral_set *set = intel_set(other); /* all of it consistent, and not ours */
    assert_int_equal(judge(p, set, PAPER_TCB_INFO(p)), BULLA_CAUSE_WRONG_ROOT);
    assert_int_equal(judge(p, set, PAPER_IDENTITY(p)), BULLA_CAUSE_WRONG_ROOT);
    assert_int_equal(judge(p, set, PAPER_PCK_CRL), BULLA_CAUSE_WRONG_ROOT);
    assert_int_equal(judge(p, set, PAPER_ROOT_CRL), BULLA_CAUSE_WRONG_ROOT);
    bl_collateral_set_free(set);
    p->tcb_signer = &p->authority; /* below the right root, but no TCB signer */
    paper_build(p);
    set = intel_set(p);
    assert_int_equal(judge(p, set, PAPER_TCB_INFO(p)), BULLA_CAUSE_COLLATERAL_SIGNATURE);
    bl_collateral_set_free(set);
    p->tcb_signer = NULL;
    p->pck_list_issuer = &p->signer; /* certificate below the root, but no authority */
    paper_build(p);
    set = intel_set(p);
    assert_int_equal(judge(p, set, PAPER_PCK_CRL), BULLA_CAUSE_UNTRUSTED);
    bl_collateral_set_free(set);
    paper_free(other);
    paper_free(p);
}

/* An authority that the root never certified, with the right name, and its own empty list. */
static void
test_an_authority_of_nobody(void **state)
{
    struct paper *p = paper_make(PAPER_SGX), *other = paper_make(PAPER_SGX);
    BL_AUTO(bulla_buffer) issuers = { 0 };

    (void)state;
    paper_build(p);
    paper_build(other);
    struct bl_collateral_set *set = intel_set(p);
    paper_pem(other->authority.certificate, &issuers);
    paper_pem(p->root.certificate, &issuers);
    put_piece(set, PAPER_PCK_CRL, other->parts[1].bytes, bulla_buffer_bytes(&issuers));
    assert_int_equal(judge(p, set, PAPER_PCK_CRL), BULLA_CAUSE_SIGNATURE);
    bl_collateral_set_free(set);
    paper_free(other);
    paper_free(p);
}

static void
test_a_revoked_signer(void **state)
{
    static const char *const of_signer[] = { "66" }, *const of_authority[] = { "55" };
    struct paper *p = paper_make(PAPER_SGX);

    (void)state;
    p->root_listing = (struct listing){ .serials = of_signer, .serial_count = 1 };
    paper_build(p);
    struct bl_collateral_set *set = intel_set(p);
    assert_int_equal(judge(p, set, PAPER_TCB_INFO(p)), BULLA_CAUSE_REVOKED);
    assert_int_equal(judge(p, set, PAPER_IDENTITY(p)), BULLA_CAUSE_REVOKED);
    assert_int_equal(judge(p, set, PAPER_PCK_CRL), BULLA_CAUSE_NONE);
    bl_collateral_set_free(set);
    p->root_listing = (struct listing){ .serials = of_authority, .serial_count = 1 };
    paper_build(p);
    set = intel_set(p);
    assert_int_equal(judge(p, set, PAPER_PCK_CRL), BULLA_CAUSE_REVOKED);
    bl_collateral_set_free(set);
    paper_free(p);
}

/* -- what a quote wants -------------------------------------------------------------------------- */

static void
test_what_a_quote_wants(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct paper *p = paper_make(all_kinds[i]);
        BL_AUTO_FREE(bl_wants) wants = bl_wants_new();
        struct bulla_error err = { 0 };

        paper_build(p);
        const char *kind = p->kind == PAPER_SGX ? "sgx" : "tdx";
        assert_string_equal(bl_evidence_kind(p->v.evidence), kind);
        assert_ok(bl_wants_of_evidence(wants, kind, &p->v, BL_SNP_GENERATION_NONE, &err), &err);
        assert_int_equal(wants->count, 4);
        struct bl_collateral_set *set = intel_set(p); /* just these */
        for (size_t k = 0; k < wants->count; k++)
            assert_non_null(bl_collateral_find(set, &wants->items[k]));
        bl_collateral_set_free(set);
        paper_free(p);
    }
}

/* What a platform is comes from its PCK: a quote that names its platform only can be asked nothing. */
static void
test_a_quote_without_its_pck(void **state)
{
    struct paper *p = paper_make(PAPER_SGX);
    BL_AUTO_FREE(bl_wants) wants = bl_wants_new();
    struct bulla_error err = { 0 };

    (void)state;
    p->certification_type = 3;
    paper_build(p);
    assert_cause(bl_wants_of_evidence(wants, "sgx", &p->v, BL_SNP_GENERATION_NONE, &err),
                 BULLA_CAUSE_CERTIFICATION_DATA, &err);
    assert_int_equal(wants->count, 0);
    paper_free(p);
}

/* -- windows ------------------------------------------------------------------------------------- */

static void
with_wide_lists(struct paper *p)
{
    p->root_listing.this_update = p->pck_listing.this_update = "20260601000000Z";
    p->root_listing.next_update = p->pck_listing.next_update = "20270601000000Z";
}

static void
test_both_sides_of_each_date(void **state)
{
    struct paper *p = paper_make(PAPER_TD15);
    struct bl_collateral_facts facts;

    (void)state;
    with_wide_lists(p);
    paper_build(p);
    struct bl_collateral_set *set = intel_set(p);
    const char *const names[] = { PAPER_TCB_INFO(p), PAPER_IDENTITY(p) };
    for (size_t i = 0; i < BL_COUNT_OF(names); i++) {
        assert_int_equal(judge_at(p, set, names[i], ISSUED_S - 1, 0, &facts),
                         BULLA_CAUSE_NOT_YET_VALID);
        assert_int_equal(judge_at(p, set, names[i], ISSUED_S, 0, &facts), BULLA_CAUSE_NONE);
        assert_int_equal(judge_at(p, set, names[i], NEXT_UPDATE_S - 1, 0, &facts),
                         BULLA_CAUSE_NONE);
        assert_int_equal(judge_at(p, set, names[i], NEXT_UPDATE_S, 0, &facts),
                         BULLA_CAUSE_COLLATERAL_EXPIRED);
        assert_int_equal(judge_at(p, set, names[i], NEXT_UPDATE_S + 86399, 86400, &facts),
                         BULLA_CAUSE_NONE);
        assert_int_equal(judge_at(p, set, names[i], NEXT_UPDATE_S + 86400, 86400, &facts),
                         BULLA_CAUSE_COLLATERAL_EXPIRED);
    }
    bl_collateral_set_free(set);
    paper_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_piece_is_good),
        cmocka_unit_test(test_the_list_of_the_root_is_needed),
        cmocka_unit_test(test_without_body_or_issuers),
        cmocka_unit_test(test_content_is_what_the_name_says),
        cmocka_unit_test(test_one_bit),
        cmocka_unit_test(test_another_root_or_signer),
        cmocka_unit_test(test_an_authority_of_nobody),
        cmocka_unit_test(test_a_revoked_signer),
        cmocka_unit_test(test_what_a_quote_wants),
        cmocka_unit_test(test_a_quote_without_its_pck),
        cmocka_unit_test(test_both_sides_of_each_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
