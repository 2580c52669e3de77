/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_values.c: PCR selections and the two halves of an object, between our types, the
 * library's and bytes.
 */
#include <tss2/tss2_mu.h>

#include "codec/reader.h"
#include "device/tpm_internal.h"

#define PCR_MASK_ALL ((UINT32_C(1) << BL_TPM_PCR_COUNT) - 1)

TPM2_ALG_ID
bl_tpm_algorithm(enum bl_hash hash)
{
    switch (hash) {
    case BL_SHA256:
        return TPM2_ALG_SHA256;
    case BL_SHA384:
        return TPM2_ALG_SHA384;
    case BL_HASH_NONE:
    case BL_SHA1:
    case BL_SHA512:
        break;
    }
    return TPM2_ALG_ERROR;
}

enum bulla_status
bl_tpm_selection_check(struct bl_pcr_selection selection, struct bulla_error *err)
{
    if (bl_tpm_algorithm(selection.bank) == TPM2_ALG_ERROR)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "PCR selection", "not a bank that we use", 0);
    if (selection.mask == 0 || (selection.mask & ~PCR_MASK_ALL) != 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, "PCR selection", "no PCR, or none of 0 to 23", 0);
    return BULLA_OK;
}

TPML_PCR_SELECTION
bl_tpm_selection(struct bl_pcr_selection selection)
{
    return (TPML_PCR_SELECTION){
        .count = 1,
        .pcrSelections = { { .hash = bl_tpm_algorithm(selection.bank),
                             .sizeofSelect = 3,
                             .pcrSelect = { (uint8_t)(selection.mask & 0xff),
                                            (uint8_t)(selection.mask >> 8 & 0xff),
                                            (uint8_t)(selection.mask >> 16 & 0xff) } } },
    };
}

/* The outer size of a TPM2B is all that is there. */
static enum bulla_status
check_sized(struct bulla_bytes bytes, const char *where, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);
    uint16_t size = bl_read_u16be(&r);

    BL_TRY(bl_reader_ok(&r, err));
    bl_skip(&r, size);
    return bl_reader_finish(&r, err);
}

enum bulla_status
bl_tpm_public_decode(struct bulla_bytes bytes, TPM2B_PUBLIC *out, struct bulla_error *err)
{
    TPM2B_PUBLIC decoded = { 0 };
    size_t offset = 0;

    BL_TRY(check_sized(bytes, "TPM2B_PUBLIC", err));
    TSS2_RC rc = Tss2_MU_TPM2B_PUBLIC_Unmarshal(bytes.data, bytes.size, &offset, &decoded);
    if (rc != TSS2_RC_SUCCESS || offset != bytes.size)
        return bulla_fail(err, BULLA_E_MALFORMED, "TPM2B_PUBLIC", "not a public area", offset);
    *out = decoded;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_private_decode(struct bulla_bytes bytes, TPM2B_PRIVATE *out, struct bulla_error *err)
{
    TPM2B_PRIVATE decoded = { 0 };
    size_t offset = 0;

    BL_TRY(check_sized(bytes, "TPM2B_PRIVATE", err));
    TSS2_RC rc = Tss2_MU_TPM2B_PRIVATE_Unmarshal(bytes.data, bytes.size, &offset, &decoded);
    if (rc != TSS2_RC_SUCCESS || offset != bytes.size)
        return bulla_fail(err, BULLA_E_MALFORMED, "TPM2B_PRIVATE", "too large", offset);
    *out = decoded;
    return BULLA_OK;
}

static enum bulla_status
append_marshalled(TSS2_RC rc, struct bulla_bytes bytes, struct bulla_buffer *out,
                  struct bulla_error *err)
{
    if (rc != TSS2_RC_SUCCESS)
        return bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, "TPM",
                                 "it gave a structure that cannot be written", rc);
    return bulla_buffer_append(out, bytes, err);
}

enum bulla_status
bl_tpm_public_encode(const TPM2B_PUBLIC *public_area, struct bulla_buffer *out,
                     struct bulla_error *err)
{
    uint8_t bytes[sizeof(TPM2B_PUBLIC)];
    size_t size = 0;
    TSS2_RC rc = Tss2_MU_TPM2B_PUBLIC_Marshal(public_area, bytes, sizeof bytes, &size);

    return append_marshalled(rc, (struct bulla_bytes){ bytes, size }, out, err);
}

enum bulla_status
bl_tpm_private_encode(const TPM2B_PRIVATE *private_area, struct bulla_buffer *out,
                      struct bulla_error *err)
{
    uint8_t bytes[sizeof(TPM2B_PRIVATE)];
    size_t size = 0;
    TSS2_RC rc = Tss2_MU_TPM2B_PRIVATE_Marshal(private_area, bytes, sizeof bytes, &size);

    return append_marshalled(rc, (struct bulla_bytes){ bytes, size }, out, err);
}
