/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/admin_write.c: bulla admin put, grant, ungrant, promote, anchor add|rm, platform revoke.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/admin.h"
#include "cmd/broker_target.h"
#include "cmd/certificate_file.h"
#include "cmd/page.h"
#include "cmd/policy_file.h"
#include "cmd/report.h"
#include "cmd/result.h"
#include "cmd/show.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "codec/cbor.h"
#include "codec/hex.h"
#include "crypto/x509.h"

static struct bulla_bytes
operand_bytes(const struct bl_arguments *arguments, size_t i)
{
    const char *text = bl_operand(arguments, i);

    return (struct bulla_bytes){ (const uint8_t *)text, text == NULL ? 0 : strlen(text) };
}

/* One line of result: what was done to what, with an optional number or digest. */
static enum bulla_status
tell(const struct bl_arguments *arguments, const char *done, const char *number_name,
     uint64_t number, const char *digest_name, struct bulla_bytes digest, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };
    BL_AUTO(bl_page) page = { 0 };
    char shown[BL_SHOWN_SIZE];

    if (bl_wants_json(arguments)) {
        bl_result_begin(&result);
        bl_result_word(&result, "done", done);
        bl_result_text(&result, "name", operand_bytes(arguments, 0));
        if (number_name != NULL)
            bl_result_number(&result, number_name, number);
        if (digest_name != NULL)
            bl_result_hex(&result, digest_name, digest);
        return bl_result_write(&result, STDOUT_FILENO, err);
    }
    bl_page_print(&page, "%s: %s", done, bl_show_text(operand_bytes(arguments, 0), shown));
    if (number_name != NULL)
        bl_page_print(&page, ", %s %llu", number_name, (unsigned long long)number);
    if (digest_name != NULL)
        bl_page_print(&page, ", %s %s", digest_name, bl_show_hex(digest, shown));
    bl_page_print(&page, "\n");
    return bl_page_write(&page, STDOUT_FILENO, err);
}

/* -- put ----------------------------------------------------------------------------------------- */

/* From a file or standard input, straight into locked memory. */
static enum bulla_status
read_value(const struct bl_arguments *arguments, struct bl_secret *value_out,
           struct bulla_error *err)
{
    BL_AUTO(bl_input) input = BL_INPUT_NONE;
    BL_AUTO(bl_secret) value = { 0 };
    size_t size = 0;

    BL_TRY(bl_input_open(&input, bl_operand(arguments, 1), err));
    BL_TRY(bl_secret_new(&value, BL_RELEASED_SIZE_MAX + 1, err));
    BL_TRY(bl_fd_read(input.fd, value.data, value.size, &size, err));
    if (size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "value", "it is empty");
    if (size > BL_RELEASED_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "value", "larger than 64 KiB", size);
    bl_secret_shorten(&value, size);
    *value_out = bl_secret_take(&value);
    return BULLA_OK;
}

static enum bulla_status
run_put(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bl_broker_connection) connection = BL_BROKER_CONNECTION_NONE;
    BL_AUTO_FREE(bl_key) admin = NULL;
    BL_AUTO(bl_secret) value = { 0 };
    struct bl_admin_session session = { 0 };
    uint64_t version = 0;

    BL_TRY(bl_admin_key_load(arguments, &admin, err));
    BL_TRY(read_value(arguments, &value, err));
    BL_TRY(bl_broker_target_connect(arguments, &connection, err));
    BL_TRY(bl_admin_session_open(&connection, BL_BROKER_TIMEOUT_MS, &session, err));
    bl_report_object(operand_bytes(arguments, 0));
    BL_TRY(bl_admin_put(&session, admin, operand_bytes(arguments, 0), bl_secret_bytes(&value),
                        BL_BROKER_TIMEOUT_MS, &version, err));
    return tell(arguments, "put", "version", version, NULL, (struct bulla_bytes){ NULL, 0 }, err);
}

/* -- grant, ungrant ------------------------------------------------------------------------------ */

static enum bulla_status
read_policy(const struct bl_arguments *arguments, struct bulla_buffer *canonical_out,
            uint8_t digest_out[32], struct bulla_error *err)
{
    const char *path = bl_argument(arguments, "policy");
    BL_AUTO(bl_appraisal_policy) policy = { 0 };

    if (path == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", "--policy FILE is needed");
    BL_TRY(bl_policy_file_read(path, &policy, err));
    memcpy(digest_out, policy.digest, 32);
    return bl_appraisal_policy_encode(&policy, canonical_out, err);
}

static enum bulla_status
run_grant(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) policy = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };
    uint8_t digest[32];

    BL_TRY(read_policy(arguments, &policy, digest, err));
    const struct bl_admin_argument admin_arguments[] = {
        { BL_LITERAL("name"), operand_bytes(arguments, 0) },
        { BL_LITERAL("policy"), bulla_buffer_bytes(&policy) },
    };
    bl_report_object(operand_bytes(arguments, 0));
    BL_TRY(bl_admin_command(arguments, "grant", admin_arguments, 2, &body, err));
    return tell(arguments, "granted", NULL, 0, "policy", BL_BYTES_OF(digest), err);
}

