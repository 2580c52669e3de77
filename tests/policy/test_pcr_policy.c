/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/signed_fixture.h"

#include "base/fault.h"

static const uint8_t zeros[4 * BL_HASH_SIZE_MAX];
static const struct bl_pcr_branch one = { { BL_SHA256, 0x880 }, { zeros, 64 } };

static void
assert_same(const struct bl_pcr_policy *a, const struct bl_pcr_policy *b)
{
    assert_int_equal(a->sequence, b->sequence);
    assert_int_equal(a->branch_count, b->branch_count);
    for (size_t i = 0; i < a->branch_count; i++) {
        assert_int_equal(a->branches[i].pcrs.bank, b->branches[i].pcrs.bank);
        assert_int_equal(a->branches[i].pcrs.mask, b->branches[i].pcrs.mask);
        assert_bytes_equal(a->branches[i].values, b->branches[i].values);
    }
    assert_int_equal(a->counter_index, b->counter_index);
    assert_int_equal(a->counter_name.size, b->counter_name.size);
    assert_memory_equal(a->counter_name.bytes, b->counter_name.bytes, a->counter_name.size);
    assert_bytes_equal(a->class_name, b->class_name);
    assert_memory_equal(a->signature, b->signature, sizeof a->signature);
}

static void
what_is_written_is_read(void **state)
{
    (void)state;
    static const struct bl_pcr_branch branches[] = {
        { { BL_SHA256, 0x80 }, { zeros, 32 } },
        { { BL_SHA384, 0x81 }, { zeros, 96 } },
    };
    BL_AUTO_FREE(bl_key) key = new_authority();

    for (unsigned kind = 0; kind < 8; kind++) {
        struct bulla_error err = { 0 };
        BL_AUTO(bl_pcr_policy)
        policy = new_policy(branches, kind & 1 ? 2 : 1, kind & 2 ? REVOCATION_COUNTER : 0,
                            kind & 2 ? 77 : 0);
        BL_AUTO(bl_pcr_policy) again = { 0 };
        BL_AUTO(bulla_buffer) bytes = { 0 };
        uint8_t ref[BL_PCR_POLICY_REF_SIZE];
        if (kind & 4)
            policy.class_name = text_bytes("disk");
        sign_policy(&policy, key);
        assert_ok(bl_pcr_policy_encode(&policy, &bytes, &err), &err);
        assert_ok(bl_pcr_policy_decode(bulla_buffer_bytes(&bytes), &again, &err), &err);
        assert_same(&policy, &again);
        ref_of(&again, ref);
        assert_ok(bl_pcr_policy_verify(&again, key, ref, &err), &err);
    }
}

/* Short, long, and each byte another: refused, or another policy that nobody signed. */
static void
no_alteration_is_signed(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) key = new_authority();
    BL_AUTO(bl_pcr_policy) policy = new_policy(&one, 1, REVOCATION_COUNTER, 5);
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bl_pcr_policy untouched = { .sequence = 9 };
    uint8_t ref[BL_PCR_POLICY_REF_SIZE];

    policy.class_name = text_bytes("c");
    sign_policy(&policy, key);
    ref_of(&policy, ref);
    assert_ok(bl_pcr_policy_encode(&policy, &bytes, &err), &err);
    for (size_t size = 0; size < bytes.size; size++) {
        bulla_error_clear(&err);
        assert_int_not_equal(
            bl_pcr_policy_decode((struct bulla_bytes){ bytes.data, size }, &untouched, &err), 0);
        assert_int_equal(untouched.sequence, 9);
        assert_null(untouched.branches);
    }
    for (size_t i = 0; i < bytes.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            BL_AUTO(bl_pcr_policy) altered = { 0 };
            bytes.data[i] ^= (uint8_t)(1u << bit);
            bulla_error_clear(&err);
            if (bl_pcr_policy_decode(bulla_buffer_bytes(&bytes), &altered, &err) == BULLA_OK) {
                enum bulla_status status = bl_pcr_policy_verify(&altered, key, ref, &err);
                /* the number of the index alone is not signed: its Name is */
                if (status == BULLA_OK)
                    assert_int_not_equal(altered.counter_index, policy.counter_index);
                else
                    assert_int_equal(err.cause, BULLA_CAUSE_POLICY_NOT_SIGNED);
            }
            bytes.data[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("x"), &err), &err);
    assert_fails(bl_pcr_policy_decode(bulla_buffer_bytes(&bytes), &untouched, &err),
                 BULLA_E_MALFORMED, &err);
}

