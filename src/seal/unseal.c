/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/unseal.c: header, demands, body: in this order, and each only if the one before held.
 */
#include "seal/body.h"
#include "seal/demand.h"
#include "seal/freshness.h"
#include "seal/open.h"
#include "sys/file.h"

static const char where[] = "sealed blob";

/* The key of the body once the header has been opened and everything demanded of it held. */
static enum bulla_status
open_header(const struct bl_header *header, const struct bl_unseal_requirements *requirements,
            const struct bl_opener *opener, struct bl_blob_binding *binding,
            struct bl_secret *body_key_out, struct bulla_error *err)
{
    BL_AUTO(bl_slot_session) session = { .opener = opener, .now_s = requirements->now_s };
    BL_AUTO(bl_opened_header) opened = { 0 };

    BL_TRY(bl_blob_bind(header->preamble, header->core_bytes, binding, err));
    BL_TRY(
        bl_header_open(header, binding, requirements->slot_types_allowed, &session, &opened, err));
    BL_TRY(bl_header_check(header, requirements, err));
    BL_TRY(bl_header_demand(header, &opened, requirements, opener, err));
    BL_TRY(bl_freshness_demand(&header->core.freshness, requirements, opener->tpm, err));
    return bl_blob_body_key(binding, &opened.prk, body_key_out, err);
}

static enum bulla_status
open_body(const struct bl_header *header, const struct bl_blob_binding *binding,
          const struct bl_secret *body_key, const struct bl_source *source,
          const struct bl_sink *sink, struct bulla_error *err)
{
    uint64_t size = 0;

    BL_TRY(bl_body_open(body_key, binding->core_digest, source, sink, &size, err));
    if (header->core.with_plaintext_size && header->core.plaintext_size != size) {
        enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_BODY_ALTERED, where,
                                                    "its size is not the one in its header");
        bulla_error_values(err, bulla_value_number(size),
                           bulla_value_number(header->core.plaintext_size));
        return status;
    }
    return BULLA_OK;
}

/* Everything once without writing, then back to the beginning of the body. */
static enum bulla_status
verify_body(const struct bl_header *header, const struct bl_blob_binding *binding,
            const struct bl_secret *body_key, int in_fd, const struct bl_source *source,
            struct bulla_error *err)
{
    const struct bl_sink nowhere = bl_sink_nowhere();
    uint64_t position = 0;

    BL_TRY(bl_fd_position(in_fd, &position, err));
    BL_TRY(open_body(header, binding, body_key, source, &nowhere, err));
    return bl_fd_seek(in_fd, position, err);
}

enum bulla_status
bl_unseal_stream(const struct bl_unseal_requirements *requirements, const struct bl_opener *opener,
                 int in_fd, int out_fd, struct bulla_error *err)
{
    const struct bl_source source = bl_source_fd(&in_fd);
    const struct bl_sink sink = bl_sink_fd(&out_fd);
    BL_AUTO(bl_header) header = { 0 };
    BL_AUTO(bl_secret) body_key = { 0 };
    struct bl_blob_binding binding;

    BL_TRY(bl_header_read(&source, &header, err));
    BL_TRY(open_header(&header, requirements, opener, &binding, &body_key, err));
    if (opener->done_with_tpm != NULL)
        opener->done_with_tpm(opener->tpm_context);
    if (requirements->verify_first)
        BL_TRY(verify_body(&header, &binding, &body_key, in_fd, &source, err));
    return open_body(&header, &binding, &body_key, &source, &sink, err);
}

/* Where the plaintext goes: as large as the body says it is, which its end then proves. */
static enum bulla_status
prepare_plaintext(struct bulla_bytes body, struct bl_secret *plaintext, struct bulla_error *err)
{
    uint64_t size = 0;

    if (!bl_body_plaintext_size(body.size, &size))
        return bulla_fail_cause(err, BULLA_CAUSE_BODY_TRUNCATED, where, "its end is missing");
    return bl_secret_new(plaintext, (size_t)size, err);
}

enum bulla_status
bl_unseal_bytes(const struct bl_unseal_requirements *requirements, const struct bl_opener *opener,
                struct bulla_bytes blob, struct bl_secret *plaintext_out, struct bulla_error *err)
{
    BL_AUTO(bl_header) header = { 0 };
    BL_AUTO(bl_secret) body_key = { 0 };
    BL_AUTO(bl_secret) plaintext = { 0 };
    struct bl_blob_binding binding;
    struct bl_secret_cursor filling = { &plaintext, 0 };
    const struct bl_sink sink = bl_sink_secret(&filling);

    if (plaintext_out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "the place for the plaintext is in use", 0);
    BL_TRY(bl_header_decode(blob, &header, err));
    BL_TRY(open_header(&header, requirements, opener, &binding, &body_key, err));
    struct bl_bytes_cursor body = { { blob.data + header.bytes.size,
                                      blob.size - header.bytes.size } };
    BL_TRY(prepare_plaintext(body.left, &plaintext, err));
    const struct bl_source source = bl_source_bytes(&body);
    BL_TRY(open_body(&header, &binding, &body_key, &source, &sink, err));
    *plaintext_out = bl_secret_take(&plaintext);
    return BULLA_OK;
}
