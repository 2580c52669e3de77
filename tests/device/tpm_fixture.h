/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/tpm_fixture.h: an embedded TPM whose state is kept in memory, and a tap on the way to
 * any TPM that records, alters or answers by itself.
 */
#ifndef TESTS_DEVICE_TPM_FIXTURE_H
#define TESTS_DEVICE_TPM_FIXTURE_H

#include "unit.h"

#include "base/fault.h"
#include "device/tpm_internal.h"
#include "device/vtpm.h"

/** Where the embedded TPM keeps its state. */
struct memory_store {
    struct bl_secret state;
    unsigned save_count;
    unsigned fail_save_at; /* the n-th save from 1; 0: never */
    enum bulla_status load_status;
};

static enum bulla_status
memory_load(void *context, struct bl_secret *state_out, struct bulla_error *err)
{
    const struct memory_store *store = context;

    if (store->load_status != BULLA_OK)
        return bulla_fail(err, store->load_status, "test", "told to fail", 0);
    if (store->state.data == NULL)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "test", "no state yet", 0);
    return bl_secret_copy(state_out, bl_secret_bytes(&store->state), err);
}

static enum bulla_status
memory_save(void *context, struct bulla_bytes state, struct bulla_error *err)
{
    struct memory_store *store = context;
    struct bl_secret copy = { 0 };

    store->save_count++;
    if (store->save_count == store->fail_save_at)
        return bulla_fail(err, BULLA_E_IO, "test", "told to fail", 0);
    BL_TRY(bl_secret_copy(&copy, state, err));
    bl_secret_done(&store->state);
    store->state = copy;
    return BULLA_OK;
}

static inline struct bl_vtpm_store
store_of(struct memory_store *store)
{
    return (struct bl_vtpm_store){ .context = store, .load = memory_load, .save = memory_save };
}

/** What a tap does with a response; `number` counts commands from 1. */
typedef void tap_alter(void *context, unsigned number, uint32_t command_code,
                       struct bulla_buffer *response);

/** A transport around another one. */
struct tap {
    struct bl_tpm_transport inner;
    struct bulla_buffer record; /* everything in both directions */
    unsigned command_count;
    tap_alter *alter; /* or NULL */
    void *context;
};

static inline uint32_t
command_code(struct bulla_bytes command)
{
    return (uint32_t)command.data[6] << 24 | (uint32_t)command.data[7] << 16 |
           (uint32_t)command.data[8] << 8 | command.data[9];
}

static enum bulla_status
tap_exchange(void *context, struct bulla_bytes command, struct bulla_buffer *response_out,
             struct bulla_error *err)
{
    struct tap *tap = context;

    tap->command_count++;
    BL_TRY(bulla_buffer_append(&tap->record, command, err));
    BL_TRY(tap->inner.exchange(tap->inner.context, command, response_out, err));
    if (tap->alter != NULL)
        tap->alter(tap->context, tap->command_count, command_code(command), response_out);
    return bulla_buffer_append(&tap->record, bulla_buffer_bytes(response_out), err);
}

static void
tap_close(void *context)
{
    struct tap *tap = context;

    tap->inner.close(tap->inner.context);
    bulla_buffer_done(&tap->record);
}

static inline struct bl_tpm_transport
tap_transport(struct tap *tap)
{
    return (struct bl_tpm_transport){ .context = tap,
                                      .exchange = tap_exchange,
                                      .close = tap_close,
                                      .is_embedded = tap->inner.is_embedded };
}

static inline bool
tap_has_seen(const struct tap *tap, struct bulla_bytes bytes)
{
    return memmem(tap->record.data, tap->record.size, bytes.data, bytes.size) != NULL;
}

/** One embedded TPM and a tapped connection to it. */
struct fixture {
    struct memory_store store;
    struct bl_vtpm *vtpm;
    struct tap tap;
    struct bl_tpm *tpm;
};

static inline void
fixture_open(struct fixture *f)
{
    struct bulla_error err = { 0 };
    struct bl_vtpm_store store = store_of(&f->store);

    assert_ok(bl_vtpm_start(&store, &f->vtpm, &err), &err);
    f->tap = (struct tap){ .inner = bl_tpm_transport_vtpm(f->vtpm) };
    assert_ok(bl_tpm_open_transport(tap_transport(&f->tap), &f->tpm, &err), &err);
}

/** Power off; the state stays. */
static inline void
fixture_close(struct fixture *f)
{
    bl_tpm_free(f->tpm);
    bl_vtpm_free(f->vtpm);
    f->tpm = NULL;
    f->vtpm = NULL;
}

static inline int
fixture_setup(void **state)
{
    static struct fixture fixture;

    bl_tpm_quiet_libraries();
    fixture = (struct fixture){ 0 };
    fixture_open(&fixture);
    *state = &fixture;
    return 0;
}

static inline int
fixture_teardown(void **state)
{
    struct fixture *f = *state;

    (void)bl_fault_disarm();
    fixture_close(f);
    bl_secret_done(&f->store.state);
    return 0;
}

#define with_tpm(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

static inline uint32_t
count_handles(struct bl_tpm *tpm, TPM2_HANDLE first)
{
    TPMS_CAPABILITY_DATA *data = NULL;

    assert_int_equal(Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        TPM2_CAP_HANDLES, first, 64, NULL, &data),
                     TSS2_RC_SUCCESS);
    uint32_t count = data->data.handles.count;
    Esys_Free(data);
    return count;
}

/** Nothing is left in the TPM: no object and no session, loaded or saved. */
static inline void
assert_nothing_loaded(struct bl_tpm *tpm)
{
    assert_int_equal(count_handles(tpm, TPM2_TRANSIENT_FIRST), 0);
    assert_int_equal(count_handles(tpm, TPM2_LOADED_SESSION_FIRST), 0);
    assert_int_equal(count_handles(tpm, TPM2_ACTIVE_SESSION_FIRST), 0);
}

/** A policy over PCRs at their present values, which `values` keeps. */
static inline struct bl_tpm_policy
policy_now(struct bl_tpm *tpm, uint32_t mask, struct bulla_buffer *values)
{
    struct bulla_error err = { 0 };
    struct bl_tpm_policy policy = { .pcrs = { .bank = BL_SHA256, .mask = mask } };

    bulla_buffer_clear(values);
    if (mask != 0)
        assert_ok(bl_tpm_pcr_read(tpm, policy.pcrs, values, &err), &err);
    policy.pcr_values = bulla_buffer_bytes(values);
    return policy;
}

#define PERSISTENT_SRK 0x81000001u /* where Linux expects the storage root key */

/** Make `key` persistent as the storage root key; the transient one goes. */
static inline void
persist(struct fixture *f, struct bl_tpm_handle *key)
{
    ESYS_TR persistent = ESYS_TR_NONE;

    assert_int_equal(Esys_EvictControl(f->tpm->esys, ESYS_TR_RH_OWNER, key->tr, ESYS_TR_PASSWORD,
                                       ESYS_TR_NONE, ESYS_TR_NONE, PERSISTENT_SRK, &persistent),
                     TSS2_RC_SUCCESS);
    bl_tpm_handle_done(key);
    (void)Esys_TR_Close(f->tpm->esys, &persistent);
}

static inline void
persist_srk(struct fixture *f)
{
    struct bulla_error err = { 0 };
    struct bl_tpm_handle srk = { 0 };

    assert_ok(bl_tpm_srk(f->tpm, NULL, &srk, &err), &err);
    persist(f, &srk);
}

/** The storage root key of TCG's provisioning guidance; its `unique` has that many zero bytes a
 *  coordinate: 32, or 0, which makes another key. */
static inline TPM2B_PUBLIC
srk_template(uint16_t unique_size)
{
    return (TPM2B_PUBLIC){ .publicArea = {
                               .type = TPM2_ALG_ECC,
                               .nameAlg = TPM2_ALG_SHA256,
                               .objectAttributes = 0x00030472,
                               .parameters.eccDetail = { .symmetric = { .algorithm = TPM2_ALG_AES,
                                                                        .keyBits.aes = 128,
                                                                        .mode.aes = TPM2_ALG_CFB },
                                                         .scheme.scheme = TPM2_ALG_NULL,
                                                         .curveID = TPM2_ECC_NIST_P256,
                                                         .kdf.scheme = TPM2_ALG_NULL },
                               .unique.ecc = { .x.size = unique_size, .y.size = unique_size } } };
}

/** A primary key for bl_tpm_handle_done(), and its public area in *area_out. */
static inline struct bl_tpm_handle
make_primary(struct fixture *f, ESYS_TR hierarchy, const TPM2B_PUBLIC *template,
             TPM2B_PUBLIC *area_out)
{
    static const TPM2B_SENSITIVE_CREATE no_secret;
    static const TPM2B_DATA no_data;
    static const TPML_PCR_SELECTION no_pcr;
    struct bl_tpm_handle key = { .tpm = f->tpm };
    TPM2B_PUBLIC *area = NULL;

    assert_int_equal(Esys_CreatePrimary(f->tpm->esys, hierarchy, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                        ESYS_TR_NONE, &no_secret, template, &no_data, &no_pcr,
                                        &key.tr, &area, NULL, NULL, NULL),
                     TSS2_RC_SUCCESS);
    *area_out = *area;
    Esys_Free(area);
    return key;
}

/** A sealed object loaded below the storage root key `srk`, for bl_tpm_handle_done(). */
static inline struct bl_tpm_handle
load_sealed(struct fixture *f, const struct bl_tpm_sealed *sealed, const struct bl_tpm_handle *srk)
{
    struct bulla_error err = { 0 };
    struct bl_tpm_handle object = { .tpm = f->tpm };
    TPM2B_PUBLIC public_area = { 0 };
    TPM2B_PRIVATE private_area = { 0 };

    assert_ok(bl_tpm_public_decode(bulla_buffer_bytes(&sealed->public_area), &public_area, &err),
              &err);
    assert_ok(bl_tpm_private_decode(bulla_buffer_bytes(&sealed->private_area), &private_area, &err),
              &err);
    assert_int_equal(Esys_Load(f->tpm->esys, srk->tr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                               &private_area, &public_area, &object.tr),
                     TSS2_RC_SUCCESS);
    return object;
}

/** Say, until the next start, which version runs, in an index that is then locked. */
static inline void
write_version(struct bl_tpm *tpm, uint32_t index, uint64_t version)
{
    struct bulla_error err = { 0 };
    uint8_t content[8];

    for (unsigned i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(version >> (56 - 8 * i));
    assert_ok(
        bl_tpm_nv_write_once(tpm, index, BL_BYTES_OF(content), BL_TPM_NV_LOCKED_UNTIL_START, &err),
        &err);
}

/** At least that version, by the index whose Name is in `name`. */
static inline struct bl_tpm_policy
version_policy(struct bl_tpm *tpm, uint32_t index, uint64_t minimum, struct bl_tpm_name *name)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_tpm_nv_name(tpm, index, name, &err), &err);
    return (struct bl_tpm_policy){ .nv_index = index,
                                   .nv_name = { name->bytes, name->size },
                                   .nv_minimum = minimum };
}

#endif
