/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/hostile_main.c: the most that 64 KiB of hostile input cost one decoder.
 *
 *     hostile_TARGET CORPUS-DIRECTORY
 *
 * Linked with a fuzz target, which decodes, and checks invariants besides: the figure is an upper bound.
 * Inputs: a byte that steers decoders, throughout; two of them by turns; well-formed lists, objects, maps
 * and blocks with as much in them as there is room for, and nested as deeply; each seed over and over, with
 * such bytes and with a map behind each of its first bytes, and, if it is DER, with the last part of each of
 * its parts over and over. One line: the worst in milliseconds of the
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
try_size(size_t size)
{
    const double start = now_ms();

    (void)LLVMFuzzerTestOneInput(input, size);
    const double passed = now_ms() - start;
    input_count++;
    if (passed > worst_ms)
        worst_ms = passed;
}

static void
try_input(void)
{
    try_size(sizeof input);
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

/* -- texts with parts that have their own number ------------------------------------------------- */

/* A text of `before`, `item` with the numbers 0, 1, ... for each # in it, and `after`. */
struct series {
    const char *before, *item, *after;
    size_t count_max; /* 0: as many as there is room for */
};

/* `item` with its number; its size. */
static size_t
put_item(uint8_t *out, const char *item, unsigned number)
{
    size_t size = 0;

    for (; *item != '\0'; item++) {
        if (*item != '#') {
            out[size++] = (uint8_t)*item;
            continue;
        }
        for (int shift = 12; shift >= 0; shift -= 4)
            out[size++] = (uint8_t) "0123456789abcdef"[number >> shift & 15];
    }
    return size;
}

static size_t
put_series(const struct series *series, size_t at)
{
    uint8_t item[128];
    const size_t end = sizeof input - strlen(series->after);

    memcpy(input + at, series->before, strlen(series->before));
    at += strlen(series->before);
    for (unsigned i = 0; series->count_max == 0 || i < series->count_max; i++) {
        const size_t size = put_item(item, series->item, i);
        if (at + size > end)
            break;
        memcpy(input + at, item, size);
        at += size;
    }
    memcpy(input + at, series->after, strlen(series->after));
    return at + strlen(series->after);
}

static void
try_series(void)
{
    static const struct series all[] = {
        { "{", "\"#\":0,", "\"\":0}", 0 },
        { "{", "\"#\":0,", "\"\":0}", 500 }, /* as many as an object may have */
        { "{", "\"a long name that differs at its end only #\":0,", "\"\":0}", 500 },
        { "{", "\"#\":{\"#\":[]},", "\"\":0}", 0 },
        { "", "{\"#\":", "", 0 },
        { "", "k#: 0\n", "", 0 },
        { "", "k#: 0\n", "", 500 },
        { "{", "k#: 0, ", "}", 0 },
        { "", "k#: {a#: [", "", 0 },
        { "", "k#: &a# []\n", "", 0 },
        { "", "- &a# [*a#]\n", "", 0 },
        { "", "? k#\n", "", 0 },
        { "", "k#: |\n text\n", "", 0 },
        { "", "--- k#\n", "", 0 },
        { "", "-----BEGIN #-----\n", "", 0 },
        { "", "-----END #-----\n", "", 0 },
        { "", "-----BEGIN #-----\nMAA=\n-----END #-----\n", "", 0 },
        { "", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "", 0 },
        { "", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END PUBLIC KEY-----\n", "", 0 },
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        try_size(put_series(&all[i], 0));
}

/* `open` as often as `close`, once to each depth and then side by side as often as there is room. */
static void
try_nests(void)
{
    static const char *const pairs[][2] = {
        { "[", "]" }, { "{\"\":", "}" }, { "[{\"\":", "}]" }, { "[[],", "]" }
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        for (size_t depth = 2; depth < sizeof input / 16; depth *= 2) {
            const size_t open = strlen(pairs[i][0]), close = strlen(pairs[i][1]);
            const size_t size = depth * (open + close) + 2;
            size_t at = 1;
            memset(input, ' ', sizeof input);
            input[0] = '[';
            for (; at + size < sizeof input; at += size) {
                for (size_t k = 0; k < depth; k++) {
                    memcpy(input + at + k * open, pairs[i][0], open);
                    memcpy(input + at + depth * open + 1 + k * close, pairs[i][1], close);
                }
                input[at + depth * open] = '0';
                input[at + size - 1] = ',';
            }
            input[at - 1] = ']';
            try_input();
        }
    }
}

/* -- CBOR ---------------------------------------------------------------------------------------- */

/* A map behind `at`: keys of two bytes in their order, or texts; one with 500 entries may be allowed. */
static void
try_maps(size_t at)
{
    static const size_t counts[] = { 500, 10000 };

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (int is_text = 0; is_text < 2; is_text++) {
            size_t end = at;
            const size_t entry = is_text != 0 ? 6 : 4;
            if (at + 3 + counts[i] * entry > sizeof input)
                continue;
            input[end++] = 0xb9;
            input[end++] = (uint8_t)(counts[i] >> 8);
            input[end++] = (uint8_t)counts[i];
            for (size_t k = 0; k < counts[i]; k++, end += entry) {
                if (is_text != 0)
                    (void)put_item(input + end, "\x64#", (unsigned)k);
                else
                    memcpy(input + end, (uint8_t[]){ 0x19, (uint8_t)((k + 256) >> 8), (uint8_t)k },
                           3);
                input[end + entry - 1] = 0;
            }
            try_size(end);
        }
    }
}

/* -- DER ----------------------------------------------------------------------------------------- */

enum { DER_DEPTH_MAX = 24, DER_HEADER_SIZE = 4 };

struct part {
    size_t start, content, end;
};

/* The element at `at` inside of what ends at `end`; false if it is none of definite length. */
static bool
read_part(const uint8_t *der, size_t at, size_t end, struct part *part)
{
    if (end - at < 2 || (der[at] & 0x1f) == 0x1f)
        return false;
    size_t header = 2, size = der[at + 1];
    if (size == 0x81 && end - at >= 3) {
        header = 3;
        size = der[at + 2];
    } else if (size == 0x82 && end - at >= 4) {
        header = 4;
        size = (size_t)der[at + 2] << 8 | der[at + 3];
    } else if (size >= 0x80) {
        return false;
    }
    *part = (struct part){ at, at + header, at + header + size };
    return size <= end - at - header;
}

/* `path`, of which each is inside the one before, with the last child of the innermost over and over. */
static void
try_grown(const uint8_t *der, const struct part *path, size_t depth, struct part last)
{
    const size_t last_size = last.end - last.start;
    size_t rest = DER_HEADER_SIZE * (depth + 1), from = sizeof input, ends[DER_DEPTH_MAX];

    for (size_t i = 0; i < depth; i++)
        rest += path[i].end - path[i].start;
    if (rest + last_size > sizeof input)
        return;
    /* From the end: what is behind, the copies, and what is before, each level with its new header. */
    for (size_t i = 0; i < depth; i++) {
        const size_t behind = i > 0 ? path[i - 1].end - path[i].end : 0;
        from -= behind;
        memcpy(input + from, der + path[i].end, behind);
        ends[i] = from;
    }
    for (; from >= rest + last_size; from -= last_size)
        memcpy(input + from - last_size, der + last.start, last_size);
    for (size_t i = depth; i-- > 0;) {
        const size_t upto = i + 1 < depth ? path[i + 1].start : last.end;
        from -= upto - path[i].content;
        memcpy(input + from, der + path[i].content, upto - path[i].content);
        const size_t size = ends[i] - from;
        from -= DER_HEADER_SIZE;
        memcpy(input + from,
               (uint8_t[]){ der[path[i].start], 0x82, (uint8_t)(size >> 8), (uint8_t)size },
               DER_HEADER_SIZE);
    }
    from -= path[0].start;
    memcpy(input + from, der, path[0].start);
    memmove(input, input + from, sizeof input - from);
    try_size(sizeof input - from);
}

static void
try_der(const uint8_t *der, struct part *path, size_t depth)
{
    const struct part *parent = &path[depth - 1];
    struct part last = { 0 };
    size_t at = parent->content;

    if ((der[parent->start] & 0x20) == 0 || depth == DER_DEPTH_MAX)
        return;
    for (; at < parent->end && read_part(der, at, parent->end, &last); at = last.end) {
        path[depth] = last;
        try_der(der, path, depth + 1);
    }
    if (at == parent->end && last.end == at)
        try_grown(der, path, depth, last);
}

/* Well-formed: as many tiny elements as there is room for, and as deep a nest. */
static void
try_tiny_elements(void)
{
    static const char *const items[] = { "\x05\x00",        "\x30\x00",     "\x31\x00",
                                         "\xa0\x00",        "\x02\x01\x01", "\x06\x01\x2a",
                                         "\x30\x02\x05\x00" };
    static const size_t sizes[] = { 2, 2, 2, 2, 3, 3, 4 };

    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        size_t end = DER_HEADER_SIZE;
        for (; end + sizes[i] <= sizeof input; end += sizes[i])
            memcpy(input + end, items[i], sizes[i]);
        const size_t size = end - DER_HEADER_SIZE;
        memcpy(input, (uint8_t[]){ 0x30, 0x82, (uint8_t)(size >> 8), (uint8_t)size },
               DER_HEADER_SIZE);
        try_size(end);
    }
    for (size_t at = 0; at < sizeof input; at += DER_HEADER_SIZE) {
        const size_t size = sizeof input - at - DER_HEADER_SIZE;
        memcpy(input + at, (uint8_t[]){ 0x30, 0x82, (uint8_t)(size >> 8), (uint8_t)size },
               DER_HEADER_SIZE);
    }
    try_input();
}

/* -- seeds --------------------------------------------------------------------------------------- */

static void
try_seed(const uint8_t *seed, size_t size)
{
    struct part path[DER_DEPTH_MAX];

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
        try_maps(head);
    }
    for (size_t skip = 0; skip < 2 && skip < size;
         skip++) /* some targets take a byte that steers */
        if (read_part(seed, skip, size, &path[0]))
            try_der(seed, path, 1);
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
    try_series();
    try_nests();
    try_maps(0);
    try_tiny_elements();
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
