/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_pieces.h: a quote on paper with all its pieces, an authority that certified its key,
 * and one verification of them from which a test leaves out or exchanges what it likes.
 */
#ifndef TESTS_TEE_PAPER_PIECES_H
#define TESTS_TEE_PAPER_PIECES_H

#include "tee/paper_tpm.h"

#include <stdlib.h>

#include "codec/hex.h"
#include "crypto/authority_fixture.h"
#include "measure/event_log.h"
#include "tee/tpm/scheme.h"

#define PIECE_COUNT 16

struct paper_pieces {
    struct bl_key *key; /* of the AK */
    struct party root, middle, leaf;
    uint8_t root_key[32]; /* digest, as roots are pinned */
    struct bulla_buffer area, spki;
    struct bl_pcr_bank bank;
    uint8_t digest[32], extra[32];
    struct paper_quote paper;
    struct bulla_buffer attest, signature, log, pcrs;
    struct bl_part parts[PIECE_COUNT], inputs[PIECE_COUNT];
    struct bl_anchor anchors[PIECE_COUNT];
    struct bl_verification v;
};

static inline void
paper_part(struct paper_pieces *p, const char *role, struct bulla_bytes bytes)
{
    assert_true(p->v.part_count < PIECE_COUNT);
    p->parts[p->v.part_count++] = (struct bl_part){ role, bytes };
}

static inline void
paper_anchor(struct paper_pieces *p, const char *role, struct bulla_bytes der)
{
    assert_true(p->v.anchor_count < PIECE_COUNT);
    p->anchors[p->v.anchor_count++] = (struct bl_anchor){ .name = "given",
                                                          .kind = BL_ANCHOR_GIVEN,
                                                          .der = der,
                                                          .platform_class = BL_CLASS_HARDWARE,
                                                          .role = role };
}

static inline void
paper_pin(struct paper_pieces *p, const char *vendor)
{
    assert_true(p->v.anchor_count < PIECE_COUNT);
    p->anchors[p->v.anchor_count++] = (struct bl_anchor){ .name = "pinned",
                                                          .kind = BL_ANCHOR_ROOT_KEY,
                                                          .der = BL_BYTES_OF(p->root_key),
                                                          .platform_class = BL_CLASS_HYPERVISOR,
                                                          .role = vendor };
}

static inline void
paper_input(struct paper_pieces *p, const char *name, struct bulla_bytes value)
{
    assert_true(p->v.input_count < PIECE_COUNT);
    p->inputs[p->v.input_count++] = (struct bl_part){ name, value };
}

/* {"hash":"sha256","pcrs":{...}}, of what is in `mask`. */
static inline void
paper_pcrs(struct paper_pieces *p, uint32_t mask)
{
    struct bl_json_writer j;
    struct bulla_error err = { 0 };

    bulla_buffer_clear(&p->pcrs);
    j = bl_json_writer(&p->pcrs);
    bl_json_open_object(&j, NULL);
    bl_json_write_word(&j, "hash", "sha256");
    bl_json_open_object(&j, "pcrs");
    for (unsigned i = 0; i < BL_PCR_COUNT; i++) {
        char name[16];
        snprintf(name, sizeof name, "%u", i);
        if ((mask >> i & 1u) != 0)
            bl_json_write_hex(&j, name, bl_pcr_value(&p->bank, i));
    }
    bl_json_close(&j);
    bl_json_close(&j);
    assert_ok(bl_json_finish(&j, &err), &err);
}

/* Write and sign what p->paper says. */
static inline void
paper_seal(struct paper_pieces *p)
{
    bulla_buffer_clear(&p->attest);
    bulla_buffer_clear(&p->signature);
    paper_attest(&p->paper, &p->attest);
    paper_sign(p->key, &p->paper, &p->attest, &p->signature);
}

/* The quote, its signature, values and log: no key yet. */
static inline void
paper_begin(struct paper_pieces *p)
{
    p->v = (struct bl_verification){ .evidence = bulla_buffer_bytes(&p->attest),
                                     .parts = p->parts,
                                     .inputs = p->inputs,
                                     .anchors = p->anchors,
                                     .now_s = NOW_S,
                                     .binder = BL_BYTES_OF(p->extra),
                                     .binding = BL_BINDING_NONE };
    paper_part(p, "signature", bulla_buffer_bytes(&p->signature));
    paper_part(p, "pcrs", bulla_buffer_bytes(&p->pcrs));
    paper_part(p, "event_log", bulla_buffer_bytes(&p->log));
}

/* The certificate of the AK as evidence, with what leads to the pinned root. */
static inline void
paper_begin_certificate(struct paper_pieces *p)
{
    p->v = (struct bl_verification){ .evidence = bl_certificate_der(p->leaf.certificate),
                                     .parts = p->parts,
                                     .inputs = p->inputs,
                                     .anchors = p->anchors,
                                     .now_s = NOW_S };
    paper_part(p, "intermediate", bl_certificate_der(p->middle.certificate));
    paper_part(p, "root", bl_certificate_der(p->root.certificate));
    paper_pin(p, "gce");
}

static inline EVP_PKEY *
paper_native_key(const struct bulla_buffer *spki)
{
    const unsigned char *at = spki->data;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki->size);

    assert_non_null(key);
    return key;
}

/* A certificate for the AK. */
static inline struct party
paper_certify(const struct paper_pieces *p, const char *key_usage)
{
    struct saying says = {
        .name = "ak", .serial = "77", .constraints = "CA:FALSE", .key_usage = key_usage
    };

    return certify(paper_native_key(&p->spki), WITH_P256, says, &p->middle);
}

static inline int
paper_pieces_setup(void **state)
{
    struct paper_pieces *p = calloc(1, sizeof *p);
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(&p->log);

    p->key = paper_key(BL_KEY_P256);
    paper_public(p->key, PAPER_AK_ATTRIBUTES, false, &p->area);
    paper_spki(p->key, &p->spki);
    p->root = certify(make_key(WITH_P384), WITH_P384, (struct saying){ .name = "root" }, NULL);
    p->middle = certify(make_key(WITH_P256), WITH_P256,
                        (struct saying){ .name = "middle", .serial = "55" }, &p->root);
    p->leaf = paper_certify(p, "critical,digitalSignature");
    assert_ok(bl_certificate_spki_digest(p->root.certificate, p->root_key, &err), &err);
    assert_ok(bl_pcr_bank_start(BL_SHA256, 0, &p->bank, &err), &err);
    p->bank.mask = BL_PCR_MASK_BOOT;
    bl_event_log_write_header(&w);
    memset(p->digest, 0x44, 32);
    bl_event_log_write(&w, 4, 1, p->digest, BL_LITERAL("code"));
    assert_ok(bl_pcr_extend(&p->bank, 4, BL_BYTES_OF(p->digest), &err), &err);
    memset(p->extra, 0xe7, 32);
    p->paper = paper_quote(BL_BYTES_OF(p->extra), &p->bank,
                           (struct bl_pcr_selection){ BL_SHA256, BL_PCR_MASK_BOOT }, p->digest);
    paper_seal(p);
    paper_pcrs(p, BL_PCR_MASK_BOOT);
    paper_begin(p);
    *state = p;
    return 0;
}

static inline int
paper_pieces_teardown(void **state)
{
    struct paper_pieces *p = *state;

    bl_key_free(p->key);
    party_done(&p->root);
    party_done(&p->middle);
    party_done(&p->leaf);
    bulla_buffer_done(&p->area);
    bulla_buffer_done(&p->spki);
    bulla_buffer_done(&p->attest);
    bulla_buffer_done(&p->signature);
    bulla_buffer_done(&p->log);
    bulla_buffer_done(&p->pcrs);
    free(p);
    return 0;
}

#define with_pieces(test) \
    cmocka_unit_test_setup_teardown(test, paper_pieces_setup, paper_pieces_teardown)

#endif
