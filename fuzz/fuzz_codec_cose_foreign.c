/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever message is taken has its algorithm in the protected header, and is no message
 * authentication code. What our own decoder takes of an algorithm of tokens, this one takes as well,
 * and reads the same.
 */
#include "fuzz.h"

#include "codec/cose.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bulla_bytes input = { data, size };
    struct bl_cose_sign1 message = { 0 }, own = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_cose_foreign_decode(input, &message, &err);
    bool is_own = bl_cose_sign1_decode(input, &own, NULL) == BULLA_OK;

    if (status != BULLA_OK) {
        FUZZ_ASSERT(message.algorithm == BL_COSE_NONE && message.signature.data == NULL);
        FUZZ_ASSERT(!is_own || own.algorithm == BL_COSE_EDDSA);
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(message.algorithm == BL_COSE_ES256 || message.algorithm == BL_COSE_ES384);
    FUZZ_ASSERT(message.protected.size >= 3 && size > 0 && data[0] != (0xc0 | BL_COSE_TAG_MAC0));
    if (is_own)
        FUZZ_ASSERT(own.algorithm == message.algorithm &&
                    fuzz_same_bytes(own.payload, message.payload) &&
                    fuzz_same_bytes(own.protected, message.protected) &&
                    fuzz_same_bytes(own.signature, message.signature));
    return 0;
}
