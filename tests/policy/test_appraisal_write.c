/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies written as people write them.
 */
#include "policy/samples.h"

#include "appraise/appraise.h"
#include "base/fault.h"
#include "codec/time.h"
#include "policy/appraisal_write.h"

static void
write_and_read(const struct bl_appraisal_policy *policy, struct bl_appraisal_policy *out)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_policy_write_yaml(policy, &text, &err), &err);
    assert_ok(bl_appraisal_policy_from_yaml(bulla_buffer_bytes(&text), out, &err), &err);
}

static void
test_what_is_written_is_the_same_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(whole) + BL_COUNT_OF(more); i++) {
        BL_AUTO(bl_appraisal_policy) p = { 0 };
        BL_AUTO(bl_appraisal_policy) back = { 0 };
        read_policy(i < BL_COUNT_OF(whole) ? whole[i] : more[i - BL_COUNT_OF(whole)], &p);
        write_and_read(&p, &back);
        assert_memory_equal(p.digest, back.digest, 32);
    }
}

/* Texts come back whole, whatever is in them. */
static void
test_texts_are_escaped(void **state)
{
    (void)state;
    static const char *const texts[] = { "a \\\"quoted\\\" # word: { } [ ]", "a \\\\ back",
                                         "tab\\tand end\\nof line", "\\u00fcber \\u4e2d" };

    for (size_t i = 0; i < BL_COUNT_OF(texts); i++) {
        BL_AUTO(bl_appraisal_policy) p = { 0 };
        BL_AUTO(bl_appraisal_policy) back = { 0 };
        char line[256];
        (void)snprintf(line, sizeof line, "configs: { any: \"%s\" }\n", texts[i]);
        read_policy(with(sgx, "configs:", line), &p);
        write_and_read(&p, &back);
        assert_bytes_equal(p.configs.reason, back.configs.reason);
        assert_memory_equal(p.digest, back.digest, 32);
    }
}

static void
test_format_1_is_not_written(void **state)
{
    (void)state;
    const struct bl_appraisal_policy p = { .format = BL_POLICY_FORMAT_1 };
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error err = { 0 };

    assert_fails(bl_policy_write_yaml(&p, &text, &err), BULLA_E_ARGUMENT, &err);
}

/* The policy to start from is one, and denies evidence that has nothing against it. */
static void
test_a_new_policy_denies(void **state)
{
    (void)state;
    static struct bl_verdict verdict;

    for (int kind = BL_KIND_NONE + 1; kind < BL_KIND_COUNT; kind++) {
        const enum bl_policy_kind k = (enum bl_policy_kind)kind;
        BL_AUTO(bl_appraisal_policy) p = { 0 };
        struct bl_appraisal_policy denies;
        bl_policy_deny(k, bl_policy_usual_subject(k), 1814313600, &denies);
        write_and_read(&denies, &p);
        assert_int_equal(p.kinds, (uint64_t)1 << kind);
        assert_int_equal(p.not_after_s, 1814313600);
        assert_int_equal(p.platforms.count, 0);
        if (k == BL_KIND_TDX)
            assert_int_equal(p.minimum_version.said, BL_SAID_ABSENT);
        if (k == BL_KIND_SGX)
            assert_true(p.minimum_version.is_given && p.minimum_version.least > UINT16_MAX);
        const struct bl_claims c = { .kind = bl_policy_kind_word(k),
                                     .platform_class = BL_CLASS_HARDWARE,
                                     .binding = BL_BINDING_CHANNEL,
                                     .platform_id = { { 1 }, 32 },
                                     .code = { { 2 }, 32 },
                                     .isolation = BL_ISOLATION_HARDWARE };
        bl_appraise(&c, &p, 1750000000, &verdict);
        assert_false(verdict.permitted);
    }
}

static void
test_times_are_written_as_they_are_read(void **state)
{
    (void)state;
    static const int64_t times[] = { 0,          1,          86399,      86400,      951782400,
                                     1078099199, 1709164800, 4107542399, BL_TIME_MAX };
    char text[BL_TIME_TEXT_SIZE];
    int64_t back = -1;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < BL_COUNT_OF(times); i++) {
        assert_ok(bl_time_parse(text_bytes(bl_time_text(times[i], text)), &back, &err), &err);
        assert_int_equal(back, times[i]);
    }
    for (int64_t day = 0; day < 150000; day += 13) {
        assert_ok(bl_time_parse(text_bytes(bl_time_text(day * 86400 + 7, text)), &back, &err),
                  &err);
        assert_int_equal(back, day * 86400 + 7);
    }
    assert_string_equal(bl_time_text(-1, text), "1970-01-01T00:00:00Z");
    assert_string_equal(bl_time_text(INT64_MAX, text), "9999-12-31T23:59:59Z");
}

static void
test_every_allocation_may_fail(void **state)
{
    (void)state;
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    bool reached = true;

    read_policy(every_kind, &p);
    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bulla_buffer) text = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, /* forever= */ false);
        enum bulla_status status = bl_policy_write_yaml(&p, &text, NULL);
        reached = bl_fault_disarm();
        assert_true(status == (reached ? BULLA_E_MEMORY : BULLA_OK));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_the_same_policy),
        cmocka_unit_test(test_texts_are_escaped),
        cmocka_unit_test(test_format_1_is_not_written),
        cmocka_unit_test(test_a_new_policy_denies),
        cmocka_unit_test(test_times_are_written_as_they_are_read),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
