/* SPDX-License-Identifier: Apache-2.0 */
/* Where documents are fetched from: URLs that say one thing only, and hosts that were listed. */
#include "unit.h"

#include "http/fetch.h"

static void
a_url_names_one_endpoint(void **state)
{
    static const struct {
        const char *url, *host;
        uint16_t port;
    } right[] = {
        { "http://pki.example.org/ca.der", "pki.example.org", 80 },
        { "https://pki.example.org/ca.der", "pki.example.org", 443 },
        { "https://pki.example.org", "pki.example.org", 443 },
        { "http://127.0.0.1:8080/a/b", "127.0.0.1", 8080 },
        { "http://[::1]:81/", "::1", 81 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct bulla_error err = { 0 };
        struct bl_endpoint endpoint = { 0 };

        assert_ok(bl_url_endpoint(text_bytes(right[i].url), &endpoint, &err), &err);
        assert_string_equal(endpoint.host, right[i].host);
        assert_int_equal(endpoint.port, right[i].port);
    }
}

static void
what_two_readers_could_read_differently_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "http://",
        "http:///ca.der",
        "HTTP://a/",
        "ftp://a/",
        "file:///etc/passwd",
        "http://listed:80@other/",
        "http://listed\\@other/",
        "http://listed#@other/",
        "http://listed?@other/",
        "http://other\nlisted/",
        "http://a/b c",
        "http://a/?b",
        "http://a/#b",
        "http://a:0/",
        "http://a:80:80/",
        "http://\xc3\xa9/",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct bulla_error err = { 0 };
        struct bl_endpoint endpoint = { 0 };

        assert_int_equal(bl_url_endpoint(text_bytes(wrong[i]), &endpoint, &err), BULLA_E_MALFORMED);
    }
}

static void
only_listed_hosts_are_allowed(void **state)
{
    struct bulla_error err = { 0 };
    struct bl_endpoint endpoint = { 0 };
    struct bulla_bytes hosts = BL_LITERAL("a.example:80 b.example:443");

    (void)state;
    assert_ok(bl_endpoint_parse(BL_LITERAL("b.example:443"), &endpoint, &err), &err);
    assert_true(bl_hosts_allow(hosts, &endpoint));
    assert_false(bl_hosts_allow(BL_LITERAL(""), &endpoint));
    assert_ok(bl_endpoint_parse(BL_LITERAL("b.example:80"), &endpoint, &err), &err);
    assert_false(bl_hosts_allow(hosts, &endpoint));
    assert_ok(bl_endpoint_parse(BL_LITERAL("example:80"), &endpoint, &err), &err);
    assert_false(bl_hosts_allow(hosts, &endpoint));
}

static void
a_list_of_hosts_has_one_form(void **state)
{
    (void)state;
    assert_true(bl_hosts_are_valid(BL_LITERAL("")));
    assert_true(bl_hosts_are_valid(BL_LITERAL("a.example:80")));
    assert_true(bl_hosts_are_valid(BL_LITERAL("a.example:80 [::1]:81")));
    assert_false(bl_hosts_are_valid(BL_LITERAL(" ")));
    assert_false(bl_hosts_are_valid(BL_LITERAL("a.example")));
    assert_false(bl_hosts_are_valid(BL_LITERAL(" a.example:80")));
    assert_false(bl_hosts_are_valid(BL_LITERAL("a.example:80 ")));
    assert_false(bl_hosts_are_valid(BL_LITERAL("a.example:80  b.example:80")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_names_one_endpoint),
        cmocka_unit_test(what_two_readers_could_read_differently_is_refused),
        cmocka_unit_test(only_listed_hosts_are_allowed),
        cmocka_unit_test(a_list_of_hosts_has_one_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
