/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "measure/enclave_pcrs.h"

static const struct bl_isolation_facts facts = {
    .isolation = BL_ISOLATION_OS,
    .memory_max = 256u << 20,
    .pids_max = 64,
    .cpu_max_milli = 1500,
    .open_files_max = 1024,
    .facts = { "landlock", "netns", "seccomp" },
    .fact_count = 3,
};

static struct bl_enclave_identity
sample(struct bulla_buffer *isolation)
{
    struct bl_enclave_identity identity = { .product = "orders",
                                            .version = 7,
                                            .isolation = BL_ISOLATION_OS };
    struct bulla_error err = { 0 };

    memset(identity.code, 0xc0, 32);
    memset(identity.signer, 0x51, 32);
    memset(identity.config, 0xcf, 32);
    assert_ok(bl_isolation_digest(&facts, isolation, identity.isolation_digest, &err), &err);
    return identity;
}

static void
test_log_gives_the_identity_back_and_replays_to_the_prediction(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) isolation = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    struct bl_enclave_identity identity = sample(&isolation);
    struct bl_enclave_identity again;
    struct bl_pcr_bank predicted;
    struct bl_replay replay;
    struct bulla_error err = { 0 };

    assert_ok(bl_enclave_log_write(&identity, bulla_buffer_bytes(&isolation), &log, &err), &err);
    assert_ok(bl_enclave_log_read(bulla_buffer_bytes(&log), &again, &err), &err);
    assert_memory_equal(&again, &identity, sizeof identity);
    assert_ok(bl_enclave_predict(&identity, &predicted, &err), &err);
    assert_int_equal(predicted.mask, BL_ENCLAVE_PCR_MASK);
    assert_ok(bl_event_log_replay(bulla_buffer_bytes(&log), BL_SHA256, &replay, &err), &err);
    assert_int_equal(replay.touched, BL_ENCLAVE_PCR_MASK);
    for (unsigned i = 8; i <= 12; i++)
        assert_bytes_equal(bl_pcr_value(&replay.bank, i), bl_pcr_value(&predicted, i));
}

static void
test_each_part_of_the_identity_moves_its_own_pcr(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) isolation = { 0 };
    const struct bl_enclave_identity identity = sample(&isolation);
    struct bl_pcr_bank before;
    struct bulla_error err = { 0 };
    /* which PCR must differ, alone */
    static const unsigned pcr_of[] = { 8, 9, 9, 10, 11, 12 };

    assert_ok(bl_enclave_predict(&identity, &before, &err), &err);
    for (size_t part = 0; part < 6; part++) {
        struct bl_enclave_identity other = identity;
        struct bl_pcr_bank after;
        uint8_t *places[] = { other.code + 31,  other.signer,           (uint8_t *)other.product,
                              other.config + 5, other.isolation_digest, (uint8_t *)&other.version };
        *places[part] ^= 1;
        assert_ok(bl_enclave_predict(&other, &after, &err), &err);
        for (unsigned i = 8; i <= 12; i++) {
            bool same = bl_equal(bl_pcr_value(&before, i), bl_pcr_value(&after, i));
            assert_int_equal(same, i != pcr_of[part]);
        }
    }
}

/* Every single bit of a log that is flipped is noticed: by the reader, or by another prediction. */
static void
test_no_bit_of_a_log_is_without_effect(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) isolation = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    const struct bl_enclave_identity identity = sample(&isolation);
    struct bl_pcr_bank predicted;
    struct bulla_error err = { 0 };

    assert_ok(bl_enclave_log_write(&identity, bulla_buffer_bytes(&isolation), &log, &err), &err);
    assert_ok(bl_enclave_predict(&identity, &predicted, &err), &err);
    for (size_t bit = 65 * 8; bit < log.size * 8; bit++) { /* behind the header event */
        struct bl_enclave_identity again;
        struct bl_pcr_bank other;
        bool differs = false;
        log.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bl_enclave_log_read(bulla_buffer_bytes(&log), &again, NULL) != BULLA_OK) {
            differs = true;
        } else {
            assert_ok(bl_enclave_predict(&again, &other, &err), &err);
            for (unsigned i = 8; i <= 12; i++)
                differs |= !bl_equal(bl_pcr_value(&predicted, i), bl_pcr_value(&other, i));
        }
        assert_true(differs);
        log.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void
test_truncated_or_longer_logs_are_refused(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) isolation = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    const struct bl_enclave_identity identity = sample(&isolation);
    struct bl_enclave_identity again = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_enclave_log_write(&identity, bulla_buffer_bytes(&isolation), &log, &err), &err);
    for (size_t size = 0; size < log.size; size++)
        assert_fails(bl_enclave_log_read((struct bulla_bytes){ log.data, size }, &again, &err),
                     BULLA_E_MALFORMED, &err);
    assert_ok(bulla_buffer_append(&log, BL_LITERAL("\0"), &err), &err); /* not even padding */
    assert_fails(bl_enclave_log_read(bulla_buffer_bytes(&log), &again, &err), BULLA_E_MALFORMED,
                 &err);
    assert_true(bl_all_zero(BL_BYTES_OF(again.code)));
}

