/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_pin.c: which of the writings that carry a counter's value is the one that counts.
 *
 * A counter cannot go back, but two writings can carry its next value when the first was interrupted.
 * An ordinary index beside it remembers the ids of the present one and of the one before.
 * Does not: keep who may use the TPM from writing it; the counter alone keeps older values out.
 */
#include <string.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "codec/writer.h"
#include "device/tpm_internal.h"

#define WHERE "pin of a counter"
#define PIN_SIZE (8 + 2 * BL_TPM_PIN_ID_SIZE)
#define PIN_ATTRIBUTES                                                                           \
    ((TPMA_NV)TPM2_NT_ORDINARY << TPMA_NV_TPM2_NT_SHIFT | TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | \
     TPMA_NV_NO_DA)

static enum bulla_status
write_pin(const struct bl_tpm_handle *nv, const struct bl_tpm_pin *pin, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_writer w = bl_writer(&content);

    bl_write_u64be(&w, pin->value);
    bl_write_bytes(&w, BL_BYTES_OF(pin->id));
    bl_write_bytes(&w, BL_BYTES_OF(pin->previous));
    BL_TRY(bl_writer_finish(&w, err));
    return bl_tpm_nv_write(nv, nv->tr, bulla_buffer_bytes(&content), err);
}

enum bulla_status
bl_tpm_pin_define(struct bl_tpm *tpm, uint32_t index, struct bulla_error *err)
{
    static const struct bl_tpm_pin nothing;
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    TPMS_NV_PUBLIC area = { 0 };

    BL_TRY(bl_tpm_nv_open_or_define(tpm, ESYS_TR_RH_OWNER, index, PIN_ATTRIBUTES, PIN_SIZE, &nv,
                                    &area, err));
    if ((area.attributes & TPMA_NV_WRITTEN) != 0)
        return BULLA_OK;
    return write_pin(&nv, &nothing, err);
}

enum bulla_status
bl_tpm_pin_read(struct bl_tpm *tpm, uint32_t index, struct bl_tpm_pin *pin_out,
                struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_tpm_pin pin;

    BL_TRY(bl_tpm_nv_read(tpm, index, PIN_SIZE, &content, err));
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&content), WHERE);
    pin.value = bl_read_u64be(&r);
    bl_read_into(&r, pin.id, sizeof pin.id);
    bl_read_into(&r, pin.previous, sizeof pin.previous);
    BL_TRY(bl_reader_finish(&r, err));
    *pin_out = pin;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_pin_write(struct bl_tpm *tpm, uint32_t index, const struct bl_tpm_pin *pin,
                 struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };

    BL_TRY(bl_tpm_nv_open(tpm, index, &nv, NULL, err));
    return write_pin(&nv, pin, err);
}
