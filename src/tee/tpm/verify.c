/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/verify.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/x509.h"
#include "tee/tpm/evidence.h"
#include "tee/tpm/quote.h"

static const char kind[] = "tpm";

static const struct bl_pcr_selection enclave_selection = { .bank = BL_SHA256,
                                                           .mask = BL_ENCLAVE_PCR_MASK };

/* One layer of our own evidence: a TPM's key by its attributes, and its quote. What stands behind
 * the key is the caller's question. */
static enum bulla_status
verify_layer(const struct bl_tpm_layer *layer, struct bl_pcr_selection requested,
             struct bulla_bytes extra_data, bool with_extra_data, struct bl_key **key_out,
             struct bl_tpm_claims *claims, struct bulla_error *err)
{
    struct bl_tpm_public ak;
    struct bl_pcr_bank pcrs;

    BL_TRY(bl_tpm2b_public_decode(layer->ak_public, &ak, err));
    BL_TRY(bl_tpm_ak_attributes(&ak, err));
    BL_TRY(bl_tpm_public_key(&ak, key_out, err));
    BL_TRY(bl_pcr_bank_read(layer->selection, layer->pcr_values, &pcrs, err));
    const struct bl_tpm_quote quote = {
        .attest = layer->attest,
        .signature = layer->signature,
        .key = *key_out,
        .ak = &ak,
        .pcrs = &pcrs,
        .event_log = layer->event_log,
        .extra_data = extra_data,
        .with_extra_data = with_extra_data,
        .requested = requested,
    };
    return bl_tpm_quote_verify(&quote, claims, err);
}

/* -- the enclave layer ------------------------------------------------------------------------- */

static struct bl_claim_bytes
claim_digest(const uint8_t digest[32])
{
    struct bl_claim_bytes claim = { .size = 32 };

    memcpy(claim.bytes, digest, 32);
    return claim;
}

static void
claim_identity(const struct bl_enclave_identity *identity, struct bl_claims *claims)
{
    claims->code = claim_digest(identity->code);
    claims->signer = claim_digest(identity->signer);
    claims->config = claim_digest(identity->config);
    memcpy(claims->product, identity->product, sizeof claims->product);
    claims->version = (struct bl_claim_number){ .is_present = true, .value = identity->version };
    claims->isolation = identity->isolation;
    claims->isolation_facts = claim_digest(identity->isolation_digest);
}

/* The log says who the enclave is; the quoted PCRs say whether that is so. */
static enum bulla_status
read_identity(struct bulla_bytes log, struct bl_claims *claims, struct bulla_error *err)
{
    struct bl_enclave_identity identity;
    struct bl_pcr_bank predicted;

    BL_TRY(bl_enclave_log_read(log, &identity, err));
    BL_TRY(bl_enclave_predict(&identity, &predicted, err));
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++) {
        unsigned pcr = BL_ENCLAVE_PCR_FIRST + i;
        struct bulla_bytes found = bl_pcr_value(&claims->enclave.pcrs, pcr);
        struct bulla_bytes expected = bl_pcr_value(&predicted, pcr);
        if (bl_equal(found, expected))
            continue;
        enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_LOG_MISMATCH, "enclave log",
                                                    "is not what was extended");
        bulla_error_values(err, bulla_value_bytes(found), bulla_value_bytes(expected));
        return status;
    }
    claim_identity(&identity, claims);
    return BULLA_OK;
}

static enum bulla_status
verify_enclave(const struct bl_tpm_evidence *evidence, const struct bl_verification *v,
               struct bl_claims *claims, struct bl_key **key_out, struct bulla_error *err)
{
    BL_TRY(verify_layer(&evidence->enclave, enclave_selection, v->binder,
                        v->binding != BL_BINDING_ABSENT, key_out, &claims->enclave, err));
    return read_identity(evidence->enclave.event_log, claims, err);
}

/* -- the platform layer ------------------------------------------------------------------------ */

/* What the outer quote must carry: the inner AK's Name and what the inner quote carries. */
static enum bulla_status
bind_layers(const struct bl_tpm_claims *enclave, uint8_t out[32], struct bulla_error *err)
{
    struct bl_tpm_name name = { .size = enclave->ak_name.size };

    if (name.size == 0 || name.size > sizeof name.bytes ||
        enclave->extra_data.size != BL_TPM_BINDER_SIZE)
        return bulla_fail_cause(err, BULLA_CAUSE_NONCE_MISMATCH, "TPM evidence",
                                "enclave layer carries no binder of 32 bytes");
    memcpy(name.bytes, enclave->ak_name.bytes, name.size);
    return bl_tpm_platform_binder(&name, enclave->extra_data.bytes, out, err);
}

static void
claim_trust(const struct bl_tpm_trust *trust, struct bl_claims *claims)
{
    claims->anchor = trust->anchor->name;
    claims->platform_class = trust->anchor->platform_class;
    claims->platform_id = trust->platform_id;
}

