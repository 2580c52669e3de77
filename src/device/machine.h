/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/machine.h: what the processor and the kernel say of this machine, without opening a device.
 *
 * Everything goes through a struct bl_machine, so that a test can put a directory in the place of the
 * file system and a table in the place of the CPUID instruction.
 * Does not: prove anything. Whoever runs the machine, or the hypervisor under it, answers as he likes;
 * only evidence that was verified elsewhere says what it is.
 */
#ifndef BL_DEVICE_MACHINE_H
#define BL_DEVICE_MACHINE_H

#include "base/buffer.h"
#include "device/attester.h"

#define BL_MACHINE_TEXT_SIZE 256 /* bytes of a line that is read, with its zero */

enum bl_architecture { BL_ARCHITECTURE_OTHER = 0, BL_ARCHITECTURE_X86_64, BL_ARCHITECTURE_AARCH64 };

/** Registers after CPUID. */
struct bl_cpuid {
    uint32_t eax, ebx, ecx, edx;
};

struct bl_machine {
    const char *root; /* before every path; "": this machine */
    enum bl_architecture architecture;
    /** False if the processor has no such leaf. */
    bool (*cpuid)(const struct bl_machine *machine, uint32_t leaf, uint32_t subleaf,
                  struct bl_cpuid *out);
    /** What configfs-tsm gives; see bl_local_attester.probe. */
    void (*tsm)(const char *path, struct bl_local_attester_probe *out);
    const void *context; /* of a test's cpuid() */
};
/** This one. */
const struct bl_machine *bl_machine_here(void);

/** All registers zero without such a leaf. */
struct bl_cpuid bl_machine_cpuid(const struct bl_machine *machine, uint32_t leaf, uint32_t subleaf);
/** A hypervisor says that it is there (CPUID leaf 1, ECX bit 31). */
bool bl_machine_is_guest(const struct bl_machine *machine);

bool bl_machine_has(const struct bl_machine *machine, const char *path);
/** The first line of a file; false (and "") if it cannot be read. */
bool bl_machine_line(const struct bl_machine *machine, const char *path,
                     char out[BL_MACHINE_TEXT_SIZE]);
/** All of a file of at most `size_max` bytes; false if it cannot be read, or is longer. */
bool bl_machine_bytes(const struct bl_machine *machine, const char *path, size_t size_max,
                      struct bulla_buffer *out);
/** A word of the flags of the first processor in /proc/cpuinfo ("Features" on Arm). */
bool bl_machine_flag(const struct bl_machine *machine, const char *flag);
/** A module is loaded, or built in and known to the kernel by name. */
bool bl_machine_module(const struct bl_machine *machine, const char *name);

/** A device node: may it be used, and if not, whose is it? */
struct bl_machine_node {
    enum bl_node_state state;
    char group[64]; /* name, or number; "" if it is absent */
    unsigned mode;  /* permission bits */
};
void bl_machine_node(const struct bl_machine *machine, const char *path,
                     struct bl_machine_node *out);

#endif
