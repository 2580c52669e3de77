/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout of quotes, of TD reports and of the SGX extension of a PCK: each field in its place, each
 * size held.
 */
#include "tee/paper_dcap.h"

#include "tee/dcap/quote.h"
#include "tee/tdx/body.h"

static const enum paper_kind all_kinds[] = { PAPER_SGX, PAPER_TD10, PAPER_TD15 };

static const uint8_t *
place(const struct paper *p, size_t at)
{
    return p->quote.data + at;
}

static void
test_fields_are_where_they_belong(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct paper *p = paper_make(all_kinds[i]);
        struct bl_dcap_quote quote;
        struct bulla_error err = { 0 };
        p->padding = 5;
        paper_build(p);
        assert_ok(bl_dcap_quote_decode(bulla_buffer_bytes(&p->quote), &quote, &err), &err);
        size_t body = p->version == 5 ? 54 : 48, auth = body + p->body_size + 4;
        size_t report = auth + 128 + (p->version == 3 ? 0 : 6);
        assert_int_equal(quote.version, p->version);
        assert_int_equal(quote.tee_type, p->tee_type);
        assert_int_equal(quote.body_type, p->body_type);
        assert_ptr_equal(quote.signed_part.data, place(p, 0));
        assert_int_equal(quote.signed_part.size, body + p->body_size);
        assert_ptr_equal(quote.body.data, place(p, body));
        assert_int_equal(quote.body.size, p->body_size);
        assert_ptr_equal(quote.signature.data, place(p, auth));
        assert_ptr_equal(quote.attestation_key.data, place(p, auth + 64));
        assert_ptr_equal(quote.qe_report.data, place(p, report));
        assert_ptr_equal(quote.qe_signature.data, place(p, report + 384));
        assert_ptr_equal(quote.qe_auth_data.data, place(p, report + 450));
        assert_int_equal(quote.certification_type, 5);
        assert_int_equal(quote.padding.size, 5);
        assert_int_equal(quote.size + 5, p->quote.size);
        paper_free(p);
    }
}

static void
assert_header(struct paper *p, size_t at, uint8_t value, enum bulla_status expected)
{
    struct bl_dcap_quote quote, before;
    struct bulla_error err = { 0 };
    uint8_t was = p->quote.data[at];

    memset(&quote, 0x5a, sizeof quote);
    before = quote;
    p->quote.data[at] = value;
    assert_fails(bl_dcap_quote_decode(bulla_buffer_bytes(&p->quote), &quote, &err), expected, &err);
    assert_memory_equal(&quote, &before, sizeof quote);
    p->quote.data[at] = was;
}

static void
test_what_a_header_may_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct paper *p = paper_make(all_kinds[i]);
        paper_build(p);
        assert_header(p, 0, 2, BULLA_E_UNSUPPORTED);
        assert_header(p, 0, 6, BULLA_E_UNSUPPORTED);
        assert_header(p, 1, 1, BULLA_E_UNSUPPORTED);
        assert_header(p, 2, 3, BULLA_E_UNSUPPORTED); /* ECDSA on P-384 */
        assert_header(p, 4, 0x82, BULLA_E_MALFORMED);
        assert_header(p, 7, 1, BULLA_E_MALFORMED);
        for (size_t at = 12; at < 28; at++)
            assert_header(p, at, (uint8_t)~p->quote.data[at], BULLA_E_UNSUPPORTED);
        if (p->version == 3)
            assert_header(p, 4, 0x81, BULLA_E_MALFORMED); /* reserved there */
        if (p->version == 5) {
            assert_header(p, 48, 0, BULLA_E_UNSUPPORTED);
            assert_header(p, 48, 4, BULLA_E_UNSUPPORTED);
            assert_header(p, 48, 1, BULLA_E_MALFORMED); /* an enclave's, in a quote of a TD */
            assert_header(p, 48, 2, BULLA_E_MALFORMED); /* of another size */
            assert_header(p, 50, 0x87, BULLA_E_MALFORMED);
        }
        if (p->version > 3)
            assert_header(p, (p->version == 5 ? 54 : 48) + p->body_size + 4 + 128, 5,
                          BULLA_E_MALFORMED);
        paper_free(p);
    }
}

/* Of its size, and of another TEE. */
static void
test_a_body_of_another_tee(void **state)
{
    struct paper *p = paper_make(PAPER_TD15);
    struct bl_dcap_quote quote;
    struct bulla_error err = { 0 };

    (void)state;
    p->body_type = 1;
    p->body_size = 384;
    paper_build(p);
    assert_fails(bl_dcap_quote_decode(bulla_buffer_bytes(&p->quote), &quote, &err),
                 BULLA_E_MALFORMED, &err);
    paper_free(p);
}

/* Whatever the sizes inside say, what is in them is taken to the byte. */
static void
test_every_size_is_held(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(all_kinds); i++) {
        struct paper *p = paper_make(all_kinds[i]);
        paper_build(p);
        size_t auth = (p->version == 5 ? 54 : 48) + p->body_size;
        size_t report = auth + 4 + 128 + (p->version == 3 ? 0 : 6);
        const size_t sizes[] = { auth, report + 448, report + 450 + 31 + 2,
                                 p->version == 3 ? auth : report - 4 };
        for (size_t at = 0; at < BL_COUNT_OF(sizes); at++) {
            uint8_t was = p->quote.data[sizes[at]];
            assert_header(p, sizes[at], (uint8_t)(was + 1), BULLA_E_MALFORMED);
            assert_header(p, sizes[at], (uint8_t)(was - 1), BULLA_E_MALFORMED);
        }
        assert_header(p, auth + 3, 0xff, BULLA_E_MALFORMED);
        paper_free(p);
    }
}

static void
test_enclave_reports(void **state)
{
    uint8_t bytes[385];
    struct bl_enclave_report report;
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t size = 0; size <= sizeof bytes; size++)
        if (size != 384)
            assert_fails(
                bl_enclave_report_decode((struct bulla_bytes){ bytes, size }, &report, &err),
                BULLA_E_MALFORMED, &err);
    bulla_error_clear(&err);
    assert_ok(bl_enclave_report_decode((struct bulla_bytes){ bytes, 384 }, &report, &err), &err);
    assert_ptr_equal(report.cpu_svn.data, bytes);
    assert_ptr_equal(report.misc_select.data, bytes + 16);
    assert_ptr_equal(report.isv_ext_prod_id.data, bytes + 32);
    assert_ptr_equal(report.attributes.data, bytes + 48);
    assert_ptr_equal(report.mr_enclave.data, bytes + 64);
    assert_ptr_equal(report.mr_signer.data, bytes + 128);
    assert_ptr_equal(report.config_id.data, bytes + 192);
    assert_int_equal(report.isv_prod_id, 0x0100);
    assert_int_equal(report.isv_svn, 0x0302);
    assert_int_equal(report.config_svn, 0x0504);
    assert_ptr_equal(report.isv_family_id.data, bytes + 304);
    assert_ptr_equal(report.report_data.data, bytes + 320);
    assert_false(report.is_debug);
    for (unsigned bit = 0; bit < 8; bit++) {
        bytes[48] = (uint8_t)(1u << bit);
        assert_ok(bl_enclave_report_decode((struct bulla_bytes){ bytes, 384 }, &report, &err),
                  &err);
        assert_int_equal(report.is_debug, bit == 1);
    }
}

static void
test_td_reports(void **state)
{
    static const size_t sizes[] = { 584, 648 };
    uint8_t bytes[649] = { 0 };
    struct bl_td_body body;
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t is_15 = 0; is_15 < 2; is_15++) {
        for (size_t size = 0; size <= sizeof bytes; size++)
            if (size != sizes[is_15])
                assert_fails(
                    bl_td_body_decode((struct bulla_bytes){ bytes, size }, is_15 != 0, &body, &err),
                    BULLA_E_MALFORMED, &err);
        struct bulla_bytes whole = { bytes, sizes[is_15] };
        bulla_error_clear(&err);
        assert_ok(bl_td_body_decode(whole, is_15 != 0, &body, &err), &err);
        assert_ptr_equal(body.tee_tcb_svn.data, bytes);
        assert_ptr_equal(body.mr_seam.data, bytes + 16);
        assert_ptr_equal(body.mr_signer_seam.data, bytes + 64);
        assert_ptr_equal(body.seam_attributes.data, bytes + 112);
        assert_ptr_equal(body.td_attributes.data, bytes + 120);
        assert_ptr_equal(body.xfam.data, bytes + 128);
        assert_ptr_equal(body.mr_td.data, bytes + 136);
        assert_ptr_equal(body.mr_config_id.data, bytes + 184);
        assert_ptr_equal(body.mr_owner.data, bytes + 232);
        assert_ptr_equal(body.mr_owner_config.data, bytes + 280);
        for (size_t i = 0; i < BL_TD_RTMR_COUNT; i++)
            assert_ptr_equal(body.rtmr[i].data, bytes + 328 + 48 * i);
        assert_ptr_equal(body.report_data.data, bytes + 520);
        assert_int_equal(body.tee_tcb_svn_2.size, is_15 ? 16 : 0);
        assert_int_equal(body.mr_service_td.size, is_15 ? 48 : 0);
        for (unsigned bit = 0; bit < 64; bit++) {
            bytes[120 + bit / 8] = (uint8_t)(1u << bit % 8);
            assert_ok(bl_td_body_decode(whole, is_15 != 0, &body, &err), &err);
            assert_int_equal(body.is_debug, bit < 8);
            assert_int_equal(body.is_migratable, bit == 29);
            bytes[120 + bit / 8] = 0;
        }
    }
}

/* -- the SGX extension --------------------------------------------------------------------------- */

static enum bulla_status
decode_extension(const struct bulla_buffer *der, struct bl_pck_extension *extension,
                 struct bulla_error *err)
{
    return bl_pck_extension_decode(bulla_buffer_bytes(der), extension, err);
}

