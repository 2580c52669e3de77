/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/monitor.c: the order of a start, the loop, and the end.
 */
#include "enclave/monitor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "enclave/monitor_tpm.h"
#include "enclave/output_log.h"
#include "enclave/relay.h"
#include "enclave/vtpm_server.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/path.h"
#include "sys/sandbox.h"
#include "sys/socket.h"

#define WHERE "monitor"
#define SEND_TIMEOUT_MS 10000   /* the agent has nothing else to do than to read it */
#define REPORT_TIMEOUT_MS 1000  /* a report is a few bytes at once */
#define LOG_CHUNK_SIZE 4096     /* bytes */
#define LOG_DRAIN_MAX (1 << 18) /* bytes taken after the end; a pipe holds less */
#define CGROUP_TEXT_MAX 40      /* bytes of an enclave's name in that of its cgroup */

struct monitor {
    const struct bl_monitor_plan *plan;
    struct bl_probe host;
    struct bl_enclave_state state;
    struct bl_output_log log;
    struct bl_cgroup group;
    struct bl_process relay, agent;
    struct bl_vtpm *vtpm;
    struct bl_vtpm_server server;
    struct bl_monitor_end end;
    int signals; /* signalfd */
    sigset_t signals_before;
    bool signals_blocked;
    int control, log_pipe; /* our ends */
    int relay_link;        /* ours as well: what is written there the agent reads */
    struct bl_health health;
    int tpm; /* our end, until the server has it */
    bool has_vouched;
    struct bulla_error failure; /* of the platform, for which the agent was killed */
    int64_t kill_at;            /* deadline after which patience ends; INT64_MAX: nobody asked */
};

/* -- signals ------------------------------------------------------------------------------------ */

static enum bulla_status
take_signals(struct monitor *m, struct bulla_error *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (BL_CALL(PROCESS, sigprocmask(SIG_BLOCK, &set, &m->signals_before)) != 0)
        return bl_fail_errno(err, WHERE, "signals cannot be blocked");
    m->signals_blocked = true;
    m->signals = BL_CALL(PROCESS, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (m->signals < 0)
        return bl_fail_errno(err, WHERE, "signals cannot be read");
    return BULLA_OK;
}

/* Whatever came meanwhile was for the enclave. */
static void
give_back_signals(struct monitor *m)
{
    struct signalfd_siginfo info;

    while (m->signals >= 0 && read(m->signals, &info, sizeof info) == (ssize_t)sizeof info)
        m->end.stopped = true;
    bl_fd_close(&m->signals);
    if (m->signals_blocked)
        (void)sigprocmask(SIG_SETMASK, &m->signals_before, NULL);
    m->signals_blocked = false;
}

/* -- start -------------------------------------------------------------------------------------- */

static enum bulla_status
open_log(struct monitor *m, struct bulla_error *err)
{
    const struct bl_monitor_plan *plan = m->plan;
    char *path = bl_path_join(plan->state_directory, "log");

    if (path == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    enum bulla_status status = bl_output_log_open(
        &m->log, plan->log_path != NULL ? plan->log_path : path, plan->manifest->log_size, err);
    bl_free(path);
    return status;
}

/* With our number in its name: what a killed monitor left behind is in nobody's way. */
static enum bulla_status
make_group(struct monitor *m, struct bulla_error *err)
{
    const struct bl_manifest *manifest = m->plan->manifest;
    const struct bl_cgroup_limits limits = bl_world_limits(manifest);
    char name[BL_CGROUP_NAME_MAX + 1];

    (void)snprintf(name, sizeof name, "bulla-%.*s-%d", CGROUP_TEXT_MAX, manifest->name,
                   (int)getpid());
    BL_TRY(bl_cgroup_new(&m->group, name, &limits, err));
    return bl_world_check_limits(manifest, &m->group, err);
}

/* The agent's ends, closed here once it has them. */
struct ends {
    int tpm, relay, control, log;
};

static void
ends_done(struct ends *ends)
{
    bl_fd_close(&ends->tpm);
    bl_fd_close(&ends->relay);
    bl_fd_close(&ends->control);
    bl_fd_close(&ends->log);
}

static enum bulla_status
pair(enum bl_unix_kind kind, int *ours, int *theirs, struct bulla_error *err)
{
    int fds[2];

    BL_TRY(bl_unix_pair(kind, fds, err));
    *ours = fds[0];
    *theirs = fds[1];
    return BULLA_OK;
}

static enum bulla_status
open_ends(struct monitor *m, struct ends *ends, struct bulla_error *err)
{
    int log[2];

    BL_TRY(pair(BL_UNIX_STREAM, &m->tpm, &ends->tpm, err));
    BL_TRY(pair(BL_UNIX_STREAM, &m->control, &ends->control, err));
    if (BL_CALL(PROCESS, pipe2(log, O_CLOEXEC)) != 0)
        return bl_fail_errno(err, WHERE, "no pipe for the log");
    m->log_pipe = log[0];
    ends->log = log[1];
    if (BL_CALL(PROCESS, fcntl(m->log_pipe, F_SETFL, O_NONBLOCK)) != 0)
        return bl_fail_errno(err, WHERE, "no pipe for the log");
    struct bl_relay_ends relay = { -1, -1 };
    BL_TRY(bl_relay_start(m->plan->manifest, &m->relay, &relay, err));
    ends->relay = relay.agent;
    m->relay_link = relay.monitor;
    return BULLA_OK;
}

static enum bulla_status
start_agent(struct monitor *m, const struct ends *ends, struct bulla_error *err)
{
    struct bl_world world = { .manifest = m->plan->manifest,
                              .group = &m->group,
                              .image = &m->plan->image,
                              .agent_directory = m->state.agent_directory,
                              .user = bl_world_user(m->plan->manifest->name),
                              .tpm_fd = ends->tpm,
                              .relay_fd = ends->relay,
                              .control_fd = ends->control,
                              .log_fd = ends->log };

    BL_TRY(bl_enclave_state_give_agent(&m->state, world.user, err));
    BL_TRY(bl_world_start(&world, &m->agent, err));
    return bl_cgroup_add(&m->group, m->agent.pid, err);
}

/* From here on this process holds secrets. */
static enum bulla_status
start_tpm(struct monitor *m, struct bulla_error *err)
{
    const struct bl_monitor_plan *plan = m->plan;
    const struct bl_vtpm_store store = bl_enclave_state_store(&m->state);
    BL_AUTO(bl_secret) key = { 0 };

    BL_TRY(bl_sandbox_hide_memory(err));
    BL_TRY(plan->key(plan->context, &m->state, &key, err));
    BL_TRY(bl_enclave_state_use_key(&m->state, &key, err));
    return bl_vtpm_start(&store, &m->vtpm, err);
}

static enum bulla_status
let_go(struct monitor *m, struct bulla_bytes event_log, struct bulla_error *err)
{
    const struct bl_monitor_plan *plan = m->plan;
    const struct bl_agent_config config = { .manifest =
                                                bulla_buffer_bytes(&plan->manifest->canonical),
                                            .event_log = event_log,
                                            .platform_vouches = plan->vouch != NULL,
                                            .anchored = plan->anchored };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    struct bulla_error lost = { 0 };

    BL_TRY(bl_agent_config_encode(&config, &bytes, err));
    enum bulla_status status =
        bl_frame_send(m->control, bulla_buffer_bytes(&bytes), BL_AGENT_CONFIG_SIZE_MAX,
                      bl_clock_deadline(SEND_TIMEOUT_MS), &lost);
    /* An agent that has ended already is the loop's affair: it tells how. */
    if (status != BULLA_OK && lost.cause != BULLA_CAUSE_CONNECTION_CLOSED) {
        if (err != NULL)
            *err = lost;
        return status;
    }
    if (plan->started != NULL)
        plan->started(plan->context, m->agent.pid);
    return BULLA_OK;
}

static enum bulla_status
start(struct monitor *m, struct bulla_error *err)
{
    const struct bl_manifest *manifest = m->plan->manifest;
    struct ends ends = { -1, -1, -1, -1 };
    BL_AUTO(bulla_buffer) event_log = { 0 };

    BL_TRY(bl_probe_system(&m->host, err));
    BL_TRY(bl_world_check_host(manifest, &m->host, err));
    BL_TRY(bl_enclave_state_open(&m->state, m->plan->state_directory, manifest->name, err));
    BL_TRY(open_log(m, err));
    BL_TRY(take_signals(m, err));
    BL_TRY(make_group(m, err));
    enum bulla_status status = open_ends(m, &ends, err);
    if (status == BULLA_OK)
        status = start_agent(m, &ends, err);
    ends_done(&ends);
    BL_TRY(status);
    BL_TRY(start_tpm(m, err));
    const struct bl_isolation_facts facts = bl_world_facts(manifest, &m->group, &m->host);
    BL_TRY(bl_monitor_prepare_tpm(m->plan, &facts, m->vtpm, &event_log, err));
    bl_vtpm_server_init(&m->server, m->vtpm, m->tpm);
    m->tpm = -1;
    return let_go(m, bulla_buffer_bytes(&event_log), err);
}

/* -- the loop ----------------------------------------------------------------------------------- */

/* False: nothing more comes. */
static bool
take_log(struct monitor *m)
{
    uint8_t chunk[LOG_CHUNK_SIZE];
    struct bulla_error ignored = { 0 };
    ssize_t got = read(m->log_pipe, chunk, sizeof chunk);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    /* A disk that is full ends the log, not the enclave. */
    if (got > 0)
        (void)!bl_output_log_append(&m->log, (struct bulla_bytes){ chunk, (size_t)got }, &ignored);
    return got > 0;
}

/* Once, and before anything else: afterwards the program runs, and nobody needs it. */
static enum bulla_status
vouch(struct monitor *m, const struct bl_agent_report *report, struct bulla_error *err)
{
    uint8_t extra_data[BL_TPM_BINDER_SIZE];
    BL_AUTO(bulla_buffer) evidence = { 0 };

    if (m->plan->vouch == NULL || m->has_vouched)
        return bulla_fail(err, BULLA_E_MALFORMED, "agent report", "nobody vouches, or no more", 0);
    m->has_vouched = true;
    BL_TRY(bl_monitor_vouch_data(m->vtpm, report, extra_data, err));
    enum bulla_status status = m->plan->vouch(m->plan->context, extra_data, &evidence, &m->failure);
    if (status == BULLA_OK)
        status =
            bl_frame_send(m->control, bulla_buffer_bytes(&evidence), BL_AGENT_PLATFORM_SIZE_MAX,
                          bl_clock_deadline(SEND_TIMEOUT_MS), &m->failure);
    if (status != BULLA_OK && err != NULL)
        *err = m->failure;
    return status;
}

static enum bulla_status
take_report(struct monitor *m, struct bulla_error *err)
{
    struct bl_agent_report report = { 0 };
    BL_AUTO(bulla_buffer) frame = { 0 };

    BL_TRY(bl_frame_receive(m->control, BL_AGENT_REPORT_SIZE_MAX,
                            bl_clock_deadline(REPORT_TIMEOUT_MS), &frame, err));
    BL_TRY(bl_agent_report_decode(bulla_buffer_bytes(&frame), &report, err));
    if (m->end.was_ready || m->end.cause != BULLA_CAUSE_NONE)
        return bulla_fail(err, BULLA_E_MALFORMED, "agent report", "a second one", 0);
    if (report.kind == BL_AGENT_ATTESTS)
        return vouch(m, &report, err);
    if (report.kind == BL_AGENT_REFUSED) {
        m->end.cause = report.cause;
        return BULLA_OK;
    }
    m->end.was_ready = true;
    bl_health_begin(&m->health, m->plan->manifest, m->relay_link);
    if (m->plan->ready != NULL)
        m->plan->ready(m->plan->context);
    return BULLA_OK;
}

static void
kill_agent(const struct monitor *m)
{
    struct bulla_error ignored = { 0 };

    (void)!bl_process_signal(&m->agent, SIGKILL, &ignored);
}

static void
ask_to_end(struct monitor *m)
{
    struct bulla_error ignored = { 0 };

    bl_health_done(&m->health);
    (void)!bl_process_signal(&m->agent, SIGTERM, &ignored);
    if (m->kill_at == INT64_MAX)
        m->kill_at = bl_clock_deadline(BL_MONITOR_STOP_TIMEOUT_MS);
}

static void
take_signal(struct monitor *m)
{
    struct signalfd_siginfo info;

    if (read(m->signals, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    m->end.stopped = true;
    ask_to_end(m);
}

static void
check_health(struct monitor *m)
{
    enum bl_health_state before = m->health.state;
    bool lives = bl_health_step(&m->health);

    if (m->health.state != before && m->plan->health != NULL)
        m->plan->health(m->plan->context, m->health.state);
    if (lives)
        return;
    m->end.unhealthy = true;
    ask_to_end(m); /* what it can still save it shall save */
}

enum { ON_AGENT, ON_RELAY, ON_SIGNALS, ON_TPM, ON_CONTROL, ON_LOG, ON_HEALTH, ON_COUNT };

/* One round. What the agent does out of turn, and what fails us, ends it; what it closes is closed. */
static void
serve(struct monitor *m, const struct pollfd *ready)
{
    struct bulla_error ignored = { 0 };

    if (ready[ON_SIGNALS].revents != 0)
        take_signal(m);
    check_health(m);
    if (ready[ON_RELAY].revents != 0 || bl_clock_monotonic_ms() >= m->kill_at)
        kill_agent(m);
    if (ready[ON_TPM].revents != 0 && bl_vtpm_server_step(&m->server, &ignored) != BULLA_OK)
        kill_agent(m);
    if (ready[ON_CONTROL].revents != 0 && take_report(m, &ignored) != BULLA_OK) {
        if (ignored.cause != BULLA_CAUSE_CONNECTION_CLOSED)
            kill_agent(m);
        bl_fd_close(&m->control);
    }
    if (ready[ON_LOG].revents != 0 && !take_log(m))
        bl_fd_close(&m->log_pipe);
}

static int
patience_ms(const struct monitor *m)
{
    int64_t next = m->kill_at < m->health.at ? m->kill_at : m->health.at;

    return next == INT64_MAX ? -1 : bl_clock_left_ms(next);
}

static enum bulla_status
loop(struct monitor *m, struct bulla_error *err)
{
    for (;;) {
        struct pollfd ready[ON_COUNT] = {
            [ON_AGENT] = { .fd = m->agent.pidfd, .events = POLLIN },
            [ON_RELAY] = { .fd = m->relay.pidfd, .events = POLLIN },
            [ON_SIGNALS] = { .fd = m->signals, .events = POLLIN },
            [ON_TPM] = { .fd = m->server.fd, .events = POLLIN },
            [ON_CONTROL] = { .fd = m->control, .events = POLLIN },
            [ON_LOG] = { .fd = m->log_pipe, .events = POLLIN },
            [ON_HEALTH] = { .fd = m->health.answer_fd, .events = POLLIN },
        };
        if (BL_CALL(PROCESS, poll(ready, ON_COUNT, patience_ms(m))) < 0) {
            if (errno == EINTR)
                continue;
            return bl_fail_errno(err, WHERE, "waiting failed");
        }
        if (ready[ON_AGENT].revents != 0)
            return BULLA_OK;
        serve(m, ready);
    }
}

/* -- the end ------------------------------------------------------------------------------------ */

/* What it said last: a report, the log. */
static enum bulla_status
take_end(struct monitor *m, struct bulla_error *err)
{
    struct pollfd report = { .fd = m->control, .events = POLLIN };
    struct bulla_error ignored = { 0 };
    struct bl_process_end end = { 0 };
    struct bl_cgroup_usage usage = { 0 };

    while (m->control >= 0 && poll(&report, 1, 0) == 1 && take_report(m, &ignored) == BULLA_OK) {
    }
    for (size_t taken = 0; m->log_pipe >= 0 && taken < LOG_DRAIN_MAX; taken += LOG_CHUNK_SIZE) {
        struct pollfd more = { .fd = m->log_pipe, .events = POLLIN };
        if (poll(&more, 1, 0) != 1 || !take_log(m))
            break;
    }
    if (bl_cgroup_read(&m->group, &usage, &ignored) == BULLA_OK && usage.memory_known)
        m->end.memory_kills = usage.memory_kills;
    BL_TRY(bl_process_wait(&m->agent, bl_clock_deadline(SEND_TIMEOUT_MS), &end, err));
    m->end.killed = end.killed;
    m->end.code = end.code;
    return BULLA_OK;
}

/* The enclave first, then what served it; the lock last. */
static void
monitor_done(struct monitor *m)
{
    bl_process_done(&m->agent);
    bl_cgroup_done(&m->group);
    bl_process_done(&m->relay);
    bl_health_done(&m->health);
    bl_fd_close(&m->relay_link);
    bl_vtpm_server_done(&m->server);
    bl_fd_close(&m->tpm);
    bl_fd_close(&m->control);
    bl_fd_close(&m->log_pipe);
    bl_vtpm_free(m->vtpm);
    bl_output_log_done(&m->log);
    give_back_signals(m);
    bl_enclave_state_done(&m->state);
}

enum bulla_status
bl_monitor_run(const struct bl_monitor_plan *plan, struct bl_monitor_end *end_out,
               struct bulla_error *err)
{
    struct monitor m = { .plan = plan,
                         .state = BL_ENCLAVE_STATE_NONE,
                         .log = BL_OUTPUT_LOG_NONE,
                         .relay = BL_PROCESS_NONE,
                         .agent = BL_PROCESS_NONE,
                         .server = { .fd = -1 },
                         .signals = -1,
                         .control = -1,
                         .log_pipe = -1,
                         .relay_link = -1,
                         .health = BL_HEALTH_NOBODY,
                         .tpm = -1,
                         .kill_at = INT64_MAX };

    enum bulla_status status = start(&m, err);
    if (status == BULLA_OK)
        status = loop(&m, err);
    if (status == BULLA_OK)
        status = take_end(&m, err);
    if (status == BULLA_OK && m.failure.status != BULLA_OK) {
        status = m.failure.status;
        if (err != NULL)
            *err = m.failure;
    }
    monitor_done(&m);
    if (status == BULLA_OK)
        *end_out = m.end;
    return status;
}
