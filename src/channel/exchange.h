/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel/exchange.h: the arithmetic of one attested exchange, the same for both ends: what was
 * said, what evidence must be over, what confirms it.
 *
 * The exporter is asked through a function, because the end that judges (the broker's vault) is not
 * the process that ends TLS (its gate).
 */
#ifndef BL_CHANNEL_EXCHANGE_H
#define BL_CHANNEL_EXCHANGE_H

#include "wire/session.h"

/** Ask the TLS connection for `size` exported bytes into *out, which is empty. */
typedef enum bulla_status (*bl_exporter)(void *context, const char *label,
                                         struct bulla_bytes exporter_context, size_t size,
                                         struct bl_secret *out, struct bulla_error *err);

struct bl_exchange {
    struct bl_transcript transcript;
    struct bl_tls_facts tls;
    bl_exporter exporter;
    void *exporter_context;
    uint8_t hellos[BL_TRANSCRIPT_SIZE];   /* transcript up to both hellos */
    uint8_t evidence[BL_TRANSCRIPT_SIZE]; /* transcript up to all evidence */
};

enum bulla_status bl_exchange_start(struct bl_exchange *exchange, const struct bl_tls_facts *tls,
                                    bl_exporter exporter, void *exporter_context,
                                    struct bulla_error *err) BULLA_CHECKED;
void bl_exchange_done(struct bl_exchange *exchange);

/** A hello, of either end, in the order they were sent; after the second: hellos_done. */
enum bulla_status bl_exchange_add(struct bl_exchange *exchange, struct bulla_bytes body,
                                  struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_exchange_hellos_done(struct bl_exchange *exchange,
                                          struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_exchange_evidence_done(struct bl_exchange *exchange,
                                            struct bulla_error *err) BULLA_CHECKED;

/** What the evidence of `role` must be over; after hellos_done. */
enum bulla_status bl_exchange_report_data(const struct bl_exchange *exchange, enum bl_role role,
                                          struct bulla_bytes evidence_type,
                                          const uint8_t wrap_key[BL_WRAP_KEY_SIZE],
                                          struct bulla_bytes claims,
                                          uint8_t report_data_out[BL_REPORT_DATA_SIZE],
                                          struct bulla_error *err) BULLA_CHECKED;
/** The confirmation frame of `role`; after evidence_done. Appended. */
enum bulla_status bl_exchange_confirm(const struct bl_exchange *exchange, enum bl_role role,
                                      struct bulla_buffer *body_out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** BULLA_E_MISMATCH unless `body` is the confirmation of `role`. */
enum bulla_status bl_exchange_check_confirm(const struct bl_exchange *exchange, enum bl_role role,
                                            struct bulla_bytes body,
                                            struct bulla_error *err) BULLA_CHECKED;

#endif
