/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/manifest.c: the canonical form of a manifest, written and read.
 *
 * A map with the ascending keys 1 to 17, always all of them; lists are sorted. Every text is copied
 * behind the others, with a terminator: a text in CBOR has a head of one byte at least, so that the
 * size of the canonical form is room enough.
 */
#include "policy/manifest.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "crypto/key.h"
#include "policy/manifest_rules.h"
#include "policy/manifest_write.h"

#define WORD_SIZE_MAX 16u /* bytes of one of our words */

static const char where[] = "manifest";

static const char *const bind_words[] = { "signer", "product", "version", "code", "config" };
#define BIND_COUNT (sizeof bind_words / sizeof bind_words[0])
_Static_assert(BL_RULE_BIND_ALL == (1 << BIND_COUNT) - 1, "one word for each bit");

const char *
bl_manifest_bind_word(unsigned bit)
{
    return bit < BIND_COUNT ? bind_words[bit] : NULL;
}

void
bl_manifest_done(struct bl_manifest *manifest)
{
    bulla_buffer_done(&manifest->canonical);
    bl_free(manifest->texts);
    memset(manifest, 0, sizeof *manifest);
}

/* -- read -------------------------------------------------------------------------------------- */

/** A decoding in progress. */
struct source {
    struct bl_reader r;
    struct bl_manifest *m;
    size_t texts_used; /* bytes of m->texts */
};

static void
expect(struct source *s, const char *wrong)
{
    if (wrong != NULL)
        bl_reader_fail(&s->r, wrong);
}

/** A copy that lives as long as the manifest. */
static const char *
keep(struct source *s, struct bulla_bytes text)
{
    char *copy = s->m->texts + s->texts_used;

    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    s->texts_used += text.size + 1;
    return copy;
}

static const char *
read_text(struct source *s, size_t size_max, const char *(*rule)(struct bulla_bytes text))
{
    struct bulla_bytes text = bl_cbor_read_text(&s->r, size_max);

    if (s->r.failed != NULL)
        return "";
    expect(s, rule(text));
    return keep(s, text);
}

static uint64_t
read_number(struct source *s, uint64_t least, uint64_t most)
{
    uint64_t number = bl_cbor_read_uint(&s->r);

    if (s->r.failed == NULL && (number < least || number > most))
        bl_reader_fail(&s->r, "a number out of its range");
    return number;
}

static void
expect_array(struct source *s, size_t count)
{
    if (bl_cbor_read_array(&s->r, count) != count)
        bl_reader_fail(&s->r, "wrong number of items");
}

static bool
more(const struct source *s, size_t i, size_t count)
{
    return i < count && s->r.failed == NULL;
}

static void
read_image(struct source *s)
{
    struct bl_manifest *m = s->m;

    expect_array(s, 4);
    size_t file_count = bl_cbor_read_array(&s->r, BL_MANIFEST_FILE_COUNT_MAX);
    for (size_t i = 0; more(s, i, file_count); i++) {
        struct bl_manifest_file *file = &m->files[m->file_count++];
        expect_array(s, 3);
        file->from = read_text(s, BL_MANIFEST_PATH_SIZE_MAX, bl_rule_outside_path);
        file->to = read_text(s, BL_MANIFEST_PATH_SIZE_MAX, bl_rule_inside_path);
        file->mode = (unsigned)read_number(s, 0, BL_RULE_MODE_MAX);
    }
    m->with_closure = bl_cbor_read_bool(&s->r);
    m->with_name_service = bl_cbor_read_bool(&s->r);
    size_t directory_count = bl_cbor_read_array(&s->r, BL_MANIFEST_DIRECTORY_COUNT_MAX);
    for (size_t i = 0; more(s, i, directory_count); i++)
        m->directories[m->directory_count++] =
            read_text(s, BL_MANIFEST_PATH_SIZE_MAX, bl_rule_inside_path);
}

static void
read_entry(struct source *s)
{
    size_t count = bl_cbor_read_array(&s->r, BL_MANIFEST_ARGUMENT_COUNT_MAX);

    if (count == 0)
        bl_reader_fail(&s->r, "no program to start");
    for (size_t i = 0; more(s, i, count); i++)
        s->m->entry[s->m->entry_count++] =
            read_text(s, BL_MANIFEST_TEXT_SIZE_MAX, i == 0 ? bl_rule_inside_path : bl_rule_text);
}

static void
read_environment(struct source *s)
{
    size_t count = bl_cbor_read_array(&s->r, BL_MANIFEST_VARIABLE_COUNT_MAX);

    for (size_t i = 0; more(s, i, count); i++) {
        struct bl_manifest_variable *variable = &s->m->environment[s->m->environment_count++];
        expect_array(s, 2);
        variable->name = read_text(s, BL_MANIFEST_TEXT_SIZE_MAX, bl_rule_variable_name);
        variable->value = read_text(s, BL_MANIFEST_TEXT_SIZE_MAX, bl_rule_text);
    }
}

static void
read_resources(struct source *s)
{
    struct bl_manifest *m = s->m;

    expect_array(s, 5);
    m->memory = read_number(s, BL_MANIFEST_MEMORY_MIN, BL_MANIFEST_BYTES_MAX);
    m->cpu_milli = read_number(s, 1, BL_RULE_CPU_MILLI_MAX);
    m->pids = read_number(s, BL_RULE_PIDS_MIN, BL_RULE_PIDS_MAX);
    m->open_files = read_number(s, BL_RULE_OPEN_FILES_MIN, BL_RULE_OPEN_FILES_MAX);
    m->tmp = read_number(s, 0, BL_MANIFEST_BYTES_MAX);
}

/** "HOST:PORT", judged by the one parser of such texts. */
static void
read_endpoint(struct source *s, struct bl_endpoint *out)
{
    struct bulla_bytes text = bl_cbor_read_text(&s->r, BL_BROKER_ADDRESS_SIZE_MAX);

    if (s->r.failed == NULL && bl_endpoint_parse(text, out, NULL) != BULLA_OK)
        bl_reader_fail(&s->r, "not HOST:PORT");
}

static size_t
read_ports(struct source *s, struct bl_manifest_port *ports,
           const char *(*rule)(const struct bl_endpoint *outside))
{
    size_t count = bl_cbor_read_array(&s->r, BL_MANIFEST_PORT_COUNT_MAX);

    for (size_t i = 0; more(s, i, count); i++) {
        expect_array(s, 2);
        read_endpoint(s, &ports[i].outside);
        if (rule != NULL && s->r.failed == NULL)
            expect(s, rule(&ports[i].outside));
        ports[i].inside_port = (uint16_t)read_number(s, 1, UINT16_MAX);
    }
    return count;
}

static void
read_network(struct source *s)
{
    expect_array(s, 2);
    s->m->listen_count = read_ports(s, s->m->listen, bl_rule_listen);
    s->m->connect_count = read_ports(s, s->m->connect, NULL);
}

static void
read_sealed(struct source *s)
{
    size_t count = bl_cbor_read_array(&s->r, BL_MANIFEST_SEALED_COUNT_MAX);

    for (size_t i = 0; more(s, i, count); i++) {
        struct bl_manifest_sealed *sealed = &s->m->sealed[s->m->sealed_count++];
        expect_array(s, 3);
        sealed->path = read_text(s, BL_MANIFEST_PATH_SIZE_MAX, bl_rule_inside_path);
        sealed->size = read_number(s, BL_MANIFEST_SEALED_MIN, BL_MANIFEST_BYTES_MAX);
        sealed->bind = (unsigned)read_number(s, 1, BL_RULE_BIND_ALL);
        if (s->r.failed == NULL)
            expect(s, bl_rule_bind(sealed->bind));
    }
}

static const char *
rule_secret_name(struct bulla_bytes name)
{
    return bl_secret_name_is_valid(name) ? NULL : "not the name of a secret";
}

static void
read_secrets(struct source *s)
{
    size_t count = bl_cbor_read_array(&s->r, BL_MANIFEST_SECRET_COUNT_MAX);

    for (size_t i = 0; more(s, i, count); i++) {
        struct bl_manifest_secret *secret = &s->m->secrets[s->m->secret_count++];
        expect_array(s, 3);
        secret->name = read_text(s, BL_SECRET_NAME_SIZE_MAX, rule_secret_name);
        secret->file = read_text(s, BL_MANIFEST_PATH_SIZE_MAX, bl_rule_secret_file);
        secret->mode = (unsigned)read_number(s, 0, BL_RULE_MODE_MAX);
        if (s->r.failed == NULL)
            expect(s, bl_rule_secret_mode(secret->mode));
    }
}

static void
read_isolation(struct source *s)
{
    struct bl_manifest *m = s->m;

    expect_array(s, 4);
    m->landlock_min = read_number(s, 0, BL_RULE_LANDLOCK_MAX);
    m->cgroup_min = read_number(s, 0, BL_RULE_CGROUP_MAX);
    m->needs_memfd_secret = bl_cbor_read_bool(&s->r);
    m->permit_unenforced = (unsigned)read_number(s, 0, BL_RULE_LIMIT_ALL);
}

static void
read_broker(struct source *s)
{
    if (bl_cbor_read_if_null(&s->r))
        return;
    expect_array(s, 2);
    read_endpoint(s, &s->m->broker.endpoint);
    bl_cbor_read_bytes_exact(&s->r, s->m->broker.root, sizeof s->m->broker.root);
    s->m->has_broker = s->r.failed == NULL;
}

static void
read_binding(struct source *s)
{
    if (!bl_equal(bl_cbor_read_text(&s->r, WORD_SIZE_MAX), BL_LITERAL("channel")))
        bl_reader_fail(&s->r, "another binding than channel");
}

