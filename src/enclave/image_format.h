/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/image_format.h: the header of an image and where its contents are. Used by
 * enclave/image*.c only. docs/formats/image.md.
 */
#ifndef BL_ENCLAVE_IMAGE_FORMAT_H
#define BL_ENCLAVE_IMAGE_FORMAT_H

#include "enclave/image.h"

#define BL_IMAGE_MAGIC "BULLAIMG"
#define BL_IMAGE_VERSION 1u
#define BL_IMAGE_HEADER_SIZE 64u    /* bytes */
#define BL_IMAGE_ALIGNMENT 4096u    /* bytes: contents begin at pages */
#define BL_IMAGE_CHUNK_SIZE 262144u /* bytes copied and hashed at once */

/** Append the index of entries (path, kind, mode, size, digest, target). */
enum bulla_status bl_image_index_encode(const struct bl_image_entry *entries, size_t count,
                                        struct bulla_buffer *out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** Append the header. */
enum bulla_status bl_image_header_encode(size_t index_size, uint64_t file_size,
                                         struct bulla_buffer *out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Set the offset of each file; the size of the whole image in *size_out. BULLA_E_LIMIT. */
enum bulla_status bl_image_place(struct bl_image_entry *entries, size_t count, size_t index_size,
                                 uint64_t *size_out, struct bulla_error *err) BULLA_CHECKED;
/** What is wrong with the entries as a tree: order, parents, links; NULL if nothing is. */
const char *bl_image_check_tree(const struct bl_image_entry *entries, size_t count,
                                size_t *index_out);
/** SHA-256 of the label and the index: the code digest. */
enum bulla_status bl_image_digest(struct bulla_bytes index, uint8_t digest_out[32],
                                  struct bulla_error *err) BULLA_CHECKED;

#endif
