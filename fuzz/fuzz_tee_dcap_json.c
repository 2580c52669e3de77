/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner object of a body is one whole object that is in the text; what is parsed of it is in
 * descending order and can be chosen from; who reaches the lowest SVNs reaches nothing above them.
 */
#include "fuzz.h"

#include "tee/dcap/tcb.h"

static void
check_svn_levels(const struct bl_svn_levels *levels)
{
    FUZZ_ASSERT(levels->count >= 1 && levels->count <= BL_SVN_LEVEL_COUNT_MAX);
    for (size_t i = 1; i < levels->count; i++)
        FUZZ_ASSERT(levels->items[i - 1].isv_svn >= levels->items[i].isv_svn);
}

static void
check_info(const struct bl_tcb_info *info)
{
    struct bl_platform_svns all = { .pce_svn = UINT16_MAX, .is_tdx = info->is_tdx };
    const struct bl_tcb_level *level = NULL;

    FUZZ_ASSERT(info->level_count >= 1 && info->level_count <= BL_TCB_LEVEL_COUNT_MAX);
    for (size_t i = 1; i < info->level_count; i++)
        FUZZ_ASSERT(memcmp(info->levels[i - 1].sgx, info->levels[i].sgx, BL_DCAP_SVN_COUNT) >= 0);
    for (size_t i = 0; i < info->module_count; i++)
        check_svn_levels(&info->modules[i].levels);
    memset(all.sgx, 0xff, sizeof all.sgx);
    memset(all.tdx, 0xff, sizeof all.tdx);
    FUZZ_ASSERT(bl_tcb_level_find(info, &all, &level, NULL, NULL) == BULLA_OK);
    FUZZ_ASSERT(level == &info->levels[0]);
    FUZZ_ASSERT(level->status != BL_TCB_ABSENT);
}

static void
try_info(struct bulla_bytes object)
{
    BL_AUTO_FREE(bl_tcb_info) info = NULL;
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_tcb_info_parse(object, &info, &err);

    if (status == BULLA_OK)
        check_info(info);
    else
        fuzz_check_refusal(status, &err);
}

static void
try_identity(struct bulla_bytes object)
{
    BL_AUTO_FREE(bl_qe_identity) identity = NULL;
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_qe_identity_parse(object, &identity, &err);

    if (status == BULLA_OK)
        check_svn_levels(&identity->levels);
    else
        fuzz_check_refusal(status, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "tcbInfo", "enclaveIdentity" };
    struct bulla_bytes text = { data, size };

    for (size_t i = 0; i < 2; i++) {
        struct bl_signed_json found;
        struct bulla_error err = { 0 };
        enum bulla_status status = bl_signed_json_find(text, names[i], &found, &err);
        if (status != BULLA_OK) {
            fuzz_check_refusal(status, &err);
            continue;
        }
        FUZZ_ASSERT(found.object.data > data && found.object.size > 1);
        FUZZ_ASSERT(found.object.data + found.object.size < data + size);
        FUZZ_ASSERT(found.object.data[0] == '{');
        FUZZ_ASSERT(found.object.data[found.object.size - 1] == '}');
        try_info(found.object);
        try_identity(found.object);
    }
    return 0;
}
