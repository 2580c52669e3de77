/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/attest_worker.c: collecting in a process of its own, so that a kernel that does not return can
 * be left.
 *
 * The child is a copy of this process and sends what it collected, or its error, through a socket. What
 * it sends is as good as what this process would have computed: the literals that an error points to
 * are at the same place in both.
 * The child outlives a caller that is interrupted, and ends by its own deadline: so it can take away what
 * it made in the kernel.
 * Does not: end a child that even SIGKILL does not reach before the kernel lets it go.
 */
#include <string.h>

#include "base/memory.h"
#include "crypto/random.h"
#include "device/attest_internal.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

#define WHERE "attester"
#define CHILD_FD 3     /* what the child finds its end as */
#define GRACE_MS 2000u /* the child has its own deadline and says so itself where it can */

/* What comes first; the pieces follow, one frame each. */
struct outcome {
    enum bulla_status status;
    struct bulla_error error;
    const char *kind, *left_out, *roles[BL_COLLECTED_COUNT_MAX];
    size_t count;
};

struct work {
    const struct bl_local_attester *attester;
    const struct bl_attest_request *request;
    int fd; /* the child's end */
};

static enum bulla_status
send_outcome(const struct work *work, const struct outcome *outcome,
             const struct bl_collected *collected, struct bulla_error *err)
{
    const int64_t deadline = work->request->deadline + GRACE_MS;

    BL_TRY(bl_frame_send(work->fd,
                         (struct bulla_bytes){ (const uint8_t *)outcome, sizeof *outcome },
                         sizeof *outcome, deadline, err));
    for (size_t i = 0; i < collected->count; i++)
        BL_TRY(bl_frame_send(work->fd, bulla_buffer_bytes(&collected->parts[i].bytes),
                             BL_COLLECTED_SIZE_MAX, deadline, err));
    return BULLA_OK;
}

static int
work_in_child(void *context)
{
    const struct work *work = context;
    BL_AUTO(bl_collected) collected = { 0 };
    struct outcome outcome;

    memset(&outcome, 0, sizeof outcome);
    outcome.status = work->attester->collect(work->request, &collected, &outcome.error);
    outcome.kind = collected.kind;
    outcome.left_out = collected.left_out;
    outcome.count = collected.count;
    for (size_t i = 0; i < collected.count; i++)
        outcome.roles[i] = collected.parts[i].role;
    return send_outcome(work, &outcome, &collected, NULL) == BULLA_OK ? 0 : 1;
}

static enum bulla_status
receive_parts(int fd, int64_t deadline, const struct outcome *outcome, struct bl_collected *out,
              struct bulla_error *err)
{
    BL_AUTO(bl_collected) collected = { .kind = outcome->kind, .left_out = outcome->left_out };

    for (size_t i = 0; i < outcome->count; i++) {
        BL_AUTO(bulla_buffer) bytes = { 0 };
        BL_TRY(bl_frame_receive(fd, BL_COLLECTED_SIZE_MAX, deadline, &bytes, err));
        bl_collected_add(&collected, outcome->roles[i], &bytes);
    }
    *out = collected;
    collected = (struct bl_collected){ 0 };
    return BULLA_OK;
}

/* What the child's silence means. */
static enum bulla_status
fail_silent(const struct bulla_error *inner, struct bulla_error *err)
{
    if (inner->status == BULLA_E_TIMEOUT)
        return bulla_fail(err, BULLA_E_TIMEOUT, WHERE, "the kernel does not answer", 0);
    if (inner->cause == BULLA_CAUSE_CONNECTION_CLOSED)
        return bulla_fail(err, BULLA_E_IO, WHERE, "it ended without an answer", 0);
    if (err != NULL)
        *err = *inner;
    return inner->status;
}

static enum bulla_status
receive(int fd, int64_t deadline, struct bl_collected *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) frame = { 0 };
    struct bulla_error inner = { 0 };
    struct outcome outcome;

    if (bl_frame_receive(fd, sizeof outcome, deadline, &frame, &inner) != BULLA_OK)
        return fail_silent(&inner, err);
    if (frame.size != sizeof outcome)
        return bulla_fail(err, BULLA_E_IO, WHERE, "no outcome", frame.size);
    memcpy(&outcome, frame.data, sizeof outcome);
    if (outcome.status == BULLA_OK)
        return receive_parts(fd, deadline, &outcome, out, err);
    if (err != NULL)
        *err = outcome.error;
    return outcome.status;
}

enum bulla_status
bl_local_attester_collect(const struct bl_local_attester *attester,
                          const struct bl_attest_request *request, struct bl_collected *out,
                          struct bulla_error *err)
{
    BL_AUTO(bl_process) process = BL_PROCESS_NONE;
    BL_AUTO_FD ours = -1;
    BL_AUTO_FD theirs = -1;
    int pair[2] = { -1, -1 };

    if (attester->is_bounded)
        return attester->collect(request, out, err);
    BL_TRY(bl_unix_pair(BL_UNIX_STREAM, pair, err));
    ours = pair[0];
    theirs = pair[1];
    struct bl_attest_request tagged = *request;
    BL_TRY(bl_random(&tagged.tag, sizeof tagged.tag, err));
    struct work work = { .attester = attester, .request = &tagged, .fd = CHILD_FD };
    const struct bl_fd_map map = { .from = theirs, .to = CHILD_FD };
    const struct bl_process_plan plan = {
        .function = work_in_child, .context = &work, .fds = &map, .fd_count = 1, .own_session = true
    };
    BL_TRY(bl_process_start(&plan, &process, err));
    bl_fd_close(&theirs);
    enum bulla_status status = receive(ours, request->deadline + GRACE_MS, out, err);
    bl_process_done(&process);
    if (status != BULLA_OK && attester->tidy != NULL)
        attester->tidy(&tagged);
    return status;
}
