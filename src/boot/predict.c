/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/predict.h"

#include <string.h>

#include "base/memory.h"

static const char where[] = "prediction";

/* A policy being made; its branches borrow from `values` and from the earlier policy. */
struct making {
    struct bl_pcr_policy policy;
    struct bl_pcr_policy earlier;
    struct bulla_buffer values; /* of one combination after another */
};

static void
making_done(struct making *making)
{
    bl_pcr_policy_done(&making->policy);
    bl_pcr_policy_done(&making->earlier);
    bulla_buffer_done(&making->values);
}

void
bl_prediction_done(struct bl_prediction *prediction)
{
    for (size_t i = 0; i < BL_PCR_COUNT; i++)
        bulla_buffer_done(&prediction->values[i]);
    bulla_buffer_done(&prediction->earlier);
}

enum bulla_status
bl_prediction_add(struct bl_prediction *prediction, unsigned pcr, struct bulla_bytes value,
                  struct bulla_error *err)
{
    size_t size = bl_hash_size(prediction->bank);

    if (pcr >= BL_PCR_COUNT)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "no such PCR", pcr);
    if (size == 0 || value.size != size)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a value is not of the bank's size", pcr);
    struct bulla_buffer *values = &prediction->values[pcr];
    for (size_t at = 0; at < values->size; at += size)
        if (memcmp(values->data + at, value.data, size) == 0)
            return BULLA_OK;
    return bulla_buffer_append(values, value, err);
}

static size_t
count_values(const struct bl_prediction *prediction, unsigned pcr)
{
    return prediction->values[pcr].size / bl_hash_size(prediction->bank);
}

static enum bulla_status
count_combinations(const struct bl_prediction *prediction, uint32_t *mask_out, size_t *count_out,
                   struct bulla_error *err)
{
    size_t count = 1;

    *mask_out = 0;
    for (unsigned pcr = 0; pcr < BL_PCR_COUNT; pcr++) {
        if (prediction->values[pcr].size == 0)
            continue;
        *mask_out |= (uint32_t)1 << pcr;
        count *= count_values(prediction, pcr);
        if (count > BL_PCR_BRANCH_COUNT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, where, "more than 4096 combinations", count);
    }
    if (*mask_out == 0)
        return bulla_fail(err, BULLA_E_USAGE, where, "no PCR has a value", 0);
    *count_out = count;
    return BULLA_OK;
}

/* The i-th combination: its digits say which value of each PCR. */
static enum bulla_status
append_combination(const struct bl_prediction *prediction, size_t i, struct bulla_buffer *values,
                   struct bulla_error *err)
{
    size_t size = bl_hash_size(prediction->bank);

    for (unsigned pcr = 0; pcr < BL_PCR_COUNT; pcr++) {
        size_t count = count_values(prediction, pcr);
        if (count == 0)
            continue;
        const uint8_t *value = prediction->values[pcr].data + i % count * size;
        i /= count;
        BL_TRY(bulla_buffer_append(values, (struct bulla_bytes){ value, size }, err));
    }
    return BULLA_OK;
}

static bool
is_among(const struct bl_pcr_branch *branch, const struct bl_pcr_branch *branches, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (branches[i].pcrs.bank == branch->pcrs.bank &&
            branches[i].pcrs.mask == branch->pcrs.mask &&
            bl_equal(branches[i].values, branch->values))
            return true;
    return false;
}

static enum bulla_status
collect_branches(const struct bl_prediction *prediction, struct making *making,
                 struct bulla_error *err)
{
    struct bl_pcr_policy *policy = &making->policy;
    uint32_t mask = 0;
    size_t count = 0;

    BL_TRY(count_combinations(prediction, &mask, &count, err));
    for (size_t i = 0; i < count; i++)
        BL_TRY(append_combination(prediction, i, &making->values, err));
    if (prediction->earlier.size > 0)
        BL_TRY(
            bl_pcr_policy_decode(bulla_buffer_bytes(&prediction->earlier), &making->earlier, err));
    policy->branches = bl_alloc(count + making->earlier.branch_count, sizeof policy->branches[0]);
    if (policy->branches == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    size_t size = making->values.size / count;
    for (size_t i = 0; i < count; i++)
        policy->branches[policy->branch_count++] =
            (struct bl_pcr_branch){ { prediction->bank, mask },
                                    { making->values.data + i * size, size } };
    for (size_t i = 0; i < making->earlier.branch_count; i++)
        if (!is_among(&making->earlier.branches[i], policy->branches, count))
            policy->branches[policy->branch_count++] = making->earlier.branches[i];
    return BULLA_OK;
}

static enum bulla_status
sign(const struct bl_prediction *prediction, const struct bl_prediction_terms *terms,
     struct making *making, struct bulla_error *err)
{
    struct bl_pcr_policy *policy = &making->policy;

    BL_TRY(collect_branches(prediction, making, err));
    policy->sequence = terms->sequence;
    policy->counter_index = terms->counter_index;
    policy->class_name = terms->class_name;
    if (terms->counter_index != 0)
        BL_TRY(bl_pcr_counter_name(terms->counter_index, &policy->counter_name, err));
    return bl_pcr_policy_sign(policy, terms->key, err);
}

enum bulla_status
bl_prediction_sign(const struct bl_prediction *prediction, const struct bl_prediction_terms *terms,
                   struct bulla_buffer *policy_out, size_t *branch_count_out,
                   struct bulla_error *err)
{
    BL_AUTO(making) making = { 0 };

    BL_TRY(sign(prediction, terms, &making, err));
    BL_TRY(bl_pcr_policy_encode(&making.policy, policy_out, err));
    *branch_count_out = making.policy.branch_count;
    return BULLA_OK;
}
