/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/tcb_level.c: which level a platform is at, and what several ratings come to.
 */
#include "base/memory.h"
#include "tee/dcap/tcb.h"

#define MODULE_SVN 0     /* components of a TEE_TCB_SVN: the SVN of the module, */
#define MODULE_VERSION 1 /* its version, */
#define MICROCODE_SVN 2  /* and of late microcode */

size_t
bl_tdx_start(const uint8_t tee_tcb_svn[BL_DCAP_SVN_COUNT])
{
    return tee_tcb_svn[MODULE_VERSION] > 0 ? MICROCODE_SVN : 0;
}

/* Every component from `start` on is at least that of the level: one that is lower decides. */
static bool
reaches(const uint8_t at[BL_DCAP_SVN_COUNT], const uint8_t level[BL_DCAP_SVN_COUNT], size_t start)
{
    for (size_t i = start; i < BL_DCAP_SVN_COUNT; i++)
        if (at[i] < level[i])
            return false;
    return true;
}

enum bulla_status
bl_tcb_level_find(const struct bl_tcb_info *info, const struct bl_platform_svns *svns,
                  const struct bl_tcb_level **level_out, const struct bl_tcb_level **sgx_out,
                  struct bulla_error *err)
{
    const struct bl_tcb_level *sgx = NULL;

    for (size_t i = 0; i < info->level_count; i++) {
        const struct bl_tcb_level *level = &info->levels[i];
        if (!reaches(svns->sgx, level->sgx, 0) || svns->pce_svn < level->pce_svn)
            continue;
        if (sgx == NULL)
            sgx = level;
        if (svns->is_tdx && !reaches(svns->tdx, level->tdx, svns->tdx_start))
            continue;
        *level_out = level;
        if (sgx_out != NULL)
            *sgx_out = sgx;
        return BULLA_OK;
    }
    return bulla_fail_cause(err, BULLA_CAUSE_TCB_NOT_SUPPORTED, "TCB info",
                            "the platform reaches no level");
}

enum bulla_status
bl_svn_level_find(const struct bl_svn_levels *levels, uint16_t isv_svn, const char *where,
                  const struct bl_svn_level **level_out, struct bulla_error *err)
{
    for (size_t i = 0; i < levels->count; i++) {
        if (isv_svn >= levels->items[i].isv_svn) {
            *level_out = &levels->items[i];
            return BULLA_OK;
        }
    }
    return bulla_fail_cause(err, BULLA_CAUSE_TCB_NOT_SUPPORTED, where, "its SVN reaches no level");
}

const struct bl_tdx_module *
bl_tdx_module_find(const struct bl_tcb_info *info, uint8_t version)
{
    for (size_t i = 0; i < info->module_count; i++)
        if (info->modules[i].version == version)
            return &info->modules[i];
    return NULL;
}

enum bl_tcb_status
bl_tcb_converge(enum bl_tcb_status status, enum bl_tcb_status other)
{
    if (other == BL_TCB_REVOKED)
        return BL_TCB_REVOKED;
    if (other != BL_TCB_OUT_OF_DATE)
        return status;
    switch (status) {
    case BL_TCB_UP_TO_DATE:
    case BL_TCB_SW_HARDENING_NEEDED:
    case BL_TCB_TD_RELAUNCH_ADVISED:
        return BL_TCB_OUT_OF_DATE;
    case BL_TCB_CONFIGURATION_NEEDED:
    case BL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED:
    case BL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED:
        return BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
    case BL_TCB_ABSENT:
    case BL_TCB_OUT_OF_DATE:
    case BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED:
    case BL_TCB_REVOKED:
        break;
    }
    return status;
}

static bool
needs_configuration(enum bl_tcb_status status)
{
    return status == BL_TCB_CONFIGURATION_NEEDED ||
           status == BL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED ||
           status == BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
}

/* The platform and the quoting enclave are good, and only what the TD was launched with is old. */
static bool
may_advise(const struct bl_relaunch *found)
{
    bool quoter_is_good = found->quoter != BL_TCB_OUT_OF_DATE && found->quoter != BL_TCB_REVOKED;
    bool sgx_is_good = found->sgx == BL_TCB_UP_TO_DATE ||
                       found->sgx == BL_TCB_SW_HARDENING_NEEDED ||
                       found->sgx == BL_TCB_CONFIGURATION_NEEDED ||
                       found->sgx == BL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED;
    bool tdx_is_old =
        found->tdx == BL_TCB_OUT_OF_DATE || found->tdx == BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;

    return quoter_is_good && sgx_is_good && tdx_is_old && found->module == BL_TCB_OUT_OF_DATE;
}

enum bulla_status
bl_tcb_relaunch(const struct bl_tcb_info *info, const struct bl_relaunch *found,
                enum bl_tcb_status *status_out, struct bulla_error *err)
{
    const struct bl_tcb_level *newest = &info->levels[0];
    const uint8_t *svn_2 = found->tee_tcb_svn_2;
    uint16_t module_svn = newest->tdx[MODULE_SVN];

    *status_out = found->tdx;
    if (!may_advise(found))
        return BULLA_OK;
    if (svn_2[MODULE_VERSION] != 0) {
        const struct bl_tdx_module *module = bl_tdx_module_find(info, svn_2[MODULE_VERSION]);
        if (module == NULL)
            return bulla_fail_cause(err, BULLA_CAUSE_TDX_MODULE_MISMATCH, "TD report",
                                    "the module that is loaded by now is not in the TCB info");
        module_svn = module->levels.items[0].isv_svn;
    }
    if (svn_2[MODULE_SVN] < module_svn || svn_2[MICROCODE_SVN] < newest->tdx[MICROCODE_SVN])
        return BULLA_OK;
    *status_out = needs_configuration(found->sgx) || needs_configuration(found->tdx)
                      ? BL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
                      : BL_TCB_TD_RELAUNCH_ADVISED;
    return BULLA_OK;
}
