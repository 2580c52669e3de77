/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How platforms are, what was measured on them, and exceptions: each rule of a policy both ways.
 */
#include "appraise/appraise_fixture.h"

#include "measure/event_log.h"

static void
test_honest_evidence_is_permitted(void **state)
{
    (void)state;
    PERMITTED(td, (void)0);
    PERMITTED(guest, (void)0);
}

static void
test_kinds_are_not_taken_for_each_other(void **state)
{
    struct bl_claims td = good_td();
    struct bl_appraisal_policy of_guests = good_guest_policy();

    (void)state;
    bl_appraise(&td, &of_guests, NOW, &verdict);
    assert_false(verdict.permitted);
    REFUSED_BY(td, BL_CHECK_KIND, p.kinds = BIT(BL_KIND_SNP));
    PERMITTED(td, p.kinds |= BIT(BL_KIND_SNP));
    REFUSED_BY(td, BL_CHECK_KIND, p.kinds = 0);
}

static void
test_what_no_policy_accepts(void **state)
{
    (void)state;
    REFUSED_BY(td, BL_CHECK_DEBUG, c.debug = (struct bl_claim_flag){ true, true });
    REFUSED_BY(td, BL_CHECK_LIFE_CYCLE, c.secured = (struct bl_claim_flag){ true, false });
    REFUSED_BY(td, BL_CHECK_TCB_STATUS, c.tcb.status = BL_TCB_REVOKED, p.tcb_statuses = UINT64_MAX);
    REFUSED_BY(td, BL_CHECK_TCB_STATUS, c.tcb.status = BL_TCB_ABSENT, p.tcb_statuses = UINT64_MAX);
    REFUSED_BY(td, BL_CHECK_TCB_STATUS, c.tcb.status = BL_TCB_REVOKED,
               p.exceptions = exception("tcb-status", "Revoked", NULL, LATER));
}

/* -- TCB: B4, H14 ------------------------------------------------------------------------------- */

static void
test_each_status_under_each_policy(void **state)
{
    (void)state;
    for (int found = BL_TCB_ABSENT; found <= BL_TCB_REVOKED + 1; found++) {
        for (int accepted = BL_TCB_UP_TO_DATE; accepted < BL_TCB_REVOKED; accepted++) {
            struct bl_claims c = good_td();
            struct bl_appraisal_policy p = good_td_policy();
            c.tcb.status = (enum bl_tcb_status)found;
            p.tcb_statuses = BIT(accepted);
            if (found == accepted)
                permitted(&c, &p, BL_TIER_AFFIRMING);
            else
                (void)refused_by(&c, &p, NOW, BL_CHECK_TCB_STATUS);
        }
    }
    REFUSED_BY(td, BL_CHECK_TCB_STATUS, p.tcb_statuses = 0);
}

static void
advise(struct bl_claims *c, const char *advisory)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_tcb_advise(&c->tcb, text_bytes(advisory), &err), &err);
}

static void
test_advisories(void **state)
{
    (void)state;
    PERMITTED(td, advise(&c, "INTEL-SA-00615")); /* up to date: it is dealt with */
    REFUSED_BY(td, BL_CHECK_TCB_ADVISORY, advise(&c, "INTEL-SA-00615"),
               p.denied_advisories = name_of("INTEL-SA-00615"));
    REFUSED_BY(td, BL_CHECK_TCB_ADVISORY, advise(&c, "INTEL-SA-00615"),
               c.tcb.status = BL_TCB_SW_HARDENING_NEEDED,
               p.tcb_statuses = BIT(BL_TCB_SW_HARDENING_NEEDED));
    PERMITTED(td, advise(&c, "INTEL-SA-00615"), c.tcb.status = BL_TCB_SW_HARDENING_NEEDED,
              p.tcb_statuses = BIT(BL_TCB_SW_HARDENING_NEEDED),
              p.accepted_advisories = name_of("INTEL-SA-00615"));
    PERMITTED(td, advise(&c, "INTEL-SA-00615"), c.tcb.status = BL_TCB_SW_HARDENING_NEEDED,
              p.tcb_statuses = BIT(BL_TCB_SW_HARDENING_NEEDED), p.accepted_advisories = any);
    /* that one is accepted says nothing of another; that one is accepted denies no less */
    REFUSED_BY(td, BL_CHECK_TCB_ADVISORY, advise(&c, "INTEL-SA-00615"),
               advise(&c, "INTEL-SA-00828"), c.tcb.status = BL_TCB_SW_HARDENING_NEEDED,
               p.tcb_statuses = BIT(BL_TCB_SW_HARDENING_NEEDED),
               p.accepted_advisories = name_of("INTEL-SA-00615"));
    REFUSED_BY(td, BL_CHECK_TCB_ADVISORY, advise(&c, "INTEL-SA-00615"),
               c.tcb.status = BL_TCB_SW_HARDENING_NEEDED,
               p.tcb_statuses = BIT(BL_TCB_SW_HARDENING_NEEDED), p.accepted_advisories = any,
               p.denied_advisories = name_of("INTEL-SA-00615"));
}

