/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocation lists beside SEV-SNP reports: what is on them, whose they are, how old, and missing.
 */
#include "tee/paper_snp.h"

static struct bulla_buffer
revocation_list(struct listing says, bool is_of_other, const char *name)
{
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
    struct party ark = paper_authority(paper_ark_key, name, p.ark, NULL);
    struct party other = paper_authority(paper_other_key, name, p.ark, NULL);
    struct bulla_buffer der = list_der(&ark, is_of_other ? &other : &ark, says);

    party_done(&ark);
    party_done(&other);
    return der;
}

static void
assert_revocation(struct listing says, bool is_of_other, const char *name, enum bulla_cause cause)
{
    BL_AUTO(bulla_buffer) der = revocation_list(says, is_of_other, name);
    BL_AUTO(bulla_buffer) good = revocation_list((struct listing){ 0 }, false, "ARK-Milan");

    for (int place = 0; place < 3; place++) {
        struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
        struct bl_claims claims = { 0 };
        struct bulla_error err = { 0 };
        p.crls[0] = place == 1 ? bulla_buffer_bytes(&good) : bulla_buffer_bytes(&der);
        if (place > 0)
            p.crls[1] = place == 1 ? bulla_buffer_bytes(&der) : bulla_buffer_bytes(&good);
        p.require_crl = "true";
        enum bulla_status status = paper_verify(&p, &claims, &err);
        assert_int_equal(err.cause, cause);
        assert_int_equal(status, bulla_cause_status(cause));
        assert_int_equal(claims.unchecked_count, 0);
    }
}

/* The intermediate is looked for like anything else: AMD revoked one in 2022 (SEV-Genoa, 0x20001). */
static void
test_revocation(void **state)
{
    static const char *const listed[] = { "99", "010001" };
    static const char *const others[] = { "010000", "00" }; /* of the root, and of the leaf */

    (void)state;
    assert_revocation((struct listing){ 0 }, false, "ARK-Milan", BULLA_CAUSE_NONE);
    assert_revocation((struct listing){ .serials = others, .serial_count = 2 }, false, "ARK-Milan",
                      BULLA_CAUSE_NONE);
    assert_revocation((struct listing){ .serials = listed, .serial_count = 2 }, false, "ARK-Milan",
                      BULLA_CAUSE_REVOKED);
    assert_revocation((struct listing){ 0 }, false, "ARK-Genoa", BULLA_CAUSE_CRL_ISSUER_MISMATCH);
    assert_revocation((struct listing){ 0 }, true, "ARK-Milan", BULLA_CAUSE_COLLATERAL_SIGNATURE);
    assert_revocation(
        (struct listing){ .this_update = "20260101000000Z", .next_update = "20260201000000Z" },
        false, "ARK-Milan", BULLA_CAUSE_COLLATERAL_EXPIRED);
    assert_revocation((struct listing){ .this_update = "20270115080001Z" }, false, "ARK-Milan",
                      BULLA_CAUSE_NOT_YET_VALID);
}

/* B12: what is demanded and not there is no soft error; and "false" is the one word that does not
 * demand it. */
static void
test_b12_demanded_list_is_missing(void **state)
{
    static const struct {
        const char *word;
        enum bulla_cause cause;
    } rows[] = { { "true", BULLA_CAUSE_CRL_MISSING },
                 { "yes", BULLA_CAUSE_CRL_MISSING },
                 { "False", BULLA_CAUSE_CRL_MISSING },
                 { "", BULLA_CAUSE_CRL_MISSING },
                 { "false", BULLA_CAUSE_NONE } };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
        struct bl_claims claims = { 0 };
        struct bulla_error err = { 0 };
        p.require_crl = rows[i].word;
        (void)!paper_verify(&p, &claims, &err);
        assert_int_equal(err.cause, rows[i].cause);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_b12_demanded_list_is_missing),
    };

    return cmocka_run_group_tests(tests, paper_keys_make, paper_keys_done);
}
