/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz_again.h: messages that have one encoding, several kinds in one target.
 */
#ifndef FUZZ_FUZZ_AGAIN_H
#define FUZZ_FUZZ_AGAIN_H

#include "fuzz.h"

#include "base/buffer.h"
#include "base/cleanup.h"

/** Decode `bytes` as the message `which`, and encode it again. */
typedef enum bulla_status fuzz_again(unsigned which, struct bulla_bytes bytes,
                                     struct bulla_buffer *again, struct bulla_error *err);

/** The first byte chooses one of `count` messages; what decodes is the same bytes again. */
static inline void
fuzz_check_again(fuzz_again *read_and_write, unsigned count, const uint8_t *data, size_t size)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bulla_error err = { 0 };

    if (size == 0)
        return;
    const struct bulla_bytes bytes = { data + 1, size - 1 };
    enum bulla_status status = read_and_write(data[0] % count, bytes, &again, &err);
    if (status != BULLA_OK)
        fuzz_check_refusal(status, &err);
    else
        FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&again), bytes));
}

#endif
