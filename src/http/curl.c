/* SPDX-License-Identifier: Apache-2.0 */
#include "http/curl.h"

#include <dlfcn.h>
#include <pthread.h>

#include "base/fault.h"

#define LIBRARY_NAME "libcurl.so.4" /* the version of its interface, since 2006 */

static struct bl_curl curl;
static bool is_ready;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* POSIX has functions be pointers to objects here (dlsym(), "Application usage"). */
static bool
find(void *library, const char *name, void *function_out)
{
    void *found = dlsym(library, name);

    *(void **)function_out = found;
    return found != NULL;
}

static void
load(void)
{
    void *library = dlopen(LIBRARY_NAME, RTLD_NOW | RTLD_LOCAL);

    is_ready = library != NULL && find(library, "curl_global_init", &curl.global_init) &&
               find(library, "curl_easy_init", &curl.easy_init) &&
               find(library, "curl_easy_setopt", &curl.easy_setopt) &&
               find(library, "curl_easy_perform", &curl.easy_perform) &&
               find(library, "curl_easy_getinfo", &curl.easy_getinfo) &&
               find(library, "curl_easy_cleanup", &curl.easy_cleanup) &&
               curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

enum bulla_status
bl_curl(const struct bl_curl **curl_out, struct bulla_error *err)
{
    if (bl_fault_point(BL_FAULT_SOCKET) || pthread_once(&once, load) != 0 || !is_ready)
        return bulla_fail(err, BULLA_E_UNAVAILABLE, "fetch", LIBRARY_NAME " does not load", 0);
    *curl_out = &curl;
    return BULLA_OK;
}
