/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/scheme_fixture.h: what every scheme has to hold to, whatever its evidence looks like: a
 * refusal claims nothing, every change is refused, and memory may fail at any time.
 */
#ifndef TESTS_TEE_SCHEME_FIXTURE_H
#define TESTS_TEE_SCHEME_FIXTURE_H

#include "faults.h"
#include "tee/scheme.h"

/** Verify; a refusal leaves not a byte of the claims. */
static inline enum bulla_status
scheme_verify(const char *kind, const struct bl_verification *v, struct bl_claims *claims,
              struct bulla_error *err)
{
    struct bl_claims before;

    memset(&before, 0x5a, sizeof before);
    memcpy(claims, &before, sizeof before);
    enum bulla_status status = bl_scheme_find_verifier(kind)->verify(v, claims, err);
    if (status != BULLA_OK)
        assert_memory_equal(claims, &before, sizeof before);
    return status;
}

static inline void
assert_scheme_takes(const char *kind, const struct bl_verification *v)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims;

    assert_ok(scheme_verify(kind, v, &claims, &err), &err);
    assert_string_equal(claims.kind, kind);
}

static inline void
assert_scheme_refuses(const char *kind, const struct bl_verification *v, enum bulla_cause cause)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims;

    assert_cause(scheme_verify(kind, v, &claims, &err), cause, &err);
}

/** One bit of each byte is another, and each end is missing; nobody asks for a nonce. */
static inline void
assert_scheme_refuses_changes(const char *kind, struct bl_verification v,
                              struct bulla_buffer *evidence)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims;

    v.binding = BL_BINDING_ABSENT;
    v.evidence = bulla_buffer_bytes(evidence);
    assert_scheme_takes(kind, &v);
    for (size_t i = 0; i < evidence->size; i++) {
        evidence->data[i] ^= (uint8_t)(1U << i % 8);
        bulla_error_clear(&err);
        assert_int_not_equal(scheme_verify(kind, &v, &claims, &err), BULLA_OK);
        assert_true(bulla_status_is_finding(err.status));
        evidence->data[i] ^= (uint8_t)(1U << i % 8);
    }
    for (v.evidence.size = 0; v.evidence.size < evidence->size; v.evidence.size++)
        assert_fails(scheme_verify(kind, &v, &claims, &err), BULLA_E_MALFORMED, &err);
}

/** A byte more is refused; it stays appended. */
static inline void
assert_scheme_refuses_more(const char *kind, struct bl_verification v,
                           struct bulla_buffer *evidence)
{
    struct bulla_error err = { 0 };
    struct bl_claims claims;

    v.binding = BL_BINDING_ABSENT;
    assert_ok(bulla_buffer_append(evidence, BL_LITERAL("\0"), &err), &err);
    v.evidence = bulla_buffer_bytes(evidence);
    assert_fails(scheme_verify(kind, &v, &claims, &err), BULLA_E_MALFORMED, &err);
}

/** What the scheme shows of evidence, as a JSON object. */
static inline enum bulla_status
scheme_describe(const char *kind, const struct bl_verification *v, struct bulla_buffer *text,
                struct bulla_error *err)
{
    struct bl_json_writer j = bl_json_writer(text);

    bl_json_open_object(&j, NULL);
    BL_TRY(bl_scheme_find(kind)->describe(v, &j, err));
    bl_json_close(&j);
    return bl_json_finish(&j, err);
}

/** The same as a C string, in place of what `text` held. */
static inline const char *
scheme_text(const char *kind, const struct bl_verification *v, struct bulla_buffer *text)
{
    struct bulla_error err = { 0 };

    bulla_buffer_clear(text);
    assert_ok(scheme_describe(kind, v, text, &err), &err);
    assert_ok(bulla_buffer_append(text, BL_LITERAL("\0"), &err), &err);
    return (const char *)text->data;
}

struct scheme_call {
    const char *kind;
    const struct bl_verification *v;
};

static inline enum bulla_status
scheme_verify_and_describe(const void *context, struct bulla_error *err)
{
    const struct scheme_call *call = context;
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bl_claims claims;

    BL_TRY(scheme_verify(call->kind, call->v, &claims, err));
    return scheme_describe(call->kind, call->v, &text, err);
}

/** Each allocation fails in turn; there are more than `count_min`. */
static inline void
assert_scheme_survives_no_memory(const char *kind, const struct bl_verification *v,
                                 uint64_t count_min)
{
    const struct scheme_call call = { kind, v };

    assert_true(fail_each(BL_FAULT_MEMORY, BULLA_E_MEMORY, scheme_verify_and_describe, &call) >
                count_min);
}

#endif
