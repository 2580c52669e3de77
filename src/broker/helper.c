/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/helper.h"

#include <unistd.h>

#include "sys/clock.h"
#include "sys/socket.h"

#define ANSWER_MS 20000
#define QUIET_MS 3600000 /* there may be no work for hours */

void
bl_helper_start(struct bl_helper *helper, const char *where, int fd)
{
    pthread_mutex_init(&helper->mutex, NULL);
    helper->fd = fd;
    helper->where = where;
}

static void
hang_up(struct bl_helper *helper)
{
    if (helper->fd >= 0)
        close(helper->fd);
    helper->fd = -1;
}

void
bl_helper_replace(struct bl_helper *helper, int fd)
{
    pthread_mutex_lock(&helper->mutex);
    hang_up(helper);
    helper->fd = fd;
    pthread_mutex_unlock(&helper->mutex);
}

void
bl_helper_done(struct bl_helper *helper)
{
    hang_up(helper);
    pthread_mutex_destroy(&helper->mutex);
}

/* After any failure the stream is out of step: hang up. */
static enum bulla_status
exchange(struct bl_helper *helper, struct bulla_bytes question, struct bulla_buffer *answer)
{
    enum bulla_status status = BULLA_E_UNREACHABLE;

    pthread_mutex_lock(&helper->mutex);
    if (helper->fd >= 0)
        status = bl_frame_send(helper->fd, question, BL_HELPER_MESSAGE_SIZE_MAX,
                               bl_clock_deadline(ANSWER_MS), NULL);
    if (status == BULLA_OK)
        status = bl_frame_receive(helper->fd, BL_HELPER_MESSAGE_SIZE_MAX,
                                  bl_clock_deadline(ANSWER_MS), answer, NULL);
    if (status != BULLA_OK)
        hang_up(helper);
    pthread_mutex_unlock(&helper->mutex);
    return status;
}

enum bulla_status
bl_helper_ask(struct bl_helper *helper, struct bulla_bytes question, struct bulla_buffer *answer,
              struct bl_reader *result_out, struct bulla_error *err)
{
    /* Whatever went wrong, there is no answer, and the log has to say so. */
    if (exchange(helper, question, answer) != BULLA_OK)
        return bulla_fail(err, BULLA_E_UNREACHABLE, helper->where, "it gave no answer", 0);
    struct bl_reader r = bl_reader(bulla_buffer_bytes(answer), helper->where);
    size_t count = bl_cbor_read_array(&r, 2);
    uint64_t cause = bl_cbor_read_uint(&r);
    if (count == 2 && cause == BULLA_CAUSE_NONE) {
        *result_out = r;
        return BULLA_OK;
    }
    if (count != 1 || cause > 9999)
        bl_reader_fail(&r, "not an answer");
    BL_TRY(bl_reader_finish(&r, err));
    return bulla_fail_cause(err, (enum bulla_cause)cause, helper->where, "it refused");
}

static enum bulla_status
next_question(int fd, struct bulla_buffer *question, struct bulla_error *err)
{
    enum bulla_status status = BULLA_E_TIMEOUT;

    while (status == BULLA_E_TIMEOUT) {
        bulla_error_clear(err);
        status = bl_frame_receive(fd, BL_HELPER_MESSAGE_SIZE_MAX, bl_clock_deadline(QUIET_MS),
                                  question, err);
    }
    return status;
}

enum bulla_status
bl_helper_serve(int fd,
                enum bulla_status (*answer)(struct bulla_bytes question, struct bl_writer *result,
                                            struct bulla_error *err),
                struct bulla_error *err)
{
    for (;;) {
        BL_AUTO(bulla_buffer) question = { 0 };
        BL_AUTO(bulla_buffer) bytes = { 0 };
        struct bl_writer w = bl_writer(&bytes);
        struct bulla_error failure = { 0 };

        enum bulla_status status = next_question(fd, &question, &failure);
        if (failure.cause == BULLA_CAUSE_CONNECTION_CLOSED)
            return BULLA_OK;
        if (status == BULLA_OK) {
            bl_cbor_write_array(&w, 2);
            bl_cbor_write_uint(&w, BULLA_CAUSE_NONE);
            status = answer(bulla_buffer_bytes(&question), &w, &failure);
        }
        if (status != BULLA_OK) {
            bulla_buffer_clear(&bytes);
            w = bl_writer(&bytes);
            bl_cbor_write_array(&w, 1);
            bl_cbor_write_uint(&w, (uint64_t)failure.cause);
        }
        BL_TRY(bl_writer_finish(&w, err));
        BL_TRY(bl_frame_send(fd, bulla_buffer_bytes(&bytes), BL_HELPER_MESSAGE_SIZE_MAX,
                             bl_clock_deadline(ANSWER_MS), err));
    }
}
