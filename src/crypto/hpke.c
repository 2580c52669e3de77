/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/hpke.c: RFC 9180, mode_base. Names in comments are those of the RFC.
 *
 * A context lives for one message or one export, so that there is no sequence number to keep.
 */
#include "crypto/hpke.h"

#include "base/memory.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

#define AEAD_AES_256_GCM 0x0002 /* 7.3 */

/* What 7.1 and 7.2 fix for a kind of key. */
struct suite {
    uint16_t kem_id;
    uint16_t kdf_id;
    enum bl_hash hash; /* of KEM and KDF */
    size_t enc_size;
};

static const struct suite *
find_suite(enum bl_key_kind kind)
{
    static const struct suite x25519 = { 0x0020, 0x0001, BL_SHA256, 32 };
    static const struct suite p256 = { 0x0010, 0x0001, BL_SHA256, 65 };
    static const struct suite p384 = { 0x0011, 0x0002, BL_SHA384, 97 };

    switch (kind) {
    case BL_KEY_X25519:
        return &x25519;
    case BL_KEY_P256:
        return &p256;
    case BL_KEY_P384:
        return &p384;
    case BL_KEY_NONE:
    case BL_KEY_ED25519:
    case BL_KEY_RSA:
    default:
        return NULL;
    }
}

size_t
bl_hpke_enc_size(enum bl_key_kind kind)
{
    const struct suite *suite = find_suite(kind);
    return suite != NULL ? suite->enc_size : 0;
}

uint16_t
bl_hpke_kem_id(enum bl_key_kind kind)
{
    const struct suite *suite = find_suite(kind);
    return suite != NULL ? suite->kem_id : 0;
}

/* The hash, and the suite_id that goes into every label. */
struct labels {
    enum bl_hash hash;
    uint8_t suite_id[10];
    size_t suite_id_size;
};

/* 4.1: "KEM" || I2OSP(kem_id, 2) */
static struct labels
kem_labels(const struct suite *suite)
{
    return (struct labels){
        suite->hash, { 'K', 'E', 'M', (uint8_t)(suite->kem_id >> 8), (uint8_t)suite->kem_id }, 5
    };
}

/* 5.1: "HPKE" || I2OSP(kem_id, 2) || I2OSP(kdf_id, 2) || I2OSP(aead_id, 2) */
static struct labels
hpke_labels(const struct suite *suite)
{
    return (struct labels){ suite->hash,
                            { 'H', 'P', 'K', 'E', (uint8_t)(suite->kem_id >> 8),
                              (uint8_t)suite->kem_id, (uint8_t)(suite->kdf_id >> 8),
                              (uint8_t)suite->kdf_id, AEAD_AES_256_GCM >> 8, AEAD_AES_256_GCM },
                            10 };
}

/* 4: LabeledExtract(salt, label, ikm); HKDF-Extract is the HMAC under the salt. */
static enum bulla_status
labeled_extract(const struct labels *labels, struct bulla_bytes salt, struct bulla_bytes label,
                struct bulla_bytes input_key, struct bl_secret *prk_out, struct bulla_error *err)
{
    const struct bulla_bytes parts[] = {
        BL_LITERAL("HPKE-v1"), { labels->suite_id, labels->suite_id_size }, label, input_key
    };
    BL_AUTO(bl_secret) prk = { 0 };

    BL_TRY(bl_secret_new(&prk, bl_hash_size(labels->hash), err));
    BL_TRY(bl_hmac(labels->hash, salt, parts, 4, prk.data, err));
    *prk_out = bl_secret_take(&prk);
    return BULLA_OK;
}

/* 4: LabeledExpand(prk, label, info, L) */
static enum bulla_status
labeled_expand(const struct labels *labels, const struct bl_secret *prk, struct bulla_bytes label,
               struct bulla_bytes info, size_t size, struct bl_secret *out, struct bulla_error *err)
{
    const uint8_t length[2] = { (uint8_t)(size >> 8), (uint8_t)size };
    const struct bulla_bytes parts[] = { BL_BYTES_OF(length),
                                         BL_LITERAL("HPKE-v1"),
                                         { labels->suite_id, labels->suite_id_size },
                                         label,
                                         info };

    return bl_hkdf_expand(labels->hash, bl_secret_bytes(prk), parts, 5, size, out, err);
}

/* 4.1: ExtractAndExpand(dh, kem_context), kem_context = enc || pkRm */
static enum bulla_status
extract_and_expand(const struct suite *suite, const struct bl_secret *dh, struct bulla_bytes enc,
                   struct bulla_bytes recipient, struct bl_secret *shared_out,
                   struct bulla_error *err)
{
    const struct labels labels = kem_labels(suite);
    BL_AUTO(bl_secret) prk = { 0 };
    BL_AUTO(bulla_buffer) kem_context = { 0 };

    BL_TRY(bulla_buffer_append(&kem_context, enc, err));
    BL_TRY(bulla_buffer_append(&kem_context, recipient, err));
    BL_TRY(labeled_extract(&labels, (struct bulla_bytes){ 0 }, BL_LITERAL("eae_prk"),
                           bl_secret_bytes(dh), &prk, err));
    return labeled_expand(&labels, &prk, BL_LITERAL("shared_secret"),
                          bulla_buffer_bytes(&kem_context), bl_hash_size(suite->hash), shared_out,
                          err);
}

/* 4.1: Encap(pkR); enc is appended. */
static enum bulla_status
encapsulate(const struct suite *suite, const struct bl_key *recipient, struct bulla_buffer *enc,
            struct bl_secret *shared_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) ephemeral = NULL;
    BL_AUTO(bl_secret) dh = { 0 };
    BL_AUTO(bulla_buffer) recipient_raw = { 0 };

    BL_TRY(bl_key_generate(bl_key_kind(recipient), &ephemeral, err));
    BL_TRY(bl_key_agree(ephemeral, recipient, &dh, err));
    BL_TRY(bl_key_raw_public(ephemeral, enc, err));
    BL_TRY(bl_key_raw_public(recipient, &recipient_raw, err));
    return extract_and_expand(suite, &dh, bulla_buffer_bytes(enc),
                              bulla_buffer_bytes(&recipient_raw), shared_out, err);
}

/* 4.1: Decap(enc, skR) */
static enum bulla_status
decapsulate(const struct suite *suite, const struct bl_key *own, struct bulla_bytes enc,
            struct bl_secret *shared_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) ephemeral = NULL;
    BL_AUTO(bl_secret) dh = { 0 };
    BL_AUTO(bulla_buffer) own_raw = { 0 };

    BL_TRY(bl_key_from_raw_public(bl_key_kind(own), enc, &ephemeral, err));
    BL_TRY(bl_key_agree(own, ephemeral, &dh, err));
    BL_TRY(bl_key_raw_public(own, &own_raw, err));
    return extract_and_expand(suite, &dh, enc, bulla_buffer_bytes(&own_raw), shared_out, err);
}

/* What the key schedule (5.1) yields. */
struct schedule {
    struct bl_secret key;
    struct bl_secret base_nonce;
    struct bl_secret exporter;
};

static void
schedule_done(struct schedule *schedule)
{
    bl_secret_done(&schedule->key);
    bl_secret_done(&schedule->base_nonce);
    bl_secret_done(&schedule->exporter);
}

/* 5.1: key_schedule_context = mode_base || psk_id_hash || info_hash */
static enum bulla_status
schedule_context(const struct labels *labels, struct bulla_bytes info, struct bulla_buffer *out,
                 struct bulla_error *err)
{
    static const uint8_t mode_base = 0x00;
    const struct bulla_bytes none = { 0 };
    BL_AUTO(bl_secret) psk_id_hash = { 0 };
    BL_AUTO(bl_secret) info_hash = { 0 };

    BL_TRY(labeled_extract(labels, none, BL_LITERAL("psk_id_hash"), none, &psk_id_hash, err));
    BL_TRY(labeled_extract(labels, none, BL_LITERAL("info_hash"), info, &info_hash, err));
    BL_TRY(bulla_buffer_append(out, (struct bulla_bytes){ &mode_base, 1 }, err));
    BL_TRY(bulla_buffer_append(out, bl_secret_bytes(&psk_id_hash), err));
    return bulla_buffer_append(out, bl_secret_bytes(&info_hash), err);
}

/* 5.1: KeySchedule(mode_base, shared_secret, info, "", "") */
static enum bulla_status
make_schedule(const struct suite *suite, const struct bl_secret *shared, struct bulla_bytes info,
              struct schedule *out, struct bulla_error *err)
{
    const struct labels labels = hpke_labels(suite);
    BL_AUTO(bl_secret) secret = { 0 };
    BL_AUTO(bulla_buffer) context = { 0 };

    BL_TRY(schedule_context(&labels, info, &context, err));
    const struct bulla_bytes about = bulla_buffer_bytes(&context);
    BL_TRY(labeled_extract(&labels, bl_secret_bytes(shared), BL_LITERAL("secret"),
                           (struct bulla_bytes){ 0 }, &secret, err));
    BL_TRY(labeled_expand(&labels, &secret, BL_LITERAL("key"), about, BL_AEAD_KEY_SIZE, &out->key,
                          err));
    BL_TRY(labeled_expand(&labels, &secret, BL_LITERAL("base_nonce"), about, BL_AEAD_NONCE_SIZE,
                          &out->base_nonce, err));
    return labeled_expand(&labels, &secret, BL_LITERAL("exp"), about, bl_hash_size(suite->hash),
                          &out->exporter, err);
}

static enum bulla_status
check_key(const struct bl_key *key, bool needs_private, const struct suite **suite_out,
          struct bulla_error *err)
{
    *suite_out = find_suite(bl_key_kind(key));
    if (*suite_out == NULL || (needs_private && !bl_key_has_private(key)))
        return bulla_fail(err, BULLA_E_ARGUMENT, "HPKE", "not for this key",
                          (size_t)bl_key_kind(key));
    return BULLA_OK;
}

/* 5.1.1: SetupBaseS(pkR, info); *enc must be empty. */
static enum bulla_status
setup_sender(const struct bl_key *recipient, struct bulla_bytes info, struct bulla_buffer *enc,
             struct schedule *schedule, struct bulla_error *err)
{
    const struct suite *suite = NULL;
    BL_AUTO(bl_secret) shared = { 0 };

    BL_TRY(check_key(recipient, /* needs_private= */ false, &suite, err));
    BL_TRY(encapsulate(suite, recipient, enc, &shared, err));
    return make_schedule(suite, &shared, info, schedule, err);
}

/* 5.1.1: SetupBaseR(enc, skR, info) */
static enum bulla_status
setup_receiver(const struct bl_key *own, struct bulla_bytes enc, struct bulla_bytes info,
               struct schedule *schedule, struct bulla_error *err)
{
    const struct suite *suite = NULL;
    BL_AUTO(bl_secret) shared = { 0 };

    BL_TRY(check_key(own, /* needs_private= */ true, &suite, err));
    BL_TRY(decapsulate(suite, own, enc, &shared, err));
    return make_schedule(suite, &shared, info, schedule, err);
}

enum bulla_status
bl_hpke_seal(const struct bl_key *recipient, struct bulla_bytes info,
             struct bulla_bytes associated_data, struct bulla_bytes plaintext,
             struct bulla_buffer *enc_out, struct bulla_buffer *ciphertext_out,
             struct bulla_error *err)
{
    BL_AUTO(schedule) schedule = { 0 };
    BL_AUTO(bulla_buffer) enc = { 0 };
    BL_AUTO(bulla_buffer) ciphertext = { 0 };
    BL_AUTO_FREE(bl_aead) aead = NULL;
    uint8_t *place = NULL;

    if (plaintext.size > BL_BUFFER_SIZE_MAX - BL_AEAD_TAG_SIZE)
        return bulla_fail(err, BULLA_E_LIMIT, "HPKE", "plaintext too long", plaintext.size);
    BL_TRY(setup_sender(recipient, info, &enc, &schedule, err));
    BL_TRY(bl_aead_new(BL_AES_256_GCM, bl_secret_bytes(&schedule.key), &aead, err));
    BL_TRY(bulla_buffer_extend(&ciphertext, plaintext.size + BL_AEAD_TAG_SIZE, &place, err));
    BL_TRY(bl_aead_seal(aead, schedule.base_nonce.data, associated_data, plaintext, place, err));
    const size_t enc_size_before = enc_out->size;
    BL_TRY(bulla_buffer_append(enc_out, bulla_buffer_bytes(&enc), err));
    enum bulla_status status =
        bulla_buffer_append(ciphertext_out, bulla_buffer_bytes(&ciphertext), err);
    if (status != BULLA_OK)
        enc_out->size = enc_size_before;
    return status;
}

enum bulla_status
bl_hpke_open(const struct bl_key *own, struct bulla_bytes enc, struct bulla_bytes info,
             struct bulla_bytes associated_data, struct bulla_bytes ciphertext,
             struct bl_secret *plaintext_out, struct bulla_error *err)
{
    BL_AUTO(schedule) schedule = { 0 };
    BL_AUTO(bl_secret) plaintext = { 0 };
    BL_AUTO_FREE(bl_aead) aead = NULL;

    if (plaintext_out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "HPKE", "output is in use", 0);
    if (ciphertext.size < BL_AEAD_TAG_SIZE)
        return bulla_fail(err, BULLA_E_INTEGRITY, "HPKE", "shorter than a tag", ciphertext.size);
    BL_TRY(setup_receiver(own, enc, info, &schedule, err));
    BL_TRY(bl_aead_new(BL_AES_256_GCM, bl_secret_bytes(&schedule.key), &aead, err));
    BL_TRY(bl_secret_new(&plaintext, ciphertext.size - BL_AEAD_TAG_SIZE, err));
    BL_TRY(bl_aead_open(aead, schedule.base_nonce.data, associated_data, ciphertext, plaintext.data,
                        err));
    *plaintext_out = bl_secret_take(&plaintext);
    return BULLA_OK;
}

/* 5.3: Context.Export(exporter_context, L) */
static enum bulla_status export(const struct bl_key *key, const struct schedule *schedule,
                                struct bulla_bytes context, size_t size,
                                struct bl_secret *secret_out, struct bulla_error *err) {
    const struct labels labels = hpke_labels(find_suite(bl_key_kind(key)));

    return labeled_expand(&labels, &schedule->exporter, BL_LITERAL("sec"), context, size,
                          secret_out, err);
}

enum bulla_status
bl_hpke_send_export(const struct bl_key *recipient, struct bulla_bytes info,
                    struct bulla_bytes context, size_t size, struct bulla_buffer *enc_out,
                    struct bl_secret *secret_out, struct bulla_error *err)
{
    BL_AUTO(schedule) schedule = { 0 };
    BL_AUTO(bulla_buffer) enc = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    if (secret_out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "HPKE", "output is in use", 0);
    BL_TRY(setup_sender(recipient, info, &enc, &schedule, err));
    BL_TRY(export(recipient, &schedule, context, size, &secret, err));
    BL_TRY(bulla_buffer_append(enc_out, bulla_buffer_bytes(&enc), err));
    *secret_out = bl_secret_take(&secret);
    return BULLA_OK;
}

enum bulla_status
bl_hpke_receive_export(const struct bl_key *own, struct bulla_bytes enc, struct bulla_bytes info,
                       struct bulla_bytes context, size_t size, struct bl_secret *secret_out,
                       struct bulla_error *err)
{
    BL_AUTO(schedule) schedule = { 0 };

    if (secret_out->data != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "HPKE", "output is in use", 0);
    BL_TRY(setup_receiver(own, enc, info, &schedule, err));
    return export(own, &schedule, context, size, secret_out, err);
}
