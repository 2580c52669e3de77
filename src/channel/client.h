/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel/client.h: the client's end of the attested channel.
 *
 * Guarantees: no application byte is sent or given before the server confirmed and, where evidence
 * of the server was demanded, before it was judged; the wrap key lives for one exchange and is
 * erased with it; report data is built here for this live connection and nowhere else.
 */
#ifndef BL_CHANNEL_CLIENT_H
#define BL_CHANNEL_CLIENT_H

#include "channel/exchange.h"
#include "http/tls.h"

/** Where this end's evidence comes from. */
struct bl_attester {
    struct bulla_bytes evidence_type; /* "tpm", ... */
    struct bulla_bytes claims;        /* said of itself; hashed into the report data */
    /** Evidence over `report_data`, appended. Called only by the channel, once an exchange. */
    enum bulla_status (*collect)(void *context, const uint8_t report_data[BL_REPORT_DATA_SIZE],
                                 struct bulla_buffer *evidence_out, struct bulla_error *err);
    void *context;
};

/** How the server's evidence is judged, where it is demanded. */
struct bl_peer_appraiser {
    /** BULLA_OK only if `evidence` is genuine, over `report_data`, and accepted. */
    enum bulla_status (*appraise)(void *context, struct bulla_bytes evidence_type,
                                  struct bulla_bytes evidence, struct bulla_bytes claims,
                                  const uint8_t report_data[BL_REPORT_DATA_SIZE],
                                  struct bulla_error *err);
    void *context;
};

struct bl_channel;

/** Run the exchange on a fresh TLS connection, which stays the caller's and must outlive the
 *  channel. `peer` NULL: the server's certificate alone names it. BULLA_E_REFUSED if the server
 *  said no. */
enum bulla_status bl_channel_open(struct bl_tls *tls, const struct bl_attester *attester,
                                  const struct bl_peer_appraiser *peer, unsigned timeout_ms,
                                  struct bl_channel **channel_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Attest anew on the open channel, with a new wrap key and the next epoch. */
enum bulla_status bl_channel_attest_again(struct bl_channel *channel, unsigned timeout_ms,
                                          struct bulla_error *err) BULLA_CHECKED;
/** One request and its reply (content of the carrier, appended). A refusal closes the channel. */
enum bulla_status bl_channel_ask(struct bl_channel *channel, struct bulla_bytes request,
                                 unsigned timeout_ms, struct bulla_buffer *reply_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** The private wrap key of the present exchange; borrowed. */
const struct bl_key *bl_channel_wrap_key(const struct bl_channel *channel);
/** The report data that this end's evidence is over; borrowed, BL_REPORT_DATA_SIZE bytes. */
const uint8_t *bl_channel_report_data(const struct bl_channel *channel);
/** Accepts NULL. */
void bl_channel_free(struct bl_channel *channel);
BL_DEFINE_FREEP(bl_channel)

#endif
