/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_import.c: seal to a TPM that is elsewhere, by the public area of its storage root key.
 *
 * Spec: TPM 2.0 Part 1, 23.3 (duplication, outer wrapper); Part 3, 13.3 (Import).
 * Guarantees: the policy is in the object and holds in the other TPM; its parent is named.
 * Does not: know that the key is in a TPM; a public area proves nothing of where its key is.
 */
#include <string.h>

#include <tss2/tss2_mu.h>

#include "base/memory.h"
#include "codec/writer.h"
#include "crypto/random.h"
#include "device/tpm_internal.h"
#include "tee/tpm/credential.h"

#define WHERE "storage key of the other TPM"
#define SEED_VALUE_SIZE 32 /* bytes: hides the data in `unique` */
#define REQUIRED (BL_TPM_FIXED_TPM | BL_TPM_FIXED_PARENT | BL_TPM_RESTRICTED | BL_TPM_DECRYPT)

enum bulla_status
bl_tpm_storage_public(struct bl_tpm *tpm, struct bulla_buffer *public_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    TPM2B_PUBLIC *area = NULL;
    struct bl_tpm_public decoded;
    struct bl_tpm_name expected;
    struct bl_tpm_name found;

    BL_TRY(bl_tpm_srk(tpm, NULL, &srk, err));
    BL_TRY(bl_tpm_key_name(&srk, &expected, err));
    TSS2_RC rc = Esys_ReadPublic(tpm->esys, srk.tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area,
                                 NULL, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the storage root key cannot be read", err);
    enum bulla_status status = bl_tpm_public_encode(area, &bytes, err);
    Esys_Free(area);
    BL_TRY(status);
    BL_TRY(bl_tpm2b_public_decode(bulla_buffer_bytes(&bytes), &decoded, err));
    BL_TRY(bl_tpm_public_name(&decoded, &found, err));
    if (!bl_tpm_name_equal(&found, &expected))
        return bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, "TPM",
                                "the key that it shows is not the one that it names");
    return bulla_buffer_append(public_out, bulla_buffer_bytes(&bytes), err);
}

/* -- sealing ----------------------------------------------------------------------------------- */

static enum bulla_status
check_parent(const struct bl_tpm_public *parent, struct bulla_error *err)
{
    if ((parent->attributes & REQUIRED) != REQUIRED || (parent->attributes & BL_TPM_SIGN) != 0)
        return bulla_fail(err, BULLA_E_UNTRUSTED, WHERE, "not a storage key that stays in a TPM",
                          parent->attributes);
    return BULLA_OK;
}

/* TPMT_SENSITIVE (Part 2, 12.3.2.4): type, authorization, seed, data. */
static enum bulla_status
make_sensitive(struct bulla_bytes secret, struct bulla_bytes pin, const struct bl_secret *seed,
               struct bl_secret *out, struct bulla_error *err)
{
    size_t auth_size = pin.size > 0 ? 32 : 0;

    BL_TRY(bl_secret_new(out, 2 + 2 + auth_size + 2 + seed->size + 2 + secret.size, err));
    uint8_t *at = out->data;
    at[1] = TPM2_ALG_KEYEDHASH;
    at[3] = (uint8_t)auth_size;
    at += 4;
    if (auth_size > 0)
        BL_TRY(bl_tpm_pin_auth(pin, at, err));
    at += auth_size;
    at[1] = (uint8_t)seed->size;
    memcpy(at + 2, seed->data, seed->size);
    at += 2 + seed->size;
    at[1] = (uint8_t)secret.size;
    memcpy(at + 2, secret.data, secret.size);
    return BULLA_OK;
}

/* nameAlg || H(TPMT_PUBLIC) */
static enum bulla_status
name_of(const TPM2B_PUBLIC *area, struct bl_tpm_name *name_out, struct bulla_error *err)
{
    struct bl_tpm_name name = { .bytes = { 0, TPM2_ALG_SHA256 }, .size = 34 };
    uint8_t bytes[sizeof(TPMT_PUBLIC)];
    size_t size = 0;

    TSS2_RC rc = Tss2_MU_TPMT_PUBLIC_Marshal(&area->publicArea, bytes, sizeof bytes, &size);
    if (rc != TSS2_RC_SUCCESS)
        return bulla_fail(err, BULLA_E_CRYPTO, WHERE, "the object cannot be encoded", rc);
    BL_TRY(bl_hash_once(BL_SHA256, (struct bulla_bytes){ bytes, size }, name.bytes + 2, err));
    *name_out = name;
    return BULLA_OK;
}

static enum bulla_status
make_object(const struct bl_tpm_policy *policy, struct bulla_bytes secret, struct bulla_bytes pin,
            TPM2B_PUBLIC *area_out, struct bl_secret *sensitive_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) seed = { 0 };
    uint8_t digest[32];

    BL_TRY(bl_tpm_policy_digest(policy, digest, err));
    TPM2B_PUBLIC area = bl_tpm_sealed_public(digest, policy->with_pin, /* is_imported= */ true);
    BL_TRY(bl_random_secret(&seed, SEED_VALUE_SIZE, err));
    const struct bulla_bytes parts[] = { bl_secret_bytes(&seed), secret };
    area.publicArea.unique.keyedHash.size = 32;
    BL_TRY(bl_hash_parts(BL_SHA256, parts, 2, area.publicArea.unique.keyedHash.buffer, err));
    BL_TRY(make_sensitive(secret, pin, &seed, sensitive_out, err));
    *area_out = area;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_seal_to(struct bulla_bytes parent, struct bulla_bytes secret,
               const struct bl_tpm_policy *policy, struct bulla_bytes pin,
               struct bl_tpm_sealed *sealed_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_secret) sensitive = { 0 };
    struct bl_tpm_public key;
    struct bl_tpm_name name;
    TPM2B_PUBLIC area;

    BL_TRY(bl_tpm_seal_check(secret, policy, pin, err));
    BL_TRY(bl_tpm2b_public_decode(parent, &key, err));
    BL_TRY(check_parent(&key, err));
    BL_TRY(bl_tpm_public_name(&key, &sealed.srk_name, err));
    BL_TRY(make_object(policy, secret, pin, &area, &sensitive, err));
    BL_TRY(name_of(&area, &name, err));
    BL_TRY(bl_tpm_public_encode(&area, &sealed.public_area, err));
    BL_TRY(bl_tpm_make_duplicate(&key, &name, &sensitive, &sealed.private_area, &sealed.import_seed,
                                 err));
    bl_tpm_sealed_done(sealed_out);
    *sealed_out = sealed;
    sealed = (struct bl_tpm_sealed){ 0 };
    return BULLA_OK;
}

/* -- opening ----------------------------------------------------------------------------------- */

enum bulla_status
bl_tpm_import(struct bl_tpm *tpm, const struct bl_tpm_handle *srk, const TPM2B_PUBLIC *public_area,
              struct bulla_bytes seed, TPM2B_PRIVATE *private_area, struct bulla_error *err)
{
    static const TPM2B_DATA no_key;
    static const TPMT_SYM_DEF_OBJECT no_inner = { .algorithm = TPM2_ALG_NULL };
    TPM2B_ENCRYPTED_SECRET secret = { 0 };
    TPM2B_PRIVATE *imported = NULL;
    size_t offset = 0;

    TSS2_RC rc = Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(seed.data, seed.size, &offset, &secret);
    if (rc != TSS2_RC_SUCCESS || offset != seed.size)
        return bulla_fail(err, BULLA_E_MALFORMED, "sealed object", "seed for its import", offset);
    rc = Esys_Import(tpm->esys, srk->tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &no_key,
                     public_area, private_area, &secret, &no_inner, &imported);
    if (bl_tpm_code(rc) == TPM2_RC_INTEGRITY || bl_tpm_code(rc) == TPM2_RC_VALUE ||
        bl_tpm_code(rc) == TPM2_RC_ECC_POINT || bl_tpm_code(rc) == TPM2_RC_SIZE ||
        bl_tpm_code(rc) == TPM2_RC_BINDING || bl_tpm_code(rc) == TPM2_RC_INSUFFICIENT)
        return bulla_fail_detail(err, BULLA_CAUSE_WRONG_TPM, "sealed object",
                                 "it was not made for this TPM, or was altered", rc);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "it cannot be imported", err);
    *private_area = *imported;
    Esys_Free(imported);
    return BULLA_OK;
}
