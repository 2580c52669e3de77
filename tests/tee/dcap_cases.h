/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/dcap_cases.h: one lie of a platform on paper, or of a stranger, and what comes of it.
 */
#ifndef TESTS_TEE_DCAP_CASES_H
#define TESTS_TEE_DCAP_CASES_H

#include "tee/paper_dcap.h"

#include "appraise/baseline.h"

static const enum paper_kind all_kinds[] = { PAPER_SGX, PAPER_TD10, PAPER_TD15 };

typedef void change(struct paper *p);

/* Claims that were not touched. */
static inline struct bl_claims
marked(void)
{
    struct bl_claims claims;

    memset(&claims, 0x5a, sizeof claims);
    return claims;
}

static inline void
assert_untouched(const struct bl_claims *claims)
{
    struct bl_claims as_before = marked();

    assert_memory_equal(claims, &as_before, sizeof as_before);
}

/* `before` is done by who holds the keys, `after` by anybody. */
static inline void
refuses(enum paper_kind kind, change *before, change *after, enum bulla_cause cause)
{
    struct paper *p = paper_make(kind);
    struct bulla_error err = { 0 };
    struct bl_claims claims = marked();

    if (before != NULL)
        before(p);
    paper_build(p);
    if (after != NULL)
        after(p);
    assert_cause(paper_verify(p, &claims, &err), cause, &err);
    if (cause != BULLA_CAUSE_TCB_NOT_SUPPORTED)
        assert_untouched(&claims);
    paper_free(p);
}

static inline struct bl_claims
accepts(enum paper_kind kind, change *before, change *after)
{
    struct paper *p = paper_make(kind);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    if (before != NULL)
        before(p);
    paper_build(p);
    if (after != NULL)
        after(p);
    assert_ok(paper_verify(p, &claims, &err), &err);
    claims.anchor = NULL; /* it goes with the platform */
    paper_free(p);
    return claims;
}

static inline bool
baseline_accepts(const struct bl_claims *claims)
{
    struct bl_baseline baseline;

    bl_baseline_judge(claims, &baseline);
    return baseline.accepted;
}

static inline bool
has_advisory(const struct bl_claims *claims, const char *name)
{
    for (size_t i = 0; i < claims->tcb.advisory_count; i++)
        if (strcmp(claims->tcb.advisories[i], name) == 0)
            return true;
    return false;
}

static inline bool
is_unchecked(const struct bl_claims *claims, const char *what)
{
    for (size_t i = 0; i < claims->unchecked_count; i++)
        if (strcmp(claims->unchecked[i], what) == 0)
            return true;
    return false;
}

static inline void
without_identity(struct paper *p)
{
    paper_drop(p, "qe_identity");
}

#endif
