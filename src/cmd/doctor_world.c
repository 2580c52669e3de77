/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/doctor_world.c: platforms that are another world beside this one: AWS Nitro (inside an enclave, and
 * on the instance that starts them) and OP-TEE in TrustZone.
 *
 * Spec: AWS Nitro Enclaves user guide, "Nitro Enclaves Developer"; Linux,
 * Documentation/virt/ne_overview.rst and Documentation/userspace-api/tee.rst.
 */
#include <string.h>

#include "cmd/doctor.h"
#include "cmd/show.h"

/* -- Nitro --------------------------------------------------------------------------------------- */

static bool
is_ec2(const struct bl_machine *machine)
{
    char line[BL_MACHINE_TEXT_SIZE];

    return bl_machine_line(machine, "/sys/class/dmi/id/sys_vendor", line) &&
           strcmp(line, "Amazon EC2") == 0;
}

/* What a parent gives away to its enclaves. */
static void
report_parent(struct bl_findings *findings)
{
    char line[BL_MACHINE_TEXT_SIZE] = "", shown[BL_SHOWN_SIZE];

    (void)bl_machine_line(findings->machine, "/sys/module/nitro_enclaves/parameters/ne_cpus", line);
    if (line[0] != '\0')
        bl_finding_add(findings, BL_FINDING_OK, "nitro", "",
                       "processors set aside for enclaves: %s", bl_show_word(line, shown));
    else
        bl_finding_add(findings, BL_FINDING_FAIL, "nitro",
                       "set cpu_count and memory_mib in /etc/nitro_enclaves/allocator.yaml and "
                       "start nitro-enclaves-allocator",
                       "no processors are set aside for enclaves");
    if (!bl_machine_has(findings->machine, "/usr/bin/nitro-cli"))
        bl_finding_add(findings, BL_FINDING_WARN, "nitro", "install aws-nitro-enclaves-cli",
                       "nitro-cli is not installed");
}

void
bl_doctor_nitro(struct bl_findings *findings)
{
    enum bl_node_state inside =
        bl_doctor_device(findings, "nitro", "/dev/nsm", "evidence comes through it: bulla attest");
    enum bl_node_state parent =
        bl_doctor_device(findings, "nitro", "/dev/nitro_enclaves", "enclaves can be started");

    if (parent == BL_NODE_USABLE)
        report_parent(findings);
    if (inside != BL_NODE_ABSENT || parent != BL_NODE_ABSENT)
        return;
    bool is_theirs = is_ec2(findings->machine);
    bl_finding_add(findings, BL_FINDING_FAIL, "nitro",
                   is_theirs ? "start the instance with --enclave-options Enabled=true and load "
                               "nitro_enclaves; inside an enclave, load nsm"
                             : "use an instance of Amazon EC2 with Nitro Enclaves",
                   is_theirs ? "an instance of Amazon EC2 without enclaves"
                             : "neither an instance of Amazon EC2 nor an enclave in one");
}

bool
bl_doctor_has_nitro(const struct bl_machine *machine)
{
    return bl_machine_has(machine, "/dev/nsm") || bl_machine_has(machine, "/dev/nitro_enclaves") ||
           is_ec2(machine);
}

/* -- OP-TEE -------------------------------------------------------------------------------------- */

static void
report_supplicant(struct bl_findings *findings)
{
    static const char *const places[] = { "/usr/sbin/tee-supplicant", "/usr/bin/tee-supplicant" };

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (bl_machine_has(findings->machine, places[i]))
            return;
    bl_finding_add(findings, BL_FINDING_WARN, "optee",
                   "install tee-supplicant and start it before anything that uses the TEE",
                   "tee-supplicant is not installed: the TEE has no storage for its attestation "
                   "key, and loads no trusted applications");
}

void
bl_doctor_optee(struct bl_findings *findings)
{
    enum bl_node_state state =
        bl_doctor_device(findings, "optee", "/dev/tee0",
                         "a TEE; bulla attest --kind optee tells whether it attests");

    if (state != BL_NODE_ABSENT) {
        report_supplicant(findings);
        return;
    }
    if (bl_machine_module(findings->machine, "optee"))
        bl_finding_add(findings, BL_FINDING_FAIL, "optee",
                       "look into the kernel's log (dmesg): does the firmware start OP-TEE?",
                       "the driver is loaded, and no TEE answered it");
    else if (findings->machine->architecture != BL_ARCHITECTURE_AARCH64)
        bl_finding_add(findings, BL_FINDING_FAIL, "optee", "use an Arm machine that boots OP-TEE",
                       "TrustZone is a part of Arm processors; this is another one");
    else
        bl_finding_add(findings, BL_FINDING_FAIL, "optee",
                       "boot firmware with OP-TEE, and load the modules tee and optee",
                       "/dev/tee0 is not there");
}

bool
bl_doctor_has_optee(const struct bl_machine *machine)
{
    return bl_machine_has(machine, "/dev/tee0") || bl_machine_module(machine, "optee");
}
