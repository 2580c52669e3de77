/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/doctor_sgx.c: Intel SGX: the processor, the memory for enclaves, the driver's nodes, and what quotes
 * need; inside an enclave under Gramine, its files.
 *
 * Spec: Intel SDM volume 3D, 36.7.2 (CPUID leaf 12H) and volume 2A, CPUID leaf 07H; Linux,
 * Documentation/arch/x86/sgx.rst.
 */
#include <inttypes.h>

#include "cmd/doctor.h"

#define TOPIC "sgx"
#define GRAMINE_PATH "/dev/attestation/attestation_type"
#define SGX_LEAF 0x12u
#define SECTION_FIRST 2u /* subleaf of the first section of enclave memory */
#define SECTION_COUNT_MAX 16u

static bool
has_sgx(const struct bl_machine *machine)
{
    return (bl_machine_cpuid(machine, 7, 0).ebx >> 2 & 1) != 0;
}

/* Bytes of all sections; the low four bits of EAX are 1 for one that is there. */
static uint64_t
enclave_memory(const struct bl_machine *machine)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < SECTION_COUNT_MAX; i++) {
        const struct bl_cpuid section = bl_machine_cpuid(machine, SGX_LEAF, SECTION_FIRST + i);
        if ((section.eax & 0xf) != 1)
            break;
        sum += (uint64_t)(section.edx & 0xfffff) << 32 | (section.ecx & 0xfffff000u);
    }
    return sum;
}

static void
report_processor(struct bl_findings *findings)
{
    const struct bl_machine *machine = findings->machine;
    const bool has_flc = (bl_machine_cpuid(machine, 7, 0).ecx >> 30 & 1) != 0;
    const bool has_sgx2 = (bl_machine_cpuid(machine, SGX_LEAF, 0).eax >> 1 & 1) != 0;
    const uint64_t size = enclave_memory(machine);

    bl_finding_add(findings, BL_FINDING_OK, TOPIC, "",
                   "the processor has SGX%s; enclave memory: %" PRIu64 " MiB", has_sgx2 ? "2" : "1",
                   size >> 20);
    if (size == 0)
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC,
                       "enable SGX and give it memory (PRMRR) in the firmware's setup",
                       "no memory is set aside for enclaves");
    if (!has_flc)
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC,
                       "enable flexible launch control in the firmware's setup; a processor "
                       "without it cannot make DCAP quotes",
                       "no flexible launch control: Linux starts no enclaves here");
}

static void
report_nodes(struct bl_findings *findings)
{
    if (bl_doctor_device(findings, TOPIC, "/dev/sgx_enclave", "enclaves can be started") ==
        BL_NODE_ABSENT)
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC,
                       "use a kernel from 5.11 on with CONFIG_X86_SGX; in a virtual machine, ask "
                       "its operator for SGX",
                       "/dev/sgx_enclave is not there");
    if (bl_doctor_device(findings, TOPIC, "/dev/sgx_provision", "quotes can be made in process") ==
        BL_NODE_ABSENT)
        bl_finding_add(findings, BL_FINDING_WARN, TOPIC,
                       "use a kernel from 5.11 on, or the quoting service aesmd",
                       "/dev/sgx_provision is not there");
}

static void
report_quoting(struct bl_findings *findings)
{
    const struct bl_machine *machine = findings->machine;

    if (bl_machine_has(machine, "/var/run/aesmd/aesm.socket"))
        bl_finding_add(findings, BL_FINDING_OK, TOPIC, "", "the quoting service aesmd runs");
    else
        bl_finding_add(findings, BL_FINDING_WARN, TOPIC,
                       "install sgx-aesm-service and libsgx-aesm-ecdsa-plugin, and start aesmd",
                       "the quoting service aesmd does not run: enclaves under Gramine get no "
                       "quotes");
    if (!bl_machine_has(machine, "/etc/sgx_default_qcnl.conf"))
        bl_finding_add(findings, BL_FINDING_WARN, TOPIC,
                       "name your PCCS or Intel's service in /etc/sgx_default_qcnl.conf",
                       "no source of PCK certificates is set: quotes may lack theirs");
}

static void
report_threads(struct bl_findings *findings)
{
    char line[BL_MACHINE_TEXT_SIZE];

    if (bl_machine_line(findings->machine, "/sys/devices/system/cpu/smt/active", line) &&
        line[0] == '1')
        bl_finding_add(findings, BL_FINDING_WARN, TOPIC,
                       "switch it off (nosmt), or let a policy accept ConfigurationNeeded",
                       "hyper-threading is on: two threads share a core, and quotes say so");
}

void
bl_doctor_sgx(struct bl_findings *findings)
{
    char line[BL_MACHINE_TEXT_SIZE];

    if (bl_machine_line(findings->machine, GRAMINE_PATH, line)) {
        bool quotes = line[0] == 'd'; /* "dcap" */
        bl_finding_add(findings, quotes ? BL_FINDING_OK : BL_FINDING_FAIL, TOPIC,
                       quotes ? "" : "set sgx.remote_attestation = \"dcap\" in the manifest",
                       quotes ? "an enclave under Gramine; evidence comes through "
                                "/dev/attestation: bulla attest"
                              : "an enclave under Gramine without DCAP attestation");
        return;
    }
    if (!has_sgx(findings->machine)) {
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC,
                       "use a Xeon with SGX and enable it in the firmware's setup; in a virtual "
                       "machine, ask its operator",
                       "this processor, or the hypervisor under it, shows no SGX");
        return;
    }
    report_processor(findings);
    report_nodes(findings);
    report_quoting(findings);
    report_threads(findings);
    bl_doctor_weaknesses(findings, TOPIC);
}

bool
bl_doctor_has_sgx(const struct bl_machine *machine)
{
    return has_sgx(machine) || bl_machine_has(machine, GRAMINE_PATH) ||
           bl_machine_has(machine, "/dev/sgx_enclave");
}
