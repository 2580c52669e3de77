/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/demand.h"

#include <string.h>

static const char where[] = "requirement";

/* The version that a slot records under this name; false: it records none. */
static bool
recorded(const struct bl_slot_summary *slot, const char *component, uint64_t *value_out)
{
    const struct bl_root_component *found = bl_root_version_find(&slot->root.version, component);

    if (found != NULL)
        *value_out = found->value;
    else if (slot->nv_index != 0 && strcmp(component, BL_ROOT_VERSION_NAME) == 0)
        *value_out = slot->nv_minimum;
    else
        return false;
    return true;
}

static bool
meets_floor(const struct bl_slot_summary *slot, const struct bl_version_demand *floor,
            uint64_t *found)
{
    uint64_t value = 0;

    if (!recorded(slot, floor->component, &value))
        return false;
    *found = value;
    return value >= floor->minimum;
}

/* A TEE's key comes from the processor. Where a TPM is, the caller knows. */
static bool
is_hardware(const struct bl_slot_summary *slot, const struct bl_opener *opener)
{
    return slot->root.kind != BL_ROOT_NONE ||
           (slot->type == BL_SLOT_TPM2 && opener->tpm_is_hardware);
}

static enum bulla_status
summarize(const struct bl_slot *slot, struct bl_slot_summary *summary, struct bulla_error *err)
{
    const struct bl_slot_kind *kind = bl_slot_kind_find(slot->type);

    *summary = (struct bl_slot_summary){ .type = (enum bl_slot_type)slot->type };
    return kind != NULL ? kind->summarize(slot, summary, err) : BULLA_OK;
}

static enum bulla_status
check_floor(const struct bl_header *header, const struct bl_opened_header *opened,
            const struct bl_version_demand *floor, struct bulla_error *err)
{
    const struct bl_slot_table *table = &header->table;
    enum bl_slot_state lesser[BL_SLOT_COUNT_MAX] = { 0 };
    uint64_t found = 0;

    for (size_t i = 0; i < table->slot_count; i++) {
        struct bl_slot_summary summary;
        if (opened->states[i] != BL_SLOT_OPENED)
            continue;
        BL_TRY(summarize(&table->slots[i], &summary, err));
        if (!meets_floor(&summary, floor, &found))
            lesser[i] = BL_SLOT_OPENED;
    }
    if (!bl_slot_tree_is_satisfied(&table->tree, lesser))
        return BULLA_OK;
    enum bulla_status status =
        bulla_fail_cause(err, BULLA_CAUSE_VERSION_BELOW_FLOOR, where,
                         "what opened it records a lower version than demanded, or none");
    bulla_error_values(err, bulla_value_number(found), bulla_value_number(floor->minimum));
    return status;
}

static enum bulla_status
check_hardware(const struct bl_header *header, const struct bl_opened_header *opened,
               const struct bl_opener *opener, struct bulla_error *err)
{
    const struct bl_slot_table *table = &header->table;
    enum bl_slot_state lesser[BL_SLOT_COUNT_MAX] = { 0 };

    for (size_t i = 0; i < table->slot_count; i++) {
        struct bl_slot_summary summary;
        if (opened->states[i] != BL_SLOT_OPENED)
            continue;
        BL_TRY(summarize(&table->slots[i], &summary, err));
        if (!is_hardware(&summary, opener))
            lesser[i] = BL_SLOT_OPENED;
    }
    if (bl_slot_tree_is_satisfied(&table->tree, lesser))
        return bulla_fail_cause(err, BULLA_CAUSE_TRUST_LABEL_REFUSED, where,
                                "hardware was demanded, and something else opened it");
    return BULLA_OK;
}

enum bulla_status
bl_header_demand(const struct bl_header *header, const struct bl_opened_header *opened,
                 const struct bl_unseal_requirements *requirements, const struct bl_opener *opener,
                 struct bulla_error *err)
{
    for (size_t i = 0; i < requirements->floor_count; i++)
        BL_TRY(check_floor(header, opened, &requirements->floors[i], err));
    return requirements->hardware_only ? check_hardware(header, opened, opener, err) : BULLA_OK;
}
