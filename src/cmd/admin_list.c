/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/admin_list.c: bulla admin list, grants, anchor list, platform list: what the broker holds.
 *
 * A reply is an array of rows; the columns of each list are a table here.
 */
#include <string.h>
#include <unistd.h>

#include "cmd/broker_target.h"
#include "cmd/page.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/verbs.h"
#include "codec/cbor.h"

#define ROWS_MAX 100000
#define TEXT_SIZE_MAX 255
#define BYTES_SIZE_MAX 68

struct column {
    char kind; /* 't' text, 'b' bytes, 'n' number, 's' time in Unix seconds */
    const char *name;
};

static const struct column secret_columns[] = {
    { 't', "name" }, { 'n', "version" }, { 's', "created" }, { 'n', "grants" }, { 0, NULL }
};
static const struct column grant_columns[] = {
    { 't', "secret" }, { 'b', "policy" }, { 's', "created" }, { 0, NULL }
};
static const struct column anchor_columns[] = {
    { 't', "name" }, { 't', "kind" }, { 't', "class" }, { 's', "created" }, { 0, NULL }
};
static const struct column platform_columns[] = { { 'b', "platform" }, { 'b', "attestation_key" },
                                                  { 't', "class" },    { 't', "state" },
                                                  { 's', "enrolled" }, { 'n', "reset_count" },
                                                  { 0, NULL } };

static size_t
column_count(const struct column *columns)
{
    size_t count = 0;

    while (columns[count].name != NULL)
        count++;
    return count;
}

static void
show_cell(struct bl_reader *r, const struct column *column, bool is_last, struct bl_page *page,
          struct bl_result *result)
{
    char shown[BL_SHOWN_SIZE];
    struct bulla_bytes bytes = { NULL, 0 };
    int64_t number = 0;
    const char *separator = is_last ? "\n" : "  ";

    switch (column->kind) {
    case 't':
        bytes = bl_cbor_read_text(r, TEXT_SIZE_MAX);
        bl_result_text(result, column->name, bytes);
        bl_page_print(page, "%s%s", bl_show_text(bytes, shown), separator);
        return;
    case 'b':
        bytes = bl_cbor_read_bytes(r, BYTES_SIZE_MAX);
        bl_result_hex(result, column->name, bytes);
        bl_page_print(page, "%s%s", bl_show_hex(bytes, shown), separator);
        return;
    case 's':
        number = bl_cbor_read_int(r);
        bl_result_time(result, column->name, number);
        bl_page_print(page, "%s%s", bl_show_time(number, shown), separator);
        return;
    default:
        number = bl_cbor_read_int(r);
        bl_result_number(result, column->name, number > 0 ? (uint64_t)number : 0);
        bl_page_print(page, "%s %lld%s", column->name, (long long)number, separator);
        return;
    }
}

static enum bulla_status
show_rows(const struct bl_arguments *arguments, struct bulla_bytes body,
          const struct column *columns, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(body, "admin reply");
    const size_t width = column_count(columns);
    BL_AUTO(bl_page) page = { 0 };
    BL_AUTO(bl_result) result = { 0 };
    size_t count = bl_cbor_read_array(&r, ROWS_MAX);

    BL_TRY(bl_reader_ok(&r, err));
    bl_result_begin(&result);
    bl_result_open_array(&result, "rows");
    for (size_t i = 0; i < count && bl_reader_ok(&r, NULL) == BULLA_OK; i++) {
        if (bl_cbor_read_array(&r, width) != width)
            bl_reader_fail(&r, "not a row");
        bl_result_open_object(&result, NULL);
        for (size_t k = 0; k < width; k++)
            show_cell(&r, &columns[k], k + 1 == width, &page, &result);
        bl_result_close(&result);
    }
    bl_result_close(&result);
    BL_TRY(bl_reader_finish(&r, err));
    if (bl_wants_json(arguments))
        return bl_result_write(&result, STDOUT_FILENO, err);
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
list(const struct bl_arguments *arguments, const char *verb, const struct column *columns,
     struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };

    BL_TRY(bl_admin_command(arguments, verb, NULL, 0, &body, err));
    return show_rows(arguments, bulla_buffer_bytes(&body), columns, err);
}

static enum bulla_status
run_list(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return list(arguments, "list", secret_columns, err);
}

static enum bulla_status
run_grants(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return list(arguments, "grants", grant_columns, err);
}

static enum bulla_status
run_anchor_list(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return list(arguments, "anchor-list", anchor_columns, err);
}

static enum bulla_status
run_platform_list(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return list(arguments, "platform-list", platform_columns, err);
}

static const struct bl_option options[] = { BL_ADMIN_OPTIONS, { 0 } };
static const char *const list_examples[] = { "bulla admin list", NULL };
static const char *const grants_examples[] = { "bulla admin grants --json", NULL };
static const char *const anchor_list_examples[] = { "bulla admin anchor list", NULL };
static const char *const platform_list_examples[] = { "bulla platform list", NULL };

const struct bl_verb bl_verb_admin_list = {
    .name = "admin list",
    .summary = "names and versions of the secrets; values never leave this way",
    .operands = "",
    .options = options,
    .examples = list_examples,
    .run = run_list,
};
const struct bl_verb bl_verb_admin_grants = {
    .name = "admin grants",
    .summary = "which policy opens which secret",
    .operands = "",
    .options = options,
    .examples = grants_examples,
    .run = run_grants,
};
const struct bl_verb bl_verb_admin_anchor_list = {
    .name = "admin anchor list",
    .summary = "the authorities that are trusted, with their class",
    .operands = "",
    .options = options,
    .examples = anchor_list_examples,
    .run = run_anchor_list,
};
const struct bl_verb bl_verb_platform_list = {
    .name = "platform list",
    .summary = "the platforms that are enrolled, with class and state",
    .operands = "",
    .options = options,
    .examples = platform_list_examples,
    .run = run_platform_list,
};
