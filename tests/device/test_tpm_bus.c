/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody sees and can do who sits between us and the TPM.
 */
#include "tpm_fixture.h"

#define SECRET BL_LITERAL("a secret that nobody may see pass")
#define PIN BL_LITERAL("the PIN of the owner")
#define NO_PIN ((struct bulla_bytes){ 0 })

/* -- watching ---------------------------------------------------------------------------------- */

static void
test_the_secret_does_not_cross_in_clear(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { .with_pin = true };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };
    uint8_t auth[32];

    assert_ok(bl_tpm_seal(f->tpm, SECRET, &policy, PIN, &sealed, &err), &err);
    assert_ok(bl_tpm_unseal(f->tpm, &sealed, &policy, PIN, &secret, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&secret), SECRET);
    assert_true(f->tap.record.size > 1000);
    assert_true(tap_has_seen(&f->tap, ((struct bulla_bytes){ sealed.private_area.data + 2, 32 })));
    const struct bulla_bytes parts[] = { BL_LITERAL("bulla-tpm-pin/1"), PIN };
    assert_ok(bl_hash_parts(BL_SHA256, parts, 2, auth, &err), &err);
    for (size_t size = 8; size <= SECRET.size; size++)
        assert_false(tap_has_seen(&f->tap, (struct bulla_bytes){ SECRET.data, size }));
    assert_false(tap_has_seen(&f->tap, (struct bulla_bytes){ SECRET.data + 20, 8 }));
    assert_false(tap_has_seen(&f->tap, (struct bulla_bytes){ auth, 8 }));
    assert_false(tap_has_seen(&f->tap, PIN));
}

/* Does the recorder hear at all? The same object, unsealed by a session without encryption. */
static void
test_the_recorder_hears_what_is_not_encrypted(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_tpm_handle) srk = { 0 };
    BL_AUTO(bl_tpm_handle) session = { 0 };
    TPM2B_SENSITIVE_DATA *data = NULL;

    assert_ok(bl_tpm_seal(f->tpm, SECRET, &policy, NO_PIN, &sealed, &err), &err);
    assert_false(tap_has_seen(&f->tap, SECRET));
    assert_ok(bl_tpm_srk(f->tpm, &sealed.srk_name, &srk, &err), &err);
    BL_AUTO(bl_tpm_handle) object = load_sealed(f, &sealed, &srk);
    assert_ok(bl_tpm_session(f->tpm, &srk, TPM2_SE_POLICY, 0, &session, &err), &err);
    assert_int_equal(
        Esys_Unseal(f->tpm->esys, object.tr, session.tr, ESYS_TR_NONE, ESYS_TR_NONE, &data), 0);
    Esys_Free(data);
    assert_true(tap_has_seen(&f->tap, SECRET));
}

/* Salt and encryption both: each session start names a key, and no session of ours is bare. */
static void
test_sessions_are_salted(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };
    static const uint8_t start_session[] = { 0x00, 0x00, 0x01, 0x76 };
    unsigned count = 0;

    assert_ok(bl_tpm_seal(f->tpm, SECRET, &policy, NO_PIN, &sealed, &err), &err);
    assert_ok(bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err), &err);
    const uint8_t *at = f->tap.record.data;
    const uint8_t *end = at + f->tap.record.size;
    while (at < end) { /* messages follow one another, each with its size */
        size_t size = (size_t)at[4] << 8 | at[5];
        if (memcmp(at + 6, start_session, 4) == 0) {
            assert_int_equal(at[10], 0x80); /* tpmKey: a transient object, not TPM_RH_NULL */
            count++;
        }
        at += size;
    }
    assert_int_equal(count, 2);
}

/* -- forging ----------------------------------------------------------------------------------- */

struct forgery {
    unsigned number;      /* of the response to alter */
    size_t at;            /* byte of it */
    uint32_t command;     /* or every response to this command */
    const uint8_t *bytes; /* put in its place */
    size_t size;
    unsigned times; /* 0: for ever */
    unsigned count;
    bool done;
};

static void
flip_one_byte(void *context, unsigned number, uint32_t code, struct bulla_buffer *response)
{
    struct forgery *forgery = context;

    (void)code;
    if (number == forgery->number && forgery->at < response->size) {
        response->data[forgery->at] ^= 0x41;
        forgery->done = true;
    }
}

static void
answer_instead(void *context, unsigned number, uint32_t code, struct bulla_buffer *response)
{
    struct forgery *forgery = context;

    (void)number;
    if (code != forgery->command || (forgery->times != 0 && forgery->count == forgery->times))
        return;
    forgery->count++;
    bulla_buffer_clear(response);
    assert_int_equal(
        bulla_buffer_append(response, (struct bulla_bytes){ forgery->bytes, forgery->size }, NULL),
        BULLA_OK);
}

/* Whatever one byte of whichever response is changed: a right secret or none, and no crash. */
static void
test_no_altered_response_yields_a_wrong_secret(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    struct bl_tpm_policy policy = policy_now(f->tpm, 1 << 7, &values);
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    unsigned refused = 0;

    assert_ok(bl_tpm_seal(f->tpm, SECRET, &policy, NO_PIN, &sealed, &err), &err);
    bool any = true;
    for (unsigned number = 1; any; number++) {
        any = false;
        for (size_t at = 0;; at += at < 20 ? 3 : 17) {
            struct forgery forgery = { .number = number, .at = at };
            BL_AUTO(bl_secret) secret = { 0 };
            /* A connection that met a forgery may be unusable: each gets its own. */
            fixture_close(f);
            fixture_open(f);
            f->tap.command_count = 0;
            f->tap.context = &forgery;
            f->tap.alter = flip_one_byte;
            bulla_error_clear(&err);
            enum bulla_status status =
                bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err);
            f->tap.alter = NULL;
            if (!forgery.done)
                break;
            any = true;
            if (status == BULLA_OK)
                assert_bytes_equal(bl_secret_bytes(&secret), SECRET);
            else
                assert_null(secret.data);
            refused += status != BULLA_OK;
        }
    }
    assert_true(refused > 30);
}

/* The interposer's best card: his own key in place of the storage root key, the Name left as it is. */
struct interposer {
    uint8_t point[64]; /* his public key, x and y */
    uint8_t genuine[64];
    unsigned count;
    unsigned session_count; /* salts that went to him */
};

static void
replace_point(void *context, unsigned number, uint32_t code, struct bulla_buffer *response)
{
    struct interposer *interposer = context;

    (void)number;
    interposer->session_count += code == TPM2_CC_StartAuthSession;
    uint8_t *x = memmem(response->data, response->size, interposer->genuine, 32);
    if (x == NULL || x + 66 > response->data + response->size)
        return;
    memcpy(x, interposer->point, 32);
    memcpy(x + 34, interposer->point + 32, 32);
    interposer->count++;
}

/* The public point of the storage root key of a hierarchy. */
static void
read_point(struct fixture *f, ESYS_TR hierarchy, uint8_t point[64])
{
    const TPM2B_PUBLIC template = srk_template(32);
    TPM2B_PUBLIC area = { 0 };
    struct bl_tpm_handle key = make_primary(f, hierarchy, &template, &area);

    memcpy(point, area.publicArea.unique.ecc.x.buffer, 32);
    memcpy(point + 32, area.publicArea.unique.ecc.y.buffer, 32);
    bl_tpm_handle_done(&key);
}

static void
test_a_key_put_in_place_of_the_srk_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { 0 };
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    struct bl_tpm_sealed none = { 0 };
    struct bl_secret secret = { 0 };
    struct interposer interposer = { 0 };

    read_point(f, ESYS_TR_RH_OWNER, interposer.genuine);
    read_point(f, ESYS_TR_RH_NULL, interposer.point);
    assert_ok(bl_tpm_seal(f->tpm, SECRET, &policy, NO_PIN, &sealed, &err), &err);
    for (int is_persistent = 0; is_persistent < 2; is_persistent++) {
        if (is_persistent)
            persist_srk(f);
        f->tap.context = &interposer;
        f->tap.alter = replace_point;
        interposer.count = 0;
        assert_cause(bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err),
                     BULLA_CAUSE_TPM_FAILED, &err);
        assert_true(interposer.count > 0);
        fixture_close(f); /* ESYS does not survive some of these */
        fixture_open(f);
        f->tap.context = &interposer;
        f->tap.alter = replace_point;
        assert_cause(bl_tpm_seal(f->tpm, SECRET, &policy, NO_PIN, &none, &err),
                     BULLA_CAUSE_TPM_FAILED, &err);
        assert_null(none.public_area.data);
        assert_int_equal(interposer.session_count, 0);
        fixture_close(f);
        fixture_open(f);
    }
}

static const uint8_t retry_later[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x09, 0x22 };
static const uint8_t pcr_changed[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x28 };
static const uint8_t tpm_1_2[] = { 0x00, 0xc4, 0, 0, 0, 10, 0, 0, 0, 30 };

static unsigned slept_ms;

/* In the place of bl_clock_sleep_ms(): nobody here waits for anything to happen. */
void __wrap_bl_clock_sleep_ms(unsigned duration_ms);

