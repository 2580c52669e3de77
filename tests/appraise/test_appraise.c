/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "appraise/appraise.h"
#include "appraise/baseline.h"

#define NOW ((int64_t)1750000000)

static uint8_t own[8][32];
static struct bl_policy_item items[8];

static struct bl_policy_list
list_of(size_t slot, uint8_t fill)
{
    memset(own[slot], fill, 32);
    items[slot] = (struct bl_policy_item){ .value = { own[slot], 32 },
                                           .source = BL_LITERAL("the test"),
                                           .until_s = BL_POLICY_NEVER };
    return (struct bl_policy_list){ .items = &items[slot], .count = 1 };
}

static struct bl_claim_bytes
claim(uint8_t fill)
{
    struct bl_claim_bytes c = { .size = 32 };

    memset(c.bytes, fill, 32);
    return c;
}

/* Evidence of a process enclave with its platform behind it, and the policy that it satisfies. */
static struct bl_claims
good_claims(void)
{
    struct bl_claims c = { .kind = "tpm",
                           .platform_class = BL_CLASS_HARDWARE,
                           .anchor = "test",
                           .binding = BL_BINDING_CHANNEL,
                           .platform_id = claim(1),
                           .code = claim(2),
                           .signer = claim(3),
                           .product = "orders",
                           .version = { .is_present = true, .value = 5 },
                           .config = claim(4),
                           .isolation = BL_ISOLATION_OS };

    c.platform.is_present = true;
    c.platform.signature_hash = BL_SHA256;
    c.platform.selection = (struct bl_pcr_selection){ BL_SHA256, 0xff };
    c.platform.pcrs.hash = BL_SHA256;
    c.platform.pcrs.mask = 0xff;
    memset(c.platform.pcrs.values[7], 7, 32);
    c.enclave.is_present = true;
    return c;
}

static struct bl_policy_item product;

static struct bl_appraisal_policy
good_policy(void)
{
    struct bl_appraisal_policy policy = {
        .format = BL_POLICY_FORMAT,
        .name = "orders",
        .version = 3,
        .subject = BL_SUBJECT_ENCLAVE,
        .binding = BL_BINDING_CHANNEL,
        .kinds = (uint64_t)1 << BL_KIND_TPM,
        .classes = 1u << BL_CLASS_HARDWARE,
        .platforms = list_of(1, 1),
        .platform_pcrs = list_of(0, 7),
        .not_after_s = NOW,
        .isolations = 1u << BL_ISOLATION_OS,
        .signers = list_of(3, 3),
        .products = { .items = &product, .count = 1 },
        .minimum_version = { .is_given = true, .least = 5 },
        .codes = list_of(2, 2),
        .configs = list_of(4, 4),
        .digest = { 0xd1 },
    };

    product = (struct bl_policy_item){ .value = BL_LITERAL("orders"), .until_s = BL_POLICY_NEVER };
    items[0].pcr = (struct bl_pcr_selection){ BL_SHA256, 1u << 7 };
    return policy;
}

/* Refused by this check, and by no other. */
static void
refused_by(const struct bl_claims *claims, const struct bl_appraisal_policy *policy, int64_t now_s,
           enum bl_check_id id)
{
    struct bl_verdict verdict;
    struct bulla_error err = { 0 };

    memset(&verdict, 0xff, sizeof verdict);
    bl_appraise(claims, policy, now_s, &verdict);
    assert_false(verdict.permitted);
    assert_int_equal(verdict.tier, BL_TIER_CONTRAINDICATED);
    for (size_t i = 0; i < verdict.check_count; i++)
        assert_int_equal(verdict.checks[i].passed, verdict.checks[i].id != id);
    assert_cause(bl_verdict_status(&verdict, &err), BULLA_CAUSE_DENIED, &err);
    assert_string_equal(err.what, bl_check_word(id));
    assert_int_not_equal(err.found.kind, BULLA_VALUE_NONE);
    assert_int_not_equal(err.expected.kind, BULLA_VALUE_NONE);
}

/* Good claims `c` and a good policy `p`, changed so (the name of the case), are refused by `id`. */
#define REFUSED_BY(id, ...)                           \
    do {                                              \
        struct bl_claims c = good_claims();           \
        struct bl_appraisal_policy p = good_policy(); \
        print_message("# %s\n", #__VA_ARGS__);        \
        __VA_ARGS__;                                  \
        refused_by(&c, &p, NOW, id);                  \
    } while (0)

static void
test_what_satisfies_everything_is_permitted(void **state)
{
    (void)state;
    struct bl_claims c = good_claims();
    struct bl_appraisal_policy p = good_policy();
    struct bl_verdict v;
    struct bulla_error err = { 0 };

    bl_appraise(&c, &p, NOW, &v);
    assert_ok(bl_verdict_status(&v, &err), &err);
    assert_true(v.permitted);
    assert_int_equal(v.tier, BL_TIER_AFFIRMING);
    assert_int_equal(v.check_count, 20);
    assert_memory_equal(v.policy_digest, p.digest, 32);
    assert_int_equal(v.policy_version, 3);
}

static void
test_zeroed_memory_affirms_nothing(void **state)
{
    (void)state;
    const struct bl_claims no_claims = { 0 };
    const struct bl_claims c = good_claims();
    const struct bl_appraisal_policy no_policy = { 0 };
    const struct bl_appraisal_policy p = good_policy();
    struct bl_verdict v;
    struct bulla_error err = { 0 };

    bl_appraise(&no_claims, &p, NOW, &v);
    assert_false(v.permitted);
    assert_int_equal(v.tier, BL_TIER_NONE);
    bl_appraise(&c, &no_policy, NOW, &v);
    assert_false(v.permitted);
    bl_appraise(&c, &no_policy, 0, &v);
    assert_false(v.permitted);
    bl_appraise(&no_claims, &no_policy, 0, &v);
    assert_false(v.permitted);
    v = (struct bl_verdict){ 0 };
    assert_cause(bl_verdict_status(&v, &err), BULLA_CAUSE_DENIED, &err);
}

static void
test_each_claim_that_differs_is_refused_by_its_check(void **state)
{
    (void)state;
    REFUSED_BY(BL_CHECK_BINDING, c.binding = BL_BINDING_KEY);
    REFUSED_BY(BL_CHECK_BINDING, c.binding = BL_BINDING_ABSENT); /* freshness not checked */
    REFUSED_BY(BL_CHECK_CLASS, c.platform_class = BL_CLASS_HYPERVISOR);
    REFUSED_BY(BL_CHECK_PLATFORM_ID, c.platform_id.bytes[31] ^= 1);
    REFUSED_BY(BL_CHECK_DEBUG, c.debug = (struct bl_claim_flag){ true, true });
    REFUSED_BY(BL_CHECK_PLATFORM_PCRS, c.platform.pcrs.values[7][0] ^= 0x80);
    REFUSED_BY(BL_CHECK_ISOLATION, c.isolation = BL_ISOLATION_NONE);
    REFUSED_BY(BL_CHECK_SIGNER, c.signer.bytes[0] ^= 1);
    REFUSED_BY(BL_CHECK_PRODUCT, c.product[5] = 'x');
    REFUSED_BY(BL_CHECK_VERSION, c.version.value = 4);
    REFUSED_BY(BL_CHECK_CODE, c.code.bytes[16] ^= 1);
    REFUSED_BY(BL_CHECK_CONFIG, c.config.bytes[1] ^= 1);
}

static void
test_each_claim_that_is_absent_is_refused(void **state)
{
    (void)state;
    REFUSED_BY(BL_CHECK_PLATFORM_ID, c.platform_id.size = 0);
    /* PCR 7 is not quoted; its bytes in memory do not count */
    REFUSED_BY(BL_CHECK_PLATFORM_PCRS, c.platform.pcrs.mask = 0x7f);
    REFUSED_BY(BL_CHECK_PLATFORM_PCRS, c.platform.pcrs.hash = BL_SHA384); /* another bank */
    REFUSED_BY(BL_CHECK_SIGNER, c.signer.size = 0);
    REFUSED_BY(BL_CHECK_PRODUCT, c.product[0] = 0);
    REFUSED_BY(BL_CHECK_VERSION, c.version.is_present = false);
    REFUSED_BY(BL_CHECK_CONFIG, c.config.size = 0);
    REFUSED_BY(BL_CHECK_ISOLATION, c.isolation = BL_ISOLATION_ABSENT);
    const struct bl_policy_list empty = { 0 };
    /* nothing does not equal nothing */
    REFUSED_BY(BL_CHECK_PRODUCT, p.products = empty, c.product[0] = 0);
}

/* "Not set" never means "not checked". */
static void
test_each_part_of_a_policy_that_is_empty_refuses(void **state)
{
    (void)state;
    const struct bl_policy_list empty = { 0 };

    REFUSED_BY(BL_CHECK_BINDING, p.binding = BL_BINDING_ABSENT);
    REFUSED_BY(BL_CHECK_CLASS, p.classes = 0);
    REFUSED_BY(BL_CHECK_PLATFORM_ID, p.platforms = empty);
    REFUSED_BY(BL_CHECK_PLATFORM_PCRS, p.platform_pcrs = empty);
    REFUSED_BY(BL_CHECK_PLATFORM_PCRS, items[0].value.size = 0);
    REFUSED_BY(BL_CHECK_ISOLATION, p.isolations = 0);
    REFUSED_BY(BL_CHECK_SIGNER, p.signers = empty);
    REFUSED_BY(BL_CHECK_PRODUCT, p.products = empty);
    REFUSED_BY(BL_CHECK_VERSION, p.minimum_version.is_given = false);
    REFUSED_BY(BL_CHECK_KIND, p.kinds = 0);
    REFUSED_BY(BL_CHECK_CODE, p.codes = empty);
    REFUSED_BY(BL_CHECK_CONFIG, p.configs = empty);
}

static void
test_both_sides_of_the_policy_s_end(void **state)
{
    (void)state;
    const struct bl_claims c = good_claims();
    const struct bl_appraisal_policy p = good_policy();
    struct bl_verdict v;

    bl_appraise(&c, &p, NOW, &v);
    assert_true(v.permitted);
    refused_by(&c, &p, NOW + 1, BL_CHECK_POLICY_EXPIRY);
    bl_appraise(&c, &p, -1, &v);
    assert_false(v.permitted);
    refused_by(&c, &p, INT64_MAX, BL_CHECK_POLICY_EXPIRY);
}

/* A monitor at whose measurement nobody looks is software, whatever vouches for it. */
static void
test_any_platform_state_makes_a_process_enclave_software(void **state)
{
    (void)state;
    struct bl_claims c = good_claims();
    struct bl_appraisal_policy p = good_policy();
    struct bl_verdict v;

    p.platform_pcrs = (struct bl_policy_list){ .said = BL_SAID_ANY };
    refused_by(&c, &p, NOW, BL_CHECK_CLASS);
    c.platform_class = BL_CLASS_HYPERVISOR;
    p.classes = 1u << BL_CLASS_HYPERVISOR;
    refused_by(&c, &p, NOW, BL_CHECK_CLASS);
    p.classes = 1u << BL_CLASS_SOFTWARE;
    for (int i = BL_CLASS_SOFTWARE; i <= BL_CLASS_HARDWARE; i++) {
        c.platform_class = (enum bl_platform_class)i;
        bl_appraise(&c, &p, NOW, &v);
        assert_true(v.permitted);
        assert_int_equal(v.tier, BL_TIER_WARNING);
    }
    c.platform_class = BL_CLASS_ABSENT;
    refused_by(&c, &p, NOW, BL_CHECK_CLASS);
}

static void
test_machines_and_enclaves_are_not_taken_for_each_other(void **state)
{
    (void)state;
    struct bl_claims c = good_claims();
    struct bl_appraisal_policy p = good_policy();
    struct bl_verdict v;

    p.subject = BL_SUBJECT_MACHINE;
    refused_by(&c, &p, NOW, BL_CHECK_IDENTITY);
    c.code.size = 0;
    c.enclave.is_present = false;
    bl_appraise(&c, &p, NOW, &v);
    assert_true(v.permitted);
    assert_int_equal(v.check_count, 14);
    p.subject = BL_SUBJECT_ENCLAVE;
    bl_appraise(&c, &p, NOW, &v);
    assert_false(v.permitted);
}

static void
test_bindings_and_classes_pair_by_pair(void **state)
{
    (void)state;
    for (int found = BL_BINDING_ABSENT; found <= BL_BINDING_CHANNEL + 1; found++) {
        for (int wanted = BL_BINDING_ABSENT; wanted <= BL_BINDING_CHANNEL; wanted++) {
            struct bl_claims c = good_claims();
            struct bl_appraisal_policy p = good_policy();
            struct bl_verdict v;
            c.binding = (enum bl_binding)found;
            p.binding = (enum bl_binding)wanted;
            bl_appraise(&c, &p, NOW, &v);
            bool expected = found != BL_BINDING_ABSENT && wanted != BL_BINDING_ABSENT &&
                            found >= wanted && found <= BL_BINDING_CHANNEL;
            assert_int_equal(v.permitted, expected);
            if (expected && found == BL_BINDING_NONE)
                assert_int_equal(v.tier, BL_TIER_WARNING);
        }
    }
    for (int found = -1; found <= BL_CLASS_HARDWARE + 1; found++) {
        for (unsigned wanted = 0; wanted < 16; wanted++) {
            struct bl_claims c = good_claims();
            struct bl_appraisal_policy p = good_policy();
            struct bl_verdict v;
            c.platform_class = (enum bl_platform_class)found;
            p.classes = wanted;
            bl_appraise(&c, &p, NOW, &v);
            bool expected = found >= BL_CLASS_SOFTWARE && found <= BL_CLASS_HARDWARE &&
                            (wanted >> found & 1u) != 0;
            assert_int_equal(v.permitted, expected);
        }
    }
}

/* Good claims `c`, changed so (the name of the case), fail the baseline for one reason. */
#define BELOW_BASELINE(...)                    \
    do {                                       \
        struct bl_claims c = good_claims();    \
        struct bl_baseline b;                  \
        print_message("# %s\n", #__VA_ARGS__); \
        __VA_ARGS__;                           \
        bl_baseline_judge(&c, &b);             \
        assert_false(b.accepted);              \
        assert_int_equal(b.reason_count, 1);   \
    } while (0)

static void
test_baseline(void **state)
{
    (void)state;
    const struct bl_claims good = good_claims(), none = { 0 };
    struct bl_baseline judged;

    bl_baseline_judge(&good, &judged);
    assert_true(judged.accepted);
    bl_baseline_judge(&none, &judged);
    assert_false(judged.accepted);
    assert_true(judged.reason_count > 0);
    BELOW_BASELINE(c.platform.signature_hash = BL_SHA1);
    BELOW_BASELINE(c.platform.selection.bank = BL_SHA1);
    BELOW_BASELINE(c.platform.selection.mask = 1u << 16);
    BELOW_BASELINE(c.platform.pcrs.mask = 0);
    BELOW_BASELINE(c.debug = (struct bl_claim_flag){ true, true });
    BELOW_BASELINE(c.platform.is_present = false);
    BELOW_BASELINE(c.platform_class = BL_CLASS_ABSENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_satisfies_everything_is_permitted),
        cmocka_unit_test(test_zeroed_memory_affirms_nothing),
        cmocka_unit_test(test_each_claim_that_differs_is_refused_by_its_check),
        cmocka_unit_test(test_each_claim_that_is_absent_is_refused),
        cmocka_unit_test(test_each_part_of_a_policy_that_is_empty_refuses),
        cmocka_unit_test(test_both_sides_of_the_policy_s_end),
        cmocka_unit_test(test_any_platform_state_makes_a_process_enclave_software),
        cmocka_unit_test(test_machines_and_enclaves_are_not_taken_for_each_other),
        cmocka_unit_test(test_bindings_and_classes_pair_by_pair),
        cmocka_unit_test(test_baseline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
