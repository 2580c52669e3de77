/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "codec/pem.h"

#define LINE "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2xtbm9w"
#define BEGIN "-----BEGIN THING-----\n"
#define LINE12 "QUJDREVGR0hJ"
#define END "-----END THING-----\n"

static void
test_what_is_written_is_read(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t bytes[200];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t size = 1; size <= sizeof bytes; size++) {
        BL_AUTO(bulla_buffer) text = { 0 };
        BL_AUTO(bulla_buffer) back = { 0 };
        BL_AUTO(bl_secret) secret_text = { 0 };
        BL_AUTO(bl_secret) secret_back = { 0 };
        struct bulla_bytes content = { bytes, size };

        assert_ok(bl_pem_encode(content, "PUBLIC KEY", &text, &err), &err);
        assert_ok(bl_pem_decode(bulla_buffer_bytes(&text), "PUBLIC KEY", &back, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&back), content);
        assert_ok(bl_pem_encode_secret(content, "PUBLIC KEY", &secret_text, &err), &err);
        assert_bytes_equal(bl_secret_bytes(&secret_text), bulla_buffer_bytes(&text));
        assert_ok(
            bl_pem_decode_secret(bl_secret_bytes(&secret_text), "PUBLIC KEY", &secret_back, &err),
            &err);
        assert_bytes_equal(bl_secret_bytes(&secret_back), content);
    }
    BL_AUTO(bulla_buffer) text = { 0 };
    assert_ok(bl_pem_encode((struct bulla_bytes){ bytes + 65, 49 }, "THING", &text, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&text), text_bytes(BEGIN LINE "\ncQ==\n" END));
}

static void
test_other_line_ends_and_empty_lines_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        BEGIN "Zm9v\n" END,
        "-----BEGIN THING-----\r\nZm9v\r\n-----END THING-----\r\n",
        "-----BEGIN THING-----\nZm9v\n-----END THING-----",
        "\n\n" BEGIN "Zm9v\n" END "\n\r\n",
    };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        assert_ok(bl_pem_decode(text_bytes(good[i]), "THING", &bytes, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&bytes), text_bytes("foo"));
    }
}

static void
test_everything_else_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *what;
    } bad[] = {
        { "", "no block" },
        { "\n\n", "no block" },
        { "Zm9v\n", "something else than -----BEGIN ...-----" },
        { "subject: x\n" BEGIN "Zm9v\n" END, "something else than -----BEGIN ...-----" },
        { BEGIN "Zm9v\n" END "tail\n", "something else than -----BEGIN ...-----" },
        { BEGIN "Zm9v\n" END BEGIN "Zm9v\n" END, "more than one block" },
        { "-----BEGIN OTHER-----\nZm9v\n-----END OTHER-----\n", "block with another label" },
        { BEGIN "Zm9v\n-----END OTHER-----\n", "end without its beginning" },
        { BEGIN "Zm9v\n-----END THING----\n", "end without its beginning" },
        { BEGIN "Zm9v\n" BEGIN, "end without its beginning" },
        { BEGIN END, "empty block" },
        { BEGIN "Zm9v\n", "block without its end" },
        { BEGIN, "block without its end" },
        { "-----BEGIN THING-----", "block without its end" },
        { "----BEGIN THING-----\nZm9v\n" END, "something else than -----BEGIN ...-----" },
        { " " BEGIN "Zm9v\n" END, "something else than -----BEGIN ...-----" },
        { "-----BEGIN THING----- \nZm9v\n" END, "something else than -----BEGIN ...-----" },
        { "-----BEGIN -----\nZm9v\n-----END -----\n", "something else than -----BEGIN ...-----" },
        { "-----BEGIN A  B-----\nZm9v\n-----END A  B-----\n",
          "something else than -----BEGIN ...-----" },
        { "-----BEGIN A\x1b-----\nZm9v\n-----END A\x1b-----\n",
          "something else than -----BEGIN ...-----" },
        { BEGIN "Zm\n9v\n" END, "line that is not 64 characters long" },
        { BEGIN LINE "A\n" END, "line that is not 64 characters long" },
        { BEGIN "\nZm9v\n" END, "line that is not 64 characters long" },
        { BEGIN "Zm9v\n\n" END, "line that is not 64 characters long" },
        { BEGIN "Proc-Type: 4,ENCRYPTED\n\nZm9v\n" END, "line that is not 64 characters long" },
        { BEGIN "Zm9\n" END, "not a multiple of four characters" },
        { BEGIN "Zm9 \n" END, "character outside the alphabet" },
        { BEGIN "Zh==\n" END, "bits after the last byte" },
        { BEGIN "-m9v\n" END, "empty block" },
    };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        BL_AUTO(bl_secret) secret = { 0 };
        assert_fails(bl_pem_decode(text_bytes(bad[i].text), "THING", &bytes, &err),
                     BULLA_E_MALFORMED, &err);
        assert_string_equal(err.what, bad[i].what);
        assert_int_equal(bytes.size, 0);
        assert_fails(bl_pem_decode_secret(text_bytes(bad[i].text), "THING", &secret, &err),
                     BULLA_E_MALFORMED, &err);
        assert_null(secret.data);
    }
    const char *whole = BEGIN LINE "\nZm9v\n-----END THING-----";
    for (size_t size = 0; size < strlen(whole); size++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bulla_bytes cut = { (const uint8_t *)whole, size };
        assert_fails(bl_pem_decode(cut, "THING", &bytes, &err), BULLA_E_MALFORMED, &err);
    }
}

