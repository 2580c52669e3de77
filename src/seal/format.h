/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/format.h: the header of a sealed blob as bytes and as values. docs/formats/sealed-blob.md.
 *
 * Guarantees: a decoded header was canonical to the byte, within every cap, with each slot in the
 * access tree exactly once; what this version does not know is refused unless marked optional.
 * Does not: authenticate anything; see seal/open.h. Parameters of a slot stay encoded here, because
 * they belong to the kind of the slot (seal/slot.h).
 */
#ifndef BL_SEAL_FORMAT_H
#define BL_SEAL_FORMAT_H

#include "base/buffer.h"
#include "seal/seal.h"
#include "seal/stream.h"

#define BL_BLOB_MAJOR 1
#define BL_BLOB_SUITE 0x0001 /* HKDF-SHA512, AES-256-GCM, Cobblestone-256 */

#define BL_BLOB_FLAG_AREAS 0x4u /* the slots stand in two areas (seal/slot_area.h) */

#define BL_BLOB_PREAMBLE_SIZE 64                 /* bytes */
#define BL_BLOB_MAC_SIZE 32                      /* bytes */
#define BL_BLOB_CORE_SIZE_MAX 65536              /* bytes */
#define BL_BLOB_SLOTS_SIZE_MAX ((size_t)1 << 20) /* bytes */
#define BL_BLOB_NAME_SIZE_MAX 255                /* bytes, as every text of the header */
#define BL_SLOT_WRAP_SIZE 48                     /* bytes: a 32-byte share and its tag */
#define BL_SLOT_KCV_SIZE 32                      /* bytes */
#define BL_BLOB_DIGEST_SIZE 64                   /* bytes: SHA-512 */

/* A leaf and the inner nodes above it, for every slot: no tree within the depth needs more. */
#define BL_TREE_NODE_COUNT_MAX ((size_t)BL_SLOT_COUNT_MAX * (BL_TREE_DEPTH_MAX + 1))

/** The access tree in preorder. */
struct bl_tree_node {
    enum bl_tree_kind kind;
    size_t slot;        /* BL_TREE_LEAF: index into the table's slots */
    size_t threshold;   /* BL_TREE_THRESHOLD */
    size_t child_count; /* not BL_TREE_LEAF; at least 1 */
    size_t node_count;  /* of this subtree, itself included */
};
struct bl_slot_tree {
    struct bl_tree_node nodes[BL_TREE_NODE_COUNT_MAX];
    size_t node_count;
};

struct bl_slot {
    uint8_t id[BL_SLOT_ID_SIZE];
    uint16_t type;             /* enum bl_slot_type, or a number that we do not know */
    struct bulla_bytes params; /* one CBOR item, encoded; borrowed */
    uint8_t wrap[BL_SLOT_WRAP_SIZE];
    uint8_t kcv[BL_SLOT_KCV_SIZE];
    struct bulla_bytes label;         /* borrowed; empty: none */
    int64_t not_after_s;              /* 0: none */
    struct bulla_bytes signed_policy; /* one CBOR item, encoded; borrowed; empty: none */
    bool is_recovery;
};

/** The mutable part. */
struct bl_slot_table {
    struct bl_slot slots[BL_SLOT_COUNT_MAX];
    size_t slot_count;
    struct bl_slot_tree tree;
};

/** The immutable part. */
struct bl_core {
    struct bulla_bytes name; /* borrowed */
    int64_t created_s;
    bool with_associated_data;
    uint8_t associated_data_digest[BL_BLOB_DIGEST_SIZE];
    bool with_plaintext_size;
    uint64_t plaintext_size;              /* bytes */
    int64_t not_after_s;                  /* 0: none */
    struct bl_freshness_anchor freshness; /* kind 0: none; of an unknown kind only that is set */
    bool has_policy_authority;
    bool has_padding;
};

struct bl_header {
    uint8_t preamble[BL_BLOB_PREAMBLE_SIZE];
    uint16_t suite;
    uint64_t slots_epoch;
    uint8_t blob_id[BL_BLOB_ID_SIZE];
    struct bl_core core;
    struct bl_slot_table table;
    struct bulla_bytes core_bytes; /* borrowed from `bytes`, as are all views above */
    struct bulla_bytes covered;    /* the same: what the MAC covers after preamble and core */
    struct bulla_bytes mac;        /* the same */
    struct bulla_buffer bytes;     /* all of the header: everything before the body */
    /* where the slots stand */
    size_t area_size;     /* bytes; 0: not in areas */
    unsigned area;        /* 0 or 1: the one that counts */
    bool areas_are_equal; /* no change of the slots was interrupted */
};

/** Read a header off the front of `source` and decode it. *header_out must be zeroed.
 *  Causes: NOT_A_BLOB, BLOB_VERSION, LIMIT, BLOB_TRUNCATED, NOT_CANONICAL, MALFORMED. */
enum bulla_status bl_header_read(const struct bl_source *source, struct bl_header *header_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** The same from memory, which may hold more: header_out->bytes.size tells where the body is. */
enum bulla_status bl_header_decode(struct bulla_bytes bytes, struct bl_header *header_out,
                                   struct bulla_error *err) BULLA_CHECKED;
void bl_header_done(struct bl_header *header);

/** Append. BULLA_E_ARGUMENT if a text is not UTF-8, BULLA_E_LIMIT beyond a cap. */
enum bulla_status bl_core_encode(const struct bl_core *core, struct bulla_buffer *out,
                                 struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_slot_table_encode(const struct bl_slot_table *table, struct bulla_buffer *out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Place of the slot with this id; table->slot_count: there is none. */
size_t bl_slot_table_find(const struct bl_slot_table *table, const uint8_t id[BL_SLOT_ID_SIZE]);

/** What the preamble says besides magic, format and suite. */
struct bl_preamble {
    uint8_t blob_id[BL_BLOB_ID_SIZE];
    size_t core_size;     /* bytes */
    size_t slots_size;    /* bytes: of the slots, or of one area of two */
    uint32_t flags;       /* BL_BLOB_FLAG_x */
    uint64_t slots_epoch; /* 0 with areas, which have their own */
};
/** Fill the 64 bytes. */
void bl_preamble_encode(const struct bl_preamble *preamble, uint8_t out[BL_BLOB_PREAMBLE_SIZE]);

#endif
