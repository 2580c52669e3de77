/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_files.h: the files that the verbs of enclaves read: manifests with what they name,
 * and images.
 */
#ifndef BL_CMD_ENCLAVE_FILES_H
#define BL_CMD_ENCLAVE_FILES_H

#include "cmd/verb.h"
#include "enclave/image.h"

#define BL_MANIFEST_FILE "bulla.yaml" /* where none is named */

/** Read a manifest ("bulla.yaml" if `path` is NULL); files that it names are looked up in its
 *  directory. A failure with a place in the text is reported with it. */
enum bulla_status bl_manifest_load(const char *path, struct bl_manifest *manifest_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** The directory that `path` ("bulla.yaml" if NULL) is in, at most `size` bytes with the
 *  terminator; BULLA_E_LIMIT. */
enum bulla_status bl_manifest_directory(const char *path, char *out, size_t size,
                                        struct bulla_error *err) BULLA_CHECKED;
/** Open an image and read its index; *fd_out is the caller's. */
enum bulla_status bl_image_load(const char *path, struct bl_image *image_out, int *fd_out,
                                struct bulla_error *err) BULLA_CHECKED;

#endif
