/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/agent/paper_volume.c: a volume in memory behind the calls of seal/volume.h, so that the file
 * server is tested by itself. The node named "altered" answers as an altered volume does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "paper_volume.h"

#define NODE_COUNT 512
#define PAGE_SIZE 4096

struct entry {
    char name[BL_VOLUME_NAME_SIZE_MAX + 1];
    uint64_t node, place;
    struct entry *next;
};
struct node {
    struct bl_volume_attributes a;
    uint8_t *data;
    struct entry *entries;
    uint64_t holds, next_place;
};
struct bl_volume {
    struct node nodes[NODE_COUNT]; /* by number; kind 0: free */
    uint64_t syncs;
};

struct bl_volume *
paper_volume_new(void)
{
    struct bl_volume *volume = calloc(1, sizeof *volume);

    volume->nodes[BL_VOLUME_ROOT].a = (struct bl_volume_attributes){
        .node = BL_VOLUME_ROOT, .kind = BL_VOLUME_DIRECTORY, .mode = 0755, .link_count = 2
    };
    return volume;
}

uint64_t
paper_volume_syncs(const struct bl_volume *volume)
{
    return volume->syncs;
}

uint64_t
paper_volume_nodes(const struct bl_volume *volume)
{
    uint64_t count = 0;

    for (uint64_t i = 1; i < NODE_COUNT; i++)
        count += volume->nodes[i].a.kind != 0;
    return count;
}

static enum bulla_status
no(struct bulla_error *err, enum bulla_status status)
{
    return bulla_fail(err, status, "paper volume", "no", 0);
}

static struct node *
find(struct bl_volume *volume, uint64_t number)
{
    return number >= NODE_COUNT || volume->nodes[number].a.kind == 0 ? NULL
                                                                     : &volume->nodes[number];
}

static struct entry **
find_entry(struct node *directory, struct bulla_bytes name)
{
    struct entry **at = &directory->entries;

    while (*at != NULL &&
           (strlen((*at)->name) != name.size || memcmp((*at)->name, name.data, name.size) != 0))
        at = &(*at)->next;
    return at;
}

static void
add_entry(struct node *directory, struct bulla_bytes name, uint64_t node)
{
    struct entry *entry = calloc(1, sizeof *entry), **at = &directory->entries;

    memcpy(entry->name, name.data, name.size);
    entry->node = node;
    entry->place = ++directory->next_place;
    while (*at != NULL)
        at = &(*at)->next;
    *at = entry;
}

static void
free_if_unused(struct node *node)
{
    if (node->a.link_count > 0 || node->holds > 0)
        return;
    free(node->data);
    *node = (struct node){ 0 };
}

static void
touch(struct node *node, int64_t now_ns)
{
    node->a.modified_ns = now_ns;
    node->a.changed_ns = now_ns;
}

enum bulla_status
bl_volume_lookup(struct bl_volume *volume, uint64_t directory, struct bulla_bytes name,
                 struct bl_volume_attributes *attributes_out, struct bulla_error *err)
{
    struct node *parent = find(volume, directory);
    struct entry *entry = parent == NULL ? NULL : *find_entry(parent, name);

    if (bl_equal(name, BL_LITERAL("altered")))
        return no(err, BULLA_E_INTEGRITY);
    if (entry == NULL)
        return no(err, BULLA_E_NOT_FOUND);
    *attributes_out = volume->nodes[entry->node].a;
    return BULLA_OK;
}

enum bulla_status
bl_volume_attributes(struct bl_volume *volume, uint64_t node,
                     struct bl_volume_attributes *attributes_out, struct bulla_error *err)
{
    const struct node *found = find(volume, node);

    if (found == NULL)
        return no(err, BULLA_E_NOT_FOUND);
    *attributes_out = found->a;
    return BULLA_OK;
}

static void
set_size(struct node *node, uint64_t size)
{
    uint8_t *data = calloc(1, size + 1);

    if (node->data != NULL)
        memcpy(data, node->data, size < node->a.size ? size : node->a.size);
    free(node->data);
    node->data = data;
    node->a.size = size;
}

enum bulla_status
bl_volume_set(struct bl_volume *volume, uint64_t node, unsigned which,
              const struct bl_volume_attributes *wanted, int64_t now_ns, struct bulla_error *err)
{
    struct node *found = find(volume, node);

    if (found == NULL)
        return no(err, BULLA_E_NOT_FOUND);
    if ((which & BL_VOLUME_SET_SIZE) != 0 && wanted->size > PAPER_VOLUME_SIZE_MAX)
        return no(err, BULLA_E_LIMIT);
    found->a.changed_ns = now_ns;
    if ((which & BL_VOLUME_SET_MODE) != 0)
        found->a.mode = wanted->mode;
    if ((which & BL_VOLUME_SET_SIZE) != 0) {
        set_size(found, wanted->size);
        found->a.modified_ns = now_ns;
    }
    if ((which & BL_VOLUME_SET_MODIFIED) != 0)
        found->a.modified_ns = wanted->modified_ns;
    return BULLA_OK;
}

enum bulla_status
bl_volume_make(struct bl_volume *volume, uint64_t directory, struct bulla_bytes name,
               struct bulla_bytes target, int64_t now_ns, struct bl_volume_attributes *attributes,
               struct bulla_error *err)
{
    struct node *parent = find(volume, directory);
    uint64_t number = 2;

    if (parent == NULL || parent->a.link_count == 0)
        return no(err, BULLA_E_NOT_FOUND);
    if (*find_entry(parent, name) != NULL)
        return no(err, BULLA_E_EXISTS);
    while (number < NODE_COUNT && volume->nodes[number].a.kind != 0)
        number++;
    if (number == NODE_COUNT)
        return no(err, BULLA_E_LIMIT);
    struct node *node = &volume->nodes[number];
    *node = (struct node){ .a = *attributes };
    node->a.node = number;
    node->a.link_count = attributes->kind == BL_VOLUME_DIRECTORY ? 2 : 1;
    node->a.size = 0;
    if (target.size > 0) {
        set_size(node, target.size);
        memcpy(node->data, target.data, target.size);
    }
    touch(node, now_ns);
    touch(parent, now_ns);
    add_entry(parent, name, number);
    *attributes = node->a;
    return BULLA_OK;
}

enum bulla_status
bl_volume_link(struct bl_volume *volume, uint64_t node, uint64_t directory, struct bulla_bytes name,
               int64_t now_ns, struct bulla_error *err)
{
    struct node *found = find(volume, node), *parent = find(volume, directory);

    if (found == NULL || parent == NULL || found->a.link_count == 0)
        return no(err, BULLA_E_NOT_FOUND);
    if (*find_entry(parent, name) != NULL)
        return no(err, BULLA_E_EXISTS);
    found->a.link_count++;
    found->a.changed_ns = now_ns;
    touch(parent, now_ns);
    add_entry(parent, name, node);
    return BULLA_OK;
}

static void
unlink_entry(struct bl_volume *volume, struct entry **at)
{
    struct entry *entry = *at;
    struct node *node = &volume->nodes[entry->node];

    *at = entry->next;
    free(entry);
    node->a.link_count -= node->a.kind == BL_VOLUME_DIRECTORY ? 2 : 1;
    free_if_unused(node);
}

enum bulla_status
bl_volume_remove(struct bl_volume *volume, uint64_t directory, struct bulla_bytes name,
                 int64_t now_ns, struct bulla_error *err)
{
    struct node *parent = find(volume, directory);
    struct entry **at = parent == NULL ? NULL : find_entry(parent, name);

    if (at == NULL || *at == NULL)
        return no(err, BULLA_E_NOT_FOUND);
    if (volume->nodes[(*at)->node].entries != NULL)
        return no(err, BULLA_E_BUSY);
    unlink_entry(volume, at);
    touch(parent, now_ns);
    return BULLA_OK;
}

enum bulla_status
bl_volume_rename(struct bl_volume *volume, uint64_t from_directory, struct bulla_bytes from_name,
                 uint64_t to_directory, struct bulla_bytes to_name, bool keep_existing,
                 int64_t now_ns, struct bulla_error *err)
{
    struct node *from = find(volume, from_directory), *to = find(volume, to_directory);
    struct entry **at = from == NULL ? NULL : find_entry(from, from_name);

    if (at == NULL || *at == NULL || to == NULL)
        return no(err, BULLA_E_NOT_FOUND);
    uint64_t number = (*at)->node;
    struct entry **existing = find_entry(to, to_name);
    if (*existing != NULL && keep_existing)
        return no(err, BULLA_E_EXISTS);
    if (*existing != NULL && (*existing)->node == number)
        return BULLA_OK;
    if (*existing != NULL && volume->nodes[(*existing)->node].entries != NULL)
        return no(err, BULLA_E_BUSY);
    if (*existing != NULL)
        unlink_entry(volume, existing);
    at = find_entry(from, from_name);
    struct entry *moved = *at;
    *at = moved->next;
    free(moved);
    add_entry(to, to_name, number);
    touch(from, now_ns);
    touch(to, now_ns);
    volume->nodes[number].a.changed_ns = now_ns;
    return BULLA_OK;
}

enum bulla_status
bl_volume_hold(struct bl_volume *volume, uint64_t node, struct bulla_error *err)
{
    struct node *found = find(volume, node);

    if (found == NULL)
        return no(err, BULLA_E_NOT_FOUND);
    found->holds++;
    return BULLA_OK;
}

enum bulla_status
bl_volume_release(struct bl_volume *volume, uint64_t node, struct bulla_error *err)
{
    struct node *found = find(volume, node);

    if (found == NULL || found->holds == 0)
        return no(err, BULLA_E_ARGUMENT);
    found->holds--;
    free_if_unused(found);
    return BULLA_OK;
}

enum bulla_status
bl_volume_read(struct bl_volume *volume, uint64_t node, uint64_t offset, void *out, size_t size,
               size_t *size_out, struct bulla_error *err)
{
    const struct node *found = find(volume, node);

    if (found == NULL)
        return no(err, BULLA_E_NOT_FOUND);
    uint64_t left = offset < found->a.size ? found->a.size - offset : 0;
    *size_out = size < left ? size : (size_t)left;
    if (*size_out > 0)
        memcpy(out, found->data + offset, *size_out);
    return BULLA_OK;
}

enum bulla_status
bl_volume_write(struct bl_volume *volume, uint64_t node, uint64_t offset, struct bulla_bytes bytes,
                int64_t now_ns, struct bulla_error *err)
{
    struct node *found = find(volume, node);

    if (found == NULL)
        return no(err, BULLA_E_NOT_FOUND);
    if (offset + bytes.size > PAPER_VOLUME_SIZE_MAX)
        return no(err, BULLA_E_LIMIT);
    if (offset + bytes.size > found->a.size)
        set_size(found, offset + bytes.size);
    memcpy(found->data + offset, bytes.data, bytes.size);
    touch(found, now_ns);
    return BULLA_OK;
}

enum bulla_status
bl_volume_sync(struct bl_volume *volume, struct bulla_error *err)
{
    (void)err;
    volume->syncs++;
    return BULLA_OK;
}

enum bulla_status
bl_volume_next(struct bl_volume *volume, uint64_t directory, uint64_t *cursor,
               struct bulla_buffer *name_out, uint64_t *node_out, struct bulla_error *err)
{
    const struct node *parent = find(volume, directory);

    if (parent == NULL)
        return no(err, BULLA_E_NOT_FOUND);
    for (const struct entry *entry = parent->entries; entry != NULL; entry = entry->next) {
        if (entry->place <= *cursor)
            continue;
        *cursor = entry->place;
        *node_out = entry->node;
        return bulla_buffer_append(
            name_out, (struct bulla_bytes){ (const uint8_t *)entry->name, strlen(entry->name) },
            err);
    }
    return no(err, BULLA_E_NOT_FOUND);
}

enum bulla_status
bl_volume_usage(struct bl_volume *volume, struct bl_volume_usage *usage_out,
                struct bulla_error *err)
{
    (void)err;
    *usage_out = (struct bl_volume_usage){ .page_size = PAGE_SIZE,
                                           .page_count_max = 1000,
                                           .page_count_free = 600,
                                           .node_count = paper_volume_nodes(volume) };
    return BULLA_OK;
}
