/* SPDX-License-Identifier: Apache-2.0 */
#include "seal_fixture.h"

static const struct bl_unseal_requirements no_demands = { .now_s = NOW_S };

static void
round_trip(const struct bl_seal_request *request, const struct bl_opener *opener,
           struct bulla_bytes plaintext)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };

    assert_ok(bl_seal_bytes(request, opener, plaintext, &blob, &err), &err);
    assert_ok(bl_unseal_bytes(&no_demands, opener, bulla_buffer_bytes(&blob), &opened, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&opened), plaintext);
}

static void
every_size_through_files_and_memory(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        0, 1, 16383, 16384, 16385, 49152, (1 << 20) - 1, 1 << 20, (1 << 20) + 1
    };
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_X25519);
    const struct bl_key *const identities[] = { key };
    const struct bl_slot_request slot = recipient_slot(key);
    const struct bl_seal_request request = request_for(&slot, 1);
    const struct bl_opener opener = opener_of(identities, 1, NULL);

    for (size_t i = 0; i < BL_COUNT_OF(sizes); i++) {
        struct bulla_error err = { 0 };
        BL_AUTO(bl_secret) plaintext = { 0 };
        BL_AUTO(bulla_buffer) got = { 0 };
        assert_ok(bl_secret_new(&plaintext, sizes[i], &err), &err);
        fill_pattern(plaintext.data, sizes[i]);
        round_trip(&request, &opener, bl_secret_bytes(&plaintext));

        int in = file_of(bl_secret_bytes(&plaintext));
        int sealed = file_of((struct bulla_bytes){ NULL, 0 });
        int out = file_of((struct bulla_bytes){ NULL, 0 });
        assert_ok(bl_seal_stream(&request, &opener, in, sealed, &err), &err);
        assert_int_equal(lseek(sealed, 0, SEEK_SET), 0);
        assert_ok(bl_unseal_stream(&no_demands, &opener, sealed, out, &err), &err);
        read_back(out, &got);
        assert_bytes_equal(bulla_buffer_bytes(&got), bl_secret_bytes(&plaintext));
        close(in);
        close(sealed);
        close(out);
    }
}

static void
every_kind_of_recipient(void **state)
{
    (void)state;
    static const enum bl_key_kind kinds[] = { BL_KEY_X25519, BL_KEY_P256, BL_KEY_P384 };

    for (size_t i = 0; i < BL_COUNT_OF(kinds); i++) {
        BL_AUTO_FREE(bl_key) key = new_key(kinds[i]);
        const struct bl_key *const identities[] = { key };
        const struct bl_slot_request slot = recipient_slot(key);
        const struct bl_seal_request request = request_for(&slot, 1);
        const struct bl_opener opener = opener_of(identities, 1, NULL);
        round_trip(&request, &opener, text_bytes("a secret"));
    }
}

static void
a_passphrase_is_asked_for_once(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    const struct bl_slot_request slots[] = { passphrase_slot("first"), passphrase_slot("second") };
    const struct bl_seal_request request = request_for(slots, 2);
    struct person person = { .passphrase = "second" };
    const struct bl_opener opener = opener_of(NULL, 0, &person);
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };

    assert_ok(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err), &err);
    assert_int_equal(person.asked_count, 0); /* sealing has them in the request */
    assert_ok(bl_unseal_bytes(&no_demands, &opener, bulla_buffer_bytes(&blob), &opened, &err),
              &err);
    assert_int_equal(person.asked_count, 1);
}

static void
nobody_is_asked_when_a_key_opens(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_X25519);
    const struct bl_key *const identities[] = { key };
    const struct bl_slot_request slots[] = { passphrase_slot("p"), recipient_slot(key) };
    const struct bl_seal_request request = request_for(slots, 2);
    struct person person = { .passphrase = "p" };
    const struct bl_opener opener = opener_of(identities, 1, &person);

    round_trip(&request, &opener, text_bytes("x"));
    assert_int_equal(person.asked_count, 0);
}

/* 2 of 3 recipients, or one recipient together with a passphrase. */
static void
trees_of_slots(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) a = new_key(BL_KEY_X25519);
    BL_AUTO_FREE(bl_key) b = new_key(BL_KEY_P256);
    BL_AUTO_FREE(bl_key) c = new_key(BL_KEY_X25519);
    const struct bl_slot_request slots[] = { recipient_slot(a), recipient_slot(b),
                                             recipient_slot(c) };
    const struct bl_tree leaves[] = { { .slot = 0 }, { .slot = 1 }, { .slot = 2 } };
    const struct bl_tree tree = {
        .kind = BL_TREE_THRESHOLD, .threshold = 2, .children = leaves, .child_count = 3
    };
    struct bl_seal_request request = request_for(slots, 3);
    const struct bl_key *const two[] = { a, c };
    const struct bl_key *const one[] = { b };
    const struct bl_opener pair = opener_of(two, 2, NULL), single = opener_of(one, 1, NULL);
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };

    request.tree = &tree;
    round_trip(&request, &pair, text_bytes("shared"));
    assert_ok(bl_seal_bytes(&request, &single, text_bytes("shared"), &blob, &err), &err);
    assert_cause(bl_unseal_bytes(&no_demands, &single, bulla_buffer_bytes(&blob), &opened, &err),
                 BULLA_CAUSE_WRONG_RECIPIENT, &err);
    assert_null(opened.data);
}

static void
nobody_is_asked_when_it_cannot_help(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_X25519);
    BL_AUTO_FREE(bl_key) other = new_key(BL_KEY_X25519);
    const struct bl_slot_request slots[] = { passphrase_slot("p"), recipient_slot(key) };
    const struct bl_tree leaves[] = { { .slot = 0 }, { .slot = 1 } };
    const struct bl_tree tree = { .kind = BL_TREE_ALL, .children = leaves, .child_count = 2 };
    struct bl_seal_request request = request_for(slots, 2);
    struct person person = { .passphrase = "p" };
    const struct bl_key *const right[] = { key };
    const struct bl_key *const wrong[] = { other };
    const struct bl_opener good = opener_of(right, 1, &person);
    const struct bl_opener bad = opener_of(wrong, 1, &person);
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };

    request.tree = &tree;
    assert_ok(bl_seal_bytes(&request, &good, text_bytes("x"), &blob, &err), &err);
    assert_cause(bl_unseal_bytes(&no_demands, &bad, bulla_buffer_bytes(&blob), &opened, &err),
                 BULLA_CAUSE_WRONG_RECIPIENT, &err);
    assert_int_equal(person.asked_count, 0);
    assert_ok(bl_unseal_bytes(&no_demands, &good, bulla_buffer_bytes(&blob), &opened, &err), &err);
    assert_int_equal(person.asked_count, 1);
}

/* The rule is checked before anything is asked of a TPM, so none is needed here. */
static void
hardware_alone_needs_a_clear_word(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_X25519);
    struct bl_slot_request slots[] = { { .type = BL_SLOT_TPM2 }, recipient_slot(key) };
    const struct bl_tree leaves[] = { { .slot = 0 }, { .slot = 1 } };
    const struct bl_tree both = { .kind = BL_TREE_ALL, .children = leaves, .child_count = 2 };
    struct bl_seal_request request = request_for(slots, 2);
    const struct bl_opener opener = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };

    /* a recipient that is not marked is not a recovery */
    assert_cause(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err),
                 BULLA_CAUSE_NO_RECOVERY_CHOSEN, &err);
    slots[1].is_recovery = true;
    assert_cause(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err), BULLA_CAUSE_NO_TPM,
                 &err);
    request.tree = &both; /* needed together with the hardware it recovers nothing */
    assert_cause(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err),
                 BULLA_CAUSE_NO_RECOVERY_CHOSEN, &err);
    request.allow_no_recovery = true;
    assert_cause(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err), BULLA_CAUSE_NO_TPM,
                 &err);
    request = request_for(slots, 1); /* hardware that calls itself a recovery */
    slots[0].is_recovery = true;
    assert_cause(bl_seal_bytes(&request, &opener, text_bytes("x"), &blob, &err),
                 BULLA_CAUSE_NO_RECOVERY_CHOSEN, &err);
    assert_int_equal(blob.size, 0);
}

static void
expect_refused(const struct bl_seal_request *request, enum bulla_status status)
{
    struct bulla_error err = { 0 };
    const struct bl_opener opener = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };

    assert_fails(bl_seal_bytes(request, &opener, text_bytes("x"), &blob, &err), status, &err);
    assert_int_equal(blob.size, 0);
}

static void
what_cannot_be_asked_for(void **state)
{
    (void)state;
    char long_name[257];
    BL_AUTO_FREE(bl_key) signing = new_key(BL_KEY_ED25519);
    struct bl_slot_request slots[BL_SLOT_COUNT_MAX + 1];
    for (size_t i = 0; i < BL_COUNT_OF(slots); i++)
        slots[i] = passphrase_slot("p");
    const struct bl_seal_request good = request_for(slots, 1);
    struct bl_seal_request request = good;

    memset(long_name, 'n', sizeof long_name - 1);
    long_name[256] = 0;
    request.name = NULL;
    expect_refused(&request, BULLA_E_USAGE);
    request.name = "";
    expect_refused(&request, BULLA_E_USAGE);
    request.name = long_name;
    expect_refused(&request, BULLA_E_USAGE);
    request.name = "\xc3";
    expect_refused(&request, BULLA_E_USAGE);
    request = good;
    request.created_s = 0;
    expect_refused(&request, BULLA_E_ARGUMENT);
    request = good;
    request.not_after_s = -1;
    expect_refused(&request, BULLA_E_ARGUMENT);
    request = good;
    request.slot_count = 0;
    expect_refused(&request, BULLA_E_ARGUMENT);
    request.slot_count = BL_SLOT_COUNT_MAX + 1;
    expect_refused(&request, BULLA_E_ARGUMENT);
    request.slot_count = 9; /* nine passphrases would be more than an unsealing tries */
    expect_refused(&request, BULLA_E_LIMIT);

    const struct bl_slot_request bad[] = {
        { .type = BL_SLOT_OPTEE },
        passphrase_slot(""),
        { .type = BL_SLOT_HPKE },
        recipient_slot(signing),
        { .type = BL_SLOT_PASSPHRASE, .passphrase = text_bytes("p"), .label = "\xff" },
    };
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++) {
        request = request_for(&bad[i], 1);
        request.allow_no_recovery = true;
        expect_refused(&request, BULLA_E_USAGE);
    }
    slots[0].scrypt_log_n = 13;
    expect_refused(&good, BULLA_E_LIMIT);
    slots[0].scrypt_log_n = 21;
    expect_refused(&good, BULLA_E_LIMIT);
}

/* The n-th failure of every kind: an error, nothing appended, nothing half opened. */
static void
every_failure_of_the_world(void **state)
{
    (void)state;
    static const enum bl_fault kinds[] = { BL_FAULT_MEMORY, BL_FAULT_RANDOM };
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_X25519);
    BL_AUTO_FREE(bl_key) other = new_key(BL_KEY_P256);
    const struct bl_key *const identities[] = { key, other };
    const struct bl_slot_request slots[] = { recipient_slot(key), recipient_slot(other) };
    const struct bl_tree leaves[] = { { .slot = 0 }, { .slot = 1 } };
    const struct bl_tree tree = {
        .kind = BL_TREE_THRESHOLD, .threshold = 2, .children = leaves, .child_count = 2
    };
    struct bl_seal_request request = request_for(slots, 2);
    const struct bl_opener opener = opener_of(identities, 2, NULL);
    BL_AUTO(bulla_buffer) good = { 0 };
    struct bulla_error err = { 0 };

    request.tree = &tree;
    assert_ok(bl_seal_bytes(&request, &opener, text_bytes("secret"), &good, &err), &err);
    for (size_t k = 0; k < BL_COUNT_OF(kinds); k++) {
        bool reached = true;
        for (uint64_t nth = 1; reached; nth++) {
            BL_AUTO(bulla_buffer) blob = { 0 };
            bulla_error_clear(&err);
            bl_fault_arm(kinds[k], nth, false);
            enum bulla_status status =
                bl_seal_bytes(&request, &opener, text_bytes("secret"), &blob, &err);
            reached = bl_fault_disarm();
            assert_int_equal(status != BULLA_OK, reached);
            assert_int_equal(err.status, status);
            if (status != BULLA_OK)
                assert_int_equal(blob.size, 0);
        }
    }
    bool reached = true;
    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bl_secret) opened = { 0 };
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status status =
            bl_unseal_bytes(&no_demands, &opener, bulla_buffer_bytes(&good), &opened, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status != BULLA_OK, reached);
        if (status != BULLA_OK)
            assert_null(opened.data);
        assert_true(status == BULLA_OK || status == BULLA_E_MEMORY);
    }
}

static void
every_failure_of_a_file(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_X25519);
    const struct bl_key *const identities[] = { key };
    const struct bl_slot_request slot = recipient_slot(key);
    const struct bl_seal_request request = request_for(&slot, 1);
    const struct bl_opener opener = opener_of(identities, 1, NULL);
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        struct bulla_error err = { 0 };
        int in = file_of(text_bytes("plaintext")), sealed = file_of(text_bytes(""));
        bl_fault_arm(BL_FAULT_FILE, nth, false);
        enum bulla_status status = bl_seal_stream(&request, &opener, in, sealed, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_IO : BULLA_OK);
        if (!reached) { /* now the same for opening it */
            bool opening_reached = true;
            for (uint64_t m = 1; opening_reached; m++) {
                int out = file_of(text_bytes(""));
                const struct bl_unseal_requirements twice = { .now_s = NOW_S,
                                                              .verify_first = true };
                assert_int_equal(lseek(sealed, 0, SEEK_SET), 0);
                bulla_error_clear(&err);
                bl_fault_arm(BL_FAULT_FILE, m, false);
                status = bl_unseal_stream(&twice, &opener, sealed, out, &err);
                opening_reached = bl_fault_disarm();
                assert_int_equal(status, opening_reached ? BULLA_E_IO : BULLA_OK);
                close(out);
            }
        }
        close(in);
        close(sealed);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_through_files_and_memory),
        cmocka_unit_test(every_kind_of_recipient),
        cmocka_unit_test(a_passphrase_is_asked_for_once),
        cmocka_unit_test(nobody_is_asked_when_a_key_opens),
        cmocka_unit_test(trees_of_slots),
        cmocka_unit_test(nobody_is_asked_when_it_cannot_help),
        cmocka_unit_test(hardware_alone_needs_a_clear_word),
        cmocka_unit_test(what_cannot_be_asked_for),
        cmocka_unit_test(every_failure_of_the_world),
        cmocka_unit_test(every_failure_of_a_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
