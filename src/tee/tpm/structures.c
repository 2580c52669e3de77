/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/structures.h"

#include <string.h>

#include "base/memory.h"
#include "codec/reader.h"

#define RSA_EXPONENT_DEFAULT 65537u
#define SELECT_SIZE_MAX 4u /* bytes: PCR_SELECT_MAX of any known TPM; bits 24 to 31 must be clear */
#define TPM2B_SIZE_MAX 1024u /* bytes: the largest member of these structures is an RSA-4096 key */

static struct bulla_bytes
read_tpm2b(struct bl_reader *r)
{
    size_t size = bl_read_u16be(r);

    if (size > TPM2B_SIZE_MAX)
        bl_reader_fail(r, "part too long");
    return bl_read_view(r, size);
}

static size_t
curve_size(uint16_t curve)
{
    return curve == BL_TPM_CURVE_P256 ? 32 : curve == BL_TPM_CURVE_P384 ? 48 : 0;
}

/* -- TPMT_PUBLIC ------------------------------------------------------------------------------- */

/* TPMT_SYM_DEF_OBJECT */
static void
read_symmetric(struct bl_reader *r, struct bl_tpm_public *p)
{
    p->symmetric = bl_read_u16be(r);
    if (p->symmetric == BL_TPM_ALG_NULL)
        return;
    if (p->symmetric != BL_TPM_ALG_AES)
        bl_reader_fail(r, "symmetric algorithm is not AES");
    p->symmetric_bits = bl_read_u16be(r);
    p->symmetric_mode = bl_read_u16be(r);
}

/* TPMT_RSA_SCHEME and TPMT_ECC_SCHEME: signing schemes with one hash, or none. */
static void
read_scheme(struct bl_reader *r, struct bl_tpm_public *p)
{
    bool is_rsa = p->type == BL_TPM_ALG_RSA;

    p->scheme = bl_read_u16be(r);
    if (p->scheme == BL_TPM_ALG_NULL)
        return;
    if (is_rsa ? p->scheme != BL_TPM_ALG_RSASSA && p->scheme != BL_TPM_ALG_RSAPSS
               : p->scheme != BL_TPM_ALG_ECDSA)
        bl_reader_fail(r, "unknown scheme");
    p->scheme_hash = bl_tcg_hash(bl_read_u16be(r));
    if (p->scheme_hash == BL_HASH_NONE)
        bl_reader_fail(r, "unknown hash");
}

static void
read_rsa(struct bl_reader *r, struct bl_tpm_public *p)
{
    p->rsa_bits = bl_read_u16be(r);
    p->rsa_exponent = bl_read_u32be(r);
    if (p->rsa_exponent == 0)
        p->rsa_exponent = RSA_EXPONENT_DEFAULT;
    p->unique_x = read_tpm2b(r);
    if (p->unique_x.size * 8 != p->rsa_bits)
        bl_reader_fail(r, "modulus is not of the stated size");
}

static void
read_ecc(struct bl_reader *r, struct bl_tpm_public *p)
{
    p->curve = bl_read_u16be(r);
    if (bl_read_u16be(r) != BL_TPM_ALG_NULL) /* TPMT_KDF_SCHEME: no key of evidence has one */
        bl_reader_fail(r, "key derivation scheme");
    p->unique_x = read_tpm2b(r);
    p->unique_y = read_tpm2b(r);
    size_t size = curve_size(p->curve);
    if (size == 0 || p->unique_x.size > size || p->unique_y.size > size)
        bl_reader_fail(r, "unknown curve, or coordinates longer than it");
}

enum bulla_status
bl_tpmt_public_decode(struct bulla_bytes bytes, struct bl_tpm_public *public_out,
                      struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "TPMT_PUBLIC");
    struct bl_tpm_public p = { .encoded = bytes };

    p.type = bl_read_u16be(&r);
    p.name_hash = bl_tcg_hash(bl_read_u16be(&r));
    p.attributes = bl_read_u32be(&r);
    p.policy = read_tpm2b(&r);
    BL_TRY(bl_reader_ok(&r, err));
    if (p.type != BL_TPM_ALG_RSA && p.type != BL_TPM_ALG_ECC)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "TPMT_PUBLIC", "neither RSA nor ECC", 0);
    if (p.name_hash == BL_HASH_NONE || p.name_hash == BL_SHA1)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "TPMT_PUBLIC", "name algorithm", 2);
    read_symmetric(&r, &p);
    read_scheme(&r, &p);
    if (p.type == BL_TPM_ALG_RSA)
        read_rsa(&r, &p);
    else
        read_ecc(&r, &p);
    BL_TRY(bl_reader_finish(&r, err));
    *public_out = p;
    return BULLA_OK;
}

enum bulla_status
bl_tpm2b_public_decode(struct bulla_bytes bytes, struct bl_tpm_public *public_out,
                       struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "TPM2B_PUBLIC");
    struct bulla_bytes inner = read_tpm2b(&r);

    BL_TRY(bl_reader_finish(&r, err));
    return bl_tpmt_public_decode(inner, public_out, err);
}

enum bulla_status
bl_tpm_public_name(const struct bl_tpm_public *public_area, struct bl_tpm_name *name_out,
                   struct bulla_error *err)
{
    struct bl_tpm_name name = { .size = 2 + bl_hash_size(public_area->name_hash) };
    uint16_t algorithm = bl_tcg_algorithm(public_area->name_hash);

    name.bytes[0] = (uint8_t)(algorithm >> 8);
    name.bytes[1] = (uint8_t)algorithm;
    BL_TRY(bl_hash_once(public_area->name_hash, public_area->encoded, name.bytes + 2, err));
    *name_out = name;
    return BULLA_OK;
}

/* 04 | x | y, each padded on the left: a TPM may leave leading zeros out. */
static enum bulla_status
ecc_key(const struct bl_tpm_public *p, struct bl_key **key_out, struct bulla_error *err)
{
    uint8_t raw[1 + 2 * 48] = { 0x04 };
    size_t size = curve_size(p->curve);

    memcpy(raw + 1 + size - p->unique_x.size, p->unique_x.data, p->unique_x.size);
    memcpy(raw + 1 + 2 * size - p->unique_y.size, p->unique_y.data, p->unique_y.size);
    return bl_key_from_raw_public(p->curve == BL_TPM_CURVE_P256 ? BL_KEY_P256 : BL_KEY_P384,
                                  (struct bulla_bytes){ raw, 1 + 2 * size }, key_out, err);
}

enum bulla_status
bl_tpm_public_key(const struct bl_tpm_public *public_area, struct bl_key **key_out,
                  struct bulla_error *err)
{
    if (public_area->type == BL_TPM_ALG_ECC && public_area->unique_x.size > 0 &&
        public_area->unique_y.size > 0)
        return ecc_key(public_area, key_out, err);
    if (public_area->type == BL_TPM_ALG_RSA)
        return bl_key_from_rsa_public(public_area->unique_x, public_area->rsa_exponent, key_out,
                                      err);
    return bulla_fail(err, BULLA_E_MALFORMED, "TPMT_PUBLIC", "no key in it", 0);
}

enum bulla_status
bl_tpm_key_digest(const struct bl_key *key, uint8_t digest_out[32], struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) spki = { 0 };

    BL_TRY(bl_key_spki(key, &spki, err));
    return bl_hash_once(BL_SHA256, bulla_buffer_bytes(&spki), digest_out, err);
}

/* -- TPMS_ATTEST ------------------------------------------------------------------------------- */

/* TPMS_PCR_SELECTION: byte i, bit k is PCR 8i+k. */
static void
read_selection(struct bl_reader *r, struct bl_pcr_selection *selection)
{
    selection->bank = bl_tcg_hash(bl_read_u16be(r));
    size_t size = bl_read_u8(r);
    if (size > SELECT_SIZE_MAX)
        bl_reader_fail(r, "PCR selection too long");
    struct bulla_bytes bits = bl_read_view(r, size);
    selection->mask = 0;
    for (size_t i = 0; i < bits.size; i++)
        selection->mask |= (uint32_t)bits.data[i] << (8 * i);
    if ((selection->mask & ~BL_PCR_MASK_ALL) != 0)
        bl_reader_fail(r, "no such PCR");
}

/* TPMS_QUOTE_INFO */
static enum bulla_status
read_quote_info(struct bl_reader *r, struct bl_tpm_attest *attest, struct bulla_error *err)
{
    uint32_t count = bl_read_u32be(r);

    BL_TRY(bl_reader_ok(r, err));
    if (count > BL_TPM_SELECTION_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "TPMS_ATTEST", "too many PCR selections", count);
    attest->selection_count = count;
    for (uint32_t i = 0; i < count; i++)
        read_selection(r, &attest->selections[i]);
    attest->pcr_digest = read_tpm2b(r);
    return bl_reader_finish(r, err);
}

enum bulla_status
bl_tpm_attest_decode(struct bulla_bytes bytes, struct bl_tpm_attest *attest_out,
                     struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "TPMS_ATTEST");
    struct bl_tpm_attest attest = { 0 };

    uint32_t magic = bl_read_u32be(&r);
    uint16_t type = bl_read_u16be(&r);
    BL_TRY(bl_reader_ok(&r, err));
    if (magic != BL_TPM_GENERATED) /* CVE-2024-29038: anybody's bytes, signed by the same key */
        return bulla_fail_cause(err, BULLA_CAUSE_NOT_A_QUOTE, "TPMS_ATTEST",
                                "was not made by a TPM (magic)");
    if (type != BL_TPM_ST_ATTEST_QUOTE) /* GHSA-gwfg-w3jr-xh66 */
        return bulla_fail_cause(err, BULLA_CAUSE_NOT_A_QUOTE, "TPMS_ATTEST",
                                "attests something else than PCRs (type)");
    attest.qualified_signer = read_tpm2b(&r);
    attest.extra_data = read_tpm2b(&r);
    attest.clock_ms = bl_read_u64be(&r);
    attest.reset_count = bl_read_u32be(&r);
    attest.restart_count = bl_read_u32be(&r);
    uint8_t safe = bl_read_u8(&r);
    if (safe > 1)
        bl_reader_fail(&r, "TPMI_YES_NO");
    attest.clock_is_safe = safe == 1;
    attest.firmware_version = bl_read_u64be(&r);
    BL_TRY(read_quote_info(&r, &attest, err));
    *attest_out = attest;
    return BULLA_OK;
}

/* -- TPMT_SIGNATURE ---------------------------------------------------------------------------- */

static void
append_padded(struct bl_reader *r, size_t size, struct bl_tpm_signature *signature)
{
    struct bulla_bytes part = read_tpm2b(r);

    if (part.size == 0 || part.size > size) {
        bl_reader_fail(r, "signature is not of the key's size");
        return;
    }
    memcpy(signature->raw + signature->raw_size + size - part.size, part.data, part.size);
    signature->raw_size += size;
}

enum bulla_status
bl_tpm_signature_decode(struct bulla_bytes bytes, const struct bl_key *key,
                        struct bl_tpm_signature *signature_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "TPMT_SIGNATURE");
    struct bl_tpm_signature signature = { 0 };
    enum bl_key_kind kind = bl_key_kind(key);

    signature.scheme = bl_read_u16be(&r);
    signature.hash = bl_tcg_hash(bl_read_u16be(&r));
    BL_TRY(bl_reader_ok(&r, err));
    if (signature.hash == BL_HASH_NONE)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "TPMT_SIGNATURE", "unknown hash", 2);
    if (signature.scheme == BL_TPM_ALG_ECDSA && (kind == BL_KEY_P256 || kind == BL_KEY_P384)) {
        size_t size = kind == BL_KEY_P256 ? 32 : 48;
        append_padded(&r, size, &signature);
        append_padded(&r, size, &signature);
    } else if ((signature.scheme == BL_TPM_ALG_RSASSA || signature.scheme == BL_TPM_ALG_RSAPSS) &&
               kind == BL_KEY_RSA) {
        struct bulla_bytes value = read_tpm2b(&r);
        if (value.size == 0 || value.size > sizeof signature.raw)
            bl_reader_fail(&r, "signature is of no key's size");
        else
            memcpy(signature.raw, value.data, value.size);
        signature.raw_size = value.size;
    } else {
        return bulla_fail(err, BULLA_E_SIGNATURE, "TPMT_SIGNATURE", "scheme does not fit the key",
                          0);
    }
    BL_TRY(bl_reader_finish(&r, err));
    *signature_out = signature;
    return BULLA_OK;
}
