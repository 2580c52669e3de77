/* SPDX-License-Identifier: Apache-2.0 */
#include "http/fetch.h"

#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "http/curl.h"

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
    const struct bl_curl *library = NULL;

    return bl_curl(&library, err);
}

void
bl_fetch_answer_done(struct bl_fetch_answer *answer)
{
    bulla_buffer_done(&answer->body);
    for (size_t i = 0; i < BL_COUNT_OF(answer->headers); i++)
        bulla_buffer_done(&answer->headers[i]);
    *answer = (struct bl_fetch_answer){ 0 };
}

/* -- what comes in ------------------------------------------------------------------------------- */

struct receiving {
    const struct bl_fetch_request *request;
    struct bl_fetch_answer *answer;
    bool too_large;
    bool no_memory;
    bool is_ambiguous; /* a header that steers something came twice */
    bool is_page;      /* text/html: of a proxy or portal, no document */
};

/* curl's write function: anything but the size offered ends the transfer. */
static size_t
receive(char *data, size_t size, size_t count, void *context)
{
    struct receiving *receiving = context;
    struct bulla_buffer *body = &receiving->answer->body;
    const size_t total = size * count; /* size is always 1 */

    receiving->too_large = total > receiving->request->size_max - body->size;
    if (receiving->too_large)
        return 0;
    receiving->no_memory =
        bulla_buffer_append(body, (struct bulla_bytes){ (const uint8_t *)data, total }, NULL) !=
        BULLA_OK;
    return receiving->no_memory ? 0 : total;
}

/* True if the line is this header; then *value_out is what it says, without the space around it. */
static bool
is_header(struct bulla_bytes line, const char *name, struct bulla_bytes *value_out)
{
    const size_t size = strlen(name);

    if (line.size <= size || line.data[size] != ':' ||
        strncasecmp((const char *)line.data, name, size) != 0)
        return false;
    struct bulla_bytes value = { line.data + size + 1, line.size - size - 1 };
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value.data++;
        value.size--;
    }
    while (value.size > 0 && strchr(" \t\r\n", value.data[value.size - 1]) != NULL)
        value.size--;
    *value_out = value;
    return true;
}

/* Retry-After in seconds; as a date, or as anything else, it says nothing. */
static unsigned
wait_of(struct bulla_bytes value)
{
    unsigned seconds = 0;

    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return 0;
        if (seconds < BL_FETCH_WAIT_MAX_S)
            seconds = 10 * seconds + (value.data[i] - (unsigned)'0');
    }
    return seconds < BL_FETCH_WAIT_MAX_S ? seconds : BL_FETCH_WAIT_MAX_S;
}

static bool
keep_header(struct receiving *receiving, struct bulla_bytes line)
{
    struct bl_fetch_answer *answer = receiving->answer;
    struct bulla_bytes value = { NULL, 0 };

    for (size_t i = 0; i < BL_COUNT_OF(answer->headers); i++) {
        const char *name = receiving->request->headers[i];
        if (name == NULL || !is_header(line, name, &value))
            continue;
        receiving->is_ambiguous = answer->headers[i].size > 0;
        receiving->too_large = value.size > BL_FETCH_HEADER_SIZE_MAX;
        if (receiving->is_ambiguous || receiving->too_large)
            return false;
        receiving->no_memory = bulla_buffer_append(&answer->headers[i], value, NULL) != BULLA_OK;
        return !receiving->no_memory;
    }
    if (is_header(line, "Retry-After", &value))
        answer->retry_after_s = wait_of(value);
    if (is_header(line, "Content-Type", &value))
        receiving->is_page =
            value.size >= 9 && strncasecmp((const char *)value.data, "text/html", 9) == 0;
    return true;
}

/* curl's header function, line by line; of what stands behind the document (trailers) nothing counts. */
static size_t
receive_header(char *data, size_t size, size_t count, void *context)
{
    struct receiving *receiving = context;
    const size_t total = size * count;

    if (receiving->answer->body.size > 0)
        return total;
    return keep_header(receiving, (struct bulla_bytes){ (const uint8_t *)data, total }) ? total : 0;
}

/* -- one request --------------------------------------------------------------------------------- */

static bool
is_plain_query(struct bulla_bytes query)
{
    for (size_t i = 0; i < query.size; i++) {
        uint8_t c = query.data[i];
        bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_word && (c == '\0' || strchr("-._~=&", c) == NULL))
            return false;
    }
    return query.size <= BL_FETCH_URL_SIZE_MAX;
}

#define TEXT_SIZE (2 * BL_FETCH_URL_SIZE_MAX + 2) /* URL, "?", query, zero */

static enum bulla_status
write_url(const struct bl_fetch_request *request, char text[TEXT_SIZE], struct bulla_error *err)
{
    struct bl_endpoint endpoint = { 0 };

    BL_TRY(bl_url_endpoint(request->url, &endpoint, err));
    if (!is_plain_query(request->query))
        return bulla_fail(err, BULLA_E_MALFORMED, "URL", "its query is not one we make", 0);
    memcpy(text, request->url.data, request->url.size);
    if (request->query.size == 0)
        return BULLA_OK;
    text[request->url.size] = '?';
    memcpy(text + request->url.size + 1, request->query.data, request->query.size);
    return BULLA_OK;
}

