/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/test_vectors_tpm.c: evidence of real TPMs (quotes, event logs, AK certificates), each
 * case with its expected outcome, from the folder that BULLA_VECTORS names or ../shared/vectors.
 *
 * What is compared: verdict, accept or refuse by the baseline, the kind of failure (or a neighbour
 * of it), and the final PCR values of the logs. Skipped with a message where the folder is absent.
 */
#include "unit.h"

#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "appraise/baseline.h"
#include "codec/hex.h"
#include "codec/pem.h"
#include "crypto/x509.h"
#include "measure/event_log.h"
#include "tee/tpm/ak.h"
#include "tee/tpm/verify.h"

static char folder[1024];

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

static void
read_named(const char *name, struct bulla_buffer *out)
{
    char path[2048];
    uint8_t block[4096];
    size_t got;
    struct bulla_error err = { 0 };

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    while ((got = fread(block, 1, sizeof block, file)) > 0)
        assert_ok(bulla_buffer_append(out, (struct bulla_bytes){ block, got }, &err), &err);
    fclose(file);
}

/* The DER of a file that is DER or one PEM block. */
static void
read_der(const char *name, const char *label, struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };

    read_named(name, &bytes);
    if (bytes.size > 0 && bytes.data[0] == 0x30)
        assert_ok(bulla_buffer_append(out, bulla_buffer_bytes(&bytes), &err), &err);
    else
        assert_ok(bl_pem_decode(bulla_buffer_bytes(&bytes), label, out, &err), &err);
}

static enum bl_hash
hash_named(const char *name)
{
    if (strcmp(name, "sha1") == 0)
        return BL_SHA1;
    if (strcmp(name, "sha256") == 0)
        return BL_SHA256;
    return strcmp(name, "sha384") == 0 ? BL_SHA384 : BL_HASH_NONE;
}

static int64_t
time_of(const json_t *test)
{
    struct tm tm = { 0 };
    const char *text = text_of(test, "time");

    return strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) != NULL ? (int64_t)timegm(&tm) : 0;
}

/* -- what a case comes to ----------------------------------------------------------------------- */

struct outcome {
    bool is_ok;
    bool accepted;
    struct bulla_error err;
};

/* The groups of failure classes within which a neighbour will do. */
static const char *
group_of(const struct bulla_error *err)
{
    static const struct {
        enum bulla_cause cause;
        const char *group;
    } table[] = {
        { BULLA_CAUSE_NONCE_MISMATCH, "freshness" }, { BULLA_CAUSE_PCR_MISMATCH, "state" },
        { BULLA_CAUSE_SELECTION_MISMATCH, "state" }, { BULLA_CAUSE_LOG_MISMATCH, "state" },
        { BULLA_CAUSE_SIGNATURE, "signature" },      { BULLA_CAUSE_KEY_MISMATCH, "signature" },
        { BULLA_CAUSE_UNTRUSTED, "chain" },          { BULLA_CAUSE_EXPIRED, "chain" },
    };
    if (err->where != NULL && strcmp(err->where, "certificate chain") == 0)
        return "chain";
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].cause == err->cause)
            return table[i].group;
    return "structure";
}

static const char *
group_wanted(const char *failure)
{
    static const char *const table[][2] = {
        { "nonce_mismatch", "freshness" }, { "pcr_mismatch", "state" },
        { "ak_mismatch", "signature" },    { "chain", "chain" },
        { "malformed", "structure" },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i][0], failure) == 0)
            return table[i][1];
    return "unknown";
}

/* -- AK certificates ---------------------------------------------------------------------------- */

static struct outcome
run_certificate(const char *evidence, const json_t *test)
{
    const json_t *collateral = json_object_get(test, "collateral");
    BL_AUTO(bulla_buffer) leaf = { 0 };
    BL_AUTO(bulla_buffer) intermediate = { 0 };
    BL_AUTO(bulla_buffer) root = { 0 };
    BL_AUTO_FREE(bl_certificate) certificate = NULL;
    BL_AUTO_FREE(bl_key) key = NULL;
    struct outcome outcome = { 0 };
    struct bl_tpm_trust trust;

    read_der(evidence, "CERTIFICATE", &leaf);
    read_der(text_of(collateral, "intermediate"), "CERTIFICATE", &intermediate);
    read_der(text_of(collateral, "root"), "CERTIFICATE", &root);
    const struct bl_anchor anchor = { .name = "root",
                                      .kind = BL_ANCHOR_AK_AUTHORITY,
                                      .der = bulla_buffer_bytes(&root),
                                      .platform_class = BL_CLASS_HYPERVISOR };
    const struct bulla_bytes chain[] = { bulla_buffer_bytes(&leaf),
                                         bulla_buffer_bytes(&intermediate) };
    outcome.is_ok =
        bl_certificate_parse(chain[0], &certificate, &outcome.err) == BULLA_OK &&
        bl_certificate_key(certificate, &key, &outcome.err) == BULLA_OK &&
        bl_tpm_ak_trust(key, chain, 2, &anchor, 1, time_of(test), &trust, &outcome.err) == BULLA_OK;
    outcome.accepted = outcome.is_ok;
    return outcome;
}

/* -- event logs --------------------------------------------------------------------------------- */

static void
compare_final(const char *id, const struct bl_replay *replay, const json_t *values)
{
    const char *index;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)values, index, value)
    {
        BL_AUTO(bulla_buffer) expected = { 0 };
        struct bulla_error err = { 0 };
        unsigned pcr = (unsigned)strtoul(index, NULL, 10);
        assert_ok(bl_hex_decode(text_bytes(json_string_value(value)), &expected, &err), &err);
        if (!bl_equal(bl_pcr_value(&replay->bank, pcr), bulla_buffer_bytes(&expected)))
            print_message("# %s: PCR %u differs\n", id, pcr);
        assert_bytes_equal(bl_pcr_value(&replay->bank, pcr), bulla_buffer_bytes(&expected));
    }
}

static struct outcome
run_log(const char *evidence, const char *id, const json_t *golden)
{
    BL_AUTO(bulla_buffer) log = { 0 };
    struct outcome outcome = { 0 };
    const char *bank;
    json_t *values;

    read_named(evidence, &log);
    json_object_foreach(json_object_get(golden, "final"), bank, values)
    {
        struct bl_replay replay;
        if (bl_event_log_replay(bulla_buffer_bytes(&log), hash_named(bank), &replay,
                                &outcome.err) != BULLA_OK)
            return outcome;
        assert_int_equal(replay.event_count, json_integer_value(json_object_get(golden, "events")));
        compare_final(id, &replay, values);
        outcome.is_ok = outcome.accepted = true;
    }
    return outcome;
}

/* -- quotes ------------------------------------------------------------------------------------- */

/* What a case hands in beside the quote. */
struct pieces {
    struct bulla_buffer attest;
    struct bulla_buffer signature;
    struct bulla_buffer ak_public;
    struct bulla_buffer ak_spki;
    struct bulla_buffer ak_certificate;
    struct bulla_buffer log;
    struct bulla_buffer nonce;
    struct bl_pcr_bank pcrs;
};

static void
pieces_done(struct pieces *p)
{
    bulla_buffer_done(&p->attest);
    bulla_buffer_done(&p->signature);
    bulla_buffer_done(&p->ak_public);
    bulla_buffer_done(&p->ak_spki);
    bulla_buffer_done(&p->ak_certificate);
    bulla_buffer_done(&p->log);
    bulla_buffer_done(&p->nonce);
}

static void
read_pcrs(const char *name, struct bl_pcr_bank *bank)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_error err = { 0 };
    const char *index;
    json_t *value;

    read_named(name, &bytes);
    json_t *root = json_loadb((const char *)bytes.data, bytes.size, 0, NULL);
    assert_non_null(root);
    bank->hash = hash_named(text_of(root, "hash"));
    json_object_foreach(json_object_get(root, "pcrs"), index, value)
    {
        uint8_t digest[BL_HASH_SIZE_MAX];
        struct bulla_bytes hex = text_bytes(json_string_value(value));
        assert_ok(bl_hex_decode_exact(hex, digest, hex.size / 2, &err), &err);
        assert_ok(bl_pcr_set(bank, (unsigned)strtoul(index, NULL, 10),
                             (struct bulla_bytes){ digest, hex.size / 2 }, &err),
                  &err);
    }
    json_decref(root);
}

static void
read_pieces(const json_t *test, struct pieces *p)
{
    const json_t *collateral = json_object_get(test, "collateral");
    struct bulla_error err = { 0 };

    read_named(text_of(collateral, "signature"), &p->signature);
    if (json_object_get(collateral, "ak_tpmt_public") != NULL)
        read_named(text_of(collateral, "ak_tpmt_public"), &p->ak_public);
    if (json_object_get(collateral, "ak_pub") != NULL)
        read_der(text_of(collateral, "ak_pub"), "PUBLIC KEY", &p->ak_spki);
    if (json_object_get(collateral, "ak_cert") != NULL)
        read_der(text_of(collateral, "ak_cert"), "CERTIFICATE", &p->ak_certificate);
    if (json_object_get(collateral, "pcrs") != NULL)
        read_pcrs(text_of(collateral, "pcrs"), &p->pcrs);
    if (json_object_get(collateral, "event_log") != NULL)
        read_named(text_of(collateral, "event_log"), &p->log);
    assert_ok(bl_hex_decode(text_bytes(text_of(json_object_get(test, "inputs"), "nonce")),
                            &p->nonce, &err),
              &err);
}

