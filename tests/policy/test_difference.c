/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one policy permits that another does not.
 */
#include "policy/samples.h"

#include "policy/difference.h"

struct seen {
    struct bl_difference last;
    size_t counts[BL_SIDE_B + 1];
};

static void
look(void *context, const struct bl_difference *difference)
{
    struct seen *seen = context;

    assert_non_null(difference->name);
    assert_true(difference->permits == BL_SIDE_A || difference->permits == BL_SIDE_B);
    seen->last = *difference;
    seen->counts[difference->permits]++;
}

static struct seen
compare(const char *a_yaml, const char *b_yaml)
{
    BL_AUTO(bl_appraisal_policy) a = { 0 };
    BL_AUTO(bl_appraisal_policy) b = { 0 };
    struct seen seen = { 0 };

    read_policy(a_yaml, &a);
    read_policy(b_yaml, &b);
    bl_policy_compare(&a, &b, look, &seen);
    seen.last.item = NULL; /* the policy is gone */
    seen.last.word = NULL;
    return seen;
}

static void
test_equal_policies_do_not_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(whole); i++) {
        struct seen seen = compare(whole[i], whole[i]);
        assert_int_equal(seen.counts[BL_SIDE_A] + seen.counts[BL_SIDE_B], 0);
    }
}

/* The change permits more, and nothing else differs: one difference each way round. */
static void
test_each_change_that_permits_more(void **state)
{
    static const struct {
        const char *policy, *key, *instead;
        enum bl_difference_kind kind;
    } cases[] = {
        { sgx, "binding:", "binding: none\n", BL_DIFFERS_WORD },
        { sgx, "not_after:", "not_after: \"2028-01-01T00:00:00Z\"\n", BL_DIFFERS_TIME },
        { sgx, "classes:", "classes: [hardware, software]\n", BL_DIFFERS_WORD },
        { sgx, "platforms:", "platforms: { any: a }\n", BL_DIFFERS_ANY },
        { sgx, "platforms:",
          "platforms: [" REFERENCE(D1) ", " REFERENCE(D2) ", " REFERENCE(D1 "11") "]\n",
          BL_DIFFERS_ITEM },
        { sgx, "platforms:",
          "platforms: [" REFERENCE(D1) ", { value: \"" D2
                                       "\", from: later, until: \"2028-01-01T00:00:00Z\" }]\n",
          BL_DIFFERS_UNTIL },
        { sgx, "revoked_platforms:", "revoked_platforms: []\n", BL_DIFFERS_ITEM },
        { sgx, "unchecked:", "unchecked: [crl, pck_crl, tcb_info]\n", BL_DIFFERS_ITEM },
        { sgx, "exceptions:",
          "exceptions: [{ check: tcb-status, accepts: OutOfDate, platform: any, reason: a, until: "
          "\"" T1 "\" }]\n",
          BL_DIFFERS_ITEM },
        { sgx, "tcb_statuses:", "tcb_statuses: [UpToDate, SWHardeningNeeded, OutOfDate]\n",
          BL_DIFFERS_WORD },
        { sgx, "tcb_evaluation:", "tcb_evaluation: 16\n", BL_DIFFERS_FLOOR },
        { sgx, "tcb_evaluation:", "tcb_evaluation: { any: a }\n", BL_DIFFERS_ANY },
        { sgx, "tcb_date:", "tcb_date: \"2024-12-31T00:00:00Z\"\n", BL_DIFFERS_TIME },
        { sgx, "denied_advisories:", "denied_advisories: []\n", BL_DIFFERS_ITEM },
        { sgx, "sgx_attributes_required:", "sgx_attributes_required: []\n", BL_DIFFERS_WORD },
        { sgx, "sgx_attributes_permitted:", "sgx_attributes_permitted: [kss]\n", BL_DIFFERS_WORD },
        { sgx, "minimum_version:", "minimum_version: 3\n", BL_DIFFERS_FLOOR },
        { snp, "migratable:", "migratable: true\n", BL_DIFFERS_FLAG },
        { snp, "firmware:",
          "firmware: [{ generation: turin, bootloader: 1, tee: 2, snp: 3, microcode: 81, fmc: 1, "
          "from: a }, { generation: genoa, bootloader: 10, tee: 0, snp: 25, microcode: 83, "
          "from: a }]\n",
          BL_DIFFERS_ITEM },
        { machine, "platform_pcrs:",
          "platform_pcrs: [{ bank: sha256, pcr: 7, value: \"" D1 "\", from: \"golden machine\", "
          "until: \"" T1 "\" }, { bank: sha256, pcr: 7, value: \"" D2 "\", from: a, until: \"" T1
          "\" }]\n",
          BL_DIFFERS_ITEM },
        { tdx_more, "collateral_grace:", "collateral_grace: 4\n", BL_DIFFERS_DAYS },
        { tdx_more, "tdx_modules:",
          "tdx_modules: [{ version: 3, svn: 0, from: the line }, { version: 1, svn: 4, from: a "
          "}]\n",
          BL_DIFFERS_ITEM },
        { tdx_more, "tdx_modules:",
          "tdx_modules: [{ version: 3, svn: 0, from: the line }, { version: 1, svn: 5, from: a }, "
          "{ version: 2, svn: 9, from: a }]\n",
          BL_DIFFERS_ITEM },
        { tdx_more, "tdx_modules:", "tdx_modules: { any: a }\n", BL_DIFFERS_ANY },
        { tdx_more, "service_tds:", "service_tds: [" REFERENCE(D2) ", " REFERENCE(D1) "]\n",
          BL_DIFFERS_ITEM },
        { snp_more, "launch_mitigations:", "launch_mitigations: []\n", BL_DIFFERS_WORD },
        { snp_more, "current_mitigations:", "current_mitigations: [bit1]\n", BL_DIFFERS_WORD },
        { machine, "platform_pcrs:", "platform_pcrs: { any: a }\n", BL_DIFFERS_ANY },
        { machine, "required_events:", "required_events: []\n", BL_DIFFERS_ITEM },
        { machine, "forbidden_events:", "forbidden_events: []\n", BL_DIFFERS_ITEM },
    };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        char changed[8192];
        print_message("# %s", cases[i].instead);
        (void)snprintf(changed, sizeof changed, "%s",
                       with(cases[i].policy, cases[i].key, cases[i].instead));
        struct seen seen = compare(changed, cases[i].policy);
        assert_int_equal(seen.counts[BL_SIDE_A], 1);
        assert_int_equal(seen.counts[BL_SIDE_B], 0);
        assert_int_equal(seen.last.kind, cases[i].kind);
        assert_int_equal(strncmp(seen.last.name, cases[i].key, strlen(seen.last.name)), 0);
        seen = compare(cases[i].policy, changed);
        assert_int_equal(seen.counts[BL_SIDE_A], 0);
        assert_int_equal(seen.counts[BL_SIDE_B], 1);
    }
}

