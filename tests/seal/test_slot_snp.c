/* SPDX-License-Identifier: Apache-2.0 */
/* Slots of SEV-SNP through every change of the machine that the firmware's rules know of. */
#include "root_matrix.h"

#define NAME "sev-guest"

enum binding { CODE, SIGNER, VERSION, BOTH, BINDING_COUNT };
static const struct bl_root_binding bindings[BINDING_COUNT] = {
    [CODE] = { .bits = BL_ROOT_BIND_CODE },
    [SIGNER] = { .bits = BL_ROOT_BIND_SIGNER | BL_ROOT_BIND_HOST },
    [VERSION] = { .bits = BL_ROOT_BIND_SIGNER | BL_ROOT_BIND_VERSION },
    [BOTH] = { .bits = BL_ROOT_BIND_CODE | BL_ROOT_BIND_VERSION },
};

/* -- what can change ----------------------------------------------------------------------------- */

static void
move_tcb(struct snp_platform *p, size_t i, int by)
{
    p->current[i] = (uint8_t)(p->current[i] + by);
    p->committed[i] = (uint8_t)(p->committed[i] + by);
    p->reported[i] = (uint8_t)(p->reported[i] + by);
}

static void
nothing(struct snp_platform *p)
{
    (void)p;
}
static void
boot_loader_up(struct snp_platform *p)
{
    move_tcb(p, 0, 1);
}
static void
boot_loader_down(struct snp_platform *p)
{
    move_tcb(p, 0, -1);
}
static void
tee_up(struct snp_platform *p)
{
    move_tcb(p, 1, 1);
}
static void
firmware_up(struct snp_platform *p)
{
    move_tcb(p, 6, 3);
}
static void
firmware_down(struct snp_platform *p)
{
    move_tcb(p, 6, -1);
}
static void
microcode_up(struct snp_platform *p)
{
    move_tcb(p, 7, 1);
}
static void
microcode_down(struct snp_platform *p)
{
    move_tcb(p, 7, -1);
}
static void
not_committed(struct snp_platform *p)
{
    p->current[6]++;
}
static void
reported_down(struct snp_platform *p)
{
    p->reported[6] -= 2;
}
static void
code_changed(struct snp_platform *p)
{
    p->measurement[0] ^= 1; /* the firmware mixes 32 of 48 bytes */
}
static void
host_data_changed(struct snp_platform *p)
{
    p->host_data[31] ^= 1;
}
static void
svn_up(struct snp_platform *p)
{
    p->guest_svn++;
}
static void
svn_down(struct snp_platform *p)
{
    p->guest_svn--;
}
static void
vlek_installed(struct snp_platform *p)
{
    p->has_vlek = true;
}
static void
other_chip(struct snp_platform *p)
{
    p->chip++;
}
static void
chip_hidden(struct snp_platform *p)
{
    p->masks_chip_id = true;
}
static void
policy_changed(struct snp_platform *p)
{
    p->policy ^= 1u << 16;
}
static void
id_key_changed(struct snp_platform *p)
{
    p->id_key_digest[0] ^= 1;
}
static void
author_appears(struct snp_platform *p)
{
    p->has_author = true;
}
static void
id_block_gone(struct snp_platform *p)
{
    p->has_id_block = false;
}
static void
family_changed(struct snp_platform *p)
{
    p->family_id[15] ^= 1;
}
static void
image_changed(struct snp_platform *p)
{
    p->image_id[0] ^= 1;
}
static void
debugged(struct snp_platform *p)
{
    p->policy |= 1u << 19;
}
static void
says_no(struct snp_platform *p)
{
    p->status = 0x16;
}
static void
gives_zeros(struct snp_platform *p)
{
    p->gives_zeros = true;
}
static void
gives_constant(struct snp_platform *p)
{
    p->gives_constant = true;
}
static void
relaunched(struct snp_platform *p)
{
    p->launch++;
}

static void
tcb_mixed(struct snp_platform *p)
{
    move_tcb(p, 6, 1);
    move_tcb(p, 7, -1);
}

static void
vcek_disabled(struct snp_platform *p)
{
    p->has_vlek = p->vcek_disabled = true;
}

static void
hidden_other_chip(struct snp_platform *p)
{
    p->chip++;
    p->masks_chip_id = true;
}

static void
image_up(struct snp_platform *p)
{
    code_changed(p);
    svn_up(p);
}

static void
image_down(struct snp_platform *p)
{
    code_changed(p);
    svn_down(p);
}

