/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/volume_content.c: attributes and content of nodes.
 */
#include <string.h>

#include "base/memory.h"
#include "seal/volume_nodes.h"

static const char where[] = "sealed volume";

struct bl_volume_attributes
bl_node_attributes(const struct bl_node *node)
{
    return (struct bl_volume_attributes){
        .node = node->number,
        .kind = node->kind == BL_VOLUME_DIRECTORY ? BL_VOLUME_DIRECTORY
                : node->kind == BL_VOLUME_LINK    ? BL_VOLUME_LINK
                                                  : BL_VOLUME_FILE,
        .mode = node->mode,
        .user = node->user,
        .group = node->group,
        .link_count = node->link_count,
        .size = node->size,
        .modified_ns = node->modified_ns,
        .changed_ns = node->changed_ns,
    };
}

enum bulla_status
bl_volume_attributes(struct bl_volume *volume, uint64_t node,
                     struct bl_volume_attributes *attributes_out, struct bulla_error *err)
{
    struct bl_node found;

    BL_TRY(bl_pages_usable(volume->pages, err));
    BL_TRY(bl_node_load(volume, node, &found, err));
    *attributes_out = bl_node_attributes(&found);
    return BULLA_OK;
}

static uint64_t
page_count(uint64_t size)
{
    return (size + BL_VOLUME_PAGE_SIZE - 1) / BL_VOLUME_PAGE_SIZE;
}

/* Pages beyond the size that a cut left: they must not come back when the file grows. */
static enum bulla_status
finish_trimming(struct bl_volume *volume, uint64_t number, struct bulla_error *err)
{
    struct bl_node node;

    BL_TRY(bl_pages_usable(volume->pages, err));
    BL_TRY(bl_node_load(volume, number, &node, err));
    if ((node.flags & BL_NODE_TRIMMED) == 0)
        return BULLA_OK;
    return bl_volume_clean(volume, number, err);
}

/* What is behind the end in its page stays zero. */
static enum bulla_status
clear_tail(struct bl_volume *volume, const struct bl_node *node, uint64_t size,
           struct bulla_error *err)
{
    uint64_t page = 0;
    size_t used = (size_t)(size % BL_VOLUME_PAGE_SIZE);
    uint8_t *data = NULL;

    if (used == 0)
        return BULLA_OK;
    BL_TRY(bl_map_find(volume, &node->map, size / BL_VOLUME_PAGE_SIZE, &page, err));
    if (page == 0)
        return BULLA_OK;
    BL_TRY(bl_pages_write(volume->pages, page, &data, err));
    memset(data + used, 0, BL_VOLUME_PAGE_SIZE - used);
    return BULLA_OK;
}

static enum bulla_status
set_size(struct bl_volume *volume, struct bl_node *node, uint64_t size, struct bulla_error *err)
{
    bool has_rest = page_count(size) < page_count(node->size);

    if (node->kind != BL_VOLUME_FILE)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not a file", 0);
    if (size > BL_VOLUME_FILE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "a file too large", 0);
    if (size < node->size)
        BL_TRY(clear_tail(volume, node, size, err));
    node->size = size;
    if (!has_rest)
        return BULLA_OK;
    node->flags |= BL_NODE_TRIMMED;
    return bl_node_list(volume, node, err);
}

static enum bulla_status
set(struct bl_volume *volume, struct bl_node *node, unsigned which,
    const struct bl_volume_attributes *wanted, int64_t now_ns, struct bulla_error *err)
{
    if ((which & BL_VOLUME_SET_MODE) != 0)
        node->mode = wanted->mode & 07777;
    if ((which & BL_VOLUME_SET_OWNER) != 0) {
        node->user = wanted->user;
        node->group = wanted->group;
    }
    if ((which & BL_VOLUME_SET_SIZE) != 0) {
        BL_TRY(set_size(volume, node, wanted->size, err));
        node->modified_ns = now_ns;
    }
    if ((which & BL_VOLUME_SET_MODIFIED) != 0)
        node->modified_ns = wanted->modified_ns;
    node->changed_ns = now_ns;
    return bl_node_store(volume, node, err);
}

enum bulla_status
bl_volume_set(struct bl_volume *volume, uint64_t node, unsigned which,
              const struct bl_volume_attributes *wanted, int64_t now_ns, struct bulla_error *err)
{
    struct bl_node found = { 0 };

    BL_TRY(finish_trimming(volume, node, err));
    BL_TRY(bl_pages_begin(volume->pages, err));
    enum bulla_status status = bl_node_load(volume, node, &found, err);
    if (status == BULLA_OK)
        status = set(volume, &found, which, wanted, now_ns, err);
    BL_TRY(bl_volume_finish(volume, status, err));
    if ((found.flags & BL_NODE_TRIMMED) != 0)
        bl_volume_clean_later(volume, node);
    return BULLA_OK;
}

static enum bulla_status
read_page(struct bl_volume *volume, const struct bl_node *node, uint64_t offset, uint8_t *out,
          size_t size, struct bulla_error *err)
{
    const uint8_t *data = NULL;
    uint64_t page = 0;

    BL_TRY(bl_map_find(volume, &node->map, offset / BL_VOLUME_PAGE_SIZE, &page, err));
    if (page == 0) {
        memset(out, 0, size);
        return BULLA_OK;
    }
    BL_TRY(bl_pages_read(volume->pages, page, &data, err));
    memcpy(out, data + offset % BL_VOLUME_PAGE_SIZE, size);
    return BULLA_OK;
}

/* Bytes from `offset` that are in one page, at most `left`. */
static size_t
step_size(uint64_t offset, size_t left)
{
    size_t in_page = BL_VOLUME_PAGE_SIZE - (size_t)(offset % BL_VOLUME_PAGE_SIZE);

    return left < in_page ? left : in_page;
}

enum bulla_status
bl_volume_read(struct bl_volume *volume, uint64_t node, uint64_t offset, void *out, size_t size,
               size_t *size_out, struct bulla_error *err)
{
    struct bl_node found;
    uint8_t *bytes = out;

    BL_TRY(bl_pages_usable(volume->pages, err));
    BL_TRY(bl_node_load(volume, node, &found, err));
    if (found.kind == BL_VOLUME_DIRECTORY)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a directory, not a file", 0);
    uint64_t left = offset < found.size ? found.size - offset : 0;
    if (size > left)
        size = (size_t)left;
    for (size_t done = 0, step = 0; done < size; done += step) {
        step = step_size(offset + done, size - done);
        BL_TRY(read_page(volume, &found, offset + done, bytes + done, step, err));
    }
    *size_out = size;
    return BULLA_OK;
}

static enum bulla_status
write_page(struct bl_volume *volume, struct bl_node *node, uint64_t offset,
           struct bulla_bytes bytes, struct bulla_error *err)
{
    uint64_t page = 0;
    uint8_t *data = NULL;
    bool is_new = false;

    BL_TRY(bl_map_make(volume, &node->map, offset / BL_VOLUME_PAGE_SIZE, &page, &is_new, err));
    if (is_new || bytes.size == BL_VOLUME_PAGE_SIZE) /* nothing of the old content stays */
        BL_TRY(bl_pages_fresh(volume->pages, page, &data, err));
    else
        BL_TRY(bl_pages_write(volume->pages, page, &data, err));
    memcpy(data + offset % BL_VOLUME_PAGE_SIZE, bytes.data, bytes.size);
    return BULLA_OK;
}

enum bulla_status
bl_node_fill(struct bl_volume *volume, struct bl_node *node, uint64_t offset,
             struct bulla_bytes bytes, struct bulla_error *err)
{
    for (size_t done = 0, step = 0; done < bytes.size; done += step) {
        step = step_size(offset + done, bytes.size - done);
        BL_TRY(write_page(volume, node, offset + done,
                          (struct bulla_bytes){ bytes.data + done, step }, err));
    }
    if (offset + bytes.size > node->size)
        node->size = offset + bytes.size;
    return BULLA_OK;
}

static enum bulla_status
write_file(struct bl_volume *volume, uint64_t number, uint64_t offset, struct bulla_bytes bytes,
           int64_t now_ns, struct bulla_error *err)
{
    struct bl_node node;

    BL_TRY(bl_node_load(volume, number, &node, err));
    if (node.kind != BL_VOLUME_FILE)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not a file", 0);
    BL_TRY(bl_node_fill(volume, &node, offset, bytes, err));
    node.modified_ns = node.changed_ns = now_ns;
    return bl_node_store(volume, &node, err);
}

enum bulla_status
bl_volume_write(struct bl_volume *volume, uint64_t node, uint64_t offset, struct bulla_bytes bytes,
                int64_t now_ns, struct bulla_error *err)
{
    if (bytes.size > BL_VOLUME_WRITE_SIZE_MAX || offset > BL_VOLUME_FILE_SIZE_MAX - bytes.size)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too much at once, or a file too large", 0);
    BL_TRY(finish_trimming(volume, node, err));
    if (bytes.size == 0)
        return BULLA_OK;
    BL_TRY(bl_pages_begin(volume->pages, err));
    return bl_volume_finish(volume, write_file(volume, node, offset, bytes, now_ns, err), err);
}
