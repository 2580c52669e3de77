/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/quote.h"

#include <string.h>

#include "base/memory.h"

/* -- the signature ----------------------------------------------------------------------------- */

/* A bare PKCS #1 value is exactly as long as a modulus; a TPMT_SIGNATURE is 6 bytes longer. */
static bool
is_bare_rsa(const struct bl_tpm_quote *quote)
{
    size_t size = quote->signature.size;

    return bl_key_kind(quote->key) == BL_KEY_RSA && (size == 256 || size == 384 || size == 512);
}

static enum bulla_status
decode_signature(const struct bl_tpm_quote *quote, struct bl_tpm_signature *signature,
                 struct bulla_error *err)
{
    if (!is_bare_rsa(quote))
        return bl_tpm_signature_decode(quote->signature, quote->key, signature, err);
    *signature = (struct bl_tpm_signature){ .scheme = BL_TPM_ALG_RSASSA, .hash = BL_SHA256 };
    memcpy(signature->raw, quote->signature.data, quote->signature.size);
    signature->raw_size = quote->signature.size;
    return BULLA_OK;
}

static enum bl_signature_scheme
scheme_of(const struct bl_tpm_signature *signature)
{
    if (signature->scheme == BL_TPM_ALG_ECDSA)
        return BL_SCHEME_ECDSA;
    return signature->scheme == BL_TPM_ALG_RSAPSS ? BL_SCHEME_RSAPSS : BL_SCHEME_RSASSA;
}

static enum bulla_status
verify_signature(const struct bl_tpm_quote *quote, enum bl_hash *hash_out, struct bulla_error *err)
{
    struct bl_tpm_signature signature;
    uint8_t digest[BL_HASH_SIZE_MAX];

    BL_TRY(decode_signature(quote, &signature, err));
    /* The key decides how it signs, not the message. */
    if (quote->ak != NULL &&
        (signature.scheme != quote->ak->scheme || signature.hash != quote->ak->scheme_hash))
        return bulla_fail(err, BULLA_E_SIGNATURE, "TPM quote", "scheme is not the key's own", 0);
    BL_TRY(bl_hash_once(signature.hash, quote->attest, digest, err));
    const struct bulla_bytes hashed = { digest, bl_hash_size(signature.hash) };
    const struct bulla_bytes value = { signature.raw, signature.raw_size };
    if (signature.hash == BL_SHA1 && quote->allows_sha1)
        BL_TRY(bl_key_verify_sha1(quote->key, scheme_of(&signature), hashed, value, err));
    else
        BL_TRY(bl_key_verify_digest(quote->key, scheme_of(&signature), signature.hash, hashed,
                                    value, err));
    *hash_out = signature.hash;
    return BULLA_OK;
}

/* -- what was signed --------------------------------------------------------------------------- */

static enum bulla_status
check_extra_data(const struct bl_tpm_quote *quote, const struct bl_tpm_attest *attest,
                 struct bulla_error *err)
{
    if (!quote->with_extra_data || bl_equal(attest->extra_data, quote->extra_data))
        return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_NONCE_MISMATCH, "TPM quote",
                                                "was not made for this exchange (extraData)");
    bulla_error_values(err, bulla_value_bytes(attest->extra_data),
                       bulla_value_bytes(quote->extra_data));
    return status;
}

static enum bulla_status
fail_selection(const char *what, uint32_t found, uint32_t expected, struct bulla_error *err)
{
    enum bulla_status status =
        bulla_fail_cause(err, BULLA_CAUSE_SELECTION_MISMATCH, "TPM quote", what);

    bulla_error_values(err, bulla_value_number(found), bulla_value_number(expected));
    return status;
}

/* Exactly one bank, at least one PCR, and just those that were asked for (CVE-2024-29039). */
static enum bulla_status
find_selection(const struct bl_tpm_quote *quote, const struct bl_tpm_attest *attest,
               struct bl_pcr_selection *selection_out, struct bulla_error *err)
{
    struct bl_pcr_selection found = { 0 };

    for (size_t i = 0; i < attest->selection_count; i++) {
        if (attest->selections[i].mask == 0)
            continue;
        if (found.mask != 0)
            return fail_selection("covers more than one bank", 0, quote->requested.mask, err);
        found = attest->selections[i];
    }
    if (found.mask == 0 || found.bank == BL_HASH_NONE)
        return fail_selection("covers no PCR of a known bank", 0, quote->requested.mask, err);
    if (quote->requested.mask != 0 &&
        (found.mask != quote->requested.mask || found.bank != quote->requested.bank))
        return fail_selection("covers other PCRs than requested", found.mask, quote->requested.mask,
                              err);
    *selection_out = found;
    return BULLA_OK;
}

/* The values are those that were signed, and none is smuggled in beside them (CVE-2022-0317). */
static enum bulla_status
check_values(const struct bl_tpm_quote *quote, const struct bl_tpm_attest *attest,
             struct bl_pcr_selection selection, enum bl_hash hash, struct bulla_error *err)
{
    uint8_t digest[BL_HASH_SIZE_MAX];
    struct bulla_bytes computed = { digest, bl_hash_size(hash) };

    BL_TRY(bl_pcr_composite(quote->pcrs, selection, hash, digest, err));
    if (quote->pcrs->mask != selection.mask)
        return bulla_fail_cause(err, BULLA_CAUSE_PCR_MISMATCH, "TPM quote",
                                "values given that the quote does not cover");
    if (bl_equal(computed, attest->pcr_digest))
        return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_PCR_MISMATCH, "TPM quote",
                                                "PCR values are not the quoted ones");
    bulla_error_values(err, bulla_value_bytes(computed), bulla_value_bytes(attest->pcr_digest));
    return status;
}

static enum bulla_status
fail_log(const char *what, struct bulla_bytes found, struct bulla_bytes expected, unsigned pcr,
         struct bulla_error *err)
{
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_LOG_MISMATCH, "event log", what);

    bulla_error_values(err, bulla_value_bytes(found), bulla_value_bytes(expected));
    if (err != NULL)
        err->offset = pcr;
    return status;
}

/* The log explains only PCRs that this very quote covers (CVE-2022-0317). */
static enum bulla_status
check_log(const struct bl_tpm_quote *quote, struct bl_tpm_claims *claims, struct bulla_error *err)
{
    struct bl_replay replay;
    uint32_t covered;

    BL_TRY(bl_event_log_replay(quote->event_log, claims->selection.bank, &replay, err));
    covered = replay.touched & claims->pcrs.mask;
    for (unsigned i = 0; i < BL_PCR_COUNT; i++) {
        if ((covered >> i & 1u) == 0)
            continue;
        struct bulla_bytes computed = bl_pcr_value(&replay.bank, i);
        struct bulla_bytes quoted = bl_pcr_value(&claims->pcrs, i);
        if (!bl_equal(computed, quoted))
            return fail_log("does not replay to the quoted PCR", computed, quoted, i, err);
    }
    BL_TRY(bl_replay_check_separators(&replay, covered & BL_PCR_MASK_BOOT, err));
    claims->log_covers = covered;
    claims->event_log = quote->event_log;
    return BULLA_OK;
}

/* -- claims ------------------------------------------------------------------------------------ */

static enum bulla_status
claim_bytes(struct bulla_bytes bytes, struct bl_claim_bytes *claim, struct bulla_error *err)
{
    if (bytes.size > sizeof claim->bytes)
        return bulla_fail(err, BULLA_E_MALFORMED, "TPMS_ATTEST", "name or extraData too long",
                          bytes.size);
    if (bytes.size > 0)
        memcpy(claim->bytes, bytes.data, bytes.size);
    claim->size = bytes.size;
    return BULLA_OK;
}

static struct bl_claim_number
claim_number(uint64_t value)
{
    return (struct bl_claim_number){ .is_present = true, .value = value };
}

static enum bulla_status
fill_claims(const struct bl_tpm_quote *quote, const struct bl_tpm_attest *attest,
            struct bl_tpm_claims *claims, struct bulla_error *err)
{
    BL_TRY(claim_bytes(attest->qualified_signer, &claims->qualified_signer, err));
    BL_TRY(claim_bytes(attest->extra_data, &claims->extra_data, err));
    if (quote->ak != NULL) {
        struct bl_tpm_name name;
        BL_TRY(bl_tpm_public_name(quote->ak, &name, err));
        BL_TRY(claim_bytes((struct bulla_bytes){ name.bytes, name.size }, &claims->ak_name, err));
    }
    claims->clock_ms = claim_number(attest->clock_ms);
    claims->reset_count = claim_number(attest->reset_count);
    claims->restart_count = claim_number(attest->restart_count);
    claims->clock_is_safe =
        (struct bl_claim_flag){ .is_present = true, .value = attest->clock_is_safe };
    claims->firmware_version = claim_number(attest->firmware_version);
    claims->is_present = true;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_quote_verify(const struct bl_tpm_quote *quote, struct bl_tpm_claims *claims_out,
                    struct bulla_error *err)
{
    struct bl_tpm_claims claims = { 0 };
    struct bl_tpm_attest attest;

    BL_TRY(verify_signature(quote, &claims.signature_hash, err));
    BL_TRY(bl_tpm_attest_decode(quote->attest, &attest, err));
    BL_TRY(check_extra_data(quote, &attest, err));
    BL_TRY(find_selection(quote, &attest, &claims.selection, err));
    claims.pcrs.hash = claims.selection.bank;
    if (quote->pcrs != NULL) {
        BL_TRY(check_values(quote, &attest, claims.selection, claims.signature_hash, err));
        claims.pcrs = *quote->pcrs;
    }
    if (quote->event_log.size > 0)
        BL_TRY(check_log(quote, &claims, err));
    BL_TRY(fill_claims(quote, &attest, &claims, err));
    *claims_out = claims;
    return BULLA_OK;
}
