/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/program.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/profile.h"
#include "agent/start_report.h"
#include "base/memory.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/namespace.h"
#include "sys/socket.h"

#define WHERE "program"
#define FD_REPORT 3
#define START_TIMEOUT_MS 30000
#define HIDDEN_SIZE 4096 /* bytes: of the empty directory in place of the agent's own */
#define OWN_MOUNTS 6     /* proc dev run secrets tmp and the one that hides */
#define SIGNAL_BASE 128  /* exit code of a program killed by a signal, as shells have it */
#define ENVIRONMENT_SIZE_MAX ((size_t)1 << 20) /* bytes: all variables of a manifest fit well */

/* -- inside: the first process ----------------------------------------------------------------- */

static int
exit_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNAL_BASE + WTERMSIG(status);
}

/* Until the program ends; its end ends this process, and that everything else in the namespace. */
static int
look_after(pid_t program, const sigset_t *signals)
{
    for (;;) {
        int status = 0, signal = sigwaitinfo(signals, NULL);
        if (signal > 0 && signal != SIGCHLD)
            (void)kill(program, signal);
        for (pid_t ended = waitpid(-1, &status, WNOHANG); ended > 0;
             ended = waitpid(-1, &status, WNOHANG)) {
            if (ended == program)
                return exit_code(status);
        }
    }
}

static enum bulla_status
confine(void *context, struct bulla_error *err)
{
    return bl_confine_program(context, err);
}

/* "NAME=value" of each variable; *texts_out owns them. */
static enum bulla_status
make_environment(const struct bl_manifest *manifest, struct bulla_buffer *texts,
                 const char *variables[BL_MANIFEST_VARIABLE_COUNT_MAX + 1], struct bulla_error *err)
{
    size_t starts[BL_MANIFEST_VARIABLE_COUNT_MAX] = { 0 };

    for (size_t i = 0; i < manifest->environment_count; i++) {
        const struct bl_manifest_variable *v = &manifest->environment[i];
        const struct bulla_bytes parts[] = {
            { (const uint8_t *)v->name, strlen(v->name) },
            BL_LITERAL("="),
            { (const uint8_t *)v->value, strlen(v->value) + 1 },
        };
        starts[i] = texts->size;
        for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
            BL_TRY(bulla_buffer_append(texts, parts[p], err));
    }
    for (size_t i = 0; i < manifest->environment_count; i++)
        variables[i] = (const char *)texts->data + starts[i];
    return BULLA_OK;
}

static enum bulla_status
start_entry(const struct bl_manifest *manifest, struct bl_process *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) texts = { 0 };
    const char *variables[BL_MANIFEST_VARIABLE_COUNT_MAX + 1] = { NULL };
    static const struct bl_fd_map fds[] = { { STDOUT_FILENO, STDOUT_FILENO },
                                            { STDERR_FILENO, STDERR_FILENO } };

    BL_TRY(make_environment(manifest, &texts, variables, err));
    const struct bl_process_plan plan = {
        .path = manifest->entry[0],
        .arguments = manifest->entry,
        .environment = variables,
        .fds = fds,
        .fd_count = sizeof fds / sizeof fds[0],
        .own_session = true,
        .confine = confine,
        .context = (void *)(uintptr_t)manifest,
    };
    return bl_process_start(&plan, out, err);
}

static int
first_process(void *context)
{
    const struct bl_manifest *manifest = context;
    struct bl_process program = BL_PROCESS_NONE;
    struct bulla_error err = { 0 };
    sigset_t all;

    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, NULL) != 0)
        return bulla_cause_exit_code(BULLA_CAUSE_INTERNAL);
    enum bulla_status status = start_entry(manifest, &program, &err);
    bl_start_report_send(FD_REPORT, &err);
    close(FD_REPORT);
    if (status != BULLA_OK)
        return bulla_cause_exit_code(err.cause);
    bl_fd_close(&program.pidfd);
    return look_after(program.pid, &all);
}

/* -- the agent's side -------------------------------------------------------------------------- */

static size_t
plan_mounts(const struct bl_manifest *manifest,
            struct bl_mount mounts[OWN_MOUNTS + BL_MANIFEST_SEALED_COUNT_MAX])
{
    size_t count = 0;

    mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_PROC, .target = "/proc" };
    mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_DEVICES, .target = "/dev" };
    mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_TMPFS,
                                         .target = BL_ENCLAVE_AGENT_DIRECTORY,
                                         .size_max = HIDDEN_SIZE };
    mounts[count++] = (struct bl_mount){
        .kind = BL_MOUNT_BIND, .source = "/run", .target = "/run", .writable = true
    };
    mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_BIND,
                                         .source = BL_ENCLAVE_SECRET_DIRECTORY,
                                         .target = BL_ENCLAVE_SECRET_DIRECTORY };
    if (manifest->tmp > 0)
        mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_BIND,
                                             .source = BL_ENCLAVE_TMP_DIRECTORY,
                                             .target = BL_ENCLAVE_TMP_DIRECTORY,
                                             .writable = true };
    for (size_t i = 0; i < manifest->sealed_count; i++)
        mounts[count++] = (struct bl_mount){ .kind = BL_MOUNT_BIND,
                                             .source = manifest->sealed[i].path,
                                             .target = manifest->sealed[i].path,
                                             .writable = true };
    return count;
}

enum bulla_status
bl_program_start(const struct bl_manifest *manifest, struct bl_process *out,
                 struct bulla_error *err)
{
    struct bl_mount mounts[OWN_MOUNTS + BL_MANIFEST_SEALED_COUNT_MAX] = { { 0 } };
    BL_AUTO(bl_process) process = BL_PROCESS_NONE;
    BL_AUTO_FD ours = -1;
    BL_AUTO_FD theirs = -1;
    int pair[2] = { -1, -1 };

    BL_TRY(bl_unix_pair(BL_UNIX_STREAM, pair, err));
    ours = pair[0];
    theirs = pair[1];
    const struct bl_fd_map fds[] = { { STDOUT_FILENO, STDOUT_FILENO },
                                     { STDERR_FILENO, STDERR_FILENO },
                                     { theirs, FD_REPORT } };
    const struct bl_namespace_plan namespaces = { .root = "/",
                                                  .mounts = mounts,
                                                  .mount_count = plan_mounts(manifest, mounts),
                                                  .host_name = manifest->name,
                                                  .inside_uid = manifest->user,
                                                  .inside_gid = manifest->user,
                                                  .share_network = true };
    const struct bl_process_plan plan = { .function = first_process,
                                          .context = (void *)(uintptr_t)manifest,
                                          .fds = fds,
                                          .fd_count = sizeof fds / sizeof fds[0],
                                          .dies_with_parent = true,
                                          .namespaces = &namespaces };
    BL_TRY(bl_process_start(&plan, &process, err));
    bl_fd_close(&theirs);
    BL_TRY(bl_start_report_receive(ours, bl_clock_deadline(START_TIMEOUT_MS), err));
    *out = process;
    process = (struct bl_process)BL_PROCESS_NONE;
    return BULLA_OK;
}
