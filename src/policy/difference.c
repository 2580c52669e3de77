/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/difference.h"

#include <string.h>

#include "base/memory.h"

/* One direction: what `more` permits that `less` does not. */
struct comparison {
    const struct bl_appraisal_policy *more, *less;
    enum bl_side side; /* of `more` */
    void (*seen)(void *context, const struct bl_difference *difference);
    void *context;
};

static void
tell(const struct comparison *c, struct bl_difference difference)
{
    difference.permits = c->side;
    c->seen(c->context, &difference);
}

static void
tell_field(const struct comparison *c, const struct bl_policy_field *field,
           enum bl_difference_kind kind)
{
    tell(c, (struct bl_difference){ .kind = kind, .name = field->name, .field = field });
}

/* -- at the head -------------------------------------------------------------------------------- */

static void
compare_head(const struct comparison *c)
{
    const struct bl_appraisal_policy *m = c->more, *l = c->less;

    if (m->subject != l->subject)
        tell(c, (struct bl_difference){ .kind = BL_DIFFERS_WORD,
                                        .name = "subject",
                                        .word = bl_policy_subject_word(m->subject) });
    if (m->binding < l->binding)
        tell(c, (struct bl_difference){ .kind = BL_DIFFERS_WORD,
                                        .name = "binding",
                                        .word = bl_binding_word(m->binding) });
    if (m->not_after_s > l->not_after_s)
        tell(c, (struct bl_difference){
                    .kind = BL_DIFFERS_TIME, .name = "not_after", .time_s = m->not_after_s });
    for (int i = BL_KIND_NONE + 1; i < BL_KIND_COUNT; i++)
        if ((m->kinds & ~l->kinds) >> i & 1u)
            tell(c, (struct bl_difference){ .kind = BL_DIFFERS_WORD,
                                            .name = "kinds",
                                            .word = bl_policy_kind_word((enum bl_policy_kind)i) });
}

/* -- words, floors, flags ------------------------------------------------------------------------ */

static void
compare_words(const struct comparison *c, const struct bl_policy_field *field)
{
    const uint64_t more = *(const uint64_t *)bl_field_in(c->more, field);
    const uint64_t less = *(const uint64_t *)bl_field_in(c->less, field);
    const uint64_t differ = field->accepts_more ? more & ~less : less & ~more;
    char word[BL_BIT_WORD_SIZE];

    for (unsigned bit = 0; bit < 64; bit++)
        if ((differ >> bit & 1u) != 0 && bl_field_bit_word(field, bit, word) != NULL)
            tell(c, (struct bl_difference){ .kind = BL_DIFFERS_WORD,
                                            .name = field->name,
                                            .field = field,
                                            .is_demand = !field->accepts_more,
                                            .word = word });
}

/* True if what stands in the place of a list or number decides it already. */
static bool
compare_said(const struct comparison *c, const struct bl_policy_field *field, enum bl_said more,
             enum bl_said less, bool accepts_something)
{
    if (more == BL_SAID_LIST && less == BL_SAID_LIST)
        return false;
    if (more == less)
        return true;
    if (more == BL_SAID_ANY)
        tell_field(c, field, BL_DIFFERS_ANY);
    else if (more == BL_SAID_ABSENT)
        tell_field(c, field, BL_DIFFERS_ABSENT);
    else if (less == BL_SAID_ABSENT && accepts_something)
        tell_field(c, field, BL_DIFFERS_LIST);
    return true;
}

static void
compare_floors(const struct comparison *c, const struct bl_policy_field *field)
{
    const struct bl_floor *more = bl_field_in(c->more, field);
    const struct bl_floor *less = bl_field_in(c->less, field);
    struct bl_difference difference = {
        .kind = BL_DIFFERS_FLOOR, .name = field->name, .field = field, .number = more->least
    };

    if (compare_said(c, field, more->said, less->said, more->is_given))
        return;
    if (!more->is_given || (less->is_given && more->least >= less->least))
        return;
    if (field->type == BL_FIELD_TIME) {
        difference.kind = BL_DIFFERS_TIME;
        difference.time_s = (int64_t)more->least;
    }
    tell(c, difference);
}

static void
compare_days(const struct comparison *c, const struct bl_policy_field *field)
{
    const uint64_t more = *(const uint64_t *)bl_field_in(c->more, field);

    if (more > *(const uint64_t *)bl_field_in(c->less, field))
        tell(c, (struct bl_difference){
                    .kind = BL_DIFFERS_DAYS, .name = field->name, .field = field, .number = more });
}

/* -- lists -------------------------------------------------------------------------------------- */

/* Is it about the same thing, whatever is said of it? */
static bool
is_same(const struct bl_policy_item *a, const struct bl_policy_item *b)
{
    bool same_check = (a->check == NULL && b->check == NULL) ||
                      (a->check != NULL && b->check != NULL && strcmp(a->check, b->check) == 0);

    return same_check && a->floor.generation == b->floor.generation &&
           a->module.version == b->module.version && a->pcr.bank == b->pcr.bank &&
           a->pcr.mask == b->pcr.mask && a->event_type == b->event_type &&
           bl_equal(a->value, b->value) && bl_equal(a->platform, b->platform);
}

static const struct bl_policy_item *
find(const struct bl_policy_list *list, const struct bl_policy_item *item)
{
    for (size_t i = 0; i < list->count; i++)
        if (is_same(&list->items[i], item))
            return &list->items[i];
    return NULL;
}

static bool
names_register(const struct bl_policy_list *list, const struct bl_pcr_selection *pcr)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].pcr.bank == pcr->bank && list->items[i].pcr.mask == pcr->mask)
            return true;
    return false;
}

static bool
has_lower_floor(const struct bl_policy_item *a, const struct bl_policy_item *b)
{
    for (size_t i = 0; i < BL_SVN_COUNT; i++)
        if (a->floor.svns[i] < b->floor.svns[i])
            return true;
    return a->module.svn < b->module.svn;
}

static void
tell_item(const struct comparison *c, const struct bl_policy_field *field,
          enum bl_difference_kind kind, const struct bl_policy_item *item)
{
    tell(c, (struct bl_difference){ .kind = kind,
                                    .name = field->name,
                                    .field = field,
                                    .item = item,
                                    .time_s = item->until_s });
}

/* What is accepted there: items that the other lacks, or has for a shorter time. */
static void
compare_accepted(const struct comparison *c, const struct bl_policy_field *field,
                 const struct bl_policy_list *more, const struct bl_policy_list *less)
{
    for (size_t i = 0; i < more->count; i++) {
        const struct bl_policy_item *item = &more->items[i];
        const struct bl_policy_item *there = find(less, item);
        if (there == NULL || has_lower_floor(item, there))
            tell_item(c, field, BL_DIFFERS_ITEM, item);
        else if (item->until_s > there->until_s)
            tell_item(c, field, BL_DIFFERS_UNTIL, item);
    }
}

/* Values of registers: a further value accepts more, a further register accepts less. */
static void
compare_registers(const struct comparison *c, const struct bl_policy_field *field,
                  const struct bl_policy_list *more, const struct bl_policy_list *less)
{
    for (size_t i = 0; i < more->count; i++) {
        const struct bl_policy_item *item = &more->items[i];
        const struct bl_policy_item *there = find(less, item);
        if (item->value.size == 0)
            continue;
        if (there == NULL && names_register(less, &item->pcr))
            tell_item(c, field, BL_DIFFERS_ITEM, item);
        else if (there != NULL && item->until_s > there->until_s)
            tell_item(c, field, BL_DIFFERS_UNTIL, item);
    }
    for (size_t i = 0; more->count > 0 && i < less->count; i++)
        if (!names_register(more, &less->items[i].pcr) &&
            (i == 0 || less->items[i - 1].pcr.mask != less->items[i].pcr.mask))
            tell_item(c, field, BL_DIFFERS_FREE, &less->items[i]);
}

/* What the other demands, or denies. */
static void
compare_demands(const struct comparison *c, const struct bl_policy_field *field,
                const struct bl_policy_list *more, const struct bl_policy_list *less)
{
    for (size_t i = 0; i < less->count; i++)
        if (find(more, &less->items[i]) == NULL)
            tell(c, (struct bl_difference){ .kind = BL_DIFFERS_ITEM,
                                            .name = field->name,
                                            .field = field,
                                            .is_demand = true,
                                            .item = &less->items[i] });
}

static void
compare_lists(const struct comparison *c, const struct bl_policy_field *field)
{
    const struct bl_policy_list *more = bl_field_in(c->more, field);
    const struct bl_policy_list *less = bl_field_in(c->less, field);

    if (compare_said(c, field, more->said, less->said, more->count > 0))
        return;
    if (field->accepts_more)
        compare_accepted(c, field, more, less);
    else if ((field->members & BL_ITEM_DIGEST) != 0 && (field->members & BL_ITEM_PCR) != 0)
        compare_registers(c, field, more, less);
    else
        compare_demands(c, field, more, less);
}

/* -- all of it ---------------------------------------------------------------------------------- */

static void
compare_field(const struct comparison *c, const struct bl_policy_field *field)
{
    switch (field->type) {
    case BL_FIELD_WORDS:
        compare_words(c, field);
        break;
    case BL_FIELD_LIST:
        compare_lists(c, field);
        break;
    case BL_FIELD_FLOOR:
    case BL_FIELD_TIME:
        compare_floors(c, field);
        break;
    case BL_FIELD_DAYS:
        compare_days(c, field);
        break;
    case BL_FIELD_FLAG:
        if (*(const bool *)bl_field_in(c->more, field) &&
            !*(const bool *)bl_field_in(c->less, field))
            tell_field(c, field, BL_DIFFERS_FLAG);
        break;
    }
}

/* Only what both of them may be asked about can differ. */
static bool
is_common(const struct bl_appraisal_policy *a, const struct bl_appraisal_policy *b,
          const struct bl_policy_field *field)
{
    return bl_policy_has_field(a, field) && bl_policy_has_field(b, field) &&
           (a->kinds & b->kinds & field->kinds) != 0;
}

void
bl_policy_compare(const struct bl_appraisal_policy *a, const struct bl_appraisal_policy *b,
                  void (*seen)(void *context, const struct bl_difference *difference),
                  void *context)
{
    const struct comparison forth = { a, b, BL_SIDE_A, seen, context };
    const struct comparison back = { b, a, BL_SIDE_B, seen, context };

    compare_head(&forth);
    compare_head(&back);
    for (size_t i = 0; i < bl_policy_field_count; i++) {
        if (!is_common(a, b, &bl_policy_fields[i]))
            continue;
        compare_field(&forth, &bl_policy_fields[i]);
        compare_field(&back, &bl_policy_fields[i]);
    }
}
