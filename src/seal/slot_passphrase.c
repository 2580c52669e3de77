/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_passphrase.c: a passphrase through scrypt (RFC 7914, r = 8, p = 1).
 *
 *     passphrase-params = { 1: bstr .size 32 (salt), 2: uint (log2 N, 14 to 20) }
 *
 * Guarantees: a passphrase is asked for once per unsealing, and foreign blobs cannot make us work
 * more than BL_SCRYPT_WORK_MAX. Does not: judge the strength of a passphrase.
 */
#include "base/memory.h"
#include "codec/cbor.h"
#include "crypto/password.h"
#include "seal/slot.h"

static const char where[] = "passphrase slot";

#define SALT_SIZE 32     /* bytes */
#define DEFAULT_LOG_N 17 /* 128 MiB, about a third of a second */
#define PARAM_COUNT 2

enum param_key { PARAM_SALT = 1, PARAM_LOG_N = 2 };

struct params {
    uint8_t salt[SALT_SIZE];
    unsigned log_n;
};

static enum bulla_status
decode_params(const struct bl_slot *slot, struct params *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(slot->params, where);
    struct bl_cbor_map map = bl_cbor_read_map(&r, PARAM_COUNT);
    struct params params = { 0 };
    uint64_t key = 0;
    uint64_t log_n = 0;
    unsigned seen = 0;

    while (bl_cbor_map_next_uint(&r, &map, &key)) {
        if (key == PARAM_SALT)
            bl_cbor_read_bytes_exact(&r, params.salt, sizeof params.salt);
        else if (key == PARAM_LOG_N)
            log_n = bl_cbor_read_uint(&r);
        else
            return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "unknown parameter", key);
        seen++;
    }
    BL_TRY(bl_reader_finish(&r, err));
    if (seen != PARAM_COUNT)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a parameter is missing", seen);
    if (log_n < BL_SCRYPT_LOG_N_MIN || log_n > BL_SCRYPT_LOG_N_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "scrypt cost out of range", log_n);
    params.log_n = (unsigned)log_n;
    *out = params;
    return BULLA_OK;
}

static unsigned
requested_log_n(const struct bl_slot_request *request)
{
    return request->scrypt_log_n != 0 ? request->scrypt_log_n : DEFAULT_LOG_N;
}

static enum bulla_status
check(const struct bl_slot_request *request, const struct bl_opener *opener,
      struct bulla_error *err)
{
    unsigned log_n = requested_log_n(request);

    (void)opener;
    if (request->passphrase.size == 0)
        return bulla_fail(err, BULLA_E_USAGE, where, "the passphrase is empty", 0);
    if (log_n < BL_SCRYPT_LOG_N_MIN || log_n > BL_SCRYPT_LOG_N_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "scrypt cost out of range", log_n);
    return BULLA_OK;
}

static enum bulla_status
make(const struct bl_slot_making *making, const struct bl_slot *slot,
     struct bulla_buffer *params_out, struct bl_secret *input_key_out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(params_out);
    unsigned log_n = requested_log_n(making->request);
    uint8_t salt[SALT_SIZE];

    (void)slot;
    BL_TRY(bl_entropy_fill(making->entropy, salt, sizeof salt, err));
    bl_cbor_write_map(&w, PARAM_COUNT);
    bl_cbor_write_uint(&w, PARAM_SALT);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(salt));
    bl_cbor_write_uint(&w, PARAM_LOG_N);
    bl_cbor_write_uint(&w, log_n);
    BL_TRY(bl_writer_finish(&w, err));
    return bl_scrypt(making->request->passphrase, BL_BYTES_OF(salt), log_n, BL_CONTENT_KEY_SIZE,
                     input_key_out, err);
}

static enum bulla_status
ask(struct bl_slot_session *session, struct bulla_error *err)
{
    const struct bl_opener *opener = session->opener;

    if (!session->has_asked && opener->ask_passphrase == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_SLOT_OPENS, where,
                                "nobody is there to give the passphrase");
    if (!session->has_asked) {
        session->has_asked = true;
        enum bulla_status status = opener->ask_passphrase(opener->ask_context, &session->passphrase,
                                                          &session->ask_failure);
        if (status != BULLA_OK && session->ask_failure.status == BULLA_OK)
            session->ask_failure.status = status;
    }
    if (session->ask_failure.status == BULLA_OK)
        return BULLA_OK;
    if (err != NULL && err->status == BULLA_OK)
        *err = session->ask_failure;
    return session->ask_failure.status;
}

static enum bulla_status
account(struct bl_slot_session *session, unsigned log_n, struct bulla_error *err)
{
    uint64_t work = (uint64_t)1 << log_n;

    if (session->passphrase_tries == BL_PASSPHRASE_SLOT_COUNT_MAX ||
        work > BL_SCRYPT_WORK_MAX - session->scrypt_work)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too much work for one unsealing",
                          session->passphrase_tries);
    session->passphrase_tries++;
    session->scrypt_work += work;
    return BULLA_OK;
}

static enum bulla_status
open_slot(const struct bl_slot *slot, const struct bl_blob_binding *binding,
          struct bl_slot_session *session, struct bl_secret *input_key_out, struct bulla_error *err)
{
    struct params params;

    (void)binding;
    BL_TRY(decode_params(slot, &params, err));
    BL_TRY(ask(session, err));
    BL_TRY(account(session, params.log_n, err));
    return bl_scrypt(bl_secret_bytes(&session->passphrase), BL_BYTES_OF(params.salt), params.log_n,
                     BL_CONTENT_KEY_SIZE, input_key_out, err);
}

static enum bulla_status
summarize(const struct bl_slot *slot, struct bl_slot_summary *summary, struct bulla_error *err)
{
    struct params params;

    BL_TRY(decode_params(slot, &params, err));
    summary->scrypt_log_n = params.log_n;
    return BULLA_OK;
}

static enum bulla_status
forecast(const struct bl_slot_summary *summary, const struct bl_opener *opener,
         struct bl_slot_forecast *forecast_out, struct bulla_error *err)
{
    (void)summary;
    (void)opener;
    (void)err;
    forecast_out->outlook = BL_OUTLOOK_NEEDS_INPUT;
    return BULLA_OK;
}

const struct bl_slot_kind bl_slot_passphrase = {
    .type = BL_SLOT_PASSPHRASE,
    .turn = 2,
    .check = check,
    .make = make,
    .open = open_slot,
    .wrong_key = BULLA_CAUSE_WRONG_PASSPHRASE,
    .wrong_key_what = "the passphrase is not the one of this slot",
    .summarize = summarize,
    .forecast = forecast,
};
