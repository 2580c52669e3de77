/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Intel says of a platform: revocation lists, TCB info, identity of the quoting enclave; signed, of
 * now, about this platform, or refused.
 */
#include "tee/dcap_cases.h"

/* -- revocation ---------------------------------------------------------------------------------- */

static const char *const serials[] = { "01", "77", "02" };
static const char *const authority_serial[] = { "55" };
static const char *const signer_serial[] = { "66" };

static void
with_leaf_revoked(struct paper *p)
{
    p->pck_listing = (struct listing){ .serials = serials, .serial_count = 3 };
}

static void
with_authority_revoked(struct paper *p)
{
    p->root_listing = (struct listing){ .serials = authority_serial, .serial_count = 1 };
}

static void
with_signer_revoked(struct paper *p)
{
    p->root_listing = (struct listing){ .serials = signer_serial, .serial_count = 1 };
}

static void
with_list_of_the_root_twice(struct paper *p)
{
    p->pck_list_issuer = &p->root;
}

static void
with_forged_root_list(struct paper *p)
{
    p->root_list_issuer = &p->authority;
}

static void
with_old_pck_list(struct paper *p)
{
    p->pck_listing.next_update = "20270115080000Z"; /* now: it is due */
}

static void
with_future_root_list(struct paper *p)
{
    p->root_listing.this_update = "20270115080001Z";
}

static void
without_root_list(struct paper *p)
{
    paper_drop(p, "root_ca_crl");
}

static void
without_pck_list(struct paper *p)
{
    paper_drop(p, "pck_crl");
}

static void
without_pck_list_wanted(struct paper *p)
{
    paper_drop(p, "pck_crl");
    p->inputs[0] = (struct bl_part){ "require_crl", BL_LITERAL("true") };
    p->v.input_count = 1;
}

static void
without_anything(struct paper *p)
{
    p->v.part_count = 0;
}

/* A list of the other authority beside the right one does no harm. */
static void
with_another_list_before(struct paper *p)
{
    p->parts[p->v.part_count++] = p->parts[1];
    p->parts[1].bytes = p->parts[0].bytes;
}

static void
test_revocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        refuses(all_kinds[i], with_leaf_revoked, NULL, BULLA_CAUSE_REVOKED);
        refuses(all_kinds[i], with_authority_revoked, NULL, BULLA_CAUSE_REVOKED);
        refuses(all_kinds[i], with_signer_revoked, NULL, BULLA_CAUSE_REVOKED);
        refuses(all_kinds[i], with_list_of_the_root_twice, NULL, BULLA_CAUSE_CRL_ISSUER_MISMATCH);
        refuses(all_kinds[i], NULL, without_root_list, BULLA_CAUSE_CRL_MISSING);
    }
    refuses(PAPER_SGX, with_forged_root_list, NULL, BULLA_CAUSE_COLLATERAL_SIGNATURE);
    refuses(PAPER_SGX, with_old_pck_list, NULL, BULLA_CAUSE_COLLATERAL_EXPIRED);
    refuses(PAPER_SGX, with_future_root_list, NULL, BULLA_CAUSE_NOT_YET_VALID);
    refuses(PAPER_SGX, NULL, without_pck_list_wanted, BULLA_CAUSE_CRL_MISSING);
    struct bl_claims claims = accepts(PAPER_SGX, NULL, without_pck_list);
    assert_true(is_unchecked(&claims, "pck_crl"));
    assert_int_equal(accepts(PAPER_SGX, NULL, with_another_list_before).unchecked_count, 0);
}

static void
test_nothing_but_the_quote(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct bl_claims claims = accepts(all_kinds[i], NULL, without_anything);
        assert_true(claims.tcb.is_rated);
        assert_int_equal(claims.tcb.status, BL_TCB_ABSENT);
        assert_true(is_unchecked(&claims, "tcb_info"));
        assert_true(is_unchecked(&claims, "qe_identity"));
        assert_true(is_unchecked(&claims, "root_ca_crl"));
        assert_false(baseline_accepts(&claims));
    }
}

/* -- what Intel's TCB signer signed -------------------------------------------------------------- */

static void
with_wide_lists(struct paper *p)
{
    p->root_listing.this_update = p->pck_listing.this_update = "20260601000000Z";
    p->root_listing.next_update = p->pck_listing.next_update = "20270601000000Z";
}

static enum bulla_cause
cause_at(enum paper_kind kind, int64_t now_s)
{
    struct paper *p = paper_make(kind);
    struct bulla_error err = { 0 };
    struct bl_claims claims;

    with_wide_lists(p);
    paper_build(p);
    p->v.now_s = now_s;
    if (paper_verify(p, &claims, &err) == BULLA_OK)
        err.cause = BULLA_CAUSE_NONE;
    paper_free(p);
    return err.cause;
}

static void
test_both_sides_of_each_date(void **state)
{
    const int64_t issued_s = 1798761600, next_update_s = 1801353600; /* 2027-01-01, -31 */

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        assert_int_equal(cause_at(all_kinds[i], issued_s - 1), BULLA_CAUSE_NOT_YET_VALID);
        assert_int_equal(cause_at(all_kinds[i], issued_s), BULLA_CAUSE_NONE);
        assert_int_equal(cause_at(all_kinds[i], next_update_s - 1), BULLA_CAUSE_NONE);
        assert_int_equal(cause_at(all_kinds[i], next_update_s), BULLA_CAUSE_COLLATERAL_EXPIRED);
    }
}

/* Collateral past its next update counts for exactly as long as the caller says, and is told of. */
static void
test_grace(void **state)
{
    const int64_t next_update_s = 1801353600, day_s = 86400;
    struct paper *p = paper_make(PAPER_TD15);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    (void)state;
    paper_build(p); /* its lists are due on 2027-01-16, before the rest */
    p->v.collateral_grace_s = 20 * day_s;
    p->v.now_s = next_update_s;
    assert_ok(paper_verify(p, &claims, &err), &err);
    assert_int_equal(claims.unchecked_count, 1);
    assert_true(is_unchecked(&claims, "news since collateral's next update was due"));
    assert_true(claims.late_s.is_present); /* the lists', which are the latest */
    assert_int_equal(claims.late_s.value, next_update_s - 1800057600);
    p->v.now_s = 1800057600 + 20 * day_s - 1; /* the lists' next update, and the grace */
    assert_ok(paper_verify(p, &claims, &err), &err);
    p->v.now_s++;
    assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_COLLATERAL_EXPIRED, &err);
    paper_free(p);
}

static void
test_grace_of_documents(void **state)
{
    const int64_t next_update_s = 1801353600, day_s = 86400;
    struct paper *p = paper_make(PAPER_SGX);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    (void)state;
    with_wide_lists(p);
    paper_build(p);
    p->v.collateral_grace_s = day_s;
    p->v.now_s = next_update_s + day_s - 1;
    assert_ok(paper_verify(p, &claims, &err), &err);
    assert_true(is_unchecked(&claims, "news since collateral's next update was due"));
    assert_int_equal(claims.late_s.value, day_s - 1);
    p->v.now_s++;
    assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_COLLATERAL_EXPIRED, &err);
    paper_free(p);
}

static void
with_old_identity(struct paper *p)
{
    paper_swap(p->qe_identity, "2027-01-31", "2027-01-15");
}

static void
with_future_identity(struct paper *p)
{
    paper_swap(p->qe_identity, "2027-01-01", "2027-01-16");
}

static void
signed_by_the_pck(struct paper *p)
{
    p->tcb_signer = &p->leaf;
}

static void
signed_by_the_authority(struct paper *p)
{
    p->tcb_signer = &p->authority;
}

static void
pretty(struct paper *p, size_t part)
{
    struct bulla_buffer *body = &p->parts_owned[part];
    struct bulla_error err = { 0 };
    struct bulla_buffer wide = { 0 };

    for (size_t i = 0; i < body->size; i++) {
        assert_ok(bulla_buffer_append(&wide, (struct bulla_bytes){ body->data + i, 1 }, &err),
                  &err);
        if (body->data[i] == ',')
            assert_ok(bulla_buffer_append(&wide, BL_LITERAL("\n "), &err), &err);
    }
    bulla_buffer_done(body);
    *body = wide;
    p->parts[part].bytes = bulla_buffer_bytes(body);
}

static void
with_pretty_tcb_info(struct paper *p)
{
    pretty(p, 2);
}

static void
with_pretty_identity(struct paper *p)
{
    pretty(p, 4);
}

static void
without_signers(struct paper *p)
{
    paper_drop(p, "tcb_info_issuer_chain");
}

static void
with_tcb_info_twice(struct paper *p)
{
    p->parts[p->v.part_count++] = p->parts[2];
}

static void
test_collateral_is_signed(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        refuses(all_kinds[i], signed_by_the_authority, NULL, BULLA_CAUSE_COLLATERAL_SIGNATURE);
        refuses(all_kinds[i], signed_by_the_pck, NULL, BULLA_CAUSE_UNTRUSTED);
        refuses(all_kinds[i], NULL, with_pretty_tcb_info, BULLA_CAUSE_COLLATERAL_SIGNATURE);
        refuses(all_kinds[i], NULL, with_pretty_identity, BULLA_CAUSE_COLLATERAL_SIGNATURE);
        refuses(all_kinds[i], NULL, without_signers, BULLA_CAUSE_COLLATERAL_SIGNATURE);
        refuses(all_kinds[i], NULL, with_tcb_info_twice, BULLA_CAUSE_USAGE);
        refuses(all_kinds[i], with_old_identity, NULL, BULLA_CAUSE_COLLATERAL_EXPIRED);
        refuses(all_kinds[i], with_future_identity, NULL, BULLA_CAUSE_NOT_YET_VALID);
    }
}

static void
of_another_family(struct paper *p)
{
    paper_swap(p->tcb_info, "00806f050000", "00906ea10000");
}

static void
of_another_pce(struct paper *p)
{
    paper_swap(p->tcb_info, "\"pceId\":\"0000\"", "\"pceId\":\"0001\"");
}

static void
of_the_other_tee(struct paper *p)
{
    enum paper_kind own = p->kind;

    p->kind = own == PAPER_SGX ? PAPER_TD10 : PAPER_SGX;
    paper_write_tcb_info(p);
    p->kind = own;
}

static void
test_collateral_is_about_this_platform(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        refuses(all_kinds[i], of_another_family, NULL, BULLA_CAUSE_FMSPC_MISMATCH);
        refuses(all_kinds[i], of_another_pce, NULL, BULLA_CAUSE_PCEID_MISMATCH);
        refuses(all_kinds[i], of_the_other_tee, NULL, BULLA_CAUSE_TCB_INFO_MISMATCH);
    }
}

/* -- what was found out before ------------------------------------------------------------------- */

/* The documents of one paper under the signer of another: nothing that the first one proved helps. */
static void
remembered(void **state)
{
    struct paper *p = paper_make(PAPER_TD15), *other = paper_make(PAPER_TD15);
    BL_AUTO_FREE(bl_memo) memo = NULL;
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    (void)state;
    assert_ok(bl_memo_new(64, 1 << 20, &memo, &err), &err);
    paper_build(p);
    paper_build(other);
    p->v.memo = other->v.memo = memo;
    for (int i = 0; i < 2; i++) {
        assert_ok(paper_verify(p, &claims, &err), &err);
        assert_ok(paper_verify(other, &claims, &err), &err);
    }
    const struct bulla_bytes own = other->parts[2].bytes;
    other->parts[2].bytes = p->parts[2].bytes; /* TCB info, signed by p's signer */
    assert_cause(paper_verify(other, &claims, &err), BULLA_CAUSE_COLLATERAL_SIGNATURE, &err);
    assert_cause(paper_verify(other, &claims, &err), BULLA_CAUSE_COLLATERAL_SIGNATURE, &err);
    other->parts[2].bytes = own;
    bulla_error_clear(&err);
    assert_ok(paper_verify(other, &claims, &err), &err);
    other->v.now_s += 40 * 86400; /* what is known to be Intel's is not of now for ever */
    assert_fails(paper_verify(other, &claims, &err), BULLA_E_STALE, &err);
    paper_free(p);
    paper_free(other);
}

/* Two documents, and certificates of another signer with the second. */
static void
two_signers(void **state)
{
    struct paper *p = paper_make(PAPER_SGX), *other = paper_make(PAPER_SGX);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    (void)state;
    paper_build(p);
    paper_build(other);
    p->parts[4].bytes = other->parts[4].bytes;
    assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_COLLATERAL_SIGNATURE, &err);
    p->parts[5].bytes = other->parts[5].bytes; /* under a root that is not pinned */
    assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_WRONG_ROOT, &err);
    paper_free(p);
    paper_free(other);
}

/* Intel certifies another key now and then: each document counts under the one that came with it. */
static void
a_signer_each(void **state)
{
    struct paper *p = paper_make(PAPER_SGX);
    struct party second = certify(
        make_key(WITH_P256), WITH_P256,
        (struct saying){ .name = "Intel SGX TCB Signing", .serial = "67", PAPER_LEAF }, &p->root);
    BL_AUTO(bulla_buffer) identity = { 0 };
    BL_AUTO(bulla_buffer) issuers = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    (void)state;
    paper_build(p);
    p->tcb_signer = &second;
    paper_write_body(p, "enclaveIdentity", p->qe_identity, &identity);
    paper_pem(second.certificate, &issuers);
    paper_pem(p->root.certificate, &issuers);
    p->parts[5].bytes = bulla_buffer_bytes(&issuers);
    assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_COLLATERAL_SIGNATURE, &err);
    p->parts[4].bytes = bulla_buffer_bytes(&identity);
    bulla_error_clear(&err);
    assert_ok(paper_verify(p, &claims, &err), &err);
    party_done(&second);
    paper_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_nothing_but_the_quote),
        cmocka_unit_test(test_both_sides_of_each_date),
        cmocka_unit_test(test_grace),
        cmocka_unit_test(test_grace_of_documents),
        cmocka_unit_test(test_collateral_is_signed),
        cmocka_unit_test(test_collateral_is_about_this_platform),
        cmocka_unit_test(remembered),
        cmocka_unit_test(two_signers),
        cmocka_unit_test(a_signer_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
