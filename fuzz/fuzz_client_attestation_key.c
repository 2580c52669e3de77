/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file with an attestation key and its certificate, which the host of an enclave keeps.
 */
#include "fuzz.h"

#include "client/attestation_key.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bl_attestation_key) key = { 0 };
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bulla_error err = { 0 };
    const struct bulla_bytes bytes = { data, size };
    enum bulla_status status = bl_attestation_key_decode(bytes, &key, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        FUZZ_ASSERT(key.certificate.size == 0 && key.key.public_area.size == 0);
        return 0;
    }
    FUZZ_ASSERT(bl_attestation_key_encode(&key, &again, &err) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&again), bytes));
    (void)bl_attestation_key_is_current(&key, key.broker_id,
                                        1795339800); /* its certificate is read */
    return 0;
}
