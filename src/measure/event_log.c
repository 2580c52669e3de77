/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/event_log.h"

#include <string.h>

#include "base/memory.h"

#define SHA1_SIZE 20u

static const char spec_id[16] = "Spec ID Event03";     /* with its zero */
static const char locality_id[16] = "StartupLocality"; /* with its zero */

static bool
starts_with(struct bulla_bytes data, const char signature[16])
{
    return data.size >= 16 && memcmp(data.data, signature, 16) == 0;
}

/* One TCG_PCClientPCREvent: the header of every log, and each event of a legacy one. */
static void
read_legacy_event(struct bl_reader *r, struct bl_event *event)
{
    event->pcr = bl_read_u32le(r);
    event->type = bl_read_u32le(r);
    event->digests[0] = bl_read_view(r, SHA1_SIZE);
    uint32_t size = bl_read_u32le(r);
    event->data = bl_read_view(r, size);
}

static void
read_algorithms(struct bl_reader *r, uint32_t count, struct bl_event_log *log)
{
    for (uint32_t i = 0; i < count; i++) {
        struct bl_event_bank *bank = &log->banks[i];
        bank->algorithm = bl_read_u16le(r);
        bank->digest_size = bl_read_u16le(r);
        bank->hash = bl_tcg_hash(bank->algorithm);
        if (bank->digest_size == 0 || bank->digest_size > BL_EVENT_DIGEST_SIZE_MAX ||
            (bank->hash != BL_HASH_NONE && bank->digest_size != bl_hash_size(bank->hash)))
            bl_reader_fail(r, "digest size does not fit its algorithm");
        for (uint32_t k = 0; k < i; k++)
            if (log->banks[k].algorithm == bank->algorithm)
                bl_reader_fail(r, "algorithm listed twice");
    }
}

/* TCG_EfiSpecIDEvent, PFP 1.06, 10.4.5.1. */
static enum bulla_status
read_spec_id(struct bulla_bytes data, struct bl_event_log *log, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(data, "Spec ID event");

    bl_skip(&r, sizeof spec_id);
    bl_skip(&r, 4); /* platformClass */
    bl_skip(&r, 4); /* specVersionMinor, Major, Errata, uintnSize */
    uint32_t count = bl_read_u32le(&r);
    BL_TRY(bl_reader_ok(&r, err));
    if (count == 0 || count > BL_EVENT_BANK_COUNT_MAX)
        return bulla_fail(err, BULLA_E_MALFORMED, "Spec ID event", "number of algorithms", 24);
    read_algorithms(&r, count, log);
    bl_skip(&r, bl_read_u8(&r)); /* vendorInfo */
    BL_TRY(bl_reader_finish(&r, err));
    log->bank_count = count;
    return BULLA_OK;
}

/* Firmware hands out whole buffers: nothing but zeros, or nothing but ones, ends the log. */
static bool
only_padding_is_left(const struct bl_reader *r)
{
    size_t left = bl_reader_left(r);

    if (left == 0)
        return true;
    const uint8_t *rest = r->input.data + r->offset;
    if (rest[0] != 0x00 && rest[0] != 0xff)
        return false;
    for (size_t i = 1; i < left; i++)
        if (rest[i] != rest[0])
            return false;
    return true;
}

enum bulla_status
bl_event_log_open(struct bulla_bytes bytes, struct bl_event_log *log_out, struct bulla_error *err)
{
    struct bl_event_log log = { .reader = bl_reader(bytes, "event log") };
    struct bl_event first = { 0 };

    if (bytes.size > BL_EVENT_LOG_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "event log", "too large", bytes.size);
    if (only_padding_is_left(&log.reader))
        bl_reader_fail(&log.reader, "empty");
    read_legacy_event(&log.reader, &first);
    BL_TRY(bl_reader_ok(&log.reader, err));
    /* Index 1: firmware of TDX guests, which has no register 0 to extend. */
    if (first.type == BL_EV_NO_ACTION && first.pcr <= 1 && starts_with(first.data, spec_id)) {
        BL_TRY(read_spec_id(first.data, &log, err));
    } else {
        log.is_legacy = true;
        log.banks[0] = (struct bl_event_bank){ bl_tcg_algorithm(BL_SHA1), BL_SHA1, SHA1_SIZE };
        log.bank_count = 1;
        log.reader = bl_reader(bytes, "event log");
    }
    *log_out = log;
    return BULLA_OK;
}

static size_t
bank_index(const struct bl_event_log *log, uint16_t algorithm)
{
    size_t i = 0;

    while (i < log->bank_count && log->banks[i].algorithm != algorithm)
        i++;
    return i;
}

/* One TCG_PCR_EVENT2. */
static enum bulla_status
read_agile_event(struct bl_event_log *log, struct bl_event *event, struct bulla_error *err)
{
    struct bl_reader *r = &log->reader;

    event->pcr = bl_read_u32le(r);
    event->type = bl_read_u32le(r);
    uint32_t count = bl_read_u32le(r);
    BL_TRY(bl_reader_ok(r, err));
    if (count > log->bank_count)
        bl_reader_fail(r, "more digests than algorithms");
    for (uint32_t i = 0; i < count && r->failed == NULL; i++) {
        size_t index = bank_index(log, bl_read_u16le(r));
        if (index == log->bank_count)
            bl_reader_fail(r, "digest of an algorithm that is not listed");
        else if (event->digests[index].size != 0)
            bl_reader_fail(r, "two digests of one algorithm");
        else
            event->digests[index] = bl_read_view(r, log->banks[index].digest_size);
    }
    uint32_t size = bl_read_u32le(r);
    event->data = bl_read_view(r, size);
    return bl_reader_ok(r, err);
}

enum bulla_status
bl_event_log_next(struct bl_event_log *log, struct bl_event *event_out, bool *more_out,
                  struct bulla_error *err)
{
    struct bl_event event = { 0 };

    BL_TRY(bl_reader_ok(&log->reader, err));
    if (only_padding_is_left(&log->reader)) {
        *more_out = false;
        return BULLA_OK;
    }
    if (log->event_count >= BL_EVENT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "event log", "too many events", log->event_count);
    size_t start = log->reader.offset;
    if (log->is_legacy)
        read_legacy_event(&log->reader, &event);
    else
        BL_TRY(read_agile_event(log, &event, err));
    BL_TRY(bl_reader_ok(&log->reader, err));
    bool is_no_pcr = event.type == BL_EV_NO_ACTION && event.pcr == BL_EVENT_NO_PCR;
    if (event.pcr >= BL_PCR_COUNT && !is_no_pcr)
        return bulla_fail(err, BULLA_E_MALFORMED, "event log", "no such PCR", start);
    log->event_count++;
    *event_out = event;
    *more_out = true;
    return BULLA_OK;
}

/* -- replay ------------------------------------------------------------------------------------- */

/* What a separator extends: the digest of four bytes of these values (PFP 1.06, 10.4.1). The last one
 * says that something failed; it is also the digest of other short things. */
static const uint8_t separator_values[][4] = { { 0, 0, 0, 0 },
                                               { 0xff, 0xff, 0xff, 0xff },
                                               { 1, 0, 0, 0 } };
#define SEPARATOR_PLAIN_COUNT 2u

struct replayer {
    size_t bank; /* of the log */
    bool locality_seen;
    uint32_t unlabelled; /* bit i: PCR i was extended as by a separator, under another type */
    uint8_t separators[BL_COUNT_OF(separator_values)][BL_HASH_SIZE_MAX];
    struct bl_replay replay;
};

/* "StartupLocality" and one byte: the start value of PCR 0 (PFP 1.06, 10.4.5.3). */
static enum bulla_status
apply_startup_locality(const struct bl_event *event, struct replayer *p, struct bulla_error *err)
{
    struct bl_replay *replay = &p->replay;

    if (!starts_with(event->data, locality_id))
        return BULLA_OK;
    if (event->pcr != 0 || event->data.size != sizeof locality_id + 1 || p->locality_seen ||
        (replay->touched & 1u) != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "event log", "misplaced StartupLocality",
                          replay->event_count);
    uint8_t locality = event->data.data[sizeof locality_id];
    if (locality != 0 && locality != 3 && locality != 4)
        return bulla_fail(err, BULLA_E_MALFORMED, "event log", "no TPM is started there",
                          replay->event_count);
    p->locality_seen = true;
    return bl_pcr_bank_start(replay->bank.hash, locality, &replay->bank, err);
}

static bool
is_separator_digest(const struct replayer *p, struct bulla_bytes digest, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bl_equal(digest, (struct bulla_bytes){ p->separators[i], digest.size }))
            return true;
    return false;
}

static void
count_separator(struct bl_replay *replay, uint32_t bit)
{
    if (((replay->separators | replay->duplicate_separators) & bit) != 0) {
        replay->duplicate_separators |= bit;
        replay->separators &= ~bit;
    } else {
        replay->separators |= bit;
    }
}

/* The type of an event is in no digest, so what it says of a separator is held against the digest. */
static enum bulla_status
note_separator(const struct bl_event *event, struct bulla_bytes digest, struct replayer *p,
               struct bulla_error *err)
{
    const uint32_t bit = 1u << event->pcr;
    bool is_firmware = (BL_PCR_MASK_BOOT & bit) != 0;

    if (event->type != BL_EV_SEPARATOR) {
        if (is_firmware && is_separator_digest(p, digest, SEPARATOR_PLAIN_COUNT))
            p->unlabelled |= bit;
        return BULLA_OK;
    }
    if (is_firmware && !is_separator_digest(p, digest, BL_COUNT_OF(separator_values)))
        return bulla_fail_cause(err, BULLA_CAUSE_LOG_MISMATCH, "event log",
                                "what is called a separator is none");
    count_separator(&p->replay, bit);
    return BULLA_OK;
}

