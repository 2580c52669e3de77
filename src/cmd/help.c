/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/help.c: help made from the verb table, for people, for the man pages and (--json) for programs.
 */
#include "cmd/help.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/causes.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/verbs.h"

void
bl_help_overview(struct bl_page *page)
{
    bl_page_print(page, "Bulla binds secrets to what code and machines are.\n\n"
                        "usage: bulla VERB [OPTION]... [OPERAND]...\n\n");
    for (size_t i = 0; bl_verbs[i] != NULL; i++)
        bl_page_print(page, "  %-21s %s\n", bl_verbs[i]->name, bl_verbs[i]->summary);
    bl_page_print(page,
                  "\n\"bulla help VERB\" shows the options of one. Every verb has --json.\n"
                  "First steps: bulla doctor\n"
                  "             printf s3cret | bulla seal --name demo --recovery recovery.key "
                  "-o demo.bulla\n"
                  "             bulla unseal demo.bulla\n");
}

void
bl_help_synopsis(struct bl_page *page, const struct bl_verb *verb)
{
    bl_page_print(page, "bulla %s", verb->name);
    for (const struct bl_option *o = verb->options; o != NULL && o->name != NULL; o++)
        bl_page_print(page, " [--%s%s%s]%s", o->name, o->argument != NULL ? " " : "",
                      o->argument != NULL ? o->argument : "", o->repeats ? "..." : "");
    if (verb->operands != NULL && *verb->operands != '\0')
        bl_page_print(page, " %s", verb->operands);
}

static void
print_option(struct bl_page *page, const struct bl_option *option)
{
    char left[64];

    (void)snprintf(left, sizeof left, "%s%c%s--%s%s%s", option->letter != 0 ? "-" : " ",
                   option->letter != 0 ? option->letter : ' ', option->letter != 0 ? ", " : "  ",
                   option->name, option->argument != NULL ? " " : "",
                   option->argument != NULL ? option->argument : "");
    bl_page_print(page, "  %-29s %s\n", left, option->help);
}

void
bl_help_verb(struct bl_page *page, const struct bl_verb *verb)
{
    bl_page_print(page, "bulla %s: %s\n\nusage: ", verb->name, verb->summary);
    bl_help_synopsis(page, verb);
    bl_page_print(page, "\n\n");
    for (const struct bl_option *o = verb->options; o != NULL && o->name != NULL; o++)
        print_option(page, o);
    for (const struct bl_option *o = bl_common_options; o->name != NULL; o++)
        print_option(page, o);
    if (verb->examples != NULL && verb->examples[0] != NULL)
        bl_page_print(page, "\nexamples:\n");
    for (size_t i = 0; verb->examples != NULL && verb->examples[i] != NULL; i++)
        bl_page_print(page, "  %s\n", verb->examples[i]);
}

static void
describe_option(struct bl_result *result, const struct bl_option *option)
{
    bl_result_open_object(result, NULL);
    bl_result_word(result, "name", option->name);
    const char letter[] = { option->letter, '\0' };
    if (option->letter != '\0')
        bl_result_word(result, "letter", letter);
    else
        bl_result_null(result, "letter");
    if (option->argument != NULL)
        bl_result_word(result, "argument", option->argument);
    else
        bl_result_null(result, "argument");
    bl_result_flag(result, "repeats", option->repeats);
    bl_result_word(result, "help", option->help);
    bl_result_close(result);
}

static void
describe_verb(struct bl_result *result, const struct bl_verb *verb)
{
    bl_result_open_object(result, NULL);
    bl_result_word(result, "name", verb->name);
    bl_result_word(result, "summary", verb->summary);
    bl_result_word(result, "operands", verb->operands != NULL ? verb->operands : "");
    bl_result_open_array(result, "options");
    for (const struct bl_option *o = verb->options; o != NULL && o->name != NULL; o++)
        describe_option(result, o);
    for (const struct bl_option *o = bl_common_options; o->name != NULL; o++)
        describe_option(result, o);
    bl_result_close(result);
    bl_result_open_array(result, "examples");
    for (size_t i = 0; verb->examples != NULL && verb->examples[i] != NULL; i++)
        bl_result_word(result, NULL, verb->examples[i]);
    bl_result_close(result);
    bl_result_close(result);
}

static void
describe_errors(struct bl_result *result)
{
    char id[BL_CAUSE_ID_SIZE];

    bl_result_open_array(result, "errors");
    for (const struct bl_cause_text *text = bl_cause_texts; text->title != NULL; text++) {
        bl_result_open_object(result, NULL);
        bl_result_word(result, "id", bl_cause_id(text->cause, id));
        bl_result_number(result, "exit_code", (uint64_t)bulla_cause_exit_code(text->cause));
        bl_result_word(result, "title", text->title);
        bl_result_word(result, "meaning", text->meaning);
        bl_result_word(result, "next", text->next);
        bl_result_close(result);
    }
    bl_result_close(result);
}

/** Everything that a program wants to know of the command line: `verb`, or all with the errors. */
static enum bulla_status
write_json(const struct bl_verb *verb, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_open_array(&result, "verbs");
    for (size_t i = 0; bl_verbs[i] != NULL; i++) {
        if (verb == NULL || verb == bl_verbs[i])
            describe_verb(&result, bl_verbs[i]);
    }
    bl_result_close(&result);
    if (verb == NULL)
        describe_errors(&result);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

enum bulla_status
bl_help_print(const struct bl_verb *verb, struct bulla_error *err)
{
    BL_AUTO(bl_page) page = { 0 };

    if (verb != NULL)
        bl_help_verb(&page, verb);
    else
        bl_help_overview(&page);
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    int word_count = (int)bl_operand_count(arguments);
    const struct bl_verb *verb = NULL;
    int used = 0;

    if (word_count > 0) {
        verb = bl_verb_find(word_count, arguments->operands, &used);
        if (verb == NULL || used != word_count) {
            bl_report_object_word(bl_operand(arguments, 0));
            return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                    "there is no such verb");
        }
    }
    if (bl_wants_json(arguments))
        return write_json(verb, err);
    return bl_help_print(verb, err);
}

static const char *const examples[] = { "bulla help seal", "bulla help --json", NULL };

const struct bl_verb bl_verb_help = {
    .name = "help",
    .summary = "show what the verbs do",
    .operands = "[VERB]",
    .operand_count_max = 3, /* "admin anchor add" */
    .examples = examples,
    .run = run,
};
