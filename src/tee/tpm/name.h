/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_TEE_TPM_NAME_H
#define BL_TEE_TPM_NAME_H

#include <stddef.h>
#include <stdint.h>

#define BL_TPM_NAME_SIZE_MAX 66 /* bytes: hash algorithm (2) and SHA-512 */

/** A TPM Name (TPM 2.0 Part 1, 16): nameAlg and digest; size 0 means not given. */
struct bl_tpm_name {
    uint8_t bytes[BL_TPM_NAME_SIZE_MAX];
    size_t size;
};

#endif
