/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal.c: the canonical form of an appraisal policy, written and read.
 *
 * A map with ascending keys; a policy for machines has 1 to 9, one for enclaves 1 to 15, always all
 * of them. "any" is the value true in the place of a list.
 */
#include "policy/appraisal.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "codec/words.h"

enum {
    KEY_FORMAT = 1,
    KEY_NAME,
    KEY_VERSION,
    KEY_SUBJECT,
    KEY_BINDING,
    KEY_CLASSES,
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

static const char *const subject_words[] = {
    [BL_SUBJECT_ABSENT] = "absent",
    [BL_SUBJECT_MACHINE] = "machine",
    [BL_SUBJECT_ENCLAVE] = "enclave",
};

static struct bulla_bytes
text(const char *string)
{
    return (struct bulla_bytes){ (const uint8_t *)string, strlen(string) };
}

const char *
bl_policy_subject_word(enum bl_policy_subject subject)
{
    return bl_word_of(subject_words, BL_COUNT_OF(subject_words), (int)subject);
}

enum bl_policy_subject
bl_policy_subject_from_word(struct bulla_bytes word)
{
    return (enum bl_policy_subject)bl_word_value(subject_words, BL_COUNT_OF(subject_words), word);
}

void
bl_appraisal_policy_done(struct bl_appraisal_policy *policy)
{
    bl_digest_set_done(&policy->platform_ids);
    bl_digest_set_done(&policy->signers);
    bl_digest_set_done(&policy->codes);
    bl_digest_set_done(&policy->configs);
    for (size_t i = 0; i < policy->platform_pcr_count; i++)
        bl_digest_set_done(&policy->platform_pcrs[i].values);
    bl_free(policy->platform_pcrs);
    *policy = (struct bl_appraisal_policy){ 0 };
}

/* -- written ----------------------------------------------------------------------------------- */

static void
write_set(struct bl_writer *w, const struct bl_digest_set *set)
{
    if (set->any) {
        bl_cbor_write_bool(w, true);
        return;
    }
    bl_cbor_write_array(w, set->count);
    for (size_t i = 0; i < set->count; i++)
        bl_cbor_write_bytes(w, (struct bulla_bytes){ set->items[i].bytes, set->items[i].size });
}

static void
write_words(struct bl_writer *w, unsigned bits, int last, const char *(*word)(int))
{
    bl_cbor_write_array(w, (size_t)__builtin_popcount(bits));
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

static void
write_platform_pcrs(struct bl_writer *w, const struct bl_appraisal_policy *policy)
{
    if (policy->any_platform_state) {
        bl_cbor_write_bool(w, true);
        return;
    }
    bl_cbor_write_array(w, policy->platform_pcr_count);
    for (size_t i = 0; i < policy->platform_pcr_count; i++) {
        const struct bl_pcr_reference *reference = &policy->platform_pcrs[i];
        bl_cbor_write_array(w, 3);
        bl_cbor_write_uint(w, bl_tcg_algorithm(reference->pcr.bank));
        bl_cbor_write_uint(w, (uint64_t)__builtin_ctz(reference->pcr.mask));
        write_set(w, &reference->values);
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
    bl_cbor_write_text(w, text(policy->product));
    bl_cbor_write_uint(w, KEY_VERSION_MINIMUM);
    bl_cbor_write_uint(w, policy->version_minimum);
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
    bl_cbor_write_uint(w, KEY_FORMAT);
    bl_cbor_write_uint(w, BL_POLICY_FORMAT);
    bl_cbor_write_uint(w, KEY_NAME);
    bl_cbor_write_text(w, text(policy->name));
    bl_cbor_write_uint(w, KEY_VERSION);
    bl_cbor_write_uint(w, policy->version);
    bl_cbor_write_uint(w, KEY_SUBJECT);
    bl_cbor_write_text(w, text(bl_policy_subject_word(policy->subject)));
    bl_cbor_write_uint(w, KEY_BINDING);
    bl_cbor_write_text(w, text(bl_binding_word(policy->binding)));
    bl_cbor_write_uint(w, KEY_CLASSES);
    write_words(w, policy->classes, BL_CLASS_HARDWARE, class_word);
    bl_cbor_write_uint(w, KEY_PLATFORM_IDS);
    write_set(w, &policy->platform_ids);
    bl_cbor_write_uint(w, KEY_PLATFORM_PCRS);
    write_platform_pcrs(w, policy);
    bl_cbor_write_uint(w, KEY_NOT_AFTER);
    bl_cbor_write_uint(w, (uint64_t)policy->not_after_s);
    if (is_enclave)
        write_enclave(w, policy);
}

enum bulla_status
bl_appraisal_policy_encode(const struct bl_appraisal_policy *policy, struct bulla_buffer *out,
                           struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) encoded = { 0 };
    struct bl_writer w = bl_writer(&encoded);

    if (policy->subject == BL_SUBJECT_ABSENT || policy->not_after_s < 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "no subject, or a time before 1970", 0);
    write_policy(&w, policy);
    BL_TRY(bl_writer_finish(&w, err));
    return bulla_buffer_append(out, bulla_buffer_bytes(&encoded), err);
}

/* -- read -------------------------------------------------------------------------------------- */

static enum bulla_status
read_set(struct bl_reader *r, bool any_is_permitted, struct bl_digest_set *set,
         struct bulla_error *err)
{
    if (any_is_permitted && bl_cbor_peek(r) == BL_CBOR_SIMPLE) {
        set->any = bl_cbor_read_bool(r);
        if (!set->any)
            bl_reader_fail(r, "false in the place of a list");
        return bl_reader_ok(r, err);
    }
    size_t count = bl_cbor_read_array(r, BL_POLICY_LIST_COUNT_MAX);
    BL_TRY(bl_reader_ok(r, err));
    BL_TRY(bl_digest_set_new(set, count, err));
    for (size_t i = 0; i < count; i++) {
        struct bulla_bytes digest = bl_cbor_read_bytes(r, BL_HASH_SIZE_MAX);
        BL_TRY(bl_reader_ok(r, err));
        BL_TRY(bl_digest_set_fill(set, i, digest, err));
    }
    return bl_digest_set_check(set, err);
}

/* Words of an enum, ascending by its numbers. */
static unsigned
read_words(struct bl_reader *r, int last, int (*from_word)(struct bulla_bytes))
{
    size_t count = bl_cbor_read_array(r, (size_t)last);
    unsigned bits = 0;
    int previous = 0;

    for (size_t i = 0; i < count && r->failed == NULL; i++) {
        int value = from_word(bl_cbor_read_text(r, WORD_SIZE_MAX));
        if (value <= previous)
            bl_reader_fail(r, "unknown word, or out of order");
        previous = value;
        bits |= 1u << value;
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

/* A name that people see and compare: 1 to `size_max` bytes without NUL. */
static void
read_name(struct bl_reader *r, char *out, size_t size_max)
{
    struct bulla_bytes name = bl_cbor_read_text(r, size_max);

    if (name.size == 0 || memchr(name.data, 0, name.size) != NULL) {
        bl_reader_fail(r, "name is empty or has a NUL");
        return;
    }
    memcpy(out, name.data, name.size);
}

static struct bl_pcr_selection
read_pcr(struct bl_reader *r)
{
    uint64_t algorithm = bl_cbor_read_uint(r);
    uint64_t index = bl_cbor_read_uint(r);
    struct bl_pcr_selection pcr = { 0 };

    if (algorithm <= UINT16_MAX)
        pcr.bank = bl_tcg_hash((uint16_t)algorithm);
    if (pcr.bank == BL_HASH_NONE || pcr.bank == BL_SHA1 || index >= BL_PCR_COUNT)
        bl_reader_fail(r, "no such PCR, or a SHA-1 bank");
    else
        pcr.mask = 1u << index;
    return pcr;
}

static bool
ascends(struct bl_pcr_selection a, struct bl_pcr_selection b)
{
    return a.bank != b.bank ? a.bank < b.bank : a.mask < b.mask;
}

static enum bulla_status
check_references(const struct bl_appraisal_policy *policy, struct bulla_error *err)
{
    for (size_t i = 0; i < policy->platform_pcr_count; i++) {
        const struct bl_pcr_reference *reference = &policy->platform_pcrs[i];
        if (i > 0 && !ascends(policy->platform_pcrs[i - 1].pcr, reference->pcr))
            return bulla_fail(err, BULLA_E_MALFORMED, where, "PCRs repeat, or do not ascend", i);
        for (size_t k = 0; k < reference->values.count; k++)
            if (reference->values.items[k].size != bl_hash_size(reference->pcr.bank))
                return bulla_fail(err, BULLA_E_MALFORMED, where,
                                  "PCR value is not of its bank's size", i);
    }
    return BULLA_OK;
}

static enum bulla_status
read_platform_pcrs(struct bl_reader *r, struct bl_appraisal_policy *policy, struct bulla_error *err)
{
    if (bl_cbor_peek(r) == BL_CBOR_SIMPLE) {
        policy->any_platform_state = bl_cbor_read_bool(r);
        if (!policy->any_platform_state)
            bl_reader_fail(r, "false in the place of a list");
        return bl_reader_ok(r, err);
    }
    size_t count = bl_cbor_read_array(r, BL_POLICY_PCR_COUNT_MAX);
    BL_TRY(bl_reader_ok(r, err));
    BL_TRY(bl_appraisal_policy_new_pcrs(policy, count, err));
    for (size_t i = 0; i < count; i++) {
        if (bl_cbor_read_array(r, 3) != 3)
            bl_reader_fail(r, "reference value");
        policy->platform_pcrs[i].pcr = read_pcr(r);
        BL_TRY(read_set(r, /* any_is_permitted= */ false, &policy->platform_pcrs[i].values, err));
    }
    return check_references(policy, err);
}

static enum bulla_status
read_not_after(struct bl_reader *r, struct bl_appraisal_policy *policy, struct bulla_error *err)
{
    policy->not_after_s = bl_cbor_read_int(r);
    if (policy->not_after_s < 0)
        bl_reader_fail(r, "a time before 1970");
    return bl_reader_ok(r, err);
}

static enum bulla_status
read_field(struct bl_reader *r, uint64_t key, struct bl_appraisal_policy *p,
           struct bulla_error *err)
{
    switch (key) {
    case KEY_NAME:
        read_name(r, p->name, BL_POLICY_NAME_SIZE_MAX);
        break;
    case KEY_VERSION:
        p->version = bl_cbor_read_uint(r);
        break;
    case KEY_SUBJECT:
        p->subject = bl_policy_subject_from_word(bl_cbor_read_text(r, WORD_SIZE_MAX));
        break;
    case KEY_BINDING:
        p->binding = bl_binding_from_word(bl_cbor_read_text(r, WORD_SIZE_MAX));
        break;
    case KEY_CLASSES:
        p->classes = read_words(r, BL_CLASS_HARDWARE, class_value);
        break;
    case KEY_PLATFORM_IDS:
        return read_set(r, /* any_is_permitted= */ true, &p->platform_ids, err);
    case KEY_PLATFORM_PCRS:
        return read_platform_pcrs(r, p, err);
    case KEY_NOT_AFTER:
        return read_not_after(r, p, err);
    case KEY_ISOLATIONS:
        p->isolations = read_words(r, BL_ISOLATION_HARDWARE, isolation_value);
        break;
    case KEY_SIGNERS:
        return read_set(r, /* any_is_permitted= */ false, &p->signers, err);
    case KEY_PRODUCT:
        read_name(r, p->product, BL_PRODUCT_SIZE_MAX);
        break;
    case KEY_VERSION_MINIMUM:
        p->version_minimum = bl_cbor_read_uint(r);
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

static enum bulla_status
read_policy(struct bl_reader *r, struct bl_appraisal_policy *policy, struct bulla_error *err)
{
    struct bl_cbor_map map = bl_cbor_read_map(r, KEY_ENCLAVE_COUNT);
    size_t count = map.left;
    uint64_t key = 0;

    if (!bl_cbor_map_next_uint(r, &map, &key) || key != KEY_FORMAT)
        bl_reader_fail(r, "no format version");
    uint64_t format = bl_cbor_read_uint(r);
    BL_TRY(bl_reader_ok(r, err));
    if (format != BL_POLICY_FORMAT)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "format version", 0);
    for (uint64_t expected = KEY_NAME; bl_cbor_map_next_uint(r, &map, &key); expected++) {
        if (key != expected)
            bl_reader_fail(r, "field is missing or unknown");
        BL_TRY(bl_reader_ok(r, err));
        BL_TRY(read_field(r, key, policy, err));
    }
    BL_TRY(bl_reader_finish(r, err));
    size_t wanted = policy->subject == BL_SUBJECT_ENCLAVE ? KEY_ENCLAVE_COUNT : KEY_MACHINE_COUNT;
    if (policy->subject == BL_SUBJECT_ABSENT || policy->binding == BL_BINDING_ABSENT ||
        count != wanted)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "subject, binding or number of fields", 0);
    return BULLA_OK;
}

enum bulla_status
bl_appraisal_policy_decode(struct bulla_bytes cbor, struct bl_appraisal_policy *policy_out,
                           struct bulla_error *err)
{
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    struct bl_reader r = bl_reader(cbor, where);

    if (cbor.size > BL_POLICY_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too large", cbor.size);
    BL_TRY(read_policy(&r, &policy, err));
    BL_TRY(bl_hash_once(BL_SHA256, cbor, policy.digest, err));
    *policy_out = policy;
    policy = (struct bl_appraisal_policy){ 0 };
    return BULLA_OK;
}

enum bulla_status
bl_appraisal_policy_new_pcrs(struct bl_appraisal_policy *policy, size_t count,
                             struct bulla_error *err)
{
    if (count == 0)
        return BULLA_OK;
    policy->platform_pcrs = bl_alloc(count, sizeof *policy->platform_pcrs);
    if (policy->platform_pcrs == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", count);
    policy->platform_pcr_count = count;
    return BULLA_OK;
}
