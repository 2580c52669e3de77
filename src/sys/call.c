/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/call.h"

static enum bulla_cause
errno_cause(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return BULLA_CAUSE_NOT_FOUND;
    case EEXIST:
        return BULLA_CAUSE_EXISTS;
    case EBUSY:
    case EADDRINUSE:
        return BULLA_CAUSE_BUSY;
    case ENOMEM:
        return BULLA_CAUSE_MEMORY;
    case ELOOP: /* a symbolic link where none is followed */
        return BULLA_CAUSE_DENIED;
    case ETIMEDOUT:
        return BULLA_CAUSE_TIMEOUT;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return BULLA_CAUSE_UNREACHABLE;
    case EPIPE:
    case ECONNRESET:
    case ECONNABORTED:
        return BULLA_CAUSE_CONNECTION_CLOSED;
    default:
        return BULLA_CAUSE_IO;
    }
}

enum bulla_status
bl_fail_errno(struct bulla_error *err, const char *where, const char *what)
{
    int code = errno;

    return bulla_fail_detail(err, errno_cause(code), where, what, (unsigned long)code);
}
