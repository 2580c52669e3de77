/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/nvidia/verify.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/certificate_list.h"
#include "tee/nvidia/leaf.h"
#include "tee/nvidia/structures.h"
#include "tee/signature.h"
#include "tee/x509path/path.h"

/* -- the chain ----------------------------------------------------------------------------------- */

/* Leaf, its issuer, ..., root: the root may stand in the chain or beside it. */
static enum bulla_status
read_chain(const struct bl_verification *verification, struct bl_certificate_list *chain,
           struct bulla_error *err)
{
    struct bulla_bytes given = bl_part_find(verification, "cert_chain");
    struct bulla_bytes root = bl_part_find(verification, "root");

    if (given.size == 0)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "NVIDIA report", "no certificate chain given", 0);
    BL_TRY(bl_certificate_list_read(given, chain, err));
    BL_TRY(bl_certificate_list_order(chain, err));
    if (!bl_certificate_is_self_issued(chain->items[chain->count - 1]) && root.size > 0) {
        BL_TRY(bl_certificate_list_read(root, chain, err));
        BL_TRY(bl_certificate_list_order(chain, err));
    }
    if (chain->count < 2)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "NVIDIA report", "no chain but one certificate",
                          0);
    return BULLA_OK;
}

/* A root that was given beside a chain adds no trust, but it must be one that is trusted. */
static enum bulla_status
check_given_root(const struct bl_verification *verification, struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) given = { 0 };
    const struct bl_anchor *anchor = NULL;
    struct bulla_bytes root = bl_part_find(verification, "root");

    if (root.size == 0)
        return BULLA_OK;
    BL_TRY(bl_certificate_list_read(root, &given, err));
    for (size_t i = 0; i < given.count; i++)
        BL_TRY(bl_anchor_of_root(verification, "nvidia", given.items[i], &anchor, err));
    return BULLA_OK;
}

static enum bulla_status
trust_chain(const struct bl_verification *verification, const struct bl_certificate_list *chain,
            const struct bl_anchor **anchor_out, struct bulla_error *err)
{
    BL_TRY(check_given_root(verification, err));
    return bl_path_verify_to_root(verification, "nvidia",
                                  (const struct bl_certificate *const *)chain->items, chain->count,
                                  NULL, anchor_out, err);
}

/* -- the report ---------------------------------------------------------------------------------- */

static enum bulla_status
check_signature(const struct bl_nvidia_report *report, const struct bl_certificate *leaf,
                struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;

    BL_TRY(bl_certificate_key(leaf, &key, err));
    if (bl_key_kind(key) != BL_KEY_P384)
        return bulla_fail_cause(err, BULLA_CAUSE_KEY_ATTRIBUTES, "leaf certificate",
                                "its key is not on P-384");
    return bl_signature_check(
        key, report->signed_bytes, report->signature,
        (struct bl_signature_blame){ BULLA_CAUSE_REPORT_SIGNATURE, "NVIDIA report",
                                     "its signature is not by the leaf of the chain" },
        err);
}

/* A report that says which firmware it is must be signed by the key of that firmware; a leaf that
 * says nothing of it does not do. */
static enum bulla_status
check_firmware(const struct bl_nvidia_report *report, const struct bl_nvidia_leaf *leaf,
               struct bl_claims *claims, struct bulla_error *err)
{
    struct bulla_bytes fwid = bl_nvidia_opaque_find(report, BL_NVIDIA_FWID);

    if (fwid.size == 0) { /* drivers before 550 do not say */
        bl_claims_unchecked(claims, "fwid");
        return BULLA_OK;
    }
    for (size_t i = 0; i < leaf->fwid_count; i++)
        if (bl_equal(leaf->fwids[i], fwid))
            return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_BINDING_MISMATCH, "NVIDIA report",
                                                "its firmware is not the leaf certificate's");
    bulla_error_values(
        err, bulla_value_bytes(fwid),
        bulla_value_bytes(leaf->fwid_count > 0 ? leaf->fwids[0] : (struct bulla_bytes){ NULL, 0 }));
    return status;
}

static void
claim_flags(const struct bl_nvidia_leaf *leaf, struct bl_claims *claims)
{
    unsigned insecure = leaf->flags & (BL_NVIDIA_FLAG_NOT_SECURE | BL_NVIDIA_FLAG_RECOVERY);
    unsigned debug = leaf->flags & BL_NVIDIA_FLAG_DEBUG;

    claims->secured = (struct bl_claim_flag){ leaf->has_flags, insecure == 0 };
    claims->debug = (struct bl_claim_flag){ leaf->has_flags, debug != 0 };
}

static enum bulla_status
check_report(const struct bl_verification *verification, const struct bl_nvidia_report *report,
             const struct bl_certificate *certificate, struct bl_claims *claims,
             struct bulla_error *err)
{
    struct bl_nvidia_leaf leaf = { 0 };

    BL_TRY(check_signature(report, certificate, err));
    BL_TRY(bl_nvidia_leaf_read(certificate, &leaf, err));
    BL_TRY(check_firmware(report, &leaf, claims, err));
    claim_flags(&leaf, claims);
    return bl_check_binder(verification, report->nonce, err);
}

static enum bulla_status
claim_device(const struct bl_certificate *identity, struct bl_claims *claims,
             struct bulla_error *err)
{
    BL_TRY(bl_certificate_spki_digest(identity, claims->platform_id.bytes, err));
    claims->platform_id.size = 32;
    return BULLA_OK;
}

enum bulla_status
bl_nvidia_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
                 struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) chain = { 0 };
    struct bl_claims claims = { .kind = "nvidia", .binding = verification->binding };
    const struct bl_anchor *anchor = NULL;
    struct bl_nvidia_report report;

    BL_TRY(bl_nvidia_report_decode(verification->evidence, &report, err));
    BL_TRY(read_chain(verification, &chain, err));
    BL_TRY(trust_chain(verification, &chain, &anchor, err));
    BL_TRY(check_report(verification, &report, chain.items[0], &claims, err));
    BL_TRY(claim_device(chain.items[1], &claims, err));
    claims.anchor = anchor->name;
    claims.platform_class = anchor->platform_class;
    bl_claims_unchecked(&claims, "rim");
    bl_claims_unchecked(&claims, "ocsp");
    *claims_out = claims;
    return BULLA_OK;
}
