/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_check.c: bulla enclave check: is this manifest one, and what does it come to.
 */
#include <inttypes.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/enclave_files.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/verbs.h"

static enum bulla_status
print_text(const struct bl_manifest *m, struct bulla_error *err)
{
    char shown[BL_SHOWN_SIZE];
    BL_AUTO(bl_page) page = { 0 };

    bl_page_print(&page, "name:       %s\n", m->name);
    bl_page_print(&page, "product:    %s, version %" PRIu64 "\n", m->product, m->version);
    bl_page_print(&page, "signer:     %s\n", bl_show_hex(BL_BYTES_OF(m->signer_digest), shown));
    bl_page_print(&page, "config:     %s\n", bl_show_hex(BL_BYTES_OF(m->digest), shown));
    bl_page_print(&page, "memory:     %s\n", bl_show_size(m->memory, shown));
    bl_page_print(&page, "network:    %zu to listen at, %zu to connect to\n", m->listen_count,
                  m->connect_count);
    bl_page_print(&page, "sealed:     %zu directories\n", m->sealed_count);
    bl_page_print(&page, "secrets:    %zu\n", m->secret_count);
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static enum bulla_status
print_json(const struct bl_manifest *m, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_word(&result, "name", m->name);
    bl_result_word(&result, "product", m->product);
    bl_result_number(&result, "version", m->version);
    bl_result_hex(&result, "signer", BL_BYTES_OF(m->signer_digest));
    bl_result_hex(&result, "config", BL_BYTES_OF(m->digest));
    bl_result_number(&result, "memory", m->memory);
    bl_result_number(&result, "listen", m->listen_count);
    bl_result_number(&result, "connect", m->connect_count);
    bl_result_number(&result, "sealed", m->sealed_count);
    bl_result_number(&result, "secrets", m->secret_count);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_manifest) manifest = { 0 };

    BL_TRY(bl_manifest_load(bl_operand(arguments, 0), &manifest, err));
    return bl_wants_json(arguments) ? print_json(&manifest, err) : print_text(&manifest, err);
}

static const char *const examples[] = { "bulla enclave check", "bulla enclave check bulla.yaml",
                                        NULL };

const struct bl_verb bl_verb_enclave_check = {
    .name = "enclave check",
    .summary = "read a manifest strictly and show its config digest",
    .operands = "[MANIFEST]",
    .operand_count_max = 1,
    .examples = examples,
    .run = run,
};
