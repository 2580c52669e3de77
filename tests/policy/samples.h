/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/policy/samples.h: policies of format 2 for every kind of evidence.
 */
#ifndef TESTS_POLICY_SAMPLES_H
#define TESTS_POLICY_SAMPLES_H

#include "unit.h"

#include "base/memory.h"
#include "policy/appraisal.h"

#define D1 "1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "2222222222222222222222222222222222222222222222222222222222222222"
#define T1 "2027-06-30T00:00:00Z"
#define HEAD(kinds, subject)  \
    "format: 2\n"             \
    "name: orders\n"          \
    "version: 3\n"            \
    "subject: " subject "\n"  \
    "binding: channel\n"      \
    "not_after: \"" T1 "\"\n" \
    "kinds: [" kinds "]\n"
#define REFERENCE(digest) "{ value: \"" digest "\", from: \"build 7\", until: \"" T1 "\" }"
#define OF_ALL                                                                           \
    "classes: [hardware]\n"                                                              \
    "platforms: [" REFERENCE(D2) ", " REFERENCE(D1) "]\n"                                \
                                                    "revoked_platforms: [{ value: \"" D1 \
                                                    "\", from: \"stolen\" }]\n"          \
                                                    "exceptions: []\n"                   \
                                                    "unchecked: [crl, pck_crl]\n"
#define OF_INTEL                                    \
    "tcb_statuses: [UpToDate, SWHardeningNeeded]\n" \
    "tcb_evaluation: 17\n"                          \
    "tcb_date: \"2025-01-01T00:00:00Z\"\n"          \
    "denied_advisories: [INTEL-SA-00999]\n"         \
    "accepted_advisories: [INTEL-SA-00615, INTEL-SA-00334]\n"
#define OF_AMD                                                                       \
    "firmware: [{ generation: turin, bootloader: 1, tee: 2, snp: 3, microcode: 81, " \
    "fmc: 1, from: AMD-SB-3019 }, { generation: genoa, bootloader: 10, tee: 0, "     \
    "snp: 25, microcode: 84, from: AMD-SB-3019 }]\n"                                 \
    "guest_policy_required: [single_socket]\n"                                       \
    "guest_policy_permitted: [bit40, smt]\n"                                         \
    "platform_info_required: [alias_check_complete]\n"                               \
    "platform_info_permitted: [ecc_en, smt_en]\n"                                    \
    "vmpls: [\"0\"]\n"
#define OF_TD                                     \
    "td_attributes_required: [sept_ve_disable]\n" \
    "td_attributes_permitted: []\n"
#define OF_SGX                               \
    "sgx_attributes_required: [mode64bit]\n" \
    "sgx_attributes_permitted: []\n"
#define MIGRATABLE "migratable: false\n"
#define PCRS                                               \
    "platform_pcrs: [{ bank: sha256, pcr: 7, value: \"" D1 \
    "\", from: \"golden machine\", until: \"" T1 "\" }]\n"
#define REGISTERS                                                                            \
    "registers: [{ bank: sha256, pcr: 2, value: \"" D2 "\", from: \"build 7\", until: \"" T1 \
    "\" }]\n"
#define EVENTS                                                                                    \
    "required_events: [{ bank: sha256, pcr: 4, type: EV_EFI_ACTION, from: firmware, until: \"" T1 \
    "\" }]\n"                                                                                     \
    "forbidden_events: [{ bank: sha256, pcr: 4, digest: \"" D2 "\", from: \"revoked shim\" }]\n"
#define OF_ENCLAVE                                  \
    "isolation: [hardware]\n"                       \
    "signers: { absent: \"nobody signs these\" }\n" \
    "products: { absent: \"no such thing\" }\n"     \
    "minimum_version: 4\n"                          \
    "codes: [" REFERENCE(D1) "]\n"                  \
                             "configs: { any: \"the owner sets it\" }\n"

static const char every_kind[] =
    HEAD("sgx, tdx, snp, tpm, nitro, nitrotpm, azure-snp, azure-tdx, cca, psa, nvidia, optee",
         "enclave") OF_ALL OF_INTEL OF_AMD OF_TD OF_SGX MIGRATABLE PCRS REGISTERS EVENTS OF_ENCLAVE;
static const char sgx[] = HEAD("sgx", "enclave") OF_ALL OF_INTEL OF_SGX OF_ENCLAVE;
static const char tdx[] =
    HEAD("tdx", "enclave") OF_ALL OF_INTEL OF_TD MIGRATABLE REGISTERS OF_ENCLAVE;
static const char snp[] = HEAD("snp", "enclave") OF_ALL OF_AMD MIGRATABLE OF_ENCLAVE;
static const char machine[] = HEAD("tpm", "machine") OF_ALL PCRS EVENTS;
static const char nitro[] = HEAD("nitro", "enclave") OF_ALL REGISTERS OF_ENCLAVE;
static const char nitrotpm[] = HEAD("nitrotpm", "machine") OF_ALL PCRS;
static const char azure_snp[] =
    HEAD("azure-snp", "enclave") OF_ALL OF_AMD MIGRATABLE PCRS EVENTS OF_ENCLAVE;
static const char azure_tdx[] =
    HEAD("azure-tdx", "enclave") OF_ALL OF_INTEL OF_TD MIGRATABLE PCRS EVENTS OF_ENCLAVE;
static const char nvidia[] = HEAD("nvidia", "machine") OF_ALL;

/* What need not be said, said. */
#define GRACE "collateral_grace: 3\n"
#define MODULES                                             \
    "tdx_modules: [{ version: 3, svn: 0, from: the line }," \
    " { version: 1, svn: 5, from: INTEL-SA-01036 }]\n"
#define SERVICES "service_tds: [" REFERENCE(D2) "]\n"
#define MITIGATIONS                \
    "launch_mitigations: [bit0]\n" \
    "current_mitigations: [bit63, bit1]\n"
static const char tdx_more[] = HEAD("tdx", "enclave")
    OF_ALL OF_INTEL OF_TD MIGRATABLE REGISTERS OF_ENCLAVE GRACE MODULES SERVICES;
static const char snp_more[] =
    HEAD("snp", "enclave") OF_ALL OF_AMD MIGRATABLE OF_ENCLAVE GRACE MITIGATIONS;
static const char *const more[] = { tdx_more, snp_more };

static const char *const whole[] = { every_kind, sgx,      tdx,       snp,       machine,
                                     nitro,      nitrotpm, azure_snp, azure_tdx, nvidia };

static inline void
read_policy(const char *yaml, struct bl_appraisal_policy *out)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_appraisal_policy_from_yaml(text_bytes(yaml), out, &err), &err);
}

/* `yaml` with `instead` in the place of the line that starts with `key`. */
static inline const char *
with(const char *yaml, const char *key, const char *instead)
{
    static char changed[8192];
    const char *start = yaml;

    while (strncmp(start, key, strlen(key)) != 0)
        start = strchr(start, '\n') + 1;
    const char *end = strchr(start, '\n') + 1;
    assert_true((size_t)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(start - yaml), yaml,
                                 instead, end) < sizeof changed);
    return changed;
}

#endif
