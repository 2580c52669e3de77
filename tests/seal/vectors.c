/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/seal/vectors.c: fixed sealed blobs, for every reader of the format.
 *
 *     vectors write > tests/vectors/sealed-blob/vectors.json
 *     vectors check tests/vectors/sealed-blob/vectors.json
 *
 * `check` opens each blob, and makes those again that need no ephemeral key: sealing then takes its
 * randomness from a tape, block i of which is SHA-256("bulla tape" || name || i as 4 bytes). The
 * plaintext of n bytes has (7 i + (i >> 9)) mod 256 at i. Refusals are edits of a blob and the
 * number of the cause that must be reported.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "seal/make.h"
#include "seal/seal.h"
#include "sys/file.h"

#define FILE_SIZE_MAX ((size_t)8 << 20)
#define CREATED_S 1700000000
#define LOG_N 14

/* Ends the program: a test without its material is no test. */
#define MUST(expr)                                                                           \
    do {                                                                                     \
        struct bulla_error *must_err_ = &failure;                                            \
        if ((expr) != BULLA_OK) {                                                            \
            fprintf(stderr, "%s: %s: %s (%d)\n", #expr,                                      \
                    must_err_->where != NULL ? must_err_->where : "?",                       \
                    must_err_->what != NULL ? must_err_->what : "?", (int)must_err_->cause); \
            exit(1);                                                                         \
        }                                                                                    \
    } while (0)
static struct bulla_error failure;

/* A fixed recipient: his private value is 32 or 48 times this byte. */
struct recipient {
    enum bl_key_kind kind;
    const char *kind_name;
    uint8_t filler;
};

struct vector {
    const char *name;
    size_t plaintext_size;
    const char *passphrases[3];
    struct recipient recipients[3];
    enum bl_tree_kind tree; /* over the passphrases, then the recipients */
    size_t threshold;
    const char *associated_data;
    bool in_areas;
    const char *opened_with_passphrase;
    size_t opened_with_recipients; /* the first so many */
};

static const struct vector vectors[] = {
    { .name = "empty", .passphrases = { "one" }, .opened_with_passphrase = "one" },
    { .name = "one byte", 1, { "one" }, .opened_with_passphrase = "one" },
    { .name = "a byte less than a chunk", 16383, { "one" }, .opened_with_passphrase = "one" },
    { .name = "a chunk", 16384, { "one" }, .opened_with_passphrase = "one" },
    { .name = "a byte more than a chunk", 16385, { "one" }, .opened_with_passphrase = "one" },
    { .name = "three chunks", 49152, { "one" }, .opened_with_passphrase = "one" },
    { .name = "either passphrase",
      40,
      { "one", "two" },
      .tree = BL_TREE_ANY,
      .opened_with_passphrase = "two" },
    { .name = "passphrase in UTF-8",
      40,
      { "p\xc3\xa4ss" },
      .opened_with_passphrase = "p\xc3\xa4ss" },
    { .name = "associated data",
      40,
      { "one" },
      .associated_data = "build 7",
      .opened_with_passphrase = "one" },
    { .name = "X25519",
      40,
      .recipients = { { BL_KEY_X25519, "X25519", 0x11 } },
      .opened_with_recipients = 1 },
    { .name = "P-256",
      40,
      .recipients = { { BL_KEY_P256, "P-256", 0x22 } },
      .opened_with_recipients = 1 },
    { .name = "P-384",
      40,
      .recipients = { { BL_KEY_P384, "P-384", 0x33 } },
      .opened_with_recipients = 1 },
    { .name = "passphrase and recipient",
      40,
      { "one" },
      .recipients = { { BL_KEY_X25519, "X25519", 0x11 } },
      .tree = BL_TREE_ALL,
      .opened_with_passphrase = "one",
      .opened_with_recipients = 1 },
    { .name = "two of three",
      40,
      .recipients = { { BL_KEY_X25519, "X25519", 0x11 },
                      { BL_KEY_P256, "P-256", 0x22 },
                      { BL_KEY_P384, "P-384", 0x33 } },
      .tree = BL_TREE_THRESHOLD,
      .threshold = 2,
      .opened_with_recipients = 2 },
    { .name = "two areas", 40, { "one" }, .in_areas = true, .opened_with_passphrase = "one" },
};

