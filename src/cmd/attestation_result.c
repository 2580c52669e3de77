/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/attestation_result.h"

#include <string.h>

#include "cmd/private_key_file.h"
#include "cmd/report.h"
#include "codec/hex.h"

const char *const bl_result_formats[] = { "jwt", "cwt", NULL };

static enum bulla_status
fail_usage(const char *option, const char *what, struct bulla_error *err)
{
    bl_report_object_word(option);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

void
bl_result_request_done(struct bl_result_request *request)
{
    bl_key_free(request->key);
    *request = (struct bl_result_request){ 0 };
}

/* What makes sense with --result alone. */
static enum bulla_status
check_without(const struct bl_arguments *arguments, struct bulla_error *err)
{
    static const char *const names[] = { "result-key", "result-format", "result-issuer",
                                         "result-audience" };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bl_argument(arguments, names[i]) != NULL)
            return fail_usage(names[i], "it goes with --result", err);
    return BULLA_OK;
}

enum bulla_status
bl_result_request_read(const struct bl_arguments *arguments, struct bl_result_request *request_out,
                       struct bulla_error *err)
{
    const char *format = bl_argument(arguments, "result-format");
    struct bl_result_request request = { .path = bl_argument(arguments, "result") };

    if (request.path == NULL)
        return check_without(arguments, err);
    if (bl_argument(arguments, "policy") == NULL)
        return fail_usage("--result", "a result needs --policy: it says what was permitted", err);
    if (bl_argument(arguments, "result-key") == NULL)
        return fail_usage("--result", "a result needs --result-key: nobody believes it unsigned",
                          err);
    request.format = format == NULL || strcmp(format, "jwt") == 0 ? BL_EAR_JWT : BL_EAR_CWT;
    if (request.format == BL_EAR_CWT && strcmp(format, "cwt") != 0)
        return fail_usage(format, "it is neither jwt nor cwt", err);
    request.issuer = bl_argument(arguments, "result-issuer");
    request.audience = bl_argument(arguments, "result-audience");
    BL_TRY(bl_private_key_file_read(bl_argument(arguments, "result-key"), &request.key, err));
    *request_out = request;
    return BULLA_OK;
}

static struct bulla_bytes
text_of(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, text == NULL ? 0 : strlen(text) };
}

/* The nonce that the evidence was asked to carry, as it was given. */
static enum bulla_status
read_nonce(const struct bl_verification *v, struct bulla_buffer *nonce, struct bulla_error *err)
{
    struct bulla_bytes hex = bl_input_find(v, "nonce");

    if (hex.size == 0)
        hex = bl_input_find(v, "challenge");
    return hex.size == 0 ? BULLA_OK : bl_hex_decode(hex, nonce, err);
}

enum bulla_status
bl_result_sign(const struct bl_result_request *request, const struct bl_verify_outcome *outcome,
               int64_t expires_s, struct bulla_buffer *token, struct bulla_error *err)
{
    const struct bl_verification *v = &outcome->files->verification;
    BL_AUTO(bulla_buffer) nonce = { 0 };
    BL_AUTO(bl_ear) ear = { 0 };

    BL_TRY(read_nonce(v, &nonce, err));
    BL_TRY(bl_ear_from_verdict(&outcome->claims, &outcome->verdict, outcome->policy,
                               bulla_buffer_bytes(&nonce), v->now_s, &ear, err));
    ear.issuer = text_of(request->issuer);
    ear.audience = text_of(request->audience);
    ear.appraisals[0].key = bulla_buffer_bytes(&outcome->files->subject_key);
    if (expires_s != 0)
        ear.expires_s.value = (uint64_t)expires_s;
    return bl_ear_sign(&ear, request->format, request->key, token, err);
}

static enum bulla_status
make(const struct bl_result_request *request, const struct bl_verify_outcome *outcome,
     struct bulla_buffer *token, struct bulla_error *err)
{
    BL_TRY(bl_result_sign(request, outcome, /* expires_s= */ 0, token, err));
    return request->format == BL_EAR_JWT ? bulla_buffer_append(token, text_of("\n"), err)
                                         : BULLA_OK;
}

enum bulla_status
bl_result_request_write(const struct bl_result_request *request,
                        const struct bl_verify_outcome *outcome,
                        const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) token = { 0 };
    BL_AUTO(bl_output) output = BL_OUTPUT_NONE;

    if (request->path == NULL || !bl_outcome_is_genuine(outcome))
        return BULLA_OK;
    BL_TRY(make(request, outcome, &token, err));
    BL_TRY(bl_output_open_file(&output, request->path, arguments, err));
    BL_TRY(bl_fd_write(output.fd, bulla_buffer_bytes(&token), err));
    return bl_output_commit(&output, err);
}
