/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the extensions that have evidence: what decodes names a kind with a verifier and has
 * evidence; nothing that nobody signed is believed; refusals are findings. The first byte says which
 * format it is read as.
 */
#include "fuzz.h"

#include "tee/cert/structures.h"
#include "tee/cert/verify.h"

static void
check_decoding(enum bl_cert_format format, struct bulla_bytes value)
{
    static struct bl_cert_evidence evidence;
    struct bulla_error err = { 0 };

    evidence = (struct bl_cert_evidence){ 0 };
    enum bulla_status status = bl_cert_evidence_decode(format, value, &evidence, &err);
    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
    } else {
        FUZZ_ASSERT(evidence.scheme != NULL && bl_cert_format_word(evidence.format)[0] != 'n');
        FUZZ_ASSERT(evidence.format == BL_CERT_WRAPPED || evidence.evidence.size >= 8);
        FUZZ_ASSERT(evidence.format != BL_CERT_TAGGED || evidence.key_digest.size >= 32);
    }
    bl_cert_evidence_done(&evidence);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bl_verification v = { .evidence = { data, size }, .now_s = 1800000000 };
    struct bl_claims claims = { .kind = NULL };
    struct bulla_error err = { 0 };

    if (size > 0)
        check_decoding((enum bl_cert_format)(BL_CERT_TAGGED + data[0] % BL_CERT_DSTACK),
                       (struct bulla_bytes){ data + 1, size - 1 });
    fuzz_check_refusal(bl_cert_verify(&v, &claims, &err), &err);
    FUZZ_ASSERT(claims.kind == NULL);
    return 0;
}
