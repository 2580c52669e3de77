/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal_yaml_1.c: format 1 as people write it. docs/formats/appraisal-policy.md.
 */
#include <string.h>

#include "base/memory.h"
#include "codec/yaml.h"
#include "policy/appraisal_fields.h"

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

/* What is being filled. */
struct filling {
    struct bl_policy_arena *arena;
    struct bl_appraisal_policy *policy;
};

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
           uint64_t *bits_out, struct bulla_error *err)
{
    const struct bl_yaml_node *list = NULL;
    uint64_t bits = 0;

    BL_TRY(bl_yaml_require(map, key, &list, err));
    BL_TRY(bl_yaml_as_sequence(list, key, count, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item)) {
        size_t index = 0;
        BL_TRY(bl_yaml_as_choice(item, key, words, count, &index, err));
        if ((bits >> (index + 1) & 1u) != 0)
            return bl_yaml_fail(item, key, "said twice", err);
        bits |= (uint64_t)1 << (index + 1);
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
read_name(const struct bl_yaml_node *map, const char *key, size_t size_max,
          struct bulla_bytes *name_out, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    return bl_yaml_as_text(node, key, size_max, name_out, err);
}

/* Digests into the items from `items` on. */
static enum bulla_status
read_values(const struct bl_yaml_node *list, const char *key, struct bl_policy_arena *arena,
            struct bl_policy_item *items, struct bulla_error *err)
{
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item), items++)
        BL_TRY(bl_policy_read_hex(item, key, arena, &items->value, err));
    return BULLA_OK;
}

static enum bulla_status
read_list(const struct bl_yaml_node *node, const char *key, struct bl_policy_arena *arena,
          struct bl_policy_list *list, struct bulla_error *err)
{
    BL_TRY(bl_yaml_as_sequence(node, key, BL_POLICY_LIST_COUNT_MAX, err));
    BL_TRY(bl_policy_list_new(list, bl_yaml_count(node), err));
    return read_values(node, key, arena, list->items, err);
}

/* A list of digests, or the one word `any` in its place: never an `any` inside a list. */
static enum bulla_status
is_any(const struct bl_yaml_node *node, const char *key, struct bl_policy_list *list, bool *any_out,
       struct bulla_error *err)
{
    static const char *const any_words[] = { "any" };
    size_t index = 0;

    *any_out = bl_yaml_kind(node) == BL_YAML_SCALAR;
    if (!*any_out)
        return BULLA_OK;
    BL_TRY(bl_yaml_as_choice(node, key, any_words, 1, &index, err));
    list->said = BL_SAID_ANY;
    return BULLA_OK;
}

static enum bulla_status
read_set(const struct bl_yaml_node *map, const char *key, struct bl_policy_arena *arena,
         struct bl_policy_list *list, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;
    bool any = false;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    BL_TRY(is_any(node, key, list, &any, err));
    return any ? BULLA_OK : read_list(node, key, arena, list, err);
}

/* Items that one PCR makes: one for each value, and one for a PCR that has none. */
static size_t
item_count(const struct bl_yaml_node *reference)
{
    const struct bl_yaml_node *values = bl_yaml_find(reference, "values");
    size_t count = values == NULL ? 0 : bl_yaml_count(values);

    return count > 0 ? count : 1;
}

static enum bulla_status
read_reference(const struct bl_yaml_node *node, struct bl_policy_arena *arena,
               struct bl_policy_item *items, struct bulla_error *err)
{
    const struct bl_yaml_node *values = NULL;
    uint64_t pcr = 0;
    size_t bank = 0;

    BL_TRY(read_choice(node, "bank", bank_words, BL_COUNT_OF(bank_words), &bank, err));
    BL_TRY(read_number(node, "pcr", BL_PCR_COUNT - 1, &pcr, err));
    BL_TRY(bl_yaml_require(node, "values", &values, err));
    BL_TRY(bl_yaml_as_sequence(values, "values", BL_POLICY_LIST_COUNT_MAX, err));
    for (size_t i = 0; i < item_count(node); i++)
        items[i].pcr = (struct bl_pcr_selection){ .bank = banks[bank - 1], .mask = 1u << pcr };
    return read_values(values, "values", arena, items, err);
}

/* One PCR stands once: two lists of values of the same one would be one in the canonical form. */
static enum bulla_status
check_repeated(const struct bl_yaml_node *node, const struct bl_policy_item *items, size_t at,
               struct bulla_error *err)
{
    for (size_t i = 0; i < at; i++)
        if (items[i].pcr.bank == items[at].pcr.bank && items[i].pcr.mask == items[at].pcr.mask)
            return bl_yaml_fail(node, "platform_pcrs", "said twice", err);
    return BULLA_OK;
}

static enum bulla_status
read_platform_pcrs(const struct bl_yaml_node *map, const struct filling *f, struct bulla_error *err)
{
    struct bl_policy_list *pcrs = &f->policy->platform_pcrs;
    const struct bl_yaml_node *list = NULL;
    size_t total = 0, at = 0;
    bool any = false;

    BL_TRY(bl_yaml_require(map, "platform_pcrs", &list, err));
    BL_TRY(is_any(list, "platform_pcrs", pcrs, &any, err));
    if (any)
        return BULLA_OK;
    BL_TRY(bl_yaml_as_sequence(list, "platform_pcrs", BL_POLICY_PCR_COUNT_MAX, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item)) {
        BL_TRY(bl_yaml_as_mapping(item, "platform_pcrs", reference_keys,
                                  BL_COUNT_OF(reference_keys), err));
        total += item_count(item);
    }
    BL_TRY(bl_policy_list_new(pcrs, total, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item)) {
        BL_TRY(read_reference(item, f->arena, pcrs->items + at, err));
        BL_TRY(check_repeated(item, pcrs->items, at, err));
        at += item_count(item);
    }
    return BULLA_OK;
}

static enum bulla_status
read_common(const struct bl_yaml_node *root, const struct filling *f, struct bulla_error *err)
{
    struct bl_appraisal_policy *policy = f->policy;
    struct bulla_bytes name = { NULL, 0 };
    uint64_t not_after = 0;
    size_t binding = 0;

    BL_TRY(read_name(root, "name", BL_POLICY_NAME_SIZE_MAX, &name, err));
    memcpy(policy->name, name.data, name.size);
    BL_TRY(read_number(root, "version", NUMBER_MAX, &policy->version, err));
    BL_TRY(
        read_choice(root, "binding", binding_choices, BL_COUNT_OF(binding_choices), &binding, err));
    policy->binding = (enum bl_binding)binding;
    BL_TRY(read_words(root, "classes", class_choices, BL_COUNT_OF(class_choices), &policy->classes,
                      err));
    BL_TRY(read_set(root, "platforms", f->arena, &policy->platforms, err));
    BL_TRY(read_platform_pcrs(root, f, err));
    BL_TRY(read_number(root, "not_after", NUMBER_MAX, &not_after, err));
    policy->not_after_s = (int64_t)not_after;
    return BULLA_OK;
}

static enum bulla_status
read_enclave(const struct bl_yaml_node *root, const struct filling *f, struct bulla_error *err)
{
    struct bl_appraisal_policy *policy = f->policy;
    const struct bl_yaml_node *signers = NULL;

    BL_TRY(read_words(root, "isolation", isolation_choices, BL_COUNT_OF(isolation_choices),
                      &policy->isolations, err));
    BL_TRY(bl_yaml_require(root, "signers", &signers, err));
    BL_TRY(read_list(signers, "signers", f->arena, &policy->signers, err)); /* never any */
    BL_TRY(bl_policy_list_new(&policy->products, 1, err));
    BL_TRY(read_name(root, "product", BL_PRODUCT_SIZE_MAX, &policy->products.items[0].value, err));
    policy->minimum_version.is_given = true;
    BL_TRY(read_number(root, "minimum_version", NUMBER_MAX, &policy->minimum_version.least, err));
    BL_TRY(read_set(root, "codes", f->arena, &policy->codes, err));
    return read_set(root, "configs", f->arena, &policy->configs, err);
}

enum bulla_status
bl_policy_read_1(const struct bl_yaml_node *root, struct bl_policy_arena *arena,
                 struct bl_appraisal_policy *policy, struct bulla_error *err)
{
    const struct filling f = { arena, policy };
    size_t subject = 0;

    BL_TRY(
        read_choice(root, "subject", subject_choices, BL_COUNT_OF(subject_choices), &subject, err));
    policy->subject = (enum bl_policy_subject)subject;
    if (policy->subject == BL_SUBJECT_MACHINE) {
        BL_TRY(bl_yaml_as_mapping(root, "appraisal policy", machine_keys, BL_COUNT_OF(machine_keys),
                                  err));
        return read_common(root, &f, err);
    }
    BL_TRY(
        bl_yaml_as_mapping(root, "appraisal policy", enclave_keys, BL_COUNT_OF(enclave_keys), err));
    BL_TRY(read_common(root, &f, err));
    return read_enclave(root, &f, err);
}
