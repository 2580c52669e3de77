/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/root_internal.h: one kind of sealing root: a row of the table in device/sealing_root.c.
 */
#ifndef BL_DEVICE_ROOT_INTERNAL_H
#define BL_DEVICE_ROOT_INTERNAL_H

#include "device/node.h"
#include "device/sealing_root.h"

struct bl_sealing_root {
    const struct bl_root_driver *driver;
    const char *path; /* borrowed */
    int fd;           /* -1: this kind has no node that stays open */
    bool has_state;
    struct bl_root_state state;
};

struct bl_root_field_row {
    unsigned id;
    const char *name;
    enum bl_root_field_kind kind;
    size_t size;
};

struct bl_root_driver {
    enum bl_root_kind kind;
    const char *word; /* "snp" */
    const char *path; /* its usual place */
    bool is_volatile; /* its state changes while we run */
    const struct bl_root_field_row *fields;
    size_t field_count;

    /* pure */
    enum bulla_status (*make)(const struct bl_root_state *state,
                              const struct bl_root_binding *binding,
                              const uint8_t salt[BL_ROOT_SALT_SIZE],
                              struct bl_root_request *request_out, struct bulla_error *err);
    /** Refuse a request whose key others could derive, or that is none: UNDER_BOUND, LAUNCH_CHANGED. */
    enum bulla_status (*check)(const struct bl_root_state *state,
                               const struct bl_root_request *request, struct bulla_error *err);
    struct bl_root_binding (*binding)(const struct bl_root_request *request);
    struct bl_root_version (*version)(const struct bl_root_request *request);
    struct bl_root_request (*neighbour)(const struct bl_root_request *request);
    bool (*uses)(const struct bl_root_request *request, const struct bl_root_field *field);

    /* with the device; causes of failures are those of device/node.h */
    enum bl_node_state (*probe)(const char *path);
    enum bulla_status (*open)(struct bl_sealing_root *root, struct bulla_error *err);
    enum bulla_status (*state)(struct bl_sealing_root *root, int64_t deadline,
                               struct bl_root_state *state_out, struct bulla_error *err);
    /** Fill all of `key`. */
    enum bulla_status (*derive)(struct bl_sealing_root *root, const struct bl_root_request *request,
                                int64_t deadline, struct bl_secret *key, struct bulla_error *err);
};
extern const struct bl_root_driver bl_root_snp;

/** NULL: no such kind in this build. */
const struct bl_root_driver *bl_root_driver_find(enum bl_root_kind kind);

bool bl_root_is_zero(struct bulla_bytes bytes);

#endif
