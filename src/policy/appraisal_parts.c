/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/appraisal_parts.h"

#include <string.h>

#define WORD_SIZE_MAX 16u /* bytes: subjects and bindings have seven at most */

static struct bulla_bytes
text(const char *string)
{
    return (struct bulla_bytes){ (const uint8_t *)string, strlen(string) };
}

void
bl_policy_write_head(struct bl_writer *w, uint64_t format, const struct bl_appraisal_policy *policy)
{
    bl_cbor_write_uint(w, BL_POLICY_KEY_FORMAT);
    bl_cbor_write_uint(w, format);
    bl_cbor_write_uint(w, BL_POLICY_KEY_NAME);
    bl_cbor_write_text(w, text(policy->name));
    bl_cbor_write_uint(w, BL_POLICY_KEY_VERSION);
    bl_cbor_write_uint(w, policy->version);
    bl_cbor_write_uint(w, BL_POLICY_KEY_SUBJECT);
    bl_cbor_write_text(w, text(bl_policy_subject_word(policy->subject)));
    bl_cbor_write_uint(w, BL_POLICY_KEY_BINDING);
    bl_cbor_write_text(w, text(bl_binding_word(policy->binding)));
}

bool
bl_policy_read_head(struct bl_reader *r, uint64_t key, struct bl_appraisal_policy *policy)
{
    struct bulla_bytes name;

    switch (key) {
    case BL_POLICY_KEY_FORMAT:
        (void)bl_cbor_read_uint(r);
        return true;
    case BL_POLICY_KEY_NAME:
        name = bl_policy_read_text(r, BL_POLICY_NAME_SIZE_MAX);
        if (name.size > 0)
            memcpy(policy->name, name.data, name.size);
        return true;
    case BL_POLICY_KEY_VERSION:
        policy->version = bl_cbor_read_uint(r);
        return true;
    case BL_POLICY_KEY_SUBJECT:
        policy->subject = bl_policy_subject_from_word(bl_cbor_read_text(r, WORD_SIZE_MAX));
        return true;
    case BL_POLICY_KEY_BINDING:
        policy->binding = bl_binding_from_word(bl_cbor_read_text(r, WORD_SIZE_MAX));
        return true;
    default:
        return false;
    }
}

struct bulla_bytes
bl_policy_read_text(struct bl_reader *r, size_t size_max)
{
    struct bulla_bytes found = bl_cbor_read_text(r, size_max);

    if (found.size == 0 || memchr(found.data, 0, found.size) != NULL)
        bl_reader_fail(r, "text is empty or has a NUL");
    return found;
}

struct bulla_bytes
bl_policy_read_digest(struct bl_reader *r)
{
    struct bulla_bytes digest = bl_cbor_read_bytes(r, BL_HASH_SIZE_MAX);

    if (digest.size < BL_POLICY_DIGEST_SIZE_MIN)
        bl_reader_fail(r, "is of no digest's size");
    return digest;
}

void
bl_policy_write_pcr(struct bl_writer *w, struct bl_pcr_selection pcr)
{
    bl_cbor_write_uint(w, bl_tcg_algorithm(pcr.bank));
    bl_cbor_write_uint(w, (uint64_t)__builtin_ctz(pcr.mask));
}

struct bl_pcr_selection
bl_policy_read_pcr(struct bl_reader *r)
{
    uint64_t algorithm = bl_cbor_read_uint(r);
    uint64_t index = bl_cbor_read_uint(r);
    struct bl_pcr_selection pcr = { 0 };

    if (algorithm <= UINT16_MAX)
        pcr.bank = bl_tcg_hash((uint16_t)algorithm);
    if (pcr.bank == BL_HASH_NONE || pcr.bank == BL_SHA1 || index >= BL_PCR_COUNT)
        bl_reader_fail(r, "no such PCR, or a SHA-1 bank");
    else
        pcr.mask = 1u << index;
    return pcr;
}
