/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/help.h"

#include "ctl/text.h"
#include "spec/spec.h"

enum { WIDTH = 80 };

static int heading(bool colours, const char *text, Str *out) {
        return str_appendf(out, "\n%s%s%s\n", colour_code(colours, COLOUR_BOLD), text,
                           colour_code(colours, COLOUR_NONE));
}

/* Words of text in lines of WIDTH, each behind indent blanks; column: where the cursor stands. */
static int wrap(const char *text, size_t indent, size_t column, Str *out) {
        int r = 0;

        while (r == 0 && *text) {
                size_t n = strcspn(text, " \n");
                size_t columns = text_columns(text, n);

                if (column > indent && column + 1 + columns > WIDTH) {
                        r = str_appendf(out, "\n%*s", (int) indent, "");
                        column = indent;
                } else if (column > indent) {
                        r = str_append_char(out, ' ');
                        column++;
                }
                if (r == 0) {
                        r = str_append_n(out, text, n);
                }
                column += columns;
                text += n;
                if (r == 0 && text[0] == '\n' && text[1] == '\n') {
                        r = str_appendf(out, "\n\n%*s", (int) indent, "");
                        column = indent;
                }
                text += strspn(text, " \n");
        }
        return r < 0 ? r : str_append_char(out, '\n');
}

/* "-s --signal=SIGNAL" */
static int option_append(const Option *option, Str *out) {
        int r;

        r = option->letter ? str_appendf(out, "-%c ", option->letter) : str_append(out, "   ");
        if (r == 0) {
                r = str_appendf(out, "--%s", option->name);
        }
        return r < 0 || !option->argument ? r : str_appendf(out, "=%s", option->argument);
}

enum { INDENT = 34 };

/* A row of two columns: what stands in out from start on, then summary. */
static int summary_append(size_t start, const char *summary, Str *out) {
        size_t column = text_columns(out->text + start, out->length - start);
        int r;

        r = column < INDENT - 1 ? str_appendf(out, "%*s", (int) (INDENT - column), "")
                                : str_appendf(out, "\n%*s", INDENT, "");
        return r < 0 ? r : wrap(summary, INDENT, INDENT, out);
}

static int options_append(const Option *options, Str *out) {
        int r = 0;

        for (const Option *option = options; r == 0 && option && option->name; option++) {
                size_t start = out->length;

                if (!option->summary) {
                        continue;
                }
                r = str_append(out, "  ");
                if (r == 0) {
                        r = option_append(option, out);
                }
                if (r == 0) {
                        r = summary_append(start, option->summary, out);
                }
        }
        return r;
}

int help_format(bool colours, Str *out) {
        int r;

        r = str_append(
                out, "sbxctl [OPTION…] VERB [ARGUMENT…]\n\nStart, look into and stop sandboxes.\n");
        if (r == 0) {
                r = heading(colours, "Verbs:", out);
        }
        for (size_t i = 0; r == 0 && i < n_verbs; i++) {
                const Verb *verb = &verb_table[i];
                size_t start = out->length;

                r = str_appendf(out, "  %s %s", verb->name, verb->arguments);
                if (r == 0) {
                        r = summary_append(start, verb->summary, out);
                }
        }
        if (r == 0) {
                r = heading(colours, "Options:", out);
        }
        if (r == 0) {
                r = options_append(global_options, out);
        }
        return r < 0 ? r
                     : str_append(out,
                                  "\n'web' means web.sandbox. 'sbxctl help VERB' tells more of a "
                                  "verb; see also\nsbxctl(1) and sbx.sandbox(5).\n");
}

int help_format_verb(const Verb *verb, bool colours, Str *out) {
        int r;

        r = str_appendf(out, "sbxctl [OPTION…] %s%s%s\n\n", verb->name, *verb->arguments ? " " : "",
                        verb->arguments);
        if (r == 0) {
                r = wrap(verb->summary, 0, 0, out);
        }
        if (r == 0) {
                /* the line of the summary has no full stop: it is a title */
                r = str_append_char(out, '\n');
        }
        if (r == 0) {
                r = wrap(verb->detail, 0, 0, out);
        }
        if (r == 0 && verb->options) {
                r = heading(colours, "Options of this verb:", out);
                if (r == 0) {
                        r = options_append(verb->options, out);
                }
        }
        if (r == 0 && verb->examples[0].command) {
                r = heading(colours, "Examples:", out);
        }
        for (size_t i = 0; r == 0 && i < VERB_EXAMPLES_MAX && verb->examples[i].command; i++) {
                r = str_appendf(out, "  %s\n      %s\n", verb->examples[i].command,
                                verb->examples[i].meaning);
        }
        if (r == 0) {
                r = heading(colours, "Options of every verb:", out);
        }
        return r < 0 ? r : options_append(global_options, out);
}

