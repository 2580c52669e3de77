/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes of SGX and TDX, verified: an honest platform on paper, and each rule broken alone. Flaws that
 * others published are in test_dcap_flaws.c.
 */
#include "tee/dcap_cases.h"

#include "faults.h"

/* -- honest platforms ---------------------------------------------------------------------------- */

static void
test_honest_enclave(void **state)
{
    struct bl_claims claims = accepts(PAPER_SGX, NULL, NULL);
    uint8_t ppid_digest[32];
    struct bulla_error err = { 0 };

    (void)state;
    assert_string_equal(claims.kind, "sgx");
    assert_int_equal(claims.platform_class, BL_CLASS_HARDWARE);
    assert_int_equal(claims.code.size, 32);
    assert_int_equal(claims.code.bytes[0], 0xc0);
    assert_int_equal(claims.signer.size, 32);
    assert_int_equal(claims.signer.bytes[31], 0x51);
    assert_string_equal(claims.product, "7");
    assert_int_equal(claims.version.value, 3);
    assert_int_equal(claims.config.size, 64);
    assert_true(claims.debug.is_present && !claims.debug.value);
    assert_false(claims.migratable.is_present);
    assert_false(claims.module_version.is_present || claims.module_svn.is_present);
    assert_ok(bl_hash_once(BL_SHA256, (struct bulla_bytes){ (const uint8_t *)PAPER_PPID, 16 },
                           ppid_digest, &err),
              &err);
    assert_bytes_equal(bl_claim_view(&claims.platform_id), BL_BYTES_OF(ppid_digest));
    assert_true(claims.tcb.is_rated);
    assert_int_equal(claims.tcb.status, BL_TCB_UP_TO_DATE);
    assert_int_equal(claims.tcb.platform, BL_TCB_UP_TO_DATE);
    assert_int_equal(claims.tcb.quoter, BL_TCB_UP_TO_DATE);
    assert_int_equal(claims.tcb.module, BL_TCB_ABSENT);
    assert_int_equal(claims.tcb.date_s.value, 1773360000); /* 2026-03-13 */
    assert_true(claims.tcb.evaluation_number.is_present);
    assert_int_equal(claims.isolation, BL_ISOLATION_HARDWARE);
    assert_true(claims.attributes.is_present && claims.attributes.value == 0x05);
    assert_int_equal(claims.registers.mask, 0);
    assert_int_equal(claims.firmware.generation, BL_SNP_GENERATION_NONE);
    assert_int_equal(claims.tcb.advisory_count, 1);
    assert_true(has_advisory(&claims, "INTEL-SA-00615"));
    assert_int_equal(claims.unchecked_count, 0);
    assert_int_equal(claims.binding, BL_BINDING_ABSENT);
    assert_true(baseline_accepts(&claims));
}

static void
test_honest_trust_domains(void **state)
{
    (void)state;
    for (size_t i = 1; i < BL_COUNT_OF(all_kinds); i++) {
        struct bl_claims claims = accepts(all_kinds[i], NULL, NULL);
        assert_string_equal(claims.kind, "tdx");
        assert_int_equal(claims.code.size, 48);
        assert_int_equal(claims.config.size, 48);
        assert_int_equal(claims.signer.size, 0);
        assert_true(claims.debug.is_present && !claims.debug.value);
        assert_true(claims.migratable.is_present && !claims.migratable.value);
        assert_int_equal(claims.isolation, BL_ISOLATION_HARDWARE);
        assert_true(claims.attributes.is_present);
        assert_int_equal(claims.registers.hash, BL_SHA384);
        assert_int_equal(claims.registers.mask, 0xf);
        assert_true(claims.module_version.is_present && claims.module_version.value == 1);
        assert_true(claims.module_svn.is_present && claims.module_svn.value == 5);
        assert_int_equal(claims.service_td.size, 0);
        assert_false(claims.late_s.is_present);
        assert_int_equal(claims.tcb.status, BL_TCB_UP_TO_DATE);
        assert_int_equal(claims.tcb.module, BL_TCB_UP_TO_DATE);
        assert_int_equal(claims.tcb.advisory_count, 2); /* of the level and of the module */
        assert_true(baseline_accepts(&claims));
    }
}

static void
as_version_5(struct paper *p)
{
    p->version = 5;
}

static void
as_version_4(struct paper *p)
{
    p->version = 4;
}

static void
test_enclaves_in_later_versions(void **state)
{
    (void)state;
    assert_int_equal(accepts(PAPER_SGX, as_version_5, NULL).version.value, 3);
    assert_int_equal(accepts(PAPER_SGX, as_version_4, NULL).version.value, 3);
}

static void
test_a_quote_of_another_kind(void **state)
{
    struct paper *p = paper_make(PAPER_TD10);
    struct bulla_error err = { 0 };
    struct bl_claims claims = marked();

    (void)state;
    paper_build(p);
    assert_fails(bl_scheme_find("sgx")->verify(&p->v, &claims, &err), BULLA_E_UNSUPPORTED, &err);
    paper_free(p);
    p = paper_make(PAPER_SGX);
    paper_build(p);
    assert_fails(bl_scheme_find("tdx")->verify(&p->v, &claims, &err), BULLA_E_UNSUPPORTED, &err);
    assert_untouched(&claims);
    paper_free(p);
}

/* -- the chain of the PCK ------------------------------------------------------------------------ */

static void
test_certificates_come_in_any_order(void **state)
{
    static const char *const orders[] = { "lar", "lra", "alr", "arl", "rla", "ral" };
    static const char *const broken[] = { "la", "lr", "ar", "l", "lara", "llar", "larr" };
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    struct paper *p = paper_make(PAPER_SGX);

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(orders); i++) {
        p->order = orders[i];
        paper_build(p);
        bulla_error_clear(&err);
        assert_ok(paper_verify(p, &claims, &err), &err);
    }
    for (size_t i = 0; i < BL_COUNT_OF(broken); i++) {
        p->order = broken[i];
        paper_build(p);
        assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_UNTRUSTED, &err);
    }
    paper_free(p);
}

static void
with_root_of_another(struct paper *p)
{
    p->anchor.der = (struct bulla_bytes){ (const uint8_t *)"no key has this digest, surely..", 32 };
}

static void
with_root_of_another_alone(struct paper *p)
{
    with_root_of_another(p);
    p->v.part_count = 0;
}

static void
with_no_anchor(struct paper *p)
{
    p->v.anchor_count = 0;
}

static void
with_leaf_of_another_authority(struct paper *p)
{
    struct party other = certify(make_key(WITH_P256), WITH_P256,
                                 (struct saying){ .name = "Intel SGX PCK Platform CA",
                                                  .constraints = "critical,CA:TRUE,pathlen:0" },
                                 &p->root);

    paper_put_leaf(p, paper_leaf(&other, PAPER_PCK, paper_sgx_svns));
    party_done(&other);
}

static void
with_leaf_of_another_name(struct paper *p)
{
    paper_put_leaf(p, paper_leaf(&p->authority, "Intel SGX PCK certificate", paper_sgx_svns));
}

static void
with_leaf_without_extension(struct paper *p)
{
    paper_put_leaf(p, certify(make_key(WITH_P256), WITH_P256,
                              (struct saying){ .name = PAPER_PCK, PAPER_LEAF }, &p->authority));
}

static void
with_authority_of_another_name(struct paper *p)
{
    party_done(&p->authority);
    p->authority = certify(
        make_key(WITH_P256), WITH_P256,
        (struct saying){ .name = "Intel SGX PCK CA", .constraints = "critical,CA:TRUE,pathlen:0" },
        &p->root);
    paper_put_leaf(p, paper_leaf(&p->authority, PAPER_PCK, paper_sgx_svns));
}

/* The pinned key, under a certificate that it did not sign: dates and rights of somebody else. */
static struct party unsigned_root;

static void
with_root_signed_by_another(struct paper *p)
{
    struct party other = { .algorithm = WITH_P256, .key = make_key(WITH_P256) };
    X509 *x509 = native(p->root.certificate);

    set_time(X509_getm_notAfter(x509), "20990101000000Z");
    assert_true(X509_sign(x509, other.key, EVP_sha256()) > 0);
    unsigned_root = (struct party){ .certificate = parse_native(x509) };
    X509_free(x509);
    p->chain_root = unsigned_root;
    party_done(&other);
}

static void
long_after(struct paper *p)
{
    p->v.now_s = INT64_C(1893456000) + 1; /* 2030-01-01, and a second */
}

static void
long_before(struct paper *p)
{
    p->v.now_s = INT64_C(1577836799);
}

static void
test_the_chain_of_the_pck(void **state)
{
    (void)state;
    refuses(PAPER_SGX, NULL, with_root_of_another, BULLA_CAUSE_WRONG_ROOT);
    refuses(PAPER_SGX, NULL, with_root_of_another_alone, BULLA_CAUSE_WRONG_ROOT);
    refuses(PAPER_SGX, NULL, with_no_anchor, BULLA_CAUSE_WRONG_ROOT);
    refuses(PAPER_SGX, with_leaf_of_another_authority, NULL, BULLA_CAUSE_UNTRUSTED);
    refuses(PAPER_SGX, with_leaf_of_another_name, NULL, BULLA_CAUSE_UNTRUSTED);
    refuses(PAPER_SGX, with_authority_of_another_name, NULL, BULLA_CAUSE_UNTRUSTED);
    refuses(PAPER_SGX, with_leaf_without_extension, NULL, BULLA_CAUSE_MALFORMED);
    refuses(PAPER_SGX, with_root_signed_by_another, NULL, BULLA_CAUSE_UNTRUSTED);
    party_done(&unsigned_root);
    refuses(PAPER_SGX, NULL, long_after, BULLA_CAUSE_EXPIRED);
    refuses(PAPER_SGX, NULL, long_before, BULLA_CAUSE_NOT_YET_VALID);
}

static void
with_ppid_only(struct paper *p)
{
    p->certification_type = 3;
}

static void
with_type_4(struct paper *p)
{
    p->certification_type = 4;
}

static void
test_certification_data_without_certificate(void **state)
{
    struct paper *p = paper_make(PAPER_SGX);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    BL_AUTO(bulla_buffer) chain = { 0 };

    (void)state;
    refuses(PAPER_SGX, with_ppid_only, NULL, BULLA_CAUSE_CERTIFICATION_DATA);
    refuses(PAPER_TD15, with_ppid_only, NULL, BULLA_CAUSE_CERTIFICATION_DATA);
    refuses(PAPER_SGX, with_type_4, NULL, BULLA_CAUSE_CERTIFICATION_DATA);
    p->certification_type = 2; /* looked up by other means */
    paper_build(p);
    paper_chain(p, &chain);
    p->parts[p->v.part_count++] = (struct bl_part){ "pck_chain", { chain.data, chain.size - 1 } };
    assert_ok(paper_verify(p, &claims, &err), &err);
    p->certification_type = 0;
    paper_build(p);
    assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_CERTIFICATION_DATA, &err);
    paper_free(p);
}

/* -- signatures ---------------------------------------------------------------------------------- */

static void
signed_by_another_key(struct paper *p)
{
    p->is_signed_by_other = true;
}

static void
with_qe_signed_by_another(struct paper *p)
{
    p->is_qe_signed_by_other = true;
}

static void
with_unvouched_key(struct paper *p)
{
    p->keeps_report_data = true;
    memset(p->qe_report + 320, 0x77, 32);
}

static void
test_signatures(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        refuses(all_kinds[i], signed_by_another_key, NULL, BULLA_CAUSE_QUOTE_SIGNATURE);
        refuses(all_kinds[i], with_qe_signed_by_another, NULL, BULLA_CAUSE_REPORT_SIGNATURE);
        refuses(all_kinds[i], with_unvouched_key, NULL, BULLA_CAUSE_BINDING_MISMATCH);
    }
}

/* One bit of a part, changed without the keys. */
static void
refuse_changes(struct paper *p, struct bulla_buffer *bytes, size_t step)
{
    for (size_t at = 0; at < bytes->size; at += step) {
        struct bulla_error err = { 0 };
        struct bl_claims claims = marked();
        bytes->data[at] ^= 0x10;
        if (paper_verify(p, &claims, &err) == BULLA_OK)
            fail_msg("byte %zu may be changed", at);
        assert_true(bulla_status_is_finding(err.status));
        bytes->data[at] ^= 0x10;
    }
}

static void
test_every_byte_is_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct paper *p = paper_make(all_kinds[i]);
        paper_build(p);
        refuse_changes(p, &p->quote, 31); /* co-prime to the sizes of fields */
        for (size_t part = 0; part < p->v.part_count; part++)
            refuse_changes(p, &p->parts_owned[part], part < 2 ? 13 : 53);
        paper_free(p);
    }
}

static void
test_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct paper *p = paper_make(all_kinds[i]);
        paper_build(p);
        for (size_t size = 0; size < p->quote.size; size++) {
            struct bulla_error err = { 0 };
            struct bl_claims claims = marked();
            p->v.evidence.size = size;
            assert_fails(paper_verify(p, &claims, &err), BULLA_E_MALFORMED, &err);
            assert_untouched(&claims);
        }
        paper_free(p);
    }
}

/* -- freshness ----------------------------------------------------------------------------------- */

static void
test_binders(void **state)
{
    uint8_t data[65];
    struct paper *p = paper_make(PAPER_TD10);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    (void)state;
    memset(data, 0xda, sizeof data);
    paper_build(p);
    p->v.binding = BL_BINDING_KEY;
    p->v.binder = (struct bulla_bytes){ data, 64 };
    assert_ok(paper_verify(p, &claims, &err), &err);
    assert_int_equal(claims.binding, BL_BINDING_KEY);
    p->v.binder.size = 65;
    assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    p->v.binder.size = 32; /* what follows is not zero */
    assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    memset(p->body + 520 + 32, 0, 32);
    paper_build(p);
    bulla_error_clear(&err);
    assert_ok(paper_verify(p, &claims, &err), &err);
    data[31] ^= 1;
    assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    p->v.binder.size = 0;
    assert_cause(paper_verify(p, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    paper_free(p);
}

/* -- failures of our own ------------------------------------------------------------------------- */

static enum bulla_status
verify_paper(const void *context, struct bulla_error *err)
{
    struct bl_claims claims = marked();
    enum bulla_status status = paper_verify(context, &claims, err);

    if (status != BULLA_OK)
        assert_untouched(&claims);
    return status;
}

static void
test_every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct paper *p = paper_make(all_kinds[i]);
        paper_build(p);
        assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, verify_paper, p) > 10);
        paper_free(p);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_enclave),
        cmocka_unit_test(test_honest_trust_domains),
        cmocka_unit_test(test_enclaves_in_later_versions),
        cmocka_unit_test(test_a_quote_of_another_kind),
        cmocka_unit_test(test_certificates_come_in_any_order),
        cmocka_unit_test(test_the_chain_of_the_pck),
        cmocka_unit_test(test_certification_data_without_certificate),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_every_byte_is_looked_at),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_binders),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
