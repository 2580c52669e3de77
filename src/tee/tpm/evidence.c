/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/evidence.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"

#define ATTEST_SIZE_MAX 1024u
#define SIGNATURE_SIZE_MAX 1024u
#define PUBLIC_SIZE_MAX 2048u
#define CERTIFICATE_SIZE_MAX 16384u
#define VALUES_SIZE_MAX (BL_PCR_COUNT * BL_HASH_SIZE_MAX)
#define PLATFORM_LABEL "bulla-tpm-platform/1"

enum { KEY_VERSION = 1, KEY_PLATFORM = 2, KEY_ENCLAVE = 3 };
enum {
    LAYER_ATTEST = 1,
    LAYER_SIGNATURE,
    LAYER_AK_PUBLIC,
    LAYER_AK_CHAIN,
    LAYER_BANK,
    LAYER_MASK,
    LAYER_PCR_VALUES,
    LAYER_EVENT_LOG,
    LAYER_KEY_COUNT = 8
};

/* -- written ----------------------------------------------------------------------------------- */

static void
write_field(struct bl_writer *w, unsigned key, struct bulla_bytes bytes)
{
    bl_cbor_write_uint(w, key);
    bl_cbor_write_bytes(w, bytes);
}

/* Every key is always there; what a layer does not have is an empty string or list. */
static void
write_layer(struct bl_writer *w, const struct bl_tpm_layer *layer)
{
    bl_cbor_write_map(w, LAYER_KEY_COUNT);
    write_field(w, LAYER_ATTEST, layer->attest);
    write_field(w, LAYER_SIGNATURE, layer->signature);
    write_field(w, LAYER_AK_PUBLIC, layer->ak_public);
    bl_cbor_write_uint(w, LAYER_AK_CHAIN);
    bl_cbor_write_array(w, layer->ak_chain_count);
    for (size_t i = 0; i < layer->ak_chain_count; i++)
        bl_cbor_write_bytes(w, layer->ak_chain[i]);
    bl_cbor_write_uint(w, LAYER_BANK);
    bl_cbor_write_uint(w, bl_tcg_algorithm(layer->selection.bank));
    bl_cbor_write_uint(w, LAYER_MASK);
    bl_cbor_write_uint(w, layer->selection.mask);
    write_field(w, LAYER_PCR_VALUES, layer->pcr_values);
    write_field(w, LAYER_EVENT_LOG, layer->event_log);
}

enum bulla_status
bl_tpm_evidence_encode(const struct bl_tpm_evidence *evidence, struct bulla_buffer *out,
                       struct bulla_error *err)
{
    size_t layers = (size_t)evidence->platform.is_present + evidence->enclave.is_present;
    BL_AUTO(bulla_buffer) encoded = { 0 };
    struct bl_writer w = bl_writer(&encoded);

    if (layers == 0 || evidence->platform.ak_chain_count > BL_TPM_CHAIN_COUNT_MAX ||
        evidence->enclave.ak_chain_count > BL_TPM_CHAIN_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "TPM evidence", "no layer, or too long a chain",
                          0);
    bl_cbor_write_map(&w, 1 + layers);
    bl_cbor_write_uint(&w, KEY_VERSION);
    bl_cbor_write_uint(&w, BL_TPM_EVIDENCE_VERSION);
    if (evidence->platform.is_present) {
        bl_cbor_write_uint(&w, KEY_PLATFORM);
        write_layer(&w, &evidence->platform);
    }
    if (evidence->enclave.is_present) {
        bl_cbor_write_uint(&w, KEY_ENCLAVE);
        write_layer(&w, &evidence->enclave);
    }
    BL_TRY(bl_writer_finish(&w, err));
    return bulla_buffer_append(out, bulla_buffer_bytes(&encoded), err);
}

/* -- read -------------------------------------------------------------------------------------- */

static void
read_chain(struct bl_reader *r, struct bl_tpm_layer *layer)
{
    size_t count = bl_cbor_read_array(r, BL_TPM_CHAIN_COUNT_MAX);

    for (size_t i = 0; i < count; i++)
        layer->ak_chain[i] = bl_cbor_read_bytes(r, CERTIFICATE_SIZE_MAX);
    layer->ak_chain_count = count;
}

static enum bl_hash
read_bank(struct bl_reader *r)
{
    uint64_t algorithm = bl_cbor_read_uint(r);
    enum bl_hash hash = algorithm <= UINT16_MAX ? bl_tcg_hash((uint16_t)algorithm) : BL_HASH_NONE;

    if (hash == BL_HASH_NONE || hash == BL_SHA1) /* legacy banks are not for our own evidence */
        bl_reader_fail(r, "PCR bank");
    return hash;
}

