/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/paper_enclave.h"

#include "base/fault.h"
#include "tee/skeleton/skeleton.h"

static void
refused(const struct paper_machine *m, enum bulla_cause cause)
{
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };

    assert_cause(bl_tpm_verify(&m->verification, &claims, &err), cause, &err);
    assert_null(claims.kind); /* untouched */
    assert_int_equal(claims.platform_class, BL_CLASS_ABSENT);
}

static void
accepted(const struct paper_machine *m, struct bl_claims *claims)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_tpm_verify(&m->verification, claims, &err), &err);
    assert_string_equal(claims->kind, "tpm");
}

static void
test_two_layers(void **state)
{
    struct paper_machine *m = *state;
    struct bl_claims c;

    accepted(m, &c);
    assert_int_equal(c.platform_class, BL_CLASS_HARDWARE);
    assert_string_equal(c.anchor, "platform");
    assert_int_equal(c.binding, BL_BINDING_CHANNEL);
    assert_bytes_equal(bl_claim_view(&c.platform_id), BL_BYTES_OF(m->platform_id));
    assert_true(c.platform.is_present && c.enclave.is_present);
    assert_int_equal(c.platform.pcrs.mask, 0x8ff);
    assert_int_equal(c.enclave.pcrs.mask, BL_ENCLAVE_PCR_MASK);
    assert_int_equal(c.enclave.log_covers, BL_ENCLAVE_PCR_MASK);
    assert_bytes_equal(bl_claim_view(&c.code), BL_BYTES_OF(m->identity.code));
    assert_bytes_equal(bl_claim_view(&c.signer), BL_BYTES_OF(m->identity.signer));
    assert_bytes_equal(bl_claim_view(&c.config), BL_BYTES_OF(m->identity.config));
    assert_bytes_equal(bl_claim_view(&c.isolation_facts),
                       BL_BYTES_OF(m->identity.isolation_digest));
    assert_string_equal(c.product, "orders");
    assert_true(c.version.is_present);
    assert_int_equal(c.version.value, 7);
    assert_int_equal(c.isolation, BL_ISOLATION_OS);
    assert_false(c.debug.is_present);
}

/* Whoever holds an AK of a chip can extend PCR 8 to 12 as he likes: an enclave layer alone is
 * software, though its anchor says hardware. */
static void
test_enclave_alone_is_software(void **state)
{
    struct paper_machine *m = *state;
    struct bl_claims c;

    paper_machine_attest(m, false, true);
    refused(m, BULLA_CAUSE_UNTRUSTED); /* its AK is not enrolled */
    m->verification.anchor_count = 2;
    accepted(m, &c);
    assert_int_equal(m->anchors[1].platform_class, BL_CLASS_HARDWARE);
    assert_int_equal(c.platform_class, BL_CLASS_SOFTWARE);
    assert_string_equal(c.anchor, "enclave");
    assert_int_equal(c.platform_id.size, 0); /* absent */
    assert_false(c.platform.is_present);
    assert_int_equal(c.code.size, 32);
}

static void
test_platform_alone_has_no_enclave(void **state)
{
    struct paper_machine *m = *state;
    struct bl_claims c;

    paper_machine_attest(m, true, false);
    accepted(m, &c);
    assert_int_equal(c.platform_class, BL_CLASS_HARDWARE);
    assert_true(c.platform.is_present);
    assert_false(c.enclave.is_present);
    assert_int_equal(c.code.size + c.signer.size + c.config.size, 0);
    assert_int_equal(c.product[0], 0);
    assert_false(c.version.is_present);
    assert_int_equal(c.isolation, BL_ISOLATION_ABSENT);
}

static void
test_class_is_the_anchor_s(void **state)
{
    struct paper_machine *m = *state;
    struct bl_claims c;

    for (int i = BL_CLASS_SOFTWARE; i <= BL_CLASS_HARDWARE; i++) {
        m->anchors[0].platform_class = (enum bl_platform_class)i;
        accepted(m, &c);
        assert_int_equal(c.platform_class, i);
    }
}

static void
test_without_anchors_nothing_is_trusted(void **state)
{
    struct paper_machine *m = *state;

    m->verification.anchor_count = 0;
    refused(m, BULLA_CAUSE_UNTRUSTED);
    m->verification.anchor_count = 1;
    m->anchors[0].kind = BL_ANCHOR_ABSENT;
    refused(m, BULLA_CAUSE_UNTRUSTED);
    m->verification.anchor_count = BL_ANCHOR_COUNT_MAX + 1;
    refused(m, BULLA_CAUSE_LIMIT);
}

static void
test_binder_of_another_exchange(void **state)
{
    struct paper_machine *m = *state;
    struct bl_claims c;

    m->binder[31] ^= 1;
    refused(m, BULLA_CAUSE_NONCE_MISMATCH);
    m->verification.binding = BL_BINDING_NONE;
    refused(m, BULLA_CAUSE_NONCE_MISMATCH);
    m->verification.binding = BL_BINDING_ABSENT; /* not compared, and the claims say so */
    accepted(m, &c);
    assert_int_equal(c.binding, BL_BINDING_ABSENT);
    m->verification.binding = BL_BINDING_CHANNEL;
    m->verification.binder.size = 0;
    refused(m, BULLA_CAUSE_INTERNAL);
}

/* The layers hang together: neither can be taken from somebody else. */
static void
test_layers_of_two_machines(void **state)
{
    struct paper_machine *m = *state;
    void *other_state = NULL;

    paper_machine_setup(&other_state);
    struct paper_machine *other = other_state;

    /* another machine's vTPM, in the very same state and for the very same exchange */
    m->evidence.enclave = other->evidence.enclave;
    paper_machine_encode(m);
    refused(m, BULLA_CAUSE_NONCE_MISMATCH);
    m->verification.binding = BL_BINDING_ABSENT; /* nor where the caller has nothing to compare */
    refused(m, BULLA_CAUSE_NONCE_MISMATCH);
    paper_machine_teardown(&other_state);
}

/* A quote that the platform made for itself does not vouch for a vTPM. */
static void
test_platform_that_signed_the_bare_binder(void **state)
{
    struct paper_machine *m = *state;

    memcpy(m->platform.extra_data, m->binder, 32);
    paper_layer_quote(&m->platform, &m->evidence.platform);
    paper_machine_encode(m);
    refused(m, BULLA_CAUSE_NONCE_MISMATCH);
}

/* And one for a vTPM is no evidence of the machine alone. */
static void
test_platform_layer_taken_out_of_two(void **state)
{
    struct paper_machine *m = *state;

    m->evidence.enclave = (struct bl_tpm_layer){ 0 };
    paper_machine_encode(m);
    refused(m, BULLA_CAUSE_NONCE_MISMATCH);
}

static void
test_keys_that_are_no_attestation_keys(void **state)
{
    struct paper_machine *m = *state;

    m->enclave.attributes &= ~BL_TPM_RESTRICTED;
    paper_machine_attest(m, true, true);
    refused(m, BULLA_CAUSE_KEY_ATTRIBUTES);
    m->enclave.attributes |= BL_TPM_RESTRICTED;
    m->platform.attributes &= ~BL_TPM_RESTRICTED;
    paper_machine_attest(m, true, true);
    refused(m, BULLA_CAUSE_KEY_ATTRIBUTES);
}

/* The platform was enrolled with one key and quotes with another. */
static void
test_platform_with_another_key(void **state)
{
    struct paper_machine *m = *state;
    struct bl_key *enrolled = m->platform.key;

    m->platform.key = paper_key(BL_KEY_P256);
    paper_machine_attest(m, true, true);
    bl_key_free(enrolled);
    refused(m, BULLA_CAUSE_UNTRUSTED);
}

/* The log claims another identity than was extended. */
static void
test_identity_is_what_was_extended(void **state)
{
    struct paper_machine *m = *state;
    BL_AUTO(bulla_buffer) isolation = { 0 };
    struct bulla_error err = { 0 };
    static const struct bl_isolation_facts facts = { .isolation = BL_ISOLATION_OS };

    for (int part = 0; part < 5; part++) {
        struct bl_enclave_identity claimed = m->identity;
        bulla_buffer_clear(&isolation);
        bulla_buffer_clear(&m->enclave.log);
        assert_ok(bl_isolation_digest(&facts, &isolation, claimed.isolation_digest, &err), &err);
        if (part == 0)
            claimed.code[0] ^= 1;
        else if (part == 1)
            claimed.product[0] = 'O';
        else if (part == 2)
            claimed.version = 8;
        else if (part == 3)
            claimed.config[0] ^= 1; /* part 4: the isolation alone */
        assert_ok(
            bl_enclave_log_write(&claimed, bulla_buffer_bytes(&isolation), &m->enclave.log, &err),
            &err);
        paper_machine_attest(m, true, true);
        refused(m, BULLA_CAUSE_LOG_MISMATCH);
    }
}

/* One more extension after the monitor's five: something else ran. */
static void
test_enclave_pcr_extended_again(void **state)
{
    struct paper_machine *m = *state;
    struct bulla_error err = { 0 };
    static const uint8_t digest[32] = { 1 };

    for (unsigned pcr = 8; pcr <= 12; pcr++) {
        const struct bl_pcr_bank before = m->enclave.bank;
        assert_ok(bl_pcr_extend(&m->enclave.bank, pcr, BL_BYTES_OF(digest), &err), &err);
        paper_machine_attest(m, true, true);
        refused(m, BULLA_CAUSE_LOG_MISMATCH);
        m->enclave.bank = before;
    }
}

static void
test_enclave_without_its_log(void **state)
{
    struct paper_machine *m = *state;

    m->evidence.enclave.event_log = (struct bulla_bytes){ NULL, 0 };
    paper_machine_encode(m);
    refused(m, BULLA_CAUSE_MALFORMED);
}

/* Fewer PCRs than the identity has: the rest would be anybody's word. */
static void
test_enclave_that_quotes_a_part(void **state)
{
    struct paper_machine *m = *state;
    const uint32_t masks[] = { 0x0f00, 0x1e00, 0x3f00, 0xff };

    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        m->enclave.selection.mask = masks[i];
        paper_machine_attest(m, true, true);
        refused(m, BULLA_CAUSE_SELECTION_MISMATCH);
    }
}

static void
test_platform_selection_when_one_is_requested(void **state)
{
    struct paper_machine *m = *state;
    struct bl_claims c;

    m->verification.requested = (struct bl_pcr_selection){ BL_SHA256, 0x8ff };
    accepted(m, &c);
    m->verification.requested.mask = 0xcff;
    refused(m, BULLA_CAUSE_SELECTION_MISMATCH);
}

static void
test_every_allocation_may_fail(void **state)
{
    struct paper_machine *m = *state;
    struct bulla_error err = { 0 };
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        struct bl_claims c = { 0 };
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_MEMORY, nth, /* forever= */ false);
        enum bulla_status status = bl_tpm_verify(&m->verification, &c, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status == BULLA_OK, !reached);
        assert_int_equal(c.kind != NULL, status == BULLA_OK);
        if (reached)
            assert_false(bulla_status_is_finding(status)); /* ours, not the evidence's fault */
    }
}

static void
test_schemes_are_a_table(void **state)
{
    (void)state;
    size_t count = 0;
    const struct bl_scheme *schemes = bl_schemes(&count);

    assert_true(count >= 1);
    for (size_t i = 0; i < count; i++) {
        assert_true(schemes[i].verify != NULL || schemes[i].inspect != NULL);
        assert_ptr_equal(bl_scheme_find(schemes[i].kind), &schemes[i]);
        assert_ptr_equal(bl_scheme_find_verifier(schemes[i].kind),
                         schemes[i].verify != NULL ? &schemes[i] : NULL);
    }
    assert_null(bl_scheme_find_verifier("x509")); /* nothing of it is signed as evidence */
    assert_null(bl_scheme_find("skeleton"));
    assert_null(bl_scheme_find(""));
    assert_non_null(bl_scheme_find("tpm"));
}

static void
test_parts_are_found_once(void **state)
{
    (void)state;
    const struct bl_part parts[] = { { "a", BL_LITERAL("1") },
                                     { "b", BL_LITERAL("2") },
                                     { "b", BL_LITERAL("3") } };
    const struct bl_verification v = { .parts = parts, .part_count = 3 };

    assert_bytes_equal(bl_part_find(&v, "a"), BL_LITERAL("1"));
    assert_int_equal(bl_part_find(&v, "b").size, 0); /* which? */
    assert_int_equal(bl_part_find(&v, "c").size, 0);
}

static void
test_words_go_there_and_back(void **state)
{
    (void)state;
    for (int i = BL_CLASS_SOFTWARE; i <= BL_CLASS_HARDWARE; i++)
        assert_int_equal(bl_platform_class_from_word(
                             text_bytes(bl_platform_class_word((enum bl_platform_class)i))),
                         i);
    for (int i = BL_BINDING_NONE; i <= BL_BINDING_CHANNEL; i++)
        assert_int_equal(bl_binding_from_word(text_bytes(bl_binding_word((enum bl_binding)i))), i);
    assert_int_equal(bl_platform_class_from_word(text_bytes("absent")), BL_CLASS_ABSENT);
    assert_int_equal(bl_binding_from_word(text_bytes("any")), BL_BINDING_ABSENT);
    assert_string_equal(bl_platform_class_word((enum bl_platform_class)99), "absent");
    assert_string_equal(bl_binding_word((enum bl_binding)99), "absent");
}

static void
test_skeleton(void **state)
{
    struct paper_machine *m = *state;
    BL_AUTO(bulla_buffer) evidence = { 0 };
    struct bl_writer w = bl_writer(&evidence);
    struct bl_verification v = m->verification;
    struct bl_claims c = { 0 };
    struct bulla_error err = { 0 };

    bl_write_bytes(&w, BL_LITERAL("BLSK"));
    bl_write_u16be(&w, 1);
    bl_write_bytes(&w, BL_BYTES_OF(m->binder));
    bl_write_bytes(&w, BL_BYTES_OF(m->identity.code));
    struct bulla_bytes signed_part = bulla_buffer_bytes(&evidence);
    BL_AUTO(bulla_buffer) signature = { 0 };
    assert_ok(bl_key_sign(m->platform.key, &signed_part, 1, &signature, &err), &err);
    bl_write_bytes(&w, bulla_buffer_bytes(&signature));
    v.evidence = bulla_buffer_bytes(&evidence);
    assert_ok(bl_skeleton_verify(&v, &c, &err), &err);
    assert_int_equal(c.platform_class, BL_CLASS_HARDWARE);
    assert_bytes_equal(bl_claim_view(&c.code), BL_BYTES_OF(m->identity.code));
    for (size_t i = 0; i < evidence.size; i++) {
        evidence.data[i] ^= 1;
        assert_true(bulla_status_is_finding(bl_skeleton_verify(&v, &c, NULL)));
        evidence.data[i] ^= 1;
    }
    for (v.evidence.size = 0; v.evidence.size < evidence.size; v.evidence.size++)
        assert_fails(bl_skeleton_verify(&v, &c, &err), BULLA_E_MALFORMED, &err);
    m->binder[0] ^= 1;
    assert_cause(bl_skeleton_verify(&v, &c, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
}

int
main(void)
{
#define MACHINE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, paper_machine_setup, paper_machine_teardown)
    const struct CMUnitTest tests[] = {
        MACHINE_TEST(test_two_layers),
        MACHINE_TEST(test_enclave_alone_is_software),
        MACHINE_TEST(test_platform_alone_has_no_enclave),
        MACHINE_TEST(test_class_is_the_anchor_s),
        MACHINE_TEST(test_without_anchors_nothing_is_trusted),
        MACHINE_TEST(test_binder_of_another_exchange),
        MACHINE_TEST(test_layers_of_two_machines),
        MACHINE_TEST(test_platform_that_signed_the_bare_binder),
        MACHINE_TEST(test_platform_layer_taken_out_of_two),
        MACHINE_TEST(test_keys_that_are_no_attestation_keys),
        MACHINE_TEST(test_platform_with_another_key),
        MACHINE_TEST(test_identity_is_what_was_extended),
        MACHINE_TEST(test_enclave_pcr_extended_again),
        MACHINE_TEST(test_enclave_without_its_log),
        MACHINE_TEST(test_enclave_that_quotes_a_part),
        MACHINE_TEST(test_platform_selection_when_one_is_requested),
        MACHINE_TEST(test_every_allocation_may_fail),
        cmocka_unit_test(test_schemes_are_a_table),
        cmocka_unit_test(test_parts_are_found_once),
        cmocka_unit_test(test_words_go_there_and_back),
        MACHINE_TEST(test_skeleton),
    };
#undef MACHINE_TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
