/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <stdatomic.h>

/* One of the named globals above the line (tools/layers.json): a counter, no state of the work. */
static struct {
    atomic_int kind; /* enum bl_fault, or -1: disarmed */
    atomic_ullong remaining;
    atomic_bool forever;
    atomic_bool reached;
} armed = { .kind = -1 };

bool
bl_fault_point(enum bl_fault kind)
{
    if (atomic_load_explicit(&armed.kind, memory_order_relaxed) != (int)kind)
        return false;
    unsigned long long before = atomic_load(&armed.remaining);
    while (before > 0 && !atomic_compare_exchange_weak(&armed.remaining, &before, before - 1)) {
    }
    bool fail = before == 1 || (before == 0 && atomic_load(&armed.forever));
    if (fail)
        atomic_store(&armed.reached, true);
    return fail;
}

void
bl_fault_arm(enum bl_fault kind, uint64_t nth, bool forever)
{
    atomic_store(&armed.remaining, nth);
    atomic_store(&armed.forever, forever);
    atomic_store(&armed.reached, false);
    atomic_store(&armed.kind, (int)kind);
}

bool
bl_fault_disarm(void)
{
    atomic_store(&armed.kind, -1);
    return atomic_load(&armed.reached);
}
