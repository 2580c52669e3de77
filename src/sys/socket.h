/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/socket.h: TCP and Unix sockets, descriptors handed over, and messages in frames.
 *
 * Every wait has a deadline on bl_clock_monotonic_ms() (see bl_clock_deadline()); passing it is
 * BULLA_E_TIMEOUT. Every descriptor made here is close-on-exec and non-blocking, never raises
 * SIGPIPE, and belongs to the caller (BL_AUTO_FD).
 *
 * Does not: encrypt or authenticate anybody over TCP; bound the time that resolving a name takes.
 */
#ifndef BL_SYS_SOCKET_H
#define BL_SYS_SOCKET_H

#include <sys/types.h>

#include "base/buffer.h"
#include "base/secret.h"

/** Listen on `host`, a numeric address (NULL: 127.0.0.1), and `port` (0: any free one). */
enum bulla_status bl_tcp_listen(const char *host, uint16_t port, int *fd_out,
                                struct bulla_error *err) BULLA_CHECKED;
/** Connect to `host` (name or address; NULL: 127.0.0.1), trying its addresses in turn;
 *  BULLA_E_NOT_FOUND, BULLA_E_UNREACHABLE, BULLA_E_TIMEOUT. */
enum bulla_status bl_tcp_connect(const char *host, uint16_t port, int64_t deadline, int *fd_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** The port that a TCP socket is bound to. */
enum bulla_status bl_tcp_port(int fd, uint16_t *port_out, struct bulla_error *err) BULLA_CHECKED;

enum bl_unix_kind { BL_UNIX_STREAM, BL_UNIX_PACKETS /* SOCK_SEQPACKET */ };

/** Listen under `path` with `mode`. The directory must be ours and writable by nobody else
 *  (BULLA_E_DENIED); a name left by a dead listener is taken over, a living one is BULLA_E_BUSY. */
enum bulla_status bl_unix_listen(const char *path, enum bl_unix_kind kind, mode_t mode, int *fd_out,
                                 struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_unix_connect(const char *path, enum bl_unix_kind kind, int64_t deadline,
                                  int *fd_out, struct bulla_error *err) BULLA_CHECKED;
/** Two connected ends. */
enum bulla_status bl_unix_pair(enum bl_unix_kind kind, int fds_out[2],
                               struct bulla_error *err) BULLA_CHECKED;

/** Who was at the other end of a Unix socket when it was connected. */
struct bl_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};
enum bulla_status bl_unix_peer(int fd, struct bl_peer *out, struct bulla_error *err) BULLA_CHECKED;

/** The next connection of a listener. */
enum bulla_status bl_socket_accept(int listener, int64_t deadline, int *fd_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Wait until `fd` is ready for `events` (POLLIN, POLLOUT), has failed or was hung up. */
enum bulla_status bl_socket_wait(int fd, short events, int64_t deadline,
                                 struct bulla_error *err) BULLA_CHECKED;
/** All of `bytes`. */
enum bulla_status bl_socket_send(int fd, struct bulla_bytes bytes, int64_t deadline,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Up to `size` bytes, as many as come before the peer stops sending: *size_out < size is the end. */
enum bulla_status bl_socket_receive(int fd, void *out, size_t size, int64_t deadline,
                                    size_t *size_out, struct bulla_error *err) BULLA_CHECKED;
/** Close a TCP connection so that the peer reads what was sent last. Bytes of its that nobody read
 *  would make the kernel answer with a reset, which takes the last words from the peer (RFC 1122,
 *  4.2.2.13): up to BL_LINGER_SIZE_MAX of them are read and dropped, until the peer has closed its
 *  side or `deadline` passes. Sets *fd to -1; below 0 it does nothing. */
void bl_socket_close_lingering(int *fd, int64_t deadline);
#define BL_LINGER_SIZE_MAX ((size_t)64 * 1024)

/*
 * Frames over a stream: u32 big-endian size, then so many bytes. A size above `size_max` is
 * BULLA_E_LIMIT before anything is allocated; the end of the stream between frames is
 * BULLA_CAUSE_CONNECTION_CLOSED, within one BULLA_E_MALFORMED. After a failure the stream is out
 * of step: close it.
 */
enum bulla_status bl_frame_send(int fd, struct bulla_bytes bytes, size_t size_max, int64_t deadline,
                                struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_frame_receive(int fd, size_t size_max, int64_t deadline,
                                   struct bulla_buffer *out, struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_frame_receive_secret(int fd, size_t size_max, int64_t deadline,
                                          struct bl_secret *out,
                                          struct bulla_error *err) BULLA_CHECKED;

#define BL_PACKET_FDS_MAX 8 /* descriptors in a packet: the most that one of our messages has */

/** One packet (not empty) and `fd_count` descriptors over a BL_UNIX_PACKETS socket. */
enum bulla_status bl_packet_send(int fd, struct bulla_bytes bytes, const int *fds, size_t fd_count,
                                 int64_t deadline, struct bulla_error *err) BULLA_CHECKED;
/** One packet of at most `size` bytes with exactly `fd_count` descriptors. Any other number is
 *  BULLA_E_MALFORMED and a larger packet BULLA_E_LIMIT; what came with it is then closed. */
enum bulla_status bl_packet_receive(int fd, void *out, size_t size, size_t *size_out, int *fds_out,
                                    size_t fd_count, int64_t deadline,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif
