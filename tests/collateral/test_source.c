/* SPDX-License-Identifier: Apache-2.0 */
/* Where collateral is asked for, to the letter, and what is taken of the answers. */
#include "collateral/intel.h"

#include "codec/hex.h"
#include "collateral/source.h"

#define CHIP64                                                         \
    "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20" \
    "2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f40"

/* -- places -------------------------------------------------------------------------------------- */

static void
is_at(const struct bl_sources *sources, const char *name, const char *url, const char *query)
{
    const struct bl_collateral_name wanted = named(name);
    BL_AUTO(bl_source_place) place = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_source_find(sources, &wanted, &place, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&place.url), text_bytes(url));
    assert_bytes_equal(bulla_buffer_bytes(&place.query), text_bytes(query));
}

static void
test_of_the_vendors(void **state)
{
    const struct bl_sources own = { 0 };

    (void)state;
    is_at(&own, "intel/sgx/tcb-info/00906ed50000",
          "https://api.trustedservices.intel.com/sgx/certification/v4/tcb",
          "fmspc=00906ed50000&update=standard");
    is_at(&own, "intel/tdx/tcb-info/00806f050000",
          "https://api.trustedservices.intel.com/tdx/certification/v4/tcb",
          "fmspc=00806f050000&update=standard");
    is_at(&own, "intel/sgx/qe-identity",
          "https://api.trustedservices.intel.com/sgx/certification/v4/qe/identity",
          "update=standard");
    is_at(&own, "intel/tdx/qe-identity",
          "https://api.trustedservices.intel.com/tdx/certification/v4/qe/identity",
          "update=standard");
    is_at(&own, "intel/pck-crl/platform",
          "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl",
          "ca=platform&encoding=der");
    is_at(&own, "intel/pck-crl/processor",
          "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl",
          "ca=processor&encoding=der");
    is_at(&own, "intel/root-crl",
          "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der", "");
    is_at(&own, "amd/milan/vcek-chain", "https://kdsintf.amd.com/vcek/v1/Milan/cert_chain", "");
    is_at(&own, "amd/genoa/vlek-chain", "https://kdsintf.amd.com/vlek/v1/Genoa/cert_chain", "");
    is_at(&own, "amd/turin/vcek-crl", "https://kdsintf.amd.com/vcek/v1/Turin/crl", "");
    is_at(&own, "amd/genoa/vcek/" CHIP64 "/0a00000000001954",
          "https://kdsintf.amd.com/vcek/v1/Genoa/" CHIP64,
          "blSPL=10&teeSPL=0&snpSPL=25&ucodeSPL=84");
    is_at(&own, "amd/turin/vcek/59790fb1c39f35c1/0102030400000051",
          "https://kdsintf.amd.com/vcek/v1/Turin/59790fb1c39f35c1",
          "fmcSPL=1&blSPL=2&teeSPL=3&snpSPL=4&ucodeSPL=81");
}

static void
test_of_others(void **state)
{
    const struct bl_sources pccs = { .intel = "https://pccs:8081/sgx/certification/v4/",
                                     .amd = "https://mirror.example.org/kds//",
                                     .update = BL_UPDATE_EARLY };
    const struct bl_sources numbered = { .evaluation = { true, 17 },
                                         .intel_root_crl = "http://localhost:8080/root.crl" };

    (void)state;
    is_at(&pccs, "intel/tdx/tcb-info/00806f050000", "https://pccs:8081/tdx/certification/v4/tcb",
          "fmspc=00806f050000&update=early");
    is_at(&pccs, "intel/root-crl", "https://pccs:8081/sgx/certification/v4/rootcacrl", "");
    is_at(&pccs, "amd/milan/vcek-crl", "https://mirror.example.org/kds/vcek/v1/Milan/crl", "");
    is_at(&numbered, "intel/sgx/qe-identity",
          "https://api.trustedservices.intel.com/sgx/certification/v4/qe/identity",
          "tcbEvaluationDataNumber=17");
    is_at(&numbered, "intel/root-crl", "http://localhost:8080/root.crl", "");
}

static enum bulla_cause
check(const char *base)
{
    const struct bl_sources sources = { .intel = base };
    struct bulla_error err = { 0 };

    return bl_sources_check(&sources, &err) == BULLA_OK ? BULLA_CAUSE_NONE : err.cause;
}

