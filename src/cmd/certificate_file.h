/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/certificate_file.h: a certificate as people keep them: DER, or PEM (RFC 7468) with one block.
 */
#ifndef BL_CMD_CERTIFICATE_FILE_H
#define BL_CMD_CERTIFICATE_FILE_H

#include "base/buffer.h"

/** Append the DER of the one certificate in the file at `path`, or on standard input for "-".
 *  BULLA_E_MALFORMED for anything else; it says only that it parses. */
enum bulla_status bl_certificate_file_read(const char *path, struct bulla_buffer *der_out,
                                           struct bulla_error *err) BULLA_CHECKED;

#endif
