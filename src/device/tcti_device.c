/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/tcti_device.c: transport to a TPM device node of the kernel (/dev/tpmrm0, /dev/tpm0).
 *
 * The TCTI of tpm2-tss for device nodes does the reading and writing: it has met the hardware and
 * the kernels that we have not (partial reads, non-blocking writes). Its loader is asked for it by
 * name, so that nothing in the environment chooses another.
 * Does not: run with a kernel that cannot poll the node; there a dead TPM blocks as long as the
 * kernel's own limit.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tss2/tss2_tctildr.h>

#include "base/memory.h"
#include "device/tpm_transport.h"
#include "sys/call.h"

#define WHERE "TPM device"

struct node {
    TSS2_TCTI_CONTEXT *tcti;
    int32_t timeout_ms;
};

static enum bulla_status
fail_tcti(TSS2_RC rc, const char *what, struct bulla_error *err)
{
    if ((rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_TRY_AGAIN)
        return bulla_fail(err, BULLA_E_TIMEOUT, WHERE, "the TPM does not answer", 0);
    return bulla_fail_detail(err, BULLA_CAUSE_TPM_FAILED, WHERE, what, rc);
}

static enum bulla_status
exchange(void *context, struct bulla_bytes command, struct bulla_buffer *response_out,
         struct bulla_error *err)
{
    struct node *node = context;
    uint8_t message[BL_TPM_MESSAGE_MAX];
    size_t size = sizeof message;

    TSS2_RC rc = Tss2_Tcti_Transmit(node->tcti, command.size, command.data);
    if (rc != TSS2_RC_SUCCESS)
        return fail_tcti(rc, "sending failed", err);
    rc = Tss2_Tcti_Receive(node->tcti, &size, message, node->timeout_ms);
    if (rc != TSS2_RC_SUCCESS)
        return fail_tcti(rc, "receiving failed", err);
    return bulla_buffer_append(response_out, (struct bulla_bytes){ message, size }, err);
}

static void
release(void *context)
{
    struct node *node = context;

    Tss2_TctiLdr_Finalize(&node->tcti);
    bl_free(node);
}

/* The loader tells one error from another by a message on stderr only: ask the node ourselves. */
static enum bulla_status
probe(const char *path, struct bulla_error *err)
{
    struct stat status;
    int fd = BL_CALL(FILE, open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));

    if (fd < 0) {
        enum bulla_cause cause = errno == EACCES || errno == EPERM ? BULLA_CAUSE_TPM_NOT_PERMITTED
                                 : errno == EBUSY                  ? BULLA_CAUSE_BUSY
                                 : errno == EIO                    ? BULLA_CAUSE_IO
                                                                   : BULLA_CAUSE_NO_TPM;
        return bulla_fail_detail(err, cause, WHERE, "cannot open it", (unsigned long)errno);
    }
    bool is_device = fstat(fd, &status) == 0 && S_ISCHR(status.st_mode);
    close(fd);
    if (!is_device)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_TPM, WHERE, "not a character device");
    return BULLA_OK;
}

enum bulla_status
bl_tpm_transport_device(const char *path, unsigned timeout_ms, struct bl_tpm_transport *out,
                        struct bulla_error *err)
{
    BL_TRY(probe(path, err));
    struct node *node = bl_alloc(1, sizeof *node);
    if (node == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    node->timeout_ms = timeout_ms > INT32_MAX ? INT32_MAX : (int32_t)timeout_ms;
    TSS2_RC rc = Tss2_TctiLdr_Initialize_Ex("device", path, &node->tcti);
    if (rc != TSS2_RC_SUCCESS) {
        bl_free(node);
        return fail_tcti(rc, "it does not answer as a TPM", err);
    }
    *out = (struct bl_tpm_transport){ .context = node, .exchange = exchange, .close = release };
    return BULLA_OK;
}
