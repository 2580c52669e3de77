/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/azure/verify.h"

#include "base/memory.h"
#include "codec/reader.h"
#include "tee/snp/verify.h"
#include "tee/tdx/verify.h"
#include "tee/tpm/scheme.h"

#define AZURE "Azure evidence"

static const char kind[] = "azure";

/* -- pieces ------------------------------------------------------------------------------------ */

/* A TD quote begins with its version and the type of its key; a report of SNP with its version. */
static bool
is_td_quote(struct bulla_bytes evidence)
{
    struct bl_reader r = bl_reader(evidence, AZURE);

    bl_skip(&r, sizeof(uint16_t));
    return bl_read_u16le(&r) != 0;
}

enum bulla_status
bl_azure_evidence(const struct bl_verification *verification, struct bl_azure_report *report_out,
                  struct bulla_error *err)
{
    struct bl_azure_report report = { .hash = BL_SHA256, .type = BL_AZURE_SNP };

    if (bl_azure_is_report(verification->evidence))
        return bl_azure_report_decode(verification->evidence, report_out, err);
    report.hardware = verification->evidence;
    if (is_td_quote(verification->evidence))
        report.type = BL_AZURE_TDX;
    report.runtime_data = bl_part_find(verification, "runtime_data");
    if (report.runtime_data.size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, AZURE, "no runtime data");
    *report_out = report;
    return BULLA_OK;
}

struct bl_verification
bl_azure_hardware(const struct bl_verification *verification, const struct bl_azure_report *report,
                  struct bulla_bytes digest)
{
    struct bl_verification hardware = *verification;

    hardware.evidence = report->type == BL_AZURE_TDX && report->has_header
                            ? bl_part_find(verification, "td_quote")
                            : report->hardware;
    hardware.binder = digest;
    hardware.binding = BL_BINDING_NONE;
    return hardware;
}

/* -- the hardware ------------------------------------------------------------------------------ */

/* Report data that is not the digest of the runtime data: they do not belong together. */
static enum bulla_status
unbound(const struct bulla_error *inner, struct bulla_error *err)
{
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_BINDING_MISMATCH, AZURE,
                                                "the hardware does not vouch for the runtime data");
    bulla_error_values(err, inner->found, inner->expected);
    return status;
}

/* The TDREPORT in the envelope is not signed: that it says the same is all that it is good for. */
static enum bulla_status
check_td_report(const struct bl_azure_report *report, struct bulla_bytes digest,
                struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bl_azure_td_report_data(report), AZURE);
    struct bulla_error found = { 0 };

    if (!report->has_header)
        return BULLA_OK;
    if (bl_equal(bl_read_view(&r, digest.size), digest) &&
        bl_all_zero(bl_read_view(&r, bl_reader_left(&r))))
        return BULLA_OK;
    found.found = bulla_value_bytes(bl_azure_td_report_data(report));
    found.expected = bulla_value_bytes(digest);
    return unbound(&found, err);
}

static enum bulla_status
verify_hardware(const struct bl_verification *v, const struct bl_azure_report *report,
                struct bl_claims *claims, struct bulla_error *err)
{
    const bool is_td = report->type == BL_AZURE_TDX;
    uint8_t bytes[BL_HASH_SIZE_MAX];
    const struct bulla_bytes digest = { bytes, bl_hash_size(report->hash) };
    struct bulla_error inner = { 0 };

    BL_TRY(bl_hash_once(report->hash, report->runtime_data, bytes, err));
    if (is_td)
        BL_TRY(check_td_report(report, digest, err));
    const struct bl_verification hardware = bl_azure_hardware(v, report, digest);
    if (hardware.evidence.size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, AZURE, "no quote of the TD");
    enum bulla_status status =
        is_td ? bl_tdx_verify(&hardware, claims, &inner) : bl_snp_verify(&hardware, claims, &inner);
    if (inner.cause == BULLA_CAUSE_NONCE_MISMATCH)
        return unbound(&inner, err);
    if (status != BULLA_OK && err != NULL)
        *err = inner;
    return status;
}

/* -- the vTPM ---------------------------------------------------------------------------------- */

#define QUOTE_PART_COUNT 3

void
bl_azure_quote(const struct bl_verification *verification, struct bl_azure_quote *quote_out)
{
    static const char *const roles[QUOTE_PART_COUNT][2] = { { "signature", "tpm_signature" },
                                                            { "pcrs", "pcrs" },
                                                            { "event_log", "event_log" } };
    struct bl_verification context = *verification;
    size_t count = 0;

    for (size_t i = 0; i < BL_COUNT_OF(roles); i++) {
        struct bulla_bytes piece = bl_part_find(verification, roles[i][1]);
        if (piece.size > 0)
            quote_out->parts[count++] = (struct bl_part){ roles[i][0], piece };
    }
    context.evidence = bl_part_find(verification, "tpm_quote");
    context.parts = quote_out->parts;
    context.part_count = count;
    context.anchors = NULL;
    context.anchor_count = 0;
    quote_out->verification = context;
}

/* Its key is trusted as far as the hardware is, which vouches for it: no other key counts. */
static enum bulla_status
verify_quote(const struct bl_verification *v, const struct bl_key *key, struct bl_claims *claims,
             struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) spki = { 0 };
    struct bl_azure_quote quote;
    struct bl_claims tpm;

    BL_TRY(bl_key_spki(key, &spki, err));
    const struct bl_anchor vouched = { .name = claims->anchor,
                                       .kind = BL_ANCHOR_AK,
                                       .der = bulla_buffer_bytes(&spki),
                                       .platform_class = claims->platform_class };
    bl_azure_quote(v, &quote);
    quote.verification.anchors = &vouched;
    quote.verification.anchor_count = 1;
    BL_TRY(bl_tpm_scheme_verify(&quote.verification, &tpm, err));
    claims->platform = tpm.platform;
    return BULLA_OK;
}

static enum bulla_status
verify_vtpm(const struct bl_verification *v, struct bulla_bytes runtime_data,
            struct bl_claims *claims, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_json) runtime = NULL;
    BL_AUTO_FREE(bl_key) key = NULL;

    if (bl_part_find(v, "tpm_quote").size == 0 || bl_part_find(v, "tpm_signature").size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, AZURE, "no quote of the vTPM");
    BL_TRY(bl_azure_runtime_parse(runtime_data, &runtime, err));
    BL_TRY(bl_azure_runtime_key(runtime, &key, err));
    return verify_quote(v, key, claims, err);
}

enum bulla_status
bl_azure_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
                struct bulla_error *err)
{
    struct bl_azure_report report;
    struct bl_claims claims;

    BL_TRY(bl_check_arguments(verification, err));
    BL_TRY(bl_azure_evidence(verification, &report, err));
    BL_TRY(verify_hardware(verification, &report, &claims, err));
    BL_TRY(verify_vtpm(verification, report.runtime_data, &claims, err));
    claims.kind = kind;
    claims.binding = verification->binding;
    *claims_out = claims;
    return BULLA_OK;
}
