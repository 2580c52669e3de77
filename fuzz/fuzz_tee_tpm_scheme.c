/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kind "tpm" with nothing trusted: whatever is handed in as evidence and as its pieces, nothing
 * passes and no claim is made; what is inspected or described at all is described as valid JSON.
 *
 * Input: 0x00 and an event log; or 0x01, sizes (16 bits, little-endian) of evidence, PCR values and
 * AK certificate, these, and as the rest an event log.
 */
#include "fuzz_scheme.h"

#include "base/cleanup.h"
#include "codec/reader.h"
#include "tee/tpm/scheme.h"

static const uint8_t signature[72] = { 0x00, 0x18, 0x00, 0x0b, 0x00, 0x20, 1, [39] = 0x20, 1 };

static void
check_log(struct bulla_bytes log)
{
    const struct bl_verification v = { .evidence = log };
    struct bl_claims claims = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_tpm_scheme_inspect(&v, &claims, &err);

    FUZZ_ASSERT((claims.kind != NULL) == (status == BULLA_OK));
    if (status != BULLA_OK)
        fuzz_check_refusal(status, &err);
    else
        FUZZ_ASSERT(fuzz_describe(bl_tpm_scheme_describe, &v, &err) == BULLA_OK ||
                    v.evidence.data[0] != 0);
}

static void
check_pieces(struct bulla_bytes input)
{
    struct bl_reader r = bl_reader(input, "input");
    size_t evidence_size = bl_read_u16le(&r), pcrs_size = bl_read_u16le(&r);
    size_t certificate_size = bl_read_u16le(&r);
    struct bulla_bytes evidence = bl_read_view(&r, evidence_size);
    const struct bl_part parts[] = {
        { "pcrs", bl_read_view(&r, pcrs_size) },
        { "ak_cert", bl_read_view(&r, certificate_size) },
        { "event_log", bl_read_view(&r, bl_reader_left(&r)) },
        { "signature", { signature, sizeof signature } },
    };
    struct bulla_error err = { 0 };

    if (r.failed != NULL)
        return;
    for (size_t count = 0; count <= 4; count += 4) {
        const struct bl_verification v = { .evidence = evidence,
                                           .parts = parts,
                                           .part_count = count };
        struct bl_claims claims = { 0 };
        err = (struct bulla_error){ 0 };
        enum bulla_status status = bl_tpm_scheme_verify(&v, &claims, &err);
        FUZZ_ASSERT(status != BULLA_OK && claims.kind == NULL);
        fuzz_check_refusal(status, &err);
        err = (struct bulla_error){ 0 };
        status = fuzz_describe(bl_tpm_scheme_describe, &v, &err);
        if (status != BULLA_OK)
            fuzz_check_refusal(status, &err);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 0)
        check_log((struct bulla_bytes){ data + 1, size - 1 });
    else if (size > 0 && data[0] == 1)
        check_pieces((struct bulla_bytes){ data + 1, size - 1 });
    return 0;
}
