/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_dcap.h: Intel on paper: a root like Intel's, a platform with its PCK, a quoting
 * enclave, collateral; all with keys of ours, so that every rule can be broken alone.
 *
 * paper_make() is honest; a test changes what it wants, paper_build() signs it, and what is changed
 * after that was changed by somebody without the keys.
 */
#ifndef TESTS_TEE_PAPER_DCAP_H
#define TESTS_TEE_PAPER_DCAP_H

#include "crypto/authority_fixture.h"

#include <openssl/core_names.h>

#include "codec/der.h"
#include "codec/hex.h"
#include "codec/pem.h"
#include "tee/dcap/pck_extension.h"
#include "tee/dcap/tcb.h"
#include "tee/scheme.h"

#define PAPER_TEXT_SIZE 8192
#define PAPER_PART_COUNT 8

enum paper_kind { PAPER_SGX, PAPER_TD10, PAPER_TD15 };

/* A platform at these SVNs reaches the first of the levels below. */
static const uint8_t paper_sgx_svns[16] = { 7, 7, 2, 2, 3, 1, 0, 3 };
static const uint8_t paper_tdx_svns[16] = { 5, 1, 7 };

struct paper {
    enum paper_kind kind;
    struct party root, authority, leaf, signer;
    struct party chain_root; /* given with the PCK; the root, unless a test wants another */
    struct bl_key *attestation_key, *other_key, *pck_key;

    uint16_t version, key_type;
    uint32_t tee_type, body_size;
    uint16_t body_type;
    uint8_t body[BL_TD_REPORT_15_SIZE];
    uint8_t qe_report[BL_ENCLAVE_REPORT_SIZE];
    bool keeps_report_data;  /* of the QE report */
    bool is_signed_by_other; /* the quote */
    bool is_qe_signed_by_other;
    uint16_t outer_type, certification_type;
    const char *order; /* of the chain: "lar": leaf, authority, root */
    size_t padding;
    uint8_t padding_byte;

    char tcb_info[PAPER_TEXT_SIZE]; /* inner objects */
    char qe_identity[PAPER_TEXT_SIZE];
    const struct party *tcb_signer; /* NULL: the TCB signer */
    struct listing root_listing, pck_listing;
    const struct party *pck_list_issuer, *root_list_issuer;

    struct bulla_buffer quote;
    struct bulla_buffer parts_owned[PAPER_PART_COUNT];
    struct bl_part parts[PAPER_PART_COUNT];
    struct bl_part inputs[2];
    struct bl_anchor anchor;
    uint8_t root_digest[32];
    struct bl_verification v;
};

/* -- texts --------------------------------------------------------------------------------------- */

/* Put `to` where `from` is, once. */
static inline void
paper_swap(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    char rest[PAPER_TEXT_SIZE];

    assert_non_null(at);
    strcpy(rest, at + strlen(from));
    assert_true(strlen(text) - strlen(from) + strlen(to) < PAPER_TEXT_SIZE);
    strcpy(at, to);
    strcat(at, rest);
}

static inline void
paper_components(char *text, const char *name, const uint8_t svns[16])
{
    sprintf(text + strlen(text), "\"%s\":[", name);
    for (size_t i = 0; i < 16; i++)
        sprintf(text + strlen(text), "%s{\"svn\":%u}", i == 0 ? "" : ",", svns[i]);
    strcat(text, "]");
}

static inline void
paper_level(char *text, const uint8_t sgx[16], unsigned pce_svn, const uint8_t *tdx,
            const char *status, const char *advisories)
{
    strcat(text, "{\"tcb\":{");
    paper_components(text, "sgxtcbcomponents", sgx);
    sprintf(text + strlen(text), ",\"pcesvn\":%u", pce_svn);
    if (tdx != NULL) {
        strcat(text, ",");
        paper_components(text, "tdxtcbcomponents", tdx);
    }
    sprintf(text + strlen(text), "},\"tcbDate\":\"2026-03-13T00:00:00Z\",\"tcbStatus\":\"%s\"%s}",
            status, advisories);
}

#define PAPER_DATES                                                                   \
    "\"issueDate\":\"2027-01-01T00:00:00Z\",\"nextUpdate\":\"2027-01-31T00:00:00Z\"," \
    "\"tcbEvaluationDataNumber\":17,"
#define PAPER_ZERO48                                                                               \
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "0000"
#define PAPER_MODULE                                                         \
    "\"mrsigner\":\"" PAPER_ZERO48 "\",\"attributes\":\"0000000000000000\"," \
    "\"attributesMask\":\"FFFFFFFFFFFFFFFF\""

static inline void
paper_write_tcb_info(struct paper *p)
{
    static const uint8_t low_sgx[16] = { 5, 5, 2, 2, 3, 1, 0, 3 }, low_tdx[16] = { 3, 0, 5 };
    bool is_tdx = p->kind != PAPER_SGX;
    char *text = p->tcb_info;

    sprintf(text,
            "{\"id\":\"%s\",\"version\":3," PAPER_DATES
            "\"fmspc\":\"00806f050000\",\"pceId\":\"0000\",\"tcbType\":0,",
            is_tdx ? "TDX" : "SGX");
    if (is_tdx)
        strcat(text, "\"tdxModule\":{" PAPER_MODULE "},\"tdxModuleIdentities\":["
                     "{\"id\":\"TDX_03\"," PAPER_MODULE ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":3},"
                     "\"tcbDate\":\"2026-03-13T00:00:00Z\",\"tcbStatus\":\"UpToDate\"}]},"
                     "{\"id\":\"TDX_01\"," PAPER_MODULE ",\"tcbLevels\":["
                     "{\"tcb\":{\"isvsvn\":5},\"tcbDate\":\"2026-03-13T00:00:00Z\","
                     "\"tcbStatus\":\"UpToDate\",\"advisoryIDs\":[\"INTEL-SA-00001\"]},"
                     "{\"tcb\":{\"isvsvn\":2},\"tcbDate\":\"2025-03-13T00:00:00Z\","
                     "\"tcbStatus\":\"OutOfDate\",\"advisoryIDs\":[\"INTEL-SA-00002\"]}]}],");
    strcat(text, "\"tcbLevels\":[");
    paper_level(text, paper_sgx_svns, 11, is_tdx ? paper_tdx_svns : NULL, "UpToDate",
                ",\"advisoryIDs\":[\"INTEL-SA-00615\"]");
    strcat(text, ",");
    paper_level(text, low_sgx, 5, is_tdx ? low_tdx : NULL, "OutOfDate",
                ",\"advisoryIDs\":[\"INTEL-SA-00837\"]");
    strcat(text, "]}");
}

#define PAPER_SGX_SIGNER "8c4f5775d796503e96137f77c68a829a0056ac8ded70140b081b094490c57bff"
#define PAPER_TD_SIGNER "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5"

static inline void
paper_write_qe_identity(struct paper *p)
{
    bool is_td = p->kind != PAPER_SGX;

    sprintf(p->qe_identity,
            "{\"id\":\"%s\",\"version\":2," PAPER_DATES
            "\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\","
            "\"attributes\":\"11000000000000000000000000000000\","
            "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"%s\","
            "\"isvprodid\":%d,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":8},\"tcbDate\":"
            "\"2026-03-13T00:00:00Z\",\"tcbStatus\":\"UpToDate\"},{\"tcb\":{\"isvsvn\":4},"
            "\"tcbDate\":\"2025-03-13T00:00:00Z\",\"tcbStatus\":\"OutOfDate\",\"advisoryIDs\":"
            "[\"INTEL-SA-00003\"]}]}",
            is_td ? "TD_QE" : "QE", is_td ? PAPER_TD_SIGNER : PAPER_SGX_SIGNER, is_td ? 2 : 1);
}

/* -- certificates -------------------------------------------------------------------------------- */

static inline void
paper_oid(struct bl_writer *w, unsigned member, unsigned sub)
{
    uint8_t oid[11] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, (uint8_t)member };
    size_t size = sub == 0 ? 10 : 11;

    oid[10] = (uint8_t)sub;
    bl_der_write(w, BL_DER_OID, (struct bulla_bytes){ oid, size });
}

static inline void
paper_member(struct bl_writer *w, unsigned member, unsigned sub, uint8_t tag,
             struct bulla_bytes value)
{
    size_t mark = bl_der_open(w, BL_DER_SEQUENCE);

    paper_oid(w, member, sub);
    if (tag == BL_DER_INTEGER)
        bl_der_write_unsigned(w, value);
    else
        bl_der_write(w, tag, value);
    bl_der_close(w, mark);
}

#define PAPER_FMSPC "\x00\x80\x6f\x05\x00\x00"
#define PAPER_PPID "the platform's id"

/* The SGX extension; `without` and `twice`: members of the outermost list. */
static inline void
paper_extension(struct bulla_buffer *der, const uint8_t svns[16], unsigned without, unsigned twice)
{
    struct bl_writer w = bl_writer(der);
    struct bulla_error err = { 0 };
    size_t all = bl_der_open(&w, BL_DER_SEQUENCE);

    for (unsigned member = 1; member <= 6; member++) {
        for (unsigned times = member == without ? 0 : member == twice ? 2 : 1; times > 0; times--) {
            if (member == 2) {
                size_t item = bl_der_open(&w, BL_DER_SEQUENCE);
                paper_oid(&w, 2, 0);
                size_t list = bl_der_open(&w, BL_DER_SEQUENCE);
                for (unsigned i = 0; i < 16; i++)
                    paper_member(&w, 2, i + 1, BL_DER_INTEGER, (struct bulla_bytes){ &svns[i], 1 });
                paper_member(&w, 2, 17, BL_DER_INTEGER, BL_LITERAL("\x0b"));
                paper_member(&w, 2, 18, BL_DER_OCTET_STRING, (struct bulla_bytes){ svns, 16 });
                bl_der_close(&w, list);
                bl_der_close(&w, item);
            } else {
                paper_member(&w, member, 0, member == 5 ? 0x0a : BL_DER_OCTET_STRING,
                             member == 1   ? (struct bulla_bytes){ (const uint8_t *)PAPER_PPID, 16 }
                             : member == 3 ? BL_LITERAL("\0\0")
                             : member == 4 ? BL_LITERAL(PAPER_FMSPC)
                             : member == 5 ? BL_LITERAL("\x01")
                                           : BL_LITERAL("0123456789abcdef"));
            }
        }
    }
    bl_der_close(&w, all);
    assert_ok(w.status, &err);
}

#define PAPER_PCK "Intel SGX PCK Certificate"
#define PAPER_LEAF .constraints = "critical,CA:FALSE", .key_usage = "critical,digitalSignature"

static inline struct party
paper_leaf(const struct party *authority, const char *name, const uint8_t svns[16])
{
    BL_AUTO(bulla_buffer) extension = { 0 };

    paper_extension(&extension, svns, 0, 0);
    return certify(make_key(WITH_P256), WITH_P256,
                   (struct saying){ .name = name,
                                    .serial = "77",
                                    PAPER_LEAF,
                                    .extension_oid = "1.2.840.113741.1.13.1",
                                    .extension_value = bulla_buffer_bytes(&extension) },
                   authority);
}

