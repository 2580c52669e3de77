/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal_1.c: the canonical form of format 1, written and read, byte for byte as it always
 * was: brokers hold such policies, and their administrators signed them.
 *
 * A map with ascending keys; a policy for machines has 1 to 9, one for enclaves 1 to 15, always all
 * of them. "any" is the value true in the place of a list.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "policy/appraisal_fields.h"
#include "policy/appraisal_parts.h"

enum {
    KEY_CLASSES = BL_POLICY_KEY_BINDING + 1,
    KEY_PLATFORM_IDS,
    KEY_PLATFORM_PCRS,
    KEY_NOT_AFTER,
    KEY_MACHINE_COUNT = KEY_NOT_AFTER,
    KEY_ISOLATIONS,
    KEY_SIGNERS,
    KEY_PRODUCT,
    KEY_VERSION_MINIMUM,
    KEY_CODES,
    KEY_CONFIGS,
    KEY_ENCLAVE_COUNT = KEY_CONFIGS
};
#define WORD_SIZE_MAX 16u /* bytes: the longest of our words is "hypervisor" */

static const char where[] = "appraisal policy";

static struct bulla_bytes
text(const char *string)
{
    return (struct bulla_bytes){ (const uint8_t *)string, strlen(string) };
}

/* -- written ----------------------------------------------------------------------------------- */

/* Ascending by size, then content. */
static int
compare_values(const void *a, const void *b)
{
    const struct bulla_bytes *left = a;
    const struct bulla_bytes *right = b;

    if (left->size != right->size)
        return left->size < right->size ? -1 : 1;
    return left->size == 0 ? 0 : memcmp(left->data, right->data, left->size);
}

/* The values of the items of one PCR; of all items if the bank is NONE. */
static void
write_values(struct bl_writer *w, const struct bl_policy_list *list, struct bl_pcr_selection pcr)
{
    struct bulla_bytes values[BL_POLICY_LIST_COUNT_MAX];
    size_t count = 0;

    for (size_t i = 0; i < list->count && count < BL_COUNT_OF(values); i++) {
        const struct bl_policy_item *item = &list->items[i];
        if (item->pcr.bank == pcr.bank && item->pcr.mask == pcr.mask && item->value.size > 0)
            values[count++] = item->value;
    }
    if (count > 1)
        qsort(values, count, sizeof values[0], compare_values);
    bl_cbor_write_array(w, count);
    for (size_t i = 0; i < count; i++)
        bl_cbor_write_bytes(w, values[i]);
}

static void
write_set(struct bl_writer *w, const struct bl_policy_list *list)
{
    if (list->said == BL_SAID_ANY)
        bl_cbor_write_bool(w, true);
    else
        write_values(w, list, (struct bl_pcr_selection){ .bank = BL_HASH_NONE });
}

static void
write_words(struct bl_writer *w, uint64_t bits, int last, const char *(*word)(int))
{
    bl_cbor_write_array(w, (size_t)__builtin_popcountll(bits));
    for (int i = 1; i <= last; i++)
        if ((bits >> i & 1u) != 0)
            bl_cbor_write_text(w, text(word(i)));
}

static const char *
class_word(int value)
{
    return bl_platform_class_word((enum bl_platform_class)value);
}

static const char *
isolation_word(int value)
{
    return bl_isolation_word((enum bl_isolation)value);
}

static int
compare_pcrs(const void *a, const void *b)
{
    const struct bl_pcr_selection *left = a;
    const struct bl_pcr_selection *right = b;

    if (left->bank != right->bank)
        return left->bank < right->bank ? -1 : 1;
    return left->mask < right->mask ? -1 : left->mask > right->mask;
}

/* The PCRs that are named, each once, ascending. */
static size_t
list_pcrs(const struct bl_policy_list *list, struct bl_pcr_selection pcrs[BL_POLICY_PCR_COUNT_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct bl_pcr_selection *pcr = &list->items[i].pcr;
        size_t k = 0;
        while (k < count && compare_pcrs(pcr, &pcrs[k]) != 0)
            k++;
        if (k == count && count < BL_POLICY_PCR_COUNT_MAX)
            pcrs[count++] = *pcr;
    }
    if (count > 1)
        qsort(pcrs, count, sizeof pcrs[0], compare_pcrs);
    return count;
}

static void
write_platform_pcrs(struct bl_writer *w, const struct bl_policy_list *list)
{
    struct bl_pcr_selection pcrs[BL_POLICY_PCR_COUNT_MAX];
    const size_t count = list_pcrs(list, pcrs);

    if (list->said == BL_SAID_ANY) {
        bl_cbor_write_bool(w, true);
        return;
    }
    bl_cbor_write_array(w, count);
    for (size_t i = 0; i < count; i++) {
        bl_cbor_write_array(w, 3);
        bl_policy_write_pcr(w, pcrs[i]);
        write_values(w, list, pcrs[i]);
    }
}

static void
write_enclave(struct bl_writer *w, const struct bl_appraisal_policy *policy)
{
    bl_cbor_write_uint(w, KEY_ISOLATIONS);
    write_words(w, policy->isolations, BL_ISOLATION_HARDWARE, isolation_word);
    bl_cbor_write_uint(w, KEY_SIGNERS);
    write_set(w, &policy->signers);
    bl_cbor_write_uint(w, KEY_PRODUCT);
    bl_cbor_write_text(w, policy->products.items[0].value);
    bl_cbor_write_uint(w, KEY_VERSION_MINIMUM);
    bl_cbor_write_uint(w, policy->minimum_version.least);
    bl_cbor_write_uint(w, KEY_CODES);
    write_set(w, &policy->codes);
    bl_cbor_write_uint(w, KEY_CONFIGS);
    write_set(w, &policy->configs);
}

static void
write_policy(struct bl_writer *w, const struct bl_appraisal_policy *policy)
{
    bool is_enclave = policy->subject == BL_SUBJECT_ENCLAVE;

    bl_cbor_write_map(w, is_enclave ? KEY_ENCLAVE_COUNT : KEY_MACHINE_COUNT);
    bl_policy_write_head(w, BL_POLICY_FORMAT_1, policy);
    bl_cbor_write_uint(w, KEY_CLASSES);
    write_words(w, policy->classes, BL_CLASS_HARDWARE, class_word);
    bl_cbor_write_uint(w, KEY_PLATFORM_IDS);
    write_set(w, &policy->platforms);
    bl_cbor_write_uint(w, KEY_PLATFORM_PCRS);
    write_platform_pcrs(w, &policy->platform_pcrs);
    bl_cbor_write_uint(w, KEY_NOT_AFTER);
    bl_cbor_write_uint(w, (uint64_t)policy->not_after_s);
    if (is_enclave)
        write_enclave(w, policy);
}

enum bulla_status
bl_policy_encode_1(const struct bl_appraisal_policy *policy, struct bulla_buffer *out,
                   struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    if (policy->subject == BL_SUBJECT_ENCLAVE && policy->products.count != 1)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "format 1 has one product", 0);
    write_policy(&w, policy);
    return bl_writer_finish(&w, err);
}

/* -- read -------------------------------------------------------------------------------------- */

/* Digests without a source or an end of their own, ascending. */
static enum bulla_status
read_values(struct bl_reader *r, struct bl_policy_item *items, size_t count,
            struct bulla_error *err)
{
    for (size_t i = 0; i < count; i++) {
        items[i].value = bl_policy_read_digest(r);
        items[i].until_s = BL_POLICY_NEVER;
        if (i > 0 && compare_values(&items[i - 1].value, &items[i].value) >= 0)
            bl_reader_fail(r, "items repeat, or do not ascend");
        BL_TRY(bl_reader_ok(r, err));
    }
    return bl_reader_ok(r, err);
}

static bool
read_if_any(struct bl_reader *r, struct bl_policy_list *list)
{
    if (bl_cbor_peek(r) != BL_CBOR_SIMPLE)
        return false;
    list->said = BL_SAID_ANY;
    if (!bl_cbor_read_bool(r))
        bl_reader_fail(r, "false in the place of a list");
    return true;
}

static enum bulla_status
read_set(struct bl_reader *r, bool any_is_permitted, struct bl_policy_list *list,
         struct bulla_error *err)
{
    if (any_is_permitted && read_if_any(r, list))
        return bl_reader_ok(r, err);
    size_t count = bl_cbor_read_array(r, BL_POLICY_LIST_COUNT_MAX);
    BL_TRY(bl_reader_ok(r, err));
    BL_TRY(bl_policy_list_new(list, count, err));
    return read_values(r, list->items, count, err);
}

/* Words of an enum, ascending by its numbers. */
static uint64_t
read_words(struct bl_reader *r, int last, int (*from_word)(struct bulla_bytes))
{
    size_t count = bl_cbor_read_array(r, (size_t)last);
    uint64_t bits = 0;
    int previous = 0;

    for (size_t i = 0; i < count && r->failed == NULL; i++) {
        int value = from_word(bl_cbor_read_text(r, WORD_SIZE_MAX));
        if (value <= previous)
            bl_reader_fail(r, "unknown word, or out of order");
        previous = value;
        bits |= (uint64_t)1 << value;
    }
    return bits;
}

static int
class_value(struct bulla_bytes word)
{
    return (int)bl_platform_class_from_word(word);
}

static int
isolation_value(struct bulla_bytes word)
{
    return (int)bl_isolation_from_word(word);
}

static enum bulla_status
read_product(struct bl_reader *r, struct bl_policy_list *products, struct bulla_error *err)
{
    struct bulla_bytes product = bl_policy_read_text(r, BL_PRODUCT_SIZE_MAX);

    BL_TRY(bl_reader_ok(r, err));
    BL_TRY(bl_policy_list_new(products, 1, err));
    products->items[0] = (struct bl_policy_item){ .value = product, .until_s = BL_POLICY_NEVER };
    return BULLA_OK;
}

/* How many items there will be: one for each value, and one for a PCR that has none. */
static size_t
count_references(struct bl_reader r, size_t pcr_count)
{
    size_t total = 0;

    for (size_t i = 0; i < pcr_count && r.failed == NULL; i++) {
        if (bl_cbor_read_array(&r, 3) != 3)
            bl_reader_fail(&r, "not a PCR with its values");
        (void)bl_policy_read_pcr(&r);
        size_t count = bl_cbor_read_array(&r, BL_POLICY_LIST_COUNT_MAX);
        for (size_t k = 0; k < count && r.failed == NULL; k++)
            (void)bl_cbor_read_bytes(&r, BL_HASH_SIZE_MAX);
        total += count > 0 ? count : 1;
    }
    return total;
}

/* One PCR; a PCR without values is an item that no value matches. *used_out items. */
static enum bulla_status
read_reference(struct bl_reader *r, struct bl_pcr_selection *previous, struct bl_policy_item *items,
               size_t *used_out, struct bulla_error *err)
{
    if (bl_cbor_read_array(r, 3) != 3)
        bl_reader_fail(r, "not a PCR with its values");
    struct bl_pcr_selection pcr = bl_policy_read_pcr(r);
    size_t count = bl_cbor_read_array(r, BL_POLICY_LIST_COUNT_MAX);
    BL_TRY(bl_reader_ok(r, err));
    if (compare_pcrs(previous, &pcr) >= 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "PCRs repeat, or do not ascend", 0);
    *previous = pcr;
    *used_out = count > 0 ? count : 1;
    for (size_t i = 0; i < *used_out; i++)
        items[i].pcr = pcr;
    return read_values(r, items, count, err);
}

static enum bulla_status
read_platform_pcrs(struct bl_reader *r, struct bl_policy_list *list, struct bulla_error *err)
{
    struct bl_pcr_selection previous = { 0 };

    if (read_if_any(r, list))
        return bl_reader_ok(r, err);
    size_t pcr_count = bl_cbor_read_array(r, BL_POLICY_PCR_COUNT_MAX);
    BL_TRY(bl_reader_ok(r, err));
    BL_TRY(bl_policy_list_new(list, count_references(*r, pcr_count), err));
    for (size_t i = 0, at = 0, used = 0; i < pcr_count; i++, at += used)
        BL_TRY(read_reference(r, &previous, list->items + at, &used, err));
    return BULLA_OK;
}

