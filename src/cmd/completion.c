/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/completion.c: completion for bash, zsh and fish, printed from the verb table.
 *
 * Does not: offer values that could be secrets, nor call bulla while completing.
 */
#include <string.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/page.h"
#include "cmd/report.h"
#include "cmd/verbs.h"

static bool
takes_file(const struct bl_option *option)
{
    return option->argument != NULL && option->choices == NULL &&
           (strstr(option->argument, "FILE") != NULL || strstr(option->argument, "PATH") != NULL);
}

static void
print_words(struct bl_page *page, const char *const *words)
{
    for (size_t i = 0; words != NULL && words[i] != NULL; i++)
        bl_page_print(page, "%s%s", i > 0 ? " " : "", words[i]);
}

/** First words of the verbs, each once. */
static void
print_first_words(struct bl_page *page)
{
    for (size_t i = 0; bl_verbs[i] != NULL; i++) {
        int size = (int)strcspn(bl_verbs[i]->name, " ");
        bool is_known = false;
        for (size_t j = 0; j < i; j++)
            is_known =
                is_known || (strcspn(bl_verbs[j]->name, " ") == (size_t)size &&
                             strncmp(bl_verbs[j]->name, bl_verbs[i]->name, (size_t)size) == 0);
        if (!is_known)
            bl_page_print(page, "%s%.*s", i > 0 ? " " : "", size, bl_verbs[i]->name);
    }
}

/* -- bash (and zsh through bashcompinit) ------------------------------------------------------- */

static void
bash_values(struct bl_page *page, const struct bl_verb *verb)
{
    for (const struct bl_option *o = verb->options; o != NULL && o->name != NULL; o++) {
        if (o->argument == NULL)
            continue;
        bl_page_print(page, "        '%s:--%s'", verb->name, o->name);
        if (o->letter != 0)
            bl_page_print(page, "|'%s:-%c'", verb->name, o->letter);
        if (o->choices != NULL) {
            bl_page_print(page, ") words='");
            print_words(page, o->choices);
            bl_page_print(page, "' ;;\n");
        } else {
            bl_page_print(page, ") files=%d ;;\n", takes_file(o));
        }
    }
}

static void
bash_options(struct bl_page *page, const struct bl_verb *verb)
{
    bl_page_print(page, "        '%s') words='--json --help", verb->name);
    for (const struct bl_option *o = verb->options; o != NULL && o->name != NULL; o++)
        bl_page_print(page, " --%s", o->name);
    bl_page_print(page, "' ;;\n");
}

static void
bash_operands(struct bl_page *page, const struct bl_verb *verb)
{
    if (verb->operand_choices == NULL) {
        bl_page_print(page, "        '%s') files=%d ;;\n", verb->name, verb->operand_count_max > 0);
        return;
    }
    bl_page_print(page, "        '%s') words='", verb->name);
    print_words(page, verb->operand_choices);
    bl_page_print(page, "' ;;\n");
}

static void
bash_nouns(struct bl_page *page)
{
    for (size_t i = 0; bl_verbs[i] != NULL; i++) {
        const char *space = strchr(bl_verbs[i]->name, ' ');
        if (space != NULL)
            bl_page_print(page, "        '%.*s') words=\"$words %s\" ;;&\n",
                          (int)(space - bl_verbs[i]->name), bl_verbs[i]->name, space + 1);
    }
}

static void
print_bash(struct bl_page *page)
{
    bl_page_print(page, "_bulla() {\n"
                        "    local cur prev verb words='' files=0\n"
                        "    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                        "    COMPREPLY=()\n"
                        "    if ((COMP_CWORD == 1)); then\n"
                        "        words='");
    print_first_words(page);
    bl_page_print(page, "'\n"
                        "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                        "        return\n"
                        "    fi\n"
                        "    verb=${COMP_WORDS[1]}\n"
                        "    if ((COMP_CWORD == 2)); then\n"
                        "        case $verb in\n");
    bash_nouns(page);
    bl_page_print(page, "        esac\n"
                        "        if [[ $words ]]; then\n"
                        "            COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                        "            return\n"
                        "        fi\n"
                        "    fi\n"
                        "    case \"$verb ${COMP_WORDS[2]}\" in\n");
    for (size_t i = 0; bl_verbs[i] != NULL; i++) {
        if (strchr(bl_verbs[i]->name, ' ') != NULL)
            bl_page_print(page, "        '%s') verb='%s' ;;\n", bl_verbs[i]->name,
                          bl_verbs[i]->name);
    }
    bl_page_print(page, "    esac\n"
                        "    case \"$verb:$prev\" in\n");
    for (size_t i = 0; bl_verbs[i] != NULL; i++)
        bash_values(page, bl_verbs[i]);
    bl_page_print(page, "        *)\n"
                        "    if [[ $cur == -* ]]; then\n"
                        "        case $verb in\n");
    for (size_t i = 0; bl_verbs[i] != NULL; i++)
        bash_options(page, bl_verbs[i]);
    bl_page_print(page, "        esac\n"
                        "    else\n"
                        "        case $verb in\n");
    for (size_t i = 0; bl_verbs[i] != NULL; i++)
        bash_operands(page, bl_verbs[i]);
    bl_page_print(page, "        esac\n"
                        "    fi ;;\n"
                        "    esac\n"
                        "    if ((files)); then\n"
                        "        compopt -o filenames 2>/dev/null\n"
                        "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
                        "    else\n"
                        "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                        "    fi\n"
                        "}\n"
                        "complete -F _bulla bulla\n");
}

