/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral/verify.c: each kind of collateral by the rules of the kind of evidence that it is for.
 */
#include <string.h>

#include "base/memory.h"
#include "collateral/object.h"
#include "crypto/crl.h"
#include "tee/dcap/collateral.h"

#define WHERE "collateral"
#define PART_COUNT 6
#define PATH_COUNT_MAX 4 /* issuer to root: EK authorities have up to three */

/* One question to the rules of tee/: the parts that it takes. */
struct question {
    struct bl_part parts[PART_COUNT];
    struct bl_part input;
    struct bl_verification v;
};

static void
question_start(struct question *q, const struct bl_collateral_trust *trust)
{
    *q = (struct question){ .input = { "require_crl", BL_LITERAL("true") } };
    q->v = (struct bl_verification){ .parts = q->parts,
                                     .inputs = &q->input,
                                     .anchors = trust->anchors,
                                     .anchor_count = trust->anchor_count,
                                     .now_s = trust->now_s,
                                     .collateral_grace_s = trust->grace_s };
}

static void
add_part(struct question *q, const char *role, const struct bulla_buffer *bytes)
{
    q->parts[q->v.part_count++] = (struct bl_part){ role, bulla_buffer_bytes(bytes) };
}

/* The body of another piece; false if it is not at hand. */
static bool
add_piece(struct question *q, const char *role, const struct bl_collateral_set *set,
          struct bl_collateral_name name)
{
    const struct bl_collateral *piece =
        bl_collateral_name_finish(&name, NULL) == BULLA_OK ? bl_collateral_find(set, &name) : NULL;
    if (piece != NULL)
        add_part(q, role, &piece->body);
    return piece != NULL;
}

/* The end of whichever certificate ends first. */
static void
limit_to(const struct bl_certificate_list *list, struct bl_collateral_facts *facts)
{
    for (size_t i = 0; i < list->count; i++) {
        int64_t not_before_s = 0, not_after_s = 0;
        bl_certificate_validity(list->items[i], &not_before_s, &not_after_s);
        if (not_after_s < facts->until_s)
            facts->until_s = not_after_s;
    }
}

static enum bulla_status
read_list_window(const struct bulla_buffer *body, struct bl_collateral_facts *facts,
                 struct bulla_error *err)
{
    BL_AUTO_FREE(bl_crl) list = NULL;

    BL_TRY(bl_crl_parse(bulla_buffer_bytes(body), &list, err));
    facts->is_certificate = false;
    bl_crl_window(list, &facts->issued_s, &facts->until_s);
    return BULLA_OK;
}

/* -- Intel --------------------------------------------------------------------------------------- */

static enum bulla_status
ask_intel(struct question *q, const struct bl_collateral_set *set,
          struct bl_dcap_collateral *answer, struct bulla_error *err)
{
    (void)add_piece(q, "root_ca_crl", set,
                    (struct bl_collateral_name){ .kind = BL_COLLATERAL_ROOT_CRL });
    return bl_dcap_collateral_verify_alone(&q->v, answer, err);
}

static enum bulla_status
about_another(enum bulla_cause cause, const char *what, struct bulla_error *err)
{
    return bulla_fail_cause(err, cause, WHERE, what);
}

static enum bulla_status
fits_tcb_info(const struct bl_collateral_name *name, const struct bl_tcb_info *info,
              struct bulla_error *err)
{
    if (info->is_tdx != name->is_tdx)
        return about_another(BULLA_CAUSE_TCB_INFO_MISMATCH, "it is about another kind of TEE", err);
    if (bl_equal(BL_BYTES_OF(info->fmspc), BL_BYTES_OF(name->fmspc)))
        return BULLA_OK;
    enum bulla_status status =
        about_another(BULLA_CAUSE_FMSPC_MISMATCH, "it is about another family of platforms", err);
    bulla_error_values(err, bulla_value_bytes(BL_BYTES_OF(info->fmspc)),
                       bulla_value_bytes(BL_BYTES_OF(name->fmspc)));
    return status;
}

static enum bulla_status
verify_tcb_info(const struct bl_collateral *object, struct question *q,
                const struct bl_collateral_set *set, struct bl_collateral_facts *facts,
                struct bulla_error *err)
{
    struct bl_dcap_collateral found = { 0 };

    q->v.input_count = 0; /* of the lists only the root's is about these */
    add_part(q, "tcb_info", &object->body);
    add_part(q, "tcb_info_issuer_chain", &object->issuers);
    enum bulla_status status = ask_intel(q, set, &found, err);
    if (status == BULLA_OK)
        status = fits_tcb_info(&object->name, found.tcb_info, err);
    if (status == BULLA_OK)
        *facts = (struct bl_collateral_facts){
            .issued_s = found.tcb_info->issued_s,
            .until_s = found.tcb_info->next_update_s,
            .evaluation = { true, found.tcb_info->evaluation_number },
        };
    bl_dcap_collateral_done(&found);
    return status;
}

static enum bulla_status
verify_qe_identity(const struct bl_collateral *object, struct question *q,
                   const struct bl_collateral_set *set, struct bl_collateral_facts *facts,
                   struct bulla_error *err)
{
    struct bl_dcap_collateral found = { 0 };

    q->v.input_count = 0;
    add_part(q, "qe_identity", &object->body);
    add_part(q, "qe_identity_issuer_chain", &object->issuers);
    enum bulla_status status = ask_intel(q, set, &found, err);
    if (status == BULLA_OK && found.qe_identity->is_td != object->name.is_tdx)
        status = about_another(BULLA_CAUSE_QE_IDENTITY_MISMATCH,
                               "it is about the quoting enclave of another kind of TEE", err);
    if (status == BULLA_OK)
        *facts = (struct bl_collateral_facts){
            .issued_s = found.qe_identity->issued_s,
            .until_s = found.qe_identity->next_update_s,
            .evaluation = { true, found.qe_identity->evaluation_number },
        };
    bl_dcap_collateral_done(&found);
    return status;
}

static enum bulla_status
check_authority(const struct bl_collateral *object, struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) issuers = { 0 };
    bool is_named = false;

    BL_TRY(bl_certificate_list_read(bulla_buffer_bytes(&object->issuers), &issuers, err));
    BL_TRY(bl_certificate_list_order(&issuers, err));
    BL_TRY(bl_pck_is_named(issuers.items[0],
                           object->name.is_platform ? "Intel SGX PCK Platform CA"
                                                    : "Intel SGX PCK Processor CA",
                           &is_named, err));
    return is_named ? BULLA_OK
                    : about_another(BULLA_CAUSE_CRL_ISSUER_MISMATCH,
                                    "the revocation list is of another authority", err);
}

static enum bulla_status
verify_pck_crl(const struct bl_collateral *object, struct question *q,
               const struct bl_collateral_set *set, struct bl_collateral_facts *facts,
               struct bulla_error *err)
{
    struct bl_dcap_collateral nothing = { 0 };

    q->v.input_count = 1; /* the root's list, too */
    add_part(q, "pck_crl", &object->body);
    add_part(q, "pck_crl_issuer_chain", &object->issuers);
    BL_TRY(ask_intel(q, set, &nothing, err));
    BL_TRY(check_authority(object, err));
    return read_list_window(&object->body, facts, err);
}

static enum bulla_status
verify_root_crl(const struct bl_collateral *object, struct question *q,
                struct bl_collateral_facts *facts, struct bulla_error *err)
{
    struct bl_dcap_collateral nothing = { 0 };

    add_part(q, "root_ca_crl", &object->body);
    add_part(q, "root_ca_crl_issuer_chain", &object->issuers);
    BL_TRY(bl_dcap_collateral_verify_alone(&q->v, &nothing, err));
    return read_list_window(&object->body, facts, err);
}

/* -- AMD ----------------------------------------------------------------------------------------- */

static bool
add_amd(struct question *q, const struct bl_collateral *object, enum bl_collateral_kind kind,
        const char *role, const struct bl_collateral_set *set)
{
    if (object->name.kind != kind)
        return add_piece(q, role, set,
                         (struct bl_collateral_name){ .kind = kind,
                                                      .generation = object->name.generation,
                                                      .is_vlek = object->name.is_vlek });
    add_part(q, role, &object->body);
    return true;
}

/* What the issuers are, and what is said about them: a list that is at hand counts, and one that is
 * not is missed by the evidence's own verification. */
static enum bulla_status
add_issuers(struct question *q, const struct bl_collateral *object,
            const struct bl_collateral_set *set, struct bulla_error *err)
{
    bool has_chain = add_amd(q, object, BL_COLLATERAL_AMD_CHAIN, "cert_chain", set);

    q->v.input_count = add_amd(q, object, BL_COLLATERAL_AMD_CRL, "crl", set);
    return has_chain ? BULLA_OK
                     : bulla_fail(err, BULLA_E_UNTRUSTED, WHERE,
                                  "the certificates of its issuers are not at hand", 0);
}

static void
read_chain_window(const struct bl_snp_chain *chain, struct bl_collateral_facts *facts)
{
    int64_t not_after_s = 0;

    *facts = (struct bl_collateral_facts){ .until_s = INT64_MAX, .is_certificate = true };
    bl_certificate_validity(chain->certificates.items[0], &facts->issued_s, &not_after_s);
    limit_to(&chain->certificates, facts);
}

static enum bulla_status
verify_amd_issuers(const struct bl_collateral *object, struct question *q,
                   const struct bl_collateral_set *set, struct bl_collateral_facts *facts,
                   struct bulla_error *err)
{
    struct bl_snp_chain chain = { 0 };

    BL_TRY(add_issuers(q, object, set, err));
    BL_TRY(
        bl_snp_issuers_verify(&q->v, object->name.generation, object->name.is_vlek, &chain, err));
    read_chain_window(&chain, facts);
    bl_snp_chain_done(&chain);
    return object->name.kind == BL_COLLATERAL_AMD_CRL ? read_list_window(&object->body, facts, err)
                                                      : BULLA_OK;
}

/* What the leaf certifies, held against the chip and the TCB that the name says. */
static enum bulla_status
match_leaf(const struct bl_collateral_name *name, const struct bl_snp_chain *chain,
           struct bulla_error *err)
{
    const struct bl_snp_report named = { .version = 2, /* names no processor */
                                         .cpuid = BL_LITERAL("\0\0\0"),
                                         .chip_id = BL_BYTES_OF(name->chip_id),
                                         .reported_tcb = BL_BYTES_OF(name->tcb) };

    if (chain->generation != name->generation)
        return about_another(BULLA_CAUSE_CHIP_ID_MISMATCH, "it is of another generation", err);
    return bl_snp_chain_match(chain, &named, err);
}

static enum bulla_status
verify_vcek(const struct bl_collateral *object, struct question *q,
            const struct bl_collateral_set *set, struct bl_collateral_facts *facts,
            struct bulla_error *err)
{
    const struct bl_snp_table nothing = { 0 };
    struct bl_snp_chain chain = { 0 };

    add_part(q, "vcek", &object->body);
    BL_TRY(add_issuers(q, object, set, err));
    BL_TRY(bl_snp_chain_verify(&q->v, &nothing, /* is_vlek= */ false, &chain, err));
    enum bulla_status status = match_leaf(&object->name, &chain, err);
    read_chain_window(&chain, facts);
    bl_snp_chain_done(&chain);
    return status;
}

/* -- authorities of TPM keys --------------------------------------------------------------------- */

