/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/attest_internal.h: what the files of device/attest_*.c share, and their rows of the table.
 */
#ifndef BL_DEVICE_ATTEST_INTERNAL_H
#define BL_DEVICE_ATTEST_INTERNAL_H

#include "device/attester.h"

#define BL_REPORT_DATA_BYTES 64 /* bytes of report data of SNP, TDX, SGX and CCA */

extern const struct bl_local_attester bl_attester_tsm;
extern const struct bl_local_attester bl_attester_sev_guest;
extern const struct bl_local_attester bl_attester_nsm;
extern const struct bl_local_attester bl_attester_gramine;
extern const struct bl_local_attester bl_attester_optee;
extern const struct bl_local_attester bl_attester_tpm;

/** The nonce, then zeros. BULLA_E_ARGUMENT unless it has 1 to 64 bytes. */
enum bulla_status bl_attest_report_data(const struct bl_attest_request *request,
                                        uint8_t out[BL_REPORT_DATA_BYTES],
                                        struct bulla_error *err) BULLA_CHECKED;
/** Where the attester is to be found. */
const char *bl_attest_path(const struct bl_local_attester *attester,
                           const struct bl_attest_request *request);

/** Move, to *out, what was collected, if it carries what was asked for: ATTESTER_ANSWER. */
enum bulla_status bl_collected_deliver(struct bl_collected *collected,
                                       const struct bl_attest_request *request,
                                       struct bl_collected *out,
                                       struct bulla_error *err) BULLA_CHECKED;

/** What evidence of `kind` says it was asked for: 64 bytes, or of nitro the nonce. A view.
 *  ATTESTER_ANSWER if it does not even decode. */
enum bulla_status bl_attest_carried(const char *kind, struct bulla_bytes evidence,
                                    struct bulla_bytes *carried_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** ATTESTER_ANSWER with what a decoder said; our own failures as they are. */
enum bulla_status bl_attest_answer(const struct bulla_error *inner,
                                   struct bulla_error *err) BULLA_CHECKED;

/** The document in an answer of the Nitro Secure Module; a view. MALFORMED; ATTESTER_FAILED if it
 *  refused. */
enum bulla_status bl_nsm_response_decode(struct bulla_bytes bytes, struct bulla_bytes *document_out,
                                         struct bulla_error *err) BULLA_CHECKED;

/** The report of the SNP firmware, and the host's table of certificates behind it if that is one. */
enum bulla_status bl_attest_snp(struct bulla_bytes report, struct bulla_bytes table,
                                struct bl_collected *collected,
                                struct bulla_error *err) BULLA_CHECKED;

#endif
