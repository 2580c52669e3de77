/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/renew.h"

#include <string.h>

#include "base/memory.h"
#include "seal/slot_root.h"

void
bl_renewal_done(struct bl_renewal *renewal)
{
    bulla_buffer_done(&renewal->pcr_values);
}

static void
keep_label(const struct bl_slot_summary *slot, struct bl_renewal *renewal)
{
    size_t size = slot->label.size;

    if (size == 0 || size >= sizeof renewal->label)
        return;
    memcpy(renewal->label, slot->label.data, size);
    renewal->label[size] = 0;
    renewal->request.label = renewal->label;
}

static enum bulla_status
renew_tpm(const struct bl_slot_summary *slot, struct bl_tpm *tpm, struct bl_renewal *renewal,
          struct bulla_error *err)
{
    struct bl_tpm_policy *policy = &renewal->request.tpm_policy;
    struct bl_tpm_name parent;

    BL_TRY(bl_tpm_srk_name(tpm, &parent, err));
    renewal->state = BL_RENEWAL_ELSEWHERE;
    if (!bl_equal((struct bulla_bytes){ parent.bytes, parent.size },
                  (struct bulla_bytes){ slot->srk_name.bytes, slot->srk_name.size }))
        return BULLA_OK;
    renewal->state = slot->authority.size > 0 ? BL_RENEWAL_SIGNED : BL_RENEWAL_NEEDS_INPUT;
    if (slot->with_pin || slot->authority.size > 0)
        return BULLA_OK;
    policy->pcrs = slot->pcrs;
    if (slot->pcrs.mask != 0)
        BL_TRY(bl_tpm_pcr_read(tpm, slot->pcrs, &renewal->pcr_values, err));
    policy->pcr_values = bulla_buffer_bytes(&renewal->pcr_values);
    if (slot->nv_index != 0) {
        BL_TRY(bl_tpm_nv_name(tpm, slot->nv_index, &renewal->nv_name, err));
        policy->nv_index = slot->nv_index;
        policy->nv_name = (struct bulla_bytes){ renewal->nv_name.bytes, renewal->nv_name.size };
        policy->nv_minimum = slot->nv_minimum;
    }
    bool is_current = bl_equal(policy->pcr_values, slot->pcr_values);
    renewal->state = is_current ? BL_RENEWAL_CURRENT : BL_RENEWAL_DUE;
    return BULLA_OK;
}

static enum bulla_status
renew_root(const struct bl_slot_summary *slot, struct bl_sealing_root *root,
           struct bl_renewal *renewal, struct bulla_error *err)
{
    enum bl_root_standing standing = BL_ROOT_ELSEWHERE;

    BL_TRY(bl_root_summary_standing(&slot->root, root, &standing, err));
    renewal->request.root_binding = slot->root.binding;
    switch (standing) {
    case BL_ROOT_CURRENT:
        renewal->state = BL_RENEWAL_CURRENT;
        return BULLA_OK;
    case BL_ROOT_CHANGED:
        renewal->state = BL_RENEWAL_DUE;
        return BULLA_OK;
    case BL_ROOT_NEWER:
        renewal->state = BL_RENEWAL_AHEAD;
        return BULLA_OK;
    case BL_ROOT_ELSEWHERE:
        break;
    }
    renewal->state = BL_RENEWAL_ELSEWHERE;
    return BULLA_OK;
}

enum bulla_status
bl_slot_renewal(const struct bl_slot_summary *slot, const struct bl_opener *opener,
                struct bl_renewal *renewal_out, struct bulla_error *err)
{
    renewal_out->state = BL_RENEWAL_ELSEWHERE;
    renewal_out->request =
        (struct bl_slot_request){ .type = slot->type, .is_recovery = slot->is_recovery };
    keep_label(slot, renewal_out);
    if (slot->type == BL_SLOT_TPM2 && opener->tpm != NULL)
        return renew_tpm(slot, opener->tpm, renewal_out, err);
    if (slot->root.kind != BL_ROOT_NONE && opener->root != NULL)
        return renew_root(slot, opener->root, renewal_out, err);
    return BULLA_OK;
}
