/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/wants.h"

#include <string.h>

#include "base/memory.h"
#include "tee/azure/verify.h"
#include "tee/dcap/pck.h"
#include "tee/tpm/pieces.h"

#define WHERE "evidence"

struct bl_wants *
bl_wants_new(void)
{
    return bl_alloc(1, sizeof(struct bl_wants));
}

void
bl_wants_free(struct bl_wants *wants)
{
    bl_free(wants);
}

enum bulla_status
bl_wants_add(struct bl_wants *wants, const struct bl_collateral_name *name, struct bulla_error *err)
{
    for (size_t i = 0; i < wants->count; i++)
        if (strcmp(wants->items[i].text, name->text) == 0)
            return BULLA_OK;
    if (wants->count == BL_WANT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "it needs too much", wants->count);
    wants->items[wants->count++] = *name;
    return BULLA_OK;
}

static enum bulla_status
add(struct bl_wants *wants, struct bl_collateral_name name, struct bulla_error *err)
{
    BL_TRY(bl_collateral_name_finish(&name, err));
    return bl_wants_add(wants, &name, err);
}

/* -- Intel --------------------------------------------------------------------------------------- */

static enum bulla_status
add_tcb(struct bl_wants *wants, bool is_tdx, const uint8_t fmspc[BL_FMSPC_SIZE],
        struct bulla_error *err)
{
    struct bl_collateral_name name = { .kind = BL_COLLATERAL_TCB_INFO, .is_tdx = is_tdx };

    memcpy(name.fmspc, fmspc, sizeof name.fmspc);
    BL_TRY(add(wants, name, err));
    BL_TRY(add(wants,
               (struct bl_collateral_name){ .kind = BL_COLLATERAL_QE_IDENTITY, .is_tdx = is_tdx },
               err));
    return add(wants, (struct bl_collateral_name){ .kind = BL_COLLATERAL_ROOT_CRL }, err);
}

static enum bulla_status
add_pck_crl(struct bl_wants *wants, bool is_platform, struct bulla_error *err)
{
    return add(
        wants,
        (struct bl_collateral_name){ .kind = BL_COLLATERAL_PCK_CRL, .is_platform = is_platform },
        err);
}

enum bulla_status
bl_wants_add_fmspc(struct bl_wants *wants, bool is_tdx, const uint8_t fmspc[BL_FMSPC_SIZE],
                   struct bulla_error *err)
{
    BL_TRY(add_pck_crl(wants, /* is_platform= */ true, err));
    if (!is_tdx)
        BL_TRY(add_pck_crl(wants, /* is_platform= */ false, err));
    return add_tcb(wants, is_tdx, fmspc, err);
}

static enum bulla_status
add_of_pck(struct bl_wants *wants, struct bl_pck *pck, bool is_tdx, struct bulla_error *err)
{
    bool is_platform = false;

    BL_TRY(bl_pck_check_authority_name(pck->chain.items[BL_PCK_AUTHORITY], err));
    BL_TRY(bl_pck_is_named(pck->chain.items[BL_PCK_AUTHORITY], "Intel SGX PCK Platform CA",
                           &is_platform, err));
    BL_TRY(bl_pck_read_extension(pck, err));
    BL_TRY(add_pck_crl(wants, is_platform, err));
    return add_tcb(wants, is_tdx, pck->extension.fmspc, err);
}

static enum bulla_status
add_of_quote(struct bl_wants *wants, const struct bl_verification *v, struct bulla_error *err)
{
    struct bl_dcap_quote quote;
    struct bl_pck pck = { 0 };

    BL_TRY(bl_dcap_quote_decode(v->evidence, &quote, err));
    enum bulla_status status = bl_pck_read(v, &quote, &pck, err);
    if (status == BULLA_OK)
        status = add_of_pck(wants, &pck, quote.body_type != BL_DCAP_BODY_SGX, err);
    bl_pck_done(&pck);
    return status;
}

/* -- AMD ----------------------------------------------------------------------------------------- */

static enum bulla_status
add_issuers_of(struct bl_wants *wants, enum bl_snp_generation generation, bool is_vlek,
               struct bulla_error *err)
{
    struct bl_collateral_name name = { .kind = BL_COLLATERAL_AMD_CHAIN,
                                       .generation = generation,
                                       .is_vlek = is_vlek };

    BL_TRY(add(wants, name, err));
    name.kind = BL_COLLATERAL_AMD_CRL;
    return add(wants, name, err);
}

enum bulla_status
bl_wants_add_generation(struct bl_wants *wants, enum bl_snp_generation generation,
                        struct bulla_error *err)
{
    BL_TRY(add_issuers_of(wants, generation, /* is_vlek= */ false, err));
    return add_issuers_of(wants, generation, /* is_vlek= */ true, err);
}

/* What a processor is of, by family and model; reports say it from version 3 on. */
static enum bl_snp_generation
generation_of_cpu(const struct bl_snp_report *report)
{
    static const enum bl_snp_generation all[] = { BL_SNP_MILAN, BL_SNP_GENOA, BL_SNP_TURIN };

    for (size_t i = 0; report->version >= 3 && i < BL_COUNT_OF(all); i++)
        if (bl_snp_is_cpu_of(all[i], report))
            return all[i];
    return BL_SNP_GENERATION_NONE;
}

static enum bulla_status
find_generation(const struct bl_verification *v, const struct bl_snp_report *report,
                const struct bl_snp_table *table, bool is_vlek,
                enum bl_snp_generation *generation_out, struct bulla_error *err)
{
    enum bl_snp_generation generation = generation_of_cpu(report);

    if (generation == BL_SNP_GENERATION_NONE)
        BL_TRY(bl_snp_leaf_generation(v, table, is_vlek, &generation, err));
    if (generation != BL_SNP_GENERATION_NONE)
        *generation_out = generation;
    if (*generation_out == BL_SNP_GENERATION_NONE)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "SNP report",
                                "it does not say of which product its processor is");
    return BULLA_OK;
}

static enum bulla_status
add_vcek(struct bl_wants *wants, const struct bl_snp_report *report,
         enum bl_snp_generation generation, struct bulla_error *err)
{
    struct bl_collateral_name name = { .kind = BL_COLLATERAL_VCEK, .generation = generation };

    if (bl_all_zero(report->chip_id))
        return bulla_fail_cause(err, BULLA_CAUSE_CHIP_ID_MISMATCH, "SNP report",
                                "it hides of which chip it is");
    memcpy(name.chip_id, report->chip_id.data, bl_snp_chip_id_size(generation));
    memcpy(name.tcb, report->reported_tcb.data, sizeof name.tcb);
    return add(wants, name, err);
}

static enum bulla_status
add_of_report(struct bl_wants *wants, const struct bl_verification *v,
              enum bl_snp_generation generation, struct bulla_error *err)
{
    struct bulla_bytes bytes = { NULL, 0 };
    struct bl_snp_report report;
    struct bl_snp_table table;

    BL_TRY(bl_snp_evidence_split(v->evidence, &bytes, &table, err));
    BL_TRY(bl_snp_report_decode(bytes, &report, err));
    const bool is_vlek = bl_snp_signing_key(&report) == BL_SNP_VLEK;
    BL_TRY(find_generation(v, &report, &table, is_vlek, &generation, err));
    BL_TRY(add_issuers_of(wants, generation, is_vlek, err));
    if (is_vlek || table.vcek.size > 0 || bl_part_at(v, "vcek", 0).size > 0)
        return BULLA_OK; /* nobody but its owner has a VLEK; a VCEK that came along will do */
    return add_vcek(wants, &report, generation, err);
}

/* -- what combines them -------------------------------------------------------------------------- */

static enum bulla_status
add_of_azure(struct bl_wants *wants, const struct bl_verification *v,
             enum bl_snp_generation generation, struct bulla_error *err)
{
    struct bl_azure_report report;

    BL_TRY(bl_azure_evidence(v, &report, err));
    const struct bl_verification hardware =
        bl_azure_hardware(v, &report, (struct bulla_bytes){ NULL, 0 });
    if (hardware.evidence.size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, WHERE, "no quote of the TD");
    return report.type == BL_AZURE_TDX ? add_of_quote(wants, &hardware, err)
                                       : add_of_report(wants, &hardware, generation, err);
}

/* -- TPM ----------------------------------------------------------------------------------------- */

static enum bulla_status
add_url(struct bl_wants *wants, enum bl_collateral_kind kind, const struct bulla_buffer *url,
        struct bulla_error *err)
{
    struct bl_collateral_name name;

    BL_TRY(bl_collateral_name_of_url(kind, bulla_buffer_bytes(url), &name, err));
    return bl_wants_add(wants, &name, err);
}

static size_t
count_issuers(const struct bl_wants *wants)
{
    size_t count = 0;

    for (size_t i = 0; i < wants->count; i++)
        count += wants->items[i].kind == BL_COLLATERAL_ISSUER;
    return count;
}

static bool
is_absent(enum bulla_status status)
{
    return status == BULLA_E_NOT_FOUND;
}

enum bulla_status
bl_wants_add_issuers(struct bl_wants *wants, const struct bl_certificate *certificate,
                     struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) issuer = { 0 };
    BL_AUTO(bulla_buffer) list = { 0 };
    struct bulla_error found = { 0 };

    if (count_issuers(wants) >= BL_WANT_ISSUER_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "too many issuers", BL_WANT_ISSUER_COUNT_MAX);
    enum bulla_status status = bl_certificate_issuer_url(certificate, &issuer, &found);
    if (status == BULLA_OK && !bl_certificate_is_self_issued(certificate))
        BL_TRY(add_url(wants, BL_COLLATERAL_ISSUER, &issuer, err));
    if (status == BULLA_OK || is_absent(status)) {
        bulla_error_clear(&found);
        status = bl_certificate_crl_url(certificate, &list, &found);
    }
    if (status == BULLA_OK)
        return add_url(wants, BL_COLLATERAL_ISSUER_CRL, &list, err);
    if (is_absent(status))
        return BULLA_OK;
    if (err != NULL)
        *err = found;
    return status;
}

static enum bulla_status
add_of_tpm(struct bl_wants *wants, const struct bl_verification *v, struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) list = { 0 };
    struct bulla_bytes leaf = bl_tpm_form_of(v->evidence) == BL_TPM_FORM_CERTIFICATE
                                  ? v->evidence
                                  : bl_part_find(v, "ak_cert");

    if (leaf.size == 0)
        return BULLA_OK;
    BL_TRY(bl_certificate_list_read(leaf, &list, err));
    for (size_t i = 0; i < list.count; i++)
        BL_TRY(bl_wants_add_issuers(wants, list.items[i], err));
    return BULLA_OK;
}

/* ------------------------------------------------------------------------------------------------ */

const char *
bl_evidence_kind(struct bulla_bytes evidence)
{
    struct bulla_bytes report = { NULL, 0 };
    struct bl_dcap_quote quote;
    struct bl_snp_table table;
    struct bl_reader r = bl_reader(evidence, WHERE);
    const uint32_t first = bl_read_u32le(&r);

    if (bl_azure_is_report(evidence))
        return "azure";
    if (bl_dcap_quote_decode(evidence, &quote, NULL) == BULLA_OK)
        return quote.body_type == BL_DCAP_BODY_SGX ? "sgx" : "tdx";
    if (first >= 2 && first <= 5 &&
        bl_snp_evidence_split(evidence, &report, &table, NULL) == BULLA_OK)
        return "snp";
    if (bl_tpm_form_of(evidence) == BL_TPM_FORM_CERTIFICATE)
        return "tpm";
    return NULL;
}

enum bulla_status
bl_wants_of_evidence(struct bl_wants *wants, const char *kind, const struct bl_verification *v,
                     enum bl_snp_generation generation, struct bulla_error *err)
{
    if (strcmp(kind, "sgx") == 0 || strcmp(kind, "tdx") == 0)
        return add_of_quote(wants, v, err);
    if (strcmp(kind, "snp") == 0)
        return add_of_report(wants, v, generation, err);
    if (strcmp(kind, "azure") == 0)
        return add_of_azure(wants, v, generation, err);
    if (strcmp(kind, "tpm") == 0)
        return add_of_tpm(wants, v, err);
    return BULLA_OK;
}
