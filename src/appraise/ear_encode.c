/* SPDX-License-Identifier: Apache-2.0 */
/* appraise/ear_encode.c: attestation results made, written and signed. */
#include <stdio.h>
#include <string.h>

#include "appraise/ear.h"
#include "base/memory.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "crypto/cose_sign1.h"
#include "crypto/jws.h"

static const char where[] = "attestation result";

#define NONCE_SIZE_MIN 8 /* bytes: RFC 9711 section 4.1 */
#define NONCE_SIZE_MAX 64

/* Our own claim: a name that nobody else has, and a key of the private space. */
#define SUBJECT_NAME "tag:bulla.invalid,2026:subject"
#define SUBJECT_KEY (-80200)
#define KEY_ATTESTATION (-70002) /* ear_veraison_key_attestation */

void
bl_ear_done(struct bl_ear *ear)
{
    bulla_buffer_done(&ear->text);
    *ear = (struct bl_ear){ 0 };
}

static struct bulla_bytes
text_of(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, strlen(text) };
}

static struct bl_ear_subject
subject_of(const struct bl_claims *claims, const struct bl_appraisal_policy *policy)
{
    return (struct bl_ear_subject){
        .kind = claims->kind,
        .platform_class = bl_platform_class_word(claims->platform_class),
        .binding = bl_binding_word(claims->binding),
        .code = bl_claim_view(&claims->code),
        .signer = bl_claim_view(&claims->signer),
        .config = bl_claim_view(&claims->config),
        .product = text_of(claims->product),
        .version = claims->version,
        .policy_name = text_of(policy->name),
        .policy_version = policy->version,
    };
}

enum bulla_status
bl_ear_from_verdict(const struct bl_claims *claims, const struct bl_verdict *verdict,
                    const struct bl_appraisal_policy *policy, struct bulla_bytes nonce,
                    int64_t now_s, struct bl_ear *ear_out, struct bulla_error *err)
{
    struct bl_ear_appraisal *appraisal = &ear_out->appraisals[0];

    if (claims->kind == NULL || verdict->check_count == 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "nothing was verified", 0);
    memcpy(ear_out->policy_id, "sha256:", sizeof "sha256:");
    BL_AUTO(bulla_buffer) hex = { 0 };
    BL_TRY(bl_hex_encode(BL_BYTES_OF(verdict->policy_digest), &hex, err));
    memcpy(ear_out->policy_id + sizeof "sha256:" - 1, hex.data, hex.size);
    ear_out->developer = BL_LITERAL("bulla");
    ear_out->build = BL_LITERAL("bulla " BULLA_VERSION);
    ear_out->issued_s = now_s;
    ear_out->expires_s = (struct bl_claim_number){ true, (uint64_t)(now_s + BL_EAR_LIFETIME_S) };
    ear_out->appraisal_count = 1;
    appraisal->label = text_of(claims->kind);
    appraisal->policy_ids[0] = text_of(ear_out->policy_id);
    appraisal->policy_id_count = 1;
    if (nonce.size >= NONCE_SIZE_MIN && nonce.size <= NONCE_SIZE_MAX)
        appraisal->nonce = nonce;
    appraisal->subject = subject_of(claims, policy);
    bl_ear_rate(claims, verdict, appraisal);
    return BULLA_OK;
}

/* -- JSON --------------------------------------------------------------------------------------- */

static void
write_text(struct bl_json_writer *j, const char *name, struct bulla_bytes text)
{
    if (text.size > 0)
        bl_json_write_text(j, name, text);
}

static enum bulla_status
write_nonce(struct bl_json_writer *j, struct bulla_bytes nonce, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    if (nonce.size == 0)
        return BULLA_OK;
    BL_TRY(bl_base64_encode(BL_BASE64_URL, nonce, &text, err));
    bl_json_write_text(j, "eat_nonce", bulla_buffer_bytes(&text));
    return BULLA_OK;
}

static void
write_digest(struct bl_json_writer *j, const char *name, struct bulla_bytes bytes)
{
    if (bytes.size > 0)
        bl_json_write_hex(j, name, bytes);
}

static void
write_subject(struct bl_json_writer *j, const struct bl_ear_subject *subject)
{
    if (subject->kind == NULL)
        return;
    bl_json_open_object(j, SUBJECT_NAME);
    write_digest(j, "code", subject->code);
    bl_json_write_word(j, "kind", subject->kind);
    bl_json_write_word(j, "class", subject->platform_class);
    write_digest(j, "config", subject->config);
    write_text(j, "policy", subject->policy_name);
    write_digest(j, "signer", subject->signer);
    bl_json_write_word(j, "binding", subject->binding);
    write_text(j, "product", subject->product);
    if (subject->version.is_present)
        bl_json_write_u64(j, "version", subject->version.value);
    bl_json_write_u64(j, "policy_version", subject->policy_version);
    bl_json_close(j);
}

/* The draft's section 5.4. */
static enum bulla_status
write_key(struct bl_json_writer *j, struct bulla_bytes key, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    if (key.size == 0)
        return BULLA_OK;
    BL_TRY(bl_base64_encode(BL_BASE64_URL, key, &text, err));
    bl_json_open_object(j, "ear_veraison_key_attestation");
    bl_json_write_text(j, "akpub", bulla_buffer_bytes(&text));
    bl_json_close(j);
    return BULLA_OK;
}

static enum bulla_status
write_appraisal(struct bl_json_writer *j, const struct bl_ear_appraisal *appraisal,
                struct bulla_error *err)
{
    char label[64] = { 0 };

    if (appraisal->label.size >= sizeof label)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a label that is too long", 0);
    memcpy(label, appraisal->label.data, appraisal->label.size);
    bl_json_open_object(j, label);
    bl_json_write_word(j, "ear_status", bl_tier_word(appraisal->status));
    bl_json_open_object(j, "ear_trustworthiness_vector");
    for (unsigned i = 0; i < BL_TRUST_CLAIM_COUNT; i++)
        if ((appraisal->present & 1u << i) != 0)
            bl_json_write_number(j, bl_trust_word((enum bl_trust_claim)i), appraisal->vector[i]);
    bl_json_close(j);
    bl_json_open_array(j, "ear_appraisal_policy_ids");
    for (size_t i = 0; i < appraisal->policy_id_count; i++)
        bl_json_write_text(j, NULL, appraisal->policy_ids[i]);
    bl_json_close(j);
    BL_TRY(write_nonce(j, appraisal->nonce, err));
    BL_TRY(write_key(j, appraisal->key, err));
    write_subject(j, &appraisal->subject);
    bl_json_close(j);
    return BULLA_OK;
}

static enum bulla_status
encode_json(const struct bl_ear *ear, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_json_writer j = bl_json_writer(out);

    bl_json_open_object(&j, NULL);
    write_text(&j, "iss", ear->issuer);
    write_text(&j, "aud", ear->audience);
    if (ear->expires_s.is_present)
        bl_json_write_u64(&j, "exp", ear->expires_s.value);
    if (ear->not_before_s.is_present)
        bl_json_write_u64(&j, "nbf", ear->not_before_s.value);
    bl_json_write_number(&j, "iat", ear->issued_s);
    BL_TRY(write_nonce(&j, ear->nonce, err));
    bl_json_write_word(&j, "eat_profile", BL_EAR_PROFILE);
    bl_json_open_object(&j, "ear_verifier_id");
    bl_json_write_text(&j, "developer", ear->developer);
    bl_json_write_text(&j, "build", ear->build);
    bl_json_close(&j);
    bl_json_open_object(&j, "submods");
    for (size_t i = 0; i < ear->appraisal_count; i++)
        BL_TRY(write_appraisal(&j, &ear->appraisals[i], err));
    bl_json_close(&j);
    bl_json_close(&j);
    return bl_json_finish(&j, err);
}

/* -- CBOR: keys ascend, and the map's size comes first ------------------------------------------- */

static size_t
count_of(bool is_there)
{
    return is_there ? 1 : 0;
}

static void
put_text(struct bl_writer *w, const char *key, struct bulla_bytes text)
{
    if (text.size == 0)
        return;
    bl_cbor_write_text(w, text_of(key));
    bl_cbor_write_text(w, text);
}

static void
put_bytes(struct bl_writer *w, const char *key, struct bulla_bytes bytes)
{
    if (bytes.size == 0)
        return;
    bl_cbor_write_text(w, text_of(key));
    bl_cbor_write_bytes(w, bytes);
}

/* The shorter key first (RFC 8949 section 4.2.1). */
static void
put_subject(struct bl_writer *w, const struct bl_ear_subject *subject)
{
    if (subject->kind == NULL)
        return;
    bl_cbor_write_int(w, SUBJECT_KEY);
    bl_cbor_write_map(
        w, 4 + count_of(subject->code.size > 0) + count_of(subject->config.size > 0) +
               count_of(subject->policy_name.size > 0) + count_of(subject->signer.size > 0) +
               count_of(subject->product.size > 0) + count_of(subject->version.is_present));
    put_bytes(w, "code", subject->code);
    put_text(w, "kind", text_of(subject->kind));
    put_text(w, "class", text_of(subject->platform_class));
    put_bytes(w, "config", subject->config);
    put_text(w, "policy", subject->policy_name);
    put_bytes(w, "signer", subject->signer);
    put_text(w, "binding", text_of(subject->binding));
    put_text(w, "product", subject->product);
    if (subject->version.is_present) {
        bl_cbor_write_text(w, BL_LITERAL("version"));
        bl_cbor_write_uint(w, subject->version.value);
    }
    bl_cbor_write_text(w, BL_LITERAL("policy_version"));
    bl_cbor_write_uint(w, subject->policy_version);
}

static void
put_appraisal(struct bl_writer *w, const struct bl_ear_appraisal *appraisal)
{
    bl_cbor_write_text(w, appraisal->label);
    bl_cbor_write_map(w, 3 + count_of(appraisal->nonce.size > 0) +
                             count_of(appraisal->key.size > 0) +
                             count_of(appraisal->subject.kind != NULL));
    if (appraisal->nonce.size > 0) {
        bl_cbor_write_uint(w, 10);
        bl_cbor_write_bytes(w, appraisal->nonce);
    }
    bl_cbor_write_uint(w, 1000);
    bl_cbor_write_uint(w, (uint64_t)appraisal->status);
    bl_cbor_write_uint(w, 1001);
    bl_cbor_write_map(w, (size_t)__builtin_popcount(appraisal->present));
    for (unsigned i = 0; i < BL_TRUST_CLAIM_COUNT; i++) {
        if ((appraisal->present & 1u << i) == 0)
            continue;
        bl_cbor_write_uint(w, i);
        bl_cbor_write_int(w, appraisal->vector[i]);
    }
    bl_cbor_write_uint(w, 1003);
    bl_cbor_write_array(w, appraisal->policy_id_count);
    for (size_t i = 0; i < appraisal->policy_id_count; i++)
        bl_cbor_write_text(w, appraisal->policy_ids[i]);
    if (appraisal->key.size > 0) {
        bl_cbor_write_int(w, KEY_ATTESTATION);
        bl_cbor_write_map(w, 1);
        put_bytes(w, "akpub", appraisal->key);
    }
    put_subject(w, &appraisal->subject);
}

static void
put_number(struct bl_writer *w, uint64_t key, struct bl_claim_number number)
{
    if (!number.is_present)
        return;
    bl_cbor_write_uint(w, key);
    bl_cbor_write_uint(w, number.value);
}

static void
put_name(struct bl_writer *w, uint64_t key, struct bulla_bytes name)
{
    if (name.size == 0)
        return;
    bl_cbor_write_uint(w, key);
    bl_cbor_write_text(w, name);
}

static enum bulla_status
encode_cbor(const struct bl_ear *ear, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_map(&w, 4 + count_of(ear->issuer.size > 0) + count_of(ear->audience.size > 0) +
                              count_of(ear->expires_s.is_present) +
                              count_of(ear->not_before_s.is_present) +
                              count_of(ear->nonce.size > 0));
    put_name(&w, 1, ear->issuer);
    put_name(&w, 3, ear->audience);
    put_number(&w, 4, ear->expires_s);
    put_number(&w, 5, ear->not_before_s);
    bl_cbor_write_uint(&w, 6);
    bl_cbor_write_int(&w, ear->issued_s);
    if (ear->nonce.size > 0) {
        bl_cbor_write_uint(&w, 10);
        bl_cbor_write_bytes(&w, ear->nonce);
    }
    put_name(&w, 265, BL_LITERAL(BL_EAR_PROFILE));
    bl_cbor_write_uint(&w, 266);
    bl_cbor_write_map(&w, ear->appraisal_count);
    for (size_t i = 0; i < ear->appraisal_count; i++)
        put_appraisal(&w, &ear->appraisals[i]);
    bl_cbor_write_uint(&w, 1004);
    bl_cbor_write_map(&w, 2);
    put_name(&w, 0, ear->developer);
    put_name(&w, 1, ear->build);
    return bl_writer_finish(&w, err);
}

enum bulla_status
bl_ear_encode(const struct bl_ear *ear, enum bl_ear_format format, struct bulla_buffer *out,
              struct bulla_error *err)
{
    return format == BL_EAR_JWT ? encode_json(ear, out, err) : encode_cbor(ear, out, err);
}

enum bulla_status
bl_ear_sign(const struct bl_ear *ear, enum bl_ear_format format, const struct bl_key *key,
            struct bulla_buffer *out, struct bulla_error *err)
{
    static const struct bl_cose_context plain = { 0 };
    const struct bulla_bytes no_key_id = { NULL, 0 };
    BL_AUTO(bulla_buffer) claims = { 0 };

    if (bl_key_kind(key) != BL_KEY_P256 && bl_key_kind(key) != BL_KEY_P384)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "the key is not of P-256 or P-384", 0);
    BL_TRY(bl_ear_encode(ear, format, &claims, err));
    if (format == BL_EAR_JWT)
        return bl_jws_sign(key, "JWT", bulla_buffer_bytes(&claims), out, err);
    return bl_cose_sign1_sign(key, &plain, no_key_id, bulla_buffer_bytes(&claims), out, err);
}