static bool
set_options(const struct bl_curl *library, CURL *curl, const char *url, struct receiving *receiving)
{
    const struct bl_fetch_request *request = receiving->request;
    __typeof__(library->easy_setopt) set = library->easy_setopt;

    return set(curl, CURLOPT_URL, url) == CURLE_OK &&
           set(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           set(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           set(curl, CURLOPT_PROXY, "") == CURLE_OK &&
           set(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           set(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           set(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           set(curl, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           set(curl, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           (request->authorities == NULL ||
            set(curl, CURLOPT_CAINFO, request->authorities) == CURLE_OK) &&
           set(curl, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms) == CURLE_OK &&
           set(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->size_max) == CURLE_OK &&
           set(curl, CURLOPT_USERAGENT, "bulla/" BULLA_VERSION) == CURLE_OK &&
           set(curl, CURLOPT_HEADERFUNCTION, receive_header) == CURLE_OK &&
           set(curl, CURLOPT_HEADERDATA, receiving) == CURLE_OK &&
           set(curl, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK &&
           set(curl, CURLOPT_WRITEDATA, receiving) == CURLE_OK;
}

static enum bulla_status
outcome_of_transfer(CURLcode code, const struct receiving *receiving, struct bulla_error *err)
{
    if (receiving->no_memory)
        return bulla_fail(err, BULLA_E_MEMORY, "fetch", "out of memory", 0);
    if (receiving->too_large || code == CURLE_FILESIZE_EXCEEDED)
        return bulla_fail(err, BULLA_E_LIMIT, "fetch", "the document is too large", 0);
    if (receiving->is_ambiguous)
        return bulla_fail_cause(err, BULLA_CAUSE_SOURCE_ANSWER, "fetch", "a header is there twice");
    if (code == CURLE_OPERATION_TIMEDOUT)
        return bulla_fail(err, BULLA_E_TIMEOUT, "fetch", "no answer in time", 0);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return bulla_fail_detail(err, BULLA_CAUSE_UNREACHABLE, "fetch",
                                 "its certificate does not verify", (unsigned long)code);
    if (code != CURLE_OK)
        return bulla_fail_detail(err, BULLA_CAUSE_UNREACHABLE, "fetch", "it cannot be reached",
                                 (unsigned long)code);
    return BULLA_OK;
}

static enum bulla_status
outcome_of_answer(const struct receiving *receiving, struct bulla_error *err)
{
    const unsigned status = receiving->answer->status;

    switch (status) {
    case 200:
        return receiving->is_page
                   ? bulla_fail_cause(err, BULLA_CAUSE_SOURCE_ANSWER, "fetch", "a web page came")
                   : BULLA_OK;
    case 404:
    case 410:
        return bulla_fail_detail(err, BULLA_CAUSE_NOT_FOUND, "fetch", "it is not there", status);
    case 429:
    case 503:
        return bulla_fail_detail(err, BULLA_CAUSE_SOURCE_BUSY, "fetch", "it wants us to wait",
                                 status);
    default:
        break;
    }
    return bulla_fail_detail(err, BULLA_CAUSE_SOURCE_ANSWER, "fetch",
                             status >= 300 && status < 400 ? "it sends us elsewhere"
                                                           : "it did not give the document",
                             status);
}

static enum bulla_status
perform(const struct bl_curl *library, CURL *curl, struct receiving *receiving,
        struct bulla_error *err)
{
    long status = 0;
    CURLcode code = library->easy_perform(curl);

    BL_TRY(outcome_of_transfer(code, receiving, err));
    if (library->easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
        receiving->answer->status = (unsigned)status;
    return outcome_of_answer(receiving, err);
}

enum bulla_status
bl_fetch_get(const struct bl_fetch_request *request, struct bl_fetch_answer *answer,
             struct bulla_error *err)
{
    char text[TEXT_SIZE] = { 0 };
    struct receiving receiving = { .request = request, .answer = answer };
    const struct bl_curl *library = NULL;

    BL_TRY(write_url(request, text, err));
    BL_TRY(bl_curl(&library, err));
    CURL *curl = library->easy_init();
    if (curl == NULL || !set_options(library, curl, text, &receiving)) {
        library->easy_cleanup(curl);
        return bulla_fail(err, BULLA_E_UNAVAILABLE, "fetch", "the HTTP library refused", 0);
    }
    enum bulla_status status = perform(library, curl, &receiving, err);
    library->easy_cleanup(curl);
    return status;
}

enum bulla_status
bl_fetch(struct bulla_bytes url, unsigned timeout_ms, struct bulla_buffer *out,
         struct bulla_error *err)
{
    const struct bl_fetch_request request = { .url = url,
                                              .timeout_ms = timeout_ms,
                                              .size_max = BL_FETCH_SIZE_MAX };
    BL_AUTO(bl_fetch_answer) answer = { 0 };

    BL_TRY(bl_fetch_get(&request, &answer, err));
    return bulla_buffer_append(out, bulla_buffer_bytes(&answer.body), err);
}
