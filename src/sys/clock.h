/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/clock.h: the time. Pure rooms take it as a parameter.
 *
 * Wall-clock time is what the machine believes: whoever is root there sets it.
 */
#ifndef BL_SYS_CLOCK_H
#define BL_SYS_CLOCK_H

#include <stdint.h>

/** Wall clock, Unix seconds. */
int64_t bl_clock_now_s(void);
/** Monotonic time that also runs while suspended, milliseconds. */
int64_t bl_clock_monotonic_ms(void);
/** The moment `timeout_ms` from now, on bl_clock_monotonic_ms(). */
int64_t bl_clock_deadline(unsigned timeout_ms);
/** Milliseconds until `deadline`, 0 when it has passed: ready for poll(). */
int bl_clock_left_ms(int64_t deadline);
/** Sleep, through interruptions. */
void bl_clock_sleep_ms(unsigned duration_ms);

#endif
