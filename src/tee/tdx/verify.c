/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tdx/verify.h"

#include "base/memory.h"
#include "tee/dcap/verify.h"
#include "tee/tdx/body.h"

static enum bulla_status
decode(struct bulla_bytes bytes, struct bl_dcap_quote *quote, struct bl_td_body *body,
       struct bulla_error *err)
{
    BL_TRY(bl_dcap_quote_decode(bytes, quote, err));
    if (quote->body_type == BL_DCAP_BODY_SGX)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "TDX quote", "it is of an enclave", 0);
    return bl_td_body_decode(quote->body, quote->body_type == BL_DCAP_BODY_TD15, body, err);
}

static enum bulla_status
claim_registers(const struct bl_td_body *body, struct bl_pcr_bank *bank, struct bulla_error *err)
{
    bank->hash = BL_SHA384;
    for (unsigned i = 0; i < BL_TD_RTMR_COUNT; i++)
        BL_TRY(bl_pcr_set(bank, i, body->rtmr[i], err));
    return BULLA_OK;
}

/* How old the module is, whatever Intel says of it: TEE_TCB_SVN has the SVN at 0, the line at 1. */
static void
claim_module(const struct bl_td_body *body, struct bl_claims *claims)
{
    claims->module_svn = (struct bl_claim_number){ true, body->tee_tcb_svn.data[0] };
    claims->module_version = (struct bl_claim_number){ true, body->tee_tcb_svn.data[1] };
    if (!bl_all_zero(body->mr_service_td))
        claims->service_td = bl_dcap_claim(body->mr_service_td);
}

enum bulla_status
bl_tdx_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
              struct bulla_error *err)
{
    struct bl_claims claims = { .kind = "tdx" };
    struct bl_dcap_quote quote;
    struct bl_td_body body;

    BL_TRY(decode(verification->evidence, &quote, &body, err));
    const struct bl_dcap_td td = { .tee_tcb_svn = body.tee_tcb_svn,
                                   .mr_signer_seam = body.mr_signer_seam,
                                   .seam_attributes = body.seam_attributes,
                                   .tee_tcb_svn_2 = body.tee_tcb_svn_2 };
    enum bulla_status status =
        bl_dcap_verify(verification, &quote, &td, body.report_data, &claims, err);
    if (status != BULLA_OK) {
        if (claims.tcb.is_rated)
            *claims_out = claims;
        return status;
    }
    claims.code = bl_dcap_claim(body.mr_td);
    claims.config = bl_dcap_claim(body.mr_config_id);
    claims.isolation = BL_ISOLATION_HARDWARE;
    claims.attributes = bl_dcap_claim_flags(body.td_attributes);
    BL_TRY(claim_registers(&body, &claims.registers, err));
    claims.debug = (struct bl_claim_flag){ true, body.is_debug };
    claims.migratable = (struct bl_claim_flag){ true, body.is_migratable };
    claim_module(&body, &claims);
    *claims_out = claims;
    return BULLA_OK;
}

static void
write_body(const struct bl_td_body *body, struct bl_json_writer *out)
{
    static const char *const rtmrs[BL_TD_RTMR_COUNT] = { "rtmr0", "rtmr1", "rtmr2", "rtmr3" };

    bl_json_write_hex(out, "tee_tcb_svn", body->tee_tcb_svn);
    bl_json_write_hex(out, "mrseam", body->mr_seam);
    bl_json_write_hex(out, "mrsignerseam", body->mr_signer_seam);
    bl_json_write_hex(out, "seam_attributes", body->seam_attributes);
    bl_json_write_hex(out, "td_attributes", body->td_attributes);
    bl_json_write_hex(out, "xfam", body->xfam);
    bl_json_write_hex(out, "mrtd", body->mr_td);
    bl_json_write_hex(out, "mrconfigid", body->mr_config_id);
    bl_json_write_hex(out, "mrowner", body->mr_owner);
    bl_json_write_hex(out, "mrownerconfig", body->mr_owner_config);
    for (size_t i = 0; i < BL_TD_RTMR_COUNT; i++)
        bl_json_write_hex(out, rtmrs[i], body->rtmr[i]);
    bl_json_write_hex(out, "report_data", body->report_data);
    if (body->tee_tcb_svn_2.size > 0) {
        bl_json_write_hex(out, "tee_tcb_svn_2", body->tee_tcb_svn_2);
        bl_json_write_hex(out, "mrservicetd", body->mr_service_td);
    }
    bl_json_write_bool(out, "debug", body->is_debug);
}

enum bulla_status
bl_tdx_body_describe(struct bulla_bytes quote_bytes, struct bl_json_writer *out,
                     struct bulla_error *err)
{
    struct bl_dcap_quote quote;
    struct bl_td_body body;

    BL_TRY(decode(quote_bytes, &quote, &body, err));
    write_body(&body, out);
    return BULLA_OK;
}

enum bulla_status
bl_tdx_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                struct bulla_error *err)
{
    struct bl_dcap_quote quote;
    struct bl_td_body body;

    BL_TRY(decode(verification->evidence, &quote, &body, err));
    write_body(&body, out);
    return bl_dcap_describe(verification, &quote, out, err);
}
