/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/record.h: a small file of ours that says itself whether it is whole: its bytes and their
 * SHA-256. Against damage, not against whoever may write the file.
 */
#ifndef BL_COLLATERAL_RECORD_H
#define BL_COLLATERAL_RECORD_H

#include "base/buffer.h"

#define BL_RECORD_SIZE_MAX ((size_t)1 << 20) /* bytes of content */

/** Replace the file, atomically. */
enum bulla_status bl_record_write(const char *path, struct bulla_bytes content,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Append the content. NOT_FOUND, CACHE_ALTERED. */
enum bulla_status bl_record_read(const char *path, struct bulla_buffer *content_out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif
