/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of Azure's confidential VMs, on paper: a report whose data is the digest of the runtime
 * data, and a quote by the key in there; each link between the two broken alone.
 */
#include "tee/paper_snp.h"
#include "tee/paper_tpm.h"

#include "codec/base64.h"
#include "tee/azure/verify.h"
#include "tee/scheme_fixture.h"

#define HCL_SIZE 2600
#define RUNTIME_SIZE_MAX 1300

static EVP_PKEY *ak_key, *other_ak_key;

static int
make_keys(void **state)
{
    ak_key = make_key(WITH_RSA);
    other_ak_key = make_key(WITH_RSA);
    return paper_keys_make(state);
}

static int
free_keys(void **state)
{
    EVP_PKEY_free(ak_key);
    EVP_PKEY_free(other_ak_key);
    return paper_keys_done(state);
}

/* -- made --------------------------------------------------------------------------------------- */

struct paper_azure {
    const char *key_id;
    const char *key_type;
    const char *more_keys; /* further members of the array */
    EVP_PKEY *quoting_key;
    bool is_in_pieces, is_tampered, is_twice;
    uint8_t behind_digest; /* in the report data */
    enum bl_hash hash;
    uint8_t wrong_pcr;
    struct bulla_bytes nonce, asked;
    const char *without; /* a role that is not given */
    size_t changed_at;   /* byte of the header that is another; 0: none */
};

struct paper_hcl {
    struct paper_snp snp;
    struct paper_evidence hardware;
    uint8_t blob[HCL_SIZE];
    uint8_t runtime[RUNTIME_SIZE_MAX];
    size_t runtime_size;
    struct bulla_buffer attest, signature;
    char pcrs[4096];
    struct bl_part parts[12];
    struct bl_verification v;
};

static void
make_runtime(const struct paper_azure *a, struct paper_hcl *h)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    BIGNUM *n = NULL;
    uint8_t modulus[256];
    struct bulla_error err = { 0 };

    assert_int_equal(EVP_PKEY_get_bn_param(ak_key, "n", &n), 1);
    assert_int_equal(BN_bn2binpad(n, modulus, sizeof modulus), sizeof modulus);
    BN_free(n);
    assert_ok(bl_base64_encode(BL_BASE64_URL, BL_BYTES_OF(modulus), &text, &err), &err);
    char key[600];
    (void)snprintf(key, sizeof key,
                   "{\"kid\":\"%s\",\"key_ops\":[\"sign\"],\"kty\":\"%s\","
                   "\"e\":\"AQAB\",\"n\":\"%.*s\"}",
                   a->key_id, a->key_type, (int)text.size, (const char *)text.data);
    int size = snprintf((char *)h->runtime, sizeof h->runtime,
                        "{\"keys\":[%s%s%s%s],\"vm-configuration\":"
                        "{\"secure-boot\":true},\"user-data\":\"00\"}",
                        key, a->is_twice ? "," : "", a->is_twice ? key : "", a->more_keys);
    assert_true(size > 0 && (size_t)size < sizeof h->runtime);
    h->runtime_size = (size_t)size;
}

static void
make_hardware(const struct paper_azure *a, struct paper_hcl *h)
{
    struct bulla_error err = { 0 };

    h->snp = paper_snp(BL_SNP_MILAN, 3, false);
    memset(h->snp.report + 0x50, 0, 64);
    assert_ok(bl_hash_once(a->hash, (struct bulla_bytes){ h->runtime, h->runtime_size },
                           h->snp.report + 0x50, &err),
              &err);
    h->snp.report[0x8f] |= a->behind_digest;
    paper_make(&h->snp, &h->hardware);
}

static void
make_blob(const struct paper_azure *a, struct paper_hcl *h)
{
    uint8_t *at = h->blob;

    memcpy(at, "HCLA", 4);
    put_u32(at + 4, 1);
    put_u32(at + 8, (uint32_t)(1236 + h->runtime_size));
    put_u32(at + 12, 2);
    memcpy(at + 32, h->hardware.bytes.data, REPORT_SIZE);
    put_u32(at + 1216, (uint32_t)(20 + h->runtime_size));
    put_u32(at + 1220, 1);
    put_u32(at + 1224, 2);
    put_u32(at + 1228, a->hash == BL_SHA256 ? 1 : a->hash == BL_SHA384 ? 2 : 3);
    put_u32(at + 1232, (uint32_t)h->runtime_size);
    memcpy(at + 1236, h->runtime, h->runtime_size);
    if (a->changed_at > 0)
        at[a->changed_at] ^= 0x81;
    if (a->is_tampered)
        at[1236 + h->runtime_size - 4] ^= 1;
}

static void
make_quote(const struct paper_azure *a, struct paper_hcl *h)
{
    static const struct bl_pcr_selection all = { .bank = BL_SHA256, .mask = 0xff };
    struct bl_pcr_bank bank;
    struct bulla_error err = { 0 };
    uint8_t digest[32], signature[256];
    size_t size = sizeof signature;
    int at = 0;

    assert_ok(bl_pcr_bank_start(BL_SHA256, 0, &bank, &err), &err);
    struct paper_quote quote = paper_quote(a->nonce, &bank, all, digest);
    paper_attest(&quote, &h->attest);
    EVP_MD_CTX *context = signing(a->quoting_key, WITH_RSA, EVP_sha256());
    assert_int_equal(EVP_DigestSign(context, signature, &size, h->attest.data, h->attest.size), 1);
    EVP_MD_CTX_free(context);
    assert_ok(bulla_buffer_append(&h->signature, BL_BYTES_OF(signature), &err), &err);
    at += snprintf(h->pcrs, sizeof h->pcrs, "{\"hash\":\"sha256\",\"pcrs\":{");
    for (int i = 0; i < 8; i++)
        at += snprintf(h->pcrs + at, sizeof h->pcrs - (size_t)at, "%s\"%d\":\"%062d%02x\"",
                       i > 0 ? "," : "", i, 0, i == 7 ? a->wrong_pcr : 0);
    (void)snprintf(h->pcrs + at, sizeof h->pcrs - (size_t)at, "}}");
}

static void
add_piece(const struct paper_azure *a, struct paper_hcl *h, const char *role,
          struct bulla_bytes bytes)
{
    if (a->without == NULL || strcmp(a->without, role) != 0)
        h->parts[h->v.part_count++] = (struct bl_part){ role, bytes };
}

static struct paper_azure
honest(void)
{
    return (struct paper_azure){ .key_id = "HCLAkPub",
                                 .key_type = "RSA",
                                 .more_keys = "",
                                 .quoting_key = ak_key,
                                 .hash = BL_SHA256,
                                 .nonce = BL_LITERAL("challenge"),
                                 .asked = BL_LITERAL("challenge") };
}

static void
make(const struct paper_azure *a, struct paper_hcl *h)
{
    memset(h, 0, sizeof *h);
    make_runtime(a, h);
    make_hardware(a, h);
    make_blob(a, h);
    make_quote(a, h);
    h->v = h->hardware.v;
    h->v.parts = h->parts;
    h->v.part_count = 0;
    for (size_t i = 0; i < h->hardware.v.part_count; i++)
        add_piece(a, h, h->hardware.parts[i].role, h->hardware.parts[i].bytes);
    add_piece(a, h, "tpm_quote", bulla_buffer_bytes(&h->attest));
    add_piece(a, h, "tpm_signature", bulla_buffer_bytes(&h->signature));
    add_piece(a, h, "pcrs", text_bytes(h->pcrs));
    h->v.evidence = BL_BYTES_OF(h->blob);
    if (a->is_in_pieces) {
        if (a->is_tampered)
            h->runtime[h->runtime_size - 4] ^= 1;
        h->v.evidence = bulla_buffer_bytes(&h->hardware.bytes);
        add_piece(a, h, "runtime_data", (struct bulla_bytes){ h->runtime, h->runtime_size });
    }
    h->v.binder = a->asked;
    h->v.binding = a->asked.size > 0 ? BL_BINDING_KEY : BL_BINDING_ABSENT;
}

static void
unmake(struct paper_hcl *h)
{
    paper_evidence_done(&h->hardware);
    bulla_buffer_done(&h->attest);
    bulla_buffer_done(&h->signature);
}

static void
assert_outcome(const struct paper_azure *a, enum bulla_cause cause)
{
    struct paper_hcl h;
    struct bl_claims claims = { .kind = "untouched" };
    struct bulla_error err = { 0 };

    make(a, &h);
    enum bulla_status status = bl_azure_verify(&h.v, &claims, &err);
    assert_int_equal(err.cause, cause);
    assert_int_equal(status, bulla_cause_status(cause));
    assert_string_equal(claims.kind, status == BULLA_OK ? "azure" : "untouched");
    unmake(&h);
}

/* -- tests -------------------------------------------------------------------------------------- */

static void
test_genuine(void **state)
{
    struct paper_azure a = honest();
    struct paper_hcl h;
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    make(&a, &h);
    assert_ok(bl_azure_verify(&h.v, &claims, &err), &err);
    assert_string_equal(claims.anchor, "test root");
    assert_int_equal(claims.platform_class, BL_CLASS_HARDWARE);
    assert_int_equal(claims.binding, BL_BINDING_KEY);
    assert_int_equal(claims.code.size, 48);
    assert_true(claims.vmpl.is_present);
    assert_true(claims.platform.is_present);
    assert_int_equal(claims.platform.selection.mask, 0xff);
    assert_int_equal(claims.platform.pcrs.mask, 0xff);
    unmake(&h);
    a.is_in_pieces = true;
    assert_outcome(&a, BULLA_CAUSE_NONE);
    a = honest();
    a.hash = BL_SHA384;
    assert_outcome(&a, BULLA_CAUSE_NONE);
    a.hash = BL_SHA512;
    assert_outcome(&a, BULLA_CAUSE_NONE);
    a = honest();
    a.asked.size = 0;
    assert_outcome(&a, BULLA_CAUSE_NONE);
}

