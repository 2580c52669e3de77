/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs of TDX guests, with a quote or without: what is sound is described as valid JSON, names no
 * register that there is not, and is sound without the quote too.
 *
 * Input: size of the quote (16 bits, little-endian; 0: none), the quote, the log.
 */
#include "fuzz_scheme.h"

#include "codec/reader.h"
#include "measure/event_log.h"
#include "tee/ccel/log.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_reader r = bl_reader((struct bulla_bytes){ data, size }, "input");
    struct bulla_bytes quote = bl_read_view(&r, bl_read_u16le(&r));
    struct bulla_bytes log = bl_read_view(&r, bl_reader_left(&r));
    const struct bl_part part = { "quote", quote };
    struct bl_verification v = { .evidence = log, .parts = &part, .part_count = quote.size > 0 };
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };
    struct bl_replay replay;

    enum bulla_status status = bl_ccel_inspect(&v, &claims, &err);
    FUZZ_ASSERT((claims.kind != NULL) == (status == BULLA_OK));
    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    FUZZ_ASSERT(fuzz_describe(bl_ccel_describe, &v, NULL) == BULLA_OK);
    FUZZ_ASSERT(bl_event_log_replay(log, BL_SHA384, &replay, NULL) == BULLA_OK);
    FUZZ_ASSERT((replay.touched & ~0x1fu) == 0);
    v.part_count = 0;
    FUZZ_ASSERT(bl_ccel_inspect(&v, &claims, NULL) == BULLA_OK);
    return 0;
}
