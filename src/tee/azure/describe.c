/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/azure/describe.c: the layers of Azure's evidence, each in its own words; docs/formats/claims.md
 * has the names.
 */
#include <string.h>

#include "base/memory.h"
#include "tee/azure/verify.h"
#include "tee/dcap/pck.h"
#include "tee/snp/structures.h"
#include "tee/snp/verify.h"
#include "tee/tdx/verify.h"
#include "tee/tpm/pieces.h"
#include "tee/tpm/scheme.h"

#define TEXT_SIZE_MAX 4096u /* bytes of a text in the runtime data */
#define NAME_SIZE 64        /* bytes of the name of a setting, and a zero */

static enum bulla_status
write_envelope(struct bl_json_writer *j, const struct bl_azure_report *report,
               struct bulla_error *err)
{
    struct bulla_bytes hardware_data = bl_azure_td_report_data(report);
    struct bl_snp_report snp;
    uint8_t digest[32];

    if (!report->has_header)
        return BULLA_OK;
    if (report->type == BL_AZURE_SNP) {
        BL_TRY(bl_snp_report_decode(report->hardware, &snp, err));
        hardware_data = snp.report_data;
    }
    BL_TRY(bl_hash_once(BL_SHA256, report->runtime_data, digest, err));
    bl_json_write_u64(j, "hcl_version", report->version);
    bl_json_write_u64(j, "report_type", report->type);
    bl_json_write_u64(j, "hash_type", report->hash_type);
    bl_json_write_hex(j, "var_data_sha256", BL_BYTES_OF(digest));
    bl_json_write_hex(j, "hw_report_data", hardware_data);
    return BULLA_OK;
}

/* -- runtime data ------------------------------------------------------------------------------ */

static enum bulla_status
write_keys(struct bl_json_writer *j, const struct bl_json *runtime, struct bulla_error *err)
{
    const struct bl_json *keys = NULL, *id = NULL;
    struct bulla_bytes text = { NULL, 0 };
    size_t count = 0;

    BL_TRY(bl_azure_runtime_keys(runtime, &keys, &count, err));
    bl_json_open_array(j, "runtime_keys");
    for (size_t i = 0; i < count; i++) {
        BL_TRY(bl_json_require(bl_json_at(keys, i), "kid", &id, err));
        BL_TRY(bl_json_as_text(id, "kid", TEXT_SIZE_MAX, &text, err));
        bl_json_write_text(j, NULL, text);
    }
    bl_json_close(j);
    return BULLA_OK;
}

static enum bulla_status
write_user_data(struct bl_json_writer *j, const struct bl_json *runtime, struct bulla_error *err)
{
    const struct bl_json *value = bl_json_find(runtime, "user-data");
    struct bulla_bytes text = { NULL, 0 };

    if (value == NULL || bl_json_is_null(value))
        return BULLA_OK;
    BL_TRY(bl_json_as_text(value, "user-data", TEXT_SIZE_MAX, &text, err));
    bl_json_write_text(j, "user_data", text);
    return BULLA_OK;
}

/* Flags, texts and numbers; what is deeper, or has a longer name, is left out. */
static void
write_setting(struct bl_json_writer *j, struct bulla_bytes member, const struct bl_json *value)
{
    char name[NAME_SIZE] = { 0 };
    struct bulla_bytes text = { NULL, 0 };
    int64_t number = 0;
    bool flag = false;

    if (member.size >= sizeof name)
        return;
    memcpy(name, member.data, member.size);
    if (bl_json_as_bool(value, "setting", &flag, NULL) == BULLA_OK)
        bl_json_write_bool(j, name, flag);
    else if (bl_json_as_text(value, "setting", TEXT_SIZE_MAX, &text, NULL) == BULLA_OK)
        bl_json_write_text(j, name, text);
    else if (bl_json_as_number(value, "setting", INT64_MIN, INT64_MAX, &number, NULL) == BULLA_OK)
        bl_json_write_number(j, name, number);
}