static enum bulla_status
verify_platform(const struct bl_tpm_evidence *evidence, const struct bl_verification *v,
                struct bl_claims *claims, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    const struct bl_tpm_layer *layer = &evidence->platform;
    struct bulla_bytes expected = v->binder;
    bool with_expected = v->binding != BL_BINDING_ABSENT;
    struct bl_tpm_trust trust;
    uint8_t binder[32];

    if (evidence->enclave.is_present) { /* the two layers hang together whatever the caller gave */
        BL_TRY(bind_layers(&claims->enclave, binder, err));
        expected = BL_BYTES_OF(binder);
        with_expected = true;
    }
    BL_TRY(
        verify_layer(layer, v->requested, expected, with_expected, &key, &claims->platform, err));
    BL_TRY(bl_tpm_ak_trust(key, layer->ak_chain, layer->ak_chain_count, v->anchors, v->anchor_count,
                           v->now_s, &trust, err));
    claim_trust(&trust, claims);
    return BULLA_OK;
}

/* Nobody measured the monitor: whoever has an AK of a TPM, be it of hardware, extends PCR 8 to 12
 * as he likes. So the anchor's class counts for nothing here. */
static enum bulla_status
trust_enclave_alone(const struct bl_tpm_layer *layer, const struct bl_key *key,
                    const struct bl_verification *v, struct bl_claims *claims,
                    struct bulla_error *err)
{
    struct bl_tpm_trust trust;

    BL_TRY(bl_tpm_ak_trust(key, layer->ak_chain, layer->ak_chain_count, v->anchors, v->anchor_count,
                           v->now_s, &trust, err));
    claim_trust(&trust, claims);
    claims->platform_class = BL_CLASS_SOFTWARE;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
              struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) enclave_key = NULL;
    struct bl_tpm_evidence evidence;
    struct bl_claims claims = { .kind = kind, .binding = verification->binding };

    BL_TRY(bl_check_arguments(verification, err));
    BL_TRY(bl_tpm_evidence_decode(verification->evidence, &evidence, err));
    if (evidence.enclave.is_present)
        BL_TRY(verify_enclave(&evidence, verification, &claims, &enclave_key, err));
    if (evidence.platform.is_present)
        BL_TRY(verify_platform(&evidence, verification, &claims, err));
    else
        BL_TRY(trust_enclave_alone(&evidence.enclave, enclave_key, verification, &claims, err));
    *claims_out = claims;
    return BULLA_OK;
}

/* -- a bare quote ------------------------------------------------------------------------------ */

static enum bulla_status
leaf_key(const struct bl_tpm_bare *bare, struct bl_key **key_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_certificate) leaf = NULL;

    BL_TRY(bl_certificate_parse(bare->chain[0], &leaf, err));
    return bl_certificate_key(leaf, key_out, err);
}

static enum bulla_status
enrolled_key(const struct bl_verification *context, struct bl_key **key_out,
             struct bulla_error *err)
{
    const struct bl_anchor *found = NULL;

    for (size_t i = 0; i < context->anchor_count; i++) {
        if (context->anchors[i].kind != BL_ANCHOR_AK)
            continue;
        if (found != NULL)
            return bulla_fail(err, BULLA_E_ARGUMENT, "TPM quote", "which of several keys?", i);
        found = &context->anchors[i];
    }
    if (found == NULL)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "TPM quote", "no attestation key given", 0);
    return bl_key_from_spki(found->der, key_out, err);
}

/* A key to verify with; trusted only once bl_tpm_ak_trust() has found its anchor. */
static enum bulla_status
candidate_key(const struct bl_tpm_bare *bare, const struct bl_verification *context,
              struct bl_tpm_public *ak, struct bl_key **key_out, struct bulla_error *err)
{
    if (bare->ak_public.size == 0)
        return bare->chain_count > 0 ? leaf_key(bare, key_out, err)
                                     : enrolled_key(context, key_out, err);
    BL_TRY(bl_tpmt_public_decode(bare->ak_public, ak, err));
    BL_TRY(bl_tpm_ak_attributes(ak, err));
    return bl_tpm_public_key(ak, key_out, err);
}

enum bulla_status
bl_tpm_verify_bare(const struct bl_tpm_bare *bare, const struct bl_verification *context,
                   struct bl_claims *claims_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bl_claims claims = { .kind = kind, .binding = context->binding };
    struct bl_tpm_public ak;
    struct bl_tpm_trust trust;

    BL_TRY(candidate_key(bare, context, &ak, &key, err));
    const struct bl_tpm_quote quote = {
        .attest = bare->attest,
        .signature = bare->signature,
        .key = key,
        .ak = bare->ak_public.size > 0 ? &ak : NULL,
        .pcrs = bare->pcrs,
        .event_log = bare->event_log,
        .extra_data = context->binder,
        .with_extra_data = context->binding != BL_BINDING_ABSENT,
        .requested = context->requested,
        .allows_sha1 = bare->allows_sha1,
    };
    BL_TRY(bl_tpm_quote_verify(&quote, &claims.platform, err));
    BL_TRY(bl_tpm_ak_trust(key, bare->chain, bare->chain_count, context->anchors,
                           context->anchor_count, context->now_s, &trust, err));
    claim_trust(&trust, &claims);
    *claims_out = claims;
    return BULLA_OK;
}
