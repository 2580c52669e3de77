/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of TPM evidence: a quote, a certificate, a log, and evidence of ours.
 */
#include "tee/paper_enclave.h"
#include "tee/paper_pieces.h"

#include "tee/scheme_fixture.h"

#define assert_says(said, member) assert_non_null(strstr(said, member))

static void
test_what_a_quote_says(void **state)
{
    struct paper_pieces *p = *state;
    BL_AUTO(bulla_buffer) text = { 0 };
    const char *said = NULL;

    paper_anchor(p, "ak_pub", bulla_buffer_bytes(&p->spki));
    said = scheme_text("tpm", &p->v, &text);
    assert_says(said, "\"magic\":4283712327,\"type\":32792,\"qualifiedSigner\":\"000b01");
    assert_says(said, "\"extraData\":\"e7e7");
    assert_says(said, "\"clock\":1234567,\"resetCount\":11,\"restartCount\":22,\"safe\":1,"
                      "\"firmwareVersion\":\"2020031200120004\","
                      "\"pcrSelect\":[[\"sha256\",[0,1,2,3,4,5,6,7]]],\"pcrDigest\":\"");
    assert_says(said, "\"trailing\":0,\"signature_alg\":\"0x18/0xb\",\"pcr_digest_matches\":true,"
                      "\"log_replays_to_pcrs\":{\"4\":true}}");
    p->attest.data[6 + 2 + 34 + 2 + 32] = 0xff; /* a clock beyond what JSON holds */
    said = scheme_text("tpm", &p->v, &text);
    assert_says(said, "\"clock\":\"18374686479672858247\",");
    p->v.part_count = 1;
    said = scheme_text("tpm", &p->v, &text);
    assert_null(strstr(said, "matches"));
    assert_null(strstr(said, "replays"));
}

static void
test_what_a_certificate_says(void **state)
{
    struct paper_pieces *p = *state;
    BL_AUTO(bulla_buffer) text = { 0 };
    const char *said = NULL;

    paper_begin_certificate(p);
    said = scheme_text("tpm", &p->v, &text);
    assert_says(said,
                "\"subject\":\"CN=ak,C=DE\",\"issuer\":\"CN=middle,C=DE\",\"spki_sha256\":\"");
    assert_says(said, "\"key_usage\":[\"digitalSignature\"]");
    assert_null(strstr(said, "eku"));
}

/* One of the TCG, and one made of a UUID, whose number no text of ours holds: its bytes. */
static void
test_usages_of_a_certificate(void **state)
{
    struct paper_pieces *p = *state;
    BL_AUTO(bulla_buffer) text = { 0 };
    const char *said = NULL;
    struct saying says = {
        .name = "ak",
        .constraints = "CA:FALSE",
        .extension_oid = "2.5.29.37",
        .extension_value = BL_LITERAL("\x30\x1d\x06\x05\x67\x81\x05\x08\x03\x06\x14\x69\x83"
                                      "\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                                      "\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    };
    struct party ak = certify(paper_native_key(&p->spki), WITH_P256, says, &p->middle);

    paper_begin_certificate(p);
    p->v.evidence = bl_certificate_der(ak.certificate);
    said = scheme_text("tpm", &p->v, &text);
    assert_says(said, "\"eku\":[\"2.23.133.8.3\",\"6983ffffffffffffffffffffffffffffffffff7f\"]");
    party_done(&ak);
}

static void
test_what_a_log_says(void **state)
{
    struct paper_pieces *p = *state;
    const struct bl_verification v = { .evidence = bulla_buffer_bytes(&p->log) };
    BL_AUTO(bulla_buffer) text = { 0 };
    const char *said = NULL;

    said = scheme_text("tpm", &v, &text);
    assert_says(said, "{\"events\":1,\"bytes_used\":119,\"bytes_total\":119,"
                      "\"algorithms\":[\"sha256\"],\"final\":{\"sha256\":{\"4\":\"");
    assert_null(strstr(said, "code")); /* the data of an event is no claim */
}

static void
test_what_our_evidence_says(void **state)
{
    struct paper_machine *m = *state;
    BL_AUTO(bulla_buffer) text = { 0 };
    const char *said = NULL;

    assert_scheme_takes("tpm", &m->verification);
    said = scheme_text("tpm", &m->verification, &text);
    assert_says(said, "{\"platform\":{\"magic\":");
    assert_says(said, ",\"enclave\":{\"magic\":");
    m->verification.binder.size = 0; /* it always carries something */
    assert_scheme_refuses("tpm", &m->verification, BULLA_CAUSE_NONCE_MISMATCH);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_pieces(test_what_a_quote_says),
        with_pieces(test_what_a_certificate_says),
        with_pieces(test_usages_of_a_certificate),
        with_pieces(test_what_a_log_says),
        cmocka_unit_test_setup_teardown(test_what_our_evidence_says, paper_machine_setup,
                                        paper_machine_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
