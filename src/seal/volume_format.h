/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_format.h: the keys of a sealed volume, and its head, pages and journal records as
 * bytes. docs/formats/sealed-volume.md.
 *
 * Guarantees: a page opens only with the record made for it, at its level and number and under its
 * epoch; a record only at its place in the journal that follows one checkpoint.
 * Does not: know which of two valid heads or records is the newer one; the caller compares.
 */
#ifndef BL_SEAL_VOLUME_FORMAT_H
#define BL_SEAL_VOLUME_FORMAT_H

#include "base/secret.h"
#include "crypto/aead.h"
#include "seal/volume.h"

#define BL_VOLUME_SUITE 0x0101
#define BL_VOLUME_ID_SIZE 32
#define BL_VOLUME_STATE_SIZE 32
#define BL_VOLUME_PAGE_SIZE 4096
#define BL_VOLUME_LEVEL_COUNT 4  /* of tree nodes above the pages */
#define BL_VOLUME_NODE_BITS 7    /* 128 children */
#define BL_VOLUME_RECORD_SIZE 32 /* bytes */
#define BL_VOLUME_PAGE_COUNT_MAX ((uint64_t)1 << (BL_VOLUME_LEVEL_COUNT * BL_VOLUME_NODE_BITS))
#define BL_VOLUME_EPOCH_MAX 0x7fffffffu

/** What a parent keeps of a child. */
struct bl_volume_record {
    uint32_t epoch; /* 0: never written */
    bool second;    /* a node: which of its two places is the valid one */
    uint8_t nonce[BL_AEAD_NONCE_SIZE];
    uint8_t tag[BL_AEAD_TAG_SIZE];
};
void bl_volume_record_load(const uint8_t in[BL_VOLUME_RECORD_SIZE],
                           struct bl_volume_record *record_out);
void bl_volume_record_store(const struct bl_volume_record *record,
                            uint8_t out[BL_VOLUME_RECORD_SIZE]);

/** Where a page is: level 0 for data, 1 to BL_VOLUME_LEVEL_COUNT for nodes. */
struct bl_volume_place {
    unsigned level;
    uint64_t number; /* within the level */
};

#define BL_VOLUME_EPOCH_KEYS 8 /* contexts kept at once */

/** Keys of one volume. */
struct bl_volume_keys {
    struct bl_secret root; /* PRK: everything comes from it */
    uint8_t volume_id[BL_VOLUME_ID_SIZE];
    uint8_t check[32]; /* tells another key from an altered head */
    struct {
        uint32_t epoch; /* 0: empty */
        struct bl_aead *aead;
    } pages[BL_VOLUME_EPOCH_KEYS];
    unsigned next; /* of pages[], to be replaced */
    uint32_t journal_epoch;
    struct bl_aead *journal;
};

/** *keys must be empty. */
enum bulla_status bl_volume_keys_new(struct bl_volume_keys *keys, const struct bl_secret *key,
                                     const uint8_t volume_id[BL_VOLUME_ID_SIZE],
                                     struct bulla_error *err) BULLA_CHECKED;
void bl_volume_keys_done(struct bl_volume_keys *keys);

/** Seal one page under `epoch`: the ciphertext to `out`, what its parent keeps to *record_out
 *  (`second` is left as it was). */
enum bulla_status bl_volume_page_seal(struct bl_volume_keys *keys, uint32_t epoch,
                                      struct bl_volume_place place,
                                      const uint8_t page[BL_VOLUME_PAGE_SIZE],
                                      uint8_t out[BL_VOLUME_PAGE_SIZE],
                                      struct bl_volume_record *record_out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** BULLA_E_INTEGRITY; `out` is then wiped. */
enum bulla_status bl_volume_page_open(struct bl_volume_keys *keys, struct bl_volume_place place,
                                      const struct bl_volume_record *record,
                                      const uint8_t ciphertext[BL_VOLUME_PAGE_SIZE],
                                      uint8_t out[BL_VOLUME_PAGE_SIZE],
                                      struct bulla_error *err) BULLA_CHECKED;

#define BL_VOLUME_HEAD_SIZE 232      /* bytes of one copy */
#define BL_VOLUME_HEAD_DISTANCE 4096 /* bytes from one copy to the other */
#define BL_VOLUME_HEAD_MAC_SIZE 32   /* bytes */
#define BL_VOLUME_ANCHORED 1u        /* a flag: not to be opened without its anchor */

struct bl_volume_head {
    uint32_t flags;
    uint8_t volume_id[BL_VOLUME_ID_SIZE];
    uint64_t checkpoint; /* counts heads */
    uint32_t epoch;      /* of the journal that follows, and of pages written by then */
    uint64_t generation;
    uint8_t state[BL_VOLUME_STATE_SIZE];
    uint8_t state_before[BL_VOLUME_STATE_SIZE]; /* of the generation before */
    struct bl_volume_record root;
    uint8_t mac[BL_VOLUME_HEAD_MAC_SIZE]; /* filled by encoding and decoding */
};

/** Fill out and head->mac. */
enum bulla_status bl_volume_head_encode(const struct bl_volume_keys *keys,
                                        struct bl_volume_head *head,
                                        uint8_t out[BL_VOLUME_HEAD_SIZE],
                                        struct bulla_error *err) BULLA_CHECKED;
/** Decode and authenticate one copy; *keys must be empty and is filled. Causes: INTEGRITY,
 *  BLOB_VERSION, WRONG_RECIPIENT. */
enum bulla_status bl_volume_head_decode(struct bulla_bytes bytes, const struct bl_secret *key,
                                        struct bl_volume_keys *keys,
                                        struct bl_volume_head *head_out,
                                        struct bulla_error *err) BULLA_CHECKED;

/* -- journal -- */

enum bl_volume_entry_kind { BL_VOLUME_CHANGES = 1, BL_VOLUME_SYNC = 2 };

#define BL_VOLUME_ENTRY_HEAD_SIZE 80
#define BL_VOLUME_ENTRY_ALIGNMENT 64
#define BL_VOLUME_ENTRY_SIZE_MAX ((size_t)4 << 20) /* bytes of payload: above any one call */

/** One record of the journal: a call, or a sync. */
struct bl_volume_entry {
    enum bl_volume_entry_kind kind;
    uint32_t payload_size; /* bytes */
    uint64_t checkpoint;   /* of the head that it follows */
    uint64_t sequence;     /* from 1 */
    uint64_t synced;       /* records up to this one were on the disk when it was written */
    uint64_t generation;   /* after it */
    uint8_t before[BL_AEAD_TAG_SIZE]; /* tag of the record before; of the first: of the head */
    uint8_t tag[BL_AEAD_TAG_SIZE];    /* filled by sealing and opening */
};

/** Bytes of a whole record on the disk. */
size_t bl_volume_entry_extent(size_t payload_size);
/** Read the cleartext head; false if it is not one. Believes nothing. */
bool bl_volume_entry_peek(const uint8_t head[BL_VOLUME_ENTRY_HEAD_SIZE],
                          struct bl_volume_entry *entry_out);
/** Seal in place: `bytes` has bl_volume_entry_extent() bytes, the payload behind its head. */
enum bulla_status bl_volume_entry_seal(struct bl_volume_keys *keys, uint32_t epoch,
                                       struct bl_volume_entry *entry, uint8_t *bytes,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Open in place, the whole record: payload at bytes + BL_VOLUME_ENTRY_HEAD_SIZE.
 *  BULLA_E_INTEGRITY. */
enum bulla_status bl_volume_entry_open(struct bl_volume_keys *keys, uint32_t epoch,
                                       struct bl_volume_entry *entry_out, uint8_t *bytes,
                                       size_t size, struct bulla_error *err) BULLA_CHECKED;

/** A change of a page inside the payload. */
struct bl_volume_change {
    uint64_t number;
    bool is_fresh; /* the page is zero but for these bytes */
    uint16_t offset;
    struct bulla_bytes bytes; /* at least one, unless fresh */
};
#define BL_VOLUME_CHANGE_HEAD_SIZE 16
struct bl_reader;
/** The next change of a payload. Sticky failure in the reader when it breaks the format. */
bool bl_volume_change_read(struct bl_reader *r, struct bl_volume_change *change_out);
void bl_volume_change_head(const struct bl_volume_change *change,
                           uint8_t out[BL_VOLUME_CHANGE_HEAD_SIZE]);

/** The state after a sync: bound to the state before and to the record. */
enum bulla_status bl_volume_state_next(const struct bl_volume_keys *keys, uint64_t generation,
                                       const uint8_t before[BL_VOLUME_STATE_SIZE],
                                       const uint8_t tag[BL_AEAD_TAG_SIZE],
                                       uint8_t out[BL_VOLUME_STATE_SIZE],
                                       struct bulla_error *err) BULLA_CHECKED;

/* -- big-endian numbers in pages -- */

static inline uint64_t
bl_volume_get(const uint8_t *in, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value = value << 8 | in[i];
    return value;
}

static inline void
bl_volume_put(uint8_t *out, size_t size, uint64_t value)
{
    for (size_t i = size; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

#endif
