/* SPDX-License-Identifier: Apache-2.0 */
#include "enclave/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/memory.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sandbox.h"
#include "sys/socket.h"

#define WHERE "relay"

/* Descriptors of the relay process. */
enum { FD_AGENT = 3, FD_LISTENERS = 4 };

struct relay {
    const struct bl_manifest *manifest;
    atomic_uint pending; /* requests being carried out */
    int nothing;         /* /dev/null, to go with a refusal */
};

/* -- the relay process -------------------------------------------------------------------------- */

/* Packets of several threads do not mix. */
static bool
tell(const struct bl_relay_packet *packet, int fd)
{
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    struct bulla_error ignored = { 0 };
    size_t size = bl_relay_packet_encode(packet, bytes);

    return bl_packet_send(FD_AGENT, (struct bulla_bytes){ bytes, size }, &fd, 1,
                          bl_clock_deadline(BL_RELAY_SEND_TIMEOUT_MS), &ignored) == BULLA_OK;
}

static void
refuse(const struct relay *relay, uint32_t id)
{
    (void)tell(&(struct bl_relay_packet){ .kind = BL_RELAY_ANSWER, .id = id }, relay->nothing);
}

struct errand {
    struct relay *relay;
    const struct bl_endpoint *to;
    uint32_t id;
};

static void *
run_errand(void *context)
{
    struct errand *errand = context;
    struct relay *relay = errand->relay;
    struct bulla_error ignored = { 0 };
    BL_AUTO_FD fd = -1;

    enum bulla_status status =
        bl_tcp_connect(errand->to->host, errand->to->port,
                       bl_clock_deadline(BL_RELAY_CONNECT_TIMEOUT_MS), &fd, &ignored);
    if (status == BULLA_OK)
        (void)tell(&(struct bl_relay_packet){ .kind = BL_RELAY_ANSWER,
                                              .id = errand->id,
                                              .connected = true },
                   fd);
    else
        refuse(relay, errand->id);
    bl_free(errand);
    atomic_fetch_sub(&relay->pending, 1);
    return NULL;
}

/* Resolving and connecting take their time: each in a thread. */
static void
start_errand(struct relay *relay, const struct bl_endpoint *to, uint32_t id)
{
    pthread_t thread;
    bool within = atomic_fetch_add(&relay->pending, 1) < BL_RELAY_PENDING_MAX;
    struct errand *errand = within ? bl_alloc(1, sizeof *errand) : NULL;

    if (errand != NULL) {
        *errand = (struct errand){ relay, to, id };
        if (pthread_create(&thread, NULL, run_errand, errand) == 0) {
            pthread_detach(thread);
            return;
        }
        bl_free(errand);
    }
    atomic_fetch_sub(&relay->pending, 1);
    refuse(relay, id);
}

/* NULL: not in the manifest. */
static const struct bl_endpoint *
endpoint_of(const struct bl_manifest *manifest, const struct bl_relay_packet *packet)
{
    if (packet->kind == BL_RELAY_CONNECT && packet->index < manifest->connect_count)
        return &manifest->connect[packet->index].outside;
    if (packet->kind == BL_RELAY_BROKER && manifest->has_broker)
        return &manifest->broker.endpoint;
    return NULL;
}

/* False: the link is over. */
static bool
hear_agent(struct relay *relay)
{
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    struct bulla_error ignored = { 0 };
    struct bl_relay_packet packet = { 0 };
    size_t size = 0;

    if (bl_packet_receive(FD_AGENT, bytes, sizeof bytes, &size, NULL, 0, bl_clock_deadline(0),
                          &ignored) != BULLA_OK)
        return ignored.status == BULLA_E_TIMEOUT;
    if (bl_relay_packet_decode((struct bulla_bytes){ bytes, size }, &packet, &ignored) != BULLA_OK)
        return false;
    const struct bl_endpoint *to = endpoint_of(relay->manifest, &packet);
    if (to == NULL)
        return false;
    start_errand(relay, to, packet.id);
    return true;
}

static void
take_client(int listener, uint16_t inside_port)
{
    struct bulla_error ignored = { 0 };
    BL_AUTO_FD client = -1;

    if (bl_socket_accept(listener, bl_clock_deadline(0), &client, &ignored) == BULLA_OK)
        (void)tell(&(struct bl_relay_packet){ .kind = BL_RELAY_CLIENT, .port = inside_port },
                   client);
}

static int
run(void *context)
{
    const struct bl_manifest *manifest = context;
    struct relay relay = { .manifest = manifest };
    struct pollfd ready[1 + BL_MANIFEST_PORT_COUNT_MAX] = { { .fd = FD_AGENT, .events = POLLIN } };

    relay.nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (relay.nothing < 0)
        return 1;
    for (size_t i = 0; i < manifest->listen_count; i++)
        ready[1 + i] = (struct pollfd){ .fd = FD_LISTENERS + (int)i, .events = POLLIN };
    for (;;) {
        if (poll(ready, 1 + manifest->listen_count, -1) < 0 && errno != EINTR)
            return 1;
        if (ready[0].revents != 0 && !hear_agent(&relay))
            return 0;
        for (size_t i = 0; i < manifest->listen_count; i++) {
            if (ready[1 + i].revents != 0)
                take_client(ready[1 + i].fd, manifest->listen[i].inside_port);
        }
    }
}

static enum bulla_status
confine(void *context, struct bulla_error *err)
{
    (void)context;
    BL_TRY(bl_sandbox_drop_capabilities(0, err));
    return bl_sandbox_hide_memory(err);
}

/* -- the monitor's side ------------------------------------------------------------------------- */

struct listeners {
    int fds[BL_MANIFEST_PORT_COUNT_MAX];
    size_t count;
};

static void
listeners_done(struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->count; i++)
        bl_fd_close(&listeners->fds[i]);
    listeners->count = 0;
}

static enum bulla_status
listen_all(const struct bl_manifest *manifest, struct listeners *listeners, struct bulla_error *err)
{
    for (size_t i = 0; i < manifest->listen_count; i++) {
        const struct bl_endpoint *at = &manifest->listen[i].outside;
        enum bulla_status status = bl_tcp_listen(at->host, at->port, &listeners->fds[i], err);
        if (status != BULLA_OK) {
            if (err != NULL)
                err->offset = i;
            return status;
        }
        listeners->count++;
    }
    return BULLA_OK;
}

static enum bulla_status
start(const struct bl_manifest *manifest, const struct listeners *listeners, int relay_end,
      struct bl_process *process_out, struct bulla_error *err)
{
    struct bl_fd_map map[1 + BL_MANIFEST_PORT_COUNT_MAX] = { { relay_end, FD_AGENT } };

    for (size_t i = 0; i < listeners->count; i++)
        map[1 + i] = (struct bl_fd_map){ listeners->fds[i], FD_LISTENERS + (int)i };
    const struct bl_process_plan plan = { .function = run,
                                          .context = (void *)(uintptr_t)manifest,
                                          .fds = map,
                                          .fd_count = 1 + listeners->count,
                                          .dies_with_parent = true,
                                          .own_session = true,
                                          .confine = confine };
    return bl_process_start(&plan, process_out, err);
}

enum bulla_status
bl_relay_start(const struct bl_manifest *manifest, struct bl_process *process_out,
               struct bl_relay_ends *ends_out, struct bulla_error *err)
{
    struct listeners listeners = { 0 };
    int ends[2] = { -1, -1 };

    enum bulla_status status = listen_all(manifest, &listeners, err);
    if (status == BULLA_OK)
        status = bl_unix_pair(BL_UNIX_PACKETS, ends, err);
    if (status == BULLA_OK)
        status = start(manifest, &listeners, ends[0], process_out, err);
    listeners_done(&listeners);
    if (status != BULLA_OK) {
        bl_fd_close(&ends[0]);
        bl_fd_close(&ends[1]);
        return status;
    }
    *ends_out = (struct bl_relay_ends){ .agent = ends[1], .monitor = ends[0] };
    return BULLA_OK;
}
