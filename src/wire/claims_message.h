/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/claims_message.h: what an attester says of itself beside its evidence, hashed into the report
 * data: so it is as genuine as the measured code that said it.
 *
 * Deterministic CBOR { 1: boot id, 2: text }.
 */
#ifndef BL_WIRE_CLAIMS_MESSAGE_H
#define BL_WIRE_CLAIMS_MESSAGE_H

#include "base/buffer.h"

#define BL_BOOT_ID_SIZE 32    /* bytes, random, made once a start of the attester */
#define BL_AGENT_TEXT_MAX 128 /* bytes */

struct bl_claims_message {
    uint8_t boot_id[BL_BOOT_ID_SIZE]; /* never all zero */
    struct bulla_bytes agent;         /* program and version, for the log */
};
enum bulla_status bl_claims_message_encode(const struct bl_claims_message *message,
                                           struct bulla_buffer *out,
                                           struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_claims_message_decode(struct bulla_bytes bytes, struct bl_claims_message *out,
                                           struct bulla_error *err) BULLA_CHECKED;

#endif
