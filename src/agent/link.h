/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/link.h: two connected sockets, what comes in at one going out at the other.
 */
#ifndef BL_AGENT_LINK_H
#define BL_AGENT_LINK_H

#include <poll.h>
#include <stdbool.h>

struct bl_link;

/** Takes both descriptors; NULL, with both closed, if there is no memory or one is no descriptor. */
struct bl_link *bl_link_new(int a, int b) __attribute__((warn_unused_result));
/** What to wait for at each end. */
void bl_link_wants(const struct bl_link *link, struct pollfd ends_out[2]);
/** Carry what can be carried now. False: it has ended. */
bool bl_link_carry(struct bl_link *link);
/** Everything that came from `b` until its end went out at `a`. */
bool bl_link_is_delivered(const struct bl_link *link);
/** Close both ends. Accepts NULL. */
void bl_link_free(struct bl_link *link);

#endif