static enum bulla_status
read_not_after(struct bl_reader *r, struct bl_appraisal_policy *policy, struct bulla_error *err)
{
    uint64_t not_after = bl_cbor_read_uint(r);

    if (not_after > INT64_MAX)
        bl_reader_fail(r, "time out of range");
    policy->not_after_s = (int64_t)not_after;
    return bl_reader_ok(r, err);
}

static enum bulla_status
read_field(struct bl_reader *r, uint64_t key, struct bl_appraisal_policy *p,
           struct bulla_error *err)
{
    if (bl_policy_read_head(r, key, p))
        return bl_reader_ok(r, err);
    switch (key) {
    case KEY_CLASSES:
        p->classes = read_words(r, BL_CLASS_HARDWARE, class_value);
        break;
    case KEY_PLATFORM_IDS:
        return read_set(r, /* any_is_permitted= */ true, &p->platforms, err);
    case KEY_PLATFORM_PCRS:
        return read_platform_pcrs(r, &p->platform_pcrs, err);
    case KEY_NOT_AFTER:
        return read_not_after(r, p, err);
    case KEY_ISOLATIONS:
        p->isolations = read_words(r, BL_ISOLATION_HARDWARE, isolation_value);
        break;
    case KEY_SIGNERS:
        return read_set(r, /* any_is_permitted= */ false, &p->signers, err);
    case KEY_PRODUCT:
        return read_product(r, &p->products, err);
    case KEY_VERSION_MINIMUM:
        p->minimum_version = (struct bl_floor){ .is_given = true, .least = bl_cbor_read_uint(r) };
        break;
    case KEY_CODES:
        return read_set(r, /* any_is_permitted= */ true, &p->codes, err);
    case KEY_CONFIGS:
        return read_set(r, /* any_is_permitted= */ true, &p->configs, err);
    default:
        bl_reader_fail(r, "unknown field");
        break;
    }
    return bl_reader_ok(r, err);
}

/* What format 1 has no word for: as the built-in baseline has it, and nothing beyond. */
static void
add_baseline(struct bl_appraisal_policy *policy)
{
    const struct bl_policy_list any = { .said = BL_SAID_ANY };
    const struct bl_floor any_floor = { .said = BL_SAID_ANY };

    policy->kinds = BL_KINDS_ALL;
    policy->unchecked = any;
    policy->tcb_statuses = (uint64_t)1 << BL_TCB_UP_TO_DATE;
    policy->tcb_evaluation = policy->tcb_date = any_floor;
    policy->firmware = any;
    policy->guest_policy_permitted = policy->platform_info_permitted = UINT64_MAX;
    policy->td_attributes_permitted = policy->sgx_attributes_permitted = UINT64_MAX;
    policy->vmpls = 1; /* VMPL 0 */
    policy->registers = any;
    policy->tdx_modules = any;
}

enum bulla_status
bl_policy_decode_1(struct bulla_bytes cbor, struct bl_appraisal_policy *policy,
                   struct bulla_error *err)
{
    struct bl_reader r = bl_reader(cbor, where);
    struct bl_cbor_map map = bl_cbor_read_map(&r, KEY_ENCLAVE_COUNT);
    size_t count = map.left;
    uint64_t key = 0;

    if (bl_cbor_map_next_uint(&r, &map, &key)) /* the format was looked at already */
        (void)bl_cbor_read_uint(&r);
    for (uint64_t expected = BL_POLICY_KEY_NAME; bl_cbor_map_next_uint(&r, &map, &key);
         expected++) {
        if (key != expected)
            bl_reader_fail(&r, "field is missing or unknown");
        BL_TRY(bl_reader_ok(&r, err));
        BL_TRY(read_field(&r, key, policy, err));
    }
    BL_TRY(bl_reader_finish(&r, err));
    size_t wanted = policy->subject == BL_SUBJECT_ENCLAVE ? KEY_ENCLAVE_COUNT : KEY_MACHINE_COUNT;
    if (count != wanted)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "number of fields", 0);
    add_baseline(policy);
    return BULLA_OK;
}
