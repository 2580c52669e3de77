/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's chains, lists and VCEKs by themselves: every rule broken alone. */
#include "tee/paper_snp.h"

#include "codec/pem.h"
#include "collateral/pieces.h"
#include "collateral/wants.h"

/* An AMD on paper, as a source has it. */
struct amd {
    struct paper_snp paper;
    struct paper_evidence evidence;
    struct bl_collateral_set *set;
    char vcek[BL_COLLATERAL_NAME_SIZE], chain[64], list[64];
};

static void
add_pem(const struct bl_certificate *certificate, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_pem_encode(bl_certificate_der(certificate), "CERTIFICATE", out, &err), &err);
}

static void
put_list(struct amd *amd, struct listing says)
{
    BL_AUTO(bulla_buffer) list = list_der(&amd->evidence.ark, &amd->evidence.ark, says);

    put_piece(amd->set, amd->list, bulla_buffer_bytes(&list), BL_LITERAL(""));
}

static void
amd_start(struct amd *amd, enum bl_snp_generation generation)
{
    struct bl_collateral_name name = { .kind = BL_COLLATERAL_VCEK, .generation = generation };
    const char *word = bl_snp_generation_word(generation);
    BL_AUTO(bulla_buffer) chain = { 0 };
    struct bulla_error err = { 0 };

    amd->paper = paper_snp(generation, 3, /* is_vlek= */ false);
    paper_make(&amd->paper, &amd->evidence);
    amd->set = bl_collateral_set_new();
    memcpy(name.chip_id, amd->paper.leaf.hwid, amd->paper.leaf.hwid_size);
    memcpy(name.tcb, amd->paper.leaf.tcb, sizeof name.tcb);
    assert_ok(bl_collateral_name_finish(&name, &err), &err);
    strcpy(amd->vcek, name.text);
    (void)snprintf(amd->chain, sizeof amd->chain, "amd/%s/vcek-chain", word);
    (void)snprintf(amd->list, sizeof amd->list, "amd/%s/vcek-crl", word);
    add_pem(amd->evidence.ask.certificate, &chain);
    add_pem(amd->evidence.ark.certificate, &chain);
    put_piece(amd->set, amd->vcek, bl_certificate_der(amd->evidence.leaf), BL_LITERAL(""));
    put_piece(amd->set, amd->chain, bulla_buffer_bytes(&chain), BL_LITERAL(""));
    put_list(amd, (struct listing){ 0 });
}

static void
amd_done(struct amd *amd)
{
    bl_collateral_set_free(amd->set);
    paper_evidence_done(&amd->evidence);
}

static enum bulla_cause
judge_at(const struct amd *amd, const char *name, int64_t now_s, int64_t grace_s)
{
    const struct bl_collateral_trust trust = {
        .anchors = &amd->evidence.anchor, .anchor_count = 1, .now_s = now_s, .grace_s = grace_s
    };
    struct bl_collateral_facts facts;
    struct bulla_error err = { 0 };

    if (bl_collateral_verify(piece_named(amd->set, name), amd->set, &trust, &facts, &err) ==
        BULLA_OK)
        return BULLA_CAUSE_NONE;
    return err.cause;
}

static enum bulla_cause
judge(const struct amd *amd, const char *name)
{
    return judge_at(amd, name, NOW_S, 0);
}

static void
test_each_generation_is_good(void **state)
{
    static const enum bl_snp_generation all[] = { BL_SNP_MILAN, BL_SNP_GENOA, BL_SNP_TURIN };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all); i++) {
        struct amd amd = { 0 };

        amd_start(&amd, all[i]);
        assert_int_equal(judge(&amd, amd.vcek), BULLA_CAUSE_NONE);
        assert_int_equal(judge(&amd, amd.chain), BULLA_CAUSE_NONE);
        assert_int_equal(judge(&amd, amd.list), BULLA_CAUSE_NONE);
        amd_done(&amd);
    }
}

/* The chip and the TCB in the name are what the certificate is for. */
static void
test_of_another_chip_tcb_or_generation(void **state)
{
    struct amd amd = { 0 };
    char other[BL_COLLATERAL_NAME_SIZE];

    (void)state;
    amd_start(&amd, BL_SNP_MILAN);
    const struct bulla_bytes leaf = bl_certificate_der(amd.evidence.leaf);
    strcpy(other, amd.vcek);
    other[strlen("amd/milan/vcek/")] ^= 0x01;
    put_piece(amd.set, other, leaf, BL_LITERAL(""));
    assert_int_equal(judge(&amd, other), BULLA_CAUSE_CHIP_ID_MISMATCH);
    strcpy(other, amd.vcek);
    other[strlen(other) - 1] ^= 0x01;
    put_piece(amd.set, other, leaf, BL_LITERAL(""));
    assert_int_equal(judge(&amd, other), BULLA_CAUSE_TCB_EXTENSION_MISMATCH);
    strcpy(other, amd.vcek);
    memcpy(other, "amd/genoa", strlen("amd/genoa"));
    put_piece(amd.set, other, leaf, BL_LITERAL(""));
    put_piece(amd.set, "amd/genoa/vcek-chain",
              bulla_buffer_bytes(&piece_named(amd.set, amd.chain)->body), BL_LITERAL(""));
    assert_int_equal(judge(&amd, other), BULLA_CAUSE_CHIP_ID_MISMATCH);
    assert_int_equal(judge(&amd, "amd/genoa/vcek-chain"), BULLA_CAUSE_UNTRUSTED);
    put_piece(amd.set, "amd/milan/vlek-chain",
              bulla_buffer_bytes(&piece_named(amd.set, amd.chain)->body), BL_LITERAL(""));
    assert_int_equal(judge(&amd, "amd/milan/vlek-chain"), BULLA_CAUSE_UNTRUSTED);
    amd_done(&amd);
}

static void
test_without_the_chain(void **state)
{
    struct amd amd = { 0 };

    (void)state;
    amd_start(&amd, BL_SNP_GENOA);
    drop_piece(amd.set, amd.chain);
    assert_int_equal(judge(&amd, amd.vcek), BULLA_CAUSE_UNTRUSTED);
    assert_int_equal(judge(&amd, amd.list), BULLA_CAUSE_UNTRUSTED);
    amd_done(&amd);
}

/* The first ASK of Genoa was revoked: a list that is at hand counts for everything under it. */
static void
test_a_revoked_intermediate(void **state)
{
    static const char *const of_ask[] = { "010001" };
    struct amd amd = { 0 };

    (void)state;
    amd_start(&amd, BL_SNP_GENOA);
    put_list(&amd, (struct listing){ .serials = of_ask, .serial_count = 1 });
    assert_int_equal(judge(&amd, amd.vcek), BULLA_CAUSE_REVOKED);
    assert_int_equal(judge(&amd, amd.chain), BULLA_CAUSE_REVOKED);
    drop_piece(amd.set, amd.list);
    assert_int_equal(judge(&amd, amd.chain),
                     BULLA_CAUSE_NONE); /* told by the evidence's verification */
    amd_done(&amd);
}

static void
test_a_list_of_somebody_else(void **state)
{
    struct amd amd = { 0 };

    (void)state;
    amd_start(&amd, BL_SNP_MILAN);
    struct party other = paper_authority(paper_other_key, "ARK-Milan", (struct saying){ 0 }, NULL);
    BL_AUTO(bulla_buffer) forged = list_der(&amd.evidence.ark, &other, (struct listing){ 0 });
    put_piece(amd.set, amd.list, bulla_buffer_bytes(&forged), BL_LITERAL(""));
    assert_int_equal(judge(&amd, amd.list), BULLA_CAUSE_COLLATERAL_SIGNATURE);
    assert_int_equal(judge(&amd, amd.vcek), BULLA_CAUSE_COLLATERAL_SIGNATURE);
    party_done(&other);
    amd_done(&amd);
}

static void
test_another_root(void **state)
{
    struct amd amd = { 0 };

    (void)state;
    amd_start(&amd, BL_SNP_TURIN);
    amd.evidence.pin[5] ^= 0x10;
    assert_int_equal(judge(&amd, amd.vcek), BULLA_CAUSE_WRONG_ROOT);
    assert_int_equal(judge(&amd, amd.chain), BULLA_CAUSE_WRONG_ROOT);
    assert_int_equal(judge(&amd, amd.list), BULLA_CAUSE_WRONG_ROOT);
    amd_done(&amd);
}

