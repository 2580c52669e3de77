/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/learn.h"

#include <string.h>

#include "base/memory.h"
#include "policy/appraisal_fields.h"
#include "policy/appraisal_write.h"

static const char where[] = "learning";
static const char not_said[] = "the evidence learned from does not say it";

/* Flags that are good to have: where they are set they are demanded from then on. */
#define GOOD_GUEST_POLICY                                                            \
    ((uint64_t)1 << 20 | (uint64_t)1 << 22 | (uint64_t)1 << 23 | (uint64_t)1 << 24 | \
     (uint64_t)1 << 25)
#define GOOD_PLATFORM_INFO \
    ((uint64_t)1 << 1 | (uint64_t)1 << 2 | (uint64_t)1 << 3 | (uint64_t)1 << 4 | (uint64_t)1 << 5)
#define GOOD_TD_ATTRIBUTES ((uint64_t)1 << 28)
/* PCR 0, 1 and 2 measure the image, 8 its signer; 3 and 4 are of one role and one instance. */
#define NITRO_REGISTERS 0x107u
#define TD_REGISTERS 0x7u /* RTMR 3 is the workload's, and changes as it runs */

struct lesson {
    const struct bl_claims *claims;
    const struct bl_learning *how;
    struct bl_appraisal_policy *policy;
};

static enum bulla_status
learn_one(const struct lesson *l, struct bulla_bytes value, struct bl_policy_list *list,
          struct bulla_error *err)
{
    if (value.size == 0) {
        *list =
            (struct bl_policy_list){ .said = BL_SAID_ABSENT,
                                     .reason = { (const uint8_t *)not_said, strlen(not_said) } };
        return BULLA_OK;
    }
    BL_TRY(bl_policy_list_new(list, 1, err));
    list->items[0] = (struct bl_policy_item){ .value = value,
                                              .source = l->how->source,
                                              .until_s = l->how->until_s };
    return BULLA_OK;
}

static enum bulla_status
learn_words(const char *const *words, size_t count, struct bl_policy_list *list,
            struct bulla_error *err)
{
    BL_TRY(bl_policy_list_new(list, count, err));
    for (size_t i = 0; i < count; i++)
        list->items[i] =
            (struct bl_policy_item){ .value = { (const uint8_t *)words[i], strlen(words[i]) },
                                     .until_s = BL_POLICY_NEVER };
    return BULLA_OK;
}

static struct bl_floor
learn_floor(const struct bl_claim_number *claim, enum bl_said otherwise)
{
    if (claim->is_present)
        return (struct bl_floor){ .is_given = true, .least = claim->value };
    return (struct bl_floor){ .said = otherwise,
                              .reason = { (const uint8_t *)not_said, strlen(not_said) } };
}

/* -- the platform ------------------------------------------------------------------------------- */

/* A status that only an exception should accept is not learned. */
static bool
is_learned(enum bl_tcb_status status)
{
    return status > BL_TCB_ABSENT && status < BL_TCB_OUT_OF_DATE;
}

static enum bulla_status
learn_tcb(const struct lesson *l, struct bulla_error *err)
{
    const struct bl_tcb_claims *tcb = &l->claims->tcb;
    const char *advisories[BL_ADVISORY_COUNT_MAX];

    l->policy->tcb_evaluation = learn_floor(&tcb->evaluation_number, BL_SAID_ANY);
    l->policy->tcb_date = learn_floor(&tcb->date_s, BL_SAID_ANY);
    if (!tcb->is_rated || !is_learned(tcb->status) || tcb->status == BL_TCB_UP_TO_DATE)
        return BULLA_OK;
    l->policy->tcb_statuses |= (uint64_t)1 << tcb->status;
    for (size_t i = 0; i < tcb->advisory_count; i++)
        advisories[i] = tcb->advisories[i];
    return learn_words(advisories, tcb->advisory_count, &l->policy->accepted_advisories, err);
}

static enum bulla_status
learn_guest(const struct lesson *l, struct bulla_error *err)
{
    const struct bl_claims *c = l->claims;
    struct bl_appraisal_policy *p = l->policy;
    const uint64_t guest = c->attributes.value & BL_GUEST_POLICY_JUDGED;

    if (c->firmware.generation == BL_SNP_GENERATION_NONE)
        return BULLA_OK;
    BL_TRY(bl_policy_list_new(&p->firmware, 1, err));
    p->firmware.items[0] = (struct bl_policy_item){ .floor = c->firmware,
                                                    .source = l->how->source,
                                                    .until_s = BL_POLICY_NEVER };
    p->guest_policy_required = guest & GOOD_GUEST_POLICY;
    p->guest_policy_permitted = guest & ~GOOD_GUEST_POLICY;
    p->platform_info_required = c->platform_info.value & GOOD_PLATFORM_INFO;
    p->platform_info_permitted = c->platform_info.value & ~GOOD_PLATFORM_INFO;
    p->launch_mitigations = c->launch_mitigations.value;
    p->current_mitigations = c->current_mitigations.value;
    p->vmpls = c->vmpl.value < 4 ? (uint64_t)1 << c->vmpl.value : 1;
    return BULLA_OK;
}

static void
learn_flags(const struct lesson *l)
{
    const uint64_t found = l->claims->attributes.value;

    l->policy->td_attributes_required = found & BL_TD_ATTRIBUTES_JUDGED & GOOD_TD_ATTRIBUTES;
    l->policy->td_attributes_permitted = found & BL_TD_ATTRIBUTES_JUDGED & ~GOOD_TD_ATTRIBUTES;
    l->policy->sgx_attributes_permitted = found & BL_SGX_ATTRIBUTES_JUDGED;
    l->policy->migratable = l->claims->migratable.is_present && l->claims->migratable.value;
}

/* The module as it is now is the oldest from now on. */
static enum bulla_status
learn_module(const struct lesson *l, struct bulla_error *err)
{
    const struct bl_claims *c = l->claims;

    if (c->service_td.size > 0)
        BL_TRY(learn_one(l, bl_claim_view(&c->service_td), &l->policy->service_tds, err));
    if (!c->module_svn.is_present)
        return BULLA_OK;
    BL_TRY(bl_policy_list_new(&l->policy->tdx_modules, 1, err));
    l->policy->tdx_modules.items[0] =
        (struct bl_policy_item){ .module = { (uint8_t)c->module_version.value,
                                             (uint8_t)c->module_svn.value },
                                 .source = l->how->source,
                                 .until_s = BL_POLICY_NEVER };
    return BULLA_OK;
}

static enum bulla_status
learn_bank(const struct lesson *l, const struct bl_pcr_bank *bank, uint32_t mask,
           struct bl_policy_list *list, struct bulla_error *err)
{
    size_t at = 0;

    mask &= bank->mask;
    for (unsigned i = 0; i < BL_PCR_COUNT; i++)
        if (bank->hash == BL_SHA1 || bl_all_zero(bl_pcr_value(bank, i)))
            mask &= ~(1u << i); /* nothing was measured there, or nothing that counts */
    BL_TRY(bl_policy_list_new(list, (size_t)__builtin_popcount(mask), err));
    for (unsigned i = 0; i < BL_PCR_COUNT; i++)
        if ((mask >> i & 1u) != 0)
            list->items[at++] = (struct bl_policy_item){ .value = bl_pcr_value(bank, i),
                                                         .pcr = { bank->hash, 1u << i },
                                                         .source = l->how->source,
                                                         .until_s = l->how->until_s };
    return BULLA_OK;
}

static enum bulla_status
learn_registers(const struct lesson *l, enum bl_policy_kind kind, struct bulla_error *err)
{
    const uint32_t mask = kind == BL_KIND_NITRO ? NITRO_REGISTERS
                          : kind == BL_KIND_TDX ? TD_REGISTERS
                                                : BL_PCR_MASK_ALL;

    BL_TRY(learn_bank(l, &l->claims->platform.pcrs, BL_PCR_MASK_PLATFORM, &l->policy->platform_pcrs,
                      err));
    BL_TRY(learn_bank(l, &l->claims->registers, mask, &l->policy->registers, err));
    if (l->policy->registers.count == 0)
        l->policy->registers =
            (struct bl_policy_list){ .said = BL_SAID_ANY,
                                     .reason = { (const uint8_t *)not_said, strlen(not_said) } };
    return BULLA_OK;
}

static enum bulla_status
learn_unchecked(const struct lesson *l, struct bulla_error *err)
{
    const char *words[BL_UNCHECKED_COUNT_MAX];
    size_t count = 0;

    for (size_t i = 0; i < l->claims->unchecked_count; i++) {
        const char *word = l->claims->unchecked[i];
        if (strcmp(word, "reference_values") != 0 && strcmp(word, "what_was_measured") != 0 &&
            strcmp(word, "news since collateral's next update was due") != 0)
            words[count++] = word;
    }
    return learn_words(words, count, &l->policy->unchecked, err);
}

/* -- the enclave -------------------------------------------------------------------------------- */

static enum bulla_status
learn_enclave(const struct lesson *l, struct bulla_error *err)
{
    const struct bl_claims *c = l->claims;
    struct bl_appraisal_policy *p = l->policy;
    const struct bulla_bytes product = { (const uint8_t *)c->product,
                                         strnlen(c->product, BL_PRODUCT_SIZE_MAX) };

    p->isolations = c->isolation == BL_ISOLATION_ABSENT ? 0 : (uint64_t)1 << c->isolation;
    p->minimum_version = learn_floor(&c->version, BL_SAID_ABSENT);
    BL_TRY(learn_one(l, bl_claim_view(&c->code), &p->codes, err));
    BL_TRY(learn_one(l, bl_claim_view(&c->signer), &p->signers, err));
    BL_TRY(learn_one(l, product, &p->products, err));
    return learn_one(l, bl_claim_view(&c->config), &p->configs, err);
}

/* -- all of it ---------------------------------------------------------------------------------- */

static enum bulla_status
refuse(const char *what, struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_DENIED, where, what);
}

static enum bulla_status
check_worth(const struct bl_claims *claims, const struct bl_learning *how, struct bulla_error *err)
{
    if (claims->kind == NULL)
        return refuse("nothing was verified", err);
    if (claims->debug.is_present && claims->debug.value)
        return refuse("debug mode: whoever runs it sees and changes all of it", err);
    if (claims->secured.is_present && !claims->secured.value)
        return refuse("the device's life cycle is not secured", err);
    if (claims->platform_class == BL_CLASS_ABSENT ||
        (how->classes >> claims->platform_class & 1u) == 0) {
        enum bulla_status status = refuse("its class can be forged: name it with --class", err);
        bulla_error_values(err, bulla_value_word(bl_platform_class_word(claims->platform_class)),
                           bulla_value_word("hardware"));
        return status;
    }
    if (bl_policy_kind_of(claims) == BL_KIND_NONE)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "no policy is for this kind", 0);
    return BULLA_OK;
}

static enum bulla_status
learn(const struct lesson *l, enum bl_policy_kind kind, struct bulla_error *err)
{
    l->policy->binding = l->how->binding;
    l->policy->classes = (uint64_t)1 << l->claims->platform_class;
    BL_TRY(learn_one(l, bl_claim_view(&l->claims->platform_id), &l->policy->platforms, err));
    BL_TRY(learn_unchecked(l, err));
    BL_TRY(learn_tcb(l, err));
    BL_TRY(learn_guest(l, err));
    learn_flags(l);
    BL_TRY(learn_module(l, err));
    BL_TRY(learn_registers(l, kind, err));
    return l->policy->subject == BL_SUBJECT_ENCLAVE ? learn_enclave(l, err) : BULLA_OK;
}

enum bulla_status
bl_policy_learn(const struct bl_claims *claims, const struct bl_learning *how,
                struct bl_appraisal_policy *policy_out, struct bulla_error *err)
{
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    const struct lesson lesson = { claims, how, &policy };

    BL_TRY(check_worth(claims, how, err));
    const enum bl_policy_kind kind = bl_policy_kind_of(claims);
    bl_policy_deny(kind, claims->code.size > 0 ? BL_SUBJECT_ENCLAVE : BL_SUBJECT_MACHINE,
                   how->until_s, &policy);
    BL_TRY(learn(&lesson, kind, err));
    *policy_out = policy;
    policy = (struct bl_appraisal_policy){ 0 };
    return BULLA_OK;
}
