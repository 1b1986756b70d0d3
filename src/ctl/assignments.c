/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/assignments.h"

#include "base/log.h"
#include "spec/value.h"

/* A word of a unit file that gives text back: quoted, and no specifier in it. */
static int word_append(const char *text, Str *out) {
        _cleanup_free_ char *quoted = value_quote_word(text);
        int r = quoted ? 0 : -ENOMEM;

        for (const char *p = quoted; r == 0 && *p; p++) {
                r = str_append(out, *p == '%' ? "%%" : (const char[]){*p, '\0'});
        }
        return r;
}

static int exec_start(char *const *argv, char ***ret) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        /* ':' leaves $NAME in arguments alone, as a shell has expanded already what was meant to be
         */
        r = str_append(&text, "ExecStart=:");
        STRV_FOREACH (arg, argv) {
                if (r == 0 && arg != (char *const *) argv) {
                        r = str_append_char(&text, ' ');
                }
                if (r == 0) {
                        r = word_append(*arg, &text);
                }
        }
        return r < 0 ? r : strv_append_take(ret, str_take(&text));
}

int assignments_make(char *const *properties, char *const *environment, char *const *argv,
                     char ***ret) {
        _cleanup_(strv_freep) char **made = NULL;
        bool has_type = false;
        int r;

        STRV_FOREACH (property, properties) {
                if (!strchr(*property, '=') || **property == '=') {
                        log_error("-p %s: this is no DIRECTIVE=VALUE.", *property);
                        return -EINVAL;
                }
                has_type |= startswith(*property, "Type=") != NULL;
        }
        /* the user's come first: messages number them */
        r = strv_extend(&made, properties);
        if (r == 0 && !has_type) {
                /* with exec a program that cannot be executed fails the start, by name */
                r = strv_append(&made, "Type=exec");
        }
        STRV_FOREACH (variable, environment) {
                _cleanup_(str_done) Str text = STR_INIT;

                r = r < 0 ? r : str_append(&text, "Environment=");
                r = r < 0 ? r : word_append(*variable, &text);
                r = r < 0 ? r : strv_append_take(&made, str_take(&text));
        }
        r = r < 0 ? r : exec_start(argv, &made);
        if (r < 0) {
                return r;
        }
        *ret = TAKE(made);
        return 0;
}

/* The value where assignment is one to the n bytes of key, else NULL. */
static const char *value_of(const char *assignment, const char *key, size_t n) {
        return strncmp(assignment, key, n) == 0 && assignment[n] == '=' ? assignment + n + 1 : NULL;
}

static size_t key_length(const char *assignment) {
        return strcspn(assignment, "=");
}

static bool seen_before(char *const *assignments, char *const *current) {
        size_t n = key_length(*current);

        for (char *const *other = assignments; other < current; other++) {
                if (value_of(*other, *current, n)) {
                        return true;
                }
        }
        return false;
}

static int append_values(char *const *assignments, const char *key, size_t n,
                         sd_bus_message *message) {
        const char *only = NULL;
        size_t n_values = 0;
        int r;

        STRV_FOREACH (assignment, assignments) {
                const char *value = value_of(*assignment, key, n);

                only = value ? value : only;
                n_values += value != NULL;
        }
        if (n_values == 1) {
                return sd_bus_message_append(message, "v", "s", only);
        }
        r = sd_bus_message_open_container(message, 'v', "as");
        r = r < 0 ? r : sd_bus_message_open_container(message, 'a', "s");
        STRV_FOREACH (assignment, assignments) {
                const char *value = value_of(*assignment, key, n);

                r = r < 0 || !value ? r : sd_bus_message_append(message, "s", value);
        }
        r = r < 0 ? r : sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int assignments_append(char *const *assignments, sd_bus_message *message) {
        STRV_FOREACH (assignment, assignments) {
                size_t n = key_length(*assignment);
                _cleanup_free_ char *key = NULL;
                int r;

                if (seen_before(assignments, assignment)) {
                        continue;
                }
                key = strf("%.*s", (int) n, *assignment);
                if (!key) {
                        return -ENOMEM;
                }
                r = sd_bus_message_open_container(message, 'r', "sv");
                r = r < 0 ? r : sd_bus_message_append(message, "s", key);
                r = r < 0 ? r : append_values(assignments, key, n, message);
                r = r < 0 ? r : sd_bus_message_close_container(message);
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}
