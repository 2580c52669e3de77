/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/cert/structures.h: evidence in an extension of an X.509 certificate, in the formats that
 * attested TLS came to have.
 *
 *   tagged        2.23.133.5.4.9 (TCG DICE): CBOR 60000([quote, claims]), claims {"pubkey-hash":
 *                 [algorithm, digest], ? "nonce"} (Interoperable RA-TLS)
 *   wrapped       2.23.133.5.4.9 or 1.3.6.1.5.5.7.1.35 (id-pe-cmw): a conceptual message wrapper
 *   oe-evidence   1.3.6.1.4.1.311.105.2, 1.2.840.113556.10.1.2 (Open Enclave)
 *   oe-report     1.3.6.1.4.1.311.105.1, 1.2.840.113556.10.1.1 (Open Enclave, older)
 *   gramine       0.6.9.42.840.113741.1337.6: what stands on the wire for 1.2.840.113741.1337.6
 *   dstack        1.3.6.1.4.1.62397.1.1
 *
 * Guarantees: the extension is found by walking the ASN.1, never by its bytes; each of these occurs
 * once or not at all, critical or not; nothing is left over.
 * Does not: read endorsements out of certificates (2.23.133.5.4.2), nor reports that no quoting
 * enclave signed (60001, 60002).
 */
#ifndef BL_TEE_CERT_STRUCTURES_H
#define BL_TEE_CERT_STRUCTURES_H

#include "tee/wrapper.h"

enum bl_cert_format {
    BL_CERT_NONE = 0,
    BL_CERT_TAGGED,
    BL_CERT_WRAPPED,
    BL_CERT_OE_EVIDENCE,
    BL_CERT_OE_REPORT,
    BL_CERT_GRAMINE,
    BL_CERT_DSTACK
};
/** "tagged" and so on; "none" for anything else. */
const char *bl_cert_format_word(enum bl_cert_format format);

/** What one extension says. Borrows from its value, and from `cmw`. */
struct bl_cert_evidence {
    enum bl_cert_format format;
    const struct bl_scheme *scheme; /* of the evidence inside */
    struct bulla_bytes evidence;
    struct bulla_bytes claims; /* tagged, oe-evidence: what the report data is the digest of */
    enum bl_hash key_hash;     /* tagged: of the public key */
    struct bulla_bytes key_digest;
    struct bulla_bytes nonce;           /* tagged; empty: none */
    struct bl_cmw cmw;                  /* wrapped */
    struct bl_wrapped_evidence wrapped; /* wrapped: its parts */
};
void bl_cert_evidence_done(struct bl_cert_evidence *evidence);

/** The extension that has evidence, of several formats the one first in the list above: which, its
 *  OID (static), and its value, borrowed from the certificate. CLAIM_MISSING if there is none. */
enum bulla_status bl_cert_evidence_find(const struct bl_certificate *certificate,
                                        enum bl_cert_format *format_out, const char **oid_out,
                                        struct bulla_bytes *value_out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** What the value says. A value under 2.23.133.5.4.9 is BL_CERT_TAGGED or BL_CERT_WRAPPED by its
 *  first bytes, whichever was found. *evidence_out must be empty, must not be moved, and is to be
 *  released on failure, too. MALFORMED, UNSUPPORTED, LIMIT. */
enum bulla_status bl_cert_evidence_decode(enum bl_cert_format format, struct bulla_bytes value,
                                          struct bl_cert_evidence *evidence_out,
                                          struct bulla_error *err) BULLA_CHECKED;

/** OIDs of all formats, terminated by NULL: known, if critical. */
const char *const *bl_cert_oids(void);

#endif
