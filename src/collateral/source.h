/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/source.h: where collateral is had: Intel PCS version 4 or a PCCS that speaks it, AMD KDS,
 * and the places that certificates of TPM keys name.
 *
 * Guarantees: a URL is a base that the operator chose and typed fields of a name, nothing else; places
 * named by certificates count only on hosts that are listed. https always verifies; plain http only
 * to this very machine, or for what certificates name so. What comes is of the right outer form; it
 * is not verified here.
 */
#ifndef BL_COLLATERAL_SOURCE_H
#define BL_COLLATERAL_SOURCE_H

#include "collateral/object.h"

#define BL_SOURCE_INTEL "https://api.trustedservices.intel.com"
#define BL_SOURCE_INTEL_ROOT_CRL "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der"
#define BL_SOURCE_AMD "https://kdsintf.amd.com"
#define BL_SOURCE_BASE_SIZE_MAX 200 /* bytes: leaves room for what is appended */

enum bl_source_update { BL_UPDATE_STANDARD = 0, BL_UPDATE_EARLY };

struct bl_sources {
    const char *intel;          /* base; NULL: Intel's own */
    const char *intel_root_crl; /* whole URL; NULL: what goes with `intel` */
    const char *amd;            /* base; NULL: AMD's own */
    const char *authorities;    /* PEM file besides the system's, or NULL */
    struct bulla_bytes hosts;   /* "HOST:PORT ..." besides those that are known */
    enum bl_source_update update;
    struct bl_claim_number evaluation; /* this tcbEvaluationDataNumber, instead of `update` */
    unsigned timeout_ms;               /* of one request */
};
/** Each base is an https URL, or http to 127.0.0.1, ::1 or localhost; USAGE. */
enum bulla_status bl_sources_check(const struct bl_sources *sources,
                                   struct bulla_error *err) BULLA_CHECKED;

struct bl_source_place {
    struct bulla_buffer url, query;
    const char *issuers_header; /* that has the issuers' chain; NULL: none */
    struct bl_endpoint endpoint;
};
void bl_source_place_done(struct bl_source_place *place);
/** Where this is had. *place must be empty. DENIED for a host that is not listed. */
enum bulla_status bl_source_find(const struct bl_sources *sources,
                                 const struct bl_collateral_name *name,
                                 struct bl_source_place *place,
                                 struct bulla_error *err) BULLA_CHECKED;

/** Ask once. `set`: for the list of Intel's root, whose certificate comes with the others only.
 *  *retry_after_s_out is set in any case. Causes: those of bl_fetch_get(); MALFORMED. */
enum bulla_status bl_source_fetch(const struct bl_sources *sources,
                                  const struct bl_source_place *place,
                                  const struct bl_collateral_name *name,
                                  const struct bl_collateral_set *set,
                                  struct bl_collateral **object_out, unsigned *retry_after_s_out,
                                  struct bulla_error *err) BULLA_CHECKED;

/** What came, made of it: `header` is the value of place->issuers_header. *object's name is set. */
enum bulla_status bl_source_take(struct bl_collateral *object, struct bulla_bytes body,
                                 struct bulla_bytes header, const struct bl_collateral_set *set,
                                 struct bulla_error *err) BULLA_CHECKED;

#endif
