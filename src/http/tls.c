/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/fault.h"
#include "base/memory.h"
#include "crypto/x509.h"
#include "sys/clock.h"

#define CHAIN_COUNT 2 /* leaf and root; nothing else is accepted or sent */

struct bl_tls_server {
    SSL_CTX *context;
    EVP_PKEY *key;
    pthread_mutex_t mutex; /* of the context: a certificate may be renewed while others connect */
};

struct bl_tls {
    SSL *ssl;
    SSL_CTX *context; /* the client's own; NULL for the server, whose context is shared */
    int fd;
    bool broken; /* after a failure nothing more is said or heard, not even close_notify */
    bool mute; /* half a frame may be out, and nothing may follow it; the peer can still be heard */
};

/* What the client's certificate check needs, and what came of it. */
struct pin {
    const struct bl_key *root;
    int64_t now_s;
    struct bulla_error err;
};

static enum bulla_status
library_failure(struct bulla_error *err, const char *what)
{
    unsigned long detail = ERR_peek_last_error();

    ERR_clear_error();
    return bulla_fail_detail(err, BULLA_CAUSE_CRYPTO, "tls", what, detail);
}

static SSL_CTX *
new_context(const SSL_METHOD *method)
{
    int groups[] = { NID_X25519, NID_X9_62_prime256v1 };
    SSL_CTX *context = bl_fault_point(BL_FAULT_MEMORY) ? NULL : SSL_CTX_new(method);

    if (context == NULL)
        return NULL;
    SSL_CTX_set_options(context,
                        SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_num_tickets(context, 0) != 1 || SSL_CTX_set_max_early_data(context, 0) != 1 ||
        SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") !=
            1 ||
        SSL_CTX_set1_groups(context, groups, sizeof groups / sizeof groups[0]) != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

enum bulla_status
bl_tls_server_new(struct bl_tls_server **server_out, struct bulla_error *err)
{
    ERR_clear_error();
    BL_AUTO_FREE(bl_tls_server) server = bl_alloc(1, sizeof *server);
    if (server == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "tls", "out of memory", 0);
    pthread_mutex_init(&server->mutex, NULL);
    server->context = new_context(TLS_server_method());
    server->key = EVP_EC_gen("P-256");
    if (server->context == NULL || server->key == NULL)
        return library_failure(err, "the server's context could not be made");
    *server_out = server;
    server = NULL;
    return BULLA_OK;
}

void
bl_tls_server_free(struct bl_tls_server *server)
{
    if (server == NULL)
        return;
    SSL_CTX_free(server->context);
    EVP_PKEY_free(server->key);
    pthread_mutex_destroy(&server->mutex);
    bl_free(server);
}

enum bulla_status
bl_tls_server_spki(const struct bl_tls_server *server, struct bulla_buffer *spki_out,
                   struct bulla_error *err)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(server->key, &der);

    if (size <= 0)
        return library_failure(err, "the server's key could not be written");
    enum bulla_status status =
        bulla_buffer_append(spki_out, (struct bulla_bytes){ der, (size_t)size }, err);
    OPENSSL_free(der);
    return status;
}

static X509 *
parse_certificate(struct bulla_bytes der)
{
    const unsigned char *at = der.data;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.size);

    if (certificate != NULL && at != der.data + der.size) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

enum bulla_status
bl_tls_server_set_certificate(struct bl_tls_server *server, struct bulla_bytes leaf_der,
                              struct bulla_bytes root_der, struct bulla_error *err)
{
    ERR_clear_error();
    if (leaf_der.size > BL_CERTIFICATE_SIZE_MAX || root_der.size > BL_CERTIFICATE_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "tls", "certificate too large", 0);
    X509 *leaf = parse_certificate(leaf_der);
    X509 *root = parse_certificate(root_der);
    enum bulla_status status = BULLA_OK;

    pthread_mutex_lock(&server->mutex);
    if (leaf == NULL || root == NULL)
        status = bulla_fail(err, BULLA_E_MALFORMED, "tls", "not a certificate", 0);
    else if (X509_check_private_key(leaf, server->key) != 1)
        status = bulla_fail(err, BULLA_E_MISMATCH, "tls", "certificate of another key", 0);
    else if (SSL_CTX_use_certificate(server->context, leaf) != 1 ||
             SSL_CTX_use_PrivateKey(server->context, server->key) != 1 ||
             SSL_CTX_clear_chain_certs(server->context) != 1 ||
             SSL_CTX_add1_chain_cert(server->context, root) != 1)
        status = library_failure(err, "the certificate could not be installed");
    pthread_mutex_unlock(&server->mutex);
    X509_free(leaf);
    X509_free(root);
    ERR_clear_error();
    return status;
}

static enum bulla_status
fault(struct bl_tls *tls, struct bulla_error *err)
{
    if (!bl_fault_point(BL_FAULT_SOCKET))
        return BULLA_OK;
    tls->broken = true;
    return bulla_fail_cause(err, BULLA_CAUSE_CONNECTION_CLOSED, "tls", "the connection broke");
}

/* Wait until the fd is ready for what TLS wants. */
static enum bulla_status
wait_for(int fd, short events, int64_t deadline_ms, struct bulla_error *err)
{
    for (;;) {
        int64_t left = deadline_ms - bl_clock_monotonic_ms();
        if (left <= 0)
            return bulla_fail(err, BULLA_E_TIMEOUT, "tls", "the peer did not answer in time", 0);
        struct pollfd entry = { .fd = fd, .events = events };
        int ready = poll(&entry, 1, left > 1000000 ? 1000000 : (int)left);
        if (ready > 0)
            return BULLA_OK;
        if (ready < 0 && errno != EINTR)
            return bulla_fail_detail(err, BULLA_CAUSE_IO, "tls", "poll", (unsigned long)errno);
    }
}

/* After an SSL call that returned `result` <= 0: wait and say BULLA_OK for another try, or fail. */
static enum bulla_status
again(struct bl_tls *tls, int result, int64_t deadline_ms, struct bulla_error *err)
{
    int reason = SSL_get_error(tls->ssl, result);

    if (reason == SSL_ERROR_WANT_READ)
        return wait_for(tls->fd, POLLIN, deadline_ms, err);
    if (reason == SSL_ERROR_WANT_WRITE)
        return wait_for(tls->fd, POLLOUT, deadline_ms, err);
    bool is_end = reason == SSL_ERROR_ZERO_RETURN;
    tls->mute |= !is_end;
    tls->broken |= !is_end && reason != SSL_ERROR_SYSCALL;
    unsigned long detail = ERR_peek_last_error();
    ERR_clear_error();
    return bulla_fail_detail(err, BULLA_CAUSE_CONNECTION_CLOSED, "tls",
                             is_end ? "the peer closed it" : "the connection broke", detail);
}

static int64_t
deadline(unsigned timeout_ms)
{
    return bl_clock_monotonic_ms() + (int64_t)timeout_ms;
}

static enum bulla_status
new_connection(SSL_CTX *context, int fd, struct bl_tls **tls_out, struct bulla_error *err)
{
    int flags = fcntl(fd, F_GETFL);

    if (bl_fault_point(BL_FAULT_SOCKET) || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return bulla_fail_detail(err, BULLA_CAUSE_IO, "tls", "not a socket", (unsigned long)errno);
    struct bl_tls *tls = bl_alloc(1, sizeof *tls);
    if (tls == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "tls", "out of memory", 0);
    tls->fd = fd;
    tls->ssl = SSL_new(context);
    if (tls->ssl == NULL || SSL_set_fd(tls->ssl, fd) != 1) {
        bl_tls_free(tls);
        return library_failure(err, "the connection could not be made");
    }
    *tls_out = tls;
    return BULLA_OK;
}

static enum bulla_status
handshake(struct bl_tls *tls, unsigned timeout_ms, struct bulla_error *err)
{
    int64_t deadline_ms = deadline(timeout_ms);

    tls->broken = true; /* until it is whole there is nothing to close politely */
    for (;;) {
        BL_TRY(fault(tls, err));
        ERR_clear_error();
        int result = SSL_do_handshake(tls->ssl);
        if (result == 1)
            break;
        BL_TRY(again(tls, result, deadline_ms, err));
    }
    if (SSL_version(tls->ssl) != TLS1_3_VERSION || SSL_session_reused(tls->ssl) != 0)
        return bulla_fail(err, BULLA_E_UNREACHABLE, "tls", "not a full TLS 1.3 handshake", 0);
    tls->broken = false;
    return BULLA_OK;
}

enum bulla_status
bl_tls_accept(struct bl_tls_server *server, int fd, unsigned timeout_ms, struct bl_tls **tls_out,
              struct bulla_error *err)
{
    BL_AUTO_FREE(bl_tls) tls = NULL;

    pthread_mutex_lock(&server->mutex);
    enum bulla_status status = new_connection(server->context, fd, &tls, err);
    pthread_mutex_unlock(&server->mutex);
    BL_TRY(status);
    SSL_set_accept_state(tls->ssl);
    BL_TRY(handshake(tls, timeout_ms, err));
    *tls_out = tls;
    tls = NULL;
    return BULLA_OK;
}

static enum bulla_status
der_certificate(X509 *certificate, struct bl_certificate **out, struct bulla_error *err)
{
    unsigned char *der = NULL;
    int size = certificate == NULL ? -1 : i2d_X509(certificate, &der);

    if (size <= 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "server certificate", "unreadable", 0);
    enum bulla_status status =
        bl_certificate_parse((struct bulla_bytes){ der, (size_t)size }, out, err);
    OPENSSL_free(der);
    return status;
}

/* The chain is leaf <- root, and the root's key is the pinned one: only then is it an anchor. */
static enum bulla_status
check_pinned_chain(STACK_OF(X509) * chain, struct pin *pin)
{
    BL_AUTO_FREE(bl_certificate) leaf = NULL;
    BL_AUTO_FREE(bl_certificate) root = NULL;
    BL_AUTO_FREE(bl_key) root_key = NULL;
    BL_AUTO(bulla_buffer) found = { 0 };
    BL_AUTO(bulla_buffer) pinned = { 0 };
    struct bulla_error *err = &pin->err;

    if (chain == NULL || sk_X509_num(chain) != CHAIN_COUNT)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "server certificate", "not leaf and root", 0);
    BL_TRY(der_certificate(sk_X509_value(chain, 0), &leaf, err));
    BL_TRY(der_certificate(sk_X509_value(chain, 1), &root, err));
    BL_TRY(bl_certificate_key(root, &root_key, err));
    BL_TRY(bl_key_spki(root_key, &found, err));
    BL_TRY(bl_key_spki(pin->root, &pinned, err));
    if (!bl_equal(bulla_buffer_bytes(&found), bulla_buffer_bytes(&pinned)))
        return bulla_fail(err, BULLA_E_UNTRUSTED, "server certificate",
                          "the broker's root key is not the pinned one", 0);
    const struct bl_certificate *const leaf_only[] = { leaf };
    return bl_chain_verify(leaf_only, 1, root, pin->now_s, NULL, err);
}

static int
verify_callback(X509_STORE_CTX *store, void *argument)
{
    struct pin *pin = argument;
    bool accepted = check_pinned_chain(X509_STORE_CTX_get0_untrusted(store), pin) == BULLA_OK;

    X509_STORE_CTX_set_error(store, accepted ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return accepted ? 1 : 0;
}

enum bulla_status
bl_tls_connect(const struct bl_key *root, int64_t now_s, int fd, unsigned timeout_ms,
               struct bl_tls **tls_out, struct bulla_error *err)
{
    struct pin pin = { .root = root, .now_s = now_s };
    BL_AUTO_FREE(bl_tls) tls = NULL;

    ERR_clear_error();
    SSL_CTX *context = new_context(TLS_client_method());
    if (context == NULL)
        return library_failure(err, "the client's context could not be made");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify_callback, &pin);
    enum bulla_status status = new_connection(context, fd, &tls, err);
    if (status != BULLA_OK) {
        SSL_CTX_free(context);
        return status;
    }
    tls->context = context;
    SSL_set_connect_state(tls->ssl);
    status = handshake(tls, timeout_ms, err);
    SSL_CTX_set_cert_verify_callback(context, NULL, NULL);
    if (pin.err.status != BULLA_OK) { /* the cause, rather than the alert that followed from it */
        bulla_error_clear(err);
        if (err != NULL)
            *err = pin.err;
        return pin.err.status;
    }
    BL_TRY(status);
    X509 *peer = SSL_get0_peer_certificate(tls->ssl);
    if (peer == NULL || SSL_get_verify_result(tls->ssl) != X509_V_OK)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "server certificate", "none was shown", 0);
    *tls_out = tls;
    tls = NULL;
    return BULLA_OK;
}

