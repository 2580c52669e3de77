/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence in wrappers: what is made is what is found, which kind a type names, and what is refused. */
#include "unit.h"

#include "tee/wrapper.h"

/* A wrapper that was made, and read again. */
struct wrapped {
    struct bulla_buffer bytes;
    struct bl_cmw cmw;
    struct bl_wrapped_evidence evidence;
};
static void
wrapped_done(struct wrapped *wrapped)
{
    bl_cmw_done(&wrapped->cmw);
    bulla_buffer_done(&wrapped->bytes);
}

static void
make(struct wrapped *wrapped)
{
    const struct bl_part parts[] = { { "cert_table", BL_LITERAL("\x01") },
                                     { "crl", BL_LITERAL("\x02") },
                                     { "event_log", BL_LITERAL("\x03") },
                                     { "crl", BL_LITERAL("\x04") } };
    struct bulla_error err = { 0 };

    *wrapped = (struct wrapped){ 0 };
    assert_ok(bl_wrapper_make("snp", BL_LITERAL("report"), parts, BL_COUNT_OF(parts),
                              &wrapped->bytes, &err),
              &err);
    assert_ok(bl_cmw_decode(bulla_buffer_bytes(&wrapped->bytes), &wrapped->cmw, &err), &err);
}

static enum bulla_status
open_text(const char *json, struct wrapped *wrapped, struct bulla_error *err)
{
    wrapped_done(wrapped);
    *wrapped = (struct wrapped){ 0 };
    assert_int_equal(bl_cmw_decode(text_bytes(json), &wrapped->cmw, NULL), BULLA_OK);
    return bl_wrapper_open(&wrapped->cmw, &wrapped->evidence, err);
}

static void
test_what_is_made_is_what_is_found(void **state)
{
    struct wrapped wrapped;
    struct bulla_error err = { 0 };

    (void)state;
    make(&wrapped);
    assert_ok(bl_wrapper_open(&wrapped.cmw, &wrapped.evidence, &err), &err);
    assert_string_equal(wrapped.evidence.scheme->kind, "snp");
    assert_bytes_equal(wrapped.evidence.evidence, BL_LITERAL("report"));
    const struct bl_verification v = { .parts = wrapped.evidence.parts,
                                       .part_count = wrapped.evidence.part_count };
    assert_int_equal(v.part_count, 4);
    assert_bytes_equal(bl_part_find(&v, "cert_table"), BL_LITERAL("\x01"));
    assert_bytes_equal(bl_part_find(&v, "event_log"), BL_LITERAL("\x03"));
    assert_bytes_equal(bl_part_at(&v, "crl", 0), BL_LITERAL("\x02"));
    assert_bytes_equal(bl_part_at(&v, "crl", 1), BL_LITERAL("\x04"));
    assert_int_equal(bl_part_at(&v, "crl", 2).size, 0);
    wrapped_done(&wrapped);
}

static void
test_one_wrapper_has_one_encoding(void **state)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    const struct bl_part table = { "cert_table", BL_LITERAL("\x01") };
    assert_ok(bl_wrapper_make("snp", BL_LITERAL("\x05"), &table, 1, &bytes, &err), &err);
    static const char expected[] = "\xa3"
                                   "\x68"
                                   "__cmwc_t"
                                   "\x78\x21"
                                   "tag:bulla.invalid,2026:evidence/1"
                                   "\x68"
                                   "evidence"
                                   "\x83\x78\x19"
                                   "application/vnd.bulla.snp"
                                   "\x41\x05\x04"
                                   "\x6a"
                                   "cert_table"
                                   "\x82\x78\x18"
                                   "application/octet-stream"
                                   "\x41\x01";
    assert_bytes_equal(bulla_buffer_bytes(&bytes), text_bytes(expected));
}

