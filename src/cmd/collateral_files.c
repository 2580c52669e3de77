/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/collateral_files.h"

#include <string.h>

#include "base/memory.h"
#include "cmd/arguments.h"
#include "cmd/certificate_file.h"
#include "cmd/report.h"
#include "cmd/stream.h"
#include "cmd/user_directory.h"
#include "codec/hex.h"
#include "codec/time.h"
#include "keys/identity.h"
#include "sys/clock.h"
#include "tee/anchors.h"
#include "tee/wrapper.h"

#define WHERE "command line"
#define DAY_S 86400

const char *const bl_tee_words[] = { "sgx", "tdx", NULL };
const char *const bl_snp_product_words[] = { "milan", "genoa", "turin", NULL };

static struct bulla_bytes
text_of(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, strlen(text) };
}

static enum bulla_status
fail_usage(const char *object, const char *what, struct bulla_error *err)
{
    bl_report_object_word(object);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE, what);
}

void
bl_collateral_files_done(struct bl_collateral_files *files)
{
    for (size_t i = 0; i < files->root_count; i++)
        bulla_buffer_done(&files->roots[i]);
    bl_cache_free(files->cache);
    bl_wants_free(files->wants);
    bl_collateral_set_free(files->pieces);
    *files = (struct bl_collateral_files){ 0 };
}

/* -- what is trusted ----------------------------------------------------------------------------- */

static enum bulla_status
read_root(struct bl_collateral_files *files, const char *path, struct bulla_error *err)
{
    if (files->root_count == BL_ROOT_COUNT_MAX)
        return fail_usage(path, "more roots than can be given", err);
    struct bulla_buffer *der = &files->roots[files->root_count++];
    bl_report_object_word(path);
    BL_TRY(bl_certificate_file_read(path, der, err));
    files->anchors[files->trust.anchor_count++] =
        (struct bl_anchor){ .name = "given on the command line",
                            .kind = BL_ANCHOR_GIVEN,
                            .der = bulla_buffer_bytes(der),
                            .platform_class = BL_CLASS_HARDWARE,
                            .role = "root" };
    return BULLA_OK;
}

enum bulla_status
bl_collateral_trust_read(struct bl_collateral_files *files, const struct bl_arguments *arguments,
                         struct bulla_error *err)
{
    const char *at = bl_argument(arguments, "at"), *path;

    files->trust.anchors = files->anchors;
    files->trust.anchor_count = bl_vendor_anchors(files->anchors);
    files->trust.now_s = bl_clock_now_s();
    if (at != NULL && bl_time_parse(text_of(at), &files->trust.now_s, NULL) != BULLA_OK)
        return fail_usage(at, "it is not a time such as 2026-11-22T09:30:00Z", err);
    for (size_t i = 0; (path = bl_argument_at(arguments, "root", i)) != NULL; i++)
        BL_TRY(read_root(files, path, err));
    bl_report_object_word("");
    return BULLA_OK;
}

enum bulla_status
bl_collateral_grace_read(const struct bl_arguments *arguments, int64_t *grace_s_out,
                         struct bulla_error *err)
{
    const char *days = bl_argument(arguments, "grace");
    uint64_t number = 0;

    if (days != NULL) {
        bl_report_object_word(days);
        BL_TRY(bl_parse_number(days, BL_COLLATERAL_GRACE_DAYS_MAX, &number, err));
        bl_report_object_word("");
    }
    *grace_s_out = (int64_t)number * DAY_S;
    return BULLA_OK;
}

/* -- where it is kept ---------------------------------------------------------------------------- */

enum bulla_status
bl_collateral_cache_open(struct bl_collateral_files *files, const struct bl_arguments *arguments,
                         bool may_create, struct bulla_error *err)
{
    const char *given = bl_argument(arguments, "cache");
    char *own = given != NULL ? NULL : bl_user_directory(BL_USER_CACHE, "bulla/collateral");
    const char *directory = given != NULL ? given : own;

    if (directory == NULL)
        return fail_usage("--cache", "there is no home to keep it in: where?", err);
    bl_report_object_word(directory);
    enum bulla_status status = bl_cache_open(directory, may_create, &files->cache, err);
    bl_free(own);
    if (status == BULLA_E_NOT_FOUND)
        bl_report_next("fill it: bulla collateral fetch --for EVIDENCE");
    BL_TRY(status);
    bl_report_object_word("");
    return BULLA_OK;
}

/* -- what is wanted ------------------------------------------------------------------------------ */

/* Evidence as a file has it: as it is, or in a wrapper. */
struct given_evidence {
    struct bulla_buffer bytes;
    struct bl_cmw wrapper;
    struct bl_wrapped_evidence wrapped;
    const char *kind;
    struct bl_verification v;
};

static void
given_evidence_free(struct given_evidence *given)
{
    if (given == NULL)
        return;
    bulla_buffer_done(&given->bytes);
    bl_cmw_done(&given->wrapper);
    bl_free(given);
}
BL_DEFINE_FREEP(given_evidence)

static enum bulla_status
unwrap(struct given_evidence *given, struct bulla_error *err)
{
    enum bl_cmw_form form;

    if (given->bytes.size == 0 ||
        bl_cmw_encoding_of(given->bytes.data[0], &form) == BL_CMW_ENCODING_NONE) {
        bl_report_next("say of what kind it is: --kind KIND");
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE, "what kind of evidence is it?");
    }
    BL_TRY(bl_cmw_decode(bulla_buffer_bytes(&given->bytes), &given->wrapper, err));
    BL_TRY(bl_wrapper_open(&given->wrapper, &given->wrapped, err));
    given->kind = given->wrapped.scheme->kind;
    given->v = (struct bl_verification){ .evidence = given->wrapped.evidence,
                                         .parts = given->wrapped.parts,
                                         .part_count = given->wrapped.part_count };
    return BULLA_OK;
}

static enum bulla_status
add_of_file(struct bl_wants *wants, const char *path, const char *kind,
            enum bl_snp_generation generation, struct bulla_error *err)
{
    BL_AUTO_FREE(given_evidence) given = bl_alloc(1, sizeof *given);

    if (given == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    bl_report_object_word(path);
    BL_TRY(bl_input_slurp(path, BL_PART_SIZE_MAX, &given->bytes, err));
    given->v.evidence = bulla_buffer_bytes(&given->bytes);
    given->kind = kind != NULL ? kind : bl_evidence_kind(given->v.evidence);
    if (given->kind == NULL)
        BL_TRY(unwrap(given, err));
    if (bl_scheme_find(given->kind) == NULL)
        return fail_usage(given->kind, "there is no such kind", err);
    if (generation == BL_SNP_GENERATION_NONE)
        bl_report_next("if it is an SNP report of version 2: --snp-product milan or genoa");
    BL_TRY(bl_wants_of_evidence(wants, given->kind, &given->v, generation, err));
    bl_report_next(NULL);
    bl_report_object_word("");
    return BULLA_OK;
}

static enum bulla_status
add_fmspc(struct bl_wants *wants, const char *text, const char *tee, struct bulla_error *err)
{
    uint8_t fmspc[BL_FMSPC_SIZE];

    if (tee != NULL && strcmp(tee, "sgx") != 0 && strcmp(tee, "tdx") != 0)
        return fail_usage(tee, "it is neither sgx nor tdx", err);
    if (bl_hex_decode_exact(text_of(text), fmspc, sizeof fmspc, NULL) != BULLA_OK)
        return fail_usage(text, "an FMSPC has 12 hexadecimal digits", err);
    if (tee == NULL || strcmp(tee, "sgx") == 0)
        BL_TRY(bl_wants_add_fmspc(wants, /* is_tdx= */ false, fmspc, err));
    return tee == NULL || strcmp(tee, "tdx") == 0
               ? bl_wants_add_fmspc(wants, /* is_tdx= */ true, fmspc, err)
               : BULLA_OK;
}

static enum bulla_status
add_products(struct bl_wants *wants, const struct bl_arguments *arguments,
             enum bl_snp_generation *generation_out, struct bulla_error *err)
{
    const char *word;

    *generation_out = BL_SNP_GENERATION_NONE;
    for (size_t i = 0; (word = bl_argument_at(arguments, "snp-product", i)) != NULL; i++) {
        *generation_out = bl_snp_generation_from_word(text_of(word));
        if (*generation_out == BL_SNP_GENERATION_NONE)
            return fail_usage(word, "it is none of milan, genoa, turin", err);
        if (bl_argument(arguments, "for") == NULL)
            BL_TRY(bl_wants_add_generation(wants, *generation_out, err));
    }
    return BULLA_OK;
}

enum bulla_status
bl_collateral_wants_read(struct bl_collateral_files *files, const struct bl_arguments *arguments,
                         bool *any_out, struct bulla_error *err)
{
    enum bl_snp_generation generation;
    const char *given;

    files->wants = bl_wants_new();
    if (files->wants == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    *any_out = bl_argument(arguments, "for") != NULL || bl_argument(arguments, "fmspc") != NULL ||
               bl_argument(arguments, "snp-product") != NULL;
    BL_TRY(add_products(files->wants, arguments, &generation, err));
    for (size_t i = 0; (given = bl_argument_at(arguments, "fmspc", i)) != NULL; i++)
        BL_TRY(add_fmspc(files->wants, given, bl_argument(arguments, "tee"), err));
    for (size_t i = 0; (given = bl_argument_at(arguments, "for", i)) != NULL; i++)
        BL_TRY(add_of_file(files->wants, given, bl_argument(arguments, "kind"), generation, err));
    return BULLA_OK;
}

enum bulla_status
bl_bundle_key_read(const char *given, struct bl_key **key_out, struct bulla_error *err)
{
    static const char prefix[] = "bulla-ed25519:";
    BL_AUTO(bulla_buffer) content = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    struct bulla_bytes text = text_of(given);

    bl_report_object_word(given);
    if (strncmp(given, prefix, sizeof prefix - 1) != 0) {
        BL_TRY(bl_file_read(given, BL_KEYRING_SIZE_MAX, &content, err));
        text = bulla_buffer_bytes(&content);
    }
    BL_TRY(bl_signer_parse(text, &key, err));
    if (bl_key_has_private(key))
        return bulla_fail(err, BULLA_E_USAGE, "bundle key",
                          "it is the secret half: name the file of the public one", 0);
    bl_report_object_word("");
    *key_out = key;
    key = NULL;
    return BULLA_OK;
}