void
__wrap_bl_clock_sleep_ms(unsigned duration_ms)
{
    slept_ms += duration_ms;
}

static void
test_retries_are_bounded(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    uint8_t random[8];
    struct forgery forgery = {
        .command = TPM2_CC_GetRandom, .bytes = retry_later, .size = sizeof retry_later, .times = 3
    };

    f->tap.context = &forgery;
    f->tap.alter = answer_instead;
    slept_ms = 0;
    assert_ok(bl_tpm_random(f->tpm, random, sizeof random, &err), &err);
    assert_int_equal(forgery.count, 3);
    assert_int_equal(slept_ms, 2 + 4 + 8);
    slept_ms = 0;
    forgery.times = 0;
    assert_cause(bl_tpm_random(f->tpm, random, sizeof random, &err), BULLA_CAUSE_TPM_FAILED, &err);
    assert_int_equal(err.detail, TPM2_RC_RETRY);
    assert_int_equal(forgery.count, 3 + 13);
    assert_int_equal(slept_ms, 8190); /* 2 ms, doubled eleven times */
}

static void
test_pcr_changed_is_tried_thirty_times(void **state)
{
    struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) values = { 0 };
    struct bl_tpm_policy policy = policy_now(f->tpm, 1 << 7, &values);
    BL_AUTO(bl_tpm_sealed) sealed = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };
    struct forgery forgery = {
        .command = TPM2_CC_Unseal, .bytes = pcr_changed, .size = sizeof pcr_changed, .times = 29
    };

    assert_ok(bl_tpm_seal(f->tpm, SECRET, &policy, NO_PIN, &sealed, &err), &err);
    f->tap.context = &forgery;
    f->tap.alter = answer_instead;
    assert_ok(bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err), &err);
    assert_bytes_equal(bl_secret_bytes(&secret), SECRET);
    bl_secret_done(&secret);
    forgery.times = 0;
    forgery.count = 0;
    assert_cause(bl_tpm_unseal(f->tpm, &sealed, &policy, NO_PIN, &secret, &err), BULLA_CAUSE_BUSY,
                 &err);
    assert_int_equal(forgery.count, 30);
    assert_null(secret.data);
    f->tap.alter = NULL;
    assert_nothing_loaded(f->tpm);
}

static void
test_impossible_responses_end_the_connection(void **state)
{
    struct fixture *f = *state;
    static const uint8_t short_header[] = { 0x80, 0x01, 0, 0, 0, 9, 0, 0, 0 };
    static const uint8_t wrong_size[] = { 0x80, 0x01, 0, 0, 0, 11, 0, 0, 0, 0 };
    static const uint8_t wrong_tag[] = { 0x80, 0x03, 0, 0, 0, 10, 0, 0, 0, 0 };
    static const struct {
        struct bulla_bytes bytes;
        enum bulla_cause cause;
    } cases[] = {
        { { short_header, sizeof short_header }, BULLA_CAUSE_TPM_FAILED },
        { { wrong_size, sizeof wrong_size }, BULLA_CAUSE_TPM_FAILED },
        { { wrong_tag, sizeof wrong_tag }, BULLA_CAUSE_TPM_FAILED },
        { { wrong_tag, 0 }, BULLA_CAUSE_TPM_FAILED },
        { { tpm_1_2, sizeof tpm_1_2 }, BULLA_CAUSE_NO_TPM },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bulla_error err = { 0 };
        uint8_t random[8];
        struct forgery forgery = { .command = TPM2_CC_GetRandom,
                                   .bytes = cases[i].bytes.data,
                                   .size = cases[i].bytes.size };
        f->tap.context = &forgery;
        f->tap.alter = answer_instead;
        assert_cause(bl_tpm_random(f->tpm, random, sizeof random, &err), cases[i].cause, &err);
        f->tap.alter = NULL; /* too late: who knows which answer belongs to which question */
        unsigned before = f->tap.command_count;
        assert_cause(bl_tpm_random(f->tpm, random, sizeof random, &err), cases[i].cause, &err);
        assert_int_equal(f->tap.command_count, before);
        fixture_close(f);
        fixture_open(f);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tpm(test_the_secret_does_not_cross_in_clear),
        with_tpm(test_the_recorder_hears_what_is_not_encrypted),
        with_tpm(test_sessions_are_salted),
        with_tpm(test_no_altered_response_yields_a_wrong_secret),
        with_tpm(test_a_key_put_in_place_of_the_srk_is_noticed),
        with_tpm(test_retries_are_bounded),
        with_tpm(test_pcr_changed_is_tried_thirty_times),
        with_tpm(test_impossible_responses_end_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
