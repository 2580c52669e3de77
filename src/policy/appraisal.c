/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal.c: what both formats of a policy share: words, lists, what no policy may say.
 */
#include "policy/appraisal.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "codec/hex.h"
#include "codec/words.h"
#include "codec/yaml.h"
#include "policy/appraisal_fields.h"

static const char where[] = "appraisal policy";

/* -- words -------------------------------------------------------------------------------------- */

static const char *const subject_words[] = {
    [BL_SUBJECT_ABSENT] = "absent",
    [BL_SUBJECT_MACHINE] = "machine",
    [BL_SUBJECT_ENCLAVE] = "enclave",
};
static const char *const kind_words[BL_KIND_COUNT] = {
    [BL_KIND_NONE] = "none",
    [BL_KIND_SGX] = "sgx",
    [BL_KIND_TDX] = "tdx",
    [BL_KIND_SNP] = "snp",
    [BL_KIND_TPM] = "tpm",
    [BL_KIND_NITRO] = "nitro",
    [BL_KIND_NITROTPM] = "nitrotpm",
    [BL_KIND_AZURE_SNP] = "azure-snp",
    [BL_KIND_AZURE_TDX] = "azure-tdx",
    [BL_KIND_CCA] = "cca",
    [BL_KIND_PSA] = "psa",
    [BL_KIND_NVIDIA] = "nvidia",
    [BL_KIND_OPTEE] = "optee",
};
const char *const bl_policy_exceptions[] = { "tcb-status", "tcb-advisory", "firmware",
                                             "endorsement", NULL };

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

const char *
bl_policy_kind_word(enum bl_policy_kind kind)
{
    return bl_word_of(kind_words, BL_COUNT_OF(kind_words), (int)kind);
}

enum bl_policy_kind
bl_policy_kind_from_word(struct bulla_bytes word)
{
    return (enum bl_policy_kind)bl_word_value(kind_words, BL_COUNT_OF(kind_words), word);
}

enum bl_policy_kind
bl_policy_kind_of(const struct bl_claims *claims)
{
    if (claims->kind == NULL)
        return BL_KIND_NONE;
    if (strcmp(claims->kind, "azure") == 0)
        return claims->firmware.generation != BL_SNP_GENERATION_NONE ? BL_KIND_AZURE_SNP
                                                                     : BL_KIND_AZURE_TDX;
    if (strcmp(claims->kind, "nitro") == 0 && claims->platform.is_present)
        return BL_KIND_NITROTPM;
    return bl_policy_kind_from_word(
        (struct bulla_bytes){ (const uint8_t *)claims->kind, strlen(claims->kind) });
}

/* -- lists -------------------------------------------------------------------------------------- */

void
bl_policy_list_done(struct bl_policy_list *list)
{
    bl_free(list->items);
    *list = (struct bl_policy_list){ 0 };
}

enum bulla_status
bl_policy_list_new(struct bl_policy_list *list, size_t count, struct bulla_error *err)
{
    *list = (struct bl_policy_list){ 0 };
    if (count == 0)
        return BULLA_OK;
    list->items = bl_alloc(count, sizeof *list->items);
    if (list->items == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", count);
    list->count = count;
    return BULLA_OK;
}

enum bl_match
bl_policy_list_match(const struct bl_policy_list *list, struct bulla_bytes value, int64_t now_s,
                     const struct bl_policy_item **item_out)
{
    const struct bl_policy_item *expired = NULL, *found = NULL;

    for (size_t i = 0; value.size > 0 && i < list->count; i++) {
        const struct bl_policy_item *item = &list->items[i];
        if (!bl_equal(item->value, value))
            continue;
        if (now_s >= 0 && now_s <= item->until_s)
            found = item;
        else
            expired = item;
    }
    if (item_out != NULL)
        *item_out = found != NULL ? found : expired;
    if (value.size == 0)
        return list->said == BL_SAID_ABSENT ? BL_MATCH_YES : BL_MATCH_NONE;
    if (found != NULL || list->said == BL_SAID_ANY)
        return BL_MATCH_YES;
    return expired != NULL ? BL_MATCH_EXPIRED : BL_MATCH_NONE;
}

void
bl_appraisal_policy_done(struct bl_appraisal_policy *policy)
{
    for (size_t i = 0; i < bl_policy_field_count; i++)
        if (bl_policy_fields[i].type == BL_FIELD_LIST)
            bl_policy_list_done(bl_field_of(policy, &bl_policy_fields[i]));
    bulla_buffer_done(&policy->canonical);
    *policy = (struct bl_appraisal_policy){ 0 };
}

/* -- what no policy may say --------------------------------------------------------------------- */

static enum bulla_status
refuse(const char *what, struct bulla_error *err)
{
    return bulla_fail(err, BULLA_E_MALFORMED, where, what, 0);
}

/* "microcode 219": a component and a number that it may have. */
static bool
is_component(struct bulla_bytes value)
{
    char word[BL_POLICY_NAME_SIZE_MAX + 1];

    for (unsigned i = 0; i < BL_SVN_COUNT; i++)
        for (unsigned svn = 0; svn <= UINT8_MAX; svn++) {
            int size = snprintf(word, sizeof word, "%s %u", bl_svn_word((enum bl_svn)i), svn);
            if (bl_equal(value, (struct bulla_bytes){ (const uint8_t *)word, (size_t)size }))
                return true;
        }
    return false;
}

static bool
is_unchecked_word(struct bulla_bytes value)
{
    const char *word = bl_unchecked_word(value);

    return bl_equal(value, (struct bulla_bytes){ (const uint8_t *)word, strlen(word) });
}

/* An exception that lifts nothing is a slip of the pen. */
static enum bulla_status
check_exception(const struct bl_policy_item *item, struct bulla_error *err)
{
    enum bl_tcb_status status = bl_tcb_status_from_word(item->value);

    if (strcmp(item->check, "tcb-status") == 0 &&
        (status == BL_TCB_ABSENT || status == BL_TCB_REVOKED))
        return refuse("an exception for a TCB status that there is not, or for Revoked", err);
    if (strcmp(item->check, "firmware") == 0 && !is_component(item->value))
        return refuse("an exception for firmware that is not like \"microcode 219\"", err);
    if (strcmp(item->check, "endorsement") == 0 && !is_unchecked_word(item->value))
        return refuse("an exception for an endorsement that there is not", err);
    return BULLA_OK;
}

/* Each PCR's values are of its bank's size; more PCRs than there are make no sense. */
static enum bulla_status
check_registers(const struct bl_policy_list *list, struct bulla_error *err)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].value.size != bl_hash_size(list->items[i].pcr.bank) &&
            list->items[i].value.size != 0)
            return refuse("a PCR's value is not of its bank's size", err);
    return BULLA_OK;
}

enum bulla_status
bl_policy_check(const struct bl_appraisal_policy *policy, struct bulla_error *err)
{
    if (policy->subject == BL_SUBJECT_ABSENT || policy->binding == BL_BINDING_ABSENT ||
        policy->not_after_s < 0)
        return refuse("no subject, no binding, or a time before 1970", err);
    if (policy->format == BL_POLICY_FORMAT_1)
        return check_registers(&policy->platform_pcrs, err);
    if (policy->kinds == 0 || (policy->kinds & ~BL_KINDS_ALL) != 0)
        return refuse("it is for no kind of evidence", err);
    if (policy->subject == BL_SUBJECT_ENCLAVE && policy->codes.said == BL_SAID_ANY &&
        policy->signers.said != BL_SAID_LIST)
        return refuse("any code of any signer: that names nobody", err);
    for (size_t i = 0; i < policy->exceptions.count; i++)
        BL_TRY(check_exception(&policy->exceptions.items[i], err));
    for (size_t i = 0; i < policy->unchecked.count; i++)
        if (!is_unchecked_word(policy->unchecked.items[i].value))
            return refuse("an endorsement that there is not", err);
    if (policy->collateral_grace_days > BL_COLLATERAL_GRACE_DAYS_MAX)
        return refuse("a grace for collateral of more than 366 days", err);
    BL_TRY(check_registers(&policy->platform_pcrs, err));
    BL_TRY(check_registers(&policy->registers, err));
    BL_TRY(check_registers(&policy->required_events, err));
    return check_registers(&policy->forbidden_events, err);
}

/* -- canonical form ----------------------------------------------------------------------------- */

enum bulla_status
bl_appraisal_policy_encode(const struct bl_appraisal_policy *policy, struct bulla_buffer *out,
                           struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) encoded = { 0 };

    BL_TRY(bl_policy_check(policy, err));
    if (policy->format == BL_POLICY_FORMAT_1)
        BL_TRY(bl_policy_encode_1(policy, &encoded, err));
    else
        BL_TRY(bl_policy_encode_2(policy, &encoded, err));
    return bulla_buffer_append(out, bulla_buffer_bytes(&encoded), err);
}

