/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/evidence_files.h"

#include <string.h>

#include "appraise/ear.h"
#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/stream.h"
#include "cmd/subject_key.h"
#include "codec/hex.h"
#include "codec/time.h"
#include "crypto/hash.h"
#include "sys/clock.h"
#include "tee/anchors.h"

#define WHERE "command line"

static struct bulla_bytes
text_of(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, strlen(text) };
}

static enum bulla_status
fail_usage(const char *option, const char *what, struct bulla_error *err)
{
    bl_report_object_word(option);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE, what);
}

/* "ROLE=REST": the role is kept, the rest is a view. */
static enum bulla_status
split(struct bl_evidence_files *files, const char *given, const char **role_out,
      const char **rest_out, struct bulla_error *err)
{
    const char *sign = strchr(given, '=');
    size_t size = sign == NULL ? 0 : (size_t)(sign - given);

    if (size == 0 || size >= BL_ROLE_SIZE)
        return fail_usage(given, "it is not ROLE=FILE or NAME=VALUE", err);
    if (files->role_count == BL_COUNT_OF(files->roles))
        return fail_usage(given, "more pieces than can be given", err);
    char *role = files->roles[files->role_count++];
    memcpy(role, given, size);
    *role_out = role;
    *rest_out = sign + 1;
    return BULLA_OK;
}

static enum bulla_status
read_content(struct bl_evidence_files *files, const char *path, struct bulla_bytes *content_out,
             struct bulla_error *err)
{
    if (files->content_count == BL_COUNT_OF(files->contents))
        return fail_usage(path, "more pieces than can be given", err);
    struct bulla_buffer *content = &files->contents[files->content_count];
    bl_report_object_word(path);
    BL_TRY(bl_input_slurp(path, BL_PART_SIZE_MAX, content, err));
    files->content_count++;
    *content_out = bulla_buffer_bytes(content);
    return BULLA_OK;
}

/* Pieces of which there may be several, each counting for itself. Of any other one, two of a name would
 * leave it open which of them counts, or whether one is looked at at all. */
static bool
may_repeat(const char *role)
{
    static const char *const roles[] = { "crl",          "crls",          "pck_crl",   "root",
                                         "intermediate", "intermediates", "cert_chain" };

    for (size_t i = 0; i < BL_COUNT_OF(roles); i++)
        if (strcmp(roles[i], role) == 0)
            return true;
    return false;
}

static bool
is_among(const struct bl_part *parts, size_t count, const char *role)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(parts[i].role, role) == 0)
            return true;
    return false;
}

static enum bulla_status
read_parts(struct bl_evidence_files *files, const struct bl_arguments *arguments,
           const char *option, struct bulla_error *err)
{
    const char *given, *path = NULL;

    for (size_t i = 0; (given = bl_argument_at(arguments, option, i)) != NULL; i++) {
        if (files->verification.part_count == BL_PART_COUNT_MAX)
            return fail_usage(given, "more pieces than can be given", err);
        struct bl_part *part = &files->parts[files->verification.part_count];
        BL_TRY(split(files, given, &part->role, &path, err));
        if (is_among(files->parts, files->verification.part_count, part->role) &&
            !may_repeat(part->role))
            return fail_usage(given, "the same piece is given twice", err);
        BL_TRY(read_content(files, path, &part->bytes, err));
        files->verification.part_count++;
    }
    return BULLA_OK;
}

/* The operator's own word: as good as hardware, for nobody else will say what stands behind it. */
static enum bulla_status
read_anchors(struct bl_evidence_files *files, const struct bl_arguments *arguments,
             struct bulla_error *err)
{
    size_t *count = &files->verification.anchor_count;
    const char *given, *path = NULL;

    *count = bl_vendor_anchors(files->anchors);
    for (size_t i = 0; (given = bl_argument_at(arguments, "anchor", i)) != NULL; i++) {
        if (*count == BL_ANCHOR_COUNT_MAX)
            return fail_usage(given, "more anchors than can be given", err);
        struct bl_anchor *anchor = &files->anchors[*count];
        *anchor = (struct bl_anchor){ .name = "given on the command line",
                                      .kind = BL_ANCHOR_GIVEN,
                                      .platform_class = BL_CLASS_HARDWARE };
        BL_TRY(split(files, given, &anchor->role, &path, err));
        BL_TRY(read_content(files, path, &anchor->der, err));
        (*count)++;
    }
    return BULLA_OK;
}

static enum bulla_status
read_inputs(struct bl_evidence_files *files, const struct bl_arguments *arguments,
            struct bulla_error *err)
{
    const char *given, *value = NULL;

    for (size_t i = 0; (given = bl_argument_at(arguments, "input", i)) != NULL; i++) {
        if (files->verification.input_count == BL_PART_COUNT_MAX)
            return fail_usage(given, "more pieces than can be given", err);
        struct bl_part *input = &files->inputs[files->verification.input_count];
        BL_TRY(split(files, given, &input->role, &value, err));
        if (is_among(files->inputs, files->verification.input_count, input->role))
            return fail_usage(given, "the same input is given twice", err);
        input->bytes = text_of(value);
        files->verification.input_count++;
    }
    return BULLA_OK;
}

static bool
has_input(const struct bl_evidence_files *files, const char *name)
{
    return is_among(files->inputs, files->verification.input_count, name);
}

/* nonce=HEX or challenge=HEX, or what extra_data_is says of it. */
static enum bulla_status
make_binder(struct bl_evidence_files *files, struct bulla_error *err)
{
    const char *name = has_input(files, "nonce") ? "nonce" : "challenge";
    struct bulla_bytes how = bl_input_find(&files->verification, "extra_data_is");
    BL_AUTO(bulla_buffer) nonce = { 0 };
    uint8_t digest[32];

    if (!has_input(files, name))
        return how.size == 0 ? BULLA_OK
                             : fail_usage("extra_data_is", "there is no nonce to go with it", err);
    bl_report_object_word(name);
    BL_TRY(bl_hex_decode(bl_input_find(&files->verification, name), &nonce, err));
    if (how.size == 0) {
        BL_TRY(bulla_buffer_append(&files->binder, bulla_buffer_bytes(&nonce), err));
    } else if (bl_equal(how, BL_LITERAL("sha256(nonce)"))) {
        BL_TRY(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&nonce), digest, err));
        BL_TRY(bulla_buffer_append(&files->binder, BL_BYTES_OF(digest), err));
    } else {
        return fail_usage("extra_data_is", "it is not sha256(nonce)", err);
    }
    files->verification.binder = bulla_buffer_bytes(&files->binder);
    files->verification.binding = BL_BINDING_NONE;
    return BULLA_OK;
}

static enum bulla_status
read_time(const struct bl_arguments *arguments, int64_t *now_s_out, struct bulla_error *err)
{
    const char *at = bl_argument(arguments, "at");

    if (at == NULL) {
        *now_s_out = bl_clock_now_s();
        return BULLA_OK;
    }
    if (bl_time_parse(text_of(at), now_s_out, NULL) != BULLA_OK)
        return fail_usage(at, "it is not a time such as 2026-11-22T09:30:00Z", err);
    return BULLA_OK;
}

static enum bulla_status
find_scheme(const struct bl_arguments *arguments, const struct bl_scheme **scheme_out,
            struct bulla_error *err)
{
    const char *kind = bl_argument(arguments, "kind");

    if (kind == NULL)
        return BULLA_OK; /* a wrapper says it */
    *scheme_out = strcmp(kind, bl_ear_scheme.kind) == 0 ? &bl_ear_scheme : bl_scheme_find(kind);
    if (*scheme_out != NULL)
        return BULLA_OK;
    bl_report_object_word(kind);
    return bulla_fail(err, BULLA_E_UNSUPPORTED, "evidence", "no such kind", 0);
}

static enum bulla_status
unwrap(struct bl_evidence_files *files, struct bulla_error *err)
{
    struct bl_verification *v = &files->verification;
    enum bl_cmw_form form;

    if (files->evidence.size == 0 ||
        bl_cmw_encoding_of(files->evidence.data[0], &form) == BL_CMW_ENCODING_NONE)
        return fail_usage("--kind", "what kind of evidence is it?", err);
    BL_TRY(bl_cmw_decode(v->evidence, &files->wrapper, err));
    BL_TRY(bl_wrapper_open(&files->wrapper, &files->wrapped, err));
    files->scheme = files->wrapped.scheme;
    v->evidence = files->wrapped.evidence;
    return bl_wrapper_add_parts(&files->wrapped, files->parts, &v->part_count, err);
}

static enum bulla_status
load(struct bl_evidence_files *files, const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_verification *v = &files->verification;

    BL_TRY(find_scheme(arguments, &files->scheme, err));
    BL_TRY(read_time(arguments, &v->now_s, err));
    BL_TRY(read_parts(files, arguments, "part", err));
    BL_TRY(read_parts(files, arguments, "collateral", err));
    BL_TRY(read_anchors(files, arguments, err));
    BL_TRY(read_inputs(files, arguments, err));
    BL_TRY(make_binder(files, err));
    bl_report_object_word(bl_operand(arguments, 0));
    BL_TRY(bl_input_slurp(bl_operand(arguments, 0),
                          files->scheme == NULL ? BL_CMW_SIZE_MAX : BL_PART_SIZE_MAX,
                          &files->evidence, err));
    v->evidence = bulla_buffer_bytes(&files->evidence);
    v->parts = files->parts;
    v->inputs = files->inputs;
    v->anchors = files->anchors;
    const size_t given_count = v->part_count;
    if (files->scheme == NULL)
        BL_TRY(unwrap(files, err));
    BL_TRY(bl_collateral_use(arguments, files->scheme->kind, v, files->parts, given_count,
                             files->inputs, &files->collateral, err));
    BL_TRY(bl_wrapper_add_parts(&files->wrapped, files->parts, &v->part_count, err));
    return bl_subject_key_ask(files, arguments, err);
}

enum bulla_status
bl_evidence_files_load(struct bl_evidence_files *files, const struct bl_arguments *arguments,
                       struct bulla_error *err)
{
    *files = (struct bl_evidence_files){ 0 };
    files->verification.inputs = files->inputs;
    enum bulla_status status = load(files, arguments, err);

    if (status != BULLA_OK)
        bl_evidence_files_done(files);
    return status;
}

void
bl_evidence_files_done(struct bl_evidence_files *files)
{
    for (size_t i = 0; i < BL_COUNT_OF(files->contents); i++)
        bulla_buffer_done(&files->contents[i]);
    bulla_buffer_done(&files->evidence);
    bulla_buffer_done(&files->binder);
    bulla_buffer_done(&files->subject_key);
    bulla_buffer_done(&files->subject_key_text);
    bl_cmw_done(&files->wrapper);
    bl_collateral_use_done(&files->collateral);
}
