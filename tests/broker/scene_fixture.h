/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/broker/scene_fixture.h: a vault with one secret, a machine that may have it, and the test as
 * gate between them.
 */
#ifndef TESTS_BROKER_SCENE_FIXTURE_H
#define TESTS_BROKER_SCENE_FIXTURE_H

#include "broker/attester_fixture.h"

#include "base/fault.h"
#include "policy/appraisal.h"

#define POLICY_START \
    "format: 1\nversion: 1\nbinding: channel\nplatforms: any\nnot_after: 4000000000\n"
#define POLICY_HEAD POLICY_START "platform_pcrs: any\n"
#define ENCLAVE_RULES                                                          \
    "name: enclaves\nsubject: enclave\nisolation: [os]\nsigners: "             \
    "[\"5151515151515151515151515151515151515151515151515151515151515151\"]\n" \
    "product: orders\nminimum_version: 2\ncodes: any\nconfigs: any\n"
static const char machine_policy[] = POLICY_HEAD "name: machines\nsubject: machine\n";
static const char enclave_policy[] = POLICY_HEAD ENCLAVE_RULES;
/* On a host whose PCR 11 is as after its start. */
static const char hosted_policy[] = POLICY_START ENCLAVE_RULES
    "platform_pcrs: [{ bank: sha256, pcr: 11, values: "
    "[\"0000000000000000000000000000000000000000000000000000000000000000\"] }]\n";

static inline void
grant(struct vault_fixture *f, const char *name, const char *policy_text, const char *class_word)
{
    char yaml[1024];
    struct bulla_error err = { 0 };
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    BL_AUTO(bulla_buffer) cbor = { 0 };

    snprintf(yaml, sizeof yaml, "%sclasses: [%s]\n", policy_text, class_word);
    assert_ok(bl_appraisal_policy_from_yaml(text_bytes(yaml), &policy, &err), &err);
    assert_ok(bl_appraisal_policy_encode(&policy, &cbor, &err), &err);
    const struct bl_admin_argument arguments[] = { { BL_LITERAL("name"), text_bytes(name) },
                                                   { BL_LITERAL("policy"),
                                                     bulla_buffer_bytes(&cbor) } };
    assert_int_equal(admin_run(f, f->admin, "grant", arguments, 2, NULL), BULLA_CAUSE_NONE);
}

/* A secret, a grant for machines of class hardware, and such a machine. */
struct scene {
    struct vault_fixture *f;
    struct attester a;
    struct gate gate;
};

static inline int
scene_setup(void **state)
{
    static struct scene scene;
    void *f = NULL;

    scene = (struct scene){ 0 };
    if (vault_setup(&f) != 0)
        return -1;
    scene.f = f;
    assert_int_equal(admin_put(scene.f, "orders/key", text_bytes(attester_secret)),
                     BULLA_CAUSE_NONE);
    grant(scene.f, "orders/key", machine_policy, "hardware");
    attester_start(&scene.a, false);
    attester_enrol(&scene.a, scene.f, BL_CLASS_HARDWARE);
    *state = &scene;
    return 0;
}

static inline int
scene_teardown(void **state)
{
    struct scene *scene = *state;
    void *f = scene->f;

    (void)bl_fault_disarm();
    attester_done(&scene->a);
    return vault_teardown(&f);
}

#define with_scene(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

/* Connect, and say hello both ways. */
static inline void
greet(struct scene *s)
{
    gate_open(&s->gate, &s->f->vault);
    gate_introduce(&s->gate);
    attester_connect(&s->a, &s->gate);
}

static inline void
attest(struct scene *s)
{
    greet(s);
    attester_attest(&s->a, &s->gate);
}

/* The session is refused, shows nothing, and the log says why. */
static inline void
ends_refused(struct scene *s, enum bulla_cause cause)
{
    char field[32];

    snprintf(field, sizeof field, "\"cause\":%d,", (int)cause);
    assert_refused(&s->gate);
    assert_no_canary(&s->gate);
    gate_done(&s->gate);
    assert_last_record("\"event\":\"refused\"", field);
}

/* Evidence that the vault must not believe; the confirmation never counts. */
static inline void
evidence_is_refused(struct scene *s, enum bulla_cause cause)
{
    BL_AUTO(bulla_buffer) body = { 0 };

    attester_evidence(&s->a, &body);
    attester_prove(&s->a, &s->gate, bulla_buffer_bytes(&body));
    ends_refused(s, cause);
}

#endif
