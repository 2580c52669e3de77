/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/slot.h"

#include <string.h>

#include "base/memory.h"

static const char where[] = "slot of the sealed blob";

static const struct bl_slot_kind *const kinds[] = { &bl_slot_snp, &bl_slot_tpm, &bl_slot_hpke,
                                                    &bl_slot_passphrase };

const struct bl_slot_kind *
bl_slot_kind_find(unsigned type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if ((unsigned)kinds[i]->type == type)
            return kinds[i];
    }
    return NULL;
}

void
bl_slot_session_done(struct bl_slot_session *session)
{
    bl_secret_done(&session->passphrase);
}

void
bl_forecast_refuse(struct bl_slot_forecast *forecast, struct bulla_error reason)
{
    forecast->outlook = BL_OUTLOOK_REFUSES;
    if (forecast->reason.status != BULLA_OK)
        return;
    forecast->reason = reason;
    forecast->reason.status = bulla_cause_status(reason.cause);
}

enum bulla_status
bl_slot_wrap(const struct bl_slot_making *making, const struct bl_secret *share,
             struct bulla_buffer *params_out, struct bl_slot *slot, struct bulla_error *err)
{
    const struct bl_slot_kind *kind = bl_slot_kind_find(slot->type);
    BL_AUTO(bl_secret) input_key = { 0 };
    BL_AUTO(bl_secret) key = { 0 };

    if (kind == NULL)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "unsupported here", slot->type);
    BL_TRY(kind->make(making, slot, params_out, &input_key, err));
    slot->params = bulla_buffer_bytes(params_out);
    BL_TRY(bl_slot_keys(making->binding, slot, &input_key, &key, slot->kcv, err));
    return bl_slot_encrypt(making->binding, &key, share, slot, err);
}

static enum bulla_status
check_openable(const struct bl_slot *slot, int64_t now_s, struct bulla_error *err)
{
    if (bl_slot_kind_find(slot->type) == NULL)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "this kind is unsupported here",
                          slot->type);
    if (slot->signed_policy.size > 0 && slot->type != BL_SLOT_TPM2)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "this kind takes no signed policy",
                          slot->type);
    if (slot->not_after_s != 0 && now_s > slot->not_after_s) {
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_EXPIRED, where, "the slot has expired");
        bulla_error_values(err, bulla_value_number((uint64_t)now_s),
                           bulla_value_number((uint64_t)slot->not_after_s));
        return status;
    }
    return BULLA_OK;
}

enum bulla_status
bl_slot_unwrap(const struct bl_slot *slot, const struct bl_blob_binding *binding,
               struct bl_slot_session *session, struct bl_secret *share_out,
               struct bulla_error *err)
{
    BL_AUTO(bl_secret) input_key = { 0 };
    BL_AUTO(bl_secret) key = { 0 };
    uint8_t kcv[BL_SLOT_KCV_SIZE];

    BL_TRY(check_openable(slot, session->now_s, err));
    const struct bl_slot_kind *kind = bl_slot_kind_find(slot->type);
    BL_TRY(kind->open(slot, binding, session, &input_key, err));
    BL_TRY(bl_slot_keys(binding, slot, &input_key, &key, kcv, err));
    if (bl_equal(BL_BYTES_OF(kcv), BL_BYTES_OF(slot->kcv)))
        return bl_slot_decrypt(binding, &key, slot, share_out, err);
    if (kind->explain != NULL)
        BL_TRY(kind->explain(slot, session, err));
    return bulla_fail_cause(err, kind->wrong_key, where, kind->wrong_key_what);
}
