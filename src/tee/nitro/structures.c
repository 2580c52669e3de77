/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nitro/structures.h"

#include <string.h>

#include "base/memory.h"

static const char where[] = "Nitro document";

/* Section 3.1 "Attestation document specification": limits in bytes. */
#define CERTIFICATE_SIZE_MAX 1024
#define PUBLIC_KEY_SIZE_MAX 1024
#define USER_DATA_SIZE_MAX 512
#define NONCE_SIZE_MAX 512

#define NAME_SIZE_MAX 16 /* bytes: "nitrotpm_pcrs" */
#define FIELD_COUNT_MAX 9

enum field {
    FIELD_MODULE_ID,
    FIELD_DIGEST,
    FIELD_TIMESTAMP,
    FIELD_PCRS,
    FIELD_TPM_PCRS,
    FIELD_CERTIFICATE,
    FIELD_CABUNDLE,
    FIELD_PUBLIC_KEY,
    FIELD_USER_DATA,
    FIELD_NONCE,
    FIELD_UNKNOWN
};
#define BIT(field) (1u << (field))
#define REQUIRED_FIELDS                                                                         \
    (BIT(FIELD_MODULE_ID) | BIT(FIELD_DIGEST) | BIT(FIELD_TIMESTAMP) | BIT(FIELD_CERTIFICATE) | \
     BIT(FIELD_CABUNDLE))

static enum field
field_named(struct bulla_bytes name)
{
    static const char *const names[] = {
        [FIELD_MODULE_ID] = "module_id",    [FIELD_DIGEST] = "digest",
        [FIELD_TIMESTAMP] = "timestamp",    [FIELD_PCRS] = "pcrs",
        [FIELD_TPM_PCRS] = "nitrotpm_pcrs", [FIELD_CERTIFICATE] = "certificate",
        [FIELD_CABUNDLE] = "cabundle",      [FIELD_PUBLIC_KEY] = "public_key",
        [FIELD_USER_DATA] = "user_data",    [FIELD_NONCE] = "nonce",
    };

    for (size_t i = 0; i < BL_COUNT_OF(names); i++) {
        const struct bulla_bytes known = { (const uint8_t *)names[i], strlen(names[i]) };
        if (bl_equal(name, known))
            return (enum field)i;
    }
    return FIELD_UNKNOWN;
}

static enum bl_hash
read_digest(struct bl_reader *r)
{
    static const struct {
        struct bulla_bytes word;
        enum bl_hash hash;
    } digests[] = {
        { { (const uint8_t *)"SHA256", 6 }, BL_SHA256 },
        { { (const uint8_t *)"SHA384", 6 }, BL_SHA384 },
        { { (const uint8_t *)"SHA512", 6 }, BL_SHA512 },
    };
    const struct bulla_bytes word = bl_cbor_read_text(r, NAME_SIZE_MAX);

    for (size_t i = 0; i < BL_COUNT_OF(digests); i++)
        if (bl_equal(word, digests[i].word))
            return digests[i].hash;
    return BL_HASH_NONE;
}

static void
read_pcrs(struct bl_reader *r, struct bl_nitro_document *d, size_t count)
{
    struct bl_cbor_map map = bl_cbor_read_foreign_map(r, count);
    uint64_t index = 0;

    while (bl_cbor_map_next_uint(r, &map, &index)) {
        if (index >= count) {
            bl_reader_fail(r, "a register that does not exist");
            return;
        }
        if ((d->pcr_mask & BIT(index)) != 0)
            bl_reader_fail(r, "a register occurs twice");
        d->pcr_mask |= BIT(index);
        d->pcrs[index] = bl_cbor_read_bytes(r, BL_HASH_SIZE_MAX);
    }
}

static void
read_cabundle(struct bl_reader *r, struct bl_nitro_document *d)
{
    d->cabundle_count = bl_cbor_read_array(r, BL_NITRO_CA_COUNT_MAX);
    if (d->cabundle_count == 0)
        bl_reader_fail(r, "no authorities");
    for (size_t i = 0; i < d->cabundle_count; i++)
        d->cabundle[i] = bl_cbor_read_bytes(r, CERTIFICATE_SIZE_MAX);
}

static struct bl_nitro_field
read_field(struct bl_reader *r, size_t size_max)
{
    if (bl_cbor_read_if_null(r))
        return (struct bl_nitro_field){ .is_present = false };
    return (struct bl_nitro_field){ .is_present = true, .bytes = bl_cbor_read_bytes(r, size_max) };
}

static void
read_value(struct bl_reader *r, enum field field, struct bl_nitro_document *d)
{
    switch (field) {
    case FIELD_MODULE_ID:
        d->module_id = bl_cbor_read_text(r, BL_NITRO_MODULE_SIZE_MAX);
        break;
    case FIELD_DIGEST:
        d->digest = read_digest(r);
        break;
    case FIELD_TIMESTAMP:
        d->timestamp_ms = bl_cbor_read_uint(r);
        break;
    case FIELD_PCRS:
        read_pcrs(r, d, BL_NITRO_PCR_COUNT);
        break;
    case FIELD_TPM_PCRS:
        d->is_of_tpm = true;
        read_pcrs(r, d, BL_NITRO_TPM_PCR_COUNT);
        break;
    case FIELD_CERTIFICATE:
        d->certificate = bl_cbor_read_bytes(r, CERTIFICATE_SIZE_MAX);
        break;
    case FIELD_CABUNDLE:
        read_cabundle(r, d);
        break;
    case FIELD_PUBLIC_KEY:
        d->public_key = read_field(r, PUBLIC_KEY_SIZE_MAX);
        break;
    case FIELD_USER_DATA:
        d->user_data = read_field(r, USER_DATA_SIZE_MAX);
        break;
    case FIELD_NONCE:
        d->nonce = read_field(r, NONCE_SIZE_MAX);
        break;
    case FIELD_UNKNOWN:
        bl_reader_fail(r, "a field that we do not know");
        break;
    }
}

/* What every document of its type has, and registers of the size that it says. */
static enum bulla_status
check_fields(const struct bl_nitro_document *d, uint32_t seen, struct bulla_error *err)
{
    const uint32_t pcrs = d->is_of_tpm ? BIT(BL_NITRO_TPM_PCR_COUNT) - 1 : 0x7;

    if ((seen & REQUIRED_FIELDS) != REQUIRED_FIELDS ||
        (seen & (BIT(FIELD_PCRS) | BIT(FIELD_TPM_PCRS))) == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, where, "a field is missing");
    if (d->digest == BL_HASH_NONE)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "registers of another digest", 0);
    if (d->module_id.size == 0 || d->timestamp_ms == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "no module, or no time", 0);
    if ((d->pcr_mask & pcrs) != pcrs)
        return bulla_fail_cause(err, BULLA_CAUSE_CLAIM_MISSING, where, "a register is missing");
    for (size_t i = 0; i < BL_NITRO_PCR_COUNT; i++)
        if ((d->pcr_mask & BIT(i)) != 0 && d->pcrs[i].size != bl_hash_size(d->digest))
            return bulla_fail(err, BULLA_E_MALFORMED, where, "a register of another size", i);
    return BULLA_OK;
}

static enum bulla_status
decode_payload(struct bl_nitro_document *d, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(d->message.payload, where);
    struct bl_cbor_map map = bl_cbor_read_foreign_map(&r, FIELD_COUNT_MAX);
    struct bulla_bytes name = { NULL, 0 };
    uint32_t seen = 0;

    while (bl_cbor_map_next_text(&r, &map, NAME_SIZE_MAX, &name)) {
        const enum field field = field_named(name);
        const uint32_t alike = field == FIELD_PCRS || field == FIELD_TPM_PCRS
                                   ? BIT(FIELD_PCRS) | BIT(FIELD_TPM_PCRS)
                                   : BIT(field);
        if ((seen & alike) != 0)
            bl_reader_fail(&r, "a field occurs twice");
        seen |= BIT(field);
        read_value(&r, field, d);
    }
    BL_TRY(bl_reader_finish(&r, err));
    return check_fields(d, seen, err);
}

enum bulla_status
bl_nitro_decode(struct bulla_bytes bytes, struct bl_nitro_document *document_out,
                struct bulla_error *err)
{
    const struct bl_reader start = bl_reader(bytes, where);
    struct bl_nitro_document d = { .is_tagged = bl_cbor_peek(&start) == BL_CBOR_TAG };

    BL_TRY(bl_cose_sign1_decode(bytes, &d.message, err));
    if (d.message.algorithm != BL_COSE_ES384)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "not signed with ES384", 0);
    BL_TRY(decode_payload(&d, err));
    *document_out = d;
    return BULLA_OK;
}

bool
bl_nitro_is_debug(const struct bl_nitro_document *document)
{
    return !document->is_of_tpm &&
           (bl_all_zero(document->pcrs[0]) || bl_all_zero(document->pcrs[1]) ||
            bl_all_zero(document->pcrs[2]));
}
