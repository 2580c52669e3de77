/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/chain.c: a chain against a pinned anchor: RFC 5280 6.1 for a path that is given, without
 * policies, name constraints (critical ones are refused) and revocation (the caller's).
 *
 * From the anchor down: nothing of a certificate is believed before its issuer is.
 */
#include <openssl/x509v3.h>
#include <string.h>

#include "base/memory.h"
#include "crypto/library.h"
#include "crypto/pkey.h"
#include "crypto/x509.h"
#include "crypto/x509_internal.h"

#define SIGNATURE_BITS_MIN 112 /* SP 800-57: SHA-1 and MD5 fall short of it */

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
is_listed(const ASN1_OBJECT *oid, const char *const *list)
{
    char text[128];

    if (list == NULL ||
        OBJ_obj2txt(text, sizeof text, oid, /* dotted text= */ 1) >= (int)sizeof text)
        return false;
    for (; *list != NULL; list++) {
        if (strcmp(*list, text) == 0)
            return true;
    }
    return false;
}

/* Those whose meaning is dealt with here or through the accessors, or that bind nobody when no
 * policy is asked for. Name and policy constraints are not among them. */
static bool
is_processed(const ASN1_OBJECT *oid)
{
    switch (OBJ_obj2nid(oid)) {
    case NID_basic_constraints:
    case NID_key_usage:
    case NID_ext_key_usage:
    case NID_subject_alt_name:
    case NID_certificate_policies:
    case NID_crl_distribution_points:
        return true;
    default:
        return false;
    }
}

static enum bulla_status
check_critical(const struct bl_certificate *certificate, size_t depth,
               const char *const *known_critical, struct bulla_error *err)
{
    const int count = X509_get_ext_count(certificate->x509);

    for (int i = 0; i < count; i++) {
        X509_EXTENSION *extension = X509_get_ext(certificate->x509, i);
        const ASN1_OBJECT *oid = X509_EXTENSION_get_object(extension);
        if (X509_EXTENSION_get_critical(extension) != 0 && !is_processed(oid) &&
            !is_listed(oid, known_critical))
            return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                              "a critical extension is not known", depth);
    }
    return BULLA_OK;
}

/* May this certificate stand `depth` places above the leaf, and issue? */
static enum bulla_status
check_issuer(const struct bl_certificate *issuer, size_t depth, struct bulla_error *err)
{
    const uint32_t flags = X509_get_extension_flags(issuer->x509);

    if ((flags & (EXFLAG_BCONS | EXFLAG_CA)) != (EXFLAG_BCONS | EXFLAG_CA))
        return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                          "an issuer is no certification authority", depth);
    if ((flags & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(issuer->x509) & KU_KEY_CERT_SIGN) == 0)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                          "an issuer's key may not sign certificates", depth);
    const long path_length = X509_get_pathlen(issuer->x509); /* -1: not limited */
    if (path_length >= 0 && (size_t)path_length < depth - 1)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                          "longer than an issuer permits", depth);
    return BULLA_OK;
}

static bool
algorithm_is_strong(X509 *x509)
{
    int digest = NID_undef, key = NID_undef, bits = 0;

    if (X509_get_signature_info(x509, &digest, &key, &bits, NULL) != 1 || bits < SIGNATURE_BITS_MIN)
        return false;
    return digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512 ||
           (digest == NID_undef && key == NID_ED25519);
}

static enum bulla_status
check_signature(const struct bl_certificate *certificate, const struct bl_certificate *issuer,
                size_t depth, struct bulla_error *err)
{
    const struct bl_library *library = NULL;
    BL_AUTO_FREE(bl_key) key = NULL;

    if (!bl_certificate_is_issued_by(certificate, issuer))
        return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain", "issued under another name",
                          depth);
    if (!algorithm_is_strong(certificate->x509))
        return bulla_fail(err, BULLA_E_UNTRUSTED, "certificate chain",
                          "signed with an algorithm that proves nothing", depth);
    BL_TRY(bl_certificate_key(issuer, &key, err));
    BL_TRY(bl_library(&library, err));
    if (X509_verify(certificate->x509, key->pkey) == 1)
        return BULLA_OK;
    return bl_library_refused(err, BULLA_CAUSE_SIGNATURE, "certificate chain",
                              "a signature does not verify");
}

enum bulla_status
bl_chain_verify(const struct bl_certificate *const *chain, size_t chain_count,
                const struct bl_certificate *anchor, int64_t now_s,
                const char *const *known_critical, struct bulla_error *err)
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
        BL_TRY(check_signature(chain[depth], issuer, depth, err));
        BL_TRY(check_validity(chain[depth], depth, now_s, err));
        BL_TRY(check_critical(chain[depth], depth, known_critical, err));
        issuer = chain[depth];
    }
    return BULLA_OK;
}
