/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence through /dev/nsm, answered by an emulated module; and its answers as bytes. */
#include "device/attest_fixture.h"
#include "device/attest_internal.h"
#include "device/makers.h"
#include "tee/nitro/structures.h"

#define NAME "nsm"

static void
is_evidence(const struct trial *t, const struct device *d)
{
    struct bl_nitro_document document;
    struct bulla_error err = { 0 };

    assert_ok(t->status, &t->err);
    assert_string_equal(t->kind, "nitro");
    assert_int_equal(t->count, 1);
    assert_ok(bl_nitro_decode((struct bulla_bytes){ t->bytes[0], t->sizes[0] }, &document, &err),
              &err);
    assert_bytes_equal(document.nonce.bytes, BL_BYTES_OF(trial_nonce)); /* as it is: no zeros */
    assert_int_equal(d->happened.made, 1);
}

static void
test_document(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, HONEST, PLAINLY, is_evidence));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .interrupted = 9 }, PLAINLY, is_evidence));
}

static void
is_refusal(const struct trial *t, const struct device *d)
{
    assert_int_equal(t->err.cause, BULLA_CAUSE_ATTESTER_FAILED);
    assert_string_equal(t->err.what, d->does.code == 1 ? "the module refused: invalid argument"
                                                       : "the module refused");
}

static void
test_refusals(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .code = 1 }, PLAINLY, is_refusal));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .code = 2 }, PLAINLY, is_refusal));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = EMSGSIZE }, PLAINLY, is_failure));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .error = EBUSY }, PLAINLY, is_busy));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .absent = true }, PLAINLY, is_absent));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .denied = true }, PLAINLY, is_not_permitted));
}

static void
is_beyond_the_room(const struct trial *t, const struct device *d)
{
    is_no_answer(t, d);
    assert_string_equal(t->err.where, "/dev/nsm"); /* before anything of it is read */
}

static void
test_lies(void **state)
{
    static const uint64_t sizes[] = { 1, 100 };

    (void)state;
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .wrong_data = true }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .garbage = true }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .cut = 1 }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .more = 1 }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .more = 0x3000 }, PLAINLY, is_no_answer));
    for (size_t i = 0; i < BL_COUNT_OF(sizes); i++)
        NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .size = sizes[i] }, PLAINLY, is_no_answer));
    NEEDS_EMULATOR(attest(NAME, (struct behaviour){ .size = 0x3001 }, PLAINLY, is_beyond_the_room));
    NEEDS_EMULATOR(
        attest(NAME, (struct behaviour){ .size = UINT64_MAX }, PLAINLY, is_beyond_the_room));
}

static void
test_no_answer(void **state)
{
    (void)state;
    NEEDS_EMULATOR(attest_in_vain(NAME, (struct behaviour){ .never = true }));
}

static void
test_each_fault(void **state)
{
    (void)state;
    NEEDS_EMULATOR(each_fault_within(NAME));
}

/* -- the answer as bytes --------------------------------------------------------------------------- */

static void
assert_answer(struct bulla_bytes bytes, enum bulla_cause cause)
{
    struct bulla_bytes document = { NULL, 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_nsm_response_decode(bytes, &document, &err);

    assert_int_equal(err.cause, cause);
    assert_int_equal(status, bulla_cause_status(cause));
    assert_true((document.data != NULL) == (status == BULLA_OK));
}

#define ATTESTATION \
    "\x6b"          \
    "Attestation"
#define DOCUMENT \
    "\x68"       \
    "document"

static void
test_answers(void **state)
{
    (void)state;
    assert_answer(BL_LITERAL("\xa1" ATTESTATION "\xa1" DOCUMENT "\x41x"), BULLA_CAUSE_NONE);
    assert_answer(BL_LITERAL("\xbf" ATTESTATION "\xbf" DOCUMENT "\x41x\xff\xff"), BULLA_CAUSE_NONE);
    assert_answer(BL_LITERAL("\xa1" ATTESTATION "\xa1" DOCUMENT "\x40"), BULLA_CAUSE_MALFORMED);
    assert_answer(BL_LITERAL("\xa1" ATTESTATION "\xa0"), BULLA_CAUSE_MALFORMED);
    assert_answer(BL_LITERAL("\xa0"), BULLA_CAUSE_MALFORMED);
    assert_answer(BL_LITERAL("\x6b"
                             "Attestation"),
                  BULLA_CAUSE_MALFORMED);
    assert_answer(BL_LITERAL("\xa1\x69"
                             "GetRandom\xa1\x66random\x41x"),
                  BULLA_CAUSE_MALFORMED);
    assert_answer(BL_LITERAL("\xa1" ATTESTATION "\xa1\x63"
                             "doc\x41x"),
                  BULLA_CAUSE_MALFORMED);
    assert_answer(BL_LITERAL("\xa1\x65"
                             "Error\x6d"
                             "InternalError"),
                  BULLA_CAUSE_ATTESTER_FAILED);
    assert_answer(BL_LITERAL("\xa1\x65"
                             "Error\x60"),
                  BULLA_CAUSE_ATTESTER_FAILED);
    assert_answer(BL_LITERAL("\xa1\x65"
                             "Error\x01"),
                  BULLA_CAUSE_MALFORMED);
    assert_answer(BL_LITERAL(""), BULLA_CAUSE_MALFORMED);
}

static void
test_every_truncation_of_an_answer(void **state)
{
    static const uint8_t whole[] = "\xa1" ATTESTATION "\xa1" DOCUMENT "\x44"
                                   "abcd";

    (void)state;
    for (size_t size = 0; size < sizeof whole - 1; size++)
        assert_answer((struct bulla_bytes){ whole, size }, BULLA_CAUSE_MALFORMED);
    assert_answer((struct bulla_bytes){ whole, sizeof whole - 1 }, BULLA_CAUSE_NONE);
    assert_answer((struct bulla_bytes){ whole, sizeof whole }, BULLA_CAUSE_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_lies),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_each_fault),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_every_truncation_of_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
