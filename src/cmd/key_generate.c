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

    *kind_out = word == NULL ? BL_KEY_X25519 : bl_recipient_kind(word);
    if (*kind_out == BL_KEY_NONE) {
        bl_report_object_word(word);
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "kind of key",
                                "it is none of x25519, p256, p384");
    }
    return BULLA_OK;
}

static enum bulla_status
report_key(const struct bl_key *key, const struct bl_arguments *arguments,
           const struct bl_output *output, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) recipient = { 0 };
    BL_AUTO(bl_result) result = { 0 };
    BL_AUTO(bl_page) page = { 0 };

    BL_TRY(bl_recipient_format(key, &recipient, err));
    if (!bl_wants_json(arguments)) {
        bl_page_print(&page, "%.*s\n", (int)recipient.size, (const char *)recipient.data);
        return bl_page_write(&page, STDOUT_FILENO, err);
    }
    bl_result_begin(&result);
    bl_result_word(&result, "kind", bl_recipient_kind_word(bl_key_kind(key)));
    bl_result_text(&result, "recipient", bulla_buffer_bytes(&recipient));
    bl_result_word(&result, "output", output->path);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
generate(const struct bl_arguments *arguments, struct bl_output *output, struct bulla_error *err)
{
    char date[BL_SHOWN_SIZE];
    enum bl_key_kind kind = BL_KEY_NONE;
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bl_secret) text = { 0 };

    BL_TRY(choose_kind(arguments, &kind, err));
    BL_TRY(bl_output_open(output, arguments, /* is_binary= */ true, err));
    if (output->path == NULL && bl_wants_json(arguments))
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--json needs -o FILE: standard output carries the identity");
    BL_TRY(bl_key_generate(kind, &key, err));
    BL_TRY(bl_identity_format(key, bl_show_time(bl_clock_now_s(), date), &text, err));
    BL_TRY(bl_fd_write(output->fd, bl_secret_bytes(&text), err));
    BL_TRY(bl_output_commit(output, err));
    return output->path != NULL ? report_key(key, arguments, output, err) : BULLA_OK;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_output) output = BL_OUTPUT_NONE;

    return generate(arguments, &output, err);
}

static const char *const kind_words[] = { "x25519", "p256", "p384", NULL };
static const struct bl_option options[] = {
    { .name = "kind",
      .letter = 'k',
      .argument = "KIND",
      .choices = kind_words,
      .help = "x25519 (default), p256 or p384" },
    BL_OUTPUT_OPTIONS,
    { 0 },
};
static const char *const examples[] = {
    "bulla key generate -o alice.key > alice.pub",
    "bulla key generate --kind p256 -o bob.key",
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
