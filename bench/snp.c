/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/snp.c: verifying a report of SEV-SNP whose chain was seen before: one signature on P-384.
 */
#include "measure.h"
#include "tee/paper_snp.h"

static void
verify(void *subject)
{
    static struct bl_claims claims;
    const struct paper_evidence *evidence = subject;
    struct bulla_error err = { 0 };

    if (bl_snp_verify(&evidence->v, &claims, &err) != BULLA_OK)
        stop(err.what);
}

int
main(void)
{
    struct paper_snp paper = paper_snp(BL_SNP_MILAN, 3, /* is_vlek= */ false);
    struct paper_evidence evidence;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_memo) memo = NULL;

    paper_keys_make(NULL);
    paper_make(&paper, &evidence);
    assert_ok(bl_memo_new(16, (size_t)1 << 20, &memo, &err), &err);
    evidence.v.memo = memo;
    measure("SNP report, chain cached, to 1 P-384", "P-384", 1, 1.25, verify, &evidence);
    paper_evidence_done(&evidence);
    paper_keys_done(NULL);
    return 0;
}
