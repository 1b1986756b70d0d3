/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "docgen/docgen.h"

#include "op/step.h"
#include "spec/absence.h"
#include "spec/rules.h"
#include "spec/syscalls.h"

#include <inttypes.h>

/* Manual pages. The prose stands in the template, the tables come from the tables. */

typedef struct Manual {
        Page *page;
        const char *example;
        bool placed[_DIRECTIVE_MAX];
} Manual;

/* -- directives -- */

/* "one of simple, exec, oneshot", or the label of the type, with the range. */
static void add_type(Page *page, const Directive *directive) {
        page_add(page, "Type: ");
        if (directive->n_names > 0) {
                page_add(page, directive->type->list ? "list of words out of " : "one of ");
        } else {
                page_add_prose(page, directive->type->label);
        }
        for (size_t i = 0; i < directive->n_names; i++) {
                page_add(page, i > 0 ? ", \\fB" : "\\fB");
                page_add_literal(page, directive->names[i]);
                page_add(page, "\\fR");
        }
        if (directive->max > 0 && directive->type->kind == VALUE_STRING) {
                page_addf(page, " of at most %" PRIu64 " bytes", directive->max);
        } else if (directive->max > 0 && directive->type->kind == VALUE_MODE) {
                page_addf(page, ", %04o to %04o", (unsigned) directive->min,
                          (unsigned) directive->max);
        } else if (directive->type->kind == VALUE_INTEGER) {
                page_addf(page, ", %" PRId64 " to %" PRId64, (int64_t) directive->min,
                          (int64_t) directive->max);
        } else if (directive->max == UINT64_MAX) {
                page_addf(page, ", at least %" PRIu64, directive->min);
        } else if (directive->max > 0) {
                page_addf(page, ", %" PRIu64 " to %" PRIu64, directive->min, directive->max);
        }
        page_add(page, ".");
}

static void add_default(Page *page, const Directive *directive) {
        page_add(page, " Default: ");
        if (directive->fallback && directive->fallback[0]) {
                page_add(page, "\\fB");
                page_add_literal(page, directive->fallback);
                page_add(page, "\\fR.");
        } else {
                page_add(page,
                         directive->type->list || directive->type->merges ? "empty." : "unset.");
        }
        if (directive->type->list || directive->type->merges) {
                page_add(page, " May be given several times.");
        }
        if (directive->flags & DIRECTIVE_RUNTIME) {
                page_add(page, " Can change while the sandbox runs.");
        }
        if (directive->scope_property) {
                page_add(page, " Property of the scope: \\fB");
                page_add_literal(page, directive->scope_property);
                page_add(page, "\\fR.");
        }
}

static void add_directive(Manual *manual, const Directive *directive) {
        Page *page = manual->page;

        if (manual->placed[directive->id]) {
                page_fail(page, "%s= stands in the template twice", directive->name);
        }
        manual->placed[directive->id] = true;
        page_addf(page, ".TP\n\\fI%s=\\fR\n", directive->name);
        page_add_prose(page, directive->summary);
        page_add(page, "\n");
        if (directive->detail) {
                page_add_prose(page, directive->detail);
                page_add(page, "\n");
        }
        page_add(page, ".IP\n");
        add_type(page, directive);
        add_default(page, directive);
        page_add(page, "\n");
}

static const Directive *find_by_name(const char *name) {
        const Directive *directive = directive_find_name(name);

        return directive ? directive : directive_find("Port", name);
}

/* "FIRST LAST": these and all between them in the table. */
static void add_directives(Manual *manual, const char *arguments) {
        _cleanup_(strv_freep) char **names = NULL;
        const Directive *first, *last;

        if (value_split_words(arguments, &names, NULL, NULL) < 0 || strv_length(names) != 2) {
                page_fail(manual->page, "@DIRECTIVES@ needs the names of the first and the last");
                return;
        }
        first = find_by_name(names[0]);
        last = find_by_name(names[1]);
        if (!first || !last || first > last) {
                page_fail(manual->page, "The table has no directives from %s to %s", names[0],
                          names[1]);
                return;
        }
        for (; first <= last; first++) {
                add_directive(manual, first);
        }
}

/* -- the other tables -- */

static void add_types(Manual *manual, const char *arguments) {
        Page *page = manual->page;

        for (size_t i = 0; i < _VALUE_KIND_MAX; i++) {
                const ValueType *type = value_types[i];
                bool repeated = false;

                for (size_t j = 0; j < i && !repeated; j++) {
                        repeated = streq(value_types[j]->label, type->label) &&
                                   streq(value_types[j]->grammar, type->grammar);
                }
                if (type->kind == VALUE_ENUM || repeated) {
                        continue;
                }
                page_add(page, ".TP\n\\fB");
                page_add_literal(page, type->label);
                page_add(page, "\\fR\n");
                page_add_prose(page, type->grammar);
                page_add(page, "\n.br\nFor example: \\fB");
                page_add_literal(page, type->sample);
                page_add(page, "\\fR\n");
        }
}

static void add_rules(Manual *manual, const char *arguments) {
        for (size_t i = 0; i < n_rules; i++) {
                page_add(manual->page, ".IP \\(bu 2\n");
                page_add_prose(manual->page, rule_table[i].summary);
                page_add(manual->page,
                         rule_table[i].severity == DIAG_ERROR ? "\n" : " (a warning)\n");
        }
}

static void add_absences(Manual *manual, const char *arguments) {
        for (size_t i = 0; i < n_directive_absences; i++) {
                page_addf(manual->page, ".TP\n\\fI%s=\\fR\n", directive_absences[i].name);
                page_add_prose(manual->page, directive_absences[i].reason);
                page_add(manual->page, "\n");
        }
}

static void add_steps(Manual *manual, const char *arguments) {
        for (size_t i = 0; i < _STEP_MAX; i++) {
                page_addf(manual->page, ".TP\n\\fB%s\\fR\n", step_table[i].name);
                page_add_prose(manual->page, step_table[i].summary);
                page_addf(manual->page, " (status %d)\n", step_table[i].exit_status);
        }
}

static void add_groups(Manual *manual, const char *arguments) {
        for (size_t i = 0; i < n_syscall_groups; i++) {
                page_add(manual->page, ".TP\n\\fB");
                page_add_literal(manual->page, syscall_groups[i].name);
                page_add(manual->page, "\\fR\n");
                page_add_prose(manual->page, syscall_groups[i].summary);
                page_add(manual->page, ".\n");
        }
}

static void add_profile(Manual *manual, const char *arguments) {
        for (size_t i = 0; i < n_syscall_default_profile; i++) {
                page_add_literal(manual->page, syscall_default_profile[i]);
                page_add(manual->page, i + 1 < n_syscall_default_profile ? ",\n" : ".\n");
        }
}

static void add_example(Manual *manual, const char *arguments) {
        const char *text = manual->example ? manual->example : "";

        page_add(manual->page, ".RS 4\n.nf\n");
        while (*text) {
                size_t n = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, n);

                if (!line) {
                        page_fail(manual->page, "Out of memory");
                        return;
                }
                if (!startswith(line, "# SPDX-")) {
                        page_add_literal(manual->page, line);
                        page_add(manual->page, "\n");
                }
                text += n + (text[n] == '\n' ? 1 : 0);
        }
        page_add(manual->page, ".fi\n.RE\n");
}

/* "NAME SECTION" */
static void add_version(Manual *manual, const char *arguments) {
        page_addf(manual->page, ".TH%s \"\" \"sbx " SBX_VERSION "\"\n.nh\n.ad l\n", arguments);
}

static const struct {
        const char *name;
        void (*add)(Manual *manual, const char *arguments);
} markers[] = {
        {"DIRECTIVES", add_directives}, {"TYPES", add_types},     {"RULES", add_rules},
        {"STEPS", add_steps},           {"GROUPS", add_groups},   {"PROFILE", add_profile},
        {"EXAMPLE", add_example},       {"VERSION", add_version}, {"ABSENCES", add_absences},
};

/* "@NAME arguments@" */
static void add_marker(Manual *manual, const char *line) {
        _cleanup_free_ char *text = strndup(line + 1, strlen(line) - 2);
        size_t n = text ? strcspn(text, " ") : 0;

        for (size_t i = 0; text && i < ELEMENTS(markers); i++) {
                if (strlen(markers[i].name) == n && strncmp(markers[i].name, text, n) == 0) {
                        markers[i].add(manual, text + n);
                        return;
                }
        }
        page_fail(manual->page, "%s is no marker that can be replaced", line);
}

int manual_write(Page *page, const char *manual_template, const char *example) {
        Manual manual = {.page = page, .example = example};

        assert(page);
        assert(manual_template);

        while (*manual_template) {
                size_t n = strcspn(manual_template, "\n");
                _cleanup_free_ char *line = strndup(manual_template, n);

                if (!line) {
                        return -ENOMEM;
                }
                if (n > 2 && line[0] == '@' && line[n - 1] == '@') {
                        add_marker(&manual, line);
                } else {
                        page_addf(page, "%s\n", line);
                }
                manual_template += n + (manual_template[n] == '\n' ? 1 : 0);
        }
        for (size_t i = 0; example && i < _DIRECTIVE_MAX; i++) {
                if (!manual.placed[i]) {
                        page_fail(page,
                                  "The template has no place for %s=", directive_table[i].name);
                }
        }
        return page->fault;
}
