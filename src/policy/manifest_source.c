/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/manifest_source.c: a manifest from the YAML that people write.
 *
 * Reads into the same structure, sorts the lists, writes the canonical form and gives what decoding
 * that gives: so there is one judge of what a manifest is. The rules are asked here too, because
 * only here line and column are known.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "policy/manifest_source.h"
#include "policy/manifest_write.h"

#define DURATION_MS_MAX ((uint64_t)24 * 3600 * 1000)
#define LOG_SIZE_MAX ((uint64_t)1 << 30) /* bytes */

/* -- data -------------------------------------------------------------------------------------- */

static enum bulla_status
read_bind(const struct bl_yaml_node *map, unsigned *bind_out, struct bulla_error *err)
{
    const struct bl_yaml_node *list = bl_yaml_find(map, "bind");
    const char *words[8] = { NULL };
    size_t count = 0;

    *bind_out = BL_BIND_SIGNER | BL_BIND_PRODUCT | BL_BIND_VERSION;
    if (list == NULL)
        return BULLA_OK;
    while (bl_manifest_bind_word((unsigned)count) != NULL) {
        words[count] = bl_manifest_bind_word((unsigned)count);
        count++;
    }
    BL_TRY(bl_source_words(list, "bind", words, count, bind_out, err));
    const char *wrong = bl_rule_bind(*bind_out);
    return wrong == NULL ? BULLA_OK : bl_yaml_fail(list, "bind", wrong, err);
}

static enum bulla_status
read_one_sealed(struct bl_manifest_source *s, const struct bl_yaml_node *map,
                struct bulla_error *err)
{
    static const char *const keys[] = { "path", "size", "bind" };
    struct bl_manifest_sealed *sealed = &s->m->sealed[s->m->sealed_count++];

    BL_TRY(bl_yaml_as_mapping(map, "sealed", keys, BL_COUNT_OF(keys), err));
    BL_TRY(bl_source_require_text(s, map, "path", bl_rule_inside_path, &sealed->path, err));
    BL_TRY(bl_source_require_size(map, "size", BL_MANIFEST_SEALED_MIN, &sealed->size, err));
    return read_bind(map, &sealed->bind, err);
}

static enum bulla_status
read_sealed(struct bl_manifest_source *s, const struct bl_yaml_node *list, struct bulla_error *err)
{
    BL_TRY(bl_yaml_as_sequence(list, "sealed", BL_MANIFEST_SEALED_COUNT_MAX, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item))
        BL_TRY(read_one_sealed(s, item, err));
    return BULLA_OK;
}

static const char *
rule_secret_name(struct bulla_bytes name)
{
    return bl_secret_name_is_valid(name) ? NULL
                                         : "not the name of a secret (a-z, 0-9, . _ - and /)";
}

static enum bulla_status
read_secret(struct bl_manifest_source *s, const struct bl_yaml_node *map, struct bulla_error *err)
{
    static const char *const keys[] = { "name", "file", "mode" };
    struct bl_manifest_secret *secret = &s->m->secrets[s->m->secret_count++];

    BL_TRY(bl_yaml_as_mapping(map, "secrets", keys, BL_COUNT_OF(keys), err));
    BL_TRY(bl_source_require_text(s, map, "name", rule_secret_name, &secret->name, err));
    BL_TRY(bl_source_require_text(s, map, "file", bl_rule_secret_file, &secret->file, err));
    secret->mode = 0400;
    BL_TRY(bl_source_mode(map, &secret->mode, err));
    const char *wrong = bl_rule_secret_mode(secret->mode);
    return wrong == NULL ? BULLA_OK : bl_yaml_fail(map, "mode", wrong, err);
}

static enum bulla_status
read_secrets(struct bl_manifest_source *s, const struct bl_yaml_node *list, struct bulla_error *err)
{
    BL_TRY(bl_yaml_as_sequence(list, "secrets", BL_MANIFEST_SECRET_COUNT_MAX, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item))
        BL_TRY(read_secret(s, item, err));
    return BULLA_OK;
}

/* -- conditions -------------------------------------------------------------------------------- */

static enum bulla_status
read_attestation(struct bl_manifest_source *s, const struct bl_yaml_node *map,
                 struct bulla_error *err)
{
    static const char *const keys[] = { "binding" };
    static const char *const words[] = { "channel" };
    const struct bl_yaml_node *node = NULL;
    size_t index = 0;

    (void)s;
    BL_TRY(bl_yaml_as_mapping(map, "attestation", keys, BL_COUNT_OF(keys), err));
    BL_TRY(bl_yaml_require(map, "binding", &node, err));
    return bl_yaml_as_choice(node, "binding", words, BL_COUNT_OF(words), &index, err);
}

