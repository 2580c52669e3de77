/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/agent_link.h: all that a monitor and the agent inside its enclave say to each other.
 *
 * The agent is process 1 of the enclave and starts with these descriptors and no others:
 *
 *     0      /dev/null
 *     1, 2   the log of the enclave
 *     3      stream: raw TPM commands and responses (bl_tpm_target.socket_fd), one at a time,
 *            filtered (enclave/tpm_filter.h)
 *     4      packets: the relay, the only way to the network
 *     5      stream of frames (bl_frame_send): the control link. Monitor to agent: one frame, the
 *            configuration, before anything else, and the answer to a request. Agent to monitor:
 *            reports
 *
 * None of them may be open in the program that the agent starts. The agent's arguments are its path
 * alone and its environment is empty. It is uid and gid 0 of its own user namespace, where no other
 * ids exist, and so is who it maps to outside, nobody in particular; it has BL_AGENT_CAPABILITIES
 * over its own mount, process, network, IPC, UTS and cgroup namespaces, and no_new_privs; memory,
 * processors, processes and open files are limited. It sees the image (read-only), /proc, /dev (null
 * zero full random urandom, and fuse if there are sealed directories), BL_ENCLAVE_TMP_DIRECTORY if
 * the manifest has one, /run and BL_ENCLAVE_SECRET_DIRECTORY (empty tmpfs both) and
 * BL_AGENT_STATE_DIRECTORY, a directory of the host: what is in there outlives the enclave, may be
 * lost, old or altered, and is to be hidden from the program. Every sealed directory of the manifest
 * exists, empty, in the image's tree, to be mounted over.
 *
 * The agent gives the program a user of the manifest's uid, no capabilities, seccomp and landlock. It
 * exits with the program's code, or 128 + signal; before the program started, with a report and any
 * code but 0. SIGTERM asks it to end the program, close the volumes and exit.
 *
 * Relay. Agent to monitor, without descriptors:
 *     'C' u32 id u8 index      connect to connect[index].outside of the manifest
 *     'B' u32 id               connect to the broker of the manifest
 * Monitor to agent, with exactly one descriptor each:
 *     'L' u16 port             a client of the listening port whose inside_port this is
 *     'A' u32 id u8 connected  the answer to 'C' or 'B'; 1: connected, 0: not, and the descriptor is
 *                              to be closed
 * Numbers are big-endian. What else arrives ends the link, and with it the enclave. At most
 * BL_RELAY_PENDING_MAX requests wait for their answers; more are answered with 0 at once.
 *
 * Pure: bytes and values only. Does not: authenticate; whoever has the descriptor is the other side.
 */
#ifndef BL_ENCLAVE_AGENT_LINK_H
#define BL_ENCLAVE_AGENT_LINK_H

#include "base/buffer.h"
#include "policy/manifest.h"
#include "tee/tpm/evidence.h"

enum { BL_AGENT_FD_TPM = 3, BL_AGENT_FD_RELAY = 4, BL_AGENT_FD_CONTROL = 5 };

/** What the agent may do in its own world: map the program's user, who is itself seen from outside
 *  (SETGID, SETUID, SETFCAP), and mount (SYS_ADMIN). It drops them once the program runs. */
#define BL_AGENT_CAPABILITIES \
    (UINT64_C(1) << 6 | UINT64_C(1) << 7 | UINT64_C(1) << 21 | UINT64_C(1) << 31)

/** The agent's own directory on the host: its keys, wrapped, and the volumes. Writable, not
 *  executable; empty on the first start. */
#define BL_AGENT_STATE_DIRECTORY BL_ENCLAVE_AGENT_DIRECTORY "/state"

#define BL_AGENT_LOG_SIZE_MAX ((size_t)4 << 10)       /* bytes: five events */
#define BL_AGENT_PLATFORM_SIZE_MAX ((size_t)64 << 10) /* bytes: as evidence, tee/tpm/evidence.h */
#define BL_AGENT_CONFIG_SIZE_MAX (BL_MANIFEST_SIZE_MAX + BL_AGENT_LOG_SIZE_MAX + 64) /* bytes */
#define BL_AGENT_KEY_SIZE_MAX ((size_t)1 << 10) /* bytes of either half of an attestation key */
#define BL_AGENT_REPORT_SIZE_MAX (2 * BL_AGENT_KEY_SIZE_MAX + 64) /* bytes */

/**
 * What the monitor tells first: deterministic CBOR
 *     { 1: 1, 2: manifest, 3: event log, 4: platform vouches, 5: state anchored }
 */
struct bl_agent_config {
    struct bulla_bytes manifest;  /* canonical: bl_manifest_decode() */
    struct bulla_bytes event_log; /* bl_enclave_log_read() */
    bool platform_vouches; /* BL_AGENT_ATTESTS will be answered with the platform's evidence */
    bool anchored;         /* false: freshness none, nobody would notice an old vTPM state */
};
enum bulla_status bl_agent_config_encode(const struct bl_agent_config *config,
                                         struct bulla_buffer *out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Borrows from `bytes`. BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED (version), BULLA_E_LIMIT. */
enum bulla_status bl_agent_config_decode(struct bulla_bytes bytes, struct bl_agent_config *out,
                                         struct bulla_error *err) BULLA_CHECKED;

enum bl_agent_report_kind {
    BL_AGENT_READY = 1,   /* the program has been started */
    BL_AGENT_REFUSED = 2, /* it will not be, for this cause; the agent exits next */
    BL_AGENT_ATTESTS = 3  /* it is about to show evidence: let the platform vouch for its key */
};
/**
 * What the agent tells: deterministic CBOR [1, 0], [2, cause], or [3, TPM2B_PUBLIC, TPM2B_PRIVATE,
 * binder] with an attestation key of the vTPM and what its quote commits to. The last is for once,
 * before the others; its answer is a frame: evidence of the layer "platform" (tee/tpm/evidence.h)
 * of at most BL_AGENT_PLATFORM_SIZE_MAX bytes. A platform that fails is the end of the enclave.
 */
struct bl_agent_report {
    enum bl_agent_report_kind kind;
    enum bulla_cause cause;                   /* REFUSED */
    struct bulla_bytes ak_public, ak_private; /* ATTESTS; borrowed */
    uint8_t binder[BL_TPM_BINDER_SIZE];       /* ATTESTS */
};
enum bulla_status bl_agent_report_encode(const struct bl_agent_report *report,
                                         struct bulla_buffer *out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Borrows from `bytes`. BULLA_E_MALFORMED, also for a cause that nobody knows. */
enum bulla_status bl_agent_report_decode(struct bulla_bytes bytes, struct bl_agent_report *out,
                                         struct bulla_error *err) BULLA_CHECKED;

#define BL_RELAY_PACKET_SIZE_MAX ((size_t)8) /* bytes */
#define BL_RELAY_PENDING_MAX 16u             /* requests: each is a thread of the monitor's */

enum bl_relay_kind {
    BL_RELAY_CONNECT = 'C',
    BL_RELAY_BROKER = 'B',
    BL_RELAY_CLIENT = 'L',
    BL_RELAY_ANSWER = 'A',
    BL_RELAY_HEALTH =
        'H' /* comes with a socket: does the program listen? A byte says that it does */
};
#define BL_RELAY_HEALTH_YES 'y' /* no: the socket is closed without it */
struct bl_relay_packet {
    enum bl_relay_kind kind;
    uint32_t id;    /* all but CLIENT and HEALTH: chosen by the agent */
    uint8_t index;  /* CONNECT */
    uint16_t port;  /* CLIENT, HEALTH: never 0 */
    bool connected; /* ANSWER */
};
/** The size written; `out` is large enough for every kind. */
size_t bl_relay_packet_encode(const struct bl_relay_packet *packet,
                              uint8_t out[BL_RELAY_PACKET_SIZE_MAX]);
/** BULLA_E_MALFORMED. The caller refuses kinds that are not for it. */
enum bulla_status bl_relay_packet_decode(struct bulla_bytes bytes, struct bl_relay_packet *out,
                                         struct bulla_error *err) BULLA_CHECKED;

#endif
