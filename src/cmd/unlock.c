/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/unlock.c: see unlock.h.
 */
#include "cmd/unlock.h"

#include "cmd/progress.h"
#include "cmd/report.h"
#include "cmd/terminal.h"
#include "device/machine.h"
#include "seal/freshness.h"

#define ASSOCIATED_DATA_SIZE_MAX ((size_t)16 << 20) /* bytes: 16 MiB; it is held in memory */

static enum bulla_status
read_identities(struct bl_unlock *unlock, const struct bl_arguments *arguments,
                struct bulla_error *err)
{
    const char *path;

    for (size_t i = 0; (path = bl_argument_at(arguments, "identity", i)) != NULL; i++) {
        BL_AUTO(bl_secret) text = { 0 };
        size_t before = unlock->identities.count;

        bl_report_object_word(path);
        BL_TRY(bl_file_read_secret(path, BL_KEYRING_SIZE_MAX, &text, err));
        BL_TRY(bl_keyring_parse(bl_secret_bytes(&text), &unlock->identities, err));
        for (size_t k = before; k < unlock->identities.count; k++) {
            if (!bl_key_has_private(unlock->identities.keys[k]))
                return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "identity file",
                                        "it holds a recipient (public key), which opens nothing");
        }
    }
    bl_report_object_word("");
    return BULLA_OK;
}

static enum bulla_status
read_signed_policy(struct bl_unlock *unlock, const struct bl_arguments *arguments,
                   struct bulla_error *err)
{
    const char *path = bl_argument(arguments, "signed-policy");

    if (path == NULL)
        return BULLA_OK;
    bl_report_object_word(path);
    BL_TRY(bl_file_read(path, BL_PCR_POLICY_SIZE_MAX, &unlock->signed_policy, err));
    bl_report_object_word("");
    unlock->opener.signed_policy = bulla_buffer_bytes(&unlock->signed_policy);
    return BULLA_OK;
}

static bool
wants_tpm(const struct bl_blob_summary *summary)
{
    if (summary == NULL || summary->freshness.kind == BL_FRESHNESS_TPM)
        return true;
    for (size_t i = 0; i < summary->slot_count; i++) {
        if (summary->slots[i].type == BL_SLOT_TPM2)
            return true;
    }
    return false;
}

static enum bulla_status
open_tpm(struct bl_unlock *unlock, const struct bl_arguments *arguments,
         const struct bl_blob_summary *summary, struct bulla_error *err)
{
    bool has_others = unlock->identities.count > 0 ||
                      bl_argument(arguments, "passphrase") != NULL ||
                      unlock->passphrase_source != NULL;
    bool is_named =
        bl_argument(arguments, "device") != NULL || bl_argument(arguments, "tpm-socket") != NULL;

    if (!wants_tpm(summary))
        return BULLA_OK;
    enum bulla_status status = bl_local_tpm_open(&unlock->local, arguments,
                                                 /* may_create= */ false, &unlock->tpm_failure);
    /* Where nobody named a TPM and there is none, the slots say what they need. */
    bool is_absent = unlock->tpm_failure.cause == BULLA_CAUSE_NO_TPM;
    if (status != BULLA_OK && !has_others && (is_named || !is_absent)) {
        *err = unlock->tpm_failure;
        return status;
    }
    bl_report_object_word("");
    unlock->opener.tpm = unlock->local.tpm;
    unlock->opener.tpm_is_hardware =
        unlock->local.place == BL_TPM_DEVICE && !bl_machine_is_guest(bl_machine_here());
    unlock->opener.done_with_tpm = bl_local_tpm_release;
    unlock->opener.tpm_context = &unlock->local;
    return BULLA_OK;
}

/* One that cannot be had is no failure: the slots say what they need. */
static void
open_root(struct bl_unlock *unlock, const struct bl_blob_summary *summary)
{
    bool is_wanted = summary == NULL;

    for (size_t i = 0; !is_wanted && i < summary->slot_count; i++)
        is_wanted = summary->slots[i].root.kind != BL_ROOT_NONE;
    if (is_wanted &&
        bl_sealing_root_open(BL_ROOT_NONE, NULL, &unlock->root, &unlock->root_failure) == BULLA_OK)
        unlock->opener.root = unlock->root;
}

static enum bulla_status
ask_passphrase(void *context, struct bl_secret *passphrase_out, struct bulla_error *err)
{
    const struct bl_unlock *unlock = context;

    if (unlock->passphrase_source != NULL)
        return bl_passphrase_read(unlock->passphrase_source, passphrase_out, err);
    bl_progress_end();
    return bl_terminal_ask("passphrase: ", /* confirm= */ false, passphrase_out, err);
}

enum bulla_status
bl_unlock_open(struct bl_unlock *unlock, const struct bl_arguments *arguments,
               const struct bl_blob_summary *summary, struct bulla_error *err)
{
    bool must_ask = bl_argument(arguments, "passphrase") != NULL;

    unlock->passphrase_source = bl_argument(arguments, "passphrase-file");
    if (must_ask && unlock->passphrase_source != NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--passphrase and --passphrase-file exclude each other");
    BL_TRY(read_identities(unlock, arguments, err));
    BL_TRY(read_signed_policy(unlock, arguments, err));
    BL_TRY(open_tpm(unlock, arguments, summary, err));
    open_root(unlock, summary);
    unlock->opener.identities = (const struct bl_key *const *)unlock->identities.keys;
    unlock->opener.identity_count = unlock->identities.count;
    if (must_ask || unlock->passphrase_source != NULL || bl_terminal_exists()) {
        unlock->opener.ask_passphrase = ask_passphrase;
        unlock->opener.ask_context = unlock;
    }
    return BULLA_OK;
}

enum bulla_status
bl_unlock_explain(const struct bl_unlock *unlock, enum bulla_status status, struct bulla_error *err)
{
    const struct bulla_error *better = NULL;

    if (err->cause == BULLA_CAUSE_NO_TPM)
        better = &unlock->tpm_failure;
    else if (err->cause == BULLA_CAUSE_NO_SEALING_ROOT)
        better = &unlock->root_failure;
    if (status == BULLA_OK || better == NULL || better->cause == BULLA_CAUSE_NONE)
        return status;
    *err = *better;
    return err->status;
}

void
bl_unlock_done(struct bl_unlock *unlock)
{
    bl_local_tpm_done(&unlock->local);
    bl_sealing_root_free(unlock->root);
    bl_keyring_done(&unlock->identities);
    bulla_buffer_done(&unlock->signed_policy);
    *unlock = (struct bl_unlock)BL_UNLOCK_NONE;
}

enum bulla_status
bl_associated_data_read(const struct bl_arguments *arguments, struct bulla_buffer *data_out,
                        bool *given_out, struct bulla_error *err)
{
    const char *path = bl_argument(arguments, "aad-file");

    if (path != NULL) {
        bl_report_object_word(path);
        BL_TRY(bl_file_read(path, ASSOCIATED_DATA_SIZE_MAX, data_out, err));
        bl_report_object_word("");
    }
    *given_out = path != NULL;
    return BULLA_OK;
}
