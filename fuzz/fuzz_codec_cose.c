/* SPDX-License-Identifier: Apache-2.0 */
/* A message that is taken is written again as the same bytes, but for the tag (and but for a key
 * identifier in the protected header, which is not repeated in the other). */
#include "fuzz.h"

#include "codec/cose.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bl_cose_sign1 message = { 0 };
    struct bulla_bytes input = { data, size };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_cose_sign1_decode(input, &message, &err);

    if (status != BULLA_OK) {
        FUZZ_ASSERT(message.algorithm == BL_COSE_NONE && message.signature.data == NULL);
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(message.algorithm == BL_COSE_ES256 || message.algorithm == BL_COSE_ES384 ||
                message.algorithm == BL_COSE_EDDSA);
    const uint8_t *protected_end = message.protected.data + message.protected.size;
    if (message.key_id.size > 0 && message.key_id.data >= message.protected.data &&
        message.key_id.data < protected_end)
        message.key_id = (struct bulla_bytes){ NULL, 0 };
    FUZZ_ASSERT(bl_cose_sign1_encode(&message, &again, NULL) == BULLA_OK);
    struct bulla_bytes written = bulla_buffer_bytes(&again);
    if (data[0] != written.data[0])
        written = (struct bulla_bytes){ written.data + 1, written.size - 1 };
    FUZZ_ASSERT(fuzz_same_bytes(input, written));
    return 0;
}
