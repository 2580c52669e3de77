/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format 2 of appraisal policies: what must be said, what cannot be, and one canonical form.
 */
#include "policy/samples.h"

#include "base/fault.h"
#include "policy/appraisal_fields.h"

static void
refused(const char *yaml)
{
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_appraisal_policy_from_yaml(text_bytes(yaml), &p, &err);

    assert_true(bulla_status_is_finding(status));
    assert_null(p.canonical.data);
}

static void
test_what_is_said_is_read(void **state)
{
    (void)state;
    BL_AUTO(bl_appraisal_policy) p = { 0 };

    read_policy(every_kind, &p);
    assert_int_equal(p.format, 2);
    assert_int_equal(p.kinds, BL_KINDS_ALL);
    assert_int_equal(p.not_after_s, 1814313600);
    assert_int_equal(p.platforms.count, 2);
    assert_int_equal(p.platforms.items[0].value.data[0], 0x11); /* sorted */
    assert_bytes_equal(p.platforms.items[0].source, BL_LITERAL("build 7"));
    assert_int_equal(p.platforms.items[0].until_s, 1814313600);
    assert_int_equal(p.revoked_platforms.items[0].until_s, BL_POLICY_NEVER);
    assert_int_equal(p.unchecked.count, 2);
    assert_int_equal(p.tcb_statuses, 1u << BL_TCB_UP_TO_DATE | 1u << BL_TCB_SW_HARDENING_NEEDED);
    assert_true(p.tcb_evaluation.is_given && p.tcb_evaluation.least == 17);
    assert_int_equal(p.tcb_date.least, 1735689600);
    assert_int_equal(p.firmware.count, 2);
    assert_int_equal(p.firmware.items[0].floor.generation, BL_SNP_GENOA);
    assert_int_equal(p.firmware.items[1].floor.svns[BL_SVN_FMC], 1);
    assert_int_equal(p.guest_policy_required, (uint64_t)1 << 20);
    assert_int_equal(p.guest_policy_permitted, (uint64_t)1 << 40 | 1 << 16);
    assert_int_equal(p.platform_info_permitted, 5);
    assert_int_equal(p.vmpls, 1);
    assert_false(p.migratable);
    assert_int_equal(p.platform_pcrs.items[0].pcr.mask, 1u << 7);
    assert_int_equal(p.registers.items[0].value.data[0], 0x22);
    assert_int_equal(p.required_events.items[0].event_type, 0x80000007u);
    assert_int_equal(p.forbidden_events.items[0].value.size, 32);
    assert_int_equal(p.signers.said, BL_SAID_ABSENT);
    assert_bytes_equal(p.signers.reason, BL_LITERAL("nobody signs these"));
    assert_int_equal(p.configs.said, BL_SAID_ANY);
}

/* The policies of samples.h, the first `more`. */
static const char *
sample(size_t i)
{
    return i < BL_COUNT_OF(more) ? more[i] : whole[i - BL_COUNT_OF(more)];
}

static void
test_canonical_form_goes_there_and_back(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };

    for (size_t i = 0; i < BL_COUNT_OF(more) + BL_COUNT_OF(whole); i++) {
        BL_AUTO(bl_appraisal_policy) a = { 0 };
        BL_AUTO(bl_appraisal_policy) b = { 0 };
        BL_AUTO(bulla_buffer) first = { 0 };
        BL_AUTO(bulla_buffer) second = { 0 };
        read_policy(sample(i), &a);
        assert_ok(bl_appraisal_policy_encode(&a, &first, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&first), bulla_buffer_bytes(&a.canonical));
        assert_ok(bl_appraisal_policy_decode(bulla_buffer_bytes(&first), &b, &err), &err);
        assert_ok(bl_appraisal_policy_encode(&b, &second, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&first), bulla_buffer_bytes(&second));
        assert_memory_equal(a.digest, b.digest, 32);
        for (size_t size = 0; size < first.size; size++) {
            BL_AUTO(bl_appraisal_policy) cut = { 0 };
            assert_fails(
                bl_appraisal_policy_decode((struct bulla_bytes){ first.data, size }, &cut, &err),
                BULLA_E_MALFORMED, &err);
            assert_null(cut.canonical.data); /* untouched */
        }
        BL_AUTO(bl_appraisal_policy) longer = { 0 };
        assert_ok(bulla_buffer_append(&first, BL_LITERAL("\0"), &err), &err);
        assert_fails(bl_appraisal_policy_decode(bulla_buffer_bytes(&first), &longer, &err),
                     BULLA_E_MALFORMED, &err);
    }
}

