/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#include "device/vtpm_state.h"

/* TPM2_GetRandom of 8 bytes (Part 3, 16.1). */
static const uint8_t get_random[] = { 0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x7b, 0, 8 };
/* TPM2_DictionaryAttackLockReset(lockout, empty password): always writes permanent state. */
static const uint8_t lock_reset[] = { 0x80, 0x02, 0, 0, 0,    0x1b, 0, 0, 0x01,
                                      0x39, 0x40, 0, 0, 0x0a, 0,    0, 0, 9,
                                      0x40, 0,    0, 9, 0,    0,    0, 0, 0 };

static void
test_a_start_manufactures_once(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct memory_store store = { 0 };
    struct bl_vtpm_store calls = store_of(&store);
    struct bl_vtpm *vtpm = NULL;
    struct bl_vtpm *second = NULL;

    assert_ok(bl_vtpm_start(&calls, &vtpm, &err), &err);
    assert_true(bl_vtpm_is_new(vtpm));
    assert_true(store.save_count > 0);
    assert_true(store.state.size < 65536);
    assert_fails(bl_vtpm_start(&calls, &second, &err), BULLA_E_BUSY, &err);
    assert_null(second);
    bl_vtpm_free(vtpm);
    bulla_error_clear(&err);
    assert_ok(bl_vtpm_start(&calls, &vtpm, &err), &err);
    assert_false(bl_vtpm_is_new(vtpm));
    bl_vtpm_free(vtpm);
    bl_vtpm_free(NULL);
    bl_secret_done(&store.state);
}

static uint32_t
response_code(const struct bulla_buffer *response)
{
    assert_true(response->size >= BL_TPM_HEADER_SIZE);
    return command_code(bulla_buffer_bytes(response));
}

static void
test_commands_and_their_limits(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) response = { 0 };
    static const uint8_t large[BL_TPM_MESSAGE_MAX + 1] = { 0x80, 0x01, 0, 0, 0x10, 0x01 };

    assert_ok(bl_vtpm_process(f->vtpm, BL_BYTES_OF(get_random), &response, &err), &err);
    assert_int_equal(response_code(&response), 0);
    assert_int_equal(response.size, 10 + 2 + 8);
    bulla_buffer_clear(&response);
    assert_fails(bl_vtpm_process(f->vtpm, BL_BYTES_OF(large), &response, &err), BULLA_E_LIMIT,
                 &err);
    assert_fails(bl_vtpm_process(f->vtpm, (struct bulla_bytes){ large, 0 }, &response, &err),
                 BULLA_E_LIMIT, &err);
    assert_int_equal(response.size, 0);
    bulla_error_clear(&err);
    /* Shorter than its header, or not of the size it states: the TPM says so itself. */
    for (size_t cut = 1; cut < sizeof get_random; cut++) {
        bulla_buffer_clear(&response);
        assert_ok(
            bl_vtpm_process(f->vtpm, (struct bulla_bytes){ get_random, cut }, &response, &err),
            &err);
        assert_int_not_equal(response_code(&response), 0);
    }
}

static void
test_a_change_is_saved_before_it_is_answered(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) response = { 0 };

    unsigned before = f->store.save_count;
    assert_ok(bl_vtpm_process(f->vtpm, BL_BYTES_OF(get_random), &response, &err), &err);
    assert_int_equal(f->store.save_count, before);
    bulla_buffer_clear(&response);
    assert_ok(bl_vtpm_process(f->vtpm, BL_BYTES_OF(lock_reset), &response, &err), &err);
    assert_int_equal(response_code(&response), 0);
    assert_int_equal(f->store.save_count, before + 1);
}

static void
test_a_failed_save_ends_it(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) response = { 0 };
    BL_AUTO(bl_secret) before = { 0 };

    assert_ok(bl_secret_copy(&before, bl_secret_bytes(&f->store.state), &err), &err);
    f->store.fail_save_at = f->store.save_count + 1;
    assert_fails(bl_vtpm_process(f->vtpm, BL_BYTES_OF(lock_reset), &response, &err), BULLA_E_IO,
                 &err);
    assert_int_equal(response.size, 0);
    for (int i = 0; i < 2; i++) { /* for good, though the store works again */
        assert_cause(bl_vtpm_process(f->vtpm, BL_BYTES_OF(get_random), &response, &err),
                     BULLA_CAUSE_TPM_FAILED, &err);
        assert_int_equal(response.size, 0);
    }
    assert_bytes_equal(bl_secret_bytes(&f->store.state), bl_secret_bytes(&before));
    fixture_close(f); /* does not store anything either */
    assert_bytes_equal(bl_secret_bytes(&f->store.state), bl_secret_bytes(&before));
    fixture_open(f);
    bulla_error_clear(&err);
    assert_ok(bl_vtpm_process(f->vtpm, BL_BYTES_OF(get_random), &response, &err), &err);
}

static void
test_every_save_of_a_start_may_fail(void **state)
{
    (void)state;
    bool started = false;

    for (unsigned n = 1; !started; n++) {
        struct bulla_error err = { 0 };
        struct memory_store store = { .fail_save_at = n };
        struct bl_vtpm_store calls = store_of(&store);
        struct bl_vtpm *vtpm = NULL;
        enum bulla_status status = bl_vtpm_start(&calls, &vtpm, &err);
        started = store.save_count < n;
        assert_int_equal(status, started ? BULLA_OK : BULLA_E_IO);
        bl_vtpm_free(vtpm);
        bl_secret_done(&store.state);
        assert_true(n < 20);
    }
}

static void
test_every_allocation_may_fail(void **state)
{
    (void)state;
    bool reached = true;

    for (uint64_t n = 1; reached; n++) {
        struct bulla_error err = { 0 };
        struct memory_store store = { 0 };
        struct bl_vtpm_store calls = store_of(&store);
        struct bl_vtpm *vtpm = NULL;
        bl_fault_arm(BL_FAULT_MEMORY, n, false);
        enum bulla_status status = bl_vtpm_start(&calls, &vtpm, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_MEMORY : BULLA_OK);
        bl_vtpm_free(vtpm);
        bl_secret_done(&store.state);
        assert_true(n < 200);
    }
}

static void
test_a_store_that_does_not_load(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct memory_store store = { .load_status = BULLA_E_INTEGRITY };
    struct bl_vtpm_store calls = store_of(&store);
    struct bl_vtpm *vtpm = NULL;

    assert_fails(bl_vtpm_start(&calls, &vtpm, &err), BULLA_E_INTEGRITY, &err);
    assert_null(vtpm);
    assert_int_equal(store.save_count, 0); /* above all: no new TPM over the old one */
}

static enum bulla_status
start_with(struct bulla_bytes bytes)
{
    struct bulla_error err = { 0 };
    struct memory_store store = { 0 };
    struct bl_vtpm_store calls = store_of(&store);
    struct bl_vtpm *vtpm = NULL;

    assert_int_equal(bl_secret_copy(&store.state, bytes, NULL), BULLA_OK);
    enum bulla_status status = bl_vtpm_start(&calls, &vtpm, &err);
    assert_int_equal(status, err.status);
    if (status != BULLA_OK)
        assert_int_equal(store.save_count, 0);
    bl_vtpm_free(vtpm);
    bl_secret_done(&store.state);
    return status;
}

/* Offsets of docs/formats/vtpm-state.md: one part, "permall". */
#define AT_VERSION 9
#define AT_COUNT 11
#define AT_NAME 14
#define AT_SIZE 21
#define AT_CONTENT 25

static void
test_the_layout_of_the_state(void **state)
{
    struct fixture *f = *state;
    static const uint8_t head[] = { 'b', 'u', 'l', 'l', 'a', 'v', 't', 'p', 0,   1,  0,
                                    1,   0,   7,   'p', 'e', 'r', 'm', 'a', 'l', 'l' };

    assert_memory_equal(f->store.state.data, head, sizeof head);
    const uint8_t *size = f->store.state.data + AT_SIZE;
    assert_int_equal((size_t)size[2] << 8 | size[3], f->store.state.size - AT_CONTENT);
}

static void
test_a_state_that_is_not_one(void **state)
{
    struct fixture *f = *state;
    static const struct {
        size_t at;
        uint8_t value;
        enum bulla_status status;
    } changes[] = {
        { 0, 'B', BULLA_E_MALFORMED },           { AT_VERSION, 0, BULLA_E_UNSUPPORTED },
        { AT_VERSION, 2, BULLA_E_UNSUPPORTED },  { AT_VERSION - 1, 1, BULLA_E_UNSUPPORTED },
        { AT_COUNT, 0, BULLA_E_MALFORMED },      { AT_COUNT, 2, BULLA_E_MALFORMED },
        { AT_COUNT, 3, BULLA_E_MALFORMED },      { AT_NAME - 1, 6, BULLA_E_MALFORMED },
        { AT_NAME - 1, 255, BULLA_E_MALFORMED }, { AT_NAME, 'q', BULLA_E_MALFORMED },
        { AT_SIZE, 1, BULLA_E_MALFORMED },
    };
    BL_AUTO(bl_secret) good = { 0 };

    fixture_close(f);
    assert_int_equal(bl_secret_copy(&good, bl_secret_bytes(&f->store.state), NULL), BULLA_OK);
    assert_int_equal(start_with(bl_secret_bytes(&good)), BULLA_OK);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t kept = good.data[changes[i].at];
        good.data[changes[i].at] = changes[i].value;
        assert_int_equal(start_with(bl_secret_bytes(&good)), changes[i].status);
        good.data[changes[i].at] = kept;
    }
    for (size_t size = 0; size < good.size; size += size < 64 ? 1 : 97)
        assert_int_equal(start_with((struct bulla_bytes){ good.data, size }), BULLA_E_MALFORMED);
    BL_AUTO(bulla_buffer) longer = { 0 };
    assert_int_equal(bulla_buffer_append(&longer, bl_secret_bytes(&good), NULL), BULLA_OK);
    assert_int_equal(bulla_buffer_append(&longer, BL_LITERAL("x"), NULL), BULLA_OK);
    assert_int_equal(start_with(bulla_buffer_bytes(&longer)), BULLA_E_MALFORMED);
    int kept_stderr = dup(STDERR_FILENO);
    int printed = memfd_create("stderr", MFD_CLOEXEC);
    assert_true(kept_stderr >= 0 && dup2(printed, STDERR_FILENO) >= 0);
    good.data[AT_CONTENT + 2] ^= 0xff; /* the magic of libtpms' own blob */
    assert_int_equal(start_with(bl_secret_bytes(&good)), BULLA_E_INTEGRITY);
    assert_true(dup2(kept_stderr, STDERR_FILENO) >= 0);
    assert_int_equal(lseek(printed, 0, SEEK_END), 0); /* nobody but us speaks to the user */
    close(printed);
    close(kept_stderr);
    good.data[AT_CONTENT + 2] ^= 0xff;
    assert_int_equal(start_with(bl_secret_bytes(&good)),
                     BULLA_OK); /* the process is none the worse */
}

static void
test_parts_in_order_and_once(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_vtpm_state) both = { 0 };
    BL_AUTO(bl_vtpm_state) read = { 0 };
    BL_AUTO(bl_secret) bytes = { 0 };

    assert_ok(bl_secret_copy(&both.parts[BL_VTPM_PERMANENT], BL_LITERAL("one"), &err), &err);
    assert_ok(bl_secret_copy(&both.parts[BL_VTPM_SAVED], BL_LITERAL("three"), &err), &err);
    assert_ok(bl_vtpm_state_encode(&both, &bytes, &err), &err);
    assert_ok(bl_vtpm_state_decode(bl_secret_bytes(&bytes), &read, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&read.parts[0]), BL_LITERAL("one"));
    assert_bytes_equal(bl_secret_bytes(&read.parts[1]), BL_LITERAL("three"));
    bl_vtpm_state_done(&read);

    static const uint8_t twice[] = "bullavtp\0\1\0\2\0\7permall\0\0\0\1\0\7permall\0\0\0\1ab";
    static const uint8_t swapped[] = "bullavtp\0\1\0\2\0\11savestate\0\0\0\1\0\7permall\0\0\0\1ab";
    static const uint8_t empty[] = "bullavtp\0\1\0\1\0\7permall\0\0\0\0";
    static const uint8_t with_zero[] = "bullavtp\0\1\0\1\0\10permall\0\0\0\0\1a";
    const struct bulla_bytes bad[] = { { twice, sizeof twice - 1 },
                                       { swapped, sizeof swapped - 1 },
                                       { empty, sizeof empty - 1 },
                                       { with_zero, sizeof with_zero - 1 } };
    for (size_t i = 0; i < 4; i++)
        assert_fails(bl_vtpm_state_decode(bad[i], &read, &err), BULLA_E_MALFORMED, &err);
    assert_null(read.parts[0].data);
    assert_null(read.parts[1].data);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_start_manufactures_once),
        with_tpm(test_commands_and_their_limits),
        with_tpm(test_a_change_is_saved_before_it_is_answered),
        with_tpm(test_a_failed_save_ends_it),
        cmocka_unit_test(test_every_save_of_a_start_may_fail),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_a_store_that_does_not_load),
        with_tpm(test_the_layout_of_the_state),
        with_tpm(test_a_state_that_is_not_one),
        cmocka_unit_test(test_parts_in_order_and_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