static enum bulla_status
read_format(struct bulla_bytes cbor, uint64_t *format_out, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(cbor, where);
    struct bl_cbor_map map = bl_cbor_read_map(&r, SIZE_MAX);
    uint64_t key = 0;

    if (!bl_cbor_map_next_uint(&r, &map, &key) || key != 1)
        bl_reader_fail(&r, "no format version");
    *format_out = bl_cbor_read_uint(&r);
    return bl_reader_ok(&r, err);
}

enum bulla_status
bl_appraisal_policy_decode(struct bulla_bytes cbor, struct bl_appraisal_policy *policy_out,
                           struct bulla_error *err)
{
    BL_AUTO(bl_appraisal_policy) policy = { 0 };

    if (cbor.size > BL_POLICY_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too large", cbor.size);
    BL_TRY(bulla_buffer_append(&policy.canonical, cbor, err));
    const struct bulla_bytes own = bulla_buffer_bytes(&policy.canonical);
    BL_TRY(read_format(own, &policy.format, err));
    if (policy.format == BL_POLICY_FORMAT_1)
        BL_TRY(bl_policy_decode_1(own, &policy, err));
    else if (policy.format == BL_POLICY_FORMAT)
        BL_TRY(bl_policy_decode_2(own, &policy, err));
    else
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "format version", 0);
    BL_TRY(bl_policy_check(&policy, err));
    BL_TRY(bl_hash_once(BL_SHA256, cbor, policy.digest, err));
    *policy_out = policy;
    policy = (struct bl_appraisal_policy){ 0 };
    return BULLA_OK;
}

/* -- as people write it ------------------------------------------------------------------------- */

enum bulla_status
bl_policy_read_hex(const struct bl_yaml_node *node, const char *key, struct bl_policy_arena *arena,
                   struct bulla_bytes *bytes_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) decoded = { 0 };
    struct bulla_bytes hex;

    BL_TRY(bl_yaml_as_text(node, key, 2 * BL_HASH_SIZE_MAX, &hex, err));
    if (bl_hex_decode(hex, &decoded, NULL) != BULLA_OK ||
        decoded.size < BL_POLICY_DIGEST_SIZE_MIN || decoded.size > arena->left)
        return bl_yaml_fail(node, key, "is no digest in hexadecimal", err);
    memcpy(arena->at, decoded.data, decoded.size);
    *bytes_out = (struct bulla_bytes){ arena->at, decoded.size };
    arena->at += decoded.size;
    arena->left -= decoded.size;
    return BULLA_OK;
}

static enum bulla_status
read_yaml(const struct bl_yaml_node *root, struct bl_policy_arena *arena,
          struct bl_appraisal_policy *policy, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;

    BL_TRY(bl_yaml_require(root, "format", &node, err));
    BL_TRY(bl_yaml_as_number(node, "format", 0, INT64_MAX, &policy->format, err));
    if (policy->format == BL_POLICY_FORMAT_1)
        return bl_policy_read_1(root, arena, policy, err);
    if (policy->format == BL_POLICY_FORMAT)
        return bl_policy_read_2(root, arena, policy, err);
    return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "format version", 0);
}

/* Encodes what was read and gives what decoding that gives: so there is one judge of what a policy
 * is. */
enum bulla_status
bl_appraisal_policy_from_yaml(struct bulla_bytes yaml, struct bl_appraisal_policy *policy_out,
                              struct bulla_error *err)
{
    BL_AUTO_FREE(bl_yaml) document = NULL;
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    BL_AUTO(bulla_buffer) canonical = { 0 };

    BL_TRY(bl_yaml_parse(yaml, where, &document, err));
    struct bl_policy_arena arena = { .left = yaml.size };
    uint8_t *memory = bl_alloc(yaml.size + 1, 1);
    if (memory == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", yaml.size);
    arena.at = memory;
    enum bulla_status status = read_yaml(bl_yaml_root(document), &arena, &policy, err);
    if (status == BULLA_OK)
        status = bl_appraisal_policy_encode(&policy, &canonical, err);
    bl_free(memory);
    BL_TRY(status);
    return bl_appraisal_policy_decode(bulla_buffer_bytes(&canonical), policy_out, err);
}
