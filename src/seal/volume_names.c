/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_names.c: names of nodes: found, made, removed, exchanged.
 */
#include <string.h>

#include "base/memory.h"
#include "seal/volume_nodes.h"

#define LINK_COUNT_MAX 65000u /* names of one node, as file systems of the host have it */

static const char where[] = "sealed volume";

static enum bulla_status
check_name(struct bulla_bytes name, struct bulla_error *err)
{
    if (name.size > BL_VOLUME_NAME_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "a name too long", name.size);
    if (name.size == 0 || memchr(name.data, '/', name.size) != NULL ||
        memchr(name.data, 0, name.size) != NULL || (name.size == 1 && name.data[0] == '.') ||
        (name.size == 2 && memcmp(name.data, "..", 2) == 0))
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no name of a file", 0);
    return BULLA_OK;
}

static enum bulla_status
load_directory(struct bl_volume *volume, uint64_t number, struct bl_node *directory_out,
               struct bulla_error *err)
{
    BL_TRY(bl_node_load(volume, number, directory_out, err));
    if (directory_out->kind != BL_VOLUME_DIRECTORY)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not a directory", 0);
    return BULLA_OK;
}

/* A directory that was removed and is still held takes no names. */
static enum bulla_status
load_living_directory(struct bl_volume *volume, uint64_t number, struct bl_node *directory_out,
                      struct bulla_error *err)
{
    BL_TRY(load_directory(volume, number, directory_out, err));
    if (directory_out->link_count == 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, where, "a directory that was removed", 0);
    return BULLA_OK;
}

static enum bulla_status
find_existing(struct bl_volume *volume, const struct bl_node *directory, struct bulla_bytes name,
              struct bl_node *node_out, uint64_t *slot_out, struct bulla_error *err)
{
    uint64_t number = 0;

    BL_TRY(bl_names_find(volume, directory, name, &number, slot_out, err));
    if (number == 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, where, "no such name", 0);
    enum bulla_status status = bl_node_load(volume, number, node_out, NULL);
    if (status == BULLA_E_NOT_FOUND)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a name of nothing", 0);
    return status == BULLA_OK ? BULLA_OK : bulla_fail(err, status, where, "a node", 0);
}

enum bulla_status
bl_volume_lookup(struct bl_volume *volume, uint64_t directory, struct bulla_bytes name,
                 struct bl_volume_attributes *attributes_out, struct bulla_error *err)
{
    struct bl_node parent, node;
    uint64_t slot = 0;

    BL_TRY(check_name(name, err));
    BL_TRY(bl_pages_usable(volume->pages, err));
    BL_TRY(load_directory(volume, directory, &parent, err));
    BL_TRY(find_existing(volume, &parent, name, &node, &slot, err));
    *attributes_out = bl_node_attributes(&node);
    return BULLA_OK;
}

enum bulla_status
bl_volume_next(struct bl_volume *volume, uint64_t directory, uint64_t *cursor,
               struct bulla_buffer *name_out, uint64_t *node_out, struct bulla_error *err)
{
    struct bl_node parent;
    uint64_t slot = *cursor, node = 0;

    BL_TRY(bl_pages_usable(volume->pages, err));
    BL_TRY(load_directory(volume, directory, &parent, err));
    BL_TRY(bl_names_next(volume, &parent, &slot, name_out, &node, err));
    if (node == 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, where, "no more names", 0);
    *cursor = slot;
    *node_out = node;
    return BULLA_OK;
}

/* Write a new name into a directory that does not have it. */
static enum bulla_status
add_name(struct bl_volume *volume, struct bl_node *directory, uint64_t slot,
         struct bulla_bytes name, uint64_t node, int64_t now_ns, struct bulla_error *err)
{
    BL_TRY(bl_names_put(volume, directory, slot, name, node, err));
    directory->modified_ns = directory->changed_ns = now_ns;
    return bl_node_store(volume, directory, err);
}

static enum bulla_status
find_place(struct bl_volume *volume, const struct bl_node *directory, struct bulla_bytes name,
           uint64_t *slot_out, struct bulla_error *err)
{
    uint64_t number = 0;

    BL_TRY(bl_names_find(volume, directory, name, &number, slot_out, err));
    if (number != 0)
        return bulla_fail(err, BULLA_E_EXISTS, where, "there is such a name", 0);
    return BULLA_OK;
}

static enum bulla_status
make(struct bl_volume *volume, uint64_t directory, struct bulla_bytes name,
     struct bulla_bytes target, struct bl_node *node, struct bulla_error *err)
{
    struct bl_node parent;
    uint64_t slot = 0;

    BL_TRY(load_living_directory(volume, directory, &parent, err));
    BL_TRY(find_place(volume, &parent, name, &slot, err));
    BL_TRY(bl_node_make(volume, node, err));
    BL_TRY(bl_node_fill(volume, node, 0, target, err));
    if (node->kind == BL_VOLUME_DIRECTORY) {
        node->parent = directory;
        parent.link_count++;
    }
    BL_TRY(bl_node_store(volume, node, err));
    return add_name(volume, &parent, slot, name, node->number, node->changed_ns, err);
}

enum bulla_status
bl_volume_make(struct bl_volume *volume, uint64_t directory, struct bulla_bytes name,
               struct bulla_bytes target, int64_t now_ns, struct bl_volume_attributes *attributes,
               struct bulla_error *err)
{
    bool is_link = attributes->kind == BL_VOLUME_LINK;
    struct bl_node node = {
        .kind = attributes->kind,
        .mode = attributes->mode & 07777,
        .user = attributes->user,
        .group = attributes->group,
        .link_count = attributes->kind == BL_VOLUME_DIRECTORY ? 2 : 1,
        .modified_ns = now_ns,
        .changed_ns = now_ns,
    };

    BL_TRY(check_name(name, err));
    if (node.kind < BL_VOLUME_FILE || node.kind > BL_VOLUME_LINK || is_link != (target.size > 0))
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no such kind of node", 0);
    if (target.size > BL_VOLUME_LINK_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "a link too long", target.size);
    BL_TRY(bl_pages_begin(volume->pages, err));
    enum bulla_status status = make(volume, directory, name, target, &node, err);
    BL_TRY(bl_volume_finish(volume, status, err));
    *attributes = bl_node_attributes(&node);
    return BULLA_OK;
}

