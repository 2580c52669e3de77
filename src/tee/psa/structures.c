/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/psa/structures.h"

#include "base/memory.h"

static const char where[] = "PSA attestation token";

enum claim {
    CLAIM_PROFILE,
    CLAIM_CLIENT,
    CLAIM_LIFECYCLE,
    CLAIM_IMPLEMENTATION,
    CLAIM_BOOT_SEED,
    CLAIM_REFERENCE, /* certification reference; in profile 1: version of the hardware */
    CLAIM_COMPONENTS,
    CLAIM_NO_MEASUREMENTS, /* profile 1: instead of components */
    CLAIM_NONCE,
    CLAIM_INSTANCE,
    CLAIM_SERVICE, /* where verification is to be had */
    CLAIM_OTHER
};

enum family { FAMILY_PROFILE_1, FAMILY_2, FAMILY_COUNT };

static const struct {
    int64_t key;
    enum family family;
    enum claim claim;
} keys[] = {
    { -75000, FAMILY_PROFILE_1, CLAIM_PROFILE },
    { -75001, FAMILY_PROFILE_1, CLAIM_CLIENT },
    { -75002, FAMILY_PROFILE_1, CLAIM_LIFECYCLE },
    { -75003, FAMILY_PROFILE_1, CLAIM_IMPLEMENTATION },
    { -75004, FAMILY_PROFILE_1, CLAIM_BOOT_SEED },
    { -75005, FAMILY_PROFILE_1, CLAIM_REFERENCE },
    { -75006, FAMILY_PROFILE_1, CLAIM_COMPONENTS },
    { -75007, FAMILY_PROFILE_1, CLAIM_NO_MEASUREMENTS },
    { -75008, FAMILY_PROFILE_1, CLAIM_NONCE },
    { -75009, FAMILY_PROFILE_1, CLAIM_INSTANCE },
    { -75010, FAMILY_PROFILE_1, CLAIM_SERVICE },
    { 10, FAMILY_2, CLAIM_NONCE },
    { 256, FAMILY_2, CLAIM_INSTANCE },
    { 265, FAMILY_2, CLAIM_PROFILE },
    { 268, FAMILY_2, CLAIM_BOOT_SEED }, /* RFC 9783 */
    { 2394, FAMILY_2, CLAIM_CLIENT },
    { 2395, FAMILY_2, CLAIM_LIFECYCLE },
    { 2396, FAMILY_2, CLAIM_IMPLEMENTATION },
    { 2397, FAMILY_2, CLAIM_BOOT_SEED }, /* 2.0.0 */
    { 2398, FAMILY_2, CLAIM_REFERENCE },
    { 2399, FAMILY_2, CLAIM_COMPONENTS },
    { 2400, FAMILY_2, CLAIM_SERVICE },
};

/* What a token of the family must have, and by which words its absence is reported. */
static const struct {
    enum claim claim;
    bool needed[FAMILY_COUNT];
    const char *absent;
} mandatory[] = {
    { CLAIM_PROFILE, { false, true }, "no profile" },
    { CLAIM_CLIENT, { true, true }, "no client id" },
    { CLAIM_LIFECYCLE, { true, true }, "no life cycle" },
    { CLAIM_IMPLEMENTATION, { true, true }, "no implementation id" },
    { CLAIM_BOOT_SEED, { true, false }, "no boot seed" },
    { CLAIM_NONCE, { true, true }, "no nonce" },
    { CLAIM_INSTANCE, { true, true }, "no instance id" },
};

/* Claims as they are read. */
struct reading {
    unsigned families; /* bit per family that a key was of */
    unsigned seen;     /* bit per claim */
    struct bulla_bytes profile;
    struct bl_psa_claims claims;
};

static enum claim
claim_of(const struct bl_cbor_key *key, struct reading *reading)
{
    for (size_t i = 0; !key->is_text && i < BL_COUNT_OF(keys); i++) {
        if (keys[i].key != key->number)
            continue;
        reading->families |= 1U << keys[i].family;
        return keys[i].claim;
    }
    return CLAIM_OTHER;
}

/* RFC 9783 section 4.3.2: 8 to 32 bytes; 32 before. */
static struct bulla_bytes
read_boot_seed(struct bl_reader *r)
{
    struct bulla_bytes seed = bl_cbor_read_bytes(r, 32);

    if (r->failed == NULL && seed.size < 8)
        bl_reader_fail(r, "boot seed too short");
    return seed;
}

/* RFC 9783 section 4.1.2: an int32, negative for callers of the non-secure side. */
static void
read_client(struct bl_reader *r)
{
    int64_t client = bl_cbor_read_int(r);

    if (client < INT32_MIN || client > INT32_MAX)
        bl_reader_fail(r, "client id out of range");
}

static void
read_claim(struct bl_reader *r, enum claim claim, struct reading *reading)
{
    struct bl_psa_claims *claims = &reading->claims;

    switch (claim) {
    case CLAIM_PROFILE:
        reading->profile = bl_cbor_read_text(r, BL_ARM_TEXT_SIZE_MAX);
        break;
    case CLAIM_CLIENT:
        read_client(r);
        break;
    case CLAIM_LIFECYCLE:
        claims->lifecycle = bl_arm_read_lifecycle(r);
        break;
    case CLAIM_IMPLEMENTATION:
        claims->implementation_id = bl_arm_read_implementation_id(r);
        break;
    case CLAIM_BOOT_SEED:
        claims->boot_seed = read_boot_seed(r);
        break;
    case CLAIM_REFERENCE:
    case CLAIM_SERVICE:
        (void)bl_cbor_read_text(r, BL_ARM_TEXT_SIZE_MAX);
        break;
    case CLAIM_COMPONENTS:
        bl_arm_read_components(r, &claims->components);
        break;
    case CLAIM_NO_MEASUREMENTS:
        if (bl_cbor_read_uint(r) != 1)
            bl_reader_fail(r, "no-measurements is not 1");
        break;
    case CLAIM_NONCE:
        claims->nonce = bl_arm_read_hash(r);
        break;
    case CLAIM_INSTANCE:
        claims->instance_id = bl_arm_read_instance_id(r);
        break;
    case CLAIM_OTHER:
        (void)bl_cbor_skip_foreign(r);
        break;
    }
}

static void
read_claims(struct bl_reader *r, struct reading *reading)
{
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;

    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &key)) {
        enum claim claim = claim_of(&key, reading);
        if (claim != CLAIM_OTHER && (reading->seen & 1U << claim) != 0)
            bl_reader_fail(r, "claim that comes twice");
        reading->seen |= 1U << claim;
        read_claim(r, claim, reading);
    }
    if (reading->families == (1U << FAMILY_PROFILE_1 | 1U << FAMILY_2))
        bl_reader_fail(r, "claims of two profiles");
}

static bool
is_seen(const struct reading *reading, enum claim claim)
{
    return (reading->seen & 1U << claim) != 0;
}

/* Software components, or in profile 1 the word that nothing was measured: not both. */
static enum bulla_status
check_components(const struct reading *reading, enum family family, struct bulla_error *err)
{
    bool is_measured = is_seen(reading, CLAIM_COMPONENTS);
    bool is_unmeasured = is_seen(reading, CLAIM_NO_MEASUREMENTS);

    if (is_measured && is_unmeasured)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "both measured and not measured", 0);
    if (is_unmeasured && family == FAMILY_PROFILE_1)
        return BULLA_OK;
    return bl_arm_check_components(&reading->claims.components, /* with_signer= */ true, where,
                                   err);
}

static enum bulla_status
check_profile(const struct reading *reading, enum family family, struct bulla_error *err)
{
    if (family == FAMILY_PROFILE_1 ||
        bl_equal(reading->profile, BL_LITERAL("http://arm.com/psa/2.0.0")) ||
        bl_equal(reading->profile, BL_LITERAL("tag:psacertified.org,2023:psa#tfm")))
        return BULLA_OK;
    return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "another profile", 0);
}

static enum bulla_status
check(const struct reading *reading, struct bulla_error *err)
{
    enum family family = reading->families == 1U << FAMILY_PROFILE_1 ? FAMILY_PROFILE_1 : FAMILY_2;

    for (size_t i = 0; i < BL_COUNT_OF(mandatory); i++)
        if (mandatory[i].needed[family] && !is_seen(reading, mandatory[i].claim))
            return bl_arm_missing(where, mandatory[i].absent, err);
    if (family == FAMILY_PROFILE_1 && reading->claims.boot_seed.size != 32)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "boot seed of another size", 0);
    BL_TRY(check_profile(reading, family, err));
    return check_components(reading, family, err);
}

enum bulla_status
bl_psa_claims_decode(struct bulla_bytes payload, struct bl_psa_claims *claims_out,
                     struct bulla_error *err)
{
    struct bl_reader r = bl_reader(payload, where);
    struct reading reading = { 0 };

    read_claims(&r, &reading);
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(check(&reading, err));
    reading.claims.is_profile_1 = reading.families == 1U << FAMILY_PROFILE_1;
    *claims_out = reading.claims;
    return BULLA_OK;
}

enum bulla_status
bl_psa_token_decode(struct bulla_bytes bytes, struct bl_psa_token *token_out,
                    struct bulla_error *err)
{
    struct bl_psa_token token = { 0 };

    BL_TRY(bl_cose_foreign_decode(bytes, &token.message, err));
    BL_TRY(bl_psa_claims_decode(token.message.payload, &token.claims, err));
    *token_out = token;
    return BULLA_OK;
}