/* Each bit of the canonical form is in the digest, or makes it unreadable; and what can be read has
 * one form. */
static void
check_every_bit(const char *yaml)
{
    BL_AUTO(bl_appraisal_policy) a = { 0 };
    BL_AUTO(bulla_buffer) cbor = { 0 };
    struct bulla_error err = { 0 };

    read_policy(yaml, &a);
    assert_ok(bl_appraisal_policy_encode(&a, &cbor, &err), &err);
    for (size_t bit = 0; bit < cbor.size * 8; bit++) {
        BL_AUTO(bl_appraisal_policy) b = { 0 };
        BL_AUTO(bulla_buffer) again = { 0 };
        cbor.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bl_appraisal_policy_decode(bulla_buffer_bytes(&cbor), &b, NULL) == BULLA_OK) {
            assert_memory_not_equal(a.digest, b.digest, 32);
            assert_ok(bl_appraisal_policy_encode(&b, &again, &err), &err);
            assert_bytes_equal(bulla_buffer_bytes(&again), bulla_buffer_bytes(&cbor));
        }
        cbor.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void
test_every_bit_counts(void **state)
{
    (void)state;
    check_every_bit(every_kind);
    check_every_bit(tdx_more);
    check_every_bit(snp_more);
}

/* As they were before there was any field that need not be said. */
#define TDX_DIGEST "4694556ebeee9bbd6be7b87b8e1572ae65bf70d3f378d44bcf8ed24a53d993a4"
#define SNP_DIGEST "2ceb688d81be58fe20faa669b5053f3f49de069c1e46777a4f0ef8cb2690450c"

static bool
is_digest(const char *yaml, const char *hex)
{
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    char digest[65];

    read_policy(yaml, &p);
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(digest + 2 * i, 3, "%02x", p.digest[i]);
    return strcmp(digest, hex) == 0;
}

/* Fields that came later change nothing for who does not use them; and to say what would hold without
 * a word says nothing. */
static void
test_what_need_not_be_said(void **state)
{
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    BL_AUTO(bulla_buffer) cbor = { 0 };
    struct bulla_error err = { 0 };
    char yaml[4096];

    (void)state;
    assert_true(is_digest(tdx, TDX_DIGEST));
    assert_true(is_digest(snp, SNP_DIGEST));
    (void)snprintf(yaml, sizeof yaml, "%scollateral_grace: 0\nservice_tds: []\n", tdx);
    assert_true(is_digest(yaml, TDX_DIGEST));
    (void)snprintf(yaml, sizeof yaml, "%slaunch_mitigations: []\ncurrent_mitigations: []\n", snp);
    assert_true(is_digest(yaml, SNP_DIGEST));
    (void)snprintf(yaml, sizeof yaml, "%stdx_modules: []\n", tdx); /* this lets nothing pass */
    assert_false(is_digest(yaml, TDX_DIGEST));
    read_policy(tdx, &p);
    assert_int_equal(p.tdx_modules.said, BL_SAID_ANY);
    assert_int_equal(p.service_tds.said, BL_SAID_LIST);
    assert_int_equal(p.service_tds.count, 0);
    /* the canonical form has no second way to say nothing */
    BL_AUTO(bl_appraisal_policy) back = { 0 };
    struct bulla_bytes own = bulla_buffer_bytes(&p.canonical);
    assert_ok(bulla_buffer_append(&cbor, own, &err), &err);
    assert_int_equal(cbor.data[0] & 0xe0, 0xa0);
    cbor.data[cbor.data[0] == 0xb8 ? 1 : 0]++;
    assert_ok(bulla_buffer_append(&cbor, BL_LITERAL("\x18\x27\x00"), &err), &err); /* 39: 0 */
    assert_fails(bl_appraisal_policy_decode(bulla_buffer_bytes(&cbor), &back, &err),
                 BULLA_E_MALFORMED, &err);
    cbor.data[cbor.size - 1] = 1;
    assert_ok(bl_appraisal_policy_decode(bulla_buffer_bytes(&cbor), &back, &err), &err);
}

static void
test_what_may_be_said_besides(void **state)
{
    (void)state;
    BL_AUTO(bl_appraisal_policy) td = { 0 };
    BL_AUTO(bl_appraisal_policy) guest = { 0 };

    read_policy(tdx_more, &td);
    assert_int_equal(td.collateral_grace_days, 3);
    assert_int_equal(td.tdx_modules.count, 2);
    assert_int_equal(td.tdx_modules.items[0].module.version, 1); /* sorted */
    assert_int_equal(td.tdx_modules.items[0].module.svn, 5);
    assert_int_equal(td.service_tds.items[0].value.data[0], 0x22);
    assert_int_equal(td.service_tds.items[0].until_s, 1814313600);
    read_policy(snp_more, &guest);
    assert_int_equal(guest.launch_mitigations, 1);
    assert_true(guest.current_mitigations == ((uint64_t)1 << 63 | 2));
    refused(with(tdx_more, "collateral_grace:", "collateral_grace: 367\n"));
    refused(with(tdx_more, "tdx_modules:", "tdx_modules: [{ version: 1, svn: 256, from: a }]\n"));
    refused(with(tdx_more, "tdx_modules:", "tdx_modules: [{ version: 1, svn: 1 }]\n"));
    refused(with(tdx_more, "tdx_modules:",
                 "tdx_modules: [{ version: 1, svn: 1, from: a }, "
                 "{ version: 1, svn: 2, from: a }]\n")); /* which of them? */
    refused(with(tdx_more, "tdx_modules:", "tdx_modules: { absent: a }\n"));
    refused(with(tdx_more, "service_tds:", "service_tds: { any: a }\n"));
    refused(with(snp_more, "launch_mitigations:", "launch_mitigations: [bit64]\n"));
    refused(with(snp_more, "collateral_grace:", MODULES));
    refused(with(tdx_more, "collateral_grace:", "launch_mitigations: [bit0]\n"));
}

/* B11: "not set" never means "not checked". */
static void
test_b11_nothing_may_be_left_unsaid(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(whole); i++) {
        for (const char *line = whole[i]; *line != '\0'; line = strchr(line, '\n') + 1) {
            char key[40];
            (void)snprintf(key, sizeof key, "%.*s", (int)(strchr(line, ':') - line), line);
            refused(with(whole[i], key, ""));
        }
    }
}

