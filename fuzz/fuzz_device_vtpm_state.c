/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of an embedded TPM as it is stored.
 */
#include "fuzz.h"

#include "device/vtpm_state.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bl_vtpm_state) state = { 0 };
    BL_AUTO(bl_secret) again = { 0 };
    struct bulla_error err = { 0 };
    const struct bulla_bytes bytes = { data, size };
    enum bulla_status status = bl_vtpm_state_decode(bytes, &state, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(bl_vtpm_state_encode(&state, &again, &err) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(bl_secret_bytes(&again), bytes));
    return 0;
}
