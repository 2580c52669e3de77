/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/tpm_terms.h"

#include <string.h>

#include "base/memory.h"
#include "cmd/binding.h"
#include "cmd/report.h"
#include "cmd/stream.h"
#include "codec/pem.h"
#include "crypto/public_key.h"

#define KEY_FILE_SIZE_MAX 8192 /* bytes */

void
bl_tpm_terms_done(struct bl_tpm_terms *terms)
{
    bl_key_free(terms->authority);
    bulla_buffer_done(&terms->signed_policy);
    bulla_buffer_done(&terms->parent);
    *terms = (struct bl_tpm_terms){ 0 };
}

static enum bulla_status
fail_word(struct bulla_error *err, const char *word, const char *what)
{
    bl_report_object_word(word);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

static enum bulla_status
read_authority(struct bl_tpm_terms *terms, const char *path, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };

    bl_report_object_word(path);
    BL_TRY(bl_input_slurp(path, KEY_FILE_SIZE_MAX, &content, err));
    BL_TRY(bl_key_from_public_file(bulla_buffer_bytes(&content), &terms->authority, err));
    if (bl_key_kind(terms->authority) != BL_KEY_P256)
        return fail_word(err, path, "whoever signs boot states has a P-256 key");
    bl_report_object_word("");
    return BULLA_OK;
}

/* What the policy is for is taken from it: it is signed. */
static enum bulla_status
take_from_policy(struct bl_tpm_terms *terms, const char *path, struct bulla_error *err)
{
    BL_AUTO(bl_pcr_policy) policy = { 0 };

    bl_report_object_word(path);
    BL_TRY(bl_file_read(path, BL_PCR_POLICY_SIZE_MAX, &terms->signed_policy, err));
    BL_TRY(bl_pcr_policy_decode(bulla_buffer_bytes(&terms->signed_policy), &policy, err));
    const struct bulla_bytes name = { policy.counter_name.bytes, policy.counter_name.size };
    BL_TRY(bl_pcr_policy_ref(name, policy.class_name, terms->policy_ref, err));
    BL_TRY(bl_pcr_policy_verify(&policy, terms->authority, terms->policy_ref, err));
    terms->counter_index = policy.counter_index;
    bl_report_object_word("");
    return BULLA_OK;
}

static enum bulla_status
take_from_options(struct bl_tpm_terms *terms, const struct bl_arguments *arguments,
                  struct bulla_error *err)
{
    const char *class_name = bl_argument(arguments, "class");
    struct bl_tpm_name name = { 0 };
    struct bulla_bytes class_bytes = { NULL, 0 };

    if (class_name != NULL)
        class_bytes = (struct bulla_bytes){ (const uint8_t *)class_name, strlen(class_name) };
    if (class_bytes.size > BL_PCR_POLICY_CLASS_SIZE_MAX)
        return fail_word(err, class_name, "a class has at most 64 bytes");
    BL_TRY(bl_counter_argument(arguments, &terms->counter_index, err));
    if (terms->counter_index != 0)
        BL_TRY(bl_pcr_counter_name(terms->counter_index, &name, err));
    return bl_pcr_policy_ref((struct bulla_bytes){ name.bytes, name.size }, class_bytes,
                             terms->policy_ref, err);
}

static enum bulla_status
read_parent(struct bl_tpm_terms *terms, const char *path, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    bl_report_object_word(path);
    BL_TRY(bl_input_slurp(path, KEY_FILE_SIZE_MAX, &text, err));
    BL_TRY(bl_pem_decode(bulla_buffer_bytes(&text), BL_TPM_PUBLIC_LABEL, &terms->parent, err));
    bl_report_object_word("");
    return BULLA_OK;
}

enum bulla_status
bl_tpm_terms_parse(struct bl_tpm_terms *terms, const struct bl_arguments *arguments,
                   const char *authority_path, struct bulla_error *err)
{
    static const char *const dependent[] = { "policy", "counter", "class" };
    const char *policy_path = bl_argument(arguments, "policy");
    const char *parent_path = bl_argument(arguments, "tpm-public");

    for (size_t i = 0; authority_path == NULL && i < BL_COUNT_OF(dependent); i++)
        if (bl_argument(arguments, dependent[i]) != NULL)
            return fail_word(err, dependent[i], "it goes with --bind signed:FILE");
    if (policy_path != NULL &&
        (bl_argument(arguments, "counter") != NULL || bl_argument(arguments, "class") != NULL))
        return fail_word(err, "--policy", "counter and class are those of the policy");
    if (parent_path != NULL)
        BL_TRY(read_parent(terms, parent_path, err));
    if (authority_path == NULL)
        return BULLA_OK;
    BL_TRY(read_authority(terms, authority_path, err));
    return policy_path != NULL ? take_from_policy(terms, policy_path, err)
                               : take_from_options(terms, arguments, err);
}

enum bulla_status
bl_tpm_terms_apply(const struct bl_tpm_terms *terms, const struct bl_local_tpm *local,
                   struct bl_slot_request *slot, struct bulla_error *err)
{
    slot->tpm_parent = bulla_buffer_bytes(&terms->parent);
    if (terms->authority == NULL)
        return BULLA_OK;
    if (terms->parent.size == 0) {
        BL_TRY(bl_binding_check_measured(local, err));
        if (terms->counter_index != 0)
            BL_TRY(bl_tpm_counter_define(local->tpm, terms->counter_index, err));
    }
    slot->tpm_policy.authority = terms->authority;
    memcpy(slot->tpm_policy.policy_ref, terms->policy_ref, sizeof terms->policy_ref);
    slot->signed_policy = bulla_buffer_bytes(&terms->signed_policy);
    return BULLA_OK;
}
