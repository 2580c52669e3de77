/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind "tpm": what is handed in, in which form, and which keys and certificates it is believed by.
 */
#include "tee/paper_pieces.h"

#include "appraise/baseline.h"
#include "base/fault.h"
#include "codec/pem.h"
#include "tee/scheme_fixture.h"
#include "tee/tpm/pieces.h"

static void
refused(const struct paper_pieces *p, enum bulla_cause cause)
{
    assert_scheme_refuses("tpm", &p->v, cause);
}

static void
accepted(const struct paper_pieces *p, struct bl_claims *claims)
{
    struct bl_baseline baseline;
    struct bulla_error err = { 0 };

    assert_ok(bl_tpm_scheme_verify(&p->v, claims, &err), &err);
    bl_baseline_judge(claims, &baseline);
    assert_true(baseline.accepted);
}

static void
with_key(struct paper_pieces *p)
{
    paper_anchor(p, "ak_pub", bulla_buffer_bytes(&p->spki));
}

static void
with_certificate(struct paper_pieces *p)
{
    paper_part(p, "ak_cert", bl_certificate_der(p->leaf.certificate));
    paper_part(p, "intermediate", bl_certificate_der(p->middle.certificate));
    paper_part(p, "root", bl_certificate_der(p->root.certificate));
}

/* -- what it is ---------------------------------------------------------------------------------- */

static void
test_forms_follow_from_the_first_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        enum bl_tpm_form form;
    } cases[] = {
        { "", 0, BL_TPM_FORM_UNKNOWN },
        { "\xff\x54\x43\x47", 4, BL_TPM_FORM_QUOTE },
        { "\xff\x54\x43\x46", 4, BL_TPM_FORM_UNKNOWN },
        { "\xff\x54\x43", 3, BL_TPM_FORM_UNKNOWN },
        { "\xa2", 1, BL_TPM_FORM_EVIDENCE },
        { "\xbf", 1, BL_TPM_FORM_EVIDENCE }, /* a map, which the decoder refuses */
        { "\xc2", 1, BL_TPM_FORM_UNKNOWN },
        { "\x82", 1, BL_TPM_FORM_UNKNOWN },
        { "\x30", 1, BL_TPM_FORM_CERTIFICATE },
        { "-----BEGIN X", 12, BL_TPM_FORM_CERTIFICATE },
        { "-----BEGIN", 10, BL_TPM_FORM_UNKNOWN },
        { "{}", 2, BL_TPM_FORM_UNKNOWN },
        { "\0\0\0\0\3\0\0\0", 8, BL_TPM_FORM_UNKNOWN }, /* a log proves nothing */
    };

    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        const struct bulla_bytes bytes = { (const uint8_t *)cases[i].bytes, cases[i].size };
        const struct bl_verification v = { .evidence = bytes };
        struct bl_claims claims = { 0 };
        assert_int_equal(bl_tpm_form_of(bytes), cases[i].form);
        assert_true(bulla_status_is_finding(bl_tpm_scheme_verify(&v, &claims, NULL)));
        assert_null(claims.kind);
    }
}

/* Who asks for a quote by giving its pieces gets one verified or nothing: a public certificate, or
 * evidence of another TPM, does not do in its place. */
static void
test_the_file_does_not_choose_what_is_verified(void **state)
{
    struct paper_pieces *p = *state;
    static const char *const roles[] = { "signature", "pcrs", "event_log" };
    struct bl_claims claims;

    for (size_t i = 0; i < BL_COUNT_OF(roles); i++) {
        paper_begin_certificate(p);
        accepted(p, &claims);
        paper_part(p, roles[i], bulla_buffer_bytes(&p->signature));
        refused(p, BULLA_CAUSE_NOT_A_QUOTE);
    }
    p->v.evidence = BL_LITERAL("\xa2\x01\x01");
    refused(p, BULLA_CAUSE_NOT_A_QUOTE);
    p->v.evidence = BL_LITERAL("\xff\x54\x43\x46 signed by the same key");
    refused(p, BULLA_CAUSE_NOT_A_QUOTE); /* CVE-2024-29038 */
}

/* -- a quote in pieces --------------------------------------------------------------------------- */

static void
test_keys_that_the_operator_gives(void **state)
{
    struct paper_pieces *p = *state;
    BL_AUTO(bulla_buffer) pem = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims;

    refused(p, BULLA_CAUSE_UNTRUSTED); /* none */
    with_key(p);
    accepted(p, &claims);
    assert_string_equal(claims.kind, "tpm");
    assert_string_equal(claims.anchor, "given");
    assert_int_equal(claims.platform_class, BL_CLASS_HARDWARE);
    assert_int_equal(claims.binding, BL_BINDING_NONE);
    assert_int_equal(claims.platform.log_covers, 0x10);
    assert_int_equal(claims.platform.ak_name.size, 0);
    paper_anchor(p, "ak_pub", bulla_buffer_bytes(&p->spki));
    refused(p, BULLA_CAUSE_USAGE); /* which of them? */

    paper_begin(p);
    assert_ok(bl_pem_encode(bulla_buffer_bytes(&p->spki), "PUBLIC KEY", &pem, &err), &err);
    paper_anchor(p, "ak_pub", bulla_buffer_bytes(&pem));
    accepted(p, &claims);
    paper_anchor(p, "ak_tpmt_public", bulla_buffer_bytes(&p->area));
    accepted(p, &claims);
    assert_int_equal(claims.platform.ak_name.size, 34);

    paper_begin(p);
    paper_anchor(p, "ak_tpmt_public", bulla_buffer_bytes(&p->area));
    accepted(p, &claims);
}

static void
test_keys_that_are_not_the_quote_s(void **state)
{
    struct paper_pieces *p = *state;
    BL_AUTO_FREE(bl_key) other = paper_key(BL_KEY_P256);
    BL_AUTO(bulla_buffer) spki = { 0 };
    BL_AUTO(bulla_buffer) area = { 0 };
    BL_AUTO(bulla_buffer) unrestricted = { 0 };

    paper_spki(other, &spki);
    paper_public(other, PAPER_AK_ATTRIBUTES, false, &area);
    paper_public(p->key, PAPER_AK_ATTRIBUTES & ~BL_TPM_RESTRICTED, false, &unrestricted);

    paper_anchor(p, "ak_pub", bulla_buffer_bytes(&spki));
    refused(p, BULLA_CAUSE_SIGNATURE);
    paper_begin(p);
    paper_anchor(p, "ak_tpmt_public", bulla_buffer_bytes(&area));
    refused(p, BULLA_CAUSE_SIGNATURE);
    paper_anchor(p, "ak_pub", bulla_buffer_bytes(&p->spki));
    refused(p, BULLA_CAUSE_KEY_MISMATCH); /* two keys for one */
    paper_begin(p);
    paper_anchor(p, "ak_tpmt_public", bulla_buffer_bytes(&unrestricted));
    refused(p, BULLA_CAUSE_KEY_ATTRIBUTES);
    paper_begin(p);
    paper_anchor(p, "ak_pub", BL_LITERAL("no key"));
    refused(p, BULLA_CAUSE_MALFORMED);
}

static void
test_pieces_are_there_once_and_not_empty(void **state)
{
    struct paper_pieces *p = *state;
    static const char *const roles[] = { "signature", "pcrs", "event_log" };
    struct bl_claims claims;

    for (size_t i = 0; i < BL_COUNT_OF(roles); i++) {
        paper_begin(p);
        with_key(p);
        accepted(p, &claims);
        paper_part(p, roles[i], p->parts[i].bytes); /* twice */
        refused(p, BULLA_CAUSE_MALFORMED);
        p->v.part_count--;
        p->parts[i].bytes.size = 0; /* empty: not the same as none */
        refused(p, BULLA_CAUSE_MALFORMED);
    }
    paper_begin(p);
    with_key(p);
    p->parts[0].role = "other";
    refused(p, BULLA_CAUSE_MALFORMED); /* no signature */
}

static void
test_without_values_the_baseline_refuses(void **state)
{
    struct paper_pieces *p = *state;
    struct bl_claims claims;
    struct bl_baseline baseline;
    struct bulla_error err = { 0 };

    p->parts[1].role = "other";
    with_key(p);
    p->v.part_count = 2;
    assert_ok(bl_tpm_scheme_verify(&p->v, &claims, &err), &err);
    bl_baseline_judge(&claims, &baseline);
    assert_false(baseline.accepted);
}

static void
test_nonces(void **state)
{
    struct paper_pieces *p = *state;
    struct bl_claims claims;

    with_key(p);
    p->extra[0] ^= 1;
    refused(p, BULLA_CAUSE_NONCE_MISMATCH);
    p->v.binder.size = 0; /* it must carry nothing */
    refused(p, BULLA_CAUSE_NONCE_MISMATCH);
    p->paper.extra_data.size = 0;
    paper_seal(p);
    paper_begin(p);
    with_key(p);
    refused(p, BULLA_CAUSE_NONCE_MISMATCH); /* it carries nothing */
    p->v.binder.size = 0;
    accepted(p, &claims);
    p->v.binding = BL_BINDING_ABSENT;
    accepted(p, &claims);
    assert_int_equal(claims.binding, BL_BINDING_ABSENT);
}

static void
test_every_truncation_and_every_bit(void **state)
{
    struct paper_pieces *p = *state;
    struct bulla_buffer *const buffers[] = { &p->attest, &p->signature };

    with_key(p);
    for (size_t size = 0; size < p->attest.size; size++) {
        p->v.evidence.size = size;
        assert_true(
            bulla_status_is_finding(bl_tpm_scheme_verify(&p->v, &(struct bl_claims){ 0 }, NULL)));
    }
    p->v.evidence.size = p->attest.size;
    for (size_t b = 0; b < 2; b++)
        for (size_t i = 0; i < buffers[b]->size; i++) {
            struct bl_claims claims;
            buffers[b]->data[i] ^= 1;
            assert_true(bulla_status_is_finding(bl_tpm_scheme_verify(&p->v, &claims, NULL)));
            buffers[b]->data[i] ^= 1;
        }
}

static void
test_values_in_json(void **state)
{
    struct paper_pieces *p = *state;
    /* clang-format off */
#define VALUE "4400000000000000000000000000000000000000000000000000000000000000"
    static const char *const malformed[] = {
        "", "[]", "{}", "null", "{\"hash\":\"sha256\"}", "{\"pcrs\":{}}",
        "{\"hash\":\"sha256\",\"pcrs\":[]}", "{\"hash\":\"sha256\",\"pcrs\":null}",
        "{\"hash\":\"md5\",\"pcrs\":{}}", "{\"hash\":\"none\",\"pcrs\":{}}",
        "{\"hash\":\"SHA256\",\"pcrs\":{}}", "{\"hash\":7,\"pcrs\":{}}",
        "{\"hash\":\"sha256\",\"pcrs\":{},\"more\":1}",
        "{\"hash\":\"sha256\",\"pcrs\":{\"24\":\"" VALUE "\"}}",
        "{\"hash\":\"sha256\",\"pcrs\":{\"00\":\"" VALUE "\"}}",
        "{\"hash\":\"sha256\",\"pcrs\":{\"-1\":\"" VALUE "\"}}",
        "{\"hash\":\"sha256\",\"pcrs\":{\"\":\"" VALUE "\"}}",
        "{\"hash\":\"sha256\",\"pcrs\":{\"4294967296\":\"" VALUE "\"}}",
        "{\"hash\":\"sha256\",\"pcrs\":{\"1\":\"" VALUE "00\"}}",
        "{\"hash\":\"sha256\",\"pcrs\":{\"1\":\"44\"}}",
        "{\"hash\":\"sha384\",\"pcrs\":{\"1\":\"" VALUE "\"}}",
        "{\"hash\":\"sha256\",\"pcrs\":{\"1\":\"" VALUE "\",\"1\":\"" VALUE "\"}}",
        "{\"hash\":\"sha256\",\"pcrs\":{\"1\":null}}",
        "{\"hash\":\"sha256\",\"pcrs\":{}} ",
    };
    static const char *const others[] = {
        "{\"hash\":\"sha256\",\"pcrs\":{}}", /* B39: nothing is not everything */
        "{\"hash\":\"sha1\",\"pcrs\":{}}",
        "{\"hash\":\"sha256\",\"pcrs\":{\"1\":\"" VALUE "\"}}",
    };
    /* clang-format on */

    with_key(p);
    for (size_t i = 0; i + 1 < BL_COUNT_OF(malformed); i++) {
        p->parts[1].bytes = text_bytes(malformed[i]);
        refused(p, BULLA_CAUSE_MALFORMED);
    }
    for (size_t i = 0; i < BL_COUNT_OF(others); i++) {
        p->parts[1].bytes = text_bytes(others[i]);
        refused(p, BULLA_CAUSE_PCR_MISMATCH);
    }
    for (unsigned i = 0; i < 8; i++) { /* one left out: CVE-2022-0317 */
        paper_pcrs(p, BL_PCR_MASK_BOOT & ~(1u << i));
        p->parts[1].bytes = bulla_buffer_bytes(&p->pcrs);
        refused(p, BULLA_CAUSE_PCR_MISMATCH);
    }
    p->bank.mask |= 1u << 9; /* one more */
    paper_pcrs(p, p->bank.mask);
    p->parts[1].bytes = bulla_buffer_bytes(&p->pcrs);
    refused(p, BULLA_CAUSE_PCR_MISMATCH);
}

/* -- certified keys ------------------------------------------------------------------------------ */

static void
test_quote_of_a_certified_key(void **state)
{
    struct paper_pieces *p = *state;
    struct bl_claims claims;
    static const char *const vendors[] = { "gce", "azure" };

    for (size_t i = 0; i < BL_COUNT_OF(vendors); i++) {
        paper_begin(p);
        with_certificate(p);
        refused(p, BULLA_CAUSE_WRONG_ROOT); /* a root of theirs adds no trust */
        paper_pin(p, vendors[i]);
        accepted(p, &claims);
        assert_string_equal(claims.anchor, "pinned");
        assert_int_equal(claims.platform_class, BL_CLASS_HYPERVISOR);
        assert_int_equal(claims.unchecked_count, 1);
    }
    paper_begin(p);
    with_certificate(p);
    paper_pin(p, "intel"); /* certifies no TPM */
    refused(p, BULLA_CAUSE_WRONG_ROOT);

    paper_begin(p);
    with_certificate(p);
    p->v.part_count--; /* the operator's word instead */
    refused(p, BULLA_CAUSE_UNTRUSTED);
    paper_anchor(p, "root", bl_certificate_der(p->root.certificate));
    accepted(p, &claims);
    assert_string_equal(claims.anchor, "given");
    p->v.part_count--; /* without the intermediate */
    refused(p, BULLA_CAUSE_UNTRUSTED);
}

static void
test_certificate_of_another_key(void **state)
{
    struct paper_pieces *p = *state;
    struct saying says = { .name = "ak",
                           .constraints = "CA:FALSE",
                           .key_usage = "digitalSignature" };
    struct party other = certify(make_key(WITH_P256), WITH_P256, says, &p->middle);

    with_certificate(p);
    paper_pin(p, "gce");
    p->parts[3].bytes = bl_certificate_der(other.certificate);
    refused(p, BULLA_CAUSE_KEY_MISMATCH);
    with_key(p); /* the right key beside it makes it no better */
    refused(p, BULLA_CAUSE_KEY_MISMATCH);
    p->v.anchor_count--;
    paper_anchor(p, "ak_tpmt_public", bulla_buffer_bytes(&p->area));
    refused(p, BULLA_CAUSE_KEY_MISMATCH);
    paper_begin_certificate(p);
    p->v.evidence = bl_certificate_der(other.certificate);
    with_key(p);
    refused(p, BULLA_CAUSE_KEY_MISMATCH);
    party_done(&other);
}

static void
test_a_certificate_alone(void **state)
{
    struct paper_pieces *p = *state;
    struct bl_claims claims;

    paper_begin_certificate(p);
    accepted(p, &claims);
    assert_string_equal(claims.anchor, "pinned");
    assert_false(claims.platform.is_present);
    assert_int_equal(claims.binding, BL_BINDING_ABSENT);
    assert_string_equal(claims.unchecked[0], "crl");

    p->v.binding = BL_BINDING_NONE; /* whatever is asked for: it carries nothing */
    refused(p, BULLA_CAUSE_NONCE_MISMATCH);
    p->v.binder = BL_BYTES_OF(p->extra);
    refused(p, BULLA_CAUSE_NONCE_MISMATCH);
    p->v.binding = BL_BINDING_ABSENT;

    p->v.now_s = NOW_S + 100 * INT64_C(31536000);
    refused(p, BULLA_CAUSE_EXPIRED);
    p->v.now_s = NOW_S - 10 * INT64_C(31536000);
    refused(p, BULLA_CAUSE_NOT_YET_VALID);
    p->v.now_s = NOW_S;
    p->v.anchor_count = 0;
    refused(p, BULLA_CAUSE_WRONG_ROOT);
    with_key(p); /* that the key is trusted says nothing of its certificate */
    p->v.part_count = 1;
    refused(p, BULLA_CAUSE_UNTRUSTED);
}

static void
test_certificates_that_are_none_of_an_attestation_key(void **state)
{
    struct paper_pieces *p = *state;
    static const char *const usages[] = { "critical,keyEncipherment", "keyCertSign",
                                          "critical,keyAgreement,decipherOnly" };

    for (size_t i = 0; i < BL_COUNT_OF(usages); i++) {
        struct party ek = paper_certify(p, usages[i]);
        paper_begin_certificate(p);
        p->v.evidence = bl_certificate_der(ek.certificate);
        refused(p, BULLA_CAUSE_UNTRUSTED);
        party_done(&ek);
    }
}

/* Of the same name as the real one, with another key: the chain is at fault, not the evidence. */
static void
test_intermediate_of_the_same_name(void **state)
{
    struct paper_pieces *p = *state;
    struct party twin = certify(make_key(WITH_P256), WITH_P256,
                                (struct saying){ .name = "middle", .serial = "56" }, &p->root);

    paper_begin_certificate(p);
    p->parts[0].bytes = bl_certificate_der(twin.certificate);
    refused(p, BULLA_CAUSE_UNTRUSTED);
    party_done(&twin);
}

/* -- revocation ---------------------------------------------------------------------------------- */

static void
test_revocation_lists_are_looked_at(void **state)
{
    struct paper_pieces *p = *state;
    static const char *const leaf[] = { "77" }, *const middle[] = { "55" };
    BL_AUTO(bulla_buffer) clean = list_der(&p->middle, &p->middle, (struct listing){ 0 });
    BL_AUTO(bulla_buffer)
    lists_leaf =
        list_der(&p->middle, &p->middle, (struct listing){ .serials = leaf, .serial_count = 1 });
    BL_AUTO(bulla_buffer)
    lists_middle =
        list_der(&p->root, &p->root, (struct listing){ .serials = middle, .serial_count = 1 });
    BL_AUTO(bulla_buffer) forged = list_der(&p->middle, &p->root, (struct listing){ 0 });
    BL_AUTO(bulla_buffer) foreign = { 0 };
    struct bl_claims claims;

    for (int in_quote = 0; in_quote < 2; in_quote++) {
        if (in_quote == 0) {
            paper_begin_certificate(p);
        } else {
            paper_begin(p);
            with_certificate(p);
            paper_pin(p, "azure");
        }
        size_t count = p->v.part_count;
        paper_input(p, "require_crl", BL_LITERAL("true"));
        refused(p, BULLA_CAUSE_CRL_MISSING);
        paper_part(p, "crl", bulla_buffer_bytes(&clean));
        accepted(p, &claims);
        assert_int_equal(claims.unchecked_count, 0);
        paper_part(p, "crls", bulla_buffer_bytes(&lists_middle));
        refused(p, BULLA_CAUSE_REVOKED);
        p->v.part_count = count;
        paper_part(p, "crl", bulla_buffer_bytes(&lists_leaf));
        refused(p, BULLA_CAUSE_REVOKED);
        p->v.part_count = count;
        paper_part(p, "crl", BL_LITERAL("no list"));
        refused(p, BULLA_CAUSE_MALFORMED);
        p->v.part_count = count;
        paper_part(p, "crl", bulla_buffer_bytes(&forged));
        refused(p, BULLA_CAUSE_COLLATERAL_SIGNATURE);
        p->v.part_count = count;
        p->v.now_s = NOW_S + 86400;
        paper_part(p, "crl", bulla_buffer_bytes(&clean));
        refused(p, BULLA_CAUSE_COLLATERAL_EXPIRED);
    }
    struct party stranger =
        certify(make_key(WITH_P256), WITH_P256, (struct saying){ .name = "stranger" }, NULL);
    foreign = list_der(&stranger, &stranger, (struct listing){ 0 });
    paper_begin_certificate(p);
    paper_part(p, "crl", bulla_buffer_bytes(&foreign));
    refused(p, BULLA_CAUSE_CRL_ISSUER_MISMATCH);
    party_done(&stranger);
}

/* -- a log --------------------------------------------------------------------------------------- */

static void
inspect_refused(struct bulla_bytes log, enum bulla_cause cause)
{
    const struct bl_verification v = { .evidence = log };
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };

    assert_cause(bl_tpm_scheme_inspect(&v, &claims, &err), cause, &err);
    assert_null(claims.kind);
}

static void
test_logs_are_inspected(void **state)
{
    struct paper_pieces *p = *state;
    const struct bl_verification v = { .evidence = bulla_buffer_bytes(&p->log) };
    uint8_t zeros[4] = { 0 }, digest[32];
    struct bl_writer w = bl_writer(&p->log);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    assert_ok(bl_tpm_scheme_inspect(&v, &claims, &err), &err);
    assert_string_equal(claims.kind, "tpm");
    assert_int_equal(claims.platform_class, BL_CLASS_ABSENT); /* nobody vouches for it */
    inspect_refused(BL_LITERAL(""), BULLA_CAUSE_MALFORMED);
    inspect_refused(BL_LITERAL("this is not the log of any machine"), BULLA_CAUSE_MALFORMED);
    inspect_refused(bulla_buffer_bytes(&p->attest), BULLA_CAUSE_MALFORMED);
    inspect_refused((struct bulla_bytes){ p->log.data, p->log.size - 1 }, BULLA_CAUSE_MALFORMED);

    assert_ok(bl_hash_once(BL_SHA256, BL_BYTES_OF(zeros), digest, &err), &err);
    bl_event_log_write(&w, 4, BL_EV_SEPARATOR, digest, BL_BYTES_OF(zeros));
    inspect_refused((struct bulla_bytes){ p->log.data, p->log.size - 1 }, BULLA_CAUSE_MALFORMED);
    bl_event_log_write(&w, 4, BL_EV_SEPARATOR, digest, BL_BYTES_OF(zeros));
    inspect_refused(bulla_buffer_bytes(&p->log), BULLA_CAUSE_SEPARATOR_REPEATED);
    p->log.data[28 + 4 + 28] = 0x12; /* the one bank is of SM3 */
    p->log.data[28 + 4 + 29] = 0x00;
    inspect_refused(bulla_buffer_bytes(&p->log), BULLA_CAUSE_UNSUPPORTED);
}

/* -- memory ---------------------------------------------------------------------------------------- */

static void
test_every_allocation_may_fail(void **state)
{
    struct paper_pieces *p = *state;
    struct bulla_error err = { 0 };
    bool reached = true;

    with_certificate(p);
    paper_pin(p, "gce");
    for (uint64_t nth = 1; reached; nth++) {
        struct bl_claims claims = { 0 };
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_MEMORY, nth, /* forever= */ false);
        enum bulla_status status = bl_tpm_scheme_verify(&p->v, &claims, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status == BULLA_OK, !reached);
        assert_int_equal(claims.kind != NULL, status == BULLA_OK);
        if (reached)
            assert_false(bulla_status_is_finding(status)); /* ours, not the evidence's fault */
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms_follow_from_the_first_bytes),
        with_pieces(test_the_file_does_not_choose_what_is_verified),
        with_pieces(test_keys_that_the_operator_gives),
        with_pieces(test_keys_that_are_not_the_quote_s),
        with_pieces(test_pieces_are_there_once_and_not_empty),
        with_pieces(test_without_values_the_baseline_refuses),
        with_pieces(test_nonces),
        with_pieces(test_every_truncation_and_every_bit),
        with_pieces(test_values_in_json),
        with_pieces(test_quote_of_a_certified_key),
        with_pieces(test_certificate_of_another_key),
        with_pieces(test_a_certificate_alone),
        with_pieces(test_certificates_that_are_none_of_an_attestation_key),
        with_pieces(test_intermediate_of_the_same_name),
        with_pieces(test_revocation_lists_are_looked_at),
        with_pieces(test_logs_are_inspected),
        with_pieces(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
