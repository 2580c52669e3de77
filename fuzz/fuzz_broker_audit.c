/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log without a head is never found good unless it is empty, and the line that is named as bad is
 * where those that are in order end. Bytes of a head never verify under a key that signed none.
 */
#include "fuzz_key.h"

#include <sys/mman.h>
#include <unistd.h>

#include "broker/audit_head.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bulla_error err = { 0 };
    struct bl_audit_report report;
    struct bl_audit_head head;
    int fd = memfd_create("log", MFD_CLOEXEC);

    FUZZ_ASSERT(fd >= 0);
    FUZZ_ASSERT(size == 0 || write(fd, data, size) == (ssize_t)size);
    FUZZ_ASSERT(lseek(fd, 0, SEEK_SET) == 0);
    enum bulla_status status =
        bl_audit_verify(fd, (struct bulla_bytes){ NULL, 0 }, fuzz_known_key(), &report, &err);
    close(fd);
    FUZZ_ASSERT(status == BULLA_OK ? size == 0 : bulla_status_is_finding(status));
    /* the last in order, where the next one belies it, or the first that is not */
    FUZZ_ASSERT(report.bad_line == 0 || report.bad_line == report.line_count ||
                report.bad_line == report.line_count + 1);
    err = (struct bulla_error){ 0 };
    status = bl_audit_head_open((struct bulla_bytes){ data, size }, fuzz_known_key(), &head, &err);
    FUZZ_ASSERT(status != BULLA_OK);
    fuzz_check_refusal(status, &err);
    return 0;
}