static void
read_field(struct source *s, uint64_t key)
{
    struct bl_manifest *m = s->m;

    switch (key) {
    case BL_MANIFEST_KEY_NAME:
        m->name = read_text(s, BL_MANIFEST_NAME_SIZE_MAX, bl_rule_name);
        break;
    case BL_MANIFEST_KEY_PRODUCT:
        m->product = read_text(s, BL_PRODUCT_SIZE_MAX, bl_rule_product);
        break;
    case BL_MANIFEST_KEY_VERSION:
        m->version = read_number(s, 1, BL_RULE_VERSION_MAX);
        break;
    case BL_MANIFEST_KEY_SIGNER:
        bl_cbor_read_bytes_exact(&s->r, m->signer, sizeof m->signer);
        break;
    case BL_MANIFEST_KEY_IMAGE:
        read_image(s);
        break;
    case BL_MANIFEST_KEY_ENTRY:
        read_entry(s);
        break;
    case BL_MANIFEST_KEY_USER:
        m->user = (uint32_t)read_number(s, 1, BL_RULE_USER_MAX);
        break;
    case BL_MANIFEST_KEY_ENVIRONMENT:
        read_environment(s);
        break;
    case BL_MANIFEST_KEY_RESOURCES:
        read_resources(s);
        break;
    case BL_MANIFEST_KEY_NETWORK:
        read_network(s);
        break;
    case BL_MANIFEST_KEY_SEALED:
        read_sealed(s);
        break;
    case BL_MANIFEST_KEY_SECRETS:
        read_secrets(s);
        break;
    case BL_MANIFEST_KEY_BINDING:
        read_binding(s);
        break;
    case BL_MANIFEST_KEY_ISOLATION:
        read_isolation(s);
        break;
    case BL_MANIFEST_KEY_REPLICAS:
        m->replicas = read_number(s, 1, BL_RULE_REPLICAS_MAX);
        break;
    default:
        read_broker(s);
        break;
    }
}

static enum bulla_status
read_manifest(struct source *s, struct bulla_error *err)
{
    struct bl_cbor_map map = bl_cbor_read_map(&s->r, BL_MANIFEST_KEY_BROKER);
    size_t count = map.left;
    uint64_t key = 0;

    if (!bl_cbor_map_next_uint(&s->r, &map, &key) || key != BL_MANIFEST_KEY_FORMAT)
        bl_reader_fail(&s->r, "no format version");
    uint64_t format = bl_cbor_read_uint(&s->r);
    BL_TRY(bl_reader_ok(&s->r, err));
    if (format != BL_MANIFEST_FORMAT)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "format version", 0);
    if (count != BL_MANIFEST_KEY_BROKER)
        bl_reader_fail(&s->r, "a field is missing");
    for (uint64_t expected = BL_MANIFEST_KEY_NAME; bl_cbor_map_next_uint(&s->r, &map, &key);
         expected++) {
        if (key != expected)
            bl_reader_fail(&s->r, "a field is missing or unknown");
        BL_TRY(bl_reader_ok(&s->r, err));
        read_field(s, key);
    }
    return bl_reader_finish(&s->r, err);
}

static enum bulla_status
digest_signer(struct bl_manifest *manifest, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    BL_AUTO(bulla_buffer) spki = { 0 };

    BL_TRY(bl_key_from_raw_public(BL_KEY_ED25519, BL_BYTES_OF(manifest->signer), &key, err));
    BL_TRY(bl_key_spki(key, &spki, err));
    return bl_hash_once(BL_SHA256, bulla_buffer_bytes(&spki), manifest->signer_digest, err);
}

enum bulla_status
bl_manifest_decode(struct bulla_bytes cbor, struct bl_manifest *manifest_out,
                   struct bulla_error *err)
{
    BL_AUTO(bl_manifest) manifest = { 0 };
    struct source s = { .r = bl_reader(cbor, where), .m = &manifest };
    const char *key = NULL;

    if (cbor.size > BL_MANIFEST_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, where, "too large", cbor.size);
    manifest.texts = bl_alloc(cbor.size + 1, 1);
    if (manifest.texts == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, where, "no memory", 0);
    BL_TRY(read_manifest(&s, err));
    const char *wrong = bl_rule_whole(&manifest, &key);
    if (wrong != NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, key, wrong, 0);
    BL_TRY(digest_signer(&manifest, err));
    BL_TRY(bulla_buffer_append(&manifest.canonical, cbor, err));
    BL_TRY(bl_hash_once(BL_SHA256, cbor, manifest.digest, err));
    manifest.log_size = BL_MANIFEST_LOG_SIZE_DEFAULT;
    *manifest_out = manifest;
    memset(&manifest, 0, sizeof manifest);
    return BULLA_OK;
}
