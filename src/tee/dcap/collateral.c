/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/collateral.h"

#include "base/memory.h"
#include "crypto/crl.h"
#include "tee/signature.h"
#include "tee/x509path/path.h"

#define WHERE "collateral"
#define SIGNER_CHAIN_COUNT 2 /* the TCB signing certificate and the root */

void
bl_dcap_collateral_done(struct bl_dcap_collateral *collateral)
{
    bl_tcb_info_free(collateral->tcb_info);
    bl_qe_identity_free(collateral->qe_identity);
    *collateral = (struct bl_dcap_collateral){ 0 };
}

enum bulla_status
bl_dcap_input_number(const struct bl_verification *v, const char *name, uint64_t most,
                     bool *is_given_out, uint64_t *number_out, struct bulla_error *err)
{
    struct bulla_bytes text = bl_input_find(v, name);
    uint64_t number = 0;
    bool fits = text.size <= 9; /* digits: no overflow */

    *is_given_out = text.size > 0;
    for (size_t i = 0; fits && i < text.size; i++) {
        fits = text.data[i] >= '0' && text.data[i] <= '9';
        number = 10 * number + (text.data[i] - (uint64_t)'0');
    }
    if (!fits || number > most)
        return bulla_fail(err, BULLA_E_USAGE, "input", "not a number of the range it has", 0);
    *number_out = number;
    return BULLA_OK;
}

/* Two where one belongs could hide one behind the other. */
static enum bulla_status
find_part(const struct bl_verification *v, const char *role, struct bulla_bytes *part_out,
          struct bulla_error *err)
{
    *part_out = bl_part_at(v, role, 0);
    if (bl_part_at(v, role, 1).data != NULL)
        return bulla_fail(err, BULLA_E_USAGE, "collateral", "the same part is given twice", 0);
    return BULLA_OK;
}

/* -- revocation ---------------------------------------------------------------------------------- */

static enum bulla_status
fail_revoked(const char *what, struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_REVOKED, "certificate revocation list", what);
}

static bool
wants_all_lists(const struct bl_verification *v)
{
    return bl_equal(bl_input_find(v, "require_crl"), BL_LITERAL("true"));
}

/* Whose collateral it is: the certificates between which it has to fit. */
struct platform {
    const struct bl_certificate *root;
    const struct bl_anchor *anchor;         /* of the root */
    const struct bl_certificate *authority; /* NULL: of the documents alone */
    const struct bl_certificate *leaf;      /* NULL: no platform in particular */
};

static enum bulla_status
verify_list(const struct bl_verification *v, const struct bl_crl *list,
            const struct bl_certificate *issuer, struct bl_claims *claims, struct bulla_error *err)
{
    BL_TRY(bl_crl_verify_late(list, issuer, v->now_s, v->collateral_grace_s, v->memo, err));
    if (bl_crl_late_s(list, v->now_s) >= 0)
        bl_claims_late(claims, bl_crl_late_s(list, v->now_s));
    return BULLA_OK;
}

/* The list of the root, about the authority of the PCK and about the TCB signer. */
static enum bulla_status
verify_root_list(const struct bl_verification *v, const struct platform *platform,
                 struct bl_crl **list_out, struct bl_claims *claims, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_crl) list = NULL;
    struct bulla_bytes part;
    bool is_needed = wants_all_lists(v) || bl_part_at(v, "tcb_info", 0).size > 0 ||
                     bl_part_at(v, "qe_identity", 0).size > 0;

    BL_TRY(find_part(v, "root_ca_crl", &part, err));
    if (part.size == 0 && is_needed)
        return bulla_fail_cause(err, BULLA_CAUSE_CRL_MISSING, WHERE,
                                "no revocation list of the root");
    if (part.size == 0) {
        bl_claims_unchecked(claims, "root_ca_crl");
        return BULLA_OK;
    }
    BL_TRY(bl_crl_parse(part, &list, err));
    BL_TRY(verify_list(v, list, platform->root, claims, err));
    if (platform->authority != NULL && bl_crl_lists(list, platform->authority))
        return fail_revoked("the authority of the PCK certificate is revoked", err);
    *list_out = list;
    list = NULL;
    return BULLA_OK;
}

/* The list of the authority that issued the PCK, among those of both authorities. */
static enum bulla_status
verify_pck_list(const struct bl_verification *v, const struct platform *platform,
                struct bl_claims *claims, struct bulla_error *err)
{
    for (size_t i = 0;; i++) {
        BL_AUTO_FREE(bl_crl) list = NULL;
        struct bulla_bytes part = bl_part_at(v, "pck_crl", i);
        if (part.size == 0 && i > 0)
            return bulla_fail_cause(err, BULLA_CAUSE_CRL_ISSUER_MISMATCH, WHERE,
                                    "the revocation list is of another authority");
        if (part.size == 0)
            break;
        BL_TRY(bl_crl_parse(part, &list, err));
        if (!bl_crl_is_of(list, platform->authority))
            continue;
        BL_TRY(verify_list(v, list, platform->authority, claims, err));
        return platform->leaf != NULL && bl_crl_lists(list, platform->leaf)
                   ? fail_revoked("the PCK certificate is revoked", err)
                   : BULLA_OK;
    }
    if (wants_all_lists(v))
        return bulla_fail_cause(err, BULLA_CAUSE_CRL_MISSING, WHERE,
                                "no revocation list of the authority of the PCK");
    bl_claims_unchecked(claims, "pck_crl");
    return BULLA_OK;
}

/* -- what the TCB signer signed ------------------------------------------------------------------ */

struct signer {
    const struct bl_verification *v;
    const struct platform *platform;
    const struct bl_crl *root_list; /* there, wherever there is something signed */
    struct bulla_bytes issuers; /* the certificates that were verified last: mostly the only ones */
    struct bl_certificate_list chain;
    struct bl_key *key; /* of the first of them; NULL as long as nobody needs it */
};

static void
signer_done(struct signer *signer)
{
    bl_certificate_list_done(&signer->chain);
    bl_key_free(signer->key);
    signer->key = NULL;
}

static struct bl_signature_blame
signature_blame(const char *what)
{
    return (struct bl_signature_blame){ BULLA_CAUSE_COLLATERAL_SIGNATURE, WHERE, what };
}

static enum bulla_status
fail_signature(const char *what, struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_COLLATERAL_SIGNATURE, WHERE, what);
}

/* The certificate of that name, under the very root of the PCK: re-issued with its key now and then,
 * so it is chained and not pinned. */
static enum bulla_status
verify_signer(const struct signer *signer, const struct bl_certificate_list *list,
              struct bulla_error *err)
{
    const struct bl_anchor *anchor = NULL;
    struct bulla_error failure = { 0 };
    bool is_named = false;

    if (list->count != SIGNER_CHAIN_COUNT)
        return fail_signature("not the two certificates of Intel's TCB signing", err);
    const struct bl_certificate *leaf = list->items[0], *root = list->items[1];
    BL_TRY(bl_pck_is_named(leaf, "Intel SGX TCB Signing", &is_named, err));
    if (!is_named)
        return fail_signature("its signer is not Intel's TCB signing", err);
    BL_TRY(bl_path_verify_root(signer->v, "intel", root, &anchor, err));
    if (anchor != signer->platform->anchor)
        return bulla_fail_cause(err, BULLA_CAUSE_WRONG_ROOT, WHERE, "another root than the PCK's");
    enum bulla_status status = bl_chain_verify_known(
        &leaf, 1, signer->platform->root, signer->v->now_s, NULL, signer->v->memo, &failure);
    return bl_signature_told(status, &failure,
                             signature_blame("the certificates of its signer do not verify"), err);
}

static enum bulla_status
verify_by_key(struct signer *signer, const struct bl_signed_json *found, struct bulla_error *err)
{
    if (signer->key == NULL)
        BL_TRY(bl_certificate_key(signer->chain.items[0], &signer->key, err));
    if (bl_key_kind(signer->key) != BL_KEY_P256)
        return fail_signature("the key of its signer is of another kind", err);
    return bl_signature_check(signer->key, found->object, BL_BYTES_OF(found->signature),
                              signature_blame("the signature does not verify"), err);
}

static enum bulla_status
read_signer(struct signer *signer, struct bulla_bytes issuers, struct bulla_error *err)
{
    if (issuers.size == 0)
        return fail_signature("the certificates of its signer are not given", err);
    if (bl_equal(issuers, signer->issuers))
        return BULLA_OK;
    signer_done(signer);
    signer->issuers = (struct bulla_bytes){ NULL, 0 };
    BL_TRY(bl_certificate_list_read_known(issuers, signer->v->memo, &signer->chain, err));
    BL_TRY(bl_certificate_list_order(&signer->chain, err));
    BL_TRY(verify_signer(signer, &signer->chain, err));
    if (bl_crl_lists(signer->root_list, signer->chain.items[0]))
        return fail_revoked("the certificate of the TCB signer is revoked", err);
    signer->issuers = issuers;
    return BULLA_OK;
}

/* The inner object `name` of a body, once it is known to be Intel's. */
static enum bulla_status
verify_body(struct signer *signer, struct bulla_bytes body, const char *name,
            struct bulla_bytes *object_out, struct bulla_error *err)
{
    struct bl_signed_json found;

    BL_TRY(bl_signed_json_find(body, name, &found, err));
    BL_TRY(verify_by_key(signer, &found, err));
    *object_out = found.object;
    return BULLA_OK;
}

struct body {
    struct bl_memo_question question;
    void *known; /* what it says, where that was found out before */
    struct bulla_bytes object;
};

/* Whether a key signed a body, and what that says, depends on nothing else: found out once. Where it is
 * known there is no object. */
static enum bulla_status
read_body(struct signer *signer, const char *name, struct bulla_bytes bytes, struct body *body,
          struct bulla_error *err)
{
    body->question =
        (struct bl_memo_question){ name, { bl_certificate_spki(signer->chain.items[0]), bytes } };
    body->known = bl_memo_find(signer->v->memo, &body->question);
    return body->known != NULL ? BULLA_OK : verify_body(signer, bytes, name, &body->object, err);
}

static enum bulla_status
check_window(const struct bl_verification *v, int64_t issued_s, int64_t next_update_s,
             uint32_t evaluation_number, struct bl_claims *claims, struct bulla_error *err)
{
    bool is_given = false;
    uint64_t floor = 0;

    if (v->now_s < issued_s)
        return bulla_fail_cause(err, BULLA_CAUSE_NOT_YET_VALID, WHERE, "not issued yet");
    if (v->now_s - v->collateral_grace_s >= next_update_s)
        return bulla_fail_cause(err, BULLA_CAUSE_COLLATERAL_EXPIRED, WHERE,
                                "its next update is due");
    if (v->now_s >= next_update_s)
        bl_claims_late(claims, v->now_s - next_update_s);
    BL_TRY(bl_dcap_input_number(v, "tcb_evaluation_floor", UINT32_MAX, &is_given, &floor, err));
    if (!is_given || evaluation_number >= floor)
        return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_COLLATERAL_EXPIRED, WHERE,
                                                "of an older evaluation than is wanted");
    bulla_error_values(err, bulla_value_number(evaluation_number), bulla_value_number(floor));
    return status;
}

static void
release_tcb_info(void *info)
{
    bl_tcb_info_free(info);
}

static enum bulla_status
read_tcb_info(struct signer *signer, struct bulla_bytes bytes, struct bl_tcb_info **info_out,
              struct bulla_error *err)
{
    struct body body = { 0 };

    BL_TRY(read_body(signer, "tcbInfo", bytes, &body, err));
    if (body.known != NULL) {
        *info_out = bl_tcb_info_share(body.known);
        return BULLA_OK;
    }
    BL_TRY(bl_tcb_info_parse(body.object, info_out, err));
    return bl_memo_keep(signer->v->memo, &body.question, bl_tcb_info_share(*info_out),
                        release_tcb_info, err);
}

static void
release_qe_identity(void *identity)
{
    bl_qe_identity_free(identity);
}

static enum bulla_status
read_qe_identity(struct signer *signer, struct bulla_bytes bytes,
                 struct bl_qe_identity **identity_out, struct bulla_error *err)
{
    struct body body = { 0 };

    BL_TRY(read_body(signer, "enclaveIdentity", bytes, &body, err));
    if (body.known != NULL) {
        *identity_out = bl_qe_identity_share(body.known);
        return BULLA_OK;
    }
    BL_TRY(bl_qe_identity_parse(body.object, identity_out, err));
    return bl_memo_keep(signer->v->memo, &body.question, bl_qe_identity_share(*identity_out),
                        release_qe_identity, err);
}

static enum bulla_status
verify_tcb_info(struct signer *signer, struct bl_tcb_info **info_out, struct bl_claims *claims,
                struct bulla_error *err)
{
    BL_AUTO_FREE(bl_tcb_info) info = NULL;
    struct bulla_bytes body, issuers;

    BL_TRY(find_part(signer->v, "tcb_info", &body, err));
    BL_TRY(find_part(signer->v, "tcb_info_issuer_chain", &issuers, err));
    if (body.size == 0) {
        bl_claims_unchecked(claims, "tcb_info");
        return BULLA_OK;
    }
    BL_TRY(read_signer(signer, issuers, err));
    BL_TRY(read_tcb_info(signer, body, &info, err));
    BL_TRY(check_window(signer->v, info->issued_s, info->next_update_s, info->evaluation_number,
                        claims, err));
    if (info->has_unknown_members)
        bl_claims_unchecked(claims, "unknown members of tcb_info");
    *info_out = info;
    info = NULL;
    return BULLA_OK;
}

static enum bulla_status
verify_qe_identity(struct signer *signer, struct bl_qe_identity **identity_out,
                   struct bl_claims *claims, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_qe_identity) identity = NULL;
    struct bulla_bytes body, issuers;

    BL_TRY(find_part(signer->v, "qe_identity", &body, err));
    BL_TRY(find_part(signer->v, "qe_identity_issuer_chain", &issuers, err));
    if (issuers.size == 0)
        BL_TRY(find_part(signer->v, "tcb_info_issuer_chain", &issuers, err));
    if (body.size == 0) {
        bl_claims_unchecked(claims, "qe_identity");
        return BULLA_OK;
    }
    BL_TRY(read_signer(signer, issuers, err));
    BL_TRY(read_qe_identity(signer, body, &identity, err));
    BL_TRY(check_window(signer->v, identity->issued_s, identity->next_update_s,
                        identity->evaluation_number, claims, err));
    if (identity->has_unknown_members)
        bl_claims_unchecked(claims, "unknown members of qe_identity");
    *identity_out = identity;
    identity = NULL;
    return BULLA_OK;
}

static enum bulla_status
verify_all(const struct bl_verification *v, const struct platform *platform,
           struct bl_dcap_collateral *collateral, struct bl_claims *claims, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_crl) root_list = NULL;

    BL_TRY(verify_root_list(v, platform, &root_list, claims, err));
    if (platform->authority != NULL)
        BL_TRY(verify_pck_list(v, platform, claims, err));
    BL_AUTO(signer) signer = { .v = v, .platform = platform, .root_list = root_list };
    BL_TRY(verify_tcb_info(&signer, &collateral->tcb_info, claims, err));
    return verify_qe_identity(&signer, &collateral->qe_identity, claims, err);
}

enum bulla_status
bl_dcap_collateral_verify(const struct bl_verification *v, const struct bl_pck *pck,
                          struct bl_dcap_collateral *collateral, struct bl_claims *claims,
                          struct bulla_error *err)
{
    const struct platform platform = { .root = pck->chain.items[BL_PCK_ROOT],
                                       .anchor = pck->anchor,
                                       .authority = pck->chain.items[BL_PCK_AUTHORITY],
                                       .leaf = pck->chain.items[BL_PCK_LEAF] };

    return verify_all(v, &platform, collateral, claims, err);
}

/* -- without a platform -------------------------------------------------------------------------- */

/* The certificates that came with one of the documents: its signer's, and the root. */
static enum bulla_status
read_issuers(const struct bl_verification *v, struct bl_certificate_list *list, bool *is_pck_out,
             struct bulla_error *err)
{
    static const char *const roles[] = { "pck_crl_issuer_chain", "tcb_info_issuer_chain",
                                         "qe_identity_issuer_chain", "root_ca_crl_issuer_chain" };
    struct bulla_bytes part = { NULL, 0 };
    size_t i = 0;

    for (; i < BL_COUNT_OF(roles) && part.size == 0; i++)
        BL_TRY(find_part(v, roles[i], &part, err));
    if (part.size == 0)
        return fail_signature("the certificates of its signer are not given", err);
    BL_TRY(bl_certificate_list_read(part, list, err));
    BL_TRY(bl_certificate_list_order(list, err));
    *is_pck_out = i == 1;
    return BULLA_OK;
}

static enum bulla_status
verify_authority(const struct bl_verification *v, const struct bl_certificate_list *list,
                 struct platform *platform, struct bulla_error *err)
{
    const struct bl_certificate *authority = list->items[0];

    if (list->count != SIGNER_CHAIN_COUNT)
        return fail_signature("not the two certificates of an authority of PCKs", err);
    BL_TRY(bl_pck_check_authority_name(authority, err));
    BL_TRY(bl_chain_verify_known(&authority, 1, platform->root, v->now_s, NULL, v->memo, err));
    platform->authority = authority;
    return BULLA_OK;
}

enum bulla_status
bl_dcap_collateral_verify_alone(const struct bl_verification *v,
                                struct bl_dcap_collateral *collateral, struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) list = { 0 };
    struct bl_claims claims = { 0 };
    struct platform platform = { 0 };
    bool is_pck = false;

    BL_TRY(read_issuers(v, &list, &is_pck, err));
    platform.root = list.items[list.count - 1];
    BL_TRY(bl_path_verify_root(v, "intel", platform.root, &platform.anchor, err));
    if (is_pck)
        BL_TRY(verify_authority(v, &list, &platform, err));
    return verify_all(v, &platform, collateral, &claims, err);
}