/* -- making one -- */

struct tape {
    const char *name;
    uint8_t block[32];
    uint32_t next;
    size_t used;
};

static enum bulla_status
read_tape(void *context, void *out, size_t size, struct bulla_error *err)
{
    struct tape *tape = context;

    for (size_t i = 0; i < size; i++) {
        if (tape->next == 0 || tape->used == sizeof tape->block) {
            const uint8_t number[4] = { (uint8_t)(tape->next >> 24), (uint8_t)(tape->next >> 16),
                                        (uint8_t)(tape->next >> 8), (uint8_t)tape->next };
            const struct bulla_bytes parts[] = {
                BL_LITERAL("bulla tape"),
                { (const uint8_t *)tape->name, strlen(tape->name) },
                BL_BYTES_OF(number),
            };
            BL_TRY(bl_hash_parts(BL_SHA256, parts, 3, tape->block, err));
            tape->next++;
            tape->used = 0;
        }
        ((uint8_t *)out)[i] = tape->block[tape->used++];
    }
    return BULLA_OK;
}

static struct bulla_bytes
text(const char *string)
{
    return (struct bulla_bytes){ (const uint8_t *)string, strlen(string) };
}

static size_t
private_size(const struct recipient *recipient)
{
    return recipient->kind == BL_KEY_P384 ? 48 : 32;
}

static size_t
recipient_count(const struct vector *vector)
{
    size_t count = 0;

    while (count < 3 && vector->recipients[count].kind != BL_KEY_NONE)
        count++;
    return count;
}

static struct bl_key *
key_of(const struct recipient *recipient)
{
    uint8_t raw[48];
    struct bl_key *key = NULL;

    memset(raw, recipient->filler, sizeof raw);
    MUST(bl_key_from_raw_private(
        recipient->kind, (struct bulla_bytes){ raw, private_size(recipient) }, &key, &failure));
    return key;
}

static void
plaintext_of(const struct vector *vector, struct bl_secret *out)
{
    MUST(bl_secret_new(out, vector->plaintext_size, &failure));
    for (size_t i = 0; i < out->size; i++)
        out->data[i] = (uint8_t)(i * 7 + (i >> 9));
}

static void
make(const struct vector *vector, struct bulla_buffer *blob)
{
    struct tape tape = { .name = vector->name };
    const struct bl_entropy entropy = { read_tape, &tape };
    struct bl_slot_request slots[6] = { 0 };
    struct bl_tree leaves[6] = { 0 };
    struct bl_key *keys[3] = { NULL };
    const struct bl_opener nothing = { 0 };
    BL_AUTO(bl_secret) plaintext = { 0 };
    size_t count = 0;

    for (; count < 3 && vector->passphrases[count] != NULL; count++)
        slots[count] = (struct bl_slot_request){ .type = BL_SLOT_PASSPHRASE,
                                                 .label = "passphrase",
                                                 .passphrase = text(vector->passphrases[count]),
                                                 .scrypt_log_n = LOG_N };
    for (size_t i = 0; i < recipient_count(vector); i++) {
        keys[i] = key_of(&vector->recipients[i]);
        slots[count++] = (struct bl_slot_request){ .type = BL_SLOT_HPKE,
                                                   .recipient = keys[i],
                                                   .is_recovery = true };
    }
    for (size_t i = 0; i < count; i++)
        leaves[i] = (struct bl_tree){ .slot = i };
    const struct bl_tree tree = { vector->tree, .threshold = vector->threshold, .children = leaves,
                                  .child_count = count };
    const struct bl_seal_request request = {
        .name = vector->name,
        .associated_data = text(vector->associated_data != NULL ? vector->associated_data : ""),
        .with_associated_data = vector->associated_data != NULL,
        .created_s = CREATED_S,
        .slots = slots,
        .slot_count = count,
        .tree = vector->tree == BL_TREE_LEAF ? NULL : &tree,
    };
    plaintext_of(vector, &plaintext);
    const struct bl_seal_job job = { .request = &request,
                                     .opener = &nothing,
                                     .entropy = &entropy,
                                     .with_plaintext_size = true,
                                     .plaintext_size = plaintext.size,
                                     .in_areas = vector->in_areas };
    struct bl_bytes_cursor cursor = { bl_secret_bytes(&plaintext) };
    const struct bl_source source = bl_source_bytes(&cursor);
    const struct bl_sink sink = bl_sink_buffer(blob);
    MUST(bl_seal_make(&job, &source, &sink, &failure));
    for (size_t i = 0; i < 3; i++)
        bl_key_free(keys[i]);
}

/* -- opening one -- */

static enum bulla_status
give_passphrase(void *context, struct bl_secret *passphrase_out, struct bulla_error *err)
{
    return bl_secret_copy(passphrase_out, text(context), err);
}

static enum bulla_cause
open_blob(const struct vector *vector, struct bulla_bytes blob, struct bl_secret *opened)
{
    struct bl_key *keys[3] = { NULL };
    struct bulla_error err = { 0 };
    char passphrase[16] = "";

    if (vector->opened_with_passphrase != NULL)
        snprintf(passphrase, sizeof passphrase, "%s", vector->opened_with_passphrase);
    for (size_t i = 0; i < vector->opened_with_recipients; i++)
        keys[i] = key_of(&vector->recipients[i]);
    const struct bl_opener opener = {
        .identities = (const struct bl_key *const *)keys,
        .identity_count = vector->opened_with_recipients,
        .ask_passphrase = passphrase[0] != 0 ? give_passphrase : NULL,
        .ask_context = passphrase,
    };
    const struct bl_unseal_requirements demands = {
        .name = vector->name,
        .associated_data = text(vector->associated_data != NULL ? vector->associated_data : ""),
        .with_associated_data = vector->associated_data != NULL,
        .now_s = CREATED_S,
    };
    if (bl_unseal_bytes(&demands, &opener, blob, opened, &err) != BULLA_OK && err.cause == 0)
        err.cause = BULLA_CAUSE_INTERNAL;
    for (size_t i = 0; i < 3; i++)
        bl_key_free(keys[i]);
    return err.cause;
}

/* -- edits that must be refused -- */

struct edit {
    const char *of;
    const char *why;
    long offset; /* from the end if negative */
    uint8_t flip;
    bool cut;          /* at offset */
    const char *added; /* hexadecimal */
    enum bulla_cause cause;
};

/* "one byte" ends with the header MAC (32), salt (24), commitment (32) and one chunk (17). */
static const struct edit edits[] = {
    { "one byte", "magic", 0, 0x01, .cause = BULLA_CAUSE_NOT_A_BLOB },
    { "one byte", "bit 7 lost", 0, 0x80, .cause = BULLA_CAUSE_NOT_A_BLOB },
    { "one byte", "CR lost", 4, 0x07, .cause = BULLA_CAUSE_NOT_A_BLOB },
    { "one byte", "format 0", 9, 0x01, .cause = BULLA_CAUSE_BLOB_VERSION },
    { "one byte", "format 257", 8, 0x01, .cause = BULLA_CAUSE_BLOB_VERSION },
    { "one byte", "suite 3", 11, 0x02, .cause = BULLA_CAUSE_BLOB_VERSION },
    { "one byte", "suite 0x0101", 10, 0x01, .cause = BULLA_CAUSE_BLOB_VERSION },
    { "one byte", "core too large", 13, 0x01, .cause = BULLA_CAUSE_LIMIT },
    { "one byte", "core of another size", 15, 0x01, .cause = BULLA_CAUSE_NOT_CANONICAL },
    { "one byte", "slots too large", 16, 0x01, .cause = BULLA_CAUSE_LIMIT },
    { "one byte", "flag: body apart", 23, 0x01, .cause = BULLA_CAUSE_BLOB_VERSION },
    { "one byte", "flag: areas, beside an epoch", 23, 0x04, .cause = BULLA_CAUSE_NOT_CANONICAL },
    { "one byte", "flag 31", 20, 0x80, .cause = BULLA_CAUSE_BLOB_VERSION },
    { "one byte", "epoch raised", 31, 0x02, .cause = BULLA_CAUSE_HEADER_ALTERED },
    { "one byte", "epoch lowered", 31, 0x01, .cause = BULLA_CAUSE_HEADER_ALTERED },
    { "one byte", "blob id: the passphrase yields another key", 32, 0x01,
      .cause = BULLA_CAUSE_WRONG_PASSPHRASE },
    { "one byte", "core is no map", 64, 0x20, .cause = BULLA_CAUSE_NOT_CANONICAL },
    { "one byte", "name", 70, 0x01, .cause = BULLA_CAUSE_SLOT_ALTERED },
    { "one byte", "header MAC", -105, 0x01, .cause = BULLA_CAUSE_HEADER_ALTERED },
    { "one byte", "header MAC, last byte", -74, 0x80, .cause = BULLA_CAUSE_HEADER_ALTERED },
    { "one byte", "salt of the body", -73, 0x01, .cause = BULLA_CAUSE_BODY_ALTERED },
    { "one byte", "commitment", -49, 0x01, .cause = BULLA_CAUSE_BODY_ALTERED },
    { "one byte", "ciphertext", -17, 0x01, .cause = BULLA_CAUSE_BODY_ALTERED },
    { "one byte", "tag", -1, 0x01, .cause = BULLA_CAUSE_BODY_ALTERED },
    { "one byte", "a byte added", .offset = 0, .added = "00", .cause = BULLA_CAUSE_BODY_ALTERED },
    { "one byte", "cut: nothing left", 0, .cut = true, .cause = BULLA_CAUSE_NOT_A_BLOB },
    { "one byte", "cut within the magic", 7, .cut = true, .cause = BULLA_CAUSE_NOT_A_BLOB },
    { "one byte", "cut within the preamble", 63, .cut = true, .cause = BULLA_CAUSE_BLOB_TRUNCATED },
    { "one byte", "cut before the core", 64, .cut = true, .cause = BULLA_CAUSE_BLOB_TRUNCATED },
    { "one byte", "cut before the body", -73, .cut = true, .cause = BULLA_CAUSE_BODY_TRUNCATED },
    { "one byte", "cut before the chunk", -17, .cut = true, .cause = BULLA_CAUSE_BODY_TRUNCATED },
    { "one byte", "cut within the tag", -2, .cut = true, .cause = BULLA_CAUSE_BODY_TRUNCATED },
    { "one byte", "tag of an empty chunk", -1, .cut = true, .cause = BULLA_CAUSE_BODY_ALTERED },
    { "a chunk", "last chunk missing", -16, .cut = true, .cause = BULLA_CAUSE_BODY_TRUNCATED },
    { "a chunk", "last chunk cut", -1, .cut = true, .cause = BULLA_CAUSE_BODY_TRUNCATED },
    { "three chunks", "cut at a chunk", -16416, .cut = true, .cause = BULLA_CAUSE_BODY_TRUNCATED },
    { "three chunks", "first byte of the second chunk", -32816, 0x01,
      .cause = BULLA_CAUSE_BODY_ALTERED },
    { "two areas", "flag: areas lost", 23, 0x04, .cause = BULLA_CAUSE_NOT_CANONICAL },
    { "two areas", "epoch beside areas", 31, 0x01, .cause = BULLA_CAUSE_NOT_CANONICAL },
    { "two areas", "areas too large", 16, 0x01, .cause = BULLA_CAUSE_LIMIT },
    { "two areas", "areas of another size", 19, 0x10, .cause = BULLA_CAUSE_HEADER_ALTERED },
    { "two areas", "cut within the second area", -200, .cut = true,
      .cause = BULLA_CAUSE_BLOB_TRUNCATED },
};

/* Damage that one of the two areas takes without loss: AREA bytes each, before a body of 112. */
#define AREA 1536
#define AREA_1 (-112 - AREA)
#define AREA_0 (AREA_1 - AREA)
static const struct edit harmless[] = {
    { "two areas", "first area: epoch", AREA_0 + 7, 0x01, .cause = BULLA_CAUSE_NONE },
    { "two areas", "first area: used", AREA_0 + 8, 0x80, .cause = BULLA_CAUSE_NONE },
    { "two areas", "first area: slots", AREA_0 + 40, 0x01, .cause = BULLA_CAUSE_NONE },
    { "two areas", "first area: room", AREA_0 + 1000, 0x01, .cause = BULLA_CAUSE_NONE },
    { "two areas", "first area: MAC", AREA_1 - 48, 0x01, .cause = BULLA_CAUSE_NONE },
    { "two areas", "first area: check", AREA_1 - 1, 0x01, .cause = BULLA_CAUSE_NONE },
    { "two areas", "second area: epoch raised", AREA_1, 0x40, .cause = BULLA_CAUSE_NONE },
    { "two areas", "second area: slots", AREA_1 + 40, 0x01, .cause = BULLA_CAUSE_NONE },
    { "two areas", "second area: check", -113, 0x01, .cause = BULLA_CAUSE_NONE },
};

static void
apply(const struct edit *edit, struct bulla_buffer *blob)
{
    size_t place = edit->offset < 0 ? blob->size - (size_t)-edit->offset : (size_t)edit->offset;

    if (edit->added != NULL)
        MUST(bl_hex_decode(text(edit->added), blob, &failure));
    else if (edit->cut)
        blob->size = place;
    else
        blob->data[place] ^= edit->flip;
}

/* -- the file -- */

static void
print_hex(struct bulla_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        printf("%02x", bytes.data[i]);
}

static void
print_keys(const struct vector *vector)
{
    printf("    \"identities\": [");
    for (size_t i = 0; i < vector->opened_with_recipients; i++) {
        const struct recipient *recipient = &vector->recipients[i];
        printf("%s{ \"kind\": \"%s\", \"private\": \"", i > 0 ? ", " : "", recipient->kind_name);
        for (size_t byte = 0; byte < private_size(recipient); byte++)
            printf("%02x", recipient->filler);
        printf("\" }");
    }
    printf("],\n");
}

static void
print_vector(const struct vector *vector, bool is_last)
{
    BL_AUTO(bulla_buffer) blob = { 0 };

    make(vector, &blob);
    printf("  {\n    \"name\": \"%s\",\n    \"plaintext_size\": %zu,\n", vector->name,
           vector->plaintext_size);
    if (vector->opened_with_passphrase != NULL)
        printf("    \"passphrase\": \"%s\",\n", vector->opened_with_passphrase);
    if (vector->associated_data != NULL)
        printf("    \"associated_data\": \"%s\",\n", vector->associated_data);
    print_keys(vector);
    printf("    \"blob\": \"");
    print_hex(bulla_buffer_bytes(&blob));
    printf("\"\n  }%s\n", is_last ? "" : ",");
}

static void
print_edit(const struct edit *edit, bool is_last)
{
    printf("  { \"of\": \"%s\", \"why\": \"%s\", \"offset\": %ld, ", edit->of, edit->why,
           edit->offset);
    if (edit->added != NULL)
        printf("\"add\": \"%s\", ", edit->added);
    else if (edit->cut)
        printf("\"cut\": true, ");
    else
        printf("\"flip\": %u, ", edit->flip);
    printf("\"cause\": %d }%s\n", (int)edit->cause, is_last ? "" : ",");
}

static int
write_all(void)
{
    printf("{ \"format\": \"bulla sealed blob 1\", \"vectors\": [\n");
    for (size_t i = 0; i < BL_COUNT_OF(vectors); i++)
        print_vector(&vectors[i], i + 1 == BL_COUNT_OF(vectors));
    printf("], \"harmless\": [\n");
    for (size_t i = 0; i < BL_COUNT_OF(harmless); i++)
        print_edit(&harmless[i], i + 1 == BL_COUNT_OF(harmless));
    printf("], \"refused\": [\n");
    for (size_t i = 0; i < BL_COUNT_OF(edits); i++)
        print_edit(&edits[i], i + 1 == BL_COUNT_OF(edits));
    printf("] }\n");
    return 0;
}

/* -- checking -- */

