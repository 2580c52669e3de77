/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/local_authority.h"

#include "base/memory.h"
#include "crypto/x509.h"
#include "sys/clock.h"
#include "tee/tpm/ak.h"

#define DAY_S ((int64_t)86400)
#define AUTHORITY_LIFE_S (3650 * DAY_S)
#define CLOCK_SKEW_S ((int64_t)300)
#define KEY_SIZE 32 /* bytes: a raw P-256 private value */

struct authority {
    struct bl_key *key;
    struct bulla_buffer certificate;
};

static void
authority_done(struct authority *authority)
{
    bl_key_free(authority->key);
    bulla_buffer_done(&authority->certificate);
}

/* The key first: a certificate without its key would certify nothing. */
static enum bulla_status
make_authority(const char *key_path, const char *certificate_path, struct authority *authority,
               struct bulla_error *err)
{
    const int64_t now_s = bl_clock_now_s();
    BL_AUTO(bl_secret) raw = { 0 };

    BL_TRY(bl_key_generate(BL_KEY_P256, &authority->key, err));
    const struct bl_certificate_request request = {
        .common_name = "Bulla authority of one installation (software)",
        .subject = authority->key,
        .not_before_s = now_s - CLOCK_SKEW_S,
        .not_after_s = now_s + AUTHORITY_LIFE_S,
        .is_authority = true,
        .is_self_signed = true,
    };
    BL_TRY(bl_certificate_issue(&request, NULL, authority->key, &authority->certificate, err));
    BL_TRY(bl_key_raw_private(authority->key, &raw, err));
    BL_TRY(bl_file_replace(key_path, 0600, bl_secret_bytes(&raw), BL_FILE_REPLACE_EXISTING, err));
    return bl_file_replace(certificate_path, 0644, bulla_buffer_bytes(&authority->certificate),
                           BL_FILE_REPLACE_EXISTING, err);
}

static enum bulla_status
load_authority(const char *key_path, const char *certificate_path, struct authority *authority,
               struct bulla_error *err)
{
    BL_AUTO(bl_secret) raw = { 0 };
    struct bulla_error missing = { 0 };

    if (bl_file_read(certificate_path, BL_CERTIFICATE_SIZE_MAX, &authority->certificate,
                     &missing) != BULLA_OK) {
        if (missing.status != BULLA_E_NOT_FOUND) {
            if (err != NULL)
                *err = missing;
            return missing.status;
        }
        return make_authority(key_path, certificate_path, authority, err);
    }
    BL_TRY(bl_file_read_secret(key_path, KEY_SIZE, &raw, err));
    return bl_key_from_raw_private(BL_KEY_P256, bl_secret_bytes(&raw), &authority->key, err);
}

static enum bulla_status
open_authority(struct authority *authority, struct bulla_error *err)
{
    char *key_path = NULL;
    char *certificate_path = NULL;
    enum bulla_status status = bl_local_tpm_directory_make(err);

    if (status == BULLA_OK)
        status = bl_local_tpm_path("authority.key", &key_path, err);
    if (status == BULLA_OK)
        status = bl_local_tpm_path("authority.crt", &certificate_path, err);
    if (status == BULLA_OK)
        status = load_authority(key_path, certificate_path, authority, err);
    bl_free(key_path);
    bl_free(certificate_path);
    return status;
}

enum bulla_status
bl_local_authority(struct bulla_buffer *certificate_out, struct bulla_error *err)
{
    struct authority authority = { 0 };
    enum bulla_status status = open_authority(&authority, err);

    if (status == BULLA_OK)
        status =
            bulla_buffer_append(certificate_out, bulla_buffer_bytes(&authority.certificate), err);
    authority_done(&authority);
    return status;
}

static enum bulla_status
issue_ek_certificate(const struct authority *authority, struct bl_tpm *tpm, struct bulla_error *err)
{
    static const char *const usages[] = { BL_TPM_EK_USAGE, NULL };
    BL_AUTO(bulla_buffer) public_area = { 0 };
    BL_AUTO(bulla_buffer) der = { 0 };
    BL_AUTO_FREE(bl_key) ek_key = NULL;
    BL_AUTO_FREE(bl_certificate) issuer = NULL;
    struct bl_tpm_public ek = { 0 };
    const int64_t now_s = bl_clock_now_s();

    BL_TRY(bl_tpm_ek_public(tpm, &public_area, err));
    BL_TRY(bl_tpm2b_public_decode(bulla_buffer_bytes(&public_area), &ek, err));
    BL_TRY(bl_tpm_public_key(&ek, &ek_key, err));
    BL_TRY(bl_certificate_parse(bulla_buffer_bytes(&authority->certificate), &issuer, err));
    const struct bl_certificate_request request = {
        .common_name = "Embedded TPM",
        .subject = ek_key,
        .not_before_s = now_s - CLOCK_SKEW_S,
        .not_after_s = now_s + AUTHORITY_LIFE_S - DAY_S,
        .usage_oids = usages,
    };
    BL_TRY(bl_certificate_issue(&request, issuer, authority->key, &der, err));
    return bl_tpm_ek_certificate_install(tpm, bulla_buffer_bytes(&der), err);
}

enum bulla_status
bl_local_authority_certify(struct bl_local_tpm *local, struct bulla_error *err)
{
    struct authority authority = { 0 };
    BL_AUTO(bulla_buffer) present = { 0 };
    struct bulla_error missing = { 0 };

    if (local->place != BL_TPM_EMBEDDED)
        return BULLA_OK;
    enum bulla_status status = bl_tpm_ek_certificate(local->tpm, &present, &missing);
    if (status == BULLA_OK)
        return BULLA_OK;
    if (status != BULLA_E_NOT_FOUND) {
        if (err != NULL)
            *err = missing;
        return status;
    }
    status = open_authority(&authority, err);
    if (status == BULLA_OK)
        status = issue_ek_certificate(&authority, local->tpm, err);
    authority_done(&authority);
    return status;
}
