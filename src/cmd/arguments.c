/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/arguments.c: see arguments.h.
 */
#include "cmd/arguments.h"

#include <string.h>

#include "base/memory.h"
#include "cmd/report.h"
#include "codec/nearest.h"
#include "keys/identity.h"

const struct bl_option bl_common_options[] = {
    { .name = "json", .help = "print the result as one JSON object" },
    { .name = "help", .letter = 'h', .help = "show this help" },
    { 0 },
};

/* Options that other tools have and that put a secret where every process can read it. */
static const char *const secret_options[] = { "password", "passwd",  "pass",
                                              "pin",      "secret",  "token",
                                              "key",      "api-key", "private-key" };

static bool
starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/** How many of the words name this verb: 0, or the number of words in its name. */
static int
match_verb(const struct bl_verb *verb, int word_count, const char *const *words)
{
    const char *name = verb->name;

    for (int used = 0; used < word_count; used++) {
        size_t size = strcspn(name, " ");
        if (strlen(words[used]) != size || strncmp(words[used], name, size) != 0)
            return 0;
        name += size;
        if (*name == '\0')
            return used + 1;
        name++;
    }
    return 0;
}

const struct bl_verb *
bl_verb_find(int word_count, const char *const *words, int *used_out)
{
    for (size_t i = 0; bl_verbs[i] != NULL; i++) {
        int used = match_verb(bl_verbs[i], word_count, words);
        if (used > 0) {
            *used_out = used;
            return bl_verbs[i];
        }
    }
    return NULL;
}

bool
bl_noun_exists(const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; bl_verbs[i] != NULL; i++) {
        if (starts_with(bl_verbs[i]->name, word) && bl_verbs[i]->name[size] == ' ')
            return true;
    }
    return false;
}

const char *
bl_verb_suggest(const char *word)
{
    const char *names[BL_VERB_COUNT_MAX];
    size_t count = 0;

    while (count < BL_VERB_COUNT_MAX && bl_verbs[count] != NULL) {
        names[count] = bl_verbs[count]->name;
        count++;
    }
    return bl_nearest_word((struct bulla_bytes){ (const uint8_t *)word, strlen(word) }, names,
                           count);
}

static const struct bl_option *
find_long(const struct bl_option *options, const char *name, size_t size)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (strlen(options->name) == size && strncmp(options->name, name, size) == 0)
            return options;
    }
    return NULL;
}

static const struct bl_option *
find_letter(const struct bl_option *options, char letter)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (options->letter == letter)
            return options;
    }
    return NULL;
}

static enum bulla_status
fail_usage(struct bulla_error *err, const char *object, size_t object_size, const char *what)
{
    bl_report_object((struct bulla_bytes){ (const uint8_t *)object, object_size });
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "command line", what);
}

static enum bulla_status
fail_secret(struct bulla_error *err, const char *object, size_t object_size)
{
    bl_report_object((struct bulla_bytes){ (const uint8_t *)object, object_size });
    return bulla_fail_cause(err, BULLA_CAUSE_SECRET_IN_ARGUMENTS, "command line",
                            "every process on the machine can read the arguments of this one");
}

/** An identity's secret line where the name of its file belongs: say so, do not repeat it. */
static enum bulla_status
refuse_secret_value(const char *value, struct bulla_error *err)
{
    if (starts_with(value, BL_IDENTITY_SECRET_PREFIX))
        return fail_secret(err, "an identity", strlen("an identity"));
    return BULLA_OK;
}

struct parser {
    struct bl_arguments *arguments;
    int word_count;
    const char *const *words;
    int next;
};

static enum bulla_status
take_option(struct parser *parser, const struct bl_option *option, const char *value,
            struct bulla_error *err)
{
    struct bl_arguments *arguments = parser->arguments;

    BL_TRY(refuse_secret_value(value, err));
    if (!option->repeats && option->argument != NULL &&
        bl_argument(arguments, option->name) != NULL)
        return fail_usage(err, option->name, strlen(option->name), "the option is given twice");
    if (strcmp(option->name, "help") == 0)
        arguments->wants_help = true;
    arguments->given[arguments->given_count++] = (struct bl_given){ option, value };
    return BULLA_OK;
}

/** The value in the next word. */
static enum bulla_status
next_value(struct parser *parser, const struct bl_option *option, const char **value_out,
           struct bulla_error *err)
{
    if (parser->next >= parser->word_count)
        return fail_usage(err, option->name, strlen(option->name), "the option wants a value");
    *value_out = parser->words[parser->next++];
    return BULLA_OK;
}

static enum bulla_status
fail_unknown_option(const char *word, size_t name_size, struct bulla_error *err)
{
    for (size_t i = 0; i < sizeof secret_options / sizeof secret_options[0]; i++) {
        if (strlen(secret_options[i]) == name_size &&
            strncmp(secret_options[i], word + 2, name_size) == 0)
            return fail_secret(err, word, name_size + 2);
    }
    return fail_usage(err, word, name_size + 2, "there is no such option");
}

static enum bulla_status
parse_long(struct parser *parser, const char *word, struct bulla_error *err)
{
    const char *name = word + 2;
    size_t size = strcspn(name, "=");
    bool has_value = name[size] == '=';
    const char *value = has_value ? name + size + 1 : "";
    const struct bl_option *option = find_long(parser->arguments->verb->options, name, size);

    if (option == NULL)
        option = find_long(bl_common_options, name, size);
    if (option == NULL)
        return fail_unknown_option(word, size, err);
    if (option->argument == NULL && has_value) {
        if (strcmp(option->name, "passphrase") == 0)
            return fail_secret(err, word, size + 2);
        return fail_usage(err, word, size + 2, "the option takes no value");
    }
    if (option->argument != NULL && !has_value)
        BL_TRY(next_value(parser, option, &value, err));
    return take_option(parser, option, value, err);
}

static enum bulla_status
parse_short(struct parser *parser, const char *word, struct bulla_error *err)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct bl_option *option = find_letter(parser->arguments->verb->options, *letter);
        const char *value = "";

        if (option == NULL)
            option = find_letter(bl_common_options, *letter);
        if (option == NULL)
            return fail_usage(err, word, 2, "there is no such option");
        if (option->argument != NULL && letter[1] != '\0')
            value = letter + 1;
        else if (option->argument != NULL)
            BL_TRY(next_value(parser, option, &value, err));
        BL_TRY(take_option(parser, option, value, err));
        if (*value != '\0')
            break;
    }
    return BULLA_OK;
}

static enum bulla_status
parse_words(struct parser *parser, struct bulla_error *err)
{
    struct bl_arguments *arguments = parser->arguments;
    bool options_ended = false;

    while (parser->next < parser->word_count) {
        const char *word = parser->words[parser->next++];

        if (!options_ended && strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (!options_ended && starts_with(word, "--")) {
            BL_TRY(parse_long(parser, word, err));
        } else if (!options_ended && word[0] == '-' && word[1] != '\0') {
            BL_TRY(parse_short(parser, word, err));
        } else {
            BL_TRY(refuse_secret_value(word, err));
            arguments->operands[arguments->operand_count++] = word;
        }
    }
    return BULLA_OK;
}

static enum bulla_status
check_operand_count(const struct bl_arguments *arguments, struct bulla_error *err)
{
    const struct bl_verb *verb = arguments->verb;

    if (arguments->operand_count < verb->operand_count_min)
        return fail_usage(err, verb->operands, strlen(verb->operands), "the operand is missing");
    if (arguments->operand_count > verb->operand_count_max) {
        const char *extra = arguments->operands[verb->operand_count_max];
        return fail_usage(err, extra, strlen(extra), "one operand too many");
    }
    return BULLA_OK;
}

/** Room for every letter and word of argv, which is the most that can be given. */
static enum bulla_status
reserve(struct bl_arguments *arguments, int word_count, const char *const *words,
        struct bulla_error *err)
{
    size_t count = 1;

    for (int i = 0; i < word_count; i++)
        count += strlen(words[i]) + 1;
    arguments->given = bl_alloc(count, sizeof *arguments->given);
    arguments->operands = bl_alloc((size_t)word_count + 1, sizeof *arguments->operands);
    if (arguments->given == NULL || arguments->operands == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "command line", "no memory", 0);
    return BULLA_OK;
}

enum bulla_status
bl_arguments_parse(const struct bl_verb *verb, int word_count, const char *const *words,
                   struct bl_arguments *arguments_out, struct bulla_error *err)
{
    BL_AUTO(bl_arguments) arguments = { .verb = verb };
    struct parser parser = { .arguments = &arguments, .word_count = word_count, .words = words };

    BL_TRY(reserve(&arguments, word_count, words, err));
    BL_TRY(parse_words(&parser, err));
    if (!arguments.wants_help)
        BL_TRY(check_operand_count(&arguments, err));
    *arguments_out = arguments;
    arguments = (struct bl_arguments){ 0 };
    return BULLA_OK;
}

void
bl_arguments_done(struct bl_arguments *arguments)
{
    bl_free(arguments->given);
    bl_free(arguments->operands);
    *arguments = (struct bl_arguments){ 0 };
}

const char *
bl_argument_at(const struct bl_arguments *arguments, const char *option, size_t i)
{
    for (size_t at = 0; at < arguments->given_count; at++) {
        if (strcmp(arguments->given[at].option->name, option) == 0 && i-- == 0)
            return arguments->given[at].value;
    }
    return NULL;
}

const char *
bl_argument(const struct bl_arguments *arguments, const char *option)
{
    return bl_argument_at(arguments, option, 0);
}

size_t
bl_argument_count(const struct bl_arguments *arguments, const char *option)
{
    size_t count = 0;

    while (bl_argument_at(arguments, option, count) != NULL)
        count++;
    return count;
}

size_t
bl_operand_count(const struct bl_arguments *arguments)
{
    return arguments->operand_count;
}

const char *
bl_operand(const struct bl_arguments *arguments, size_t i)
{
    return i < arguments->operand_count ? arguments->operands[i] : NULL;
}

bool
bl_wants_json(const struct bl_arguments *arguments)
{
    return bl_argument(arguments, "json") != NULL;
}

enum bulla_status
bl_parse_number(const char *text, uint64_t max, uint64_t *number_out, struct bulla_error *err)
{
    uint64_t number = 0;

    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return fail_usage(err, text, strlen(text), "this is not a decimal number");
    for (const char *digit = text; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9' || number > (UINT64_MAX - 9) / 10)
            return fail_usage(err, text, strlen(text), "this is not a decimal number");
        number = number * 10 + (uint64_t)(*digit - '0');
    }
    if (number > max)
        return fail_usage(err, text, strlen(text), "the number is too large");
    *number_out = number;
    return BULLA_OK;
}