static void
malformed(void **state)
{
    (void)state;
    static const char *const signature =
        "045840" /* 64 bytes */
        "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "000000000000000000000000000000000000000000000000";
    static const char *const branch =
        "830b1880"
        "5820"
        "0000000000000000000000000000000000000000000000000000000000000000";
    static const struct {
        const char *before, *branches, *between;
        size_t pairs;
        enum bulla_status status;
    } cases[] = {
        { "0100", "0281%", "", 3, BULLA_OK },
        { "0100", "0280", "", 3, BULLA_E_MALFORMED },            /* no branch */
        { "0105", "0281%", "", 3, BULLA_E_MALFORMED },           /* a sequence for nothing */
        { "0100", "0281830b005820%", "", 3, BULLA_E_MALFORMED }, /* no PCR */
        { "0100", "0281830b1a010000005820%", "", 3, BULLA_E_MALFORMED }, /* PCR 24 */
        { "0100", "0281830418805820%", "", 3, BULLA_E_MALFORMED },       /* SHA-1 */
        { "0100", "0281830b18c05820%", "", 3, BULLA_E_MALFORMED },       /* two PCRs, one value */
        { "0100", "0281820b1880", "", 3, BULLA_E_MALFORMED },
        { "", "0281%", "", 2, BULLA_E_MALFORMED },             /* no sequence */
        { "0100", "0281%", "0381187b", 4, BULLA_E_MALFORMED }, /* a counter without Name */
    };

    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct bulla_error err = { 0 };
        BL_AUTO(bl_pcr_policy) policy = { 0 };
        uint8_t bytes[512];
        char text[1024];
        size_t size = 0;
        const char *mark = strchr(cases[i].branches, '%');
        bool is_whole = mark != NULL && mark - cases[i].branches == 4;
        int prefix =
            mark != NULL ? (int)(mark - cases[i].branches) : (int)strlen(cases[i].branches);
        (void)snprintf(text, sizeof text, "a%zu%s%.*s%s%s%s", cases[i].pairs, cases[i].before,
                       prefix, cases[i].branches,
                       mark == NULL ? ""
                       : is_whole   ? branch
                                    : branch + 12,
                       cases[i].between, signature);
        for (; text[2 * size] != 0; size++) {
            unsigned byte = 0;
            assert_int_equal(sscanf(text + 2 * size, "%2x", &byte), 1);
            bytes[size] = (uint8_t)byte;
        }
        assert_int_equal(bl_pcr_policy_decode((struct bulla_bytes){ bytes, size }, &policy, &err),
                         cases[i].status);
    }
}

static void
caps(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) p384 = NULL;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    static struct bl_pcr_branch many[BL_PCR_BRANCH_COUNT_MAX + 1];
    struct bl_policy_digest digest;

    for (size_t i = 0; i < BL_COUNT_OF(many); i++)
        many[i] = one;
    BL_AUTO(bl_pcr_policy) policy = new_policy(many, BL_COUNT_OF(many), 0, 0);
    assert_fails(bl_pcr_policy_digest(&policy, &digest, &err), BULLA_E_LIMIT, &err);
    assert_fails(bl_pcr_policy_encode(&policy, &bytes, &err), BULLA_E_ARGUMENT, &err);
    policy.branch_count--;
    assert_ok(bl_pcr_policy_digest(&policy, &digest, &err), &err);
    assert_ok(bl_pcr_policy_encode(&policy, &bytes, &err), &err);
    for (size_t i = 0; i < policy.branch_count; i++)
        policy.branches[i] = (struct bl_pcr_branch){ { BL_SHA256, 0xff }, { zeros, 256 } };
    bulla_buffer_clear(&bytes);
    assert_fails(bl_pcr_policy_encode(&policy, &bytes, &err), BULLA_E_LIMIT, &err);
    assert_int_equal(bytes.size, 0);
    assert_ok(bl_key_generate(BL_KEY_P384, &p384, &err), &err);
    policy.branch_count = 1;
    assert_fails(bl_pcr_policy_sign(&policy, p384, &err), BULLA_E_UNSUPPORTED, &err);
    struct bl_tpm_name name;
    assert_fails(bl_pcr_authority_name(p384, &name, &err), BULLA_E_UNSUPPORTED, &err);
}

/* Another signer, counter, class, sequence or state: each alone is not what was signed. */
static void
each_part_is_signed(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    static const uint8_t ones[64] = { 1 };
    BL_AUTO_FREE(bl_key) key = new_authority();
    BL_AUTO_FREE(bl_key) other = new_authority();
    BL_AUTO(bl_pcr_policy) policy = new_policy(&one, 1, REVOCATION_COUNTER, 5);
    uint8_t ref[BL_PCR_POLICY_REF_SIZE], other_ref[BL_PCR_POLICY_REF_SIZE];

    sign_policy(&policy, key);
    ref_of(&policy, ref);
    assert_ok(bl_pcr_policy_verify(&policy, key, ref, &err), &err);
    assert_cause(bl_pcr_policy_verify(&policy, other, ref, &err), BULLA_CAUSE_POLICY_NOT_SIGNED,
                 &err);
    policy.sequence = 6;
    assert_cause(bl_pcr_policy_verify(&policy, key, ref, &err), BULLA_CAUSE_POLICY_NOT_SIGNED,
                 &err);
    policy.sequence = 5;
    policy.branches[0].values.data = ones;
    assert_cause(bl_pcr_policy_verify(&policy, key, ref, &err), BULLA_CAUSE_POLICY_NOT_SIGNED,
                 &err);
    policy.branches[0].values.data = zeros;
    policy.class_name = text_bytes("x");
    assert_cause(bl_pcr_policy_verify(&policy, key, ref, &err), BULLA_CAUSE_POLICY_NOT_SIGNED,
                 &err);
    ref_of(&policy, other_ref); /* even if the blob were of that class */
    assert_cause(bl_pcr_policy_verify(&policy, key, other_ref, &err), BULLA_CAUSE_POLICY_NOT_SIGNED,
                 &err);
    policy.class_name = (struct bulla_bytes){ NULL, 0 };
    assert_ok(bl_pcr_counter_name(REVOCATION_COUNTER + 1, &policy.counter_name, &err), &err);
    assert_cause(bl_pcr_policy_verify(&policy, key, ref, &err), BULLA_CAUSE_POLICY_NOT_SIGNED,
                 &err);
    policy.counter_index = 0; /* without a counter it could never be revoked */
    policy.counter_name.size = 0;
    assert_cause(bl_pcr_policy_verify(&policy, key, ref, &err), BULLA_CAUSE_POLICY_NOT_SIGNED,
                 &err);
    sign_policy(&policy, key); /* nor if it is genuine: for blobs that ask for no counter */
    assert_cause(bl_pcr_policy_verify(&policy, key, ref, &err), BULLA_CAUSE_POLICY_NOT_SIGNED,
                 &err);
    ref_of(&policy, other_ref);
    assert_ok(bl_pcr_policy_verify(&policy, key, other_ref, &err), &err);
}

static void
the_nearest_branch(void **state)
{
    (void)state;
    uint8_t values[3][64] = { { [0] = 1, [32] = 1 }, { [0] = 2, [32] = 1 }, { [0] = 2, [32] = 2 } };
    const struct bl_pcr_branch branches[] = {
        { { BL_SHA256, 0x810 }, { values[0], 64 } },
        { { BL_SHA256, 0x810 }, { values[1], 64 } },
        { { BL_SHA256, 0x810 }, { values[2], 64 } },
    };
    BL_AUTO(bl_pcr_policy) policy = new_policy(branches, 3, 0, 0);
    struct bl_pcr_bank bank = { .hash = BL_SHA256, .mask = 0x810 };

    bank.values[4][0] = 2;
    bank.values[11][0] = 2;
    struct bl_pcr_match match = bl_pcr_policy_match(&policy, &bank, 1);
    assert_int_equal(match.branch, 2);
    assert_int_equal(match.differs, 0);
    bank.values[11][0] = 3;
    match = bl_pcr_policy_match(&policy, &bank, 1);
    assert_int_equal(match.branch, 1);
    assert_int_equal(match.differs, 0x800);
    bank.mask = 0x10; /* what cannot be read differs */
    assert_int_equal(bl_pcr_policy_match(&policy, &bank, 1).differs, 0x800);
    assert_int_equal(bl_pcr_policy_match(&policy, NULL, 0).differs, 0x810);
    assert_bytes_equal(bl_pcr_branch_value(&branches[1], 11),
                       ((struct bulla_bytes){ values[1] + 32, 32 }));
    assert_int_equal(bl_pcr_branch_value(&branches[1], 7).size, 0);
    assert_int_equal(bl_pcr_policy_mask(&policy, BL_SHA256), 0x810);
    assert_int_equal(bl_pcr_policy_mask(&policy, BL_SHA384), 0);
}

/* Whatever the number of branches: each way leads to the root. */
static void
every_way_leads_to_the_root(void **state)
{
    (void)state;
    static const size_t counts[] = { 1, 2, 8, 9, 16, 17, 64, 65, 73, 512, 513, 4095, 4096 };
    static uint8_t values[BL_PCR_BRANCH_COUNT_MAX][32];
    static struct bl_pcr_branch branches[BL_PCR_BRANCH_COUNT_MAX];

    for (size_t i = 0; i < BL_PCR_BRANCH_COUNT_MAX; i++) {
        values[i][0] = (uint8_t)i;
        values[i][1] = (uint8_t)(i >> 8);
        branches[i] = (struct bl_pcr_branch){ { BL_SHA256, 0x80 }, { values[i], 32 } };
    }
    for (size_t c = 0; c < BL_COUNT_OF(counts); c++) {
        struct bulla_error err = { 0 };
        BL_AUTO(bl_pcr_policy) policy = new_policy(branches, counts[c], 0, 0);
        struct bl_policy_digest root;
        assert_ok(bl_pcr_policy_digest(&policy, &root, &err), &err);
        for (size_t i = 0; i<counts[c]; i += counts[c]> 100 ? 401 : 1) {
            struct bl_policy_digest digest = { { 0 } };
            struct bl_pcr_path path;
            assert_ok(bl_pcr_policy_path(&policy, i, &path, &err), &err);
            assert_ok(bl_policy_assert_pcrs(&digest, branches[i].pcrs, branches[i].values, &err),
                      &err);
            for (size_t level = 0; level < path.list_count; level++) {
                bool is_in = false;
                for (size_t k = 0; k < path.counts[level]; k++)
                    is_in |= memcmp(path.lists[level][k].bytes, digest.bytes, 32) == 0;
                assert_true(is_in);
                assert_ok(bl_policy_assert_or(&digest, path.lists[level], path.counts[level], &err),
                          &err);
            }
            assert_memory_equal(digest.bytes, root.bytes, 32);
        }
        struct bl_pcr_path path;
        assert_fails(bl_pcr_policy_path(&policy, counts[c], &path, &err), BULLA_E_ARGUMENT, &err);
    }
}

static void
arguments_of_assertions(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_policy_digest digest = { { 0xee } };
    struct bl_policy_digest branches[9] = { { { 0 } } };

    assert_fails(bl_policy_assert_or(&digest, branches, 1, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_policy_assert_or(&digest, branches, 9, &err), BULLA_E_ARGUMENT, &err);
    assert_fails(bl_policy_assert_authorize(&digest, (struct bulla_bytes){ zeros, 33 },
                                            (struct bulla_bytes){ NULL, 0 }, &err),
                 BULLA_E_ARGUMENT, &err);
    assert_fails(
        bl_policy_assert_nv(&digest, (struct bulla_bytes){ zeros, 33 }, BL_POLICY_AT_MOST, 1, &err),
        BULLA_E_ARGUMENT, &err);
    assert_int_equal(digest.bytes[0], 0xee);
    uint8_t ref[BL_PCR_POLICY_REF_SIZE];
    assert_fails(bl_pcr_policy_ref((struct bulla_bytes){ zeros, 33 },
                                   (struct bulla_bytes){ NULL, 0 }, ref, &err),
                 BULLA_E_ARGUMENT, &err);
}

static void
no_memory(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = new_authority();
    BL_AUTO(bl_pcr_policy) policy = new_policy(&one, 1, REVOCATION_COUNTER, 5);
    bool reached = true;

    sign_policy(&policy, key);
    for (uint64_t nth = 1; reached; nth++) {
        struct bulla_error err = { 0 };
        BL_AUTO(bulla_buffer) bytes = { 0 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status status = bl_pcr_policy_encode(&policy, &bytes, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status == BULLA_OK, bytes.size > 0);
        assert_true(reached || status == BULLA_OK);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(no_alteration_is_signed),
        cmocka_unit_test(malformed),
        cmocka_unit_test(caps),
        cmocka_unit_test(each_part_is_signed),
        cmocka_unit_test(the_nearest_branch),
        cmocka_unit_test(every_way_leads_to_the_root),
        cmocka_unit_test(arguments_of_assertions),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