/* A further register accepts less, and each of two values more than the other. */
static void
test_registers(void **state)
{
    struct seen seen;
    char two[8192], other[8192];

    (void)state;
    (void)snprintf(two, sizeof two, "%s",
                   with(machine, "platform_pcrs:",
                        "platform_pcrs: [{ bank: sha256, pcr: 7, value: \"" D1
                        "\", from: \"golden machine\", until: \"" T1
                        "\" }, { bank: sha256, pcr: 8, value: \"" D2 "\", from: a, until: \"" T1
                        "\" }]\n"));
    seen = compare(machine, two);
    assert_int_equal(seen.counts[BL_SIDE_A], 1);
    assert_int_equal(seen.counts[BL_SIDE_B], 0);
    assert_int_equal(seen.last.kind, BL_DIFFERS_FREE);
    (void)snprintf(other, sizeof other, "%s",
                   with(machine, "platform_pcrs:",
                        "platform_pcrs: [{ bank: sha256, pcr: 7, value: \"" D2
                        "\", from: a, until: \"" T1 "\" }]\n"));
    seen = compare(machine, other);
    assert_int_equal(seen.counts[BL_SIDE_A], 1);
    assert_int_equal(seen.counts[BL_SIDE_B], 1);
}

static void
test_kinds_and_absence(void **state)
{
    struct seen seen = compare(snp, every_kind);

    (void)state;
    assert_int_equal(seen.counts[BL_SIDE_A], 0);
    assert_int_equal(seen.counts[BL_SIDE_B], 11); /* the other kinds */
    seen = compare(sgx, with(sgx, "signers:", "signers: [" REFERENCE(D2) "]\n"));
    assert_int_equal(seen.counts[BL_SIDE_A], 1); /* what says nothing */
    assert_int_equal(seen.counts[BL_SIDE_B], 1); /* what says something */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_policies_do_not_differ),
        cmocka_unit_test(test_each_change_that_permits_more),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_kinds_and_absence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