static size_t
find_vector(const char *name)
{
    for (size_t i = 0; i < BL_COUNT_OF(vectors); i++) {
        if (strcmp(vectors[i].name, name) == 0)
            return i;
    }
    fprintf(stderr, "no vector is called %s\n", name);
    exit(1);
}

static unsigned
check_blob(const struct vector *vector, const struct bulla_buffer *blob)
{
    BL_AUTO(bl_secret) opened = { 0 };
    BL_AUTO(bl_secret) plaintext = { 0 };
    BL_AUTO(bulla_buffer) again = { 0 };
    unsigned failed = 0;

    plaintext_of(vector, &plaintext);
    enum bulla_cause cause = open_blob(vector, bulla_buffer_bytes(blob), &opened);
    if (cause != BULLA_CAUSE_NONE ||
        !bl_equal(bl_secret_bytes(&opened), bl_secret_bytes(&plaintext))) {
        printf("%s: does not open: %d\n", vector->name, (int)cause);
        failed++;
    }
    if (recipient_count(vector) > 0)
        return failed;
    make(vector, &again);
    if (!bl_equal(bulla_buffer_bytes(&again), bulla_buffer_bytes(blob))) {
        printf("%s: sealed again it is another blob\n", vector->name);
        failed++;
    }
    return failed;
}

static unsigned
check_edit(const struct edit *edit, const struct bulla_buffer *blobs)
{
    size_t i = find_vector(edit->of);
    BL_AUTO(bulla_buffer) altered = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };

    MUST(bulla_buffer_append(&altered, bulla_buffer_bytes(&blobs[i]), &failure));
    apply(edit, &altered);
    enum bulla_cause cause = open_blob(&vectors[i], bulla_buffer_bytes(&altered), &opened);
    if (cause == edit->cause && (opened.data == NULL) == (cause != BULLA_CAUSE_NONE))
        return 0;
    printf("%s: %s: cause %d, expected %d\n", edit->of, edit->why, (int)cause, (int)edit->cause);
    return 1;
}

static void
read_blobs(const char *path, struct bulla_buffer *blobs)
{
    BL_AUTO(bulla_buffer) file = { 0 };
    BL_AUTO_FREE(bl_json) json = NULL;
    const struct bl_json *list = NULL;

    MUST(bl_file_read(path, FILE_SIZE_MAX, &file, &failure));
    MUST(bl_json_parse(bulla_buffer_bytes(&file), "vectors", FILE_SIZE_MAX, &json, &failure));
    MUST(bl_json_require(json, "vectors", &list, &failure));
    for (size_t i = 0; i < BL_COUNT_OF(vectors); i++) {
        const struct bl_json *blob = bl_json_find(bl_json_at(list, i), "blob");
        struct bulla_bytes hex = { 0 };
        MUST(bl_json_as_text(blob, "blob", FILE_SIZE_MAX, &hex, &failure));
        MUST(bl_hex_decode(hex, &blobs[i], &failure));
    }
}

static int
check_all(const char *path)
{
    struct bulla_buffer blobs[BL_COUNT_OF(vectors)] = { 0 };
    unsigned failed = 0;

    read_blobs(path, blobs);
    for (size_t i = 0; i < BL_COUNT_OF(vectors); i++)
        failed += check_blob(&vectors[i], &blobs[i]);
    for (size_t i = 0; i < BL_COUNT_OF(edits); i++)
        failed += check_edit(&edits[i], blobs);
    for (size_t i = 0; i < BL_COUNT_OF(harmless); i++)
        failed += check_edit(&harmless[i], blobs);
    for (size_t i = 0; i < BL_COUNT_OF(vectors); i++)
        bulla_buffer_done(&blobs[i]);
    printf("%zu vectors, %zu refusals, %u failed\n", BL_COUNT_OF(vectors), BL_COUNT_OF(edits),
           failed);
    return failed == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "write") == 0)
        return write_all();
    if (argc == 3 && strcmp(argv[1], "check") == 0)
        return check_all(argv[2]);
    fprintf(stderr, "usage: vectors write | vectors check FILE\n");
    return 2;
}
