/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/root_request.c: from a binding to the request for a key, and back. Pure: what each kind of root
 * can do is in its row.
 */
#include <string.h>

#include "base/memory.h"
#include "device/root_internal.h"

static const char where[] = "sealing root";

static const struct bl_root_field_row *
row_of(enum bl_root_kind kind, unsigned id)
{
    const struct bl_root_driver *driver = bl_root_driver_find(kind);

    for (size_t i = 0; driver != NULL && i < driver->field_count; i++)
        if (driver->fields[i].id == id)
            return &driver->fields[i];
    return NULL;
}

bool
bl_root_identity_put(struct bl_root_identity *identity, enum bl_root_kind kind, unsigned id,
                     struct bulla_bytes bytes)
{
    const struct bl_root_field_row *row = row_of(kind, id);

    if (row == NULL || row->size != bytes.size || identity->count == BL_ROOT_FIELD_COUNT_MAX)
        return false;
    struct bl_root_field *field = &identity->fields[identity->count++];
    *field = (struct bl_root_field){
        .id = id, .name = row->name, .kind = row->kind, .size = bytes.size
    };
    memcpy(field->bytes, bytes.data, bytes.size);
    return true;
}

const struct bl_root_field *
bl_root_identity_find(const struct bl_root_identity *identity, unsigned id)
{
    for (size_t i = 0; i < identity->count; i++)
        if (identity->fields[i].id == id)
            return &identity->fields[i];
    return NULL;
}

bool
bl_root_is_zero(struct bulla_bytes bytes)
{
    uint8_t any = 0;

    for (size_t i = 0; i < bytes.size; i++)
        any |= bytes.data[i];
    return any == 0;
}

enum bulla_status
bl_root_request_make(const struct bl_root_state *state, const struct bl_root_binding *binding,
                     const uint8_t salt[BL_ROOT_SALT_SIZE], struct bl_root_request *request_out,
                     struct bulla_error *err)
{
    const struct bl_root_driver *driver = bl_root_driver_find(state->kind);
    struct bl_root_request request = { .kind = state->kind };

    if (driver == NULL || binding->bits == 0 || (binding->bits & ~BL_ROOT_BIND_ALL) != 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "nothing to bind to", binding->bits);
    if (state->is_debug)
        return bulla_fail_cause(err, BULLA_CAUSE_DEBUG_ROOT, where, "its host can debug it");
    BL_TRY(driver->make(state, binding, salt, &request, err));
    BL_TRY(driver->check(state, &request, err));
    *request_out = request;
    return BULLA_OK;
}

struct bl_root_binding
bl_root_request_binding(const struct bl_root_request *request)
{
    const struct bl_root_driver *driver = bl_root_driver_find(request->kind);

    return driver != NULL ? driver->binding(request) : (struct bl_root_binding){ 0 };
}

struct bl_root_version
bl_root_request_version(const struct bl_root_request *request)
{
    const struct bl_root_driver *driver = bl_root_driver_find(request->kind);

    return driver != NULL ? driver->version(request) : (struct bl_root_version){ .count = 0 };
}

struct bl_root_request
bl_root_request_neighbour(const struct bl_root_request *request)
{
    const struct bl_root_driver *driver = bl_root_driver_find(request->kind);

    return driver != NULL ? driver->neighbour(request) : *request;
}

bool
bl_root_request_uses(const struct bl_root_request *request, const struct bl_root_field *field)
{
    const struct bl_root_driver *driver = bl_root_driver_find(request->kind);

    return driver != NULL && driver->uses(request, field);
}
