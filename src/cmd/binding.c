/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/binding.c: see binding.h.
 */
#include "cmd/binding.h"

#include <string.h>

#include "cmd/report.h"

#define SECURE_BOOT_PCR 7
#define PCR_LIST_HELP "a PCR is a number from 0 to 23, and several are written as in 7,11"

const char *const bl_binding_words[] = { "host",   "state",   "pcr:7",  "signed:", "code",
                                         "signer", "version", "config", NULL };

static enum bulla_status
fail_word(struct bulla_error *err, const char *word, const char *what)
{
    bl_report_object_word(word);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "binding", what);
}

enum bulla_status
bl_binding_pcr_list(const char *word, const char *list, uint32_t *mask, struct bulla_error *err)
{
    do {
        unsigned pcr = 0;
        size_t digits = strspn(list, "0123456789");

        if (digits == 0 || digits > 2)
            return fail_word(err, word, PCR_LIST_HELP);
        for (size_t i = 0; i < digits; i++)
            pcr = pcr * 10 + (unsigned)(list[i] - '0');
        if (pcr >= BL_TPM_PCR_COUNT)
            return fail_word(err, word, PCR_LIST_HELP);
        *mask |= (uint32_t)1 << pcr;
        list += digits;
    } while ((*list == ',' || *list == '+') && *++list != '\0');
    if (*list != '\0' || list[-1] == ',' || list[-1] == '+')
        return fail_word(err, word, PCR_LIST_HELP);
    return BULLA_OK;
}

static const struct {
    const char *word;
    enum bl_root_bind bit;
} words[] = {
    { "host", BL_ROOT_BIND_HOST },       { "state", BL_ROOT_BIND_STATE },
    { "code", BL_ROOT_BIND_CODE },       { "signer", BL_ROOT_BIND_SIGNER },
    { "version", BL_ROOT_BIND_VERSION }, { "config", BL_ROOT_BIND_CONFIG },
};
#define ENCLAVE_BITS \
    (BL_ROOT_BIND_CODE | BL_ROOT_BIND_SIGNER | BL_ROOT_BIND_VERSION | BL_ROOT_BIND_CONFIG)

static enum bulla_status
parse_word(const char *word, struct bl_seal_binding *binding, struct bulla_error *err)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(word, words[i].word) == 0) {
            binding->bits |= words[i].bit;
            return BULLA_OK;
        }
    }
    if (strncmp(word, "pcr:", 4) == 0)
        return bl_binding_pcr_list(word, word + 4, &binding->pcr_mask, err);
    if (strncmp(word, "signed:", 7) == 0) {
        if (binding->authority_path != NULL || word[7] == 0)
            return fail_word(err, word, "one public key says who signs, as in signed:boot.pub");
        binding->authority_path = word + 7;
        return BULLA_OK;
    }
    return fail_word(err, word,
                     "it is none of host, state, pcr:LIST, signed:FILE, code, signer, version, "
                     "config");
}

enum bulla_status
bl_binding_for_tpm(struct bl_seal_binding *binding, struct bulla_error *err)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((binding->bits & ENCLAVE_BITS & words[i].bit) == 0)
            continue;
        bl_report_object_word(words[i].word);
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, "binding",
                                "it is a property of an enclave, and this process is in none");
    }
    if ((binding->bits & BL_ROOT_BIND_STATE) != 0)
        binding->pcr_mask |= (uint32_t)1 << SECURE_BOOT_PCR;
    return BULLA_OK;
}

enum bulla_status
bl_binding_parse(const struct bl_arguments *arguments, struct bl_seal_binding *binding_out,
                 struct bulla_error *err)
{
    struct bl_seal_binding binding = { 0 };
    const char *word;

    for (size_t i = 0; (word = bl_argument_at(arguments, "bind", i)) != NULL; i++)
        BL_TRY(parse_word(word, &binding, err));
    *binding_out = binding;
    return BULLA_OK;
}

enum bulla_status
bl_binding_check_measured(const struct bl_local_tpm *local, struct bulla_error *err)
{
    if (local->place == BL_TPM_EMBEDDED) {
        bl_report_next("use a machine whose TPM measures its boot (--device), or bind to less: "
                       "--bind host, --class software");
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, "embedded TPM",
                                "nothing measures the machine into its PCRs, so binding to "
                                "them would protect nothing");
    }
    return BULLA_OK;
}

enum bulla_status
bl_binding_read_pcrs(const struct bl_local_tpm *local, struct bl_pcr_selection pcrs,
                     struct bulla_buffer *values_out, struct bulla_error *err)
{
    BL_TRY(bl_binding_check_measured(local, err));
    if (local->tpm == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, "binding",
                                "the PCRs of a TPM elsewhere cannot be read; have them signed");
    return bl_tpm_pcr_read(local->tpm, pcrs, values_out, err);
}

enum bulla_status
bl_binding_policy(const struct bl_seal_binding *binding, const struct bl_local_tpm *local,
                  struct bulla_buffer *values, struct bl_tpm_policy *policy_out,
                  struct bulla_error *err)
{
    struct bl_tpm_policy policy = { .pcrs = { .bank = BL_SHA256, .mask = binding->pcr_mask } };

    if (policy.pcrs.mask != 0) {
        BL_TRY(bl_binding_read_pcrs(local, policy.pcrs, values, err));
        policy.pcr_values = bulla_buffer_bytes(values);
    }
    *policy_out = policy;
    return BULLA_OK;
}