static void
test_several_blocks_come_one_after_the_other(void **state)
{
    (void)state;
    struct bl_reader r = bl_reader(
        text_bytes("\n-----BEGIN A-----\nZm9v\n-----END A-----\n\n-----BEGIN B C-----\nYmFy\n"
                   "-----END B C-----\n"),
        "chain");
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };
    struct bl_pem_block block;

    assert_true(bl_pem_next(&r, &block));
    assert_bytes_equal(block.label, text_bytes("A"));
    assert_ok(bl_pem_content(&block, &bytes, &err), &err);
    assert_true(bl_pem_next(&r, &block));
    assert_bytes_equal(block.label, text_bytes("B C"));
    assert_ok(bl_pem_content(&block, &bytes, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&bytes), text_bytes("foobar"));
    assert_false(bl_pem_next(&r, &block));
    assert_int_equal(block.label.size, 0);
    assert_ok(bl_reader_finish(&r, &err), &err);
}

/* Certificates of some platforms come in lines of 76 characters, as MIME has them. */
static void
test_wide_lines_are_of_one_length(void **state)
{
    static const struct {
        const char *text;
        bool is_taken;
    } cases[] = {
        { BEGIN "Zm9v\nYmFy\nZm8=\n" END, true }, { BEGIN LINE LINE12 "\nZm9v\n" END, true },
        { BEGIN LINE "\nZm9v\n" END, true },      { BEGIN LINE LINE12 "A\n" END, false },
        { BEGIN "Zm9v\nZm9vYmFy\n" END, false },  { BEGIN "Zm9vYmFy\nZm9v\nZm9v\n" END, false },
        { BEGIN "\nZm9v\n" END, false },          { BEGIN "Zm9v\n\n" END, false },
    };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct bl_reader r = bl_reader(text_bytes(cases[i].text), "chain");
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bulla_error err = { 0 };
        struct bl_pem_block block;
        assert_int_equal(bl_pem_next_wide(&r, &block), cases[i].is_taken);
        if (cases[i].is_taken)
            assert_ok(bl_pem_content(&block, &bytes, &err), &err);
        else
            assert_fails(bl_reader_ok(&r, &err), BULLA_E_MALFORMED, &err);
    }
}

static void
test_every_allocation_may_fail(void **state)
{
    (void)state;
    struct bulla_bytes text = text_bytes(BEGIN "Zm9v\n" END);
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bl_secret) secret = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status status = bl_pem_decode_secret(text, "THING", &secret, NULL);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_MEMORY : BULLA_OK);
        assert_int_equal(secret.data == NULL, reached);
        assert_true(nth < 10);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_other_line_ends_and_empty_lines_are_taken),
        cmocka_unit_test(test_wide_lines_are_of_one_length),
        cmocka_unit_test(test_everything_else_is_refused),
        cmocka_unit_test(test_several_blocks_come_one_after_the_other),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
