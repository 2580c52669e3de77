/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tpm_keys.c: storage root keys and salted sessions.
 *
 * Spec: TCG TPM v2.0 Provisioning Guidance, 7.5.1 (SRK at 0x81000001); TPM 2.0 Part 1, 19.6 (salted
 * sessions) and 21 (parameter encryption). The Name of a primary key is a function of the TPM's seed
 * and of the template, so a recorded Name finds its key among the customary templates even after
 * the persistent copy is gone or replaced.
 * Guarantees: a session exists only with a salt encrypted to a key whose Name was compared where one
 * was recorded: a fake TPM between us and the real one cannot end it.
 */
#include "base/memory.h"
#include "codec/reader.h"
#include "device/tpm_internal.h"

#define SRK_PERSISTENT 0x81000001u
#define ESYS_RESOURCE_KEY 1 /* IESYSC_KEY_RSRC */
#define SRK_ATTRIBUTES                                                                  \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
     TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)
#define SRK_ATTRIBUTES_REQUIRED (SRK_ATTRIBUTES & ~TPMA_OBJECT_USERWITHAUTH)

struct srk_template {
    TPMI_ALG_PUBLIC type;
    uint16_t unique_size; /* of each coordinate, or of the modulus: zeros */
    TPMA_OBJECT attributes;
};

/* The first is the one that we make; the slow RSA keys come last. */
static const struct srk_template templates[] = {
    { TPM2_ALG_ECC, 32, SRK_ATTRIBUTES | TPMA_OBJECT_NODA },  /* TCG, go-tpm */
    { TPM2_ALG_ECC, 0, SRK_ATTRIBUTES | TPMA_OBJECT_NODA },   /* systemd */
    { TPM2_ALG_ECC, 0, SRK_ATTRIBUTES },                      /* systemd before 254 */
    { TPM2_ALG_RSA, 256, SRK_ATTRIBUTES | TPMA_OBJECT_NODA }, /* TCG, Windows */
    { TPM2_ALG_RSA, 0, SRK_ATTRIBUTES | TPMA_OBJECT_NODA },
};
#define TEMPLATE_COUNT (sizeof templates / sizeof templates[0])

static const TPMT_SYM_DEF_OBJECT aes_128_cfb = { .algorithm = TPM2_ALG_AES,
                                                 .keyBits.aes = 128,
                                                 .mode.aes = TPM2_ALG_CFB };

static TPM2B_PUBLIC
srk_public(const struct srk_template *template)
{
    TPM2B_PUBLIC p = { .publicArea = { .type = template->type,
                                       .nameAlg = TPM2_ALG_SHA256,
                                       .objectAttributes = template->attributes } };

    if (template->type == TPM2_ALG_ECC) {
        p.publicArea.parameters.eccDetail = (TPMS_ECC_PARMS){ .symmetric = aes_128_cfb,
                                                              .scheme.scheme = TPM2_ALG_NULL,
                                                              .curveID = TPM2_ECC_NIST_P256,
                                                              .kdf.scheme = TPM2_ALG_NULL };
        p.publicArea.unique.ecc.x.size = template->unique_size;
        p.publicArea.unique.ecc.y.size = template->unique_size;
    } else {
        p.publicArea.parameters.rsaDetail = (TPMS_RSA_PARMS){ .symmetric = aes_128_cfb,
                                                              .scheme.scheme = TPM2_ALG_NULL,
                                                              .keyBits = 2048 };
        p.publicArea.unique.rsa.size = template->unique_size;
    }
    return p;
}

static enum bulla_status
make_srk(struct bl_tpm *tpm, const struct srk_template *template, struct bl_tpm_handle *srk_out,
         struct bulla_error *err)
{
    static const TPM2B_SENSITIVE_CREATE no_secret;
    static const TPM2B_DATA no_data;
    static const TPML_PCR_SELECTION no_pcr;
    TPM2B_PUBLIC public_area = srk_public(template);
    ESYS_TR tr = ESYS_TR_NONE;

    TSS2_RC rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                    ESYS_TR_NONE, &no_secret, &public_area, &no_data, &no_pcr, &tr,
                                    NULL, NULL, NULL, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the storage root key cannot be made", err);
    *srk_out = (struct bl_tpm_handle){ .tpm = tpm, .tr = tr };
    return BULLA_OK;
}

/* What Esys_TR_Serialize() gives of a key: handle, Name, kind of resource, public area. */
static enum bulla_status
read_serialized(struct bulla_bytes serialized, struct bulla_bytes *name_out,
                struct bulla_bytes *area_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(serialized, "ESYS key");

    bl_skip(&r, 4);
    *name_out = bl_read_view(&r, bl_read_u16be(&r));
    if (bl_read_u32be(&r) != ESYS_RESOURCE_KEY)
        bl_reader_fail(&r, "not a key");
    *area_out = bl_read_view(&r, bl_read_u16be(&r));
    return bl_reader_finish(&r, err);
}

/* Part 1, 16: nameAlg || H(public area), where nameAlg is the second field of the area. */
static enum bulla_status
name_of_area(struct bulla_bytes area, struct bl_tpm_name *name_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(area, "public area");
    struct bl_tpm_name name = { 0 };

    bl_skip(&r, 2);
    uint16_t algorithm = bl_read_u16be(&r);
    BL_TRY(bl_reader_ok(&r, err));
    enum bl_hash hash = algorithm == TPM2_ALG_SHA256   ? BL_SHA256
                        : algorithm == TPM2_ALG_SHA384 ? BL_SHA384
                                                       : BL_HASH_NONE;
    if (hash == BL_HASH_NONE)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "public area", "unknown name algorithm",
                          algorithm);
    name.bytes[0] = (uint8_t)(algorithm >> 8);
    name.bytes[1] = (uint8_t)(algorithm & 0xff);
    BL_TRY(bl_hash_once(hash, area, name.bytes + 2, err));
    name.size = 2 + bl_hash_size(hash);
    *name_out = name;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_key_name(const struct bl_tpm_handle *key, struct bl_tpm_name *name_out,
                struct bulla_error *err)
{
    uint8_t *serialized = NULL;
    size_t size = 0;
    struct bulla_bytes told = { 0 };
    struct bulla_bytes area = { 0 };
    struct bl_tpm_name name = { 0 };

    TSS2_RC rc = Esys_TR_Serialize(key->tpm->esys, key->tr, &serialized, &size);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(key->tpm, rc, "the key cannot be looked at", err);
    enum bulla_status status =
        read_serialized((struct bulla_bytes){ serialized, size }, &told, &area, err);
    if (status == BULLA_OK)
        status = name_of_area(area, &name, err);
    if (status == BULLA_OK && !bl_equal(told, (struct bulla_bytes){ name.bytes, name.size }))
        status = bulla_fail_cause(err, BULLA_CAUSE_TPM_FAILED, "TPM",
                                  "the key that it shows is not the one that it names");
    Esys_Free(serialized);
    BL_TRY(status);
    *name_out = name;
    return BULLA_OK;
}

/* A restricted decryption key that never leaves the TPM, with AES of at least 128 bits under it. */
static bool
is_acceptable(const TPMT_PUBLIC *area)
{
    const TPMT_SYM_DEF_OBJECT *symmetric = NULL;
    bool is_strong = false;

    if (area->type == TPM2_ALG_ECC) {
        symmetric = &area->parameters.eccDetail.symmetric;
        is_strong = area->parameters.eccDetail.curveID == TPM2_ECC_NIST_P256 ||
                    area->parameters.eccDetail.curveID == TPM2_ECC_NIST_P384;
    } else if (area->type == TPM2_ALG_RSA) {
        symmetric = &area->parameters.rsaDetail.symmetric;
        is_strong = area->parameters.rsaDetail.keyBits >= 2048;
    }
    return is_strong &&
           (area->objectAttributes & SRK_ATTRIBUTES_REQUIRED) == SRK_ATTRIBUTES_REQUIRED &&
           (area->objectAttributes & TPMA_OBJECT_SIGN_ENCRYPT) == 0 &&
           (area->nameAlg == TPM2_ALG_SHA256 || area->nameAlg == TPM2_ALG_SHA384) &&
           symmetric->algorithm == TPM2_ALG_AES && symmetric->keyBits.aes >= 128 &&
           symmetric->mode.aes == TPM2_ALG_CFB;
}

/* *found_out is false if there is no key at 0x81000001, or none that we would use. */
static enum bulla_status
open_persistent(struct bl_tpm *tpm, struct bl_tpm_handle *srk_out, bool *found_out,
                struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    TPM2B_PUBLIC *public_area = NULL;
    ESYS_TR tr = ESYS_TR_NONE;

    *found_out = false;
    TSS2_RC rc = Esys_TR_FromTPMPublic(tpm->esys, SRK_PERSISTENT, ESYS_TR_NONE, ESYS_TR_NONE,
                                       ESYS_TR_NONE, &tr);
    if (bl_tpm_code(rc) == TPM2_RC_HANDLE)
        return BULLA_OK;
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the storage root key cannot be read", err);
    srk = (struct bl_tpm_handle){ .tpm = tpm, .tr = tr, .stays = true };
    rc = Esys_ReadPublic(tpm->esys, tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public_area,
                         NULL, NULL);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the storage root key cannot be read", err);
    *found_out = is_acceptable(&public_area->publicArea);
    Esys_Free(public_area);
    if (*found_out) {
        *srk_out = srk;
        srk = (struct bl_tpm_handle){ 0 };
    }
    return BULLA_OK;
}

