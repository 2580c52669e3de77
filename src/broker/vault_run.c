/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/vault_run.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "broker/confinement.h"
#include "broker/session.h"
#include "broker/setup.h"
#include "codec/cbor.h"
#include "crypto/x509.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"

#define THREAD_STACK_SIZE ((size_t)1 << 20)
#define ANSWER_MS 10000
#define TICK_MS 5000 /* for what is due without a message: counts, the state of the log */

struct server {
    struct bl_vault vault;
    int supervisor_fd;
    int connections_fd;  /* of the gate; -1 while there is none */
    int certificates_fd; /* of the gate; -1 while there is none */
    atomic_uint session_count;
    bool told_failing; /* the supervisor knows that the audit log cannot be written */
};

struct session_start {
    struct server *server;
    int fd;
};

static void *
session_thread(void *argument)
{
    struct session_start start = *(struct session_start *)argument;

    bl_free(argument);
    bl_session_run(&start.server->vault, start.fd);
    atomic_fetch_sub(&start.server->session_count, 1);
    return NULL;
}

static void
start_session(struct server *server, int fd)
{
    struct session_start *start = bl_alloc(1, sizeof *start);
    pthread_attr_t attributes;
    pthread_t thread;

    if (start == NULL || atomic_fetch_add(&server->session_count, 1) >= BL_VAULT_SESSIONS_MAX) {
        if (start != NULL)
            atomic_fetch_sub(&server->session_count, 1);
        bl_free(start);
        close(fd);
        return;
    }
    *start = (struct session_start){ .server = server, .fd = fd };
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, THREAD_STACK_SIZE);
    bool started = pthread_create(&thread, &attributes, session_thread, start) == 0;
    pthread_attr_destroy(&attributes);
    if (!started) {
        atomic_fetch_sub(&server->session_count, 1);
        bl_free(start);
        close(fd);
    }
}

static void
drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* A new connection from the gate; a gate that breaks the rules is hung up on. */
static void
on_connection(struct server *server)
{
    uint8_t byte;
    size_t size = 0;
    int fd = -1;
    struct bulla_error err = { 0 };

    if (bl_packet_receive(server->connections_fd, &byte, 1, &size, &fd, 1,
                          bl_clock_deadline(ANSWER_MS), &err) == BULLA_OK)
        start_session(server, fd);
    else
        drop(&server->connections_fd);
}

static enum bulla_status
issue_certificate(struct server *server, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) spki = { 0 };
    BL_AUTO(bulla_buffer) leaf = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };
    struct bl_writer w = bl_writer(&answer);
    const struct bl_broker_keys *keys = &server->vault.keys;

    BL_TRY(bl_frame_receive(server->certificates_fd, BL_CERTIFICATE_SIZE_MAX,
                            bl_clock_deadline(ANSWER_MS), &spki, err));
    BL_TRY(bl_broker_issue_tls(keys, bulla_buffer_bytes(&spki), bl_clock_now_s(), &leaf, err));
    bl_cbor_write_array(&w, 2);
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&leaf));
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&keys->root_certificate));
    BL_TRY(bl_writer_finish(&w, err));
    BL_TRY(bl_frame_send(server->certificates_fd, bulla_buffer_bytes(&answer),
                         3 * BL_CERTIFICATE_SIZE_MAX, bl_clock_deadline(ANSWER_MS), err));
    return bl_audit_append(server->vault.audit, bl_clock_now_s(), "tls_certificate", NULL, 0, err);
}

static enum bulla_status
on_gift(struct server *server, struct bulla_error *err)
{
    uint8_t gift = 0;
    size_t size = 0;
    int fd = -1;

    BL_TRY(bl_packet_receive(server->supervisor_fd, &gift, 1, &size, &fd, 1,
                             bl_clock_deadline(ANSWER_MS), err));
    switch ((enum bl_vault_gift)gift) {
    case BL_GIFT_CONNECTIONS:
        drop(&server->connections_fd);
        server->connections_fd = fd;
        return BULLA_OK;
    case BL_GIFT_CERTIFICATES:
        drop(&server->certificates_fd);
        server->certificates_fd = fd;
        return BULLA_OK;
    case BL_GIFT_APPRAISER:
        bl_appraiser_replace(server->vault.appraiser, fd);
        return BULLA_OK;
    case BL_GIFT_FETCHER:
        bl_fetcher_replace(server->vault.fetcher, fd);
        return BULLA_OK;
    }
    close(fd);
    return bulla_fail(err, BULLA_E_MALFORMED, "supervisor", "an unknown gift", gift);
}

/* Each change once: the operator is to look at the disk, not at a flood of lines. */
static enum bulla_status
tell_audit_state(struct server *server, struct bulla_error *err)
{
    struct bulla_error failure = { 0 };
    const bool failing = bl_audit_state(server->vault.audit, &failure) != BULLA_OK;

    if (failing == server->told_failing)
        return BULLA_OK;
    server->told_failing = failing;
    const struct bl_vault_notice notice = { (uint32_t)failure.cause, (uint32_t)failure.detail };
    return bl_packet_send(server->supervisor_fd,
                          (struct bulla_bytes){ (const uint8_t *)&notice, sizeof notice }, NULL, 0,
                          bl_clock_deadline(ANSWER_MS), err);
}

/* Counts that cannot be recorded now stay, and are tried again at the next tick. */
static enum bulla_status
tick(struct server *server, struct bulla_error *err)
{
    struct bulla_error kept = { 0 };

    if (bl_refusals_settle(server->vault.refusals, /* at_once= */ false, bl_refusals_now(),
                           &kept) != BULLA_OK)
        bulla_error_clear(&kept);
    return tell_audit_state(server, err);
}

static enum bulla_status
serve(struct server *server, struct bulla_error *err)
{
    for (;;) {
        struct pollfd entries[3] = { { .fd = server->supervisor_fd, .events = POLLIN },
                                     { .fd = server->connections_fd, .events = POLLIN },
                                     { .fd = server->certificates_fd, .events = POLLIN } };
        int ready = poll(entries, 3, TICK_MS);
        if (ready < 0 && errno != EINTR)
            return bulla_fail_detail(err, BULLA_CAUSE_IO, "vault", "poll", (unsigned long)errno);
        if ((entries[0].revents & (POLLHUP | POLLERR)) != 0)
            return BULLA_OK; /* the supervisor is gone */
        BL_TRY(tick(server, err));
        if (ready <= 0)
            continue;
        if ((entries[0].revents & POLLIN) != 0) {
            BL_TRY(on_gift(server, err));
            continue; /* what else was ready may be of a descriptor that it replaced */
        }
        if (entries[1].revents != 0)
            on_connection(server);
        struct bulla_error ignored = { 0 };
        if (entries[2].revents != 0 && issue_certificate(server, &ignored) != BULLA_OK)
            drop(&server->certificates_fd);
    }
}

/* One packet to the supervisor: the state is open. */
static enum bulla_status
say_open(const struct server *server, bool is_first, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) packet = { 0 };
    uint8_t first = is_first ? 1 : 0;

    BL_TRY(bulla_buffer_append(&packet, (struct bulla_bytes){ &first, 1 }, err));
    BL_TRY(bl_key_raw_public(server->vault.keys.root, &packet, err));
    return bl_packet_send(server->supervisor_fd, bulla_buffer_bytes(&packet), NULL, 0,
                          bl_clock_deadline(ANSWER_MS), err);
}

enum bulla_status
bl_vault_run(const struct bl_broker_options *options, int supervisor_fd, struct bulla_error *err)
{
    struct server *server = bl_alloc(1, sizeof *server);
    bool is_first = false;

    if (server == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "vault", "out of memory", 0);
    /* Ctrl-C and a service manager signal the whole group; this process ends with its supervisor,
     * after the gate, so that every count is recorded. */
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_IGN);
    server->supervisor_fd = supervisor_fd;
    server->connections_fd = -1;
    server->certificates_fd = -1;
    enum bulla_status status = bl_vault_open(options, &server->vault, &is_first, err);
    if (status == BULLA_OK)
        status = bl_appraiser_new(-1, &server->vault.appraiser, err);
    if (status == BULLA_OK)
        status = bl_fetcher_new(-1, &server->vault.fetcher, err);
    if (status == BULLA_OK)
        status = bl_confine_vault(options->state_directory, err);
    if (status == BULLA_OK)
        status = say_open(server, is_first, err);
    if (status == BULLA_OK) {
        status = serve(server, err);
        enum bulla_status settled =
            bl_refusals_settle(server->vault.refusals, /* at_once= */ true, bl_refusals_now(), err);
        if (status == BULLA_OK)
            status = settled;
    }
    /* Session threads may still use the vault; the process ends with them, and what was
     * acknowledged is durable. */
    return status;
}
