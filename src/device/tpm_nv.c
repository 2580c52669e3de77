/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_nv.c: counters, indices written once, and reading of indices.
 *
 * Spec: TPM 2.0 Part 1, 37 (NV), Part 3, 31. A counter redefined goes on above the highest value
 * that any counter of this TPM ever had, so that only TPM2_Clear takes it back.
 */
#include <string.h>

#include "base/memory.h"
#include "device/tpm_internal.h"

#define WHERE "NV index"
#define CHUNK_SIZE 512 /* bytes: every TPM reads and writes that much at a time */
#define INDEX_FIRST 0x01000000u
#define INDEX_LAST 0x01ffffffu
#define COUNTER_SIZE 8

#define TYPE(type) ((TPMA_NV)(type) << TPMA_NV_TPM2_NT_SHIFT)
/* Set by the TPM in the course of use; the rest is what was asked for at definition. */
#define MOVING_ATTRIBUTES (TPMA_NV_WRITTEN | TPMA_NV_WRITELOCKED | TPMA_NV_READLOCKED)
#define COUNTER_ATTRIBUTES \
    (TYPE(TPM2_NT_COUNTER) | TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA)
#define ONCE_ATTRIBUTES \
    (TYPE(TPM2_NT_ORDINARY) | TPMA_NV_AUTHREAD | TPMA_NV_OWNERREAD | TPMA_NV_NO_DA)

enum bulla_status
bl_tpm_nv_open(struct bl_tpm *tpm, uint32_t index, struct bl_tpm_handle *nv_out,
               TPMS_NV_PUBLIC *public_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    TPM2B_NV_PUBLIC *public_area = NULL;
    ESYS_TR tr = ESYS_TR_NONE;

    if (index < INDEX_FIRST || index > INDEX_LAST)
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "not the number of an index", index);
    TSS2_RC rc =
        Esys_TR_FromTPMPublic(tpm->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &tr);
    if (bl_tpm_code(rc) == TPM2_RC_HANDLE)
        return bulla_fail(err, BULLA_E_NOT_FOUND, WHERE, "it is not defined", index);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the index cannot be read", err);
    nv = (struct bl_tpm_handle){ .tpm = tpm, .tr = tr, .stays = true };
    if (public_out != NULL) {
        rc = Esys_NV_ReadPublic(tpm->esys, tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                &public_area, NULL);
        if (rc != TSS2_RC_SUCCESS)
            return bl_tpm_fail(tpm, rc, "the index cannot be read", err);
        *public_out = public_area->nvPublic;
        Esys_Free(public_area);
    }
    *nv_out = nv;
    nv = (struct bl_tpm_handle){ 0 };
    return BULLA_OK;
}

enum bulla_status
bl_tpm_nv_define(struct bl_tpm *tpm, ESYS_TR hierarchy, uint32_t index, TPMA_NV attributes,
                 size_t size, struct bulla_error *err)
{
    static const TPM2B_AUTH no_auth;
    TPM2B_NV_PUBLIC public_area = { .nvPublic = { .nvIndex = index,
                                                  .nameAlg = TPM2_ALG_SHA256,
                                                  .attributes = attributes,
                                                  .dataSize = (uint16_t)size } };
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    ESYS_TR tr = ESYS_TR_NONE;

    TSS2_RC rc = Esys_NV_DefineSpace(tpm->esys, hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                     ESYS_TR_NONE, &no_auth, &public_area, &tr);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the index cannot be defined", err);
    nv = (struct bl_tpm_handle){ .tpm = tpm, .tr = tr, .stays = true };
    return BULLA_OK;
}

enum bulla_status
bl_tpm_nv_name(struct bl_tpm *tpm, uint32_t index, struct bl_tpm_name *name_out,
               struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };

    BL_TRY(bl_tpm_nv_open(tpm, index, &nv, NULL, err));
    return bl_tpm_handle_name(&nv, name_out, err);
}

/* -- reading and writing ----------------------------------------------------------------------- */

static enum bulla_status
read_chunk(const struct bl_tpm_handle *nv, ESYS_TR reader, uint8_t *out, size_t size, size_t offset,
           struct bulla_error *err)
{
    TPM2B_MAX_NV_BUFFER *data = NULL;
    TSS2_RC rc = Esys_NV_Read(nv->tpm->esys, reader, nv->tr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                              ESYS_TR_NONE, (uint16_t)size, (uint16_t)offset, &data);

    if (bl_tpm_code(rc) == TPM2_RC_NV_UNINITIALIZED)
        return bulla_fail(err, BULLA_E_NOT_FOUND, WHERE, "it was never written", 0);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(nv->tpm, rc, "the index cannot be read", err);
    bool is_whole = data->size == size;
    if (is_whole)
        memcpy(out, data->buffer, size);
    Esys_Free(data);
    if (!is_whole)
        return bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, WHERE, "not the bytes asked for");
    return BULLA_OK;
}

static enum bulla_status
read_content(const struct bl_tpm_handle *nv, const TPMS_NV_PUBLIC *area,
             struct bulla_buffer *content_out, struct bulla_error *err)
{
    uint8_t chunk[CHUNK_SIZE];
    BL_AUTO(bulla_buffer) content = { 0 };
    ESYS_TR reader = (area->attributes & TPMA_NV_AUTHREAD) != 0 ? nv->tr : ESYS_TR_RH_OWNER;

    while (content.size < area->dataSize) {
        size_t size = area->dataSize - content.size;
        size = size < sizeof chunk ? size : sizeof chunk;
        BL_TRY(read_chunk(nv, reader, chunk, size, content.size, err));
        BL_TRY(bulla_buffer_append(&content, (struct bulla_bytes){ chunk, size }, err));
    }
    return bulla_buffer_append(content_out, bulla_buffer_bytes(&content), err);
}

enum bulla_status
bl_tpm_nv_read(struct bl_tpm *tpm, uint32_t index, size_t size_max,
               struct bulla_buffer *content_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    TPMS_NV_PUBLIC area = { 0 };

    BL_TRY(bl_tpm_nv_open(tpm, index, &nv, &area, err));
    if (area.dataSize > size_max)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "it is larger than expected", area.dataSize);
    return read_content(&nv, &area, content_out, err);
}

enum bulla_status
bl_tpm_nv_write(const struct bl_tpm_handle *nv, ESYS_TR writer, struct bulla_bytes content,
                struct bulla_error *err)
{
    for (size_t offset = 0; offset < content.size; offset += CHUNK_SIZE) {
        size_t left = content.size - offset;
        TPM2B_MAX_NV_BUFFER data = { .size = (uint16_t)(left < CHUNK_SIZE ? left : CHUNK_SIZE) };
        memcpy(data.buffer, content.data + offset, data.size);
        TSS2_RC rc = Esys_NV_Write(nv->tpm->esys, writer, nv->tr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE, &data, (uint16_t)offset);
        if (rc != TSS2_RC_SUCCESS)
            return bl_tpm_fail(nv->tpm, rc, "the index cannot be written", err);
    }
    return BULLA_OK;
}

enum bulla_status
bl_tpm_nv_open_or_define(struct bl_tpm *tpm, ESYS_TR hierarchy, uint32_t index, TPMA_NV attributes,
                         size_t size, struct bl_tpm_handle *nv_out, TPMS_NV_PUBLIC *area_out,
                         struct bulla_error *err)
{
    struct bulla_error missing = { 0 };
    enum bulla_status status = bl_tpm_nv_open(tpm, index, nv_out, area_out, &missing);

    if (status == BULLA_E_NOT_FOUND) {
        BL_TRY(bl_tpm_nv_define(tpm, hierarchy, index, attributes, size, err));
        status = bl_tpm_nv_open(tpm, index, nv_out, area_out, &missing);
    }
    if (status != BULLA_OK) {
        if (err != NULL && err->status == BULLA_OK)
            *err = missing;
        return status;
    }
    if ((area_out->attributes & ~MOVING_ATTRIBUTES) != attributes || area_out->dataSize != size ||
        area_out->nameAlg != TPM2_ALG_SHA256 || area_out->authPolicy.size != 0) {
        bl_tpm_handle_done(nv_out);
        return bulla_fail(err, BULLA_E_EXISTS, WHERE, "it is defined for something else", index);
    }
    return BULLA_OK;
}

/* -- written once ------------------------------------------------------------------------------ */

static enum bulla_status
check_same_content(const struct bl_tpm_handle *nv, const TPMS_NV_PUBLIC *area,
                   struct bulla_bytes content, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) present = { 0 };

    BL_TRY(read_content(nv, area, &present, err));
    if (!bl_equal(bulla_buffer_bytes(&present), content))
        return bulla_fail(err, BULLA_E_EXISTS, WHERE, "it is locked with another content", 0);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_nv_write_once(struct bl_tpm *tpm, uint32_t index, struct bulla_bytes content,
                     enum bl_tpm_nv_lock lock, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    TPMS_NV_PUBLIC area = { 0 };
    bool by_platform = tpm->tcti.transport.is_embedded;
    ESYS_TR hierarchy = by_platform ? ESYS_TR_RH_PLATFORM : ESYS_TR_RH_OWNER;
    TPMA_NV attributes =
        ONCE_ATTRIBUTES |
        (by_platform ? TPMA_NV_PLATFORMCREATE | TPMA_NV_PPREAD | TPMA_NV_PPWRITE
                     : TPMA_NV_OWNERWRITE) |
        (lock == BL_TPM_NV_LOCKED_FOR_EVER ? TPMA_NV_WRITEDEFINE : TPMA_NV_WRITE_STCLEAR);

    if (lock != BL_TPM_NV_LOCKED_FOR_EVER && lock != BL_TPM_NV_LOCKED_UNTIL_START)
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "no such lock", 0);
    if (content.size == 0 || content.size > CHUNK_SIZE)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "the content is empty or too large",
                          content.size);
    BL_TRY(
        bl_tpm_nv_open_or_define(tpm, hierarchy, index, attributes, content.size, &nv, &area, err));
    if ((area.attributes & TPMA_NV_WRITELOCKED) != 0)
        return check_same_content(&nv, &area, content, err);
    BL_TRY(bl_tpm_nv_write(&nv, hierarchy, content, err));
    TSS2_RC rc = Esys_NV_WriteLock(tpm->esys, hierarchy, nv.tr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the index cannot be locked", err);
    return BULLA_OK;
}

/* -- counters ---------------------------------------------------------------------------------- */

static enum bulla_status
open_counter(struct bl_tpm *tpm, uint32_t index, struct bl_tpm_handle *nv_out,
             TPMS_NV_PUBLIC *area_out, struct bulla_error *err)
{
    BL_TRY(bl_tpm_nv_open(tpm, index, nv_out, area_out, err));
    if ((area_out->attributes & ~MOVING_ATTRIBUTES) != COUNTER_ATTRIBUTES ||
        area_out->dataSize != COUNTER_SIZE) {
        bl_tpm_handle_done(nv_out);
        return bulla_fail(err, BULLA_E_EXISTS, WHERE, "it is not a counter of our making", index);
    }
    return BULLA_OK;
}

static enum bulla_status
increment(const struct bl_tpm_handle *nv, struct bulla_error *err)
{
    TSS2_RC rc = Esys_NV_Increment(nv->tpm->esys, nv->tr, nv->tr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE);

    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(nv->tpm, rc, "the counter cannot be incremented", err);
    return BULLA_OK;
}

static enum bulla_status
read_value(const struct bl_tpm_handle *nv, uint64_t *value_out, struct bulla_error *err)
{
    uint8_t bytes[COUNTER_SIZE];
    uint64_t value = 0;

    BL_TRY(read_chunk(nv, nv->tr, bytes, sizeof bytes, 0, err));
    for (size_t i = 0; i < sizeof bytes; i++)
        value = value << 8 | bytes[i];
    *value_out = value;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_counter_define(struct bl_tpm *tpm, uint32_t index, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    TPMS_NV_PUBLIC area = { 0 };

    BL_TRY(bl_tpm_nv_open_or_define(tpm, ESYS_TR_RH_OWNER, index, COUNTER_ATTRIBUTES, COUNTER_SIZE,
                                    &nv, &area, err));
    if ((area.attributes & TPMA_NV_WRITTEN) != 0)
        return BULLA_OK;
    return increment(&nv, err); /* without which it cannot be read */
}

enum bulla_status
bl_tpm_counter_increment(struct bl_tpm *tpm, uint32_t index, uint64_t *value_out,
                         struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    TPMS_NV_PUBLIC area = { 0 };

    BL_TRY(open_counter(tpm, index, &nv, &area, err));
    BL_TRY(increment(&nv, err));
    return read_value(&nv, value_out, err);
}

enum bulla_status
bl_tpm_counter_read(struct bl_tpm *tpm, uint32_t index, uint64_t *value_out,
                    struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) nv = { 0 };
    TPMS_NV_PUBLIC area = { 0 };

    BL_TRY(open_counter(tpm, index, &nv, &area, err));
    return read_value(&nv, value_out, err);
}
