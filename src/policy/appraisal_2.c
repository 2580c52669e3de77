/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal_2.c: the canonical form of format 2, written and read by the table of fields.
 *
 * A map with ascending keys: 1 to 7 are what every policy has, then each field that its kinds and its
 * subject have, and no other; of those that need not be said only what says something. Items of a list are in the order of their encoded bytes, each once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "codec/time.h"
#include "policy/appraisal_fields.h"
#include "policy/appraisal_parts.h"

enum { KEY_NOT_AFTER = BL_POLICY_KEY_BINDING + 1, KEY_KINDS, HEAD_COUNT = KEY_KINDS };
#define WORD_SIZE_MAX 40u /* bytes: the longest word is TDRelaunchAdvisedConfigurationNeeded */

static const char where[] = "appraisal policy";
static const char any_word[] = "any";
static const char absent_word[] = "absent";

static struct bulla_bytes
text(const char *string)
{
    return (struct bulla_bytes){ (const uint8_t *)string, strlen(string) };
}

static bool
is_word(struct bulla_bytes found, const char *word)
{
    return found.size == strlen(word) && memcmp(found.data, word, found.size) == 0;
}

static size_t
member_count(unsigned members)
{
    return (size_t)__builtin_popcount(members) + ((members & BL_ITEM_PCR) != 0) +
           ((members & BL_ITEM_MODULE) != 0);
}

/* -- written ----------------------------------------------------------------------------------- */

static void
write_floors(struct bl_writer *w, const struct bl_firmware_claims *floor)
{
    size_t count = bl_svn_count(floor->generation);

    bl_cbor_write_array(w, count + 1);
    bl_cbor_write_text(w, text(bl_snp_generation_word(floor->generation)));
    for (size_t i = 0; i < count; i++)
        bl_cbor_write_uint(w, floor->svns[i]);
}

static void
write_value(struct bl_writer *w, unsigned members, const struct bl_policy_item *item)
{
    if ((members & BL_ITEM_EVENT) != 0 && item->value.size == 0)
        bl_cbor_write_uint(w, item->event_type);
    else if ((members & (BL_ITEM_EVENT | BL_ITEM_DIGEST)) != 0)
        bl_cbor_write_bytes(w, item->value);
    else if ((members & BL_ITEM_TEXT) != 0)
        bl_cbor_write_text(w, item->value);
}

static void
write_item(struct bl_writer *w, unsigned members, const struct bl_policy_item *item)
{
    if (members != BL_ITEM_TEXT)
        bl_cbor_write_array(w, member_count(members));
    if ((members & BL_ITEM_CHECK) != 0)
        bl_cbor_write_text(w, text(item->check));
    if ((members & BL_ITEM_GENERATION) != 0)
        write_floors(w, &item->floor);
    if ((members & BL_ITEM_MODULE) != 0) {
        bl_cbor_write_uint(w, item->module.version);
        bl_cbor_write_uint(w, item->module.svn);
    }
    if ((members & BL_ITEM_PCR) != 0)
        bl_policy_write_pcr(w, item->pcr);
    write_value(w, members, item);
    if ((members & BL_ITEM_PLATFORM) != 0) {
        if (item->platform.size > 0)
            bl_cbor_write_bytes(w, item->platform);
        else
            bl_cbor_write_bool(w, true);
    }
    if ((members & BL_ITEM_SOURCE) != 0)
        bl_cbor_write_text(w, item->source);
    if ((members & BL_ITEM_UNTIL) != 0)
        bl_cbor_write_uint(w, (uint64_t)item->until_s);
}

static int
compare_bytes(const void *a, const void *b)
{
    const struct bulla_bytes *left = a;
    const struct bulla_bytes *right = b;
    size_t common = left->size < right->size ? left->size : right->size;
    int order = common == 0 ? 0 : memcmp(left->data, right->data, common);

    return order != 0 ? order : (left->size > right->size) - (left->size < right->size);
}

/* Each item encoded on its own, then all of them in order. */
static enum bulla_status
write_items(struct bl_writer *w, unsigned members, const struct bl_policy_list *list,
            struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) encoded = { 0 };
    struct bl_writer items = bl_writer(&encoded);
    struct bulla_bytes *views = bl_alloc(list->count + 1, sizeof *views);

    if (views == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", list->count);
    for (size_t i = 0; i < list->count; i++) {
        size_t start = encoded.size;
        write_item(&items, members, &list->items[i]);
        views[i].size = encoded.size - start;
    }
    for (size_t i = 0, at = 0; i < list->count; at += views[i++].size)
        views[i].data = encoded.data + at; /* only now: the buffer may have moved */
    if (list->count > 1)
        qsort(views, list->count, sizeof *views, compare_bytes);
    bl_cbor_write_array(w, list->count);
    for (size_t i = 0; i < list->count; i++)
        bl_write_bytes(w, views[i]);
    bl_free(views);
    return bl_writer_finish(&items, err);
}

/* {"any": reason} or {"absent": reason} in the place of what is said otherwise. */
static bool
write_waiver(struct bl_writer *w, enum bl_said said, struct bulla_bytes reason)
{
    if (said == BL_SAID_LIST)
        return false;
    bl_cbor_write_map(w, 1);
    bl_cbor_write_text(w, text(said == BL_SAID_ANY ? any_word : absent_word));
    bl_cbor_write_text(w, reason);
    return true;
}

static void
write_words(struct bl_writer *w, const struct bl_policy_field *field, uint64_t bits)
{
    char word[BL_BIT_WORD_SIZE];

    bl_cbor_write_array(w, (size_t)__builtin_popcountll(bits));
    for (unsigned bit = 0; bit < 64; bit++) {
        if ((bits >> bit & 1u) == 0)
            continue;
        const char *name = bl_field_bit_word(field, bit, word);
        bl_cbor_write_text(w, text(name == NULL ? "" : name));
    }
}

static enum bulla_status
write_field(struct bl_writer *w, const struct bl_policy_field *field, const void *value,
            struct bulla_error *err)
{
    const struct bl_policy_list *list = value;
    const struct bl_floor *floor = value;

    bl_cbor_write_uint(w, field->key);
    switch (field->type) {
    case BL_FIELD_WORDS:
        write_words(w, field, *(const uint64_t *)value);
        break;
    case BL_FIELD_LIST:
        if (!write_waiver(w, list->said, list->reason))
            return write_items(w, field->members, list, err);
        break;
    case BL_FIELD_FLOOR:
    case BL_FIELD_TIME:
        if (!write_waiver(w, floor->said, floor->reason))
            bl_cbor_write_uint(w, floor->least);
        break;
    case BL_FIELD_DAYS:
        bl_cbor_write_uint(w, *(const uint64_t *)value);
        break;
    case BL_FIELD_FLAG:
        bl_cbor_write_bool(w, *(const bool *)value);
        break;
    }
    return BULLA_OK;
}

static size_t
field_count(const struct bl_appraisal_policy *policy)
{
    size_t count = 0;

    for (size_t i = 0; i < bl_policy_field_count; i++)
        count += bl_policy_says(policy, &bl_policy_fields[i]);
    return count;
}

static void
write_kinds(struct bl_writer *w, uint64_t kinds)
{
    bl_cbor_write_array(w, (size_t)__builtin_popcountll(kinds));
    for (int i = BL_KIND_NONE + 1; i < BL_KIND_COUNT; i++)
        if ((kinds >> i & 1u) != 0)
            bl_cbor_write_text(w, text(bl_policy_kind_word((enum bl_policy_kind)i)));
}

static void
write_head(struct bl_writer *w, const struct bl_appraisal_policy *policy)
{
    bl_policy_write_head(w, BL_POLICY_FORMAT, policy);
    bl_cbor_write_uint(w, KEY_NOT_AFTER);
    bl_cbor_write_uint(w, (uint64_t)policy->not_after_s);
    bl_cbor_write_uint(w, KEY_KINDS);
    write_kinds(w, policy->kinds);
}

