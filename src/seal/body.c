/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/body.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "seal/pipeline.h"

static const char where[] = "body of the sealed blob";

#define SEALED_CHUNK_SIZE (BL_BODY_CHUNK_SIZE + BL_AEAD_TAG_SIZE)
#define BATCH_COUNT_MAX 64 /* chunks for one read and one write: 1 MiB */

/* What the key of the chunks is made from. */
struct origin {
    const struct bl_secret *key;
    const uint8_t *context; /* BL_BLOB_DIGEST_SIZE */
    const uint8_t *salt;    /* BL_BODY_SALT_SIZE */
    uint64_t size_max;      /* bytes that may come */
};

/* One body being sealed or opened, by one thread. */
struct bl_body {
    struct origin origin;
    struct bl_aead *aead;
    uint8_t base_nonce[BL_AEAD_NONCE_SIZE];
    uint8_t commitment[BL_BODY_COMMITMENT_SIZE];
    uint64_t chunk;             /* number of the next one */
    struct bl_secret plain;     /* one batch of chunks, */
    struct bulla_buffer sealed; /* and the same sealed: nothing to hide */
};

static void
bl_body_done(struct bl_body *body)
{
    bl_aead_free(body->aead);
    bl_secret_done(&body->plain);
    bulla_buffer_done(&body->sealed);
}

static enum bulla_status
derive(struct bl_body *body, struct bulla_error *err)
{
    BL_AUTO(bl_secret) all = { 0 };
    const struct bulla_bytes info[] = {
        BL_LITERAL("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"),
        { body->origin.salt, BL_BODY_SALT_SIZE },
        { body->origin.context, BL_BLOB_DIGEST_SIZE },
    };

    BL_TRY(bl_hkdf_expand(BL_SHA512, bl_secret_bytes(body->origin.key), info, 3,
                          BL_AEAD_KEY_SIZE + sizeof body->base_nonce + sizeof body->commitment,
                          &all, err));
    memcpy(body->base_nonce, all.data + BL_AEAD_KEY_SIZE, sizeof body->base_nonce);
    memcpy(body->commitment, all.data + BL_AEAD_KEY_SIZE + sizeof body->base_nonce,
           sizeof body->commitment);
    const struct bulla_bytes chunk_key = { all.data, BL_AEAD_KEY_SIZE };
    return bl_aead_new(BL_AES_256_GCM, chunk_key, &body->aead, err);
}

static enum bulla_status
start(struct bl_body *body, struct origin origin, struct bulla_error *err)
{
    size_t batch_count = BATCH_COUNT_MAX;
    uint8_t *place = NULL;

    if (origin.size_max / BL_BODY_CHUNK_SIZE < BATCH_COUNT_MAX) /* what is small shall be fast */
        batch_count = (size_t)(origin.size_max / BL_BODY_CHUNK_SIZE) + 1;
    body->origin = origin;
    BL_TRY(derive(body, err));
    BL_TRY(bl_secret_new(&body->plain, batch_count * BL_BODY_CHUNK_SIZE, err));
    return bulla_buffer_extend(&body->sealed, batch_count * SEALED_CHUNK_SIZE, &place, err);
}

/* The same body for a second thread. */
static enum bulla_status
make_second(void *first, void **second_out, struct bulla_error *err)
{
    const struct bl_body *body = first;
    struct bl_body *second = bl_alloc(1, sizeof *second);

    if (second == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    enum bulla_status status = start(second, body->origin, err);
    if (status != BULLA_OK) {
        bl_body_done(second);
        bl_free(second);
        return status;
    }
    *second_out = second;
    return BULLA_OK;
}

static void
free_second(void *second)
{
    bl_body_done(second);
    bl_free(second);
}

/* The first chunk of this batch is the next one. */
static void
begin_batch(struct bl_body *body, uint64_t number)
{
    body->chunk = number * (body->plain.size / BL_BODY_CHUNK_SIZE);
}

/* Base nonce XOR the number of the chunk, big-endian. */
static enum bulla_status
next_nonce(struct bl_body *body, uint8_t nonce[BL_AEAD_NONCE_SIZE], struct bulla_error *err)
{
    if (body->chunk >= BL_BODY_CHUNK_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many chunks", 0);
    memcpy(nonce, body->base_nonce, BL_AEAD_NONCE_SIZE);
    for (size_t i = 0; i < sizeof body->chunk; i++)
        nonce[BL_AEAD_NONCE_SIZE - 1 - i] ^= (uint8_t)(body->chunk >> (8 * i));
    body->chunk++;
    return BULLA_OK;
}

/* Seal `size` bytes of the batch, the last chunk of which may be short or empty. */
static enum bulla_status
seal_batch(struct bl_body *body, size_t size, bool is_last, size_t *sealed_size_out,
           struct bulla_error *err)
{
    const struct bulla_bytes nothing = { NULL, 0 };
    size_t chunk_count = size / BL_BODY_CHUNK_SIZE + (is_last ? 1 : 0);
    uint8_t nonce[BL_AEAD_NONCE_SIZE];

    for (size_t i = 0; i < chunk_count; i++) {
        size_t start_of = i * BL_BODY_CHUNK_SIZE;
        size_t left = size - start_of;
        const struct bulla_bytes chunk = { body->plain.data + start_of,
                                           left < BL_BODY_CHUNK_SIZE ? left : BL_BODY_CHUNK_SIZE };
        BL_TRY(next_nonce(body, nonce, err));
        BL_TRY(bl_aead_seal(body->aead, nonce, nothing, chunk,
                            body->sealed.data + i * SEALED_CHUNK_SIZE, err));
    }
    *sealed_size_out = size + chunk_count * BL_AEAD_TAG_SIZE;
    return BULLA_OK;
}

static uint8_t *
room_for_plain(void *worker)
{
    return ((struct bl_body *)worker)->plain.data;
}

static enum bulla_status
seal_work(void *worker, uint64_t number, size_t size, struct bulla_bytes *result_out,
          struct bulla_error *err)
{
    struct bl_body *body = worker;

    begin_batch(body, number);
    result_out->data = body->sealed.data;
    return seal_batch(body, size, size < body->plain.size, &result_out->size, err);
}

static const struct bl_pipeline_steps sealing = { room_for_plain, seal_work, make_second,
                                                  free_second };

enum bulla_status
bl_body_seal(const struct bl_secret *key, const uint8_t context[BL_BLOB_DIGEST_SIZE],
             const uint8_t salt[BL_BODY_SALT_SIZE], const struct bl_source *source,
             const struct bl_sink *sink, struct bulla_error *err)
{
    BL_AUTO(bl_body) body = { 0 };
    uint64_t written = 0;

    BL_TRY(start(&body, (struct origin){ key, context, salt, source->size_max }, err));
    BL_TRY(sink->write(sink->context, (struct bulla_bytes){ salt, BL_BODY_SALT_SIZE }, err));
    BL_TRY(sink->write(sink->context, BL_BYTES_OF(body.commitment), err));
    return bl_pipeline_run(&sealing, &body, body.plain.size, source, sink, &written, err);
}

static enum bulla_status
open_chunk(struct bl_body *body, struct bulla_bytes sealed, uint8_t *out, struct bulla_error *err)
{
    const struct bulla_bytes nothing = { NULL, 0 };
    uint8_t nonce[BL_AEAD_NONCE_SIZE];

    BL_TRY(next_nonce(body, nonce, err));
    enum bulla_status status = bl_aead_open(body->aead, nonce, nothing, sealed, out, NULL);
    if (status == BULLA_E_INTEGRITY) {
        status = bulla_fail_cause(err, BULLA_CAUSE_BODY_ALTERED, where,
                                  "a chunk was altered, moved or cut off");
        bulla_error_values(err, bulla_value_number(body->chunk - 1), (struct bulla_value){ 0 });
        return status;
    }
    return status == BULLA_OK ? status
                              : bulla_fail(err, status, where, "a chunk could not be decrypted", 0);
}

/* Open `size` sealed bytes of the batch. What is not a full chunk is the last one, and where the
 * input ends there must be one. */
static enum bulla_status
open_batch(struct bl_body *body, size_t size, size_t *plain_size_out, struct bulla_error *err)
{
    bool is_last = size < body->sealed.size;
    size_t full_count = size / SEALED_CHUNK_SIZE;
    size_t rest = size % SEALED_CHUNK_SIZE;

    if (is_last && rest < BL_AEAD_TAG_SIZE)
        return bulla_fail_cause(err, BULLA_CAUSE_BODY_TRUNCATED, where, "its end is missing");
    for (size_t i = 0; i < full_count; i++) {
        const struct bulla_bytes chunk = { body->sealed.data + i * SEALED_CHUNK_SIZE,
                                           SEALED_CHUNK_SIZE };
        BL_TRY(open_chunk(body, chunk, body->plain.data + i * BL_BODY_CHUNK_SIZE, err));
    }
    *plain_size_out = full_count * BL_BODY_CHUNK_SIZE;
    if (!is_last)
        return BULLA_OK;
    const struct bulla_bytes last = { body->sealed.data + full_count * SEALED_CHUNK_SIZE, rest };
    BL_TRY(open_chunk(body, last, body->plain.data + *plain_size_out, err));
    *plain_size_out += rest - BL_AEAD_TAG_SIZE;
    return BULLA_OK;
}

static enum bulla_status
read_head(struct bl_body *body, const struct bl_secret *key,
          const uint8_t context[BL_BLOB_DIGEST_SIZE], const struct bl_source *source,
          uint8_t head[BL_BODY_HEAD_SIZE], struct bulla_error *err)
{
    size_t size = 0;

    BL_TRY(source->read(source->context, head, BL_BODY_HEAD_SIZE, &size, err));
    if (size < BL_BODY_HEAD_SIZE)
        return bulla_fail_cause(err, BULLA_CAUSE_BODY_TRUNCATED, where, "its beginning is missing");
    BL_TRY(start(body, (struct origin){ key, context, head, source->size_max }, err));
    const struct bulla_bytes commitment = { head + BL_BODY_SALT_SIZE, BL_BODY_COMMITMENT_SIZE };
    if (!bl_equal(commitment, BL_BYTES_OF(body->commitment)))
        return bulla_fail_cause(err, BULLA_CAUSE_BODY_ALTERED, where,
                                "it belongs to another header, or its beginning was altered");
    return BULLA_OK;
}

static uint8_t *
room_for_sealed(void *worker)
{
    return ((struct bl_body *)worker)->sealed.data;
}

static enum bulla_status
open_work(void *worker, uint64_t number, size_t size, struct bulla_bytes *result_out,
          struct bulla_error *err)
{
    struct bl_body *body = worker;

    begin_batch(body, number);
    result_out->data = body->plain.data;
    return open_batch(body, size, &result_out->size, err);
}

static const struct bl_pipeline_steps opening = { room_for_sealed, open_work, make_second,
                                                  free_second };

enum bulla_status
bl_body_open(const struct bl_secret *key, const uint8_t context[BL_BLOB_DIGEST_SIZE],
             const struct bl_source *source, const struct bl_sink *sink,
             uint64_t *plaintext_size_out, struct bulla_error *err)
{
    BL_AUTO(bl_body) body = { 0 };
    uint8_t head[BL_BODY_HEAD_SIZE];

    BL_TRY(read_head(&body, key, context, source, head, err));
    return bl_pipeline_run(&opening, &body, body.sealed.size, source, sink, plaintext_size_out,
                           err);
}

bool
bl_body_plaintext_size(uint64_t size, uint64_t *plaintext_size_out)
{
    if (size < BL_BODY_HEAD_SIZE)
        return false;
    uint64_t full_count = (size - BL_BODY_HEAD_SIZE) / SEALED_CHUNK_SIZE;
    uint64_t rest = (size - BL_BODY_HEAD_SIZE) % SEALED_CHUNK_SIZE;
    if (rest < BL_AEAD_TAG_SIZE)
        return false;
    *plaintext_size_out = full_count * BL_BODY_CHUNK_SIZE + rest - BL_AEAD_TAG_SIZE;
    return true;
}
