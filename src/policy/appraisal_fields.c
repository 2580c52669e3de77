/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/appraisal_fields.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

#define KIND(name) ((uint64_t)1 << BL_KIND_##name)
#define OF_INTEL (KIND(SGX) | KIND(TDX) | KIND(AZURE_TDX))
#define OF_AMD (KIND(SNP) | KIND(AZURE_SNP))
#define OF_TD (KIND(TDX) | KIND(AZURE_TDX))
#define OF_TPM (KIND(TPM) | KIND(NITROTPM) | KIND(AZURE_SNP) | KIND(AZURE_TDX))
#define WITH_COLLATERAL (OF_INTEL | OF_AMD | KIND(TPM))
#define WITH_LOG (KIND(TPM) | KIND(TDX) | KIND(AZURE_SNP) | KIND(AZURE_TDX))
#define WITH_REGISTERS (KIND(TDX) | KIND(NITRO) | KIND(CCA))

#define REFERENCES (BL_ITEM_DIGEST | BL_ITEM_SOURCE | BL_ITEM_UNTIL)

/* -- words of bits ------------------------------------------------------------------------------ */

static const char *
class_word(unsigned bit)
{
    return bit >= BL_CLASS_SOFTWARE && bit <= BL_CLASS_HARDWARE
               ? bl_platform_class_word((enum bl_platform_class)bit)
               : NULL;
}

static const char *
isolation_word(unsigned bit)
{
    return bit >= BL_ISOLATION_NONE && bit <= BL_ISOLATION_HARDWARE
               ? bl_isolation_word((enum bl_isolation)bit)
               : NULL;
}

/* Not Revoked: nobody may accept that. */
static const char *
status_word(unsigned bit)
{
    return bit > BL_TCB_ABSENT && bit < BL_TCB_REVOKED ? bl_tcb_status_word((enum bl_tcb_status)bit)
                                                       : NULL;
}

static const char *
vmpl_word(unsigned bit)
{
    static const char *const words[] = { "0", "1", "2", "3" };

    return bit < BL_COUNT_OF(words) ? words[bit] : NULL;
}

struct flag {
    unsigned bit;
    const char *word;
};

/* "" for a bit that has no name but is judged. */
static const char *
flag_word(const struct flag *flags, size_t count, uint64_t judged, unsigned bit)
{
    if (bit >= 64 || (judged >> bit & 1u) == 0)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (flags[i].bit == bit)
            return flags[i].word;
    return "";
}

static const char *
guest_policy_word(unsigned bit)
{
    static const struct flag flags[] = { { 16, "smt" },
                                         { 20, "single_socket" },
                                         { 21, "cxl_allow" },
                                         { 22, "mem_aes_256_xts" },
                                         { 23, "rapl_dis" },
                                         { 24, "ciphertext_hiding" },
                                         { 25, "page_swap_disable" } };

    return flag_word(flags, BL_COUNT_OF(flags), BL_GUEST_POLICY_JUDGED, bit);
}

static const char *
platform_info_word(unsigned bit)
{
    static const struct flag flags[] = { { 0, "smt_en" },
                                         { 1, "tsme_en" },
                                         { 2, "ecc_en" },
                                         { 3, "rapl_dis" },
                                         { 4, "ciphertext_hiding_en" },
                                         { 5, "alias_check_complete" },
                                         { 7, "tio_en" } };

    return flag_word(flags, BL_COUNT_OF(flags), BL_PLATFORM_INFO_JUDGED, bit);
}

static const char *
td_attribute_word(unsigned bit)
{
    static const struct flag flags[] = { { 27, "lass" }, { 28, "sept_ve_disable" },
                                         { 30, "pks" },  { 31, "kl" },
                                         { 62, "tpa" },  { 63, "perfmon" } };

    return flag_word(flags, BL_COUNT_OF(flags), BL_TD_ATTRIBUTES_JUDGED, bit);
}

/* AMD gives them numbers alone (SEV-SNP Firmware ABI, MIT_VECTOR). */
static const char *
mitigation_word(unsigned bit)
{
    return flag_word(NULL, 0, UINT64_MAX, bit);
}

static const char *
sgx_attribute_word(unsigned bit)
{
    static const struct flag flags[] = {
        { 2, "mode64bit" }, { 4, "provision_key" }, { 5, "einittoken_key" },
        { 6, "cet" },       { 7, "kss" },           { 10, "aex_notify" }
    };

    return flag_word(flags, BL_COUNT_OF(flags), BL_SGX_ATTRIBUTES_JUDGED, bit);
}

const char *
bl_field_bit_word(const struct bl_policy_field *field, unsigned bit, char out[BL_BIT_WORD_SIZE])
{
    const char *word = bit < 64 ? field->word(bit) : NULL;

    if (word == NULL)
        return NULL;
    if (word[0] == '\0')
        (void)snprintf(out, BL_BIT_WORD_SIZE, "bit%u", bit);
    else
        (void)snprintf(out, BL_BIT_WORD_SIZE, "%s", word);
    return out;
}

bool
bl_field_bit_find(const struct bl_policy_field *field, struct bulla_bytes word, unsigned *bit_out)
{
    char name[BL_BIT_WORD_SIZE];

    for (unsigned bit = 0; bit < 64; bit++) {
        if (bl_field_bit_word(field, bit, name) == NULL || strlen(name) != word.size ||
            memcmp(name, word.data, word.size) != 0)
            continue;
        *bit_out = bit;
        return true;
    }
    return false;
}

/* -- the table ---------------------------------------------------------------------------------- */

#define AT(member) .offset = offsetof(struct bl_appraisal_policy, member)
#define EVERY BL_KINDS_ALL

const struct bl_policy_field bl_policy_fields[] = {
    { .key = 8,
      .name = "classes",
      .type = BL_FIELD_WORDS,
      AT(classes),
      .accepts_more = true,
      .kinds = EVERY,
      .word = class_word,
      .help = "what may stand behind the keys: software, hypervisor, hardware" },
    { .key = 9,
      .name = "platforms",
      .type = BL_FIELD_LIST,
      AT(platforms),
      .members = REFERENCES,
      .waivers = BL_MAY_BE_ANY | BL_MAY_BE_ABSENT,
      .accepts_more = true,
      .kinds = EVERY,
      .help = "machines that may run it, by id (bulla verify shows it as platform-id)" },
    { .key = 10,
      .name = "revoked_platforms",
      .type = BL_FIELD_LIST,
      AT(revoked_platforms),
      .members = BL_ITEM_DIGEST | BL_ITEM_SOURCE,
      .kinds = EVERY,
      .help = "machines that may not, whatever the list above says" },
    { .key = 11,
      .name = "exceptions",
      .type = BL_FIELD_LIST,
      AT(exceptions),
      .members = BL_ITEM_CHECK | BL_ITEM_TEXT | BL_ITEM_PLATFORM | BL_ITEM_SOURCE | BL_ITEM_UNTIL,
      .accepts_more = true,
      .kinds = EVERY,
      .help = "what is accepted for a while although a rule refuses it" },
    { .key = 12,
      .name = "unchecked",
      .type = BL_FIELD_LIST,
      AT(unchecked),
      .members = BL_ITEM_TEXT,
      .accepts_more = true,
      .kinds = EVERY,
      .help = "endorsements that may be missing, as pck_crl, crl" },
    { .key = 13,
      .name = "tcb_statuses",
      .type = BL_FIELD_WORDS,
      AT(tcb_statuses),
      .accepts_more = true,
      .kinds = OF_INTEL,
      .word = status_word,
      .help = "ratings of the platform by Intel that are accepted" },
    { .key = 14,
      .name = "tcb_evaluation",
      .type = BL_FIELD_FLOOR,
      AT(tcb_evaluation),
      .waivers = BL_MAY_BE_ANY,
      .kinds = OF_INTEL,
      .help = "least tcbEvaluationDataNumber of the TCB info: keep the highest seen" },
    { .key = 15,
      .name = "tcb_date",
      .type = BL_FIELD_TIME,
      AT(tcb_date),
      .waivers = BL_MAY_BE_ANY,
      .kinds = OF_INTEL,
      .help = "earliest date of the TCB level that the platform is at" },
    { .key = 16,
      .name = "denied_advisories",
      .type = BL_FIELD_LIST,
      AT(denied_advisories),
      .members = BL_ITEM_TEXT,
      .kinds = OF_INTEL,
      .help = "advisories that refuse, whatever the status" },
    { .key = 17,
      .name = "accepted_advisories",
      .type = BL_FIELD_LIST,
      AT(accepted_advisories),
      .members = BL_ITEM_TEXT,
      .waivers = BL_MAY_BE_ANY,
      .accepts_more = true,
      .kinds = OF_INTEL,
      .help = "advisories that a status other than UpToDate may come with" },
    { .key = 18,
      .name = "firmware",
      .type = BL_FIELD_LIST,
      AT(firmware),
      .members = BL_ITEM_GENERATION | BL_ITEM_SOURCE,
      .accepts_more = true,
      .kinds = OF_AMD,
      .help = "least security versions by generation; one that is not here is refused" },
    { .key = 19,
      .name = "guest_policy_required",
      .type = BL_FIELD_WORDS,
      AT(guest_policy_required),
      .kinds = OF_AMD,
      .word = guest_policy_word,
      .help = "flags of the guest policy that must be set" },
    { .key = 20,
      .name = "guest_policy_permitted",
      .type = BL_FIELD_WORDS,
      AT(guest_policy_permitted),
      .accepts_more = true,
      .kinds = OF_AMD,
      .word = guest_policy_word,
      .help = "flags that may be set; any other that is set refuses" },
    { .key = 21,
      .name = "platform_info_required",
      .type = BL_FIELD_WORDS,
      AT(platform_info_required),
      .kinds = OF_AMD,
      .word = platform_info_word,
      .help = "flags of the platform that must be set" },
    { .key = 22,
      .name = "platform_info_permitted",
      .type = BL_FIELD_WORDS,
      AT(platform_info_permitted),
      .accepts_more = true,
      .kinds = OF_AMD,
      .word = platform_info_word,
      .help = "flags that may be set; without smt_en SMT must be off" },
    { .key = 23,
      .name = "vmpls",
      .type = BL_FIELD_WORDS,
      AT(vmpls),
      .accepts_more = true,
      .kinds = OF_AMD,
      .word = vmpl_word,
      .help = "privilege levels that may ask for reports" },
    { .key = 24,
      .name = "td_attributes_required",
      .type = BL_FIELD_WORDS,
      AT(td_attributes_required),
      .kinds = OF_TD,
      .word = td_attribute_word,
      .help = "attributes of the TD that must be set" },
    { .key = 25,
      .name = "td_attributes_permitted",
      .type = BL_FIELD_WORDS,
      AT(td_attributes_permitted),
      .accepts_more = true,
      .kinds = OF_TD,
      .word = td_attribute_word,
      .help = "attributes that may be set; any other that is set refuses" },
    { .key = 26,
      .name = "sgx_attributes_required",
      .type = BL_FIELD_WORDS,
      AT(sgx_attributes_required),
      .kinds = KIND(SGX),
      .word = sgx_attribute_word,
      .help = "attributes of the enclave that must be set" },
    { .key = 27,
      .name = "sgx_attributes_permitted",
      .type = BL_FIELD_WORDS,
      AT(sgx_attributes_permitted),
      .accepts_more = true,
      .kinds = KIND(SGX),
      .word = sgx_attribute_word,
      .help = "attributes that may be set; any other that is set refuses" },
    { .key = 28,
      .name = "migratable",
      .type = BL_FIELD_FLAG,
      AT(migratable),
      .accepts_more = true,
      .kinds = OF_AMD | OF_TD,
      .help = "may its state be taken along to another machine?" },
    { .key = 29,
      .name = "platform_pcrs",
      .type = BL_FIELD_LIST,
      AT(platform_pcrs),
      .members = BL_ITEM_PCR | REFERENCES,
      .waivers = BL_MAY_BE_ANY,
      .kinds = OF_TPM,
      .help = "values of the TPM's PCRs: each PCR that is named must have one of its values" },
    { .key = 30,
      .name = "registers",
      .type = BL_FIELD_LIST,
      AT(registers),
      .members = BL_ITEM_PCR | REFERENCES,
      .waivers = BL_MAY_BE_ANY,
      .kinds = WITH_REGISTERS,
      .help = "the same of its own registers: RTMR 0 to 3, PCRs of an enclave, REM 0 to 3" },
    { .key = 31,
      .name = "required_events",
      .type = BL_FIELD_LIST,
      AT(required_events),
      .members = BL_ITEM_PCR | BL_ITEM_EVENT | BL_ITEM_SOURCE | BL_ITEM_UNTIL,
      .kinds = WITH_LOG,
      .optional_for = KIND(TDX),
      .help = "events that the log must have, in PCRs that are quoted, or in RTMRs" },
    { .key = 32,
      .name = "forbidden_events",
      .type = BL_FIELD_LIST,
      AT(forbidden_events),
      .members = BL_ITEM_PCR | BL_ITEM_EVENT | BL_ITEM_SOURCE,
      .kinds = WITH_LOG,
      .optional_for = KIND(TDX),
      .help = "events that it must not have" },
    { .key = 33,
      .name = "isolation",
      .type = BL_FIELD_WORDS,
      AT(isolations),
      .accepts_more = true,
      .kinds = EVERY,
      .of_enclave = true,
      .word = isolation_word,
      .help = "what must keep the enclave from its host: none, os, vm, hardware" },
    { .key = 34,
      .name = "signers",
      .type = BL_FIELD_LIST,
      AT(signers),
      .members = REFERENCES,
      .waivers = BL_MAY_BE_ANY | BL_MAY_BE_ABSENT,
      .accepts_more = true,
      .kinds = EVERY,
      .of_enclave = true,
      .help = "who signed it" },
    { .key = 35,
      .name = "products",
      .type = BL_FIELD_LIST,
      AT(products),
      .members = BL_ITEM_TEXT,
      .waivers = BL_MAY_BE_ANY | BL_MAY_BE_ABSENT,
      .accepts_more = true,
      .kinds = EVERY,
      .of_enclave = true,
      .help = "which of the signer's products" },
    { .key = 36,
      .name = "minimum_version",
      .type = BL_FIELD_FLOOR,
      AT(minimum_version),
      .waivers = BL_MAY_BE_ANY | BL_MAY_BE_ABSENT,
      .kinds = EVERY,
      .of_enclave = true,
      .help = "least version" },
    { .key = 37,
      .name = "codes",
      .type = BL_FIELD_LIST,
      AT(codes),
      .members = REFERENCES,
      .waivers = BL_MAY_BE_ANY,
      .accepts_more = true,
      .kinds = EVERY,
      .of_enclave = true,
      .help = "measurements of the code" },
    { .key = 38,
      .name = "configs",
      .type = BL_FIELD_LIST,
      AT(configs),
      .members = REFERENCES,
      .waivers = BL_MAY_BE_ANY | BL_MAY_BE_ABSENT,
      .accepts_more = true,
      .kinds = EVERY,
      .of_enclave = true,
      .help = "its configuration" },
    { .key = 39,
      .name = "collateral_grace",
      .type = BL_FIELD_DAYS,
      AT(collateral_grace_days),
      .accepts_more = true,
      .kinds = WITH_COLLATERAL,
      .optional_for = WITH_COLLATERAL,
      .help = "days that collateral may be used past its next update" },
    { .key = 40,
      .name = "tdx_modules",
      .type = BL_FIELD_LIST,
      AT(tdx_modules),
      .members = BL_ITEM_MODULE | BL_ITEM_SOURCE,
      .waivers = BL_MAY_BE_ANY,
      .accepts_more = true,
      .kinds = OF_TD,
      .optional_for = OF_TD,
      .unsaid_is_any = true,
      .help = "least SVN of the TDX module by its line; a line that is not here is refused" },
    { .key = 41,
      .name = "service_tds",
      .type = BL_FIELD_LIST,
      AT(service_tds),
      .members = REFERENCES,
      .accepts_more = true,
      .kinds = OF_TD,
      .optional_for = OF_TD,
      .help = "what MRSERVICETD may be besides zero: these TDs may read its state" },
    { .key = 42,
      .name = "launch_mitigations",
      .type = BL_FIELD_WORDS,
      AT(launch_mitigations),
      .kinds = OF_AMD,
      .optional_for = OF_AMD,
      .word = mitigation_word,
      .help = "flags of mitigations that must have been in force at launch, as bit0" },
    { .key = 43,
      .name = "current_mitigations",
      .type = BL_FIELD_WORDS,
      AT(current_mitigations),
      .kinds = OF_AMD,
      .optional_for = OF_AMD,
      .word = mitigation_word,
      .help = "flags of mitigations that must be in force now" },
};
const size_t bl_policy_field_count = BL_COUNT_OF(bl_policy_fields);

bool
bl_policy_has_field(const struct bl_appraisal_policy *policy, const struct bl_policy_field *field)
{
    return (policy->kinds & field->kinds) != 0 &&
           (!field->of_enclave || policy->subject == BL_SUBJECT_ENCLAVE);
}

bool
bl_policy_must_say(const struct bl_appraisal_policy *policy, const struct bl_policy_field *field)
{
    return (policy->kinds & field->kinds & ~field->optional_for) != 0 &&
           bl_policy_has_field(policy, field);
}

static bool
is_as_unsaid(const struct bl_policy_field *field, const void *value)
{
    const struct bl_policy_list *list = value;

    switch (field->type) {
    case BL_FIELD_WORDS:
    case BL_FIELD_DAYS:
        return *(const uint64_t *)value == 0;
    case BL_FIELD_LIST:
        return field->unsaid_is_any ? list->said == BL_SAID_ANY && list->reason.size == 0
                                    : list->said == BL_SAID_LIST && list->count == 0;
    case BL_FIELD_FLOOR:
    case BL_FIELD_TIME:
    case BL_FIELD_FLAG:
        break;
    }
    return false; /* of these none is optional */
}

bool
bl_policy_says(const struct bl_appraisal_policy *policy, const struct bl_policy_field *field)
{
    return bl_policy_must_say(policy, field) ||
           (bl_policy_has_field(policy, field) && !is_as_unsaid(field, bl_field_in(policy, field)));
}

void
bl_policy_leave_unsaid(struct bl_appraisal_policy *policy, const struct bl_policy_field *field)
{
    struct bl_policy_list *list = bl_field_of(policy, field);

    if (field->unsaid_is_any)
        *list = (struct bl_policy_list){ .said = BL_SAID_ANY };
}

void *
bl_field_of(struct bl_appraisal_policy *policy, const struct bl_policy_field *field)
{
    return (uint8_t *)policy + field->offset;
}

const void *
bl_field_in(const struct bl_appraisal_policy *policy, const struct bl_policy_field *field)
{
    return (const uint8_t *)policy + field->offset;
}

/* -- event types -------------------------------------------------------------------------------- */

/* TCG PC Client Platform Firmware Profile 1.06, table 27. */
static const struct {
    uint32_t type;
    const char *word;
} event_types[] = {
    { 0x00000004, "EV_SEPARATOR" },
    { 0x00000005, "EV_ACTION" },
    { 0x00000006, "EV_EVENT_TAG" },
    { 0x00000007, "EV_S_CRTM_CONTENTS" },
    { 0x00000008, "EV_S_CRTM_VERSION" },
    { 0x0000000a, "EV_PLATFORM_CONFIG_FLAGS" },
    { 0x0000000c, "EV_COMPACT_HASH" },
    { 0x0000000d, "EV_IPL" },
    { 0x00000012, "EV_NONHOST_CONFIG" },
    { 0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG" },
    { 0x80000002, "EV_EFI_VARIABLE_BOOT" },
    { 0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION" },
    { 0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER" },
    { 0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER" },
    { 0x80000006, "EV_EFI_GPT_EVENT" },
    { 0x80000007, "EV_EFI_ACTION" },
    { 0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB" },
    { 0x80000009, "EV_EFI_HANDOFF_TABLES" },
    { 0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2" },
    { 0x8000000b, "EV_EFI_HANDOFF_TABLES2" },
    { 0x8000000c, "EV_EFI_VARIABLE_BOOT2" },
    { 0x8000000d, "EV_EFI_GPT_EVENT2" },
    { 0x80000010, "EV_EFI_HCRTM_EVENT" },
    { 0x800000e0, "EV_EFI_VARIABLE_AUTHORITY" },
    { 0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB" },
    { 0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG" },
};

const char *
bl_event_type_word(uint32_t type)
{
    for (size_t i = 0; i < BL_COUNT_OF(event_types); i++)
        if (event_types[i].type == type)
            return event_types[i].word;
    return NULL;
}

bool
bl_event_type_find(struct bulla_bytes word, uint32_t *type_out)
{
    for (size_t i = 0; i < BL_COUNT_OF(event_types); i++) {
        if (strlen(event_types[i].word) != word.size ||
            memcmp(event_types[i].word, word.data, word.size) != 0)
            continue;
        *type_out = event_types[i].type;
        return true;
    }
    return false;
}
