/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http/fetch.h: get one public document over HTTP.
 *
 * Guarantees: http and https only, no redirect, no credentials, no proxy or other setting from the
 * environment, no content coding; bounded size and time; with https always the server's certificate
 * and name. What comes is believed by nobody: it is verified afterwards.
 */
#ifndef BL_HTTP_FETCH_H
#define BL_HTTP_FETCH_H

#include "base/buffer.h"
#include "wire/address.h"

#define BL_FETCH_URL_SIZE_MAX 512
#define BL_FETCH_SIZE_MAX ((size_t)65536) /* bytes of a document */

/** Host and port (80, 443 by default) of an http or https URL without user, query or fragment;
 *  BULLA_E_MALFORMED. */
enum bulla_status bl_url_endpoint(struct bulla_bytes url, struct bl_endpoint *endpoint_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** True if `hosts` is empty or endpoints "HOST:PORT" with single spaces between. */
bool bl_hosts_are_valid(struct bulla_bytes hosts);
/** True if the endpoint is one of `hosts`. */
bool bl_hosts_allow(struct bulla_bytes hosts, const struct bl_endpoint *endpoint);

/** To be called once before threads start and before the process is confined. */
enum bulla_status bl_fetch_initialise(struct bulla_error *err) BULLA_CHECKED;
#define BL_FETCH_HEADER_COUNT_MAX 4
#define BL_FETCH_HEADER_SIZE_MAX \
    32768                        /* bytes of a value; two certificates in a URL's coding: 6000 */
#define BL_FETCH_WAIT_MAX_S 3600 /* the longest wait that a server is believed to want */

struct bl_fetch_request {
    struct bulla_bytes url;
    struct bulla_bytes query; /* what follows "?": letters, digits and "-._~=&"; may be empty */
    unsigned timeout_ms;      /* for all of it */
    size_t size_max;          /* bytes of the document */
    const char
        *authorities; /* PEM file that https is verified with besides the system's; or NULL */
    const char *headers[BL_FETCH_HEADER_COUNT_MAX]; /* wanted, by name; the rest NULL */
};
struct bl_fetch_answer {
    unsigned status;          /* of HTTP; 0: it did not come to that */
    unsigned retry_after_s;   /* as the server said, at most BL_FETCH_WAIT_MAX_S; 0: nothing said */
    struct bulla_buffer body; /* of a 200 */
    struct bulla_buffer headers[BL_FETCH_HEADER_COUNT_MAX]; /* as wanted; empty if not there */
};
void bl_fetch_answer_done(struct bl_fetch_answer *answer);
/** Ask once. *answer must be empty; whatever comes of it, its status and retry_after_s are set.
 *  BULLA_OK is a 200 that is no web page. Causes: NOT_FOUND (404, 410), SOURCE_BUSY (429, 503),
 *  SOURCE_ANSWER (anything else), UNREACHABLE, TIMEOUT, LIMIT, MALFORMED (the URL). */
enum bulla_status bl_fetch_get(const struct bl_fetch_request *request,
                               struct bl_fetch_answer *answer,
                               struct bulla_error *err) BULLA_CHECKED;

/** Append the document at `url`, of at most BL_FETCH_SIZE_MAX bytes. As bl_fetch_get(). */
enum bulla_status bl_fetch(struct bulla_bytes url, unsigned timeout_ms, struct bulla_buffer *out,
                           struct bulla_error *err) BULLA_CHECKED;

#endif
