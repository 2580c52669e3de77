/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/snp/structures.h: AMD SEV-SNP attestation reports, the certificates beside an extended report,
 * and ID authentication information.
 *
 * Spec: AMD SEV-SNP Firmware ABI (56860) 1.58, tables 23 (ATTESTATION_REPORT), 73 (ID_AUTH),
 * 140 and 141 (signature and key); GHCB (56421) 2.03, 4.1.8.1 (certificate table).
 * Guarantees: total decoders, all little-endian; views are borrowed.
 * Does not: believe anything. bl_snp_report_decode() only cuts the fixed places out, so that the
 * signature can be verified before anything of the content is judged by bl_snp_report_check().
 */
#ifndef BL_TEE_SNP_STRUCTURES_H
#define BL_TEE_SNP_STRUCTURES_H

#include "codec/reader.h"
#include "tee/claims.h"

#define BL_SNP_REPORT_SIZE 0x4a0u    /* bytes */
#define BL_SNP_SIGNED_SIZE 0x2a0u    /* bytes of a report that its signature covers */
#define BL_SNP_ID_AUTH_SIZE 4096u    /* bytes */
#define BL_SNP_PUBLIC_KEY_SIZE 1028u /* bytes of a key in it */

/** Who signed, by key_info. */
enum bl_snp_signing_key { BL_SNP_VCEK = 0, BL_SNP_VLEK = 1, BL_SNP_NO_KEY = 7 };

/* guest policy */
#define BL_SNP_POLICY_SMT (1ull << 16)
#define BL_SNP_POLICY_ONE (1ull << 17) /* reserved, always one */
#define BL_SNP_POLICY_MIGRATE_MA (1ull << 18)
#define BL_SNP_POLICY_DEBUG (1ull << 19)
#define BL_SNP_POLICY_SINGLE_SOCKET (1ull << 20)
#define BL_SNP_POLICY_CXL_ALLOW (1ull << 21)
#define BL_SNP_POLICY_MEM_AES_256_XTS (1ull << 22)
#define BL_SNP_POLICY_RAPL_DIS (1ull << 23)
#define BL_SNP_POLICY_CIPHERTEXT_HIDING (1ull << 24)
#define BL_SNP_POLICY_PAGE_SWAP_DISABLE (1ull << 25)

struct bl_snp_report {
    struct bulla_bytes bytes; /* all of it */
    uint32_t version;
    uint32_t guest_svn;
    uint64_t policy;
    struct bulla_bytes family_id;
    struct bulla_bytes image_id;
    uint32_t vmpl;
    uint32_t signature_algorithm;
    struct bulla_bytes
        current_tcb; /* 8 bytes, one component each; which is which: the generation */
    uint64_t platform_info;
    uint32_t key_info;
    struct bulla_bytes report_data;
    struct bulla_bytes measurement;
    struct bulla_bytes host_data;
    struct bulla_bytes id_key_digest;
    struct bulla_bytes author_key_digest;
    struct bulla_bytes report_id;
    struct bulla_bytes report_id_ma;
    struct bulla_bytes reported_tcb;
    struct bulla_bytes cpuid; /* family, model, stepping; zero before version 3 */
    struct bulla_bytes chip_id;
    struct bulla_bytes committed_tcb;
    struct bulla_bytes current_version; /* build, minor, major */
    struct bulla_bytes committed_version;
    struct bulla_bytes launch_tcb;
    struct bulla_bytes launch_mit_vector; /* zero before version 5 */
    struct bulla_bytes current_mit_vector;
    uint8_t signature[96]; /* r|s as crypto/key.h has them: big-endian, 48 bytes each */
};
/** Cut a report of exactly BL_SNP_REPORT_SIZE bytes up. BULLA_E_MALFORMED. */
enum bulla_status bl_snp_report_decode(struct bulla_bytes bytes, struct bl_snp_report *report_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Judge its form: version 2 to 5, algorithm, reserved bits and bytes, no guest policy of unknown
 *  meaning, and reported <= committed <= current. BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED. */
enum bulla_status bl_snp_report_check(const struct bl_snp_report *report,
                                      struct bulla_error *err) BULLA_CHECKED;
/** The three bits of key_info. */
unsigned bl_snp_signing_key(const struct bl_snp_report *report);
bool bl_snp_author_key_enabled(const struct bl_snp_report *report);
bool bl_snp_chip_key_masked(const struct bl_snp_report *report);

/** The security version numbers in a TCB (8 bytes of a report), whose places depend on the
 *  generation (AMD 56860, TCB_VERSION). NONE: places as up to Genoa. */
struct bl_firmware_claims bl_snp_tcb_svns(struct bulla_bytes tcb,
                                          enum bl_snp_generation generation);

/** What stands behind the report in an extended one; each empty if it is not there. */
struct bl_snp_table {
    struct bulla_bytes vcek, vlek, ask, ark, crl;
};
/** Take extended evidence apart: the report, and the table if anything follows. Entries of unknown
 *  kind are passed over, and so are bytes that no entry names. BULLA_E_MALFORMED, BULLA_E_LIMIT. */
enum bulla_status bl_snp_evidence_split(struct bulla_bytes evidence, struct bulla_bytes *report_out,
                                        struct bl_snp_table *table_out,
                                        struct bulla_error *err) BULLA_CHECKED;

/** An ECDSA public key as the firmware hashes it. */
struct bl_snp_public_key {
    struct bulla_bytes bytes; /* BL_SNP_PUBLIC_KEY_SIZE of them */
    uint8_t raw[97];          /* as crypto/key.h has them: 04|x|y, big-endian */
};
struct bl_snp_id_auth {
    struct bl_snp_public_key id_key;
    uint8_t id_block_signature[96]; /* by the ID key */
    bool has_author;
    struct bl_snp_public_key author_key;
    uint8_t id_key_signature[96]; /* by the author key, over the ID key */
};
#define BL_SNP_ID_KEY_OFFSET 0x240u
#define BL_SNP_AUTHOR_KEY_OFFSET 0x880u
/** ID authentication information, exactly BL_SNP_ID_AUTH_SIZE bytes: both keys on P-384, reserved
 *  bytes zero. BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED. */
enum bulla_status bl_snp_id_auth_decode(struct bulla_bytes bytes, struct bl_snp_id_auth *auth_out,
                                        struct bulla_error *err) BULLA_CHECKED;

#endif
