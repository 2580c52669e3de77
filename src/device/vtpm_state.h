/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/vtpm_state.h: the state of an embedded TPM as one byte string (docs/formats/vtpm-state.md).
 */
#ifndef BL_DEVICE_VTPM_STATE_H
#define BL_DEVICE_VTPM_STATE_H

#include "base/secret.h"

/** What libtpms stores, by name. An empty secret: it has stored none. */
enum bl_vtpm_part { BL_VTPM_PERMANENT, BL_VTPM_SAVED, BL_VTPM_PARTS };

struct bl_vtpm_state {
    struct bl_secret parts[BL_VTPM_PARTS];
};
void bl_vtpm_state_done(struct bl_vtpm_state *state);

/** The part with libtpms' own name for it; BL_VTPM_PARTS for one that we do not store. */
enum bl_vtpm_part bl_vtpm_part_named(const char *name);

/** *bytes_out must be empty. */
enum bulla_status bl_vtpm_state_encode(const struct bl_vtpm_state *state,
                                       struct bl_secret *bytes_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** *state_out must be empty. BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED (version), BULLA_E_LIMIT. */
enum bulla_status bl_vtpm_state_decode(struct bulla_bytes bytes, struct bl_vtpm_state *state_out,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif
