/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/setup.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "broker/admin.h"
#include "crypto/random.h"
#include "keys/identity.h"
#include "seal/seal.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/path.h"

#define ROOT_NAME "bulla broker root"
#define ROOT_BLOB_SIZE_MAX 65536
#define WHERE_PATH "state directory"
#define PATH_SIZE 4096
#define PCR_SECURE_BOOT 7u   /* the policy of Secure Boot */
#define PCR_KERNEL_IMAGE 11u /* the unified kernel image, where one was measured */

struct paths {
    char state[PATH_SIZE];
    char fresh[PATH_SIZE]; /* filled at a first start, then renamed to `state` */
};

/* -- the root secret --------------------------------------------------------------------------- */

/* PCR 7 always, PCR 11 where something was measured into it: never to a bare storage root. */
static enum bulla_status
root_policy(struct bl_tpm *tpm, struct bulla_buffer *values, struct bl_tpm_policy *policy_out,
            struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) kernel = { 0 };
    struct bl_pcr_selection selection = { .bank = BL_SHA256, .mask = 1u << PCR_KERNEL_IMAGE };

    BL_TRY(bl_tpm_pcr_read(tpm, selection, &kernel, err));
    selection.mask = 1u << PCR_SECURE_BOOT;
    if (!bl_all_zero(bulla_buffer_bytes(&kernel)))
        selection.mask |= 1u << PCR_KERNEL_IMAGE;
    BL_TRY(bl_tpm_pcr_read(tpm, selection, values, err));
    *policy_out =
        (struct bl_tpm_policy){ .pcrs = selection, .pcr_values = bulla_buffer_bytes(values) };
    return BULLA_OK;
}

static enum bulla_status
seal_root(const struct bl_broker_options *options, const struct bl_key *recovery,
          struct bulla_bytes root_secret, struct bulla_buffer *blob, struct bulla_error *err)
{
    struct bl_tpm *tpm = NULL;
    BL_AUTO(bulla_buffer) pcr_values = { 0 };
    struct bl_slot_request slots[] = {
        { .type = BL_SLOT_TPM2, .label = "this machine" },
        { .type = BL_SLOT_HPKE, .label = "recovery", .recipient = recovery, .is_recovery = true },
    };
    const struct bl_seal_request request = {
        .name = ROOT_NAME, .created_s = bl_clock_now_s(), .slots = slots, .slot_count = 2
    };

    BL_TRY(options->open_tpm(options->tpm_context, &tpm, err));
    const struct bl_opener opener = { .tpm = tpm, .identities = &recovery, .identity_count = 1 };
    enum bulla_status status = root_policy(tpm, &pcr_values, &slots[0].tpm_policy, err);
    if (status == BULLA_OK)
        status = bl_seal_bytes(&request, &opener, root_secret, blob, err);
    options->close_tpm(options->tpm_context);
    return status;
}

static enum bulla_status
open_root(const struct bl_broker_options *options, struct bulla_bytes blob,
          struct bl_secret *root_secret, struct bulla_error *err)
{
    const struct bl_unseal_requirements requirements = { .name = ROOT_NAME,
                                                         .now_s = bl_clock_now_s() };
    struct bl_opener opener = { 0 };
    struct bl_tpm *tpm = NULL;

    if (options->recovery_identity != NULL) {
        opener.identities = &options->recovery_identity;
        opener.identity_count = 1;
        return bl_unseal_bytes(&requirements, &opener, blob, root_secret, err);
    }
    BL_TRY(options->open_tpm(options->tpm_context, &tpm, err));
    opener.tpm = tpm;
    enum bulla_status status = bl_unseal_bytes(&requirements, &opener, blob, root_secret, err);
    options->close_tpm(options->tpm_context);
    return status;
}

/* -- first start ------------------------------------------------------------------------------- */

/* A file of keys/identity.h, 0600, never over an existing one. One that is there, but perhaps not
 * for long, is taken away again: there is no state yet that it could belong to. */
static enum bulla_status
write_key_file(const char *path, const struct bl_secret *text, struct bulla_error *err)
{
    enum bulla_status status =
        bl_file_replace(path, 0600, bl_secret_bytes(text), BL_FILE_KEEP_EXISTING, err);

    if (status == BULLA_E_OUTCOME_UNKNOWN)
        (void)unlink(path);
    return status;
}

static enum bulla_status
write_recovery(const char *path, const struct bl_key *key, struct bulla_error *err)
{
    BL_AUTO(bl_secret) text = { 0 };

    BL_TRY(bl_identity_format(key, "at the broker's first start", &text, err));
    return write_key_file(path, &text, err);
}

static enum bulla_status
write_admin_key(const char *path, const struct bl_key *key, struct bulla_error *err)
{
    BL_AUTO(bl_secret) text = { 0 };

    BL_TRY(bl_signer_format(key, "at the broker's first start", &text, err));
    return write_key_file(path, &text, err);
}

static enum bulla_status
fill_store(const struct bl_broker_options *options, struct bl_vault *vault,
           const struct bl_key *admin, struct bulla_error *err)
{
    const struct bl_store_value tenant = bl_store_text(BL_LITERAL(BL_TENANT));
    const int64_t now_s = bl_clock_now_s();
    uint8_t key_id[BL_ADMIN_KEY_ID_SIZE];
    BL_AUTO(bulla_buffer) admin_public = { 0 };

    BL_TRY(bl_admin_key_id(admin, key_id, err));
    BL_TRY(bl_key_raw_public(admin, &admin_public, err));
    const struct bl_store_value broker[] = { bl_store_bytes(BL_BYTES_OF(vault->keys.broker_id)),
                                             bl_store_integer(now_s), bl_store_integer(1) };
    BL_TRY(bl_store_run(vault->store, "INSERT INTO broker (id, created_s, quorum) VALUES (?, ?, ?)",
                        broker, 3, NULL, err));
    const struct bl_store_value admins[] = { tenant, bl_store_bytes(BL_BYTES_OF(key_id)),
                                             bl_store_bytes(bulla_buffer_bytes(&admin_public)),
                                             bl_store_text(BL_LITERAL(BL_ADMIN_ROLES)),
                                             bl_store_integer(now_s) };
    BL_TRY(bl_store_run(vault->store,
                        "INSERT INTO admins (tenant, key_id, public_key, roles, created_s)"
                        " VALUES (?, ?, ?, ?, ?)",
                        admins, 5, NULL, err));
    if (options->dev_anchor.size == 0)
        return BULLA_OK;
    const struct bl_store_value anchor[] = { tenant,
                                             bl_store_text(BL_LITERAL("dev")),
                                             bl_store_text(BL_LITERAL("ek")),
                                             bl_store_text(BL_LITERAL("software")),
                                             bl_store_bytes(options->dev_anchor),
                                             bl_store_integer(now_s) };
    return bl_store_run(vault->store,
                        "INSERT INTO anchors (tenant, name, kind, class, certificate, hosts,"
                        " created_s) VALUES (?, ?, ?, ?, ?, '', ?)",
                        anchor, 6, NULL, err);
}

static enum bulla_status
record_creation(const struct bl_broker_options *options, struct bl_vault *vault,
                const struct bl_key *admin, struct bulla_error *err)
{
    uint8_t key_id[BL_ADMIN_KEY_ID_SIZE];

    BL_TRY(bl_admin_key_id(admin, key_id, err));
    const struct bl_audit_field fields[] = {
        { .name = "admin", .kind = BL_AUDIT_BYTES, .bytes = BL_BYTES_OF(key_id) },
        { .name = "broker", .kind = BL_AUDIT_BYTES, .bytes = BL_BYTES_OF(vault->keys.broker_id) },
        { .name = "dev",
          .kind = BL_AUDIT_TEXT,
          .bytes = options->dev_anchor.size > 0 ? BL_LITERAL("yes") : BL_LITERAL("no") },
        { .name = "quorum", .kind = BL_AUDIT_NUMBER, .number = 1 },
    };
    return bl_audit_append(vault->audit, bl_clock_now_s(), "created", fields, 4, err);
}

/* Everything into `directory`; the caller renames it into place. */
static enum bulla_status
make_state(const struct bl_broker_options *options, const char *directory,
           const struct bl_key *admin, const struct bl_key *recovery, struct bulla_error *err)
{
    BL_AUTO(bl_secret) root_secret = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    struct bl_vault vault = { 0 };
    char path[PATH_SIZE];

    BL_TRY(bl_random_secret(&root_secret, BL_ROOT_SECRET_SIZE, err));
    BL_TRY(seal_root(options, recovery, bl_secret_bytes(&root_secret), &blob, err));
    BL_TRY(bl_path_format(path, PATH_SIZE, directory, "root.bulla", WHERE_PATH, err));
    BL_TRY(bl_file_replace(path, 0600, bulla_buffer_bytes(&blob), BL_FILE_KEEP_EXISTING, err));
    enum bulla_status status =
        bl_broker_keys_derive(bl_secret_bytes(&root_secret), bl_clock_now_s(), &vault.keys, err);
    if (status == BULLA_OK)
        status = bl_path_format(path, PATH_SIZE, directory, "store.db", WHERE_PATH, err);
    if (status == BULLA_OK)
        status = bl_store_open_sqlite(path, BL_STORE_CREATE, &vault.store, err);
    if (status == BULLA_OK)
        status = fill_store(options, &vault, admin, err);
    if (status == BULLA_OK)
        status =
            bl_audit_open(directory, true, vault.keys.audit, vault.keys.root, &vault.audit, err);
    if (status == BULLA_OK)
        status = record_creation(options, &vault, admin, err);
    bl_vault_done(&vault);
    return status;
}

static const char *const state_files[] = { "root.bulla",   "store.db",  "store.db-wal",
                                           "store.db-shm", "audit.log", "audit.head" };

/* A first start that did not finish: nothing in it was ever used. */
static void
remove_unfinished(const char *directory)
{
    for (size_t i = 0; i < sizeof state_files / sizeof state_files[0]; i++) {
        char path[PATH_SIZE];
        if (bl_path_format(path, PATH_SIZE, directory, state_files[i], WHERE_PATH, NULL) ==
            BULLA_OK)
            (void)unlink(path);
    }
    (void)rmdir(directory);
}

static enum bulla_status
first_start(const struct bl_broker_options *options, const struct paths *paths,
            struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) admin = NULL;
    BL_AUTO_FREE(bl_key) recovery = NULL;

    remove_unfinished(paths->fresh);
    BL_TRY(bl_directory_make(paths->fresh, 0700, err));
    BL_TRY(bl_key_generate(BL_KEY_ED25519, &admin, err));
    BL_TRY(bl_key_generate(BL_KEY_X25519, &recovery, err));
    BL_TRY(write_recovery(options->recovery_path, recovery, err));
    enum bulla_status status = write_admin_key(options->admin_key_path, admin, err);
    if (status != BULLA_OK) {
        (void)unlink(options->recovery_path); /* made just now, and good for nothing */
        return status;
    }
    status = make_state(options, paths->fresh, admin, recovery, err);
    if (status == BULLA_OK && BL_CALL(FILE, rename(paths->fresh, paths->state)) != 0)
        status = bl_fail_errno(err, "state directory", "it cannot be put in place");
    if (status != BULLA_OK) {
        (void)unlink(options->recovery_path);
        (void)unlink(options->admin_key_path);
        remove_unfinished(paths->fresh);
        return status;
    }
    /* The state is in its place: whatever comes of this, the two files now belong to it. */
    return bl_directory_sync(options->state_directory, err);
}

/* -- every start ------------------------------------------------------------------------------- */

/* A part that is gone is corruption, whatever the call below named it. */
static enum bulla_status
missing_part(enum bulla_status status, struct bulla_error *err)
{
    if (status != BULLA_E_NOT_FOUND)
        return status;
    bulla_error_clear(err);
    return bulla_fail_cause(err, BULLA_CAUSE_STORE_MISSING, "broker state",
                            "a part of it is missing");
}

static enum bulla_status
open_keys(const struct bl_broker_options *options, const char *directory, struct bl_vault *vault,
          struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bulla_buffer) resealed = { 0 };
    BL_AUTO(bl_secret) root_secret = { 0 };
    char path[PATH_SIZE];

    BL_TRY(bl_path_format(path, PATH_SIZE, directory, "root.bulla", WHERE_PATH, err));
    BL_TRY(missing_part(bl_file_read(path, ROOT_BLOB_SIZE_MAX, &blob, err), err));
    BL_TRY(open_root(options, bulla_buffer_bytes(&blob), &root_secret, err));
    if (options->recovery_identity != NULL) {
        BL_TRY(seal_root(options, options->recovery_identity, bl_secret_bytes(&root_secret),
                         &resealed, err));
        BL_TRY(bl_file_replace(path, 0600, bulla_buffer_bytes(&resealed), BL_FILE_REPLACE_EXISTING,
                               err));
    }
    return bl_broker_keys_derive(bl_secret_bytes(&root_secret), bl_clock_now_s(), &vault->keys,
                                 err);
}

static enum bulla_status
check_broker_row(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    uint8_t id[BL_BROKER_ID_SIZE];

    BL_TRY(bl_store_column_exact(row, 0, id, sizeof id, err));
    if (!bl_equal(BL_BYTES_OF(id), (struct bulla_bytes){ context, BL_BROKER_ID_SIZE }))
        return bulla_fail(err, BULLA_E_INTEGRITY, "store", "it is another broker's", 0);
    return BULLA_OK;
}

static enum bulla_status
open_state(const struct bl_broker_options *options, const char *directory, struct bl_vault *vault,
           struct bulla_error *err)
{
    char path[PATH_SIZE];
    size_t rows = 0;

    BL_TRY(open_keys(options, directory, vault, err));
    BL_TRY(bl_path_format(path, PATH_SIZE, directory, "store.db", WHERE_PATH, err));
    BL_TRY(missing_part(bl_store_open_sqlite(path, BL_STORE_MUST_EXIST, &vault->store, err), err));
    BL_TRY(bl_store_query(vault->store, "SELECT id FROM broker", NULL, 0, check_broker_row,
                          vault->keys.broker_id, &rows, err));
    if (rows != 1)
        return bulla_fail_cause(err, BULLA_CAUSE_STORE_MISSING, "store", "it names no broker");
    BL_TRY(missing_part(
        bl_audit_open(directory, false, vault->keys.audit, vault->keys.root, &vault->audit, err),
        err));
    BL_TRY(bl_refusals_new(vault->audit, &vault->refusals, err));
    return bl_audit_append(vault->audit, bl_clock_now_s(), "started", NULL, 0, err);
}

enum bulla_status
bl_vault_open(const struct bl_broker_options *options, struct bl_vault *vault_out,
              bool *is_first_out, struct bulla_error *err)
{
    struct paths paths;
    struct bl_vault vault = { 0 };
    struct stat information;

    BL_TRY(bl_directory_make(options->state_directory, 0700, err));
    BL_TRY(bl_path_format(paths.state, PATH_SIZE, options->state_directory, "broker", WHERE_PATH,
                          err));
    BL_TRY(bl_path_format(paths.fresh, PATH_SIZE, options->state_directory, "broker.new",
                          WHERE_PATH, err));
    bool is_first = lstat(paths.state, &information) != 0 && errno == ENOENT;
    if (is_first)
        BL_TRY(first_start(options, &paths, err));
    enum bulla_status status = open_state(options, paths.state, &vault, err);
    if (status != BULLA_OK) {
        bl_vault_done(&vault);
        return status;
    }
    *is_first_out = is_first;
    *vault_out = vault;
    return BULLA_OK;
}

void
bl_vault_done(struct bl_vault *vault)
{
    bl_refusals_free(vault->refusals);
    bl_audit_free(vault->audit);
    bl_store_free(vault->store);
    bl_appraiser_free(vault->appraiser);
    bl_fetcher_free(vault->fetcher);
    bl_broker_keys_done(&vault->keys);
    *vault = (struct bl_vault){ 0 };
}