void
bl_tls_free(struct bl_tls *tls)
{
    if (tls == NULL)
        return;
    if (tls->ssl != NULL && !tls->broken && !tls->mute)
        (void)SSL_shutdown(tls->ssl); /* politeness: nothing depends on it */
    SSL_free(tls->ssl);
    SSL_CTX_free(tls->context);
    ERR_clear_error();
    bl_free(tls);
}

static enum bulla_status
spki_hash(X509 *certificate, uint8_t hash_out[BL_SPKI_HASH_SIZE], struct bulla_error *err)
{
    unsigned char *der = NULL;
    int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

    if (size <= 0)
        return library_failure(err, "the peer's key could not be read");
    enum bulla_status status =
        bl_hash_once(BL_SHA384, (struct bulla_bytes){ der, (size_t)size }, hash_out, err);
    OPENSSL_free(der);
    return status;
}

enum bulla_status
bl_tls_facts(const struct bl_tls *tls, struct bl_tls_facts *facts_out, struct bulla_error *err)
{
    bool is_server = SSL_is_server(tls->ssl) == 1;
    X509 *server = is_server ? SSL_get_certificate(tls->ssl) : SSL_get0_peer_certificate(tls->ssl);
    const SSL_CIPHER *cipher = SSL_get_current_cipher(tls->ssl);
    struct bl_tls_facts facts = { 0 };

    if (server == NULL || cipher == NULL)
        return bulla_fail(err, BULLA_E_CRYPTO, "tls", "the connection has no certificate", 0);
    BL_TRY(spki_hash(server, facts.server_spki_hash, err));
    facts.cipher_suite = (uint16_t)SSL_CIPHER_get_protocol_id(cipher);
    *facts_out = facts;
    return BULLA_OK;
}

enum bulla_status
bl_tls_export(const struct bl_tls *tls, const char *label, struct bulla_bytes context, size_t size,
              struct bl_secret *out, struct bulla_error *err)
{
    BL_TRY(bl_secret_new(out, size, err));
    /* -1 before the handshake is finished: anything but 1 is a failure. */
    if (bl_fault_point(BL_FAULT_SOCKET) ||
        SSL_export_keying_material(tls->ssl, out->data, size, label, strlen(label), context.data,
                                   context.size, 1) != 1) {
        bl_secret_done(out);
        return library_failure(err, "the exporter failed");
    }
    return BULLA_OK;
}

static enum bulla_status
write_all(struct bl_tls *tls, struct bulla_bytes bytes, int64_t deadline_ms,
          struct bulla_error *err)
{
    size_t done = 0;

    while (done < bytes.size) {
        size_t written = 0;
        ERR_clear_error();
        BL_TRY(fault(tls, err));
        int result = SSL_write_ex(tls->ssl, bytes.data + done, bytes.size - done, &written);
        if (result == 1)
            done += written;
        else
            BL_TRY(again(tls, result, deadline_ms, err));
    }
    return BULLA_OK;
}

enum bulla_status
bl_tls_send_frame(struct bl_tls *tls, struct bulla_bytes body, unsigned timeout_ms,
                  struct bulla_error *err)
{
    int64_t deadline_ms = deadline(timeout_ms);
    uint8_t length[4] = { (uint8_t)(body.size >> 24), (uint8_t)(body.size >> 16),
                          (uint8_t)(body.size >> 8), (uint8_t)body.size };

    if (tls->broken || tls->mute)
        return bulla_fail(err, BULLA_E_UNREACHABLE, "tls", "the connection broke", 0);
    if (body.size > BL_FRAME_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "frame", "too large", body.size);
    enum bulla_status status = write_all(tls, BL_BYTES_OF(length), deadline_ms, err);
    if (status == BULLA_OK)
        status = write_all(tls, body, deadline_ms, err);
    tls->mute |= status != BULLA_OK;
    return status;
}

/* *started_out tells whether any byte came before the end. */
static enum bulla_status
read_all(struct bl_tls *tls, uint8_t *out, size_t size, int64_t deadline_ms, bool *started_out,
         struct bulla_error *err)
{
    size_t done = 0;

    while (done < size) {
        size_t read = 0;
        ERR_clear_error();
        BL_TRY(fault(tls, err));
        int result = SSL_read_ex(tls->ssl, out + done, size - done, &read);
        if (result == 1) {
            done += read;
            *started_out = true;
        } else {
            BL_TRY(again(tls, result, deadline_ms, err));
        }
    }
    return BULLA_OK;
}

enum bulla_status
bl_tls_receive_frame(struct bl_tls *tls, unsigned timeout_ms, struct bulla_buffer *body_out,
                     struct bulla_error *err)
{
    int64_t deadline_ms = deadline(timeout_ms);
    uint8_t length[4];
    bool started = false;
    uint8_t *body = NULL;

    bulla_buffer_clear(body_out);
    if (tls->broken)
        return bulla_fail(err, BULLA_E_UNREACHABLE, "tls", "the connection broke", 0);
    enum bulla_status status = read_all(tls, length, sizeof length, deadline_ms, &started, err);
    if (status != BULLA_OK) {
        tls->broken = tls->broken || started;
        return status;
    }
    size_t size = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8 |
                  (size_t)length[3];
    if (size > BL_FRAME_SIZE_MAX) {
        tls->broken = true;
        return bulla_fail(err, BULLA_E_LIMIT, "frame", "too large", size);
    }
    status = bulla_buffer_extend(body_out, size, &body, err);
    if (status == BULLA_OK)
        status = read_all(tls, body, size, deadline_ms, &started, err);
    if (status != BULLA_OK) {
        tls->broken = true;
        bulla_buffer_clear(body_out);
    }
    return status;
}

bool
bl_tls_has_pending(const struct bl_tls *tls)
{
    return SSL_has_pending(tls->ssl) == 1;
}
