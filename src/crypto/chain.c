/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/chain.c: a chain against a pinned anchor: RFC 5280 6.1 for a path that is given, without
 * policies, name constraints (critical ones are refused) and revocation (the caller's).
 *
 * From the anchor down: nothing of a certificate is believed before its issuer is.
 */
#include "base/memory.h"
#include "codec/oid.h"
#include "crypto/x509_internal.h"

static enum bulla_status
check_validity(const struct bl_certificate *certificate, size_t depth, int64_t now_s,
               struct bulla_error *err)
{
    if (now_s >= certificate->not_before_s && now_s <= certificate->not_after_s)
        return BULLA_OK;
    bool early = now_s < certificate->not_before_s;
    int64_t limit = early ? certificate->not_before_s : certificate->not_after_s;
    enum bulla_status status = bulla_fail_cause(
        err, early ? BULLA_CAUSE_NOT_YET_VALID : BULLA_CAUSE_EXPIRED, "certificate chain",
        early ? "a certificate is not valid yet" : "a certificate is not valid any more");
    bulla_error_values(err, bulla_value_number((uint64_t)now_s),
                       bulla_value_number((uint64_t)limit));
    if (err != NULL)
        err->offset = depth;
    return status;
}

static bool
is_listed(struct bulla_bytes oid, const char *const *list)
{
    for (; list != NULL && *list != NULL; list++)
        if (bl_oid_is(oid, *list))
            return true;
    return false;
}

static enum bulla_status
check_critical(const struct bl_certificate *certificate, size_t depth,
               const char *const *known_critical, struct bulla_error *err)
{
    for (size_t i = 0; i < certificate->extension_count; i++) {
        const struct bl_extension *extension = &certificate->extensions[i];
        if (extension->is_critical && !bl_extension_is_processed(extension) &&
            !is_listed(extension->oid, known_critical))
            return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                              "a critical extension is not known", depth);
    }
    return BULLA_OK;
}

/* May this certificate stand `depth` places above the leaf, and issue? */
static enum bulla_status
check_issuer(const struct bl_certificate *issuer, size_t depth, struct bulla_error *err)
{
    if (!issuer->is_authority)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                          "an issuer is no certification authority", depth);
    if (issuer->has_key_usage && (issuer->key_usage & BL_KEY_USAGE_SIGN_CERTIFICATES) == 0)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                          "an issuer's key may not sign certificates", depth);
    if (issuer->limits_path && issuer->path_length < depth - 1)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                          "longer than an issuer permits", depth);
    return BULLA_OK;
}

static enum bulla_status
check_signature(const struct bl_certificate *certificate, const struct bl_certificate *issuer,
                size_t depth, struct bl_memo *memo, struct bulla_error *err)
{
    if (!bl_certificate_is_issued_by(certificate, issuer))
        return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain", "issued under another name",
                          depth);
    return bl_certificate_verify(issuer, &certificate->algorithm, certificate->signed_part,
                                 certificate->signature, BULLA_CAUSE_SIGNATURE, memo, err);
}

enum bulla_status
bl_chain_verify_known(const struct bl_certificate *const *chain, size_t chain_count,
                      const struct bl_certificate *anchor, int64_t now_s,
                      const char *const *known_critical, struct bl_memo *memo,
                      struct bulla_error *err)
{
    if (chain_count == 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, "certificate chain", "empty", 0);
    if (chain_count > BL_CHAIN_COUNT_MAX - 1)
        return bulla_fail(err, BULLA_E_LIMIT, "certificate chain", "too long", chain_count);
    BL_TRY(check_validity(anchor, chain_count, now_s, err));
    BL_TRY(check_critical(anchor, chain_count, known_critical, err));
    const struct bl_certificate *issuer = anchor;
    for (size_t depth = chain_count; depth-- > 0;) {
        BL_TRY(check_issuer(issuer, depth + 1, err));
        BL_TRY(check_signature(chain[depth], issuer, depth, memo, err));
        BL_TRY(check_validity(chain[depth], depth, now_s, err));
        BL_TRY(check_critical(chain[depth], depth, known_critical, err));
        issuer = chain[depth];
    }
    return BULLA_OK;
}

enum bulla_status
bl_certificate_verify_self(const struct bl_certificate *certificate, int64_t now_s,
                           const char *const *known_critical, struct bulla_error *err)
{
    BL_TRY(check_signature(certificate, certificate, 0, NULL, err));
    BL_TRY(check_validity(certificate, 0, now_s, err));
    return check_critical(certificate, 0, known_critical, err);
}

enum bulla_status
bl_chain_verify(const struct bl_certificate *const *chain, size_t chain_count,
                const struct bl_certificate *anchor, int64_t now_s,
                const char *const *known_critical, struct bulla_error *err)
{
    return bl_chain_verify_known(chain, chain_count, anchor, now_s, known_critical, NULL, err);
}
