/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_connection.c: open and close a TPM, flush what was loaded, tell what went wrong, and
 * the TPM's properties.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "device/tpm_internal.h"
#include "device/vtpm.h"

#define WHERE "TPM"
#define FMT1 0x080u /* format-one codes carry the number of a parameter, handle or session */

void
bl_tpm_quiet_libraries(void)
{
    (void)setenv("TSS2_LOG", "all+NONE", /* overwrite= */ 0);
}

TPM2_RC
bl_tpm_code(TSS2_RC rc)
{
    TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
    TPM2_RC code = rc & ~TSS2_RC_LAYER_MASK;

    if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER)
        return 0;
    return (code & FMT1) != 0 ? code & 0x0bf : code;
}

static enum bulla_cause
general_cause(TSS2_RC rc)
{
    if ((rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_MEMORY && bl_tpm_code(rc) == 0)
        return BULLA_CAUSE_MEMORY;
    switch (bl_tpm_code(rc)) {
    case TPM2_RC_LOCKOUT:
        return BULLA_CAUSE_TPM_LOCKOUT;
    case TPM2_RC_BAD_AUTH: /* a hierarchy or key that somebody gave a password */
    case TPM2_RC_AUTH_FAIL:
    case TPM2_RC_HIERARCHY:    /* disabled */
    case TPM2_RC_COMMAND_CODE: /* filtered */
    case TPM2_RC_NV_AUTHORIZATION:
        return BULLA_CAUSE_TPM_NOT_PERMITTED;
    default:
        return BULLA_CAUSE_TPM_FAILED;
    }
}

enum bulla_status
bl_tpm_fail(struct bl_tpm *tpm, TSS2_RC rc, const char *what, struct bulla_error *err)
{
    const struct bulla_error *failure = &tpm->tcti.failure;

    if (failure->status != BULLA_OK) {
        if (err != NULL && err->status == BULLA_OK)
            *err = *failure;
        return failure->status;
    }
    return bulla_fail_detail(err, general_cause(rc), WHERE, what, rc);
}

void
bl_tpm_handle_done(struct bl_tpm_handle *handle)
{
    if (handle->tpm == NULL)
        return;
    ESYS_CONTEXT *esys = handle->tpm->esys;
    if (handle->stays)
        (void)Esys_TR_Close(esys, &handle->tr);
    else if (Esys_FlushContext(esys, handle->tr) != TSS2_RC_SUCCESS)
        (void)Esys_FlushContext(esys, handle->tr); /* once more: what stays fills the TPM */
    *handle = (struct bl_tpm_handle){ 0 };
}

enum bulla_status
bl_tpm_handle_name(const struct bl_tpm_handle *handle, struct bl_tpm_name *name_out,
                   struct bulla_error *err)
{
    TPM2B_NAME *name = NULL;
    TSS2_RC rc = Esys_TR_GetName(handle->tpm->esys, handle->tr, &name);

    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(handle->tpm, rc, "no Name", err);
    size_t size = name->size;
    if (size <= BL_TPM_NAME_SIZE_MAX) {
        *name_out = (struct bl_tpm_name){ .size = size };
        memcpy(name_out->bytes, name->name, size);
    }
    Esys_Free(name);
    if (size > BL_TPM_NAME_SIZE_MAX)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "a Name of unknown size", size);
    return BULLA_OK;
}

bool
bl_tpm_name_equal(const struct bl_tpm_name *a, const struct bl_tpm_name *b)
{
    return bl_equal((struct bulla_bytes){ a->bytes, a->size },
                    (struct bulla_bytes){ b->bytes, b->size });
}

/* -- properties -------------------------------------------------------------------------------- */

/* Up to TPM2_MAX_TPM_PROPERTIES of them from `first` on. */
static TSS2_RC
get_properties(struct bl_tpm *tpm, TPM2_PT first, uint32_t count, TPML_TAGGED_TPM_PROPERTY *out)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    TSS2_RC rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    TPM2_CAP_TPM_PROPERTIES, first, count, NULL, &data);

    if (rc != TSS2_RC_SUCCESS)
        return rc;
    bool is_sane = data->capability == TPM2_CAP_TPM_PROPERTIES &&
                   data->data.tpmProperties.count <= TPM2_MAX_TPM_PROPERTIES;
    if (is_sane)
        *out = data->data.tpmProperties;
    Esys_Free(data);
    return is_sane ? TSS2_RC_SUCCESS : TSS2_ESYS_RC_MALFORMED_RESPONSE;
}

