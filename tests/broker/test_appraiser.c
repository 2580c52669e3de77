/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The appraiser across its socket: good questions, hostile answers, and its death.
 */
#include "broker/vault_fixture.h"
#include "tee/paper_enclave.h"

#include <signal.h>

#include "codec/cbor.h"
#include "wire/enroll.h"

struct pair {
    struct bl_appraiser *appraiser;
    pid_t child;
};

static void
pair_start(struct pair *p)
{
    struct bulla_error err = { 0 };
    int fd = -1;

    p->child = start_appraiser(&fd);
    assert_ok(bl_appraiser_new(fd, &p->appraiser, &err), &err);
}

static void
pair_done(struct pair *p)
{
    int status = 0;

    bl_appraiser_free(p->appraiser);
    assert_int_equal(waitpid(p->child, &status, 0), p->child);
}

static void
test_it_verifies_as_the_scheme_does(void **state)
{
    struct paper_machine *m = *state;
    struct pair p;
    struct bulla_error err = { 0 };
    struct bl_claims direct = { 0 };
    struct bl_claims claims = { 0 };

    pair_start(&p);
    assert_ok(bl_scheme_find("tpm")->verify(&m->verification, &direct, &err), &err);
    for (int i = 0; i < 3; i++) { /* one process answers many questions */
        assert_ok(bl_appraiser_verify(p.appraiser, "tpm", &m->verification, &claims, &err), &err);
        assert_int_equal(claims.platform_class, direct.platform_class);
        assert_ptr_equal(claims.anchor, m->anchors[0].name);
        assert_bytes_equal(bl_claim_view(&claims.code), bl_claim_view(&direct.code));
        assert_int_equal(claims.enclave.reset_count.value, direct.enclave.reset_count.value);
    }
    pair_done(&p);
}

static void
test_it_refuses_with_the_reason(void **state)
{
    struct paper_machine *m = *state;
    struct pair p;
    struct bulla_error err = { 0 };
    struct bl_claims claims = { .version = { true, 99 } };

    pair_start(&p);
    m->binder[0] ^= 1; /* what the vault expects is another exchange's */
    assert_cause(bl_appraiser_verify(p.appraiser, "tpm", &m->verification, &claims, &err),
                 BULLA_CAUSE_NONCE_MISMATCH, &err);
    m->binder[0] ^= 1;
    m->verification.anchor_count = 0;
    assert_fails(bl_appraiser_verify(p.appraiser, "tpm", &m->verification, &claims, &err),
                 BULLA_E_UNTRUSTED, &err);
    m->verification.anchor_count = 1;
    assert_fails(bl_appraiser_verify(p.appraiser, "no-such", &m->verification, &claims, &err),
                 BULLA_E_UNSUPPORTED, &err);
    for (size_t size = 0; size < m->encoded.size; size += 41) {
        m->verification.evidence = (struct bulla_bytes){ m->encoded.data, size };
        bulla_error_clear(&err);
        assert_int_not_equal(
            bl_appraiser_verify(p.appraiser, "tpm", &m->verification, &claims, &err), BULLA_OK);
    }
    assert_int_equal(claims.version.value, 99);
    bulla_error_clear(&err);
    m->verification.evidence = bulla_buffer_bytes(&m->encoded);
    assert_ok(bl_appraiser_verify(p.appraiser, "tpm", &m->verification, &claims, &err), &err);
    pair_done(&p);
}

static void
test_enrolment_of_nothing_in_particular(void **state)
{
    struct paper_machine *m = *state;
    struct pair p;
    struct bulla_error err = { 0 };
    struct bl_enrolment out = { .platform_class = BL_CLASS_ABSENT };
    BL_AUTO(bulla_buffer) request = { 0 };
    const struct bl_enroll_request parts = {
        .ek_public = bulla_buffer_bytes(&m->platform.sized), /* a signing key, and no certificate */
        .ak_public = bulla_buffer_bytes(&m->enclave.sized),
    };

    pair_start(&p);
    assert_ok(bl_enroll_request_encode(&parts, &request, &err), &err);
    assert_int_not_equal(bl_appraiser_enrol(p.appraiser, bulla_buffer_bytes(&request), m->anchors,
                                            1, PAPER_NOW, &out, &err),
                         BULLA_OK);
    for (size_t size = 0; size < request.size; size += 7) {
        bulla_error_clear(&err);
        assert_int_not_equal(bl_appraiser_enrol(p.appraiser,
                                                (struct bulla_bytes){ request.data, size },
                                                m->anchors, 1, PAPER_NOW, &out, &err),
                             BULLA_OK);
    }
    assert_int_equal(out.platform_class, BL_CLASS_ABSENT);
    pair_done(&p);
}

/* -- the appraiser in an attacker's hands --------------------------------------------------------- */

