/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What monitor and agent say to each other, as bytes.
 */
#include "enclave/agent_link.h"

#include "unit.h"

static struct bl_agent_config
some_config(void)
{
    return (struct bl_agent_config){ .manifest = BL_LITERAL("manifest"),
                                     .event_log = BL_LITERAL("log"),
                                     .platform_vouches = true,
                                     .anchored = true };
}

static void
assert_same(const struct bl_agent_config *a, const struct bl_agent_config *b)
{
    assert_bytes_equal(a->manifest, b->manifest);
    assert_bytes_equal(a->event_log, b->event_log);
    assert_int_equal(a->platform_vouches, b->platform_vouches);
    assert_int_equal(a->anchored, b->anchored);
}

static void
test_config_round_trip(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_agent_config full = some_config(), least = some_config(), got = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    assert_ok(bl_agent_config_encode(&full, &bytes, &err), &err);
    assert_ok(bl_agent_config_decode(bulla_buffer_bytes(&bytes), &got, &err), &err);
    assert_same(&full, &got);
    bulla_buffer_clear(&bytes);
    least.platform_vouches = false;
    least.anchored = false;
    assert_ok(bl_agent_config_encode(&least, &bytes, &err), &err);
    assert_ok(bl_agent_config_decode(bulla_buffer_bytes(&bytes), &got, &err), &err);
    assert_same(&least, &got);
}

static void
test_config_truncated_or_longer(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_agent_config full = some_config();
    const struct bl_agent_config untouched = { .manifest = BL_LITERAL("before") };
    struct bl_agent_config got = untouched;
    BL_AUTO(bulla_buffer) bytes = { 0 };

    assert_ok(bl_agent_config_encode(&full, &bytes, &err), &err);
    for (size_t size = 0; size < bytes.size; size++)
        assert_fails(bl_agent_config_decode((struct bulla_bytes){ bytes.data, size }, &got, &err),
                     BULLA_E_MALFORMED, &err);
    bulla_error_clear(&err);
    assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("\0"), &err), &err);
    assert_fails(bl_agent_config_decode(bulla_buffer_bytes(&bytes), &got, &err), BULLA_E_MALFORMED,
                 &err);
    assert_same(&untouched, &got);
}

static void
test_config_refusals(void **state)
{
    (void)state;
    const struct {
        struct bulla_bytes bytes;
        enum bulla_status status;
    } cases[] = {
        { BL_LITERAL("\xa5\x01\x02\x02\x40\x03\x40\x04\xf4\x05\xf4"), BULLA_E_UNSUPPORTED },
        { BL_LITERAL("\xa4\x01\x01\x02\x40\x03\x40\x04\xf4"), BULLA_E_MALFORMED },
        { BL_LITERAL("\xa5\x01\x01\x02\x40\x03\x40\x05\xf4\x04\xf4"), BULLA_E_MALFORMED },
        { BL_LITERAL("\xa5\x01\x01\x02\x40\x03\x40\x04\xf6\x05\xf4"), BULLA_E_MALFORMED },
        { BL_LITERAL("\xa5\x01\x01\x02\x60\x03\x40\x04\xf4\x05\xf4"), BULLA_E_MALFORMED },
        { BL_LITERAL("\xa5\x01\x01\x02\x40\x03\x40\x04\xf4\x05\x00"), BULLA_E_MALFORMED },
    };
    struct bulla_error err = { 0 };
    struct bl_agent_config got = { 0 };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_fails(bl_agent_config_decode(cases[i].bytes, &got, &err), cases[i].status, &err);
    bulla_error_clear(&err);
    assert_ok(bl_agent_config_decode(BL_LITERAL("\xa5\x01\x01\x02\x40\x03\x40\x04\xf4\x05\xf4"),
                                     &got, &err),
              &err);
}

static void
test_config_limits(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) large = { 0 }, bytes = { 0 };
    struct bl_agent_config config = some_config(), got = { 0 };
    uint8_t *start = NULL;

    assert_ok(bulla_buffer_extend(&large, BL_AGENT_LOG_SIZE_MAX + 1, &start, &err), &err);
    config.event_log = (struct bulla_bytes){ large.data, BL_AGENT_LOG_SIZE_MAX };
    assert_ok(bl_agent_config_encode(&config, &bytes, &err), &err);
    assert_ok(bl_agent_config_decode(bulla_buffer_bytes(&bytes), &got, &err), &err);
    config.event_log.size++;
    bulla_buffer_clear(&bytes);
    assert_ok(bl_agent_config_encode(&config, &bytes, &err), &err);
    assert_fails(bl_agent_config_decode(bulla_buffer_bytes(&bytes), &got, &err), BULLA_E_MALFORMED,
                 &err);
}

static void
test_report(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_agent_report got = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    assert_ok(bl_agent_report_decode(BL_LITERAL("\x82\x01\x00"), &got, &err), &err);
    assert_int_equal(got.kind, BL_AGENT_READY);
    assert_ok(bl_agent_report_encode(&(struct bl_agent_report){ .kind = BL_AGENT_REFUSED,
                                                                .cause = BULLA_CAUSE_REFUSED },
                                     &bytes, &err),
              &err);
    assert_true(bytes.size <= BL_AGENT_REPORT_SIZE_MAX);
    assert_ok(bl_agent_report_decode(bulla_buffer_bytes(&bytes), &got, &err), &err);
    assert_int_equal(got.kind, BL_AGENT_REFUSED);
    assert_int_equal(got.cause, BULLA_CAUSE_REFUSED);

    const struct bulla_bytes refused[] = {
        BL_LITERAL("\x82\x00\x00"),             /* no such kind */
        BL_LITERAL("\x82\x03\x00"),             /* attests, without a key */
        BL_LITERAL("\x82\x04\x00"),             /* nor this one */
        BL_LITERAL("\x82\x01\x18\x65"),         /* ready, with a cause */
        BL_LITERAL("\x82\x02\x00"),             /* refused, without one */
        BL_LITERAL("\x82\x02\x19\x27\x0f"),     /* 9999: nobody's cause */
        BL_LITERAL("\x82\x02\x1a\0\x01\0\x65"), /* 65637, of which 16 bits are one */
        BL_LITERAL("\x83\x01\x00\x00"),
        BL_LITERAL("\x82\x01"),
        BL_LITERAL("")
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_fails(bl_agent_report_decode(refused[i], &got, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(got.kind, BL_AGENT_REFUSED);
}

static void
test_report_with_a_key(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const struct bl_agent_report report = { .kind = BL_AGENT_ATTESTS,
                                            .ak_public = BL_LITERAL("public"),
                                            .ak_private = BL_LITERAL("private"),
                                            .binder = { 1, 2, 3 } };
    struct bl_agent_report got = { 0 };
    const uint8_t key[BL_AGENT_KEY_SIZE_MAX + 1] = { 0 };
    struct bl_agent_report largest = { .kind = BL_AGENT_ATTESTS,
                                       .ak_public = { key, sizeof key - 1 },
                                       .ak_private = { key, sizeof key - 1 } };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    assert_ok(bl_agent_report_encode(&report, &bytes, &err), &err);
    for (size_t size = 0; size < bytes.size; size++)
        assert_fails(bl_agent_report_decode((struct bulla_bytes){ bytes.data, size }, &got, &err),
                     BULLA_E_MALFORMED, &err);
    bulla_error_clear(&err);
    assert_ok(bl_agent_report_decode(bulla_buffer_bytes(&bytes), &got, &err), &err);
    assert_int_equal(got.kind, BL_AGENT_ATTESTS);
    assert_bytes_equal(got.ak_public, report.ak_public);
    assert_bytes_equal(got.ak_private, report.ak_private);
    assert_memory_equal(got.binder, report.binder, sizeof got.binder);
    assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("\0"), &err), &err);
    assert_fails(bl_agent_report_decode(bulla_buffer_bytes(&bytes), &got, &err), BULLA_E_MALFORMED,
                 &err);

    bulla_buffer_clear(&bytes);
    bulla_error_clear(&err);
    assert_ok(bl_agent_report_encode(&largest, &bytes, &err), &err);
    assert_true(bytes.size <= BL_AGENT_REPORT_SIZE_MAX);
    assert_ok(bl_agent_report_decode(bulla_buffer_bytes(&bytes), &got, &err), &err);
    largest.ak_private.size++;
    bulla_buffer_clear(&bytes);
    assert_ok(bl_agent_report_encode(&largest, &bytes, &err), &err);
    assert_fails(bl_agent_report_decode(bulla_buffer_bytes(&bytes), &got, &err), BULLA_E_MALFORMED,
                 &err);
}

static void
test_relay_packets(void **state)
{
    (void)state;
    static const struct bl_relay_packet packets[] = {
        { .kind = BL_RELAY_CONNECT, .id = 0x01020304, .index = 7 },
        { .kind = BL_RELAY_BROKER, .id = 0xffffffff },
        { .kind = BL_RELAY_CLIENT, .port = 6379 },
        { .kind = BL_RELAY_HEALTH, .port = 6379 },
        { .kind = BL_RELAY_ANSWER, .id = 5, .connected = true },
        { .kind = BL_RELAY_ANSWER, .id = 5 },
    };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX + 1] = { 0 };
        struct bl_relay_packet got = { 0 };
        size_t size = bl_relay_packet_encode(&packets[i], bytes);
        assert_true(size <= BL_RELAY_PACKET_SIZE_MAX);
        assert_ok(bl_relay_packet_decode((struct bulla_bytes){ bytes, size }, &got, &err), &err);
        assert_int_equal(got.kind, packets[i].kind);
        assert_int_equal(got.id, packets[i].id);
        assert_int_equal(got.index, packets[i].index);
        assert_int_equal(got.port, packets[i].port);
        assert_int_equal(got.connected, packets[i].connected);
        for (size_t other = 0; other <= size + 1; other++) {
            if (other != size)
                assert_fails(
                    bl_relay_packet_decode((struct bulla_bytes){ bytes, other }, &got, &err),
                    BULLA_E_MALFORMED, &err);
        }
        bulla_error_clear(&err);
    }
    assert_fails(
        bl_relay_packet_decode(BL_LITERAL("X\0\0\0\0"), &(struct bl_relay_packet){ 0 }, &err),
        BULLA_E_MALFORMED, &err);
    assert_fails(bl_relay_packet_decode(BL_LITERAL("L\0\0"), &(struct bl_relay_packet){ 0 }, &err),
                 BULLA_E_MALFORMED, &err);
    assert_fails(
        bl_relay_packet_decode(BL_LITERAL("A\0\0\0\1\2"), &(struct bl_relay_packet){ 0 }, &err),
        BULLA_E_MALFORMED, &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_round_trip),
        cmocka_unit_test(test_config_truncated_or_longer),
        cmocka_unit_test(test_config_refusals),
        cmocka_unit_test(test_config_limits),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_report_with_a_key),
        cmocka_unit_test(test_relay_packets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
