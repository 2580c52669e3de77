/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's collateral as text, and what follows from it: strictness, the choice of a level, how
 * ratings converge, and when starting anew would help.
 */
#include "tee/paper_dcap.h"

/* -- exact bytes --------------------------------------------------------------------------------- */

#define DIGITS16 "0123456789abcdef"
#define DIGITS128 DIGITS16 DIGITS16 DIGITS16 DIGITS16 DIGITS16 DIGITS16 DIGITS16 DIGITS16
#define SIGNATURE "\"signature\":\"" DIGITS128 "\""

static void
test_inner_objects_are_found(void **state)
{
    static const struct {
        const char *text;
        const char *object;
    } cases[] = {
        { "{\"tcbInfo\":{}," SIGNATURE "}", "{}" },
        { " {\n\"tcbInfo\" : {\"a\":{\"b\":[1]}} , " SIGNATURE " }\r\n\t", "{\"a\":{\"b\":[1]}}" },
        { "{" SIGNATURE ",\"tcbInfo\":{ }}", "{ }" },
        { "{\"tcbInfo\":{\"a\":\"}\\\"}\"}," SIGNATURE "}", "{\"a\":\"}\\\"}\"}" },
        { "{\"tcbInfo\":{\"a\":\"\\\\\"}," SIGNATURE "}", "{\"a\":\"\\\\\"}" },
    };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct bl_signed_json found;
        struct bulla_error err = { 0 };
        assert_ok(bl_signed_json_find(text_bytes(cases[i].text), "tcbInfo", &found, &err), &err);
        assert_bytes_equal(found.object, text_bytes(cases[i].object));
        assert_int_equal(found.signature[63], 0xef);
    }
}

static void
test_anything_else_around_them_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "{",
        "{}",
        "[]",
        "{\"tcbInfo\":{}}",
        "{" SIGNATURE "}",
        "{\"tcbInfo\":{}," SIGNATURE,
        "{\"tcbInfo\":{}," SIGNATURE "}x",
        "{\"tcbInfo\":{}," SIGNATURE "}{}",
        "x{\"tcbInfo\":{}," SIGNATURE "}",
        "{\"tcbInfo\":{}," SIGNATURE ",}",
        "{\"tcbInfo\":{}," SIGNATURE ",\"more\":1}",
        "{\"tcbInfo\":{},\"tcbInfo\":{}," SIGNATURE "}",
        "{\"tcbInfo\":{},\"tcbInfo\":{}}",
        "{" SIGNATURE "," SIGNATURE "}",
        "{\"tcbinfo\":{}," SIGNATURE "}",
        "{\"\\u0074cbInfo\":{}," SIGNATURE "}",
        "{\"tcbInfo\":[]," SIGNATURE "}",
        "{\"tcbInfo\":\"{}\"," SIGNATURE "}",
        "{\"tcbInfo\":{}" SIGNATURE "}",
        "{\"tcbInfo\"{}," SIGNATURE "}",
        "{\"tcbInfo\":{}},{" SIGNATURE "}",
        "{\"tcbInfo\":{}},\"signature\":\"" DIGITS128 "\"",
        "{\"tcbInfo\":{},\"signature\":\"" DIGITS16 "\"}",
        "{\"tcbInfo\":{},\"signature\":\"" DIGITS128 "00\"}",
        "{\"tcbInfo\":{},\"signature\":\"" DIGITS128 "\\n\"}",
        "{\"tcbInfo\":{},\"signature\":1}",
        "{\"tcbInfo\":{},\"signature\":null}",
        "{\"tcbInfo\":{\"a\":\"}," SIGNATURE "}",
    };

    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct bl_signed_json found;
        struct bulla_error err = { 0 };
        if (bl_signed_json_find(text_bytes(cases[i]), "tcbInfo", &found, &err) == BULLA_OK)
            fail_msg("taken: %s", cases[i]);
        assert_int_equal(err.status, BULLA_E_MALFORMED);
    }
}

static void
test_texts_that_are_too_long(void **state)
{
    char *text = malloc(BL_COLLATERAL_SIZE_MAX + 1);
    struct bl_signed_json found;
    struct bulla_error err = { 0 };

    (void)state;
    memset(text, ' ', BL_COLLATERAL_SIZE_MAX + 1);
    struct bulla_bytes bytes = { (const uint8_t *)text, BL_COLLATERAL_SIZE_MAX + 1 };
    assert_fails(bl_signed_json_find(bytes, "tcbInfo", &found, &err), BULLA_E_LIMIT, &err);
    free(text);
}

/* -- strictness ---------------------------------------------------------------------------------- */

static enum bulla_status
parse_info(const char *text, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_tcb_info) info = NULL;
    enum bulla_status status = bl_tcb_info_parse(text_bytes(text), &info, err);

    assert_int_equal(status == BULLA_OK, info != NULL);
    return status;
}

static enum bulla_status
parse_identity(const char *text, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_qe_identity) identity = NULL;
    enum bulla_status status = bl_qe_identity_parse(text_bytes(text), &identity, err);

    assert_int_equal(status == BULLA_OK, identity != NULL);
    return status;
}

typedef enum bulla_status parser(const char *text, struct bulla_error *err);

struct alteration {
    const char *from, *to;
    enum bulla_status status;
};

static void
refuse_altered(parser *parse, const char *honest, const struct alteration *alterations,
               size_t count)
{
    struct bulla_error err = { 0 };
    char text[PAPER_TEXT_SIZE];

    assert_ok(parse(honest, &err), &err);
    for (size_t i = 0; i < count; i++) {
        strcpy(text, honest);
        paper_swap(text, alterations[i].from, alterations[i].to);
        bulla_error_clear(&err);
        if (parse(text, &err) != alterations[i].status)
            fail_msg("%s -> %s: %s", alterations[i].from, alterations[i].to,
                     err.what != NULL ? err.what : "taken");
    }
}

static void
test_tcb_info_is_read_strictly(void **state)
{
    static const struct alteration alterations[] = {
        { "\"version\":3", "\"version\":4", BULLA_E_UNSUPPORTED },
        { "\"version\":3", "\"version\":1", BULLA_E_UNSUPPORTED },
        { "\"version\":3", "\"version\":\"3\"", BULLA_E_MALFORMED },
        { "\"version\":3", "\"version\":3.0", BULLA_E_MALFORMED },
        { "\"version\":3", "\"version\":3,\"version\":3", BULLA_E_MALFORMED },
        { "\"version\":3", "\"version\":30000000000000000000000", BULLA_E_MALFORMED },
        { "\"version\"", "\"Version\"", BULLA_E_MALFORMED },
        { "\"id\":\"TDX\"", "\"id\":\"TDy\"", BULLA_E_MALFORMED },
        { "\"id\":\"TDX\"", "\"id\":null", BULLA_E_MALFORMED },
        { "\"id\":\"TDX\",", "", BULLA_E_MALFORMED },
        { "\"issueDate\"", "\"issuedate\"", BULLA_E_MALFORMED },
        { "2027-01-01T", "2027-13-01T", BULLA_E_MALFORMED },
        { "2027-01-31T00:00:00Z", "2027-01-31T00:00:00", BULLA_E_MALFORMED },
        { "\"nextUpdate\"", "\"nextupdate\"", BULLA_E_MALFORMED },
        { "tcbEvaluationDataNumber\":17", "tcbEvaluationDataNumber\":-1", BULLA_E_MALFORMED },
        { "tcbEvaluationDataNumber", "tcbEvaluationNumber", BULLA_E_MALFORMED },
        { "00806f050000", "00806f05000", BULLA_E_MALFORMED },
        { "00806f050000", "00806f05000g", BULLA_E_MALFORMED },
        { "\"pceId\":\"0000\"", "\"pceId\":\"000000\"", BULLA_E_LIMIT },
        { "\"pceId\":\"0000\",", "", BULLA_E_MALFORMED },
        { "\"tcbType\":0", "\"tcbType\":1", BULLA_E_UNSUPPORTED },
        { "\"tcbType\":0,", "", BULLA_E_MALFORMED },
        { "\"tdxModule\":{\"mrsigner\"", "\"tdxModule\":{\"mrsignor\"", BULLA_E_MALFORMED },
        { "\"TDX_03\"", "\"TDX_3\"", BULLA_E_MALFORMED },
        { "\"TDX_03\"", "\"XDT_03\"", BULLA_E_MALFORMED },
        { "\"TDX_03\"", "\"TDX_0g\"", BULLA_E_MALFORMED },
        { "\"TDX_03\"", "\"TDX_01\"", BULLA_E_MALFORMED },
        { "\"isvsvn\":3", "\"isvsvn\":65536", BULLA_E_MALFORMED },
        { "{\"svn\":7}", "{\"svn\":256}", BULLA_E_MALFORMED },
        { "{\"svn\":7}", "{\"svn\":-1}", BULLA_E_MALFORMED },
        { "{\"svn\":7}", "{\"svn\":\"7\"}", BULLA_E_MALFORMED },
        { "{\"svn\":7}", "{}", BULLA_E_MALFORMED },
        { "{\"svn\":7}", "7", BULLA_E_MALFORMED },
        { "{\"svn\":7},", "", BULLA_E_MALFORMED },
        { "sgxtcbcomponents", "sgxtcbcomponentz", BULLA_E_MALFORMED },
        { "tdxtcbcomponents", "tdxtcbcomponentz", BULLA_E_MALFORMED },
        { "\"pcesvn\":11", "\"pcesvn\":65536", BULLA_E_MALFORMED },
        { "\"pcesvn\":11", "\"pcesvn\":null", BULLA_E_MALFORMED },
        { "\"tcbDate\":\"2026-03-13T00:00:00Z\",", "", BULLA_E_MALFORMED },
        { "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"uptodate\"", BULLA_E_MALFORMED },
        { "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"absent\"", BULLA_E_MALFORMED },
        /* a module is not rated with this word */
        { "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":\"ConfigurationNeeded\"",
          BULLA_E_MALFORMED },
        { "\"INTEL-SA-00615\"", "615", BULLA_E_MALFORMED },
        { "\"INTEL-SA-00615\"", "\"INTEL SA 00615\"", BULLA_E_MALFORMED },
        { "[\"INTEL-SA-00615\"]", "\"INTEL-SA-00615\"", BULLA_E_MALFORMED },
    };
    struct paper *p = paper_make(PAPER_TD10);

    (void)state;
    refuse_altered(parse_info, p->tcb_info, alterations, BL_COUNT_OF(alterations));
    paper_free(p);
}

static void
test_identities_are_read_strictly(void **state)
{
    static const struct alteration alterations[] = {
        { "\"version\":2", "\"version\":1", BULLA_E_UNSUPPORTED },
        { "\"version\":2", "\"version\":3", BULLA_E_UNSUPPORTED },
        { "\"QE\"", "\"QVE\"", BULLA_E_MALFORMED },
        { "\"id\":\"QE\",", "", BULLA_E_MALFORMED },
        { "\"nextUpdate\"", "\"nextupdate\"", BULLA_E_MALFORMED },
        { "\"miscselect\":", "\"miscSelect\":", BULLA_E_MALFORMED },
        { "\"miscselectMask\":", "\"miscselectmask\":", BULLA_E_MALFORMED },
        { "\"FFFFFFFF\"", "\"FFFFFF\"", BULLA_E_MALFORMED },
        { "\"attributes\":", "\"attribute\":", BULLA_E_MALFORMED },
        { "\"attributesMask\":", "\"attributeMask\":", BULLA_E_MALFORMED },
        { "\"mrsigner\":", "\"signer\":", BULLA_E_MALFORMED },
        { "\"isvprodid\":1", "\"isvprodid\":65537", BULLA_E_MALFORMED },
        { "\"isvprodid\":1,", "", BULLA_E_MALFORMED },
        { "\"isvsvn\":8", "\"isvsvn\":-8", BULLA_E_MALFORMED },
        { "{\"isvsvn\":8}", "{}", BULLA_E_MALFORMED },
        { "{\"isvsvn\":8}", "8", BULLA_E_MALFORMED },
        { "\"tcbLevels\"", "\"tcblevels\"", BULLA_E_MALFORMED },
        { "\"tcbStatus\":\"UpToDate\"", "\"tcbStatus\":1", BULLA_E_MALFORMED },
        { "\"tcbDate\":\"2026-03-13T00:00:00Z\",", "", BULLA_E_MALFORMED },
    };
    struct paper *p = paper_make(PAPER_SGX);

    (void)state;
    refuse_altered(parse_identity, p->qe_identity, alterations, BL_COUNT_OF(alterations));
    paper_free(p);
}

static void
test_levels_are_there(void **state)
{
    struct bulla_error err = { 0 };
    char text[PAPER_TEXT_SIZE];
    struct paper *p = paper_make(PAPER_SGX);

    (void)state;
    strcpy(text, p->tcb_info);
    strcpy(strstr(text, "\"tcbLevels\""), "\"tcbLevels\":[]}");
    assert_fails(parse_info(text, &err), BULLA_E_MALFORMED, &err);
    strcpy(text, p->qe_identity);
    strcpy(strstr(text, "\"tcbLevels\""), "\"tcbLevels\":[]}");
    assert_fails(parse_identity(text, &err), BULLA_E_MALFORMED, &err);
    paper_free(p);
}

static void
test_every_truncation(void **state)
{
    struct paper *p = paper_make(PAPER_TD10);
    struct bulla_error err = { 0 };

    (void)state;
    for (size_t size = strlen(p->qe_identity); size-- > 0;) {
        p->qe_identity[size] = '\0';
        assert_fails(parse_identity(p->qe_identity, &err), BULLA_E_MALFORMED, &err);
    }
    for (size_t size = strlen(p->tcb_info); size-- > 0;) {
        p->tcb_info[size] = '\0';
        assert_fails(parse_info(p->tcb_info, &err), BULLA_E_MALFORMED, &err);
    }
    paper_free(p);
}

/* -- the choice of a level ----------------------------------------------------------------------- */

static uint64_t random_state = 0x62756c6c61;

static unsigned
random_below(unsigned limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % limit);
}

/* Written the other way round: which levels are out of reach, and which of the rest is highest? */
static int
expected_level(const struct bl_tcb_info *info, const struct bl_platform_svns *svns)
{
    for (size_t l = 0; l < info->level_count; l++) {
        int lower = svns->pce_svn < info->levels[l].pce_svn;
        for (int i = 0; i < 16; i++)
            lower += svns->sgx[i] < info->levels[l].sgx[i];
        for (int i = 15; svns->is_tdx && i >= (svns->tdx[1] > 0 ? 2 : 0); i--)
            lower += svns->tdx[i] < info->levels[l].tdx[i];
        if (lower == 0)
            return (int)l;
    }
    return -1;
}

static void
fill_randomly(uint8_t svns[16])
{
    for (size_t i = 0; i < 16; i++)
        svns[i] = (uint8_t)random_below(3);
}

static void
test_levels_against_a_model(void **state)
{
    struct bl_tcb_info *info = calloc(1, sizeof *info);
    size_t found_count = 0;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct bl_platform_svns svns = { .is_tdx = random_below(2) == 0 };
        const struct bl_tcb_level *level = NULL, *sgx = NULL;
        struct bulla_error err = { 0 };
        info->level_count = 1 + random_below(4);
        for (size_t l = 0; l < info->level_count; l++) {
            for (size_t i = 0; i < 16; i++) {
                info->levels[l].sgx[i] = random_below(8) == 0;
                info->levels[l].tdx[i] = random_below(8) == 0;
            }
            info->levels[l].pce_svn = (uint16_t)random_below(3);
        }
        fill_randomly(svns.sgx);
        fill_randomly(svns.tdx);
        svns.pce_svn = (uint16_t)random_below(3);
        svns.tdx_start = bl_tdx_start(svns.tdx);
        int expected = expected_level(info, &svns);
        enum bulla_status status = bl_tcb_level_find(info, &svns, &level, &sgx, &err);
        if (expected < 0) {
            assert_int_equal(err.cause, BULLA_CAUSE_TCB_NOT_SUPPORTED);
            continue;
        }
        assert_int_equal(status, BULLA_OK);
        assert_ptr_equal(level, &info->levels[expected]);
        assert_true(sgx <= level);
        found_count++;
    }
    assert_true(found_count > 500 && found_count < 19500);
    free(info);
}

/* Whatever the order in the text, the highest comes first. */
static void
test_levels_are_put_in_order(void **state)
{
    static const uint8_t low[16] = { 1 }, high[16] = { 2 };
    BL_AUTO_FREE(bl_tcb_info) info = NULL;
    struct bulla_error err = { 0 };
    struct paper *p = paper_make(PAPER_TD10);
    char *text = p->tcb_info;

    (void)state;
    strcpy(strstr(text, "\"tcbLevels\":[{\"tcb\":{\"sgx"), "\"tcbLevels\":[");
    paper_level(text, low, 9, high, "OutOfDate", "");
    strcat(text, ",");
    paper_level(text, high, 3, low, "UpToDate", "");
    strcat(text, ",");
    paper_level(text, high, 3, high, "UpToDate", "");
    strcat(text, ",");
    paper_level(text, high, 4, low, "UpToDate", "");
    strcat(text, "]}");
    assert_ok(bl_tcb_info_parse(text_bytes(text), &info, &err), &err);
    assert_int_equal(info->level_count, 4);
    assert_int_equal(info->levels[0].pce_svn, 4);
    assert_int_equal(info->levels[1].tdx[0], 2);
    assert_int_equal(info->levels[2].tdx[0], 1);
    assert_int_equal(info->levels[3].pce_svn, 9);
    paper_free(p);
}

static void
test_levels_of_one_svn(void **state)
{
    const struct bl_svn_levels levels = { .items = { { .isv_svn = 8 }, { .isv_svn = 4 } },
                                          .count = 2 };
    const struct bl_svn_level *level = NULL;
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_svn_level_find(&levels, 9, "it", &level, &err), &err);
    assert_int_equal(level->isv_svn, 8);
    assert_ok(bl_svn_level_find(&levels, 8, "it", &level, &err), &err);
    assert_int_equal(level->isv_svn, 8);
    assert_ok(bl_svn_level_find(&levels, 7, "it", &level, &err), &err);
    assert_int_equal(level->isv_svn, 4);
    assert_cause(bl_svn_level_find(&levels, 3, "it", &level, &err), BULLA_CAUSE_TCB_NOT_SUPPORTED,
                 &err);
}

/* -- converging ---------------------------------------------------------------------------------- */

static void
test_converging(void **state)
{
    static const enum bl_tcb_status after_old[] = {
        [BL_TCB_ABSENT] = BL_TCB_ABSENT,
        [BL_TCB_UP_TO_DATE] = BL_TCB_OUT_OF_DATE,
        [BL_TCB_SW_HARDENING_NEEDED] = BL_TCB_OUT_OF_DATE,
        [BL_TCB_CONFIGURATION_NEEDED] = BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
        [BL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
        [BL_TCB_TD_RELAUNCH_ADVISED] = BL_TCB_OUT_OF_DATE,
        [BL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
        [BL_TCB_OUT_OF_DATE] = BL_TCB_OUT_OF_DATE,
        [BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
        [BL_TCB_REVOKED] = BL_TCB_REVOKED,
    };

    (void)state;
    for (int i = BL_TCB_ABSENT; i <= BL_TCB_REVOKED; i++) {
        enum bl_tcb_status status = (enum bl_tcb_status)i;
        assert_int_equal(bl_tcb_converge(status, BL_TCB_UP_TO_DATE), status);
        assert_int_equal(bl_tcb_converge(status, BL_TCB_ABSENT), status);
        assert_int_equal(bl_tcb_converge(status, BL_TCB_OUT_OF_DATE), after_old[i]);
        assert_int_equal(bl_tcb_converge(status, BL_TCB_REVOKED), BL_TCB_REVOKED);
    }
}

/* -- relaunch ------------------------------------------------------------------------------------ */

/* Each condition, and what comes of it when it alone does not hold. */
static void
test_relaunch(void **state)
{
    static const uint8_t now[16] = { 5, 1, 7 }, old_module[16] = { 4, 1, 7 };
    static const uint8_t old_microcode[16] = { 5, 1, 6 }, unlisted[16] = { 5, 9, 7 };
    static const uint8_t version_0[16] = { 5, 0, 7 }, old_version_0[16] = { 4, 0, 7 };
    const enum bl_tcb_status good = BL_TCB_UP_TO_DATE, old = BL_TCB_OUT_OF_DATE;
    const enum bl_tcb_status advised = BL_TCB_TD_RELAUNCH_ADVISED;
    const enum bl_tcb_status advised_too = BL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED;
    const enum bl_tcb_status old_too = BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
    const struct {
        struct bl_relaunch found;
        enum bl_tcb_status expected;
    } cases[] = {
        { { good, old, old, good, now }, advised },
        { { good, old, old, BL_TCB_ABSENT, now }, advised },
        { { BL_TCB_SW_HARDENING_NEEDED, old, old, good, now }, advised },
        { { BL_TCB_CONFIGURATION_NEEDED, old, old, good, now }, advised_too },
        { { BL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED, old, old, good, now }, advised_too },
        { { good, old_too, old, good, now }, advised_too },
        { { good, old, old, good, version_0 }, advised },
        { { good, old, old, good, old_version_0 }, old },
        { { good, old, old, good, old_module }, old },
        { { good, old, old, good, old_microcode }, old },
        { { old, old, old, good, now }, old },
        { { BL_TCB_REVOKED, old, old, good, now }, old },
        { { good, good, old, good, now }, good },
        { { good, BL_TCB_REVOKED, old, good, now }, BL_TCB_REVOKED },
        { { good, old, good, good, now }, old },
        { { good, old, BL_TCB_ABSENT, good, now }, old },
        { { good, old, old, old, now }, old },
        { { good, old, old, BL_TCB_REVOKED, now }, old },
    };
    const struct bl_relaunch to_nowhere = { good, old, old, good, unlisted };
    BL_AUTO_FREE(bl_tcb_info) info = NULL;
    enum bl_tcb_status status = BL_TCB_ABSENT;
    struct bulla_error err = { 0 };
    struct paper *p = paper_make(PAPER_TD15);

    (void)state;
    assert_ok(bl_tcb_info_parse(text_bytes(p->tcb_info), &info, &err), &err);
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        assert_ok(bl_tcb_relaunch(info, &cases[i].found, &status, &err), &err);
        if (status != cases[i].expected)
            fail_msg("case %zu: %s", i, bl_tcb_status_word(status));
    }
    assert_cause(bl_tcb_relaunch(info, &to_nowhere, &status, &err), BULLA_CAUSE_TDX_MODULE_MISMATCH,
                 &err);
    paper_free(p);
}

/* -- a body alone -------------------------------------------------------------------------------- */

static enum bulla_status
inspect(const struct paper *p, size_t part, const struct bl_part *inputs, size_t input_count,
        struct bl_claims *claims, struct bulla_error *err)
{
    const struct bl_verification v = { .evidence = p->parts[part].bytes,
                                       .inputs = inputs,
                                       .input_count = input_count };

    return bl_scheme_find("tcbjson")->inspect(&v, claims, err);
}

static void
test_a_body_alone(void **state)
{
    const struct bl_part inputs[] = {
        { "sgx_comp_svn", BL_LITERAL("[7, 7, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0]") },
        { "pcesvn", BL_LITERAL("11") },
        { "tdx_comp_svn", BL_LITERAL("[5, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]") },
        { "isvsvn", BL_LITERAL("5") },
    };
    struct bl_part wrong[] = { inputs[0], inputs[1], inputs[2] };
    struct paper *p = paper_make(PAPER_TD10);
    struct bulla_error err = { 0 };
    struct bl_claims claims = { 0 };

    (void)state;
    paper_build(p);
    assert_ok(inspect(p, 2, inputs, 4, &claims, &err), &err);
    assert_int_equal(claims.tcb.status, BL_TCB_UP_TO_DATE);
    assert_null(claims.kind); /* nothing was verified */
    assert_ok(inspect(p, 4, inputs, 4, &claims, &err), &err);
    assert_int_equal(claims.tcb.status, BL_TCB_OUT_OF_DATE);
    assert_ok(inspect(p, 2, NULL, 0, &claims, &err), &err);
    assert_int_equal(claims.tcb.status, BL_TCB_ABSENT);
    assert_fails(inspect(p, 2, inputs, 1, &claims, &err), BULLA_E_USAGE, &err); /* no pcesvn */
    assert_fails(inspect(p, 2, inputs, 2, &claims, &err), BULLA_E_USAGE, &err);
    wrong[1].bytes = BL_LITERAL("65536");
    assert_fails(inspect(p, 2, wrong, 3, &claims, &err), BULLA_E_USAGE, &err);
    wrong[1] = inputs[1];
    wrong[0].bytes = BL_LITERAL("[7, 7, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0]");
    assert_fails(inspect(p, 2, wrong, 3, &claims, &err), BULLA_E_USAGE, &err);
    wrong[0].bytes = BL_LITERAL("[7, 7, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 256]");
    assert_fails(inspect(p, 2, wrong, 3, &claims, &err), BULLA_E_USAGE, &err);
    assert_fails(inspect(p, 3, inputs, 4, &claims, &err), BULLA_E_MALFORMED, &err);
    paper_free(p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inner_objects_are_found),
        cmocka_unit_test(test_anything_else_around_them_is_refused),
        cmocka_unit_test(test_texts_that_are_too_long),
        cmocka_unit_test(test_tcb_info_is_read_strictly),
        cmocka_unit_test(test_identities_are_read_strictly),
        cmocka_unit_test(test_levels_are_there),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_levels_against_a_model),
        cmocka_unit_test(test_levels_are_put_in_order),
        cmocka_unit_test(test_levels_of_one_svn),
        cmocka_unit_test(test_converging),
        cmocka_unit_test(test_relaunch),
        cmocka_unit_test(test_a_body_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
