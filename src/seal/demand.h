/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/demand.h: what a caller demands of the way in which a blob was opened.
 *
 * A demand holds if the slots that opened and do not meet it would not have been enough: a slot that
 * opened beside the way that counts makes up for nothing.
 */
#ifndef BL_SEAL_DEMAND_H
#define BL_SEAL_DEMAND_H

#include "seal/open.h"

/** After the header MAC. VERSION_BELOW_FLOOR, TRUST_LABEL_REFUSED. */
enum bulla_status bl_header_demand(const struct bl_header *header,
                                   const struct bl_opened_header *opened,
                                   const struct bl_unseal_requirements *requirements,
                                   const struct bl_opener *opener,
                                   struct bulla_error *err) BULLA_CHECKED;

#endif
