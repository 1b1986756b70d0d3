/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A plan as `sbxctl plan` prints it: what is done on the left, who asks for it on the right. */

#include "plan/build.h"

#include <inttypes.h>

/* Texts up to here share one column for what stands right of them. */
#define COLUMN_MAX 72u

typedef struct Line {
        char *text;
        char *source;
        bool heading;
} Line;

typedef struct LineList {
        Line *lines;
        size_t n, allocated;
} LineList;

static void line_list_done(LineList *list) {
        for (size_t i = 0; i < list->n; i++) {
                free(list->lines[i].text);
                free(list->lines[i].source);
        }
        free(list->lines);
}

/* Takes text and source, also where it fails; either may be NULL for want of memory. */
static int line_list_add(LineList *list, char *text, char *source, bool heading) {
        _cleanup_free_ char *own_text = text, *own_source = source;

        if (!text || (!source && !heading)) {
                return -ENOMEM;
        }
        if (list->n == list->allocated) {
                size_t allocated = list->allocated > 0 ? list->allocated * 2 : 64;
                Line *lines = reallocarray(list->lines, allocated, sizeof(Line));

                if (!lines) {
                        return -ENOMEM;
                }
                list->lines = lines;
                list->allocated = allocated;
        }
        list->lines[list->n++] =
                (Line){.text = TAKE(own_text), .source = TAKE(own_source), .heading = heading};
        return 0;
}

/* "MemoryMax= web.sandbox:7:11", "PrivatePIDs= (default)", "(always)". */
static char *source_of(uint16_t origin, const Place *place) {
        const Directive *directive = origin < _DIRECTIVE_MAX ? &directive_table[origin] : NULL;
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        if (!directive) {
                return strdup("(always)");
        }
        r = str_appendf(&text, "%s= ", directive->name);
        if (r == 0 && !place->file) {
                r = str_append(&text, "(default)");
        } else if (r == 0) {
                r = str_append_escaped(&text, place->file, strlen(place->file));
                if (r == 0 && place->line > 0) {
                        r = str_appendf(&text, ":%" PRIu32 ":%" PRIu32, place->line, place->column);
                }
        }
        return r < 0 ? NULL : str_take(&text);
}

/* "/dev/null rw, /dev/fuse rwm" */
static int append_items(Str *text, const ValueList *list, bool numbered) {
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++) {
                const ValueItem *item = &list->items[i];

                r = str_append(text, i > 0 ? ", " : "");
                if (r == 0) {
                        r = str_append_escaped(text, item->text, strlen(item->text));
                }
                if (r == 0 && item->second) {
                        r = str_appendf(text, " %s", item->second);
                } else if (r == 0 && numbered && item->size == UINT64_MAX) {
                        r = str_append(text, " infinity");
                } else if (r == 0 && numbered) {
                        r = str_appendf(text, " %" PRIu64, item->size);
                }
        }
        return r;
}

static char *property_text(const ScopeProperty *property) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        r = str_appendf(&text, "  %s=", property->name);
        if (r == 0 && property->text) {
                r = str_append_escaped(&text, property->text, strlen(property->text));
        } else if (r == 0 && streq(property->signature, "ay")) {
                r = number_set_format(&property->set, ' ', &text);
        } else if (r == 0 && property->signature[0] == 'a') {
                r = append_items(&text, &property->list, streq(property->signature, "a(st)"));
        } else if (r == 0 && property->number == UINT64_MAX) {
                r = str_append(&text, "infinity");
        } else if (r == 0) {
                r = str_appendf(&text, "%" PRIu64, property->number);
        }
        return r < 0 ? NULL : str_take(&text);
}

static int add_properties(LineList *list, const LaunchPlan *launch) {
        int r;

        if (launch->n_properties == 0) {
                return 0;
        }
        r = line_list_add(list, strdup("scope"), NULL, /* heading= */ true);
        for (size_t i = 0; i < launch->n_properties && r == 0; i++) {
                const ScopeProperty *property = &launch->properties[i];

                r = line_list_add(list, property_text(property),
                                  source_of(property->origin, &property->place), false);
        }
        return r;
}

static char *op_text(const Op *op) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        r = str_append(&text, "  ");
        if (r == 0) {
                r = op_format(op, &text);
        }
        return r < 0 ? NULL : str_take(&text);
}

/* The op, and below it one line for each directive that made part of it. */
static int add_op(LineList *list, const LaunchPlan *launch, size_t index, size_t *cause) {
        const Op *op = &launch->plan->ops[index];
        bool shared = *cause < launch->n_causes && launch->causes[*cause].op == index;
        int r;

        r = line_list_add(list, op_text(op),
                          shared ? strdup("") : source_of(op->origin, &op->place), false);
        while (r == 0 && *cause < launch->n_causes && launch->causes[*cause].op == index) {
                const OpCause *each = &launch->causes[(*cause)++];

                r = line_list_add(list, strf("    %s", each->what),
                                  source_of(each->origin, &each->place), false);
        }
        return r;
}

static int add_ops(LineList *list, const LaunchPlan *launch) {
        OpPhase phase = _OP_PHASE_MAX;
        size_t cause = 0;
        int r = 0;

        for (size_t i = 0; i < launch->plan->n_ops && r == 0; i++) {
                OpPhase next = op_table[launch->plan->ops[i].kind].phase;

                if (next != phase) {
                        phase = next;
                        r = line_list_add(list, strdup(op_phase_name(phase)), NULL,
                                          /* heading= */ true);
                }
                if (r == 0) {
                        r = add_op(list, launch, i, &cause);
                }
        }
        return r;
}

static size_t column_of(const LineList *list) {
        size_t column = 0;

        for (size_t i = 0; i < list->n; i++) {
                size_t n = strlen(list->lines[i].text);

                if (!list->lines[i].heading && n <= COLUMN_MAX) {
                        column = MAX(column, n);
                }
        }
        return column;
}

int launch_plan_format(const LaunchPlan *launch, Backend backend, Str *out) {
        _cleanup_(line_list_done) LineList list = {};
        size_t column;
        int r;

        assert(launch);
        assert(out);

        r = str_appendf(out, "backend %s\n", backend_name(backend));
        if (r == 0) {
                r = add_properties(&list, launch);
        }
        if (r == 0) {
                r = add_ops(&list, launch);
        }
        column = column_of(&list);
        for (size_t i = 0; i < list.n && r == 0; i++) {
                const Line *line = &list.lines[i];

                if (line->heading || line->source[0] == '\0') {
                        r = str_appendf(out, "%s\n", line->text);
                } else {
                        r = str_appendf(out, "%-*s  %s\n", (int) column, line->text, line->source);
                }
        }
        STRV_FOREACH (sentence, launch->degraded) {
                if (r == 0) {
                        r = str_appendf(out, "%s  %s\n",
                                        sentence == launch->degraded ? "degraded\n" : "",
                                        *sentence);
                }
        }
        return r;
}
