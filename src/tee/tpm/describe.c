/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/tpm/describe.c: what TPM evidence that passed says, in JSON. Names: docs/formats/claims.md.
 */
#include "tee/tpm/scheme.h"

#include <stdio.h>

#include "base/memory.h"
#include "codec/der.h"
#include "codec/oid.h"
#include "tee/tpm/evidence.h"
#include "tee/tpm/log_claims.h"
#include "tee/tpm/pieces.h"

#define GCE_INSTANCE_OID "1.3.6.1.4.1.11129.2.1.21" /* Google: project, zone, instance */
#define KEY_USAGE_OID "2.5.29.15"
#define EXTENDED_KEY_USAGE_OID "2.5.29.37"

/* -- a quote ------------------------------------------------------------------------------------- */

static void
write_selections(struct bl_json_writer *out, const struct bl_tpm_attest *attest)
{
    bl_json_open_array(out, "pcrSelect");
    for (size_t i = 0; i < attest->selection_count; i++) {
        bl_json_open_array(out, NULL);
        bl_json_write_word(out, NULL, bl_bank_word(attest->selections[i].bank));
        bl_json_open_array(out, NULL);
        for (unsigned k = 0; k < BL_PCR_COUNT; k++)
            if ((attest->selections[i].mask >> k & 1u) != 0)
                bl_json_write_number(out, NULL, (int64_t)k);
        bl_json_close(out);
        bl_json_close(out);
    }
    bl_json_close(out);
}

/* TPM_ALG_IDs of scheme and hash. What passed is a TPMT_SIGNATURE, or as long as a modulus. */
static void
write_signature(struct bl_json_writer *out, struct bulla_bytes signature)
{
    char text[sizeof "0xffff/0xffff"];
    bool is_bare = signature.size == 256 || signature.size == 384 || signature.size == 512;
    struct bl_reader r = bl_reader(signature, "TPMT_SIGNATURE");
    unsigned scheme = is_bare ? (unsigned)BL_TPM_ALG_RSASSA : bl_read_u16be(&r);
    unsigned hash = is_bare ? bl_tcg_algorithm(BL_SHA256) : bl_read_u16be(&r);

    (void)snprintf(text, sizeof text, "0x%x/0x%x", scheme, hash);
    bl_json_write_word(out, "signature_alg", text);
}

static enum bulla_status
write_log(struct bl_json_writer *out, const struct bl_tpm_attest *attest, struct bulla_bytes log,
          struct bulla_error *err)
{
    char name[sizeof "4294967295"];
    struct bl_replay replay;

    for (size_t i = 0; i < attest->selection_count; i++) {
        const struct bl_pcr_selection *selection = &attest->selections[i];
        if (selection->mask == 0)
            continue;
        BL_TRY(bl_event_log_replay(log, selection->bank, &replay, err));
        bl_json_open_object(out, "log_replays_to_pcrs");
        for (unsigned k = 0; k < BL_PCR_COUNT; k++) {
            (void)snprintf(name, sizeof name, "%u", k);
            if ((replay.touched & selection->mask) >> k & 1u)
                bl_json_write_bool(out, name, true);
        }
        bl_json_close(out);
        break; /* a quote of two banks does not pass */
    }
    return BULLA_OK;
}

/* From 2^53 on many readers lose digits: no real clock, and then text. */
static void
write_clock(struct bl_json_writer *out, uint64_t clock_ms)
{
    char text[sizeof "18446744073709551615"];

    if (clock_ms < UINT64_C(1) << 53) {
        bl_json_write_u64(out, "clock", clock_ms);
        return;
    }
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)clock_ms);
    bl_json_write_word(out, "clock", text);
}

enum bulla_status
bl_tpm_attest_describe(struct bulla_bytes attest_bytes, struct bl_json_writer *out,
                       struct bulla_error *err)
{
    struct bl_tpm_attest attest;
    char firmware[sizeof "0123456789abcdef"];

    BL_TRY(bl_tpm_attest_decode(attest_bytes, &attest, err));
    bl_json_write_u64(out, "magic", BL_TPM_GENERATED);
    bl_json_write_u64(out, "type", BL_TPM_ST_ATTEST_QUOTE);
    bl_json_write_hex(out, "qualifiedSigner", attest.qualified_signer);
    bl_json_write_hex(out, "extraData", attest.extra_data);
    write_clock(out, attest.clock_ms);
    bl_json_write_u64(out, "resetCount", attest.reset_count);
    bl_json_write_u64(out, "restartCount", attest.restart_count);
    bl_json_write_u64(out, "safe", attest.clock_is_safe ? 1 : 0);
    (void)snprintf(firmware, sizeof firmware, "%016llx",
                   (unsigned long long)attest.firmware_version);
    bl_json_write_word(out, "firmwareVersion", firmware);
    write_selections(out, &attest);
    bl_json_write_hex(out, "pcrDigest", attest.pcr_digest);
    bl_json_write_u64(out, "trailing", 0);
    return BULLA_OK;
}

/* What is said to match was compared before: only what passed is described. */
static enum bulla_status
describe_quote(const struct bl_tpm_bare *bare, struct bl_json_writer *out, struct bulla_error *err)
{
    struct bl_tpm_attest attest;

    BL_TRY(bl_tpm_attest_decode(bare->attest, &attest, err));
    BL_TRY(bl_tpm_attest_describe(bare->attest, out, err));
    write_signature(out, bare->signature);
    if (bare->pcrs != NULL)
        bl_json_write_bool(out, "pcr_digest_matches", true);
    return bare->event_log.size == 0 ? BULLA_OK : write_log(out, &attest, bare->event_log, err);
}

static enum bulla_status
describe_pieces(const struct bl_verification *v, struct bl_json_writer *out,
                struct bulla_error *err)
{
    BL_AUTO(bl_tpm_pieces) pieces = { 0 };

    BL_TRY(bl_tpm_pieces_read(v, &pieces, err));
    return describe_quote(&pieces.bare, out, err);
}

/* -- our own evidence ---------------------------------------------------------------------------- */

static enum bulla_status
describe_layer(const char *name, const struct bl_tpm_layer *layer, struct bl_json_writer *out,
               struct bulla_error *err)
{
    struct bl_pcr_bank pcrs;
    struct bl_tpm_bare bare = { .attest = layer->attest,
                                .signature = layer->signature,
                                .event_log = layer->event_log,
                                .pcrs = &pcrs };

    if (!layer->is_present)
        return BULLA_OK;
    BL_TRY(bl_pcr_bank_read(layer->selection, layer->pcr_values, &pcrs, err));
    bl_json_open_object(out, name);
    BL_TRY(describe_quote(&bare, out, err));
    bl_json_close(out);
    return BULLA_OK;
}

static enum bulla_status
describe_evidence(const struct bl_verification *v, struct bl_json_writer *out,
                  struct bulla_error *err)
{
    struct bl_tpm_evidence evidence;

    BL_TRY(bl_tpm_evidence_decode(v->evidence, &evidence, err));
    BL_TRY(describe_layer("platform", &evidence.platform, out, err));
    return describe_layer("enclave", &evidence.enclave, out, err);
}

/* -- a certificate ------------------------------------------------------------------------------- */

static enum bulla_status
write_oid(struct bl_json_writer *out, struct bulla_bytes oid, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error too_large = { 0 };
    enum bulla_status status = bl_oid_to_text(oid, &text, &too_large);

    if (status == BULLA_OK)
        bl_json_write_text(out, NULL, bulla_buffer_bytes(&text));
    else if (bulla_status_is_finding(status)) /* legal all the same: an OID made of a UUID */
        bl_json_write_hex(out, NULL, oid);
    else
        return bulla_fail(err, status, "extended key usage", "has no text", 0);
    return BULLA_OK;
}

static enum bulla_status
write_purposes(const struct bl_certificate *certificate, struct bl_json_writer *out,
               struct bulla_error *err)
{
    struct bulla_bytes value;

    if (!bl_certificate_extension(certificate, EXTENDED_KEY_USAGE_OID, &value))
        return BULLA_OK;
    struct bl_reader whole = bl_reader(value, "extended key usage");
    struct bl_reader r = bl_der_enter(&whole, BL_DER_SEQUENCE, "extended key usage");
    bl_json_open_array(out, "eku");
    while (bl_reader_left(&r) > 0) {
        struct bulla_bytes oid = bl_der_read_oid(&r);
        BL_TRY(bl_reader_ok(&r, err));
        BL_TRY(write_oid(out, oid, err));
    }
    bl_json_close(out);
    BL_TRY(bl_reader_finish(&r, err));
    return bl_reader_finish(&whole, err);
}

/* RFC 5280, 4.2.1.3. Two programs wrote the recorded claims of certificates, each in its own way. */
static const char *const usages[][2] = {
    { "digitalSignature", "digital_signature" },
    { "nonRepudiation", "content_commitment" },
    { "keyEncipherment", "key_encipherment" },
    { "dataEncipherment", "data_encipherment" },
    { "keyAgreement", "key_agreement" },
    { "keyCertSign", "key_cert_sign" },
    { "cRLSign", "crl_sign" },
    { "encipherOnly", "encipher_only" },
    { "decipherOnly", "decipher_only" },
};

static enum bulla_status
write_usages(const struct bl_certificate *certificate, bool is_gce, struct bl_json_writer *out,
             struct bulla_error *err)
{
    struct bulla_bytes value;

    if (!bl_certificate_extension(certificate, KEY_USAGE_OID, &value))
        return BULLA_OK;
    struct bl_reader r = bl_reader(value, "key usage");
    uint32_t bits = bl_der_read_named_bits(&r);
    BL_TRY(bl_reader_finish(&r, err));
    bl_json_open_array(out, "key_usage");
    for (size_t i = 0; i < BL_COUNT_OF(usages); i++)
        if ((bits << i & 0x80000000u) != 0)
            bl_json_write_word(out, NULL, usages[i][is_gce ? 1 : 0]);
    bl_json_close(out);
    return BULLA_OK;
}

static enum bulla_status
write_name(const struct bl_certificate *certificate, bool of_issuer, struct bl_json_writer *out,
           struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    BL_TRY(bl_certificate_name_text(certificate, of_issuer, &text, err));
    bl_json_write_text(out, of_issuer ? "issuer" : "subject", bulla_buffer_bytes(&text));
    return BULLA_OK;
}

static enum bulla_status
describe_certificate(const struct bl_verification *v, struct bl_json_writer *out,
                     struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) list = { 0 };
    struct bulla_bytes instance;
    uint8_t digest[32];

    BL_TRY(bl_certificate_list_read(v->evidence, &list, err));
    const struct bl_certificate *leaf = list.items[0];
    BL_TRY(write_name(leaf, /* of_issuer= */ false, out, err));
    BL_TRY(write_name(leaf, /* of_issuer= */ true, out, err));
    BL_TRY(bl_certificate_spki_digest(leaf, digest, err));
    bl_json_write_hex(out, "spki_sha256", BL_BYTES_OF(digest));
    bool is_gce = bl_certificate_extension(leaf, GCE_INSTANCE_OID, &instance);
    if (is_gce)
        bl_json_write_hex(out, "gce_instance_info_ext_1_3_6_1_4_1_11129_2_1_21", instance);
    BL_TRY(write_purposes(leaf, out, err));
    return write_usages(leaf, is_gce, out, err);
}

enum bulla_status
bl_tpm_scheme_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                       struct bulla_error *err)
{
    switch (bl_tpm_form_of(verification->evidence)) {
    case BL_TPM_FORM_EVIDENCE:
        return describe_evidence(verification, out, err);
    case BL_TPM_FORM_QUOTE:
        return describe_pieces(verification, out, err);
    case BL_TPM_FORM_CERTIFICATE:
        return describe_certificate(verification, out, err);
    case BL_TPM_FORM_UNKNOWN:
        break;
    }
    return bl_log_describe(verification->evidence, /* names= */ NULL, out, err);
}
