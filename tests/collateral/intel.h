/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/collateral/intel.h: the collateral of a platform on paper, as pieces.
 */
#ifndef TESTS_COLLATERAL_INTEL_H
#define TESTS_COLLATERAL_INTEL_H

#include "tee/dcap_cases.h"

#include "collateral/pieces.h"

#define PAPER_TCB_INFO(p) \
    ((p)->kind == PAPER_SGX ? "intel/sgx/tcb-info/00806f050000" : "intel/tdx/tcb-info/00806f050000")
#define PAPER_IDENTITY(p) \
    ((p)->kind == PAPER_SGX ? "intel/sgx/qe-identity" : "intel/tdx/qe-identity")
#define PAPER_PCK_CRL "intel/pck-crl/platform"
#define PAPER_ROOT_CRL "intel/root-crl"

/* What a source would have made of paper_build(). */
static inline struct bl_collateral_set *
intel_set(const struct paper *p)
{
    struct bl_collateral_set *set = bl_collateral_set_new();
    BL_AUTO(bulla_buffer) authority = { 0 };
    BL_AUTO(bulla_buffer) root = { 0 };

    assert_non_null(set);
    paper_pem(p->pck_list_issuer != NULL ? p->pck_list_issuer->certificate
                                         : p->authority.certificate,
              &authority);
    paper_pem(p->root.certificate, &authority);
    paper_pem(p->root.certificate, &root);
    put_piece(set, PAPER_ROOT_CRL, p->parts[0].bytes, bulla_buffer_bytes(&root));
    put_piece(set, PAPER_PCK_CRL, p->parts[1].bytes, bulla_buffer_bytes(&authority));
    put_piece(set, PAPER_TCB_INFO(p), p->parts[2].bytes, p->parts[3].bytes);
    put_piece(set, PAPER_IDENTITY(p), p->parts[4].bytes, p->parts[5].bytes);
    return set;
}

static inline struct bl_collateral_trust
intel_trust(const struct paper *p)
{
    return (struct bl_collateral_trust){ .anchors = &p->anchor,
                                         .anchor_count = 1,
                                         .now_s = p->v.now_s };
}

#endif
