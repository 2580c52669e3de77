/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/up.c: bulla up, down: both phases of an enclave on one machine. The owner's: image, identity
 * document, grants at the broker that the manifest pins. The host's: run it; it starts from the
 * files that the first wrote and trusts nothing else of it.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cmd/attestation.h"
#include "cmd/binding.h"
#include "cmd/broker_target.h"
#include "cmd/enclave_files.h"
#include "cmd/enclave_host.h"
#include "cmd/enclave_make.h"
#include "cmd/local_tpm.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/verbs.h"
#include "enclave/identity.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/path.h"

#define DAY_S 86400
#define GRANT_DAYS 366

/** Beside the manifest. */
struct places {
    char image[PATH_MAX];
    char identity[PATH_MAX];
    char default_key[PATH_MAX];
    const char *key; /* that, or the one that the user named */
};

static enum bulla_status
place(char out[PATH_MAX], const char *directory, const char *name, const char *suffix,
      struct bulla_error *err)
{
    char file[BL_MANIFEST_NAME_SIZE_MAX + sizeof ".bimg"];

    (void)snprintf(file, sizeof file, "%s%s", name, suffix);
    return bl_path_format(out, PATH_MAX, directory, file, "manifest", err);
}

static enum bulla_status
find_places(const struct bl_arguments *arguments, const struct bl_manifest *manifest,
            struct places *places, struct bulla_error *err)
{
    const char *key = bl_argument(arguments, "key");
    char directory[PATH_MAX];

    BL_TRY(bl_manifest_directory(bl_operand(arguments, 0), directory, sizeof directory, err));
    BL_TRY(place(places->image, directory, manifest->name, ".bimg", err));
    BL_TRY(place(places->identity, directory, manifest->name, ".id", err));
    places->key = key != NULL ? key : places->default_key;
    return place(places->default_key, directory, "signer", ".key", err);
}

/* -- the owner's phase -------------------------------------------------------------------------- */

static enum bulla_status
make_files(const struct bl_arguments *arguments, const struct bl_manifest *manifest,
           const struct places *places, struct bulla_error *err)
{
    struct bl_file_new file = BL_FILE_NEW_NONE;
    BL_AUTO(bulla_buffer) document = { 0 };
    char shown[BL_SHOWN_SIZE];
    uint8_t code[32];

    enum bulla_status status =
        bl_file_new_open(&file, places->image, 0600, BL_FILE_REPLACE_EXISTING, err);
    if (status == BULLA_OK)
        status = bl_enclave_make_image(arguments, manifest, bl_operand(arguments, 0), file.fd, code,
                                       err);
    if (status == BULLA_OK)
        status = bl_file_new_commit(&file, err);
    bl_file_new_done(&file);
    BL_TRY(status);
    BL_TRY(bl_enclave_make_identity(manifest, places->image, places->key, &document, err));
    BL_TRY(bl_file_replace(places->identity, 0600, bulla_buffer_bytes(&document),
                           BL_FILE_REPLACE_EXISTING, err));
    bl_note("%s: built and signed, code %s", manifest->name, bl_show_hex(BL_BYTES_OF(code), shown));
    return BULLA_OK;
}

static enum bulla_status
grant(const struct bl_manifest *manifest, const struct bl_key *admin, const char *secret,
      struct bulla_bytes policy, struct bulla_error *err)
{
    BL_AUTO(bl_broker_connection) connection = BL_BROKER_CONNECTION_NONE;
    BL_AUTO(bulla_buffer) body = { 0 };
    struct bl_admin_session session = { 0 };
    const struct bl_admin_argument admin_arguments[] = {
        { BL_LITERAL("name"), { (const uint8_t *)secret, strlen(secret) } },
        { BL_LITERAL("policy"), policy },
    };

    bl_report_object_word(manifest->broker.endpoint.host);
    BL_TRY(bl_broker_connect(&manifest->broker, BL_BROKER_TIMEOUT_MS, &connection, err));
    BL_TRY(bl_admin_session_open(&connection, BL_BROKER_TIMEOUT_MS, &session, err));
    bl_report_object_word(secret);
    return bl_admin_ask(&session, admin, "grant", admin_arguments, 2, BL_BROKER_TIMEOUT_MS, &body,
                        err);
}

/* Where it may have its secrets. */
struct platform {
    enum bl_platform_class platform_class;
    struct bl_pcr_bank pcrs; /* mask 0: whatever they are */
};

static enum bulla_status
read_pcrs(const struct bl_arguments *arguments, struct bl_pcr_selection selection,
          struct bl_pcr_bank *pcrs_out, struct bulla_error *err)
{
    struct bl_local_tpm local = BL_LOCAL_TPM_NONE;
    BL_AUTO(bulla_buffer) values = { 0 };

    BL_TRY(bl_local_tpm_open(&local, arguments, /* may_create= */ false, err));
    enum bulla_status status = bl_binding_read_pcrs(&local, selection, &values, err);
    bl_local_tpm_done(&local);
    BL_TRY(status);
    if (bl_all_zero(bulla_buffer_bytes(&values))) {
        bl_report_next("choose PCRs that this machine's boot is measured into (--platform-pcrs)");
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, "TPM",
                                "nothing was measured into these PCRs");
    }
    return bl_pcr_bank_read(selection, bulla_buffer_bytes(&values), pcrs_out, err);
}

/* Nothing is granted that this machine could not use. */
static enum bulla_status
need_enrolment(const struct bl_arguments *arguments, const struct bl_manifest *manifest,
               struct bulla_error *err)
{
    BL_AUTO(bl_attestation_key) key = { 0 };

    return bl_local_tpm_place(arguments) == BL_TPM_EMBEDDED || !manifest->has_broker
               ? BULLA_OK
               : bl_attestation_load_for(manifest->broker.root, &key, err);
}

/* Software has no state to speak of. For the other classes a policy says which states are right:
 * that of this machine as it is now, on which the enclave is to run. */
static enum bulla_status
find_platform(const struct bl_arguments *arguments, const struct bl_manifest *manifest,
              struct platform *platform, struct bulla_error *err)
{
    const char *class_word = bl_argument(arguments, "class");
    const char *list = bl_argument(arguments, "platform-pcrs");
    struct bl_pcr_selection selection = { .bank = BL_SHA256 };

    if (class_word == NULL) {
        bl_report_next("add --class software for enclaves that nothing vouches for, or the class "
                       "of this machine's TPM: hypervisor or hardware");
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "on what class of platform may it have its secrets?");
    }
    platform->platform_class = bl_platform_class_from_word(
        (struct bulla_bytes){ (const uint8_t *)class_word, strlen(class_word) });
    if (list != NULL)
        BL_TRY(bl_binding_pcr_list(list, list, &selection.mask, err));
    if (platform->platform_class != BL_CLASS_SOFTWARE) {
        BL_TRY(need_enrolment(arguments, manifest, err));
        selection.mask = list != NULL ? selection.mask : BL_PCR_MASK_PLATFORM;
    }
    if ((selection.mask & ~BL_PCR_MASK_PLATFORM) != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "--platform-pcrs",
                                "evidence has PCR 0 to 9 and 11 to 14");
    return selection.mask == 0 ? BULLA_OK : read_pcrs(arguments, selection, &platform->pcrs, err);
}

static enum bulla_status
register_enclave(const struct bl_arguments *arguments, const struct bl_manifest *manifest,
                 const struct places *places, const struct platform *platform,
                 struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) encoded = { 0 };
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    BL_AUTO_FREE(bl_key) admin = NULL;
    struct bl_identity_document document = { 0 };
    /* From midnight on, so that what is brought up twice in a day has one policy. */
    const struct bl_identity_policy how = {
        .name = manifest->name,
        .version = manifest->version,
        .classes = 1u << platform->platform_class,
        .platform = platform->pcrs.mask != 0 ? &platform->pcrs : NULL,
        .not_after_s = (bl_clock_now_s() / DAY_S + GRANT_DAYS) * DAY_S,
    };

    BL_TRY(bl_file_read(places->identity, BL_IDENTITY_DOCUMENT_SIZE_MAX, &bytes, err));
    BL_TRY(bl_identity_document_open(bulla_buffer_bytes(&bytes), manifest->signer, &document, err));
    BL_TRY(bl_identity_document_policy(&document, &how, &policy, err));
    BL_TRY(bl_appraisal_policy_encode(&policy, &encoded, err));
    BL_TRY(bl_admin_key_load(arguments, &admin, err));
    for (size_t i = 0; i < manifest->secret_count; i++) {
        BL_TRY(
            grant(manifest, admin, manifest->secrets[i].name, bulla_buffer_bytes(&encoded), err));
        bl_note("%s: may have %s for %d days", manifest->name, manifest->secrets[i].name,
                GRANT_DAYS);
    }
    return BULLA_OK;
}

static enum bulla_status
owner_phase(const struct bl_arguments *arguments, struct places *places, struct bulla_error *err)
{
    BL_AUTO(bl_manifest) manifest = { 0 };
    struct platform platform = { 0 };

    BL_TRY(bl_manifest_load(bl_operand(arguments, 0), &manifest, err));
    BL_TRY(bl_enclave_host_check(&manifest, err)); /* nothing is granted that cannot run here */
    if (manifest.secret_count > 0)
        BL_TRY(find_platform(arguments, &manifest, &platform, err));
    BL_TRY(find_places(arguments, &manifest, places, err));
    BL_TRY(make_files(arguments, &manifest, places, err));
    return manifest.secret_count == 0
               ? BULLA_OK
               : register_enclave(arguments, &manifest, places, &platform, err);
}

static enum bulla_status
run_up(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct places places;

    BL_TRY(owner_phase(arguments, &places, err));
    return bl_enclave_run(arguments, places.image, places.identity, bl_operand(arguments, 0), err);
}

static enum bulla_status
run_down(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_manifest) manifest = { 0 };

    BL_TRY(bl_manifest_load(bl_operand(arguments, 0), &manifest, err));
    return bl_enclave_stop(manifest.name, err);
}

static const char *const class_words[] = { "software", "hypervisor", "hardware", NULL };
static const struct bl_option options[] = {
    { .name = "key",
      .letter = 'k',
      .argument = "FILE",
      .help = "the signer's secret key (default: signer.key beside the manifest)" },
    { .name = "class",
      .argument = "CLASS",
      .choices = class_words,
      .help = "the class of platform on which it may have its secrets" },
    { .name = "platform-pcrs",
      .argument = "LIST",
      .help = "PCRs that must stay as they are on this machine now, as in 0,2,4,7; above the class "
              "software all of 0 to 9 and 11 to 14 unless said" },
    { .name = "admin-key",
      .argument = "FILE",
      .help = "grant with this admin key (default: ~/.config/bulla/admin.key)" },
    BL_AGENT_OPTION,
    { .name = "state",
      .argument = "DIR",
      .help = "where the enclave's TPM and sealed directories are kept" },
    BL_TPM_OPTIONS,
    { 0 },
};
static const struct bl_option no_options[] = { { 0 } };
static const char *const up_examples[] = { "bulla up --class software", NULL };
static const char *const down_examples[] = { "bulla down", NULL };

const struct bl_verb bl_verb_up = {
    .name = "up",
    .summary = "build, sign and register the enclave of a manifest, and run it until it ends",
    .operands = "[MANIFEST]",
    .operand_count_max = 1,
    .options = options,
    .examples = up_examples,
    .run = run_up,
};
const struct bl_verb bl_verb_down = {
    .name = "down",
    .summary = "end the enclave of a manifest and wait until it has ended",
    .operands = "[MANIFEST]",
    .operand_count_max = 1,
    .options = no_options,
    .examples = down_examples,
    .run = run_down,
};
