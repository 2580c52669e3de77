/* SPDX-License-Identifier: Apache-2.0 */
/* tee/nvidia/describe.c: what is shown, by the names of docs/formats/claims.md. */
#include <stdio.h>

#include "crypto/certificate_list.h"
#include "tee/nvidia/structures.h"
#include "tee/nvidia/verify.h"

static void
describe_measurements(const struct bl_nvidia_report *report, struct bl_json_writer *out)
{
    char index[4];

    bl_json_write_u64(out, "measurement_blocks", report->measurement_count);
    bl_json_open_object(out, "measurements");
    for (size_t i = 0; i < report->measurement_count; i++) {
        (void)snprintf(index, sizeof index, "%u", (unsigned)report->measurements[i].index);
        bl_json_write_hex(out, index, report->measurements[i].value);
    }
    bl_json_close(out);
}

/* Text without the zeros that fill it up. */
static struct bulla_bytes
trimmed(struct bulla_bytes text)
{
    while (text.size > 0 && text.data[text.size - 1] == '\0')
        text.size--;
    return text;
}

/* Each type once, ascending. */
static void
describe_types(const struct bl_nvidia_report *report, struct bl_json_writer *out)
{
    int64_t last = -1;

    bl_json_open_array(out, "opaque_types");
    for (;;) {
        int64_t next = INT64_MAX;
        for (size_t i = 0; i < report->opaque_count; i++)
            if (report->opaque[i].type > last && report->opaque[i].type < next)
                next = report->opaque[i].type;
        if (next == INT64_MAX)
            break;
        bl_json_write_number(out, NULL, next);
        last = next;
    }
    bl_json_close(out);
}

static void
describe_opaque(const struct bl_nvidia_report *report, struct bl_json_writer *out)
{
    struct bulla_bytes driver = bl_nvidia_opaque_find(report, BL_NVIDIA_DRIVER_VERSION);
    struct bulla_bytes vbios = bl_nvidia_opaque_find(report, BL_NVIDIA_VBIOS_VERSION);

    if (driver.size > 0)
        bl_json_write_text(out, "driver_version", trimmed(driver));
    if (vbios.size > 0)
        bl_json_write_hex(out, "vbios_version_raw", vbios);
    describe_types(report, out);
}

/* The leaf's name carries the start of its key's digest, and so who made the firmware run. */
static enum bulla_status
describe_leaf(const struct bl_verification *verification, struct bl_json_writer *out,
              struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) chain = { 0 };
    BL_AUTO(bulla_buffer) name = { 0 };

    BL_TRY(bl_certificate_list_read(bl_part_find(verification, "cert_chain"), &chain, err));
    BL_TRY(bl_certificate_list_order(&chain, err));
    BL_TRY(bl_certificate_name_text(chain.items[0], /* of_issuer= */ false, &name, err));
    bl_json_write_text(out, "fwid_in_leaf_subject", bulla_buffer_bytes(&name));
    return BULLA_OK;
}

enum bulla_status
bl_nvidia_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                   struct bulla_error *err)
{
    struct bl_nvidia_report report;

    BL_TRY(bl_nvidia_report_decode(verification->evidence, &report, err));
    bl_json_write_hex(out, "nonce", report.nonce);
    bl_json_write_hex(out, "spdm_request", report.request_head);
    describe_measurements(&report, out);
    bl_json_write_hex(out, "responder_nonce", report.responder_nonce);
    describe_opaque(&report, out);
    BL_TRY(describe_leaf(verification, out, err));
    bl_json_write_u64(out, "trailing", report.trailing_size);
    return BULLA_OK;
}
