/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_fixture.h"

#include <tss2/tss2_mu.h>

static const struct bl_pcr_selection pcrs = { .bank = BL_SHA256, .mask = 0x0081 };

static void
test_the_attestation_key_is_restricted(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_tpm_key) ak = { 0 };
    TPM2B_PUBLIC area = { 0 };
    struct bl_tpm_name srk = { 0 };

    assert_ok(bl_tpm_ak_create(f->tpm, &ak, &err), &err);
    assert_ok(bl_tpm_public_decode(bulla_buffer_bytes(&ak.public_area), &area, &err), &err);
    assert_int_equal(area.publicArea.objectAttributes,
                     TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_FIXEDTPM |
                         TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                         TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA);
    assert_int_equal(area.publicArea.parameters.eccDetail.scheme.scheme, TPM2_ALG_ECDSA);
    assert_int_equal(area.publicArea.parameters.eccDetail.curveID, TPM2_ECC_NIST_P256);
    assert_ok(bl_tpm_srk_name(f->tpm, &srk, &err), &err);
    assert_true(bl_tpm_name_equal(&srk, &ak.srk_name));
    assert_nothing_loaded(f->tpm);
}

static void
decode_quote(const struct bulla_buffer *bytes, TPMS_ATTEST *attest)
{
    size_t offset = 0;

    assert_int_equal(Tss2_MU_TPMS_ATTEST_Unmarshal(bytes->data, bytes->size, &offset, attest), 0);
    assert_int_equal(offset, bytes->size);
}

static void
test_a_quote_says_what_was_asked(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_tpm_key) ak = { 0 };
    BL_AUTO(bulla_buffer) attest_bytes = { 0 };
    BL_AUTO(bulla_buffer) signature_bytes = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    TPMS_ATTEST attest = { 0 };
    TPMT_SIGNATURE signature = { 0 };
    uint8_t digest[32];
    size_t offset = 0;

    assert_ok(bl_tpm_ak_create(f->tpm, &ak, &err), &err);
    assert_ok(
        bl_tpm_quote(f->tpm, &ak, pcrs, BL_LITERAL("nonce"), &attest_bytes, &signature_bytes, &err),
        &err);
    assert_nothing_loaded(f->tpm);
    decode_quote(&attest_bytes, &attest);
    assert_int_equal(attest.magic, TPM2_GENERATED_VALUE);
    assert_int_equal(attest.type, TPM2_ST_ATTEST_QUOTE);
    assert_bytes_equal(((struct bulla_bytes){ attest.extraData.buffer, attest.extraData.size }),
                       BL_LITERAL("nonce"));
    assert_ok(bl_tpm_pcr_read(f->tpm, pcrs, &values, &err), &err);
    assert_ok(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&values), digest, &err), &err);
    assert_bytes_equal(((struct bulla_bytes){ attest.attested.quote.pcrDigest.buffer,
                                              attest.attested.quote.pcrDigest.size }),
                       BL_BYTES_OF(digest));
    const TPMS_PCR_SELECTION *selected = &attest.attested.quote.pcrSelect.pcrSelections[0];
    assert_int_equal(attest.attested.quote.pcrSelect.count, 1);
    assert_int_equal(selected->hash, TPM2_ALG_SHA256);
    assert_int_equal(selected->pcrSelect[0], 0x81);

    assert_int_equal(Tss2_MU_TPMT_SIGNATURE_Unmarshal(signature_bytes.data, signature_bytes.size,
                                                      &offset, &signature),
                     0);
    assert_int_equal(offset, signature_bytes.size);
    assert_int_equal(signature.sigAlg, TPM2_ALG_ECDSA);

    /* The TPM that made it verifies it: the crypto room's own verification is tested there. */
    TPM2B_PUBLIC area = { 0 };
    TPM2B_DIGEST attest_digest = { .size = 32 };
    TPMT_TK_VERIFIED *ticket = NULL;
    ESYS_TR key = ESYS_TR_NONE;
    assert_ok(bl_tpm_public_decode(bulla_buffer_bytes(&ak.public_area), &area, &err), &err);
    assert_ok(
        bl_hash_once(BL_SHA256, bulla_buffer_bytes(&attest_bytes), attest_digest.buffer, &err),
        &err);
    assert_int_equal(Esys_LoadExternal(f->tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
                                       &area, ESYS_TR_RH_NULL, &key),
                     0);
    assert_int_equal(Esys_VerifySignature(f->tpm->esys, key, ESYS_TR_NONE, ESYS_TR_NONE,
                                          ESYS_TR_NONE, &attest_digest, &signature, &ticket),
                     0);
    Esys_Free(ticket);
    assert_int_equal(Esys_FlushContext(f->tpm->esys, key), 0);
}

static void
test_limits_of_a_quote(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_tpm_key) ak = { 0 };
    BL_AUTO(bulla_buffer) attest = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    static const uint8_t nonce[33];

    assert_ok(bl_tpm_ak_create(f->tpm, &ak, &err), &err);
    assert_fails(bl_tpm_quote(f->tpm, &ak, pcrs, BL_BYTES_OF(nonce), &attest, &signature, &err),
                 BULLA_E_LIMIT, &err);
    assert_fails(bl_tpm_quote(f->tpm, &ak, (struct bl_pcr_selection){ .bank = BL_SHA256 },
                              BL_LITERAL("n"), &attest, &signature, &err),
                 BULLA_E_ARGUMENT, &err);
    ak.private_area.data[ak.private_area.size - 1] ^= 1;
    assert_cause(bl_tpm_quote(f->tpm, &ak, pcrs, BL_LITERAL("n"), &attest, &signature, &err),
                 BULLA_CAUSE_WRONG_TPM, &err);
    assert_int_equal(attest.size + signature.size, 0);
    assert_nothing_loaded(f->tpm);
}

/* The verifier's half, by the same TPM: TPM2_MakeCredential needs no secret of it. */
static void
make_credential(struct fixture *f, const struct bulla_buffer *ek, const struct bulla_buffer *ak,
                struct bulla_bytes secret, struct bulla_buffer *id_object,
                struct bulla_buffer *encrypted_secret)
{
    TPM2B_PUBLIC area = { 0 };
    TPM2B_DIGEST credential = { .size = (uint16_t)secret.size };
    TPM2B_NAME name = { .size = 34, .name = { 0, 0x0b } };
    TPM2B_ID_OBJECT *blob = NULL;
    TPM2B_ENCRYPTED_SECRET *encrypted = NULL;
    ESYS_TR key = ESYS_TR_NONE;
    uint8_t bytes[1024];
    size_t size = 0;

    assert_int_equal(bl_tpm_public_decode(bulla_buffer_bytes(ek), &area, NULL), BULLA_OK);
    assert_int_equal(Esys_LoadExternal(f->tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL,
                                       &area, ESYS_TR_RH_NULL, &key),
                     0);
    assert_int_equal(bl_hash_once(BL_SHA256, (struct bulla_bytes){ ak->data + 2, ak->size - 2 },
                                  name.name + 2, NULL),
                     BULLA_OK);
    memcpy(credential.buffer, secret.data, secret.size);
    assert_int_equal(Esys_MakeCredential(f->tpm->esys, key, ESYS_TR_NONE, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &credential, &name, &blob, &encrypted),
                     0);
    assert_int_equal(Esys_FlushContext(f->tpm->esys, key), 0);
    assert_int_equal(Tss2_MU_TPM2B_ID_OBJECT_Marshal(blob, bytes, sizeof bytes, &size), 0);
    assert_int_equal(bulla_buffer_append(id_object, (struct bulla_bytes){ bytes, size }, NULL), 0);
    size = 0;
    assert_int_equal(Tss2_MU_TPM2B_ENCRYPTED_SECRET_Marshal(encrypted, bytes, sizeof bytes, &size),
                     0);
    assert_int_equal(
        bulla_buffer_append(encrypted_secret, (struct bulla_bytes){ bytes, size }, NULL), 0);
    Esys_Free(blob);
    Esys_Free(encrypted);
}

static void
test_a_credential_opens_for_its_keys_only(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bl_tpm_key) ak = { 0 };
    BL_AUTO(bl_tpm_key) other = { 0 };
    BL_AUTO(bulla_buffer) ek = { 0 };
    BL_AUTO(bulla_buffer) id_object = { 0 };
    BL_AUTO(bulla_buffer) encrypted = { 0 };
    BL_AUTO(bl_secret) credential = { 0 };
    struct bl_secret none = { 0 };

    assert_ok(bl_tpm_ak_create(f->tpm, &ak, &err), &err);
    assert_ok(bl_tpm_ak_create(f->tpm, &other, &err), &err);
    assert_ok(bl_tpm_ek_public(f->tpm, &ek, &err), &err);
    make_credential(f, &ek, &ak.public_area, BL_LITERAL("a credential"), &id_object, &encrypted);
    struct bulla_bytes object = bulla_buffer_bytes(&id_object);
    struct bulla_bytes secret = bulla_buffer_bytes(&encrypted);
    f->tap.record.size = 0;
    assert_ok(bl_tpm_activate_credential(f->tpm, &ak, object, secret, &credential, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&credential), BL_LITERAL("a credential"));
    assert_false(tap_has_seen(&f->tap, BL_LITERAL("a credential")));
    assert_nothing_loaded(f->tpm);

    assert_fails(bl_tpm_activate_credential(f->tpm, &other, object, secret, &none, &err),
                 BULLA_E_IDENTITY, &err);
    assert_fails(bl_tpm_activate_credential(f->tpm, &ak, secret, object, &none, &err),
                 BULLA_E_IDENTITY, &err);
    for (size_t size = 0; size < object.size; size++)
        assert_fails(bl_tpm_activate_credential(f->tpm, &ak,
                                                (struct bulla_bytes){ object.data, size }, secret,
                                                &none, &err),
                     BULLA_E_MALFORMED, &err);
    id_object.data[6] ^= 1;
    assert_fails(bl_tpm_activate_credential(f->tpm, &ak, object, secret, &none, &err),
                 BULLA_E_IDENTITY, &err);
    id_object.data[6] ^= 1;
    encrypted.data[encrypted.size - 1] ^= 1;
    assert_fails(bl_tpm_activate_credential(f->tpm, &ak, object, secret, &none, &err),
                 BULLA_E_IDENTITY, &err);
    assert_null(none.data);
    assert_nothing_loaded(f->tpm);
}

/* The Name is a function of the profile's template and the seed: a constant of the profile is in
 * the policy, everything else is asked for here. */
static void
test_the_endorsement_key_follows_the_profile(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) ek = { 0 };
    BL_AUTO(bulla_buffer) der = { 0 };
    TPM2B_PUBLIC area = { 0 };

    assert_ok(bl_tpm_ek_public(f->tpm, &ek, &err), &err);
    assert_ok(bl_tpm_public_decode(bulla_buffer_bytes(&ek), &area, &err), &err);
    assert_int_equal(area.publicArea.type, TPM2_ALG_ECC);
    assert_int_equal(area.publicArea.objectAttributes, 0x000300b2);
    assert_int_equal(area.publicArea.authPolicy.buffer[0], 0x83);
    assert_int_equal(area.publicArea.authPolicy.buffer[31], 0xaa);
    assert_fails(bl_tpm_ek_certificate(f->tpm, &der, &err), BULLA_E_NOT_FOUND, &err);
    assert_int_equal(der.size, 0);
}

/* Manufacturers pad; what is no certificate is refused. */
static void
test_a_certificate_in_a_larger_index(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) der = { 0 };
    BL_AUTO(bulla_buffer) ek = { 0 };
    struct bl_tpm_handle nv = { 0 };
    TPM2B_PUBLIC area = { 0 };
    uint8_t content[1200];

    memset(content, 0xff, sizeof content);
    memcpy(content, "\x30\x82\x03\xe8", 4);
    assert_ok(bl_tpm_nv_define(f->tpm, ESYS_TR_RH_OWNER, 0x01c00002,
                               TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE, sizeof content, &err),
              &err);
    assert_ok(bl_tpm_nv_open(f->tpm, 0x01c00002, &nv, NULL, &err), &err);
    assert_ok(bl_tpm_nv_write(&nv, ESYS_TR_RH_OWNER, BL_BYTES_OF(content), &err), &err);
    bl_tpm_handle_done(&nv);
    assert_ok(bl_tpm_ek_certificate(f->tpm, &der, &err), &err);
    assert_bytes_equal(bulla_buffer_bytes(&der), ((struct bulla_bytes){ content, 1004 }));
    assert_ok(bl_tpm_ek_public(f->tpm, &ek, &err), &err);
    assert_ok(bl_tpm_public_decode(bulla_buffer_bytes(&ek), &area, &err), &err);
    assert_int_equal(area.publicArea.type, TPM2_ALG_RSA); /* the one that is certified */

    memcpy(content, "\x30\x82\x04\xad", 4); /* one byte longer than the index */
    assert_ok(bl_tpm_nv_open(f->tpm, 0x01c00002, &nv, NULL, &err), &err);
    assert_ok(bl_tpm_nv_write(&nv, ESYS_TR_RH_OWNER, BL_BYTES_OF(content), &err), &err);
    bl_tpm_handle_done(&nv);
    assert_fails(bl_tpm_ek_certificate(f->tpm, &der, &err), BULLA_E_MALFORMED, &err);
    assert_int_equal(der.size, 1004);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(test_the_attestation_key_is_restricted),
        with_tpm(test_a_quote_says_what_was_asked),
        with_tpm(test_limits_of_a_quote),
        with_tpm(test_a_credential_opens_for_its_keys_only),
        with_tpm(test_the_endorsement_key_follows_the_profile),
        with_tpm(test_a_certificate_in_a_larger_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
