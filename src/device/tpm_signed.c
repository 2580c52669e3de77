/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_signed.c: open what is sealed to whoever signs the states that open it.
 *
 * Spec: TPM 2.0 Part 3, 12.3 (LoadExternal), 20.1 (VerifySignature), 23.6, 23.7, 23.9, 23.16.
 * In a session: PolicyPCR for the branch that holds, PolicyOR up the tree, PolicyNV (the counter is
 * not above the sequence), then PolicyAuthorize with the ticket of the signature.
 * Guarantees: the reason is told before the TPM is asked: not signed, other PCRs than the nearest
 * branch, revoked, counter missing; the TPM enforces each of them by itself.
 */
#include <string.h>

#include <tss2/tss2_mu.h>

#include "base/memory.h"
#include "device/tpm_internal.h"

#define WHERE "signed policy"
#define COUNTER_SIZE 8

/* -- the signature ----------------------------------------------------------------------------- */

static enum bulla_status
load_authority(struct bl_tpm *tpm, const struct bl_key *authority, struct bl_tpm_handle *key_out,
               struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) area = { 0 };
    TPM2B_PUBLIC public_area = { 0 };
    ESYS_TR tr = ESYS_TR_NONE;
    size_t offset = 0;

    BL_TRY(bl_pcr_authority_public(authority, &area, err));
    TSS2_RC rc =
        Tss2_MU_TPMT_PUBLIC_Unmarshal(area.data, area.size, &offset, &public_area.publicArea);
    if (rc != TSS2_RC_SUCCESS || offset != area.size)
        return bulla_fail(err, BULLA_E_CRYPTO, WHERE, "the key of the authority", rc);
    /* A ticket of the null hierarchy would not be taken by PolicyAuthorize. */
    rc = Esys_LoadExternal(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL, &public_area,
                           ESYS_TR_RH_OWNER, &tr);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the key of the authority cannot be loaded", err);
    *key_out = (struct bl_tpm_handle){ .tpm = tpm, .tr = tr };
    return BULLA_OK;
}

/* aHash = H(approvedPolicy || policyRef) is what the authority signs. */
static enum bulla_status
verify_in_tpm(struct bl_tpm *tpm, const struct bl_tpm_policy *policy,
              struct bl_tpm_authorization *authorization, struct bulla_error *err)
{
    const struct bulla_bytes parts[] = {
        { authorization->approved.buffer, authorization->approved.size },
        { authorization->ref.buffer, authorization->ref.size },
    };
    const uint8_t *raw = policy->signed_policy->signature;
    TPMT_SIGNATURE signature = {
        .sigAlg = TPM2_ALG_ECDSA,
        .signature.ecdsa = { .hash = TPM2_ALG_SHA256, .signatureR.size = 32, .signatureS.size = 32 }
    };
    BL_AUTO(bl_tpm_handle) key = { 0 };
    TPM2B_DIGEST digest = { .size = 32 };
    TPMT_TK_VERIFIED *ticket = NULL;

    memcpy(signature.signature.ecdsa.signatureR.buffer, raw, 32);
    memcpy(signature.signature.ecdsa.signatureS.buffer, raw + 32, 32);
    BL_TRY(bl_hash_parts(BL_SHA256, parts, 2, digest.buffer, err));
    BL_TRY(load_authority(tpm, policy->authority, &key, err));
    TSS2_RC rc = Esys_VerifySignature(tpm->esys, key.tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      &digest, &signature, &ticket);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the signature cannot be verified", err);
    authorization->ticket = *ticket;
    Esys_Free(ticket);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_authorize_begin(struct bl_tpm *tpm, const struct bl_tpm_policy *policy,
                       struct bl_tpm_authorization *authorization_out, struct bulla_error *err)
{
    struct bl_tpm_authorization authorization = { .policy = policy };
    struct bl_policy_digest approved;
    struct bl_tpm_name name;

    if (policy->signed_policy == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_POLICY_MISSING, WHERE,
                                "none came with it and none was given");
    BL_TRY(bl_pcr_policy_verify(policy->signed_policy, policy->authority, policy->policy_ref, err));
    BL_TRY(bl_pcr_policy_digest(policy->signed_policy, &approved, err));
    BL_TRY(bl_pcr_authority_name(policy->authority, &name, err));
    authorization.approved.size = sizeof approved.bytes;
    memcpy(authorization.approved.buffer, approved.bytes, sizeof approved.bytes);
    authorization.ref.size = sizeof policy->policy_ref;
    memcpy(authorization.ref.buffer, policy->policy_ref, sizeof policy->policy_ref);
    authorization.key_name.size = (uint16_t)name.size;
    memcpy(authorization.key_name.name, name.bytes, name.size);
    BL_TRY(verify_in_tpm(tpm, policy, &authorization, err));
    *authorization_out = authorization;
    return BULLA_OK;
}

/* -- the branch -------------------------------------------------------------------------------- */

enum bulla_status
bl_tpm_pcr_banks(struct bl_tpm *tpm, const struct bl_pcr_policy *policy,
                 struct bl_pcr_bank banks_out[BL_TPM_BANK_COUNT], size_t *count_out,
                 struct bulla_error *err)
{
    static const enum bl_hash hashes[BL_TPM_BANK_COUNT] = { BL_SHA256, BL_SHA384 };
    size_t count = 0;

    for (size_t i = 0; i < BL_TPM_BANK_COUNT; i++) {
        struct bl_pcr_selection selection = { hashes[i], bl_pcr_policy_mask(policy, hashes[i]) };
        BL_AUTO(bulla_buffer) values = { 0 };
        if (selection.mask == 0)
            continue;
        BL_TRY(bl_tpm_pcr_read(tpm, selection, &values, err));
        BL_TRY(bl_pcr_bank_read(selection, bulla_buffer_bytes(&values), &banks_out[count++], err));
    }
    *count_out = count;
    return BULLA_OK;
}

static enum bulla_status
fail_branch(const struct bl_pcr_policy *policy, struct bl_pcr_match match,
            const struct bl_pcr_bank *banks, size_t bank_count, struct bulla_error *err)
{
    const struct bl_pcr_branch *branch = &policy->branches[match.branch];
    unsigned pcr = (unsigned)__builtin_ctz(match.differs);
    struct bulla_bytes found = { 0 };

    for (size_t i = 0; i < bank_count; i++)
        if (banks[i].hash == branch->pcrs.bank)
            found = bl_pcr_value(&banks[i], pcr);
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_PCR_CHANGED, WHERE,
                                                "no state that was signed is this one");
    if (err != NULL && err->cause == BULLA_CAUSE_PCR_CHANGED) {
        err->offset = pcr;
        bulla_error_values(err, bulla_value_bytes(found),
                           bulla_value_bytes(bl_pcr_branch_value(branch, pcr)));
    }
    return status;
}

static enum bulla_status
choose_branch(struct bl_tpm *tpm, const struct bl_pcr_policy *policy, size_t *branch_out,
              struct bulla_error *err)
{
    struct bl_pcr_bank banks[BL_TPM_BANK_COUNT] = { 0 };
    size_t bank_count = 0;

    BL_TRY(bl_tpm_pcr_banks(tpm, policy, banks, &bank_count, err));
    struct bl_pcr_match match = bl_pcr_policy_match(policy, banks, bank_count);
    if (match.differs != 0)
        return fail_branch(policy, match, banks, bank_count, err);
    *branch_out = match.branch;
    return BULLA_OK;
}

static enum bulla_status
assert_branch(struct bl_tpm *tpm, const struct bl_pcr_branch *branch, ESYS_TR session,
              bool *again_out, struct bulla_error *err)
{
    TPML_PCR_SELECTION selection = bl_tpm_selection(branch->pcrs);
    TPM2B_DIGEST expected = { .size = 32 };

    BL_TRY(bl_hash_once(BL_SHA256, branch->values, expected.buffer, err));
    TSS2_RC rc = Esys_PolicyPCR(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                &expected, &selection);
    if (bl_tpm_code(rc) == TPM2_RC_VALUE || bl_tpm_code(rc) == TPM2_RC_PCR_CHANGED) {
        *again_out = true; /* they were as expected a moment ago */
        return bulla_fail(err, BULLA_E_BUSY, WHERE, "the PCRs are extended all the time", 0);
    }
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the PCRs cannot be checked", err);
    return BULLA_OK;
}

static enum bulla_status
assert_list(struct bl_tpm *tpm, const struct bl_policy_digest *digests, size_t count,
            ESYS_TR session, struct bulla_error *err)
{
    TPML_DIGEST list = { .count = (uint32_t)count };

    for (size_t i = 0; i < count; i++) {
        list.digests[i].size = sizeof digests[i].bytes;
        memcpy(list.digests[i].buffer, digests[i].bytes, sizeof digests[i].bytes);
    }
    TSS2_RC rc = Esys_PolicyOR(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &list);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the branch cannot be followed", err);
    return BULLA_OK;
}

static enum bulla_status
assert_state(struct bl_tpm *tpm, const struct bl_pcr_policy *policy, ESYS_TR session,
             bool *again_out, struct bulla_error *err)
{
    struct bl_pcr_path path;
    size_t branch = 0;

    BL_TRY(choose_branch(tpm, policy, &branch, err));
    BL_TRY(bl_pcr_policy_path(policy, branch, &path, err));
    BL_TRY(assert_branch(tpm, &policy->branches[branch], session, again_out, err));
    for (size_t i = 0; i < path.list_count; i++)
        BL_TRY(assert_list(tpm, path.lists[i], path.counts[i], session, err));
    return BULLA_OK;
}

/* -- the counter ------------------------------------------------------------------------------- */

static enum bulla_status
fail_revoked(struct bl_tpm *tpm, const struct bl_pcr_policy *policy, struct bulla_error *err)
{
    uint64_t value = 0;

    BL_TRY(bl_tpm_counter_read(tpm, policy->counter_index, &value, err));
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_POLICY_REVOKED, WHERE,
                                                "the counter of this TPM is above its sequence");
    bulla_error_values(err, bulla_value_number(value), bulla_value_number(policy->sequence));
    return status;
}

static enum bulla_status
open_counter(struct bl_tpm *tpm, const struct bl_pcr_policy *policy, struct bl_tpm_handle *nv_out,
             struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    struct bl_tpm_name name;
    struct bulla_error failure = { 0 };

    enum bulla_status status = bl_tpm_nv_open(tpm, policy->counter_index, &nv, NULL, &failure);
    if (status == BULLA_E_NOT_FOUND)
        return bulla_fail_cause(err, BULLA_CAUSE_COUNTER_MISSING, WHERE,
                                "this TPM does not have its revocation counter");
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = failure;
    BL_TRY(status);
    BL_TRY(bl_tpm_handle_name(&nv, &name, err));
    if (!bl_tpm_name_equal(&name, &policy->counter_name))
        return bulla_fail_cause(err, BULLA_CAUSE_COUNTER_MISSING, WHERE,
                                "the index of its revocation counter is something else here");
    *nv_out = nv;
    nv = (struct bl_tpm_handle){ 0 };
    return BULLA_OK;
}

static enum bulla_status
assert_counter(struct bl_tpm *tpm, const struct bl_pcr_policy *policy, ESYS_TR session,
               struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    TPM2B_OPERAND sequence = { .size = COUNTER_SIZE };

    BL_TRY(open_counter(tpm, policy, &nv, err));
    for (size_t i = 0; i < COUNTER_SIZE; i++)
        sequence.buffer[i] = (uint8_t)(policy->sequence >> (56 - 8 * i) & 0xff);
    TSS2_RC rc = Esys_PolicyNV(tpm->esys, nv.tr, nv.tr, session, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                               ESYS_TR_NONE, &sequence, 0, TPM2_EO_UNSIGNED_LE);
    if (bl_tpm_code(rc) == TPM2_RC_POLICY)
        return fail_revoked(tpm, policy, err);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the revocation counter cannot be checked", err);
    return BULLA_OK;
}

/* -- the session ------------------------------------------------------------------------------- */

enum bulla_status
bl_tpm_authorize(struct bl_tpm *tpm, const struct bl_tpm_authorization *authorization,
                 ESYS_TR session, bool *again_out, struct bulla_error *err)
{
    const struct bl_pcr_policy *policy = authorization->policy->signed_policy;

    BL_TRY(assert_state(tpm, policy, session, again_out, err));
    if (policy->counter_index != 0)
        BL_TRY(assert_counter(tpm, policy, session, err));
    TSS2_RC rc = Esys_PolicyAuthorize(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                      &authorization->approved, &authorization->ref,
                                      &authorization->key_name, &authorization->ticket);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the signed policy is not taken", err);
    return BULLA_OK;
}