/* B47: what is shown beside the quote counts only as far as the hardware has its digest. */
static void
test_b47_runtime_data_is_bound(void **state)
{
    struct paper_azure a = honest();

    (void)state;
    a.is_tampered = true;
    assert_outcome(&a, BULLA_CAUSE_BINDING_MISMATCH);
    a.is_in_pieces = true;
    assert_outcome(&a, BULLA_CAUSE_BINDING_MISMATCH);
    a = honest();
    a.behind_digest = 1;
    assert_outcome(&a, BULLA_CAUSE_BINDING_MISMATCH);
}

static void
test_quote_is_by_the_key_of_the_runtime_data(void **state)
{
    struct paper_azure a = honest();

    (void)state;
    a.quoting_key = other_ak_key;
    assert_outcome(&a, BULLA_CAUSE_SIGNATURE);
    a = honest();
    a.key_id = "HCLEkPub";
    assert_outcome(&a, BULLA_CAUSE_MALFORMED);
    a.key_id = "HCLAkPub";
    a.key_type = "EC";
    assert_outcome(&a, BULLA_CAUSE_UNSUPPORTED);
    a = honest();
    a.is_twice = true;
    assert_outcome(&a, BULLA_CAUSE_MALFORMED);
    a.is_twice = false;
    a.more_keys = ",{\"kid\":\"other\"}";
    assert_outcome(&a, BULLA_CAUSE_NONE);
}

/* The guest's word is in the quote alone: a report whose data happens to be the nonce is no answer. */
static void
test_nonce(void **state)
{
    struct paper_azure a = honest();
    struct paper_hcl h;
    struct bl_claims claims;
    struct bulla_error err = { 0 };

    (void)state;
    a.asked = BL_LITERAL("challengf");
    assert_outcome(&a, BULLA_CAUSE_NONCE_MISMATCH);
    make(&a, &h);
    h.v.binder = (struct bulla_bytes){ h.snp.report + 0x50, 32 };
    assert_cause(bl_azure_verify(&h.v, &claims, &err), BULLA_CAUSE_NONCE_MISMATCH, &err);
    unmake(&h);
}

static void
test_pcrs(void **state)
{
    struct paper_azure a = honest();

    (void)state;
    a.wrong_pcr = 1;
    assert_outcome(&a, BULLA_CAUSE_PCR_MISMATCH);
    a = honest();
    a.without = "pcrs";
    assert_outcome(&a, BULLA_CAUSE_NONE);
}

static void
test_missing_pieces(void **state)
{
    struct paper_azure a = honest();

    (void)state;
    a.without = "tpm_quote";
    assert_outcome(&a, BULLA_CAUSE_CLAIM_MISSING);
    a.without = "tpm_signature";
    assert_outcome(&a, BULLA_CAUSE_CLAIM_MISSING);
    a.without = "vcek";
    assert_outcome(&a, BULLA_CAUSE_UNTRUSTED);
    a.is_in_pieces = true;
    a.without = "runtime_data";
    assert_outcome(&a, BULLA_CAUSE_CLAIM_MISSING);
}

/* -- the envelope ------------------------------------------------------------------------------- */

static void
test_envelope(void **state)
{
    static const size_t numbers[] = { 4, 8, 12, 16, 20, 31, 1216, 1220, 1224, 1228, 1232 };
    struct paper_azure a = honest();
    struct paper_hcl h;
    struct bl_azure_report report;

    (void)state;
    make(&a, &h);
    for (size_t i = 0; i < BL_COUNT_OF(numbers); i++) {
        struct bulla_error err = { 0 };
        h.blob[numbers[i]] ^= 0x81;
        enum bulla_status status = bl_azure_report_decode(BL_BYTES_OF(h.blob), &report, &err);
        assert_true(status == BULLA_E_MALFORMED || status == BULLA_E_UNSUPPORTED);
        h.blob[numbers[i]] ^= 0x81;
    }
    for (size_t size = 0; size < HCL_SIZE; size++) {
        struct bulla_error err = { 0 };
        enum bulla_status status =
            bl_azure_report_decode((struct bulla_bytes){ h.blob, size }, &report, &err);
        assert_int_equal(status, size < 1236 + h.runtime_size ? BULLA_E_MALFORMED : BULLA_OK);
    }
    for (size_t at = 1236 + h.runtime_size; at < HCL_SIZE; at++) {
        struct bulla_error err = { 0 };
        h.blob[at] = 1;
        assert_fails(bl_azure_report_decode(BL_BYTES_OF(h.blob), &report, &err), BULLA_E_MALFORMED,
                     &err);
        h.blob[at] = 0;
    }
    unmake(&h);
}

static void
test_every_allocation_fails(void **state)
{
    struct paper_azure a = honest();
    struct paper_hcl h;

    (void)state;
    make(&a, &h);
    assert_scheme_survives_no_memory("azure", &h.v, 20);
    unmake(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_genuine),
        cmocka_unit_test(test_b47_runtime_data_is_bound),
        cmocka_unit_test(test_quote_is_by_the_key_of_the_runtime_data),
        cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_pcrs),
        cmocka_unit_test(test_missing_pieces),
        cmocka_unit_test(test_envelope),
        cmocka_unit_test(test_every_allocation_fails),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
