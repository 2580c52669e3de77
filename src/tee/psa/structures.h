/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/psa/structures.h: the claims of a PSA attestation token.
 *
 * Three profiles in two families of keys: PSA_IOT_PROFILE_1 (-75000 and on), and
 * http://arm.com/psa/2.0.0 with its successor tag:psacertified.org,2023:psa#tfm (RFC 9783 section 4).
 * Guarantees: every mandatory claim is there, once, with its size; no claims of both families.
 * The old family is known by its keys: the name in its profile claim is not judged, for deployed
 * firmware has put all kinds of text there.
 * Does not: judge any claim.
 */
#ifndef BL_TEE_PSA_STRUCTURES_H
#define BL_TEE_PSA_STRUCTURES_H

#include "tee/arm/token.h"

struct bl_psa_claims {
    bool is_profile_1; /* the old family */
    uint16_t lifecycle;
    struct bulla_bytes implementation_id;
    struct bulla_bytes instance_id;
    struct bulla_bytes nonce;
    struct bulla_bytes boot_seed;        /* may be empty in the newer family */
    struct bl_arm_components components; /* none in the old family: nothing was measured */
};

/** Views into `payload`. MALFORMED, UNSUPPORTED (another profile), CLAIM_MISSING. */
enum bulla_status bl_psa_claims_decode(struct bulla_bytes payload, struct bl_psa_claims *claims_out,
                                       struct bulla_error *err) BULLA_CHECKED;

/** A token: message and claims. Nothing is verified. */
struct bl_psa_token {
    struct bl_cose_sign1 message;
    struct bl_psa_claims claims;
};
enum bulla_status bl_psa_token_decode(struct bulla_bytes bytes, struct bl_psa_token *token_out,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif
