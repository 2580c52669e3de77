/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/signature.h"

enum bulla_status
bl_signature_told(enum bulla_status status, const struct bulla_error *said,
                  struct bl_signature_blame blame, struct bulla_error *err)
{
    if (status == BULLA_E_SIGNATURE)
        return bulla_fail_cause(err, blame.cause, blame.where, blame.what);
    if (status != BULLA_OK && err != NULL && err->status == BULLA_OK)
        *err = *said;
    return status;
}

enum bulla_status
bl_signature_check(const struct bl_key *key, struct bulla_bytes signed_part,
                   struct bulla_bytes signature, struct bl_signature_blame blame,
                   struct bulla_error *err)
{
    struct bulla_error said = { 0 };
    enum bulla_status status = bl_key_verify(key, &signed_part, 1, signature, &said);

    return bl_signature_told(status, &said, blame, err);
}
