/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/attest_sev_guest.c: evidence of a SEV-SNP guest through /dev/sev-guest (Linux 5.19 and later),
 * with the host's table of certificates where it has one.
 *
 * Spec: Linux, linux/sev-guest.h and drivers/virt/coco/sev-guest; GHCB (56421) 2.03, 4.1.8; SNP firmware
 * ABI (56860) 1.58, MSG_REPORT_RSP (table 25): status, size, 24 reserved bytes, report.
 * After any failure but "table too small" and "busy" the driver destroys the guest's key to the firmware
 * until the next boot, so that nothing else is tried again.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/sev-guest.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "device/attest_internal.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "tee/snp/structures.h"

#define WHERE "/dev/sev-guest"
#define MESSAGE_VERSION 1
#define PAGE_SIZE 4096u
#define TABLE_SIZE_FIRST \
    (4u * PAGE_SIZE) /* bytes: SEV_FW_BLOB_MAX_SIZE, what drivers take at most */
#define TABLE_SIZE_MAX (16u * PAGE_SIZE) /* bytes: a host that wants more gets a report without */
#define BUSY_DELAY_MS 500u               /* a throttled host lets one through every second or two */
#define VMPL_PATH "/sys/devices/system/cpu/sev"

/* One call to the driver. */
struct exchange {
    int fd;
    int64_t deadline;
    unsigned vmpl;
    uint8_t report_data[BL_REPORT_DATA_BYTES];
    struct snp_report_resp response;
    struct bulla_buffer table;
    uint32_t table_needed; /* bytes, if the host wants more than was offered; else 0 */
};

static void
exchange_done(struct exchange *x)
{
    bl_fd_close(&x->fd);
    bulla_buffer_done(&x->table);
}

/* Ask once. BULLA_E_BUSY: the host throttles; BULLA_E_LIMIT: x->table_needed says what is missing. */
static enum bulla_status
ask(struct exchange *x, unsigned long command, void *request, struct bulla_error *err)
{
    struct snp_guest_request_ioctl call = { .msg_version = MESSAGE_VERSION,
                                            .req_data = (uintptr_t)request,
                                            .resp_data = (uintptr_t)&x->response };
    struct bulla_error inner = { 0 };
    int result = 0;

    memset(&x->response, 0, sizeof x->response);
    enum bulla_status status = bl_node_ioctl(x->fd, command, &call, x->deadline, &result, &inner);
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

static enum bulla_status
ask_with_table(struct exchange *x, struct bulla_error *err)
{
    struct snp_ext_report_req request = { .certs_address = (uintptr_t)x->table.data,
                                          .certs_len = (uint32_t)x->table.size };

    memcpy(request.data.user_data, x->report_data, sizeof request.data.user_data);
    request.data.vmpl = x->vmpl;
    enum bulla_status status = ask(x, SNP_GET_EXT_REPORT, &request, err);
    x->table_needed = status == BULLA_E_LIMIT ? request.certs_len : 0;
    return status;
}

static enum bulla_status
ask_without_table(struct exchange *x, struct bulla_error *err)
{
    struct snp_report_req request = { .vmpl = x->vmpl };

    bulla_buffer_clear(&x->table);
    memcpy(request.user_data, x->report_data, sizeof request.user_data);
    return ask(x, SNP_GET_REPORT, &request, err);
}

/* Make room for what the host asks for; false: no host needs that. */
static bool
is_sane(const struct exchange *x)
{
    return x->table_needed > x->table.size && x->table_needed <= TABLE_SIZE_MAX &&
           x->table_needed % PAGE_SIZE == 0;
}

static enum bulla_status
table_resize(struct exchange *x, size_t size, struct bulla_error *err)
{
    uint8_t *start = NULL;

    bulla_buffer_clear(&x->table);
    return bulla_buffer_extend(&x->table, size, &start, err);
}

/* First with a table of the usual size, then with one that the host says is large enough, at last
 * without. */
static enum bulla_status
ask_for_most(struct exchange *x, struct bulla_error *err)
{
    struct bulla_error inner = { 0 };

    BL_TRY(table_resize(x, TABLE_SIZE_FIRST, err));
    enum bulla_status status = ask_with_table(x, &inner);
    if (status == BULLA_E_LIMIT && is_sane(x)) {
        bulla_error_clear(&inner);
        BL_TRY(table_resize(x, x->table_needed, err));
        status = ask_with_table(x, &inner);
    }
    if (status == BULLA_E_LIMIT)
        return ask_without_table(x, err);
    if (status != BULLA_OK && err != NULL)
        *err = inner;
    return status;
}

static enum bulla_status
ask_until(struct exchange *x, struct bulla_error *err)
{
    for (;;) {
        struct bulla_error inner = { 0 };
        enum bulla_status status = ask_for_most(x, &inner);
        if (status == BULLA_E_BUSY && bl_clock_left_ms(x->deadline) > (int)BUSY_DELAY_MS) {
            bl_clock_sleep_ms(BUSY_DELAY_MS);
            continue;
        }
        if (status != BULLA_OK && err != NULL)
            *err = inner;
        return status;
    }
}

static enum bulla_status
cut_report(const struct exchange *x, struct bulla_bytes *report_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(BL_BYTES_OF(x->response.data), "MSG_REPORT_RSP");

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

/* Which level this guest runs at; before the kernel could tell, it was always 0. */
static unsigned
own_vmpl(int64_t deadline)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    if (bl_node_read(VMPL_PATH, "vmpl", 16, deadline, &text, NULL) != BULLA_OK || text.size == 0 ||
        text.data[0] < '0' || text.data[0] > '3')
        return 0;
    return (unsigned)(text.data[0] - '0');
}

static enum bulla_status
collect(const struct bl_attest_request *request, struct bl_collected *out, struct bulla_error *err)
{
    BL_AUTO(exchange) x = { .fd = -1, .deadline = request->deadline };
    BL_AUTO(bl_collected) collected = { 0 };
    struct bulla_bytes report = { NULL, 0 };

    BL_TRY(bl_attest_report_data(request, x.report_data, err));
    x.vmpl = own_vmpl(request->deadline);
    BL_TRY(bl_node_open(bl_attest_path(&bl_attester_sev_guest, request), O_RDWR, &x.fd, err));
    BL_TRY(ask_until(&x, err));
    BL_TRY(cut_report(&x, &report, err));
    BL_TRY(bl_attest_snp(report, bulla_buffer_bytes(&x.table), &collected, err));
    return bl_collected_deliver(&collected, request, out, err);
}

static const char *const kinds[] = { "snp", NULL };

static void
probe(const char *path, struct bl_local_attester_probe *out)
{
    *out = (struct bl_local_attester_probe){ .state = bl_node_state(path), .kind = kinds[0] };
}

const struct bl_local_attester bl_attester_sev_guest = {
    .name = "sev-guest",
    .path = WHERE,
    .kinds = kinds,
    .probe = probe,
    .collect = collect,
};
