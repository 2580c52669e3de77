/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/tcb.h: how Intel rates what a platform is at: TCB info and enclave identity as parsed
 * values, the choice of a level, and what follows when several things are rated.
 *
 * Intel PCS API version 4 (TCB info version 2, SGX only, and 3; identity version 2); the choice is
 * that of Intel's quote verification library. Every member that is used is required, in range and
 * whole: a list of components has 16 of them, or the text is refused.
 * Does not: verify a signature or a date; see tee/dcap/collateral.h.
 */
#ifndef BL_TEE_DCAP_TCB_H
#define BL_TEE_DCAP_TCB_H

#include "tee/claims.h"
#include "tee/dcap/quote.h"
#include "tee/dcap/signed_json.h"

#define BL_TCB_LEVEL_COUNT_MAX 64 /* PCS lists up to 20 */
#define BL_SVN_LEVEL_COUNT_MAX 32 /* PCS lists up to 10 */
#define BL_TDX_MODULE_COUNT_MAX 16

/** How something at this SVN, or above, is rated. */
struct bl_svn_level {
    uint16_t isv_svn;
    enum bl_tcb_status status; /* UP_TO_DATE, OUT_OF_DATE or REVOKED */
    const struct bl_json *advisories;
};
/** In descending order. */
struct bl_svn_levels {
    struct bl_svn_level items[BL_SVN_LEVEL_COUNT_MAX];
    size_t count;
};

struct bl_tcb_level {
    uint8_t sgx[BL_DCAP_SVN_COUNT];
    uint8_t tdx[BL_DCAP_SVN_COUNT]; /* TCB info for TDX only */
    uint16_t pce_svn;
    enum bl_tcb_status status;
    int64_t date_s;
    const struct bl_json *advisories; /* names, each checked; NULL: none */
};

/** Who made a TDX module, and how it is rated. */
struct bl_tdx_module {
    uint8_t version; /* the one of "TDX_03"; of no meaning for "tdxModule" */
    uint8_t mr_signer[48];
    uint8_t attributes[8];
    uint8_t attributes_mask[8];
    struct bl_svn_levels levels; /* empty for "tdxModule" */
};

struct bl_tcb_info {
    bool is_tdx;
    int64_t issued_s, next_update_s;
    uint8_t fmspc[6];
    bool has_pce_id; /* some of version 2 lack it */
    uint8_t pce_id[2];
    uint32_t evaluation_number;
    struct bl_tdx_module module; /* of TDX: for modules of version 0 */
    struct bl_tdx_module modules[BL_TDX_MODULE_COUNT_MAX];
    size_t module_count;
    struct bl_tcb_level levels[BL_TCB_LEVEL_COUNT_MAX]; /* in descending order */
    size_t level_count;
    bool has_unknown_members;
    struct bl_json *json; /* owned: advisories point into it */
    size_t sharer_count;  /* besides the first */
};
/** It goes with its last sharer; all of them are of one thread. */
void bl_tcb_info_free(struct bl_tcb_info *info);
struct bl_tcb_info *bl_tcb_info_share(struct bl_tcb_info *info);
BL_DEFINE_FREEP(bl_tcb_info)

struct bl_qe_identity {
    bool is_td; /* of the quoting enclave of TDX, "TD_QE" */
    int64_t issued_s, next_update_s;
    uint32_t evaluation_number;
    uint8_t misc_select[4], misc_select_mask[4];
    uint8_t attributes[16], attributes_mask[16];
    uint8_t mr_signer[32];
    uint16_t isv_prod_id;
    struct bl_svn_levels levels;
    bool has_unknown_members;
    struct bl_json *json; /* owned */
    size_t sharer_count;  /* besides the first */
};
/** As for TCB info. */
void bl_qe_identity_free(struct bl_qe_identity *identity);
struct bl_qe_identity *bl_qe_identity_share(struct bl_qe_identity *identity);
BL_DEFINE_FREEP(bl_qe_identity)

/** Parse the inner object of a body. Causes: MALFORMED, LIMIT, UNSUPPORTED for a version or a type
 *  of comparison that is not ours. */
enum bulla_status bl_tcb_info_parse(struct bulla_bytes object, struct bl_tcb_info **info_out,
                                    struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_qe_identity_parse(struct bulla_bytes object,
                                       struct bl_qe_identity **identity_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Note each advisory of a level. */
enum bulla_status bl_tcb_advise_all(struct bl_tcb_claims *tcb, const struct bl_json *advisories,
                                    struct bulla_error *err) BULLA_CHECKED;

/** What a platform is at. */
struct bl_platform_svns {
    uint8_t sgx[BL_DCAP_SVN_COUNT]; /* as certified in the PCK, never as in the quote */
    uint16_t pce_svn;
    bool is_tdx;
    uint8_t tdx[BL_DCAP_SVN_COUNT]; /* TEE_TCB_SVN */
    size_t tdx_start;               /* first component compared: bl_tdx_start() */
};
/** 2 if the module has a version of its own, which is rated by itself; else 0. */
size_t bl_tdx_start(const uint8_t tee_tcb_svn[BL_DCAP_SVN_COUNT]);

/** The first level of which every component and the PCESVN are reached; *sgx_out (may be NULL): the
 *  first reached without regard to the components of TDX. Causes: TCB_NOT_SUPPORTED. */
enum bulla_status bl_tcb_level_find(const struct bl_tcb_info *info,
                                    const struct bl_platform_svns *svns,
                                    const struct bl_tcb_level **level_out,
                                    const struct bl_tcb_level **sgx_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** The highest level that is reached. Causes: TCB_NOT_SUPPORTED. */
enum bulla_status bl_svn_level_find(const struct bl_svn_levels *levels, uint16_t isv_svn,
                                    const char *where, const struct bl_svn_level **level_out,
                                    struct bulla_error *err) BULLA_CHECKED;
/** The module of this version; NULL if it is not listed. */
const struct bl_tdx_module *bl_tdx_module_find(const struct bl_tcb_info *info, uint8_t version);

/** What a status becomes when what it rests on (module or quoting enclave) is rated `other`. */
enum bl_tcb_status bl_tcb_converge(enum bl_tcb_status status, enum bl_tcb_status other);

/** All that decides whether starting a TD anew would help. */
struct bl_relaunch {
    enum bl_tcb_status sgx;    /* level by the SGX components alone */
    enum bl_tcb_status tdx;    /* converged with the module */
    enum bl_tcb_status module; /* ABSENT: not rated by itself */
    enum bl_tcb_status quoter; /* ABSENT: not rated */
    const uint8_t *tee_tcb_svn_2;
};
/** The status of TDX, or that it would be better had the TD been launched now (a TD report of version
 *  1.5 says what is loaded by now). Causes: TDX_MODULE_MISMATCH. */
enum bulla_status bl_tcb_relaunch(const struct bl_tcb_info *info, const struct bl_relaunch *found,
                                  enum bl_tcb_status *status_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif
