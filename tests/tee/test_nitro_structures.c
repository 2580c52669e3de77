/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nitro documents decoded: every field, limit and truncation; both types of document.
 */
#include "tee/nitro_fixture.h"

static enum bulla_status
decode(struct paper_document says, struct bl_nitro_document *document, struct bulla_error *err)
{
    static struct bulla_buffer message; /* what *document borrows, until the next call */

    bulla_buffer_done(&message);
    message = paper_document(&house, says);
    return bl_nitro_decode(bulla_buffer_bytes(&message), document, err);
}

static void
assert_decodes(struct paper_document says)
{
    struct bulla_error err = { 0 };
    struct bl_nitro_document d;

    assert_ok(decode(says, &d, &err), &err);
}

static void
assert_refused(struct paper_document says, enum bulla_cause cause)
{
    struct bulla_error err = { 0 };
    struct bl_nitro_document d, before;

    memset(&d, 0x5a, sizeof d);
    before = d;
    assert_cause(decode(says, &d, &err), cause, &err);
    assert_memory_equal(&d, &before, sizeof d);
}

static void
test_an_enclave(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_nitro_document d;

    assert_ok(
        decode((struct paper_document){ .with_nonce = true, .with_user_data = true }, &d, &err),
        &err);
    assert_bytes_equal(d.module_id, BL_LITERAL(PAPER_MODULE));
    assert_true(d.timestamp_ms == PAPER_TIME_MS && d.digest == BL_SHA384);
    assert_true(d.pcr_mask == 0xffff && !d.is_of_tpm && !d.is_tagged);
    for (size_t i = 0; i < 16; i++)
        assert_true(d.pcrs[i].size == 48 && d.pcrs[i].data[47] == i + 1);
    assert_int_equal(d.cabundle_count, 3);
    for (int i = 0; i < 3; i++)
        assert_bytes_equal(d.cabundle[i], bl_certificate_der(house.parties[i].certificate));
    assert_bytes_equal(d.certificate, bl_certificate_der(house.parties[LEAF].certificate));
    assert_false(d.public_key.is_present);
    assert_bytes_equal(d.user_data.bytes, BL_LITERAL("data"));
    assert_bytes_equal(d.nonce.bytes, BL_LITERAL("nonce"));
}

static void
test_a_machine(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_nitro_document d;
    struct paper_document says = { .is_of_tpm = true, .zero_mask = 0xff0f };

    assert_ok(decode(says, &d, &err), &err);
    assert_true(d.is_of_tpm && d.pcr_mask == 0x00ffffff);
    assert_false(bl_nitro_is_debug(&d)); /* a TPM starts with zeros */
    for (unsigned i = 0; i < 24; i++) {
        says.pcr_mask = 0x00ffffffu & ~(1u << i);
        assert_refused(says, BULLA_CAUSE_CLAIM_MISSING);
    }
    says.pcr_mask = 0x01ffffff;
    assert_refused(says, BULLA_CAUSE_MALFORMED);
}

static void
test_encodings(void **state)
{
    (void)state;

    assert_decodes((struct paper_document){ .is_endless = true });
    assert_decodes((struct paper_document){ .is_reversed = true });
    assert_decodes((struct paper_document){ .is_tagged = true });
    assert_decodes((struct paper_document){ .digest = "SHA256", .pcr_size = 32 });
    assert_decodes((struct paper_document){ .digest = "SHA512", .pcr_size = 64 });
    assert_decodes((struct paper_document){ .pcr_mask = 0xffffffff });
    assert_decodes((struct paper_document){ .pcr_mask = 0x00000007 });
}

static void
test_fields(void **state)
{
    (void)state;

    for (size_t i = 0; i < BL_COUNT_OF(paper_fields); i++) {
        const char *field = paper_fields[i];
        const bool is_optional = i >= 6;
        if (is_optional)
            assert_decodes((struct paper_document){ .left_out = field });
        else
            assert_refused((struct paper_document){ .left_out = field }, BULLA_CAUSE_CLAIM_MISSING);
        if (strcmp(field, "nonce") != 0) /* nine pairs, as there may be */
            assert_refused((struct paper_document){ .twice = field, .left_out = "nonce" },
                           BULLA_CAUSE_MALFORMED);
        assert_refused((struct paper_document){ .twice = field, .is_endless = true },
                       BULLA_CAUSE_MALFORMED);
        assert_refused((struct paper_document){ .damaged = field }, BULLA_CAUSE_MALFORMED);
    }
}

static void
test_fields_that_do_not_belong(void **state)
{
    (void)state;

    assert_refused((struct paper_document){ .extra = "more", .left_out = "nonce" },
                   BULLA_CAUSE_MALFORMED);
    assert_refused((struct paper_document){ .extra = "nitrotpm_pcrs", .left_out = "nonce" },
                   BULLA_CAUSE_MALFORMED);
    assert_refused(
        (struct paper_document){ .extra = "pcrs", .left_out = "nonce", .is_of_tpm = true },
        BULLA_CAUSE_MALFORMED);
    assert_refused((struct paper_document){ .extra = "nitrotpm_pcrs",
                                            .left_out = "nonce",
                                            .pcr_mask = 0x000007,
                                            .extra_mask = 0xfffff8 },
                   BULLA_CAUSE_MALFORMED);
    assert_refused((struct paper_document){ .module = "" }, BULLA_CAUSE_MALFORMED);
    assert_refused((struct paper_document){ .digest = "SHA1" }, BULLA_CAUSE_UNSUPPORTED);
    assert_refused((struct paper_document){ .digest = "SHA38" }, BULLA_CAUSE_UNSUPPORTED);
    assert_refused((struct paper_document){ .is_es256 = true }, BULLA_CAUSE_UNSUPPORTED);
}

/* A register that is left out must not count as one that is as it should be. */
static void
test_registers(void **state)
{
    (void)state;

    for (unsigned i = 0; i < 3; i++)
        assert_refused((struct paper_document){ .pcr_mask = 0xffffu & ~(1u << i) },
                       BULLA_CAUSE_CLAIM_MISSING);
    assert_refused((struct paper_document){ .is_register_twice = true }, BULLA_CAUSE_MALFORMED);
    assert_refused((struct paper_document){ .pcr_size = 32 }, BULLA_CAUSE_MALFORMED);
    assert_refused((struct paper_document){ .pcr_size = 47 }, BULLA_CAUSE_MALFORMED);
    assert_refused((struct paper_document){ .pcr_size = 64 }, BULLA_CAUSE_MALFORMED);
    assert_refused((struct paper_document){ .digest = "SHA256" }, BULLA_CAUSE_MALFORMED);
}

static void
test_debug_mode_is_seen_by_any_register_of_the_image(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_nitro_document d;

    for (uint32_t zeros = 0; zeros < 16; zeros++) {
        assert_ok(decode((struct paper_document){ .zero_mask = zeros }, &d, &err), &err);
        assert_int_equal(bl_nitro_is_debug(&d), (zeros & 7) != 0);
    }
}

static void
test_limits(void **state)
{
    (void)state;
    static const uint8_t bytes[513] = { 1 };
    struct paper_document says = { .with_nonce = true };
    char module[BL_NITRO_MODULE_SIZE_MAX + 2];

    says.nonce = (struct bulla_bytes){ bytes, 512 };
    assert_decodes(says);
    says.nonce.size = 513;
    assert_refused(says, BULLA_CAUSE_MALFORMED);
    memset(module, 'm', sizeof module);
    module[BL_NITRO_MODULE_SIZE_MAX] = '\0';
    assert_decodes((struct paper_document){ .module = module });
    module[BL_NITRO_MODULE_SIZE_MAX] = 'm';
    module[BL_NITRO_MODULE_SIZE_MAX + 1] = '\0';
    assert_refused((struct paper_document){ .module = module }, BULLA_CAUSE_MALFORMED);
    assert_decodes((struct paper_document){ .authority_count = BL_NITRO_CA_COUNT_MAX });
    assert_refused((struct paper_document){ .authority_count = BL_NITRO_CA_COUNT_MAX + 1 },
                   BULLA_CAUSE_MALFORMED);
}

static void
test_no_authorities(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const struct paper_document says = { .left_out = "cabundle" };
    BL_AUTO(bulla_buffer) payload = { 0 };
    struct bl_nitro_document d;

    paper_payload(&house, &says, &payload);
    payload.data[0]++; /* one pair more: an empty bundle */
    assert_ok(bulla_buffer_append(&payload,
                                  BL_LITERAL("\x68"
                                             "cabundle\x80"),
                                  &err),
              &err);
    BL_AUTO(bulla_buffer) message = paper_message(&house, &says, bulla_buffer_bytes(&payload));
    assert_cause(bl_nitro_decode(bulla_buffer_bytes(&message), &d, &err), BULLA_CAUSE_MALFORMED,
                 &err);
}

/* Shortened anywhere, outside or inside, and lengthened: no document. */
static void
test_truncations(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const struct paper_document plain = { .with_nonce = true };
    BL_AUTO(bulla_buffer) payload = { 0 };
    BL_AUTO(bulla_buffer) message = paper_document(&house, plain);
    struct bl_nitro_document d;

    for (size_t size = 0; size < message.size; size++)
        assert_int_not_equal(bl_nitro_decode((struct bulla_bytes){ message.data, size }, &d, NULL),
                             BULLA_OK);
    assert_ok(bulla_buffer_append(&message, BL_LITERAL("\0"), &err), &err);
    assert_cause(bl_nitro_decode(bulla_buffer_bytes(&message), &d, &err), BULLA_CAUSE_MALFORMED,
                 &err);
    paper_payload(&house, &plain, &payload);
    assert_ok(bulla_buffer_append(&payload, BL_LITERAL("\0"), &err), &err);
    for (size_t size = 0; size <= payload.size; size += size < 200 ? 1 : 13) {
        if (size == payload.size - 1)
            continue;
        BL_AUTO(bulla_buffer)
        part = paper_message(&house, &plain, (struct bulla_bytes){ payload.data, size });
        assert_int_not_equal(bl_nitro_decode(bulla_buffer_bytes(&part), &d, NULL), BULLA_OK);
    }
    BL_AUTO(bulla_buffer) longer = paper_message(&house, &plain, bulla_buffer_bytes(&payload));
    assert_cause(bl_nitro_decode(bulla_buffer_bytes(&longer), &d, &err), BULLA_CAUSE_MALFORMED,
                 &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_enclave),
        cmocka_unit_test(test_a_machine),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_fields_that_do_not_belong),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_debug_mode_is_seen_by_any_register_of_the_image),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_no_authorities),
        cmocka_unit_test(test_truncations),
    };
    return cmocka_run_group_tests(tests, build, tear_down);
}
