/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/program.h: the entry program of an enclave, in a world inside the enclave's.
 *
 * Two processes: a small first process in user, mount, process, IPC and host-name namespaces of its
 * own, which passes signals on and takes orphans away, and below it the program. They see the image
 * (read-only), /proc of themselves, the ordinary devices, /run, /tmp and the sealed directories
 * (writable), the secrets (read-only); of the agent's own directory nothing. The program has
 * descriptors 0, 1 and 2, the environment of the manifest, no capabilities, and what
 * agent/profile.h leaves it.
 */
#ifndef BL_AGENT_PROGRAM_H
#define BL_AGENT_PROGRAM_H

#include "policy/manifest.h"
#include "sys/process.h"

/** Returns when the program runs. The process exits with its code, or 128 + signal, once nothing
 *  that it started is left. */
enum bulla_status bl_program_start(const struct bl_manifest *manifest, struct bl_process *out,
                                   struct bulla_error *err) BULLA_CHECKED;

#endif
