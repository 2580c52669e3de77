/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/new_slots.h"

#include <string.h>

#include "base/memory.h"
#include "cmd/interrupt.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/terminal.h"
#include "sys/clock.h"

void
bl_new_slots_done(struct bl_new_slots *slots)
{
    bl_interrupt_forget_file(&slots->recovery_file);
    bl_file_new_done(&slots->recovery_file);
    bl_tpm_terms_done(&slots->terms);
    bl_keyring_done(&slots->recipients);
    bl_keyring_done(&slots->recovery);
    bl_secret_done(&slots->passphrase);
    bl_sealing_root_free(slots->root);
    bulla_buffer_done(&slots->pcr_values);
}

static enum bulla_status
read_recipients(struct bl_new_slots *slots, const struct bl_arguments *arguments,
                struct bulla_error *err)
{
    const char *text;

    for (size_t i = 0; (text = bl_argument_at(arguments, "recipient", i)) != NULL; i++) {
        bl_report_object_word(text);
        if (text[0] != '@') {
            BL_TRY(bl_recipient_parse((struct bulla_bytes){ (const uint8_t *)text, strlen(text) },
                                      &slots->recipients, err));
            continue;
        }
        BL_AUTO(bulla_buffer) file = { 0 };
        BL_TRY(bl_file_read(text + 1, BL_KEYRING_SIZE_MAX, &file, err));
        enum bulla_status status =
            bl_keyring_parse(bulla_buffer_bytes(&file), &slots->recipients, err);
        bl_wipe(file.data, file.size); /* an identity file is taken for its public half */
        BL_TRY(status);
    }
    bl_report_object_word("");
    return BULLA_OK;
}

enum bulla_status
bl_new_slots_parse(struct bl_new_slots *slots, const struct bl_arguments *arguments,
                   struct bulla_error *err)
{
    slots->recovery_path = bl_argument(arguments, "recovery");
    BL_TRY(bl_binding_parse(arguments, &slots->binding, err));
    BL_TRY(bl_tpm_terms_parse(&slots->terms, arguments, slots->binding.authority_path, err));
    return read_recipients(slots, arguments, err);
}

bool
bl_new_slots_are_asked(const struct bl_arguments *arguments)
{
    static const char *const ways[] = { "bind", "recipient", "recovery", "new-passphrase",
                                        "new-passphrase-file" };

    for (size_t i = 0; i < BL_COUNT_OF(ways); i++) {
        if (bl_argument(arguments, ways[i]) != NULL)
            return true;
    }
    return false;
}

enum bulla_status
bl_new_slots_passphrase(struct bl_new_slots *slots, const struct bl_arguments *arguments,
                        struct bulla_error *err)
{
    const char *source = bl_argument(arguments, "new-passphrase-file");

