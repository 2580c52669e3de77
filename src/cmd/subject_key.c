/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/subject_key.h"

#include <string.h>

#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/stream.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/public_key.h"

#define KEY_FILE_SIZE_MAX 8192 /* bytes */

static enum bulla_status
fail_usage(const char *what, struct bulla_error *err)
{
    bl_report_object_word("--subject-key");
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

/* Keys that sign: what a certificate for TLS can be for. */
static enum bulla_status
read_key(const char *path, struct bulla_buffer *spki, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;

    bl_report_object_word(path);
    BL_TRY(bl_input_slurp(path, KEY_FILE_SIZE_MAX, &content, err));
    BL_TRY(bl_key_from_public_file(bulla_buffer_bytes(&content), &key, err));
    if (bl_key_kind(key) != BL_KEY_P256 && bl_key_kind(key) != BL_KEY_P384 &&
        bl_key_kind(key) != BL_KEY_ED25519)
        return fail_usage("it is no key that signs: P-256, P-384 or Ed25519", err);
    return bl_key_spki(key, spki, err);
}

/* The report data: SHA-512 of the key and the nonce. A SubjectPublicKeyInfo ends where its own length
 * says, so that no two pairs have one text. */
static enum bulla_status
ask_in_report_data(struct bl_evidence_files *files, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) both = { 0 };
    uint8_t digest[BL_HASH_SIZE_MAX];

    BL_TRY(bulla_buffer_append(&both, bulla_buffer_bytes(&files->subject_key), err));
    BL_TRY(bulla_buffer_append(&both, files->verification.binder, err));
    BL_TRY(bl_hash_once(BL_SHA512, bulla_buffer_bytes(&both), digest, err));
    bulla_buffer_clear(&files->binder);
    BL_TRY(bulla_buffer_append(&files->binder, (struct bulla_bytes){ digest, 64 }, err));
    files->verification.binder = bulla_buffer_bytes(&files->binder);
    return BULLA_OK;
}

/* A Nitro document has a field for the key. */
static enum bulla_status
ask_in_field(struct bl_evidence_files *files, struct bulla_error *err)
{
    if (files->verification.input_count == BL_PART_COUNT_MAX)
        return fail_usage("more pieces than can be given", err);
    BL_TRY(bl_hex_encode(bulla_buffer_bytes(&files->subject_key), &files->subject_key_text, err));
    files->inputs[files->verification.input_count++] =
        (struct bl_part){ "public_key", bulla_buffer_bytes(&files->subject_key_text) };
    return BULLA_OK;
}

enum bulla_status
bl_subject_key_ask(struct bl_evidence_files *files, const struct bl_arguments *arguments,
                   struct bulla_error *err)
{
    static const char *const kinds[] = { "sgx", "tdx", "snp", "cca", "psa" };
    const char *path = bl_argument(arguments, "subject-key");
    const char *kind = files->scheme->kind;

    if (path == NULL)
        return BULLA_OK;
    if (files->verification.binder.size == 0 ||
        bl_input_find(&files->verification, "extra_data_is").size > 0)
        return fail_usage(
            "evidence for a key needs --input nonce=HEX: old evidence says nothing of "
            "who has the key now",
            err);
    BL_TRY(read_key(path, &files->subject_key, err));
    files->verification.binding = BL_BINDING_KEY;
    if (strcmp(kind, "nitro") == 0)
        return ask_in_field(files, err);
    for (size_t i = 0; i < BL_COUNT_OF(kinds); i++)
        if (strcmp(kind, kinds[i]) == 0)
            return ask_in_report_data(files, err);
    return fail_usage("evidence of this kind is not for a key", err);
}
