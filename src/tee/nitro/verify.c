/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nitro/verify.h"

#include <string.h>

#include "base/memory.h"
#include "codec/hex.h"
#include "crypto/cose_sign1.h"
#include "tee/signature.h"
#include "tee/x509path/path.h"

static const char kind[] = "nitro";
static const char vendor[] = "aws-nitro";
static const char where[] = "Nitro document";

/* -- certificates ------------------------------------------------------------------------------ */

static enum bulla_status
append(struct bl_certificate_list *list, struct bulla_bytes der, struct bulla_error *err)
{
    BL_TRY(bl_certificate_parse(der, &list->items[list->count], err));
    list->count++;
    return BULLA_OK;
}

/* Leaf first, root last: the reverse of the bundle. */
static enum bulla_status
read_certificates(const struct bl_nitro_document *d, struct bl_certificate_list *list,
                  struct bulla_error *err)
{
    BL_TRY(append(list, d->certificate, err));
    for (size_t i = d->cabundle_count; i-- > 0;)
        BL_TRY(append(list, d->cabundle[i], err));
    return BULLA_OK;
}

/* A root among the collateral adds no trust: it must be a pinned one as well. */
static enum bulla_status
check_given_roots(const struct bl_verification *v, struct bulla_error *err)
{
    const struct bl_anchor *ignored = NULL;

    for (size_t i = 0; bl_part_at(v, "root", i).data != NULL; i++) {
        BL_AUTO(bl_certificate_list) given = { 0 };
        BL_TRY(bl_certificate_list_read(bl_part_at(v, "root", i), &given, err));
        for (size_t j = 0; j < given.count; j++)
            BL_TRY(bl_anchor_of_root(v, vendor, given.items[j], &ignored, err));
    }
    return BULLA_OK;
}

static enum bulla_status
check_key_kinds(const struct bl_certificate_list *list, struct bulla_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        BL_TRY(bl_certificate_key(list->items[i], &key, err));
        if (bl_key_kind(key) != BL_KEY_P384)
            return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                              "a key that is not on P-384", i);
    }
    return BULLA_OK;
}

static enum bulla_status
verify_certificates(const struct bl_verification *v, const struct bl_certificate_list *list,
                    const struct bl_anchor **anchor_out, struct bulla_error *err)
{
    const struct bl_certificate *const *chain = (const struct bl_certificate *const *)list->items;

    BL_TRY(check_key_kinds(list, err));
    BL_TRY(bl_path_verify_to_root(v, vendor, chain, list->count, NULL, anchor_out, err));
    if (!bl_certificate_may_sign_data(chain[0]))
        return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                          "the key that signed may not sign documents", 0);
    return BULLA_OK;
}

/* -- the document ------------------------------------------------------------------------------ */

static enum bulla_status
verify_signature(const struct bl_verification *v, const struct bl_certificate *leaf,
                 struct bulla_error *err)
{
    static const struct bl_cose_context context = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bl_cose_sign1 message;
    struct bulla_error why = { 0 };

    BL_TRY(bl_certificate_key(leaf, &key, err));
    enum bulla_status status = bl_cose_sign1_verify(key, &context, v->evidence, &message, &why);
    return bl_signature_told(
        status, &why, (struct bl_signature_blame){ BULLA_CAUSE_COSE_SIGNATURE, where, why.what },
        err);
}

/* Each input of this name must be what the field carries. */
static enum bulla_status
check_field(const struct bl_verification *v, const char *name, const struct bl_nitro_field *field,
            struct bulla_error *err)
{
    for (size_t i = 0; i < v->input_count; i++) {
        BL_AUTO(bulla_buffer) wanted = { 0 };
        if (strcmp(v->inputs[i].role, name) != 0)
            continue;
        if (bl_hex_decode(v->inputs[i].bytes, &wanted, NULL) != BULLA_OK)
            return bulla_fail(err, BULLA_E_USAGE, name, "not hexadecimal", 0);
        if (!field->is_present || !bl_equal(field->bytes, bulla_buffer_bytes(&wanted)))
            return bulla_fail_cause(err, BULLA_CAUSE_BINDING_MISMATCH, where,
                                    "it does not carry what was asked for");
    }
    return BULLA_OK;
}

