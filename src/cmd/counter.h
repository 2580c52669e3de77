/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/counter.h: --counter: which NV index of the TPM revokes signed policies.
 */
#ifndef BL_CMD_COUNTER_H
#define BL_CMD_COUNTER_H

#include "cmd/verb.h"

#define BL_COUNTER_OPTION                                                                     \
    {                                                                                         \
        .name = "counter", .argument = "INDEX",                                               \
        .help = "NV index of the revocation counter, default 0x01800b10; none: no revocation" \
    }

/** The index; 0 for "none". */
enum bulla_status bl_counter_argument(const struct bl_arguments *arguments, uint32_t *index_out,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif
