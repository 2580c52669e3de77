/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/broker.c: the supervisor. It has no secret and parses nothing from outside.
 */
#include "broker/broker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "broker/appraiser.h"
#include "broker/confinement.h"
#include "broker/fetcher.h"
#include "broker/vault_run.h"
#include "http/fetch.h"
#include "http/tls.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

#define FIRST_START_MS 60000 /* a slow discrete TPM makes keys for many seconds */
#define GIFT_MS 10000
#define RESTART_PAUSE_MS 500
#define ORDERLY_END_MS 5000 /* for the vault to record what it has only counted */
#define RESTARTS_MAX 20     /* in a row, without a minute of peace between */
#define PEACE_MS 60000

enum { LISTEN = 3, VAULT_CONNECTIONS, VAULT_CERTIFICATES }; /* descriptors of the gate */
enum { SUPERVISOR = 3 };                                    /* of the vault */
enum { QUESTIONS = 3 };                                     /* of appraiser and fetcher */
enum { REPORT = 10 }; /* of all: where a process says why it failed before it was serving */

struct supervisor {
    const struct bl_broker_options *options;
    int listen_fd;
    int vault_fd; /* our end */
    struct bl_process vault;
    struct bl_process gate;
    struct bl_process appraiser;
    struct bl_process fetcher;
    unsigned restart_count;
    int64_t last_restart;
};

/* -- in the children --------------------------------------------------------------------------- */

/* Why a child failed, for the supervisor to pass on: numbers only. */
static int
exit_with(const struct bulla_error *err)
{
    const uint32_t numbers[] = { (uint32_t)err->cause, (uint32_t)err->detail };

    if (write(REPORT, numbers, sizeof numbers) != (ssize_t)sizeof numbers)
        return 2;
    return 1;
}

static int
vault_main(void *context)
{
    struct bulla_error err = { 0 };

    return bl_vault_run(context, SUPERVISOR, &err) == BULLA_OK ? 0 : exit_with(&err);
}

static int
gate_main(void *context)
{
    const struct bl_gate_sockets vault = { VAULT_CONNECTIONS, VAULT_CERTIFICATES };
    struct bulla_error err = { 0 };

    (void)context;
    return bl_gate_run(LISTEN, &vault, &err) == BULLA_OK ? 0 : exit_with(&err);
}

static enum bulla_status
confine_gate(void *context, struct bulla_error *err)
{
    (void)context;
    return bl_confine_gate(err);
}

static int
appraiser_main(void *context)
{
    struct bulla_error err = { 0 };

    (void)context;
    return bl_appraiser_run(QUESTIONS, &err) == BULLA_OK ? 0 : exit_with(&err);
}

static enum bulla_status
confine_appraiser(void *context, struct bulla_error *err)
{
    (void)context;
    return bl_confine_appraiser(err);
}

static int
fetcher_main(void *context)
{
    struct bulla_error err = { 0 };

    (void)context;
    return bl_fetcher_run(QUESTIONS, &err) == BULLA_OK ? 0 : exit_with(&err);
}

static enum bulla_status
confine_fetcher(void *context, struct bulla_error *err)
{
    (void)context;
    BL_TRY(bl_fetch_initialise(err)); /* here alone: no other process has anything to fetch */
    return bl_confine_fetcher(err);
}

/* -- starting ---------------------------------------------------------------------------------- */

static enum bulla_status
give_vault(struct supervisor *supervisor, enum bl_vault_gift gift, int fd, struct bulla_error *err)
{
    const uint8_t byte = (uint8_t)gift;

    return bl_packet_send(supervisor->vault_fd, (struct bulla_bytes){ &byte, 1 }, &fd, 1,
                          bl_clock_deadline(GIFT_MS), err);
}

static enum bulla_status
start_gate(struct supervisor *supervisor, struct bulla_error *err)
{
    int connections[2];
    int certificates[2];

    BL_TRY(bl_unix_pair(BL_UNIX_PACKETS, connections, err));
    enum bulla_status status = bl_unix_pair(BL_UNIX_STREAM, certificates, err);
    if (status != BULLA_OK) {
        close(connections[0]);
        close(connections[1]);
        return status;
    }
    const struct bl_fd_map fds[] = { { supervisor->listen_fd, LISTEN },
                                     { connections[1], VAULT_CONNECTIONS },
                                     { certificates[1], VAULT_CERTIFICATES },
                                     { STDERR_FILENO, STDERR_FILENO } };
    const struct bl_process_plan plan = { .function = gate_main,
                                          .fds = fds,
                                          .fd_count = 4,
                                          .dies_with_parent = true,
                                          .confine = confine_gate };
    status = give_vault(supervisor, BL_GIFT_CONNECTIONS, connections[0], err);
    if (status == BULLA_OK)
        status = give_vault(supervisor, BL_GIFT_CERTIFICATES, certificates[0], err);
    if (status == BULLA_OK)
        status = bl_process_start(&plan, &supervisor->gate, err);
    for (size_t i = 0; i < 2; i++) {
        close(connections[i]);
        close(certificates[i]);
    }
    return status;
}

/* A process that answers the vault's questions. */
static enum bulla_status
start_helper(struct supervisor *supervisor, struct bl_process_plan plan, enum bl_vault_gift gift,
             struct bl_process *process_out, struct bulla_error *err)
{
    int pair[2];

    BL_TRY(bl_unix_pair(BL_UNIX_STREAM, pair, err));
    const struct bl_fd_map fds[] = { { pair[1], QUESTIONS }, { STDERR_FILENO, STDERR_FILENO } };
    plan.fds = fds;
    plan.fd_count = 2;
    plan.dies_with_parent = true;
    enum bulla_status status = bl_process_start(&plan, process_out, err);
    if (status == BULLA_OK)
        status = give_vault(supervisor, gift, pair[0], err);
    close(pair[0]);
    close(pair[1]);
    return status;
}

static enum bulla_status
start_appraiser(struct supervisor *supervisor, struct bulla_error *err)
{
    const struct bl_process_plan plan = { .function = appraiser_main,
                                          .confine = confine_appraiser };

    return start_helper(supervisor, plan, BL_GIFT_APPRAISER, &supervisor->appraiser, err);
}

static enum bulla_status
start_fetcher(struct supervisor *supervisor, struct bulla_error *err)
{
    const struct bl_process_plan plan = { .function = fetcher_main, .confine = confine_fetcher };

    return start_helper(supervisor, plan, BL_GIFT_FETCHER, &supervisor->fetcher, err);
}

/* What the vault said before it ended: its own cause, or that it died. */
static enum bulla_status
vault_failed(int report_fd, struct bulla_error *err)
{
    uint32_t numbers[2] = { 0 };
    size_t size = 0;

    bulla_error_clear(err);
    if (bl_socket_receive(report_fd, numbers, sizeof numbers, bl_clock_deadline(1000), &size,
                          NULL) != BULLA_OK ||
        size != sizeof numbers || numbers[0] == BULLA_CAUSE_NONE)
        return bulla_fail(err, BULLA_E_UNREACHABLE, "vault", "it ended before it was serving", 0);
    return bulla_fail_detail(err, (enum bulla_cause)numbers[0], "broker", "it cannot start",
                             numbers[1]);
}

static enum bulla_status
start_vault(struct supervisor *supervisor, struct bl_broker_started *started,
            struct bulla_error *err)
{
    int pair[2];
    int report[2];
    uint8_t packet[1 + sizeof started->root_public];
    size_t size = 0;

    BL_TRY(bl_unix_pair(BL_UNIX_PACKETS, pair, err));
    supervisor->vault_fd = pair[0];
    enum bulla_status status = bl_unix_pair(BL_UNIX_STREAM, report, err);
    if (status != BULLA_OK) {
        close(pair[1]);
        return status;
    }
    const struct bl_fd_map fds[] = { { pair[1], SUPERVISOR },
                                     { report[1], REPORT },
                                     { STDERR_FILENO, STDERR_FILENO } };
    const struct bl_process_plan plan = { .function = vault_main,
                                          .context = (void *)(uintptr_t)supervisor->options,
                                          .fds = fds,
                                          .fd_count = 3,
                                          .dies_with_parent = true };
    status = bl_process_start(&plan, &supervisor->vault, err);
    close(pair[1]);
    close(report[1]);
    if (status == BULLA_OK &&
        bl_packet_receive(pair[0], packet, sizeof packet, &size, NULL, 0,
                          bl_clock_deadline(FIRST_START_MS), NULL) != BULLA_OK)
        status = vault_failed(report[0], err);
    close(report[0]);
    BL_TRY(status);
    if (size != sizeof packet)
        return bulla_fail(err, BULLA_E_MALFORMED, "vault", "not a greeting", size);
    started->is_first = packet[0] == 1;
    memcpy(started->root_public, packet + 1, sizeof started->root_public);
    return BULLA_OK;
}

/* The cryptographic libraries open and read what they need at first use: that is now, because the
 * processes that are started from here may open nothing. Their generators reseed after a fork. */
static enum bulla_status
warm_up(struct bulla_error *err)
{
    BL_AUTO_FREE(bl_tls_server) tls = NULL;
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO_FREE(bl_key) back = NULL;
    BL_AUTO(bulla_buffer) spki = { 0 };
    uint8_t digest[32];

    BL_TRY(bl_tls_server_new(&tls, err));
    BL_TRY(bl_tls_server_spki(tls, &spki, err));
    BL_TRY(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&spki), digest, err));
    BL_TRY(bl_key_generate(BL_KEY_P256, &key, err));
    return bl_key_from_spki(bulla_buffer_bytes(&spki), &back, err);
}

/* -- running ----------------------------------------------------------------------------------- */

/* A gate or appraiser that crashes is started again, not for ever and not in a tight loop. */
static enum bulla_status
start_again(struct supervisor *supervisor, struct bl_process *process,
            enum bulla_status (*start)(struct supervisor *, struct bulla_error *),
            struct bulla_error *err)
{
    int64_t now = bl_clock_monotonic_ms();

    bl_process_done(process);
    if (now - supervisor->last_restart > PEACE_MS)
        supervisor->restart_count = 0;
    supervisor->last_restart = now;
    if (++supervisor->restart_count > RESTARTS_MAX)
        return bulla_fail(err, BULLA_E_UNREACHABLE, "broker", "a process of it keeps crashing", 0);
    bl_clock_sleep_ms(RESTART_PAUSE_MS);
    return start(supervisor, err);
}

/* Taken off the queue, or it would end this process once it is no longer blocked. */
static enum bulla_status
take_signal(int signals_fd, struct bulla_error *err)
{
    struct signalfd_siginfo information;

    if (read(signals_fd, &information, sizeof information) != (ssize_t)sizeof information)
        return bulla_fail_detail(err, BULLA_CAUSE_IO, "broker", "signalfd", (unsigned long)errno);
    return BULLA_OK;
}

/* What the vault says of its audit log; one that has ended says nothing any more. */
static enum bulla_status
pass_on_notice(const struct supervisor *supervisor, struct bulla_error *err)
{
    const struct bl_broker_options *options = supervisor->options;
    struct bl_vault_notice notice = { 0 };
    struct bulla_error why = { 0 };
    size_t size = 0;

    if (bl_packet_receive(supervisor->vault_fd, &notice, sizeof notice, &size, NULL, 0,
                          bl_clock_deadline(GIFT_MS), NULL) != BULLA_OK ||
        size != sizeof notice)
        return bulla_fail(err, BULLA_E_UNREACHABLE, "vault", "it ended", 0);
    if (notice.cause != BULLA_CAUSE_NONE &&
        bulla_fail_detail(&why, (enum bulla_cause)notice.cause, "audit log", "it cannot be written",
                          notice.detail) == BULLA_OK)
        return BULLA_OK; /* a cause that we do not know */
    options->audit_state(options->started_context, notice.cause != BULLA_CAUSE_NONE ? &why : NULL);
    return BULLA_OK;
}

static enum bulla_status
watch(struct supervisor *supervisor, int signals_fd, struct bulla_error *err)
{
    for (;;) {
        struct pollfd entries[] = { { .fd = signals_fd, .events = POLLIN },
                                    { .fd = supervisor->vault.pidfd, .events = POLLIN },
                                    { .fd = supervisor->gate.pidfd, .events = POLLIN },
                                    { .fd = supervisor->appraiser.pidfd, .events = POLLIN },
                                    { .fd = supervisor->fetcher.pidfd, .events = POLLIN },
                                    { .fd = supervisor->vault_fd, .events = POLLIN } };
        int ready = poll(entries, 6, -1);
        if (ready < 0 && errno != EINTR)
            return bulla_fail_detail(err, BULLA_CAUSE_IO, "broker", "poll", (unsigned long)errno);
        if (ready <= 0)
            continue;
        if (entries[0].revents != 0)
            return take_signal(signals_fd, err);
        if (entries[1].revents != 0)
            return bulla_fail(err, BULLA_E_UNREACHABLE, "vault", "it ended", 0);
        if (entries[5].revents != 0)
            BL_TRY(pass_on_notice(supervisor, err));
        if (entries[2].revents != 0)
            BL_TRY(start_again(supervisor, &supervisor->gate, start_gate, err));
        if (entries[3].revents != 0)
            BL_TRY(start_again(supervisor, &supervisor->appraiser, start_appraiser, err));
        if (entries[4].revents != 0)
            BL_TRY(start_again(supervisor, &supervisor->fetcher, start_fetcher, err));
    }
}

static enum bulla_status
run(struct supervisor *supervisor, int signals_fd, struct bulla_error *err)
{
    const struct bl_broker_options *options = supervisor->options;
    struct bl_broker_started started = { 0 };

    BL_TRY(warm_up(err));
    BL_TRY(bl_tcp_listen(options->host, options->port, &supervisor->listen_fd, err));
    BL_TRY(bl_tcp_port(supervisor->listen_fd, &started.port, err));
    BL_TRY(start_vault(supervisor, &started, err));
    BL_TRY(start_appraiser(supervisor, err));
    BL_TRY(start_fetcher(supervisor, err));
    BL_TRY(start_gate(supervisor, err));
    options->started(options->started_context, &started);
    return watch(supervisor, signals_fd, err);
}

/* The gate first, so that nothing new comes; then the vault has a moment of its own. */
static void
end(struct supervisor *supervisor)
{
    struct bl_process_end how = { 0 };
    struct bulla_error late = { 0 };

    bl_process_done(&supervisor->gate);
    bl_fd_close(&supervisor->vault_fd);
    if (supervisor->vault.pidfd >= 0 &&
        bl_process_wait(&supervisor->vault, bl_clock_deadline(ORDERLY_END_MS), &how, &late) !=
            BULLA_OK)
        bulla_error_clear(&late); /* then without it */
    bl_process_done(&supervisor->vault);
    bl_process_done(&supervisor->appraiser);
    bl_process_done(&supervisor->fetcher);
}

enum bulla_status
bl_broker_run(const struct bl_broker_options *options, struct bulla_error *err)
{
    struct supervisor supervisor = { .options = options,
                                     .listen_fd = -1,
                                     .vault_fd = -1,
                                     .vault = BL_PROCESS_NONE,
                                     .gate = BL_PROCESS_NONE,
                                     .appraiser = BL_PROCESS_NONE,
                                     .fetcher = BL_PROCESS_NONE };
    sigset_t signals;
    sigset_t before;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, &before);
    BL_AUTO_FD signals_fd = signalfd(-1, &signals, SFD_CLOEXEC);
    enum bulla_status status = signals_fd < 0 ? bulla_fail_detail(err, BULLA_CAUSE_IO, "broker",
                                                                  "signalfd", (unsigned long)errno)
                                              : run(&supervisor, signals_fd, err);
    end(&supervisor);
    if (supervisor.listen_fd >= 0)
        close(supervisor.listen_fd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}
