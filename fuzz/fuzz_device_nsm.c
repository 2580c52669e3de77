/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer of the Nitro Secure Module is a document, a refusal in its own words, or none. What it is
 * said to carry lies inside what it is made of, whatever kind of evidence it is taken for.
 */
#include "fuzz.h"

#include "device/attest_internal.h"

static void
check_inside(struct bulla_bytes part, const uint8_t *data, size_t size)
{
    FUZZ_ASSERT(part.size <= size);
    FUZZ_ASSERT(part.size == 0 || (part.data >= data && part.data + part.size <= data + size));
}

static void
look_for_nonce(const char *kind, const uint8_t *data, size_t size)
{
    struct bulla_bytes carried = { NULL, 0 };
    struct bulla_error err = { 0 };

    if (bl_attest_carried(kind, (struct bulla_bytes){ data, size }, &carried, &err) == BULLA_OK) {
        check_inside(carried, data, size);
        return;
    }
    FUZZ_ASSERT(err.cause == BULLA_CAUSE_ATTESTER_ANSWER && err.where != NULL && err.what != NULL);
    FUZZ_ASSERT(carried.data == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const kinds[] = { "snp", "tdx", "sgx", "cca", "nitro" };
    struct bulla_bytes document = { NULL, 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status =
        bl_nsm_response_decode((struct bulla_bytes){ data, size }, &document, &err);

    if (status == BULLA_OK) {
        FUZZ_ASSERT(document.size > 0);
        check_inside(document, data, size);
        look_for_nonce("nitro", document.data, document.size);
    } else {
        FUZZ_ASSERT(document.data == NULL);
        FUZZ_ASSERT(err.cause == BULLA_CAUSE_ATTESTER_FAILED || bulla_status_is_finding(status));
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        look_for_nonce(kinds[i], data, size);
    return 0;
}
