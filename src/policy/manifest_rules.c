/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/manifest_rules.c: see manifest_rules.h.
 */
#include "policy/manifest_rules.h"

#include <arpa/inet.h>
#include <string.h>

#include "codec/utf8.h"

/** Kept for the agent or the kernel; what a manifest puts there would be hidden or would hide. */
static const char *const reserved[] = { BL_ENCLAVE_AGENT_DIRECTORY, "/proc", "/dev", "/sys",
                                        BL_ENCLAVE_SECRET_DIRECTORY };
#define RESERVED_COUNT (sizeof reserved / sizeof reserved[0])

static bool
is_lower_or_digit(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

const char *
bl_rule_name(struct bulla_bytes name)
{
    static const char what[] = "not 1 to 63 of a-z, 0-9 and inner hyphens";

    if (name.size == 0 || name.size > BL_MANIFEST_NAME_SIZE_MAX)
        return what;
    for (size_t i = 0; i < name.size; i++) {
        bool inner = i > 0 && i + 1 < name.size;
        if (!is_lower_or_digit(name.data[i]) && !(inner && name.data[i] == '-'))
            return what;
    }
    return NULL;
}

const char *
bl_rule_product(struct bulla_bytes product)
{
    static const char what[] = "not 1 to 64 of a-z, 0-9 and inner . _ - /, one at a time";
    bool between = true;

    if (product.size == 0 || product.size > BL_PRODUCT_SIZE_MAX)
        return what;
    for (size_t i = 0; i < product.size; i++) {
        bool mark = product.data[i] != 0 && strchr("._-/", product.data[i]) != NULL;
        if ((!mark && !is_lower_or_digit(product.data[i])) || (mark && between))
            return what;
        between = mark;
    }
    return between ? what : NULL;
}

static bool
has_control(struct bulla_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    return false;
}

static bool
part_is_dots(const uint8_t *part, size_t size)
{
    return size > 0 && size <= 2 && part[0] == '.' && part[size - 1] == '.';
}

bool
bl_inside_path_is_valid(struct bulla_bytes path)
{
    if (path.size < 2 || path.size > BL_MANIFEST_PATH_SIZE_MAX || path.data[0] != '/' ||
        has_control(path) || !bl_utf8_is_valid(path))
        return false;
    for (size_t start = 1; start <= path.size;) {
        const uint8_t *part = path.data + start;
        size_t size = 0;
        while (start + size < path.size && part[size] != '/')
            size++;
        if (size == 0 || part_is_dots(part, size))
            return false;
        start += size + 1;
    }
    return true;
}

bool
bl_path_is_within(const char *path, const char *directory)
{
    size_t size = strlen(directory);

    return strncmp(path, directory, size) == 0 && (path[size] == 0 || path[size] == '/');
}

const char *
bl_rule_inside_path(struct bulla_bytes path)
{
    return bl_inside_path_is_valid(path)
               ? NULL
               : "not an absolute path without empty, . or .. parts, of at most 255 bytes";
}

const char *
bl_rule_outside_path(struct bulla_bytes path)
{
    bool good = path.size > 0 && path.size <= BL_MANIFEST_PATH_SIZE_MAX && !has_control(path) &&
                bl_utf8_is_valid(path);

    return good ? NULL : "not a path of 1 to 255 bytes without control characters";
}

const char *
bl_rule_text(struct bulla_bytes text)
{
    bool good = text.size <= BL_MANIFEST_TEXT_SIZE_MAX &&
                (text.size == 0 || memchr(text.data, 0, text.size) == NULL);

    return good ? NULL : "longer than 4096 bytes, or with a zero byte";
}

const char *
bl_rule_variable_name(struct bulla_bytes name)
{
    static const char what[] = "not 1 to 64 of A-Z, a-z, 0-9 and _, beginning with no digit";
    static const char own[] = "BULLA_";

    if (name.size == 0 || name.size > 64)
        return what;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t lower = name.data[i] | 0x20;
        bool letter = (lower >= 'a' && lower <= 'z') || name.data[i] == '_';
        if (!letter && (i == 0 || name.data[i] < '0' || name.data[i] > '9'))
            return what;
    }
    if (name.size >= sizeof own - 1 && memcmp(name.data, own, sizeof own - 1) == 0)
        return "names that begin with BULLA_ are the agent's";
    return NULL;
}

const char *
bl_rule_secret_file(struct bulla_bytes path)
{
    static const char directory[] = BL_ENCLAVE_SECRET_DIRECTORY "/";
    size_t size = sizeof directory - 1;

    if (!bl_inside_path_is_valid(path) || path.size <= size ||
        memcmp(path.data, directory, size) != 0 ||
        memchr(path.data + size, '/', path.size - size) != NULL)
        return "not " BL_ENCLAVE_SECRET_DIRECTORY "/FILE: secrets are files of one private tmpfs";
    return NULL;
}

const char *
bl_rule_secret_mode(uint64_t mode)
{
    bool good = mode == 0400 || mode == 0440 || mode == 0444;

    return good ? NULL : "none of 0400, 0440, 0444";
}

const char *
bl_rule_bind(unsigned bind)
{
    bool signer = (bind & BL_BIND_SIGNER) != 0;
    bool product = (bind & BL_BIND_PRODUCT) != 0;

    if ((bind & ~(unsigned)BL_RULE_BIND_ALL) != 0)
        return "unknown binding";
    if (signer != product)
        return "signer and product are bound together, by one register: name both or none";
    if (!signer && (bind & (BL_BIND_CODE | BL_BIND_CONFIG)) == 0)
        return "bound to neither signer and product nor code nor config: any enclave could open it";
    return NULL;
}

const char *
bl_rule_listen(const struct bl_endpoint *outside)
{
    uint8_t bytes[sizeof(struct in6_addr)];
    bool numeric = inet_pton(AF_INET, outside->host, bytes) == 1 ||
                   inet_pton(AF_INET6, outside->host, bytes) == 1;

    return numeric ? NULL : "a name: say the address of the host to listen at, as 127.0.0.1";
}

/* -- what concerns more than one --------------------------------------------------------------- */

static bool
is_reserved(const char *path)
{
    for (size_t i = 0; i < RESERVED_COUNT; i++)
        if (bl_path_is_within(path, reserved[i]))
            return true;
    return false;
}

static bool
hides_reserved(const char *path)
{
    for (size_t i = 0; i < RESERVED_COUNT; i++)
        if (bl_path_is_within(reserved[i], path))
            return true;
    return false;
}

static bool
is_mounted_over(const struct bl_manifest *m, const char *path)
{
    if (m->tmp > 0 && bl_path_is_within(path, BL_ENCLAVE_TMP_DIRECTORY))
        return true;
    for (size_t i = 0; i < m->sealed_count; i++)
        if (bl_path_is_within(path, m->sealed[i].path))
            return true;
    return false;
}

static const char *
check_file(const struct bl_manifest *m, size_t index)
{
    const char *path = m->files[index].to;

    if (index > 0 && strcmp(m->files[index - 1].to, path) >= 0)
        return "a file is said twice";
    if (is_reserved(path))
        return "a file in a place that is kept for the agent or the kernel";
    if (is_mounted_over(m, path))
        return "a file that /tmp or a sealed directory would hide";
    for (size_t i = 0; i < m->file_count; i++)
        if (i != index && bl_path_is_within(path, m->files[i].to))
            return "a file beneath another file";
    return NULL;
}

static const char *
check_directory(const struct bl_manifest *m, size_t index)
{
    const char *path = m->directories[index];

    if (index > 0 && strcmp(m->directories[index - 1], path) >= 0)
        return "a directory is said twice";
    if (is_reserved(path))
        return "a directory in a place that is kept for the agent or the kernel";
    for (size_t i = 0; i < m->file_count; i++)
        if (bl_path_is_within(path, m->files[i].to))
            return "a directory beneath a file, or in its place";
    return NULL;
}

static const char *
check_image(const struct bl_manifest *m)
{
    const char *what = m->file_count == 0 ? "no files" : NULL;

    for (size_t i = 0; i < m->file_count && what == NULL; i++)
        what = check_file(m, i);
    for (size_t i = 0; i < m->directory_count && what == NULL; i++)
        what = check_directory(m, i);
    return what;
}

static const char *
check_environment(const struct bl_manifest *m)
{
    for (size_t i = 1; i < m->environment_count; i++)
        if (strcmp(m->environment[i - 1].name, m->environment[i].name) >= 0)
            return "a variable is said twice";
    return NULL;
}

static bool
port_is_taken(const struct bl_manifest_port *ports, size_t count, uint16_t inside_port)
{
    for (size_t i = 0; i < count; i++)
        if (ports[i].inside_port == inside_port)
            return true;
    return false;
}

static const char *
check_network(const struct bl_manifest *m)
{
    for (size_t i = 0; i < m->listen_count; i++) {
        if (i > 0 && m->listen[i - 1].inside_port >= m->listen[i].inside_port)
            return "a port inside is said twice";
        for (size_t k = 0; k < i; k++)
            if (bl_endpoint_is(&m->listen[k].outside, &m->listen[i].outside))
                return "an address outside is said twice";
    }
    for (size_t i = 0; i < m->connect_count; i++) {
        if (i > 0 && m->connect[i - 1].inside_port >= m->connect[i].inside_port)
            return "a port inside is said twice (write PORT -> HOST:PORT to choose another)";
        if (port_is_taken(m->listen, m->listen_count, m->connect[i].inside_port))
            return "a port inside both listens and connects";
    }
    return NULL;
}

static const char *
check_sealed(const struct bl_manifest *m)
{
    for (size_t i = 0; i < m->sealed_count; i++) {
        const char *path = m->sealed[i].path;
        if (is_reserved(path) || hides_reserved(path))
            return "a sealed directory in or over a place that is kept for the agent or the kernel";
        if (m->tmp > 0 && (bl_path_is_within(path, BL_ENCLAVE_TMP_DIRECTORY) ||
                           bl_path_is_within(BL_ENCLAVE_TMP_DIRECTORY, path)))
            return "a sealed directory in or over /tmp, which is not kept";
        if (i > 0 && strcmp(m->sealed[i - 1].path, path) >= 0)
            return "a sealed directory is said twice";
        for (size_t k = 0; k < m->sealed_count; k++)
            if (k != i && bl_path_is_within(path, m->sealed[k].path))
                return "a sealed directory within another one";
    }
    return NULL;
}

static const char *
check_secrets(const struct bl_manifest *m)
{
    if (m->secret_count > 0 && !m->has_broker)
        return "nobody to ask for them: there is no broker";
    for (size_t i = 1; i < m->secret_count; i++)
        if (strcmp(m->secrets[i - 1].file, m->secrets[i].file) >= 0)
            return "a file is said twice";
    return NULL;
}

const char *
bl_rule_whole(const struct bl_manifest *manifest, const char **key_out)
{
    static const struct {
        const char *key;
        const char *(*check)(const struct bl_manifest *manifest);
    } rules[] = {
        { "sealed", check_sealed },           { "image", check_image },
        { "environment", check_environment }, { "network", check_network },
        { "secrets", check_secrets },
    };

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        const char *what = rules[i].check(manifest);
        if (what != NULL) {
            *key_out = rules[i].key;
            return what;
        }
    }
    return NULL;
}
