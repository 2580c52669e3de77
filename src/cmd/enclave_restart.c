/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/enclave_restart.h"

#include <signal.h>

#include "sys/call.h"
#include "sys/clock.h"

#define PAUSE_MAX_S 60u
#define PEACE_MS 60000 /* of running: what happens then is another story */

/* -- what and when ------------------------------------------------------------------------------ */

static bool
may_pass(enum bulla_status status)
{
    return status == BULLA_E_UNREACHABLE || status == BULLA_E_TIMEOUT || status == BULLA_E_MEMORY;
}

bool
bl_enclave_runs_again(enum bl_manifest_restart policy, const struct bl_enclave_outcome *outcome)
{
    const struct bl_monitor_end *end = outcome->end;

    if (policy == BL_RESTART_NEVER)
        return false;
    if (outcome->status != BULLA_OK)
        return may_pass(outcome->status);
    if (end->stopped)
        return false;
    if (end->cause != BULLA_CAUSE_NONE)
        return may_pass(bulla_cause_status(end->cause));
    bool well = end->was_ready && !end->unhealthy && !end->killed && end->code == 0;
    return policy == BL_RESTART_ALWAYS || !well;
}

void
bl_enclave_next_pause(unsigned *pause_s, int64_t ran_ms)
{
    if (*pause_s == 0 || ran_ms >= PEACE_MS)
        *pause_s = 1;
    else
        *pause_s = *pause_s < PAUSE_MAX_S / 2 ? *pause_s * 2 : PAUSE_MAX_S;
}

/* -- again and again ---------------------------------------------------------------------------- */

static sigset_t
stop_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

/* False: a signal came. */
static bool
pause_for(int64_t deadline)
{
    const sigset_t set = stop_signals();

    for (;;) {
        int left_ms = bl_clock_left_ms(deadline);
        const struct timespec left = { left_ms / 1000, left_ms % 1000 * 1000000L };
        if (sigtimedwait(&set, NULL, &left) > 0)
            return false;
        if (left_ms == 0)
            return true;
    }
}

static enum bulla_status
run_again(const struct bl_monitor_plan *plan, void (*waits)(void *context, unsigned pause_s),
          struct bl_monitor_end *end_out, struct bulla_error *err)
{
    unsigned pause_s = 0;

    for (;;) {
        int64_t began = bl_clock_monotonic_ms();
        struct bl_monitor_end end = { 0 };
        const struct bl_enclave_outcome outcome = { bl_monitor_run(plan, &end, err), &end };
        if (!bl_enclave_runs_again(plan->manifest->restart, &outcome)) {
            *end_out = end;
            return outcome.status;
        }
        bl_enclave_next_pause(&pause_s, bl_clock_monotonic_ms() - began);
        waits(plan->context, pause_s);
        if (!pause_for(bl_clock_deadline(pause_s * 1000))) {
            end.stopped = true;
            *end_out = end;
            return outcome.status;
        }
        if (err != NULL)
            bulla_error_clear(err);
    }
}

enum bulla_status
bl_enclave_keep_running(const struct bl_monitor_plan *plan,
                        void (*waits)(void *context, unsigned pause_s),
                        struct bl_monitor_end *end_out, struct bulla_error *err)
{
    const sigset_t set = stop_signals();
    sigset_t before;

    if (plan->manifest->restart == BL_RESTART_NEVER)
        return bl_monitor_run(plan, end_out, err);
    /* Blocked all the time: a signal between two runs is found by the pause or by the next run. */
    if (BL_CALL(PROCESS, sigprocmask(SIG_BLOCK, &set, &before)) != 0)
        return bl_fail_errno(err, "enclave", "signals cannot be blocked");
    enum bulla_status status = run_again(plan, waits, end_out, err);
    while (!pause_for(0)) { /* it has ended anyhow */
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}
