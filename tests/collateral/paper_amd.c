/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/collateral/paper_amd.c: write reports and collateral of an AMD on paper into a directory, for
 * a server that plays a KDS: paper_amd DIRECTORY.
 *
 * Files: milan3.report, milan2.report (which does not name its processor), of the same chip;
 * vcek.der, cert_chain, crl.der, ark.der; revoked-crl.der; other-vcek.der, of another chip.
 */
#include "tee/paper_snp.h"

#include "codec/pem.h"
#include "sys/file.h"

#include <stdlib.h>

static const char *directory;

static void
write_file(const char *name, struct bulla_bytes bytes)
{
    char path[512];
    struct bulla_error err = { 0 };

    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    if (bl_file_replace(path, 0600, bytes, BL_FILE_REPLACE_EXISTING, &err) != BULLA_OK)
        exit(1);
}

static void
write_chain(const struct paper_evidence *e)
{
    BL_AUTO(bulla_buffer) pem = { 0 };
    struct bulla_error err = { 0 };

    assert_ok(bl_pem_encode(bl_certificate_der(e->ask.certificate), "CERTIFICATE", &pem, &err),
              &err);
    assert_ok(bl_pem_encode(bl_certificate_der(e->ark.certificate), "CERTIFICATE", &pem, &err),
              &err);
    write_file("cert_chain", bulla_buffer_bytes(&pem));
    write_file("ark.der", bl_certificate_der(e->ark.certificate));
}

static void
write_lists(const struct paper_evidence *e)
{
    static const char *const of_ask[] = { "010001" };
    BL_AUTO(bulla_buffer) good = list_der(&e->ark, &e->ark, (struct listing){ 0 });
    BL_AUTO(bulla_buffer)
    revoked = list_der(&e->ark, &e->ark, (struct listing){ .serials = of_ask, .serial_count = 1 });

    write_file("crl.der", bulla_buffer_bytes(&good));
    write_file("revoked-crl.der", bulla_buffer_bytes(&revoked));
}

static void
write_leaf(const struct paper_snp *paper, const struct paper_evidence *e)
{
    struct paper_leaf other = paper->leaf;
    struct bl_certificate *certificate;

    write_file("vcek.der", bl_certificate_der(e->leaf));
    other.hwid[0] ^= 0x01;
    certificate = paper_leaf_certificate(&other, &e->ask);
    write_file("other-vcek.der", bl_certificate_der(certificate));
    bl_certificate_free(certificate);
}

int
main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    directory = argv[1];
    (void)paper_keys_make(NULL);
    struct paper_snp new = paper_snp(BL_SNP_MILAN, 3, /* is_vlek= */ false);
    struct paper_snp old = paper_snp(BL_SNP_MILAN, 2, /* is_vlek= */ false);
    struct paper_evidence e;
    paper_make(&new, &e);
    write_file("milan3.report", bulla_buffer_bytes(&e.bytes));
    paper_sign_report(old.report, paper_signing_key);
    write_file("milan2.report", BL_BYTES_OF(old.report));
    write_chain(&e);
    write_lists(&e);
    write_leaf(&new, &e);
    paper_evidence_done(&e);
    return paper_keys_done(NULL);
}
