/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/memory.h"
#include "codec/utf8.h"
#include "seal/body.h"
#include "seal/make.h"
#include "seal/open.h"
#include "seal/tree.h"

static const char where[] = "sealing";

/* A header being made; the slots borrow from `params`. */
struct bl_new_header {
    uint8_t preamble[BL_BLOB_PREAMBLE_SIZE];
    struct bl_blob_binding binding;
    struct bl_slot_table table;
    struct bulla_buffer core;
    struct bulla_buffer params[BL_SLOT_COUNT_MAX];
    struct bl_secret content_key;
    struct bl_secret shares[BL_SLOT_COUNT_MAX];
    struct bl_secret prk;
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
    bulla_buffer_done(&header->bytes);
}

/* -- what can be refused before anything is made -- */

static enum bulla_status
check_text(const char *text, bool may_be_missing, struct bulla_error *err)
{
    if (text == NULL && may_be_missing)
        return BULLA_OK;
    if (text == NULL || text[0] == 0)
        return bulla_fail(err, BULLA_E_USAGE, where, "a name is missing", 0);
    const struct bulla_bytes bytes = { (const uint8_t *)text, strlen(text) };
    if (bytes.size > BL_BLOB_NAME_SIZE_MAX || !bl_utf8_is_valid(bytes))
        return bulla_fail(err, BULLA_E_USAGE, where, "a name is too long or not UTF-8", bytes.size);
    return BULLA_OK;
}

static enum bulla_status
check_slot(const struct bl_slot_request *slot, const struct bl_opener *opener,
           struct bulla_error *err)
{
    const struct bl_slot_kind *kind = bl_slot_kind_find(slot->type);

    if (kind == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, where,
                                "this kind of slot is unsupported here");
    BL_TRY(check_text(slot->label, /* may_be_missing= */ true, err));
    if (slot->not_after_s < 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a time before 1970", 0);
    return kind->check(slot, opener, err);
}

/* Where hardware holds a share, the slots marked for recovery must be enough without it. */
static enum bulla_status
check_recovery(const struct bl_seal_request *request, const struct bl_slot_tree *tree,
               struct bulla_error *err)
{
    enum bl_slot_state states[BL_SLOT_COUNT_MAX] = { 0 };
    bool has_hardware = false;

    for (size_t i = 0; i < request->slot_count; i++) {
        const struct bl_slot_request *slot = &request->slots[i];
        bool is_soft = slot->type == BL_SLOT_HPKE || slot->type == BL_SLOT_PASSPHRASE;
        has_hardware |= !is_soft;
        if (is_soft && slot->is_recovery)
            states[i] = BL_SLOT_OPENED;
    }
    if (has_hardware && !request->allow_no_recovery && !bl_slot_tree_is_satisfied(tree, states))
        return bulla_fail_cause(err, BULLA_CAUSE_NO_RECOVERY_CHOSEN, where,
                                "without this hardware the data would be lost");
    return BULLA_OK;
}

static enum bulla_status
check_request(const struct bl_seal_request *request, const struct bl_opener *opener,
              struct bl_slot_tree *tree_out, struct bulla_error *err)
{
    size_t passphrase_count = 0;

    BL_TRY(check_text(request->name, /* may_be_missing= */ false, err));
    if (request->created_s <= 0 || request->not_after_s < 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a time before 1970", 0);
    BL_TRY(bl_slot_tree_build(request->tree, request->slot_count, tree_out, err));
    BL_TRY(check_recovery(request, tree_out, err));
    for (size_t i = 0; i < request->slot_count; i++) {
        BL_TRY(check_slot(&request->slots[i], opener, err));
        passphrase_count += request->slots[i].type == BL_SLOT_PASSPHRASE;
    }
    if (passphrase_count > BL_PASSPHRASE_SLOT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many passphrases", passphrase_count);
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

    if (core.with_associated_data)
        BL_TRY(
            bl_associated_data_digest(request->associated_data, core.associated_data_digest, err));
    BL_TRY(bl_core_encode(&core, &header->core, err));
    BL_TRY(bl_entropy_fill(job->entropy, blob_id, sizeof blob_id, err));
    bl_preamble_encode(blob_id, header->core.size, 0, 0, header->preamble);
    return bl_blob_bind(header->preamble, bulla_buffer_bytes(&header->core), &header->binding, err);
}

static enum bulla_status
make_slots(const struct bl_seal_job *job, struct bl_new_header *header, struct bulla_error *err)
{
    struct bl_slot_table *table = &header->table;

    BL_TRY(bl_entropy_secret(job->entropy, &header->content_key, BL_CONTENT_KEY_SIZE, err));
    table->slot_count = job->request->slot_count;
    for (size_t i = 0; i < table->slot_count; i++)
        BL_TRY(bl_entropy_fill(job->entropy, table->slots[i].id, BL_SLOT_ID_SIZE, err));
    BL_TRY(
        bl_slot_tree_share(&table->tree, &header->content_key, job->entropy, header->shares, err));
    for (size_t i = 0; i < table->slot_count; i++) {
        const struct bl_slot_request *request = &job->request->slots[i];
        const struct bl_slot_making making = { request, job->opener, job->entropy,
                                               &header->binding };
        struct bl_slot *slot = &table->slots[i];
        slot->type = (uint16_t)request->type;
        if (request->label != NULL)
            slot->label =
                (struct bulla_bytes){ (const uint8_t *)request->label, strlen(request->label) };
        slot->not_after_s = request->not_after_s;
        slot->is_recovery = request->is_recovery;
        BL_TRY(bl_slot_wrap(&making, &header->shares[i], &header->params[i], slot, err));
    }
    return BULLA_OK;
}

static enum bulla_status
assemble(struct bl_new_header *header, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) slots = { 0 };
    uint8_t mac[BL_BLOB_MAC_SIZE];
    const struct bulla_bytes core = bulla_buffer_bytes(&header->core);

    BL_TRY(bl_slot_table_encode(&header->table, &slots, err));
    bl_preamble_encode(header->binding.blob_id, core.size, slots.size, /* slots_epoch= */ 1,
                       header->preamble);
    BL_TRY(bl_blob_extract(&header->binding, &header->content_key, &header->prk, err));
    BL_TRY(bl_blob_header_mac(&header->binding, &header->prk, BL_BYTES_OF(header->preamble), core,
                              bulla_buffer_bytes(&slots), mac, err));
    BL_TRY(bulla_buffer_append(&header->bytes, BL_BYTES_OF(header->preamble), err));
    BL_TRY(bulla_buffer_append(&header->bytes, core, err));
    BL_TRY(bulla_buffer_append(&header->bytes, bulla_buffer_bytes(&slots), err));
    return bulla_buffer_append(&header->bytes, BL_BYTES_OF(mac), err);
}

/* -- trying what was made, before anything is written -- */

static const struct bl_slot *
slot_with_id(const struct bl_slot_table *table, const uint8_t id[BL_SLOT_ID_SIZE])
{
    for (size_t i = 0; i < table->slot_count; i++) {
        if (memcmp(table->slots[i].id, id, BL_SLOT_ID_SIZE) == 0)
            return &table->slots[i];
    }
    return NULL;
}

/* A recipient's slot opens with his key only, which is mostly elsewhere. */
static bool
is_somebody_elses(const struct bl_slot_request *request, enum bulla_cause cause)
{
    return request->type == BL_SLOT_HPKE &&
           (cause == BULLA_CAUSE_WRONG_RECIPIENT || cause == BULLA_CAUSE_NO_SLOT_OPENS);
}

static enum bulla_status
try_slot(const struct bl_seal_job *job, const struct bl_new_header *made,
         const struct bl_header *decoded, size_t i, struct bulla_error *err)
{
    const struct bl_slot_request *request = &job->request->slots[i];
    const struct bl_slot *slot = slot_with_id(&decoded->table, made->table.slots[i].id);
    BL_AUTO(bl_slot_session) session = { .opener = job->opener };
    BL_AUTO(bl_secret) share = { 0 };

    if (slot == NULL)
        return bulla_fail(err, BULLA_E_CRYPTO, where, "a slot that was made is missing", i);
    if (request->type == BL_SLOT_PASSPHRASE) {
        BL_TRY(bl_secret_copy(&session.passphrase, request->passphrase, err));
        session.has_asked = true;
    }
    struct bulla_error failure = { 0 };
    enum bulla_status status = bl_slot_unwrap(slot, &made->binding, &session, &share, &failure);
    if (status != BULLA_OK && is_somebody_elses(request, failure.cause))
        return BULLA_OK;
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = failure;
    BL_TRY(status);
    if (!bl_equal(bl_secret_bytes(&share), bl_secret_bytes(&made->shares[i])))
        return bulla_fail(err, BULLA_E_CRYPTO, where, "a slot that was made yields another share",
                          i);
    return BULLA_OK;
}

static enum bulla_status
try_header(const struct bl_seal_job *job, const struct bl_new_header *made, struct bulla_error *err)
{
    BL_AUTO(bl_header) decoded = { 0 };

    BL_TRY(bl_header_decode(bulla_buffer_bytes(&made->bytes), &decoded, err));
    BL_TRY(bl_header_verify(&decoded, &made->binding, &made->prk, err));
    for (size_t i = 0; i < job->request->slot_count; i++)
        BL_TRY(try_slot(job, made, &decoded, i, err));
    return BULLA_OK;
}

/* -- the whole -- */

enum bulla_status
bl_seal_make(const struct bl_seal_job *job, const struct bl_source *source,
             const struct bl_sink *sink, struct bulla_error *err)
{
    BL_AUTO(bl_new_header) header = { 0 };
    BL_AUTO(bl_secret) body_key = { 0 };
    uint8_t salt[BL_BODY_SALT_SIZE];

    BL_TRY(check_request(job->request, job->opener, &header.table.tree, err));
    BL_TRY(make_core(job, &header, err));
    BL_TRY(make_slots(job, &header, err));
    BL_TRY(assemble(&header, err));
    BL_TRY(try_header(job, &header, err));
    BL_TRY(bl_blob_body_key(&header.binding, &header.prk, &body_key, err));
    BL_TRY(bl_entropy_fill(job->entropy, salt, sizeof salt, err));
    if (job->opener->done_with_tpm != NULL)
        job->opener->done_with_tpm(job->opener->tpm_context);
    BL_TRY(sink->write(sink->context, bulla_buffer_bytes(&header.bytes), err));
    return bl_body_seal(&body_key, header.binding.core_digest, salt, source, sink, err);
}

enum bulla_status
bl_seal_stream(const struct bl_seal_request *request, const struct bl_opener *opener, int in_fd,
               int out_fd, struct bulla_error *err)
{
    const struct bl_seal_job job = { request, opener, &bl_entropy_system, false, 0 };
    const struct bl_source source = bl_source_fd(&in_fd);
    const struct bl_sink sink = bl_sink_fd(&out_fd);

    return bl_seal_make(&job, &source, &sink, err);
}

enum bulla_status
bl_seal_bytes(const struct bl_seal_request *request, const struct bl_opener *opener,
              struct bulla_bytes plaintext, struct bulla_buffer *blob_out, struct bulla_error *err)
{
    const struct bl_seal_job job = { request, opener, &bl_entropy_system, true, plaintext.size };
    BL_AUTO(bulla_buffer) blob = { 0 };
    struct bl_bytes_cursor cursor = { plaintext };
    const struct bl_source source = bl_source_bytes(&cursor);
    const struct bl_sink sink = bl_sink_buffer(&blob);

    BL_TRY(bl_seal_make(&job, &source, &sink, err));
    return bulla_buffer_append(blob_out, bulla_buffer_bytes(&blob), err);
}
