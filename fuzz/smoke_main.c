/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/smoke_main.c: run one fuzz target over its seeds and over a fixed sequence of mutations.
 *
 *     smoke_TARGET CORPUS-DIRECTORY [ITERATIONS]      smoke_TARGET FILE
 *
 * Guarantees: the sequence is the same on every machine; an input that kills the target is printed
 * in hexadecimal, to become a seed and a test. Stops early after TIME_MAX_S of processor time.
 * Does not: follow coverage. That is what libFuzzer is for (fuzz/README.md).
 */
#include "fuzz.h"

#include <dirent.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEED_COUNT_MAX 256
#define INPUT_SIZE_MAX 8192 /* bytes: twice the largest seed that may be committed */
#define ITERATIONS 100000
#define TIME_MAX_S 1.5

struct input {
    size_t size; /* bytes */
    uint8_t data[INPUT_SIZE_MAX];
};

static struct input seeds[SEED_COUNT_MAX];
static size_t seed_count;
static uint64_t random_state = 0x62756c6c61; /* fixed: the run must repeat */

/* xorshift64*: any generator will do that is the same everywhere. */
static size_t
random_below(size_t limit)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return limit == 0 ? 0 : (size_t)((random_state * 0x2545f4914f6cdd1dULL) >> 33) % limit;
}

static void
add_seed(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL || seed_count == SEED_COUNT_MAX) {
        fprintf(stderr, "%s: cannot be read, or one seed too many\n", path);
        exit(2);
    }
    struct input *seed = &seeds[seed_count++];
    seed->size = fread(seed->data, 1, sizeof seed->data, file);
    if (!feof(file) && fgetc(file) != EOF) {
        fprintf(stderr, "%s: longer than %d bytes\n", path, INPUT_SIZE_MAX);
        exit(2);
    }
    fclose(file);
}

static int
is_seed(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void
load_corpus(const char *path)
{
    struct dirent **entries = NULL;
    struct stat st;

    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        add_seed(path);
        return;
    }
    int count = scandir(path, &entries, is_seed, alphasort);
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        add_seed(name);
        free(entries[i]);
    }
    free(entries);
    if (seed_count == 0) {
        fprintf(stderr, "%s: no seeds\n", path);
        exit(2);
    }
}

static void
erase(struct input *in, size_t at, size_t size)
{
    memmove(in->data + at, in->data + at + size, in->size - at - size);
    in->size -= size;
}

static void
insert(struct input *in, size_t at, const uint8_t *bytes, size_t size)
{
    if (in->size + size > sizeof in->data)
        return;
    memmove(in->data + at + size, in->data + at, in->size - at);
    memcpy(in->data + at, bytes, size);
    in->size += size;
}

/* Bytes that steer decoders: limits of lengths, container heads, quotes, separators. */
static const uint8_t telling[] = { 0x00, 0x01, 0x17, 0x18, 0x1b, 0x1f, 0x30, 0x40, 0x5f, 0x7f,
                                   0x80, 0x81, 0x9f, 0xa1, 0xbf, 0xc2, 0xd2, 0xed, 0xf6, 0xff,
                                   '"',  '-',  ':',  '=',  ',',  '\n', ' ',  '{',  '}',  '\\' };

static void
mutate_once(struct input *in)
{
    size_t at = random_below(in->size + 1);
    size_t rest = in->size - at;
    uint8_t byte = telling[random_below(sizeof telling)];
    const struct input *other = &seeds[random_below(seed_count)];
    size_t from = random_below(other->size + 1);

    switch (random_below(8)) {
    case 0:
        if (rest > 0)
            in->data[at] ^= (uint8_t)(1u << random_below(8));
        break;
    case 1:
        if (rest > 0)
            in->data[at] = byte;
        break;
    case 2:
        if (rest > 0)
            in->data[at] = (uint8_t)(in->data[at] + (random_below(2) == 0 ? 1 : -1));
        break;
    case 3:
        insert(in, at, &byte, 1);
        break;
    case 4:
        erase(in, at, random_below(rest < 9 ? rest + 1 : 9));
        break;
    case 5:
        in->size = at;
        break;
    case 6: /* repeat a piece of its own */
        if (rest > 0) {
            uint8_t piece[32];
            size_t size = 1 + random_below(rest < sizeof piece ? rest : sizeof piece);
            memcpy(piece, in->data + at, size);
            insert(in, at, piece, size);
        }
        break;
    default: /* splice a piece of another seed */
        insert(in, at, other->data + from, random_below(other->size - from + 1));
        break;
    }
}

/* In memory of exactly its size, so that a sanitizer sees the first byte beyond. */
static void
run_target(const struct input *in)
{
    uint8_t *exact = malloc(in->size > 0 ? in->size : 1);

    if (exact == NULL)
        exit(2);
    memcpy(exact, in->data, in->size);
    (void)LLVMFuzzerTestOneInput(exact, in->size);
    free(exact);
}

static void
run_all(struct input *present, size_t iterations)
{
    size_t done = 0;

    for (size_t i = 0; i < seed_count; i++) {
        *present = seeds[i];
        run_target(present);
    }
    for (; done < iterations; done++) {
        *present = seeds[random_below(seed_count)];
        for (size_t left = 1 + random_below(4); left > 0; left--)
            mutate_once(present);
        run_target(present);
        if (done % 64 == 0 && (double)clock() / CLOCKS_PER_SEC > TIME_MAX_S)
            break;
    }
    printf("%zu seeds, %zu mutations\n", seed_count, done);
}

int
main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY|FILE [ITERATIONS]\n", argv[0]);
        return 2;
    }
    load_corpus(argv[1]);
    struct stat st;
    bool one_file = stat(argv[1], &st) == 0 && !S_ISDIR(st.st_mode);
    size_t iterations = argc == 3 ? (size_t)strtoull(argv[2], NULL, 10) : one_file ? 0 : ITERATIONS;

    /* The child works in shared memory, so that its last input outlives it. */
    struct input *present =
        mmap(NULL, sizeof *present, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (present == MAP_FAILED)
        return 2;
    pid_t child = fork();
    if (child < 0)
        return 2;
    if (child == 0) {
        run_all(present, iterations);
        return 0;
    }
    int status = 0;
    if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    fprintf(stderr, "the target died on these %zu bytes:\n", present->size);
    for (size_t i = 0; i < present->size; i++)
        fprintf(stderr, "%02x", present->data[i]);
    fprintf(stderr, "\n");
    return 1;
}
