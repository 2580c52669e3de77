/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/signature.h: a signature that does not verify, in the words of the kind of evidence it is part of.
 */
#ifndef BL_TEE_SIGNATURE_H
#define BL_TEE_SIGNATURE_H

#include "crypto/key.h"

/** What is said where a signature does not verify. `where` and `what` are string literals. */
struct bl_signature_blame {
    enum bulla_cause cause;
    const char *where, *what;
};

/** bl_key_verify() of one part. */
enum bulla_status bl_signature_check(const struct bl_key *key, struct bulla_bytes signed_part,
                                     struct bulla_bytes signature, struct bl_signature_blame blame,
                                     struct bulla_error *err) BULLA_CHECKED;
/** What a step said into an error of its own, passed on: as the blame where it is BULLA_E_SIGNATURE, or
 *  else as it was. Returns the status of either. */
enum bulla_status bl_signature_told(enum bulla_status status, const struct bulla_error *said,
                                    struct bl_signature_blame blame,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif
