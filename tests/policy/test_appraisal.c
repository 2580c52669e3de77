/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/fault.h"
#include "policy/appraisal.h"

#define D1 "1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "2222222222222222222222222222222222222222222222222222222222222222"

static const char enclave_yaml[] = "format: 1\n"
                                   "name: orders\n"
                                   "version: 3\n"
                                   "subject: enclave\n"
                                   "binding: channel\n"
                                   "classes: [hardware, hypervisor]\n"
                                   "platforms: [\"" D2 "\", \"" D1 "\"]\n"
                                   "platform_pcrs:\n"
                                   "  - bank: sha256\n"
                                   "    pcr: 11\n"
                                   "    values: [\"" D2 "\", \"" D1 "\"]\n"
                                   "  - bank: sha256\n"
                                   "    pcr: 7\n"
                                   "    values: [\"" D1 "\"]\n"
                                   "not_after: 1800000000\n"
                                   "isolation: [os]\n"
                                   "signers: [\"" D1 "\"]\n"
                                   "product: orders\n"
                                   "minimum_version: 2\n"
                                   "codes: any\n"
                                   "configs: [\"" D2 "\"]\n";

static const char machine_yaml[] = "format: 1\n"
                                   "name: laptop\n"
                                   "version: 1\n"
                                   "subject: machine\n"
                                   "binding: none\n"
                                   "classes: [software]\n"
                                   "platforms: any\n"
                                   "platform_pcrs: any\n"
                                   "not_after: 1800000000\n";

/* `yaml` without the lines from the one that starts with `key` up to the next key. */
static void
without(const char *yaml, const char *key, const char *instead, char *out, size_t size)
{
    const char *start = strstr(yaml, key);
    assert_non_null(start);
    const char *end = strchr(start, '\n') + 1;

    while (*end == ' ')
        end = strchr(end, '\n') + 1;
    assert_true((size_t)snprintf(out, size, "%.*s%s%s", (int)(start - yaml), yaml, instead, end) <
                size);
}

static void
test_yaml_is_read_and_sorted(void **state)
{
    (void)state;
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_appraisal_policy_from_yaml(text_bytes(enclave_yaml), &p, &err), &err);
    assert_string_equal(p.name, "orders");
    assert_int_equal(p.version, 3);
    assert_int_equal(p.subject, BL_SUBJECT_ENCLAVE);
    assert_int_equal(p.binding, BL_BINDING_CHANNEL);
    assert_int_equal(p.classes, 1u << BL_CLASS_HARDWARE | 1u << BL_CLASS_HYPERVISOR);
    assert_int_equal(p.platforms.count, 2);
    assert_int_equal(p.platforms.items[0].value.data[0], 0x11);
    assert_int_equal(p.platform_pcrs.count, 3);
    assert_int_equal(p.platform_pcrs.items[0].pcr.mask, 1u << 7);
    assert_int_equal(p.platform_pcrs.items[2].pcr.mask, 1u << 11);
    assert_int_equal(p.platform_pcrs.items[2].value.data[0], 0x22);
    assert_int_equal(p.isolations, 1u << BL_ISOLATION_OS);
    assert_int_equal(p.codes.said, BL_SAID_ANY);
    assert_int_equal(p.configs.said, BL_SAID_LIST);
    assert_int_equal(p.minimum_version.least, 2);
    assert_int_equal(p.not_after_s, 1800000000);
    /* what it has no word for is as the baseline has it */
    assert_int_equal(p.tcb_statuses, 1u << BL_TCB_UP_TO_DATE);
    assert_int_equal(p.vmpls, 1);
    assert_false(p.migratable);
    assert_int_equal(p.exceptions.count, 0);
}

