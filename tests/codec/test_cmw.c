/* SPDX-License-Identifier: Apache-2.0 */
/* Conceptual message wrappers: the draft's examples, what is refused and by which rule, and that what
 * is written is what was read. */
#include "unit.h"

#include "base/fault.h"
#include "codec/cmw.h"
#include "codec/hex.h"

/* Append the bytes of hexadecimal text. */
static void
put_hex(struct bulla_buffer *out, const char *hex)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_hex_decode(text_bytes(hex), out, &err), &err);
}

static enum bulla_status
decode_hex(const char *hex, struct bl_cmw *cmw, struct bulla_error *err)
{
    static struct bulla_buffer bytes; /* the items are views into it */

    bulla_buffer_done(&bytes);
    put_hex(&bytes, hex);
    return bl_cmw_decode(bulla_buffer_bytes(&bytes), cmw, err);
}

static enum bulla_status
decode_text(const char *text, struct bl_cmw *cmw, struct bulla_error *err)
{
    return bl_cmw_decode(text_bytes(text), cmw, err);
}

static void
check_message(const struct bl_cmw_item *item, enum bl_cmw_form form, const char *type,
              uint16_t content_format, const char *value_hex, uint32_t indicator)
{
    BL_AUTO(bulla_buffer) value = { 0 };

    put_hex(&value, value_hex);
    assert_non_null(item);
    assert_int_equal(item->form, form);
    assert_int_equal(item->has_content_format, type == NULL);
    assert_bytes_equal(item->type, text_bytes(type == NULL ? "" : type));
    assert_int_equal(item->content_format, content_format);
    assert_bytes_equal(item->value, bulla_buffer_bytes(&value));
    assert_int_equal(item->indicator, indicator);
}

#define CONCEPTUAL "application/vnd.example.rats-conceptual-msg"

static void
test_records_and_tags_of_the_draft(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_cmw cmw = { 0 };

    assert_ok(decode_text("[\"" CONCEPTUAL "\",\"I0faVQ\"]", &cmw, &err), &err);
    assert_int_equal(cmw.count, 1);
    check_message(&cmw.items[0], BL_CMW_RECORD, CONCEPTUAL, 0, "2347da55", 0);
    bl_cmw_done(&cmw);

    assert_ok(decode_hex("8219fde7442347da55", &cmw, &err), &err);
    check_message(&cmw.items[0], BL_CMW_RECORD, NULL, 64999, "2347da55", 0);
    assert_ok(decode_hex("da6374ffe6442347da55", &cmw, &err), &err);
    check_message(&cmw.items[0], BL_CMW_TAG, NULL, 64999, "2347da55", 0);
}

static void
test_collections_of_the_draft(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_cmw cmw = { 0 };

    assert_ok(decode_hex("a4"
                         "685f5f636d77635f74"
                         "78277461673a6578616d706c652e636f6d2c323032343a636f6d706f736974652d6174"
                         "746573746572"
                         "00"
                         "8319fde7442347da5504"
                         "01"
                         "da6374ffe6442347da55"
                         "02"
                         "83736170706c69636174696f6e2f6561742b6a7774432e2e2e08",
                         &cmw, &err),
              &err);
    assert_int_equal(cmw.count, 4);
    assert_int_equal(cmw.items[0].form, BL_CMW_COLLECTION);
    assert_bytes_equal(cmw.items[0].type, text_bytes("tag:example.com,2024:composite-attester"));
    check_message(bl_cmw_find_number(&cmw, 0, 0), BL_CMW_RECORD, NULL, 64999, "2347da55",
                  BL_CMW_EVIDENCE);
    check_message(bl_cmw_find_number(&cmw, 0, 1), BL_CMW_TAG, NULL, 64999, "2347da55", 0);
    check_message(bl_cmw_find_number(&cmw, 0, 2), BL_CMW_RECORD, "application/eat+jwt", 0, "2e2e2e",
                  BL_CMW_ATTESTATION_RESULTS);
    assert_null(bl_cmw_find_number(&cmw, 0, 3));
    assert_null(bl_cmw_find(&cmw, 0, "0"));

    assert_ok(decode_text("{\"__cmwc_t\": \"tag:example.com,2024:another-composite-attester\","
                          "\"attester A\": [\"application/eat-ucs+json\", \"e30K\", 4],"
                          "\"attester B\": [\"application/eat-ucs+cbor\", \"oA\", 4]}",
                          &cmw, &err),
              &err);
    check_message(bl_cmw_find(&cmw, 0, "attester A"), BL_CMW_RECORD, "application/eat-ucs+json", 0,
                  "7b7d0a", BL_CMW_EVIDENCE);
    check_message(bl_cmw_find(&cmw, 0, "attester B"), BL_CMW_RECORD, "application/eat-ucs+cbor", 0,
                  "a0", BL_CMW_EVIDENCE);
    bl_cmw_done(&cmw);
}

static void
test_collections_in_collections(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_cmw cmw = { 0 };

    assert_ok(decode_text("{\"a\":{\"b\":[\"x/y\",\"AA\"]},\"b\":[\"x/z\",\"AQ\"]}", &cmw, &err),
              &err);
    const struct bl_cmw_item *inner = bl_cmw_find(&cmw, 0, "a");
    assert_int_equal(inner->form, BL_CMW_COLLECTION);
    check_message(bl_cmw_find(&cmw, (size_t)(inner - cmw.items), "b"), BL_CMW_RECORD, "x/y", 0,
                  "00", 0);
    check_message(bl_cmw_find(&cmw, 0, "b"), BL_CMW_RECORD, "x/z", 0, "01", 0);
    bl_cmw_done(&cmw);

    /* four deep, and one more */
    assert_ok(decode_hex("a100a100a100a1008219fde740", &cmw, &err), &err);
    assert_int_equal(cmw.count, 5);
    assert_fails(decode_hex("a100a100a100a100a1008219fde740", &cmw, &err), BULLA_E_LIMIT, &err);
    assert_ok(decode_text("{\"a\":{\"a\":{\"a\":{\"a\":[\"x/y\",\"AA\"]}}}}", &cmw, &err), &err);
    bl_cmw_done(&cmw);
    assert_fails(
        decode_text("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[\"x/y\",\"AA\"]}}}}}", &cmw, &err),
        BULLA_E_LIMIT, &err);
}

static void
test_indefinite_lengths(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_cmw cmw = { 0 };

    assert_ok(decode_hex("9f19fde74101ff", &cmw, &err), &err);
    check_message(&cmw.items[0], BL_CMW_RECORD, NULL, 64999, "01", 0);
    assert_ok(decode_hex("9f19fde7410104ff", &cmw, &err), &err);
    check_message(&cmw.items[0], BL_CMW_RECORD, NULL, 64999, "01", BL_CMW_EVIDENCE);
    assert_ok(decode_hex("bf009f19fde74101ffff", &cmw, &err), &err);
    check_message(bl_cmw_find_number(&cmw, 0, 0), BL_CMW_RECORD, NULL, 64999, "01", 0);
    static const char *const refused[] = {
        "9fff", "9f19fde7ff", "9f19fde7410104", "9f19fde741010400ff", "9f19fde75f4101ffff", "bfff",
    };
    for (size_t i = 0; i < BL_COUNT_OF(refused); i++)
        assert_fails(decode_hex(refused[i], &cmw, &err), BULLA_E_MALFORMED, &err);
}

