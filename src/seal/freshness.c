/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/freshness.h"

#include <string.h>

#include "base/memory.h"

static const char where[] = "freshness of the sealed blob";

static bool
is_id(const uint8_t pinned[BL_TPM_PIN_ID_SIZE], const struct bl_freshness_anchor *anchor)
{
    return memcmp(pinned, anchor->id, BL_TPM_PIN_ID_SIZE) == 0;
}

enum bl_freshness_verdict
bl_freshness_judge(const struct bl_freshness_anchor *anchor, uint64_t counter,
                   const struct bl_tpm_pin *pin)
{
    if (anchor->value < counter)
        return BL_FRESHNESS_OLD;
    if (anchor->value - counter > 1)
        return BL_FRESHNESS_AHEAD;
    if (pin->value == anchor->value && is_id(pin->id, anchor))
        return anchor->value == counter ? BL_FRESHNESS_CURRENT : BL_FRESHNESS_PENDING;
    if (anchor->value == counter && pin->value == counter + 1 && is_id(pin->previous, anchor))
        return BL_FRESHNESS_CURRENT; /* another was published, and is not counted yet */
    return BL_FRESHNESS_ABANDONED;
}

/* -- looking ----------------------------------------------------------------------------------- */

struct line {
    uint64_t counter;
    struct bl_tpm_pin pin;
};

static enum bulla_status
missing(enum bulla_status status, const struct bulla_error *reason, struct bulla_error *err)
{
    if (status == BULLA_E_NOT_FOUND || status == BULLA_E_EXISTS)
        return bulla_fail_cause(err, BULLA_CAUSE_COUNTER_MISSING, where,
                                "this TPM does not have the counter of its line");
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = *reason;
    return status;
}

static enum bulla_status
read_line(struct bl_tpm *tpm, uint32_t index, struct line *out, struct bulla_error *err)
{
    struct bulla_error reason = { 0 };
    enum bulla_status status = bl_tpm_counter_read(tpm, index, &out->counter, &reason);

    BL_TRY(missing(status, &reason, err));
    status = bl_tpm_pin_read(tpm, index + 1, &out->pin, &reason);
    return missing(status, &reason, err);
}

/* The index is the counter that the blob names, by its Name. */
static enum bulla_status
check_name(const struct bl_freshness_anchor *anchor, struct bl_tpm *tpm, struct bulla_error *err)
{
    struct bulla_error reason = { 0 };
    struct bl_tpm_name name;
    enum bulla_status status = bl_tpm_nv_name(tpm, anchor->nv_index, &name, &reason);

    BL_TRY(missing(status, &reason, err));
    if (!bl_equal((struct bulla_bytes){ name.bytes, name.size },
                  (struct bulla_bytes){ anchor->nv_name.bytes, anchor->nv_name.size }))
        return missing(BULLA_E_NOT_FOUND, &reason, err);
    return BULLA_OK;
}

enum bulla_status
bl_freshness_look(const struct bl_freshness_anchor *anchor, struct bl_tpm *tpm,
                  enum bl_freshness_verdict *verdict_out, uint64_t *counter_out,
                  struct bulla_error *err)
{
    struct line line;

    BL_TRY(check_name(anchor, tpm, err));
    BL_TRY(read_line(tpm, anchor->nv_index, &line, err));
    *verdict_out = bl_freshness_judge(anchor, line.counter, &line.pin);
    *counter_out = line.counter;
    return BULLA_OK;
}

static enum bulla_status
refuse(enum bulla_cause cause, const char *what, const struct bl_freshness_anchor *anchor,
       uint64_t counter, struct bulla_error *err)
{
    enum bulla_status status = bulla_fail_cause(err, cause, where, what);

    bulla_error_values(err, bulla_value_number(anchor->value), bulla_value_number(counter));
    return status;
}

static enum bulla_status
check_anchor(const struct bl_freshness_anchor *anchor, struct bl_tpm *tpm, struct bulla_error *err)
{
    enum bl_freshness_verdict verdict = BL_FRESHNESS_OLD;
    uint64_t counter = 0;

    BL_TRY(bl_freshness_look(anchor, tpm, &verdict, &counter, err));
    switch (verdict) {
    case BL_FRESHNESS_CURRENT:
        return BULLA_OK;
    case BL_FRESHNESS_PENDING:
        return bl_tpm_counter_increment(tpm, anchor->nv_index, &counter, err);
    case BL_FRESHNESS_OLD:
        return refuse(BULLA_CAUSE_ROLLED_BACK, "a newer one was sealed", anchor, counter, err);
    case BL_FRESHNESS_ABANDONED:
        return refuse(BULLA_CAUSE_ROLLED_BACK, "another took its place before it was complete",
                      anchor, counter, err);
    case BL_FRESHNESS_AHEAD:
        break;
    }
    return refuse(BULLA_CAUSE_COUNTER_BEHIND, "the counter was never so high", anchor, counter,
                  err);
}

enum bulla_status
bl_freshness_demand(const struct bl_freshness_anchor *anchor,
                    const struct bl_unseal_requirements *requirements, struct bl_tpm *tpm,
                    struct bulla_error *err)
{
    if (anchor->kind == 0 && requirements->require_fresh)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_FRESHNESS, where, "it has no anchor");
    if (anchor->kind == 0 || (requirements->allow_stale && !requirements->require_fresh))
        return BULLA_OK;
    if (anchor->kind != BL_FRESHNESS_TPM)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "unknown kind of anchor", anchor->kind);
    if (tpm == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_FRESHNESS, where,
                                "there is no TPM here to ask for its counter");
    return check_anchor(anchor, tpm, err);
}

/* -- writing ----------------------------------------------------------------------------------- */

enum bulla_status
bl_freshness_define(struct bl_tpm *tpm, uint32_t *index_out, struct bulla_error *err)
{
    for (uint32_t index = BL_FRESHNESS_INDEX_FIRST; index <= BL_FRESHNESS_INDEX_LAST; index += 2) {
        struct bulla_error reason = { 0 };
        struct bl_tpm_name name;
        enum bulla_status status = bl_tpm_nv_name(tpm, index, &name, &reason);
        if (status == BULLA_OK)
            continue;
        if (status != BULLA_E_NOT_FOUND) {
            if (err != NULL && err->status == BULLA_OK)
                *err = reason;
            return status;
        }
        BL_TRY(bl_tpm_pin_define(tpm, index + 1, err)); /* a counter that is there has its pin */
        BL_TRY(bl_tpm_counter_define(tpm, index, err));
        *index_out = index;
        return BULLA_OK;
    }
    return bulla_fail(err, BULLA_E_NOT_FOUND, where, "no index is free for another counter", 0);
}

enum bulla_status
bl_freshness_begin(struct bl_tpm *tpm, uint32_t index, const struct bl_freshness_anchor *in_place,
                   const struct bl_entropy *entropy, struct bl_freshness_anchor *anchor_out,
                   struct bulla_error *err)
{
    struct bl_freshness_anchor anchor = { .kind = BL_FRESHNESS_TPM, .nv_index = index };
    struct line line;

    BL_TRY(read_line(tpm, index, &line, err));
    if (in_place->kind == BL_FRESHNESS_TPM && in_place->nv_index == index &&
        bl_freshness_judge(in_place, line.counter, &line.pin) == BL_FRESHNESS_PENDING)
        BL_TRY(bl_tpm_counter_increment(tpm, index, &line.counter, err));
    BL_TRY(bl_tpm_nv_name(tpm, index, &anchor.nv_name, err));
    BL_TRY(bl_entropy_fill(entropy, anchor.id, sizeof anchor.id, err));
    anchor.value = line.counter + 1;
    *anchor_out = anchor;
    return BULLA_OK;
}

enum bulla_status
bl_freshness_publish(struct bl_tpm *tpm, const struct bl_freshness_anchor *anchor,
                     struct bulla_error *err)
{
    struct bl_tpm_pin next = { .value = anchor->value };
    struct line line;

    BL_TRY(read_line(tpm, anchor->nv_index, &line, err));
    if (line.counter + 1 != anchor->value)
        return bulla_fail(err, BULLA_E_BUSY, where, "somebody else sealed under its counter", 0);
    memcpy(next.id, anchor->id, sizeof next.id);
    /* the one that counts now: what was published and not counted is left behind */
    if (line.pin.value == line.counter)
        memcpy(next.previous, line.pin.id, sizeof next.previous);
    else if (line.pin.value == anchor->value)
        memcpy(next.previous, line.pin.previous, sizeof next.previous);
    return bl_tpm_pin_write(tpm, anchor->nv_index + 1, &next, err);
}

enum bulla_status
bl_freshness_commit(struct bl_tpm *tpm, const struct bl_freshness_anchor *anchor,
                    struct bulla_error *err)
{
    enum bl_freshness_verdict verdict = BL_FRESHNESS_OLD;
    uint64_t counter = 0;

    BL_TRY(bl_freshness_look(anchor, tpm, &verdict, &counter, err));
    if (verdict == BL_FRESHNESS_PENDING)
        return bl_tpm_counter_increment(tpm, anchor->nv_index, &counter, err);
    if (verdict == BL_FRESHNESS_CURRENT) /* somebody opened it meanwhile */
        return BULLA_OK;
    return bulla_fail(err, BULLA_E_BUSY, where, "somebody else sealed under its counter", 0);
}
