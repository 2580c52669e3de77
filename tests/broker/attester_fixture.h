/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/broker/attester_fixture.h: a client that attests with a TPM on paper, enrolled at the vault
 * under test, and every lie that it may tell.
 */
#ifndef TESTS_BROKER_ATTESTER_FIXTURE_H
#define TESTS_BROKER_ATTESTER_FIXTURE_H

#include "broker/gate_fixture.h"
#include "tee/paper_enclave.h"

#include "crypto/cose_sign1.h"
#include "tee/tpm/ak.h"

static const char attester_secret[] = "canary-6f1e7c55d90b4a3f-do-not-show";

struct attester {
    struct paper_machine
        *machine; /* its enclave layer attests if `is_enclave`, else its platform */
    bool is_enclave;
    bool has_host; /* its platform layer vouches for the enclave's */
    struct bulla_buffer ak_certificate;
    struct bulla_buffer host_certificate;
    uint8_t host_id[32]; /* platform id of the host */
    uint8_t boot_id[BL_BOOT_ID_SIZE];
    /* of the present exchange */
    struct bl_exchange exchange;
    uint8_t connection[32]; /* the TLS connection that it thinks it has */
    uint64_t epoch;
    struct bl_key *wrap_key;
    struct bulla_bytes offered; /* evidence type */
    uint64_t want;
    enum bl_role role;            /* the label that its evidence is made with */
    enum bl_role confirm_role;    /* and its confirmation */
    const uint8_t *claimed_wrap;  /* hashed into the report data; NULL: the one of the hello */
    struct bulla_buffer evidence; /* what it sent last */
    uint8_t report_data[BL_REPORT_DATA_SIZE];
};

static inline struct paper_layer *
attesting_layer(struct attester *a)
{
    return a->is_enclave ? &a->machine->enclave : &a->machine->platform;
}

static inline void
attester_start(struct attester *a, bool is_enclave)
{
    void *machine = NULL;
    struct bulla_error err = { 0 };

    *a = (struct attester){ .is_enclave = is_enclave,
                            .offered = BL_LITERAL("tpm"),
                            .role = BL_ROLE_CLIENT,
                            .confirm_role = BL_ROLE_CLIENT };
    assert_int_equal(paper_machine_setup(&machine), 0);
    a->machine = machine;
    assert_ok(bl_random(a->boot_id, sizeof a->boot_id, &err), &err);
}

/** A new random wrap key. */
static inline void
attester_new_wrap_key(struct attester *a)
{
    struct bulla_error err = { 0 };

    bl_key_free(a->wrap_key);
    a->wrap_key = NULL;
    assert_ok(bl_key_generate(BL_KEY_X25519, &a->wrap_key, &err), &err);
}

static inline void
attester_done(struct attester *a)
{
    void *machine = a->machine;

    paper_machine_teardown(&machine);
    bulla_buffer_done(&a->ak_certificate);
    bulla_buffer_done(&a->host_certificate);
    bulla_buffer_done(&a->evidence);
    bl_exchange_done(&a->exchange);
    bl_key_free(a->wrap_key);
}

/** The vault certifies the key of a layer as of a class, and knows its platform. */
static inline void
enrol_layer(struct attester *a, struct vault_fixture *f, struct paper_layer *layer,
            const uint8_t id[32], enum bl_platform_class platform_class,
            struct bulla_buffer *certificate_out)
{
    static const char *const usages[] = { BL_TPM_AK_USAGE, NULL };
    static const uint8_t no_boot_id[BL_BOOT_ID_SIZE];
    const struct bl_broker_keys *keys = &f->vault.keys;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_certificate) issuer = NULL;
    BL_AUTO(bulla_buffer) platform_id = { 0 };
    struct bl_tpm_name name;

    assert_ok(bl_certificate_parse(
                  bulla_buffer_bytes(&keys->ak_issuer_certificates[platform_class]), &issuer, &err),
              &err);
    assert_ok(bl_tpm_platform_id_encode(id, &platform_id, &err), &err);
    const struct bl_certificate_request request = {
        .common_name = "an attestation key",
        .subject = layer->key,
        .not_before_s = bl_clock_now_s() - 60,
        .not_after_s = bl_clock_now_s() + 3600,
        .usage_oids = usages,
        .extension_oid = BL_TPM_PLATFORM_ID_OID,
        .extension_value = bulla_buffer_bytes(&platform_id),
    };
    bulla_buffer_clear(certificate_out);
    assert_ok(bl_certificate_issue(&request, issuer, keys->ak_issuers[platform_class],
                                   certificate_out, &err),
              &err);
    paper_machine_attest(a->machine, !a->is_enclave || a->has_host, a->is_enclave);
    paper_layer_name(layer, &name);
    const struct bl_store_value values[] = {
        bl_store_text(BL_LITERAL(BL_TENANT)),
        bl_store_bytes((struct bulla_bytes){ name.bytes, name.size }),
        bl_store_bytes((struct bulla_bytes){ id, 32 }),
        bl_store_text(text_bytes(bl_platform_class_word(platform_class))),
        bl_store_integer(1),
        bl_store_bytes(BL_BYTES_OF(no_boot_id)),
    };
    fixture_row(f,
                "INSERT INTO platforms (tenant, ak_name, platform_id, class, state, enrolled_s,"
                " reset_count, boot_id) VALUES (?, ?, ?, ?, 'active', ?, 0, ?)",
                values, 6);
}

