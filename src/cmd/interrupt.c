/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/interrupt.c: see interrupt.h.
 */
#include "cmd/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define TEMPORARY_NAME_SIZE 64 /* bytes; sys/temporary.h makes shorter ones */

static struct {
    pthread_mutex_t mutex;
    bool is_watching;
    struct {
        const struct bl_file_new *file; /* only compared, never followed */
        int directory_fd;
        char name[TEMPORARY_NAME_SIZE];
    } files[BL_INTERRUPT_FILES_MAX];
    bool has_terminal;
    int terminal_fd;
    struct termios terminal;
} guard = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static void
clean_up(void)
{
    for (size_t i = 0; i < BL_INTERRUPT_FILES_MAX; i++) {
        if (guard.files[i].file != NULL)
            (void)unlinkat(guard.files[i].directory_fd, guard.files[i].name, 0);
    }
    if (guard.has_terminal)
        (void)tcsetattr(guard.terminal_fd, TCSAFLUSH, &guard.terminal);
}

static void *
watch(void *signals)
{
    int number = 0;
    sigset_t one;

    if (sigwait(signals, &number) != 0)
        return NULL;
    (void)pthread_mutex_lock(&guard.mutex); /* for good: nothing is guarded anew */
    clean_up();
    (void)signal(number, SIG_DFL);
    (void)sigemptyset(&one);
    (void)sigaddset(&one, number);
    (void)pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    (void)kill(getpid(), number);
    return NULL;
}

/** From the first guard on. Without the thread the signals end the process as they always do. */
static void
start_watching(void)
{
    static sigset_t signals;
    static const int watched[] = { SIGINT, SIGTERM, SIGHUP };
    pthread_t thread;
    struct sigaction action;

    if (guard.is_watching)
        return;
    (void)sigemptyset(&signals);
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++) {
        if (sigaction(watched[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            (void)sigaddset(&signals, watched[i]); /* nohup's wish is kept */
    }
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (pthread_create(&thread, NULL, watch, &signals) != 0) {
        (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
        return;
    }
    (void)pthread_detach(thread);
    guard.is_watching = true;
}

void
bl_interrupt_guard_file(const struct bl_file_new *file)
{
    if (file->temporary == NULL || strlen(file->temporary) >= TEMPORARY_NAME_SIZE)
        return;
    (void)pthread_mutex_lock(&guard.mutex);
    start_watching();
    for (size_t i = 0; i < BL_INTERRUPT_FILES_MAX; i++) {
        if (guard.files[i].file != NULL)
            continue;
        guard.files[i].file = file;
        guard.files[i].directory_fd = file->directory_fd;
        memcpy(guard.files[i].name, file->temporary, strlen(file->temporary) + 1);
        break;
    }
    (void)pthread_mutex_unlock(&guard.mutex);
}

void
bl_interrupt_forget_file(const struct bl_file_new *file)
{
    (void)pthread_mutex_lock(&guard.mutex);
    for (size_t i = 0; i < BL_INTERRUPT_FILES_MAX; i++) {
        if (guard.files[i].file == file)
            guard.files[i].file = NULL;
    }
    (void)pthread_mutex_unlock(&guard.mutex);
}

void
bl_interrupt_guard_terminal(int fd, const struct termios *former)
{
    (void)pthread_mutex_lock(&guard.mutex);
    start_watching();
    guard.has_terminal = former != NULL;
    if (former != NULL) {
        guard.terminal_fd = fd;
        guard.terminal = *former;
    }
    (void)pthread_mutex_unlock(&guard.mutex);
}
