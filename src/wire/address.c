/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/address.c: see address.h.
 */
#include "wire/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "codec/base64.h"

#define SCHEME "bulla://"
#define LABEL_SIZE_MAX 63 /* bytes: RFC 1035 section 2.3.4 */

static const char where[] = "broker address";

static enum bulla_status
malformed(struct bulla_error *err, const char *what)
{
    return bulla_fail(err, BULLA_E_MALFORMED, where, what, 0);
}

static bool
is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool
label_byte_is_valid(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
}

/** Labels of letters, digits and inner hyphens, joined by single dots (RFC 1123 section 2.1). The
 *  last one has a letter: what looks like a number is judged as an IPv4 address. */
static bool
is_dns_name(struct bulla_bytes host)
{
    size_t label_size = 0;
    bool has_letter = false;

    for (size_t i = 0; i < host.size; i++) {
        uint8_t c = host.data[i];
        bool last = i + 1 == host.size || host.data[i + 1] == '.';
        if (c == '.') {
            if (label_size == 0 || i + 1 == host.size)
                return false;
            label_size = 0;
            has_letter = false;
            continue;
        }
        if (!label_byte_is_valid(c) || (c == '-' && (label_size == 0 || last)) ||
            ++label_size > LABEL_SIZE_MAX)
            return false;
        has_letter = has_letter || !is_digit(c);
    }
    return has_letter && host.size <= BL_HOST_SIZE_MAX;
}

/** True if `host` is an address of this family in the one form that inet_ntop() writes. */
static bool
is_numeric(int family, const char *host)
{
    uint8_t bytes[sizeof(struct in6_addr)];
    char canonical[INET6_ADDRSTRLEN];

    return inet_pton(family, host, bytes) == 1 &&
           inet_ntop(family, bytes, canonical, sizeof canonical) != NULL &&
           strcmp(host, canonical) == 0;
}

static enum bulla_status
parse_host(struct bulla_bytes text, char host_out[BL_HOST_SIZE_MAX + 1], struct bulla_error *err)
{
    bool brackets = text.size >= 2 && text.data[0] == '[' && text.data[text.size - 1] == ']';
    char host[BL_HOST_SIZE_MAX + 1] = { 0 };

    if (brackets)
        text = (struct bulla_bytes){ text.data + 1, text.size - 2 };
    if (text.size == 0 || text.size > BL_HOST_SIZE_MAX || memchr(text.data, 0, text.size) != NULL)
        return malformed(err, "its host is empty or too long");
    memcpy(host, text.data, text.size);
    if (brackets ? !is_numeric(AF_INET6, host) : !is_dns_name(text) && !is_numeric(AF_INET, host))
        return malformed(err, "its host is no name in lower case, IPv4 address or [IPv6 address]");
    memcpy(host_out, host, sizeof host);
    return BULLA_OK;
}

static enum bulla_status
parse_port(struct bulla_bytes text, uint16_t *port_out, struct bulla_error *err)
{
    uint32_t port = 0;

    if (text.size == 0 || text.size > 5 || text.data[0] == '0')
        return malformed(err, "its port is not a number from 1 to 65535");
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.data[i]))
            return malformed(err, "its port is not a number from 1 to 65535");
        port = port * 10 + (uint32_t)(text.data[i] - '0');
    }
    if (port > UINT16_MAX)
        return malformed(err, "its port is not a number from 1 to 65535");
    *port_out = (uint16_t)port;
    return BULLA_OK;
}

enum bulla_status
bl_endpoint_parse(struct bulla_bytes text, struct bl_endpoint *endpoint_out,
                  struct bulla_error *err)
{
    const uint8_t *colon = text.size > 0 ? memrchr(text.data, ':', text.size) : NULL;
    struct bl_endpoint endpoint = { 0 };

    if (colon == NULL)
        return malformed(err, "it is not HOST:PORT");
    size_t host_size = (size_t)(colon - text.data);
    struct bulla_bytes port = { colon + 1, text.size - host_size - 1 };
    BL_TRY(parse_host((struct bulla_bytes){ text.data, host_size }, endpoint.host, err));
    BL_TRY(parse_port(port, &endpoint.port, err));
    *endpoint_out = endpoint;
    return BULLA_OK;
}

bool
bl_endpoint_is(const struct bl_endpoint *a, const struct bl_endpoint *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

enum bulla_status
bl_endpoint_format(const struct bl_endpoint *endpoint, struct bulla_buffer *text_out,
                   struct bulla_error *err)
{
    bool brackets = strchr(endpoint->host, ':') != NULL;
    char text[BL_HOST_SIZE_MAX + sizeof "[]:65535"];
    struct bl_endpoint again;
    int size = snprintf(text, sizeof text, brackets ? "[%s]:%u" : "%s:%u", endpoint->host,
                        (unsigned)endpoint->port);
    struct bulla_bytes bytes = { (const uint8_t *)text, size > 0 ? (size_t)size : 0 };

    if (bl_endpoint_parse(bytes, &again, NULL) != BULLA_OK || !bl_endpoint_is(&again, endpoint))
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "it is none", 0);
    return bulla_buffer_append(text_out, bytes, err);
}

static enum bulla_status
parse_root(struct bulla_bytes text, uint8_t root_out[BL_BROKER_ROOT_SIZE], struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) root = { 0 };

    BL_TRY(bl_base64_decode(BL_BASE64_URL, text, &root, err));
    if (root.size != BL_BROKER_ROOT_SIZE)
        return malformed(err, "its root key is not 32 bytes");
    memcpy(root_out, root.data, BL_BROKER_ROOT_SIZE);
    return BULLA_OK;
}

enum bulla_status
bl_broker_address_parse(struct bulla_bytes text, struct bl_broker_address *address_out,
                        struct bulla_error *err)
{
    struct bulla_bytes scheme = BL_LITERAL(SCHEME);
    struct bl_broker_address address = { 0 };

    if (text.size > BL_BROKER_ADDRESS_SIZE_MAX)
        return malformed(err, "it is too long");
    if (text.size < scheme.size || memcmp(text.data, scheme.data, scheme.size) != 0)
        return malformed(err, "it does not begin with bulla://");
    text = (struct bulla_bytes){ text.data + scheme.size, text.size - scheme.size };
    const uint8_t *hash = text.size > 0 ? memchr(text.data, '#', text.size) : NULL;
    if (hash == NULL)
        return malformed(err, "it has no root key (#...)");
    size_t endpoint_size = (size_t)(hash - text.data);
    struct bulla_bytes root = { hash + 1, text.size - endpoint_size - 1 };
    BL_TRY(bl_endpoint_parse((struct bulla_bytes){ text.data, endpoint_size }, &address.endpoint,
                             err));
    BL_TRY(parse_root(root, address.root, err));
    *address_out = address;
    return BULLA_OK;
}

enum bulla_status
bl_broker_address_format(const struct bl_broker_address *address, struct bulla_buffer *text_out,
                         struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    BL_TRY(bulla_buffer_append(&text, BL_LITERAL(SCHEME), err));
    BL_TRY(bl_endpoint_format(&address->endpoint, &text, err));
    BL_TRY(bulla_buffer_append(&text, BL_LITERAL("#"), err));
    BL_TRY(bl_base64_encode(BL_BASE64_URL, BL_BYTES_OF(address->root), &text, err));
    return bulla_buffer_append(text_out, bulla_buffer_bytes(&text), err);
}
