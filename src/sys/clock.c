/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

/* Both clocks exist on every kernel that we run on; a lease must not run on a made-up time. */
static struct timespec
read_clock(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0)
        abort();
    return now;
}

int64_t
bl_clock_now_s(void)
{
    return read_clock(CLOCK_REALTIME).tv_sec;
}

int64_t
bl_clock_monotonic_ms(void)
{
    struct timespec now = read_clock(CLOCK_BOOTTIME);

    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
bl_clock_deadline(unsigned timeout_ms)
{
    return bl_clock_monotonic_ms() + timeout_ms;
}

int
bl_clock_left_ms(int64_t deadline)
{
    int64_t left = deadline - bl_clock_monotonic_ms();

    if (left <= 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}

void
bl_clock_sleep_ms(unsigned duration_ms)
{
    struct timespec left = { .tv_sec = duration_ms / 1000,
                             .tv_nsec = (long)(duration_ms % 1000) * 1000000 };

    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}
