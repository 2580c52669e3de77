/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/doctor.c: bulla doctor. A topic that was asked for by name and fails ends with exit code 10;
 * without a name a missing device is a warning, since everything that needs none still works.
 */
#include "cmd/doctor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/secret.h"
#include "cmd/local_tpm.h"
#include "cmd/page.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/terminal.h"
#include "cmd/verbs.h"
#include "sys/clock.h"

void
bl_finding_add(struct bl_findings *findings, enum bl_finding_level level, const char *topic,
               const char *fix, const char *format, ...)
{
    va_list list;

    if (findings->count == BL_FINDING_COUNT_MAX)
        return;
    struct bl_finding *finding = &findings->list[findings->count++];
    finding->level = level;
    finding->topic = topic;
    (void)snprintf(finding->fix, sizeof finding->fix, "%s", fix);
    va_start(list, format);
    (void)vsnprintf(finding->text, sizeof finding->text, format, list);
    va_end(list);
}

void
bl_doctor_memory(struct bl_findings *findings)
{
    BL_AUTO(bl_secret) secret = { 0 };
    struct rlimit limit = { 0 };
    bool is_made = bl_secret_new(&secret, 4096, NULL) == BULLA_OK;

    (void)getrlimit(RLIMIT_MEMLOCK, &limit);
    if (is_made && bl_secret_is_locked())
        bl_finding_add(findings, BL_FINDING_OK, "memory", "",
                       "secrets are locked in memory and stay out of swap and core dumps");
    else
        bl_finding_add(findings, BL_FINDING_WARN, "memory",
                       "raise the limit: ulimit -l, or LimitMEMLOCK= of the unit",
                       "secrets cannot be locked in memory (limit %" PRIu64
                       " bytes): they may reach the swap",
                       (uint64_t)limit.rlim_cur);
}

#define EARLIEST_CLOCK_S 1735689600 /* 2025-01-01: before that no bulla was built */

void
bl_doctor_clock(struct bl_findings *findings)
{
    char shown[BL_SHOWN_SIZE];
    int64_t now_s = bl_clock_now_s();

    if (now_s < EARLIEST_CLOCK_S)
        bl_finding_add(findings, BL_FINDING_FAIL, "clock",
                       "set the clock: timedatectl set-ntp true", "the clock says %s",
                       bl_show_time(now_s, shown));
    else
        bl_finding_add(findings, BL_FINDING_OK, "clock", "", "the clock says %s",
                       bl_show_time(now_s, shown));
}

/* -- the verb ---------------------------------------------------------------------------------- */

static const struct topic {
    const char *name;
    bool is_optional; /* a failure is only a warning unless asked for by name */
    void (*examine)(struct bl_findings *findings);
    bool (*is_here)(const struct bl_machine *machine); /* NULL: everywhere */
} topics[] = {
    { "tpm", true, bl_doctor_tpm, NULL },
    { "embedded", false, bl_doctor_embedded, NULL },
    { "memory", false, bl_doctor_memory, NULL },
    { "clock", false, bl_doctor_clock, NULL },
    { "kernel", true, bl_doctor_kernel, NULL },
    { "boot", true, bl_doctor_boot, bl_doctor_has_boot },
    { "snp", true, bl_doctor_snp, bl_doctor_has_snp },
    { "tdx", true, bl_doctor_tdx, bl_doctor_has_tdx },
    { "sgx", true, bl_doctor_sgx, bl_doctor_has_sgx },
    { "nitro", true, bl_doctor_nitro, bl_doctor_has_nitro },
    { "cca", true, bl_doctor_cca, bl_doctor_has_cca },
    { "optee", true, bl_doctor_optee, bl_doctor_has_optee },
};
#define TOPIC_COUNT (sizeof topics / sizeof topics[0])
static const char *const topic_words[] = { "tpm",  "embedded", "memory", "clock", "kernel",
                                           "boot", "snp",      "tdx",    "sgx",   "nitro",
                                           "cca",  "optee",    NULL };

static void
examine(struct bl_findings *findings, const struct topic *topic, bool is_asked_for)
{
    size_t first = findings->count;

    topic->examine(findings);
    for (size_t i = first; i < findings->count; i++) {
        if (findings->list[i].level == BL_FINDING_FAIL && topic->is_optional && !is_asked_for)
            findings->list[i].level = BL_FINDING_WARN;
    }
}

/* Everything that there is, and one line for what there is nothing of. */
static void
examine_overview(struct bl_findings *findings)
{
    char absent[BL_FINDING_TEXT_SIZE] = "";

    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        const struct topic *topic = &topics[i];
        if (topic->is_here == NULL || topic->is_here(findings->machine)) {
            examine(findings, topic, /* is_asked_for= */ false);
        } else {
            (void)strncat(absent, absent[0] == '\0' ? "" : ", ",
                          sizeof absent - strlen(absent) - 1);
            (void)strncat(absent, topic->name, sizeof absent - strlen(absent) - 1);
        }
    }
    if (absent[0] != '\0')
        bl_finding_add(findings, BL_FINDING_OK, "others", "",
                       "nothing here of: %s (bulla doctor NAME says why)", absent);
}

static enum bulla_status
examine_all(struct bl_findings *findings, const struct bl_arguments *arguments,
            struct bulla_error *err)
{
    if (bl_operand_count(arguments) == 0)
        examine_overview(findings);
    for (size_t at = 0; at < bl_operand_count(arguments); at++) {
        size_t i = 0;
        while (i < TOPIC_COUNT && strcmp(topics[i].name, bl_operand(arguments, at)) != 0)
            i++;
        if (i == TOPIC_COUNT) {
            bl_report_object_word(bl_operand(arguments, at));
            return bulla_fail_cause(
                err, BULLA_CAUSE_USAGE, "topic",
                "it is none of tpm, embedded, memory, clock, kernel, boot, snp, "
                "tdx, sgx, nitro, cca, optee");
        }
        examine(findings, &topics[i], /* is_asked_for= */ true);
    }
    bl_report_object_word("");
    return BULLA_OK;
}

static const char *const level_words[] = { "ok", "warn", "fail" };

static enum bulla_status
print_text(const struct bl_findings *findings, struct bulla_error *err)
{
    static const enum bl_tint tints[] = { BL_TINT_GOOD, BL_TINT_WARNING, BL_TINT_BAD };
    BL_AUTO(bl_page) page = { 0 };

    for (size_t i = 0; i < findings->count; i++) {
        const struct bl_finding *finding = &findings->list[i];
        bl_page_print(&page, "%s%-4s%s  %-8s  %s\n", bl_tint(tints[finding->level]),
                      level_words[finding->level], bl_tint(BL_TINT_NONE), finding->topic,
                      finding->text);
        if (finding->fix[0] != '\0')
            bl_page_print(&page, "                fix: %s\n", finding->fix);
    }
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
print_json(const struct bl_findings *findings, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_open_array(&result, "findings");
    for (size_t i = 0; i < findings->count; i++) {
        const struct bl_finding *finding = &findings->list[i];
        bl_result_open_object(&result, NULL);
        bl_result_word(&result, "level", level_words[finding->level]);
        bl_result_word(&result, "topic", finding->topic);
        bl_result_word(&result, "text", finding->text);
        bl_result_word(&result, "fix", finding->fix);
        bl_result_close(&result);
    }
    bl_result_close(&result);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_findings findings = { .arguments = arguments, .machine = bl_machine_here() };

    BL_TRY(examine_all(&findings, arguments, err));
    BL_TRY(bl_wants_json(arguments) ? print_json(&findings, err) : print_text(&findings, err));
    for (size_t i = 0; i < findings.count; i++) {
        if (findings.list[i].level == BL_FINDING_FAIL) {
            bl_report_object_word(findings.list[i].topic);
            bl_report_next("mend what the lines marked \"fail\" name; each has its fix beside it");
            return bulla_fail_cause(err, BULLA_CAUSE_UNAVAILABLE, "doctor",
                                    "at least one finding is a failure");
        }
    }
    return BULLA_OK;
}

static const struct bl_option options[] = { BL_TPM_OPTIONS, { 0 } };
static const char *const examples[] = { "bulla doctor", "bulla doctor memory clock", NULL };

const struct bl_verb bl_verb_doctor = {
    .name = "doctor",
    .summary = "say what this machine has, and how to mend what it lacks",
    .operands = "[TOPIC]...",
    .operand_count_max = TOPIC_COUNT,
    .operand_choices = topic_words,
    .options = options,
    .examples = examples,
    .run = run,
};
