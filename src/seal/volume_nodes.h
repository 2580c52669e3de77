/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_nodes.h: files and directories as content of pages. docs/formats/sealed-volume.md.
 *
 *     page 0              counts, and where the table of nodes begins
 *     page 32768 n + 1    one bit for each of the 32768 pages from 32768 n: in use
 *     a map               a tree of pointer pages (512 each) from page index to page
 *     the table of nodes  a map; 32 nodes of 128 bytes in a page
 *     a directory         a map; 15 entries of 264 bytes in a page; an entry never moves
 *
 * Every function here belongs to a call begun by bl_pages_begin(), and leaves it to the caller to
 * commit or cancel. What is read was authenticated; it is checked for range all the same.
 */
#ifndef BL_SEAL_VOLUME_NODES_H
#define BL_SEAL_VOLUME_NODES_H

#include "seal/volume_pages.h"

#define BL_ENTRY_SIZE 264 /* bytes: node 8 | size of the name 1 | name 255 */
#define BL_ENTRY_COUNT 15 /* in a page */

struct bl_hold {
    uint64_t node;
    uint64_t count;
    struct bl_hold *next;
};
#define BL_HOLD_BUCKETS 256u

struct bl_volume {
    struct bl_pages *pages;
    uint64_t page_count_max;
    uint64_t free_from; /* no page below this one is free */
    struct bl_hold *holds[BL_HOLD_BUCKETS];
};

/** Numbers in page 0, by their offset. */
enum bl_super {
    BL_SUPER_PAGES = 8,       /* in use, with everything */
    BL_SUPER_GROUPS = 16,     /* pages of bits */
    BL_SUPER_NODES = 24,      /* in use */
    BL_SUPER_NODES_MADE = 32, /* the largest number ever used */
    BL_SUPER_FREE_NODE = 40,  /* a list */
    BL_SUPER_CLEANUP = 48,    /* a list: nodes with pages to be given back */
    BL_SUPER_TABLE_ROOT = 56,
    BL_SUPER_TABLE_HEIGHT = 64
};
enum bulla_status bl_super_get(struct bl_volume *volume, enum bl_super field, uint64_t *value_out,
                               struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_super_put(struct bl_volume *volume, enum bl_super field, uint64_t value,
                               struct bulla_error *err) BULLA_CHECKED;

/** The first pages of an empty volume; `content` is BL_FIRST_PAGE_COUNT zeroed pages. */
#define BL_FIRST_PAGE_COUNT 3
void bl_volume_first_pages(uint8_t (*content)[BL_VOLUME_PAGE_SIZE]);
/** BULLA_E_INTEGRITY unless page 0 is one of ours. */
enum bulla_status bl_super_check(struct bl_volume *volume, struct bulla_error *err) BULLA_CHECKED;

struct bl_map {
    uint64_t root; /* a page; 0: empty */
    unsigned height;
};
/** 0: nothing is there. */
enum bulla_status bl_map_find(struct bl_volume *volume, const struct bl_map *map, uint64_t index,
                              uint64_t *page_out, struct bulla_error *err) BULLA_CHECKED;
/** The page at `index`, made if it is not there (it has no content then: bl_pages_fresh). */
enum bulla_status bl_map_make(struct bl_volume *volume, struct bl_map *map, uint64_t index,
                              uint64_t *page_out, bool *is_new_out,
                              struct bulla_error *err) BULLA_CHECKED;
/** Give back pages from index `from` on, the last ones first, at most *budget of them; what is left
 *  of the budget tells whether it is done: more than 0. */
enum bulla_status bl_map_trim(struct bl_volume *volume, struct bl_map *map, uint64_t from,
                              size_t *budget, struct bulla_error *err) BULLA_CHECKED;

#define BL_NODE_LISTED 1u  /* is on the list of BL_SUPER_CLEANUP */
#define BL_NODE_TRIMMED 2u /* pages beyond its size may still be there */

struct bl_node {
    uint64_t number;
    unsigned kind; /* enum bl_volume_kind, or 0: free */
    unsigned flags;
    uint32_t mode, user, group, link_count;
    uint64_t size;
    int64_t modified_ns, changed_ns;
    struct bl_map map;
    uint64_t next;        /* on a list */
    uint64_t parent;      /* of a directory */
    uint64_t entry_count; /* of a directory */
};
/** BULLA_E_NOT_FOUND for a number that is not in use. */
enum bulla_status bl_node_load(struct bl_volume *volume, uint64_t number, struct bl_node *node_out,
                               struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_node_store(struct bl_volume *volume, const struct bl_node *node,
                                struct bulla_error *err) BULLA_CHECKED;
/** A number for a new node, in node->number; the rest of *node is kept and stored. */
enum bulla_status bl_node_make(struct bl_volume *volume, struct bl_node *node,
                               struct bulla_error *err) BULLA_CHECKED;
/** Put on the list of nodes to be cleaned up, and store. */
enum bulla_status bl_node_list(struct bl_volume *volume, struct bl_node *node,
                               struct bulla_error *err) BULLA_CHECKED;
/** One bounded step of cleaning up; `is_held` keeps the content up to the size. */
enum bulla_status bl_node_clean(struct bl_volume *volume, uint64_t number, bool is_held,
                                bool *is_done_out, struct bulla_error *err) BULLA_CHECKED;

/** Write content, and extend the size; the caller stores the node. */
enum bulla_status bl_node_fill(struct bl_volume *volume, struct bl_node *node, uint64_t offset,
                               struct bulla_bytes bytes, struct bulla_error *err) BULLA_CHECKED;

/** End a call: commit what went well, cancel what did not. Returns what came of it. */
enum bulla_status bl_volume_finish(struct bl_volume *volume, enum bulla_status status,
                                   struct bulla_error *err) BULLA_CHECKED;
bool bl_volume_is_held(const struct bl_volume *volume, uint64_t node);
/** Give back what nobody needs of a node on the list, in calls of its own. */
enum bulla_status bl_volume_clean(struct bl_volume *volume, uint64_t node,
                                  struct bulla_error *err) BULLA_CHECKED;
/** The same after a call that was answered: what fails now is done at the next chance. */
void bl_volume_clean_later(struct bl_volume *volume, uint64_t node);
struct bl_volume_attributes bl_node_attributes(const struct bl_node *node);

/** *node_out is 0 and nothing failed if there is no such name; *slot_out is where the entry is, or
 *  the first free place. */
enum bulla_status bl_names_find(struct bl_volume *volume, const struct bl_node *directory,
                                struct bulla_bytes name, uint64_t *node_out, uint64_t *slot_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** Write an entry at `slot`; node 0 removes it. Counts in *directory, which the caller stores. */
enum bulla_status bl_names_put(struct bl_volume *volume, struct bl_node *directory, uint64_t slot,
                               struct bulla_bytes name, uint64_t node,
                               struct bulla_error *err) BULLA_CHECKED;
/** The next entry from slot *slot on; *node_out is 0 at the end. */
enum bulla_status bl_names_next(struct bl_volume *volume, const struct bl_node *directory,
                                uint64_t *slot, struct bulla_buffer *name_out, uint64_t *node_out,
                                struct bulla_error *err) BULLA_CHECKED;

#endif
