/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev/sev-guest as Linux has it. What fails otherwise than for a small table or a busy host takes the
 * guest's key away: nothing works after that.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/sev-guest.h>

#include "device/emulated.h"
#include "device/makers.h"
#include "unit.h"

#define PAGE 4096u

/* The answer of the firmware: status, size, reserved, report. */
static bool
put_response(struct device *d, const struct remote *remote, uint64_t address, uint32_t vmpl)
{
    BL_AUTO(bulla_buffer) report = { 0 };
    struct snp_report_resp response = { { 0 } };
    uint8_t report_data[64];

    device_asked(d, report_data);
    make_snp(d->does.snp, report_data, vmpl, &report);
    device_spoil(d, &report);
    uint32_t size = d->does.size != 0 ? (uint32_t)d->does.size : (uint32_t)report.size;
    memcpy(response.data, &d->does.code, 4);
    memcpy(response.data + 4, &size, 4);
    memcpy(response.data + 32, report.data, report.size < 3968 ? report.size : 3968);
    return remote_write(remote, address, &response, sizeof response);
}

/* False: the host wants more room; `request` then says how much. */
static bool
put_table(struct device *d, const struct remote *remote, struct snp_ext_report_req *request)
{
    BL_AUTO(bulla_buffer) table = { 0 };

    if (d->does.pages_said != 0 || d->does.pages * PAGE > request->certs_len) {
        request->certs_len = (d->does.pages_said != 0 ? d->does.pages_said : d->does.pages) * PAGE;
        return false;
    }
    if (d->does.without_table)
        return true;
    make_snp_table(&table);
    if (d->does.broken_table)
        memset(table.data + 16, 0xff, 8);
    return remote_write(remote, request->certs_address, table.data, table.size);
}

static long
refuse(const struct remote *remote, uint64_t address, struct snp_guest_request_ioctl *call,
       uint32_t vmm_error, uint32_t fw_error, long result)
{
    call->vmm_error = vmm_error;
    call->fw_error = fw_error;
    (void)remote_write(remote, address, call, sizeof *call);
    return result;
}

/* MSG_KEY_REQ and MSG_KEY_RSP; a firmware that says no has answered all the same. */
static long
give_key(struct device *d, const struct remote *remote, const struct snp_guest_request_ioctl *call)
{
    uint8_t request[sizeof(struct snp_derived_key_req)];
    uint8_t response[sizeof(struct snp_derived_key_resp)];

    if (d->does.snp == NULL || !remote_read(remote, call->req_data, request, sizeof request))
        return -EINVAL;
    snp_key(d->does.snp, request, response);
    d->happened.made++;
    return remote_write(remote, call->resp_data, response, sizeof response) ? 0 : -EFAULT;
}

static long
do_ioctl(void *state, struct remote *remote, unsigned long command, uint64_t argument)
{
    struct device *d = state;
    struct snp_guest_request_ioctl call;
    struct snp_ext_report_req request = { 0 };
    bool is_extended = command == SNP_GET_EXT_REPORT;
    long trouble = device_trouble(d);

    if (trouble != 0)
        return trouble;
    if (d->does.never)
        return EMULATOR_HANG;
    if (!remote_read(remote, argument, &call, sizeof call) || call.msg_version == 0)
        return -EINVAL;
    if (happens(&d->does.busy))
        return refuse(remote, argument, &call, SNP_GUEST_VMM_ERR_BUSY, 0, -EAGAIN);
    if (d->does.error != 0 || d->does.vmm_error != 0)
        return refuse(remote, argument, &call, d->does.vmm_error, d->does.code,
                      d->does.error != 0 ? -d->does.error : 0);
    if (command == SNP_GET_DERIVED_KEY)
        return give_key(d, remote, &call);
    if ((command != SNP_GET_REPORT && !is_extended) ||
        !remote_read(remote, call.req_data, &request,
                     is_extended ? sizeof request : sizeof request.data))
        return -EINVAL;
    if (is_extended && (request.certs_len % PAGE != 0 || request.certs_len == 0))
        return -EINVAL;
    memcpy(d->report_data, request.data.user_data, 64);
    if (is_extended && !put_table(d, remote, &request)) {
        (void)remote_write(remote, call.req_data, &request, sizeof request);
        return refuse(remote, argument, &call, SNP_GUEST_VMM_ERR_INVALID_LEN, 0, -EIO);
    }
    return put_response(d, remote, call.resp_data, request.data.vmpl) ? 0 : -EFAULT;
}

void
device_make_sev_guest(struct device *device)
{
    device_make_node(device, "/dev/sev-guest", do_ioctl);
}