enum bulla_status
bl_tpm_property(struct bl_tpm *tpm, TPM2_PT property, uint32_t *value_out, struct bulla_error *err)
{
    TPML_TAGGED_TPM_PROPERTY list = { 0 };
    TSS2_RC rc = get_properties(tpm, property, 1, &list);

    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "its properties cannot be read", err);
    if (list.count < 1 || list.tpmProperty[0].property != property)
        return bulla_fail(err, BULLA_E_UNAVAILABLE, WHERE, "it lacks a property", property);
    *value_out = list.tpmProperty[0].value;
    return BULLA_OK;
}

/* Four bytes of text, as vendors put them: what is not printable ends it. */
static void
put_text(char *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        char c = (char)(value >> (24 - 8 * i) & 0xff);
        out[i] = c >= ' ' && c <= '~' ? c : '\0';
    }
}

static void
take_property(struct bl_tpm_info *info, TPM2_PT property, uint32_t value)
{
    switch (property) {
    case TPM2_PT_MANUFACTURER:
        put_text(info->manufacturer, value);
        break;
    case TPM2_PT_VENDOR_STRING_1:
    case TPM2_PT_VENDOR_STRING_2:
    case TPM2_PT_VENDOR_STRING_3:
    case TPM2_PT_VENDOR_STRING_4:
        put_text(info->vendor + 4 * (property - TPM2_PT_VENDOR_STRING_1), value);
        break;
    case TPM2_PT_REVISION:
        info->revision = value;
        break;
    case TPM2_PT_FIRMWARE_VERSION_1:
        info->firmware_version_1 = value;
        break;
    case TPM2_PT_FIRMWARE_VERSION_2:
        info->firmware_version_2 = value;
        break;
    case TPM2_PT_PERMANENT:
        info->in_lockout = (value & TPMA_PERMANENT_INLOCKOUT) != 0;
        info->lockout_auth_is_set = (value & TPMA_PERMANENT_LOCKOUTAUTHSET) != 0;
        break;
    case TPM2_PT_LOCKOUT_COUNTER:
        info->lockout_counter = value;
        break;
    case TPM2_PT_MAX_AUTH_FAIL:
        info->lockout_counter_max = value;
        break;
    case TPM2_PT_LOCKOUT_INTERVAL:
        info->lockout_interval_s = value;
        break;
    default:
        break;
    }
}

static enum bulla_status
read_banks(struct bl_tpm *tpm, struct bl_tpm_info *info, struct bulla_error *err)
{
    TPMS_CAPABILITY_DATA *data = NULL;
    TSS2_RC rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    TPM2_CAP_PCRS, 0, TPM2_NUM_PCR_BANKS, NULL, &data);

    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "its PCR banks cannot be read", err);
    const TPML_PCR_SELECTION *banks = &data->data.assignedPCR;
    for (uint32_t i = 0;
         data->capability == TPM2_CAP_PCRS && i < banks->count && i < TPM2_NUM_PCR_BANKS; i++) {
        const TPMS_PCR_SELECTION *bank = &banks->pcrSelections[i];
        bool is_in_use = bank->sizeofSelect >= 3 &&
                         (bank->pcrSelect[0] | bank->pcrSelect[1] | bank->pcrSelect[2]) != 0;
        info->has_sha256_bank |= is_in_use && bank->hash == TPM2_ALG_SHA256;
        info->has_sha384_bank |= is_in_use && bank->hash == TPM2_ALG_SHA384;
    }
    Esys_Free(data);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_info(struct bl_tpm *tpm, struct bl_tpm_info *info_out, struct bulla_error *err)
{
    static const TPM2_PT groups[] = { TPM2_PT_FIXED, TPM2_PT_VAR };
    struct bl_tpm_info info = { .is_embedded = tpm->tcti.transport.is_embedded };

    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        TPML_TAGGED_TPM_PROPERTY list = { 0 };
        TSS2_RC rc = get_properties(tpm, groups[g], TPM2_MAX_TPM_PROPERTIES, &list);
        if (rc != TSS2_RC_SUCCESS)
            return bl_tpm_fail(tpm, rc, "its properties cannot be read", err);
        for (uint32_t i = 0; i < list.count; i++)
            take_property(&info, list.tpmProperty[i].property, list.tpmProperty[i].value);
    }
    BL_TRY(read_banks(tpm, &info, err));
    *info_out = info;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_random(struct bl_tpm *tpm, void *out, size_t size, struct bulla_error *err)
{
    uint8_t bytes[32];
    size_t got = 0;

    if (size > sizeof bytes)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "too many random bytes asked for", size);
    while (got < size) {
        TPM2B_DIGEST *some = NULL;
        TSS2_RC rc = Esys_GetRandom(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    (uint16_t)(size - got), &some);
        if (rc != TSS2_RC_SUCCESS)
            return bl_tpm_fail(tpm, rc, "no random bytes", err);
        size_t count = some->size;
        bool is_sane = count > 0 && count <= size - got;
        if (is_sane)
            memcpy(bytes + got, some->buffer, count);
        bl_wipe(some, sizeof *some);
        Esys_Free(some);
        if (!is_sane)
            return bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, WHERE,
                                     "not the random bytes asked for", count);
        got += count;
    }
    if (size > 0)
        memcpy(out, bytes, size);
    bl_wipe(bytes, sizeof bytes);
    return BULLA_OK;
}

