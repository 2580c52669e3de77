/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave/monitor_tpm.h"

#include <string.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "codec/writer.h"
#include "tee/tpm/ak.h"

#define VERSION_SIZE 8 /* bytes, big-endian */

/* The index still has what the last start wrote. */
static enum bulla_status
check_floor(struct bl_tpm *tpm, uint64_t version, struct bulla_error *err)
{
    struct bulla_error missing = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };

    enum bulla_status status =
        bl_tpm_nv_read(tpm, BL_ENCLAVE_NV_VERSION, VERSION_SIZE, &content, &missing);
    if (status == BULLA_E_NOT_FOUND)
        return BULLA_OK; /* a first start */
    if (status != BULLA_OK) {
        if (err != NULL && err->status == BULLA_OK)
            *err = missing;
        return status;
    }
    struct bl_reader r = bl_reader(bulla_buffer_bytes(&content), "version floor");
    uint64_t floor = bl_read_u64be(&r);
    BL_TRY(bl_reader_finish(&r, err));
    if (version >= floor)
        return BULLA_OK;
    status = bulla_fail_cause(err, BULLA_CAUSE_VERSION_BELOW_FLOOR, "enclave",
                              "a newer version of it was started here before");
    bulla_error_values(err, bulla_value_number(version), bulla_value_number(floor));
    return status;
}

static enum bulla_status
certify(const struct bl_monitor_plan *plan, struct bl_tpm *tpm, struct bulla_error *err)
{
    struct bulla_error missing = { 0 };
    BL_AUTO(bulla_buffer) certificate = { 0 };

    if (plan->certify == NULL)
        return BULLA_OK;
    enum bulla_status status = bl_tpm_ek_certificate(tpm, &certificate, &missing);
    if (status == BULLA_E_NOT_FOUND)
        return plan->certify(plan->context, tpm, err);
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = missing;
    return status;
}

enum bulla_status
bl_monitor_vouch_data(struct bl_vtpm *vtpm, const struct bl_agent_report *report,
                      uint8_t extra_data_out[BL_TPM_BINDER_SIZE], struct bulla_error *err)
{
    BL_AUTO_FREE(bl_tpm) tpm = NULL;
    BL_AUTO(bl_tpm_key) key = { 0 };
    struct bl_tpm_public public_area;
    struct bl_tpm_name read_name = { 0 }, name = { 0 };

    BL_TRY(bl_tpm2b_public_decode(report->ak_public, &public_area, err));
    BL_TRY(bl_tpm_ak_attributes(&public_area, err));
    BL_TRY(bl_tpm_public_name(&public_area, &read_name, err));
    BL_TRY(bulla_buffer_append(&key.public_area, report->ak_public, err));
    BL_TRY(bulla_buffer_append(&key.private_area, report->ak_private, err));
    BL_TRY(bl_tpm_open(&(struct bl_tpm_target){ .embedded = vtpm }, &tpm, err));
    BL_TRY(bl_tpm_ak_name(tpm, &key, &name, err));
    if (!bl_equal((struct bulla_bytes){ name.bytes, name.size },
                  (struct bulla_bytes){ read_name.bytes, read_name.size }))
        return bulla_fail(err, BULLA_E_MALFORMED, "attestation key", "the TPM reads it otherwise",
                          0);
    return bl_tpm_platform_binder(&name, report->binder, extra_data_out, err);
}

static struct bl_enclave_identity
identity_of(const struct bl_monitor_plan *plan, const uint8_t isolation_digest[32])
{
    const struct bl_manifest *manifest = plan->manifest;
    struct bl_enclave_identity identity = { .version = manifest->version,
                                            .isolation = BL_ISOLATION_OS };

    memcpy(identity.code, plan->code, sizeof identity.code);
    memcpy(identity.signer, manifest->signer_digest, sizeof identity.signer);
    memcpy(identity.product, manifest->product, strlen(manifest->product) + 1);
    memcpy(identity.config, manifest->digest, sizeof identity.config);
    memcpy(identity.isolation_digest, isolation_digest, sizeof identity.isolation_digest);
    return identity;
}

static enum bulla_status
extend(struct bl_tpm *tpm, const struct bl_enclave_identity *identity, struct bulla_error *err)
{
    uint8_t digests[BL_ENCLAVE_PCR_COUNT][32];

    BL_TRY(bl_enclave_digests(identity, digests, err));
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++)
        BL_TRY(bl_tpm_pcr_extend(tpm, BL_ENCLAVE_PCR_FIRST + i, digests[i], err));
    return BULLA_OK;
}

static enum bulla_status
write_version(struct bl_tpm *tpm, uint64_t version, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    struct bl_writer w = bl_writer(&content);

    bl_write_u64be(&w, version);
    BL_TRY(bl_writer_finish(&w, err));
    return bl_tpm_nv_write_once(tpm, BL_ENCLAVE_NV_VERSION, bulla_buffer_bytes(&content),
                                BL_TPM_NV_LOCKED_UNTIL_START, err);
}

static enum bulla_status
assert_identity(const struct bl_monitor_plan *plan, const struct bl_isolation_facts *facts,
                struct bl_tpm *tpm, struct bulla_buffer *log_out, struct bulla_error *err)
{
    uint8_t isolation_digest[32];
    BL_AUTO(bulla_buffer) isolation_data = { 0 };

    if (strlen(plan->manifest->product) > BL_PRODUCT_SIZE_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "enclave", "a product's name too long", 0);
    BL_TRY(bl_isolation_digest(facts, &isolation_data, isolation_digest, err));
    const struct bl_enclave_identity identity = identity_of(plan, isolation_digest);
    BL_TRY(extend(tpm, &identity, err));
    BL_TRY(write_version(tpm, identity.version, err));
    BL_TRY(bl_tpm_counter_define(tpm, BL_ENCLAVE_NV_COUNTER, err));
    return bl_enclave_log_write(&identity, bulla_buffer_bytes(&isolation_data), log_out, err);
}

enum bulla_status
bl_monitor_prepare_tpm(const struct bl_monitor_plan *plan, const struct bl_isolation_facts *facts,
                       struct bl_vtpm *vtpm, struct bulla_buffer *log_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_tpm) tpm = NULL;

    BL_TRY(bl_tpm_open(&(struct bl_tpm_target){ .embedded = vtpm }, &tpm, err));
    BL_TRY(check_floor(tpm, plan->manifest->version, err));
    BL_TRY(certify(plan, tpm, err));
    return assert_identity(plan, facts, tpm, log_out, err);
}
