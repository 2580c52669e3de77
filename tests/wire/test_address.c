/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of brokers: one text for one address, and nothing that is nearly one. */
#include "unit.h"

#include "base/fault.h"
#include "wire/address.h"

#define ROOT_TEXT "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" /* bytes 0 to 31 */

static const char *const endpoints[] = {
    "localhost:8743",      "broker.example.org:1", "127.0.0.1:65535",
    "a-b.c1:80",           "[::1]:8743",           "[2001:db8::5]:443",
    "1.2.3.4.example:443", "[::ffff:1.2.3.4]:9",   "9front.host:700",
};

static void
what_is_right_survives_a_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        struct bulla_error err = { 0 };
        struct bl_broker_address address = { 0 };
        char text[BL_BROKER_ADDRESS_SIZE_MAX];
        BL_AUTO(bulla_buffer) again = { 0 };

        (void)snprintf(text, sizeof text, "bulla://%s#" ROOT_TEXT, endpoints[i]);
        assert_ok(bl_broker_address_parse(text_bytes(text), &address, &err), &err);
        assert_ok(bl_broker_address_format(&address, &again, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&again), text_bytes(text));
        for (unsigned k = 0; k < BL_BROKER_ROOT_SIZE; k++)
            assert_int_equal(address.root[k], k);
    }
}

static void
parts_are_what_they_say(void **state)
{
    struct bulla_error err = { 0 };
    struct bl_endpoint endpoint = { 0 };
    struct bl_endpoint other = { .host = "::1", .port = 8744 };

    (void)state;
    assert_ok(bl_endpoint_parse(text_bytes("[::1]:8743"), &endpoint, &err), &err);
    assert_string_equal(endpoint.host, "::1");
    assert_int_equal(endpoint.port, 8743);
    assert_false(bl_endpoint_is(&endpoint, &other));
    other.port = 8743;
    assert_true(bl_endpoint_is(&endpoint, &other));
    (void)strcpy(other.host, "::2");
    assert_false(bl_endpoint_is(&endpoint, &other));
}

static const char *const wrong_endpoints[] = {
    "",
    "localhost",
    ":80",
    "localhost:",
    "localhost:0",
    "host:080",
    "host:65536",
    "host:99999",
    "host:123456",
    "host:-1",
    "host:+1",
    "host:8o",
    "host: 80",
    "Host:80",
    "-a:80",
    "a-:80",
    "a..b:80",
    ".a:80",
    "a.:80",
    "a_b:80",
    "1.2.3:80",
    "1.2.3.256:80",
    "01.2.3.4:80",
    "1.2.3.4.5:80",
    "::1:80",
    "[::1:80",
    "[::01]:80",
    "[0:0::1]:80",
    "[::1%eth0]:80",
    "[1.2.3.4]:80",
    "[]:80",
    "[host]:80",
    "user@host:80",
    "host/path:80",
    "[2001:DB8::5]:443",
    "h\xc3\xb6st:80",
    "a b:80",
    "host:80 ",
    "1234:80",
    "a.123:80",
};

static void
what_is_wrong_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong_endpoints / sizeof wrong_endpoints[0]; i++) {
        struct bulla_error err = { 0 };
        struct bl_endpoint endpoint = { .host = "untouched", .port = 7 };

        assert_fails(bl_endpoint_parse(text_bytes(wrong_endpoints[i]), &endpoint, &err),
                     BULLA_E_MALFORMED, &err);
        assert_string_equal(endpoint.host, "untouched");
    }
}

static void
long_names_end_at_their_limits(void **state)
{
    struct bulla_error err = { 0 };
    struct bl_endpoint endpoint = { 0 };
    char text[300];

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text + 63, ":1", 3);
    assert_ok(bl_endpoint_parse(text_bytes(text), &endpoint, &err), &err);
    memset(text, 'a', sizeof text);
    memcpy(text + 64, ":1", 3);
    assert_fails(bl_endpoint_parse(text_bytes(text), &endpoint, &err), BULLA_E_MALFORMED, &err);
    for (size_t i = 0; i < 253; i++)
        text[i] = i % 2 == 0 ? 'a' : '.';
    memcpy(text + 253, ":1", 3);
    assert_ok(bl_endpoint_parse(text_bytes(text), &endpoint, &err), &err);
    memcpy(text + 253, ".a:1", 5);
    assert_fails(bl_endpoint_parse(text_bytes(text), &endpoint, &err), BULLA_E_MALFORMED, &err);
}

static void
every_truncation_and_addition_is_refused(void **state)
{
    static const char text[] = "bulla://[2001:db8::5]:8743#" ROOT_TEXT;

    (void)state;
    for (size_t size = 0; size < sizeof text - 1; size++) {
        struct bl_broker_address address = { .endpoint.port = 7 };
        struct bulla_bytes cut = { (const uint8_t *)text, size };
        assert_int_not_equal(bl_broker_address_parse(cut, &address, NULL), BULLA_OK);
        assert_int_equal(address.endpoint.port, 7);
    }
    static const char *const longer[] = {
        "bulla://h:1#" ROOT_TEXT "A", "bulla://h:1#" ROOT_TEXT "=", "bulla://h:1#" ROOT_TEXT "\n",
        " bulla://h:1#" ROOT_TEXT,    "BULLA://h:1#" ROOT_TEXT,     "bulla://h:1##" ROOT_TEXT,
        "bulla://h:1/#" ROOT_TEXT,    "https://h:1#" ROOT_TEXT,     "bulla://h:1",
    };
    for (size_t i = 0; i < sizeof longer / sizeof longer[0]; i++) {
        struct bl_broker_address address = { 0 };
        struct bulla_error err = { 0 };
        assert_fails(bl_broker_address_parse(text_bytes(longer[i]), &address, &err),
                     BULLA_E_MALFORMED, &err);
    }
    /* A zero byte ends a C string, not a host. */
    struct bl_endpoint endpoint = { 0 };
    assert_int_not_equal(bl_endpoint_parse(BL_LITERAL("a\0b:80"), &endpoint, NULL), BULLA_OK);
}

static void
what_would_not_parse_is_not_written(void **state)
{
    struct bl_broker_address address = { .endpoint = { .host = "Host", .port = 80 } };
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_fails(bl_broker_address_format(&address, &text, &err), BULLA_E_ARGUMENT, &err);
    address = (struct bl_broker_address){ .endpoint = { .host = "host", .port = 0 } };
    assert_fails(bl_broker_address_format(&address, &text, &err), BULLA_E_ARGUMENT, &err);
    assert_int_equal(text.size, 0);
}

static void
without_memory_nothing_is_said(void **state)
{
    struct bl_broker_address address = { .endpoint = { .host = "host", .port = 1 } };

    (void)state;
    for (uint64_t nth = 1;; nth++) {
        BL_AUTO(bulla_buffer) text = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status status = bl_broker_address_format(&address, &text, NULL);
        if (!bl_fault_disarm()) {
            assert_int_equal(status, BULLA_OK);
            break;
        }
        assert_int_not_equal(status, BULLA_OK);
        assert_int_equal(text.size, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_survives_a_round_trip),
        cmocka_unit_test(parts_are_what_they_say),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(long_names_end_at_their_limits),
        cmocka_unit_test(every_truncation_and_addition_is_refused),
        cmocka_unit_test(what_would_not_parse_is_not_written),
        cmocka_unit_test(without_memory_nothing_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
