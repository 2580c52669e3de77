/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "sys/path.h"

#define WHERE "a test"

static void
test_join_is_a_whole_path_of_its_own(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        { "/var/lib", "bulla", "/var/lib/bulla" },
        { "here", "a/b", "here/a/b" },
        { "/var/lib", "", "/var/lib/" },
        { "", "var", "/var" },
        { "/", "var", "//var" },
        { ".", "..", "./.." },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *path = bl_path_join(cases[i][0], cases[i][1]);
        assert_string_equal(path, cases[i][2]);
        bl_free(path);
    }
}

static void
test_join_without_memory_is_nothing(void **state)
{
    (void)state;
    bl_fault_arm(BL_FAULT_MEMORY, 1, false);
    assert_null(bl_path_join("directory", "name"));
    assert_true(bl_fault_disarm());

    bl_fault_arm(BL_FAULT_MEMORY, 2, false); /* it allocates once */
    char *path = bl_path_join("directory", "name");
    assert_false(bl_fault_disarm());
    assert_string_equal(path, "directory/name");
    bl_free(path);
}

/* Exactly "directory/name" and its end, then every size below it, down to none at all. */
static void
test_format_refuses_what_does_not_fit(void **state)
{
    (void)state;
    const size_t whole = sizeof "directory/name";
    struct bulla_error err = { 0 };
    char out[64];

    memset(out, 'x', sizeof out);
    assert_ok(bl_path_format(out, whole, "directory", "name", WHERE, &err), &err);
    assert_string_equal(out, "directory/name");
    assert_int_equal(out[whole], 'x');
    for (size_t size = 0; size < whole; size++) {
        char untouched[sizeof out];
        memset(out, 'x', sizeof out);
        memcpy(untouched, out, sizeof out);
        assert_fails(bl_path_format(out, size, "directory", "name", WHERE, &err), BULLA_E_LIMIT,
                     &err);
        assert_string_equal(err.where, WHERE);
        assert_memory_equal(out, untouched, sizeof out);
    }
}

static void
test_resolve_leaves_an_absolute_name_alone(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    char out[sizeof "/etc/name"];

    assert_ok(
        bl_path_resolve(out, sizeof out, "a directory that is longer", "/etc/name", WHERE, &err),
        &err);
    assert_string_equal(out, "/etc/name");
    assert_fails(bl_path_resolve(out, sizeof out, "", "/etc/names", WHERE, &err), BULLA_E_LIMIT,
                 &err);
    assert_ok(bl_path_resolve(out, sizeof out, "/etc", "name", WHERE, &err), &err);
    assert_string_equal(out, "/etc/name");
    assert_fails(bl_path_resolve(out, sizeof out, "/etc", "names", WHERE, &err), BULLA_E_LIMIT,
                 &err);
    assert_string_equal(out, "/etc/name");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_is_a_whole_path_of_its_own),
        cmocka_unit_test(test_join_without_memory_is_nothing),
        cmocka_unit_test(test_format_refuses_what_does_not_fit),
        cmocka_unit_test(test_resolve_leaves_an_absolute_name_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
