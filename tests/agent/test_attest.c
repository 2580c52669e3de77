/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent knows of itself, the key of a sealed directory, and files of secrets, over an
 * embedded TPM that is extended as a monitor does.
 */
#include "agent/attest.h"

#include "agent/sealed_key.h"
#include "device/tpm_fixture.h"
#include "sys/directory.h"
#include "sys/file.h"

struct enclave {
    struct fixture tpm;
    struct bl_manifest manifest;
    struct bl_agent_config config;
    struct bulla_buffer log;
    struct bl_agent_self self;
};

static struct bl_enclave_identity
identity_of(const struct enclave *e, uint8_t code)
{
    struct bl_enclave_identity identity = { .code = { code },
                                            .version = e->manifest.version,
                                            .isolation = BL_ISOLATION_OS };

    memcpy(identity.signer, e->manifest.signer_digest, 32);
    memcpy(identity.config, e->manifest.digest, 32);
    snprintf(identity.product, sizeof identity.product, "%s", e->manifest.product);
    return identity;
}

/* One start of an enclave in the TPM whose state *e keeps. */
static void
start(struct enclave *e, uint8_t code, uint8_t config, uint8_t signer, uint64_t version)
{
    struct bulla_error err = { 0 };
    uint8_t digests[BL_ENCLAVE_PCR_COUNT][32];
    const struct bl_isolation_facts facts = { .isolation = BL_ISOLATION_OS };
    BL_AUTO(bulla_buffer) data = { 0 };

    fixture_open(&e->tpm);
    e->manifest = (struct bl_manifest){ .product = "example.org/x",
                                        .version = version,
                                        .digest = { config },
                                        .signer_digest = { signer } };
    struct bl_enclave_identity identity = identity_of(e, code);
    assert_ok(bl_isolation_digest(&facts, &data, identity.isolation_digest, &err), &err);
    assert_ok(bl_enclave_digests(&identity, digests, &err), &err);
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++)
        assert_ok(bl_tpm_pcr_extend(e->tpm.tpm, BL_ENCLAVE_PCR_FIRST + i, digests[i], &err), &err);
    write_version(e->tpm.tpm, BL_ENCLAVE_NV_VERSION, version);
    bulla_buffer_clear(&e->log);
    assert_ok(bl_enclave_log_write(&identity, bulla_buffer_bytes(&data), &e->log, &err), &err);
    e->config = (struct bl_agent_config){ .event_log = bulla_buffer_bytes(&e->log) };
    e->self = (struct bl_agent_self){
        .config = &e->config, .manifest = &e->manifest, .tpm = e->tpm.tpm, .relay_fd = -1
    };
}

static void
stop(struct enclave *e)
{
    fixture_close(&e->tpm);
}

static void
enclave_done(struct enclave *e)
{
    bl_secret_done(&e->tpm.store.state);
    bulla_buffer_done(&e->log);
}

static void
test_self_is_what_was_measured(void **state)
{
    static struct enclave e;
    struct bulla_error err = { 0 };
    static uint8_t log[4096];

    (void)state;
    start(&e, 1, 2, 3, 4);
    assert_ok(bl_agent_check_self(&e.self, &err), &err);
    e.manifest.digest[31] ^= 1;
    assert_fails(bl_agent_check_self(&e.self, &err), BULLA_E_MISMATCH, &err);
    e.manifest.digest[31] ^= 1;
    e.manifest.signer_digest[0] ^= 1;
    assert_fails(bl_agent_check_self(&e.self, &err), BULLA_E_MISMATCH, &err);
    e.manifest.signer_digest[0] ^= 1;
    e.manifest.product = "example.org/y";
    assert_fails(bl_agent_check_self(&e.self, &err), BULLA_E_MISMATCH, &err);
    e.manifest.product = "example.org/x";
    e.manifest.version++;
    assert_fails(bl_agent_check_self(&e.self, &err), BULLA_E_MISMATCH, &err);
    e.manifest.version--;
    for (unsigned pcr = BL_ENCLAVE_PCR_FIRST; pcr < BL_ENCLAVE_PCR_FIRST + BL_ENCLAVE_PCR_COUNT;
         pcr++) {
        stop(&e);
        start(&e, 1, 2, 3, 4);
        assert_ok(bl_tpm_pcr_extend(e.tpm.tpm, pcr, log, &err), &err);
        assert_fails(bl_agent_check_self(&e.self, &err), BULLA_E_MISMATCH, &err);
    }
    memcpy(log, e.log.data, e.log.size);
    e.config.event_log = (struct bulla_bytes){ log, e.log.size - 1 };
    assert_fails(bl_agent_check_self(&e.self, &err), BULLA_E_MALFORMED, &err);
    stop(&e);
    enclave_done(&e);
}

/* -- keys of sealed directories ------------------------------------------------------------------ */

static void
test_keys_are_bound_as_the_manifest_says(void **state)
{
    static const struct {
        unsigned bind;
        enum bulla_cause code, config, signer; /* when that one is another */
    } cases[] = {
        { BL_BIND_CODE, BULLA_CAUSE_PCR_CHANGED, 0, 0 },
        { BL_BIND_CONFIG, 0, BULLA_CAUSE_PCR_CHANGED, 0 },
        { BL_BIND_SIGNER, 0, 0, BULLA_CAUSE_PCR_CHANGED },
        { BL_BIND_PRODUCT, 0, 0, BULLA_CAUSE_PCR_CHANGED },
        { BL_BIND_CODE | BL_BIND_CONFIG, BULLA_CAUSE_PCR_CHANGED, BULLA_CAUSE_PCR_CHANGED, 0 },
    };
    static struct enclave e;
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct bl_manifest_sealed sealed = { .path = "/data", .bind = cases[i].bind };
        const enum bulla_cause causes[] = { 0, cases[i].code, cases[i].config, cases[i].signer };
        BL_AUTO(bl_sealed_key) made = { 0 };
        start(&e, 1, 2, 3, 4);
        assert_ok(bl_sealed_key_make(&made, &err), &err);
        assert_ok(bl_sealed_key_save(&e.self, &sealed, test_path(0, "key"), &made, &err), &err);
        for (uint8_t other = 0; other < 4; other++) {
            BL_AUTO(bl_sealed_key) found = { 0 };
            stop(&e);
            start(&e, other == 1 ? 9 : 1, other == 2 ? 9 : 2, other == 3 ? 9 : 3, 4);
            bulla_error_clear(&err);
            assert_int_equal(
                bl_sealed_key_open(&e.self, &sealed, test_path(0, "key"), &found, &err),
                bulla_cause_status(causes[other]));
            assert_int_equal(err.cause, causes[other]);
            if (causes[other] != BULLA_CAUSE_NONE) {
                assert_int_equal(found.key.size, 0);
                continue;
            }
            assert_bytes_equal(bl_secret_bytes(&found.key), bl_secret_bytes(&made.key));
            assert_memory_equal(found.id, made.id, sizeof made.id);
        }
        stop(&e);
    }
    enclave_done(&e);
}

static void
test_a_newer_version_keeps_the_older_out(void **state)
{
    const struct bl_manifest_sealed sealed = { .path = "/data", .bind = BL_BIND_VERSION };
    static struct enclave e;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_sealed_key) made = { 0 };

    (void)state;
    start(&e, 1, 2, 3, 4);
    assert_ok(bl_sealed_key_make(&made, &err), &err);
    assert_ok(bl_sealed_key_save(&e.self, &sealed, test_path(0, "key"), &made, &err), &err);
    stop(&e);
    for (uint64_t version = 4; version < 7; version++) {
        BL_AUTO(bl_sealed_key) found = { 0 };
        start(&e, 9, 9, 9, version);
        assert_ok(bl_sealed_key_open(&e.self, &sealed, test_path(0, "key"), &found, &err), &err);
        stop(&e);
    }
    BL_AUTO(bl_sealed_key) found = { 0 };
    start(&e, 1, 2, 3, 5);
    assert_cause(bl_sealed_key_open(&e.self, &sealed, test_path(0, "key"), &found, &err),
                 BULLA_CAUSE_VERSION_BELOW_FLOOR, &err);
    stop(&e);
    enclave_done(&e);
}

static void
test_keys_of_others(void **state)
{
    const struct bl_manifest_sealed sealed = { .path = "/data", .bind = BL_BIND_SIGNER };
    const struct bl_manifest_sealed other = { .path = "/other", .bind = BL_BIND_SIGNER };
    static struct enclave e, second;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_sealed_key) made = { 0 };
    BL_AUTO(bl_sealed_key) found = { 0 };

    (void)state;
    start(&e, 1, 2, 3, 4);
    assert_fails(bl_sealed_key_open(&e.self, &sealed, test_path(0, "key"), &found, &err),
                 BULLA_E_NOT_FOUND, &err);
    assert_ok(bl_sealed_key_make(&made, &(struct bulla_error){ 0 }), &err);
    bulla_error_clear(&err);
    assert_ok(bl_sealed_key_save(&e.self, &sealed, test_path(0, "key"), &made, &err), &err);
    assert_cause(bl_sealed_key_open(&e.self, &other, test_path(0, "key"), &found, &err),
                 BULLA_CAUSE_NAME_MISMATCH, &err);
    stop(&e);
    start(&second, 1, 2, 3, 4); /* the same enclave, but in another vTPM */
    assert_cause(bl_sealed_key_open(&second.self, &sealed, test_path(0, "key"), &found, &err),
                 BULLA_CAUSE_WRONG_TPM, &err);
    assert_int_equal(found.key.size, 0);
    stop(&second);
    enclave_done(&e);
    enclave_done(&second);
}

/* -- files of secrets ---------------------------------------------------------------------------- */

static void
test_secrets_have_the_mode_asked_for(void **state)
{
    static const unsigned modes[] = { 0400, 0440, 0444 };
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) value = { 0 };
    struct stat status;

    (void)state;
    assert_ok(bl_secret_copy(&value, BL_LITERAL("hunter2"), &err), &err);
    mode_t before = umask(077);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        BL_AUTO(bulla_buffer) content = { 0 };
        char name[2] = { (char)('a' + i), '\0' };
        assert_ok(bl_secret_file_write(test_directory, name, modes[i], &value, &err), &err);
        assert_int_equal(stat(test_path(0, name), &status), 0);
        assert_int_equal(status.st_mode, S_IFREG | modes[i]);
        assert_int_equal(status.st_uid, geteuid());
        assert_ok(bl_file_read(test_path(0, name), 100, &content, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&content), BL_LITERAL("hunter2"));
        assert_fails(bl_secret_file_write(test_directory, name, 0400, &value, &err), BULLA_E_EXISTS,
                     &err);
        bulla_error_clear(&err);
    }
    umask(before);
    assert_int_equal(symlink("/dev/null", test_path(0, "link")), 0);
    assert_fails(bl_secret_file_write(test_directory, "link", 0400, &value, &err), BULLA_E_EXISTS,
                 &err);
    assert_fails(bl_secret_file_write("/nonexistent", "x", 0400, &value, &err), BULLA_E_NOT_FOUND,
                 &err);
}

static void
test_no_part_of_a_secret_stays(void **state)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) value = { 0 };
    unsigned failures = 0;

    (void)state;
    assert_ok(bl_secret_copy(&value, BL_LITERAL("hunter2"), &err), &err);
    for (uint64_t nth = 1;; nth++) {
        bl_fault_arm(BL_FAULT_FILE, nth, false);
        enum bulla_status status =
            bl_secret_file_write(test_directory, "secret", 0400, &value, NULL);
        if (!bl_fault_disarm()) {
            assert_int_equal(status, BULLA_OK);
            break;
        }
        assert_int_not_equal(status, BULLA_OK);
        assert_int_not_equal(access(test_path(0, "secret"), F_OK), 0);
        failures++;
    }
    assert_true(failures >= 4);
}

static void
test_secrets_need_a_broker(void **state)
{
    static struct enclave e;
    struct bulla_error err = { 0 };

    (void)state;
    start(&e, 1, 2, 3, 4);
    assert_ok(bl_agent_get_secrets(&e.self, &err), &err); /* none is asked for */
    e.manifest.secret_count = 1;
    assert_fails(bl_agent_get_secrets(&e.self, &err), BULLA_E_USAGE, &err);
    stop(&e);
    enclave_done(&e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_self_is_what_was_measured),
        test_in_directory(test_keys_are_bound_as_the_manifest_says),
        test_in_directory(test_a_newer_version_keeps_the_older_out),
        test_in_directory(test_keys_of_others),
        test_in_directory(test_secrets_have_the_mode_asked_for),
        test_in_directory(test_no_part_of_a_secret_stays),
        cmocka_unit_test(test_secrets_need_a_broker),
    };

    bl_tpm_quiet_libraries();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
