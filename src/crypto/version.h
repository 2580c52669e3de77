/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_CRYPTO_VERSION_H
#define BL_CRYPTO_VERSION_H

/** Name and version of the cryptographic library that this process runs on; static. */
const char *bl_crypto_version(void);

#endif