/* -- open and close ---------------------------------------------------------------------------- */

/* Is a TPM 2.0 there, and started? Firmware or kernel do that on real machines. */
static enum bulla_status
greet(struct bl_tpm *tpm, struct bulla_error *err)
{
    TPML_TAGGED_TPM_PROPERTY list = { 0 };
    TSS2_RC rc = get_properties(tpm, TPM2_PT_MANUFACTURER, 1, &list);

    if (bl_tpm_code(rc) == TPM2_RC_INITIALIZE) {
        rc = Esys_Startup(tpm->esys, TPM2_SU_CLEAR);
        if (rc == TSS2_RC_SUCCESS || bl_tpm_code(rc) == TPM2_RC_INITIALIZE)
            rc = get_properties(tpm, TPM2_PT_MANUFACTURER, 1, &list);
    }
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "it does not answer as a TPM 2.0", err);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_open_transport(struct bl_tpm_transport transport, struct bl_tpm **tpm_out,
                      struct bulla_error *err)
{
    BL_AUTO_FREE(bl_tpm) tpm = bl_alloc(1, sizeof *tpm);

    if (tpm == NULL) {
        transport.close(transport.context);
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    }
    BL_TRY(bl_tcti_init(&tpm->tcti, transport, err));
    TSS2_RC rc = Esys_Initialize(&tpm->esys, (TSS2_TCTI_CONTEXT *)(void *)&tpm->tcti, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "ESYS does not start", err);
    BL_TRY(greet(tpm, err));
    *tpm_out = tpm;
    tpm = NULL;
    return BULLA_OK;
}

static enum bulla_status
choose_transport(const struct bl_tpm_target *target, struct bl_tpm_transport *out,
                 struct bulla_error *err)
{
    unsigned timeout_ms = target->timeout_ms != 0 ? target->timeout_ms : BL_TPM_TIMEOUT_MS;
    int count = (target->device_path != NULL) + (target->socket_path != NULL) +
                (target->socket_fd > 0) + (target->embedded != NULL);

    if (count != 1)
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "exactly one target is needed", 0);
    if (target->device_path != NULL)
        return bl_tpm_transport_device(target->device_path, timeout_ms, out, err);
    if (target->socket_path != NULL)
        return bl_tpm_transport_socket(target->socket_path, timeout_ms, out, err);
    if (target->socket_fd > 0)
        return bl_tpm_transport_socket_fd(target->socket_fd, timeout_ms, out, err);
    *out = bl_tpm_transport_vtpm(target->embedded);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_open(const struct bl_tpm_target *target, struct bl_tpm **tpm_out, struct bulla_error *err)
{
    struct bl_tpm_transport transport = { 0 };

    BL_TRY(choose_transport(target, &transport, err));
    return bl_tpm_open_transport(transport, tpm_out, err);
}

void
bl_tpm_free(struct bl_tpm *tpm)
{
    if (tpm == NULL)
        return;
    if (tpm->esys != NULL)
        Esys_Finalize(&tpm->esys);
    bl_tcti_done(&tpm->tcti);
    bl_wipe(tpm, sizeof *tpm);
    bl_free(tpm);
}
