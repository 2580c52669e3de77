/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/verify.h"

#include <string.h>

#include "base/memory.h"
#include "tee/signature.h"
#include "tee/snp/chain.h"

#define REPORT "SNP report"
#define ID_AUTH "SNP ID authentication"
#define ID_BLOCK_SIZE 96u /* bytes */
#define VERSION_MITIGATIONS 5u

static const char kind[] = "snp";

/* -- the signature ----------------------------------------------------------------------------- */

static enum bulla_status
find_signing_key(const struct bl_snp_report *report, bool *is_vlek_out, struct bulla_error *err)
{
    switch (bl_snp_signing_key(report)) {
    case BL_SNP_VCEK:
        *is_vlek_out = false;
        return BULLA_OK;
    case BL_SNP_VLEK:
        *is_vlek_out = true;
        return BULLA_OK;
    case BL_SNP_NO_KEY:
        return bulla_fail_cause(err, BULLA_CAUSE_REPORT_SIGNATURE, REPORT, "nobody signed it");
    default:
        return bulla_fail(err, BULLA_E_UNSUPPORTED, REPORT, "signing key", 0x48);
    }
}

/* A signature of P-384 with SHA-384, whatever the report says of its algorithm. */
static enum bulla_status
check_signature(const struct bl_key *key, struct bulla_bytes signed_part,
                const uint8_t signature[96], const char *where, struct bulla_error *err)
{
    if (bl_key_kind(key) != BL_KEY_P384)
        return bulla_fail_cause(err, BULLA_CAUSE_UNTRUSTED, where, "key is not one of P-384");
    return bl_signature_check(key, signed_part, (struct bulla_bytes){ signature, 96 },
                              (struct bl_signature_blame){ BULLA_CAUSE_REPORT_SIGNATURE, where,
                                                           "signature does not verify" },
                              err);
}

static enum bulla_status
check_report_signature(const struct bl_snp_chain *chain, const struct bl_snp_report *report,
                       struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;

    BL_TRY(bl_certificate_key(chain->certificates.items[0], &key, err));
    return check_signature(key, (struct bulla_bytes){ report->bytes.data, BL_SNP_SIGNED_SIZE },
                           report->signature, REPORT, err);
}

/* -- what it says ------------------------------------------------------------------------------ */

static struct bl_claim_bytes
claim(struct bulla_bytes bytes)
{
    struct bl_claim_bytes claim = { .size = bytes.size };

    memcpy(claim.bytes, bytes.data, bytes.size);
    return claim;
}

static enum bulla_status
claim_platform(const struct bl_snp_report *report, struct bl_claims *claims,
               struct bulla_error *err)
{
    if (bl_all_zero(report->chip_id))
        return BULLA_OK;
    claims->platform_id.size = bl_hash_size(BL_SHA256);
    return bl_hash_once(BL_SHA256, report->chip_id, claims->platform_id.bytes, err);
}

/* What an older report has in their place is reserved, and says nothing. */
static void
claim_mitigations(const struct bl_snp_report *report, struct bl_claims *claims)
{
    struct bl_reader launch = bl_reader(report->launch_mit_vector, REPORT);
    struct bl_reader current = bl_reader(report->current_mit_vector, REPORT);

    if (report->version < VERSION_MITIGATIONS)
        return;
    claims->launch_mitigations = (struct bl_claim_number){ true, bl_read_u64le(&launch) };
    claims->current_mitigations = (struct bl_claim_number){ true, bl_read_u64le(&current) };
}

static enum bulla_status
make_claims(const struct bl_snp_report *report, const struct bl_snp_chain *chain,
            struct bl_claims *claims, struct bulla_error *err)
{
    claims->platform_class = chain->anchor->platform_class;
    claims->anchor = chain->anchor->name;
    claims->code = claim(report->measurement);
    claims->config = claim(report->host_data);
    if (!bl_all_zero(report->id_key_digest))
        claims->signer = claim(report->id_key_digest);
    claims->version = (struct bl_claim_number){ true, report->guest_svn };
    claims->isolation = BL_ISOLATION_HARDWARE;
    claims->firmware = bl_snp_tcb_svns(report->reported_tcb, chain->generation);
    claims->attributes = (struct bl_claim_number){ true, report->policy };
    claims->platform_info = (struct bl_claim_number){ true, report->platform_info };
    claims->vmpl = (struct bl_claim_number){ true, report->vmpl };
    claims->debug = (struct bl_claim_flag){ true, (report->policy & BL_SNP_POLICY_DEBUG) != 0 };
    claims->migratable =
        (struct bl_claim_flag){ true, (report->policy & BL_SNP_POLICY_MIGRATE_MA) != 0 };
    if (!chain->is_revocation_checked)
        bl_claims_unchecked(claims, "crl");
    if (chain->late_s.is_present)
        bl_claims_late(claims, (int64_t)chain->late_s.value);
    claim_mitigations(report, claims);
    return claim_platform(report, claims, err);
}

enum bulla_status
bl_snp_verify(const struct bl_verification *verification, struct bl_claims *claims_out,
              struct bulla_error *err)
{
    BL_AUTO(bl_snp_chain) chain = { 0 };
    struct bl_claims claims = { .kind = kind, .binding = verification->binding };
    struct bulla_bytes bytes = { NULL, 0 };
    struct bl_snp_report report;
    struct bl_snp_table table;
    bool is_vlek = false;

    BL_TRY(bl_check_arguments(verification, err));
    BL_TRY(bl_snp_evidence_split(verification->evidence, &bytes, &table, err));
    BL_TRY(bl_snp_report_decode(bytes, &report, err));
    BL_TRY(find_signing_key(&report, &is_vlek, err));
    BL_TRY(bl_snp_chain_verify(verification, &table, is_vlek, &chain, err));
    BL_TRY(check_report_signature(&chain, &report, err));
    BL_TRY(bl_snp_report_check(&report, err));
    BL_TRY(bl_snp_chain_match(&chain, &report, err));
    BL_TRY(bl_check_report_data(verification, report.report_data, err));
    BL_TRY(make_claims(&report, &chain, &claims, err));
    *claims_out = claims;
    return BULLA_OK;
}

/* -- looked at, not believed ------------------------------------------------------------------- */

bool
bl_snp_is_id_auth(struct bulla_bytes evidence)
{
    struct bl_reader r = bl_reader(evidence, ID_AUTH);

    return evidence.size == BL_SNP_ID_AUTH_SIZE &&
           bl_read_u32le(&r) == 1; /* reports begin with 2 */
}

static enum bulla_status
check_with_key(const struct bl_snp_public_key *by, struct bulla_bytes signed_part,
               const uint8_t signature[96], struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;

    BL_TRY(bl_key_from_raw_public(BL_KEY_P384, BL_BYTES_OF(by->raw), &key, err));
    return check_signature(key, signed_part, signature, ID_AUTH, err);
}

static enum bulla_status
inspect_id_auth(const struct bl_verification *v, struct bulla_error *err)
{
    struct bulla_bytes id_block = bl_part_find(v, "id_block");
    struct bl_snp_id_auth auth;

    BL_TRY(bl_snp_id_auth_decode(v->evidence, &auth, err));
    if (auth.has_author)
        BL_TRY(check_with_key(&auth.author_key, auth.id_key.bytes, auth.id_key_signature, err));
    if (id_block.size == 0)
        return BULLA_OK;
    if (id_block.size != ID_BLOCK_SIZE)
        return bulla_fail(err, BULLA_E_MALFORMED, ID_AUTH, "size of the ID block", id_block.size);
    return check_with_key(&auth.id_key, id_block, auth.id_block_signature, err);
}

enum bulla_status
bl_snp_inspect(const struct bl_verification *verification, struct bl_claims *claims_out,
               struct bulla_error *err)
{
    struct bulla_bytes bytes = { NULL, 0 };
    struct bl_claims claims = { .kind = kind };
    struct bl_snp_report report;
    struct bl_snp_table table;

    if (bl_snp_is_id_auth(verification->evidence)) {
        BL_TRY(inspect_id_auth(verification, err));
    } else {
        BL_TRY(bl_snp_evidence_split(verification->evidence, &bytes, &table, err));
        BL_TRY(bl_snp_report_decode(bytes, &report, err));
        BL_TRY(bl_snp_report_check(&report, err));
    }
    *claims_out = claims;
    return BULLA_OK;
}