static void
older_host(struct snp_platform *p)
{
    other_chip(p);
    move_tcb(p, 6, -1);
}

static void
whole_update(struct snp_platform *p)
{
    for (size_t i = 0; i < 8; i++)
        move_tcb(p, i, 1);
    image_up(p);
}

#define OPENS BULLA_CAUSE_NONE
#define CAUSE(name) BULLA_CAUSE_##name
#define ALL(cause)                 \
    {                              \
        cause, cause, cause, cause \
    }

static const struct change {
    const char *name;
    void (*apply)(struct snp_platform *platform);
    enum bulla_cause ends[BINDING_COUNT];
    bool is_hidden; /* only asking for the key tells */
} changes[] = {
    { "nothing", nothing, ALL(OPENS), false },
    { "restart", relaunched, ALL(OPENS), false },
    { "TCB up: boot loader", boot_loader_up, ALL(OPENS), false },
    { "TCB up: TEE", tee_up, ALL(OPENS), false },
    { "TCB up: SNP firmware", firmware_up, ALL(OPENS), false },
    { "TCB up: microcode", microcode_up, ALL(OPENS), false },
    { "TCB up, not committed", not_committed, ALL(OPENS), false },
    { "TCB down: boot loader", boot_loader_down, ALL(CAUSE(VERSION_AHEAD)), false },
    { "TCB down: SNP firmware", firmware_down, ALL(CAUSE(VERSION_AHEAD)), false },
    { "TCB down: microcode", microcode_down, ALL(CAUSE(VERSION_AHEAD)), false },
    { "TCB mixed", tcb_mixed, ALL(CAUSE(VERSION_AHEAD)), false },
    { "SNP_CONFIG by the host", reported_down, ALL(OPENS), false },
    { "image up", image_up, { CAUSE(WRONG_CODE), OPENS, OPENS, CAUSE(WRONG_CODE) }, false },
    { "image down",
      image_down,
      { CAUSE(WRONG_CODE), OPENS, CAUSE(VERSION_AHEAD), CAUSE(VERSION_AHEAD) },
      false },
    { "other image of that version",
      code_changed,
      { CAUSE(WRONG_CODE), OPENS, OPENS, CAUSE(WRONG_CODE) },
      false },
    { "guest SVN up", svn_up, ALL(OPENS), false },
    { "guest SVN down",
      svn_down,
      { OPENS, OPENS, CAUSE(VERSION_AHEAD), CAUSE(VERSION_AHEAD) },
      false },
    { "firmware and image up",
      whole_update,
      { CAUSE(WRONG_CODE), OPENS, OPENS, CAUSE(WRONG_CODE) },
      false },
    { "HOST_DATA", host_data_changed, ALL(CAUSE(WRONG_CONFIG)), false },
    { "VLEK installed", vlek_installed, ALL(OPENS), false },
    { "VCEK disabled", vcek_disabled, ALL(CAUSE(ROOT_KEY_REFUSED)), true },
    { "other chip", other_chip, ALL(CAUSE(WRONG_MACHINE)), false },
    { "other chip with an older TCB", older_host, ALL(CAUSE(WRONG_MACHINE)), false },
    { "chip id hidden", chip_hidden, ALL(OPENS), false },
    { "other chip, hidden", hidden_other_chip, ALL(CAUSE(ROOT_KEY_CHANGED)), true },
    { "guest policy", policy_changed, ALL(CAUSE(LAUNCH_CHANGED)), false },
    { "ID key", id_key_changed, ALL(CAUSE(WRONG_SIGNER)), false },
    { "author key appears", author_appears, ALL(CAUSE(WRONG_SIGNER)), false },
    { "ID block gone", id_block_gone, ALL(CAUSE(WRONG_SIGNER)), false },
    { "family id",
      family_changed,
      { OPENS, CAUSE(WRONG_PRODUCT), CAUSE(WRONG_PRODUCT), CAUSE(WRONG_PRODUCT) },
      false },
    { "image id",
      image_changed,
      { OPENS, CAUSE(WRONG_PRODUCT), CAUSE(WRONG_PRODUCT), CAUSE(WRONG_PRODUCT) },
      false },
    { "debug", debugged, ALL(CAUSE(DEBUG_ROOT)), false },
    { "firmware says no", says_no, ALL(CAUSE(ROOT_FAILED)), true },
    { "key of zeros", gives_zeros, ALL(CAUSE(ROOT_KEY_WEAK)), true },
    { "one key for all", gives_constant, ALL(CAUSE(ROOT_KEY_CHANGED)), true },
};

/* -- the matrix ---------------------------------------------------------------------------------- */

static int
setup(void **state)
{
    struct matrix *m = matrix_new(BL_SLOT_SNP);

    memcpy(m->bindings, bindings, sizeof bindings);
    m->count = BINDING_COUNT;
    *state = m;
    return 0;
}

static int
teardown(void **state)
{
    matrix_free(*state);
    return 0;
}

static bool
run(struct matrix *m, struct snp_platform *platform, int (*act)(void *), struct behaviour does)
{
    does.snp = platform;
    return run_with(NAME, &does, act, m, NULL);
}

static void
assert_all_sealed(const struct matrix *m)
{
    for (size_t i = 0; i < m->count; i++) {
        assert_int_equal(m->blobs[i].sealed.status, BULLA_OK);
        assert_true(m->blobs[i].size > 0);
    }
}

static void
each_change(void **state)
{
    struct matrix *m = *state;
    struct snp_platform p = snp_platform();

    NEEDS_EMULATOR(run(m, &p, matrix_seal_in_child, (struct behaviour){ 0 }));
    assert_all_sealed(m);
    print_message("# %-28s %8s %8s %8s %8s\n", "snp", "code", "signer", "version", "both");
    for (size_t c = 0; c < BL_COUNT_OF(changes); c++) {
        struct snp_platform changed = snp_platform();
        changes[c].apply(&changed);
        NEEDS_EMULATOR(run(m, &changed, matrix_open_in_child, (struct behaviour){ 0 }));
        print_message("# %-28s", changes[c].name);
        for (size_t i = 0; i < m->count; i++)
            print_message(m->blobs[i].opened.cause == OPENS ? "   opened" : "  BL-%04u",
                          (unsigned)m->blobs[i].opened.cause);
        print_message("\n");
        for (size_t i = 0; i < m->count; i++)
            matrix_expect(m, i, changes[c].name, changes[c].ends[i], !changes[c].is_hidden);
    }
}

/* An update first, and then each change: what was sealed before and after it. */
static void
each_change_after_an_update(void **state)
{
    struct matrix *m = *state;
    struct snp_platform p = snp_platform();

    move_tcb(&p, 6, -2);
    p.guest_svn -= 2;
    NEEDS_EMULATOR(run(m, &p, matrix_seal_in_child, (struct behaviour){ 0 }));
    assert_all_sealed(m);
    for (size_t c = 0; c < BL_COUNT_OF(changes); c++) {
        struct snp_platform changed = snp_platform();
        changes[c].apply(&changed);
        NEEDS_EMULATOR(run(m, &changed, matrix_open_in_child, (struct behaviour){ 0 }));
        for (size_t i = 0; i < m->count; i++) {
            enum bulla_cause end = changes[c].ends[i];
            const bool was_one_down =
                changes[c].apply == firmware_down || changes[c].apply == svn_down;
            if (was_one_down && end == CAUSE(VERSION_AHEAD))
                end = OPENS;
            if (changes[c].apply == image_down && end == CAUSE(VERSION_AHEAD))
                end = i == BOTH ? CAUSE(WRONG_CODE) : OPENS;
            matrix_expect(m, i, changes[c].name, end, !changes[c].is_hidden);
        }
    }
}

static void
the_deciding_component_is_told(void **state)
{
    struct matrix *m = *state;
    struct snp_platform p = snp_platform();

    NEEDS_EMULATOR(run(m, &p, matrix_seal_in_child, (struct behaviour){ 0 }));
    microcode_down(&p);
    NEEDS_EMULATOR(run(m, &p, matrix_open_in_child, (struct behaviour){ 0 }));
    for (size_t i = 0; i < m->count; i++) {
        assert_string_equal(m->blobs[i].opened.what, "tcb.microcode");
        assert_int_equal(m->blobs[i].opened.found.number, 83);
        assert_int_equal(m->blobs[i].opened.expected.number, 84);
        assert_string_equal(m->blobs[i].forecast.what, "tcb.microcode");
    }
    p = snp_platform();
    code_changed(&p);
    NEEDS_EMULATOR(run(m, &p, matrix_open_in_child, (struct behaviour){ 0 }));
    assert_string_equal(m->blobs[CODE].opened.what, "measurement");
    assert_memory_equal(m->blobs[CODE].opened.found.bytes, p.measurement, 48);
}

static void
no_tee_at_all(void **state)
{
    struct matrix *m = *state;
    struct snp_platform p = snp_platform();

    NEEDS_EMULATOR(run(m, &p, matrix_seal_in_child, (struct behaviour){ 0 }));
    NEEDS_EMULATOR(run(m, &p, matrix_open_in_child, (struct behaviour){ .absent = true }));
    for (size_t i = 0; i < m->count; i++)
        matrix_expect(m, i, "no device", CAUSE(NO_SEALING_ROOT), true);
    NEEDS_EMULATOR(run(m, &p, matrix_seal_in_child, (struct behaviour){ .absent = true }));
    for (size_t i = 0; i < m->count; i++)
        assert_int_equal(m->blobs[i].sealed.cause, CAUSE(NO_SEALING_ROOT));
}

static void
what_is_not_sealed_to(void **state)
{
    struct matrix *m = *state;
    static const struct {
        void (*apply)(struct snp_platform *platform);
        unsigned bits;
        enum bulla_cause cause;
    } cases[] = {
        { nothing, BL_ROOT_BIND_HOST, CAUSE(UNDER_BOUND) },
        { id_block_gone, BL_ROOT_BIND_SIGNER, CAUSE(UNDER_BOUND) },
        { id_block_gone, BL_ROOT_BIND_VERSION, CAUSE(UNDER_BOUND) },
        { debugged, BL_ROOT_BIND_CODE, CAUSE(DEBUG_ROOT) },
        { gives_zeros, BL_ROOT_BIND_CODE, CAUSE(ROOT_KEY_WEAK) },
        { gives_constant, BL_ROOT_BIND_CODE, CAUSE(ROOT_KEY_WEAK) },
        { gives_constant, BL_ROOT_BIND_SIGNER, CAUSE(ROOT_KEY_WEAK) },
        { says_no, BL_ROOT_BIND_CODE, CAUSE(ROOT_FAILED) },
        { vcek_disabled, BL_ROOT_BIND_CODE, CAUSE(ROOT_KEY_REFUSED) },
    };

    m->count = 1;
    for (size_t c = 0; c < BL_COUNT_OF(cases); c++) {
        struct snp_platform p = snp_platform();
        cases[c].apply(&p);
        m->bindings[0] = (struct bl_root_binding){ .bits = cases[c].bits };
        NEEDS_EMULATOR(run(m, &p, matrix_seal_in_child, (struct behaviour){ 0 }));
        assert_int_equal(m->blobs[0].sealed.cause, cases[c].cause);
        assert_int_equal(m->blobs[0].size, 0);
    }
}

/* The provider's key: of any of his chips, and lost with the next TCB. */
static void
the_providers_key(void **state)
{
    struct matrix *m = *state;
    struct snp_platform p = snp_platform();

    m->count = 1;
    m->bindings[0] = (struct bl_root_binding){ .bits = BL_ROOT_BIND_CODE, .allow_vlek = true };
    vcek_disabled(&p);
    NEEDS_EMULATOR(run(m, &p, matrix_seal_in_child, (struct behaviour){ 0 }));
    assert_all_sealed(m);
    p.chip++;
    NEEDS_EMULATOR(run(m, &p, matrix_open_in_child, (struct behaviour){ 0 }));
    matrix_expect(m, 0, "other chip", OPENS, true);
    move_tcb(&p, 6, 1);
    NEEDS_EMULATOR(run(m, &p, matrix_open_in_child, (struct behaviour){ 0 }));
    matrix_expect(m, 0, "TCB up under a VLEK", CAUSE(ROOT_KEY_CHANGED), false);
}

static void
each_fault_of_sealing(void **state)
{
    struct matrix *m = *state;
    struct snp_platform p = snp_platform();
    static const enum bl_fault kinds[] = { BL_FAULT_FILE, BL_FAULT_MEMORY };

    m->count = 1;
    for (size_t k = 0; k < BL_COUNT_OF(kinds); k++) {
        m->fault = kinds[k];
        m->nth = 0;
        do {
            m->nth++;
            NEEDS_EMULATOR(run(m, &p, matrix_seal_in_child, (struct behaviour){ 0 }));
            assert_int_equal(m->blobs[0].size > 0, m->blobs[0].sealed.status == BULLA_OK);
        } while (m->fault_was_reached);
        assert_true(m->nth > 3);
        assert_all_sealed(m);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_change),
        TEST(each_change_after_an_update),
        TEST(the_deciding_component_is_told),
        TEST(no_tee_at_all),
        TEST(what_is_not_sealed_to),
        TEST(the_providers_key),
        TEST(each_fault_of_sealing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
