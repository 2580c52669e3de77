/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/cert/verify.h"

#include <string.h>

#include "base/memory.h"
#include "codec/pem.h"
#include "crypto/certificate_list.h"
#include "tee/cert/structures.h"

static const char where[] = "evidence in a certificate";

#define REPORT_DATA_SIZE 64
#define BINDER_COUNT_MAX 3

/* What the report data may be: each stands for the certificate's key. */
struct binders {
    uint8_t data[BINDER_COUNT_MAX][REPORT_DATA_SIZE];
    size_t count;
};

/* All that one run has; too large for two. */
struct work {
    struct bl_certificate_list list; /* the certificate, then those above it */
    struct bulla_buffer spki, pem;
    struct bl_cert_evidence evidence;
    struct binders binders;
    struct bl_part parts[BL_PART_COUNT_MAX];
};
static void
work_done(struct work *work)
{
    bl_certificate_list_done(&work->list);
    bulla_buffer_done(&work->spki);
    bulla_buffer_done(&work->pem);
    bl_cert_evidence_done(&work->evidence);
}

/* -- the certificate ----------------------------------------------------------------------------- */

static enum bulla_status
check_chain(const struct bl_verification *v, const struct bl_certificate_list *list,
            struct bulla_error *err)
{
    const struct bl_anchor *anchor = bl_anchor_given(v, "ca", 0);
    const struct bl_certificate *chain[BL_CHAIN_COUNT_MAX];
    BL_AUTO(bl_certificate_list) given = { 0 };

    if (anchor == NULL)
        return bulla_fail(err, BULLA_E_UNTRUSTED, where,
                          "signed by an authority that is not given as ca", 0);
    BL_TRY(bl_certificate_list_read(anchor->der, &given, err));
    for (size_t i = 0; i < list->count; i++)
        chain[i] = list->items[i];
    return bl_chain_verify(chain, list->count, given.items[0], v->now_s, bl_cert_oids(), err);
}

static enum bulla_status
check_certificate(const struct bl_verification *v, const struct bl_certificate_list *list,
                  struct bulla_error *err)
{
    if (list->count == 1 && bl_certificate_is_self_issued(list->items[0]))
        return bl_certificate_verify_self(list->items[0], v->now_s, bl_cert_oids(), err);
    return check_chain(v, list, err);
}

static enum bulla_status
read_certificate(const struct bl_verification *v, struct work *work, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    enum bl_cert_format format = BL_CERT_NONE;
    struct bulla_bytes value = { NULL, 0 };
    const char *oid = NULL;

    BL_TRY(bl_certificate_list_read(v->evidence, &work->list, err));
    BL_TRY(bl_cert_evidence_find(work->list.items[0], &format, &oid, &value, err));
    BL_TRY(bl_cert_evidence_decode(format, value, &work->evidence, err));
    BL_TRY(bl_certificate_key(work->list.items[0], &key, err));
    return bl_key_spki(key, &work->spki, err);
}

/* -- what binds the key -------------------------------------------------------------------------- */

/* The digest of `label` and `bytes`, zeros after it. */
static enum bulla_status
add_binder(struct binders *binders, enum bl_hash hash, struct bulla_bytes label,
           struct bulla_bytes bytes, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) whole = { 0 };

    BL_TRY(bulla_buffer_append(&whole, label, err));
    BL_TRY(bulla_buffer_append(&whole, bytes, err));
    BL_TRY(bl_hash_once(hash, bulla_buffer_bytes(&whole), binders->data[binders->count], err));
    binders->count++;
    return BULLA_OK;
}

static enum bulla_status
fail_key(struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_BINDING_MISMATCH, where,
                            "the evidence is not for this certificate's key");
}

/* Interoperable RA-TLS: the claims have the key's digest, the report data that of the claims. */
static enum bulla_status
bind_tagged(struct work *work, struct bulla_error *err)
{
    const struct bl_cert_evidence *evidence = &work->evidence;
    uint8_t digest[BL_HASH_SIZE_MAX];

    BL_TRY(bl_hash_once(evidence->key_hash, bulla_buffer_bytes(&work->spki), digest, err));
    if (!bl_equal(evidence->key_digest,
                  (struct bulla_bytes){ digest, bl_hash_size(evidence->key_hash) }))
        return fail_key(err);
    return add_binder(&work->binders, BL_SHA256, (struct bulla_bytes){ NULL, 0 }, evidence->claims,
                      err);
}

