/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SEV-SNP structures: every size but the right one, every field at its place, tables of certificates
 * and ID authentication information as they should not be.
 */
#include "tee/paper_snp.h"

#include "codec/json.h"

/* -- reports ------------------------------------------------------------------------------------ */

static void
test_report_sizes(void **state)
{
    uint8_t bytes[REPORT_SIZE + 1] = { 0 };

    (void)state;
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct bl_snp_report report = { .version = 77 };
        struct bulla_error err = { 0 };
        struct bulla_bytes given = { bytes, size };
        if (size == REPORT_SIZE) {
            assert_ok(bl_snp_report_decode(given, &report, &err), &err);
            continue;
        }
        assert_fails(bl_snp_report_decode(given, &report, &err), BULLA_E_MALFORMED, &err);
        assert_int_equal(report.version, 77);
    }
}

static void
test_each_field(void **state)
{
    uint8_t bytes[REPORT_SIZE];
    struct bl_snp_report r;
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + 3);
    memset(bytes + 0x2d0, 0, 24);
    memset(bytes + 0x318, 0, REPORT_SIZE - 0x318);
    assert_ok(bl_snp_report_decode(BL_BYTES_OF(bytes), &r, &err), &err);
    const struct {
        struct bulla_bytes found;
        size_t offset, size;
    } views[] = {
        { r.family_id, 0x10, 16 },          { r.image_id, 0x20, 16 },
        { r.current_tcb, 0x38, 8 },         { r.report_data, 0x50, 64 },
        { r.measurement, 0x90, 48 },        { r.host_data, 0xc0, 32 },
        { r.id_key_digest, 0xe0, 48 },      { r.author_key_digest, 0x110, 48 },
        { r.report_id, 0x140, 32 },         { r.report_id_ma, 0x160, 32 },
        { r.reported_tcb, 0x180, 8 },       { r.cpuid, 0x188, 3 },
        { r.chip_id, 0x1a0, 64 },           { r.committed_tcb, 0x1e0, 8 },
        { r.current_version, 0x1e8, 3 },    { r.committed_version, 0x1ec, 3 },
        { r.launch_tcb, 0x1f0, 8 },         { r.launch_mit_vector, 0x1f8, 8 },
        { r.current_mit_vector, 0x200, 8 },
    };
    for (size_t i = 0; i < BL_COUNT_OF(views); i++)
        assert_bytes_equal(views[i].found,
                           ((struct bulla_bytes){ bytes + views[i].offset, views[i].size }));
    assert_int_equal(r.version, 0x18110a03);
    assert_int_equal(r.guest_svn, 0x342d261f);
    assert_true(r.policy == UINT64_C(0x6c655e575049423b));
    assert_int_equal(bytes[0x30], r.vmpl & 0xff);
    assert_int_equal(bytes[0x34], r.signature_algorithm & 0xff);
    assert_int_equal(bytes[0x40], r.platform_info & 0xff);
    assert_int_equal(bytes[0x48], r.key_info & 0xff);
    for (size_t i = 0; i < 48; i++) { /* little-endian there, big-endian here */
        assert_int_equal(r.signature[i], bytes[0x2a0 + 47 - i]);
        assert_int_equal(r.signature[48 + i], bytes[0x2e8 + 47 - i]);
    }
}

/* -- tables ------------------------------------------------------------------------------------- */

static const uint8_t vcek_guid[16] = { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64,
                                       0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd };
static const uint8_t ask_guid[16] = { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4,
                                      0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 };
static const uint8_t ark_guid[16] = { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52,
                                      0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0, 0xae };

static void
put_entry(uint8_t *at, const uint8_t guid[16], size_t offset, size_t size)
{
    memcpy(at, guid, 16);
    put_u32(at + 16, (uint32_t)offset);
    put_u32(at + 20, (uint32_t)size);
}

static enum bulla_status
split(const uint8_t *table, size_t size, struct bl_snp_table *out, struct bulla_error *err)
{
    uint8_t bytes[REPORT_SIZE + 1024] = { 0 };
    struct bulla_bytes report = { NULL, 0 };

    memcpy(bytes + REPORT_SIZE, table, size);
    enum bulla_status status =
        bl_snp_evidence_split((struct bulla_bytes){ bytes, REPORT_SIZE + size }, &report, out, err);
    if (status == BULLA_OK)
        assert_int_equal(report.size, REPORT_SIZE);
    return status;
}

static void
test_table(void **state)
{
    static const uint8_t unknown[16] = { 1 };
    uint8_t table[128] = { 0 };
    struct bl_snp_table found = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    put_entry(table, vcek_guid, 96, 2);
    put_entry(table + 24, unknown, 100, 28);
    put_entry(table + 48, ask_guid, 98, 30);
    assert_ok(split(table, sizeof table, &found, &err), &err);
    assert_int_equal(found.vcek.size, 2);
    assert_int_equal(found.ask.size, 30);
    assert_int_equal(found.ark.size, 0);
    put_entry(table + 48, ask_guid, 98, 31);
    assert_fails(split(table, sizeof table, &found, &err), BULLA_E_MALFORMED, &err);
    put_entry(table + 48, ask_guid, 129, 0);
    assert_fails(split(table, sizeof table, &found, &err), BULLA_E_MALFORMED, &err);
    put_entry(table + 48, ask_guid, UINT32_MAX, UINT32_MAX);
    assert_fails(split(table, sizeof table, &found, &err), BULLA_E_MALFORMED, &err);
    put_entry(table + 48, ask_guid, 98, 0);
    assert_fails(split(table, sizeof table, &found, &err), BULLA_E_MALFORMED, &err);
    put_entry(table + 48, vcek_guid, 98, 1);
    assert_fails(split(table, sizeof table, &found, &err), BULLA_E_MALFORMED, &err);
}

static void
test_table_sizes(void **state)
{
    uint8_t table[17 * 24] = { 0 };
    struct bl_snp_table found;

    (void)state;
    for (size_t i = 0; i < 16; i++)
        table[24 * i] = (uint8_t)(i + 1);
    for (size_t size = 1; size <= sizeof table; size++) {
        struct bulla_error err = { 0 };
        assert_fails(split(table, size, &found, &err),
                     size < 16 * 24 ? BULLA_E_MALFORMED : BULLA_E_LIMIT, &err);
    }
    memset(table + 15 * 24, 0, 24);
    for (size_t size = 16 * 24; size <= sizeof table; size++) {
        struct bulla_error err = { 0 };
        assert_ok(split(table, size, &found, &err), &err);
    }
}

/* The certificates beside the report do instead of those that are not given, and no trust comes of
 * it: the root is still the pinned one. */
static void
test_extended_report_verifies_alone(void **state)
{
    struct paper_snp p = paper_snp(BL_SNP_GENOA, 5, false);
    struct paper_evidence e;
    struct bl_claims claims;
    struct bulla_error err = { 0 };
    uint8_t table[96] = { 0 };
    size_t offset = sizeof table;
    const uint8_t *const guids[] = { vcek_guid, ask_guid, ark_guid };

    (void)state;
    paper_make(&p, &e);
    for (size_t i = 0; i < 3; i++) {
        put_entry(table + 24 * i, guids[i], offset, e.parts[i].bytes.size);
        offset += e.parts[i].bytes.size;
    }
    assert_ok(bulla_buffer_append(&e.bytes, BL_BYTES_OF(table), &err), &err);
    for (size_t i = 0; i < 3; i++)
        assert_ok(bulla_buffer_append(&e.bytes, e.parts[i].bytes, &err), &err);
    e.v.evidence = bulla_buffer_bytes(&e.bytes);
    e.v.part_count = 0;
    assert_ok(bl_snp_verify(&e.v, &claims, &err), &err);
    e.pin[0] ^= 1;
    assert_cause(bl_snp_verify(&e.v, &claims, &err), BULLA_CAUSE_WRONG_ROOT, &err);
    paper_evidence_done(&e);
}

/* -- ID authentication information -------------------------------------------------------------- */

static void
put_key(uint8_t *at, const struct bl_key *key)
{
    BL_AUTO(bulla_buffer) raw = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_key_raw_public(key, &raw, &err), &err);
    put_u32(at, 2);
    paper_reverse(at + 4, raw.data + 1);
    paper_reverse(at + 76, raw.data + 49);
}

static void
put_signature(uint8_t *at, const struct bl_key *key, struct bulla_bytes message)
{
    BL_AUTO(bulla_buffer) raw = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_key_sign(key, &message, 1, &raw, &err), &err);
    paper_reverse(at, raw.data);
    paper_reverse(at + 72, raw.data + 48);
}

static const uint8_t id_block[96] = { 1, 2, 3 };

static void
make_id_auth(uint8_t out[BL_SNP_ID_AUTH_SIZE])
{
    memset(out, 0, BL_SNP_ID_AUTH_SIZE);
    put_u32(out, 1);
    put_u32(out + 4, 1);
    put_key(out + 0x240, paper_signing_key);
    put_key(out + 0x880, paper_wrong_key);
    put_signature(out + 0x40, paper_signing_key, BL_BYTES_OF(id_block));
    put_signature(out + 0x680, paper_wrong_key, (struct bulla_bytes){ out + 0x240, 1028 });
}

static enum bulla_status
inspect(const uint8_t *auth, struct bulla_bytes block, struct bulla_error *err)
{
    const struct bl_part part = { "id_block", block };
    const struct bl_verification v = { .evidence = { auth, BL_SNP_ID_AUTH_SIZE },
                                       .parts = &part,
                                       .part_count = block.size > 0 };
    struct bl_claims claims = { 0 };
    enum bulla_status status = bl_snp_inspect(&v, &claims, err);

    assert_true((status == BULLA_OK) == (claims.kind != NULL));
    return status;
}

static void
test_id_auth(void **state)
{
    uint8_t auth[BL_SNP_ID_AUTH_SIZE], other[96] = { 9 };
    const struct bulla_bytes none = { NULL, 0 };
    struct bulla_error err = { 0 };

    (void)state;
    make_id_auth(auth);
    assert_ok(inspect(auth, none, &err), &err);
    assert_ok(inspect(auth, BL_BYTES_OF(id_block), &err), &err);
    assert_cause(inspect(auth, BL_BYTES_OF(other), &err), BULLA_CAUSE_REPORT_SIGNATURE, &err);
    assert_fails(inspect(auth, (struct bulla_bytes){ id_block, 95 }, &err), BULLA_E_MALFORMED,
                 &err);
    auth[0x680] ^= 1;
    assert_cause(inspect(auth, none, &err), BULLA_CAUSE_REPORT_SIGNATURE, &err);
    memset(auth + 0x880, 0, 1028);
    assert_fails(inspect(auth, none, &err), BULLA_E_MALFORMED, &err);
    memset(auth + 0x680, 0, 512);
    bulla_error_clear(&err);
    assert_ok(inspect(auth, none, &err), &err);
}

/* Every byte that is neither key nor signature is settled. */
static void
test_id_auth_reserved(void **state)
{
    uint8_t auth[BL_SNP_ID_AUTH_SIZE];
    struct bl_snp_id_auth decoded;

    (void)state;
    make_id_auth(auth);
    for (size_t i = 0; i < sizeof auth; i++) {
        struct bulla_error err = { 0 };
        const size_t in_signature = i >= 0x680 && i < 0x880 ? i - 0x680 : i - 0x40;
        const size_t in_key = i >= 0x880 ? i - 0x880 : i - 0x240;
        bool is_signature = ((i >= 0x40 && i < 0x240) || (i >= 0x680 && i < 0x880)) &&
                            in_signature < 144 && in_signature % 72 < 48;
        bool is_key = ((i >= 0x240 && i < 0x644) || (i >= 0x880 && i < 0xc84)) && in_key >= 4 &&
                      in_key < 148 && (in_key - 4) % 72 < 48;
        auth[i] ^= 0x80;
        enum bulla_status status = bl_snp_id_auth_decode(BL_BYTES_OF(auth), &decoded, &err);
        if (is_signature || is_key)
            assert_ok(status, &err);
        else
            assert_int_equal(status, i < 8 ? BULLA_E_UNSUPPORTED : BULLA_E_MALFORMED);
        auth[i] ^= 0x80;
    }
}

static void
test_id_auth_sizes(void **state)
{
    uint8_t auth[BL_SNP_ID_AUTH_SIZE + 1] = { 0 };
    struct bl_snp_id_auth decoded;

    (void)state;
    make_id_auth(auth);
    for (size_t size = 0; size <= sizeof auth; size++) {
        struct bulla_error err = { 0 };
        enum bulla_status status =
            bl_snp_id_auth_decode((struct bulla_bytes){ auth, size }, &decoded, &err);
        assert_int_equal(status, size == BL_SNP_ID_AUTH_SIZE ? BULLA_OK : BULLA_E_MALFORMED);
    }
}

/* A report is looked at without its chain, and its form counts. */
static void
test_report_is_inspected(void **state)
{
    struct paper_snp p = paper_snp(BL_SNP_MILAN, 3, false);
    struct bl_verification v = { .evidence = BL_BYTES_OF(p.report) };
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_snp_inspect(&v, &claims, &err), &err);
    assert_int_equal(claims.platform_class, BL_CLASS_ABSENT);
    assert_int_equal(claims.code.size, 0);
    p.report[0x4c] = 1;
    assert_fails(bl_snp_inspect(&v, &claims, &err), BULLA_E_MALFORMED, &err);
    v.evidence.size--;
    assert_fails(bl_snp_inspect(&v, &claims, &err), BULLA_E_MALFORMED, &err);
}

/* -- shown -------------------------------------------------------------------------------------- */

static bool
shows(const struct bulla_buffer *text, const char *words)
{
    return text->size > 0 && memmem(text->data, text->size, words, strlen(words)) != NULL;
}

static void
test_description(void **state)
{
    (void)state;
    for (int turin = 0; turin < 2; turin++) {
        struct paper_snp p = paper_snp(turin ? BL_SNP_TURIN : BL_SNP_MILAN, 5, false);
        struct paper_evidence e;
        BL_AUTO(bulla_buffer) text = { 0 };
        struct bl_json_writer j = bl_json_writer(&text);
        struct bulla_error err = { 0 };
        put_u64(p.report + 0x40, UINT64_C(0xf000000000000025));
        paper_make(&p, &e);
        bl_json_open_object(&j, NULL);
        assert_ok(bl_snp_describe(&e.v, &j, &err), &err);
        bl_json_close(&j);
        assert_ok(bl_json_finish(&j, &err), &err);
        assert_true(shows(&text, "\"policy\":\"0x3001f\""));
        assert_true(shows(&text, "\"platform_info\":\"0xf000000000000025\""));
        assert_true(shows(&text, "\"key_info\":\"0x0\""));
        assert_true(shows(&text, "\"signing_key\":\"VCEK\""));
        assert_true(shows(&text, turin ? "\"reported_tcb_fields\":{\"bootloader\":2,"
                                         "\"tee\":3,\"snp\":4,\"microcode\":81,\"fmc\":1}"
                                       : "\"reported_tcb_fields\":{\"bootloader\":4,\"tee\":0,"
                                         "\"snp\":24,\"microcode\":219}"));
        paper_evidence_done(&e);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report_sizes),
        cmocka_unit_test(test_each_field),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_table_sizes),
        cmocka_unit_test(test_extended_report_verifies_alone),
        cmocka_unit_test(test_id_auth),
        cmocka_unit_test(test_id_auth_reserved),
        cmocka_unit_test(test_id_auth_sizes),
        cmocka_unit_test(test_report_is_inspected),
        cmocka_unit_test(test_description),
    };

    return cmocka_run_group_tests(tests, paper_keys_make, paper_keys_done);
}
