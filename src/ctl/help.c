/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/help.h"

#include "ctl/text.h"

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
