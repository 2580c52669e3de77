/* SPDX-License-Identifier: Apache-2.0 */
#include "device/makers.h"

#include "tee/paper_ccel.h"
#include "tee/paper_dcap.h"

static struct paper *papers[PAPER_TD15 + 1];

static struct paper *
platform(enum paper_kind kind)
{
    if (papers[kind] == NULL)
        papers[kind] = paper_make(kind);
    return papers[kind];
}

static void
make(enum paper_kind kind, size_t report_data_at, const uint8_t report_data[64],
     struct bulla_buffer *out)
{
    struct paper *p = platform(kind);
    struct bulla_error err = { 0 };

    struct paper_ccel log = { 0 };

    memcpy(p->body + report_data_at, report_data, 64);
    if (kind != PAPER_SGX) {
        paper_ccel_make(&log);
        paper_ccel_quote(&log, p->body);
        bulla_buffer_done(&log.log);
    }
    paper_build(p);
    bulla_buffer_clear(out);
    assert_ok(bulla_buffer_append(out, bulla_buffer_bytes(&p->quote), &err), &err);
}

void
make_tdx(const uint8_t report_data[64], struct bulla_buffer *out)
{
    make(PAPER_TD15, 520, report_data, out);
}

void
make_ccel(bool is_other, struct bulla_buffer *out)
{
    struct paper_ccel log = { 0 };
    struct bulla_error err = { 0 };
    uint8_t *padding = NULL;

    paper_ccel_make(&log);
    if (is_other)
        paper_ccel_event(&log, 2, 0x0000000du, "command line");
    bulla_buffer_clear(out);
    assert_ok(bulla_buffer_append(out, bulla_buffer_bytes(&log.log), &err), &err);
    assert_ok(bulla_buffer_extend(out, 4096, &padding, &err), &err);
    memset(padding, 0xff, 4096);
    bulla_buffer_done(&log.log);
}

void
make_sgx(const uint8_t report_data[64], struct bulla_buffer *out)
{
    make(PAPER_SGX, 320, report_data, out);
}

static void
take_root(enum paper_kind kind, struct bulla_buffer *out)
{
    const struct party *root = &platform(kind)->root;
    struct bulla_error err = { 0 };

    assert_ok(bulla_buffer_append(out, bl_certificate_der(root->certificate), &err), &err);
}

void
make_tdx_anchor(struct bulla_buffer *out)
{
    take_root(PAPER_TD15, out);
}

void
make_sgx_anchor(struct bulla_buffer *out)
{
    take_root(PAPER_SGX, out);
}
