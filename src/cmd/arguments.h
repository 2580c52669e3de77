/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/arguments.h: argv against the verb table.
 *
 * Long options as --name VALUE or --name=VALUE, short ones as -o VALUE or -oVALUE, options and
 * operands in any order, "--" ends the options, "-" is an operand. No abbreviations.
 * Guarantees: a value that is recognisable as a secret is refused, and never repeated in a message.
 */
#ifndef BL_CMD_ARGUMENTS_H
#define BL_CMD_ARGUMENTS_H

#include "base/cleanup.h"
#include "cmd/verb.h"

#define BL_VERB_COUNT_MAX 128 /* of the table that suggestions are made from */

struct bl_given {
    const struct bl_option *option;
    const char *value; /* "" for a flag */
};
struct bl_arguments {
    const struct bl_verb *verb;
    struct bl_given *given;
    size_t given_count;
    const char **operands;
    size_t operand_count;
    bool wants_help;
};

/** The options that every verb has: --json and --help. */
extern const struct bl_option bl_common_options[];

/** The verb that the first words of argv name, and how many words that took; NULL if none. */
const struct bl_verb *bl_verb_find(int word_count, const char *const *words, int *used_out);
/** True if `word` is the first word of verbs such as "key generate". */
bool bl_noun_exists(const char *word);
/** The name in the table that is nearest to what was typed, or NULL if none is near. */
const char *bl_verb_suggest(const char *word);

/** Borrows `words`. Causes: USAGE, SECRET_IN_ARGUMENTS. */
enum bulla_status bl_arguments_parse(const struct bl_verb *verb, int word_count,
                                     const char *const *words, struct bl_arguments *arguments_out,
                                     struct bulla_error *err) BULLA_CHECKED;
void bl_arguments_done(struct bl_arguments *arguments);

/** A decimal number without sign, space or leading zero, of at most `max`; USAGE. */
enum bulla_status bl_parse_number(const char *text, uint64_t max, uint64_t *number_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif
