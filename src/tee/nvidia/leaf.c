/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nvidia/leaf.h"

#include "codec/der.h"

static const char where[] = "firmware in a leaf certificate";

#define OID_COMPOSITE_DEVICE_ID "2.23.133.5.4.1"
#define OID_TCB_INFO "2.23.133.5.4.1.1"
#define DIGEST_SIZE_MAX 64

enum { TCB_INFO_FWIDS = 6, TCB_INFO_FLAGS = 7 };

/* FWID ::= SEQUENCE { hashAlg OBJECT IDENTIFIER, digest OCTET STRING } */
static enum bulla_status
read_fwid(struct bl_reader *r, struct bl_nvidia_leaf *leaf, struct bulla_error *err)
{
    struct bl_reader fwid = bl_der_enter(r, BL_DER_SEQUENCE, where);

    if (leaf->fwid_count == BL_NVIDIA_FWID_COUNT_MAX)
        bl_reader_fail(&fwid, "too many digests");
    (void)bl_der_read_oid(&fwid);
    struct bulla_bytes digest = bl_der_read_octets(&fwid, DIGEST_SIZE_MAX);
    BL_TRY(bl_reader_finish(&fwid, err));
    leaf->fwids[leaf->fwid_count++] = digest;
    return BULLA_OK;
}

/* CompositeDeviceID ::= SEQUENCE { version INTEGER, deviceID SubjectPublicKeyInfo, fwid FWID } */
static enum bulla_status
read_composite(struct bl_reader *r, struct bl_nvidia_leaf *leaf, struct bulla_error *err)
{
    struct bl_reader id = bl_der_enter(r, BL_DER_SEQUENCE, where);

    (void)bl_der_read_u64(&id);
    (void)bl_der_skip(&id);
    BL_TRY(read_fwid(&id, leaf, err));
    BL_TRY(bl_reader_finish(&id, err));
    return bl_reader_finish(r, err);
}

/* Flags are named bits, of which the first byte has those that are defined. */
static void
read_flags(struct bl_reader *r, struct bl_nvidia_leaf *leaf)
{
    struct bulla_bytes bits = bl_der_read(r, BL_DER_CONTEXT_PRIMITIVE(TCB_INFO_FLAGS));

    if (r->failed == NULL && bits.size == 0)
        bl_reader_fail(r, "flags without a byte");
    if (r->failed != NULL)
        return;
    leaf->has_flags = true;
    for (unsigned i = 0; bits.size > 1 && i < 8; i++) /* bit 0 of the format is the highest */
        leaf->flags |= (uint8_t)((bits.data[1] >> (7 - i) & 1U) << i);
}

/* TcbInfo ::= SEQUENCE { [0] to [9], each OPTIONAL, in this order } */
static enum bulla_status
read_tcb_info(struct bl_reader *r, struct bl_nvidia_leaf *leaf, struct bulla_error *err)
{
    struct bl_reader info = bl_der_enter(r, BL_DER_SEQUENCE, where);

    while (info.failed == NULL && bl_reader_left(&info) > 0) {
        if (bl_der_next_is(&info, BL_DER_CONTEXT(TCB_INFO_FWIDS)) && leaf->fwid_count == 0) {
            struct bl_reader list = bl_der_enter(&info, BL_DER_CONTEXT(TCB_INFO_FWIDS), where);
            BL_TRY(bl_reader_ok(&list, err));
            while (bl_reader_left(&list) > 0)
                BL_TRY(read_fwid(&list, leaf, err));
        } else if (bl_der_next_is(&info, BL_DER_CONTEXT_PRIMITIVE(TCB_INFO_FLAGS)) &&
                   !leaf->has_flags) {
            read_flags(&info, leaf);
        } else {
            (void)bl_der_skip(&info);
        }
    }
    BL_TRY(bl_reader_finish(&info, err));
    return bl_reader_finish(r, err);
}

enum bulla_status
bl_nvidia_leaf_read(const struct bl_certificate *certificate, struct bl_nvidia_leaf *leaf,
                    struct bulla_error *err)
{
    struct bulla_bytes composite = { NULL, 0 }, tcb_info = { NULL, 0 };
    bool has_composite = bl_certificate_extension(certificate, OID_COMPOSITE_DEVICE_ID, &composite);
    bool has_tcb_info = bl_certificate_extension(certificate, OID_TCB_INFO, &tcb_info);

    if (has_composite && has_tcb_info)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "two extensions say what it is", 0);
    struct bl_reader r = bl_reader(has_composite ? composite : tcb_info, where);
    if (has_composite)
        return read_composite(&r, leaf, err);
    if (has_tcb_info)
        return read_tcb_info(&r, leaf, err);
    return BULLA_OK;
}
