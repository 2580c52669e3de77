/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/enclave_make.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/enclave_files.h"
#include "cmd/report.h"
#include "enclave/identity.h"
#include "keys/identity.h"
#include "sys/call.h"
#include "sys/file.h"

/** The agent that was installed with this program: PREFIX/bin and PREFIX/libexec. */
static enum bulla_status
find_agent(const struct bl_arguments *arguments, char out[PATH_MAX], struct bulla_error *err)
{
    const char *given = bl_argument(arguments, "agent");
    char self[PATH_MAX];
    char *last = NULL;

    if (given != NULL) {
        if (snprintf(out, PATH_MAX, "%s", given) >= PATH_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, "agent", "its path is too long", 0);
        return BULLA_OK;
    }
    ssize_t size = readlink("/proc/self/exe", self, sizeof self);
    if (size > 0 && (size_t)size < sizeof self) {
        self[size] = '\0';
        last = strrchr(self, '/');
    }
    if (last == NULL || snprintf(out, PATH_MAX, "%.*s/../libexec/bulla/bulla-agent",
                                 (int)(last - self), self) >= PATH_MAX)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "agent", "where this program is, is not known",
                          0);
    return BULLA_OK;
}

enum bulla_status
bl_enclave_make_image(const struct bl_arguments *arguments, const struct bl_manifest *manifest,
                      const char *manifest_path, int fd, uint8_t digest_out[32],
                      struct bulla_error *err)
{
    char directory[PATH_MAX];
    char agent[PATH_MAX];
    const struct bl_image_sources sources = {
        .directory = directory,
        .root = "/",
        .agent_path = agent,
    };
    BL_AUTO(bulla_buffer) object = { 0 };

    BL_TRY(bl_manifest_directory(manifest_path, directory, sizeof directory, err));
    BL_TRY(find_agent(arguments, agent, err));
    enum bulla_status status = bl_image_build(manifest, &sources, fd, digest_out, &object, err);
    if (status != BULLA_OK && object.size > 0)
        bl_report_object(bulla_buffer_bytes(&object));
    return status;
}

static enum bulla_status
read_key(const char *path, struct bl_key **key_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) text = { 0 };

    if (path == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "the signer's key is missing: --key FILE");
    bl_report_object_word(path);
    BL_TRY(bl_file_read_secret(path, BL_KEYRING_SIZE_MAX, &text, err));
    return bl_signer_parse(bl_secret_bytes(&text), key_out, err);
}

enum bulla_status
bl_enclave_make_identity(const struct bl_manifest *manifest, const char *image_path,
                         const char *key_path, struct bulla_buffer *document_out,
                         struct bulla_error *err)
{
    BL_AUTO(bl_image) image = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO_FD fd = -1;

    BL_TRY(read_key(key_path, &key, err));
    BL_TRY(bl_image_load(image_path, &image, &fd, err));
    BL_TRY(bl_image_verify(fd, &image, err)); /* a signature is for what was seen whole */
    const struct bl_identity_document document = bl_identity_document_make(manifest, image.digest);
    return bl_identity_document_sign(&document, key, document_out, err);
}
