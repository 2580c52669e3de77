/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/appraise/appraise_fixture.h: honest claims of a trust domain and of a guest with policies that
 * permit them, and what a test says of such a pair after it has changed one thing.
 */
#ifndef TESTS_APPRAISE_APPRAISE_FIXTURE_H
#define TESTS_APPRAISE_APPRAISE_FIXTURE_H

#include "unit.h"

#include "appraise/appraise.h"

#define NOW ((int64_t)1750000000)
#define LATER (NOW + 86400)
#define BIT(n) ((uint64_t)1 << (n))

static const uint8_t code[32] = { 0xc0 }, chip[32] = { 0x1d }, other[32] = { 0x07 };

/* Lists of one, which live until the next good_...(). */
static struct bl_policy_item pool[16];
static size_t pool_count;

static inline struct bl_policy_list
one(struct bl_policy_item item)
{
    if (item.until_s == 0)
        item.until_s = BL_POLICY_NEVER;
    pool[pool_count] = item;
    return (struct bl_policy_list){ .items = &pool[pool_count++], .count = 1 };
}

static inline struct bl_policy_list
list_of(const uint8_t digest[32])
{
    return one((struct bl_policy_item){ .value = { digest, 32 }, .source = BL_LITERAL("a test") });
}

static inline struct bl_policy_list
name_of(const char *name)
{
    return one((struct bl_policy_item){ .value = text_bytes(name) });
}

static inline struct bl_policy_list
exception(const char *check, const char *accepts, const uint8_t *platform, int64_t until_s)
{
    return one((struct bl_policy_item){ .check = check,
                                        .value = text_bytes(accepts),
                                        .platform = { platform, platform == NULL ? 0 : 32 },
                                        .source = BL_LITERAL("ticket 4711"),
                                        .until_s = until_s });
}

static const struct bl_policy_list any = { .said = BL_SAID_ANY };
static const struct bl_policy_list absent = { .said = BL_SAID_ABSENT };

static inline struct bl_claim_bytes
claim(const uint8_t digest[32])
{
    struct bl_claim_bytes c = { .size = 32 };

    memcpy(c.bytes, digest, 32);
    return c;
}

/* A policy that says nothing of what its kinds have besides. */
static inline struct bl_appraisal_policy
plain_policy(enum bl_policy_kind kind)
{
    pool_count = 0;
    return (struct bl_appraisal_policy){ .format = BL_POLICY_FORMAT,
                                         .name = "test",
                                         .version = 1,
                                         .subject = BL_SUBJECT_ENCLAVE,
                                         .binding = BL_BINDING_KEY,
                                         .not_after_s = LATER,
                                         .kinds = BIT(kind),
                                         .classes = BIT(BL_CLASS_HARDWARE),
                                         .platforms = list_of(chip),
                                         .isolations = BIT(BL_ISOLATION_HARDWARE),
                                         .signers = absent,
                                         .products = absent,
                                         .minimum_version = { .said = BL_SAID_ABSENT },
                                         .codes = list_of(code),
                                         .configs = absent };
}

static inline struct bl_claims
plain_claims(const char *kind)
{
    return (struct bl_claims){ .kind = kind,
                               .platform_class = BL_CLASS_HARDWARE,
                               .anchor = "test",
                               .binding = BL_BINDING_KEY,
                               .platform_id = claim(chip),
                               .code = claim(code),
                               .isolation = BL_ISOLATION_HARDWARE };
}

/* -- the kinds ---------------------------------------------------------------------------------- */

static inline struct bl_claims
good_td(void)
{
    struct bl_claims c = plain_claims("tdx");

    c.tcb = (struct bl_tcb_claims){ .is_rated = true,
                                    .status = BL_TCB_UP_TO_DATE,
                                    .date_s = { true, (uint64_t)NOW - 100 },
                                    .evaluation_number = { true, 17 } };
    c.attributes = (struct bl_claim_number){ true, BIT(28) };
    c.module_version = (struct bl_claim_number){ true, 1 };
    c.module_svn = (struct bl_claim_number){ true, 5 };
    c.migratable = (struct bl_claim_flag){ true, false };
    c.registers.hash = BL_SHA256;
    c.registers.mask = 0xf;
    memcpy(c.registers.values[2], other, 32);
    return c;
}

static inline struct bl_appraisal_policy
good_td_policy(void)
{
    struct bl_appraisal_policy p = plain_policy(BL_KIND_TDX);

    p.tcb_statuses = BIT(BL_TCB_UP_TO_DATE);
    p.tcb_date = (struct bl_floor){ .is_given = true, .least = (uint64_t)NOW - 100 };
    p.tcb_evaluation = (struct bl_floor){ .is_given = true, .least = 17 };
    p.td_attributes_required = BIT(28);
    p.td_attributes_permitted = BIT(63);
    p.tdx_modules = one((struct bl_policy_item){ .module = { 1, 5 } });
    p.registers = list_of(other);
    p.registers.items[0].pcr = (struct bl_pcr_selection){ BL_SHA256, 1u << 2 };
    return p;
}

static inline struct bl_claims
good_guest(void)
{
    struct bl_claims c = plain_claims("snp");

    c.firmware = (struct bl_firmware_claims){ BL_SNP_GENOA, { 10, 0, 25, 84, 0 } };
    c.attributes = (struct bl_claim_number){ true, 0x3001f };
    c.platform_info = (struct bl_claim_number){ true, 0x25 };
    c.vmpl = (struct bl_claim_number){ true, 0 };
    c.migratable = (struct bl_claim_flag){ true, false };
    return c;
}

static inline struct bl_appraisal_policy
good_guest_policy(void)
{
    struct bl_appraisal_policy p = plain_policy(BL_KIND_SNP);

    p.firmware = one((struct bl_policy_item){ .floor = { BL_SNP_GENOA, { 10, 0, 25, 84, 0 } } });
    p.guest_policy_permitted = BIT(16); /* SMT */
    p.platform_info_required = BIT(5);  /* ALIAS_CHECK_COMPLETE */
    p.platform_info_permitted = BIT(0) | BIT(2);
    p.vmpls = BIT(0);
    return p;
}

/* -- both ways ---------------------------------------------------------------------------------- */

static struct bl_verdict verdict; /* large */

/* Refused by this check, and by no other; which of the records. */
static inline const struct bl_check *
refused_by(const struct bl_claims *c, const struct bl_appraisal_policy *p, int64_t now_s,
           enum bl_check_id id)
{
    const struct bl_check *found = NULL;

    bl_appraise(c, p, now_s, &verdict);
    assert_false(verdict.permitted);
    assert_int_equal(verdict.tier, BL_TIER_CONTRAINDICATED);
    for (size_t i = 0; i < verdict.check_count; i++) {
        const struct bl_check *check = &verdict.checks[i];
        if (check->passed)
            continue;
        assert_string_equal(bl_check_word(check->id), bl_check_word(id));
        assert_int_not_equal(check->found.kind, BULLA_VALUE_NONE);
        assert_int_not_equal(check->expected.kind, BULLA_VALUE_NONE);
        found = check;
    }
    assert_non_null(found);
    return found;
}

static inline void
permitted(const struct bl_claims *c, const struct bl_appraisal_policy *p, enum bl_tier tier)
{
    struct bulla_error err = { 0 };

    bl_appraise(c, p, NOW, &verdict);
    assert_ok(bl_verdict_status(&verdict, &err), &err);
    assert_int_equal(verdict.tier, tier);
}

/* The honest pair of a kind, changed so (the name of the case), is refused by `id` alone, or permitted. */
#define CHANGED(kind, ...)                                 \
    struct bl_claims c = good_##kind();                    \
    struct bl_appraisal_policy p = good_##kind##_policy(); \
    print_message("# %s\n", #__VA_ARGS__);                 \
    __VA_ARGS__
#define REFUSED_BY(kind, id, ...)          \
    do {                                   \
        CHANGED(kind, __VA_ARGS__);        \
        (void)refused_by(&c, &p, NOW, id); \
    } while (0)
#define PERMITTED(kind, ...)                  \
    do {                                      \
        CHANGED(kind, __VA_ARGS__);           \
        permitted(&c, &p, BL_TIER_AFFIRMING); \
    } while (0)
#define WARNED(kind, ...)                   \
    do {                                    \
        CHANGED(kind, __VA_ARGS__);         \
        permitted(&c, &p, BL_TIER_WARNING); \
    } while (0)

#endif
