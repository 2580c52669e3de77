/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/tcb_parse.c: TCB info and enclave identity, from the bytes that were signed.
 */
#include <string.h>

#include "base/memory.h"
#include "codec/hex.h"
#include "tee/dcap/tcb.h"

#define WHERE_INFO "TCB info"
#define WHERE_IDENTITY "QE identity"
#define STATUS_SIZE_MAX 48 /* bytes of the longest word */

void
bl_tcb_info_free(struct bl_tcb_info *info)
{
    if (info == NULL)
        return;
    if (info->sharer_count > 0) {
        info->sharer_count--;
        return;
    }
    bl_json_free(info->json);
    bl_free(info);
}

struct bl_tcb_info *
bl_tcb_info_share(struct bl_tcb_info *info)
{
    info->sharer_count++;
    return info;
}

void
bl_qe_identity_free(struct bl_qe_identity *identity)
{
    if (identity == NULL)
        return;
    if (identity->sharer_count > 0) {
        identity->sharer_count--;
        return;
    }
    bl_json_free(identity->json);
    bl_free(identity);
}

struct bl_qe_identity *
bl_qe_identity_share(struct bl_qe_identity *identity)
{
    identity->sharer_count++;
    return identity;
}

enum bulla_status
bl_tcb_advise_all(struct bl_tcb_claims *tcb, const struct bl_json *advisories,
                  struct bulla_error *err)
{
    size_t count = 0;

    if (advisories == NULL)
        return BULLA_OK;
    BL_TRY(bl_json_as_array(advisories, "advisoryIDs", BL_ADVISORY_COUNT_MAX, &count, err));
    for (size_t i = 0; i < count; i++) {
        struct bulla_bytes name;
        BL_TRY(bl_json_as_text(bl_json_at(advisories, i), "advisoryIDs", BL_ADVISORY_SIZE, &name,
                               err));
        BL_TRY(bl_tcb_advise(tcb, name, err));
    }
    return BULLA_OK;
}

/* Each name is checked, so that using one later cannot fail for what it is. */
static enum bulla_status
parse_advisories(const struct bl_json *level, const struct bl_json **advisories_out,
                 struct bulla_error *err)
{
    struct bl_tcb_claims trial = { 0 };

    *advisories_out = bl_json_find(level, "advisoryIDs");
    return bl_tcb_advise_all(&trial, *advisories_out, err);
}

/* Intel rates platforms with seven words; those of relaunching are conclusions of ours. */
static enum bulla_status
parse_status(const struct bl_json *level, bool is_platform, enum bl_tcb_status *status_out,
             struct bulla_error *err)
{
    struct bulla_bytes word;

    BL_TRY(bl_member_text(level, "tcbStatus", STATUS_SIZE_MAX, &word, err));
    enum bl_tcb_status status = bl_tcb_status_from_word(word);
    bool is_conclusion = status == BL_TCB_TD_RELAUNCH_ADVISED ||
                         status == BL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
    bool is_simple =
        status == BL_TCB_UP_TO_DATE || status == BL_TCB_OUT_OF_DATE || status == BL_TCB_REVOKED;
    if (status == BL_TCB_ABSENT || is_conclusion || !(is_platform || is_simple))
        return bulla_fail(err, BULLA_E_MALFORMED, "tcbStatus", "not a status of Intel's", 0);
    *status_out = status;
    return BULLA_OK;
}

/* -- levels of one SVN: quoting enclaves and modules --------------------------------------------- */

static enum bulla_status
parse_svn_level(const struct bl_json *item, struct bl_svn_level *level, struct bulla_error *err)
{
    const struct bl_json *tcb = NULL;
    int64_t isv_svn = 0, date_s = 0;

    BL_TRY(bl_json_as_object(item, "tcbLevels", err));
    BL_TRY(bl_json_require(item, "tcb", &tcb, err));
    BL_TRY(bl_member_number(tcb, "isvsvn", 0, UINT16_MAX, &isv_svn, err));
    BL_TRY(bl_member_time(item, "tcbDate", &date_s, err));
    BL_TRY(parse_status(item, /* is_platform= */ false, &level->status, err));
    BL_TRY(parse_advisories(item, &level->advisories, err));
    level->isv_svn = (uint16_t)isv_svn;
    return BULLA_OK;
}

/* Kept in descending order, whatever the order in the text. */
static void
insert_svn_level(struct bl_svn_levels *levels, const struct bl_svn_level *level)
{
    size_t at = levels->count++;

    for (; at > 0 && levels->items[at - 1].isv_svn < level->isv_svn; at--)
        levels->items[at] = levels->items[at - 1];
    levels->items[at] = *level;
}

static enum bulla_status
parse_svn_levels(const struct bl_json *object, struct bl_svn_levels *levels,
                 struct bulla_error *err)
{
    const struct bl_json *array = NULL;
    size_t count = 0;

    BL_TRY(bl_member_array(object, "tcbLevels", BL_SVN_LEVEL_COUNT_MAX, &array, &count, err));
    for (size_t i = 0; i < count; i++) {
        struct bl_svn_level level = { 0 };
        BL_TRY(parse_svn_level(bl_json_at(array, i), &level, err));
        insert_svn_level(levels, &level);
    }
    return BULLA_OK;
}

/* -- levels of a platform ------------------------------------------------------------------------ */

/* Version 2: "sgxtcbcomp01svn" to "sgxtcbcomp16svn". */
static enum bulla_status
parse_components_v2(const struct bl_json *tcb, uint8_t svns[BL_DCAP_SVN_COUNT],
                    struct bulla_error *err)
{
    static const char *const names[BL_DCAP_SVN_COUNT] = {
        "sgxtcbcomp01svn", "sgxtcbcomp02svn", "sgxtcbcomp03svn", "sgxtcbcomp04svn",
        "sgxtcbcomp05svn", "sgxtcbcomp06svn", "sgxtcbcomp07svn", "sgxtcbcomp08svn",
        "sgxtcbcomp09svn", "sgxtcbcomp10svn", "sgxtcbcomp11svn", "sgxtcbcomp12svn",
        "sgxtcbcomp13svn", "sgxtcbcomp14svn", "sgxtcbcomp15svn", "sgxtcbcomp16svn"
    };

    for (size_t i = 0; i < BL_DCAP_SVN_COUNT; i++) {
        int64_t svn = 0;
        BL_TRY(bl_member_number(tcb, names[i], 0, UINT8_MAX, &svn, err));
        svns[i] = (uint8_t)svn;
    }
    return BULLA_OK;
}

/* Version 3: a list. A shorter one would leave components uncompared. */
static enum bulla_status
parse_components_v3(const struct bl_json *tcb, const char *name, uint8_t svns[BL_DCAP_SVN_COUNT],
                    struct bulla_error *err)
{
    const struct bl_json *array = NULL;
    size_t count = 0;

    BL_TRY(bl_member_array(tcb, name, BL_DCAP_SVN_COUNT, &array, &count, err));
    if (count != BL_DCAP_SVN_COUNT)
        return bulla_fail(err, BULLA_E_MALFORMED, name, "not 16 components", count);
    for (size_t i = 0; i < count; i++) {
        int64_t svn = 0;
        BL_TRY(bl_member_number(bl_json_at(array, i), "svn", 0, UINT8_MAX, &svn, err));
        svns[i] = (uint8_t)svn;
    }
    return BULLA_OK;
}

static enum bulla_status
parse_level(const struct bl_json *item, int64_t version, bool is_tdx, struct bl_tcb_level *level,
            struct bulla_error *err)
{
    const struct bl_json *tcb = NULL;
    int64_t pce_svn = 0;

    BL_TRY(bl_json_as_object(item, "tcbLevels", err));
    BL_TRY(bl_json_require(item, "tcb", &tcb, err));
    BL_TRY(version == 2 ? parse_components_v2(tcb, level->sgx, err)
                        : parse_components_v3(tcb, "sgxtcbcomponents", level->sgx, err));
    if (is_tdx)
        BL_TRY(parse_components_v3(tcb, "tdxtcbcomponents", level->tdx, err));
    BL_TRY(bl_member_number(tcb, "pcesvn", 0, UINT16_MAX, &pce_svn, err));
    BL_TRY(bl_member_time(item, "tcbDate", &level->date_s, err));
    BL_TRY(parse_status(item, /* is_platform= */ true, &level->status, err));
    BL_TRY(parse_advisories(item, &level->advisories, err));
    level->pce_svn = (uint16_t)pce_svn;
    return BULLA_OK;
}

/* Intel's order: components of SGX, PCESVN, components of TDX. */
static bool
is_above(const struct bl_tcb_level *a, const struct bl_tcb_level *b)
{
    int order = memcmp(a->sgx, b->sgx, sizeof a->sgx);

    if (order == 0)
        order = (int)a->pce_svn - (int)b->pce_svn;
    if (order == 0)
        order = memcmp(a->tdx, b->tdx, sizeof a->tdx);
    return order > 0;
}

static void
insert_level(struct bl_tcb_info *info, const struct bl_tcb_level *level)
{
    size_t at = info->level_count++;

    for (; at > 0 && is_above(level, &info->levels[at - 1]); at--)
        info->levels[at] = info->levels[at - 1];
    info->levels[at] = *level;
}

