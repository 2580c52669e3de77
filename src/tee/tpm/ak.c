/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/ak.h"

#include <string.h>

#include "base/memory.h"
#include "codec/der.h"
#include "crypto/x509.h"

#define KEY_USAGE_OID "2.5.29.15"
#define EXTENDED_KEY_USAGE_OID "2.5.29.37"
#define KEY_USAGE_DIGITAL_SIGNATURE 0x80000000u
#define DER_OCTET_STRING 0x04

/* What EK certificates mark critical beside the usual (EK Credential Profile 2.5, 3.2): the subject
 * alternative name that names the TPM. */
static const char *const ek_known_critical[] = { "2.5.29.17", NULL };

/* -- attributes -------------------------------------------------------------------------------- */

static enum bulla_status
check_attributes(uint32_t attributes, uint32_t required, uint32_t forbidden, const char *where,
                 struct bulla_error *err)
{
    if ((attributes & required) == required && (attributes & forbidden) == 0)
        return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_KEY_ATTRIBUTES, where,
                                                "attributes are not those of such a key");
    bulla_error_values(err, bulla_value_number(attributes), bulla_value_number(required));
    return status;
}

enum bulla_status
bl_tpm_ak_attributes(const struct bl_tpm_public *ak, struct bulla_error *err)
{
    /* A key that is not restricted signs anything, also what looks like a quote (CVE-2024-29038). */
    BL_TRY(check_attributes(ak->attributes,
                            BL_TPM_RESTRICTED | BL_TPM_SIGN | BL_TPM_FIXED_TPM |
                                BL_TPM_FIXED_PARENT | BL_TPM_SENSITIVE_DATA_ORIGIN,
                            BL_TPM_DECRYPT, "attestation key", err));
    if (ak->scheme == BL_TPM_ALG_NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_KEY_ATTRIBUTES, "attestation key",
                                "has no signing scheme of its own");
    return BULLA_OK;
}

static enum bulla_status
check_ek_attributes(const struct bl_tpm_public *ek, struct bulla_error *err)
{
    return check_attributes(ek->attributes,
                            BL_TPM_RESTRICTED | BL_TPM_DECRYPT | BL_TPM_FIXED_TPM |
                                BL_TPM_FIXED_PARENT | BL_TPM_SENSITIVE_DATA_ORIGIN,
                            BL_TPM_SIGN, "endorsement key", err);
}

/* -- certificates ------------------------------------------------------------------------------ */

/* A chain of parsed certificates, leaf first. */
struct chain {
    struct bl_certificate *certificates[BL_TPM_CHAIN_COUNT_MAX];
    size_t count;
};

static void
chain_done(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        bl_certificate_free(chain->certificates[i]);
    chain->count = 0;
}

static enum bulla_status
chain_parse(const struct bulla_bytes *der, size_t count, struct chain *chain,
            struct bulla_error *err)
{
    if (count == 0)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "TPM key", "neither enrolled nor certified", 0);
    if (count > BL_TPM_CHAIN_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "TPM key", "certificate chain too long", count);
    for (size_t i = 0; i < count; i++) {
        BL_TRY(bl_certificate_parse(der[i], &chain->certificates[i], err));
        chain->count++;
    }
    return BULLA_OK;
}

static enum bulla_status
check_same_key(const struct bl_certificate *leaf, const struct bl_key *key, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) certified = NULL;
    uint8_t found[32];
    uint8_t expected[32];

    BL_TRY(bl_certificate_key(leaf, &certified, err));
    BL_TRY(bl_tpm_key_digest(certified, found, err));
    BL_TRY(bl_tpm_key_digest(key, expected, err));
    if (bl_equal(BL_BYTES_OF(found), BL_BYTES_OF(expected)))
        return BULLA_OK;
    enum bulla_status status =
        bulla_fail_cause(err, BULLA_CAUSE_KEY_MISMATCH, "TPM certificate", "is for another key");
    bulla_error_values(err, bulla_value_bytes(BL_BYTES_OF(found)),
                       bulla_value_bytes(BL_BYTES_OF(expected)));
    return status;
}

/* RFC 5280, 4.2.1.3. The clouds' authorities certify EKs, too, and an EK cannot sign. */
static enum bulla_status
check_may_sign(const struct bl_certificate *leaf, struct bulla_error *err)
{
    struct bulla_bytes value;

    if (!bl_certificate_extension(leaf, KEY_USAGE_OID, &value))
        return BULLA_OK;
    struct bl_reader r = bl_reader(value, "key usage");
    uint32_t bits = bl_der_read_named_bits(&r);
    BL_TRY(bl_reader_finish(&r, err));
    if ((bits & KEY_USAGE_DIGITAL_SIGNATURE) != 0)
        return BULLA_OK;
    return bulla_fail(err, BULLA_E_UNTRUSTED, "TPM certificate", "is for a key that may not sign",
                      0);
}

/* RFC 5280, 4.2.1.12: no extended key usage is no restriction; one that is there must say what the
 * key is for. An older cloud CA certifies AKs under the usage of EKs: the attributes in the key's
 * public area tell the two apart, and an EK cannot sign. */
static enum bulla_status
check_ak_usage(const struct bl_certificate *leaf, struct bulla_error *err)
{
    struct bulla_bytes value;

    if (bl_certificate_has_usage(leaf, BL_TPM_AK_USAGE) ||
        bl_certificate_has_usage(leaf, BL_TPM_EK_USAGE) ||
        !bl_certificate_extension(leaf, EXTENDED_KEY_USAGE_OID, &value))
        return BULLA_OK;
    return bulla_fail(err, BULLA_E_UNTRUSTED, "TPM certificate",
                      "is not for an attestation key (extended key usage)", 0);
}

static enum bulla_status
check_ek_usage(const struct bl_certificate *leaf, struct bulla_error *err)
{
    if (bl_certificate_has_usage(leaf, BL_TPM_EK_USAGE))
        return BULLA_OK;
    return bulla_fail(err, BULLA_E_UNTRUSTED, "TPM certificate",
                      "is not for an endorsement key (extended key usage)", 0);
}

static enum bulla_status
verify_to(const struct chain *chain, const struct bl_anchor *anchor, int64_t now_s,
          const char *const *known_critical, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_certificate) root = NULL;
    const struct bl_certificate *certificates[BL_TPM_CHAIN_COUNT_MAX];

    BL_TRY(bl_certificate_parse(anchor->der, &root, err));
    for (size_t i = 0; i < chain->count; i++)
        certificates[i] = chain->certificates[i];
    return bl_chain_verify(certificates, chain->count, root, now_s, known_critical, err);
}

/* How much a failure says: a date under the right authority more than a bad signature under a
 * fitting name, and that more than "reaches no anchor". */
static int
rank(enum bulla_status status)
{
    if (status == BULLA_OK)
        return 0;
    if (!bulla_status_is_finding(status))
        return 4;
    return status == BULLA_E_STALE ? 3 : status == BULLA_E_SIGNATURE ? 2 : 1;
}

/* Try each anchor of the kind. If none fits, the reason that says most. */
static enum bulla_status
find_authority(const struct chain *chain, enum bl_anchor_kind kind, const struct bl_anchor *anchors,
               size_t anchor_count, int64_t now_s, const char *const *known_critical,
               const struct bl_anchor **anchor_out, struct bulla_error *err)
{
    struct bulla_error best = { 0 };

    for (size_t i = 0; i < anchor_count; i++) {
        struct bulla_error found = { 0 };
        if (anchors[i].kind != kind)
            continue;
        enum bulla_status status = verify_to(chain, &anchors[i], now_s, known_critical, &found);
        if (status == BULLA_OK) {
            *anchor_out = &anchors[i];
            return BULLA_OK;
        }
        if (rank(status) > rank(best.status))
            best = found;
        if (!bulla_status_is_finding(status))
            break;
    }
    if (best.status == BULLA_OK)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "TPM certificate", "no anchor for such keys", 0);
    if (best.status == BULLA_E_SIGNATURE) /* of a certificate, not of evidence */
        return bulla_fail(err, BULLA_E_UNTRUSTED, best.where, best.what, best.offset);
    if (err != NULL && err->status == BULLA_OK)
        *err = best;
    return best.status;
}

/* -- platform id ------------------------------------------------------------------------------- */

enum bulla_status
bl_tpm_platform_id_encode(const uint8_t platform_id[32], struct bulla_buffer *der_out,
                          struct bulla_error *err)
{
    uint8_t der[2 + 32] = { DER_OCTET_STRING, 32 };

    memcpy(der + 2, platform_id, 32);
    return bulla_buffer_append(der_out, BL_BYTES_OF(der), err);
}

static enum bulla_status
read_platform_id(const struct bl_certificate *leaf, struct bl_claim_bytes *id,
                 struct bulla_error *err)
{
    struct bulla_bytes der;

    if (!bl_certificate_extension(leaf, BL_TPM_PLATFORM_ID_OID, &der))
        return BULLA_OK; /* absent is not zero */
    struct bl_reader r = bl_reader(der, "platform id");
    if (bl_read_u8(&r) != DER_OCTET_STRING || bl_read_u8(&r) != 32)
        bl_reader_fail(&r, "not an octet string of 32 bytes");
    struct bulla_bytes value = bl_read_view(&r, 32);
    BL_TRY(bl_reader_finish(&r, err));
    memcpy(id->bytes, value.data, value.size);
    id->size = value.size;
    return BULLA_OK;
}

/* -- trust ------------------------------------------------------------------------------------- */

static enum bulla_status
find_enrolled(const struct bl_key *key, const struct bl_anchor *anchors, size_t anchor_count,
              const struct bl_anchor **anchor_out, struct bulla_error *err)
{
    uint8_t wanted[32];

    BL_TRY(bl_tpm_key_digest(key, wanted, err));
    for (size_t i = 0; i < anchor_count; i++) {
        BL_AUTO_FREE(bl_key) enrolled = NULL;
        uint8_t digest[32];
        if (anchors[i].kind != BL_ANCHOR_AK)
            continue;
        BL_TRY(bl_key_from_spki(anchors[i].der, &enrolled, err));
        BL_TRY(bl_tpm_key_digest(enrolled, digest, err));
        if (bl_equal(BL_BYTES_OF(digest), BL_BYTES_OF(wanted)))
            *anchor_out = &anchors[i];
    }
    return BULLA_OK;
}

static enum bulla_status
trust_enrolled(const struct bl_anchor *anchor, struct bl_tpm_trust *trust_out,
               struct bulla_error *err)
{
    struct bl_tpm_trust trust = { .anchor = anchor };

    if (anchor->platform_id.size != 0 && anchor->platform_id.size != 32)
        return bulla_fail(err, BULLA_E_ARGUMENT, "anchor", "platform id is not 32 bytes", 0);
    if (anchor->platform_id.size == 32)
        memcpy(trust.platform_id.bytes, anchor->platform_id.data, 32);
    trust.platform_id.size = anchor->platform_id.size;
    *trust_out = trust;
    return BULLA_OK;
}

static enum bulla_status
trust_certified(const struct bl_key *key, const struct chain *chain,
                const struct bl_anchor *anchors, size_t anchor_count, int64_t now_s,
                struct bl_tpm_trust *trust_out, struct bulla_error *err)
{
    struct bl_tpm_trust trust = { 0 };
    const struct bl_certificate *leaf = chain->certificates[0];

    BL_TRY(check_same_key(leaf, key, err));
    BL_TRY(find_authority(chain, BL_ANCHOR_AK_AUTHORITY, anchors, anchor_count, now_s, NULL,
                          &trust.anchor, err));
    BL_TRY(check_ak_usage(leaf, err));
    BL_TRY(check_may_sign(leaf, err));
    BL_TRY(read_platform_id(leaf, &trust.platform_id, err));
    *trust_out = trust;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_ak_trust(const struct bl_key *key, const struct bulla_bytes *chain_der, size_t chain_count,
                const struct bl_anchor *anchors, size_t anchor_count, int64_t now_s,
                struct bl_tpm_trust *trust_out, struct bulla_error *err)
{
    const struct bl_anchor *enrolled = NULL;
    BL_AUTO(chain) chain = { 0 };

    if (anchor_count > BL_ANCHOR_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "anchors", "too many", anchor_count);
    BL_TRY(find_enrolled(key, anchors, anchor_count, &enrolled, err));
    if (enrolled != NULL)
        return trust_enrolled(enrolled, trust_out, err);
    BL_TRY(chain_parse(chain_der, chain_count, &chain, err));
    return trust_certified(key, &chain, anchors, anchor_count, now_s, trust_out, err);
}

enum bulla_status
bl_tpm_ek_trust(const struct bl_tpm_public *ek, const struct bulla_bytes *chain_der,
                size_t chain_count, const struct bl_anchor *anchors, size_t anchor_count,
                int64_t now_s, struct bl_tpm_trust *trust_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bl_tpm_trust trust = { .platform_id.size = 32 };
    BL_AUTO(chain) chain = { 0 };

    if (anchor_count > BL_ANCHOR_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "anchors", "too many", anchor_count);
    BL_TRY(check_ek_attributes(ek, err));
    BL_TRY(bl_tpm_public_key(ek, &key, err));
    BL_TRY(chain_parse(chain_der, chain_count, &chain, err));
    BL_TRY(check_same_key(chain.certificates[0], key, err));
    BL_TRY(find_authority(&chain, BL_ANCHOR_EK_AUTHORITY, anchors, anchor_count, now_s,
                          ek_known_critical, &trust.anchor, err));
    BL_TRY(check_ek_usage(chain.certificates[0], err));
    BL_TRY(bl_tpm_key_digest(key, trust.platform_id.bytes, err));
    *trust_out = trust;
    return BULLA_OK;
}
