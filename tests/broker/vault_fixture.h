/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/broker/vault_fixture.h: a whole vault in a directory of its own, with an appraiser in a
 * process of its own, and an administrator; no TPM.
 */
#ifndef TESTS_BROKER_VAULT_FIXTURE_H
#define TESTS_BROKER_VAULT_FIXTURE_H

#include <sys/wait.h>

#include "sys/directory.h"

#include "broker/admin.h"
#include "broker/vault.h"
#include "crypto/random.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"

struct vault_fixture {
    struct bl_vault vault;
    struct bl_key *admin;
    pid_t appraiser;
};

/* A child that answers questions until its socket ends. */
static inline pid_t
start_appraiser(int *fd_out)
{
    struct bulla_error err = { 0 };
    int pair[2];

    assert_ok(bl_unix_pair(BL_UNIX_STREAM, pair, &err), &err);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(pair[0]);
        _exit(bl_appraiser_run(pair[1], &err) == BULLA_OK ? 0 : 1);
    }
    close(pair[1]);
    *fd_out = pair[0];
    return child;
}

static inline void
fixture_row(struct vault_fixture *f, const char *sql, const struct bl_store_value *values,
            size_t count)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_store_run(f->vault.store, sql, values, count, NULL, &err), &err);
}

static inline void
fixture_admin(struct vault_fixture *f, const struct bl_key *key, struct bulla_bytes roles)
{
    struct bulla_error err = { 0 };
    uint8_t key_id[BL_ADMIN_KEY_ID_SIZE];
    BL_AUTO(bulla_buffer) raw = { 0 };

    assert_ok(bl_admin_key_id(key, key_id, &err), &err);
    assert_ok(bl_key_raw_public(key, &raw, &err), &err);
    const struct bl_store_value values[] = { bl_store_text(BL_LITERAL(BL_TENANT)),
                                             bl_store_bytes(BL_BYTES_OF(key_id)),
                                             bl_store_bytes(bulla_buffer_bytes(&raw)),
                                             bl_store_text(roles), bl_store_integer(1) };
    fixture_row(f,
                "INSERT INTO admins (tenant, key_id, public_key, roles, created_s)"
                " VALUES (?, ?, ?, ?, ?)",
                values, 5);
}

static inline void
vault_start(struct vault_fixture *f)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) root = { 0 };
    int fd = -1;

    f->appraiser = start_appraiser(&fd); /* before anything that a child should not have */
    assert_ok(bl_appraiser_new(fd, &f->vault.appraiser, &err), &err);
    assert_ok(bl_random_secret(&root, BL_ROOT_SECRET_SIZE, &err), &err);
    assert_ok(bl_broker_keys_derive(bl_secret_bytes(&root), bl_clock_now_s(), &f->vault.keys, &err),
              &err);
    assert_ok(
        bl_store_open_sqlite(test_path(0, "store.db"), BL_STORE_CREATE, &f->vault.store, &err),
        &err);
    assert_ok(bl_audit_open(test_directory, true, f->vault.keys.audit, f->vault.keys.root,
                            &f->vault.audit, &err),
              &err);
    assert_ok(bl_refusals_new(f->vault.audit, &f->vault.refusals, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_ED25519, &f->admin, &err), &err);
    fixture_admin(f, f->admin, BL_LITERAL(BL_ADMIN_ROLES));
}

static inline void
vault_stop(struct vault_fixture *f)
{
    int status = 0;

    bl_refusals_free(f->vault.refusals);
    bl_audit_free(f->vault.audit);
    bl_store_free(f->vault.store);
    bl_appraiser_free(f->vault.appraiser);
    bl_broker_keys_done(&f->vault.keys);
    bl_key_free(f->admin);
    if (f->appraiser > 0)
        assert_int_equal(waitpid(f->appraiser, &status, 0), f->appraiser);
    *f = (struct vault_fixture){ 0 };
}

static inline int
vault_setup(void **state)
{
    static struct vault_fixture fixture;

    if (make_test_directory(state) != 0)
        return -1;
    vault_start(&fixture);
    *state = &fixture;
    return 0;
}

static inline int
vault_teardown(void **state)
{
    vault_stop(*state);
    return remove_test_directory(state);
}

#define with_vault(test) cmocka_unit_test_setup_teardown(test, vault_setup, vault_teardown)

/** The whole audit log as text. */
static inline void
read_audit(struct bulla_buffer *log)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_file_read(test_path(1, "audit.log"), 1 << 20, log, &err), &err);
    assert_ok(bulla_buffer_append(log, (struct bulla_bytes){ (const uint8_t *)"", 1 }, &err), &err);
}

/** The last record says this. */
static inline void
assert_last_record(const char *event, const char *text)
{
    BL_AUTO(bulla_buffer) log = { 0 };

    read_audit(&log);
    assert_true(log.size > 2);
    log.data[log.size - 2] = '\0'; /* the last end of line */
    const char *last = strrchr((const char *)log.data, '\n');
    last = last != NULL ? last + 1 : (const char *)log.data;
    if (strstr(last, event) == NULL || strstr(last, text) == NULL)
        print_message("# wanted %s, %s in: %s\n", event, text, last);
    assert_non_null(strstr(last, event));
    assert_non_null(strstr(last, text));
}

static inline bool
holds_bytes(const struct bulla_buffer *haystack, struct bulla_bytes needle)
{
    return haystack->size > 0 &&
           memmem(haystack->data, haystack->size, needle.data, needle.size) != NULL;
}

#endif
