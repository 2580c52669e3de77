/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_SYS_CLOCK_H
#define BL_SYS_CLOCK_H

#include <stdint.h>

/** Wall clock, Unix seconds. */
int64_t bl_clock_now_s(void);
/** Monotonic time that also runs while suspended, milliseconds. */
int64_t bl_clock_monotonic_ms(void);

#endif
