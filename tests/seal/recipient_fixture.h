/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/seal/recipient_fixture.h: a recipient, somebody else beside him, and what unsealing says.
 */
#ifndef TESTS_SEAL_RECIPIENT_FIXTURE_H
#define TESTS_SEAL_RECIPIENT_FIXTURE_H

#include "seal_fixture.h"

static const struct bl_unseal_requirements no_demands = { .now_s = NOW_S };

/* One recipient and, beside him, somebody else whose slot is never opened here. */
struct recipient {
    struct bl_key *key;
    struct bl_key *other;
    const struct bl_key *identities[1];
    struct bl_slot_request slots[2];
    struct bl_seal_request request;
    struct bl_opener opener;
};

static inline int
set_up(void **state)
{
    static struct recipient f;

    f.key = new_key(BL_KEY_X25519);
    f.other = new_key(BL_KEY_P256);
    f.identities[0] = f.key;
    f.slots[0] = recipient_slot(f.key);
    f.slots[1] = recipient_slot(f.other);
    f.slots[1].label = "spare";
    f.request = request_for(f.slots, 2);
    f.opener = opener_of(f.identities, 1, NULL);
    *state = &f;
    return 0;
}

static inline int
tear_down(void **state)
{
    struct recipient *f = *state;

    bl_key_free(f->key);
    bl_key_free(f->other);
    return 0;
}

static inline void
seal_text(const struct recipient *f, const char *text, struct bulla_buffer *blob)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_seal_bytes(&f->request, &f->opener, text_bytes(text), blob, &err), &err);
}

static inline enum bulla_cause
cause_of(const struct recipient *f, struct bulla_bytes blob,
         const struct bl_unseal_requirements *demands)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };
    enum bulla_status status = bl_unseal_bytes(demands, &f->opener, blob, &opened, &err);

    assert_int_equal(status, err.status);
    if (status != BULLA_OK) {
        assert_null(opened.data);
        assert_non_null(err.what);
    }
    return err.cause;
}

#endif
