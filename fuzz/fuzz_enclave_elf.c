/* SPDX-License-Identifier: Apache-2.0 */
/* What an ELF file is said to need are texts that lie in the file and end there. */
#include "fuzz.h"

#include "enclave/elf.h"

static void
check_text(struct bulla_bytes text, const uint8_t *data, size_t size)
{
    if (text.size == 0)
        return;
    FUZZ_ASSERT(text.data >= data && text.data + text.size < data + size);
    FUZZ_ASSERT(text.data[text.size] == 0 && memchr(text.data, 0, text.size) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_elf elf;
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_elf_read((struct bulla_bytes){ data, size }, &elf, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(elf.needed_count <= BL_ELF_NEEDED_COUNT_MAX);
    for (size_t i = 0; i < elf.needed_count; i++) {
        FUZZ_ASSERT(elf.needed[i].size > 0);
        check_text(elf.needed[i], data, size);
    }
    check_text(elf.interpreter, data, size);
    check_text(elf.runpath, data, size);
    check_text(elf.rpath, data, size);
    return 0;
}
