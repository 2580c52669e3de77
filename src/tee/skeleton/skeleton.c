/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/skeleton/skeleton.h"

#include <string.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "crypto/key.h"

#define SIGNED_SIZE 0x46u /* bytes before the signature */
#define SIGNATURE_SIZE 64u
#define VERSION 1

static const char kind[] = "skeleton";

struct report {
    struct bulla_bytes signed_part;
    struct bulla_bytes report_data;
    struct bulla_bytes measurement;
    struct bulla_bytes signature;
};

static enum bulla_status
decode(struct bulla_bytes bytes, struct report *report_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "skeleton evidence");
    struct report report;

    struct bulla_bytes magic = bl_read_view(&r, 4);      /* 0x00 */
    uint16_t version = bl_read_u16be(&r);                /* 0x04 */
    report.report_data = bl_read_view(&r, 32);           /* 0x06 */
    report.measurement = bl_read_view(&r, 32);           /* 0x26 */
    report.signature = bl_read_view(&r, SIGNATURE_SIZE); /* 0x46 */
    BL_TRY(bl_reader_finish(&r, err));
    if (!bl_equal(magic, BL_LITERAL("BLSK")))
        return bulla_fail(err, BULLA_E_MALFORMED, "skeleton evidence", "magic", 0);
    if (version != VERSION)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "skeleton evidence", "version", 4);
    report.signed_part = (struct bulla_bytes){ bytes.data, SIGNED_SIZE };
    *report_out = report;
    return BULLA_OK;
}

static enum bulla_status
find_anchor(const struct report *report, const struct bl_verification *v,
            const struct bl_anchor **anchor_out, struct bulla_error *err)
{
    for (size_t i = 0; i < v->anchor_count; i++) {
        BL_AUTO_FREE(bl_key) key = NULL;
        struct bulla_error no_match = { 0 };
        if (v->anchors[i].kind != BL_ANCHOR_AK)
            continue;
        BL_TRY(bl_key_from_spki(v->anchors[i].der, &key, err));
        if (bl_key_verify(key, &report->signed_part, 1, report->signature, &no_match) == BULLA_OK) {
            *anchor_out = &v->anchors[i];
            return BULLA_OK;
        }
    }
    return bulla_fail(err, BULLA_E_UNTRUSTED, "skeleton evidence", "no anchor signed it", 0);
}

enum bulla_status
bl_skeleton_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
                   struct bulla_error *err)
{
    struct bl_claims claims = { .kind = kind, .binding = verification->binding };
    const struct bl_anchor *anchor = NULL;
    struct report report;

    BL_TRY(decode(verification->evidence, &report, err));
    BL_TRY(find_anchor(&report, verification, &anchor, err));
    if (verification->binding != BL_BINDING_ABSENT &&
        !bl_equal(report.report_data, verification->binder))
        return bulla_fail_cause(err, BULLA_CAUSE_NONCE_MISMATCH, "skeleton evidence",
                                "was not made for this exchange");
    claims.platform_class = anchor->platform_class;
    claims.anchor = anchor->name;
    memcpy(claims.code.bytes, report.measurement.data, report.measurement.size);
    claims.code.size = report.measurement.size;
    *claims_out = claims;
    return BULLA_OK;
}
