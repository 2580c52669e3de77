/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/boot_revoke.c: bulla boot revoke: raise the counter of this machine's TPM, so that policies that
 * were signed with a lower sequence open nothing any more. There is no way back.
 */
#include <inttypes.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/counter.h"
#include "cmd/local_tpm.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/verbs.h"

#define STEP_COUNT_MAX 1000 /* increments: each wears the TPM's memory, and a slip is not undone */

static enum bulla_status
raise_counter(struct bl_tpm *tpm, uint32_t index, uint64_t wanted, uint64_t *value,
              struct bulla_error *err)
{
    if (wanted > *value && wanted - *value > STEP_COUNT_MAX) {
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                             "the counter would have to be raised more than 1000 times");
        bulla_error_values(err, bulla_value_number(*value), bulla_value_number(wanted));
        return status;
    }
    while (*value < wanted)
        BL_TRY(bl_tpm_counter_increment(tpm, index, value, err));
    return BULLA_OK;
}

static enum bulla_status
report(const struct bl_arguments *arguments, uint32_t index, uint64_t value,
       struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };
    BL_AUTO(bl_page) page = { 0 };

    if (bl_wants_json(arguments)) {
        bl_result_begin(&result);
        bl_result_number(&result, "counter", index);
        bl_result_number(&result, "value", value);
        return bl_result_write(&result, STDOUT_FILENO, err);
    }
    bl_page_print(&page,
                  "counter 0x%08" PRIx32 ": %" PRIu64
                  "; policies with a lower sequence open nothing on this machine\n",
                  index, value);
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
perform(const struct bl_arguments *arguments, struct bl_local_tpm *local, struct bulla_error *err)
{
    const char *below = bl_argument(arguments, "below");
    uint32_t index = 0;
    uint64_t value = 0;
    uint64_t wanted = 0;

    BL_TRY(bl_counter_argument(arguments, &index, err));
    if (index == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "without a counter nothing can be revoked");
    if (below != NULL)
        BL_TRY(bl_parse_number(below, UINT64_MAX, &wanted, err));
    BL_TRY(bl_local_tpm_open(local, arguments, /* may_create= */ false, err));
    BL_TRY(bl_tpm_counter_define(local->tpm, index, err));
    BL_TRY(bl_tpm_counter_read(local->tpm, index, &value, err));
    BL_TRY(raise_counter(local->tpm, index, wanted, &value, err));
    return report(arguments, index, value, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_local_tpm local = BL_LOCAL_TPM_NONE;
    enum bulla_status status = perform(arguments, &local, err);

    bl_local_tpm_done(&local);
    return status;
}

static const struct bl_option options[] = {
    { .name = "below",
      .argument = "N",
      .help = "policies with a sequence below N are revoked; without it the value is shown" },
    BL_COUNTER_OPTION,
    BL_TPM_OPTIONS,
    { 0 },
};
static const char *const examples[] = { "bulla boot revoke", NULL };

const struct bl_verb bl_verb_boot_revoke = {
    .name = "boot revoke",
    .summary = "take back the boot states that were signed, by a counter of this TPM",
    .operands = "",
    .options = options,
    .examples = examples,
    .run = run,
};
