/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest that decodes is written to the very bytes that it was read from, and has no path that
 * leaves the enclave; one that reads as YAML has a canonical form which decodes to itself.
 */
#include "fuzz.h"

#include "policy/manifest_write.h"

static enum bulla_status
read_signer(void *context, const char *text, uint8_t raw_out[32], struct bulla_error *err)
{
    (void)context;
    (void)err;
    memset(raw_out, text[0], 32);
    return BULLA_OK;
}

static void
check_paths(const struct bl_manifest *m)
{
    for (size_t i = 0; i < m->file_count; i++) {
        FUZZ_ASSERT(m->files[i].to[0] == '/' && strstr(m->files[i].to, "/../") == NULL);
        FUZZ_ASSERT(!bl_path_is_within(m->files[i].to, BL_ENCLAVE_AGENT_DIRECTORY));
    }
    for (size_t i = 0; i < m->secret_count; i++)
        FUZZ_ASSERT(bl_path_is_within(m->secrets[i].file, BL_ENCLAVE_SECRET_DIRECTORY));
    FUZZ_ASSERT(m->entry_count > 0 && m->entry[m->entry_count] == NULL);
    FUZZ_ASSERT(m->secret_count == 0 || m->has_broker);
    FUZZ_ASSERT(m->memory >= BL_MANIFEST_MEMORY_MIN && m->pids > 0 && m->open_files > 0);
}

static void
check_canonical(struct bulla_bytes bytes)
{
    BL_AUTO(bl_manifest) manifest = { 0 };
    BL_AUTO(bulla_buffer) again = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_manifest_decode(bytes, &manifest, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return;
    }
    check_paths(&manifest);
    FUZZ_ASSERT(bl_manifest_write(&manifest, &again, NULL) == BULLA_OK);
    FUZZ_ASSERT(fuzz_same_bytes(bytes, bulla_buffer_bytes(&again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct bl_manifest_resolver resolver = { .signer = read_signer };
    BL_AUTO(bl_manifest) manifest = { 0 };
    struct bulla_error err = { 0 };
    struct bulla_bytes bytes = { data, size };

    check_canonical(bytes);
    enum bulla_status status = bl_manifest_from_yaml(bytes, &resolver, &manifest, &err);
    if (status == BULLA_OK)
        check_canonical(bulla_buffer_bytes(&manifest.canonical));
    else
        fuzz_check_refusal(status, &err);
    return 0;
}
