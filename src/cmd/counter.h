/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/counter.h: --counter: which NV index of the TPM revokes signed policies; and numbers as words.
 */
#ifndef BL_CMD_COUNTER_H
#define BL_CMD_COUNTER_H

#include "cmd/verb.h"

#define BL_COUNTER_OPTION                                                                     \
    {                                                                                         \
        .name = "counter", .argument = "INDEX",                                               \
        .help = "NV index of the revocation counter, default 0x01800b10; none: no revocation" \
    }

/** A decimal number, or hexadecimal after 0x, of at most `maximum`; USAGE about the word. */
enum bulla_status bl_number_argument(const char *word, uint64_t maximum, uint64_t *number_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** The index; 0 for "none". */
enum bulla_status bl_counter_argument(const struct bl_arguments *arguments, uint32_t *index_out,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif
