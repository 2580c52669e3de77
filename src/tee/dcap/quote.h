/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/quote.h: the layout of Intel DCAP quotes, versions 3 (SGX), 4 and 5 (SGX and TDX):
 * Intel SGX ECDSA and TDX DCAP Quote Library API references, appendix "Quote format".
 *
 * Guarantees: every length is held against what is there; authentication data and what is nested in
 * it are consumed to the byte; the signed part is what the quote says of itself, no more.
 * Does not: verify anything; look inside a TD report (tee/tdx/body.h) or a certificate; judge what
 * stands behind the quote (bl_dcap_quote.padding).
 */
#ifndef BL_TEE_DCAP_QUOTE_H
#define BL_TEE_DCAP_QUOTE_H

#include "bulla/status.h"

#define BL_ENCLAVE_REPORT_SIZE 384 /* bytes */
#define BL_TD_REPORT_10_SIZE 584
#define BL_TD_REPORT_15_SIZE 648
#define BL_DCAP_SVN_COUNT 16 /* components of a CPUSVN or of a TEE_TCB_SVN */

/** What the quote speaks of; the values of "body type" in version 5. */
enum bl_dcap_body { BL_DCAP_BODY_SGX = 1, BL_DCAP_BODY_TD10 = 2, BL_DCAP_BODY_TD15 = 3 };

/** Kinds of certification data that matter here. */
enum {
    BL_DCAP_CERTIFICATION_PPID_RSA3072 = 3, /* 1 to 3 name the platform and carry no certificate */
    BL_DCAP_CERTIFICATION_CHAIN = 5         /* PEM, the PCK certificate and its issuers */
};

/** A quote; all views borrow from the bytes it was decoded from. */
struct bl_dcap_quote {
    uint16_t version;
    uint32_t tee_type;
    enum bl_dcap_body body_type;
    struct bulla_bytes signed_part; /* header to body */
    struct bulla_bytes body;
    struct bulla_bytes signature;       /* r|s */
    struct bulla_bytes attestation_key; /* x|y */
    struct bulla_bytes qe_report;       /* of the quoting enclave */
    struct bulla_bytes qe_signature;    /* r|s over it, by the PCK */
    struct bulla_bytes qe_auth_data;
    uint16_t certification_type;
    struct bulla_bytes certification;
    size_t size;                /* bytes of the quote itself */
    struct bulla_bytes padding; /* what follows it */
};

/** Causes: MALFORMED; UNSUPPORTED for another version, key type or quoting enclave's vendor. */
enum bulla_status bl_dcap_quote_decode(struct bulla_bytes bytes, struct bl_dcap_quote *quote_out,
                                       struct bulla_error *err) BULLA_CHECKED;

/** REPORT of an enclave: the body of an SGX quote, and what vouches for the key of any quote. */
struct bl_enclave_report {
    struct bulla_bytes cpu_svn;
    struct bulla_bytes misc_select;
    struct bulla_bytes isv_ext_prod_id;
    struct bulla_bytes attributes; /* 8 bytes of flags, 8 of XFRM */
    struct bulla_bytes mr_enclave;
    struct bulla_bytes mr_signer;
    struct bulla_bytes config_id;
    uint16_t isv_prod_id;
    uint16_t isv_svn;
    uint16_t config_svn;
    struct bulla_bytes isv_family_id;
    struct bulla_bytes report_data;
    bool is_debug;
};

/** Reserved bytes are not looked at: they are signed, and nothing follows from them. */
enum bulla_status bl_enclave_report_decode(struct bulla_bytes bytes,
                                           struct bl_enclave_report *report_out,
                                           struct bulla_error *err) BULLA_CHECKED;

#endif
