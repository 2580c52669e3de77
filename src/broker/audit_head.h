/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/audit_head.h: the signed head of an audit log.
 *
 * Deterministic CBOR [payload, signature]: payload is the bytes of ["bulla-audit-head/1", seq, hash,
 * time, audit public key, endorsement], signed by the audit key (Ed25519); endorsement is the root
 * key's signature over ["bulla-audit-key/1", audit public key]. So the pinned root is enough to
 * verify a head, and no other signature of the root can pass for an endorsement.
 */
#ifndef BL_BROKER_AUDIT_HEAD_H
#define BL_BROKER_AUDIT_HEAD_H

#include "broker/audit.h"

struct bl_audit_head {
    uint64_t seq; /* lines that it vouches for */
    int64_t time_s;
    uint8_t hash[BL_AUDIT_HASH_SIZE]; /* of the last of them */
};
/** Sign seq, time and `hash`; appended. */
enum bulla_status bl_audit_head_sign(const struct bl_audit_head *head,
                                     const uint8_t hash[BL_AUDIT_HASH_SIZE],
                                     const struct bl_key *audit_key, const struct bl_key *root_key,
                                     struct bulla_buffer *out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** BULLA_E_SIGNATURE unless an audit key endorsed by this root signed it. */
enum bulla_status bl_audit_head_open(struct bulla_bytes bytes, const struct bl_key *root,
                                     struct bl_audit_head *head_out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif
