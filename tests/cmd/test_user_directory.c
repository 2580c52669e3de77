/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "cmd/user_directory.h"

#define NOBODY 65534u

static void
assert_directory(enum bl_user_place place, const char *expected)
{
    char *path = bl_user_directory(place, "bulla");

    assert_non_null(path);
    assert_string_equal(path, expected);
    bl_free(path);
}

static int
clear_environment(void **state)
{
    (void)state;
    return unsetenv("XDG_CONFIG_HOME") | unsetenv("XDG_STATE_HOME") | unsetenv("HOME");
}

/* Somebody who has a home; root, whose directories are the system's, becomes nobody for it. */
static int
be_a_user(void **state)
{
    (void)clear_environment(state);
    return geteuid() == 0 ? seteuid(NOBODY) : 0;
}

static int
be_oneself(void **state)
{
    (void)clear_environment(state);
    return seteuid(getuid());
}

static void
test_what_the_environment_says(void **state)
{
    (void)state;
    assert_int_equal(setenv("XDG_CONFIG_HOME", "/here/config", 1), 0);
    assert_int_equal(setenv("XDG_STATE_HOME", "/here/state", 1), 0);
    assert_directory(BL_USER_CONFIG, "/here/config/bulla");
    assert_directory(BL_USER_STATE, "/here/state/bulla");
}

static void
test_root_alone_has_the_systems(void **state)
{
    (void)state;
    bool is_root = geteuid() == 0;

    assert_int_equal(setenv("HOME", "/somewhere", 1), 0);
    assert_directory(BL_USER_CONFIG, is_root ? "/etc/bulla" : "/somewhere/.config/bulla");
    assert_directory(BL_USER_STATE, is_root ? "/var/lib/bulla" : "/somewhere/.local/state/bulla");
}

static void
test_below_the_home_of_a_user(void **state)
{
    (void)state;
    assert_int_equal(setenv("HOME", "/a/house", 1), 0);
    assert_int_equal(setenv("XDG_CONFIG_HOME", "", 1), 0);
    assert_int_equal(setenv("XDG_STATE_HOME", "relative", 1), 0);
    assert_directory(BL_USER_CONFIG, "/a/house/.config/bulla");
    assert_directory(BL_USER_STATE, "/a/house/.local/state/bulla");
}

static void
test_the_home_that_the_user_database_has(void **state)
{
    (void)state;
    const struct passwd *entry = getpwuid(geteuid());
    char expected[4096];

    if (entry == NULL) { /* an unknown number in a container */
        assert_null(bl_user_directory(BL_USER_STATE, "bulla"));
        return;
    }
    (void)snprintf(expected, sizeof expected, "%s/.local/state/bulla", entry->pw_dir);
    assert_directory(BL_USER_STATE, expected);
    assert_int_equal(setenv("HOME", "relative", 1), 0);
    assert_directory(BL_USER_STATE, expected);
}

static void
test_without_memory(void **state)
{
    (void)state;
    assert_int_equal(setenv("HOME", "/a/house", 1), 0);
    for (unsigned nth = 1; nth <= 2; nth++) {
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        assert_null(bl_user_directory(BL_USER_CONFIG, "bulla"));
        assert_true(bl_fault_disarm());
    }
    bl_fault_arm(BL_FAULT_MEMORY, 3, false); /* more often it does not ask */
    assert_directory(BL_USER_CONFIG, "/a/house/.config/bulla");
    assert_false(bl_fault_disarm());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_the_environment_says, clear_environment,
                                        be_oneself),
        cmocka_unit_test_setup_teardown(test_root_alone_has_the_systems, clear_environment,
                                        be_oneself),
        cmocka_unit_test_setup_teardown(test_below_the_home_of_a_user, be_a_user, be_oneself),
        cmocka_unit_test_setup_teardown(test_the_home_that_the_user_database_has, be_a_user,
                                        be_oneself),
        cmocka_unit_test_setup_teardown(test_without_memory, be_a_user, be_oneself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
