/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/http/tls_fixture.h: a broker's keys and both ends of one TLS connection over a socket pair,
 * the server's in a thread.
 */
#ifndef TESTS_HTTP_TLS_FIXTURE_H
#define TESTS_HTTP_TLS_FIXTURE_H

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#include "crypto/x509.h"
#include "http/tls.h"
#include "sys/clock.h"
#include "sys/socket.h"

#define HANDSHAKE_MS 10000

static inline struct bl_key *
new_key(enum bl_key_kind kind)
{
    struct bulla_error err = { 0 };
    struct bl_key *key = NULL;

    assert_ok(bl_key_generate(kind, &key, &err), &err);
    return key;
}

/** A self-signed authority of `key`, valid from an hour ago for a year. */
static inline void
authority_certificate(const struct bl_key *key, struct bulla_buffer *der)
{
    struct bulla_error err = { 0 };
    const struct bl_certificate_request request = { .common_name = "test broker root",
                                                    .subject = key,
                                                    .not_before_s = bl_clock_now_s() - 3600,
                                                    .not_after_s = bl_clock_now_s() + 31536000,
                                                    .is_authority = true,
                                                    .is_self_signed = true };

    assert_ok(bl_certificate_issue(&request, NULL, key, der, &err), &err);
}

/** A leaf for the key of this SPKI under that authority. */
static inline void
leaf_certificate_of(struct bulla_bytes spki, const struct bl_key *root, struct bulla_bytes root_der,
                    int64_t not_after_s, struct bulla_buffer *der)
{
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) subject = NULL;
    BL_AUTO_FREE(bl_certificate) issuer = NULL;

    assert_ok(bl_key_from_spki(spki, &subject, &err), &err);
    assert_ok(bl_certificate_parse(root_der, &issuer, &err), &err);
    const struct bl_certificate_request request = { .common_name = "test gate",
                                                    .subject = subject,
                                                    .not_before_s = bl_clock_now_s() - 3600,
                                                    .not_after_s = not_after_s };
    assert_ok(bl_certificate_issue(&request, issuer, root, der, &err), &err);
}

/** A leaf for the server's key. */
static inline void
leaf_certificate(const struct bl_tls_server *server, const struct bl_key *root,
                 struct bulla_bytes root_der, int64_t not_after_s, struct bulla_buffer *der)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) spki = { 0 };

    assert_ok(bl_tls_server_spki(server, &spki, &err), &err);
    leaf_certificate_of(bulla_buffer_bytes(&spki), root, root_der, not_after_s, der);
}

/** A server with a good chain under a fresh root. */
struct tls_fixture {
    struct bl_key *root;
    struct bulla_buffer root_der;
    struct bulla_buffer leaf_der;
    struct bl_tls_server *server;
    /* one connection */
    int fds[2]; /* the client's, the server's */
    pthread_t thread;
    unsigned accept_ms;
    bool hangs_up;                        /* the server, once it is done */
    void (*serve)(struct tls_fixture *f); /* in the server's thread, after the handshake */
    enum bulla_status accept_status;
    struct bl_tls *accepted;
    struct bl_tls *tls;
    void *context; /* of `serve` */
};

static inline int
tls_setup(void **state)
{
    static struct tls_fixture fixture;
    struct tls_fixture *f = &fixture;
    struct bulla_error err = { 0 };

    *f = (struct tls_fixture){ .fds = { -1, -1 }, .accept_ms = HANDSHAKE_MS };
    f->root = new_key(BL_KEY_ED25519);
    authority_certificate(f->root, &f->root_der);
    assert_ok(bl_tls_server_new(&f->server, &err), &err);
    leaf_certificate(f->server, f->root, bulla_buffer_bytes(&f->root_der), bl_clock_now_s() + 86400,
                     &f->leaf_der);
    assert_ok(bl_tls_server_set_certificate(f->server, bulla_buffer_bytes(&f->leaf_der),
                                            bulla_buffer_bytes(&f->root_der), &err),
              &err);
    *state = f;
    return 0;
}

static inline void *
accept_thread(void *argument)
{
    struct tls_fixture *f = argument;
    struct bulla_error err = { 0 };

    f->accept_status = bl_tls_accept(f->server, f->fds[1], f->accept_ms, &f->accepted, &err);
    if (f->accept_status == BULLA_OK && f->serve != NULL)
        f->serve(f);
    if (f->hangs_up)
        shutdown(f->fds[1], SHUT_RDWR);
    return NULL;
}

static inline void
start_accepting(struct tls_fixture *f)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_unix_pair(BL_UNIX_STREAM, f->fds, &err), &err);
    assert_int_equal(pthread_create(&f->thread, NULL, accept_thread, f), 0);
}

/** Both ends, with this pinned root and at this time. */
static inline enum bulla_status
connect_both(struct tls_fixture *f, const struct bl_key *pinned, int64_t now_s,
             struct bulla_error *err)
{
    start_accepting(f);
    enum bulla_status status = bl_tls_connect(pinned, now_s, f->fds[0], HANDSHAKE_MS, &f->tls, err);
    if (status != BULLA_OK)
        shutdown(f->fds[0], SHUT_RDWR);
    return status;
}

static inline void
hang_up_both(struct tls_fixture *f)
{
    bl_tls_free(f->tls);
    if (f->fds[0] >= 0) {
        shutdown(f->fds[0], SHUT_WR);
        pthread_join(f->thread, NULL);
        bl_tls_free(f->accepted);
        close(f->fds[0]);
        close(f->fds[1]);
    }
    f->tls = f->accepted = NULL;
    f->fds[0] = f->fds[1] = -1;
}

/** The same where the server's thread has ended and been joined already. */
static inline void
forget_connection(struct tls_fixture *f)
{
    bl_tls_free(f->tls);
    bl_tls_free(f->accepted);
    close(f->fds[0]);
    close(f->fds[1]);
    f->tls = f->accepted = NULL;
    f->fds[0] = f->fds[1] = -1;
}

static inline int
tls_teardown(void **state)
{
    struct tls_fixture *f = *state;

    hang_up_both(f);
    bl_tls_server_free(f->server);
    bl_key_free(f->root);
    bulla_buffer_done(&f->root_der);
    bulla_buffer_done(&f->leaf_der);
    return 0;
}

#define with_tls(test) cmocka_unit_test_setup_teardown(test, tls_setup, tls_teardown)

#endif
