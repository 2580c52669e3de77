/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/local_authority.h: the authority of this installation for its embedded TPM.
 *
 * Made at first use beside the TPM's state: authority.key (0600) and authority.crt. It certifies the
 * embedded TPM's endorsement key, so that one code path serves embedded and real TPMs. Its class is
 * software: whoever holds its key can forge everything under it (DESIGN 4.3), and a broker trusts it
 * only if told to.
 */
#ifndef BL_CMD_LOCAL_AUTHORITY_H
#define BL_CMD_LOCAL_AUTHORITY_H

#include "cmd/local_tpm.h"

/** The authority's certificate (DER), appended; made with its key if there is none. */
enum bulla_status bl_local_authority(struct bulla_buffer *certificate_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** An embedded TPM without an EK certificate gets one. Nothing for another TPM. */
enum bulla_status bl_local_authority_certify(struct bl_local_tpm *local,
                                             struct bulla_error *err) BULLA_CHECKED;

#endif
