/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys/identity.c: see identity.h.
 */
#include "keys/identity.h"

#include <string.h>

#include "base/memory.h"
#include "codec/base64.h"

#define CHECK_SIZE 4 /* bytes: one slip in four thousand millions goes unseen */
#define RECIPIENT_PREFIX "bulla-"

enum usage { RECEIVES, SIGNS };

struct kind_row {
    enum bl_key_kind kind;
    enum usage usage; /* a key that signs is never a recipient, and the other way round */
    const char *word;
    const char *recipient_prefix;
    const char *identity_prefix;
};

static const struct kind_row kind_rows[] = {
    { BL_KEY_X25519, RECEIVES, "x25519", "bulla-x25519:", BL_IDENTITY_SECRET_PREFIX "x25519:" },
    { BL_KEY_P256, RECEIVES, "p256", "bulla-p256:", BL_IDENTITY_SECRET_PREFIX "p256:" },
    { BL_KEY_P384, RECEIVES, "p384", "bulla-p384:", BL_IDENTITY_SECRET_PREFIX "p384:" },
    { BL_KEY_ED25519, SIGNS, "ed25519", "bulla-ed25519:", BL_IDENTITY_SECRET_PREFIX "ed25519:" },
};
#define KIND_COUNT (sizeof kind_rows / sizeof kind_rows[0])

static struct bulla_bytes
word_bytes(const char *word)
{
    return (struct bulla_bytes){ (const uint8_t *)word, strlen(word) };
}

static bool
begins_with(struct bulla_bytes text, const char *prefix)
{
    size_t size = strlen(prefix);

    return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static struct bulla_bytes
after(struct bulla_bytes text, const char *prefix)
{
    size_t size = strlen(prefix);

    return (struct bulla_bytes){ text.data + size, text.size - size };
}

static const struct kind_row *
row_of(enum bl_key_kind kind, enum usage usage)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kind_rows[i].kind == kind && kind_rows[i].usage == usage)
            return &kind_rows[i];
    }
    return NULL;
}

enum bl_key_kind
bl_recipient_kind(const char *word)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (kind_rows[i].usage == RECEIVES && strcmp(kind_rows[i].word, word) == 0)
            return kind_rows[i].kind;
    }
    return BL_KEY_NONE;
}

const char *
bl_recipient_kind_word(enum bl_key_kind kind)
{
    const struct kind_row *row = row_of(kind, RECEIVES);

    return row != NULL ? row->word : "";
}

void
bl_keyring_done(struct bl_keyring *keyring)
{
    for (size_t i = 0; i < keyring->count; i++)
        bl_key_free(keyring->keys[i]);
    *keyring = (struct bl_keyring){ 0 };
}

/* -- check bytes ------------------------------------------------------------------------------- */

static enum bulla_status
check_bytes(const char *prefix, struct bulla_bytes raw, uint8_t out[CHECK_SIZE],
            struct bulla_error *err)
{
    const struct bulla_bytes parts[] = { BL_LITERAL("bulla-key/1"), word_bytes(prefix), raw };
    uint8_t digest[BL_HASH_SIZE_MAX];

    BL_TRY(bl_hash_parts(BL_SHA256, parts, sizeof parts / sizeof parts[0], digest, err));
    memcpy(out, digest, CHECK_SIZE);
    bl_wipe(digest, sizeof digest);
    return BULLA_OK;
}

/** Split off and check the check bytes: *raw_out is what stands before them. */
static enum bulla_status
take_checked(const char *prefix, struct bulla_bytes bytes, struct bulla_bytes *raw_out,
             struct bulla_error *err)
{
    uint8_t check[CHECK_SIZE];

    if (bytes.size <= CHECK_SIZE)
        return bulla_fail(err, BULLA_E_MALFORMED, "key text", "it is too short", 0);
    struct bulla_bytes raw = { bytes.data, bytes.size - CHECK_SIZE };
    BL_TRY(check_bytes(prefix, raw, check, err));
    if (!bl_equal((struct bulla_bytes){ bytes.data + raw.size, CHECK_SIZE }, BL_BYTES_OF(check)))
        return bulla_fail(err, BULLA_E_MALFORMED, "key text",
                          "its check bytes do not match: a character is wrong", 0);
    *raw_out = raw;
    return BULLA_OK;
}

/* -- one key ----------------------------------------------------------------------------------- */

static enum bulla_status
parse_public(const struct kind_row *row, struct bulla_bytes encoded, struct bl_key **key_out,
             struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    struct bulla_bytes raw = { 0 };

    BL_TRY(bl_base64_decode(BL_BASE64_URL, encoded, &bytes, err));
    BL_TRY(take_checked(row->recipient_prefix, bulla_buffer_bytes(&bytes), &raw, err));
    return bl_key_from_raw_public(row->kind, raw, key_out, err);
}

static enum bulla_status
parse_private(const struct kind_row *row, struct bulla_bytes encoded, struct bl_key **key_out,
              struct bulla_error *err)
{
    BL_AUTO(bl_secret) bytes = { 0 };
    struct bulla_bytes raw = { 0 };

    BL_TRY(bl_base64_decode_secret(BL_BASE64_URL, encoded, &bytes, err));
    BL_TRY(take_checked(row->identity_prefix, bl_secret_bytes(&bytes), &raw, err));
    return bl_key_from_raw_private(row->kind, raw, key_out, err);
}

static enum bulla_status
fail_unknown(struct bulla_bytes line, struct bulla_error *err)
{
    if (begins_with(line, RECIPIENT_PREFIX))
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "key text", "its kind is unknown here", 0);
    return bulla_fail(err, BULLA_E_MALFORMED, "key text",
                      "it is neither a recipient nor an identity", 0);
}

static enum bulla_status
parse_key(struct bulla_bytes line, enum usage usage, struct bl_key **key_out,
          struct bulla_error *err)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct kind_row *row = &kind_rows[i];
        if (row->usage != usage)
            continue;
        if (begins_with(line, row->recipient_prefix))
            return parse_public(row, after(line, row->recipient_prefix), key_out, err);
        if (begins_with(line, row->identity_prefix))
            return parse_private(row, after(line, row->identity_prefix), key_out, err);
    }
    return fail_unknown(line, err);
}

static enum bulla_status
add_key(struct bulla_bytes line, struct bl_keyring *keyring, struct bulla_error *err)
{
    if (keyring->count == BL_KEYRING_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "keys", "there are more than 63", 0);
    BL_TRY(parse_key(line, RECEIVES, &keyring->keys[keyring->count], err));
    keyring->count++;
    return BULLA_OK;
}

enum bulla_status
bl_recipient_parse(struct bulla_bytes text, struct bl_keyring *keyring, struct bulla_error *err)
{
    if (begins_with(text, BL_IDENTITY_SECRET_PREFIX))
        return bulla_fail(err, BULLA_E_MALFORMED, "key text",
                          "it is an identity (secret), not a recipient", 0);
    return add_key(text, keyring, err);
}

static enum bulla_status
format_public(const struct kind_row *row, const struct bl_key *key, struct bulla_buffer *text_out,
              struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    BL_AUTO(bulla_buffer) text = { 0 };
    uint8_t check[CHECK_SIZE];

    BL_TRY(bl_key_raw_public(key, &bytes, err));
    BL_TRY(check_bytes(row->recipient_prefix, bulla_buffer_bytes(&bytes), check, err));
    BL_TRY(bulla_buffer_append(&bytes, BL_BYTES_OF(check), err));
    BL_TRY(bulla_buffer_append(&text, word_bytes(row->recipient_prefix), err));
    BL_TRY(bl_base64_encode(BL_BASE64_URL, bulla_buffer_bytes(&bytes), &text, err));
    return bulla_buffer_append(text_out, bulla_buffer_bytes(&text), err);
}

enum bulla_status
bl_recipient_format(const struct bl_key *key, struct bulla_buffer *text_out,
                    struct bulla_error *err)
{
    const struct kind_row *row = row_of(bl_key_kind(key), RECEIVES);

    if (row == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "recipient", "not a kind that can receive", 0);
    return format_public(row, key, text_out, err);
}

enum bulla_status
bl_signer_public_format(const struct bl_key *key, struct bulla_buffer *text_out,
                        struct bulla_error *err)
{
    const struct kind_row *row = row_of(bl_key_kind(key), SIGNS);

    if (row == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "signer", "not a kind that signs", 0);
    return format_public(row, key, text_out, err);
}

/* -- files ------------------------------------------------------------------------------------- */

/** The next line without its end (and without the carriage return of another system). */
static struct bulla_bytes
take_line(struct bulla_bytes *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->size);
    size_t size = end != NULL ? (size_t)(end - text->data) : text->size;
    struct bulla_bytes line = { text->data, size };
    size_t used = size + (end != NULL);

    *text = (struct bulla_bytes){ text->data + used, text->size - used };
    if (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    return line;
}

static enum bulla_status
parse_lines(struct bulla_bytes text, struct bl_keyring *keyring, struct bulla_error *err)
{
    for (size_t number = 1; text.size > 0; number++) {
        struct bulla_bytes line = take_line(&text);
        struct bulla_error failure = { 0 };

        if (line.size == 0 || line.data[0] == '#')
            continue;
        enum bulla_status status = add_key(line, keyring, &failure);
        if (status != BULLA_OK) {
            failure.offset = number;
            if (err != NULL && err->status == BULLA_OK)
                *err = failure;
            return status;
        }
    }
    return BULLA_OK;
}

enum bulla_status
bl_keyring_parse(struct bulla_bytes text, struct bl_keyring *keyring, struct bulla_error *err)
{
    size_t before = keyring->count;
    enum bulla_status status = parse_lines(text, keyring, err);

    if (status == BULLA_OK && keyring->count == before)
        status = bulla_fail(err, BULLA_E_MALFORMED, "key file", "there is no key in it", 0);
    while (status != BULLA_OK && keyring->count > before) {
        bl_key_free(keyring->keys[--keyring->count]);
        keyring->keys[keyring->count] = NULL;
    }
    return status;
}

/** The identity's line without its prefix. */
static enum bulla_status
encode_private(const struct kind_row *row, const struct bl_key *key, struct bl_secret *text_out,
               struct bulla_error *err)
{
    BL_AUTO(bl_secret) raw = { 0 };
    BL_AUTO(bl_secret) checked = { 0 };

    BL_TRY(bl_key_raw_private(key, &raw, err));
    BL_TRY(bl_secret_new(&checked, raw.size + CHECK_SIZE, err));
    memcpy(checked.data, raw.data, raw.size);
    BL_TRY(check_bytes(row->identity_prefix, bl_secret_bytes(&raw), checked.data + raw.size, err));
    return bl_base64_encode_secret(BL_BASE64_URL, bl_secret_bytes(&checked), text_out, err);
}

/** A whole file: `title` and `created`, the public half under its name, the private line. */
static enum bulla_status
format_private_file(const struct kind_row *row, const struct bl_key *key, struct bulla_bytes title,
                    const char *created, struct bulla_bytes public_name, struct bl_secret *text_out,
                    struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) public_text = { 0 };
    BL_AUTO(bl_secret) encoded = { 0 };
    BL_AUTO(bl_secret) text = { 0 };

    BL_TRY(format_public(row, key, &public_text, err));
    BL_TRY(encode_private(row, key, &encoded, err));
    const struct bulla_bytes parts[] = {
        title,
        word_bytes(created),
        BL_LITERAL("; keep it secret\n# "),
        public_name,
        BL_LITERAL(": "),
        bulla_buffer_bytes(&public_text),
        BL_LITERAL("\n"),
        word_bytes(row->identity_prefix),
        bl_secret_bytes(&encoded),
        BL_LITERAL("\n"),
    };
    size_t size = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        size += parts[i].size;
    BL_TRY(bl_secret_new(&text, size, err));
    size = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        memcpy(text.data + size, parts[i].data, parts[i].size);
        size += parts[i].size;
    }
    *text_out = bl_secret_take(&text);
    return BULLA_OK;
}

enum bulla_status
bl_identity_format(const struct bl_key *key, const char *created, struct bl_secret *text_out,
                   struct bulla_error *err)
{
    const struct kind_row *row = row_of(bl_key_kind(key), RECEIVES);

    if (row == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "identity", "not a kind that can receive", 0);
    return format_private_file(row, key, BL_LITERAL("# bulla identity, made "), created,
                               BL_LITERAL("recipient"), text_out, err);
}

enum bulla_status
bl_signer_format(const struct bl_key *key, const char *created, struct bl_secret *text_out,
                 struct bulla_error *err)
{
    const struct kind_row *row = row_of(bl_key_kind(key), SIGNS);

    if (row == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "signer", "not a kind that signs", 0);
    return format_private_file(row, key, BL_LITERAL("# bulla signing key, made "), created,
                               BL_LITERAL("signer"), text_out, err);
}

enum bulla_status
bl_signer_parse(struct bulla_bytes text, struct bl_key **key_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;

    while (text.size > 0) {
        struct bulla_bytes line = take_line(&text);
        if (line.size == 0 || line.data[0] == '#')
            continue;
        if (key != NULL)
            return bulla_fail(err, BULLA_E_MALFORMED, "signing key", "there is more than one", 0);
        BL_TRY(parse_key(line, SIGNS, &key, err));
    }
    if (key == NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, "signing key", "there is no key in it", 0);
    *key_out = key;
    key = NULL;
    return BULLA_OK;
}
