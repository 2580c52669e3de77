/* SPDX-License-Identifier: Apache-2.0 */
#include "http/fetch.h"

#include <string.h>

#include <curl/curl.h>

#include "base/fault.h"
#include "base/memory.h"

static bool
takes(struct bulla_bytes *rest, struct bulla_bytes prefix)
{
    if (rest->size < prefix.size ||
        !bl_equal((struct bulla_bytes){ rest->data, prefix.size }, prefix))
        return false;
    rest->data += prefix.size;
    rest->size -= prefix.size;
    return true;
}

/* Visible ASCII without what separates user, query and fragment, or quotes. */
static bool
is_plain(struct bulla_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c <= 0x20 || c >= 0x7f || strchr("@?#\\\"<>^`{|}", c) != NULL)
            return false;
    }
    return true;
}

enum bulla_status
bl_url_endpoint(struct bulla_bytes url, struct bl_endpoint *endpoint_out, struct bulla_error *err)
{
    struct bulla_bytes rest = url;
    BL_AUTO(bulla_buffer) text = { 0 };
    bool secure = takes(&rest, BL_LITERAL("https://"));

    if (url.size > BL_FETCH_URL_SIZE_MAX || !is_plain(url) ||
        (!secure && !takes(&rest, BL_LITERAL("http://"))))
        return bulla_fail(err, BULLA_E_MALFORMED, "URL", "not one that is fetched from", 0);
    const uint8_t *slash = memchr(rest.data, '/', rest.size);
    struct bulla_bytes host = { rest.data,
                                slash == NULL ? rest.size : (size_t)(slash - rest.data) };
    BL_TRY(bulla_buffer_append(&text, host, err));
    if (host.size > 0 && memchr(host.data, ':', host.size) == NULL)
        BL_TRY(bulla_buffer_append(&text, secure ? BL_LITERAL(":443") : BL_LITERAL(":80"), err));
    return bl_endpoint_parse(bulla_buffer_bytes(&text), endpoint_out, err);
}

/* The next word of the list; false at its end. */
static bool
next_host(struct bulla_bytes *rest, struct bulla_bytes *host_out)
{
    if (rest->size == 0)
        return false;
    const uint8_t *space = memchr(rest->data, ' ', rest->size);
    size_t size = space == NULL ? rest->size : (size_t)(space - rest->data);
    *host_out = (struct bulla_bytes){ rest->data, size };
    size_t used = size + (space == NULL ? 0 : 1);
    *rest = (struct bulla_bytes){ rest->data + used, rest->size - used };
    return true;
}

bool
bl_hosts_are_valid(struct bulla_bytes hosts)
{
    struct bulla_bytes rest = hosts;
    struct bulla_bytes host = { NULL, 0 };
    struct bl_endpoint endpoint = { 0 };

    if (hosts.size > 0 && hosts.data[hosts.size - 1] == ' ')
        return false;
    while (next_host(&rest, &host)) {
        if (bl_endpoint_parse(host, &endpoint, NULL) != BULLA_OK)
            return false;
    }
    return true;
}

bool
bl_hosts_allow(struct bulla_bytes hosts, const struct bl_endpoint *endpoint)
{
    struct bulla_bytes host = { NULL, 0 };
    struct bl_endpoint listed = { 0 };

    while (next_host(&hosts, &host)) {
        if (bl_endpoint_parse(host, &listed, NULL) == BULLA_OK && bl_endpoint_is(&listed, endpoint))
            return true;
    }
    return false;
}

enum bulla_status
bl_fetch_initialise(struct bulla_error *err)
{
    if (bl_fault_point(BL_FAULT_SOCKET) || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return bulla_fail(err, BULLA_E_UNAVAILABLE, "fetch", "the HTTP library cannot start", 0);
    return BULLA_OK;
}

struct receiving {
    struct bulla_buffer *out;
    bool too_large;
    bool no_memory;
};

/* curl's write function: anything but the size offered ends the transfer. */
static size_t
receive(char *data, size_t size, size_t count, void *context)
{
    struct receiving *receiving = context;
    const size_t total = size * count; /* size is always 1 */

    receiving->too_large = total > BL_FETCH_SIZE_MAX - receiving->out->size;
    if (receiving->too_large)
        return 0;
    receiving->no_memory =
        bulla_buffer_append(receiving->out, (struct bulla_bytes){ (const uint8_t *)data, total },
                            NULL) != BULLA_OK;
    return receiving->no_memory ? 0 : total;
}

static bool
set_options(CURL *curl, const char *url, unsigned timeout_ms, struct receiving *receiving)
{
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_MAXFILESIZE, (long)BL_FETCH_SIZE_MAX) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "bulla/" BULLA_VERSION) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, receiving) == CURLE_OK;
}

static enum bulla_status
outcome(CURLcode code, long answer, const struct receiving *receiving, struct bulla_error *err)
{
    if (receiving->no_memory)
        return bulla_fail(err, BULLA_E_MEMORY, "fetch", "out of memory", 0);
    if (receiving->too_large || code == CURLE_FILESIZE_EXCEEDED)
        return bulla_fail(err, BULLA_E_LIMIT, "fetch", "the document is too large", 0);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return bulla_fail(err, BULLA_E_TIMEOUT, "fetch", "no answer in time", 0);
    if (code != CURLE_OK)
        return bulla_fail_detail(err, BULLA_CAUSE_UNREACHABLE, "fetch", "it cannot be reached",
                                 (unsigned long)code);
    if (answer != 200)
        return bulla_fail_detail(err, BULLA_CAUSE_NOT_FOUND, "fetch", "it is not there",
                                 (unsigned long)answer);
    return BULLA_OK;
}

enum bulla_status
bl_fetch(struct bulla_bytes url, unsigned timeout_ms, struct bulla_buffer *out,
         struct bulla_error *err)
{
    char text[BL_FETCH_URL_SIZE_MAX + 1] = { 0 };
    BL_AUTO(bulla_buffer) document = { 0 };
    struct receiving receiving = { .out = &document };
    struct bl_endpoint endpoint = { 0 };
    long answer = 0;

    BL_TRY(bl_url_endpoint(url, &endpoint, err));
    memcpy(text, url.data, url.size);
    CURL *curl = bl_fault_point(BL_FAULT_SOCKET) ? NULL : curl_easy_init();
    if (curl == NULL || !set_options(curl, text, timeout_ms, &receiving)) {
        curl_easy_cleanup(curl);
        return bulla_fail(err, BULLA_E_UNAVAILABLE, "fetch", "the HTTP library refused", 0);
    }
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    curl_easy_cleanup(curl);
    BL_TRY(outcome(code, answer, &receiving, err));
    return bulla_buffer_append(out, bulla_buffer_bytes(&document), err);
}
