/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/stream.c: see stream.h.
 */
#include "cmd/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/interrupt.h"
#include "cmd/report.h"
#include "sys/call.h"

static bool
is_standard(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0;
}

/** A directory opens and then fails to be read; say so at once. */
static enum bulla_status
look_at(struct bl_input *input, struct bulla_error *err)
{
    struct stat status;

    if (BL_CALL(FILE, fstat(input->fd, &status)) != 0)
        return bl_fail_errno(err, "input", "cannot be examined");
    if (S_ISDIR(status.st_mode))
        return bulla_fail_detail(err, BULLA_CAUSE_IO, "input", "cannot be read", EISDIR);
    input->is_seekable = S_ISREG(status.st_mode) && lseek(input->fd, 0, SEEK_CUR) == 0;
    return BULLA_OK;
}

enum bulla_status
bl_input_open(struct bl_input *input, const char *operand, struct bulla_error *err)
{
    if (is_standard(operand)) {
        input->fd = STDIN_FILENO;
        return look_at(input, err);
    }
    bl_report_object_word(operand);
    input->fd = BL_CALL(FILE, open(operand, O_RDONLY | O_CLOEXEC));
    if (input->fd < 0)
        return bl_fail_errno(err, "input", "cannot be opened");
    input->path = operand;
    return look_at(input, err);
}

enum bulla_status
bl_input_wait(const struct bl_input *input, struct bulla_error *err)
{
    struct pollfd wanted = { .fd = input->fd, .events = POLLIN };
    int ready;

    do
        ready = BL_CALL(FILE, poll(&wanted, 1, /* timeout= */ -1));
    while (ready < 0 && errno == EINTR);
    return ready < 0 ? bl_fail_errno(err, "input", "cannot be waited for") : BULLA_OK;
}

enum bulla_status
bl_input_rewind(const struct bl_input *input, struct bulla_error *err)
{
    if (BL_CALL(FILE, lseek(input->fd, 0, SEEK_SET)) != 0)
        return bl_fail_errno(err, "input", "cannot be read a second time");
    return BULLA_OK;
}

void
bl_input_done(struct bl_input *input)
{
    if (input->path != NULL)
        bl_fd_close(&input->fd);
    *input = (struct bl_input)BL_INPUT_NONE;
}

enum bulla_status
bl_output_open_file(struct bl_output *output, const char *path,
                    const struct bl_arguments *arguments, struct bulla_error *err)
{
    bool replace = bl_argument(arguments, "force") != NULL;
    enum bulla_status status = bl_file_new_open(
        &output->file, path, 0600, replace ? BL_FILE_REPLACE_EXISTING : BL_FILE_KEEP_EXISTING, err);

    if (status != BULLA_OK)
        bl_report_object_word(path);
    else
        bl_interrupt_guard_file(&output->file);
    output->fd = output->file.fd;
    output->path = path;
    return status;
}

enum bulla_status
bl_output_open(struct bl_output *output, const struct bl_arguments *arguments, bool is_binary,
               struct bulla_error *err)
{
    const char *path = bl_argument(arguments, "output");

    if (!is_standard(path))
        return bl_output_open_file(output, path, arguments, err);
    if (is_binary && isatty(STDOUT_FILENO)) {
        bl_report_object_word("standard output");
        return bulla_fail_cause(err, BULLA_CAUSE_BINARY_TO_TERMINAL, "standard output",
                                "it is a terminal");
    }
    output->fd = STDOUT_FILENO;
    return BULLA_OK;
}

enum bulla_status
bl_output_commit(struct bl_output *output, struct bulla_error *err)
{
    if (output->path == NULL)
        return BULLA_OK;
    enum bulla_status status = bl_file_new_commit(&output->file, err);
    if (status != BULLA_OK)
        bl_report_object_word(output->path);
    return status;
}

void
bl_output_done(struct bl_output *output)
{
    bl_interrupt_forget_file(&output->file);
    bl_file_new_done(&output->file);
    output->fd = -1;
    output->path = NULL;
}

#define SLURP_STEP 4096 /* bytes */

enum bulla_status
bl_input_slurp(const char *operand, size_t size_max, struct bulla_buffer *out,
               struct bulla_error *err)
{
    BL_AUTO(bl_input) input = BL_INPUT_NONE;
    size_t got = SLURP_STEP;

    BL_TRY(bl_input_open(&input, operand, err));
    while (got == SLURP_STEP) {
        uint8_t *start = NULL;
        BL_TRY(bulla_buffer_extend(out, SLURP_STEP, &start, err));
        BL_TRY(bl_fd_read(input.fd, start, SLURP_STEP, &got, err));
        out->size -= SLURP_STEP - got;
        if (out->size > size_max)
            return bulla_fail(err, BULLA_E_LIMIT, "input", "it is too large", 0);
    }
    return BULLA_OK;
}
