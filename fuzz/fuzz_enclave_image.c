/* SPDX-License-Identifier: Apache-2.0 */
/* An index that is accepted is a tree inside its root, and is written to the very same bytes. */
#include "fuzz.h"

#include "enclave/image_format.h"

static void
check_entry(const struct bl_image *image, size_t i)
{
    const struct bl_image_entry *entry = &image->entries[i];

    FUZZ_ASSERT(entry->path[0] == '/' && strstr(entry->path, "/../") == NULL);
    FUZZ_ASSERT((entry->mode & ~0777u) == 0);
    FUZZ_ASSERT(bl_image_find(image, entry->path) == entry);
    if (entry->kind == BL_IMAGE_FILE)
        FUZZ_ASSERT(entry->offset % BL_IMAGE_ALIGNMENT == 0 &&
                    entry->offset + entry->size <= image->size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO(bl_image) image = { 0 };
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bulla_error err = { 0 };
    uint64_t file_size = 0;

    if (size < 8)
        return 0;
    memcpy(&file_size, data, 8);
    struct bulla_bytes index = { data + 8, size - 8 };
    enum bulla_status status = bl_image_index_decode(index, file_size, &image, &err);
    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    for (size_t i = 0; i < image.entry_count; i++)
        check_entry(&image, i);
    FUZZ_ASSERT(bl_image_index_encode(image.entries, image.entry_count, &again, NULL) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(index, bulla_buffer_bytes(&again)));
    return 0;
}
