/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_tpm_forecast.c: what would happen to a TPM slot here and now: each part of its policy that
 * can be looked at without opening. The first that does not hold is the reason.
 */
#include "base/memory.h"
#include "seal/slot_tpm.h"

static const char where[] = "TPM slot";
const char bl_tpm_slot_no_tpm[] = "no TPM to use";

/* Objects of ours have the parent that the TPM offers for new ones. */
static enum bulla_status
compare_parent(const struct bl_slot_summary *summary, struct bl_tpm *tpm,
               struct bl_slot_forecast *forecast, struct bulla_error *err)
{
    struct bl_tpm_name name;

    BL_TRY(bl_tpm_srk_name(tpm, &name, err));
    const struct bulla_bytes found = { name.bytes, name.size };
    const struct bulla_bytes expected = { summary->srk_name.bytes, summary->srk_name.size };
    if (!bl_equal(found, expected))
        bl_forecast_refuse(forecast,
                           (struct bulla_error){ .cause = BULLA_CAUSE_WRONG_TPM,
                                                 .where = where,
                                                 .what = "this TPM has another storage root key",
                                                 .found = bulla_value_bytes(found),
                                                 .expected = bulla_value_bytes(expected) });
    return BULLA_OK;
}

/* The value that this PCR is assumed to have; empty: the one that the TPM says. */
static struct bulla_bytes
assumed_value(const struct bl_opener *opener, enum bl_hash bank, unsigned pcr)
{
    for (size_t i = 0; i < opener->assumed_bank_count; i++) {
        const struct bl_pcr_bank *assumed = &opener->assumed_pcrs[i];
        if (assumed->hash == bank && (assumed->mask >> pcr & 1) != 0)
            return bl_pcr_value(assumed, pcr);
    }
    return (struct bulla_bytes){ NULL, 0 };
}

static enum bulla_status
compare_pcrs(const struct bl_slot_summary *summary, const struct bl_opener *opener,
             struct bl_slot_forecast *forecast, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) values = { 0 };
    size_t size = bl_hash_size(summary->pcrs.bank);
    size_t place = 0;

    BL_TRY(bl_tpm_pcr_read(opener->tpm, summary->pcrs, &values, err));
    if (values.size != summary->pcr_values.size)
        return bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, where, "PCR values of another size");
    for (unsigned pcr = 0; pcr < BL_TPM_PCR_COUNT; pcr++) {
        if ((summary->pcrs.mask >> pcr & 1) == 0)
            continue;
        const struct bulla_bytes assumed = assumed_value(opener, summary->pcrs.bank, pcr);
        const struct bulla_bytes present = { values.data + place, size };
        const struct bulla_bytes found = assumed.size > 0 ? assumed : present;
        const struct bulla_bytes expected = { summary->pcr_values.data + place, size };
        place += size;
        if (bl_equal(found, expected))
            continue;
        forecast->pcrs_changed |= (uint32_t)1 << pcr;
        bl_forecast_refuse(forecast,
                           (struct bulla_error){ .cause = BULLA_CAUSE_PCR_CHANGED,
                                                 .where = where,
                                                 .what = "a PCR differs from its value at sealing",
                                                 .offset = pcr,
                                                 .found = bulla_value_bytes(found),
                                                 .expected = bulla_value_bytes(expected) });
    }
    return BULLA_OK;
}

/* An index that cannot be read is a reason as well: the policy asks the TPM for it. */
static void
compare_version(const struct bl_slot_summary *summary, struct bl_tpm *tpm,
                struct bl_slot_forecast *forecast)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bulla_error reason = { 0 };
    uint64_t version = 0;

    if (bl_tpm_nv_read(tpm, summary->nv_index, sizeof version, &content, &reason) != BULLA_OK) {
        bl_forecast_refuse(forecast, reason);
        return;
    }
    for (size_t i = 0; i < content.size; i++)
        version = version << 8 | content.data[i];
    if (version < summary->nv_minimum)
        bl_forecast_refuse(
            forecast, (struct bulla_error){ .cause = BULLA_CAUSE_VERSION_BELOW_FLOOR,
                                            .where = where,
                                            .what = "the version in the TPM is below the least one",
                                            .found = bulla_value_number(version),
                                            .expected = bulla_value_number(summary->nv_minimum) });
}

static enum bulla_status
look_for_lockout(struct bl_tpm *tpm, struct bl_slot_forecast *forecast, struct bulla_error *err)
{
    struct bl_tpm_info info;

    BL_TRY(bl_tpm_info(tpm, &info, err));
    if (info.in_lockout)
        bl_forecast_refuse(
            forecast, (struct bulla_error){ .cause = BULLA_CAUSE_TPM_LOCKOUT,
                                            .where = where,
                                            .what = "too many wrong PINs; wait so many seconds",
                                            .found = bulla_value_number(info.lockout_interval_s) });
    return BULLA_OK;
}

/* -- a signed policy --------------------------------------------------------------------------- */

static enum bulla_status
assume(const struct bl_opener *opener, struct bl_pcr_bank *bank, struct bulla_error *err)
{
    for (unsigned pcr = 0; pcr < BL_TPM_PCR_COUNT; pcr++) {
        const struct bulla_bytes value = assumed_value(opener, bank->hash, pcr);
        if (value.size > 0)
            BL_TRY(bl_pcr_set(bank, pcr, value, err));
    }
    return BULLA_OK;
}

static enum bulla_status
compare_branch(const struct bl_pcr_policy *policy, const struct bl_opener *opener,
               struct bl_slot_forecast *forecast, struct bulla_error *err)
{
    struct bl_pcr_bank banks[BL_TPM_BANK_COUNT] = { 0 };
    size_t bank_count = 0;

    BL_TRY(bl_tpm_pcr_banks(opener->tpm, policy, banks, &bank_count, err));
    for (size_t i = 0; i < bank_count; i++)
        BL_TRY(assume(opener, &banks[i], err));
    struct bl_pcr_match match = bl_pcr_policy_match(policy, banks, bank_count);
    const struct bl_pcr_branch *branch = &policy->branches[match.branch];
    forecast->branch = match.branch + 1;
    forecast->branch_pcrs = branch->pcrs;
    forecast->branch_values = branch->values;
    if (match.differs == 0)
        return BULLA_OK;
    unsigned pcr = (unsigned)__builtin_ctz(match.differs);
    struct bulla_error reason = { .cause = BULLA_CAUSE_PCR_CHANGED,
                                  .where = where,
                                  .what = "no state that was signed is this one",
                                  .offset = pcr,
                                  .expected = bulla_value_bytes(bl_pcr_branch_value(branch, pcr)) };
    for (size_t i = 0; i < bank_count; i++)
        if (banks[i].hash == branch->pcrs.bank)
            reason.found = bulla_value_bytes(bl_pcr_value(&banks[i], pcr));
    forecast->pcrs_changed |= match.differs;
    bl_forecast_refuse(forecast, reason);
    return BULLA_OK;
}

static enum bulla_status
compare_counter(const struct bl_pcr_policy *policy, struct bl_tpm *tpm,
                struct bl_slot_forecast *forecast, struct bulla_error *err)
{
    struct bl_tpm_name name = { 0 };
    struct bulla_error reason = { 0 };
    uint64_t value = 0;

    enum bulla_status status = bl_tpm_nv_name(tpm, policy->counter_index, &name, &reason);
    bool is_there =
        status == BULLA_OK &&
        bl_equal((struct bulla_bytes){ name.bytes, name.size },
                 (struct bulla_bytes){ policy->counter_name.bytes, policy->counter_name.size });
    if (!is_there && (status == BULLA_OK || status == BULLA_E_NOT_FOUND)) {
        bl_forecast_refuse(forecast, (struct bulla_error){
                                         .cause = BULLA_CAUSE_COUNTER_MISSING,
                                         .where = where,
                                         .what = "this TPM does not have its revocation counter" });
        return BULLA_OK;
    }
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = reason;
    BL_TRY(status);
    BL_TRY(bl_tpm_counter_read(tpm, policy->counter_index, &value, err));
    forecast->with_counter = true;
    forecast->counter_value = value;
    if (value > policy->sequence)
        bl_forecast_refuse(
            forecast, (struct bulla_error){ .cause = BULLA_CAUSE_POLICY_REVOKED,
                                            .where = where,
                                            .what = "the counter is above its sequence",
                                            .found = bulla_value_number(value),
                                            .expected = bulla_value_number(policy->sequence) });
    return BULLA_OK;
}

/* The part that needs no TPM: is there a policy, and who signed it? */
static enum bulla_status
read_signed(const struct bl_slot_summary *summary, const struct bl_opener *opener,
            struct bl_pcr_policy *policy, struct bl_slot_forecast *forecast,
            struct bulla_error *err)
{
    struct bulla_bytes bytes =
        opener->signed_policy.size > 0 ? opener->signed_policy : summary->signed_policy;
    BL_AUTO_FREE(bl_key) authority = NULL;
    struct bulla_error reason = { 0 };

    if (bytes.size == 0) {
        bl_forecast_refuse(forecast,
                           (struct bulla_error){ .cause = BULLA_CAUSE_POLICY_MISSING,
                                                 .where = where,
                                                 .what = "none came with it and none was given" });
        return BULLA_OK;
    }
    enum bulla_status status = bl_key_from_spki(summary->authority, &authority, &reason);
    if (status == BULLA_OK)
        status = bl_pcr_policy_decode(bytes, policy, &reason);
    if (status == BULLA_OK)
        status = bl_pcr_policy_verify(policy, authority, summary->policy_ref, &reason);
    if (status == BULLA_OK) {
        forecast->sequence = policy->sequence;
        forecast->branch_count = policy->branch_count;
        forecast->counter_index = policy->counter_index;
        return BULLA_OK;
    }
    if (!bulla_status_is_finding(status)) {
        if (err != NULL && err->status == BULLA_OK)
            *err = reason;
        return status;
    }
    bl_forecast_refuse(forecast, reason);
    return BULLA_OK;
}

static enum bulla_status
compare_signed(const struct bl_slot_summary *summary, const struct bl_opener *opener,
               struct bl_slot_forecast *forecast, struct bulla_error *err)
{
    BL_AUTO(bl_pcr_policy) policy = { 0 };

    BL_TRY(read_signed(summary, opener, &policy, forecast, err));
    if (forecast->branch_count == 0 || opener->tpm == NULL)
        return BULLA_OK;
    if (policy.counter_index != 0)
        BL_TRY(compare_counter(&policy, opener->tpm, forecast, err));
    return compare_branch(&policy, opener, forecast, err);
}

/* -- all of it --------------------------------------------------------------------------------- */

enum bulla_status
bl_tpm_slot_forecast(const struct bl_slot_summary *summary, const struct bl_opener *opener,
                     struct bl_slot_forecast *forecast_out, struct bulla_error *err)
{
    forecast_out->outlook =
        summary->with_pin && opener->tpm_pin.size == 0 ? BL_OUTLOOK_NEEDS_INPUT : BL_OUTLOOK_OPENS;
    if (summary->authority.size > 0 && opener->tpm == NULL)
        BL_TRY(compare_signed(summary, opener, forecast_out, err));
    if (opener->tpm == NULL) {
        bl_forecast_refuse(forecast_out, (struct bulla_error){ .cause = BULLA_CAUSE_NO_TPM,
                                                               .where = where,
                                                               .what = bl_tpm_slot_no_tpm });
        return BULLA_OK;
    }
    BL_TRY(compare_parent(summary, opener->tpm, forecast_out, err));
    if (summary->authority.size > 0)
        BL_TRY(compare_signed(summary, opener, forecast_out, err));
    if (summary->pcrs.mask != 0)
        BL_TRY(compare_pcrs(summary, opener, forecast_out, err));
    if (summary->nv_index != 0)
        compare_version(summary, opener->tpm, forecast_out);
    if (summary->with_pin)
        BL_TRY(look_for_lockout(opener->tpm, forecast_out, err));
    return BULLA_OK;
}