static void
test_what_is_refused(void **state)
{
    (void)state;
    static const char *const refused_hex[] = {
        "",
        "00",               /* no wrapper */
        "8119fde7",         /* a record of one */
        "8419fde741010404", /* of four */
        "82190001004101",   /* not the shortest head */
        "821a000100004101", /* a content format of more than two bytes */
        "82204101",         /* a negative one */
        "8219fde76101",     /* text for bytes */
        "8319fde7410100",   /* indicator without a bit */
        "8319fde741011820", /* with one that means nothing */
        "8319fde7410120",   /* a negative one */
        "8219fde7410100",   /* one byte over */
        "8260"
        "4101", /* an empty type */
        "826378"
        "2f20"
        "4101",           /* "x/ " */
        "da637401004101", /* tags around and between those of content formats */
        "da637402004101",
        "da637500004101",
        "da6374fe0001", /* no bytes in it */
        "a0",           /* nothing in it */
        "a1685f5f636d77635f74"
        "63783a79", /* a type and nothing else */
        "a2685f5f636d77635f74"
        "6178"
        "00"
        "8219fde740", /* a type that is none */
        "a2685f5f636d77635f74"
        "00"
        "00"
        "8219fde740",
        "a2"
        "008219fde740"
        "008219fde740", /* a label twice */
        "a1"
        "60"
        "8219fde740", /* an empty one */
        "a1"
        "40"
        "8219fde740", /* one of bytes */
        "a1"
        "00"
        "00", /* no wrapper in it */
    };
    static const char *const refused_text[] = {
        "[]",
        "[\"x/y\"]",
        "[\"x/y\",\"AA\",0]",
        "[\"x/y\",\"AA\",32]",
        "[\"x/y\",\"AA\",-1]",
        "[\"x/y\",\"AA\",4.0]",
        "[\"x/y\",\"AA\",null]",
        "[\"x/y\",\"AA==\"]",
        "[\"x/y\",\"A\"]",
        "[\"x/y\",\"AB\"]",
        "[\"x/y\",\"+/+/\"]",
        "[\"x/y\",\"\"]",
        "[\"x/y\",1]",
        "[263,\"AA\"]",
        "[\"x\",\"AA\"]",
        "[\"\",\"AA\"]",
        " [\"x/y\",\"AA\"]",
        "[\"x/y\",\"AA\"] x",
        "{}",
        "{\"__cmwc_t\":\"tag:x\"}",
        "{\"__cmwc_t\":\"x\",\"a\":[\"x/y\",\"AA\"]}",
        "{\"__cmwc_t\":1,\"a\":[\"x/y\",\"AA\"]}",
        "{\"a\":[\"x/y\",\"AA\"],\"a\":[\"x/y\",\"AA\"]}",
        "{\"\":[\"x/y\",\"AA\"]}",
        "{\"a\":1}",
        "{\"a\":null}",
    };
    struct bulla_error err = { 0 };
    struct bl_cmw cmw = { .count = 77 };

    for (size_t i = 0; i < BL_COUNT_OF(refused_hex); i++) {
        assert_fails(decode_hex(refused_hex[i], &cmw, &err), BULLA_E_MALFORMED, &err);
        assert_int_equal(cmw.count, 77);
    }
    for (size_t i = 0; i < BL_COUNT_OF(refused_text); i++) {
        assert_fails(decode_text(refused_text[i], &cmw, &err), BULLA_E_MALFORMED, &err);
        assert_int_equal(cmw.count, 77);
    }
    assert_fails(decode_text("[\"x/y\",\"AA\",4,4]", &cmw, &err), BULLA_E_LIMIT, &err);
}

/* Three records, one of them in a collection of its own: what every test below begins with. */
static void
make(struct bl_cmw *cmw)
{
    struct bulla_error err = { 0 };

    bl_cmw_start(cmw, "tag:example.com,2026:x");
    assert_ok(bl_cmw_add(cmw, "quote", "application/a", BL_LITERAL("\x01\x02\x03\x04"),
                         BL_CMW_EVIDENCE, &err),
              &err);
    assert_ok(bl_cmw_add(cmw, "certificates", "application/b; c=\"d e\"", BL_LITERAL("\x05"),
                         BL_CMW_ENDORSEMENTS, &err),
              &err);
    cmw->items[3] = (struct bl_cmw_item){ .form = BL_CMW_COLLECTION,
                                          .label = { .is_text = true, .text = text_bytes("in") } };
    cmw->items[4] = (struct bl_cmw_item){ .form = BL_CMW_RECORD,
                                          .parent = 3,
                                          .label = { .is_text = true, .text = text_bytes("a") },
                                          .type = text_bytes("x/y"),
                                          .value = BL_LITERAL("\x07") };
    cmw->count = 5;
}

static void
test_every_truncation_and_one_byte_over(void **state)
{
    (void)state;
    static const enum bl_cmw_encoding encodings[] = { BL_CMW_CBOR, BL_CMW_JSON };
    struct bulla_error err = { 0 };

    for (size_t e = 0; e < BL_COUNT_OF(encodings); e++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        BL_AUTO(bl_cmw) decoded = { 0 };
        struct bl_cmw cmw = { 0 };
        make(&cmw);
        assert_ok(bl_cmw_encode(&cmw, encodings[e], &bytes, &err), &err);
        for (size_t size = 0; size < bytes.size; size++)
            assert_fails(bl_cmw_decode((struct bulla_bytes){ bytes.data, size }, &decoded, &err),
                         BULLA_E_MALFORMED, &err);
        assert_int_equal(decoded.count, 0);
        assert_ok(bl_cmw_decode(bulla_buffer_bytes(&bytes), &decoded, &err), &err);
        assert_int_equal(decoded.count, 5);
        bl_cmw_done(&decoded);
        assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("\x01"), &err), &err);
        assert_fails(bl_cmw_decode(bulla_buffer_bytes(&bytes), &decoded, &err), BULLA_E_MALFORMED,
                     &err);
    }
}

static void
test_what_is_written_is_sorted_and_read_again(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_cmw cmw = { 0 }, decoded = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) again = { 0 };
    BL_AUTO(bulla_buffer) expected = { 0 };

    make(&cmw);
    assert_ok(bl_cmw_encode(&cmw, BL_CMW_CBOR, &bytes, &err), &err);
    put_hex(&expected, "a4"
                       "62696e"
                       "a1"
                       "6161"
                       "82"
                       "63782f79"
                       "4107"
                       "6571756f7465"
                       "83"
                       "6d6170706c69636174696f6e2f61"
                       "4401020304"
                       "04"
                       "685f5f636d77635f74"
                       "767461673a6578616d706c652e636f6d2c323032363a78"
                       "6c636572746966696361746573"
                       "83"
                       "76"
                       "6170706c69636174696f6e2f623b20633d2264206522"
                       "4105"
                       "02");
    assert_bytes_equal(bulla_buffer_bytes(&bytes), bulla_buffer_bytes(&expected));

    assert_ok(bl_cmw_decode(bulla_buffer_bytes(&bytes), &decoded, &err), &err);
    assert_ok(bl_cmw_encode(&decoded, BL_CMW_CBOR, &again, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&bytes), bulla_buffer_bytes(&again));

    bulla_buffer_clear(&again);
    assert_ok(bl_cmw_encode(&decoded, BL_CMW_JSON, &again, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&again),
                       text_bytes("{\"__cmwc_t\":\"tag:example.com,2026:x\","
                                  "\"in\":{\"a\":[\"x/y\",\"Bw\"]},"
                                  "\"quote\":[\"application/a\",\"AQIDBA\",4],"
                                  "\"certificates\":[\"application/b; c=\\\"d e\\\"\",\"BQ\",2]}"));
}

static void
test_labels_sort_as_their_encodings(void **state)
{
    (void)state;
    static const int64_t numbers[] = { -1, 300, 0, -300, 23 };
    struct bulla_error err = { 0 };
    struct bl_cmw cmw = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) expected = { 0 };

    bl_cmw_start(&cmw, NULL);
    for (size_t i = 0; i < BL_COUNT_OF(numbers); i++)
        cmw.items[cmw.count++] = (struct bl_cmw_item){ .form = BL_CMW_TAG,
                                                       .label = { .number = numbers[i] },
                                                       .has_content_format = true,
                                                       .content_format = (uint16_t)i,
                                                       .value = BL_LITERAL("\x01") };
    assert_ok(bl_cmw_encode(&cmw, BL_CMW_CBOR, &bytes, &err), &err);
    put_hex(&expected, "a5"
                       "00"
                       "da637401034101"
                       "17"
                       "da637401054101"
                       "19012c"
                       "da637401024101"
                       "20"
                       "da637401014101"
                       "39012b"
                       "da637401044101");
    assert_bytes_equal(bulla_buffer_bytes(&bytes), bulla_buffer_bytes(&expected));
}

static void
test_what_is_no_wrapper_is_not_written(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_cmw cmw = { 0 };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    assert_fails(bl_cmw_encode(&cmw, BL_CMW_CBOR, &bytes, &err), BULLA_E_ARGUMENT, &err);
    bl_cmw_start(&cmw, NULL); /* nothing in it */
    assert_fails(bl_cmw_encode(&cmw, BL_CMW_CBOR, &bytes, &err), BULLA_E_ARGUMENT, &err);
#define REFUSES(change)                                                                       \
    do {                                                                                      \
        make(&cmw);                                                                           \
        change;                                                                               \
        assert_fails(bl_cmw_encode(&cmw, BL_CMW_CBOR, &bytes, &err), BULLA_E_ARGUMENT, &err); \
        assert_int_equal(bytes.size, 0);                                                      \
    } while (0)
    REFUSES(cmw.items[1].type = text_bytes("application"));
    REFUSES(cmw.items[1].indicator = 32);
    REFUSES(cmw.items[1].parent = 2);
    REFUSES(cmw.items[1].parent = 1);
    REFUSES(cmw.items[1].label.text = text_bytes("__cmwc_t"));
    REFUSES(cmw.items[1].label.text = text_bytes("certificates"));
    REFUSES(cmw.items[1].label.text = text_bytes(""));
    REFUSES(cmw.items[1].form = BL_CMW_FORM_NONE);
    REFUSES(cmw.items[4].parent = 4);
    REFUSES(cmw.items[0].type = text_bytes("x"));
    REFUSES((cmw.items[1].form = BL_CMW_TAG, cmw.items[1].has_content_format = true,
             cmw.items[1].content_format = 65025));
#undef REFUSES
    make(&cmw);
    cmw.items[1].has_content_format = true;
    assert_fails(bl_cmw_encode(&cmw, BL_CMW_JSON, &bytes, &err), BULLA_E_ARGUMENT, &err);
    make(&cmw);
    cmw.items[1].label = (struct bl_cbor_key){ .number = 1 };
    assert_fails(bl_cmw_encode(&cmw, BL_CMW_JSON, &bytes, &err), BULLA_E_ARGUMENT, &err);
    make(&cmw);
    cmw.items[1].value.size = 0;
    assert_fails(bl_cmw_encode(&cmw, BL_CMW_JSON, &bytes, &err), BULLA_E_ARGUMENT, &err);
    assert_int_equal(bytes.size, 0);
}

