/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls drawn from a seed, made on a volume and on a plain model of it: six files in memory.
 */
#ifndef TESTS_SEAL_VOLUME_MODEL_H
#define TESTS_SEAL_VOLUME_MODEL_H

#include "volume_fixture.h"

#define MODEL_FILES 6
#define MODEL_SIZE ((size_t)4096 * 40)
#define MODEL_WRITE_MAX ((size_t)4096 * 12)

struct model {
    struct {
        bool is_there;
        size_t size;
        uint8_t bytes[MODEL_SIZE];
    } files[MODEL_FILES];
};

struct call {
    enum { CALL_WRITE, CALL_REMOVE, CALL_RENAME, CALL_SET_SIZE, CALL_SYNC } kind;
    size_t file, other, offset, size;
    uint8_t first; /* byte of what is written */
};

static inline struct call
draw_call(uint64_t *seed)
{
    size_t values[7];

    for (size_t i = 0; i < 7; i++) { /* xorshift */
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        values[i] = (size_t)(*seed >> 8);
    }
    struct call call = { .kind = CALL_WRITE,
                         .file = values[1] % MODEL_FILES,
                         .other = values[2] % MODEL_FILES,
                         .offset = values[3] % (MODEL_SIZE - MODEL_WRITE_MAX),
                         .size = values[4] % (values[5] % 4 != 0 ? MODEL_WRITE_MAX : 200),
                         .first = (uint8_t)values[6] };
    if (values[0] % 10 < 4) {
        static const int kinds[] = { CALL_REMOVE, CALL_RENAME, CALL_SET_SIZE, CALL_SYNC };
        memcpy(&call.kind, &kinds[values[0] % 10], sizeof call.kind);
    }
    if (call.kind == CALL_SET_SIZE)
        call.size = values[4] % MODEL_SIZE;
    return call;
}

static inline const uint8_t *
call_bytes(const struct call *call)
{
    static uint8_t bytes[MODEL_WRITE_MAX];

    for (size_t i = 0; i < call->size && i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(call->first + i * 31 + (i >> 8));
    return bytes;
}

/** What the call does to the model; a call on a file that is not there makes it. */
static inline void
model_call(struct model *model, const struct call *call)
{
    size_t i = call->file;

    if (call->kind == CALL_SYNC)
        return;
    if (!model->files[i].is_there) {
        memset(&model->files[i], 0, sizeof model->files[i]);
        model->files[i].is_there = true;
    } else if (call->kind == CALL_REMOVE) {
        model->files[i].is_there = false;
    } else if (call->kind == CALL_RENAME) {
        if (call->other != i) {
            model->files[call->other] = model->files[i];
            model->files[i].is_there = false;
        }
    } else if (call->kind == CALL_SET_SIZE) {
        if (call->size < model->files[i].size)
            memset(model->files[i].bytes + call->size, 0, MODEL_SIZE - call->size);
        model->files[i].size = call->size;
    } else {
        memcpy(model->files[i].bytes + call->offset, call_bytes(call), call->size);
        if (call->size > 0 && call->offset + call->size > model->files[i].size)
            model->files[i].size = call->offset + call->size;
    }
}

/** The same on the volume. */
static inline enum bulla_status
volume_call(struct bl_volume *volume, const struct call *call, struct bulla_error *err)
{
    char name[2] = { (char)('a' + call->file) }, other[2] = { (char)('a' + call->other) };
    struct bl_volume_attributes attributes = { .kind = BL_VOLUME_FILE };
    struct bulla_bytes bytes = { call_bytes(call), call->size };

    if (call->kind == CALL_SYNC)
        return bl_volume_sync(volume, err);
    enum bulla_status status = bl_volume_lookup(volume, 1, text_bytes(name), &attributes, NULL);
    if (status == BULLA_E_NOT_FOUND)
        return bl_volume_make(volume, 1, text_bytes(name), (struct bulla_bytes){ 0 }, NOW,
                              &attributes, err);
    if (status != BULLA_OK)
        return bulla_fail(err, status, "test", "lookup failed", 0);
    struct bl_volume_attributes wanted = { .size = call->size };
    switch (call->kind) {
    case CALL_REMOVE:
        return bl_volume_remove(volume, 1, text_bytes(name), NOW, err);
    case CALL_RENAME:
        return bl_volume_rename(volume, 1, text_bytes(name), 1, text_bytes(other), false, NOW, err);
    case CALL_SET_SIZE:
        return bl_volume_set(volume, attributes.node, BL_VOLUME_SET_SIZE, &wanted, NOW, err);
    case CALL_WRITE:
    case CALL_SYNC:
        break;
    }
    return bl_volume_write(volume, attributes.node, call->offset, bytes, NOW, err);
}

/** True if the volume has exactly the files of the model; fails the test if it cannot be read. */
static inline bool
model_equals(struct bl_volume *volume, const struct model *model)
{
    struct bulla_error err = { 0 };
    static uint8_t got[MODEL_SIZE + 1];
    char name[2] = "a";

    for (size_t i = 0; i < MODEL_FILES; i++, name[0]++) {
        uint64_t node = find_node(volume, 1, name);
        size_t size = 0;
        if ((node != 0) != model->files[i].is_there)
            return false;
        if (node == 0)
            continue;
        assert_ok(bl_volume_read(volume, node, 0, got, sizeof got, &size, &err), &err);
        if (size != model->files[i].size || memcmp(got, model->files[i].bytes, size) != 0)
            return false;
    }
    return true;
}

#endif
