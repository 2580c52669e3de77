/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/quote.h"

#include "base/memory.h"
#include "codec/reader.h"

#define WHERE "DCAP quote"
#define KEY_TYPE_ECDSA_P256 2
#define CERTIFICATION_QE_REPORT 6 /* the outer one of versions 4 and 5 */
#define SIGNATURE_SIZE 64         /* bytes, r|s */
#define KEY_SIZE 64               /* bytes, x|y */
#define TEE_SGX 0x00000000
#define TEE_TDX 0x00000081
#define ATTRIBUTE_DEBUG 0x02 /* of the first byte of ATTRIBUTES.FLAGS */

static const uint8_t intel_qe_vendor[16] = { 0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                             0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07 };

static enum bulla_status
decode_header(struct bl_reader *r, struct bl_dcap_quote *quote, struct bulla_error *err)
{
    quote->version = bl_read_u16le(r);               /* 0x00 */
    uint16_t key_type = bl_read_u16le(r);            /* 0x02 */
    quote->tee_type = bl_read_u32le(r);              /* 0x04 */
    bl_skip(r, 4);                                   /* 0x08 SVNs of QE and PCE in version 3 */
    struct bulla_bytes vendor = bl_read_view(r, 16); /* 0x0c */
    bl_skip(r, 20);                                  /* 0x1c user data */
    BL_TRY(bl_reader_ok(r, err));
    if (quote->version < 3 || quote->version > 5)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "version", quote->version);
    if (key_type != KEY_TYPE_ECDSA_P256)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "attestation key type", key_type);
    if (!bl_equal(vendor, BL_BYTES_OF(intel_qe_vendor)))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "not Intel's quoting enclave", 12);
    if (quote->tee_type != TEE_SGX && (quote->tee_type != TEE_TDX || quote->version == 3))
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "TEE type", 4);
    return BULLA_OK;
}

static size_t
body_size(enum bl_dcap_body type)
{
    switch (type) {
    case BL_DCAP_BODY_SGX:
        return BL_ENCLAVE_REPORT_SIZE;
    case BL_DCAP_BODY_TD10:
        return BL_TD_REPORT_10_SIZE;
    case BL_DCAP_BODY_TD15:
        return BL_TD_REPORT_15_SIZE;
    }
    return 0;
}

/* Which body there is: said in version 5, given by the TEE type before it. */
static enum bulla_status
decode_body(struct bl_reader *r, struct bl_dcap_quote *quote, struct bulla_error *err)
{
    const bool is_sgx = quote->tee_type == TEE_SGX;
    uint16_t type = is_sgx ? BL_DCAP_BODY_SGX : BL_DCAP_BODY_TD10;
    size_t size = body_size((enum bl_dcap_body)type);

    if (quote->version >= 5) {
        type = bl_read_u16le(r); /* 0x30 */
        size = bl_read_u32le(r); /* 0x32 */
        BL_TRY(bl_reader_ok(r, err));
        if (type < BL_DCAP_BODY_SGX || type > BL_DCAP_BODY_TD15)
            return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "body type", type);
        if (is_sgx != (type == BL_DCAP_BODY_SGX))
            return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "body of another TEE", 0x30);
        if (size != body_size((enum bl_dcap_body)type))
            return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "size of the body", 0x32);
    }
    quote->body_type = (enum bl_dcap_body)type;
    quote->body = bl_read_view(r, size);
    quote->signed_part = (struct bulla_bytes){ r->input.data, r->offset };
    return bl_reader_ok(r, err);
}

static void
decode_certification(struct bl_reader *r, struct bl_dcap_quote *quote)
{
    quote->qe_report = bl_read_view(r, BL_ENCLAVE_REPORT_SIZE);
    quote->qe_signature = bl_read_view(r, SIGNATURE_SIZE);
    quote->qe_auth_data = bl_read_view(r, bl_read_u16le(r));
    quote->certification_type = bl_read_u16le(r);
    quote->certification = bl_read_view(r, bl_read_u32le(r));
}

static enum bulla_status
decode_authentication(struct bl_reader *r, struct bl_dcap_quote *quote, struct bulla_error *err)
{
    quote->signature = bl_read_view(r, SIGNATURE_SIZE);
    quote->attestation_key = bl_read_view(r, KEY_SIZE);
    if (quote->version == 3) {
        decode_certification(r, quote);
        return bl_reader_finish(r, err);
    }
    uint16_t type = bl_read_u16le(r);
    uint32_t size = bl_read_u32le(r);
    BL_TRY(bl_reader_ok(r, err));
    if (type != CERTIFICATION_QE_REPORT)
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "no report of a quoting enclave", type);
    struct bl_reader inner = bl_read_part(r, size, "report of the quoting enclave");
    decode_certification(&inner, quote);
    BL_TRY(bl_reader_finish(&inner, err));
    return bl_reader_finish(r, err);
}

enum bulla_status
bl_dcap_quote_decode(struct bulla_bytes bytes, struct bl_dcap_quote *quote_out,
                     struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, WHERE);
    struct bl_dcap_quote quote = { 0 };

    BL_TRY(decode_header(&r, &quote, err));
    BL_TRY(decode_body(&r, &quote, err));
    uint32_t size = bl_read_u32le(&r);
    BL_TRY(bl_reader_ok(&r, err));
    struct bl_reader part = bl_read_part(&r, size, "quote's authentication data");
    BL_TRY(decode_authentication(&part, &quote, err));
    quote.size = r.offset;
    quote.padding = bl_read_view(&r, bl_reader_left(&r));
    BL_TRY(bl_reader_finish(&r, err));
    *quote_out = quote;
    return BULLA_OK;
}

enum bulla_status
bl_enclave_report_decode(struct bulla_bytes bytes, struct bl_enclave_report *report_out,
                         struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "enclave report");
    struct bl_enclave_report report;

    report.cpu_svn = bl_read_view(&r, BL_DCAP_SVN_COUNT); /* 0 */
    report.misc_select = bl_read_view(&r, 4);             /* 16 */
    bl_skip(&r, 12);                                      /* 20 */
    report.isv_ext_prod_id = bl_read_view(&r, 16);        /* 32 */
    report.attributes = bl_read_view(&r, 16);             /* 48 */
    report.mr_enclave = bl_read_view(&r, 32);             /* 64 */
    bl_skip(&r, 32);                                      /* 96 */
    report.mr_signer = bl_read_view(&r, 32);              /* 128 */
    bl_skip(&r, 32);                                      /* 160 */
    report.config_id = bl_read_view(&r, 64);              /* 192 */
    report.isv_prod_id = bl_read_u16le(&r);               /* 256 */
    report.isv_svn = bl_read_u16le(&r);                   /* 258 */
    report.config_svn = bl_read_u16le(&r);                /* 260 */
    bl_skip(&r, 42);                                      /* 262 */
    report.isv_family_id = bl_read_view(&r, 16);          /* 304 */
    report.report_data = bl_read_view(&r, 64);            /* 320 */
    BL_TRY(bl_reader_finish(&r, err));
    report.is_debug = (report.attributes.data[0] & ATTRIBUTE_DEBUG) != 0;
    *report_out = report;
    return BULLA_OK;
}
