/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/pck_extension.h"

#include <string.h>

#include "base/memory.h"
#include "codec/der.h"

#define WHERE "SGX extension of the PCK certificate"
#define MEMBER_TCB 2
#define MEMBER_CONFIGURATION 7
#define TCB_PCE_SVN 17
#define TCB_CPU_SVN 18
#define DER_ENUMERATED ((enum bl_der_tag)0x0a)

/* 1.2.840.113741.1.13.1 in DER. */
static const uint8_t extension_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01 };

/* All members but the optional ones: PPID, TCB, PCEID, FMSPC, type. */
#define MEMBERS_REQUIRED (1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5)
#define TCB_MEMBERS_REQUIRED (((1u << (TCB_CPU_SVN + 1)) - 1) & ~1u) /* 1 to 18 */

/* The last arc of an OID that is `prefix` and one arc from 1 to `most`; 0 for any other, and for one
 * that was there before. */
static unsigned
read_member(struct bl_reader *r, struct bulla_bytes prefix, unsigned most, uint32_t *seen)
{
    struct bulla_bytes oid = bl_der_read_oid(r);

    if (oid.size != prefix.size + 1 || memcmp(oid.data, prefix.data, prefix.size) != 0)
        return 0;
    unsigned member = oid.data[prefix.size];
    if (member == 0 || member > most || (*seen & 1u << member) != 0)
        return 0;
    *seen |= 1u << member;
    return member;
}

static void
read_exactly(struct bl_reader *r, uint8_t *out, size_t size)
{
    struct bulla_bytes octets = bl_der_read_octets(r, size);

    if (octets.size != size) {
        bl_reader_fail(r, "another size");
        return;
    }
    memcpy(out, octets.data, size);
}

static uint64_t
read_number(struct bl_reader *r, uint64_t most)
{
    uint64_t number = bl_der_read_u64(r);

    if (number > most)
        bl_reader_fail(r, "number out of range");
    return number;
}

static void
read_tcb_member(struct bl_reader *r, unsigned member, struct bl_pck_extension *extension)
{
    if (member >= 1 && member <= BL_DCAP_SVN_COUNT)
        extension->component_svns[member - 1] = (uint8_t)read_number(r, UINT8_MAX);
    else if (member == TCB_PCE_SVN)
        extension->pce_svn = (uint16_t)read_number(r, UINT16_MAX);
    else if (member == TCB_CPU_SVN)
        read_exactly(r, extension->cpu_svn, sizeof extension->cpu_svn);
    else
        bl_reader_fail(r, "a member of the TCB that is unknown, or there twice");
}

static void
read_tcb(struct bl_reader *r, struct bl_pck_extension *extension)
{
    uint8_t prefix[sizeof extension_oid + 1];
    uint32_t seen = 0;
    struct bl_reader list = bl_der_enter(r, BL_DER_SEQUENCE, WHERE);

    memcpy(prefix, extension_oid, sizeof extension_oid);
    prefix[sizeof extension_oid] = MEMBER_TCB;
    while (list.failed == NULL && bl_reader_left(&list) > 0) {
        struct bl_reader item = bl_der_enter(&list, BL_DER_SEQUENCE, WHERE);
        unsigned member = read_member(&item, BL_BYTES_OF(prefix), TCB_CPU_SVN, &seen);
        read_tcb_member(&item, member, extension);
        if (bl_reader_finish(&item, NULL) != BULLA_OK)
            bl_reader_fail(&list, "a member of the TCB that is not as it should be");
    }
    if (list.failed != NULL)
        bl_reader_fail(r, list.failed);
    else if (seen != TCB_MEMBERS_REQUIRED)
        bl_reader_fail(r, "a member of the TCB is missing");
}

static unsigned
read_type(struct bl_reader *r)
{
    struct bulla_bytes value = bl_der_read(r, DER_ENUMERATED);

    if (value.size != 1 || value.data[0] > 2) {
        bl_reader_fail(r, "unknown type of SGX");
        return 0;
    }
    return value.data[0];
}

static void
read_extension_member(struct bl_reader *r, unsigned member, struct bl_pck_extension *extension)
{
    switch (member) {
    case 1:
        read_exactly(r, extension->ppid, sizeof extension->ppid);
        break;
    case MEMBER_TCB:
        read_tcb(r, extension);
        break;
    case 3:
        read_exactly(r, extension->pce_id, sizeof extension->pce_id);
        break;
    case 4:
        read_exactly(r, extension->fmspc, sizeof extension->fmspc);
        break;
    case 5:
        extension->sgx_type = read_type(r);
        break;
    case 6:
        read_exactly(r, extension->instance_id, sizeof extension->instance_id);
        extension->has_instance_id = true;
        break;
    case MEMBER_CONFIGURATION:
        (void)bl_der_skip(r);
        break;
    default:
        bl_reader_fail(r, "a member that is unknown, or there twice");
    }
}

enum bulla_status
bl_pck_extension_decode(struct bulla_bytes der, struct bl_pck_extension *extension_out,
                        struct bulla_error *err)
{
    struct bl_reader r = bl_reader(der, WHERE);
    struct bl_pck_extension extension = { 0 };
    uint32_t seen = 0;
    struct bl_reader list = bl_der_enter(&r, BL_DER_SEQUENCE, WHERE);

    BL_TRY(bl_reader_finish(&r, err));
    while (bl_reader_left(&list) > 0) {
        struct bl_reader item = bl_der_enter(&list, BL_DER_SEQUENCE, WHERE);
        unsigned member =
            read_member(&item, BL_BYTES_OF(extension_oid), MEMBER_CONFIGURATION, &seen);
        read_extension_member(&item, member, &extension);
        BL_TRY(bl_reader_finish(&item, err));
    }
    if ((seen & MEMBERS_REQUIRED) != MEMBERS_REQUIRED)
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "a member is missing", 0);
    *extension_out = extension;
    return BULLA_OK;
}
