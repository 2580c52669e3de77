/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/serve.c: bulla serve: the broker.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "broker/broker.h"
#include "cmd/broker_target.h"
#include "cmd/causes.h"
#include "cmd/local_authority.h"
#include "cmd/page.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/user_directory.h"
#include "cmd/verbs.h"
#include "keys/identity.h"
#include "sys/path.h"

#define DEFAULT_HOST "127.0.0.1"
#define IDENTITY_SIZE_MAX 4096

struct serving {
    const struct bl_arguments *arguments;
    struct bl_broker_options options;
    struct bl_local_tpm local;
    struct bulla_buffer dev_anchor;
    struct bl_keyring recovery;
    char state[PATH_MAX];
    char admin_key[PATH_MAX];
    char recovery_path[PATH_MAX];
    char address_path[PATH_MAX];
    bool is_dev;
};

static enum bulla_status
open_tpm(void *context, struct bl_tpm **tpm_out, struct bulla_error *err)
{
    struct serving *serving = context;

    BL_TRY(bl_local_tpm_open(&serving->local, serving->arguments, /* may_create= */ true, err));
    *tpm_out = serving->local.tpm;
    return BULLA_OK;
}

static void
close_tpm(void *context)
{
    struct serving *serving = context;

    bl_local_tpm_done(&serving->local);
}

/* -- what the user is told ----------------------------------------------------------------------- */

static enum bulla_status
address_text(const struct serving *serving, const struct bl_broker_started *started,
             struct bulla_buffer *text, struct bulla_error *err)
{
    struct bl_broker_address address = { .endpoint.port = started->port };

    (void)snprintf(address.endpoint.host, sizeof address.endpoint.host, "%s",
                   serving->options.host);
    memcpy(address.root, started->root_public, sizeof address.root);
    return bl_broker_address_format(&address, text, err);
}

