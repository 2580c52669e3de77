/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/exchange.h"

#include "base/memory.h"

enum bulla_status
bl_exchange_start(struct bl_exchange *exchange, const struct bl_tls_facts *tls,
                  bl_exporter exporter, void *exporter_context, struct bulla_error *err)
{
    *exchange = (struct bl_exchange){ .tls = *tls,
                                      .exporter = exporter,
                                      .exporter_context = exporter_context };
    return bl_transcript_start(&exchange->transcript, err);
}

void
bl_exchange_done(struct bl_exchange *exchange)
{
    bl_transcript_done(&exchange->transcript);
}

enum bulla_status
bl_exchange_add(struct bl_exchange *exchange, struct bulla_bytes body, struct bulla_error *err)
{
    return bl_transcript_add(&exchange->transcript, body, err);
}

enum bulla_status
bl_exchange_hellos_done(struct bl_exchange *exchange, struct bulla_error *err)
{
    return bl_transcript_digest(&exchange->transcript, exchange->hellos, err);
}

enum bulla_status
bl_exchange_evidence_done(struct bl_exchange *exchange, struct bulla_error *err)
{
    return bl_transcript_digest(&exchange->transcript, exchange->evidence, err);
}

/* `size` bytes of the exporter, never fewer: a short answer of the gate is a refusal. */
static enum bulla_status
ask_exporter(const struct bl_exchange *exchange, const char *label, struct bulla_bytes context,
             struct bl_secret *out, struct bulla_error *err)
{
    BL_TRY(
        exchange->exporter(exchange->exporter_context, label, context, BL_EXPORTER_SIZE, out, err));
    if (out->size != BL_EXPORTER_SIZE || bl_all_zero(bl_secret_bytes(out)))
        return bulla_fail(err, BULLA_E_CRYPTO, "channel", "the exporter gave no key", out->size);
    return BULLA_OK;
}

enum bulla_status
bl_exchange_report_data(const struct bl_exchange *exchange, enum bl_role role,
                        struct bulla_bytes evidence_type, const uint8_t wrap_key[BL_WRAP_KEY_SIZE],
                        struct bulla_bytes claims, uint8_t report_data_out[BL_REPORT_DATA_SIZE],
                        struct bulla_error *err)
{
    BL_AUTO(bl_secret) exported = { 0 };
    uint8_t context[BL_TRANSCRIPT_SIZE];

    BL_TRY(bl_channel_context(role, exchange->hellos, &exchange->tls, context, err));
    BL_TRY(ask_exporter(exchange, bl_evidence_exporter_label(role), BL_BYTES_OF(context), &exported,
                        err));
    return bl_report_data(role, evidence_type, exported.data, context, wrap_key, claims,
                          report_data_out, err);
}

static enum bulla_status
confirmation(const struct bl_exchange *exchange, enum bl_role role,
             uint8_t mac_out[BL_TRANSCRIPT_SIZE], struct bulla_error *err)
{
    BL_AUTO(bl_secret) exported = { 0 };

    BL_TRY(ask_exporter(exchange, bl_confirm_exporter_label(), BL_BYTES_OF(exchange->evidence),
                        &exported, err));
    return bl_confirm_mac(role, exported.data, exchange->evidence, mac_out, err);
}

enum bulla_status
bl_exchange_confirm(const struct bl_exchange *exchange, enum bl_role role,
                    struct bulla_buffer *body_out, struct bulla_error *err)
{
    uint8_t mac[BL_TRANSCRIPT_SIZE];

    BL_TRY(confirmation(exchange, role, mac, err));
    return bl_confirm_encode(mac, body_out, err);
}

enum bulla_status
bl_exchange_check_confirm(const struct bl_exchange *exchange, enum bl_role role,
                          struct bulla_bytes body, struct bulla_error *err)
{
    uint8_t expected[BL_TRANSCRIPT_SIZE];
    uint8_t found[BL_TRANSCRIPT_SIZE];

    BL_TRY(bl_confirm_decode(body, found, err));
    BL_TRY(confirmation(exchange, role, expected, err));
    if (!bl_equal(BL_BYTES_OF(expected), BL_BYTES_OF(found)))
        return bulla_fail(err, BULLA_E_MISMATCH, "channel", "the peer's confirmation is wrong", 0);
    return BULLA_OK;
}
