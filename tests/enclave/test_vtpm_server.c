/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vTPM through the filter: all that our own device code asks for works, and what it must not do
 * is refused by the TPM's own kind of answer.
 */
#include "enclave/vtpm_server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device/tpm.h"
#include "measure/enclave_pcrs.h"
#include "sys/socket.h"
#include "unit.h"

struct memory_store {
    struct bl_secret state;
};

static enum bulla_status
load(void *context, struct bl_secret *state_out, struct bulla_error *err)
{
    struct memory_store *store = context;

    if (store->state.size == 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "store", "nothing yet", 0);
    return bl_secret_copy(state_out, bl_secret_bytes(&store->state), err);
}

static enum bulla_status
save(void *context, struct bulla_bytes state, struct bulla_error *err)
{
    struct memory_store *store = context;

    bl_secret_done(&store->state);
    return bl_secret_copy(&store->state, state, err);
}

struct fixture {
    struct memory_store store;
    struct bl_vtpm *vtpm;
    struct bl_vtpm_server server;
    pthread_t thread;
    int client; /* -1 once it was given away */
};

static void *
serve(void *context)
{
    struct bl_vtpm_server *server = context;
    struct bulla_error ignored = { 0 };

    while (server->fd >= 0) {
        struct pollfd ready = { .fd = server->fd, .events = POLLIN };
        if (poll(&ready, 1, -1) < 0 || bl_vtpm_server_step(server, &ignored) != BULLA_OK)
            break;
    }
    return NULL;
}

static void
connect_client(struct fixture *f)
{
    struct bulla_error err = { 0 };
    int ends[2];

    assert_ok(bl_unix_pair(BL_UNIX_STREAM, ends, &err), &err);
    bl_vtpm_server_init(&f->server, f->vtpm, ends[0]);
    f->client = ends[1];
    assert_int_equal(pthread_create(&f->thread, NULL, serve, &f->server), 0);
}

static void
wait_for_end(struct fixture *f)
{
    if (f->client >= 0)
        close(f->client);
    f->client = -1;
    pthread_join(f->thread, NULL);
}

/* The monitor's part: PCRs, the version, the counter. */
static int
setup(void **state)
{
    static struct fixture fixture;
    const struct bl_vtpm_store store = { &fixture.store, load, save };
    const uint8_t version[8] = { 0, 0, 0, 0, 0, 0, 0, 7 };
    const uint8_t digest[32] = { 1 };
    struct bulla_error err = { 0 };
    struct bl_tpm *tpm = NULL;

    bl_tpm_quiet_libraries();
    if (bl_vtpm_start(&store, &fixture.vtpm, &err) != BULLA_OK ||
        bl_tpm_open(&(struct bl_tpm_target){ .embedded = fixture.vtpm }, &tpm, &err) != BULLA_OK ||
        bl_tpm_pcr_extend(tpm, BL_ENCLAVE_PCR_CODE, digest, &err) != BULLA_OK ||
        bl_tpm_nv_write_once(tpm, BL_ENCLAVE_NV_VERSION, BL_BYTES_OF(version),
                             BL_TPM_NV_LOCKED_UNTIL_START, &err) != BULLA_OK ||
        bl_tpm_counter_define(tpm, BL_ENCLAVE_NV_COUNTER, &err) != BULLA_OK)
        return -1;
    bl_tpm_free(tpm);
    *state = &fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    bl_vtpm_free(f->vtpm);
    bl_secret_done(&f->store.state);
    return 0;
}

static void
test_what_an_agent_needs(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_tpm_key) ak = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 }, attest = { 0 }, signature = { 0 }, ek = { 0 }, nv = { 0 };
    struct bl_tpm *tpm = NULL;
    struct bl_tpm_info info = { 0 };
    struct bl_tpm_name version = { 0 };
    const struct bl_pcr_selection pcrs = { .bank = BL_SHA256, .mask = BL_ENCLAVE_PCR_MASK };
    uint64_t before = 0, after = 0;
    uint8_t random[16];

    connect_client(f);
    assert_ok(bl_tpm_open(&(struct bl_tpm_target){ .socket_fd = f->client }, &tpm, &err), &err);
    f->client = -1;
    assert_ok(bl_tpm_info(tpm, &info, &err), &err);
    assert_false(info.is_embedded);
    assert_ok(bl_tpm_random(tpm, random, sizeof random, &err), &err);
    assert_ok(bl_tpm_ek_public(tpm, &ek, &err), &err);
    assert_ok(bl_tpm_pcr_read(tpm, pcrs, &values, &err), &err);
    assert_ok(bl_tpm_nv_name(tpm, BL_ENCLAVE_NV_VERSION, &version, &err), &err);
    const struct bl_tpm_policy policy = { .pcrs = pcrs,
                                          .pcr_values = bulla_buffer_bytes(&values),
                                          .nv_index = BL_ENCLAVE_NV_VERSION,
                                          .nv_name = { version.bytes, version.size },
                                          .nv_minimum = 7 };
    assert_ok(bl_tpm_seal(tpm, BL_LITERAL("state key"), &policy, (struct bulla_bytes){ 0 }, &sealed,
                          &err),
              &err);
    assert_ok(bl_tpm_unseal(tpm, &sealed, &policy, (struct bulla_bytes){ 0 }, &secret, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&secret), BL_LITERAL("state key"));
    assert_ok(bl_tpm_ak_create(tpm, &ak, &err), &err);
    assert_ok(bl_tpm_quote(tpm, &ak, pcrs, BL_LITERAL("nonce"), &attest, &signature, &err), &err);
    assert_ok(bl_tpm_nv_read(tpm, BL_ENCLAVE_NV_VERSION, 8, &nv, &err), &err);
    assert_int_equal(nv.data[7], 7);
    assert_ok(bl_tpm_counter_read(tpm, BL_ENCLAVE_NV_COUNTER, &before, &err), &err);
    assert_ok(bl_tpm_counter_increment(tpm, BL_ENCLAVE_NV_COUNTER, &after, &err), &err);
    assert_true(after == before + 1);
    bl_tpm_free(tpm);
    wait_for_end(f);
}

/* Each by our own device code, whose other commands pass: the filter alone stands in the way. */
static void
test_what_it_must_not(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm *tpm = NULL;
    const uint8_t digest[32] = { 2 };
    BL_AUTO(bulla_buffer) before = { 0 }, after = { 0 };
    const struct bl_pcr_selection all = { .bank = BL_SHA256, .mask = 0xffffff };

    connect_client(f);
    assert_ok(bl_tpm_open(&(struct bl_tpm_target){ .socket_fd = f->client }, &tpm, &err), &err);
    f->client = -1;
    assert_ok(bl_tpm_pcr_read(tpm, all, &before, &err), &err);
    for (unsigned pcr = 0; pcr < BL_TPM_PCR_COUNT; pcr++) {
        assert_cause(bl_tpm_pcr_extend(tpm, pcr, digest, &err), BULLA_CAUSE_TPM_NOT_PERMITTED,
                     &err);
        assert_int_equal(err.detail & 0xfff, 0x143);
    }
    bulla_error_clear(&err);
    assert_ok(bl_tpm_pcr_read(tpm, all, &after, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&before), bulla_buffer_bytes(&after));
    assert_cause(bl_tpm_counter_define(tpm, 0x01800b05, &err), BULLA_CAUSE_TPM_NOT_PERMITTED, &err);
    assert_cause(bl_tpm_counter_increment(tpm, BL_ENCLAVE_NV_VERSION, &(uint64_t){ 0 }, &err),
                 BULLA_CAUSE_EXISTS, &err);
    assert_cause(
        bl_tpm_nv_write_once(tpm, 0x01800b05, BL_LITERAL("x"), BL_TPM_NV_LOCKED_FOR_EVER, &err),
        BULLA_CAUSE_TPM_NOT_PERMITTED, &err);
    bl_tpm_free(tpm);
    wait_for_end(f);
}

/* -- bytes -------------------------------------------------------------------------------------- */

static void
ask(int fd, struct bulla_bytes command, uint8_t *out, size_t size)
{
    struct bulla_error err = { 0 };
    size_t got = 0;

    assert_ok(bl_socket_send(fd, command, INT64_MAX, &err), &err);
    assert_ok(bl_socket_receive(fd, out, size, INT64_MAX, &got, &err), &err);
    assert_int_equal(got, size);
}

static void
test_in_pieces_and_several_at_once(void **state)
{
    struct fixture *f = *state;
    static const uint8_t two[] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x45, 0, 0,   /* Shutdown */
                                   0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 4 }; /* GetRandom */
    struct bulla_error err = { 0 };
    uint8_t answers[10 + 16];
    size_t got = 0;

    connect_client(f);
    ask(f->client, BL_BYTES_OF(two), answers, sizeof answers);
    assert_memory_equal(answers, bl_tpm_filter_refusal().data, 10);
    assert_memory_equal(answers + 10, "\x80\x01\0\0\0\x10\0\0\0\0\0\4", 12);
    for (size_t i = 0; i < 12; i++)
        assert_ok(
            bl_socket_send(f->client, (struct bulla_bytes){ two + 12 + i, 1 }, INT64_MAX, &err),
            &err);
    assert_ok(bl_socket_receive(f->client, answers, 16, INT64_MAX, &got, &err), &err);
    assert_int_equal(got, 16);
    wait_for_end(f);
}

static void
test_impossible_sizes_end_it(void **state)
{
    struct fixture *f = *state;
    static const uint8_t sizes[][4] = {
        { 0, 0, 0, 0 }, { 0, 0, 0, 9 }, { 0, 0, 0x10, 1 }, { 0xff, 0xff, 0xff, 0xff }
    };

    for (size_t i = 0; i < 4; i++) {
        uint8_t command[10] = { 0x80, 1, 0, 0, 0, 0, 0, 0, 1, 0x7b };
        uint8_t byte = 0;
        memcpy(command + 2, sizes[i], 4);
        connect_client(f);
        assert_int_equal(send(f->client, command, sizeof command, 0), sizeof command);
        struct pollfd ready = { .fd = f->client, .events = POLLIN };
        assert_int_equal(poll(&ready, 1, 5000), 1);
        assert_int_equal(recv(f->client, &byte, 1, 0), 0);
        wait_for_end(f);
    }
}

/* Sessions that a client leaves behind would use up the TPM's places. */
static void
test_left_behind_is_flushed(void **state)
{
    struct fixture *f = *state;
    /* StartAuthSession(null, null, nonce of 16, no salt, policy, no symmetric, SHA-256) */
    static const uint8_t start[] = { 0x80, 1,  0,  0,  0,  43, 0, 0, 1, 0x76, 0x40, 0, 0,   7, 0x40,
                                     0,    0,  7,  0,  16, 1,  2, 3, 4, 5,    6,    7, 8,   9, 10,
                                     11,   12, 13, 14, 15, 16, 0, 0, 1, 0,    0x10, 0, 0x0b };
    uint8_t response[48];

    for (unsigned round = 0; round < 80; round++) { /* more than there are places */
        connect_client(f);
        ask(f->client, BL_BYTES_OF(start), response, 10);
        assert_memory_equal(response + 6, "\0\0\0\0", 4);
        wait_for_end(f);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_an_agent_needs),
        cmocka_unit_test(test_what_it_must_not),
        cmocka_unit_test(test_in_pieces_and_several_at_once),
        cmocka_unit_test(test_impossible_sizes_end_it),
        cmocka_unit_test(test_left_behind_is_flushed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
