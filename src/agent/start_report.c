/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/start_report.h"

#include "base/memory.h"
#include "sys/file.h"
#include "sys/socket.h"

void
bl_start_report_send(int fd, const struct bulla_error *err)
{
    unsigned cause = (unsigned)err->cause;
    const uint8_t bytes[] = { (uint8_t)(cause >> 8), (uint8_t)cause };

    (void)!bl_fd_write(fd, BL_BYTES_OF(bytes), NULL);
}

enum bulla_status
bl_start_report_receive(int fd, int64_t deadline, struct bulla_error *err)
{
    uint8_t bytes[2] = { 0 };
    size_t size = 0;

    BL_TRY(bl_socket_receive(fd, bytes, sizeof bytes, deadline, &size, err));
    if (size < sizeof bytes)
        return bulla_fail(err, BULLA_E_UNREACHABLE, "agent", "a part of it ended at its start", 0);
    enum bulla_cause cause = (enum bulla_cause)(bytes[0] << 8 | bytes[1]);
    if (cause == BULLA_CAUSE_NONE)
        return BULLA_OK;
    if (bulla_cause_status(cause) == BULLA_OK)
        return bulla_fail(err, BULLA_E_MALFORMED, "agent", "not a cause", 0);
    return bulla_fail_cause(err, cause, "agent", "a part of it did not start");
}
