/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/open.h: from a decoded header to the key of the body: slots, tree, header MAC, demands.
 *
 * Guarantees: slots are tried by turn (TPM, identities, passphrase), only while they can still help;
 * nothing of the header is believed before the header MAC; the demands of the caller are checked
 * after it and before the key of the body exists.
 */
#ifndef BL_SEAL_OPEN_H
#define BL_SEAL_OPEN_H

#include "seal/slot.h"
#include "seal/tree.h"

/** What opening found. */
struct bl_opened_header {
    enum bl_slot_state states[BL_SLOT_COUNT_MAX]; /* by slot of the table */
    struct bl_secret shares[BL_SLOT_COUNT_MAX];   /* of those that opened */
    struct bl_secret content_key;
    struct bl_secret prk;
};
void bl_opened_header_done(struct bl_opened_header *opened);

/** Everything in *opened_out, which must be zeroed, from the slots that open; header MAC verified.
 *  Where nothing opens the cause is the most telling one of the slots'. */
enum bulla_status bl_header_open(const struct bl_header *header,
                                 const struct bl_blob_binding *binding, uint32_t slot_types_allowed,
                                 struct bl_slot_session *session,
                                 struct bl_opened_header *opened_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** HEADER_ALTERED. */
enum bulla_status bl_header_verify(const struct bl_header *header,
                                   const struct bl_blob_binding *binding,
                                   const struct bl_secret *prk,
                                   struct bulla_error *err) BULLA_CHECKED;
/** What the caller demands of an authentic header: NAME_MISMATCH, ASSOCIATED_DATA_MISMATCH,
 *  EXPIRED, UNSUPPORTED. */
enum bulla_status bl_header_check(const struct bl_header *header,
                                  const struct bl_unseal_requirements *requirements,
                                  struct bulla_error *err) BULLA_CHECKED;
/** SHA-512 of the caller's associated data, as the core keeps it. */
enum bulla_status bl_associated_data_digest(struct bulla_bytes associated_data,
                                            uint8_t out[BL_BLOB_DIGEST_SIZE],
                                            struct bulla_error *err) BULLA_CHECKED;

#endif
