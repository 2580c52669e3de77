/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/pcr.h"

#include <string.h>

#include "base/memory.h"
#include "codec/words.h"

#define PCR_DYNAMIC_FIRST 17u /* PCR 17 to 22: reset by a dynamic launch, all ones before it */
#define PCR_DYNAMIC_LAST 22u

static const struct {
    uint16_t algorithm; /* TPM_ALG_ID */
    enum bl_hash hash;
} known_hashes[] = {
    { 0x0004, BL_SHA1 },
    { 0x000b, BL_SHA256 },
    { 0x000c, BL_SHA384 },
    { 0x000d, BL_SHA512 },
};
#define KNOWN_HASH_COUNT (sizeof known_hashes / sizeof known_hashes[0])

enum bl_hash
bl_tcg_hash(uint16_t algorithm)
{
    for (size_t i = 0; i < KNOWN_HASH_COUNT; i++)
        if (known_hashes[i].algorithm == algorithm)
            return known_hashes[i].hash;
    return BL_HASH_NONE;
}

uint16_t
bl_tcg_algorithm(enum bl_hash hash)
{
    for (size_t i = 0; i < KNOWN_HASH_COUNT; i++)
        if (known_hashes[i].hash == hash)
            return known_hashes[i].algorithm;
    return 0;
}

static const char *const bank_words[] = { [BL_HASH_NONE] = "none",
                                          [BL_SHA1] = "sha1",
                                          [BL_SHA256] = "sha256",
                                          [BL_SHA384] = "sha384",
                                          [BL_SHA512] = "sha512" };

const char *
bl_bank_word(enum bl_hash hash)
{
    return bl_word_of(bank_words, BL_COUNT_OF(bank_words), (int)hash);
}

enum bl_hash
bl_bank_from_word(struct bulla_bytes word)
{
    return (enum bl_hash)bl_word_value(bank_words, BL_COUNT_OF(bank_words), word);
}

static bool
is_known(const struct bl_pcr_bank *bank, unsigned index)
{
    return index < BL_PCR_COUNT && (bank->mask >> index & 1u) != 0;
}

struct bulla_bytes
bl_pcr_value(const struct bl_pcr_bank *bank, unsigned index)
{
    if (!is_known(bank, index))
        return (struct bulla_bytes){ NULL, 0 };
    return (struct bulla_bytes){ bank->values[index], bl_hash_size(bank->hash) };
}

enum bulla_status
bl_pcr_set(struct bl_pcr_bank *bank, unsigned index, struct bulla_bytes value,
           struct bulla_error *err)
{
    if (index >= BL_PCR_COUNT)
        return bulla_fail(err, BULLA_E_MALFORMED, "PCR bank", "no such PCR", index);
    if (value.size == 0 || value.size != bl_hash_size(bank->hash))
        return bulla_fail(err, BULLA_E_MALFORMED, "PCR bank", "value is not of the bank's size",
                          index);
    memcpy(bank->values[index], value.data, value.size);
    bank->mask |= 1u << index;
    return BULLA_OK;
}

enum bulla_status
bl_pcr_bank_read(struct bl_pcr_selection selection, struct bulla_bytes values,
                 struct bl_pcr_bank *bank_out, struct bulla_error *err)
{
    struct bl_pcr_bank bank = { .hash = selection.bank };
    struct bl_reader r = bl_reader(values, "PCR values");
    size_t size = bl_hash_size(selection.bank);

    if (size == 0 || (selection.mask & ~BL_PCR_MASK_ALL) != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "PCR values", "no such bank or PCR", 0);
    for (unsigned i = 0; i < BL_PCR_COUNT; i++) {
        if ((selection.mask >> i & 1u) == 0)
            continue;
        bl_read_into(&r, bank.values[i], size);
        bank.mask |= 1u << i;
    }
    BL_TRY(bl_reader_finish(&r, err));
    *bank_out = bank;
    return BULLA_OK;
}

enum bulla_status
bl_pcr_bank_start(enum bl_hash hash, uint8_t startup_locality, struct bl_pcr_bank *bank_out,
                  struct bulla_error *err)
{
    size_t size = bl_hash_size(hash);

    if (size == 0)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "PCR bank", "no such hash", 0);
    struct bl_pcr_bank bank = { .hash = hash, .mask = BL_PCR_MASK_ALL };
    for (unsigned i = PCR_DYNAMIC_FIRST; i <= PCR_DYNAMIC_LAST; i++)
        memset(bank.values[i], 0xff, size);
    bank.values[0][size - 1] = startup_locality;
    *bank_out = bank;
    return BULLA_OK;
}

enum bulla_status
bl_pcr_extend(struct bl_pcr_bank *bank, unsigned index, struct bulla_bytes digest,
              struct bulla_error *err)
{
    if (!is_known(bank, index))
        return bulla_fail(err, BULLA_E_ARGUMENT, "PCR bank", "PCR is not known", index);
    if (digest.size != bl_hash_size(bank->hash))
        return bulla_fail(err, BULLA_E_ARGUMENT, "PCR bank", "digest is not of the bank's size",
                          index);
    const struct bulla_bytes parts[] = { bl_pcr_value(bank, index), digest };
    uint8_t value[BL_HASH_SIZE_MAX];
    BL_TRY(bl_hash_parts(bank->hash, parts, 2, value, err));
    memcpy(bank->values[index], value, digest.size);
    return BULLA_OK;
}

enum bulla_status
bl_pcr_composite(const struct bl_pcr_bank *bank, struct bl_pcr_selection selection,
                 enum bl_hash hash, uint8_t *digest_out, struct bulla_error *err)
{
    struct bulla_bytes parts[BL_PCR_COUNT];
    size_t count = 0;

    if (selection.bank != bank->hash || (selection.mask & ~BL_PCR_MASK_ALL) != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_PCR_MISMATCH, "PCR digest",
                                "values are of another bank than the selection");
    for (unsigned i = 0; i < BL_PCR_COUNT; i++) {
        if ((selection.mask >> i & 1u) == 0)
            continue;
        if (!is_known(bank, i)) {
            enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_PCR_MISMATCH, "PCR digest",
                                                        "a selected value is missing");
            bulla_error_values(err, bulla_value_word("missing"), bulla_value_number(i));
            return status;
        }
        parts[count++] = bl_pcr_value(bank, i);
    }
    return bl_hash_parts(hash, parts, count, digest_out, err);
}
