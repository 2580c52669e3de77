/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/ccel/log.h"

#include <string.h>

#include "base/memory.h"
#include "tee/dcap/quote.h"
#include "tee/tdx/body.h"
#include "tee/tpm/log_claims.h"

#define REGISTER_COUNT 5u /* MRTD, RTMR 0 to 3 */
#define REGISTER_MASK 0x0000001fu
#define FIRMWARE_MASK 0x0000000eu /* RTMR 0 to 2: firmware, loader, system. RTMR 3 is anybody's */
#define RTMR0 0x2u
#define RTMR1 0x4u
#define RTMR3_COVERED 0x8u /* by RTMR, not by index */
#define EV_EFI_PLATFORM_FIRMWARE_BLOB2 0x8000000au

static const char *const register_names[BL_PCR_COUNT] = { NULL, "rtmr0", "rtmr1", "rtmr2",
                                                          "rtmr3" };

static enum bulla_status
replay_registers(struct bulla_bytes bytes, struct bl_replay *replay, struct bulla_error *err)
{
    struct bl_event_log log;

    BL_TRY(bl_event_log_open(bytes, &log, err));
    if (log.is_legacy || log.bank_count != 1 || log.banks[0].hash != BL_SHA384)
        return bulla_fail(err, BULLA_E_MALFORMED, "CCEL", "has other digests than SHA-384", 0);
    BL_TRY(bl_event_log_replay(bytes, BL_SHA384, replay, err));
    if ((replay->touched & ~REGISTER_MASK) != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "CCEL", "no such register", 0);
    return BULLA_OK;
}

/* -- separators ---------------------------------------------------------------------------------- */

static bool
is_unnamed_volume(struct bulla_bytes data)
{
    static const char unnamed[] = "Fv(XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX)";

    return data.size > sizeof unnamed - 1 && data.data[0] == sizeof unnamed &&
           memcmp(data.data + 1, unnamed, sizeof unnamed - 1) == 0;
}

/* The upstream firmware for TDX of 2023, whose volume of variables has no name, put both of its
 * separators, that of PCR 7 and that of all others, into RTMR 0, and none into RTMR 1. */
static enum bulla_status
is_upstream_of_2023(struct bulla_bytes bytes, const struct bl_replay *replay, bool *is_out,
                    struct bulla_error *err)
{
    struct bl_event_log log;
    unsigned separators = 0;
    bool is_unnamed = false, more = false;
    struct bl_event event;

    BL_TRY(bl_event_log_open(bytes, &log, err));
    for (;;) {
        BL_TRY(bl_event_log_next(&log, &event, &more, err));
        if (!more)
            break;
        if (event.type == BL_EV_SEPARATOR && event.pcr == 1)
            separators++;
        if (event.type == EV_EFI_PLATFORM_FIRMWARE_BLOB2 && is_unnamed_volume(event.data))
            is_unnamed = true;
    }
    *is_out = is_unnamed && separators == 2 && (replay->separators & RTMR1) == 0;
    return BULLA_OK;
}

static enum bulla_status
check_separators(struct bulla_bytes bytes, const struct bl_replay *replay, struct bulla_error *err)
{
    uint32_t judged = FIRMWARE_MASK;
    bool is_upstream = false;

    if ((replay->duplicate_separators & RTMR0) != 0) {
        BL_TRY(is_upstream_of_2023(bytes, replay, &is_upstream, err));
        if (is_upstream)
            judged &= ~RTMR0;
    }
    return bl_replay_check_separators(replay, judged, err);
}

/* -- the quote ----------------------------------------------------------------------------------- */

static enum bulla_status
compare_register(const struct bl_replay *replay, unsigned rtmr, struct bulla_bytes quoted,
                 struct bulla_error *err)
{
    struct bulla_bytes computed = bl_pcr_value(&replay->bank, rtmr + BL_CCEL_INDEX_OF_RTMR0);

