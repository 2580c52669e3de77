/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/ccel/td.h"

#include <string.h>

#include "tee/ccel/log.h"
#include "tee/dcap/quote.h"
#include "tee/tdx/verify.h"

/* The log of its firmware and system, if it came along. One that does not come to what was quoted is of
 * another boot, or was changed: nothing of the two is believed together. */
static enum bulla_status
find_log(const struct bl_verification *v, struct bulla_bytes *log_out, struct bulla_error *err)
{
    *log_out = bl_part_find(v, BL_CCEL_PART);
    for (size_t i = 0; log_out->size == 0 && i < v->part_count; i++)
        if (strcmp(v->parts[i].role, BL_CCEL_PART) == 0)
            return bulla_fail(err, BULLA_E_MALFORMED, "CCEL", "empty, or given more than once", i);
    return BULLA_OK;
}

static enum bulla_status
claim_log(const struct bl_verification *v, const struct bl_td_body *body, struct bl_claims *claims,
          struct bulla_error *err)
{
    struct bulla_bytes log;

    BL_TRY(find_log(v, &log, err));
    if (log.size == 0)
        return BULLA_OK;
    BL_TRY(bl_ccel_match(log, body->rtmr, &claims->register_log_covers, err));
    claims->register_log = log;
    return BULLA_OK;
}

/* Of a quote that was decoded before, when it was verified. */
static enum bulla_status
decode(struct bulla_bytes evidence, struct bl_td_body *body_out, struct bulla_error *err)
{
    struct bl_dcap_quote quote;

    BL_TRY(bl_dcap_quote_decode(evidence, &quote, err));
    return bl_td_body_decode(quote.body, quote.body_type == BL_DCAP_BODY_TD15, body_out, err);
}

enum bulla_status
bl_td_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
             struct bulla_error *err)
{
    struct bl_claims claims = { 0 };
    struct bl_td_body body;

    enum bulla_status status = bl_tdx_verify(verification, &claims, err);
    if (status != BULLA_OK) {
        if (claims.tcb.is_rated) /* the rating alone failed: it is told */
            *claims_out = claims;
        return status;
    }
    BL_TRY(decode(verification->evidence, &body, err));
    BL_TRY(claim_log(verification, &body, &claims, err));
    *claims_out = claims;
    return BULLA_OK;
}

/* Which RTMRs the log explains, and what it comes to. */
static enum bulla_status
describe_log(const struct bl_verification *v, const struct bl_td_body *body,
             struct bl_json_writer *out, struct bulla_error *err)
{
    struct bulla_bytes log;
    uint32_t covers = 0;

    BL_TRY(find_log(v, &log, err));
    if (log.size == 0)
        return BULLA_OK;
    BL_TRY(bl_ccel_match(log, body->rtmr, &covers, err));
    bl_json_open_array(out, "log_replays_to_rtmrs");
    for (unsigned i = 0; i < BL_TD_RTMR_COUNT; i++)
        if ((covers >> i & 1u) != 0)
            bl_json_write_u64(out, NULL, i);
    bl_json_close(out);
    bl_json_open_object(out, "log");
    BL_TRY(bl_ccel_log_describe(log, out, err));
    bl_json_close(out);
    return BULLA_OK;
}

enum bulla_status
bl_td_describe(const struct bl_verification *verification, struct bl_json_writer *out,
               struct bulla_error *err)
{
    struct bl_td_body body;

    BL_TRY(bl_tdx_describe(verification, out, err));
    BL_TRY(decode(verification->evidence, &body, err));
    return describe_log(verification, &body, out, err);
}
