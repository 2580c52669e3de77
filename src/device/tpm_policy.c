/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_policy.c: the digest of a policy, computed without a TPM.
 *
 * Spec: TPM 2.0 Part 3, 23.7 (PolicyPCR), 23.9 (PolicyNV), 23.17 (PolicyAuthValue). Each assertion
 * replaces the digest by H(digest || command code || arguments), beginning with zeros.
 */
#include <string.h>

#include <tss2/tss2_tpm2_types.h>

#include "base/memory.h"
#include "codec/writer.h"
#include "device/tpm_internal.h"

#define DIGEST_SIZE 32
#define NV_NAME_SIZE 34 /* bytes: SHA-256 is the only nameAlg of indices that we bind */

/* digest := SHA-256(digest || code || arguments) */
static enum bulla_status
extend(uint8_t digest[DIGEST_SIZE], TPM2_CC code, const struct bulla_buffer *arguments,
       struct bulla_error *err)
{
    const uint8_t code_be[4] = { (uint8_t)(code >> 24), (uint8_t)(code >> 16 & 0xff),
                                 (uint8_t)(code >> 8 & 0xff), (uint8_t)(code & 0xff) };
    const struct bulla_bytes parts[] = { { digest, DIGEST_SIZE },
                                         BL_BYTES_OF(code_be),
                                         bulla_buffer_bytes(arguments) };

    return bl_hash_parts(BL_SHA256, parts, 3, digest, err);
}

/* Arguments: TPML_PCR_SELECTION || H(values). */
static enum bulla_status
assert_pcrs(const struct bl_tpm_policy *policy, uint8_t digest[DIGEST_SIZE],
            struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) arguments = { 0 };
    struct bl_writer w = bl_writer(&arguments);
    uint8_t values_digest[DIGEST_SIZE];
    size_t count = (size_t)__builtin_popcount(policy->pcrs.mask);

    BL_TRY(bl_tpm_selection_check(policy->pcrs, err));
    if (policy->pcr_values.size != count * bl_hash_size(policy->pcrs.bank))
        return bulla_fail(err, BULLA_E_ARGUMENT, "TPM policy", "not one value for each PCR",
                          policy->pcr_values.size);
    BL_TRY(bl_hash_once(BL_SHA256, policy->pcr_values, values_digest, err));
    bl_write_u32be(&w, 1); /* one bank */
    bl_write_u16be(&w, bl_tpm_algorithm(policy->pcrs.bank));
    bl_write_u8(&w, 3); /* bytes of bitmap, PCR 0 in the lowest bit of the first */
    bl_write_u8(&w, (uint8_t)(policy->pcrs.mask & 0xff));
    bl_write_u8(&w, (uint8_t)(policy->pcrs.mask >> 8 & 0xff));
    bl_write_u8(&w, (uint8_t)(policy->pcrs.mask >> 16 & 0xff));
    bl_write_bytes(&w, BL_BYTES_OF(values_digest));
    BL_TRY(bl_writer_finish(&w, err));
    return extend(digest, TPM2_CC_PolicyPCR, &arguments, err);
}

/* Arguments: H(operandB || offset || operation) || Name of the index. */
static enum bulla_status
assert_version(const struct bl_tpm_policy *policy, uint8_t digest[DIGEST_SIZE],
               struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) operation = { 0 };
    BL_AUTO(bulla_buffer) arguments = { 0 };
    uint8_t operation_digest[DIGEST_SIZE];

    if (policy->nv_name.size != NV_NAME_SIZE)
        return bulla_fail(err, BULLA_E_ARGUMENT, "TPM policy", "not the Name of an index",
                          policy->nv_name.size);
    struct bl_writer w = bl_writer(&operation);
    bl_write_u64be(&w, policy->nv_minimum);
    bl_write_u16be(&w, 0); /* offset into the index */
    bl_write_u16be(&w, TPM2_EO_UNSIGNED_GE);
    BL_TRY(bl_writer_finish(&w, err));
    BL_TRY(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&operation), operation_digest, err));
    w = bl_writer(&arguments);
    bl_write_bytes(&w, BL_BYTES_OF(operation_digest));
    bl_write_bytes(&w, policy->nv_name);
    BL_TRY(bl_writer_finish(&w, err));
    return extend(digest, TPM2_CC_PolicyNV, &arguments, err);
}

enum bulla_status
bl_tpm_policy_digest(const struct bl_tpm_policy *policy, uint8_t digest_out[32],
                     struct bulla_error *err)
{
    static const struct bulla_buffer no_arguments;
    uint8_t digest[DIGEST_SIZE] = { 0 };

    if (policy->pcrs.mask != 0)
        BL_TRY(assert_pcrs(policy, digest, err));
    if (policy->nv_index != 0)
        BL_TRY(assert_version(policy, digest, err));
    if (policy->with_pin)
        BL_TRY(extend(digest, TPM2_CC_PolicyAuthValue, &no_arguments, err));
    memcpy(digest_out, digest, sizeof digest);
    return BULLA_OK;
}