    if (bl_equal(computed, quoted))
        return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_LOG_MISMATCH, "CCEL",
                                                "does not replay to the quoted RTMR");
    bulla_error_values(err, bulla_value_bytes(computed), bulla_value_bytes(quoted));
    if (err != NULL)
        err->offset = rtmr;
    return status;
}

/* RTMR 3 is extended at run time, and logged by whoever does it, here or elsewhere. */
static enum bulla_status
compare_registers(const struct bl_replay *replay, const struct bulla_bytes rtmr[BL_TD_RTMR_COUNT],
                  uint32_t *covers_out, struct bulla_error *err)
{
    uint32_t covers = 0;

    for (unsigned i = 0; i < BL_TD_RTMR_COUNT; i++) {
        bool is_logged = (replay->touched >> (i + BL_CCEL_INDEX_OF_RTMR0) & 1u) != 0;
        bool is_clear = bl_equal(bl_pcr_value(&replay->bank, i + BL_CCEL_INDEX_OF_RTMR0), rtmr[i]);
        if (i == 3 && !is_logged && !is_clear)
            continue;
        BL_TRY(compare_register(replay, i, rtmr[i], err));
        covers |= 1u << i;
    }
    *covers_out = covers;
    return BULLA_OK;
}

static enum bulla_status
compare_quote(const struct bl_verification *v, const struct bl_replay *replay,
              struct bl_claims *claims, struct bulla_error *err)
{
    struct bulla_bytes bytes = bl_part_find(v, "quote");
    struct bl_dcap_quote quote;
    struct bl_td_body body;
    uint32_t covers = 0;

    for (size_t i = 0; bytes.size == 0 && i < v->part_count; i++)
        if (strcmp(v->parts[i].role, "quote") == 0)
            return bulla_fail(err, BULLA_E_MALFORMED, "quote", "empty, or given more than once", i);
    if (bytes.size == 0)
        return BULLA_OK;
    BL_TRY(bl_dcap_quote_decode(bytes, &quote, err));
    if (quote.body_type == BL_DCAP_BODY_SGX)
        return bulla_fail(err, BULLA_E_MALFORMED, "quote", "is of no TD", 0);
    BL_TRY(bl_td_body_decode(quote.body, quote.body_type == BL_DCAP_BODY_TD15, &body, err));
    BL_TRY(compare_registers(replay, body.rtmr, &covers, err));
    if ((covers & RTMR3_COVERED) == 0)
        bl_claims_unchecked(claims, "rtmr3");
    return BULLA_OK;
}

enum bulla_status
bl_ccel_match(struct bulla_bytes log, const struct bulla_bytes rtmr[BL_TD_RTMR_COUNT],
              uint32_t *covers_out, struct bulla_error *err)
{
    struct bl_replay replay;
    uint32_t covers = 0;

    BL_TRY(replay_registers(log, &replay, err));
    BL_TRY(compare_registers(&replay, rtmr, &covers, err));
    BL_TRY(check_separators(log, &replay, err));
    *covers_out = covers;
    return BULLA_OK;
}

/* -- the scheme ---------------------------------------------------------------------------------- */

enum bulla_status
bl_ccel_inspect(const struct bl_verification *verification, struct bl_claims *claims_out,
                struct bulla_error *err)
{
    struct bl_claims claims = { .kind = "ccel" };
    struct bl_replay replay;

    BL_TRY(replay_registers(verification->evidence, &replay, err));
    BL_TRY(compare_quote(verification, &replay, &claims, err));
    BL_TRY(check_separators(verification->evidence, &replay, err));
    *claims_out = claims;
    return BULLA_OK;
}

enum bulla_status
bl_ccel_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                 struct bulla_error *err)
{
    return bl_ccel_log_describe(verification->evidence, out, err);
}

enum bulla_status
bl_ccel_log_describe(struct bulla_bytes log, struct bl_json_writer *out, struct bulla_error *err)
{
    return bl_log_describe(log, register_names, out, err);
}
