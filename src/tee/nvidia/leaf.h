/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/nvidia/leaf.h: what the leaf certificate of a device says of its firmware (TCG DICE
 * Attestation Architecture: TcbInfo, section 6.1.1; the CompositeDeviceID of RIoT before it).
 */
#ifndef BL_TEE_NVIDIA_LEAF_H
#define BL_TEE_NVIDIA_LEAF_H

#include "crypto/x509.h"

#define BL_NVIDIA_FWID_COUNT_MAX 8 /* today: one, or two */

struct bl_nvidia_leaf {
    struct bulla_bytes
        fwids[BL_NVIDIA_FWID_COUNT_MAX]; /* digests of firmware, in the certificate */
    size_t fwid_count;
    bool has_flags;
    uint8_t flags; /* operational: BL_NVIDIA_FLAG_... and others */
};

/* TCG DICE Attestation Architecture 1.1, OperationalFlags: bits 1 to 3. Bit 0, "not configured", is set
 * on devices in production. */
#define BL_NVIDIA_FLAG_NOT_SECURE 0x02
#define BL_NVIDIA_FLAG_RECOVERY 0x04
#define BL_NVIDIA_FLAG_DEBUG 0x08

/** *leaf is empty. A certificate without either extension has no digest and no flags; BULLA_E_MALFORMED
 *  if it has both. */
enum bulla_status bl_nvidia_leaf_read(const struct bl_certificate *certificate,
                                      struct bl_nvidia_leaf *leaf,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif
