/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/x509path/path.h"

#include "base/memory.h"
#include "crypto/hash.h"
#include "tee/signature.h"

static const char where[] = "certificate chain";

void
bl_crl_list_done(struct bl_crl_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        bl_crl_free(list->items[i]);
    *list = (struct bl_crl_list){ 0 };
}

enum bulla_status
bl_crl_list_read(const struct bl_verification *verification, const char *role,
                 struct bl_crl_list *list, struct bulla_error *err)
{
    for (size_t i = 0; bl_part_at(verification, role, i).data != NULL; i++) {
        if (list->count == BL_CRL_COUNT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, "revocation lists", "too many", list->count);
        BL_TRY(bl_crl_parse(bl_part_at(verification, role, i), &list->items[list->count], err));
        list->count++;
    }
    return BULLA_OK;
}

enum bulla_status
bl_path_verify(const struct bl_verification *verification,
               const struct bl_certificate *const *chain, size_t chain_count,
               const struct bl_certificate *anchor, const char *const *known_critical,
               struct bulla_error *err)
{
    struct bulla_error why = { 0 };
    enum bulla_status status = bl_chain_verify_known(
        chain, chain_count, anchor, verification->now_s, known_critical, verification->memo, &why);

    return bl_signature_told(
        status, &why, (struct bl_signature_blame){ BULLA_CAUSE_UNTRUSTED, why.where, why.what },
        err);
}

/* Is this the very certificate that somebody looked at: whoever gave it, or whoever pinned its key? */
static enum bulla_status
is_known_as_a_whole(const struct bl_anchor *anchor, const struct bl_certificate *root,
                    bool *is_known_out, struct bulla_error *err)
{
    uint8_t digest[32];

    *is_known_out = anchor->kind == BL_ANCHOR_GIVEN; /* it was compared byte for byte */
    if (anchor->editions.size == 0)
        return BULLA_OK;
    BL_TRY(bl_hash_once(BL_SHA256, bl_certificate_der(root), digest, err));
    for (size_t i = 0; i + sizeof digest <= anchor->editions.size; i += sizeof digest)
        if (bl_equal((struct bulla_bytes){ anchor->editions.data + i, sizeof digest },
                     BL_BYTES_OF(digest)))
            *is_known_out = true;
    return BULLA_OK;
}

enum bulla_status
bl_path_verify_root(const struct bl_verification *verification, const char *vendor,
                    const struct bl_certificate *root, const struct bl_anchor **anchor_out,
                    struct bulla_error *err)
{
    bool is_known = false;

    BL_TRY(bl_anchor_of_root(verification, vendor, root, anchor_out, err));
    BL_TRY(is_known_as_a_whole(*anchor_out, root, &is_known, err));
    return is_known ? BULLA_OK : bl_path_verify(verification, &root, 1, root, NULL, err);
}

enum bulla_status
bl_path_verify_to_root(const struct bl_verification *verification, const char *vendor,
                       const struct bl_certificate *const *chain, size_t chain_count,
                       const char *const *known_critical, const struct bl_anchor **anchor_out,
                       struct bulla_error *err)
{
    if (chain_count < 2)
        return bulla_fail(err, BULLA_E_UNTRUSTED, where, "no issuer", chain_count);
    const struct bl_certificate *root = chain[chain_count - 1];
    BL_TRY(bl_path_verify_root(verification, vendor, root, anchor_out, err));
    return bl_path_verify(verification, chain, chain_count - 1, root, known_critical, err);
}

/* One certificate: any list of its issuer that can be believed may revoke it, and one must be there. */
static enum bulla_status
check_one(const struct bl_certificate *certificate, const struct bl_certificate *issuer,
          const struct bl_crl_list *lists, int64_t now_s, struct bulla_error *err)
{
    struct bulla_error why = { 0 }; /* that of the first list which cannot be believed */
    bool is_known = false;

    for (size_t i = 0; i < lists->count; i++) {
        if (!bl_crl_is_of(lists->items[i], issuer))
            continue;
        enum bulla_status status = bl_crl_verify(lists->items[i], issuer, now_s, &why);
        if (status != BULLA_OK && !bulla_status_is_finding(status)) {
            if (err != NULL)
                *err = why;
            return status;
        }
        if (status != BULLA_OK)
            continue;
        if (bl_crl_lists(lists->items[i], certificate))
            return bulla_fail_cause(err, BULLA_CAUSE_REVOKED, where, "a certificate is revoked");
        is_known = true;
    }
    if (is_known)
        return BULLA_OK;
    if (why.status == BULLA_OK)
        return bulla_fail_cause(err, BULLA_CAUSE_CRL_MISSING, where,
                                "no revocation list of an issuer");
    if (err != NULL)
        *err = why;
    return why.status;
}

enum bulla_status
bl_path_check_revocation(const struct bl_certificate *const *chain, size_t chain_count,
                         const struct bl_certificate *anchor, const struct bl_crl_list *lists,
                         int64_t now_s, struct bulla_error *err)
{
    const struct bl_certificate *issuer = anchor;

    for (size_t i = chain_count; i-- > 0;) {
        enum bulla_status status = check_one(chain[i], issuer, lists, now_s, err);
        if (status != BULLA_OK) {
            if (err != NULL)
                err->offset = i;
            return status;
        }
        issuer = chain[i];
    }
    return BULLA_OK;
}
