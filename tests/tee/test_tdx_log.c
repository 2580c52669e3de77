/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TD's quote with its event log: the log counts where it comes to the quoted RTMRs, and a log that does
 * not takes the quote with it.
 */

#include "tee/paper_ccel.h"
#include "tee/paper_dcap.h"

#include "appraise/appraise.h"

static struct paper_ccel ccel;
static size_t log_count;

/* The log beside the collateral, so often. */
static enum bulla_status
verify(struct paper *p, struct bl_claims *claims, struct bulla_error *err)
{
    struct bl_part parts[PAPER_PART_COUNT + 2];
    struct bl_verification v = p->v;

    memcpy(parts, v.parts, v.part_count * sizeof parts[0]);
    for (size_t i = 0; i < log_count; i++)
        parts[v.part_count++] = (struct bl_part){ "ccel", bulla_buffer_bytes(&ccel.log) };
    v.parts = parts;
    bulla_error_clear(err);
    *claims = (struct bl_claims){ 0 };
    return bl_scheme_find("tdx")->verify(&v, claims, err);
}

static struct paper *
make(enum paper_kind kind)
{
    struct paper *p = paper_make(kind);

    log_count = 1;
    paper_ccel_make(&ccel);
    paper_ccel_quote(&ccel, p->body);
    return p;
}

static struct bl_claims
accepted(struct paper *p)
{
    struct bl_claims claims;
    struct bulla_error err = { 0 };

    paper_build(p);
    assert_ok(verify(p, &claims, &err), &err);
    return claims;
}

static void
refused(struct paper *p, enum bulla_cause cause)
{
    struct bl_claims claims;
    struct bulla_error err = { 0 };

    paper_build(p);
    assert_cause(verify(p, &claims, &err), cause, &err);
    assert_null(claims.kind);
}

static void
test_a_log_that_replays_is_claimed(void **state)
{
    (void)state;
    for (int kind = PAPER_TD10; kind <= PAPER_TD15; kind++) {
        struct paper *p = make((enum paper_kind)kind);
        struct bl_claims claims = accepted(p);
        assert_int_equal(claims.register_log_covers,
                         0xf); /* nothing is in RTMR 3, as the log says */
        assert_bytes_equal(claims.register_log, bulla_buffer_bytes(&ccel.log));
        p->body[PAPER_RTMR_OFFSET + 3 * 48] = 1; /* extended at run time, logged elsewhere */
        claims = accepted(p);
        assert_int_equal(claims.register_log_covers, 0x7);
        log_count = 0;
        claims = accepted(p);
        assert_int_equal(claims.register_log_covers, 0);
        assert_int_equal(claims.register_log.size, 0);
        paper_free(p);
    }
}

/* Each RTMR that the log speaks of, and each byte of the log that is in a digest. */
static void
test_a_log_of_another_boot_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct paper *p = make(PAPER_TD15);
        if (i == 3)
            paper_ccel_event(&ccel, 3, 0x0000000du, "workload");
        paper_ccel_quote(&ccel, p->body);
        assert_int_equal(accepted(p).register_log_covers, 0xf);
        p->body[PAPER_RTMR_OFFSET + i * 48 + 47] ^= 1;
        refused(p, BULLA_CAUSE_LOG_MISMATCH);
        paper_free(p);
    }
    struct paper *p = make(PAPER_TD15);
    ccel.log.size -= 14 + 48 + 4 + 6; /* the last event: "kernel" */
    refused(p, BULLA_CAUSE_LOG_MISMATCH);
    paper_free(p);
}

static void
test_a_log_that_is_none_is_refused(void **state)
{
    struct paper *p = make(PAPER_TD15);

    (void)state;
    log_count = 2;
    refused(p, BULLA_CAUSE_MALFORMED); /* which of them? */
    log_count = 1;
    ccel.log.size--;
    refused(p, BULLA_CAUSE_MALFORMED);
    ccel.log.size = 0;
    refused(p, BULLA_CAUSE_MALFORMED); /* empty is not absent */
    paper_ccel_make(&ccel);
    paper_ccel_event(&ccel, 0, BL_EV_SEPARATOR, "\1");
    paper_ccel_quote(&ccel, p->body);
    refused(p, BULLA_CAUSE_LOG_MISMATCH); /* a separator that measures something else */
    paper_free(p);
}

/* -- what a policy finds in it ------------------------------------------------------------------ */

static struct bl_verdict verdict; /* large */

static bool
finds(const struct bl_claims *claims, unsigned rtmr, const char *what, bool is_forbidden)
{
    uint8_t digest[48];
    struct bulla_error err = { 0 };
    struct bl_policy_item rule = { .pcr = { BL_SHA384, 1u << rtmr },
                                   .value = BL_BYTES_OF(digest),
                                   .until_s = BL_POLICY_NEVER };
    struct bl_appraisal_policy p = { .format = BL_POLICY_FORMAT,
                                     .kinds = (uint64_t)1 << BL_KIND_TDX };
    const struct bl_policy_list rules = { .items = &rule, .count = 1 };

    assert_ok(bl_hash_once(BL_SHA384, text_bytes(what), digest, &err), &err);
    if (is_forbidden)
        p.forbidden_events = rules;
    else
        p.required_events = rules;
    bl_appraise(claims, &p, 1, &verdict);
    for (size_t i = 0; i < verdict.check_count; i++)
        if (verdict.checks[i].id == BL_CHECK_EVENTS)
            return verdict.checks[i].passed;
    fail();
    return false;
}

static void
test_events_of_a_td(void **state)
{
    struct paper *p = make(PAPER_TD15);
    struct bl_claims claims = accepted(p);

    (void)state;
    assert_true(finds(&claims, 0, "SecureBoot", false));
    assert_true(finds(&claims, 1, "boot loader", false));
    assert_true(finds(&claims, 2, "kernel", false));
    assert_false(finds(&claims, 1, "kernel", false)); /* in another register */
    assert_false(finds(&claims, 3, "kernel", false));
    assert_false(finds(&claims, 2, "kernel", true));
    assert_true(finds(&claims, 2, "old kernel", true));
    assert_true(finds(&claims, 3, "old kernel", true));
    claims.register_log_covers = 0x7; /* what is not known to be absent is not absent */
    assert_false(finds(&claims, 3, "old kernel", true));
    claims.register_log.size = 0;
    assert_false(finds(&claims, 2, "kernel", false));
    assert_false(finds(&claims, 2, "old kernel", true));
    paper_free(p);
}

static int
drop_log(void **state)
{
    (void)state;
    bulla_buffer_done(&ccel.log);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_log_that_replays_is_claimed),
        cmocka_unit_test(test_a_log_of_another_boot_is_refused),
        cmocka_unit_test(test_a_log_that_is_none_is_refused),
        cmocka_unit_test(test_events_of_a_td),
    };
    return cmocka_run_group_tests(tests, NULL, drop_log);
}
