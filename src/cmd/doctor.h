/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/doctor.h: what this machine has, one finding a line; each topic in a function of its own.
 */
#ifndef BL_CMD_DOCTOR_H
#define BL_CMD_DOCTOR_H

#include "base/buffer.h"
#include "cmd/verb.h"

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
};

/** Add one; both texts are escaped or ours, and cut off at the size. */
void bl_finding_add(struct bl_findings *findings, enum bl_finding_level level, const char *topic,
                    const char *fix, const char *format, ...) __attribute__((format(printf, 5, 6)));

void bl_doctor_tpm(struct bl_findings *findings);
void bl_doctor_embedded(struct bl_findings *findings);
void bl_doctor_memory(struct bl_findings *findings);
void bl_doctor_clock(struct bl_findings *findings);
void bl_doctor_kernel(struct bl_findings *findings);

#endif
