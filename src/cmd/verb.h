/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/verb.h: one table of verbs; help, completion and the synopsis of the man pages come from it.
 *
 * A new verb is one file with one `const struct bl_verb bl_verb_NAME`, one line in cmd/bulla.c, one
 * line in cmd/verbs.h and one page in docs/man/.
 */
#ifndef BL_CMD_VERB_H
#define BL_CMD_VERB_H

#include "bulla/status.h"

/** An option of a verb. */
struct bl_option {
    const char *name;           /* long name without dashes: "bind" */
    char letter;                /* short form, or 0 */
    const char *argument;       /* "FILE", or NULL for a flag */
    bool repeats;               /* may be given more than once */
    const char *help;           /* one line, no final stop */
    const char *const *choices; /* words that completion offers, ends with NULL; or NULL */
};

/** What the parser hands to a verb: options as given, in order, and the operands. */
struct bl_arguments;
/** Value of the option, or NULL. For a flag: "" if given. */
const char *bl_argument(const struct bl_arguments *arguments, const char *option);
/** The i-th value of an option that repeats, or NULL. */
const char *bl_argument_at(const struct bl_arguments *arguments, const char *option, size_t i);
/** How often the option was given. */
size_t bl_argument_count(const struct bl_arguments *arguments, const char *option);
size_t bl_operand_count(const struct bl_arguments *arguments);
/** The i-th operand, or NULL. */
const char *bl_operand(const struct bl_arguments *arguments, size_t i);
bool bl_wants_json(const struct bl_arguments *arguments);

struct bl_verb {
    const char *name;     /* "seal", or "admin put" for a verb under a noun */
    const char *summary;  /* one line */
    const char *operands; /* "[IN]" */
    size_t operand_count_min;
    size_t operand_count_max;
    const struct bl_option *options;    /* ends with name NULL; --json and --help are everybody's */
    const char *const *examples;        /* ends with NULL; each is run by a test */
    const char *const *operand_choices; /* words that completion offers, or NULL for file names */
    /** Does the work; on failure *err says why and cmd/ prints it. */
    enum bulla_status (*run)(const struct bl_arguments *arguments, struct bulla_error *err);
};

extern const struct bl_verb *const bl_verbs[]; /* ends with NULL; cmd/bulla.c */

/** The whole program: returns the exit code. tests/ calls it with faults armed. */
int bl_main(int argc, char **argv);

#endif
