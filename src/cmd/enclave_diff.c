/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_diff.c: bulla enclave diff: which files of two images differ.
 */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/enclave_files.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/verbs.h"
#include "sys/file.h"

static const char *
word_of(const struct bl_image_difference *difference)
{
    switch (difference->change) {
    case BL_IMAGE_ADDED:
        return "added";
    case BL_IMAGE_REMOVED:
        return "removed";
    case BL_IMAGE_CHANGED:
        return difference->kind ? "kind" : difference->content ? "content" : "mode";
    case BL_IMAGE_SAME:
        break;
    }
    return "same";
}

static enum bulla_status
print(const struct bl_arguments *arguments, const struct bl_image *before,
      const struct bl_image *after, struct bulla_error *err)
{
    struct bl_image_difference difference;
    size_t a = 0, b = 0;
    char shown[BL_SHOWN_SIZE];
    BL_AUTO(bl_page) page = { 0 };
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_flag(&result, "same_code",
                   bl_equal(BL_BYTES_OF(before->digest), BL_BYTES_OF(after->digest)));
    bl_result_open_array(&result, "differences");
    while (bl_image_next_difference(before, after, &a, &b, &difference)) {
        const char *path = (difference.after != NULL ? difference.after : difference.before)->path;
        bl_page_print(&page, "%-8s %s\n", word_of(&difference), bl_show_word(path, shown));
        bl_result_open_object(&result, NULL);
        bl_result_word(&result, "change", word_of(&difference));
        bl_result_text(&result, "path",
                       (struct bulla_bytes){ (const uint8_t *)path, strlen(path) });
        bl_result_close(&result);
    }
    bl_result_close(&result);
    return bl_wants_json(arguments) ? bl_result_write(&result, STDOUT_FILENO, err)
                                    : bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_image) before = { 0 };
    BL_AUTO(bl_image) after = { 0 };
    BL_AUTO_FD before_fd = -1;
    BL_AUTO_FD after_fd = -1;

    BL_TRY(bl_image_load(bl_operand(arguments, 0), &before, &before_fd, err));
    BL_TRY(bl_image_load(bl_operand(arguments, 1), &after, &after_fd, err));
    return print(arguments, &before, &after, err);
}

static const char *const examples[] = { "bulla enclave diff app.bimg app.bimg", NULL };

const struct bl_verb bl_verb_enclave_diff = {
    .name = "enclave diff",
    .summary = "name the files in which two images differ, by their indexes",
    .operands = "IMAGE IMAGE",
    .operand_count_min = 2,
    .operand_count_max = 2,
    .examples = examples,
    .run = run,
};
