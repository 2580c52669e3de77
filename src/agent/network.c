/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/network.c: packets of the relay, listeners of the program, and the loop over both. What
 * passes between two ends is link.c's.
 */
#include "agent/network.h"

#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "agent/link.h"
#include "base/memory.h"
#include "enclave/agent_link.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"

#define WHERE "relay"
#define LOCAL_TIMEOUT_MS 2000 /* loopback answers at once */
#define RELAY_TIMEOUT_MS 10000
#define SPARE_DESCRIPTORS 64 /* for everything but links */
#define POLL_MAX (1 + BL_WATCH_COUNT_MAX + BL_MANIFEST_PORT_COUNT_MAX + 2 * BL_LINK_COUNT_MAX)

/* Waits for the monitor to connect it. */
struct pending {
    int fd; /* of the program; -1: free */
    uint32_t id;
};

struct bl_network {
    int relay_fd;
    const struct bl_manifest *manifest;
    int listeners[BL_MANIFEST_PORT_COUNT_MAX]; /* by index of manifest->connect; -1: none */
    struct pending pending[BL_RELAY_PENDING_MAX];
    uint32_t next_id;
    size_t link_count_max;
    struct bl_link *links[BL_LINK_COUNT_MAX]; /* NULL: free */
};

/* -- packets ----------------------------------------------------------------------------------- */

static enum bulla_status
send_packet(int relay_fd, const struct bl_relay_packet *packet, struct bulla_error *err)
{
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    size_t size = bl_relay_packet_encode(packet, bytes);

    return bl_packet_send(relay_fd, (struct bulla_bytes){ bytes, size }, NULL, 0,
                          bl_clock_deadline(RELAY_TIMEOUT_MS), err);
}

static enum bulla_status
receive_packet(int relay_fd, int64_t deadline, struct bl_relay_packet *packet_out, int *fd_out,
               struct bulla_error *err)
{
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    size_t size = 0;
    BL_AUTO_FD fd = -1;

    BL_TRY(bl_packet_receive(relay_fd, bytes, sizeof bytes, &size, &fd, 1, deadline, err));
    BL_TRY(bl_relay_packet_decode((struct bulla_bytes){ bytes, size }, packet_out, err));
    if (packet_out->kind != BL_RELAY_CLIENT && packet_out->kind != BL_RELAY_ANSWER &&
        packet_out->kind != BL_RELAY_HEALTH)
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "not a packet of a monitor", 0);
    *fd_out = fd;
    fd = -1;
    return BULLA_OK;
}

enum bulla_status
bl_network_broker(int relay_fd, int64_t deadline, int *fd_out, struct bulla_error *err)
{
    const struct bl_relay_packet request = { .kind = BL_RELAY_BROKER };

    BL_TRY(send_packet(relay_fd, &request, err));
    for (;;) {
        struct bl_relay_packet packet = { 0 };
        BL_AUTO_FD fd = -1;
        BL_TRY(receive_packet(relay_fd, deadline, &packet, &fd, err));
        if (packet.kind == BL_RELAY_CLIENT)
            continue;
        if (packet.kind != BL_RELAY_ANSWER || packet.id != request.id)
            return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "an answer to no question", packet.id);
        if (!packet.connected)
            return bulla_fail(err, BULLA_E_UNREACHABLE, WHERE, "no connection to the broker", 0);
        *fd_out = fd;
        fd = -1;
        return BULLA_OK;
    }
}

/* -- links ------------------------------------------------------------------------------------- */

/* Takes both descriptors; where there is no room they are closed, which both peers notice. */
static void
add_link(struct bl_network *network, int outside, int inside)
{
    for (size_t i = 0; i < network->link_count_max; i++) {
        if (network->links[i] != NULL)
            continue;
        network->links[i] = bl_link_new(outside, inside); /* NULL: both are closed */
        return;
    }
    bl_fd_close(&outside);
    bl_fd_close(&inside);
}

static bool
port_is_listed(const struct bl_manifest *manifest, uint16_t port)
{
    for (size_t i = 0; i < manifest->listen_count; i++) {
        if (manifest->listen[i].inside_port == port)
            return true;
    }
    return false;
}

/* A client, or the monitor's question whether there could be one. Where the program does not listen
 * `outside` is closed, which tells either. */
static enum bulla_status
accept_client(struct bl_network *network, const struct bl_relay_packet *packet, int outside,
              struct bulla_error *err)
{
    BL_AUTO_FD client = outside;
    BL_AUTO_FD inside = -1;

    if (!port_is_listed(network->manifest, packet->port))
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "a port that is not in the manifest",
                          packet->port);
    if (bl_tcp_connect(NULL, packet->port, bl_clock_deadline(LOCAL_TIMEOUT_MS), &inside, NULL) !=
        BULLA_OK)
        return BULLA_OK;
    if (packet->kind == BL_RELAY_HEALTH) {
        const uint8_t yes = BL_RELAY_HEALTH_YES; /* or the monitor has lost its patience */
        (void)!bl_socket_send(client, (struct bulla_bytes){ &yes, 1 }, bl_clock_deadline(0), NULL);
        return BULLA_OK;
    }
    add_link(network, client, inside);
    client = inside = -1;
    return BULLA_OK;
}

static enum bulla_status
finish_pending(struct bl_network *network, const struct bl_relay_packet *answer, int outside,
               struct bulla_error *err)
{
    for (size_t i = 0; i < BL_RELAY_PENDING_MAX; i++) {
        struct pending *pending = &network->pending[i];
        if (pending->fd < 0 || pending->id != answer->id)
            continue;
        int inside = pending->fd;
        pending->fd = -1;
        if (answer->connected) {
            add_link(network, outside, inside);
            return BULLA_OK;
        }
        bl_fd_close(&inside);
        bl_fd_close(&outside);
        return BULLA_OK;
    }
    bl_fd_close(&outside);
    return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "an answer to no question", answer->id);
}

static enum bulla_status
take_packet(struct bl_network *network, struct bulla_error *err)
{
    struct bl_relay_packet packet = { 0 };
    int fd = -1;

    BL_TRY(
        receive_packet(network->relay_fd, bl_clock_deadline(RELAY_TIMEOUT_MS), &packet, &fd, err));
    if (packet.kind != BL_RELAY_ANSWER)
        return accept_client(network, &packet, fd, err);
    return finish_pending(network, &packet, fd, err);
}

/* The program connects to the outside: ask for the other half. */
static enum bulla_status
accept_program(struct bl_network *network, size_t index, struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;

    if (bl_socket_accept(network->listeners[index], bl_clock_deadline(0), &fd, NULL) != BULLA_OK)
        return BULLA_OK; /* it changed its mind */
    for (size_t i = 0; i < BL_RELAY_PENDING_MAX; i++) {
        struct pending *pending = &network->pending[i];
        if (pending->fd >= 0)
            continue;
        const struct bl_relay_packet request = { .kind = BL_RELAY_CONNECT,
                                                 .id = ++network->next_id,
                                                 .index = (uint8_t)index };
        BL_TRY(send_packet(network->relay_fd, &request, err));
        *pending = (struct pending){ .fd = fd, .id = request.id };
        fd = -1;
        return BULLA_OK;
    }
    return BULLA_OK; /* too many wait: refused by closing */
}

/* -- the loop ---------------------------------------------------------------------------------- */

/* Where the parts of the poll set begin. */
struct poll_set {
    struct pollfd fds[POLL_MAX];
    size_t watched, listeners, links, count;
};

static void
collect(const struct bl_network *network, const int *watched, size_t watched_count,
        struct poll_set *set)
{
    set->fds[0] = (struct pollfd){ .fd = network->relay_fd, .events = POLLIN };
    set->count = set->watched = 1;
    for (size_t i = 0; i < watched_count; i++)
        set->fds[set->count++] = (struct pollfd){ .fd = watched[i], .events = POLLIN };
    set->listeners = set->count;
    for (size_t i = 0; i < network->manifest->connect_count; i++)
        set->fds[set->count++] = (struct pollfd){ .fd = network->listeners[i], .events = POLLIN };
    set->links = set->count;
    for (size_t i = 0; i < network->link_count_max; i++) {
        struct pollfd *ends = &set->fds[set->count];
        ends[0] = ends[1] = (struct pollfd){ .fd = -1 };
        if (network->links[i] != NULL)
            bl_link_wants(network->links[i], ends);
        set->count += 2;
    }
}

static void
carry(struct bl_network *network, const struct poll_set *set)
{
    for (size_t i = 0; i < network->link_count_max; i++) {
        const struct pollfd *ends = &set->fds[set->links + 2 * i];
        if (network->links[i] == NULL || (ends[0].revents == 0 && ends[1].revents == 0))
            continue;
        if (!bl_link_carry(network->links[i])) {
            bl_link_free(network->links[i]);
            network->links[i] = NULL;
        }
    }
}

static enum bulla_status
serve(struct bl_network *network, const struct poll_set *set, struct bulla_error *err)
{
    carry(network, set);
    for (size_t i = 0; i < network->manifest->connect_count; i++) {
        if (set->fds[set->listeners + i].revents != 0)
            BL_TRY(accept_program(network, i, err));
    }
    return set->fds[0].revents == 0 ? BULLA_OK : take_packet(network, err);
}

static bool
any_watched(const struct poll_set *set)
{
    for (size_t i = set->watched; i < set->listeners; i++) {
        if (set->fds[i].revents != 0)
            return true;
    }
    return false;
}

enum bulla_status
bl_network_run(struct bl_network *network, const int *watched, size_t watched_count,
               int64_t deadline, struct bulla_error *err)
{
    struct poll_set set;

    if (watched_count > BL_WATCH_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "too much to watch", watched_count);
    for (;;) {
        collect(network, watched, watched_count, &set);
        int left_ms = deadline == 0 ? -1 : bl_clock_left_ms(deadline);
        int ready = BL_CALL(SOCKET, poll(set.fds, set.count, left_ms));
        if (ready < 0 && errno != EINTR)
            return bl_fail_errno(err, WHERE, "cannot wait");
        if (ready == 0)
            return bulla_fail(err, BULLA_E_TIMEOUT, WHERE, "it is time", 0);
        if (ready < 0)
            continue;
        if (any_watched(&set))
            return BULLA_OK;
        BL_TRY(serve(network, &set, err));
    }
}

static bool
all_delivered(const struct bl_network *network)
{
    for (size_t i = 0; i < network->link_count_max; i++) {
        if (network->links[i] != NULL && !bl_link_is_delivered(network->links[i]))
            return false;
    }
    return true;
}

void
bl_network_finish(struct bl_network *network, int64_t deadline)
{
    struct poll_set set;

    while (!all_delivered(network) && bl_clock_left_ms(deadline) > 0) {
        collect(network, NULL, 0, &set);
        if (BL_CALL(SOCKET, poll(set.fds + set.links, set.count - set.links,
                                 bl_clock_left_ms(deadline))) > 0)
            carry(network, &set);
        else if (errno != EINTR)
            return;
    }
}

/* -- begin and end ----------------------------------------------------------------------------- */

static size_t
link_count_max(void)
{
    struct rlimit limit = { 0 };

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur <= SPARE_DESCRIPTORS)
        return 1;
    rlim_t count = (limit.rlim_cur - SPARE_DESCRIPTORS) / 2;
    return count == 0 ? 1 : count < BL_LINK_COUNT_MAX ? (size_t)count : BL_LINK_COUNT_MAX;
}

enum bulla_status
bl_network_new(int relay_fd, const struct bl_manifest *manifest, struct bl_network **network_out,
               struct bulla_error *err)
{
    BL_AUTO_FREE(bl_network) network = bl_alloc(1, sizeof *network);

    if (network == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    network->relay_fd = relay_fd;
    network->manifest = manifest;
    network->link_count_max = link_count_max();
    for (size_t i = 0; i < BL_MANIFEST_PORT_COUNT_MAX; i++)
        network->listeners[i] = -1;
    for (size_t i = 0; i < BL_RELAY_PENDING_MAX; i++)
        network->pending[i].fd = -1;
    for (size_t i = 0; i < manifest->connect_count; i++)
        BL_TRY(bl_tcp_listen(NULL, manifest->connect[i].inside_port, &network->listeners[i], err));
    *network_out = network;
    network = NULL;
    return BULLA_OK;
}

void
bl_network_free(struct bl_network *network)
{
    if (network == NULL)
        return;
    for (size_t i = 0; i < BL_MANIFEST_PORT_COUNT_MAX; i++)
        bl_fd_close(&network->listeners[i]);
    for (size_t i = 0; i < BL_RELAY_PENDING_MAX; i++)
        bl_fd_close(&network->pending[i].fd);
    for (size_t i = 0; i < BL_LINK_COUNT_MAX; i++)
        bl_link_free(network->links[i]);
    bl_free(network);
}
