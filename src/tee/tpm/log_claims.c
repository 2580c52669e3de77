/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/log_claims.h"

#include <stdio.h>

/* The banks of a log that are known to us. */
struct known_banks {
    enum bl_hash hashes[BL_EVENT_BANK_COUNT_MAX];
    size_t count;
};

static enum bulla_status
find_banks(const struct bl_event_log *log, struct known_banks *banks, struct bulla_error *err)
{
    *banks = (struct known_banks){ 0 };
    for (size_t i = 0; i < log->bank_count; i++)
        if (log->banks[i].hash != BL_HASH_NONE)
            banks->hashes[banks->count++] = log->banks[i].hash;
    if (banks->count == 0)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "event log", "no bank of it is known", 0);
    return BULLA_OK;
}

enum bulla_status
bl_log_check(struct bulla_bytes bytes, uint32_t separated, struct bulla_error *err)
{
    struct bl_event_log log;
    struct known_banks banks;
    struct bl_replay replay;

    BL_TRY(bl_event_log_open(bytes, &log, err));
    BL_TRY(find_banks(&log, &banks, err));
    for (size_t i = 0; i < banks.count; i++) {
        BL_TRY(bl_event_log_replay(bytes, banks.hashes[i], &replay, err));
        BL_TRY(bl_replay_check_separators(&replay, separated, err));
    }
    return BULLA_OK;
}

/* -- described ----------------------------------------------------------------------------------- */

static void
write_algorithms(struct bl_json_writer *out, const struct bl_event_log *log)
{
    char unknown[sizeof "0xffff"];

    bl_json_open_array(out, "algorithms");
    for (size_t i = 0; i < log->bank_count; i++) {
        (void)snprintf(unknown, sizeof unknown, "0x%04x", (unsigned)log->banks[i].algorithm);
        if (log->is_legacy)
            bl_json_write_word(out, NULL, "sha1 (legacy format)");
        else
            bl_json_write_word(
                out, NULL,
                log->banks[i].hash == BL_HASH_NONE ? unknown : bl_bank_word(log->banks[i].hash));
    }
    bl_json_close(out);
}

static void
write_bank(struct bl_json_writer *out, const struct bl_replay *replay,
           const char *const names[BL_PCR_COUNT])
{
    char number[sizeof "4294967295"];

    bl_json_open_object(out, bl_bank_word(replay->bank.hash));
    for (unsigned i = 0; i < BL_PCR_COUNT; i++) {
        (void)snprintf(number, sizeof number, "%u", i);
        const char *name = names == NULL ? number : names[i];
        if ((replay->touched >> i & 1u) != 0 && name != NULL)
            bl_json_write_hex(out, name, bl_pcr_value(&replay->bank, i));
    }
    bl_json_close(out);
}

enum bulla_status
bl_log_describe(struct bulla_bytes bytes, const char *const names[BL_PCR_COUNT],
                struct bl_json_writer *out, struct bulla_error *err)
{
    struct bl_event_log log;
    struct known_banks banks;
    struct bl_replay replay;

    BL_TRY(bl_event_log_open(bytes, &log, err));
    BL_TRY(find_banks(&log, &banks, err));
    BL_TRY(bl_event_log_replay(bytes, banks.hashes[0], &replay, err));
    bl_json_write_u64(out, "events", replay.event_count);
    bl_json_write_u64(out, "bytes_used", replay.size);
    bl_json_write_u64(out, "bytes_total", bytes.size);
    write_algorithms(out, &log);
    bl_json_open_object(out, "final");
    for (size_t i = 0; i < banks.count; i++) {
        BL_TRY(bl_event_log_replay(bytes, banks.hashes[i], &replay, err));
        write_bank(out, &replay, names);
    }
    bl_json_close(out);
    return BULLA_OK;
}
