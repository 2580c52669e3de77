/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles of administrators: every verb by every set of roles, what it did and what the log says.
 * The table here is docs/formats/admin.md's, not the broker's. G6.
 */
#include "broker/scene_fixture.h"

enum role { ANY = 0, REGISTER = 1, GRANT = 2, APPROVE = 4 };

#define ARGUMENTS_MAX 4
struct verb {
    const char *name;
    enum role role;
    bool changes;
    struct bl_admin_argument arguments[ARGUMENTS_MAX];
    size_t argument_count;
};

static const uint8_t policy_there[32] = { 0x11 };
static const uint8_t platform[32] = { 0x22 };
static const uint8_t product[32] = { 0x33 };
static const uint8_t version[8] = { [7] = 5 };

/* What was registered before each try; some of it the verbs below take away. */
static void
prepare(struct vault_fixture *f)
{
    static const char *const statements[] = {
        "DELETE FROM secrets",
        "DELETE FROM grants",
        "DELETE FROM anchors",
        "DELETE FROM floors",
        "DELETE FROM platforms",
        "INSERT INTO grants VALUES ('default', 'orders/key', ?, 1)",
        "INSERT INTO anchors VALUES ('default', 'old', 'ek', 'hardware', x'30', '', 1)",
        "INSERT INTO platforms VALUES ('default', x'44', ?, 'hardware', 'active', 1, 0, x'00')",
    };
    const struct bl_store_value policy = bl_store_bytes(BL_BYTES_OF(policy_there));
    const struct bl_store_value id = bl_store_bytes(BL_BYTES_OF(platform));

    for (size_t i = 0; i < BL_COUNT_OF(statements); i++)
        fixture_row(f, statements[i], strstr(statements[i], "platforms V") != NULL ? &id : &policy,
                    strchr(statements[i], '?') != NULL ? 1 : 0);
}

static enum bulla_status
read_sum(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    return bl_store_column_integer(row, 0, context, err);
}

/* One number that every change by a verb changes. */
static int64_t
contents(struct vault_fixture *f)
{
    struct bulla_error err = { 0 };
    int64_t sum = -1;

    assert_ok(bl_store_query(f->vault.store,
                             "SELECT (SELECT COUNT(*) FROM secrets)"
                             " + 100 * (SELECT COUNT(*) FROM grants)"
                             " + 10000 * (SELECT COUNT(*) FROM anchors)"
                             " + 1000000 * (SELECT COUNT(*) FROM platforms WHERE state <> 'active')"
                             " + 100000000 * (SELECT COALESCE(SUM(version), 0) FROM floors)",
                             NULL, 0, read_sum, &sum, NULL, &err),
              &err);
    return sum;
}

static bool
may(const char *roles, enum role role)
{
    static const char *const words[] = {
        [REGISTER] = "register", [GRANT] = "grant", [APPROVE] = "approve"
    };
    char copy[64];
    char *rest = NULL;

    if (role == ANY)
        return true;
    snprintf(copy, sizeof copy, "%s", roles);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (strcmp(word, words[role]) == 0)
            return true;
    }
    return false;
}

static void
try_verb(struct vault_fixture *f, const struct bl_key *key, const char *roles,
         const struct verb *verb)
{
    char field[64];

    prepare(f);
    const int64_t before = contents(f);
    const enum bulla_cause cause =
        strcmp(verb->name, "put") == 0
            ? admin_put_by(f, key, "orders/key", text_bytes(attester_secret))
            : admin_run(f, key, verb->name, verb->arguments, verb->argument_count, NULL);
    const bool is_done = cause == BULLA_CAUSE_NONE;
    if (is_done != may(roles, verb->role) || (!is_done && cause != BULLA_CAUSE_DENIED))
        print_message("# %s by \"%s\": cause %d\n", verb->name, roles, (int)cause);
    assert_int_equal(is_done, may(roles, verb->role));
    assert_int_equal(contents(f) != before, is_done && verb->changes);
    if (is_done) {
        snprintf(field, sizeof field, "\"verb\":\"%s\"", verb->name);
        assert_last_record("\"event\":\"admin\"", field);
    } else {
        assert_int_equal(cause, BULLA_CAUSE_DENIED);
        assert_last_record("\"event\":\"refused\",\"cause\":701,",
                           "\"what\":\"not this admin's role\"");
    }
}

