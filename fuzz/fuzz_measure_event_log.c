/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that replays touches only PCRs that exist, leaves the others at their start, and says the
 * same when it is read again event by event; an enclave's log replays to what it predicts.
 */
#include "fuzz.h"

#include "measure/enclave_pcrs.h"

static void
check_events(struct bulla_bytes log_bytes, const struct bl_replay *replay)
{
    struct bl_event_log log;
    struct bl_event event;
    uint32_t touched = 0;
    bool more = true;

    FUZZ_ASSERT(bl_event_log_open(log_bytes, &log, NULL) == BULLA_OK);
    while (more) {
        FUZZ_ASSERT(bl_event_log_next(&log, &event, &more, NULL) == BULLA_OK);
        FUZZ_ASSERT(!more || event.pcr < BL_PCR_COUNT || event.type == BL_EV_NO_ACTION);
        if (more && event.type != BL_EV_NO_ACTION)
            touched |= 1u << event.pcr;
    }
    FUZZ_ASSERT(touched == replay->touched && log.event_count == replay->event_count);
    FUZZ_ASSERT((replay->separators & replay->duplicate_separators) == 0);
}

static void
check_start_values(const struct bl_replay *replay)
{
    struct bl_pcr_bank start;

    FUZZ_ASSERT(bl_pcr_bank_start(replay->bank.hash, 0, &start, NULL) == BULLA_OK);
    for (unsigned i = 1; i < BL_PCR_COUNT; i++)
        FUZZ_ASSERT((replay->touched >> i & 1u) != 0 ||
                    fuzz_same_bytes(bl_pcr_value(&replay->bank, i), bl_pcr_value(&start, i)));
}

static void
check_enclave(struct bulla_bytes log)
{
    struct bl_enclave_identity identity;
    struct bl_pcr_bank predicted;
    struct bl_replay replay;

    if (bl_enclave_log_read(log, &identity, NULL) != BULLA_OK)
        return;
    FUZZ_ASSERT(bl_enclave_predict(&identity, &predicted, NULL) == BULLA_OK);
    FUZZ_ASSERT(bl_event_log_replay(log, BL_SHA256, &replay, NULL) == BULLA_OK);
    FUZZ_ASSERT(replay.touched == BL_ENCLAVE_PCR_MASK);
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++)
        FUZZ_ASSERT(fuzz_same_bytes(bl_pcr_value(&predicted, BL_ENCLAVE_PCR_FIRST + i),
                                    bl_pcr_value(&replay.bank, BL_ENCLAVE_PCR_FIRST + i)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum bl_hash banks[] = { BL_SHA1, BL_SHA256, BL_SHA384, BL_SHA512 };
    struct bulla_bytes log = { data, size };

    for (size_t i = 0; i < sizeof banks / sizeof banks[0]; i++) {
        struct bulla_error err = { 0 };
        struct bl_replay replay;
        enum bulla_status status = bl_event_log_replay(log, banks[i], &replay, &err);
        if (status != BULLA_OK) {
            fuzz_check_refusal(status, &err);
            continue;
        }
        check_events(log, &replay);
        check_start_values(&replay);
    }
    check_enclave(log);
    return 0;
}
