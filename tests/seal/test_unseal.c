/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a caller can demand of a blob, and what he is told when it does not open.
 */
#include "recipient_fixture.h"

#include "seal/freshness.h"
#include "seal/open.h"

/* -- what the caller demands -- */

static void
the_name_must_fit(void **state)
{
    const struct recipient *f = *state;
    struct bl_unseal_requirements demands = no_demands;
    BL_AUTO(bulla_buffer) blob = { 0 };

    seal_text(f, "x", &blob);
    demands.name = "test";
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands), BULLA_CAUSE_NONE);
    static const char *const wrong[] = { "tes", "test2", "TEST", "" };
    for (size_t i = 0; i < BL_COUNT_OF(wrong); i++) {
        demands.name = wrong[i];
        assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands),
                         BULLA_CAUSE_NAME_MISMATCH);
    }
}

static void
the_associated_data_must_fit(void **state)
{
    struct recipient *f = *state;
    struct bl_unseal_requirements demands = no_demands;
    BL_AUTO(bulla_buffer) with = { 0 };
    BL_AUTO(bulla_buffer) without = { 0 };

    seal_text(f, "x", &without);
    f->request.with_associated_data = true;
    f->request.associated_data = text_bytes("build 7");
    seal_text(f, "x", &with);
    f->request.with_associated_data = false;

    assert_int_equal(cause_of(f, bulla_buffer_bytes(&with), &demands),
                     BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH);
    demands.with_associated_data = true;
    demands.associated_data = text_bytes("build 7");
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&with), &demands), BULLA_CAUSE_NONE);
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&without), &demands),
                     BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH);
    demands.associated_data = text_bytes("build 8");
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&with), &demands),
                     BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH);
    demands.associated_data = text_bytes("");
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&with), &demands),
                     BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH);

    /* empty is not the same as none */
    f->request.with_associated_data = true;
    f->request.associated_data = text_bytes("");
    bulla_buffer_clear(&with);
    seal_text(f, "x", &with);
    f->request.with_associated_data = false;
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&with), &demands), BULLA_CAUSE_NONE);
    demands.with_associated_data = false;
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&with), &demands),
                     BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH);
}

static void
its_time_must_not_be_over(void **state)
{
    struct recipient *f = *state;
    struct bl_unseal_requirements demands = { .now_s = NOW_S };
    BL_AUTO(bulla_buffer) blob = { 0 };

    f->request.not_after_s = NOW_S;
    seal_text(f, "x", &blob);
    f->request.not_after_s = 0;
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands), BULLA_CAUSE_NONE);
    demands.now_s = NOW_S + 1;
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands), BULLA_CAUSE_EXPIRED);
}

static void
only_kinds_that_were_allowed(void **state)
{
    const struct recipient *f = *state;
    struct bl_unseal_requirements demands = no_demands;
    BL_AUTO(bulla_buffer) blob = { 0 };

    seal_text(f, "x", &blob);
    demands.slot_types_allowed = 1u << BL_SLOT_TPM2 | 1u << BL_SLOT_PASSPHRASE;
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands),
                     BULLA_CAUSE_SLOT_TYPE_REFUSED);
    demands.slot_types_allowed = 1u << BL_SLOT_HPKE;
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands), BULLA_CAUSE_NONE);
}

static void
what_cannot_be_honoured_is_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_header header = { .core = { .name = text_bytes("n") } };

    assert_ok(bl_header_check(&header, &no_demands, &err), &err);
    header.core.freshness.kind = 2;
    assert_fails(bl_freshness_demand(&header.core.freshness, &no_demands, NULL, &err),
                 BULLA_E_UNSUPPORTED, &err);
    header.core.has_policy_authority = true;
    assert_fails(bl_header_check(&header, &no_demands, &err), BULLA_E_UNSUPPORTED, &err);
    header.core.has_policy_authority = false;
    header.core.has_padding = true;
    assert_fails(bl_header_check(&header, &no_demands, &err), BULLA_E_UNSUPPORTED, &err);
}

/* -- why nothing opens -- */

static void
the_most_telling_reason(void **state)
{
    const struct recipient *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) stranger = new_key(BL_KEY_X25519);
    const struct bl_key *const strangers[] = { stranger };
    const struct bl_slot_request slots[] = { f->slots[0], passphrase_slot("right") };
    const struct bl_seal_request request = request_for(slots, 2);
    struct person wrong = { .passphrase = "wrong" }, mute = { .passphrase = NULL };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };
    const struct {
        struct bl_opener opener;
        enum bulla_cause cause;
    } cases[] = {
        { opener_of(NULL, 0, NULL), BULLA_CAUSE_NO_SLOT_OPENS },
        { opener_of(strangers, 1, NULL), BULLA_CAUSE_WRONG_RECIPIENT },
        { opener_of(NULL, 0, &wrong), BULLA_CAUSE_WRONG_PASSPHRASE },
        { opener_of(strangers, 1, &wrong), BULLA_CAUSE_WRONG_PASSPHRASE },
        { opener_of(NULL, 0, &mute), BULLA_CAUSE_NO_TERMINAL },
    };

    assert_ok(bl_seal_bytes(&request, &f->opener, text_bytes("x"), &blob, &err), &err);
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        assert_cause(bl_unseal_bytes(&no_demands, &cases[i].opener, bulla_buffer_bytes(&blob),
                                     &opened, &err),
                     cases[i].cause, &err);
        assert_null(opened.data);
    }
    assert_int_equal(wrong.asked_count, 2);
    assert_int_equal(mute.asked_count, 1);
}

/* The stranger's public half alone, or under the same number, does not count as an identity. */
static void
a_public_key_opens_nothing(void **state)
{
    const struct recipient *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };
    BL_AUTO_FREE(bl_key) public_half = NULL;

    seal_text(f, "x", &blob);
    assert_ok(bl_key_raw_public(f->key, &raw, &err), &err);
    assert_ok(bl_key_from_raw_public(BL_KEY_X25519, bulla_buffer_bytes(&raw), &public_half, &err),
              &err);
    const struct bl_key *const identities[] = { public_half };
    const struct bl_opener opener = opener_of(identities, 1, NULL);
    assert_cause(bl_unseal_bytes(&no_demands, &opener, bulla_buffer_bytes(&blob), &opened, &err),
                 BULLA_CAUSE_WRONG_RECIPIENT, &err);
}

/* What a foreign blob may make us compute ends before the eighth slot is through. */
static void
passphrase_work_is_bounded(void **state)
{
    const struct recipient *f = *state;
    struct bulla_error err = { 0 };
    const struct bl_slot_request slot = passphrase_slot("right");
    const struct bl_seal_request request = request_for(&slot, 1);
    struct person person = { .passphrase = "right" };
    const struct bl_opener opener = opener_of(NULL, 0, &person);
    struct bl_blob_binding binding;
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_header) header = { 0 };
    BL_AUTO(bl_secret) share = { 0 };
    BL_AUTO(bl_slot_session) session = { .opener = &opener };

    assert_ok(bl_seal_bytes(&request, &f->opener, text_bytes("x"), &blob, &err), &err);
    assert_ok(bl_header_decode(bulla_buffer_bytes(&blob), &header, &err), &err);
    assert_ok(bl_blob_bind(header.preamble, header.core_bytes, &binding, &err), &err);
    session.passphrase_tries = BL_PASSPHRASE_SLOT_COUNT_MAX;
    assert_fails(bl_slot_unwrap(&header.table.slots[0], &binding, &session, &share, &err),
                 BULLA_E_LIMIT, &err);
    session.passphrase_tries = 0;
    session.scrypt_work = BL_SCRYPT_WORK_MAX - (1u << QUICK_LOG_N) + 1;
    assert_fails(bl_slot_unwrap(&header.table.slots[0], &binding, &session, &share, &err),
                 BULLA_E_LIMIT, &err);
    session.scrypt_work--;
    assert_ok(bl_slot_unwrap(&header.table.slots[0], &binding, &session, &share, &err), &err);
    assert_int_equal(session.scrypt_work, BL_SCRYPT_WORK_MAX);
}

/* -- streams -- */

#define STREAM_SIZE ((size_t)3 * 1024 * 1024 + 5)

static int
sealed_stream(const struct recipient *f, struct bl_secret *plaintext)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_secret_new(plaintext, STREAM_SIZE, &err), &err);
    fill_pattern(plaintext->data, STREAM_SIZE);
    int in = file_of(bl_secret_bytes(plaintext));
    int sealed = file_of(text_bytes(""));
    assert_ok(bl_seal_stream(&f->request, &f->opener, in, sealed, &err), &err);
    assert_int_equal(lseek(sealed, 0, SEEK_SET), 0);
    close(in);
    return sealed;
}

static void
alter_last_byte(int fd)
{
    uint8_t byte = 0;
    off_t last = lseek(fd, -1, SEEK_END);

    assert_int_equal(pread(fd, &byte, 1, last), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, last), 1);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

static void
a_stream_altered_at_its_end(void **state)
{
    const struct recipient *f = *state;
    struct bulla_error err = { 0 };
    struct bl_unseal_requirements demands = no_demands;
    BL_AUTO(bl_secret) plaintext = { 0 };
    BL_AUTO(bulla_buffer) got = { 0 };
    int sealed = sealed_stream(f, &plaintext), out = file_of(text_bytes(""));

    alter_last_byte(sealed);
    assert_cause(bl_unseal_stream(&demands, &f->opener, sealed, out, &err),
                 BULLA_CAUSE_BODY_ALTERED, &err);
    read_back(out, &got); /* what came before was verified, and is a beginning */
    assert_int_equal(got.size, 3 * 1024 * 1024);
    assert_memory_equal(got.data, plaintext.data, got.size);

    assert_int_equal(ftruncate(out, 0), 0);
    assert_int_equal(lseek(sealed, 0, SEEK_SET), 0);
    demands.verify_first = true; /* not a byte */
    assert_cause(bl_unseal_stream(&demands, &f->opener, sealed, out, &err),
                 BULLA_CAUSE_BODY_ALTERED, &err);
    read_back(out, &got);
    assert_int_equal(got.size, 0);
    close(sealed);
    close(out);
}

static void
verified_first_and_then_written(void **state)
{
    const struct recipient *f = *state;
    struct bulla_error err = { 0 };
    const struct bl_unseal_requirements demands = { .now_s = NOW_S, .verify_first = true };
    BL_AUTO(bl_secret) plaintext = { 0 };
    BL_AUTO(bulla_buffer) got = { 0 };
    int sealed = sealed_stream(f, &plaintext), out = file_of(text_bytes(""));
    int ends[2];

    assert_ok(bl_unseal_stream(&demands, &f->opener, sealed, out, &err), &err);
    read_back(out, &got);
    assert_bytes_equal(bulla_buffer_bytes(&got), bl_secret_bytes(&plaintext));
    close(sealed);

    BL_AUTO(bulla_buffer) blob = { 0 }; /* a pipe cannot be read twice */
    seal_text(f, "x", &blob);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], blob.data, blob.size), blob.size);
    close(ends[1]);
    assert_fails(bl_unseal_stream(&demands, &f->opener, ends[0], out, &err), BULLA_E_IO, &err);
    close(ends[0]);
    close(out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_must_fit),
        cmocka_unit_test(the_associated_data_must_fit),
        cmocka_unit_test(its_time_must_not_be_over),
        cmocka_unit_test(only_kinds_that_were_allowed),
        cmocka_unit_test(what_cannot_be_honoured_is_refused),
        cmocka_unit_test(the_most_telling_reason),
        cmocka_unit_test(a_public_key_opens_nothing),
        cmocka_unit_test(passphrase_work_is_bounded),
        cmocka_unit_test(a_stream_altered_at_its_end),
        cmocka_unit_test(verified_first_and_then_written),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
