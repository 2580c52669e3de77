/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume.h: a sealed directory that programs write in place (suite 0x0101): a small file system
 * over encrypted 4 KiB pages, as a library. The agent serves it to an unmodified program by FUSE;
 * the calls below are FUSE's, without its bytes.
 *
 * On disk, in one directory of the host:
 *     head      two copies of the head: volume id, generation, record of the root node; the newer
 *               valid one counts
 *     pages     data pages in place, 4096 bytes of ciphertext each
 *     tree      nodes of 4096 bytes, each sealed like a page and with two places: 128 records of 32
 *               bytes (key epoch 4 | nonce 12 | tag 16), one for each child
 *     journal   what was written since the last checkpoint: sealed records, each bound to the tag of
 *               the one before
 *     lock      locked while the volume is open
 * docs/formats/sealed-volume.md has the bytes.
 * Nodes (inodes) and directories are content of pages, so names and sizes of files are hidden; the
 * number of pages and which of them change is not.
 *
 * Guarantees: what read() gives was written, at this place of this volume, and belongs to one state
 * of the whole volume; a page that was altered, moved, exchanged or set back alone is
 * BULLA_E_INTEGRITY. A write that was answered survives the death of this process (it is in the
 * journal file before the answer); one that was synced survives a power cut. A crash at any moment
 * leaves each call done or not done. Nonces are random, 96 bits, under a key of their epoch; an epoch
 * ends after 2^28 pages and whenever the volume is opened.
 * Does not: notice that the whole directory, or the end of its journal, was set back to an earlier
 * state, unless there is an anchor. Not for two processes at once (a lock sees to it), nor for two
 * threads: the caller serialises.
 */
#ifndef BL_SEAL_VOLUME_H
#define BL_SEAL_VOLUME_H

#include "base/buffer.h"
#include "base/secret.h"

#define BL_VOLUME_KEY_SIZE 32                       /* bytes: from an unsealed blob or the broker */
#define BL_VOLUME_NAME_SIZE_MAX 255                 /* bytes; no '/', no NUL, not "." or ".." */
#define BL_VOLUME_LINK_SIZE_MAX 4095                /* bytes of a symbolic link */
#define BL_VOLUME_FILE_SIZE_MAX ((uint64_t)1 << 40) /* bytes */
#define BL_VOLUME_WRITE_SIZE_MAX ((size_t)1 << 20)  /* bytes of one write: one journal record */
#define BL_VOLUME_ROOT 1                            /* the node of the top directory, as in FUSE */

struct bl_volume;

/** Where the newest state is pinned against being set back. `state` is 32 bytes and changes with
 *  every sync; `generation` grows by one with it. */
struct bl_volume_anchor {
    void *context;
    /** What was pinned last; BULLA_E_NOT_FOUND before the first time. */
    enum bulla_status (*load)(void *context, uint64_t *generation_out, uint8_t state_out[32],
                              struct bulla_error *err);
    /** Pin durably. Called after the state itself is durable: at most one state is ahead of the
     *  anchor, and an opening accepts that one. */
    enum bulla_status (*advance)(void *context, uint64_t generation, const uint8_t state[32],
                                 struct bulla_error *err);
};

struct bl_volume_options {
    const char *directory;                 /* of the host */
    const struct bl_secret *key;           /* BL_VOLUME_KEY_SIZE bytes; copied */
    const struct bl_volume_anchor *anchor; /* or NULL: freshness none */
    uint64_t size_max;                     /* bytes of data pages; 0: no limit but the host's */
    size_t cache_size;                     /* bytes of decrypted pages to keep; 0: 8 MiB */
};

/** Make an empty volume in a directory that is empty or not there yet; BULLA_E_EXISTS, and
 *  ROLLED_BACK if the anchor knows a volume already: it was there, and is gone. */
