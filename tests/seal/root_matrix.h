/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/seal/root_matrix.h: seal to a TEE on an emulated machine, change the machine, and open: with the
 * TEE alone, by forecast, and with the recovery identity. Each case ends in "opened", or in the right cause
 * and data that was recovered.
 */
#ifndef TESTS_SEAL_ROOT_MATRIX_H
#define TESTS_SEAL_ROOT_MATRIX_H

#include "device/root_fixture.h"

#include "seal/inspect.h"
#include "seal_fixture.h"

#define MATRIX_BINDINGS_MAX 8
#define MATRIX_BLOB_SIZE_MAX 4096

struct matrix_blob {
    uint8_t bytes[MATRIX_BLOB_SIZE_MAX];
    size_t size;
    struct bulla_error sealed;   /* what came of sealing */
    struct bulla_error opened;   /* of opening by the TEE alone */
    struct bulla_error forecast; /* of what was expected of that */
    bool is_same, is_recovered;
};
struct matrix {
    enum bl_slot_type type;
    struct bl_key *recovery; /* made before the children, who have it, too */
    struct bl_root_binding bindings[MATRIX_BINDINGS_MAX];
    size_t count;
    struct matrix_blob blobs[MATRIX_BINDINGS_MAX];
    enum bl_fault fault; /* of sealing */
    uint64_t nth;
    bool fault_was_reached;
};

static inline struct matrix *
matrix_new(enum bl_slot_type type)
{
    struct matrix *m = shared_new(sizeof *m);

    m->type = type;
    m->recovery = new_key(BL_KEY_X25519);
    return m;
}

static inline void
matrix_free(struct matrix *m)
{
    bl_key_free(m->recovery);
    munmap(m, sizeof *m);
}

static inline void
matrix_seal_one(struct matrix *m, size_t i, struct bl_sealing_root *root)
{
    struct matrix_blob *blob = &m->blobs[i];
    const struct bl_slot_request slots[] = {
        { .type = m->type, .root_binding = m->bindings[i] },
        { .type = BL_SLOT_HPKE, .recipient = m->recovery, .is_recovery = true },
    };
    const struct bl_seal_request request = request_for(slots, 2);
    const struct bl_opener opener = { .root = root };
    BL_AUTO(bulla_buffer) bytes = { 0 };

    bulla_error_clear(&blob->sealed);
    blob->size = 0;
    if (bl_seal_bytes(&request, &opener, text_bytes("state"), &bytes, &blob->sealed) != BULLA_OK)
        return;
    assert_true(bytes.size <= sizeof blob->bytes);
    memcpy(blob->bytes, bytes.data, bytes.size);
    blob->size = bytes.size;
}

/* NULL where there is none; whoever opens says so. */
static inline struct bl_sealing_root *
matrix_root(void)
{
    struct bl_sealing_root *root = NULL;
    struct bulla_error err = { 0 };

    return bl_sealing_root_open(BL_ROOT_NONE, NULL, &root, &err) == BULLA_OK ? root : NULL;
}

static inline int
matrix_seal_in_child(void *context)
{
    struct matrix *m = context;

    if (m->nth != 0)
        bl_fault_arm(m->fault, m->nth, false);
    struct bl_sealing_root *root = matrix_root();
    for (size_t i = 0; i < m->count; i++)
        matrix_seal_one(m, i, root);
    m->fault_was_reached = bl_fault_disarm();
    bl_sealing_root_free(root);
    return 0;
}

static inline void
matrix_open_one(struct matrix *m, size_t i, struct bl_sealing_root *root)
{
    static const struct bl_unseal_requirements demands = { .now_s = NOW_S };
    struct matrix_blob *blob = &m->blobs[i];
    const struct bulla_bytes bytes = { blob->bytes, blob->size };
    const struct bl_key *const identities[] = { m->recovery };
    const struct bl_opener alone = { .root = root };
    const struct bl_opener both = { .root = root, .identities = identities, .identity_count = 1 };
    struct bl_slot_forecast forecasts[2];
    struct bulla_error err = { 0 };
    BL_AUTO(bl_blob_summary) summary = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };
    BL_AUTO(bl_secret) recovered = { 0 };

    bulla_error_clear(&blob->opened);
    bulla_error_clear(&blob->forecast);
    (void)!bl_unseal_bytes(&demands, &alone, bytes, &opened, &blob->opened);
    blob->is_same = bl_equal(bl_secret_bytes(&opened), text_bytes("state"));
    (void)!bl_unseal_bytes(&demands, &both, bytes, &recovered, &err);
    blob->is_recovered = bl_equal(bl_secret_bytes(&recovered), text_bytes("state"));
    int fd = file_of(bytes);
    bulla_error_clear(&err);
    assert_ok(bl_blob_inspect(fd, &summary, &err), &err);
    assert_ok(bl_blob_explain(&summary, &alone, NOW_S, forecasts, &err), &err);
    close(fd);
    blob->forecast = forecasts[summary.slots[0].type == m->type ? 0 : 1].reason;
}

static inline int
matrix_open_in_child(void *context)
{
    struct matrix *m = context;
    struct bl_sealing_root *root = matrix_root();

    for (size_t i = 0; i < m->count; i++)
        matrix_open_one(m, i, root);
    bl_sealing_root_free(root);
    return 0;
}

/* The wanted end of one case: no cause is "opened". A cause that only asking the hardware tells is not
 * foreseen. */
static inline void
matrix_expect(const struct matrix *m, size_t i, const char *change, enum bulla_cause cause,
              bool is_foreseen)
{
    const struct matrix_blob *blob = &m->blobs[i];

    if (blob->opened.cause != cause || blob->is_same != (cause == BULLA_CAUSE_NONE) ||
        !blob->is_recovered || blob->forecast.cause != (is_foreseen ? cause : BULLA_CAUSE_NONE))
        fail_msg("%s, binding %zu: BL-%04u (%s), foreseen BL-%04u, wanted BL-%04u, %s", change, i,
                 (unsigned)blob->opened.cause,
                 blob->opened.what != NULL ? blob->opened.what : "opened",
                 (unsigned)blob->forecast.cause, (unsigned)cause,
                 blob->is_recovered ? "recovered" : "LOST");
}

#endif