/* A child that gives this answer to one question. */
static void
answer_with(struct pair *p, struct bulla_bytes answer)
{
    struct bulla_error err = { 0 };
    int fds[2];

    assert_ok(bl_unix_pair(BL_UNIX_STREAM, fds, &err), &err);
    p->child = fork();
    assert_true(p->child >= 0);
    if (p->child == 0) {
        BL_AUTO(bulla_buffer) question = { 0 };
        close(fds[0]);
        if (bl_frame_receive(fds[1], 4 << 20, bl_clock_deadline(5000), &question, &err) != BULLA_OK)
            _exit(1);
        _exit(bl_frame_send(fds[1], answer, 4 << 20, bl_clock_deadline(5000), &err) != BULLA_OK);
    }
    close(fds[1]);
    assert_ok(bl_appraiser_new(fds[0], &p->appraiser, &err), &err);
}

static void
test_answers_that_lie(void **state)
{
    struct paper_machine *m = *state;
    static const struct bulla_bytes answers[] = {
        { (const uint8_t *)"\x81\x00", 2 },         /* refused with "no reason" */
        { (const uint8_t *)"\x81\x19\x27\x0e", 4 }, /* 9998: nobody's number */
        { (const uint8_t *)"\x81\x1a\x7f\xff\xff\xff", 6 },
        { (const uint8_t *)"\x82\x00\xf6", 3 }, /* accepted, and says nothing */
        { (const uint8_t *)"\x82\x00\x80", 3 },
        { (const uint8_t *)"\x82\x01\x80", 3 },
        { (const uint8_t *)"\x80", 1 },
        { (const uint8_t *)"", 0 },
        { (const uint8_t *)"yes", 3 },
    };

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct pair p;
        struct bulla_error err = { 0 };
        struct bl_claims claims = { .version = { true, 99 } };
        answer_with(&p, answers[i]);
        assert_int_not_equal(
            bl_appraiser_verify(p.appraiser, "tpm", &m->verification, &claims, &err), BULLA_OK);
        assert_int_not_equal(err.status, BULLA_OK);
        assert_int_equal(claims.version.value, 99);
        pair_done(&p);
    }
}

/* Says "enrolled": of an anchor that was not given, or with a Name that is none. */
static void
test_enrolments_that_lie(void **state)
{
    struct paper_machine *m = *state;

    for (int lie = 0; lie < 3; lie++) {
        struct pair p;
        struct bulla_error err = { 0 };
        BL_AUTO(bulla_buffer) answer = { 0 };
        struct bl_writer w = bl_writer(&answer);
        struct bl_enrolment out = { 0 };
        static const uint8_t name[34] = { 0, 11 };
        static const uint8_t large[69];
        bl_cbor_write_array(&w, 2);
        bl_cbor_write_uint(&w, 0);
        bl_cbor_write_array(&w, 3);
        bl_cbor_write_uint(&w, lie == 0 ? 1 : 0);
        bl_cbor_write_bytes(&w, BL_BYTES_OF(m->platform_id));
        if (lie == 1)
            bl_cbor_write_bytes(&w, (struct bulla_bytes){ NULL, 0 });
        else
            bl_cbor_write_bytes(&w, lie == 2 ? BL_BYTES_OF(large) : BL_BYTES_OF(name));
        assert_ok(bl_writer_finish(&w, &err), &err);
        answer_with(&p, bulla_buffer_bytes(&answer));
        assert_fails(
            bl_appraiser_enrol(p.appraiser, BL_LITERAL("x"), m->anchors, 1, PAPER_NOW, &out, &err),
            BULLA_E_MALFORMED, &err);
        assert_int_equal(out.ak_name.size, 0);
        pair_done(&p);
    }
}

static void
test_a_death_is_a_refusal_and_another_takes_over(void **state)
{
    struct paper_machine *m = *state;
    struct pair p;
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };
    int status = 0;
    int fd = -1;

    pair_start(&p);
    kill(p.child, SIGKILL);
    assert_int_equal(waitpid(p.child, &status, 0), p.child);
    for (int i = 0; i < 2; i++)
        assert_cause(bl_appraiser_verify(p.appraiser, "tpm", &m->verification, &claims, &err),
                     BULLA_CAUSE_UNREACHABLE, &err);
    p.child = start_appraiser(&fd);
    bl_appraiser_replace(p.appraiser, fd);
    bulla_error_clear(&err);
    assert_ok(bl_appraiser_verify(p.appraiser, "tpm", &m->verification, &claims, &err), &err);
    pair_done(&p);
}

#define with_machine(test) \
    cmocka_unit_test_setup_teardown(test, paper_machine_setup, paper_machine_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_machine(test_it_verifies_as_the_scheme_does),
        with_machine(test_it_refuses_with_the_reason),
        with_machine(test_enrolment_of_nothing_in_particular),
        with_machine(test_answers_that_lie),
        with_machine(test_enrolments_that_lie),
        with_machine(test_a_death_is_a_refusal_and_another_takes_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
