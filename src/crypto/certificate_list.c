/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/certificate_list.h"

#include "base/memory.h"
#include "codec/der.h"
#include "codec/pem.h"

static const char where[] = "certificates";

#define NOBODY ((size_t)-1)

void
bl_certificate_list_done(struct bl_certificate_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        bl_certificate_free(list->items[i]);
    *list = (struct bl_certificate_list){ 0 };
}

static void
release_certificate(void *certificate)
{
    bl_certificate_free(certificate);
}

/* One that is known, or true: it has to be parsed. */
static bool
is_new(struct bl_certificate_list *list, struct bl_memo *memo,
       const struct bl_memo_question *question)
{
    struct bl_certificate *known = bl_memo_find(memo, question);

    if (known != NULL)
        list->items[list->count++] = bl_certificate_share(known);
    return known == NULL;
}

static enum bulla_status
append_new(struct bl_certificate_list *list, struct bulla_bytes der, struct bl_memo *memo,
           const struct bl_memo_question *question, struct bulla_error *err)
{
    struct bl_certificate *certificate = NULL;

    BL_TRY(bl_certificate_parse(der, &certificate, err));
    list->items[list->count++] = certificate;
    return bl_memo_keep(memo, question, bl_certificate_share(certificate), release_certificate,
                        err);
}

static enum bulla_status
check_room(const struct bl_certificate_list *list, struct bulla_error *err)
{
    return list->count < BL_CHAIN_COUNT_MAX
               ? BULLA_OK
               : bulla_fail(err, BULLA_E_LIMIT, where, "too many", list->count);
}

static enum bulla_status
append_der(struct bl_certificate_list *list, struct bulla_bytes der, struct bl_memo *memo,
           struct bulla_error *err)
{
    const struct bl_memo_question question = { "certificate in DER", { der } };

    BL_TRY(check_room(list, err));
    return is_new(list, memo, &question) ? append_new(list, der, memo, &question, err) : BULLA_OK;
}

static enum bulla_status
append_block(struct bl_certificate_list *list, const struct bl_pem_block *block,
             struct bl_memo *memo, struct bulla_error *err)
{
    const struct bl_memo_question question = { "certificate in PEM", { block->body } };
    BL_AUTO(bulla_buffer) der = { 0 };

    BL_TRY(check_room(list, err));
    if (!is_new(list, memo, &question))
        return BULLA_OK;
    BL_TRY(bl_pem_content(block, &der, err));
    return append_new(list, bulla_buffer_bytes(&der), memo, &question, err);
}

static enum bulla_status
append_pem(struct bl_certificate_list *list, struct bulla_bytes pem, struct bl_memo *memo,
           struct bulla_error *err)
{
    struct bl_reader r = bl_reader(pem, where);
    struct bl_pem_block block;

    while (bl_pem_next_wide(&r, &block)) {
        if (!bl_equal(block.label, BL_LITERAL("CERTIFICATE")))
            return bulla_fail(err, BULLA_E_MALFORMED, where, "a PEM block of something else",
                              r.offset);
        BL_TRY(append_block(list, &block, memo, err));
    }
    return bl_reader_finish(&r, err);
}

enum bulla_status
bl_certificate_list_read_known(struct bulla_bytes pem_or_der, struct bl_memo *memo,
                               struct bl_certificate_list *list, struct bulla_error *err)
{
    const bool is_der = pem_or_der.size > 0 && pem_or_der.data[0] == BL_DER_SEQUENCE;
    BL_AUTO(bl_certificate_list) more = { 0 };

    BL_TRY(is_der ? append_der(&more, pem_or_der, memo, err)
                  : append_pem(&more, pem_or_der, memo, err));
    if (more.count == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, where, "none", 0);
    if (more.count > BL_CHAIN_COUNT_MAX - list->count)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too many", list->count + more.count);
    for (size_t i = 0; i < more.count; i++)
        list->items[list->count++] = more.items[i];
    more.count = 0;
    return BULLA_OK;
}

enum bulla_status
bl_certificate_list_read(struct bulla_bytes pem_or_der, struct bl_certificate_list *list,
                         struct bulla_error *err)
{
    return bl_certificate_list_read_known(pem_or_der, NULL, list, err);
}

/* The first that issued none of the others; NOBODY if each did. If there are two, the way from one of
 * them does not lead past the other. */
static size_t
find_leaf(const struct bl_certificate_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        bool has_issued = false;
        for (size_t j = 0; j < list->count && !has_issued; j++)
            has_issued = j != i && bl_certificate_is_issued_by(list->items[j], list->items[i]);
        if (!has_issued)
            return i;
    }
    return NOBODY;
}

/* The only one besides itself under whose name it was issued; NOBODY if there is not exactly one. */
static size_t
find_issuer(const struct bl_certificate_list *list, size_t of)
{
    size_t issuer = NOBODY;

    for (size_t i = 0; i < list->count; i++) {
        if (i == of || !bl_certificate_is_issued_by(list->items[of], list->items[i]))
            continue;
        if (issuer != NOBODY)
            return NOBODY;
        issuer = i;
    }
    return issuer;
}

enum bulla_status
bl_certificate_list_order(struct bl_certificate_list *list, struct bulla_error *err)
{
    struct bl_certificate_list ordered = { 0 };
    size_t at = find_leaf(list);

    /* A circle that a leaf leads into would go on. */
    while (at != NOBODY && ordered.count < list->count) {
        ordered.items[ordered.count++] = list->items[at];
        at = find_issuer(list, at);
    }
    if (list->count == 0 || ordered.count != list->count || at != NOBODY)
        return bulla_fail(err, BULLA_E_UNTRUSTED, where, "not one chain", ordered.count);
    *list = ordered;
    return BULLA_OK;
}
