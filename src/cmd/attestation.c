/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/attestation.h"

#include <stdio.h>

#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "crypto/random.h"
#include "sys/file.h"
#include "wire/claims_message.h"

#define KERNEL_BOOT_ID "/proc/sys/kernel/random/boot_id"
#define KERNEL_BOOT_ID_SIZE_MAX 64
#define KEY_NAME_ID_SIZE 8 /* bytes of the broker's id that tell its key's file from others */

static enum bulla_status
key_path(const uint8_t broker_id[BL_BROKER_ID_SIZE], char **path_out, struct bulla_error *err)
{
    char name[sizeof "attestation-" + 2 * KEY_NAME_ID_SIZE], digits[BL_SHOWN_SIZE];

    (void)snprintf(name, sizeof name, "attestation-%s",
                   bl_show_hex((struct bulla_bytes){ broker_id, KEY_NAME_ID_SIZE }, digits));
    return bl_local_tpm_path(name, path_out, err);
}

static enum bulla_status
read_key(const char *path, struct bl_attestation_key *key_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };

    BL_TRY(bl_file_read(path, BL_ATTESTATION_KEY_SIZE_MAX, &bytes, err));
    return bl_attestation_key_decode(bulla_buffer_bytes(&bytes), key_out, err);
}

enum bulla_status
bl_attestation_load(const uint8_t broker_id[BL_BROKER_ID_SIZE], struct bl_attestation_key *key_out,
                    struct bulla_error *err)
{
    char *path = NULL;
    struct bl_attestation_key key = { 0 };

    BL_TRY(key_path(broker_id, &path, err));
    bl_report_object_word(path);
    enum bulla_status status = read_key(path, &key, err);
    bl_free(path);
    if (status == BULLA_E_NOT_FOUND)
        bl_report_next("\"bulla platform enroll\" has this machine's TPM certified by the broker");
    BL_TRY(status);
    if (!bl_equal(BL_BYTES_OF(key.broker_id),
                  (struct bulla_bytes){ broker_id, BL_BROKER_ID_SIZE })) {
        bl_attestation_key_done(&key);
        return bulla_fail(err, BULLA_E_MISMATCH, "attestation key", "of another broker", 0);
    }
    bl_report_object_word("");
    *key_out = key;
    return BULLA_OK;
}

enum bulla_status
bl_attestation_load_for(const uint8_t root[BL_BROKER_ROOT_SIZE], struct bl_attestation_key *key_out,
                        struct bulla_error *err)
{
    uint8_t broker_id[BL_BROKER_ID_SIZE];

    BL_TRY(
        bl_hash_once(BL_SHA256, (struct bulla_bytes){ root, BL_BROKER_ROOT_SIZE }, broker_id, err));
    return bl_attestation_load(broker_id, key_out, err);
}

enum bulla_status
bl_attestation_save(const struct bl_attestation_key *key, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    char *path = NULL;

    BL_TRY(bl_local_tpm_directory_make(err));
    BL_TRY(bl_attestation_key_encode(key, &bytes, err));
    BL_TRY(key_path(key->broker_id, &path, err));
    enum bulla_status status =
        bl_file_replace(path, 0600, bulla_buffer_bytes(&bytes), BL_FILE_REPLACE_EXISTING, err);
    bl_free(path);
    return status;
}

static enum bulla_status
make_boot_id(const struct bl_local_tpm *local, uint8_t boot_id_out[BL_BOOT_ID_SIZE],
             struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) kernel = { 0 };

    if (local->place == BL_TPM_EMBEDDED)
        return bl_random(boot_id_out, BL_BOOT_ID_SIZE, err);
    BL_TRY(bl_file_read(KERNEL_BOOT_ID, KERNEL_BOOT_ID_SIZE_MAX, &kernel, err));
    const struct bulla_bytes parts[] = { BL_LITERAL("bulla-boot/1"), bulla_buffer_bytes(&kernel) };
    return bl_hash_parts(BL_SHA256, parts, 2, boot_id_out, err);
}

enum bulla_status
bl_attestation_claims(const struct bl_local_tpm *local, struct bulla_buffer *claims_out,
                      struct bulla_error *err)
{
    struct bl_claims_message claims = { .agent = BL_LITERAL("bulla " BULLA_VERSION) };

    BL_TRY(make_boot_id(local, claims.boot_id, err));
    return bl_claims_message_encode(&claims, claims_out, err);
}
