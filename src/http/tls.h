/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http/tls.h: TLS 1.3 connections, both ends, with deadlines; frames over them; the exporter.
 *
 * Guarantees: TLS 1.3 only; no tickets, no early data, no resumption, no renegotiation, no
 * compression; certificates by pinned root key alone, never by a default store; every operation
 * ends by its deadline; a connection that ends without close_notify is an error.
 * Does not: know what is said (channel/, broker/), nor keep SIGPIPE from the process: libssl writes
 * to the socket, so whoever uses this ignores that signal.
 */
#ifndef BL_HTTP_TLS_H
#define BL_HTTP_TLS_H

#include "base/buffer.h"
#include "base/secret.h"
#include "crypto/key.h"
#include "wire/channel.h"

/** The listening end: a key that never leaves it, and the certificate issued for that key. */
struct bl_tls_server;
/** With a fresh P-256 key and no certificate yet. */
enum bulla_status bl_tls_server_new(struct bl_tls_server **server_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** The DER SubjectPublicKeyInfo to be certified, appended. */
enum bulla_status bl_tls_server_spki(const struct bl_tls_server *server,
                                     struct bulla_buffer *spki_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** Serve with this chain (DER) from now on; running connections keep theirs.
 *  BULLA_E_MISMATCH if the leaf is for another key. */
enum bulla_status bl_tls_server_set_certificate(struct bl_tls_server *server,
                                                struct bulla_bytes leaf_der,
                                                struct bulla_bytes root_der,
                                                struct bulla_error *err) BULLA_CHECKED;
void bl_tls_server_free(struct bl_tls_server *server);
BL_DEFINE_FREEP(bl_tls_server)

/** One connection; not for two threads at once. */
struct bl_tls;
/** Handshake as the server on `fd`, which stays the caller's. BULLA_E_TIMEOUT, BULLA_E_UNREACHABLE
 *  (the peer went away or spoke no TLS 1.3). */
enum bulla_status bl_tls_accept(struct bl_tls_server *server, int fd, unsigned timeout_ms,
                                struct bl_tls **tls_out, struct bulla_error *err) BULLA_CHECKED;
/** Handshake as the client on `fd`, which stays the caller's; the server's chain must be
 *  leaf <- root with this very root key, valid at now_s. BULLA_E_UNTRUSTED otherwise. */
enum bulla_status bl_tls_connect(const struct bl_key *root, int64_t now_s, int fd,
                                 unsigned timeout_ms, struct bl_tls **tls_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Says close_notify if the connection is whole; does not close the fd. Accepts NULL. */
void bl_tls_free(struct bl_tls *tls);
BL_DEFINE_FREEP(bl_tls)

/** What evidence is bound to. */
enum bulla_status bl_tls_facts(const struct bl_tls *tls, struct bl_tls_facts *facts_out,
                               struct bulla_error *err) BULLA_CHECKED;
/** RFC 8446 7.5 exporter: `size` bytes for label and context into *out, which must be empty. */
enum bulla_status bl_tls_export(const struct bl_tls *tls, const char *label,
                                struct bulla_bytes context, size_t size, struct bl_secret *out,
                                struct bulla_error *err) BULLA_CHECKED;

/** Send one frame: 32-bit big-endian length, then the body (at most BL_FRAME_SIZE_MAX). */
enum bulla_status bl_tls_send_frame(struct bl_tls *tls, struct bulla_bytes body,
                                    unsigned timeout_ms, struct bulla_error *err) BULLA_CHECKED;
/** Receive one whole frame into *body_out (cleared first). BULLA_E_UNREACHABLE with cause
 *  CONNECTION_CLOSED at a clean end between frames; BULLA_E_LIMIT; BULLA_E_TIMEOUT. */
enum bulla_status bl_tls_receive_frame(struct bl_tls *tls, unsigned timeout_ms,
                                       struct bulla_buffer *body_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** True if decrypted bytes wait inside, which poll() on the fd would not show. */
bool bl_tls_has_pending(const struct bl_tls *tls);

#endif
