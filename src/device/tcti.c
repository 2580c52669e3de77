/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tcti.c: the TCTI over a transport.
 *
 * ESYS does not recover from a TCTI error: its context refuses every later call, FlushContext
 * included, and what was loaded would stay in the TPM. So a failure of ours is handed to it as a
 * response with TPM_RC_FAILURE, and kept in `failure`, which bl_tpm_fail() reports instead.
 */
#include "device/tcti.h"

#include <errno.h>
#include <string.h>

#include <tss2/tss2_tpm2_types.h>

#include "base/fault.h"
#include "base/memory.h"
#include "codec/reader.h"
#include "sys/clock.h"

#define TCTI_MAGIC UINT64_C(0x42554c4c41545031) /* any value but zero: "BULLATP1" */
#define RETRY_COUNT_MAX 12                      /* with doubling: about 8 s in all */
#define RETRY_FIRST_MS 2u

static const uint8_t failure_response[BL_TPM_HEADER_SIZE] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 1, 1 };

static struct bl_tcti *
ours(TSS2_TCTI_CONTEXT *face)
{
    return (struct bl_tcti *)(void *)face;
}

/* Part 1, 18.4 and Part 2, 6.9: the tag of a TPM 1.2 answer is another one. */
static enum bulla_status
check_response(struct bulla_bytes response, uint32_t *code_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(response, "TPM response");
    uint16_t tag = bl_read_u16be(&r);
    uint32_t size = bl_read_u32be(&r);
    uint32_t code = bl_read_u32be(&r);

    if (bl_reader_ok(&r, NULL) != BULLA_OK || size != response.size ||
        response.size > BL_TPM_MESSAGE_MAX)
        return bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, "TPM response",
                                 "the size is not the stated one", response.size);
    if (tag == TPM2_ST_RSP_COMMAND)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_TPM, "TPM response", "this is not a TPM 2.0");
    if (tag != TPM2_ST_NO_SESSIONS && tag != TPM2_ST_SESSIONS)
        return bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, "TPM response", "unknown tag", tag);
    *code_out = code;
    return BULLA_OK;
}

static bool
asks_for_another_try(uint32_t code)
{
    return code == TPM2_RC_RETRY || code == TPM2_RC_YIELDED || code == TPM2_RC_TESTING;
}

/* The TPM has not acted on a command that it answers in this way: the same bytes are sent again. */
static enum bulla_status
exchange(struct bl_tcti *tcti, struct bulla_bytes command, struct bulla_error *err)
{
    uint32_t code = 0;

    for (unsigned attempt = 0;; attempt++) {
        bulla_buffer_clear(&tcti->response);
        tcti->is_broken = true; /* unless it goes well */
        BL_TRY(tcti->transport.exchange(tcti->transport.context, command, &tcti->response, err));
        BL_TRY(check_response(bulla_buffer_bytes(&tcti->response), &code, err));
        tcti->is_broken = false;
        if (!asks_for_another_try(code))
            return BULLA_OK;
        if (attempt == RETRY_COUNT_MAX) /* not left to ESYS, which would start all over */
            return bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, "TPM",
                                     "it asks for another try without end", code);
        bl_clock_sleep_ms(RETRY_FIRST_MS << attempt);
    }
}

static enum bulla_status
exchange_unless_broken(struct bl_tcti *tcti, struct bulla_bytes command)
{
    if (tcti->is_broken)
        return tcti->failure.status;
    bulla_error_clear(&tcti->failure);
    if (bl_fault_point(BL_FAULT_TPM))
        return bulla_fail_detail(&tcti->failure, BULLA_CAUSE_IO, "TPM",
                                 "the command could not be sent", EIO);
    return exchange(tcti, command, &tcti->failure);
}

static TSS2_RC
tcti_transmit(TSS2_TCTI_CONTEXT *face, size_t size, const uint8_t *command)
{
    struct bl_tcti *tcti = ours(face);

    if (exchange_unless_broken(tcti, (struct bulla_bytes){ command, size }) == BULLA_OK)
        return TSS2_RC_SUCCESS;
    bulla_buffer_clear(&tcti->response);
    if (bulla_buffer_append(&tcti->response, BL_BYTES_OF(failure_response), NULL) != BULLA_OK)
        return TSS2_TCTI_RC_MEMORY; /* cannot be: the buffer has its full capacity from the start */
    return TSS2_RC_SUCCESS;
}

static TSS2_RC
tcti_receive(TSS2_TCTI_CONTEXT *face, size_t *size, uint8_t *response, int32_t timeout)
{
    const struct bulla_buffer *held = &ours(face)->response;

    (void)timeout;
    if (response == NULL) {
        *size = held->size;
        return TSS2_RC_SUCCESS;
    }
    if (*size < held->size)
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    memcpy(response, held->data, held->size);
    *size = held->size;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC
tcti_set_locality(TSS2_TCTI_CONTEXT *face, uint8_t locality)
{
    (void)face;
    return locality == 0 ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_NOT_SUPPORTED;
}

static void
tcti_finalize(TSS2_TCTI_CONTEXT *face)
{
    (void)face; /* the owner calls bl_tcti_done() */
}

enum bulla_status
bl_tcti_init(struct bl_tcti *tcti, struct bl_tpm_transport transport, struct bulla_error *err)
{
    uint8_t *reserved = NULL;

    tcti->transport = transport;
    tcti->face.v1 = (TSS2_TCTI_CONTEXT_COMMON_V1){
        .magic = TCTI_MAGIC,
        .version = 2,
        .transmit = tcti_transmit,
        .receive = tcti_receive,
        .finalize = tcti_finalize,
        .setLocality = tcti_set_locality,
    };
    BL_TRY(bulla_buffer_extend(&tcti->response, BL_TPM_MESSAGE_MAX, &reserved, err));
    bulla_buffer_clear(&tcti->response);
    return BULLA_OK;
}

void
bl_tcti_done(struct bl_tcti *tcti)
{
    if (tcti->transport.close != NULL)
        tcti->transport.close(tcti->transport.context);
    tcti->transport = (struct bl_tpm_transport){ 0 };
    bulla_buffer_done(&tcti->response);
}
