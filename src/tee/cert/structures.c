/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/cert/structures.h"

#include <string.h>

#include "base/memory.h"
#include "codec/der.h"

static const char where[] = "evidence in a certificate";

/* In order of preference: newer formats first. */
static const char *const oids[] = { "2.23.133.5.4.9",
                                    "1.3.6.1.5.5.7.1.35",
                                    "1.3.6.1.4.1.311.105.2",
                                    "1.2.840.113556.10.1.2",
                                    "1.3.6.1.4.1.311.105.1",
                                    "1.2.840.113556.10.1.1",
                                    "0.6.9.42.840.113741.1337.6",
                                    "1.2.840.113741.1337.6",
                                    "1.3.6.1.4.1.62397.1.1",
                                    NULL };
static const enum bl_cert_format formats[] = {
    BL_CERT_TAGGED,    BL_CERT_WRAPPED, BL_CERT_OE_EVIDENCE, BL_CERT_OE_EVIDENCE, BL_CERT_OE_REPORT,
    BL_CERT_OE_REPORT, BL_CERT_GRAMINE, BL_CERT_GRAMINE,     BL_CERT_DSTACK,
};
_Static_assert(sizeof oids / sizeof oids[0] == sizeof formats / sizeof formats[0] + 1,
               "one format for each OID");

const char *const *
bl_cert_oids(void)
{
    return oids;
}

const char *
bl_cert_format_word(enum bl_cert_format format)
{
    switch (format) {
    case BL_CERT_TAGGED:
        return "tagged";
    case BL_CERT_WRAPPED:
        return "wrapped";
    case BL_CERT_OE_EVIDENCE:
        return "oe-evidence";
    case BL_CERT_OE_REPORT:
        return "oe-report";
    case BL_CERT_GRAMINE:
        return "gramine";
    case BL_CERT_DSTACK:
        return "dstack";
    case BL_CERT_NONE:
        break;
    }
    return "none";
}

void
bl_cert_evidence_done(struct bl_cert_evidence *evidence)
{
    bl_cmw_done(&evidence->cmw);
}

enum bulla_status
bl_cert_evidence_find(const struct bl_certificate *certificate, enum bl_cert_format *format_out,
                      const char **oid_out, struct bulla_bytes *value_out, struct bulla_error *err)
{
    for (size_t i = 0; i < BL_COUNT_OF(formats); i++) {
        if (!bl_certificate_extension(certificate, oids[i], value_out))
            continue;
        *format_out = formats[i];
        *oid_out = oids[i];
        return BULLA_OK;
    }
    return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, where,
                            "no extension of the certificate has any");
}

/* -- quotes of Intel ----------------------------------------------------------------------------- */

#define TEE_SGX 0
#define TEE_TDX 0x81
#define QUOTE_SIGNATURE_SIZE_AT 432 /* in a quote of version 3; the signature follows */

/* Of which kind is this quote? Its header says so; what verifies it checks that again. */
static enum bulla_status
take_quote(struct bulla_bytes quote, struct bl_cert_evidence *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(quote, where);

    bl_skip(&r, 4); /* version, type of the attestation key */
    uint32_t tee = bl_read_u32le(&r);
    BL_TRY(bl_reader_ok(&r, err));
    if (tee != TEE_SGX && tee != TEE_TDX)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "a quote of another TEE", 4);
    out->scheme = bl_scheme_find(tee == TEE_SGX ? "sgx" : "tdx");
    out->evidence = quote;
    return BULLA_OK;
}

/* -- tagged: CBOR 60000([quote, claims]) ---------------------------------------------------------- */

#define TAG_QUOTE 60000
#define CLAIMS_SIZE_MAX 4096 /* bytes; a digest and a nonce */

/* IANA "Named Information Hash Algorithm". */
static enum bl_hash
hash_of_id(uint64_t id)
{
    return id == 1 ? BL_SHA256 : id == 7 ? BL_SHA384 : id == 8 ? BL_SHA512 : BL_HASH_NONE;
}

static enum bulla_status
decode_key_hash(struct bulla_bytes value, struct bl_cert_evidence *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(value, where);

    if (bl_cbor_read_array(&r, 2) != 2)
        bl_reader_fail(&r, "not algorithm and digest");
    out->key_hash = hash_of_id(bl_cbor_read_uint(&r));
    out->key_digest = bl_cbor_read_bytes(&r, BL_HASH_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    if (out->key_hash == BL_HASH_NONE)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "another hash algorithm", 0);
    if (out->key_digest.size != bl_hash_size(out->key_hash))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a digest of another size", 0);
    return BULLA_OK;
}

/* All other claims are ignored, as the format wants it. */
static enum bulla_status
decode_claims(struct bl_cert_evidence *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(out->claims, where);
    struct bulla_bytes key_hash = { NULL, 0 };
    struct bl_cbor_keyed_map map;
    struct bl_cbor_key key;

    bl_cbor_read_keyed_map(&r, &map);
    while (bl_cbor_keyed_next(&r, &map, &key)) {
        if (key.is_text && bl_equal(key.text, BL_LITERAL("pubkey-hash")))
            key_hash = bl_cbor_read_bytes(&r, CLAIMS_SIZE_MAX);
        else if (key.is_text && bl_equal(key.text, BL_LITERAL("nonce")))
            out->nonce = bl_cbor_read_bytes(&r, CLAIMS_SIZE_MAX);
        else
            (void)bl_cbor_skip_foreign(&r);
    }
    BL_TRY(bl_reader_finish(&r, err));
    if (key_hash.size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, where, "no digest of the key");
    return decode_key_hash(key_hash, out, err);
}

static enum bulla_status
decode_tagged(struct bulla_bytes value, struct bl_cert_evidence *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(value, where);

    if (!bl_cbor_read_if_tag(&r, TAG_QUOTE))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "a tag of something else than a quote",
                          0);
    if (bl_cbor_read_array(&r, 2) != 2)
        bl_reader_fail(&r, "not quote and claims");
    struct bulla_bytes quote = bl_cbor_read_bytes(&r, BL_PART_SIZE_MAX);
    out->claims = bl_cbor_read_bytes(&r, CLAIMS_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    BL_TRY(decode_claims(out, err));
    return take_quote(quote, out, err);
}

/* -- wrapped -------------------------------------------------------------------------------------- */

/* CMW ::= CHOICE { json UTF8String, cbor OCTET STRING }, or the wrapper without that. */
static enum bulla_status
decode_wrapped(struct bulla_bytes value, struct bl_cert_evidence *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(value, where);
    bool is_json = bl_der_next_is(&r, BL_DER_UTF8_STRING);

    if (is_json || bl_der_next_is(&r, BL_DER_OCTET_STRING)) {
        value = bl_der_read(&r, is_json ? BL_DER_UTF8_STRING : BL_DER_OCTET_STRING);
        BL_TRY(bl_reader_finish(&r, err));
        enum bl_cmw_form form;
        if (value.size == 0 || (bl_cmw_encoding_of(value.data[0], &form) == BL_CMW_JSON) != is_json)
            return bulla_fail(err, BULLA_E_MALFORMED, where, "no wrapper of this encoding", 0);
    }
    BL_TRY(bl_cmw_decode(value, &out->cmw, err));
    BL_TRY(bl_wrapper_open(&out->cmw, &out->wrapped, err));
    out->scheme = out->wrapped.scheme;
    out->evidence = out->wrapped.evidence;
    return BULLA_OK;
}

/* The one OID has both: a wrapper's first byte is another one than that of tag 60000 and its like. */
static enum bulla_status
decode_dice(struct bulla_bytes value, struct bl_cert_evidence *out, struct bulla_error *err)
{
    out->format = value.size > 0 && value.data[0] == 0xd9 ? BL_CERT_TAGGED : BL_CERT_WRAPPED;
    return out->format == BL_CERT_TAGGED ? decode_tagged(value, out, err)
                                         : decode_wrapped(value, out, err);
}

/* -- Open Enclave --------------------------------------------------------------------------------- */

#define OE_REPORT_VERSION 1
#define OE_REPORT_REMOTE 2
#define OE_EVIDENCE_VERSION 3
static const uint8_t oe_sgx_ecdsa[16] = { 0xa3, 0xa2, 0x1e, 0x87, 0x1b, 0x4d, 0x40, 0x14,
                                          0xb7, 0x0a, 0xa1, 0x25, 0xd2, 0xfb, 0xcd, 0x8c };

/* oe_report_header_t: version, type, size; the quote. */
static enum bulla_status
decode_oe_report(struct bulla_bytes value, struct bl_cert_evidence *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(value, where);
    uint32_t version = bl_read_u32le(&r); /* 0 */
    uint32_t type = bl_read_u32le(&r);    /* 4 */
    uint64_t size = bl_read_u64le(&r);    /* 8 */

    BL_TRY(bl_reader_ok(&r, err));
    if (version != OE_REPORT_VERSION || type != OE_REPORT_REMOTE)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "not a remote report of version 1", 0);
    if (size != bl_reader_left(&r))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "a report of another size", 8);
    return take_quote(bl_read_view(&r, (size_t)size), out, err);
}

/* The quote ends where its signature does; custom claims follow. */
static enum bulla_status
split_claims(struct bulla_bytes data, struct bl_cert_evidence *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(data, where);

    bl_skip(&r, QUOTE_SIGNATURE_SIZE_AT);
    uint32_t size = bl_read_u32le(&r);
    (void)bl_read_view(&r, size);
    BL_TRY(bl_reader_ok(&r, err));
    out->claims = (struct bulla_bytes){ data.data + r.offset, bl_reader_left(&r) };
    return take_quote((struct bulla_bytes){ data.data, r.offset }, out, err);
}

/* oe_attestation_header_t: version, UUID of the format, 4 bytes of padding, size; the data. */
static enum bulla_status
decode_oe_evidence(struct bulla_bytes value, struct bl_cert_evidence *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(value, where);
    uint32_t version = bl_read_u32le(&r);             /* 0 */
    struct bulla_bytes format = bl_read_view(&r, 16); /* 4 */
    bl_skip(&r, 4);                                   /* 20 */
    uint64_t size = bl_read_u64le(&r);                /* 24 */

    BL_TRY(bl_reader_ok(&r, err));
    if (version != OE_EVIDENCE_VERSION || !bl_equal(format, BL_BYTES_OF(oe_sgx_ecdsa)))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "not of version 3 with an ECDSA quote",
                          0);
    if (size != bl_reader_left(&r))
        return bulla_fail(err, BULLA_E_MALFORMED, where, "evidence of another size", 24);
    return split_claims(bl_read_view(&r, (size_t)size), out, err);
}

/* -- dstack --------------------------------------------------------------------------------------- */

/* The quote is an OCTET STRING inside the extension's own. */
static enum bulla_status
decode_dstack(struct bulla_bytes value, struct bl_cert_evidence *out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(value, where);
    struct bulla_bytes quote = bl_der_read_octets(&r, BL_PART_SIZE_MAX);

    BL_TRY(bl_reader_finish(&r, err));
    return take_quote(quote, out, err);
}

enum bulla_status
bl_cert_evidence_decode(enum bl_cert_format format, struct bulla_bytes value,
                        struct bl_cert_evidence *evidence_out, struct bulla_error *err)
{
    evidence_out->format = format;
    switch (format) {
    case BL_CERT_TAGGED:
        return decode_dice(value, evidence_out, err);
    case BL_CERT_WRAPPED:
        return decode_wrapped(value, evidence_out, err);
    case BL_CERT_OE_EVIDENCE:
        return decode_oe_evidence(value, evidence_out, err);
    case BL_CERT_OE_REPORT:
        return decode_oe_report(value, evidence_out, err);
    case BL_CERT_GRAMINE:
        return take_quote(value, evidence_out, err);
    case BL_CERT_DSTACK:
        return decode_dstack(value, evidence_out, err);
    case BL_CERT_NONE:
        break;
    }
    return bulla_fail(err, BULLA_E_ARGUMENT, where, "no such format", 0);
}
