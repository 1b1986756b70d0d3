/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/diag.h"

#include "base/lookup.h"

#include <search.h>
#include <stdio.h>

static int compare_text(const void *a, const void *b) {
        return strcmp(a, b);
}

const char *file_intern(const char *path) {
        /* Grows only with the number of different unit files and lives as long as the program;
         * places in specs, plans and diagnostics borrow from it without any thought of ownership.
         */
        static void *interned;
        void *node;
        char *copy;

        node = tfind(path, &interned, compare_text);
        if (node) {
                return *(char **) node;
        }
        copy = strdup(path);
        if (!copy) {
                return NULL;
        }
        node = tsearch(copy, &interned, compare_text);
        if (!node) {
                free(copy);
                return NULL;
        }
        return *(char **) node;
}

static const char *const severity_names[_DIAG_SEVERITY_MAX] = {
        [DIAG_NOTE] = "note",
        [DIAG_WARNING] = "warning",
        [DIAG_ERROR] = "error",
};

const char *diag_severity_name(DiagSeverity severity) {
        return lookup_name(severity_names, ELEMENTS(severity_names), (int) severity);
}

static void diag_done(Diag *diag) {
        free(diag->directive);
        free(diag->text);
        *diag = (Diag){};
}

void diag_list_done(DiagList *list) {
        for (size_t i = 0; i < list->n; i++) {
                diag_done(&list->diags[i]);
        }
        free(list->diags);
        *list = (DiagList){};
}

static void diag_list_count(DiagList *list, DiagSeverity severity) {
        list->n_errors += severity == DIAG_ERROR;
        list->n_warnings += severity == DIAG_WARNING;
}

/* Takes over what diag holds; drops it where the list is full or memory is out. */
static void diag_list_push(DiagList *list, Diag *diag) {
        if (!list->diags) {
                list->diags = calloc(DIAG_MAX, sizeof(Diag));
        }
        if (!list->diags || list->n == DIAG_MAX || !diag->text) {
                list->n_dropped++;
                diag_done(diag);
                return;
        }
        list->diags[list->n++] = *diag;
        *diag = (Diag){};
}

void diag_add(DiagList *list, DiagSeverity severity, const Place *place, const char *directive,
              const char *format, ...) {
        _cleanup_(str_done) Str text = STR_INIT;
        Diag diag = {.severity = severity, .place = place ? *place : PLACE_NONE};
        va_list args;
        int r;

        diag_list_count(list, severity);
        va_start(args, format);
        r = str_vappendf(&text, format, args);
        va_end(args);
        if (r >= 0) {
                diag.text = str_take(&text);
        }
        diag.directive = directive ? strdup(directive) : NULL;
        diag_list_push(list, &diag);
}

void diag_list_take(DiagList *list, DiagList *from) {
        for (size_t i = 0; i < from->n; i++) {
                diag_list_push(list, &from->diags[i]);
        }
        list->n_errors += from->n_errors;
        list->n_warnings += from->n_warnings;
        list->n_dropped += from->n_dropped;
        diag_list_done(from);
}

static int place_compare(const Place *a, const Place *b) {
        if (a->file != b->file) {
                return !a->file ? -1 : !b->file ? 1 : strcmp(a->file, b->file);
        }
        if (a->line != b->line) {
                return a->line < b->line ? -1 : 1;
        }
        return a->column < b->column ? -1 : a->column > b->column;
}

void diag_list_sort(DiagList *list) {
        /* At most DIAG_MAX of them: insertion is stable and quick enough. */
        for (size_t i = 1; i < list->n; i++) {
                Diag diag = list->diags[i];
                size_t j = i;

                for (; j > 0 && place_compare(&list->diags[j - 1].place, &diag.place) > 0; j--) {
                        list->diags[j] = list->diags[j - 1];
                }
                list->diags[j] = diag;
        }
}

int diag_format(const Diag *diag, Str *out) {
        int r = 0;

        if (diag->place.file) {
                r = str_append_escaped(out, diag->place.file, strlen(diag->place.file));
                if (r >= 0 && diag->place.line > 0) {
                        r = str_appendf(out, ":%u", diag->place.line);
                }
                if (r >= 0 && diag->place.line > 0 && diag->place.column > 0) {
                        r = str_appendf(out, ":%u", diag->place.column);
                }
                if (r >= 0) {
                        r = str_append(out, ": ");
                }
        }
        if (r >= 0) {
                r = str_appendf(out, "%s: ", diag_severity_name(diag->severity));
        }
        if (r >= 0 && diag->directive) {
                r = str_appendf(out, "%s=: ", diag->directive);
        }
        if (r >= 0) {
                r = str_append_escaped(out, diag->text, strlen(diag->text));
        }
        return r;
}