static enum bulla_status
tell_json(const struct serving *serving, const struct bl_broker_started *started,
          struct bulla_bytes address, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_text(&result, "address", address);
    bl_result_flag(&result, "first_start", started->is_first);
    bl_result_flag(&result, "dev", serving->is_dev);
    bl_result_word(&result, "state", serving->state);
    bl_result_word(&result, "admin_key", serving->admin_key);
    bl_result_word(&result, "recovery", serving->recovery_path);
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static enum bulla_status
tell_people(const struct serving *serving, const struct bl_broker_started *started,
            struct bulla_bytes address, struct bulla_error *err)
{
    BL_AUTO(bl_page) page = { 0 };
    char shown[BL_SHOWN_SIZE];

    if (started->is_first) {
        bl_page_print(&page, "first start: the broker's state is in %s/broker\n",
                      bl_show_word(serving->state, shown));
        bl_page_print(&page, "  admin key  %s (0600): whoever has it administers the broker\n",
                      bl_show_word(serving->admin_key, shown));
        bl_page_print(&page,
                      "  recovery   %s (0600): move it offline; it opens the root when this "
                      "machine's TPM is gone\n",
                      bl_show_word(serving->recovery_path, shown));
    }
    if (serving->is_dev)
        bl_page_print(&page,
                      "DEV: this installation's own embedded TPMs are trusted, class software; "
                      "whoever holds authority.key can forge all of it\n");
    bl_page_print(&page, "serving at %.*s\n", (int)address.size, (const char *)address.data);
    if (started->is_first)
        bl_page_print(&page, "next: bulla admin put NAME FILE; bulla admin grant NAME --policy "
                             "FILE; on the other machine: bulla platform enroll\n");
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static void
on_started(void *context, const struct bl_broker_started *started)
{
    const struct serving *serving = context;
    BL_AUTO(bulla_buffer) address = { 0 };
    struct bulla_error err = { 0 };

    enum bulla_status status = address_text(serving, started, &address, &err);
    if (status == BULLA_OK && serving->address_path[0] != '\0') {
        BL_AUTO(bulla_buffer) line = { 0 };
        status = bulla_buffer_append(&line, bulla_buffer_bytes(&address), &err);
        if (status == BULLA_OK)
            status = bulla_buffer_append(&line, BL_LITERAL("\n"), &err);
        if (status == BULLA_OK)
            status = bl_file_replace(serving->address_path, 0644, bulla_buffer_bytes(&line),
                                     BL_FILE_REPLACE_EXISTING, &err);
    }
    if (status == BULLA_OK)
        status = bl_wants_json(serving->arguments)
                     ? tell_json(serving, started, bulla_buffer_bytes(&address), &err)
                     : tell_people(serving, started, bulla_buffer_bytes(&address), &err);
    if (status != BULLA_OK) /* it serves all the same */
        bl_note("note: the address could not be written or shown (error %d)", (int)err.cause);
}

/* On stderr, where a service manager's log has it; once each way. */
static void
on_audit_state(void *context, const struct bulla_error *why)
{
    const struct serving *serving = context;
    const char *reason = why == NULL ? "" : strerror((int)why->detail);
    char id[BL_CAUSE_ID_SIZE];

    if (bl_wants_json(serving->arguments)) {
        BL_AUTO(bl_result) result = { 0 };
        bl_result_begin(&result);
        bl_result_flag(&result, "audit_log_is_written", why == NULL);
        if (why != NULL)
            bl_result_word(&result, "reason", reason);
        if (bl_result_write(&result, STDERR_FILENO, NULL) != BULLA_OK)
            bl_result_done(&result); /* nobody listens; it serves, or refuses, all the same */
    } else if (why == NULL) {
        bl_note("note: the audit log is written again");
    } else {
        bl_note("ALERT: the audit log cannot be written: %s (%s). Nothing is released and no admin "
                "request is done until it can be; if this does not end with its reason, start the "
                "broker again",
                reason, bl_cause_id(why->cause, id));
    }
}

/* -- options ------------------------------------------------------------------------------------- */

static enum bulla_status
absolute(const char *path, char out[PATH_MAX], struct bulla_error *err)
{
    char here[PATH_MAX] = "";

    if (path[0] != '/' && getcwd(here, sizeof here) == NULL)
        return bulla_fail(err, BULLA_E_IO, "path", "the working directory is not known", 0);
    return bl_path_resolve(out, PATH_MAX, here, path, "command line", err);
}

static enum bulla_status
default_state(char out[PATH_MAX], struct bulla_error *err)
{
    char *own = bl_user_directory(BL_USER_STATE, "bulla");

    if (own == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--state: there is no home directory");
    enum bulla_status status = absolute(own, out, err);
    bl_free(own);
    return status;
}

/* The option's value, or NAME in the configuration directory. */
static enum bulla_status
choose_path(const struct bl_arguments *arguments, const char *option, const char *name,
            char out[PATH_MAX], struct bulla_error *err)
{
    const char *given = bl_argument(arguments, option);

    if (given != NULL)
        return absolute(given, out, err);
    char *directory = bl_user_directory(BL_USER_CONFIG, "bulla");
    if (directory == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "there is no home directory for the files of a first start");
    enum bulla_status status = bl_directory_make(directory, 0755, err);
    if (status == BULLA_OK)
        status = bl_path_format(out, PATH_MAX, directory, name, "command line", err);
    bl_free(directory);
    return status;
}

static enum bulla_status
read_port(const struct bl_arguments *arguments, struct serving *serving, struct bulla_error *err)
{
    const char *text = bl_argument(arguments, "listen");
    static char host[BL_HOST_SIZE_MAX + 1];
    struct bl_endpoint endpoint = { 0 };

    serving->options.host = DEFAULT_HOST;
    serving->options.port = BL_BROKER_PORT;
    if (text == NULL)
        return BULLA_OK;
    bl_report_object_word(text);
    if (strcmp(text, DEFAULT_HOST ":0") == 0) { /* any free port, for tests and the demo */
        serving->options.port = 0;
        return BULLA_OK;
    }
    BL_TRY(bl_endpoint_parse((struct bulla_bytes){ (const uint8_t *)text, strlen(text) }, &endpoint,
                             err));
    bl_report_object_word("");
    memcpy(host, endpoint.host, sizeof host);
    serving->options.host = host;
    serving->options.port = endpoint.port;
    return BULLA_OK;
}

static enum bulla_status
read_recovery(const struct bl_arguments *arguments, struct serving *serving,
              struct bulla_error *err)
{
    const char *path = bl_argument(arguments, "recover");
    BL_AUTO(bl_secret) text = { 0 };

    if (path == NULL)
        return BULLA_OK;
    bl_report_object_word(path);
    BL_TRY(bl_file_read_secret(path, IDENTITY_SIZE_MAX, &text, err));
    BL_TRY(bl_keyring_parse(bl_secret_bytes(&text), &serving->recovery, err));
    if (serving->recovery.count != 1 || !bl_key_has_private(serving->recovery.keys[0]))
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "recovery file",
                                "it must hold one identity");
    serving->options.recovery_identity = serving->recovery.keys[0];
    bl_report_object_word("");
    return BULLA_OK;
}

static enum bulla_status
prepare(const struct bl_arguments *arguments, struct serving *serving, struct bulla_error *err)
{
    const char *state = bl_argument(arguments, "state");

    serving->is_dev = bl_argument(arguments, "dev") != NULL;
    BL_TRY(read_port(arguments, serving, err));
    BL_TRY(state != NULL ? absolute(state, serving->state, err)
                         : default_state(serving->state, err));
    BL_TRY(choose_path(arguments, "admin-key", "admin.key", serving->admin_key, err));
    BL_TRY(choose_path(arguments, "recovery", "broker-recovery.key", serving->recovery_path, err));
    BL_TRY(choose_path(arguments, "address-file", "broker", serving->address_path, err));
    BL_TRY(read_recovery(arguments, serving, err));
    if (serving->is_dev)
        BL_TRY(bl_local_authority(&serving->dev_anchor, err));
    serving->options.state_directory = serving->state;
    serving->options.admin_key_path = serving->admin_key;
    serving->options.recovery_path = serving->recovery_path;
    serving->options.open_tpm = open_tpm;
    serving->options.close_tpm = close_tpm;
    serving->options.tpm_context = serving;
    serving->options.dev_anchor = bulla_buffer_bytes(&serving->dev_anchor);
    serving->options.started = on_started;
    serving->options.audit_state = on_audit_state;
    serving->options.started_context = serving;
    return BULLA_OK;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct serving *serving = bl_alloc(1, sizeof *serving);

    if (serving == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "broker", "out of memory", 0);
    serving->arguments = arguments;
    serving->local = (struct bl_local_tpm)BL_LOCAL_TPM_NONE;
    enum bulla_status status = prepare(arguments, serving, err);
    if (status == BULLA_OK)
        status = bl_broker_run(&serving->options, err);
    bl_keyring_done(&serving->recovery);
    bulla_buffer_done(&serving->dev_anchor);
    bl_free(serving);
    return status;
}

static const struct bl_option options[] = {
    { .name = "listen", .argument = "HOST:PORT", .help = "address (default 127.0.0.1:8743)" },
    { .name = "state", .argument = "DIR", .help = "where the broker keeps its state" },
    { .name = "dev",
      .help = "trust this installation's own embedded TPMs (class software), nothing else" },
    { .name = "admin-key", .argument = "FILE", .help = "first start: write the admin key here" },
    { .name = "recovery",
      .argument = "FILE",
      .help = "first start: write the recovery identity here" },
    { .name = "address-file",
      .argument = "FILE",
      .help = "write the broker's address here at every start" },
    { .name = "recover",
      .argument = "FILE",
      .help = "open the root with this recovery identity and seal it to the present TPM" },
    BL_TPM_OPTIONS,
    { 0 },
};
static const char *const examples[] = {
    "bulla serve --dev",
    "bulla serve --listen 0.0.0.0:8743 --state /var/lib/bulla",
    NULL,
};

const struct bl_verb bl_verb_serve = {
    .name = "serve",
    .summary = "run a broker that releases secrets to attested workloads",
    .operands = "",
    .options = options,
    .examples = examples,
    .run = run,
};