static void
test_extensions(void **state)
{
    BL_AUTO(bulla_buffer) der = { 0 };
    struct bl_pck_extension extension;
    struct bulla_error err = { 0 };

    (void)state;
    paper_extension(&der, paper_sgx_svns, 0, 0);
    assert_ok(decode_extension(&der, &extension, &err), &err);
    assert_memory_equal(extension.ppid, PAPER_PPID, 16);
    assert_memory_equal(extension.component_svns, paper_sgx_svns, 16);
    assert_memory_equal(extension.cpu_svn, paper_sgx_svns, 16);
    assert_memory_equal(extension.fmspc, PAPER_FMSPC, 6);
    assert_int_equal(extension.pce_svn, 11);
    assert_int_equal(extension.sgx_type, 1);
    assert_true(extension.has_instance_id);
    assert_memory_equal(extension.instance_id, "0123456789abcdef", 16);
    for (size_t size = 0; size < der.size; size++) {
        struct bulla_bytes cut = { der.data, size };
        assert_fails(bl_pck_extension_decode(cut, &extension, &err), BULLA_E_MALFORMED, &err);
    }
    paper_le(&der, 0, 1);
    assert_fails(decode_extension(&der, &extension, &err), BULLA_E_MALFORMED, &err);
}

static void
test_members_of_extensions(void **state)
{
    struct bl_pck_extension extension;
    struct bulla_error err = { 0 };

    (void)state;
    for (unsigned member = 1; member <= 6; member++) {
        BL_AUTO(bulla_buffer) without = { 0 };
        BL_AUTO(bulla_buffer) twice = { 0 };
        paper_extension(&without, paper_sgx_svns, member, 0);
        paper_extension(&twice, paper_sgx_svns, 0, member);
        if (member == 6) {
            bulla_error_clear(&err);
            assert_ok(decode_extension(&without, &extension, &err), &err);
            assert_false(extension.has_instance_id);
        } else {
            assert_fails(decode_extension(&without, &extension, &err), BULLA_E_MALFORMED, &err);
        }
        assert_fails(decode_extension(&twice, &extension, &err), BULLA_E_MALFORMED, &err);
    }
}

/* Each byte of the tags, lengths and names matters: a changed one is refused, or is a value. */
static void
test_a_component_that_is_missing(void **state)
{
    BL_AUTO(bulla_buffer) der = { 0 };
    struct bl_pck_extension extension;
    struct bulla_error err = { 0 };
    size_t seen = 0;

    (void)state;
    paper_extension(&der, paper_sgx_svns, 0, 0);
    for (size_t i = 0; i + 12 < der.size; i++) {
        /* OID of a component: 2a 86 48 86 f8 4d 01 0d 01 02 NN */
        static const uint8_t prefix[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 2 };
        if (memcmp(der.data + i, prefix, sizeof prefix) != 0 || der.data[i - 1] != 11)
            continue;
        uint8_t was = der.data[i + 10];
        der.data[i + 10] = was == 1 ? 2 : 1; /* now one is there twice, and one is not */
        assert_fails(decode_extension(&der, &extension, &err), BULLA_E_MALFORMED, &err);
        der.data[i + 10] = 19;
        assert_fails(decode_extension(&der, &extension, &err), BULLA_E_MALFORMED, &err);
        der.data[i + 10] = was;
        seen++;
    }
    assert_int_equal(seen, 18);
}

static void
test_a_list_without_components(void **state)
{
    BL_AUTO(bulla_buffer) der = { 0 };
    struct bl_writer w = bl_writer(&der);
    struct bl_pck_extension extension;
    struct bulla_error err = { 0 };
    size_t all = bl_der_open(&w, BL_DER_SEQUENCE);

    (void)state;
    paper_member(&w, 1, 0, BL_DER_OCTET_STRING, BL_LITERAL("0123456789abcdef"));
    size_t item = bl_der_open(&w, BL_DER_SEQUENCE);
    paper_oid(&w, 2, 0);
    size_t list = bl_der_open(&w, BL_DER_SEQUENCE);
    paper_member(&w, 2, 1, BL_DER_INTEGER, BL_LITERAL("\x07")); /* the only one */
    bl_der_close(&w, list);
    bl_der_close(&w, item);
    paper_member(&w, 3, 0, BL_DER_OCTET_STRING, BL_LITERAL("\0\0"));
    paper_member(&w, 4, 0, BL_DER_OCTET_STRING, BL_LITERAL(PAPER_FMSPC));
    paper_member(&w, 5, 0, 0x0a, BL_LITERAL("\x01"));
    bl_der_close(&w, all);
    assert_fails(decode_extension(&der, &extension, &err), BULLA_E_MALFORMED, &err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_are_where_they_belong),
        cmocka_unit_test(test_what_a_header_may_say),
        cmocka_unit_test(test_a_body_of_another_tee),
        cmocka_unit_test(test_every_size_is_held),
        cmocka_unit_test(test_enclave_reports),
        cmocka_unit_test(test_td_reports),
        cmocka_unit_test(test_extensions),
        cmocka_unit_test(test_members_of_extensions),
        cmocka_unit_test(test_a_component_that_is_missing),
        cmocka_unit_test(test_a_list_without_components),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
