/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/enclave_files.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/broker_target.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "codec/yaml.h"
#include "keys/identity.h"
#include "sys/call.h"
#include "sys/file.h"
#include "sys/path.h"

#define WHERE_FILE "file in the manifest"

static const char signer_prefix[] = "bulla-ed25519:";

enum bulla_status
bl_manifest_directory(const char *path, char *out, size_t size, struct bulla_error *err)
{
    const char *last = path == NULL ? NULL : strrchr(path, '/');
    int written = last == NULL   ? snprintf(out, size, ".")
                  : last == path ? snprintf(out, size, "/")
                                 : snprintf(out, size, "%.*s", (int)(last - path), path);

    if (written < 0 || (size_t)written >= size)
        return bulla_fail(err, BULLA_E_LIMIT, "manifest", "its path is too long", 0);
    return BULLA_OK;
}

/** A small file that the manifest names; `context` is the manifest's directory. */
static enum bulla_status
read_named(const char *directory, const char *name, struct bulla_buffer *out,
           struct bulla_error *err)
{
    char path[PATH_MAX];

    BL_TRY(bl_path_resolve(path, sizeof path, directory, name, WHERE_FILE, err));
    bl_report_object_word(path);
    return bl_file_read(path, BL_KEYRING_SIZE_MAX, out, err);
}

static enum bulla_status
read_signer(void *context, const char *text, uint8_t raw_out[32], struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bulla_bytes bytes = { (const uint8_t *)text, strlen(text) };

    if (strncmp(text, signer_prefix, sizeof signer_prefix - 1) != 0) {
        bl_report_next(
            "make a signer: bulla key generate --kind ed25519 -o signer.key > signer.pub");
        BL_TRY(read_named(context, text, &content, err));
        bl_report_next(NULL);
        bytes = bulla_buffer_bytes(&content);
    }
    BL_TRY(bl_signer_parse(bytes, &key, err));
    if (bl_key_has_private(key))
        return bulla_fail(err, BULLA_E_USAGE, "signer",
                          "it is the secret half: name the file of the public one", 0);
    BL_TRY(bl_key_raw_public(key, &raw, err));
    memcpy(raw_out, raw.data, 32);
    return BULLA_OK;
}

static enum bulla_status
read_broker(void *context, const char *path, struct bl_broker_address *out, struct bulla_error *err)
{
    char whole[PATH_MAX];

    BL_TRY(bl_path_resolve(whole, sizeof whole, context, path, WHERE_FILE, err));
    return bl_broker_address_load(whole, out, err);
}

/** "FILE:LINE:COLUMN" as compilers have it, where the failure is one of the text. */
static void
report_place(const char *path, struct bulla_error *err)
{
    char object[BL_SHOWN_SIZE];
    bool of_text = err->status == BULLA_E_MALFORMED || err->status == BULLA_E_LIMIT;

    if (!of_text || err->detail == 0)
        return;
    (void)snprintf(object, sizeof object, "%s:%zu:%lu", path, err->offset, err->detail);
    bl_report_object_word(object);
    bl_report_next("correct the manifest at this line and column");
    err->offset = 0; /* said as the place, not once more as bytes and a code */
    err->detail = 0;
}

/** Nothing here counts instances: two of them would share one state and could undo each other's. */
static enum bulla_status
refuse_replicas(const struct bl_manifest *manifest, struct bulla_error *err)
{
    if (manifest->replicas == 1)
        return BULLA_OK;
    bl_report_next(
        "leave replicas out, or say 1: what several enclaves share needs names of their own");
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_UNSUPPORTED, "replicas",
                                                "nothing tells instances apart yet");
    bulla_error_values(err, bulla_value_number(manifest->replicas), bulla_value_number(1));
    return status;
}

enum bulla_status
bl_manifest_load(const char *path, struct bl_manifest *manifest_out, struct bulla_error *err)
{
    char directory[PATH_MAX];
    BL_AUTO(bulla_buffer) yaml = { 0 };
    const struct bl_manifest_resolver resolver = {
        .context = directory,
        .signer = read_signer,
        .broker = read_broker,
    };

    BL_TRY(bl_manifest_directory(path, directory, sizeof directory, err));
    path = path != NULL ? path : BL_MANIFEST_FILE;
    bl_report_object_word(path);
    BL_TRY(bl_file_read(path, BL_YAML_SIZE_MAX, &yaml, err));
    BL_AUTO(bl_manifest) manifest = { 0 };
    enum bulla_status status =
        bl_manifest_from_yaml(bulla_buffer_bytes(&yaml), &resolver, &manifest, err);
    if (status != BULLA_OK && err != NULL)
        report_place(path, err);
    BL_TRY(status);
    BL_TRY(refuse_replicas(&manifest, err));
    *manifest_out = manifest;
    manifest = (struct bl_manifest){ 0 };
    return BULLA_OK;
}

enum bulla_status
bl_image_load(const char *path, struct bl_image *image_out, int *fd_out, struct bulla_error *err)
{
    bl_report_object_word(path);
    BL_AUTO_FD fd = BL_CALL(FILE, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));

    if (fd < 0)
        return bl_fail_errno(err, "image", "it cannot be opened");
    BL_TRY(bl_image_open(fd, image_out, err));
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}
