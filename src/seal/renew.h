/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/renew.h: the wish that makes a slot of this hardware again, as the machine is now.
 *
 * Pins nothing new and loosens nothing: the same PCRs with their present values, the same version
 * index with the same least version; of a TEE the same binding, with the versions that run.
 */
#ifndef BL_SEAL_RENEW_H
#define BL_SEAL_RENEW_H

#include "seal/inspect.h"

enum bl_renewal_state {
    BL_RENEWAL_CURRENT = 1, /* it is bound to what is now: nothing to do */
    BL_RENEWAL_DUE,         /* `request` makes it anew */
    BL_RENEWAL_ELSEWHERE,   /* it belongs to other hardware, or to none */
    BL_RENEWAL_AHEAD,       /* it was made on a newer machine than this one is */
    BL_RENEWAL_SIGNED,      /* it opens for states that an authority signs, now and later */
    BL_RENEWAL_NEEDS_INPUT  /* a PIN, which is not kept anywhere */
};
struct bl_renewal {
    enum bl_renewal_state state;
    struct bl_slot_request request; /* borrows from the other members */
    char label[256];
    struct bulla_buffer pcr_values;
    struct bl_tpm_name nv_name;
};
void bl_renewal_done(struct bl_renewal *renewal);
/** Look at the machine; *renewal_out must be zeroed and must not be moved. */
enum bulla_status bl_slot_renewal(const struct bl_slot_summary *slot,
                                  const struct bl_opener *opener, struct bl_renewal *renewal_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif
