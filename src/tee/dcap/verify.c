/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/verify.h"

#include <string.h>

#include "base/memory.h"
#include "tee/dcap/collateral.h"
#include "tee/signature.h"

#define WHERE "DCAP quote"
#define REPORT_DATA_SIZE 64 /* bytes */
/* What one quote needs: five certificates, the keys of three authorities, seven signatures of theirs,
 * two documents. */
#define OWN_MEMO_COUNT 24
#define OWN_MEMO_SIZE ((size_t)1 << 20) /* bytes */

/* All that one verification is about. */
struct subject {
    const struct bl_verification *v;
    const struct bl_dcap_quote *quote;
    const struct bl_dcap_td *td; /* NULL: SGX */
    struct bl_enclave_report qe;
    struct bl_pck pck;
    struct bl_dcap_collateral collateral;
};

static void
subject_done(struct subject *subject)
{
    bl_pck_done(&subject->pck);
    bl_dcap_collateral_done(&subject->collateral);
}

struct bl_claim_bytes
bl_dcap_claim(struct bulla_bytes bytes)
{
    struct bl_claim_bytes claim = { 0 };

    memcpy(claim.bytes, bytes.data, bytes.size);
    claim.size = bytes.size;
    return claim;
}

struct bl_claim_number
bl_dcap_claim_flags(struct bulla_bytes attributes)
{
    struct bl_reader r = bl_reader(attributes, WHERE);

    return (struct bl_claim_number){ true, bl_read_u64le(&r) };
}

/* -- does the collateral speak of this platform? ------------------------------------------------- */

static enum bulla_status
fail_values(enum bulla_cause cause, const char *what, struct bulla_bytes found,
            struct bulla_bytes expected, struct bulla_error *err)
{
    enum bulla_status status = bulla_fail_cause(err, cause, "TCB info", what);

    bulla_error_values(err, bulla_value_bytes(found), bulla_value_bytes(expected));
    return status;
}

static enum bulla_status
check_fit(const struct subject *subject, struct bulla_error *err)
{
    const struct bl_tcb_info *info = subject->collateral.tcb_info;
    const struct bl_pck_extension *pck = &subject->pck.extension;

    if (info == NULL)
        return BULLA_OK;
    if (info->is_tdx != (subject->td != NULL))
        return bulla_fail_cause(err, BULLA_CAUSE_TCB_INFO_MISMATCH, "TCB info",
                                "it is about another kind of TEE");
    if (!bl_equal(BL_BYTES_OF(info->fmspc), BL_BYTES_OF(pck->fmspc)))
        return fail_values(BULLA_CAUSE_FMSPC_MISMATCH, "it is about another family of platforms",
                           BL_BYTES_OF(info->fmspc), BL_BYTES_OF(pck->fmspc), err);
    if (!info->has_pce_id || !bl_equal(BL_BYTES_OF(info->pce_id), BL_BYTES_OF(pck->pce_id)))
        return fail_values(BULLA_CAUSE_PCEID_MISMATCH, "it is about another PCE",
                           BL_BYTES_OF(info->pce_id), BL_BYTES_OF(pck->pce_id), err);
    return BULLA_OK;
}

/* -- the TDX module ------------------------------------------------------------------------------ */

/* `found` under the mask is as expected, and zero outside of it. */
static bool
fits_mask(struct bulla_bytes found, const uint8_t *mask, const uint8_t *expected)
{
    for (size_t i = 0; i < found.size; i++)
        if ((found.data[i] & mask[i]) != expected[i] || (found.data[i] & ~mask[i]) != 0)
            return false;
    return true;
}

/* A module with a version of its own has an identity of its own. */
static const struct bl_tdx_module *
module_of(const struct bl_tcb_info *info, const struct bl_dcap_td *td)
{
    uint8_t version = td->tee_tcb_svn.data[1];

    return version > 0 ? bl_tdx_module_find(info, version) : &info->module;
}

static enum bulla_status
check_module(const struct subject *subject, struct bulla_error *err)
{
    const struct bl_tcb_info *info = subject->collateral.tcb_info;
    const struct bl_dcap_td *td = subject->td;

    if (info == NULL || td == NULL)
        return BULLA_OK;
    const struct bl_tdx_module *module = module_of(info, td);
    if (module == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_TDX_MODULE_MISMATCH, "TD report",
                                "its module is not in the TCB info");
    if (!bl_equal(td->mr_signer_seam, BL_BYTES_OF(module->mr_signer)))
        return bulla_fail_cause(err, BULLA_CAUSE_TDX_MODULE_MISMATCH, "TD report",
                                "its module has another signer");
    if (!fits_mask(td->seam_attributes, module->attributes_mask, module->attributes))
        return bulla_fail_cause(err, BULLA_CAUSE_TDX_MODULE_MISMATCH, "TD report",
                                "its module has other attributes");
    return BULLA_OK;
}

/* -- signatures ---------------------------------------------------------------------------------- */

static enum bulla_status
check_qe_report(const struct subject *subject, struct bulla_error *err)
{
    const struct bl_dcap_quote *quote = subject->quote;
    const struct bulla_bytes vouched[] = { quote->attestation_key, quote->qe_auth_data };
    BL_AUTO_FREE(bl_key) key = NULL;
    uint8_t expected[REPORT_DATA_SIZE] = { 0 }; /* a digest, and nothing behind it */

    BL_TRY(bl_certificate_key(subject->pck.chain.items[BL_PCK_LEAF], &key, err));
    if (bl_key_kind(key) != BL_KEY_P256)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "PCK certificate", "a key of another kind", 0);
    BL_TRY(bl_signature_check(
        key, quote->qe_report, quote->qe_signature,
        (struct bl_signature_blame){ BULLA_CAUSE_REPORT_SIGNATURE, WHERE,
                                     "the PCK did not sign the quoting enclave's report" },
        err));
    BL_TRY(bl_hash_parts(BL_SHA256, vouched, BL_COUNT_OF(vouched), expected, err));
    if (!bl_equal(subject->qe.report_data, BL_BYTES_OF(expected)))
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_MISMATCH, WHERE,
                                "the quoting enclave does not vouch for the attestation key");
    return BULLA_OK;
}

static enum bulla_status
check_quote_signature(const struct subject *subject, struct bulla_error *err)
{
    const struct bl_dcap_quote *quote = subject->quote;
    BL_AUTO_FREE(bl_key) key = NULL;
    uint8_t point[1 + 64] = { 0x04 }; /* uncompressed */

    memcpy(point + 1, quote->attestation_key.data, quote->attestation_key.size);
    BL_TRY(bl_key_from_raw_public(BL_KEY_P256, BL_BYTES_OF(point), &key, err));
    return bl_signature_check(key, quote->signed_part, quote->signature,
                              (struct bl_signature_blame){ BULLA_CAUSE_QUOTE_SIGNATURE, WHERE,
                                                           "the attestation key did not sign it" },
                              err);
}

/* -- the quoting enclave ------------------------------------------------------------------------- */

static enum bulla_status
fail_identity(const char *what, struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_QE_IDENTITY_MISMATCH, "quoting enclave", what);
}

static bool
is_masked(struct bulla_bytes found, const uint8_t *mask, const uint8_t *expected)
{
    for (size_t i = 0; i < found.size; i++)
        if ((found.data[i] & mask[i]) != expected[i])
            return false;
    return true;
}

/* Without its identity at hand: who signs Intel's quoting enclaves, and under which number. */
static enum bulla_status
check_well_known(const struct bl_enclave_report *qe, bool is_td, struct bulla_error *err)
{
    static const uint8_t sgx_signer[32] = { 0x8c, 0x4f, 0x57, 0x75, 0xd7, 0x96, 0x50, 0x3e,
                                            0x96, 0x13, 0x7f, 0x77, 0xc6, 0x8a, 0x82, 0x9a,
                                            0x00, 0x56, 0xac, 0x8d, 0xed, 0x70, 0x14, 0x0b,
                                            0x08, 0x1b, 0x09, 0x44, 0x90, 0xc5, 0x7b, 0xff };
    static const uint8_t td_signer[32] = { 0xdc, 0x9e, 0x2a, 0x7c, 0x6f, 0x94, 0x8f, 0x17,
                                           0x47, 0x4e, 0x34, 0xa7, 0xfc, 0x43, 0xed, 0x03,
                                           0x0f, 0x7c, 0x15, 0x63, 0xf1, 0xba, 0xbd, 0xdf,
                                           0x63, 0x40, 0xc8, 0x2e, 0x0e, 0x54, 0xa8, 0xc5 };

    if (!bl_equal(qe->mr_signer, is_td ? BL_BYTES_OF(td_signer) : BL_BYTES_OF(sgx_signer)))
        return fail_identity("it is not signed by Intel", err);
    if (qe->isv_prod_id != (is_td ? 2 : 1))
        return fail_identity("it is another product", err);
    return BULLA_OK;
}

static enum bulla_status
check_identity(const struct bl_enclave_report *qe, const struct bl_qe_identity *identity,
               bool is_td, struct bulla_error *err)
{
    if (identity->is_td != is_td)
        return fail_identity("its identity is that of another kind of TEE", err);
    if (!is_masked(qe->misc_select, identity->misc_select_mask, identity->misc_select))
        return fail_identity("other MISCSELECT", err);
    if (!is_masked(qe->attributes, identity->attributes_mask, identity->attributes))
        return fail_identity("other ATTRIBUTES", err);
    if (!bl_equal(qe->mr_signer, BL_BYTES_OF(identity->mr_signer)))
        return fail_identity("another signer", err);
    if (qe->isv_prod_id != identity->isv_prod_id)
        return fail_identity("another product", err);
    return BULLA_OK;
}

/* A quoting enclave that can be debugged signs what its debugger wants, whatever the workload may. */
static enum bulla_status
check_quoting_enclave(const struct subject *subject, struct bl_claims *claims,
                      struct bulla_error *err)
{
    const struct bl_qe_identity *identity = subject->collateral.qe_identity;
    const struct bl_svn_level *level = NULL;
    bool is_td = subject->td != NULL;

    if (subject->qe.is_debug)
        return fail_identity("it can be debugged", err);
    if (identity == NULL)
        return check_well_known(&subject->qe, is_td, err);
    BL_TRY(check_identity(&subject->qe, identity, is_td, err));
    BL_TRY(
        bl_svn_level_find(&identity->levels, subject->qe.isv_svn, "quoting enclave", &level, err));
    claims->tcb.quoter = level->status;
    return bl_tcb_advise_all(&claims->tcb, level->advisories, err);
}

/* -- the rating ---------------------------------------------------------------------------------- */

static enum bulla_status
rate_module(const struct subject *subject, struct bl_claims *claims, struct bulla_error *err)
{
    const struct bl_tcb_info *info = subject->collateral.tcb_info;
    const uint8_t *svn = subject->td->tee_tcb_svn.data;
    const struct bl_tdx_module *module = module_of(info, subject->td);
    const struct bl_svn_level *level = NULL;

    if (svn[1] == 0) /* it is one of the components */
        return BULLA_OK;
    BL_TRY(bl_svn_level_find(&module->levels, svn[0], "TDX module", &level, err));
    claims->tcb.module = level->status;
    return bl_tcb_advise_all(&claims->tcb, level->advisories, err);
}

static enum bulla_status
rate_td(const struct subject *subject, const struct bl_tcb_level *sgx, struct bl_claims *claims,
        struct bulla_error *err)
{
    struct bl_tcb_claims *tcb = &claims->tcb;

    BL_TRY(rate_module(subject, claims, err));
    tcb->status = bl_tcb_converge(tcb->platform, tcb->module);
    if (subject->td->tee_tcb_svn_2.size == 0)
        return BULLA_OK;
    const struct bl_relaunch found = { .sgx = sgx->status,
                                       .tdx = tcb->status,
                                       .module = tcb->module,
                                       .quoter = tcb->quoter,
                                       .tee_tcb_svn_2 = subject->td->tee_tcb_svn_2.data };
    return bl_tcb_relaunch(subject->collateral.tcb_info, &found, &tcb->status, err);
}

static enum bulla_status
rate(const struct subject *subject, struct bl_claims *claims, struct bulla_error *err)
{
    const struct bl_tcb_info *info = subject->collateral.tcb_info;
    const struct bl_pck_extension *pck = &subject->pck.extension;
    const struct bl_tcb_level *level = NULL, *sgx = NULL;
    struct bl_platform_svns svns = { .pce_svn = pck->pce_svn, .is_tdx = subject->td != NULL };
    struct bl_tcb_claims *tcb = &claims->tcb;

    tcb->is_rated = true;
    if (info == NULL)
        return BULLA_OK;
    memcpy(svns.sgx, pck->component_svns, sizeof svns.sgx);
    if (svns.is_tdx) {
        memcpy(svns.tdx, subject->td->tee_tcb_svn.data, sizeof svns.tdx);
        svns.tdx_start = bl_tdx_start(svns.tdx);
    }
    BL_TRY(bl_tcb_level_find(info, &svns, &level, &sgx, err));
    tcb->platform = tcb->status = level->status;
    tcb->date_s = (struct bl_claim_number){ true, (uint64_t)level->date_s };
    tcb->evaluation_number = (struct bl_claim_number){ true, info->evaluation_number };
    BL_TRY(bl_tcb_advise_all(tcb, level->advisories, err));
    if (svns.is_tdx)
        BL_TRY(rate_td(subject, sgx, claims, err));
    tcb->status = bl_tcb_converge(tcb->status, tcb->quoter);
    return BULLA_OK;
}

