/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/identity.c: see identity.h. The payload is a CBOR array of eight:
 * ["bulla-identity/1", name, product, version, code, config, signer, [PCR 8, 9, 10, 12]].
 */
#include "enclave/identity.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "crypto/cose_sign1.h"
#include "crypto/hash.h"

#define LABEL "bulla-identity/1"
#define CONTENT_TYPE "application/vnd.bulla.identity"
#define FIELD_COUNT 8u

static const char where[] = "enclave identity";

/** What is known before the start: all but the isolation (11). */
static const unsigned predicted[] = { BL_ENCLAVE_PCR_CODE, BL_ENCLAVE_PCR_SIGNER,
                                      BL_ENCLAVE_PCR_CONFIG, BL_ENCLAVE_PCR_VERSION };
#define PREDICTED_COUNT (sizeof predicted / sizeof predicted[0])

static const struct bl_cose_context context = {
    .content_type = { (const uint8_t *)CONTENT_TYPE, sizeof CONTENT_TYPE - 1 },
};

struct bl_identity_document
bl_identity_document_make(const struct bl_manifest *manifest, const uint8_t code[32])
{
    struct bl_identity_document document = { .version = manifest->version };

    memcpy(document.name, manifest->name, strlen(manifest->name));
    memcpy(document.product, manifest->product, strlen(manifest->product));
    memcpy(document.code, code, sizeof document.code);
    memcpy(document.config, manifest->digest, sizeof document.config);
    memcpy(document.signer, manifest->signer_digest, sizeof document.signer);
    return document;
}

struct bl_enclave_identity
bl_identity_document_enclave(const struct bl_identity_document *document)
{
    struct bl_enclave_identity identity = { .version = document->version };

    memcpy(identity.code, document->code, sizeof identity.code);
    memcpy(identity.signer, document->signer, sizeof identity.signer);
    memcpy(identity.product, document->product, sizeof identity.product);
    memcpy(identity.config, document->config, sizeof identity.config);
    return identity;
}

/** A PCR that was extended once, from zeros. */
static enum bulla_status
predict(const struct bl_identity_document *document, uint8_t values_out[PREDICTED_COUNT][32],
        struct bulla_error *err)
{
    static const uint8_t zeros[32] = { 0 };
    struct bl_enclave_identity identity = bl_identity_document_enclave(document);
    uint8_t digests[BL_ENCLAVE_PCR_COUNT][32];

    BL_TRY(bl_enclave_digests(&identity, digests, err));
    for (size_t i = 0; i < PREDICTED_COUNT; i++) {
        const uint8_t *digest = digests[predicted[i] - BL_ENCLAVE_PCR_FIRST];
        const struct bulla_bytes parts[] = { BL_BYTES_OF(zeros), { digest, 32 } };
        BL_TRY(bl_hash_parts(BL_SHA256, parts, 2, values_out[i], err));
    }
    return BULLA_OK;
}

static enum bulla_status
key_digest(const struct bl_key *key, uint8_t out[32], struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) spki = { 0 };

    BL_TRY(bl_key_spki(key, &spki, err));
    return bl_hash_once(BL_SHA256, bulla_buffer_bytes(&spki), out, err);
}

static void
write_text(struct bl_writer *w, const char *text)
{
    bl_cbor_write_text(w, (struct bulla_bytes){ (const uint8_t *)text, strlen(text) });
}

static enum bulla_status
write_payload(const struct bl_identity_document *document, struct bulla_buffer *out,
              struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);
    uint8_t values[PREDICTED_COUNT][32];

    BL_TRY(predict(document, values, err));
    bl_cbor_write_array(&w, FIELD_COUNT);
    bl_cbor_write_text(&w, BL_LITERAL(LABEL));
    write_text(&w, document->name);
    write_text(&w, document->product);
    bl_cbor_write_uint(&w, document->version);
    bl_cbor_write_bytes(&w, BL_BYTES_OF(document->code));
    bl_cbor_write_bytes(&w, BL_BYTES_OF(document->config));
    bl_cbor_write_bytes(&w, BL_BYTES_OF(document->signer));
    bl_cbor_write_array(&w, PREDICTED_COUNT);
    for (size_t i = 0; i < PREDICTED_COUNT; i++)
        bl_cbor_write_bytes(&w, BL_BYTES_OF(values[i]));
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_identity_document_sign(const struct bl_identity_document *document, const struct bl_key *signer,
                          struct bulla_buffer *bytes_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) payload = { 0 };
    uint8_t digest[32];

    if (bl_key_kind(signer) != BL_KEY_ED25519)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "not a signing key", 0);
    BL_TRY(key_digest(signer, digest, err));
    if (!bl_equal(BL_BYTES_OF(digest), BL_BYTES_OF(document->signer))) {
        enum bulla_status status =
            bulla_fail(err, BULLA_E_IDENTITY, where, "not the signer that the manifest names", 0);
        bulla_error_values(err, bulla_value_bytes(BL_BYTES_OF(digest)),
                           bulla_value_bytes(BL_BYTES_OF(document->signer)));
        return status;
    }
    BL_TRY(write_payload(document, &payload, err));
    return bl_cose_sign1_sign(signer, &context, (struct bulla_bytes){ 0 },
                              bulla_buffer_bytes(&payload), bytes_out, err);
}

static void
read_word(struct bl_reader *r, size_t size_max, char *out)
{
    struct bulla_bytes text = bl_cbor_read_text(r, size_max);

    if (r->failed == NULL && (text.size == 0 || memchr(text.data, 0, text.size) != NULL))
        bl_reader_fail(r, "name or product");
    if (r->failed == NULL)
        memcpy(out, text.data, text.size);
}

static enum bulla_status
read_payload(struct bulla_bytes payload, struct bl_identity_document *document,
             struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bl_reader r = bl_reader(payload, where);

    if (bl_cbor_read_array(&r, FIELD_COUNT) != FIELD_COUNT ||
        !bl_equal(bl_cbor_read_text(&r, sizeof LABEL), BL_LITERAL(LABEL)))
        bl_reader_fail(&r, "it is none, or of another format version");
    read_word(&r, BL_MANIFEST_NAME_SIZE_MAX, document->name);
    read_word(&r, BL_PRODUCT_SIZE_MAX, document->product);
    document->version = bl_cbor_read_uint(&r);
    bl_cbor_read_bytes_exact(&r, document->code, sizeof document->code);
    bl_cbor_read_bytes_exact(&r, document->config, sizeof document->config);
    bl_cbor_read_bytes_exact(&r, document->signer, sizeof document->signer);
    (void)bl_cbor_skip(&r); /* the PCR values: compared as bytes with what the fields give */
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(write_payload(document, &again, err));
    if (!bl_equal(bulla_buffer_bytes(&again), payload))
        return bulla_fail_cause(err, BULLA_CAUSE_PCR_MISMATCH, where,
                                "its PCR values do not follow from its fields");
    return BULLA_OK;
}

enum bulla_status
bl_identity_document_open(struct bulla_bytes bytes, const uint8_t signer_raw[32],
                          struct bl_identity_document *document_out, struct bulla_error *err)
{
    struct bl_identity_document document = { 0 };
    BL_AUTO_FREE(bl_key) signer = NULL;
    struct bl_cose_sign1 message;
    uint8_t digest[32];

    if (bytes.size > BL_IDENTITY_DOCUMENT_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too large", bytes.size);
    BL_TRY(bl_key_from_raw_public(BL_KEY_ED25519, (struct bulla_bytes){ signer_raw, 32 }, &signer,
                                  err));
    BL_TRY(bl_cose_sign1_verify(signer, &context, bytes, &message, err));
    BL_TRY(read_payload(message.payload, &document, err));
    BL_TRY(key_digest(signer, digest, err));
    if (!bl_equal(BL_BYTES_OF(digest), BL_BYTES_OF(document.signer)))
        return bulla_fail(err, BULLA_E_MISMATCH, where, "it names another signer than signed it",
                          0);
    *document_out = document;
    return BULLA_OK;
}

/* -- compared ---------------------------------------------------------------------------------- */

static struct bulla_value
digest_value(const uint8_t digest[32])
{
    return bulla_value_bytes((struct bulla_bytes){ digest, 32 });
}

static struct bulla_value
text_value(const char *text)
{
    return bulla_value_bytes((struct bulla_bytes){ (const uint8_t *)text, strlen(text) });
}

unsigned
bl_identity_document_differs(const struct bl_identity_document *found,
                             const struct bl_identity_document *expected)
{
    unsigned parts = 0;

    if (!bl_equal(BL_BYTES_OF(found->code), BL_BYTES_OF(expected->code)))
        parts |= BL_PART_CODE;
    if (!bl_equal(BL_BYTES_OF(found->config), BL_BYTES_OF(expected->config)))
        parts |= BL_PART_CONFIG;
    if (found->version != expected->version)
        parts |= BL_PART_VERSION;
    if (strcmp(found->product, expected->product) != 0)
        parts |= BL_PART_PRODUCT;
    if (!bl_equal(BL_BYTES_OF(found->signer), BL_BYTES_OF(expected->signer)))
        parts |= BL_PART_SIGNER;
    if (strcmp(found->name, expected->name) != 0)
        parts |= BL_PART_NAME;
    return parts;
}

enum bulla_status
bl_identity_document_match(const struct bl_identity_document *found,
                           const struct bl_identity_document *expected, struct bulla_error *err)
{
    const struct {
        unsigned part;
        const char *what;
        struct bulla_value found, expected;
    } rows[] = {
        { BL_PART_SIGNER, "the signer differs", digest_value(found->signer),
          digest_value(expected->signer) },
        { BL_PART_PRODUCT, "the product differs", text_value(found->product),
          text_value(expected->product) },
        { BL_PART_VERSION, "the version differs", bulla_value_number(found->version),
          bulla_value_number(expected->version) },
        { BL_PART_CONFIG, "the configuration (manifest) differs", digest_value(found->config),
          digest_value(expected->config) },
        { BL_PART_CODE, "the code (image) differs", digest_value(found->code),
          digest_value(expected->code) },
        { BL_PART_NAME, "the name differs", text_value(found->name), text_value(expected->name) },
    };
    unsigned parts = bl_identity_document_differs(found, expected);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((parts & rows[i].part) == 0)
            continue;
        enum bulla_status status = bulla_fail(err, BULLA_E_IDENTITY, where, rows[i].what, parts);
        bulla_error_values(err, rows[i].found, rows[i].expected);
        return status;
    }
    return BULLA_OK;
}

/* -- the policy that lets it have secrets ------------------------------------------------------ */

static enum bulla_status
list_of_one(struct bl_policy_list *list, struct bulla_bytes value, struct bulla_error *err)
{
    BL_TRY(bl_policy_list_new(list, 1, err));
    list->items[0] = (struct bl_policy_item){ .value = value, .until_s = BL_POLICY_NEVER };
    return BULLA_OK;
}

static enum bulla_status
set_platform(struct bl_appraisal_policy *policy, const struct bl_pcr_bank *bank,
             struct bulla_error *err)
{
    size_t count = 0;

    if (bank->hash != BL_SHA256 || bank->mask == 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no SHA-256 values of the platform", 0);
    BL_TRY(bl_policy_list_new(&policy->platform_pcrs, (size_t)__builtin_popcount(bank->mask), err));
    for (unsigned i = 0; i < BL_PCR_COUNT; i++) {
        if ((bank->mask >> i & 1u) == 0)
            continue;
        policy->platform_pcrs.items[count++] =
            (struct bl_policy_item){ .pcr = { .bank = BL_SHA256, .mask = 1u << i },
                                     .value = { bank->values[i], 32 },
                                     .until_s = BL_POLICY_NEVER };
    }
    return BULLA_OK;
}

enum bulla_status
bl_identity_document_policy(const struct bl_identity_document *document,
                            const struct bl_identity_policy *how,
                            struct bl_appraisal_policy *policy_out, struct bulla_error *err)
{
    BL_AUTO(bl_appraisal_policy)
    policy = {
        .format = BL_POLICY_FORMAT_1,
        .version = how->version,
        .subject = BL_SUBJECT_ENCLAVE,
        .binding = BL_BINDING_CHANNEL,
        .classes = how->classes,
        .platforms = { .said = BL_SAID_ANY },
        .platform_pcrs = { .said = how->platform == NULL ? BL_SAID_ANY : BL_SAID_LIST },
        .not_after_s = how->not_after_s,
        .isolations = 1u << BL_ISOLATION_OS | 1u << BL_ISOLATION_VM | 1u << BL_ISOLATION_HARDWARE,
        .minimum_version = { .is_given = true, .least = document->version },
    };
    BL_AUTO(bulla_buffer) canonical = { 0 };
    size_t name_size = strlen(how->name);

    if (how->classes == 0 || name_size == 0 || name_size > BL_POLICY_NAME_SIZE_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a policy without class or name", 0);
    memcpy(policy.name, how->name, name_size);
    const struct bulla_bytes product = { (const uint8_t *)document->product,
                                         strlen(document->product) };
    BL_TRY(list_of_one(&policy.products, product, err));
    BL_TRY(list_of_one(&policy.signers, BL_BYTES_OF(document->signer), err));
    BL_TRY(list_of_one(&policy.codes, BL_BYTES_OF(document->code), err));
    BL_TRY(list_of_one(&policy.configs, BL_BYTES_OF(document->config), err));
    if (how->platform != NULL)
        BL_TRY(set_platform(&policy, how->platform, err));
    BL_TRY(bl_appraisal_policy_encode(&policy, &canonical, err));
    return bl_appraisal_policy_decode(bulla_buffer_bytes(&canonical), policy_out, err);
}
