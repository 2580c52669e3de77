/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/collateral/pieces.h: pieces of collateral made of bytes that a test has.
 */
#ifndef TESTS_COLLATERAL_PIECES_H
#define TESTS_COLLATERAL_PIECES_H

#include "unit.h"

#include "collateral/object.h"

static inline struct bl_collateral_name
named(const char *text)
{
    struct bulla_error err = { 0 };
    struct bl_collateral_name name;

    assert_ok(bl_collateral_name_parse(text_bytes(text), &name, &err), &err);
    return name;
}

static inline struct bl_collateral *
piece_of(const char *name, struct bulla_bytes body, struct bulla_bytes issuers)
{
    struct bl_collateral *piece = bl_alloc(1, sizeof *piece);
    struct bulla_error err = { 0 };

    assert_non_null(piece);
    piece->name = named(name);
    piece->fetched_s = 1800000000;
    assert_ok(bulla_buffer_append(&piece->body, body, &err), &err);
    assert_ok(bulla_buffer_append(&piece->issuers, issuers, &err), &err);
    return piece;
}

/* Into the set, in place of one of the same name. */
static inline void
put_piece(struct bl_collateral_set *set, const char *name, struct bulla_bytes body,
          struct bulla_bytes issuers)
{
    struct bl_collateral *piece = piece_of(name, body, issuers);
    struct bulla_error err = { 0 };

    assert_ok(bl_collateral_set_put(set, &piece, &err), &err);
}

static inline const struct bl_collateral *
piece_named(const struct bl_collateral_set *set, const char *name)
{
    const struct bl_collateral_name wanted = named(name);
    const struct bl_collateral *piece = bl_collateral_find(set, &wanted);

    assert_non_null(piece);
    return piece;
}

static inline void
drop_piece(struct bl_collateral_set *set, const char *name)
{
    const struct bl_collateral_name wanted = named(name);

    bl_collateral_free(bl_collateral_set_take(set, &wanted));
}

#endif
