/* SPDX-License-Identifier: Apache-2.0 */
#include "device/attester.h"

#include <string.h>

#include "base/memory.h"
#include "device/attest_internal.h"
#include "tee/cca/structures.h"
#include "tee/dcap/quote.h"
#include "tee/nitro/structures.h"
#include "tee/snp/structures.h"
#include "tee/tdx/body.h"

#define WHERE "evidence of this machine"

/* A guest's own hardware first; inside Gramine or Nitro there is nothing else to be found. */
static const struct bl_local_attester *const table[] = {
    &bl_attester_gramine,   &bl_attester_nsm,   &bl_attester_tsm,
    &bl_attester_sev_guest, &bl_attester_optee, &bl_attester_tpm,
};

const struct bl_local_attester *const *
bl_local_attesters(size_t *count_out)
{
    *count_out = BL_COUNT_OF(table);
    return table;
}

bool
bl_local_attester_gives(const struct bl_local_attester *attester, const char *kind)
{
    for (size_t i = 0; attester->kinds[i] != NULL; i++)
        if (strcmp(attester->kinds[i], kind) == 0)
            return true;
    return false;
}

/* Known to give another kind here, though it could give this one elsewhere. */
static bool
gives_another(const struct bl_local_attester_probe *probe, const char *kind)
{
    return kind != NULL && probe->kind != NULL && strcmp(probe->kind, kind) != 0;
}

const struct bl_local_attester *
bl_local_attester_find(const char *kind, const char *path,
                       struct bl_local_attester_probe *probe_out)
{
    *probe_out = (struct bl_local_attester_probe){ .state = BL_NODE_ABSENT };
    for (size_t i = 0; i < BL_COUNT_OF(table); i++) {
        struct bl_local_attester_probe probe = { .state = BL_NODE_ABSENT };
        if (kind != NULL && !bl_local_attester_gives(table[i], kind))
            continue;
        const char *place = path != NULL ? path : table[i]->path;
        table[i]->probe(place, &probe);
        probe.path = place;
        if (gives_another(&probe, kind))
            continue;
        if (probe.state > probe_out->state)
            *probe_out = probe;
        if (probe.state == BL_NODE_USABLE)
            return table[i];
    }
    return NULL;
}

/* -- for the attesters -------------------------------------------------------------------------- */

void
bl_collected_done(struct bl_collected *collected)
{
    for (size_t i = 0; i < collected->count; i++)
        bulla_buffer_done(&collected->parts[i].bytes);
    *collected = (struct bl_collected){ 0 };
}

void
bl_collected_add(struct bl_collected *collected, const char *role, struct bulla_buffer *bytes)
{
    collected->parts[collected->count++] =
        (struct bl_collected_part){ .role = role, .bytes = bulla_buffer_take(bytes) };
}

const char *
bl_attest_path(const struct bl_local_attester *attester, const struct bl_attest_request *request)
{
    return request->path != NULL ? request->path : attester->path;
}

enum bulla_status
bl_attest_report_data(const struct bl_attest_request *request, uint8_t out[BL_REPORT_DATA_BYTES],
                      struct bulla_error *err)
{
    if (request->nonce.size == 0 || request->nonce.size > BL_ATTEST_NONCE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "nonce", "not of 1 to 64 bytes",
                          request->nonce.size);
    memset(out, 0, BL_REPORT_DATA_BYTES);
    memcpy(out, request->nonce.data, request->nonce.size);
    return BULLA_OK;
}

/* -- what evidence carries ----------------------------------------------------------------------- */

enum bulla_status
bl_attest_answer(const struct bulla_error *inner, struct bulla_error *err)
{
    if (bulla_status_is_finding(inner->status))
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, inner->where, inner->what);
    if (err != NULL)
        *err = *inner;
    return inner->status;
}

static enum bulla_status
carried_by_snp(struct bulla_bytes evidence, struct bulla_bytes *out, struct bulla_error *err)
{
    struct bulla_bytes bytes = { NULL, 0 };
    struct bl_snp_report report;
    struct bl_snp_table certificates;

    BL_TRY(bl_snp_evidence_split(evidence, &bytes, &certificates, err));
    BL_TRY(bl_snp_report_decode(bytes, &report, err));
    *out = report.report_data;
    return BULLA_OK;
}

static enum bulla_status
carried_by_quote(struct bulla_bytes evidence, bool is_tdx, struct bulla_bytes *out,
                 struct bulla_error *err)
{
    struct bl_dcap_quote quote;
    struct bl_enclave_report report;
    struct bl_td_body body;