static void
test_floors_of_the_rating(void **state)
{
    (void)state;
    REFUSED_BY(td, BL_CHECK_TCB_DATE, c.tcb.date_s.value--);
    REFUSED_BY(td, BL_CHECK_TCB_DATE, c.tcb.date_s.is_present = false);
    REFUSED_BY(td, BL_CHECK_TCB_DATE, p.tcb_date.is_given = false);
    PERMITTED(td, p.tcb_date = (struct bl_floor){ .said = BL_SAID_ANY });
    REFUSED_BY(td, BL_CHECK_TCB_DATE, c.tcb.date_s.is_present = false,
               p.tcb_date = (struct bl_floor){ .said = BL_SAID_ANY });
    REFUSED_BY(td, BL_CHECK_TCB_EVALUATION, c.tcb.evaluation_number.value = 16);
    PERMITTED(td, c.tcb.evaluation_number.value = 18);
    REFUSED_BY(td, BL_CHECK_TCB_EVALUATION, c.tcb.evaluation_number.is_present = false);
}

/* -- firmware and flags: B13, H1, H5 to H12 ------------------------------------------------------ */

static void
test_each_component_has_its_floor(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct bl_claims c = good_guest();
        struct bl_appraisal_policy p = good_guest_policy();
        if (c.firmware.svns[i] == 0) {
            p.firmware.items[0].floor.svns[i] = 1;
        } else {
            c.firmware.svns[i]--;
        }
        const struct bl_check *check = refused_by(&c, &p, NOW, BL_CHECK_FIRMWARE);
        assert_string_equal(check->of, bl_svn_word((enum bl_svn)i));
        c.firmware.svns[i] = UINT8_MAX;
        permitted(&c, &p, BL_TIER_AFFIRMING);
    }
}

static void
test_a_generation_that_is_not_listed_is_refused(void **state)
{
    (void)state;
    REFUSED_BY(guest, BL_CHECK_FIRMWARE, c.firmware.generation = BL_SNP_MILAN);
    REFUSED_BY(guest, BL_CHECK_FIRMWARE, p.firmware = (struct bl_policy_list){ 0 });
    REFUSED_BY(guest, BL_CHECK_FIRMWARE, c.firmware.generation = BL_SNP_GENERATION_NONE);
    REFUSED_BY(guest, BL_CHECK_FIRMWARE, c.firmware.generation = BL_SNP_GENERATION_NONE,
               p.firmware = any);
    PERMITTED(guest, p.firmware = any);
}

/* All bits, those too that nobody has a name for: what is set and not named refuses. */
static void
test_b13_every_bit_of_the_flags(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        struct bl_claims c = good_guest();
        struct bl_appraisal_policy p = good_guest_policy();
        bool judged = bit > 19 || bit == 16; /* else: ABI, reserved, migration, debug */
        c.attributes.value |= BIT(bit);
        if (judged && bit != 16)
            (void)refused_by(&c, &p, NOW, BL_CHECK_ATTRIBUTES);
        else
            permitted(&c, &p, BL_TIER_AFFIRMING);
        p.guest_policy_permitted |= BIT(bit);
        permitted(&c, &p, BL_TIER_AFFIRMING);
        c = good_guest();
        p = good_guest_policy();
        c.platform_info.value = BIT(5) | BIT(bit);
        if (bit == 0 || bit == 2 || bit == 5)
            permitted(&c, &p, BL_TIER_AFFIRMING);
        else
            (void)refused_by(&c, &p, NOW, BL_CHECK_PLATFORM_INFO);
    }
}

