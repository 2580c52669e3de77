/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "codec/yaml.h"

static struct bl_yaml *
parse(const char *text)
{
    struct bl_yaml *document = NULL;
    struct bulla_error err = { 0 };

    assert_ok(bl_yaml_parse(text_bytes(text), "manifest", &document, &err), &err);
    return document;
}

static void
assert_text(const struct bl_yaml_node *node, const char *expected)
{
    struct bulla_bytes text = { 0 };
    struct bulla_error err = { 0 };

    assert_non_null(node);
    assert_ok(bl_yaml_as_text(node, "text", 4096, &text, &err), &err);
    assert_bytes_equal(text, text_bytes(expected));
}

static void
test_a_manifest_becomes_a_tree(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_yaml)
    document = parse("---\n"
                     "# a comment\n"
                     "name: redis\n"
                     "args: [redis-server, \"--port\", '6379']\n"
                     "env:\n"
                     "  TZ: UTC\n"
                     "  GREETING: \"a\\tb \\u00e9\"\n"
                     "script: |\n"
                     "  one\n"
                     "  two\n"
                     "list:\n"
                     "- x: 1\n"
                     "- y: 2\n");
    const struct bl_yaml_node *root = bl_yaml_root(document);
    struct bulla_error err = { 0 };

    assert_int_equal(bl_yaml_kind(root), BL_YAML_MAPPING);
    assert_int_equal(bl_yaml_count(root), 5);
    assert_text(bl_yaml_find(root, "name"), "redis");
    assert_null(bl_yaml_find(root, "nam"));
    assert_null(bl_yaml_find(bl_yaml_find(root, "name"), "name"));

    const struct bl_yaml_node *args = bl_yaml_find(root, "args");
    assert_ok(bl_yaml_as_sequence(args, "args", 3, &err), &err);
    const struct bl_yaml_node *arg = bl_yaml_first(args);
    assert_text(arg, "redis-server");
    arg = bl_yaml_next(arg);
    assert_text(arg, "--port");
    arg = bl_yaml_next(arg);
    assert_text(arg, "6379");
    assert_null(bl_yaml_next(arg));
    assert_int_equal(bl_yaml_key(arg).size, 0);
    assert_int_equal(bl_yaml_line(arg), 4);
    assert_int_equal(bl_yaml_column(arg), 32);
    assert_fails(bl_yaml_as_sequence(args, "args", 2, &err), BULLA_E_LIMIT, &err);

    const struct bl_yaml_node *env = bl_yaml_find(root, "env");
    bulla_error_clear(&err);
    assert_ok(bl_yaml_as_table(env, "env", 2, &err), &err);
    assert_fails(bl_yaml_as_table(env, "env", 1, &err), BULLA_E_LIMIT, &err);
    assert_bytes_equal(bl_yaml_key(bl_yaml_first(env)), text_bytes("TZ"));
    assert_text(bl_yaml_next(bl_yaml_first(env)), "a\tb \xc3\xa9");
    assert_text(bl_yaml_find(root, "script"), "one\ntwo\n");
}

static void
test_what_the_profile_leaves_out_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *what;
        size_t line, column;
    } bad[] = {
        { "a: &x 1\n", "anchors are not taken", 1, 4 },
        { "a: &x [1]\n", "anchors are not taken", 1, 4 },
        { "a: &x {b: 1}\n", "anchors are not taken", 1, 4 },
        { "&x a: 1\n", "anchors are not taken", 1, 1 },
        { "a: 1\nb: *a\n", "aliases are not taken", 2, 4 },
        { "*a : 1\n", "aliases are not taken", 1, 1 },
        { "a: !!str 1\n", "tags are not taken", 1, 4 },
        { "a: !x 1\n", "tags are not taken", 1, 4 },
        { "a: ! 1\n", "tags are not taken", 1, 4 },
        { "a: !!set {b}\n", "tags are not taken", 1, 4 },
        { "a: !!seq [b]\n", "tags are not taken", 1, 4 },
        { "a: !<tag:yaml.org,2002:int> 1\n", "tags are not taken", 1, 4 },
        { "a:\n  <<: {b: 1}\n", "merge keys are not taken", 2, 3 },
        { "a: 1\nb: 2\na: 3\n", "duplicate key", 3, 1 },
        { "a: 1\n\"a\": 3\n", "duplicate key", 2, 1 },
        { "{a: 1, a: 1}\n", "duplicate key", 1, 8 },
        { "a:\n  b: 1\n  b: 1\n", "duplicate key", 3, 3 },
        { "a: 1\n---\nb: 2\n", "more than one document", 2, 1 },
        { "%YAML 1.1\n---\na: 1\n", "directives are not taken", 1, 1 },
        { "%TAG ! tag:x,2000:\n---\na: 1\n", "directives are not taken", 1, 1 },
        { "? [a]\n: 1\n", "a key must be a word", 1, 3 },
        { "{a: 1}: 2\n", "a key must be a word", 1, 1 },
        { "\"\": 1\n", "empty key", 1, 1 },
        { "", "empty document", 1, 1 },
        { "# nothing\n", "empty document", 2, 1 },
        { "\xef\xbb\xbf"
          "a: 1\n",
          "byte order mark", 1, 1 },
        { "a: \x01\n", "control character", 1, 4 },
        { "a: 1\nb: \x7f\n", "control character", 2, 4 },
        { "a: \xc2\x85 b\n", "control character", 1, 4 },
        { "a: \xe2\x80\xa8 b\n", "line separator other than a newline", 1, 4 },
        { "a: \xff\n", "not UTF-8", 1, 4 },
        { "a: \xed\xa0\x80\n", "not UTF-8", 1, 4 },
        { "a: \"\\0\"\n", "control character in a value", 1, 4 },
        { "a: \"\\e[2J\"\n", "control character in a value", 1, 4 },
        { "a: \"\\x1b[2J\"\n", "control character in a value", 1, 4 },
        { "a: \"\\u2028\"\n", "control character in a value", 1, 4 },
        { "\"a\\0\": 1\n", "control character in a value", 1, 1 },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bl_yaml *document = NULL;
        struct bulla_error err = { 0 };
        assert_fails(bl_yaml_parse(text_bytes(bad[i].text), "manifest", &document, &err),
                     BULLA_E_MALFORMED, &err);
        assert_null(document);
        assert_string_equal(err.what, bad[i].what);
        assert_string_equal(err.where, "manifest");
        assert_int_equal(err.offset, bad[i].line);
        assert_int_equal(err.detail, bad[i].column);
    }
}

static void
test_broken_yaml_says_where(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t line;
    } bad[] = {
        { "a: [1, 2\nb: 3\n", 2 },
        { "a: 1\n b: 2\n", 2 },
        { "a: {\n", 2 },
        { "a: \"unclosed\n", 2 },
        { "a: 1\n\tb: 2\n", 2 },
        { "a: b: c\n", 1 },
        { "]\n", 1 },
        { "a: 1\n...\nb: 2\n...\n", 3 },
        { "a: @b\n", 1 },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bl_yaml *document = NULL;
        struct bulla_error err = { 0 };
        assert_fails(bl_yaml_parse(text_bytes(bad[i].text), "manifest", &document, &err),
                     BULLA_E_MALFORMED, &err);
        assert_int_equal(err.offset, bad[i].line);
        assert_true(err.detail > 0);
    }
}

static void
assert_limit(char *text, size_t size, bool taken)
{
    struct bl_yaml *document = NULL;
    struct bulla_error err = { 0 };
    struct bulla_bytes bytes = { (const uint8_t *)text, size };

    if (taken)
        assert_ok(bl_yaml_parse(bytes, "manifest", &document, &err), &err);
    else
        assert_fails(bl_yaml_parse(bytes, "manifest", &document, &err), BULLA_E_LIMIT, &err);
    bl_yaml_free(document);
}

static void
test_limits_hold_on_both_sides(void **state)
{
    (void)state;
    static char text[BL_YAML_SIZE_MAX + 1];

    for (size_t over = 0; over < 2; over++) {
        size_t depth = BL_YAML_DEPTH_MAX + over;
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_limit(text, 2 * depth, over == 0);

        memset(text, '#', sizeof text);
        memcpy(text, "a: 1\n", 5);
        assert_limit(text, BL_YAML_SIZE_MAX + over, over == 0);

        size_t size = 0;
        for (size_t i = 0; i < BL_YAML_ITEMS_MAX + over; i++)
            size += (size_t)sprintf(text + size, "- 1\n");
        assert_limit(text, size, over == 0);

        /* root, then 15 lists of 1023 items (15 * 1024 nodes), then 1022 or 1023 more below one */
        size = (size_t)sprintf(text, "[");
        for (size_t list = 0; list < 16; list++) {
            size += (size_t)sprintf(text + size, "[");
            for (size_t i = 0; i < 1023 - (list == 15 ? 1 - over : 0); i++)
                size += (size_t)sprintf(text + size, "1,");
            size += (size_t)sprintf(text + size, "],");
        }
        size += (size_t)sprintf(text + size, "]");
        assert_limit(text, size, over == 0);
    }
}

static const struct bl_yaml_node *
value_of(struct bl_yaml **document, const char *value)
{
    char text[256];

    snprintf(text, sizeof text, "key: %s\n", value);
    bl_yaml_free(*document);
    *document = parse(text);
    return bl_yaml_find(bl_yaml_root(*document), "key");
}

static void
test_numbers_without_tricks(void **state)
{
    (void)state;
    static const char *const bad[] = { "-1",
                                       "+1",
                                       "01",
                                       "00",
                                       "0x10",
                                       "0o7",
                                       "1_000",
                                       "1e3",
                                       "1.0",
                                       ".5",
                                       "\"1\"",
                                       "'1'",
                                       "1 2",
                                       "",
                                       "~",
                                       "null",
                                       "one",
                                       "[1]",
                                       "1K",
                                       "\xd9\xa1",
                                       "18446744073709551616",
                                       "99999999999999999999999" };
    BL_AUTO_FREE(bl_yaml) document = NULL;
    struct bulla_error err = { 0 };
    uint64_t number = 7;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct bl_yaml_node *node = value_of(&document, bad[i]);
        assert_fails(bl_yaml_as_number(node, "key", 0, UINT64_MAX, &number, &err),
                     BULLA_E_MALFORMED, &err);
        assert_int_equal(number, 7);
        assert_string_equal(err.where, "key");
        assert_int_equal(err.offset, 1);
    }
    bulla_error_clear(&err);
    const struct bl_yaml_node *node = value_of(&document, "18446744073709551615");
    assert_ok(bl_yaml_as_number(node, "key", 0, UINT64_MAX, &number, &err), &err);
    assert_true(number == UINT64_MAX);
    node = value_of(&document, "0");
    assert_ok(bl_yaml_as_number(node, "key", 0, 0, &number, &err), &err);
    assert_int_equal(number, 0);
    node = value_of(&document, "10");
    assert_ok(bl_yaml_as_number(node, "key", 10, 10, &number, &err), &err);
    assert_fails(bl_yaml_as_number(node, "key", 11, 20, &number, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(err.expected.number, 11);
    assert_int_equal(err.found.number, 10);
    assert_fails(bl_yaml_as_number(node, "key", 0, 9, &number, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(err.expected.number, 9);
    assert_int_equal(number, 10);
}

static void
test_only_true_and_false_are_booleans(void **state)
{
    (void)state;
    static const char *const bad[] = { "yes",   "no", "on",       "off",     "True",
                                       "FALSE", "y",  "n",        "1",       "0",
                                       "~",     "",   "\"true\"", "'false'", "[true]" };
    BL_AUTO_FREE(bl_yaml) document = NULL;
    struct bulla_error err = { 0 };
    bool value = true;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct bl_yaml_node *node = value_of(&document, bad[i]);
        assert_fails(bl_yaml_as_bool(node, "key", &value, &err), BULLA_E_MALFORMED, &err);
        assert_true(value);
    }
    bulla_error_clear(&err);
    assert_ok(bl_yaml_as_bool(value_of(&document, "false"), "key", &value, &err), &err);
    assert_false(value);
    assert_ok(bl_yaml_as_bool(value_of(&document, "true"), "key", &value, &err), &err);
    assert_true(value);
}

static void
test_text_is_never_absent(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "~", "null", "NULL", "Null", "\"\"", "[a]", "{a: 1}" };
    BL_AUTO_FREE(bl_yaml) document = NULL;
    struct bulla_error err = { 0 };
    struct bulla_bytes text = text_bytes("former");

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct bl_yaml_node *node = value_of(&document, bad[i]);
        assert_fails(bl_yaml_as_text(node, "key", 99, &text, &err), BULLA_E_MALFORMED, &err);
        assert_bytes_equal(text, text_bytes("former"));
    }
    assert_text(value_of(&document, "\"null\""), "null");
    assert_text(value_of(&document, "no"), "no");
    assert_text(value_of(&document, "1.10"), "1.10");
    bulla_error_clear(&err);
    const struct bl_yaml_node *node = value_of(&document, "\"\"");
    assert_ok(bl_yaml_as_text_or_empty(node, "key", 9, &text, &err), &err);
    assert_int_equal(text.size, 0);
    node = value_of(&document, "");
    assert_fails(bl_yaml_as_text_or_empty(node, "key", 9, &text, &err), BULLA_E_MALFORMED, &err);
    node = value_of(&document, "abcd");
    bulla_error_clear(&err);
    assert_ok(bl_yaml_as_text(node, "key", 4, &text, &err), &err);
    assert_fails(bl_yaml_as_text(node, "key", 3, &text, &err), BULLA_E_LIMIT, &err);

    node = bl_yaml_root(document);
    const struct bl_yaml_node *value = NULL;
    assert_fails(bl_yaml_require(node, "name", &value, &err), BULLA_E_MALFORMED, &err);
    assert_string_equal(err.where, "name");
    assert_string_equal(err.what, "required and missing");
    assert_null(value);
    bulla_error_clear(&err);
    assert_ok(bl_yaml_require(node, "key", &value, &err), &err);
    assert_text(value, "abcd");
}

static void
test_sizes_and_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t value;
    } sizes[] = { { "0", 0 },
                  { "1", 1 },
                  { "4K", 4096 },
                  { "4KiB", 4096 },
                  { "512M", 512ULL << 20 },
                  { "512MiB", 512ULL << 20 },
                  { "2G", 2ULL << 30 },
                  { "\"2GiB\"", 2ULL << 30 },
                  { "1T", 1ULL << 40 },
                  { "16777215T", 16777215ULL << 40 } },
      durations[] = { { "0s", 0 },      { "5ms", 5 },      { "30s", 30000 },
                      { "2m", 120000 }, { "1h", 3600000 }, { "7d", 604800000 } };
    static const char *const bad_sizes[] = { "-1",
                                             "1k",
                                             "1KB",
                                             "1MB",
                                             "1 M",
                                             "M",
                                             "01M",
                                             "1.5G",
                                             "1Mi",
                                             "16777216T",
                                             "18446744073709551616",
                                             "1MM",
                                             "~",
                                             "",
                                             "[1]",
                                             "0x1M" };
    static const char *const bad_durations[] = { "5",
                                                 "0",
                                                 "-1s",
                                                 "1 s",
                                                 "s",
                                                 "01s",
                                                 "1.5s",
                                                 "1S",
                                                 "1min",
                                                 "1h30m",
                                                 "1w",
                                                 "~",
                                                 "18446744073709551615d" };
    BL_AUTO_FREE(bl_yaml) document = NULL;
    struct bulla_error err = { 0 };
    uint64_t value = 7;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct bl_yaml_node *node = value_of(&document, sizes[i].text);
        assert_ok(bl_yaml_as_size(node, "key", 0, UINT64_MAX, &value, &err), &err);
        assert_true(value == sizes[i].value);
    }
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        const struct bl_yaml_node *node = value_of(&document, durations[i].text);
        assert_ok(bl_yaml_as_duration(node, "key", 0, UINT64_MAX, &value, &err), &err);
        assert_true(value == durations[i].value);
    }
    value = 7;
    for (size_t i = 0; i < sizeof bad_sizes / sizeof bad_sizes[0]; i++) {
        const struct bl_yaml_node *node = value_of(&document, bad_sizes[i]);
        assert_fails(bl_yaml_as_size(node, "key", 0, UINT64_MAX, &value, &err), BULLA_E_MALFORMED,
                     &err);
    }
    for (size_t i = 0; i < sizeof bad_durations / sizeof bad_durations[0]; i++) {
        const struct bl_yaml_node *node = value_of(&document, bad_durations[i]);
        assert_fails(bl_yaml_as_duration(node, "key", 0, UINT64_MAX, &value, &err),
                     BULLA_E_MALFORMED, &err);
    }
    const struct bl_yaml_node *node = value_of(&document, "1M");
    assert_fails(bl_yaml_as_size(node, "key", 2 << 20, 4 << 20, &value, &err), BULLA_E_MALFORMED,
                 &err);
    assert_string_equal(err.what, "too small");
    node = value_of(&document, "2m");
    assert_fails(bl_yaml_as_duration(node, "key", 0, 119999, &value, &err), BULLA_E_MALFORMED,
                 &err);
    assert_string_equal(err.what, "too large");
    assert_int_equal(value, 7);
}

