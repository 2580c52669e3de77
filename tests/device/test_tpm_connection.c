/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a TPM, the Unix socket against a peer that misbehaves, and the device node.
 */
#include "tpm_fixture.h"

#include "folder.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static void
test_info_of_the_embedded_tpm(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_info info = { 0 };

    assert_ok(bl_tpm_info(f->tpm, &info, &err), &err);
    assert_string_equal(info.manufacturer, "IBM");
    assert_true(strlen(info.vendor) > 0);
    assert_true(info.revision >= 138);
    assert_true(info.has_sha256_bank && info.has_sha384_bank && info.is_embedded);
    assert_true(info.lockout_counter_max > 0 && info.lockout_interval_s > 0);
    assert_false(info.in_lockout || info.lockout_auth_is_set);
    assert_int_equal(info.lockout_counter, 0);
}

static void
test_random_bytes(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    uint8_t a[33] = { 0 }, b[32] = { 0 };

    assert_ok(bl_tpm_random(f->tpm, a, 32, &err), &err);
    assert_ok(bl_tpm_random(f->tpm, b, 32, &err), &err);
    assert_memory_not_equal(a, b, 32);
    assert_int_equal(a[32], 0);
    assert_ok(bl_tpm_random(f->tpm, a, 0, &err), &err);
    assert_fails(bl_tpm_random(f->tpm, a, 33, &err), BULLA_E_LIMIT, &err);
}

static void
test_pcrs(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) before = { 0 };
    BL_AUTO(bulla_buffer) after = { 0 };
    static const uint8_t digest[32] = { 9 };
    uint8_t extended[32];
    const struct bl_pcr_selection all = { .bank = BL_SHA256, .mask = 0xffffff };

    assert_ok(bl_tpm_pcr_read(f->tpm, all, &before, &err), &err);
    assert_int_equal(before.size, 24 * 32);
    assert_ok(bl_tpm_pcr_extend(f->tpm, 11, digest, &err), &err);
    assert_ok(bl_tpm_pcr_read(f->tpm, all, &after, &err), &err);
    const struct bulla_bytes parts[] = { { before.data + (size_t)11 * 32, 32 },
                                         BL_BYTES_OF(digest) };
    assert_ok(bl_hash_parts(BL_SHA256, parts, 2, extended, &err), &err);
    for (size_t i = 0; i < 24; i++)
        assert_memory_equal(after.data + i * 32, i == 11 ? extended : before.data + i * 32, 32);
    bulla_buffer_clear(&after);
    assert_ok(bl_tpm_pcr_read(f->tpm,
                              (struct bl_pcr_selection){ .bank = BL_SHA384, .mask = 1 << 23 },
                              &after, &err),
              &err);
    assert_int_equal(after.size, 48);
    assert_fails(bl_tpm_pcr_extend(f->tpm, 24, digest, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(
        bl_tpm_pcr_read(f->tpm, (struct bl_pcr_selection){ .bank = BL_SHA256 }, &after, &err),
        BULLA_E_ARGUMENT, &err);
    assert_fails(bl_tpm_pcr_read(f->tpm, (struct bl_pcr_selection){ .bank = BL_SHA1, .mask = 1 },
                                 &after, &err),
                 BULLA_E_UNSUPPORTED, &err);
}

static void
test_targets_that_are_none(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_tpm *tpm = NULL;
    char long_path[200];

    memset(long_path, 'x', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    const struct {
        struct bl_tpm_target target;
        enum bulla_cause cause;
    } cases[] = {
        { { 0 }, BULLA_CAUSE_INTERNAL },
        { { .device_path = "/dev/null", .socket_path = "x" }, BULLA_CAUSE_INTERNAL },
        { { .device_path = "/nonexistent/tpmrm0" }, BULLA_CAUSE_NO_TPM },
        { { .device_path = "." }, BULLA_CAUSE_NO_TPM },
        { { .device_path = "/proc/self/oom_score_adj" }, BULLA_CAUSE_NO_TPM }, /* no device */
        { { .device_path = "/dev/null" }, BULLA_CAUSE_TPM_FAILED },
        { { .device_path = "/dev/zero" }, BULLA_CAUSE_TPM_FAILED },
        { { .device_path = "/dev/full" }, BULLA_CAUSE_TPM_FAILED },
        { { .socket_path = "/nonexistent/tpm.sock" }, BULLA_CAUSE_NO_TPM },
        { { .socket_path = "" }, BULLA_CAUSE_USAGE },
        { { .socket_path = "x", .socket_fd = 1 }, BULLA_CAUSE_INTERNAL },
        { { .socket_fd = 1023 }, BULLA_CAUSE_IO }, /* nothing there */
        { { .socket_path = long_path }, BULLA_CAUSE_USAGE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_cause(bl_tpm_open(&cases[i].target, &tpm, &err), cases[i].cause, &err);
        assert_null(tpm);
    }
}

/* -- a peer on a Unix socket -------------------------------------------------------------------- */

enum manner { ANSWER, SLOWLY, SILENT, HANG_UP, CUT, TOO_LARGE, TOO_SMALL, UNASKED };

struct peer {
    struct bl_vtpm *vtpm;
    enum manner manner;
    unsigned after; /* commands answered well first */
    int listener;
    pthread_t thread;
    char directory[64];
    char path[96];
};

static bool
read_message(int fd, uint8_t *message, size_t *size)
{
    size_t got = 0;

    *size = 10;
    while (got < *size) {
        ssize_t n = read(fd, message + got, *size - got);
        if (n <= 0)
            return false;
        got += (size_t)n;
        if (got >= 6)
            *size = (size_t)message[4] << 8 | message[5];
    }
    return true;
}

static void
write_slowly(int fd, struct bulla_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (send(fd, bytes.data + i, 1, MSG_NOSIGNAL) != 1)
            return;
}

/* One answer in the peer's manner; false ends the connection. */
static bool
misbehave(struct peer *peer, int fd, struct bulla_buffer *response)
{
    struct bulla_bytes bytes = bulla_buffer_bytes(response);
    uint8_t twice[2 * BL_TPM_MESSAGE_MAX];

    switch (peer->manner) {
    case SILENT:
        return true;
    case HANG_UP:
        return false;
    case CUT:
        return send(fd, bytes.data, bytes.size - 1, MSG_NOSIGNAL) < 0;
    case TOO_LARGE:
        response->data[4] = 0x10;
        response->data[5] = 0x01;
        break;
    case TOO_SMALL:
        response->data[4] = 0;
        response->data[5] = 9;
        break;
    case SLOWLY:
        write_slowly(fd, bytes);
        return true;
    case UNASKED: /* twice, at once */
        memcpy(twice, bytes.data, bytes.size);
        memcpy(twice + bytes.size, bytes.data, bytes.size);
        bytes = (struct bulla_bytes){ twice, 2 * bytes.size };
        break;
    case ANSWER:
        break;
    }
    return send(fd, bytes.data, bytes.size, MSG_NOSIGNAL) == (ssize_t)bytes.size;
}

static void *
serve(void *context)
{
    struct peer *peer = context;
    int fd = accept(peer->listener, NULL, NULL);
    uint8_t message[BL_TPM_MESSAGE_MAX];
    size_t size = 0;
    bool goes_on = fd >= 0;

    for (unsigned count = 0; goes_on && read_message(fd, message, &size); count++) {
        BL_AUTO(bulla_buffer) response = { 0 };
        enum manner manner = peer->manner;
        if (bl_vtpm_process(peer->vtpm, (struct bulla_bytes){ message, size }, &response, NULL) !=
            BULLA_OK)
            break;
        if (count < peer->after)
            peer->manner = ANSWER;
        goes_on = misbehave(peer, fd, &response);
        peer->manner = manner;
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void
peer_start(struct peer *peer, struct bl_vtpm *vtpm, enum manner manner, unsigned after)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    *peer = (struct peer){ .vtpm = vtpm, .manner = manner, .after = after };
    assert_int_equal(make_folder(peer->directory, sizeof peer->directory), 0);
    snprintf(peer->path, sizeof peer->path, "%s/tpm", peer->directory);
    strcpy(address.sun_path, peer->path);
    peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 1), 0);
    assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

static void
peer_stop(struct peer *peer)
{
    shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    unlink(peer->path);
    rmdir(peer->directory);
}

static void
test_a_socket_that_behaves(void **state)
{
    struct fixture *f = *state;
    static const enum manner manners[] = { ANSWER, SLOWLY };

    for (size_t i = 0; i < 2; i++) {
        struct bulla_error err = { 0 };
        struct peer peer;
        struct bl_tpm *tpm = NULL;
        struct bl_tpm_info info = { 0 };
        peer_start(&peer, f->vtpm, manners[i], 0);
        struct bl_tpm_target target = { .socket_path = peer.path };
        assert_ok(bl_tpm_open(&target, &tpm, &err), &err);
        assert_ok(bl_tpm_info(tpm, &info, &err), &err);
        assert_false(info.is_embedded);
        BL_AUTO(bl_tpm_sealed) sealed = { 0 };
        BL_AUTO(bl_secret) secret = { 0 };
        struct bl_tpm_policy policy = { 0 };
        struct bulla_bytes none = { 0 };
        assert_ok(bl_tpm_seal(tpm, BL_LITERAL("over a socket"), &policy, none, &sealed, &err),
                  &err);
        assert_ok(bl_tpm_unseal(tpm, &sealed, &policy, none, &secret, &err), &err);
        assert_bytes_equal(bl_secret_bytes(&secret), BL_LITERAL("over a socket"));
        bl_tpm_free(tpm);
        peer_stop(&peer);
    }
}

/* The enclave's way: the socket was connected by somebody else, and blocks. */
static void
test_a_socket_that_is_inherited(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct bulla_error err = { 0 };
    struct bl_tpm *tpm = NULL;
    struct peer peer;
    uint8_t random[4];

    peer_start(&peer, f->vtpm, ANSWER, 0);
    strcpy(address.sun_path, peer.path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd > 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_ok(bl_tpm_open(&(struct bl_tpm_target){ .socket_fd = fd }, &tpm, &err), &err);
    assert_ok(bl_tpm_random(tpm, random, sizeof random, &err), &err);
    bl_tpm_free(tpm);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed with it */
    peer_stop(&peer);
}

static void
test_a_socket_that_does_not(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum manner manner;
        enum bulla_cause cause;
    } cases[] = {
        { SILENT, BULLA_CAUSE_TIMEOUT },
        { HANG_UP, BULLA_CAUSE_IO },
        { CUT, BULLA_CAUSE_IO },
        { TOO_LARGE, BULLA_CAUSE_TPM_FAILED },
        { TOO_SMALL, BULLA_CAUSE_TPM_FAILED },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned after = 0; after < 2; after++) {
            struct bulla_error err = { 0 };
            struct peer peer;
            struct bl_tpm *tpm = NULL;
            uint8_t random[4];
            peer_start(&peer, f->vtpm, cases[i].manner, after);
            struct bl_tpm_target target = { .socket_path = peer.path, .timeout_ms = 1000 };
            if (after > 0) {
                assert_ok(bl_tpm_open(&target, &tpm, &err), &err);
                assert_cause(bl_tpm_random(tpm, random, 4, &err), cases[i].cause, &err);
            } else {
                assert_cause(bl_tpm_open(&target, &tpm, &err), cases[i].cause, &err);
                assert_null(tpm);
            }
            bl_tpm_free(tpm);
            peer_stop(&peer);
        }
    }
}

/* A second answer to one question would be taken for the answer to the next one. */
static void
test_an_answer_that_nobody_asked_for(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct peer peer;
    struct bl_tpm *tpm = NULL;
    uint8_t random[4];

    peer_start(&peer, f->vtpm, UNASKED, 0);
    struct bl_tpm_target target = { .socket_path = peer.path };
    enum bulla_status status = bl_tpm_open(&target, &tpm, &err);
    if (status == BULLA_OK)
        status = bl_tpm_random(tpm, random, 4, &err);
    assert_int_equal(status, BULLA_E_UNAVAILABLE);
    assert_int_equal(err.cause, BULLA_CAUSE_TPM_FAILED);
    assert_string_equal(err.what, "bytes that nobody asked for");
    bl_tpm_free(tpm);
    peer_stop(&peer);
}

static void
test_every_socket_call_may_fail(void **state)
{
    struct fixture *f = *state;
    bool reached = true;

    for (uint64_t n = 1; reached; n++) {
        struct bulla_error err = { 0 };
        struct peer peer;
        struct bl_tpm *tpm = NULL;
        uint8_t random[4];
        peer_start(&peer, f->vtpm, ANSWER, 0);
        struct bl_tpm_target target = { .socket_path = peer.path, .timeout_ms = 2000 };
        bl_fault_arm(BL_FAULT_SOCKET, n, false);
        enum bulla_status status = bl_tpm_open(&target, &tpm, &err);
        if (status == BULLA_OK)
            status = bl_tpm_random(tpm, random, 4, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status, reached ? BULLA_E_IO : BULLA_OK);
        bl_tpm_free(tpm);
        peer_stop(&peer);
        assert_true(n < 50);
    }
}

/* -- a device node ------------------------------------------------------------------------------ */

/* A pseudo-terminal in raw mode is a character device with a TPM behind it, as the kernel's is. */
struct node {
    struct bl_vtpm *vtpm;
    int master;
    int slave; /* held open, so that the mode stays raw */
    pthread_t thread;
};

static void *
serve_node(void *context)
{
    struct node *node = context;
    uint8_t message[BL_TPM_MESSAGE_MAX];
    size_t size = 0;

    while (read_message(node->master, message, &size)) {
        BL_AUTO(bulla_buffer) response = { 0 };
        if (bl_vtpm_process(node->vtpm, (struct bulla_bytes){ message, size }, &response, NULL) !=
                BULLA_OK ||
            write(node->master, response.data, response.size) != (ssize_t)response.size)
            break;
    }
    return NULL;
}

static void
test_a_device_node(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct node node = { .vtpm = f->vtpm };
    struct bl_tpm *tpm = NULL;
    struct termios mode;

    /* Who leads a session gets the first terminal it opens as its own, and its hang-up. */
    assert_true(signal(SIGHUP, SIG_IGN) != SIG_ERR);
    node.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (node.master < 0 || grantpt(node.master) != 0 || unlockpt(node.master) != 0) {
        print_message("# no pseudo-terminal here\n");
        skip();
    }
    char *path = ptsname(node.master);
    node.slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(node.slave >= 0);
    assert_int_equal(tcgetattr(node.slave, &mode), 0);
    cfmakeraw(&mode);
    assert_int_equal(tcsetattr(node.slave, TCSANOW, &mode), 0);
    assert_int_equal(pthread_create(&node.thread, NULL, serve_node, &node), 0);

    struct bl_tpm_target target = { .device_path = path, .timeout_ms = 5000 };
    assert_ok(bl_tpm_open(&target, &tpm, &err), &err);
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };
    struct bl_tpm_policy policy = { 0 };
    struct bulla_bytes none = { 0 };
    assert_ok(bl_tpm_seal(tpm, BL_LITERAL("through a node"), &policy, none, &sealed, &err), &err);
    assert_ok(bl_tpm_unseal(tpm, &sealed, &policy, none, &secret, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&secret), BL_LITERAL("through a node"));
    bl_tpm_free(tpm);
    close(node.slave);
    pthread_join(node.thread, NULL);
    close(node.master);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(test_info_of_the_embedded_tpm),
        with_tpm(test_random_bytes),
        with_tpm(test_pcrs),
        with_tpm(test_targets_that_are_none),
        with_tpm(test_a_socket_that_behaves),
        with_tpm(test_a_socket_that_is_inherited),
        with_tpm(test_a_socket_that_does_not),
        with_tpm(test_an_answer_that_nobody_asked_for),
        with_tpm(test_every_socket_call_may_fail),
        with_tpm(test_a_device_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
