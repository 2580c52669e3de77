/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and lines with keys of people: identities, recipients, signing keys.
 */
#include "fuzz.h"

#include "keys/identity.h"

/* What reads as a public signing key is written as a text that reads as the same. */
static void
check_signer(struct bulla_bytes bytes)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO_FREE(bl_key) same = NULL;
    BL_AUTO(bulla_buffer) once = { 0 };
    BL_AUTO(bulla_buffer) twice = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_signer_parse(bytes, &key, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return;
    }
    FUZZ_ASSERT(bl_signer_public_format(key, &once, &err) == BULLA_OK);
    FUZZ_ASSERT(bl_signer_parse(bulla_buffer_bytes(&once), &same, &err) == BULLA_OK);
    FUZZ_ASSERT(bl_signer_public_format(same, &twice, &err) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&once), bulla_buffer_bytes(&twice)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bl_keyring) keyring = { 0 };
    struct bulla_error err = { 0 };

    if (size == 0)
        return 0;
    const struct bulla_bytes bytes = { data + 1, size - 1 };
    if (data[0] % 3 == 0) {
        check_signer(bytes);
        return 0;
    }
    enum bulla_status status = data[0] % 3 == 1 ? bl_recipient_parse(bytes, &keyring, &err)
                                                : bl_keyring_parse(bytes, &keyring, &err);
    if (status != BULLA_OK)
        fuzz_check_refusal(status, &err);
    FUZZ_ASSERT((keyring.count > 0) == (status == BULLA_OK));
    return 0;
}