/* Move *srk to *srk_out if it has the Name that is wanted. */
static enum bulla_status
take_if_named(struct bl_tpm_handle *srk, const struct bl_tpm_name *wanted,
              struct bl_tpm_handle *srk_out, bool *taken_out, struct bulla_error *err)
{
    struct bl_tpm_name name = { 0 };

    BL_TRY(bl_tpm_key_name(srk, &name, err));
    *taken_out = bl_tpm_name_equal(&name, wanted);
    if (*taken_out) {
        *srk_out = *srk;
        *srk = (struct bl_tpm_handle){ 0 };
    }
    return BULLA_OK;
}

static enum bulla_status
srk_of_name(struct bl_tpm *tpm, const struct bl_tpm_name *wanted, struct bl_tpm_handle *srk_out,
            struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) persistent = { 0 };
    bool found = false;

    BL_TRY(open_persistent(tpm, &persistent, &found, err));
    if (found)
        BL_TRY(take_if_named(&persistent, wanted, srk_out, &found, err));
    for (size_t i = 0; !found && i < TEMPLATE_COUNT; i++) {
        BL_AUTO(bl_tpm_handle) primary = { 0 };
        BL_TRY(make_srk(tpm, &templates[i], &primary, err));
        BL_TRY(take_if_named(&primary, wanted, srk_out, &found, err));
    }
    if (!found)
        return bulla_fail_cause(err, BULLA_CAUSE_WRONG_TPM, "sealed object",
                                "this TPM does not have its parent");
    return BULLA_OK;
}

enum bulla_status
bl_tpm_srk(struct bl_tpm *tpm, const struct bl_tpm_name *wanted, struct bl_tpm_handle *srk_out,
           struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    struct bl_tpm_name name = { 0 };
    bool found = false;

    if (wanted != NULL)
        return srk_of_name(tpm, wanted, srk_out, err);
    BL_TRY(open_persistent(tpm, &srk, &found, err));
    if (!found)
        BL_TRY(make_srk(tpm, &templates[0], &srk, err));
    BL_TRY(bl_tpm_key_name(&srk, &name, err)); /* it is the one that it claims to be */
    *srk_out = srk;
    srk = (struct bl_tpm_handle){ 0 };
    return BULLA_OK;
}

enum bulla_status
bl_tpm_srk_name(struct bl_tpm *tpm, struct bl_tpm_name *name_out, struct bulla_error *err)
{
    BL_AUTO(bl_tpm_handle) srk = { 0 };

    BL_TRY(bl_tpm_srk(tpm, NULL, &srk, err));
    return bl_tpm_key_name(&srk, name_out, err);
}

enum bulla_status
bl_tpm_session(struct bl_tpm *tpm, const struct bl_tpm_handle *salt_key, TPM2_SE type,
               TPMA_SESSION attributes, struct bl_tpm_handle *session_out, struct bulla_error *err)
{
    static const TPMT_SYM_DEF symmetric = { .algorithm = TPM2_ALG_AES,
                                            .keyBits.aes = 128,
                                            .mode.aes = TPM2_ALG_CFB };
    BL_AUTO(bl_tpm_handle) session = { 0 };
    ESYS_TR tr = ESYS_TR_NONE;

    if (salt_key->tpm != tpm || salt_key->tr == ESYS_TR_NONE)
        return bulla_fail(err, BULLA_E_ARGUMENT, "TPM session", "it would have no salt", 0);
    TSS2_RC rc =
        Esys_StartAuthSession(tpm->esys, salt_key->tr, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                              ESYS_TR_NONE, NULL, type, &symmetric, TPM2_ALG_SHA256, &tr);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "no session can be started", err);
    session = (struct bl_tpm_handle){ .tpm = tpm, .tr = tr };
    rc = Esys_TRSess_SetAttributes(tpm->esys, tr, attributes | TPMA_SESSION_CONTINUESESSION, 0xff);
    if (rc != TSS2_RC_SUCCESS)
        return bl_tpm_fail(tpm, rc, "the session cannot be set up", err);
    *session_out = session;
    session = (struct bl_tpm_handle){ 0 };
    return BULLA_OK;
}
