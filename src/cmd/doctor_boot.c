/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/doctor_boot.c: how this machine was booted: UEFI Secure Boot, measured image, lockdown, and the logs
 * that explain its PCRs.
 *
 * Spec: UEFI 2.10, 3.3 (globally defined variables) and 32; Linux, Documentation/filesystems/efivarfs.rst
 * (four bytes of attributes before the value); systemd-stub(7) (StubPcrKernelImage).
 */
#include <string.h>

#include "cmd/doctor.h"
#include "cmd/show.h"

#define TOPIC "boot"
#define VARIABLE(name) "/sys/firmware/efi/efivars/" name "-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define LOG_PATH "/sys/kernel/security/tpm0/binary_bios_measurements"
#define STUB_PATH \
    "/sys/firmware/efi/efivars/StubPcrKernelImage-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* The one byte of a boolean variable; -1 if it cannot be read. */
static int
read_variable(const struct bl_machine *machine, const char *path)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };

    if (!bl_machine_bytes(machine, path, 64, &bytes) || bytes.size != 5)
        return -1;
    return bytes.data[4];
}

static void
report_secure_boot(struct bl_findings *findings)
{
    int is_on = read_variable(findings->machine, VARIABLE("SecureBoot"));
    int is_in_setup = read_variable(findings->machine, VARIABLE("SetupMode"));

    if (is_on == 1 && is_in_setup != 1)
        bl_finding_add(findings, BL_FINDING_OK, TOPIC, "", "Secure Boot is on");
    else if (is_in_setup == 1)
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC,
                       "enrol keys (PK, KEK, db): until then anybody who is root may",
                       "the firmware is in setup mode: no key decides what boots");
    else
        bl_finding_add(
            findings, BL_FINDING_FAIL, TOPIC, "enable Secure Boot in the firmware's setup",
            is_on == 0 ? "Secure Boot is off" : "Secure Boot: the firmware does not say");
}

/* "none [integrity] confidentiality": the one in force is in brackets. */
static void
report_lockdown(struct bl_findings *findings)
{
    char line[BL_MACHINE_TEXT_SIZE], shown[BL_SHOWN_SIZE];
    bool is_known = bl_machine_line(findings->machine, "/sys/kernel/security/lockdown", line);

    if (is_known && strstr(line, "[none]") == NULL)
        bl_finding_add(findings, BL_FINDING_OK, TOPIC, "", "kernel lockdown: %s",
                       bl_show_word(line, shown));
    else
        bl_finding_add(findings, BL_FINDING_WARN, TOPIC,
                       "boot with lockdown=integrity (or confidentiality)",
                       "no kernel lockdown: root can change the running kernel, and no PCR "
                       "shows it");
}

static void
report_modules(struct bl_findings *findings)
{
    char line[BL_MACHINE_TEXT_SIZE];

    if (bl_machine_line(findings->machine, "/sys/module/module/parameters/sig_enforce", line) &&
        line[0] == 'N')
        bl_finding_add(findings, BL_FINDING_WARN, TOPIC, "boot with module.sig_enforce=1",
                       "modules without a signature are loaded");
}

static void
report_image(struct bl_findings *findings)
{
    if (bl_machine_has(findings->machine, STUB_PATH))
        bl_finding_add(findings, BL_FINDING_OK, TOPIC, "",
                       "kernel, initrd and command line came as one measured image (PCR 11)");
    else
        bl_finding_add(findings, BL_FINDING_WARN, TOPIC,
                       "boot a unified kernel image (ukify, systemd-stub)",
                       "kernel, initrd and command line are not measured as one image");
}

static void
report_log(struct bl_findings *findings)
{
    struct bl_machine_node log;

    bl_machine_node(findings->machine, LOG_PATH, &log);
    if (log.state == BL_NODE_ABSENT)
        bl_finding_add(findings, BL_FINDING_WARN, TOPIC,
                       "enable the TPM in the firmware's setup; mount securityfs: mount -t "
                       "securityfs none /sys/kernel/security",
                       "no event log: nothing explains the values of PCRs");
    else
        bl_finding_add(findings, BL_FINDING_OK, TOPIC, "", "the firmware's event log is there");
}

void
bl_doctor_boot(struct bl_findings *findings)
{
    if (!bl_machine_has(findings->machine, "/sys/firmware/efi")) {
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC,
                       "boot by UEFI: in a virtual machine choose OVMF, on a board disable legacy "
                       "boot",
                       "not booted by UEFI: no Secure Boot, and nothing measures the loader");
        report_lockdown(findings);
        return;
    }
    report_secure_boot(findings);
    report_image(findings);
    report_lockdown(findings);
    report_modules(findings);
    report_log(findings);
}

bool
bl_doctor_has_boot(const struct bl_machine *machine)
{
    return bl_machine_has(machine, "/sys/firmware/efi");
}
