/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/unlock.h: everything that this command can open a blob with: TEE, TPM, identities, passphrase.
 */
#ifndef BL_CMD_UNLOCK_H
#define BL_CMD_UNLOCK_H

#include "cmd/local_tpm.h"
#include "cmd/stream.h"
#include "keys/identity.h"
#include "seal/inspect.h"

#define BL_SIGNED_POLICY_OPTION                                                         \
    {                                                                                   \
        .name = "signed-policy", .argument = "FILE",                                    \
        .help = "the boot states that were signed, in place of those that the blob has" \
    }

#define BL_UNLOCK_OPTIONS                                                                          \
    { .name = "identity",                                                                          \
      .letter = 'i',                                                                               \
      .argument = "FILE",                                                                          \
      .repeats = true,                                                                             \
      .help = "open with the identity (private key) in FILE" },                                    \
        { .name = "passphrase", .letter = 'p', .help = "ask for the passphrase on the terminal" }, \
        BL_SIGNED_POLICY_OPTION,                                                                   \
    {                                                                                              \
        .name = "passphrase-file", .argument = "FILE|fd:N",                                        \
        .help = "read the passphrase from FILE (0600) or from file descriptor N"                   \
    }

struct bl_unlock {
    struct bl_keyring identities;
    struct bl_local_tpm local;
    struct bulla_buffer signed_policy;
    const char *passphrase_source;  /* NULL: the terminal */
    struct bulla_error tpm_failure; /* why there is no TPM, where one was wanted */
    struct bl_sealing_root *root;
    struct bulla_error root_failure; /* why there is no TEE, where one was wanted */
    struct bl_opener opener;
};
#define BL_UNLOCK_NONE             \
    {                              \
        .local = BL_LOCAL_TPM_NONE \
    }

/** Read what the options name; open the TPM where a slot of `summary` wants one (NULL: not known,
 *  so it may). A TPM that cannot be had is no failure where something else was given. */
enum bulla_status bl_unlock_open(struct bl_unlock *unlock, const struct bl_arguments *arguments,
                                 const struct bl_blob_summary *summary,
                                 struct bulla_error *err) BULLA_CHECKED;
void bl_unlock_done(struct bl_unlock *unlock);
/** `status` of an opening that `err` describes: "there is no TPM here" is less telling than why the
 *  one that was looked for cannot be used. */
enum bulla_status bl_unlock_explain(const struct bl_unlock *unlock, enum bulla_status status,
                                    struct bulla_error *err);

/** The content of --aad-file; *given_out says whether there is one. */
enum bulla_status bl_associated_data_read(const struct bl_arguments *arguments,
                                          struct bulla_buffer *data_out, bool *given_out,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif
