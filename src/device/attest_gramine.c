/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/attest_gramine.c: evidence of an SGX enclave that runs under Gramine, through the files of
 * /dev/attestation: 64 bytes are written to user_report_data, and quote is what then comes back.
 *
 * Spec: Gramine, Documentation/attestation.rst ("Low-level /dev/attestation interface"); the library
 * operating system answers, inside the enclave.
 * The files belong to the enclave as a whole: where another thread asks at the same time, the quote may
 * be about its bytes, which is noticed, and tried again.
 */
#include <string.h>

#include "base/memory.h"
#include "device/attest_internal.h"
#include "sys/clock.h"
#include "sys/path.h"

#define WHERE "/dev/attestation"
#define QUOTE_SIZE_MAX \
    ((size_t)64 << 10)    /* bytes: quotes with their certificates have about 5 KiB */
#define TYPE_SIZE_MAX 32u /* bytes: "dcap" */
#define RETRY_COUNT 5
#define PATH_SIZE 256u

static enum bulla_status
check_type(const char *path, int64_t deadline, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) type = { 0 };

    BL_TRY(bl_node_read(path, "attestation_type", TYPE_SIZE_MAX, deadline, &type, err));
    if (type.size > 0 && type.data[type.size - 1] == '\n')
        type.size--;
    if (bl_equal(bulla_buffer_bytes(&type), BL_LITERAL("dcap")))
        return BULLA_OK;
    if (bl_equal(bulla_buffer_bytes(&type), BL_LITERAL("none")))
        return bulla_fail_cause(err, BULLA_CAUSE_NO_ATTESTER, WHERE,
                                "the enclave's manifest has no sgx.remote_attestation");
    return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "attestation that is not DCAP", 0);
}

static enum bulla_status
try_once(const char *path, const struct bl_attest_request *request, struct bl_collected *out,
         struct bulla_error *err)
{
    BL_AUTO(bl_collected) collected = { .kind = "sgx" };
    BL_AUTO(bulla_buffer) quote = { 0 };
    uint8_t report_data[BL_REPORT_DATA_BYTES];

    BL_TRY(bl_attest_report_data(request, report_data, err));
    BL_TRY(
        bl_node_write(path, "user_report_data", BL_BYTES_OF(report_data), request->deadline, err));
    BL_TRY(bl_node_read(path, "quote", QUOTE_SIZE_MAX, request->deadline, &quote, err));
    bl_collected_add(&collected, "evidence", &quote);
    return bl_collected_deliver(&collected, request, out, err);
}

static enum bulla_status
collect(const struct bl_attest_request *request, struct bl_collected *out, struct bulla_error *err)
{
    const char *path = bl_attest_path(&bl_attester_gramine, request);

    BL_TRY(check_type(path, request->deadline, err));
    for (int left = RETRY_COUNT;; left--) {
        struct bulla_error inner = { 0 };
        enum bulla_status status = try_once(path, request, out, &inner);
        if (status == BULLA_OK)
            return BULLA_OK;
        bool is_another =
            inner.cause == BULLA_CAUSE_ATTESTER_ANSWER && inner.found.kind == BULLA_VALUE_BYTES;
        if (is_another && left > 1 && bl_clock_left_ms(request->deadline) > 0)
            continue;
        if (err != NULL)
            *err = inner;
        return status;
    }
}

static const char *const kinds[] = { "sgx", NULL };

static void
probe(const char *path, struct bl_local_attester_probe *out)
{
    char quote[PATH_SIZE];

    *out = (struct bl_local_attester_probe){ .kind = kinds[0] };
    if (bl_path_format(quote, sizeof quote, path, "user_report_data", WHERE, NULL) == BULLA_OK)
        out->state = bl_node_state(quote);
}

const struct bl_local_attester bl_attester_gramine = {
    .name = "gramine",
    .path = WHERE,
    .kinds = kinds,
    .probe = probe,
    .collect = collect,
};
