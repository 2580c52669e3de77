/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz_scheme.h: what holds for evidence of every kind.
 */
#ifndef FUZZ_FUZZ_SCHEME_H
#define FUZZ_FUZZ_SCHEME_H

#include "fuzz.h"

#include "base/cleanup.h"
#include "tee/scheme.h"

typedef enum bulla_status fuzz_describer(const struct bl_verification *v,
                                         struct bl_json_writer *out, struct bulla_error *err);

/** What is described is JSON; into `text`. */
static inline enum bulla_status
fuzz_describe_into(struct bulla_buffer *text, fuzz_describer *describe,
                   const struct bl_verification *v, struct bulla_error *err)
{
    struct bl_json_writer j = bl_json_writer(text);

    bl_json_open_object(&j, NULL);
    BL_TRY(describe(v, &j, err));
    bl_json_close(&j);
    FUZZ_ASSERT(bl_json_finish(&j, NULL) == BULLA_OK);
    return BULLA_OK;
}

/** It is JSON that our own reader takes. */
static inline enum bulla_status
fuzz_describe(fuzz_describer *describe, const struct bl_verification *v, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO_FREE(bl_json) value = NULL;

    BL_TRY(fuzz_describe_into(&text, describe, v, err));
    FUZZ_ASSERT(bl_json_parse(bulla_buffer_bytes(&text), "claims", text.size, &value, NULL) ==
                BULLA_OK);
    return BULLA_OK;
}

static inline bool
fuzz_is_digest(struct bulla_bytes bytes)
{
    return bytes.size == 32 || bytes.size == 48 || bytes.size == 64;
}

#endif
