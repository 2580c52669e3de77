/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "seal/tree.h"

#define LEAF(i)                           \
    {                                     \
        .kind = BL_TREE_LEAF, .slot = (i) \
    }
#define NODE(k, list)                                                                    \
    {                                                                                    \
        .kind = (k), .children = (list), .child_count = sizeof(list) / sizeof((list)[0]) \
    }

static const struct bl_tree pair_23[] = { LEAF(2), LEAF(3) };
static const struct bl_tree all_over_any[] = { LEAF(0), LEAF(1), NODE(BL_TREE_ANY, pair_23) };
static const struct bl_tree all_tree = NODE(BL_TREE_ALL, all_over_any);
static const struct bl_tree any_over_all[] = { LEAF(0), LEAF(1), NODE(BL_TREE_ALL, pair_23) };
static const struct bl_tree any_tree = NODE(BL_TREE_ANY, any_over_all);
static const struct bl_tree threshold_tree = {
    .kind = BL_TREE_THRESHOLD, .threshold = 2, .children = any_over_all, .child_count = 3
};

/* Whether a set of slots (bit i: slot i) is enough, said once more in another way. */
static bool
enough_for_all(unsigned set)
{
    return (set & 3) == 3 && (set & 12) != 0;
}

static bool
enough_for_any(unsigned set)
{
    return (set & 3) != 0 || (set & 12) == 12;
}

static bool
enough_for_threshold(unsigned set)
{
    return (set & 1) + (set >> 1 & 1) + ((set & 12) == 12) >= 2;
}

static void
set_states(unsigned set, enum bl_slot_state *states)
{
    for (size_t i = 0; i < 4; i++)
        states[i] = (set >> i & 1) != 0 ? BL_SLOT_OPENED : BL_SLOT_FAILED;
}

static void
check_every_set(const struct bl_tree *description, bool (*enough)(unsigned set))
{
    struct bulla_error err = { 0 };
    struct bl_slot_tree tree = { 0 };
    struct bl_secret shares[4] = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    assert_ok(bl_slot_tree_build(description, 4, &tree, &err), &err);
    assert_ok(bl_entropy_secret(&bl_entropy_system, &secret, 32, &err), &err);
    assert_ok(bl_slot_tree_share(&tree, &secret, &bl_entropy_system, shares, &err), &err);
    for (unsigned set = 0; set < 16; set++) {
        enum bl_slot_state states[4];
        BL_AUTO(bl_secret) combined = { 0 };
        set_states(set, states);
        assert_int_equal(bl_slot_tree_is_satisfied(&tree, states), enough(set));
        if (enough(set)) {
            assert_ok(bl_slot_tree_combine(&tree, states, shares, &combined, &err), &err);
            assert_true(bl_equal(bl_secret_bytes(&combined), bl_secret_bytes(&secret)));
        } else {
            assert_fails(bl_slot_tree_combine(&tree, states, shares, &combined, &err),
                         BULLA_E_ARGUMENT, &err);
            assert_null(combined.data);
        }
    }
    bl_shares_done(shares, 4);
}

static void
exactly_the_right_sets_give_the_secret(void **state)
{
    (void)state;
    check_every_set(&all_tree, enough_for_all);
    check_every_set(&any_tree, enough_for_any);
    check_every_set(&threshold_tree, enough_for_threshold);
}

/* No share of an `all` or of a threshold above 1 is the secret. */
static void
a_share_is_not_the_secret(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_slot_tree tree = { 0 };
    struct bl_secret shares[4] = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    assert_ok(bl_entropy_secret(&bl_entropy_system, &secret, 32, &err), &err);
    const struct bl_tree *const trees[] = { &all_tree, &threshold_tree };
    for (size_t t = 0; t < 2; t++) {
        assert_ok(bl_slot_tree_build(trees[t], 4, &tree, &err), &err);
        assert_ok(bl_slot_tree_share(&tree, &secret, &bl_entropy_system, shares, &err), &err);
        for (size_t i = 0; i < 4; i++)
            assert_false(bl_equal(bl_secret_bytes(&shares[i]), bl_secret_bytes(&secret)));
        bl_shares_done(shares, 4);
    }
}

static void
a_slot_is_wanted_only_while_it_helps(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_slot_tree tree = { 0 };
    enum bl_slot_state states[4] = { 0 };

    assert_ok(bl_slot_tree_build(&all_tree, 4, &tree, &err), &err);
    for (size_t i = 0; i < 4; i++)
        assert_true(bl_slot_tree_wants(&tree, states, i));
    states[2] = BL_SLOT_OPENED; /* its sibling under `any` is not needed now */
    assert_false(bl_slot_tree_wants(&tree, states, 3));
    assert_true(bl_slot_tree_wants(&tree, states, 1));
    states[0] = BL_SLOT_FAILED; /* nothing can help any more: nobody is asked for anything */
    assert_false(bl_slot_tree_wants(&tree, states, 1));

    enum bl_slot_state fresh[4] = { 0 };
    assert_ok(bl_slot_tree_build(NULL, 4, &tree, &err), &err);
    fresh[0] = BL_SLOT_FAILED;
    assert_true(bl_slot_tree_wants(&tree, fresh, 1));
    fresh[1] = BL_SLOT_OPENED;
    assert_false(bl_slot_tree_wants(&tree, fresh, 2));
}

static void
one_slot_needs_no_inner_node(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_slot_tree tree = { 0 };

    assert_ok(bl_slot_tree_build(NULL, 1, &tree, &err), &err);
    assert_int_equal(tree.node_count, 1);
    assert_int_equal(tree.nodes[0].kind, BL_TREE_LEAF);
}

static void
nonsense_is_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_slot_tree tree = { 0 };
    const struct bl_tree twice[] = { LEAF(0), LEAF(0) };
    const struct bl_tree beyond[] = { LEAF(0), LEAF(2) };
    const struct bl_tree one[] = { LEAF(0) };
    const struct bl_tree trees[] = {
        NODE(BL_TREE_ANY, twice),
        NODE(BL_TREE_ANY, beyond),
        NODE(BL_TREE_ANY, one), /* slot 1 does not occur */
        { .kind = BL_TREE_ANY, .children = twice, .child_count = 0 },
        { .kind = BL_TREE_THRESHOLD, .threshold = 0, .children = beyond, .child_count = 2 },
        { .kind = BL_TREE_THRESHOLD, .threshold = 3, .children = beyond, .child_count = 2 },
    };

    for (size_t i = 0; i < sizeof trees / sizeof trees[0]; i++)
        assert_fails(bl_slot_tree_build(&trees[i], 2, &tree, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_slot_tree_build(NULL, 0, &tree, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_slot_tree_build(NULL, BL_SLOT_COUNT_MAX + 1, &tree, &err), BULLA_E_ARGUMENT,
                 &err);
}

static void
depth_is_bounded(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_slot_tree tree = { 0 };
    struct bl_tree chain[BL_TREE_DEPTH_MAX + 2] = { 0 };

    for (size_t i = 0; i < BL_TREE_DEPTH_MAX + 1; i++)
        chain[i] =
            (struct bl_tree){ .kind = BL_TREE_ALL, .children = &chain[i + 1], .child_count = 1 };
    assert_fails(bl_slot_tree_build(&chain[0], 1, &tree, &err), BULLA_E_LIMIT, &err);
    assert_ok(bl_slot_tree_build(&chain[1], 1, &tree, &err), &err);
}

static void
without_memory_or_randomness_no_share_stays(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_slot_tree tree = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };
    const enum bl_fault kinds[] = { BL_FAULT_MEMORY, BL_FAULT_RANDOM };

    assert_ok(bl_slot_tree_build(&threshold_tree, 4, &tree, &err), &err);
    assert_ok(bl_entropy_secret(&bl_entropy_system, &secret, 32, &err), &err);
    for (size_t k = 0; k < 2; k++) {
        bool reached = true;
        for (uint64_t nth = 1; reached; nth++) {
            struct bl_secret shares[4] = { 0 };
            bulla_error_clear(&err);
            bl_fault_arm(kinds[k], nth, false);
            enum bulla_status status =
                bl_slot_tree_share(&tree, &secret, &bl_entropy_system, shares, &err);
            reached = bl_fault_disarm();
            assert_int_equal(status != BULLA_OK, reached);
            bl_shares_done(shares, 4);
            assert_true(nth > 1 || reached);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_the_right_sets_give_the_secret),
        cmocka_unit_test(a_share_is_not_the_secret),
        cmocka_unit_test(a_slot_is_wanted_only_while_it_helps),
        cmocka_unit_test(one_slot_needs_no_inner_node),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(without_memory_or_randomness_no_share_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
