/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_make.h: the owner's phase of an enclave: its image and its identity document.
 */
#ifndef BL_CMD_ENCLAVE_MAKE_H
#define BL_CMD_ENCLAVE_MAKE_H

#include "cmd/verb.h"
#include "policy/manifest.h"

#define BL_AGENT_OPTION                                                        \
    {                                                                          \
        .name = "agent", .argument = "FILE",                                   \
        .help = "the agent to put into the image (default: the installed one)" \
    }

/** Build the image of the manifest at `manifest_path` ("bulla.yaml" if NULL) into `fd`, with the
 *  agent that --agent names or that was installed. A failure is reported with the file that it is
 *  about. */
enum bulla_status bl_enclave_make_image(const struct bl_arguments *arguments,
                                        const struct bl_manifest *manifest,
                                        const char *manifest_path, int fd, uint8_t digest_out[32],
                                        struct bulla_error *err) BULLA_CHECKED;
/** Append the identity document of a manifest and the image at `image_path`, which is read whole,
 *  signed with the secret key in the file `key_path` (NULL: BULLA_E_USAGE). */
enum bulla_status bl_enclave_make_identity(const struct bl_manifest *manifest,
                                           const char *image_path, const char *key_path,
                                           struct bulla_buffer *document_out,
                                           struct bulla_error *err) BULLA_CHECKED;

#endif
