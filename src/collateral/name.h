/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/name.h: what a piece of collateral is about, as typed fields and as one text.
 *
 *     intel/root-crl                           the list of Intel's root
 *     intel/pck-crl/platform|processor         the list of an authority of PCK certificates
 *     intel/sgx|tdx/tcb-info/FMSPC             12 hexadecimal digits
 *     intel/sgx|tdx/qe-identity
 *     amd/milan|genoa|turin/vcek-chain|vlek-chain   intermediate and root
 *     amd/milan|genoa|turin/vcek-crl|vlek-crl
 *     amd/milan|genoa|turin/vcek/CHIP/TCB      128 (Turin: 16) and 16 hexadecimal digits
 *     issuer/URL, issuer-crl/URL               certificate and list of an authority of TPM keys
 *
 * Guarantees: one text for one name; every text that parses is safe as it stands: no white space, no
 * control characters, hexadecimal of the right size. Names become URLs (collateral/source.h) and
 * hashes (collateral/cache.h), never paths.
 */
#ifndef BL_COLLATERAL_NAME_H
#define BL_COLLATERAL_NAME_H

#include "http/fetch.h"
#include "tee/snp/chain.h"

enum bl_collateral_kind {
    BL_COLLATERAL_NONE = 0,
    BL_COLLATERAL_ROOT_CRL,
    BL_COLLATERAL_PCK_CRL,
    BL_COLLATERAL_TCB_INFO,
    BL_COLLATERAL_QE_IDENTITY,
    BL_COLLATERAL_AMD_CHAIN,
    BL_COLLATERAL_AMD_CRL,
    BL_COLLATERAL_VCEK,
    BL_COLLATERAL_ISSUER,
    BL_COLLATERAL_ISSUER_CRL
};

#define BL_COLLATERAL_NAME_SIZE (BL_FETCH_URL_SIZE_MAX + 16) /* bytes, with the zero */
#define BL_FMSPC_SIZE 6
#define BL_CHIP_ID_SIZE 64
#define BL_CHIP_ID_SIZE_TURIN 8
#define BL_SNP_TCB_SIZE 8

/** Fields that its kind does not have are zero. */
struct bl_collateral_name {
    enum bl_collateral_kind kind;
    bool is_tdx;      /* TCB_INFO, QE_IDENTITY; else of SGX */
    bool is_platform; /* PCK_CRL: of the Platform CA; else of the Processor CA */
    bool is_vlek;     /* AMD_CHAIN, AMD_CRL */
    uint8_t fmspc[BL_FMSPC_SIZE];
    enum bl_snp_generation generation;
    uint8_t chip_id[BL_CHIP_ID_SIZE]; /* VCEK; of Turin the first 8 bytes */
    uint8_t tcb[BL_SNP_TCB_SIZE];     /* VCEK: as the report has it */
    char text[BL_COLLATERAL_NAME_SIZE];
};

/** Write the text of a name whose fields are set. BULLA_E_ARGUMENT for fields of no name. */
enum bulla_status bl_collateral_name_finish(struct bl_collateral_name *name,
                                            struct bulla_error *err) BULLA_CHECKED;
/** An ISSUER or ISSUER_CRL. BULLA_E_MALFORMED for a URL that bl_url_endpoint() refuses. */
enum bulla_status bl_collateral_name_of_url(enum bl_collateral_kind kind, struct bulla_bytes url,
                                            struct bl_collateral_name *name_out,
                                            struct bulla_error *err) BULLA_CHECKED;
/** The name of this very text. BULLA_E_MALFORMED. */
enum bulla_status bl_collateral_name_parse(struct bulla_bytes text,
                                           struct bl_collateral_name *name_out,
                                           struct bulla_error *err) BULLA_CHECKED;

/** The URL of an ISSUER or ISSUER_CRL; borrowed. Empty for other kinds. */
struct bulla_bytes bl_collateral_name_url(const struct bl_collateral_name *name);
/** Bytes of a chip id that a generation has. */
size_t bl_snp_chip_id_size(enum bl_snp_generation generation);

#endif
