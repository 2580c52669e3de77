/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_snp.h: an AMD on paper: root, intermediates and leaves of any generation, and
 * reports signed with their keys, so that a test can say every lie that a processor would not.
 * The RSA keys have 2048 bits instead of 4096, and are made once in a program.
 */
#ifndef TESTS_TEE_PAPER_SNP_H
#define TESTS_TEE_PAPER_SNP_H

#include "crypto/authority_fixture.h"
#include "tee/snp/chain.h"
#include "tee/snp/verify.h"

#define AMD_OID "1.3.6.1.4.1.3704.1."
#define REPORT_SIZE BL_SNP_REPORT_SIZE

/* -- keys, once -------------------------------------------------------------------------------- */

static EVP_PKEY *paper_ark_key, *paper_ask_key, *paper_other_key;
static struct bl_key *paper_signing_key, *paper_wrong_key;

static inline int
paper_keys_make(void **state)
{
    struct bulla_error err = { 0 };

    (void)state;
    paper_ark_key = make_key(WITH_PSS);
    paper_ask_key = make_key(WITH_PSS);
    paper_other_key = make_key(WITH_PSS);
    assert_ok(bl_key_generate(BL_KEY_P384, &paper_signing_key, &err), &err);
    assert_ok(bl_key_generate(BL_KEY_P384, &paper_wrong_key, &err), &err);
    return 0;
}

static inline int
paper_keys_done(void **state)
{
    (void)state;
    EVP_PKEY_free(paper_ark_key);
    EVP_PKEY_free(paper_ask_key);
    EVP_PKEY_free(paper_other_key);
    bl_key_free(paper_signing_key);
    bl_key_free(paper_wrong_key);
    return 0;
}

static inline struct party
paper_authority(EVP_PKEY *key, const char *name, struct saying says, const struct party *issuer)
{
    assert_int_equal(EVP_PKEY_up_ref(key), 1);
    says.name = name;
    return certify(key, WITH_PSS, says, issuer);
}

/* -- the leaf ---------------------------------------------------------------------------------- */

struct paper_leaf {
    const char *name;
    const char *product; /* "": the extension is not there */
    uint8_t struct_version;
    bool is_turin;
    uint8_t tcb[8]; /* in the order of the report */
    uint8_t hwid[66];
    size_t hwid_size; /* 0: none */
    const char *csp_id;
    const char *without; /* number of a TCB extension that is left out: "8" */
    const char *not_before, *not_after;
    const EVP_MD *digest; /* NULL: SHA-384 */
    bool is_pkcs1;
    bool is_of_wrong_key;
    struct bulla_bytes decoy; /* an extension nobody asked for, with this content */
};

static inline void
paper_extension(X509 *x509, const char *oid, struct bulla_bytes value)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();

    assert_int_equal(ASN1_OCTET_STRING_set(content, value.data, (int)value.size), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, content);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(content);
    ASN1_OBJECT_free(object);
}

static inline void
paper_number(X509 *x509, const char *oid, uint8_t number)
{
    const uint8_t small[] = { 0x02, 0x01, number }, large[] = { 0x02, 0x02, 0x00, number };

    paper_extension(x509, oid, number < 0x80 ? BL_BYTES_OF(small) : BL_BYTES_OF(large));
}

static inline void
paper_text(X509 *x509, const char *oid, const char *text)
{
    uint8_t bytes[64] = { 0x16, (uint8_t)strlen(text) };

    memcpy(bytes + 2, text, strlen(text));
    paper_extension(x509, oid, (struct bulla_bytes){ bytes, 2 + strlen(text) });
}

static inline void
paper_tcb(X509 *x509, const struct paper_leaf *leaf)
{
    static const char *const numbers[2][8] = { { "1", "2", "4", "5", "6", "7", "3", "8" },
                                               { "9", "1", "2", "3", "5", "6", "7", "8" } };

    for (size_t i = 0; i < 8; i++) {
        char oid[64];
        const char *number = numbers[leaf->is_turin][i];
        if (leaf->without != NULL && strcmp(leaf->without, number) == 0)
            continue;
        (void)snprintf(oid, sizeof oid, AMD_OID "3.%s", number);
        paper_number(x509, oid, leaf->tcb[i]);
    }
}

static inline void
paper_extensions(X509 *x509, const struct paper_leaf *leaf)
{
    if (leaf->struct_version != 0xff)
        paper_number(x509, AMD_OID "1", leaf->struct_version);
    if (leaf->product[0] != '\0')
        paper_text(x509, AMD_OID "2", leaf->product);
    paper_tcb(x509, leaf);
    if (leaf->decoy.size > 0)
        paper_extension(x509, AMD_OID "99", leaf->decoy);
    if (leaf->hwid_size > 0)
        paper_extension(x509, AMD_OID "4", (struct bulla_bytes){ leaf->hwid, leaf->hwid_size });
    if (leaf->csp_id != NULL)
        paper_text(x509, AMD_OID "5", leaf->csp_id);
}

static inline EVP_PKEY *
paper_native_key(const struct bl_key *key)
{
    BL_AUTO(bulla_buffer) spki = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_key_spki(key, &spki, &err), &err);
    const unsigned char *p = spki.data;
    EVP_PKEY *native_key = d2i_PUBKEY(NULL, &p, (long)spki.size);
    assert_non_null(native_key);
    return native_key;
}

static inline struct bl_certificate *
paper_leaf_certificate(const struct paper_leaf *leaf, const struct party *issuer)
{
    X509 *x509 = X509_new(), *above = native(issuer->certificate);
    EVP_PKEY *key = paper_native_key(leaf->is_of_wrong_key ? paper_wrong_key : paper_signing_key);

    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 0), 1);
    set_name(X509_get_subject_name(x509), leaf->name);
    assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(above)), 1);
    set_time(X509_getm_notBefore(x509), leaf->not_before ? leaf->not_before : "20260101000000Z");
    set_time(X509_getm_notAfter(x509), leaf->not_after ? leaf->not_after : "20280101000000Z");
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    paper_extensions(x509, leaf);
    EVP_MD_CTX *context = signing(issuer->key, leaf->is_pkcs1 ? WITH_RSA : WITH_PSS,
                                  leaf->digest != NULL ? leaf->digest : EVP_sha384());
    assert_true(X509_sign_ctx(x509, context) > 0);
    struct bl_certificate *certificate = parse_native(x509);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    X509_free(above);
    X509_free(x509);
    return certificate;
}

/* -- the report -------------------------------------------------------------------------------- */

static inline void
put_u32(uint8_t *at, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static inline void
put_u64(uint8_t *at, uint64_t value)
{
    put_u32(at, (uint32_t)value);
    put_u32(at + 4, (uint32_t)(value >> 32));
}

static inline void
paper_reverse(uint8_t *little_endian, const uint8_t *big_endian)
{
    for (size_t i = 0; i < 48; i++)
        little_endian[i] = big_endian[47 - i];
}

static inline void
paper_sign_report(uint8_t report[REPORT_SIZE], const struct bl_key *key)
{
    BL_AUTO(bulla_buffer) raw = { 0 };
    struct bulla_bytes message = { report, BL_SNP_SIGNED_SIZE };
    struct bulla_error err = { 0 };

    assert_ok(bl_key_sign(key, &message, 1, &raw, &err), &err);
    paper_reverse(report + 0x2a0, raw.data);
    paper_reverse(report + 0x2a0 + 72, raw.data + 48);
}

/* -- all of it --------------------------------------------------------------------------------- */

#define PAPER_PART_COUNT 8

/* An honest piece of evidence, to be spoiled. */
struct paper_snp {
    uint8_t report[REPORT_SIZE];
    struct paper_leaf leaf;
    bool is_vlek;
    const char *ark_name, *ask_name;
    struct saying ark, ask;
    const char *leaf_role, *ask_role, *ark_role; /* NULL: not given */
    bool ark_is_unknown, ark_is_of_other, ask_is_of_other;
    bool is_signed_wrong, is_not_signed;
    struct bulla_bytes crls[2];
    struct bulla_bytes binder;
    const char *require_crl; /* NULL: not said */
    const char *vendor;      /* whose root is pinned */
    int64_t now_s;
    struct bulla_bytes table; /* behind the report */
};

static inline struct paper_snp
paper_snp(enum bl_snp_generation generation, uint32_t version, bool is_vlek)
{
    static const struct {
        const char *name, *product, *vendor, *ark, *ask, *asvk;
        uint8_t cpuid[3];
        uint8_t tcb[8];
    } known[] = {
        [BL_SNP_MILAN] = { "Milan",
                           "Milan-B0",
                           "amd-milan",
                           "ARK-Milan",
                           "SEV-Milan",
                           "SEV-VLEK-Milan",
                           { 0x19, 0x01, 0x01 },
                           { 4, 0, 0, 0, 0, 0, 24, 0xdb } },
        [BL_SNP_GENOA] = { "Genoa",
                           "Genoa",
                           "amd-genoa",
                           "ARK-Genoa",
                           "SEV-Genoa",
                           "SEV-VLEK-Genoa",
                           { 0x19, 0x11, 0x01 },
                           { 10, 0, 0, 0, 0, 0, 25, 84 } },
        [BL_SNP_TURIN] = { "Turin",
                           "Turin",
                           "amd-turin",
                           "ARK-Turin",
                           "SEV-Turin",
                           "SEV-VLEK-Turin",
                           { 0x1a, 0x02, 0x01 },
                           { 1, 2, 3, 4, 0, 0, 0, 81 } },
    };
    const bool is_turin = generation == BL_SNP_TURIN;
    struct paper_snp p = { .is_vlek = is_vlek,
                           .ark_name = known[generation].ark,
                           .ask_name = is_vlek ? known[generation].asvk : known[generation].ask,
                           .leaf_role = is_vlek ? "vlek" : "vcek",
                           .ask_role = "ask",
                           .ark_role = "ark",
                           .vendor = known[generation].vendor,
                           .ark = { .serial = "010000" },
                           .ask = { .serial = "010001" },
                           .now_s = NOW_S };

    p.leaf = (struct paper_leaf){ .name = is_vlek ? "SEV-VLEK" : "SEV-VCEK",
                                  .product =
                                      is_vlek ? known[generation].name : known[generation].product,
                                  .struct_version = is_turin,
                                  .is_turin = is_turin };
    memcpy(p.leaf.tcb, known[generation].tcb, 8);
    p.leaf.hwid_size = is_vlek ? 0 : is_turin ? 8 : 64;
    p.leaf.csp_id = is_vlek ? "CN=example.org" : NULL;
    for (size_t i = 0; i < p.leaf.hwid_size; i++)
        p.leaf.hwid[i] = p.report[0x1a0 + i] = (uint8_t)(0x41 + i);
    put_u32(p.report, version);
    put_u32(p.report + 0x04, 7);           /* guest_svn */
    put_u64(p.report + 0x08, 0x3001f);     /* policy */
    put_u32(p.report + 0x34, 1);           /* signature_algorithm */
    put_u32(p.report + 0x48, is_vlek * 4); /* key_info */
    memset(p.report + 0x50, 0xd1, 64);
    memset(p.report + 0x90, 0xd2, 48);
    memset(p.report + 0xc0, 0xd3, 32);
    memset(p.report + 0xe0, 0xd4, 48);
    memset(p.report + 0x160, 0xff, 32);
    memcpy(p.report + 0x38, p.leaf.tcb, 8);
    memcpy(p.report + 0x180, p.leaf.tcb, 8);
    memcpy(p.report + 0x1e0, p.leaf.tcb, 8);
    memcpy(p.report + 0x1f0, p.leaf.tcb, 8);
    memcpy(p.report + 0x1e8, (const uint8_t[]){ 0x1d, 0x37, 0x01 }, 3);
    memcpy(p.report + 0x1ec, (const uint8_t[]){ 0x1d, 0x37, 0x01 }, 3);
    if (version >= 3)
        memcpy(p.report + 0x188, known[generation].cpuid, 3);
    if (version >= 5)
        p.report[0x1f8] = p.report[0x200] = 0x3f;
    return p;
}

/* Made of a paper_snp: all that a verification borrows. */
struct paper_evidence {
    struct party ark, ask;
    struct bl_certificate *leaf;
    uint8_t pin[32];
    struct bl_anchor anchor;
    struct bl_part parts[PAPER_PART_COUNT], inputs[1];
    struct bulla_buffer bytes;
    struct bl_verification v;
};

static inline void
paper_part(struct paper_evidence *e, const char *role, struct bulla_bytes bytes)
{
    if (role != NULL && bytes.size > 0)
        e->parts[e->v.part_count++] = (struct bl_part){ role, bytes };
}

static inline void
paper_make(struct paper_snp *p, struct paper_evidence *e)
{
    struct bulla_error err = { 0 };
    struct party other;

    memset(e, 0, sizeof *e);
    e->ark = paper_authority(paper_ark_key, p->ark_name, p->ark, NULL);
    other = paper_authority(paper_other_key, p->ark_name, p->ark, NULL);
    e->ask =
        paper_authority(paper_ask_key, p->ask_name, p->ask, p->ask_is_of_other ? &other : &e->ark);
    e->leaf = paper_leaf_certificate(&p->leaf, &e->ask);
    if (!p->is_not_signed)
        paper_sign_report(p->report, p->is_signed_wrong ? paper_wrong_key : paper_signing_key);
    assert_ok(bulla_buffer_append(&e->bytes, BL_BYTES_OF(p->report), &err), &err);
    assert_ok(bulla_buffer_append(&e->bytes, p->table, &err), &err);
    assert_ok(bl_certificate_spki_digest(e->ark.certificate, e->pin, &err), &err);
    e->pin[0] ^= p->ark_is_unknown;
    e->anchor = (struct bl_anchor){ .name = "test root",
                                    .kind = BL_ANCHOR_ROOT_KEY,
                                    .der = BL_BYTES_OF(e->pin),
                                    .platform_class = BL_CLASS_HARDWARE,
                                    .role = p->vendor };
    e->v = (struct bl_verification){ .evidence = bulla_buffer_bytes(&e->bytes),
                                     .parts = e->parts,
                                     .inputs = e->inputs,
                                     .anchors = &e->anchor,
                                     .anchor_count = 1,
                                     .now_s = p->now_s,
                                     .binder = p->binder,
                                     .binding =
                                         p->binder.size > 0 ? BL_BINDING_NONE : BL_BINDING_ABSENT };
    paper_part(e, p->leaf_role, bl_certificate_der(e->leaf));
    paper_part(e, p->ask_role, bl_certificate_der(e->ask.certificate));
    paper_part(e, p->ark_role, bl_certificate_der(e->ark.certificate));
    paper_part(e, "crl", p->crls[0]);
    paper_part(e, "crl", p->crls[1]);
    if (p->require_crl != NULL) {
        e->inputs[0] = (struct bl_part){ "require_crl", text_bytes(p->require_crl) };
        e->v.input_count = 1;
    }
    party_done(&other);
}

static inline void
paper_evidence_done(struct paper_evidence *e)
{
    party_done(&e->ark);
    party_done(&e->ask);
    bl_certificate_free(e->leaf);
    bulla_buffer_done(&e->bytes);
}

static inline enum bulla_status
paper_verify(struct paper_snp *p, struct bl_claims *claims, struct bulla_error *err)
{
    struct paper_evidence e;

    paper_make(p, &e);
    enum bulla_status status = bl_snp_verify(&e.v, claims, err);
    paper_evidence_done(&e);
    return status;
}

#endif
