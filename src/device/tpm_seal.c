/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_seal.c: seal a small secret under a policy, and open it again or say why not.
 *
 * Spec: TPM 2.0 Part 3, 12.1 (Create), 12.2 (Load), 12.7 (Unseal), 23 (policy assertions). What an
 * authority signed is in tpm_signed.c.
 * The object is a KEYEDHASH without userWithAuth, so that nothing but the policy opens it, and with
 * adminWithPolicy, so that its authorization value cannot be tried or changed outside the policy
 * either.
 * Guarantees: the secret crosses to and from the TPM under a session key that only the storage root
 * key of the recorded Name can know; everything loaded is flushed on every path.
 * Does not: wipe the copies inside ESYS.
 */
#include <string.h>

#include "base/memory.h"
#include "device/tpm_internal.h"

#define WHERE "sealed object"
#define ATTEMPT_COUNT_MAX 30 /* a PCR extended between PolicyPCR and Unseal: try again */
#define FIXED_ATTRIBUTES (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT)
#define NV_CONTENT_SIZE 8

/* -- authorization value ----------------------------------------------------------------------- */

enum bulla_status
bl_tpm_pin_auth(struct bulla_bytes pin, uint8_t auth[32], struct bulla_error *err)
{
    const struct bulla_bytes parts[] = { BL_LITERAL("bulla-tpm-pin/1"), pin };

    return bl_hash_parts(BL_SHA256, parts, 2, auth, err);
}

static enum bulla_status
check_pin(const struct bl_tpm_policy *policy, struct bulla_bytes pin, struct bulla_error *err)
{
    if (policy->with_pin != (pin.size > 0))
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE,
                          policy->with_pin ? "it needs a PIN" : "it takes no PIN", 0);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_seal_check(struct bulla_bytes secret, const struct bl_tpm_policy *policy,
                  struct bulla_bytes pin, struct bulla_error *err)
{
    if (secret.size == 0 || secret.size > BL_TPM_SEALED_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "the secret is empty or too large",
                          secret.size);
    return check_pin(policy, pin, err);
}

/* -- seal -------------------------------------------------------------------------------------- */

TPM2B_PUBLIC
bl_tpm_sealed_public(const uint8_t policy_digest[32], bool with_pin, bool is_imported)
{
    TPMA_OBJECT attributes = TPMA_OBJECT_ADMINWITHPOLICY | (is_imported ? 0 : FIXED_ATTRIBUTES) |
                             (with_pin ? 0 : TPMA_OBJECT_NODA);
    TPM2B_PUBLIC p = { .publicArea = { .type = TPM2_ALG_KEYEDHASH,
                                       .nameAlg = TPM2_ALG_SHA256,
                                       .objectAttributes = attributes,
                                       .authPolicy.size = 32,
                                       .parameters.keyedHashDetail.scheme.scheme =
                                           TPM2_ALG_NULL } };

    memcpy(p.publicArea.authPolicy.buffer, policy_digest, 32);
    return p;
}

/* The object is one that sealing makes under this very policy. */
static enum bulla_status
check_public(const TPM2B_PUBLIC *found, const uint8_t policy_digest[32], bool with_pin,
             bool is_imported, struct bulla_error *err)
{
    TPM2B_PUBLIC expected = bl_tpm_sealed_public(policy_digest, with_pin, is_imported);
    const TPMT_PUBLIC *a = &found->publicArea;
    const TPMT_PUBLIC *b = &expected.publicArea;

    if (a->type != b->type || a->nameAlg != b->nameAlg ||
        a->objectAttributes != b->objectAttributes ||
        a->parameters.keyedHashDetail.scheme.scheme != TPM2_ALG_NULL)
        return bulla_fail(err, BULLA_E_INTEGRITY, WHERE, "not one of our making", 0);
    if (!bl_equal((struct bulla_bytes){ a->authPolicy.buffer, a->authPolicy.size },
                  (struct bulla_bytes){ b->authPolicy.buffer, b->authPolicy.size }))
        return bulla_fail(err, BULLA_E_INTEGRITY, WHERE, "it has another policy", 0);
    return BULLA_OK;
}

static enum bulla_status
fill_sensitive(TPM2B_SENSITIVE_CREATE *sensitive, struct bulla_bytes secret, struct bulla_bytes pin,
               struct bulla_error *err)
{
    if (pin.size > 0) {
        sensitive->sensitive.userAuth.size = 32;
        BL_TRY(bl_tpm_pin_auth(pin, sensitive->sensitive.userAuth.buffer, err));
    }
    sensitive->sensitive.data.size = (uint16_t)secret.size;
    memcpy(sensitive->sensitive.data.buffer, secret.data, secret.size);
    return BULLA_OK;
}

struct created {
    TPM2B_PUBLIC *public_area;
    TPM2B_PRIVATE *private_area;
};

static void
created_done(struct created *created)
{
    Esys_Free(created->public_area);
    Esys_Free(created->private_area);
}

static enum bulla_status
create(struct bl_tpm *tpm, const struct bl_tpm_handle *srk, struct bulla_bytes secret,
       struct bulla_bytes pin, const TPM2B_PUBLIC *template, struct created *created_out,
       struct bulla_error *err)
{
    static const TPM2B_DATA no_data;
    static const TPML_PCR_SELECTION no_pcr;
    BL_AUTO(bl_tpm_handle) session = { 0 };
    BL_AUTO(bl_secret) memory = { 0 };

    BL_TRY(bl_secret_new(&memory, sizeof(TPM2B_SENSITIVE_CREATE), err));
    TPM2B_SENSITIVE_CREATE *sensitive = (TPM2B_SENSITIVE_CREATE *)(void *)memory.data;
    BL_TRY(fill_sensitive(sensitive, secret, pin, err));
    BL_TRY(bl_tpm_session(tpm, srk, TPM2_SE_HMAC, TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT,
                          &session, err));
    TSS2_RC rc = Esys_Create(tpm->esys, srk->tr, ESYS_TR_PASSWORD, session.tr, ESYS_TR_NONE,
                             sensitive, template, &no_data, &no_pcr, &created_out->private_area,
                             &created_out->public_area, NULL, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the secret cannot be sealed", err);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_seal(struct bl_tpm *tpm, struct bulla_bytes secret, const struct bl_tpm_policy *policy,
            struct bulla_bytes pin, struct bl_tpm_sealed *sealed_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    __attribute__((cleanup(created_done))) struct created created = { 0 };
    uint8_t digest[32];

    BL_TRY(bl_tpm_seal_check(secret, policy, pin, err));
    BL_TRY(bl_tpm_policy_digest(policy, digest, err));
    TPM2B_PUBLIC template =
        bl_tpm_sealed_public(digest, policy->with_pin, /* is_imported= */ false);
    BL_TRY(bl_tpm_srk(tpm, NULL, &srk, err));
    BL_TRY(bl_tpm_key_name(&srk, &sealed.srk_name, err));
    BL_TRY(create(tpm, &srk, secret, pin, &template, &created, err));
    BL_TRY(check_public(created.public_area, digest, policy->with_pin, false, err));
    BL_TRY(bl_tpm_public_encode(created.public_area, &sealed.public_area, err));
    BL_TRY(bl_tpm_private_encode(created.private_area, &sealed.private_area, err));
    bl_tpm_sealed_done(sealed_out);
    *sealed_out = sealed;
    sealed = (struct bl_tpm_sealed){ 0 };
    return BULLA_OK;
}

void
bl_tpm_sealed_done(struct bl_tpm_sealed *sealed)
{
    bulla_buffer_done(&sealed->public_area);
    bulla_buffer_done(&sealed->private_area);
    bulla_buffer_done(&sealed->import_seed);
    sealed->srk_name = (struct bl_tpm_name){ 0 };
}

/* -- why it does not open ---------------------------------------------------------------------- */

/* *changed_out is false if all PCRs are as bound: one was extended and the policy began before. */
static enum bulla_status
explain_pcrs(struct bl_tpm *tpm, const struct bl_tpm_policy *policy, bool *changed_out,
             struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) values = { 0 };
    size_t size = bl_hash_size(policy->pcrs.bank);
    size_t offset = 0;