/* Open Enclave knows keys as PEM, with the zero byte that ends a C string where one was counted. */
static enum bulla_status
write_pem(struct work *work, struct bulla_error *err)
{
    BL_TRY(bl_pem_encode(bulla_buffer_bytes(&work->spki), "PUBLIC KEY", &work->pem, err));
    return bulla_buffer_append(&work->pem, (struct bulla_bytes){ (const uint8_t *)"", 1 }, err);
}

static struct bulla_bytes
pem_of(const struct work *work, bool with_zero)
{
    return (struct bulla_bytes){ work->pem.data, work->pem.size - (with_zero ? 0 : 1) };
}

static enum bulla_status
bind_oe_evidence(struct work *work, struct bulla_error *err)
{
    const struct bulla_bytes claims = work->evidence.claims;

    BL_TRY(write_pem(work, err));
    if (!bl_equal(claims, pem_of(work, true)) && !bl_equal(claims, pem_of(work, false)))
        return fail_key(err);
    return add_binder(&work->binders, BL_SHA256, (struct bulla_bytes){ NULL, 0 }, claims, err);
}

static enum bulla_status
bind_oe_report(struct work *work, struct bulla_error *err)
{
    const struct bulla_bytes none = { NULL, 0 };

    BL_TRY(write_pem(work, err));
    BL_TRY(add_binder(&work->binders, BL_SHA256, none, pem_of(work, true), err));
    return add_binder(&work->binders, BL_SHA256, none, pem_of(work, false), err);
}

/* No draft says how wrapped evidence is for a key: docs/formats/evidence-wrapper.md does. */
static enum bulla_status
bind_wrapped(struct work *work, struct bulla_error *err)
{
    static const enum bl_hash hashes[] = { BL_SHA512, BL_SHA384, BL_SHA256 };

    for (size_t i = 0; i < BL_COUNT_OF(hashes); i++)
        BL_TRY(add_binder(&work->binders, hashes[i], (struct bulla_bytes){ NULL, 0 },
                          bulla_buffer_bytes(&work->spki), err));
    return BULLA_OK;
}

static enum bulla_status
bind(struct work *work, struct bulla_error *err)
{
    const struct bulla_bytes spki = bulla_buffer_bytes(&work->spki);

    switch (work->evidence.format) {
    case BL_CERT_TAGGED:
        return bind_tagged(work, err);
    case BL_CERT_WRAPPED:
        return bind_wrapped(work, err);
    case BL_CERT_OE_EVIDENCE:
        return bind_oe_evidence(work, err);
    case BL_CERT_OE_REPORT:
        return bind_oe_report(work, err);
    case BL_CERT_GRAMINE:
        return add_binder(&work->binders, BL_SHA256, (struct bulla_bytes){ NULL, 0 }, spki, err);
    case BL_CERT_DSTACK:
        return add_binder(&work->binders, BL_SHA512, BL_LITERAL("ratls-cert:"), spki, err);
    case BL_CERT_NONE:
        break;
    }
    return fail_key(err);
}

/* -- the evidence -------------------------------------------------------------------------------- */

/* Those whose report data is 64 bytes of the attester's choice. A certificate in a certificate is not
 * among them. */
static enum bulla_status
check_kind(const struct bl_scheme *scheme, struct bulla_error *err)
{
    static const char *const kinds[] = { "sgx", "tdx", "snp" };

    for (size_t i = 0; i < BL_COUNT_OF(kinds); i++)
        if (strcmp(scheme->kind, kinds[i]) == 0)
            return BULLA_OK;
    return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "evidence of a kind that binds no key", 0);
}

static enum bulla_status
inner_verification(const struct bl_verification *v, struct work *work,
                   struct bl_verification *inner_out, struct bulla_error *err)
{
    struct bl_verification inner = *v;

    for (size_t i = 0; i < v->part_count; i++)
        work->parts[i] = v->parts[i];
    BL_TRY(bl_wrapper_add_parts(&work->evidence.wrapped, work->parts, &inner.part_count, err));
    inner.parts = work->parts;
    inner.evidence = work->evidence.evidence;
    inner.binding = BL_BINDING_NONE;
    *inner_out = inner;
    return BULLA_OK;
}

/* One of the binders must be what the report data is. */
static enum bulla_status
verify_evidence(const struct bl_verification *v, struct work *work, struct bl_claims *claims,
                struct bulla_error *err)
{
    struct bl_verification inner;
    struct bulla_error failure = { 0 };

    BL_TRY(inner_verification(v, work, &inner, err));
    for (size_t i = 0; i < work->binders.count; i++) {
        bulla_error_clear(&failure);
        inner.binder = BL_BYTES_OF(work->binders.data[i]);
        if (work->evidence.scheme->verify(&inner, claims, &failure) == BULLA_OK)
            return BULLA_OK;
        if (failure.cause != BULLA_CAUSE_NONCE_MISMATCH)
            break;
    }
    if (failure.cause == BULLA_CAUSE_NONCE_MISMATCH) {
        (void)fail_key(err);
        bulla_error_values(err, failure.found, failure.expected);
        return bulla_cause_status(BULLA_CAUSE_BINDING_MISMATCH);
    }
    if (err != NULL && err->status == BULLA_OK)
        *err = failure;
    return failure.status;
}

static enum bulla_status
verify(const struct bl_verification *v, struct work *work, struct bl_claims *claims,
       struct bulla_error *err)
{
    BL_TRY(read_certificate(v, work, err));
    BL_TRY(check_certificate(v, &work->list, err));
    BL_TRY(check_kind(work->evidence.scheme, err));
    BL_TRY(bind(work, err));
    BL_TRY(verify_evidence(v, work, claims, err));
    return bl_check_binder(v, work->evidence.nonce, err);
}

enum bulla_status
bl_cert_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
               struct bulla_error *err)
{
    struct work *work = bl_alloc(1, sizeof *work);
    struct bl_claims claims = { 0 };

    if (work == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    enum bulla_status status = verify(verification, work, &claims, err);
    work_done(work);
    bl_free(work);
    if (status != BULLA_OK) {
        if (claims.kind == NULL && claims.tcb.is_rated)
            *claims_out = (struct bl_claims){ .tcb = claims.tcb };
        return status;
    }
    claims.binding = BL_BINDING_NONE;
    bl_claims_unchecked(&claims, "possession_of_key");
    *claims_out = claims;
    return BULLA_OK;
}

/* -- what is shown -------------------------------------------------------------------------------- */

static enum bulla_status
describe_certificate(const struct work *work, struct bl_json_writer *out, struct bulla_error *err)
{
    const struct bl_certificate *certificate = work->list.items[0];
    BL_AUTO(bulla_buffer) subject = { 0 };
    int64_t not_before_s = 0, not_after_s = 0;
    uint8_t digest[32];

    BL_TRY(bl_certificate_name_text(certificate, /* of_issuer= */ false, &subject, err));
    BL_TRY(bl_certificate_spki_digest(certificate, digest, err));
    bl_certificate_validity(certificate, &not_before_s, &not_after_s);
    bl_json_write_text(out, "subject", bulla_buffer_bytes(&subject));
    bl_json_write_number(out, "not_before", not_before_s);
    bl_json_write_number(out, "not_after", not_after_s);
    bl_json_write_hex(out, "spki_sha256", BL_BYTES_OF(digest));
    return BULLA_OK;
}

static enum bulla_status
describe(const struct bl_verification *v, struct work *work, struct bl_json_writer *out,
         struct bulla_error *err)
{
    struct bl_verification inner;

    BL_TRY(read_certificate(v, work, err));
    BL_TRY(inner_verification(v, work, &inner, err));
    bl_json_write_word(out, "format", bl_cert_format_word(work->evidence.format));
    bl_json_write_word(out, "bound_to", "the certificate's key; not to a connection");
    if (work->evidence.nonce.size > 0)
        bl_json_write_hex(out, "nonce", work->evidence.nonce);
    BL_TRY(describe_certificate(work, out, err));
    bl_json_write_word(out, "evidence_kind", work->evidence.scheme->kind);
    bl_json_open_object(out, "evidence");
    BL_TRY(work->evidence.scheme->describe(&inner, out, err));
    bl_json_close(out);
    return BULLA_OK;
}

enum bulla_status
bl_cert_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                 struct bulla_error *err)
{
    struct work *work = bl_alloc(1, sizeof *work);

    if (work == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", 0);
    enum bulla_status status = describe(verification, work, out, err);
    work_done(work);
    bl_free(work);
    return status;
}