    BL_TRY(bl_dcap_quote_decode(evidence, &quote, err));
    if (is_tdx != (quote.body_type != BL_DCAP_BODY_SGX))
        return bulla_fail(err, BULLA_E_MALFORMED, "quote", "of another kind of TEE", 0);
    if (is_tdx) {
        BL_TRY(bl_td_body_decode(quote.body, quote.body_type == BL_DCAP_BODY_TD15, &body, err));
        *out = body.report_data;
    } else {
        BL_TRY(bl_enclave_report_decode(quote.body, &report, err));
        *out = report.report_data;
    }
    return BULLA_OK;
}

static enum bulla_status
carried_by_cca(struct bulla_bytes evidence, struct bulla_bytes *out, struct bulla_error *err)
{
    struct bl_cca_token token;

    BL_TRY(bl_cca_token_decode(evidence, &token, err));
    if (!token.has_realm)
        return bulla_fail(err, BULLA_E_MALFORMED, "CCA token", "it has no realm token", 0);
    *out = token.realm.challenge;
    return BULLA_OK;
}

static enum bulla_status
carried_by_nitro(struct bulla_bytes evidence, struct bulla_bytes *out, struct bulla_error *err)
{
    struct bl_nitro_document document;

    BL_TRY(bl_nitro_decode(evidence, &document, err));
    *out = document.nonce.bytes;
    return BULLA_OK;
}

static enum bulla_status
carried_by(const char *kind, struct bulla_bytes evidence, struct bulla_bytes *out,
           struct bulla_error *err)
{
    if (strcmp(kind, "snp") == 0)
        return carried_by_snp(evidence, out, err);
    if (strcmp(kind, "tdx") == 0)
        return carried_by_quote(evidence, /* is_tdx= */ true, out, err);
    if (strcmp(kind, "sgx") == 0)
        return carried_by_quote(evidence, /* is_tdx= */ false, out, err);
    if (strcmp(kind, "cca") == 0)
        return carried_by_cca(evidence, out, err);
    if (strcmp(kind, "nitro") == 0)
        return carried_by_nitro(evidence, out, err);
    return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "kind without a place for a nonce", 0);
}

enum bulla_status
bl_attest_carried(const char *kind, struct bulla_bytes evidence, struct bulla_bytes *carried_out,
                  struct bulla_error *err)
{
    struct bulla_error inner = { 0 };

    if (carried_by(kind, evidence, carried_out, &inner) == BULLA_OK)
        return BULLA_OK;
    return bl_attest_answer(&inner, err);
}

enum bulla_status
bl_collected_deliver(struct bl_collected *collected, const struct bl_attest_request *request,
                     struct bl_collected *out, struct bulla_error *err)
{
    struct bulla_bytes carried = { NULL, 0 }, wanted = request->nonce;
    uint8_t report_data[BL_REPORT_DATA_BYTES];

    BL_TRY(bl_attest_carried(collected->kind, bulla_buffer_bytes(&collected->parts[0].bytes),
                             &carried, err));
    if (strcmp(collected->kind, "nitro") != 0) {
        BL_TRY(bl_attest_report_data(request, report_data, err));
        wanted = BL_BYTES_OF(report_data);
    }
    if (!bl_equal(carried, wanted)) {
        enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, WHERE,
                                                    "it carries something else than the nonce");
        bulla_error_values(err, bulla_value_bytes(carried), bulla_value_bytes(wanted));
        return status;
    }
    *out = *collected;
    *collected = (struct bl_collected){ 0 };
    return BULLA_OK;
}

/* The table is the host's and helps whoever verifies; a host that gives a broken one takes nothing
 * away but its help. */
enum bulla_status
bl_attest_snp(struct bulla_bytes report, struct bulla_bytes certificates,
              struct bl_collected *collected, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) evidence = { 0 };
    struct bulla_error inner = { 0 };
    struct bulla_bytes bytes = { NULL, 0 };
    struct bl_snp_table parsed;

    collected->kind = "snp";
    if (report.size != BL_SNP_REPORT_SIZE)
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, "attestation report",
                                "not of its size");
    BL_TRY(bulla_buffer_append(&evidence, report, err));
    if (!bl_all_zero(certificates))
        BL_TRY(bulla_buffer_append(&evidence, certificates, err));
    if (bl_snp_evidence_split(bulla_buffer_bytes(&evidence), &bytes, &parsed, &inner) != BULLA_OK) {
        if (!bulla_status_is_finding(inner.status))
            return bl_attest_answer(&inner, err);
        evidence.size = report.size;
        collected->left_out = "certificate table of the host";
    }
    bl_collected_add(collected, "evidence", &evidence);
    return BULLA_OK;
}
