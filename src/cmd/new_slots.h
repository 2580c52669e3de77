/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/new_slots.h: the slots that a command line asks for: --bind, --recipient, --recovery and a
 * passphrase, as requests for seal/.
 *
 * A recovery identity that is made here is durable before the blob is, so that there is never a blob
 * whose recovery was lost.
 */
#ifndef BL_CMD_NEW_SLOTS_H
#define BL_CMD_NEW_SLOTS_H

#include "cmd/local_root.h"
#include "cmd/tpm_terms.h"
#include "keys/identity.h"
#include "seal/seal.h"

#define BL_NEW_SLOTS_OPTIONS                                                                 \
    { .name = "bind",                                                                        \
      .letter = 'b',                                                                         \
      .argument = "WHAT",                                                                    \
      .repeats = true,                                                                       \
      .choices = bl_binding_words,                                                           \
      .help = "bind to host, state, pcr:LIST, signed:FILE, code, signer, version, config" }, \
        BL_ROOT_OPTIONS, BL_TPM_TERMS_OPTIONS,                                               \
        { .name = "recipient",                                                               \
          .letter = 'r',                                                                     \
          .argument = "R|@FILE",                                                             \
          .repeats = true,                                                                   \
          .help = "let the owner of this public key open it, too" },                         \
    {                                                                                        \
        .name = "recovery", .argument = "FILE",                                              \
        .help = "let the identity in FILE open it, too; made if FILE is not there"           \
    }

/** For verbs whose --passphrase opens what stands. */
#define BL_NEW_PASSPHRASE_OPTIONS                                                     \
    { .name = "new-passphrase", .help = "let a passphrase open it, too; asked for" }, \
    {                                                                                 \
        .name = "new-passphrase-file", .argument = "FILE|fd:N",                       \
        .help = "the same, read from FILE (0600) or from file descriptor N"           \
    }

struct bl_new_slots {
    struct bl_seal_binding binding;
    struct bl_tpm_terms terms;
    struct bl_sealing_root *root; /* NULL: the hardware is the TPM */
    struct bl_root_binding root_binding;
    struct bulla_buffer pcr_values; /* borrowed by the TPM's request */
    struct bl_keyring recipients;
    struct bl_secret passphrase;
    const char *recovery_path; /* NULL: none asked for */
    struct bl_keyring recovery;
    struct bl_file_new recovery_file; /* of the identity made here */
    bool made_recovery;
    struct bl_slot_request requests[BL_SLOT_COUNT_MAX];
    size_t count;
};
#define BL_NEW_SLOTS_NONE                 \
    {                                     \
        .recovery_file = BL_FILE_NEW_NONE \
    }

/** Read the options but the passphrase's; a recovery identity that is not there is made, not yet
 *  durable. USAGE, BINDING_REFUSED and what the files refuse. */
enum bulla_status bl_new_slots_parse(struct bl_new_slots *slots,
                                     const struct bl_arguments *arguments,
                                     struct bulla_error *err) BULLA_CHECKED;
void bl_new_slots_done(struct bl_new_slots *slots);
/** True if an option of BL_NEW_SLOTS_OPTIONS or BL_NEW_PASSPHRASE_OPTIONS was given. */
bool bl_new_slots_are_asked(const struct bl_arguments *arguments);
/** What BL_NEW_PASSPHRASE_OPTIONS say; asks on the terminal. */
enum bulla_status bl_new_slots_passphrase(struct bl_new_slots *slots,
                                          const struct bl_arguments *arguments,
                                          struct bulla_error *err) BULLA_CHECKED;
/** The TEE that --root names, or the one that we run in, in slots->root. BINDING_REFUSED for words that
 *  the hardware does not keep. */
enum bulla_status bl_new_slots_open_root(struct bl_new_slots *slots,
                                         const struct bl_arguments *arguments,
                                         struct bulla_error *err) BULLA_CHECKED;
/** The requests, in the order hardware (if `with_hardware`: the TEE, else the TPM in its present state),
 *  recipients, passphrase (if slots->passphrase was set), recovery. */
enum bulla_status bl_new_slots_request(struct bl_new_slots *slots, bool with_hardware,
                                       const struct bl_local_tpm *local,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Make a new recovery identity durable, and say where it is. */
enum bulla_status bl_new_slots_commit_recovery(struct bl_new_slots *slots,
                                               struct bulla_error *err) BULLA_CHECKED;

#endif