/* One meaning, one digest: other order and JSON make the same policy. */
static void
test_equal_policies_have_equal_digests(void **state)
{
    (void)state;
    static const char json[] =
        "{\"version\": 3, \"name\": \"orders\", \"format\": 1, \"subject\": \"enclave\", "
        "\"classes\": [\"hypervisor\", \"hardware\"], \"binding\": \"channel\", "
        "\"platforms\": [\"" D1 "\", \"" D2 "\"], \"platform_pcrs\": ["
        "{\"bank\": \"sha256\", \"pcr\": 7, \"values\": [\"" D1 "\"]}, "
        "{\"bank\": \"sha256\", \"pcr\": 11, \"values\": [\"" D1 "\", \"" D2 "\"]}], "
        "\"not_after\": 1800000000, \"isolation\": [\"os\"], \"signers\": [\"" D1 "\"], "
        "\"product\": \"orders\", \"minimum_version\": 2, \"codes\": \"any\", "
        "\"configs\": [\"" D2 "\"]}";
    BL_AUTO(bl_appraisal_policy) a = { 0 };
    BL_AUTO(bl_appraisal_policy) b = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_appraisal_policy_from_yaml(text_bytes(enclave_yaml), &a, &err), &err);
    assert_ok(bl_appraisal_policy_from_yaml(text_bytes(json), &b, &err), &err);
    assert_memory_equal(a.digest, b.digest, 32);
    assert_false(bl_all_zero(BL_BYTES_OF(a.digest)));
}

/* Brokers hold policies of format 1 whose digests their administrators signed: these two were computed
 * before there was a format 2. */
static void
test_digests_of_format_1_stay(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        uint8_t digest[32];
    } known[] = {
        { enclave_yaml, { 0xca, 0x81, 0xab, 0x37, 0x46, 0xd0, 0x69, 0x36, 0x5b, 0xe3, 0x35,
                          0x71, 0x27, 0xb0, 0xad, 0x9d, 0xec, 0xb5, 0x2a, 0x48, 0xd3, 0x94,
                          0x93, 0xf8, 0x70, 0xfa, 0xd1, 0x7a, 0x0a, 0xdb, 0x6f, 0x7e } },
        { machine_yaml, { 0x89, 0x82, 0x7a, 0x51, 0xa4, 0x01, 0x66, 0x53, 0x8d, 0x6f, 0x17,
                          0x7d, 0x6c, 0x01, 0x2b, 0x8c, 0x5e, 0xa4, 0x3a, 0x83, 0x71, 0x29,
                          0x8b, 0xa1, 0xe4, 0xce, 0xf9, 0xce, 0x41, 0x15, 0xba, 0xc4 } },
    };

    for (size_t i = 0; i < BL_COUNT_OF(known); i++) {
        BL_AUTO(bl_appraisal_policy) p = { 0 };
        struct bulla_error err = { 0 };
        assert_ok(bl_appraisal_policy_from_yaml(text_bytes(known[i].yaml), &p, &err), &err);
        assert_memory_equal(p.digest, known[i].digest, 32);
    }
}

/* A PCR with no value is one that nothing is allowed in, not one at which nobody looks. */
static void
test_a_pcr_without_values_stays(void **state)
{
    (void)state;
    char yaml[4096];
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    BL_AUTO(bulla_buffer) cbor = { 0 };
    BL_AUTO(bl_appraisal_policy) again = { 0 };
    struct bulla_error err = { 0 };

    without(enclave_yaml, "platform_pcrs:", "platform_pcrs: [{bank: sha256, pcr: 3, values: []}]\n",
            yaml, sizeof yaml);
    assert_ok(bl_appraisal_policy_from_yaml(text_bytes(yaml), &p, &err), &err);
    assert_ok(bl_appraisal_policy_encode(&p, &cbor, &err), &err);
    assert_ok(bl_appraisal_policy_decode(bulla_buffer_bytes(&cbor), &again, &err), &err);
    assert_int_equal(again.platform_pcrs.count, 1);
    assert_int_equal(again.platform_pcrs.items[0].pcr.mask, 1u << 3);
    assert_int_equal(again.platform_pcrs.items[0].value.size, 0);
}

static void
test_canonical_form_goes_there_and_back(void **state)
{
    (void)state;
    const char *const sources[] = { enclave_yaml, machine_yaml };
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < 2; i++) {
        BL_AUTO(bl_appraisal_policy) a = { 0 };
        BL_AUTO(bl_appraisal_policy) b = { 0 };
        BL_AUTO(bulla_buffer) first = { 0 };
        BL_AUTO(bulla_buffer) second = { 0 };
        assert_ok(bl_appraisal_policy_from_yaml(text_bytes(sources[i]), &a, &err), &err);
        assert_ok(bl_appraisal_policy_encode(&a, &first, &err), &err);
        assert_ok(bl_appraisal_policy_decode(bulla_buffer_bytes(&first), &b, &err), &err);
        assert_ok(bl_appraisal_policy_encode(&b, &second, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&first), bulla_buffer_bytes(&second));
        assert_memory_equal(a.digest, b.digest, 32);
        for (size_t size = 0; size < first.size; size++) {
            BL_AUTO(bl_appraisal_policy) cut = { 0 };
            assert_fails(
                bl_appraisal_policy_decode((struct bulla_bytes){ first.data, size }, &cut, &err),
                BULLA_E_MALFORMED, &err);
            assert_null(cut.platform_pcrs.items); /* untouched */
        }
        assert_ok(bulla_buffer_append(&first, BL_LITERAL("\0"), &err), &err);
        BL_AUTO(bl_appraisal_policy) longer = { 0 };
        assert_fails(bl_appraisal_policy_decode(bulla_buffer_bytes(&first), &longer, &err),
                     BULLA_E_MALFORMED, &err);
    }
}

/* Each bit of the canonical form is in the digest, or makes it unreadable. */
static void
test_every_bit_counts(void **state)
{
    (void)state;
    BL_AUTO(bl_appraisal_policy) a = { 0 };
    BL_AUTO(bulla_buffer) cbor = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_appraisal_policy_from_yaml(text_bytes(enclave_yaml), &a, &err), &err);
    assert_ok(bl_appraisal_policy_encode(&a, &cbor, &err), &err);
    for (size_t bit = 0; bit < cbor.size * 8; bit++) {
        BL_AUTO(bl_appraisal_policy) b = { 0 };
        cbor.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bl_appraisal_policy_decode(bulla_buffer_bytes(&cbor), &b, NULL) == BULLA_OK)
            assert_memory_not_equal(a.digest, b.digest, 32);
        cbor.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void
refused(const char *yaml)
{
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_appraisal_policy_from_yaml(text_bytes(yaml), &p, &err);

    assert_true(bulla_status_is_finding(status));
    assert_int_equal(p.version, 0);
}

static void
test_nothing_may_be_left_unsaid(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "format:",  "name:",      "version:",         "subject:",   "binding:",
        "classes:", "platforms:", "platform_pcrs:",   "not_after:", "isolation:",
        "signers:", "product:",   "minimum_version:", "codes:",     "configs:"
    };
    char yaml[4096];

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        without(enclave_yaml, keys[i], "", yaml, sizeof yaml);
        refused(yaml);
    }
    for (size_t i = 0; i < 9; i++) {
        without(machine_yaml, keys[i], "", yaml, sizeof yaml);
        refused(yaml);
    }
}

static void
test_values_that_no_policy_has(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        const char *instead;
    } faults[] = {
        { "format:", "format: 2\n" }, /* which has other fields */
        { "format:", "format: 3\n" },
        { "format:", "format: 0\n" },
        { "name:", "name: \"\"\n" },
        { "subject:", "subject: absent\n" },
        { "binding:", "binding: absent\n" },
        { "binding:", "binding: any\n" },
        { "classes:", "classes: any\n" },
        { "classes:", "classes: [absent]\n" },
        { "classes:", "classes: [hardware, hardware]\n" },
        { "platforms:", "platforms: all\n" },
        { "platforms:", "platforms: [any]\n" },
        { "platforms:", "platforms: [\"11\"]\n" },
        { "platforms:", "platforms: [\"" D1 "\", \"" D1 "\"]\n" },
        { "platform_pcrs:", "platform_pcrs: none\n" },
        { "platform_pcrs:", "platform_pcrs: [{bank: sha1, pcr: 1, values: [\"" D1 "\"]}]\n" },
        { "platform_pcrs:", "platform_pcrs: [{bank: sha256, pcr: 24, values: [\"" D1 "\"]}]\n" },
        { "platform_pcrs:", "platform_pcrs: [{bank: sha384, pcr: 1, values: [\"" D1 "\"]}]\n" },
        { "platform_pcrs:", "platform_pcrs: [{bank: sha256, pcr: 1, values: any}]\n" },
        { "platform_pcrs:", "platform_pcrs: [{bank: sha256, pcr: 1, values: []}, "
                            "{bank: sha256, pcr: 1, values: []}]\n" },
        { "signers:", "signers: any\n" },
        { "minimum_version:", "minimum_version: -1\n" },
        { "codes:", "codes: true\n" },
        { "codes:", "codes: any\nmore: 1\n" },
    };
    char yaml[4096];

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        without(enclave_yaml, faults[i].key, faults[i].instead, yaml, sizeof yaml);
        refused(yaml);
    }
    refused("");
    refused("{}");
    refused("[]");
    refused("null");
}

static void
test_a_machine_has_no_enclave_fields(void **state)
{
    (void)state;
    char yaml[4096];

    snprintf(yaml, sizeof yaml, "%sproduct: orders\n", machine_yaml);
    refused(yaml);
    without(enclave_yaml, "subject:", "subject: machine\n", yaml, sizeof yaml);
    refused(yaml);
}

static void
test_empty_sets_match_nothing(void **state)
{
    (void)state;
    struct bl_policy_list list = { 0 };
    const struct bulla_bytes digest = BL_LITERAL("0123456789abcdef");
    const struct bulla_bytes longer = BL_LITERAL("0123456789abcdefg");
    const struct bulla_bytes absent = { NULL, 0 };
    struct bulla_error err = { 0 };

    assert_int_equal(bl_policy_list_match(&list, digest, 5, NULL), BL_MATCH_NONE);
    assert_int_equal(bl_policy_list_match(&list, absent, 5, NULL), BL_MATCH_NONE);
    list.said = BL_SAID_ANY;
    assert_int_equal(bl_policy_list_match(&list, digest, 5, NULL), BL_MATCH_YES);
    assert_int_equal(bl_policy_list_match(&list, absent, 5, NULL), BL_MATCH_NONE); /* but said */
    list.said = BL_SAID_ABSENT;
    assert_int_equal(bl_policy_list_match(&list, digest, 5, NULL), BL_MATCH_NONE);
    assert_int_equal(bl_policy_list_match(&list, absent, 5, NULL), BL_MATCH_YES);
    assert_ok(bl_policy_list_new(&list, 1, &err), &err);
    assert_int_equal(bl_policy_list_match(&list, absent, 5, NULL), BL_MATCH_NONE);
    list.items[0] = (struct bl_policy_item){ .value = digest, .until_s = 5 };
    assert_int_equal(bl_policy_list_match(&list, digest, 5, NULL), BL_MATCH_YES);
    assert_int_equal(bl_policy_list_match(&list, longer, 5, NULL), BL_MATCH_NONE);
    assert_int_equal(bl_policy_list_match(&list, digest, 6, NULL), BL_MATCH_EXPIRED);
    assert_int_equal(bl_policy_list_match(&list, digest, -1, NULL), BL_MATCH_EXPIRED);
    bl_policy_list_done(&list);
}

static void
test_every_allocation_may_fail(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bl_appraisal_policy) p = { 0 };
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_MEMORY, nth, /* forever= */ false);
        enum bulla_status status =
            bl_appraisal_policy_from_yaml(text_bytes(enclave_yaml), &p, &err);
        reached = bl_fault_disarm();
        if (status != BULLA_OK)
            assert_int_equal(p.version, 0);
        assert_true(status == BULLA_OK || reached);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml_is_read_and_sorted),
        cmocka_unit_test(test_equal_policies_have_equal_digests),
        cmocka_unit_test(test_digests_of_format_1_stay),
        cmocka_unit_test(test_a_pcr_without_values_stays),
        cmocka_unit_test(test_canonical_form_goes_there_and_back),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_nothing_may_be_left_unsaid),
        cmocka_unit_test(test_values_that_no_policy_has),
        cmocka_unit_test(test_a_machine_has_no_enclave_fields),
        cmocka_unit_test(test_empty_sets_match_nothing),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
