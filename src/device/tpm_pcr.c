/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_pcr.c: read and extend PCRs.
 *
 * TPM2_PCR_Read gives at most eight digests at a time (Part 3, 22.4), so a larger selection takes
 * several reads; its update counter tells whether all of them saw the same state.
 */
#include <string.h>

#include "base/memory.h"
#include "device/tpm_internal.h"

#define READ_AGAIN_MAX 8 /* times: PCRs are extended rarely */

struct reading {
    uint32_t counter;
    uint32_t left; /* mask of the PCRs not read yet */
    uint8_t values[BL_TPM_PCR_COUNT][BL_HASH_SIZE_MAX];
};

/* Put the digests of one response, which follow its own selection, to their places. */
static enum bulla_status
take_values(struct reading *reading, const TPMS_PCR_SELECTION *given, const TPML_DIGEST *digests,
            size_t digest_size, struct bulla_error *err)
{
    uint32_t mask = 0;
    uint32_t taken = 0;

    for (unsigned i = 0; i < 3 && i < given->sizeofSelect; i++)
        mask |= (uint32_t)given->pcrSelect[i] << (8 * i);
    if (mask == 0)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "PCR", "the TPM does not keep this bank", 0);
    if ((mask & ~reading->left) != 0 || (size_t)__builtin_popcount(mask) != digests->count)
        return bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, "PCR", "not the PCRs asked for");
    for (unsigned index = 0; index < BL_TPM_PCR_COUNT; index++) {
        if ((mask >> index & 1) == 0)
            continue;
        const TPM2B_DIGEST *digest = &digests->digests[taken++];
        if (digest->size != digest_size)
            return bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, "PCR", "a value of wrong size");
        memcpy(reading->values[index], digest->buffer, digest_size);
    }
    reading->left &= ~mask;
    return BULLA_OK;
}

static enum bulla_status
read_some(struct bl_tpm *tpm, enum bl_hash bank, struct reading *reading, uint32_t *counter_out,
          struct bulla_error *err)
{
    TPML_PCR_SELECTION wanted =
        bl_tpm_selection((struct bl_pcr_selection){ .bank = bank, .mask = reading->left });
    TPML_PCR_SELECTION *given = NULL;
    TPML_DIGEST *digests = NULL;

    TSS2_RC rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted,
                               counter_out, &given, &digests);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the PCRs cannot be read", err);
    static const TPMS_PCR_SELECTION none;
    const TPMS_PCR_SELECTION *first = given->count > 0 ? &given->pcrSelections[0] : &none;
    enum bulla_status status =
        given->count > 1 || (given->count == 1 && first->hash != bl_tpm_algorithm(bank)) ||
                digests->count > 8
            ? bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, "PCR", "not the bank asked for")
            : take_values(reading, first, digests, bl_hash_size(bank), err);
    Esys_Free(given);
    Esys_Free(digests);
    return status;
}

/* *same_out is false if a PCR was extended in between. */
static enum bulla_status
read_all(struct bl_tpm *tpm, struct bl_pcr_selection selection, struct reading *reading,
         bool *same_out, struct bulla_error *err)
{
    bool is_first = true;

    reading->left = selection.mask;
    *same_out = true;
    while (reading->left != 0 && *same_out) {
        uint32_t counter = 0;
        BL_TRY(read_some(tpm, selection.bank, reading, &counter, err));
        *same_out = is_first || counter == reading->counter;
        reading->counter = counter;
        is_first = false;
    }
    return BULLA_OK;
}

enum bulla_status
bl_tpm_pcr_read(struct bl_tpm *tpm, struct bl_pcr_selection selection,
                struct bulla_buffer *values_out, struct bulla_error *err)
{
    struct reading reading = { 0 };
    bool is_same = false;
    uint8_t *place = NULL;
    size_t digest_size = bl_hash_size(selection.bank);

    BL_TRY(bl_tpm_selection_check(selection, err));
    for (unsigned i = 0; !is_same; i++) {
        if (i == READ_AGAIN_MAX)
            return bulla_fail(err, BULLA_E_BUSY, "PCR", "they are extended all the time", 0);
        BL_TRY(read_all(tpm, selection, &reading, &is_same, err));
    }
    BL_TRY(bulla_buffer_extend(values_out, (size_t)__builtin_popcount(selection.mask) * digest_size,
                               &place, err));
    for (unsigned index = 0; index < BL_TPM_PCR_COUNT; index++) {
        if ((selection.mask >> index & 1) != 0) {
            memcpy(place, reading.values[index], digest_size);
            place += digest_size;
        }
    }
    return BULLA_OK;
}

enum bulla_status
bl_tpm_pcr_extend(struct bl_tpm *tpm, unsigned index, const uint8_t digest[32],
                  struct bulla_error *err)
{
    TPML_DIGEST_VALUES values = { .count = 1, .digests = { { .hashAlg = TPM2_ALG_SHA256 } } };

    if (index >= BL_TPM_PCR_COUNT)
        return bulla_fail(err, BULLA_E_ARGUMENT, "PCR", "no such PCR", index);
    memcpy(values.digests[0].digest.sha256, digest, 32);
    TSS2_RC rc = Esys_PCR_Extend(tpm->esys, ESYS_TR_PCR0 + index, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                 ESYS_TR_NONE, &values);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the PCR cannot be extended", err);
    return BULLA_OK;
}
