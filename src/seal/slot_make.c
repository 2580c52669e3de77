/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/slot_make.h"

#include <string.h>

#include "base/memory.h"
#include "codec/utf8.h"
#include "seal/tree.h"

static const char where[] = "sealing";

enum bulla_status
bl_blob_text_check(const char *text, bool may_be_missing, struct bulla_error *err)
{
    if (text == NULL && may_be_missing)
        return BULLA_OK;
    if (text == NULL || text[0] == 0)
        return bulla_fail(err, BULLA_E_USAGE, where, "a name is missing", 0);
    const struct bulla_bytes bytes = { (const uint8_t *)text, strlen(text) };
    if (bytes.size > BL_BLOB_NAME_SIZE_MAX || !bl_utf8_is_valid(bytes))
        return bulla_fail(err, BULLA_E_USAGE, where, "a name is too long or not UTF-8", bytes.size);
    return BULLA_OK;
}

enum bulla_status
bl_slot_request_check(const struct bl_slot_request *request, const struct bl_opener *opener,
                      struct bulla_error *err)
{
    const struct bl_slot_kind *kind = bl_slot_kind_find(request->type);

    if (kind == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, where,
                                "this kind of slot is unsupported here");
    BL_TRY(bl_blob_text_check(request->label, /* may_be_missing= */ true, err));
    if (request->not_after_s < 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a time before 1970", 0);
    return kind->check(request, opener, err);
}

void
bl_slot_describe_request(const struct bl_slot_request *request, struct bl_slot *slot)
{
    slot->type = (uint16_t)request->type;
    if (request->label != NULL)
        slot->label =
            (struct bulla_bytes){ (const uint8_t *)request->label, strlen(request->label) };
    slot->not_after_s = request->not_after_s;
    slot->is_recovery = request->is_recovery;
    slot->signed_policy = request->signed_policy;
}

enum bulla_status
bl_slot_table_check(const struct bl_slot_table *table, bool allow_no_recovery,
                    struct bulla_error *err)
{
    enum bl_slot_state states[BL_SLOT_COUNT_MAX] = { 0 };
    size_t passphrase_count = 0;
    bool has_hardware = false;

    for (size_t i = 0; i < table->slot_count; i++) {
        const struct bl_slot *slot = &table->slots[i];
        bool is_soft = slot->type == BL_SLOT_HPKE || slot->type == BL_SLOT_PASSPHRASE;
        passphrase_count += slot->type == BL_SLOT_PASSPHRASE;
        has_hardware |= !is_soft;
        if (is_soft && slot->is_recovery)
            states[i] = BL_SLOT_OPENED;
    }
    if (has_hardware && !allow_no_recovery && !bl_slot_tree_is_satisfied(&table->tree, states))
        return bulla_fail_cause(err, BULLA_CAUSE_NO_RECOVERY_CHOSEN, where,
                                "without this hardware the data would be lost");
    if (passphrase_count > BL_PASSPHRASE_SLOT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many passphrases", passphrase_count);
    return BULLA_OK;
}

/* A recipient's slot opens with his key only, which is mostly elsewhere; and what opens in states that
 * are signed later cannot be opened before. */
static bool
is_somebody_elses(const struct bl_slot *slot, const struct bl_slot_request *request,
                  enum bulla_cause cause)
{
    if (slot->type == BL_SLOT_TPM2)
        return cause == BULLA_CAUSE_POLICY_MISSING ||
               (request->tpm_parent.size > 0 &&
                (cause == BULLA_CAUSE_NO_TPM || cause == BULLA_CAUSE_WRONG_TPM));
    return slot->type == BL_SLOT_HPKE &&
           (cause == BULLA_CAUSE_WRONG_RECIPIENT || cause == BULLA_CAUSE_NO_SLOT_OPENS);
}

enum bulla_status
bl_slot_try(const struct bl_slot_making *making, const struct bl_slot *slot,
            const struct bl_secret *share, struct bulla_error *err)
{
    BL_AUTO(bl_slot_session) session = { .opener = making->opener };
    BL_AUTO(bl_secret) found = { 0 };
    struct bulla_error failure = { 0 };

    if (slot->type == BL_SLOT_PASSPHRASE) {
        BL_TRY(bl_secret_copy(&session.passphrase, making->request->passphrase, err));
        session.has_asked = true;
    }
    enum bulla_status status = bl_slot_unwrap(slot, making->binding, &session, &found, &failure);
    if (status != BULLA_OK && is_somebody_elses(slot, making->request, failure.cause))
        return BULLA_OK;
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = failure;
    BL_TRY(status);
    if (!bl_equal(bl_secret_bytes(&found), bl_secret_bytes(share)))
        return bulla_fail(err, BULLA_E_CRYPTO, where, "a slot that was made yields another share",
                          0);
    return BULLA_OK;
}
