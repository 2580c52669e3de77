/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fault.h"
#include "sys/child.h"
#include "sys/file.h"
#include "sys/probe.h"
#include "sys/sandbox.h"

#define FAULTS_MAX 400

static void
test_tells_what_is_there(void **state)
{
    (void)state;
    struct bl_probe probe = { 0 };
    struct bulla_error err = { 0 };
    struct utsname name;
    unsigned major = 0, minor = 0;

    assert_ok(bl_probe_system(&probe, &err), &err);
    assert_int_equal(uname(&name), 0);
    assert_int_equal(sscanf(name.release, "%u.%u", &major, &minor), 2);
    assert_int_equal(probe.kernel_major, major);
    assert_int_equal(probe.kernel_minor, minor);
    assert_int_equal(probe.landlock_abi, bl_sandbox_landlock_abi());
    assert_int_equal(probe.tpm == BL_DEVICE_ABSENT, access("/dev/tpmrm0", F_OK) != 0);
    assert_true(probe.system_call_filter); /* ours to have: sandbox's tests need it, too */
    print_message("# kernel %u.%u, user namespaces %d, secret memory %d, new code forbidden %d, "
                  "landlock %d, limits %d %d %d, locked %llu, swap %d, TPM %d\n",
                  probe.kernel_major, probe.kernel_minor, probe.user_namespaces,
                  probe.secret_memory, probe.forbid_new_code, probe.landlock_abi, probe.limits[0],
                  probe.limits[1], probe.limits[2], (unsigned long long)probe.locked_memory_max,
                  probe.swap, probe.tpm);
}

static int
probe_where_forbidden(void *context)
{
    struct bl_probe probe = { 0 };

    (void)context;
    CHILD_CHECK(unshare(CLONE_NEWUSER) == 0);
    int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY);
    CHILD_CHECK(fd >= 0 && write(fd, "0", 1) == 1);
    CHILD_CHECK(bl_probe_system(&probe, NULL) == BULLA_OK);
    CHILD_CHECK(!probe.user_namespaces);
    CHILD_CHECK(probe.system_call_filter);
    return 0;
}

static void
test_user_namespaces_are_tried(void **state)
{
    (void)state;
    struct bl_probe probe = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_probe_system(&probe, &err), &err);
    if (!probe.user_namespaces) {
        print_message("# skip: user namespaces are forbidden here\n");
        skip();
    }
    assert_int_equal(run_child(probe_where_forbidden, NULL), 0);
}

/* What fails is told as missing, never as there. */
static void
test_a_failing_call_adds_nothing(void **state)
{
    (void)state;
    struct bl_probe whole = { 0 };
    struct bulla_error err = { 0 };
    bool reached = true;

    assert_ok(bl_probe_system(&whole, &err), &err);
    for (uint64_t nth = 1; reached; nth += 3) {
        struct bl_probe probe = { 0 };
        bl_fault_arm(BL_FAULT_PROCESS, nth, true);
        assert_ok(bl_probe_system(&probe, &err), &err);
        reached = bl_fault_disarm();
        assert_true(probe.user_namespaces <= whole.user_namespaces);
        assert_true(probe.secret_memory <= whole.secret_memory);
        assert_true(probe.system_call_filter <= whole.system_call_filter);
        assert_true(probe.landlock_abi <= whole.landlock_abi);
        assert_true(probe.locked_memory_max <= whole.locked_memory_max);
        assert_true(nth > 1 || !(probe.user_namespaces || probe.secret_memory ||
                                 probe.system_call_filter || probe.landlock_abi > 0));
        assert_true(nth < FAULTS_MAX);
    }
    for (uint64_t nth = 1; nth < 40; nth += 3) {
        struct bl_probe probe = { 0 };
        bl_fault_arm(BL_FAULT_FILE, nth, true);
        enum bulla_status status = bl_probe_system(&probe, NULL);
        (void)bl_fault_disarm();
        assert_int_equal(status, BULLA_OK);
        for (size_t i = 0; i < BL_LIMIT_KINDS; i++)
            assert_true(probe.limits[i] <= whole.limits[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells_what_is_there),
        cmocka_unit_test(test_user_namespaces_are_tried),
        cmocka_unit_test(test_a_failing_call_adds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
