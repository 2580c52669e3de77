/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys in PEM: what is taken is a pair of a kind that signs; refusals are findings. */
#include "fuzz.h"

#include "crypto/private_key.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bulla_error err = { 0 };
    enum bulla_status status =
        bl_key_from_private_pem((struct bulla_bytes){ data, size }, &key, &err);

    if (status != BULLA_OK) {
        FUZZ_ASSERT(key == NULL);
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(bl_key_has_private(key) && bl_key_kind(key) != BL_KEY_NONE);
    return 0;
}
