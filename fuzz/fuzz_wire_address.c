/* SPDX-License-Identifier: Apache-2.0 */
/* An address that parses is written to the very text that it was read from. */
#include "fuzz.h"

#include "wire/address.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_broker_address address = { 0 };
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };
    enum bulla_status status =
        bl_broker_address_parse((struct bulla_bytes){ data, size }, &address, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(address.endpoint.port != 0);
    FUZZ_ASSERT(bl_broker_address_format(&address, &text, NULL) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes((struct bulla_bytes){ data, size }, bulla_buffer_bytes(&text)));
    return 0;
}
