/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/broker_target.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/user_directory.h"
#include "keys/identity.h"
#include "sys/file.h"

#define ADDRESS_NAME "broker"
#define ADMIN_KEY_NAME "admin.key"
#define KEY_FILE_SIZE_MAX 4096

enum bulla_status
bl_broker_address_load(const char *path, struct bl_broker_address *address_out,
                       struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };

    bl_report_object_word(path);
    BL_TRY(bl_file_read(path, BL_BROKER_ADDRESS_SIZE_MAX + 2, &content, err));
    struct bulla_bytes text = bulla_buffer_bytes(&content);
    while (text.size > 0 && (text.data[text.size - 1] == '\n' || text.data[text.size - 1] == ' '))
        text.size--;
    BL_TRY(bl_broker_address_parse(text, address_out, err));
    bl_report_object_word("");
    return BULLA_OK;
}

/* The user's own file, then the system's. */
static enum bulla_status
find_file(struct bl_broker_address *address_out, struct bulla_error *err)
{
    char *own = bl_user_directory(BL_USER_CONFIG, "bulla/" ADDRESS_NAME);
    static const char system_file[] = "/etc/bulla/" ADDRESS_NAME;
    enum bulla_status status;

    if (own != NULL && access(own, F_OK) == 0)
        status = bl_broker_address_load(own, address_out, err);
    else if (access(system_file, F_OK) == 0)
        status = bl_broker_address_load(system_file, address_out, err);
    else {
        bl_report_next("add --broker bulla://HOST:PORT#ROOT, as \"bulla serve\" printed it, or put "
                       "that line into ~/.config/bulla/broker");
        status = bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", "which broker?");
    }
    bl_free(own);
    return status;
}

enum bulla_status
bl_broker_target(const struct bl_arguments *arguments, struct bl_broker_address *address_out,
                 struct bulla_error *err)
{
    const char *text = bl_argument(arguments, "broker");

    if (text == NULL)
        return find_file(address_out, err);
    if (text[0] == '@')
        return bl_broker_address_load(text + 1, address_out, err);
    bl_report_object_word(text);
    BL_TRY(bl_broker_address_parse((struct bulla_bytes){ (const uint8_t *)text, strlen(text) },
                                   address_out, err));
    bl_report_object_word("");
    return BULLA_OK;
}

enum bulla_status
bl_broker_target_connect(const struct bl_arguments *arguments,
                         struct bl_broker_connection *connection_out, struct bulla_error *err)
{
    struct bl_broker_address address = { 0 };

    BL_TRY(bl_broker_target(arguments, &address, err));
    bl_report_object_word(address.endpoint.host);
    BL_TRY(bl_broker_connect(&address, BL_BROKER_TIMEOUT_MS, connection_out, err));
    bl_report_object_word("");
    return BULLA_OK;
}

enum bulla_status
bl_admin_key_load(const struct bl_arguments *arguments, struct bl_key **key_out,
                  struct bulla_error *err)
{
    const char *path = bl_argument(arguments, "admin-key");
    char *own = bl_user_directory(BL_USER_CONFIG, "bulla/" ADMIN_KEY_NAME);
    BL_AUTO(bl_secret) text = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    enum bulla_status status = BULLA_OK;

    if (path == NULL && own == NULL)
        status = bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", "which admin key?");
    if (status == BULLA_OK) {
        bl_report_object_word(path != NULL ? path : own);
        status = bl_file_read_secret(path != NULL ? path : own, KEY_FILE_SIZE_MAX, &text, err);
    }
    if (status == BULLA_OK)
        status = bl_signer_parse(bl_secret_bytes(&text), &key, err);
    if (status == BULLA_OK && !bl_key_has_private(key))
        status = bulla_fail(err, BULLA_E_USAGE, "admin key", "it is only the public half", 0);
    bl_free(own);
    BL_TRY(status);
    bl_report_object_word("");
    *key_out = key;
    key = NULL;
    return BULLA_OK;
}

enum bulla_status
bl_admin_command(const struct bl_arguments *arguments, const char *verb,
                 const struct bl_admin_argument *admin_arguments, size_t argument_count,
                 struct bulla_buffer *body_out, struct bulla_error *err)
{
    BL_AUTO(bl_broker_connection) connection = BL_BROKER_CONNECTION_NONE;
    BL_AUTO_FREE(bl_key) admin = NULL;
    struct bl_admin_session session = { 0 };

    BL_TRY(bl_admin_key_load(arguments, &admin, err));
    BL_TRY(bl_broker_target_connect(arguments, &connection, err));
    BL_TRY(bl_admin_session_open(&connection, BL_BROKER_TIMEOUT_MS, &session, err));
    return bl_admin_ask(&session, admin, verb, admin_arguments, argument_count,
                        BL_BROKER_TIMEOUT_MS, body_out, err);
}
