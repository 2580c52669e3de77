/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/collateral/paper_intel.c: write evidence and collateral of an Intel on paper into a directory,
 * for a server that plays a PCS: paper_intel DIRECTORY.
 *
 * Files: root.der; per kind sgx, td10: KIND.quote, KIND.tcb_info, KIND.qe_identity, KIND.tcb_chain;
 * pck_crl.der, pck_chain, root_crl.der; and spoilt ones that begin with what is wrong with them:
 * stale, unsigned, older (another evaluation), newer, elsewhere (of another FMSPC), early, revoked.
 */
#include "tee/dcap_cases.h"

#include <stdlib.h>

#include "sys/file.h"

static const char *directory;

static void
write_file(const char *kind, const char *name, struct bulla_bytes bytes)
{
    char path[512];
    struct bulla_error err = { 0 };

    (void)snprintf(path, sizeof path, "%s/%s%s", directory, kind, name);
    if (bl_file_replace(path, 0600, bytes, BL_FILE_REPLACE_EXISTING, &err) != BULLA_OK)
        exit(1);
}

static void
write_buffer(const char *kind, const char *name, struct bulla_buffer *buffer)
{
    write_file(kind, name, bulla_buffer_bytes(buffer));
    bulla_buffer_done(buffer);
}

static void
write_documents(struct paper *p, const char *kind)
{
    paper_build(p);
    write_file(kind, ".tcb_info", p->parts[2].bytes);
    write_file(kind, ".tcb_chain", p->parts[3].bytes);
    write_file(kind, ".qe_identity", p->parts[4].bytes);
}

/* The same with other texts, signed by the same signer. */
static void
write_variant(struct paper *p, const char *kind, const char *from, const char *to)
{
    char tcb_info[PAPER_TEXT_SIZE], qe_identity[PAPER_TEXT_SIZE];

    strcpy(tcb_info, p->tcb_info);
    strcpy(qe_identity, p->qe_identity);
    paper_swap(p->tcb_info, from, to);
    if (strstr(p->qe_identity, from) != NULL)
        paper_swap(p->qe_identity, from, to);
    write_documents(p, kind);
    strcpy(p->tcb_info, tcb_info);
    strcpy(p->qe_identity, qe_identity);
}

static void
write_kind(struct paper *p, const char *kind)
{
    char name[32];

    static const char *const variants[][3] = {
        { "stale-", "2027-01-31", "2027-01-14" },
        { "early-", "2027-01-01", "2027-01-20" },
        { "older-", "\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":16" },
        { "newer-", "\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":18" },
        { "before-", "2027-01-01", "2026-12-30" },
        { "elsewhere-", "00806f050000", "00806f050001" },
    };
    for (size_t i = 0; i < BL_COUNT_OF(variants); i++) {
        (void)snprintf(name, sizeof name, "%s%s", variants[i][0], kind);
        write_variant(p, name, variants[i][1], variants[i][2]);
    }
    write_documents(p, kind);
    write_file(kind, ".quote", bulla_buffer_bytes(&p->quote));
    p->parts_owned[2].data[30] ^= 0x01;
    (void)snprintf(name, sizeof name, "unsigned-%s", kind);
    write_file(name, ".tcb_info", bulla_buffer_bytes(&p->parts_owned[2]));
}

/* Both kinds are of one Intel: the second takes over the first one's certificates. */
static struct paper *
of_the_same(const struct paper *first, enum paper_kind kind)
{
    struct paper *p = paper_make(kind);

    party_done(&p->root);
    party_done(&p->authority);
    party_done(&p->leaf);
    party_done(&p->signer);
    bl_key_free(p->pck_key);
    p->root = first->root;
    p->authority = first->authority;
    p->leaf = first->leaf;
    p->signer = first->signer;
    p->chain_root = first->chain_root;
    p->pck_key = paper_key_of(first->leaf.key);
    return p;
}

static void
write_lists(const struct paper *p)
{
    static const char *const of_signer[] = { "66" };
    struct bulla_buffer chain = { 0 };
    struct bulla_buffer revoked =
        list_der(&p->root, &p->root, (struct listing){ .serials = of_signer, .serial_count = 1 });
    struct bulla_buffer stale =
        list_der(&p->root, &p->root, (struct listing){ .next_update = "20270115010000Z" });

    paper_pem(p->authority.certificate, &chain);
    paper_pem(p->root.certificate, &chain);
    write_file("", "root.der", bl_certificate_der(p->root.certificate));
    write_buffer("", "pck_chain", &chain);
    write_file("", "root_crl.der", p->parts[0].bytes);
    write_file("", "pck_crl.der", p->parts[1].bytes);
    write_buffer("revoked-", "root_crl.der", &revoked);
    write_buffer("stale-", "root_crl.der", &stale);
}

int
main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    directory = argv[1];
    struct paper *sgx = paper_make(PAPER_SGX);
    write_kind(sgx, "sgx");
    write_lists(sgx);
    struct paper *td = of_the_same(sgx, PAPER_TD10);
    write_kind(td, "tdx");
    td->root = td->authority = td->leaf = td->signer = (struct party){ 0 }; /* the other's */
    paper_free(td);
    paper_free(sgx);
    return 0;
}
