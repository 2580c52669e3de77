/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/claims_codec.h"

#include <string.h>

#include "base/memory.h"

#define CLAIMS_ITEMS 8
#define CONDITION_ITEMS 23
#define TPM_ITEMS 12
#define UNCHECKED_SIZE_MAX 64 /* bytes: the longest of our words has 30 */
#define WORKLOAD_ITEMS 9

static struct bulla_bytes
text(const char *word)
{
    return (struct bulla_bytes){ (const uint8_t *)word, strlen(word) };
}

static void
write_number(struct bl_writer *w, const struct bl_claim_number *claim)
{
    if (claim->is_present)
        bl_cbor_write_uint(w, claim->value);
    else
        bl_cbor_write_null(w);
}

static void
read_number(struct bl_reader *r, struct bl_claim_number *claim)
{
    claim->is_present = !bl_cbor_read_if_null(r);
    if (claim->is_present)
        claim->value = bl_cbor_read_uint(r);
}

static void
write_flag(struct bl_writer *w, const struct bl_claim_flag *claim)
{
    if (claim->is_present)
        bl_cbor_write_bool(w, claim->value);
    else
        bl_cbor_write_null(w);
}

static void
read_flag(struct bl_reader *r, struct bl_claim_flag *claim)
{
    claim->is_present = !bl_cbor_read_if_null(r);
    if (claim->is_present)
        claim->value = bl_cbor_read_bool(r);
}

static void
read_claim_bytes(struct bl_reader *r, struct bl_claim_bytes *claim)
{
    struct bulla_bytes bytes = bl_cbor_read_bytes(r, sizeof claim->bytes);

    if (bytes.size > 0)
        memcpy(claim->bytes, bytes.data, bytes.size);
    claim->size = bytes.size;
}

/* A number that must be below `limit`; the reader fails otherwise. */
static uint64_t
read_below(struct bl_reader *r, uint64_t limit, const char *what)
{
    uint64_t value = bl_cbor_read_uint(r);

    if (value < limit)
        return value;
    bl_reader_fail(r, what);
    return 0;
}

static enum bl_hash
read_hash(struct bl_reader *r)
{
    return (enum bl_hash)read_below(r, BL_SHA512 + 1, "not a hash");
}

static uint32_t
read_mask(struct bl_reader *r)
{
    return (uint32_t)read_below(r, (uint64_t)BL_PCR_MASK_ALL + 1, "not a PCR mask");
}

static void
write_bank(struct bl_writer *w, const struct bl_pcr_bank *bank)
{
    bl_cbor_write_array(w, 3);
    bl_cbor_write_uint(w, (uint64_t)bank->hash);
    bl_cbor_write_uint(w, bank->mask);
    bl_cbor_write_array(w, (size_t)__builtin_popcount(bank->mask));
    for (unsigned i = 0; i < BL_PCR_COUNT; i++) {
        if ((bank->mask >> i & 1) != 0)
            bl_cbor_write_bytes(w, bl_pcr_value(bank, i));
    }
}

static void
read_bank(struct bl_reader *r, struct bl_pcr_bank *bank)
{
    if (bl_cbor_read_array(r, 3) != 3)
        bl_reader_fail(r, "not a bank");
    bank->hash = read_hash(r);
    uint32_t mask = read_mask(r);
    if (bl_cbor_read_array(r, BL_PCR_COUNT) != (size_t)__builtin_popcount(mask))
        bl_reader_fail(r, "not the values of the bank");
    for (unsigned i = 0; i < BL_PCR_COUNT && bl_reader_ok(r, NULL) == BULLA_OK; i++) {
        if ((mask >> i & 1) != 0 &&
            bl_pcr_set(bank, i, bl_cbor_read_bytes(r, BL_HASH_SIZE_MAX), NULL) != BULLA_OK)
            bl_reader_fail(r, "not a value of the bank");
    }
}

static void
write_tpm(struct bl_writer *w, const struct bl_tpm_claims *tpm)
{
    if (!tpm->is_present) {
        bl_cbor_write_null(w);
        return;
    }
    bl_cbor_write_array(w, TPM_ITEMS);
    bl_cbor_write_bytes(w, bl_claim_view(&tpm->ak_name));
    bl_cbor_write_bytes(w, bl_claim_view(&tpm->qualified_signer));
    bl_cbor_write_bytes(w, bl_claim_view(&tpm->extra_data));
    bl_cbor_write_uint(w, (uint64_t)tpm->signature_hash);
    bl_cbor_write_uint(w, (uint64_t)tpm->selection.bank);
    bl_cbor_write_uint(w, tpm->selection.mask);
    write_bank(w, &tpm->pcrs);
    bl_cbor_write_uint(w, tpm->log_covers);
    write_number(w, &tpm->clock_ms);
    write_number(w, &tpm->reset_count);
    write_number(w, &tpm->restart_count);
    bl_cbor_write_array(w, 2);
    write_flag(w, &tpm->clock_is_safe);
    write_number(w, &tpm->firmware_version);
}

static void
read_tpm(struct bl_reader *r, struct bl_tpm_claims *tpm)
{
    if (bl_cbor_read_if_null(r))
        return;
    tpm->is_present = true;
    if (bl_cbor_read_array(r, TPM_ITEMS) != TPM_ITEMS)
        bl_reader_fail(r, "not claims of a TPM");
    read_claim_bytes(r, &tpm->ak_name);
    read_claim_bytes(r, &tpm->qualified_signer);
    read_claim_bytes(r, &tpm->extra_data);
    tpm->signature_hash = read_hash(r);
    tpm->selection.bank = read_hash(r);
    tpm->selection.mask = read_mask(r);
    read_bank(r, &tpm->pcrs);
    tpm->log_covers = read_mask(r);
    read_number(r, &tpm->clock_ms);
    read_number(r, &tpm->reset_count);
    read_number(r, &tpm->restart_count);
    if (bl_cbor_read_array(r, 2) != 2)
        bl_reader_fail(r, "not claims of a TPM");
    read_flag(r, &tpm->clock_is_safe);
    read_number(r, &tpm->firmware_version);
}

static void
write_workload(struct bl_writer *w, const struct bl_claims *claims)
{
    bl_cbor_write_array(w, WORKLOAD_ITEMS);
    bl_cbor_write_bytes(w, bl_claim_view(&claims->code));
    bl_cbor_write_bytes(w, bl_claim_view(&claims->signer));
    bl_cbor_write_text(w, text(claims->product));
    write_number(w, &claims->version);
    bl_cbor_write_bytes(w, bl_claim_view(&claims->config));
    bl_cbor_write_uint(w, (uint64_t)claims->isolation);
    bl_cbor_write_bytes(w, bl_claim_view(&claims->isolation_facts));
    write_bank(w, &claims->registers);
    bl_cbor_write_uint(w, claims->register_log_covers);
}

static void
read_workload(struct bl_reader *r, struct bl_claims *claims)
{
    if (bl_cbor_read_array(r, WORKLOAD_ITEMS) != WORKLOAD_ITEMS)
        bl_reader_fail(r, "not a workload");
    read_claim_bytes(r, &claims->code);
    read_claim_bytes(r, &claims->signer);
    struct bulla_bytes product = bl_cbor_read_text(r, BL_PRODUCT_SIZE_MAX);
    if (product.size > 0 && memchr(product.data, 0, product.size) != NULL)
        bl_reader_fail(r, "not a product");
    else if (product.size > 0)
        memcpy(claims->product, product.data, product.size);
    read_number(r, &claims->version);
    read_claim_bytes(r, &claims->config);
    claims->isolation =
        (enum bl_isolation)read_below(r, BL_ISOLATION_HARDWARE + 1, "not an isolation");
    read_claim_bytes(r, &claims->isolation_facts);
    read_bank(r, &claims->registers);
    claims->register_log_covers = read_mask(r);
}

static void
write_firmware(struct bl_writer *w, const struct bl_firmware_claims *firmware)
{
    bl_cbor_write_uint(w, (uint64_t)firmware->generation);
    bl_cbor_write_bytes(w, BL_BYTES_OF(firmware->svns));
}

static void
read_firmware(struct bl_reader *r, struct bl_firmware_claims *firmware)
{
    firmware->generation =
        (enum bl_snp_generation)read_below(r, BL_SNP_TURIN + 1, "not a generation");
    bl_cbor_read_bytes_exact(r, firmware->svns, sizeof firmware->svns);
}

/* How the platform is, and what of it could not be checked. */
static void
write_condition(struct bl_writer *w, const struct bl_claims *claims)
{
    const struct bl_tcb_claims *tcb = &claims->tcb;

    bl_cbor_write_array(w, CONDITION_ITEMS);
    write_flag(w, &claims->debug);
    write_number(w, &claims->vmpl);
    write_flag(w, &claims->migratable);
    write_flag(w, &claims->secured);
    bl_cbor_write_bool(w, tcb->is_rated);
    bl_cbor_write_uint(w, (uint64_t)tcb->status);
    bl_cbor_write_uint(w, (uint64_t)tcb->platform);
    bl_cbor_write_uint(w, (uint64_t)tcb->quoter);
    bl_cbor_write_uint(w, (uint64_t)tcb->module);
    write_number(w, &tcb->date_s);
    bl_cbor_write_array(w, tcb->advisory_count);
    for (size_t i = 0; i < tcb->advisory_count; i++)
        bl_cbor_write_text(w, text(tcb->advisories[i]));
    write_number(w, &tcb->evaluation_number);
    write_firmware(w, &claims->firmware);
    write_number(w, &claims->attributes);
    write_number(w, &claims->platform_info);
    write_number(w, &claims->launch_mitigations);
    write_number(w, &claims->current_mitigations);
    write_number(w, &claims->module_version);
    write_number(w, &claims->module_svn);
    bl_cbor_write_bytes(w, bl_claim_view(&claims->service_td));
    write_number(w, &claims->late_s);
    bl_cbor_write_array(w, claims->unchecked_count);
    for (size_t i = 0; i < claims->unchecked_count; i++)
        bl_cbor_write_text(w, text(claims->unchecked[i]));
}

static enum bl_tcb_status
read_tcb_status(struct bl_reader *r)
{
    return (enum bl_tcb_status)read_below(r, BL_TCB_REVOKED + 1, "not a TCB status");
}

static void
read_condition(struct bl_reader *r, struct bl_claims *claims)
{
    struct bl_tcb_claims *tcb = &claims->tcb;

    if (bl_cbor_read_array(r, CONDITION_ITEMS) != CONDITION_ITEMS)
        bl_reader_fail(r, "not a condition");
    read_flag(r, &claims->debug);
    read_number(r, &claims->vmpl);
    read_flag(r, &claims->migratable);
    read_flag(r, &claims->secured);
    tcb->is_rated = bl_cbor_read_bool(r);
    tcb->status = read_tcb_status(r);
    tcb->platform = read_tcb_status(r);
    tcb->quoter = read_tcb_status(r);
    tcb->module = read_tcb_status(r);
    read_number(r, &tcb->date_s);
    size_t count = bl_cbor_read_array(r, BL_ADVISORY_COUNT_MAX);
    for (size_t i = 0; i < count && bl_reader_ok(r, NULL) == BULLA_OK; i++) {
        if (bl_tcb_advise(tcb, bl_cbor_read_text(r, BL_ADVISORY_SIZE), NULL) != BULLA_OK)
            bl_reader_fail(r, "not an advisory");
    }
    read_number(r, &tcb->evaluation_number);
    read_firmware(r, &claims->firmware);
    read_number(r, &claims->attributes);
    read_number(r, &claims->platform_info);
    read_number(r, &claims->launch_mitigations);
    read_number(r, &claims->current_mitigations);
    read_number(r, &claims->module_version);
    read_number(r, &claims->module_svn);
    read_claim_bytes(r, &claims->service_td);
    read_number(r, &claims->late_s);
    count = bl_cbor_read_array(r, BL_UNCHECKED_COUNT_MAX);
    for (size_t i = 0; i < count; i++)
        bl_claims_unchecked(claims, bl_unchecked_word(bl_cbor_read_text(r, UNCHECKED_SIZE_MAX)));
}

static size_t
anchor_index(const char *name, const struct bl_anchor *anchors, size_t anchor_count)
{
    for (size_t i = 0; i < anchor_count; i++) {
        if (anchors[i].name == name)
            return i;
    }
    return anchor_count;
}

void
bl_claims_write(struct bl_writer *w, const struct bl_claims *claims,
                const struct bl_anchor *anchors, size_t anchor_count)
{
    bl_cbor_write_array(w, CLAIMS_ITEMS);
    bl_cbor_write_uint(w, (uint64_t)claims->platform_class);
    bl_cbor_write_uint(w, anchor_index(claims->anchor, anchors, anchor_count));
    bl_cbor_write_uint(w, (uint64_t)claims->binding);
    bl_cbor_write_bytes(w, bl_claim_view(&claims->platform_id));
    write_tpm(w, &claims->platform);
    write_workload(w, claims);
    write_tpm(w, &claims->enclave);
    write_condition(w, claims);
}

void
bl_claims_read(struct bl_reader *r, const char *kind, const struct bl_anchor *anchors,
               size_t anchor_count, struct bl_claims *claims_out)
{
    struct bl_claims claims = { .kind = kind };

    if (bl_cbor_read_array(r, CLAIMS_ITEMS) != CLAIMS_ITEMS)
        bl_reader_fail(r, "not claims");
    claims.platform_class =
        (enum bl_platform_class)read_below(r, BL_CLASS_HARDWARE + 1, "not a class");
    size_t index = (size_t)read_below(r, anchor_count, "an anchor that was not given");
    claims.binding = (enum bl_binding)read_below(r, BL_BINDING_CHANNEL + 1, "not a binding");
    read_claim_bytes(r, &claims.platform_id);
    read_tpm(r, &claims.platform);
    read_workload(r, &claims);
    read_tpm(r, &claims.enclave);
    read_condition(r, &claims);
    if (bl_reader_ok(r, NULL) != BULLA_OK)
        return;
    /* The class is the anchor's, or lower: an appraiser that was taken over cannot raise it. */
    if (claims.platform_class > anchors[index].platform_class) {
        bl_reader_fail(r, "a class above its anchor's");
        return;
    }
    claims.anchor = anchors[index].name;
    *claims_out = claims;
}
