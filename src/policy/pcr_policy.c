/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/pcr_policy.h"

#include <string.h>

#include "base/memory.h"
#include "codec/writer.h"
#include "tee/tpm/structures.h"

static const char where[] = "signed policy";

#define KEY_NAME_ALGORITHM 0x000bu /* TPM_ALG_SHA256 */

/* -- the reference ----------------------------------------------------------------------------- */

/* Every part but the last has one size: no two triples have one text. */
enum bulla_status
bl_pcr_policy_ref(struct bulla_bytes counter_name, struct bulla_bytes class_name,
                  uint8_t ref_out[BL_PCR_POLICY_REF_SIZE], struct bulla_error *err)
{
    uint8_t counter[BL_POLICY_NAME_SIZE] = { 0 };
    const struct bulla_bytes parts[] = { BL_LITERAL("BULLA-TPM-POLICY"), BL_LITERAL("seal"),
                                         BL_BYTES_OF(counter), class_name };

    if (counter_name.size != 0 && counter_name.size != sizeof counter)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not the Name of a counter",
                          counter_name.size);
    if (counter_name.size != 0)
        memcpy(counter, counter_name.data, sizeof counter);
    return bl_hash_parts(BL_SHA256, parts, BL_COUNT_OF(parts), ref_out, err);
}

static struct bulla_bytes
counter_name(const struct bl_pcr_policy *policy)
{
    return (struct bulla_bytes){ policy->counter_name.bytes, policy->counter_name.size };
}

/* -- the tree ---------------------------------------------------------------------------------- */

/* Unite up to eight neighbours each; *count becomes the number of groups. Where `at` is not NULL, its
 * group is appended to the path and *at becomes the group's place. */
static enum bulla_status
unite(struct bl_policy_digest *digests, size_t *count, size_t *at, struct bl_pcr_path *path,
      struct bulla_error *err)
{
    size_t group_count = 0;

    for (size_t first = 0; first < *count; first += BL_POLICY_OR_MAX) {
        size_t size = *count - first < BL_POLICY_OR_MAX ? *count - first : BL_POLICY_OR_MAX;
        bool is_ours = at != NULL && *at >= first && *at < first + size;
        if (size > 1) {
            if (is_ours) {
                memcpy(path->lists[path->list_count], digests + first, size * sizeof digests[0]);
                path->counts[path->list_count++] = size;
            }
            BL_TRY(bl_policy_assert_or(&digests[group_count], digests + first, size, err));
        } else {
            digests[group_count] = digests[first];
        }
        if (is_ours) {
            *at = group_count;
            at = NULL; /* this level is settled: the place now counts groups */
        }
        group_count++;
    }
    *count = group_count;
    return BULLA_OK;
}

/* The digest over all branches; with `branch` below their number, the way from it, too. */
static enum bulla_status
fold(const struct bl_pcr_policy *policy, size_t branch, struct bl_pcr_path *path,
     struct bl_policy_digest *root_out, struct bulla_error *err)
{
    size_t count = policy->branch_count;

    if (count == 0 || count > BL_PCR_BRANCH_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "number of branches", count);
    struct bl_policy_digest *digests = bl_alloc(count, sizeof digests[0]);
    if (digests == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    enum bulla_status status = BULLA_OK;
    for (size_t i = 0; i < count && status == BULLA_OK; i++)
        status = bl_policy_assert_pcrs(&digests[i], policy->branches[i].pcrs,
                                       policy->branches[i].values, err);
    while (count > 1 && status == BULLA_OK)
        status = unite(digests, &count, path != NULL ? &branch : NULL, path, err);
    if (status == BULLA_OK)
        *root_out = digests[0];
    bl_free(digests);
    return status;
}

enum bulla_status
bl_pcr_policy_path(const struct bl_pcr_policy *policy, size_t branch, struct bl_pcr_path *path_out,
                   struct bulla_error *err)
{
    struct bl_pcr_path path = { .list_count = 0 };
    struct bl_policy_digest root;

    if (branch >= policy->branch_count)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no such branch", branch);
    BL_TRY(fold(policy, branch, &path, &root, err));
    *path_out = path;
    return BULLA_OK;
}

enum bulla_status
bl_pcr_policy_digest(const struct bl_pcr_policy *policy, struct bl_policy_digest *digest_out,
                     struct bulla_error *err)
{
    struct bl_policy_digest digest;

