/* SPDX-License-Identifier: Apache-2.0 */
/* What passes is one whole command, none of those that change what a quote relies on, and not in
 * the platform's name. */
#include "fuzz.h"

#include "enclave/tpm_filter.h"

static const uint16_t never[] = {
    0x120, 0x121, 0x122, 0x124, 0x125, 0x126, 0x127, 0x128, 0x129, 0x12a, 0x12b, 0x12c, 0x12d,
    0x12e, 0x12f, 0x130, 0x135, 0x136, 0x137, 0x138, 0x139, 0x13a, 0x13b, 0x13c, 0x13d, 0x140,
    0x143, 0x144, 0x145, 0x14f, 0x15c, 0x161, 0x162, 0x182, 0x185, 0x192, 0x193,
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t platform[4] = { 0x40, 0, 0, 0x0c };

    if (!bl_tpm_filter_allows((struct bulla_bytes){ data, size }))
        return 0;
    FUZZ_ASSERT(size >= BL_TPM_COMMAND_HEADER_SIZE && size <= BL_TPM_COMMAND_SIZE_MAX);
    FUZZ_ASSERT(((size_t)data[4] << 8 | data[5]) == size && data[2] == 0 && data[3] == 0);
    FUZZ_ASSERT(data[6] == 0 && data[7] == 0);
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        FUZZ_ASSERT((data[8] << 8 | data[9]) != never[i]);
    if (data[9] != 0x7a && data[9] != 0x7b && data[9] != 0x7e) /* the commands without handles */
        FUZZ_ASSERT(memcmp(data + 10, platform, 4) != 0);
    return 0;
}
