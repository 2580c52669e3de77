/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS as the channel wants it: one version, one pinned root, no shortcut, no endless wait. P6, P10.
 */
#include "http/tls_fixture.h"

#include <fcntl.h>
#include <signal.h>

#include <openssl/ssl.h>

#include "base/fault.h"

static void
echo(struct tls_fixture *f)
{
    struct bulla_error err = { 0 };

    for (;;) {
        BL_AUTO(bulla_buffer) body = { 0 };
        if (bl_tls_receive_frame(f->accepted, 5000, &body, &err) != BULLA_OK ||
            bl_tls_send_frame(f->accepted, bulla_buffer_bytes(&body), 5000, &err) != BULLA_OK)
            return;
    }
}

static void
test_frames_of_every_size_come_back(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    static uint8_t large[BL_FRAME_SIZE_MAX + 1];
    static const size_t sizes[] = { 0, 1, 16383, 16384, 16385, BL_FRAME_SIZE_MAX };

    memset(large, 0x5a, sizeof large);
    f->serve = echo;
    assert_ok(connect_both(f, f->root, bl_clock_now_s(), &err), &err);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        BL_AUTO(bulla_buffer) body = { 0 };
        const struct bulla_bytes frame = { large, sizes[i] };
        assert_ok(bl_tls_send_frame(f->tls, frame, 5000, &err), &err);
        assert_ok(bl_tls_receive_frame(f->tls, 5000, &body, &err), &err);
        assert_bytes_equal(bulla_buffer_bytes(&body), frame);
    }
    assert_fails(bl_tls_send_frame(f->tls, BL_BYTES_OF(large), 5000, &err), BULLA_E_LIMIT, &err);
}

static void
test_only_the_pinned_root(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) other = new_key(BL_KEY_ED25519);

    assert_fails(connect_both(f, other, bl_clock_now_s(), &err), BULLA_E_UNTRUSTED, &err);
    assert_null(f->tls);
}

/* Same names, another key; and the pinned root's certificate beside a leaf that it never signed. */
static void
test_a_root_of_the_same_name(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) other = new_key(BL_KEY_ED25519);
    BL_AUTO(bulla_buffer) other_der = { 0 };
    BL_AUTO(bulla_buffer) leaf = { 0 };

    authority_certificate(other, &other_der);
    leaf_certificate(f->server, other, bulla_buffer_bytes(&other_der), bl_clock_now_s() + 86400,
                     &leaf);
    assert_ok(bl_tls_server_set_certificate(f->server, bulla_buffer_bytes(&leaf),
                                            bulla_buffer_bytes(&other_der), &err),
              &err);
    assert_fails(connect_both(f, f->root, bl_clock_now_s(), &err), BULLA_E_UNTRUSTED, &err);
    hang_up_both(f);
    bulla_error_clear(&err);
    assert_ok(bl_tls_server_set_certificate(f->server, bulla_buffer_bytes(&leaf),
                                            bulla_buffer_bytes(&f->root_der), &err),
              &err);
    assert_int_not_equal(connect_both(f, f->root, bl_clock_now_s(), &err), BULLA_OK);
    assert_true(err.status == BULLA_E_SIGNATURE || err.status == BULLA_E_UNTRUSTED);
    assert_null(f->tls);
}

static void
test_both_sides_of_its_dates(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    const int64_t now_s = bl_clock_now_s();

    assert_cause(connect_both(f, f->root, now_s + 86400 + 2, &err), BULLA_CAUSE_EXPIRED, &err);
    hang_up_both(f);
    assert_int_not_equal(connect_both(f, f->root, now_s - 3600 - 2, &err), BULLA_OK);
    hang_up_both(f);
    bulla_error_clear(&err);
    assert_ok(connect_both(f, f->root, now_s - 3590, &err), &err);
}

static void
test_a_certificate_for_another_key_is_not_served(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tls_server *other = NULL;
    BL_AUTO(bulla_buffer) leaf = { 0 };
    const struct bulla_bytes root_der = bulla_buffer_bytes(&f->root_der);

    assert_ok(bl_tls_server_new(&other, &err), &err);
    leaf_certificate(other, f->root, root_der, bl_clock_now_s() + 60, &leaf);
    assert_fails(
        bl_tls_server_set_certificate(f->server, bulla_buffer_bytes(&leaf), root_der, &err),
        BULLA_E_MISMATCH, &err);
    assert_fails(bl_tls_server_set_certificate(f->server, BL_LITERAL("x"), root_der, &err),
                 BULLA_E_MALFORMED, &err);
    bulla_error_clear(&err);
    assert_ok(connect_both(f, f->root, bl_clock_now_s(), &err), &err); /* the old one still is */
    bl_tls_server_free(other);
}

/* -- peers that are not ours: plain OpenSSL ------------------------------------------------------ */

/* A handshake by a client of anybody's make. */
static int
foreign_connect(struct tls_fixture *f, SSL_CTX *context, SSL **ssl_out)
{
    start_accepting(f);
    SSL *ssl = SSL_new(context);
    assert_non_null(ssl);
    int flags = fcntl(f->fds[0], F_GETFL);
    assert_int_equal(fcntl(f->fds[0], F_SETFL, flags & ~O_NONBLOCK), 0);
    SSL_set_fd(ssl, f->fds[0]);
    int result = SSL_connect(ssl);
    *ssl_out = ssl;
    return result;
}

static void
test_older_tls_is_refused(void **state)
{
    struct tls_fixture *f = *state;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;

    assert_int_equal(SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION), 1);
    assert_int_not_equal(foreign_connect(f, context, &ssl), 1);
    pthread_join(f->thread, NULL);
    assert_int_not_equal(f->accept_status, BULLA_OK);
    assert_null(f->accepted);
    SSL_free(ssl);
    SSL_CTX_free(context);
    forget_connection(f);
}

static int ticket_count;

static int
on_ticket(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    (void)session;
    ticket_count++;
    return 0;
}

static void
test_no_ticket_no_resumption_no_early_data(void **state)
{
    struct tls_fixture *f = *state;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;
    char byte = 'x';
    size_t done = 0;

    ticket_count = 0;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(context, on_ticket);
    f->serve = echo;
    assert_int_equal(foreign_connect(f, context, &ssl), 1);
    assert_int_equal(SSL_version(ssl), TLS1_3_VERSION);
    assert_int_equal(SSL_write(ssl, "\0\0\0\1x", 5), 5); /* a ticket would come with the echo */
    char answer[5];
    for (size_t got = 0; got < sizeof answer; got += done)
        assert_int_equal(SSL_read_ex(ssl, answer + got, sizeof answer - got, &done), 1);
    assert_memory_equal(answer, "\0\0\0\1x", 5);
    assert_int_equal(ticket_count, 0);
    SSL_SESSION *session = SSL_get1_session(ssl);
    assert_int_equal(SSL_SESSION_is_resumable(session), 0);
    assert_int_equal(SSL_SESSION_get_max_early_data(session), 0);
    assert_int_not_equal(SSL_write_early_data(ssl, &byte, 1, &done), 1);
    SSL_SESSION_free(session);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static int
offer_psk(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_size,
          SSL_SESSION **session)
{
    static const unsigned char key[32] = { 1 };
    static const unsigned char suite[] = { 0x13, 0x02 };
    SSL_SESSION *made = SSL_SESSION_new();

    (void)md;
    SSL_SESSION_set1_master_key(made, key, sizeof key);
    SSL_SESSION_set_cipher(made, SSL_CIPHER_find(ssl, suite));
    SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION);
    *id = (const unsigned char *)"psk";
    *id_size = 3;
    *session = made;
    return 1;
}

/* A client that offers a pre-shared key gets a full handshake with the certificate, or none. */
static void
test_an_offered_psk_is_not_taken(void **state)
{
    struct tls_fixture *f = *state;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;

    SSL_CTX_set_psk_use_session_callback(context, offer_psk);
    if (foreign_connect(f, context, &ssl) == 1) {
        assert_int_equal(SSL_session_reused(ssl), 0);
        assert_non_null(SSL_get0_peer_certificate(ssl));
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
}

/* The leaf in the place of its root. */
static void
test_a_leaf_alone_is_refused(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };

    assert_ok(bl_tls_server_set_certificate(f->server, bulla_buffer_bytes(&f->leaf_der),
                                            bulla_buffer_bytes(&f->leaf_der), &err),
              &err);
    assert_fails(connect_both(f, f->root, bl_clock_now_s(), &err), BULLA_E_UNTRUSTED, &err);
}

/* -- time and ends ------------------------------------------------------------------------------- */

