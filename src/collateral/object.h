/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/object.h: one piece of collateral, a set of them, and what verifies them.
 *
 * Guarantees: bl_collateral_verify() is the vendors' rules as tee/ has them: signature, chain to a
 * pinned anchor, revocation, window, and that the content is about what the name says. Fetched,
 * cached or bundled is not verified: whoever uses a piece asks anew.
 * Does not: add trust. Roots come along with some of the pieces and must equal pinned anchors.
 */
#ifndef BL_COLLATERAL_OBJECT_H
#define BL_COLLATERAL_OBJECT_H

#include "collateral/name.h"

#define BL_COLLATERAL_BODY_SIZE_MAX ((size_t)1 << 20) /* bytes: as the largest revocation list */
#define BL_COLLATERAL_ISSUERS_SIZE_MAX 32768          /* bytes of PEM: two certificates need 3000 */
#define BL_COLLATERAL_COUNT_MAX 1024                  /* pieces in one set */

struct bl_collateral {
    struct bl_collateral_name name;
    struct bulla_buffer body;    /* as it was served; revocation lists in DER */
    struct bulla_buffer issuers; /* PEM of those who signed it, up to the root; empty for those of
                                    which the name says where they are */
    int64_t fetched_s;           /* Unix seconds */
};
void bl_collateral_free(struct bl_collateral *object);
BL_DEFINE_FREEP(bl_collateral)

/** In ascending order of their names, each once. */
struct bl_collateral_set {
    struct bl_collateral *items[BL_COLLATERAL_COUNT_MAX]; /* owned */
    size_t count;
};
void bl_collateral_set_free(struct bl_collateral_set *set);
BL_DEFINE_FREEP(bl_collateral_set)
/** NULL without memory. */
struct bl_collateral_set *bl_collateral_set_new(void) __attribute__((warn_unused_result));
/** NULL if it is not there. */
const struct bl_collateral *bl_collateral_find(const struct bl_collateral_set *set,
                                               const struct bl_collateral_name *name);
/** Take *object over, in place of one of the same name; NULL then. BULLA_E_LIMIT. */
enum bulla_status bl_collateral_set_put(struct bl_collateral_set *set,
                                        struct bl_collateral **object,
                                        struct bulla_error *err) BULLA_CHECKED;

/** Take it out; NULL if it is not there. */
struct bl_collateral *bl_collateral_set_take(struct bl_collateral_set *set,
                                             const struct bl_collateral_name *name);

/** What verification depends on besides. */
struct bl_collateral_trust {
    const struct bl_anchor *anchors;
    size_t anchor_count;
    int64_t now_s;
    int64_t grace_s; /* how long after its next update is due a piece counts */
};

/** What a verified piece says of itself. */
struct bl_collateral_facts {
    int64_t issued_s;
    int64_t until_s;     /* next update, or the end of the certificate that ends first */
    bool is_certificate; /* it ends, and is not updated before */
    struct bl_claim_number evaluation; /* tcbEvaluationDataNumber */
};
/** Is it good? `set` has what else that takes (lists and chains of issuers, under their names); the
 *  object itself may be in it. Causes: those of tee/dcap/collateral.h and tee/snp/chain.h;
 *  FMSPC_MISMATCH, TCB_INFO_MISMATCH, QE_IDENTITY_MISMATCH, CRL_ISSUER_MISMATCH, UNTRUSTED for
 *  content that is about something else; CRL_MISSING. */
enum bulla_status bl_collateral_verify(const struct bl_collateral *object,
                                       const struct bl_collateral_set *set,
                                       const struct bl_collateral_trust *trust,
                                       struct bl_collateral_facts *facts_out,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif
