/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/file.h: files, read with bounds and written so that a crash leaves the old or the new one.
 *
 * bl_file_replace and struct bl_file_new: a temporary file beside the target (O_EXCL, mode given),
 * everything written, fsync, rename, fsync of the directory. A failure before the rename leaves the
 * target as it was and removes the temporary. A failure after it is BULLA_E_OUTCOME_UNKNOWN. With
 * struct bl_file_new the file has no name until the commit, where the file system can do that: then
 * a kill -9 leaves nothing, but for the moment between link and rename when a target is replaced.
 *
 * The mode of a new file and directory is the one given, narrowed by the umask.
 * Does not: keep the owner, mode or links of what it replaces; work across power loss on a disk
 * that lies about fsync.
 */
#ifndef BL_SYS_FILE_H
#define BL_SYS_FILE_H

#include <sys/types.h>

#include "base/buffer.h"
#include "base/secret.h"

/** Read a regular file of at most `size_max` bytes; BULLA_E_NOT_FOUND, BULLA_E_LIMIT, BULLA_E_IO. */
enum bulla_status bl_file_read(const char *path, size_t size_max, struct bulla_buffer *out,
                               struct bulla_error *err) BULLA_CHECKED;
/** As bl_file_read() into a secret; refuses a file that others than its owner may read, that is a
 *  symbolic link, or that belongs to somebody else (BULLA_E_DENIED). */
enum bulla_status bl_file_read_secret(const char *path, size_t size_max, struct bl_secret *out,
                                      struct bulla_error *err) BULLA_CHECKED;

enum bl_file_existing { BL_FILE_KEEP_EXISTING, BL_FILE_REPLACE_EXISTING };

/** A file being written, invisible under its name until bl_file_new_commit(). */
struct bl_file_new {
    int fd;           /* -1: none */
    int directory_fd; /* of the target; -1: none */
    char *path;       /* target */
    char *temporary;  /* name inside the directory; NULL: it has none */
    enum bl_file_existing existing;
};
#define BL_FILE_NEW_NONE             \
    {                                \
        .fd = -1, .directory_fd = -1 \
    }
/** BULLA_E_EXISTS at once if the target exists and is to be kept, and whenever it is no regular
 *  file: a symbolic link, device or directory is neither followed nor replaced. */
enum bulla_status bl_file_new_open(struct bl_file_new *file, const char *path, mode_t mode,
                                   enum bl_file_existing existing,
                                   struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_file_new_commit(struct bl_file_new *file,
                                     struct bulla_error *err) BULLA_CHECKED;
/** Without a commit: remove the temporary. Accepts what is already empty. */
void bl_file_new_done(struct bl_file_new *file);

/** Write `bytes` as the whole new content of `path`. */
enum bulla_status bl_file_replace(const char *path, mode_t mode, struct bulla_bytes bytes,
                                  enum bl_file_existing existing,
                                  struct bulla_error *err) BULLA_CHECKED;

/** All of `bytes` to `fd`, through short writes and EINTR. */
enum bulla_status bl_fd_write(int fd, struct bulla_bytes bytes,
                              struct bulla_error *err) BULLA_CHECKED;
/** Up to `size` bytes, as many as come before the end: *size_out < size means the end. */
enum bulla_status bl_fd_read(int fd, void *out, size_t size, size_t *size_out,
                             struct bulla_error *err) BULLA_CHECKED;

/** Where the next read or write of `fd` happens, in bytes from its beginning. BULLA_E_IO for what
 *  has no such place: a pipe, a terminal. */
enum bulla_status bl_fd_position(int fd, uint64_t *position_out,
                                 struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_fd_seek(int fd, uint64_t position, struct bulla_error *err) BULLA_CHECKED;

/** As bl_fd_write() and bl_fd_read(), at `offset` bytes from the beginning; the position stays. */
enum bulla_status bl_fd_write_at(int fd, uint64_t offset, struct bulla_bytes bytes,
                                 struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_fd_read_at(int fd, uint64_t offset, void *out, size_t size, size_t *size_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** Size of a file in bytes. */
enum bulla_status bl_fd_size(int fd, uint64_t *size_out, struct bulla_error *err) BULLA_CHECKED;
/** Cut the file off, or extend it with zeros. */
enum bulla_status bl_fd_resize(int fd, uint64_t size, struct bulla_error *err) BULLA_CHECKED;

/** Write everything to the disk. */
enum bulla_status bl_fd_sync(int fd, struct bulla_error *err) BULLA_CHECKED;
/** Close and set to -1; accepts -1. For descriptors whose data does not depend on the result. */
void bl_fd_close(int *fd);
/** A descriptor closed at the end of the scope; initialise it with -1. */
#define BL_AUTO_FD __attribute__((cleanup(bl_fd_close))) int

/** Make a directory with `mode` and its missing parents with 0755. Fine if it exists, is a real
 *  directory, belongs to us and gives others no more than `mode` does; else BULLA_E_DENIED. */
enum bulla_status bl_directory_make(const char *path, mode_t mode,
                                    struct bulla_error *err) BULLA_CHECKED;

/** What was renamed or removed in the directory is durable afterwards. */
enum bulla_status bl_directory_sync(const char *path, struct bulla_error *err) BULLA_CHECKED;
/** Remove the temporaries that killed writers left in `directory`; living ones are not touched. */
enum bulla_status bl_directory_sweep(const char *directory, struct bulla_error *err) BULLA_CHECKED;

/** An exclusive lock held while `fd` is open; waits at most `timeout_ms`; BULLA_E_BUSY. The lock
 *  file stays. A second lock in the same process waits like any other. */
struct bl_file_lock {
    int fd; /* -1: none */
};
#define BL_FILE_LOCK_NONE \
    {                     \
        .fd = -1          \
    }
enum bulla_status bl_file_lock_take(struct bl_file_lock *lock, const char *path,
                                    unsigned timeout_ms, struct bulla_error *err) BULLA_CHECKED;
void bl_file_lock_done(struct bl_file_lock *lock);

/** Open a regular file, never through a symbolic link, to change it in place: against others who
 *  open it so, until *fd_out is closed. It is the file that has the name now, also after a wait of at
 *  most `timeout_ms` for somebody who replaced it. BULLA_E_NOT_FOUND, DENIED, BUSY. */
enum bulla_status bl_file_open_locked(const char *path, unsigned timeout_ms, int *fd_out,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif
