/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_snp.c: an input key that the SEV-SNP firmware derives.
 *
 *     snp-params = { 1: uint (root_key_select), 2: uint (guest_field_select), 3: uint (vmpl),
 *                    4: uint (guest_svn), 5: bstr .size 8 (tcb_version, as reports have it),
 *                    7: { uint => bstr } (fields as they were), 8: uint (generation) }
 *
 * Key 6 is kept for the mitigation vector of later firmware.
 */
#include "base/memory.h"
#include "seal/slot_root.h"

enum param_key {
    PARAM_ROOT = 1,
    PARAM_FIELDS,
    PARAM_VMPL,
    PARAM_GUEST_SVN,
    PARAM_TCB,
    PARAM_EXPECTED = 7,
    PARAM_GENERATION
};

static uint32_t
read_u32(struct bl_reader *r)
{
    uint64_t value = bl_cbor_read_uint(r);

    if (value > UINT32_MAX)
        bl_reader_fail(r, "number too large");
    return (uint32_t)value;
}

static void
read_param(struct bl_reader *r, uint64_t key, struct bl_root_request *request)
{
    struct bl_snp_key_request *snp = &request->snp;

    switch ((enum param_key)key) {
    case PARAM_ROOT:
        snp->root_key_select = read_u32(r);
        return;
    case PARAM_FIELDS:
        snp->guest_field_select = bl_cbor_read_uint(r);
        return;
    case PARAM_VMPL:
        snp->vmpl = read_u32(r);
        return;
    case PARAM_GUEST_SVN:
        snp->guest_svn = read_u32(r);
        return;
    case PARAM_TCB:
        bl_cbor_read_bytes_exact(r, snp->tcb_version, sizeof snp->tcb_version);
        return;
    case PARAM_GENERATION: {
        const uint64_t generation = bl_cbor_read_uint(r);
        if (generation > BL_SNP_TURIN)
            bl_reader_fail(r, "unknown generation");
        else
            snp->generation = (enum bl_snp_generation)generation;
        return;
    }
    case PARAM_EXPECTED:
        return;
    }
}

static void
write_param(struct bl_writer *w, uint64_t key, const struct bl_root_request *request)
{
    const struct bl_snp_key_request *snp = &request->snp;

    switch ((enum param_key)key) {
    case PARAM_ROOT:
        bl_cbor_write_uint(w, snp->root_key_select);
        return;
    case PARAM_FIELDS:
        bl_cbor_write_uint(w, snp->guest_field_select);
        return;
    case PARAM_VMPL:
        bl_cbor_write_uint(w, snp->vmpl);
        return;
    case PARAM_GUEST_SVN:
        bl_cbor_write_uint(w, snp->guest_svn);
        return;
    case PARAM_TCB:
        bl_cbor_write_bytes(w, BL_BYTES_OF(snp->tcb_version));
        return;
    case PARAM_GENERATION:
        bl_cbor_write_uint(w, snp->generation);
        return;
    case PARAM_EXPECTED:
        return;
    }
}

const struct bl_root_codec bl_root_codec_snp = {
    .type = BL_SLOT_SNP,
    .kind = BL_ROOT_SNP,
    .where = "SEV-SNP slot",
    .keys = 1u << PARAM_ROOT | 1u << PARAM_FIELDS | 1u << PARAM_VMPL | 1u << PARAM_GUEST_SVN |
            1u << PARAM_TCB | 1u << PARAM_GENERATION,
    .expected = PARAM_EXPECTED,
    .read = read_param,
    .write = write_param,
};

const struct bl_slot_kind bl_slot_snp = BL_SLOT_ROOT(BL_SLOT_SNP);
