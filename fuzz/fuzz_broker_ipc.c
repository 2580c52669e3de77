/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message between gate and vault that decodes has one encoding: encoded again, it is the same bytes.
 */
#include "fuzz.h"

#include "broker/ipc.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bl_ipc_message message;
    struct bulla_error err = { 0 };
    struct bulla_bytes bytes = { data, size };
    enum bulla_status status = bl_ipc_decode(bytes, &message, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(bl_ipc_encode(&message, &again, &err) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&again), bytes));
    return 0;
}
