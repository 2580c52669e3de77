/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/memory.h"
#include "seal/assemble.h"
#include "seal/body.h"
#include "seal/make.h"
#include "seal/open.h"
#include "seal/slot_area.h"
#include "seal/slot_make.h"

static const char where[] = "sealing";

/* A header being made; the slots borrow from `params`. */
struct bl_new_header {
    struct bl_preamble facts;
    uint8_t preamble[BL_BLOB_PREAMBLE_SIZE];
    struct bl_blob_binding binding;
    struct bl_slot_table table;
    struct bulla_buffer core;
    struct bulla_buffer params[BL_SLOT_COUNT_MAX];
    struct bl_secret content_key;
    struct bl_secret shares[BL_SLOT_COUNT_MAX];
    struct bl_secret prk;
    struct bulla_buffer slots; /* encoded */
    struct bulla_buffer bytes; /* the whole of it */
};

static void
bl_new_header_done(struct bl_new_header *header)
{
    bulla_buffer_done(&header->core);
    for (size_t i = 0; i < BL_SLOT_COUNT_MAX; i++)
        bulla_buffer_done(&header->params[i]);
    bl_secret_done(&header->content_key);
    bl_shares_done(header->shares, BL_SLOT_COUNT_MAX);
    bl_secret_done(&header->prk);
    bulla_buffer_done(&header->slots);
    bulla_buffer_done(&header->bytes);
}

/* -- what can be refused before anything is made -- */

static enum bulla_status
check_request(const struct bl_seal_request *request, const struct bl_opener *opener,
              struct bl_slot_table *table, struct bulla_error *err)
{
    BL_TRY(bl_blob_text_check(request->name, /* may_be_missing= */ false, err));
    if (request->created_s <= 0 || request->not_after_s < 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a time before 1970", 0);
    BL_TRY(bl_slot_tree_build(request->tree, request->slot_count, &table->tree, err));
    table->slot_count = request->slot_count;
    for (size_t i = 0; i < request->slot_count; i++)
        bl_slot_describe_request(&request->slots[i], &table->slots[i]);
    BL_TRY(bl_slot_table_check(table, request->allow_no_recovery, err));
    for (size_t i = 0; i < request->slot_count; i++)
        BL_TRY(bl_slot_request_check(&request->slots[i], opener, err));
    return BULLA_OK;
}

/* -- making the header -- */

static enum bulla_status
make_core(const struct bl_seal_job *job, struct bl_new_header *header, struct bulla_error *err)
{
    const struct bl_seal_request *request = job->request;
    uint8_t blob_id[BL_BLOB_ID_SIZE];
    struct bl_core core = {
        .name = { (const uint8_t *)request->name, strlen(request->name) },
        .created_s = request->created_s,
        .with_associated_data = request->with_associated_data,
        .with_plaintext_size = job->with_plaintext_size,
        .plaintext_size = job->plaintext_size,
        .not_after_s = request->not_after_s,
    };

    if (request->freshness != NULL)
        core.freshness = *request->freshness;
    if (core.with_associated_data)
        BL_TRY(
            bl_associated_data_digest(request->associated_data, core.associated_data_digest, err));
    BL_TRY(bl_core_encode(&core, &header->core, err));
    BL_TRY(bl_entropy_fill(job->entropy, blob_id, sizeof blob_id, err));
    memcpy(header->facts.blob_id, blob_id, sizeof blob_id);
    header->facts.core_size = header->core.size;
    bl_preamble_encode(&header->facts, header->preamble);
    return bl_blob_bind(header->preamble, bulla_buffer_bytes(&header->core), &header->binding, err);
}

/* As the wish for slot i is carried out and tried. */
static struct bl_slot_making
making_of(const struct bl_seal_job *job, const struct bl_new_header *header, size_t i)
{
    return (struct bl_slot_making){ &job->request->slots[i], job->opener, job->entropy,
                                    &header->binding };
}

static enum bulla_status
make_slots(const struct bl_seal_job *job, struct bl_new_header *header, struct bulla_error *err)
{
    struct bl_slot_table *table = &header->table;

    BL_TRY(bl_entropy_secret(job->entropy, &header->content_key, BL_CONTENT_KEY_SIZE, err));
    for (size_t i = 0; i < table->slot_count; i++)
        BL_TRY(bl_entropy_fill(job->entropy, table->slots[i].id, BL_SLOT_ID_SIZE, err));
    BL_TRY(
        bl_slot_tree_share(&table->tree, &header->content_key, job->entropy, header->shares, err));
    for (size_t i = 0; i < table->slot_count; i++) {
        const struct bl_slot_making making = making_of(job, header, i);
        BL_TRY(
            bl_slot_wrap(&making, &header->shares[i], &header->params[i], &table->slots[i], err));
    }
    BL_TRY(bl_blob_extract(&header->binding, &header->content_key, &header->prk, err));
    return bl_slot_table_encode(table, &header->slots, err);
}

/* Preamble and core, then the slots as `facts.flags` wants them. */
static enum bulla_status
assemble(struct bl_new_header *header, struct bulla_error *err)
{
    const struct bulla_bytes slots = bulla_buffer_bytes(&header->slots);
    const struct bl_blob_header_parts parts = { .facts = &header->facts,
                                                .binding = &header->binding,
                                                .prk = &header->prk,
                                                .core = bulla_buffer_bytes(&header->core) };

    bulla_buffer_clear(&header->bytes);
    return bl_header_assemble(&parts, slots, /* slots_epoch= */ 1, &header->bytes, err);
}

/* -- trying what was made, before anything is written -- */

static enum bulla_status
try_header(const struct bl_seal_job *job, const struct bl_new_header *made, struct bulla_error *err)
{
    BL_AUTO(bl_header) decoded = { 0 };

    BL_TRY(bl_header_decode(bulla_buffer_bytes(&made->bytes), &decoded, err));
    BL_TRY(bl_header_verify(&decoded, &made->binding, &made->prk, err));
    for (size_t i = 0; i < job->request->slot_count; i++) {
        const struct bl_slot_making making = making_of(job, made, i);
        size_t found = bl_slot_table_find(&decoded.table, made->table.slots[i].id);
        if (found == decoded.table.slot_count)
            return bulla_fail(err, BULLA_E_CRYPTO, where, "a slot that was made is missing", i);
        BL_TRY(bl_slot_try(&making, &decoded.table.slots[found], &made->shares[i], err));
    }
    return BULLA_OK;
}

/* -- the whole -- */

/* Slots that can be changed without moving the body. The keys stay, so no slot is tried again. */
static enum bulla_status
make_room(struct bl_new_header *header, struct bulla_error *err)
{
    BL_AUTO(bl_header) decoded = { 0 };

    header->facts.flags |= BL_BLOB_FLAG_AREAS;
    header->facts.slots_size = bl_area_size_for(header->slots.size);
    header->facts.slots_epoch = 0;
    BL_TRY(assemble(header, err));
    BL_TRY(bl_header_decode(bulla_buffer_bytes(&header->bytes), &decoded, err));
    return bl_header_verify(&decoded, &header->binding, &header->prk, err);
}

enum bulla_status
bl_seal_make(const struct bl_seal_job *job, const struct bl_source *source,
             const struct bl_sink *sink, struct bulla_error *err)
{
    BL_AUTO(bl_new_header) header = { 0 };
    BL_AUTO(bl_secret) body_key = { 0 };
    BL_AUTO(bl_ahead) ahead = { 0 };
    uint8_t salt[BL_BODY_SALT_SIZE];

    BL_TRY(check_request(job->request, job->opener, &header.table, err));
    BL_TRY(make_core(job, &header, err));
    BL_TRY(make_slots(job, &header, err));
    BL_TRY(assemble(&header, err));
    BL_TRY(try_header(job, &header, err));
    BL_TRY(bl_blob_body_key(&header.binding, &header.prk, &body_key, err));
    BL_TRY(bl_entropy_fill(job->entropy, salt, sizeof salt, err));
    if (job->opener->done_with_tpm != NULL)
        job->opener->done_with_tpm(job->opener->tpm_context);
    BL_TRY(bl_ahead_fill(&ahead, source, BL_SEAL_AREAS_FROM, err));
    if (job->in_areas || ahead.size == BL_SEAL_AREAS_FROM)
        BL_TRY(make_room(&header, err));
    const struct bl_source whole = bl_source_ahead(&ahead);
    BL_TRY(sink->write(sink->context, bulla_buffer_bytes(&header.bytes), err));
    return bl_body_seal(&body_key, header.binding.core_digest, salt, &whole, sink, err);
}

enum bulla_status
bl_seal_stream(const struct bl_seal_request *request, const struct bl_opener *opener, int in_fd,
               int out_fd, struct bulla_error *err)
{
    const struct bl_seal_job job = { .request = request,
                                     .opener = opener,
                                     .entropy = &bl_entropy_system };
    const struct bl_source source = bl_source_fd(&in_fd);
    const struct bl_sink sink = bl_sink_fd(&out_fd);

    return bl_seal_make(&job, &source, &sink, err);
}

enum bulla_status
bl_seal_bytes(const struct bl_seal_request *request, const struct bl_opener *opener,
              struct bulla_bytes plaintext, struct bulla_buffer *blob_out, struct bulla_error *err)
{
    const struct bl_seal_job job = { .request = request,
                                     .opener = opener,
                                     .entropy = &bl_entropy_system,
                                     .with_plaintext_size = true,
                                     .plaintext_size = plaintext.size };
    BL_AUTO(bulla_buffer) blob = { 0 };
    struct bl_bytes_cursor cursor = { plaintext };
    const struct bl_source source = bl_source_bytes(&cursor);
    const struct bl_sink sink = bl_sink_buffer(&blob);

    BL_TRY(bl_seal_make(&job, &source, &sink, err));
    return bulla_buffer_append(blob_out, bulla_buffer_bytes(&blob), err);
}
