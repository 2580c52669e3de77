/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_logs.c: bulla enclave logs: what the program of an enclave wrote, oldest first.
 *
 * It is foreign text: on a terminal lines that are not plain are shown escaped, elsewhere bytes are
 * given as they are.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/enclave_host.h"
#include "cmd/page.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/verbs.h"
#include "enclave/registry.h"
#include "sys/path.h"

#define LOG_SIZE_MAX ((size_t)64 << 20)           /* bytes of one of the two files that are shown */
#define PATH_SIZE (BL_REGISTRY_PATH_SIZE_MAX - 1) /* bytes: ".1" and the end fit behind it */

/* Where it runs, or where it would keep its state. */
static enum bulla_status
find_log(const struct bl_arguments *arguments, char path[BL_REGISTRY_PATH_SIZE_MAX + 1],
         struct bulla_error *err)
{
    const char *name = bl_operand(arguments, 0), *chosen = bl_argument(arguments, "state");
    char *run_directory = bl_enclave_run_directory();
    char *state_directory = bl_enclave_state_directory(name);
    struct bl_enclave_record record = { 0 };
    struct bulla_error ignored = { 0 };
    const char *directory = chosen != NULL ? chosen : state_directory;
    enum bulla_status status;

    if (chosen == NULL && run_directory != NULL &&
        bl_registry_find(run_directory, name, &record, &ignored) == BULLA_OK)
        directory = record.state_directory;
    if (directory == NULL)
        status = bulla_fail(err, BULLA_E_LIMIT, "log", "no path", 0);
    else
        status = bl_path_format(path, PATH_SIZE, directory, "log", "log", err);
    bl_free(run_directory);
    bl_free(state_directory);
    return status;
}

static void
print_escaped(struct bl_page *page, struct bulla_bytes text)
{
    char shown[BL_SHOWN_SIZE];

    while (text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data);
        bl_page_print(page, "%s\n", bl_show_text((struct bulla_bytes){ text.data, size }, shown));
        size += end == NULL ? 0 : 1;
        text = (struct bulla_bytes){ text.data + size, text.size - size };
    }
}

static enum bulla_status
print(struct bulla_bytes text, struct bulla_error *err)
{
    BL_AUTO(bl_page) page = { 0 };

    if (!isatty(STDOUT_FILENO) || bl_is_plain_text(text))
        return bl_fd_write(STDOUT_FILENO, text, err);
    print_escaped(&page, text);
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    char path[BL_REGISTRY_PATH_SIZE_MAX + 1], older[BL_REGISTRY_PATH_SIZE_MAX + 3];
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error missing = { 0 };

    bl_report_object_word(bl_operand(arguments, 0));
    BL_TRY(find_log(arguments, path, err));
    (void)snprintf(older, sizeof older, "%s.1", path);
    enum bulla_status status = bl_file_read(older, LOG_SIZE_MAX, &text, &missing);
    if (status != BULLA_OK && status != BULLA_E_NOT_FOUND)
        return bl_file_read(older, LOG_SIZE_MAX, &text, err);
    BL_TRY(bl_file_read(path, LOG_SIZE_MAX, &text, err));
    return print(bulla_buffer_bytes(&text), err);
}

static const struct bl_option options[] = {
    { .name = "state",
      .argument = "DIR",
      .help = "the enclave's state directory, if not the default" },
    { 0 },
};
static const char *const examples[] = { "bulla enclave logs app", NULL };

const struct bl_verb bl_verb_enclave_logs = {
    .name = "enclave logs",
    .summary = "print what the program of an enclave wrote",
    .operands = "NAME",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = options,
    .examples = examples,
    .run = run,
};