/* -- all of it ----------------------------------------------------------------------------------- */

/* Real platforms return buffers of a fixed size. What is not zero is neither signed nor padding. */
static enum bulla_status
check_padding(const struct bl_dcap_quote *quote, struct bulla_error *err)
{
    if (bl_all_zero(quote->padding))
        return BULLA_OK;
    return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "bytes left over", quote->size);
}

/* The protected platform id is a secret of sorts: its digest is as good as a name. Zeros are none. */
static enum bulla_status
claim_platform(const struct subject *subject, struct bl_claims *claims, struct bulla_error *err)
{
    const struct bulla_bytes ppid = BL_BYTES_OF(subject->pck.extension.ppid);
    uint8_t digest[32];

    claims->binding = subject->v->binding;
    claims->anchor = subject->pck.anchor->name;
    claims->platform_class = subject->pck.anchor->platform_class;
    if (bl_all_zero(ppid))
        return BULLA_OK;
    BL_TRY(bl_hash_once(BL_SHA256, ppid, digest, err));
    claims->platform_id = bl_dcap_claim(BL_BYTES_OF(digest));
    return BULLA_OK;
}

static enum bulla_status
verify_subject(struct subject *subject, struct bulla_bytes report_data, struct bl_claims *claims,
               struct bulla_error *err)
{
    const struct bl_verification *v = subject->v;

    BL_TRY(bl_enclave_report_decode(subject->quote->qe_report, &subject->qe, err));
    BL_TRY(bl_pck_read(v, subject->quote, &subject->pck, err));
    BL_TRY(bl_pck_verify(v, &subject->pck, err));
    BL_TRY(bl_dcap_collateral_verify(v, &subject->pck, &subject->collateral, claims, err));
    BL_TRY(bl_pck_read_extension(&subject->pck, err));
    BL_TRY(check_fit(subject, err));
    BL_TRY(check_module(subject, err));
    BL_TRY(check_qe_report(subject, err));
    BL_TRY(check_quoting_enclave(subject, claims, err));
    BL_TRY(check_quote_signature(subject, err));
    BL_TRY(rate(subject, claims, err));
    BL_TRY(bl_check_report_data(v, report_data, err));
    BL_TRY(check_padding(subject->quote, err));
    return claim_platform(subject, claims, err);
}

/* Of claims that came to nothing only this is kept: that the rating failed, and what was rated. */
static void
keep_rating(struct bl_claims *claims, enum bulla_cause cause)
{
    const struct bl_tcb_claims tcb = claims->tcb;

    *claims = (struct bl_claims){ 0 };
    if (cause == BULLA_CAUSE_TCB_NOT_SUPPORTED && tcb.is_rated)
        claims->tcb = tcb;
}

enum bulla_status
bl_dcap_verify(const struct bl_verification *v, const struct bl_dcap_quote *quote,
               const struct bl_dcap_td *td, struct bulla_bytes report_data,
               struct bl_claims *claims, struct bulla_error *err)
{
    struct bl_verification remembering = *v;
    BL_AUTO_FREE(bl_memo) own = NULL;
    struct bulla_error failure = { 0 };

    if (v->memo == NULL) { /* several documents have one signer */
        BL_TRY(bl_memo_new(OWN_MEMO_COUNT, OWN_MEMO_SIZE, &own, err));
        remembering.memo = own;
    }
    struct subject subject = { .v = &remembering, .quote = quote, .td = td };
    enum bulla_status status = verify_subject(&subject, report_data, claims, &failure);

    subject_done(&subject);
    if (status == BULLA_OK)
        return BULLA_OK;
    keep_rating(claims, failure.cause);
    if (err != NULL)
        *err = failure;
    return status;
}
