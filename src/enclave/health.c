/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave/health.h"

#include <poll.h>

#include "enclave/agent_link.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"

void
bl_health_begin(struct bl_health *health, const struct bl_manifest *manifest, int relay_fd)
{
    if (manifest->health_port == 0)
        return;
    *health = (struct bl_health){ .relay_fd = relay_fd,
                                  .port = manifest->health_port,
                                  .interval_ms = (unsigned)manifest->health_interval_ms,
                                  .timeout_ms = (unsigned)manifest->health_timeout_ms,
                                  .answer_fd = -1 };
    health->at = bl_clock_deadline(health->interval_ms);
}

void
bl_health_done(struct bl_health *health)
{
    bl_fd_close(&health->answer_fd);
    health->at = INT64_MAX;
}

static bool
ask(struct bl_health *health)
{
    const struct bl_relay_packet packet = { .kind = BL_RELAY_HEALTH, .port = health->port };
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    struct bulla_error ignored = { 0 };
    size_t size = bl_relay_packet_encode(&packet, bytes);
    int pair[2] = { -1, -1 };

    if (bl_unix_pair(BL_UNIX_STREAM, pair, &ignored) != BULLA_OK)
        return false;
    /* An agent that takes nothing any more is not waited for. */
    bool sent = bl_packet_send(health->relay_fd, (struct bulla_bytes){ bytes, size }, &pair[1], 1,
                               bl_clock_deadline(0), &ignored) == BULLA_OK;
    bl_fd_close(&pair[1]);
    if (!sent) {
        bl_fd_close(&pair[0]);
        return false;
    }
    health->answer_fd = pair[0];
    health->at = bl_clock_deadline(health->timeout_ms);
    return true;
}

/* What was asked is settled: once more after an interval. */
static bool
settle(struct bl_health *health, bool good)
{
    bl_fd_close(&health->answer_fd);
    health->at = bl_clock_deadline(health->interval_ms);
    health->state = good ? BL_HEALTH_OK : BL_HEALTH_FAILING;
    health->failures = good ? 0 : health->failures + 1;
    return health->failures < BL_HEALTH_FAILURE_MAX;
}

static bool
says_yes(int fd)
{
    struct bulla_error ignored = { 0 };
    uint8_t answer = 0;
    size_t size = 0;

    return bl_socket_receive(fd, &answer, 1, bl_clock_deadline(0), &size, &ignored) == BULLA_OK &&
           size == 1 && answer == BL_RELAY_HEALTH_YES;
}

bool
bl_health_step(struct bl_health *health)
{
    struct pollfd answer = { .fd = health->answer_fd, .events = POLLIN };
    bool is_due = bl_clock_monotonic_ms() >= health->at;

    if (health->answer_fd >= 0 && poll(&answer, 1, 0) == 1)
        return settle(health, says_yes(health->answer_fd));
    if (!is_due)
        return true;
    if (health->answer_fd < 0 && ask(health))
        return true;
    return settle(health, false);
}