static void
test_demands_of_flags(void **state)
{
    (void)state;
    REFUSED_BY(guest, BL_CHECK_PLATFORM_INFO, c.platform_info.value &= ~BIT(5));     /* BadRAM */
    REFUSED_BY(guest, BL_CHECK_PLATFORM_INFO, p.platform_info_permitted &= ~BIT(0)); /* SMT off */
    REFUSED_BY(guest, BL_CHECK_PLATFORM_INFO, c.platform_info.is_present = false);
    REFUSED_BY(guest, BL_CHECK_ATTRIBUTES, p.guest_policy_required = BIT(20)); /* single socket */
    PERMITTED(guest, p.guest_policy_required = BIT(20), c.attributes.value |= BIT(20));
    /* H10: ciphertext hiding, no moving of pages */
    REFUSED_BY(guest, BL_CHECK_ATTRIBUTES, p.guest_policy_required = BIT(24));
    REFUSED_BY(guest, BL_CHECK_ATTRIBUTES, p.guest_policy_required = BIT(25));
    PERMITTED(guest, p.guest_policy_required = BIT(24) | BIT(25),
              c.attributes.value |= BIT(24) | BIT(25));
    REFUSED_BY(guest, BL_CHECK_ATTRIBUTES, c.attributes.is_present = false);
    REFUSED_BY(td, BL_CHECK_ATTRIBUTES, c.attributes.value = 0);
    REFUSED_BY(td, BL_CHECK_ATTRIBUTES, c.attributes.value |= BIT(30));
    PERMITTED(td, c.attributes.value |= BIT(63));
    PERMITTED(td, c.attributes.value |= BIT(29)); /* MIGRATABLE is judged by itself */
}

static void
test_guests(void **state)
{
    (void)state;
    REFUSED_BY(guest, BL_CHECK_VMPL, c.vmpl.value = 1);
    REFUSED_BY(guest, BL_CHECK_VMPL, c.vmpl.value = 64);
    REFUSED_BY(guest, BL_CHECK_VMPL, c.vmpl.is_present = false);
    REFUSED_BY(guest, BL_CHECK_VMPL, p.vmpls = 0);
    PERMITTED(guest, c.vmpl.value = 1, p.vmpls = BIT(0) | BIT(1));
    REFUSED_BY(guest, BL_CHECK_MIGRATION, c.migratable.value = true);
    PERMITTED(guest, c.migratable.value = true, p.migratable = true);
    REFUSED_BY(guest, BL_CHECK_MIGRATION, c.migratable.is_present = false, p.migratable = true);
    REFUSED_BY(td, BL_CHECK_MIGRATION, c.migratable.value = true);
}

/* -- platforms, endorsements, references ---------------------------------------------------------- */

static void
test_revoked_wins_over_allowed(void **state)
{
    (void)state;
    REFUSED_BY(td, BL_CHECK_PLATFORM_REVOKED, p.revoked_platforms = list_of(chip));
    REFUSED_BY(td, BL_CHECK_PLATFORM_REVOKED, p.revoked_platforms = list_of(chip),
               p.platforms = any);
    REFUSED_BY(td, BL_CHECK_PLATFORM_REVOKED, p.revoked_platforms = list_of(chip),
               p.revoked_platforms.items[0].until_s = 1); /* a revocation does not lapse */
    PERMITTED(td, p.revoked_platforms = list_of(other));
    REFUSED_BY(td, BL_CHECK_PLATFORM_ID, p.platforms = list_of(other));
}

static void
test_what_was_not_checked_refuses(void **state)
{
    (void)state;
    REFUSED_BY(td, BL_CHECK_ENDORSEMENTS, bl_claims_unchecked(&c, "pck_crl"));
    PERMITTED(td, bl_claims_unchecked(&c, "pck_crl"), p.unchecked = name_of("pck_crl"));
    REFUSED_BY(td, BL_CHECK_ENDORSEMENTS, bl_claims_unchecked(&c, "pck_crl"),
               bl_claims_unchecked(&c, "qe_identity"), p.unchecked = name_of("pck_crl"));
    PERMITTED(td, bl_claims_unchecked(&c, "reference_values")); /* the policy has them */
    WARNED(td, bl_claims_unchecked(&c, "pck_crl"),
           p.exceptions = exception("endorsement", "pck_crl", NULL, LATER));
}

static void
test_references_expire(void **state)
{
    struct bl_claims c = good_td();
    struct bl_appraisal_policy p = good_td_policy();

    (void)state;
    p.codes.items[0].until_s = NOW;
    permitted(&c, &p, BL_TIER_AFFIRMING);
    const struct bl_check *check = refused_by(&c, &p, NOW + 1, BL_CHECK_CODE);
    assert_int_equal(check->note, BL_NOTE_EXPIRED);
    assert_int_equal(check->until_s, NOW);
    assert_bytes_equal(check->text, BL_LITERAL("a test"));
    p = good_td_policy();
    p.registers.items[0].until_s = NOW;
    p.registers.items[0].pcr = (struct bl_pcr_selection){ BL_SHA256, 1u << 2 };
    permitted(&c, &p, BL_TIER_AFFIRMING);
    check = refused_by(&c, &p, NOW + 1, BL_CHECK_REGISTERS);
    assert_int_equal(check->note, BL_NOTE_EXPIRED);
    assert_int_equal(check->index, 2);
}

static void
test_absent_is_said(void **state)
{
    const struct bl_policy_list nothing = { 0 };

    (void)state;
    REFUSED_BY(td, BL_CHECK_SIGNER, p.signers = nothing);
    REFUSED_BY(td, BL_CHECK_SIGNER, p.signers = any);
    REFUSED_BY(td, BL_CHECK_SIGNER, c.signer = claim(other)); /* one where there should be none */
    PERMITTED(td, c.signer = claim(other), p.signers = any);
    REFUSED_BY(td, BL_CHECK_VERSION, p.minimum_version.said = BL_SAID_ANY);
    REFUSED_BY(td, BL_CHECK_VERSION, c.version = (struct bl_claim_number){ true, 9 });
    REFUSED_BY(td, BL_CHECK_PRODUCT, p.products = nothing);
    REFUSED_BY(td, BL_CHECK_CONFIG, p.configs = nothing);
}

static void
test_registers(void **state)
{
    const struct bl_policy_list nothing = { 0 };

    (void)state;
    REFUSED_BY(td, BL_CHECK_REGISTERS, c.registers.values[2][0] ^= 1);
    REFUSED_BY(td, BL_CHECK_REGISTERS, c.registers.mask = 0xb);
    REFUSED_BY(td, BL_CHECK_REGISTERS, c.registers.hash = BL_SHA384);
    REFUSED_BY(td, BL_CHECK_REGISTERS, p.registers = nothing);
    PERMITTED(td, c.registers.values[1][0] ^= 1); /* nobody asks for that one */
    PERMITTED(td, c.registers.mask = 0, p.registers = any);
}

/* -- exceptions --------------------------------------------------------------------------------- */

static void
test_exceptions_are_dated_and_seen(void **state)
{
    struct bl_claims c = good_td();
    struct bl_appraisal_policy p = good_td_policy();

    (void)state;
    c.tcb.status = BL_TCB_OUT_OF_DATE;
    p.exceptions = exception("tcb-status", "OutOfDate", chip, NOW);
    permitted(&c, &p, BL_TIER_WARNING); /* never as if nothing were */
    for (size_t i = 0; i < verdict.check_count; i++)
        if (verdict.checks[i].id == BL_CHECK_TCB_STATUS)
            assert_int_equal(verdict.checks[i].note, BL_NOTE_BY_EXCEPTION);
    const struct bl_check *check = refused_by(&c, &p, NOW + 1, BL_CHECK_TCB_STATUS);
    assert_int_equal(check->note, BL_NOTE_EXPIRED);
    assert_bytes_equal(check->text, BL_LITERAL("ticket 4711"));
}

static void
test_exceptions_are_for_one_thing(void **state)
{
    (void)state;
    REFUSED_BY(td, BL_CHECK_TCB_STATUS, c.tcb.status = BL_TCB_OUT_OF_DATE,
               p.exceptions = exception("tcb-status", "OutOfDate", other, LATER));
    REFUSED_BY(td, BL_CHECK_TCB_STATUS, c.tcb.status = BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
               p.exceptions = exception("tcb-status", "OutOfDate", NULL, LATER));
    REFUSED_BY(td, BL_CHECK_TCB_STATUS, c.tcb.status = BL_TCB_OUT_OF_DATE,
               p.exceptions = exception("tcb-advisory", "OutOfDate", NULL, LATER));
    WARNED(td, advise(&c, "INTEL-SA-00615"), p.denied_advisories = name_of("INTEL-SA-00615"),
           p.exceptions = exception("tcb-advisory", "INTEL-SA-00615", NULL, LATER));
    WARNED(guest, c.firmware.svns[BL_SVN_MICROCODE] = 80,
           p.exceptions = exception("firmware", "microcode 80", chip, LATER));
    WARNED(guest, c.firmware.svns[BL_SVN_MICROCODE] = 80,
           p.exceptions = exception("firmware", "microcode 70", chip, LATER));
    REFUSED_BY(guest, BL_CHECK_FIRMWARE, c.firmware.svns[BL_SVN_MICROCODE] = 80,
               p.exceptions = exception("firmware", "microcode 81", chip, LATER));
    REFUSED_BY(guest, BL_CHECK_FIRMWARE, c.firmware.svns[BL_SVN_MICROCODE] = 80,
               p.exceptions = exception("firmware", "snp 80", chip, LATER));
}

/* An exception that is not needed changes nothing. */
static void
test_exceptions_that_are_not_needed(void **state)
{
    (void)state;
    PERMITTED(td, p.exceptions = exception("tcb-status", "OutOfDate", NULL, LATER));
    PERMITTED(guest, p.exceptions = exception("firmware", "microcode 1", NULL, LATER));
}

/* -- events ------------------------------------------------------------------------------------- */

static struct bulla_buffer event_log;

static int
make_log(void **state)
{
    struct bl_writer w = bl_writer(&event_log);

    (void)state;
    bl_event_log_write_header(&w);
    bl_event_log_write(&w, 4, 0x80000003u, code, BL_LITERAL("boot loader"));
    bl_event_log_write(&w, 4, BL_EV_SEPARATOR, other, BL_LITERAL("\0\0\0\0"));
    bl_event_log_write(&w, 9, 0x0000000du, chip, BL_LITERAL("not quoted"));
    return bl_writer_finish(&w, NULL) == BULLA_OK ? 0 : -1;
}

static int
drop_log(void **state)
{
    (void)state;
    bulla_buffer_done(&event_log);
    return 0;
}

static struct bl_claims
good_machine(void)
{
    struct bl_claims c = plain_claims("tpm");

    c.code.size = 0;
    c.platform.is_present = true;
    c.platform.selection = (struct bl_pcr_selection){ BL_SHA256, 1u << 4 };
    c.platform.pcrs.hash = BL_SHA256;
    c.platform.pcrs.mask = 1u << 4;
    c.platform.log_covers = 1u << 4;
    c.platform.event_log = bulla_buffer_bytes(&event_log);
    return c;
}

static struct bl_policy_list
event(unsigned pcr, const uint8_t *digest, uint32_t type)
{
    struct bl_policy_list list =
        one((struct bl_policy_item){ .event_type = type, .source = BL_LITERAL("a test") });

    list.items[0].pcr = (struct bl_pcr_selection){ BL_SHA256, 1u << pcr };
    if (digest != NULL)
        list.items[0].value = (struct bulla_bytes){ digest, 32 };
    return list;
}

static struct bl_appraisal_policy
good_machine_policy(void)
{
    struct bl_appraisal_policy p = plain_policy(BL_KIND_TPM);

    p.subject = BL_SUBJECT_MACHINE;
    p.platform_pcrs = any;
    p.required_events = event(4, code, 0);
    return p;
}

static void
test_events(void **state)
{
    const struct bl_policy_list nothing = { 0 };

    (void)state;
    PERMITTED(machine, (void)0);
    REFUSED_BY(machine, BL_CHECK_EVENTS, p.required_events = event(4, chip, 0));
    REFUSED_BY(machine, BL_CHECK_EVENTS, p.required_events.items[0].until_s = NOW - 1);
    PERMITTED(machine, p.required_events = event(4, NULL, 0x80000003u));
    REFUSED_BY(machine, BL_CHECK_EVENTS, p.required_events = event(4, NULL, 0x80000004u));
    REFUSED_BY(machine, BL_CHECK_EVENTS, p.forbidden_events = event(4, other, 0));
    REFUSED_BY(machine, BL_CHECK_EVENTS, p.forbidden_events = event(4, NULL, BL_EV_SEPARATOR));
    PERMITTED(machine, p.forbidden_events = event(4, chip, 0));
    PERMITTED(machine, p.required_events = nothing, c.platform.event_log.size = 0);
}

/* The log says that it was there, but nobody quoted that PCR: it is not known (CVE-2022-0317). */
static void
test_b31_events_count_only_where_the_quote_covers_them(void **state)
{
    (void)state;
    REFUSED_BY(machine, BL_CHECK_EVENTS, p.required_events = event(9, chip, 0));
    REFUSED_BY(machine, BL_CHECK_EVENTS, p.required_events = event(9, chip, 0),
               c.platform.log_covers |= 1u << 9);
    REFUSED_BY(machine, BL_CHECK_EVENTS, p.required_events = event(9, chip, 0),
               c.platform.selection.mask |= 1u << 9);
    PERMITTED(machine, p.required_events = event(9, chip, 0), c.platform.log_covers |= 1u << 9,
              c.platform.selection.mask |= 1u << 9);
    /* what is not known to be absent is not absent */
    REFUSED_BY(machine, BL_CHECK_EVENTS, p.forbidden_events = event(9, code, 0));
    REFUSED_BY(machine, BL_CHECK_EVENTS, c.platform.event_log.size = 0);
    REFUSED_BY(machine, BL_CHECK_EVENTS, c.platform.event_log.size -= 3,
               p.required_events = event(4, chip, 0));
    REFUSED_BY(machine, BL_CHECK_EVENTS, c.platform.selection.bank = BL_SHA384);
}

/* A verdict has room for so many checks; more than that refuse, as if one had not been run. */
static void
test_more_checks_than_there_is_room_for_refuse(void **state)
{
    static struct bl_policy_item many[BL_CHECK_COUNT_MAX];
    struct bl_claims c = good_machine();
    struct bl_appraisal_policy p = good_machine_policy();

    (void)state;
    for (size_t i = 0; i < BL_CHECK_COUNT_MAX; i++)
        many[i] = event(4, chip, 0).items[0], pool_count--;
    p.forbidden_events = (struct bl_policy_list){ .items = many, .count = 200 };
    permitted(&c, &p, BL_TIER_AFFIRMING);
    p.forbidden_events.count = BL_CHECK_COUNT_MAX;
    bl_appraise(&c, &p, NOW, &verdict);
    assert_int_equal(verdict.check_count, BL_CHECK_COUNT_MAX);
    assert_false(verdict.permitted);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_evidence_is_permitted),
        cmocka_unit_test(test_kinds_are_not_taken_for_each_other),
        cmocka_unit_test(test_what_no_policy_accepts),
        cmocka_unit_test(test_each_status_under_each_policy),
        cmocka_unit_test(test_advisories),
        cmocka_unit_test(test_floors_of_the_rating),
        cmocka_unit_test(test_each_component_has_its_floor),
        cmocka_unit_test(test_a_generation_that_is_not_listed_is_refused),
        cmocka_unit_test(test_b13_every_bit_of_the_flags),
        cmocka_unit_test(test_demands_of_flags),
        cmocka_unit_test(test_guests),
        cmocka_unit_test(test_revoked_wins_over_allowed),
        cmocka_unit_test(test_what_was_not_checked_refuses),
        cmocka_unit_test(test_references_expire),
        cmocka_unit_test(test_absent_is_said),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_exceptions_are_dated_and_seen),
        cmocka_unit_test(test_exceptions_are_for_one_thing),
        cmocka_unit_test(test_exceptions_that_are_not_needed),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_more_checks_than_there_is_room_for_refuse),
        cmocka_unit_test(test_b31_events_count_only_where_the_quote_covers_them),
    };
    return cmocka_run_group_tests(tests, make_log, drop_log);
}
