/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/collateral_bundle.c: bulla collateral bundle, verify, list: what is kept, as one signed file.
 */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/collateral_files.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "keys/identity.h"

#define WHERE "command line"

typedef enum bulla_status job(const struct bl_arguments *arguments,
                              struct bl_collateral_files *files, struct bl_judged *judged,
                              struct bulla_error *err);

/* With what the verbs here work on, which is too large for a stack. */
static enum bulla_status
run_job(const struct bl_arguments *arguments, job *work, struct bulla_error *err)
{
    struct bl_collateral_files *files = bl_alloc(1, sizeof *files);
    struct bl_judged *judged = bl_alloc(BL_COLLATERAL_COUNT_MAX, sizeof *judged);
    enum bulla_status status = BULLA_OK;

    if (files != NULL)
        files->pieces = bl_collateral_set_new();
    if (files == NULL || judged == NULL || files->pieces == NULL)
        status = bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    if (status == BULLA_OK)
        status = bl_collateral_trust_read(files, arguments, err);
    if (status == BULLA_OK)
        status = work(arguments, files, judged, err);
    if (files != NULL)
        bl_collateral_files_done(files);
    bl_free(files);
    bl_free(judged);
    return status;
}

static enum bulla_status
read_cache(const struct bl_arguments *arguments, struct bl_collateral_files *files,
           size_t *altered_out, struct bulla_error *err)
{
    BL_TRY(bl_collateral_cache_open(files, arguments, /* may_create= */ false, err));
    return bl_cache_read_all(files->cache, files->pieces, altered_out, err);
}

/* -- bundle -------------------------------------------------------------------------------------- */

static enum bulla_status
read_key(const struct bl_arguments *arguments, struct bl_key **key_out, struct bulla_error *err)
{
    const char *path = bl_argument(arguments, "key");
    BL_AUTO(bl_secret) text = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;

    if (path == NULL) {
        bl_report_next("make one: bulla key generate --kind ed25519 -o bundle.key > bundle.pub");
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE,
                                "the key that signs is missing: --key FILE");
    }
    bl_report_object_word(path);
    BL_TRY(bl_file_read_secret(path, BL_KEYRING_SIZE_MAX, &text, err));
    BL_TRY(bl_signer_parse(bl_secret_bytes(&text), &key, err));
    if (!bl_key_has_private(key))
        return bulla_fail(err, BULLA_E_USAGE, "bundle key", "it is only the public half", 0);
    bl_report_object_word("");
    *key_out = key;
    key = NULL;
    return BULLA_OK;
}

static const struct bl_judged *
find_judged(const struct bl_judged *judged, size_t count, const struct bl_collateral *piece)
{
    for (size_t i = 0; i < count; i++)
        if (judged[i].piece == piece)
            return &judged[i];
    return NULL;
}

/* What was asked for has to be there and good. */
static enum bulla_status
check_wanted(const struct bl_collateral_files *files, const struct bl_judged *judged, size_t count,
             struct bulla_error *err)
{
    for (size_t i = 0; i < files->wants->count; i++) {
        const struct bl_collateral *piece =
            bl_collateral_find(files->pieces, &files->wants->items[i]);
        const struct bl_judged *found = find_judged(judged, count, piece);
        if (found != NULL && found->is_good)
            continue;
        bl_report_object_word(files->wants->items[i].text);
        bl_report_next("fetch it: bulla collateral fetch, with the same options");
        if (found == NULL)
            return bulla_fail_cause(err, BULLA_CAUSE_NOT_FOUND, "cache", "it does not have this");
        if (err != NULL)
            *err = found->failure;
        return found->failure.status;
    }
    return BULLA_OK;
}

static bool
is_wanted(const struct bl_wants *wants, const struct bl_collateral_name *name)
{
    for (size_t i = 0; i < wants->count; i++)
        if (strcmp(wants->items[i].text, name->text) == 0)
            return true;
    return false;
}

/* Leave what is good and, if anything was named, wanted. */
static void
select_pieces(struct bl_collateral_files *files, const struct bl_judged *judged, size_t count,
              bool any)
{
    size_t bad_count = 0;

    for (size_t i = 0; i < count; i++) {
        bool is_chosen = !any || is_wanted(files->wants, &judged[i].piece->name);
        if (is_chosen && judged[i].is_good)
            continue;
        bad_count += is_chosen;
        bl_collateral_free(bl_collateral_set_take(files->pieces, &judged[i].piece->name));
    }
    if (bad_count > 0)
        bl_note("%zu pieces of the cache are not good any more and were left out; "
                "\"bulla collateral list\" shows them",
                bad_count);
}

