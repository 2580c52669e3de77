/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/doctor_node.c: what every platform's examination says alike: a device node and whose it is, and what
 * the kernel knows to be weak about the processor.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/doctor.h"
#include "cmd/show.h"

static void
add_not_permitted(struct bl_findings *findings, const char *topic, const char *path,
                  const struct bl_machine_node *node)
{
    const char *name = strrchr(path, '/') + 1;
    char fix[BL_FINDING_TEXT_SIZE], group[BL_SHOWN_SIZE];

    if (strcmp(node->group, "root") == 0 || (node->mode & 060) != 060)
        (void)snprintf(fix, sizeof fix,
                       "run it as root, or give it to a group by a udev rule: KERNEL==\"%s\", "
                       "GROUP=\"tee\", MODE=\"0660\"",
                       name);
    else
        (void)snprintf(fix, sizeof fix, "sudo usermod -aG %s $USER, then log in again",
                       bl_show_word(node->group, group));
    bl_finding_add(findings, BL_FINDING_FAIL, topic, fix,
                   "%s belongs to group \"%s\" (mode %04o); this user may not use it", path,
                   bl_show_word(node->group, group), node->mode);
}

enum bl_node_state
bl_doctor_device(struct bl_findings *findings, const char *topic, const char *path,
                 const char *purpose)
{
    struct bl_machine_node node;

    bl_machine_node(findings->machine, path, &node);
    if (node.state == BL_NODE_USABLE)
        bl_finding_add(findings, BL_FINDING_OK, topic, "", "%s: %s", path, purpose);
    else if (node.state == BL_NODE_NOT_PERMITTED)
        add_not_permitted(findings, topic, path, &node);
    return node.state;
}

/* Those that reach into what a TEE keeps apart (Documentation/admin-guide/hw-vuln). */
static const char *const weaknesses[] = {
    "gather_data_sampling",
    "indirect_target_selection",
    "l1tf",
    "mds",
    "mmio_stale_data",
    "old_microcode",
    "reg_file_data_sampling",
    "retbleed",
    "spec_rstack_overflow",
    "spectre_v2",
    "srbds",
    "tsa",
    "tsx_async_abort",
};

void
bl_doctor_weaknesses(struct bl_findings *findings, const char *topic)
{
    char path[BL_MACHINE_TEXT_SIZE], line[BL_MACHINE_TEXT_SIZE], shown[BL_SHOWN_SIZE];

    for (size_t i = 0; i < sizeof weaknesses / sizeof weaknesses[0]; i++) {
        (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/vulnerabilities/%s",
                       weaknesses[i]);
        if (bl_machine_line(findings->machine, path, line) &&
            strncmp(line, "Vulnerable", strlen("Vulnerable")) == 0)
            bl_finding_add(findings, BL_FINDING_WARN, topic,
                           "update firmware, microcode and kernel: verifiers see the level and "
                           "refuse an old one",
                           "the kernel says of %s: %s", weaknesses[i], bl_show_word(line, shown));
    }
}
