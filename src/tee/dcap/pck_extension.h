/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/pck_extension.h: the SGX extension of a PCK certificate (OID 1.2.840.113741.1.13.1):
 * Intel SGX PCK Certificate and Certificate Revocation List Profile Specification, section 1.5.
 *
 * Guarantees: DER to the byte, each member once, the 16 component SVNs and the PCESVN all there.
 * Does not: know what the members of "configuration" mean.
 */
#ifndef BL_TEE_DCAP_PCK_EXTENSION_H
#define BL_TEE_DCAP_PCK_EXTENSION_H

#include "tee/dcap/quote.h"

#define BL_PCK_EXTENSION_OID "1.2.840.113741.1.13.1"

/** What Intel certified of a platform. */
struct bl_pck_extension {
    uint8_t ppid[16];
    uint8_t component_svns[BL_DCAP_SVN_COUNT];
    uint16_t pce_svn;
    uint8_t cpu_svn[BL_DCAP_SVN_COUNT]; /* the same as the components, as the CPU has it */
    uint8_t pce_id[2];
    uint8_t fmspc[6];
    unsigned sgx_type; /* 0 standard, 1 scalable, 2 scalable with integrity */
    bool has_instance_id;
    uint8_t instance_id[16]; /* platforms of more than one package */
};

/** `der` is the value of the extension. Causes: MALFORMED. */
enum bulla_status bl_pck_extension_decode(struct bulla_bytes der,
                                          struct bl_pck_extension *extension_out,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif
