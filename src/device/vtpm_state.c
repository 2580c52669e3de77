/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/vtpm_state.c: the state of an embedded TPM, between libtpms' named blobs and one byte
 * string. Layout: docs/formats/vtpm-state.md. The string holds the seeds of all keys, so it is
 * written into a secret and not into a buffer.
 */
#include "device/vtpm_state.h"

#include <string.h>

#include <libtpms/tpm_library.h>
#include <libtpms/tpm_nvfilename.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "codec/writer.h"
#include "device/vtpm.h"

#define WHERE "vTPM state"
#define VERSION 1
#define NAME_SIZE_MAX 16

static const uint8_t magic[8] = { 'b', 'u', 'l', 'l', 'a', 'v', 't', 'p' };
static const char *const part_names[BL_VTPM_PARTS] = { TPM_PERMANENT_ALL_NAME, TPM_SAVESTATE_NAME };

void
bl_vtpm_state_done(struct bl_vtpm_state *state)
{
    for (size_t i = 0; i < BL_VTPM_PARTS; i++)
        bl_secret_done(&state->parts[i]);
}

enum bl_vtpm_part
bl_vtpm_part_named(const char *name)
{
    enum bl_vtpm_part part = BL_VTPM_PERMANENT;

    while (part < BL_VTPM_PARTS && strcmp(part_names[part], name) != 0)
        part++;
    return part;
}

/* -- encode ------------------------------------------------------------------------------------ */

/* Everything but the contents. */
static enum bulla_status
write_table(const struct bl_vtpm_state *state, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);
    uint16_t count = 0;

    for (size_t i = 0; i < BL_VTPM_PARTS; i++)
        count = (uint16_t)(count + (state->parts[i].size > 0));
    bl_write_bytes(&w, BL_BYTES_OF(magic));
    bl_write_u16be(&w, VERSION);
    bl_write_u16be(&w, count);
    for (size_t i = 0; i < BL_VTPM_PARTS; i++) {
        if (state->parts[i].size == 0)
            continue;
        const uint8_t *name = (const uint8_t *)part_names[i];
        bl_write_sized_u16be(&w, (struct bulla_bytes){ name, strlen(part_names[i]) });
        bl_write_u32be(&w, (uint32_t)state->parts[i].size);
    }
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_vtpm_state_encode(const struct bl_vtpm_state *state, struct bl_secret *bytes_out,
                     struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) table = { 0 };

    BL_TRY(write_table(state, &table, err));
    size_t size = table.size;
    for (size_t i = 0; i < BL_VTPM_PARTS; i++)
        size += state->parts[i].size;
    if (size > BL_VTPM_STATE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "it is too large", size);
    BL_TRY(bl_secret_new(bytes_out, size, err));
    memcpy(bytes_out->data, table.data, table.size);
    size_t offset = table.size;
    for (size_t i = 0; i < BL_VTPM_PARTS; i++) {
        const struct bl_secret *part = &state->parts[i];
        if (part->size > 0)
            memcpy(bytes_out->data + offset, part->data, part->size);
        offset += part->size;
    }
    return BULLA_OK;
}

/* -- decode ------------------------------------------------------------------------------------ */

struct table {
    uint16_t count;
    enum bl_vtpm_part part[BL_VTPM_PARTS];
    uint32_t size[BL_VTPM_PARTS];
};

static enum bl_vtpm_part
read_name(struct bl_reader *r)
{
    char name[NAME_SIZE_MAX + 1] = { 0 };
    struct bulla_bytes given = bl_read_view(r, bl_read_u16be(r));

    if (given.size == 0 || given.size > NAME_SIZE_MAX ||
        memchr(given.data, '\0', given.size) != NULL)
        return BL_VTPM_PARTS;
    memcpy(name, given.data, given.size);
    return bl_vtpm_part_named(name);
}

/* Parts come in the order of their numbers, each at most once, none empty. */
static enum bulla_status
read_table(struct bl_reader *r, struct table *table, struct bulla_error *err)
{
    uint8_t found[sizeof magic];

    bl_read_into(r, found, sizeof found);
    uint16_t version = bl_read_u16be(r);
    table->count = bl_read_u16be(r);
    BL_TRY(bl_reader_ok(r, err));
    if (memcmp(found, magic, sizeof magic) != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "not the state of a vTPM", 0);
    if (version != VERSION)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "an unknown version", version);
    if (table->count == 0 || table->count > BL_VTPM_PARTS)
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "an impossible number of parts",
                          table->count);
    for (uint16_t i = 0; i < table->count; i++) {
        table->part[i] = read_name(r);
        table->size[i] = bl_read_u32be(r);
        BL_TRY(bl_reader_ok(r, err));
        if (table->part[i] == BL_VTPM_PARTS || table->size[i] == 0 ||
            (i > 0 && table->part[i] <= table->part[i - 1]))
            return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "a part that does not belong there",
                              i);
    }
    return BULLA_OK;
}

enum bulla_status
bl_vtpm_state_decode(struct bulla_bytes bytes, struct bl_vtpm_state *state_out,
                     struct bulla_error *err)
{
    BL_AUTO(bl_vtpm_state) state = { 0 };
    struct bl_reader r = bl_reader(bytes, WHERE);
    struct table table = { 0 };

    if (bytes.size > BL_VTPM_STATE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "it is too large", bytes.size);
    BL_TRY(read_table(&r, &table, err));
    for (uint16_t i = 0; i < table.count; i++) {
        struct bulla_bytes content = bl_read_view(&r, table.size[i]);
        BL_TRY(bl_reader_ok(&r, err));
        BL_TRY(bl_secret_copy(&state.parts[table.part[i]], content, err));
    }
    BL_TRY(bl_reader_finish(&r, err));
    *state_out = state;
    state = (struct bl_vtpm_state){ 0 };
    return BULLA_OK;
}
