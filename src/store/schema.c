/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store/schema.c: the tables of a broker. Every row belongs to a tenant. Columns named *_wrapped
 * hold values encrypted under the broker's store key (store/wrap.h).
 */
#include "store/schema.h"

#include <stddef.h>

const char *const bl_store_schema[] = {
    /* one row a broker: what must never change silently */
    "CREATE TABLE broker ("
    " id BLOB NOT NULL PRIMARY KEY," /* broker id, 32 bytes */
    " created_s INTEGER NOT NULL,"
    " quorum INTEGER NOT NULL)",
    "CREATE TABLE admins ("
    " tenant TEXT NOT NULL, key_id BLOB NOT NULL,"
    " public_key BLOB NOT NULL, roles TEXT NOT NULL, created_s INTEGER NOT NULL,"
    " PRIMARY KEY (tenant, key_id))",
    "CREATE TABLE secrets ("
    " tenant TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,"
    " value_wrapped BLOB NOT NULL, created_s INTEGER NOT NULL,"
    " PRIMARY KEY (tenant, name, version))",
    "CREATE TABLE policies ("
    " tenant TEXT NOT NULL, digest BLOB NOT NULL, body BLOB NOT NULL, created_s INTEGER NOT NULL,"
    " PRIMARY KEY (tenant, digest))",
    "CREATE TABLE grants ("
    " tenant TEXT NOT NULL, secret TEXT NOT NULL, policy BLOB NOT NULL,"
    " created_s INTEGER NOT NULL,"
    " PRIMARY KEY (tenant, secret, policy))",
    "CREATE TABLE anchors ("
    " tenant TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, class TEXT NOT NULL,"
    " certificate BLOB NOT NULL, hosts TEXT NOT NULL, created_s INTEGER NOT NULL,"
    " PRIMARY KEY (tenant, name))",
    /* a certified attestation key and what was last seen of its TPM */
    "CREATE TABLE platforms ("
    " tenant TEXT NOT NULL, ak_name BLOB NOT NULL, platform_id BLOB NOT NULL, class TEXT NOT NULL,"
    " state TEXT NOT NULL, enrolled_s INTEGER NOT NULL,"
    " reset_count INTEGER NOT NULL, boot_id BLOB NOT NULL,"
    " PRIMARY KEY (tenant, ak_name))",
    /* the least version that is still served, raised by promotion */
    "CREATE TABLE floors ("
    " tenant TEXT NOT NULL, signer_product BLOB NOT NULL, version INTEGER NOT NULL,"
    " PRIMARY KEY (tenant, signer_product))",
    "CREATE TABLE wrap_keys ("
    " tenant TEXT NOT NULL, hash BLOB NOT NULL, used_s INTEGER NOT NULL,"
    " PRIMARY KEY (tenant, hash))",
    NULL
};