static void
test_items_and_sizes_are_bounded(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_cmw cmw = { 0 }, decoded = { 0 };
    char labels[BL_CMW_ITEM_COUNT_MAX][4], text[2 * BL_CMW_TYPE_SIZE_MAX];
    BL_AUTO(bulla_buffer) bytes = { 0 };

    bl_cmw_start(&cmw, NULL);
    for (size_t i = 1; i < BL_CMW_ITEM_COUNT_MAX; i++) {
        snprintf(labels[i], sizeof labels[i], "%zu", i);
        assert_ok(bl_cmw_add(&cmw, labels[i], "x/y", BL_LITERAL("z"), BL_CMW_EVIDENCE, &err), &err);
    }
    assert_fails(bl_cmw_add(&cmw, "a", "x/y", BL_LITERAL("z"), BL_CMW_EVIDENCE, &err),
                 BULLA_E_LIMIT, &err);
    assert_ok(bl_cmw_encode(&cmw, BL_CMW_JSON, &bytes, &err), &err);
    assert_ok(bl_cmw_decode(bulla_buffer_bytes(&bytes), &decoded, &err), &err);
    assert_int_equal(decoded.count, BL_CMW_ITEM_COUNT_MAX);
    bl_cmw_done(&decoded);
    bytes.data[bytes.size - 1] = ',';
    assert_ok(bulla_buffer_append(&bytes, BL_LITERAL("\"a\":[\"x/y\",\"AA\"]}"), &err), &err);
    assert_fails(bl_cmw_decode(bulla_buffer_bytes(&bytes), &decoded, &err), BULLA_E_LIMIT, &err);

    memset(text, 'x', sizeof text);
    bl_cmw_start(&cmw, NULL);
    assert_ok(bl_cmw_add(&cmw, "a", "x/y", BL_LITERAL("z"), BL_CMW_EVIDENCE, &err), &err);
    cmw.items[1].label.text = (struct bulla_bytes){ (uint8_t *)text, BL_CMW_LABEL_SIZE_MAX };
    bulla_buffer_clear(&bytes);
    assert_ok(bl_cmw_encode(&cmw, BL_CMW_CBOR, &bytes, &err), &err);
    assert_ok(bl_cmw_decode(bulla_buffer_bytes(&bytes), &decoded, &err), &err);
    cmw.items[1].label.text.size++;
    assert_fails(bl_cmw_encode(&cmw, BL_CMW_CBOR, &bytes, &err), BULLA_E_ARGUMENT, &err);
    bytes.data[2] = BL_CMW_LABEL_SIZE_MAX + 1; /* a1 78 7f ... */
    assert_fails(bl_cmw_decode(bulla_buffer_bytes(&bytes), &decoded, &err), BULLA_E_MALFORMED,
                 &err);
}

static void
test_content_formats_and_tags(void **state)
{
    (void)state;
    uint16_t content_format = 0;

    assert_int_equal(bl_cmw_tag_of(0), 1668546817);
    assert_int_equal(bl_cmw_tag_of(65024), 1668612095);
    for (uint32_t i = 0; i <= 65024; i++) {
        assert_true(bl_cmw_content_format_of(bl_cmw_tag_of((uint16_t)i), &content_format));
        assert_int_equal(content_format, i);
    }
    content_format = 77;
    assert_false(bl_cmw_content_format_of(1668546816, &content_format));
    assert_false(bl_cmw_content_format_of(1668612096, &content_format));
    assert_false(bl_cmw_content_format_of(1668546817 + 255, &content_format));
    assert_int_equal(content_format, 77);
}

static void
test_first_bytes(void **state)
{
    (void)state;
    enum bl_cmw_form form;

    for (unsigned first = 0; first < 256; first++) {
        enum bl_cmw_encoding encoding = bl_cmw_encoding_of((uint8_t)first, &form);
        if (first == '[' || first == '{') {
            assert_int_equal(encoding, BL_CMW_JSON);
            assert_int_equal(form, first == '[' ? BL_CMW_RECORD : BL_CMW_COLLECTION);
        } else if (first == 0x82 || first == 0x83 || first == 0x9f) {
            assert_int_equal(encoding, BL_CMW_CBOR);
            assert_int_equal(form, BL_CMW_RECORD);
        } else if (first == 0xda) {
            assert_int_equal(encoding, BL_CMW_CBOR);
            assert_int_equal(form, BL_CMW_TAG);
        } else if ((first >= 0xa0 && first <= 0xbb) || first == 0xbf) {
            assert_int_equal(encoding, BL_CMW_CBOR);
            assert_int_equal(form, BL_CMW_COLLECTION);
        } else {
            assert_int_equal(encoding, BL_CMW_ENCODING_NONE);
            assert_int_equal(form, BL_CMW_FORM_NONE);
        }
    }
}

