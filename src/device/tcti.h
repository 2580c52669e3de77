/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tcti.h: the face that ESYS sees (TSS 2.0 TCTI, V2) over one of our transports.
 *
 * Guarantees: a response is handed on only if its header is one of TPM 2.0 and its size is the one
 * that it states; RETRY, YIELDED and TESTING are repeated within bounds; a transport that failed
 * once carries nothing more.
 */
#ifndef BL_DEVICE_TCTI_H
#define BL_DEVICE_TCTI_H

#include <tss2/tss2_tcti.h>

#include "device/tpm_transport.h"

struct bl_tcti {
    TSS2_TCTI_CONTEXT_COMMON_V2 face; /* first: ESYS knows this part only */
    struct bl_tpm_transport transport;
    struct bulla_buffer response;
    struct bulla_error failure; /* of the last command, where it was not the TPM that refused */
    bool is_broken;
};

/** *tcti is zero; it must not move afterwards. Owns `transport`, also on failure. */
enum bulla_status bl_tcti_init(struct bl_tcti *tcti, struct bl_tpm_transport transport,
                               struct bulla_error *err) BULLA_CHECKED;
void bl_tcti_done(struct bl_tcti *tcti);

#endif
