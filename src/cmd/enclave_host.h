/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/enclave_host.h: the host's phase of an enclave: what is to run is compared with what its signer
 * said, then a monitor runs it. And where enclaves keep their things:
 *
 *     state     --state, or $XDG_STATE_HOME/bulla/enclaves/NAME (/var/lib/bulla/enclaves/NAME for
 *               root)
 *     of a run  $XDG_RUNTIME_DIR/bulla/enclaves, or /run/bulla/enclaves for root, else
 *               $XDG_STATE_HOME/bulla/run
 *
 * The key of an enclave's TPM state is sealed to this machine's TPM, without PCRs; where that is the
 * embedded one it is worth what its state file is, and the user is told. Needs no owner's credential.
 */
#ifndef BL_CMD_ENCLAVE_HOST_H
#define BL_CMD_ENCLAVE_HOST_H

#include "cmd/local_tpm.h"
#include "enclave/image.h"
#include "enclave/monitor.h"

/** On the heap; NULL without memory or without a home. */
char *bl_enclave_state_directory(const char *name);
char *bl_enclave_run_directory(void);

/** A whole enclave, as its files have it. */
struct bl_enclave_files {
    struct bl_manifest manifest;
    struct bl_image image;
    int image_fd; /* -1: none */
};
#define BL_ENCLAVE_FILES_NONE \
    {                         \
        .image_fd = -1        \
    }
/** Load them and demand that the identity document, signed by the signer whom the manifest pins,
 *  is about this very image and manifest. SIGNATURE, IDENTITY with found and expected. Contents of
 *  the image are compared when it is unpacked. */
enum bulla_status bl_enclave_files_load(struct bl_enclave_files *files, const char *image_path,
                                        const char *identity_path, const char *manifest_path,
                                        struct bulla_error *err) BULLA_CHECKED;
void bl_enclave_files_done(struct bl_enclave_files *files);

/** What the manifest needs and this host lacks, before anything is made: NO_USER_NAMESPACES and
 *  others. */
enum bulla_status bl_enclave_host_check(const struct bl_manifest *manifest,
                                        struct bulla_error *err) BULLA_CHECKED;
/** Run it until it ends; `arguments` has the options of BL_TPM_OPTIONS and maybe "state". Its
 *  failure to start is a failure; what became of the program is in *end_out. */
enum bulla_status bl_enclave_host_run(const struct bl_enclave_files *files,
                                      const struct bl_arguments *arguments,
                                      struct bl_monitor_end *end_out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Load, run and print: bulla enclave run. BULLA_CAUSE_PROGRAM_FAILED if the program did. */
enum bulla_status bl_enclave_run(const struct bl_arguments *arguments, const char *image_path,
                                 const char *identity_path, const char *manifest_path,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Ask the monitor of the enclave to end it, and wait: bulla enclave stop. */
enum bulla_status bl_enclave_stop(const char *name, struct bulla_error *err) BULLA_CHECKED;

#endif
