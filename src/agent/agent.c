/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/network.h"
#include "agent/program.h"
#include "agent/sealed.h"
#include "base/memory.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sandbox.h"
#include "sys/socket.h"

#define WHERE "agent"
#define CONFIG_TIMEOUT_MS 30000
#define REPORT_TIMEOUT_MS 5000
#define STOP_GRACE_MS 5000     /* from SIGTERM to SIGKILL: half of what the monitor gives us */
#define LAST_WORDS_MS 1000     /* for clients to take what the program said last */
#define CLOSE_TIMEOUT_MS 60000 /* a volume writes its journal into its place */
#define SIGNAL_BASE 128

struct agent {
    const struct bl_agent_plan *plan;
    struct bulla_buffer config_bytes;
    struct bl_agent_config config;
    struct bl_manifest manifest;
    struct bl_network *network;
    struct bl_sealed_server servers[BL_MANIFEST_SEALED_COUNT_MAX];
    struct bl_process program;
    int signals_fd;
};

/* -- before the program ------------------------------------------------------------------------ */

static enum bulla_status
catch_signals(struct agent *agent, struct bulla_error *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (BL_CALL(PROCESS, sigprocmask(SIG_BLOCK, &set, NULL)) != 0)
        return bl_fail_errno(err, WHERE, "signals cannot be blocked");
    agent->signals_fd = BL_CALL(PROCESS, signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    return agent->signals_fd < 0 ? bl_fail_errno(err, WHERE, "signals cannot be awaited")
                                 : BULLA_OK;
}

/* What was inherited must not be inherited further. */
static enum bulla_status
keep_to_ourselves(const struct bl_agent_plan *plan, struct bulla_error *err)
{
    const int fds[] = { plan->tpm_fd, plan->relay_fd, plan->control_fd };

    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (BL_CALL(PROCESS, fcntl(fds[i], F_SETFD, FD_CLOEXEC)) != 0)
            return bl_fail_errno(err, WHERE, "a descriptor of the monitor's is missing");
    }
    return BULLA_OK;
}

static enum bulla_status
read_configuration(struct agent *agent, struct bulla_error *err)
{
    BL_TRY(bl_frame_receive(agent->plan->control_fd, BL_AGENT_CONFIG_SIZE_MAX,
                            bl_clock_deadline(CONFIG_TIMEOUT_MS), &agent->config_bytes, err));
    BL_TRY(bl_agent_config_decode(bulla_buffer_bytes(&agent->config_bytes), &agent->config, err));
    return bl_manifest_decode(agent->config.manifest, &agent->manifest, err);
}

static enum bulla_status
open_sealed(struct agent *agent, const struct bl_agent_self *self, struct bulla_error *err)
{
    for (size_t i = 0; i < agent->manifest.sealed_count; i++)
        BL_TRY(bl_sealed_start(self, i, &agent->servers[i], err));
    return BULLA_OK;
}

/* Everything that needs the vTPM; it is let go of before the program exists. */
static enum bulla_status
provision(struct agent *agent, struct bulla_error *err)
{
    const struct bl_agent_plan *plan = agent->plan;
    BL_AUTO_FREE(bl_tpm) tpm = NULL;

    BL_TRY(bl_tpm_open(&(struct bl_tpm_target){ .socket_fd = plan->tpm_fd }, &tpm, err));
    const struct bl_agent_self self = { .config = &agent->config,
                                        .manifest = &agent->manifest,
                                        .tpm = tpm,
                                        .state_directory = plan->state_directory,
                                        .secret_directory = plan->secret_directory,
                                        .relay_fd = plan->relay_fd,
                                        .control_fd = plan->control_fd };
    BL_TRY(bl_agent_check_self(&self, err));
    BL_TRY(bl_agent_get_secrets(&self, err));
    return open_sealed(agent, &self, err);
}

static enum bulla_status
start(struct agent *agent, struct bulla_error *err)
{
    BL_TRY(bl_sandbox_hide_memory(err));
    BL_TRY(keep_to_ourselves(agent->plan, err));
    BL_TRY(catch_signals(agent, err));
    BL_TRY(read_configuration(agent, err));
    BL_TRY(provision(agent, err));
    BL_TRY(bl_network_new(agent->plan->relay_fd, &agent->manifest, &agent->network, err));
    BL_TRY(bl_program_start(&agent->manifest, &agent->program, err));
    return bl_sandbox_drop_capabilities(0, err); /* nothing is left to be built */
}

/* -- while it runs ----------------------------------------------------------------------------- */

