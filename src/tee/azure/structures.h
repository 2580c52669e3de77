/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/azure/structures.h: what the paravisor of an Azure confidential VM hands out.
 *
 * Spec: Microsoft, "Confidential VM guest attestation design": the attestation report (HCLA) of NV index
 * 0x01400001 and its runtime data.
 * Guarantees: total decoders; the runtime data is a view of its exact bytes, which are what was
 * hashed; the JSON is strict, with one key of each id.
 * Does not: believe anything.
 */
#ifndef BL_TEE_AZURE_STRUCTURES_H
#define BL_TEE_AZURE_STRUCTURES_H

#include "codec/json.h"
#include "crypto/key.h"

#define BL_AZURE_SNP_REPORT_SIZE 1184u
#define BL_AZURE_TD_REPORT_SIZE 1024u
#define BL_AZURE_RUNTIME_SIZE_MAX 65536u /* bytes: ten times a whole HCL report */

enum bl_azure_report_type { BL_AZURE_SNP = 2, BL_AZURE_TDX = 4 };

/** The hardware's report and the data that it vouches for. Views. */
struct bl_azure_report {
    bool has_header; /* false: taken apart by whoever sent it; the numbers below are ours then */
    uint32_t version;
    uint32_t hash_type;
    enum bl_hash hash;
    enum bl_azure_report_type type;
    struct bulla_bytes hardware; /* SNP report, or TDREPORT */
    struct bulla_bytes runtime_data;
};
/** True if it begins like one. */
bool bl_azure_is_report(struct bulla_bytes bytes);
/** All of it; zeros may follow. BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED. */
enum bulla_status bl_azure_report_decode(struct bulla_bytes bytes,
                                         struct bl_azure_report *report_out,
                                         struct bulla_error *err) BULLA_CHECKED;

#define BL_AZURE_REPORT_DATA_SIZE 64u
/** The report data of a TDREPORT. */
struct bulla_bytes bl_azure_td_report_data(const struct bl_azure_report *report);

/** Parse runtime data; BULLA_E_MALFORMED, BULLA_E_LIMIT. */
enum bulla_status bl_azure_runtime_parse(struct bulla_bytes text, struct bl_json **runtime_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** The vTPM's attestation key ("HCLAkPub") of it. BULLA_E_MALFORMED, also if there are two. */
enum bulla_status bl_azure_runtime_key(const struct bl_json *runtime, struct bl_key **key_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** The array of its keys; their number. */
enum bulla_status bl_azure_runtime_keys(const struct bl_json *runtime,
                                        const struct bl_json **keys_out, size_t *count_out,
                                        struct bulla_error *err) BULLA_CHECKED;

#endif
