/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/cca/structures.h: an Arm CCA attestation token: platform token and realm token (RMM
 * specification 1.0 and 2.0, section A7.2; draft-ffm-rats-cca-token).
 *
 * Around the two stands tag 399 or a CMW collection under tag 907; a platform token may also come
 * alone. Profiles: platform http://arm.com/CCA-SSD/1.0.0, tag:arm.com,2023:cca_platform#1.0.0 and
 * tag:arm.com,2024:cca_platform#2.0.0; realm tag:arm.com,2023:realm#1.0.0,
 * tag:arm.com,2024:realm#2.0.0, or none.
 * Guarantees: every mandatory claim is there, once, with its size; both messages are COSE_Sign1.
 * Does not: know the profiles of 2026, which bind the two in another way: refused as unsupported.
 */
#ifndef BL_TEE_CCA_STRUCTURES_H
#define BL_TEE_CCA_STRUCTURES_H

#include "crypto/key.h"
#include "tee/arm/token.h"

#define BL_CCA_TAG_TOKEN 399
#define BL_CCA_TAG_COLLECTION 907   /* of conceptual message wrappers */
#define BL_CCA_CONTENT_FORMAT 263   /* IANA "CoAP Content-Formats": application/eat+cwt */
#define BL_CCA_CONFIG_SIZE_MAX 1024 /* bytes; implementation defined, 4 in the reference one */
#define BL_CCA_RAK_SIZE_MAX 512     /* bytes: a COSE_Key with identifier needs 200 */
#define BL_CCA_CHALLENGE_SIZE 64
#define BL_CCA_REM_COUNT 4

struct bl_cca_platform {
    struct bl_cose_sign1 message;
    struct bulla_bytes challenge; /* 32, 48 or 64 bytes */
    struct bulla_bytes implementation_id;
    struct bulla_bytes instance_id;
    struct bulla_bytes config;
    uint16_t lifecycle;
    struct bl_arm_components components;
};

struct bl_cca_realm {
    struct bl_cose_sign1 message;
    struct bulla_bytes challenge;
    struct bulla_bytes personalization;
    struct bulla_bytes initial_measurement;
    struct bulla_bytes extensible_measurements[BL_CCA_REM_COUNT];
    struct bulla_bytes hash_algorithm; /* text, of the measurements */
    struct bulla_bytes public_key;     /* content of the claim: a point, or a COSE_Key */
    enum bl_hash public_key_hash;      /* the platform's challenge is the key's digest by this */
};

struct bl_cca_token {
    uint64_t tag; /* BL_CCA_TAG_...; 0: a platform token alone */
    bool has_realm;
    struct bl_cca_platform platform;
    struct bl_cca_realm realm;
};

/** Views into `bytes`. Nothing is verified. MALFORMED, UNSUPPORTED, CLAIM_MISSING, and what
 *  bl_cose_foreign_decode() says. */
enum bulla_status bl_cca_token_decode(struct bulla_bytes bytes, struct bl_cca_token *token_out,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif
