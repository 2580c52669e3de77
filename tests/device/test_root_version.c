/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of versions: each component towards each other one. */
#include "unit.h"

#include "device/sealing_root.h"

static struct bl_root_version
vector(uint64_t boot_loader, uint64_t firmware, uint64_t software)
{
    struct bl_root_version version = { .count = 0 };

    bl_root_version_add(&version, "tcb.boot_loader", boot_loader);
    bl_root_version_add(&version, "tcb.snp", firmware);
    bl_root_version_add(&version, BL_ROOT_VERSION_NAME, software);
    return version;
}

static void
expect(struct bl_root_version recorded, struct bl_root_version present, enum bl_root_order order,
       const char *component, uint64_t then, uint64_t now)
{
    const struct bl_root_comparison got = bl_root_version_compare(&recorded, &present);

    assert_int_equal(got.order, order);
    assert_int_equal(got.component == NULL, component == NULL);
    if (component != NULL)
        assert_string_equal(got.component, component);
    assert_int_equal(got.recorded, then);
    assert_int_equal(got.present, now);
    assert_int_equal(bl_root_version_reaches(&got),
                     order == BL_ROOT_EQUAL || order == BL_ROOT_BEHIND);
}

static void
each_component_decides(void **state)
{
    (void)state;
    expect(vector(3, 5, 7), vector(3, 5, 7), BL_ROOT_EQUAL, NULL, 0, 0);
    expect(vector(3, 5, 7), vector(4, 5, 7), BL_ROOT_BEHIND, "tcb.boot_loader", 3, 4);
    expect(vector(3, 5, 7), vector(3, 6, 7), BL_ROOT_BEHIND, "tcb.snp", 5, 6);
    expect(vector(3, 5, 7), vector(3, 5, 8), BL_ROOT_BEHIND, "version", 7, 8);
    expect(vector(3, 5, 7), vector(2, 5, 7), BL_ROOT_AHEAD, "tcb.boot_loader", 3, 2);
    expect(vector(3, 5, 7), vector(3, 4, 7), BL_ROOT_AHEAD, "tcb.snp", 5, 4);
    expect(vector(3, 5, 7), vector(3, 5, 6), BL_ROOT_AHEAD, "version", 7, 6);
}

static void
mixed_ones_are_refused_by_what_is_ahead(void **state)
{
    (void)state;
    expect(vector(3, 5, 7), vector(4, 4, 8), BL_ROOT_INCOMPARABLE, "tcb.snp", 5, 4);
    expect(vector(3, 5, 7), vector(2, 6, 7), BL_ROOT_INCOMPARABLE, "tcb.boot_loader", 3, 2);
    expect(vector(3, 5, 7), vector(4, 6, 6), BL_ROOT_INCOMPARABLE, "version", 7, 6);
    /* no sum, no maximum, no order of digits makes up for it */
    expect(vector(3, 0, 0), vector(2, UINT64_MAX, UINT64_MAX), BL_ROOT_INCOMPARABLE,
           "tcb.boot_loader", 3, 2);
    expect(vector(0, 0, 1), vector(UINT64_MAX, UINT64_MAX, 0), BL_ROOT_INCOMPARABLE, "version", 1,
           0);
}

static void
the_first_one_decides(void **state)
{
    (void)state;
    expect(vector(3, 5, 7), vector(1, 2, 3), BL_ROOT_AHEAD, "tcb.boot_loader", 3, 1);
    expect(vector(3, 5, 7), vector(9, 8, 7), BL_ROOT_BEHIND, "tcb.boot_loader", 3, 9);
}

static void
numbers_are_compared_whole(void **state)
{
    (void)state;
    expect(vector(0, 0, UINT64_C(1) << 32), vector(0, 0, 1), BL_ROOT_AHEAD, "version",
           UINT64_C(1) << 32, 1);
    expect(vector(0, 0, INT64_MAX), vector(0, 0, UINT64_MAX), BL_ROOT_BEHIND, "version", INT64_MAX,
           UINT64_MAX);
}

/* One that the machine does not have is never passed over; one that was not asked for does not count. */
static void
missing_components(void **state)
{
    struct bl_root_version shorter = { .count = 0 };
    const struct bl_root_version none = { .count = 0 };

    (void)state;
    bl_root_version_add(&shorter, "tcb.snp", 5);
    expect(shorter, vector(3, 5, 7), BL_ROOT_EQUAL, NULL, 0, 0);
    expect(vector(3, 5, 7), shorter, BL_ROOT_INCOMPARABLE, "tcb.boot_loader", 3, 0);
    expect(vector(0, 5, 0), shorter, BL_ROOT_INCOMPARABLE, "tcb.boot_loader", 0, 0);
    expect(none, vector(1, 1, 1), BL_ROOT_EQUAL, NULL, 0, 0);
    expect(none, none, BL_ROOT_EQUAL, NULL, 0, 0);
}

static void
order_of_components_does_not_matter(void **state)
{
    struct bl_root_version turned = { .count = 0 };

    (void)state;
    bl_root_version_add(&turned, BL_ROOT_VERSION_NAME, 7);
    bl_root_version_add(&turned, "tcb.snp", 5);
    bl_root_version_add(&turned, "tcb.boot_loader", 3);
    expect(turned, vector(3, 5, 7), BL_ROOT_EQUAL, NULL, 0, 0);
    expect(turned, vector(3, 5, 6), BL_ROOT_AHEAD, "version", 7, 6);
}

static void
finding_and_adding(void **state)
{
    struct bl_root_version version = vector(3, 5, 7);

    (void)state;
    assert_int_equal(bl_root_version_find(&version, "tcb.snp")->value, 5);
    assert_null(bl_root_version_find(&version, "tcb"));
    assert_null(bl_root_version_find(&version, "tcb.snp2"));
    for (size_t i = 0; i < BL_ROOT_COMPONENT_COUNT_MAX; i++)
        bl_root_version_add(&version, "more", i);
    assert_int_equal(version.count, BL_ROOT_COMPONENT_COUNT_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_component_decides),
        cmocka_unit_test(mixed_ones_are_refused_by_what_is_ahead),
        cmocka_unit_test(the_first_one_decides),
        cmocka_unit_test(numbers_are_compared_whole),
        cmocka_unit_test(missing_components),
        cmocka_unit_test(order_of_components_does_not_matter),
        cmocka_unit_test(finding_and_adding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
