/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/doctor.h: what this machine has, one finding a line; each topic in a function of its own.
 */
#ifndef BL_CMD_DOCTOR_H
#define BL_CMD_DOCTOR_H

#include "base/buffer.h"
#include "cmd/verb.h"
#include "device/machine.h"

enum bl_finding_level { BL_FINDING_OK, BL_FINDING_WARN, BL_FINDING_FAIL };

#define BL_FINDING_COUNT_MAX 64
#define BL_FINDING_TEXT_SIZE 256 /* bytes */

struct bl_finding {
    enum bl_finding_level level;
    const char *topic;
    char text[BL_FINDING_TEXT_SIZE];
    char fix[BL_FINDING_TEXT_SIZE]; /* "" where there is nothing to mend */
};

struct bl_findings {
    struct bl_finding list[BL_FINDING_COUNT_MAX];
    size_t count;
    const struct bl_arguments *arguments;
    const struct bl_machine *machine;
};

/** Add one; both texts are escaped or ours, and cut off at the size. */
void bl_finding_add(struct bl_findings *findings, enum bl_finding_level level, const char *topic,
                    const char *fix, const char *format, ...) __attribute__((format(printf, 5, 6)));

void bl_doctor_tpm(struct bl_findings *findings);
void bl_doctor_embedded(struct bl_findings *findings);
void bl_doctor_memory(struct bl_findings *findings);
void bl_doctor_clock(struct bl_findings *findings);
void bl_doctor_kernel(struct bl_findings *findings);
void bl_doctor_boot(struct bl_findings *findings);
void bl_doctor_snp(struct bl_findings *findings);
void bl_doctor_tdx(struct bl_findings *findings);
void bl_doctor_cca(struct bl_findings *findings);
void bl_doctor_sgx(struct bl_findings *findings);
void bl_doctor_nitro(struct bl_findings *findings);
void bl_doctor_optee(struct bl_findings *findings);

/** Is there anything of it on this machine? What is not here takes one line of the overview. */
bool bl_doctor_has_boot(const struct bl_machine *machine);
bool bl_doctor_has_snp(const struct bl_machine *machine);
bool bl_doctor_has_tdx(const struct bl_machine *machine);
bool bl_doctor_has_cca(const struct bl_machine *machine);
bool bl_doctor_has_sgx(const struct bl_machine *machine);
bool bl_doctor_has_nitro(const struct bl_machine *machine);
bool bl_doctor_has_optee(const struct bl_machine *machine);

/** Say of a device node that it may be used, and for what, or whose it is; nothing if it is absent. */
enum bl_node_state bl_doctor_device(struct bl_findings *findings, const char *topic,
                                    const char *path, const char *purpose);
/** Warn of what the kernel knows to be weak about this processor. */
void bl_doctor_weaknesses(struct bl_findings *findings, const char *topic);

#endif
