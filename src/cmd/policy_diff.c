/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/policy_diff.c: bulla policy diff: what one policy permits that the other does not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/page.h"
#include "cmd/policy_file.h"
#include "cmd/policy_words.h"
#include "cmd/result.h"
#include "cmd/terminal.h"
#include "cmd/verb.h"
#include "cmd/verbs.h"
#include "policy/difference.h"

#define WORDS_SIZE (BL_ITEM_WORDS_SIZE + 160)

struct work {
    const struct bl_appraisal_policy *a, *b;
    enum bl_side shown; /* whose permissions are printed now */
    size_t counts[BL_SIDE_B + 1];
    struct bl_page page;
    struct bl_result result;
};

/* What is permitted, as the rest of "permits ...". */
static const char *
words_of(const struct bl_difference *d, char out[WORDS_SIZE])
{
    char item[BL_ITEM_WORDS_SIZE] = "", time[BL_SHOWN_SIZE];

    if (d->item != NULL && d->field != NULL)
        (void)bl_policy_item_words(d->field, d->item, item);
    (void)bl_show_time(d->time_s, time);
    switch (d->kind) {
    case BL_DIFFERS_WORD:
        (void)snprintf(out, WORDS_SIZE, d->is_demand ? "does not demand %s" : "accepts %s",
                       d->word);
        break;
    case BL_DIFFERS_ITEM:
        (void)snprintf(out, WORDS_SIZE, d->is_demand ? "has no rule for %s" : "accepts %s", item);
        break;
    case BL_DIFFERS_UNTIL:
        (void)snprintf(out, WORDS_SIZE, "accepts %s for longer, until %s", item, time);
        break;
    case BL_DIFFERS_FREE:
        (void)snprintf(out, WORDS_SIZE, "accepts any value of %s:%u",
                       bl_bank_word(d->item->pcr.bank), (unsigned)__builtin_ctz(d->item->pcr.mask));
        break;
    case BL_DIFFERS_ANY:
        (void)snprintf(out, WORDS_SIZE, "accepts any");
        break;
    case BL_DIFFERS_ABSENT:
        (void)snprintf(out, WORDS_SIZE, "accepts evidence that does not say it");
        break;
    case BL_DIFFERS_LIST:
        (void)snprintf(out, WORDS_SIZE, "accepts evidence that says it");
        break;
    case BL_DIFFERS_FLOOR:
        (void)snprintf(out, WORDS_SIZE, "accepts less, from %" PRIu64 " on", d->number);
        break;
    case BL_DIFFERS_TIME:
        (void)snprintf(
            out, WORDS_SIZE,
            d->field == NULL ? "holds for longer, until %s" : "accepts older, from %s on", time);
        break;
    case BL_DIFFERS_DAYS:
        (void)snprintf(out, WORDS_SIZE, "accepts up to %" PRIu64 " days", d->number);
        break;
    case BL_DIFFERS_FLAG:
        (void)snprintf(out, WORDS_SIZE, "accepts it");
        break;
    }
    return out;
}

/* -- for people --------------------------------------------------------------------------------- */

static void
print_difference(void *context, const struct bl_difference *difference)
{
    enum { NAME = 24, INDENT = NAME + 3, ROOM = 80 - INDENT };
    struct work *work = context;
    char words[WORDS_SIZE];

    work->counts[difference->permits]++;
    if (difference->permits != work->shown)
        return;
    bl_page_print(&work->page, "  %-*s ", NAME, difference->name);
    bl_page_fold(&work->page, INDENT, ROOM, words_of(difference, words));
}

static void
print_side(struct work *work, enum bl_side side, const char *this, const char *that)
{
    work->shown = side;
    work->counts[side] = 0;
    const size_t before = work->page.text.size;
    bl_page_print(&work->page, "%s permits what %s does not\n", this, that);
    bl_policy_compare(work->a, work->b, print_difference, work);
    if (work->counts[side] == 0)
        work->page.text.size = before;
    else
        bl_page_print(&work->page, "\n");
}

