/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/setup.h: the broker's state: made once, opened ever after.
 *
 * `directory`/broker holds root.bulla (the sealed root secret), store.db, audit.log and audit.head.
 * A first start fills a directory beside it and renames it in place as the last step: it is done or
 * not done. Afterwards a missing part is corruption and never a first start.
 */
#ifndef BL_BROKER_SETUP_H
#define BL_BROKER_SETUP_H

#include "broker/broker.h"
#include "broker/vault.h"

/** Open the state, making it if there is none (*is_first_out). The TPM is used here and closed
 *  again. Causes: STORE_MISSING (a part is gone), PCR_CHANGED, WRONG_TPM, ... as bl_unseal_bytes(). */
enum bulla_status bl_vault_open(const struct bl_broker_options *options, struct bl_vault *vault_out,
                                bool *is_first_out, struct bulla_error *err) BULLA_CHECKED;
void bl_vault_done(struct bl_vault *vault);

#endif
