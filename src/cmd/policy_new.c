/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/policy_new.c: bulla policy new: a complete policy for one kind of evidence that denies
 * everything, with a comment above each field.
 */
#include <string.h>

#include "cmd/policy_new.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "policy/appraisal_write.h"
#include "sys/clock.h"
#include "sys/file.h"

#define LIFE_S \
    (365 * 86400) /* of a new policy: long enough to be used, short enough to be seen again */

static enum bulla_status
fail_usage(const char *option, const char *what, struct bulla_error *err)
{
    bl_report_object_word(option);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

enum bulla_status
bl_policy_name_argument(const struct bl_arguments *arguments, struct bl_appraisal_policy *policy,
                        struct bulla_error *err)
{
    const char *name = bl_argument(arguments, "name");
    size_t size = name == NULL ? 0 : strlen(name);

    if (name == NULL)
        return BULLA_OK;
    if (size == 0 || size > BL_POLICY_NAME_SIZE_MAX ||
        !bl_is_plain_text((struct bulla_bytes){ (const uint8_t *)name, size }))
        return fail_usage("--name", "a name has 1 to 64 bytes of plain text", err);
    memset(policy->name, 0, sizeof policy->name);
    memcpy(policy->name, name, size);
    return BULLA_OK;
}

enum bulla_status
bl_policy_output(const struct bl_arguments *arguments, const struct bl_appraisal_policy *policy,
                 struct bulla_error *err)
{
    struct bl_output output = BL_OUTPUT_NONE;
    BL_AUTO(bulla_buffer) text = { 0 };
    BL_AUTO(bl_appraisal_policy) again = { 0 };

    BL_TRY(bl_policy_write_yaml(policy, &text, err));
    BL_TRY(bl_appraisal_policy_from_yaml(bulla_buffer_bytes(&text), &again, err)); /* it is one */
    enum bulla_status status = bl_output_open(&output, arguments, /* is_binary= */ false, err);
    if (status == BULLA_OK)
        status = bl_fd_write(output.fd, bulla_buffer_bytes(&text), err);
    if (status == BULLA_OK)
        status = bl_output_commit(&output, err);
    bl_output_done(&output);
    return status;
}

static enum bulla_status
read_subject(const struct bl_arguments *arguments, enum bl_policy_kind kind,
             enum bl_policy_subject *subject_out, struct bulla_error *err)
{
    const char *word = bl_argument(arguments, "subject");

    *subject_out = bl_policy_usual_subject(kind);
    if (word == NULL)
        return BULLA_OK;
    *subject_out =
        bl_policy_subject_from_word((struct bulla_bytes){ (const uint8_t *)word, strlen(word) });
    return *subject_out == BL_SUBJECT_ABSENT
               ? fail_usage("--subject", "it is enclave or machine", err)
               : BULLA_OK;
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *word = bl_argument(arguments, "kind");
    struct bl_appraisal_policy policy; /* owns nothing: its lists are empty */
    enum bl_policy_subject subject;

    if (word == NULL)
        return fail_usage("--kind", "what kind of evidence is it for?", err);
    enum bl_policy_kind kind =
        bl_policy_kind_from_word((struct bulla_bytes){ (const uint8_t *)word, strlen(word) });
    if (kind == BL_KIND_NONE)
        return fail_usage(word, "no policy is for such a kind", err);
    BL_TRY(read_subject(arguments, kind, &subject, err));
    bl_policy_deny(kind, subject, bl_clock_now_s() + LIFE_S, &policy);
    BL_TRY(bl_policy_name_argument(arguments, &policy, err));
    return bl_policy_output(arguments, &policy, err);
}

static const char *const kinds[] = { "sgx",      "tdx",       "snp",       "tpm", "nitro",
                                     "nitrotpm", "azure-snp", "azure-tdx", "cca", "psa",
                                     "nvidia",   "optee",     NULL };
static const char *const subjects[] = { "enclave", "machine", NULL };
static const struct bl_option options[] = {
    { .name = "kind",
      .argument = "KIND",
      .help = "kind of evidence, as sgx, azure-snp",
      .choices = kinds },
    { .name = "name", .argument = "NAME", .help = "name of the policy" },
    { .name = "subject",
      .argument = "WORD",
      .help = "enclave or machine, if not what the kind usually is",
      .choices = subjects },
    BL_OUTPUT_OPTIONS,
    { 0 }
};
static const char *const examples[] = { "bulla policy new --kind snp --name orders -o orders.yaml",
                                        NULL };

const struct bl_verb bl_verb_policy_new = {
    .name = "policy new",
    .summary = "write an appraisal policy that denies everything, to start from",
    .operands = "",
    .options = options,
    .examples = examples,
    .run = run,
};
