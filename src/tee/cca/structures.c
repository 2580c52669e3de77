/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/cca/structures.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cmw.h"

static const char token_where[] = "CCA token";
static const char platform_where[] = "CCA platform token";
static const char realm_where[] = "CCA realm token";

/* A claim of one of the tokens; its place in the table is its number. */
struct claim {
    int64_t key;
    const char *absent; /* by which words its absence is reported; NULL: it may be absent */
};

/* The claim of this key, or `count`. */
static size_t
claim_of(const struct claim *claims, size_t count, const struct bl_cbor_key *key)
{
    for (size_t i = 0; !key->is_text && i < count; i++)
        if (claims[i].key == key->number)
            return i;
    return count;
}

/* `seen` has a bit for each claim that was there. */
static enum bulla_status
check_mandatory(const struct claim *claims, size_t count, unsigned seen, const char *where,
                struct bulla_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (claims[i].absent != NULL && (seen & 1U << i) == 0)
            return bl_arm_missing(where, claims[i].absent, err);
    return BULLA_OK;
}

static bool
is_text(struct bulla_bytes text, const char *word)
{
    return bl_equal(text, (struct bulla_bytes){ (const uint8_t *)word, strlen(word) });
}

static enum bulla_status
check_profile(struct bulla_bytes profile, const char *const *known, size_t count, const char *where,
              struct bulla_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (is_text(profile, known[i]))
            return BULLA_OK;
    return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "another profile", 0);
}

/* -- the platform token ------------------------------------------------------------------------- */

enum platform_claim {
    PLATFORM_PROFILE,
    PLATFORM_CHALLENGE,
    PLATFORM_IMPLEMENTATION,
    PLATFORM_INSTANCE,
    PLATFORM_LIFECYCLE,
    PLATFORM_COMPONENTS,
    PLATFORM_CONFIG,
    PLATFORM_HASH,
    PLATFORM_SERVICE,
    PLATFORM_OTHER
};

static const struct claim platform_claims[PLATFORM_OTHER] = {
    [PLATFORM_PROFILE] = { 265, "no profile" },
    [PLATFORM_CHALLENGE] = { 10, "no challenge" },
    [PLATFORM_IMPLEMENTATION] = { 2396, "no implementation id" },
    [PLATFORM_INSTANCE] = { 256, "no instance id" },
    [PLATFORM_LIFECYCLE] = { 2395, "no life cycle" },
    [PLATFORM_COMPONENTS] = { 2399, "no software components" },
    [PLATFORM_CONFIG] = { 2401, "no configuration" },
    [PLATFORM_HASH] = { 2402, "no hash algorithm" },
    [PLATFORM_SERVICE] = { 2400, NULL },
};

static const char platform_2_0[] = "tag:arm.com,2024:cca_platform#2.0.0";
static const char *const platform_profiles[] = { "http://arm.com/CCA-SSD/1.0.0",
                                                 "tag:arm.com,2023:cca_platform#1.0.0",
                                                 platform_2_0 };

static void
read_platform_claim(struct bl_reader *r, enum platform_claim claim,
                    struct bl_cca_platform *platform, struct bulla_bytes *profile)
{
    switch (claim) {
    case PLATFORM_PROFILE:
        *profile = bl_cbor_read_text(r, BL_ARM_TEXT_SIZE_MAX);
        break;
    case PLATFORM_CHALLENGE:
        platform->challenge = bl_arm_read_hash(r);
        break;
    case PLATFORM_IMPLEMENTATION:
        platform->implementation_id = bl_arm_read_implementation_id(r);
        break;
    case PLATFORM_INSTANCE:
        platform->instance_id = bl_arm_read_instance_id(r);
        break;
    case PLATFORM_LIFECYCLE:
        platform->lifecycle = bl_arm_read_lifecycle(r);
        break;
    case PLATFORM_COMPONENTS:
        bl_arm_read_components(r, &platform->components);
        break;
    case PLATFORM_CONFIG:
        platform->config = bl_cbor_read_bytes(r, BL_CCA_CONFIG_SIZE_MAX);
        break;
    case PLATFORM_HASH:
    case PLATFORM_SERVICE:
        (void)bl_cbor_read_text(r, BL_ARM_TEXT_SIZE_MAX);
        break;
    case PLATFORM_OTHER:
        (void)bl_cbor_skip_foreign(r);
        break;
    }
}

static enum bulla_status
decode_platform(struct bulla_bytes bytes, struct bl_cca_platform *platform, struct bulla_error *err)
{
    BL_TRY(bl_cose_foreign_decode(bytes, &platform->message, err));
    struct bl_reader r = bl_reader(platform->message.payload, platform_where);
    struct bulla_bytes profile = { NULL, 0 };
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;
    unsigned seen = 0;

    bl_cbor_read_keyed_map(&r, &map);
    while (bl_cbor_keyed_next(&r, &map, &key)) {
        size_t claim = claim_of(platform_claims, PLATFORM_OTHER, &key);
        seen |= 1U << claim;
        read_platform_claim(&r, (enum platform_claim)claim, platform, &profile);
    }
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(check_mandatory(platform_claims, PLATFORM_OTHER, seen, platform_where, err));
    BL_TRY(check_profile(profile, platform_profiles, BL_COUNT_OF(platform_profiles), platform_where,
                         err));
    /* RMM specification 2.0: the signer became optional */
    return bl_arm_check_components(&platform->components, !is_text(profile, platform_2_0),
                                   platform_where, err);
}

/* -- the realm token ----------------------------------------------------------------------------- */

enum realm_claim {
    REALM_CHALLENGE,
    REALM_PERSONALIZATION,
    REALM_INITIAL,
    REALM_EXTENSIBLE,
    REALM_HASH,
    REALM_KEY,
    REALM_KEY_HASH,
    REALM_PROFILE,
    REALM_OTHER
};

static const struct claim realm_claims[REALM_OTHER] = {
    [REALM_CHALLENGE] = { 10, "no challenge" },
    [REALM_PERSONALIZATION] = { 44235, "no personalization value" },
    [REALM_INITIAL] = { 44238, "no initial measurement" },
    [REALM_EXTENSIBLE] = { 44239, "no extensible measurements" },
    [REALM_HASH] = { 44236, "no hash algorithm" },
    [REALM_KEY] = { 44237, "no public key" },
    [REALM_KEY_HASH] = { 44240, "no hash algorithm of the public key" },
    [REALM_PROFILE] = { 265, NULL }, /* absent before the first profile */
};

static const char *const realm_profiles[] = { "tag:arm.com,2023:realm#1.0.0",
                                              "tag:arm.com,2024:realm#2.0.0" };

/* IANA "Named Information Hash Algorithm" */
static const struct {
    const char *name;
    enum bl_hash hash;
} hashes[] = {
    { "sha-256", BL_SHA256 },
    { "sha-384", BL_SHA384 },
    { "sha-512", BL_SHA512 },
};

static enum bl_hash
hash_of(struct bulla_bytes name)
{
    for (size_t i = 0; i < BL_COUNT_OF(hashes); i++)
        if (is_text(name, hashes[i].name))
            return hashes[i].hash;
    return BL_HASH_NONE;
}

static void
read_extensible(struct bl_reader *r, struct bl_cca_realm *realm)
{
    if (bl_cbor_read_array(r, BL_CCA_REM_COUNT) != BL_CCA_REM_COUNT)
        bl_reader_fail(r, "not four extensible measurements");
    for (size_t i = 0; i < BL_CCA_REM_COUNT; i++)
        realm->extensible_measurements[i] = bl_arm_read_hash(r);
}

static void
read_realm_claim(struct bl_reader *r, enum realm_claim claim, struct bl_cca_realm *realm,
                 struct bulla_bytes *profile)
{
    switch (claim) {
    case REALM_CHALLENGE:
        realm->challenge = bl_arm_read_bytes(r, BL_CCA_CHALLENGE_SIZE);
        break;
    case REALM_PERSONALIZATION:
        realm->personalization = bl_arm_read_bytes(r, BL_CCA_CHALLENGE_SIZE);
        break;
    case REALM_INITIAL:
        realm->initial_measurement = bl_arm_read_hash(r);
        break;
    case REALM_EXTENSIBLE:
        read_extensible(r, realm);
        break;
    case REALM_HASH:
        realm->hash_algorithm = bl_cbor_read_text(r, BL_ARM_TEXT_SIZE_MAX);
        break;
    case REALM_KEY:
        realm->public_key = bl_cbor_read_bytes(r, BL_CCA_RAK_SIZE_MAX);
        break;
    case REALM_KEY_HASH:
        realm->public_key_hash = hash_of(bl_cbor_read_text(r, BL_ARM_TEXT_SIZE_MAX));
        break;
    case REALM_PROFILE:
        *profile = bl_cbor_read_text(r, BL_ARM_TEXT_SIZE_MAX);
        break;
    case REALM_OTHER:
        (void)bl_cbor_skip_foreign(r);
        break;
    }
}

static enum bulla_status
check_hashes(const struct bl_cca_realm *realm, struct bulla_error *err)
{
    if (realm->public_key_hash == BL_HASH_NONE || hash_of(realm->hash_algorithm) == BL_HASH_NONE)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, realm_where, "another hash algorithm", 0);
    return BULLA_OK;
}

static enum bulla_status
decode_realm(struct bulla_bytes bytes, struct bl_cca_realm *realm, struct bulla_error *err)
{
    BL_TRY(bl_cose_foreign_decode(bytes, &realm->message, err));
    struct bl_reader r = bl_reader(realm->message.payload, realm_where);
    struct bulla_bytes profile = { NULL, 0 };
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;
    unsigned seen = 0;

    bl_cbor_read_keyed_map(&r, &map);
    while (bl_cbor_keyed_next(&r, &map, &key)) {
        size_t claim = claim_of(realm_claims, REALM_OTHER, &key);
        seen |= 1U << claim;
        read_realm_claim(&r, (enum realm_claim)claim, realm, &profile);
    }
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(check_mandatory(realm_claims, REALM_OTHER, seen, realm_where, err));
    if ((seen & 1U << REALM_PROFILE) != 0)
        BL_TRY(
            check_profile(profile, realm_profiles, BL_COUNT_OF(realm_profiles), realm_where, err));
    return check_hashes(realm, err);
}

/* -- the two together ---------------------------------------------------------------------------- */

#define KEY_PLATFORM 44234
#define KEY_REALM 44241

struct parts {
    struct bulla_bytes platform, realm;
};

static enum bulla_status
read_parts(struct bl_reader *r, struct parts *parts, struct bulla_error *err)
{
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;

    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &key)) {
        if (!key.is_text && key.number == KEY_PLATFORM)
            parts->platform = bl_cbor_read_bytes(r, SIZE_MAX);
        else if (!key.is_text && key.number == KEY_REALM)
            parts->realm = bl_cbor_read_bytes(r, SIZE_MAX);
        else
            (void)bl_cbor_skip_foreign(r);
    }
    return bl_reader_finish(r, err);
}

/* The token under a label of the collection, if there is one. */
static enum bulla_status
find_part(const struct bl_cmw *collection, int64_t label, struct bulla_bytes *part,
          struct bulla_error *err)
{
    const struct bl_cmw_item *item = bl_cmw_find_number(collection, 0, label);

    if (item == NULL)
        return BULLA_OK;
    if (!item->has_content_format || item->content_format != BL_CCA_CONTENT_FORMAT)
        return bulla_fail(err, BULLA_E_MALFORMED, token_where, "a record that is no token", 0);
    *part = item->value;
    return BULLA_OK;
}

/* Labels that are numbers are in CBOR alone: both are views into the token itself. */
static enum bulla_status
find_parts(const struct bl_reader *r, struct parts *parts, struct bulla_error *err)
{
    BL_AUTO(bl_cmw) collection = { 0 };
    struct bulla_bytes bytes = { r->input.data + r->offset, bl_reader_left(r) };

    BL_TRY(bl_cmw_decode(bytes, &collection, err));
    BL_TRY(find_part(&collection, KEY_PLATFORM, &parts->platform, err));
    return find_part(&collection, KEY_REALM, &parts->realm, err);
}

static enum bulla_status
decode_pair(struct bl_reader *r, struct bl_cca_token *token, struct bulla_error *err)
{
    struct parts parts = { { NULL, 0 }, { NULL, 0 } };

    BL_TRY(token->tag == BL_CCA_TAG_COLLECTION ? find_parts(r, &parts, err)
                                               : read_parts(r, &parts, err));
    if (parts.platform.size == 0)
        return bl_arm_missing(token_where, "no platform token", err);
    if (parts.realm.size == 0)
        return bl_arm_missing(token_where, "no realm token", err);
    token->has_realm = true;
    BL_TRY(decode_platform(parts.platform, &token->platform, err));
    return decode_realm(parts.realm, &token->realm, err);
}

enum bulla_status
bl_cca_token_decode(struct bulla_bytes bytes, struct bl_cca_token *token_out,
                    struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, token_where);
    struct bl_cca_token token = { 0 };

    if (bl_cbor_read_if_tag(&r, BL_CCA_TAG_TOKEN))
        token.tag = BL_CCA_TAG_TOKEN;
    else if (bl_cbor_read_if_tag(&r, BL_CCA_TAG_COLLECTION))
        token.tag = BL_CCA_TAG_COLLECTION;
    if (token.tag != 0)
        BL_TRY(decode_pair(&r, &token, err));
    else
        BL_TRY(decode_platform(bytes, &token.platform, err));
    *token_out = token;
    return BULLA_OK;
}
