/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two threads, one order: what comes out does not depend on who was faster, and of several failures the
 * first batch's counts.
 */
#include "unit.h"

#include <pthread.h>

#include "base/memory.h"
#include "seal/pipeline.h"
#include "sys/clock.h"

#define BATCH 8 /* bytes */
#define NEVER UINT64_MAX

/* A stream of numbers: batch i is filled with i. Work adds 100; odd batches take longer. */
struct scene {
    uint64_t batch_count; /* full ones; one of 3 bytes follows */
    uint64_t read_fails, work_fails[2], write_fails;
    bool no_second;
    uint64_t read_count;
    struct bulla_buffer written;
    unsigned second_count, second_freed;
    pthread_t writers[2];
    unsigned writer_count;
};
struct worker {
    struct scene *scene;
    uint8_t room[BATCH];
};

static enum bulla_status
read_batch(void *context, void *out, size_t size, size_t *size_out, struct bulla_error *err)
{
    struct scene *s = context;
    uint64_t number = s->read_count++;

    assert_int_equal(size, BATCH);
    if (number == s->read_fails)
        return bulla_fail(err, BULLA_E_IO, "test", "reading", number);
    *size_out = number < s->batch_count ? BATCH : 3;
    memset(out, (int)number, *size_out);
    return BULLA_OK;
}

static enum bulla_status
write_batch(void *context, struct bulla_bytes bytes, struct bulla_error *err)
{
    struct scene *s = context;

    if (s->writer_count == 0 ||
        (s->writer_count == 1 && !pthread_equal(s->writers[0], pthread_self())))
        s->writers[s->writer_count++] = pthread_self();
    if (s->written.size / BATCH == s->write_fails)
        return bulla_fail(err, BULLA_E_IO, "test", "writing", 0);
    return bulla_buffer_append(&s->written, bytes, err);
}

static uint8_t *
room(void *worker)
{
    return ((struct worker *)worker)->room;
}

static enum bulla_status
work(void *context, uint64_t number, size_t size, struct bulla_bytes *result_out,
     struct bulla_error *err)
{
    struct worker *worker = context;
    const struct scene *s = worker->scene;

    if (number % 2 == 1)
        bl_clock_sleep_ms(2);
    for (size_t i = 0; i < 2; i++) {
        if (number == s->work_fails[i])
            return bulla_fail(err, BULLA_E_INTEGRITY, "test", "working", number);
    }
    for (size_t i = 0; i < size; i++)
        worker->room[i] = (uint8_t)(worker->room[i] + 100);
    *result_out = (struct bulla_bytes){ worker->room, size };
    return BULLA_OK;
}

static enum bulla_status
make_second(void *first, void **second_out, struct bulla_error *err)
{
    struct scene *s = ((struct worker *)first)->scene;
    struct worker *second = bl_alloc(1, sizeof *second);

    if (s->no_second || second == NULL) {
        bl_free(second);
        return bulla_fail(err, BULLA_E_MEMORY, "test", "no room", 0);
    }
    second->scene = s;
    s->second_count++;
    *second_out = second;
    return BULLA_OK;
}

static void
free_second(void *second)
{
    ((struct worker *)second)->scene->second_freed++;
    bl_free(second);
}

static enum bulla_status
run(struct scene *s, struct bulla_error *err)
{
    static const struct bl_pipeline_steps steps = { room, work, make_second, free_second };
    const struct bl_source source = { read_batch, s, UINT64_MAX };
    const struct bl_sink sink = { write_batch, s };
    struct worker first = { .scene = s };
    uint64_t written = 0;

    enum bulla_status status =
        bl_pipeline_run(&steps, &first, BATCH, &source, &sink, &written, err);
    assert_int_equal(written, s->written.size);
    assert_int_equal(s->second_count, s->second_freed);
    for (size_t i = 0; i < s->written.size; i++)
        assert_int_equal(s->written.data[i], (uint8_t)(i / BATCH + 100));
    return status;
}

static struct scene
scene_of(uint64_t batch_count)
{
    return (struct scene){ .batch_count = batch_count,
                           .read_fails = NEVER,
                           .work_fails = { NEVER, NEVER },
                           .write_fails = NEVER };
}

static void
what_comes_out_is_in_order(void **state)
{
    (void)state;
    static const uint64_t counts[] = {
        0, 1, BL_PIPELINE_ALONE_COUNT - 1, BL_PIPELINE_ALONE_COUNT, BL_PIPELINE_ALONE_COUNT + 1, 50
    };

    for (size_t i = 0; i < BL_COUNT_OF(counts); i++) {
        struct bulla_error err = { 0 };
        struct scene s = scene_of(counts[i]);
        assert_ok(run(&s, &err), &err);
        assert_int_equal(s.written.size, counts[i] * BATCH + 3);
        assert_int_equal(s.second_count, counts[i] >= BL_PIPELINE_ALONE_COUNT);
        if (counts[i] == 50)
            assert_int_equal(s.writer_count, 2);
        bulla_buffer_done(&s.written);
    }
}

static void
one_thread_does_it_all_where_there_is_no_second(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct scene s = scene_of(20);

    s.no_second = true;
    assert_ok(run(&s, &err), &err);
    assert_int_equal(s.written.size, 20 * BATCH + 3);
    assert_int_equal(s.writer_count, 1);
    bulla_buffer_done(&s.written);
}

/* Nothing of the batch that failed, nor of a later one, is written; all before it is. */
static void
the_first_failure_counts(void **state)
{
    (void)state;

    for (uint64_t at = 0; at < 14; at++) {
        for (unsigned kind = 0; kind < 4; kind++) {
            struct bulla_error err = { 0 };
            struct scene s = scene_of(30);
            if (kind == 0)
                s.read_fails = at;
            if (kind == 1)
                s.write_fails = at;
            if (kind >= 2)
                s.work_fails[0] = at;
            if (kind == 3) /* the batch after it fails as well, and sooner where this one is odd */
                s.work_fails[1] = at + 1;
            assert_fails(run(&s, &err), kind < 2 ? BULLA_E_IO : BULLA_E_INTEGRITY, &err);
            assert_int_equal(s.written.size, at * BATCH);
            if (kind >= 2)
                assert_int_equal(err.offset, at);
            bulla_buffer_done(&s.written);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_out_is_in_order),
        cmocka_unit_test(one_thread_does_it_all_where_there_is_no_second),
        cmocka_unit_test(the_first_failure_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
