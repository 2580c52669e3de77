/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "crypto/hash.h"
#include "crypto/x509.h"

#define DAY_S ((int64_t)86400)
#define AUTHORITY_LIFE_S (3650 * DAY_S)
#define TLS_LIFE_S DAY_S
#define CLOCK_SKEW_S ((int64_t)300) /* attesters' clocks may be five minutes behind ours */

static enum bulla_status
derive(struct bulla_bytes prk, const char *purpose, size_t size, struct bl_secret *out,
       struct bulla_error *err)
{
    const struct bulla_bytes info[] = { BL_LITERAL("bulla-broker/1 "),
                                        { (const uint8_t *)purpose, strlen(purpose) } };

    return bl_hkdf_expand(BL_SHA512, prk, info, 2, size, out, err);
}

static enum bulla_status
derive_ed25519(struct bulla_bytes prk, const char *purpose, struct bl_key **key_out,
               struct bulla_error *err)
{
    BL_AUTO(bl_secret) seed = { 0 };

    BL_TRY(derive(prk, purpose, 32, &seed, err));
    return bl_key_from_raw_private(BL_KEY_ED25519, bl_secret_bytes(&seed), key_out, err);
}

/* A uniform P-256 scalar: the first candidate in range (one is out of range once in 2^32). */
static enum bulla_status
derive_p256(struct bulla_bytes prk, const char *purpose, struct bl_key **key_out,
            struct bulla_error *err)
{
    static const char *const attempts[] = { "", " 2", " 3" };
    enum bulla_status status = BULLA_E_CRYPTO;

    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0] && status != BULLA_OK; i++) {
        BL_AUTO(bl_secret) seed = { 0 };
        char label[64];
        snprintf(label, sizeof label, "%s%s", purpose, attempts[i]);
        BL_TRY(derive(prk, label, 32, &seed, err));
        bulla_error_clear(err);
        status = bl_key_from_raw_private(BL_KEY_P256, bl_secret_bytes(&seed), key_out, err);
    }
    return status;
}

enum bulla_status
bl_broker_id(const struct bl_key *root, uint8_t id_out[BL_BROKER_ID_SIZE], struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) raw = { 0 };

    BL_TRY(bl_key_raw_public(root, &raw, err));
    return bl_hash_once(BL_SHA256, bulla_buffer_bytes(&raw), id_out, err);
}

static enum bulla_status
self_certificate(const struct bl_key *key, const char *name, int64_t now_s,
                 struct bulla_buffer *der_out, struct bulla_error *err)
{
    const struct bl_certificate_request request = { .common_name = name,
                                                    .subject = key,
                                                    .not_before_s = now_s - CLOCK_SKEW_S,
                                                    .not_after_s = now_s + AUTHORITY_LIFE_S,
                                                    .is_authority = true,
                                                    .is_self_signed = true };

    return bl_certificate_issue(&request, NULL, key, der_out, err);
}

/* The authority for attestation keys of one class. */
static enum bulla_status
derive_ak_issuer(struct bulla_bytes prk, enum bl_platform_class platform_class, int64_t now_s,
                 struct bl_broker_keys *keys, struct bulla_error *err)
{
    char name[64];

    snprintf(name, sizeof name, "ak-issuer %s", bl_platform_class_word(platform_class));
    BL_TRY(derive_p256(prk, name, &keys->ak_issuers[platform_class], err));
    snprintf(name, sizeof name, "Bulla attestation keys, %s",
             bl_platform_class_word(platform_class));
    return self_certificate(keys->ak_issuers[platform_class], name, now_s,
                            &keys->ak_issuer_certificates[platform_class], err);
}

static enum bulla_status
derive_all(struct bulla_bytes prk, int64_t now_s, struct bl_broker_keys *keys,
           struct bulla_error *err)
{
    BL_TRY(derive_ed25519(prk, "root", &keys->root, err));
    BL_TRY(derive_ed25519(prk, "audit", &keys->audit, err));
    BL_TRY(derive(prk, "store", 32, &keys->store, err));
    BL_TRY(bl_broker_id(keys->root, keys->broker_id, err));
    BL_TRY(self_certificate(keys->root, "Bulla broker root", now_s, &keys->root_certificate, err));
    for (enum bl_platform_class c = BL_CLASS_SOFTWARE; c <= BL_CLASS_HARDWARE; c++)
        BL_TRY(derive_ak_issuer(prk, c, now_s, keys, err));
    return BULLA_OK;
}

enum bulla_status
bl_broker_keys_derive(struct bulla_bytes root_secret, int64_t now_s,
                      struct bl_broker_keys *keys_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) prk = { 0 };
    struct bl_broker_keys keys = { 0 };

    if (root_secret.size != BL_ROOT_SECRET_SIZE || bl_all_zero(root_secret))
        return bulla_fail(err, BULLA_E_ARGUMENT, "broker keys", "not a root secret", 0);
    BL_TRY(bl_hkdf_extract(BL_SHA512, BL_LITERAL("bulla-broker/1"), root_secret, &prk, err));
    enum bulla_status status = derive_all(bl_secret_bytes(&prk), now_s, &keys, err);
    if (status != BULLA_OK) {
        bl_broker_keys_done(&keys);
        return status;
    }
    *keys_out = keys;
    return BULLA_OK;
}

void
bl_broker_keys_done(struct bl_broker_keys *keys)
{
    bl_key_free(keys->root);
    bl_key_free(keys->audit);
    bl_secret_done(&keys->store);
    bulla_buffer_done(&keys->root_certificate);
    for (size_t i = 0; i <= BL_CLASS_HARDWARE; i++) {
        bl_key_free(keys->ak_issuers[i]);
        bulla_buffer_done(&keys->ak_issuer_certificates[i]);
    }
    *keys = (struct bl_broker_keys){ 0 };
}

enum bulla_status
bl_broker_issue_tls(const struct bl_broker_keys *keys, struct bulla_bytes spki, int64_t now_s,
                    struct bulla_buffer *der_out, struct bulla_error *err)
{
    static const char *const usages[] = { "1.3.6.1.5.5.7.3.1", NULL }; /* serverAuth */
    BL_AUTO_FREE(bl_key) subject = NULL;
    BL_AUTO_FREE(bl_certificate) root = NULL;

    BL_TRY(bl_key_from_spki(spki, &subject, err));
    if (bl_key_kind(subject) != BL_KEY_P256)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "tls key", "not a P-256 key", 0);
    BL_TRY(bl_certificate_parse(bulla_buffer_bytes(&keys->root_certificate), &root, err));
    const struct bl_certificate_request request = { .common_name = "Bulla gate",
                                                    .subject = subject,
                                                    .not_before_s = now_s - CLOCK_SKEW_S,
                                                    .not_after_s = now_s + TLS_LIFE_S,
                                                    .usage_oids = usages };
    return bl_certificate_issue(&request, root, keys->root, der_out, err);
}
