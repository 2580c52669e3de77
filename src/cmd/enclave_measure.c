/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_measure.c: bulla enclave measure: an image read whole and its code digest.
 */
#include <inttypes.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/enclave_files.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/verbs.h"
#include "sys/file.h"

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_image) image = { 0 };
    BL_AUTO(bl_page) page = { 0 };
    BL_AUTO(bl_result) result = { 0 };
    BL_AUTO_FD fd = -1;
    char shown[BL_SHOWN_SIZE];

    BL_TRY(bl_image_load(bl_operand(arguments, 0), &image, &fd, err));
    BL_TRY(bl_image_verify(fd, &image, err));
    if (bl_wants_json(arguments)) {
        bl_result_begin(&result);
        bl_result_hex(&result, "code", BL_BYTES_OF(image.digest));
        bl_result_number(&result, "entries", image.entry_count);
        bl_result_number(&result, "size", image.size);
        return bl_result_write(&result, STDOUT_FILENO, err);
    }
    bl_page_print(&page, "%s\n", bl_show_hex(BL_BYTES_OF(image.digest), shown));
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static const char *const examples[] = { "bulla enclave measure app.bimg", NULL };

const struct bl_verb bl_verb_enclave_measure = {
    .name = "enclave measure",
    .summary = "verify every file of an image and print its code digest",
    .operands = "IMAGE",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .examples = examples,
    .run = run,
};
