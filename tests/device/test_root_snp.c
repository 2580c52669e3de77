/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the SEV-SNP firmware, by an emulated driver and a firmware that derives as AMD's does. */
#include "device/root_fixture.h"

#define NAME "sev-guest"
#define CODE BL_ROOT_BIND_CODE
#define SIGNER BL_ROOT_BIND_SIGNER
#define VERSION BL_ROOT_BIND_VERSION
#define HOST BL_ROOT_BIND_HOST

/* What the child is to do, and what came of it. */
struct trial {
    struct bl_root_binding binding;
    bool is_given; /* `request` is: do not make one */
    struct bl_root_request request;
    enum bl_fault fault;
    uint64_t nth;
    bool fault_was_reached;

    enum bulla_status status;
    struct bulla_error err;
    struct bl_root_state state;
    uint8_t key[BL_ROOT_KEY_SIZE];
    bool has_key;
};

static enum bulla_status
derive(struct trial *t, struct bl_sealing_root *root, struct bl_secret *key)
{
    static const uint8_t salt[BL_ROOT_SALT_SIZE] = { 1 };
    const struct bl_root_state *state = NULL;

    BL_TRY(bl_sealing_root_state(root, &state, &t->err));
    t->state = *state;
    if (!t->is_given)
        BL_TRY(bl_root_request_make(state, &t->binding, salt, &t->request, &t->err));
    return bl_sealing_root_derive(root, &t->request, key, &t->err);
}

static int
derive_in_child(void *context)
{
    struct trial *t = context;
    struct bl_sealing_root *root = NULL;
    struct bl_secret key = { 0 };

    bulla_error_clear(&t->err);
    if (t->nth != 0)
        bl_fault_arm(t->fault, t->nth, false);
    t->status = bl_sealing_root_open(BL_ROOT_NONE, NULL, &root, &t->err);
    if (t->status == BULLA_OK)
        t->status = derive(t, root, &key);
    t->fault_was_reached = bl_fault_disarm();
    t->has_key = key.data != NULL;
    if (t->has_key)
        memcpy(t->key, key.data, key.size);
    bl_secret_done(&key);
    bl_sealing_root_free(root);
    return 0;
}

static bool
run(struct trial *t, struct snp_platform *platform, struct behaviour does)
{
    does.snp = platform;
    return run_with(NAME, &does, derive_in_child, t, NULL);
}

static void
assert_given(const struct trial *t)
{
    assert_ok(t->status, &t->err);
    assert_true(t->has_key);
}

static void
assert_refused(const struct trial *t, enum bulla_cause cause)
{
    assert_int_equal(t->err.cause, cause);
    assert_int_equal(t->status, bulla_cause_status(cause));
    assert_false(t->has_key);
}

static int
setup(void **state)
{
    *state = shared_new(sizeof(struct trial));
    return 0;
}

static int
teardown(void **state)
{
    munmap(*state, sizeof(struct trial));
    return 0;
}

static void
what_runs_is_told(void **state)
{
    struct trial *t = *state;
    struct snp_platform p = snp_platform();

    memcpy(p.committed, (const uint8_t[8]){ 9, 0, 0, 0, 0, 0, 24, 80 }, 8);
    memcpy(p.reported, p.committed, 8);
    t->binding.bits = CODE;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_given(t);
    assert_int_equal(t->state.kind, BL_ROOT_SNP);
    assert_int_equal(bl_root_version_find(&t->state.version, "tcb.boot_loader")->value, 9);
    assert_int_equal(bl_root_version_find(&t->state.version, "tcb.snp")->value, 24);
    assert_int_equal(bl_root_version_find(&t->state.version, "tcb.microcode")->value, 80);
    assert_int_equal(bl_root_version_find(&t->state.version, "version")->value, 7);
    assert_true(t->state.has_signer && !t->state.is_debug && !t->state.uses_vlek);
    assert_memory_equal(bl_root_identity_find(&t->state.identity, 1)->bytes, p.measurement, 48);
    assert_memory_equal(bl_root_identity_find(&t->state.identity, 4)->bytes, p.host_data, 32);

    /* Turin has its components in other places */
    p = snp_platform();
    memcpy(p.cpuid, (const uint8_t[3]){ 0x1a, 0x02, 0x01 }, 3);
    memcpy(p.current, (const uint8_t[8]){ 1, 2, 3, 4, 0, 0, 0, 81 }, 8);
    memcpy(p.committed, p.current, 8);
    memcpy(p.reported, p.current, 8);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_given(t);
    assert_int_equal(bl_root_version_find(&t->state.version, "tcb.fmc")->value, 1);
    assert_int_equal(bl_root_version_find(&t->state.version, "tcb.snp")->value, 4);
}

static void
the_request_says_what_is_bound(void **state)
{
    struct trial *t = *state;
    struct snp_platform p = snp_platform();
    static const struct {
        unsigned bits, back;
        uint64_t fields;
        uint32_t svn;
    } cases[] = {
        { CODE, CODE | HOST, 0x29, 0 },
        { BL_ROOT_BIND_CONFIG, CODE | HOST, 0x29, 0 },
        { BL_ROOT_BIND_STATE, CODE | HOST, 0x29, 0 },
        { CODE | HOST, CODE | HOST, 0x29, 0 },
        { SIGNER, SIGNER | HOST, 0x27, 0 },
        { VERSION, SIGNER | VERSION | HOST, 0x37, 7 },
        { SIGNER | VERSION | HOST, SIGNER | VERSION | HOST, 0x37, 7 },
        { CODE | SIGNER, CODE | SIGNER | HOST, 0x2f, 0 },
    };

    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        t->binding.bits = cases[i].bits;
        NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
        assert_given(t);
        assert_int_equal(t->request.snp.root_key_select,
                         2); /* the chip's key, whatever the host has */
        assert_int_equal(t->request.snp.guest_field_select, cases[i].fields);
        assert_int_equal(t->request.snp.guest_svn, cases[i].svn);
        assert_memory_equal(t->request.snp.tcb_version, p.committed, 8);
        assert_int_equal(bl_root_request_binding(&t->request).bits, cases[i].back);
    }
}

static void
under_bound_keys_are_refused(void **state)
{
    struct trial *t = *state;
    struct snp_platform p = snp_platform();

    t->binding.bits = HOST;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_refused(t, BULLA_CAUSE_UNDER_BOUND);
    p.has_id_block = false; /* HOST_DATA is anybody's */
    for (unsigned bits = SIGNER; bits <= VERSION; bits += SIGNER) {
        t->binding.bits = bits;
        NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
        assert_refused(t, BULLA_CAUSE_UNDER_BOUND);
        t->binding.bits = bits | CODE;
        NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
        assert_refused(t, BULLA_CAUSE_UNDER_BOUND);
    }
    assert_int_equal(p.keys_given, 0);
    t->binding.bits = CODE;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_given(t);
}

/* A blob can ask for anything. */
static void
requests_of_a_blob_are_judged_too(void **state)
{
    struct trial *t = *state;
    struct snp_platform p = snp_platform();
    static const struct {
        uint32_t root;
        uint64_t fields;
        uint32_t vmpl;
        enum bulla_cause cause;
    } cases[] = {
        { 2, 0x29, 0, BULLA_CAUSE_NONE },
        { 2, 0x27, 0, BULLA_CAUSE_NONE },
        { 0, 0x29, 0, BULLA_CAUSE_UNDER_BOUND }, /* whichever the host likes */
        { 1, 0x29, 0, BULLA_CAUSE_UNDER_BOUND }, /* VMRK */
        { 3, 0x29, 0, BULLA_CAUSE_UNDER_BOUND },
        { 6, 0x29, 0, BULLA_CAUSE_UNDER_BOUND },
        { 2, 0x09, 0, BULLA_CAUSE_UNDER_BOUND }, /* no TCB version: the host chooses */
        { 2, 0x28, 0, BULLA_CAUSE_UNDER_BOUND }, /* no policy: a debugger derives it */
        { 2, 0x21, 0, BULLA_CAUSE_UNDER_BOUND },
        { 2, 0x23, 0, BULLA_CAUSE_UNDER_BOUND },
        { 2, 0x25, 0, BULLA_CAUSE_UNDER_BOUND },
        { 2, 0x31, 0, BULLA_CAUSE_UNDER_BOUND },
        { 2, 0x69, 0, BULLA_CAUSE_UNSUPPORTED },
        { 2, 0x29, 1, BULLA_CAUSE_LAUNCH_CHANGED }, /* a lesser level derives it, too */
    };

    t->is_given = true;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        t->request = (struct bl_root_request){
            .kind = BL_ROOT_SNP,
            .snp = { .root_key_select = cases[i].root,
                     .guest_field_select = cases[i].fields,
                     .vmpl = cases[i].vmpl,
                     .generation = BL_SNP_GENOA },
        };
        p.keys_given = 0;
        NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
        if (cases[i].cause == BULLA_CAUSE_NONE)
            assert_given(t);
        else
            assert_refused(t, cases[i].cause);
        assert_int_equal(p.keys_given, cases[i].cause == BULLA_CAUSE_NONE);
    }
    t->request.snp = (struct bl_snp_key_request){ .root_key_select = 2,
                                                  .guest_field_select = 0x27,
                                                  .generation = BL_SNP_GENOA };
    p.has_id_block = false;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_refused(t, BULLA_CAUSE_UNDER_BOUND);
}

/* Committed is the limit, not current, and component by component. */
static void
a_newer_vector_is_not_asked_for(void **state)
{
    struct trial *t = *state;
    struct snp_platform p = snp_platform();

    t->binding.bits = SIGNER | VERSION;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_given(t);
    t->is_given = true;
    for (size_t i = 0; i < 8; i += 6) {
        p.keys_given = 0;
        p.committed[i]--;
        p.reported[i]--;
        NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
        assert_refused(t, BULLA_CAUSE_VERSION_AHEAD);
        assert_string_equal(t->err.what, i == 0 ? "tcb.boot_loader" : "tcb.snp");
        assert_int_equal(t->err.found.number, p.committed[i]);
        assert_int_equal(t->err.expected.number, p.committed[i] + 1);
        p.committed[i]++;
        p.reported[i]++;
    }
    p.guest_svn--;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_refused(t, BULLA_CAUSE_VERSION_AHEAD);
    assert_string_equal(t->err.what, "version");
    assert_int_equal(p.keys_given, 0);
}

/* The trap: what the host reports, and what is updated, must not change the key. */
static void
updates_keep_the_key(void **state)
{
    struct trial *t = *state;
    struct snp_platform p = snp_platform();
    uint8_t first[BL_ROOT_KEY_SIZE];

    t->binding.bits = SIGNER | VERSION;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    memcpy(first, t->key, sizeof first);
    t->is_given = true;
    p.reported[6]--; /* SNP_CONFIG of the host */
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_given(t);
    assert_memory_equal(t->key, first, sizeof first);
    p.current[6] += 2;
    p.committed[6] += 2;
    p.reported[6] += 2;
    p.guest_svn++;
    memset(p.measurement, 0x77, sizeof p.measurement);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_given(t);
    assert_memory_equal(t->key, first, sizeof first);
    p.has_vlek = true;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_given(t);
    assert_memory_equal(t->key, first, sizeof first);
}

static void
the_providers_key_only_when_it_was_allowed(void **state)
{
    struct trial *t = *state;
    struct snp_platform p = snp_platform();

    p.has_vlek = p.vcek_disabled = true;
    t->binding.bits = CODE;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_refused(t, BULLA_CAUSE_ROOT_KEY_REFUSED);
    assert_int_equal(t->err.found.number, 0x27);
    t->binding.allow_vlek = true;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_given(t);
    assert_int_equal(t->request.snp.root_key_select, 4);
    assert_int_equal(bl_root_request_binding(&t->request).bits, CODE);
    assert_true(bl_root_request_binding(&t->request).allow_vlek);
    t->binding.bits = CODE | HOST;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_refused(t, BULLA_CAUSE_BINDING_REFUSED);
    p.has_vlek = p.vcek_disabled = false; /* allowed is not preferred */
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_given(t);
    assert_int_equal(t->request.snp.root_key_select, 2);
}

static void
what_is_no_key_is_refused(void **state)
{
    struct trial *t = *state;
    struct snp_platform p = snp_platform();

    t->binding.bits = CODE;
    p.forgets_key = true; /* status 0 and zeros */
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_refused(t, BULLA_CAUSE_ROOT_KEY_WEAK);
    p = snp_platform();
    p.status = 0x16; /* the call went well, and the firmware refused */
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_refused(t, BULLA_CAUSE_ROOT_FAILED);
    assert_int_equal(t->err.found.number, 0x16);
    p.status = 0x01000000; /* all four bytes count */
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_refused(t, BULLA_CAUSE_ROOT_FAILED);
    p = snp_platform();
    p.policy |= 1u << 19;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
    assert_refused(t, BULLA_CAUSE_DEBUG_ROOT);
    assert_int_equal(p.keys_given, 0);
}

static void
devices_that_fail(void **state)
{
    struct trial *t = *state;
    struct snp_platform p = snp_platform();

    t->binding.bits = CODE;
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ .absent = true }));
    assert_refused(t, BULLA_CAUSE_NO_SEALING_ROOT);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ .denied = true }));
    assert_refused(t, BULLA_CAUSE_ROOT_NOT_PERMITTED);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ .vmm_error = 7 }));
    assert_refused(t, BULLA_CAUSE_ROOT_FAILED);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ .error = EIO }));
    assert_refused(t, BULLA_CAUSE_ROOT_FAILED);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ .wrong_data = true }));
    assert_refused(t, BULLA_CAUSE_ROOT_FAILED);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ .garbage = true }));
    assert_refused(t, BULLA_CAUSE_ROOT_FAILED);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ .cut = 1 }));
    assert_refused(t, BULLA_CAUSE_ROOT_FAILED);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ .size = 4000 }));
    assert_refused(t, BULLA_CAUSE_ROOT_FAILED);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ .busy = 1 }));
    assert_given(t);
    NEEDS_EMULATOR(run(t, &p, (struct behaviour){ .interrupted = 3 }));
    assert_given(t);
}

static void
each_fault(void **state)
{
    struct trial *t = *state;
    struct snp_platform p = snp_platform();
    static const enum bl_fault kinds[] = { BL_FAULT_FILE, BL_FAULT_MEMORY };

    for (size_t i = 0; i < BL_COUNT_OF(kinds); i++) {
        t->fault = kinds[i];
        t->nth = 0;
        do {
            memset(&t->binding, 0, sizeof t->binding);
            t->binding.bits = CODE;
            t->nth++;
            NEEDS_EMULATOR(run(t, &p, (struct behaviour){ 0 }));
            assert_true((t->status == BULLA_OK) == t->has_key);
            if (t->status != BULLA_OK)
                assert_non_null(t->err.what);
        } while (t->fault_was_reached);
        assert_true(t->nth > 1);
        assert_given(t);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_runs_is_told),
        TEST(the_request_says_what_is_bound),
        TEST(under_bound_keys_are_refused),
        TEST(requests_of_a_blob_are_judged_too),
        TEST(a_newer_vector_is_not_asked_for),
        TEST(updates_keep_the_key),
        TEST(the_providers_key_only_when_it_was_allowed),
        TEST(what_is_no_key_is_refused),
        TEST(devices_that_fail),
        TEST(each_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