enum bulla_status
bl_policy_encode_2(const struct bl_appraisal_policy *policy, struct bulla_buffer *out,
                   struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_map(&w, HEAD_COUNT + field_count(policy));
    write_head(&w, policy);
    for (size_t i = 0; i < bl_policy_field_count; i++)
        if (bl_policy_says(policy, &bl_policy_fields[i]))
            BL_TRY(write_field(&w, &bl_policy_fields[i], bl_field_in(policy, &bl_policy_fields[i]),
                               err));
    return bl_writer_finish(&w, err);
}

/* -- read -------------------------------------------------------------------------------------- */

static int64_t
read_time(struct bl_reader *r)
{
    uint64_t time = bl_cbor_read_uint(r);

    if (time > (uint64_t)BL_TIME_MAX)
        bl_reader_fail(r, "time after the year 9999");
    return time > (uint64_t)BL_TIME_MAX ? 0 : (int64_t)time;
}

static void
read_check(struct bl_reader *r, struct bl_policy_item *item)
{
    struct bulla_bytes word = bl_cbor_read_text(r, WORD_SIZE_MAX);

    for (size_t i = 0; bl_policy_exceptions[i] != NULL; i++)
        if (is_word(word, bl_policy_exceptions[i]))
            item->check = bl_policy_exceptions[i];
    if (item->check == NULL)
        bl_reader_fail(r, "an exception for a check that has none");
}

static uint8_t
read_svn(struct bl_reader *r)
{
    uint64_t svn = bl_cbor_read_uint(r);

    if (svn > UINT8_MAX)
        bl_reader_fail(r, "a security version beyond 255");
    return (uint8_t)svn;
}

static void
read_floors(struct bl_reader *r, struct bl_firmware_claims *floor)
{
    size_t count = bl_cbor_read_array(r, BL_SVN_COUNT + 1);

    floor->generation = bl_snp_generation_from_word(bl_cbor_read_text(r, WORD_SIZE_MAX));
    if (floor->generation == BL_SNP_GENERATION_NONE || count != bl_svn_count(floor->generation) + 1)
        bl_reader_fail(r, "no generation with a number for each of its components");
    for (size_t i = 0; r->failed == NULL && i + 1 < count; i++)
        floor->svns[i] = read_svn(r);
}

static void
read_value(struct bl_reader *r, unsigned members, struct bl_policy_item *item)
{
    if ((members & BL_ITEM_EVENT) != 0 && bl_cbor_peek(r) == BL_CBOR_UINT) {
        uint64_t type = bl_cbor_read_uint(r);
        if (type > UINT32_MAX || bl_event_type_word((uint32_t)type) == NULL)
            bl_reader_fail(r, "no type of an event");
        item->event_type = (uint32_t)type;
    } else if ((members & (BL_ITEM_EVENT | BL_ITEM_DIGEST)) != 0) {
        item->value = bl_policy_read_digest(r);
    } else if ((members & BL_ITEM_TEXT) != 0) {
        item->value = bl_policy_read_text(r, BL_POLICY_NAME_SIZE_MAX);
    }
}

static void
read_platform(struct bl_reader *r, struct bl_policy_item *item)
{
    if (bl_cbor_peek(r) == BL_CBOR_SIMPLE) {
        if (!bl_cbor_read_bool(r))
            bl_reader_fail(r, "false in the place of a platform");
        return;
    }
    item->platform = bl_policy_read_digest(r);
}

static void
read_item(struct bl_reader *r, unsigned members, struct bl_policy_item *item)
{
    item->until_s = BL_POLICY_NEVER;
    if (members != BL_ITEM_TEXT &&
        bl_cbor_read_array(r, member_count(members)) != member_count(members))
        bl_reader_fail(r, "an item with other members");
    if ((members & BL_ITEM_CHECK) != 0)
        read_check(r, item);
    if ((members & BL_ITEM_GENERATION) != 0)
        read_floors(r, &item->floor);
    if ((members & BL_ITEM_MODULE) != 0) {
        item->module.version = read_svn(r);
        item->module.svn = read_svn(r);
    }
    if ((members & BL_ITEM_PCR) != 0)
        item->pcr = bl_policy_read_pcr(r);
    read_value(r, members, item);
    if ((members & BL_ITEM_PLATFORM) != 0)
        read_platform(r, item);
    if ((members & BL_ITEM_SOURCE) != 0)
        item->source = bl_policy_read_text(r, BL_POLICY_TEXT_SIZE_MAX);
    if ((members & BL_ITEM_UNTIL) != 0)
        item->until_s = read_time(r);
}

/* The same thing with two sources or two ends: which of them counts would be a riddle. */
static bool
is_same(const struct bl_policy_item *a, const struct bl_policy_item *b)
{
    return a->check == b->check && a->floor.generation == b->floor.generation &&
           a->module.version == b->module.version && a->pcr.bank == b->pcr.bank &&
           a->pcr.mask == b->pcr.mask && a->event_type == b->event_type &&
           bl_equal(a->value, b->value) && bl_equal(a->platform, b->platform);
}

static enum bulla_status
read_items(struct bl_reader *r, unsigned members, struct bl_policy_list *list,
           struct bulla_error *err)
{
    size_t count = bl_cbor_read_array(r, BL_POLICY_LIST_COUNT_MAX);
    struct bulla_bytes previous = { NULL, 0 };

    BL_TRY(bl_reader_ok(r, err));
    BL_TRY(bl_policy_list_new(list, count, err));
    for (size_t i = 0; i < count; i++) {
        struct bulla_bytes encoded = bl_cbor_skip(r);
        BL_TRY(bl_reader_ok(r, err));
        if (i > 0 && compare_bytes(&previous, &encoded) >= 0)
            return bulla_fail(err, BULLA_E_MALFORMED, where, "items repeat, or do not ascend", i);
        struct bl_reader item = bl_reader(encoded, where);
        read_item(&item, members, &list->items[i]);
        BL_TRY(bl_reader_finish(&item, err));
        if (i > 0 && is_same(&list->items[i - 1], &list->items[i]))
            return bulla_fail(err, BULLA_E_MALFORMED, where, "one thing stands twice in a list", i);
        previous = encoded;
    }
    return BULLA_OK;
}

static bool
read_waiver(struct bl_reader *r, unsigned waivers, enum bl_said *said, struct bulla_bytes *reason)
{
    struct bulla_bytes word = { NULL, 0 };

    if (bl_cbor_peek(r) != BL_CBOR_MAP)
        return false;
    struct bl_cbor_map map = bl_cbor_read_map(r, 1);
    if (!bl_cbor_map_next_text(r, &map, WORD_SIZE_MAX, &word))
        bl_reader_fail(r, "neither any nor absent");
    else if ((waivers & BL_MAY_BE_ANY) != 0 && is_word(word, any_word))
        *said = BL_SAID_ANY;
    else if ((waivers & BL_MAY_BE_ABSENT) != 0 && is_word(word, absent_word))
        *said = BL_SAID_ABSENT;
    else
        bl_reader_fail(r, "this field must be said");
    *reason = bl_policy_read_text(r, BL_POLICY_TEXT_SIZE_MAX);
    return true;
}

static uint64_t
read_words(struct bl_reader *r, const struct bl_policy_field *field)
{
    size_t count = bl_cbor_read_array(r, 64);
    uint64_t bits = 0;
    unsigned bit = 0;

    for (size_t i = 0; i < count && r->failed == NULL; i++) {
        struct bulla_bytes word = bl_cbor_read_text(r, WORD_SIZE_MAX);
        if (!bl_field_bit_find(field, word, &bit) || bits >> bit != 0) {
            bl_reader_fail(r, "unknown word, or out of order");
            break;
        }
        bits |= (uint64_t)1 << bit;
    }
    return bits;
}

static enum bulla_status
read_field(struct bl_reader *r, const struct bl_policy_field *field, void *value,
           struct bulla_error *err)
{
    struct bl_policy_list *list = value;
    struct bl_floor *floor = value;

    switch (field->type) {
    case BL_FIELD_WORDS:
        *(uint64_t *)value = read_words(r, field);
        break;
    case BL_FIELD_LIST:
        if (!read_waiver(r, field->waivers, &list->said, &list->reason))
            return read_items(r, field->members, list, err);
        break;
    case BL_FIELD_FLOOR:
    case BL_FIELD_TIME:
        if (read_waiver(r, field->waivers, &floor->said, &floor->reason))
            break;
        floor->least = field->type == BL_FIELD_TIME ? (uint64_t)read_time(r) : bl_cbor_read_uint(r);
        floor->is_given = true;
        break;
    case BL_FIELD_DAYS:
        *(uint64_t *)value = bl_cbor_read_uint(r);
        break;
    case BL_FIELD_FLAG:
        *(bool *)value = bl_cbor_read_bool(r);
        break;
    }
    return bl_reader_ok(r, err);
}

static uint64_t
read_kinds(struct bl_reader *r)
{
    size_t count = bl_cbor_read_array(r, BL_KIND_COUNT);
    uint64_t kinds = 0;

    for (size_t i = 0; i < count && r->failed == NULL; i++) {
        unsigned kind = (unsigned)bl_policy_kind_from_word(bl_cbor_read_text(r, WORD_SIZE_MAX));
        if (kind == BL_KIND_NONE || kinds >> kind != 0)
            bl_reader_fail(r, "unknown kind, or out of order");
        kinds |= (uint64_t)1 << kind;
    }
    return kinds;
}

static void
read_head(struct bl_reader *r, uint64_t key, struct bl_appraisal_policy *p)
{
    if (bl_policy_read_head(r, key, p))
        return;
    switch (key) {
    case KEY_NOT_AFTER:
        p->not_after_s = read_time(r);
        break;
    case KEY_KINDS:
        p->kinds = read_kinds(r);
        break;
    default:
        bl_reader_fail(r, "unknown field");
        break;
    }
}

/* A field must be the next key of the map. */
static enum bulla_status
expect_key(struct bl_reader *r, struct bl_cbor_map *map, uint64_t expected, struct bulla_error *err)
{
    uint64_t key = 0;

    if (!bl_cbor_map_next_uint(r, map, &key) || key != expected)
        bl_reader_fail(r, "field is missing or unknown");
    return bl_reader_ok(r, err);
}

/* Of the fields those that must be there are, and of the others those that say something. */
static enum bulla_status
read_fields(struct bl_reader *r, struct bl_cbor_map *map, struct bl_appraisal_policy *policy,
            struct bulla_error *err)
{
    uint64_t key = 0;
    bool is_there = bl_cbor_map_next_uint(r, map, &key);

    for (size_t i = 0; i < bl_policy_field_count; i++) {
        const struct bl_policy_field *field = &bl_policy_fields[i];
        if (!bl_policy_has_field(policy, field))
            continue;
        if (is_there && key == field->key) {
            BL_TRY(read_field(r, field, bl_field_of(policy, field), err));
            if (!bl_policy_says(policy, field))
                bl_reader_fail(r, "a field that says what it would say if it were not there");
            is_there = bl_cbor_map_next_uint(r, map, &key);
        } else if (bl_policy_must_say(policy, field)) {
            bl_reader_fail(r, "field is missing or unknown");
        } else {
            bl_policy_leave_unsaid(policy, field);
        }
        BL_TRY(bl_reader_ok(r, err));
    }
    if (is_there)
        bl_reader_fail(r, "field is missing or unknown");
    return bl_reader_ok(r, err);
}

enum bulla_status
bl_policy_decode_2(struct bulla_bytes cbor, struct bl_appraisal_policy *policy,
                   struct bulla_error *err)
{
    struct bl_reader r = bl_reader(cbor, where);
    struct bl_cbor_map map = bl_cbor_read_map(&r, HEAD_COUNT + bl_policy_field_count);

    for (uint64_t key = BL_POLICY_KEY_FORMAT; key <= HEAD_COUNT; key++) {
        BL_TRY(expect_key(&r, &map, key, err));
        read_head(&r, key, policy);
        BL_TRY(bl_reader_ok(&r, err));
    }
    BL_TRY(read_fields(&r, &map, policy, err));
    return bl_reader_finish(&r, err);
}
