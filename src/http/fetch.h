/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http/fetch.h: get one small public document over HTTP.
 *
 * Guarantees: http and https only, no redirect, no credentials, no proxy or other setting from the
 * environment; bounded size and time. What comes is believed by nobody: it is verified afterwards.
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
/** Append the document at `url`. BULLA_E_UNREACHABLE, BULLA_E_TIMEOUT, BULLA_E_LIMIT,
 *  BULLA_E_NOT_FOUND (any answer but 200). */
enum bulla_status bl_fetch(struct bulla_bytes url, unsigned timeout_ms, struct bulla_buffer *out,
                           struct bulla_error *err) BULLA_CHECKED;

#endif
