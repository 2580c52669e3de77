/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "keys/identity.h"

static const enum bl_key_kind kinds[] = { BL_KEY_X25519, BL_KEY_P256, BL_KEY_P384 };
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

static void
recipient_of(const struct bl_key *key, char *out, size_t size)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_recipient_format(key, &text, &err), &err);
    assert_true(text.size < size);
    memcpy(out, text.data, text.size);
    out[text.size] = '\0';
}

static void
test_both_halves_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        BL_AUTO(bl_secret) file = { 0 };
        BL_AUTO(bl_keyring) identities = { 0 };
        BL_AUTO(bl_keyring) recipients = { 0 };
        struct bulla_error err = { 0 };
        char text[256];
        char again[256];

        assert_ok(bl_key_generate(kinds[i], &key, &err), &err);
        recipient_of(key, text, sizeof text);
        assert_ok(bl_recipient_parse(text_bytes(text), &recipients, &err), &err);
        assert_int_equal(bl_key_kind(recipients.keys[0]), kinds[i]);
        assert_false(bl_key_has_private(recipients.keys[0]));

        assert_ok(bl_identity_format(key, "2026-11-21T21:53:20Z", &file, &err), &err);
        assert_ok(bl_keyring_parse(bl_secret_bytes(&file), &identities, &err), &err);
        assert_int_equal(identities.count, 1);
        assert_true(bl_key_has_private(identities.keys[0]));
        recipient_of(identities.keys[0], again, sizeof again);
        assert_string_equal(text, again);
        recipient_of(recipients.keys[0], again, sizeof again);
        assert_string_equal(text, again);
    }
}

/** Any one character changed, left out or added is refused: nothing is sealed to a slip. */
static void
test_every_slip_is_refused(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bulla_error err = { 0 };
    char text[256];

    assert_ok(bl_key_generate(BL_KEY_X25519, &key, &err), &err);
    recipient_of(key, text, sizeof text);
    size_t size = strlen(text);
    for (size_t at = 0; at < size; at++) {
        BL_AUTO(bl_keyring) ring = { 0 };
        char former = text[at];

        text[at] = former == 'A' ? 'B' : 'A';
        assert_int_not_equal(bl_recipient_parse(text_bytes(text), &ring, NULL), BULLA_OK);
        text[at] = former;
        assert_int_not_equal(
            bl_recipient_parse((struct bulla_bytes){ (uint8_t *)text, at }, &ring, NULL), BULLA_OK);
        assert_int_equal(ring.count, 0);
    }
    BL_AUTO(bl_keyring) ring = { 0 };
    text[size] = 'A';
    text[size + 1] = '\0';
    assert_fails(bl_recipient_parse(text_bytes(text), &ring, &err), BULLA_E_MALFORMED, &err);
}

static void
test_an_identity_is_no_recipient(void **state)
{
    (void)state;
    BL_AUTO(bl_keyring) ring = { 0 };
    struct bulla_error err = { 0 };

    assert_fails(bl_recipient_parse(text_bytes("bulla-secret-x25519:AAAA"), &ring, &err),
                 BULLA_E_MALFORMED, &err);
    assert_fails(bl_recipient_parse(text_bytes("bulla-mlkem768:AAAA"), &ring, &err),
                 BULLA_E_UNSUPPORTED, &err);
    assert_fails(bl_recipient_parse(text_bytes("age1qqqq"), &ring, &err), BULLA_E_MALFORMED, &err);
    assert_fails(bl_recipient_parse(text_bytes(""), &ring, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(ring.count, 0);
}

static void
test_lines_of_a_file(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) one = NULL;
    BL_AUTO_FREE(bl_key) two = NULL;
    BL_AUTO(bl_keyring) ring = { 0 };
    struct bulla_error err = { 0 };
    char first[256];
    char second[256];
    char file[1024];

    assert_ok(bl_key_generate(BL_KEY_X25519, &one, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_P256, &two, &err), &err);
    recipient_of(one, first, sizeof first);
    recipient_of(two, second, sizeof second);
    (void)snprintf(file, sizeof file, "# team\r\n\n%s\r\n%s", first, second);
    assert_ok(bl_keyring_parse(text_bytes(file), &ring, &err), &err);
    assert_int_equal(ring.count, 2);

    /* a bad line names itself, and what came before it is not kept */
    (void)snprintf(file, sizeof file, "%s\n\n %s\n", first, second);
    assert_fails(bl_keyring_parse(text_bytes(file), &ring, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(err.offset, 3);
    assert_int_equal(ring.count, 2);
    assert_fails(bl_keyring_parse(text_bytes("# nothing\n"), &ring, &err), BULLA_E_MALFORMED, &err);
    assert_fails(bl_keyring_parse(text_bytes(""), &ring, &err), BULLA_E_MALFORMED, &err);
}

static void
test_more_keys_than_slots(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bl_keyring) ring = { 0 };
    BL_AUTO(bulla_buffer) file = { 0 };
    struct bulla_error err = { 0 };
    char text[256];

    assert_ok(bl_key_generate(BL_KEY_X25519, &key, &err), &err);
    recipient_of(key, text, sizeof text);
    for (size_t i = 0; i <= BL_KEYRING_COUNT_MAX; i++) {
        assert_ok(bulla_buffer_append(&file, text_bytes(text), &err), &err);
        assert_ok(bulla_buffer_append(&file, text_bytes("\n"), &err), &err);
    }
    assert_fails(bl_keyring_parse(bulla_buffer_bytes(&file), &ring, &err), BULLA_E_LIMIT, &err);
    assert_int_equal(ring.count, 0);
}

static void
test_every_allocation_may_fail(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bl_secret) file = { 0 };
    struct bulla_error err = { 0 };
    bool was_reached = true;

    assert_ok(bl_key_generate(BL_KEY_X25519, &key, &err), &err);
    assert_ok(bl_identity_format(key, "now", &file, &err), &err);
    for (uint64_t nth = 1; was_reached; nth++) {
        BL_AUTO(bl_secret) text = { 0 };
        BL_AUTO(bl_keyring) ring = { 0 };

        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status made = bl_identity_format(key, "now", &text, NULL);
        enum bulla_status read = bl_keyring_parse(bl_secret_bytes(&file), &ring, NULL);
        was_reached = bl_fault_disarm();
        assert_int_equal(was_reached, made != BULLA_OK || read != BULLA_OK);
        assert_int_equal(text.size > 0, made == BULLA_OK);
        assert_int_equal(ring.count, read == BULLA_OK);
    }
}

static void
test_signing_keys_are_their_own_kind(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) signer = NULL;
    BL_AUTO_FREE(bl_key) back = NULL;
    BL_AUTO_FREE(bl_key) public_back = NULL;
    BL_AUTO_FREE(bl_key) recipient = NULL;
    BL_AUTO(bl_keyring) keyring = { 0 };
    BL_AUTO(bl_secret) file = { 0 };
    BL_AUTO(bl_secret) identity = { 0 };
    BL_AUTO(bl_secret) refused = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO(bulla_buffer) nothing = { 0 };

    assert_ok(bl_key_generate(BL_KEY_ED25519, &signer, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_X25519, &recipient, &err), &err);
    assert_ok(bl_signer_format(signer, "today", &file, &err), &err);
    assert_ok(bl_signer_parse(bl_secret_bytes(&file), &back, &err), &err);
    assert_true(bl_key_has_private(back));
    assert_ok(bl_signer_public_format(signer, &text, &err), &err);
    assert_ok(bl_signer_parse(bulla_buffer_bytes(&text), &public_back, &err), &err);
    assert_false(bl_key_has_private(public_back));
    assert_fails(bl_keyring_parse(bl_secret_bytes(&file), &keyring, &err), BULLA_E_UNSUPPORTED,
                 &err);
    assert_fails(bl_recipient_parse(bulla_buffer_bytes(&text), &keyring, &err), BULLA_E_UNSUPPORTED,
                 &err);
    assert_fails(bl_recipient_format(signer, &nothing, &err), BULLA_E_ARGUMENT, &err);
    bulla_error_clear(&err);
    assert_ok(bl_identity_format(recipient, "today", &identity, &err), &err);
    struct bl_key *none = NULL;
    assert_fails(bl_signer_parse(bl_secret_bytes(&identity), &none, &err), BULLA_E_UNSUPPORTED,
                 &err);
    assert_fails(bl_signer_format(recipient, "today", &refused, &err), BULLA_E_ARGUMENT, &err);
    assert_null(none);
    for (size_t i = 0; i < text.size; i++) { /* every slip of the pen is seen */
        text.data[i] ^= 1;
        bulla_error_clear(&err);
        assert_int_not_equal(bl_signer_parse(bulla_buffer_bytes(&text), &none, &err), BULLA_OK);
        text.data[i] ^= 1;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signing_keys_are_their_own_kind),
        cmocka_unit_test(test_both_halves_come_back),
        cmocka_unit_test(test_every_slip_is_refused),
        cmocka_unit_test(test_an_identity_is_no_recipient),
        cmocka_unit_test(test_lines_of_a_file),
        cmocka_unit_test(test_more_keys_than_slots),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