static enum bulla_status
bundle(const struct bl_arguments *arguments, struct bl_collateral_files *files,
       struct bl_judged *judged, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bl_output) output = BL_OUTPUT_NONE;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    size_t altered_count = 0;
    bool any = false;

    BL_TRY(read_key(arguments, &key, err));
    BL_TRY(bl_collateral_wants_read(files, arguments, &any, err));
    BL_TRY(read_cache(arguments, files, &altered_count, err));
    const size_t count = files->pieces->count;
    (void)bl_collateral_judge(files->pieces, &files->trust, judged);
    if (any)
        BL_TRY(check_wanted(files, judged, count, err));
    if (altered_count > 0)
        bl_note("%zu damaged entries of the cache were passed over", altered_count);
    select_pieces(files, judged, count, any);
    if (files->pieces->count == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_NOT_FOUND, "cache", "nothing good is in it");
    BL_TRY(bl_output_open(&output, arguments, /* is_binary= */ true, err));
    BL_TRY(bl_bundle_sign(files->pieces, files->trust.now_s, key, &bytes, err));
    BL_TRY(bl_fd_write(output.fd, bulla_buffer_bytes(&bytes), err));
    return bl_output_commit(&output, err);
}

static enum bulla_status
run_bundle(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return run_job(arguments, bundle, err);
}

/* -- verify -------------------------------------------------------------------------------------- */

static enum bulla_status
verify(const struct bl_arguments *arguments, struct bl_collateral_files *files,
       struct bl_judged *judged, struct bulla_error *err)
{
    const char *anchor = bl_argument(arguments, "anchor"), *path = bl_operand(arguments, 0);
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    int64_t created_s = 0;

    if (anchor == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE,
                                "whose signature counts is missing: --anchor KEY");
    BL_TRY(bl_collateral_grace_read(arguments, &files->trust.grace_s, err));
    BL_TRY(bl_bundle_key_read(anchor, &key, err));
    bl_report_object_word(path);
    BL_TRY(bl_input_slurp(path, BL_BUNDLE_SIZE_MAX, &bytes, err));
    BL_TRY(bl_bundle_open(bulla_buffer_bytes(&bytes), key, files->pieces, &created_s, err));
    (void)bl_collateral_judge(files->pieces, &files->trust, judged);
    BL_TRY(bl_judged_show(arguments, "bundle", created_s, judged, files->pieces->count,
                          files->trust.now_s, err));
    return bl_judged_conclude(judged, files->pieces->count, err);
}

static enum bulla_status
run_verify(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return run_job(arguments, verify, err);
}

/* -- list ---------------------------------------------------------------------------------------- */

static enum bulla_status
list(const struct bl_arguments *arguments, struct bl_collateral_files *files,
     struct bl_judged *judged, struct bulla_error *err)
{
    size_t altered_count = 0;

    BL_TRY(bl_collateral_grace_read(arguments, &files->trust.grace_s, err));
    BL_TRY(read_cache(arguments, files, &altered_count, err));
    (void)bl_collateral_judge(files->pieces, &files->trust, judged);
    BL_TRY(bl_judged_show(arguments, "cache", /* created_s= */ 0, judged, files->pieces->count,
                          files->trust.now_s, err));
    if (altered_count > 0)
        return bulla_fail_cause(err, BULLA_CAUSE_CACHE_ALTERED, "cache", "entries are damaged");
    return bl_judged_conclude(judged, files->pieces->count, err);
}

static enum bulla_status
run_list(const struct bl_arguments *arguments, struct bulla_error *err)
{
    return run_job(arguments, list, err);
}

/* ------------------------------------------------------------------------------------------------ */

#define GRACE_OPTION                                                                   \
    {                                                                                  \
        .name = "grace", .argument = "DAYS",                                           \
        .help = "how long after its next update is due collateral counts (default: 0)" \
    }

static const struct bl_option bundle_options[] = {
    { .name = "key", .letter = 'k', .argument = "FILE", .help = "the secret key that signs it" },
    BL_WANTS_OPTIONS,
    BL_CACHE_OPTION,
    BL_COLLATERAL_TRUST_OPTIONS,
    BL_OUTPUT_OPTIONS,
    { 0 },
};
static const struct bl_option verify_options[] = {
    { .name = "anchor",
      .argument = "KEY",
      .help = "the public key of who signed it: file or text" },
    GRACE_OPTION,
    BL_COLLATERAL_TRUST_OPTIONS,
    { 0 },
};
static const struct bl_option list_options[] = {
    BL_CACHE_OPTION,
    GRACE_OPTION,
    BL_COLLATERAL_TRUST_OPTIONS,
    { 0 },
};
static const char *const bundle_examples[] = {
    "bulla collateral bundle --key bundle.key -o collateral.bundle", NULL
};
static const char *const verify_examples[] = {
    "bulla collateral verify collateral.bundle --anchor bundle.pub", NULL
};
static const char *const list_examples[] = { "bulla collateral list", NULL };

const struct bl_verb bl_verb_collateral_bundle = {
    .name = "collateral bundle",
    .summary = "put collateral from the cache into one signed file, to carry it offline",
    .operands = "",
    .options = bundle_options,
    .examples = bundle_examples,
    .run = run_bundle,
};
const struct bl_verb bl_verb_collateral_verify = {
    .name = "collateral verify",
    .summary = "check a bundle: its signature, every piece, and until when they hold",
    .operands = "BUNDLE",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = verify_options,
    .examples = verify_examples,
    .run = run_verify,
};
const struct bl_verb bl_verb_collateral_list = {
    .name = "collateral list",
    .summary = "show what the cache has, until when it holds, and what is wrong with it",
    .operands = "",
    .options = list_options,
    .examples = list_examples,
    .run = run_list,
};
