/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/vault.h: what the vault's sessions share.
 */
#ifndef BL_BROKER_VAULT_H
#define BL_BROKER_VAULT_H

#include "broker/appraiser.h"
#include "broker/audit.h"
#include "broker/fetcher.h"
#include "broker/keys.h"
#include "broker/refusals.h"
#include "store/store.h"

#define BL_TENANT "default" /* the only one; every row names one */

struct bl_vault {
    struct bl_broker_keys keys;
    struct bl_store *store;
    struct bl_audit *audit;
    struct bl_refusals *refusals;
    struct bl_appraiser *appraiser;
    struct bl_fetcher *fetcher;
    unsigned proof_ms; /* how long a stranger may take to prove itself; 0: the usual time */
};

#endif
