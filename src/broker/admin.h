/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/admin.h: the verbs of administration.
 */
#ifndef BL_BROKER_ADMIN_H
#define BL_BROKER_ADMIN_H

#include "broker/session.h"
#include "wire/admin.h"

#define BL_ADMIN_ROLES "register grant approve" /* all there are; the first admin has them */

struct bl_admin_verb {
    const char *name;
    const char *role; /* NULL: any admin's */
    /** Inside a transaction. Appends the reply's body (deterministic CBOR). */
    enum bulla_status (*run)(struct bl_session *session, const struct bl_admin_request *request,
                             struct bulla_buffer *body_out, struct bulla_error *err);
};

extern const struct bl_admin_verb bl_admin_verbs[]; /* ends with name NULL */

#endif
