/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/credential.h"

#include <string.h>

#include "base/memory.h"
#include "codec/writer.h"
#include "crypto/cipher.h"
#include "crypto/random.h"

#define CREDENTIAL_SIZE_MAX 32u /* bytes: fits the digest of every name algorithm that we accept */

static const uint8_t identity_label[] = "IDENTITY";   /* with its zero: the TPM hashes it */
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
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "endorsement key",
                          "symmetric key longer than its name algorithm", size);
    BL_TRY(bl_secret_new(out, bl_hash_size(hash), err));
    BL_TRY(bl_hmac(hash, bl_secret_bytes(key), parts, 4, out->data, err));
    bl_secret_shorten(out, size);
    return BULLA_OK;
}

/* -- the seed, shared with the TPM ------------------------------------------------------------- */

static enum bulla_status
share_rsa(const struct bl_tpm_public *ek, const struct bl_key *key, struct bl_secret *seed,
          struct bulla_buffer *shared, struct bulla_error *err)
{
    BL_TRY(bl_random_secret(seed, bl_hash_size(ek->name_hash), err));
    return bl_key_rsa_oaep(key, ek->name_hash, BL_BYTES_OF(identity_label), bl_secret_bytes(seed),
                           shared, err);
}

/* KDFe (Part 1, 11.4.10.3): SP 800-56A with the x coordinates of both parties. */
static enum bulla_status
kdfe(enum bl_hash hash, const struct bl_secret *z, struct bulla_bytes ephemeral_x,
     struct bulla_bytes ek_x, struct bl_secret *seed, struct bulla_error *err)
{
    struct big_endian counter = big_endian(1);
    const struct bulla_bytes parts[] = { BL_BYTES_OF(counter.bytes), bl_secret_bytes(z),
                                         BL_BYTES_OF(identity_label), ephemeral_x, ek_x };

    BL_TRY(bl_secret_new(seed, bl_hash_size(hash), err));
    return bl_hash_parts(hash, parts, 5, seed->data, err);
}

static enum bulla_status
share_ecc(const struct bl_tpm_public *ek, const struct bl_key *key, struct bl_secret *seed,
          struct bulla_buffer *shared, struct bulla_error *err)
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
    BL_TRY(kdfe(ek->name_hash, &z, x, (struct bulla_bytes){ theirs.data + 1, size }, seed, err));
    struct bl_writer w = bl_writer(shared); /* TPMS_ECC_POINT */
    bl_write_sized_u16be(&w, x);
    bl_write_sized_u16be(&w, y);
    return bl_writer_finish(&w, err);
}

static enum bulla_status
share_seed(const struct bl_tpm_public *ek, struct bl_secret *seed, struct bulla_buffer *shared,
           struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;

    BL_TRY(bl_tpm_public_key(ek, &key, err));
    return ek->type == BL_TPM_ALG_RSA ? share_rsa(ek, key, seed, shared, err)
                                      : share_ecc(ek, key, seed, shared, err);
}

/* -- the credential, wrapped under the seed ---------------------------------------------------- */

static enum bulla_status
encrypt(const struct bl_tpm_public *ek, const struct bl_secret *seed, struct bulla_bytes name,
        const struct bl_secret *credential, struct bulla_buffer *encrypted, struct bulla_error *err)
{
    BL_AUTO(bl_secret) key = { 0 };
    BL_AUTO(bl_secret) sized = { 0 }; /* TPM2B_DIGEST */
    uint8_t *place = NULL;

    BL_TRY(kdfa(ek->name_hash, seed, BL_BYTES_OF(storage_label), name, ek->symmetric_bits / 8u,
                &key, err));
    BL_TRY(bl_secret_new(&sized, 2 + credential->size, err));
    sized.data[1] = (uint8_t)credential->size;
    memcpy(sized.data + 2, credential->data, credential->size);
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
check_arguments(const struct bl_tpm_public *ek, const struct bl_tpm_name *ak_name,
                const struct bl_secret *credential, struct bulla_error *err)
{
    bool has_cipher = ek->symmetric == BL_TPM_ALG_AES && ek->symmetric_mode == BL_TPM_ALG_CFB &&
                      (ek->symmetric_bits == 128 || ek->symmetric_bits == 256);

    if (credential->size == 0 || credential->size > CREDENTIAL_SIZE_MAX || ak_name->size <= 2)
        return bulla_fail(err, BULLA_E_ARGUMENT, "credential", "size of credential or Name", 0);
    if (!has_cipher)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "endorsement key", "is no AES storage key", 0);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_make_credential(const struct bl_tpm_public *ek, const struct bl_tpm_name *ak_name,
                       const struct bl_secret *credential, struct bulla_buffer *id_object_out,
                       struct bulla_buffer *encrypted_secret_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) seed = { 0 };
    BL_AUTO(bulla_buffer) shared = { 0 };
    BL_AUTO(bulla_buffer) encrypted = { 0 };
    BL_AUTO(bulla_buffer) object = { 0 };
    struct bulla_bytes name = { ak_name->bytes, ak_name->size };
    uint8_t mac[BL_HASH_SIZE_MAX];

    BL_TRY(check_arguments(ek, ak_name, credential, err));
    BL_TRY(share_seed(ek, &seed, &shared, err));
    BL_TRY(encrypt(ek, &seed, name, credential, &encrypted, err));
    BL_TRY(authenticate(ek, &seed, name, bulla_buffer_bytes(&encrypted), mac, err));

    struct bl_writer w = bl_writer(&object); /* TPMS_ID_OBJECT */
    bl_write_sized_u16be(&w, (struct bulla_bytes){ mac, bl_hash_size(ek->name_hash) });
    bl_write_bytes(&w, bulla_buffer_bytes(&encrypted));
    BL_TRY(bl_writer_finish(&w, err));
    w = bl_writer(id_object_out);
    bl_write_sized_u16be(&w, bulla_buffer_bytes(&object));
    BL_TRY(bl_writer_finish(&w, err));
    w = bl_writer(encrypted_secret_out);
    bl_write_sized_u16be(&w, bulla_buffer_bytes(&shared));
    return bl_writer_finish(&w, err);
}
