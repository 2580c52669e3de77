/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/policy_file.h"

#include "cmd/report.h"
#include "cmd/stream.h"

/* The canonical form is a CBOR map; no text in UTF-8 begins with such a byte. */
static bool
is_canonical(struct bulla_bytes content)
{
    return content.size > 0 && content.data[0] >= 0xa0 && content.data[0] <= 0xbf;
}

enum bulla_status
bl_policy_file_read(const char *path, struct bl_appraisal_policy *policy_out,
                    struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };

    bl_report_object_word(path);
    BL_TRY(bl_input_slurp(path, BL_POLICY_SIZE_MAX, &content, err));
    const struct bulla_bytes bytes = bulla_buffer_bytes(&content);
    return is_canonical(bytes) ? bl_appraisal_policy_decode(bytes, policy_out, err)
                               : bl_appraisal_policy_from_yaml(bytes, policy_out, err);
}
