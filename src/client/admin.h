/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_CLIENT_ADMIN_H
#define BL_CLIENT_ADMIN_H

#include "client/broker.h"
#include "wire/admin.h"

/** An administration session: the broker's signed challenge was verified with the pinned root. */
struct bl_admin_session {
    const struct bl_broker_connection *connection; /* borrowed */
    struct bl_admin_challenge challenge;
    enum bl_session_state state;
};
enum bulla_status bl_admin_session_open(const struct bl_broker_connection *connection,
                                        unsigned timeout_ms, struct bl_admin_session *session_out,
                                        struct bulla_error *err) BULLA_CHECKED;

/** One signed request, one signed reply: a session is good for one. The broker's reason for a
 *  refusal is recorded in *err (its cause); BULLA_E_REFUSED if it did not accept the signature. */
enum bulla_status bl_admin_ask(struct bl_admin_session *session, const struct bl_key *admin,
                               const char *verb, const struct bl_admin_argument *arguments,
                               size_t argument_count, unsigned timeout_ms,
                               struct bulla_buffer *body_out,
                               struct bulla_error *err) BULLA_CHECKED;

/** Put a secret: the value is encrypted to the challenge's upload key. *version_out is its new
 *  version. */
enum bulla_status bl_admin_put(struct bl_admin_session *session, const struct bl_key *admin,
                               struct bulla_bytes name, struct bulla_bytes value,
                               unsigned timeout_ms, uint64_t *version_out,
                               struct bulla_error *err) BULLA_CHECKED;

#endif
