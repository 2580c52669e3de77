/* SPDX-License-Identifier: Apache-2.0 */
/* Names of collateral: one text for one name, and nothing that could be a path or another URL. */
#include "collateral/pieces.h"

#define CHIP64                                                         \
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20" \
    "2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40"

static const char *const all[] = {
    "intel/root-crl",
    "intel/pck-crl/platform",
    "intel/pck-crl/processor",
    "intel/sgx/tcb-info/00906ed50000",
    "intel/tdx/tcb-info/00806f050000",
    "intel/sgx/qe-identity",
    "intel/tdx/qe-identity",
    "amd/milan/vcek-chain",
    "amd/genoa/vlek-chain",
    "amd/turin/vcek-crl",
    "amd/milan/vlek-crl",
    "amd/genoa/vcek/" CHIP64 "/0a00000000001954",
    "amd/turin/vcek/59790fb1c39f35c1/0101010400000051",
    "issuer/http://pki.example.org/ca.crt",
    "issuer-crl/https://pki.example.org:8443/ca.crl",
};

static void
test_each_text_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all); i++) {
        struct bl_collateral_name name = named(all[i]), again = name;
        struct bulla_error err = { 0 };

        assert_string_equal(name.text, all[i]);
        if (bl_collateral_name_url(&name).size > 0)
            continue;
        memset(again.text, 0, sizeof again.text);
        assert_ok(bl_collateral_name_finish(&again, &err), &err);
        assert_string_equal(again.text, all[i]);
    }
}

static void
test_fields(void **state)
{
    struct bl_collateral_name name = named("amd/turin/vcek/59790fb1c39f35c1/0101010400000051");

    (void)state;
    assert_int_equal(name.kind, BL_COLLATERAL_VCEK);
    assert_int_equal(name.generation, BL_SNP_TURIN);
    assert_memory_equal(name.chip_id, "\x59\x79\x0f\xb1\xc3\x9f\x35\xc1", 8);
    assert_int_equal(name.tcb[7], 0x51);
    name = named("intel/tdx/tcb-info/00806f050000");
    assert_true(name.is_tdx);
    assert_memory_equal(name.fmspc, "\x00\x80\x6f\x05\x00\x00", 6);
    name = named("issuer/http://pki.example.org/ca.crt");
    assert_bytes_equal(bl_collateral_name_url(&name), text_bytes("http://pki.example.org/ca.crt"));
}

static void
refused(struct bulla_bytes text)
{
    struct bulla_error err = { 0 };
    struct bl_collateral_name name = { .kind = BL_COLLATERAL_VCEK }, before = name;

    assert_int_not_equal(bl_collateral_name_parse(text, &name, &err), BULLA_OK);
    assert_memory_equal(&name, &before, sizeof name);
}

static void
test_every_truncation_and_one_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all); i++) {
        char longer[256];
        bool is_url = strncmp(all[i], "issuer", 6) == 0;

        for (size_t size = 0; size < strlen(all[i]) && !is_url; size++)
            refused((struct bulla_bytes){ (const uint8_t *)all[i], size });
        (void)snprintf(longer, sizeof longer, "%s%s", all[i], is_url ? " " : "0");
        refused(text_bytes(longer));
        (void)snprintf(longer, sizeof longer, "%s%s", all[i], is_url ? "\n" : "/");
        refused(text_bytes(longer));
    }
}

/* B68 (peer flaws): an identifier that is a path, or more of a URL than was meant. */
static void
test_what_is_no_name(void **state)
{
    static const char *const wrong[] = {
        "intel/root-crl/../../etc",
        "intel/pck-crl/other",
        "intel/snp/qe-identity",
        "intel/SGX/qe-identity",
        "intel/sgx/tcb-info/00906ED50000",
        "intel/sgx/tcb-info/00906ed5000g",
        "intel/sgx/tcb-info/..%2f..%2fab",
        "intel/sgx/tcb-info/00906ed50000&update=early",
        "amd/rome/vcek-chain",
        "amd/none/vcek-chain",
        "amd/milan/chain",
        "amd/milan/vcek/" CHIP64,
        "amd/turin/vcek/" CHIP64 "/0a00000000001954",
        "amd/genoa/vcek/59790fb1c39f35c1/0101010400000051",
        "amd/genoa/vcek/" CHIP64 "/0a0000000000195",
        "issuer/ftp://pki.example.org/ca.crt",
        "issuer/http://user@pki.example.org/ca.crt",
        "issuer/http://pki.example.org/ca.crt?x=1",
        "issuer/http://pki.example.org/ca.crt#x",
        "issuer/file:///etc/passwd",
        "issuer/",
        "nvidia/x",
        "",
    };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(wrong); i++)
        refused(text_bytes(wrong[i]));
    refused((struct bulla_bytes){ (const uint8_t *)"intel/root-crl\0", 15 });
}

static void
test_a_set_is_in_order_and_has_each_once(void **state)
{
    struct bl_collateral_set *set = bl_collateral_set_new();

    (void)state;
    assert_non_null(set);
    for (size_t times = 0; times < 2; times++)
        for (size_t i = BL_COUNT_OF(all); i > 0; i--)
            put_piece(set, all[i - 1], times == 0 ? BL_LITERAL("first") : BL_LITERAL("second"),
                      BL_LITERAL(""));
    assert_int_equal(set->count, BL_COUNT_OF(all));
    for (size_t i = 1; i < set->count; i++)
        assert_true(strcmp(set->items[i - 1]->name.text, set->items[i]->name.text) < 0);
    for (size_t i = 0; i < BL_COUNT_OF(all); i++)
        assert_bytes_equal(bulla_buffer_bytes(&piece_named(set, all[i])->body),
                           BL_LITERAL("second"));
    drop_piece(set, all[3]);
    assert_int_equal(set->count, BL_COUNT_OF(all) - 1);
    const struct bl_collateral_name gone = named(all[3]);
    assert_null(bl_collateral_find(set, &gone));
    bl_collateral_set_free(set);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_text_comes_back),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_every_truncation_and_one_more),
        cmocka_unit_test(test_what_is_no_name),
        cmocka_unit_test(test_a_set_is_in_order_and_has_each_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
