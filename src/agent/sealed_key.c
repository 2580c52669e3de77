/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/sealed_key.h"

#include <string.h>
#include <sys/stat.h>

#include "codec/reader.h"
#include "crypto/random.h"
#include "seal/seal.h"
#include "sys/clock.h"
#include "sys/file.h"

#define BLOB_SIZE_MAX ((size_t)64 << 10)
#define VERSION_SIZE 8 /* bytes, big-endian: of the enclave that sealed it last */
#define PLAIN_SIZE (BL_VOLUME_KEY_SIZE + BL_SEALED_ID_SIZE + VERSION_SIZE)

void
bl_sealed_key_done(struct bl_sealed_key *key)
{
    bl_secret_done(&key->key);
    *key = (struct bl_sealed_key){ 0 };
}

enum bulla_status
bl_sealed_key_make(struct bl_sealed_key *out, struct bulla_error *err)
{
    BL_AUTO(bl_sealed_key) key = { 0 };

    BL_TRY(bl_random(key.id, sizeof key.id, err));
    BL_TRY(bl_random_secret(&key.key, BL_VOLUME_KEY_SIZE, err));
    *out = key;
    key = (struct bl_sealed_key){ 0 };
    return BULLA_OK;
}

/* The words of `bind` are these PCRs; the version is the NV index, as the PCR only shows it. */
static uint32_t
bound_pcrs(unsigned bind)
{
    return ((bind & BL_BIND_CODE) != 0 ? 1u << BL_ENCLAVE_PCR_CODE : 0) |
           ((bind & (BL_BIND_SIGNER | BL_BIND_PRODUCT)) != 0 ? 1u << BL_ENCLAVE_PCR_SIGNER : 0) |
           ((bind & BL_BIND_CONFIG) != 0 ? 1u << BL_ENCLAVE_PCR_CONFIG : 0);
}

static enum bulla_status
make_policy(const struct bl_agent_self *self, const struct bl_manifest_sealed *sealed,
            struct bulla_buffer *pcr_values, struct bl_tpm_name *nv_name,
            struct bl_tpm_policy *policy_out, struct bulla_error *err)
{
    struct bl_tpm_policy policy = {
        .pcrs = { .bank = BL_SHA256, .mask = bound_pcrs(sealed->bind) },
    };

    if (policy.pcrs.mask != 0) {
        BL_TRY(bl_tpm_pcr_read(self->tpm, policy.pcrs, pcr_values, err));
        policy.pcr_values = bulla_buffer_bytes(pcr_values);
    }
    if ((sealed->bind & BL_BIND_VERSION) != 0) {
        BL_TRY(bl_tpm_nv_name(self->tpm, BL_ENCLAVE_NV_VERSION, nv_name, err));
        policy.nv_index = BL_ENCLAVE_NV_VERSION;
        policy.nv_name = (struct bulla_bytes){ nv_name->bytes, nv_name->size };
        policy.nv_minimum = self->manifest->version;
    }
    *policy_out = policy;
    return BULLA_OK;
}

static enum bulla_status
encode(const struct bl_sealed_key *key, uint64_t version, struct bl_secret *out,
       struct bulla_error *err)
{
    BL_TRY(bl_secret_new(out, PLAIN_SIZE, err));
    memcpy(out->data, key->key.data, BL_VOLUME_KEY_SIZE);
    memcpy(out->data + BL_VOLUME_KEY_SIZE, key->id, BL_SEALED_ID_SIZE);
    for (unsigned i = 0; i < VERSION_SIZE; i++)
        out->data[BL_VOLUME_KEY_SIZE + BL_SEALED_ID_SIZE + i] =
            (uint8_t)(version >> (8 * (VERSION_SIZE - 1 - i)));
    return BULLA_OK;
}

enum bulla_status
bl_sealed_key_save(const struct bl_agent_self *self, const struct bl_manifest_sealed *sealed,
                   const char *path, const struct bl_sealed_key *key, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) pcr_values = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) plain = { 0 };
    struct bl_slot_request slot = { .type = BL_SLOT_TPM2 };
    struct bl_tpm_name nv_name = { 0 };
    const struct bl_opener opener = { .tpm = self->tpm };

    BL_TRY(make_policy(self, sealed, &pcr_values, &nv_name, &slot.tpm_policy, err));
    BL_TRY(encode(key, self->manifest->version, &plain, err));
    const struct bl_seal_request request = { .name = sealed->path,
                                             .created_s = bl_clock_now_s(),
                                             .slots = &slot,
                                             .slot_count = 1,
                                             .allow_no_recovery = true };
    BL_TRY(bl_seal_bytes(&request, &opener, bl_secret_bytes(&plain), &blob, err));
    return bl_file_replace(path, S_IRUSR | S_IWUSR, bulla_buffer_bytes(&blob),
                           BL_FILE_REPLACE_EXISTING, err);
}

static enum bulla_status
decode(const struct bl_secret *plain, struct bl_sealed_key *out, uint64_t *version_out,
       struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bl_secret_bytes(plain), "key of a sealed directory");
    struct bulla_bytes key = bl_read_view(&r, BL_VOLUME_KEY_SIZE);

    bl_read_into(&r, out->id, sizeof out->id);
    *version_out = bl_read_u64be(&r);
    BL_TRY(bl_reader_finish(&r, err));
    return bl_secret_copy(&out->key, key, err);
}

enum bulla_status
bl_sealed_key_open(const struct bl_agent_self *self, const struct bl_manifest_sealed *sealed,
                   const char *path, struct bl_sealed_key *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) plain = { 0 };
    BL_AUTO(bl_sealed_key) key = { 0 };
    uint64_t version = 0;
    const struct bl_opener opener = { .tpm = self->tpm };
    const struct bl_unseal_requirements requirements = {
        .name = sealed->path,
        .slot_types_allowed = 1u << BL_SLOT_TPM2,
        .now_s = bl_clock_now_s(),
    };

    BL_TRY(bl_file_read(path, BLOB_SIZE_MAX, &blob, err));
    BL_TRY(bl_unseal_bytes(&requirements, &opener, bulla_buffer_bytes(&blob), &plain, err));
    BL_TRY(decode(&plain, &key, &version, err));
    if (self->manifest->version > version)
        BL_TRY(bl_sealed_key_save(self, sealed, path, &key, err));
    *out = key;
    key = (struct bl_sealed_key){ 0 };
    return BULLA_OK;
}