static void
print_heading(struct bl_page *page, const char *side, const struct bl_appraisal_policy *policy)
{
    char name[BL_SHOWN_SIZE], digest[BL_SHOWN_SIZE];

    bl_page_print(page, "%s  \"%s\" version %" PRIu64 ", sha256:%.16s\xe2\x80\xa6\n", side,
                  bl_show_word(policy->name, name), policy->version,
                  bl_show_hex(BL_BYTES_OF(policy->digest), digest));
}

static enum bulla_status
print_text(struct work *work, struct bulla_error *err)
{
    print_heading(&work->page, "A", work->a);
    print_heading(&work->page, "B", work->b);
    bl_page_print(&work->page, "\n");
    print_side(work, BL_SIDE_A, "A", "B");
    print_side(work, BL_SIDE_B, "B", "A");
    if (work->counts[BL_SIDE_A] + work->counts[BL_SIDE_B] == 0)
        bl_page_print(&work->page, "both permit the same\n");
    else if (work->counts[BL_SIDE_B] == 0)
        bl_page_print(&work->page, "B is stricter than A\n");
    else if (work->counts[BL_SIDE_A] == 0)
        bl_page_print(&work->page, "B is more permissive than A\n");
    else
        bl_page_print(&work->page, "each permits something that the other does not\n");
    return bl_page_write(&work->page, STDOUT_FILENO, err);
}

/* -- as JSON ------------------------------------------------------------------------------------ */

static void
write_difference(void *context, const struct bl_difference *difference)
{
    struct work *work = context;
    char words[WORDS_SIZE];

    bl_result_open_object(&work->result, NULL);
    bl_result_word(&work->result, "permits", difference->permits == BL_SIDE_A ? "a" : "b");
    bl_result_word(&work->result, "field", difference->name);
    bl_result_word(&work->result, "what", words_of(difference, words));
    if (difference->item != NULL && difference->item->source.size > 0)
        bl_result_text(&work->result, "from", difference->item->source);
    bl_result_close(&work->result);
}

static void
write_policy(struct bl_result *result, const char *name, const struct bl_appraisal_policy *policy)
{
    bl_result_open_object(result, name);
    bl_result_word(result, "name", policy->name);
    bl_result_number(result, "version", policy->version);
    bl_result_hex(result, "digest", BL_BYTES_OF(policy->digest));
    bl_result_close(result);
}

static enum bulla_status
write_json(struct work *work, struct bulla_error *err)
{
    bl_result_begin(&work->result);
    write_policy(&work->result, "a", work->a);
    write_policy(&work->result, "b", work->b);
    bl_result_open_array(&work->result, "differences");
    bl_policy_compare(work->a, work->b, write_difference, work);
    bl_result_close(&work->result);
    return bl_result_write(&work->result, STDOUT_FILENO, err);
}

/* -- the verb ----------------------------------------------------------------------------------- */

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_appraisal_policy) a = { 0 };
    BL_AUTO(bl_appraisal_policy) b = { 0 };
    struct work work = { .a = &a, .b = &b };

    BL_TRY(bl_policy_file_read(bl_operand(arguments, 0), &a, err));
    BL_TRY(bl_policy_file_read(bl_operand(arguments, 1), &b, err));
    enum bulla_status status =
        bl_wants_json(arguments) ? write_json(&work, err) : print_text(&work, err);
    bl_page_done(&work.page);
    bl_result_done(&work.result);
    return status;
}

static const struct bl_option options[] = { { 0 } };
static const char *const examples[] = { "bulla policy diff orders.yaml orders-next.yaml", NULL };

const struct bl_verb bl_verb_policy_diff = {
    .name = "policy diff",
    .summary = "say what each of two policies permits that the other does not",
    .operands = "A B",
    .operand_count_min = 2,
    .operand_count_max = 2,
    .options = options,
    .examples = examples,
    .run = run,
};