static enum bulla_status
link_node(struct bl_volume *volume, uint64_t number, uint64_t directory, struct bulla_bytes name,
          int64_t now_ns, struct bulla_error *err)
{
    struct bl_node parent, node;
    uint64_t slot = 0;

    BL_TRY(bl_node_load(volume, number, &node, err));
    if (node.kind == BL_VOLUME_DIRECTORY)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a directory has one name", 0);
    if (node.link_count == 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, where, "a file that was removed", 0);
    if (node.link_count >= LINK_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many names", 0);
    BL_TRY(load_living_directory(volume, directory, &parent, err));
    BL_TRY(find_place(volume, &parent, name, &slot, err));
    node.link_count++;
    node.changed_ns = now_ns;
    BL_TRY(bl_node_store(volume, &node, err));
    return add_name(volume, &parent, slot, name, number, now_ns, err);
}

enum bulla_status
bl_volume_link(struct bl_volume *volume, uint64_t node, uint64_t directory, struct bulla_bytes name,
               int64_t now_ns, struct bulla_error *err)
{
    BL_TRY(check_name(name, err));
    BL_TRY(bl_pages_begin(volume->pages, err));
    enum bulla_status status = link_node(volume, node, directory, name, now_ns, err);
    return bl_volume_finish(volume, status, err);
}

/* A node loses a name in `directory`, which the caller stores. *gone_out: it was the last one. */
static enum bulla_status
unlink_node(struct bl_volume *volume, struct bl_node *directory, struct bl_node *node,
            int64_t now_ns, uint64_t *gone_out, struct bulla_error *err)
{
    if (node->kind == BL_VOLUME_DIRECTORY) {
        if (node->entry_count > 0)
            return bulla_fail(err, BULLA_E_BUSY, where, "a directory that is not empty", 0);
        directory->link_count--;
        node->link_count = 0;
    } else {
        node->link_count--;
    }
    node->changed_ns = now_ns;
    if (node->link_count > 0)
        return bl_node_store(volume, node, err);
    *gone_out = node->number;
    return bl_node_list(volume, node, err);
}

static enum bulla_status
remove_name(struct bl_volume *volume, uint64_t directory, struct bulla_bytes name, int64_t now_ns,
            uint64_t *gone_out, struct bulla_error *err)
{
    struct bl_node parent, node;
    uint64_t slot = 0;

    BL_TRY(load_directory(volume, directory, &parent, err));
    BL_TRY(find_existing(volume, &parent, name, &node, &slot, err));
    BL_TRY(unlink_node(volume, &parent, &node, now_ns, gone_out, err));
    return add_name(volume, &parent, slot, name, /* node: */ 0, now_ns, err);
}

/* After the call: what has neither name nor holder goes. */
static void
clean_gone(struct bl_volume *volume, uint64_t gone)
{
    if (gone != 0 && !bl_volume_is_held(volume, gone))
        bl_volume_clean_later(volume, gone);
}

enum bulla_status
bl_volume_remove(struct bl_volume *volume, uint64_t directory, struct bulla_bytes name,
                 int64_t now_ns, struct bulla_error *err)
{
    uint64_t gone = 0;

    BL_TRY(check_name(name, err));
    BL_TRY(bl_pages_begin(volume->pages, err));
    enum bulla_status status = remove_name(volume, directory, name, now_ns, &gone, err);
    BL_TRY(bl_volume_finish(volume, status, err));
    clean_gone(volume, gone);
    return BULLA_OK;
}

/* -- rename -- */

struct renaming {
    struct bl_node from, other; /* directories */
    struct bl_node *to;         /* one of the two */
    struct bl_node node;        /* what gets the name */
    uint64_t from_slot, to_slot, replaced;
};

/* A directory must not come to lie below itself: nothing would lead there any more. */
static enum bulla_status
check_not_below(struct bl_volume *volume, uint64_t directory, uint64_t moved,
                struct bulla_error *err)
{
    for (uint64_t at = directory; at != BL_VOLUME_ROOT;) {
        struct bl_node node;
        if (at == moved)
            return bulla_fail(err, BULLA_E_ARGUMENT, where, "a directory into itself", 0);
        BL_TRY(bl_node_load(volume, at, &node, err));
        at = node.parent;
    }
    return BULLA_OK;
}

static enum bulla_status
replace(struct bl_volume *volume, struct renaming *r, int64_t now_ns, uint64_t *gone_out,
        struct bulla_error *err)
{
    struct bl_node replaced;

    BL_TRY(bl_node_load(volume, r->replaced, &replaced, err));
    if ((replaced.kind == BL_VOLUME_DIRECTORY) != (r->node.kind == BL_VOLUME_DIRECTORY))
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a directory in place of a file", 0);
    return unlink_node(volume, r->to, &replaced, now_ns, gone_out, err);
}

static enum bulla_status
move(struct bl_volume *volume, struct renaming *r, struct bulla_bytes to_name, int64_t now_ns,
     struct bulla_error *err)
{
    if (r->node.kind == BL_VOLUME_DIRECTORY) {
        r->from.link_count--;
        r->to->link_count++;
        r->node.parent = r->to->number;
    }
    r->node.changed_ns = now_ns;
    BL_TRY(bl_node_store(volume, &r->node, err));
    BL_TRY(add_name(volume, &r->from, r->from_slot, to_name, /* node: */ 0, now_ns, err));
    return add_name(volume, r->to, r->to_slot, to_name, r->node.number, now_ns, err);
}

static enum bulla_status
rename_node(struct bl_volume *volume, struct renaming *r, struct bulla_bytes from_name,
            struct bulla_bytes to_name, bool keep_existing, int64_t now_ns, uint64_t *gone_out,
            struct bulla_error *err)
{
    BL_TRY(find_existing(volume, &r->from, from_name, &r->node, &r->from_slot, err));
    BL_TRY(bl_names_find(volume, r->to, to_name, &r->replaced, &r->to_slot, err));
    if (r->replaced != 0 && keep_existing)
        return bulla_fail(err, BULLA_E_EXISTS, where, "there is such a name", 0);
    if (r->replaced == r->node.number) /* two names of one file: rename(2) does nothing */
        return BULLA_OK;
    if (r->node.kind == BL_VOLUME_DIRECTORY)
        BL_TRY(check_not_below(volume, r->to->number, r->node.number, err));
    if (r->replaced != 0)
        BL_TRY(replace(volume, r, now_ns, gone_out, err));
    return move(volume, r, to_name, now_ns, err);
}

static enum bulla_status
load_both(struct bl_volume *volume, uint64_t from, uint64_t to, struct renaming *r,
          struct bulla_error *err)
{
    BL_TRY(load_directory(volume, from, &r->from, err));
    r->to = &r->from;
    if (to == from)
        return BULLA_OK;
    r->to = &r->other;
    return load_living_directory(volume, to, &r->other, err);
}

enum bulla_status
bl_volume_rename(struct bl_volume *volume, uint64_t from_directory, struct bulla_bytes from_name,
                 uint64_t to_directory, struct bulla_bytes to_name, bool keep_existing,
                 int64_t now_ns, struct bulla_error *err)
{
    struct renaming r = { 0 };
    uint64_t gone = 0;

    BL_TRY(check_name(from_name, err));
    BL_TRY(check_name(to_name, err));
    BL_TRY(bl_pages_begin(volume->pages, err));
    enum bulla_status status = load_both(volume, from_directory, to_directory, &r, err);
    if (status == BULLA_OK)
        status = rename_node(volume, &r, from_name, to_name, keep_existing, now_ns, &gone, err);
    BL_TRY(bl_volume_finish(volume, status, err));
    clean_gone(volume, gone);
    return BULLA_OK;
}