/* Where a certificate may come from, on the way up to an anchor. */
struct search {
    const struct bl_collateral_set *set;
    const struct bl_collateral_trust *trust;
    const struct bl_verification *v;
    struct bl_certificate_list path; /* owned: from the one asked about to the root */
};

static enum bulla_status
read_one(struct bulla_bytes bytes, struct bl_certificate **certificate_out, struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) list = { 0 };

    BL_TRY(bl_certificate_list_read(bytes, &list, err));
    if (list.count != 1)
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "more than one certificate", list.count);
    *certificate_out = list.items[0];
    list.count = 0;
    return BULLA_OK;
}

/* One that has the name of its issuer. Names find it; the signature then decides. */
typedef bool is_wanted(const struct bl_certificate *candidate, const void *what);

static bool
issued(const struct bl_certificate *candidate, const void *certificate)
{
    return bl_certificate_is_issued_by(certificate, candidate);
}

static bool
wrote(const struct bl_certificate *candidate, const void *list)
{
    return bl_crl_is_of(list, candidate);
}

/* NULL if there is none. */
static struct bl_certificate *
find_certificate(const struct search *search, is_wanted *wants, const void *what)
{
    struct bl_certificate *candidate = NULL;
    const struct bl_anchor *given;

    for (size_t i = 0; (given = bl_anchor_given(search->v, "root", i)) != NULL; i++) {
        if (read_one(given->der, &candidate, NULL) == BULLA_OK && wants(candidate, what))
            return candidate;
        bl_certificate_free(candidate);
        candidate = NULL;
    }
    for (size_t i = 0; i < search->set->count; i++) {
        const struct bl_collateral *piece = search->set->items[i];
        if (piece->name.kind != BL_COLLATERAL_ISSUER)
            continue;
        if (read_one(bulla_buffer_bytes(&piece->body), &candidate, NULL) == BULLA_OK &&
            wants(candidate, what))
            return candidate;
        bl_certificate_free(candidate);
        candidate = NULL;
    }
    return NULL;
}

static enum bulla_status
find_pinned(const struct bl_verification *v, const struct bl_certificate *root,
            struct bulla_error *err)
{
    static const char *const vendors[] = { "gce", "azure" }; /* that certify TPM keys */
    const struct bl_anchor *anchor = NULL;

    for (size_t i = 0; i < BL_COUNT_OF(vendors); i++)
        if (bl_anchor_of_root(v, vendors[i], root, &anchor, NULL) == BULLA_OK)
            return BULLA_OK;
    return bulla_fail_cause(err, BULLA_CAUSE_WRONG_ROOT, WHERE,
                            "its issuers end at a root that is not pinned");
}

/* search->path has its first certificate. */
static enum bulla_status
walk_up(struct search *search, struct bulla_error *err)
{
    struct bl_certificate_list *path = &search->path;
    const struct bl_certificate *certificates[PATH_COUNT_MAX];

    while (!bl_certificate_is_self_issued(path->items[path->count - 1])) {
        if (path->count == PATH_COUNT_MAX)
            return bulla_fail(err, BULLA_E_UNTRUSTED, WHERE, "too many issuers", path->count);
        struct bl_certificate *above =
            find_certificate(search, issued, path->items[path->count - 1]);
        if (above == NULL)
            return bulla_fail(err, BULLA_E_UNTRUSTED, WHERE, "its issuer is not at hand",
                              path->count);
        path->items[path->count++] = above;
    }
    BL_TRY(find_pinned(search->v, path->items[path->count - 1], err));
    for (size_t i = 0; i < path->count; i++)
        certificates[i] = path->items[i];
    return bl_chain_verify(certificates, path->count, certificates[path->count - 1],
                           search->trust->now_s, NULL, err);
}

static enum bulla_status
check_issuer_path(struct search *search, struct bl_collateral_facts *facts, struct bulla_error *err)
{
    BL_TRY(walk_up(search, err));
    int64_t not_after_s = 0;
    *facts = (struct bl_collateral_facts){ .until_s = INT64_MAX, .is_certificate = true };
    bl_certificate_validity(search->path.items[0], &facts->issued_s, &not_after_s);
    limit_to(&search->path, facts);
    return BULLA_OK;
}

static enum bulla_status
check_issuer_list(const struct bl_collateral *object, struct search *search,
                  struct bl_collateral_facts *facts, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_crl) list = NULL;

    BL_TRY(bl_crl_parse(bulla_buffer_bytes(&object->body), &list, err));
    search->path.items[0] = find_certificate(search, wrote, list);
    if (search->path.items[0] == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_CRL_ISSUER_MISMATCH, WHERE,
                                "the certificate of its issuer is not at hand");
    search->path.count = 1;
    BL_TRY(walk_up(search, err));
    BL_TRY(bl_crl_verify_late(list, search->path.items[0], search->trust->now_s,
                              search->trust->grace_s, NULL, err));
    *facts = (struct bl_collateral_facts){ 0 };
    bl_crl_window(list, &facts->issued_s, &facts->until_s);
    return BULLA_OK;
}

static enum bulla_status
verify_issuer(const struct bl_collateral *object, const struct question *q,
              const struct bl_collateral_set *set, const struct bl_collateral_trust *trust,
              struct bl_collateral_facts *facts, struct bulla_error *err)
{
    struct search search = { .set = set, .trust = trust, .v = &q->v };
    enum bulla_status status = BULLA_OK;

    if (object->name.kind == BL_COLLATERAL_ISSUER_CRL) {
        status = check_issuer_list(object, &search, facts, err);
    } else {
        status = read_one(bulla_buffer_bytes(&object->body), &search.path.items[0], err);
        search.path.count = status == BULLA_OK;
        if (status == BULLA_OK)
            status = check_issuer_path(&search, facts, err);
    }
    bl_certificate_list_done(&search.path);
    return status;
}

/* ------------------------------------------------------------------------------------------------ */

static enum bulla_status
verify(const struct bl_collateral *object, const struct bl_collateral_set *set,
       const struct bl_collateral_trust *trust, struct bl_collateral_facts *facts,
       struct bulla_error *err)
{
    struct question q;

    question_start(&q, trust);
    switch (object->name.kind) {
    case BL_COLLATERAL_TCB_INFO:
        return verify_tcb_info(object, &q, set, facts, err);
    case BL_COLLATERAL_QE_IDENTITY:
        return verify_qe_identity(object, &q, set, facts, err);
    case BL_COLLATERAL_PCK_CRL:
        return verify_pck_crl(object, &q, set, facts, err);
    case BL_COLLATERAL_ROOT_CRL:
        return verify_root_crl(object, &q, facts, err);
    case BL_COLLATERAL_AMD_CHAIN:
    case BL_COLLATERAL_AMD_CRL:
        return verify_amd_issuers(object, &q, set, facts, err);
    case BL_COLLATERAL_VCEK:
        return verify_vcek(object, &q, set, facts, err);
    case BL_COLLATERAL_ISSUER:
    case BL_COLLATERAL_ISSUER_CRL:
        return verify_issuer(object, &q, set, trust, facts, err);
    case BL_COLLATERAL_NONE:
        break;
    }
    return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "of no kind", 0);
}

enum bulla_status
bl_collateral_verify(const struct bl_collateral *object, const struct bl_collateral_set *set,
                     const struct bl_collateral_trust *trust, struct bl_collateral_facts *facts_out,
                     struct bulla_error *err)
{
    struct bl_collateral_facts facts = { 0 };

    /* What is not there would not be looked at. */
    if (object->body.size == 0 || object->body.size > BL_COLLATERAL_BODY_SIZE_MAX ||
        object->issuers.size > BL_COLLATERAL_ISSUERS_SIZE_MAX)
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "empty, or too large", object->body.size);
    BL_TRY(verify(object, set, trust, &facts, err));
    *facts_out = facts;
    return BULLA_OK;
}