static void
test_types_that_name_a_kind(void **state)
{
    static const struct {
        const char *json, *kind;
    } known[] = {
        { "[\"application/vnd.bulla.tdx\",\"AA\"]", "tdx" },
        { "[\"application/vnd.bulla.tpm\",\"AA\",4]", "tpm" },
        { "[\"application/vnd.bulla.tpm\",\"AA\",6]", "tpm" },
        { "[\"application/psa-attestation-token\",\"AA\"]", "psa" },
        { "[\"application/eat+cwt; eat_profile=\\\"tag:psacertified.org,2023:psa#tfm\\\"\",\"AA\"]",
          "psa" },
        { "[\"application/eat-collection; profile=\\\"http://arm.com/CCA-SSD/1.0.0\\\"\",\"AA\"]",
          "cca" },
        { "[\"application/aws-nitro-document\",\"AA\"]", "nitro" },
    };
    static const char *const unknown[] = {
        "[\"application/vnd.bulla.sgxx\",\"AA\"]",
        "[\"application/vnd.bulla.sg\",\"AA\"]",
        "[\"application/eat+cwt\",\"AA\"]",
        "[\"application/vnd.bulla.tpm\",\"AA\",2]", /* said to be endorsements */
        "[\"application/octet-stream\",\"AA\"]",
    };
    struct wrapped wrapped = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(known); i++) {
        assert_ok(open_text(known[i].json, &wrapped, &err), &err);
        assert_string_equal(wrapped.evidence.scheme->kind, known[i].kind);
        assert_int_equal(wrapped.evidence.part_count, 0);
        assert_bytes_equal(wrapped.evidence.evidence,
                           ((struct bulla_bytes){ (uint8_t[]){ 0 }, 1 }));
    }
    for (size_t i = 0; i < BL_COUNT_OF(unknown); i++)
        assert_fails(open_text(unknown[i], &wrapped, &err), BULLA_E_UNSUPPORTED, &err);
    wrapped_done(&wrapped);
}

static void
test_content_formats_that_name_a_kind(void **state)
{
    struct bl_cmw cmw = { .count = 1 };
    struct bl_wrapped_evidence evidence = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    cmw.items[0] = (struct bl_cmw_item){ .form = BL_CMW_TAG,
                                         .has_content_format = true,
                                         .content_format = 10003,
                                         .value = BL_LITERAL("x") };
    assert_ok(bl_wrapper_open(&cmw, &evidence, &err), &err);
    assert_string_equal(evidence.scheme->kind, "psa");
    evidence.scheme = NULL;
    cmw.items[0].content_format = 0; /* text/plain: not what a type without one has */
    assert_fails(bl_wrapper_open(&cmw, &evidence, &err), BULLA_E_UNSUPPORTED, &err);
    cmw.items[0].content_format = 263;
    assert_fails(bl_wrapper_open(&cmw, &evidence, &err), BULLA_E_UNSUPPORTED, &err);
    assert_null(evidence.scheme);
}

#define OURS "\"__cmwc_t\":\"tag:bulla.invalid,2026:evidence/1\","
#define EVIDENCE "\"evidence\":[\"application/vnd.bulla.snp\",\"AA\",4]"

static void
test_collections_that_are_refused(void **state)
{
    static const struct {
        const char *json;
        enum bulla_status status;
    } refused[] = {
        { "{" EVIDENCE "}", BULLA_E_UNSUPPORTED }, /* no type */
        { "{\"__cmwc_t\":\"tag:bulla.invalid,2026:evidence/2\"," EVIDENCE "}",
          BULLA_E_UNSUPPORTED },
        { "{" OURS "\"crl\":[\"x/y\",\"AA\"]}", BULLA_E_MALFORMED },
        { "{" OURS "\"evidence\":{" EVIDENCE "}}", BULLA_E_UNSUPPORTED },
        { "{" OURS "\"evidence\":[\"x/y\",\"AA\"]}", BULLA_E_UNSUPPORTED },
        { "{" OURS EVIDENCE ",\"crl\":{\"0\":[\"x/y\",\"AA\"]}}", BULLA_E_MALFORMED },
        { "{" OURS EVIDENCE ",\"crl\":{\"__cmwc_t\":\"1.2\",\"0\":[\"x/y\",\"AA\"]}}",
          BULLA_E_UNSUPPORTED },
        { "{" OURS EVIDENCE
          ",\"x234567890123456789012345678901234567890123456789012345678901234\":[\"x/y\",\"AA\"]}",
          BULLA_E_MALFORMED },
    };
    struct wrapped wrapped = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(open_text("{" OURS EVIDENCE ",\"x\":[\"x/y\",\"AA\"]}", &wrapped, &err), &err);
    for (size_t i = 0; i < BL_COUNT_OF(refused); i++) {
        assert_fails(open_text(refused[i].json, &wrapped, &err), refused[i].status, &err);
        assert_null(wrapped.evidence.scheme);
    }
    wrapped_done(&wrapped);
}

static void
test_parts_of_one_role_count_from_zero(void **state)
{
    static const int64_t wrong[] = { 2, -1, 3 };
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(wrong); i++) {
        struct wrapped wrapped;
        make(&wrapped);
        const struct bl_cmw_item *crl = bl_cmw_find(&wrapped.cmw, 0, "crl");
        assert_int_equal(crl->form, BL_CMW_COLLECTION);
        size_t second = (size_t)(crl - wrapped.cmw.items) + 2;
        assert_int_equal(wrapped.cmw.items[second].label.number, 1);
        wrapped.cmw.items[second].label.number = wrong[i];
        assert_fails(bl_wrapper_open(&wrapped.cmw, &wrapped.evidence, &err), BULLA_E_MALFORMED,
                     &err);
        wrapped_done(&wrapped);
    }
}

static void
test_labels_that_are_no_role(void **state)
{
    struct wrapped wrapped;
    struct bulla_error err = { 0 };

    (void)state;
    make(&wrapped);
    struct bl_cmw_item *table =
        &wrapped.cmw.items[bl_cmw_find(&wrapped.cmw, 0, "cert_table") - wrapped.cmw.items];
    table->label = (struct bl_cbor_key){ .number = 7 };
    assert_fails(bl_wrapper_open(&wrapped.cmw, &wrapped.evidence, &err), BULLA_E_MALFORMED, &err);
    table->label = (struct bl_cbor_key){ .is_text = true, .text = BL_LITERAL("a\0b") };
    assert_fails(bl_wrapper_open(&wrapped.cmw, &wrapped.evidence, &err), BULLA_E_MALFORMED, &err);
    wrapped_done(&wrapped);
}

static void
test_limits(void **state)
{
    static struct bl_part many[BL_PART_COUNT_MAX + 1];
    static char names[BL_PART_COUNT_MAX + 1][8];
    struct wrapped wrapped = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(many); i++) {
        snprintf(names[i], sizeof names[i], "p%zu", i);
        many[i] = (struct bl_part){ names[i], BL_LITERAL("x") };
    }
    assert_ok(
        bl_wrapper_make("tdx", BL_LITERAL("q"), many, BL_PART_COUNT_MAX, &wrapped.bytes, &err),
        &err);
    assert_ok(bl_cmw_decode(bulla_buffer_bytes(&wrapped.bytes), &wrapped.cmw, &err), &err);
    assert_ok(bl_wrapper_open(&wrapped.cmw, &wrapped.evidence, &err), &err);
    assert_int_equal(wrapped.evidence.part_count, BL_PART_COUNT_MAX);
    wrapped.cmw.items[wrapped.cmw.count++] =
        (struct bl_cmw_item){ .form = BL_CMW_RECORD,
                              .label = { .is_text = true, .text = BL_LITERAL("one_more") },
                              .type = BL_LITERAL("x/y") };
    assert_fails(bl_wrapper_open(&wrapped.cmw, &wrapped.evidence, &err), BULLA_E_LIMIT, &err);
    wrapped.cmw.count--;
    wrapped.cmw.items[3].value.size = BL_PART_SIZE_MAX + 1; /* not read */
    assert_fails(bl_wrapper_open(&wrapped.cmw, &wrapped.evidence, &err), BULLA_E_LIMIT, &err);
    wrapped_done(&wrapped);

    BL_AUTO(bulla_buffer) bytes = { 0 };
    assert_fails(bl_wrapper_make("tdx", BL_LITERAL("q"), many, BL_PART_COUNT_MAX + 1, &bytes, &err),
                 BULLA_E_LIMIT, &err);
    assert_fails(bl_wrapper_make("tdy", BL_LITERAL("q"), NULL, 0, &bytes, &err), BULLA_E_ARGUMENT,
                 &err);
    assert_int_equal(bytes.size, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_made_is_what_is_found),
        cmocka_unit_test(test_one_wrapper_has_one_encoding),
        cmocka_unit_test(test_types_that_name_a_kind),
        cmocka_unit_test(test_content_formats_that_name_a_kind),
        cmocka_unit_test(test_collections_that_are_refused),
        cmocka_unit_test(test_parts_of_one_role_count_from_zero),
        cmocka_unit_test(test_labels_that_are_no_role),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
