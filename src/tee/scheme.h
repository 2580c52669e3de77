/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/scheme.h: kinds of evidence and how each is verified; anchors and endorsements.
 *
 * A scheme is one small const struct in the array of tee/schemes.c, fixed at build time. Pure: no
 * I/O, no clock. A kind that is not in the table does not exist.
 */
#ifndef BL_TEE_SCHEME_H
#define BL_TEE_SCHEME_H

#include "codec/json.h"
#include "crypto/x509.h"
#include "tee/claims.h"

#define BL_ANCHOR_COUNT_MAX 64             /* entries given to one verification */
#define BL_PART_COUNT_MAX 32               /* further pieces of evidence, and endorsements */
#define BL_PART_SIZE_MAX ((size_t)4 << 20) /* bytes of one, and of the evidence */

/** What an anchor is trusted for. */
enum bl_anchor_kind {
    BL_ANCHOR_ABSENT = 0,
    BL_ANCHOR_AK_AUTHORITY, /* CA certificate (DER): certifies attestation keys of TPMs */
    BL_ANCHOR_EK_AUTHORITY, /* CA certificate (DER): certifies endorsement keys of TPMs */
    BL_ANCHOR_AK,           /* SubjectPublicKeyInfo (DER): this attestation key, enrolled */
    BL_ANCHOR_ROOT_KEY, /* SHA-256 of the SubjectPublicKeyInfo of the root of the vendor `role` */
    BL_ANCHOR_GIVEN     /* what the operator gave under `role`: the scheme reads it */
};

/** One thing that the operator trusts. Borrowed; outlives the claims that name it. */
struct bl_anchor {
    const char *name; /* for people and policies */
    enum bl_anchor_kind kind;
    struct bulla_bytes der;
    enum bl_platform_class platform_class;
    struct bulla_bytes platform_id; /* of an enrolled AK: 32 bytes, or empty if not known */
    const char
        *role; /* ROOT_KEY, GIVEN: whose, or as what: "intel", "amd-milan", "iak"; else NULL */
    struct bulla_bytes editions; /* of a ROOT_KEY: SHA-256 of whole certificates that are known, 32
                                    bytes each, or empty */
};

/** A named piece: `role` as in `bulla verify --part ROLE=FILE` or `--input NAME=VALUE`. */
struct bl_part {
    const char *role;
    struct bulla_bytes bytes;
};

/** All that a verification depends on. */
struct bl_verification {
    struct bulla_bytes evidence;
    const struct bl_part *parts; /* further pieces of the evidence, and endorsements: not trusted */
    size_t part_count;
    const struct bl_part *inputs; /* what the caller asks for besides, as text */
    size_t input_count;
    const struct bl_anchor *anchors; /* an empty list trusts nothing */
    size_t anchor_count;
    int64_t now_s;              /* Unix seconds */
    int64_t collateral_grace_s; /* how long after its next update is due collateral still counts:
                                   the operator's word, 0 unless given; the claims then say so */
    struct bulla_bytes binder;  /* what the evidence must carry: nonce, or digest of report data */
    enum bl_binding binding; /* what the caller put into `binder`; ABSENT: nothing is compared, the
                                  claims say so, and appraisal refuses */
    struct bl_memo *memo;    /* what was found out before about the same bytes; or NULL */
    struct bl_pcr_selection requested; /* mask 0: any selection; the claims say which */
};

struct bl_scheme {
    const char *kind; /* "tpm", as in --kind */
    /** Causes: MALFORMED, UNSUPPORTED, SIGNATURE, UNTRUSTED, EXPIRED, NONCE_MISMATCH, PCR_MISMATCH,
     *  SELECTION_MISMATCH, LOG_MISMATCH, KEY_MISMATCH, KEY_ATTRIBUTES. *claims_out is untouched
     *  unless BULLA_OK; but if only the rating failed (TCB_NOT_SUPPORTED), claims_out->tcb says how
     *  the parts that were rated are, and the rest of it claims nothing. NULL: nothing of this kind
     *  is signed as a whole. */
    enum bulla_status (*verify)(const struct bl_verification *verification,
                                struct bl_claims *claims_out, struct bulla_error *err);
    /** Look at what carries no signature of its own, such as an event log: well-formed and
     *  consistent? Nothing of it is believed. NULL: there is nothing to look at. */
    enum bulla_status (*inspect)(const struct bl_verification *verification,
                                 struct bl_claims *claims_out, struct bulla_error *err);
    /** Write what evidence that verify() or inspect() passed says, as members of an open JSON object
     *  under the names of docs/formats/claims.md. NULL: nothing beyond the claims. */
    enum bulla_status (*describe)(const struct bl_verification *verification,
                                  struct bl_json_writer *out, struct bulla_error *err);
};

/** The table; *count_out entries. */
const struct bl_scheme *bl_schemes(size_t *count_out);
/** NULL if there is no such kind. */
const struct bl_scheme *bl_scheme_find(const char *kind);
/** The same, of those that have a verify(): NULL for a kind that can be looked at only. */
const struct bl_scheme *bl_scheme_find_verifier(const char *kind);
/** The bytes of the one part with this role; empty if there is none, or more than one. */
struct bulla_bytes bl_part_find(const struct bl_verification *verification, const char *role);
/** The bytes of the i-th part with this role, in the order given; empty if there is none. */
struct bulla_bytes bl_part_at(const struct bl_verification *verification, const char *role,
                              size_t i);
/** The text of the one input of this name; empty if there is none, or more than one. */
struct bulla_bytes bl_input_find(const struct bl_verification *verification, const char *name);
/** The anchor that the operator gave under this role, the i-th; NULL if there is none. */
const struct bl_anchor *bl_anchor_given(const struct bl_verification *verification,
                                        const char *role, size_t i);
/** The anchor of a vendor's root with this key: a ROOT_KEY of `vendor`, or a certificate GIVEN as
 *  "root". WRONG_ROOT. Says nothing of the certificate but whose it is. */
enum bulla_status bl_anchor_of_root(const struct bl_verification *verification, const char *vendor,
                                    const struct bl_certificate *root,
                                    const struct bl_anchor **anchor_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** A binding needs a binder: BULLA_E_ARGUMENT. */
enum bulla_status bl_check_arguments(const struct bl_verification *verification,
                                     struct bulla_error *err) BULLA_CHECKED;
/** What the evidence carries is what the caller wants it to carry: NONCE_MISMATCH, unless nothing was
 *  asked for. An empty binder wants nothing to be carried. In constant time. */
enum bulla_status bl_check_binder(const struct bl_verification *verification,
                                  struct bulla_bytes carried,
                                  struct bulla_error *err) BULLA_CHECKED;
/** As bl_check_binder(), where there is more room than is asked for: zeros follow a shorter binder. */
enum bulla_status bl_check_report_data(const struct bl_verification *verification,
                                       struct bulla_bytes report_data,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif
