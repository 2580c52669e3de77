/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "broker/ipc.h"

static struct bl_ipc_message
sample(enum bl_ipc_kind kind)
{
    struct bl_ipc_message message = { .kind = kind };

    if (kind == BL_IPC_OPENED) {
        memset(message.tls.server_spki_hash, 0x5e, sizeof message.tls.server_spki_hash);
        message.tls.cipher_suite = 0x1302;
        message.peer = BL_LITERAL("192.0.2.1");
    } else if (kind == BL_IPC_EXPORT) {
        message.label = BL_LITERAL("EXPERIMENTAL-label");
        message.context = BL_LITERAL("context");
        message.size = 48;
    } else if (kind != BL_IPC_CLOSE) {
        message.body = BL_LITERAL("body");
    }
    return message;
}

static void
test_every_message_comes_back(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (enum bl_ipc_kind kind = BL_IPC_OPENED; kind <= BL_IPC_CLOSE; kind++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        BL_AUTO(bulla_buffer) again = { 0 };
        const struct bl_ipc_message message = sample(kind);
        struct bl_ipc_message back = { 0 };
        assert_ok(bl_ipc_encode(&message, &bytes, &err), &err);
        assert_ok(bl_ipc_decode(bulla_buffer_bytes(&bytes), &back, &err), &err);
        assert_int_equal(back.kind, kind);
        assert_bytes_equal(back.body, message.body);
        assert_bytes_equal(back.label, message.label);
        assert_bytes_equal(back.context, message.context);
        assert_bytes_equal(back.peer, message.peer);
        assert_int_equal(back.size, message.size);
        assert_memory_equal(&back.tls, &message.tls, sizeof back.tls);
        assert_ok(bl_ipc_encode(&back, &again, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&again), bulla_buffer_bytes(&bytes));
        for (size_t size = 0; size < bytes.size; size++) {
            struct bl_ipc_message out = { .size = 99 };
            assert_fails(bl_ipc_decode((struct bulla_bytes){ bytes.data, size }, &out, &err),
                         BULLA_E_MALFORMED, &err);
            assert_int_equal(out.size, 99);
        }
        bulla_error_clear(&err);
        assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("\xf6"), &err), &err);
        assert_fails(bl_ipc_decode(bulla_buffer_bytes(&bytes), &back, &err), BULLA_E_MALFORMED,
                     &err);
        bulla_error_clear(&err);
    }
}

static void
test_a_client_certificate_is_told(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_ipc_message message = sample(BL_IPC_OPENED);
    struct bl_ipc_message back = { 0 };

    message.tls.has_client_certificate = true;
    memset(message.tls.client_spki_hash, 0xc1, sizeof message.tls.client_spki_hash);
    assert_ok(bl_ipc_encode(&message, &bytes, &err), &err);
    assert_ok(bl_ipc_decode(bulla_buffer_bytes(&bytes), &back, &err), &err);
    assert_memory_equal(&back.tls, &message.tls, sizeof back.tls);
}

static void
test_what_is_no_message_is_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_ipc_message out = { 0 };
    static const struct bulla_bytes bad[] = {
        { (const uint8_t *)"\x80", 1 },             /* nothing */
        { (const uint8_t *)"\x81\x00", 2 },         /* kind 0 */
        { (const uint8_t *)"\x81\x07", 2 },         /* kind 7 */
        { (const uint8_t *)"\x81\x02", 2 },         /* too few items */
        { (const uint8_t *)"\x82\x06\x00", 3 },     /* too many */
        { (const uint8_t *)"\x82\x02\x61x", 4 },    /* text for bytes */
        { (const uint8_t *)"\x82\x18\x02\x40", 4 }, /* not the shortest form */
        { (const uint8_t *)"\x9f\x06\xff", 3 },     /* indefinite length */
        { (const uint8_t *)"\x82\x1b\x00\x00\x00\x01\x00\x00\x00\x02\x40", 11 }, /* 2^32 + 2 */
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_fails(bl_ipc_decode(bad[i], &out, &err), BULLA_E_MALFORMED, &err);
    BL_AUTO(bulla_buffer) bytes = { 0 };
    assert_fails(bl_ipc_encode(&(struct bl_ipc_message){ 0 }, &bytes, &err), BULLA_E_ARGUMENT,
                 &err);
    static uint8_t large[BL_FRAME_SIZE_MAX + 1];
    const struct bl_ipc_message frame = { .kind = BL_IPC_FRAME, .body = BL_BYTES_OF(large) };
    bulla_error_clear(&err);
    assert_ok(bl_ipc_encode(&frame, &bytes, &err), &err);
    assert_fails(bl_ipc_decode(bulla_buffer_bytes(&bytes), &out, &err), BULLA_E_MALFORMED, &err);
    /* the largest frame of the channel fits a message */
    const struct bl_ipc_message fits = { .kind = BL_IPC_FRAME,
                                         .body = { large, BL_FRAME_SIZE_MAX } };
    bulla_buffer_clear(&bytes);
    bulla_error_clear(&err);
    assert_ok(bl_ipc_encode(&fits, &bytes, &err), &err);
    assert_true(bytes.size <= BL_IPC_FRAME_SIZE_MAX);
    assert_ok(bl_ipc_decode(bulla_buffer_bytes(&bytes), &out, &err), &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_comes_back),
        cmocka_unit_test(test_a_client_certificate_is_told),
        cmocka_unit_test(test_what_is_no_message_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