static inline struct bl_key *
paper_key_of(EVP_PKEY *pkey)
{
    struct bulla_error err = { 0 };
    struct bl_key *key = NULL;
    BIGNUM *number = NULL;
    uint8_t raw[32];

    assert_int_equal(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
    assert_int_equal(BN_bn2binpad(number, raw, sizeof raw), sizeof raw);
    BN_free(number);
    assert_ok(bl_key_from_raw_private(BL_KEY_P256, BL_BYTES_OF(raw), &key, &err), &err);
    return key;
}

static inline void
paper_put_leaf(struct paper *p, struct party leaf)
{
    party_done(&p->leaf);
    bl_key_free(p->pck_key);
    p->leaf = leaf;
    p->pck_key = paper_key_of(leaf.key);
}

static inline void
paper_certify(struct paper *p)
{
    p->root = certify(
        make_key(WITH_P256), WITH_P256,
        (struct saying){ .name = "Intel SGX Root CA", .constraints = "critical,CA:TRUE,pathlen:1" },
        NULL);
    p->authority = certify(make_key(WITH_P256), WITH_P256,
                           (struct saying){ .name = "Intel SGX PCK Platform CA",
                                            .serial = "55",
                                            .constraints = "critical,CA:TRUE,pathlen:0" },
                           &p->root);
    p->signer = certify(
        make_key(WITH_P256), WITH_P256,
        (struct saying){ .name = "Intel SGX TCB Signing", .serial = "66", PAPER_LEAF }, &p->root);
    paper_put_leaf(p, paper_leaf(&p->authority, PAPER_PCK, paper_sgx_svns));
    p->chain_root = p->root;
}

/* -- an honest platform -------------------------------------------------------------------------- */

static inline void
paper_hex(const char *digits, uint8_t *out, size_t size)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_hex_decode_exact(text_bytes(digits), out, size, &err), &err);
}

static inline void
paper_fill(struct paper *p)
{
    bool is_sgx = p->kind == PAPER_SGX;

    memset(p->body + (is_sgx ? 64 : 136), 0xc0, is_sgx ? 32 : 48); /* MRENCLAVE or MRTD */
    memset(p->body + (is_sgx ? 320 : 520), 0xda, 64);              /* report data */
    if (is_sgx) {
        p->body[48] = 0x05;              /* ATTRIBUTES: INIT, 64 bits */
        memset(p->body + 128, 0x51, 32); /* MRSIGNER */
        p->body[256] = 7;                /* ISVPRODID */
        p->body[258] = 3;                /* ISVSVN */
    } else {
        memcpy(p->body, paper_tdx_svns, 16);
        if (p->kind == PAPER_TD15)
            memcpy(p->body + 584, paper_tdx_svns, 16);
    }
    p->qe_report[48] = 0x15; /* INIT, 64 bits, PROVISION_KEY */
    paper_hex(is_sgx ? PAPER_SGX_SIGNER : PAPER_TD_SIGNER, p->qe_report + 128, 32);
    p->qe_report[256] = is_sgx ? 1 : 2;
    p->qe_report[258] = 8;
}

static inline struct paper *
paper_make(enum paper_kind kind)
{
    struct paper *p = calloc(1, sizeof *p);
    struct bulla_error err = { 0 };

    p->kind = kind;
    p->version = kind == PAPER_SGX ? 3 : kind == PAPER_TD10 ? 4 : 5;
    p->key_type = 2;
    p->tee_type = kind == PAPER_SGX ? 0 : 0x81;
    p->body_type = kind == PAPER_SGX ? 1 : kind == PAPER_TD10 ? 2 : 3;
    p->body_size = kind == PAPER_SGX ? 384 : kind == PAPER_TD10 ? 584 : 648;
    p->outer_type = 6;
    p->certification_type = 5;
    p->order = "lar";
    paper_certify(p);
    assert_ok(bl_key_generate(BL_KEY_P256, &p->attestation_key, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_P256, &p->other_key, &err), &err);
    paper_fill(p);
    paper_write_tcb_info(p);
    paper_write_qe_identity(p);
    p->v = (struct bl_verification){ .now_s = NOW_S };
    return p;
}

static inline void
paper_unbuild(struct paper *p)
{
    bulla_buffer_done(&p->quote);
    for (size_t i = 0; i < PAPER_PART_COUNT; i++)
        bulla_buffer_done(&p->parts_owned[i]);
}

static inline void
paper_free(struct paper *p)
{
    paper_unbuild(p);
    party_done(&p->root);
    party_done(&p->authority);
    party_done(&p->leaf);
    party_done(&p->signer);
    bl_key_free(p->attestation_key);
    bl_key_free(p->other_key);
    bl_key_free(p->pck_key);
    free(p);
}

/* -- the quote ----------------------------------------------------------------------------------- */

static inline void
paper_le(struct bulla_buffer *out, uint64_t value, size_t size)
{
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < size; i++) {
        uint8_t byte = i < 8 ? (uint8_t)(value >> (8 * i)) : 0;
        assert_ok(bulla_buffer_append(out, (struct bulla_bytes){ &byte, 1 }, &err), &err);
    }
}

static inline void
paper_put(struct bulla_buffer *out, struct bulla_bytes bytes)
{
    struct bulla_error err = { 0 };

    assert_ok(bulla_buffer_append(out, bytes, &err), &err);
}

static inline void
paper_sign(const struct bl_key *key, struct bulla_bytes bytes, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_key_sign(key, &bytes, 1, out, &err), &err);
}

static inline void
paper_pem(const struct bl_certificate *certificate, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_pem_encode(bl_certificate_der(certificate), "CERTIFICATE", out, &err), &err);
}

static inline void
paper_chain(const struct paper *p, struct bulla_buffer *out)
{
    for (const char *c = p->order; *c != '\0'; c++)
        paper_pem(*c == 'l'   ? p->leaf.certificate
                  : *c == 'a' ? p->authority.certificate
                              : p->chain_root.certificate,
                  out);
    paper_put(out, (struct bulla_bytes){ (const uint8_t *)"", 1 }); /* as a C string */
}

/* QE report to certification data. */
static inline void
paper_write_certification(struct paper *p, struct bulla_bytes key, struct bulla_buffer *out)
{
    static const char auth_data[] = "0123456789abcdefghijklmnopqrstu";
    const struct bulla_bytes vouched[] = { key, text_bytes(auth_data) };
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) chain = { 0 };

    if (!p->keeps_report_data)
        assert_ok(bl_hash_parts(BL_SHA256, vouched, 2, p->qe_report + 320, &err), &err);
    paper_put(out, BL_BYTES_OF(p->qe_report));
    paper_sign(p->is_qe_signed_by_other ? p->other_key : p->pck_key, BL_BYTES_OF(p->qe_report),
               out);
    paper_le(out, strlen(auth_data), 2);
    paper_put(out, text_bytes(auth_data));
    if (p->certification_type == 5)
        paper_chain(p, &chain);
    else
        paper_put(&chain, BL_LITERAL("encrypted PPID, SVNs and PCE id"));
    paper_le(out, p->certification_type, 2);
    paper_le(out, chain.size, 4);
    paper_put(out, bulla_buffer_bytes(&chain));
}

static inline void
paper_write_quote(struct paper *p)
{
    static const uint8_t vendor[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                        0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };
    BL_AUTO(bulla_buffer) point = { 0 };
    BL_AUTO(bulla_buffer) auth = { 0 };
    BL_AUTO(bulla_buffer) inner = { 0 };
    struct bulla_error err = { 0 };
    struct bulla_buffer *out = &p->quote;

    paper_le(out, p->version, 2);
    paper_le(out, p->key_type, 2);
    paper_le(out, p->tee_type, 4);
    paper_le(out, 0, 4);
    paper_put(out, BL_BYTES_OF(vendor));
    paper_le(out, 0, 20);
    if (p->version >= 5) {
        paper_le(out, p->body_type, 2);
        paper_le(out, p->body_size, 4);
    }
    paper_put(out, (struct bulla_bytes){ p->body, p->body_size });
    paper_sign(p->is_signed_by_other ? p->other_key : p->attestation_key, bulla_buffer_bytes(out),
               &auth);
    assert_ok(bl_key_raw_public(p->attestation_key, &point, &err), &err);
    struct bulla_bytes key = { point.data + 1, 64 };
    paper_put(&auth, key);
    paper_write_certification(p, key, &inner);
    if (p->version > 3) {
        paper_le(&auth, p->outer_type, 2);
        paper_le(&auth, inner.size, 4);
    }
    paper_put(&auth, bulla_buffer_bytes(&inner));
    paper_le(out, auth.size, 4);
    paper_put(out, bulla_buffer_bytes(&auth));
    for (size_t i = 0; i < p->padding; i++)
        paper_le(out, p->padding_byte, 1);
}

/* -- the collateral ------------------------------------------------------------------------------ */

static inline void
paper_write_body(const struct paper *p, const char *name, const char *object,
                 struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) signature = { 0 };
    BL_AUTO(bulla_buffer) digits = { 0 };
    struct bulla_error err = { 0 };
    const struct party *by = p->tcb_signer != NULL ? p->tcb_signer : &p->signer;
    struct bl_key *key = paper_key_of(by->key);

    paper_sign(key, text_bytes(object), &signature);
    assert_ok(bl_hex_encode(bulla_buffer_bytes(&signature), &digits, &err), &err);
    paper_put(out, text_bytes("{\""));
    paper_put(out, text_bytes(name));
    paper_put(out, text_bytes("\":"));
    paper_put(out, text_bytes(object));
    paper_put(out, text_bytes(",\"signature\":\""));
    paper_put(out, bulla_buffer_bytes(&digits));
    paper_put(out, text_bytes("\"}"));
    bl_key_free(key);
}

static inline void
paper_build(struct paper *p)
{
    static const char *const roles[] = { "root_ca_crl", "pck_crl",
                                         "tcb_info",    "tcb_info_issuer_chain",
                                         "qe_identity", "qe_identity_issuer_chain" };
    struct bulla_error err = { 0 };
    const struct party *by = p->tcb_signer != NULL ? p->tcb_signer : &p->signer;

    paper_unbuild(p);
    paper_write_quote(p);
    p->parts_owned[0] =
        list_der(&p->root, p->root_list_issuer ? p->root_list_issuer : &p->root, p->root_listing);
    p->parts_owned[1] =
        list_der(p->pck_list_issuer ? p->pck_list_issuer : &p->authority,
                 p->pck_list_issuer ? p->pck_list_issuer : &p->authority, p->pck_listing);
    paper_write_body(p, "tcbInfo", p->tcb_info, &p->parts_owned[2]);
    paper_write_body(p, "enclaveIdentity", p->qe_identity, &p->parts_owned[4]);
    for (size_t i = 3; i <= 5; i += 2) {
        paper_pem(by->certificate, &p->parts_owned[i]);
        paper_pem(p->root.certificate, &p->parts_owned[i]);
    }
    for (size_t i = 0; i < BL_COUNT_OF(roles); i++)
        p->parts[i] = (struct bl_part){ roles[i], bulla_buffer_bytes(&p->parts_owned[i]) };
    assert_ok(bl_certificate_spki_digest(p->root.certificate, p->root_digest, &err), &err);
    p->anchor = (struct bl_anchor){ .name = "paper",
                                    .kind = BL_ANCHOR_ROOT_KEY,
                                    .der = BL_BYTES_OF(p->root_digest),
                                    .platform_class = BL_CLASS_HARDWARE,
                                    .role = "intel" };
    p->v.evidence = bulla_buffer_bytes(&p->quote);
    p->v.parts = p->parts;
    p->v.part_count = BL_COUNT_OF(roles);
    p->v.inputs = p->inputs;
    p->v.anchors = &p->anchor;
    p->v.anchor_count = 1;
}

/* Leave one part out. */
static inline void
paper_drop(struct paper *p, const char *role)
{
    for (size_t i = 0; i < p->v.part_count; i++)
        if (strcmp(p->parts[i].role, role) == 0)
            p->parts[i].bytes = (struct bulla_bytes){ NULL, 0 };
}

/* Verify as it stands. */
static inline enum bulla_status
paper_verify(const struct paper *p, struct bl_claims *claims, struct bulla_error *err)
{
    return bl_scheme_find(p->kind == PAPER_SGX ? "sgx" : "tdx")->verify(&p->v, claims, err);
}

#endif
