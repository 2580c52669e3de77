/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/stream.h: the input and the output of a command, as age has them.
 *
 * Input: a file or "-". Output: standard output, or with -o FILE a new file (0600) that appears
 * under its name only when it is whole, and replaces nothing without -f.
 */
#ifndef BL_CMD_STREAM_H
#define BL_CMD_STREAM_H

#include "cmd/verb.h"
#include "sys/file.h"

struct bl_input {
    int fd;           /* -1: none */
    const char *path; /* NULL: standard input */
    bool is_seekable; /* may be read twice */
};
#define BL_INPUT_NONE \
    {                 \
        .fd = -1      \
    }
/** `operand` may be NULL or "-": standard input. BULLA_E_NOT_FOUND, BULLA_E_IO. */
enum bulla_status bl_input_open(struct bl_input *input, const char *operand,
                                struct bulla_error *err) BULLA_CHECKED;
/** Wait for the first byte, or the end: before taking what the writer of a pipe may need itself. */
enum bulla_status bl_input_wait(const struct bl_input *input,
                                struct bulla_error *err) BULLA_CHECKED;
/** Back to the first byte; only if is_seekable. */
enum bulla_status bl_input_rewind(const struct bl_input *input,
                                  struct bulla_error *err) BULLA_CHECKED;
void bl_input_done(struct bl_input *input);

/** -o and -f; every verb that writes a result of bytes has them. */
#define BL_OUTPUT_OPTIONS                                                     \
    { .name = "output",                                                       \
      .letter = 'o',                                                          \
      .argument = "FILE",                                                     \
      .help = "write to FILE, whole or not at all, mode 0600" },              \
    {                                                                         \
        .name = "force", .letter = 'f', .help = "replace FILE if it is there" \
    }

struct bl_output {
    int fd; /* to write to; -1: none */
    struct bl_file_new file;
    const char *path; /* NULL: standard output */
};
#define BL_OUTPUT_NONE                     \
    {                                      \
        .fd = -1, .file = BL_FILE_NEW_NONE \
    }
/** By the verb's -o and -f. Standard output is refused if it is a terminal and `is_binary`
 *  (BINARY_TO_TERMINAL). */
enum bulla_status bl_output_open(struct bl_output *output, const struct bl_arguments *arguments,
                                 bool is_binary, struct bulla_error *err) BULLA_CHECKED;
/** This file, replacing one that is there by the verb's -f alone. */
enum bulla_status bl_output_open_file(struct bl_output *output, const char *path,
                                      const struct bl_arguments *arguments,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Make it durable under its name. */
enum bulla_status bl_output_commit(struct bl_output *output, struct bulla_error *err) BULLA_CHECKED;
void bl_output_done(struct bl_output *output);

/** A whole public file, or standard input for "-", into memory. */
enum bulla_status bl_input_slurp(const char *operand, size_t size_max, struct bulla_buffer *out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif
