/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/private_key_file.h"

#include "cmd/report.h"
#include "sys/file.h"

enum bulla_status
bl_private_key_file_read(const char *path, struct bl_key **key_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) text = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;

    bl_report_object_word(path);
    BL_TRY(bl_file_read_secret(path, BL_PRIVATE_KEY_FILE_SIZE_MAX, &text, err));
    BL_TRY(bl_key_from_private_pem(bl_secret_bytes(&text), &key, err));
    if (bl_key_kind(key) != BL_KEY_P256 && bl_key_kind(key) != BL_KEY_P384)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "private key",
                                "it is of neither P-256 nor P-384");
    *key_out = key;
    key = NULL;
    return BULLA_OK;
}