/* bash completion: words are ours alone (letters, digits, dashes), so that nothing is quoted. */
static int completion_options(const Option *options, Str *out) {
        int r = 0;

        for (const Option *option = options; r == 0 && option && option->name; option++) {
                if (!option->summary) {
                        continue;
                }
                if (option->letter) {
                        r = str_appendf(out, "-%c ", option->letter);
                }
                if (r == 0) {
                        r = str_appendf(out, "--%s%s ", option->name, option->argument ? "=" : "");
                }
        }
        return r;
}

/* What stands in front of and behind the words that come from the tables. */
static const char completion_head[] = "# bash completion for sbxctl, made from its table of verbs\n"
                                      "_sbxctl() {\n"
                                      "        local cur=${COMP_WORDS[COMP_CWORD]} "
                                      "prev=${COMP_WORDS[COMP_CWORD - 1]} verb= word i\n"
                                      "        local -A verbs=(\n";

static const char completion_tail[] =
        "'\n"
        "        COMPREPLY=()\n"
        "        for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "                word=${COMP_WORDS[i]}\n"
        "                [[ -n $word && -v verbs[$word] ]] && verb=$word && break\n"
        "        done\n"
        "        if [[ $verb == run && $prev =~ ^(-p|--property)$ ]]; then\n"
        "                mapfile -t COMPREPLY < <(compgen -S = -W \"$directives\" -- \"$cur\")\n"
        "                compopt -o nospace\n"
        "        elif [[ $verb == show && $prev =~ ^(-p|--property)$ ]]; then\n"
        "                mapfile -t COMPREPLY < <(compgen -W \"$directives\" -- \"$cur\")\n"
        "        elif [[ $verb == set-property && $cur != -* && $prev != -* && $prev != $verb ]]; "
        "then\n"
        "                mapfile -t COMPREPLY < <(compgen -S = -W \"$limits\" -- \"$cur\")\n"
        "                compopt -o nospace\n"
        "        elif [[ $cur == -* ]]; then\n"
        "                mapfile -t COMPREPLY < <(compgen -W \"$options ${verb:+${verbs[$verb]}}\" "
        "-- "
        "\"$cur\")\n"
        "                [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
        "        elif [[ -z $verb || $verb == help ]]; then\n"
        "                mapfile -t COMPREPLY < <(compgen -W \"${!verbs[*]}\" -- \"$cur\")\n"
        "        elif [[ $verb == run || $files == *\" $verb \"* && $cur == */* ]]; then\n"
        "                compopt -o default\n"
        "        else\n"
        "                mapfile -t COMPREPLY < <(compgen -W \"$(\n"
        "                        { sbxctl list --all --json=short 2>/dev/null\n"
        "                          sbxctl list-unit-files --json=short 2>/dev/null; } |\n"
        "                                grep -o '\"unit\":\"[^\"]*' | cut -d'\"' -f4 | sort -u)\" "
        "-- "
        "\"$cur\")\n"
        "        fi\n"
        "}\n"
        "complete -F _sbxctl sbxctl\n";

static int completion_verbs(Str *out) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < n_verbs; i++) {
                r = str_appendf(out, "                [%s]='", verb_table[i].name);
                if (r == 0) {
                        r = completion_options(verb_table[i].options, out);
                }
                if (r == 0) {
                        r = str_append(out, "'\n");
                }
        }
        return r;
}

static int completion_files(Str *out) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < n_verbs; i++) {
                if (verb_table[i].files) {
                        r = str_appendf(out, "%s ", verb_table[i].name);
                }
        }
        return r;
}

static int completion_directives(unsigned flags, Str *out) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < _DIRECTIVE_MAX; i++) {
                if (!directive_table[i].record && (directive_table[i].flags & flags) == flags) {
                        r = str_appendf(out, "%s ", directive_table[i].name);
                }
        }
        return r;
}

int completion_format(Str *out) {
        int r;

        r = str_append(out, completion_head);
        r = r < 0 ? r : completion_verbs(out);
        r = r < 0 ? r : str_append(out, "        )\n        local files=' ");
        r = r < 0 ? r : completion_files(out);
        r = r < 0 ? r : str_append(out, "'\n        local options='");
        r = r < 0 ? r : completion_options(global_options, out);
        r = r < 0 ? r : str_append(out, "'\n        local directives='");
        r = r < 0 ? r : completion_directives(0, out);
        r = r < 0 ? r : str_append(out, "'\n        local limits='");
        r = r < 0 ? r : completion_directives(DIRECTIVE_RUNTIME, out);
        return r < 0 ? r : str_append(out, completion_tail);
}
