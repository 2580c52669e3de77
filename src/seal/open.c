/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/open.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/hash.h"

static const char where[] = "sealed blob";

/* What a user wants to hear first when no slot opens; what is not listed comes between the two
 * halves, in the order of the slots. */
static const enum bulla_cause telling_first[] = {
    BULLA_CAUSE_SLOT_ALTERED,      BULLA_CAUSE_DEBUG_ROOT,          BULLA_CAUSE_PCR_CHANGED,
    BULLA_CAUSE_RTMR_CHANGED,      BULLA_CAUSE_WRONG_CODE,          BULLA_CAUSE_WRONG_SIGNER,
    BULLA_CAUSE_WRONG_PRODUCT,     BULLA_CAUSE_WRONG_CONFIG,        BULLA_CAUSE_LAUNCH_CHANGED,
    BULLA_CAUSE_VERSION_AHEAD,     BULLA_CAUSE_VERSION_BELOW_FLOOR, BULLA_CAUSE_POLICY_REVOKED,
    BULLA_CAUSE_POLICY_NOT_SIGNED, BULLA_CAUSE_POLICY_MISSING,      BULLA_CAUSE_COUNTER_MISSING,
    BULLA_CAUSE_WRONG_MACHINE,     BULLA_CAUSE_ROOT_KEY_CHANGED,    BULLA_CAUSE_WRONG_TPM,
    BULLA_CAUSE_TPM_LOCKOUT,       BULLA_CAUSE_WRONG_PASSPHRASE,    BULLA_CAUSE_WRONG_RECIPIENT,
};
static const enum bulla_cause telling_last[] = { BULLA_CAUSE_NO_SEALING_ROOT, BULLA_CAUSE_NO_TPM,
                                                 BULLA_CAUSE_UNSUPPORTED,
                                                 BULLA_CAUSE_NO_SLOT_OPENS };

static size_t
rank(enum bulla_cause cause)
{
    for (size_t i = 0; i < BL_COUNT_OF(telling_first); i++) {
        if (telling_first[i] == cause)
            return i;
    }
    for (size_t i = 0; i < BL_COUNT_OF(telling_last); i++) {
        if (telling_last[i] == cause)
            return BL_COUNT_OF(telling_first) + 1 + i;
    }
    return BL_COUNT_OF(telling_first);
}

/* An opening in progress. */
struct opening {
    const struct bl_header *header;
    const struct bl_blob_binding *binding;
    struct bl_slot_session *session;
    uint32_t slot_types_allowed;
    struct bl_opened_header *opened;
    struct bulla_error reason; /* the most telling so far */
};

void
bl_opened_header_done(struct bl_opened_header *opened)
{
    bl_shares_done(opened->shares, BL_SLOT_COUNT_MAX);
    bl_secret_done(&opened->content_key);
    bl_secret_done(&opened->prk);
}

/* A failure of our own that another slot would meet as well, or that must not be covered up. */
static bool
is_fatal(enum bulla_status status)
{
    return status == BULLA_E_MEMORY || status == BULLA_E_CRYPTO || status == BULLA_E_ARGUMENT;
}

static bool
is_allowed(const struct opening *opening, const struct bl_slot *slot)
{
    return opening->slot_types_allowed == 0 ||
           (slot->type < 32 && (opening->slot_types_allowed >> slot->type & 1) != 0);
}

static enum bulla_status
try_slot(struct opening *opening, size_t i, struct bulla_error *err)
{
    const struct bl_slot *slot = &opening->header->table.slots[i];
    struct bulla_error reason = { 0 };
    enum bulla_status status;

    if (is_allowed(opening, slot))
        status = bl_slot_unwrap(slot, opening->binding, opening->session,
                                &opening->opened->shares[i], &reason);
    else
        status = bulla_fail_cause(&reason, BULLA_CAUSE_SLOT_TYPE_REFUSED, where,
                                  "slots of this kind were not allowed");
    if (is_fatal(status)) {
        if (err != NULL && err->status == BULLA_OK)
            *err = reason;
        return status;
    }
    opening->opened->states[i] = status == BULLA_OK ? BL_SLOT_OPENED : BL_SLOT_FAILED;
    if (status != BULLA_OK &&
        (opening->reason.status == BULLA_OK || rank(reason.cause) < rank(opening->reason.cause)))
        opening->reason = reason;
    return BULLA_OK;
}

/* Kinds that we do not have come with the first turn: they fail at once and tell why. */
static unsigned
turn_of(const struct bl_slot *slot)
{
    const struct bl_slot_kind *kind = bl_slot_kind_find(slot->type);

    return kind != NULL ? kind->turn : 0;
}

static enum bulla_status
try_turn(struct opening *opening, unsigned turn, struct bulla_error *err)
{
    const struct bl_slot_table *table = &opening->header->table;

    for (size_t i = 0; i < table->slot_count; i++) {
        if (turn_of(&table->slots[i]) == turn &&
            bl_slot_tree_wants(&table->tree, opening->opened->states, i))
            BL_TRY(try_slot(opening, i, err));
    }
    return BULLA_OK;
}

static enum bulla_status
nothing_opens(const struct opening *opening, struct bulla_error *err)
{
    if (opening->reason.status == BULLA_OK)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_SLOT_OPENS, where, "no slot opens");
    if (err != NULL && err->status == BULLA_OK)
        *err = opening->reason;
    return opening->reason.status;
}

static enum bulla_status
find_content_key(struct opening *opening, struct bulla_error *err)
{
    const struct bl_slot_tree *tree = &opening->header->table.tree;
    struct bl_opened_header *opened = opening->opened;

    for (unsigned turn = 0; turn < BL_SLOT_TURN_COUNT; turn++)
        BL_TRY(try_turn(opening, turn, err));
    if (!bl_slot_tree_is_satisfied(tree, opened->states))
        return nothing_opens(opening, err);
    return bl_slot_tree_combine(tree, opened->states, opened->shares, &opened->content_key, err);
}

enum bulla_status
bl_header_verify(const struct bl_header *header, const struct bl_blob_binding *binding,
                 const struct bl_secret *prk, struct bulla_error *err)
{
    uint8_t mac[BL_BLOB_MAC_SIZE];

    BL_TRY(bl_blob_header_mac(binding, prk, BL_BYTES_OF(header->preamble), header->core_bytes,
                              header->covered, mac, err));
    if (!bl_equal(BL_BYTES_OF(mac), header->mac))
        return bulla_fail_cause(err, BULLA_CAUSE_HEADER_ALTERED, where, "its header was altered");
    return BULLA_OK;
}

static enum bulla_status
open_header(struct opening *opening, struct bulla_error *err)
{
    struct bl_opened_header *opened = opening->opened;

    BL_TRY(find_content_key(opening, err));
    BL_TRY(bl_blob_extract(opening->binding, &opened->content_key, &opened->prk, err));
    return bl_header_verify(opening->header, opening->binding, &opened->prk, err);
}

enum bulla_status
bl_header_open(const struct bl_header *header, const struct bl_blob_binding *binding,
               uint32_t slot_types_allowed, struct bl_slot_session *session,
               struct bl_opened_header *opened_out, struct bulla_error *err)
{
    struct opening opening = { .header = header,
                               .binding = binding,
                               .session = session,
                               .slot_types_allowed = slot_types_allowed,
                               .opened = opened_out };
    enum bulla_status status = open_header(&opening, err);

    if (status != BULLA_OK) {
        bl_opened_header_done(opened_out);
        *opened_out = (struct bl_opened_header){ 0 };
    }
    return status;
}

enum bulla_status
bl_associated_data_digest(struct bulla_bytes associated_data, uint8_t out[BL_BLOB_DIGEST_SIZE],
                          struct bulla_error *err)
{
    return bl_hash_once(BL_SHA512, associated_data, out, err);
}

static enum bulla_status
check_name(const struct bl_core *core, const char *name, struct bulla_error *err)
{
    if (name == NULL)
        return BULLA_OK;
    if (core->name.size != strlen(name) || memcmp(core->name.data, name, core->name.size) != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_NAME_MISMATCH, where,
                                "it was sealed under another name");
    return BULLA_OK;
}

static enum bulla_status
check_associated_data(const struct bl_core *core, const struct bl_unseal_requirements *requirements,
                      struct bulla_error *err)
{
    uint8_t digest[BL_BLOB_DIGEST_SIZE];

    if (core->with_associated_data != requirements->with_associated_data)
        return bulla_fail_cause(err, BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH, where,
                                core->with_associated_data
                                    ? "it needs the associated data it was sealed with"
                                    : "it was sealed without associated data");
    if (!core->with_associated_data)
        return BULLA_OK;
    BL_TRY(bl_associated_data_digest(requirements->associated_data, digest, err));
    if (!bl_equal(BL_BYTES_OF(digest), BL_BYTES_OF(core->associated_data_digest)))
        return bulla_fail_cause(err, BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH, where,
                                "it was sealed with other associated data");
    return BULLA_OK;
}

static enum bulla_status
check_expiry(const struct bl_core *core, int64_t now_s, struct bulla_error *err)
{
    if (core->not_after_s == 0 || now_s <= core->not_after_s)
        return BULLA_OK;
    enum bulla_status status =
        bulla_fail_cause(err, BULLA_CAUSE_EXPIRED, where, "it was to be opened until a time past");
    bulla_error_values(err, bulla_value_number((uint64_t)now_s),
                       bulla_value_number((uint64_t)core->not_after_s));
    return status;
}

enum bulla_status
bl_header_check(const struct bl_header *header, const struct bl_unseal_requirements *requirements,
                struct bulla_error *err)
{
    const struct bl_core *core = &header->core;

    BL_TRY(check_name(core, requirements->name, err));
    BL_TRY(check_associated_data(core, requirements, err));
    BL_TRY(check_expiry(core, requirements->now_s, err));
    if (core->has_policy_authority)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "its policy authority", 0);
    if (core->has_padding)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "its padding", 0);
    return BULLA_OK;
}
