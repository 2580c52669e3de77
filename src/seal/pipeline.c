/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/pipeline.h"

#include <pthread.h>
#include <signal.h>

struct pipeline {
    const struct bl_pipeline_steps *steps;
    size_t batch_size;
    const struct bl_source *source;
    const struct bl_sink *sink;
    pthread_mutex_t reading; /* held while one batch is read */
    uint64_t next_read;      /* of what `reading` guards */
    bool has_ended;          /* the same */
    pthread_mutex_t turn;    /* of what follows */
    pthread_cond_t turned;
    uint64_t next_write;
    uint64_t written; /* bytes */
    bool has_failed;
    struct bulla_error err; /* why */
};

/* One batch on its way through one worker. */
struct batch {
    uint64_t number;
    size_t size;
    struct bulla_bytes result;
    enum bulla_status status;
    struct bulla_error err;
};

static bool
has_failed(struct pipeline *p)
{
    pthread_mutex_lock(&p->turn);
    bool failed = p->has_failed;
    pthread_mutex_unlock(&p->turn);
    return failed;
}

/* The next batch; false where there is none any more. */
static bool
take(struct pipeline *p, void *worker, struct batch *batch)
{
    pthread_mutex_lock(&p->reading);
    bool taken = !p->has_ended && !has_failed(p);
    if (taken) {
        batch->number = p->next_read++;
        batch->status = p->source->read(p->source->context, p->steps->room(worker), p->batch_size,
                                        &batch->size, &batch->err);
        p->has_ended = batch->status != BULLA_OK || batch->size < p->batch_size;
    }
    pthread_mutex_unlock(&p->reading);
    return taken;
}

/* Wait until every batch before this one was written; false if one of them failed. */
static bool
await_turn(struct pipeline *p, const struct batch *batch)
{
    pthread_mutex_lock(&p->turn);
    while (p->next_write != batch->number && !p->has_failed)
        pthread_cond_wait(&p->turned, &p->turn);
    bool is_on = !p->has_failed;
    pthread_mutex_unlock(&p->turn);
    return is_on;
}

static void
end_turn(struct pipeline *p, const struct batch *batch)
{
    pthread_mutex_lock(&p->turn);
    if (batch->status == BULLA_OK) {
        p->next_write++;
        p->written += batch->result.size;
    } else {
        p->has_failed = true;
        p->err = batch->err;
        p->err.status = batch->status;
    }
    pthread_cond_broadcast(&p->turned);
    pthread_mutex_unlock(&p->turn);
}

/* One batch from the source to the sink; false: there is no more for this worker to do. */
static bool
carry(struct pipeline *p, void *worker)
{
    struct batch batch = { 0 };

    if (!take(p, worker, &batch))
        return false;
    if (batch.status == BULLA_OK)
        batch.status = p->steps->work(worker, batch.number, batch.size, &batch.result, &batch.err);
    if (!await_turn(p, &batch))
        return false;
    if (batch.status == BULLA_OK)
        batch.status = p->sink->write(p->sink->context, batch.result, &batch.err);
    end_turn(p, &batch);
    return batch.status == BULLA_OK && batch.size == p->batch_size;
}

/* -- the second thread ------------------------------------------------------------------------- */

struct second {
    struct pipeline *pipeline;
    void *worker; /* NULL: there is none */
    pthread_t thread;
};

static void *
run_second(void *argument)
{
    struct second *second = argument;

    while (carry(second->pipeline, second->worker))
        ;
    return NULL;
}

/* Signals stay with the calling thread. Without a second one the first does it all. */
static void
start_second(struct second *second, void *first)
{
    const struct bl_pipeline_steps *steps = second->pipeline->steps;
    sigset_t all, before;

    if (steps->make_second(first, &second->worker, NULL) != BULLA_OK) {
        second->worker = NULL;
        return;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&second->thread, NULL, run_second, second) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        return;
    steps->free_second(second->worker);
    second->worker = NULL;
}

static void
run_both(struct pipeline *p, void *first)
{
    struct second second = { .pipeline = p };
    bool is_going = true;

    for (unsigned i = 0; i < BL_PIPELINE_ALONE_COUNT && is_going; i++)
        is_going = carry(p, first);
    if (is_going)
        start_second(&second, first);
    while (is_going)
        is_going = carry(p, first);
    if (second.worker == NULL)
        return;
    pthread_join(second.thread, NULL);
    p->steps->free_second(second.worker);
}

enum bulla_status
bl_pipeline_run(const struct bl_pipeline_steps *steps, void *first, size_t batch_size,
                const struct bl_source *source, const struct bl_sink *sink, uint64_t *written_out,
                struct bulla_error *err)
{
    struct pipeline p = { .steps = steps,
                          .batch_size = batch_size,
                          .source = source,
                          .sink = sink,
                          .reading = PTHREAD_MUTEX_INITIALIZER,
                          .turn = PTHREAD_MUTEX_INITIALIZER,
                          .turned = PTHREAD_COND_INITIALIZER };

    run_both(&p, first);
    pthread_mutex_destroy(&p.reading);
    pthread_mutex_destroy(&p.turn);
    pthread_cond_destroy(&p.turned);
    *written_out = p.written;
    if (p.has_failed && err != NULL)
        *err = p.err;
    return p.has_failed ? p.err.status : BULLA_OK;
}
