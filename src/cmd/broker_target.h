/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/broker_target.h: which broker a command speaks to, and with which admin key.
 *
 * --broker ADDRESS or @FILE; without it the first of $XDG_CONFIG_HOME/bulla/broker (or
 * ~/.config/bulla/broker) and /etc/bulla/broker. The address carries the broker's root key, so that
 * nothing is ever trusted because it answered first.
 */
#ifndef BL_CMD_BROKER_TARGET_H
#define BL_CMD_BROKER_TARGET_H

#include "client/admin.h"
#include "cmd/verb.h"

#define BL_BROKER_TIMEOUT_MS 20000

#define BL_BROKER_OPTIONS                              \
    {                                                  \
        .name = "broker", .argument = "ADDRESS|@FILE", \
        .help = "the broker: bulla://HOST:PORT#ROOT"   \
    }
#define BL_ADMIN_OPTIONS                                                 \
    BL_BROKER_OPTIONS,                                                   \
    {                                                                    \
        .name = "admin-key", .argument = "FILE",                         \
        .help = "sign with this admin key (default: beside the address)" \
    }

/** What the options or the files say. BULLA_E_USAGE if nothing does. */
enum bulla_status bl_broker_target(const struct bl_arguments *arguments,
                                   struct bl_broker_address *address_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** The address in a file that holds nothing else but spaces and newlines at its end. */
enum bulla_status bl_broker_address_load(const char *path, struct bl_broker_address *address_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Connect to it. */
enum bulla_status bl_broker_target_connect(const struct bl_arguments *arguments,
                                           struct bl_broker_connection *connection_out,
                                           struct bulla_error *err) BULLA_CHECKED;
/** One administration request to it; the reply's body is appended. */
enum bulla_status bl_admin_command(const struct bl_arguments *arguments, const char *verb,
                                   const struct bl_admin_argument *admin_arguments,
                                   size_t argument_count, struct bulla_buffer *body_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** The admin key that --admin-key names, or the default one. */
enum bulla_status bl_admin_key_load(const struct bl_arguments *arguments, struct bl_key **key_out,
                                    struct bulla_error *err) BULLA_CHECKED;

#endif
