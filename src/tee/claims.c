/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/claims.h"

#include <string.h>

#include "base/memory.h"
#include "codec/words.h"

static const char *const class_words[] = {
    [BL_CLASS_ABSENT] = "absent",
    [BL_CLASS_SOFTWARE] = "software",
    [BL_CLASS_HYPERVISOR] = "hypervisor",
    [BL_CLASS_HARDWARE] = "hardware",
};
static const char *const binding_words[] = {
    [BL_BINDING_ABSENT] = "absent",
    [BL_BINDING_NONE] = "none",
    [BL_BINDING_KEY] = "key",
    [BL_BINDING_CHANNEL] = "channel",
};

static const char *const tcb_words[] = {
    [BL_TCB_ABSENT] = "absent",
    [BL_TCB_UP_TO_DATE] = "UpToDate",
    [BL_TCB_SW_HARDENING_NEEDED] = "SWHardeningNeeded",
    [BL_TCB_CONFIGURATION_NEEDED] = "ConfigurationNeeded",
    [BL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = "ConfigurationAndSWHardeningNeeded",
    [BL_TCB_TD_RELAUNCH_ADVISED] = "TDRelaunchAdvised",
    [BL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = "TDRelaunchAdvisedConfigurationNeeded",
    [BL_TCB_OUT_OF_DATE] = "OutOfDate",
    [BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = "OutOfDateConfigurationNeeded",
    [BL_TCB_REVOKED] = "Revoked",
};

static const char *const generation_words[] = {
    [BL_SNP_GENERATION_NONE] = "none",
    [BL_SNP_MILAN] = "milan",
    [BL_SNP_GENOA] = "genoa",
    [BL_SNP_TURIN] = "turin",
};
static const char *const svn_words[BL_SVN_COUNT] = {
    [BL_SVN_BOOTLOADER] = "bootloader", [BL_SVN_TEE] = "tee", [BL_SVN_SNP] = "snp",
    [BL_SVN_MICROCODE] = "microcode",   [BL_SVN_FMC] = "fmc",
};
static const char *const unchecked_words[] = { "others",
                                               "crl",
                                               "pck_crl",
                                               "root_ca_crl",
                                               "tcb_info",
                                               "qe_identity",
                                               "unknown members of tcb_info",
                                               "unknown members of qe_identity",
                                               "reference_values",
                                               "what_was_measured",
                                               "news since collateral's next update was due",
                                               "rim",
                                               "ocsp",
                                               "fwid" };

const char *
bl_snp_generation_word(enum bl_snp_generation generation)
{
    return bl_word_of(generation_words, BL_COUNT_OF(generation_words), (int)generation);
}

enum bl_snp_generation
bl_snp_generation_from_word(struct bulla_bytes word)
{
    return (enum bl_snp_generation)bl_word_value(generation_words, BL_COUNT_OF(generation_words),
                                                 word);
}

const char *
bl_svn_word(enum bl_svn component)
{
    return bl_word_of(svn_words, BL_SVN_COUNT, (int)component);
}

size_t
bl_svn_count(enum bl_snp_generation generation)
{
    if (generation == BL_SNP_GENERATION_NONE)
        return 0;
    return generation == BL_SNP_TURIN ? BL_SVN_COUNT : BL_SVN_FMC;
}

const char *
bl_unchecked_word(struct bulla_bytes word)
{
    return bl_word_of(unchecked_words, BL_COUNT_OF(unchecked_words),
                      bl_word_value(unchecked_words, BL_COUNT_OF(unchecked_words), word));
}

const char *
bl_platform_class_word(enum bl_platform_class platform_class)
{
    return bl_word_of(class_words, BL_COUNT_OF(class_words), (int)platform_class);
}

enum bl_platform_class
bl_platform_class_from_word(struct bulla_bytes word)
{
    return (enum bl_platform_class)bl_word_value(class_words, BL_COUNT_OF(class_words), word);
}

const char *
bl_binding_word(enum bl_binding binding)
{
    return bl_word_of(binding_words, BL_COUNT_OF(binding_words), (int)binding);
}

enum bl_binding
bl_binding_from_word(struct bulla_bytes word)
{
    return (enum bl_binding)bl_word_value(binding_words, BL_COUNT_OF(binding_words), word);
}

const char *
bl_tcb_status_word(enum bl_tcb_status status)
{
    return bl_word_of(tcb_words, BL_COUNT_OF(tcb_words), (int)status);
}

enum bl_tcb_status
bl_tcb_status_from_word(struct bulla_bytes word)
{
    return (enum bl_tcb_status)bl_word_value(tcb_words, BL_COUNT_OF(tcb_words), word);
}

static bool
is_printable(struct bulla_bytes word)
{
    for (size_t i = 0; i < word.size; i++)
        if (word.data[i] <= ' ' || word.data[i] > '~')
            return false;
    return word.size > 0;
}

enum bulla_status
bl_tcb_advise(struct bl_tcb_claims *tcb, struct bulla_bytes advisory, struct bulla_error *err)
{
    char word[BL_ADVISORY_SIZE] = { 0 };
    size_t at = 0;

    if (advisory.size >= sizeof word || !is_printable(advisory))
        return bulla_fail(err, BULLA_E_MALFORMED, "advisory", "not a name of one", advisory.size);
    memcpy(word, advisory.data, advisory.size);
    while (at < tcb->advisory_count && strcmp(tcb->advisories[at], word) < 0)
        at++;
    if (at < tcb->advisory_count && strcmp(tcb->advisories[at], word) == 0)
        return BULLA_OK;
    if (tcb->advisory_count == BL_ADVISORY_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "advisory", "too many", tcb->advisory_count);
    memmove(tcb->advisories[at + 1], tcb->advisories[at],
            (tcb->advisory_count - at) * sizeof tcb->advisories[0]);
    memcpy(tcb->advisories[at], word, sizeof word);
    tcb->advisory_count++;
    return BULLA_OK;
}

void
bl_claims_unchecked(struct bl_claims *claims, const char *what)
{
    if (claims->unchecked_count < BL_UNCHECKED_COUNT_MAX)
        claims->unchecked[claims->unchecked_count++] = what;
    else
        claims->unchecked[BL_UNCHECKED_COUNT_MAX - 1] = "others";
}

void
bl_claims_late(struct bl_claims *claims, int64_t late_s)
{
    static const char what[] = "news since collateral's next update was due";
    struct bl_claim_number *most = &claims->late_s;

    if (!most->is_present || most->value < (uint64_t)late_s)
        *most = (struct bl_claim_number){ true, (uint64_t)late_s };
    for (size_t i = 0; i < claims->unchecked_count; i++)
        if (claims->unchecked[i] == what)
            return;
    bl_claims_unchecked(claims, what);
}
