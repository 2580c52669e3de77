/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/schemes.c: the kinds of evidence that this build verifies, in one table.
 */
#include "tee/scheme.h"

#include <string.h>

#include "tee/tpm/verify.h"

static const struct bl_scheme schemes[] = {
    { .kind = "tpm", .verify = bl_tpm_verify },
};
#define SCHEME_COUNT (sizeof schemes / sizeof schemes[0])

const struct bl_scheme *
bl_schemes(size_t *count_out)
{
    *count_out = SCHEME_COUNT;
    return schemes;
}

const struct bl_scheme *
bl_scheme_find(const char *kind)
{
    for (size_t i = 0; i < SCHEME_COUNT; i++)
        if (strcmp(schemes[i].kind, kind) == 0)
            return &schemes[i];
    return NULL;
}

struct bulla_bytes
bl_part_find(const struct bl_verification *verification, const char *role)
{
    struct bulla_bytes found = { NULL, 0 };
    size_t count = 0;

    for (size_t i = 0; i < verification->part_count; i++) {
        if (strcmp(verification->parts[i].role, role) == 0) {
            found = verification->parts[i].bytes;
            count++;
        }
    }
    return count == 1 ? found : (struct bulla_bytes){ NULL, 0 };
}
