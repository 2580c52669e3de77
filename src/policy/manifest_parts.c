/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/manifest_parts.c: what is in an enclave, and its limits; see manifest_source.h.
 */
#include <string.h>

#include "base/memory.h"
#include "policy/manifest_source.h"

#define ARROW " -> "

/* -- image ------------------------------------------------------------------------------------- */

static enum bulla_status
read_file(struct bl_manifest_source *s, const struct bl_yaml_node *node,
          struct bl_manifest_file *file, struct bulla_error *err)
{
    static const char *const keys[] = { "from", "to", "mode" };

    if (bl_yaml_kind(node) == BL_YAML_SCALAR) {
        BL_TRY(bl_source_text(s, node, "files", bl_rule_inside_path, &file->to, err));
        file->from = file->to;
        return BULLA_OK;
    }
    BL_TRY(bl_yaml_as_mapping(node, "files", keys, BL_COUNT_OF(keys), err));
    BL_TRY(bl_source_require_text(s, node, "from", bl_rule_outside_path, &file->from, err));
    BL_TRY(bl_source_require_text(s, node, "to", bl_rule_inside_path, &file->to, err));
    return bl_source_mode(node, &file->mode, err);
}

static enum bulla_status
read_directories(struct bl_manifest_source *s, const struct bl_yaml_node *list,
                 struct bulla_error *err)
{
    BL_TRY(bl_yaml_as_sequence(list, "directories", BL_MANIFEST_DIRECTORY_COUNT_MAX, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item))
        BL_TRY(bl_source_text(s, item, "directories", bl_rule_inside_path,
                              &s->m->directories[s->m->directory_count++], err));
    return BULLA_OK;
}

enum bulla_status
bl_source_image(struct bl_manifest_source *s, const struct bl_yaml_node *map,
                struct bulla_error *err)
{
    static const char *const keys[] = { "files", "closure", "name_service", "directories" };
    const struct bl_yaml_node *list = NULL;
    const struct bl_yaml_node *directories = bl_yaml_find(map, "directories");

    BL_TRY(bl_yaml_as_mapping(map, "image", keys, BL_COUNT_OF(keys), err));
    BL_TRY(bl_yaml_require(map, "files", &list, err));
    BL_TRY(bl_yaml_as_sequence(list, "files", BL_MANIFEST_FILE_COUNT_MAX, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item))
        BL_TRY(read_file(s, item, &s->m->files[s->m->file_count++], err));
    s->m->with_closure = true;
    BL_TRY(bl_source_flag(map, "closure", &s->m->with_closure, err));
    BL_TRY(bl_source_flag(map, "name_service", &s->m->with_name_service, err));
    return directories == NULL ? BULLA_OK : read_directories(s, directories, err);
}

/* -- program and its limits -------------------------------------------------------------------- */

enum bulla_status
bl_source_entry(struct bl_manifest_source *s, const struct bl_yaml_node *list,
                struct bulla_error *err)
{
    BL_TRY(bl_yaml_as_sequence(list, "entry", BL_MANIFEST_ARGUMENT_COUNT_MAX, err));
    if (bl_yaml_count(list) == 0)
        return bl_yaml_fail(list, "entry", "no program to start", err);
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item)) {
        bl_source_rule *rule = s->m->entry_count == 0 ? bl_rule_inside_path : bl_rule_text;
        BL_TRY(bl_source_text(s, item, "entry", rule, &s->m->entry[s->m->entry_count++], err));
    }
    return BULLA_OK;
}

enum bulla_status
bl_source_environment(struct bl_manifest_source *s, const struct bl_yaml_node *map,
                      struct bulla_error *err)
{
    BL_TRY(bl_yaml_as_table(map, "environment", BL_MANIFEST_VARIABLE_COUNT_MAX, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(map); item != NULL;
         item = bl_yaml_next(item)) {
        struct bl_manifest_variable *variable = &s->m->environment[s->m->environment_count++];
        const char *wrong = bl_rule_variable_name(bl_yaml_key(item));
        if (wrong != NULL)
            return bl_yaml_fail(item, "environment", wrong, err);
        BL_TRY(bl_source_keep(s, bl_yaml_key(item), &variable->name, err));
        BL_TRY(bl_source_text(s, item, "environment", bl_rule_text, &variable->value, err));
    }
    return BULLA_OK;
}

/** Processors as "2" or "0.25", in thousandths. */
static enum bulla_status
read_cpus(const struct bl_yaml_node *node, uint64_t *milli_out, struct bulla_error *err)
{
    static const char what[] = "not a number of processors from 0.001 to 1024, as 2 or 0.25";
    struct bulla_bytes text = { 0 };
    uint64_t whole = 0, part = 0, scale = 1000;
    size_t i = 0;

    BL_TRY(bl_yaml_as_text(node, "cpus", BL_MANIFEST_TEXT_SIZE_MAX, &text, err));
    for (; i < text.size && i < 4 && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        whole = whole * 10 + (uint64_t)(text.data[i] - '0');
    bool good = i > 0 && (i == 1 || text.data[0] != '0');
    if (i < text.size && text.data[i] == '.') {
        for (i++; i < text.size && scale > 1 && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
            scale /= 10;
            part += (uint64_t)(text.data[i] - '0') * scale;
        }
        good = good && scale < 1000;
    }
    uint64_t milli = whole * 1000 + part;
    if (!good || i != text.size || milli < 1 || milli > BL_RULE_CPU_MILLI_MAX)
        return bl_yaml_fail(node, "cpus", what, err);
    *milli_out = milli;
    return BULLA_OK;
}

enum bulla_status
bl_source_resources(struct bl_manifest_source *s, const struct bl_yaml_node *map,
                    struct bulla_error *err)
{
    static const char *const keys[] = { "memory", "cpus", "pids", "open_files", "tmp" };
    struct bl_manifest *m = s->m;
    const struct bl_yaml_node *cpus = NULL;
    const struct bl_yaml_node *tmp = bl_yaml_find(map, "tmp");

    BL_TRY(bl_yaml_as_mapping(map, "resources", keys, BL_COUNT_OF(keys), err));
    BL_TRY(bl_source_require_size(map, "memory", BL_MANIFEST_MEMORY_MIN, &m->memory, err));
    BL_TRY(bl_yaml_require(map, "cpus", &cpus, err));
    BL_TRY(read_cpus(cpus, &m->cpu_milli, err));
    BL_TRY(
        bl_source_require_number(map, "pids", BL_RULE_PIDS_MIN, BL_RULE_PIDS_MAX, &m->pids, err));
    BL_TRY(bl_source_require_number(map, "open_files", BL_RULE_OPEN_FILES_MIN,
                                    BL_RULE_OPEN_FILES_MAX, &m->open_files, err));
    return tmp == NULL ? BULLA_OK
                       : bl_yaml_as_size(tmp, "tmp", 0, BL_MANIFEST_BYTES_MAX, &m->tmp, err);
}

/* -- network ----------------------------------------------------------------------------------- */

static bool
parse_port(struct bulla_bytes text, uint16_t *out)
{
    uint32_t port = 0;

    if (text.size == 0 || text.size > 5 || text.data[0] == '0')
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        port = port * 10 + (uint32_t)(text.data[i] - '0');
    }
    *out = (uint16_t)port;
    return port <= UINT16_MAX;
}

/** Split "LEFT -> RIGHT"; false if there is no arrow. */
static bool
split(struct bulla_bytes text, struct bulla_bytes *left_out, struct bulla_bytes *right_out)
{
    struct bulla_bytes arrow = BL_LITERAL(ARROW);
    const uint8_t *place = memmem(text.data, text.size, arrow.data, arrow.size);

    if (place == NULL)
        return false;
    size_t size = (size_t)(place - text.data);
    *left_out = (struct bulla_bytes){ text.data, size };
    *right_out = (struct bulla_bytes){ place + arrow.size, text.size - size - arrow.size };
    return true;
}

/** "ADDRESS:PORT -> PORT" (listen) or "PORT -> HOST:PORT" (connect); without an arrow the port
 *  inside is that outside. */
static enum bulla_status
read_port(const struct bl_yaml_node *node, const char *key, bool outside_first,
          struct bl_manifest_port *port, struct bulla_error *err)
{
    struct bulla_bytes text = { 0 };
    struct bulla_bytes left = { 0 }, right = { 0 };

    BL_TRY(bl_yaml_as_text(node, key, BL_MANIFEST_TEXT_SIZE_MAX, &text, err));
    bool arrow = split(text, &left, &right);
    struct bulla_bytes outside = !arrow ? text : outside_first ? left : right;
    struct bulla_bytes inside = outside_first ? right : left;
    if (bl_endpoint_parse(outside, &port->outside, NULL) != BULLA_OK)
        return bl_yaml_fail(node, key,
                            outside_first ? "not \"ADDRESS:PORT -> PORT\" or \"ADDRESS:PORT\""
                                          : "not \"HOST:PORT\" or \"PORT -> HOST:PORT\"",
                            err);
    port->inside_port = port->outside.port;
    if (arrow && !parse_port(inside, &port->inside_port))
        return bl_yaml_fail(node, key, "its port inside is not a number from 1 to 65535", err);
    const char *wrong = outside_first ? bl_rule_listen(&port->outside) : NULL;
    return wrong == NULL ? BULLA_OK : bl_yaml_fail(node, key, wrong, err);
}

static enum bulla_status
read_ports(const struct bl_yaml_node *map, const char *key, bool outside_first,
           struct bl_manifest_port *ports, size_t *count_out, struct bulla_error *err)
{
    const struct bl_yaml_node *list = bl_yaml_find(map, key);

    if (list == NULL)
        return BULLA_OK;
    BL_TRY(bl_yaml_as_sequence(list, key, BL_MANIFEST_PORT_COUNT_MAX, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(list); item != NULL;
         item = bl_yaml_next(item))
        BL_TRY(read_port(item, key, outside_first, &ports[(*count_out)++], err));
    return BULLA_OK;
}

enum bulla_status
bl_source_network(struct bl_manifest_source *s, const struct bl_yaml_node *map,
                  struct bulla_error *err)
{
    static const char *const keys[] = { "listen", "connect" };

    BL_TRY(bl_yaml_as_mapping(map, "network", keys, BL_COUNT_OF(keys), err));
    BL_TRY(read_ports(map, "listen", true, s->m->listen, &s->m->listen_count, err));
    return read_ports(map, "connect", false, s->m->connect, &s->m->connect_count, err);
}