static enum bulla_status
check_binding(const struct bl_verification *v, const struct bl_nitro_document *d,
              struct bulla_error *err)
{
    BL_TRY(bl_check_binder(v, d->nonce.bytes, err));
    BL_TRY(check_field(v, "user_data", &d->user_data, err));
    return check_field(v, "public_key", &d->public_key, err);
}

/* -- what it says ------------------------------------------------------------------------------ */

enum bulla_status
bl_nitro_code(const struct bl_nitro_document *document, uint8_t digest_out[48],
              struct bulla_error *err)
{
    return bl_hash_parts(BL_SHA384, document->pcrs, 3, digest_out, err);
}

static enum bulla_status
claim_enclave(const struct bl_nitro_document *d, struct bl_claims *claims, struct bulla_error *err)
{
    const struct bulla_bytes signer = d->pcrs[8];

    BL_TRY(bl_nitro_code(d, claims->code.bytes, err));
    claims->code.size = bl_hash_size(BL_SHA384);
    if (!bl_all_zero(signer)) {
        memcpy(claims->signer.bytes, signer.data, signer.size);
        claims->signer.size = signer.size;
    }
    claims->isolation = BL_ISOLATION_VM;
    claims->registers.hash = d->digest;
    for (unsigned i = 0; i < BL_PCR_COUNT; i++)
        if ((d->pcr_mask >> i & 1u) != 0)
            BL_TRY(bl_pcr_set(&claims->registers, i, d->pcrs[i], err));
    claims->debug = (struct bl_claim_flag){ .is_present = true, .value = bl_nitro_is_debug(d) };
    return BULLA_OK;
}

static enum bulla_status
claim_tpm(const struct bl_nitro_document *d, struct bl_tpm_claims *tpm, struct bulla_error *err)
{
    tpm->is_present = true;
    tpm->signature_hash = BL_SHA384;
    tpm->selection = (struct bl_pcr_selection){ .bank = d->digest, .mask = d->pcr_mask };
    tpm->pcrs.hash = d->digest;
    for (unsigned i = 0; i < BL_NITRO_TPM_PCR_COUNT; i++)
        BL_TRY(bl_pcr_set(&tpm->pcrs, i, d->pcrs[i], err));
    return BULLA_OK;
}

/* "i-0123-enc4567": the instance, and what of it. */
static enum bulla_status
claim_platform_id(const struct bl_nitro_document *d, struct bl_claim_bytes *id,
                  struct bulla_error *err)
{
    static const char prefix[] = "i-";
    struct bulla_bytes instance = d->module_id;
    size_t at = strlen(prefix);

    if (instance.size > at && memcmp(instance.data, prefix, at) == 0) {
        const uint8_t *dash = memchr(instance.data + at, '-', instance.size - at);
        if (dash != NULL)
            instance.size = (size_t)(dash - instance.data);
    }
    id->size = bl_hash_size(BL_SHA256);
    return bl_hash_once(BL_SHA256, instance, id->bytes, err);
}

enum bulla_status
bl_nitro_verify(const struct bl_verification *v, struct bl_claims *claims_out,
                struct bulla_error *err)
{
    struct bl_nitro_document d;
    struct bl_claims claims = { .kind = kind, .binding = v->binding };
    BL_AUTO(bl_certificate_list) certificates = { 0 };
    const struct bl_anchor *anchor = NULL;

    BL_TRY(bl_nitro_decode(v->evidence, &d, err));
    BL_TRY(check_given_roots(v, err));
    BL_TRY(read_certificates(&d, &certificates, err));
    BL_TRY(verify_certificates(v, &certificates, &anchor, err));
    BL_TRY(verify_signature(v, certificates.items[0], err));
    BL_TRY(check_binding(v, &d, err));
    BL_TRY(claim_platform_id(&d, &claims.platform_id, err));
    BL_TRY(d.is_of_tpm ? claim_tpm(&d, &claims.platform, err) : claim_enclave(&d, &claims, err));
    claims.anchor = anchor->name;
    claims.platform_class = anchor->platform_class;
    *claims_out = claims;
    return BULLA_OK;
}
