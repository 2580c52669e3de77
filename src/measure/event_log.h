/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure/event_log.h: the TCG event log, crypto-agile ("Spec ID Event03") and legacy (SHA-1).
 *
 * Spec: TCG PC Client Platform Firmware Profile 1.06, sections 9 and 10 (TCG_PCClientPCREvent,
 * TCG_PCR_EVENT2, TCG_EfiSpecIDEvent). All integers little-endian.
 * Guarantees: every length is bounded by the input; PCR indexes, algorithm lists and the number of
 * digests of each event are checked before use; padding (all zeros, or all ones, to the end of a
 * firmware buffer) ends the log, anything else behind the last event is malformed.
 * Does not: make an event true. A log is hints until its replay equals PCRs that a verified quote
 * covers, and even then the event's type and data are not what was extended: the digest is.
 */
#ifndef BL_MEASURE_EVENT_LOG_H
#define BL_MEASURE_EVENT_LOG_H

#include "codec/reader.h"
#include "codec/writer.h"
#include "measure/pcr.h"

#define BL_EVENT_LOG_SIZE_MAX \
    ((size_t)4 << 20)               /* bytes: 16 times the largest firmware buffer seen */
#define BL_EVENT_COUNT_MAX 65536    /* events: more than BL_EVENT_LOG_SIZE_MAX can hold usefully */
#define BL_EVENT_BANK_COUNT_MAX 8   /* algorithms of one log; TPMs have at most 5 banks */
#define BL_EVENT_DIGEST_SIZE_MAX 64 /* bytes: SHA-512 */

/* Event types that steer a decision here (PFP 1.06, table 27). */
#define BL_EV_NO_ACTION 0x00000003u
#define BL_EV_SEPARATOR 0x00000004u
#define BL_EV_EVENT_TAG 0x00000006u
#define BL_EVENT_NO_PCR 0xffffffffu /* index of an EV_NO_ACTION that belongs to no PCR */

struct bl_event_bank {
    uint16_t algorithm; /* TPM_ALG_ID, known to us or not */
    enum bl_hash hash;  /* BL_HASH_NONE if not known to us: passed over */
    size_t digest_size; /* bytes, as the log declares */
};

/** A log being read. */
struct bl_event_log {
    struct bl_reader reader;
    bool is_legacy; /* SHA-1 only, one digest an event */
    struct bl_event_bank banks[BL_EVENT_BANK_COUNT_MAX];
    size_t bank_count;
    size_t event_count; /* read so far, without the header of a crypto-agile log */
};

/** One event; the views are borrowed from the log. */
struct bl_event {
    uint32_t pcr; /* below BL_PCR_COUNT, or BL_EVENT_NO_PCR in an EV_NO_ACTION */
    uint32_t type;
    struct bulla_bytes digests[BL_EVENT_BANK_COUNT_MAX]; /* by bank of the log; empty: none given */
    struct bulla_bytes data;
};

/** Read the header. BULLA_E_MALFORMED, BULLA_E_LIMIT. */
enum bulla_status bl_event_log_open(struct bulla_bytes bytes, struct bl_event_log *log_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** The next event in *event_out; *more_out is false at the end, and then there is no event. The
 *  header of a crypto-agile log is not given; every other event is, EV_NO_ACTION included. */
enum bulla_status bl_event_log_next(struct bl_event_log *log, struct bl_event *event_out,
                                    bool *more_out, struct bulla_error *err) BULLA_CHECKED;

/** What a whole log says of one bank. */
struct bl_replay {
    struct bl_pcr_bank bank;       /* all 24 values: the start value where no event extends */
    uint32_t touched;              /* bit i: at least one event extended PCR i */
    uint32_t separators;           /* bit i: exactly one EV_SEPARATOR in PCR i */
    uint32_t duplicate_separators; /* bit i: more than one */
    uint32_t disguised_separators; /* bit i: what a separator extends, under other types */
    size_t event_count;            /* without the header of a crypto-agile log */
    size_t size;                   /* bytes read: all but the padding */
};
/** Read the whole log and compute the values of one bank; BULLA_E_UNSUPPORTED if the log has no such
 *  bank. EV_NO_ACTION extends nothing; in a crypto-agile log StartupLocality sets the start of PCR 0
 *  (0, 3, or 4 after an H-CRTM sequence) and is malformed after PCR 0 was extended, or twice; in the
 *  format of TPM 1.2, whose PCR 0 always starts at zero, it says nothing. LOG_MISMATCH for an
 *  EV_SEPARATOR of PCR 0 to 7 that extends something else than a separator does. */
enum bulla_status bl_event_log_replay(struct bulla_bytes bytes, enum bl_hash bank,
                                      struct bl_replay *replay_out,
                                      struct bulla_error *err) BULLA_CHECKED;

/** Firmware draws one line under each of its PCRs: of those in `pcrs` none has two separators
 *  (SEPARATOR_REPEATED), nor one that is called something else (LOG_MISMATCH). Types are in no digest:
 *  whoever hands over a log writes what he likes there. One without any passes: logs of an operating
 *  system's own leave out what it did not read. */
enum bulla_status bl_replay_check_separators(const struct bl_replay *replay, uint32_t pcrs,
                                             struct bulla_error *err) BULLA_CHECKED;

/** Write the header of a crypto-agile log with the one bank SHA-256. */
void bl_event_log_write_header(struct bl_writer *w);
/** Write one event with its one SHA-256 digest. */
void bl_event_log_write(struct bl_writer *w, uint32_t pcr, uint32_t type, const uint8_t digest[32],
                        struct bulla_bytes data);

#endif