static void
test_types(void **state)
{
    (void)state;
    static const char *const media_types[] = {
        "a/b",
        "application/eat+cwt",
        "application/eat+cwt; eat_profile=\"tag:arm.com,2023:realm#1.0.0\"",
        "application/x.y-z; a=b ; c=\"d \\\" e\"",
        "1/1;a=b",
    };
    static const char *const no_media_types[] = {
        "",      "a",        "/",          "a/",     "/b",       "a/b/c",        "a b/c",
        "a/b;",  "a/b; ",    "a/b;c",      "a/b;c=", "a/b;=d",   "a/b;c=\"d",    "a/b;c=\"d\\",
        ".a/b",  "a/+b",     "a/b c=d",    "a/b,c",  "a/b;c=d,", "a/b;c=\"d\"e", "a/b;c=\"\x7f\"",
        "a/b\n", "a/b;c=d ", "\xc3\xa4/b",
    };
    static const char *const types[] = { "tag:example.com,2026:x",
                                         "urn:uuid:0",
                                         "https://x/y?z#1",
                                         "1.2.3",
                                         "0",
                                         "2.23.133",
                                         "1.0.2",
                                         "a+b-c.1:x" };
    static const char *const no_types[] = { "",      ":",     "x",          "x:",  "1x:y",
                                            "x:y z", "x:y\"", "x:\xc3\xa4", "3.1", "1.",
                                            "1..2",  "1.02",  "1.2.",       ".1",  "x_y:z" };
    char long_name[160] = { 0 };

    for (size_t i = 0; i < BL_COUNT_OF(media_types); i++)
        assert_true(bl_cmw_is_media_type(text_bytes(media_types[i])));
    for (size_t i = 0; i < BL_COUNT_OF(no_media_types); i++)
        assert_false(bl_cmw_is_media_type(text_bytes(no_media_types[i])));
    for (size_t i = 0; i < BL_COUNT_OF(types); i++)
        assert_true(bl_cmw_is_collection_type(text_bytes(types[i])));
    for (size_t i = 0; i < BL_COUNT_OF(no_types); i++)
        assert_false(bl_cmw_is_collection_type(text_bytes(no_types[i])));
    memset(long_name, 'a', 127);
    strcpy(long_name + 127, "/b");
    assert_true(bl_cmw_is_media_type(text_bytes(long_name)));
    memset(long_name, 'a', 128);
    strcpy(long_name + 128, "/b");
    assert_false(bl_cmw_is_media_type(text_bytes(long_name)));
}

static void
test_memory_that_runs_out(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    enum bulla_status status = BULLA_E_MEMORY;
    size_t failures = 0;

    for (unsigned n = 1; status == BULLA_E_MEMORY; n++) {
        BL_AUTO(bl_cmw) decoded = { 0 };
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bl_cmw cmw = { 0 };
        make(&cmw);
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_MEMORY, n, /* forever= */ false);
        status = bl_cmw_encode(&cmw, BL_CMW_JSON, &bytes, &err);
        if (status == BULLA_OK)
            status = bl_cmw_decode(bulla_buffer_bytes(&bytes), &decoded, &err);
        (void)bl_fault_disarm();
        assert_true(status == BULLA_OK || (status == BULLA_E_MEMORY && decoded.count == 0));
        failures += status == BULLA_E_MEMORY ? 1 : 0;
    }
    assert_int_equal(status, BULLA_OK);
    assert_true(failures >= 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_and_tags_of_the_draft),
        cmocka_unit_test(test_collections_of_the_draft),
        cmocka_unit_test(test_collections_in_collections),
        cmocka_unit_test(test_indefinite_lengths),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_every_truncation_and_one_byte_over),
        cmocka_unit_test(test_what_is_written_is_sorted_and_read_again),
        cmocka_unit_test(test_labels_sort_as_their_encodings),
        cmocka_unit_test(test_what_is_no_wrapper_is_not_written),
        cmocka_unit_test(test_items_and_sizes_are_bounded),
        cmocka_unit_test(test_content_formats_and_tags),
        cmocka_unit_test(test_first_bytes),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
