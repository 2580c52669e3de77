/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a careful reader would ask about a policy.
 */
#include "policy/samples.h"

#include "policy/review.h"

#define NOW ((int64_t)1760000000) /* 2025-10-09 */

struct seen {
    const char *field, *what;
    enum bl_severity severity;
    size_t count;
};

static void
look(void *context, const struct bl_finding *finding)
{
    struct seen *seen = context;

    assert_non_null(finding->what);
    if (strcmp(finding->field, seen->field) == 0 && strstr(finding->what, seen->what) != NULL &&
        finding->severity == seen->severity)
        seen->count++;
}

static size_t
findings(const char *yaml, const char *field, const char *what, enum bl_severity severity,
         int64_t now_s)
{
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    struct seen seen = { .field = field, .what = what, .severity = severity };

    read_policy(yaml, &p);
    bl_policy_review(&p, now_s, look, &seen);
    return seen.count;
}

#define TIMED(date) "codes: [{ value: \"" D1 "\", from: a, until: \"" date "T00:00:00Z\" }]\n"

static void
test_ends(void **state)
{
    const int64_t end = 1814313600;

    (void)state;
    assert_int_equal(findings(nvidia, "not_after", "", BL_SEVERITY_NOTE, end - BL_REVIEW_SOON_S),
                     0);
    assert_int_equal(findings(nvidia, "not_after", "soon", BL_SEVERITY_NOTE, end), 1);
    assert_int_equal(findings(nvidia, "not_after", "has ended", BL_SEVERITY_DEAD, end + 1), 1);
    assert_int_equal(
        findings(nvidia, "not_after", "so late", BL_SEVERITY_WEAK, end - BL_REVIEW_FAR_S - 1), 1);
    assert_int_equal(
        findings(with(sgx, "codes:", TIMED("2025-10-20")), "codes", "soon", BL_SEVERITY_NOTE, NOW),
        1);
    assert_int_equal(findings(with(sgx, "codes:", TIMED("2025-06-01")), "codes", "has ended",
                              BL_SEVERITY_DEAD, NOW),
                     1);
    assert_int_equal(findings(with(sgx, "codes:", TIMED("2099-01-01")), "codes", "so late",
                              BL_SEVERITY_WEAK, NOW),
                     1);
    assert_int_equal(findings(nvidia, "revoked_platforms", "", BL_SEVERITY_WEAK, NOW), 0);
}

static void
test_what_is_weak(void **state)
{
    static const struct {
        const char *policy, *key, *instead, *field;
        enum bl_severity severity;
    } cases[] = {
        { sgx, "binding:", "binding: none\n", "binding", BL_SEVERITY_WEAK },
        { sgx, "binding:", "binding: key\n", "binding", BL_SEVERITY_WEAK },
        { sgx, "classes:", "classes: [software]\n", "classes", BL_SEVERITY_WEAK },
        { sgx, "classes:", "classes: [hypervisor]\n", "classes", BL_SEVERITY_WEAK },
        { sgx, "classes:", "classes: []\n", "classes", BL_SEVERITY_DEAD },
        { sgx, "platforms:", "platforms: { any: a }\n", "platforms", BL_SEVERITY_WEAK },
        { sgx, "platforms:", "platforms: []\n", "platforms", BL_SEVERITY_DEAD },
        { sgx, "codes:", "codes: []\n", "codes", BL_SEVERITY_DEAD },
        { sgx, "products:", "products: []\n", "products", BL_SEVERITY_DEAD },
        { sgx, "tcb_statuses:", "tcb_statuses: [OutOfDate]\n", "tcb_statuses", BL_SEVERITY_WEAK },
        { sgx, "tcb_statuses:", "tcb_statuses: []\n", "tcb_statuses", BL_SEVERITY_DEAD },
        { sgx, "tcb_date:", "tcb_date: { any: a }\n", "tcb_date", BL_SEVERITY_WEAK },
        { sgx, "isolation:", "isolation: []\n", "isolation", BL_SEVERITY_DEAD },
        { sgx, "isolation:", "isolation: [none]\n", "isolation", BL_SEVERITY_WEAK },
        { snp, "platform_info_required:", "platform_info_required: []\n", "platform_info_required",
          BL_SEVERITY_WEAK },
        { snp, "vmpls:", "vmpls: [\"0\", \"2\"]\n", "vmpls", BL_SEVERITY_WEAK },
        { snp, "vmpls:", "vmpls: []\n", "vmpls", BL_SEVERITY_DEAD },
        { snp, "migratable:", "migratable: true\n", "migratable", BL_SEVERITY_WEAK },
        { snp, "firmware:", "firmware: []\n", "firmware", BL_SEVERITY_DEAD },
        { snp, "firmware:",
          "firmware: [{ generation: milan, bootloader: 4, tee: 0, snp: 24, microcode: 219, from: a "
          "}]\n",
          "firmware", BL_SEVERITY_WEAK },
        { machine, "platform_pcrs:", "platform_pcrs: { any: a }\n", "platform_pcrs",
          BL_SEVERITY_WEAK },
        { machine, "platform_pcrs:", "platform_pcrs: []\n", "platform_pcrs", BL_SEVERITY_DEAD },
        { nvidia, "exceptions:",
          "exceptions: [{ check: endorsement, accepts: rim, platform: any, reason: a, until: \"" T1
          "\" }]\n",
          "exceptions", BL_SEVERITY_WEAK },
    };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        print_message("# %s", cases[i].instead);
        assert_int_equal(findings(with(cases[i].policy, cases[i].key, cases[i].instead),
                                  cases[i].field, "", cases[i].severity, NOW),
                         1);
        assert_int_equal(findings(cases[i].policy, cases[i].field, "", cases[i].severity, NOW), 0);
    }
    /* what the samples have anyway */
    assert_int_equal(findings(machine, "required_events", "type", BL_SEVERITY_WEAK, NOW), 1);
    assert_int_equal(findings(nvidia, "unchecked", "", BL_SEVERITY_WEAK, NOW), 2);
    assert_int_equal(findings(every_kind, "kinds", "", BL_SEVERITY_NOTE, NOW), 1);
}

static void
test_format_1(void **state)
{
    static const char old[] = "format: 1\nname: a\nversion: 1\nsubject: machine\nbinding: channel\n"
                              "classes: [hardware]\nplatforms: any\nplatform_pcrs: []\n"
                              "not_after: 1770000000\n";

    (void)state;
    assert_int_equal(findings(old, "format", "", BL_SEVERITY_NOTE, NOW), 1);
    assert_int_equal(findings(old, "platforms", "any", BL_SEVERITY_WEAK, NOW), 1);
    assert_int_equal(findings(old, "platform_pcrs", "empty", BL_SEVERITY_DEAD, NOW), 1);
    assert_int_equal(findings(old, "firmware", "", BL_SEVERITY_WEAK, NOW), 0); /* not its word */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_what_is_weak),
        cmocka_unit_test(test_format_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
