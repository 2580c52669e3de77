/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/bundle.h: collateral of all vendors in one signed file, for machines without a network.
 *
 * Format: docs/formats/collateral-bundle.md (COSE_Sign1 over deterministic CBOR).
 * Guarantees: a total decoder, bounded; names in ascending order, each once; nothing is given out
 * before the operator's signature verified.
 * Does not: verify what is in it: the signature says who put it together, not that it is good.
 */
#ifndef BL_COLLATERAL_BUNDLE_H
#define BL_COLLATERAL_BUNDLE_H

#include "collateral/object.h"
#include "crypto/key.h"

#define BL_BUNDLE_SIZE_MAX ((size_t)64 << 20) /* bytes: as much as a cache holds */
#define BL_BUNDLE_CONTENT_TYPE "application/vnd.bulla.collateral-bundle+cbor"

/** Append the payload. */
enum bulla_status bl_bundle_encode(const struct bl_collateral_set *set, int64_t created_s,
                                   struct bulla_buffer *payload_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Into *set, which must be empty. BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED (version), BULLA_E_LIMIT;
 *  *set may then have some of it. */
enum bulla_status bl_bundle_decode(struct bulla_bytes payload, struct bl_collateral_set *set,
                                   int64_t *created_s_out, struct bulla_error *err) BULLA_CHECKED;

/** Append the signed bundle. `key` is a pair. */
enum bulla_status bl_bundle_sign(const struct bl_collateral_set *set, int64_t created_s,
                                 const struct bl_key *key, struct bulla_buffer *bundle_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Signature, then content. Causes besides: COSE_SIGNATURE. */
enum bulla_status bl_bundle_open(struct bulla_bytes bundle, const struct bl_key *key,
                                 struct bl_collateral_set *set, int64_t *created_s_out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif
