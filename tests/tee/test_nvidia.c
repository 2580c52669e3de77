/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation reports of GPUs, made here with a root of ours: what is taken, and each rule broken
 * alone. */
#include "tee/paper_nvidia.h"

#include "appraise/baseline.h"
#include "tee/nvidia/structures.h"
#include "tee/nvidia/verify.h"
#include "tee/scheme_fixture.h"

static struct bl_verification
verification(const struct bench *b)
{
    return (struct bl_verification){ .evidence = bulla_buffer_bytes(&b->evidence),
                                     .parts = b->parts,
                                     .part_count = b->part_count,
                                     .anchors = &b->anchor,
                                     .anchor_count = 1,
                                     .now_s = NOW_S,
                                     .binder = BL_BYTES_OF(nonce),
                                     .binding = BL_BINDING_NONE };
}

static enum bulla_status
verify(const struct bench *b, struct bl_claims *claims, struct bulla_error *err)
{
    struct bl_verification v = verification(b);

    return scheme_verify("nvidia", &v, claims, err);
}

static void
assert_refused(const struct bench *b, enum bulla_cause cause)
{
    struct bl_verification v = verification(b);

    assert_scheme_refuses("nvidia", &v, cause);
}

static void
assert_report_refused(struct bench *b, const struct report *r, enum bulla_cause cause)
{
    write_report(r, b->leaf_key, &b->evidence);
    assert_refused(b, cause);
}

static void
test_what_a_report_claims(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(bulla_buffer) spki = { 0 };
    struct bulla_error err = { 0 };
    struct bl_baseline baseline;
    struct bl_claims claims;
    uint8_t identity[32];

    setup_composite(&b);
    assert_ok(verify(&b, &claims, &err), &err);
    assert_ok(bl_key_spki(b.root_key, &spki, &err), &err);
    assert_ok(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&spki), identity, &err), &err);
    assert_string_equal(claims.kind, "nvidia");
    assert_bytes_equal(bl_claim_view(&claims.platform_id), BL_BYTES_OF(identity));
    assert_int_equal(claims.code.size, 0); /* nobody said which measurements are good */
    assert_false(claims.debug.is_present);
    assert_false(claims.secured.is_present);
    assert_int_equal(claims.unchecked_count, 2);
    assert_string_equal(claims.unchecked[0], "rim");
    assert_string_equal(claims.unchecked[1], "ocsp");
    assert_string_equal(claims.anchor, "paper");
    bl_baseline_judge(&claims, &baseline);
    assert_true(baseline.accepted);
}

/* -- lengths ------------------------------------------------------------------------------------- */

static void
test_each_length_and_field(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct report r = report();

    setup_composite(&b);
    r.request[0] = 0x12;
    assert_report_refused(&b, &r, BULLA_CAUSE_UNSUPPORTED);
    r = report();
    r.request[1] = 0xe1;
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r = report();
    r.request[2] = 0; /* no signature asked for */
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r = report();
    r.response[0] = 0x10;
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r = report();
    r.response[1] = 0x7f; /* an error */
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r = report();
    r.request_slot = 1;
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r.response[3] = 1;
    write_report(&r, b.leaf_key, &b.evidence);
    struct bulla_error err = { 0 };
    struct bl_claims claims;
    assert_ok(verify(&b, &claims, &err), &err);
    r = report();
    r.specification = 2;
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r = report();
    r.size_more = 1;
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r = report();
    r.same_index = true;
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    for (uint32_t size = 1; size < 400; size++) { /* but for the right one */
        r = report();
        r.record_size = size;
        if (size != 165)
            assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    }
    r.record_size = 0xffffff;
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
}

static void
test_opaque_data(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims;
    struct report r = report();
    static const uint8_t many[4 * 62] = { 0 };

    setup_composite(&b);
    r.driver_twice = true;
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r = report();
    r.opaque_more = BL_LITERAL("\x21\x00\x05\x00zzzz"); /* five bytes, of which there are four */
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r.opaque_more = BL_LITERAL("\x21\x00\x04");
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r.opaque_more = (struct bulla_bytes){ many, sizeof many }; /* more than 64 fields */
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r.opaque_more.size -= 8;
    write_report(&r, b.leaf_key, &b.evidence);
    assert_ok(verify(&b, &claims, &err), &err);
    for (uint16_t size = 1; size < 200; size++) {
        r = report();
        r.opaque_size = size;
        if (size != 76)
            assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    }
}

/* Published: the signature taken as the last 96 bytes, whatever stands behind it. */
static void
test_flaw_signature_at_the_end_of_the_file(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_nvidia_report decoded;
    struct bl_claims claims;
    struct report r = report();

    setup_composite(&b);
    r.trailing = BL_LITERAL("\n");
    write_report(&r, b.leaf_key, &b.evidence);
    assert_ok(verify(&b, &claims, &err), &err);
    assert_ok(bl_nvidia_report_decode(bulla_buffer_bytes(&b.evidence), &decoded, &err), &err);
    assert_int_equal(decoded.trailing_size, 1);
    r.trailing = BL_LITERAL("\0\0\0");
    write_report(&r, b.leaf_key, &b.evidence);
    assert_ok(verify(&b, &claims, &err), &err);
    r.trailing = BL_LITERAL("\x01");
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
    r.trailing = BL_LITERAL("\0\0 ");
    assert_report_refused(&b, &r, BULLA_CAUSE_MALFORMED);
}

static void
test_every_bit_is_signed(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };

    setup_composite(&b);
    assert_scheme_refuses_changes("nvidia", verification(&b), &b.evidence);
}

/* -- signature, chain, nonce --------------------------------------------------------------------- */

static void
test_a_report_by_another_key(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct report r = report();

    setup_composite(&b);
    write_report(&r, b.root_key, &b.evidence);
    assert_refused(&b, BULLA_CAUSE_REPORT_SIGNATURE);
}

static void
test_a_leaf_on_another_curve(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(bulla_buffer) extension = { 0 };
    struct bulla_error err = { 0 };
    static const uint8_t more[32] = { 0 };

    write_composite(&extension);
    setup(&b, BL_KEY_P256, COMPOSITE_OID, bulla_buffer_bytes(&extension), true);
    /* a signature of 64 bytes, and 32 to make up for it */
    assert_ok(bulla_buffer_append(&b.evidence, BL_BYTES_OF(more), &err), &err);
    assert_refused(&b, BULLA_CAUSE_KEY_ATTRIBUTES);
}

static void
test_the_chain(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(bench) other = { 0 };
    BL_AUTO(bulla_buffer) extension = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    write_composite(&extension);
    setup(&b, BL_KEY_P384, COMPOSITE_OID, bulla_buffer_bytes(&extension), /* with_root= */ false);
    setup(&other, BL_KEY_P384, COMPOSITE_OID, bulla_buffer_bytes(&extension), true);
    assert_refused(&b, BULLA_CAUSE_UNTRUSTED); /* a leaf alone */
    b.parts[1] = (struct bl_part){ "root", bulla_buffer_bytes(&b.root) };
    b.part_count = 2;
    assert_ok(verify(&b, &claims, &err), &err);
    b.parts[1].bytes = bulla_buffer_bytes(&other.root); /* of the same name */
    assert_refused(&b, BULLA_CAUSE_WRONG_ROOT);
    b.part_count = 0;
    assert_refused(&b, BULLA_CAUSE_UNTRUSTED);

    /* a root beside a whole chain adds no trust, and is not passed over */
    other.parts[1] = (struct bl_part){ "root", bulla_buffer_bytes(&b.root) };
    other.part_count = 2;
    assert_refused(&other, BULLA_CAUSE_WRONG_ROOT);
    other.part_count = 1;
    struct bl_verification v = verification(&other);
    v.anchor_count = 0;
    assert_cause(bl_nvidia_verify(&v, &claims, &err), BULLA_CAUSE_WRONG_ROOT, &err);
    v = verification(&other);
    v.anchors = &b.anchor;
    assert_cause(bl_nvidia_verify(&v, &claims, &err), BULLA_CAUSE_WRONG_ROOT, &err);
    v = verification(&other);
    v.now_s = NOW_S + 1001;
    assert_cause(bl_nvidia_verify(&v, &claims, &err), BULLA_CAUSE_EXPIRED, &err);
    v.now_s = NOW_S + 1000;
    bulla_error_clear(&err);
    assert_ok(bl_nvidia_verify(&v, &claims, &err), &err);
}

/* The trusted root as an anchor, and a leaf that somebody of the same name issued. */
static void
test_a_leaf_that_the_root_did_not_issue(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    BL_AUTO(bench) other = { 0 };
    BL_AUTO(bulla_buffer) extension = { 0 };

    write_composite(&extension);
    setup(&b, BL_KEY_P384, COMPOSITE_OID, bulla_buffer_bytes(&extension), false);
    setup(&other, BL_KEY_P384, COMPOSITE_OID, bulla_buffer_bytes(&extension), false);
    b.parts[1] = (struct bl_part){ "root", bulla_buffer_bytes(&other.root) };
    b.part_count = 2;
    b.anchor.der = bulla_buffer_bytes(&other.root);
    assert_refused(&b, BULLA_CAUSE_UNTRUSTED);
}

static void
test_the_nonce(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    static const uint8_t responder[32] = { 0x99 };

    setup_composite(&b);
    struct bl_verification v = verification(&b);
    v.binder.size = 31;
    assert_cause(bl_nvidia_verify(&v, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    v.binder = BL_BYTES_OF(responder); /* the device's own answers nobody */
    assert_cause(bl_nvidia_verify(&v, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
}

/* -- firmware ------------------------------------------------------------------------------------ */

static void
test_the_firmware_is_the_leafs(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) composite = { 0 };
    BL_AUTO(bulla_buffer) tcb_info = { 0 };

    write_composite(&composite);
    write_tcb_info(NULL, &tcb_info);
    for (int i = 0; i < 3; i++) {
        BL_AUTO(bench) b = { 0 };
        struct bulla_error err = { 0 };
        struct bl_claims claims;
        static const uint8_t unknown[48] = { 0xf1, 0xd2 };
        struct report r = report();
        setup(&b, BL_KEY_P384, i == 0 ? COMPOSITE_OID : TCB_INFO_OID,
              bulla_buffer_bytes(i == 0 ? &composite : &tcb_info), true);
        assert_ok(verify(&b, &claims, &err), &err);
        assert_int_equal(claims.unchecked_count, 2);
        r.fwid = unknown;
        assert_report_refused(&b, &r, BULLA_CAUSE_BINDING_MISMATCH);
        r.fwid = other_fwid; /* the first of two digests */
        write_report(&r, b.leaf_key, &b.evidence);
        bulla_error_clear(&err);
        assert_int_equal(verify(&b, &claims, &err) == BULLA_OK, i > 0);
        r.fwid = NULL;
        write_report(&r, b.leaf_key, &b.evidence);
        bulla_error_clear(&err);
        assert_ok(verify(&b, &claims, &err), &err);
        assert_int_equal(claims.unchecked_count, 3);
        assert_string_equal(claims.unchecked[0], "fwid");
    }
}

/* What the leaf does not say is not equal to what the report says. */
static void
test_a_leaf_without_firmware(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };

    setup(&b, BL_KEY_P384, NULL, BL_LITERAL(""), true);
    assert_refused(&b, BULLA_CAUSE_BINDING_MISMATCH);
}

static void
test_flags_of_the_leaf(void **state)
{
    (void)state;
    static const struct {
        const char *flags; /* as in the certificate: bit 0 is the highest */
        bool secured, debug;
    } cases[] = { { "\x00", true, false },  { "\x80", true, false }, { "\x40", false, false },
                  { "\x20", false, false }, { "\x10", true, true },  { "\xf0", false, true } };

    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        BL_AUTO(bench) b = { 0 };
        BL_AUTO(bulla_buffer) extension = { 0 };
        struct bulla_error err = { 0 };
        struct bl_baseline baseline;
        struct bl_claims claims;
        write_tcb_info(cases[i].flags, &extension);
        setup(&b, BL_KEY_P384, TCB_INFO_OID, bulla_buffer_bytes(&extension), true);
        assert_ok(verify(&b, &claims, &err), &err);
        assert_true(claims.secured.is_present && claims.debug.is_present);
        assert_int_equal(claims.secured.value, cases[i].secured);
        assert_int_equal(claims.debug.value, cases[i].debug);
        bl_baseline_judge(&claims, &baseline);
        assert_int_equal(baseline.accepted, cases[i].secured && !cases[i].debug);
    }
}

static void
test_extensions_that_are_malformed(void **state)
{
    (void)state;
    for (int which = 0; which < 2; which++) {
        BL_AUTO(bulla_buffer) whole = { 0 };
        if (which == 0)
            write_composite(&whole);
        else
            write_tcb_info("\x10", &whole);
        for (size_t size = 1; size <= whole.size + 1; size++) {
            BL_AUTO(bench) b = { 0 };
            uint8_t bytes[256] = { 0 };
            if (size == whole.size || (size % 7 != 0 && size < whole.size - 4))
                continue;
            memcpy(bytes, whole.data, size < whole.size ? size : whole.size);
            setup(&b, BL_KEY_P384, which == 0 ? COMPOSITE_OID : TCB_INFO_OID,
                  (struct bulla_bytes){ bytes, size }, true);
            assert_refused(&b, BULLA_CAUSE_MALFORMED);
        }
    }
}

/* -- the rest ------------------------------------------------------------------------------------ */

static void
test_memory_fails(void **state)
{
    (void)state;
    BL_AUTO(bench) b = { 0 };

    setup_composite(&b);
    struct bl_verification v = verification(&b);
    assert_scheme_survives_no_memory("nvidia", &v, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_report_claims),
        cmocka_unit_test(test_each_length_and_field),
        cmocka_unit_test(test_opaque_data),
        cmocka_unit_test(test_flaw_signature_at_the_end_of_the_file),
        cmocka_unit_test(test_every_bit_is_signed),
        cmocka_unit_test(test_a_report_by_another_key),
        cmocka_unit_test(test_a_leaf_on_another_curve),
        cmocka_unit_test(test_the_chain),
        cmocka_unit_test(test_a_leaf_that_the_root_did_not_issue),
        cmocka_unit_test(test_the_nonce),
        cmocka_unit_test(test_the_firmware_is_the_leafs),
        cmocka_unit_test(test_a_leaf_without_firmware),
        cmocka_unit_test(test_flags_of_the_leaf),
        cmocka_unit_test(test_extensions_that_are_malformed),
        cmocka_unit_test(test_memory_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
