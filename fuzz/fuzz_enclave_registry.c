/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a running enclave. An older version is read, too, and written as the present one:
 * so what was read twice is the same.
 */
#include "fuzz.h"

#include "enclave/registry.h"

static void
write(const struct bl_enclave_record *record, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    FUZZ_ASSERT(bl_enclave_record_encode(record, out, &err) == BULLA_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_enclave_record record = { 0 }, same = { 0 };
    BL_AUTO(bulla_buffer) once = { 0 };
    BL_AUTO(bulla_buffer) twice = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status =
        bl_enclave_record_decode((struct bulla_bytes){ data, size }, &record, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    write(&record, &once);
    FUZZ_ASSERT(bl_enclave_record_decode(bulla_buffer_bytes(&once), &same, &err) == BULLA_OK);
    write(&same, &twice);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&once), bulla_buffer_bytes(&twice)));
    return 0;
}
