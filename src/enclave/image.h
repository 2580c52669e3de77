/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/image.h: the files of an enclave in one file (`NAME.bimg`), made so that the same inputs
 * give the same bytes anywhere. Format: docs/formats/image.md.
 *
 * Guarantees: no times, owners, set-user-id bits or holes; the code digest is that of the index,
 * which has the SHA-256 of every file; reading is hostile: every bound, order and path is checked,
 * and no link leads out of the image. Unpacking hashes what it writes, so that what is unpacked is
 * what was measured. Memory does not grow with the size of the files.
 * Does not: devices, sockets, hard links, extended attributes.
 */
#ifndef BL_ENCLAVE_IMAGE_H
#define BL_ENCLAVE_IMAGE_H

#include "base/buffer.h"
#include "base/cleanup.h"
#include "policy/manifest.h"

#define BL_IMAGE_ENTRY_COUNT_MAX 65536u
#define BL_IMAGE_INDEX_SIZE_MAX ((size_t)32 << 20) /* bytes */
#define BL_IMAGE_PATH_SIZE_MAX BL_MANIFEST_PATH_SIZE_MAX
#define BL_IMAGE_CONTENT_SIZE_MAX ((uint64_t)64 << 30) /* bytes of all files together */

enum bl_image_kind { BL_IMAGE_DIRECTORY = 1, BL_IMAGE_FILE = 2, BL_IMAGE_LINK = 3 };

struct bl_image_entry {
    const char *path; /* absolute, normalised */
    enum bl_image_kind kind;
    unsigned mode;      /* permission bits; links: 0777 */
    uint64_t size;      /* bytes of a file */
    uint64_t offset;    /* of its content in the image */
    uint8_t digest[32]; /* SHA-256 of it */
    const char *target; /* of a link; else NULL */
};

/** The index of an image, read and checked. */
struct bl_image {
    struct bl_image_entry *entries; /* owned; ascending by path; parents before what is in them */
    size_t entry_count;
    char *texts;        /* owned: what the entries point into */
    uint64_t size;      /* bytes of the whole file */
    uint8_t digest[32]; /* the code digest */
};
void bl_image_done(struct bl_image *image);

/** Read and check the index of the image in `fd`; contents are not read. BULLA_E_MALFORMED,
 *  BULLA_E_UNSUPPORTED (format version), BULLA_E_LIMIT, BULLA_E_IO. */
enum bulla_status bl_image_open(int fd, struct bl_image *image_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** The same of an index in memory; `file_size` bytes is the whole image. */
enum bulla_status bl_image_index_decode(struct bulla_bytes index, uint64_t file_size,
                                        struct bl_image *image_out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** The entry of this path, or NULL. */
const struct bl_image_entry *bl_image_find(const struct bl_image *image, const char *path);
/** Read all contents from `fd` and compare with the index: BULLA_E_INTEGRITY with the number of the
 *  entry as offset. */
enum bulla_status bl_image_verify(int fd, const struct bl_image *image,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Write everything below `directory_fd`, an empty directory that nobody else can reach, hashing
 *  what is written. BULLA_E_INTEGRITY as above: then what was written must not be used. */
enum bulla_status bl_image_unpack(int fd, const struct bl_image *image, int directory_fd,
                                  struct bulla_error *err) BULLA_CHECKED;

/** Where the files of a new image come from. */
struct bl_image_sources {
    const char *directory;  /* relative `from` paths of the manifest begin here */
    const char *root;       /* absolute ones and libraries begin here: "/" but in tests */
    const char *agent_path; /* of the program that becomes BL_ENCLAVE_AGENT_PATH; outside `root` */
};
/** Write the image of a manifest to `fd`, an empty file open for reading and writing; its code
 *  digest in digest_out. The entry program must be in it. On failure *object_out, if not empty, is
 *  the path that it is about (foreign text). */
enum bulla_status bl_image_build(const struct bl_manifest *manifest,
                                 const struct bl_image_sources *sources, int fd,
                                 uint8_t digest_out[32], struct bulla_buffer *object_out,
                                 struct bulla_error *err) BULLA_CHECKED;

/** Where two images differ, entry by entry; both indexes are sorted. */
enum bl_image_change { BL_IMAGE_SAME = 0, BL_IMAGE_ADDED, BL_IMAGE_REMOVED, BL_IMAGE_CHANGED };
struct bl_image_difference {
    enum bl_image_change change;
    const struct bl_image_entry *before; /* NULL: added */
    const struct bl_image_entry *after;  /* NULL: removed */
    bool content, mode, kind;            /* what changed */
};
/** The next difference from places *before_index, *after_index on (from 0, 0); false after the
 *  last. */
bool bl_image_next_difference(const struct bl_image *before, const struct bl_image *after,
                              size_t *before_index, size_t *after_index,
                              struct bl_image_difference *out);

#endif
