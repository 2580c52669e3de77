/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/tcbjson.h"

#include "base/memory.h"
#include "tee/dcap/collateral.h"

#define INPUT_SIZE_MAX 256 /* bytes: 16 numbers with room to spare */

/* One of the two. */
struct document {
    struct bl_tcb_info *info;
    struct bl_qe_identity *identity;
};

static void
document_done(struct document *document)
{
    bl_tcb_info_free(document->info);
    bl_qe_identity_free(document->identity);
}

/* What is no identity is read as TCB info, and refused as such if it is neither. */
static enum bulla_status
parse(struct bulla_bytes text, struct document *document, struct bulla_error *err)
{
    struct bl_signed_json found;
    enum bulla_status status = bl_signed_json_find(text, "enclaveIdentity", &found, NULL);

    if (status == BULLA_OK)
        return bl_qe_identity_parse(found.object, &document->identity, err);
    if (!bulla_status_is_finding(status))
        return bulla_fail(err, status, "signed collateral", "out of memory", 0);
    BL_TRY(bl_signed_json_find(text, "tcbInfo", &found, err));
    return bl_tcb_info_parse(found.object, &document->info, err);
}

static enum bulla_status
read_svns(const struct bl_verification *v, const char *name, uint8_t svns[BL_DCAP_SVN_COUNT],
          struct bulla_error *err)
{
    BL_AUTO_FREE(bl_json) array = NULL;
    size_t count = 0;
    int64_t svn = 0;

    enum bulla_status status =
        bl_json_parse(bl_input_find(v, name), name, INPUT_SIZE_MAX, &array, NULL);
    if (status == BULLA_E_MEMORY)
        return bulla_fail(err, status, name, "out of memory", 0);
    if (status != BULLA_OK ||
        bl_json_as_array(array, name, BL_DCAP_SVN_COUNT, &count, NULL) != BULLA_OK ||
        count != BL_DCAP_SVN_COUNT)
        return bulla_fail(err, BULLA_E_USAGE, name, "not an array of 16 numbers", 0);
    for (size_t i = 0; i < count; i++) {
        if (bl_json_as_number(bl_json_at(array, i), name, 0, UINT8_MAX, &svn, NULL) != BULLA_OK)
            return bulla_fail(err, BULLA_E_USAGE, name, "not an array of 16 numbers", i);
        svns[i] = (uint8_t)svn;
    }
    return BULLA_OK;
}

static enum bulla_status
rate_platform(const struct bl_verification *v, const struct bl_tcb_info *info,
              struct bl_tcb_claims *tcb, struct bulla_error *err)
{
    const struct bl_tcb_level *level = NULL;
    struct bl_platform_svns svns = { 0 };
    uint64_t pce_svn = 0, start = 0;
    bool is_given = false, has_start = false;

    if (bl_input_find(v, "sgx_comp_svn").size == 0)
        return BULLA_OK;
    BL_TRY(read_svns(v, "sgx_comp_svn", svns.sgx, err));
    BL_TRY(bl_dcap_input_number(v, "pcesvn", UINT16_MAX, &is_given, &pce_svn, err));
    if (!is_given)
        return bulla_fail(err, BULLA_E_USAGE, "pcesvn", "goes with sgx_comp_svn", 0);
    svns.pce_svn = (uint16_t)pce_svn;
    svns.is_tdx = info->is_tdx;
    if (info->is_tdx) {
        BL_TRY(read_svns(v, "tdx_comp_svn", svns.tdx, err));
        BL_TRY(
            bl_dcap_input_number(v, "tdx_start_index", BL_DCAP_SVN_COUNT, &has_start, &start, err));
        svns.tdx_start = has_start ? (size_t)start : bl_tdx_start(svns.tdx);
    }
    BL_TRY(bl_tcb_level_find(info, &svns, &level, NULL, err));
    tcb->status = tcb->platform = level->status;
    tcb->date_s = (struct bl_claim_number){ true, (uint64_t)level->date_s };
    return bl_tcb_advise_all(tcb, level->advisories, err);
}

static enum bulla_status
rate_quoter(const struct bl_verification *v, const struct bl_qe_identity *identity,
            struct bl_tcb_claims *tcb, struct bulla_error *err)
{
    const struct bl_svn_level *level = NULL;
    uint64_t isv_svn = 0;
    bool is_given = false;

    BL_TRY(bl_dcap_input_number(v, "isvsvn", UINT16_MAX, &is_given, &isv_svn, err));
    if (!is_given)
        return BULLA_OK;
    BL_TRY(bl_svn_level_find(&identity->levels, (uint16_t)isv_svn, "quoting enclave", &level, err));
    tcb->status = tcb->quoter = level->status;
    return bl_tcb_advise_all(tcb, level->advisories, err);
}

enum bulla_status
bl_tcbjson_inspect(const struct bl_verification *verification, struct bl_claims *claims_out,
                   struct bulla_error *err)
{
    struct bl_claims claims = { .tcb.is_rated = true };
    struct document document = { 0 };
    enum bulla_status status = parse(verification->evidence, &document, err);

    if (status == BULLA_OK)
        status = document.info != NULL
                     ? rate_platform(verification, document.info, &claims.tcb, err)
                     : rate_quoter(verification, document.identity, &claims.tcb, err);
    document_done(&document);
    if (status == BULLA_OK)
        *claims_out = claims;
    return status;
}

static void
describe_info(const struct bl_tcb_info *info, struct bl_json_writer *j)
{
    bl_json_write_word(j, "id", info->is_tdx ? "TDX" : "SGX");
    bl_json_write_hex(j, "fmspc", BL_BYTES_OF(info->fmspc));
    bl_json_write_number(j, "tcb_evaluation_number", info->evaluation_number);
    bl_json_open_array(j, "levels");
    for (size_t i = 0; i < info->level_count; i++) {
        bl_json_open_object(j, NULL);
        bl_json_write_number(j, "pcesvn", info->levels[i].pce_svn);
        bl_json_write_word(j, "status", bl_tcb_status_word(info->levels[i].status));
        bl_json_close(j);
    }
    bl_json_close(j);
}

static void
describe_identity(const struct bl_qe_identity *identity, struct bl_json_writer *j)
{
    bl_json_write_word(j, "id", identity->is_td ? "TD_QE" : "QE");
    bl_json_write_hex(j, "mrsigner", BL_BYTES_OF(identity->mr_signer));
    bl_json_write_number(j, "isvprodid", identity->isv_prod_id);
    bl_json_write_number(j, "tcb_evaluation_number", identity->evaluation_number);
}

enum bulla_status
bl_tcbjson_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                    struct bulla_error *err)
{
    struct document document = { 0 };
    enum bulla_status status = parse(verification->evidence, &document, err);

    if (status == BULLA_OK && document.info != NULL)
        describe_info(document.info, out);
    else if (status == BULLA_OK)
        describe_identity(document.identity, out);
    document_done(&document);
    return status;
}
