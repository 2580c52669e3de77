/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/sgx/verify.h"

#include <stdio.h>

#include "tee/dcap/verify.h"

static enum bulla_status
decode(struct bulla_bytes bytes, struct bl_dcap_quote *quote, struct bl_enclave_report *report,
       struct bulla_error *err)
{
    BL_TRY(bl_dcap_quote_decode(bytes, quote, err));
    if (quote->body_type != BL_DCAP_BODY_SGX)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "SGX quote", "it is of a TD", 0);
    return bl_enclave_report_decode(quote->body, report, err);
}

enum bulla_status
bl_sgx_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
              struct bulla_error *err)
{
    struct bl_claims claims = { .kind = "sgx" };
    struct bl_dcap_quote quote;
    struct bl_enclave_report report;

    BL_TRY(decode(verification->evidence, &quote, &report, err));
    enum bulla_status status =
        bl_dcap_verify(verification, &quote, /* td= */ NULL, report.report_data, &claims, err);
    if (status != BULLA_OK) {
        if (claims.tcb.is_rated)
            *claims_out = claims;
        return status;
    }
    claims.code = bl_dcap_claim(report.mr_enclave);
    claims.signer = bl_dcap_claim(report.mr_signer);
    (void)snprintf(claims.product, sizeof claims.product, "%u", (unsigned)report.isv_prod_id);
    claims.version = (struct bl_claim_number){ true, report.isv_svn };
    claims.config = bl_dcap_claim(report.config_id);
    claims.isolation = BL_ISOLATION_HARDWARE;
    claims.attributes = bl_dcap_claim_flags(report.attributes);
    claims.debug = (struct bl_claim_flag){ true, report.is_debug };
    *claims_out = claims;
    return BULLA_OK;
}

enum bulla_status
bl_sgx_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                struct bulla_error *err)
{
    struct bl_dcap_quote quote;
    struct bl_enclave_report report;

    BL_TRY(decode(verification->evidence, &quote, &report, err));
    bl_json_write_hex(out, "cpu_svn", report.cpu_svn);
    bl_json_write_hex(out, "misc_select", report.misc_select);
    bl_json_write_hex(out, "isv_ext_prod_id", report.isv_ext_prod_id);
    bl_json_write_hex(out, "attributes", report.attributes);
    bl_json_write_hex(out, "mrenclave", report.mr_enclave);
    bl_json_write_hex(out, "mrsigner", report.mr_signer);
    bl_json_write_hex(out, "config_id", report.config_id);
    bl_json_write_number(out, "isvprodid", report.isv_prod_id);
    bl_json_write_number(out, "isvsvn", report.isv_svn);
    bl_json_write_number(out, "config_svn", report.config_svn);
    bl_json_write_hex(out, "isv_family_id", report.isv_family_id);
    bl_json_write_hex(out, "report_data", report.report_data);
    bl_json_write_bool(out, "debug", report.is_debug);
    return bl_dcap_describe(verification, &quote, out, err);
}
