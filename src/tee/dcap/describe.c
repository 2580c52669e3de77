/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/describe.c: what a quote says besides its body, under the names of docs/formats/claims.md.
 */
#include "base/memory.h"
#include "tee/dcap/pck.h"
#include "tee/dcap/tcb.h"
#include "tee/dcap/verify.h"

static const char *
body_word(enum bl_dcap_body type)
{
    switch (type) {
    case BL_DCAP_BODY_SGX:
        return "sgx";
    case BL_DCAP_BODY_TD10:
        return "td10";
    case BL_DCAP_BODY_TD15:
        return "td15";
    }
    return "";
}

static void
write_pck(struct bl_json_writer *j, const struct bl_pck_extension *pck)
{
    bl_json_open_object(j, "pck");
    bl_json_write_hex(j, "fmspc", BL_BYTES_OF(pck->fmspc));
    bl_json_write_hex(j, "pceid", BL_BYTES_OF(pck->pce_id));
    bl_json_write_number(j, "pcesvn", pck->pce_svn);
    bl_json_write_hex(j, "cpusvn", BL_BYTES_OF(pck->cpu_svn));
    bl_json_open_array(j, "comp");
    for (size_t i = 0; i < BL_DCAP_SVN_COUNT; i++)
        bl_json_write_number(j, NULL, pck->component_svns[i]);
    bl_json_close(j);
    bl_json_write_number(j, "sgxtype", pck->sgx_type);
    if (pck->has_instance_id)
        bl_json_write_hex(j, "platform_instance_id", BL_BYTES_OF(pck->instance_id));
    else
        bl_json_write_null(j, "platform_instance_id");
    bl_json_close(j);
}

static void
write_qe(struct bl_json_writer *j, const struct bl_enclave_report *qe)
{
    bl_json_open_object(j, "qe");
    bl_json_write_hex(j, "mrsigner", qe->mr_signer);
    bl_json_write_number(j, "isvprodid", qe->isv_prod_id);
    bl_json_write_number(j, "isvsvn", qe->isv_svn);
    bl_json_write_hex(j, "attributes", qe->attributes);
    bl_json_write_hex(j, "misc_select", qe->misc_select);
    bl_json_close(j);
}

/* So that whoever keeps the highest number seen can: collateral of a lower one is older. */
static enum bulla_status
write_evaluation_number(const struct bl_verification *v, struct bl_json_writer *j,
                        struct bulla_error *err)
{
    BL_AUTO_FREE(bl_tcb_info) info = NULL;
    struct bulla_bytes body = bl_part_find(v, "tcb_info");
    struct bl_signed_json found;

    if (body.size == 0)
        return BULLA_OK;
    BL_TRY(bl_signed_json_find(body, "tcbInfo", &found, err));
    BL_TRY(bl_tcb_info_parse(found.object, &info, err));
    bl_json_write_number(j, "tcb_evaluation_number", info->evaluation_number);
    return BULLA_OK;
}

static enum bulla_status
describe_parts(const struct bl_verification *v, const struct bl_dcap_quote *quote,
               struct bl_pck *pck, struct bl_json_writer *j, struct bulla_error *err)
{
    struct bl_enclave_report qe;

    BL_TRY(bl_pck_read(v, quote, pck, err));
    BL_TRY(bl_pck_read_extension(pck, err));
    BL_TRY(bl_enclave_report_decode(quote->qe_report, &qe, err));
    write_pck(j, &pck->extension);
    write_qe(j, &qe);
    return write_evaluation_number(v, j, err);
}

enum bulla_status
bl_dcap_describe(const struct bl_verification *v, const struct bl_dcap_quote *quote,
                 struct bl_json_writer *out, struct bulla_error *err)
{
    struct bl_pck pck = { 0 };

    bl_json_write_number(out, "version", quote->version);
    bl_json_write_number(out, "tee_type", quote->tee_type);
    bl_json_write_word(out, "body_type", body_word(quote->body_type));
    bl_json_write_u64(out, "quote_len", quote->size);
    bl_json_write_u64(out, "trailing_bytes", quote->padding.size);
    bl_json_write_number(out, "cert_data_type", quote->certification_type);
    enum bulla_status status = describe_parts(v, quote, &pck, out, err);
    bl_pck_done(&pck);
    return status;
}
