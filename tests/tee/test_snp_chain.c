/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates behind SEV-SNP reports: each link broken in turn, both sides of each date, each
 * extension that does not fit the report; and what went wrong elsewhere.
 */
#include "tee/paper_snp.h"

#include "codec/pem.h"

typedef void spoil(struct paper_snp *p);

static void
assert_spoiled_of(enum bl_snp_generation generation, bool is_vlek, spoil *how,
                  enum bulla_cause cause)
{
    struct paper_snp p = paper_snp(generation, 3, is_vlek);
    struct bl_claims claims = { .kind = "untouched" };
    struct bulla_error err = { 0 };

    how(&p);
    assert_cause(paper_verify(&p, &claims, &err), cause, &err);
    assert_string_equal(claims.kind, "untouched");
}

static void
assert_spoiled(spoil *how, enum bulla_cause cause)
{
    assert_spoiled_of(BL_SNP_MILAN, false, how, cause);
}

static void
assert_spared_of(enum bl_snp_generation generation, bool is_vlek, spoil *how)
{
    struct paper_snp p = paper_snp(generation, 3, is_vlek);
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };

    how(&p);
    assert_ok(paper_verify(&p, &claims, &err), &err);
}

/* -- the path ----------------------------------------------------------------------------------- */

static void
unknown_root(struct paper_snp *p)
{
    p->ark_is_unknown = true;
}

static void
root_of_genoa(struct paper_snp *p)
{
    p->vendor = "amd-genoa";
}

static void
intermediate_by_another(struct paper_snp *p)
{
    p->ask_is_of_other = true;
}

static void
no_leaf(struct paper_snp *p)
{
    p->leaf_role = NULL;
}

static void
no_intermediate(struct paper_snp *p)
{
    p->ask_role = NULL;
}

static void
no_root(struct paper_snp *p)
{
    p->ark_role = NULL;
}

static void
leaf_with_pkcs1(struct paper_snp *p)
{
    p->leaf.is_pkcs1 = true;
}

static void
leaf_with_sha256(struct paper_snp *p)
{
    p->leaf.digest = EVP_sha256();
}

static void
intermediate_is_no_authority(struct paper_snp *p)
{
    p->ask.constraints = "critical,CA:FALSE";
}

static void
test_path(void **state)
{
    (void)state;
    assert_spoiled(unknown_root, BULLA_CAUSE_WRONG_ROOT);
    assert_spoiled(root_of_genoa, BULLA_CAUSE_WRONG_ROOT);
    assert_spoiled(intermediate_by_another, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled(no_leaf, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled(no_intermediate, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled(no_root, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled(leaf_with_pkcs1, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled(leaf_with_sha256, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled(intermediate_is_no_authority, BULLA_CAUSE_UNTRUSTED);
}

/* The pinned key in a certificate that it did not sign. */
static void
test_root_signs_itself(void **state)
{
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
    struct paper_evidence e;
    struct bl_claims claims;
    struct bulla_error err = { 0 };
    struct party ark, other;

    (void)state;
    paper_make(&p, &e);
    other = paper_authority(paper_other_key, p.ark_name, p.ark, NULL);
    ark = paper_authority(paper_ark_key, p.ark_name, p.ark, &other);
    e.parts[2].bytes = bl_certificate_der(ark.certificate);
    assert_cause(bl_snp_verify(&e.v, &claims, &err), BULLA_CAUSE_UNTRUSTED, &err);
    party_done(&ark);
    party_done(&other);
    paper_evidence_done(&e);
}

static void
leaf_is_early(struct paper_snp *p)
{
    p->leaf.not_before = "20270115080001Z";
}

static void
leaf_is_late(struct paper_snp *p)
{
    p->leaf.not_after = "20270115075959Z";
}

static void
intermediate_is_late(struct paper_snp *p)
{
    p->ask.not_after = "20270115075959Z";
}

static void
root_is_late(struct paper_snp *p)
{
    p->ark.not_after = "20270115075959Z";
}

static void
root_is_early(struct paper_snp *p)
{
    p->ark.not_before = "20270115080001Z";
}

static void
just_in_time(struct paper_snp *p)
{
    p->leaf.not_before = p->ask.not_before = p->ark.not_before = NOW_TEXT;
    p->leaf.not_after = p->ask.not_after = p->ark.not_after = NOW_TEXT;
}

static void
test_dates(void **state)
{
    (void)state;
    assert_spoiled(leaf_is_early, BULLA_CAUSE_NOT_YET_VALID);
    assert_spoiled(root_is_early, BULLA_CAUSE_NOT_YET_VALID);
    assert_spoiled(leaf_is_late, BULLA_CAUSE_EXPIRED);
    assert_spoiled(intermediate_is_late, BULLA_CAUSE_EXPIRED);
    assert_spoiled(root_is_late, BULLA_CAUSE_EXPIRED);
    assert_spared_of(BL_SNP_MILAN, false, just_in_time);
}

/* -- VCEK or VLEK ------------------------------------------------------------------------------- */

static void
says_vlek(struct paper_snp *p)
{
    put_u32(p->report + 0x48, 4);
}

static void
says_vcek(struct paper_snp *p)
{
    put_u32(p->report + 0x48, 0);
}

static void
vcek_as_vlek(struct paper_snp *p)
{
    says_vlek(p);
    p->leaf_role = "vlek";
}

static void
vlek_as_vcek(struct paper_snp *p)
{
    says_vcek(p);
    p->leaf_role = "vcek";
}

static void
vcek_under_asvk(struct paper_snp *p)
{
    p->ask_name = "SEV-VLEK-Milan";
}

static void
vlek_under_ask(struct paper_snp *p)
{
    p->ask_name = "SEV-Milan";
}

static void
named_asvk(struct paper_snp *p)
{
    p->ask_role = "asvk";
}

static void
leaf_of_another_name(struct paper_snp *p)
{
    p->leaf.name = "SEV-VCEK-2";
}

/* microsoft/TEE-Attestation-Verification 142, 147: the flag of the report was never read, and who
 * gave ASVK and VLEK for a VCEK's report escaped the comparison of chips. */
static void
test_signing_key_decides_the_chain(void **state)
{
    (void)state;
    assert_spoiled(says_vlek, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled(vcek_as_vlek, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled(vcek_under_asvk, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled(leaf_of_another_name, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled_of(BL_SNP_MILAN, true, says_vcek, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled_of(BL_SNP_MILAN, true, vlek_as_vcek, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled_of(BL_SNP_MILAN, true, vlek_under_ask, BULLA_CAUSE_UNTRUSTED);
    assert_spared_of(BL_SNP_MILAN, true, named_asvk);
}

/* -- generations -------------------------------------------------------------------------------- */

/* B14: product of the leaf, names and root of its chain, and the CPU of the report: all of one
 * generation, or nothing. */
static void
test_b14_cross_product_of_generations(void **state)
{
    (void)state;
    for (int of_leaf = BL_SNP_MILAN; of_leaf <= BL_SNP_TURIN; of_leaf++) {
        for (int other = BL_SNP_MILAN; other <= BL_SNP_TURIN; other++) {
            for (int what = 0; what < 4; what++) {
                struct paper_snp p = paper_snp((enum bl_snp_generation)of_leaf, 3, false);
                const struct paper_snp q = paper_snp((enum bl_snp_generation)other, 3, false);
                struct bl_claims claims;
                struct bulla_error err = { 0 };
                if (what == 0)
                    p.leaf.product = q.leaf.product;
                else if (what == 1)
                    p.vendor = q.vendor;
                else if (what == 2)
                    p.ask_name = q.ask_name;
                else
                    memcpy(p.report + 0x188, q.report + 0x188, 3);
                enum bulla_status status = paper_verify(&p, &claims, &err);
                assert_int_equal(status, of_leaf == other ? BULLA_OK : BULLA_E_UNTRUSTED);
            }
        }
    }
}

static void
test_models_of_each_generation(void **state)
{
    static const struct {
        enum bl_snp_generation generation;
        uint8_t family, model;
        bool is_of;
    } rows[] = {
        { BL_SNP_MILAN, 0x19, 0x00, true },  { BL_SNP_MILAN, 0x19, 0x0f, true },
        { BL_SNP_MILAN, 0x19, 0x10, false }, { BL_SNP_MILAN, 0x1a, 0x01, false },
        { BL_SNP_GENOA, 0x19, 0x10, true },  { BL_SNP_GENOA, 0x19, 0x1f, true },
        { BL_SNP_GENOA, 0x19, 0xa0, true },  { BL_SNP_GENOA, 0x19, 0xaf, true },
        { BL_SNP_GENOA, 0x19, 0x20, false }, { BL_SNP_GENOA, 0x19, 0xb0, false },
        { BL_SNP_GENOA, 0x1a, 0x11, false }, { BL_SNP_TURIN, 0x1a, 0x1f, true },
        { BL_SNP_TURIN, 0x1a, 0x20, false }, { BL_SNP_TURIN, 0x19, 0x02, false },
    };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct paper_snp p = paper_snp(rows[i].generation, 4, false);
        struct bl_claims claims;
        struct bulla_error err = { 0 };
        p.report[0x188] = rows[i].family;
        p.report[0x189] = rows[i].model;
        assert_int_equal(paper_verify(&p, &claims, &err),
                         rows[i].is_of ? BULLA_OK : BULLA_E_UNTRUSTED);
    }
}

static void
no_product(struct paper_snp *p)
{
    p->leaf.product = "";
}

static void
unknown_product(struct paper_snp *p)
{
    p->leaf.product = "Venice";
}

static void
longer_product(struct paper_snp *p)
{
    p->leaf.product = "Milano";
}

static void
shorter_product(struct paper_snp *p)
{
    p->leaf.product = "Mila";
}

static void
other_structure(struct paper_snp *p)
{
    p->leaf.struct_version ^= 1;
}

static void
no_structure(struct paper_snp *p)
{
    p->leaf.struct_version = 0xff;
}

static void
test_product(void **state)
{
    (void)state;
    assert_spoiled(no_product, BULLA_CAUSE_UNTRUSTED);
    assert_spoiled(unknown_product, BULLA_CAUSE_UNSUPPORTED);
    assert_spoiled(longer_product, BULLA_CAUSE_UNSUPPORTED);
    assert_spoiled(shorter_product, BULLA_CAUSE_UNSUPPORTED);
    assert_spoiled(other_structure, BULLA_CAUSE_TCB_EXTENSION_MISMATCH);
    assert_spoiled(no_structure, BULLA_CAUSE_TCB_EXTENSION_MISMATCH);
    assert_spoiled_of(BL_SNP_TURIN, false, other_structure, BULLA_CAUSE_TCB_EXTENSION_MISMATCH);
}

/* -- TCB ---------------------------------------------------------------------------------------- */

/* The reported TCB is what the key is derived from; not the current one. */
static void
test_each_component_of_the_tcb(void **state)
{
    static const char *const numbers[2][8] = { { "1", "2", "4", "5", "6", "7", "3", "8" },
                                               { "9", "1", "2", "3", "5", "6", "7", "8" } };

    (void)state;
    for (int turin = 0; turin < 2; turin++) {
        for (size_t i = 0; i < 8; i++) {
            struct paper_snp p = paper_snp(turin ? BL_SNP_TURIN : BL_SNP_GENOA, 5, false);
            struct bl_claims claims;
            struct bulla_error err = { 0 };
            p.leaf.tcb[i]++;
            assert_cause(paper_verify(&p, &claims, &err), BULLA_CAUSE_TCB_EXTENSION_MISMATCH, &err);
            p.leaf.tcb[i]--;
            p.report[0x38 + i]++;
            bulla_error_clear(&err);
            assert_ok(paper_verify(&p, &claims, &err), &err);
            p.leaf.without = numbers[turin][i];
            assert_cause(paper_verify(&p, &claims, &err), BULLA_CAUSE_TCB_EXTENSION_MISMATCH, &err);
        }
    }
}

/* B9: what is searched for as bytes is found in an extension of another name. */
static void
decoy(struct paper_snp *p)
{
    static const uint8_t bytes[] = { 0x30, 0x11, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x9c,
                                     0x78, 0x01, 0x03, 0x08, 0x04, 0x03, 0x02, 0x01, 0x01 };

    p->leaf.decoy = BL_BYTES_OF(bytes);
}

static void
decoy_only(struct paper_snp *p)
{
    decoy(p);
    p->leaf.without = "8";
    p->leaf.tcb[7] = p->report[0x187] = 1;
}

static void
test_b9_extensions_are_found_by_name(void **state)
{
    (void)state;
    assert_spared_of(BL_SNP_MILAN, false, decoy);
    assert_spoiled(decoy_only, BULLA_CAUSE_TCB_EXTENSION_MISMATCH);
}

/* -- the chip ----------------------------------------------------------------------------------- */

static void
other_chip(struct paper_snp *p)
{
    p->leaf.hwid[p->leaf.hwid_size - 1] ^= 1;
}

static void
no_chip(struct paper_snp *p)
{
    p->leaf.hwid_size = 0;
}

static void
short_chip(struct paper_snp *p)
{
    p->leaf.hwid_size--;
}

static void
wrapped_chip(struct paper_snp *p)
{
    memmove(p->leaf.hwid + 2, p->leaf.hwid, p->leaf.hwid_size);
    p->leaf.hwid[0] = 0x04;
    p->leaf.hwid[1] = (uint8_t)p->leaf.hwid_size;
    p->leaf.hwid_size += 2;
}

static void
masked_chip(struct paper_snp *p)
{
    memset(p->report + 0x1a0, 0, 64);
    memset(p->leaf.hwid, 0, sizeof p->leaf.hwid);
}

static void
more_chip(struct paper_snp *p)
{
    p->report[0x1a0 + 8] = 1;
}

static void
chip_of_64(struct paper_snp *p)
{
    p->leaf.hwid_size = 64;
}

/* Absent is not equal (microsoft/TEE-Attestation-Verification 142): neither a leaf without an
 * identity nor two that are all zero agree. */
static void
test_absent_chip_is_not_an_equal_one(void **state)
{
    (void)state;
    assert_spoiled(no_chip, BULLA_CAUSE_CHIP_ID_MISMATCH);
    assert_spoiled(masked_chip, BULLA_CAUSE_CHIP_ID_MISMATCH);
    assert_spoiled_of(BL_SNP_TURIN, false, no_chip, BULLA_CAUSE_CHIP_ID_MISMATCH);
    assert_spoiled_of(BL_SNP_TURIN, false, masked_chip, BULLA_CAUSE_CHIP_ID_MISMATCH);
}

static void
test_chip(void **state)
{
    (void)state;
    assert_spoiled(other_chip, BULLA_CAUSE_CHIP_ID_MISMATCH);
    assert_spoiled(short_chip, BULLA_CAUSE_MALFORMED);
    assert_spoiled_of(BL_SNP_TURIN, false, other_chip, BULLA_CAUSE_CHIP_ID_MISMATCH);
    assert_spoiled_of(BL_SNP_TURIN, false, more_chip, BULLA_CAUSE_CHIP_ID_MISMATCH);
    assert_spoiled_of(BL_SNP_TURIN, false, chip_of_64, BULLA_CAUSE_MALFORMED);
    assert_spared_of(BL_SNP_MILAN, false, wrapped_chip);
    assert_spared_of(BL_SNP_TURIN, false, wrapped_chip);
}

static void
no_provider(struct paper_snp *p)
{
    p->leaf.csp_id = NULL;
}

static void
vlek_with_chip(struct paper_snp *p)
{
    p->leaf.hwid_size = 64;
}

static void
report_with_chip(struct paper_snp *p)
{
    p->report[0x1a0] = 1;
}

static void
test_provider(void **state)
{
    (void)state;
    assert_spoiled_of(BL_SNP_GENOA, true, no_provider, BULLA_CAUSE_CHIP_ID_MISMATCH);
    assert_spoiled_of(BL_SNP_GENOA, true, vlek_with_chip, BULLA_CAUSE_CHIP_ID_MISMATCH);
    assert_spoiled_of(BL_SNP_GENOA, true, report_with_chip, BULLA_CAUSE_CHIP_ID_MISMATCH);
}

/* -- where the certificates come from ----------------------------------------------------------- */

/* A provider's file of all three, again beside issuers that are given; and ASK and ARK in one. */
static void
test_certificates_in_other_packages(void **state)
{
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
    struct paper_evidence e;
    struct bl_claims claims;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) issuers = { 0 };
    BL_AUTO(bulla_buffer) all = { 0 };

    (void)state;
    paper_make(&p, &e);
    assert_ok(bl_pem_encode(e.parts[1].bytes, "CERTIFICATE", &issuers, &err), &err);
    assert_ok(bl_pem_encode(e.parts[2].bytes, "CERTIFICATE", &issuers, &err), &err);
    assert_ok(bulla_buffer_append(&all, bulla_buffer_bytes(&issuers), &err), &err);
    assert_ok(bl_pem_encode(e.parts[0].bytes, "CERTIFICATE", &all, &err), &err);
    const struct bulla_bytes leaf = e.parts[0].bytes;
    e.parts[0].bytes = bulla_buffer_bytes(&all);
    assert_ok(bl_snp_verify(&e.v, &claims, &err), &err);
    e.v.part_count = 1;
    assert_ok(bl_snp_verify(&e.v, &claims, &err), &err);
    e.parts[0].bytes = leaf;
    e.parts[1] = (struct bl_part){ "cert_chain", bulla_buffer_bytes(&issuers) };
    e.v.part_count = 2;
    assert_ok(bl_snp_verify(&e.v, &claims, &err), &err);
    paper_evidence_done(&e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path),
        cmocka_unit_test(test_root_signs_itself),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_signing_key_decides_the_chain),
        cmocka_unit_test(test_b14_cross_product_of_generations),
        cmocka_unit_test(test_models_of_each_generation),
        cmocka_unit_test(test_product),
        cmocka_unit_test(test_each_component_of_the_tcb),
        cmocka_unit_test(test_b9_extensions_are_found_by_name),
        cmocka_unit_test(test_absent_chip_is_not_an_equal_one),
        cmocka_unit_test(test_chip),
        cmocka_unit_test(test_provider),
        cmocka_unit_test(test_certificates_in_other_packages),
    };

    return cmocka_run_group_tests(tests, paper_keys_make, paper_keys_done);
}
