/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal_source.c: an appraisal policy from the YAML that people write.
 *
 * Reads by the same fields as the canonical form, sorts the lists, encodes, and gives what decoding
 * that gives: so there is one judge of what a policy is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/hex.h"
#include "codec/yaml.h"
#include "policy/appraisal.h"

#define HEX_SIZE_MAX (2u * BL_HASH_SIZE_MAX)
#define NUMBER_MAX ((uint64_t)INT64_MAX)

static const char *const machine_keys[] = { "format",    "name",          "version",
                                            "subject",   "binding",       "classes",
                                            "platforms", "platform_pcrs", "not_after" };
static const char *const enclave_keys[] = { "format",          "name",          "version",
                                            "subject",         "binding",       "classes",
                                            "platforms",       "platform_pcrs", "not_after",
                                            "isolation",       "signers",       "product",
                                            "minimum_version", "codes",         "configs" };
static const char *const reference_keys[] = { "bank", "pcr", "values" };
static const char *const bank_words[] = { "sha256", "sha384", "sha512" };
static const enum bl_hash banks[] = { BL_SHA256, BL_SHA384, BL_SHA512 };
static const char *const subject_choices[] = { "machine", "enclave" };
static const char *const binding_choices[] = { "none", "key", "channel" };
static const char *const class_choices[] = { "software", "hypervisor", "hardware" };
static const char *const isolation_choices[] = { "none", "os", "vm", "hardware" };

/* The words follow the enums from 1 on. */
_Static_assert(BL_COUNT_OF(subject_choices) == BL_SUBJECT_ENCLAVE, "subjects");
_Static_assert(BL_COUNT_OF(binding_choices) == BL_BINDING_CHANNEL, "bindings");
_Static_assert(BL_COUNT_OF(class_choices) == BL_CLASS_HARDWARE, "classes");
_Static_assert(BL_COUNT_OF(isolation_choices) == BL_ISOLATION_HARDWARE, "isolations");

static enum bulla_status
read_choice(const struct bl_yaml_node *map, const char *key, const char *const *words, size_t count,
            size_t *value_out, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;
    size_t index = 0;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    BL_TRY(bl_yaml_as_choice(node, key, words, count, &index, err));
    *value_out = index + 1;
    return BULLA_OK;
}

static enum bulla_status
read_words(const struct bl_yaml_node *map, const char *key, const char *const *words, size_t count,
           unsigned *bits_out, struct bulla_error *err)
{
    const struct bl_yaml_node *list = NULL;
    unsigned bits = 0;

    BL_TRY(bl_yaml_require(map, key, &list, err));
    BL_TRY(bl_yaml_as_sequence(list, key, count, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item)) {
        size_t index = 0;
        BL_TRY(bl_yaml_as_choice(item, key, words, count, &index, err));
        if ((bits >> (index + 1) & 1u) != 0)
            return bl_yaml_fail(item, key, "said twice", err);
        bits |= 1u << (index + 1);
    }
    *bits_out = bits;
    return BULLA_OK;
}

static enum bulla_status
read_number(const struct bl_yaml_node *map, const char *key, uint64_t most, uint64_t *value_out,
            struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    return bl_yaml_as_number(node, key, 0, most, value_out, err);
}

static enum bulla_status
read_name(const struct bl_yaml_node *map, const char *key, size_t size_max, char *out,
          struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;
    struct bulla_bytes name;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    BL_TRY(bl_yaml_as_text(node, key, size_max, &name, err));
    memcpy(out, name.data, name.size);
    return BULLA_OK;
}

static enum bulla_status
read_digest(const struct bl_yaml_node *node, const char *key, struct bl_digest_set *set,
            size_t index, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) digest = { 0 };
    struct bulla_bytes hex;

    BL_TRY(bl_yaml_as_text(node, key, HEX_SIZE_MAX, &hex, err));
    if (bl_hex_decode(hex, &digest, NULL) != BULLA_OK ||
        bl_digest_set_fill(set, index, bulla_buffer_bytes(&digest), NULL) != BULLA_OK)
        return bl_yaml_fail(node, key, "is no digest in hexadecimal", err);
    return BULLA_OK;
}

static enum bulla_status
read_list(const struct bl_yaml_node *list, const char *key, struct bl_digest_set *set,
          struct bulla_error *err)
{
    size_t i = 0;

    BL_TRY(bl_yaml_as_sequence(list, key, BL_POLICY_LIST_COUNT_MAX, err));
    BL_TRY(bl_digest_set_new(set, bl_yaml_count(list), err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item))
        BL_TRY(read_digest(item, key, set, i++, err));
    bl_digest_set_sort(set);
    return BULLA_OK;
}

/* A list of digests, or the one word `any` in its place: never an `any` inside a list. */
static enum bulla_status
is_any(const struct bl_yaml_node *node, const char *key, bool *any_out, struct bulla_error *err)
{
    static const char *const any_words[] = { "any" };
    size_t index = 0;

    *any_out = bl_yaml_kind(node) == BL_YAML_SCALAR;
    return *any_out ? bl_yaml_as_choice(node, key, any_words, 1, &index, err) : BULLA_OK;
}

static enum bulla_status
read_set(const struct bl_yaml_node *map, const char *key, struct bl_digest_set *set,
         struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    BL_TRY(is_any(node, key, &set->any, err));
    return set->any ? BULLA_OK : read_list(node, key, set, err);
}

static enum bulla_status
read_reference(const struct bl_yaml_node *node, struct bl_pcr_reference *reference,
               struct bulla_error *err)
{
    const struct bl_yaml_node *values = NULL;
    uint64_t pcr = 0;
    size_t bank = 0;

    BL_TRY(bl_yaml_as_mapping(node, "platform_pcrs", reference_keys, BL_COUNT_OF(reference_keys),
                              err));
    BL_TRY(read_choice(node, "bank", bank_words, BL_COUNT_OF(bank_words), &bank, err));
    BL_TRY(read_number(node, "pcr", BL_PCR_COUNT - 1, &pcr, err));
    BL_TRY(bl_yaml_require(node, "values", &values, err));
    reference->pcr = (struct bl_pcr_selection){ .bank = banks[bank - 1], .mask = 1u << pcr };
    return read_list(values, "values", &reference->values, err);
}

static int
compare_references(const void *a, const void *b)
{
    const struct bl_pcr_reference *left = a;
    const struct bl_pcr_reference *right = b;

    if (left->pcr.bank != right->pcr.bank)
        return left->pcr.bank < right->pcr.bank ? -1 : 1;
    return left->pcr.mask < right->pcr.mask ? -1 : left->pcr.mask > right->pcr.mask;
}

static enum bulla_status
read_platform_pcrs(const struct bl_yaml_node *map, struct bl_appraisal_policy *policy,
                   struct bulla_error *err)
{
    const struct bl_yaml_node *list = NULL;
    size_t i = 0;

    BL_TRY(bl_yaml_require(map, "platform_pcrs", &list, err));
    BL_TRY(is_any(list, "platform_pcrs", &policy->any_platform_state, err));
    if (policy->any_platform_state)
        return BULLA_OK;
    BL_TRY(bl_yaml_as_sequence(list, "platform_pcrs", BL_POLICY_PCR_COUNT_MAX, err));
    BL_TRY(bl_appraisal_policy_new_pcrs(policy, bl_yaml_count(list), err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item))
        BL_TRY(read_reference(item, &policy->platform_pcrs[i++], err));
    if (i > 1)
        qsort(policy->platform_pcrs, i, sizeof *policy->platform_pcrs, compare_references);
    return BULLA_OK;
}

static enum bulla_status
read_common(const struct bl_yaml_node *root, struct bl_appraisal_policy *policy,
            struct bulla_error *err)
{
    uint64_t not_after = 0;
    size_t binding = 0;

    BL_TRY(read_name(root, "name", BL_POLICY_NAME_SIZE_MAX, policy->name, err));
    BL_TRY(read_number(root, "version", NUMBER_MAX, &policy->version, err));
    BL_TRY(
        read_choice(root, "binding", binding_choices, BL_COUNT_OF(binding_choices), &binding, err));
    policy->binding = (enum bl_binding)binding;
    BL_TRY(read_words(root, "classes", class_choices, BL_COUNT_OF(class_choices), &policy->classes,
                      err));
    BL_TRY(read_set(root, "platforms", &policy->platform_ids, err));
    BL_TRY(read_platform_pcrs(root, policy, err));
    BL_TRY(read_number(root, "not_after", NUMBER_MAX, &not_after, err));
    policy->not_after_s = (int64_t)not_after;
    return BULLA_OK;
}

static enum bulla_status
read_enclave(const struct bl_yaml_node *root, struct bl_appraisal_policy *policy,
             struct bulla_error *err)
{
    const struct bl_yaml_node *signers = NULL;

    BL_TRY(read_words(root, "isolation", isolation_choices, BL_COUNT_OF(isolation_choices),
                      &policy->isolations, err));
    BL_TRY(bl_yaml_require(root, "signers", &signers, err));
    BL_TRY(read_list(signers, "signers", &policy->signers, err)); /* never any */
    BL_TRY(read_name(root, "product", BL_PRODUCT_SIZE_MAX, policy->product, err));
    BL_TRY(read_number(root, "minimum_version", NUMBER_MAX, &policy->version_minimum, err));
    BL_TRY(read_set(root, "codes", &policy->codes, err));
    return read_set(root, "configs", &policy->configs, err);
}

static enum bulla_status
read_policy(const struct bl_yaml_node *root, struct bl_appraisal_policy *policy,
            struct bulla_error *err)
{
    uint64_t format = 0;
    size_t subject = 0;

    BL_TRY(read_number(root, "format", NUMBER_MAX, &format, err));
    if (format != BL_POLICY_FORMAT)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "appraisal policy", "format version", 0);
    BL_TRY(
        read_choice(root, "subject", subject_choices, BL_COUNT_OF(subject_choices), &subject, err));
    policy->subject = (enum bl_policy_subject)subject;
    if (policy->subject == BL_SUBJECT_MACHINE) {
        BL_TRY(bl_yaml_as_mapping(root, "appraisal policy", machine_keys, BL_COUNT_OF(machine_keys),
                                  err));
        return read_common(root, policy, err);
    }
    BL_TRY(
        bl_yaml_as_mapping(root, "appraisal policy", enclave_keys, BL_COUNT_OF(enclave_keys), err));
    BL_TRY(read_common(root, policy, err));
    return read_enclave(root, policy, err);
}

enum bulla_status
bl_appraisal_policy_from_yaml(struct bulla_bytes yaml, struct bl_appraisal_policy *policy_out,
                              struct bulla_error *err)
{
    BL_AUTO_FREE(bl_yaml) document = NULL;
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    BL_AUTO(bulla_buffer) canonical = { 0 };

    BL_TRY(bl_yaml_parse(yaml, "appraisal policy", &document, err));
    BL_TRY(read_policy(bl_yaml_root(document), &policy, err));
    BL_TRY(bl_appraisal_policy_encode(&policy, &canonical, err));
    return bl_appraisal_policy_decode(bulla_buffer_bytes(&canonical), policy_out, err);
}
