/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/pcr_policy_format.c: a signed policy as bytes. docs/formats/pcr-policy.md.
 */
#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "policy/pcr_policy.h"

static const char where[] = "signed policy";

enum policy_key {
    KEY_SEQUENCE = 1,
    KEY_BRANCHES = 2,
    KEY_COUNTER = 3,
    KEY_SIGNATURE = 4,
    KEY_CLASS = 5
};
#define KEYS_NEEDED 0x16u /* bits of the keys 1, 2 and 4 */
#define KEY_COUNT_MAX 5
#define VALUES_SIZE_MAX ((size_t)BL_PCR_COUNT * BL_HASH_SIZE_MAX)

static void
read_branch(struct bl_reader *r, struct bl_pcr_branch *branch)
{
    if (bl_cbor_read_array(r, 3) != 3)
        bl_reader_fail(r, "a branch is three values");
    uint64_t bank = bl_cbor_read_uint(r);
    uint64_t mask = bl_cbor_read_uint(r);
    branch->values = bl_cbor_read_bytes(r, VALUES_SIZE_MAX);

    branch->pcrs.bank = bank <= UINT16_MAX ? bl_tcg_hash((uint16_t)bank) : BL_HASH_NONE;
    if ((branch->pcrs.bank != BL_SHA256 && branch->pcrs.bank != BL_SHA384) || mask == 0 ||
        mask > BL_PCR_MASK_ALL) {
        bl_reader_fail(r, "unknown PCR bank or index");
        return;
    }
    branch->pcrs.mask = (uint32_t)mask;
    if (branch->values.size !=
        (size_t)__builtin_popcount(branch->pcrs.mask) * bl_hash_size(branch->pcrs.bank))
        bl_reader_fail(r, "size of the PCR values");
}

static enum bulla_status
read_branches(struct bl_reader *r, struct bl_pcr_policy *policy, struct bulla_error *err)
{
    size_t count = bl_cbor_read_array(r, BL_PCR_BRANCH_COUNT_MAX);

    if (count == 0)
        bl_reader_fail(r, "no branches");
    BL_TRY(bl_reader_ok(r, err));
    policy->branches = bl_alloc(count, sizeof policy->branches[0]);
    if (policy->branches == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    policy->branch_count = count;
    for (size_t i = 0; i < count; i++)
        read_branch(r, &policy->branches[i]);
    return BULLA_OK;
}

static void
read_counter(struct bl_reader *r, struct bl_pcr_policy *policy)
{
    if (bl_cbor_read_array(r, 2) != 2)
        bl_reader_fail(r, "a counter is two values");
    uint64_t index = bl_cbor_read_uint(r);
    bl_cbor_read_bytes_exact(r, policy->counter_name.bytes, BL_POLICY_NAME_SIZE);
    policy->counter_name.size = BL_POLICY_NAME_SIZE;
    if (index == 0 || index > UINT32_MAX)
        bl_reader_fail(r, "number of an NV index");
    else
        policy->counter_index = (uint32_t)index;
}

static void
read_class(struct bl_reader *r, struct bl_pcr_policy *policy)
{
    policy->class_name = bl_cbor_read_text(r, BL_PCR_POLICY_CLASS_SIZE_MAX);
    if (policy->class_name.size == 0)
        bl_reader_fail(r, "a class that is empty must be left out");
}

static enum bulla_status
read_value(struct bl_reader *r, uint64_t key, struct bl_pcr_policy *policy, struct bulla_error *err)
{
    switch (key) {
    case KEY_SEQUENCE:
        policy->sequence = bl_cbor_read_uint(r);
        return BULLA_OK;
    case KEY_BRANCHES:
        return read_branches(r, policy, err);
    case KEY_COUNTER:
        read_counter(r, policy);
        return BULLA_OK;
    case KEY_SIGNATURE:
        bl_cbor_read_bytes_exact(r, policy->signature, sizeof policy->signature);
        return BULLA_OK;
    case KEY_CLASS:
        read_class(r, policy);
        return BULLA_OK;
    default:
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "unknown key", key);
    }
}

static enum bulla_status
decode(struct bulla_bytes bytes, struct bl_pcr_policy *policy, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);
    struct bl_cbor_map map = bl_cbor_read_map(&r, KEY_COUNT_MAX);
    uint64_t key = 0;
    uint32_t seen = 0;

    while (bl_cbor_map_next_uint(&r, &map, &key)) {
        BL_TRY(read_value(&r, key, policy, err));
        seen |= (uint32_t)1 << key;
    }
    BL_TRY(bl_reader_finish(&r, err));
    if ((seen & KEYS_NEEDED) != KEYS_NEEDED)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a key is missing", 0);
    if (policy->counter_index == 0 && policy->sequence != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a sequence without a counter", 0);
    return BULLA_OK;
}

enum bulla_status
bl_pcr_policy_decode(struct bulla_bytes bytes, struct bl_pcr_policy *policy_out,
                     struct bulla_error *err)
{
    struct bl_pcr_policy policy = { 0 };

    if (bytes.size > BL_PCR_POLICY_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too large", bytes.size);
    enum bulla_status status = decode(bytes, &policy, err);
    if (status != BULLA_OK)
        bl_pcr_policy_done(&policy);
    else
        *policy_out = policy;
    return status;
}

static void
write_branch(struct bl_writer *w, const struct bl_pcr_branch *branch)
{
    bl_cbor_write_array(w, 3);
    bl_cbor_write_uint(w, bl_tcg_algorithm(branch->pcrs.bank));
    bl_cbor_write_uint(w, branch->pcrs.mask);
    bl_cbor_write_bytes(w, branch->values);
}

static void
write_policy(struct bl_writer *w, const struct bl_pcr_policy *policy)
{
    bool with_counter = policy->counter_index != 0;
    bool with_class = policy->class_name.size > 0;

    bl_cbor_write_map(w, 3 + (size_t)with_counter + (size_t)with_class);
    bl_cbor_write_uint(w, KEY_SEQUENCE);
    bl_cbor_write_uint(w, policy->sequence);
    bl_cbor_write_uint(w, KEY_BRANCHES);
    bl_cbor_write_array(w, policy->branch_count);
    for (size_t i = 0; i < policy->branch_count; i++)
        write_branch(w, &policy->branches[i]);
    if (with_counter) {
        bl_cbor_write_uint(w, KEY_COUNTER);
        bl_cbor_write_array(w, 2);
        bl_cbor_write_uint(w, policy->counter_index);
        bl_cbor_write_bytes(
            w, (struct bulla_bytes){ policy->counter_name.bytes, policy->counter_name.size });
    }
    bl_cbor_write_uint(w, KEY_SIGNATURE);
    bl_cbor_write_bytes(w, BL_BYTES_OF(policy->signature));
    if (with_class) {
        bl_cbor_write_uint(w, KEY_CLASS);
        bl_cbor_write_text(w, policy->class_name);
    }
}

/* What was written is read again: nothing leaves that a reader would refuse. */
enum bulla_status
bl_pcr_policy_encode(const struct bl_pcr_policy *policy, struct bulla_buffer *out,
                     struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bl_pcr_policy) again = { 0 };
    struct bl_writer w = bl_writer(&bytes);

    write_policy(&w, policy);
    BL_TRY(bl_writer_finish(&w, err));
    if (bytes.size > BL_PCR_POLICY_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "more states than a blob can carry",
                          bytes.size);
    if (bl_pcr_policy_decode(bulla_buffer_bytes(&bytes), &again, NULL) != BULLA_OK)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not a policy that can be read", 0);
    return bulla_buffer_append(out, bulla_buffer_bytes(&bytes), err);
}