static enum bulla_status
apply_event(const struct bl_event *event, struct replayer *p, struct bulla_error *err)
{
    struct bulla_bytes digest = event->digests[p->bank];

    if (digest.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "event log", "event without this bank's digest",
                          p->replay.event_count);
    BL_TRY(bl_pcr_extend(&p->replay.bank, event->pcr, digest, err));
    p->replay.touched |= 1u << event->pcr;
    return note_separator(event, digest, p, err);
}

static enum bulla_status
find_bank(const struct bl_event_log *log, enum bl_hash hash, size_t *bank_out,
          struct bulla_error *err)
{
    for (size_t i = 0; i < log->bank_count; i++) {
        if (log->banks[i].hash == hash && hash != BL_HASH_NONE) {
            *bank_out = i;
            return BULLA_OK;
        }
    }
    return bulla_fail(err, BULLA_E_UNSUPPORTED, "event log", "has no such bank", 0);
}

static enum bulla_status
replayer_start(const struct bl_event_log *log, enum bl_hash bank, struct replayer *p,
               struct bulla_error *err)
{
    *p = (struct replayer){ 0 };
    BL_TRY(find_bank(log, bank, &p->bank, err));
    BL_TRY(bl_pcr_bank_start(bank, 0, &p->replay.bank, err));
    for (size_t i = 0; i < BL_COUNT_OF(separator_values); i++)
        BL_TRY(bl_hash_once(bank, BL_BYTES_OF(separator_values[i]), p->separators[i], err));
    return BULLA_OK;
}

enum bulla_status
bl_event_log_replay(struct bulla_bytes bytes, enum bl_hash bank, struct bl_replay *replay_out,
                    struct bulla_error *err)
{
    struct bl_event_log log;
    struct replayer p;

    BL_TRY(bl_event_log_open(bytes, &log, err));
    BL_TRY(replayer_start(&log, bank, &p, err));
    for (;;) {
        struct bl_event event;
        bool more = false;
        BL_TRY(bl_event_log_next(&log, &event, &more, err));
        p.replay.event_count = log.event_count;
        if (!more)
            break;
        if (event.type == BL_EV_NO_ACTION && log.is_legacy)
            continue;
        if (event.type == BL_EV_NO_ACTION)
            BL_TRY(apply_startup_locality(&event, &p, err));
        else
            BL_TRY(apply_event(&event, &p, err));
    }
    p.replay.size = log.reader.offset;
    p.replay.disguised_separators =
        p.unlabelled & ~(p.replay.separators | p.replay.duplicate_separators);
    *replay_out = p.replay;
    return BULLA_OK;
}

enum bulla_status
bl_replay_check_separators(const struct bl_replay *replay, uint32_t pcrs, struct bulla_error *err)
{
    if ((replay->duplicate_separators & pcrs) != 0) {
        enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_SEPARATOR_REPEATED,
                                                    "event log", "second separator in one PCR");
        bulla_error_values(err, bulla_value_number(replay->duplicate_separators & pcrs),
                           bulla_value_number(0));
        return status;
    }
    if ((replay->disguised_separators & pcrs) != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_LOG_MISMATCH, "event log",
                                "a separator is called something else");
    return BULLA_OK;
}

static void
write_pcr_and_type(struct bl_writer *w, uint32_t pcr, uint32_t type)
{
    bl_write_u32le(w, pcr);
    bl_write_u32le(w, type);
}

void
bl_event_log_write_header(struct bl_writer *w)
{
    static const uint8_t no_digest[SHA1_SIZE] = { 0 };

    write_pcr_and_type(w, 0, BL_EV_NO_ACTION);
    bl_write_bytes(w, BL_BYTES_OF(no_digest));
    bl_write_u32le(w, 33);                          /* size of what follows */
    bl_write_bytes(w, BL_BYTES_OF(spec_id));        /* 0: signature */
    bl_write_u32le(w, 0);                           /* 16: platformClass: client */
    bl_write_u8(w, 0);                              /* 20: specVersionMinor */
    bl_write_u8(w, 2);                              /* 21: specVersionMajor */
    bl_write_u8(w, 0);                              /* 22: specErrata */
    bl_write_u8(w, 2);                              /* 23: uintnSize: 64 bits */
    bl_write_u32le(w, 1);                           /* 24: numberOfAlgorithms */
    bl_write_u16le(w, bl_tcg_algorithm(BL_SHA256)); /* 28 */
    bl_write_u16le(w, 32);                          /* 30 */
    bl_write_u8(w, 0);                              /* 32: vendorInfoSize */
}

void
bl_event_log_write(struct bl_writer *w, uint32_t pcr, uint32_t type, const uint8_t digest[32],
                   struct bulla_bytes data)
{
    write_pcr_and_type(w, pcr, type);
    bl_write_u32le(w, 1); /* digests */
    bl_write_u16le(w, bl_tcg_algorithm(BL_SHA256));
    bl_write_bytes(w, (struct bulla_bytes){ digest, 32 });
    if (data.size > BL_EVENT_LOG_SIZE_MAX)
        w->status = BULLA_E_LIMIT;
    bl_write_u32le(w, (uint32_t)data.size);
    bl_write_bytes(w, data);
}
