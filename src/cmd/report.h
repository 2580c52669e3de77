/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/report.h: what is said beside the result, on stderr: failures, notes, progress.
 *
 * A failure is three lines: what failed with the object and the stable id; what was found and
 * expected; the next command. With --json it is one JSON object on one line.
 * Guarantees: nothing foreign reaches the terminal unescaped.
 */
#ifndef BL_CMD_REPORT_H
#define BL_CMD_REPORT_H

#include "bulla/status.h"

/** Begin: forget what an earlier run left, name the verb (static), choose the form. */
void bl_report_begin(const char *verb, bool as_json);
/** What the command is working on, for the first line of a failure: a path, an option, a name.
 *  Copied in escaped form. */
void bl_report_object(struct bulla_bytes object);
void bl_report_object_word(const char *object);
/** A better next step than the general one of the cause; a string literal. */
void bl_report_next(const char *next);

/** Print the failure; returns the exit code. */
int bl_report_failure(const struct bulla_error *err);

/** One line "bulla: VERB: TEXT" on stderr; nothing with --json. The arguments must be ours or
 *  escaped. */
void bl_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define BL_VALUE_TEXT_SIZE 160 /* bytes: a value of 64 bytes in hexadecimal, with room */
/** A found or expected value in words; "" if there is none. Returns `out`. */
const char *bl_value_text(const struct bulla_value *value, char out[BL_VALUE_TEXT_SIZE]);
/** What a PCR measures (TCG PC Client Platform Firmware Profile, 3.3.4; UAPI for 11 to 15). */
const char *bl_pcr_meaning(unsigned pcr);

#endif
