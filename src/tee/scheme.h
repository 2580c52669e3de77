/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/scheme.h: kinds of evidence and how each is verified; anchors and endorsements.
 *
 * A scheme is one small const struct in the array of tee/schemes.c, fixed at build time. Pure: no
 * I/O, no clock. A kind that is not in the table does not exist.
 */
#ifndef BL_TEE_SCHEME_H
#define BL_TEE_SCHEME_H

#include "tee/claims.h"

#define BL_ANCHOR_COUNT_MAX 64 /* entries given to one verification */
#define BL_PART_COUNT_MAX 32   /* further pieces of evidence, and endorsements */

/** What an anchor is trusted for. */
enum bl_anchor_kind {
    BL_ANCHOR_ABSENT = 0,
    BL_ANCHOR_AK_AUTHORITY, /* CA certificate (DER): certifies attestation keys of TPMs */
    BL_ANCHOR_EK_AUTHORITY, /* CA certificate (DER): certifies endorsement keys of TPMs */
    BL_ANCHOR_AK            /* SubjectPublicKeyInfo (DER): this attestation key, enrolled */
};

/** One thing that the operator trusts. Borrowed; outlives the claims that name it. */
struct bl_anchor {
    const char *name; /* for people and policies */
    enum bl_anchor_kind kind;
    struct bulla_bytes der;
    enum bl_platform_class platform_class;
    struct bulla_bytes platform_id; /* of an enrolled AK: 32 bytes, or empty if not known */
};

/** A named piece: `role` as in `bulla verify --part ROLE=FILE`. */
struct bl_part {
    const char *role;
    struct bulla_bytes bytes;
};

/** All that a verification depends on. */
struct bl_verification {
    struct bulla_bytes evidence;
    const struct bl_part *parts; /* further pieces of the evidence, and endorsements: not trusted */
    size_t part_count;
    const struct bl_anchor *anchors; /* an empty list trusts nothing */
    size_t anchor_count;
    int64_t now_s;             /* Unix seconds */
    struct bulla_bytes binder; /* what the evidence must carry: nonce, or digest of report data */
    enum bl_binding binding; /* what the caller put into `binder`; ABSENT: nothing is compared, the
                                  claims say so, and appraisal refuses */
    struct bl_pcr_selection requested; /* mask 0: any selection; the claims say which */
};

struct bl_scheme {
    const char *kind; /* "tpm", as in --kind */
    /** Causes: MALFORMED, UNSUPPORTED, SIGNATURE, UNTRUSTED, EXPIRED, NONCE_MISMATCH, PCR_MISMATCH,
     *  SELECTION_MISMATCH, LOG_MISMATCH, KEY_MISMATCH, KEY_ATTRIBUTES. *claims_out is untouched
     *  unless BULLA_OK. */
    enum bulla_status (*verify)(const struct bl_verification *verification,
                                struct bl_claims *claims_out, struct bulla_error *err);
};

/** The table; *count_out entries. */
const struct bl_scheme *bl_schemes(size_t *count_out);
/** NULL if there is no such kind. */
const struct bl_scheme *bl_scheme_find(const char *kind);
/** The bytes of the one part with this role; empty if there is none, or more than one. */
struct bulla_bytes bl_part_find(const struct bl_verification *verification, const char *role);

#endif
