/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy may say of platforms besides: TDX modules, service TDs, mitigations, and how late
 * collateral may be.
 */
#include "appraise/appraise_fixture.h"

/* The line decides which floor; one that has none is refused, whatever its SVN. */
static void
test_modules(void **state)
{
    (void)state;
    REFUSED_BY(td, BL_CHECK_TDX_MODULE, c.module_svn.value = 4);
    PERMITTED(td, c.module_svn.value = 6);
    REFUSED_BY(td, BL_CHECK_TDX_MODULE, c.module_version.value = 3);
    REFUSED_BY(td, BL_CHECK_TDX_MODULE, c.module_version.value = 0, c.module_svn.value = 255);
    REFUSED_BY(td, BL_CHECK_TDX_MODULE, c.module_version.is_present = false);
    REFUSED_BY(td, BL_CHECK_TDX_MODULE, c.module_svn.is_present = false);
    REFUSED_BY(td, BL_CHECK_TDX_MODULE, p.tdx_modules = (struct bl_policy_list){ 0 });
    PERMITTED(td, p.tdx_modules = any, c.module_version.value = 9);
    struct bl_claims c = good_td();
    struct bl_appraisal_policy p = good_td_policy();
    c.module_svn.value = 4;
    const struct bl_check *check = refused_by(&c, &p, NOW, BL_CHECK_TDX_MODULE);
    assert_string_equal(check->of, "svn");
    assert_int_equal(check->found.number, 4);
    assert_int_equal(check->expected.number, 5);
}

/* A service TD reads the state, or takes it along: named, or refused; migration is another matter. */
static void
test_service_tds(void **state)
{
    const struct bl_claim_bytes service = claim(chip);

    (void)state;
    PERMITTED(td, p.service_tds = list_of(chip)); /* none need be bound */
    REFUSED_BY(td, BL_CHECK_SERVICE_TD, c.service_td = service, p.migratable = true);
    REFUSED_BY(td, BL_CHECK_SERVICE_TD, c.service_td = service, p.migratable = true,
               p.service_tds = list_of(other));
    PERMITTED(td, c.service_td = service, c.migratable.value = true, p.service_tds = list_of(chip));
    REFUSED_BY(td, BL_CHECK_MIGRATION, c.service_td = service, c.migratable.value = true,
               c.attributes.value |= BIT(29), p.service_tds = list_of(chip));
    PERMITTED(td, c.service_td = service, c.migratable.value = true, c.attributes.value |= BIT(29),
              p.service_tds = list_of(chip), p.migratable = true);
    REFUSED_BY(td, BL_CHECK_SERVICE_TD, c.service_td = service, p.migratable = true,
               p.service_tds = list_of(chip), p.service_tds.items[0].until_s = NOW - 1);
}

static void
test_mitigations(void **state)
{
    const struct bl_claim_number some = { true, 0x3f };

    (void)state;
    PERMITTED(guest, c.launch_mitigations = some);
    REFUSED_BY(guest, BL_CHECK_MITIGATIONS, p.launch_mitigations = 1); /* an older report */
    REFUSED_BY(guest, BL_CHECK_MITIGATIONS, p.launch_mitigations = 1, c.current_mitigations = some);
    REFUSED_BY(guest, BL_CHECK_MITIGATIONS, p.current_mitigations = 1, c.launch_mitigations = some);
    PERMITTED(guest, p.launch_mitigations = 0x21, c.launch_mitigations = some);
    PERMITTED(guest, p.current_mitigations = 0x21, c.current_mitigations = some);
    for (unsigned bit = 0; bit < 64; bit++)
        REFUSED_BY(guest, BL_CHECK_MITIGATIONS, p.launch_mitigations = BIT(bit),
                   c.launch_mitigations = ((struct bl_claim_number){ true, ~BIT(bit) }));
}

/* Each day that has begun counts, and what is late is never affirmed. */
static void
test_collateral_age(void **state)
{
    (void)state;
    REFUSED_BY(td, BL_CHECK_COLLATERAL_AGE, bl_claims_late(&c, 0));
    REFUSED_BY(guest, BL_CHECK_COLLATERAL_AGE, bl_claims_late(&c, 0));
    WARNED(td, bl_claims_late(&c, 0), p.collateral_grace_days = 1);
    WARNED(td, bl_claims_late(&c, 86399), p.collateral_grace_days = 1);
    REFUSED_BY(td, BL_CHECK_COLLATERAL_AGE, bl_claims_late(&c, 86400), p.collateral_grace_days = 1);
    REFUSED_BY(td, BL_CHECK_COLLATERAL_AGE, bl_claims_late(&c, 86400), bl_claims_late(&c, 1),
               p.collateral_grace_days = 1);
    PERMITTED(td, p.collateral_grace_days = 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modules),
        cmocka_unit_test(test_service_tds),
        cmocka_unit_test(test_mitigations),
        cmocka_unit_test(test_collateral_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