static inline void
attester_enrol(struct attester *a, struct vault_fixture *f, enum bl_platform_class platform_class)
{
    enrol_layer(a, f, attesting_layer(a), a->machine->platform_id, platform_class,
                &a->ak_certificate);
}

/** An enclave gets a host that vouches for it. */
static inline void
attester_enrol_host(struct attester *a, struct vault_fixture *f,
                    enum bl_platform_class platform_class)
{
    a->has_host = true;
    memset(a->host_id, 0x57, sizeof a->host_id);
    enrol_layer(a, f, &a->machine->platform, a->host_id, platform_class, &a->host_certificate);
}

/** The frame of the attester's hello, added to its transcript. */
static inline void
attester_hello(struct attester *a, struct bulla_buffer *body)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) raw = { 0 };
    struct bl_client_hello hello = { .version = BL_CHANNEL_VERSION,
                                     .epoch = a->epoch,
                                     .evidence_types = { a->offered },
                                     .evidence_type_count = 1,
                                     .want = a->want };

    assert_ok(bl_random(hello.nonce, sizeof hello.nonce, &err), &err);
    assert_ok(bl_key_raw_public(a->wrap_key, &raw, &err), &err);
    memcpy(hello.wrap_key, raw.data, sizeof hello.wrap_key);
    bulla_buffer_clear(body);
    assert_ok(bl_client_hello_encode(&hello, body, &err), &err);
    assert_ok(bl_exchange_add(&a->exchange, bulla_buffer_bytes(body), &err), &err);
}

static inline enum bulla_status
attester_export(void *context, const char *label, struct bulla_bytes exporter_context, size_t size,
                struct bl_secret *out, struct bulla_error *err)
{
    const struct attester *a = context;

    BL_TRY(bl_secret_new(out, size, err));
    return export_of(a->connection, label, exporter_context, out->data, err);
}

/** Its TLS connection is the gate's; `facts` may differ for a test. */
static inline void
attester_connect(struct attester *a, const struct gate *gate)
{
    struct bulla_error err = { 0 };

    bl_exchange_done(&a->exchange);
    memcpy(a->connection, gate->connection, sizeof a->connection);
    a->epoch = 0;
    attester_new_wrap_key(a);
    assert_ok(bl_exchange_start(&a->exchange, &gate->facts, attester_export, a, &err), &err);
}

/** Evidence over what was said so far; the frame is in *body. */
static inline void
attester_evidence(struct attester *a, struct bulla_buffer *body)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO(bulla_buffer) claims = { 0 };
    struct bl_claims_message said = { .agent = BL_LITERAL("test") };
    struct paper_machine *m = a->machine;

    memcpy(said.boot_id, a->boot_id, sizeof said.boot_id);
    assert_ok(bl_claims_message_encode(&said, &claims, &err), &err);
    assert_ok(bl_key_raw_public(a->wrap_key, &raw, &err), &err);
    assert_ok(bl_exchange_report_data(&a->exchange, a->role, BL_LITERAL("tpm"),
                                      a->claimed_wrap != NULL ? a->claimed_wrap : raw.data,
                                      bulla_buffer_bytes(&claims), a->report_data, &err),
              &err);
    assert_ok(bl_report_data_for_tpm(a->report_data, m->binder, &err), &err);
    paper_machine_attest(m, !a->is_enclave || a->has_host, a->is_enclave);
    struct bl_tpm_layer *layer = a->is_enclave ? &m->evidence.enclave : &m->evidence.platform;
    layer->ak_chain[0] = bulla_buffer_bytes(&a->ak_certificate);
    layer->ak_chain_count = a->ak_certificate.size > 0 && !a->has_host ? 1 : 0;
    if (a->has_host) {
        m->evidence.platform.ak_chain[0] = bulla_buffer_bytes(&a->host_certificate);
        m->evidence.platform.ak_chain_count = 1;
    }
    paper_machine_encode(m);
    const struct bl_evidence_message message = { bulla_buffer_bytes(&m->encoded),
                                                 bulla_buffer_bytes(&claims) };
    bulla_buffer_clear(body);
    assert_ok(bl_evidence_message_encode(&message, body, &err), &err);
    bulla_buffer_clear(&a->evidence);
    assert_ok(bulla_buffer_append(&a->evidence, bulla_buffer_bytes(body), &err), &err);
}

/** Hellos both ways; the session then waits for evidence. */
static inline void
attester_hellos(struct attester *a, struct gate *gate)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bl_server_hello hello = { 0 };
    struct bulla_error err = { 0 };

    attester_hello(a, &body);
    gate_say(gate, bulla_buffer_bytes(&body));
    assert_true(gate_hear(gate, &body));
    assert_ok(bl_server_hello_decode(bulla_buffer_bytes(&body), &hello, &err), &err);
    assert_int_equal(hello.epoch, a->epoch);
    assert_bytes_equal(hello.evidence_type, BL_LITERAL("tpm"));
    assert_ok(bl_exchange_add(&a->exchange, bulla_buffer_bytes(&body), &err), &err);
    assert_ok(bl_exchange_hellos_done(&a->exchange, &err), &err);
}

/** Send the evidence frame and the confirmation that follows from it. */
static inline void
attester_prove(struct attester *a, struct gate *gate, struct bulla_bytes evidence_frame)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };

    assert_ok(bl_exchange_add(&a->exchange, evidence_frame, &err), &err);
    assert_ok(bl_exchange_evidence_done(&a->exchange, &err), &err);
    assert_ok(bl_exchange_confirm(&a->exchange, a->confirm_role, &body, &err), &err);
    gate_say(gate, evidence_frame);
    gate_say(gate, bulla_buffer_bytes(&body));
    assert_ok(bl_exchange_add(&a->exchange, bulla_buffer_bytes(&body), &err), &err);
}

/** The whole exchange up to the server's confirmation, which must be right. */
static inline void
attester_attest(struct attester *a, struct gate *gate)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };

    attester_hellos(a, gate);
    attester_evidence(a, &body);
    attester_prove(a, gate, bulla_buffer_bytes(&body));
    assert_true(gate_hear(gate, &body));
    assert_ok(
        bl_exchange_check_confirm(&a->exchange, BL_ROLE_SERVER, bulla_buffer_bytes(&body), &err),
        &err);
    assert_ok(bl_exchange_add(&a->exchange, bulla_buffer_bytes(&body), &err), &err);
    a->epoch++;
}

static inline void
attester_ask(struct gate *gate, const char *name, uint64_t version_min)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };
    const struct bl_get_request request = { text_bytes(name), version_min };

    assert_ok(bl_get_request_encode(&request, &content, &err), &err);
    assert_ok(bl_carrier_encode(BL_MESSAGE_REQUEST, bulla_buffer_bytes(&content), &body, &err),
              &err);
    gate_say(gate, bulla_buffer_bytes(&body));
}

/** The reply, signed by the pinned root, opens under the wrap key and is this secret. */
static inline void
assert_released(struct attester *a, struct gate *gate, const char *name, struct bulla_bytes value)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };
    BL_AUTO(bulla_buffer) binding = { 0 };
    BL_AUTO(bl_secret) found = { 0 };
    struct bulla_bytes content = { NULL, 0 };
    struct bl_cose_sign1 message = { 0 };
    struct bl_get_reply reply = { 0 };
    const struct bl_cose_context purpose = { .content_type = bl_release_info() };

    assert_true(gate_hear(gate, &body));
    assert_ok(bl_carrier_decode(BL_MESSAGE_REPLY, bulla_buffer_bytes(&body), &content, &err), &err);
    assert_ok(bl_cose_sign1_verify(gate->vault->keys.root, &purpose, content, &message, &err),
              &err);
    assert_ok(bl_get_reply_decode(message.payload, &reply, &err), &err);
    assert_bytes_equal(reply.name, text_bytes(name));
    assert_memory_equal(reply.report_data, a->report_data, sizeof a->report_data);
    assert_memory_equal(reply.broker_id, gate->vault->keys.broker_id, sizeof reply.broker_id);
    assert_ok(bl_get_reply_binding(&reply, &binding, &err), &err);
    assert_ok(bl_hpke_open(a->wrap_key, reply.enc, bl_release_info(), bulla_buffer_bytes(&binding),
                           reply.ciphertext, &found, &err),
              &err);
    assert_bytes_equal(bl_secret_bytes(&found), value);
}

static inline void
assert_no_canary(const struct gate *gate)
{
    assert_false(holds_bytes(&gate->heard, text_bytes(attester_secret)));
}

#endif
