/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collateral_use.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/stream.h"
#include "collateral/parts.h"

#define WHERE "command line"
#define FLOOR "tcb_evaluation_floor"

void
bl_collateral_use_done(struct bl_collateral_use *use)
{
    bl_collateral_set_free(use->set);
    *use = (struct bl_collateral_use){ 0 };
}

/* -- where it comes from ------------------------------------------------------------------------- */

static enum bulla_status
open_bundle(const struct bl_arguments *arguments, struct bl_collateral_set *set,
            struct bulla_error *err)
{
    const char *path = bl_argument(arguments, "bundle");
    const char *given = bl_argument(arguments, "bundle-key");
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) bytes = { 0 };
    int64_t created_s = 0;

    if (given == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE,
                                "whose signature on the bundle counts? --bundle-key KEY");
    BL_TRY(bl_bundle_key_read(given, &key, err));
    bl_report_object_word(path);
    BL_TRY(bl_file_read(path, BL_BUNDLE_SIZE_MAX, &bytes, err));
    BL_TRY(bl_bundle_open(bulla_buffer_bytes(&bytes), key, set, &created_s, err));
    bl_report_object_word("");
    return BULLA_OK;
}

/* What is not there is not there; the verification says what it could not look at. */
static enum bulla_status
read_wanted(struct bl_cache *cache, const struct bl_wants *wants, struct bl_collateral_set *set,
            struct bulla_error *err)
{
    for (size_t i = 0; i < wants->count; i++) {
        BL_AUTO_FREE(bl_collateral) piece = NULL;
        struct bulla_error failure = { 0 };
        enum bulla_status status = bl_cache_get(cache, &wants->items[i], &piece, &failure);
        if (status == BULLA_E_NOT_FOUND)
            continue;
        if (status != BULLA_OK) {
            bl_report_object_word(wants->items[i].text);
            if (err != NULL)
                *err = failure;
            return status;
        }
        BL_TRY(bl_collateral_set_put(set, &piece, err));
    }
    return BULLA_OK;
}

/* -- numbers that do not go back ----------------------------------------------------------------- */

static enum bulla_status
read_floor(struct bl_cache *cache, const struct bl_wants *wants, struct bl_claim_number *floor,
           struct bulla_error *err)
{
    for (size_t i = 0; i < wants->count; i++) {
        struct bl_claim_number number = { 0 };
        BL_TRY(bl_cache_number(cache, &wants->items[i], &number, err));
        /* One floor holds for both documents, which need not move at the same time. */
        if (number.is_present && (!floor->is_present || number.value < floor->value))
            *floor = number;
    }
    return BULLA_OK;
}

static enum bulla_status
add_floor(struct bl_cache *cache, const struct bl_wants *wants, struct bl_verification *v,
          struct bl_part *inputs, struct bl_collateral_use *use, struct bulla_error *err)
{
    struct bl_claim_number floor = { 0 };

    for (size_t i = 0; i < v->input_count; i++)
        if (strcmp(inputs[i].role, FLOOR) == 0)
            return BULLA_OK;
    BL_TRY(read_floor(cache, wants, &floor, err));
    if (!floor.is_present || v->input_count == BL_PART_COUNT_MAX)
        return BULLA_OK;
    int size = snprintf(use->floor, sizeof use->floor, "%" PRIu64, floor.value);
    inputs[v->input_count++] =
        (struct bl_part){ FLOOR, { (const uint8_t *)use->floor, (size_t)size } };
    return BULLA_OK;
}

/* ------------------------------------------------------------------------------------------------ */

static enum bulla_status
open_cache(const struct bl_arguments *arguments, struct bl_collateral_files *files,
           struct bulla_error *err)
{
    struct bulla_error failure = { 0 };
    enum bulla_status status =
        bl_collateral_cache_open(files, arguments, /* may_create= */ false, &failure);
    const bool is_needed =
        bl_argument(arguments, "cached") != NULL || bl_argument(arguments, "cache") != NULL;

    if (status == BULLA_OK || (status == BULLA_E_NOT_FOUND && !is_needed)) {
        bl_report_object_word("");
        bl_report_next(NULL);
        return BULLA_OK;
    }
    if (err != NULL)
        *err = failure;
    return status;
}

static enum bulla_status
fill(const struct bl_arguments *arguments, const char *kind, struct bl_verification *v,
     struct bl_part *parts, size_t given_count, struct bl_part *inputs,
     struct bl_collateral_use *use, struct bl_collateral_files *files, struct bulla_error *err)
{
    const char *product = bl_argument(arguments, "snp-product");
    struct bulla_bytes word = { (const uint8_t *)product, product == NULL ? 0 : strlen(product) };
    struct bulla_error failure = { 0 };

    files->wants = bl_wants_new();
    use->set = bl_collateral_set_new();
    if (files->wants == NULL || use->set == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    if (bl_argument(arguments, "bundle") != NULL)
        BL_TRY(open_bundle(arguments, use->set, err));
    enum bulla_status status =
        bl_wants_of_evidence(files->wants, kind, v, bl_snp_generation_from_word(word), &failure);
    if (status == BULLA_E_MEMORY || failure.cause == BULLA_CAUSE_USAGE) {
        if (err != NULL)
            *err = failure;
        bl_report_next("say it: --snp-product milan or genoa");
        return status;
    }
    if (status != BULLA_OK)
        return BULLA_OK; /* evidence that is none: its verification says so, with a verdict */
    BL_TRY(open_cache(arguments, files, err));
    if (files->cache != NULL) {
        if (bl_argument(arguments, "bundle") == NULL)
            BL_TRY(read_wanted(files->cache, files->wants, use->set, err));
        BL_TRY(add_floor(files->cache, files->wants, v, inputs, use, err));
    }
    /* what the evidence brought along stands behind what the operator's collateral says */
    v->part_count = given_count;
    return bl_collateral_parts(files->wants, use->set, parts, BL_PART_COUNT_MAX, &v->part_count,
                               err);
}

enum bulla_status
bl_collateral_use(const struct bl_arguments *arguments, const char *kind, struct bl_verification *v,
                  struct bl_part *parts, size_t given_count, struct bl_part *inputs,
                  struct bl_collateral_use *use, struct bulla_error *err)
{
    const bool has_bundle = bl_argument(arguments, "bundle") != NULL;
    const bool is_cached = bl_argument(arguments, "cached") != NULL ||
                           (!has_bundle && bl_argument(arguments, "cache") != NULL);

    BL_TRY(bl_collateral_grace_read(arguments, &v->collateral_grace_s, err));
    if (has_bundle && is_cached)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE,
                                "from the bundle or from the cache? Not from both");
    if (!has_bundle && !is_cached)
        return bl_argument(arguments, "bundle-key") == NULL
                   ? BULLA_OK
                   : bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE,
                                      "--bundle-key goes with --bundle");
    struct bl_collateral_files *files = bl_alloc(1, sizeof *files);
    if (files == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    enum bulla_status status =
        fill(arguments, kind, v, parts, given_count, inputs, use, files, err);
    bl_collateral_files_done(files);
    bl_free(files);
    return status;
}