static void
test_the_list_and_its_grace(void **state)
{
    const int64_t next_update_s = 1800057600; /* 2027-01-16 */
    struct amd amd = { 0 };

    (void)state;
    amd_start(&amd, BL_SNP_MILAN);
    assert_int_equal(judge_at(&amd, amd.list, next_update_s - 1, 0), BULLA_CAUSE_NONE);
    assert_int_equal(judge_at(&amd, amd.list, next_update_s, 0), BULLA_CAUSE_COLLATERAL_EXPIRED);
    assert_int_equal(judge_at(&amd, amd.vcek, next_update_s, 0), BULLA_CAUSE_COLLATERAL_EXPIRED);
    assert_int_equal(judge_at(&amd, amd.list, next_update_s + 99, 100), BULLA_CAUSE_NONE);
    assert_int_equal(judge_at(&amd, amd.list, next_update_s + 100, 100),
                     BULLA_CAUSE_COLLATERAL_EXPIRED);
    amd_done(&amd);
}

static void
test_one_bit_of_a_vcek(void **state)
{
    struct amd amd = { 0 };

    (void)state;
    amd_start(&amd, BL_SNP_MILAN);
    const struct bl_collateral *piece = piece_named(amd.set, amd.vcek);
    for (size_t at = 0; at < piece->body.size; at += 37) {
        piece->body.data[at] ^= 0x04;
        assert_int_not_equal(judge(&amd, amd.vcek), BULLA_CAUSE_NONE);
        piece->body.data[at] ^= 0x04;
    }
    amd_done(&amd);
}

/* -- what a report wants ------------------------------------------------------------------------- */

static enum bulla_cause
wants_of(const struct amd *amd, enum bl_snp_generation said, struct bl_wants *wants)
{
    const struct bl_verification v = { .evidence = bulla_buffer_bytes(&amd->evidence.bytes) };
    struct bulla_error err = { 0 };

    wants->count = 0;
    return bl_wants_of_evidence(wants, "snp", &v, said, &err) == BULLA_OK ? BULLA_CAUSE_NONE
                                                                          : err.cause;
}

static void
test_what_a_report_wants(void **state)
{
    static const enum bl_snp_generation all[] = { BL_SNP_MILAN, BL_SNP_GENOA, BL_SNP_TURIN };
    BL_AUTO_FREE(bl_wants) wants = bl_wants_new();

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all); i++) {
        struct amd amd = { 0 };
        amd_start(&amd, all[i]);
        assert_string_equal(bl_evidence_kind(bulla_buffer_bytes(&amd.evidence.bytes)), "snp");
        assert_int_equal(wants_of(&amd, BL_SNP_GENERATION_NONE, wants), BULLA_CAUSE_NONE);
        assert_int_equal(wants->count, 3);
        for (size_t k = 0; k < wants->count; k++)
            assert_non_null(bl_collateral_find(amd.set, &wants->items[k]));
        /* It names its processor: whatever else is said does not count. */
        assert_int_equal(wants_of(&amd, BL_SNP_MILAN, wants), BULLA_CAUSE_NONE);
        assert_non_null(bl_collateral_find(amd.set, &wants->items[0]));
        amd_done(&amd);
    }
}

static void
test_a_report_that_hides_something(void **state)
{
    BL_AUTO_FREE(bl_wants) wants = bl_wants_new();
    struct amd amd = { 0 };

    (void)state;
    amd_start(&amd, BL_SNP_MILAN);
    memset(amd.evidence.bytes.data + 0x188, 0, 3);
    amd.evidence.bytes.data[0] = 2; /* version 2 has no CPUID */
    assert_int_equal(wants_of(&amd, BL_SNP_GENERATION_NONE, wants), BULLA_CAUSE_USAGE);
    assert_int_equal(wants_of(&amd, BL_SNP_MILAN, wants), BULLA_CAUSE_NONE);
    assert_int_equal(wants->count, 3);
    memset(amd.evidence.bytes.data + 0x1a0, 0, 64);
    assert_int_equal(wants_of(&amd, BL_SNP_MILAN, wants), BULLA_CAUSE_CHIP_ID_MISMATCH);
    amd_done(&amd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_generation_is_good),
        cmocka_unit_test(test_of_another_chip_tcb_or_generation),
        cmocka_unit_test(test_without_the_chain),
        cmocka_unit_test(test_a_revoked_intermediate),
        cmocka_unit_test(test_a_list_of_somebody_else),
        cmocka_unit_test(test_another_root),
        cmocka_unit_test(test_the_list_and_its_grace),
        cmocka_unit_test(test_one_bit_of_a_vcek),
        cmocka_unit_test(test_what_a_report_wants),
        cmocka_unit_test(test_a_report_that_hides_something),
    };
    return cmocka_run_group_tests(tests, paper_keys_make, paper_keys_done);
}
