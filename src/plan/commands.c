/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ExecStart= to EXEC ops, with the variables of systemd.service(5): ${NAME} anywhere in a word is
 * the value, $NAME as a word of its own is the value split into words, $$ is a dollar sign. */

#include "plan/builder.h"

#define ARGV_MAX 1024u

static bool is_name_char(char c, bool first) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
               (!first && c >= '0' && c <= '9');
}

static size_t name_length(const char *text) {
        size_t n = 0;

        while (is_name_char(text[n], n == 0)) {
                n++;
        }
        return n;
}

/* The value of the n bytes of name; what is not set is empty. */
static const char *value_of(char *const *environment, const char *name, size_t n) {
        STRV_FOREACH (assignment, environment) {
                if (strncmp(*assignment, name, n) == 0 && (*assignment)[n] == '=') {
                        return *assignment + n + 1;
                }
        }
        return "";
}

/* ${NAME} and $$ within a word. */
static char *expand_word(const char *word, char *const *environment) {
        _cleanup_(str_done) Str out = STR_INIT;
        int r = 0;

        for (const char *p = word; *p && r == 0;) {
                size_t n = strcspn(p, "$");

                r = str_append_n(&out, p, n);
                p += n;
                if (r < 0 || *p == '\0') {
                        break;
                }
                n = p[1] == '{' ? name_length(p + 2) : 0;
                if (p[1] == '$') {
                        r = str_append_char(&out, '$');
                        p += 2;
                } else if (n > 0 && p[2 + n] == '}') {
                        r = str_append(&out, value_of(environment, p + 2, n));
                        p += n + 3;
                } else {
                        r = str_append_char(&out, *p++);
                }
        }
        return r < 0 ? NULL : str_take(&out);
}

/* The words of a value; one that is quoted wrongly stays one word, as it is. */
static int split_value(const char *value, char ***list) {
        _cleanup_(strv_freep) char **words = NULL;
        _cleanup_free_ char *error = NULL;
        size_t offset;
        int r;

        r = value_split_words(value, &words, &error, &offset);
        if (r == -EINVAL) {
                return strv_append(list, value);
        }
        return r < 0 ? r : strv_extend(list, words);
}

int expand_words(char *const *words, char *const *environment, char ***ret) {
        _cleanup_(strv_freep) char **list = NULL;

        STRV_FOREACH (word, words) {
                size_t n = (*word)[0] == '$' ? name_length(*word + 1) : 0;
                int r;

                if (n > 0 && (*word)[n + 1] == '\0') {
                        r = split_value(value_of(environment, *word + 1, n), &list);
                } else {
                        r = strv_append_take(&list, expand_word(*word, environment));
                }
                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(list);
        return 0;
}

static int build_command(Builder *builder, const ValueItem *item, char *const *environment) {
        _cleanup_(strv_freep) char **argv = NULL, **rest = NULL;
        bool ignore = (item->flags & VALUE_IGNORE_FAILURE) != 0;
        int r;

        if ((item->flags & VALUE_NO_ENV) != 0) {
                r = strv_copy(item->words, &argv);
        } else {
                /* argv[0] is the name of what runs and no argument. */
                r = strv_append(&argv, item->words[0]);
                if (r == 0) {
                        r = expand_words(item->words + 1, environment, &rest);
                }
                if (r == 0) {
                        r = strv_extend(&argv, rest);
                }
        }
        if (r < 0) {
                return r;
        }
        if (strv_length(argv) > ARGV_MAX) {
                builder_refuse(builder, DIRECTIVE_ExecStart, item->place,
                               "The command has %zu words once its variables are replaced; at most "
                               "%u can be passed",
                               strv_length(argv), ARGV_MAX);
                return 0;
        }
        return builder_add(builder, OP_EXEC, DIRECTIVE_ExecStart, item->place, item->text, argv,
                           U64(ignore ? OP_EXEC_IGNORE_FAILURE : 0));
}

int build_commands(Builder *builder, const Workload *workload, char *const *environment) {
        const ValueList *commands = &builder->spec->exec_start;
        int r = 0;

        if (workload->argv) {
                return builder_add(builder, OP_EXEC, FROM_NOTHING, workload->argv[0],
                                   workload->argv, U64(0));
        }
        if (commands->n == 0) {
                builder_refuse(builder, FROM(builder, ExecStart), "There is nothing to run");
        }
        for (size_t i = 0; i < commands->n && r == 0; i++) {
                r = build_command(builder, &commands->items[i], environment);
        }
        return r;
}
