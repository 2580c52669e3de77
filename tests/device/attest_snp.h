/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/attest_snp.h: what has to come of asking a device of SEV-SNP.
 */
#ifndef TESTS_DEVICE_ATTEST_SNP_H
#define TESTS_DEVICE_ATTEST_SNP_H

#include "device/attest_fixture.h"
#include "tee/snp/structures.h"

/* A report about the nonce, with all certificates; its fields. */
static inline struct bl_snp_report
assert_snp_evidence(const struct trial *t)
{
    struct bulla_error err = { 0 };
    struct bulla_bytes report = { NULL, 0 };
    struct bl_snp_table table;
    struct bl_snp_report fields;

    assert_ok(t->status, &t->err);
    assert_string_equal(t->kind, "snp");
    assert_int_equal(t->count, 1);
    assert_string_equal(t->roles[0], "evidence");
    assert_ok(bl_snp_evidence_split((struct bulla_bytes){ t->bytes[0], t->sizes[0] }, &report,
                                    &table, &err),
              &err);
    assert_true(table.vcek.size > 0 && table.ask.size > 0 && table.ark.size > 0);
    assert_ok(bl_snp_report_decode(report, &fields, &err), &err);
    assert_is_about_the_nonce(fields.report_data.data);
    assert_null(t->left_out);
    return fields;
}

static inline void
is_report_alone(const struct trial *t, const struct device *d)
{
    assert_ok(t->status, &t->err);
    assert_int_equal(t->sizes[0], BL_SNP_REPORT_SIZE);
    assert_true((t->left_out != NULL) == d->does.broken_table);
}

static inline bool
attest_without_a_usable_table(const char *name)
{
    return attest(name, (struct behaviour){ .without_table = true }, PLAINLY, is_report_alone) &&
           attest(name, (struct behaviour){ .broken_table = true }, PLAINLY, is_report_alone);
}

#endif