    BL_TRY(fold(policy, 0, NULL, &digest, err));
    if (policy->counter_index != 0)
        BL_TRY(bl_policy_assert_nv(&digest, counter_name(policy), BL_POLICY_AT_MOST,
                                   policy->sequence, err));
    *digest_out = digest;
    return BULLA_OK;
}

/* -- the signature ----------------------------------------------------------------------------- */

enum bulla_status
bl_pcr_policy_sign(struct bl_pcr_policy *policy, const struct bl_key *key, struct bulla_error *err)
{
    struct bl_policy_digest approved;
    uint8_t ref[BL_PCR_POLICY_REF_SIZE];
    const struct bulla_bytes parts[] = { BL_BYTES_OF(approved.bytes), BL_BYTES_OF(ref) };
    BL_AUTO(bulla_buffer) signature = { 0 };

    if (bl_key_kind(key) != BL_KEY_P256 || !bl_key_has_private(key))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "it is signed with a P-256 key pair", 0);
    BL_TRY(bl_pcr_policy_digest(policy, &approved, err));
    BL_TRY(bl_pcr_policy_ref(counter_name(policy), policy->class_name, ref, err));
    BL_TRY(bl_key_sign(key, parts, 2, &signature, err));
    if (signature.size != sizeof policy->signature)
        return bulla_fail(err, BULLA_E_CRYPTO, where, "size of the signature", signature.size);
    memcpy(policy->signature, signature.data, sizeof policy->signature);
    return BULLA_OK;
}

enum bulla_status
bl_pcr_policy_verify(const struct bl_pcr_policy *policy, const struct bl_key *authority,
                     const uint8_t ref[BL_PCR_POLICY_REF_SIZE], struct bulla_error *err)
{
    struct bl_policy_digest approved;
    uint8_t own_ref[BL_PCR_POLICY_REF_SIZE];
    const struct bulla_bytes parts[] = { BL_BYTES_OF(approved.bytes), BL_BYTES_OF(own_ref) };

    if (bl_key_kind(authority) != BL_KEY_P256)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "the key of an authority is P-256", 0);
    BL_TRY(bl_pcr_policy_ref(counter_name(policy), policy->class_name, own_ref, err));
    if (!bl_equal(BL_BYTES_OF(own_ref), (struct bulla_bytes){ ref, BL_PCR_POLICY_REF_SIZE }))
        return bulla_fail_cause(err, BULLA_CAUSE_POLICY_NOT_SIGNED, where,
                                "it is for another counter or another class of blobs");
    BL_TRY(bl_pcr_policy_digest(policy, &approved, err));
    struct bulla_error reason = { 0 };
    enum bulla_status status =
        bl_key_verify(authority, parts, 2, BL_BYTES_OF(policy->signature), &reason);
    if (status == BULLA_E_SIGNATURE)
        return bulla_fail_cause(err, BULLA_CAUSE_POLICY_NOT_SIGNED, where,
                                "not signed by the authority that this was sealed to");
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = reason;
    return status;
}

/* -- Names ------------------------------------------------------------------------------------- */

enum bulla_status
bl_pcr_authority_public(const struct bl_key *authority, struct bulla_buffer *out,
                        struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) point = { 0 }; /* 04 | x | y */

    if (bl_key_kind(authority) != BL_KEY_P256)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "the key of an authority is P-256", 0);
    BL_TRY(bl_key_raw_public(authority, &point, err));
    if (point.size != 65)
        return bulla_fail(err, BULLA_E_CRYPTO, where, "size of the public key", point.size);
    struct bl_writer w = bl_writer(out); /* TPMT_PUBLIC (Part 2, 12.2.4) */
    bl_write_u16be(&w, BL_TPM_ALG_ECC);
    bl_write_u16be(&w, KEY_NAME_ALGORITHM);
    bl_write_u32be(&w, BL_TPM_SIGN | BL_TPM_USER_WITH_AUTH);
    bl_write_u16be(&w, 0); /* no policy of its own */
    bl_write_u16be(&w, BL_TPM_ALG_NULL);
    bl_write_u16be(&w, BL_TPM_ALG_ECDSA);
    bl_write_u16be(&w, KEY_NAME_ALGORITHM);
    bl_write_u16be(&w, BL_TPM_CURVE_P256);
    bl_write_u16be(&w, BL_TPM_ALG_NULL); /* KDF */
    bl_write_sized_u16be(&w, (struct bulla_bytes){ point.data + 1, 32 });
    bl_write_sized_u16be(&w, (struct bulla_bytes){ point.data + 33, 32 });
    return bl_writer_finish(&w, err);
}

/* nameAlg || SHA-256(area) */
static enum bulla_status
name_of(struct bulla_bytes area, struct bl_tpm_name *name_out, struct bulla_error *err)
{
    struct bl_tpm_name name = { .size = BL_POLICY_NAME_SIZE };

    name.bytes[1] = KEY_NAME_ALGORITHM;
    BL_TRY(bl_hash_once(BL_SHA256, area, name.bytes + 2, err));
    *name_out = name;
    return BULLA_OK;
}

enum bulla_status
bl_pcr_authority_name(const struct bl_key *authority, struct bl_tpm_name *name_out,
                      struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) area = { 0 };

    BL_TRY(bl_pcr_authority_public(authority, &area, err));
    return name_of(bulla_buffer_bytes(&area), name_out, err);
}

enum bulla_status
bl_pcr_counter_name(uint32_t index, struct bl_tpm_name *name_out, struct bulla_error *err)
{
    /* TPMA_NV (Part 2, 13.4): counter, written, read and written by its own empty authorization,
     * exempt from lockout */
    const uint32_t attributes = 1u << 4 | 1u << 29 | 1u << 18 | 1u << 2 | 1u << 25;
    BL_AUTO(bulla_buffer) area = { 0 };
    struct bl_writer w = bl_writer(&area); /* TPMS_NV_PUBLIC (Part 2, 13.5) */

    bl_write_u32be(&w, index);
    bl_write_u16be(&w, KEY_NAME_ALGORITHM);
    bl_write_u32be(&w, attributes);
    bl_write_u16be(&w, 0); /* no policy */
    bl_write_u16be(&w, 8); /* bytes of content */
    BL_TRY(bl_writer_finish(&w, err));
    return name_of(bulla_buffer_bytes(&area), name_out, err);
}

/* -- which branch ------------------------------------------------------------------------------ */

struct bulla_bytes
bl_pcr_branch_value(const struct bl_pcr_branch *branch, unsigned pcr)
{
    size_t size = bl_hash_size(branch->pcrs.bank);

    if (pcr >= BL_PCR_COUNT || (branch->pcrs.mask >> pcr & 1) == 0)
        return (struct bulla_bytes){ NULL, 0 };
    size_t place = (size_t)__builtin_popcount(branch->pcrs.mask & (((uint32_t)1 << pcr) - 1));
    return (struct bulla_bytes){ branch->values.data + place * size, size };
}

static uint32_t
compare_branch(const struct bl_pcr_branch *branch, const struct bl_pcr_bank *banks,
               size_t bank_count)
{
    static const struct bl_pcr_bank nothing;
    const struct bl_pcr_bank *bank = &nothing;
    uint32_t differs = 0;

    for (size_t i = 0; i < bank_count; i++)
        if (banks[i].hash == branch->pcrs.bank)
            bank = &banks[i];
    for (unsigned pcr = 0; pcr < BL_PCR_COUNT; pcr++) {
        struct bulla_bytes expected = bl_pcr_branch_value(branch, pcr);
        if (expected.size > 0 && !bl_equal(bl_pcr_value(bank, pcr), expected))
            differs |= (uint32_t)1 << pcr;
    }
    return differs;
}

struct bl_pcr_match
bl_pcr_policy_match(const struct bl_pcr_policy *policy, const struct bl_pcr_bank *banks,
                    size_t bank_count)
{
    struct bl_pcr_match best = { .differs = UINT32_MAX };

    for (size_t i = 0; i < policy->branch_count && best.differs != 0; i++) {
        uint32_t differs = compare_branch(&policy->branches[i], banks, bank_count);
        if (__builtin_popcount(differs) < __builtin_popcount(best.differs))
            best = (struct bl_pcr_match){ .branch = i, .differs = differs };
    }
    return best;
}

uint32_t
bl_pcr_policy_mask(const struct bl_pcr_policy *policy, enum bl_hash bank)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < policy->branch_count; i++)
        if (policy->branches[i].pcrs.bank == bank)
            mask |= policy->branches[i].pcrs.mask;
    return mask;
}

void
bl_pcr_policy_done(struct bl_pcr_policy *policy)
{
    bl_free(policy->branches);
    *policy = (struct bl_pcr_policy){ 0 };
}
