/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Mistakes of users are data, not errors: a list of diagnostics with their places. Readers go on
 * after a mistake, so that one run names them all. The list is bounded: beyond DIAG_MAX it counts
 * only. */

#include "base/str.h"

#define DIAG_MAX 64

/* Where in a unit something stands. Lines and columns (in bytes) count from 1; line 0: the whole
 * file; file NULL: no file at all (a default, the command line). file is borrowed from an interned
 * table that is never freed: file_intern(). */
typedef struct Place {
        const char *file;
        uint32_t line;
        uint32_t column;
} Place;

#define PLACE_NONE ((Place){})

/* A name for Place.file that lives as long as the program, the same pointer for the same text;
 * NULL: out of memory. */
const char *file_intern(const char *path);

typedef enum DiagSeverity {
        DIAG_NOTE,
        DIAG_WARNING,
        DIAG_ERROR,
        _DIAG_SEVERITY_MAX,
} DiagSeverity;

typedef struct Diag {
        DiagSeverity severity;
        Place place;
        char *directive; /* "MemoryMax", or NULL */
        char *text;      /* what is wrong, on what, and what to do */
} Diag;

typedef struct DiagList {
        Diag *diags;
        size_t n;         /* stored */
        size_t n_dropped; /* beyond DIAG_MAX */
        size_t n_errors;
        size_t n_warnings;
} DiagList;

void diag_list_done(DiagList *list);
/* Never fails: where memory is out, only the counters grow. directive may be NULL. */
void diag_add(DiagList *list, DiagSeverity severity, const Place *place, const char *directive,
              const char *format, ...) _printf_(5, 6);
static inline bool diag_list_has_errors(const DiagList *list) {
        return list->n_errors > 0;
}
/* Moves all of from behind those of list. */
void diag_list_take(DiagList *list, DiagList *from);
/* Sorts by file, line, column; stable. */
void diag_list_sort(DiagList *list);
/* "web.sandbox:12:8: error: MemoryMax=: …", without line break; control characters escaped. */
int diag_format(const Diag *diag, Str *out);
const char *diag_severity_name(DiagSeverity severity);
