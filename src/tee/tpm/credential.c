/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/credential.h"

#include <string.h>

#include "base/memory.h"
#include "codec/writer.h"
#include "crypto/cipher.h"
#include "crypto/random.h"

#define CREDENTIAL_SIZE_MAX 32u /* bytes: fits the digest of every name algorithm that we accept */
#define SENSITIVE_SIZE_MAX 512u /* bytes: a TPMT_SENSITIVE with MAX_SYM_DATA */

static const uint8_t identity_label[] = "IDENTITY";   /* with its zero: the TPM hashes it */
static const uint8_t duplicate_label[] = "DUPLICATE"; /* with its zero */
static const uint8_t storage_label[] = "STORAGE";     /* with its zero */
static const uint8_t integrity_label[] = "INTEGRITY"; /* with its zero */

struct big_endian {
    uint8_t bytes[4];
};

static struct big_endian
big_endian(uint32_t value)
{
    return (struct big_endian){ { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
                                  (uint8_t)(value >> 8), (uint8_t)value } };
}

/* KDFa (Part 1, 11.4.10.2): SP 800-108 in counter mode with HMAC; one block is enough here. */
static enum bulla_status
kdfa(enum bl_hash hash, const struct bl_secret *key, struct bulla_bytes label,
     struct bulla_bytes context, size_t size, struct bl_secret *out, struct bulla_error *err)
{
    struct big_endian counter = big_endian(1);
    struct big_endian bits = big_endian((uint32_t)size * 8);
    const struct bulla_bytes parts[] = { BL_BYTES_OF(counter.bytes), label, context,
                                         BL_BYTES_OF(bits.bytes) };

    if (size > bl_hash_size(hash))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "storage key",
                          "symmetric key longer than its name algorithm", size);
    BL_TRY(bl_secret_new(out, bl_hash_size(hash), err));
    BL_TRY(bl_hmac(hash, bl_secret_bytes(key), parts, 4, out->data, err));
    bl_secret_shorten(out, size);
    return BULLA_OK;
}

/* -- the seed, shared with the TPM ------------------------------------------------------------- */

static enum bulla_status
share_rsa(const struct bl_tpm_public *ek, const struct bl_key *key, struct bulla_bytes label,
          struct bl_secret *seed, struct bulla_buffer *shared, struct bulla_error *err)
{
    BL_TRY(bl_random_secret(seed, bl_hash_size(ek->name_hash), err));
    return bl_key_rsa_oaep(key, ek->name_hash, label, bl_secret_bytes(seed), shared, err);
}

/* KDFe (Part 1, 11.4.10.3): SP 800-56A with the x coordinates of both parties. */
static enum bulla_status
kdfe(enum bl_hash hash, const struct bl_secret *z, struct bulla_bytes label,
     struct bulla_bytes ephemeral_x, struct bulla_bytes ek_x, struct bl_secret *seed,
     struct bulla_error *err)
{
    struct big_endian counter = big_endian(1);
    const struct bulla_bytes parts[] = { BL_BYTES_OF(counter.bytes), bl_secret_bytes(z), label,
                                         ephemeral_x, ek_x };

    BL_TRY(bl_secret_new(seed, bl_hash_size(hash), err));
    return bl_hash_parts(hash, parts, 5, seed->data, err);
}

static enum bulla_status
share_ecc(const struct bl_tpm_public *ek, const struct bl_key *key, struct bulla_bytes label,
          struct bl_secret *seed, struct bulla_buffer *shared, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) ephemeral = NULL;
    BL_AUTO(bl_secret) z = { 0 };
    BL_AUTO(bulla_buffer) own = { 0 };
    BL_AUTO(bulla_buffer) theirs = { 0 };

    BL_TRY(bl_key_generate(bl_key_kind(key), &ephemeral, err));
    BL_TRY(bl_key_agree(ephemeral, key, &z, err));
    BL_TRY(bl_key_raw_public(ephemeral, &own, err)); /* 04 | x | y */
    BL_TRY(bl_key_raw_public(key, &theirs, err));
    size_t size = (own.size - 1) / 2;
    struct bulla_bytes x = { own.data + 1, size };
    struct bulla_bytes y = { own.data + 1 + size, size };
    BL_TRY(kdfe(ek->name_hash, &z, label, x, (struct bulla_bytes){ theirs.data + 1, size }, seed,
                err));
    struct bl_writer w = bl_writer(shared); /* TPMS_ECC_POINT */
    bl_write_sized_u16be(&w, x);
    bl_write_sized_u16be(&w, y);
    return bl_writer_finish(&w, err);
}

static enum bulla_status
share_seed(const struct bl_tpm_public *ek, struct bulla_bytes label, struct bl_secret *seed,
           struct bulla_buffer *shared, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;

    BL_TRY(bl_tpm_public_key(ek, &key, err));
    return ek->type == BL_TPM_ALG_RSA ? share_rsa(ek, key, label, seed, shared, err)
                                      : share_ecc(ek, key, label, seed, shared, err);
}

/* -- what is protected, wrapped under the seed ------------------------------------------------- */

static enum bulla_status
encrypt(const struct bl_tpm_public *ek, const struct bl_secret *seed, struct bulla_bytes name,
        const struct bl_secret *payload, struct bulla_buffer *encrypted, struct bulla_error *err)
{
    BL_AUTO(bl_secret) key = { 0 };
    BL_AUTO(bl_secret) sized = { 0 }; /* a TPM2B */
    uint8_t *place = NULL;

    BL_TRY(kdfa(ek->name_hash, seed, BL_BYTES_OF(storage_label), name, ek->symmetric_bits / 8u,
                &key, err));
    BL_TRY(bl_secret_new(&sized, 2 + payload->size, err));
    sized.data[0] = (uint8_t)(payload->size >> 8);
    sized.data[1] = (uint8_t)(payload->size & 0xff);
    memcpy(sized.data + 2, payload->data, payload->size);
    BL_TRY(bulla_buffer_extend(encrypted, sized.size, &place, err));
    return bl_aes_cfb_encrypt(bl_secret_bytes(&key), (struct bulla_bytes){ NULL, 0 },
                              bl_secret_bytes(&sized), place, err);
}

static enum bulla_status
authenticate(const struct bl_tpm_public *ek, const struct bl_secret *seed, struct bulla_bytes name,
             struct bulla_bytes encrypted, uint8_t *mac_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) key = { 0 };
    const struct bulla_bytes parts[] = { encrypted, name };

    BL_TRY(kdfa(ek->name_hash, seed, BL_BYTES_OF(integrity_label), (struct bulla_bytes){ NULL, 0 },
                bl_hash_size(ek->name_hash), &key, err));
    return bl_hmac(ek->name_hash, bl_secret_bytes(&key), parts, 2, mac_out, err);
}

static enum bulla_status
check_arguments(const struct bl_tpm_public *ek, const struct bl_tpm_name *name,
                const struct bl_secret *payload, size_t size_max, struct bulla_error *err)
{
    bool has_cipher = ek->symmetric == BL_TPM_ALG_AES && ek->symmetric_mode == BL_TPM_ALG_CFB &&
                      (ek->symmetric_bits == 128 || ek->symmetric_bits == 256);

    if (payload->size == 0 || payload->size > size_max || name->size <= 2)
        return bulla_fail(err, BULLA_E_ARGUMENT, "storage key", "size of what it protects", 0);
    if (!has_cipher)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "storage key", "it has no AES in CFB mode", 0);
    return BULLA_OK;
}

/* Part 1, 24: *object_out is a TPM2B with the MAC and the encrypted payload, *secret_out the seed. */
static enum bulla_status
protect(const struct bl_tpm_public *ek, struct bulla_bytes label, const struct bl_tpm_name *of,
        const struct bl_secret *payload, struct bulla_buffer *object_out,
        struct bulla_buffer *secret_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) seed = { 0 };
    BL_AUTO(bulla_buffer) shared = { 0 };
    BL_AUTO(bulla_buffer) encrypted = { 0 };
    BL_AUTO(bulla_buffer) object = { 0 };
    struct bulla_bytes name = { of->bytes, of->size };
    uint8_t mac[BL_HASH_SIZE_MAX];

    BL_TRY(share_seed(ek, label, &seed, &shared, err));
    BL_TRY(encrypt(ek, &seed, name, payload, &encrypted, err));
    BL_TRY(authenticate(ek, &seed, name, bulla_buffer_bytes(&encrypted), mac, err));

    struct bl_writer w = bl_writer(&object);
    bl_write_sized_u16be(&w, (struct bulla_bytes){ mac, bl_hash_size(ek->name_hash) });
    bl_write_bytes(&w, bulla_buffer_bytes(&encrypted));
    BL_TRY(bl_writer_finish(&w, err));
    w = bl_writer(object_out);
    bl_write_sized_u16be(&w, bulla_buffer_bytes(&object));
    BL_TRY(bl_writer_finish(&w, err));
    w = bl_writer(secret_out);
    bl_write_sized_u16be(&w, bulla_buffer_bytes(&shared));
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_tpm_make_credential(const struct bl_tpm_public *ek, const struct bl_tpm_name *ak_name,
                       const struct bl_secret *credential, struct bulla_buffer *id_object_out,
                       struct bulla_buffer *encrypted_secret_out, struct bulla_error *err)
{
    BL_TRY(check_arguments(ek, ak_name, credential, CREDENTIAL_SIZE_MAX, err));
    return protect(ek, BL_BYTES_OF(identity_label), ak_name, credential, id_object_out,
                   encrypted_secret_out, err);
}

enum bulla_status
bl_tpm_make_duplicate(const struct bl_tpm_public *parent, const struct bl_tpm_name *object_name,
                      const struct bl_secret *sensitive, struct bulla_buffer *duplicate_out,
                      struct bulla_buffer *encrypted_seed_out, struct bulla_error *err)
{
    BL_TRY(check_arguments(parent, object_name, sensitive, SENSITIVE_SIZE_MAX, err));
    return protect(parent, BL_BYTES_OF(duplicate_label), object_name, sensitive, duplicate_out,
                   encrypted_seed_out, err);
}
