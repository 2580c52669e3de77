/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_stop.c: bulla enclave stop: ask the monitor of an enclave to end it, and wait.
 */
#include "base/memory.h"
#include "cmd/enclave_host.h"
#include "cmd/report.h"
#include "cmd/verbs.h"
#include "enclave/registry.h"
#include "sys/clock.h"

#define TIMEOUT_MS \
    (BL_MONITOR_STOP_TIMEOUT_MS + 10000) /* the monitor's patience, and its clean-up */

static enum bulla_status
stop(const char *directory, const char *name, struct bulla_error *err)
{
    struct bl_enclave_record record = { 0 };

    BL_TRY(bl_registry_find(directory, name, &record, err));
    return bl_registry_stop(&record, bl_clock_deadline(TIMEOUT_MS), err);
}

enum bulla_status
bl_enclave_stop(const char *name, struct bulla_error *err)
{
    char *directory = bl_enclave_run_directory();

    bl_report_object_word(name);
    bl_report_next("run \"bulla enclave ps\": it lists what runs");
    enum bulla_status status = directory == NULL ? bulla_fail_cause(err, BULLA_CAUSE_UNAVAILABLE,
                                                                    "enclaves", "no home directory")
                                                 : stop(directory, name, err);
    bl_free(directory);
    return status;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return bl_enclave_stop(bl_operand(arguments, 0), err);
}

static const char *const examples[] = { "bulla enclave stop app", NULL };

const struct bl_verb bl_verb_enclave_stop = {
    .name = "enclave stop",
    .summary = "end an enclave and wait until it has ended",
    .operands = "NAME",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .examples = examples,
    .run = run,
};