static enum bulla_status
parse_levels(int64_t version, struct bl_tcb_info *info, struct bulla_error *err)
{
    const struct bl_json *array = NULL;
    size_t count = 0;

    BL_TRY(bl_member_array(info->json, "tcbLevels", BL_TCB_LEVEL_COUNT_MAX, &array, &count, err));
    for (size_t i = 0; i < count; i++) {
        struct bl_tcb_level level = { 0 };
        BL_TRY(parse_level(bl_json_at(array, i), version, info->is_tdx, &level, err));
        insert_level(info, &level);
    }
    return BULLA_OK;
}

/* -- TDX modules --------------------------------------------------------------------------------- */

static enum bulla_status
parse_module(const struct bl_json *object, struct bl_tdx_module *module, struct bulla_error *err)
{
    BL_TRY(bl_member_hex(object, "mrsigner", module->mr_signer, sizeof module->mr_signer, err));
    BL_TRY(bl_member_hex(object, "attributes", module->attributes, sizeof module->attributes, err));
    return bl_member_hex(object, "attributesMask", module->attributes_mask,
                         sizeof module->attributes_mask, err);
}

/* "TDX_03", or "tdx_03": the version of the module in hexadecimal digits. */
static enum bulla_status
parse_module_id(const struct bl_json *object, uint8_t *version_out, struct bulla_error *err)
{
    static const char prefix[] = "TDX_";
    struct bulla_bytes id;

    BL_TRY(bl_member_text(object, "id", sizeof prefix + 1, &id, err));
    bool fits = id.size == sizeof prefix + 1;
    for (size_t i = 0; fits && i < sizeof prefix - 1; i++)
        fits = id.data[i] == (uint8_t)prefix[i] || id.data[i] == (uint8_t)(prefix[i] | 0x20);
    if (!fits)
        return bulla_fail(err, BULLA_E_MALFORMED, "id", "not that of a TDX module", 0);
    return bl_hex_decode_exact((struct bulla_bytes){ id.data + sizeof prefix - 1, 2 }, version_out,
                               1, err);
}

static enum bulla_status
parse_modules(struct bl_tcb_info *info, struct bulla_error *err)
{
    const struct bl_json *object = NULL, *array = bl_json_find(info->json, "tdxModuleIdentities");
    size_t count = 0;

    BL_TRY(bl_json_require(info->json, "tdxModule", &object, err));
    BL_TRY(parse_module(object, &info->module, err));
    if (array == NULL) /* it came later than version 3 of the format */
        return BULLA_OK;
    BL_TRY(bl_json_as_array(array, "tdxModuleIdentities", BL_TDX_MODULE_COUNT_MAX, &count, err));
    for (size_t i = 0; i < count; i++) {
        struct bl_tdx_module *module = &info->modules[i];
        object = bl_json_at(array, i);
        BL_TRY(parse_module_id(object, &module->version, err));
        if (bl_tdx_module_find(info, module->version) != NULL)
            return bulla_fail(err, BULLA_E_MALFORMED, "tdxModuleIdentities", "one is there twice",
                              i);
        BL_TRY(parse_module(object, module, err));
        BL_TRY(parse_svn_levels(object, &module->levels, err));
        info->module_count++;
    }
    return BULLA_OK;
}

/* -- the two documents --------------------------------------------------------------------------- */

static enum bulla_status
parse_dates(const struct bl_json *object, int64_t *issued_s, int64_t *next_update_s,
            uint32_t *evaluation_number, struct bulla_error *err)
{
    int64_t number = 0;

    BL_TRY(bl_member_time(object, "issueDate", issued_s, err));
    BL_TRY(bl_member_time(object, "nextUpdate", next_update_s, err));
    BL_TRY(bl_member_number(object, "tcbEvaluationDataNumber", 0, UINT32_MAX, &number, err));
    *evaluation_number = (uint32_t)number;
    return BULLA_OK;
}

/* Version 2 has no "id" and is for SGX. */
static enum bulla_status
parse_tee(const struct bl_json *object, int64_t version, bool *is_tdx_out, struct bulla_error *err)
{
    struct bulla_bytes id;

    *is_tdx_out = false;
    if (version == 2)
        return BULLA_OK;
    BL_TRY(bl_member_text(object, "id", 8, &id, err));
    *is_tdx_out = bl_equal(id, BL_LITERAL("TDX"));
    if (!*is_tdx_out && !bl_equal(id, BL_LITERAL("SGX")))
        return bulla_fail(err, BULLA_E_MALFORMED, "id", "neither SGX nor TDX", 0);
    return BULLA_OK;
}

static enum bulla_status
parse_info(struct bl_tcb_info *info, struct bulla_error *err)
{
    static const char *const known[] = { "id",
                                         "version",
                                         "issueDate",
                                         "nextUpdate",
                                         "fmspc",
                                         "pceId",
                                         "tcbType",
                                         "tdxModule",
                                         "tdxModuleIdentities",
                                         "tcbLevels",
                                         "tcbEvaluationDataNumber" };
    int64_t version = 0, type = 0;

    BL_TRY(bl_json_as_object(info->json, WHERE_INFO, err));
    BL_TRY(bl_member_number(info->json, "version", 0, INT32_MAX, &version, err));
    if (version != 2 && version != 3)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE_INFO, "version", (size_t)version);
    BL_TRY(parse_tee(info->json, version, &info->is_tdx, err));
    BL_TRY(parse_dates(info->json, &info->issued_s, &info->next_update_s, &info->evaluation_number,
                       err));
    BL_TRY(bl_member_hex(info->json, "fmspc", info->fmspc, sizeof info->fmspc, err));
    info->has_pce_id = version != 2 || bl_json_find(info->json, "pceId") != NULL;
    if (info->has_pce_id)
        BL_TRY(bl_member_hex(info->json, "pceId", info->pce_id, sizeof info->pce_id, err));
    BL_TRY(bl_member_number(info->json, "tcbType", 0, INT32_MAX, &type, err));
    if (type != 0)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE_INFO, "type of comparison", (size_t)type);
    if (info->is_tdx)
        BL_TRY(parse_modules(info, err));
    info->has_unknown_members = bl_members_unknown(info->json, known, BL_COUNT_OF(known));
    return parse_levels(version, info, err);
}

enum bulla_status
bl_tcb_info_parse(struct bulla_bytes object, struct bl_tcb_info **info_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_tcb_info) info = bl_alloc(1, sizeof *info);

    if (info == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE_INFO, "out of memory", 0);
    BL_TRY(bl_json_parse(object, WHERE_INFO, BL_COLLATERAL_SIZE_MAX, &info->json, err));
    BL_TRY(parse_info(info, err));
    *info_out = info;
    info = NULL;
    return BULLA_OK;
}

static enum bulla_status
parse_enclave(const struct bl_json *json, struct bl_qe_identity *identity, struct bulla_error *err)
{
    int64_t isv_prod_id = 0;

    BL_TRY(bl_member_hex(json, "miscselect", identity->misc_select, sizeof identity->misc_select,
                         err));
    BL_TRY(bl_member_hex(json, "miscselectMask", identity->misc_select_mask,
                         sizeof identity->misc_select_mask, err));
    BL_TRY(
        bl_member_hex(json, "attributes", identity->attributes, sizeof identity->attributes, err));
    BL_TRY(bl_member_hex(json, "attributesMask", identity->attributes_mask,
                         sizeof identity->attributes_mask, err));
    BL_TRY(bl_member_hex(json, "mrsigner", identity->mr_signer, sizeof identity->mr_signer, err));
    BL_TRY(bl_member_number(json, "isvprodid", 0, UINT16_MAX, &isv_prod_id, err));
    identity->isv_prod_id = (uint16_t)isv_prod_id;
    return BULLA_OK;
}

static enum bulla_status
parse_identity(struct bl_qe_identity *identity, struct bulla_error *err)
{
    static const char *const known[] = {
        "id",         "version",        "issueDate",  "nextUpdate",
        "miscselect", "miscselectMask", "attributes", "attributesMask",
        "mrsigner",   "isvprodid",      "tcbLevels",  "tcbEvaluationDataNumber"
    };
    struct bulla_bytes id;
    int64_t version = 0;

    BL_TRY(bl_json_as_object(identity->json, WHERE_IDENTITY, err));
    BL_TRY(bl_member_number(identity->json, "version", 0, INT32_MAX, &version, err));
    if (version != 2)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE_IDENTITY, "version", (size_t)version);
    BL_TRY(bl_member_text(identity->json, "id", 8, &id, err));
    identity->is_td = bl_equal(id, BL_LITERAL("TD_QE"));
    if (!identity->is_td && !bl_equal(id, BL_LITERAL("QE")))
        return bulla_fail(err, BULLA_E_MALFORMED, "id", "neither QE nor TD_QE", 0);
    BL_TRY(parse_dates(identity->json, &identity->issued_s, &identity->next_update_s,
                       &identity->evaluation_number, err));
    BL_TRY(parse_enclave(identity->json, identity, err));
    identity->has_unknown_members = bl_members_unknown(identity->json, known, BL_COUNT_OF(known));
    return parse_svn_levels(identity->json, &identity->levels, err);
}

enum bulla_status
bl_qe_identity_parse(struct bulla_bytes object, struct bl_qe_identity **identity_out,
                     struct bulla_error *err)
{
    BL_AUTO_FREE(bl_qe_identity) identity = bl_alloc(1, sizeof *identity);

    if (identity == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE_IDENTITY, "out of memory", 0);
    BL_TRY(bl_json_parse(object, WHERE_IDENTITY, BL_COLLATERAL_SIZE_MAX, &identity->json, err));
    BL_TRY(parse_identity(identity, err));
    *identity_out = identity;
    identity = NULL;
    return BULLA_OK;
}
