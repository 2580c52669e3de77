/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/sealed.h: one sealed directory of the manifest: its key, and the process that serves it.
 *
 * In the agent's state directory, which the host keeps: `sealed-ID/key.bulla`, a blob with a TPM
 * slot under the policy of the manifest's `bind` words, and beside it the volume (seal/volume.h).
 * ID comes from the path inside. The blob names the volume, so that neither is taken for another's;
 * a newer version of the enclave seals it anew, and the older one is refused from then on.
 * The server has the key, one descriptor of /dev/fuse and the volume's directory, and nothing else.
 *
 * Format: docs/formats/agent-state.md.
 * Guarantees: a first start is one without the blob; a blob without its volume is refused
 * (NOT_FOUND), never taken for a first start.
 * Does not: notice that the whole directory was removed or set back (`freshness: none`); have a
 * recovery slot: what binds the directory is lost with it.
 */
#ifndef BL_AGENT_SEALED_H
#define BL_AGENT_SEALED_H

#include "agent/attest.h"
#include "sys/process.h"

struct bl_sealed_server {
    struct bl_process process;
    int stop_fd; /* closing it asks the server to end */
};
#define BL_SEALED_SERVER_NONE                     \
    {                                             \
        .process = BL_PROCESS_NONE, .stop_fd = -1 \
    }

/** Open the directory at `index` of the manifest, or make it, mount it at its path and serve it.
 *  Returns when it serves; what the volume or the TPM refuses is the failure. */
enum bulla_status bl_sealed_start(const struct bl_agent_self *self, size_t index,
                                  struct bl_sealed_server *out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** Ask it to end, wait until everything is on the disk. The failure is that of the closing. */
enum bulla_status bl_sealed_stop(struct bl_sealed_server *server, int64_t deadline,
                                 struct bulla_error *err) BULLA_CHECKED;
/** Kill it, if it lives. Accepts what is empty. */
void bl_sealed_server_done(struct bl_sealed_server *server);

#endif