/* A sixth event, or one in another order, is another history. */
static void
test_other_histories_are_refused(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) isolation = { 0 };
    BL_AUTO(bulla_buffer) log = { 0 };
    const struct bl_enclave_identity identity = sample(&isolation);
    struct bl_enclave_identity again = { 0 };
    struct bulla_error err = { 0 };
    static const uint8_t digest[32] = { 1 };

    assert_ok(bl_enclave_log_write(&identity, bulla_buffer_bytes(&isolation), &log, &err), &err);
    struct bl_writer w = bl_writer(&log);
    bl_event_log_write(&w, 8, BL_EV_EVENT_TAG, digest, BL_LITERAL("code"));
    assert_fails(bl_enclave_log_read(bulla_buffer_bytes(&log), &again, &err), BULLA_E_MALFORMED,
                 &err);

    bulla_buffer_clear(&log);
    bl_event_log_write_header(&w);
    bl_event_log_write(&w, 9, BL_EV_EVENT_TAG, digest, BL_LITERAL("code"));
    assert_fails(bl_enclave_log_read(bulla_buffer_bytes(&log), &again, &err), BULLA_E_MALFORMED,
                 &err);
}

static void
test_facts_must_ascend_and_fit(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t digest[32];
    struct bl_isolation_facts bad = facts;

    bad.facts[1] = "landlock"; /* twice */
    assert_fails(bl_isolation_digest(&bad, NULL, digest, &err), BULLA_E_ARGUMENT, &err);
    bad = facts;
    bad.facts[2] = "";
    assert_fails(bl_isolation_digest(&bad, NULL, digest, &err), BULLA_E_ARGUMENT, &err);
    bad = facts;
    bad.facts[2] = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"; /* 49 */
    assert_fails(bl_isolation_digest(&bad, NULL, digest, &err), BULLA_E_ARGUMENT, &err);
    bad = facts;
    bad.isolation = BL_ISOLATION_ABSENT;
    assert_fails(bl_isolation_digest(&bad, NULL, digest, &err), BULLA_E_ARGUMENT, &err);
    bad = facts;
    bad.fact_count = BL_FACT_COUNT_MAX + 1;
    assert_fails(bl_isolation_digest(&bad, NULL, digest, &err), BULLA_E_ARGUMENT, &err);
}

static void
test_each_fact_and_limit_is_in_the_digest(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    uint8_t before[32];

    assert_ok(bl_isolation_digest(&facts, NULL, before, &err), &err);
    for (int part = 0; part < 7; part++) {
        struct bl_isolation_facts other = facts;
        uint8_t after[32];
        uint64_t *limits[] = { &other.memory_max, &other.pids_max, &other.cpu_max_milli,
                               &other.open_files_max };
        if (part < 4)
            *limits[part] += 1;
        else if (part == 4)
            other.fact_count = 2;
        else if (part == 5)
            other.facts[0] = "cgroup2";
        else
            other.isolation = BL_ISOLATION_NONE;
        assert_ok(bl_isolation_digest(&other, NULL, after, &err), &err);
        assert_memory_not_equal(before, after, 32);
    }
}

static void
test_a_product_is_required(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) isolation = { 0 };
    struct bl_enclave_identity identity = sample(&isolation);
    struct bl_pcr_bank bank;
    struct bulla_error err = { 0 };

    identity.product[0] = 0;
    assert_fails(bl_enclave_predict(&identity, &bank, &err), BULLA_E_ARGUMENT, &err);
    memset(identity.product, 'x', sizeof identity.product); /* no end */
    assert_fails(bl_enclave_predict(&identity, &bank, &err), BULLA_E_ARGUMENT, &err);
}

static void
test_every_allocation_may_fail(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) isolation = { 0 };
    const struct bl_enclave_identity identity = sample(&isolation);
    struct bulla_error err = { 0 };
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bulla_buffer) log = { 0 };
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_MEMORY, nth, /* forever= */ false);
        enum bulla_status status =
            bl_enclave_log_write(&identity, bulla_buffer_bytes(&isolation), &log, &err);
        reached = bl_fault_disarm();
        assert_int_equal(status == BULLA_OK, !reached);
        if (reached)
            assert_int_equal(log.size, 0);
    }
}

static void
test_words(void **state)
{
    (void)state;
    for (int i = BL_ISOLATION_NONE; i <= BL_ISOLATION_HARDWARE; i++)
        assert_int_equal(
            bl_isolation_from_word(text_bytes(bl_isolation_word((enum bl_isolation)i))), i);
    assert_int_equal(bl_isolation_from_word(text_bytes("absent")), BL_ISOLATION_ABSENT);
    assert_int_equal(bl_isolation_from_word(text_bytes("OS")), BL_ISOLATION_ABSENT);
    assert_string_equal(bl_isolation_word((enum bl_isolation)99), "absent");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_gives_the_identity_back_and_replays_to_the_prediction),
        cmocka_unit_test(test_each_part_of_the_identity_moves_its_own_pcr),
        cmocka_unit_test(test_no_bit_of_a_log_is_without_effect),
        cmocka_unit_test(test_truncated_or_longer_logs_are_refused),
        cmocka_unit_test(test_other_histories_are_refused),
        cmocka_unit_test(test_facts_must_ascend_and_fit),
        cmocka_unit_test(test_each_fact_and_limit_is_in_the_digest),
        cmocka_unit_test(test_a_product_is_required),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
