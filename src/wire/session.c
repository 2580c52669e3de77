/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/session.h"

#define S(name) BL_SESSION_##name
#define M(name) BL_MESSAGE_##name

/* What the server may receive. In OPEN a new hello starts an attestation anew (a higher epoch). */
static const enum bl_session_state server_table[BL_SESSION_STATE_COUNT][BL_MESSAGE_COUNT] = {
    [S(FRESH)][M(CLIENT_HELLO)] = S(HELLO_DONE),
    [S(FRESH)][M(ADMIN_OPEN)] = S(ADMIN_CHALLENGED),
    [S(FRESH)][M(ENROLL_REQUEST)] = S(ENROLL_CHALLENGED),
    [S(HELLO_DONE)][M(EVIDENCE)] = S(EVIDENCE_DONE),
    [S(EVIDENCE_DONE)][M(CONFIRM)] = S(OPEN),
    [S(OPEN)][M(REQUEST)] = S(OPEN),
    [S(OPEN)][M(CLIENT_HELLO)] = S(HELLO_DONE),
    [S(ADMIN_CHALLENGED)][M(ADMIN_REQUEST)] = S(ENDED), /* one nonce, one request */
    [S(ENROLL_CHALLENGED)][M(ENROLL_PROOF)] = S(ENDED),
};

/* What the client may receive. */
static const enum bl_session_state client_table[BL_SESSION_STATE_COUNT][BL_MESSAGE_COUNT] = {
    [S(HELLO_SENT)][M(SERVER_HELLO)] = S(EVIDENCE_DONE),
    [S(HELLO_SENT_WANTING)][M(SERVER_HELLO)] = S(PEER_EVIDENCE),
    [S(PEER_EVIDENCE)][M(EVIDENCE)] = S(EVIDENCE_DONE),
    [S(EVIDENCE_DONE)][M(CONFIRM)] = S(OPEN),
    [S(OPEN)][M(REPLY)] = S(OPEN),
    [S(ADMIN_OPENED)][M(ADMIN_CHALLENGE)] = S(ADMIN_REQUESTED),
    [S(ADMIN_REQUESTED)][M(ADMIN_REPLY)] = S(ENDED),
    [S(ENROLL_REQUESTED)][M(ENROLL_CHALLENGE)] = S(ENROLL_PROVED),
    [S(ENROLL_PROVED)][M(ENROLL_CERTIFICATE)] = S(ENDED),
};

enum bl_session_state
bl_session_next(enum bl_role role, enum bl_session_state state, enum bl_message message)
{
    if ((unsigned)state >= BL_SESSION_STATE_COUNT || (unsigned)message >= BL_MESSAGE_COUNT)
        return BL_SESSION_CLOSED;
    switch (role) {
    case BL_ROLE_SERVER:
        return server_table[state][message];
    case BL_ROLE_CLIENT:
        return client_table[state][message];
    }
    return BL_SESSION_CLOSED;
}
