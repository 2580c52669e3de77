/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/key_generate.c: bulla key generate: an identity in a file, its recipient on standard output.
 */
#include <string.h>
#include <unistd.h>

#include "cmd/page.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "keys/identity.h"
#include "sys/clock.h"

static enum bulla_status
choose_kind(const struct bl_arguments *arguments, enum bl_key_kind *kind_out,
            struct bulla_error *err)
{
    const char *word = bl_argument(arguments, "kind");

    *kind_out = word == NULL                   ? BL_KEY_X25519
                : strcmp(word, "ed25519") == 0 ? BL_KEY_ED25519
                                               : bl_recipient_kind(word);
    if (*kind_out == BL_KEY_NONE) {
        bl_report_object_word(word);
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "kind of key",
                                "it is none of x25519, p256, p384, ed25519");
    }
    return BULLA_OK;
}

/** What is told of the key, made before the key is kept: so that only the telling can still fail. */
static enum bulla_status
describe(const struct bl_key *key, const char *path, struct bl_page *text_out,
         struct bl_result *json_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) recipient = { 0 };

    bool signs = bl_key_kind(key) == BL_KEY_ED25519;

    BL_TRY(signs ? bl_signer_public_format(key, &recipient, err)
                 : bl_recipient_format(key, &recipient, err));
    bl_page_print(text_out, "%.*s\n", (int)recipient.size, (const char *)recipient.data);
    bl_result_begin(json_out);
    bl_result_word(json_out, "kind", signs ? "ed25519" : bl_recipient_kind_word(bl_key_kind(key)));
    bl_result_text(json_out, signs ? "signer" : "recipient", bulla_buffer_bytes(&recipient));
    bl_result_word(json_out, "output", path != NULL ? path : "-");
    bl_result_end(json_out);
    if (text_out->failed || json_out->page.failed)
        return bulla_fail(err, BULLA_E_MEMORY, "recipient", "no memory", 0);
    return BULLA_OK;
}

static enum bulla_status
generate(const struct bl_arguments *arguments, struct bl_output *output, struct bulla_error *err)
{
    char date[BL_SHOWN_SIZE];
    enum bl_key_kind kind = BL_KEY_NONE;
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bl_secret) identity = { 0 };
    BL_AUTO(bl_page) text = { 0 };
    BL_AUTO(bl_result) json = { 0 };

    BL_TRY(choose_kind(arguments, &kind, err));
    BL_TRY(bl_output_open(output, arguments, /* is_binary= */ true, err));
    if (output->path == NULL && bl_wants_json(arguments))
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--json needs -o FILE: standard output carries the identity");
    BL_TRY(bl_key_generate(kind, &key, err));
    bl_show_time(bl_clock_now_s(), date);
    BL_TRY(kind == BL_KEY_ED25519 ? bl_signer_format(key, date, &identity, err)
                                  : bl_identity_format(key, date, &identity, err));
    BL_TRY(describe(key, output->path, &text, &json, err));
    BL_TRY(bl_fd_write(output->fd, bl_secret_bytes(&identity), err));
    BL_TRY(bl_output_commit(output, err));
    if (output->path == NULL)
        return BULLA_OK;
    return bl_page_write(bl_wants_json(arguments) ? &json.page : &text, STDOUT_FILENO, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_output) output = BL_OUTPUT_NONE;

    return generate(arguments, &output, err);
}

static const char *const kind_words[] = { "x25519", "p256", "p384", "ed25519", NULL };
static const struct bl_option options[] = {
    { .name = "kind",
      .letter = 'k',
      .argument = "KIND",
      .choices = kind_words,
      .help = "x25519 (default), p256, p384; ed25519 signs enclaves" },
    BL_OUTPUT_OPTIONS,
    { 0 },
};
static const char *const examples[] = {
    "bulla key generate -o alice.key > alice.pub",
    "bulla key generate --kind p256 -o bob.key",
    "bulla key generate --kind ed25519 -o owner.key > owner.pub",
    NULL,
};

const struct bl_verb bl_verb_key_generate = {
    .name = "key generate",
    .summary = "make an identity (key pair) and print its recipient (public key)",
    .operands = "",
    .options = options,
    .examples = examples,
    .run = run,
};
