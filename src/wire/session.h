/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/session.h: which message each end may receive in which state, as one table.
 *
 * What is not in the table closes the session; a test walks every pair. The picture is in
 * docs/formats/channel.md. Pure: the caller acts, then moves on with bl_session_next().
 */
#ifndef BL_WIRE_SESSION_H
#define BL_WIRE_SESSION_H

#include "wire/channel.h"

enum bl_session_state {
    BL_SESSION_CLOSED = 0, /* zeroed memory accepts nothing */
    BL_SESSION_ENDED,      /* the last message was received in good order; nothing more may come */
    BL_SESSION_OPEN,       /* both confirmed: requests and replies */
    BL_SESSION_EVIDENCE_DONE, /* waits for the peer's confirmation */
    /* server */
    BL_SESSION_FRESH,            /* nothing received yet */
    BL_SESSION_HELLO_DONE,       /* waits for the client's evidence */
    BL_SESSION_ADMIN_CHALLENGED, /* a nonce is out */
    BL_SESSION_ENROLL_CHALLENGED,
    /* client */
    BL_SESSION_HELLO_SENT,
    BL_SESSION_HELLO_SENT_WANTING, /* and demanded evidence of the server */
    BL_SESSION_PEER_EVIDENCE,      /* waits for that evidence */
    BL_SESSION_ADMIN_OPENED,
    BL_SESSION_ADMIN_REQUESTED,
    BL_SESSION_ENROLL_REQUESTED,
    BL_SESSION_ENROLL_PROVED,
    BL_SESSION_STATE_COUNT
};

/** State after `role` in `state` has received `message` and dealt with it;
 *  BL_SESSION_CLOSED if it may not come now. */
enum bl_session_state bl_session_next(enum bl_role role, enum bl_session_state state,
                                      enum bl_message message);

#endif
