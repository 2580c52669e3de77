/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal/slot_tpm.h: what the two files of the TPM slot share.
 */
#ifndef BL_SEAL_SLOT_TPM_H
#define BL_SEAL_SLOT_TPM_H

#include "seal/slot.h"

extern const char bl_tpm_slot_no_tpm[];

/** bl_slot_kind.forecast: slot_tpm_forecast.c. */
enum bulla_status bl_tpm_slot_forecast(const struct bl_slot_summary *summary,
                                       const struct bl_opener *opener,
                                       struct bl_slot_forecast *forecast_out,
                                       struct bulla_error *err) BULLA_CHECKED;

#endif
