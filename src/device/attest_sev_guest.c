/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/attest_sev_guest.c: evidence of a SEV-SNP guest through /dev/sev-guest, with the host's table of
 * certificates where it has one.
 *
 * Spec: device/sev_guest.h; GHCB (56421) 2.03, 4.1.8.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/sev-guest.h>

#include "base/memory.h"
#include "device/attest_internal.h"
#include "device/sev_guest.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "tee/snp/structures.h"

#define WHERE BL_SEV_GUEST_PATH
#define PAGE_SIZE 4096u
#define TABLE_SIZE_FIRST \
    (4u * PAGE_SIZE) /* bytes: SEV_FW_BLOB_MAX_SIZE, what drivers take at most */
#define TABLE_SIZE_MAX (16u * PAGE_SIZE) /* bytes: a host that wants more gets a report without */

struct exchange {
    struct bl_sev_guest guest;
    unsigned vmpl;
    uint8_t report_data[BL_REPORT_DATA_BYTES];
    struct snp_report_resp response;
    struct bulla_buffer table;
    uint32_t table_needed; /* bytes, if the host wants more than was offered; else 0 */
};

static void
exchange_done(struct exchange *x)
{
    bl_fd_close(&x->guest.fd);
    bulla_buffer_done(&x->table);
}

/* BULLA_E_LIMIT: x->table_needed says what is missing. */
static enum bulla_status
ask(struct exchange *x, unsigned long command, void *request, struct bulla_error *err)
{
    return bl_sev_guest_ask(&x->guest, command, request, &x->response, sizeof x->response, err);
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
        if (status == BULLA_E_BUSY &&
            bl_clock_left_ms(x->guest.deadline) > (int)BL_SEV_GUEST_BUSY_MS) {
            bl_clock_sleep_ms(BL_SEV_GUEST_BUSY_MS);
            continue;
        }
        if (status != BULLA_OK && err != NULL)
            *err = inner;
        return status;
    }
}

static enum bulla_status
collect(const struct bl_attest_request *request, struct bl_collected *out, struct bulla_error *err)
{
    BL_AUTO(exchange) x = { .guest = { .fd = -1, .deadline = request->deadline } };
    BL_AUTO(bl_collected) collected = { 0 };
    struct bulla_bytes report = { NULL, 0 };

    BL_TRY(bl_attest_report_data(request, x.report_data, err));
    x.vmpl = bl_sev_guest_vmpl(request->deadline);
    BL_TRY(bl_node_open(bl_attest_path(&bl_attester_sev_guest, request), O_RDWR, &x.guest.fd, err));
    BL_TRY(ask_until(&x, err));
    BL_TRY(bl_sev_guest_report(BL_BYTES_OF(x.response.data), &report, err));
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
