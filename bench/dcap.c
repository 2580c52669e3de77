/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/dcap.c: verifying quotes of SGX and TDX, of a fleet on paper whose platforms share one set of
 * collateral (with as many levels as Intel lists).
 *
 * "nothing cached": each quote is verified as if it were the first. "collateral cached": with a memo
 * that is too small for the fleet, so that each platform's certificate, its quoting enclave and its
 * quote are new (3 signatures), and the collateral is not.
 */
#include "measure.h"
#include "tee/paper_dcap.h"

enum { FLEET_COUNT = 64, MEMO_COUNT = 48, LEVEL_COUNT = 14 };

struct fleet {
    struct paper *paper;
    uint8_t root_edition[32];
    struct bulla_buffer quotes[FLEET_COUNT];
    size_t next;
};

/* More levels beneath those that are there: a real TCB info has about fifteen. */
static void
add_levels(struct paper *p)
{
    static char text[PAPER_TEXT_SIZE], whole[PAPER_TEXT_SIZE];
    const size_t size = strlen(p->tcb_info) - strlen("]}");

    for (uint8_t i = 0; i < LEVEL_COUNT; i++) {
        const uint8_t sgx[16] = { 4, 4, 2, 2, 3, 1, 0, 0 };
        const uint8_t tdx[16] = { 2, 0, 4 };
        if (size + strlen(text) + 900 > sizeof whole)
            break;
        strcat(text, ",");
        paper_level(text, sgx, (unsigned)(LEVEL_COUNT - i) % 5, p->kind != PAPER_SGX ? tdx : NULL,
                    "OutOfDate", ",\"advisoryIDs\":[\"INTEL-SA-00837\",\"INTEL-SA-00960\"]");
    }
    memcpy(whole, p->tcb_info, size);
    strcpy(whole + size, text);
    strcat(whole, "]}");
    strcpy(p->tcb_info, whole);
    text[0] = '\0';
}

/* As Intel's root is pinned: by its key, and known as a whole, so that it need not verify itself. */
static void
know_root(struct fleet *fleet)
{
    struct paper *p = fleet->paper;
    struct bulla_error err = { 0 };

    assert_ok(
        bl_hash_once(BL_SHA256, bl_certificate_der(p->root.certificate), fleet->root_edition, &err),
        &err);
    p->anchor.editions = BL_BYTES_OF(fleet->root_edition);
}

static void
fleet_make(struct fleet *fleet, enum paper_kind kind)
{
    struct bulla_error err = { 0 };
    struct paper *p = paper_make(kind);

    *fleet = (struct fleet){ .paper = p };
    add_levels(p);
    paper_build(p);
    know_root(fleet);
    for (size_t i = 0; i < FLEET_COUNT; i++) {
        paper_put_leaf(p, paper_leaf(&p->authority, PAPER_PCK, paper_sgx_svns));
        bl_key_free(p->attestation_key);
        assert_ok(bl_key_generate(BL_KEY_P256, &p->attestation_key, &err), &err);
        bulla_buffer_done(&p->quote);
        paper_write_quote(p);
        fleet->quotes[i] = p->quote;
        p->quote = (struct bulla_buffer){ 0 };
    }
}

static void
fleet_done(struct fleet *fleet)
{
    for (size_t i = 0; i < FLEET_COUNT; i++)
        bulla_buffer_done(&fleet->quotes[i]);
    paper_free(fleet->paper);
}

static void
verify_next(void *subject)
{
    static struct bl_claims claims;
    struct fleet *fleet = subject;
    struct bulla_error err = { 0 };

    fleet->paper->v.evidence = bulla_buffer_bytes(&fleet->quotes[fleet->next]);
    fleet->next = (fleet->next + 1) % FLEET_COUNT;
    if (paper_verify(fleet->paper, &claims, &err) != BULLA_OK)
        stop(err.what);
}

static void
measure_kind(enum paper_kind kind, const char *fresh, const char *cached)
{
    struct fleet fleet;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_memo) memo = NULL;

    fleet_make(&fleet, kind);
    measure(fresh, "P-256", 9, 1.5, verify_next, &fleet);
    assert_ok(bl_memo_new(MEMO_COUNT, (size_t)1 << 20, &memo, &err), &err);
    fleet.paper->v.memo = memo;
    measure(cached, "P-256", 3, 1.3, verify_next, &fleet);
    fleet_done(&fleet);
}

/* One quote of the fleet with its parts into a directory, and the words of `bulla verify` for it. */
static void
write_file(const char *directory, const char *role, struct bulla_bytes bytes)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/%s", directory, role);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fclose(file) != 0)
        stop("a file cannot be written");
}

static void
write_evidence(const char *directory)
{
    struct fleet fleet;
    BL_AUTO(bulla_buffer) root = { 0 };

    fleet_make(&fleet, PAPER_SGX);
    printf("--kind sgx --at 2027-01-15T08:00:00Z --anchor root=%s/root", directory);
    paper_pem(fleet.paper->root.certificate, &root);
    write_file(directory, "root", bulla_buffer_bytes(&root));
    for (size_t i = 0; i < fleet.paper->v.part_count; i++) {
        const struct bl_part *part = &fleet.paper->parts[i];
        write_file(directory, part->role, part->bytes);
        printf(" --collateral %s=%s/%s", part->role, directory, part->role);
    }
    write_file(directory, "quote", bulla_buffer_bytes(&fleet.quotes[0]));
    printf(" %s/quote\n", directory);
    fleet_done(&fleet);
}

int
main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "write") == 0) {
        write_evidence(argv[2]);
        return 0;
    }
    measure_kind(PAPER_SGX, "SGX quote, nothing cached, to 9 P-256",
                 "SGX quote, collateral cached, to 3 P-256");
    measure_kind(PAPER_TD15, "TDX quote, nothing cached, to 9 P-256",
                 "TDX quote, collateral cached, to 3 P-256");
    return 0;
}