static enum bulla_status
write_configuration(struct bl_json_writer *j, const struct bl_json *runtime,
                    struct bulla_error *err)
{
    const struct bl_json *settings = bl_json_find(runtime, "vm-configuration"), *value = NULL;
    struct bulla_bytes name = { NULL, 0 };
    void *cursor = NULL;

    if (settings == NULL || bl_json_is_null(settings))
        return BULLA_OK;
    BL_TRY(bl_json_as_object(settings, "vm-configuration", err));
    bl_json_open_object(j, "vm_configuration");
    while (bl_json_next(settings, &cursor, &name, &value))
        write_setting(j, name, value);
    bl_json_close(j);
    return BULLA_OK;
}

static enum bulla_status
write_runtime(struct bl_json_writer *j, struct bulla_bytes text, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_json) runtime = NULL;

    BL_TRY(bl_azure_runtime_parse(text, &runtime, err));
    BL_TRY(write_keys(j, runtime, err));
    BL_TRY(write_user_data(j, runtime, err));
    return write_configuration(j, runtime, err);
}

/* -- the layers -------------------------------------------------------------------------------- */

static enum bulla_status
write_fmspc(struct bl_json_writer *j, const struct bl_verification *hardware,
            struct bulla_error *err)
{
    BL_AUTO(bl_pck) pck = { 0 };
    struct bl_dcap_quote quote;

    BL_TRY(bl_dcap_quote_decode(hardware->evidence, &quote, err));
    BL_TRY(bl_pck_read(hardware, &quote, &pck, err));
    BL_TRY(bl_pck_read_extension(&pck, err));
    bl_json_write_hex(j, "pck_fmspc", BL_BYTES_OF(pck.extension.fmspc));
    return BULLA_OK;
}

static enum bulla_status
write_hardware(struct bl_json_writer *j, const struct bl_verification *v,
               const struct bl_azure_report *report, struct bulla_error *err)
{
    const bool is_td = report->type == BL_AZURE_TDX;
    const struct bl_verification hardware =
        bl_azure_hardware(v, report, (struct bulla_bytes){ NULL, 0 });

    bl_json_open_object(j, is_td ? "tdx" : "snp");
    BL_TRY(is_td ? bl_tdx_body_describe(hardware.evidence, j, err)
                 : bl_snp_describe(&hardware, j, err));
    bl_json_close(j);
    return is_td ? write_fmspc(j, &hardware, err) : BULLA_OK;
}

/* What users look for first: the firmware. Only what the quote covers. */
static enum bulla_status
write_pcr0(struct bl_json_writer *j, const struct bl_verification *quote, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_pieces) pieces = { 0 };
    struct bl_tpm_attest attest;

    BL_TRY(bl_tpm_pieces_read(quote, &pieces, err));
    BL_TRY(bl_tpm_attest_decode(quote->evidence, &attest, err));
    if (attest.selection_count == 1 && (attest.selections[0].mask & 1u) != 0 &&
        bl_pcr_value(&pieces.pcrs, 0).size > 0)
        bl_json_write_hex(j, "pcr0", bl_pcr_value(&pieces.pcrs, 0));
    return BULLA_OK;
}

static enum bulla_status
write_vtpm(struct bl_json_writer *j, const struct bl_verification *v, struct bulla_error *err)
{
    struct bl_azure_quote quote;

    bl_azure_quote(v, &quote);
    bl_json_open_object(j, "tpm");
    BL_TRY(bl_tpm_attest_describe(quote.verification.evidence, j, err));
    bl_json_close(j);
    return write_pcr0(j, &quote.verification, err);
}

enum bulla_status
bl_azure_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                  struct bulla_error *err)
{
    struct bl_azure_report report;

    BL_TRY(bl_azure_evidence(verification, &report, err));
    BL_TRY(write_envelope(out, &report, err));
    BL_TRY(write_runtime(out, report.runtime_data, err));
    BL_TRY(write_hardware(out, verification, &report, err));
    return write_vtpm(out, verification, err);
}
