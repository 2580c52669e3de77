/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/progress.c: see progress.h. A second thread looks at file offsets, which the kernel keeps;
 * the thread that works knows nothing of it.
 */
#include "cmd/progress.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/show.h"

#define PROGRESS_FIRST_MS 1000
#define PROGRESS_STEP_MS 500

/* One command, one stream, one watcher: it only looks at offsets that the kernel keeps. */
static struct {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool is_running;
    bool is_over;
    const char *verb;
    int in_fd;
    int out_fd;
} progress = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static uint64_t
offset_of(int fd)
{
    off_t offset = lseek(fd, 0, SEEK_CUR);

    return offset > 0 ? (uint64_t)offset : 0;
}

static void
show_progress(int64_t elapsed_ms)
{
    char done[BL_SHOWN_SIZE];
    char whole[BL_SHOWN_SIZE];
    struct stat status = { 0 };
    uint64_t offset = offset_of(progress.in_fd);

    if (offset > 0 && fstat(progress.in_fd, &status) == 0 && S_ISREG(status.st_mode))
        fprintf(stderr, "\r\033[Kbulla: %s: %s of %s", progress.verb, bl_show_size(offset, done),
                bl_show_size((uint64_t)status.st_size, whole));
    else if (offset_of(progress.out_fd) > 0)
        fprintf(stderr, "\r\033[Kbulla: %s: %s", progress.verb,
                bl_show_size(offset_of(progress.out_fd), done));
    else
        fprintf(stderr, "\r\033[Kbulla: %s: %lld s", progress.verb, (long long)elapsed_ms / 1000);
}

static struct timespec
deadline_at(int64_t monotonic_ms)
{
    return (struct timespec){ .tv_sec = monotonic_ms / 1000,
                              .tv_nsec = (monotonic_ms % 1000) * 1000000 };
}

static int64_t
now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *
watch_progress(void *unused)
{
    int64_t start_ms = now_ms();
    int64_t next_ms = start_ms + PROGRESS_FIRST_MS;
    bool has_shown = false;

    (void)unused;
    (void)pthread_mutex_lock(&progress.mutex);
    while (!progress.is_over) {
        struct timespec deadline = deadline_at(next_ms);
        if (pthread_cond_timedwait(&progress.wake, &progress.mutex, &deadline) != ETIMEDOUT)
            continue;
        show_progress(now_ms() - start_ms);
        has_shown = true;
        next_ms += PROGRESS_STEP_MS;
    }
    (void)pthread_mutex_unlock(&progress.mutex);
    if (has_shown)
        fprintf(stderr, "\r\033[K");
    return NULL;
}

void
bl_progress_begin(const char *verb, int in_fd, int out_fd)
{
    pthread_condattr_t attributes;
    sigset_t all;
    sigset_t former;

    if (!isatty(STDERR_FILENO) || progress.is_running)
        return;
    progress.verb = verb;
    progress.in_fd = in_fd;
    progress.out_fd = out_fd;
    progress.is_over = false;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&progress.wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)sigfillset(&all); /* signals are for the thread that does the work */
    (void)pthread_sigmask(SIG_SETMASK, &all, &former);
    progress.is_running = pthread_create(&progress.thread, NULL, watch_progress, NULL) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &former, NULL);
}

void
bl_progress_end(void)
{
    if (!progress.is_running)
        return;
    (void)pthread_mutex_lock(&progress.mutex);
    progress.is_over = true;
    (void)pthread_cond_signal(&progress.wake);
    (void)pthread_mutex_unlock(&progress.mutex);
    (void)pthread_join(progress.thread, NULL);
    (void)pthread_cond_destroy(&progress.wake);
    progress.is_running = false;
}
