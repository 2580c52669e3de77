/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/broker.h: `bulla serve`: gate, vault, appraiser and fetcher under one supervisor.
 *
 * Four processes, each confined to what it needs (broker/confinement.c): a network-facing gate that
 * holds no secret, a vault that has no network, an appraiser that has neither files nor network, a
 * fetcher that has no secret. The supervisor starts them, starts again what crashed, and ends them.
 */
#ifndef BL_BROKER_BROKER_H
#define BL_BROKER_BROKER_H

#include "crypto/key.h"
#include "device/tpm.h"

#define BL_BROKER_PORT 8743

/** What the user is told when the broker serves. */
struct bl_broker_started {
    bool is_first; /* the state, the admin key and the recovery identity were made just now */
    uint16_t port;
    uint8_t root_public[32]; /* raw Ed25519 */
};

struct bl_broker_options {
    const char *state_directory; /* absolute; made if it is missing, 0700 */
    const char *host;            /* numeric address to listen on */
    uint16_t port;               /* 0: any free one */
    /* Files of a first start, which must not exist yet, 0600. */
    const char *admin_key_path;
    const char *recovery_path;
    /** The TPM that the root secret is sealed to; called in the vault's process. */
    enum bulla_status (*open_tpm)(void *context, struct bl_tpm **tpm_out, struct bulla_error *err);
    void (*close_tpm)(void *context);
    void *tpm_context;
    /** Recovery: open the root with this identity instead, and seal it to the present TPM anew. */
    const struct bl_key *recovery_identity; /* or NULL */
    /** --dev: at a first start, trust this EK authority (DER) as class software. */
    struct bulla_bytes dev_anchor; /* empty: none */
    /** Called once, in the supervisor, when connections are accepted. */
    void (*started)(void *context, const struct bl_broker_started *started);
    /** Called in the supervisor when the audit log can no longer be written, and nothing is
     *  released therefore; and with NULL when it can again. */
    void (*audit_state)(void *context, const struct bulla_error *why);
    void *started_context; /* of both */
};

/** Serve until SIGINT or SIGTERM. */
enum bulla_status bl_broker_run(const struct bl_broker_options *options,
                                struct bulla_error *err) BULLA_CHECKED;

#endif
