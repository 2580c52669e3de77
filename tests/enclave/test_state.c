/* SPDX-License-Identifier: Apache-2.0 */
/* What an enclave leaves on its host: one monitor, one key, one name. */
#include "enclave/state.h"

#include "base/fault.h"
#include "sys/directory.h"

static void
open_with_key(struct bl_enclave_state *state, const char *name, uint8_t key_byte)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) key = { 0 };

    assert_ok(bl_enclave_state_open(state, test_path(0, "state"), name, &err), &err);
    assert_ok(bl_secret_new(&key, BL_ENCLAVE_STATE_KEY_SIZE, &err), &err);
    key.data[0] = key_byte;
    assert_ok(bl_enclave_state_use_key(state, &key, &err), &err);
}

static enum bulla_status
load(struct bl_enclave_state *state, struct bl_secret *out, struct bulla_error *err)
{
    const struct bl_vtpm_store store = bl_enclave_state_store(state);

    return store.load(store.context, out, err);
}

static void
save(struct bl_enclave_state *state, struct bulla_bytes bytes)
{
    const struct bl_vtpm_store store = bl_enclave_state_store(state);
    struct bulla_error err = { 0 };

    assert_ok(store.save(store.context, bytes, &err), &err);
}

static void
test_kept_for_its_key_and_name_only(void **unused)
{
    (void)unused;
    struct bl_enclave_state state = BL_ENCLAVE_STATE_NONE;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) got = { 0 }, none = { 0 };
    static const struct {
        const char *name;
        uint8_t key_byte;
        enum bulla_status status;
    } others[] = { { "b", 1, BULLA_E_INTEGRITY }, { "a", 2, BULLA_E_INTEGRITY } };

    open_with_key(&state, "a", 1);
    assert_fails(load(&state, &none, &err), BULLA_E_NOT_FOUND, &err);
    save(&state, BL_LITERAL("seeds"));
    save(&state, BL_LITERAL("seeds and more"));
    bulla_error_clear(&err);
    assert_ok(load(&state, &got, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&got), BL_LITERAL("seeds and more"));
    bl_enclave_state_done(&state);
    for (size_t i = 0; i < 2; i++) {
        open_with_key(&state, others[i].name, others[i].key_byte);
        assert_fails(load(&state, &none, &err), others[i].status, &err);
        assert_int_equal(none.size, 0);
        bl_enclave_state_done(&state);
    }
}

static void
test_every_altered_byte(void **unused)
{
    (void)unused;
    struct bl_enclave_state state = BL_ENCLAVE_STATE_NONE;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) file = { 0 };
    BL_AUTO(bl_secret) none = { 0 };

    open_with_key(&state, "a", 1);
    save(&state, BL_LITERAL("seeds"));
    assert_ok(bl_file_read(state.vtpm_path, 4096, &file, &err), &err);
    for (size_t i = 0; i <= file.size; i++) {
        struct bulla_bytes bytes = { file.data, i };
        if (i == file.size) {
            assert_ok(bulla_buffer_append(&file, BL_LITERAL("x"), &err), &err);
            bytes = bulla_buffer_bytes(&file);
            i++;
        }
        assert_ok(bl_file_replace(state.vtpm_path, 0600, bytes, BL_FILE_REPLACE_EXISTING, &err),
                  &err);
        assert_true(bulla_status_is_finding(load(&state, &none, &err)));
        bulla_error_clear(&err);
    }
    file.size--;
    for (size_t i = 0; i < file.size; i++) {
        file.data[i] ^= 1;
        assert_ok(bl_file_replace(state.vtpm_path, 0600, bulla_buffer_bytes(&file),
                                  BL_FILE_REPLACE_EXISTING, &err),
                  &err);
        assert_fails(load(&state, &none, &err), i < 8 ? BULLA_E_UNSUPPORTED : BULLA_E_INTEGRITY,
                     &err);
        bulla_error_clear(&err);
        file.data[i] ^= 1;
    }
    bl_enclave_state_done(&state);
}

static void
test_one_at_a_time(void **unused)
{
    (void)unused;
    struct bl_enclave_state first = BL_ENCLAVE_STATE_NONE, second = BL_ENCLAVE_STATE_NONE;
    struct bulla_error err = { 0 };

    open_with_key(&first, "a", 1);
    assert_fails(bl_enclave_state_open(&second, test_path(0, "state"), "a", &err), BULLA_E_BUSY,
                 &err);
    bl_enclave_state_done(&first);
    open_with_key(&second, "a", 1);
    bl_enclave_state_done(&second);
}

/* What failed left the old content, or says that it does not know. */
static void
test_every_failing_save(void **unused)
{
    (void)unused;
    static const enum bl_fault kinds[] = { BL_FAULT_FILE, BL_FAULT_MEMORY, BL_FAULT_RANDOM };
    struct bl_enclave_state state = BL_ENCLAVE_STATE_NONE;
    struct bulla_error err = { 0 };

    open_with_key(&state, "a", 1);
    const struct bl_vtpm_store store = bl_enclave_state_store(&state);
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        bool reached = true;
        for (uint64_t nth = 1; reached; nth++) {
            BL_AUTO(bl_secret) got = { 0 };
            save(&state, BL_LITERAL("old"));
            bulla_error_clear(&err);
            bl_fault_arm(kinds[k], nth, false);
            enum bulla_status status = store.save(store.context, BL_LITERAL("new"), &err);
            reached = bl_fault_disarm();
            assert_ok(load(&state, &got, NULL), &err);
            if (status == BULLA_OK)
                assert_bytes_equal(bl_secret_bytes(&got), BL_LITERAL("new"));
            else if (status != BULLA_E_OUTCOME_UNKNOWN)
                assert_bytes_equal(bl_secret_bytes(&got), BL_LITERAL("old"));
            assert_true(nth < 100);
        }
    }
    bl_enclave_state_done(&state);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        test_in_directory(test_kept_for_its_key_and_name_only),
        test_in_directory(test_every_altered_byte),
        test_in_directory(test_one_at_a_time),
        test_in_directory(test_every_failing_save),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
