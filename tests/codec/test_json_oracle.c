/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our reader of JSON against Jansson: both take the same texts, and find the same in them.
 */
#include "unit.h"

#include <jansson.h>

#include "codec/json.h"

static void same_value(const struct bl_json *ours, const json_t *theirs);

static void
same_object(const struct bl_json *ours, const json_t *theirs)
{
    struct bulla_bytes name;
    const struct bl_json *value = NULL;
    void *cursor = NULL;
    size_t count = 0;

    for (; bl_json_next(ours, &cursor, &name, &value); count++) {
        const json_t *other = json_object_get(theirs, (const char *)name.data);
        assert_non_null(other);
        assert_ptr_equal(bl_json_find(ours, (const char *)name.data), value);
        same_value(value, other);
    }
    assert_int_equal(count, json_object_size(theirs));
}

static void
same_array(const struct bl_json *ours, const json_t *theirs)
{
    size_t count = 0;

    assert_int_equal(bl_json_as_array(ours, "v", SIZE_MAX, &count, NULL), BULLA_OK);
    assert_int_equal(count, json_array_size(theirs));
    for (size_t i = 0; i < count; i++)
        same_value(bl_json_at(ours, i), json_array_get(theirs, i));
    assert_null(bl_json_at(ours, count));
}

static void
same_value(const struct bl_json *ours, const json_t *theirs)
{
    struct bulla_bytes text = { NULL, 0 };
    int64_t number = 0;
    bool flag = false;

    assert_int_equal(bl_json_as_object(ours, "v", NULL) == BULLA_OK, json_is_object(theirs));
    assert_int_equal(bl_json_as_text(ours, "v", SIZE_MAX, &text, NULL) == BULLA_OK,
                     json_is_string(theirs));
    assert_int_equal(bl_json_as_number(ours, "v", INT64_MIN, INT64_MAX, &number, NULL) == BULLA_OK,
                     json_is_integer(theirs));
    assert_int_equal(bl_json_as_bool(ours, "v", &flag, NULL) == BULLA_OK, json_is_boolean(theirs));
    assert_int_equal(bl_json_is_null(ours), json_is_null(theirs));
    if (json_is_object(theirs))
        same_object(ours, theirs);
    if (json_is_array(theirs))
        same_array(ours, theirs);
    if (json_is_string(theirs))
        assert_true(bl_equal(text, (struct bulla_bytes){ (const uint8_t *)json_string_value(theirs),
                                                         json_string_length(theirs) }));
    if (json_is_integer(theirs))
        assert_true(number == json_integer_value(theirs));
    assert_int_equal(flag, json_is_true(theirs));
}

/* True if both take it. */
static bool
check(const char *text, size_t size)
{
    BL_AUTO_FREE(bl_json) ours = NULL;
    const struct bulla_bytes bytes = { (const uint8_t *)text, size };
    json_error_t fault;
    json_t *theirs = json_loadb(text, size, JSON_REJECT_DUPLICATES, &fault);
    const bool taken = bl_json_parse(bytes, "text", size, &ours, NULL) == BULLA_OK;

    /* A real number that is none of a double's is one to us: nobody asks for its value. */
    if (theirs == NULL && json_error_code(&fault) == json_error_numeric_overflow && taken)
        return false;
    /* Jansson passes over a NUL that follows a number. */
    assert_true(theirs != NULL || !taken);
    assert_true(taken || theirs == NULL || memchr(text, 0, size) != NULL);
    if (taken)
        same_value(ours, theirs);
    json_decref(theirs);
    return taken;
}

static const char *const texts[] = {
    "{}",
    " [ ] \n",
    "{\"a\":[1,-2,true,false,null,{\"b\":\"c\\n\\u00e9\\ud83d\\ude00\"}],\"n\":9007199254740993,"
    "\"r\":-1.5e+3,\"e\":\"\",\"\":0}",
    "[-9223372036854775808,9223372036854775807,0,-0,1E5,0.0,\"\\\"\\\\\\/\\b\\f\\r\\t\"]",
    "{\"tcb\":{\"sgxtcbcomponents\":[{\"svn\":7},{\"svn\":0,\"category\":\"BIOS\"}],\"pcesvn\":13},"
    "\"tcbDate\":\"2025-05-14T00:00:00Z\",\"tcbStatus\":\"UpToDate\"}",
    "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]",
    "[\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]",
};

/* Each text, cut off and with each byte replaced by each byte that means something. */
static void
altered(void **state)
{
    static const char bytes[] = "\"\\{}[],:0-.eEutn \n\x01\x7f\x80\xc3\xed\xff";
    size_t taken = 0;

    (void)state;
    for (size_t t = 0; t < BL_COUNT_OF(texts); t++) {
        const size_t size = strlen(texts[t]);
        char text[512];
        assert_true(size < sizeof text);
        assert_true(check(texts[t], size));
        for (size_t cut = 0; cut < size; cut++)
            (void)check(texts[t], cut);
        for (size_t i = 0; i < size; i++)
            for (size_t b = 0; b < sizeof bytes; b++) { /* the zero at the end, too */
                memcpy(text, texts[t], size);
                text[i] = bytes[b];
                taken += check(text, size);
            }
    }
    assert_true(taken > 1000);
}

/* What costs the most: many members, whose names are compared; many values; deep nesting. */
static void
bounds(void **state)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO_FREE(bl_json) value = NULL;
    struct bulla_error err = { 0 };
    char member[24];

    (void)state;
    for (int i = 0; i < 512; i++) {
        int size = snprintf(member, sizeof member, "%c\"%d\":0", i == 0 ? '{' : ',', i);
        assert_ok(bulla_buffer_append(
                      &text, (struct bulla_bytes){ (uint8_t *)member, (size_t)size }, &err),
                  &err);
    }
    assert_ok(bulla_buffer_append(&text, text_bytes("}"), &err), &err);
    assert_true(check((const char *)text.data, text.size));
    text.size--;
    assert_ok(bulla_buffer_append(&text, text_bytes(",\"x\":0}"), &err), &err);
    assert_fails(bl_json_parse(bulla_buffer_bytes(&text), "text", text.size, &value, &err),
                 BULLA_E_MALFORMED, &err);
    assert_string_equal(err.what, "too many members");
    text.size = 0;
    for (int i = 0; i < 131072; i++)
        assert_ok(bulla_buffer_append(&text, text_bytes(i == 0 ? "[1" : ",1"), &err), &err);
    assert_fails(bl_json_parse(bulla_buffer_bytes(&text), "text", text.size, &value, &err),
                 BULLA_E_LIMIT, &err);
    assert_null(value);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(altered),
        cmocka_unit_test(bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
