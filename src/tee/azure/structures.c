/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/azure/structures.h"

#include "base/memory.h"
#include "codec/base64.h"
#include "codec/reader.h"

#define REPORT "HCL report"
#define RUNTIME "runtime data"
#define HEADER_SIZE 32u
#define RUNTIME_HEADER_SIZE 20u
#define HEADERS_SIZE (HEADER_SIZE + BL_AZURE_SNP_REPORT_SIZE + RUNTIME_HEADER_SIZE)
#define TD_REPORT_DATA_OFFSET 128u
#define VERSION_MOST 2u
#define REQUEST_ATTESTATION 2u
#define KEY_COUNT_MAX 16u      /* two are there */
#define KEY_ID_SIZE_MAX 64u    /* bytes */
#define KEY_TEXT_SIZE_MAX 700u /* characters: RSA-4096 in Base64 */
#define EXPONENT_SIZE_MAX 4u   /* bytes */

/* -- the report -------------------------------------------------------------------------------- */

bool
bl_azure_is_report(struct bulla_bytes bytes)
{
    struct bl_reader r = bl_reader(bytes, REPORT);

    return bl_equal(bl_read_view(&r, 4), BL_LITERAL("HCLA"));
}

static enum bulla_status
fail_unsupported(const char *what, uint32_t found, struct bulla_error *err)
{
    enum bulla_status status = bulla_fail(err, BULLA_E_UNSUPPORTED, REPORT, what, 0);

    bulla_error_values(err, bulla_value_number(found), (struct bulla_value){ 0 });
    return status;
}

/* *size_out: of all that is not padding. */
static enum bulla_status
read_header(struct bl_reader *r, uint32_t *version_out, uint32_t *size_out, struct bulla_error *err)
{
    struct bulla_bytes magic = bl_read_view(r, 4);     /* 0x00 */
    uint32_t version = bl_read_u32le(r);               /* 0x04 */
    uint32_t size = bl_read_u32le(r);                  /* 0x08 */
    uint32_t request = bl_read_u32le(r);               /* 0x0c */
    uint32_t status = bl_read_u32le(r);                /* 0x10 */
    struct bulla_bytes reserved = bl_read_view(r, 12); /* 0x14 */

    BL_TRY(bl_reader_ok(r, err));
    if (!bl_equal(magic, BL_LITERAL("HCLA")))
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "magic", 0);
    if (version == 0 || version > VERSION_MOST)
        return fail_unsupported("version", version, err);
    if (request != REQUEST_ATTESTATION)
        return fail_unsupported("request type", request, err);
    if (status != 0 || !bl_all_zero(reserved))
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "status, or reserved bytes", 0x10);
    *version_out = version;
    *size_out = size;
    return BULLA_OK;
}

static enum bulla_status
read_runtime_header(struct bl_reader *r, struct bl_azure_report *report, uint32_t *size_out,
                    struct bulla_error *err)
{
    static const enum bl_hash hashes[] = { BL_HASH_NONE, BL_SHA256, BL_SHA384, BL_SHA512 };
    uint32_t data_size = bl_read_u32le(r);    /* 0x00 */
    uint32_t version = bl_read_u32le(r);      /* 0x04 */
    uint32_t type = bl_read_u32le(r);         /* 0x08 */
    report->hash_type = bl_read_u32le(r);     /* 0x0c */
    uint32_t runtime_size = bl_read_u32le(r); /* 0x10 */

    BL_TRY(bl_reader_ok(r, err));
    if (version != 1)
        return fail_unsupported("version of the runtime data", version, err);
    if (type != BL_AZURE_SNP && type != BL_AZURE_TDX)
        return fail_unsupported("report type", type, err);
    if (report->hash_type == 0 || report->hash_type >= BL_COUNT_OF(hashes))
        return fail_unsupported("hash type", report->hash_type, err);
    if (runtime_size > BL_AZURE_RUNTIME_SIZE_MAX || data_size != RUNTIME_HEADER_SIZE + runtime_size)
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "size of the runtime data", r->offset);
    report->type = (enum bl_azure_report_type)type;
    report->hash = hashes[report->hash_type];
    *size_out = runtime_size;
    return BULLA_OK;
}

/* A TDREPORT is shorter than the room for it. */
static enum bulla_status
trim_hardware(struct bl_azure_report *report, struct bulla_error *err)
{
    if (report->type != BL_AZURE_TDX)
        return BULLA_OK;
    struct bl_reader r = bl_reader(report->hardware, REPORT);
    report->hardware = bl_read_view(&r, BL_AZURE_TD_REPORT_SIZE);
    if (!bl_all_zero(bl_read_view(&r, bl_reader_left(&r))))
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "bytes behind the TDREPORT",
                          HEADER_SIZE + BL_AZURE_TD_REPORT_SIZE);
    return BULLA_OK;
}

