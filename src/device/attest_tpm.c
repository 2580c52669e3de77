/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/attest_tpm.c: evidence of a TPM, of whatever make: a quote over the PCRs that firmware, loader
 * and kernel extended, in the pieces that `bulla verify --kind tpm` takes, with the firmware's event log
 * where it can be read.
 */
#include <string.h>

#include "base/memory.h"
#include "codec/json.h"
#include "device/attest_internal.h"
#include "sys/clock.h"

#define WHERE "TPM"
#define NONCE_SIZE_MAX 32u /* bytes of a quote's qualifying data here */
#define LOG_DIRECTORY "/sys/kernel/security/tpm0"
#define LOG_SIZE_MAX ((size_t)1 << 20) /* bytes: the kernel keeps 64 KiB to a few hundred */
#define RETRY_COUNT 5

static enum bulla_status
write_pcrs(struct bl_pcr_selection selection, struct bulla_bytes values, struct bulla_buffer *out,
           struct bulla_error *err)
{
    struct bl_json_writer j = bl_json_writer(out);
    struct bl_pcr_bank bank;

    BL_TRY(bl_pcr_bank_read(selection, values, &bank, err));
    bl_json_open_object(&j, NULL);
    bl_json_write_word(&j, "hash", bl_bank_word(selection.bank));
    bl_json_open_object(&j, "pcrs");
    for (unsigned i = 0; i < BL_PCR_COUNT; i++) {
        char name[3] = { (char)('0' + i / 10), (char)('0' + i % 10), '\0' };
        if ((selection.mask >> i & 1) != 0)
            bl_json_write_hex(&j, i < 10 ? name + 1 : name, bl_pcr_value(&bank, i));
    }
    bl_json_close(&j);
    bl_json_close(&j);
    return bl_json_finish(&j, err);
}

/* A quote between two readings that are alike is about these values. */
static enum bulla_status
quote(const struct bl_attest_request *request, struct bl_pcr_selection selection,
      struct bulla_buffer *attest, struct bulla_buffer *signature, struct bulla_buffer *values,
      struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) after = { 0 };

    for (int left = RETRY_COUNT; left > 0; left--) {
        bulla_buffer_clear(attest);
        bulla_buffer_clear(signature);
        bulla_buffer_clear(values);
        bulla_buffer_clear(&after);
        BL_TRY(bl_tpm_pcr_read(request->tpm, selection, values, err));
        BL_TRY(bl_tpm_quote(request->tpm, request->ak, selection, request->nonce, attest, signature,
                            err));
        BL_TRY(bl_tpm_pcr_read(request->tpm, selection, &after, err));
        if (bl_equal(bulla_buffer_bytes(values), bulla_buffer_bytes(&after)))
            return BULLA_OK;
    }
    return bulla_fail(err, BULLA_E_BUSY, WHERE, "its PCRs change all the time", 0);
}

/* The log is an aid, not evidence: the PCRs tell whether it is whole. */
static void
add_log(const struct bl_attest_request *request, struct bl_collected *collected)
{
    BL_AUTO(bulla_buffer) log = { 0 };

    if (request->tpm_log &&
        bl_node_read(LOG_DIRECTORY, "binary_bios_measurements", LOG_SIZE_MAX, request->deadline,
                     &log, NULL) == BULLA_OK &&
        log.size > 0)
        bl_collected_add(collected, "event_log", &log);
}

static enum bulla_status
collect(const struct bl_attest_request *request, struct bl_collected *out, struct bulla_error *err)
{
    const struct bl_pcr_selection selection = { .bank = BL_SHA256, .mask = BL_PCR_MASK_PLATFORM };
    BL_AUTO(bulla_buffer) attest = { 0 }, signature = { 0 }, values = { 0 }, pcrs = { 0 };
    BL_AUTO(bl_collected) collected = { .kind = "tpm" };

    if (request->tpm == NULL || request->ak == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "neither TPM nor key was opened", 0);
    if (request->nonce.size == 0 || request->nonce.size > NONCE_SIZE_MAX)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "nonce", "a TPM takes 1 to 32 bytes");
    BL_TRY(quote(request, selection, &attest, &signature, &values, err));
    BL_TRY(write_pcrs(selection, bulla_buffer_bytes(&values), &pcrs, err));
    bl_collected_add(&collected, "evidence", &attest);
    bl_collected_add(&collected, "signature", &signature);
    bl_collected_add(&collected, "pcrs", &pcrs);
    add_log(request, &collected);
    *out = collected;
    collected = (struct bl_collected){ 0 };
    return BULLA_OK;
}

static const char *const kinds[] = { "tpm", NULL };

static void
probe(const char *path, struct bl_local_attester_probe *out)
{
    *out = (struct bl_local_attester_probe){ .state = bl_node_state(path), .kind = kinds[0] };
}

const struct bl_local_attester bl_attester_tpm = {
    .name = "tpm",
    .path = "/dev/tpmrm0",
    .kinds = kinds,
    .is_bounded = true,
    .probe = probe,
    .collect = collect,
};
