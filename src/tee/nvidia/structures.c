/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nvidia/structures.h"

#include "base/memory.h"

#define SPDM_VERSION_1_1 0x11
#define SPDM_GET_MEASUREMENTS 0xe0
#define SPDM_MEASUREMENTS 0x60
#define SPDM_SIGNATURE_REQUESTED 0x01
#define SPDM_SLOT_MASK 0x0f
#define SPDM_SPECIFICATION_DMTF 0x01
#define DMTF_HEAD_SIZE 3 /* bytes: type, size of the value */

static uint32_t
read_u24le(struct bl_reader *r)
{
    uint32_t low = bl_read_u16le(r);

    return low | (uint32_t)bl_read_u8(r) << 16;
}

/* Table 42: GET_MEASUREMENTS. The slot of the certificate chain, in its last byte. */
static uint8_t
read_request(struct bl_reader *r, struct bl_nvidia_report *report)
{
    report->request_head = bl_read_view(r, 4);             /* 0x00 */
    report->nonce = bl_read_view(r, BL_NVIDIA_NONCE_SIZE); /* 0x04 */
    uint8_t slot = bl_read_u8(r) & SPDM_SLOT_MASK;         /* 0x24 */

    if (r->failed != NULL)
        return 0;
    if (report->request_head.data[1] != SPDM_GET_MEASUREMENTS)
        bl_reader_fail(r, "not a request for measurements");
    else if ((report->request_head.data[2] & SPDM_SIGNATURE_REQUESTED) == 0)
        bl_reader_fail(r, "a request without a signature");
    return slot;
}

/* Table 45 and 46: one block, in the format of DMTF. */
static void
read_block(struct bl_reader *r, struct bl_nvidia_measurement *measurement)
{
    measurement->index = bl_read_u8(r);
    uint8_t specification = bl_read_u8(r);
    uint16_t size = bl_read_u16le(r);
    measurement->type = bl_read_u8(r);
    uint16_t value_size = bl_read_u16le(r);

    if (r->failed != NULL)
        return;
    if (specification != SPDM_SPECIFICATION_DMTF)
        bl_reader_fail(r, "measurement of another specification");
    else if (size != value_size + DMTF_HEAD_SIZE)
        bl_reader_fail(r, "measurement with two sizes");
    measurement->value = bl_read_view(r, value_size);
}

static void
read_record(struct bl_reader *r, struct bl_nvidia_report *report)
{
    bool seen[256] = { false };

    for (size_t i = 0; i < report->measurement_count && r->failed == NULL; i++) {
        struct bl_nvidia_measurement *measurement = &report->measurements[i];
        read_block(r, measurement);
        if (r->failed == NULL && seen[measurement->index])
            bl_reader_fail(r, "two measurements of one index");
        seen[measurement->index] = true;
    }
}

static bool
is_read(uint16_t type)
{
    return type == BL_NVIDIA_DRIVER_VERSION || type == BL_NVIDIA_VBIOS_VERSION ||
           type == BL_NVIDIA_FWID;
}

static void
read_opaque(struct bl_reader *r, struct bl_nvidia_report *report)
{
    while (r->failed == NULL && bl_reader_left(r) > 0) {
        if (report->opaque_count == BL_NVIDIA_OPAQUE_COUNT_MAX) {
            bl_reader_fail(r, "too many opaque fields");
            return;
        }
        struct bl_nvidia_opaque *field = &report->opaque[report->opaque_count];
        field->type = bl_read_u16le(r);
        uint16_t size = bl_read_u16le(r);
        field->value = bl_read_view(r, size);
        for (size_t i = 0; is_read(field->type) && i < report->opaque_count; i++)
            if (report->opaque[i].type == field->type)
                bl_reader_fail(r, "opaque field that comes twice");
        report->opaque_count++;
    }
}

/* Zeros fill a buffer, and a text file ends in a line's end; anything else is something else. */
static bool
is_padding(struct bulla_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] != '\0' && bytes.data[i] != '\n' && bytes.data[i] != '\r')
            return false;
    return true;
}

static enum bulla_status
check_versions(struct bulla_bytes bytes, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "NVIDIA report");

    if (bl_read_u8(&r) == SPDM_VERSION_1_1 || r.failed != NULL)
        return BULLA_OK;
    return bulla_fail(err, BULLA_E_UNSUPPORTED, "NVIDIA report", "not SPDM 1.1", 0);
}

/* Table 44: the response to the request that was read. */
static enum bulla_status
read_response(struct bl_reader *r, uint8_t slot, struct bl_nvidia_report *report,
              struct bulla_error *err)
{
    uint8_t version = bl_read_u8(r);                   /* 0x00 */
    uint8_t code = bl_read_u8(r);                      /* 0x01 */
    bl_skip(r, 1);                                     /* 0x02 */
    uint8_t answered = bl_read_u8(r) & SPDM_SLOT_MASK; /* 0x03 */
    report->measurement_count = bl_read_u8(r);         /* 0x04 */
    uint32_t record_size = read_u24le(r);              /* 0x05 */

    if (version != SPDM_VERSION_1_1 || code != SPDM_MEASUREMENTS)
        bl_reader_fail(r, "not measurements of SPDM 1.1");
    else if (answered != slot)
        bl_reader_fail(r, "another slot than was asked for");
    BL_TRY(bl_reader_ok(r, err));
    struct bl_reader record = bl_read_part(r, record_size, "measurement record");
    read_record(&record, report);
    BL_TRY(bl_reader_finish(&record, err));
    report->responder_nonce = bl_read_view(r, BL_NVIDIA_NONCE_SIZE);
    uint16_t opaque_size = bl_read_u16le(r);
    BL_TRY(bl_reader_ok(r, err));
    struct bl_reader opaque = bl_read_part(r, opaque_size, "opaque data");
    read_opaque(&opaque, report);
    return bl_reader_finish(&opaque, err);
}

enum bulla_status
bl_nvidia_report_decode(struct bulla_bytes bytes, struct bl_nvidia_report *report_out,
                        struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "NVIDIA report");
    struct bl_nvidia_report report = { 0 };

    BL_TRY(check_versions(bytes, err));
    uint8_t slot = read_request(&r, &report);
    BL_TRY(bl_reader_ok(&r, err));
    BL_TRY(read_response(&r, slot, &report, err));
    report.signed_bytes = (struct bulla_bytes){ bytes.data, r.offset };
    report.signature = bl_read_view(&r, BL_NVIDIA_SIGNATURE_SIZE);
    report.trailing_size = bl_reader_left(&r);
    if (!is_padding(bl_read_view(&r, report.trailing_size)))
        bl_reader_fail(&r, "something behind the signature");
    BL_TRY(bl_reader_finish(&r, err));
    *report_out = report;
    return BULLA_OK;
}

struct bulla_bytes
bl_nvidia_opaque_find(const struct bl_nvidia_report *report, enum bl_nvidia_opaque_type type)
{
    for (size_t i = 0; i < report->opaque_count; i++)
        if (report->opaque[i].type == type)
            return report->opaque[i].value;
    return (struct bulla_bytes){ NULL, 0 };
}
