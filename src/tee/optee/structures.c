/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/optee/structures.h"

#include "codec/reader.h"

static const char where[] = "OP-TEE attestation";

enum bulla_status
bl_optee_decode(struct bulla_bytes bytes, struct bl_optee_report *report_out,
                struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);
    struct bl_optee_report report;

    report.digest = bl_read_view(&r, BL_OPTEE_DIGEST_SIZE);  /* 0 */
    report.signature = bl_read_view(&r, bl_reader_left(&r)); /* 32 */
    BL_TRY(bl_reader_finish(&r, err));
    /* a modulus is a whole number of 64-bit words in every build of the service */
    if (report.signature.size < BL_OPTEE_SIGNATURE_MIN ||
        report.signature.size > BL_OPTEE_SIGNATURE_MAX || report.signature.size % 8 != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "signature of no RSA key's size",
                          BL_OPTEE_DIGEST_SIZE);
    *report_out = report;
    return BULLA_OK;
}