static enum bulla_status
parse_digest(const char *text, uint8_t digest_out[32], struct bulla_error *err)
{
    bl_report_object_word(text);
    BL_TRY(bl_hex_decode_exact((struct bulla_bytes){ (const uint8_t *)text, strlen(text) },
                               digest_out, 32, err));
    bl_report_object_word("");
    return BULLA_OK;
}

static enum bulla_status
run_ungrant(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    uint8_t digest[32];

    BL_TRY(parse_digest(bl_operand(arguments, 1), digest, err));
    const struct bl_admin_argument admin_arguments[] = {
        { BL_LITERAL("name"), operand_bytes(arguments, 0) },
        { BL_LITERAL("policy"), BL_BYTES_OF(digest) },
    };
    BL_TRY(bl_admin_command(arguments, "ungrant", admin_arguments, 2, &body, err));
    return tell(arguments, "no longer granted", NULL, 0, "policy", BL_BYTES_OF(digest), err);
}

/* -- promote, anchors, platforms ----------------------------------------------------------------- */

static enum bulla_status
run_promote(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    uint8_t digest[32];
    uint8_t version[8];
    const char *text = bl_operand(arguments, 1);
    char *end = NULL;

    BL_TRY(parse_digest(bl_operand(arguments, 0), digest, err));
    unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != '\0' || number > INT64_MAX)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "version", "not a number from 1 on");
    for (size_t i = 0; i < sizeof version; i++)
        version[i] = (uint8_t)(number >> (56 - 8 * i));
    const struct bl_admin_argument admin_arguments[] = {
        { BL_LITERAL("signer_product"), BL_BYTES_OF(digest) },
        { BL_LITERAL("version"), BL_BYTES_OF(version) },
    };
    BL_TRY(bl_admin_command(arguments, "promote", admin_arguments, 2, &body, err));
    return tell(arguments, "promoted", "version", number, NULL, (struct bulla_bytes){ NULL, 0 },
                err);
}

/* The hosts of --fetch-from with a space between. */
static enum bulla_status
join_hosts(const struct bl_arguments *arguments, struct bulla_buffer *hosts,
           struct bulla_error *err)
{
    const char *host;

    for (size_t i = 0; (host = bl_argument_at(arguments, "fetch-from", i)) != NULL; i++) {
        if (i > 0)
            BL_TRY(bulla_buffer_append(hosts, BL_LITERAL(" "), err));
        BL_TRY(bulla_buffer_append(
            hosts, (struct bulla_bytes){ (const uint8_t *)host, strlen(host) }, err));
    }
    return BULLA_OK;
}

static enum bulla_status
run_anchor_add(const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *class_word = bl_argument(arguments, "class");
    BL_AUTO(bulla_buffer) certificate = { 0 };
    BL_AUTO(bulla_buffer) hosts = { 0 };
    BL_AUTO(bulla_buffer) body = { 0 };

    if (class_word == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line",
                                "--class hardware|hypervisor|software is needed");
    BL_TRY(bl_certificate_file_read(bl_operand(arguments, 1), &certificate, err));
    BL_TRY(join_hosts(arguments, &hosts, err));
    const struct bl_admin_argument admin_arguments[] = {
        { BL_LITERAL("certificate"), bulla_buffer_bytes(&certificate) },
        { BL_LITERAL("class"), { (const uint8_t *)class_word, strlen(class_word) } },
        { BL_LITERAL("hosts"), bulla_buffer_bytes(&hosts) },
        { BL_LITERAL("name"), operand_bytes(arguments, 0) },
    };
    BL_TRY(bl_admin_command(arguments, "anchor-add", admin_arguments, 4, &body, err));
    return tell(arguments, "anchor added", NULL, 0, NULL, (struct bulla_bytes){ NULL, 0 }, err);
}

static enum bulla_status
run_anchor_rm(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    const struct bl_admin_argument admin_arguments[] = {
        { BL_LITERAL("name"), operand_bytes(arguments, 0) },
    };

    BL_TRY(bl_admin_command(arguments, "anchor-rm", admin_arguments, 1, &body, err));
    return tell(arguments, "anchor removed", NULL, 0, NULL, (struct bulla_bytes){ NULL, 0 }, err);
}

static enum bulla_status
run_platform_revoke(const struct bl_arguments *arguments, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) body = { 0 };
    uint8_t digest[32];

    BL_TRY(parse_digest(bl_operand(arguments, 0), digest, err));
    const struct bl_admin_argument admin_arguments[] = {
        { BL_LITERAL("platform"), BL_BYTES_OF(digest) },
    };
    BL_TRY(bl_admin_command(arguments, "platform-revoke", admin_arguments, 1, &body, err));
    return tell(arguments, "revoked", NULL, 0, NULL, (struct bulla_bytes){ NULL, 0 }, err);
}

/* -- the verbs ------------------------------------------------------------------------------------ */

static const struct bl_option plain_options[] = { BL_ADMIN_OPTIONS, { 0 } };
static const struct bl_option grant_options[] = {
    BL_ADMIN_OPTIONS,
    { .name = "policy", .argument = "FILE", .help = "appraisal policy (YAML) that must be met" },
    { 0 },
};
static const char *const class_words[] = { "hardware", "hypervisor", "software", NULL };
static const struct bl_option anchor_options[] = {
    BL_ADMIN_OPTIONS,
    { .name = "class",
      .argument = "CLASS",
      .choices = class_words,
      .help = "what stands behind keys certified under it" },
    { .name = "fetch-from",
      .argument = "HOST:PORT",
      .repeats = true,
      .help = "the broker may fetch missing issuer certificates from there" },
    { 0 },
};
static const char *const put_examples[] = { "bulla admin put db/password password.txt", NULL };
static const char *const grant_examples[] = { "bulla admin grant db/password --policy machine.yaml",
                                              NULL };
static const char *const ungrant_examples[] = {
    "bulla admin ungrant db/password "
    "0000000000000000000000000000000000000000000000000000000000000000",
    NULL,
};
static const char *const promote_examples[] = {
    "bulla admin promote 0000000000000000000000000000000000000000000000000000000000000000 3",
    NULL,
};
static const char *const anchor_add_examples[] = {
    "bulla admin anchor add vendor --class hardware vendor-ek-ca.pem", NULL
};
static const char *const anchor_rm_examples[] = { "bulla admin anchor rm vendor", NULL };
static const char *const revoke_examples[] = {
    "bulla platform revoke "
    "0000000000000000000000000000000000000000000000000000000000000000",
    NULL,
};

const struct bl_verb bl_verb_admin_put = {
    .name = "admin put",
    .summary = "store a new version of a secret; it is encrypted before it leaves",
    .operands = "NAME [IN]",
    .operand_count_min = 1,
    .operand_count_max = 2,
    .options = plain_options,
    .examples = put_examples,
    .run = run_put,
};
const struct bl_verb bl_verb_admin_grant = {
    .name = "admin grant",
    .summary = "release a secret to whoever meets a policy",
    .operands = "NAME",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = grant_options,
    .examples = grant_examples,
    .run = run_grant,
};
const struct bl_verb bl_verb_admin_ungrant = {
    .name = "admin ungrant",
    .summary = "take a grant back",
    .operands = "NAME POLICY",
    .operand_count_min = 2,
    .operand_count_max = 2,
    .options = plain_options,
    .examples = ungrant_examples,
    .run = run_ungrant,
};
const struct bl_verb bl_verb_admin_promote = {
    .name = "admin promote",
    .summary = "serve no version of an enclave below this one any more",
    .operands = "SIGNER-PRODUCT VERSION",
    .operand_count_min = 2,
    .operand_count_max = 2,
    .options = plain_options,
    .examples = promote_examples,
    .run = run_promote,
};
const struct bl_verb bl_verb_admin_anchor_add = {
    .name = "admin anchor add",
    .summary = "trust an authority for endorsement keys, with its class",
    .operands = "NAME CERTIFICATE",
    .operand_count_min = 2,
    .operand_count_max = 2,
    .options = anchor_options,
    .examples = anchor_add_examples,
    .run = run_anchor_add,
};
const struct bl_verb bl_verb_admin_anchor_rm = {
    .name = "admin anchor rm",
    .summary = "trust an authority no longer",
    .operands = "NAME",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = plain_options,
    .examples = anchor_rm_examples,
    .run = run_anchor_rm,
};
const struct bl_verb bl_verb_platform_revoke = {
    .name = "platform revoke",
    .summary = "release nothing to a platform any more",
    .operands = "PLATFORM",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .options = plain_options,
    .examples = revoke_examples,
    .run = run_platform_revoke,
};
