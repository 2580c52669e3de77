/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims from the appraiser: as strict as any hostile bytes, for it may have been taken over.
 */
#include "tee/paper_enclave.h"

#include "broker/claims_codec.h"

static struct bl_claims verified;

static const struct bl_anchor anchors[2] = {
    { .name = "software", .platform_class = BL_CLASS_SOFTWARE },
    { .name = "hardware", .platform_class = BL_CLASS_HARDWARE },
};

/* Real claims, of both layers. */
static int
make_claims(void **state)
{
    void *machine_state = NULL;
    struct bulla_error err = { 0 };

    (void)state;
    if (paper_machine_setup(&machine_state) != 0)
        return -1;
    struct paper_machine *m = machine_state;
    assert_ok(bl_scheme_find("tpm")->verify(&m->verification, &verified, &err), &err);
    verified.anchor = anchors[1].name;
    verified.debug = (struct bl_claim_flag){ .is_present = true, .value = false };
    return paper_machine_teardown(&machine_state);
}

static void
encode(const struct bl_claims *claims, struct bulla_buffer *bytes)
{
    struct bl_writer w = bl_writer(bytes);
    struct bulla_error err = { 0 };

    bl_claims_write(&w, claims, anchors, 2);
    assert_ok(bl_writer_finish(&w, &err), &err);
}

static enum bulla_status
decode(struct bulla_bytes bytes, struct bl_claims *out)
{
    struct bl_reader r = bl_reader(bytes, "claims");

    bl_claims_read(&r, "tpm", anchors, 2, out);
    return bl_reader_finish(&r, NULL);
}

static void
test_claims_come_back_whole(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bl_claims back = { 0 };

    assert_true(verified.enclave.is_present && verified.platform.is_present);
    encode(&verified, &bytes);
    assert_int_equal(decode(bulla_buffer_bytes(&bytes), &back), BULLA_OK);
    assert_string_equal(back.kind, "tpm");
    assert_ptr_equal(back.anchor, anchors[1].name);
    assert_int_equal(back.platform_class, verified.platform_class);
    assert_int_equal(back.binding, verified.binding);
    assert_string_equal(back.product, verified.product);
    assert_int_equal(back.version.value, verified.version.value);
    assert_bytes_equal(bl_claim_view(&back.code), bl_claim_view(&verified.code));
    assert_bytes_equal(bl_claim_view(&back.signer), bl_claim_view(&verified.signer));
    assert_bytes_equal(bl_claim_view(&back.config), bl_claim_view(&verified.config));
    assert_bytes_equal(bl_claim_view(&back.platform_id), bl_claim_view(&verified.platform_id));
    assert_int_equal(back.enclave.reset_count.value, verified.enclave.reset_count.value);
    assert_bytes_equal(bl_claim_view(&back.enclave.ak_name),
                       bl_claim_view(&verified.enclave.ak_name));
    for (unsigned i = 0; i < BL_PCR_COUNT; i++)
        assert_bytes_equal(bl_pcr_value(&back.enclave.pcrs, i),
                           bl_pcr_value(&verified.enclave.pcrs, i));
    assert_true(back.debug.is_present && !back.debug.value);
    encode(&back, &again);
    assert_bytes_equal(bulla_buffer_bytes(&again), bulla_buffer_bytes(&bytes));
}

/* What a policy looks at and a TPM does not say. */
static void
test_the_condition_of_other_platforms_comes_back(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_claims claims = verified, back = { 0 };

    claims.firmware = (struct bl_firmware_claims){ BL_SNP_TURIN, { 1, 2, 3, 4, 5 } };
    claims.attributes = (struct bl_claim_number){ true, UINT64_MAX };
    claims.platform_info = (struct bl_claim_number){ true, 0x25 };
    claims.tcb.evaluation_number = (struct bl_claim_number){ true, 17 };
    claims.registers = claims.platform.pcrs;
    claims.register_log_covers = 0xb;
    claims.launch_mitigations = (struct bl_claim_number){ true, UINT64_MAX };
    claims.current_mitigations = (struct bl_claim_number){ true, 1 };
    claims.module_version = (struct bl_claim_number){ true, 3 };
    claims.module_svn = (struct bl_claim_number){ true, 5 };
    claims.service_td = (struct bl_claim_bytes){ { 7 }, 48 };
    claims.late_s = (struct bl_claim_number){ true, 0 };
    claims.unchecked_count = 0;
    bl_claims_unchecked(&claims, "pck_crl");
    bl_claims_unchecked(&claims, "a word that we do not use");
    encode(&claims, &bytes);
    assert_int_equal(decode(bulla_buffer_bytes(&bytes), &back), BULLA_OK);
    assert_int_equal(back.firmware.generation, BL_SNP_TURIN);
    assert_memory_equal(back.firmware.svns, claims.firmware.svns, BL_SVN_COUNT);
    assert_true(back.attributes.is_present && back.attributes.value == UINT64_MAX);
    assert_true(back.platform_info.is_present && back.platform_info.value == 0x25);
    assert_true(back.tcb.evaluation_number.is_present && back.tcb.evaluation_number.value == 17);
    assert_int_equal(back.registers.mask, claims.registers.mask);
    assert_int_equal(back.register_log_covers, 0xb);
    assert_true(back.launch_mitigations.is_present && back.launch_mitigations.value == UINT64_MAX);
    assert_true(back.current_mitigations.is_present && back.current_mitigations.value == 1);
    assert_true(back.module_version.is_present && back.module_version.value == 3);
    assert_true(back.module_svn.is_present && back.module_svn.value == 5);
    assert_bytes_equal(bl_claim_view(&back.service_td), bl_claim_view(&claims.service_td));
    assert_true(back.late_s.is_present && back.late_s.value == 0);
    assert_int_equal(back.unchecked_count, 2);
    assert_string_equal(back.unchecked[0], "pck_crl");
    assert_string_equal(back.unchecked[1], "others");
}

static void
test_absent_stays_absent(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_claims none = { .platform_class = BL_CLASS_SOFTWARE, .anchor = anchors[0].name };
    struct bl_claims back = { .version = { true, 7 } };

    encode(&none, &bytes);
    assert_int_equal(decode(bulla_buffer_bytes(&bytes), &back), BULLA_OK);
    assert_false(back.version.is_present || back.debug.is_present);
    assert_false(back.attributes.is_present || back.platform_info.is_present);
    assert_false(back.tcb.evaluation_number.is_present);
    assert_false(back.launch_mitigations.is_present || back.current_mitigations.is_present);
    assert_false(back.module_version.is_present || back.module_svn.is_present);
    assert_int_equal(back.service_td.size, 0);
    assert_false(back.late_s.is_present);
    assert_int_equal(back.firmware.generation, BL_SNP_GENERATION_NONE);
    assert_int_equal(back.registers.mask, 0);
    assert_int_equal(back.unchecked_count, 0);
    assert_false(back.enclave.is_present || back.platform.is_present);
    assert_int_equal(back.code.size, 0);
    assert_int_equal(back.product[0], '\0');
}

static void
test_every_truncation_is_refused(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) bytes = { 0 };

    encode(&verified, &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        struct bl_claims out = { .isolation = BL_ISOLATION_VM };
        assert_int_equal(decode((struct bulla_bytes){ bytes.data, size }, &out), BULLA_E_MALFORMED);
        assert_int_equal(out.isolation, BL_ISOLATION_VM);
    }
}

/* An appraiser that was taken over cannot make more of an anchor than the administrator did. */
static void
test_a_class_above_the_anchors_is_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (int c = BL_CLASS_ABSENT; c <= BL_CLASS_HARDWARE + 1; c++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bl_claims claims = verified;
        struct bl_claims out = { 0 };
        claims.platform_class = (enum bl_platform_class)c;
        claims.anchor = anchors[0].name;
        encode(&claims, &bytes);
        assert_int_equal(decode(bulla_buffer_bytes(&bytes), &out),
                         c <= BL_CLASS_SOFTWARE ? BULLA_OK : BULLA_E_MALFORMED);
        assert_true(out.platform_class <= BL_CLASS_SOFTWARE);
    }
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_claims claims = verified;
    struct bl_claims out = { 0 };
    claims.anchor = "of nobody"; /* written as an index beyond the list */
    struct bl_writer w = bl_writer(&bytes);
    bl_claims_write(&w, &claims, anchors, 2);
    assert_ok(bl_writer_finish(&w, &err), &err);
    assert_int_equal(decode(bulla_buffer_bytes(&bytes), &out), BULLA_E_MALFORMED);
}

static void
test_numbers_out_of_their_range_are_refused(void **state)
{
    (void)state;
    struct bl_claims bad[6];

    for (size_t i = 0; i < BL_COUNT_OF(bad); i++)
        bad[i] = verified;
    bad[0].binding = (enum bl_binding)(BL_BINDING_CHANNEL + 1);
    bad[1].isolation = (enum bl_isolation)(BL_ISOLATION_HARDWARE + 1);
    bad[2].platform.signature_hash = (enum bl_hash)(BL_SHA512 + 1);
    bad[3].platform.selection.mask = BL_PCR_MASK_ALL + 1;
    bad[4].enclave.log_covers = UINT32_MAX;
    bad[5].firmware.generation = (enum bl_snp_generation)(BL_SNP_TURIN + 1);
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bl_claims out = { 0 };
        encode(&bad[i], &bytes);
        assert_int_equal(decode(bulla_buffer_bytes(&bytes), &out), BULLA_E_MALFORMED);
        assert_null(out.kind);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claims_come_back_whole),
        cmocka_unit_test(test_the_condition_of_other_platforms_comes_back),
        cmocka_unit_test(test_absent_stays_absent),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_a_class_above_the_anchors_is_refused),
        cmocka_unit_test(test_numbers_out_of_their_range_are_refused),
    };

    return cmocka_run_group_tests(tests, make_claims, NULL);
}
