/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory does not grow with the data: a pipe of 256 MiB (or of the mebibytes given as argument)
 * through sealing and unsealing, each in a process of its own that watches its memory.
 */
#include "seal_fixture.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MIB ((size_t)1 << 20)
#define GROWTH_MAX_KIB (48 * 1024) /* buffers of 2 MiB, and what a sanitizer adds */

static size_t stream_mib = 256;

static long
peak_kib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static uint8_t
pattern(size_t mebibyte, size_t i)
{
    return (uint8_t)(mebibyte * 13 + i * 7 + (i >> 10));
}

static int
run_source(int out)
{
    uint8_t *chunk = malloc(MIB);

    for (size_t m = 0; m < stream_mib; m++) {
        for (size_t i = 0; i < MIB; i++)
            chunk[i] = pattern(m, i);
        for (size_t done = 0; done < MIB;) {
            ssize_t written = write(out, chunk + done, MIB - done);
            if (written <= 0)
                return 1;
            done += (size_t)written;
        }
    }
    free(chunk);
    return 0;
}

struct job {
    const struct bl_seal_request *request;
    const struct bl_opener *opener;
};

static int
run_seal(const struct job *job, int in, int out)
{
    struct bulla_error err = { 0 };
    long before = peak_kib();

    if (bl_seal_stream(job->request, job->opener, in, out, &err) != BULLA_OK)
        return 1;
    return peak_kib() - before > GROWTH_MAX_KIB ? 2 : 0;
}

static int
run_unseal(const struct job *job, int in, int out)
{
    struct bulla_error err = { 0 };
    const struct bl_unseal_requirements demands = { .now_s = NOW_S };
    long before = peak_kib();

    if (bl_unseal_stream(&demands, job->opener, in, out, &err) != BULLA_OK)
        return 1;
    return peak_kib() - before > GROWTH_MAX_KIB ? 2 : 0;
}

static void
expect_pattern(int in)
{
    uint8_t *chunk = malloc(MIB);

    assert_non_null(chunk);
    for (size_t m = 0; m < stream_mib; m++) {
        for (size_t done = 0; done < MIB;) {
            ssize_t got = read(in, chunk + done, MIB - done);
            assert_true(got > 0);
            done += (size_t)got;
        }
        for (size_t i = 0; i < MIB; i += 509)
            assert_int_equal(chunk[i], pattern(m, i));
    }
    assert_int_equal(read(in, chunk, 1), 0);
    free(chunk);
}

static void
a_long_pipe_in_constant_memory(void **state)
{
    (void)state;
    BL_AUTO_FREE(bl_key) key = new_key(BL_KEY_X25519);
    const struct bl_key *const identities[] = { key };
    const struct bl_slot_request slot = recipient_slot(key);
    const struct bl_seal_request request = request_for(&slot, 1);
    const struct bl_opener opener = opener_of(identities, 1, NULL);
    const struct job job = { &request, &opener };
    int pipes[3][2];
    pid_t children[3];

    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pipe(pipes[i]), 0);
    for (size_t i = 0; i < 3; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] != 0)
            continue;
        int in = i > 0 ? dup(pipes[i - 1][0]) : -1, out = dup(pipes[i][1]);
        for (size_t p = 0; p < 3; p++) {
            close(pipes[p][0]);
            close(pipes[p][1]);
        }
        _exit(i == 0   ? run_source(out)
              : i == 1 ? run_seal(&job, in, out)
                       : run_unseal(&job, in, out));
    }
    for (size_t i = 0; i < 3; i++)
        close(pipes[i][1]);
    close(pipes[0][0]);
    close(pipes[1][0]);
    expect_pattern(pipes[2][0]);
    close(pipes[2][0]);
    for (size_t i = 0; i < 3; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_long_pipe_in_constant_memory) };

    if (argc == 2)
        stream_mib = strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
