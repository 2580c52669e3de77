/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/time.h: points in time as text (RFC 3339), in UTC, to the second.
 */
#ifndef BL_CODEC_TIME_H
#define BL_CODEC_TIME_H

#include "bulla/bytes.h"
#include "bulla/status.h"

/** All of `text`, "2026-11-22T09:30:00Z" with an optional fraction, which is dropped; years 1970 to
 *  9999, no leap second. BULLA_E_MALFORMED. */
enum bulla_status bl_time_parse(struct bulla_bytes text, int64_t *seconds_out,
                                struct bulla_error *err) BULLA_CHECKED;

#define BL_TIME_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define BL_TIME_TEXT_SIZE 24              /* bytes, with the zero */
/** "2026-11-22T09:30:00Z"; a time before 1970 or after BL_TIME_MAX is shown as the nearest that can be
 *  written. Returns `out`. */
const char *bl_time_text(int64_t time_s, char out[BL_TIME_TEXT_SIZE]);

#endif
