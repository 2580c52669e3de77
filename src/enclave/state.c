/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/state.c: the directory, and the file of docs/formats/enclave-state.md.
 */
#include "enclave/state.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/random.h"
#include "sys/call.h"
#include "sys/path.h"

#define WHERE "enclave state"
#define MAGIC BL_LITERAL("BULLAVT1") /* and version of the format */
#define FILE_SIZE_MAX (BL_VTPM_STATE_SIZE_MAX + 64)

static enum bulla_status
lock(struct bl_enclave_state *state, const char *directory, struct bulla_error *err)
{
    char *path = bl_path_join(directory, "lock");

    if (path == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    enum bulla_status status = bl_file_lock_take(&state->lock, path, /* timeout_ms= */ 0, err);
    bl_free(path);
    return status;
}

static enum bulla_status
open_directory(struct bl_enclave_state *state, const char *directory, struct bulla_error *err)
{
    BL_TRY(bl_directory_make(directory, 0700, err));
    BL_TRY(lock(state, directory, err));
    BL_TRY(bl_directory_sweep(directory, err));
    state->key_path = bl_path_join(directory, "key");
    state->vtpm_path = bl_path_join(directory, "vtpm");
    state->agent_directory = bl_path_join(directory, "agent");
    if (state->key_path == NULL || state->vtpm_path == NULL || state->agent_directory == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    struct stat status;
    if (stat(state->agent_directory, &status) == 0) /* perhaps its user's by now */
        return BULLA_OK;
    return bl_directory_make(state->agent_directory, 0700, err);
}

enum bulla_status
bl_enclave_state_open(struct bl_enclave_state *state, const char *directory, const char *name,
                      struct bulla_error *err)
{
    if (name[0] == '\0' || strlen(name) >= sizeof state->name)
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "not a name of an enclave", 0);
    memcpy(state->name, name, strlen(name) + 1);
    enum bulla_status status = open_directory(state, directory, err);
    if (status != BULLA_OK)
        bl_enclave_state_done(state);
    return status;
}

void
bl_enclave_state_done(struct bl_enclave_state *state)
{
    bl_aead_free(state->aead);
    bl_free(state->key_path);
    bl_free(state->vtpm_path);
    bl_free(state->agent_directory);
    bl_file_lock_done(&state->lock);
    *state = (struct bl_enclave_state)BL_ENCLAVE_STATE_NONE;
}

enum bulla_status
bl_enclave_state_use_key(struct bl_enclave_state *state, const struct bl_secret *key,
                         struct bulla_error *err)
{
    if (key->size != BL_ENCLAVE_STATE_KEY_SIZE || state->aead != NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "not a key, or the second one", key->size);
    return bl_aead_new(BL_AES_256_GCM, bl_secret_bytes(key), &state->aead, err);
}

/* -- the file: magic, nonce, ciphertext with tag; magic and name are authenticated with it ------ */

static enum bulla_status
associate(const struct bl_enclave_state *state, struct bulla_buffer *out, struct bulla_error *err)
{
    BL_TRY(bulla_buffer_append(out, MAGIC, err));
    return bulla_buffer_append(
        out, (struct bulla_bytes){ (const uint8_t *)state->name, strlen(state->name) }, err);
}

static enum bulla_status
check_first_start(const struct bl_enclave_state *state, struct bulla_error *err)
{
    bool empty = true;
    DIR *directory = bl_fault_point(BL_FAULT_FILE) ? NULL : opendir(state->agent_directory);

    if (directory == NULL)
        return bl_fail_errno(err, WHERE, "the agent's directory cannot be read");
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
    closedir(directory);
    if (!empty)
        return bulla_fail_cause(err, BULLA_CAUSE_STORE_MISSING, WHERE,
                                "the TPM's state is gone, but what it sealed is there");
    return bulla_fail(err, BULLA_E_NOT_FOUND, WHERE, "a first start", 0);
}

static enum bulla_status
decrypt(const struct bl_enclave_state *state, struct bulla_bytes file, struct bl_secret *out,
        struct bulla_error *err)
{
    const size_t before = MAGIC.size + BL_AEAD_NONCE_SIZE;
    BL_AUTO(bulla_buffer) associated = { 0 };
    BL_AUTO(bl_secret) plain = { 0 };

    if (file.size < before + BL_AEAD_TAG_SIZE)
        return bulla_fail(err, BULLA_E_INTEGRITY, WHERE, "cut short", file.size);
    if (!bl_equal((struct bulla_bytes){ file.data, MAGIC.size }, MAGIC))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "not a state that we know", 0);
    BL_TRY(associate(state, &associated, err));
    const struct bulla_bytes ciphertext = { file.data + before, file.size - before };
    BL_TRY(bl_secret_new(&plain, ciphertext.size - BL_AEAD_TAG_SIZE, err));
    BL_TRY(bl_aead_open(state->aead, file.data + MAGIC.size, bulla_buffer_bytes(&associated),
                        ciphertext, plain.data, err));
    *out = bl_secret_take(&plain);
    return BULLA_OK;
}

static enum bulla_status
load(void *context, struct bl_secret *state_out, struct bulla_error *err)
{
    const struct bl_enclave_state *state = context;
    struct bulla_error missing = { 0 };
    BL_AUTO(bulla_buffer) file = { 0 };

    enum bulla_status status = bl_file_read(state->vtpm_path, FILE_SIZE_MAX, &file, &missing);
    if (status == BULLA_E_NOT_FOUND)
        return check_first_start(state, err);
    if (status != BULLA_OK) {
        if (err != NULL && err->status == BULLA_OK)
            *err = missing;
        return status;
    }
    return decrypt(state, bulla_buffer_bytes(&file), state_out, err);
}

/* A state is saved at most some thousand times a day: 96 random bits do not repeat under one key. */
static enum bulla_status
save(void *context, struct bulla_bytes bytes, struct bulla_error *err)
{
    const struct bl_enclave_state *state = context;
    uint8_t nonce[BL_AEAD_NONCE_SIZE];
    uint8_t *place = NULL;
    BL_AUTO(bulla_buffer) associated = { 0 }, file = { 0 };

    BL_TRY(bl_random(nonce, sizeof nonce, err));
    BL_TRY(associate(state, &associated, err));
    BL_TRY(bulla_buffer_append(&file, MAGIC, err));
    BL_TRY(bulla_buffer_append(&file, BL_BYTES_OF(nonce), err));
    BL_TRY(bulla_buffer_extend(&file, bytes.size + BL_AEAD_TAG_SIZE, &place, err));
    BL_TRY(bl_aead_seal(state->aead, nonce, bulla_buffer_bytes(&associated), bytes, place, err));
    return bl_file_replace(state->vtpm_path, 0600, bulla_buffer_bytes(&file),
                           BL_FILE_REPLACE_EXISTING, err);
}

struct bl_vtpm_store
bl_enclave_state_store(struct bl_enclave_state *state)
{
    return (struct bl_vtpm_store){ .context = state, .load = load, .save = save };
}

enum bulla_status
bl_enclave_state_give_agent(const struct bl_enclave_state *state, uid_t user,
                            struct bulla_error *err)
{
    if (geteuid() != 0)
        return BULLA_OK;
    if (BL_CALL(FILE, lchown(state->agent_directory, user, user)) != 0)
        return bl_fail_errno(err, WHERE, "the agent's directory cannot be given away");
    return BULLA_OK;
}