static void
test_a_peer_that_says_nothing(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };

    f->accept_ms = 200;
    start_accepting(f); /* no client at all */
    pthread_join(f->thread, NULL);
    assert_int_equal(f->accept_status, BULLA_E_TIMEOUT);
    forget_connection(f);
    f->accept_ms = HANDSHAKE_MS;
    assert_ok(connect_both(f, f->root, bl_clock_now_s(), &err), &err);
    assert_fails(bl_tls_receive_frame(f->tls, 150, &body, &err), BULLA_E_TIMEOUT, &err);
    /* nothing of a frame had come: another may still follow */
    assert_fails(bl_tls_receive_frame(f->tls, 150, &body, &err), BULLA_E_TIMEOUT, &err);
}

static void
say_and_hear(struct tls_fixture *f)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };

    if (bl_tls_send_frame(f->accepted, BL_LITERAL(""), 1000, &err) == BULLA_OK)
        f->accept_status = bl_tls_receive_frame(f->accepted, 3000, &body, &err);
}

static void
test_a_clean_end_and_a_torn_one(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };

    f->serve = say_and_hear;
    assert_ok(connect_both(f, f->root, bl_clock_now_s(), &err), &err);
    assert_ok(bl_tls_receive_frame(f->tls, 1000, &body, &err), &err);
    assert_int_equal(body.size, 0);
    assert_ok(bl_tls_send_frame(f->tls, BL_LITERAL("bye"), 1000, &err), &err);
    pthread_join(f->thread, NULL);
    bl_tls_free(f->accepted); /* says close_notify */
    f->accepted = NULL;
    assert_cause(bl_tls_receive_frame(f->tls, 1000, &body, &err), BULLA_CAUSE_CONNECTION_CLOSED,
                 &err);
    assert_string_equal(err.what, "the peer closed it");
    forget_connection(f);

    f->serve = NULL;
    bulla_error_clear(&err);
    assert_ok(connect_both(f, f->root, bl_clock_now_s(), &err), &err);
    pthread_join(f->thread, NULL);
    shutdown(f->fds[1], SHUT_RDWR); /* the TCP connection ends without close_notify */
    assert_cause(bl_tls_receive_frame(f->tls, 1000, &body, &err), BULLA_CAUSE_CONNECTION_CLOSED,
                 &err);
    assert_string_equal(err.what, "the connection broke");
    assert_fails(bl_tls_send_frame(f->tls, BL_LITERAL("more"), 1000, &err), BULLA_E_UNREACHABLE,
                 &err);
    forget_connection(f);
}

/* A foreign client that writes what a frame may not be. */
static enum bulla_status received_status;
static struct bulla_error received_error;

static void
receive_one(struct tls_fixture *f)
{
    BL_AUTO(bulla_buffer) body = { 0 };

    received_error = (struct bulla_error){ 0 };
    received_status = bl_tls_receive_frame(f->accepted, 500, &body, &received_error);
    if (received_status != BULLA_OK) {
        struct bulla_error err = { 0 };
        assert_int_not_equal(bl_tls_receive_frame(f->accepted, 100, &body, &err), BULLA_OK);
    }
}

static void
test_frames_that_lie(void **state)
{
    struct tls_fixture *f = *state;
    static const struct {
        const char *bytes;
        int size;
        enum bulla_status expected;
    } cases[] = {
        { "\0\4\0\1", 4, BULLA_E_LIMIT },         /* one byte more than a frame may have */
        { "\xff\xff\xff\xff", 4, BULLA_E_LIMIT }, /* and as many as can be said */
        { "\0\0\0\2x", 5, BULLA_E_TIMEOUT },      /* a slow peer */
        { "\0\0", 2, BULLA_E_TIMEOUT },           /* a slower one */
        { "\0\0\0\1x", 5, BULLA_OK },
    };

    f->serve = receive_one;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        SSL *ssl = NULL;
        assert_int_equal(foreign_connect(f, context, &ssl), 1);
        assert_int_equal(SSL_write(ssl, cases[i].bytes, cases[i].size), cases[i].size);
        pthread_join(f->thread, NULL);
        assert_int_equal(received_status, cases[i].expected);
        SSL_free(ssl);
        SSL_CTX_free(context);
        forget_connection(f);
    }
}

/* -- facts and exporter -------------------------------------------------------------------------- */

static void
exported(const struct bl_tls *tls, const char *label, const char *context, uint8_t out[48])
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) secret = { 0 };

    assert_ok(bl_tls_export(tls, label, text_bytes(context), 48, &secret, &err), &err);
    memcpy(out, secret.data, 48);
}

static void
test_both_ends_know_the_same(void **state)
{
    struct tls_fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_tls_facts client = { 0 };
    struct bl_tls_facts server = { 0 };
    BL_AUTO(bulla_buffer) spki = { 0 };
    uint8_t hash[48];
    uint8_t a[48];
    uint8_t b[48];
    uint8_t first[48];

    assert_ok(connect_both(f, f->root, bl_clock_now_s(), &err), &err);
    pthread_join(f->thread, NULL);
    assert_ok(bl_tls_facts(f->tls, &client, &err), &err);
    assert_ok(bl_tls_facts(f->accepted, &server, &err), &err);
    assert_memory_equal(&client, &server, sizeof client);
    assert_false(client.has_client_certificate);
    assert_int_equal(client.cipher_suite, 0x1302);
    assert_ok(bl_tls_server_spki(f->server, &spki, &err), &err);
    assert_ok(bl_hash_once(BL_SHA384, bulla_buffer_bytes(&spki), hash, &err), &err);
    assert_memory_equal(client.server_spki_hash, hash, 48);

    exported(f->tls, "EXPERIMENTAL-a", "context", first);
    exported(f->accepted, "EXPERIMENTAL-a", "context", b);
    assert_memory_equal(first, b, 48);
    exported(f->tls, "EXPERIMENTAL-b", "context", a);
    assert_memory_not_equal(a, first, 48);
    exported(f->tls, "EXPERIMENTAL-a", "contexu", a);
    assert_memory_not_equal(a, first, 48);
    exported(f->tls, "EXPERIMENTAL-a", "", a);
    assert_memory_not_equal(a, first, 48);
    forget_connection(f);
    assert_ok(connect_both(f, f->root, bl_clock_now_s(), &err), &err);
    exported(f->tls, "EXPERIMENTAL-a", "context", a); /* another connection, same everything */
    assert_memory_not_equal(a, first, 48);
}

static void
test_every_socket_failure_ends_the_connection(void **state)
{
    struct tls_fixture *f = *state;
    bool reached = true;

    f->hangs_up = true; /* as a server whose connection failed does */
    for (uint64_t n = 1; reached; n++) {
        struct bulla_error err = { 0 };
        BL_AUTO(bulla_buffer) body = { 0 };
        f->serve = echo;
        start_accepting(f);
        bl_fault_arm(BL_FAULT_SOCKET, n, false); /* whichever end comes to it */
        enum bulla_status status =
            bl_tls_connect(f->root, bl_clock_now_s(), f->fds[0], HANDSHAKE_MS, &f->tls, &err);
        if (status == BULLA_OK)
            status = bl_tls_send_frame(f->tls, BL_LITERAL("x"), HANDSHAKE_MS, &err);
        if (status == BULLA_OK)
            status = bl_tls_receive_frame(f->tls, HANDSHAKE_MS, &body, &err);
        shutdown(f->fds[0], SHUT_WR);
        reached = bl_fault_disarm();
        assert_true(reached || status == BULLA_OK);
        if (status == BULLA_OK)
            assert_bytes_equal(bulla_buffer_bytes(&body), BL_LITERAL("x"));
        hang_up_both(f);
        assert_true(n < 200);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_tls(test_frames_of_every_size_come_back),
        with_tls(test_only_the_pinned_root),
        with_tls(test_a_root_of_the_same_name),
        with_tls(test_both_sides_of_its_dates),
        with_tls(test_a_certificate_for_another_key_is_not_served),
        with_tls(test_older_tls_is_refused),
        with_tls(test_no_ticket_no_resumption_no_early_data),
        with_tls(test_an_offered_psk_is_not_taken),
        with_tls(test_a_leaf_alone_is_refused),
        with_tls(test_a_peer_that_says_nothing),
        with_tls(test_a_clean_end_and_a_torn_one),
        with_tls(test_frames_that_lie),
        with_tls(test_both_ends_know_the_same),
        with_tls(test_every_socket_failure_ends_the_connection),
    };

    (void)signal(SIGPIPE, SIG_IGN); /* as http/tls.h asks */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
