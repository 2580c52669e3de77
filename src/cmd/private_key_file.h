/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/private_key_file.h: a private key of an operator in a PEM file that others cannot read.
 */
#ifndef BL_CMD_PRIVATE_KEY_FILE_H
#define BL_CMD_PRIVATE_KEY_FILE_H

#include "crypto/private_key.h"

/** A pair of P-256 or P-384: what ES256 and ES384 sign with. The path is the object of a failure.
 *  Causes of bl_file_read_secret() and of the decoder; USAGE for another kind of key. */
enum bulla_status bl_private_key_file_read(const char *path, struct bl_key **key_out,
                                           struct bulla_error *err) BULLA_CHECKED;

#endif