static enum bulla_status
read_minimum(struct bl_manifest *m, const struct bl_yaml_node *map, struct bulla_error *err)
{
    static const char *const keys[] = { "landlock", "cgroup", "memfd_secret" };
    const struct bl_yaml_node *landlock = bl_yaml_find(map, "landlock");
    const struct bl_yaml_node *cgroup = bl_yaml_find(map, "cgroup");

    BL_TRY(bl_yaml_as_mapping(map, "minimum", keys, BL_COUNT_OF(keys), err));
    if (landlock != NULL)
        BL_TRY(bl_yaml_as_number(landlock, "landlock", 0, BL_RULE_LANDLOCK_MAX, &m->landlock_min,
                                 err));
    if (cgroup != NULL)
        BL_TRY(bl_yaml_as_number(cgroup, "cgroup", 0, BL_RULE_CGROUP_MAX, &m->cgroup_min, err));
    return bl_source_flag(map, "memfd_secret", &m->needs_memfd_secret, err);
}

static enum bulla_status
read_isolation(struct bl_manifest_source *s, const struct bl_yaml_node *map,
               struct bulla_error *err)
{
    static const char *const keys[] = { "minimum", "permit_unenforced" };
    static const char *const limits[] = { "memory", "pids", "cpus" };
    const struct bl_yaml_node *minimum = bl_yaml_find(map, "minimum");
    const struct bl_yaml_node *permits = bl_yaml_find(map, "permit_unenforced");

    BL_TRY(bl_yaml_as_mapping(map, "isolation", keys, BL_COUNT_OF(keys), err));
    if (minimum != NULL)
        BL_TRY(read_minimum(s->m, minimum, err));
    return permits == NULL ? BULLA_OK
                           : bl_source_words(permits, "permit_unenforced", limits,
                                             BL_COUNT_OF(limits), &s->m->permit_unenforced, err);
}

static enum bulla_status
read_broker(struct bl_manifest_source *s, const struct bl_yaml_node *node, struct bulla_error *err)
{
    static const char scheme[] = "bulla://";
    const char *text = NULL;

    BL_TRY(bl_source_text(s, node, "broker", bl_rule_text, &text, err));
    struct bulla_bytes bytes = { (const uint8_t *)text, strlen(text) };
    if (strncmp(text, scheme, sizeof scheme - 1) == 0) {
        struct bulla_error why = { 0 };
        if (bl_broker_address_parse(bytes, &s->m->broker, &why) != BULLA_OK)
            return bl_yaml_fail(node, "broker", why.what, err);
    } else if (s->resolver->broker == NULL || text[0] == 0) {
        return bl_yaml_fail(node, "broker", "not an address (bulla://HOST:PORT#KEY)", err);
    } else {
        BL_TRY(s->resolver->broker(s->resolver->context, text, &s->m->broker, err));
    }
    s->m->has_broker = true;
    return BULLA_OK;
}

static enum bulla_status
read_replicas(struct bl_manifest_source *s, const struct bl_yaml_node *node,
              struct bulla_error *err)
{
    return bl_yaml_as_number(node, "replicas", 1, BL_RULE_REPLICAS_MAX, &s->m->replicas, err);
}

static enum bulla_status
read_user(struct bl_manifest_source *s, const struct bl_yaml_node *node, struct bulla_error *err)
{
    uint64_t user = 0;

    BL_TRY(bl_yaml_as_number(node, "user", 1, BL_RULE_USER_MAX, &user, err));
    s->m->user = (uint32_t)user;
    return BULLA_OK;
}

static enum bulla_status
read_debug(struct bl_manifest_source *s, const struct bl_yaml_node *node, struct bulla_error *err)
{
    bool debug = false;

    (void)s;
    BL_TRY(bl_yaml_as_bool(node, "debug", &debug, err));
    return debug ? bl_yaml_fail(node, "debug", "there are no enclaves for debugging", err)
                 : BULLA_OK;
}

static enum bulla_status
read_signer(struct bl_manifest_source *s, const struct bl_yaml_node *node, struct bulla_error *err)
{
    const char *text = NULL;

    BL_TRY(bl_source_text(s, node, "signer", bl_rule_outside_path, &text, err));
    if (s->resolver->signer == NULL)
        return bl_yaml_fail(node, "signer", "it cannot be looked up here", err);
    return s->resolver->signer(s->resolver->context, text, s->m->signer, err);
}

/* -- what the host may choose ------------------------------------------------------------------ */

static enum bulla_status
read_restart(struct bl_manifest_source *s, const struct bl_yaml_node *node, struct bulla_error *err)
{
    static const char *const words[] = { "never", "on-failure", "always" };
    size_t index = 0;

    BL_TRY(bl_yaml_as_choice(node, "restart", words, BL_COUNT_OF(words), &index, err));
    s->m->restart = (enum bl_manifest_restart)index;
    return BULLA_OK;
}

static enum bulla_status
read_health(struct bl_manifest_source *s, const struct bl_yaml_node *map, struct bulla_error *err)
{
    static const char *const keys[] = { "port", "interval", "timeout" };
    const struct bl_yaml_node *interval = bl_yaml_find(map, "interval");
    const struct bl_yaml_node *timeout = bl_yaml_find(map, "timeout");
    uint64_t port = 0;

    BL_TRY(bl_yaml_as_mapping(map, "health", keys, BL_COUNT_OF(keys), err));
    BL_TRY(bl_source_require_number(map, "port", 1, UINT16_MAX, &port, err));
    s->m->health_port = (uint16_t)port;
    s->m->health_interval_ms = 10000;
    s->m->health_timeout_ms = 2000;
    if (interval != NULL)
        BL_TRY(bl_yaml_as_duration(interval, "interval", 100, DURATION_MS_MAX,
                                   &s->m->health_interval_ms, err));
    return timeout == NULL ? BULLA_OK
                           : bl_yaml_as_duration(timeout, "timeout", 10, DURATION_MS_MAX,
                                                 &s->m->health_timeout_ms, err);
}

static enum bulla_status
read_log(struct bl_manifest_source *s, const struct bl_yaml_node *map, struct bulla_error *err)
{
    static const char *const keys[] = { "size" };
    const struct bl_yaml_node *size = NULL;

    BL_TRY(bl_yaml_as_mapping(map, "log", keys, BL_COUNT_OF(keys), err));
    BL_TRY(bl_yaml_require(map, "size", &size, err));
    return bl_yaml_as_size(size, "size", 4096, LOG_SIZE_MAX, &s->m->log_size, err);
}

static bool
listens_at(const struct bl_manifest *m, uint16_t port)
{
    for (size_t i = 0; i < m->listen_count; i++)
        if (m->listen[i].inside_port == port)
            return true;
    return false;
}

/* -- the whole --------------------------------------------------------------------------------- */

struct field {
    const char *key;
    bool required;
    enum bulla_status (*read)(struct bl_manifest_source *s, const struct bl_yaml_node *node,
                              struct bulla_error *err);
};

static const struct field fields[] = {
    { "signer", true, read_signer },
    { "debug", false, read_debug },
    { "image", true, bl_source_image },
    { "entry", true, bl_source_entry },
    { "user", false, read_user },
    { "environment", false, bl_source_environment },
    { "resources", true, bl_source_resources },
    { "network", false, bl_source_network },
    { "sealed", false, read_sealed },
    { "secrets", false, read_secrets },
    { "attestation", false, read_attestation },
    { "isolation", false, read_isolation },
    { "replicas", false, read_replicas },
    { "broker", false, read_broker },
    { "restart", false, read_restart },
    { "health", false, read_health },
    { "log", false, read_log },
};
static const char *const keys[] = {
    "bulla",       "name",      "product",     "version",   "signer",  "debug",  "image",
    "entry",       "user",      "environment", "resources", "network", "sealed", "secrets",
    "attestation", "isolation", "replicas",    "broker",    "restart", "health", "log",
};

static enum bulla_status
read_fields(struct bl_manifest_source *s, const struct bl_yaml_node *root, struct bulla_error *err)
{
    uint64_t format = 0;

    BL_TRY(bl_source_require_number(root, "bulla", 0, UINT64_MAX, &format, err));
    if (format != BL_MANIFEST_FORMAT)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "manifest", "format version (bulla:)", 0);
    BL_TRY(bl_yaml_as_mapping(root, "manifest", keys, BL_COUNT_OF(keys), err));
    BL_TRY(bl_source_require_text(s, root, "name", bl_rule_name, &s->m->name, err));
    BL_TRY(bl_source_require_text(s, root, "product", bl_rule_product, &s->m->product, err));
    BL_TRY(bl_source_require_number(root, "version", 1, BL_RULE_VERSION_MAX, &s->m->version, err));
    for (size_t i = 0; i < BL_COUNT_OF(fields); i++) {
        const struct bl_yaml_node *node = bl_yaml_find(root, fields[i].key);
        if (node == NULL && fields[i].required)
            BL_TRY(bl_yaml_require(root, fields[i].key, &node, err));
        if (node != NULL)
            BL_TRY(fields[i].read(s, node, err));
    }
    return BULLA_OK;
}

static int
compare_files(const void *a, const void *b)
{
    return strcmp(((const struct bl_manifest_file *)a)->to,
                  ((const struct bl_manifest_file *)b)->to);
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
compare_variables(const void *a, const void *b)
{
    return strcmp(((const struct bl_manifest_variable *)a)->name,
                  ((const struct bl_manifest_variable *)b)->name);
}

static int
compare_ports(const void *a, const void *b)
{
    return (int)((const struct bl_manifest_port *)a)->inside_port -
           (int)((const struct bl_manifest_port *)b)->inside_port;
}

static int
compare_sealed(const void *a, const void *b)
{
    return strcmp(((const struct bl_manifest_sealed *)a)->path,
                  ((const struct bl_manifest_sealed *)b)->path);
}

static int
compare_secrets(const void *a, const void *b)
{
    return strcmp(((const struct bl_manifest_secret *)a)->file,
                  ((const struct bl_manifest_secret *)b)->file);
}

static void
sort_lists(struct bl_manifest *m)
{
    qsort(m->files, m->file_count, sizeof m->files[0], compare_files);
    qsort(m->directories, m->directory_count, sizeof m->directories[0], compare_texts);
    qsort(m->environment, m->environment_count, sizeof m->environment[0], compare_variables);
    qsort(m->listen, m->listen_count, sizeof m->listen[0], compare_ports);
    qsort(m->connect, m->connect_count, sizeof m->connect[0], compare_ports);
    qsort(m->sealed, m->sealed_count, sizeof m->sealed[0], compare_sealed);
    qsort(m->secrets, m->secret_count, sizeof m->secrets[0], compare_secrets);
}

/** What concerns more than one item, with the place of the part that it concerns. */
static enum bulla_status
check_whole(const struct bl_yaml_node *root, const struct bl_manifest *m, struct bulla_error *err)
{
    const struct bl_yaml_node *health = bl_yaml_find(root, "health");
    const char *key = NULL;
    const char *wrong = bl_rule_whole(m, &key);

    if (wrong != NULL) {
        const struct bl_yaml_node *part = bl_yaml_find(root, key);
        return bl_yaml_fail(part != NULL ? part : root, key, wrong, err);
    }
    if (health != NULL && !listens_at(m, m->health_port))
        return bl_yaml_fail(health, "health", "a port that the enclave does not listen at", err);
    return BULLA_OK;
}

static enum bulla_status
read_manifest(struct bl_manifest_source *s, const struct bl_yaml_node *root,
              struct bulla_error *err)
{
    struct bl_manifest *m = s->m;

    m->user = 1000;
    m->replicas = 1;
    m->landlock_min = 1;
    m->log_size = BL_MANIFEST_LOG_SIZE_DEFAULT;
    BL_TRY(read_fields(s, root, err));
    sort_lists(m);
    return check_whole(root, m, err);
}

static void
take_host_choices(struct bl_manifest *to, const struct bl_manifest *from)
{
    to->restart = from->restart;
    to->health_port = from->health_port;
    to->health_interval_ms = from->health_interval_ms;
    to->health_timeout_ms = from->health_timeout_ms;
    to->log_size = from->log_size;
}

enum bulla_status
bl_manifest_from_yaml(struct bulla_bytes yaml, const struct bl_manifest_resolver *resolver,
                      struct bl_manifest *manifest_out, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_yaml) document = NULL;
    BL_AUTO(bl_manifest) manifest = { 0 };
    BL_AUTO(bulla_buffer) canonical = { 0 };
    /* A text and its terminator are rarely larger than their source; escapes may be. */
    struct bl_manifest_source s = { .resolver = resolver,
                                    .m = &manifest,
                                    .texts_size = 2 * yaml.size + 1 };

    BL_TRY(bl_yaml_parse(yaml, "manifest", &document, err));
    manifest.texts = bl_alloc(s.texts_size, 1);
    if (manifest.texts == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "manifest", "no memory", 0);
    BL_TRY(read_manifest(&s, bl_yaml_root(document), err));
    BL_TRY(bl_manifest_write(&manifest, &canonical, err));
    BL_TRY(bl_manifest_decode(bulla_buffer_bytes(&canonical), manifest_out, err));
    take_host_choices(manifest_out, &manifest);
    return BULLA_OK;
}
