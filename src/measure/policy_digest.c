/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/policy_digest.h"

#include "codec/writer.h"

static const char where[] = "TPM policy";

enum command_code { /* TPM_CC, Part 2, 6.5.2 */
                    CC_POLICY_NV = 0x0149,
                    CC_POLICY_AUTHORIZE = 0x016a,
                    CC_POLICY_AUTH_VALUE = 0x016b,
                    CC_POLICY_OR = 0x0171,
                    CC_POLICY_PCR = 0x017f
};

/* digest := SHA-256(digest || code || arguments) */
static enum bulla_status
extend(struct bl_policy_digest *digest, enum command_code code, struct bulla_bytes arguments,
       struct bulla_error *err)
{
    const uint8_t code_be[4] = { 0, 0, (uint8_t)((unsigned)code >> 8),
                                 (uint8_t)((unsigned)code & 0xff) };
    const struct bulla_bytes parts[] = { { digest->bytes, sizeof digest->bytes },
                                         { code_be, sizeof code_be },
                                         arguments };

    return bl_hash_parts(BL_SHA256, parts, 3, digest->bytes, err);
}

static enum bulla_status
check_selection(struct bl_pcr_selection pcrs, struct bulla_bytes values, struct bulla_error *err)
{
    if (pcrs.bank != BL_SHA256 && pcrs.bank != BL_SHA384)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "unknown PCR bank", 0);
    if ((pcrs.mask & ~BL_PCR_MASK_ALL) != 0 || pcrs.mask == 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no such PCR", pcrs.mask);
    if (values.size != (size_t)__builtin_popcount(pcrs.mask) * bl_hash_size(pcrs.bank))
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not one value for each PCR", values.size);
    return BULLA_OK;
}

enum bulla_status
bl_policy_assert_pcrs(struct bl_policy_digest *digest, struct bl_pcr_selection pcrs,
                      struct bulla_bytes values, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) arguments = { 0 }; /* TPML_PCR_SELECTION || H(values) */
    struct bl_writer w = bl_writer(&arguments);
    uint8_t values_digest[BL_POLICY_DIGEST_SIZE];

    BL_TRY(check_selection(pcrs, values, err));
    BL_TRY(bl_hash_once(BL_SHA256, values, values_digest, err));
    bl_write_u32be(&w, 1); /* one bank */
    bl_write_u16be(&w, bl_tcg_algorithm(pcrs.bank));
    bl_write_u8(&w, 3); /* bytes of bitmap, PCR 0 in the lowest bit of the first */
    bl_write_u8(&w, (uint8_t)(pcrs.mask & 0xff));
    bl_write_u8(&w, (uint8_t)(pcrs.mask >> 8 & 0xff));
    bl_write_u8(&w, (uint8_t)(pcrs.mask >> 16 & 0xff));
    bl_write_bytes(&w, (struct bulla_bytes){ values_digest, sizeof values_digest });
    BL_TRY(bl_writer_finish(&w, err));
    return extend(digest, CC_POLICY_PCR, bulla_buffer_bytes(&arguments), err);
}

enum bulla_status
bl_policy_assert_nv(struct bl_policy_digest *digest, struct bulla_bytes nv_name,
                    enum bl_policy_operation operation, uint64_t operand, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) comparison = { 0 };
    BL_AUTO(bulla_buffer) arguments = { 0 }; /* H(operandB || offset || operation) || Name */
    uint8_t comparison_digest[BL_POLICY_DIGEST_SIZE];

    if (nv_name.size != BL_POLICY_NAME_SIZE)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not the Name of an index", nv_name.size);
    struct bl_writer w = bl_writer(&comparison);
    bl_write_u64be(&w, operand);
    bl_write_u16be(&w, 0); /* offset into the index */
    bl_write_u16be(&w, (uint16_t)operation);
    BL_TRY(bl_writer_finish(&w, err));
    BL_TRY(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&comparison), comparison_digest, err));
    w = bl_writer(&arguments);
    bl_write_bytes(&w, (struct bulla_bytes){ comparison_digest, sizeof comparison_digest });
    bl_write_bytes(&w, nv_name);
    BL_TRY(bl_writer_finish(&w, err));
    return extend(digest, CC_POLICY_NV, bulla_buffer_bytes(&arguments), err);
}

enum bulla_status
bl_policy_assert_or(struct bl_policy_digest *digest, const struct bl_policy_digest *branches,
                    size_t count, struct bulla_error *err)
{
    struct bl_policy_digest united = { { 0 } };

    if (count < BL_POLICY_OR_MIN || count > BL_POLICY_OR_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "an OR has two to eight branches", count);
    const struct bulla_bytes all = { branches[0].bytes, count * sizeof branches[0] };
    BL_TRY(extend(&united, CC_POLICY_OR, all, err));
    *digest = united;
    return BULLA_OK;
}

enum bulla_status
bl_policy_assert_authorize(struct bl_policy_digest *digest, struct bulla_bytes key_name,
                           struct bulla_bytes policy_ref, struct bulla_error *err)
{
    struct bl_policy_digest authorized = { { 0 } };

    if (key_name.size != BL_POLICY_NAME_SIZE)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not the Name of a key", key_name.size);
    BL_TRY(extend(&authorized, CC_POLICY_AUTHORIZE, key_name, err));
    const struct bulla_bytes parts[] = { { authorized.bytes, sizeof authorized.bytes },
                                         policy_ref };
    return bl_hash_parts(BL_SHA256, parts, 2, digest->bytes, err);
}

enum bulla_status
bl_policy_assert_auth_value(struct bl_policy_digest *digest, struct bulla_error *err)
{
    return extend(digest, CC_POLICY_AUTH_VALUE, (struct bulla_bytes){ NULL, 0 }, err);
}
