/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/address.h: where a broker is and who it is, in one line of text:
 *
 *     bulla://HOST:PORT#BASE64URL
 *
 * HOST is a DNS name in lower case, an IPv4 address or an IPv6 address in brackets; PORT is a
 * number from 1 to 65535; BASE64URL (RFC 4648 section 5, not padded) is the raw Ed25519 root key of
 * the broker. There is one text for one address.
 * Does not: resolve names, or judge whether the key is a point of the curve.
 */
#ifndef BL_WIRE_ADDRESS_H
#define BL_WIRE_ADDRESS_H

#include "base/buffer.h"

#define BL_HOST_SIZE_MAX 253           /* bytes: a DNS name */
#define BL_BROKER_ROOT_SIZE 32         /* bytes: a raw Ed25519 public key */
#define BL_BROKER_ADDRESS_SIZE_MAX 320 /* bytes: "bulla://[...]:65535#" and 43 characters of key */

/** A host and a port: "HOST:PORT". */
struct bl_endpoint {
    char host[BL_HOST_SIZE_MAX + 1]; /* without brackets */
    uint16_t port;                   /* never 0 */
};
/** All of `text`; BULLA_E_MALFORMED. */
enum bulla_status bl_endpoint_parse(struct bulla_bytes text, struct bl_endpoint *endpoint_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** Append the text. BULLA_E_ARGUMENT if it would not parse to the same. */
enum bulla_status bl_endpoint_format(const struct bl_endpoint *endpoint,
                                     struct bulla_buffer *text_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** True if both are the same host, as text, and port. */
bool bl_endpoint_is(const struct bl_endpoint *a, const struct bl_endpoint *b);

struct bl_broker_address {
    struct bl_endpoint endpoint;
    uint8_t root[BL_BROKER_ROOT_SIZE];
};
/** All of `text`; BULLA_E_MALFORMED. */
enum bulla_status bl_broker_address_parse(struct bulla_bytes text,
                                          struct bl_broker_address *address_out,
                                          struct bulla_error *err) BULLA_CHECKED;
/** Append the text. BULLA_E_ARGUMENT if it would not parse to the same. */
enum bulla_status bl_broker_address_format(const struct bl_broker_address *address,
                                           struct bulla_buffer *text_out,
                                           struct bulla_error *err) BULLA_CHECKED;

#endif
