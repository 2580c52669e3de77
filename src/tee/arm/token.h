/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/arm/token.h: what the attestation tokens of Arm have in common (PSA: RFC 9783; CCA: RMM
 * specification section A7.2): kinds of claims, and the signature by a key that the operator gave.
 *
 * Guarantees: sizes, ranges and mandatory members as the specifications have them; software
 * components are all in the claims or none is.
 * Does not: compare software components with reference values; find out whose a key is.
 */
#ifndef BL_TEE_ARM_TOKEN_H
#define BL_TEE_ARM_TOKEN_H

#include "codec/cose.h"
#include "tee/scheme.h"

#define BL_ARM_TEXT_SIZE_MAX 1024     /* bytes: a URL, a version */
#define BL_ARM_COMPONENT_COUNT_MAX 64 /* an emulated platform has 16 */
#define BL_ARM_INSTANCE_ID_SIZE 33    /* bytes: type 01 and a digest */
#define BL_ARM_IMPLEMENTATION_ID_SIZE 32

/** The software that the platform started. */
struct bl_arm_components {
    size_t count;
    struct bulla_bytes encoded; /* the whole claim, as it was signed */
    struct bulla_bytes signer;  /* of all of them; empty if they differ, or one has none */
    bool lacks_measurement;     /* one of them does */
    bool lacks_signer;
};

/** Bytes of just this size. */
struct bulla_bytes bl_arm_read_bytes(struct bl_reader *r, size_t size);
/** A digest of 32, 48 or 64 bytes. */
struct bulla_bytes bl_arm_read_hash(struct bl_reader *r);
/** A type byte 01 and 32 bytes. */
struct bulla_bytes bl_arm_read_instance_id(struct bl_reader *r);
struct bulla_bytes bl_arm_read_implementation_id(struct bl_reader *r);
/** One of the states that are specified; the low byte is the implementation's. */
uint16_t bl_arm_read_lifecycle(struct bl_reader *r);
void bl_arm_read_components(struct bl_reader *r, struct bl_arm_components *components);
/** At least one, each with its measurement, and with its signer where the profile has one. */
enum bulla_status bl_arm_check_components(const struct bl_arm_components *components,
                                          bool with_signer, const char *where,
                                          struct bulla_error *err) BULLA_CHECKED;

/** CLAIM_MISSING; `what` is static and names it. */
enum bulla_status bl_arm_missing(const char *where, const char *what,
                                 struct bulla_error *err) BULLA_CHECKED;

/** Verify a message with the keys given as anchors under `role`; the anchor that it was. A key that
 *  is none (a point off its curve) is refused, whether it is needed or not.
 *  Causes: UNTRUSTED (no key given), KEY_ATTRIBUTES, COSE_SIGNATURE. */
enum bulla_status bl_arm_verify(const struct bl_verification *verification, const char *role,
                                const struct bl_cose_sign1 *message,
                                const struct bl_anchor **anchor_out,
                                struct bulla_error *err) BULLA_CHECKED;

/** The same for both kinds: who, in which state, by which software. `code` is the SHA-256 of the
 *  encoded components, `signer` the signer of all of them. */
void bl_arm_claim_platform(const struct bl_anchor *anchor, struct bulla_bytes instance_id,
                           uint16_t lifecycle, struct bl_claims *claims);
enum bulla_status bl_arm_claim_components(const struct bl_arm_components *components,
                                          struct bl_claims *claims,
                                          struct bulla_error *err) BULLA_CHECKED;
/** A claim of at most 68 bytes. */
struct bl_claim_bytes bl_arm_claim(struct bulla_bytes bytes);

#endif