    *changed_out = false;
    BL_TRY(bl_tpm_pcr_read(tpm, policy->pcrs, &values, err));
    for (unsigned index = 0; index < BL_TPM_PCR_COUNT; index++) {
        if ((policy->pcrs.mask >> index & 1) == 0)
            continue;
        struct bulla_bytes found = { values.data + offset, size };
        struct bulla_bytes expected = { policy->pcr_values.data + offset, size };
        offset += size;
        if (bl_equal(found, expected))
            continue;
        *changed_out = true;
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_PCR_CHANGED, WHERE, "a PCR is not as it was");
        if (err != NULL && err->cause == BULLA_CAUSE_PCR_CHANGED) {
            err->offset = index;
            bulla_error_values(err, bulla_value_bytes(found), bulla_value_bytes(expected));
        }
        return status;
    }
    return BULLA_OK;
}

static enum bulla_status
explain_version(struct bl_tpm *tpm, const struct bl_tpm_policy *policy, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    uint64_t version = 0;

    BL_TRY(bl_tpm_nv_read(tpm, policy->nv_index, NV_CONTENT_SIZE, &content, err));
    for (size_t i = 0; i < content.size; i++)
        version = version << 8 | content.data[i];
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_VERSION_BELOW_FLOOR, WHERE,
                                                "it is bound to a newer version");
    bulla_error_values(err, bulla_value_number(version), bulla_value_number(policy->nv_minimum));
    return status;
}

static enum bulla_status
explain_auth(struct bl_tpm *tpm, TPM2_RC code, struct bulla_error *err)
{
    struct bl_tpm_info info = { 0 };

    BL_TRY(bl_tpm_info(tpm, &info, err));
    if (code == TPM2_RC_LOCKOUT) {
        enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_TPM_LOCKOUT, WHERE,
                                                    "the TPM refuses PINs for a while");
        bulla_error_values(err, bulla_value_number(info.lockout_interval_s), bulla_value_number(0));
        return status;
    }
    uint32_t left = info.lockout_counter_max > info.lockout_counter
                        ? info.lockout_counter_max - info.lockout_counter
                        : 0;
    enum bulla_status status =
        bulla_fail_cause(err, BULLA_CAUSE_WRONG_PASSPHRASE, WHERE, "the PIN is wrong");
    bulla_error_values(err, bulla_value_number(left), bulla_value_number(info.lockout_counter_max));
    return status;
}

/* -- policy session ---------------------------------------------------------------------------- */

struct unsealing {
    struct bl_tpm *tpm;
    const struct bl_tpm_policy *policy;
    const struct bl_tpm_handle *srk;
    const struct bl_tpm_handle *object;
    const struct bl_tpm_authorization *authorization;
    struct bl_tpm_handle session;
    bool again; /* the TPM's state moved under us */
};

static enum bulla_status
satisfy_pcrs(struct unsealing *u, struct bulla_error *err)
{
    TPML_PCR_SELECTION selection = bl_tpm_selection(u->policy->pcrs);
    TPM2B_DIGEST expected = { .size = 32 };
    bool changed = false;

    BL_TRY(bl_hash_once(BL_SHA256, u->policy->pcr_values, expected.buffer, err));
    TSS2_RC rc = Esys_PolicyPCR(u->tpm->esys, u->session.tr, ESYS_TR_NONE, ESYS_TR_NONE,
                                ESYS_TR_NONE, &expected, &selection);
    if (rc == TSS2_RC_SUCCESS)
        return BULLA_OK;
    if (bl_tpm_code(rc) != TPM2_RC_VALUE && bl_tpm_code(rc) != TPM2_RC_PCR_CHANGED)
        return bl_tpm_fail(u->tpm, rc, "the PCRs cannot be checked", err);
    BL_TRY(explain_pcrs(u->tpm, u->policy, &changed, err));
    u->again = true;
    return bulla_fail(err, BULLA_E_BUSY, WHERE, "the PCRs are extended all the time", 0);
}

static enum bulla_status
satisfy_version(struct unsealing *u, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    struct bl_tpm_name name = { 0 };
    struct bulla_error missing = { 0 };
    TPM2B_OPERAND minimum = { .size = NV_CONTENT_SIZE };

    enum bulla_status status = bl_tpm_nv_open(u->tpm, u->policy->nv_index, &nv, NULL, &missing);
    if (status == BULLA_E_NOT_FOUND)
        return bulla_fail(err, BULLA_E_STATE, WHERE, "its version index is not there", 0);
    if (status != BULLA_OK) {
        if (err != NULL)
            *err = missing;
        return status;
    }
    BL_TRY(bl_tpm_handle_name(&nv, &name, err));
    if (!bl_equal((struct bulla_bytes){ name.bytes, name.size }, u->policy->nv_name))
        return bulla_fail(err, BULLA_E_STATE, WHERE,
                          "its version index is another one, or was not written in this start", 0);
    for (size_t i = 0; i < NV_CONTENT_SIZE; i++)
        minimum.buffer[i] = (uint8_t)(u->policy->nv_minimum >> (56 - 8 * i) & 0xff);
    TSS2_RC rc = Esys_PolicyNV(u->tpm->esys, nv.tr, nv.tr, u->session.tr, ESYS_TR_PASSWORD,
                               ESYS_TR_NONE, ESYS_TR_NONE, &minimum, 0, TPM2_EO_UNSIGNED_GE);
    if (bl_tpm_code(rc) == TPM2_RC_POLICY)
        return explain_version(u->tpm, u->policy, err);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(u->tpm, rc, "the version cannot be checked", err);
    return BULLA_OK;
}

static enum bulla_status
satisfy_policy(struct unsealing *u, struct bulla_error *err)
{
    if (u->policy->authority != NULL)
        BL_TRY(bl_tpm_authorize(u->tpm, u->authorization, u->session.tr, &u->again, err));
    if (u->policy->pcrs.mask != 0)
        BL_TRY(satisfy_pcrs(u, err));
    if (u->policy->nv_index != 0)
        BL_TRY(satisfy_version(u, err));
    if (!u->policy->with_pin)
        return BULLA_OK;
    TSS2_RC rc =
        Esys_PolicyAuthValue(u->tpm->esys, u->session.tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(u->tpm, rc, "the PIN cannot be asked for", err);
    return BULLA_OK;
}

static enum bulla_status
fail_unseal(struct unsealing *u, TSS2_RC rc, struct bulla_error *err)
{
    if (u->tpm->tcti.failure.status != BULLA_OK)
        return bl_tpm_fail(u->tpm, rc, "it cannot be opened", err);
    switch (bl_tpm_code(rc)) {
    case TPM2_RC_PCR_CHANGED:
        u->again = true;
        return bulla_fail(err, BULLA_E_BUSY, WHERE, "the PCRs are extended all the time", 0);
    case TPM2_RC_AUTH_FAIL:
    case TPM2_RC_LOCKOUT:
        return explain_auth(u->tpm, bl_tpm_code(rc), err);
    default:
        return bl_tpm_fail(u->tpm, rc, "it cannot be opened", err);
    }
}

static enum bulla_status
unseal_once(struct unsealing *u, struct bl_secret *secret_out, struct bulla_error *err)
{
    TPM2B_SENSITIVE_DATA *data = NULL;

    BL_TRY(bl_tpm_session(u->tpm, u->srk, TPM2_SE_POLICY, TPMA_SESSION_ENCRYPT, &u->session, err));
    BL_TRY(satisfy_policy(u, err));
    TSS2_RC rc =
        Esys_Unseal(u->tpm->esys, u->object->tr, u->session.tr, ESYS_TR_NONE, ESYS_TR_NONE, &data);
    if (rc != TSS2_RC_SUCCESS)
        return fail_unseal(u, rc, err);
    enum bulla_status status =
        bl_secret_copy(secret_out, (struct bulla_bytes){ data->buffer, data->size }, err);
    bl_wipe(data, sizeof *data);
    Esys_Free(data);
    return status;
}

/* TPM_RC_PCR_CHANGED says that some PCR was extended since PolicyPCR, not that one of ours was. */
static enum bulla_status
unseal_retrying(struct unsealing *u, struct bl_secret *secret_out, struct bulla_error *err)
{
    for (unsigned attempt = 1;; attempt++) {
        struct bulla_error failure = { 0 };
        u->again = false;
        enum bulla_status status = unseal_once(u, secret_out, &failure);
        bl_tpm_handle_done(&u->session);
        if (status == BULLA_OK)
            return BULLA_OK;
        if (!u->again || attempt == ATTEMPT_COUNT_MAX) {
            if (err != NULL && err->status == BULLA_OK)
                *err = failure;
            return status;
        }
    }
}

/* -- unseal ------------------------------------------------------------------------------------ */

static enum bulla_status
load(struct bl_tpm *tpm, const struct bl_tpm_handle *srk, const TPM2B_PUBLIC *public_area,
     const TPM2B_PRIVATE *private_area, struct bl_tpm_handle *object_out, struct bulla_error *err)
{
    ESYS_TR tr = ESYS_TR_NONE;
    TSS2_RC rc = Esys_Load(tpm->esys, srk->tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                           private_area, public_area, &tr);

    if (bl_tpm_code(rc) == TPM2_RC_INTEGRITY)
        return bulla_fail_detail(err, BULLA_CAUSE_WRONG_TPM, WHERE,
                                 "the TPM finds it was not made by it", rc);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "it cannot be loaded", err);
    *object_out = (struct bl_tpm_handle){ .tpm = tpm, .tr = tr };
    return BULLA_OK;
}

static enum bulla_status
set_auth(const struct bl_tpm_handle *object, struct bulla_bytes pin, struct bulla_error *err)
{
    TPM2B_AUTH auth = { .size = 32 };

    if (pin.size == 0)
        return BULLA_OK;
    BL_TRY(bl_tpm_pin_auth(pin, auth.buffer, err));
    TSS2_RC rc = Esys_TR_SetAuth(object->tpm->esys, object->tr, &auth);
    bl_wipe(&auth, sizeof auth);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(object->tpm, rc, "the PIN cannot be set", err);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_unseal(struct bl_tpm *tpm, const struct bl_tpm_sealed *sealed,
              const struct bl_tpm_policy *policy, struct bulla_bytes pin,
              struct bl_secret *secret_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    BL_AUTO(bl_tpm_handle) object = { 0 };
    struct bl_tpm_authorization authorization = { 0 };
    TPM2B_PUBLIC public_area = { 0 };
    TPM2B_PRIVATE private_area = { 0 };
    bool is_imported = sealed->import_seed.size > 0;
    uint8_t digest[32];

    if (secret_out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "the result is in use", 0);
    BL_TRY(check_pin(policy, pin, err));
    BL_TRY(bl_tpm_policy_digest(policy, digest, err));
    BL_TRY(bl_tpm_public_decode(bulla_buffer_bytes(&sealed->public_area), &public_area, err));
    BL_TRY(bl_tpm_private_decode(bulla_buffer_bytes(&sealed->private_area), &private_area, err));
    BL_TRY(check_public(&public_area, digest, policy->with_pin, is_imported, err));
    if (policy->authority != NULL)
        BL_TRY(bl_tpm_authorize_begin(tpm, policy, &authorization, err));
    BL_TRY(bl_tpm_srk(tpm, &sealed->srk_name, &srk, err));
    if (is_imported)
        BL_TRY(bl_tpm_import(tpm, &srk, &public_area, bulla_buffer_bytes(&sealed->import_seed),
                             &private_area, err));
    BL_TRY(load(tpm, &srk, &public_area, &private_area, &object, err));
    BL_TRY(set_auth(&object, pin, err));
    struct unsealing u = { .tpm = tpm,
                           .policy = policy,
                           .srk = &srk,
                           .object = &object,
                           .authorization = &authorization };
    return unseal_retrying(&u, secret_out, err);
}
