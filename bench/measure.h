/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/measure.h: ours beside a floor, in paired rounds of one run.
 *
 * The floor is a number of signature verifications by libcrypto, each with its key, context and digest
 * at hand: what nobody can do without. Time is the processor's, of this process: other processes make
 * it longer, but not as much as the clock. Printed are both medians in microseconds and the median of
 * the ratios, which is the claim.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUND_COUNT = 41, SLICE_US = 15000 };

static _Noreturn inline void
stop(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static inline double
now_us(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
        stop("no clock");
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static inline int
compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline double
median(double *values)
{
    qsort(values, ROUND_COUNT, sizeof *values, compare);
    return values[ROUND_COUNT / 2];
}

struct floor {
    EVP_PKEY_CTX *context;
    unsigned char digest[48], signature[128];
    size_t digest_size, signature_size;
    unsigned count;
};

static inline struct floor
floor_make(const char *curve, unsigned count)
{
    struct floor floor = { .count = count,
                           .digest_size = strcmp(curve, "P-384") == 0 ? 48 : 32,
                           .signature_size = sizeof floor.signature };
    EVP_PKEY *key = EVP_EC_gen(curve);

    memset(floor.digest, 0x5a, sizeof floor.digest);
    floor.context = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    if (floor.context == NULL || EVP_PKEY_sign_init(floor.context) != 1 ||
        EVP_PKEY_sign(floor.context, floor.signature, &floor.signature_size, floor.digest,
                      floor.digest_size) != 1 ||
        EVP_PKEY_verify_init(floor.context) != 1)
        stop("the floor cannot be made");
    EVP_PKEY_free(key);
    return floor;
}

static inline void
floor_run(struct floor *floor)
{
    for (unsigned i = 0; i < floor->count; i++)
        if (EVP_PKEY_verify(floor->context, floor->signature, floor->signature_size, floor->digest,
                            floor->digest_size) != 1)
            stop("the floor's signature does not verify");
}

typedef void work(void *subject);

static inline double
time_one(work *run, void *subject)
{
    const double start = now_us();
    double passed = 0;
    unsigned done = 0;

    do {
        run(subject);
        done++;
        passed = now_us() - start;
    } while (passed < SLICE_US);
    return passed / done;
}

static inline void
floor_work(void *floor)
{
    floor_run(floor);
}

static inline void
measure(const char *claim, const char *curve, unsigned count, double limit, work *run,
        void *subject)
{
    struct floor floor = floor_make(curve, count);
    double bare[ROUND_COUNT], ours[ROUND_COUNT], ratio[ROUND_COUNT];

    run(subject);
    for (size_t i = 0; i < ROUND_COUNT; i++) {
        bare[i] = time_one(floor_work, &floor);
        ours[i] = time_one(run, subject);
        ratio[i] = ours[i] / bare[i];
    }
    EVP_PKEY_CTX_free(floor.context);
    printf("%s\t%.0f\t%.0f\t%.2f\t%.2f\n", claim, median(ours), median(bare), median(ratio), limit);
}

#endif
