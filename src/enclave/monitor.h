/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/monitor.h: runs one process enclave from its start to its end.
 *
 * In this order: what the host lacks; the state's lock; the relay; limits; the agent, unpacked into
 * a world of its own, where it waits for its configuration; the key of the state; the vTPM; the
 * version floor; the EK's certificate; PCRs 8 to 12, version index, counter; the configuration.
 * So what is put into PCR 11 is in force already, no process is forked while this one holds keys,
 * and the agent can do nothing before its TPM says what it is: nobody answers it. If anything
 * fails, the agent is killed without having run on.
 * While the program runs, the manifest's health check (enclave/health.h) is carried out; after too
 * many failures the enclave is asked to end as by a signal.
 *
 * Guarantees: one instance per state directory (BULLA_CAUSE_BUSY); an older version than the last one
 * that was started does not start (VERSION_BELOW_FLOOR, with found and expected); the agent's TPM
 * commands are filtered, its network is the relay; when the monitor ends or dies, so does all of the
 * enclave.
 * Does not: verify who signed the image (the caller did: enclave/identity.h); restart (cmd/enclave_restart.h); hide anything
 * from root of the host, who can read the monitor's memory (docs/limits.md). SIGTERM, SIGINT and
 * SIGHUP to the monitor ask the enclave to end; they are blocked in this process meanwhile. One
 * monitor per process, which should have no other threads.
 */
#ifndef BL_ENCLAVE_MONITOR_H
#define BL_ENCLAVE_MONITOR_H

#include "device/tpm.h"
#include "enclave/health.h"
#include "enclave/state.h"
#include "enclave/world.h"
#include "tee/tpm/evidence.h"

#define BL_MONITOR_STOP_TIMEOUT_MS 10000 /* from SIGTERM to SIGKILL */

struct bl_monitor_plan {
    const struct bl_manifest *manifest;
    uint8_t code[32]; /* image digest: what `image` refuses to differ from */
    struct bl_image_source image;
    const char *state_directory;
    const char *log_path; /* NULL: "log" in the state directory */
    bool anchored;        /* the state's freshness is anchored somewhere */

    void *context; /* of what follows */
    /** The key of the state: found by state->key_path, or made and left there. */
    enum bulla_status (*key)(void *context, const struct bl_enclave_state *state,
                             struct bl_secret *key_out, struct bulla_error *err);
    /** Certify the vTPM's EK, which has no certificate yet (bl_tpm_ek_certificate_install()). NULL:
     *  it stays without. */
    enum bulla_status (*certify)(void *context, struct bl_tpm *tpm, struct bulla_error *err);
    /** Evidence of the layer below, over `extra_data`: a quote of the TPM that measured this monitor.
     *  Asked for at most once, and only for an attestation key that is the vTPM's own. NULL: nothing
     *  vouches for the vTPM, and the enclave is of the class software. */
    enum bulla_status (*vouch)(void *context, const uint8_t extra_data[BL_TPM_BINDER_SIZE],
                               struct bulla_buffer *evidence_out, struct bulla_error *err);
    /** The agent runs and has its configuration. NULL: nobody wants to know. */
    void (*started)(void *context, pid_t agent);
    /** The program runs. NULL: nobody wants to know. */
    void (*ready)(void *context);
    /** The health check of the manifest, if it has one, has another result than before. NULL: nobody
     *  wants to know. */
    void (*health)(void *context, enum bl_health_state state);
};

struct bl_monitor_end {
    bool killed;            /* by signal `code`; otherwise the agent exited with `code` */
    int code;               /* the program's */
    bool was_ready;         /* the program ran */
    enum bulla_cause cause; /* why the agent did not start it; or NONE */
    bool stopped;           /* a signal asked for it */
    bool unhealthy;         /* told to end because it took no connections any more */
    uint64_t memory_kills;  /* processes killed for want of memory; 0 where nobody counts */
};

/** Run it until it ends. BULLA_OK says that it ran, however it ended. */
enum bulla_status bl_monitor_run(const struct bl_monitor_plan *plan, struct bl_monitor_end *end_out,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif
