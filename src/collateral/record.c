/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/record.h"

#include "base/memory.h"
#include "crypto/hash.h"
#include "sys/file.h"

#define DIGEST_SIZE 32

enum bulla_status
bl_record_write(const char *path, struct bulla_bytes content, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    uint8_t digest[DIGEST_SIZE];

    BL_TRY(bl_hash_once(BL_SHA256, content, digest, err));
    BL_TRY(bulla_buffer_append(&bytes, BL_BYTES_OF(digest), err));
    BL_TRY(bulla_buffer_append(&bytes, content, err));
    return bl_file_replace(path, 0600, bulla_buffer_bytes(&bytes), BL_FILE_REPLACE_EXISTING, err);
}

enum bulla_status
bl_record_read(const char *path, struct bulla_buffer *content_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    uint8_t digest[DIGEST_SIZE];

    BL_TRY(bl_file_read(path, BL_RECORD_SIZE_MAX + DIGEST_SIZE, &bytes, err));
    if (bytes.size >= DIGEST_SIZE) {
        struct bulla_bytes content = { bytes.data + DIGEST_SIZE, bytes.size - DIGEST_SIZE };
        BL_TRY(bl_hash_once(BL_SHA256, content, digest, err));
        if (bl_equal(BL_BYTES_OF(digest), (struct bulla_bytes){ bytes.data, DIGEST_SIZE }))
            return bulla_buffer_append(content_out, content, err);
    }
    return bulla_fail_cause(err, BULLA_CAUSE_CACHE_ALTERED, "cache", "a record is damaged");
}
