/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/arm/token.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/cose_sign1.h"
#include "crypto/public_key.h"

/* -- kinds of claims ---------------------------------------------------------------------------- */

struct bulla_bytes
bl_arm_read_hash(struct bl_reader *r)
{
    struct bulla_bytes hash = bl_cbor_read_bytes(r, 64);

    if (r->failed == NULL && hash.size != 32 && hash.size != 48 && hash.size != 64)
        bl_reader_fail(r, "not the size of a digest");
    return hash;
}

struct bulla_bytes
bl_arm_read_bytes(struct bl_reader *r, size_t size)
{
    struct bulla_bytes bytes = bl_cbor_read_bytes(r, size);

    if (r->failed == NULL && bytes.size != size)
        bl_reader_fail(r, "value of another size");
    return bytes;
}

struct bulla_bytes
bl_arm_read_instance_id(struct bl_reader *r)
{
    struct bulla_bytes id = bl_arm_read_bytes(r, BL_ARM_INSTANCE_ID_SIZE);

    if (r->failed == NULL && id.data[0] != 0x01) /* RFC 9711 section 4.2.1: RAND */
        bl_reader_fail(r, "instance id of another type");
    return id;
}

struct bulla_bytes
bl_arm_read_implementation_id(struct bl_reader *r)
{
    return bl_arm_read_bytes(r, BL_ARM_IMPLEMENTATION_ID_SIZE);
}

/* RFC 9783 section 4.3.1; CCA has the same. The high byte is the state. */
enum lifecycle {
    LIFECYCLE_SECURED = 0x30,
    LIFECYCLE_NON_ROOT_DEBUG = 0x40,
    LIFECYCLE_ROOT_DEBUG = 0x50,
    LIFECYCLE_LAST = 0x60 /* decommissioned */
};

uint16_t
bl_arm_read_lifecycle(struct bl_reader *r)
{
    uint64_t value = bl_cbor_read_uint(r);

    if (r->failed == NULL && (value >> 8 > LIFECYCLE_LAST || (value >> 8 & 0x0f) != 0))
        bl_reader_fail(r, "no state of a life cycle");
    return r->failed == NULL ? (uint16_t)value : 0;
}

/* RFC 9783 section 4.4.1 */
enum component_key {
    COMPONENT_TYPE = 1,
    COMPONENT_MEASUREMENT = 2,
    COMPONENT_VERSION = 4,
    COMPONENT_SIGNER = 5,
    COMPONENT_ALGORITHM = 6
};

struct component {
    struct bulla_bytes measurement, signer;
};

static void
read_component_member(struct bl_reader *r, const struct bl_cbor_key *key,
                      struct component *component)
{
    switch (key->is_text ? 0 : key->number) {
    case COMPONENT_TYPE:
    case COMPONENT_VERSION:
    case COMPONENT_ALGORITHM:
        (void)bl_cbor_read_text(r, BL_ARM_TEXT_SIZE_MAX);
        break;
    case COMPONENT_MEASUREMENT:
        component->measurement = bl_arm_read_hash(r);
        break;
    case COMPONENT_SIGNER:
        component->signer = bl_arm_read_hash(r);
        break;
    default:
        (void)bl_cbor_skip_foreign(r);
        break;
    }
}

static struct component
read_component(struct bl_reader *r)
{
    struct bl_cbor_keyed_map map;
    struct component component = { 0 };
    struct bl_cbor_key key;

    bl_cbor_read_keyed_map(r, &map);
    while (bl_cbor_keyed_next(r, &map, &key))
        read_component_member(r, &key, &component);
    return component;
}

void
bl_arm_read_components(struct bl_reader *r, struct bl_arm_components *components)
{
    size_t start = r->offset;
    struct bl_arm_components read = { .count = bl_cbor_read_array(r, BL_ARM_COMPONENT_COUNT_MAX) };

    for (size_t i = 0; i < read.count && r->failed == NULL; i++) {
        struct component component = read_component(r);
        read.lacks_measurement |= component.measurement.size == 0;
        read.lacks_signer |= component.signer.size == 0;
        if (i == 0)
            read.signer = component.signer;
        else if (!bl_equal(read.signer, component.signer))
            read.signer = (struct bulla_bytes){ NULL, 0 };
    }
    read.encoded = (struct bulla_bytes){ r->input.data + start, r->offset - start };
    *components = read;
}

enum bulla_status
bl_arm_missing(const char *where, const char *what, struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, where, what);
}

enum bulla_status
bl_arm_check_components(const struct bl_arm_components *components, bool with_signer,
                        const char *where, struct bulla_error *err)
{
    if (components->count == 0)
        return bl_arm_missing(where, "no software components", err);
    if (components->lacks_measurement)
        return bl_arm_missing(where, "a software component without its measurement", err);
    if (with_signer && components->lacks_signer)
        return bl_arm_missing(where, "a software component without its signer", err);
    return BULLA_OK;
}

/* -- the signature ------------------------------------------------------------------------------ */

static enum bulla_status
read_key(const struct bl_anchor *anchor, struct bl_key **key_out, struct bulla_error *err)
{
    struct bulla_error inner = { 0 };
    enum bulla_status status = bl_key_from_public_file(anchor->der, key_out, &inner);
    enum bl_key_kind kind = status == BULLA_OK ? bl_key_kind(*key_out) : BL_KEY_NONE;

    if (status != BULLA_OK && !bulla_status_is_finding(status)) {
        if (err != NULL)
            *err = inner;
        return status;
    }
    if (kind == BL_KEY_P256 || kind == BL_KEY_P384)
        return BULLA_OK;
    return bulla_fail_cause(err, BULLA_CAUSE_KEY_ATTRIBUTES, "key given to trust",
                            "no public key on P-256 or P-384");
}

/* A signature that does not verify is no failure yet: there may be more keys. */
static enum bulla_status
try_key(const struct bl_key *key, const struct bl_cose_sign1 *message, bool *fits_out,
        struct bulla_error *err)
{
    struct bulla_error inner = { 0 };
    enum bulla_status status =
        bl_cose_message_verify(key, (struct bulla_bytes){ NULL, 0 }, message, &inner);

    *fits_out = status == BULLA_OK;
    if (status == BULLA_OK || status == BULLA_E_SIGNATURE)
        return BULLA_OK;
    if (err != NULL)
        *err = inner;
    return status;
}

enum bulla_status
bl_arm_verify(const struct bl_verification *verification, const char *role,
              const struct bl_cose_sign1 *message, const struct bl_anchor **anchor_out,
              struct bulla_error *err)
{
    const struct bl_anchor *anchor, *found = NULL;
    size_t count = 0;

    for (; (anchor = bl_anchor_given(verification, role, count)) != NULL; count++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        bool fits = false;
        BL_TRY(read_key(anchor, &key, err));
        if (found == NULL)
            BL_TRY(try_key(key, message, &fits, err));
        if (fits)
            found = anchor;
    }
    if (count == 0)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "attestation token", "no key given to trust", 0);
    if (found == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_COSE_SIGNATURE, "attestation token",
                                "its signature is by none of the keys given");
    *anchor_out = found;
    return BULLA_OK;
}

/* -- claims -------------------------------------------------------------------------------------- */

struct bl_claim_bytes
bl_arm_claim(struct bulla_bytes bytes)
{
    struct bl_claim_bytes claim = { .size = bytes.size };

    if (bytes.size == 0 || bytes.size > sizeof claim.bytes)
        return (struct bl_claim_bytes){ 0 };
    memcpy(claim.bytes, bytes.data, bytes.size);
    return claim;
}

void
bl_arm_claim_platform(const struct bl_anchor *anchor, struct bulla_bytes instance_id,
                      uint16_t lifecycle, struct bl_claims *claims)
{
    unsigned state = lifecycle >> 8;

    claims->anchor = anchor->name;
    claims->platform_class = anchor->platform_class;
    claims->platform_id = bl_arm_claim(instance_id);
    claims->secured =
        (struct bl_claim_flag){ .is_present = true, .value = state == LIFECYCLE_SECURED };
    claims->debug = (struct bl_claim_flag){ .is_present = true,
                                            .value = state == LIFECYCLE_NON_ROOT_DEBUG ||
                                                     state == LIFECYCLE_ROOT_DEBUG };
}

enum bulla_status
bl_arm_claim_components(const struct bl_arm_components *components, struct bl_claims *claims,
                        struct bulla_error *err)
{
    uint8_t digest[32];

    BL_TRY(bl_hash_once(BL_SHA256, components->encoded, digest, err));
    claims->code = bl_arm_claim(BL_BYTES_OF(digest));
    claims->signer = bl_arm_claim(components->signer);
    return BULLA_OK;
}
