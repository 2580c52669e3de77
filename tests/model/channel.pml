/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attested channel, version 1, as a bounded model. One relying party RELYING runs an exchange; two
 * genuine attesters, TEE (the one it means) and TWIN (same code on another platform); an attacker EVE who
 * owns the network, may hold TLS keys, and may run exchanges of his own with all of them.
 *
 * A TLS connection is a number: what stands for its exporter. Evidence is a record of what it
 * covers; a genuine attester makes it only for a connection that it has itself, unless ORACLE.
 *
 *   BIND    what evidence covers: 1 nonce; 2 nonce and TLS key; 3 nonce, key and exporter
 *   LEAK    EVE holds the TLS key of TEE
 *   ORACLE  TEE signs whatever report data EVE asks for
 *   ROLES   evidence and confirmations carry the role of who made them
 *   PLATFORM  RELYING accepts the platform of TEE alone
 *   RESUME  a second connection may be resumed from the first, and inherits its verdict
 *   GATE    application bytes wait for the verdict and the peer's confirmation
 *   WRAP    a secret goes to the wrap key in the accepted evidence, else to whom ends TLS
 *   MUTUAL  RELYING gives evidence of its own first, which EVE may try to give back
 */
#ifndef BIND
#define BIND 3
#endif
#ifndef LEAK
#define LEAK 0
#endif
#ifndef ORACLE
#define ORACLE 0
#endif
#ifndef ROLES
#define ROLES 1
#endif
#ifndef PLATFORM
#define PLATFORM 1
#endif
#ifndef RESUME
#define RESUME 0
#endif
#ifndef GATE
#define GATE 1
#endif
#ifndef WRAP
#define WRAP 1
#endif
#ifndef MUTUAL
#define MUTUAL 0
#endif

/* who */
#define NOBODY 0
#define RELYING 1
#define TEE 2
#define TWIN 3
#define EVE 4

/* roles */
#define CLIENT 1
#define SERVER 2

/* connections: RELYING's own, and those that EVE makes for himself */
#define SESSION_R 1
#define SESSION_T 2 /* EVE with TEE */
#define SESSION_U 3 /* EVE with TWIN */
#define NONCE_R 9

typedef Evidence {
    byte maker;   /* whose attestation key signed */
    byte nonce;
    byte key;     /* whose TLS key it names */
    byte session; /* whose exporter it covers */
    byte role;
    byte wrap;    /* whose wrap key */
};

Evidence offered;       /* what EVE, or an honest TEE, hands to RELYING */
bool is_offered = false;
byte endpoint = NOBODY; /* who really ends RELYING's connection */
byte shown_key = NOBODY;
bool t_confirmed = false;  /* the endpoint holds the exporter and said so */
bool connected = false;
bool accepted = false;
bool confirmed = false;
bool application_sent = false;
bool resumed = false;
byte resumed_endpoint = NOBODY;
byte secret_readable_by = NOBODY;
bool done = false;

inline offer(who, n, k, s, r, w) {
    d_step {
        offered.maker = who; offered.nonce = n; offered.key = k;
        offered.session = s; offered.role = r; offered.wrap = w;
        is_offered = true
    }
}

active proctype Network() {
    do
    :: !connected ->
        if
        :: endpoint = TEE; shown_key = TEE
        :: endpoint = EVE; shown_key = EVE
        :: LEAK -> endpoint = EVE; shown_key = TEE
        :: endpoint = TWIN; shown_key = TWIN /* diverted to the other genuine platform */
        fi;
        connected = true

    /* honest: the attester at the other end attests this very connection */
    :: connected && !is_offered && endpoint == TEE -> offer(TEE, NONCE_R, TEE, SESSION_R, SERVER, TEE)
    :: connected && !is_offered && endpoint == TWIN -> offer(TWIN, NONCE_R, TWIN, SESSION_R, SERVER, TWIN)

    /* relay: EVE has a connection of his own with TEE or TWIN and passes RELYING's nonce on */
    :: connected && !is_offered && endpoint == EVE -> offer(TEE, NONCE_R, TEE, SESSION_T, SERVER, TEE)
    :: connected && !is_offered && endpoint == EVE -> offer(TWIN, NONCE_R, TWIN, SESSION_U, SERVER, TWIN)

    /* replay of something older */
    :: connected && !is_offered && endpoint == EVE -> offer(TEE, 0, TEE, SESSION_R, SERVER, TEE)

    /* reflection: RELYING's own evidence for this connection, given back; RELYING runs the same code */
    :: connected && !is_offered && MUTUAL && endpoint == EVE ->
        offer(RELYING, NONCE_R, shown_key, SESSION_R, CLIENT, RELYING)

    /* quote oracle: TEE signs what EVE composes */
    :: connected && !is_offered && ORACLE && endpoint == EVE ->
        offer(TEE, NONCE_R, shown_key, SESSION_R, SERVER, EVE)

    /* the endpoint confirms: only who ends the connection has its exporter */
    :: connected && !t_confirmed && endpoint != NOBODY -> t_confirmed = true

    /* a second connection resumed from the first: EVE may put himself there with TEE's leaked key */
    :: accepted && RESUME && !resumed ->
        atomic { resumed = true; if :: resumed_endpoint = endpoint :: LEAK -> resumed_endpoint = EVE fi }

    :: done -> break
    od
}

active proctype RelyingParty() {
    connected;
    if
    :: !GATE -> application_sent = true /* before anything was judged */
    :: GATE -> skip
    fi;
    is_offered;
    if
    :: (offered.nonce == NONCE_R && (BIND < 2 || offered.key == shown_key) &&
        (BIND < 3 || offered.session == SESSION_R) && (!ROLES || offered.role == SERVER) &&
        (!PLATFORM || offered.maker == TEE || (MUTUAL && offered.maker == RELYING))) ->
        accepted = true
    :: else -> goto end
    fi;
    t_confirmed;
    confirmed = true;
    application_sent = true;
    if
    :: WRAP -> secret_readable_by = offered.wrap
    :: !WRAP -> secret_readable_by = endpoint
    fi;
end:
    done = true
}

/* P3, P4, P7: who was accepted is who ends the connection, and not EVE. */
ltl channel { [] (accepted -> (endpoint == TEE || endpoint == TWIN)) }
/* P5: and it is the platform that was meant. */
ltl platform { [] (accepted -> endpoint == TEE) }
/* P9: no application byte before verdict and confirmation. */
ltl gate { [] (application_sent -> (accepted && confirmed)) }
/* P10: a connection that was never judged has no verdict. */
ltl fresh { [] (resumed -> resumed_endpoint == TEE) }
/* P12: the attacker never reads the secret. */
ltl secret { [] (secret_readable_by != EVE) }
/* The model is not empty: the honest run can finish. Must be violated. */
ltl never_releases { [] (secret_readable_by != TEE) }
