/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/azure/verify.h: the scheme "azure": a confidential VM whose paravisor (HCL) owns the hardware's
 * report, and shows the guest's state through a vTPM.
 *
 * Evidence: an HCL report, or the SNP report or TD quote that was in it. Parts: "runtime_data" with
 * the latter, "td_quote" (TDX), "tpm_quote", "tpm_signature", "pcrs", and those of the hardware's
 * scheme.
 * Guarantees: the hardware's evidence verifies as its own scheme has it; its report data is the digest
 * of the runtime data, byte for byte, and nothing else; the vTPM's quote verifies with the key in
 * there. The guest has no say in the report data: a binder is looked for in the quote alone.
 * Code and configuration are the paravisor's; the guest is in the PCRs.
 */
#ifndef BL_TEE_AZURE_VERIFY_H
#define BL_TEE_AZURE_VERIFY_H

#include "tee/azure/structures.h"
#include "tee/scheme.h"

/** bl_scheme.verify of "azure". */
enum bulla_status bl_azure_verify(const struct bl_verification *verification,
                                  struct bl_claims *claims_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** bl_scheme.describe. */
enum bulla_status bl_azure_describe(const struct bl_verification *verification,
                                    struct bl_json_writer *out,
                                    struct bulla_error *err) BULLA_CHECKED;

/** The evidence as one report, whether it came in one piece or not. */
enum bulla_status bl_azure_evidence(const struct bl_verification *verification,
                                    struct bl_azure_report *report_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** What the hardware's scheme is to verify: `digest` (as report data) is borrowed. */
struct bl_verification bl_azure_hardware(const struct bl_verification *verification,
                                         const struct bl_azure_report *report,
                                         struct bulla_bytes digest);

/** The quote as the scheme "tpm" takes it, without any anchor. */
struct bl_azure_quote {
    struct bl_part parts[3];
    struct bl_verification verification; /* of `parts`: not to be copied without them */
};
void bl_azure_quote(const struct bl_verification *verification, struct bl_azure_quote *quote_out);

#endif
