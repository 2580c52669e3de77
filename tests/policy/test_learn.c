/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy that was learned accepts what it was learned from, and nothing that differs in what counts.
 */
#include "unit.h"

#include "appraise/appraise.h"
#include "base/fault.h"
#include "policy/appraisal_write.h"
#include "policy/learn.h"

#define NOW ((int64_t)1760000000)
#define HARDWARE ((uint64_t)1 << BL_CLASS_HARDWARE)

static struct bl_verdict verdict; /* large */

static struct bl_claims
claims_of(const char *kind)
{
    struct bl_claims c = { .kind = kind,
                           .platform_class = BL_CLASS_HARDWARE,
                           .binding = BL_BINDING_KEY,
                           .platform_id = { { 1 }, 32 },
                           .code = { { 2 }, 48 },
                           .isolation = BL_ISOLATION_HARDWARE };

    c.attributes = (struct bl_claim_number){ true, (uint64_t)1 << 28 | 1u << 17 };
    c.migratable = (struct bl_claim_flag){ true, false };
    c.registers.hash = BL_SHA384;
    c.registers.mask = 0xf;
    c.registers.values[0][0] = c.registers.values[1][0] = c.registers.values[3][0] = 7;
    return c;
}

static struct bl_claims
good_td(void)
{
    struct bl_claims c = claims_of("tdx");

    c.tcb = (struct bl_tcb_claims){ .is_rated = true,
                                    .status = BL_TCB_UP_TO_DATE,
                                    .date_s = { true, (uint64_t)NOW - 100 },
                                    .evaluation_number = { true, 17 } };
    c.module_version = (struct bl_claim_number){ true, 1 };
    c.module_svn = (struct bl_claim_number){ true, 5 };
    return c;
}

static struct bl_claims
good_guest(void)
{
    struct bl_claims c = claims_of("snp");

    c.registers.mask = 0;
    c.firmware = (struct bl_firmware_claims){ BL_SNP_GENOA, { 10, 0, 25, 84, 0 } };
    c.attributes.value = 0x3001f | (uint64_t)1 << 20;
    c.platform_info = (struct bl_claim_number){ true, 0x25 };
    c.vmpl = (struct bl_claim_number){ true, 1 };
    c.version = (struct bl_claim_number){ true, 7 };
    c.launch_mitigations = c.current_mitigations = (struct bl_claim_number){ true, 0x3f };
    return c;
}

static enum bulla_status
learn(const struct bl_claims *claims, uint64_t classes, struct bl_appraisal_policy *policy_out,
      struct bulla_error *err)
{
    const struct bl_learning how = { .source = BL_LITERAL("a test"),
                                     .until_s = NOW + 86400,
                                     .binding = BL_BINDING_KEY,
                                     .classes = classes };
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };

    BL_TRY(bl_policy_learn(claims, &how, &policy, err));
    BL_TRY(bl_policy_write_yaml(&policy, &text, err));
    return bl_appraisal_policy_from_yaml(bulla_buffer_bytes(&text), policy_out, err);
}

static bool
permits(const struct bl_appraisal_policy *policy, const struct bl_claims *claims)
{
    bl_appraise(claims, policy, NOW, &verdict);
    return verdict.permitted;
}

/* Learned from `c`; changed so (the name of the case), it is refused. */
#define REFUSES(kind, ...)                              \
    do {                                                \
        struct bl_claims c = good_##kind();             \
        BL_AUTO(bl_appraisal_policy) p = { 0 };         \
        struct bulla_error err = { 0 };                 \
        print_message("# %s\n", #__VA_ARGS__);          \
        assert_ok(learn(&c, HARDWARE, &p, &err), &err); \
        assert_true(permits(&p, &c));                   \
        __VA_ARGS__;                                    \
        assert_false(permits(&p, &c));                  \
    } while (0)

static void
test_what_differs_is_refused(void **state)
{
    (void)state;
    REFUSES(td, c.code.bytes[0]++);
    REFUSES(td, c.platform_id.bytes[0]++);
    REFUSES(td, c.registers.values[0][0]++);
    REFUSES(td, c.signer.size = 48);
    REFUSES(td, c.attributes.value = 0);
    REFUSES(td, c.attributes.value |= (uint64_t)1 << 30);
    REFUSES(td, c.tcb.status = BL_TCB_OUT_OF_DATE);
    REFUSES(td, c.tcb.evaluation_number.value--);
    REFUSES(td, c.tcb.date_s.value--);
    REFUSES(td, c.migratable.value = true);
    REFUSES(td, bl_claims_unchecked(&c, "pck_crl"));
    REFUSES(td, bl_claims_late(&c, 0));
    REFUSES(td, c.module_svn.value--);
    REFUSES(td, c.module_version.value++);
    REFUSES(td, c.service_td = (struct bl_claim_bytes){ { 1 }, 48 });
    REFUSES(guest, c.launch_mitigations.value &= ~(uint64_t)0x20);
    REFUSES(guest, c.current_mitigations.value &= ~(uint64_t)0x01);
    REFUSES(td, c.binding = BL_BINDING_NONE);
    REFUSES(guest, c.firmware.svns[BL_SVN_MICROCODE]--);
    REFUSES(guest, c.firmware.generation = BL_SNP_MILAN);
    REFUSES(guest, c.platform_info.value &= ~(uint64_t)0x20);
    REFUSES(guest, c.attributes.value &= ~((uint64_t)1 << 20));
    REFUSES(guest, c.vmpl.value = 2);
    REFUSES(guest, c.version.value--);
}

static void
test_what_need_not_stay_is_not_asked_for(void **state)
{
    struct bl_claims c = good_td();
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(learn(&c, HARDWARE, &p, &err), &err);
    assert_int_equal(p.registers.count, 2); /* RTMR 2 is zero, 3 is the workload's */
    c.registers.values[3][0]++;
    assert_true(permits(&p, &c));
    assert_bytes_equal(p.codes.items[0].source, BL_LITERAL("a test"));
    assert_int_equal(p.codes.items[0].until_s, NOW + 86400);
}

/* A service TD that is there is named; that its collateral was late is no reason for a grace. */
static void
test_what_is_bound_and_what_was_late(void **state)
{
    struct bl_claims c = good_td();
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    c.service_td = (struct bl_claim_bytes){ { 9 }, 48 };
    c.migratable.value = true;
    bl_claims_late(&c, 5);
    assert_ok(learn(&c, HARDWARE, &p, &err), &err);
    assert_int_equal(p.service_tds.count, 1);
    assert_int_equal(p.collateral_grace_days, 0);
    assert_int_equal(p.unchecked.count, 0);
    assert_false(permits(&p, &c));
    c.late_s.is_present = false;
    assert_true(permits(&p, &c));
    c.service_td.bytes[0]++;
    assert_false(permits(&p, &c));
}

static void
test_what_is_not_learned_from(void **state)
{
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    struct bl_claims c = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_cause(learn(&c, UINT64_MAX, &p, &err), BULLA_CAUSE_DENIED, &err);
    c = good_td();
    c.debug = (struct bl_claim_flag){ true, true };
    assert_cause(learn(&c, UINT64_MAX, &p, &err), BULLA_CAUSE_DENIED, &err);
    c = good_td();
    c.secured = (struct bl_claim_flag){ true, false };
    assert_cause(learn(&c, UINT64_MAX, &p, &err), BULLA_CAUSE_DENIED, &err);
    c = good_td();
    c.platform_class = BL_CLASS_ABSENT;
    assert_cause(learn(&c, UINT64_MAX, &p, &err), BULLA_CAUSE_DENIED, &err);
    c.platform_class = BL_CLASS_SOFTWARE;
    assert_cause(learn(&c, HARDWARE, &p, &err), BULLA_CAUSE_DENIED, &err);
    assert_null(p.canonical.data);
    assert_ok(learn(&c, (uint64_t)1 << BL_CLASS_SOFTWARE, &p, &err), &err);
    assert_int_equal(p.classes, 1u << BL_CLASS_SOFTWARE);
}

/* Hardening and configuration are learned with their advisories; what is out of date is not. */
static void
test_each_status(void **state)
{
    (void)state;
    for (int status = BL_TCB_ABSENT; status <= BL_TCB_REVOKED; status++) {
        BL_AUTO(bl_appraisal_policy) p = { 0 };
        struct bl_claims c = good_td();
        struct bulla_error err = { 0 };
        c.tcb.status = (enum bl_tcb_status)status;
        assert_ok(bl_tcb_advise(&c.tcb, BL_LITERAL("INTEL-SA-00615"), &err), &err);
        assert_ok(learn(&c, HARDWARE, &p, &err), &err);
        assert_int_equal(permits(&p, &c), status > BL_TCB_ABSENT && status < BL_TCB_OUT_OF_DATE);
    }
}

static void
test_every_allocation_may_fail(void **state)
{
    const struct bl_claims c = good_guest();
    const struct bl_learning how = { .source = BL_LITERAL("a test"),
                                     .until_s = NOW,
                                     .binding = BL_BINDING_KEY,
                                     .classes = HARDWARE };
    bool reached = true;

    (void)state;
    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bl_appraisal_policy) p = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, /* forever= */ false);
        enum bulla_status status = bl_policy_learn(&c, &how, &p, NULL);
        reached = bl_fault_disarm();
        assert_true(status == (reached ? BULLA_E_MEMORY : BULLA_OK));
        assert_true(status == BULLA_OK || p.kinds == 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_differs_is_refused),
        cmocka_unit_test(test_what_need_not_stay_is_not_asked_for),
        cmocka_unit_test(test_what_is_bound_and_what_was_late),
        cmocka_unit_test(test_what_is_not_learned_from),
        cmocka_unit_test(test_each_status),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
