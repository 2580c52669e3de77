/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tcti_vtpm.c: transport to the TPM embedded in this process (device/vtpm.h).
 */
#include "device/tpm_transport.h"
#include "device/vtpm.h"

static enum bulla_status
exchange(void *context, struct bulla_bytes command, struct bulla_buffer *response_out,
         struct bulla_error *err)
{
    struct bl_vtpm *vtpm = context;

    return bl_vtpm_process(vtpm, command, response_out, err);
}

static void
release(void *context)
{
    (void)context; /* borrowed */
}

struct bl_tpm_transport
bl_tpm_transport_vtpm(struct bl_vtpm *vtpm)
{
    return (struct bl_tpm_transport){
        .context = vtpm, .exchange = exchange, .close = release, .is_embedded = true
    };
}
