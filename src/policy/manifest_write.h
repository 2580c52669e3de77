/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/manifest_write.h: the fields of the canonical form, and its writer. Used by
 * policy/manifest*.c only: others take the canonical form of a manifest from it.
 */
#ifndef BL_POLICY_MANIFEST_WRITE_H
#define BL_POLICY_MANIFEST_WRITE_H

#include "policy/manifest.h"

enum {
    BL_MANIFEST_KEY_FORMAT = 1,
    BL_MANIFEST_KEY_NAME,
    BL_MANIFEST_KEY_PRODUCT,
    BL_MANIFEST_KEY_VERSION,
    BL_MANIFEST_KEY_SIGNER,
    BL_MANIFEST_KEY_IMAGE,
    BL_MANIFEST_KEY_ENTRY,
    BL_MANIFEST_KEY_USER,
    BL_MANIFEST_KEY_ENVIRONMENT,
    BL_MANIFEST_KEY_RESOURCES,
    BL_MANIFEST_KEY_NETWORK,
    BL_MANIFEST_KEY_SEALED,
    BL_MANIFEST_KEY_SECRETS,
    BL_MANIFEST_KEY_BINDING,
    BL_MANIFEST_KEY_ISOLATION,
    BL_MANIFEST_KEY_REPLICAS,
    BL_MANIFEST_KEY_BROKER
};

#define BL_MANIFEST_LOG_SIZE_DEFAULT ((uint64_t)1 << 20) /* bytes */

/** Append the canonical form of the fields of `manifest`; judges nothing. */
enum bulla_status bl_manifest_write(const struct bl_manifest *manifest, struct bulla_buffer *out,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif
