/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/x509.h: certificates (RFC 5280): issued by our own authorities, verified against pinned
 * anchors at a given time.
 *
 * Guarantees: no default store, no path search (each certificate is checked against the next one
 * given), every bound on count and size fixed; time is a parameter.
 */
#ifndef BL_CRYPTO_X509_H
#define BL_CRYPTO_X509_H

#include "crypto/key.h"
#include "crypto/memo.h"

#define BL_CERTIFICATE_SIZE_MAX 16384 /* bytes of DER */
#define BL_CHAIN_COUNT_MAX 6          /* certificates, anchor included */

struct bl_certificate;

/** Parse one DER certificate, all of it; BULLA_E_MALFORMED. */
enum bulla_status bl_certificate_parse(struct bulla_bytes der, struct bl_certificate **out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** It goes with its last sharer; all of them are of one thread. */
void bl_certificate_free(struct bl_certificate *certificate);
struct bl_certificate *bl_certificate_share(struct bl_certificate *certificate);
BL_DEFINE_FREEP(bl_certificate)

/** The DER bytes it was parsed from; borrowed. */
struct bulla_bytes bl_certificate_der(const struct bl_certificate *certificate);
/** A new reference to the subject's public key. */
enum bulla_status bl_certificate_key(const struct bl_certificate *certificate,
                                     struct bl_key **key_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** The DER SubjectPublicKeyInfo; borrowed. */
struct bulla_bytes bl_certificate_spki(const struct bl_certificate *certificate);
/** Validity in Unix seconds. */
void bl_certificate_validity(const struct bl_certificate *certificate, int64_t *not_before_s_out,
                             int64_t *not_after_s_out);
/** Content of the serial number's INTEGER: any size, any sign; borrowed. */
struct bulla_bytes bl_certificate_serial(const struct bl_certificate *certificate);
/** SHA-256 of the DER SubjectPublicKeyInfo. */
enum bulla_status bl_certificate_spki_digest(const struct bl_certificate *certificate,
                                             uint8_t digest_out[32],
                                             struct bulla_error *err) BULLA_CHECKED;
/** True if the issuer's name is the other's subject, byte for byte and not empty. Names only: says
 *  nothing of who signed it. */
bool bl_certificate_is_issued_by(const struct bl_certificate *certificate,
                                 const struct bl_certificate *issuer);
/** True if subject and issuer have the same name. */
bool bl_certificate_is_self_issued(const struct bl_certificate *certificate);
/** Append the one common name of the subject, in UTF-8 without a zero; BULLA_E_NOT_FOUND,
 *  BULLA_E_MALFORMED if there are more. */
enum bulla_status bl_certificate_common_name(const struct bl_certificate *certificate,
                                             struct bulla_buffer *out,
                                             struct bulla_error *err) BULLA_CHECKED;
/** Append the subject's or the issuer's name as text (RFC 4514: the last part first). */
enum bulla_status bl_certificate_name_text(const struct bl_certificate *certificate, bool of_issuer,
                                           struct bulla_buffer *out,
                                           struct bulla_error *err) BULLA_CHECKED;
/** True if the extended key usage lists this OID (dotted text). */
bool bl_certificate_has_usage(const struct bl_certificate *certificate, const char *oid);
/** True if it has a key usage, and that includes signing data (digitalSignature). */
bool bl_certificate_may_sign_data(const struct bl_certificate *certificate);
/** The value of the extension with this OID (dotted text), borrowed from the certificate; false if
 *  there is none. No certificate has one twice. */
bool bl_certificate_extension(const struct bl_certificate *certificate, const char *oid,
                              struct bulla_bytes *value_out);

#define BL_ISSUER_URL_SIZE_MAX 512 /* bytes */
/** Append the first URL at which the certificate says that its issuer's can be had (authority
 *  information access, caIssuers); BULLA_E_NOT_FOUND. Not checked to be a URL. */
enum bulla_status bl_certificate_issuer_url(const struct bl_certificate *certificate,
                                            struct bulla_buffer *url_out,
                                            struct bulla_error *err) BULLA_CHECKED;

/** Append the first URL at which it says that the list of its issuer can be had (CRL distribution
 *  points, fullName); BULLA_E_NOT_FOUND. Not checked to be a URL. */
enum bulla_status bl_certificate_crl_url(const struct bl_certificate *certificate,
                                         struct bulla_buffer *url_out,
                                         struct bulla_error *err) BULLA_CHECKED;

/** Verify chain[0] <- chain[1] <- ... <- anchor: names, signatures, validity at now_s, CA bit, path
 *  length, key usage, no unknown critical extension but those listed in `known_critical` (dotted
 *  OIDs, NULL-terminated, may be NULL).
 *  BULLA_E_SIGNATURE, BULLA_E_UNTRUSTED, BULLA_E_STALE (cause EXPIRED). */
enum bulla_status bl_chain_verify(const struct bl_certificate *const *chain, size_t chain_count,
                                  const struct bl_certificate *anchor, int64_t now_s,
                                  const char *const *known_critical,
                                  struct bulla_error *err) BULLA_CHECKED;

/** A certificate that its own key signed, whatever it is for: signature, validity at now_s, no unknown
 *  critical extension. Says nothing of who made it. Causes as bl_chain_verify(). */
enum bulla_status bl_certificate_verify_self(const struct bl_certificate *certificate,
                                             int64_t now_s, const char *const *known_critical,
                                             struct bulla_error *err) BULLA_CHECKED;
/** The same, with signatures that `memo` (may be NULL) knows not verified again. */
enum bulla_status bl_chain_verify_known(const struct bl_certificate *const *chain,
                                        size_t chain_count, const struct bl_certificate *anchor,
                                        int64_t now_s, const char *const *known_critical,
                                        struct bl_memo *memo,
                                        struct bulla_error *err) BULLA_CHECKED;

/** What a new certificate is to say. */
struct bl_certificate_request {
    const char *common_name;      /* subject; the issuer's is taken from `issuer` */
    const struct bl_key *subject; /* public key certified */
    int64_t not_before_s;         /* Unix seconds */
    int64_t not_after_s;
    bool is_authority;                  /* CA with path length 0 */
    bool is_self_signed;                /* `issuer` NULL, signed by the subject itself */
    const char *const *usage_oids;      /* extended key usages, NULL-terminated, or NULL */
    const char *extension_oid;          /* one non-critical extension of ours, or NULL */
    struct bulla_bytes extension_value; /* DER */
    const char *dns_name;               /* subject alternative name, or NULL */
};
/** Append the DER of a certificate signed by `issuer_key` (Ed25519, P-256, P-384). */
enum bulla_status bl_certificate_issue(const struct bl_certificate_request *request,
                                       const struct bl_certificate *issuer,
                                       const struct bl_key *issuer_key,
                                       struct bulla_buffer *der_out,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif
