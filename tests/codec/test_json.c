/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "codec/json.h"

#define SIZE_LIMIT 4096

static struct bl_json *
parse(const char *text)
{
    struct bl_json *value = NULL;
    struct bulla_error err = { 0 };

    assert_ok(bl_json_parse(text_bytes(text), "message", SIZE_LIMIT, &value, &err), &err);
    return value;
}

static void
test_values_have_the_type_that_is_asked_for(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_json)
    root = parse("{\"text\":\"a\\u00e9\",\"n\":-5,\"real\":1.0,\"big\":9223372036854775807,"
                 "\"yes\":true,\"no\":false,\"nil\":null,\"list\":[1,\"x\"],\"o\":{},\"e\":\"\"}");
    static const char *const names[] = { "text", "n",   "real", "big", "yes",
                                         "no",   "nil", "list", "o",   "e" };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct bl_json *value = bl_json_find(root, names[i]);
        struct bulla_bytes text = { 0 };
        int64_t number = 7;
        bool flag = true;
        size_t count = 7;
        assert_non_null(value);
        assert_int_equal(bl_json_as_text(value, "v", 9, &text, NULL),
                         i == 0 || i == 9 ? BULLA_OK : BULLA_E_MALFORMED);
        assert_int_equal(bl_json_as_number(value, "v", INT64_MIN, INT64_MAX, &number, NULL),
                         i == 1 || i == 3 ? BULLA_OK : BULLA_E_MALFORMED);
        assert_int_equal(bl_json_as_bool(value, "v", &flag, NULL),
                         i == 4 || i == 5 ? BULLA_OK : BULLA_E_MALFORMED);
        assert_int_equal(bl_json_as_array(value, "v", 9, &count, NULL),
                         i == 7 ? BULLA_OK : BULLA_E_MALFORMED);
        assert_int_equal(bl_json_as_object(value, "v", NULL),
                         i == 8 ? BULLA_OK : BULLA_E_MALFORMED);
        assert_int_equal(bl_json_is_null(value), i == 6);
        assert_true(number == (i == 1 ? -5 : i == 3 ? INT64_MAX : 7));
        assert_int_equal(flag, i != 5);
        assert_int_equal(count, i == 7 ? 2 : 7);
        assert_int_equal(text.size, i == 0 ? 3 : 0);
    }
    const struct bl_json *value = NULL;
    assert_null(bl_json_find(root, "absent"));
    assert_null(bl_json_find(bl_json_find(root, "list"), "absent"));
    assert_fails(bl_json_require(root, "absent", &value, &err), BULLA_E_MALFORMED, &err);
    assert_string_equal(err.where, "absent");
    assert_null(value);
    bulla_error_clear(&err);
    assert_ok(bl_json_require(root, "nil", &value, &err), &err);
    assert_null(bl_json_at(bl_json_find(root, "list"), 2));
    assert_null(bl_json_at(root, 0));
}

static void
test_limits_of_values(void **state)
{
    (void)state;
    static const char *const known[] = { "name", "count" };
    BL_AUTO_FREE(bl_json) root = parse("{\"name\":\"abcd\",\"count\":10,\"list\":[1,2,3]}");
    struct bulla_error err = { 0 };
    struct bulla_bytes text = { 0 };
    int64_t number = 0;
    size_t count = 0;

    assert_ok(bl_json_as_text(bl_json_find(root, "name"), "name", 4, &text, &err), &err);
    assert_fails(bl_json_as_text(bl_json_find(root, "name"), "name", 3, &text, &err), BULLA_E_LIMIT,
                 &err);
    const struct bl_json *ten = bl_json_find(root, "count");
    bulla_error_clear(&err);
    assert_ok(bl_json_as_number(ten, "count", 10, 10, &number, &err), &err);
    assert_fails(bl_json_as_number(ten, "count", 11, 20, &number, &err), BULLA_E_MALFORMED, &err);
    assert_fails(bl_json_as_number(ten, "count", 0, 9, &number, &err), BULLA_E_MALFORMED, &err);
    assert_fails(bl_json_as_array(bl_json_find(root, "list"), "list", 2, &count, &err),
                 BULLA_E_LIMIT, &err);
    assert_fails(bl_json_as_object_of(root, "message", known, 2, &err), BULLA_E_MALFORMED, &err);
    assert_string_equal(err.what, "unknown member");

    bl_json_free(root);
    root = parse("{\"cuont\":1,\"name\":2}");
    assert_fails(bl_json_as_object_of(root, "message", known, 2, &err), BULLA_E_MALFORMED, &err);
    assert_string_equal(err.expected.word, "count");
    bl_json_free(root);
    root = parse("{\"count\":1,\"name\":2}");
    bulla_error_clear(&err);
    assert_ok(bl_json_as_object_of(root, "message", known, 2, &err), &err);

    void *cursor = NULL;
    size_t members = 0;
    const struct bl_json *value = NULL;
    while (bl_json_next(root, &cursor, &text, &value)) {
        assert_true(text.size == 5 || text.size == 4);
        assert_ok(bl_json_as_number(value, "v", 1, 2, &number, &err), &err);
        members++;
    }
    assert_int_equal(members, 2);
}

static void
test_what_is_not_strict_json_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what;
    } bad[] = {
        { "", "cut off" },
        { "{", "cut off" },
        { "{}x", "trailing bytes" },
        { "{}{}", "trailing bytes" },
        { "[1]]", "trailing bytes" },
        { "{\"a\":1,\"a\":1}", "duplicate name" },
        { "{\"a\":1,\"\\u0061\":1}", "duplicate name" },
        { "[{\"a\":{\"b\":1,\"b\":2}}]", "duplicate name" },
        { "[\"\xff\"]", "not UTF-8" },
        { "[\"\xed\xa0\x80\"]", "not UTF-8" },
        { "[\"\\ud800\"]", "not valid JSON" },
        { "[\"\\u0000\"]", "NUL in a string" },
        { "{\"a\\u0000\":1}", "NUL in a string" },
        { "[9223372036854775808]", "number out of range" },
        { "[-9223372036854775809]", "number out of range" },
        { "[1.]", "not valid JSON" },
        { "[1e]", "not valid JSON" },
        { "[-]", "not valid JSON" },
        { "[-01]", "not valid JSON" },
        { "[\"\\udc00\"]", "not valid JSON" },
        { "[\"\\ud800\\u0041\"]", "not valid JSON" },
        { "[\"\\x\"]", "not valid JSON" },
        { "[1 2]", "not valid JSON" },
        { "[,1]", "not valid JSON" },
        { "{\"a\" 1}", "not valid JSON" },
        { "{\"a\":1,}", "not valid JSON" },
        { "{1:1}", "not valid JSON" },
        { "[1}", "not valid JSON" },
        { "{\"a\":]", "not valid JSON" },
        { "1", "not valid JSON" },
        { "\"a\"", "not valid JSON" },
        { "null", "not valid JSON" },
        { "[01]", "not valid JSON" },
        { "[+1]", "not valid JSON" },
        { "[.5]", "not valid JSON" },
        { "[1,]", "not valid JSON" },
        { "{'a':1}", "not valid JSON" },
        { "[NaN]", "not valid JSON" },
        { "[True]", "not valid JSON" },
        { "// x\n{}", "not valid JSON" },
        { "\xef\xbb\xbf{}", "not valid JSON" },
        { "[\"\n\"]", "not valid JSON" },
    };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bl_json *value = NULL;
        assert_fails(bl_json_parse(text_bytes(bad[i].text), "message", SIZE_LIMIT, &value, &err),
                     BULLA_E_MALFORMED, &err);
        assert_null(value);
        assert_string_equal(err.what, bad[i].what);
    }
    struct bl_json *value = NULL;
    struct bulla_bytes with_nul = { (const uint8_t *)"{}\0", 3 };
    assert_fails(bl_json_parse(with_nul, "message", SIZE_LIMIT, &value, &err), BULLA_E_MALFORMED,
                 &err);
    const char *whole = "{\"a\":[1,{\"b\":\"c\\n\"}]}";
    for (size_t size = 0; size < strlen(whole); size++)
        assert_fails(bl_json_parse((struct bulla_bytes){ (const uint8_t *)whole, size }, "message",
                                   SIZE_LIMIT, &value, &err),
                     BULLA_E_MALFORMED, &err);
    assert_fails(bl_json_parse(text_bytes("{}"), "message", 1, &value, &err), BULLA_E_LIMIT, &err);
    assert_null(value);
}

static void
test_depth_is_bounded(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t depth = BL_JSON_DEPTH_MAX; depth <= BL_JSON_DEPTH_MAX + 1; depth++) {
        char text[100] = "";
        struct bl_json *value = NULL;
        memset(text, '[', depth);
        strcpy(text + depth, "\"[[[[\\\"[[\"");
        memset(text + strlen(text), ']', depth);
        enum bulla_status status =
            bl_json_parse(text_bytes(text), "message", SIZE_LIMIT, &value, &err);
        assert_int_equal(status, depth <= BL_JSON_DEPTH_MAX ? BULLA_OK : BULLA_E_LIMIT);
        bl_json_free(value);
    }
    struct bl_json *value = NULL;
    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    enum bulla_status status = bl_json_parse(text_bytes("{}"), "message", 9, &value, NULL);
    assert_true(bl_fault_disarm());
    assert_int_equal(status, BULLA_E_MEMORY);
    assert_null(value);
}

static void
test_what_is_written_is_valid_whatever_it_holds(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) out = { 0 };
    struct bl_json_writer j = bl_json_writer(&out);
    struct bulla_error err = { 0 };

    bl_json_open_object(&j, NULL);
    bl_json_write_text(&j, "text", text_bytes("a\"\\\n\x1b[2J\x7f\xc3\xa9\xff\xc3\xe2\x80\xae"));
    bl_json_write_word(&j, "none", NULL);
    bl_json_write_hex(&j, "hex", text_bytes("\x01\xab"));
    bl_json_open_array(&j, "list");
    bl_json_write_number(&j, NULL, INT64_MIN);
    bl_json_write_u64(&j, NULL, UINT64_MAX);
    bl_json_write_bool(&j, NULL, true);
    bl_json_write_bool(&j, NULL, false);
    bl_json_open_object(&j, NULL);
    bl_json_close(&j);
    bl_json_close(&j);
    bl_json_write_null(&j, "nil");
    bl_json_close(&j);
    assert_ok(bl_json_finish(&j, &err), &err);
    assert_bytes_equal(
        bulla_buffer_bytes(&out),
        text_bytes("{\"text\":\"a\\\"\\\\\\u000a\\u001b[2J\\u007f\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd"
                   "\\u202e\",\"none\":\"\",\"hex\":\"01ab\",\"list\":[-9223372036854775808,"
                   "18446744073709551615,true,false,{}],\"nil\":null}"));
}

static void
test_what_is_not_one_value_is_not_finished(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (int fault = 0; fault < 8; fault++) {
        BL_AUTO(bulla_buffer) out = { 0 };
        struct bl_json_writer j = bl_json_writer(&out);
        if (fault > 0)
            bl_json_open_object(&j, NULL);
        if (fault == 2)
            bl_json_write_null(&j, NULL); /* a member without a name */
        if (fault == 3)
            bl_json_write_null(&j, "\xff");
        for (size_t i = 0; fault == 4 && i < BL_JSON_DEPTH_MAX; i++)
            bl_json_open_object(&j, "x");
        for (size_t i = 0; fault == 4 && i < BL_JSON_DEPTH_MAX; i++)
            bl_json_close(&j);
        if (fault > 1)
            bl_json_close(&j);
        if (fault == 5)
            bl_json_close(&j);
        if (fault == 6)
            bl_json_write_null(&j, NULL); /* a second value */
        if (fault == 7) {
            bl_json_open_array(&j, NULL);
            bl_json_close(&j);
        }
        assert_fails(bl_json_finish(&j, &err), BULLA_E_ARGUMENT, &err);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_have_the_type_that_is_asked_for),
        cmocka_unit_test(test_limits_of_values),
        cmocka_unit_test(test_what_is_not_strict_json_is_refused),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_what_is_written_is_valid_whatever_it_holds),
        cmocka_unit_test(test_what_is_not_one_value_is_not_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