/* B39: an empty policy is none. */
static void
test_b39_empty_is_not_everything(void **state)
{
    (void)state;
    refused("");
    refused("{}");
    refused("[]");
    refused("null");
    refused("format: 2\n");
    refused(with(tdx, "kinds:", "kinds: []\n"));
    refused(HEAD("", "machine")); /* no kind has no fields that could be missing */
}

static void
test_a_field_of_another_kind_is_unknown(void **state)
{
    char yaml[4096];

    (void)state;
    (void)snprintf(yaml, sizeof yaml, "%s" OF_TD, sgx);
    refused(yaml);
    (void)snprintf(yaml, sizeof yaml, "%s" REGISTERS, sgx);
    refused(yaml);
    (void)snprintf(yaml, sizeof yaml, "%s" OF_ENCLAVE, machine);
    refused(yaml);
    (void)snprintf(yaml, sizeof yaml, "%smore: 1\n", sgx);
    refused(yaml);
}

static void
test_values_that_no_policy_has(void **state)
{
    (void)state;
    static const struct {
        const char *key, *instead;
    } faults[] = {
        { "format:", "format: 3\n" },
        { "name:", "name: \"\"\n" },
        { "subject:", "subject: absent\n" },
        { "binding:", "binding: any\n" },
        { "not_after:", "not_after: 1900000000\n" },
        { "not_after:", "not_after: soon\n" },
        { "kinds:", "kinds: any\n" },
        { "kinds:", "kinds: [none]\n" },
        { "kinds:", "kinds: [azure]\n" },
        { "classes:", "classes: { any: why not }\n" },
        { "classes:", "classes: [absent]\n" },
        { "classes:", "classes: [hardware, hardware]\n" },
        { "platforms:", "platforms: any\n" }, /* without a reason */
        { "platforms:", "platforms: { any: \"\" }\n" },
        { "platforms:", "platforms: { any: a, absent: b }\n" },
        { "platforms:", "platforms: { some: a }\n" },
        { "platforms:", "platforms: [\"" D1 "\"]\n" }, /* without a source */
        { "platforms:", "platforms: [{ value: \"" D1 "\", from: a }]\n" },
        { "platforms:", "platforms: [{ value: \"" D1 "\", until: \"" T1 "\" }]\n" },
        { "platforms:", "platforms: [{ value: \"11\", from: a, until: \"" T1 "\" }]\n" },
        { "platforms:", "platforms: [" REFERENCE(D1) ", " REFERENCE(D1) "]\n" },
        { "platforms:", "platforms: [" REFERENCE(D1) ", { value: \"" D1
                                                     "\", from: again, until: \"" T1 "\" }]\n" },
        { "revoked_platforms:", "revoked_platforms: { any: a }\n" },
        { "revoked_platforms:",
          "revoked_platforms: [" REFERENCE(D1) "]\n" }, /* a revocation has no end */
        { "unchecked:", "unchecked: { any: a }\n" },
        { "unchecked:", "unchecked: [everything]\n" },
        { "tcb_statuses:", "tcb_statuses: [Revoked]\n" },
        { "tcb_statuses:", "tcb_statuses: [uptodate]\n" },
        { "tcb_evaluation:", "tcb_evaluation: -1\n" },
        { "tcb_evaluation:", "tcb_evaluation: { absent: a }\n" },
        { "tcb_date:", "tcb_date: 17\n" },
        { "denied_advisories:", "denied_advisories: { any: a }\n" },
        { "firmware:", "firmware: { any: a }\n" },
        { "firmware:", "firmware: [{ generation: rome, bootloader: 1, tee: 1, snp: 1, "
                       "microcode: 1, from: a }]\n" },
        { "firmware:",
          "firmware: [{ generation: milan, bootloader: 1, tee: 1, snp: 1, from: a }]\n" },
        { "firmware:", "firmware: [{ generation: milan, bootloader: 1, tee: 1, snp: 1, "
                       "microcode: 1, fmc: 1, from: a }]\n" },
        { "firmware:", "firmware: [{ generation: milan, bootloader: 1, tee: 1, snp: 1, "
                       "microcode: 256, from: a }]\n" },
        { "guest_policy_required:", "guest_policy_required: [debug]\n" },
        { "guest_policy_permitted:", "guest_policy_permitted: [bit19]\n" }, /* debug */
        { "guest_policy_permitted:", "guest_policy_permitted: [bit16]\n" }, /* has a name */
        { "guest_policy_permitted:", "guest_policy_permitted: [bit64]\n" },
        { "sgx_attributes_permitted:", "sgx_attributes_permitted: [bit1]\n" },
        { "td_attributes_permitted:", "td_attributes_permitted: [bit0]\n" },
        { "vmpls:", "vmpls: [\"4\"]\n" },
        { "migratable:", "migratable: any\n" },
        { "platform_pcrs:", "platform_pcrs: [{ bank: sha1, pcr: 7, value: \"" D1
                            "\", from: a, until: \"" T1 "\" }]\n" },
        { "platform_pcrs:", "platform_pcrs: [{ bank: sha384, pcr: 7, value: \"" D1
                            "\", from: a, until: \"" T1 "\" }]\n" },
        { "platform_pcrs:", "platform_pcrs: [{ bank: sha256, pcr: 24, value: \"" D1
                            "\", from: a, until: \"" T1 "\" }]\n" },
        { "required_events:",
          "required_events: [{ bank: sha256, pcr: 4, from: a, until: \"" T1 "\" }]\n" },
        { "required_events:", "required_events: [{ bank: sha256, pcr: 4, type: EV_NO_ACTION, "
                              "from: a, until: \"" T1 "\" }]\n" },
        { "forbidden_events:",
          "forbidden_events: [{ bank: sha256, pcr: 4, type: EV_IPL, digest: \"" D1
          "\", from: a }]\n" },
        { "isolation:", "isolation: { any: a }\n" },
        { "codes:", "codes: { absent: a }\n" },
        { "codes:", "codes: { any: a }\n" }, /* any code of no signer */
        { "exceptions:", "exceptions: { any: a }\n" },
        { "exceptions:", "exceptions: [{ check: code, accepts: a, platform: any, reason: a, "
                         "until: \"" T1 "\" }]\n" },
        { "exceptions:", "exceptions: [{ check: tcb-status, accepts: Revoked, platform: any, "
                         "reason: a, until: \"" T1 "\" }]\n" },
        { "exceptions:", "exceptions: [{ check: tcb-status, accepts: OutOfDate, platform: any, "
                         "reason: a }]\n" },
        { "exceptions:", "exceptions: [{ check: tcb-status, accepts: OutOfDate, platform: any, "
                         "until: \"" T1 "\" }]\n" },
        { "exceptions:", "exceptions: [{ check: tcb-status, accepts: OutOfDate, reason: a, "
                         "until: \"" T1 "\" }]\n" },
        { "exceptions:", "exceptions: [{ check: firmware, accepts: microcode, platform: any, "
                         "reason: a, until: \"" T1 "\" }]\n" },
        { "exceptions:", "exceptions: [{ check: endorsement, accepts: everything, platform: any, "
                         "reason: a, until: \"" T1 "\" }]\n" },
    };

    for (size_t i = 0; i < BL_COUNT_OF(faults); i++) {
        print_message("# %s", faults[i].instead);
        refused(with(every_kind, faults[i].key, faults[i].instead));
    }
    /* with a signer, any code has a meaning */
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    char yaml[8192];
    (void)snprintf(yaml, sizeof yaml, "%s",
                   with(every_kind, "signers:", "signers: [" REFERENCE(D2) "]\n"));
    read_policy(with(yaml, "codes:", "codes: { any: \"the signer decides\" }\n"), &p);
}

static void
test_exceptions_are_read(void **state)
{
    (void)state;
    BL_AUTO(bl_appraisal_policy) p = { 0 };

    read_policy(with(tdx, "exceptions:",
                     "exceptions: [{ check: tcb-status, accepts: OutOfDate, platform: \"" D1
                     "\", reason: \"ticket 4711\", until: \"" T1 "\" }, { check: firmware, "
                     "accepts: \"microcode 219\", platform: any, reason: a, until: \"" T1
                     "\" }]\n"),
                &p);
    assert_int_equal(p.exceptions.count, 2);
    for (size_t i = 0; i < 2; i++) {
        const struct bl_policy_item *item = &p.exceptions.items[i];
        bool is_status = strcmp(item->check, "tcb-status") == 0;
        assert_int_equal(item->platform.size, is_status ? 32 : 0);
        assert_int_equal(item->until_s, 1814313600);
        assert_bytes_equal(item->source, is_status ? BL_LITERAL("ticket 4711") : BL_LITERAL("a"));
    }
}

/* Other order and JSON make the same policy. */
static void
test_equal_policies_have_equal_digests(void **state)
{
    (void)state;
    BL_AUTO(bl_appraisal_policy) a = { 0 };
    BL_AUTO(bl_appraisal_policy) b = { 0 };
    static const char json[] =
        "{\"kinds\": [\"nvidia\"], \"format\": 2, \"version\": 3, \"name\": \"orders\", "
        "\"binding\": \"channel\", \"subject\": \"machine\", \"not_after\": \"" T1 "\", "
        "\"unchecked\": [\"pck_crl\", \"crl\"], \"exceptions\": [], \"classes\": [\"hardware\"], "
        "\"revoked_platforms\": [{\"from\": \"stolen\", \"value\": \"" D1 "\"}], "
        "\"platforms\": [{\"value\": \"" D1 "\", \"from\": \"build 7\", \"until\": \"" T1 "\"}, "
        "{\"until\": \"" T1 "\", \"value\": \"" D2 "\", \"from\": \"build 7\"}]}";

    read_policy(nvidia, &a);
    read_policy(json, &b);
    assert_memory_equal(a.digest, b.digest, 32);
}

static bool
can_be_waived(const struct bl_policy_field *field, enum bl_said said)
{
    BL_AUTO(bl_appraisal_policy) p = { 0 };
    BL_AUTO(bl_appraisal_policy) back = { 0 };
    BL_AUTO(bulla_buffer) cbor = { 0 };
    struct bulla_error err = { 0 };

    read_policy(with(every_kind, "signers:", "signers: [" REFERENCE(D2) "]\n"), &p);
    struct bl_policy_list *list = bl_field_of(&p, field);
    struct bl_floor *floor = bl_field_of(&p, field);
    if (field->type == BL_FIELD_LIST) {
        list->said = said;
        list->reason = BL_LITERAL("why");
    } else {
        floor->said = said;
        floor->reason = BL_LITERAL("why");
    }
    assert_ok(bl_appraisal_policy_encode(&p, &cbor, &err), &err);
    return bl_appraisal_policy_decode(bulla_buffer_bytes(&cbor), &back, NULL) == BULLA_OK;
}

/* Whoever writes the canonical form himself cannot say more than people can. */
static void
test_waivers_stand_where_they_may(void **state)
{
    (void)state;
    for (size_t i = 0; i < bl_policy_field_count; i++) {
        const struct bl_policy_field *field = &bl_policy_fields[i];
        if (field->type == BL_FIELD_WORDS || field->type == BL_FIELD_FLAG ||
            field->type == BL_FIELD_DAYS)
            continue;
        print_message("# %s\n", field->name);
        assert_int_equal(can_be_waived(field, BL_SAID_ANY), (field->waivers & BL_MAY_BE_ANY) != 0);
        assert_int_equal(can_be_waived(field, BL_SAID_ABSENT),
                         (field->waivers & BL_MAY_BE_ABSENT) != 0);
    }
}

