/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/structures.h"

#include "base/memory.h"

#define REPORT "SNP report"
#define TABLE "SNP certificate table"
#define ID_AUTH "SNP ID authentication"
#define VERSION_LEAST 2u
#define VERSION_MOST 5u
#define VERSION_CPUID 3u      /* the first with family, model and stepping */
#define VERSION_MITIGATION 5u /* the first with mitigation vectors */
#define ALGORITHM_ECDSA_P384_SHA384 1u
#define CURVE_P384 2u
#define NUMBER_SIZE 48u       /* bytes of a P-384 number */
#define NUMBER_FIELD_SIZE 72u /* bytes that it has room for */
#define POLICY_KNOWN ((BL_SNP_POLICY_PAGE_SWAP_DISABLE << 1) - 1)
#define KEY_INFO_KNOWN 0x1fu
#define TABLE_ENTRY_COUNT_MAX 16u /* five kinds are defined */

/* -- a report ---------------------------------------------------------------------------------- */

/* A little-endian number in a field of 72 bytes, as 48 bytes big-endian. The rest of the field is
 * for larger curves: zero, so that one signature has one form. */
static void
read_number(struct bl_reader *r, uint8_t *big_endian_out)
{
    struct bulla_bytes number = bl_read_view(r, NUMBER_SIZE);
    struct bulla_bytes rest = bl_read_view(r, NUMBER_FIELD_SIZE - NUMBER_SIZE);

    if (!bl_all_zero(rest))
        bl_reader_fail(r, "number is too large for P-384");
    for (size_t i = 0; i < number.size; i++)
        big_endian_out[i] = number.data[number.size - 1 - i];
}

static void
read_zeros(struct bl_reader *r, size_t size)
{
    if (!bl_all_zero(bl_read_view(r, size)))
        bl_reader_fail(r, "reserved bytes are not zero");
}

static void
read_signature(struct bl_reader *r, size_t size, uint8_t raw_out[2 * NUMBER_SIZE])
{
    read_number(r, raw_out);
    read_number(r, raw_out + NUMBER_SIZE);
    read_zeros(r, size - 2 * NUMBER_FIELD_SIZE);
}

enum bulla_status
bl_snp_report_decode(struct bulla_bytes bytes, struct bl_snp_report *report_out,
                     struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, REPORT);
    struct bl_snp_report report = { .bytes = bytes };

    report.version = bl_read_u32le(&r);             /* 0x000 */
    report.guest_svn = bl_read_u32le(&r);           /* 0x004 */
    report.policy = bl_read_u64le(&r);              /* 0x008 */
    report.family_id = bl_read_view(&r, 16);        /* 0x010 */
    report.image_id = bl_read_view(&r, 16);         /* 0x020 */
    report.vmpl = bl_read_u32le(&r);                /* 0x030 */
    report.signature_algorithm = bl_read_u32le(&r); /* 0x034 */
    report.current_tcb = bl_read_view(&r, 8);       /* 0x038 */
    report.platform_info = bl_read_u64le(&r);       /* 0x040 */
    report.key_info = bl_read_u32le(&r);            /* 0x048 */
    bl_skip(&r, 4);
    report.report_data = bl_read_view(&r, 64);       /* 0x050 */
    report.measurement = bl_read_view(&r, 48);       /* 0x090 */
    report.host_data = bl_read_view(&r, 32);         /* 0x0c0 */
    report.id_key_digest = bl_read_view(&r, 48);     /* 0x0e0 */
    report.author_key_digest = bl_read_view(&r, 48); /* 0x110 */
    report.report_id = bl_read_view(&r, 32);         /* 0x140 */
    report.report_id_ma = bl_read_view(&r, 32);      /* 0x160 */
    report.reported_tcb = bl_read_view(&r, 8);       /* 0x180 */
    report.cpuid = bl_read_view(&r, 3);              /* 0x188 */
    bl_skip(&r, 21);
    report.chip_id = bl_read_view(&r, 64);        /* 0x1a0 */
    report.committed_tcb = bl_read_view(&r, 8);   /* 0x1e0 */
    report.current_version = bl_read_view(&r, 3); /* 0x1e8 */
    bl_skip(&r, 1);
    report.committed_version = bl_read_view(&r, 3); /* 0x1ec */
    bl_skip(&r, 1);
    report.launch_tcb = bl_read_view(&r, 8);         /* 0x1f0 */
    report.launch_mit_vector = bl_read_view(&r, 8);  /* 0x1f8 */
    report.current_mit_vector = bl_read_view(&r, 8); /* 0x200 */
    bl_skip(&r, BL_SNP_SIGNED_SIZE - 0x208u);
    read_signature(&r, BL_SNP_REPORT_SIZE - BL_SNP_SIGNED_SIZE, report.signature); /* 0x2a0 */
    BL_TRY(bl_reader_finish(&r, err));
    *report_out = report;
    return BULLA_OK;
}

unsigned
bl_snp_signing_key(const struct bl_snp_report *report)
{
    return (report->key_info >> 2) & 7u;
}

bool
bl_snp_author_key_enabled(const struct bl_snp_report *report)
{
    return (report->key_info & 1u) != 0;
}

bool
bl_snp_chip_key_masked(const struct bl_snp_report *report)
{
    return (report->key_info & 2u) != 0;
}

/* -- its form ---------------------------------------------------------------------------------- */

static enum bulla_status
check_version(const struct bl_snp_report *report, struct bulla_error *err)
{
    if (report->version < VERSION_LEAST || report->version > VERSION_MOST) {
        enum bulla_status status = bulla_fail(err, BULLA_E_UNSUPPORTED, REPORT, "version", 0);
        bulla_error_values(err, bulla_value_number(report->version),
                           bulla_value_number(VERSION_MOST));
        return status;
    }
    if (report->signature_algorithm != ALGORITHM_ECDSA_P384_SHA384)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, REPORT, "signature algorithm", 0x34);
    return BULLA_OK;
}

/* Bytes that mean nothing in the report's version: what a later one puts there is not understood. */
static enum bulla_status
check_reserved(const struct bl_snp_report *report, struct bulla_error *err)
{
    static const struct {
        uint16_t offset, size;
        uint32_t until_version; /* reserved in versions below */
    } reserved[] = {
        { 0x04c, 0x04, UINT32_MAX }, { 0x188, 0x03, VERSION_CPUID },
        { 0x18b, 0x15, UINT32_MAX }, { 0x1eb, 0x01, UINT32_MAX },
        { 0x1ef, 0x01, UINT32_MAX }, { 0x1f8, 0x10, VERSION_MITIGATION },
        { 0x208, 0x98, UINT32_MAX },
    };

    for (size_t i = 0; i < BL_COUNT_OF(reserved); i++) {
        struct bulla_bytes bytes = { report->bytes.data + reserved[i].offset, reserved[i].size };
        if (report->version < reserved[i].until_version && !bl_all_zero(bytes))
            return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "reserved bytes are not zero",
                              reserved[i].offset);
    }
    if ((report->key_info & ~KEY_INFO_KNOWN) != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "reserved bits are not zero", 0x48);
    return BULLA_OK;
}

struct bl_firmware_claims
bl_snp_tcb_svns(struct bulla_bytes tcb, enum bl_snp_generation generation)
{
    const uint8_t *at = tcb.data;

    if (generation == BL_SNP_TURIN)
        return (struct bl_firmware_claims){ generation, { at[1], at[2], at[3], at[7], at[0] } };
    return (struct bl_firmware_claims){ generation, { at[0], at[1], at[6], at[7], 0 } };
}

/* A guest policy permits: a bit that is not understood permits something that nobody judged. */
static enum bulla_status
check_policy(const struct bl_snp_report *report, struct bulla_error *err)
{
    if ((report->policy & BL_SNP_POLICY_ONE) == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "reserved bit of the policy is not one",
                          0x08);
    if ((report->policy & ~POLICY_KNOWN) == 0)
        return BULLA_OK;
    enum bulla_status status =
        bulla_fail(err, BULLA_E_UNSUPPORTED, REPORT, "guest policy of unknown meaning", 0x08);
    bulla_error_values(err, bulla_value_number(report->policy), bulla_value_number(POLICY_KNOWN));
    return status;
}