static enum bulla_status
tell(const struct agent *agent, enum bl_agent_report_kind kind, enum bulla_cause cause,
     struct bulla_error *err)
{
    const struct bl_agent_report report = { .kind = kind, .cause = cause };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    BL_TRY(bl_agent_report_encode(&report, &bytes, err));
    return bl_frame_send(agent->plan->control_fd, bulla_buffer_bytes(&bytes),
                         BL_AGENT_REPORT_SIZE_MAX, bl_clock_deadline(REPORT_TIMEOUT_MS), err);
}

/* True if the descriptor can be read or is hung up, now. */
static bool
is_ready(int fd)
{
    return bl_socket_wait(fd, POLLIN, bl_clock_deadline(0), NULL) == BULLA_OK;
}

static size_t
list_watched(const struct agent *agent, int watched[BL_WATCH_COUNT_MAX])
{
    size_t count = 0;

    watched[count++] = agent->program.pidfd;
    for (size_t i = 0; i < agent->manifest.sealed_count; i++)
        watched[count++] = agent->servers[i].process.pidfd;
    return count;
}

/* Carry the network until the program or a file server ends. */
static enum bulla_status
run_until_end(struct agent *agent, bool also_signals, int64_t deadline, struct bulla_error *err)
{
    int watched[BL_WATCH_COUNT_MAX];
    size_t count = list_watched(agent, watched);

    if (also_signals) {
        watched[count++] = agent->signals_fd;
        watched[count++] = agent->plan->control_fd; /* the monitor says nothing more: it is gone */
    }
    return bl_network_run(agent->network, watched, count, deadline, err);
}

static bool
a_server_ended(const struct agent *agent)
{
    for (size_t i = 0; i < agent->manifest.sealed_count; i++) {
        if (is_ready(agent->servers[i].process.pidfd))
            return true;
    }
    return false;
}

/* SIGTERM and some time, unless its files are gone; then SIGKILL. */
static enum bulla_status
end_program(struct agent *agent, struct bl_process_end *end_out, struct bulla_error *err)
{
    if (!is_ready(agent->program.pidfd) && !a_server_ended(agent)) {
        (void)!bl_process_signal(&agent->program, SIGTERM, NULL);
        (void)!run_until_end(agent, false, bl_clock_deadline(STOP_GRACE_MS), NULL);
    }
    if (!is_ready(agent->program.pidfd))
        (void)!bl_process_signal(&agent->program, SIGKILL, NULL);
    return bl_process_wait(&agent->program, bl_clock_deadline(CLOSE_TIMEOUT_MS), end_out, err);
}

static enum bulla_status
close_sealed(struct agent *agent, struct bulla_error *err)
{
    enum bulla_status status = BULLA_OK;

    for (size_t i = 0; i < agent->manifest.sealed_count; i++) {
        enum bulla_status closed =
            bl_sealed_stop(&agent->servers[i], bl_clock_deadline(CLOSE_TIMEOUT_MS), err);
        status = status != BULLA_OK ? status : closed;
    }
    return status;
}

static enum bulla_status
run(struct agent *agent, struct bl_process_end *end_out, struct bulla_error *err)
{
    BL_TRY(tell(agent, BL_AGENT_READY, BULLA_CAUSE_NONE, err));
    /* However it ends, by the program, a signal, the monitor's end or a broken relay: the end. */
    (void)!run_until_end(agent, true, 0, NULL);
    BL_TRY(end_program(agent, end_out, err));
    bl_network_finish(agent->network, bl_clock_deadline(LAST_WORDS_MS));
    return close_sealed(agent, err);
}

/* -- from first to last ------------------------------------------------------------------------ */

static void
release(struct agent *agent)
{
    bl_process_done(&agent->program);
    for (size_t i = 0; i < BL_MANIFEST_SEALED_COUNT_MAX; i++)
        bl_sealed_server_done(&agent->servers[i]);
    bl_network_free(agent->network);
    bl_fd_close(&agent->signals_fd);
    bl_manifest_done(&agent->manifest);
    bulla_buffer_done(&agent->config_bytes);
}

int
bl_agent_run(const struct bl_agent_plan *plan, struct bulla_error *err)
{
    struct bl_process_end end = { 0 };
    struct agent agent = { .plan = plan, .program = BL_PROCESS_NONE, .signals_fd = -1 };

    for (size_t i = 0; i < BL_MANIFEST_SEALED_COUNT_MAX; i++)
        agent.servers[i] = (struct bl_sealed_server)BL_SEALED_SERVER_NONE;
    enum bulla_status status = start(&agent, err);
    if (status != BULLA_OK)
        (void)!tell(&agent, BL_AGENT_REFUSED, err->cause, NULL);
    else
        status = run(&agent, &end, err);
    release(&agent);
    if (status != BULLA_OK)
        return bulla_cause_exit_code(err->cause);
    return end.killed ? SIGNAL_BASE + end.code : end.code;
}