enum bulla_status bl_volume_create(const struct bl_volume_options *options,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Open, replay the journal, free what was unlinked while open. Causes: NOT_FOUND, BUSY (another
 *  process has it), BLOB_VERSION, WRONG_RECIPIENT (another key), INTEGRITY, ROLLED_BACK (older
 *  than the anchor says), DENIED (it has an anchor and none was given). */
enum bulla_status bl_volume_open(const struct bl_volume_options *options,
                                 struct bl_volume **volume_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Sync, write the journal into its place, close. BULLA_E_OUTCOME_UNKNOWN if a late fsync failed. */
enum bulla_status bl_volume_close(struct bl_volume *volume, struct bulla_error *err) BULLA_CHECKED;
/** Close without writing anything more, as a crash would; accepts NULL. */
void bl_volume_free(struct bl_volume *volume);
BL_DEFINE_FREEP(bl_volume)

/* -- nodes. A failed call changes nothing. After BULLA_E_INTEGRITY or a failed write of the journal
 *    the volume answers everything with that failure: it does not guess. -- */

enum bl_volume_kind { BL_VOLUME_FILE = 1, BL_VOLUME_DIRECTORY, BL_VOLUME_LINK };

struct bl_volume_attributes {
    uint64_t node;
    enum bl_volume_kind kind;
    uint32_t mode; /* permission bits: kept, not enforced; FUSE's default_permissions does */
    uint32_t user;
    uint32_t group;
    uint32_t link_count;
    uint64_t size; /* bytes */
    int64_t modified_ns;
    int64_t changed_ns; /* Unix time in nanoseconds */
};

/** BULLA_E_NOT_FOUND. */
enum bulla_status bl_volume_lookup(struct bl_volume *volume, uint64_t directory,
                                   struct bulla_bytes name,
                                   struct bl_volume_attributes *attributes_out,
                                   struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_volume_attributes(struct bl_volume *volume, uint64_t node,
                                       struct bl_volume_attributes *attributes_out,
                                       struct bulla_error *err) BULLA_CHECKED;

#define BL_VOLUME_SET_MODE 1u
#define BL_VOLUME_SET_OWNER 2u
#define BL_VOLUME_SET_SIZE 4u /* truncate or extend with zeros */
#define BL_VOLUME_SET_MODIFIED 8u
/** Change what `which` names. `now_ns` becomes the time of the change, here and below. */
enum bulla_status bl_volume_set(struct bl_volume *volume, uint64_t node, unsigned which,
                                const struct bl_volume_attributes *wanted, int64_t now_ns,
                                struct bulla_error *err) BULLA_CHECKED;

/** Kind, mode and owner are taken from *attributes, which then has the rest. `target` is the content
 *  of a link and empty for the other kinds. BULLA_E_EXISTS. */
enum bulla_status bl_volume_make(struct bl_volume *volume, uint64_t directory,
                                 struct bulla_bytes name, struct bulla_bytes target, int64_t now_ns,
                                 struct bl_volume_attributes *attributes,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Another name for a file. */
enum bulla_status bl_volume_link(struct bl_volume *volume, uint64_t node, uint64_t directory,
                                 struct bulla_bytes name, int64_t now_ns,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Remove a name; a directory must be empty (BULLA_E_BUSY). */
enum bulla_status bl_volume_remove(struct bl_volume *volume, uint64_t directory,
                                   struct bulla_bytes name, int64_t now_ns,
                                   struct bulla_error *err) BULLA_CHECKED;
/** As rename(2): in one step, whatever the crash; an existing target is replaced unless
 *  `keep_existing` (BULLA_E_EXISTS). A directory into itself is BULLA_E_ARGUMENT. */
enum bulla_status bl_volume_rename(struct bl_volume *volume, uint64_t from_directory,
                                   struct bulla_bytes from_name, uint64_t to_directory,
                                   struct bulla_bytes to_name, bool keep_existing, int64_t now_ns,
                                   struct bulla_error *err) BULLA_CHECKED;

/** A node that is held keeps its content when its last name goes, until it is released as often. */
enum bulla_status bl_volume_hold(struct bl_volume *volume, uint64_t node,
                                 struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_volume_release(struct bl_volume *volume, uint64_t node,
                                    struct bulla_error *err) BULLA_CHECKED;

/** Up to `size` bytes of a file or link from `offset`; *size_out < size means its end. */
enum bulla_status bl_volume_read(struct bl_volume *volume, uint64_t node, uint64_t offset,
                                 void *out, size_t size, size_t *size_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** All of `bytes`, extending the file. BULLA_E_LIMIT beyond the volume's or the file's size, and for
 *  more than BL_VOLUME_WRITE_SIZE_MAX at once. */
enum bulla_status bl_volume_write(struct bl_volume *volume, uint64_t node, uint64_t offset,
                                  struct bulla_bytes bytes, int64_t now_ns,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Everything answered so far, of all nodes, is on the disk; then the anchor is advanced. Without a
 *  change since the last one there is no new generation. If only the anchor failed, the next sync
 *  tries it again. */
enum bulla_status bl_volume_sync(struct bl_volume *volume, struct bulla_error *err) BULLA_CHECKED;

/** The next entry of a directory. *cursor is 0 at first; BULLA_E_NOT_FOUND at the end. An entry that
 *  stays is given once, whatever is made or removed meanwhile. */
enum bulla_status bl_volume_next(struct bl_volume *volume, uint64_t directory, uint64_t *cursor,
                                 struct bulla_buffer *name_out, uint64_t *node_out,
                                 struct bulla_error *err) BULLA_CHECKED;

struct bl_volume_usage {
    uint64_t page_size; /* bytes */
    uint64_t page_count_max;
    uint64_t page_count_free;
    uint64_t node_count;
    uint64_t generation;
    bool is_anchored;
};
enum bulla_status bl_volume_usage(struct bl_volume *volume, struct bl_volume_usage *usage_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif
