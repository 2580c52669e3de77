/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tdx/body.h"

#include "base/memory.h"
#include "codec/reader.h"

#define ATTRIBUTES_TUD 0         /* the byte of ATTRIBUTES */
#define ATTRIBUTES_MIGRATABLE 29 /* the bit */

static bool
has_bit(struct bulla_bytes attributes, unsigned bit)
{
    return (attributes.data[bit / 8] >> bit % 8 & 1) != 0;
}

enum bulla_status
bl_td_body_decode(struct bulla_bytes bytes, bool is_15, struct bl_td_body *body_out,
                  struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "TD report");
    struct bl_td_body body = { 0 };

    body.tee_tcb_svn = bl_read_view(&r, 16);      /* 0 */
    body.mr_seam = bl_read_view(&r, 48);          /* 16 */
    body.mr_signer_seam = bl_read_view(&r, 48);   /* 64 */
    body.seam_attributes = bl_read_view(&r, 8);   /* 112 */
    body.td_attributes = bl_read_view(&r, 8);     /* 120 */
    body.xfam = bl_read_view(&r, 8);              /* 128 */
    body.mr_td = bl_read_view(&r, 48);            /* 136 */
    body.mr_config_id = bl_read_view(&r, 48);     /* 184 */
    body.mr_owner = bl_read_view(&r, 48);         /* 232 */
    body.mr_owner_config = bl_read_view(&r, 48);  /* 280 */
    for (size_t i = 0; i < BL_TD_RTMR_COUNT; i++) /* 328 */
        body.rtmr[i] = bl_read_view(&r, 48);
    body.report_data = bl_read_view(&r, 64); /* 520 */
    if (is_15) {
        body.tee_tcb_svn_2 = bl_read_view(&r, 16); /* 584 */
        body.mr_service_td = bl_read_view(&r, 48); /* 600 */
    }
    BL_TRY(bl_reader_finish(&r, err));
    body.is_debug = body.td_attributes.data[ATTRIBUTES_TUD] != 0;
    body.is_migratable =
        has_bit(body.td_attributes, ATTRIBUTES_MIGRATABLE) || !bl_all_zero(body.mr_service_td);
    *body_out = body;
    return BULLA_OK;
}
