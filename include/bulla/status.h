/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulla/status.h: what came of a call, and the record of why.
 *
 * Every fallible function returns enum bulla_status and takes struct bulla_error *err last; err may
 * be NULL. The record holds static strings, numbers and short public values only, so that it can
 * carry neither a secret nor an attacker's text. Text is made in src/cmd/ alone.
 */
#ifndef BULLA_STATUS_H
#define BULLA_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bulla/bytes.h"
#include "bulla/cause.h"

#if defined(__clang__)
#define BULLA_CHECKED_TYPE __attribute__((warn_unused_result)) /* clang: on the type, once */
#else
#define BULLA_CHECKED_TYPE
#endif
#define BULLA_CHECKED __attribute__((warn_unused_result)) /* gcc: on each prototype */

/** What happened. Codes from 32 on are findings about the input: trying again cannot help. */
enum BULLA_CHECKED_TYPE bulla_status {
    BULLA_OK = 0,
    BULLA_E_ARGUMENT = 1,    /* the caller broke the contract */
    BULLA_E_MEMORY = 2,      /* allocation failed */
    BULLA_E_IO = 3,          /* file, socket, database; detail = errno */
    BULLA_E_CRYPTO = 4,      /* the crypto library failed; detail = its code */
    BULLA_E_UNAVAILABLE = 5, /* no such device or kernel feature here */
    BULLA_E_NOT_FOUND = 6,   /* the named thing does not exist */
    BULLA_E_EXISTS = 7,      /* it exists already and was left alone */
    BULLA_E_TIMEOUT = 8,     /* the deadline passed */
    BULLA_E_UNREACHABLE = 9, /* the peer cannot be reached, or hung up */
    BULLA_E_OUTCOME_UNKNOWN =
        10,                   /* perhaps done: a late fsync failed; read again before retrying */
    BULLA_E_BUSY = 11,        /* somebody else holds it */
    BULLA_E_USAGE = 12,       /* the user asked for something that cannot be */
    BULLA_E_MALFORMED = 32,   /* bytes do not follow the format */
    BULLA_E_UNSUPPORTED = 33, /* well formed, but a version or algorithm we do not handle */
    BULLA_E_SIGNATURE = 34,   /* signature does not verify */
    BULLA_E_UNTRUSTED = 35,   /* chain does not reach a trust anchor */
    BULLA_E_MISMATCH = 36,    /* nonce, binding or reference value differs */
    BULLA_E_DENIED = 37,      /* policy says no */
    BULLA_E_INTEGRITY = 38,   /* altered after it was made */
    BULLA_E_STATE = 39,       /* the machine's state differs from the bound one */
    BULLA_E_IDENTITY = 40,    /* another machine, enclave, key or name */
    BULLA_E_STALE = 41,       /* expired, replayed, revoked, rolled back */
    BULLA_E_REFUSED = 42,     /* the server said no */
    BULLA_E_LIMIT = 43        /* larger or more than a stated maximum */
};

enum bulla_value_kind {
    BULLA_VALUE_NONE = 0,
    BULLA_VALUE_NUMBER,
    BULLA_VALUE_BYTES,
    BULLA_VALUE_WORD
};

#define BULLA_VALUE_BYTES_MAX 64 /* bytes: the longest digest we show */

/** A public value found or expected: a number, a digest, or a word of ours. */
struct bulla_value {
    enum bulla_value_kind kind;
    uint64_t number;
    const char *word; /* static */
    uint8_t bytes[BULLA_VALUE_BYTES_MAX];
    size_t size; /* bytes used of `bytes` */
};

/** Caller-owned, zero-initialised; the first failure stays, because it is the cause. */
struct bulla_error {
    enum bulla_status status;
    enum bulla_cause cause;
    const char *where;    /* static: the structure or step, e.g. "sealed blob" */
    const char *what;     /* static: what is wrong with it */
    size_t offset;        /* bytes into `where`, or an index (PCR, slot) where `what` says so */
    unsigned long detail; /* code of the layer below: errno, OpenSSL, TPM2_RC */
    struct bulla_value found;
    struct bulla_value expected;
};

/** Fill *err if it is not NULL and still empty. The cause is the general one of `status`.
 *  `where` and `what` are string literals. Returns `status`. */
enum bulla_status bulla_fail(struct bulla_error *err, enum bulla_status status, const char *where,
                             const char *what, size_t offset) BULLA_CHECKED;

/** As bulla_fail(), with a particular cause, which determines the status. */
enum bulla_status bulla_fail_cause(struct bulla_error *err, enum bulla_cause cause,
                                   const char *where, const char *what) BULLA_CHECKED;

/** As bulla_fail_cause(), with the code of the layer below (errno, OpenSSL, TPM2_RC). */
enum bulla_status bulla_fail_detail(struct bulla_error *err, enum bulla_cause cause,
                                    const char *where, const char *what,
                                    unsigned long detail) BULLA_CHECKED;

/** Attach found and expected to the failure in *err; does nothing if err is NULL. */
void bulla_error_values(struct bulla_error *err, struct bulla_value found,
                        struct bulla_value expected);

struct bulla_value bulla_value_number(uint64_t number);
struct bulla_value bulla_value_word(const char *word);
/** Copies at most BULLA_VALUE_BYTES_MAX bytes: public bytes only, a digest or an identifier. */
struct bulla_value bulla_value_bytes(struct bulla_bytes bytes);

/** Forget a failure that was dealt with. */
void bulla_error_clear(struct bulla_error *err);

/** The general cause of a status; BULLA_CAUSE_NONE for BULLA_OK. */
enum bulla_cause bulla_status_cause(enum bulla_status status);
/** The status that a cause stands for; BULLA_OK for an unknown number. */
enum bulla_status bulla_cause_status(enum bulla_cause cause);
/** Exit code of a command that failed with this cause (0 to 14). */
int bulla_cause_exit_code(enum bulla_cause cause);

/** True for findings about the input, false for failures of our own. */
static inline bool
bulla_status_is_finding(enum bulla_status status)
{
    return status >= 32;
}

/** Return from the enclosing function unless `expr` is BULLA_OK. The only control-flow macro. */
#define BL_TRY(expr)                               \
    do {                                           \
        enum bulla_status bl_try_status_ = (expr); \
        if (bl_try_status_ != BULLA_OK)            \
            return bl_try_status_;                 \
    } while (0)

#endif
