/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/network.h: the agent's end of the relay: clients from outside reach 127.0.0.1:PORT inside,
 * and the program reaches what the manifest names by connecting to 127.0.0.1:PORT.
 *
 * Guarantees: only ports of the manifest; memory and descriptors are bounded, by BL_LINK_COUNT_MAX
 * links and by the limit on open files; a slow peer slows its own link alone; the end of one
 * direction is passed on as such.
 * Does not: encrypt, look at what passes, or hold a client for whom the program is not ready.
 */
#ifndef BL_AGENT_NETWORK_H
#define BL_AGENT_NETWORK_H

#include "base/cleanup.h"
#include "policy/manifest.h"

#define BL_LINK_COUNT_MAX 128 /* each is two descriptors and twice BL_LINK_BUFFER_SIZE */
#define BL_LINK_BUFFER_SIZE ((size_t)16 << 10) /* bytes on their way in one direction */

/** A connection to the broker of the manifest. Clients that come meanwhile are sent away.
 *  BULLA_E_UNREACHABLE, BULLA_E_TIMEOUT. */
enum bulla_status bl_network_broker(int relay_fd, int64_t deadline, int *fd_out,
                                    struct bulla_error *err) BULLA_CHECKED;

struct bl_network;
/** Listen for the program. Borrows both. */
enum bulla_status bl_network_new(int relay_fd, const struct bl_manifest *manifest,
                                 struct bl_network **network_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Accepts NULL. */
void bl_network_free(struct bl_network *network);
BL_DEFINE_FREEP(bl_network)

#define BL_WATCH_COUNT_MAX 16
/** Carry what comes, until one of `watched` is readable or hung up, or the deadline (0: none)
 *  passes: BULLA_E_TIMEOUT. BULLA_E_MALFORMED if the monitor is gone or does not keep to the
 *  protocol. */
enum bulla_status bl_network_run(struct bl_network *network, const int *watched,
                                 size_t watched_count, int64_t deadline,
                                 struct bulla_error *err) BULLA_CHECKED;
/** The program has ended: carry out what it said last, until `deadline` at most. */
void bl_network_finish(struct bl_network *network, int64_t deadline);

#endif
