/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/terminal.c: see terminal.h.
 */
#include "cmd/terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/arguments.h"
#include "cmd/interrupt.h"
#include "cmd/report.h"
#include "sys/call.h"
#include "sys/file.h"

bool
bl_terminal_exists(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return false;
    (void)close(fd);
    return true;
}

/* -- passphrases ------------------------------------------------------------------------------- */

struct quiet_terminal {
    int fd;
    struct termios former;
    sigset_t stop; /* SIGTSTP: a stopped process would leave the echo off */
};

static void
quiet_begin(struct quiet_terminal *terminal)
{
    struct termios quiet = terminal->former;

    (void)sigemptyset(&terminal->stop);
    (void)sigaddset(&terminal->stop, SIGTSTP);
    (void)pthread_sigmask(SIG_BLOCK, &terminal->stop, NULL);
    bl_interrupt_guard_terminal(terminal->fd, &terminal->former);
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    quiet.c_lflag |= ICANON;
    (void)tcsetattr(terminal->fd, TCSAFLUSH, &quiet);
}

static void
quiet_end(struct quiet_terminal *terminal)
{
    (void)tcsetattr(terminal->fd, TCSAFLUSH, &terminal->former);
    bl_interrupt_guard_terminal(-1, NULL);
    (void)pthread_sigmask(SIG_UNBLOCK, &terminal->stop, NULL);
}

/** One line without its end; USAGE beyond the maximum. */
static enum bulla_status
read_line(int fd, struct bl_secret *line, struct bulla_error *err)
{
    size_t used = 0;

    for (;;) {
        uint8_t byte = 0;
        ssize_t got = BL_CALL(FILE, read(fd, &byte, 1));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bl_fail_errno(err, "terminal", "cannot be read");
        if (got == 0 || byte == '\n')
            break;
        if (used == line->size)
            return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "passphrase", "it is too long");
        line->data[used++] = byte;
    }
    bl_secret_shorten(line, used);
    return BULLA_OK;
}

static enum bulla_status
ask_once(int fd, const char *prompt, struct bl_secret *line_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) line = { 0 };
    struct quiet_terminal terminal = { .fd = fd };

    BL_TRY(bl_secret_new(&line, BL_PASSPHRASE_SIZE_MAX, err));
    if (BL_CALL(FILE, tcgetattr(fd, &terminal.former)) != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_TERMINAL, "terminal", "cannot be used");
    quiet_begin(&terminal); /* before the prompt: what is typed early is not shown either */
    enum bulla_status status =
        bl_fd_write(fd, (struct bulla_bytes){ (const uint8_t *)prompt, strlen(prompt) }, err);
    if (status == BULLA_OK)
        status = read_line(fd, &line, err);
    quiet_end(&terminal);
    if (status == BULLA_OK)
        status = bl_fd_write(fd, BL_LITERAL("\n"), err);
    BL_TRY(status);
    *line_out = bl_secret_take(&line);
    return BULLA_OK;
}

enum bulla_status
bl_terminal_ask(const char *prompt, bool confirm, struct bl_secret *passphrase_out,
                struct bulla_error *err)
{
    BL_AUTO(bl_secret) first = { 0 };
    BL_AUTO(bl_secret) second = { 0 };
    BL_AUTO_FD fd = BL_CALL(FILE, open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));

    if (fd < 0)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_TERMINAL, "passphrase", "nobody can be asked");
    BL_TRY(ask_once(fd, prompt, &first, err));
    if (first.size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "passphrase", "it is empty");
    if (confirm)
        BL_TRY(ask_once(fd, "the same again: ", &second, err));
    if (confirm && !bl_equal(bl_secret_bytes(&first), bl_secret_bytes(&second)))
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "passphrase",
                                "it was not typed the same twice");
    *passphrase_out = bl_secret_take(&first);
    return BULLA_OK;
}

static enum bulla_status
read_descriptor(const char *number, struct bl_secret *out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) text = { 0 };
    uint64_t fd = 0;
    size_t size = 0;

    BL_TRY(bl_parse_number(number, 1 << 20, &fd, err));
    BL_TRY(bl_secret_new(&text, BL_PASSPHRASE_SIZE_MAX + 2, err));
    BL_TRY(bl_fd_read((int)fd, text.data, text.size, &size, err));
    bl_secret_shorten(&text, size);
    *out = bl_secret_take(&text);
    return BULLA_OK;
}

enum bulla_status
bl_passphrase_read(const char *source, struct bl_secret *passphrase_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) text = { 0 };
    enum bulla_status status =
        strncmp(source, "fd:", 3) == 0
            ? read_descriptor(source + 3, &text, err)
            : bl_file_read_secret(source, BL_PASSPHRASE_SIZE_MAX + 2, &text, err);

    if (status != BULLA_OK) {
        bl_report_object_word(source);
        return status;
    }
    if (text.size > 0 && text.data[text.size - 1] == '\n')
        bl_secret_shorten(&text, text.size - 1);
    if (text.size == 0 || text.size > BL_PASSPHRASE_SIZE_MAX) {
        bl_report_object_word(source);
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "passphrase",
                                text.size == 0 ? "it is empty" : "it is too long");
    }
    *passphrase_out = bl_secret_take(&text);
    return BULLA_OK;
}

/* -- colour ------------------------------------------------------------------------------------ */

const char *
bl_tint(enum bl_tint tint)
{
    static const char *const sequences[] = { "\033[0m", "\033[32m", "\033[33m", "\033[31m" };
    const char *no_colour = getenv("NO_COLOR");

    if (!isatty(STDOUT_FILENO) || (no_colour != NULL && *no_colour != '\0'))
        return "";
    return sequences[tint];
}
