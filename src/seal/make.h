/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/make.h: sealing with the randomness as a parameter, for fixed test vectors. Everybody else
 * uses seal/seal.h.
 */
#ifndef BL_SEAL_MAKE_H
#define BL_SEAL_MAKE_H

#include "seal/entropy.h"
#include "seal/seal.h"
#include "seal/stream.h"

/* bytes of plaintext: a blob with less is written anew when its slots change */
#define BL_SEAL_AREAS_FROM ((size_t)64 * 1024)

/** As bl_seal_stream(); `plaintext_size` is noted in the core if `with_plaintext_size`. */
struct bl_seal_job {
    const struct bl_seal_request *request;
    const struct bl_opener *opener;
    const struct bl_entropy *entropy;
    bool with_plaintext_size;
    uint64_t plaintext_size; /* bytes */
    bool in_areas;           /* slots in areas, however small the plaintext */
};
enum bulla_status bl_seal_make(const struct bl_seal_job *job, const struct bl_source *source,
                               const struct bl_sink *sink, struct bulla_error *err) BULLA_CHECKED;

#endif
