/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/report.c: see report.h.
 */
#include "cmd/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/causes.h"
#include "cmd/result.h"
#include "cmd/show.h"

/* One command per process: what it is about is kept here, so that the record of an error need not
 * carry anybody's text. */
static struct {
    const char *verb;
    const char *next;
    char object[BL_SHOWN_SIZE];
    bool as_json;
} current;

void
bl_report_begin(const char *verb, bool as_json)
{
    current.verb = verb;
    current.next = NULL;
    current.object[0] = '\0';
    current.as_json = as_json;
}

void
bl_report_object(struct bulla_bytes object)
{
    (void)bl_show_text(object, current.object);
}

void
bl_report_object_word(const char *object)
{
    (void)bl_show_word(object, current.object);
}

void
bl_report_next(const char *next)
{
    current.next = next;
}

const char *
bl_value_text(const struct bulla_value *value, char out[BL_VALUE_TEXT_SIZE])
{
    char hex[BL_SHOWN_SIZE];

    out[0] = '\0';
    switch (value->kind) {
    case BULLA_VALUE_NONE:
        break;
    case BULLA_VALUE_NUMBER:
        (void)snprintf(out, BL_VALUE_TEXT_SIZE, "%" PRIu64, value->number);
        break;
    case BULLA_VALUE_BYTES:
        (void)snprintf(out, BL_VALUE_TEXT_SIZE, "%.*s", BL_VALUE_TEXT_SIZE - 1,
                       bl_show_hex((struct bulla_bytes){ value->bytes, value->size }, hex));
        break;
    case BULLA_VALUE_WORD:
        (void)snprintf(out, BL_VALUE_TEXT_SIZE, "%s", value->word);
        break;
    }
    return out;
}

const char *
bl_pcr_meaning(unsigned pcr)
{
    static const char *const meanings[] = {
        "firmware code",
        "firmware configuration",
        "option ROM code",
        "option ROM configuration",
        "boot loader code",
        "boot loader configuration and partition table",
        "platform events",
        "Secure Boot policy",
        "kernel command line, measured by the boot loader",
        "initrd and files, measured by the boot loader",
        "files measured by the kernel (IMA)",
        "unified kernel image",
        "kernel command line and credentials",
        "system extensions",
        "shim's keys",
        "machine identity and file systems",
    };

    return pcr < sizeof meanings / sizeof meanings[0] ? meanings[pcr] : "application";
}

/** True where the code of the layer below is an errno. */
static bool
detail_is_errno(const struct bulla_error *err)
{
    return err->detail > 0 && err->detail < 4096 &&
           (err->status == BULLA_E_IO || err->status == BULLA_E_NOT_FOUND ||
            err->status == BULLA_E_EXISTS || err->status == BULLA_E_BUSY ||
            err->status == BULLA_E_DENIED || err->status == BULLA_E_OUTCOME_UNKNOWN ||
            err->status == BULLA_E_UNAVAILABLE || err->status == BULLA_E_UNREACHABLE);
}

/** The second line: where, what, and the values. */
static void
print_finding(const struct bulla_error *err)
{
    char found[BL_VALUE_TEXT_SIZE];
    char expected[BL_VALUE_TEXT_SIZE];

    if (err->cause == BULLA_CAUSE_PCR_CHANGED) {
        fprintf(stderr, "  PCR %zu (%s)", err->offset, bl_pcr_meaning((unsigned)err->offset));
    } else {
        fprintf(stderr, "  %s: %s", err->where, err->what);
        if (err->status == BULLA_E_MALFORMED && err->offset > 0)
            fprintf(stderr, " (at byte %zu)", err->offset);
    }
    if (detail_is_errno(err))
        fprintf(stderr, ": %s", strerror((int)err->detail));
    else if (err->detail != 0)
        fprintf(stderr, " (code 0x%lx)", err->detail);
    if (*bl_value_text(&err->found, found) != '\0')
        fprintf(stderr, "; found %s", found);
    if (*bl_value_text(&err->expected, expected) != '\0')
        fprintf(stderr, "; expected %s", expected);
    fputc('\n', stderr);
}

static void
print_text(const struct bulla_error *err, const struct bl_cause_text *text)
{
    char id[BL_CAUSE_ID_SIZE];

    fprintf(stderr, "bulla: ");
    if (current.verb != NULL)
        fprintf(stderr, "%s: ", current.verb);
    if (current.object[0] != '\0')
        fprintf(stderr, "%s: ", current.object);
    fprintf(stderr, "%s (%s)\n", text->title, bl_cause_id(text->cause, id));
    print_finding(err);
    fprintf(stderr, "  next: %s\n", current.next != NULL ? current.next : text->next);
}

static void
print_json(const struct bulla_error *err, const struct bl_cause_text *text)
{
    char id[BL_CAUSE_ID_SIZE];
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_open_object(&result, "error");
    bl_result_word(&result, "id", bl_cause_id(text->cause, id));
    bl_result_number(&result, "exit_code", (uint64_t)bulla_cause_exit_code(text->cause));
    bl_result_word(&result, "verb", current.verb != NULL ? current.verb : "");
    bl_result_word(&result, "object", current.object);
    bl_result_word(&result, "title", text->title);
    bl_result_word(&result, "where", err->where);
    bl_result_word(&result, "what", err->what);
    bl_result_number(&result, "offset", err->offset);
    bl_result_number(&result, "detail", err->detail);
    bl_result_value(&result, "found", &err->found);
    bl_result_value(&result, "expected", &err->expected);
    bl_result_word(&result, "next", current.next != NULL ? current.next : text->next);
    if (bl_result_write(&result, STDERR_FILENO, NULL) != BULLA_OK)
        print_text(err, text); /* no memory for JSON: words are better than silence */
}

int
bl_report_failure(const struct bulla_error *err)
{
    const struct bl_cause_text *text = bl_cause_text(err->cause);
    static const struct bulla_error unnamed = { .status = BULLA_E_ARGUMENT,
                                                .cause = BULLA_CAUSE_INTERNAL,
                                                .where = "bulla",
                                                .what = "a failure has no cause" };

    if (text == NULL) { /* a failure that recorded nothing is a fault of ours */
        err = &unnamed;
        text = bl_cause_text(BULLA_CAUSE_INTERNAL);
    }
    if (current.as_json)
        print_json(err, text);
    else
        print_text(err, text);
    return bulla_cause_exit_code(err->cause);
}

void
bl_note(const char *format, ...)
{
    va_list list;

    if (current.as_json)
        return;
    fprintf(stderr, "bulla: %s%s", current.verb != NULL ? current.verb : "",
            current.verb != NULL ? ": " : "");
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}
