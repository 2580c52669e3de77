/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal_yaml_2.c: format 2 as people write it, read by the table of fields.
 */
#include <string.h>

#include "base/memory.h"
#include "codec/time.h"
#include "codec/yaml.h"
#include "policy/appraisal_fields.h"

#define NUMBER_MAX ((uint64_t)INT64_MAX)
#define HEAD_COUNT 7
#define KEY_COUNT_MAX 64 /* of one mapping: the head and all fields have fewer */

static const char where[] = "appraisal policy";
static const char *const head_keys[HEAD_COUNT] = { "format",  "name",      "version", "subject",
                                                   "binding", "not_after", "kinds" };
static const char *const bank_words[] = { "sha256", "sha384", "sha512" };
static const enum bl_hash banks[] = { BL_SHA256, BL_SHA384, BL_SHA512 };

static enum bulla_status
read_text(const struct bl_yaml_node *map, const char *key, size_t size_max,
          struct bulla_bytes *text_out, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    return bl_yaml_as_text(node, key, size_max, text_out, err);
}

static enum bulla_status
as_time(const struct bl_yaml_node *node, const char *key, int64_t *time_out,
        struct bulla_error *err)
{
    struct bulla_bytes text;

    BL_TRY(bl_yaml_as_text(node, key, 64, &text, err));
    if (bl_time_parse(text, time_out, NULL) != BULLA_OK)
        return bl_yaml_fail(node, key, "is no time such as 2027-06-30T00:00:00Z", err);
    return BULLA_OK;
}

static enum bulla_status
read_time(const struct bl_yaml_node *map, const char *key, int64_t *time_out,
          struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(map, key, &node, err));
    return as_time(node, key, time_out, err);
}

/* -- members of an item ------------------------------------------------------------------------- */

/* What an item is read from and into. */
struct reading {
    const struct bl_yaml_node *node;
    struct bl_policy_arena *arena;
    struct bl_policy_item *item;
};

static enum bulla_status
read_check(const struct reading *g, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;
    size_t count = 0, index = 0;

    while (bl_policy_exceptions[count] != NULL)
        count++;
    BL_TRY(bl_yaml_require(g->node, "check", &node, err));
    BL_TRY(bl_yaml_as_choice(node, "check", bl_policy_exceptions, count, &index, err));
    g->item->check = bl_policy_exceptions[index];
    return BULLA_OK;
}

static enum bulla_status
read_generation(const struct reading *g, struct bulla_error *err)
{
    static const char *const generations[] = { "milan", "genoa", "turin" };
    struct bl_firmware_claims *floor = &g->item->floor;
    const struct bl_yaml_node *node = NULL;
    uint64_t svn = 0;
    size_t index = 0;

    BL_TRY(bl_yaml_require(g->node, "generation", &node, err));
    BL_TRY(
        bl_yaml_as_choice(node, "generation", generations, BL_COUNT_OF(generations), &index, err));
    floor->generation = (enum bl_snp_generation)(index + 1);
    for (size_t i = 0; i < bl_svn_count(floor->generation); i++) {
        const char *key = bl_svn_word((enum bl_svn)i);
        BL_TRY(bl_yaml_require(g->node, key, &node, err));
        BL_TRY(bl_yaml_as_number(node, key, 0, UINT8_MAX, &svn, err));
        floor->svns[i] = (uint8_t)svn;
    }
    node = bl_yaml_find(g->node, bl_svn_word(BL_SVN_FMC));
    if (node != NULL && bl_svn_count(floor->generation) < BL_SVN_COUNT)
        return bl_yaml_fail(node, bl_svn_word(BL_SVN_FMC), "this generation has none", err);
    return BULLA_OK;
}

static enum bulla_status
read_module(const struct reading *g, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;
    uint64_t version = 0, svn = 0;

    BL_TRY(bl_yaml_require(g->node, "version", &node, err));
    BL_TRY(bl_yaml_as_number(node, "version", 0, UINT8_MAX, &version, err));
    BL_TRY(bl_yaml_require(g->node, "svn", &node, err));
    BL_TRY(bl_yaml_as_number(node, "svn", 0, UINT8_MAX, &svn, err));
    g->item->module = (struct bl_module_floor){ .version = (uint8_t)version, .svn = (uint8_t)svn };
    return BULLA_OK;
}

static enum bulla_status
read_pcr(const struct reading *g, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;
    uint64_t pcr = 0;
    size_t bank = 0;

    BL_TRY(bl_yaml_require(g->node, "bank", &node, err));
    BL_TRY(bl_yaml_as_choice(node, "bank", bank_words, BL_COUNT_OF(bank_words), &bank, err));
    BL_TRY(bl_yaml_require(g->node, "pcr", &node, err));
    BL_TRY(bl_yaml_as_number(node, "pcr", 0, BL_PCR_COUNT - 1, &pcr, err));
    g->item->pcr = (struct bl_pcr_selection){ .bank = banks[bank], .mask = 1u << pcr };
    return BULLA_OK;
}

static enum bulla_status
read_digest(const struct reading *g, const char *key, struct bulla_bytes *out,
            struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(g->node, key, &node, err));
    return bl_policy_read_hex(node, key, g->arena, out, err);
}

/* By its digest, or by its type: one of the two. */
static enum bulla_status
read_event(const struct reading *g, struct bulla_error *err)
{
    const struct bl_yaml_node *type = bl_yaml_find(g->node, "type");
    struct bulla_bytes word;

    if (type == NULL)
        return read_digest(g, "digest", &g->item->value, err);
    if (bl_yaml_find(g->node, "digest") != NULL)
        return bl_yaml_fail(type, "type", "stands beside a digest", err);
    BL_TRY(bl_yaml_as_text(type, "type", BL_POLICY_NAME_SIZE_MAX, &word, err));
    if (!bl_event_type_find(word, &g->item->event_type))
        return bl_yaml_fail(type, "type", "is no type such as EV_EFI_ACTION", err);
    return BULLA_OK;
}

static enum bulla_status
read_platform(const struct reading *g, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;
    struct bulla_bytes word;

    BL_TRY(bl_yaml_require(g->node, "platform", &node, err));
    BL_TRY(bl_yaml_as_text(node, "platform", 2 * BL_HASH_SIZE_MAX, &word, err));
    if (bl_equal(word, BL_LITERAL("any")))
        return BULLA_OK;
    return bl_policy_read_hex(node, "platform", g->arena, &g->item->platform, err);
}

/* The keys that an item with these members may have. */
static size_t
list_keys(unsigned members, const char *keys[KEY_COUNT_MAX])
{
    static const struct {
        unsigned member;
        const char *key;
    } all[] = { { BL_ITEM_CHECK, "check" },    { BL_ITEM_CHECK, "accepts" },
                { BL_ITEM_CHECK, "reason" },   { BL_ITEM_GENERATION, "generation" },
                { BL_ITEM_MODULE, "version" }, { BL_ITEM_MODULE, "svn" },
                { BL_ITEM_PCR, "bank" },       { BL_ITEM_PCR, "pcr" },
                { BL_ITEM_EVENT, "digest" },   { BL_ITEM_EVENT, "type" },
                { BL_ITEM_DIGEST, "value" },   { BL_ITEM_PLATFORM, "platform" },
                { BL_ITEM_SOURCE, "from" },    { BL_ITEM_UNTIL, "until" } };
    size_t count = 0;

    for (size_t i = 0; i < BL_COUNT_OF(all); i++)
        if ((members & all[i].member) != 0 &&
            (all[i].member != BL_ITEM_SOURCE || (members & BL_ITEM_CHECK) == 0))
            keys[count++] = all[i].key;
    for (size_t i = 0; i < BL_SVN_COUNT && (members & BL_ITEM_GENERATION) != 0; i++)
        keys[count++] = bl_svn_word((enum bl_svn)i);
    return count;
}

static enum bulla_status
read_members(const struct reading *g, unsigned members, struct bulla_error *err)
{
    const bool is_exception = (members & BL_ITEM_CHECK) != 0;
    struct bl_policy_item *item = g->item;

    if (is_exception)
        BL_TRY(read_check(g, err));
    if ((members & BL_ITEM_GENERATION) != 0)
        BL_TRY(read_generation(g, err));
    if ((members & BL_ITEM_MODULE) != 0)
        BL_TRY(read_module(g, err));
    if ((members & BL_ITEM_PCR) != 0)
        BL_TRY(read_pcr(g, err));
    if ((members & BL_ITEM_EVENT) != 0)
        BL_TRY(read_event(g, err));
    if ((members & BL_ITEM_DIGEST) != 0)
        BL_TRY(read_digest(g, "value", &item->value, err));
    if ((members & BL_ITEM_TEXT) != 0)
        BL_TRY(read_text(g->node, "accepts", BL_POLICY_NAME_SIZE_MAX, &item->value, err));
    if ((members & BL_ITEM_PLATFORM) != 0)
        BL_TRY(read_platform(g, err));
    if ((members & BL_ITEM_SOURCE) != 0)
        BL_TRY(read_text(g->node, is_exception ? "reason" : "from", BL_POLICY_TEXT_SIZE_MAX,
                         &item->source, err));
    if ((members & BL_ITEM_UNTIL) != 0)
        BL_TRY(read_time(g->node, "until", &item->until_s, err));
    return BULLA_OK;
}

static enum bulla_status
read_item(const struct reading *g, const struct bl_policy_field *field, struct bulla_error *err)
{
    const char *keys[KEY_COUNT_MAX];

    if (field->members == BL_ITEM_TEXT)
        return bl_yaml_as_text(g->node, field->name, BL_POLICY_NAME_SIZE_MAX, &g->item->value, err);
    BL_TRY(bl_yaml_as_mapping(g->node, field->name, keys, list_keys(field->members, keys), err));
    return read_members(g, field->members, err);
}

/* -- fields ------------------------------------------------------------------------------------- */

/* `any: why`, or `absent: why`. */
static enum bulla_status
read_waiver(const struct bl_yaml_node *node, const struct bl_policy_field *field,
            enum bl_said *said, struct bulla_bytes *reason, struct bulla_error *err)
{
    static const char *const words[] = { "any", "absent" };
    const struct bl_yaml_node *any = bl_yaml_find(node, words[0]);
    const struct bl_yaml_node *absent = bl_yaml_find(node, words[1]);

    BL_TRY(bl_yaml_as_mapping(node, field->name, words, BL_COUNT_OF(words), err));
    if (bl_yaml_count(node) != 1)
        return bl_yaml_fail(node, field->name, "is neither a list nor any nor absent", err);
    if (any != NULL && (field->waivers & BL_MAY_BE_ANY) == 0)
        return bl_yaml_fail(node, field->name, "may not be any", err);
    if (absent != NULL && (field->waivers & BL_MAY_BE_ABSENT) == 0)
        return bl_yaml_fail(node, field->name, "may not be absent", err);
    *said = any != NULL ? BL_SAID_ANY : BL_SAID_ABSENT;
    return bl_yaml_as_text(any != NULL ? any : absent, field->name, BL_POLICY_TEXT_SIZE_MAX, reason,
                           err);
}

static enum bulla_status
read_list(const struct bl_yaml_node *node, const struct bl_policy_field *field,
          struct bl_policy_arena *arena, struct bl_policy_list *list, struct bulla_error *err)
{
    size_t i = 0;

    if (bl_yaml_kind(node) == BL_YAML_MAPPING)
        return read_waiver(node, field, &list->said, &list->reason, err);
    BL_TRY(bl_yaml_as_sequence(node, field->name, BL_POLICY_LIST_COUNT_MAX, err));
    BL_TRY(bl_policy_list_new(list, bl_yaml_count(node), err));
    for (const struct bl_yaml_node *item = bl_yaml_first(node); item != NULL;
         item = bl_yaml_next(item), i++) {
        const struct reading reading = { item, arena, &list->items[i] };
        BL_TRY(read_item(&reading, field, err));
    }
    return BULLA_OK;
}

static enum bulla_status
read_words(const struct bl_yaml_node *node, const struct bl_policy_field *field, uint64_t *bits_out,
           struct bulla_error *err)
{
    uint64_t bits = 0;
    unsigned bit = 0;
    struct bulla_bytes word;

    BL_TRY(bl_yaml_as_sequence(node, field->name, 64, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(node); item != NULL;
         item = bl_yaml_next(item)) {
        BL_TRY(bl_yaml_as_text(item, field->name, BL_BIT_WORD_SIZE, &word, err));
        if (!bl_field_bit_find(field, word, &bit))
            return bl_yaml_fail(item, field->name, "no such word here", err);
        if ((bits >> bit & 1u) != 0)
            return bl_yaml_fail(item, field->name, "said twice", err);
        bits |= (uint64_t)1 << bit;
    }
    *bits_out = bits;
    return BULLA_OK;
}

static enum bulla_status
read_floor(const struct bl_yaml_node *node, const struct bl_policy_field *field,
           struct bl_floor *floor, struct bulla_error *err)
{
    int64_t time_s = 0;

    if (bl_yaml_kind(node) == BL_YAML_MAPPING)
        return read_waiver(node, field, &floor->said, &floor->reason, err);
    floor->is_given = true;
    if (field->type == BL_FIELD_FLOOR)
        return bl_yaml_as_number(node, field->name, 0, NUMBER_MAX, &floor->least, err);
    BL_TRY(as_time(node, field->name, &time_s, err));
    floor->least = (uint64_t)time_s;
    return BULLA_OK;
}

static enum bulla_status
read_field(const struct bl_yaml_node *root, const struct bl_policy_field *field,
           struct bl_policy_arena *arena, void *value, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(root, field->name, &node, err));
    switch (field->type) {
    case BL_FIELD_DAYS:
        return bl_yaml_as_number(node, field->name, 0, NUMBER_MAX, value, err);
    case BL_FIELD_WORDS:
        return read_words(node, field, value, err);
    case BL_FIELD_LIST:
        return read_list(node, field, arena, value, err);
    case BL_FIELD_FLOOR:
    case BL_FIELD_TIME:
        return read_floor(node, field, value, err);
    case BL_FIELD_FLAG:
        break;
    }
    return bl_yaml_as_bool(node, field->name, value, err);
}

/* -- all of it ---------------------------------------------------------------------------------- */

static enum bulla_status
read_kinds(const struct bl_yaml_node *root, uint64_t *kinds, struct bulla_error *err)
{
    const struct bl_yaml_node *list = NULL;
    struct bulla_bytes word;

    BL_TRY(bl_yaml_require(root, "kinds", &list, err));
    BL_TRY(bl_yaml_as_sequence(list, "kinds", BL_KIND_COUNT, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item)) {
        BL_TRY(bl_yaml_as_text(item, "kinds", BL_POLICY_NAME_SIZE_MAX, &word, err));
        enum bl_policy_kind kind = bl_policy_kind_from_word(word);
        if (kind == BL_KIND_NONE || (*kinds >> kind & 1u) != 0)
            return bl_yaml_fail(item, "kinds", "no such kind of evidence, or said twice", err);
        *kinds |= (uint64_t)1 << kind;
    }
    return BULLA_OK;
}

static enum bulla_status
read_head(const struct bl_yaml_node *root, struct bl_appraisal_policy *policy,
          struct bulla_error *err)
{
    static const char *const subjects[] = { "machine", "enclave" };
    static const char *const bindings[] = { "none", "key", "channel" };
    const struct bl_yaml_node *node = NULL;
    struct bulla_bytes name;
    size_t index = 0;

    BL_TRY(read_text(root, "name", BL_POLICY_NAME_SIZE_MAX, &name, err));
    memcpy(policy->name, name.data, name.size);
    BL_TRY(bl_yaml_require(root, "version", &node, err));
    BL_TRY(bl_yaml_as_number(node, "version", 0, NUMBER_MAX, &policy->version, err));
    BL_TRY(bl_yaml_require(root, "subject", &node, err));
    BL_TRY(bl_yaml_as_choice(node, "subject", subjects, BL_COUNT_OF(subjects), &index, err));
    policy->subject = (enum bl_policy_subject)(index + 1);
    BL_TRY(bl_yaml_require(root, "binding", &node, err));
    BL_TRY(bl_yaml_as_choice(node, "binding", bindings, BL_COUNT_OF(bindings), &index, err));
    policy->binding = (enum bl_binding)(index + 1);
    BL_TRY(read_time(root, "not_after", &policy->not_after_s, err));
    return read_kinds(root, &policy->kinds, err);
}

enum bulla_status
bl_policy_read_2(const struct bl_yaml_node *root, struct bl_policy_arena *arena,
                 struct bl_appraisal_policy *policy, struct bulla_error *err)
{
    const char *keys[KEY_COUNT_MAX];
    size_t count = 0;

    BL_TRY(read_head(root, policy, err));
    for (size_t i = 0; i < HEAD_COUNT; i++)
        keys[count++] = head_keys[i];
    for (size_t i = 0; i < bl_policy_field_count; i++)
        if (bl_policy_has_field(policy, &bl_policy_fields[i]))
            keys[count++] = bl_policy_fields[i].name;
    BL_TRY(bl_yaml_as_mapping(root, where, keys, count, err));
    for (size_t i = 0; i < bl_policy_field_count; i++) {
        const struct bl_policy_field *field = &bl_policy_fields[i];
        if (!bl_policy_has_field(policy, field))
            continue;
        if (bl_policy_must_say(policy, field) || bl_yaml_find(root, field->name) != NULL)
            BL_TRY(read_field(root, field, arena, bl_field_of(policy, field), err));
        else
            bl_policy_leave_unsaid(policy, field);
    }
    return BULLA_OK;
}
