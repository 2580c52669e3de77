/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tdx/body.h: the body of a TDX quote: the TD report's measurements, of version 1.0 (584 bytes)
 * and 1.5 (648): Intel TDX DCAP Quoting Library API, "TD Quote Body".
 */
#ifndef BL_TEE_TDX_BODY_H
#define BL_TEE_TDX_BODY_H

#include "bulla/status.h"

#define BL_TD_RTMR_COUNT 4

/** All views borrow from the bytes that were decoded. */
struct bl_td_body {
    struct bulla_bytes tee_tcb_svn;
    struct bulla_bytes mr_seam;
    struct bulla_bytes mr_signer_seam;
    struct bulla_bytes seam_attributes;
    struct bulla_bytes td_attributes;
    struct bulla_bytes xfam;
    struct bulla_bytes mr_td;
    struct bulla_bytes mr_config_id;
    struct bulla_bytes mr_owner;
    struct bulla_bytes mr_owner_config;
    struct bulla_bytes rtmr[BL_TD_RTMR_COUNT];
    struct bulla_bytes report_data;
    struct bulla_bytes tee_tcb_svn_2; /* this and the next: empty in version 1.0 */
    struct bulla_bytes mr_service_td;
    bool is_debug; /* any bit of the byte TUD ("TD under debug"): bit 0 is DEBUG, the others are
                           reserved for more of its kind */
    bool is_migratable; /* ATTRIBUTES.MIGRATABLE, or a service TD is bound */
};

/** Version 1.5 if `is_15`. Causes: MALFORMED. */
enum bulla_status bl_td_body_decode(struct bulla_bytes bytes, bool is_15,
                                    struct bl_td_body *body_out,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif
