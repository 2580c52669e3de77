/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enclave/tpm_filter.c: one row per command that passes, with what its handles may be.
 */
#include "enclave/tpm_filter.h"

#include "base/memory.h"
#include "codec/reader.h"
#include "measure/enclave_pcrs.h"

#define TAG_NO_SESSIONS 0x8001
#define TAG_SESSIONS 0x8002

#define HIERARCHY_OWNER 0x40000001u
#define HIERARCHY_NULL 0x40000007u
#define HIERARCHY_ENDORSEMENT 0x4000000bu
#define NV_CERTIFICATE_RSA 0x01c00002u /* EK Credential Profile 2.5, 2.2.1.4 */
#define NV_CERTIFICATE_ECC 0x01c0000au
#define SRK_PERSISTENT 0x81000001u

#define TYPE_OF(handle) ((handle) >> 24)
enum { TYPE_HMAC_SESSION = 0x02, TYPE_POLICY_SESSION = 0x03, TYPE_TRANSIENT = 0x80 };

/* What a handle of a command may be. */
enum handle_kind {
    NOTHING = 0, /* the command has no such handle */
    OBJECT,      /* transient, or the storage root key at its customary place */
    OBJECT_OR_NULL,
    NULL_ONLY,
    SESSION,
    FLUSHABLE, /* transient object or session */
    PRIMARY,   /* hierarchy of a primary key: owner, or endorsement with the EK's template */
    ENDORSEMENT,
    NV_INDEX,        /* version, counter, certificates */
    NV_READER,       /* one of these, or the owner */
    NV_BOUND,        /* version or counter: what policies are about */
    NV_BOUND_READER, /* one of these, or the owner */
    NV_COUNTER
};
#define HANDLE_COUNT_MAX 3

struct row {
    uint32_t code;
    enum handle_kind handles[HANDLE_COUNT_MAX];
};

static const struct row rows[] = {
    { 0x131, { PRIMARY } },                            /* CreatePrimary */
    { 0x134, { NV_COUNTER, NV_COUNTER } },             /* NV_Increment */
    { 0x147, { OBJECT, OBJECT } },                     /* ActivateCredential */
    { 0x149, { NV_BOUND_READER, NV_BOUND, SESSION } }, /* PolicyNV */
    { 0x14e, { NV_READER, NV_INDEX } },                /* NV_Read */
    { 0x151, { ENDORSEMENT, SESSION } },               /* PolicySecret */
    { 0x153, { OBJECT } },                             /* Create */
    { 0x157, { OBJECT } },                             /* Load */
    { 0x158, { OBJECT } },                             /* Quote */
    { 0x15e, { OBJECT } },                             /* Unseal */
    { 0x165, { FLUSHABLE } },                          /* FlushContext */
    { 0x169, { NV_INDEX } },                           /* NV_ReadPublic */
    { 0x16b, { SESSION } },                            /* PolicyAuthValue */
    { 0x173, { OBJECT } },                             /* ReadPublic */
    { 0x176, { OBJECT_OR_NULL, NULL_ONLY } },          /* StartAuthSession */
    { 0x17a, { NOTHING } },                            /* GetCapability */
    { 0x17b, { NOTHING } },                            /* GetRandom */
    { 0x17e, { NOTHING } },                            /* PCR_Read */
    { 0x17f, { SESSION } },                            /* PolicyPCR */
    { 0x189, { SESSION } },                            /* PolicyGetDigest */
};

/* The public areas of the two EK templates L-1 and L-2 (EK Credential Profile 2.5, B.3.3, B.3.4),
 * up to `unique`, which is zeros. */
#define EK_COMMON(type)                                                                           \
    0x00, type, 0x00, 0x0b,     /* type, SHA-256 */                                               \
        0x00, 0x03, 0x00, 0xb2, /* attributes */                                                  \
        0x00, 0x20, 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, \
        0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, \
        0x33, 0x14, 0x69, 0xaa,             /* PolicySecret(endorsement) */                       \
        0x00, 0x06, 0x00, 0x80, 0x00, 0x43, /* AES-128-CFB */                                     \
        0x00, 0x10                          /* no scheme */
static const uint8_t ek_rsa[] = { EK_COMMON(0x01), 0x08, 0x00, 0, 0, 0, 0 /* 2048, 65537 */ };
static const uint8_t ek_ecc[] = { EK_COMMON(0x23), 0x00, 0x03, 0x00, 0x10 /* P-256, no KDF */ };
#define EK_RSA_UNIQUE_SIZE 256 /* bytes */
#define EK_ECC_UNIQUE_SIZE 32  /* bytes of each coordinate */

/* Sized zeros. */
static bool
is_zeros(struct bl_reader *r, size_t size)
{
    return bl_read_u16be(r) == size && bl_all_zero(bl_read_view(r, size));
}

static bool
is_ek_template(struct bulla_bytes area)
{
    struct bulla_error ignored = { 0 };
    struct bl_reader r = bl_reader(area, "template");
    bool is_rsa = area.size > 1 && area.data[1] == 0x01;
    struct bulla_bytes expected = is_rsa ? BL_BYTES_OF(ek_rsa) : BL_BYTES_OF(ek_ecc);

    if (!bl_equal(bl_read_view(&r, expected.size), expected))
        return false;
    bool zeros = is_rsa ? is_zeros(&r, EK_RSA_UNIQUE_SIZE)
                        : is_zeros(&r, EK_ECC_UNIQUE_SIZE) && is_zeros(&r, EK_ECC_UNIQUE_SIZE);
    return bl_reader_finish(&r, &ignored) == BULLA_OK && zeros;
}

/* CreatePrimary, after its handle and authorizations: TPM2B_SENSITIVE_CREATE, TPM2B_PUBLIC, ... */
static bool
makes_ek(struct bl_reader r)
{
    struct bulla_error ignored = { 0 };

    bl_skip(&r, bl_read_u16be(&r));
    struct bulla_bytes area = bl_read_view(&r, bl_read_u16be(&r));
    return bl_reader_ok(&r, &ignored) == BULLA_OK && is_ek_template(area);
}

static bool
is_nv_bound(uint32_t handle)
{
    return handle == BL_ENCLAVE_NV_VERSION || handle == BL_ENCLAVE_NV_COUNTER;
}

static bool
is_nv_index(uint32_t handle)
{
    return is_nv_bound(handle) || handle == NV_CERTIFICATE_RSA || handle == NV_CERTIFICATE_ECC;
}

static bool
is_session(uint32_t handle)
{
    return TYPE_OF(handle) == TYPE_HMAC_SESSION || TYPE_OF(handle) == TYPE_POLICY_SESSION;
}

static bool
is_object(uint32_t handle)
{
    return TYPE_OF(handle) == TYPE_TRANSIENT || handle == SRK_PERSISTENT;
}

static bool
handle_fits(enum handle_kind kind, uint32_t handle)
{
    switch (kind) {
    case NOTHING:
        return false;
    case OBJECT:
        return is_object(handle);
    case OBJECT_OR_NULL:
        return is_object(handle) || handle == HIERARCHY_NULL;
    case NULL_ONLY:
        return handle == HIERARCHY_NULL;
    case SESSION:
        return is_session(handle);
    case FLUSHABLE:
        return is_session(handle) || TYPE_OF(handle) == TYPE_TRANSIENT;
    case PRIMARY:
        return handle == HIERARCHY_OWNER || handle == HIERARCHY_ENDORSEMENT;
    case ENDORSEMENT:
        return handle == HIERARCHY_ENDORSEMENT;
    case NV_INDEX:
        return is_nv_index(handle);
    case NV_READER:
        return is_nv_index(handle) || handle == HIERARCHY_OWNER;
    case NV_BOUND:
        return is_nv_bound(handle);
    case NV_BOUND_READER:
        return is_nv_bound(handle) || handle == HIERARCHY_OWNER;
    case NV_COUNTER:
        return handle == BL_ENCLAVE_NV_COUNTER;
    }
    return false;
}

static const struct row *
row_of(uint32_t code)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].code == code)
            return &rows[i];
    }
    return NULL;
}

static bool
handles_fit(const struct row *row, struct bl_reader *r, uint32_t *first_out)
{
    struct bulla_error ignored = { 0 };

    for (size_t i = 0; i < HANDLE_COUNT_MAX && row->handles[i] != NOTHING; i++) {
        uint32_t handle = bl_read_u32be(r);
        if (bl_reader_ok(r, &ignored) != BULLA_OK || !handle_fits(row->handles[i], handle))
            return false;
        *first_out = i == 0 ? handle : *first_out;
    }
    return true;
}

bool
bl_tpm_filter_allows(struct bulla_bytes command)
{
    struct bulla_error ignored = { 0 };
    struct bl_reader r = bl_reader(command, "TPM command");
    uint16_t tag = bl_read_u16be(&r);
    uint32_t size = bl_read_u32be(&r);
    const struct row *row = row_of(bl_read_u32be(&r));
    uint32_t first = 0;

    if (bl_reader_ok(&r, &ignored) != BULLA_OK || size != command.size ||
        size > BL_TPM_COMMAND_SIZE_MAX || (tag != TAG_NO_SESSIONS && tag != TAG_SESSIONS))
        return false;
    if (row == NULL || !handles_fit(row, &r, &first))
        return false;
    if (tag == TAG_SESSIONS)
        bl_skip(&r, bl_read_u32be(&r));
    if (bl_reader_ok(&r, &ignored) != BULLA_OK)
        return false;
    return first != HIERARCHY_ENDORSEMENT || row->handles[0] != PRIMARY || makes_ek(r);
}

struct bulla_bytes
bl_tpm_filter_refusal(void)
{
    static const uint8_t refusal[] = { 0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x43 };

    return BL_BYTES_OF(refusal);
}