/* Each byte of a TCB version is one component, in every layout. */
static bool
is_at_most(struct bulla_bytes a, struct bulla_bytes b)
{
    for (size_t i = 0; i < a.size; i++)
        if (a.data[i] > b.data[i])
            return false;
    return true;
}

static uint32_t
version_number(struct bulla_bytes build_minor_major)
{
    const uint8_t *v = build_minor_major.data;

    return (uint32_t)v[2] << 16 | (uint32_t)v[1] << 8 | v[0];
}

static enum bulla_status
check_order(const struct bl_snp_report *report, struct bulla_error *err)
{
    if (!is_at_most(report->reported_tcb, report->committed_tcb))
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "reported TCB is above the committed one",
                          0x180);
    if (!is_at_most(report->committed_tcb, report->current_tcb))
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "committed TCB is above the current one",
                          0x1e0);
    if (version_number(report->committed_version) > version_number(report->current_version))
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT,
                          "committed firmware is newer than the current one", 0x1ec);
    return BULLA_OK;
}

enum bulla_status
bl_snp_report_check(const struct bl_snp_report *report, struct bulla_error *err)
{
    BL_TRY(check_version(report, err));
    BL_TRY(check_reserved(report, err));
    BL_TRY(check_policy(report, err));
    if (!bl_snp_author_key_enabled(report) && !bl_all_zero(report->author_key_digest))
        return bulla_fail(err, BULLA_E_MALFORMED, REPORT, "author key that was not enabled", 0x110);
    return check_order(report, err);
}

/* -- certificates beside it -------------------------------------------------------------------- */

#define GUID_SIZE 16u

static struct bulla_bytes *
table_place(struct bl_snp_table *table, struct bulla_bytes guid)
{
    const struct {
        struct bulla_bytes *place;
        uint8_t guid[GUID_SIZE];
    } kinds[] = {
        { &table->vcek,
          { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8,
            0xac, 0xcd } },
        { &table->vlek,
          { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0,
            0xb8, 0xa1 } },
        { &table->ask,
          { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27,
            0xc7, 0x82 } },
        { &table->ark,
          { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c,
            0xd0, 0xae } },
        { &table->crl,
          { 0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc,
            0x67, 0xea } },
    };

    for (size_t i = 0; i < BL_COUNT_OF(kinds); i++)
        if (bl_equal(guid, BL_BYTES_OF(kinds[i].guid)))
            return kinds[i].place;
    return NULL;
}

/* One entry; *end_out: it was the empty one that ends the list. */
static enum bulla_status
read_entry(struct bl_reader *r, struct bl_snp_table *table, bool *end_out, struct bulla_error *err)
{
    struct bulla_bytes guid = bl_read_view(r, GUID_SIZE);
    uint32_t offset = bl_read_u32le(r);
    uint32_t size = bl_read_u32le(r);

    BL_TRY(bl_reader_ok(r, err));
    *end_out = bl_all_zero(guid);
    if (*end_out)
        return BULLA_OK;
    if (offset > r->input.size || size > r->input.size - offset)
        return bulla_fail(err, BULLA_E_MALFORMED, TABLE, "entry lies outside", r->offset);
    struct bulla_bytes *place = table_place(table, guid);
    if (place == NULL)
        return BULLA_OK;
    if (place->size > 0 || size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, TABLE, "entry is there twice, or empty",
                          r->offset);
    *place = (struct bulla_bytes){ r->input.data + offset, size };
    return BULLA_OK;
}

static enum bulla_status
decode_table(struct bulla_bytes bytes, struct bl_snp_table *table, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, TABLE);
    bool end = false;

    for (unsigned i = 0; i < TABLE_ENTRY_COUNT_MAX && !end; i++)
        BL_TRY(read_entry(&r, table, &end, err));
    if (!end)
        return bulla_fail(err, BULLA_E_LIMIT, TABLE, "too many entries", TABLE_ENTRY_COUNT_MAX);
    return BULLA_OK;
}

enum bulla_status
bl_snp_evidence_split(struct bulla_bytes evidence, struct bulla_bytes *report_out,
                      struct bl_snp_table *table_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(evidence, REPORT);
    struct bl_snp_table table = { 0 };

    struct bulla_bytes report = bl_read_view(&r, BL_SNP_REPORT_SIZE);
    BL_TRY(bl_reader_ok(&r, err));
    struct bulla_bytes rest = bl_read_view(&r, bl_reader_left(&r));
    if (rest.size > 0)
        BL_TRY(decode_table(rest, &table, err));
    *report_out = report;
    *table_out = table;
    return BULLA_OK;
}

/* -- ID authentication information ------------------------------------------------------------- */

#define SIGNATURE_SIZE 512u /* bytes of the structure */
#define POINT_UNCOMPRESSED 0x04u

static void
read_key(struct bulla_bytes bytes, struct bl_snp_public_key *key, struct bl_reader *r)
{
    struct bl_reader part = bl_reader(bytes, ID_AUTH);

    key->bytes = bytes;
    uint32_t curve = bl_read_u32le(&part);
    key->raw[0] = POINT_UNCOMPRESSED;
    read_number(&part, key->raw + 1);
    read_number(&part, key->raw + 1 + NUMBER_SIZE);
    read_zeros(&part, bl_reader_left(&part));
    if (curve != CURVE_P384 || part.failed != NULL)
        bl_reader_fail(r, "key is not one of P-384");
}

/* Both are zero, or neither is. */
static void
read_author(struct bulla_bytes signature, struct bulla_bytes key, struct bl_snp_id_auth *auth,
            struct bl_reader *r)
{
    struct bl_reader part = bl_reader(signature, ID_AUTH);

    auth->has_author = !bl_all_zero(key);
    if (auth->has_author)
        read_key(key, &auth->author_key, r);
    else if (!bl_all_zero(signature))
        bl_reader_fail(r, "signature of an author who is not there");
    read_signature(&part, signature.size, auth->id_key_signature);
    if (part.failed != NULL)
        bl_reader_fail(r, part.failed);
}

enum bulla_status
bl_snp_id_auth_decode(struct bulla_bytes bytes, struct bl_snp_id_auth *auth_out,
                      struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, ID_AUTH);
    struct bl_snp_id_auth auth = { 0 };

    uint32_t id_algorithm = bl_read_u32le(&r);     /* 0x000 */
    uint32_t author_algorithm = bl_read_u32le(&r); /* 0x004 */
    read_zeros(&r, 0x40 - 0x08);
    read_signature(&r, SIGNATURE_SIZE, auth.id_block_signature);          /* 0x040 */
    struct bulla_bytes id_key = bl_read_view(&r, BL_SNP_PUBLIC_KEY_SIZE); /* 0x240 */
    read_zeros(&r, 0x680 - 0x644);
    struct bulla_bytes id_key_signature = bl_read_view(&r, SIGNATURE_SIZE);   /* 0x680 */
    struct bulla_bytes author_key = bl_read_view(&r, BL_SNP_PUBLIC_KEY_SIZE); /* 0x880 */
    read_zeros(&r, BL_SNP_ID_AUTH_SIZE - 0xc84);
    BL_TRY(bl_reader_ok(&r, err));
    read_key(id_key, &auth.id_key, &r);
    read_author(id_key_signature, author_key, &auth, &r);
    BL_TRY(bl_reader_finish(&r, err));
    if (id_algorithm != ALGORITHM_ECDSA_P384_SHA384 ||
        (auth.has_author && author_algorithm != ALGORITHM_ECDSA_P384_SHA384))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, ID_AUTH, "signature algorithm", 0);
    *auth_out = auth;
    return BULLA_OK;
}
