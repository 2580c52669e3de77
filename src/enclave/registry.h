/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/registry.h: which enclaves run on this host for this user: one small file for each
 * monitor in a directory of the run (0700). A record: deterministic CBOR
 *     ["bulla-enclave/2", name, pid, start ticks, started s, state directory, log, ready, health]
 * where health is a number of bl_health_state; "bulla-enclave/1" is the same without it.
 *
 * Guarantees: a record counts only while the process that wrote it lives (its number and the moment
 * of its start), so that a number used again is never taken for it; one living record for one name.
 * Does not: hold secrets, or decide anything: the lock of the state directory does
 * (enclave/state.h).
 */
#ifndef BL_ENCLAVE_REGISTRY_H
#define BL_ENCLAVE_REGISTRY_H

#include <sys/types.h>

#include "enclave/health.h"

#define BL_REGISTRY_PATH_SIZE_MAX 1023 /* bytes */
#define BL_REGISTRY_COUNT_MAX 4096u    /* enclaves of one user */

struct bl_enclave_record {
    char name[BL_MANIFEST_NAME_SIZE_MAX + 1];
    pid_t pid; /* of the monitor */
    uint64_t start_ticks;
    int64_t started_s; /* Unix seconds */
    char state_directory[BL_REGISTRY_PATH_SIZE_MAX + 1];
    char log_path[BL_REGISTRY_PATH_SIZE_MAX + 1];
    bool ready; /* the program has been started */
    enum bl_health_state health;
};

enum bulla_status bl_enclave_record_encode(const struct bl_enclave_record *record,
                                           struct bulla_buffer *out,
                                           struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_enclave_record_decode(struct bulla_bytes bytes, struct bl_enclave_record *out,
                                           struct bulla_error *err) BULLA_CHECKED;

/** Enter this process: fills pid and start_ticks. BULLA_E_BUSY if an enclave of that name lives;
 *  entering again replaces our own record. */
enum bulla_status bl_registry_enter(const char *directory, struct bl_enclave_record *record,
                                    struct bulla_error *err) BULLA_CHECKED;
/** Take the record away. Fine if it is gone. */
void bl_registry_leave(const char *directory, const char *name);
/** BULLA_E_NOT_FOUND if none of that name lives. */
enum bulla_status bl_registry_find(const char *directory, const char *name,
                                   struct bl_enclave_record *out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Those that live, ascending by name, on the heap: *records_out is the caller's, bl_free(). */
enum bulla_status bl_registry_list(const char *directory, struct bl_enclave_record **records_out,
                                   size_t *count_out, struct bulla_error *err) BULLA_CHECKED;
/** Ask its monitor to end it, and wait; BULLA_E_TIMEOUT. */
enum bulla_status bl_registry_stop(const struct bl_enclave_record *record, int64_t deadline,
                                   struct bulla_error *err) BULLA_CHECKED;

#endif
