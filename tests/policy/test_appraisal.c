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
    assert_int_equal(p.platform_ids.count, 2);
    assert_int_equal(p.platform_ids.items[0].bytes[0], 0x11);
    assert_int_equal(p.platform_pcr_count, 2);
    assert_int_equal(p.platform_pcrs[0].pcr.mask, 1u << 7);
    assert_int_equal(p.platform_pcrs[1].values.items[1].bytes[0], 0x22);
    assert_int_equal(p.isolations, 1u << BL_ISOLATION_OS);
    assert_true(p.codes.any);
    assert_false(p.configs.any);
    assert_int_equal(p.version_minimum, 2);
    assert_int_equal(p.not_after_s, 1800000000);
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
            assert_null(cut.platform_pcrs); /* untouched */
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
        { "format:", "format: 2\n" },
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
    struct bl_digest_set set = { 0 };
    const struct bulla_bytes digest = BL_LITERAL("0123456789abcdef");
    struct bulla_error err = { 0 };

    assert_false(bl_digest_set_has(&set, digest));
    set.any = true;
    assert_true(bl_digest_set_has(&set, digest));
    assert_false(bl_digest_set_has(&set, BL_LITERAL(""))); /* any, but said */
    set.any = false;
    assert_ok(bl_digest_set_new(&set, 1, &err), &err);
    assert_false(bl_digest_set_has(&set, BL_LITERAL("")));
    assert_ok(bl_digest_set_fill(&set, 0, digest, &err), &err);
    assert_true(bl_digest_set_has(&set, digest));
    assert_false(bl_digest_set_has(&set, BL_LITERAL("0123456789abcdefg")));
    bl_digest_set_done(&set);
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