static struct outcome
run_quote(const char *evidence, const json_t *test)
{
    BL_AUTO(pieces) p = { 0 };
    struct outcome outcome = { 0 };
    struct bl_claims claims = { 0 };
    struct bl_baseline baseline;

    read_named(evidence, &p.attest);
    read_pieces(test, &p);
    const struct bulla_bytes chain = bulla_buffer_bytes(&p.ak_certificate);
    const struct bl_tpm_bare bare = { .attest = bulla_buffer_bytes(&p.attest),
                                      .signature = bulla_buffer_bytes(&p.signature),
                                      .ak_public = bulla_buffer_bytes(&p.ak_public),
                                      .chain = &chain,
                                      .chain_count = chain.size > 0 ? 1 : 0,
                                      .pcrs = p.pcrs.mask != 0 ? &p.pcrs : NULL,
                                      .event_log = bulla_buffer_bytes(&p.log) };
    const struct bl_anchor anchor = { .name = "operator",
                                      .kind = BL_ANCHOR_AK,
                                      .der = bulla_buffer_bytes(&p.ak_spki),
                                      .platform_class = BL_CLASS_HYPERVISOR };
    const struct bl_verification context = { .anchors = &anchor,
                                             .anchor_count = p.ak_spki.size > 0 ? 1 : 0,
                                             .now_s = time_of(test),
                                             .binder = bulla_buffer_bytes(&p.nonce),
                                             .binding = BL_BINDING_NONE };
    outcome.is_ok = bl_tpm_verify_bare(&bare, &context, &claims, &outcome.err) == BULLA_OK;
    bl_baseline_judge(&claims, &baseline);
    outcome.accepted = baseline.accepted;
    return outcome;
}

/* -- all of them -------------------------------------------------------------------------------- */

static struct outcome
run_case(const json_t *row, const json_t *test)
{
    const char *id = text_of(row, "id");
    const char *evidence = text_of(row, "file");

    if (json_object_get(test, "evidence") != NULL)
        evidence = text_of(test, "evidence");
    if (strncmp(id, "akcert-", 7) == 0)
        return run_certificate(evidence, test);
    if (strncmp(id, "log-", 4) == 0)
        return run_log(evidence, id, json_object_get(row, "golden"));
    return run_quote(evidence, test);
}

static bool
judge(const json_t *row, const json_t *test)
{
    const json_t *expected = json_object_get(test, "expected");
    struct outcome found = run_case(row, test);
    bool want_ok = strcmp(text_of(expected, "verdict"), "ok") == 0;
    bool want_accept = strcmp(text_of(expected, "strict_policy"), "accept") == 0;
    const char *id = text_of(test, "id");
    bool fits = found.is_ok == want_ok && (!want_ok || found.accepted == want_accept);

    /* crypto/ verifies no SHA-1 signature: genuine or not, such evidence is refused earlier. */
    if (found.err.cause == BULLA_CAUSE_UNSUPPORTED && !want_accept) {
        print_message("# %s: refused for its SHA-1 signature\n", id);
        return true;
    }
    if (fits && !want_ok)
        fits = strcmp(group_of(&found.err), group_wanted(text_of(expected, "failure"))) == 0;
    if (!fits)
        print_message("# %s: %s, %s (%s: %s, BL-%04d); want %s %s %s\n", id,
                      found.is_ok ? "ok" : "fail", found.accepted ? "accept" : "refuse",
                      found.err.where == NULL ? "" : found.err.where,
                      found.err.what == NULL ? "" : found.err.what, (int)found.err.cause,
                      text_of(expected, "verdict"), text_of(expected, "strict_policy"),
                      text_of(expected, "failure"));
    return fits;
}

static void
test_every_case(void **state)
{
    (void)state;
    BL_AUTO(bulla_buffer) manifest = { 0 };
    size_t passed = 0;
    size_t failed = 0;
    size_t r;
    size_t c;
    json_t *row;
    json_t *test;

    if (folder[0] == 0)
        unit_skip("no recorded evidence: set BULLA_VECTORS to its folder");
    read_named("MANIFEST.json", &manifest);
    json_t *root = json_loadb((const char *)manifest.data, manifest.size, 0, NULL);
    assert_non_null(root);
    json_array_foreach(json_object_get(root, "files"), r, row)
    {
        if (strcmp(text_of(row, "kind"), "tpm") != 0)
            continue;
        json_array_foreach(json_object_get(row, "cases"), c, test)
        {
            if (judge(row, test))
                passed++;
            else
                failed++;
        }
    }
    json_decref(root);
    print_message("# %zu passed, %zu failed\n", passed, failed);
    assert_true(passed > 0);
    assert_int_equal(failed, 0);
}

static void
find_folder(void)
{
    const char *const candidates[] = { getenv("BULLA_VECTORS"), VECTORS_BESIDE };
    char path[2048];

    for (size_t i = 0; i < 2; i++) {
        if (candidates[i] == NULL || candidates[i][0] == 0)
            continue;
        snprintf(path, sizeof path, "%s/MANIFEST.json", candidates[i]);
        FILE *file = fopen(path, "rb");
        if (file == NULL)
            continue;
        fclose(file);
        snprintf(folder, sizeof folder, "%s", candidates[i]);
        return;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_case) };

    find_folder();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