static void
print_zsh(struct bl_page *page)
{
    bl_page_print(page, "#compdef bulla\n"
                        "autoload -U +X bashcompinit && bashcompinit\n");
    print_bash(page);
}

/* -- fish -------------------------------------------------------------------------------------- */

/* In single quotes, where only the quote itself and the backslash mean something. */
static void
print_description(struct bl_page *page, const char *text)
{
    bl_page_print(page, " -d '");
    for (; *text != '\0'; text++)
        bl_page_print(page, *text == '\'' || *text == '\\' ? "\\%c" : "%c", *text);
    bl_page_print(page, "'\n");
}

static void
fish_verb(struct bl_page *page, const struct bl_verb *verb)
{
    const char *space = strchr(verb->name, ' ');
    int size = (int)strcspn(verb->name, " ");
    const char *last = space != NULL ? space + 1 : verb->name;

    bl_page_print(page, "complete -c bulla -f -n __fish_use_subcommand -a %.*s", size, verb->name);
    print_description(page, verb->summary);
    if (space != NULL) {
        bl_page_print(page, "complete -c bulla -f -n '__fish_seen_subcommand_from %.*s' -a %s",
                      size, verb->name, last);
        print_description(page, verb->summary);
    }
    if (verb->operand_choices != NULL || verb->operand_count_max == 0) {
        bl_page_print(page, "complete -c bulla -f -n '__fish_seen_subcommand_from %s' -a '", last);
        print_words(page, verb->operand_choices);
        bl_page_print(page, "'\n");
    }
    for (const struct bl_option *o = verb->options; o != NULL && o->name != NULL; o++) {
        bl_page_print(page, "complete -c bulla -n '__fish_seen_subcommand_from %s' -l %s", last,
                      o->name);
        if (o->letter != 0)
            bl_page_print(page, " -s %c", o->letter);
        if (o->argument != NULL)
            bl_page_print(page, takes_file(o) ? " -r" : " -x");
        if (o->choices != NULL) {
            bl_page_print(page, " -a '");
            print_words(page, o->choices);
            bl_page_print(page, "'");
        }
        print_description(page, o->help);
    }
}

static void
print_fish(struct bl_page *page)
{
    for (const struct bl_option *o = bl_common_options; o->name != NULL; o++) {
        bl_page_print(page, "complete -c bulla -l %s", o->name);
        print_description(page, o->help);
    }
    for (size_t i = 0; bl_verbs[i] != NULL; i++)
        fish_verb(page, bl_verbs[i]);
}

/* -- the verb ---------------------------------------------------------------------------------- */

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    const char *shell = bl_operand(arguments, 0);
    BL_AUTO(bl_page) page = { 0 };

    if (strcmp(shell, "bash") == 0) {
        print_bash(&page);
    } else if (strcmp(shell, "zsh") == 0) {
        print_zsh(&page);
    } else if (strcmp(shell, "fish") == 0) {
        print_fish(&page);
    } else {
        bl_report_object_word(shell);
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, "shell", "it is none of bash, zsh, fish");
    }
    return bl_page_write(&page, STDOUT_FILENO, err);
}

static const char *const shells[] = { "bash", "zsh", "fish", NULL };
static const char *const examples[] = { "bulla completion bash > bulla.bash", NULL };

const struct bl_verb bl_verb_completion = {
    .name = "completion",
    .summary = "print completion for a shell",
    .operands = "bash|zsh|fish",
    .operand_count_min = 1,
    .operand_count_max = 1,
    .operand_choices = shells,
    .examples = examples,
    .run = run,
};
