/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/hostile_main.c: the most that 64 KiB of hostile input cost one decoder.
 *
 *     hostile_TARGET CORPUS-DIRECTORY
 *
 * Linked with a fuzz target, which decodes, and checks invariants besides: the figure is an upper bound.
 * Inputs: a byte that steers decoders, throughout; two of them by turns; each seed over and over, and
 * with such bytes behind each of its first bytes. One line: the worst in milliseconds of the
 * processor's time, and the number of inputs.
 */
#include "../fuzz/fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <time.h>

enum { INPUT_SIZE = 65536, SEED_SIZE_MAX = 8192, HEAD_STEP = 7 };

static uint8_t input[INPUT_SIZE];
static double worst_ms;
static unsigned long input_count;

static const uint8_t telling[] = { 0x00, 0x01, 0x17, 0x18, 0x30, 0x40, 0x5f, 0x7f, 0x80, 0x81, 0x82,
                                   0x9f, 0xa0, 0xa1, 0xbf, 0xc2, 0xd2, 0xf6, 0xff, '"',  '-',  ':',
                                   '=',  ',',  '\n', ' ',  '[',  '{',  '}',  '\\', '0',  'A' };
#define TELLING_COUNT (sizeof telling / sizeof telling[0])

static double
now_ms(void)
{
    struct timespec t = { 0 };

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void
try_input(void)
{
    const double start = now_ms();

    (void)LLVMFuzzerTestOneInput(input, sizeof input);
    const double passed = now_ms() - start;
    input_count++;
    if (passed > worst_ms)
        worst_ms = passed;
}

static void
try_bytes(void)
{
    for (size_t a = 0; a < TELLING_COUNT; a++) {
        memset(input, telling[a], sizeof input);
        try_input();
        for (size_t b = 0; b < TELLING_COUNT; b++) {
            for (size_t i = 1; i < sizeof input; i += 2)
                input[i] = telling[b];
            try_input();
        }
    }
}

/* Well-formed, and as many items as there is room for: what nothing refuses early. */
static void
try_lists(void)
{
    static const char *const items[] = { "0,", "\"\",", "[],", "[0],", "{},", "{\"\":0}," };

    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        const size_t size = strlen(items[i]);
        size_t at = 1;
        memset(input, ' ', sizeof input);
        input[0] = '[';
        for (; at + size < sizeof input; at += size)
            memcpy(input + at, items[i], size);
        input[at - 1] = ']';
        try_input();
    }
}

static void
try_seed(const uint8_t *seed, size_t size)
{
    if (size == 0)
        return;
    for (size_t i = 0; i < sizeof input; i++)
        input[i] = seed[i % size];
    try_input();
    for (size_t head = 1; head <= size && head < sizeof input; head += 1 + head / HEAD_STEP) {
        memcpy(input, seed, head);
        for (size_t a = 0; a < TELLING_COUNT; a += 3) {
            memset(input + head, telling[a], sizeof input - head);
            try_input();
        }
        for (size_t i = head; i < sizeof input; i++)
            input[i] = seed[head / 2 + (i - head) % (head - head / 2)];
        try_input();
    }
}

int
main(int argc, char **argv)
{
    static uint8_t seed[SEED_SIZE_MAX];
    DIR *corpus = argc == 2 ? opendir(argv[1]) : NULL;

    if (corpus == NULL) {
        fprintf(stderr, "usage: hostile_TARGET CORPUS-DIRECTORY\n");
        return 2;
    }
    try_bytes();
    try_lists();
    for (struct dirent *entry; (entry = readdir(corpus)) != NULL;) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        FILE *file = entry->d_name[0] != '.' ? fopen(path, "rb") : NULL;
        if (file == NULL)
            continue;
        try_seed(seed, fread(seed, 1, sizeof seed, file));
        (void)fclose(file);
    }
    (void)closedir(corpus);
    printf("%.1f %lu\n", worst_ms, input_count);
    return 0;
}