/* The table is the format: keys ascend, names are unique, and each field belongs to some kind. */
static void
test_the_table_of_fields(void **state)
{
    (void)state;
    char word[BL_BIT_WORD_SIZE];

    for (size_t i = 0; i < bl_policy_field_count; i++) {
        const struct bl_policy_field *field = &bl_policy_fields[i];
        assert_int_equal(field->key, i + 8);
        assert_int_not_equal(field->kinds & BL_KINDS_ALL, 0);
        assert_int_equal(field->type == BL_FIELD_WORDS, field->word != NULL);
        assert_int_equal(field->type == BL_FIELD_LIST, field->members != 0);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(field->name, bl_policy_fields[k].name);
        for (unsigned bit = 0; field->word != NULL && bit < 64; bit++) {
            unsigned found = 64;
            if (bl_field_bit_word(field, bit, word) == NULL)
                continue;
            assert_true(bl_field_bit_find(field, text_bytes(word), &found));
            assert_int_equal(found, bit);
        }
    }
}

static void
test_every_allocation_may_fail(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    bool reached = true;

    for (uint64_t nth = 1; reached; nth++) {
        BL_AUTO(bl_appraisal_policy) p = { 0 };
        bulla_error_clear(&err);
        bl_fault_arm(BL_FAULT_MEMORY, nth, /* forever= */ false);
        enum bulla_status status = bl_appraisal_policy_from_yaml(text_bytes(every_kind), &p, &err);
        reached = bl_fault_disarm();
        if (status != BULLA_OK)
            assert_null(p.canonical.data);
        assert_true(status == BULLA_OK || reached);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said_is_read),
        cmocka_unit_test(test_canonical_form_goes_there_and_back),
        cmocka_unit_test(test_every_bit_counts),
        cmocka_unit_test(test_what_need_not_be_said),
        cmocka_unit_test(test_what_may_be_said_besides),
        cmocka_unit_test(test_b11_nothing_may_be_left_unsaid),
        cmocka_unit_test(test_b39_empty_is_not_everything),
        cmocka_unit_test(test_a_field_of_another_kind_is_unknown),
        cmocka_unit_test(test_values_that_no_policy_has),
        cmocka_unit_test(test_exceptions_are_read),
        cmocka_unit_test(test_equal_policies_have_equal_digests),
        cmocka_unit_test(test_waivers_stand_where_they_may),
        cmocka_unit_test(test_the_table_of_fields),
        cmocka_unit_test(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
