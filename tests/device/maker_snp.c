/* SPDX-License-Identifier: Apache-2.0 */
#include "device/makers.h"

#include "tee/paper_snp.h"

static bool is_made;
static struct paper_snp paper;
static struct paper_evidence evidence;

/* One processor for the whole program. */
static void
make_once(void)
{
    if (is_made)
        return;
    bl_key_free(paper_signing_key);
    paper_keys_make(NULL);
    paper = paper_snp(BL_SNP_GENOA, 3, /* is_vlek= */ false);
    paper_make(&paper, &evidence);
    is_made = true;
}

/* A report alone needs no authority, whose keys take a second to make. */
static void
make_report_once(void)
{
    struct bulla_error err = { 0 };

    if (is_made || paper_signing_key != NULL)
        return;
    paper = paper_snp(BL_SNP_GENOA, 3, /* is_vlek= */ false);
    assert_ok(bl_key_generate(BL_KEY_P384, &paper_signing_key, &err), &err);
}

void
make_snp(const struct snp_platform *platform, const uint8_t report_data[64], uint32_t vmpl,
         struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };
    uint8_t report[REPORT_SIZE];

    make_report_once();
    memcpy(report, paper.report, sizeof report);
    if (platform != NULL)
        snp_report_fields(platform, report);
    memcpy(report + 0x50, report_data, 64);
    put_u32(report + 0x30, vmpl);
    paper_sign_report(report, paper_signing_key);
    bulla_buffer_clear(out);
    assert_ok(bulla_buffer_append(out, BL_BYTES_OF(report), &err), &err);
}

/* GHCB 2.03, table 5: GUID, offset, size; ends with zeros. */
void
make_snp_table(struct bulla_buffer *out)
{
    static const uint8_t guids[3][16] = {
        { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
          0xcd }, /* VCEK */
        { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
          0x82 }, /* ASK */
        { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
          0xae }, /* ARK */
    };
    struct bulla_error err = { 0 };

    make_once();
    const struct bulla_bytes certificates[3] = { bl_certificate_der(evidence.leaf),
                                                 bl_certificate_der(evidence.ask.certificate),
                                                 bl_certificate_der(evidence.ark.certificate) };
    uint32_t at = 4 * 24;
    bulla_buffer_clear(out);
    for (size_t i = 0; i < 3; i++) {
        uint8_t entry[24];
        memcpy(entry, guids[i], 16);
        put_u32(entry + 16, at);
        put_u32(entry + 20, (uint32_t)certificates[i].size);
        assert_ok(bulla_buffer_append(out, BL_BYTES_OF(entry), &err), &err);
        at += (uint32_t)certificates[i].size;
    }
    static const uint8_t end[24];
    assert_ok(bulla_buffer_append(out, BL_BYTES_OF(end), &err), &err);
    for (size_t i = 0; i < 3; i++)
        assert_ok(bulla_buffer_append(out, certificates[i], &err), &err);
}

void
make_snp_anchor(struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    make_once();
    assert_ok(bulla_buffer_append(out, bl_certificate_der(evidence.ark.certificate), &err), &err);
}
