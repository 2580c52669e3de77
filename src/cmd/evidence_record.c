/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/evidence_record.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "base/memory.h"
#include "cmd/report.h"
#include "cmd/stream.h"
#include "cmd/verbs.h"
#include "codec/yaml.h"

#define WHERE "evidence record"
#define FORMAT 1
#define DEPTH_MAX 4         /* directories in directories */
#define VALUE_SIZE_MAX 4096 /* bytes of a path or an input */
#define SUFFIX ".record.yaml"

/* -- words -------------------------------------------------------------------------------------- */

void
bl_evidence_record_done(struct bl_evidence_record *record)
{
    bl_arguments_done(&record->arguments);
    for (size_t i = 0; i < record->word_count; i++)
        bl_free(record->words[i]);
    *record = (struct bl_evidence_record){ 0 };
}

/* One word of up to four pieces. */
static enum bulla_status
add_word(struct bl_evidence_record *record, const struct bulla_bytes pieces[4],
         struct bulla_error *err)
{
    size_t size = 1, at = 0;

    if (record->word_count == BL_EVIDENCE_RECORD_WORD_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "it names too many files", 0);
    for (size_t i = 0; i < 4; i++)
        size += pieces[i].size;
    char *word = bl_alloc(size, 1);
    if (word == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "no memory", size);
    for (size_t i = 0; i < 4; i++) {
        if (pieces[i].size > 0)
            memcpy(word + at, pieces[i].data, pieces[i].size);
        at += pieces[i].size;
    }
    record->words[record->word_count++] = word;
    return BULLA_OK;
}

static struct bulla_bytes
text(const char *word)
{
    return (struct bulla_bytes){ (const uint8_t *)word, strlen(word) };
}

static enum bulla_status
add_option(struct bl_evidence_record *record, const char *option, const struct bulla_bytes value[3],
           struct bulla_error *err)
{
    const struct bulla_bytes name[4] = { text(option) };
    const struct bulla_bytes whole[4] = { value[0], value[1], value[2] };

    BL_TRY(add_word(record, name, err));
    return add_word(record, whole, err);
}

/* "/dir/" of "/dir/name"; empty for a name alone. */
static struct bulla_bytes
directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return (struct bulla_bytes){ (const uint8_t *)path,
                                 slash == NULL ? 0 : (size_t)(slash - path) + 1 };
}

/* -- the file ----------------------------------------------------------------------------------- */

/* What is being read, and where paths begin. */
struct reading {
    struct bl_evidence_record *record;
    struct bulla_bytes directory;
};

/* ROLE=FILE for each file of a role, or NAME=VALUE. */
static enum bulla_status
add_value(const struct reading *g, const char *option, bool is_path,
          const struct bl_yaml_node *node, struct bulla_bytes role, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) joined = { 0 };
    struct bulla_bytes value;

    BL_TRY(bl_yaml_as_text(node, "value", VALUE_SIZE_MAX, &value, err));
    if (is_path && value.data[0] != '/')
        BL_TRY(bulla_buffer_append(&joined, g->directory, err));
    BL_TRY(bulla_buffer_append(&joined, value, err));
    const struct bulla_bytes pieces[3] = { role, BL_LITERAL("="), bulla_buffer_bytes(&joined) };
    return add_option(g->record, option, pieces, err);
}

static enum bulla_status
add_table(const struct reading *g, const struct bl_yaml_node *root, const char *key,
          const char *option, struct bulla_error *err)
{
    const struct bl_yaml_node *table = bl_yaml_find(root, key);
    const bool is_path = strcmp(key, "inputs") != 0;

    if (table == NULL)
        return BULLA_OK;
    BL_TRY(bl_yaml_as_table(table, key, BL_EVIDENCE_RECORD_WORD_COUNT_MAX / 2, err));
    for (const struct bl_yaml_node *item = bl_yaml_first(table); item != NULL;
         item = bl_yaml_next(item)) {
        const struct bulla_bytes role = bl_yaml_key(item);
        if (bl_yaml_kind(item) != BL_YAML_SEQUENCE) {
            BL_TRY(add_value(g, option, is_path, item, role, err));
            continue;
        }
        for (const struct bl_yaml_node *one = bl_yaml_first(item); one != NULL;
             one = bl_yaml_next(one))
            BL_TRY(add_value(g, option, is_path, one, role, err));
    }
    return BULLA_OK;
}

static enum bulla_status
add_text(const struct reading *g, const struct bl_yaml_node *root, const char *key,
         const char *option, struct bulla_error *err)
{
    const struct bl_yaml_node *node = bl_yaml_find(root, key);
    struct bulla_bytes pieces[3] = { { NULL, 0 } };

    if (node == NULL)
        return BULLA_OK;
    BL_TRY(bl_yaml_as_text(node, key, VALUE_SIZE_MAX, &pieces[0], err));
    return add_option(g->record, option, pieces, err);
}

static enum bulla_status
add_evidence(const struct reading *g, const struct bl_yaml_node *root, struct bulla_error *err)
{
    const struct bl_yaml_node *node = NULL;
    struct bulla_bytes pieces[4] = { { NULL, 0 } };

    BL_TRY(bl_yaml_require(root, "evidence", &node, err));
    BL_TRY(bl_yaml_as_text(node, "evidence", VALUE_SIZE_MAX, &pieces[1], err));
    if (pieces[1].data[0] != '/')
        pieces[0] = g->directory;
    return add_word(g->record, pieces, err);
}

static enum bulla_status
read_record(const struct reading *g, const struct bl_yaml_node *root, struct bulla_error *err)
{
    static const char *const keys[] = { "recorded",   "kind",    "at",     "evidence", "parts",
                                        "collateral", "anchors", "inputs", "binding" };
    static const char *const bindings[] = { "none", "key", "channel" };
    const struct bl_yaml_node *node = NULL;
    uint64_t format = 0;
    size_t binding = 0;

    BL_TRY(bl_yaml_as_mapping(root, WHERE, keys, BL_COUNT_OF(keys), err));
    BL_TRY(bl_yaml_require(root, "recorded", &node, err));
    BL_TRY(bl_yaml_as_number(node, "recorded", 0, INT64_MAX, &format, err));
    if (format != FORMAT)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "format version", 0);
    BL_TRY(bl_yaml_require(root, "at", &node, err));
    BL_TRY(bl_yaml_require(root, "binding", &node, err));
    BL_TRY(bl_yaml_as_choice(node, "binding", bindings, BL_COUNT_OF(bindings), &binding, err));
    g->record->binding = (enum bl_binding)(binding + 1);
    BL_TRY(add_text(g, root, "kind", "--kind", err));
    BL_TRY(add_text(g, root, "at", "--at", err));
    BL_TRY(add_table(g, root, "parts", "--part", err));
    BL_TRY(add_table(g, root, "collateral", "--collateral", err));
    BL_TRY(add_table(g, root, "anchors", "--anchor", err));
    BL_TRY(add_table(g, root, "inputs", "--input", err));
    return add_evidence(g, root, err);
}

enum bulla_status
bl_evidence_record_read(const char *path, struct bl_evidence_record *record,
                        struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) content = { 0 };
    BL_AUTO_FREE(bl_yaml) document = NULL;
    const struct reading g = { record, directory_of(path) };

    bl_report_object_word(path);
    BL_TRY(bl_input_slurp(path, BL_YAML_SIZE_MAX, &content, err));
    BL_TRY(bl_yaml_parse(bulla_buffer_bytes(&content), WHERE, &document, err));
    BL_TRY(read_record(&g, bl_yaml_root(document), err));
    return bl_arguments_parse(&bl_verb_verify, (int)record->word_count,
                              (const char *const *)record->words, &record->arguments, err);
}

/* -- many of them ------------------------------------------------------------------------------- */

void
bl_evidence_record_list_done(struct bl_evidence_record_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        bl_free(list->paths[i]);
    list->count = 0;
}

static enum bulla_status
add_path(struct bl_evidence_record_list *list, const char *directory, const char *name,
         struct bulla_error *err)
{
    const size_t size = strlen(directory) + 1 + strlen(name) + 1;

    if (list->count == BL_EVIDENCE_RECORD_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, WHERE, "too many records", list->count);
    char *path = bl_alloc(size, 1);
    if (path == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "no memory", size);
    memcpy(path, directory, strlen(directory));
    if (name[0] != '\0') {
        path[strlen(directory)] = '/';
        memcpy(path + strlen(directory) + 1, name, strlen(name));
    }
    list->paths[list->count++] = path;
    return BULLA_OK;
}

static bool
ends_with(const char *name, const char *suffix)
{
    size_t size = strlen(name), end = strlen(suffix);

    return size > end && strcmp(name + size - end, suffix) == 0;
}

static bool
is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static enum bulla_status walk(struct bl_evidence_record_list *list, const char *path,
                              unsigned depth, struct bulla_error *err);

/* What a directory has, one after the other; a name that begins with a dot is passed over. */
static enum bulla_status
walk_entry(struct bl_evidence_record_list *list, const char *directory, const char *name,
           unsigned depth, struct bulla_error *err)
{
    enum bulla_status status = BULLA_OK;

    if (name[0] == '.')
        return BULLA_OK;
    BL_TRY(add_path(list, directory, name, err)); /* kept if it is a record */
    char *path = list->paths[list->count - 1];
    if (ends_with(name, SUFFIX) && !is_directory(path))
        return BULLA_OK;
    list->count--;
    if (is_directory(path) && depth < DEPTH_MAX)
        status = walk(list, path, depth + 1, err);
    bl_free(path);
    return status;
}

static enum bulla_status
walk(struct bl_evidence_record_list *list, const char *path, unsigned depth,
     struct bulla_error *err)
{
    DIR *entries = bl_fault_point(BL_FAULT_FILE) ? (errno = EIO, NULL) : opendir(path);
    enum bulla_status status = BULLA_OK;
    const struct dirent *entry = NULL;

    if (entries == NULL)
        return bulla_fail_detail(err, BULLA_CAUSE_IO, WHERE, "the directory cannot be read",
                                 (unsigned long)errno);
    while (status == BULLA_OK && (entry = readdir(entries)) != NULL)
        status = walk_entry(list, path, entry->d_name, depth, err);
    (void)closedir(entries);
    return status;
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum bulla_status
bl_evidence_record_list_add(struct bl_evidence_record_list *list, const char *path,
                            struct bulla_error *err)
{
    const size_t first = list->count;

    bl_report_object_word(path);
    if (!is_directory(path))
        return add_path(list, path, "", err);
    BL_TRY(walk(list, path, 0, err));
    if (list->count == first)
        return bulla_fail(err, BULLA_E_NOT_FOUND, WHERE, "no file *.record.yaml in there", 0);
    qsort(list->paths + first, list->count - first, sizeof list->paths[0], compare_paths);
    return BULLA_OK;
}
