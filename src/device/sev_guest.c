/* SPDX-License-Identifier: Apache-2.0 */
#include "device/sev_guest.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/sev-guest.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "device/node.h"
#include "sys/clock.h"
#include "tee/snp/structures.h"

#define WHERE BL_SEV_GUEST_PATH
#define MESSAGE_VERSION 1
#define VMPL_PATH "/sys/devices/system/cpu/sev"

enum bulla_status
bl_sev_guest_ask(const struct bl_sev_guest *guest, unsigned long command, void *request,
                 void *response, size_t response_size, struct bulla_error *err)
{
    struct snp_guest_request_ioctl call = { .msg_version = MESSAGE_VERSION,
                                            .req_data = (uintptr_t)request,
                                            .resp_data = (uintptr_t)response };
    struct bulla_error inner = { 0 };
    int result = 0;

    memset(response, 0, response_size);
    enum bulla_status status =
        bl_node_ioctl(guest->fd, command, &call, guest->deadline, &result, &inner);
    if (status == BULLA_OK && call.exitinfo2 == 0)
        return BULLA_OK;
    if (call.vmm_error == SNP_GUEST_VMM_ERR_BUSY || result == -EAGAIN || result == -EBUSY)
        return bulla_fail(err, BULLA_E_BUSY, WHERE, "the host lets no more requests through", 0);
    if (call.vmm_error == SNP_GUEST_VMM_ERR_INVALID_LEN)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "the host's certificates are larger", 0);
    if (status == BULLA_E_TIMEOUT || call.exitinfo2 == 0) {
        if (err != NULL)
            *err = inner;
        return status;
    }
    return bulla_fail_detail(err, BULLA_CAUSE_ATTESTER_FAILED, WHERE,
                             call.fw_error != 0 ? "the firmware refused" : "the hypervisor refused",
                             call.fw_error != 0 ? call.fw_error : call.vmm_error);
}

enum bulla_status
bl_sev_guest_ask_until(const struct bl_sev_guest *guest, unsigned long command, void *request,
                       void *response, size_t response_size, struct bulla_error *err)
{
    for (;;) {
        struct bulla_error inner = { 0 };
        enum bulla_status status =
            bl_sev_guest_ask(guest, command, request, response, response_size, &inner);
        if (status == BULLA_E_BUSY &&
            bl_clock_left_ms(guest->deadline) > (int)BL_SEV_GUEST_BUSY_MS) {
            bl_clock_sleep_ms(BL_SEV_GUEST_BUSY_MS);
            continue;
        }
        if (status != BULLA_OK && err != NULL)
            *err = inner;
        return status;
    }
}

enum bulla_status
bl_sev_guest_report(struct bulla_bytes response, struct bulla_bytes *report_out,
                    struct bulla_error *err)
{
    struct bl_reader r = bl_reader(response, "MSG_REPORT_RSP");

    uint32_t status = bl_read_u32le(&r);                              /* 0x00 */
    uint32_t size = bl_read_u32le(&r);                                /* 0x04 */
    (void)bl_read_view(&r, 24);                                       /* 0x08 */
    struct bulla_bytes report = bl_read_view(&r, BL_SNP_REPORT_SIZE); /* 0x20 */
    BL_TRY(bl_reader_ok(&r, err));
    if (status != 0)
        return bulla_fail_detail(err, BULLA_CAUSE_ATTESTER_FAILED, WHERE, "the firmware refused",
                                 status);
    if (size != BL_SNP_REPORT_SIZE)
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, WHERE, "no report's size");
    *report_out = report;
    return BULLA_OK;
}

unsigned
bl_sev_guest_vmpl(int64_t deadline)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    if (bl_node_read(VMPL_PATH, "vmpl", 16, deadline, &text, NULL) != BULLA_OK || text.size == 0 ||
        text.data[0] < '0' || text.data[0] > '3')
        return 0;
    return (unsigned)(text.data[0] - '0');
}