static void
test_unknown_words_name_the_nearest(void **state)
{
    (void)state;
    static const char *const known[] = { "name", "memory", "cpus" };
    static const char *const kinds[] = { "process", "vm" };
    struct bulla_error err = { 0 };
    size_t index = 7;

    BL_AUTO_FREE(bl_yaml) document = parse("name: x\nmemroy: 1\n");
    const struct bl_yaml_node *root = bl_yaml_root(document);
    assert_fails(bl_yaml_as_mapping(root, "enclave", known, 3, &err), BULLA_E_MALFORMED, &err);
    assert_string_equal(err.what, "unknown key");
    assert_string_equal(err.where, "enclave");
    assert_string_equal(err.expected.word, "memory");
    assert_int_equal(err.offset, 2);
    assert_fails(bl_yaml_as_mapping(bl_yaml_first(root), "name", known, 3, &err), BULLA_E_MALFORMED,
                 &err);
    assert_string_equal(err.what, "not a mapping (key: value)");

    bl_yaml_free(document);
    document = parse("name: proces\ncpus: vm\nmemory: zebra\n");
    root = bl_yaml_root(document);
    bulla_error_clear(&err);
    assert_ok(bl_yaml_as_mapping(root, "enclave", known, 3, &err), &err);
    assert_ok(bl_yaml_as_choice(bl_yaml_find(root, "cpus"), "kind", kinds, 2, &index, &err), &err);
    assert_int_equal(index, 1);
    assert_fails(bl_yaml_as_choice(bl_yaml_find(root, "name"), "kind", kinds, 2, &index, &err),
                 BULLA_E_MALFORMED, &err);
    assert_string_equal(err.expected.word, "process");
    assert_fails(bl_yaml_as_choice(bl_yaml_find(root, "memory"), "kind", kinds, 2, &index, &err),
                 BULLA_E_MALFORMED, &err);
    assert_int_equal(err.expected.kind, BULLA_VALUE_NONE);
    assert_int_equal(index, 1);
}

static void
test_every_allocation_may_fail(void **state)
{
    (void)state;
    struct bulla_bytes text = text_bytes("a: [1, {b: c}]\nd: \"e\"\n");
    bool reached = true;
    size_t failures = 0;

    for (uint64_t nth = 1; reached; nth++) {
        struct bl_yaml *document = NULL;
        struct bulla_error err = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status status = bl_yaml_parse(text, "manifest", &document, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_MEMORY : BULLA_OK);
        assert_int_equal(document == NULL, reached);
        failures += reached;
        bl_yaml_free(document);
    }
    assert_true(failures >= 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_manifest_becomes_a_tree),
        cmocka_unit_test(test_what_the_profile_leaves_out_is_refused),
        cmocka_unit_test(test_broken_yaml_says_where),
        cmocka_unit_test(test_limits_hold_on_both_sides),
        cmocka_unit_test(test_numbers_without_tricks),
        cmocka_unit_test(test_only_true_and_false_are_booleans),
        cmocka_unit_test(test_text_is_never_absent),
        cmocka_unit_test(test_sizes_and_durations),
        cmocka_unit_test(test_unknown_words_name_the_nearest),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
