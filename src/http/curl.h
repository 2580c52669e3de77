/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http/curl.h: libcurl, loaded when something is to be fetched and not before.
 *
 * It brings thirty libraries along, more than all others of ours together: half the time in which a
 * verb that fetches nothing starts, and code beside secrets that nothing there calls. So the program
 * is not linked with it.
 * Guarantees: found as the dynamic linker finds libraries that a program names (no path of ours);
 * loaded once, whole or not at all.
 */
#ifndef BL_HTTP_CURL_H
#define BL_HTTP_CURL_H

#include <curl/curl.h>

#include "bulla/status.h"

/** What of it is used, by its own names without "curl_". */
struct bl_curl {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_perform) *easy_perform;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
};

/** The library, initialised; BULLA_E_UNAVAILABLE, then for good. */
enum bulla_status bl_curl(const struct bl_curl **curl_out, struct bulla_error *err) BULLA_CHECKED;

#endif