static uint32_t
read_mask(struct bl_reader *r)
{
    uint64_t mask = bl_cbor_read_uint(r);

    if (mask == 0 || mask > BL_PCR_MASK_ALL)
        bl_reader_fail(r, "PCR mask");
    return (uint32_t)mask;
}

static void
read_layer_field(struct bl_reader *r, uint64_t key, struct bl_tpm_layer *layer)
{
    switch (key) {
    case LAYER_ATTEST:
        layer->attest = bl_cbor_read_bytes(r, ATTEST_SIZE_MAX);
        break;
    case LAYER_SIGNATURE:
        layer->signature = bl_cbor_read_bytes(r, SIGNATURE_SIZE_MAX);
        break;
    case LAYER_AK_PUBLIC:
        layer->ak_public = bl_cbor_read_bytes(r, PUBLIC_SIZE_MAX);
        break;
    case LAYER_AK_CHAIN:
        read_chain(r, layer);
        break;
    case LAYER_BANK:
        layer->selection.bank = read_bank(r);
        break;
    case LAYER_MASK:
        layer->selection.mask = read_mask(r);
        break;
    case LAYER_PCR_VALUES:
        layer->pcr_values = bl_cbor_read_bytes(r, VALUES_SIZE_MAX);
        break;
    default:
        layer->event_log = bl_cbor_read_bytes(r, BL_EVENT_LOG_SIZE_MAX);
        break;
    }
}

static void
read_layer(struct bl_reader *r, struct bl_tpm_layer *layer)
{
    struct bl_cbor_map map = bl_cbor_read_map(r, LAYER_KEY_COUNT);
    uint64_t key = 0;
    uint64_t expected = LAYER_ATTEST;

    while (bl_cbor_map_next_uint(r, &map, &key)) {
        if (key != expected++) {
            bl_reader_fail(r, "missing or unknown field");
            return;
        }
        read_layer_field(r, key, layer);
    }
    if (expected != LAYER_KEY_COUNT + 1)
        bl_reader_fail(r, "missing field");
    layer->is_present = true;
}

static enum bulla_status
read_version(struct bl_reader *r, struct bl_cbor_map *map, struct bulla_error *err)
{
    uint64_t key = 0;

    if (!bl_cbor_map_next_uint(r, map, &key) || key != KEY_VERSION)
        bl_reader_fail(r, "no version");
    uint64_t version = bl_cbor_read_uint(r);
    BL_TRY(bl_reader_ok(r, err));
    if (version != BL_TPM_EVIDENCE_VERSION)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "TPM evidence", "version", 0);
    return BULLA_OK;
}

enum bulla_status
bl_tpm_evidence_decode(struct bulla_bytes bytes, struct bl_tpm_evidence *evidence_out,
                       struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "TPM evidence");
    struct bl_tpm_evidence evidence = { 0 };
    struct bl_cbor_map map = bl_cbor_read_map(&r, KEY_ENCLAVE);
    uint64_t key = 0;

    BL_TRY(read_version(&r, &map, err));
    while (bl_cbor_map_next_uint(&r, &map, &key)) {
        if (key == KEY_PLATFORM)
            read_layer(&r, &evidence.platform);
        else if (key == KEY_ENCLAVE)
            read_layer(&r, &evidence.enclave);
        else
            bl_reader_fail(&r, "unknown field");
    }
    BL_TRY(bl_reader_finish(&r, err));
    if (!evidence.platform.is_present && !evidence.enclave.is_present)
        return bulla_fail(err, BULLA_E_MALFORMED, "TPM evidence", "no layer", 0);
    if (evidence.platform.is_present && evidence.enclave.ak_chain_count != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "TPM evidence",
                          "certificates of an enclave whose platform vouches for it", 0);
    *evidence_out = evidence;
    return BULLA_OK;
}

enum bulla_status
bl_tpm_platform_binder(const struct bl_tpm_name *inner_ak, const uint8_t binder[BL_TPM_BINDER_SIZE],
                       uint8_t out[32], struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) data = { 0 };
    struct bl_writer w = bl_writer(&data);

    bl_cbor_write_array(&w, 3);
    bl_cbor_write_text(&w, BL_LITERAL(PLATFORM_LABEL));
    bl_cbor_write_bytes(&w, (struct bulla_bytes){ inner_ak->bytes, inner_ak->size });
    bl_cbor_write_bytes(&w, (struct bulla_bytes){ binder, BL_TPM_BINDER_SIZE });
    BL_TRY(bl_writer_finish(&w, err));
    return bl_hash_once(BL_SHA256, bulla_buffer_bytes(&data), out, err);
}
