/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/doctor_guest.c: confidential virtual machines: SEV-SNP, TDX and Arm CCA, as a guest of one and as a
 * host for them.
 *
 * Spec: AMD APM volume 3, appendix E (CPUID 8000001F); Intel TDX module base specification, "CPUID leaf
 * 0x21"; Linux, Documentation/arch/x86/tdx.rst and Documentation/virt/kvm.
 */
#include <string.h>

#include "cmd/doctor.h"

#define TSM_PATH "/sys/kernel/config/tsm/report"
#define SEV_LEAF 0x8000001fu
#define SEV_SNP_BIT 4
#define TDX_LEAF 0x21u

/* How one of them is found. */
struct platform {
    const char *topic, *name;   /* of a person */
    const char *kind;           /* of evidence */
    const char *node;           /* an older interface of guests, or NULL */
    const char *module;         /* that guests need */
    const char *host_parameter; /* of KVM: it starts such guests */
    const char *host_fix;
    const char *absent_fix;
    bool (*processor_has)(const struct bl_machine *machine);
};

static bool
has_snp(const struct bl_machine *machine)
{
    return (bl_machine_cpuid(machine, SEV_LEAF, 0).eax >> SEV_SNP_BIT & 1) != 0;
}

/* Of a guest: "IntelTDX    " in EBX, EDX, ECX. A host says it by a flag of the kernel. */
static bool
has_tdx(const struct bl_machine *machine)
{
    const struct bl_cpuid registers = bl_machine_cpuid(machine, TDX_LEAF, 0);
    const uint32_t parts[3] = { registers.ebx, registers.edx, registers.ecx };
    char name[12];

    for (size_t i = 0; i < sizeof name; i++)
        name[i] = (char)(parts[i / 4] >> (8 * (i % 4)) & 0xff);
    return memcmp(name, "IntelTDX    ", sizeof name) == 0 ||
           bl_machine_flag(machine, "tdx_host_platform");
}

/* Nothing that user space may read tells whether an Arm processor has realms. */
static bool
has_cca(const struct bl_machine *machine)
{
    return machine->architecture == BL_ARCHITECTURE_AARCH64 &&
           bl_machine_module(machine, "arm_cca_guest");
}

static const struct platform snp = {
    .topic = "snp",
    .name = "SEV-SNP",
    .kind = "snp",
    .node = "/dev/sev-guest",
    .module = "sev-guest",
    .host_parameter = "/sys/module/kvm_amd/parameters/sev_snp",
    .host_fix =
        "enable SMEE, SEV-SNP and the RMP table in the firmware's setup, keep the IOMMU on, "
        "and boot a kernel from 6.11 on with kvm_amd.sev_snp=1",
    .absent_fix = "use a machine with AMD EPYC 7003 or later; in a cloud, an instance type that is "
                  "a SEV-SNP guest",
    .processor_has = has_snp,
};
static const struct platform tdx = {
    .topic = "tdx",
    .name = "TDX",
    .kind = "tdx",
    .node = NULL,
    .module = "tdx-guest",
    .host_parameter = "/sys/module/kvm_intel/parameters/tdx",
    .host_fix = "enable TME-MT, TDX and the SEAM loader in the firmware's setup, and boot a kernel "
                "from 6.16 on with kvm_intel.tdx=1 nohibernate",
    .absent_fix = "use a machine with 5th generation Xeon or later; in a cloud, an instance type "
                  "that is a TDX guest",
    .processor_has = has_tdx,
};
static const struct platform cca = {
    .topic = "cca",
    .name = "Arm CCA",
    .kind = "cca",
    .node = NULL,
    .module = "arm-cca-guest",
    .host_parameter = NULL,
    .host_fix = "",
    .absent_fix =
        "use an Armv9-A machine with RME, an RMM and a kernel from 6.14 on, inside a realm",
    .processor_has = has_cca,
};

/* -- a guest ------------------------------------------------------------------------------------- */

static bool
report_tsm(struct bl_findings *findings, const struct platform *p)
{
    struct bl_local_attester_probe probe;

    findings->machine->tsm(TSM_PATH, &probe);
    if (probe.state == BL_NODE_NOT_PERMITTED)
        bl_finding_add(findings, BL_FINDING_FAIL, p->topic, "run it as root",
                       "%s is there; this user may make no report", TSM_PATH);
    if (probe.state != BL_NODE_USABLE || strcmp(probe.kind, p->kind) != 0)
        return false;
    bl_finding_add(findings, BL_FINDING_OK, p->topic, "",
                   "a %s guest; evidence comes through configfs-tsm: bulla attest", p->name);
    return true;
}

/* The older interface does; the newer one also says at which level to ask. */
static bool
report_node(struct bl_findings *findings, const struct platform *p)
{
    if (p->node == NULL ||
        bl_doctor_device(findings, p->topic, p->node, "evidence comes through it: bulla attest") !=
            BL_NODE_USABLE)
        return false;
    bl_finding_add(findings, BL_FINDING_WARN, p->topic,
                   "use a kernel from 6.7 on, and mount configfs: mount -t configfs none "
                   "/sys/kernel/config",
                   "%s is not there", TSM_PATH);
    return true;
}

/* -- a host -------------------------------------------------------------------------------------- */

static bool
report_host(struct bl_findings *findings, const struct platform *p)
{
    char line[BL_MACHINE_TEXT_SIZE];

    if (p->host_parameter == NULL || !bl_machine_line(findings->machine, p->host_parameter, line))
        return false;
    if (line[0] != 'Y' && line[0] != '1') {
        bl_finding_add(findings, BL_FINDING_FAIL, p->topic, p->host_fix,
                       "KVM is there and starts no %s guests", p->name);
        return false;
    }
    bl_finding_add(findings, BL_FINDING_OK, p->topic, "", "a host: KVM starts %s guests", p->name);
    return true;
}

/* -- all of it ----------------------------------------------------------------------------------- */

static void
report_nothing(struct bl_findings *findings, const struct platform *p)
{
    const bool is_guest = bl_machine_is_guest(findings->machine);

    if (!p->processor_has(findings->machine)) {
        bl_finding_add(findings, BL_FINDING_FAIL, p->topic, p->absent_fix,
                       "this processor, or the hypervisor under it, shows no %s", p->name);
        return;
    }
    bl_finding_add(findings, BL_FINDING_OK, p->topic, "", "the processor has %s", p->name);
    if (is_guest)
        bl_finding_add(findings, BL_FINDING_FAIL, p->topic,
                       "load the module that gives evidence (modprobe sev-guest, tdx-guest or "
                       "arm-cca-guest) and mount configfs; if that fails, this virtual machine was "
                       "not started as a confidential one",
                       "nothing in this guest gives %s evidence (module %s)", p->name, p->module);
    else
        bl_finding_add(findings, BL_FINDING_FAIL, p->topic, p->host_fix,
                       "this host's kernel does not offer %s", p->name);
}

static void
examine(struct bl_findings *findings, const struct platform *p)
{
    const size_t before = findings->count;
    bool is_usable = report_tsm(findings, p) || report_node(findings, p);

    is_usable |= report_host(findings, p);
    if (!is_usable && findings->count == before)
        report_nothing(findings, p);
    if (is_usable)
        bl_doctor_weaknesses(findings, p->topic);
}

static bool
is_here(const struct bl_machine *machine, const struct platform *p)
{
    return p->processor_has(machine) || (p->node != NULL && bl_machine_has(machine, p->node)) ||
           (p->host_parameter != NULL && bl_machine_has(machine, p->host_parameter));
}

static void
examine_level(struct bl_findings *findings)
{
    char line[BL_MACHINE_TEXT_SIZE];

    if (bl_machine_line(findings->machine, "/sys/devices/system/cpu/sev/vmpl", line) &&
        strcmp(line, "0") != 0)
        bl_finding_add(findings, BL_FINDING_OK, "snp", "",
                       "this guest runs at VMPL %.8s, below a service module: its policy has to "
                       "say so, for the baseline wants 0",
                       line);
}

void
bl_doctor_snp(struct bl_findings *findings)
{
    examine(findings, &snp);
    examine_level(findings);
}

void
bl_doctor_tdx(struct bl_findings *findings)
{
    examine(findings, &tdx);
}

void
bl_doctor_cca(struct bl_findings *findings)
{
    examine(findings, &cca);
}

bool
bl_doctor_has_snp(const struct bl_machine *machine)
{
    return is_here(machine, &snp);
}

bool
bl_doctor_has_tdx(const struct bl_machine *machine)
{
    return is_here(machine, &tdx);
}

bool
bl_doctor_has_cca(const struct bl_machine *machine)
{
    return is_here(machine, &cca);
}
