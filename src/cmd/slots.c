/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/slots.c: see slots.h.
 */
#include "cmd/slots.h"

#include <inttypes.h>

#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "keys/identity.h"

const char *
bl_slot_type_word(enum bl_slot_type type)
{
    switch (type) {
    case BL_SLOT_TPM2:
        return "tpm";
    case BL_SLOT_SGX:
        return "sgx";
    case BL_SLOT_SNP:
        return "snp";
    case BL_SLOT_TDX:
        return "tdx";
    case BL_SLOT_HPKE:
        return "recipient";
    case BL_SLOT_PASSPHRASE:
        return "passphrase";
    case BL_SLOT_BROKER:
        return "broker";
    case BL_SLOT_OPTEE:
        return "optee";
    }
    return "unknown";
}

const char *
bl_outlook_word(enum bl_slot_outlook outlook)
{
    switch (outlook) {
    case BL_OUTLOOK_OPENS:
        return "opens";
    case BL_OUTLOOK_NEEDS_INPUT:
        return "needs-input";
    case BL_OUTLOOK_REFUSES:
        return "refuses";
    }
    return "refuses";
}

struct bulla_bytes
bl_slot_pcr_value(const struct bl_slot_summary *slot, size_t i)
{
    size_t size = bl_hash_size(slot->pcrs.bank);

    if ((i + 1) * size > slot->pcr_values.size)
        return (struct bulla_bytes){ 0 };
    return (struct bulla_bytes){ slot->pcr_values.data + i * size, size };
}

static void
print_pcrs(struct bl_page *page, const struct bl_slot_summary *slot)
{
    const char *separator = " ";

    bl_page_print(page, ", PCR");
    for (unsigned pcr = 0; pcr < BL_TPM_PCR_COUNT; pcr++) {
        if ((slot->pcrs.mask >> pcr & 1) == 0)
            continue;
        bl_page_print(page, "%s%u", separator, pcr);
        separator = ",";
    }
}

/* SHA-256 of the SubjectPublicKeyInfo, as other tools show keys. */
static struct bulla_bytes
authority_id(const struct bl_slot_summary *slot, uint8_t id[32])
{
    if (bl_hash_once(BL_SHA256, slot->authority, id, NULL) != BULLA_OK)
        return (struct bulla_bytes){ NULL, 0 };
    return (struct bulla_bytes){ id, 32 };
}

static void
print_tpm(struct bl_page *page, const struct bl_slot_summary *slot)
{
    char shown[BL_SHOWN_SIZE];
    uint8_t id[32];

    bl_page_print(
        page, ", storage key %s",
        bl_show_hex((struct bulla_bytes){ slot->srk_name.bytes, slot->srk_name.size }, shown));
    if (slot->is_imported)
        bl_page_print(page, " (sealed elsewhere)");
    if (slot->pcrs.mask != 0)
        print_pcrs(page, slot);
    else if (slot->authority.size == 0)
        bl_page_print(page, ", in whatever state");
    if (slot->authority.size > 0)
        bl_page_print(page, ", states signed by %s, policy %s",
                      bl_show_hex(authority_id(slot, id), shown),
                      slot->signed_policy.size > 0 ? "with it" : "to be given");
    if (slot->nv_index != 0)
        bl_page_print(page, ", version at NV 0x%08" PRIx32 " at least %" PRIu64, slot->nv_index,
                      slot->nv_minimum);
    if (slot->with_pin)
        bl_page_print(page, ", with a PIN");
}

static const struct {
    enum bl_root_bind bit;
    const char *word;
} bindings[] = {
    { BL_ROOT_BIND_CODE, "code" },       { BL_ROOT_BIND_SIGNER, "signer" },
    { BL_ROOT_BIND_VERSION, "version" }, { BL_ROOT_BIND_CONFIG, "config" },
    { BL_ROOT_BIND_STATE, "state" },     { BL_ROOT_BIND_HOST, "host" },
};

/* Components that are zero hold everywhere. */
static void
print_root(struct bl_page *page, const struct bl_root_summary *root)
{
    const char *separator = ", bound to ";

    for (size_t i = 0; i < BL_COUNT_OF(bindings); i++) {
        if ((root->binding.bits & bindings[i].bit) == 0)
            continue;
        bl_page_print(page, "%s%s", separator, bindings[i].word);
        separator = ", ";
    }
    if (root->binding.allow_vlek)
        bl_page_print(page, "%sthe provider", separator);
    separator = "; at least ";
    for (size_t i = 0; i < root->version.count; i++) {
        const struct bl_root_component *component = &root->version.components[i];
        if (component->value == 0)
            continue;
        bl_page_print(page, "%s%s %" PRIu64, separator, component->name, component->value);
        separator = ", ";
    }
}

void
bl_slot_print(struct bl_page *page, const struct bl_slot_summary *slot)
{
    char shown[BL_SHOWN_SIZE];

    bl_page_print(page, "slot %s: %s", bl_show_hex(BL_BYTES_OF(slot->id), shown),
                  bl_slot_type_word(slot->type));
    if (slot->label.size > 0)
        bl_page_print(page, " \"%s\"", bl_show_text(slot->label, shown));
    if (slot->is_recovery)
        bl_page_print(page, " (recovery)");
    if (slot->type == BL_SLOT_TPM2)
        print_tpm(page, slot);
    else if (slot->root.kind != BL_ROOT_NONE)
        print_root(page, &slot->root);
    else if (slot->type == BL_SLOT_HPKE)
        bl_page_print(page, ", %s %s", bl_recipient_kind_word(slot->recipient_kind),
                      bl_show_hex(BL_BYTES_OF(slot->recipient_id), shown));
    else if (slot->type == BL_SLOT_PASSPHRASE)
        bl_page_print(page, ", scrypt N = 2^%u", slot->scrypt_log_n);
    if (slot->not_after_s != 0)
        bl_page_print(page, ", until %s", bl_show_time(slot->not_after_s, shown));
}

void
bl_describe_pcrs(struct bl_result *result, const char *name, uint32_t mask)
{
    bl_result_open_array(result, name);
    for (unsigned pcr = 0; pcr < BL_TPM_PCR_COUNT; pcr++) {
        if ((mask >> pcr & 1) != 0)
            bl_result_number(result, NULL, pcr);
    }
    bl_result_close(result);
}

static void
describe_tpm(struct bl_result *result, const struct bl_slot_summary *slot)
{
    size_t i = 0;

    bl_result_hex(result, "storage_key",
                  (struct bulla_bytes){ slot->srk_name.bytes, slot->srk_name.size });
    bl_result_open_array(result, "pcrs");
    for (unsigned pcr = 0; pcr < BL_TPM_PCR_COUNT; pcr++) {
        if ((slot->pcrs.mask >> pcr & 1) == 0)
            continue;
        bl_result_open_object(result, NULL);
        bl_result_number(result, "pcr", pcr);
        bl_result_hex(result, "value", bl_slot_pcr_value(slot, i++));
        bl_result_close(result);
    }
    bl_result_close(result);
    if (slot->nv_index != 0) {
        bl_result_number(result, "version_index", slot->nv_index);
        bl_result_number(result, "version_minimum", slot->nv_minimum);
    }
    bl_result_flag(result, "pin", slot->with_pin);
    bl_result_flag(result, "sealed_elsewhere", slot->is_imported);
    if (slot->authority.size > 0) {
        uint8_t id[32];
        bl_result_hex(result, "authority", authority_id(slot, id));
        bl_result_hex(result, "policy_ref", BL_BYTES_OF(slot->policy_ref));
        bl_result_flag(result, "with_policy", slot->signed_policy.size > 0);
    }
}

static void
describe_root(struct bl_result *result, const struct bl_root_summary *root)
{
    bl_result_open_array(result, "bound_to");
    for (size_t i = 0; i < BL_COUNT_OF(bindings); i++) {
        if ((root->binding.bits & bindings[i].bit) != 0)
            bl_result_word(result, NULL, bindings[i].word);
    }
    bl_result_close(result);
    bl_result_flag(result, "provider_key", root->binding.allow_vlek);
    bl_result_open_object(result, "versions");
    for (size_t i = 0; i < root->version.count; i++)
        bl_result_number(result, root->version.components[i].name,
                         root->version.components[i].value);
    bl_result_close(result);
    bl_result_open_object(result, "expected");
    for (size_t i = 0; i < root->expected.count; i++) {
        const struct bl_root_field *field = &root->expected.fields[i];
        bl_result_hex(result, field->name, (struct bulla_bytes){ field->bytes, field->size });
    }
    bl_result_close(result);
}

void
bl_slot_describe(struct bl_result *result, const struct bl_slot_summary *slot)
{
    bl_result_hex(result, "id", BL_BYTES_OF(slot->id));
    bl_result_word(result, "type", bl_slot_type_word(slot->type));
    bl_result_number(result, "type_number", slot->type);
    if (slot->label.size > 0)
        bl_result_text(result, "label", slot->label);
    else
        bl_result_null(result, "label");
    bl_result_flag(result, "recovery", slot->is_recovery);
    if (slot->not_after_s != 0)
        bl_result_time(result, "not_after", slot->not_after_s);
    else
        bl_result_null(result, "not_after");
    if (slot->type == BL_SLOT_TPM2) {
        describe_tpm(result, slot);
    } else if (slot->root.kind != BL_ROOT_NONE) {
        describe_root(result, &slot->root);
    } else if (slot->type == BL_SLOT_HPKE) {
        bl_result_word(result, "recipient_kind", bl_recipient_kind_word(slot->recipient_kind));
        bl_result_hex(result, "recipient_id", BL_BYTES_OF(slot->recipient_id));
    } else if (slot->type == BL_SLOT_PASSPHRASE) {
        bl_result_number(result, "scrypt_log_n", slot->scrypt_log_n);
    }
}
