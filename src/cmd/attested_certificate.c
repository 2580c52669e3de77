/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/attested_certificate.h"

#include <string.h>

#include "base/memory.h"
#include "cmd/arguments.h"
#include "cmd/certificate_file.h"
#include "cmd/private_key_file.h"
#include "cmd/report.h"
#include "codec/cmw.h"
#include "codec/der.h"
#include "codec/pem.h"

#define LIFETIME_DEFAULT_S 3600
#define LIFETIME_MAX_S 86400
#define ID_PE_CMW "1.3.6.1.5.5.7.1.35"
#define EAR_TYPE "application/eat+jwt; eat_profile=\"" BL_EAR_PROFILE "\""

static const char where[] = "new certificate";

static enum bulla_status
fail_usage(const char *option, const char *what, struct bulla_error *err)
{
    bl_report_object_word(option);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

void
bl_certificate_wish_done(struct bl_certificate_wish *wish)
{
    bl_key_free(wish->authority_key);
    bl_certificate_free(wish->authority);
    *wish = (struct bl_certificate_wish){ 0 };
}

/* -- what is asked for --------------------------------------------------------------------------- */

static enum bulla_status
check_without(const struct bl_arguments *arguments, struct bulla_error *err)
{
    static const char *const names[] = { "ca-key", "ca-cert", "lifetime", "dns-name" };

    for (size_t i = 0; i < BL_COUNT_OF(names); i++)
        if (bl_argument(arguments, names[i]) != NULL)
            return fail_usage(names[i], "it goes with --certificate", err);
    return BULLA_OK;
}

static enum bulla_status
check_with(const struct bl_arguments *arguments, struct bulla_error *err)
{
    static const char *const names[] = { "policy", "subject-key", "ca-key", "ca-cert" };

    for (size_t i = 0; i < BL_COUNT_OF(names); i++)
        if (bl_argument(arguments, names[i]) == NULL)
            return fail_usage(names[i], "a certificate needs it", err);
    return BULLA_OK;
}

static enum bulla_status
read_authority(const char *path, struct bl_certificate_wish *wish, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) der = { 0 };

    bl_report_object_word(path);
    BL_TRY(bl_certificate_file_read(path, &der, err));
    return bl_certificate_parse(bulla_buffer_bytes(&der), &wish->authority, err);
}

enum bulla_status
bl_certificate_wish_read(const struct bl_arguments *arguments, struct bl_certificate_wish *wish_out,
                         struct bulla_error *err)
{
    const char *lifetime = bl_argument(arguments, "lifetime");

    wish_out->path = bl_argument(arguments, "certificate");
    if (wish_out->path == NULL)
        return check_without(arguments, err);
    BL_TRY(check_with(arguments, err));
    wish_out->lifetime_s = LIFETIME_DEFAULT_S;
    if (lifetime != NULL)
        BL_TRY(bl_parse_number(lifetime, LIFETIME_MAX_S, &wish_out->lifetime_s, err));
    if (wish_out->lifetime_s == 0)
        return fail_usage("--lifetime", "no time at all", err);
    wish_out->dns_name = bl_argument(arguments, "dns-name");
    BL_TRY(
        bl_private_key_file_read(bl_argument(arguments, "ca-key"), &wish_out->authority_key, err));
    return read_authority(bl_argument(arguments, "ca-cert"), wish_out, err);
}

/* -- what is granted ----------------------------------------------------------------------------- */

/* From now to the earliest of: the lifetime, the end of the policy, that of the authority. */
static enum bulla_status
limit(const struct bl_certificate_wish *wish, const struct bl_verify_outcome *outcome,
      int64_t *not_after_s_out, struct bulla_error *err)
{
    const int64_t now_s = outcome->files->verification.now_s;
    int64_t since_s = 0, until_s = 0, end_s = now_s + (int64_t)wish->lifetime_s;

    bl_certificate_validity(wish->authority, &since_s, &until_s);
    if (now_s < since_s)
        return bulla_fail_cause(err, BULLA_CAUSE_NOT_YET_VALID, where, "the authority is not yet");
    if (end_s > until_s)
        end_s = until_s;
    if (end_s > outcome->policy->not_after_s)
        end_s = outcome->policy->not_after_s;
    if (end_s <= now_s)
        return bulla_fail_cause(err, BULLA_CAUSE_EXPIRED, where, "the authority is not any more");
    *not_after_s_out = end_s;
    return BULLA_OK;
}

/* The result that it stands for, wrapped: CMW ::= CHOICE { ..., cbor OCTET STRING }. */
static enum bulla_status
make_extension(const struct bl_certificate_wish *wish, const struct bl_verify_outcome *outcome,
               int64_t not_after_s, struct bulla_buffer *value, struct bulla_error *err)
{
    const struct bl_result_request signer = { .format = BL_EAR_JWT, .key = wish->authority_key };
    BL_AUTO(bulla_buffer) token = { 0 };
    BL_AUTO(bulla_buffer) wrapper = { 0 };
    struct bl_cmw cmw = { .count = 1 };
    struct bl_writer w = bl_writer(value);

    BL_TRY(bl_result_sign(&signer, outcome, not_after_s, &token, err));
    cmw.items[0] = (struct bl_cmw_item){ .form = BL_CMW_RECORD,
                                         .type = BL_LITERAL(EAR_TYPE),
                                         .value = bulla_buffer_bytes(&token),
                                         .indicator = BL_CMW_ATTESTATION_RESULTS };
    BL_TRY(bl_cmw_encode(&cmw, BL_CMW_CBOR, &wrapper, err));
    bl_der_write(&w, BL_DER_OCTET_STRING, bulla_buffer_bytes(&wrapper));
    return bl_writer_finish(&w, err);
}

static enum bulla_status
issue(const struct bl_certificate_wish *wish, const struct bl_verify_outcome *outcome,
      struct bulla_buffer *pem, struct bulla_error *err)
{
    static const char *const usages[] = { "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", NULL };
    struct bl_certificate_request request = {
        .common_name = outcome->policy->name,
        .not_before_s = outcome->files->verification.now_s,
        .usage_oids = usages,
        .extension_oid = ID_PE_CMW,
        .dns_name = wish->dns_name,
    };
    BL_AUTO(bulla_buffer) extension = { 0 };
    BL_AUTO(bulla_buffer) der = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;

    BL_TRY(bl_key_from_spki(bulla_buffer_bytes(&outcome->files->subject_key), &key, err));
    BL_TRY(limit(wish, outcome, &request.not_after_s, err));
    BL_TRY(make_extension(wish, outcome, request.not_after_s, &extension, err));
    request.subject = key;
    request.extension_value = bulla_buffer_bytes(&extension);
    BL_TRY(bl_certificate_issue(&request, wish->authority, wish->authority_key, &der, err));
    return bl_pem_encode(bulla_buffer_bytes(&der), "CERTIFICATE", pem, err);
}

enum bulla_status
bl_certificate_wish_grant(const struct bl_certificate_wish *wish,
                          const struct bl_verify_outcome *outcome,
                          const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) pem = { 0 };
    BL_AUTO(bl_output) output = BL_OUTPUT_NONE;

    if (wish->path == NULL || !bl_outcome_is_genuine(outcome) || !outcome->verdict.permitted)
        return BULLA_OK;
    BL_TRY(issue(wish, outcome, &pem, err));
    BL_TRY(bl_output_open_file(&output, wish->path, arguments, err));
    BL_TRY(bl_fd_write(output.fd, bulla_buffer_bytes(&pem), err));
    return bl_output_commit(&output, err);
}