static void
test_every_verb_by_every_role(void **state)
{
    struct vault_fixture *f = *state;
    static const char *const roles[] = { "",
                                         "register",
                                         "grant",
                                         "approve",
                                         "register grant",
                                         "grant approve",
                                         "register approve",
                                         BL_ADMIN_ROLES,
                                         "registers grants approves",
                                         "regist gran approv",
                                         "xregister xgrant xapprove",
                                         "registergrantapprove",
                                         "REGISTER GRANT APPROVE",
                                         "any" };
    struct bulla_error err = { 0 };
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    BL_AUTO(bulla_buffer) cbor = { 0 };
    char yaml[1024];

    snprintf(yaml, sizeof yaml, "%sclasses: [hardware]\n", machine_policy);
    assert_ok(bl_appraisal_policy_from_yaml(text_bytes(yaml), &policy, &err), &err);
    assert_ok(bl_appraisal_policy_encode(&policy, &cbor, &err), &err);
    const struct bl_admin_argument name = { BL_LITERAL("name"), BL_LITERAL("orders/key") };
    const struct verb verbs[] = {
        { "put", REGISTER, true, { { { NULL, 0 }, { NULL, 0 } } }, 0 },
        { "grant", GRANT, true, { name, { BL_LITERAL("policy"), bulla_buffer_bytes(&cbor) } }, 2 },
        { "ungrant",
          GRANT,
          true,
          { name, { BL_LITERAL("policy"), BL_BYTES_OF(policy_there) } },
          2 },
        { "promote",
          GRANT,
          true,
          { { BL_LITERAL("signer_product"), BL_BYTES_OF(product) },
            { BL_LITERAL("version"), BL_BYTES_OF(version) } },
          2 },
        { "anchor-add",
          REGISTER,
          true,
          { { BL_LITERAL("certificate"), bulla_buffer_bytes(&f->vault.keys.root_certificate) },
            { BL_LITERAL("class"), BL_LITERAL("hardware") },
            { BL_LITERAL("hosts"), { NULL, 0 } },
            { BL_LITERAL("name"), BL_LITERAL("new") } },
          4 },
        { "anchor-rm", REGISTER, true, { { BL_LITERAL("name"), BL_LITERAL("old") } }, 1 },
        { "platform-revoke",
          APPROVE,
          true,
          { { BL_LITERAL("platform"), BL_BYTES_OF(platform) } },
          1 },
        { "list", ANY, false, { { { NULL, 0 }, { NULL, 0 } } }, 0 },
        { "grants", ANY, false, { { { NULL, 0 }, { NULL, 0 } } }, 0 },
        { "anchor-list", ANY, false, { { { NULL, 0 }, { NULL, 0 } } }, 0 },
        { "platform-list", ANY, false, { { { NULL, 0 }, { NULL, 0 } } }, 0 },
    };
    const size_t verb_count = BL_COUNT_OF(verbs);

    for (size_t i = 0; i < BL_COUNT_OF(roles); i++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        assert_ok(bl_key_generate(BL_KEY_ED25519, &key, &err), &err);
        fixture_admin(f, key, text_bytes(roles[i]));
        for (size_t k = 0; k < verb_count; k++)
            try_verb(f, key, roles[i], &verbs[k]);
    }
    size_t known = 0;
    for (; bl_admin_verbs[known].name != NULL; known++) { /* none is left out here */
        size_t k = 0;
        while (k < verb_count && strcmp(verbs[k].name, bl_admin_verbs[known].name) != 0)
            k++;
        assert_true(k < verb_count);
    }
    assert_int_equal(known, verb_count);
}

/* An admin of another tenant, or one that was taken off the list, is nobody. */
static void
test_who_is_not_on_the_list_has_no_role(void **state)
{
    struct vault_fixture *f = *state;

    for (int i = 0; i < 2; i++) {
        struct gate gate;
        struct bl_admin_challenge challenge = { 0 };
        struct bl_admin_request request = { .verb = BL_LITERAL("list") };
        fixture_row(f, i == 0 ? "UPDATE admins SET tenant = 'other'" : "DELETE FROM admins", NULL,
                    0);
        gate_open(&gate, &f->vault);
        admin_challenge(&gate, &challenge);
        memcpy(request.broker_id, challenge.broker_id, sizeof request.broker_id);
        memcpy(request.nonce, challenge.nonce, sizeof request.nonce);
        admin_send(&gate, &request, f->admin);
        assert_refused(&gate);
        gate_done(&gate);
        assert_last_record("\"event\":\"refused\"", "\"cause\":810,");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_vault(test_every_verb_by_every_role),
        with_vault(test_who_is_not_on_the_list_has_no_role),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
