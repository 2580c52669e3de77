/* SPDX-License-Identifier: Apache-2.0 */
#include "device/sealing_root.h"

#include <string.h>

#include "base/memory.h"
#include "device/root_internal.h"
#include "sys/clock.h"
#include "sys/file.h"

static const char where[] = "sealing root";

static const struct bl_root_driver *const drivers[] = { &bl_root_snp };

const struct bl_root_driver *
bl_root_driver_find(enum bl_root_kind kind)
{
    for (size_t i = 0; i < BL_COUNT_OF(drivers); i++)
        if (drivers[i]->kind == kind)
            return drivers[i];
    return NULL;
}

const char *
bl_root_kind_word(enum bl_root_kind kind)
{
    const struct bl_root_driver *driver = bl_root_driver_find(kind);

    return driver != NULL ? driver->word : "none";
}

enum bl_root_kind
bl_root_kind_from_word(const char *word)
{
    for (size_t i = 0; i < BL_COUNT_OF(drivers); i++)
        if (strcmp(drivers[i]->word, word) == 0)
            return drivers[i]->kind;
    return BL_ROOT_NONE;
}

/* What went wrong with a node, as the caller of a sealing root knows it. */
static const struct {
    enum bulla_cause node, root;
} translations[] = {
    { BULLA_CAUSE_NO_ATTESTER, BULLA_CAUSE_NO_SEALING_ROOT },
    { BULLA_CAUSE_ATTESTER_NOT_PERMITTED, BULLA_CAUSE_ROOT_NOT_PERMITTED },
    { BULLA_CAUSE_ATTESTER_FAILED, BULLA_CAUSE_ROOT_FAILED },
    { BULLA_CAUSE_ATTESTER_ANSWER, BULLA_CAUSE_ROOT_FAILED },
    { BULLA_CAUSE_MALFORMED, BULLA_CAUSE_ROOT_FAILED },
    { BULLA_CAUSE_UNSUPPORTED, BULLA_CAUSE_ROOT_FAILED },
    { BULLA_CAUSE_LIMIT, BULLA_CAUSE_ROOT_FAILED },
};

static enum bulla_cause
cause_of(const struct bulla_error *inner)
{
    for (size_t i = 0; i < BL_COUNT_OF(translations); i++)
        if (translations[i].node == inner->cause)
            return translations[i].root;
    return inner->cause;
}

static enum bulla_status
translate(enum bulla_status status, struct bulla_error *inner, struct bulla_error *err)
{
    if (status == BULLA_OK)
        return BULLA_OK;
    inner->cause = cause_of(inner);
    inner->status = inner->cause != BULLA_CAUSE_NONE ? bulla_cause_status(inner->cause) : status;
    status = inner->status;
    if (err != NULL && err->status == BULLA_OK)
        *err = *inner;
    return status;
}

static const char *
path_of(const struct bl_root_driver *driver, const struct bl_root_paths *paths)
{
    const char *path = NULL;

    if (paths != NULL) {
        switch (driver->kind) {
        case BL_ROOT_SNP:
            path = paths->sev_guest;
            break;
        case BL_ROOT_SGX:
            path = paths->attestation;
            break;
        case BL_ROOT_TDX:
            path = paths->tdx_guest;
            break;
        case BL_ROOT_NONE:
            break;
        }
    }
    return path != NULL ? path : driver->path;
}

/* The first that is usable; else one that is there and not permitted; else none. */
static const struct bl_root_driver *
choose(enum bl_root_kind kind, const struct bl_root_paths *paths)
{
    const struct bl_root_driver *denied = NULL;

    if (kind != BL_ROOT_NONE)
        return bl_root_driver_find(kind);
    for (size_t i = 0; i < BL_COUNT_OF(drivers); i++) {
        const enum bl_node_state state = drivers[i]->probe(path_of(drivers[i], paths));
        if (state == BL_NODE_USABLE)
            return drivers[i];
        if (state == BL_NODE_NOT_PERMITTED && denied == NULL)
            denied = drivers[i];
    }
    return denied;
}

enum bulla_status
bl_sealing_root_open(enum bl_root_kind kind, const struct bl_root_paths *paths,
                     struct bl_sealing_root **root_out, struct bulla_error *err)
{
    const struct bl_root_driver *driver = choose(kind, paths);
    struct bulla_error inner = { 0 };

    if (driver == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_SEALING_ROOT, where, "there is none here");
    struct bl_sealing_root *root = bl_alloc(1, sizeof *root);
    if (root == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "out of memory", sizeof *root);
    *root = (struct bl_sealing_root){ .driver = driver, .path = path_of(driver, paths), .fd = -1 };
    enum bulla_status status = translate(driver->open(root, &inner), &inner, err);
    if (status == BULLA_OK)
        *root_out = root;
    else
        bl_sealing_root_free(root);
    return status;
}

void
bl_sealing_root_free(struct bl_sealing_root *root)
{
    if (root == NULL)
        return;
    bl_fd_close(&root->fd);
    bl_free(root);
}

enum bl_root_kind
bl_sealing_root_kind(const struct bl_sealing_root *root)
{
    return root->driver->kind;
}

enum bulla_status
bl_sealing_root_state(struct bl_sealing_root *root, const struct bl_root_state **state_out,
                      struct bulla_error *err)
{
    struct bulla_error inner = { 0 };
    struct bl_root_state state = { .kind = root->driver->kind };

    if (!root->has_state || root->driver->is_volatile) {
        BL_TRY(translate(
            root->driver->state(root, bl_clock_deadline(BL_ROOT_TIMEOUT_MS), &state, &inner),
            &inner, err));
        root->state = state;
        root->has_state = true;
    }
    *state_out = &root->state;
    return BULLA_OK;
}

static enum bulla_status
check_version(const struct bl_root_request *request, const struct bl_root_state *state,
              struct bulla_error *err)
{
    const struct bl_root_version recorded = bl_root_request_version(request);
    const struct bl_root_comparison comparison =
        bl_root_version_compare(&recorded, &state->version);

    if (bl_root_version_reaches(&comparison))
        return BULLA_OK;
    enum bulla_status status =
        bulla_fail_cause(err, BULLA_CAUSE_VERSION_AHEAD, where, comparison.component);
    bulla_error_values(err, bulla_value_number(comparison.present),
                       bulla_value_number(comparison.recorded));
    return status;
}

enum bulla_status
bl_sealing_root_admit(struct bl_sealing_root *root, const struct bl_root_request *request,
                      struct bulla_error *err)
{
    const struct bl_root_state *state = NULL;

    if (request->kind != root->driver->kind)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "a request for another kind of root", 0);
    BL_TRY(bl_sealing_root_state(root, &state, err));
    if (state->is_debug)
        return bulla_fail_cause(err, BULLA_CAUSE_DEBUG_ROOT, where, "its host can debug it");
    BL_TRY(root->driver->check(state, request, err));
    return check_version(request, state, err);
}

enum bulla_status
bl_sealing_root_derive(struct bl_sealing_root *root, const struct bl_root_request *request,
                       struct bl_secret *key_out, struct bulla_error *err)
{
    struct bulla_error inner = { 0 };
    BL_AUTO(bl_secret) key = { 0 };

    BL_TRY(bl_sealing_root_admit(root, request, err));
    BL_TRY(bl_secret_new(&key, BL_ROOT_KEY_SIZE, err));
    BL_TRY(translate(
        root->driver->derive(root, request, bl_clock_deadline(BL_ROOT_TIMEOUT_MS), &key, &inner),
        &inner, err));
    if (bl_root_is_zero(bl_secret_bytes(&key)))
        return bulla_fail_cause(err, BULLA_CAUSE_ROOT_KEY_WEAK, where, "a key of zeros");
    *key_out = bl_secret_take(&key);
    return BULLA_OK;
}
