/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/collateral_show.c: pieces of collateral, judged and shown.
 */
#include <inttypes.h>
#include <unistd.h>

#include "cmd/causes.h"
#include "cmd/collateral_files.h"
#include "cmd/report.h"
#include "cmd/show.h"

size_t
bl_collateral_judge(const struct bl_collateral_set *set, const struct bl_collateral_trust *trust,
                    struct bl_judged *judged)
{
    size_t bad_count = 0;

    for (size_t i = 0; i < set->count; i++) {
        judged[i] = (struct bl_judged){ .piece = set->items[i] };
        judged[i].is_good = bl_collateral_verify(set->items[i], set, trust, &judged[i].facts,
                                                 &judged[i].failure) == BULLA_OK;
        bad_count += !judged[i].is_good;
    }
    return bad_count;
}

void
bl_facts_write(struct bl_result *result, const struct bl_collateral_facts *facts, int64_t now_s)
{
    bl_result_time(result, "issued", facts->issued_s);
    bl_result_time(result, "until", facts->until_s);
    bl_result_word(result, "age", bl_collateral_age_word(bl_collateral_age(facts, now_s)));
    if (facts->evaluation.is_present)
        bl_result_number(result, "evaluation_number", facts->evaluation.value);
}

void
bl_facts_print(struct bl_page *page, const struct bl_collateral_facts *facts, int64_t now_s)
{
    const enum bl_collateral_age age = bl_collateral_age(facts, now_s);
    char shown[BL_SHOWN_SIZE];

    bl_page_print(page, "until %s", bl_show_time(facts->until_s, shown));
    if (facts->evaluation.is_present)
        bl_page_print(page, ", evaluation %" PRIu64, facts->evaluation.value);
    switch (age) {
    case BL_AGE_FRESH:
        break;
    case BL_AGE_HALF:
        bl_page_print(page, "; half of its time has gone by");
        break;
    case BL_AGE_WEEK:
        bl_page_print(page, "; ALARM: seven days left, or less");
        break;
    case BL_AGE_TWO_DAYS:
        bl_page_print(page, "; ALARM: two days left, or less");
        break;
    case BL_AGE_DUE:
        bl_page_print(page, "; ALARM: its next update is due");
        break;
    case BL_AGE_EARLY:
        bl_page_print(page, "; ALARM: issued later than now");
        break;
    }
}

void
bl_failure_write(struct bl_result *result, const struct bulla_error *failure)
{
    char id[BL_CAUSE_ID_SIZE];

    bl_result_word(result, "id", bl_cause_id(failure->cause, id));
    bl_result_word(result, "where", failure->where);
    bl_result_word(result, "what", failure->what);
    bl_result_value(result, "found", &failure->found);
    bl_result_value(result, "expected", &failure->expected);
}

static bool
is_alarm(const struct bl_judged *judged, int64_t now_s)
{
    return !judged->is_good || bl_collateral_age_is_alarm(bl_collateral_age(&judged->facts, now_s));
}

static size_t
count_alarms(const struct bl_judged *judged, size_t count, int64_t now_s)
{
    size_t alarm_count = 0;

    for (size_t i = 0; i < count; i++)
        alarm_count += is_alarm(&judged[i], now_s);
    return alarm_count;
}

static enum bulla_status
show_json(int64_t created_s, const struct bl_judged *judged, size_t count, int64_t now_s,
          struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    if (created_s != 0)
        bl_result_time(&result, "created", created_s);
    bl_result_open_array(&result, "pieces");
    for (size_t i = 0; i < count; i++) {
        bl_result_open_object(&result, NULL);
        bl_result_word(&result, "name", judged[i].piece->name.text);
        bl_result_flag(&result, "good", judged[i].is_good);
        bl_result_time(&result, "fetched", judged[i].piece->fetched_s);
        if (judged[i].is_good)
            bl_facts_write(&result, &judged[i].facts, now_s);
        else
            bl_failure_write(&result, &judged[i].failure);
        bl_result_close(&result);
    }
    bl_result_close(&result);
    bl_result_number(&result, "alarms", count_alarms(judged, count, now_s));
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static void
print_judged(struct bl_page *page, const struct bl_judged *judged, int64_t now_s)
{
    char shown[BL_SHOWN_SIZE];

    bl_page_print(page, "%-4s  %s\n      ", judged->is_good ? "ok" : "BAD",
                  bl_show_word(judged->piece->name.text, shown));
    if (judged->is_good)
        bl_facts_print(page, &judged->facts, now_s);
    else
        bl_page_print(page, "%s: %s", judged->failure.where, judged->failure.what);
    bl_page_print(page, "; fetched %s\n", bl_show_time(judged->piece->fetched_s, shown));
}

enum bulla_status
bl_judged_show(const struct bl_arguments *arguments, const char *title, int64_t created_s,
               const struct bl_judged *judged, size_t count, int64_t now_s, struct bulla_error *err)
{
    BL_AUTO(bl_page) page = { 0 };
    char shown[BL_SHOWN_SIZE];

    if (bl_wants_json(arguments))
        return show_json(created_s, judged, count, now_s, err);
    bl_page_print(&page, "%s: %zu pieces, %zu alarms", title, count,
                  count_alarms(judged, count, now_s));
    if (created_s != 0)
        bl_page_print(&page, ", made %s", bl_show_time(created_s, shown));
    bl_page_print(&page, "\n");
    for (size_t i = 0; i < count; i++)
        print_judged(&page, &judged[i], now_s);
    return bl_page_write(&page, STDOUT_FILENO, err);
}

enum bulla_status
bl_judged_conclude(const struct bl_judged *judged, size_t count, struct bulla_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (judged[i].is_good)
            continue;
        bl_report_object_word(judged[i].piece->name.text);
        if (err != NULL)
            *err = judged[i].failure;
        return judged[i].failure.status;
    }
    return BULLA_OK;
}
