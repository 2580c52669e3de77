/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/confinement.h: what each process of the broker may still do once it has what it needs.
 *
 * Each is a table of data in confinement.c; a test tries what is forbidden in each of them.
 */
#ifndef BL_BROKER_CONFINEMENT_H
#define BL_BROKER_CONFINEMENT_H

#include "bulla/status.h"

/** Threads, its sockets, accept; no file, no new socket but a socket pair, no program. */
enum bulla_status bl_confine_gate(struct bulla_error *err) BULLA_CHECKED;
/** Threads, its sockets, files below the state directory; no network, no program. */
enum bulla_status bl_confine_vault(const char *state_directory,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Memory and its one socket; nothing else. */
enum bulla_status bl_confine_appraiser(struct bulla_error *err) BULLA_CHECKED;

/** Outgoing connections and what name resolution and TLS read; no other file, no program. */
enum bulla_status bl_confine_fetcher(struct bulla_error *err) BULLA_CHECKED;

#endif
