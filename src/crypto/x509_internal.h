/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/x509_internal.h: what a certificate is inside this folder.
 */
#ifndef BL_CRYPTO_X509_INTERNAL_H
#define BL_CRYPTO_X509_INTERNAL_H

#include "crypto/der_signature.h"
#include "crypto/x509.h"

#define BL_EXTENSION_COUNT_MAX 32 /* Intel's PCK certificates have 7; comparing pairs stays cheap */

/* Bits of KeyUsage (RFC 5280 4.2.1.3), the first as the highest. */
#define BL_KEY_USAGE_SIGN_DATA 0x80000000u         /* digitalSignature */
#define BL_KEY_USAGE_SIGN_CERTIFICATES 0x04000000u /* keyCertSign */
#define BL_KEY_USAGE_SIGN_LISTS 0x02000000u        /* cRLSign */

struct bl_extension {
    struct bulla_bytes oid; /* content */
    struct bulla_bytes value;
    bool is_critical;
};

struct bl_certificate {
    size_t sharer_count;     /* besides the first owner */
    struct bulla_buffer der; /* owns what the rest borrows */
    struct bulla_bytes signed_part;
    struct bulla_bytes serial; /* content of the INTEGER */
    struct bulla_bytes issuer; /* names as they are encoded */
    struct bulla_bytes subject;
    struct bulla_bytes spki;
    struct bulla_bytes signature;
    struct bl_der_algorithm algorithm;
    int64_t not_before_s;
    int64_t not_after_s;
    struct bl_extension extensions[BL_EXTENSION_COUNT_MAX];
    size_t extension_count;
    /* what the extensions say */
    bool is_authority;
    bool limits_path;
    uint64_t path_length; /* certificates of authorities that may follow */
    bool has_key_usage;
    uint32_t key_usage;
    struct bulla_bytes key_id; /* of the subject's key; empty if absent */
};

/** SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }: RFC 5280 4.1. */
struct bl_extension bl_extension_read(struct bl_reader *r, const char *where);
/** Check the values of the extensions that are known, and keep what they say. */
enum bulla_status bl_certificate_read_extensions(struct bl_certificate *certificate,
                                                 struct bulla_error *err) BULLA_CHECKED;
/** True if a critical one of this kind may be there: its meaning is dealt with, or binds nobody here. */
bool bl_extension_is_processed(const struct bl_extension *extension);
/** The one with this content as its OID, or NULL. */
const struct bl_extension *bl_certificate_find_extension(const struct bl_certificate *certificate,
                                                         struct bulla_bytes oid);
/** True for a SEQUENCE of sets of attributes, each a type and a value. */
bool bl_name_is_well_formed(struct bulla_bytes name);
/** The subject signed this: bl_der_signature_verify() with its key, or `memo` (may be NULL) knows. */
enum bulla_status bl_certificate_verify(const struct bl_certificate *signer,
                                        const struct bl_der_algorithm *algorithm,
                                        struct bulla_bytes message, struct bulla_bytes signature,
                                        enum bulla_cause cause, struct bl_memo *memo,
                                        struct bulla_error *err) BULLA_CHECKED;
/** True if it has no attribute: such a name is nobody's. */
bool bl_name_is_empty(struct bulla_bytes name);
/** Content of an INTEGER of any size and sign, in the fewest bytes (X.690 section 8.3.2). */
struct bulla_bytes bl_serial_read(struct bl_reader *r);

#endif
