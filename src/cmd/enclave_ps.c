/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_ps.c: bulla enclave ps: which enclaves this user runs on this machine.
 */
#include <unistd.h>

#include "base/memory.h"
#include "cmd/enclave_host.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/verbs.h"
#include "enclave/registry.h"

static const char *
health_word(const struct bl_enclave_record *record)
{
    static const char *const words[] = {
        [BL_HEALTH_NONE] = "none", [BL_HEALTH_OK] = "ok", [BL_HEALTH_FAILING] = "failing"
    };

    return words[record->health];
}

static enum bulla_status
print_json(const struct bl_enclave_record *records, size_t count, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_open_array(&result, "enclaves");
    for (size_t i = 0; i < count; i++) {
        bl_result_open_object(&result, NULL);
        bl_result_word(&result, "name", records[i].name);
        bl_result_number(&result, "pid", (uint64_t)records[i].pid);
        bl_result_flag(&result, "started", records[i].ready);
        bl_result_word(&result, "health", health_word(&records[i]));
        bl_result_time(&result, "since", records[i].started_s);
        bl_result_word(&result, "state", records[i].state_directory);
        bl_result_word(&result, "log", records[i].log_path);
        bl_result_close(&result);
    }
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
print_table(const struct bl_enclave_record *records, size_t count, struct bulla_error *err)
{
    BL_AUTO(bl_page) page = { 0 };
    char since[BL_SHOWN_SIZE], state[BL_SHOWN_SIZE];

    if (count > 0)
        bl_page_print(&page, "%-20s %8s  %-8s  %-7s  %-20s  %s\n", "NAME", "PID", "PROGRAM",
                      "HEALTH", "SINCE", "STATE");
    for (size_t i = 0; i < count; i++)
        bl_page_print(&page, "%-20s %8d  %-8s  %-7s  %-20s  %s\n", records[i].name,
                      (int)records[i].pid, records[i].ready ? "runs" : "waits",
                      health_word(&records[i]), bl_show_time(records[i].started_s, since),
                      bl_show_word(records[i].state_directory, state));
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    char *directory = bl_enclave_run_directory();
    struct bl_enclave_record *records = NULL;
    size_t count = 0;

    if (directory == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_UNAVAILABLE, "enclaves", "no home directory");
    enum bulla_status status = bl_registry_list(directory, &records, &count, err);
    if (status == BULLA_OK)
        status = bl_wants_json(arguments) ? print_json(records, count, err)
                                          : print_table(records, count, err);
    bl_free(records);
    bl_free(directory);
    return status;
}

static const char *const examples[] = { "bulla enclave ps", "bulla enclave ps --json", NULL };

const struct bl_verb bl_verb_enclave_ps = {
    .name = "enclave ps",
    .summary = "list the enclaves that run",
    .operands = "",
    .examples = examples,
    .run = run,
};
