/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/enclave/monitor_fixture.h: an enclave of the very program that tries it: an image of itself and
 * its libraries, run by a monitor.
 */
#ifndef TESTS_ENCLAVE_MONITOR_FIXTURE_H
#define TESTS_ENCLAVE_MONITOR_FIXTURE_H

#include "enclave/monitor.h"

#include "base/fault.h"
#include "crypto/random.h"
#include "enclave/inside.h"
#include "enclave/self_image.h"
#include "sys/directory.h"

static const char manifest_yaml[] =
    "bulla: 1\n"
    "name: tested\n"
    "product: example.org/tested\n"
    "version: %u\n"
    "signer: signer.pub\n"
    "image: { files: [/bin/a] }\n"
    "entry: [/bin/a, %s]\n"
    "resources: { memory: 64M, cpus: 1, pids: 16, open_files: 64, tmp: 1M }\n"
    "network: { connect: ['5432 -> 127.0.0.1:%u'] }\n"
    "sealed: [{ path: /data, size: 1M }]\n"
    "isolation: { permit_unenforced: [%s] }\n"
    "log: { size: 64K }\n";

static inline enum bulla_status
signer(void *context, const char *text, uint8_t raw_out[32], struct bulla_error *err)
{
    (void)context;
    (void)text;
    (void)err;
    memset(raw_out, 0x5a, 32);
    return BULLA_OK;
}

/* What an enclave is tried with. */
struct trial {
    const char *what;
    unsigned version;
    uint16_t port;
    bool spoiled;            /* the image is not what the monitor asserts */
    const char *permitted;   /* limits that may be missing */
    enum bulla_status inner; /* of a second instance */
    struct bulla_error inner_err;
    unsigned certified, started, ready;
    bool has_platform, platform_fails;
    unsigned vouched;
    struct bl_secret key; /* kept from one run to the next */
    struct bl_monitor_end end;
};

/* -- the image ---------------------------------------------------------------------------------- */

static inline enum bulla_status
unpack(void *context, int fd, int root_fd, struct bulla_error *err)
{
    const struct trial *trial = context;

    if (trial->spoiled)
        return bulla_fail(err, BULLA_E_INTEGRITY, "image", "not what was measured", 0);
    if (!copy_program(root_fd, fd, &BL_ENCLAVE_AGENT_PATH[1]))
        return bulla_fail_detail(err, BULLA_CAUSE_IO, "image", "cannot be copied",
                                 (unsigned long)errno);
    return BULLA_OK;
}

/* -- running ------------------------------------------------------------------------------------ */

static inline enum bulla_status
give_key(void *context, const struct bl_enclave_state *state, struct bl_secret *key_out,
         struct bulla_error *err)
{
    struct trial *trial = context;

    assert_non_null(state->key_path);
    if (trial->key.size == 0)
        BL_TRY(bl_random_secret(&trial->key, BL_ENCLAVE_STATE_KEY_SIZE, err));
    return bl_secret_copy(key_out, bl_secret_bytes(&trial->key), err);
}

static inline enum bulla_status
certify(void *context, struct bl_tpm *tpm, struct bulla_error *err)
{
    struct trial *trial = context;
    BL_AUTO(bulla_buffer) public_area = { 0 };

    trial->certified++;
    return bl_tpm_ek_public(tpm, &public_area, err);
}

static inline enum bulla_status
vouch(void *context, const uint8_t extra_data[BL_TPM_BINDER_SIZE],
      struct bulla_buffer *evidence_out, struct bulla_error *err)
{
    struct trial *trial = context;

    trial->vouched++;
    if (trial->platform_fails)
        return bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, "platform", "it does not answer");
    return bulla_buffer_append(evidence_out, (struct bulla_bytes){ extra_data, BL_TPM_BINDER_SIZE },
                               err);
}

static inline void
started(void *context, pid_t agent)
{
    struct trial *trial = context;

    trial->started++;
    assert_true(agent > 1);
}

static enum bulla_status run(struct trial *trial, struct bulla_error *err);

static inline void
ready(void *context)
{
    struct trial *trial = context;
    struct trial second = { .what = "look", .version = trial->version, .permitted = "" };

    trial->ready++;
    trial->inner = run(&second, &trial->inner_err);
    kill(getpid(), SIGTERM);
}

static inline enum bulla_status
run(struct trial *trial, struct bulla_error *err)
{
    static const struct bl_manifest_resolver resolver = { .signer = signer };
    char yaml[2048];
    BL_AUTO(bl_manifest) manifest = { 0 };
    BL_AUTO_FD program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    (void)snprintf(yaml, sizeof yaml, manifest_yaml, trial->version, trial->what,
                   trial->port == 0 ? 9u : trial->port,
                   trial->permitted == NULL ? "memory, pids, cpus" : trial->permitted);
    BL_TRY(bl_manifest_from_yaml(text_bytes(yaml), &resolver, &manifest, err));
    const struct bl_monitor_plan plan = { .manifest = &manifest,
                                          .code = { 0xc0 },
                                          .image = { trial, unpack, program, 512u << 20 },
                                          .state_directory = test_path(0, "state"),
                                          .context = trial,
                                          .key = give_key,
                                          .certify = certify,
                                          .vouch = trial->has_platform ? vouch : NULL,
                                          .started = started,
                                          .ready = ready };
    return bl_monitor_run(&plan, &trial->end, err);
}

static inline bool
permitted(void)
{
    struct bl_probe probe = { 0 };
    struct bulla_error err = { 0 };

    return bl_probe_system(&probe, &err) == BULLA_OK && probe.user_namespaces;
}

#define need_namespaces()                                    \
    do {                                                     \
        if (!permitted())                                    \
            unit_skip("user namespaces are forbidden here"); \
        if (access("/dev/fuse", R_OK | W_OK) != 0)           \
            unit_skip("/dev/fuse cannot be opened");         \
    } while (0)

/* Groups that enforce: without, there is nothing to try. */
static inline bool
enforced(enum bl_limit_kind kind)
{
    enum bl_mechanism found[BL_LIMIT_KINDS] = { 0 };
    struct bulla_error err = { 0 };

    return bl_cgroup_probe(found, &err) == BULLA_OK && found[kind] >= BL_MECHANISM_CGROUP_V1;
}

static inline bool
log_has(const char *text)
{
    BL_AUTO(bulla_buffer) log = { 0 };

    return bl_file_read(test_path(1, "state/log"), 1 << 20, &log, NULL) == BULLA_OK &&
           bulla_buffer_append(&log, BL_BYTES_OF("\0"), NULL) == BULLA_OK &&
           strstr((const char *)log.data, text) != NULL;
}

static inline void
show_log(void)
{
    BL_AUTO(bulla_buffer) log = { 0 };

    if (bl_file_read(test_path(1, "state/log"), 1 << 20, &log, NULL) == BULLA_OK)
        print_message("# log: %.*s\n", (int)log.size, (const char *)log.data);
}

static inline void
assert_ends_with(struct trial *trial, int code)
{
    struct bulla_error err = { 0 };

    assert_ok(run(trial, &err), &err);
    if (trial->end.code != code)
        show_log();
    assert_false(trial->end.killed);
    assert_int_equal(trial->end.code, code);
    assert_int_equal(trial->started, 1);
    trial->started = 0;
}

#endif