/* B8 (peer flaws): collateral trust is signatures and TLS. */
static void
test_plain_http_only_here(void **state)
{
    (void)state;
    assert_int_equal(check("https://pccs.example.org:8081"), BULLA_CAUSE_NONE);
    assert_int_equal(check("http://127.0.0.1:8081"), BULLA_CAUSE_NONE);
    assert_int_equal(check("http://[::1]:8081"), BULLA_CAUSE_NONE);
    assert_int_equal(check("http://localhost"), BULLA_CAUSE_NONE);
    assert_int_equal(check("http://pccs.example.org"), BULLA_CAUSE_USAGE);
    assert_int_equal(check("http://localhost.example.org"), BULLA_CAUSE_USAGE);
    assert_int_equal(check("http://127.0.0.1.example.org"), BULLA_CAUSE_USAGE);
    assert_int_equal(check("ftp://localhost"), BULLA_CAUSE_USAGE);
    assert_int_equal(check("https://a@b"), BULLA_CAUSE_USAGE);
    assert_int_equal(check("https://pccs/?x="), BULLA_CAUSE_USAGE);
    assert_int_equal(check(""), BULLA_CAUSE_USAGE);
}

static enum bulla_cause
find_issuer(const char *url, const char *hosts)
{
    const struct bl_sources sources = { .hosts = text_bytes(hosts) };
    BL_AUTO(bl_source_place) place = { 0 };
    struct bl_collateral_name name;
    struct bulla_error err = { 0 };

    if (bl_collateral_name_of_url(BL_COLLATERAL_ISSUER, text_bytes(url), &name, &err) != BULLA_OK ||
        bl_source_find(&sources, &name, &place, &err) != BULLA_OK)
        return err.cause;
    assert_bytes_equal(bulla_buffer_bytes(&place.url), text_bytes(url));
    return BULLA_CAUSE_NONE;
}

#define BUCKET "http://privateca-content-62d71773-0000-21da-852e-f4f5e80d7778"

/* What a certificate names counts on listed hosts only, compared whole (B73, peer flaws). */
static void
test_hosts_of_issuers(void **state)
{
    (void)state;
    assert_int_equal(find_issuer("https://pki.goog/cloud_integrity/x.crt", ""), BULLA_CAUSE_NONE);
    assert_int_equal(find_issuer(BUCKET ".storage.googleapis.com/0/ca.crt", ""), BULLA_CAUSE_NONE);
    assert_int_equal(find_issuer("http://pki.example.org/ca.crt", "pki.example.org:80"),
                     BULLA_CAUSE_NONE);
    assert_int_equal(find_issuer("http://pki.example.org/ca.crt", ""), BULLA_CAUSE_DENIED);
    assert_int_equal(find_issuer("http://pki.example.org:81/ca.crt", "pki.example.org:80"),
                     BULLA_CAUSE_DENIED);
    assert_int_equal(find_issuer("http://evil.pki.goog/ca.crt", ""), BULLA_CAUSE_DENIED);
    assert_int_equal(find_issuer("http://pki.goog.example.org/ca.crt", ""), BULLA_CAUSE_DENIED);
    assert_int_equal(find_issuer("http://127.0.0.1/ca.crt", ""), BULLA_CAUSE_DENIED);
    assert_int_equal(find_issuer("http://169.254.169.254/latest", ""), BULLA_CAUSE_DENIED);
    assert_int_equal(find_issuer(BUCKET ".storage.googleapis.com.example.org/ca.crt", ""),
                     BULLA_CAUSE_DENIED);
    assert_int_equal(find_issuer(BUCKET "x.storage.googleapis.com/ca.crt", ""), BULLA_CAUSE_DENIED);
    assert_int_equal(find_issuer("http://privateca-content-x.storage.googleapis.com/ca.crt", ""),
                     BULLA_CAUSE_DENIED);
}

/* -- answers ------------------------------------------------------------------------------------- */

/* As a header carries it. */
static void
write_percent(struct bulla_bytes text, struct bulla_buffer *out)
{
    for (size_t i = 0; i < text.size; i++) {
        char coded[4];
        bool is_word = text.data[i] >= '0' && text.data[i] <= 'z' && text.data[i] != '%';
        (void)snprintf(coded, sizeof coded, is_word ? "%c" : "%%%02X", text.data[i]);
        paper_put(out, text_bytes(coded));
    }
}

static enum bulla_cause
take(const char *name, struct bulla_bytes body, struct bulla_bytes header,
     const struct bl_collateral_set *set, struct bl_collateral **piece_out)
{
    struct bl_collateral *piece = bl_alloc(1, sizeof *piece);
    struct bulla_error err = { 0 };

    assert_non_null(piece);
    piece->name = named(name);
    enum bulla_status status = bl_source_take(piece, body, header, set, &err);
    if (piece_out != NULL && status == BULLA_OK)
        *piece_out = piece;
    else
        bl_collateral_free(piece);
    return status == BULLA_OK ? BULLA_CAUSE_NONE : err.cause;
}

static void
test_the_chain_in_a_header(void **state)
{
    struct paper *p = paper_make(PAPER_SGX);
    struct bl_collateral_set *nothing = bl_collateral_set_new();
    struct bl_collateral *piece = NULL;
    BL_AUTO(bulla_buffer) header = { 0 };

    (void)state;
    paper_build(p);
    write_percent(p->parts[3].bytes, &header);
    paper_put(&header, (struct bulla_bytes){ (const uint8_t *)"", 1 }); /* as a C string */
    header.size--;
    assert_int_equal(
        take(PAPER_TCB_INFO(p), BL_LITERAL("body"), bulla_buffer_bytes(&header), nothing, &piece),
        BULLA_CAUSE_NONE);
    assert_bytes_equal(bulla_buffer_bytes(&piece->issuers), p->parts[3].bytes);
    assert_bytes_equal(bulla_buffer_bytes(&piece->body), BL_LITERAL("body"));
    bl_collateral_free(piece);
    for (size_t size = 0; size < header.size; size++) {
        /* Cut between the two, the first is left alone: half a chain is for the verification. */
        piece = NULL;
        (void)take(PAPER_TCB_INFO(p), BL_LITERAL("body"), (struct bulla_bytes){ header.data, size },
                   nothing, &piece);
        assert_true(piece == NULL || piece->issuers.size == p->parts[3].bytes.size ||
                    size < 2 * header.size / 3);
        bl_collateral_free(piece);
    }
    static const char *const wrong[] = { "%", "%4", "%4g", "%%41", "plain text", "%00" };
    for (size_t i = 0; i < BL_COUNT_OF(wrong); i++)
        assert_int_equal(
            take(PAPER_TCB_INFO(p), BL_LITERAL("body"), text_bytes(wrong[i]), nothing, NULL),
            BULLA_CAUSE_MALFORMED);
    /* Half a digit, where it would come out as the character that belongs there. */
    char *slash = strstr((char *)header.data, "%2F");
    assert_non_null(slash);
    memcpy(slash, "%3g", 3);
    assert_int_equal(
        take(PAPER_TCB_INFO(p), BL_LITERAL("body"), bulla_buffer_bytes(&header), nothing, NULL),
        BULLA_CAUSE_MALFORMED);
    bl_collateral_set_free(nothing);
    paper_free(p);
}

/* DER of Intel, hexadecimal digits of a PCCS, PEM of others: one list. */
static void
test_lists_in_three_forms(void **state)
{
    struct paper *p = paper_make(PAPER_SGX);
    struct bl_collateral_set *set = NULL;
    BL_AUTO(bulla_buffer) hex = { 0 };
    BL_AUTO(bulla_buffer) pem = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    paper_build(p);
    set = intel_set(p);
    const struct bulla_bytes der = p->parts[0].bytes;
    assert_ok(bl_hex_encode(der, &hex, &err), &err);
    paper_put(&hex, BL_LITERAL("\r\n"));
    assert_ok(bl_pem_encode(der, "X509 CRL", &pem, &err), &err);
    const struct bulla_bytes forms[] = { der, bulla_buffer_bytes(&hex), bulla_buffer_bytes(&pem) };
    for (size_t i = 0; i < BL_COUNT_OF(forms); i++) {
        struct bl_collateral *piece = NULL;
        assert_int_equal(take(PAPER_ROOT_CRL, forms[i], BL_LITERAL(""), set, &piece),
                         BULLA_CAUSE_NONE);
        assert_bytes_equal(bulla_buffer_bytes(&piece->body), der);
        assert_bytes_equal(bulla_buffer_bytes(&piece->issuers),
                           bulla_buffer_bytes(&piece_named(set, PAPER_ROOT_CRL)->issuers));
        bl_collateral_free(piece);
    }
    assert_int_equal(take(PAPER_ROOT_CRL, BL_LITERAL("<html>"), BL_LITERAL(""), set, NULL),
                     BULLA_CAUSE_MALFORMED);
    bl_collateral_set_free(set);
    paper_free(p);
}

static void
test_the_root_has_to_come_with_another(void **state)
{
    struct paper *p = paper_make(PAPER_SGX);
    struct bl_collateral_set *nothing = bl_collateral_set_new();

    (void)state;
    paper_build(p);
    assert_int_equal(take(PAPER_ROOT_CRL, p->parts[0].bytes, BL_LITERAL(""), nothing, NULL),
                     BULLA_CAUSE_UNTRUSTED);
    bl_collateral_set_free(nothing);
    paper_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of_the_vendors),
        cmocka_unit_test(test_of_others),
        cmocka_unit_test(test_plain_http_only_here),
        cmocka_unit_test(test_hosts_of_issuers),
        cmocka_unit_test(test_the_chain_in_a_header),
        cmocka_unit_test(test_lists_in_three_forms),
        cmocka_unit_test(test_the_root_has_to_come_with_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
