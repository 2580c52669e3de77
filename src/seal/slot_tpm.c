/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_tpm.c: an input key sealed in a TPM 2.0 under a policy (device/tpm.h).
 *
 *     tpm-params = { 1: bstr (TPM2B_PUBLIC), 2: bstr (TPM2B_PRIVATE), 3: bstr (Name of the parent),
 *                  ? 5: bstr (SubjectPublicKeyInfo of the authority), 6: bstr (policyRef),
 *                  ? 7: [ uint (TPM_ALG_ID of the bank), uint (mask), bstr (values, ascending) ],
 *                  ? 8: [ uint (NV index), bstr (its Name), uint (least version) ],
 *                  ? 9: true (a PIN as well),
 *                  ? 10: bstr (TPM2B_ENCRYPTED_SECRET: 2 is to be imported below 3) }
 *
 * Guarantees: the parameters describe what the TPM's own policy digest enforces; a description that
 * was changed opens nothing. What the authority signed is beside them (slot key 8) or is given when the
 * blob is opened. Key 4 is kept for templates.
 */
#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "seal/slot_tpm.h"

static const char where[] = "TPM slot";

#define PARAM_COUNT_MAX 9
#define AREA_SIZE_MAX 4096 /* bytes: a TPM2B of the largest TPM is below 2 KiB */
#define TPM_ALG_SHA256 0x000b
#define TPM_ALG_SHA384 0x000c

enum param_key {
    PARAM_PUBLIC = 1,
    PARAM_PRIVATE = 2,
    PARAM_PARENT = 3,
    PARAM_AUTHORITY = 5,
    PARAM_POLICY_REF = 6,
    PARAM_PCRS = 7,
    PARAM_VERSION = 8,
    PARAM_PIN = 9,
    PARAM_IMPORT_SEED = 10
};
#define PARAMS_NEEDED 0x0eu /* bits of the keys 1 to 3 */
#define PARAMS_SIGNED ((uint32_t)1 << PARAM_AUTHORITY | (uint32_t)1 << PARAM_POLICY_REF)
#define AUTHORITY_SIZE_MAX 128 /* bytes: a SubjectPublicKeyInfo of P-256 has 91 */

struct params {
    struct bulla_bytes public_area;  /* borrowed */
    struct bulla_bytes private_area; /* borrowed */
    struct bl_tpm_name srk_name;
    struct bulla_bytes authority;   /* borrowed; empty: none */
    struct bulla_bytes import_seed; /* borrowed; empty: made in its TPM */
    struct bl_tpm_policy policy;    /* without the authority's key */
};

static void
read_name(struct bl_reader *r, struct bl_tpm_name *name)
{
    struct bulla_bytes bytes = bl_cbor_read_bytes(r, sizeof name->bytes);

    if (bytes.size == 0) {
        bl_reader_fail(r, "empty Name");
        return;
    }
    memcpy(name->bytes, bytes.data, bytes.size);
    name->size = bytes.size;
}

static size_t
count_bits(uint32_t mask)
{
    return (size_t)__builtin_popcount(mask);
}

static void
read_pcrs(struct bl_reader *r, struct bl_tpm_policy *policy)
{
    if (bl_cbor_read_array(r, 3) != 3)
        bl_reader_fail(r, "PCRs are three values");
    uint64_t bank = bl_cbor_read_uint(r);
    uint64_t mask = bl_cbor_read_uint(r);
    policy->pcr_values = bl_cbor_read_bytes(r, (size_t)BL_TPM_PCR_COUNT * BL_HASH_SIZE_MAX);

    policy->pcrs.bank = bank == TPM_ALG_SHA256   ? BL_SHA256
                        : bank == TPM_ALG_SHA384 ? BL_SHA384
                                                 : BL_HASH_NONE;
    if (policy->pcrs.bank == BL_HASH_NONE || mask == 0 || mask >> BL_TPM_PCR_COUNT != 0) {
        bl_reader_fail(r, "unknown PCR bank or index");
        return;
    }
    policy->pcrs.mask = (uint32_t)mask;
    if (policy->pcr_values.size != count_bits(policy->pcrs.mask) * bl_hash_size(policy->pcrs.bank))
        bl_reader_fail(r, "size of the PCR values");
}

static void
read_version(struct bl_reader *r, struct bl_tpm_policy *policy)
{
    if (bl_cbor_read_array(r, 3) != 3)
        bl_reader_fail(r, "a version is three values");
    uint64_t index = bl_cbor_read_uint(r);
    policy->nv_name = bl_cbor_read_bytes(r, BL_TPM_NAME_SIZE_MAX);
    policy->nv_minimum = bl_cbor_read_uint(r);
    if (index == 0 || index > UINT32_MAX || policy->nv_name.size == 0) {
        bl_reader_fail(r, "NV index");
        return;
    }
    policy->nv_index = (uint32_t)index;
}

static bool
read_param(struct bl_reader *r, uint64_t key, struct params *params)
{
    switch (key) {
    case PARAM_PUBLIC:
        params->public_area = bl_cbor_read_bytes(r, AREA_SIZE_MAX);
        return true;
    case PARAM_PRIVATE:
        params->private_area = bl_cbor_read_bytes(r, AREA_SIZE_MAX);
        return true;
    case PARAM_PARENT:
        read_name(r, &params->srk_name);
        return true;
    case PARAM_AUTHORITY:
        params->authority = bl_cbor_read_bytes(r, AUTHORITY_SIZE_MAX);
        if (params->authority.size == 0)
            bl_reader_fail(r, "empty key of an authority");
        return true;
    case PARAM_POLICY_REF:
        bl_cbor_read_bytes_exact(r, params->policy.policy_ref, sizeof params->policy.policy_ref);
        return true;
    case PARAM_PCRS:
        read_pcrs(r, &params->policy);
        return true;
    case PARAM_VERSION:
        read_version(r, &params->policy);
        return true;
    case PARAM_PIN:
        params->policy.with_pin = bl_cbor_read_bool(r);
        if (!params->policy.with_pin)
            bl_reader_fail(r, "a PIN mark that is false must be left out");
        return true;
    case PARAM_IMPORT_SEED:
        params->import_seed = bl_cbor_read_bytes(r, AREA_SIZE_MAX);
        if (params->import_seed.size == 0)
            bl_reader_fail(r, "empty seed of an import");
        return true;
    default:
        return false;
    }
}

static enum bulla_status
decode_params(struct bulla_bytes bytes, struct params *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);
    struct bl_cbor_map map = bl_cbor_read_map(&r, PARAM_COUNT_MAX);
    struct params params = { 0 };
    uint64_t key = 0;
    uint32_t seen = 0;

    while (bl_cbor_map_next_uint(&r, &map, &key)) {
        if (!read_param(&r, key, &params))
            return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "unknown parameter", key);
        seen |= (uint32_t)1 << key;
    }
    BL_TRY(bl_reader_finish(&r, err));
    if ((seen & PARAMS_NEEDED) != PARAMS_NEEDED)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a parameter is missing", 0);
    if ((seen & PARAMS_SIGNED) != 0 && (seen & PARAMS_SIGNED) != PARAMS_SIGNED)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "an authority without its policyRef", 0);
    *out = params;
    return BULLA_OK;
}

static enum bulla_status
no_tpm(struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_NO_TPM, where, bl_tpm_slot_no_tpm);
}

static enum bulla_status
check(const struct bl_slot_request *request, const struct bl_opener *opener,
      struct bulla_error *err)
{
    const struct bl_tpm_policy *policy = &request->tpm_policy;

    if (opener->tpm == NULL && request->tpm_parent.size == 0)
        return no_tpm(err);
    if (policy->with_pin != (opener->tpm_pin.size > 0))
        return bulla_fail(err, BULLA_E_USAGE, where, "PIN asked for and PIN given differ", 0);
    bool bank_is_usable = policy->pcrs.bank == BL_SHA256 || policy->pcrs.bank == BL_SHA384;
    if (policy->pcrs.mask != 0 && (!bank_is_usable || policy->pcrs.mask >> BL_TPM_PCR_COUNT != 0))
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, where,
                                "unknown PCR bank or index");
    if (policy->authority != NULL && bl_key_kind(policy->authority) != BL_KEY_P256)
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, where,
                                "whoever signs boot states has a P-256 key");
    if (policy->authority == NULL && request->signed_policy.size > 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a signed policy without an authority", 0);
    return BULLA_OK;
}

static unsigned
bank_algorithm(enum bl_hash bank)
{
    return bank == BL_SHA384 ? TPM_ALG_SHA384 : TPM_ALG_SHA256;
}

static enum bulla_status
encode_params(const struct bl_tpm_sealed *sealed, const struct bl_tpm_policy *policy,
              struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);
    BL_AUTO(bulla_buffer) authority = { 0 };

    if (policy->authority != NULL)
        BL_TRY(bl_key_spki(policy->authority, &authority, err));
    bl_cbor_write_map(&w, 3 + (policy->authority != NULL ? 2u : 0u) +
                              (size_t)(policy->pcrs.mask != 0) + (size_t)(policy->nv_index != 0) +
                              (size_t)policy->with_pin + (size_t)(sealed->import_seed.size > 0));
    bl_cbor_write_uint(&w, PARAM_PUBLIC);
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&sealed->public_area));
    bl_cbor_write_uint(&w, PARAM_PRIVATE);
    bl_cbor_write_bytes(&w, bulla_buffer_bytes(&sealed->private_area));
    bl_cbor_write_uint(&w, PARAM_PARENT);
    bl_cbor_write_bytes(&w, (struct bulla_bytes){ sealed->srk_name.bytes, sealed->srk_name.size });
    if (policy->authority != NULL) {
        bl_cbor_write_uint(&w, PARAM_AUTHORITY);
        bl_cbor_write_bytes(&w, bulla_buffer_bytes(&authority));
        bl_cbor_write_uint(&w, PARAM_POLICY_REF);
        bl_cbor_write_bytes(&w, BL_BYTES_OF(policy->policy_ref));
    }
    if (policy->pcrs.mask != 0) {
        bl_cbor_write_uint(&w, PARAM_PCRS);
        bl_cbor_write_array(&w, 3);
        bl_cbor_write_uint(&w, bank_algorithm(policy->pcrs.bank));
        bl_cbor_write_uint(&w, policy->pcrs.mask);
        bl_cbor_write_bytes(&w, policy->pcr_values);
    }
    if (policy->nv_index != 0) {
        bl_cbor_write_uint(&w, PARAM_VERSION);
        bl_cbor_write_array(&w, 3);
        bl_cbor_write_uint(&w, policy->nv_index);
        bl_cbor_write_bytes(&w, policy->nv_name);
        bl_cbor_write_uint(&w, policy->nv_minimum);
    }
    if (policy->with_pin) {
        bl_cbor_write_uint(&w, PARAM_PIN);
        bl_cbor_write_bool(&w, true);
    }
    if (sealed->import_seed.size > 0) {
        bl_cbor_write_uint(&w, PARAM_IMPORT_SEED);
        bl_cbor_write_bytes(&w, bulla_buffer_bytes(&sealed->import_seed));
    }
    return bl_writer_finish(&w, err);
}

static enum bulla_status
make(const struct bl_slot_making *making, const struct bl_slot *slot,
     struct bulla_buffer *params_out, struct bl_secret *input_key_out, struct bulla_error *err)
{
    const struct bl_tpm_policy *policy = &making->request->tpm_policy;
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_secret) input_key = { 0 };

    (void)slot;
    BL_TRY(bl_entropy_secret(making->entropy, &input_key, BL_CONTENT_KEY_SIZE, err));
    struct bulla_bytes pin = making->opener->tpm_pin;
    if (making->request->tpm_parent.size > 0)
        BL_TRY(bl_tpm_seal_to(making->request->tpm_parent, bl_secret_bytes(&input_key), policy, pin,
                              &sealed, err));
    else
        BL_TRY(bl_tpm_seal(making->opener->tpm, bl_secret_bytes(&input_key), policy, pin, &sealed,
                           err));
    BL_TRY(encode_params(&sealed, policy, params_out, err));
    *input_key_out = bl_secret_take(&input_key);
    return BULLA_OK;
}

/* What is opened: the object, its policy, and whose it is. */
struct opening {
    struct params params;
    struct bl_tpm_sealed sealed;
    struct bl_key *authority;
    struct bl_pcr_policy signed_policy;
};

static void
opening_done(struct opening *opening)
{
    bl_tpm_sealed_done(&opening->sealed);
    bl_key_free(opening->authority);
    bl_pcr_policy_done(&opening->signed_policy);
}

static enum bulla_status
prepare_authority(const struct bl_slot *slot, const struct bl_opener *opener,
                  struct opening *opening, struct bulla_error *err)
{
    struct bl_tpm_policy *policy = &opening->params.policy;
    struct bulla_bytes signed_policy =
        opener->signed_policy.size > 0 ? opener->signed_policy : slot->signed_policy;

    if (opening->params.authority.size == 0)
        return BULLA_OK;
    BL_TRY(bl_key_from_spki(opening->params.authority, &opening->authority, err));
    policy->authority = opening->authority;
    if (signed_policy.size == 0)
        return BULLA_OK; /* opening says so */
    BL_TRY(bl_pcr_policy_decode(signed_policy, &opening->signed_policy, err));
    policy->signed_policy = &opening->signed_policy;
    return BULLA_OK;
}

static enum bulla_status
prepare(const struct bl_slot *slot, const struct bl_opener *opener, struct opening *opening,
        struct bulla_error *err)
{
    const struct params *params = &opening->params;

    BL_TRY(decode_params(slot->params, &opening->params, err));
    if (opener->tpm == NULL)
        return no_tpm(err);
    if (params->policy.with_pin && opener->tpm_pin.size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_SLOT_OPENS, where, "no PIN was given");
    BL_TRY(prepare_authority(slot, opener, opening, err));
    BL_TRY(bulla_buffer_append(&opening->sealed.public_area, params->public_area, err));
    BL_TRY(bulla_buffer_append(&opening->sealed.private_area, params->private_area, err));
    BL_TRY(bulla_buffer_append(&opening->sealed.import_seed, params->import_seed, err));
    opening->sealed.srk_name = params->srk_name;
    return BULLA_OK;
}

static enum bulla_status
unseal(const struct opening *opening, const struct bl_opener *opener,
       struct bl_secret *input_key_out, struct bulla_error *err)
{
    const struct bl_tpm_policy *policy = &opening->params.policy;
    struct bulla_bytes pin = policy->with_pin ? opener->tpm_pin : (struct bulla_bytes){ NULL, 0 };
    struct bulla_error failure = { 0 };
    enum bulla_status status =
        bl_tpm_unseal(opener->tpm, &opening->sealed, policy, pin, input_key_out, &failure);

    if (status == BULLA_E_INTEGRITY)
        return bulla_fail_cause(err, BULLA_CAUSE_SLOT_ALTERED, where,
                                "what it says of itself is not what the TPM enforces");
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = failure;
    return status;
}

static enum bulla_status
open_slot(const struct bl_slot *slot, const struct bl_blob_binding *binding,
          struct bl_slot_session *session, struct bl_secret *input_key_out, struct bulla_error *err)
{
    BL_AUTO(opening) opening = { 0 };
    BL_AUTO(bl_secret) input_key = { 0 };

    (void)binding;
    BL_TRY(prepare(slot, session->opener, &opening, err));
    BL_TRY(unseal(&opening, session->opener, &input_key, err));
    if (input_key.size != BL_CONTENT_KEY_SIZE)
        return bulla_fail_cause(err, BULLA_CAUSE_SLOT_ALTERED, where,
                                "the TPM object holds something else");
    *input_key_out = bl_secret_take(&input_key);
    return BULLA_OK;
}

static enum bulla_status
summarize(const struct bl_slot *slot, struct bl_slot_summary *summary, struct bulla_error *err)
{
    struct params params;

    BL_TRY(decode_params(slot->params, &params, err));
    summary->pcrs = params.policy.pcrs;
    summary->pcr_values = params.policy.pcr_values;
    summary->srk_name = params.srk_name;
    summary->nv_index = params.policy.nv_index;
    summary->nv_minimum = params.policy.nv_minimum;
    summary->with_pin = params.policy.with_pin;
    summary->authority = params.authority;
    memcpy(summary->policy_ref, params.policy.policy_ref, sizeof summary->policy_ref);
    summary->signed_policy = slot->signed_policy;
    summary->is_imported = params.import_seed.size > 0;
    return BULLA_OK;
}

const struct bl_slot_kind bl_slot_tpm = {
    .type = BL_SLOT_TPM2,
    .turn = 0,
    .check = check,
    .make = make,
    .open = open_slot,
    .wrong_key = BULLA_CAUSE_SLOT_ALTERED,
    .wrong_key_what = "the slot was altered: the TPM opened its object and the key is another",
    .summarize = summarize,
    .forecast = bl_tpm_slot_forecast,
};
