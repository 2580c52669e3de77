/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/bulla.c: the table of verbs, and the way from argv to one of them and to an exit code.
 */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/help.h"
#include "cmd/report.h"
#include "cmd/verbs.h"
#include "device/tpm.h"

const struct bl_verb *const bl_verbs[] = {
    &bl_verb_seal,
    &bl_verb_unseal,
    &bl_verb_inspect,
    &bl_verb_explain,
    &bl_verb_preflight,
    &bl_verb_reseal,
    &bl_verb_slot_add,
    &bl_verb_slot_rm,
    &bl_verb_slot_rotate,
    &bl_verb_recover,
    &bl_verb_key_generate,
    &bl_verb_key_tpm_public,
    &bl_verb_boot_predict,
    &bl_verb_boot_revoke,
    &bl_verb_up,
    &bl_verb_down,
    &bl_verb_enclave_check,
    &bl_verb_enclave_build,
    &bl_verb_enclave_measure,
    &bl_verb_enclave_sign,
    &bl_verb_enclave_diff,
    &bl_verb_enclave_run,
    &bl_verb_enclave_ps,
    &bl_verb_enclave_stop,
    &bl_verb_enclave_logs,
    &bl_verb_serve,
    &bl_verb_admin_put,
    &bl_verb_admin_grant,
    &bl_verb_admin_ungrant,
    &bl_verb_admin_list,
    &bl_verb_admin_grants,
    &bl_verb_admin_promote,
    &bl_verb_admin_anchor_add,
    &bl_verb_admin_anchor_rm,
    &bl_verb_admin_anchor_list,
    &bl_verb_platform_enroll,
    &bl_verb_platform_list,
    &bl_verb_platform_revoke,
    &bl_verb_get,
    &bl_verb_audit_verify,
    &bl_verb_attest,
    &bl_verb_verify,
    &bl_verb_collateral_fetch,
    &bl_verb_collateral_bundle,
    &bl_verb_collateral_verify,
    &bl_verb_collateral_list,
    &bl_verb_policy_new,
    &bl_verb_policy_check,
    &bl_verb_policy_diff,
    &bl_verb_policy_learn,
    &bl_verb_policy_replay,
    &bl_verb_doctor,
    &bl_verb_version,
    &bl_verb_help,
    &bl_verb_completion,
    NULL,
};

/** No other user of the machine, no core dump and no debugger of the same user sees our memory; a
 *  reader that hangs up and a limit on file sizes are errors of writing, not the end of the process. */
static void
harden_process(void)
{
    const struct rlimit none = { 0, 0 };

    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    bl_tpm_quiet_libraries();
}

static bool
asks_for_json(int word_count, const char *const *words)
{
    for (int i = 0; i < word_count; i++) {
        if (strcmp(words[i], "--json") == 0)
            return true;
        if (strcmp(words[i], "--") == 0)
            return false;
    }
    return false;
}

static enum bulla_status
run_verb(const struct bl_verb *verb, int word_count, const char *const *words,
         struct bulla_error *err)
{
    BL_AUTO(bl_arguments) arguments = { 0 };

    bl_report_begin(verb->name, asks_for_json(word_count, words));
    BL_TRY(bl_arguments_parse(verb, word_count, words, &arguments, err));
    if (arguments.wants_help)
        return bl_help_print(verb, err);
    return verb->run(&arguments, err);
}

static enum bulla_status
fail_without_verb(const char *word, struct bulla_error *err)
{
    bl_report_object_word(word);
    if (bl_noun_exists(word))
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "the verb after this word is missing or unknown");
    enum bulla_status status =
        bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", "there is no such verb");
    const char *suggestion = bl_verb_suggest(word);
    if (suggestion != NULL)
        bulla_error_values(err, bulla_value_word("an unknown word"), bulla_value_word(suggestion));
    return status;
}

static enum bulla_status
dispatch(int argc, char **argv, struct bulla_error *err)
{
    const char *const *words = (const char *const *)argv + 1;
    int word_count = argc - 1;
    int used = 0;
    const struct bl_verb *verb = bl_verb_find(word_count, words, &used);

    bl_report_begin(NULL, asks_for_json(word_count, words));
    if (verb != NULL)
        return run_verb(verb, word_count - used, words + used, err);
    if (word_count > 0 && strcmp(words[0], "--version") == 0)
        return run_verb(&bl_verb_version, word_count - 1, words + 1, err);
    if (word_count > 0 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0))
        return bl_help_print(NULL, err);
    if (word_count > 0)
        return fail_without_verb(words[0], err);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", "it names no verb");
}

int
bl_main(int argc, char **argv)
{
    struct bulla_error err = { 0 };

    harden_process();
    if (argc > 0 && dispatch(argc, argv, &err) == BULLA_OK)
        return 0;
    return bl_report_failure(&err);
}
