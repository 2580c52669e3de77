/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/refusals.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "bulla/cause.h"
#include "sys/clock.h"

#define PEER_SIZE 65

static const enum bulla_cause causes[] = { BULLA_CAUSE_NONE, /* one that is in no list */
#define CAUSE(symbol, number, status) BULLA_CAUSE_##symbol,
                                           BULLA_CAUSES(CAUSE)
#undef CAUSE
};
#define CAUSE_COUNT BL_COUNT_OF(causes)

#define COUNT_SIZE_MAX 26 /* "1401:18446744073709551615 " */
_Static_assert(CAUSE_COUNT *COUNT_SIZE_MAX + 512 <= BL_REFUSALS_COUNTED_SIZE_MAX,
               "a record has room for the counts of all causes");
_Static_assert(BL_REFUSALS_COUNTED_SIZE_MAX <= BL_AUDIT_LINE_SIZE_MAX,
               "and the log for the record");

struct bl_refusals {
    pthread_mutex_t mutex;
    struct bl_audit *audit; /* borrowed */
    bool has_interval;
    int64_t since_ms; /* its beginning, monotonic */
    uint64_t single_count;
    uint64_t single_counts[CAUSE_COUNT];
    uint64_t counted; /* not recorded one by one, and not on the disk yet */
    uint64_t counts[CAUSE_COUNT];
    int64_t since_s;           /* Unix: the first of those that were counted */
    char last_peer[PEER_SIZE]; /* of those that were counted */
};

enum bulla_status
bl_refusals_new(struct bl_audit *audit, struct bl_refusals **out, struct bulla_error *err)
{
    struct bl_refusals *refusals = bl_alloc(1, sizeof *refusals);

    if (refusals == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "refusals", "out of memory", sizeof *refusals);
    pthread_mutex_init(&refusals->mutex, NULL);
    refusals->audit = audit;
    *out = refusals;
    return BULLA_OK;
}

void
bl_refusals_free(struct bl_refusals *refusals)
{
    if (refusals == NULL)
        return;
    pthread_mutex_destroy(&refusals->mutex);
    bl_free(refusals);
}

struct bl_refusals_moment
bl_refusals_now(void)
{
    return (struct bl_refusals_moment){ bl_clock_now_s(), bl_clock_monotonic_ms() };
}

static struct bulla_bytes
words(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text,
                                 text == NULL ? 0 : strnlen(text, BL_REFUSAL_WORDS_SIZE_MAX) };
}

static enum bulla_status
record(const struct bl_refusals *refusals, const char *peer, const struct bulla_error *why,
       int64_t now_s)
{
    const struct bl_audit_field fields[] = {
        { .name = "cause", .kind = BL_AUDIT_NUMBER, .number = (uint64_t)why->cause },
        { .name = "peer",
          .kind = BL_AUDIT_TEXT,
          .bytes = { (const uint8_t *)peer, strnlen(peer, PEER_SIZE - 1) } },
        { .name = "what", .kind = BL_AUDIT_TEXT, .bytes = words(why->what) },
        { .name = "where", .kind = BL_AUDIT_TEXT, .bytes = words(why->where) },
    };

    return bl_audit_append(refusals->audit, now_s, "refused", fields, 4, NULL);
}

static size_t
cause_index(enum bulla_cause cause)
{
    for (size_t i = 1; i < CAUSE_COUNT; i++) {
        if (causes[i] == cause)
            return i;
    }
    return 0;
}

static void
count(struct bl_refusals *refusals, size_t cause, const char *peer, int64_t now_s)
{
    if (refusals->counted == 0)
        refusals->since_s = now_s;
    refusals->counted++;
    refusals->counts[cause]++;
    (void)snprintf(refusals->last_peer, sizeof refusals->last_peer, "%s", peer);
}

/* "301:12 803:4" */
static enum bulla_status
format_counts(const struct bl_refusals *refusals, struct bulla_buffer *text)
{
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        char one[COUNT_SIZE_MAX + 1];
        if (refusals->counts[i] == 0)
            continue;
        int size = snprintf(one, sizeof one, "%s%u:%llu", text->size > 0 ? " " : "",
                            (unsigned)causes[i], (unsigned long long)refusals->counts[i]);
        BL_TRY(bulla_buffer_append(text, (struct bulla_bytes){ (const uint8_t *)one, (size_t)size },
                                   NULL));
    }
    return BULLA_OK;
}

static enum bulla_status
record_counts(struct bl_refusals *refusals, int64_t now_s, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    if (refusals->counted == 0)
        return BULLA_OK;
    if (format_counts(refusals, &text) != BULLA_OK)
        return bulla_fail(err, BULLA_E_MEMORY, "refusals", "out of memory", 0);
    const struct bl_audit_field fields[] = {
        { .name = "causes", .kind = BL_AUDIT_TEXT, .bytes = bulla_buffer_bytes(&text) },
        { .name = "count", .kind = BL_AUDIT_NUMBER, .number = refusals->counted },
        { .name = "last_peer",
          .kind = BL_AUDIT_TEXT,
          .bytes = { (const uint8_t *)refusals->last_peer, strlen(refusals->last_peer) } },
        { .name = "since",
          .kind = BL_AUDIT_NUMBER,
          .number = refusals->since_s > 0 ? (uint64_t)refusals->since_s : 0 },
    };
    BL_TRY(bl_audit_append(refusals->audit, now_s, BL_AUDIT_EVENT_REFUSED_MANY, fields, 4, err));
    refusals->counted = 0;
    memset(refusals->counts, 0, sizeof refusals->counts);
    return BULLA_OK;
}

static bool
interval_is_over(const struct bl_refusals *refusals, int64_t now_ms)
{
    return refusals->has_interval &&
           now_ms - refusals->since_ms >= (int64_t)1000 * BL_REFUSALS_INTERVAL_S;
}

/* The counts go on the disk with the end of their interval; those that cannot, stay. */
static enum bulla_status
end_interval(struct bl_refusals *refusals, int64_t now_s, struct bulla_error *err)
{
    refusals->has_interval = false;
    refusals->single_count = 0;
    memset(refusals->single_counts, 0, sizeof refusals->single_counts);
    return record_counts(refusals, now_s, err);
}

static void
add_stranger(struct bl_refusals *refusals, const char *peer, const struct bulla_error *why,
             struct bl_refusals_moment now)
{
    const size_t cause = cause_index(why->cause);

    if (interval_is_over(refusals, now.now_ms) &&
        end_interval(refusals, now.now_s, NULL) != BULLA_OK)
        count(refusals, cause, peer, now.now_s); /* there is no room for this one either */
    else if (refusals->single_count < BL_REFUSALS_SINGLE_MAX &&
             refusals->single_counts[cause] < BL_REFUSALS_SINGLE_PER_CAUSE_MAX &&
             record(refusals, peer, why, now.now_s) == BULLA_OK) {
        refusals->single_count++;
        refusals->single_counts[cause]++;
    } else {
        count(refusals, cause, peer, now.now_s);
    }
    if (!refusals->has_interval)
        refusals->since_ms = now.now_ms;
    refusals->has_interval = true;
}

void
bl_refusals_add(struct bl_refusals *refusals, bool peer_is_proved, const char *peer,
                const struct bulla_error *why, struct bl_refusals_moment now)
{
    if (why->cause == BULLA_CAUSE_CONNECTION_CLOSED)
        return;
    /* If the log cannot be written nothing is released either; see broker/release.c. */
    if (peer_is_proved && record(refusals, peer, why, now.now_s) == BULLA_OK)
        return;
    pthread_mutex_lock(&refusals->mutex);
    if (peer_is_proved)
        count(refusals, cause_index(why->cause), peer, now.now_s); /* better counted than lost */
    else
        add_stranger(refusals, peer, why, now);
    pthread_mutex_unlock(&refusals->mutex);
}

enum bulla_status
bl_refusals_settle(struct bl_refusals *refusals, bool at_once, struct bl_refusals_moment now,
                   struct bulla_error *err)
{
    enum bulla_status status = BULLA_OK;

    pthread_mutex_lock(&refusals->mutex);
    if (interval_is_over(refusals, now.now_ms))
        status = end_interval(refusals, now.now_s, err);
    else if (at_once || !refusals->has_interval)
        status = record_counts(refusals, now.now_s, err);
    pthread_mutex_unlock(&refusals->mutex);
    return status;
}
