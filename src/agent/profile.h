/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/profile.h: what the program of an enclave, and our own server of its files, may ask of the
 * kernel. Tables of data.
 *
 * The default profile lets ordinary programs that serve the network and keep files run as they are.
 * It refuses (EPERM) what reaches into other processes or the kernel: mount and namespaces, ptrace
 * and process_vm, bpf, perf, userfaultfd, io_uring, keyrings, modules, kexec, reboot, clocks, raw
 * handles, and sockets other than Unix, IPv4, IPv6 and routing queries.
 * Does not: know a program's needs: the profile is one for all.
 */
#ifndef BL_AGENT_PROFILE_H
#define BL_AGENT_PROFILE_H

#include "policy/manifest.h"

/** For the program: no capabilities, landlock where the kernel has it (KERNEL_FEATURE_MISSING if
 *  that is less than the manifest's minimum), the default profile. */
enum bulla_status bl_confine_program(const struct bl_manifest *manifest,
                                     struct bulla_error *err) BULLA_CHECKED;
/** For the server of the files of one volume, kept in `directory`. */
enum bulla_status bl_confine_file_server(const char *directory,
                                         struct bulla_error *err) BULLA_CHECKED;

#endif
