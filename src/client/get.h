/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_CLIENT_GET_H
#define BL_CLIENT_GET_H

#include "client/broker.h"

/** Ask for the secret `name`, at least at `version_min`, on an open channel. The reply counts only
 *  if the pinned root signed it for this name and this very evidence (P12, P13).
 *  BULLA_E_REFUSED (the broker said no), BULLA_E_SIGNATURE, BULLA_E_MISMATCH, BULLA_E_STALE (an
 *  older version than asked for). */
enum bulla_status bl_client_get(const struct bl_broker_connection *connection,
                                struct bl_channel *channel, struct bulla_bytes name,
                                uint64_t version_min, unsigned timeout_ms,
                                struct bl_secret *value_out, uint64_t *version_out,
                                struct bulla_error *err) BULLA_CHECKED;

#endif
