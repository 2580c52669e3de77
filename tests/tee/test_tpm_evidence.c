/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/paper_enclave.h"

static void
test_encoding_goes_there_and_back(void **state)
{
    struct paper_machine *m = *state;
    struct bulla_error err = { 0 };

    for (int layers = 1; layers <= 3; layers++) {
        BL_AUTO(bulla_buffer) again = { 0 };
        struct bl_tpm_evidence e;
        paper_machine_attest(m, (layers & 1) != 0, (layers & 2) != 0);
        if (layers == 1) {
            m->evidence.platform.ak_chain[0] = BL_LITERAL("leaf");
            m->evidence.platform.ak_chain[1] = BL_LITERAL("intermediate");
            m->evidence.platform.ak_chain_count = 2;
            paper_machine_encode(m);
        }
        assert_ok(bl_tpm_evidence_decode(bulla_buffer_bytes(&m->encoded), &e, &err), &err);
        assert_int_equal(e.platform.is_present, (layers & 1) != 0);
        assert_int_equal(e.enclave.is_present, (layers & 2) != 0);
        assert_int_equal(e.platform.ak_chain_count, layers == 1 ? 2 : 0);
        assert_ok(bl_tpm_evidence_encode(&e, &again, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&again), bulla_buffer_bytes(&m->encoded));
    }
}

static void
test_every_truncation_and_one_byte_more(void **state)
{
    struct paper_machine *m = *state;
    struct bl_tpm_evidence e = { .platform.ak_chain_count = 77 };
    struct bulla_error err = { 0 };

    for (size_t size = 0; size < m->encoded.size; size++)
        assert_fails(
            bl_tpm_evidence_decode((struct bulla_bytes){ m->encoded.data, size }, &e, &err),
            BULLA_E_MALFORMED, &err);
    assert_ok(bulla_buffer_append(&m->encoded, BL_LITERAL("\0"), &err), &err);
    assert_fails(bl_tpm_evidence_decode(bulla_buffer_bytes(&m->encoded), &e, &err),
                 BULLA_E_MALFORMED, &err);
    assert_int_equal(e.platform.ak_chain_count, 77); /* untouched */
}

static void
test_other_versions_are_refused(void **state)
{
    struct paper_machine *m = *state;
    struct bl_tpm_evidence e;
    struct bulla_error err = { 0 };

    assert_int_equal(m->encoded.data[1], 1); /* key 1: the version */
    for (uint8_t version = 0; version < 23; version++) {
        m->encoded.data[2] = version;
        if (version == BL_TPM_EVIDENCE_VERSION)
            assert_ok(bl_tpm_evidence_decode(bulla_buffer_bytes(&m->encoded), &e, &err), &err);
        else
            assert_fails(bl_tpm_evidence_decode(bulla_buffer_bytes(&m->encoded), &e, &err),
                         BULLA_E_UNSUPPORTED, &err);
    }
}

static void
refuse_encoded(struct bulla_buffer *encoded)
{
    struct bl_tpm_evidence e;
    struct bulla_error err = { 0 };

    assert_fails(bl_tpm_evidence_decode(bulla_buffer_bytes(encoded), &e, &err), BULLA_E_MALFORMED,
                 &err);
}

static void
test_shapes_that_are_not_evidence(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const uint8_t no_layer[] = { 0xa1, 0x01, 0x01 };
    static const uint8_t no_version[] = { 0xa0 };
    static const uint8_t unknown_key[] = { 0xa2, 0x01, 0x01, 0x04, 0xa0 };
    static const uint8_t empty_layer[] = { 0xa2, 0x01, 0x01, 0x02, 0xa0 };
    const struct bulla_bytes shapes[] = { BL_BYTES_OF(no_layer), BL_BYTES_OF(no_version),
                                          BL_BYTES_OF(unknown_key), BL_BYTES_OF(empty_layer) };

    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        BL_AUTO(bulla_buffer) encoded = { 0 };
        assert_ok(bulla_buffer_append(&encoded, shapes[i], &err), &err);
        refuse_encoded(&encoded);
    }
    const struct bl_tpm_evidence none = { 0 };
    BL_AUTO(bulla_buffer) out = { 0 };
    assert_fails(bl_tpm_evidence_encode(&none, &out, &err), BULLA_E_ARGUMENT, &err);
}

static void
test_fields_at_their_limits(void **state)
{
    struct paper_machine *m = *state;
    static const uint8_t large[20000] = { 0 };
    struct bl_tpm_layer *layer = &m->evidence.platform;
    const struct bl_tpm_layer good = *layer;

    layer->selection.bank = BL_SHA1;
    paper_machine_encode(m);
    refuse_encoded(&m->encoded);
    *layer = good;
    layer->selection.mask = 0;
    paper_machine_encode(m);
    refuse_encoded(&m->encoded);
    *layer = good;
    layer->selection.mask = 1u << 24;
    paper_machine_encode(m);
    refuse_encoded(&m->encoded);
    *layer = good;
    layer->attest = (struct bulla_bytes){ large, 1025 };
    paper_machine_encode(m);
    refuse_encoded(&m->encoded);
    *layer = good;
    layer->ak_chain[0] = (struct bulla_bytes){ large, 16385 };
    layer->ak_chain_count = 1;
    paper_machine_encode(m);
    refuse_encoded(&m->encoded);
}

/* What nobody checks is not carried. */
static void
test_certificates_of_an_enclave_with_a_platform(void **state)
{
    struct paper_machine *m = *state;

    m->evidence.enclave.ak_chain[0] = BL_LITERAL("leaf");
    m->evidence.enclave.ak_chain_count = 1;
    paper_machine_encode(m);
    refuse_encoded(&m->encoded);
}

static void
test_platform_binder_depends_on_both(void **state)
{
    (void)state;
    struct bl_tpm_name name = { .bytes = { 0x00, 0x0b, 1 }, .size = 34 };
    uint8_t binder[32] = { 1 };
    uint8_t first[32];
    uint8_t other[32];
    struct bulla_error err = { 0 };

    assert_ok(bl_tpm_platform_binder(&name, binder, first, &err), &err);
    name.bytes[33] ^= 1;
    assert_ok(bl_tpm_platform_binder(&name, binder, other, &err), &err);
    assert_memory_not_equal(first, other, 32);
    name.bytes[33] ^= 1;
    binder[31] ^= 1;
    assert_ok(bl_tpm_platform_binder(&name, binder, other, &err), &err);
    assert_memory_not_equal(first, other, 32);
    assert_memory_not_equal(first, binder, 32);
}

int
main(void)
{
#define MACHINE_TEST(name) \
    cmocka_unit_test_setup_teardown(name, paper_machine_setup, paper_machine_teardown)
    const struct CMUnitTest tests[] = {
        MACHINE_TEST(test_encoding_goes_there_and_back),
        MACHINE_TEST(test_every_truncation_and_one_byte_more),
        MACHINE_TEST(test_other_versions_are_refused),
        cmocka_unit_test(test_shapes_that_are_not_evidence),
        MACHINE_TEST(test_fields_at_their_limits),
        MACHINE_TEST(test_certificates_of_an_enclave_with_a_platform),
        cmocka_unit_test(test_platform_binder_depends_on_both),
    };
#undef MACHINE_TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