enum bulla_status
bl_azure_report_decode(struct bulla_bytes bytes, struct bl_azure_report *report_out,
                       struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, REPORT);
    struct bl_azure_report report = { .has_header = true };
    uint32_t size = 0, runtime_size = 0;

    BL_TRY(read_header(&r, &report.version, &size, err));         /* 0x000 */
    report.hardware = bl_read_view(&r, BL_AZURE_SNP_REPORT_SIZE); /* 0x020 */
    BL_TRY(read_runtime_header(&r, &report, &runtime_size, err)); /* 0x4c0 */
    report.runtime_data = bl_read_view(&r, runtime_size);         /* 0x4d4 */
    BL_TRY(bl_reader_ok(&r, err));
    if (size != HEADERS_SIZE + runtime_size)
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "size", 0x08);
    if (!bl_all_zero(bl_read_view(&r, bl_reader_left(&r))))
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "bytes behind it", size);
    BL_TRY(trim_hardware(&report, err));
    *report_out = report;
    return BULLA_OK;
}

struct bulla_bytes
bl_azure_td_report_data(const struct bl_azure_report *report)
{
    struct bl_reader r = bl_reader(report->hardware, REPORT);

    bl_skip(&r, TD_REPORT_DATA_OFFSET);
    return bl_read_view(&r, BL_AZURE_REPORT_DATA_SIZE);
}

/* -- runtime data ------------------------------------------------------------------------------ */

enum bulla_status
bl_azure_runtime_parse(struct bulla_bytes text, struct bl_json **runtime_out,
                       struct bulla_error *err)
{
    return bl_json_parse(text, RUNTIME, BL_AZURE_RUNTIME_SIZE_MAX, runtime_out, err);
}

enum bulla_status
bl_azure_runtime_keys(const struct bl_json *runtime, const struct bl_json **keys_out,
                      size_t *count_out, struct bulla_error *err)
{
    BL_TRY(bl_json_require(runtime, "keys", keys_out, err));
    return bl_json_as_array(*keys_out, "keys", KEY_COUNT_MAX, count_out, err);
}

static enum bulla_status
read_text(const struct bl_json *object, const char *name, size_t size_max,
          struct bulla_bytes *text_out, struct bulla_error *err)
{
    const struct bl_json *value = NULL;

    BL_TRY(bl_json_require(object, name, &value, err));
    return bl_json_as_text(value, name, size_max, text_out, err);
}

static enum bulla_status
find_key(const struct bl_json *runtime, const struct bl_json **key_out, struct bulla_error *err)
{
    const struct bl_json *keys = NULL, *found = NULL;
    size_t count = 0;

    BL_TRY(bl_azure_runtime_keys(runtime, &keys, &count, err));
    for (size_t i = 0; i < count; i++) {
        struct bulla_bytes id = { NULL, 0 };
        BL_TRY(read_text(bl_json_at(keys, i), "kid", KEY_ID_SIZE_MAX, &id, err));
        if (!bl_equal(id, BL_LITERAL("HCLAkPub")))
            continue;
        if (found != NULL)
            return bulla_fail(err, BULLA_E_MALFORMED, RUNTIME, "HCLAkPub is there twice", i);
        found = bl_json_at(keys, i);
    }
    if (found == NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, RUNTIME, "no HCLAkPub", count);
    *key_out = found;
    return BULLA_OK;
}

static enum bulla_status
read_base64(const struct bl_json *key, const char *name, struct bulla_buffer *out,
            struct bulla_error *err)
{
    struct bulla_bytes text = { NULL, 0 };

    BL_TRY(read_text(key, name, KEY_TEXT_SIZE_MAX, &text, err));
    return bl_base64_decode(BL_BASE64_URL, text, out, err);
}

enum bulla_status
bl_azure_runtime_key(const struct bl_json *runtime, struct bl_key **key_out,
                     struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) modulus = { 0 };
    BL_AUTO(bulla_buffer) exponent = { 0 };
    const struct bl_json *key = NULL;
    struct bulla_bytes type = { NULL, 0 };
    uint32_t e = 0;

    BL_TRY(find_key(runtime, &key, err));
    BL_TRY(read_text(key, "kty", KEY_ID_SIZE_MAX, &type, err));
    if (!bl_equal(type, BL_LITERAL("RSA")))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, RUNTIME, "HCLAkPub is no RSA key", 0);
    BL_TRY(read_base64(key, "n", &modulus, err));
    BL_TRY(read_base64(key, "e", &exponent, err));
    if (exponent.size > EXPONENT_SIZE_MAX)
        return bulla_fail(err, BULLA_E_MALFORMED, RUNTIME, "exponent of HCLAkPub", exponent.size);
    for (size_t i = 0; i < exponent.size; i++)
        e = e << 8 | exponent.data[i];
    return bl_key_from_rsa_public(bulla_buffer_bytes(&modulus), e, key_out, err);
}