    if (bl_argument(arguments, "new-passphrase") == NULL)
        return source != NULL ? bl_passphrase_read(source, &slots->passphrase, err) : BULLA_OK;
    if (source != NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--new-passphrase and --new-passphrase-file exclude each other");
    return bl_terminal_ask("new passphrase: ", /* confirm= */ true, &slots->passphrase, err);
}

enum bulla_status
bl_new_slots_open_root(struct bl_new_slots *slots, const struct bl_arguments *arguments,
                       struct bulla_error *err)
{
    BL_TRY(bl_local_root_open(arguments, &slots->binding, &slots->root, err));
    if (slots->root == NULL)
        return bl_binding_for_tpm(&slots->binding, err);
    return bl_local_root_binding(arguments, &slots->binding, &slots->root_binding, err);
}

/* -- the recovery identity --------------------------------------------------------------------- */

static enum bulla_status
make_recovery(struct bl_new_slots *slots, struct bulla_error *err)
{
    char date[BL_SHOWN_SIZE];
    BL_AUTO(bl_secret) text = { 0 };
    struct bl_keyring *keyring = &slots->recovery;

    BL_TRY(bl_key_generate(BL_KEY_X25519, &keyring->keys[0], err));
    keyring->count = 1;
    BL_TRY(bl_identity_format(keyring->keys[0], bl_show_time(bl_clock_now_s(), date), &text, err));
    BL_TRY(bl_file_new_open(&slots->recovery_file, slots->recovery_path, 0600,
                            BL_FILE_KEEP_EXISTING, err));
    bl_interrupt_guard_file(&slots->recovery_file);
    slots->made_recovery = true;
    return bl_fd_write(slots->recovery_file.fd, bl_secret_bytes(&text), err);
}

/** Use the public half of what is there, or make an identity where nothing is. */
static enum bulla_status
prepare_recovery(struct bl_new_slots *slots, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error absent = { 0 };

    if (slots->recovery_path == NULL)
        return BULLA_OK;
    bl_report_object_word(slots->recovery_path);
    enum bulla_status status =
        bl_file_read(slots->recovery_path, BL_KEYRING_SIZE_MAX, &text, &absent);
    if (status == BULLA_E_NOT_FOUND) {
        status = make_recovery(slots, err);
    } else if (status == BULLA_OK) {
        status = bl_keyring_parse(bulla_buffer_bytes(&text), &slots->recovery, err);
        bl_wipe(text.data, text.size);
    } else if (err != NULL) {
        *err = absent;
    }
    BL_TRY(status);
    bl_report_object_word("");
    return BULLA_OK;
}

enum bulla_status
bl_new_slots_commit_recovery(struct bl_new_slots *slots, struct bulla_error *err)
{
    char shown[BL_SHOWN_SIZE];

    if (!slots->made_recovery)
        return BULLA_OK;
    enum bulla_status status = bl_file_new_commit(&slots->recovery_file, err);
    if (status != BULLA_OK) {
        bl_report_object_word(slots->recovery_path);
        return status;
    }
    bl_note("recovery identity written to %s: move it offline; it opens the blob without this "
            "machine",
            bl_show_word(slots->recovery_path, shown));
    return BULLA_OK;
}

/* -- slots ------------------------------------------------------------------------------------- */

static enum bulla_status
add_slot(struct bl_new_slots *slots, struct bl_slot_request slot, struct bulla_error *err)
{
    if (slots->count == BL_SLOT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "command line", "a blob has at most 64 slots", 0);
    slots->requests[slots->count++] = slot;
    return BULLA_OK;
}

static enum bulla_status
add_keys(struct bl_new_slots *slots, const struct bl_keyring *keyring, bool is_recovery,
         struct bulla_error *err)
{
    for (size_t i = 0; i < keyring->count; i++) {
        BL_TRY(add_slot(slots,
                        (struct bl_slot_request){ .type = BL_SLOT_HPKE,
                                                  .label = is_recovery ? "recovery" : NULL,
                                                  .recipient = keyring->keys[i],
                                                  .is_recovery = is_recovery },
                        err));
    }
    return BULLA_OK;
}

static enum bulla_status
add_tpm_slot(struct bl_new_slots *slots, const struct bl_local_tpm *local, struct bulla_error *err)
{
    struct bl_slot_request slot = { .type = BL_SLOT_TPM2 };

    BL_TRY(bl_binding_policy(&slots->binding, local, &slots->pcr_values, &slot.tpm_policy, err));
    BL_TRY(bl_tpm_terms_apply(&slots->terms, local, &slot, err));
    bl_local_tpm_tell(local);
    return add_slot(slots, slot, err);
}

static enum bl_slot_type
slot_type_of(enum bl_root_kind kind)
{
    switch (kind) {
    case BL_ROOT_SNP:
        return BL_SLOT_SNP;
    case BL_ROOT_SGX:
        return BL_SLOT_SGX;
    case BL_ROOT_TDX:
        return BL_SLOT_TDX;
    case BL_ROOT_NONE:
        break;
    }
    return BL_SLOT_TPM2;
}

static enum bulla_status
add_hardware_slot(struct bl_new_slots *slots, const struct bl_local_tpm *local,
                  struct bulla_error *err)
{
    if (slots->root == NULL)
        return add_tpm_slot(slots, local, err);
    return add_slot(
        slots,
        (struct bl_slot_request){ .type = slot_type_of(bl_sealing_root_kind(slots->root)),
                                  .root_binding = slots->root_binding },
        err);
}

enum bulla_status
bl_new_slots_request(struct bl_new_slots *slots, bool with_hardware,
                     const struct bl_local_tpm *local, struct bulla_error *err)
{
    BL_TRY(prepare_recovery(slots, err));
    if (with_hardware)
        BL_TRY(add_hardware_slot(slots, local, err));
    BL_TRY(add_keys(slots, &slots->recipients, /* is_recovery= */ false, err));
    if (slots->passphrase.size > 0) {
        const struct bl_slot_request slot = { .type = BL_SLOT_PASSPHRASE,
                                              .passphrase = bl_secret_bytes(&slots->passphrase) };
        BL_TRY(add_slot(slots, slot, err));
    }
    return add_keys(slots, &slots->recovery, /* is_recovery= */ true, err);
}
