/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/version.c: which bulla this is, and what it can read and write.
 */
#include <unistd.h>

#include "cmd/page.h"
#include "cmd/result.h"
#include "cmd/verbs.h"
#include "crypto/version.h"

/* Versions of what this program writes; reader N accepts N-1. */
#define BLOB_FORMAT_VERSION 1

static enum bulla_status
print_json(struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_word(&result, "version", BULLA_VERSION);
    bl_result_open_object(&result, "libraries");
    bl_result_word(&result, "openssl", bl_crypto_version());
    bl_result_close(&result);
    bl_result_open_object(&result, "formats");
    bl_result_number(&result, "sealed_blob", BLOB_FORMAT_VERSION);
    bl_result_close(&result);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_page) page = { 0 };

    if (bl_wants_json(arguments))
        return print_json(err);
    bl_page_print(&page, "bulla %s (%s)\n", BULLA_VERSION, bl_crypto_version());
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static const char *const examples[] = { "bulla version", "bulla version --json", NULL };

const struct bl_verb bl_verb_version = {
    .name = "version",
    .summary = "show the version of bulla and of the libraries it runs on",
    .operands = "",
    .examples = examples,
    .run = run,
};
