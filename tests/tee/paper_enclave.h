/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_enclave.h: a whole machine on paper: a platform TPM, a monitor's vTPM and the
 * evidence of both, to be spoilt in one place at a time.
 */
#ifndef TESTS_TEE_PAPER_ENCLAVE_H
#define TESTS_TEE_PAPER_ENCLAVE_H

#include <stdlib.h>

#include "tee/paper_tpm.h"
#include "tee/tpm/verify.h"

struct paper_layer {
    struct bl_key *key;
    uint32_t attributes;
    struct bl_pcr_bank bank;
    struct bl_pcr_selection selection;
    uint8_t extra_data[32];
    uint32_t reset_count;      /* 0: paper_quote()'s */
    struct bulla_buffer area;  /* TPMT_PUBLIC */
    struct bulla_buffer sized; /* TPM2B_PUBLIC */
    struct bulla_buffer attest;
    struct bulla_buffer signature;
    struct bulla_buffer values;
    struct bulla_buffer log;
    struct bulla_buffer spki;
};

struct paper_machine {
    struct paper_layer platform;
    struct paper_layer enclave;
    struct bl_enclave_identity identity;
    uint8_t binder[32];
    uint8_t platform_id[32];
    struct bl_tpm_evidence evidence;
    struct bulla_buffer encoded;
    struct bl_anchor anchors[2]; /* the platform's AK, enrolled as hardware; the enclave's too */
    struct bl_verification verification;
};

static inline void
paper_layer_start(struct paper_layer *layer, struct bl_pcr_selection selection)
{
    struct bulla_error err = { 0 };

    layer->key = paper_key(BL_KEY_P256);
    layer->attributes = PAPER_AK_ATTRIBUTES;
    layer->selection = selection;
    assert_ok(bl_pcr_bank_start(BL_SHA256, 0, &layer->bank, &err), &err);
    paper_spki(layer->key, &layer->spki);
}

static inline void
paper_layer_done(struct paper_layer *layer)
{
    bl_key_free(layer->key);
    bulla_buffer_done(&layer->area);
    bulla_buffer_done(&layer->sized);
    bulla_buffer_done(&layer->attest);
    bulla_buffer_done(&layer->signature);
    bulla_buffer_done(&layer->values);
    bulla_buffer_done(&layer->log);
    bulla_buffer_done(&layer->spki);
}

/* Quote again, whatever was changed. */
static inline void
paper_layer_quote(struct paper_layer *layer, struct bl_tpm_layer *out)
{
    uint8_t digest[32];
    struct paper_quote q =
        paper_quote(BL_BYTES_OF(layer->extra_data), &layer->bank, layer->selection, digest);

    if (layer->reset_count != 0)
        q.reset_count = layer->reset_count;
    bulla_buffer_clear(&layer->area);
    bulla_buffer_clear(&layer->sized);
    bulla_buffer_clear(&layer->attest);
    bulla_buffer_clear(&layer->signature);
    bulla_buffer_clear(&layer->values);
    paper_public(layer->key, layer->attributes, false, &layer->area);
    paper_tpm2b(&layer->area, &layer->sized);
    paper_attest(&q, &layer->attest);
    paper_sign(layer->key, &q, &layer->attest, &layer->signature);
    paper_values(&layer->bank, layer->selection.mask, &layer->values);
    out->is_present = true;
    out->attest = bulla_buffer_bytes(&layer->attest);
    out->signature = bulla_buffer_bytes(&layer->signature);
    out->ak_public = bulla_buffer_bytes(&layer->sized);
    out->selection = layer->selection;
    out->pcr_values = bulla_buffer_bytes(&layer->values);
    out->event_log = bulla_buffer_bytes(&layer->log);
}

static inline void
paper_layer_name(const struct paper_layer *layer, struct bl_tpm_name *name)
{
    struct bl_tpm_public p;
    struct bulla_error err = { 0 };

    assert_ok(bl_tpmt_public_decode(bulla_buffer_bytes(&layer->area), &p, &err), &err);
    assert_ok(bl_tpm_public_name(&p, name, &err), &err);
}

/* Encode what is in m->evidence. */
static inline void
paper_machine_encode(struct paper_machine *m)
{
    struct bulla_error err = { 0 };

    bulla_buffer_clear(&m->encoded);
    assert_ok(bl_tpm_evidence_encode(&m->evidence, &m->encoded, &err), &err);
    m->verification.evidence = bulla_buffer_bytes(&m->encoded);
}

/* Honest evidence of the layers that are asked for. */
static inline void
paper_machine_attest(struct paper_machine *m, bool with_platform, bool with_enclave)
{
    struct bulla_error err = { 0 };
    struct bl_tpm_name name;

    m->evidence = (struct bl_tpm_evidence){ 0 };
    memcpy(m->enclave.extra_data, m->binder, 32);
    memcpy(m->platform.extra_data, m->binder, 32);
    if (with_enclave)
        paper_layer_quote(&m->enclave, &m->evidence.enclave);
    if (with_enclave && with_platform) {
        paper_layer_name(&m->enclave, &name);
        assert_ok(bl_tpm_platform_binder(&name, m->binder, m->platform.extra_data, &err), &err);
    }
    if (with_platform)
        paper_layer_quote(&m->platform, &m->evidence.platform);
    paper_machine_encode(m);
}

/* The monitor extends the identity and writes its log. */
static inline void
paper_machine_extend(struct paper_machine *m)
{
    static const struct bl_isolation_facts facts = {
        .isolation = BL_ISOLATION_OS, .memory_max = 1 << 20, .facts = { "seccomp" }, .fact_count = 1
    };
    BL_AUTO(bulla_buffer) isolation = { 0 };
    uint8_t digests[BL_ENCLAVE_PCR_COUNT][32];
    struct bulla_error err = { 0 };

    m->identity = (struct bl_enclave_identity){ .product = "orders",
                                                .version = 7,
                                                .isolation = BL_ISOLATION_OS };
    memset(m->identity.code, 0xc0, 32);
    memset(m->identity.signer, 0x51, 32);
    memset(m->identity.config, 0xcf, 32);
    assert_ok(bl_isolation_digest(&facts, &isolation, m->identity.isolation_digest, &err), &err);
    assert_ok(bl_enclave_digests(&m->identity, digests, &err), &err);
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++)
        assert_ok(bl_pcr_extend(&m->enclave.bank, BL_ENCLAVE_PCR_FIRST + i, BL_BYTES_OF(digests[i]),
                                &err),
                  &err);
    assert_ok(
        bl_enclave_log_write(&m->identity, bulla_buffer_bytes(&isolation), &m->enclave.log, &err),
        &err);
}

static inline int
paper_machine_setup(void **state)
{
    struct paper_machine *m = calloc(1, sizeof *m);

    paper_layer_start(&m->platform, (struct bl_pcr_selection){ BL_SHA256, 0x8ff });
    paper_layer_start(&m->enclave, (struct bl_pcr_selection){ BL_SHA256, BL_ENCLAVE_PCR_MASK });
    paper_machine_extend(m);
    memset(m->binder, 0xb1, 32);
    memset(m->platform_id, 0x1d, 32);
    m->anchors[0] = (struct bl_anchor){ .name = "platform",
                                        .kind = BL_ANCHOR_AK,
                                        .der = bulla_buffer_bytes(&m->platform.spki),
                                        .platform_class = BL_CLASS_HARDWARE,
                                        .platform_id = BL_BYTES_OF(m->platform_id) };
    m->anchors[1] = (struct bl_anchor){ .name = "enclave",
                                        .kind = BL_ANCHOR_AK,
                                        .der = bulla_buffer_bytes(&m->enclave.spki),
                                        .platform_class = BL_CLASS_HARDWARE };
    m->verification = (struct bl_verification){ .anchors = m->anchors,
                                                .anchor_count = 1,
                                                .now_s = PAPER_NOW,
                                                .binder = BL_BYTES_OF(m->binder),
                                                .binding = BL_BINDING_CHANNEL };
    paper_machine_attest(m, true, true);
    *state = m;
    return 0;
}

static inline int
paper_machine_teardown(void **state)
{
    struct paper_machine *m = *state;

    paper_layer_done(&m->platform);
    paper_layer_done(&m->enclave);
    bulla_buffer_done(&m->encoded);
    free(m);
    return 0;
}

#endif
