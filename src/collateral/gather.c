/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/gather.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "sys/clock.h"

#define WHERE "collateral"
#define TRY_COUNT_MAX 4 /* of one piece, with waits between */
#define WAIT_S 10       /* where a source does not say how long: AMD's takes one in ten seconds */
#define ABSENT_HOLD_S 3600 /* what is not there now is not there in a minute */
#define SUBJECT_SIZE (BL_HOST_SIZE_MAX + 16)

/* What is at hand while one gathering goes on. */
struct work {
    struct bl_gathering *g;
    struct bl_wants *wants;
    struct bl_collateral_set *set;                   /* cached, then what came */
    struct bl_collateral *before[BL_WANT_COUNT_MAX]; /* owned: what it took the place of */
    struct bl_collateral_facts before_facts[BL_WANT_COUNT_MAX];
    bool was_good[BL_WANT_COUNT_MAX];
    bool has_come[BL_WANT_COUNT_MAX];
    unsigned waited_s;
};

static void
work_free(struct work *work)
{
    if (work == NULL)
        return;
    bl_collateral_set_free(work->set);
    for (size_t i = 0; i < BL_WANT_COUNT_MAX; i++)
        bl_collateral_free(work->before[i]);
    bl_free(work);
}
BL_DEFINE_FREEP(work)

/* -- what is there ------------------------------------------------------------------------------- */

/* An authority's certificate names the next one, and its list. */
static enum bulla_status
follow(struct work *work, const struct bl_collateral *piece, struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) list = { 0 };

    if (piece->name.kind != BL_COLLATERAL_ISSUER)
        return BULLA_OK;
    BL_TRY(bl_certificate_list_read(bulla_buffer_bytes(&piece->body), &list, err));
    return bl_wants_add_issuers(work->wants, list.items[0], err);
}

/* Whatever is damaged counts as not there: it is fetched anew, and so replaced. */
static enum bulla_status
load_one(struct work *work, size_t i, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_collateral) piece = NULL;
    struct bulla_error failure = { 0 };
    enum bulla_status status =
        bl_cache_get(work->g->cache, &work->wants->items[i], &piece, &failure);

    if (status == BULLA_OK) {
        BL_TRY(follow(work, piece, err));
        return bl_collateral_set_put(work->set, &piece, err);
    }
    if (status == BULLA_E_NOT_FOUND || failure.cause == BULLA_CAUSE_CACHE_ALTERED)
        return BULLA_OK;
    if (err != NULL)
        *err = failure;
    return status;
}

static bool
is_good(struct work *work, size_t i, struct bl_collateral_facts *facts_out)
{
    const struct bl_collateral *piece = bl_collateral_find(work->set, &work->wants->items[i]);

    return piece != NULL &&
           bl_collateral_verify(piece, work->set, &work->g->trust, facts_out, NULL) == BULLA_OK;
}

static void
look_at(struct work *work, size_t i)
{
    struct bl_gathered *item = &work->g->items[i];

    work->was_good[i] = is_good(work, i, &work->before_facts[i]);
    if (work->was_good[i] && !work->g->refresh &&
        bl_collateral_age(&work->before_facts[i], work->g->trust.now_s) == BL_AGE_FRESH)
        item->how = BL_GATHERED_FRESH;
}

/* -- asking -------------------------------------------------------------------------------------- */

static void
write_subject(const struct bl_endpoint *endpoint, char subject[SUBJECT_SIZE])
{
    (void)snprintf(subject, SUBJECT_SIZE, "host/%s:%u", endpoint->host, endpoint->port);
}

static enum bulla_status
check_holds(const struct work *work, size_t i, struct bulla_error *err)
{
    const struct bl_gathered *item = &work->g->items[i];
    const int64_t now_s = bl_clock_now_s();
    char subject[SUBJECT_SIZE];

    write_subject(&item->endpoint, subject);
    if (bl_cache_held(work->g->cache, subject, now_s) != BL_HOLD_NONE)
        return bulla_fail_cause(err, BULLA_CAUSE_SOURCE_BUSY, WHERE,
                                "its source wanted us to wait, and not enough time has passed");
    if (!work->g->refresh &&
        bl_cache_held(work->g->cache, work->wants->items[i].text, now_s) != BL_HOLD_NONE)
        return bulla_fail_cause(err, BULLA_CAUSE_NOT_FOUND, WHERE,
                                "its source did not have it a short while ago");
    return BULLA_OK;
}

/* For the next time; that it could not be written down changes nothing now. */
static void
hold(struct work *work, const char *subject, enum bl_hold why, unsigned seconds)
{
    struct bulla_error ignored = { 0 };

    if (bl_cache_hold(work->g->cache, subject, why, bl_clock_now_s() + seconds, &ignored) !=
        BULLA_OK)
        bulla_error_clear(&ignored);
}

/* True if there was enough left to wait; else the host is left alone for that long. */
static bool
wait_for(struct work *work, size_t i, unsigned retry_after_s)
{
    const unsigned wait_s = retry_after_s > 0 ? retry_after_s : WAIT_S;
    char subject[SUBJECT_SIZE];

    if (wait_s <= work->g->wait_s - work->waited_s) {
        work->waited_s += wait_s;
        work->g->sleep_ms(1000 * wait_s);
        return true;
    }
    write_subject(&work->g->items[i].endpoint, subject);
    hold(work, subject, BL_HOLD_BUSY, wait_s);
    return false;
}

static enum bulla_status
fetch(struct work *work, size_t i, const struct bl_source_place *place,
      struct bl_collateral **piece_out, struct bulla_error *err)
{
    const struct bl_collateral_name *name = &work->wants->items[i];
    enum bulla_status status = BULLA_OK;
    struct bulla_error failure = { 0 };

    for (size_t times = 1; times <= TRY_COUNT_MAX; times++) {
        unsigned retry_after_s = 0;
        bulla_error_clear(&failure);
        status = bl_source_fetch(&work->g->sources, place, name, work->set, piece_out,
                                 &retry_after_s, &failure);
        if (failure.cause != BULLA_CAUSE_SOURCE_BUSY || times == TRY_COUNT_MAX ||
            !wait_for(work, i, retry_after_s))
            break;
    }
    if (failure.cause == BULLA_CAUSE_NOT_FOUND)
        hold(work, name->text, BL_HOLD_ABSENT, ABSENT_HOLD_S);
    if (status != BULLA_OK && err != NULL)
        *err = failure;
    return status;
}

static enum bulla_status
ask(struct work *work, size_t i, struct bl_source_place *place, struct bulla_error *err)
{
    const struct bl_collateral_name *name = &work->wants->items[i];
    BL_AUTO_FREE(bl_collateral) piece = NULL;

    BL_TRY(bl_source_find(&work->g->sources, name, place, err));
    work->g->items[i].endpoint = place->endpoint;
    BL_TRY(check_holds(work, i, err));
    if (work->g->tell != NULL)
        work->g->tell(name);
    BL_TRY(fetch(work, i, place, &piece, err));
    BL_TRY(follow(work, piece, err));
    piece->fetched_s = work->g->trust.now_s;
    work->before[i] = bl_collateral_set_take(work->set, name);
    work->has_come[i] = true;
    return bl_collateral_set_put(work->set, &piece, err);
}

static void
ask_for(struct work *work, size_t i)
{
    BL_AUTO(bl_source_place) place = { 0 };
    struct bl_gathered *item = &work->g->items[i];

    if (item->how == BL_GATHERED_FRESH)
        return;
    if (ask(work, i, &place, &item->failure) != BULLA_OK)
        item->how = BL_GATHERED_FAILED;
}

/* -- keeping ------------------------------------------------------------------------------------- */

static void
take_back(struct work *work, size_t i)
{
    bl_collateral_free(bl_collateral_set_take(work->set, &work->wants->items[i]));
    /* There is room where one was taken out. */
    if (work->before[i] != NULL &&
        bl_collateral_set_put(work->set, &work->before[i], NULL) != BULLA_OK)
        work->was_good[i] = false;
}

static enum bulla_status
keep(struct work *work, size_t i, struct bl_gathered *item)
{
    const struct bl_collateral *piece = bl_collateral_find(work->set, &work->wants->items[i]);
    struct bl_collateral_facts facts = { 0 };

    BL_TRY(bl_collateral_verify(piece, work->set, &work->g->trust, &facts, &item->failure));
    if (work->was_good[i] && facts.issued_s < work->before_facts[i].issued_s &&
        !work->g->may_go_back) {
        item->how = BL_GATHERED_NEWER;
        return BULLA_OK;
    }
    BL_TRY(bl_cache_put(work->g->cache, piece, &facts, work->g->may_go_back, &item->failure));
    item->how = BL_GATHERED_FETCHED;
    return BULLA_OK;
}

static void
settle(struct work *work, size_t i)
{
    struct bl_gathered *item = &work->g->items[i];

    if (!work->has_come[i])
        return;
    if (keep(work, i, item) != BULLA_OK || item->how == BL_GATHERED_NEWER)
        take_back(work, i);
}

/* ------------------------------------------------------------------------------------------------ */

/* Lists and issuers' chains before what is verified with them. */
static bool
comes_first(const struct bl_collateral_name *name)
{
    switch (name->kind) {
    case BL_COLLATERAL_ROOT_CRL:
    case BL_COLLATERAL_AMD_CRL:
        return true;
    case BL_COLLATERAL_AMD_CHAIN:
    case BL_COLLATERAL_PCK_CRL:
    case BL_COLLATERAL_TCB_INFO:
    case BL_COLLATERAL_QE_IDENTITY:
    case BL_COLLATERAL_VCEK:
    case BL_COLLATERAL_ISSUER:
    case BL_COLLATERAL_ISSUER_CRL:
    case BL_COLLATERAL_NONE:
        break;
    }
    return false;
}

static void
settle_all(struct work *work)
{
    for (size_t i = 0; i < work->wants->count; i++)
        if (comes_first(&work->wants->items[i]))
            settle(work, i);
    for (size_t i = 0; i < work->wants->count; i++)
        if (!comes_first(&work->wants->items[i]))
            settle(work, i);
}

/* The list of Intel's root is asked for last: its issuer's certificate comes with the others. */
static void
ask_for_all(struct work *work)
{
    for (size_t i = 0; i < work->wants->count; i++)
        if (work->wants->items[i].kind != BL_COLLATERAL_ROOT_CRL)
            ask_for(work, i);
    for (size_t i = 0; i < work->wants->count; i++)
        if (work->wants->items[i].kind == BL_COLLATERAL_ROOT_CRL)
            ask_for(work, i);
}

enum bulla_status
bl_gather(struct bl_gathering *gathering, struct bl_wants *wants, struct bulla_error *err)
{
    BL_AUTO_FREE(work) work = bl_alloc(1, sizeof *work);

    if (work == NULL || (work->set = bl_collateral_set_new()) == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    work->g = gathering;
    work->wants = wants;
    memset(gathering->items, 0, sizeof gathering->items);
    for (size_t i = 0; i < wants->count; i++) /* which grows by what follows from the cached ones */
        BL_TRY(load_one(work, i, err));
    for (size_t i = 0; i < wants->count; i++)
        look_at(work, i);
    ask_for_all(work);
    settle_all(work);
    for (size_t i = 0; i < wants->count; i++) /* by the lists as they are now */
        gathering->items[i].is_kept = is_good(work, i, &gathering->items[i].facts);
    return BULLA_OK;
}
